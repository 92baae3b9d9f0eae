//! Clients' rows of which nobody can say by themselves whether another gateway's own records tell of the same bytes. There are two kinds:
//!
//! - by way of a gateway that only routes name, while one is inferred that only records show: perhaps the same;
//! - from before the gateway was made to which routes lead. Route tables are those of the day on which they were described, so that these
//!   bytes went by another gateway of the VPC.
//!
//! The other one tells of them where it has own records of the hour, as everywhere, and they show the client and its remote (the client alone,
//! where the log has no `pkt-*`) then or in the hour before or after: the interval of a record may begin on the other side of the hour at the other end.

use super::{Basis, CountedRows, Resolver};
use crate::model::addr_table::AddrId;
use hashbrown::{HashMap, HashSet};

impl Resolver<'_> {
    /// Counts the rows that wait, or takes them for the same bytes again.
    pub(super) fn settle_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let shown = self.shown_by_gateways(&waiting);
        for row in waiting.iter() {
            let (gateway, client, remote) = (row.pair.gateway, row.pair.client, row.pair.remote);
            let hours = row.hour.saturating_sub(1)..=row.hour.saturating_add(1);
            let ends = hours.flat_map(|hour| [(client, remote, hour), (client, AddrId::NONE, hour)]);
            let others = ends.filter_map(|ends| shown.get(&ends)).flatten();
            let tells = |other: u32| self.covered.contains(&(other, row.hour)) && self.may_be(other, gateway);
            if others.copied().any(tells) {
                self.take_back(row.records, row.upload + row.download);
                continue;
            }
            let count = &mut self.gateways[gateway as usize];
            count.covered = true;
            count.records.clients += row.records;
            self.rows.push(&row);
        }
    }

    /// The gateways whose own records show a client and a remote in an hour, of the clients of these rows.
    fn shown_by_gateways(&self, waiting: &CountedRows) -> HashMap<(AddrId, AddrId, u32), Vec<u32>> {
        let clients: HashSet<AddrId> = waiting.pairs().map(|of| of.pair.client).collect();
        let own = self.rows.pairs().filter(|of| of.pair.basis != Basis::Remote && clients.contains(&of.pair.client));
        let mut shown: HashMap<_, Vec<u32>> = HashMap::new();
        for row in own.flat_map(|of| of.rows()) {
            // Rows of clients themselves are those of hours of which it does not tell.
            if self.covered.contains(&(row.pair.gateway, row.hour)) {
                let gateways = shown.entry((row.pair.client, row.pair.remote, row.hour)).or_default();
                if !gateways.contains(&row.pair.gateway) {
                    gateways.push(row.pair.gateway);
                }
            }
        }
        shown
    }

    /// Whether the bytes of a client that a route leads to one gateway may have gone by another.
    fn may_be(&self, other: u32, gateway: u32) -> bool {
        if other == gateway {
            return false;
        }
        if self.is_unlinked(gateway) && !self.gateways[other as usize].known {
            return true;
        }
        let vpc = self.routes.vpc_of_gateway(&self.gateways[gateway as usize].side.id);
        self.since(gateway) > 0 && vpc.is_some_and(|vpc| self.is_in_vpc(other, vpc))
    }

    /// Whether a gateway is in a VPC, as the inventory, its records or its own addresses say.
    fn is_in_vpc(&self, gateway: u32, vpc: &str) -> bool {
        let count = &self.gateways[gateway as usize];
        let facts = count.interface.map(|interface| self.rollup.interfaces[interface as usize].facts);
        let said = || facts.map(|facts| self.rollup.symbols.text(facts.vpc)).filter(|said| !said.is_empty());
        match self.routes.vpc_of_gateway(&count.side.id).or_else(said) {
            Some(known) => known == vpc,
            None => count.side.own.iter().any(|addr| self.routes.vpcs_at(*addr).contains(&vpc)),
        }
    }

    /// The first hour in which a gateway was there from the beginning; 0 where nobody says when it was made.
    pub(super) fn since(&self, gateway: u32) -> u32 {
        self.since.get(gateway as usize).copied().unwrap_or_default()
    }

    /// A gateway named by a route table alone, while an inferred one is known by its interface alone: perhaps the same.
    pub(super) fn is_unlinked(&self, gateway: u32) -> bool {
        let gateway = &self.gateways[gateway as usize];
        gateway.interface.is_none() && gateway.side.own.is_empty() && !gateway.side.regional
    }
}
