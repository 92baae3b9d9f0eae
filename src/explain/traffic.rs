//! Rows of traffic: the records behind them, and their share of what their gateway's bytes cost.

use super::gateway::attributed;
use super::trail::{TrafficTrail, Trail};
use super::working::{Expression, Quantity, Row, Rule, Steps, Unit};
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::report::{NatGatewayRow, Report, TrafficRow};
use std::collections::BTreeMap;

/// A row of the report's traffic and what the trail knows of it.
#[derive(Clone, Copy)]
pub(super) struct Traffic<'a> {
    pub row: &'a TrafficRow,
    pub trail: Option<&'a TrafficTrail>,
}

impl Traffic<'_> {
    /// Both directions.
    pub(super) fn bytes(self) -> Bytes {
        both(self.row)
    }
}

/// The rows that are picked, in the report's order.
pub(super) fn pick<'a>(report: &'a Report, trail: &'a Trail, pick: impl Fn(&TrafficRow) -> bool) -> Vec<Traffic<'a>> {
    let rows = report.traffic.iter().enumerate().filter(|(_, row)| pick(row));
    rows.map(|(at, row)| Traffic { row, trail: trail.traffic.get(at) }).collect()
}

/// Both directions.
pub(super) fn both(row: &TrafficRow) -> Bytes {
    row.upload_bytes + row.download_bytes
}

/// One table for each gateway, and the sums of several.
pub(super) fn tables(steps: &mut Steps, rows: &[Traffic<'_>], named: bool, report: &Report) {
    let mut by_gateway: BTreeMap<&str, Vec<Traffic<'_>>> = BTreeMap::new();
    for traffic in rows {
        by_gateway.entry(&traffic.row.nat_gateway_id).or_default().push(*traffic);
    }
    for (id, rows) in &by_gateway {
        of_gateway(steps, named, id, rows, report);
    }
    if by_gateway.len() > 1 {
        sums(steps, by_gateway.values());
    }
}

/// The rows of one gateway, each with its share of what all of the gateway's bytes cost.
fn of_gateway(steps: &mut Steps, named: bool, id: &str, rows: &[Traffic<'_>], report: &Report) {
    // What all rows share is said once.
    let vpc = rows.first().and_then(|t| t.row.vpc_id.as_deref());
    let vpc = vpc.filter(|vpc| rows.iter().all(|t| t.row.vpc_id.as_deref() == Some(vpc)));
    let clients = vpc.map(|vpc| format!("clients in {vpc}"));
    let label = named.then(|| id.to_owned()).into_iter().chain(clients).collect::<Vec<_>>().join(", ");
    let gateway = report.nat_gateways.iter().find(|row| row.nat_gateway_id == id);
    let whole = gateway.and_then(|row: &NatGatewayRow| attributed(row, report));
    let observed: Bytes = report.traffic.iter().filter(|t| t.nat_gateway_id == id).map(both).sum();
    let priced = whole.filter(|_| rows.iter().all(|t| t.row.usd.is_some()));
    let lines = rows.iter().map(|t| {
        let cost = priced.and(t.row.usd).map(Quantity::money);
        Row::new(words(t.row, vpc.is_none()), evidence(*t).into_iter().chain(cost))
    });
    let rule = priced.filter(|_| observed > Bytes::ZERO).map(|whole| {
        Rule::share(Quantity::money(whole).called("attributed"), Quantity::bytes(observed).called("observed"))
    });
    steps.table(label, rule, lines.collect(), "flow logs");
    if priced.is_none() {
        steps.note("", "What it cost is not known.");
    }
}

/// Records, where they are known, and bytes.
pub(super) fn evidence(traffic: Traffic<'_>) -> Vec<Quantity> {
    let records = traffic.trail.map(|trail| Quantity::count(trail.records, Unit::Records));
    records.into_iter().chain([Quantity::bytes(traffic.bytes())]).collect()
}

fn sums<'a>(steps: &mut Steps, tables: impl Iterator<Item = &'a Vec<Traffic<'a>>> + Clone) {
    let bytes: Vec<Bytes> = tables.clone().map(|rows| rows.iter().map(|t| t.bytes()).sum()).collect();
    let all = bytes.iter().copied().sum();
    let bytes = bytes.into_iter().map(Quantity::bytes);
    steps.worked("bytes, all gateways", Expression::sum(bytes), Quantity::bytes(all));
    let tables_of_all = tables.clone().count();
    let known: Vec<Usd> = tables.filter_map(|rows| rows.iter().map(|t| t.row.usd).sum::<Option<Usd>>()).collect();
    if known.is_empty() {
        return;
    }
    let label = if known.len() == tables_of_all { "cost, all gateways" } else { "cost, where it is known" };
    let all = known.iter().copied().sum();
    steps.worked(label, Expression::sum(known.into_iter().map(Quantity::money)), Quantity::money(all));
}

/// Service, Region, place of the clients and evidence.
fn words(traffic: &TrafficRow, with_vpc: bool) -> String {
    let mut words = vec![traffic.service.as_str()];
    words.extend(traffic.service_region.as_deref());
    words.extend(with_vpc.then(|| traffic.vpc_id.as_deref().unwrap_or("VPC not known")));
    words.extend(traffic.az_id.as_deref());
    if traffic.evidence != "none" {
        words.push(traffic.evidence);
    }
    words.join(", ")
}
