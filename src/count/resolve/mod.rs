//! From collapsed rows to counted bytes: every byte that a gateway processed, once. Pure; works on values only.

mod client;
mod gateway;
mod pairs;

pub use super::counted::{Basis, CountedPair, CountedRow, CountedRows, Counts, PairSums};
pub use client::carries_for_others;

use super::crossing::{self, Crossings};
use super::fold::{RowKey, RowSum};
use super::infer::infer;
use super::legs::{Ends, Shape};
use super::roles::{NatSide, Role, Roles};
use super::rollup::{Interface, Rollup};
use super::routes::Routes;
use super::vantage::Vantage;
use crate::model::addr_table::AddrId;
use crate::model::bytes::Bytes;
use crate::model::period::Window;
use crate::model::records::{RecordBytes, RecordKinds};
use crate::model::symbols::Sym;
use hashbrown::{HashMap, HashSet};
use pairs::Pairs;
use std::sync::Arc;

/// A gateway and what its records add up to.
#[derive(Clone, Debug, Default)]
pub struct GatewayCount {
    /// Its addresses and id.
    pub side: NatSide,
    /// Whether the inventory knows it.
    pub known: bool,
    /// Index of its (first) interface in the rollup, where its own records were read.
    pub interface: Option<u32>,
    /// Index of an interface of one of its clients: in the gateway's own VPC, as routes go.
    pub client_interface: Option<u32>,
    /// Whether any log covers it.
    pub covered: bool,
    /// Whether its own records do: only they show the other side and what nobody asked for.
    pub covered_itself: bool,
    /// Client to remote, bytes.
    pub upload: u64,
    /// Remote to client, bytes.
    pub download: u64,
    /// Bytes of legs 2, 3 and 4 in its own records.
    pub legs: [u64; 3],
    /// The records that its bytes come from.
    pub records: CountedRecords,
    /// Its SKIPDATA records.
    pub skipdata: u64,
    /// Bytes of its own records of which nobody can say what they were.
    pub undecided: RowSum,
}

/// Records that were counted at one gateway, by who wrote them. They sum to `records.counted` over all gateways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedRecords {
    /// Its own, of legs 1 and 4: client and remote together.
    pub pairs: u64,
    /// Its own in logs without `pkt-*`, of the public side.
    pub public_side: u64,
    /// Those of its clients' interfaces.
    pub clients: u64,
}

impl CountedRecords {
    /// All of them.
    #[must_use]
    pub const fn all(self) -> u64 {
        self.pairs + self.public_side + self.clients
    }
}

impl GatewayCount {
    /// Inbound that nobody asked for: leg 3 less leg 4.
    #[must_use]
    pub const fn unsolicited(&self) -> u64 {
        self.legs[1].saturating_sub(self.legs[2])
    }

    /// Legs 2 and 3 less unsolicited.
    #[must_use]
    pub const fn mirror(&self) -> u64 {
        self.legs[0] + self.legs[1] - self.unsolicited()
    }
}

/// Everything that was counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Gateways: the inventory's first, in its order, then inferred ones by id.
    pub gateways: Vec<GatewayCount>,
    /// Counted rows, unsorted.
    pub rows: CountedRows,
    /// Records by kind.
    pub records: RecordKinds,
    /// Bytes by kind.
    pub bytes: RecordBytes,
    /// Records of private gateways in logs without `pkt-*`, which nobody can attribute.
    pub undecidable: RowSum,
    /// Records under neither an interface nor a resource id.
    pub unattributable: RowSum,
    /// Records whose next hop is a NAT gateway that nothing names.
    pub unnamed_gateway: RowSum,
    /// `vpc-id` and `az-id` of clients, by gateway and address, as their own records say.
    pub client_facts: HashMap<(u32, AddrId), (Sym, Sym)>,
    /// What crossed from one known VPC to another, beside the gateways.
    pub crossings: Crossings,
}

/// Which way a row's bytes went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// Where a row's bytes go.
#[derive(Clone, Copy)]
enum Fate {
    Counted {
        gateway: u32,
        basis: Basis,
        client: AddrId,
        remote: AddrId,
        label: Sym,
        way: Way,
    },
    /// The private side of a log without `pkt-*`: kept for the clients' table, the bytes are counted on the public side.
    PrivateSide {
        gateway: u32,
        client: AddrId,
        way: Way,
    },
    Mirror,
    NotNat,
    /// Decided when all rows are known.
    Later,
}

