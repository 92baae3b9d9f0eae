//! From collapsed rows to counted bytes: every byte that a gateway processed, once. Pure; works on values only.

mod client;
mod gateway;
mod pairs;
mod told;
mod waiting;

pub use super::counted::{Basis, CountedPair, CountedRow, CountedRows, Counts, PairSums, Way};
pub use client::carries_for_others;

use super::crossing::{self, Crossings};
use super::fold::{HourSums, RowKey, RowSum};
use super::infer::infer;
use super::legs::{Ends, Shape};
use super::roles::{NatSide, Role, Roles};
use super::rollup::{Interface, Rollup, RowLists};
use super::routes::Routes;
use super::vantage::{Vantage, hour_of};
use crate::model::addr_table::AddrId;
use crate::model::bytes::Bytes;
use crate::model::period::Window;
use crate::model::records::{RecordBytes, RecordKinds};
use crate::model::symbols::Sym;
use hashbrown::{HashMap, HashSet};
use pairs::Pairs;
use std::sync::Arc;
use told::Told;

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
    /// Bytes of the four legs in its own records.
    pub legs: [u64; 4],
    /// The records that its bytes come from.
    pub records: CountedRecords,
    /// SKIPDATA records of its own, and of its clients' interfaces in hours of which it does not tell.
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
        let [_, _, leg_3, leg_4] = self.legs;
        leg_3.saturating_sub(leg_4)
    }

    /// Legs 2 and 3 less unsolicited.
    #[must_use]
    pub const fn mirror(&self) -> u64 {
        let [_, leg_2, leg_3, _] = self.legs;
        leg_2 + leg_3 - self.unsolicited()
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

/// Where a list's bytes go.
#[derive(Clone, Copy)]
enum Fate {
    /// Counted, as the gateway's own records tell.
    Counted(CountedPair, Way),
    /// A client's, counted in the hours before this one in which the gateway's own records do not tell; else the same bytes again.
    Client(CountedPair, Way, u32),
    /// The private side of a log without `pkt-*`: kept for the clients' table, the bytes are counted on the public side.
    PrivateSide(CountedPair, Way),
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
    let mut resolver = Resolver::new(rollup, &rows, roles, routes, &vantage, (inferred, window.start));
    resolver.take_pairs(pairs::of(&rows, &vantage, &resolver.gateway_of, threads));
    for (number, of, entries) in rows.entries_of(0..rows.len()) {
        if pairs::gateway(&of.0, &resolver.gateway_of).is_none()
            && let Some(told) = Told::of(number, *of, entries, &vantage)
        {
            resolver.list(&told);
        }
    }
    drop(rows);
    resolver.settle_doubtful();
    resolver.settle_waiting();
    resolver.leave_out_unsolicited();
    let passes_on =
        |interface: u32| resolver.carrier[interface as usize] || resolver.gateway_of[interface as usize].is_some();
    let crossings = crossing::settle(resolver.rollup, &crossings, &vantage, routes, passes_on);
    Counted { crossings, ..resolver.finish(&vantage) }
}

/// Whether a gateway's own records of an hour tell where its bytes went. Of a private gateway's in a log without `pkt-*` nobody can say who
/// is client and who remote: then its clients' records have to tell.
const fn tells(side: &NatSide, cell: &HourSums) -> bool {
    !side.private || cell.has_pkt || cell.accept.records == 0
}

struct Resolver<'a> {
    rollup: &'a Rollup,
    lists: Arc<RowLists>,
    vantage: &'a Vantage,
    roles: &'a Roles,
    routes: &'a Routes<'a>,
    gateways: Vec<GatewayCount>,
    /// Gateway of each interface of the rollup.
    gateway_of: Vec<Option<u32>>,
    by_id: HashMap<String, u32>,
    /// Gateways and the hours of which their own records tell.
    covered: HashSet<(u32, u32)>,
    /// Of each gateway that is known, see [`Resolver::since`].
    since: Vec<u32>,
    /// And whether routes may not always have led to it.
    moved: Vec<bool>,
    /// Where the time begins, Unix seconds.
    from: i64,
    route_cache: HashMap<(u32, AddrId, AddrId), Option<(u32, u32)>>,
    rows: CountedRows,
    /// The public side of logs without `pkt-*`.
    public_side: CountedRows,
    /// Lists of which only the sums can tell what an end of them is, by gateway.
    doubtful: Vec<(u32, Told)>,
    /// Clients' rows that may be another gateway's, see [`waiting`].
    waiting: CountedRows,
    /// Interfaces that pass on what others send, by inventory or log.
    carrier: Vec<bool>,
    counted: RowSum,
    mirror: RowSum,
    undecidable: RowSum,
    unnamed_gateway: RowSum,
    client_facts: HashMap<(u32, AddrId), (Sym, Sym)>,
    /// Clients' interfaces, and the gateways of whose bytes they tell.
    told_by: HashMap<u32, Vec<u32>>,
}

