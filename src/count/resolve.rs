//! From collapsed rows to counted bytes: every byte that a gateway processed, once. Pure; works on values only.

use super::fold::{NOT_NAT, RowKey, RowSum, SOME_NAT, Seen};
use super::infer::infer;
use super::legs::{Ends, Leg, Shape, regional_leg, zonal_leg, zonal_leg_without_pkt};
use super::roles::{NatSide, Role, Roles};
use super::rollup::Rollup;
use super::routes::Routes;
use super::vantage::Vantage;
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::bytes::Bytes;
use crate::model::flow::Direction;
use crate::model::period::Window;
use crate::model::records::{RecordBytes, RecordKinds};
use crate::model::symbols::Sym;
use hashbrown::{HashMap, HashSet};

/// What a counted row knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Client and remote together.
    Pair,
    /// The public side of a log without `pkt-*`: remote, no client.
    Remote,
    /// The private side of such a log: client, no remote. The same bytes as the public side: never added to it.
    Client,
}

/// Bytes of one gateway, hour, client and remote.
#[derive(Clone, Copy, Debug)]
pub struct CountedRow {
    /// Index into [`Counted::gateways`].
    pub gateway: u32,
    /// Hours since 1970.
    pub hour: u32,
    /// Client address, in the rollup's table.
    pub client: AddrId,
    /// Remote address, in the rollup's table.
    pub remote: AddrId,
    /// The log's own service label of the remote.
    pub label: Sym,
    /// What the row knows.
    pub basis: Basis,
    /// Client to remote, bytes.
    pub upload: u64,
    /// Remote to client, bytes.
    pub download: u64,
}

/// A gateway and what its records add up to.
#[derive(Clone, Debug, Default)]
pub struct GatewayCount {
    /// Its addresses and id.
    pub side: NatSide,
    /// Whether the inventory knows it.
    pub known: bool,
    /// Index of its (first) interface in the rollup, where its own records were read.
    pub interface: Option<u32>,
    /// Whether any log covers it.
    pub covered: bool,
    /// Client to remote, bytes.
    pub upload: u64,
    /// Remote to client, bytes.
    pub download: u64,
    /// Bytes of legs 2, 3 and 4 in its own records.
    pub legs: [u64; 3],
    /// Its SKIPDATA records.
    pub skipdata: u64,
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
    pub rows: Vec<CountedRow>,
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
}

/// Which way a row's bytes went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// Where a row's bytes go.
enum Fate {
    Counted { gateway: u32, basis: Basis, client: AddrId, remote: AddrId, label: Sym, way: Way },
    /// The private side of a log without `pkt-*`: kept for the clients' table, the bytes are counted on the public side.
    PrivateSide { gateway: u32, client: AddrId, way: Way },
    Mirror,
    NotNat,
}

