//! A finding on a gateway: the hours, addresses and crossings that its saving is made of.

use super::crossing::{self, Charge};
use super::traffic;
use super::trail::{FindingTrail, Trail};
use super::working::{Expression, Quantity, Steps, Unit};
use crate::advise::findings::{CrossingParts, FindingParts, Instead};
use crate::model::usd::Usd;
use crate::price::Item;
use crate::reconcile::split::Source;
use crate::report::{FindingRow, NatGatewayRow, Report};

pub(super) fn steps(steps: &mut Steps, row: &NatGatewayRow, report: &Report, trail: &Trail) {
    for (at, finding) in report.findings.iter().enumerate().filter(|(_, f)| f.nat_gateway_id == row.nat_gateway_id) {
        steps.part(format!("Finding: {}", finding.kind));
        steps.note("finding", finding.reason.clone());
        match trail.findings.get(at) {
            Some(of @ FindingTrail { parts: FindingParts::Deletion { hours, addresses }, .. }) => {
                deletion(steps, row, (*hours, *addresses, of), trail);
                saving(steps, finding, [hours.map(|h| (h, "hours")), addresses.map(|a| (a, "addresses"))]);
            }
            Some(FindingTrail { parts: FindingParts::Crossing(parts), .. }) => {
                for part in parts {
                    crossing(steps, row, part, report, trail);
                }
                of_crossings(steps, finding, parts);
            }
            None => bare(steps, finding),
        }
    }
}

fn bare(steps: &mut Steps, finding: &FindingRow) {
    match finding.usd {
        Some(usd) => steps.given("saves", vec![Quantity::money(usd)], ""),
        None => steps.note("saves", "Not known: a price is missing."),
    }
}

/// Hours and addresses of a gateway that goes.
fn deletion(
    steps: &mut Steps,
    row: &NatGatewayRow,
    (hours, addresses, of): (Option<Usd>, Option<Usd>, &FindingTrail),
    trail: &Trail,
) {
    match hours {
        Some(usd) if row.hours_usd == Some(usd) => {
            steps.given("hours that end", vec![Quantity::money(usd)], "the bill, under Hours");
        }
        Some(usd) => {
            let hours = Quantity::count(of.hours, Unit::Hours);
            let known = trail.gateways.get(&row.nat_gateway_id).filter(|known| known.source == Source::Pool);
            match known.and_then(|known| known.ledger.as_ref()?.usd_per_hour()) {
                Some(rate) => {
                    let rate = Quantity::decimal(rate, Unit::MoneyPerHour);
                    let of_all = "the bill, which names no gateway: what their hours cost";
                    steps.given("price of hours that end", vec![rate], of_all);
                    steps.worked("hours that end", Expression::fraction([hours, rate], []), Quantity::money(usd));
                }
                None => at_list(steps, "hours that end", row, Item::NatGatewayHour, (hours, None), usd, trail),
            }
        }
        None => steps.note(
            "hours that end",
            "Not known: the bill has no cost of them or does not know it, or there is no price.",
        ),
    }
    match addresses {
        Some(Usd::ZERO) => steps.note("addresses that end", "None: it has no public address."),
        Some(usd) => {
            let count = of.addresses;
            let what = if count == 1 { "public address" } else { "public addresses" };
            let count = Quantity::count(count, Unit::Plain).called(what);
            let factors = (Quantity::count(of.address_hours, Unit::Hours), Some(count));
            at_list(steps, "addresses that end", row, Item::PublicIpv4InUseHour, factors, usd, trail);
        }
        None => steps.note("addresses that end", "Not known: a public address has no price there."),
    }
}

/// Hours, of one thing or several, at the list price.
fn at_list(
    steps: &mut Steps,
    label: &str,
    row: &NatGatewayRow,
    item: Item,
    (hours, count): (Quantity, Option<Quantity>),
    usd: Usd,
    trail: &Trail,
) {
    let price = match item {
        Item::NatGatewayHour => trail.own_price(row, item),
        _ => trail.price(row.region.as_deref(), item),
    };
    let Some(price) = price else {
        steps.given(label, vec![Quantity::money(usd)], "the report");
        return;
    };
    let rate = Quantity::decimal(price.usd, Unit::MoneyPerHour);
    steps.given(format!("price of {label}"), vec![rate], price.source);
    let factors = [hours, rate].into_iter().chain(count);
    steps.worked(label, Expression::fraction(factors, []), Quantity::money(usd));
}

