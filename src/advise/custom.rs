//! Customers' own services in another VPC: what their traffic costs today, and what `PrivateLink` would cost instead.
//!
//! `PrivateLink` is an interface endpoint in every AZ that has clients, and in the service's VPC an endpoint service with a
//! Network Load Balancer: hours of both, the endpoint's GB, and a capacity unit for a GB of TCP (Elastic Load Balancing
//! pricing). Traffic to an endpoint crosses AZs free of charge (AWS What's New, 2022-04).

mod reason;

use crate::model::addr::Addr;
use crate::model::bytes::Bytes;
use crate::model::custom::{CustomFlow, CustomPath};
use crate::model::usd::{PricePerGb, SCALE, Usd};
use crate::report::{CustomServiceRow, Decimal};
use reason::{Missing, Reason};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Prices of one Region; `None` is not known, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CustomPrices {
    /// An interface endpoint in one AZ for an hour begun.
    pub endpoint_hour: Option<Usd>,
    /// A GB through interface endpoints up to 1,048,576 GB, from there to 5,242,880 GB, and above.
    pub endpoint_gb: [Option<PricePerGb>; 3],
    /// A GB between AZs, for each direction and each side that pays. Public addresses of one Region cost the same.
    pub crossing_gb: Option<PricePerGb>,
    /// A GB sent into a transit gateway.
    pub transit_gb: Option<PricePerGb>,
    /// A Network Load Balancer for an hour.
    pub nlb_hour: Option<Usd>,
    /// Its capacity unit for an hour: a GB of TCP.
    pub nlb_gb: Option<PricePerGb>,
}

/// A NAT gateway that clients reach services through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomGateway {
    /// Its VPC: a hub where it is not the clients' own.
    pub vpc: Option<String>,
    /// Its AZ id; a regional gateway has none.
    pub az: Option<String>,
    /// Whether it spans the VPC: then nothing crosses AZs on the way to it.
    pub regional: bool,
    /// What it charges for a GB.
    pub gb: Option<PricePerGb>,
}

/// Everything that the comparison is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomCase {
    /// The traffic.
    pub flows: Vec<CustomFlow>,
    /// Gateways by id.
    pub gateways: BTreeMap<String, CustomGateway>,
    /// Regions of VPCs.
    pub regions: BTreeMap<String, String>,
    /// Prices by Region.
    pub prices: BTreeMap<String, CustomPrices>,
    /// Whole hours of the period.
    pub hours: u64,
}

/// GB up to which the first and the second tier reach (AWS `PrivateLink` pricing).
const TIER_ENDS: [u64; 2] = [1_048_576, 5_242_880];

/// One row per client VPC, service address, port and path; largest net saving first, rows without one last, then by key.
#[must_use]
pub fn compare(case: &CustomCase) -> Vec<CustomServiceRow> {
    let mut services: BTreeMap<ServiceKey<'_>, Vec<&CustomFlow>> = BTreeMap::new();
    for flow in case.flows.iter().filter(|flow| bytes_of(flow) > Bytes::ZERO) {
        let key = &flow.key;
        let service = (&*key.client_vpc, &*key.peer_vpc, key.peer, key.port, key.path.as_str());
        services.entry(service).or_default().push(flow);
    }
    let mut rows: Vec<CustomServiceRow> = services.iter().map(|(key, flows)| row(case, *key, flows)).collect();
    // Stable: rows of one saving stay in the order of their keys.
    rows.sort_by_key(|row| (row.net_usd.is_none(), Reverse(row.net_usd)));
    rows
}

/// Client VPC, service VPC, address, port, path.
type ServiceKey<'a> = (&'a str, &'a str, Addr, Option<u16>, &'static str);

fn bytes_of(flow: &CustomFlow) -> Bytes {
    flow.upload + flow.download
}

fn row(case: &CustomCase, key: ServiceKey<'_>, flows: &[&CustomFlow]) -> CustomServiceRow {
    let (vpc, peer_vpc, peer, port, path) = key;
    let bytes: Bytes = flows.iter().map(|flow| bytes_of(flow)).sum();
    let region = case.regions.get(vpc);
    let prices = region.and_then(|region| case.prices.get(region)).copied().unwrap_or_default();
    let in_one_region = match (region, case.regions.get(peer_vpc)) {
        (Some(here), Some(there)) if here == there => Ok(()),
        (Some(_), Some(there)) => Err(Missing::OtherRegion(there.clone())),
        _ => Err(Missing::Region),
    };
    let today = in_one_region.clone().and_then(|()| today(case, &prices, flows));
    let link = in_one_region.and_then(|()| private_link(case.hours, &prices, flows));
    let (today_usd, link_usd) = (today.as_ref().ok().copied(), link.as_ref().ok().and_then(|link| link.usd(bytes)));
    let net = today_usd.zip(link_usd).map(|(today, link)| today - link);
    let break_even = today_usd.zip(link.as_ref().ok()).and_then(|(today, link)| link.break_even(today, bytes));
    let reason = Reason { vpc, peer, port, path, today: &today, link: link.as_ref().err(), net, break_even };
    CustomServiceRow {
        vpc_id: vpc.to_owned(),
        peer_vpc_id: Some(peer_vpc.to_owned()),
        peer: peer.to_string(),
        port: port.unwrap_or(0),
        path,
        bytes,
        today_usd,
        privatelink_usd: link_usd,
        net_usd: net,
        break_even_gb: break_even,
        reason: reason.to_string(),
    }
}

