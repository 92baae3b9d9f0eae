//! Where a client is: its VPC and AZ, by the inventory, else by its own records.

use super::table::Table;
use crate::count::resolve::{Basis, Counted};
use crate::count::rollup::Rollup;
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::inventory::{Inventory, NatGateway, Vpc};
use crate::model::symbols::Sym;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// VPC and AZ of a client; `None` is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// VPC id.
    pub vpc: Option<String>,
    /// AZ id.
    pub az: Option<String>,
    /// The other NAT gateway that the client is: what it sends was sent to it by clients of its own.
    pub relay: Option<String>,
}

/// Places by client, each worked out once.
pub(super) struct Places<'a> {
    rollup: &'a Rollup,
    inventory: &'a Inventory,
    gateways: Vec<Option<&'a NatGateway>>,
    /// The gateways' interfaces in the rollup.
    interfaces: Vec<Option<u32>>,
    facts: HashMap<(u32, AddrId), (Sym, Sym)>,
    /// NAT gateways by VPC and private address.
    relays: HashMap<(&'a str, Addr), &'a str>,
    known: HashMap<(u32, AddrId), u32>,
    table: Table<Place>,
}

impl<'a> Places<'a> {
    pub(super) fn new(counted: &mut Counted, rollup: &'a Rollup, inventory: &'a Inventory) -> Self {
        let by_id: HashMap<&str, &NatGateway> = inventory.nat_gateways().map(|nat| (nat.id.as_str(), nat)).collect();
        let gateways = counted.gateways.iter().map(|g| by_id.get(g.side.id.as_str()).copied()).collect();
        let addrs = |nat: &'a NatGateway| {
            nat.vpc.iter().flat_map(|vpc| nat.private_addrs.iter().map(|addr| ((vpc.as_str(), *addr), nat.id.as_str())))
        };
        Self {
            rollup,
            inventory,
            gateways,
            relays: inventory.nat_gateways().flat_map(addrs).collect(),
            interfaces: counted.gateways.iter().map(|g| g.interface).collect(),
            facts: std::mem::take(&mut counted.client_facts),
            known: HashMap::new(),
            table: Table::default(),
        }
    }

    /// The place of a client of a gateway.
    pub(super) fn of(&mut self, gateway: u32, client: AddrId) -> u32 {
        if let Some(&place) = self.known.get(&(gateway, client)) {
            return place;
        }
        let place = self.find(gateway, client);
        let place = self.table.key(place);
        self.known.insert((gateway, client), place);
        place
    }

    fn find(&self, gateway: u32, client: AddrId) -> Place {
        let addr = self.rollup.addrs.addr(client);
        let said = |sym| Some(self.rollup.symbols.text(sym)).filter(|text| !text.is_empty()).map(str::to_owned);
        let (own_vpc, own_az) = self.facts.get(&(gateway, client)).copied().unwrap_or_default();
        // The client's own record outranks a look-up by address: accounts share private addresses.
        let vpc = said(own_vpc).or_else(|| {
            let known = match self.gateways[gateway as usize] {
                Some(nat) => self.inventory.client_vpc(nat, addr),
                None => self.vpc_by_records(gateway, addr),
            };
            known.map(|vpc| vpc.id.clone())
        });
        let az =
            vpc.as_deref().and_then(|vpc| self.inventory.az_of(vpc, addr)).map(str::to_owned).or_else(|| said(own_az));
        let own = self.gateways[gateway as usize].map(|nat| nat.id.as_str());
        let relay = vpc.as_deref().and_then(|vpc| self.relays.get(&(vpc, addr))).filter(|id| Some(**id) != own);
        let relay = relay.map(|id| (*id).to_owned());
        Place { vpc, az, relay }
    }

    /// The VPC of a client of a gateway that only its records know: the gateway's, or the only one of its account.
    fn vpc_by_records(&self, gateway: u32, addr: Addr) -> Option<&'a Vpc> {
        let facts = self.rollup.interfaces[self.interfaces[gateway as usize]? as usize].facts;
        let said = |sym| Some(self.rollup.symbols.text(sym)).filter(|text| !text.is_empty());
        let holds = |vpc: &&Vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(addr));
        if let Some(own) = said(facts.vpc).and_then(|vpc| self.inventory.vpc(vpc)).filter(holds) {
            return Some(own);
        }
        self.inventory.vpc_of_account(said(facts.account)?, addr)
    }

    /// For each gateway the VPC, the AZ and the relay that all its clients share, each null where they differ (product contract 3).
    pub(super) fn shared_by_gateway(&mut self, counted: &Counted) -> Vec<u32> {
        let mut used: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); counted.gateways.len()];
        for pair in counted.rows.pairs().map(|counts| counts.pair).filter(|pair| pair.basis != Basis::Remote) {
            let place = self.of(pair.gateway, pair.client);
            used[pair.gateway as usize].insert(place);
        }
        let only = |values: BTreeSet<&Option<String>>| match values.len() {
            1 => values.first().copied().cloned().flatten(),
            _ => None,
        };
        used.into_iter()
            .map(|places| {
                let vpc = only(places.iter().map(|&p| &self.table.rows()[p as usize].vpc).collect());
                let az = only(places.iter().map(|&p| &self.table.rows()[p as usize].az).collect());
                let relay = only(places.iter().map(|&p| &self.table.rows()[p as usize].relay).collect());
                self.table.key(Place { vpc, az, relay })
            })
            .collect()
    }

    pub(super) fn into_table(self) -> Vec<Place> {
        self.table.into_rows()
    }
}
