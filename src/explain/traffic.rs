//! Rows of traffic: the records behind them, and their share of what their gateway's bytes cost.

use super::FLOW_LOGS;
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
    /// What the gateway charges for the bytes, as decisions count it.
    pub(super) fn nat_usd(self) -> Option<Usd> {
        self.trail.map_or(self.row.usd, |trail| trail.way.nat)
    }

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

/// One table for each gateway and VPC of clients, and the sums of several.
pub(super) fn tables(steps: &mut Steps, rows: &[Traffic<'_>], named: bool, report: &Report) {
    let mut tables: BTreeMap<(&str, Option<&str>), Vec<Traffic<'_>>> = BTreeMap::new();
    for traffic in rows {
        let key = (traffic.row.nat_gateway_id.as_str(), traffic.row.vpc_id.as_deref());
        tables.entry(key).or_default().push(*traffic);
    }
    for ((id, vpc), rows) in &tables {
        let clients = vpc.map_or_else(|| "clients in no known VPC".to_owned(), |vpc| format!("clients in {vpc}"));
        let label = if named { format!("{id}, {clients}") } else { clients };
        table(steps, label, id, rows, report);
    }
    if tables.len() > 1 {
        sums(steps, tables.values());
    }
}

/// Rows of one gateway, each with its share of what all of the gateway's bytes cost.
fn table(steps: &mut Steps, label: String, id: &str, rows: &[Traffic<'_>], report: &Report) {
    let gateway = report.nat_gateways.iter().find(|row| row.nat_gateway_id == id);
    let whole = gateway.and_then(|row: &NatGatewayRow| attributed(row, report));
    let observed: Bytes = report.traffic.iter().filter(|t| t.nat_gateway_id == id).map(both).sum();
    let priced = whole.filter(|_| rows.iter().all(|t| t.row.usd.is_some()));
    let lines = rows.iter().map(|t| {
        let cost = priced.and(t.row.usd).map(Quantity::money);
        Row::new(words(t.row), evidence(*t).into_iter().chain(cost))
    });
    let rule = priced.filter(|_| observed > Bytes::ZERO).map(|whole| {
        Rule::share(Quantity::money(whole).called("attributed"), Quantity::bytes(observed).called("observed"))
    });
    steps.table(label, rule, lines.collect(), FLOW_LOGS);
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
    steps.worked("bytes, all tables", Expression::sum(bytes), Quantity::bytes(all));
    let tables_of_all = tables.clone().count();
    let known: Vec<Usd> = tables.filter_map(|rows| rows.iter().map(|t| t.row.usd).sum::<Option<Usd>>()).collect();
    if known.is_empty() {
        return;
    }
    let label = if known.len() == tables_of_all { "cost, all tables" } else { "cost, where it is known" };
    let all = known.iter().copied().sum();
    steps.worked(label, Expression::sum(known.into_iter().map(Quantity::money)), Quantity::money(all));
}

/// Service, Region, AZ of the clients and evidence.
fn words(traffic: &TrafficRow) -> String {
    let mut words = vec![traffic.service.as_str()];
    words.extend(traffic.service_region.as_deref());
    words.extend(traffic.az_id.as_deref());
    if traffic.evidence != "none" {
        words.push(traffic.evidence);
    }
    words.join(", ")
}