/// What the paths charge for the bytes.
fn today(case: &CustomCase, prices: &CustomPrices, flows: &[&CustomFlow]) -> Result<Usd, Missing> {
    flows.iter().map(|flow| Ok(path_price(case, prices, flow)?.cost(bytes_of(flow)))).sum()
}

/// What a GB costs on its way, either direction.
fn path_price(case: &CustomCase, prices: &CustomPrices, flow: &CustomFlow) -> Result<PricePerGb, Missing> {
    let key = &flow.key;
    // Every byte that crosses is paid for where it leaves and where it arrives.
    let both_sides = || prices.crossing_gb.map(|gb| gb.per_gb() + gb.per_gb()).ok_or(Missing::Price);
    let between = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) if a == b => Ok(Usd::ZERO),
        (Some(_), Some(_)) => both_sides(),
        _ => Err(Missing::Zone),
    };
    let transit = || prices.transit_gb.map(PricePerGb::per_gb).ok_or(Missing::Price);
    let per_gb = match &key.path {
        CustomPath::Peering => between(&key.client_az, &key.peer_az)?,
        // Each direction is sent into it once, by one of the two VPCs.
        CustomPath::TransitGateway => transit()?,
        CustomPath::Nat { gateway } => {
            let gateway = case.gateways.get(gateway).ok_or(Missing::Price)?;
            let to_gateway = match gateway.vpc.as_deref() {
                None => return Err(Missing::Zone),
                Some(hub) if hub != key.client_vpc => transit()?,
                Some(_) if gateway.regional => Usd::ZERO,
                Some(_) => between(&key.client_az, &gateway.az)?,
            };
            to_gateway + gateway.gb.ok_or(Missing::Price)?.per_gb() + both_sides()?
        }
    };
    Ok(PricePerGb::new(per_gb))
}

/// What `PrivateLink` costs: hours, and prices of a GB by tier, the load balancer's included.
struct PrivateLink {
    hours: Usd,
    gb: [Option<PricePerGb>; 3],
}

fn private_link(hours: u64, prices: &CustomPrices, flows: &[&CustomFlow]) -> Result<PrivateLink, Missing> {
    let (Some(nlb_hour), Some(nlb_gb)) = (prices.nlb_hour, prices.nlb_gb) else { return Err(Missing::LoadBalancer) };
    let endpoint_hour = prices.endpoint_hour.ok_or(Missing::Price)?;
    let zones: BTreeSet<&String> =
        flows.iter().map(|flow| flow.key.client_az.as_ref().ok_or(Missing::Zone)).collect::<Result<_, _>>()?;
    let times = |price: Usd, count: u64| Usd::from_units(price.units() * i128::from(hours) * i128::from(count));
    let gb = prices.endpoint_gb.map(|gb| gb.map(|gb| PricePerGb::new(gb.per_gb() + nlb_gb.per_gb())));
    gb[0].ok_or(Missing::Price)?;
    Ok(PrivateLink { hours: times(endpoint_hour, zones.len() as u64) + times(nlb_hour, 1), gb })
}

impl PrivateLink {
    /// The cost of these bytes; `None` where the price of a tier that they reach is not known.
    fn usd(&self, bytes: Bytes) -> Option<Usd> {
        let ends = TIER_ENDS.map(|gb| Bytes::new(gb * Bytes::PER_GB));
        let below = |end: Bytes| bytes.min(end);
        let tiers = [below(ends[0]), below(ends[1]).saturating_sub(ends[0]), bytes.saturating_sub(ends[1])];
        let costs = self.gb.iter().zip(tiers).filter(|(_, bytes)| *bytes > Bytes::ZERO);
        let data: Option<Usd> = costs.map(|(gb, bytes)| Some((*gb)?.cost(bytes))).sum();
        Some(self.hours + data?)
    }

    /// GB from which it pays at what a GB costs today; `None` if it never does, or the price of a tier on the way is not known.
    fn break_even(&self, today: Usd, bytes: Bytes) -> Option<Decimal> {
        let whole = |gb: u64| Usd::from_units(i128::from(gb) * SCALE);
        let per_gb = today.per_gb_of(bytes)?;
        let (mut begin, mut left) = (Usd::ZERO, self.hours);
        for (gb, end) in self.gb.iter().zip([Some(TIER_ENDS[0]), Some(TIER_ENDS[1]), None]) {
            let margin = per_gb - (*gb)?.per_gb();
            let room = end.map(|end| whole(end) - begin);
            if let Some(need) = left.ratio_to(margin).filter(|need| room.is_none_or(|room| *need <= room)) {
                return Some(begin + need);
            }
            left = left - margin.times(room?)?;
            begin += room?;
        }
        None
    }
}

#[cfg(test)]
mod tests;
