//! Clients' rows of which nobody can say by themselves whether another gateway's own records tell of the same bytes. There are two kinds:
//!
//! - by way of a gateway that only routes name, while one is inferred that only records show: perhaps the same;
//! - by way of a gateway to which routes may not always have led ([`Routes::may_have_moved`]). Route tables are those of the day on which they
//!   were described: until they were changed, these bytes went by another gateway of the VPC.
//!
//! The other one tells of them where it has own records of the hour, as everywhere, and they show the client and its remote (the client alone,
//! where the log has no `pkt-*`) then or in the hour before or after: the interval of a record may begin on the other side of the hour at the other
//! end. As long as the gateway of the routes was not there, all of a row is what the other one shows; later as many bytes as it shows.
//!
//! [`Routes::may_have_moved`]: crate::count::routes::Routes::may_have_moved

use super::{Basis, CountedPair, CountedRow, CountedRows, Counts, Resolver};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use hashbrown::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};

/// Client, remote (none in a log without `pkt-*`) and hour.
type Ends = (Addr, Addr, u32);

/// What a gateway's own records show of them: upload and download that no client's row was found the same as.
type Shown = HashMap<Ends, Vec<(u32, [u64; 2])>>;

/// A gateway by which bytes may have gone, and the one to which routes lead.
type Instead = HashSet<(u32, u32)>;

/// Where a row stands among those of its hour and client, whatever the order in which they came: remote, client, the ranks of the gateway's
/// id and of the label, and the port.
type Standing = (Addr, Addr, usize, usize, u16);

