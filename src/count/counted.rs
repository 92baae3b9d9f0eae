//! Counted rows, hour by hour, in a few bytes each: what is the same for all hours of a pair is there once.

use super::fold::RowSums;
use super::hours::Hours;
use super::rollup::RowLists;
use crate::model::addr_table::AddrId;
use crate::model::packed::{push, step, stepped, take};
use crate::model::symbols::Sym;
use std::sync::Arc;

/// What a counted row knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Client and remote together.
    Pair,
    /// The public side of a log without `pkt-*`: remote, no client.
    Remote,
    /// The private side of such a log: client, no remote. The same bytes as the public side: never added to it.
    Client,
}

/// What counted rows that follow each other have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedPair {
    /// Index into [`super::resolve::Counted::gateways`].
    pub gateway: u32,
    /// Client address, in the rollup's table.
    pub client: AddrId,
    /// Remote address, in the rollup's table.
    pub remote: AddrId,
    /// The log's own service label of the remote.
    pub label: Sym,
    /// What the row knows.
    pub basis: Basis,
    /// The remote's port where it is a public address of a known VPC and the log says; else 0.
    pub port: u16,
}

/// Bytes of one gateway, hour, client and remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedRow {
    /// Gateway, client and remote.
    pub pair: CountedPair,
    /// Hours since 1970.
    pub hour: u32,
    /// Client to remote, bytes.
    pub upload: u64,
    /// Remote to client, bytes.
    pub download: u64,
    /// Records that the bytes come from, both directions.
    pub records: u64,
}

/// Which way the bytes went that a row of the rollup has along its ends; what it has against them went the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From client to remote.
    Up,
    /// From remote to client.
    Down,
}

impl CountedRow {
    /// An hour of a list of the rollup.
    #[inline]
    #[must_use]
    pub const fn of_hour(pair: CountedPair, way: Way, hour: u32, sums: &RowSums) -> Self {
        let RowSums { along, against } = sums;
        let records = along.records + against.records;
        let (upload, download) = match way {
            Way::Up => (along.bytes, against.bytes),
            Way::Down => (against.bytes, along.bytes),
        };
        Self { pair, hour, upload, download, records }
    }
}

/// What the rows of a pair add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairSums {
    /// Client to remote, bytes.
    pub upload: u64,
    /// Remote to client, bytes.
    pub download: u64,
    /// Records that the bytes come from.
    pub records: u64,
    /// The earliest hour, since 1970.
    pub first: u32,
    /// The latest hour.
    pub last: u32,
}

impl PairSums {
    /// Of no rows.
    pub const NONE: Self = Self { upload: 0, download: 0, records: 0, first: u32::MAX, last: 0 };

    /// Adds an hour of a list of the rollup, taking along for [`Way::Up`].
    #[inline]
    pub fn add_hour(&mut self, hour: u32, sums: &RowSums) {
        let RowSums { along, against } = sums;
        self.add(hour, [along.bytes, against.bytes], along.records + against.records);
    }

    /// What was added along taken for this way.
    const fn along(self, way: Way) -> Self {
        match way {
            Way::Up => self,
            Way::Down => Self { upload: self.download, download: self.upload, ..self },
        }
    }

    #[inline]
    fn add(&mut self, hour: u32, [upload, download]: [u64; 2], records: u64) {
        self.upload += upload;
        self.download += download;
        self.records += records;
        (self.first, self.last) = (self.first.min(hour), self.last.max(hour));
    }
}

/// Counted rows, in the order in which they were added.
#[derive(Debug, Default)]
pub struct CountedRows {
    parts: Vec<Part>,
    /// The rollup's rows, of which whole lists count.
    lists: Option<Arc<RowLists>>,
    /// The hour from which the first row of every pair steps.
    origin: u32,
    last: u32,
}

/// Rows that were added one after the other.
#[derive(Debug, Default)]
struct Part {
    pairs: Vec<Kept>,
    bytes: Vec<u8>,
}

/// Rows of a pair.
#[derive(Debug)]
struct Kept {
    pair: CountedPair,
    sums: PairSums,
    rows: Place,
}