impl<'a> Resolver<'a> {
    fn new(
        rollup: &'a Rollup,
        lists: &Arc<RowLists>,
        roles: &'a Roles,
        routes: &'a Routes<'a>,
        vantage: &'a Vantage,
        (inferred, from): (Vec<(u32, NatSide)>, i64),
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
        let since = gateways.iter().map(|count| routes.created(&count.side.id).map_or(0, hour_of)).collect();
        let moved = routes.may_have_moved(from);
        let moved = gateways.iter().map(|count| moved.contains(count.side.id.as_str())).collect();
        let telling = |interface: u32, cell: &HourSums| {
            gateway_of[interface as usize].filter(|gateway| tells(&gateways[*gateway as usize].side, cell))
        };
        let covered = vantage.covered(rollup, telling);
        // Silent, not unseen: a log of accepted traffic that has none of the gateway's says that there was none.
        let silent = rollup.hours.iter().filter_map(|(&(interface, hour, source), cell)| {
            let gateway = telling(interface, cell).filter(|_| vantage.inside(hour) && cell.records() > 0)?;
            routes.logs_accepted(&rollup.sources[source.0 as usize]).then_some(gateway)
        });
        let covered_itself: HashSet<u32> = covered.iter().map(|(gateway, _)| *gateway).chain(silent).collect();
        for gateway in covered_itself {
            gateways[gateway as usize].covered = true;
            gateways[gateway as usize].covered_itself = true;
        }
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
        let counted_rows = || vantage.counted_rows().with(Arc::clone(lists));
        Self {
            rollup,
            lists: Arc::clone(lists),
            vantage,
            roles,
            routes,
            gateways,
            gateway_of,
            by_id,
            covered,
            since,
            moved,
            from,
            route_cache: HashMap::new(),
            rows: counted_rows(),
            public_side: counted_rows(),
            doubtful: Vec::new(),
            waiting: counted_rows(),
            carrier,
            counted: RowSum::default(),
            mirror: RowSum::default(),
            undecidable: RowSum::default(),
            unnamed_gateway: RowSum::default(),
            client_facts: HashMap::new(),
            told_by: HashMap::new(),
        }
    }

    fn take_pairs(&mut self, shares: Vec<Pairs>) {
        for share in shares {
            self.counted.add(share.counted.records, share.counted.bytes);
            for (gateway, [up, down]) in self.gateways.iter_mut().zip(share.legs) {
                gateway.legs[0] += up;
                gateway.legs[3] += down;
            }
            self.rows.append(share.rows);
        }
    }

    /// A list that is no counted pair by itself, whose bytes went from one end to the other.
    fn list(&mut self, told: &Told) {
        let fate = match self.gateway_of[told.key.interface as usize] {
            Some(gateway) => self.at_gateway(gateway, told),
            None => self.at_client(told),
        };
        self.settle(told, fate);
    }

    fn settle(&mut self, told: &Told, fate: Fate) {
        let RowSum { records, bytes } = told.sum();
        let (lists, vantage) = (&*self.lists, self.vantage);
        match fate {
            Fate::Counted(pair, way) => {
                self.counted.add(records, bytes);
                let rows = if pair.basis == Basis::Remote { &mut self.public_side } else { &mut self.rows };
                told.push_to(rows, pair, way, lists, vantage);
            }
            Fate::Client(pair, way, until) => self.settle_client(told, pair, (way, until)),
            Fate::PrivateSide(pair, way) => {
                told.push_to(&mut self.rows, pair, way, lists, vantage);
                self.mirror.add(records, bytes);
            }
            Fate::Mirror => self.mirror.add(records, bytes),
            Fate::NotNat | Fate::Later => {}
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
        self.hear_of_dropped_records();
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

    /// What AWS dropped of clients' records is missing where they tell.
    fn hear_of_dropped_records(&mut self) {
        for (&(interface, hour, _), cell) in self.rollup.hours.iter().filter(|(_, cell)| cell.skipdata > 0) {
            let gateways = self.told_by.get(&interface).filter(|_| self.vantage.inside(hour)).into_iter().flatten();
            for &gateway in gateways.filter(|gateway| !self.covered.contains(&(**gateway, hour))) {
                self.gateways[gateway as usize].skipdata += cell.skipdata;
            }
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
