//! `aws ec2 describe-*` and `kubectl get pods` output (JSON) into an inventory: bytes of files in, plain values out. No file
//! access here.
//!
//! What a file holds is told by its keys, never by its name. A file that is no JSON gives nothing and an error value;
//! an element that cannot be used is left out with a warning. The order of files never matters.

mod claims;
mod elements;
mod fields;
mod json;
mod owners;
mod pages;
mod pods;
mod services;

use crate::model::addr::{Addr, Cidr};
use crate::model::inventory::{
    Described, FlowLog, Instance, Inventory, InventoryParts, NatGateway, NetworkInterface, OfferedService, PrefixList,
    RouteTable, Subnet, TagValues, TgwAttachment, Vpc, VpcEndpoint,
};
use crate::model::kube::PodSnapshot;
use crate::sources::pages::Pages;
use claims::Claims;
use elements::PageReader;
pub use elements::entries_of;
use json::{Json, Object};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Why a file gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// The text is no JSON, or breaks off.
    #[error("{file}:{line}: not valid JSON: {reason}")]
    Json {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// The parser's words, with the column.
        reason: String,
    },
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("{file}: not text in UTF-8 or UTF-16")]
    Encoding {
        /// The file.
        file: String,
    },
    /// Nothing but white space.
    #[error("{file}: the file is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// JSON, but neither an object nor a list of objects.
    #[error("{file}: holds no output of an `aws ec2 describe-...` command")]
    NotOutput {
        /// The file.
        file: String,
    },
}

impl InventoryError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "write the file again with `aws ec2 describe-... --output json`"
    }
}

/// Something in a file that was left out, or could not be put in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InventoryWarning {
    /// The file.
    pub file: String,
    /// What was found, and what became of it.
    pub message: String,
}

/// Described things collected over files. One that was described twice is kept once, whatever the order of the files.
#[derive(Debug, Default)]
pub struct InventoryDraft {
    nat_gateways: Best<NatGateway>,
    nat_addresses: BTreeMap<String, BTreeSet<NatAddress>>,
    interfaces: Best<NetworkInterface>,
    vpcs: Best<Vpc>,
    subnets: Best<Subnet>,
    route_tables: Best<RouteTable>,
    endpoints: Best<VpcEndpoint>,
    prefix_lists: Best<PrefixList>,
    list_entries: BTreeMap<String, BTreeSet<Cidr>>,
    flow_logs: Best<FlowLog>,
    attachments: Best<TgwAttachment>,
    offered_services: Best<OfferedService>,
    whole_service_lists: BTreeSet<String>,
    instances: Best<Instance>,
    tags: TagValues,
    pods: BTreeSet<PodSnapshot>,
    pages: Pages,
    claims: Claims,
    warnings: BTreeSet<InventoryWarning>,
}

/// One entry of `NatGatewayAddresses`; the order of the fields makes primaries sort first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct NatAddress {
    rank: AddressRank,
    private: Option<Addr>,
    public: Option<Addr>,
    interface: Option<String>,
    az_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AddressRank {
    Primary,
    Secondary,
}

/// How usable a thing was when it was described; the greater wins over another description of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Gone,
    Going,
    Coming,
    Unsaid,
    Usable,
}

impl Standing {
    /// From a `State` or `Status` text in lower case.
    fn of(state: Option<&str>) -> Self {
        match state {
            None => Self::Unsaid,
            Some("available" | "in-use" | "active" | "associated" | "running") => Self::Usable,
            Some(
                "deleting" | "failing" | "rejecting" | "expiring" | "detaching" | "disassociating" | "shutting-down",
            ) => Self::Going,
            Some(gone)
                if gone.starts_with("delete") || matches!(gone, "failed" | "rejected" | "expired" | "terminated") =>
            {
                Self::Gone
            }
            Some(_) => Self::Coming,
        }
    }
}

/// The best description of each thing: the most usable, then the one with the most addresses or routes, then the greater
/// value, in which a field that was said outdoes one that was not.
#[derive(Debug)]
struct Best<T>(BTreeMap<String, (Standing, usize, T)>);

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Best<T> {
    fn offer(&mut self, id: String, standing: Standing, weight: usize, value: T) {
        let offered = (standing, weight, value);
        match self.0.get_mut(&id) {
            Some(kept) if *kept >= offered => {}
            Some(kept) => *kept = offered,
            None => drop(self.0.insert(id, offered)),
        }
    }

    fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        for (id, (standing, weight, value)) in other.0 {
            self.offer(id, standing, weight, value);
        }
    }

    fn into_values(self) -> Vec<T> {
        self.0.into_values().map(|(_, _, value)| value).collect()
    }
}

/// Reads one file: JSON documents one after the other, each a page of describe output or a list of pages.
///
/// The name stands in messages, and gives the prefix list of `get-managed-prefix-list-entries` output if it holds `pl-…`.
/// On an error nothing of the file is taken.
pub fn read_document(name: &str, bytes: &[u8], into: &mut InventoryDraft) -> Result<(), InventoryError> {
    let file = || name.to_owned();
    let text = decode(bytes).ok_or_else(|| InventoryError::Encoding { file: file() })?;
    if pods::read(name, &text, into) {
        return Ok(());
    }
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Json<'_>>() {
        let broken =
            |e: serde_json::Error| InventoryError::Json { file: file(), line: e.line(), reason: e.to_string() };
        documents.push(document.map_err(broken)?);
    }
    if documents.is_empty() {
        return Err(InventoryError::Empty { file: file() });
    }
    let pages: Option<Vec<&Object<'_>>> = documents.iter().flat_map(pages).collect();
    let pages = pages.ok_or_else(|| InventoryError::NotOutput { file: file() })?;
    let mut reader = PageReader::new(name, into);
    for page in pages {
        reader.page(page);
    }
    reader.end();
    Ok(())
}

