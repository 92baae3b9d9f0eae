//! An interface endpoint that goes: its hours and data end, and a NAT gateway charges for its bytes.

use super::break_even;
use crate::advise::case::NatRate;
use crate::advise::input::ExistingEndpoint;
use crate::advise::tiers::BreakEven;
use crate::bill::kind::ChargeKind;
use crate::explain::crossing::sides;
use crate::explain::trail::{EndpointTrail, RegionTrail, Trail};
use crate::explain::working::{Expression, Quantity, Steps, Unit};
use crate::explain::{bill, gateway};
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::price::Item;
use crate::report::DecisionRow;

pub(super) fn steps(steps: &mut Steps, d: &DecisionRow, trail: &Trail) {
    let endpoints: Vec<&ExistingEndpoint> = trail.endpoints_of(d).collect();
    let (mut bytes, mut hours) = (Vec::new(), Vec::new());
    for endpoint in &endpoints {
        bytes.extend(carried(steps, endpoint, trail));
        hours.extend(of_hours(steps, endpoint, trail));
    }
    if endpoints.is_empty() {
        steps.given("bytes of the endpoint", vec![Quantity::bytes(d.bytes)], "the report");
    } else if endpoints.len() > 1 {
        gateway::sum(steps, "bytes of all of them", bytes, Quantity::bytes(d.bytes));
    }
    let (Some(avoided), Some(ending), Some(data), Some(net)) =
        (d.avoided_usd, d.endpoint_hours_usd, d.endpoint_data_usd, d.net_usd)
    else {
        steps.note("net", "Not known: a price is missing. It is in no sum.");
        return;
    };
    let ending = Quantity::money(-ending).called("hours");
    if endpoints.len() != 1 {
        gateway::sum(steps, "hours that end", hours, ending);
    }
    let data = of_data(steps, d, -data, &endpoints, trail);
    let free_way = endpoints.first().and_then(|endpoint| endpoint.free_way.as_deref());
    let rate = endpoints.first().and_then(|endpoint| trail.endpoints.get(&endpoint.id)?.nat.as_ref());
    let nat = match free_way {
        Some(free) => {
            let nothing = Quantity::money(Usd::ZERO).called("through the gateway endpoint");
            steps.given("another way", vec![nothing], format!("{free} takes the VPC's traffic for nothing"));
            nothing
        }
        None => through_nat(steps, d, -avoided, rate, trail),
    };
    steps.worked("net", Expression::net([ending, data], [nat]), Quantity::money(net));
    steps.note(
        "",
        "In the report what ends and what the NAT gateway takes are below zero: avoided - hours - data is the same.",
    );
    match free_way {
        Some(_) => steps.note("break-even", "No month has so many GB that it would pay."),
        None => ends(steps, d, rate, trail),
    }
}

/// What an endpoint carried, by the line of the bill or by `CloudWatch`.
fn carried(steps: &mut Steps, endpoint: &ExistingEndpoint, trail: &Trail) -> Option<Quantity> {
    let bytes = Quantity::bytes(endpoint.bytes?);
    let ledger = trail.endpoints.get(&endpoint.id).and_then(|known| known.ledger.as_ref());
    let lines = ledger.map(|ledger| bill::of_kind(ledger, ChargeKind::EndpointBytes)).unwrap_or_default();
    if lines.is_empty() {
        steps.given(format!("bytes of {}", endpoint.id), vec![bytes], "CloudWatch, BytesProcessed");
    }
    for line in lines {
        steps.given(format!("bytes of {}", endpoint.id), bill::values(line), "the bill, VpcEndpoint-Bytes");
    }
    Some(bytes)
}

/// What its hours cost: by the bill, else AZs at the list price.
fn of_hours(steps: &mut Steps, endpoint: &ExistingEndpoint, trail: &Trail) -> Option<Quantity> {
    let usd = Quantity::money(endpoint.hours_usd?).called("hours");
    let EndpointTrail { ledger, .. } = trail.endpoints.get(&endpoint.id)?;
    let lines = ledger.as_ref().map(|ledger| bill::of_kind(ledger, ChargeKind::EndpointHours)).unwrap_or_default();
    for line in &lines {
        steps.given(format!("hours of {}", endpoint.id), bill::values(line), "the bill, VpcEndpoint-Hours");
    }
    if lines.is_empty() {
        let price = trail.price(Some(&endpoint.region), Item::InterfaceEndpointHour);
        let rate = Quantity::decimal(price.map(|price| price.usd).unwrap_or_default(), Unit::MoneyPerHour);
        let azs = Quantity::count(endpoint.azs.len() as u64, Unit::Azs);
        let of = Expression::fraction([Quantity::count(endpoint.stood, Unit::Hours), azs, rate], []);
        steps.worked(format!("hours of {}", endpoint.id), of, usd);
    }
    Some(usd)
}

