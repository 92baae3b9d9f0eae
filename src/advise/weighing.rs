//! Decisions on interface endpoints together with what their figures were made from.

use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::report::DecisionRow;

/// A Region's decisions, and what their figures were made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighing {
    /// One decision for every VPC and service with traffic, and for every endpoint that costs more than it is worth.
    pub rows: Vec<Weighed>,
    /// What existing endpoints carry.
    pub existing: Bytes,
    /// Of that, what is left when some of them are removed.
    pub kept: Bytes,
    /// What comes to endpoints, to be priced after `kept`.
    pub moved: Bytes,
    /// Cost of `moved` after `kept`, to be shared by bytes.
    pub moved_usd: Usd,
    /// Of the bytes of removed endpoints, those whose cost no bill says.
    pub gone: Bytes,
    /// Cost of `gone` after `kept`, to be shared by bytes.
    pub removed_usd: Usd,
}

/// A decision, and what its figures were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The decision.
    pub row: DecisionRow,
    /// AZs whose hours are paid.
    pub azs: u64,
    /// The cost of these hours; several VPCs may share it by bytes.
    pub hours_usd: Usd,
    /// Bytes of all VPCs that share it.
    pub sharing: Bytes,
    /// Bytes that do not cross a transit gateway now, but would on the way to a shared endpoint.
    pub newly_transit: Bytes,
    /// Of an endpoint that goes, what its bytes cost by the bill; `None` where no bill says.
    pub billed_data_usd: Option<Usd>,
}

impl Weighed {
    /// A decision that no hours were weighed for.
    pub(super) fn unpriced(row: DecisionRow) -> Self {
        Self::new(row, 0, Usd::ZERO, Bytes::ZERO)
    }

    /// A decision with the hours that were weighed for it.
    pub(super) fn new(row: DecisionRow, azs: u64, hours_usd: Usd, sharing: Bytes) -> Self {
        Self { row, azs, hours_usd, sharing, newly_transit: Bytes::ZERO, billed_data_usd: None }
    }
}