fn saving(steps: &mut Steps, finding: &FindingRow, parts: [Option<(Usd, &'static str)>; 2]) {
    let parts: Option<Vec<Quantity>> =
        parts.into_iter().map(|part| part.map(|(usd, what)| Quantity::money(usd).called(what))).collect();
    match (finding.usd, parts) {
        (Some(usd), Some(parts)) => steps.worked("saves", Expression::sum(parts), Quantity::money(usd)),
        (None, _) => steps.note("saves", "Not known, as its hours or its addresses are."),
        _ => bare(steps, finding),
    }
}

/// What the clients of one AZ pay for crossing, and what another gateway would cost them.
fn crossing(steps: &mut Steps, row: &NatGatewayRow, part: &CrossingParts, report: &Report, trail: &Trail) {
    let label = format!("crossing from {}", part.az);
    let mut rows = traffic::pick(report, trail, |t| {
        t.nat_gateway_id == row.nat_gateway_id && t.vpc_id == row.vpc_id && t.az_id.as_ref() == Some(&part.az)
    });
    let all = rows.len();
    rows.retain(|t| t.trail.is_some_and(|trail| trail.left));
    if rows.len() < all {
        steps.note("", "Without what the recommended endpoints take.");
    }
    crossing::steps(steps, &label, Charge::Crossing, &rows, report, trail);
    let whole = Quantity::money(part.cost).called("cost");
    match &part.instead {
        Instead::Standing(id) => {
            steps.note("instead", format!("{id} stands in {}, and stays: it costs nothing more.", part.az));
        }
        Instead::Kept(id) => {
            steps.given(format!("cost of keeping {id}"), vec![whole], "its own finding");
        }
        Instead::New => new_gateway(steps, row, part.cost, trail),
    }
    if part.cost > Usd::ZERO {
        let of = Expression::fraction(
            [whole, Quantity::bytes(part.bytes)],
            [Quantity::bytes(part.sharing).called("of all clients that would use it")],
        );
        steps.split("share of that cost", of, Quantity::money(part.share));
    }
}

/// Hours and, at a public gateway, an address.
fn new_gateway(steps: &mut Steps, row: &NatGatewayRow, cost: Usd, trail: &Trail) {
    let price = |item| trail.price(row.region.as_deref(), item);
    let Some(hour) = price(Item::NatGatewayHour) else {
        steps.given("cost of a new gateway", vec![Quantity::money(cost)], "the report");
        return;
    };
    let hours = Quantity::count(trail.hours, Unit::Hours);
    let rate = Quantity::decimal(hour.usd, Unit::MoneyPerHour);
    steps.given("price of an hour", vec![rate], hour.source);
    let mut products = vec![vec![hours, rate]];
    // A private gateway has no address to pay for.
    let address = price(Item::PublicIpv4InUseHour).filter(|_| cost != hour.usd.many(trail.hours));
    if let Some(address) = address {
        let rate = Quantity::decimal(address.usd, Unit::MoneyPerHour);
        steps.given("price of its address", vec![rate], address.source);
        products.push(vec![hours, rate]);
    }
    steps.worked("cost of a new gateway", Expression::products(products, []), Quantity::money(cost).called("cost"));
}

fn of_crossings(steps: &mut Steps, finding: &FindingRow, parts: &[CrossingParts]) {
    let charges: Option<Vec<Quantity>> =
        parts.iter().map(|part| Some(Quantity::money(part.charge?).called("crossing"))).collect();
    let (Some(usd), Some(charges)) = (finding.usd, charges) else { return bare(steps, finding) };
    let shares = parts.iter().filter(|part| part.share > Usd::ZERO);
    let shares = shares.map(|part| Quantity::money(part.share).called("cost"));
    steps.worked("saves", Expression::net(charges, shares), Quantity::money(usd));
}