/// What the bill says of its bytes, else its share of what all bytes that go cost at list prices.
fn of_data(steps: &mut Steps, d: &DecisionRow, usd: Usd, endpoints: &[&ExistingEndpoint], trail: &Trail) -> Quantity {
    let data = Quantity::money(usd).called("data");
    match trail.weighed(d) {
        Some((_, weighed)) if weighed.billed_data_usd.is_some() => {
            let ledgers = endpoints.iter().filter_map(|e| trail.endpoints.get(&e.id)?.ledger.as_ref());
            let lines = ledgers.flat_map(|ledger| bill::of_kind(ledger, ChargeKind::EndpointBytes));
            let parts: Vec<Quantity> = lines.filter_map(|line| line.cost).map(Quantity::money).collect();
            gateway::sum(steps, "endpoint data that ends", parts, data);
        }
        Some((RegionTrail { weighing, .. }, _)) if weighing.gone > Bytes::ZERO => {
            let gone = Quantity::bytes(weighing.gone).called("that go");
            let whole = Quantity::money(-weighing.removed_usd).called("cost of all that go");
            let of = Expression::fraction([whole, Quantity::bytes(d.bytes)], [gone]);
            // Split as a loss, like the row.
            steps.split("endpoint data that ends", of, Quantity::money(-usd));
        }
        _ => steps.given("endpoint data that ends", vec![data], ""),
    }
    data
}

/// What a NAT gateway would charge for the bytes.
fn through_nat(steps: &mut Steps, d: &DecisionRow, usd: Usd, rate: Option<&NatRate>, trail: &Trail) -> Quantity {
    let nat = Quantity::money(usd).called("through the NAT gateway");
    if d.bytes == Bytes::ZERO {
        steps.note("through the NAT gateway", "Nothing: it carried nothing.");
        return nat;
    }
    let Some(rate) = rate else {
        steps.given("through the NAT gateway", vec![nat], "the report");
        return nat;
    };
    let per_gb = per_gb(steps, rate, trail);
    let of = Expression::fraction([Quantity::bytes(d.bytes), per_gb], [Quantity::per_gb()]);
    steps.worked("through the NAT gateway", of, nat);
    nat
}

/// The dearest gateway's rate, with what the way to it costs.
fn per_gb(steps: &mut Steps, rate: &NatRate, trail: &Trail) -> Quantity {
    let money = |usd, what| Quantity::decimal(usd, Unit::MoneyPerGb).called(what);
    let gateway = money(rate.gateway, "gateway");
    let region = rate.region.as_deref();
    let list = trail.price(rate.place.as_deref(), Item::NatGatewayGb).filter(|price| price.usd == rate.gateway);
    let source = list.map_or_else(|| "what was paid there".to_owned(), |price| price.source);
    steps.given(format!("a GB at {}", rate.nat_gateway_id), vec![gateway], source);
    let mut parts = vec![gateway];
    if let Some(transit) = rate.transit {
        let source = trail.price(region, Item::TgwVpcGb).map(|price| price.source).unwrap_or_default();
        steps.given("transit gateway", vec![money(transit, "transit gateway")], source);
        parts.push(money(transit, "transit gateway"));
    }
    if rate.crossing_azs > 0 {
        let each = money(rate.crossing, "crossing");
        let source = trail.price(region, Item::CrossAzGbEachDirection).map(|price| price.source).unwrap_or_default();
        steps.given("price of AZ crossing", vec![each], source);
        let of = Expression::fraction(
            [sides(1), each, Quantity::count(rate.crossing_azs, Unit::Azs).called("without a gateway")],
            [Quantity::count(rate.azs, Unit::Azs)],
        );
        let crossing = money(rate.crossing_per_gb(), "AZ crossing");
        steps.worked("AZ crossing of a GB", of, crossing);
        parts.push(crossing);
    }
    let all = money(rate.per_gb().per_gb(), "through the NAT gateway");
    gateway::sum(steps, "a GB, all in all", parts, all);
    all
}

/// From how many GB on the endpoint would pay.
fn ends(steps: &mut Steps, d: &DecisionRow, rate: Option<&NatRate>, trail: &Trail) {
    let weighed = trail.weighed(d).and_then(|(region, weighed)| Some((region, weighed, region.case.prices?)));
    let (Some((region, weighed, prices)), Some(rate)) = (weighed, rate) else {
        if let Some(gb) = d.break_even_gb {
            steps.given("break-even", vec![Quantity::decimal(gb, Unit::Gb)], "the report");
        }
        return;
    };
    let per_gb = rate.per_gb().per_gb();
    let found = match weighed.billed_data_usd.and_then(|usd| usd.per_gb_of(d.bytes)) {
        Some(paid) => {
            let of = Expression::fraction(
                [Quantity::money(weighed.billed_data_usd.unwrap_or_default()).called("data"), Quantity::per_gb()],
                [Quantity::bytes(d.bytes)],
            );
            steps.worked("a GB cost", of, Quantity::decimal(paid, Unit::MoneyPerGb).called("endpoint"));
            BreakEven::at(paid, weighed.hours_usd, per_gb)
        }
        None => prices.gb.break_even(region.weighing.kept, weighed.hours_usd, per_gb),
    };
    let worth = Quantity::decimal(per_gb, Unit::MoneyPerGb).called("NAT gateway");
    break_even::steps(steps, &found, worth, "endpoint", d.break_even_gb);
}
