//! A decision: what it avoids, what the endpoint costs, what is left, and from how many GB it pays.

use super::gateway::{both, sum};
use super::trail::Trail;
use super::working::{Expression, Quantity, Steps, Unit};
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::price::Item;
use crate::report::{DecisionRow, NatGatewayRow, Report, TrafficRow};

/// AZs that an endpoint is looked for in: no Region has more.
const MOST_AZS: u64 = 8;

pub(super) fn steps(steps: &mut Steps, d: &DecisionRow, report: &Report, trail: &Trail) {
    let id = d.endpoint_id.as_deref().map(|id| format!(", {id}")).unwrap_or_default();
    steps.part(format!("{} {} ({}) for {}{id}", d.action, d.service, d.endpoint_type, d.vpc_id));
    steps.note("decision", d.reason.clone());
    let traffic: Vec<&TrafficRow> = report.traffic.iter().filter(|t| is_of(d, t)).collect();
    if d.action == "remove" {
        steps.given("bytes of the endpoint", vec![Quantity::bytes(d.bytes)], "the bill, or CloudWatch");
    } else {
        sum(steps, "bytes", traffic.iter().map(|t| Quantity::bytes(both(t))).collect(), Quantity::bytes(d.bytes));
    }
    avoided(steps, d, &traffic);
    if d.endpoint_type == "gateway" {
        steps.note("endpoint", "A gateway endpoint costs nothing, whatever it carries.");
    } else {
        hours(steps, d, report, trail);
        data(steps, d, trail);
    }
    net(steps, d);
    break_even(steps, d, report, trail);
}

fn is_of(d: &DecisionRow, t: &TrafficRow) -> bool {
    t.vpc_id.as_deref() == Some(&d.vpc_id) && t.service == d.service && t.service_region.as_deref() == Some(&d.region)
}

fn avoided(steps: &mut Steps, d: &DecisionRow, traffic: &[&TrafficRow]) {
    let Some(avoided) = d.avoided_usd else {
        steps.note("avoided", "Not known: a price is missing.");
        return;
    };
    if d.action == "remove" {
        steps.given("avoided", vec![Quantity::money(avoided)], "the report");
        steps.note("", "Below zero: what the NAT gateway would charge for these bytes.");
        return;
    }
    let parts: Option<Vec<Usd>> = traffic.iter().map(|t| t.usd).collect();
    let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
        steps.given("avoided", vec![Quantity::money(avoided)], "the report");
        return;
    };
    let nat: Usd = parts.iter().copied().sum();
    let parts = parts.into_iter().map(Quantity::money).collect();
    if nat == avoided {
        sum(steps, "avoided", parts, Quantity::money(avoided));
        return;
    }
    let nat = Quantity::money(nat).called("NAT data");
    sum(steps, "NAT data", parts, nat);
    let besides = Quantity::money(avoided - nat.amount).called("besides");
    steps.given("AZ crossing, transit gateway", vec![besides], "the report");
    steps.worked("avoided", Expression::sum([nat, besides]), Quantity::money(avoided));
}

fn hours(steps: &mut Steps, d: &DecisionRow, report: &Report, trail: &Trail) {
    let Some(usd) = d.endpoint_hours_usd else {
        steps.note("endpoint hours", "Not known: a price is missing.");
        return;
    };
    if usd == Usd::ZERO {
        steps.note("endpoint hours", "It exists in every AZ that needs it: nothing is added.");
        return;
    }
    let shared: Vec<&DecisionRow> = report.decisions.iter().filter(|other| share_one(d, other)).collect();
    let all: Option<Usd> = shared.iter().map(|other| other.endpoint_hours_usd).sum();
    match all.filter(|_| shared.len() > 1) {
        None => in_azs(steps, "endpoint hours", d, usd, trail),
        Some(all) => {
            in_azs(steps, "hours of the shared endpoint", d, all, trail);
            let bytes: Bytes = shared.iter().map(|other| other.bytes).sum();
            let of = Expression::fraction(
                [Quantity::money(all).called("shared"), Quantity::bytes(d.bytes)],
                [Quantity::bytes(bytes).called("of all that share")],
            );
            steps.split("endpoint hours", of, Quantity::money(usd));
        }
    }
}

/// Whether both rows are about one endpoint that several VPCs use.
fn share_one(d: &DecisionRow, other: &DecisionRow) -> bool {
    let key = |d: &DecisionRow| (d.action, d.endpoint_vpc_id.clone(), d.endpoint_service_name.clone());
    d.action == "share" && key(d) == key(other)
}

/// Hours times AZs times the price, if that is how the cost came to be.
fn in_azs(steps: &mut Steps, label: &str, d: &DecisionRow, usd: Usd, trail: &Trail) {
    let ended = d.action == "remove";
    let label = if ended { "endpoint hours that end" } else { label };
    let usd = if ended { -usd } else { usd };
    if let Some(price) = trail.price(Some(&d.region), Item::InterfaceEndpointHour) {
        let rate = Quantity::decimal(price.usd, Unit::MoneyPerHour);
        let hours = Quantity::count(trail.hours, Unit::Hours);
        let of = |azs| Expression::fraction([hours, Quantity::count(azs, Unit::Azs), rate], []);
        if let Some(azs) = (1..=MOST_AZS).find(|&azs| of(azs).comes_to(usd)) {
            steps.given("price of an hour", vec![rate], price.source);
            steps.worked(label, of(azs), Quantity::money(usd));
            return;
        }
    }
    steps.given(label, vec![Quantity::money(usd)], "the report");
}