/// Where rows are.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the part's bytes, from and to.
    Bytes(usize, usize),
    /// All that a list of the rollup has from the first to the last hour of the sums.
    List(u32, Way),
}

const UP: u64 = 1;
const DOWN: u64 = 2;
const WAYS: u32 = 2;

impl CountedRows {
    /// No rows yet. Those of about this hour, since 1970, take the least room.
    #[must_use]
    pub fn since(hour: u32) -> Self {
        Self { origin: hour, ..Self::default() }
    }

    /// The same with lists to point into.
    #[must_use]
    pub fn with(self, lists: Arc<RowLists>) -> Self {
        Self { lists: Some(lists), ..self }
    }

    /// Adds the rows of another that begins with the same hour and points into the same lists, if into any.
    pub fn append(&mut self, other: Self) {
        assert_eq!(self.origin, other.origin, "steps from another hour");
        let same = self.lists.as_ref().zip(other.lists.as_ref()).is_none_or(|(own, other)| Arc::ptr_eq(own, other));
        assert!(same, "points into other lists");
        if !other.is_empty() {
            self.parts.extend(other.parts);
            self.last = other.last;
            self.lists = self.lists.take().or(other.lists);
        }
    }

    /// Adds a row. Rows of one pair take the least room one after the other, by hour.
    pub fn push(&mut self, row: &CountedRow) {
        let Part { pairs, bytes } = part(&mut self.parts);
        let start = match pairs.last() {
            // Where a pair behind it was left out, its rows end before those that were added last.
            Some(Kept { pair, rows: Place::Bytes(start, end), .. }) if *pair == row.pair && *end == bytes.len() => {
                *start
            }
            _ => {
                let rows = Place::Bytes(bytes.len(), bytes.len());
                pairs.push(Kept { pair: row.pair, sums: PairSums::NONE, rows });
                self.last = self.origin;
                bytes.len()
            }
        };
        let ways = if row.upload > 0 { UP } else { 0 } | if row.download > 0 { DOWN } else { 0 };
        push(bytes, step(self.last, row.hour) << WAYS | ways);
        push(bytes, row.records);
        for (number, way) in [(row.upload, UP), (row.download, DOWN)] {
            if ways & way != 0 {
                push(bytes, number);
            }
        }
        self.last = row.hour;
        if let Some(Kept { sums, rows, .. }) = pairs.last_mut() {
            sums.add(row.hour, [row.upload, row.download], row.records);
            *rows = Place::Bytes(start, bytes.len());
        }
    }

    /// Adds the hours of the list with this number from the first to the last of these sums: they add up to them by
    /// [`PairSums::add_hour`].
    ///
    /// # Panics
    /// Without [`CountedRows::with`].
    pub fn push_list(&mut self, pair: CountedPair, way: Way, sums: PairSums, number: usize) {
        assert!(self.lists.is_some(), "points into no lists");
        let number = u32::try_from(number).expect("fewer than 2^32 keys");
        let sums = sums.along(way);
        part(&mut self.parts).pairs.push(Kept { pair, sums, rows: Place::List(number, way) });
    }

    /// Leaves out all rows of pairs that are not wanted.
    pub fn retain(&mut self, wanted: impl Fn(&CountedPair) -> bool) {
        for part in &mut self.parts {
            part.pairs.retain(|kept| wanted(&kept.pair));
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.pairs.is_empty())
    }

    /// How many pairs there are.
    #[must_use]
    pub fn pair_count(&self) -> usize {
        self.parts.iter().map(|part| part.pairs.len()).sum()
    }

    /// Every pair.
    pub fn pairs(&self) -> impl Iterator<Item = Counts<'_>> {
        self.parts.iter().flat_map(move |part| {
            part.pairs.iter().map(move |Kept { pair, sums, rows }| {
                let rows = match *rows {
                    Place::Bytes(start, end) => Source::Bytes(&part.bytes[start..end], self.origin),
                    Place::List(number, way) => Source::List(self.lists.as_deref(), number, way),
                };
                Counts { pair, sums, rows }
            })
        })
    }

    /// Every pair, to change.
    pub fn pairs_mut(&mut self) -> impl Iterator<Item = &mut CountedPair> {
        self.parts.iter_mut().flat_map(|part| part.pairs.iter_mut().map(|kept| &mut kept.pair))
    }

    /// Every row.
    pub fn iter(&self) -> impl Iterator<Item = CountedRow> {
        self.pairs().flat_map(|counts| counts.rows())
    }
}

