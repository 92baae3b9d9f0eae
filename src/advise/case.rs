//! From the report's rows and the inventory to what decisions are made from: which way the bytes went and what each part of it
//! costs, which endpoints exist and what they carry.

use super::gateway::{Age, HoursOf, age};
use super::input::{EndpointPrices, ExistingEndpoint, RegionCase, ServiceTraffic};
use super::tiers::Tiers;
use crate::model::bytes::Bytes;
use crate::model::inventory::{EndpointKind, Inventory, VpcEndpoint, Zones};
use crate::model::period::Window;
use crate::model::region;
use crate::model::usd::{PricePerGb, Usd, div_half_even};
use crate::name::endpoints::offer::{offer, room};
use crate::name::endpoints::{EndpointType, table};
use crate::price::{Item, PriceBook, PriceMissing, place_of};
use crate::report::{NatGatewayRow, TrafficRow};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known when decisions are due.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// What exists.
    pub inventory: &'a Inventory,
    /// List prices.
    pub prices: &'a PriceBook,
    /// NAT gateways with what they charge.
    pub gateways: &'a [NatGatewayRow],
    /// Attributed traffic.
    pub traffic: &'a [TrafficRow],
    /// Of each row of it what other NAT gateways passed on, by their ids: as far as their own rows have it, an endpoint takes it over once,
    /// and all gateways' charges with it.
    pub relayed: &'a [BTreeMap<String, Bytes>],
    /// Gateways whose bill ends before the records do, and until when it tells of them.
    pub billed_until: &'a BTreeMap<String, i64>,
    /// AZ ids of all clients of each gateway.
    pub client_azs: &'a BTreeMap<String, BTreeSet<String>>,
    /// What bill and metrics say of interface endpoints, by id.
    pub endpoints: &'a BTreeMap<String, EndpointUse>,
    /// Bytes of interface endpoints on the bill that the inventory does not hold, by Region.
    pub other_endpoint_bytes: &'a BTreeMap<String, Bytes>,
    /// Those that a bill does not name which names others of their account and Region: nothing is known to have been paid.
    pub not_on_bill: &'a BTreeSet<String>,
    /// VPCs and services whose names lead to private addresses: an endpoint works there, whoever made it.
    pub private_answers: &'a BTreeSet<(String, String)>,
    /// The first and the last hour in which anything crossed, where an endpoint may be younger.
    pub hours_of: &'a HoursOf,
    /// Whole hours that new endpoints are weighed over: of the period, or of its part with records.
    pub hours: u64,
    /// The whole period, which bill and metrics are about.
    pub window: Window,
}

/// What an interface endpoint carried and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointUse {
    /// Both directions; `None` where neither bill nor metrics say.
    pub bytes: Option<Bytes>,
    /// Cost of its hours on the bill.
    pub hours_usd: Option<Usd>,
    /// Cost of its bytes on the bill.
    pub data_usd: Option<Usd>,
}

/// What decisions are made from, by endpoint type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// Traffic for gateway endpoints.
    pub gateway: Vec<ServiceTraffic>,
    /// Traffic for interface endpoints, and those that exist, by Region.
    pub regions: Vec<RegionCase>,
    /// Prices that were needed and are not known.
    pub missing: BTreeSet<PriceMissing>,
    /// Traffic that an endpoint could carry, if its clients' VPC were known: gateway, service and bytes.
    pub undecided: Vec<(String, String, Bytes)>,
    /// Endpoints that cannot be judged, because nothing says what they carry.
    pub unmeasured: Vec<String>,
    /// Endpoints that cannot be judged, because the bill names others and not them.
    pub unpaid: Vec<String>,
    /// What a GB would cost without an existing endpoint, by its id.
    pub nat_rates: BTreeMap<String, NatRate>,
}

/// What a GB costs through the NAT gateway that would take an endpoint's traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatRate {
    /// The gateway.
    pub nat_gateway_id: String,
    /// Its Region.
    pub region: Option<String>,
    /// Where its prices are listed: the Region, or the group of its Local Zone.
    pub place: Option<String>,
    /// What it charges: what was paid, else the list price.
    pub gateway: Usd,
    /// What the transit gateway on the way charges; `None` without one.
    pub transit: Option<Usd>,
    /// Price of a GB that crosses AZs, for each direction and side.
    pub crossing: Usd,
    /// Of the endpoint's AZs, how many have no gateway of the VPC's own: their bytes cross.
    pub crossing_azs: u64,
    /// The endpoint's AZs.
    pub azs: u64,
}

