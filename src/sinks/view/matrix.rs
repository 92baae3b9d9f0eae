//! Clients against services: who spends on what. The largest of both; all else is in `(other)`, so that every line adds up.

use super::empty;
use super::traffic::Load;
use crate::report::{ClientServiceRow, Report};
use crate::sinks::Style;
use crate::sinks::document::{Cell, Column, Grid, Row, Section};
use crate::sinks::human::{Numbers, visible};
use crate::sinks::terminal::{shortened, width};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Services that have a column where there is room.
const SERVICES: usize = 8;
/// The longest title of a column on a terminal, and where there is none.
const TITLE: usize = 16;
const WIDE_TITLE: usize = 32;
/// Columns that clients' addresses may take before they are shortened.
const ADDRESS: usize = 20;
/// Spaces before and between columns.
const GAP: usize = 2;
const OTHER: &str = "(other)";

/// Address and VPC.
type Client<'a> = (&'a str, Option<&'a str>);
/// Service and its Region.
type Service<'a> = (&'a str, Option<&'a str>);

/// A row per client, a column per service, as many as fit; cells are dollars, data where a price is missing.
pub(super) fn clients_by_service(report: &Report, style: &Style, numbers: &Numbers) -> Option<Section> {
    let all = report.client_services.as_slice();
    if all.is_empty() {
        let reason = "The flow logs tell clients and services apart, not together: log pkt-srcaddr and pkt-dstaddr.";
        let known = !report.traffic.is_empty() && !report.clients.is_empty();
        return known.then(|| empty("Clients by service".to_owned(), reason));
    }
    let priced = all.iter().all(|row| row.usd.is_some());
    let matrix = Matrix::new(report, style, priced);
    let room = style.width.map_or(usize::MAX, usize::from);
    let most = matrix.services.len().min(SERVICES);
    let keep = (1..=most).rev().find(|&keep| needs(&matrix.grid(keep), numbers) <= room).unwrap_or(most.min(1));
    let grid = matrix.grid(keep).without_unknown_columns();
    let title =
        if priced { "Clients by service".to_owned() } else { format!("Clients by service, {}", numbers.unit()) };
    let mut notes = Vec::new();
    if all.iter().any(|row| row.client == UNKNOWN_CLIENT) {
        notes.push(format!(
            "{UNKNOWN_CLIENT}: these flow logs tell services without clients; log pkt-srcaddr and pkt-dstaddr."
        ));
    }
    if grid.rows.iter().any(|row| !adds_up(row, numbers)) {
        notes.push("Services do not add up to their client's total because of rounding.".to_owned());
    }
    Some(Section { title, grid: Some(grid), notes, ..Section::default() })
}

const UNKNOWN_CLIENT: &str = "(unknown)";

/// The cells, and who and what they are of, in the order in which they are shown.
struct Matrix<'a> {
    cells: BTreeMap<Client<'a>, BTreeMap<Service<'a>, Load>>,
    clients: Vec<Client<'a>>,
    services: Vec<Service<'a>>,
    /// Services that were used in several Regions, shown here or not.
    in_regions: BTreeSet<&'a str>,
    names: BTreeMap<Client<'a>, Option<&'a String>>,
    style: &'a Style,
    priced: bool,
}

