//! What becomes of each gateway, and which traffic changes zone: settled for all gateways together before any row is written.

use super::{GatewayFacts, LeftTraffic};
use crate::model::bytes::Bytes;
use crate::model::inventory::{Availability, Connectivity};
use crate::model::usd::Usd;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    Stays,
    Idle,
    /// Its traffic moves to `stayer`, in the same zone.
    Redundant {
        stayer: &'a str,
    },
    Removable,
}

/// Where traffic that crosses zones goes instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// A gateway that stays anyway.
    Standing(&'a str),
    /// A gateway that has a finding of its own, kept for this.
    Kept(&'a str),
    /// One that has to be made.
    New,
}

/// The traffic of one gateway from one other zone, that had better use a gateway there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crossing<'a> {
    pub(super) gateway: &'a str,
    /// The clients' zone.
    pub(super) az: &'a str,
    pub(super) target: Target<'a>,
    pub(super) bytes: Bytes,
    /// What crossing costs; `None` where it has no price.
    pub(super) charge: Option<Usd>,
    /// What the target costs.
    pub(super) cost: Usd,
    /// Bytes of all that share this cost.
    pub(super) sharing: Bytes,
    /// This one's share of it.
    pub(super) share: Usd,
    /// What it saves, less its share of what the target costs; `None` where the crossing has no price.
    pub(super) saving: Option<Usd>,
}

#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Those that are not gone, with their fates.
    fates: BTreeMap<&'a str, (&'a GatewayFacts, Fate<'a>)>,
    crossings: Vec<Crossing<'a>>,
}

/// Where one gateway can stand in for another: VPC, zone, kind.
type Place<'a> = (&'a str, &'a str, Connectivity);

impl<'a> Plan<'a> {
    pub(super) fn new(gateways: &'a [GatewayFacts], left: &'a [LeftTraffic]) -> Self {
        let here = gateways.iter().filter(|gateway| !gateway.gone);
        let fate = |gateway: &GatewayFacts| if gateway.is_idle() { Fate::Idle } else { Fate::Stays };
        let fates = here.map(|gateway| (gateway.id.as_str(), (gateway, fate(gateway)))).collect();
        let mut plan = Self { fates, crossings: Vec::new() };
        plan.merge_neighbours();
        plan.remove_unused(left);
        plan.keep_in_zone(left);
        plan
    }

