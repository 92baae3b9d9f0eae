//! What crosses from one known VPC to another over peering or a transit gateway: each conversation once, though the interfaces
//! at both its ends may be logged. Beside the count of NAT bytes, which it never touches.

use super::fold::{RowSum, RowSums};
use super::hours::HourLists;
use super::rollup::{Rollup, SourceId};
use super::routes::Routes;
use super::vantage::Vantage;
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::bytes::Bytes;
use crate::model::custom::{CustomFlow, CustomKey, CustomPath};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// What crossings are told apart by: as many rows as there are servers and ports, however many the clients' ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CrossKey {
    /// Index of the interface.
    pub interface: u32,
    /// Hours since 1970 of `start`.
    pub hour: u32,
    /// Who asks.
    pub client: AddrId,
    /// Who serves.
    pub server: AddrId,
    /// The server's port; 0 where the ports do not tell who serves.
    pub port: u16,
}

/// What crossed from one known VPC to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crossings {
    /// By key, sorted.
    pub flows: Vec<CustomFlow>,
    /// Crossed too, but the ports do not tell which end serves.
    pub undecided: RowSum,
}

/// Which end an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Own {
    Client,
    Server,
}

/// A pair of ends as one interface has it.
#[derive(Clone, Debug)]
struct Standing<'a> {
    own: Own,
    client_vpc: &'a str,
    server_vpc: &'a str,
    path: CustomPath,
}

/// An address in a VPC. Accounts share private addresses.
type Place<'a> = (&'a str, AddrId);

/// Sums up crossings inside the window, every byte once.
///
/// Only an interface that has one of the two addresses speaks, by the flow log that speaks for it in that hour. A client's
/// interface that has the pair at all wins in every hour in which it has a record of any kind, as a NAT gateway's does over its
/// clients'; the server's serves elsewhere. By the pair's own records alone a record that begins on the other side of the hour
/// at the other end would count twice. `passes_on` says which interfaces carry what others send.
#[must_use]
pub fn settle(
    rollup: &Rollup,
    crossings: &HourLists<(CrossKey, SourceId)>,
    vantage: &Vantage,
    routes: &Routes<'_>,
    passes_on: impl Fn(u32) -> bool,
) -> Crossings {
    let mut settler = Settler { rollup, routes, standings: HashMap::new(), speakers: HashMap::new() };
    let speaks = |key: &CrossKey, source| vantage.speaks(key.interface, key.hour, source) && !passes_on(key.interface);
    crossings.for_each(|&(key, source), hours| {
        for key in hours.map(|(hour, _)| CrossKey { hour, ..key }).filter(|key| speaks(key, source)) {
            if let Some(standing) = settler.standing(&key) {
                settler.hear(&key, &standing);
            }
        }
    });
    let at_clients = settler.interfaces_of_clients();
    let of_clients: HashSet<u32> = at_clients.values().flatten().copied().collect();
    let covered = vantage.covered(rollup, |interface, _| of_clients.contains(&interface).then_some(interface));
    let mut sums: BTreeMap<CustomKey, [RowSum; 2]> = BTreeMap::new();
    let mut undecided = RowSum::default();
    let mut settle = |key: &CrossKey, row: &RowSums| {
        let Some(standing) = settler.standings.get(&(key.interface, key.client, key.server)).and_then(Option::as_ref)
        else {
            return;
        };
        let client_speaks = || {
            let interfaces = at_clients.get(&(standing.client_vpc, key.client, key.server));
            interfaces.into_iter().flatten().any(|&interface| covered.contains(&(interface, key.hour)))
        };
        if !settler.is_speaker(key, standing) || standing.own == Own::Server && client_speaks() {
            return;
        }
        if key.port == 0 {
            undecided.add(row.along.records + row.against.records, row.along.bytes + row.against.bytes);
            return;
        }
        let [up, down] = sums.entry(settler.custom_key(key, standing)).or_default();
        up.add(row.along.records, row.along.bytes);
        down.add(row.against.records, row.against.bytes);
    };
    crossings.for_each(|&(key, source), hours| {
        for (key, sums) in hours.map(|(hour, sums)| (CrossKey { hour, ..key }, sums)) {
            if speaks(&key, source) {
                settle(&key, &sums);
            }
        }
    });
    let flow = |(key, [up, down]): (CustomKey, [RowSum; 2])| CustomFlow {
        key,
        upload: Bytes::new(up.bytes),
        download: Bytes::new(down.bytes),
    };
    Crossings { flows: sums.into_iter().map(flow).collect(), undecided }
}

struct Settler<'a> {
    rollup: &'a Rollup,
    routes: &'a Routes<'a>,
    standings: HashMap<(u32, AddrId, AddrId), Option<Standing<'a>>>,
    /// The interfaces that had records of their own address, by address and hour.
    speakers: HashMap<(Place<'a>, u32), Vec<u32>>,
}

