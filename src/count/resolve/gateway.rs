//! Records of a gateway's own interface or resource: which leg, and where its bytes go.

use super::{Basis, Fate, Resolver, Way};
use crate::count::fold::{RowKey, RowSum, Seen};
use crate::count::legs::{Leg, Shape, regional_leg, zonal_leg, zonal_leg_without_pkt};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use hashbrown::HashSet;

impl Resolver<'_> {
    /// A record of a gateway's own interface or resource.
    pub(super) fn at_gateway(&mut self, gateway: u32, key: &RowKey, sum: RowSum) -> Fate {
        let side = &self.gateways[gateway as usize].side;
        let (own, public) = (|a: Addr| side.own.contains(&a), |a: Addr| side.public.contains(&a));
        let local = |a: Addr| self.roles.is_local(a);
        let leg = match key.seen {
            Seen::Pair => Some(Leg::ClientToNat),
            Seen::Leg2 => Some(Leg::NatToRemote),
            Seen::Leg3 => Some(Leg::RemoteToNat),
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
        let all = self.rows.iter().chain(self.public_side.iter().map(|(row, _)| row));
        let sent: HashSet<(u32, AddrId)> = if self.public_side.is_empty() {
            HashSet::new()
        } else {
            all.filter(|row| row.upload > 0 && row.basis != Basis::Client)
                .map(|row| (row.gateway, row.remote))
                .collect()
        };
        let public_side = std::mem::take(&mut self.public_side);
        self.keep_or_mirror(public_side, |row| sent.contains(&(row.gateway, row.remote)));
    }
}
