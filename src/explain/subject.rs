//! A VPC, a service, a client: the rows of the report that are about it, and the arithmetic of each.

use super::decision;
use super::gateway::{attributed, both, share, sum};
use super::trail::Trail;
use super::working::{Expression, Quantity, Step, Steps};
use crate::model::bytes::Bytes;
use crate::report::{ClientRow, CustomServiceRow, GroupRow, Report, TrafficRow};

/// A VPC's traffic and decisions.
pub(super) fn vpc(vpc: &str, report: &Report, trail: &Trail) -> Vec<Step> {
    let mut steps = Steps::default();
    traffic(&mut steps, report, |t| t.vpc_id.as_deref() == Some(vpc));
    let here: Vec<_> = report.nat_gateways.iter().filter(|g| g.vpc_id.as_deref() == Some(vpc)).collect();
    if !here.is_empty() {
        steps.part("NAT gateways in it");
    }
    for gateway in here {
        match gateway.observed_bytes {
            Some(bytes) => steps.given(gateway.nat_gateway_id.clone(), vec![Quantity::bytes(bytes)], "flow logs"),
            None => steps.note(gateway.nat_gateway_id.clone(), "No flow log covers it."),
        }
    }
    for d in report.decisions.iter().filter(|d| d.vpc_id == vpc || d.endpoint_vpc_id.as_deref() == Some(vpc)) {
        decision::steps(&mut steps, d, report, trail);
    }
    for service in report.custom_services.iter().filter(|s| s.vpc_id == vpc && !s.peer.starts_with('(')) {
        custom_service(&mut steps, service);
    }
    steps.0
}

/// A service's traffic by gateway and its decisions.
pub(super) fn service(service: &str, report: &Report, trail: &Trail) -> Vec<Step> {
    let mut steps = Steps::default();
    traffic(&mut steps, report, |t| t.service == service);
    if service == "range:amazon" {
        steps.note("", "AWS, service not known: no endpoint is claimed for it.");
    }
    for d in report.decisions.iter().filter(|d| d.service == service) {
        decision::steps(&mut steps, d, report, trail);
    }
    steps.0
}

fn traffic(steps: &mut Steps, report: &Report, pick: impl Fn(&TrafficRow) -> bool) {
    steps.part("Traffic");
    let rows: Vec<&TrafficRow> = report.traffic.iter().filter(|t| pick(t)).collect();
    if rows.is_empty() {
        steps.note("", "None was seen through a NAT gateway.");
        return;
    }
    for row in &rows {
        share(steps, row, true, report);
    }
    if rows.len() == 1 {
        return;
    }
    let bytes: Bytes = rows.iter().map(|t| both(t)).sum();
    sum(steps, "bytes, all rows", rows.iter().map(|t| Quantity::bytes(both(t))).collect(), Quantity::bytes(bytes));
    let known: Vec<Quantity> = rows.iter().filter_map(|t| t.usd).map(Quantity::money).collect();
    if known.is_empty() {
        return;
    }
    let usd = rows.iter().filter_map(|t| t.usd).sum();
    let label = if known.len() == rows.len() { "cost, all rows" } else { "cost, rows with a price" };
    sum(steps, label, known, Quantity::money(usd));
}

fn custom_service(steps: &mut Steps, s: &CustomServiceRow) {
    steps.part(format!("Own service {} port {}, {}", s.peer, s.port, s.path));
    steps.given("bytes", vec![Quantity::bytes(s.bytes)], "flow logs");
    let (today, privatelink) = (s.today_usd.map(Quantity::money), s.privatelink_usd.map(Quantity::money));
    match today {
        Some(usd) => steps.given("today", vec![usd], "the report"),
        None => steps.note("today", "Not known: a price is missing."),
    }
    match privatelink {
        Some(usd) => steps.given("PrivateLink", vec![usd], "the report"),
        None => steps.note("PrivateLink", "Not known: a price is missing."),
    }
    if let (Some(today), Some(privatelink), Some(net)) = (today, privatelink, s.net_usd) {
        let of = Expression::difference(today.called("today"), [privatelink.called("PrivateLink")]);
        steps.worked("net", of, Quantity::money(net));
    }
    steps.note("", s.reason.clone());
}

/// A client's rows, and through which gateway each part went.
pub(super) fn client(client: &str, report: &Report, trail: &Trail) -> Vec<Step> {
    let mut steps = Steps::default();
    let groups: Vec<&GroupRow> = trail.clients.iter().filter(|g| of(g, "client") == Some(client)).collect();
    let rows: Vec<&ClientRow> = report.clients.iter().filter(|c| c.client == client).collect();
    if rows.is_empty() {
        steps.note("", "The report sums it up in (other).");
    }
    let mut vpcs: Vec<Option<&str>> = groups.iter().map(|g| of(g, "vpc")).collect();
    vpcs.extend(rows.iter().map(|c| c.vpc_id.as_deref()));
    vpcs.sort_unstable();
    vpcs.dedup();
    for vpc in vpcs {
        steps.part(vpc.map_or_else(|| "VPC not known".to_owned(), |vpc| format!("In {vpc}")));
        let row = rows.iter().find(|c| c.vpc_id.as_deref() == vpc);
        if let Some(name) = row.and_then(|c| c.name.as_ref()) {
            steps.note("name", name.clone());
        }
        let parts: Vec<&GroupRow> = groups.iter().filter(|g| of(g, "vpc") == vpc).copied().collect();
        for part in &parts {
            through(&mut steps, part, report, trail);
        }
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
fn through(steps: &mut Steps, part: &GroupRow, report: &Report, trail: &Trail) {
    let nat = of(part, "nat").unwrap_or("gateway not known");
    let (up, down) =
        (Quantity::bytes(part.upload_bytes).called("up"), Quantity::bytes(part.download_bytes).called("down"));
    let bytes = Quantity::bytes(part.upload_bytes + part.download_bytes);
    steps.worked(nat, Expression::sum([up, down]), bytes);
    let row = report.nat_gateways.iter().find(|g| g.nat_gateway_id == nat);
    let whole = row.and_then(|row| attributed(row, report));
    let (Some(usd), Some(whole)) = (part.usd, whole) else {
        steps.note("", "What it cost is not known.");
        return;
    };
    let same = trail.clients.iter().filter(|g| of(g, "nat") == Some(nat));
    let all: Bytes = same.map(|g| g.upload_bytes + g.download_bytes).sum();
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
