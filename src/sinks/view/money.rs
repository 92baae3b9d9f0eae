//! The decisions: what to do, what it saves, and why.

use super::headline::{acts, counts, has_logs, is_undecided};
use super::{empty, plus};
use crate::model::usd::Usd;
use crate::report::{DecisionRow, Report};
use crate::sinks::document::{Cell, Column, Grid, Item, Row, Section, Tone};
use crate::sinks::human::{self, Numbers};

/// One row per decision, its reason as a numbered sentence below: what to act on first, then what stays on the NAT gateway,
/// of that the first `top` rows (0: all).
pub(super) fn decisions(report: &Report, top: usize, numbers: &Numbers) -> Section {
    let title = "Decisions".to_owned();
    if report.decisions.is_empty() {
        return empty(title, nothing(report));
    }
    let kept = report.decisions.iter().filter(|d| !acts(d));
    let shown = if top == 0 { usize::MAX } else { top };
    let hidden = kept.clone().skip(shown).count();
    let rows: Vec<&DecisionRow> = report.decisions.iter().filter(|d| acts(d)).chain(kept.take(shown)).collect();
    // Free endpoints pay from the first byte; a column of zeros would say nothing.
    let breaks_even = rows.iter().any(|d| d.break_even_gb.is_some_and(|gb| gb != Usd::ZERO));
    let costs = rows.iter().any(|d| endpoint_cost(d).is_some_and(|usd| usd != Usd::ZERO));
    let cells = rows.iter().enumerate().map(|(i, d)| row(i, d, breaks_even, costs)).collect();
    let total = rows.iter().any(|d| acts(d));
    let mut grid = Grid::new(columns(numbers), cells).without_unknown_columns();
    if total {
        grid = grid.with_total("Total");
    }
    let reasons = rows.iter().enumerate().map(|(i, d)| Item {
        mark: format!("{}.", i + 1),
        text: reason(d),
        hint: None,
        tone: Tone::Plain,
    });
    Section { title, grid: Some(grid), items: reasons.collect(), notes: notes(report, hidden) }
}

fn nothing(report: &Report) -> &'static str {
    if report.traffic.iter().any(is_undecided) {
        "An endpoint could carry some of the traffic, but which VPC its clients are in is not known."
    } else if !report.region_unknown.is_empty() {
        "An endpoint could carry some of the traffic, but the Region of the service, or of its clients, is not known."
    } else if has_logs(report) {
        "No traffic was seen that a VPC endpoint in its own Region could carry."
    } else {
        "Nothing can be decided without flow logs: enable one on each NAT gateway's interface, with pkt-srcaddr and pkt-dstaddr."
    }
}

fn columns(numbers: &Numbers) -> Vec<Column> {
    vec![
        Column::text("Action"),
        Column::text("Service"),
        Column::text("Endpoint").rank(3),
        Column::text("VPC"),
        Column::text("Stands in").optional().rank(4),
        Column::text("AZs").optional().rank(5),
        Column::summed(format!("Data {}", numbers.unit())),
        Column::summed("Avoided"),
        Column::summed("Endpoint hours").optional().rank(6),
        Column::summed("Endpoint data").optional().rank(7),
        Column::summed("Endpoint cost").rank(1),
        Column::summed("Net saving"),
        Column::number("Break-even GB").optional().rank(2),
    ]
}

fn row(index: usize, d: &DecisionRow, breaks_even: bool, costs: bool) -> Row {
    let zones = if d.az_ids.is_empty() { Cell::Unknown } else { Cell::text(d.az_ids.join(", ")) };
    // Where every endpoint is free the two parts of its cost are two columns of zeros.
    let part = |usd: Option<Usd>| if costs { Cell::money(usd) } else { Cell::Blank };
    let cells = vec![
        Cell::text(format!("{}. {}", index + 1, d.action)),
        Cell::text(d.service.clone()),
        Cell::text(d.endpoint_type),
        Cell::text(d.vpc_id.clone()),
        d.endpoint_vpc_id.as_ref().map_or(Cell::Blank, Cell::text),
        zones,
        Cell::Data(human::int(d.bytes)),
        Cell::money(d.avoided_usd),
        part(d.endpoint_hours_usd),
        part(d.endpoint_data_usd),
        Cell::money(endpoint_cost(d)),
        Cell::money(d.net_usd),
        if breaks_even { Cell::quantity(d.break_even_gb) } else { Cell::Blank },
    ];
    Row { cells, counts: counts(d) }
}

fn endpoint_cost(d: &DecisionRow) -> Option<Usd> {
    Some(plus(d.endpoint_hours_usd?, d.endpoint_data_usd?))
}

/// The report's sentence, with what of the row it does not name: narrow tables may have lost it.
fn reason(d: &DecisionRow) -> String {
    let mut missing = Vec::new();
    if let Some(id) = d.endpoint_id.as_deref().filter(|id| !d.reason.contains(*id)) {
        missing.push(format!("the endpoint is {id}"));
    }
    if let Some(vpc) = d.endpoint_vpc_id.as_deref().filter(|vpc| !d.reason.contains(*vpc)) {
        missing.push(format!("it stands in {vpc}"));
    }
    if missing.is_empty() { d.reason.clone() } else { format!("{} ({})", d.reason, missing.join(", ")) }
}

fn notes(report: &Report, hidden: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let of = |action: &str| report.decisions.iter().any(|d| d.action == action);
    if of("remove") {
        notes.push(
            "remove: the traffic goes back to the NAT gateway; what that adds and what the endpoint no longer costs are below zero."
                .to_owned(),
        );
    }
    if of("share") {
        notes.push("share: one endpoint for several VPCs, its hours split by bytes.".to_owned());
    }
    if hidden > 0 {
        notes.push(format!(
            "{} not shown here; --top 0, CSV and JSON hold all.",
            human::plural(hidden, "keep-nat decision", "keep-nat decisions")
        ));
    }
    let acting = report.decisions.iter().any(acts);
    let open = report.decisions.iter().any(|d| acts(d) && d.net_usd.is_none());
    let left_out = match (of("keep-nat") && acting, open) {
        (true, true) => "keep-nat rows and rows without a price",
        (true, false) => "keep-nat rows",
        (false, true) => "rows without a price",
        (false, false) => return notes,
    };
    notes.push(format!("The total leaves out {left_out}."));
    notes
}