/// Counts the rollup's rows inside the window, on so many threads (at least 1). The rows are used up, the rest of the rollup stays.
#[must_use]
pub fn resolve(rollup: &mut Rollup, roles: &Roles, routes: &Routes<'_>, window: Window, threads: usize) -> Counted {
    let vantage = Vantage::choose(rollup, window);
    let inferred = infer(rollup, &vantage, roles);
    let rows = Arc::new(std::mem::take(&mut rollup.rows));
    let crossings = std::mem::take(&mut rollup.crossings);
    let mut resolver = Resolver::new(rollup, roles, routes, &vantage, inferred);
    resolver.take_pairs(pairs::of(&rows, &vantage, &resolver.gateway_of, threads));
    let gateway_of = resolver.gateway_of.clone();
    let is_other = |(key, _): &(RowKey, _)| pairs::gateway(key, &gateway_of).is_none();
    rows.for_each_of(0..rows.len(), is_other, |_, &(key, source), hours| {
        for (hour, sums) in hours {
            if vantage.speaks_of_its_own(key.interface, hour, source) {
                resolver.row(&RowKey { hour, ..key }, sums.along);
            }
        }
    });
    drop(rows);
    resolver.settle_doubtful();
    resolver.leave_out_inferred();
    resolver.leave_out_unsolicited();
    let passes_on =
        |interface: u32| resolver.carrier[interface as usize] || resolver.gateway_of[interface as usize].is_some();
    let crossings = crossing::settle(resolver.rollup, &crossings, &vantage, routes, passes_on);
    Counted { crossings, ..resolver.finish(&vantage) }
}

struct Resolver<'a> {
    rollup: &'a Rollup,
    roles: &'a Roles,
    routes: &'a Routes<'a>,
    gateways: Vec<GatewayCount>,
    /// Gateway of each interface of the rollup.
    gateway_of: Vec<Option<u32>>,
    by_id: HashMap<String, u32>,
    covered: HashSet<(u32, u32)>,
    route_cache: HashMap<(u32, AddrId, AddrId), Option<u32>>,
    rows: CountedRows,
    /// The public side of logs without `pkt-*`.
    public_side: CountedRows,
    /// Records of logs without `pkt-*` whose other end may be a client or a remote.
    doubtful: Vec<(u32, RowKey, RowSum)>,
    /// Clients' rows by way of a gateway whose interface nobody knows, which may be one that was inferred.
    unlinked: CountedRows,
    /// Interfaces that pass on what others send, by inventory or log.
    carrier: Vec<bool>,
    counted: RowSum,
    mirror: RowSum,
    undecidable: RowSum,
    unnamed_gateway: RowSum,
    client_facts: HashMap<(u32, AddrId), (Sym, Sym)>,
}

impl<'a> Resolver<'a> {
    fn new(
        rollup: &'a Rollup,
        roles: &'a Roles,
        routes: &'a Routes<'a>,
        vantage: &Vantage,
        inferred: Vec<(u32, NatSide)>,
    ) -> Self {
        let mut gateways: Vec<GatewayCount> = roles
            .nats()
            .iter()
            .map(|side| GatewayCount { side: side.clone(), known: true, ..GatewayCount::default() })
            .collect();
        let mut gateway_of: Vec<Option<u32>> =
            rollup.interfaces.iter().map(|i| if let Role::Nat(index) = i.role { Some(index) } else { None }).collect();
        for (interface, side) in inferred {
            gateway_of[interface as usize] = u32::try_from(gateways.len()).ok();
            gateways.push(GatewayCount { side, ..GatewayCount::default() });
        }
        let text = |sym| rollup.symbols.text(sym);
        let passes_on = |i: &Interface| carries_for_others(text(i.facts.kind)) || routes.carries(text(i.name));
        let carrier = rollup.interfaces.iter().map(passes_on).collect();
        let by_id = (0u32..).zip(&gateways).map(|(at, g)| (g.side.id.clone(), at)).collect();
        let covered = vantage.covered(rollup, |interface| gateway_of[interface as usize]);
        for (at, gateway) in (0u32..).zip(&gateway_of) {
            if let Some(gateway) = gateway {
                gateways[*gateway as usize].interface.get_or_insert(at);
            }
        }
        for (&(interface, hour, _), cell) in &rollup.hours {
            if let Some(gateway) = gateway_of[interface as usize]
                && vantage.inside(hour)
            {
                gateways[gateway as usize].skipdata += cell.skipdata;
            }
        }
        for &(gateway, _) in &covered {
            gateways[gateway as usize].covered = true;
            gateways[gateway as usize].covered_itself = true;
        }
        // Silent, not unseen: a log of accepted traffic that has none of the gateway's says that there was none.
        for (&(interface, hour, source), cell) in &rollup.hours {
            if let Some(gateway) = gateway_of[interface as usize]
                && vantage.inside(hour)
                && cell.records() > 0
                && routes.logs_accepted(&rollup.sources[source.0 as usize])
            {
                gateways[gateway as usize].covered = true;
                gateways[gateway as usize].covered_itself = true;
            }
        }
        Self {
            rollup,
            roles,
            routes,
            gateways,
            gateway_of,
            by_id,
            covered,
            route_cache: HashMap::new(),
            rows: vantage.counted_rows(),
            public_side: vantage.counted_rows(),
            doubtful: Vec::new(),
            unlinked: vantage.counted_rows(),
            carrier,
            counted: RowSum::default(),
            mirror: RowSum::default(),
            undecidable: RowSum::default(),
            unnamed_gateway: RowSum::default(),
            client_facts: HashMap::new(),
        }
    }

