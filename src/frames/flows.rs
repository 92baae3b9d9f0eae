//! The counted rows as a frame, and their sums by any of its keys.

use super::bridge::{BridgeError, frame};
use arrow::array::{Array, RecordBatch, UInt32Array, UInt64Array};
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, col};
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
}

impl Key {
    const ALL: [Key; 6] = [Key::Gateway, Key::Day, Key::Client, Key::Place, Key::Service, Key::Basis];

    const fn column(self) -> &'static str {
        match self {
            Key::Gateway => "gateway",
            Key::Day => "day",
            Key::Client => "client",
            Key::Place => "place",
            Key::Service => "service",
            Key::Basis => "basis",
        }
    }
}

const UPLOAD: &str = "upload_bytes";
const DOWNLOAD: &str = "download_bytes";

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

/// One row on its way into the frame: the keys in the order of [`Key`], upload and download bytes.
#[derive(Clone, Copy, Debug)]
pub struct FlowRow {
    /// Values of the six keys.
    pub keys: [u32; 6],
    /// Client to remote.
    pub upload: u64,
    /// Remote to client.
    pub download: u64,
}

/// Counted rows: six `UInt32` keys, two `UInt64` byte columns, no nulls.
#[derive(Clone, Debug)]
pub struct FlowFrame(DataFrame);

/// Sums of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSum {
    /// Values of the keys that were grouped by, in their order.
    pub keys: Vec<u32>,
    /// Client to remote.
    pub upload: u64,
    /// Remote to client.
    pub download: u64,
}

impl FlowFrame {
    /// The frame of these rows.
    pub fn new(rows: &[FlowRow]) -> Result<Self, FrameError> {
        let key = |at: usize| Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.keys[at]))) as Arc<dyn Array>;
        let mut columns: Vec<(&str, Arc<dyn Array>)> =
            Key::ALL.iter().enumerate().map(|(at, name)| (name.column(), key(at))).collect();
        columns.push((UPLOAD, Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.upload)))));
        columns.push((DOWNLOAD, Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.download)))));
        Ok(Self(frame(&RecordBatch::try_from_iter(columns)?)?))
    }

    /// Byte sums by `keys`, sorted by them. Sums run in 128 bits: Polars' 64-bit sums wrap in silence.
    pub fn sums(&self, keys: &[Key]) -> Result<Vec<GroupSum>, FrameError> {
        let sum = |name: &str| col(name).cast(DataType::Int128).sum();
        let by: Vec<Expr> = keys.iter().map(|key| col(key.column())).collect();
        let grouped = self.0.clone().lazy().group_by(by).agg([sum(UPLOAD), sum(DOWNLOAD)]).collect()?;
        let key_columns = keys
            .iter()
            .map(|key| Ok(grouped.column(key.column())?.u32()?.iter().map(Option::unwrap_or_default).collect()))
            .collect::<Result<Vec<Vec<u32>>, FrameError>>()?;
        let bytes = |name: &str| -> Result<Vec<u64>, FrameError> {
            let sums = grouped.column(name)?.i128()?.clone();
            sums.iter().map(|sum| u64::try_from(sum.unwrap_or_default()).map_err(|_| FrameError::Overflow)).collect()
        };
        let (uploads, downloads) = (bytes(UPLOAD)?, bytes(DOWNLOAD)?);
        let mut groups: Vec<GroupSum> = uploads
            .into_iter()
            .zip(downloads)
            .enumerate()
            .map(|(row, (upload, download))| GroupSum {
                keys: key_columns.iter().map(|column| column[row]).collect(),
                upload,
                download,
            })
            .collect();
        groups.sort_by(|a, b| a.keys.cmp(&b.keys));
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(gateway: u32, day: u32, service: u32, upload: u64) -> FlowRow {
        FlowRow { keys: [gateway, day, 0, 0, service, 0], upload, download: 1 }
    }

    #[test]
    fn sums_are_exact_and_sorted() {
        let frame = FlowFrame::new(&[row(2, 1, 7, 5), row(1, 1, 7, u64::from(u32::MAX)), row(1, 2, 7, 200)]).expect("rows");
        let by_gateway = frame.sums(&[Key::Gateway]).expect("sums");
        let expect = [(1, u64::from(u32::MAX) + 200, 2), (2, 5, 1)];
        let found: Vec<_> = by_gateway.iter().map(|g| (g.keys[0], g.upload, g.download)).collect();
        assert_eq!(found, expect);
        assert_eq!(frame.sums(&[Key::Gateway, Key::Day]).expect("sums").len(), 3);
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let frame = FlowFrame::new(&[row(1, 1, 1, u64::MAX), row(1, 1, 1, 1)]).expect("rows");
        assert!(matches!(frame.sums(&[Key::Service]), Err(FrameError::Overflow)));
    }

    #[test]
    fn no_rows_no_groups() {
        let frame = FlowFrame::new(&[]).expect("no rows");
        assert_eq!(frame.sums(&[Key::Gateway]).expect("sums"), []);
    }
}
