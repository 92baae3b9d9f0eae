//! The decisions: what to do, what it saves, and why.

use super::headline::counts;
use super::{empty, plus};
use crate::model::usd::Usd;
use crate::report::{DecisionRow, Report};
use crate::sinks::document::{Cell, Column, Grid, Item, Row, Section, Tone};
use crate::sinks::human::{self, Numbers};

/// One row per decision, its reason as a numbered sentence below.
pub(super) fn decisions(report: &Report, numbers: &Numbers) -> Section {
    let title = "Decisions".to_owned();
    if report.decisions.is_empty() && report.traffic.iter().any(super::headline::is_undecided) {
        return empty(
            title,
            "An endpoint could carry some of the traffic, but which VPC its clients are in is not known.",
        );
    }
    if report.decisions.is_empty() {
        return empty(title, "No traffic was seen that a VPC endpoint in its own Region could carry.");
    }
    let columns = vec![
        Column::text("Action"),
        Column::text("Endpoint"),
        Column::text("VPC"),
        Column::text("AZs").rank(2),
        Column::summed(format!("Data {}", numbers.unit())),
        Column::summed("Avoided"),
        Column::summed("Endpoint cost").rank(1),
        Column::summed("Net saving"),
        Column::number("Break-even GB/month").optional().rank(3),
    ];
    // Free endpoints pay from the first byte; a column of zeros would say nothing.
    let breaks_even = report.decisions.iter().any(|d| d.break_even_gb.is_some_and(|gb| gb != Usd::ZERO));
    let rows = report.decisions.iter().enumerate().map(|(i, d)| row(i, d, breaks_even)).collect();
    let grid = Grid::new(columns, rows).with_total("Total").without_unknown_columns();
    let reasons = report.decisions.iter().enumerate().map(|(i, d)| Item {
        mark: format!("{}.", i + 1),
        text: d.reason.clone(),
        hint: None,
        tone: Tone::Plain,
    });
    Section { title, grid: Some(grid), items: reasons.collect(), notes: notes(report) }
}

fn row(index: usize, d: &DecisionRow, breaks_even: bool) -> Row {
    let endpoint = format!("{} ({})", d.service, d.endpoint_type);
    let zones = if d.az_ids.is_empty() { Cell::Unknown } else { Cell::text(d.az_ids.join(", ")) };
    let cells = vec![
        Cell::text(format!("{}. {}", index + 1, d.action)),
        Cell::text(endpoint),
        Cell::text(d.vpc_id.clone()),
        zones,
        Cell::Data(human::int(d.bytes)),
        Cell::money(d.avoided_usd),
        Cell::money(endpoint_cost(d)),
        Cell::money(d.net_usd),
        Cell::quantity(d.break_even_gb.filter(|_| breaks_even)),
    ];
    Row { cells, counts: counts(d) }
}

fn endpoint_cost(d: &DecisionRow) -> Option<Usd> {
    Some(plus(d.endpoint_hours_usd?, d.endpoint_data_usd?))
}

fn notes(report: &Report) -> Vec<String> {
    let kept = report.decisions.iter().any(|d| d.action == "keep-nat");
    let open = report.decisions.iter().any(|d| d.action != "keep-nat" && d.net_usd.is_none());
    let left_out = match (kept, open) {
        (true, true) => "keep-nat rows and rows without a price",
        (true, false) => "keep-nat rows",
        (false, true) => "rows without a price",
        (false, false) => return Vec::new(),
    };
    vec![format!("The total leaves out {left_out}.")]
}