    fn take_pairs(&mut self, shares: Vec<Pairs>) {
        for share in shares {
            self.counted.add(share.counted.records, share.counted.bytes);
            for (gateway, download) in self.gateways.iter_mut().zip(share.downloads) {
                gateway.legs[2] += download;
            }
            self.rows.append(share.rows);
        }
    }

    /// A row that is no counted pair by itself, whose bytes went from one end to the other.
    fn row(&mut self, key: &RowKey, sum: RowSum) {
        let fate = match self.gateway_of[key.interface as usize] {
            Some(gateway) => self.at_gateway(gateway, key, sum),
            None => self.at_client(key, sum),
        };
        self.settle(key, sum, fate);
    }

    fn settle(&mut self, key: &RowKey, sum: RowSum, fate: Fate) {
        let (hour, port, records) = (key.hour, key.port, sum.records);
        let counted_row = |gateway, basis, client, remote, label, way| {
            let (upload, download) = if way == Way::Up { (sum.bytes, 0) } else { (0, sum.bytes) };
            let pair = CountedPair { gateway, client, remote, label, basis, port };
            CountedRow { pair, hour, upload, download, records }
        };
        match fate {
            Fate::Counted { gateway, basis, client, remote, label, way } => {
                let row = counted_row(gateway, basis, client, remote, label, way);
                self.counted.add(sum.records, sum.bytes);
                match basis {
                    Basis::Pair if self.is_unlinked(gateway) => self.unlinked.push(&row),
                    Basis::Remote => self.public_side.push(&row),
                    Basis::Pair | Basis::Client => {
                        if self.gateway_of[key.interface as usize].is_none() {
                            self.gateways[gateway as usize].records.clients += records;
                        }
                        self.rows.push(&row);
                    }
                }
            }
            Fate::PrivateSide { gateway, client, way } => {
                self.rows.push(&counted_row(gateway, Basis::Client, client, AddrId::NONE, Sym::NONE, way));
                self.mirror.add(sum.records, sum.bytes);
            }
            Fate::Mirror => self.mirror.add(sum.records, sum.bytes),
            Fate::NotNat | Fate::Later => {}
        }
    }

    fn keep_or_mirror(&mut self, rows: &CountedRows, keep: impl Fn(&CountedRow) -> bool) {
        for row in rows.iter() {
            if keep(&row) {
                let gateway = &mut self.gateways[row.pair.gateway as usize];
                gateway.covered = true;
                // A pair that waited is a client's: a gateway's own are never in doubt.
                if row.pair.basis == Basis::Pair {
                    gateway.records.clients += row.records;
                }
                self.rows.push(&row);
            } else {
                let bytes = row.upload + row.download;
                self.counted.records -= row.records;
                self.counted.bytes -= bytes;
                self.mirror.add(row.records, bytes);
            }
        }
    }

