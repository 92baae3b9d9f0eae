//! A customer's own service in another VPC: what its way costs today, and what `PrivateLink` would cost.

use super::FLOW_LOGS;
use super::crossing::sides;
use super::decision::break_even;
use super::trail::Trail;
use super::working::{Expression, Quantity, Row, Rule, Steps, Unit};
use crate::advise::custom::{CustomWorking, PathPrice, PrivateLink};
use crate::model::custom::{CustomFlow, CustomPath};
use crate::model::usd::Usd;
use crate::price::Item;
use crate::report::CustomServiceRow;
use std::collections::BTreeMap;

pub(super) fn steps(steps: &mut Steps, s: &CustomServiceRow, working: Option<&CustomWorking>, trail: &Trail) {
    steps.part(format!("Own service {} port {}, {}", s.peer, s.port, s.path));
    steps.note("comparison", s.reason.clone());
    let Some(working) = working else {
        steps.given("bytes", vec![Quantity::bytes(s.bytes)], FLOW_LOGS);
        figures(steps, s);
        return;
    };
    today(steps, s, working, trail);
    match (&working.link, s.privatelink_usd) {
        (Some(link), Some(usd)) => private_link(steps, s, link, usd, working.region.as_deref(), trail),
        (_, Some(usd)) => steps.given("PrivateLink", vec![Quantity::money(usd)], "the report"),
        (_, None) => steps.note("PrivateLink", "Not known: a price or an AZ is missing."),
    }
    net(steps, s);
    let (Some(found), Some(today)) = (&working.break_even, s.today_usd) else { return };
    let of =
        Expression::fraction([Quantity::money(today).called("today"), Quantity::per_gb()], [Quantity::bytes(s.bytes)]);
    let worth = Quantity::decimal(found.per_gb, Unit::MoneyPerGb).called("today");
    steps.worked("a GB costs today", of, worth);
    break_even(steps, found, worth, "PrivateLink", s.break_even_gb);
}

fn figures(steps: &mut Steps, s: &CustomServiceRow) {
    for (label, usd) in [("today", s.today_usd), ("PrivateLink", s.privatelink_usd)] {
        match usd {
            Some(usd) => steps.given(label, vec![Quantity::money(usd)], "the report"),
            None => steps.note(label, "Not known: a price is missing."),
        }
    }
    net(steps, s);
}

fn net(steps: &mut Steps, s: &CustomServiceRow) {
    if let (Some(today), Some(link), Some(net)) = (s.today_usd, s.privatelink_usd, s.net_usd) {
        let of = Expression::difference(
            Quantity::money(today).called("today"),
            [Quantity::money(link).called("PrivateLink")],
        );
        steps.worked("net", of, Quantity::money(net));
    }
}

/// The traffic, a table for each price of a GB on its way.
fn today(steps: &mut Steps, s: &CustomServiceRow, working: &CustomWorking, trail: &Trail) {
    let bytes = |flow: &CustomFlow| flow.upload + flow.download;
    let Some(today) = s.today_usd else {
        let rows = working.flows.iter().map(|(flow, _)| Row::new(words(flow), [Quantity::bytes(bytes(flow))]));
        steps.table("bytes", None, rows.collect(), FLOW_LOGS);
        steps.note("today", "Not known: a price or an AZ is missing.");
        return;
    };
    let mut by_path: BTreeMap<(String, Usd), (PathPrice, Vec<&CustomFlow>)> = BTreeMap::new();
    for (flow, path) in &working.flows {
        let Some(path) = path else { continue };
        let key = (way(flow), path.per_gb().per_gb());
        by_path.entry(key).or_insert((*path, Vec::new())).1.push(flow);
    }
    let mut parts = Vec::new();
    for ((way, per_gb), (path, flows)) in by_path {
        let rate = of_path(steps, &way, &path, per_gb, working.region.as_deref(), trail);
        let cost = |flow: &CustomFlow| path.per_gb().cost(bytes(flow));
        let rows =
            flows.iter().map(|flow| Row::new(words(flow), [Quantity::bytes(bytes(flow)), Quantity::money(cost(flow))]));
        steps.table(format!("today, {way}"), Some(Rule::price([rate])), rows.collect(), FLOW_LOGS);
        parts.push(Quantity::money(flows.iter().map(|flow| cost(flow)).sum()));
    }
    super::gateway::sum(steps, "today", parts, Quantity::money(today));
}