/// The part that is added to.
fn part(parts: &mut Vec<Part>) -> &mut Part {
    if parts.is_empty() {
        parts.push(Part::default());
    }
    let last = parts.len() - 1;
    &mut parts[last]
}

/// A pair and what its rows add up to.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// Gateway, client and remote.
    pub pair: &'a CountedPair,
    /// The sums of its rows.
    pub sums: &'a PairSums,
    rows: Source<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// Bytes, and the hour from which the first row steps.
    Bytes(&'a [u8], u32),
    List(Option<&'a RowLists>, u32, Way),
}

impl<'a> Counts<'a> {
    /// Its rows, by hour where they were added so.
    #[must_use]
    pub fn rows(&self) -> RowsOfPair<'a> {
        let rows = match self.rows {
            Source::Bytes(rest, hour) => Rows::Bytes { rest, hour },
            Source::List(lists, number, way) => {
                let hours = lists.map(|lists| lists.hours(number as usize));
                Rows::List { hours, way, from: self.sums.first, to: self.sums.last }
            }
        };
        RowsOfPair { pair: *self.pair, rows }
    }
}

/// The rows of a pair.
#[derive(Clone, Debug)]
pub struct RowsOfPair<'a> {
    pair: CountedPair,
    rows: Rows<'a>,
}

