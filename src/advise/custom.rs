//! Customers' own services in another VPC: what their traffic costs today, and what `PrivateLink` would cost instead.
//!
//! `PrivateLink` is an interface endpoint in every AZ that has clients, and in the service's VPC an endpoint service with a
//! Network Load Balancer: hours of both, the endpoint's GB, and a capacity unit for a GB of TCP (Elastic Load Balancing
//! pricing). Traffic to an endpoint crosses AZs free of charge (AWS What's New, 2022-04).

mod reason;

use super::tiers::{BreakEven, below_bounds};
use crate::model::addr::Addr;
use crate::model::bytes::Bytes;
use crate::model::custom::{CustomFlow, CustomPath};
use crate::model::usd::{PricePerGb, Usd};
use crate::report::CustomServiceRow;
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

/// What a row of the comparison is made from, for `explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorking {
    /// Region of the clients' VPC, where known.
    pub region: Option<String>,
    /// The traffic, with what its way costs.
    pub flows: Vec<(CustomFlow, Option<PathPrice>)>,
    /// What `PrivateLink` costs; `None` where a price or an AZ is missing.
    pub link: Option<PrivateLink>,
    /// From how many GB on it pays; `None` where a figure is missing.
    pub break_even: Option<BreakEven>,
}

/// What a GB costs on its way, either direction: the sum of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathPrice {
    /// NAT gateway.
    pub gateway: Usd,
    /// Transit gateway.
    pub transit: Usd,
    /// Crossing from one AZ to another, and to public addresses, each of them paid on both sides.
    pub crossing: Usd,
    /// How often it crosses.
    pub crossings: u64,
}

impl PathPrice {
    /// All parts.
    #[must_use]
    pub fn per_gb(&self) -> PricePerGb {
        PricePerGb::new(self.gateway + self.transit + self.crossing.many(2 * self.crossings))
    }
}

/// What `PrivateLink` costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateLink {
    /// AZs with clients: an endpoint in each.
    pub azs: u64,
    /// Hours of the endpoints and of the load balancer.
    pub hours: Usd,
    /// Prices of a GB by tier, the load balancer's included.
    pub gb: [Option<PricePerGb>; 3],
}

/// One row per client VPC, service address, port and path; largest net saving first, rows without one last, then by key.
#[must_use]
pub fn compare(case: &CustomCase) -> Vec<(CustomServiceRow, CustomWorking)> {
    let mut services: BTreeMap<ServiceKey<'_>, Vec<&CustomFlow>> = BTreeMap::new();
    for flow in case.flows.iter().filter(|flow| bytes_of(flow) > Bytes::ZERO) {
        let key = &flow.key;
        let service = (&*key.client_vpc, &*key.peer_vpc, key.peer, key.port, key.path.as_str());
        services.entry(service).or_default().push(flow);
    }
    let mut rows: Vec<(CustomServiceRow, CustomWorking)> =
        services.iter().map(|(key, flows)| row(case, *key, flows)).collect();
    // Stable: rows of one saving stay in the order of their keys.
    rows.sort_by_key(|(row, _)| (row.net_usd.is_none(), Reverse(row.net_usd)));
    rows
}

/// Client VPC, service VPC, address, port, path.
type ServiceKey<'a> = (&'a str, &'a str, Addr, Option<u16>, &'static str);

fn bytes_of(flow: &CustomFlow) -> Bytes {
    flow.upload + flow.download
}

fn row(case: &CustomCase, key: ServiceKey<'_>, flows: &[&CustomFlow]) -> (CustomServiceRow, CustomWorking) {
    let (vpc, peer_vpc, peer, port, path) = key;
    let bytes: Bytes = flows.iter().map(|flow| bytes_of(flow)).sum();
    let region = case.regions.get(vpc);
    let prices = region.and_then(|region| case.prices.get(region)).copied().unwrap_or_default();
    let in_one_region = match (region, case.regions.get(peer_vpc)) {
        (Some(here), Some(there)) if here == there => Ok(()),
        (Some(_), Some(there)) => Err(Missing::OtherRegion(there.clone())),
        _ => Err(Missing::Region),
    };
    let paths: Vec<Result<PathPrice, Missing>> =
        flows.iter().map(|flow| in_one_region.clone().and_then(|()| path_price(case, &prices, flow))).collect();
    let today: Result<Usd, Missing> =
        flows.iter().zip(&paths).map(|(flow, path)| Ok(path.clone()?.per_gb().cost(bytes_of(flow)))).sum();
    let link = in_one_region.and_then(|()| private_link(case.hours, &prices, flows));
    let (today_usd, link_usd) = (today.as_ref().ok().copied(), link.as_ref().ok().and_then(|link| link.usd(bytes)));
    let net = today_usd.zip(link_usd).map(|(today, link)| today - link);
    let break_even = today_usd.zip(link.as_ref().ok()).and_then(|(today, link)| link.break_even(today, bytes));
    let break_even_gb = break_even.as_ref().and_then(|found| found.gb);
    let reason =
        Reason { vpc, peer, port, path, today: &today, link: link.as_ref().err(), net, break_even: break_even_gb };
    let row = CustomServiceRow {
        vpc_id: vpc.to_owned(),
        peer_vpc_id: Some(peer_vpc.to_owned()),
        peer: peer.to_string(),
        port: port.unwrap_or(0),
        path,
        bytes,
        today_usd,
        privatelink_usd: link_usd,
        net_usd: net,
        break_even_gb,
        reason: reason.to_string(),
    };
    let flows = flows.iter().zip(paths).map(|(flow, path)| ((*flow).clone(), path.ok()));
    (row, CustomWorking { region: region.cloned(), flows: flows.collect(), link: link.ok(), break_even })
}