    fn ends(&self, key: &RowKey, shape: Shape) -> Ends {
        let addr = |id| self.rollup.addrs.addr(id);
        Ends { from: addr(key.from), to: addr(key.to), shown: addr(key.shown), shape }
    }

    fn finish(mut self, vantage: &Vantage) -> Counted {
        for Counts { pair, sums, .. } in self.rows.pairs().filter(|counts| counts.pair.basis != Basis::Client) {
            let gateway = &mut self.gateways[pair.gateway as usize];
            gateway.upload += sums.upload;
            gateway.download += sums.download;
            match pair.basis {
                Basis::Remote => gateway.records.public_side += sums.records,
                Basis::Pair | Basis::Client => gateway.records.pairs += sums.records,
            }
        }
        for gateway in &mut self.gateways {
            // Until here clients' pairs are among all pairs.
            gateway.records.pairs -= gateway.records.clients;
        }
        let of_gateways: u64 = self.gateways.iter().map(|gateway| gateway.records.all()).sum();
        assert_eq!(of_gateways, self.counted.records, "a counted record is at no gateway, or at two");
        // By id, so that the order in which gateways turned up leaves no trace.
        let mut order: Vec<u32> = (0u32..).take(self.gateways.len()).collect();
        order.sort_by(|&a, &b| self.gateways[a as usize].side.id.cmp(&self.gateways[b as usize].side.id));
        let mut place = vec![0u32; order.len()];
        for (new, &old) in (0u32..).zip(&order) {
            place[old as usize] = new;
        }
        let mut rows = std::mem::take(&mut self.rows);
        for pair in rows.pairs_mut() {
            pair.gateway = place[pair.gateway as usize];
        }
        let gateways = order.iter().map(|&old| std::mem::take(&mut self.gateways[old as usize])).collect();
        let (records, bytes, unattributable) = self.kinds(vantage);
        let client_facts =
            self.client_facts.iter().map(|(key, facts)| ((place[key.0 as usize], key.1), *facts)).collect();
        let (undecidable, unnamed_gateway) = (self.undecidable, self.unnamed_gateway);
        let crossings = Crossings::default();
        Counted {
            gateways,
            rows,
            records,
            bytes,
            undecidable,
            unattributable,
            unnamed_gateway,
            client_facts,
            crossings,
        }
    }

    /// All records by kind; they sum to what was read.
    fn kinds(&self, vantage: &Vantage) -> (RecordKinds, RecordBytes, RowSum) {
        let loose = &self.rollup.loose;
        let (mut accept, mut duplicate, mut out) = (RowSum::default(), loose.duplicate, loose.out_of_window);
        let (mut reject, mut unattributable) = (RowSum::default(), RowSum::default());
        let mut kinds = RecordKinds { read: loose.read, malformed: loose.malformed, ..RecordKinds::default() };
        for (&(interface, hour, source), cell) in &self.rollup.hours {
            if !vantage.inside(hour) {
                out.add(cell.records(), cell.accept.bytes + cell.reject.bytes);
                continue;
            }
            kinds.nodata += cell.nodata;
            kinds.skipdata += cell.skipdata;
            reject.add(cell.reject.records, cell.reject.bytes);
            let speaks = vantage.speaks(interface, hour, source);
            let sum = if speaks { &mut accept } else { &mut duplicate };
            sum.add(cell.accept.records, cell.accept.bytes);
            if speaks && self.rollup.interfaces[interface as usize].name.is_none() {
                unattributable.add(cell.accept.records, cell.accept.bytes);
            }
        }
        kinds.counted = self.counted.records;
        kinds.mirror = self.mirror.records;
        kinds.not_nat = accept.records - self.counted.records - self.mirror.records;
        kinds.rejected = reject.records;
        kinds.out_of_window = out.records;
        kinds.duplicate = duplicate.records;
        assert_eq!(kinds.sum(), kinds.read, "a record was lost or counted twice");
        let bytes = RecordBytes {
            counted: Bytes::new(self.counted.bytes),
            mirror: Bytes::new(self.mirror.bytes),
            not_nat: Bytes::new(accept.bytes - self.counted.bytes - self.mirror.bytes),
            rejected: Bytes::new(reject.bytes),
            out_of_window: Bytes::new(out.bytes),
            duplicate: Bytes::new(duplicate.bytes),
        };
        (kinds, bytes, unattributable)
    }
}
