//! The report as one value: everything that a sink may show, decided and sorted. Field names are the JSON contract, version 1.
//!
//! Money, rates, ratios and GB are exact decimals ([`Usd`], [`Decimal`]) and leave as strings; bytes and counts are integers;
//! times are ISO 8601 UTC text. `None` is "not known" and leaves as null: missing is not zero.

use crate::model::bytes::Bytes;
pub use crate::model::records::{RecordBytes, RecordKinds};
use crate::model::usd::Usd;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub mod build;
pub mod dimension;
pub mod schema;
pub mod stored;
pub mod threshold;

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "natlens.report/1";

/// A ratio or a quantity of GB as an exact decimal in 10^-12; leaves as a string, like money.
pub type Decimal = Usd;

/// A text out of few: an action, a kind, a version. The name hides a reference, which serde would borrow from the text it reads.
pub type Word = &'static str;

/// The whole report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    #[serde(deserialize_with = "stored::word")]
    pub schema: Word,
    /// The time that the report is about.
    pub period: Period,
    /// ISO 4217 code of all money.
    pub currency: String,
    /// `net`, `unblended` or `list`.
    #[serde(deserialize_with = "stored::word")]
    pub cost_basis: Word,
    /// The headline.
    pub summary: Summary,
    /// One row per NAT gateway, by id.
    pub nat_gateways: Vec<NatGatewayRow>,
    /// Attributed bytes per gateway, client VPC, AZ and service, by key.
    pub traffic: Vec<TrafficRow>,
    /// The largest clients, then one `(other)` row.
    pub clients: Vec<ClientRow>,
    /// Hosts, services and addresses that most bytes went to, then one `(other)` row.
    pub destinations: Vec<DestinationRow>,
    /// S3 buckets likewise. S3 traffic whose bucket no Resolver log tells is in none of the rows.
    pub buckets: Vec<DestinationRow>,
    /// What the largest clients used the largest services for: for people and CSV, no part of the JSON contract. Empty where nobody
    /// asked for it or no log knows both ends of a conversation; else it sums to all attributed bytes.
    #[serde(skip)]
    pub client_services: Vec<ClientServiceRow>,
    /// VPCs whose Resolver queries were read: for people, no part of the contract.
    #[serde(skip)]
    pub logged_vpcs: BTreeSet<String>,
    /// Rows of `traffic`, from 0, that an endpoint could carry if the Region of the service and that of the clients were known:
    /// for people, no part of the contract.
    #[serde(skip)]
    pub region_unknown: BTreeSet<usize>,
    /// Endpoint decisions, largest net saving first.
    pub decisions: Vec<DecisionRow>,
    /// Findings on the gateways themselves, largest first.
    pub findings: Vec<FindingRow>,
    /// Customers' own services in another VPC that `PrivateLink` could reach, largest saving first.
    pub custom_services: Vec<CustomServiceRow>,
    /// Sums by the dimensions of `--group-by`; absent without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupRow>>,
    /// Flow log records by kind; all but `read` sum to `read`.
    pub records: RecordKinds,
    /// Bytes of the records of each kind.
    pub record_bytes: RecordBytes,
    /// What lowers the report's value, and what to do about it.
    pub warnings: Vec<WarningRow>,
    /// What was read.
    pub inputs: Vec<InputRow>,
    /// What the numbers rest on.
    pub provenance: Provenance,
}

/// The half-open span of the report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Period {
    /// First second, ISO 8601.
    pub start: String,
    /// First second after, ISO 8601.
    pub end: String,
    /// `start` of the earliest record inside.
    pub observed_start: Option<String>,
    /// One second after the `start` of the latest record inside.
    pub observed_end: Option<String>,
    /// Whether the records do not reach from the first to the last day.
    pub partial: bool,
}

/// The sums that the first screen shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Number of gateways known from any source.
    pub nat_gateways: u64,
    /// Bytes attributed from flow logs; null where no gateway is covered.
    pub observed_bytes: Option<Bytes>,
    /// Bytes on the bill.
    pub billed_bytes: Option<Bytes>,
    /// Observed over billed; null where some bytes were observed at a gateway that is not on the bill.
    pub coverage: Option<Decimal>,
    /// Data processing cost on the bill.
    pub data_usd: Option<Usd>,
    /// Gateway hours cost on the bill.
    pub hours_usd: Option<Usd>,
    /// Cost of the observed bytes; at list without a bill.
    pub attributed_usd: Option<Usd>,
    /// Billed cost that no flow log explains.
    pub unobserved_usd: Option<Usd>,
    /// Sum of `avoided_usd` over the decisions create, fix, share and remove that have a price.
    pub avoidable_usd: Usd,
    /// Sum of endpoint hours and data over the same decisions.
    pub endpoint_usd: Usd,
    /// `avoidable_usd` less `endpoint_usd`.
    pub net_saving_usd: Usd,
    /// Sum of the findings that have a price.
    pub gateway_saving_usd: Usd,
    /// The most that endpoints could take off the data charge of NAT gateways: bytes without any transfer row on the same gateway, at the
    /// gateway's effective rate. What they avoid of AZ crossing and transit gateways is beside it. Null without a bill that names resources.
    pub upper_bound_usd: Option<Usd>,
}

