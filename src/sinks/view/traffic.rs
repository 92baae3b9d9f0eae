//! Where the bytes went: by service, by client, by the dimensions that were asked for.

use super::headline::has_logs;
use super::{empty, plus, row_bytes};
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::report::{ClientRow, Report, TrafficRow};
use crate::sinks::document::{Cell, Column, Grid, Row, Section};
use crate::sinks::human::{self, Numbers};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Bytes in both directions and their cost.
#[derive(Clone, Copy)]
pub(super) struct Load {
    up: i128,
    down: i128,
    pub(super) usd: Option<Usd>,
}

impl Load {
    pub(super) fn of(row: &TrafficRow) -> Self {
        Self::new(row.upload_bytes, row.download_bytes, row.usd)
    }

    pub(super) fn new(up: Bytes, down: Bytes, usd: Option<Usd>) -> Self {
        Self { up: human::int(up), down: human::int(down), usd }
    }

    /// A cost whose bytes are counted elsewhere.
    pub(super) const fn of_money(usd: Usd) -> Self {
        Self { up: 0, down: 0, usd: Some(usd) }
    }

    pub(super) fn total(self) -> i128 {
        self.up.saturating_add(self.down)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let usd = self.usd.and_then(|a| Some(plus(a, other.usd?)));
        Self { up: self.up.saturating_add(other.up), down: self.down.saturating_add(other.down), usd }
    }

    /// Without a part of it; never less than nothing.
    pub(super) fn minus(self, part: Self) -> Self {
        let usd = self.usd.and_then(|all| Some(plus(all, -part.usd?)));
        let left = |all: i128, part: i128| all.saturating_sub(part).max(0);
        Self { up: left(self.up, part.up), down: left(self.down, part.down), usd }
    }

    pub(super) fn cells(self, whole: i128) -> [Cell; 5] {
        [
            Cell::Data(self.up),
            Cell::Data(self.down),
            Cell::Data(self.total()),
            Cell::Share { part: self.total(), whole },
            Cell::money(self.usd),
        ]
    }
}

pub(super) fn load_columns(numbers: &Numbers) -> [Column; 5] {
    let unit = numbers.unit();
    [
        Column::summed(format!("Upload {unit}")).rank(2),
        Column::summed(format!("Download {unit}")).rank(2),
        Column::summed(format!("Total {unit}")),
        Column::summed("Share").rank(1),
        Column::summed("Data cost"),
    ]
}

/// What names a row of the services table. Unpriced traffic has rows of its own, so that it hides no known cost.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ServiceKey<'a> {
    service: &'a str,
    region: Option<&'a str>,
    endpoint: &'a str,
    evidence: &'a str,
    priced: bool,
}

impl<'a> ServiceKey<'a> {
    fn of(row: &'a TrafficRow) -> Self {
        Self {
            service: &row.service,
            region: row.service_region.as_deref(),
            endpoint: row.endpoint,
            evidence: row.evidence,
            priced: row.usd.is_some(),
        }
    }
}

