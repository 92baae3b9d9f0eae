//! A month of the report as rows, finer than the report shows them. Sums over these rows are the report's.

use crate::model::bytes::Bytes;
use crate::model::period::Month;
use crate::model::usd::Usd;
use crate::report::{ClientRow, DecisionRow, FindingRow, NatGatewayRow, Summary, TrafficRow};

/// Everything that is exported of a month.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The month that all rows are of.
    pub month: Month,
    /// The headline.
    pub summary: SummaryLine,
    /// Traffic by day.
    pub traffic: Vec<DayOfTraffic>,
    /// All clients.
    pub clients: Vec<Client>,
    /// All gateways.
    pub nat_gateways: Vec<NatGateway>,
    /// All decisions.
    pub decisions: Vec<Decision>,
    /// All findings.
    pub findings: Vec<Finding>,
    /// List prices of the Regions that the report is about.
    pub prices: Vec<Price>,
    /// What the bill says of gateways and endpoints.
    pub bill_lines: Vec<BillLine>,
    /// What all this was made from.
    pub inputs: Vec<Digest>,
}

/// The report's headline and what its numbers are.
#[derive(Clone, Debug)]
pub struct SummaryLine {
    /// First second of the period, Unix.
    pub start: i64,
    /// First second after it.
    pub end: i64,
    /// `start` of the earliest record, and one second after that of the latest.
    pub observed: Option<(i64, i64)>,
    /// Whether records do not reach from the first to the last day.
    pub partial: bool,
    /// ISO 4217 code of all money.
    pub currency: String,
    /// What the costs are.
    pub cost_basis: &'static str,
    /// The sums.
    pub sums: Summary,
    /// `syncToken` of the ip-ranges table.
    pub ip_ranges_sync_token: String,
    /// Date of the price book.
    pub prices_as_of: String,
    /// Of natlens.
    pub version: &'static str,
}

/// What one row of the report's traffic was on one day.
#[derive(Clone, Debug)]
pub struct DayOfTraffic {
    /// Days since 1970, UTC.
    pub day: u32,
    /// Account of the gateway.
    pub account: Option<String>,
    /// Its Region.
    pub region: Option<String>,
    /// The row; its bytes and money are those of the day.
    pub row: TrafficRow,
}

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its account, where all of its owners have the same.
    pub account: Option<String>,
    /// The report's row.
    pub row: ClientRow,
}

/// A gateway.
#[derive(Clone, Debug)]
pub struct NatGateway {
    /// The report's row.
    pub row: NatGatewayRow,
    /// Cost of its observed bytes.
    pub attributed_usd: Option<Usd>,
}

/// A decision.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Account of the VPC.
    pub account: Option<String>,
    /// The report's row.
    pub row: DecisionRow,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Account of the gateway.
    pub account: Option<String>,
    /// Its Region.
    pub region: Option<String>,
    /// The report's row.
    pub row: FindingRow,
}

/// A list price.
#[derive(Clone, Debug)]
pub struct Price {
    /// Region.
    pub region: String,
    /// Item of the price book.
    pub item: &'static str,
    /// Of one unit.
    pub usd: Usd,
    /// `built-in`, or `own` for one of the user's price file.
    pub source: &'static str,
}

/// Lines of the bill that are alike but for the hour, added up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BillLine {
    /// What it charges for.
    pub kind: &'static str,
    /// Usage, credit, ...
    pub class: &'static str,
    /// Account that used it.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Gateway, endpoint, attachment.
    pub resource: Option<String>,
    /// Days since 1970 of the lines' start.
    pub day: u32,
    /// Lines of the bill.
    pub lines: u64,
    /// Amount in `unit`.
    pub quantity: Option<Usd>,
    /// Unit of the amount.
    pub unit: Option<&'static str>,
    /// Bytes, of what is measured in them; below zero where a correction outweighs the usage.
    pub bytes: Option<i128>,
    /// Cost on the report's basis.
    pub cost: Option<Usd>,
    /// Net cost.
    pub net: Option<Usd>,
    /// Cost before discounts that are lines of their own.
    pub unblended: Option<Usd>,
    /// Public on-demand cost.
    pub list: Option<Usd>,
}

/// What tells an input from every other.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Digest {
    /// `flow-logs`, `billing`, ...
    pub kind: String,
    /// Objects.
    pub objects: u64,
    /// Their bytes as stored.
    pub bytes: Bytes,
    /// SHA-256 over name, size and checksum (`ETag` in a store, else the last bytes, where gzip and Parquet have theirs) of each.
    pub sha256: String,
}
