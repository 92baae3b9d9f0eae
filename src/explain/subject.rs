//! A VPC, a service, a client: the rows of the report that are about it, and the arithmetic of each.

use super::FLOW_LOGS;
use super::custom;
use super::decision;
use super::gateway::{attributed, sum};
use super::traffic;
use super::trail::Trail;
use super::working::{Expression, Quantity, Step, Steps, Unit};
use crate::model::bytes::Bytes;
use crate::report::{ClientRow, DecisionRow, GroupRow, Report, TrafficRow};
use std::collections::BTreeSet;

/// A VPC's traffic and decisions.
pub(super) fn vpc(vpc: &str, report: &Report, trail: &Trail) -> Vec<Step> {
    let mut steps = Steps::default();
    traffic(&mut steps, report, trail, |t| t.vpc_id.as_deref() == Some(vpc));
    let here: Vec<_> = report.nat_gateways.iter().filter(|g| g.vpc_id.as_deref() == Some(vpc)).collect();
    if !here.is_empty() {
        steps.part("NAT gateways in it");
    }
    for gateway in here {
        let count = trail.gateways.get(&gateway.nat_gateway_id).and_then(|known| known.count.as_ref());
        let records = count.map(|count| Quantity::count(count.records.all(), Unit::Records));
        let label = gateway.nat_gateway_id.clone();
        match gateway.observed_bytes {
            Some(bytes) => {
                let values = records.into_iter().chain([Quantity::bytes(bytes)]).collect();
                steps.given(label, values, FLOW_LOGS);
            }
            None => steps.note(label, "No flow log covers it."),
        }
    }
    decisions(&mut steps, report, trail, |d| d.vpc_id == vpc || d.endpoint_vpc_id.as_deref() == Some(vpc));
    for (at, service) in report.custom_services.iter().enumerate() {
        let is_its = service.vpc_id == vpc || service.peer_vpc_id.as_deref() == Some(vpc);
        if is_its && !service.peer.starts_with('(') {
            custom::steps(&mut steps, service, trail.custom.get(at), trail);
        }
    }
    steps.0
}

/// A service's traffic by gateway and its decisions.
pub(super) fn service(service: &str, report: &Report, trail: &Trail) -> Vec<Step> {
    let mut steps = Steps::default();
    traffic(&mut steps, report, trail, |t| t.service == service);
    if matches!(service, "range:amazon" | "range:ec2") {
        steps.note("", "AWS, service not known: no endpoint is claimed for it.");
    }
    let open = report.region_unknown.iter().filter_map(|&at| report.traffic.get(at));
    if open.into_iter().any(|t| t.service == service) {
        steps.note("", "Where the Region of the service, or of its clients, is not known, no endpoint is decided.");
    }
    decisions(&mut steps, report, trail, |d| d.service == service);
    steps.0
}

fn traffic(steps: &mut Steps, report: &Report, trail: &Trail, pick: impl Fn(&TrafficRow) -> bool) {
    steps.part("Traffic");
    let rows = traffic::pick(report, trail, pick);
    if rows.is_empty() {
        steps.note("", "None was seen through a NAT gateway.");
    }
    traffic::tables(steps, &rows, true, report);
}

/// Decisions, after what those on interface endpoints of a Region have in common.
fn decisions(steps: &mut Steps, report: &Report, trail: &Trail, pick: impl Fn(&DecisionRow) -> bool) {
    let rows: Vec<&DecisionRow> = report.decisions.iter().filter(|d| pick(d)).collect();
    let regions: BTreeSet<&str> =
        rows.iter().filter(|d| d.endpoint_type == "interface").map(|d| d.region.as_str()).collect();
    for region in regions {
        decision::region(steps, region, trail);
    }
    for d in rows {
        decision::steps(steps, d, report, trail);
    }
}

