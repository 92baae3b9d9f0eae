//! Who may serve clients of another VPC: the public addresses of things in known VPCs, and the VPCs' own blocks. Built from the
//! inventory before any record is read, so that ports are kept where they can matter and nowhere else.

use super::legs::Ends;
use crate::model::addr::{Addr, Cidr};
use crate::model::flow::FlowRecord;
use crate::model::inventory::Inventory;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

/// The VPC behind a public address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicPeer {
    /// Its VPC.
    pub vpc: String,
    /// Its AZ id; `None` where it is not known, or not one.
    pub az: Option<String>,
}

/// A record between two VPCs, seen as a client's and a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Who asks; the larger address where the port does not tell.
    pub client: Addr,
    /// Who serves.
    pub server: Addr,
    /// The server's port, 0 where the ports do not tell which end serves.
    pub port: u16,
    /// Whether the record's bytes went from the client to the server.
    pub up: bool,
}

/// Ports from here on are taken at random by clients (Linux: 32768 to 60999; RFC 6335: 49152 up). Of two such ports nobody
/// can say which one is served.
const EPHEMERAL: u16 = 32_768;

/// Candidates for services in another VPC. Empty without inventory: then nothing is looked up and no port is kept.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    public: HashMap<Addr, PublicPeer>,
    /// Where a span of addresses begins that the same VPCs hold, and a number for those VPCs; [`NOWHERE`] for none.
    spans: Vec<(Addr, u32)>,
}

const NOWHERE: u32 = 0;

impl Hash for Peers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { public, spans } = self;
        let mut public: Vec<_> = public.iter().collect();
        public.sort_unstable();
        (public, spans).hash(state);
    }
}

impl Peers {
    /// The candidates of an account.
    #[must_use]
    pub fn new(inventory: &Inventory) -> Self {
        let blocks = inventory.vpcs().flat_map(|vpc| vpc.cidrs.iter().map(|cidr| (vpc.id.as_str(), *cidr)));
        Self { public: public_peers(inventory), spans: spans(&blocks.collect::<Vec<_>>()) }
    }

    /// Whether [`Peers::served_port`] or, of what is looked at for it, [`Peers::crossing`] can look at ports.
    #[must_use]
    pub fn wants_ports(&self, crossing: bool) -> bool {
        !self.public.is_empty() || crossing && !self.spans.is_empty()
    }

    /// All public addresses of things in known VPCs, in no order.
    pub fn addrs(&self) -> impl Iterator<Item = Addr> {
        self.public.keys().copied()
    }

    /// The VPC behind a public address, or behind the IPv4 address inside a NAT64 one; never a NAT gateway's.
    #[inline]
    #[must_use]
    pub fn public(&self, addr: Addr) -> Option<&PublicPeer> {
        if self.public.is_empty() || addr.is_private() {
            return None;
        }
        self.public.get(&addr.without_nat64())
    }

    /// The port of the end that is a public peer; 0 where neither or each is, or the log does not say. Behind a NAT gateway
    /// that end serves: the gateway lets nobody in. At another interface the peer may as well be a client of something there:
    /// then its port says nothing and would only make rows.
    #[inline]
    #[must_use]
    pub fn served_port(&self, ends: Ends, record: &FlowRecord, at_gateway: bool) -> u16 {
        if self.public.is_empty() {
            return 0;
        }
        let (peer, other) = match (self.public(ends.from).is_some(), self.public(ends.to).is_some()) {
            (false, true) => (record.dst_port, record.src_port),
            (true, false) => (record.src_port, record.dst_port),
            _ => return 0,
        };
        let peer = peer.unwrap_or(0);
        let is_client = !at_gateway && peer >= EPHEMERAL && other.is_some_and(|other| other < EPHEMERAL);
        if is_client { 0 } else { peer }
    }

