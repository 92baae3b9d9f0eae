//! Records of every other interface: NAT traffic only where a route table or the record's next hop says so.

use super::told::Told;
use super::{Basis, CountedPair, CountedRow, Fate, GatewayCount, Resolver, Way};
use crate::count::fold::{NOT_NAT, RowKey, RowSum, SOME_NAT, Seen};
use crate::count::legs::Shape;
use crate::count::roles::{NatSide, Role};
use crate::count::vantage::hour_of;
use crate::model::addr_table::AddrId;
use crate::model::flow::Direction;
use crate::model::symbols::Sym;
use std::sync::Arc;

/// What becomes of an hour of a client's list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The same bytes again.
    Mirror,
    /// Perhaps the same bytes again.
    Waits,
    /// Past the gateway.
    Past,
    Counts,
}

/// The gateway to which a client's routes lead, and the first hour in which they may not any more.
type Led = (u32, u32);

impl Resolver<'_> {
    /// A list of any other interface: NAT traffic only where a route table or the record's next hop says so.
    pub(super) fn at_client(&mut self, told: &Told) -> Fate {
        let key = &told.key;
        if self.carrier[key.interface as usize] {
            return Fate::NotNat;
        }
        let Some(((gateway, until), way)) = self.gateway_and_way(told) else { return Fate::NotNat };
        let known = &mut self.gateways[gateway as usize].client_interface;
        *known = Some(known.map_or(key.interface, |known| known.min(key.interface)));
        let (client, remote, label) = match way {
            Way::Up => (key.from, key.to, key.to_label),
            Way::Down => (key.to, key.from, key.from_label),
        };
        Fate::Client(CountedPair { gateway, client, remote, label, basis: Basis::Pair, port: key.port }, way, until)
    }

    /// Counts the hours of a client's list in which the gateway's own records do not tell.
    pub(super) fn settle_client(&mut self, told: &Told, pair: CountedPair, (way, until): (Way, u32)) {
        let (gateway, lists, vantage) = (pair.gateway, Arc::clone(&self.lists), self.vantage);
        // What the record names is the gateway of its hour; a route may lead elsewhere by now.
        let next_hop = self.rollup.symbols.text(told.key.next_hop);
        let is_named = !matches!(next_hop, "" | SOME_NAT);
        let has_to_wait = !is_named && self.has_to_wait(gateway);
        let covered = &self.covered;
        let place = |hour: u32| {
            if hour >= until {
                Place::Past
            } else if covered.contains(&(gateway, hour)) {
                Place::Mirror
            } else if has_to_wait {
                Place::Waits
            } else {
                Place::Counts
            }
        };
        let [mut counts, mut waits, mut mirror, mut past] = [RowSum::default(); 4];
        for (hour, sums) in told.hours(&lists, vantage) {
            let sum = match place(hour) {
                Place::Mirror => &mut mirror,
                Place::Waits => &mut waits,
                Place::Past => &mut past,
                Place::Counts => &mut counts,
            };
            sum.add(sums.along.records, sums.along.bytes);
        }
        for (here, sum, rows) in [(Place::Counts, counts, &mut self.rows), (Place::Waits, waits, &mut self.waiting)] {
            if sum.records == told.sum().records {
                told.push_to(rows, pair, way, &lists, vantage);
            } else if sum.records > 0 {
                for (hour, sums) in told.hours(&lists, vantage).filter(|(hour, _)| place(*hour) == here) {
                    rows.push(&CountedRow::of_hour(pair, way, hour, &sums));
                }
            }
        }
        self.mirror.add(mirror.records, mirror.bytes);
        if next_hop == SOME_NAT {
            self.unnamed_gateway.add(past.records, past.bytes);
        }
        self.counted.add(counts.records + waits.records, counts.bytes + waits.bytes);
        if counts.records > 0 {
            let count = &mut self.gateways[gateway as usize];
            count.covered = true;
            count.records.clients += counts.records;
        }
        if counts.records + waits.records > 0 {
            self.hear_of(pair, told.key.interface);
        }
    }

    /// Keeps what the records of this interface say of where a client is.
    fn hear_of(&mut self, pair: CountedPair, interface: u32) {
        let gateways = self.told_by.entry(interface).or_default();
        if !gateways.contains(&pair.gateway) {
            gateways.push(pair.gateway);
        }
        let facts = self.rollup.interfaces[interface as usize].facts;
        let (vpc, az) = (facts.vpc, facts.az);
        // The same client may be logged at several interfaces: one of their words, and not a mixture.
        let text = |(vpc, az): (Sym, Sym)| (vpc.is_none(), self.rollup.symbols.text(vpc), self.rollup.symbols.text(az));
        self.client_facts
            .entry((pair.gateway, pair.client))
            .and_modify(|known| *known = if text((vpc, az)) < text(*known) { (vpc, az) } else { *known })
            .or_insert((vpc, az));
    }

    fn gateway_and_way(&mut self, told: &Told) -> Option<(Led, Way)> {
        let key = &told.key;
        let way = self.way(key);
        let (up, down) = ((key.from, key.to), (key.to, key.from)); // local, remote
        let next_hop = self.rollup.symbols.text(key.next_hop);
        match next_hop {
            "" | SOME_NAT => {
                let by_route = match way {
                    Some(way) => {
                        let ends = if way == Way::Up { up } else { down };
                        self.routed(key.interface, ends).map(|led| (led, way))
                    }
                    None => match (self.routed(key.interface, up), self.routed(key.interface, down)) {
                        (Some(led), None) => Some((led, Way::Up)),
                        (None, Some(led)) => Some((led, Way::Down)),
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
                Some(((gateway, u32::MAX), way))
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
    fn routed(&mut self, interface: u32, (local, remote): (AddrId, AddrId)) -> Option<Led> {
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
        let led = subnet.and_then(|subnet| self.routes.nat_of(subnet, self.rollup.addrs.addr(remote), self.from));
        // Of the hour in which the endpoint was made nobody knows which part went by it.
        let led = led.map(|led| (self.gateway_named(led.gateway), led.until.map_or(u32::MAX, hour_of)));
        self.route_cache.insert((interface, local, remote), led);
        led
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
