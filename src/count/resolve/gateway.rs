//! Records of a gateway's own interface or resource: which leg, and where its bytes go.

use super::{Basis, CountedRows, Fate, Resolver, Way};
use crate::count::fold::{RowKey, RowSum, Seen};
use crate::count::legs::{Leg, Shape, regional_leg, zonal_leg, zonal_leg_without_pkt};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use hashbrown::HashSet;

impl Resolver<'_> {
    /// A record of a gateway's own interface or resource.
    pub(super) fn at_gateway(&mut self, gateway: u32, key: &RowKey, sum: RowSum) -> Fate {
        let side = &self.gateways[gateway as usize].side;
        let own = |a: Addr| side.own.contains(&a);
        let local = |a: Addr| self.roles.is_local(a);
        let leg = match key.seen {
            Seen::Pair => Some(Leg::ClientToNat),
            Seen::Leg2 => Some(Leg::NatToRemote),
            Seen::Leg3 => Some(Leg::RemoteToNat),
            Seen::Raw(shape) if side.regional => {
                regional_leg(self.ends(key, shape), key.direction, &side.public, local)
            }
            Seen::Raw(Shape::NoPkt) if side.private => {
                self.undecidable.add(sum.records, sum.bytes);
                None
            }
            Seen::Raw(Shape::NoPkt) if self.is_doubtful(own, key) => {
                self.doubtful.push((gateway, *key, sum));
                return Fate::Later;
            }
            Seen::Raw(shape @ Shape::NoPkt) => {
                zonal_leg_without_pkt(self.ends(key, shape), own, |a| self.roles.is_client_without_pkt(a))
            }
            Seen::Raw(shape) => zonal_leg(self.ends(key, shape), key.direction, own, local),
        };
        self.by_leg(gateway, key, sum, leg)
    }

    fn is_doubtful(&self, own: impl Fn(Addr) -> bool, key: &RowKey) -> bool {
        let (from, to) = (self.rollup.addrs.addr(key.from), self.rollup.addrs.addr(key.to));
        own(from) && self.roles.is_doubtful_without_pkt(to) || own(to) && self.roles.is_doubtful_without_pkt(from)
    }

    /// Decides for each gateway whether its doubtful addresses are clients or remotes: what its clients sent and got is what
    /// the remotes got and sent, so the nearer balance is right.
    pub(super) fn settle_doubtful(&mut self) {
        let doubtful = std::mem::take(&mut self.doubtful);
        let gateways: HashSet<u32> = doubtful.iter().map(|(gateway, _, _)| *gateway).collect();
        for gateway in gateways {
            let total = |rows: &CountedRows, basis| -> u64 {
                let of_gateway = rows.pairs().filter(|of| of.pair.gateway == gateway && of.pair.basis == basis);
                of_gateway.map(|of| of.sums.upload + of.sums.download).sum()
            };
            let (clients, remotes) = (total(&self.rows, Basis::Client), total(&self.public_side, Basis::Remote));
            let rows = || doubtful.iter().filter(|(of, _, _)| *of == gateway);
            let open: u64 = rows().map(|(_, _, sum)| sum.bytes).sum();
            let are_clients = (clients + open).abs_diff(remotes) <= clients.abs_diff(remotes + open);
            let own = self.gateways[gateway as usize].side.own.clone();
            for (_, key, sum) in rows() {
                let ends = self.ends(key, Shape::NoPkt);
                let leg = zonal_leg_without_pkt(ends, |a| own.contains(&a), |_| are_clients);
                let fate = self.by_leg(gateway, key, *sum, leg);
                self.settle(key, *sum, fate);
            }
        }
    }

    fn by_leg(&mut self, gateway: u32, key: &RowKey, sum: RowSum, leg: Option<Leg>) -> Fate {
        let Some(leg) = leg else {
            self.gateways[gateway as usize].undecided.add(sum.records, sum.bytes);
            return Fate::NotNat;
        };
        let paired = self.gateways[gateway as usize].side.regional || key.seen != Seen::Raw(Shape::NoPkt);
        let legs = &mut self.gateways[gateway as usize].legs;
        match leg {
            Leg::ClientToNat => {}
            Leg::NatToRemote => legs[0] += sum.bytes,
            Leg::RemoteToNat => legs[1] += sum.bytes,
            Leg::NatToClient => legs[2] += sum.bytes,
        }
        let up =
            |basis, client, remote| Fate::Counted { gateway, basis, client, remote, label: key.to_label, way: Way::Up };
        let down = |basis, client, remote| Fate::Counted {
            gateway,
            basis,
            client,
            remote,
            label: key.from_label,
            way: Way::Down,
        };
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
        let public_side = std::mem::take(&mut self.public_side);
        self.keep_or_mirror(&public_side, |row| sent.contains(&(row.pair.gateway, row.pair.remote)));
    }
}
