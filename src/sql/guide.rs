//! What the inventory says that a record's fate can depend on, as plain values: the small tables are written from it, and the local
//! engine leaves out by it what no engine needs to hand over.

use super::digest::inventory_digest;
use crate::count::peers::Peers;
use crate::count::roles::{Role, Roles};
use crate::count::routes::Routes;
use crate::model::addr::{Addr, Cidr};
use crate::model::inventory::{Inventory, RouteDestination};
use crate::model::period::{DAY_SECONDS, Window};
use std::collections::{BTreeMap, BTreeSet};

/// IPv4 addresses from one to another, both included.
pub(super) type Span = (u32, u32);

/// Spans with a number for what holds them.
type Holders<S> = Vec<(S, i64)>;

/// An interface or resource that the inventory knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub role: Role,
    /// The route table of its subnet, where a client's is known.
    pub route_key: Option<String>,
}

/// See the module.
#[derive(Debug)]
pub struct Guide<'a> {
    pub(super) roles: &'a Roles,
    pub(super) known: BTreeMap<String, Known>,
    /// Of each route table what it sends to a NAT gateway at any time, and to which: disjoint, in order.
    pub(super) routes: BTreeMap<String, Vec<(Span, String)>>,
    /// What a client can have: private addresses and VPCs' blocks; disjoint, in order.
    pub(super) local: Vec<Span>,
    /// VPCs' blocks with a number, from 1, for the VPCs that hold them; likewise.
    pub(super) holders: Holders<Span>,
    /// The same of IPv6, by the same numbers.
    pub(super) holders6: Holders<(u128, u128)>,
    /// How addresses of VPCs begin: the first of four numbers, or of eight groups.
    pub(super) prefixes: BTreeSet<String>,
    /// Gateways of VPCs in which routes may have been moved from one to another, see [`Routes::may_have_moved`].
    moved: BTreeSet<String>,
    /// When endpoints were made.
    endpoints: Vec<i64>,
    /// [`inventory_digest`].
    pub(super) digest: String,
}

impl<'a> Guide<'a> {
    /// Of a time, from the inventory and the roles that were made of it.
    #[must_use]
    pub fn new(inventory: &Inventory, roles: &'a Roles, window: Window) -> Self {
        let mut known = BTreeMap::new();
        for interface in inventory.interfaces() {
            let role = roles.role(&interface.id);
            // A subnet without a known table leads to no gateway.
            let of_subnet = |subnet: &str| inventory.route_table_of_subnet(subnet).map_or("none", |table| &table.id);
            let route_key = interface.subnet.as_deref().filter(|_| role == Role::Client).map(of_subnet);
            known.insert(interface.id.clone(), Known { role, route_key: route_key.map(str::to_owned) });
        }
        for nat in inventory.nat_gateways() {
            for name in nat.interfaces.iter().chain([&nat.id]) {
                known.insert(name.clone(), Known { role: roles.role(name), route_key: None });
            }
        }
        let blocks: Vec<(&str, Cidr)> =
            inventory.vpcs().flat_map(|vpc| vpc.cidrs.iter().map(|cidr| (vpc.id.as_str(), *cidr))).collect();
        let cidrs: Vec<Cidr> = blocks.iter().map(|(_, cidr)| *cidr).collect();
        let (holders, holders6) = holders(&blocks);
        Self {
            roles,
            known,
            routes: routes(inventory, window),
            local: spans(&[&cidrs[..], &private_blocks()[..]].concat(), |addr| roles.is_local(addr).then_some(()))
                .into_iter()
                .map(|(span, ())| span)
                .collect(),
            holders,
            holders6,
            prefixes: prefixes(&cidrs),
            moved: moved(inventory, window),
            endpoints: inventory.endpoints().filter_map(|endpoint| endpoint.created).collect(),
            digest: inventory_digest(inventory, window),
        }
    }

    /// What tells the inventory from those that decide otherwise, [`inventory_digest`].
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Until when all rows are kept by the hour: the end of the day on which the last endpoint was made in the time. What crossed after
    /// its hour is told from what crossed before.
    #[must_use]
    pub fn by_hour_until(&self, window: Window) -> i64 {
        let end_of_day = |second: i64| (second.div_euclid(DAY_SECONDS) + 1) * DAY_SECONDS;
        let endpoint = self.endpoints.iter().copied().filter(|created| window.contains(*created)).max();
        endpoint.map_or(0, end_of_day)
    }

