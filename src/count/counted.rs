//! Counted rows, hour by hour, in a few bytes each: what is the same for all hours of a pair is there once.

use crate::model::addr_table::AddrId;
use crate::model::packed::{push, step, stepped, take};
use crate::model::symbols::Sym;

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

/// Counted rows, in the order in which they were added.
#[derive(Debug, Default)]
pub struct CountedRows {
    parts: Vec<Part>,
    /// The hour from which the first row of every pair steps.
    origin: u32,
    last: u32,
    len: usize,
}

/// Rows that were added one after the other.
#[derive(Debug, Default)]
struct Part {
    /// With their sums and the end of their bytes.
    pairs: Vec<(CountedPair, PairSums, usize)>,
    bytes: Vec<u8>,
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

    /// Adds the rows of another that begins with the same hour.
    pub fn append(&mut self, other: Self) {
        assert_eq!(self.origin, other.origin, "steps from another hour");
        if other.len > 0 {
            self.parts.extend(other.parts);
            (self.len, self.last) = (self.len + other.len, other.last);
        }
    }

    /// Adds a row. Rows of one pair take the least room one after the other, by hour.
    pub fn push(&mut self, row: &CountedRow) {
        if self.parts.is_empty() {
            self.parts.push(Part::default());
        }
        let Some(Part { pairs, bytes }) = self.parts.last_mut() else { return };
        if pairs.last().is_none_or(|(last, ..)| *last != row.pair) {
            let none = PairSums { upload: 0, download: 0, records: 0, first: row.hour, last: row.hour };
            pairs.push((row.pair, none, bytes.len()));
            self.last = self.origin;
        }
        let ways = if row.upload > 0 { UP } else { 0 } | if row.download > 0 { DOWN } else { 0 };
        push(bytes, step(self.last, row.hour) << WAYS | ways);
        push(bytes, row.records);
        for (number, way) in [(row.upload, UP), (row.download, DOWN)] {
            if ways & way != 0 {
                push(bytes, number);
            }
        }
        self.last = row.hour;
        self.len += 1;
        if let Some((_, sums, end)) = pairs.last_mut() {
            sums.upload += row.upload;
            sums.download += row.download;
            sums.records += row.records;
            (sums.first, sums.last) = (sums.first.min(row.hour), sums.last.max(row.hour));
            *end = bytes.len();
        }
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every pair with its rows.
    pub fn pairs(&self) -> impl Iterator<Item = (&CountedPair, RowsOfPair<'_>)> {
        let origin = self.origin;
        self.parts.iter().flat_map(move |Part { pairs, bytes }| {
            let mut start = 0;
            pairs.iter().map(move |(pair, _, end)| {
                let rest = &bytes[std::mem::replace(&mut start, *end)..*end];
                (pair, RowsOfPair { pair: *pair, rest, hour: origin })
            })
        })
    }

    /// Every pair with its sums, in the order of [`CountedRows::pairs`].
    pub fn sums(&self) -> impl Iterator<Item = (&CountedPair, &PairSums)> {
        self.parts.iter().flat_map(|part| part.pairs.iter().map(|(pair, sums, _)| (pair, sums)))
    }

    /// Every pair, to change.
    pub fn pairs_mut(&mut self) -> impl Iterator<Item = &mut CountedPair> {
        self.parts.iter_mut().flat_map(|part| part.pairs.iter_mut().map(|(pair, ..)| pair))
    }

    /// Every row.
    pub fn iter(&self) -> impl Iterator<Item = CountedRow> {
        self.pairs().flat_map(|(_, rows)| rows)
    }
}

/// The rows of a pair.
#[derive(Clone, Debug)]
pub struct RowsOfPair<'a> {
    pair: CountedPair,
    rest: &'a [u8],
    hour: u32,
}

impl Iterator for RowsOfPair<'_> {
    type Item = CountedRow;

    #[inline]
    fn next(&mut self) -> Option<CountedRow> {
        if self.rest.is_empty() {
            return None;
        }
        let head = take(&mut self.rest);
        self.hour = stepped(self.hour, head >> WAYS);
        let records = take(&mut self.rest);
        let mut bytes = |way| if head & way == 0 { 0 } else { take(&mut self.rest) };
        Some(CountedRow { pair: self.pair, hour: self.hour, records, upload: bytes(UP), download: bytes(DOWN) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    proptest! {
        #[test]
        fn every_row_comes_back_in_order(rows in proptest::collection::vec(row(), 0..60), cut in 0..60usize) {
            let mut parts = [CountedRows::since(498_000), CountedRows::since(498_000)];
            for (at, row) in rows.iter().enumerate() {
                parts[usize::from(at >= cut)].push(row);
            }
            let [mut counted, rest] = parts;
            counted.append(rest);
            prop_assert_eq!(counted.len(), rows.len());
            prop_assert_eq!(counted.iter().collect::<Vec<_>>(), rows.clone());
            for ((pair, rows), (of_sums, sums)) in counted.pairs().zip(counted.sums()) {
                prop_assert_eq!(pair, of_sums);
                let rows: Vec<CountedRow> = rows.collect();
                let all = |of: fn(&CountedRow) -> u64| rows.iter().map(of).sum::<u64>();
                prop_assert_eq!(sums.upload, all(|row| row.upload));
                prop_assert_eq!(sums.download, all(|row| row.download));
                prop_assert_eq!(sums.records, all(|row| row.records));
                let hours = || rows.iter().map(|row| row.hour);
                prop_assert_eq!((Some(sums.first), Some(sums.last)), (hours().min(), hours().max()));
            }
            let by_pair: Vec<CountedRow> = counted.pairs().flat_map(|(pair, rows)| rows.map(|row| CountedRow { pair: *pair, ..row })).collect();
            prop_assert_eq!(by_pair, rows);
        }
    }
}