/// The pages of a document; a `None` for what is no page.
fn pages<'d>(document: &'d Json<'d>) -> Vec<Option<&'d Object<'d>>> {
    let page = |value: &Json<'_>| value.as_object().is_some();
    match document {
        Json::List(list) if list.iter().all(page) => list.iter().map(|value| value.as_object().map(recorded)).collect(),
        value => vec![value.as_object().map(recorded)],
    }
}

/// Recordings of API calls (Cloud Custodian's among them) keep the output one level down, beside the status.
fn recorded<'d>(page: &'d Object<'d>) -> &'d Object<'d> {
    let inner = page.get("data").and_then(Json::as_object);
    inner.filter(|_| page.get("status_code").is_some()).unwrap_or(page)
}

/// Windows PowerShell writes redirected output in UTF-16 with a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        odd.is_empty().then_some(units).and_then(|units| String::from_utf16(&units).ok()).map(Cow::Owned)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    }
}

impl InventoryDraft {
    /// What was left out so far: sorted, each once.
    pub fn warnings(&self) -> Vec<InventoryWarning> {
        self.warnings.iter().cloned().collect()
    }

    /// The pages that were read so far.
    pub const fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Things whose descriptions disagree on what numbers rest on, with the files. One description of each is taken.
    #[must_use]
    pub fn contradictions(&self) -> Vec<String> {
        self.claims.contradictions()
    }

    /// Adds what was read into another: all is as if one had got every file, so that files can be read side by side.
    pub fn merge(&mut self, other: Self) {
        let Self {
            nat_gateways,
            nat_addresses,
            interfaces,
            vpcs,
            subnets,
            route_tables,
            endpoints,
            prefix_lists,
            list_entries,
            flow_logs,
            attachments,
            offered_services,
            whole_service_lists,
            instances,
            tags,
            pods,
            pages,
            claims,
            warnings,
        } = other;
        self.nat_gateways.merge(nat_gateways);
        self.interfaces.merge(interfaces);
        self.vpcs.merge(vpcs);
        self.subnets.merge(subnets);
        self.route_tables.merge(route_tables);
        self.endpoints.merge(endpoints);
        self.prefix_lists.merge(prefix_lists);
        self.flow_logs.merge(flow_logs);
        self.attachments.merge(attachments);
        self.offered_services.merge(offered_services);
        self.instances.merge(instances);
        for (id, addresses) in nat_addresses {
            self.nat_addresses.entry(id).or_default().extend(addresses);
        }
        for (id, cidrs) in list_entries {
            self.list_entries.entry(id).or_default().extend(cidrs);
        }
        if self.tags.is_empty() {
            self.tags = tags;
        } else {
            for (id, values_of) in tags {
                let known = self.tags.entry(id).or_default();
                for (key, values) in values_of {
                    known.entry(key).or_default().extend(values);
                }
            }
        }
        self.whole_service_lists.extend(whole_service_lists);
        self.pods.extend(pods);
        self.pages.merge(pages);
        self.claims.merge(claims);
        self.warnings.extend(warnings);
    }

    /// The inventory of everything that was read.
    #[must_use]
    pub fn finish(mut self) -> Inventory {
        for id in self.list_entries.keys() {
            let bare = PrefixList { id: id.clone(), name: None, cidrs: None, region: None };
            self.prefix_lists.offer(id.clone(), Standing::Gone, 0, bare);
        }
        let mut prefix_lists = self.prefix_lists.into_values();
        for list in &mut prefix_lists {
            list.cidrs = self.list_entries.remove(&list.id).map(|cidrs| cidrs.into_iter().collect());
        }
        let mut nat_gateways = self.nat_gateways.into_values();
        for nat in &mut nat_gateways {
            add_addresses(nat, self.nat_addresses.remove(&nat.id).unwrap_or_default());
        }
        Inventory::new(InventoryParts {
            nat_gateways,
            interfaces: self.interfaces.into_values(),
            vpcs: self.vpcs.into_values(),
            subnets: self.subnets.into_values(),
            route_tables: self.route_tables.into_values(),
            endpoints: self.endpoints.into_values(),
            prefix_lists,
            flow_logs: self.flow_logs.into_values(),
            attachments: self.attachments.into_values(),
            offered_services: self.offered_services.into_values(),
            whole_service_lists: self.whole_service_lists,
            instances: self.instances.into_values(),
            tags: self.tags,
            pods: self.pods.into_iter().collect(),
            lacking: Described::ALL.into_iter().filter(|kind| !self.pages.has(kind.key())).collect(),
        })
    }
}

fn add_addresses(nat: &mut NatGateway, addresses: BTreeSet<NatAddress>) {
    let (mut interfaces, mut zones) = (BTreeSet::new(), BTreeSet::new());
    for address in addresses {
        push_new(&mut nat.private_addrs, address.private);
        push_new(&mut nat.public_addrs, address.public);
        interfaces.extend(address.interface);
        zones.extend(address.az_id);
    }
    nat.interfaces = interfaces.into_iter().collect();
    nat.az_ids = zones.into_iter().collect();
}

fn push_new<T: PartialEq>(values: &mut Vec<T>, value: Option<T>) {
    values.extend(value.filter(|value| !values.contains(value)));
}

#[cfg(test)]
mod tests;