impl<'a> Matrix<'a> {
    fn new(report: &'a Report, style: &'a Style, priced: bool) -> Self {
        let mut clients: Vec<Client<'a>> = Vec::new();
        let mut services: BTreeMap<Service<'a>, i128> = BTreeMap::new();
        for row in &report.client_services {
            let (client, service) = ends(row);
            // The report's order is the order of size.
            if clients.last() != Some(&client) {
                clients.push(client);
            }
            let sum = services.entry(service).or_default();
            *sum = sum.saturating_add(load(row).total());
        }
        clients.retain(|(client, _)| *client != OTHER);
        if style.top > 0 && clients.len() > style.top {
            let unknown = clients.iter().copied().find(|(client, _)| *client == UNKNOWN_CLIENT);
            clients.truncate(style.top);
            clients.extend(unknown.filter(|unknown| !clients.contains(unknown)));
        }
        let mut services: Vec<(Service<'a>, i128)> = services.into_iter().filter(|(of, _)| of.0 != OTHER).collect();
        services.sort_by_key(|(_, bytes)| Reverse(*bytes));
        let shown: BTreeSet<Client<'a>> = clients.iter().copied().collect();
        let mut cells: BTreeMap<Client<'a>, BTreeMap<Service<'a>, Load>> = BTreeMap::new();
        for row in &report.client_services {
            let (client, service) = ends(row);
            let client = if shown.contains(&client) { client } else { (OTHER, None) };
            let load = load(row);
            cells.entry(client).or_default().entry(service).and_modify(|sum| *sum = sum.plus(load)).or_insert(load);
        }
        clients.extend(cells.contains_key(&(OTHER, None)).then_some((OTHER, None)));
        let names = report.clients.iter().map(|c| ((c.client.as_str(), c.vpc_id.as_deref()), c.name.as_ref()));
        let services: Vec<Service<'a>> = services.into_iter().map(|(service, _)| service).collect();
        let of_traffic = report.traffic.iter().map(|row| (row.service.as_str(), row.service_region.as_deref()));
        let mut regions: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
        for (service, region) in services.iter().copied().chain(of_traffic) {
            regions.entry(service).or_default().insert(region);
        }
        let in_regions = regions.into_iter().filter(|(_, of)| of.len() > 1).map(|(service, _)| service).collect();
        Self { cells, clients, services, in_regions, names: names.collect(), style, priced }
    }

    /// With columns of the first `keep` services.
    fn grid(&self, keep: usize) -> Grid {
        let shown = &self.services[..keep];
        let has_other = self.cells.values().flat_map(BTreeMap::keys).any(|service| !shown.contains(service));
        let mut columns = vec![
            Column::text("Client"),
            Column::text("Name").optional().rank(4),
            Column::text("VPC").optional().rank(5),
        ];
        columns.extend(shown.iter().map(|service| Column::summed(self.title(*service))));
        columns.extend(has_other.then(|| Column::summed(OTHER)));
        columns.push(Column::summed("Total"));
        let rows = self.clients.iter().map(|client| self.row(*client, shown, has_other));
        Grid::new(columns, rows.collect()).with_total("Total")
    }

    fn row(&self, client: Client<'a>, shown: &[Service<'a>], has_other: bool) -> Row {
        let own = || self.cells.get(&client).into_iter().flatten();
        let sum = |pick: &dyn Fn(&Service<'a>) -> bool| {
            own().filter(|(service, _)| pick(service)).map(|(_, load)| *load).reduce(Load::plus)
        };
        let listed = !client.0.starts_with('(');
        let place = |cell: Cell| if listed { cell } else { Cell::Blank };
        let mut cells = vec![
            Cell::text(client.0),
            place(Cell::known(self.names.get(&client).copied().flatten())),
            place(client.1.map_or(Cell::Unknown, Cell::text)),
        ];
        cells.extend(shown.iter().map(|service| self.cell(sum(&|of| of == service))));
        cells.extend(has_other.then(|| self.cell(sum(&|of| !shown.contains(of)))));
        cells.push(self.cell(sum(&|_| true)));
        Row::new(cells)
    }

    /// A client that did not use a service has no cell: that is known, and no amount.
    fn cell(&self, load: Option<Load>) -> Cell {
        match load {
            None => Cell::text("-"),
            Some(load) if self.priced => Cell::money(load.usd),
            Some(load) => Cell::Data(load.total()),
        }
    }

    /// The service without the contract's prefix, with its Region where the service was used in several.
    fn title(&self, (service, region): Service<'a>) -> String {
        let name = service.strip_prefix("domain:").unwrap_or(service);
        let name = match region.filter(|_| self.in_regions.contains(service)) {
            Some(region) => format!("{name} {region}"),
            None => name.to_owned(),
        };
        let most = if self.style.width.is_some() { TITLE } else { WIDE_TITLE };
        shortened(&visible(&name), most, if self.style.unicode { "…" } else { "..." })
    }
}

fn ends(row: &ClientServiceRow) -> (Client<'_>, Service<'_>) {
    ((&row.client, row.vpc_id.as_deref()), (&row.service, row.service_region.as_deref()))
}

fn load(row: &ClientServiceRow) -> Load {
    Load::new(row.upload_bytes, row.download_bytes, row.usd)
}

/// Columns of a terminal that the table needs without names and VPCs, which leave first.
fn needs(grid: &Grid, numbers: &Numbers) -> usize {
    let total = grid.total_row();
    let rows: Vec<&Row> = grid.rows.iter().chain(&total).collect();
    let of_column = |at: usize, column: &Column| {
        let cells = rows.iter().map(|row| width(&visible(&row.cells[at].show(numbers))));
        let widest = cells.max().unwrap_or(0).max(width(&column.title));
        if column.is_numeric() { widest } else { widest.min(ADDRESS) }
    };
    let kept = grid.columns.iter().enumerate().filter(|(_, column)| column.rank == 0);
    kept.map(|(at, column)| of_column(at, column) + GAP).sum()
}