/// Attributed traffic by service; the first `top` rows and `(other)`.
pub(super) fn services(report: &Report, top: usize, numbers: &Numbers) -> Section {
    let title = "Services".to_owned();
    if report.traffic.is_empty() && !has_logs(report) {
        return empty(title, "No flow log was read: what the data was for is not known.");
    }
    if report.traffic.is_empty() {
        return empty(title, "No traffic could be attributed; the data quality tables say why.");
    }
    let mut sums: BTreeMap<ServiceKey<'_>, Load> = BTreeMap::new();
    for row in &report.traffic {
        let load = Load::of(row);
        sums.entry(ServiceKey::of(row)).and_modify(|sum| *sum = sum.plus(load)).or_insert(load);
    }
    let mut sorted: Vec<(ServiceKey<'_>, Load)> = sums.into_iter().collect();
    sorted.sort_by_key(|(_, load)| Reverse(load.total()));
    let whole = report.traffic.iter().map(row_bytes).fold(0, i128::saturating_add);
    let keep = if top == 0 || sorted.len() <= top + 1 { sorted.len() } else { top };
    let mut rows: Vec<Row> = sorted[..keep].iter().map(|(key, load)| service_row(key, *load, whole)).collect();
    rows.extend(other_rows(&sorted[keep..], whole));
    rows.extend(unobserved(report));
    let mut columns = vec![Column::text("Service"), Column::text("Region").rank(3)];
    columns.extend(load_columns(numbers));
    columns.extend([Column::text("Endpoint"), Column::text("Evidence").rank(4)]);
    let grid = Grid::new(columns, rows).with_total("Total");
    let is_shown = |service: &str| sorted[..keep].iter().any(|(key, _)| key.service == service);
    let notes = RANGES.into_iter().filter(|(service, _)| is_shown(service));
    let notes = notes.map(|(service, what)| format!("{service}: {what}; no endpoint is claimed for it.")).collect();
    Section { title, grid: Some(grid), notes, ..Section::default() }
}

/// Addresses that are AWS's own, whatever service answered there.
const UNNAMED_AWS: &str = "range:amazon";

/// What services that are only ranges of addresses mean.
const RANGES: [(&str, &str); 2] = [
    (UNNAMED_AWS, "AWS, which service is not known"),
    ("range:ec2", "addresses of Amazon EC2, of anybody's servers or of an AWS service"),
];

fn service_row(key: &ServiceKey<'_>, load: Load, whole: i128) -> Row {
    let mut cells = vec![Cell::text(key.service), key.region.map_or(Cell::Unknown, Cell::text)];
    cells.extend(load.cells(whole));
    let endpoint = if key.service == UNNAMED_AWS { "not claimed" } else { key.endpoint };
    cells.extend([Cell::text(endpoint), Cell::text(key.evidence)]);
    Row::new(cells)
}

/// What the bill holds and no flow log explains, so that the column adds up to the bill.
fn unobserved(report: &Report) -> Option<Row> {
    let usd = report.summary.unobserved_usd.filter(|&usd| usd != Usd::ZERO)?;
    let mut cells = vec![Cell::Blank; 9];
    cells[0] = Cell::text("(unobserved)");
    cells[6] = Cell::Money(usd);
    Some(Row::new(cells))
}

/// One row for the others, and one more for those of them that have no price.
fn other_rows(others: &[(ServiceKey<'_>, Load)], whole: i128) -> impl Iterator<Item = Row> {
    [(true, "(other)"), (false, "(other, no price)")].into_iter().filter_map(move |(priced, label)| {
        let sum = others.iter().filter(|(key, _)| key.priced == priced).map(|(_, load)| *load).reduce(Load::plus)?;
        let mut cells = vec![Cell::text(label), Cell::Blank];
        cells.extend(sum.cells(whole));
        cells.extend([Cell::Blank, Cell::Blank]);
        Some(Row::new(cells))
    })
}

/// The largest clients, as the report lists them.
pub(super) fn clients(report: &Report, numbers: &Numbers) -> Section {
    let title = "Top clients".to_owned();
    if report.clients.is_empty() {
        return empty(title, "No client is known: no record shows an address behind a gateway.");
    }
    let mut columns = vec![
        Column::text("Client"),
        Column::text("Kind").optional().rank(4),
        Column::text("Name").optional().rank(1),
        Column::text("VPC").optional().rank(3),
        Column::text("Gateway").rank(5),
    ];
    columns.extend(load_columns(numbers));
    let load = |c: &ClientRow| Load::new(c.upload_bytes, c.download_bytes, c.usd);
    let whole = report.clients.iter().map(|c| load(c).total()).fold(0, i128::saturating_add);
    let rows = report.clients.iter().map(|c| {
        let mut cells = client_place(c);
        cells.extend(load(c).cells(whole));
        Row::new(cells)
    });
    let grid = Grid::new(columns, rows.collect()).with_total("Total").without_unknown_columns();
    Section { title, grid: Some(grid), ..Section::default() }
}

fn client_place(c: &ClientRow) -> Vec<Cell> {
    if c.client.starts_with('(') {
        return vec![Cell::text(c.client.clone()), Cell::Blank, Cell::Blank, Cell::Blank, Cell::Blank];
    }
    let gateway = match c.nat_gateway_ids.as_slice() {
        [] => Cell::Unknown,
        [one] => Cell::text(one.clone()),
        more => Cell::text(human::plural(more.len(), "gateway", "gateways")),
    };
    vec![
        Cell::text(c.client.clone()),
        Cell::known(c.kind.as_ref()),
        Cell::known(c.name.as_ref()),
        Cell::known(c.vpc_id.as_ref()),
        gateway,
    ]
}

/// The sums of `--group-by`, where they were asked for.
pub(super) fn groups(report: &Report, numbers: &Numbers) -> Option<Section> {
    let groups = report.groups.as_ref()?;
    let dimensions: Vec<&String> = groups.first().map(|g| g.by.keys().collect()).unwrap_or_default();
    let title = if dimensions.is_empty() {
        "Groups".to_owned()
    } else {
        format!("By {}", dimensions.iter().map(|d| d.as_str()).collect::<Vec<_>>().join(", "))
    };
    if groups.is_empty() {
        return Some(empty(title, "No traffic could be attributed."));
    }
    let mut columns: Vec<Column> = dimensions.iter().map(|d| Column::text(d.as_str())).collect();
    columns.extend(load_columns(numbers));
    let whole =
        groups.iter().map(|g| Load::new(g.upload_bytes, g.download_bytes, None).total()).fold(0, i128::saturating_add);
    let rows = groups.iter().map(|g| {
        let place = dimensions.iter().map(|&d| Cell::known(g.by.get(d).and_then(Option::as_ref)));
        let load = Load::new(g.upload_bytes, g.download_bytes, g.usd);
        Row::new(place.chain(load.cells(whole)).collect())
    });
    let grid = Grid::new(columns, rows.collect()).with_total("Total");
    Some(Section { title, grid: Some(grid), ..Section::default() })
}