impl Resolver<'_> {
    /// Counts the rows that wait, or takes them for the same bytes again.
    pub(super) fn settle_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let instead = self.instead(&waiting);
        let mut shown = self.shown_by_gateways(&waiting, &instead);
        for rows in self.by_client(&waiting) {
            for row in rows {
                self.settle_row(row, &mut shown, &instead);
            }
        }
    }

    /// The rows of one client after the other, each by the hour: whoever comes first takes the earliest that is shown, so that most is found.
    fn by_client<'w>(&self, waiting: &'w CountedRows) -> impl Iterator<Item = Vec<CountedRow>> + use<'w> {
        let ids: BTreeSet<&str> = self.gateways.iter().map(|count| count.side.id.as_str()).collect();
        let ranks: HashMap<&str, usize> = ids.into_iter().zip(0..).collect();
        let labels: BTreeSet<&str> = waiting.pairs().map(|of| self.rollup.symbols.text(of.pair.label)).collect();
        let labels: HashMap<&str, usize> = labels.into_iter().zip(0..).collect();
        let mut clients: BTreeMap<Addr, Vec<(Standing, Counts<'w>)>> = BTreeMap::new();
        for of in waiting.pairs() {
            let CountedPair { gateway, client, remote, label, port, .. } = *of.pair;
            let addr = |id| self.rollup.addrs.addr(id);
            let rank = ranks[self.gateways[gateway as usize].side.id.as_str()];
            let label = labels[self.rollup.symbols.text(label)];
            let standing = (addr(remote), addr(client), rank, label, port);
            clients.entry(self.known_as(self.vpc_of(gateway), client)).or_default().push((standing, of));
        }
        clients.into_values().map(|pairs| {
            let rows = pairs.iter().flat_map(|(standing, of)| of.rows().map(move |row| (*standing, row)));
            let mut rows: Vec<(Standing, CountedRow)> = rows.collect();
            rows.sort_unstable_by_key(|(standing, row)| (row.hour, *standing, row.upload, row.download, row.records));
            rows.into_iter().map(|(_, row)| row).collect()
        })
    }

    fn settle_row(&mut self, row: CountedRow, shown: &mut Shown, instead: &Instead) {
        let left = self.not_shown(&row, shown, instead);
        let (all, rest) = (row.upload + row.download, left[0] + left[1]);
        if rest == 0 && all > 0 {
            return self.take_back(row.records, all);
        }
        self.take_back(0, all - rest);
        let count = &mut self.gateways[row.pair.gateway as usize];
        count.covered = true;
        count.records.clients += row.records;
        self.rows.push(&CountedRow { upload: left[0], download: left[1], ..row });
    }

    /// Upload and download of a row that no other gateway shows; what one shows is used up.
    fn not_shown(&self, row: &CountedRow, shown: &mut Shown, instead: &Instead) -> [u64; 2] {
        let gateway = row.pair.gateway;
        let client = self.known_as(self.vpc_of(gateway), row.pair.client);
        let remote = self.rollup.addrs.addr(row.pair.remote);
        let hours = row.hour.saturating_sub(1)..=row.hour.saturating_add(1);
        let was_not_there = self.is_unlinked(gateway) || row.hour < self.since(gateway);
        let (mut left, mut is_shown) = ([row.upload, row.download], false);
        for ends in hours.flat_map(|hour| [(client, remote, hour), (client, Addr::NONE, hour)]) {
            for (other, bytes) in shown.get_mut(&ends).into_iter().flatten() {
                // By the client alone only where none of its routes leads to the other one as well.
                let is_telling = || was_not_there || ends.1 != Addr::NONE || !self.leads_to(row, *other);
                if self.covered.contains(&(*other, row.hour)) && instead.contains(&(*other, gateway)) && is_telling() {
                    is_shown = true;
                    for (left, bytes) in left.iter_mut().zip(bytes) {
                        let same = (*left).min(*bytes);
                        *left -= same;
                        *bytes -= same;
                    }
                }
            }
        }
        if is_shown && was_not_there { [0, 0] } else { left }
    }

    /// What the own records of other gateways show of the clients of these rows.
    fn shown_by_gateways(&self, waiting: &CountedRows, instead: &Instead) -> Shown {
        let client = |pair: &CountedPair| self.known_as(self.vpc_of(pair.gateway), pair.client);
        let clients: HashSet<Addr> = waiting.pairs().map(|of| client(of.pair)).collect();
        // Of both the client is known in one VPC; if there are several, whichever comes first in the set, in the last of them.
        let mut others: HashMap<u32, Option<&str>> = HashMap::new();
        for (other, gateway) in instead {
            let vpc = others.entry(*other).or_default();
            *vpc = (*vpc).max(self.vpc_of(*gateway));
        }
        let mut shown = Shown::new();
        for of in self.rows.pairs().filter(|of| of.pair.basis != Basis::Remote) {
            let gateway = of.pair.gateway;
            let Some(&vpc) = others.get(&gateway) else { continue };
            let (client, remote) = (self.known_as(vpc, of.pair.client), self.rollup.addrs.addr(of.pair.remote));
            if !clients.contains(&client) {
                continue;
            }
            // Rows of clients themselves are those of hours of which it does not tell.
            for row in of.rows().filter(|row| self.covered.contains(&(gateway, row.hour))) {
                let gateways = shown.entry((client, remote, row.hour)).or_default();
                match gateways.iter_mut().find(|(of, _)| *of == gateway) {
                    Some((_, [up, down])) => (*up, *down) = (*up + row.upload, *down + row.download),
                    None => gateways.push((gateway, [row.upload, row.download])),
                }
            }
        }
        shown
    }

    fn instead(&self, waiting: &CountedRows) -> Instead {
        let gateways: HashSet<u32> = waiting.pairs().map(|of| of.pair.gateway).collect();
        let others = (0u32..).take(self.gateways.len());
        let pairs = others.flat_map(|other| gateways.iter().map(move |gateway| (other, *gateway)));
        pairs.filter(|(other, gateway)| self.may_be(*other, *gateway)).collect()
    }

    /// The address by which a client in a VPC is known. An interface's records show the first of its addresses in a log without `pkt-*`,
    /// and a gateway's the one that a pod has.
    fn known_as(&self, vpc: Option<&str>, client: AddrId) -> Addr {
        let addr = self.rollup.addrs.addr(client);
        let vpcs = self.routes.vpcs_at(addr);
        let vpc = match (vpc, &vpcs[..]) {
            (Some(of_gateway), _) if vpcs.contains(&of_gateway) => of_gateway,
            (_, [only]) => only,
            _ => return addr,
        };
        self.routes.first_of_interface(vpc, addr).unwrap_or(addr)
    }

    /// The VPC of a gateway to which routes lead.
    fn vpc_of(&self, gateway: u32) -> Option<&str> {
        self.routes.vpc_of_gateway(&self.gateways[gateway as usize].side.id)
    }

    /// Whether the bytes of a client that a route leads to one gateway may have gone by another.
    fn may_be(&self, other: u32, gateway: u32) -> bool {
        if other == gateway {
            return false;
        }
        if self.is_unlinked(gateway) && !self.gateways[other as usize].known {
            return true;
        }
        let vpc = self.vpc_of(gateway).filter(|_| self.may_have_moved(gateway));
        vpc.is_some_and(|vpc| self.is_in_vpc(other, vpc))
    }

    /// Whether the route table of a row's client leads to this gateway.
    fn leads_to(&self, row: &CountedRow, gateway: u32) -> bool {
        let subnet = |vpc| self.routes.subnet_at(vpc, "", self.rollup.addrs.addr(row.pair.client));
        let id = &self.gateways[gateway as usize].side.id;
        self.vpc_of(row.pair.gateway).and_then(subnet).is_some_and(|subnet| self.routes.leads_to(subnet, id))
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

    /// The hour in which a gateway was made; 0 where nobody says when.
    fn since(&self, gateway: u32) -> u32 {
        self.since.get(gateway as usize).copied().unwrap_or_default()
    }

    /// A gateway named by a route table alone, while an inferred one is known by its interface alone: perhaps the same.
    pub(super) fn is_unlinked(&self, gateway: u32) -> bool {
        let gateway = &self.gateways[gateway as usize];
        gateway.interface.is_none() && gateway.side.own.is_empty() && !gateway.side.regional
    }

    /// Whether a client's rows by way of a gateway wait until all others are known.
    pub(super) fn has_to_wait(&self, gateway: u32) -> bool {
        self.is_unlinked(gateway) || self.may_have_moved(gateway)
    }

    /// Whether routes may not always have led to it; not known of one that only they name.
    fn may_have_moved(&self, gateway: u32) -> bool {
        self.moved.get(gateway as usize).copied().unwrap_or_default()
    }
}
