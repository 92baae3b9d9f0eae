//! What rows that are added up say together.

use std::collections::BTreeMap;

/// What all that share a key say of it; a key that stands for several things has no note.
pub(super) fn agreed<K: Ord>(said: impl Iterator<Item = (K, Option<&'static str>)>) -> BTreeMap<K, &'static str> {
    let mut notes: BTreeMap<K, Option<&'static str>> = BTreeMap::new();
    for (key, note) in said {
        notes.entry(key).and_modify(|known| *known = known.filter(|_| *known == note)).or_insert(note);
    }
    notes.into_iter().filter_map(|(key, note)| Some((key, note?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(situation: &str, said: &[Option<&'static str>], expect: Option<&str>) {
        let notes = agreed(said.iter().map(|note| ("key", *note)));
        assert_eq!(notes.get("key").copied(), expect, "{situation}");
    }

    #[test]
    fn a_note_needs_all_to_agree() {
        let (a, b) = (Some("a"), Some("b"));
        check("all", &[a, a], a);
        check("none", &[None, None], None);
        check("some without", &[a, None, a], None);
        check("the first without", &[None, a], None);
        check("several", &[a, b, a], None);
    }
}