/// What one endpoint would take off one gateway: gateway, VPC, service with its Region, and the endpoint's type.
type Part<'r> = (&'r str, Option<&'r str>, &'r str, Option<&'r str>, &'r str);

fn part<'r>(row: &'r TrafficRow, gateway: &'r str) -> Part<'r> {
    (gateway, row.vpc_id.as_deref(), &row.service, row.service_region.as_deref(), row.endpoint)
}

/// The group of a Local Zone.
fn edge_of(region: Option<&str>, az: Option<&str>) -> Option<String> {
    region::edge_group(region?, az?)
}

impl NatRate {
    /// What crossing adds to a GB, half-even: both sides pay, for the part of the AZs that cross.
    #[must_use]
    pub fn crossing_per_gb(&self) -> Usd {
        match i128::from(self.azs) {
            0 => Usd::ZERO,
            azs => Usd::from_units(div_half_even(self.crossing.many(2 * self.crossing_azs).units(), azs)),
        }
    }

    /// All of it.
    #[must_use]
    pub fn per_gb(&self) -> PricePerGb {
        PricePerGb::new(self.gateway + self.transit.unwrap_or_default() + self.crossing_per_gb())
    }
}

/// The way of a row's bytes to its gateway, and what that costs besides the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The gateway's VPC where the client is in another one.
    pub hub: Option<String>,
    /// What the gateway charges for the bytes: the row's part of what was paid, or, where the bill ends before the records do, at what was
    /// paid for a GB, and at list where nothing was yet. `None` where that is not known.
    pub nat: Option<Usd>,
    /// What crossing to the gateway's AZ costs: both sides pay for each direction (AWS EC2 pricing, data transfer within a
    /// Region), so a byte pays twice. To and from a transit gateway it is free.
    pub cross_az: Result<Usd, PriceMissing>,
    /// What the transit gateway charges for the bytes.
    pub transit: Result<Usd, PriceMissing>,
}