    /// The record as a crossing from one VPC to another; `None` where it is none, or of a protocol without ports.
    ///
    /// The lower port is the server's; of equal ports that of the smaller address, so that both ends' records agree.
    #[inline]
    #[must_use]
    pub fn crossing(&self, ends: Ends, record: &FlowRecord) -> Option<Crossing> {
        if self.spans.is_empty() {
            return None;
        }
        let (from, to) = (self.holders(ends.from), self.holders(ends.to));
        if from == to || from == NOWHERE || to == NOWHERE {
            return None;
        }
        let smaller_is_from = ends.from < ends.to;
        let (from_serves, port) = match (record.src_port, record.dst_port) {
            (Some(0), Some(0)) => return None,
            (Some(src), Some(dst)) if src.min(dst) > 0 && src.min(dst) < EPHEMERAL => {
                (src < dst || src == dst && smaller_is_from, src.min(dst))
            }
            _ => (smaller_is_from, 0),
        };
        let (client, server) = if from_serves { (ends.to, ends.from) } else { (ends.from, ends.to) };
        Some(Crossing { client, server, port, up: !from_serves })
    }

    #[inline]
    fn holders(&self, addr: Addr) -> u32 {
        let at = self.spans.partition_point(|(first, _)| *first <= addr);
        if at == 0 { NOWHERE } else { self.spans[at - 1].1 }
    }
}

/// Public addresses of interfaces but those of NAT gateways. One that two VPCs had at different times is nobody's.
fn public_peers(inventory: &Inventory) -> HashMap<Addr, PublicPeer> {
    let of_gateways: BTreeSet<Addr> =
        inventory.nat_gateways().flat_map(|nat| nat.public_addrs.iter().copied()).collect();
    let mut found: BTreeMap<Addr, BTreeSet<(&str, Option<&str>)>> = BTreeMap::new();
    for interface in inventory.interfaces() {
        let is_nat = matches!(interface.kind.as_deref(), Some("nat_gateway" | "natGateway"));
        let Some(vpc) = interface.vpc.as_deref().filter(|_| !is_nat) else { continue };
        let of_subnet = || inventory.subnet(interface.subnet.as_deref()?)?.az_id.as_deref();
        let az = interface.az_id.as_deref().or_else(of_subnet);
        for addr in interface.public_addr.iter().chain(&interface.other_public_addrs) {
            if !of_gateways.contains(addr) {
                found.entry(*addr).or_default().insert((vpc, az));
            }
        }
    }
    let peer = |holders: BTreeSet<(&str, Option<&str>)>| {
        let (vpc, az) = *holders.first()?;
        let one_az = holders.len() == 1;
        let one_vpc = holders.iter().all(|(other, _)| *other == vpc);
        one_vpc.then(|| PublicPeer { vpc: vpc.to_owned(), az: az.filter(|_| one_az).map(str::to_owned) })
    };
    found.into_iter().filter_map(|(addr, holders)| Some((addr, peer(holders)?))).collect()
}

/// The blocks as disjoint spans, each with a number for the VPCs that hold it; none unless two differ.
fn spans(blocks: &[(&str, Cidr)]) -> Vec<(Addr, u32)> {
    let after = |cidr: Cidr| cidr.last().bits().checked_add(1).map(Addr::from_v6);
    let begins: BTreeSet<Addr> =
        blocks.iter().flat_map(|(_, cidr)| [Some(cidr.first()), after(*cidr)]).flatten().collect();
    let mut numbers: BTreeMap<BTreeSet<&str>, u32> = BTreeMap::from([(BTreeSet::new(), NOWHERE)]);
    let mut spans: Vec<(Addr, u32)> = Vec::new();
    for begin in begins {
        let holders = blocks.iter().filter(|(_, cidr)| cidr.contains(begin)).map(|(vpc, _)| *vpc).collect();
        let next = u32::try_from(numbers.len()).expect("fewer than 2^32 blocks");
        let number = *numbers.entry(holders).or_insert(next);
        if spans.last().is_none_or(|(_, last)| *last != number) {
            spans.push((begin, number));
        }
    }
    if numbers.len() > 2 { spans } else { Vec::new() }
}

#[cfg(test)]
mod tests;