    /// Gateways whose rows, and those of their clients, are kept by the hour: clients' rows are held hour by hour against those of gateways
    /// by which their bytes may have gone. They are those of which no address is known, and those of VPCs in which routes may have been moved.
    #[must_use]
    pub fn by_hour(&self) -> BTreeSet<String> {
        let routed = self.routes.values().flatten().map(|(_, gateway)| gateway.as_str());
        let named = self.known.keys().filter_map(|name| self.gateway(name));
        let is_unlinked = |id: &&str| match self.roles.role(id) {
            Role::Nat(index) => self.roles.nat(index).own.is_empty() && !self.roles.nat(index).regional,
            _ => true,
        };
        routed.chain(named).filter(is_unlinked).map(str::to_owned).chain(self.moved.iter().cloned()).collect()
    }

    /// How addresses of VPCs begin.
    #[must_use]
    pub const fn prefixes(&self) -> &BTreeSet<String> {
        &self.prefixes
    }

    /// The gateway to which a client's route table sends an address; `None` by no table, or for IPv6.
    pub(super) fn routed(&self, route_key: Option<&str>, addr: Addr) -> Option<&str> {
        let spans = self.routes.get(route_key?)?;
        let at = addr.v4()?;
        let found = spans.partition_point(|((_, last), _)| *last < at);
        spans.get(found).filter(|((first, _), _)| *first <= at).map(|(_, gateway)| gateway.as_str())
    }

    /// The gateway of this name.
    pub(super) fn gateway(&self, name: &str) -> Option<&str> {
        match self.roles.role(name) {
            Role::Nat(index) => Some(&self.roles.nat(index).id),
            _ => None,
        }
    }

    /// The public addresses of things in known VPCs, in every form that a record can show.
    pub(super) fn peers(&self) -> BTreeSet<String> {
        let peers: &Peers = self.roles.peers();
        peers.addrs().flat_map(|addr| [Some(addr), addr.to_nat64()]).flatten().map(Addr::spelled_out).collect()
    }
}

/// Blocks between which [`Addr::is_private`] changes.
fn private_blocks() -> Vec<Cidr> {
    const BLOCKS: [&str; 9] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "127.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
    ];
    BLOCKS.iter().filter_map(|block| Cidr::parse(block)).collect()
}

/// The IPv4 addresses of which something holds, by what holds: it may change only where a block begins or ends.
fn spans<T: PartialEq>(blocks: &[Cidr], what: impl Fn(Addr) -> Option<T>) -> Vec<(Span, T)> {
    let mut begins: BTreeSet<u32> = BTreeSet::from([0]);
    for cidr in blocks {
        if let (Some(first), Some(last)) = (cidr.first().v4(), cidr.last().v4()) {
            begins.insert(first);
            begins.extend(last.checked_add(1));
        }
    }
    let begins: Vec<u32> = begins.into_iter().collect();
    let mut found: Vec<(Span, T)> = Vec::new();
    for (at, &first) in begins.iter().enumerate() {
        let last = begins.get(at + 1).map_or(u32::MAX, |next| next - 1);
        let Some(value) = what(Addr::from_v4(first)) else { continue };
        match found.last_mut() {
            Some(((_, end), before)) if *before == value && end.checked_add(1) == Some(first) => *end = last,
            _ => found.push(((first, last), value)),
        }
    }
    found
}

fn routes(inventory: &Inventory, window: Window) -> BTreeMap<String, Vec<(Span, String)>> {
    let mut of_table: BTreeMap<String, Vec<(Span, String)>> = BTreeMap::new();
    // An association and an interface name subnets that nobody described, too.
    let of_tables = inventory.route_tables().flat_map(|table| &table.subnets);
    let of_interfaces = inventory.interfaces().filter_map(|interface| interface.subnet.as_ref());
    let described = inventory.subnets().map(|subnet| &subnet.id);
    let subnets: BTreeSet<&String> = described.chain(of_tables).chain(of_interfaces).collect();
    for subnet in subnets {
        let Some(table) = inventory.route_table_of_subnet(subnet) else { continue };
        if of_table.contains_key(&table.id) {
            continue;
        }
        let vpc = table.vpc.as_deref().and_then(|vpc| inventory.vpc(vpc));
        let mut blocks: Vec<Cidr> = vpc.into_iter().flat_map(|vpc| vpc.cidrs.iter().copied()).collect();
        for route in &table.routes {
            match &route.destination {
                RouteDestination::Cidr(cidr) => blocks.push(*cidr),
                RouteDestination::PrefixList(list) => blocks.extend(inventory.list_entries(list).unwrap_or_default()),
            }
        }
        let to_gateway = |addr| Some(Routes::new(inventory).nat_of(subnet, addr, window.start)?.gateway.to_owned());
        of_table.insert(table.id.clone(), spans(&blocks, to_gateway));
    }
    of_table
}