/// One NAT gateway.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NatGatewayRow {
    /// `nat-...`; the interface id where only that is known.
    pub nat_gateway_id: String,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner account.
    pub account_id: Option<String>,
    /// AWS Region.
    pub region: Option<String>,
    /// VPC of the gateway.
    pub vpc_id: Option<String>,
    /// AZ id of a zonal gateway.
    pub az_id: Option<String>,
    /// Client to remote, bytes; null where no log covers the gateway, like the next four.
    pub upload_bytes: Option<Bytes>,
    /// Remote to client, bytes.
    pub download_bytes: Option<Bytes>,
    /// Upload plus download.
    pub observed_bytes: Option<Bytes>,
    /// The same bytes seen on the gateway's other side (legs 2 and 3 less unsolicited): shown, never added.
    pub mirror_bytes: Option<Bytes>,
    /// Inbound that nobody asked for.
    pub unsolicited_bytes: Option<Bytes>,
    /// CloudWatch's count.
    pub metered_bytes: Option<Bytes>,
    /// The bill's count.
    pub billed_bytes: Option<Bytes>,
    /// Observed over billed.
    pub coverage: Option<Decimal>,
    /// Price of one GB: effective with a bill, else list.
    pub usd_per_gb: Option<Usd>,
    /// Billed data cost.
    pub data_usd: Option<Usd>,
    /// Billed hours.
    pub hours: Option<Decimal>,
    /// Billed hours cost.
    pub hours_usd: Option<Usd>,
    /// Billed data cost that no flow log explains.
    pub unobserved_usd: Option<Usd>,
    /// Why the sources disagree, in plain words.
    pub diagnosis: Option<String>,
}

/// Whether a row's address is AWS's, while nothing says which service answered there: one of AWS's own (`range:amazon`), or one on EC2
/// (`range:ec2`), from whose addresses many of AWS's APIs answer beside everybody's servers, where no Resolver log tells them apart.
/// No endpoint is claimed for it. `logged` are the VPCs whose queries are known.
#[must_use]
pub fn is_unnamed_aws(row: &TrafficRow, logged: &BTreeSet<String>) -> bool {
    match row.service.as_str() {
        "range:amazon" => true,
        "range:ec2" => row.vpc_id.as_ref().is_none_or(|vpc| !logged.contains(vpc)),
        _ => false,
    }
}

/// Attributed bytes of one gateway, client place and service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrafficRow {
    /// The gateway.
    pub nat_gateway_id: String,
    /// The client's VPC.
    pub vpc_id: Option<String>,
    /// The client's AZ id.
    pub az_id: Option<String>,
    /// Endpoint suffix, `range:...`, `domain:...`, a rule's name, `internet` or `private`.
    pub service: String,
    /// Region of the service.
    pub service_region: Option<String>,
    /// What could carry it: `gateway`, `interface` or `none`.
    #[serde(deserialize_with = "stored::word")]
    pub endpoint: Word,
    /// What named it: `rule`, `prefix-list`, `dns`, `flow-log`, `ip-ranges` or `none`.
    #[serde(deserialize_with = "stored::word")]
    pub evidence: Word,
    /// Client to remote.
    pub upload_bytes: Bytes,
    /// Remote to client.
    pub download_bytes: Bytes,
    /// Cost; null where no price is known.
    pub usd: Option<Usd>,
}

/// Attributed bytes of one client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientRow {
    /// Address, or `(other)`.
    pub client: String,
    /// `instance`, `lambda`, ... where the inventory knows.
    pub kind: Option<String>,
    /// Name tag, instance id or description.
    pub name: Option<String>,
    /// VPC of the client.
    pub vpc_id: Option<String>,
    /// Gateways it used.
    pub nat_gateway_ids: Vec<String>,
    /// Client to remote.
    pub upload_bytes: Bytes,
    /// Remote to client.
    pub download_bytes: Bytes,
    /// Cost; null where a price is missing.
    pub usd: Option<Usd>,
}

/// Where bytes went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationRow {
    /// Host, service, address or bucket; `(other)` for all others together.
    pub name: String,
    /// Region of the service, where it is known.
    pub region: Option<String>,
    /// Client to remote.
    pub upload_bytes: Bytes,
    /// Remote to client.
    pub download_bytes: Bytes,
    /// Cost; null where no price is known.
    pub usd: Option<Usd>,
    /// What people may want to know of it, in a few words: what AWS's own bucket holds, that a third party offers
    /// `PrivateLink`. No part of the JSON contract.
    #[serde(skip)]
    pub note: Option<&'static str>,
}

