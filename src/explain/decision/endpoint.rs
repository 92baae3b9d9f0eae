//! What an interface endpoint costs: hours in its AZs, and data at prices that all of a Region's endpoints reach together.

use super::break_even::steps as tier_by_tier;
use crate::advise::tiers::Tiers;
use crate::advise::weighing::Weighing;
use crate::explain::trail::{RegionTrail, Trail};
use crate::explain::working::{Expression, Quantity, Row, Steps, Unit};
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::price::Item;
use crate::report::DecisionRow;

/// Whether a decision's bytes come to an endpoint, or leave one.
fn comes(row: &DecisionRow) -> bool {
    matches!(row.action, "create" | "fix" | "share")
}

fn goes(row: &DecisionRow) -> bool {
    row.action == "remove"
}

/// The Region's prices, and what its endpoints carry before and after the decisions.
pub(in crate::explain) fn region(steps: &mut Steps, region: &str, trail: &Trail) {
    let Some(RegionTrail { case, weighing }) = trail.regions.get(region) else { return };
    steps.part(format!("Interface endpoints of {region}, all together"));
    let items = [
        ("price of an hour and AZ", Item::InterfaceEndpointHour, Unit::MoneyPerHour),
        ("price of a GB to 1,048,576 GB", Item::InterfaceEndpointGbTier1, Unit::MoneyPerGb),
        ("to 5,242,880 GB", Item::InterfaceEndpointGbTier2, Unit::MoneyPerGb),
        ("above", Item::InterfaceEndpointGbTier3, Unit::MoneyPerGb),
    ];
    for (label, item, unit) in items {
        match trail.price(Some(region), item) {
            Some(price) => steps.given(label, vec![Quantity::decimal(price.usd, unit)], price.source),
            None => steps.note(label, format!("Not known: {item} has no price in {region}.")),
        }
    }
    existing(steps, case.other_bytes, weighing, trail, region);
    if let Some(prices) = &case.prices {
        if prices.gb.months() > 1 {
            let words = "Tiers begin anew every month: over the period each is as many times as large as it has months, as if bytes came evenly.";
            steps.note("months", format!("{}. {words}", prices.gb.months()));
        }
        moved(steps, weighing, prices.gb);
    }
}

/// What endpoints carry already, and what is left of it.
fn existing(steps: &mut Steps, others: Bytes, weighing: &Weighing, trail: &Trail, region: &str) {
    let endpoints = trail.regions.get(region).into_iter().flat_map(|region| &region.case.endpoints);
    let carried = endpoints.filter_map(|e| Some((e, e.bytes?))).filter(|(_, bytes)| *bytes > Bytes::ZERO);
    let mut rows: Vec<Row> = carried
        .map(|(e, bytes)| Row::new(format!("{}, {}, {}", e.id, e.service, e.vpc), [Quantity::bytes(bytes)]))
        .collect();
    if others > Bytes::ZERO {
        rows.push(Row::new("other interface endpoints", [Quantity::bytes(others)]));
    }
    if rows.is_empty() {
        steps.note("carried already", "Nothing, as far as bill and CloudWatch say: tiers begin at the first new byte.");
        return;
    }
    steps.table("carried already", None, rows, "the bill, else CloudWatch");
    if weighing.kept < weighing.existing {
        let removed = Quantity::bytes(weighing.existing.saturating_sub(weighing.kept)).called("of removed endpoints");
        let of = Expression::difference(Quantity::bytes(weighing.existing).called("carried"), [removed]);
        steps.worked("kept", of, Quantity::bytes(weighing.kept));
    }
}

/// What comes to endpoints and what leaves them, priced as a whole.
fn moved(steps: &mut Steps, weighing: &Weighing, tiers: Tiers) {
    let rows = |is: fn(&DecisionRow) -> bool| {
        let listed = weighing.rows.iter().filter(|w| w.billed_data_usd.is_none()).map(|w| &w.row);
        let rows = listed.filter(move |row| is(row) && row.bytes > Bytes::ZERO);
        let row = |row: &DecisionRow| {
            Row::new(format!("{} {} for {}", row.action, row.service, row.vpc_id), [Quantity::bytes(row.bytes)])
        };
        rows.map(row).collect::<Vec<Row>>()
    };
    let coming = rows(comes);
    if !coming.is_empty() {
        steps.table("bytes that come", None, coming, "the decisions");
        priced(steps, "their cost", tiers, (weighing.kept, weighing.moved), weighing.moved_usd);
    }
    let going = rows(goes);
    if !going.is_empty() {
        steps.table("bytes that go", None, going, "the decisions");
        priced(steps, "what they cost", tiers, (weighing.kept, weighing.gone), weighing.removed_usd);
    }
}

