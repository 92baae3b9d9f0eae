//! The counted rows as a frame, and their sums by any of its keys.

use super::bridge::{BridgeError, frame};
use arrow::array::{Array, RecordBatch, UInt32Array, UInt64Array};
use hashbrown::HashMap;
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
    /// A key by day that was not kept by day: [`Daily`].
    #[error("this was not kept by day")]
    NotDaily,
    /// A sum beyond 2^64 bytes.
    #[error("a byte sum exceeds 2^64")]
    Overflow,
}

/// Rows on their way into a frame, by column: keys in the order of [`Key`], upload bytes, download bytes and records.
#[derive(Debug)]
struct FlowColumns {
    keys: [Vec<u32>; Key::ALL.len()],
    upload: Vec<u64>,
    download: Vec<u64>,
    records: Vec<u64>,
}

impl FlowColumns {
    fn with_capacity(rows: usize) -> Self {
        let keys = std::array::from_fn(|_| Vec::with_capacity(rows));
        let [upload, download, records] = std::array::from_fn(|_| Vec::with_capacity(rows));
        Self { keys, upload, download, records }
    }

    fn push(&mut self, keys: [u32; Key::ALL.len()], upload: u64, download: u64, records: u64) {
        for (column, key) in self.keys.iter_mut().zip(keys) {
            column.push(key);
        }
        self.upload.push(upload);
        self.download.push(download);
        self.records.push(records);
    }

    /// Their buffers move, nothing is copied.
    fn into_frame(self) -> Result<DataFrame, FrameError> {
        let names = Key::ALL.iter().map(|key| key.column());
        let keys = self.keys.into_iter().map(|column| Arc::new(UInt32Array::from(column)) as Arc<dyn Array>);
        let bytes = |column: Vec<u64>| Arc::new(UInt64Array::from(column)) as Arc<dyn Array>;
        let sums = [(UPLOAD, bytes(self.upload)), (DOWNLOAD, bytes(self.download)), (RECORDS, bytes(self.records))];
        Ok(frame(&RecordBatch::try_from_iter(names.zip(keys).chain(sums))?)?)
    }
}

/// Values of the keys of a row, in the order of [`Key`].
type Keys = [u32; Key::ALL.len()];

/// Sums by key on their way into a frame, which then has a row for each distinct key and not one for each hour and address.
#[derive(Clone, Debug, Default)]
struct Sums {
    sums: HashMap<Keys, [u64; 3]>,
    /// The last ones, not in the map yet: rows that follow each other mostly have the same keys.
    last: Option<(Keys, [u64; 3])>,
}

impl Sums {
    #[inline]
    fn add(&mut self, keys: Keys, new: [u64; 3]) {
        match &mut self.last {
            Some((last, sums)) if *last == keys => add(sums, new),
            _ => {
                if let Some((last, sums)) = self.last.replace((keys, new)) {
                    add(self.sums.entry(last).or_default(), sums);
                }
            }
        }
    }

    /// The columns of a frame, in no order.
    fn into_columns(mut self) -> FlowColumns {
        if let Some((last, sums)) = self.last {
            add(self.sums.entry(last).or_default(), sums);
        }
        let mut columns = FlowColumns::with_capacity(self.sums.len());
        for (keys, [upload, download, records]) in self.sums {
            columns.push(keys, upload, download, records);
        }
        columns
    }
}

/// What is kept of each day. Rows by day are many times those of all days, and few questions ask for the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daily {
    /// Sums by gateway.
    Gateways,
    /// Sums by every key but the destination.
    Keys,
}

/// Counted rows on their way into a [`FlowFrame`].
#[derive(Clone, Debug)]
pub struct FlowSums {
    all_days: Sums,
    by_day: Sums,
    daily: Daily,
}

impl FlowSums {
    /// Nothing yet.
    #[must_use]
    pub fn new(daily: Daily) -> Self {
        Self { all_days: Sums::default(), by_day: Sums::default(), daily }
    }

    /// Adds to the sums of these keys, in the order of [`Key`].
    #[inline]
    pub fn add(&mut self, keys: [u32; Key::ALL.len()], upload: u64, download: u64, records: u64) {
        let new = [upload, download, records];
        let without = |mut keys: Keys, key: Key| {
            keys[key as usize] = 0;
            keys
        };
        self.all_days.add(without(keys, Key::Day), new);
        let daily = match self.daily {
            Daily::Gateways => {
                let mut daily = [0; Key::ALL.len()];
                (daily[Key::Gateway as usize], daily[Key::Day as usize]) =
                    (keys[Key::Gateway as usize], keys[Key::Day as usize]);
                daily
            }
            Daily::Keys => without(keys, Key::Destination),
        };
        self.by_day.add(daily, new);
    }
}

#[inline]
fn add(sums: &mut [u64; 3], new: [u64; 3]) {
    for (sum, new) in sums.iter_mut().zip(new) {
        *sum += new;
    }
}

/// Counted rows: eight `UInt32` keys, three `UInt64` columns of bytes and records, no nulls.
#[derive(Clone, Debug)]
pub struct FlowFrame {
    all_days: DataFrame,
    by_day: DataFrame,
    daily: Daily,
}

/// Sums of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSum {
    /// Values of the keys that were grouped by, in their order.
    pub keys: Vec<u32>,
    /// Client to remote.
    pub upload: u64,
    /// Remote to client.
    pub download: u64,
    /// Flow log records that these bytes come from.
    pub records: u64,
}