    pub(super) fn gateways(&self) -> impl Iterator<Item = &'a GatewayFacts> {
        self.fates.values().map(|(gateway, _)| *gateway)
    }

    pub(super) fn gateway(&self, id: &str) -> Option<&'a GatewayFacts> {
        self.fates.get(id).map(|(gateway, _)| *gateway)
    }

    pub(super) fn fate(&self, id: &str) -> Fate<'a> {
        self.fates.get(id).map_or(Fate::Stays, |(_, fate)| *fate)
    }

    pub(super) fn crossing_of(&self, id: &str) -> Vec<Crossing<'a>> {
        self.crossings.iter().filter(|crossing| crossing.gateway == id).copied().collect()
    }

    /// The gateways whose traffic moves to this one.
    pub(super) fn merged_into(&self, id: &str) -> Vec<&'a str> {
        let merged =
            self.fates.iter().filter(|(_, (_, fate))| matches!(fate, Fate::Redundant { stayer } if *stayer == id));
        merged.map(|(merged, _)| *merged).collect()
    }

    /// The gateways whose clients would come here if it were kept.
    pub(super) fn would_bring(&self, id: &str) -> Vec<&'a str> {
        let bringing = self.crossings.iter().filter(|crossing| crossing.target == Target::Kept(id));
        bringing.map(|crossing| crossing.gateway).collect()
    }

    /// Of the gateways at one place that carry something, the one that carries most stays; of equals the smaller id.
    fn merge_neighbours(&mut self) {
        let mut places: BTreeMap<Place<'a>, Vec<&'a GatewayFacts>> = BTreeMap::new();
        for (gateway, fate) in self.fates.values() {
            if let (Fate::Stays, Some(place)) = (fate, place(gateway)) {
                places.entry(place).or_default().push(gateway);
            }
        }
        for neighbours in places.into_values() {
            let stayer = neighbours.iter().min_by_key(|gateway| (Reverse(gateway.carried()), &gateway.id));
            let Some(stayer) = stayer.map(|gateway| gateway.id.as_str()) else { continue };
            for gateway in neighbours.iter().filter(|gateway| gateway.id != stayer) {
                self.fates.insert(&gateway.id, (gateway, Fate::Redundant { stayer }));
            }
        }
    }

    /// What is left of a gateway decides together with what is left of those that are merged into it.
    fn remove_unused(&mut self, left: &[LeftTraffic]) {
        let busy: BTreeSet<&str> =
            left.iter().filter(|l| l.bytes > Bytes::ZERO).map(|l| l.nat_gateway_id.as_str()).collect();
        let unused = |gateway: &GatewayFacts| {
            gateway.attributed.is_some()
                && !gateway.takes_over
                && !busy.contains(gateway.id.as_str())
                && !gateway.is_underobserved()
        };
        let staying = self.fates.values().filter(|(_, fate)| *fate == Fate::Stays).map(|(gateway, _)| *gateway);
        let with_merged = |gateway: &&GatewayFacts| {
            let merged = self.merged_into(&gateway.id);
            unused(gateway) && merged.iter().all(|id| self.gateway(id).is_some_and(unused))
        };
        let removable: Vec<&GatewayFacts> = staying.filter(with_merged).collect();
        for gateway in removable {
            self.fates.insert(&gateway.id, (gateway, Fate::Removable));
        }
    }

    /// Sends what crosses zones to a gateway of its own zone, where that pays for all of the VPC's gateways together.
    fn keep_in_zone(&mut self, left: &'a [LeftTraffic]) {
        let mut places: BTreeMap<Place<'a>, BTreeMap<&'a str, (Bytes, Option<Usd>)>> = BTreeMap::new();
        for traffic in left.iter().filter(|traffic| traffic.bytes > Bytes::ZERO) {
            let Some((gateway, _)) = self.fates.get(traffic.nat_gateway_id.as_str()) else { continue };
            let (Some((vpc, az, kind)), Some(client_az)) = (place(gateway), traffic.az.as_deref()) else { continue };
            if traffic.vpc.as_deref() == Some(vpc) && client_az != az {
                let of_place = places.entry((vpc, client_az, kind)).or_default();
                let (bytes, usd) = of_place.entry(&gateway.id).or_insert((Bytes::ZERO, Some(Usd::ZERO)));
                *bytes += traffic.bytes;
                *usd = usd.zip(traffic.cross_az_usd).map(|(sum, usd)| sum + usd);
            }
        }
        for (place, parts) in places {
            let Some((target, cost)) = self.target(place, &parts) else { continue };
            let weights: Vec<Bytes> = parts.values().map(|(bytes, _)| *bytes).collect();
            let shares = cost.apportion(&weights).unwrap_or_default();
            let sharing = weights.iter().copied().sum();
            let crossings = parts.into_iter().zip(shares).map(|((gateway, (bytes, charge)), share)| Crossing {
                gateway,
                az: place.1,
                target,
                bytes,
                charge,
                cost,
                sharing,
                share,
                saving: charge.map(|charge| charge - share),
            });
            self.crossings.extend(crossings);
        }
    }

    /// Where traffic that crosses to a place's zone from there goes, and what that costs; `None` where it does not pay, or is not
    /// known to.
    fn target(&self, wanted: Place<'a>, parts: &BTreeMap<&'a str, (Bytes, Option<Usd>)>) -> Option<(Target<'a>, Usd)> {
        let charge = parts.values().map(|(_, usd)| *usd).sum::<Option<Usd>>();
        let standing = self.fates.values().filter(|(gateway, _)| place(gateway) == Some(wanted));
        let standing: Vec<(&GatewayFacts, Fate)> = standing.copied().collect();
        if let Some((gateway, _)) = standing.iter().find(|(_, fate)| *fate == Fate::Stays) {
            let pays = charge.is_none_or(|charge| charge > Usd::ZERO);
            return pays.then_some((Target::Standing(&gateway.id), Usd::ZERO));
        }
        // What is redundant has a neighbour that carries more, so one of the others is here too.
        let leaving = standing.iter().filter(|(_, fate)| matches!(fate, Fate::Idle | Fate::Removable));
        let cheapest = leaving.map(|(gateway, _)| (gateway.keep_usd(), gateway.id.as_str())).min();
        let (target, cost) = match cheapest {
            Some((usd, id)) => (Target::Kept(id), usd?),
            None => (Target::New, parts.keys().find_map(|id| self.gateway(id)?.new_gateway_hours_usd)?),
        };
        (charge? > cost).then_some((target, cost))
    }
}

/// Where a zonal gateway stands, if all of that is known.
fn place(gateway: &GatewayFacts) -> Option<Place<'_>> {
    let (vpc, az) = (gateway.vpc.as_deref()?, gateway.az.as_deref()?);
    (gateway.availability == Availability::Zonal).then_some((vpc, az, gateway.connectivity))
}
