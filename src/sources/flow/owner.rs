//! The fields that tell whose an interface is, as one text: records that say the same share a symbol.

use super::layout::{Field, FieldSet, Layout};
use crate::model::flow::OWNER_SEPARATOR;
use crate::model::symbols::{Sym, Symbols};

/// In the order of [`crate::model::flow::OWNER_FIELDS`].
pub(super) const ORDER: [Field; 10] = [
    Field::EcsClusterName,
    Field::EcsClusterArn,
    Field::EcsServiceName,
    Field::EcsTaskDefinitionArn,
    Field::InstanceTag,
    Field::InstanceTag2,
    Field::InterfaceTag,
    Field::InterfaceTag2,
    Field::AsgTag,
    Field::AsgTag2,
];

/// The same as a set.
pub(super) const FIELDS: FieldSet = {
    let (mut fields, mut at) = (FieldSet::empty(), 0);
    while at < ORDER.len() {
        fields.insert(ORDER[at]);
        at += 1;
    }
    fields
};

/// The symbol of a text record's values.
pub(super) fn intern<'r>(symbols: &mut Symbols, layout: &Layout, get: impl Fn(usize) -> &'r [u8]) -> Sym {
    intern_all(symbols, ORDER.map(|field| layout.column(field).map_or(&b""[..], &get)))
}

/// Adds to `out` the symbol of each row's values.
pub(super) fn join(symbols: &mut Symbols, rows: impl Iterator<Item = [Sym; ORDER.len()]>, out: &mut Vec<Sym>) {
    let mut before = ([Sym::NONE; ORDER.len()], Sym::NONE);
    out.extend(rows.map(|values| {
        if values != before.0 {
            let texts = values.map(|value| symbols.text(value).to_owned());
            before = (values, intern_all(symbols, texts.each_ref().map(String::as_bytes)));
        }
        before.1
    }));
}

fn intern_all(symbols: &mut Symbols, values: [&[u8]; ORDER.len()]) -> Sym {
    let values = values.map(|value| if value == b"-" { &b""[..] } else { value });
    if values.iter().all(|value| value.is_empty()) {
        return Sym::NONE;
    }
    // Once for every record: on the stack, unless somebody's tags are long.
    let (mut joined, mut len) = ([0u8; 512], 0);
    for (at, value) in values.iter().enumerate() {
        let end = len + usize::from(at > 0) + value.len();
        let Some(place) = joined.get_mut(len..end) else {
            return symbols.intern(&values.join(&OWNER_SEPARATOR));
        };
        place[..end - len - value.len()].fill(OWNER_SEPARATOR);
        place[end - len - value.len()..].copy_from_slice(value);
        len = end;
    }
    symbols.intern(&joined[..len])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::flow::OWNER_FIELDS;

    #[test]
    fn the_order_is_that_of_the_model() {
        assert_eq!(ORDER.map(Field::name), OWNER_FIELDS);
        assert!(ORDER.iter().all(|field| FIELDS.contains(*field)));
        assert_eq!(FIELDS.iter().count(), ORDER.len());
    }

    #[test]
    fn values_are_joined_in_order_or_absent() {
        let mut symbols = Symbols::default();
        let layout =
            Layout::parse("srcaddr dstaddr bytes start interface-id ecs-service-name instance-tag ecs-cluster-name");
        let layout = layout.expect("valid");
        let mut check = |record: &str, expect: &str| {
            let columns: Vec<&[u8]> = record.split(' ').map(str::as_bytes).collect();
            let sym = intern(&mut symbols, &layout, |column| columns[column]);
            assert_eq!(symbols.text(sym).replace('\u{1f}', "|"), expect, "{record}");
        };
        check("a b 1 2 eni-1 web blue shop", "shop||web||blue|||||");
        check("a b 1 2 eni-1 - - shop", "shop|||||||||");
        check("a b 1 2 eni-1 - - -", "");
        let long = "x".repeat(600);
        check(&format!("a b 1 2 eni-1 {long} t shop"), &format!("shop||{long}||t|||||"));
    }
}
