//! Where a client is: its VPC and AZ, by the inventory, else by its own records.

use crate::count::resolve::{Basis, Counted};
use crate::count::rollup::Rollup;
use crate::model::addr_table::AddrId;
use crate::model::inventory::{Inventory, NatGateway};
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
}

/// Places by client, each worked out once.
pub(super) struct Places<'a> {
    rollup: &'a Rollup,
    inventory: &'a Inventory,
    gateways: Vec<Option<&'a NatGateway>>,
    facts: HashMap<(u32, AddrId), (Sym, Sym)>,
    known: HashMap<(u32, AddrId), u32>,
    table: Vec<Place>,
    index: HashMap<Place, u32>,
}

impl<'a> Places<'a> {
    pub(super) fn new(counted: &Counted, rollup: &'a Rollup, inventory: &'a Inventory) -> Self {
        let by_id: HashMap<&str, &NatGateway> = inventory.nat_gateways().map(|nat| (nat.id.as_str(), nat)).collect();
        let gateways = counted.gateways.iter().map(|g| by_id.get(g.side.id.as_str()).copied()).collect();
        Self {
            rollup,
            inventory,
            gateways,
            facts: counted.client_facts.clone(),
            known: HashMap::new(),
            table: Vec::new(),
            index: HashMap::new(),
        }
    }

    /// The place of a client of a gateway.
    pub(super) fn of(&mut self, gateway: u32, client: AddrId) -> u32 {
        if let Some(&place) = self.known.get(&(gateway, client)) {
            return place;
        }
        let place = self.find(gateway, client);
        let place = self.intern(place);
        self.known.insert((gateway, client), place);
        place
    }

    fn find(&self, gateway: u32, client: AddrId) -> Place {
        let addr = self.rollup.addrs.addr(client);
        let vpc = match self.gateways[gateway as usize] {
            Some(nat) => self.inventory.client_vpc(nat, addr),
            // A gateway that only its records know: a VPC that alone holds the address is certain.
            None => match self.inventory.vpcs_containing(addr)[..] {
                [only] => Some(only),
                _ => None,
            },
        };
        let said = |sym| Some(self.rollup.symbols.text(sym)).filter(|text| !text.is_empty()).map(str::to_owned);
        let (own_vpc, own_az) = self.facts.get(&(gateway, client)).copied().unwrap_or_default();
        match vpc {
            Some(vpc) => {
                let subnet = self.inventory.subnet_of(&vpc.id, addr);
                let az = subnet.and_then(|subnet| subnet.az_id.clone()).or_else(|| said(own_az));
                Place { vpc: Some(vpc.id.clone()), az }
            }
            None => Place { vpc: said(own_vpc), az: said(own_az) },
        }
    }

    fn intern(&mut self, place: Place) -> u32 {
        let next = u32::try_from(self.table.len()).expect("fewer than 2^32 places");
        let at = *self.index.entry_ref(&place).or_insert(next);
        if at == next {
            self.table.push(place);
        }
        at
    }

    /// For each gateway the VPC and the AZ that all its clients share, each null where they differ (product contract 3).
    pub(super) fn shared_by_gateway(&mut self, counted: &Counted) -> Vec<u32> {
        let mut used: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); counted.gateways.len()];
        for row in counted.rows.iter().filter(|row| row.basis != Basis::Remote) {
            let place = self.of(row.gateway, row.client);
            used[row.gateway as usize].insert(place);
        }
        let only = |values: BTreeSet<&Option<String>>| match values.len() {
            1 => values.first().copied().cloned().flatten(),
            _ => None,
        };
        used.into_iter()
            .map(|places| {
                let vpc = only(places.iter().map(|&p| &self.table[p as usize].vpc).collect());
                let az = only(places.iter().map(|&p| &self.table[p as usize].az).collect());
                self.intern(Place { vpc, az })
            })
            .collect()
    }

    pub(super) fn into_table(self) -> Vec<Place> {
        self.table
    }
}
