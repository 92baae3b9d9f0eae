//! Records of a gateway's own interface or resource: which leg, and where its bytes go.

use super::told::Told;
use super::{Basis, CountedPair, CountedRows, Counts, Fate, Resolver, Way};
use crate::count::fold::{RowKey, RowSum, Seen};
use crate::count::legs::{Leg, Shape, is_doubtful_regional, regional_leg, zonal_leg, zonal_leg_without_pkt};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::flow::Direction;
use crate::model::symbols::Sym;
use hashbrown::HashSet;

impl Resolver<'_> {
    /// A record of a gateway's own interface or resource.
    pub(super) fn at_gateway(&mut self, gateway: u32, told: &Told) -> Fate {
        let key = &told.key;
        let side = &self.gateways[gateway as usize].side;
        let own = |a: Addr| side.own.contains(&a);
        let local = |a: Addr| self.roles.is_local(a);
        let leg = match key.seen {
            Seen::Pair => Some(Leg::ClientToNat),
            Seen::Leg2 => Some(Leg::NatToRemote),
            Seen::Leg3 => Some(Leg::RemoteToNat),
            Seen::Raw(shape) if side.regional => {
                let ends = self.ends(key, shape);
                if is_doubtful_regional(ends, &side.public, local) {
                    self.doubtful.push((gateway, *told));
                    return Fate::Later;
                }
                regional_leg(ends, key.direction, &side.public, local, false)
            }
            Seen::Raw(Shape::NoPkt) if side.private => {
                let RowSum { records, bytes } = told.sum();
                self.undecidable.add(records, bytes);
                None
            }
            Seen::Raw(Shape::NoPkt) if self.is_doubtful(own, key) => {
                self.doubtful.push((gateway, *told));
                return Fate::Later;
            }
            Seen::Raw(shape @ Shape::NoPkt) => {
                zonal_leg_without_pkt(self.ends(key, shape), own, |a| self.roles.is_client_without_pkt(a))
            }
            Seen::Raw(shape) => zonal_leg(self.ends(key, shape), key.direction, own, local),
        };
        self.by_leg(gateway, told, leg)
    }

    fn is_doubtful(&self, own: impl Fn(Addr) -> bool, key: &RowKey) -> bool {
        let (from, to) = (self.rollup.addrs.addr(key.from), self.rollup.addrs.addr(key.to));
        own(from) && self.roles.is_doubtful_without_pkt(to) || own(to) && self.roles.is_doubtful_without_pkt(from)
    }

    /// Decides for each gateway whether its doubtful addresses are clients: of all lists, so that their order does not matter.
    pub(super) fn settle_doubtful(&mut self) {
        let doubtful = std::mem::take(&mut self.doubtful);
        let gateways: HashSet<u32> = doubtful.iter().map(|(gateway, _)| *gateway).collect();
        for gateway in gateways {
            let lists = || doubtful.iter().filter(|(of, _)| *of == gateway).map(|(_, told)| told);
            let are_clients = self.doubtful_are_clients(gateway, &lists());
            let side = self.gateways[gateway as usize].side.clone();
            for told in lists() {
                let leg = if side.regional {
                    let (ends, local) = (self.ends(&told.key, Shape::Plain), |a: Addr| self.roles.is_local(a));
                    regional_leg(ends, told.key.direction, &side.public, local, are_clients)
                } else {
                    let ends = self.ends(&told.key, Shape::NoPkt);
                    zonal_leg_without_pkt(ends, |a| side.own.contains(&a), |_| are_clients)
                };
                let fate = self.by_leg(gateway, told, leg);
                self.settle(told, fate);
            }
        }
    }

    /// Whether the addresses in doubtful lists of a gateway are clients: the nearer balance is right.
    fn doubtful_are_clients<'t>(&self, gateway: u32, lists: &(impl Iterator<Item = &'t Told> + Clone)) -> bool {
        let count = &self.gateways[gateway as usize];
        let bytes = |direction| {
            let lists = lists.clone().filter(|told| told.key.direction == direction);
            lists.map(|told| told.sum().bytes).sum::<u64>()
        };
        if count.side.regional {
            // What clients sent the gateway sent on: what came in is either a client's, or an answer, and then what went out was sent on.
            // On the way back there is what nobody asked for, too.
            let ([leg_1, leg_2, ..], [come, gone]) = (count.legs, [Direction::Ingress, Direction::Egress].map(bytes));
            return (leg_1 + come).abs_diff(leg_2) < leg_1.abs_diff(leg_2 + gone);
        }
        let open: u64 = lists.clone().map(|told| told.sum().bytes).sum();
        let total = |rows: &CountedRows, basis| -> u64 {
            let of_gateway = rows.pairs().filter(|of| of.pair.gateway == gateway && of.pair.basis == basis);
            of_gateway.map(|of| of.sums.upload + of.sums.download).sum()
        };
        // What its clients sent and got is what the remotes got and sent.
        let (clients, remotes) = (total(&self.rows, Basis::Client), total(&self.public_side, Basis::Remote));
        (clients + open).abs_diff(remotes) <= clients.abs_diff(remotes + open)
    }

    fn by_leg(&mut self, gateway: u32, told: &Told, leg: Option<Leg>) -> Fate {
        let (key, RowSum { records, bytes }) = (&told.key, told.sum());
        let count = &mut self.gateways[gateway as usize];
        let Some(leg) = leg else {
            count.undecided.add(records, bytes);
            return Fate::NotNat;
        };
        match leg {
            Leg::ClientToNat => count.legs[0] += bytes,
            Leg::NatToRemote => count.legs[1] += bytes,
            Leg::RemoteToNat => count.legs[2] += bytes,
            Leg::NatToClient => count.legs[3] += bytes,
        }
        let paired = count.side.regional || key.seen != Seen::Raw(Shape::NoPkt);
        let pair = |basis, client, remote, label| CountedPair { gateway, client, remote, label, basis, port: key.port };
        let (none, no_label, up, down) = (AddrId::NONE, Sym::NONE, Way::Up, Way::Down);
        match (leg, paired) {
            (Leg::ClientToNat, true) => Fate::Counted(pair(Basis::Pair, key.from, key.to, key.to_label), up),
            (Leg::NatToClient, true) => Fate::Counted(pair(Basis::Pair, key.to, key.from, key.from_label), down),
            (Leg::NatToRemote | Leg::RemoteToNat, true) => Fate::Mirror,
            (Leg::NatToRemote, false) => Fate::Counted(pair(Basis::Remote, none, key.to, key.to_label), up),
            (Leg::RemoteToNat, false) => Fate::Counted(pair(Basis::Remote, none, key.from, key.from_label), down),
            (Leg::ClientToNat, false) => Fate::PrivateSide(pair(Basis::Client, key.from, none, no_label), up),
            (Leg::NatToClient, false) => Fate::PrivateSide(pair(Basis::Client, key.to, none, no_label), down),
        }
    }

    /// Takes inbound from addresses to which nothing was sent in the period out of the public side: unsolicited.
    pub(super) fn leave_out_unsolicited(&mut self) {
        if self.public_side.is_empty() {
            return;
        }
        let all = self.rows.pairs().chain(self.public_side.pairs());
        let sent: HashSet<(u32, AddrId)> = all
            .filter(|counts| counts.pair.basis != Basis::Client && counts.sums.upload > 0)
            .map(|counts| (counts.pair.gateway, counts.pair.remote))
            .collect();
        let is_sent = |pair: &CountedPair| sent.contains(&(pair.gateway, pair.remote));
        let mut public_side = std::mem::take(&mut self.public_side);
        for Counts { pair, sums, .. } in public_side.pairs() {
            if is_sent(pair) {
                self.gateways[pair.gateway as usize].covered = true;
            } else {
                self.take_back(sums.records, sums.upload + sums.download);
            }
        }
        public_side.retain(is_sent);
        self.rows.append(public_side);
    }

    /// Takes back what was counted and is the same bytes again.
    pub(super) fn take_back(&mut self, records: u64, bytes: u64) {
        self.counted.records -= records;
        self.counted.bytes -= bytes;
        self.mirror.add(records, bytes);
    }
}