/// What one client used one service for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientServiceRow {
    /// Address; `(unknown)` for logs that tell services without clients, `(other)` for all other clients together.
    pub client: String,
    /// VPC of the client.
    pub vpc_id: Option<String>,
    /// Service as in [`TrafficRow`]; `(other)` for all other services together.
    pub service: String,
    /// Region of the service.
    pub service_region: Option<String>,
    /// Client to remote.
    pub upload_bytes: Bytes,
    /// Remote to client.
    pub download_bytes: Bytes,
    /// Cost; null where a price is missing.
    pub usd: Option<Usd>,
}

/// One endpoint decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// `create`, `fix`, `keep-nat`, `remove` or `share`.
    #[serde(deserialize_with = "stored::word")]
    pub action: Word,
    /// `gateway` or `interface`.
    #[serde(deserialize_with = "stored::word")]
    pub endpoint_type: Word,
    /// Endpoint suffix.
    pub service: String,
    /// `com.amazonaws.<region>.<suffix>`.
    pub endpoint_service_name: String,
    /// The endpoint, where it exists.
    pub endpoint_id: Option<String>,
    /// The VPC that holds a shared endpoint.
    pub endpoint_vpc_id: Option<String>,
    /// Region of both.
    pub region: String,
    /// VPC of the clients.
    pub vpc_id: String,
    /// AZ ids that send the traffic, sorted.
    pub az_ids: Vec<String>,
    /// Both directions.
    pub bytes: Bytes,
    /// NAT and transfer cost avoided.
    pub avoided_usd: Option<Usd>,
    /// Endpoint hours over the period.
    pub endpoint_hours_usd: Option<Usd>,
    /// Endpoint data cost.
    pub endpoint_data_usd: Option<Usd>,
    /// Avoided less endpoint hours and data.
    pub net_usd: Option<Usd>,
    /// GB a month from which the endpoint pays.
    pub break_even_gb: Option<Decimal>,
    /// One sentence: what to do and why.
    pub reason: String,
}

/// Something about a gateway itself that costs money whatever endpoints there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// `idle`, `redundant`, `cross-az` or `removable`.
    #[serde(deserialize_with = "stored::word")]
    pub kind: Word,
    /// The gateway.
    pub nat_gateway_id: String,
    /// Route tables to change, sorted.
    pub route_table_ids: Vec<String>,
    /// What acting on it saves in the period.
    pub usd: Option<Usd>,
    /// One sentence: what was found and what to do.
    pub reason: String,
}

/// Traffic of one VPC to a customer's own service in another one, and what `PrivateLink` would cost instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomServiceRow {
    /// VPC of the clients.
    pub vpc_id: String,
    /// VPC of the service.
    pub peer_vpc_id: Option<String>,
    /// Address of the service.
    pub peer: String,
    /// Its port; 0 where the log has no ports, which the reason says.
    pub port: u16,
    /// `nat`, `peering` or `transit-gateway`.
    #[serde(deserialize_with = "stored::word")]
    pub path: Word,
    /// Both directions.
    pub bytes: Bytes,
    /// What the path charges for them.
    pub today_usd: Option<Usd>,
    /// What an interface endpoint, its load balancer and its data would cost.
    pub privatelink_usd: Option<Usd>,
    /// `today_usd` less `privatelink_usd`.
    pub net_usd: Option<Usd>,
    /// GB a month from which `PrivateLink` pays.
    pub break_even_gb: Option<Decimal>,
    /// One sentence.
    pub reason: String,
}

/// A row of `--group-by`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupRow {
    /// Dimension to value; null where not known.
    pub by: BTreeMap<String, Option<String>>,
    /// Client to remote.
    pub upload_bytes: Bytes,
    /// Remote to client.
    pub download_bytes: Bytes,
    /// Cost; null where a price is missing.
    pub usd: Option<Usd>,
}

/// Something that lowers the report's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WarningRow {
    /// Stable, kebab-case.
    pub code: String,
    /// What, and the first places.
    pub message: String,
    /// How often.
    pub count: u64,
    /// What to do.
    pub hint: String,
}

/// One kind of input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRow {
    /// `flow-logs`, `inventory`, ...
    #[serde(deserialize_with = "stored::word")]
    pub kind: Word,
    /// Folder, glob or file as given.
    pub source: String,
    /// Objects found.
    pub objects: u64,
    /// Their size as stored.
    pub bytes: u64,
    /// Objects that gave nothing because they could not be read.
    pub unreadable: u64,
}

/// What the numbers rest on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// Of natlens.
    #[serde(deserialize_with = "stored::word")]
    pub version: Word,
    /// `syncToken` of the ip-ranges table.
    pub ip_ranges_sync_token: String,
    /// Date of the price book.
    pub prices_as_of: String,
}