#[derive(Clone, Debug)]
enum Rows<'a> {
    Bytes { rest: &'a [u8], hour: u32 },
    List { hours: Option<Hours<'a>>, way: Way, from: u32, to: u32 },
}

impl Iterator for RowsOfPair<'_> {
    type Item = CountedRow;

    #[inline]
    fn next(&mut self) -> Option<CountedRow> {
        let pair = self.pair;
        match &mut self.rows {
            Rows::List { hours, way, from, to } => {
                let (hour, sums) = hours.as_mut()?.find(|(hour, _)| *hour >= *from)?;
                (hour <= *to).then(|| CountedRow::of_hour(pair, *way, hour, &sums))
            }
            Rows::Bytes { rest: [], .. } => None,
            Rows::Bytes { rest, hour } => {
                let head = take(rest);
                *hour = stepped(*hour, head >> WAYS);
                let records = take(rest);
                let mut bytes = |way| if head & way == 0 { 0 } else { take(rest) };
                Some(CountedRow { pair, hour: *hour, records, upload: bytes(UP), download: bytes(DOWN) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::fold::{RowKey, RowSum, Seen};
    use crate::count::rollup::SourceId;
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = CountedRow> {
        // Sixty of them fit into 64 bits.
        let sum = || prop_oneof![Just(0), 1..300u64, 0..1u64 << 58];
        let basis = prop_oneof![Just(Basis::Pair), Just(Basis::Remote), Just(Basis::Client)];
        let pair = (0..2u32, 0..2u32, 0..3u32, basis, 0..2u16).prop_map(|(gateway, client, remote, basis, port)| {
            let (client, remote) = (AddrId::from_raw(client), AddrId::from_raw(remote));
            CountedPair { gateway, client, remote, label: Sym::from_raw(gateway), basis, port }
        });
        let hour = prop_oneof![498_000..498_744u32, any::<u32>()];
        (pair, hour, sum(), sum(), sum()).prop_map(|(pair, hour, upload, download, records)| CountedRow {
            pair,
            hour,
            upload,
            download,
            records,
        })
    }

    /// Lists of one key each, as the rollup has them, and what they hold by number.
    fn lists(of: &[Vec<(u32, RowSums)>]) -> Arc<RowLists> {
        let mut lists = RowLists::default();
        for (interface, hours) in (0u32..).zip(of) {
            let key = RowKey::bare(interface, 0, Seen::Pair);
            lists.add_all(hours.iter().map(|(hour, sums)| ((key, SourceId(0)), *hour, sums)));
        }
        Arc::new(lists)
    }

    fn hour() -> impl Strategy<Value = (u32, RowSums)> {
        let sum = || (1..9u64, 0..1u64 << 40).prop_map(|(records, bytes)| RowSum { records, bytes });
        (498_000..498_010u32, sum(), sum()).prop_map(|(hour, along, against)| (hour, RowSums { along, against }))
    }

    /// Of each pair the sums, which have to be those of its rows.
    fn check_sums(counted: &CountedRows) {
        for counts in counted.pairs() {
            let rows: Vec<CountedRow> = counts.rows().collect();
            let all = |of: fn(&CountedRow) -> u64| rows.iter().map(of).sum::<u64>();
            assert!(rows.iter().all(|row| row.pair == *counts.pair));
            assert_eq!(counts.sums.upload, all(|row| row.upload));
            assert_eq!(counts.sums.download, all(|row| row.download));
            assert_eq!(counts.sums.records, all(|row| row.records));
            let hours = || rows.iter().map(|row| row.hour);
            assert_eq!((Some(counts.sums.first), Some(counts.sums.last)), (hours().min(), hours().max()));
        }
    }

    proptest! {
           #[test]
           fn every_row_comes_back_in_order(rows in proptest::collection::vec(row(), 0..60), cut in 0..60usize) {
               let mut parts = [CountedRows::since(498_000), CountedRows::since(498_000)];
               for (at, row) in rows.iter().enumerate() {
                   parts[usize::from(at >= cut)].push(row);
               }
               let [mut counted, rest] = parts;
               counted.append(rest);
               prop_assert_eq!(counted.is_empty(), rows.is_empty());
               prop_assert_eq!(counted.iter().collect::<Vec<_>>(), rows);
               check_sums(&counted);
           }

           /// Some pairs are left out, then come more rows.
           #[test]
           fn what_is_left_out_takes_nothing_along(
               rows in proptest::collection::vec(row(), 0..60),
               more in proptest::collection::vec(row(), 0..60),
               cut in 0..60usize,
           ) {
               let wanted = |pair: &CountedPair| pair.remote != AddrId::from_raw(1);
               let mut parts = [CountedRows::since(498_000), CountedRows::since(498_000)];
               for (at, row) in rows.iter().enumerate() {
                   parts[usize::from(at >= cut)].push(row);
               }
               let [mut counted, rest] = parts;
               counted.append(rest);
               counted.retain(wanted);
               for row in &more {
                   counted.push(row);
               }
               let expect: Vec<_> = rows.into_iter().filter(|row| wanted(&row.pair)).chain(more).collect();
               prop_assert_eq!(counted.is_empty(), expect.is_empty());
               prop_assert_eq!(counted.iter().collect::<Vec<_>>(), expect);
               check_sums(&counted);
           }

           /// Every other list as it is inside a window, those between row by row.
           #[test]
           fn whole_lists_give_their_rows(of in proptest::collection::vec(proptest::collection::vec(hour(), 1..20), 1..8), row in row()) {
               let all = lists(&of);
               let mut counted = CountedRows::since(498_000).with(Arc::clone(&all));
               let mut expect = Vec::new();
               for number in 0..of.len() {
                   let way = if number % 3 == 0 { Way::Down } else { Way::Up };
                   let mut sums = PairSums::NONE;
                   let mut rows = Vec::new();
                   for (hour, of_hour) in all.hours(number).filter(|(hour, _)| (498_002..498_009).contains(hour)) {
                       sums.add_hour(hour, &of_hour);
                       let (along, against) = (of_hour.along.bytes, of_hour.against.bytes);
                       let (upload, download) = if way == Way::Up { (along, against) } else { (against, along) };
                       let records = of_hour.along.records + of_hour.against.records;
                       rows.push(CountedRow { pair: row.pair, hour, upload, download, records });
                   }
                   if rows.is_empty() {
                       continue;
                   }
                   if number % 2 == 0 {
                       counted.push_list(row.pair, way, sums, number);
                   } else {
                       for row in &rows {
    counted.push(row);
    }
                   }
                   expect.extend(rows);
               }
               let mut whole = CountedRows::since(498_000);
               whole.append(counted);
               prop_assert_eq!(whole.iter().collect::<Vec<_>>(), expect);
               check_sums(&whole);
           }
       }
}
