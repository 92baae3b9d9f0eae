//! Flow log records and their bytes by kind: nothing that was read is lost.

use super::bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Flow log records by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordKinds {
    /// All records, headers and blank lines excepted.
    pub read: u64,
    /// Attributed.
    pub counted: u64,
    /// The same bytes as counted ones, seen elsewhere.
    pub mirror: u64,
    /// Did not pass a NAT gateway, or not provably.
    pub not_nat: u64,
    /// `REJECT`.
    pub rejected: u64,
    /// `NODATA`.
    pub nodata: u64,
    /// `SKIPDATA`.
    pub skipdata: u64,
    /// Not readable as a record.
    pub malformed: u64,
    /// Start outside the period.
    pub out_of_window: u64,
    /// Delivered twice, or the same interface under a second flow log.
    pub duplicate: u64,
}

impl RecordKinds {
    /// Every kind added up: equal to `read`.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.counted
            + self.mirror
            + self.not_nat
            + self.rejected
            + self.nodata
            + self.skipdata
            + self.malformed
            + self.out_of_window
            + self.duplicate
    }
}

/// Bytes of the records of each kind that carries bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBytes {
    /// See [`RecordKinds`].
    pub counted: Bytes,
    /// See [`RecordKinds`].
    pub mirror: Bytes,
    /// See [`RecordKinds`].
    pub not_nat: Bytes,
    /// See [`RecordKinds`].
    pub rejected: Bytes,
    /// See [`RecordKinds`].
    pub out_of_window: Bytes,
    /// See [`RecordKinds`].
    pub duplicate: Bytes,
}
