//! What goes in comes out, in whatever order and grouping it went in.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Key = (u32, u16);

fn sum() -> impl Strategy<Value = RowSum> {
    let number = || prop_oneof![Just(0), 1..200u64, 0..1u64 << 32, 0..1u64 << 55];
    (number(), number()).prop_map(|(records, bytes)| RowSum { records, bytes })
}

fn rows() -> impl Strategy<Value = Vec<(Key, u32, RowSums)>> {
    // A month, the same few hours again and again, and hours that no month has.
    let hour = prop_oneof![498_000..498_744u32, 498_000..498_004u32, any::<u32>()];
    let sums = (sum(), sum()).prop_map(|(along, against)| RowSums { along, against });
    proptest::collection::vec(((0..4u32, 0..2u16), hour, sums), 0..250)
}

/// What a plain map makes of the rows.
fn expected(rows: &[(Key, u32, RowSums)]) -> BTreeMap<(Key, u32), RowSums> {
    let mut sums: BTreeMap<(Key, u32), RowSums> = BTreeMap::new();
    for (key, hour, row) in rows {
        sums.entry((*key, *hour)).or_default().merge(row);
    }
    sums
}

/// What the lists say; every key once, its hours rising.
fn listed(lists: &HourLists<Key>) -> BTreeMap<(Key, u32), RowSums> {
    let mut sums = BTreeMap::new();
    let mut keys = 0;
    lists.for_each(|key, hours| {
        let hours: Vec<_> = hours.collect();
        assert_eq!(lists.hours(keys).collect::<Vec<_>>(), hours, "asked for by number");
        keys += 1;
        assert!(hours.windows(2).all(|pair| pair[0].0 < pair[1].0), "an hour twice or out of order");
        for (hour, row) in hours {
            assert!(sums.insert((*key, hour), row).is_none(), "a key twice");
        }
    });
    assert_eq!(keys, lists.len());
    sums
}

fn lists<'a>(rows: impl IntoIterator<Item = &'a (Key, u32, RowSums)>) -> HourLists<Key> {
    let mut lists = HourLists::default();
    lists.add_all(rows.into_iter().map(|(key, hour, sums)| (*key, *hour, sums)));
    lists
}

proptest! {
    #[test]
    fn nothing_is_lost_in_any_order_or_grouping(rows in rows(), other in any::<u64>()) {
        let expect = expected(&rows);
        prop_assert_eq!(&listed(&lists(&rows)), &expect);
        prop_assert_eq!(&listed(&lists(rows.iter().rev())), &expect);
        let mut mixed = rows.clone();
        mixed.sort_by_key(|(key, hour, sums)| {
            (u64::from(*hour) ^ u64::from(key.0) << 32 ^ sums.along.bytes).wrapping_mul(other | 1)
        });
        prop_assert_eq!(&listed(&lists(&mixed)), &expect);
        // Parts first, as objects come.
        let merged: Vec<_> = rows.chunks(17).flat_map(expected).map(|((key, hour), sums)| (key, hour, sums)).collect();
        prop_assert_eq!(&listed(&lists(&merged)), &expect);
    }

    #[test]
    fn the_hours_are_those_that_were_added(rows in rows()) {
        let lists = lists(&rows);
        let mut found: Vec<(Key, u32)> =
            lists.iter().flat_map(|(key, hours)| hours.map(|hour| (*key, hour)).collect::<Vec<_>>()).collect();
        found.sort_unstable();
        found.dedup();
        prop_assert_eq!(found, expected(&rows).into_keys().collect::<Vec<_>>());
    }
}

#[test]
fn a_month_of_hours_takes_a_few_bytes_each_however_often_they_come() {
    let mut lists = HourLists::default();
    let sums = |bytes| RowSums { along: RowSum { records: 3, bytes }, against: RowSum { records: 2, bytes } };
    for pass in 0..6u64 {
        let sums = sums(60_000 + pass);
        for key in 0..3_000u32 {
            // Neither in order nor all of them at once.
            let hours = (0..72).map(|hour| 498_000 + (hour * 31 + key) % 72);
            lists.add_all(hours.map(|hour| ((key, 0), hour, &sums)));
        }
    }
    assert_eq!(lists.len(), 3_000);
    let memory = lists.memory();
    // Two chunks are what a small table may waste.
    assert!(memory < 3_000 * (72 * 20 + 100) + (2 << 20), "{memory} bytes for 216,000 rows");
    let total: u64 = listed(&lists).values().map(|sums| sums.along.records + sums.against.records).sum();
    assert_eq!(total, 6 * 3_000 * 72 * 5);
}