impl<'a> Settler<'a> {
    fn standing(&mut self, key: &CrossKey) -> Option<Standing<'a>> {
        let id = (key.interface, key.client, key.server);
        if let Some(known) = self.standings.get(&id) {
            return known.clone();
        }
        let standing = self.find_standing(key);
        self.standings.insert(id, standing.clone());
        standing
    }

    /// `None` where the interface is neither end, where it is not known which VPC the other end is in, where an end only passes
    /// on or is AWS's own, or where the subnet's route table leads by neither peering nor a transit gateway.
    fn find_standing(&self, key: &CrossKey) -> Option<Standing<'a>> {
        let slot = &self.rollup.interfaces[key.interface as usize];
        let said = |sym| Some(self.rollup.symbols.text(sym)).filter(|text| !text.is_empty());
        let name = self.rollup.symbols.text(slot.name);
        let vpc = self.routes.vpc_of(name).or_else(|| said(slot.facts.vpc))?;
        let (client, server) = (self.addr(key.client), self.addr(key.server));
        let (client_vpcs, server_vpcs) = (self.routes.vpcs_at(client), self.routes.vpcs_at(server));
        // A VPC's own blocks are local to it: where they hold both ends, nothing left it.
        let (own, here, there, others) = match (client_vpcs.contains(&vpc), server_vpcs.contains(&vpc)) {
            (true, false) => (Own::Client, client, server, server_vpcs),
            (false, true) => (Own::Server, server, client, client_vpcs),
            _ => return None,
        };
        let [other] = others[..] else { return None };
        if self.routes.knows(name) && !self.routes.owns(name, here) {
            return None;
        }
        let at = || self.routes.subnet_at(vpc, "", here);
        let (client_vpc, server_vpc) = if own == Own::Client { (vpc, other) } else { (other, vpc) };
        if self.routes.carries_at(client_vpc, client) || self.routes.is_aws_at(server_vpc, server) {
            return None;
        }
        let subnet = self.routes.subnet_of(name).or_else(|| said(slot.facts.subnet)).or_else(at)?;
        let path = self.routes.crossing(subnet, there)?;
        Some(Standing { own, client_vpc, server_vpc, path })
    }

    fn addr(&self, id: AddrId) -> Addr {
        self.rollup.addrs.addr(id)
    }

    fn hear(&mut self, key: &CrossKey, standing: &Standing<'a>) {
        let speakers = self.speakers.entry((own_place(key, standing), key.hour)).or_default();
        if !speakers.contains(&key.interface) {
            speakers.push(key.interface);
        }
    }

    /// Of several interfaces that had an address in one hour, the one that the inventory gives it to, else the first by name.
    fn is_speaker(&self, key: &CrossKey, standing: &Standing<'a>) -> bool {
        let place = own_place(key, standing);
        let owner = self.routes.interface_at(place.0, self.addr(place.1));
        let rank = |interface: u32| {
            let name = self.rollup.symbols.text(self.rollup.interfaces[interface as usize].name);
            (owner != Some(name), name)
        };
        let speakers = self.speakers.get(&(place, key.hour));
        speakers.into_iter().flatten().all(|&other| rank(key.interface) <= rank(other))
    }

    /// The interfaces of a client that ever had a record of a pair: by VPC, client and server.
    fn interfaces_of_clients(&self) -> HashMap<(&'a str, AddrId, AddrId), Vec<u32>> {
        let mut found: HashMap<(&'a str, AddrId, AddrId), Vec<u32>> = HashMap::new();
        for (&(interface, client, server), standing) in &self.standings {
            if let Some(standing) = standing.as_ref().filter(|standing| standing.own == Own::Client) {
                found.entry((standing.client_vpc, client, server)).or_default().push(interface);
            }
        }
        found
    }

    fn custom_key(&self, key: &CrossKey, standing: &Standing<'a>) -> CustomKey {
        let said = self.rollup.symbols.text(self.rollup.interfaces[key.interface as usize].facts.az);
        let az = |vpc, id, own| {
            let known = self.routes.az_at(vpc, self.addr(id));
            known.or_else(|| Some(said).filter(|az| standing.own == own && !az.is_empty())).map(str::to_owned)
        };
        CustomKey {
            client_vpc: standing.client_vpc.to_owned(),
            client_az: az(standing.client_vpc, key.client, Own::Client),
            peer_vpc: standing.server_vpc.to_owned(),
            peer_az: az(standing.server_vpc, key.server, Own::Server),
            peer: self.addr(key.server),
            port: Some(key.port),
            path: standing.path.clone(),
        }
    }
}

const fn own_place<'a>(key: &CrossKey, standing: &Standing<'a>) -> Place<'a> {
    match standing.own {
        Own::Client => (standing.client_vpc, key.client),
        Own::Server => (standing.server_vpc, key.server),
    }
}

#[cfg(test)]
mod tests;