fn data(steps: &mut Steps, d: &DecisionRow, trail: &Trail) {
    let Some(usd) = d.endpoint_data_usd else {
        steps.note("endpoint data", "Not known: a price is missing.");
        return;
    };
    let ended = d.action == "remove";
    let (label, usd) = if ended { ("endpoint data that ends", -usd) } else { ("endpoint data", usd) };
    for item in [Item::InterfaceEndpointGbTier1, Item::InterfaceEndpointGbTier2, Item::InterfaceEndpointGbTier3] {
        let Some(price) = trail.price(Some(&d.region), item) else { continue };
        let rate = Quantity::decimal(price.usd, Unit::MoneyPerGb);
        let of = Expression::fraction([Quantity::bytes(d.bytes), rate], [Quantity::per_gb()]);
        if of.comes_to(usd) {
            steps.given("price of a GB", vec![rate], price.source);
            steps.worked(label, of, Quantity::money(usd));
            return;
        }
    }
    steps.given(label, vec![Quantity::money(usd)], "the report");
    steps.note("", "Over the price tiers of the Region, the cost of all new bytes shared by bytes.");
}

fn net(steps: &mut Steps, d: &DecisionRow) {
    let (Some(avoided), Some(hours), Some(data), Some(net)) =
        (d.avoided_usd, d.endpoint_hours_usd, d.endpoint_data_usd, d.net_usd)
    else {
        steps.note("net", "Not known: a price is missing. It is in no sum.");
        return;
    };
    let of = Expression::difference(
        Quantity::money(avoided).called("avoided"),
        [Quantity::money(hours).called("hours"), Quantity::money(data).called("data")],
    );
    steps.worked("net", of, Quantity::money(net));
}

/// Hours over what a GB saves; the saving of a GB is that of the measured bytes, else the gateway's rate less the endpoint's price.
fn break_even(steps: &mut Steps, d: &DecisionRow, report: &Report, trail: &Trail) {
    let (Some(gb), Some(avoided), Some(hours), Some(data)) =
        (d.break_even_gb, d.avoided_usd, d.endpoint_hours_usd, d.endpoint_data_usd)
    else {
        return;
    };
    if d.endpoint_type == "gateway" || gb == Usd::ZERO {
        steps.note("break-even", "It pays from the first byte.");
        return;
    }
    let result = Quantity::decimal(gb, Unit::Gb);
    // What ends is below zero in the row, and so is what it avoided: the ratio is the same.
    let hours = Quantity::money(if d.action == "remove" { -hours } else { hours }).called("hours");
    if let Some((rate, price)) = rates(d, report, trail) {
        let margin = Quantity::decimal(rate.amount - price.amount, Unit::MoneyPerGb).called("saved");
        let of = Expression::fraction([hours], [margin]);
        if of.comes_to(gb) {
            steps.worked("a GB saves", Expression::difference(rate, [price]), margin);
            steps.worked("break-even", of, result);
            return;
        }
    }
    let (avoided, data) = if d.action == "remove" { (-avoided, -data) } else { (avoided, data) };
    let margin = Quantity::money(avoided - data).called("saved");
    let of = Expression::fraction([hours, Quantity::bytes(d.bytes)], [margin, Quantity::per_gb()]);
    if of.comes_to(gb) {
        let (avoided, data) = (Quantity::money(avoided).called("avoided"), Quantity::money(data).called("data"));
        steps.worked("the bytes save", Expression::difference(avoided, [data]), margin);
        steps.worked("break-even", of, result);
        return;
    }
    steps.given("break-even", vec![result], "the report");
}

/// What a GB costs at the gateways that the traffic crosses, or would cross again, if that is one rate, and through the endpoint.
fn rates(d: &DecisionRow, report: &Report, trail: &Trail) -> Option<(Quantity, Quantity)> {
    let crossed = |g: &&NatGatewayRow| match d.action {
        "remove" => g.vpc_id.as_ref() == Some(&d.vpc_id),
        _ => report.traffic.iter().any(|t| is_of(d, t) && t.nat_gateway_id == g.nat_gateway_id),
    };
    let mut rates = report.nat_gateways.iter().filter(crossed).map(|g| g.usd_per_gb);
    let rate = rates.next().flatten()?;
    let price = trail.price(Some(&d.region), Item::InterfaceEndpointGbTier1)?;
    rates.all(|other| other == Some(rate)).then(|| {
        let quantity = |usd, what| Quantity::decimal(usd, Unit::MoneyPerGb).called(what);
        (quantity(rate, "NAT"), quantity(price.usd, "endpoint"))
    })
}