fn moved(inventory: &Inventory, window: Window) -> BTreeSet<String> {
    let moved = Routes::new(inventory).may_have_moved(window.start);
    let vpcs: BTreeSet<&str> = moved.iter().filter_map(|id| inventory.nat_gateway(id)?.vpc.as_deref()).collect();
    let of_vpc = |vpc: Option<&str>| vpc.is_some_and(|vpc| vpcs.contains(vpc));
    let beside = inventory.nat_gateways().filter(|gateway| of_vpc(gateway.vpc.as_deref()));
    moved.iter().map(|id| (*id).to_owned()).chain(beside.map(|gateway| gateway.id.clone())).collect()
}

fn holders(blocks: &[(&str, Cidr)]) -> (Holders<Span>, Holders<(u128, u128)>) {
    let all: Vec<Cidr> = blocks.iter().map(|(_, cidr)| *cidr).collect();
    let of = |addr: Addr| -> Option<BTreeSet<&str>> {
        let holders: BTreeSet<&str> =
            blocks.iter().filter(|(_, cidr)| cidr.contains(addr)).map(|(vpc, _)| *vpc).collect();
        (!holders.is_empty()).then_some(holders)
    };
    let mut numbers: BTreeMap<BTreeSet<&str>, i64> = BTreeMap::new();
    let mut number = |holders| {
        let next = i64::try_from(numbers.len()).unwrap_or(i64::MAX - 1) + 1;
        *numbers.entry(holders).or_insert(next)
    };
    let of_v4 = spans(&all, of).into_iter().map(|(span, holders)| (span, number(holders))).collect();
    let v6 = all.iter().filter(|cidr| cidr.first().v4().is_none());
    let begins: BTreeSet<u128> =
        v6.flat_map(|cidr| [Some(cidr.first().bits()), cidr.last().bits().checked_add(1)]).flatten().collect();
    let ends = begins.iter().skip(1).map(|next| next - 1).chain([u128::MAX]);
    let of_v6 = begins.iter().zip(ends).filter_map(|(first, last)| {
        let holders = of(Addr::from_v6(*first))?;
        Some(((*first, last), number(holders)))
    });
    let of_v6 = of_v6.collect();
    (of_v4, of_v6)
}

fn prefixes(cidrs: &[Cidr]) -> BTreeSet<String> {
    let mut prefixes = BTreeSet::new();
    for cidr in cidrs {
        match (cidr.first().v4(), cidr.last().v4()) {
            (Some(first), Some(last)) => prefixes.extend((first >> 24..=last >> 24).map(|octet| octet.to_string())),
            _ => prefixes
                .extend((cidr.first().bits() >> 112..=cidr.last().bits() >> 112).map(|group| format!("{group:04x}"))),
        }
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_spans_say_what_roles_say() {
        let cidr = |text: &str| Cidr::parse(text).expect("a block");
        let roles = Roles::new(vec![cidr("100.0.0.0/16"), cidr("10.1.0.0/16"), cidr("198.17.255.0/24")]);
        let guide = Guide::new(&Inventory::default(), &roles, Window { start: 0, end: 1 });
        let spans =
            spans(&[&private_blocks()[..], &[cidr("100.0.0.0/16"), cidr("198.17.255.0/24")]].concat(), |addr| {
                roles.is_local(addr).then_some(())
            });
        assert!(guide.local.len() <= spans.len());
        let holds = |at: u32| spans.iter().any(|((first, last), ())| (*first..=*last).contains(&at));
        for at in (0..=u32::MAX).step_by(9_973).chain(
            spans.iter().flat_map(|((first, last), ())| [*first, *last, first.wrapping_sub(1), last.wrapping_add(1)]),
        ) {
            assert_eq!(holds(at), roles.is_local(Addr::from_v4(at)), "{}", Addr::from_v4(at));
        }
    }
}