impl FlowFrame {
    /// The frame of these sums.
    pub fn new(sums: FlowSums) -> Result<Self, FrameError> {
        let FlowSums { all_days, by_day, daily } = sums;
        let (all_days, by_day) = (all_days.into_columns().into_frame()?, by_day.into_columns().into_frame()?);
        Ok(Self { all_days, by_day, daily })
    }

    /// Sums of bytes and records by `keys`, sorted by them. Sums run in 128 bits: Polars' 64-bit sums wrap in silence.
    pub fn sums(&self, keys: &[Key]) -> Result<Vec<GroupSum>, FrameError> {
        let asks_day = keys.contains(&Key::Day);
        let is_kept = |key: &Key| match self.daily {
            Daily::Gateways => matches!(key, Key::Gateway | Key::Day),
            Daily::Keys => *key != Key::Destination,
        };
        if asks_day && !keys.iter().all(is_kept) {
            return Err(FrameError::NotDaily);
        }
        let frame = if asks_day { &self.by_day } else { &self.all_days };
        let sum = |name: &str| col(name).cast(DataType::Int128).sum();
        let by: Vec<Expr> = keys.iter().map(|key| col(key.column())).collect();
        // Records cannot wrap: all of them were counted one by one in 64 bits.
        let sums = [sum(UPLOAD), sum(DOWNLOAD), col(RECORDS).sum()];
        let grouped = frame.clone().lazy().group_by(by).agg(sums).collect()?;
        let key_columns = keys
            .iter()
            .map(|key| Ok(grouped.column(key.column())?.u32()?.iter().map(Option::unwrap_or_default).collect()))
            .collect::<Result<Vec<Vec<u32>>, FrameError>>()?;
        let bytes = |name: &str| -> Result<Vec<u64>, FrameError> {
            let sums = grouped.column(name)?.i128()?.clone();
            sums.iter().map(|sum| u64::try_from(sum.unwrap_or_default()).map_err(|_| FrameError::Overflow)).collect()
        };
        let (uploads, downloads) = (bytes(UPLOAD)?, bytes(DOWNLOAD)?);
        let records: Vec<u64> = grouped.column(RECORDS)?.u64()?.iter().map(Option::unwrap_or_default).collect();
        let mut groups: Vec<GroupSum> = (0..grouped.height())
            .map(|row| GroupSum {
                keys: key_columns.iter().map(|column| column[row]).collect(),
                upload: uploads[row],
                download: downloads[row],
                records: records[row],
            })
            .collect();
        groups.sort_by(|a, b| a.keys.cmp(&b.keys));
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of (gateway, day, service, upload); one byte down and three records each. The destination is the service again.
    fn frame(daily: Daily, rows: &[(u32, u32, u32, u64)]) -> FlowFrame {
        let mut sums = FlowSums::new(daily);
        for &(gateway, day, service, upload) in rows {
            sums.add([gateway, day, 0, 0, service, 0, service, 0], upload, 1, 3);
        }
        FlowFrame::new(sums).expect("columns of one length")
    }

    #[test]
    fn sums_are_exact_and_sorted() {
        let rows = [(2, 1, 7, 5), (1, 1, 7, u64::from(u32::MAX)), (1, 2, 7, 200), (1, 2, 8, 1), (2, 1, 7, 6)];
        for daily in [Daily::Gateways, Daily::Keys] {
            let frame = frame(daily, &rows);
            let found = |keys: &[Key]| -> Vec<(Vec<u32>, u64, u64, u64)> {
                let sums = frame.sums(keys).expect("sums");
                sums.into_iter().map(|sum| (sum.keys, sum.upload, sum.download, sum.records)).collect()
            };
            let all = u64::from(u32::MAX);
            assert_eq!(found(&[Key::Gateway]), [(vec![1], all + 201, 3, 9), (vec![2], 11, 2, 6)]);
            let days = [(vec![1, 1], all, 1, 3), (vec![1, 2], 201, 2, 6), (vec![2, 1], 11, 2, 6)];
            assert_eq!(found(&[Key::Gateway, Key::Day]), days);
            let destinations = [(vec![7], all + 211, 4, 12), (vec![8], 1, 1, 3)];
            assert_eq!(found(&[Key::Destination]), destinations);
        }
    }

    #[test]
    fn what_was_not_kept_by_day_is_no_answer() {
        let rows = [(1, 1, 7, 5), (1, 2, 7, 6), (1, 2, 8, 7)];
        let of_day = [Key::Day, Key::Service];
        assert!(matches!(frame(Daily::Gateways, &rows).sums(&of_day), Err(FrameError::NotDaily)));
        let found = frame(Daily::Keys, &rows).sums(&of_day).expect("sums");
        let found: Vec<_> = found.into_iter().map(|sum| (sum.keys, sum.upload)).collect();
        assert_eq!(found, [(vec![1, 7], 5), (vec![2, 7], 6), (vec![2, 8], 7)]);
        let of_destination = [Key::Day, Key::Destination];
        assert!(matches!(frame(Daily::Keys, &rows).sums(&of_destination), Err(FrameError::NotDaily)));
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let frame = frame(Daily::Keys, &[(1, 1, 1, u64::MAX), (1, 1, 2, 1)]);
        assert!(matches!(frame.sums(&[Key::Gateway]), Err(FrameError::Overflow)));
        assert_eq!(frame.sums(&[Key::Service]).expect("each fits").len(), 2);
    }

    #[test]
    fn no_rows_no_groups() {
        assert_eq!(frame(Daily::Keys, &[]).sums(&[Key::Gateway]).expect("sums"), []);
    }
}
