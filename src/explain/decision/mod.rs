//! A decision: what it avoids, what the endpoint costs, what is left, and from how many GB it pays.

mod break_even;
mod endpoint;
mod removal;

pub(super) use break_even::steps as break_even;
pub(super) use endpoint::region;

use super::crossing::{self, Charge};
use super::gateway;
use super::traffic::{self, Traffic};
use super::trail::Trail;
use super::working::{Expression, Quantity, Row, Steps, Unit};
use crate::model::bytes::Bytes;
use crate::model::region::is_edge_zone;
use crate::model::usd::Usd;
use crate::price::Item;
use crate::report::{DecisionRow, Report, TrafficRow};

/// The arithmetic of one decision. That of its Region's endpoints as a whole is in [`region`].
pub(super) fn steps(steps: &mut Steps, d: &DecisionRow, report: &Report, trail: &Trail) {
    let id = d.endpoint_id.as_deref().map(|id| format!(", {id}")).unwrap_or_default();
    steps.part(format!("{} {} ({}) for {}{id}", d.action, d.service, d.endpoint_type, d.vpc_id));
    steps.note("decision", d.reason.clone());
    if d.action == "remove" {
        removal::steps(steps, d, trail);
        return;
    }
    avoided(steps, d, report, trail);
    if d.endpoint_type == "gateway" {
        steps.note("endpoint", "A gateway endpoint costs nothing, whatever it carries.");
    } else {
        endpoint::hours(steps, d, trail);
        endpoint::data(steps, d, trail);
    }
    net(steps, d);
    if d.endpoint_type == "gateway" {
        let pays = d.break_even_gb.is_some();
        let words =
            if pays { "It pays from the first byte." } else { "The NAT gateway charged nothing, so nothing is saved." };
        steps.note("break-even", words);
    } else {
        endpoint::break_even(steps, d, trail);
    }
}

fn is_of(d: &DecisionRow, t: &TrafficRow) -> bool {
    // Some of a service's bytes may be out of an endpoint's reach.
    let in_reach = t.endpoint == d.endpoint_type && t.service_region.as_deref() == Some(&d.region);
    t.vpc_id.as_deref() == Some(&d.vpc_id) && t.service == d.service && in_reach
}

/// NAT data, AZ crossing and transit gateway of its rows of traffic.
fn avoided(steps: &mut Steps, d: &DecisionRow, report: &Report, trail: &Trail) {
    let at_edge = |t: &TrafficRow| t.az_id.as_deref().is_some_and(is_edge_zone);
    // Of a VPC with clients in AZs too, those of Local Zones are not weighed.
    let mut rows = traffic::pick(report, trail, |t| is_of(d, t) && (t.endpoint != "interface" || !at_edge(t)));
    if rows.is_empty() {
        rows = traffic::pick(report, trail, |t| is_of(d, t));
    }
    let nat: Option<Usd> = rows.iter().map(|t| t.nat_usd()).sum();
    carried(steps, &rows, nat.is_some());
    if rows.iter().any(|t| t.nat_usd() != t.row.usd) {
        let early = "The bill ends before the records do: their NAT data is at what was paid for a GB, or at list where nothing was yet, and not their part of what was paid.";
        steps.note("", early);
    }
    let of_rows: Bytes = rows.iter().map(|t| t.bytes()).sum();
    if of_rows != d.bytes {
        let why = if of_rows > d.bytes {
            "the report: what one NAT gateway passes on to another comes to an endpoint once"
        } else {
            "the report"
        };
        steps.given("bytes", vec![Quantity::bytes(d.bytes)], why);
    }
    if nat.is_none() {
        steps.note("NAT data", "Not known: the gateway's cost, or the price of a GB, is missing.");
    }
    let cross = crossing::steps(steps, "AZ crossing", Charge::Crossing, &rows, report, trail);
    let transit = if d.endpoint_vpc_id.as_ref().is_some_and(|host| *host != d.vpc_id) {
        shared_transit(steps, d, trail)
    } else {
        crossing::steps(steps, "transit gateway", Charge::Transit, &rows, report, trail)
    };
    let (Some(avoided), Some(nat), Some(cross), Some(transit)) = (d.avoided_usd, nat, cross, transit) else {
        match d.avoided_usd {
            Some(usd) => steps.given("avoided", vec![Quantity::money(usd)], "the report"),
            None => steps.note("avoided", "Not known: a price is missing."),
        }
        return;
    };
    let parts = [(nat, "NAT data"), (cross, "AZ crossing"), (transit, "transit gateway")];
    let parts = parts.into_iter().enumerate().filter(|(at, (usd, _))| *at == 0 || *usd != Usd::ZERO);
    let parts = parts.map(|(_, (usd, what))| Quantity::money(usd).called(what));
    gateway::sum(steps, "avoided", parts.collect(), Quantity::money(avoided));
}

/// The rows whose bytes an endpoint would take, with their share of the gateway's cost.
fn carried(steps: &mut Steps, rows: &[Traffic<'_>], priced: bool) {
    let lines = rows.iter().map(|t| {
        let az = t.row.az_id.as_deref().unwrap_or("AZ not known");
        let cost = t.nat_usd().filter(|_| priced).map(Quantity::money);
        let label = format!("{}, {az}, {}", t.row.nat_gateway_id, t.row.evidence);
        Row::new(label, traffic::evidence(*t).into_iter().chain(cost))
    });
    let label = if priced { "bytes and NAT data" } else { "bytes" };
    steps.table(label, None, lines.collect(), "the traffic of its gateway");
}

/// A shared endpoint is reached over the transit gateway: its charge stays, and comes to what did not pay it before.
fn shared_transit(steps: &mut Steps, d: &DecisionRow, trail: &Trail) -> Option<Usd> {
    let (region, weighed) = trail.weighed(d)?;
    let gb = region.case.prices?.transit_gb?;
    if weighed.newly_transit == Bytes::ZERO {
        steps.note("transit gateway", "Not avoided: the shared endpoint is reached over it too.");
        return Some(Usd::ZERO);
    }
    let cost = gb.cost(weighed.newly_transit);
    let rate = Quantity::decimal(gb.per_gb(), Unit::MoneyPerGb);
    let source = trail.price(Some(&d.region), Item::TgwVpcGb).map(|price| price.source).unwrap_or_default();
    steps.given("price of transit gateway", vec![rate], source);
    let of = Expression::fraction([Quantity::bytes(weighed.newly_transit), rate], [Quantity::per_gb()]);
    steps.worked("transit gateway, new", of, Quantity::money(cost));
    Some(-cost)
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