impl Account<'_> {
    /// The way of a row. An AZ that is not known crosses nothing: only what is certain is claimed.
    #[must_use]
    pub fn way(&self, row: &TrafficRow) -> Way {
        let bytes = row.upload_bytes + row.download_bytes;
        let Some(gateway) = self.gateway(&row.nat_gateway_id) else {
            return Way { hub: None, nat: row.usd, cross_az: Ok(Usd::ZERO), transit: Ok(Usd::ZERO) };
        };
        let apart = |client: &Option<String>, gateway: &Option<String>| {
            client.as_ref().zip(gateway.as_ref()).is_some_and(|(a, b)| a != b)
        };
        let hub = gateway.vpc_id.clone().filter(|_| apart(&row.vpc_id, &gateway.vpc_id));
        let price = |item| self.prices.price(gateway.region.as_deref(), item);
        let crosses = hub.is_none() && apart(&row.az_id, &gateway.az_id);
        // No list price is known for the way to or from a Local Zone: what may be avoided there is not claimed.
        let has_price = |az: &Option<String>| edge_of(gateway.region.as_deref(), az.as_deref()).is_none();
        let cross_az = if crosses && has_price(&row.az_id) && has_price(&gateway.az_id) {
            price(Item::CrossAzGbEachDirection).map(|price| PricePerGb::new(price.many(2)).cost(bytes))
        } else {
            Ok(Usd::ZERO)
        };
        let transit = match hub {
            Some(_) => price(Item::TgwVpcGb).map(|price| PricePerGb::new(price).cost(bytes)),
            None => Ok(Usd::ZERO),
        };
        // What was paid is for a part of the bytes only, or for none yet.
        let nat = if self.billed_until.contains_key(&row.nat_gateway_id) {
            let rate = gateway.usd_per_gb.or_else(|| self.list_rate(gateway));
            row.usd.and(rate).map(|rate| PricePerGb::new(rate).cost(bytes))
        } else {
            row.usd
        };
        Way { hub, nat, cross_az, transit }
    }

    /// The list price of a GB through a gateway of which no byte is billed yet.
    fn list_rate(&self, gateway: &NatGatewayRow) -> Option<Usd> {
        let place = place_of(gateway.region.as_deref(), gateway.az_id.as_deref());
        let price = self.prices.price(place.as_deref(), Item::NatGatewayGb);
        price.ok().filter(|_| gateway.billed_bytes == Some(Bytes::ZERO))
    }

    /// Sorts everything by what could carry it.
    #[must_use]
    pub fn cases(&self) -> Cases {
        let mut cases = Cases::default();
        let mut regions: BTreeMap<String, RegionCase> = BTreeMap::new();
        let rows = || self.traffic.iter().zip(self.relayed).filter(|(row, _)| row.endpoint != "none");
        // What each gateway has of clients that are no gateways: no more than that can come a second time.
        let mut first: BTreeMap<Part<'_>, Bytes> = BTreeMap::new();
        for (row, relayed) in rows().filter(|(row, _)| !self.is_out_of_reach(row)) {
            let bytes = (row.upload_bytes + row.download_bytes).saturating_sub(relayed.values().copied().sum());
            *first.entry(part(row, &row.nat_gateway_id)).or_default() += bytes;
        }
        for (row, relayed) in rows() {
            let bytes = row.upload_bytes + row.download_bytes;
            let again = relayed.iter().map(|(relay, bytes)| {
                let Some(left) = first.get_mut(&part(row, relay)) else { return Bytes::ZERO };
                let again = (*left).min(*bytes);
                *left = left.saturating_sub(again);
                again
            });
            let relayed = again.sum();
            let (Some(vpc), Some(region)) = (&row.vpc_id, &row.service_region) else {
                cases.undecided.push((row.nat_gateway_id.clone(), row.service.clone(), bytes));
                continue;
            };
            let traffic = self.service_traffic((row, relayed), (vpc, region), &mut cases.missing);
            match row.endpoint {
                "gateway" => cases.gateway.push(traffic),
                _ if self.is_out_of_reach(row) => self.region(&mut regions, region).at_edge.push(traffic),
                _ => self.region(&mut regions, region).traffic.push(traffic),
            }
        }
        for endpoint in self.inventory.endpoints().filter(|e| e.kind == EndpointKind::Interface && e.is_live()) {
            self.add_endpoint(endpoint, &mut regions, &mut cases);
        }
        for (region, case) in &mut regions {
            self.add_offers(case);
            case.answered_privately.clone_from(self.private_answers);
            case.other_bytes += self.other_endpoint_bytes.get(region).copied().unwrap_or_default();
            match self.endpoint_prices(region) {
                Ok(prices) => case.prices = Some(prices),
                Err(missing) => drop(cases.missing.insert(missing)),
            }
        }
        cases.regions = regions.into_values().collect();
        cases
    }

    /// Whether an interface endpoint would have to serve clients of Local Zones alone: AWS makes none there, and what the way to one
    /// in an AZ costs is not listed. A gateway endpoint is a route, which subnets of Local Zones have too.
    #[must_use]
    pub fn is_out_of_reach(&self, row: &TrafficRow) -> bool {
        let azs = self.azs_of(row);
        row.endpoint == "interface" && !azs.is_empty() && azs.iter().all(|az| region::is_edge_zone(az))
    }

    /// The client's AZ, or where it is not known those of all clients of the gateway.
    fn azs_of(&self, row: &TrafficRow) -> BTreeSet<String> {
        match &row.az_id {
            Some(az) => [az.clone()].into(),
            None => self.client_azs.get(&row.nat_gateway_id).cloned().unwrap_or_default(),
        }
    }

    fn gateway(&self, id: &str) -> Option<&NatGatewayRow> {
        self.gateways.iter().find(|gateway| gateway.nat_gateway_id == id)
    }

    fn service_traffic(
        &self,
        (row, relayed): (&TrafficRow, Bytes),
        (vpc, region): (&str, &str),
        missing: &mut BTreeSet<PriceMissing>,
    ) -> ServiceTraffic {
        let Way { hub, nat, cross_az, transit } = self.way(row);
        let mut known = |price: Result<Usd, PriceMissing>| price.map_err(|why| missing.insert(why)).ok();
        let mut azs = self.azs_of(row);
        if row.endpoint == "interface" {
            azs.retain(|az| !region::is_edge_zone(az));
        }
        let bytes = (row.upload_bytes + row.download_bytes).saturating_sub(relayed);
        // Where a gateway stands is not where clients are.
        if bytes == Bytes::ZERO && relayed > Bytes::ZERO {
            azs.clear();
        }
        let in_region = |hub: &String| self.inventory.region_of_vpc(hub).is_none_or(|of_hub| of_hub == region);
        ServiceTraffic {
            vpc: vpc.to_owned(),
            region: region.to_owned(),
            service: row.service.clone(),
            azs,
            nat_gateway_id: row.nat_gateway_id.clone(),
            hub: hub.filter(in_region),
            bytes,
            relayed,
            nat_usd: nat,
            cross_az_usd: known(cross_az),
            transit_usd: known(transit),
        }
    }

    fn region<'r>(&self, regions: &'r mut BTreeMap<String, RegionCase>, region: &str) -> &'r mut RegionCase {
        regions.entry(region.to_owned()).or_insert_with(|| RegionCase {
            region: region.to_owned(),
            hours: self.hours,
            vpc_names: self.inventory.vpcs().filter_map(|vpc| Some((vpc.id.clone(), vpc.name.clone()?))).collect(),
            ..RegionCase::default()
        })
    }

    /// What can be created, under which name and where; and why not.
    fn add_offers(&self, case: &mut RegionCase) {
        let services: BTreeSet<String> = case.traffic.iter().chain(&case.at_edge).map(|t| t.service.clone()).collect();
        let vpcs: BTreeSet<String> =
            case.traffic.iter().flat_map(|t| t.hub.iter().chain([&t.vpc]).cloned().collect::<Vec<_>>()).collect();
        for service in services {
            let offer = offer(&service, &case.region, self.inventory);
            for vpc in &vpcs {
                let room = room(EndpointType::Interface, vpc, self.inventory);
                if let Err(why) = offer.as_ref().map(|_| ()).map_err(Clone::clone).and(room.map(|_| ())) {
                    case.unavailable.insert((vpc.clone(), service.clone()), why.to_string());
                }
            }
            let Ok(offer) = offer else { continue };
            if offer.private_dns == Some(false) {
                case.by_hand.insert(service.clone());
            }
            case.service_names.insert(service.clone(), offer.service_name);
            if offer.takes_public_names {
                case.takes_public_names.insert(service.clone());
            }
            if offer.zones != Zones::Any {
                case.offered_zones.insert(service, offer.zones);
            }
        }
    }

    fn endpoint_prices(&self, region: &str) -> Result<EndpointPrices, PriceMissing> {
        let price = |item| self.prices.price(Some(region), item);
        let gb = |item| price(item).map(PricePerGb::new);
        Ok(EndpointPrices {
            hour: price(Item::InterfaceEndpointHour)?,
            gb: Tiers::new([
                gb(Item::InterfaceEndpointGbTier1)?,
                gb(Item::InterfaceEndpointGbTier2)?,
                gb(Item::InterfaceEndpointGbTier3)?,
            ])
            .over(self.window.months()),
            transit_gb: gb(Item::TgwVpcGb).ok(),
        })
    }

    /// An endpoint of an AWS service in the endpoint's own Region is judged; any other only fills the tiers.
    fn add_endpoint(&self, endpoint: &VpcEndpoint, regions: &mut BTreeMap<String, RegionCase>, cases: &mut Cases) {
        let name = endpoint.service_name.as_deref().unwrap_or_default();
        let (Some(vpc), Some(region)) = (&endpoint.vpc, &endpoint.region) else { return };
        let seen = self.endpoints.get(&endpoint.id).copied().unwrap_or_default();
        let case = self.region(regions, region);
        let service = table::all().find(|known| known.is_named(name, region)).map(|known| known.suffix);
        let service =
            service.or_else(|| region::service_suffix(name).filter(|_| region::of_service_name(name) == Some(region)));
        let Some(service) = service else {
            case.other_bytes += seen.bytes.unwrap_or_default();
            return;
        };
        case.service_names.insert(service.to_owned(), name.to_owned());
        // One without private DNS is still passed by.
        let is_passed_by = endpoint.private_dns == Some(false);
        let created_after = endpoint.created.filter(|created| *created >= self.window.end && !is_passed_by);
        let crossed = self.hours_of.get(&(vpc.clone(), service.to_owned(), region.clone())).copied();
        let made_within = endpoint.created.filter(|created| *created < self.window.end && !is_passed_by);
        let took_over = made_within.filter(|_| matches!(age(made_within, crossed), Age::Younger(_)));
        let azs = self.azs(endpoint);
        let stood = u64::try_from(self.window.life(endpoint.created, None).hours()).unwrap_or(0);
        let unpaid = self.not_on_bill.contains(&endpoint.id);
        if unpaid && stood > 0 && !endpoint.managed {
            cases.unpaid.push(endpoint.id.clone());
        } else if seen.bytes.is_none() && !endpoint.managed && created_after.is_none() {
            cases.unmeasured.push(endpoint.id.clone());
        }
        let at_list = || {
            let hour = self.prices.price(Some(region), Item::InterfaceEndpointHour).ok()?;
            (!azs.is_empty() && !unpaid).then(|| hour.many(stood).many(azs.len() as u64))
        };
        let free_way = self.free_way(endpoint, vpc, service);
        let nat_rate = self.nat_rate(vpc, &azs).filter(|_| free_way.is_none());
        let nothing = free_way.as_ref().map(|_| PricePerGb::new(Usd::ZERO));
        let nat_per_gb = nothing.or_else(|| nat_rate.as_ref().map(NatRate::per_gb));
        cases.nat_rates.extend(nat_rate.map(|rate| (endpoint.id.clone(), rate)));
        case.endpoints.push(ExistingEndpoint {
            id: endpoint.id.clone(),
            vpc: vpc.clone(),
            region: region.clone(),
            service: service.to_owned(),
            bytes: seen.bytes,
            // What was not there has nothing to lose.
            hours_usd: seen.hours_usd.or_else(at_list).filter(|_| created_after.is_none()),
            data_usd: seen.data_usd,
            stood,
            nat_per_gb,
            private_dns: endpoint.private_dns,
            managed: endpoint.managed,
            free_way,
            created_after,
            took_over,
            azs,
        });
    }

    /// The gateway endpoint beside an interface endpoint that takes the VPC's own clients off it: one that all its route tables use.
    /// Without private DNS, or with one for who asks from outside of the VPC, the interface endpoint is not there for them.
    fn free_way(&self, endpoint: &VpcEndpoint, vpc: &str, service: &str) -> Option<String> {
        let for_vpc = endpoint.private_dns == Some(true) && !endpoint.dns_for_inbound_only;
        let state = self.inventory.gateway_endpoint_state(vpc, service);
        let by_all =
            !state.associated.is_empty() && state.unassociated_nat.is_empty() && state.unassociated_transit.is_empty();
        state.endpoint.filter(|_| for_vpc && by_all)
    }

    fn azs(&self, endpoint: &VpcEndpoint) -> BTreeSet<String> {
        let of_subnets = endpoint.subnets.iter().filter_map(|id| self.inventory.subnet(id)?.az_id.clone());
        let of_interfaces = endpoint.interfaces.iter().filter_map(|id| {
            let interface = self.inventory.interface(id)?;
            let of_subnet = || self.inventory.subnet(interface.subnet.as_deref()?)?.az_id.clone();
            interface.az_id.clone().or_else(of_subnet)
        });
        of_subnets.chain(of_interfaces).collect()
    }

    /// What a GB from these AZs of a VPC costs through the dearest gateway that the VPC can reach: a removal is never oversold.
    fn nat_rate(&self, vpc: &str, azs: &BTreeSet<String>) -> Option<NatRate> {
        let gateways = self.inventory.gateways_reachable_from_vpc(vpc);
        let rows: Vec<&NatGatewayRow> = gateways.iter().filter_map(|nat| self.gateway(&nat.id)).collect();
        let rate = |row: &&NatGatewayRow| {
            let place = place_of(row.region.as_deref(), row.az_id.as_deref());
            let list = || self.prices.price(place.as_deref(), Item::NatGatewayGb).ok();
            let at_home = row.vpc_id.as_deref() == Some(vpc);
            let transit = || self.prices.price(row.region.as_deref(), Item::TgwVpcGb).ok();
            Some(NatRate {
                nat_gateway_id: row.nat_gateway_id.clone(),
                region: row.region.clone(),
                gateway: row.usd_per_gb.or_else(list)?,
                transit: if at_home { None } else { Some(transit()?) },
                place,
                azs: azs.len() as u64,
                ..NatRate::default()
            })
        };
        // What is waived today need not be for more data.
        let charged = |rate: &NatRate| rate.per_gb().per_gb() > Usd::ZERO;
        let rates: Option<Vec<NatRate>> = rows.iter().map(|row| rate(row).filter(charged)).collect();
        // Of equals the first by id.
        let mut dearest =
            rates?.into_iter().min_by_key(|rate| (Reverse(rate.per_gb().per_gb()), rate.nat_gateway_id.clone()))?;
        // Of the AZs without a gateway of the VPC's own the bytes have to cross.
        let zonal: BTreeSet<&String> =
            rows.iter().filter(|row| row.vpc_id.as_deref() == Some(vpc)).filter_map(|row| row.az_id.as_ref()).collect();
        dearest.crossing_azs = azs.iter().filter(|az| !zonal.is_empty() && !zonal.contains(az)).count() as u64;
        if dearest.crossing_azs > 0 {
            if zonal.iter().any(|az| region::is_edge_zone(az)) {
                return None;
            }
            let region = rows.first()?.region.as_deref();
            dearest.crossing = self.prices.price(region, Item::CrossAzGbEachDirection).ok()?;
        }
        Some(dearest)
    }
}
