//! What one key's list of rows tells: the hours in which its flow log speaks. Where a byte goes follows from the key, so that it is decided
//! once for all of them.

use super::{CountedPair, CountedRow, CountedRows, PairSums, Way};
use crate::count::fold::{RowKey, RowSum, RowSums};
use crate::count::hours::Entries;
use crate::count::rollup::{RowLists, SourceId};
use crate::count::vantage::Vantage;

/// A list of which at least one record counts as told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Its number among the rollup's rows.
    number: usize,
    /// Its key, without an hour.
    pub(super) key: RowKey,
    source: SourceId,
    /// Of the hours that are told; upload is what goes along the key's ends.
    pub(super) sums: PairSums,
    /// Whether these are all hours of the list from the first to the last of them.
    unbroken: bool,
}

impl Told {
    /// What a list tells; nothing where another flow log speaks in all of its hours.
    #[inline]
    pub(super) fn of(
        number: usize,
        (key, source): (RowKey, SourceId),
        entries: Entries<'_>,
        vantage: &Vantage,
    ) -> Option<Self> {
        let mut sums = PairSums::NONE;
        for (hour, of_hour) in entries {
            if vantage.speaks_of_its_own(key.interface, hour, source) {
                sums.add_hour(hour, &of_hour);
            }
        }
        let unbroken = vantage.always_speaks(key.interface, source);
        (sums.records > 0).then_some(Self { number, key, source, sums, unbroken })
    }

    /// All that it tells.
    pub(super) const fn sum(&self) -> RowSum {
        RowSum { records: self.sums.records, bytes: self.sums.upload + self.sums.download }
    }

    /// The hours that are told.
    pub(super) fn hours<'l>(
        &self,
        lists: &'l RowLists,
        vantage: &'l Vantage,
    ) -> impl Iterator<Item = (u32, RowSums)> + use<'l> {
        let (interface, source) = (self.key.interface, self.source);
        let hours = lists.hours(self.number);
        hours.filter(move |&(hour, _)| vantage.speaks_of_its_own(interface, hour, source))
    }

    /// Adds them all as rows of a pair, of which `way` says where the bytes along the key's ends went.
    pub(super) fn push_to(
        &self,
        rows: &mut CountedRows,
        pair: CountedPair,
        way: Way,
        lists: &RowLists,
        vantage: &Vantage,
    ) {
        if self.unbroken {
            return rows.push_list(pair, way, self.sums, self.number);
        }
        for (hour, sums) in self.hours(lists, vantage) {
            rows.push(&CountedRow::of_hour(pair, way, hour, &sums));
        }
    }
}