/// Bytes after others, each tier at its price, rounded once.
fn priced(steps: &mut Steps, label: &str, tiers: Tiers, (before, bytes): (Bytes, Bytes), usd: Usd) {
    let parts = tiers.parts(before, bytes);
    let products = parts
        .iter()
        .map(|(price, part)| vec![Quantity::bytes(*part), Quantity::decimal(price.per_gb(), Unit::MoneyPerGb)]);
    if parts.len() > 1 {
        steps.note("", "Over more than one price tier.");
    }
    steps.worked(label, Expression::products(products, [Quantity::per_gb()]), Quantity::money(usd));
}

/// Hours of the AZs that are to be paid.
pub(super) fn hours(steps: &mut Steps, d: &DecisionRow, trail: &Trail) {
    let Some(usd) = d.endpoint_hours_usd else {
        steps.note("endpoint hours", "Not weighed: a price is missing, or no endpoint can be had.");
        return;
    };
    let Some((RegionTrail { case, .. }, weighed)) = trail.weighed(d) else {
        steps.given("endpoint hours", vec![Quantity::money(usd)], "the report");
        return;
    };
    if weighed.azs == 0 {
        steps.note("endpoint hours", "The endpoint exists: no AZ is added.");
        return;
    }
    let hour = case.prices.as_ref().map(|prices| prices.hour).unwrap_or_default();
    let of = Expression::fraction(
        [
            Quantity::count(case.hours, Unit::Hours),
            Quantity::count(weighed.azs, Unit::Azs),
            Quantity::decimal(hour, Unit::MoneyPerHour),
        ],
        [],
    );
    if weighed.sharing == d.bytes {
        steps.worked("endpoint hours", of, Quantity::money(usd));
        return;
    }
    let whole = Quantity::money(weighed.hours_usd).called("shared");
    steps.worked("hours of the shared endpoint", of, whole);
    let sharing = Quantity::bytes(weighed.sharing).called("of all that share");
    steps.split(
        "endpoint hours",
        Expression::fraction([whole, Quantity::bytes(d.bytes)], [sharing]),
        Quantity::money(usd),
    );
}

/// Its share of what all that comes costs; what stays, after all of that.
pub(super) fn data(steps: &mut Steps, d: &DecisionRow, trail: &Trail) {
    let Some(usd) = d.endpoint_data_usd else {
        steps.note("endpoint data", "Not weighed: a price is missing, or no endpoint can be had.");
        return;
    };
    let prices = trail.weighed(d).and_then(|(region, _)| Some((region, region.case.prices?)));
    let Some((RegionTrail { weighing, .. }, prices)) = prices else {
        steps.given("endpoint data", vec![Quantity::money(usd)], "the report");
        return;
    };
    if comes(d) {
        let of = Expression::fraction(
            [Quantity::money(weighing.moved_usd).called("cost of all that comes"), Quantity::bytes(d.bytes)],
            [Quantity::bytes(weighing.moved).called("that come")],
        );
        steps.split("endpoint data", of, Quantity::money(usd));
    } else {
        priced(steps, "endpoint data", prices.gb, (weighing.kept + weighing.moved, d.bytes), usd);
    }
}

/// Hours over what a GB saves.
pub(super) fn break_even(steps: &mut Steps, d: &DecisionRow, trail: &Trail) {
    let found = trail.weighed(d).and_then(|(region, _)| {
        let per_gb = d.avoided_usd?.per_gb_of(d.bytes)?;
        Some(region.case.prices?.gb.break_even(region.weighing.kept, d.endpoint_hours_usd?, per_gb))
    });
    let (Some(found), Some(avoided)) = (found, d.avoided_usd) else {
        if let Some(gb) = d.break_even_gb {
            steps.given("break-even", vec![Quantity::decimal(gb, Unit::Gb)], "the report");
        }
        return;
    };
    let of = Expression::fraction(
        [Quantity::money(avoided).called("avoided"), Quantity::per_gb()],
        [Quantity::bytes(d.bytes)],
    );
    let worth = Quantity::decimal(found.per_gb, Unit::MoneyPerGb).called("avoided");
    steps.worked("a GB avoids", of, worth);
    tier_by_tier(steps, &found, worth, "endpoint", d.break_even_gb);
}
