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

/// Counted rows, in the order in which they were added.
#[derive(Debug, Default)]
pub struct CountedRows {
    /// With the end of their bytes.
    pairs: Vec<(CountedPair, usize)>,
    bytes: Vec<u8>,
    /// The hour from which the first row of every pair steps.
    origin: u32,
    last: u32,
    len: usize,
}

const UP: u64 = 1;
const DOWN: u64 = 2;
const WAYS: u32 = 2;

impl CountedRows {
    /// Adds a row. Rows of one pair take the least room one after the other, by hour.
    pub fn push(&mut self, row: &CountedRow) {
        if self.len == 0 {
            self.origin = row.hour;
        }
        if self.pairs.last().is_none_or(|(last, _)| *last != row.pair) {
            self.pairs.push((row.pair, self.bytes.len()));
            self.last = self.origin;
        }
        let ways = if row.upload > 0 { UP } else { 0 } | if row.download > 0 { DOWN } else { 0 };
        push(&mut self.bytes, step(self.last, row.hour) << WAYS | ways);
        push(&mut self.bytes, row.records);
        for (bytes, way) in [(row.upload, UP), (row.download, DOWN)] {
            if ways & way != 0 {
                push(&mut self.bytes, bytes);
            }
        }
        self.last = row.hour;
        self.len += 1;
        if let Some((_, end)) = self.pairs.last_mut() {
            *end = self.bytes.len();
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
        let mut start = 0;
        self.pairs.iter().map(move |(pair, end)| {
            let rest = &self.bytes[std::mem::replace(&mut start, *end)..*end];
            (pair, RowsOfPair { pair: *pair, rest, hour: self.origin })
        })
    }

    /// Every pair, to change.
    pub fn pairs_mut(&mut self) -> impl Iterator<Item = &mut CountedPair> {
        self.pairs.iter_mut().map(|(pair, _)| pair)
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
        let sum = || prop_oneof![Just(0), 1..300u64, any::<u64>()];
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
        fn every_row_comes_back_in_order(rows in proptest::collection::vec(row(), 0..60)) {
            let mut counted = CountedRows::default();
            for row in &rows {
                counted.push(row);
            }
            prop_assert_eq!(counted.len(), rows.len());
            prop_assert_eq!(counted.iter().collect::<Vec<_>>(), rows.clone());
            let by_pair: Vec<CountedRow> = counted.pairs().flat_map(|(pair, rows)| rows.map(|row| CountedRow { pair: *pair, ..row })).collect();
            prop_assert_eq!(by_pair, rows);
        }
    }
}
