//! An independent, slow and obvious counter of a bundle's NAT traffic. It shares no code with the program that it checks:
//! lines become maps of strings, the inventory stays JSON, every rule of the contract is a plain condition.
//!
//! It reads text with a header line, plain or gzip, and needs the inventory.

mod account;
mod records;
mod rules;

use std::collections::BTreeMap;
use std::path::Path;

/// Bytes from clients and bytes to clients.
pub type Pair = [u64; 2];

/// What is known of one gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Upload and download.
    pub bytes: Pair,
    /// The same bytes seen on the other side of the gateway.
    pub mirror: u64,
    /// Bytes that arrived and went to no client.
    pub unsolicited: u64,
    /// Whether the gateway's own records (and not only its clients') were read.
    pub own_records: bool,
}

/// Everything that the counter found.
#[derive(Debug, Default)]
pub struct Answer {
    /// By gateway id; only those with traffic.
    pub gateways: BTreeMap<String, Totals>,
    /// By gateway and client address.
    pub clients: BTreeMap<(String, String), Pair>,
    /// By gateway and the log's own label of the remote address, or the address where there is no label.
    pub services: BTreeMap<(String, String), Pair>,
    /// Records by kind; the kinds sum to the records read.
    pub records: BTreeMap<&'static str, u64>,
    /// Their bytes by kind.
    pub record_bytes: BTreeMap<&'static str, u64>,
    /// Objects that are broken, by their path in the bundle.
    pub broken: Vec<String>,
}

/// Counts a bundle's records whose `start` lies in `from..to`.
pub fn count(bundle: &Path, from: i64, to: i64) -> Answer {
    let account = account::Account::read(&bundle.join("inventory"));
    let (records, broken) = records::read(&bundle.join("flow-logs"));
    Answer { broken, ..rules::count(&account, &records, from, to) }
}