/// Counts the rollup's rows inside the window.
#[must_use]
pub fn resolve(rollup: &Rollup, roles: &Roles, routes: &Routes<'_>, window: Window) -> Counted {
    let vantage = Vantage::choose(rollup, window);
    let mut resolver = Resolver::new(rollup, roles, routes, &vantage);
    for (&(key, source), &sum) in &rollup.rows {
        if vantage.speaks(key.interface, key.hour, source) {
            resolver.row(&key, sum);
        }
    }
    resolver.leave_out_unsolicited();
    resolver.finish(&vantage)
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct SumKey {
    gateway: u32,
    hour: u32,
    client: AddrId,
    remote: AddrId,
    label: Sym,
    basis: Basis,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    upload: RowSum,
    download: RowSum,
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
    route_cache: HashMap<(u32, AddrId), Option<u32>>,
    sums: HashMap<SumKey, Sums>,
    counted: RowSum,
    mirror: RowSum,
    undecidable: RowSum,
    unnamed_gateway: RowSum,
    client_facts: HashMap<(u32, AddrId), (Sym, Sym)>,
}

impl<'a> Resolver<'a> {
    fn new(rollup: &'a Rollup, roles: &'a Roles, routes: &'a Routes<'a>, vantage: &Vantage) -> Self {
        let mut gateways: Vec<GatewayCount> = roles
            .nats()
            .iter()
            .map(|side| GatewayCount { side: side.clone(), known: true, ..GatewayCount::default() })
            .collect();
        let mut gateway_of: Vec<Option<u32>> = rollup
            .interfaces
            .iter()
            .map(|i| if let Role::Nat(index) = i.role { Some(index) } else { None })
            .collect();
        for (interface, side) in infer(rollup, vantage, roles) {
            gateway_of[interface as usize] = u32::try_from(gateways.len()).ok();
            gateways.push(GatewayCount { side, ..GatewayCount::default() });
        }
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
            sums: HashMap::new(),
            counted: RowSum::default(),
            mirror: RowSum::default(),
            undecidable: RowSum::default(),
            unnamed_gateway: RowSum::default(),
            client_facts: HashMap::new(),
        }
    }

    fn row(&mut self, key: &RowKey, sum: RowSum) {
        let fate = match self.gateway_of[key.interface as usize] {
            Some(gateway) => self.at_gateway(gateway, key, sum),
            None => self.at_client(key, sum),
        };
        match fate {
            Fate::Counted { gateway, basis, client, remote, label, way } => {
                self.add(SumKey { gateway, hour: key.hour, client, remote, label, basis }, way, sum);
                self.counted.add(sum.records, sum.bytes);
            }
            Fate::PrivateSide { gateway, client, way } => {
                let (remote, label, basis) = (AddrId::NONE, Sym::NONE, Basis::Client);
                self.add(SumKey { gateway, hour: key.hour, client, remote, label, basis }, way, sum);
                self.mirror.add(sum.records, sum.bytes);
            }
            Fate::Mirror => self.mirror.add(sum.records, sum.bytes),
            Fate::NotNat => {}
        }
    }

    fn add(&mut self, key: SumKey, way: Way, sum: RowSum) {
        let sums = self.sums.entry(key).or_default();
        match way {
            Way::Up => sums.upload.add(sum.records, sum.bytes),
            Way::Down => sums.download.add(sum.records, sum.bytes),
        }
    }

    fn ends(&self, key: &RowKey, shape: Shape) -> Ends {
        let addr = |id| self.rollup.addrs.addr(id);
        Ends { from: addr(key.from), to: addr(key.to), shown: addr(key.shown), shape }
    }

    /// A record of a gateway's own interface or resource.
    fn at_gateway(&mut self, gateway: u32, key: &RowKey, sum: RowSum) -> Fate {
        let side = &self.gateways[gateway as usize].side;
        let (own, public) = (|a: Addr| side.own.contains(&a), |a: Addr| side.public.contains(&a));
        let local = |a: Addr| self.roles.is_local(a);
        let leg = match key.seen {
            Seen::Leg1 => Some(Leg::ClientToNat),
            Seen::Leg2 => Some(Leg::NatToRemote),
            Seen::Leg3 => Some(Leg::RemoteToNat),
            Seen::Leg4 => Some(Leg::NatToClient),
            Seen::Raw(shape) if side.regional => regional_leg(self.ends(key, shape), key.direction, public, local),
            Seen::Raw(Shape::NoPkt) if side.private => {
                self.undecidable.add(sum.records, sum.bytes);
                None
            }
            Seen::Raw(shape @ Shape::NoPkt) => {
                zonal_leg_without_pkt(self.ends(key, shape), own, |a| self.roles.is_client_without_pkt(a))
            }
            Seen::Raw(shape) => zonal_leg(self.ends(key, shape), key.direction, own, local),
        };
        let paired = side.regional || key.seen != Seen::Raw(Shape::NoPkt);
        let Some(leg) = leg else { return Fate::NotNat };
        let legs = &mut self.gateways[gateway as usize].legs;
        match leg {
            Leg::ClientToNat => {}
            Leg::NatToRemote => legs[0] += sum.bytes,
            Leg::RemoteToNat => legs[1] += sum.bytes,
            Leg::NatToClient => legs[2] += sum.bytes,
        }
        let up = |basis, client, remote| Fate::Counted { gateway, basis, client, remote, label: key.to_label, way: Way::Up };
        let down =
            |basis, client, remote| Fate::Counted { gateway, basis, client, remote, label: key.from_label, way: Way::Down };
        match (leg, paired) {
            (Leg::ClientToNat, true) => up(Basis::Pair, key.from, key.to),
            (Leg::NatToClient, true) => down(Basis::Pair, key.to, key.from),
            (Leg::NatToRemote | Leg::RemoteToNat, true) => Fate::Mirror,
            (Leg::NatToRemote, false) => up(Basis::Remote, AddrId::NONE, key.to),
            (Leg::RemoteToNat, false) => down(Basis::Remote, AddrId::NONE, key.from),
            (Leg::ClientToNat, false) => Fate::PrivateSide { gateway, client: key.from, way: Way::Up },
            (Leg::NatToClient, false) => Fate::PrivateSide { gateway, client: key.to, way: Way::Down },
        }
    }

    /// A record of any other interface: NAT traffic only where a route table or the record's next hop says so.
    fn at_client(&mut self, key: &RowKey, sum: RowSum) -> Fate {
        let facts = self.rollup.interfaces[key.interface as usize].facts;
        if carries_for_others(self.rollup.symbols.text(facts.kind)) {
            return Fate::NotNat;
        }
        let Some((gateway, way)) = self.gateway_and_way(key, sum) else { return Fate::NotNat };
        if self.covered.contains(&(gateway, key.hour)) {
            return Fate::Mirror;
        }
        self.gateways[gateway as usize].covered = true;
        let (client, remote, label) = match way {
            Way::Up => (key.from, key.to, key.to_label),
            Way::Down => (key.to, key.from, key.from_label),
        };
        let (vpc, az) = (facts.vpc, facts.az);
        let smaller = |a: Sym, b: Sym| if self.rollup.symbols.text(b) < self.rollup.symbols.text(a) { b } else { a };
        self.client_facts
            .entry((gateway, client))
            .and_modify(|known| *known = (smaller(known.0, vpc), smaller(known.1, az)))
            .or_insert((vpc, az));
        Fate::Counted { gateway, basis: Basis::Pair, client, remote, label, way }
    }

    fn gateway_and_way(&mut self, key: &RowKey, sum: RowSum) -> Option<(u32, Way)> {
        let way = self.way(key);
        let remote = |way| if way == Way::Up { key.to } else { key.from };
        let next_hop = self.rollup.symbols.text(key.next_hop);
        match next_hop {
            "" | SOME_NAT => {
                let by_route = match way {
                    Some(way) => self.routed(key.interface, remote(way)).map(|gateway| (gateway, way)),
                    None => match (self.routed(key.interface, key.to), self.routed(key.interface, key.from)) {
                        (Some(gateway), None) => Some((gateway, Way::Up)),
                        (None, Some(gateway)) => Some((gateway, Way::Down)),
                        _ => None,
                    },
                };
                if by_route.is_none() && next_hop == SOME_NAT {
                    self.unnamed_gateway.add(sum.records, sum.bytes);
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

    fn routed(&mut self, interface: u32, remote: AddrId) -> Option<u32> {
        if let Some(&known) = self.route_cache.get(&(interface, remote)) {
            return known;
        }
        let slot = &self.rollup.interfaces[interface as usize];
        let (name, facts) = (self.rollup.symbols.text(slot.name), &slot.facts);
        let subnet = self.routes.subnet_of(name).unwrap_or_else(|| self.rollup.symbols.text(facts.subnet));
        let gateway = self.routes.nat_of(subnet, self.rollup.addrs.addr(remote));
        let gateway = gateway.map(|id| self.gateway_named(id));
        self.route_cache.insert((interface, remote), gateway);
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

    /// Takes inbound from addresses to which nothing was sent in the period out of the public side: unsolicited.
    fn leave_out_unsolicited(&mut self) {
        let sent: HashSet<(u32, AddrId)> = self
            .sums
            .iter()
            .filter(|(key, sums)| key.basis != Basis::Client && sums.upload.records > 0)
            .map(|(key, _)| (key.gateway, key.remote))
            .collect();
        let (counted, mirror) = (&mut self.counted, &mut self.mirror);
        self.sums.retain(|key, sums| {
            let keep = key.basis != Basis::Remote || sent.contains(&(key.gateway, key.remote));
            if !keep {
                counted.records -= sums.download.records;
                counted.bytes -= sums.download.bytes;
                mirror.add(sums.download.records, sums.download.bytes);
            }
            keep
        });
    }

    fn finish(mut self, vantage: &Vantage) -> Counted {
        for (key, sums) in &self.sums {
            if key.basis != Basis::Client {
                let gateway = &mut self.gateways[key.gateway as usize];
                gateway.upload += sums.upload.bytes;
                gateway.download += sums.download.bytes;
            }
        }
        // By id, so that the order in which gateways turned up leaves no trace.
        let mut order: Vec<u32> = (0u32..).take(self.gateways.len()).collect();
        order.sort_by(|&a, &b| self.gateways[a as usize].side.id.cmp(&self.gateways[b as usize].side.id));
        let mut place = vec![0u32; order.len()];
        for (new, &old) in (0u32..).zip(&order) {
            place[old as usize] = new;
        }
        let rows = self.sums.iter().map(|(key, sums)| CountedRow {
            gateway: place[key.gateway as usize],
            hour: key.hour,
            client: key.client,
            remote: key.remote,
            label: key.label,
            basis: key.basis,
            upload: sums.upload.bytes,
            download: sums.download.bytes,
        });
        let rows = rows.collect();
        let gateways = order.iter().map(|&old| std::mem::take(&mut self.gateways[old as usize])).collect();
        let (records, bytes, unattributable) = self.kinds(vantage);
        let client_facts = self.client_facts.iter().map(|(key, facts)| ((place[key.0 as usize], key.1), *facts)).collect();
        let (undecidable, unnamed_gateway) = (self.undecidable, self.unnamed_gateway);
        Counted { gateways, rows, records, bytes, undecidable, unattributable, unnamed_gateway, client_facts }
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