/// The price of a GB on a way, of its parts.
fn of_path(
    steps: &mut Steps,
    way: &str,
    path: &PathPrice,
    per_gb: Usd,
    region: Option<&str>,
    trail: &Trail,
) -> Quantity {
    let money = |usd| Quantity::decimal(usd, Unit::MoneyPerGb);
    let mut products = Vec::new();
    if path.gateway > Usd::ZERO {
        products.push(vec![money(path.gateway).called("NAT gateway")]);
    }
    if path.transit > Usd::ZERO {
        source(steps, "price of transit gateway", Item::TgwVpcGb, path.transit, region, trail);
        products.push(vec![money(path.transit).called("transit gateway")]);
    }
    if path.crossings > 0 {
        source(steps, "price of AZ crossing", Item::CrossAzGbEachDirection, path.crossing, region, trail);
        products.push(vec![sides(path.crossings), money(path.crossing).called("crossing")]);
    }
    let rate = money(per_gb);
    if products.is_empty() {
        steps.note(format!("a GB, {way}"), "Free of charge inside one AZ.");
    } else {
        steps.worked(format!("a GB, {way}"), Expression::products(products, []), rate);
    }
    rate
}

fn source(steps: &mut Steps, label: &str, item: Item, usd: Usd, region: Option<&str>, trail: &Trail) {
    let source = trail.price(region, item).filter(|price| price.usd == usd).map(|price| price.source);
    steps.given(label, vec![Quantity::decimal(usd, Unit::MoneyPerGb)], source.unwrap_or_default());
}

fn way(flow: &CustomFlow) -> String {
    match &flow.key.path {
        CustomPath::Nat { gateway } => gateway.clone(),
        other => other.as_str().to_owned(),
    }
}

fn words(flow: &CustomFlow) -> String {
    let az = |az: &Option<String>| az.clone().unwrap_or_else(|| "AZ not known".to_owned());
    format!("{} to {}, {}", az(&flow.key.client_az), az(&flow.key.peer_az), way(flow))
}

/// Hours of the endpoints and the load balancer, and the GB through both.
fn private_link(
    steps: &mut Steps,
    s: &CustomServiceRow,
    link: &PrivateLink,
    usd: Usd,
    region: Option<&str>,
    trail: &Trail,
) {
    let mut hourly = Vec::new();
    for (label, item, count) in [
        ("price of an endpoint hour", Item::InterfaceEndpointHour, Some(Quantity::count(link.azs, Unit::Azs))),
        ("price of a load balancer hour", Item::NlbHour, None),
    ] {
        let Some(price) = trail.price(region, item) else { continue };
        let rate = Quantity::decimal(price.usd, Unit::MoneyPerHour);
        steps.given(label, vec![rate], price.source);
        hourly.push([Quantity::count(trail.hours, Unit::Hours)].into_iter().chain(count).chain([rate]).collect());
    }
    let hours = Quantity::money(link.hours).called("hours");
    steps.worked("hours", Expression::products(hourly, []), hours);
    let tiers = [Item::InterfaceEndpointGbTier1, Item::InterfaceEndpointGbTier2, Item::InterfaceEndpointGbTier3];
    let mut parts = vec![hours];
    for (gb, bytes) in link.parts(s.bytes) {
        let Some(gb) = gb else { continue };
        let tier = link.gb.iter().position(|price| *price == Some(gb)).unwrap_or_default();
        let rate = of_gb(steps, tiers[tier], gb.per_gb(), region, trail);
        let cost = Quantity::money(gb.cost(bytes)).called("data");
        steps.worked("data", Expression::fraction([Quantity::bytes(bytes), rate], [Quantity::per_gb()]), cost);
        parts.push(cost);
    }
    steps.worked("PrivateLink", Expression::sum(parts), Quantity::money(usd));
}

/// A GB through the endpoint and the load balancer, whose capacity unit is a GB of TCP (Elastic Load Balancing pricing).
fn of_gb(steps: &mut Steps, tier: Item, usd: Usd, region: Option<&str>, trail: &Trail) -> Quantity {
    let mut parts = Vec::new();
    for (label, item, what) in
        [("price of an endpoint GB", tier, "endpoint"), ("price of a capacity unit", Item::NlbLcuHour, "load balancer")]
    {
        let Some(price) = trail.price(region, item) else { continue };
        let rate = Quantity::decimal(price.usd, Unit::MoneyPerGb).called(what);
        steps.given(label, vec![rate], price.source);
        parts.push(rate);
    }
    let rate = Quantity::decimal(usd, Unit::MoneyPerGb);
    steps.worked("a GB", Expression::sum(parts), rate);
    rate
}