/// A client's rows, and through which gateway each part went.
pub(super) fn client(client: &str, report: &Report, trail: &Trail) -> Vec<Step> {
    let mut steps = Steps::default();
    let groups: Vec<&(GroupRow, u64)> = trail.clients.iter().filter(|(g, _)| of(g, "client") == Some(client)).collect();
    let rows: Vec<&ClientRow> = report.clients.iter().filter(|c| c.client == client).collect();
    if rows.is_empty() {
        steps.note("", "The report sums it up in (other).");
    }
    let mut vpcs: Vec<Option<&str>> = groups.iter().map(|(g, _)| of(g, "vpc")).collect();
    vpcs.extend(rows.iter().map(|c| c.vpc_id.as_deref()));
    vpcs.sort_unstable();
    vpcs.dedup();
    for vpc in vpcs {
        steps.part(vpc.map_or_else(|| "VPC not known".to_owned(), |vpc| format!("In {vpc}")));
        let row = rows.iter().find(|c| c.vpc_id.as_deref() == vpc);
        if let Some(name) = row.and_then(|c| c.name.as_ref()) {
            steps.note("name", name.clone());
        }
        let parts: Vec<&(GroupRow, u64)> = groups.iter().filter(|(g, _)| of(g, "vpc") == vpc).copied().collect();
        for (part, records) in &parts {
            through(&mut steps, part, *records, report, trail);
        }
        let parts: Vec<&GroupRow> = parts.into_iter().map(|(part, _)| part).collect();
        if let Some(row) = row {
            whole(&mut steps, row, &parts);
        }
    }
    steps.0
}

fn of<'a>(group: &'a GroupRow, dimension: &str) -> Option<&'a str> {
    group.by.get(dimension)?.as_deref()
}

/// A client's bytes through one gateway, and their part of its attributed cost.
fn through(steps: &mut Steps, part: &GroupRow, records: u64, report: &Report, trail: &Trail) {
    let nat = of(part, "nat").unwrap_or("gateway not known");
    steps.given(nat, vec![Quantity::count(records, Unit::Records)], FLOW_LOGS);
    let (up, down) =
        (Quantity::bytes(part.upload_bytes).called("up"), Quantity::bytes(part.download_bytes).called("down"));
    let bytes = Quantity::bytes(part.upload_bytes + part.download_bytes);
    steps.worked("bytes", Expression::sum([up, down]), bytes);
    let row = report.nat_gateways.iter().find(|g| g.nat_gateway_id == nat);
    let whole = row.and_then(|row| attributed(row, report));
    let (Some(usd), Some(whole)) = (part.usd, whole) else {
        steps.note("", "What it cost is not known.");
        return;
    };
    let same = trail.clients.iter().filter(|(g, _)| of(g, "nat") == Some(nat));
    let all: Bytes = same.map(|(g, _)| g.upload_bytes + g.download_bytes).sum();
    if all > Bytes::ZERO {
        let of = Expression::fraction(
            [Quantity::money(whole).called("attributed"), bytes],
            [Quantity::bytes(all).called("of all clients")],
        );
        steps.split("cost", of, Quantity::money(usd));
    }
}

/// The report's row as the sum of its parts.
fn whole(steps: &mut Steps, row: &ClientRow, parts: &[&GroupRow]) {
    let bytes = Quantity::bytes(row.upload_bytes + row.download_bytes);
    if parts.is_empty() {
        let (up, down) =
            (Quantity::bytes(row.upload_bytes).called("up"), Quantity::bytes(row.download_bytes).called("down"));
        steps.worked("bytes", Expression::sum([up, down]), bytes);
    } else if parts.len() > 1 {
        let each = parts.iter().map(|g| Quantity::bytes(g.upload_bytes + g.download_bytes)).collect();
        sum(steps, "bytes, all gateways", each, bytes);
    }
    let each: Option<Vec<Quantity>> = parts.iter().map(|g| g.usd.map(Quantity::money)).collect();
    match (row.usd, each) {
        (None, _) => steps.note("cost", "Not known: a price is missing."),
        (Some(usd), Some(each)) if each.len() > 1 => sum(steps, "cost, all gateways", each, Quantity::money(usd)),
        (Some(usd), _) if parts.is_empty() => steps.given("cost", vec![Quantity::money(usd)], "the report"),
        _ => {}
    }
}
