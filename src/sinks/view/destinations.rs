//! Where the bytes went: hosts and services, S3 buckets.

use super::empty;
use super::evidence::has_queries;
use super::traffic::{Load, load_columns};
use crate::model::service::is_s3;
use crate::report::{DestinationRow, Report};
use crate::sinks::document::{Cell, Column, Grid, Row, Section};
use crate::sinks::human::Numbers;

/// Hosts, services and addresses; the first `top` rows (0: all that the report lists) and `(other)`. Absent where nothing was seen.
pub(super) fn destinations(report: &Report, top: usize, numbers: &Numbers) -> Option<Section> {
    let rows = report.destinations.as_slice();
    let grid = grid(rows, None, "Destination", top, numbers)?;
    let partners = listed(rows, top).iter().any(|row| row.note.is_some_and(|note| note.contains("PrivateLink")));
    let note =
        "offers PrivateLink: its owner has an endpoint service of its own; what that costs is no part of this report.";
    let notes = partners.then(|| note.to_owned()).into_iter().collect();
    Some(Section { title: "Top destinations".to_owned(), grid: Some(grid), notes, ..Section::default() })
}

/// S3 buckets likewise. Where none has a name, what would tell it.
pub(super) fn buckets(report: &Report, top: usize, numbers: &Numbers) -> Option<Section> {
    let title = "Top S3 buckets".to_owned();
    let unknown = unknown_bucket(report);
    if report.buckets.is_empty() {
        let sum = unknown?.total();
        let why = if has_queries(report) {
            "the names that were asked for hold none (path style), or nobody asked the VPC's Resolver."
        } else {
            "only Resolver query logs tell which one clients asked for."
        };
        return Some(empty(title, &format!("No bucket of {} of S3 data is known: {why}", numbers.size(sum))));
    }
    let note = format!(
        "{UNKNOWN_BUCKET}: the name that was asked for holds no bucket (path style), or nobody asked the VPC's Resolver for it."
    );
    let notes = unknown.is_some().then_some(note).into_iter().collect();
    Some(Section { title, grid: grid(&report.buckets, unknown, "Bucket", top, numbers), notes, ..Section::default() })
}

/// S3 traffic that is in no bucket's row, so that the table adds up to S3.
fn unknown_bucket(report: &Report) -> Option<Load> {
    let s3 = report.traffic.iter().filter(|row| is_s3(&row.service)).map(Load::of).reduce(Load::plus)?;
    let unknown = report.buckets.iter().map(load).fold(s3, Load::minus);
    (unknown.total() > 0).then_some(unknown)
}

/// Name of the row for S3 traffic whose bucket is not known.
const UNKNOWN_BUCKET: &str = "(unknown)";
/// Name of the report's row for all that it does not list.
const OTHER: &str = "(other)";

/// The rows that are shown as they are; the report has its own `(other)` last.
fn listed(rows: &[DestinationRow], top: usize) -> &[DestinationRow] {
    let named = rows.len() - usize::from(rows.last().is_some_and(|row| row.name == OTHER));
    let keep = if top == 0 || rows.len() <= top + 1 { named } else { top.min(named) };
    &rows[..keep]
}

/// `unknown` comes last.
fn grid(rows: &[DestinationRow], unknown: Option<Load>, title: &str, top: usize, numbers: &Numbers) -> Option<Grid> {
    let whole = rows.iter().map(load).chain(unknown).map(Load::total).fold(0, i128::saturating_add);
    let shown = listed(rows, top);
    let mut drawn: Vec<Row> = shown.iter().map(|row| destination(row, whole)).collect();
    let rest = rows[shown.len()..].iter().map(load).reduce(Load::plus);
    let last = |name: &str, load: Load| {
        let cells = [Cell::text(name), Cell::Blank].into_iter().chain(load.cells(whole)).chain([Cell::Blank]);
        Row::new(cells.collect())
    };
    drawn.extend(rest.map(|rest| last(OTHER, rest)));
    drawn.extend(unknown.map(|unknown| last(UNKNOWN_BUCKET, unknown)));
    let mut columns = vec![Column::text(title), Column::text("Region").optional().rank(5)];
    // A whole name is worth more than the two directions.
    columns.extend(load_columns(numbers).map(|column| if column.rank > 1 { column.rank(4) } else { column }));
    columns.push(Column::text("Note").optional().rank(1));
    (!rows.is_empty()).then(|| Grid::new(columns, drawn).with_total("Total").without_unknown_columns())
}

fn load(row: &DestinationRow) -> Load {
    Load::new(row.upload_bytes, row.download_bytes, row.usd)
}

fn destination(row: &DestinationRow, whole: i128) -> Row {
    let mut cells = vec![Cell::text(row.name.clone()), Cell::known(row.region.as_ref())];
    cells.extend(load(row).cells(whole));
    cells.push(row.note.map_or(Cell::Blank, Cell::text));
    Row::new(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::sample;

    fn names(section: &Section) -> Vec<String> {
        let grid = section.grid.as_ref().unwrap();
        grid.rows.iter().map(|row| row.cells[0].show(&Numbers::new("USD", 0))).collect()
    }

    #[test]
    fn what_is_not_shown_is_in_other() {
        let report = sample::billed();
        let numbers = Numbers::new("USD", 0);
        let at = |top| destinations(&report, top, &numbers).unwrap();
        let whole = Cell::Data(report.destinations.iter().map(|row| load(row).total()).sum());
        for (top, shown) in [(0, 6), (1, 2), (4, 5), (5, 6), (100, 6)] {
            let section = at(top);
            assert_eq!(names(&section).len(), shown, "{top}");
            assert_eq!(names(&section).last().unwrap(), OTHER, "{top}");
            assert_eq!(section.grid.unwrap().total_row().unwrap().cells[4], whole, "{top}");
        }
        assert!(at(2).notes.is_empty(), "no row says that it offers PrivateLink");
        assert_eq!(at(3).notes.len(), 1);
    }

    fn check_buckets(situation: &str, change: impl FnOnce(&mut Report), grid: bool, note: &str) {
        let mut report = sample::billed();
        change(&mut report);
        let section = buckets(&report, 10, &Numbers::new("USD", 0)).unwrap();
        assert_eq!(section.grid.is_some(), grid, "{situation}");
        assert!(section.notes.iter().any(|n| n.contains(note)), "{situation}: {:?}", section.notes);
    }

    #[test]
    fn buckets_that_are_not_known_are_explained() {
        let keep_unknown = |r: &mut Report| r.buckets.clear();
        check_buckets("some", |_| {}, true, "(unknown): the name that was asked for holds no bucket");
        check_buckets("none, with Resolver logs", keep_unknown, false, "path style");
        let without = |r: &mut Report| {
            keep_unknown(r);
            r.inputs.clear();
        };
        check_buckets("none, without Resolver logs", without, false, "only Resolver query logs tell");
        let mut report = sample::billed();
        report.traffic.retain(|row| !is_s3(&row.service));
        assert!(buckets(&report, 10, &Numbers::new("USD", 0)).unwrap().notes.is_empty());
        report.buckets.clear();
        assert!(buckets(&report, 10, &Numbers::new("USD", 0)).is_none(), "no S3 traffic");
    }
}
