//! Records of every other interface: NAT traffic only where a route table or the record's next hop says so.

use super::told::Told;
use super::{Basis, CountedPair, CountedRow, Counts, Fate, GatewayCount, Resolver, Way};
use crate::count::fold::{NOT_NAT, RowKey, RowSum, SOME_NAT, Seen};
use crate::count::legs::Shape;
use crate::count::roles::{NatSide, Role};
use crate::model::addr_table::AddrId;
use crate::model::flow::Direction;
use crate::model::symbols::Sym;
use hashbrown::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Resolver<'_> {
    /// A list of any other interface: NAT traffic only where a route table or the record's next hop says so.
    pub(super) fn at_client(&mut self, told: &Told) -> Fate {
        let key = &told.key;
        if self.carrier[key.interface as usize] {
            return Fate::NotNat;
        }
        let Some((gateway, way)) = self.gateway_and_way(told) else { return Fate::NotNat };
        let known = &mut self.gateways[gateway as usize].client_interface;
        *known = Some(known.map_or(key.interface, |known| known.min(key.interface)));
        let (client, remote, label) = match way {
            Way::Up => (key.from, key.to, key.to_label),
            Way::Down => (key.to, key.from, key.from_label),
        };
        Fate::Client(CountedPair { gateway, client, remote, label, basis: Basis::Pair, port: key.port }, way)
    }

    /// Counts the hours of a client's list in which the gateway's own records do not tell.
    pub(super) fn settle_client(&mut self, told: &Told, pair: CountedPair, way: Way) {
        let (gateway, lists, vantage) = (pair.gateway, Arc::clone(&self.lists), self.vantage);
        let mut covered = RowSum::default();
        for (hour, sums) in told.hours(&lists, vantage) {
            if self.cover.tells(gateway, hour) {
                covered.add(sums.along.records, sums.along.bytes);
            }
        }
        self.mirror.add(covered.records, covered.bytes);
        let all = told.sum();
        let counted = RowSum { records: all.records - covered.records, bytes: all.bytes - covered.bytes };
        if counted.records == 0 {
            return;
        }
        self.counted.add(counted.records, counted.bytes);
        self.hear_of(pair, told.key.interface);
        let is_unlinked = self.is_unlinked(gateway);
        let rows = if is_unlinked {
            &mut self.unlinked
        } else {
            let count = &mut self.gateways[gateway as usize];
            count.covered = true;
            count.records.clients += counted.records;
            &mut self.rows
        };
        if covered.records == 0 {
            return told.push_to(rows, pair, way, &lists, vantage);
        }
        for (hour, sums) in told.hours(&lists, vantage) {
            if !self.cover.tells(gateway, hour) {
                rows.push(&CountedRow::of_hour(pair, way, hour, &sums));
            }
        }
    }

    /// Keeps what the records of this interface say of where a client is.
    fn hear_of(&mut self, pair: CountedPair, interface: u32) {
        let facts = self.rollup.interfaces[interface as usize].facts;
        let (vpc, az) = (facts.vpc, facts.az);
        // The same client may be logged at several interfaces: one of their words, and not a mixture.
        let text = |(vpc, az): (Sym, Sym)| (vpc.is_none(), self.rollup.symbols.text(vpc), self.rollup.symbols.text(az));
        self.client_facts
            .entry((pair.gateway, pair.client))
            .and_modify(|known| *known = if text((vpc, az)) < text(*known) { (vpc, az) } else { *known })
            .or_insert((vpc, az));
    }

    fn gateway_and_way(&mut self, told: &Told) -> Option<(u32, Way)> {
        let key = &told.key;
        let way = self.way(key);
        let (up, down) = ((key.from, key.to), (key.to, key.from)); // local, remote
        let next_hop = self.rollup.symbols.text(key.next_hop);
        match next_hop {
            "" | SOME_NAT => {
                let by_route = match way {
                    Some(way) => {
                        let ends = if way == Way::Up { up } else { down };
                        self.routed(key.interface, ends).map(|gateway| (gateway, way))
                    }
                    None => match (self.routed(key.interface, up), self.routed(key.interface, down)) {
                        (Some(gateway), None) => Some((gateway, Way::Up)),
                        (None, Some(gateway)) => Some((gateway, Way::Down)),
                        _ => None,
                    },
                };
                if by_route.is_none() && next_hop == SOME_NAT {
                    let RowSum { records, bytes } = told.sum();
                    self.unnamed_gateway.add(records, bytes);
                }
                by_route
            }
            NOT_NAT => None,
            named => {
                let gateway = self.gateway_named(named);
                let local = |id| self.roles.is_local(self.rollup.addrs.addr(id));
                let way = way.or_else(|| match (local(key.from), local(key.to)) {
                    (true, false) => Some(Way::Up),
                    (false, true) => Some(Way::Down),
                    _ => None,
                })?;
                Some((gateway, way))
            }
        }
    }

    fn way(&self, key: &RowKey) -> Option<Way> {
        match (key.direction, key.seen) {
            (Direction::Egress, _) | (Direction::Unknown, Seen::Raw(Shape::SrcShown)) => return Some(Way::Up),
            (Direction::Ingress, _) | (Direction::Unknown, Seen::Raw(Shape::DstShown)) => return Some(Way::Down),
            _ => {}
        }
        let name = self.rollup.symbols.text(self.rollup.interfaces[key.interface as usize].name);
        let owns = |id| self.routes.owns(name, self.rollup.addrs.addr(id));
        match (owns(key.from), owns(key.to)) {
            (true, false) => Some(Way::Up),
            (false, true) => Some(Way::Down),
            _ => None,
        }
    }

    /// The gateway by which a local address behind the interface reaches a remote.
    fn routed(&mut self, interface: u32, (local, remote): (AddrId, AddrId)) -> Option<u32> {
        if let Some(&known) = self.route_cache.get(&(interface, local, remote)) {
            return known;
        }
        let slot = &self.rollup.interfaces[interface as usize];
        let (name, facts) = (self.rollup.symbols.text(slot.name), &slot.facts);
        // By interface, else by the record's own word, else by the address.
        let said = Some(self.rollup.symbols.text(facts.subnet)).filter(|subnet| !subnet.is_empty());
        let text = |sym| self.rollup.symbols.text(sym);
        // Not where the record names no interface: a regional gateway has none, and in a log without `resource-id` its own records look
        // like that.
        let at = || {
            let local = self.rollup.addrs.addr(local);
            (!name.is_empty()).then(|| self.routes.subnet_at(text(facts.vpc), text(facts.account), local))?
        };
        let subnet = self.routes.subnet_of(name).or(said).or_else(at);
        let gateway = subnet.and_then(|subnet| self.routes.nat_of(subnet, self.rollup.addrs.addr(remote)));
        let gateway = gateway.map(|id| self.gateway_named(id));
        self.route_cache.insert((interface, local, remote), gateway);
        gateway
    }

    /// The gateway of an interface id or gateway id, which is made if nobody knows it yet.
    fn gateway_named(&mut self, name: &str) -> u32 {
        if let Role::Nat(index) = self.roles.role(name) {
            return index;
        }
        let next = u32::try_from(self.gateways.len()).expect("fewer than 2^32 gateways");
        let at = *self.by_id.entry_ref(name).or_insert(next);
        if at == next {
            let side = NatSide { id: name.to_owned(), ..NatSide::default() };
            self.gateways.push(GatewayCount { side, ..GatewayCount::default() });
        }
        at
    }

    /// A gateway named by a route table alone, while an inferred one is known by its interface alone: perhaps the same.
    pub(super) fn is_unlinked(&self, gateway: u32) -> bool {
        let gateway = &self.gateways[gateway as usize];
        gateway.interface.is_none() && gateway.side.own.is_empty() && !gateway.side.regional
    }

    /// Clients' rows by way of a gateway that an inferred one is are the same bytes again in every hour of which its own records tell. It is
    /// the one that shows a row's client and remote, or most of the gateway's clients and remotes: in some hours its log may have no
    /// `pkt-*`, and the interval of a record may begin on the other side of the hour at the other end.
    pub(super) fn leave_out_inferred(&mut self) {
        if self.unlinked.is_empty() {
            return;
        }
        let of_clients: HashSet<_> =
            self.unlinked.pairs().map(|Counts { pair, .. }| (pair.gateway, pair.client, pair.remote)).collect();
        let mut shown: HashMap<(AddrId, AddrId), BTreeSet<u32>> =
            of_clients.iter().map(|&(_, client, remote)| ((client, remote), BTreeSet::new())).collect();
        for Counts { pair, .. } in self.rows.pairs().filter(|of| of.pair.basis == Basis::Pair) {
            if !self.gateways[pair.gateway as usize].known
                && let Some(by) = shown.get_mut(&(pair.client, pair.remote))
            {
                by.insert(pair.gateway);
            }
        }
        let mut in_common: BTreeMap<u32, BTreeMap<u32, usize>> = BTreeMap::new();
        for (gateway, client, remote) in of_clients {
            for inferred in &shown[&(client, remote)] {
                *in_common.entry(gateway).or_default().entry(*inferred).or_default() += 1;
            }
        }
        let with_most = |with: &BTreeMap<u32, usize>| {
            let most = with.values().max().copied();
            with.iter().filter(|(_, number)| Some(**number) == most).map(|(inferred, _)| *inferred).collect()
        };
        let same: BTreeMap<u32, Vec<u32>> =
            in_common.iter().map(|(gateway, with)| (*gateway, with_most(with))).collect();
        let unlinked = std::mem::take(&mut self.unlinked);
        for row in unlinked.iter() {
            let by = &shown[&(row.pair.client, row.pair.remote)];
            let is = same.get(&row.pair.gateway).into_iter().flatten();
            if by.iter().chain(is).any(|gateway| self.cover.tells(*gateway, row.hour)) {
                self.is_mirror(row.records, row.upload + row.download);
                continue;
            }
            let gateway = &mut self.gateways[row.pair.gateway as usize];
            gateway.covered = true;
            gateway.records.clients += row.records;
            self.rows.push(&row);
        }
    }
}

/// Interfaces that pass on what others send: their records are no client's.
#[must_use]
pub fn carries_for_others(interface_type: &str) -> bool {
    matches!(
        interface_type,
        "nat_gateway"
            | "regional_nat_gateway"
            | "transit_gateway"
            | "vpc_endpoint"
            | "gateway_load_balancer"
            | "gateway_load_balancer_endpoint"
            | "network_load_balancer"
    )
}
