//! What costs money besides the endpoints: the gateways themselves, and customers' own services in another VPC.

use super::{empty, plus};
use crate::model::usd::Usd;
use crate::report::{CustomServiceRow, FindingRow, Report};
use crate::sinks::document::{Cell, Column, Grid, Item, Row, Section, Tone};
use crate::sinks::human::{self, Numbers};

/// One row per finding, its reason as a numbered sentence below.
pub(super) fn findings(report: &Report) -> Section {
    let title = "Gateway findings".to_owned();
    if report.findings.is_empty() {
        return empty(title, "No finding: no gateway is known to be idle, redundant, removable or reached across AZs.");
    }
    let columns = vec![
        Column::text("Finding"),
        Column::text("Gateway"),
        Column::text("Name").optional().rank(2),
        Column::text("VPC").optional().rank(3),
        Column::text("Route tables").optional().rank(4),
        Column::summed("Saving"),
    ];
    let rows = report.findings.iter().enumerate().map(|(i, f)| finding(report, i, f)).collect();
    let grid = Grid::new(columns, rows).with_total("Total").without_unknown_columns();
    let items = report.findings.iter().enumerate().map(|(i, f)| numbered(i, f.reason.clone()));
    let note = "A gateway's hours count once, and nothing that a decision already avoids counts again.".to_owned();
    Section { title, grid: Some(grid), items: items.collect(), notes: vec![note] }
}

fn finding(report: &Report, index: usize, f: &FindingRow) -> Row {
    let gateway = report.nat_gateways.iter().find(|g| g.nat_gateway_id == f.nat_gateway_id);
    let tables = match f.route_table_ids.as_slice() {
        [] => Cell::Blank,
        [one] => Cell::text(one.clone()),
        more => Cell::text(human::plural(more.len(), "route table", "route tables")),
    };
    Row::new(vec![
        Cell::text(format!("{}. {}", index + 1, f.kind)),
        Cell::text(f.nat_gateway_id.clone()),
        Cell::known(gateway.and_then(|g| g.name.as_ref())),
        Cell::known(gateway.and_then(|g| g.vpc_id.as_ref())),
        tables,
        Cell::money(f.usd),
    ])
}

fn numbered(index: usize, text: String) -> Item {
    Item { mark: format!("{}.", index + 1), text, hint: None, tone: Tone::Plain }
}

/// Traffic to the customer's own services; the first `top` rows (0: all) and `(other)`. Absent without rows.
pub(super) fn custom_services(report: &Report, top: usize, numbers: &Numbers) -> Option<Section> {
    if report.custom_services.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text("Clients in"),
        Column::text("Service"),
        Column::text("Service in").optional().rank(3),
        Column::text("Path").rank(4),
        Column::summed(format!("Data {}", numbers.unit())),
        Column::summed("Today"),
        Column::number("PrivateLink"),
        Column::number("Net"),
        Column::number("Break-even GB").optional().rank(2),
    ];
    let all = report.custom_services.as_slice();
    let keep = if top == 0 || all.len() <= top + 1 { all.len() } else { top };
    let (shown, others) = all.split_at(keep);
    let mut rows: Vec<Row> = shown.iter().enumerate().map(|(i, s)| custom_service(i, s)).collect();
    rows.extend(other(others));
    let grid = Grid::new(columns, rows).with_total("Total").without_unknown_columns();
    let items = shown.iter().enumerate().filter(|(_, s)| !is_sum(s)).map(|(i, s)| numbered(i, s.reason.clone()));
    let note = "PrivateLink is the cost of an interface endpoint, a load balancer and an endpoint service of your own. \
                It is in no saving above.";
    Some(Section {
        title: "Own services in another VPC".to_owned(),
        grid: Some(grid),
        items: items.collect(),
        notes: vec![note.to_owned()],
    })
}

/// Whether the row is the report's own `(other)`.
fn is_sum(s: &CustomServiceRow) -> bool {
    s.peer.starts_with('(') || s.vpc_id.starts_with('(')
}

fn custom_service(index: usize, s: &CustomServiceRow) -> Row {
    let amounts = [
        Cell::Data(human::int(s.bytes)),
        Cell::money(s.today_usd),
        Cell::money(s.privatelink_usd),
        Cell::money(s.net_usd),
        Cell::quantity(s.break_even_gb),
    ];
    let place = if is_sum(s) {
        vec![Cell::text("(other)"), Cell::Blank, Cell::Blank, Cell::Blank]
    } else {
        vec![
            Cell::text(format!("{}. {}", index + 1, s.vpc_id)),
            Cell::text(address(s)),
            Cell::known(s.peer_vpc_id.as_ref()),
            Cell::text(s.path),
        ]
    };
    Row::new(place.into_iter().chain(amounts).collect())
}

fn address(s: &CustomServiceRow) -> String {
    if s.peer.contains(':') { format!("[{}]:{}", s.peer, s.port) } else { format!("{}:{}", s.peer, s.port) }
}

/// One row for the others; what `PrivateLink` would cost for all of them together is no question anyone has.
fn other(others: &[CustomServiceRow]) -> Option<Row> {
    let bytes = others.iter().map(|s| human::int(s.bytes)).reduce(i128::saturating_add)?;
    let today: Option<Usd> = others.iter().map(|s| s.today_usd).reduce(|a, b| Some(plus(a?, b?)))?;
    let place = [Cell::text(format!("({} more)", others.len())), Cell::Blank, Cell::Blank, Cell::Blank];
    let amounts = [Cell::Data(bytes), Cell::money(today), Cell::Blank, Cell::Blank, Cell::Blank];
    Some(Row::new(place.into_iter().chain(amounts).collect()))
}
