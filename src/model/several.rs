//! One value out of several, or the plain word that there are several. Never the first of a list.

/// What stands where two different values hold and nothing tells which. A stable text of the report.
pub const SEVERAL: &str = "(several)";

/// The value on which all agree; [`SEVERAL`] where they do not, absent counted as a value of its own. `None` for no values.
pub fn agree<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Option<String> {
    let mut values = values.into_iter();
    let first = values.next()?;
    let alike = values.all(|other| other == first);
    if alike { first.map(str::to_owned) } else { Some(SEVERAL.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_agreement_gives_a_value() {
        let check = |values: &[Option<&str>], expect: Option<&str>| {
            assert_eq!(agree(values.iter().copied()).as_deref(), expect, "{values:?}");
        };
        check(&[], None);
        check(&[None, None], None);
        check(&[Some("a"), Some("a")], Some("a"));
        check(&[Some("a"), Some("b")], Some(SEVERAL));
        check(&[Some("a"), None], Some(SEVERAL));
        check(&[Some(SEVERAL), Some(SEVERAL)], Some(SEVERAL));
    }
}