/// What a GB costs on its way, either direction.
fn path_price(case: &CustomCase, prices: &CustomPrices, flow: &CustomFlow) -> Result<PathPrice, Missing> {
    let key = &flow.key;
    // Every byte that crosses is paid for where it leaves and where it arrives.
    let crossings = |crossings: u64| match prices.crossing_gb {
        _ if crossings == 0 => Ok(PathPrice::default()),
        Some(gb) => Ok(PathPrice { crossing: gb.per_gb(), crossings, ..PathPrice::default() }),
        None => Err(Missing::Price),
    };
    let between = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => Ok(u64::from(a != b)),
        _ => Err(Missing::Zone),
    };
    let transit = || prices.transit_gb.map(PricePerGb::per_gb).ok_or(Missing::Price);
    match &key.path {
        CustomPath::Peering => crossings(between(&key.client_az, &key.peer_az)?),
        // Each direction is sent into it once, by one of the two VPCs.
        CustomPath::TransitGateway => Ok(PathPrice { transit: transit()?, ..PathPrice::default() }),
        CustomPath::Nat { gateway } => {
            let gateway = case.gateways.get(gateway).ok_or(Missing::Price)?;
            let (transit, to_gateway) = match gateway.vpc.as_deref() {
                None => return Err(Missing::Zone),
                Some(hub) if hub != key.client_vpc => (transit()?, 0),
                Some(_) if gateway.regional => (Usd::ZERO, 0),
                Some(_) => (Usd::ZERO, between(&key.client_az, &gateway.az)?),
            };
            let gateway = gateway.gb.ok_or(Missing::Price)?.per_gb();
            // Beside the way to the gateway, the service's public address.
            Ok(PathPrice { gateway, transit, ..crossings(to_gateway + 1)? })
        }
    }
}

fn private_link(hours: u64, prices: &CustomPrices, flows: &[&CustomFlow]) -> Result<PrivateLink, Missing> {
    let (Some(nlb_hour), Some(nlb_gb)) = (prices.nlb_hour, prices.nlb_gb) else { return Err(Missing::LoadBalancer) };
    let endpoint_hour = prices.endpoint_hour.ok_or(Missing::Price)?;
    let zones: BTreeSet<&String> =
        flows.iter().map(|flow| flow.key.client_az.as_ref().ok_or(Missing::Zone)).collect::<Result<_, _>>()?;
    let azs = zones.len() as u64;
    let gb = prices.endpoint_gb.map(|gb| gb.map(|gb| PricePerGb::new(gb.per_gb() + nlb_gb.per_gb())));
    gb[0].ok_or(Missing::Price)?;
    Ok(PrivateLink { azs, hours: endpoint_hour.many(hours).many(azs) + nlb_hour.many(hours), gb })
}

impl PrivateLink {
    /// The bytes by tier, each with its price; tiers without any are left out.
    #[must_use]
    pub fn parts(&self, bytes: Bytes) -> Vec<(Option<PricePerGb>, Bytes)> {
        let parts = self.gb.iter().copied().zip(below_bounds(bytes, 1));
        parts.filter(|(_, part)| *part > Bytes::ZERO).collect()
    }

    /// The cost of these bytes; `None` where the price of a tier that they reach is not known.
    fn usd(&self, bytes: Bytes) -> Option<Usd> {
        let data: Option<Usd> = self.parts(bytes).into_iter().map(|(gb, part)| Some(gb?.cost(part))).sum();
        Some(self.hours + data?)
    }

    /// From how many GB on it pays at what a GB costs today.
    fn break_even(&self, today: Usd, bytes: Bytes) -> Option<BreakEven> {
        let prices = self.gb.map(|gb| gb.map(PricePerGb::per_gb));
        Some(BreakEven::find(prices, (Bytes::ZERO, 1), self.hours, today.per_gb_of(bytes)?))
    }
}

#[cfg(test)]
mod tests;
