//! What the numbers rest on: records by kind, inputs, warnings.

use super::empty;
use crate::model::bytes::Bytes;
use crate::report::Report;
use crate::sinks::document::{Cell, Column, Grid, Item, Row, Section, Tone};
use crate::sinks::human::{self, Numbers};

/// A kind of record: its name in the contract, what it means, how many, how many bytes where the kind carries any.
pub(in crate::sinks) struct Kind {
    pub name: &'static str,
    pub meaning: &'static str,
    pub count: u64,
    pub bytes: Option<Bytes>,
}

/// The kinds that add up to `records.read`, in the order of the contract.
pub(in crate::sinks) fn kinds(report: &Report) -> [Kind; 9] {
    let (r, b) = (&report.records, &report.record_bytes);
    let kind = |name, meaning, count, bytes| Kind { name, meaning, count, bytes };
    [
        kind("counted", "attributed", r.counted, Some(b.counted)),
        kind("mirror", "the same data, seen elsewhere", r.mirror, Some(b.mirror)),
        kind("not_nat", "passed no NAT gateway, or not provably", r.not_nat, Some(b.not_nat)),
        kind("rejected", "refused by a security group or network ACL", r.rejected, Some(b.rejected)),
        kind("nodata", "no traffic in the interval", r.nodata, None),
        kind("skipdata", "dropped by AWS before delivery", r.skipdata, None),
        kind("malformed", "not readable as a record", r.malformed, None),
        kind("out_of_window", "outside the period", r.out_of_window, Some(b.out_of_window)),
        kind("duplicate", "delivered before", r.duplicate, Some(b.duplicate)),
    ]
}

/// Records by kind; those that did not occur only when `all`.
pub(super) fn records(report: &Report, all: bool, numbers: &Numbers) -> Section {
    let title = "Data quality: flow log records".to_owned();
    if report.records.read == 0 {
        return empty(title, "No flow log record was read.");
    }
    let columns = vec![
        Column::text("Kind"),
        Column::text("Meaning").rank(1),
        Column::summed("Records"),
        Column::summed("Share"),
        Column::summed(format!("Data {}", numbers.unit())),
    ];
    let whole = i128::from(report.records.read);
    let rows = kinds(report).into_iter().filter(|k| all || k.count > 0).map(|k| {
        let count = i128::from(k.count);
        Row::new(vec![
            Cell::text(k.name.replace('_', " ")),
            Cell::text(k.meaning),
            Cell::Count(count),
            Cell::Share { part: count, whole },
            k.bytes.map_or_else(|| Cell::text("-"), |b| Cell::Data(human::int(b))),
        ])
    });
    let grid = Grid::new(columns, rows.collect()).with_total("Read");
    Section { title, grid: Some(grid), ..Section::default() }
}

/// What was read, and what of it could not be.
pub(super) fn inputs(report: &Report) -> Section {
    let title = "Data quality: inputs".to_owned();
    if report.inputs.is_empty() {
        return empty(title, "Nothing was read.");
    }
    let columns = vec![
        Column::text("Input"),
        Column::text("Source"),
        Column::summed("Objects"),
        Column::summed("Stored MB"),
        Column::summed("Unreadable"),
    ];
    let stored = |bytes: u64| Cell::Stored(i128::from(bytes));
    let rows = report.inputs.iter().map(|i| {
        Row::new(vec![
            Cell::text(i.kind),
            Cell::text(i.source.clone()),
            Cell::Count(i128::from(i.objects)),
            stored(i.bytes),
            Cell::Count(i128::from(i.unreadable)),
        ])
    });
    let grid = Grid::new(columns, rows.collect()).with_total("Total");
    Section { title, grid: Some(grid), ..Section::default() }
}

/// The warnings with what to do about each; absent where there are none.
pub(super) fn warnings(report: &Report) -> Option<Section> {
    if report.warnings.is_empty() {
        return None;
    }
    let items = report.warnings.iter().map(|w| Item {
        mark: "warning:".to_owned(),
        text: format!("{}, {}: {}", w.code, times(w.count), w.message),
        hint: (!w.hint.is_empty()).then(|| w.hint.clone()),
        tone: Tone::Warn,
    });
    Some(Section { title: "Warnings".to_owned(), items: items.collect(), ..Section::default() })
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", human::grouped(i128::from(count))) }
}
