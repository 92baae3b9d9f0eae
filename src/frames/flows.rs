//! The counted rows as a frame, and their sums by any of its keys.

use super::bridge::{BridgeError, frame};
use arrow::array::{Array, RecordBatch, UInt32Array, UInt64Array};
use polars::prelude::{DataFrame, Expr, IntoLazy, col};
use std::sync::Arc;

/// Key columns of a [`FlowFrame`]; all are indices into tables that the caller holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// NAT gateway.
    Gateway,
    /// Days since 1970, UTC.
    Day,
    /// Client address.
    Client,
    /// VPC and AZ of the client.
    Place,
    /// Service, its Region and the evidence.
    Service,
    /// Whether the row is of a pair, the public or the private side.
    Basis,
    /// Host, service or address that the bytes went to.
    Destination,
    /// Owner of the client.
    Owner,
}

impl Key {
    const ALL: [Key; 8] =
        [Key::Gateway, Key::Day, Key::Client, Key::Place, Key::Service, Key::Basis, Key::Destination, Key::Owner];

    const fn column(self) -> &'static str {
        match self {
            Key::Gateway => "gateway",
            Key::Day => "day",
            Key::Client => "client",
            Key::Place => "place",
            Key::Service => "service",
            Key::Basis => "basis",
            Key::Destination => "destination",
            Key::Owner => "owner",
        }
    }
}

const UPLOAD: &str = "upload_bytes";
const DOWNLOAD: &str = "download_bytes";
const RECORDS: &str = "records";

/// Why a frame operation failed; on frames that this module made, only for want of memory.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The hand-over from Arrow.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    /// Arrow refused the columns.
    #[error("columns do not fit: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Polars refused the operation.
    #[error("grouping failed: {0}")]
    Polars(#[from] polars::error::PolarsError),
    /// A sum beyond 2^64 bytes.
    #[error("a byte sum exceeds 2^64")]
    Overflow,
}

/// The keys of a row, in the order of [`Key`].
pub type Keys = [u32; Key::ALL.len()];

/// Rows on their way into a frame, by column: keys, upload bytes, download bytes and records.
#[derive(Clone, Debug, Default)]
pub struct FlowColumns {
    keys: [Vec<u32>; Key::ALL.len()],
    upload: Vec<u64>,
    download: Vec<u64>,
    records: Vec<u64>,
}

impl FlowColumns {
    /// Room for this many rows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        let keys = std::array::from_fn(|_| Vec::with_capacity(rows));
        let [upload, download, records] = std::array::from_fn(|_| Vec::with_capacity(rows));
        Self { keys, upload, download, records }
    }

    /// Adds a row.
    pub fn push(&mut self, keys: Keys, upload: u64, download: u64, records: u64) {
        for (column, key) in self.keys.iter_mut().zip(keys) {
            column.push(key);
        }
        self.upload.push(upload);
        self.download.push(download);
        self.records.push(records);
    }
}

/// Counted rows: eight `UInt32` keys, three `UInt64` columns of bytes and records, no nulls.
#[derive(Clone, Debug)]
pub struct FlowFrame(DataFrame);

/// Sums of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSum {
    /// Values of the keys that were grouped by, in their order; 0 behind them.
    pub keys: Keys,
    /// Client to remote.
    pub upload: u64,
    /// Remote to client.
    pub download: u64,
    /// Flow log records that these bytes come from.
    pub records: u64,
}

impl FlowFrame {
    /// The frame of these rows; their buffers move, nothing is copied. An error where all of them together exceed 64 bits: Polars' sums
    /// wrap in silence, and those of a part never exceed those of all.
    pub fn new(rows: FlowColumns) -> Result<Self, FrameError> {
        for column in [&rows.upload, &rows.download, &rows.records] {
            let all: u128 = column.iter().map(|&bytes| u128::from(bytes)).sum();
            u64::try_from(all).map_err(|_| FrameError::Overflow)?;
        }
        let names = Key::ALL.iter().map(|key| key.column());
        let keys = rows.keys.into_iter().map(|column| Arc::new(UInt32Array::from(column)) as Arc<dyn Array>);
        let bytes = |column: Vec<u64>| Arc::new(UInt64Array::from(column)) as Arc<dyn Array>;
        let sums = [(UPLOAD, bytes(rows.upload)), (DOWNLOAD, bytes(rows.download)), (RECORDS, bytes(rows.records))];
        Ok(Self(frame(&RecordBatch::try_from_iter(names.zip(keys).chain(sums))?)?))
    }

    /// Sums of bytes and records by `keys`, sorted by them.
    pub fn sums(&self, keys: &[Key]) -> Result<Vec<GroupSum>, FrameError> {
        let by: Vec<Expr> = keys.iter().map(|key| col(key.column())).collect();
        let sums = [UPLOAD, DOWNLOAD, RECORDS].map(|name| col(name).sum());
        let grouped = self.0.clone().lazy().group_by(by).agg(sums).collect()?;
        let mut groups = vec![GroupSum::default(); grouped.height()];
        for (at, key) in keys.iter().enumerate() {
            for (group, key) in groups.iter_mut().zip(grouped.column(key.column())?.u32()?.iter()) {
                group.keys[at] = key.unwrap_or_default();
            }
        }
        let sums = |name: &str| Ok::<_, FrameError>(grouped.column(name)?.u64()?.iter().map(Option::unwrap_or_default));
        let [uploads, downloads, records] = [sums(UPLOAD)?, sums(DOWNLOAD)?, sums(RECORDS)?];
        for (group, ((upload, download), records)) in groups.iter_mut().zip(uploads.zip(downloads).zip(records)) {
            (group.upload, group.download, group.records) = (upload, download, records);
        }
        // No two have the same keys.
        groups.sort_unstable_by_key(|group| group.keys);
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of (gateway, day, service, upload); one byte down and three records each.
    fn frame(rows: &[(u32, u32, u32, u64)]) -> FlowFrame {
        let mut columns = FlowColumns::default();
        for &(gateway, day, service, upload) in rows {
            columns.push([gateway, day, 0, 0, service, 0, 0, 0], upload, 1, 3);
        }
        FlowFrame::new(columns).expect("columns of one length")
    }

    #[test]
    fn sums_are_exact_and_sorted() {
        let frame = frame(&[(2, 1, 7, 5), (1, 1, 7, u64::from(u32::MAX)), (1, 2, 7, 200)]);
        let by_gateway = frame.sums(&[Key::Gateway]).expect("sums");
        let expect = [(1, u64::from(u32::MAX) + 200, 2, 6), (2, 5, 1, 3)];
        let found: Vec<_> = by_gateway.iter().map(|g| (g.keys[0], g.upload, g.download, g.records)).collect();
        assert_eq!(found, expect);
        assert_eq!(frame.sums(&[Key::Gateway, Key::Day]).expect("sums").len(), 3);
    }

    #[test]
    fn sums_that_may_not_fit_are_an_error() {
        let columns = |rows: [u64; 2]| {
            let mut columns = FlowColumns::default();
            for upload in rows {
                columns.push([1; 8], upload, 0, 1);
            }
            columns
        };
        assert!(matches!(FlowFrame::new(columns([u64::MAX, 1])), Err(FrameError::Overflow)));
        let most = FlowFrame::new(columns([u64::MAX - 1, 1])).expect("they fit").sums(&[Key::Service]);
        assert_eq!(most.expect("sums").first().map(|sum| sum.upload), Some(u64::MAX));
    }

    #[test]
    fn no_rows_no_groups() {
        assert_eq!(frame(&[]).sums(&[Key::Gateway]).expect("sums"), []);
    }
}