/// Whether what is printed for the services sums to what is printed for all of them.
fn adds_up(row: &Row, numbers: &Numbers) -> bool {
    let mut shown: Vec<i128> = row.cells.iter().filter_map(|cell| cell.shown_number(numbers)).collect();
    let total = shown.pop();
    total == Some(shown.into_iter().fold(0, i128::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::usd::Usd;
    use crate::sinks::sample;

    fn section(report: &Report, width: Option<u16>, top: usize) -> Section {
        let style = Style { width, top, ..Style::default() };
        clients_by_service(report, &style, &Numbers::new("USD", 0)).unwrap()
    }

    fn amount(cell: &Cell) -> i128 {
        match cell {
            Cell::Money(usd) => usd.units(),
            Cell::Data(bytes) => *bytes,
            Cell::Text(text) if text == "-" => 0,
            other => panic!("{other:?} is no amount"),
        }
    }

    /// The amounts of a row: services, `(other)`, total.
    fn amounts(grid: &Grid, row: &Row) -> Vec<i128> {
        let summed = grid.columns.iter().zip(&row.cells).filter(|(column, _)| column.is_numeric());
        summed.map(|(_, cell)| amount(cell)).collect()
    }

    #[test]
    fn every_line_and_every_column_adds_up_at_every_width() {
        let (full, billed) = (sample::full(), sample::billed());
        let bytes = full.traffic.iter().map(|row| Load::of(row).total()).sum();
        let usd = billed.traffic.iter().filter_map(|row| row.usd).sum::<Usd>().units();
        for (report, whole) in [(full, bytes), (billed, usd)] {
            for width in [None, Some(20), Some(80), Some(100), Some(120), Some(160)] {
                for top in [0, 1, 2, 10] {
                    let grid = section(&report, width, top).grid.unwrap();
                    let total = grid.total_row().unwrap();
                    for row in grid.rows.iter().chain([&total]) {
                        let mut parts = amounts(&grid, row);
                        assert_eq!(parts.pop().unwrap(), parts.iter().sum::<i128>(), "{width:?} {top}: {row:?}");
                    }
                    assert_eq!(amounts(&grid, &total).pop(), Some(whole), "{width:?} {top}");
                }
            }
        }
    }

    fn titles(grid: &Grid) -> Vec<&str> {
        grid.columns.iter().filter(|c| c.is_numeric()).map(|c| c.title.as_str()).collect()
    }

    fn clients(grid: &Grid) -> Vec<String> {
        grid.rows.iter().map(|row| row.cells[0].show(&Numbers::new("USD", 0))).collect()
    }

    #[test]
    fn a_narrow_table_has_fewer_services_and_loses_none() {
        let report = sample::billed();
        let at = |width| section(&report, Some(width), 10).grid.unwrap();
        assert_eq!(titles(&at(64)), ["s3 us-east-1", "internet", "(other)", "Total"]);
        assert_eq!(titles(&at(1)), ["s3 us-east-1", "(other)", "Total"]);
        let counts: Vec<usize> = [60, 80, 100, 120, 160, 200].map(|width| titles(&at(width)).len()).to_vec();
        assert!(counts.is_sorted() && counts[5] == SERVICES + 2, "{counts:?}");
    }

    #[test]
    fn a_title_names_the_region_where_another_one_is_not_shown() {
        let mut report = sample::billed();
        report.client_services.retain(|row| row.service != "s3" || row.service_region.as_deref() == Some("us-east-1"));
        assert_eq!(titles(&section(&report, Some(64), 10).grid.unwrap())[0], "s3 us-east-1");
        report.traffic.retain(|row| row.service != "s3" || row.service_region.as_deref() == Some("us-east-1"));
        assert_eq!(titles(&section(&report, Some(64), 10).grid.unwrap())[0], "s3");
    }

    #[test]
    fn clients_that_are_not_listed_are_together() {
        let report = sample::billed();
        let grid = section(&report, None, 2).grid.unwrap();
        assert_eq!(clients(&grid), ["10.20.1.17", "10.20.2.44", "(unknown)", "(other)"]);
        let all = section(&report, None, 0).grid.unwrap();
        assert_eq!(clients(&all)[3..], ["2600:1f18:1234:5600::1f", "(unknown)", "(other)"]);
    }

    #[test]
    fn titles_are_plain_and_short() {
        let mut report = sample::billed();
        for row in &mut report.client_services {
            row.service = match row.service.as_str() {
                "internet" => "domain:a-rather-long-name.example.com".to_owned(),
                "ecr.dkr" => "\u{1b}[31m".to_owned(),
                other => other.to_owned(),
            };
        }
        let grid = section(&report, Some(120), 10).grid.unwrap();
        assert_eq!(titles(&grid)[1..3], ["a-rather…ple.com", "\\u{1b}[31m"]);
    }

    #[test]
    fn without_pairs_there_is_a_reason_and_without_traffic_nothing() {
        let mut report = sample::billed();
        report.client_services.clear();
        let section = section(&report, None, 10);
        assert!(section.grid.is_none() && section.notes[0].contains("log pkt-srcaddr and pkt-dstaddr"));
        let style = Style::default();
        assert!(clients_by_service(&sample::bill_only(), &style, &Numbers::new("USD", 0)).is_none());
    }
}
