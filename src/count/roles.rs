//! What an interface or resource is to the counter, as far as the inventory knows before any record is read.

use super::peers::Peers;
use crate::model::addr::{Addr, Cidr};
use crate::model::flow::FlowRecord;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// The addresses of one NAT gateway and how it can be recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NatSide {
    /// `nat-...`; the interface id where only that is known.
    pub id: String,
    /// Private addresses, secondary ones included.
    pub own: Vec<Addr>,
    /// Public addresses.
    pub public: Vec<Addr>,
    /// A regional gateway: no interface, records under its resource id.
    pub regional: bool,
    /// A private NAT gateway: its remotes are private as well.
    pub private: bool,
}

/// What an interface is to the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The interface (or resource id) of this gateway: index into [`Roles::nats`].
    Nat(u32),
    /// Known, and passes on what others send: none of its traffic is its own.
    Carrier,
    /// Known, and none of its traffic can be NAT traffic by any route table.
    Quiet,
    /// Known, and a route of its subnet leads to a NAT gateway.
    Client,
    /// Not in the inventory: kept whole until all records are read.
    Unknown,
}

/// The roles of all known interfaces, and what counts as a client's address.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    nats: Vec<NatSide>,
    by_name: HashMap<Box<str>, Role>,
    vpc_cidrs: Vec<Cidr>,
    peers: Peers,
    ports: BTreeSet<u16>,
}

/// Of everything that a record can meet on its way into a fold, whatever the order of the tables.
impl Hash for Roles {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { nats, by_name, vpc_cidrs, peers, ports } = self;
        let mut names: Vec<(&str, Role)> = by_name.iter().map(|(name, role)| (&**name, *role)).collect();
        names.sort_unstable();
        (nats, names, vpc_cidrs, peers, ports).hash(state);
    }
}

impl Roles {
    /// Roles with these known VPC blocks.
    #[must_use]
    pub fn new(vpc_cidrs: Vec<Cidr>) -> Self {
        Self { vpc_cidrs, ..Self::default() }
    }

    /// Sets who may serve clients of another VPC.
    pub fn set_peers(&mut self, peers: Peers) {
        self.peers = peers;
    }

    /// Who may serve clients of another VPC.
    #[inline]
    #[must_use]
    pub const fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Sets the ports that are kept wherever a remote serves at them: a naming rule asks for them.
    pub fn set_ports(&mut self, ports: impl IntoIterator<Item = u16>) {
        self.ports = ports.into_iter().collect();
    }

    /// The ports that are kept wherever a remote serves at them.
    #[must_use]
    pub const fn ports(&self) -> &BTreeSet<u16> {
        &self.ports
    }

    /// Whether ports can matter in the records of an interface of this role, or with `None` of any.
    #[must_use]
    pub fn wants_ports(&self, role: Option<Role>) -> bool {
        // What crosses from one VPC to another is looked for where traffic is an interface's own.
        let crossing = !matches!(role, Some(Role::Nat(_) | Role::Carrier));
        !self.ports.is_empty() || self.peers.wants_ports(crossing)
    }

    /// The port of the remote if it is one of those that are kept, else 0. `remote` and `other` are the record's ports by end,
    /// as far as the ends are known; of two ports that are kept the lower one is taken.
    #[inline]
    #[must_use]
    pub fn kept_port(&self, record: &FlowRecord, remote_is_src: Option<bool>) -> u16 {
        if self.ports.is_empty() {
            return 0;
        }
        let kept = |port: Option<u16>| port.filter(|port| self.ports.contains(port));
        let port = match remote_is_src {
            Some(true) => kept(record.src_port),
            Some(false) => kept(record.dst_port),
            None => kept(record.src_port).into_iter().chain(kept(record.dst_port)).min(),
        };
        port.unwrap_or(0)
    }

    /// Adds a gateway under its names: interface ids and, for a regional gateway, its own id.
    pub fn add_nat(&mut self, side: NatSide, names: impl IntoIterator<Item = String>) -> u32 {
        let index = u32::try_from(self.nats.len()).expect("fewer than 2^32 gateways");
        for name in names {
            self.by_name.insert(name.into(), Role::Nat(index));
        }
        self.nats.push(side);
        index
    }

    /// Sets the role of an interface that is no gateway's.
    pub fn set(&mut self, interface: &str, role: Role) {
        self.by_name.entry(interface.into()).or_insert(role);
    }

    /// The role of an interface or resource id.
    #[must_use]
    pub fn role(&self, name: &str) -> Role {
        self.by_name.get(name).copied().unwrap_or(Role::Unknown)
    }

    /// All gateways.
    #[must_use]
    pub fn nats(&self) -> &[NatSide] {
        &self.nats
    }

    /// One gateway, by the index in [`Role::Nat`].
    #[must_use]
    pub fn nat(&self, index: u32) -> &NatSide {
        &self.nats[index as usize]
    }

    /// Whether a client can have the address: private, or inside a known VPC.
    #[inline]
    #[must_use]
    pub fn is_local(&self, addr: Addr) -> bool {
        addr.is_private() || self.in_known_vpc(addr)
    }

    /// Whether the address is on the private side of a log without `pkt-*`: inside a known VPC, or without any known VPC a
    /// private address.
    #[must_use]
    pub fn is_client_without_pkt(&self, addr: Addr) -> bool {
        if self.vpc_cidrs.is_empty() { addr.is_private() } else { self.in_known_vpc(addr) }
    }

    /// Whether only the sums can tell on which side the address is: private, but in none of the known VPCs. It may be a spoke's
    /// that the inventory does not hold, or a host behind a VPN.
    #[must_use]
    pub fn is_doubtful_without_pkt(&self, addr: Addr) -> bool {
        !self.vpc_cidrs.is_empty() && addr.is_private() && !self.in_known_vpc(addr)
    }

    /// Whether the address lies inside a known VPC.
    #[must_use]
    pub fn in_known_vpc(&self, addr: Addr) -> bool {
        self.vpc_cidrs.iter().any(|cidr| cidr.contains(addr))
    }
}
