//! What the comparison of customers' own services is made from: traffic, Regions, prices and gateways, as values.

use crate::advise::custom::{CustomCase, CustomGateway, CustomPrices};
use crate::attribute::Attributed;
use crate::diag::{Code, Warnings};
use crate::model::inventory::Inventory;
use crate::model::usd::PricePerGb;
use crate::price::{Item, PriceBook};
use std::collections::{BTreeMap, BTreeSet};

/// The case of these flows over `hours` of the period. `rates` is what a GB costs at each gateway, in the order of
/// [`Attributed::gateways`]; `None` where that is not known. Prices that the clients' Regions lack are warned of.
pub(super) fn case(
    attributed: &Attributed,
    inventory: &Inventory,
    prices: &PriceBook,
    hours: u64,
    rates: &[Option<PricePerGb>],
    warnings: &mut Warnings,
) -> CustomCase {
    let flows = attributed.custom.clone();
    let vpcs = flows.iter().flat_map(|flow| [&flow.key.client_vpc, &flow.key.peer_vpc]);
    let regions: BTreeMap<String, String> =
        vpcs.filter_map(|vpc| Some((vpc.clone(), inventory.region_of_vpc(vpc)?.to_owned()))).collect();
    let gateways = attributed.gateways.iter().zip(rates).map(|(gateway, gb)| {
        let facts = CustomGateway {
            vpc: gateway.vpc.clone(),
            az: gateway.az.clone(),
            regional: gateway.count.side.regional,
            gb: *gb,
        };
        (gateway.count.side.id.clone(), facts)
    });
    let of_clients: BTreeSet<&String> = flows.iter().filter_map(|flow| regions.get(&flow.key.client_vpc)).collect();
    let book = |region: &String| (region.clone(), of_region(prices, region, warnings));
    let prices = of_clients.into_iter().map(book).collect();
    CustomCase { gateways: gateways.collect(), prices, flows, regions, hours }
}

fn of_region(prices: &PriceBook, region: &str, warnings: &mut Warnings) -> CustomPrices {
    let mut price = |item| {
        let price = prices.price(Some(region), item);
        price.map_err(|missing| warnings.add(Code::MissingPrice, format!("custom services: {missing}"))).ok()
    };
    let tiers = [Item::InterfaceEndpointGbTier1, Item::InterfaceEndpointGbTier2, Item::InterfaceEndpointGbTier3];
    CustomPrices {
        endpoint_hour: price(Item::InterfaceEndpointHour),
        endpoint_gb: tiers.map(|tier| price(tier).map(PricePerGb::new)),
        crossing_gb: price(Item::CrossAzGbEachDirection).map(PricePerGb::new),
        transit_gb: price(Item::TgwVpcGb).map(PricePerGb::new),
        nlb_hour: price(Item::NlbHour),
        nlb_gb: price(Item::NlbLcuHour).map(PricePerGb::new),
    }
}
