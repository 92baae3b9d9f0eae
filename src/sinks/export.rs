//! What `natlens export` wrote, for people; for machines there is the manifest itself.

use super::Style;
use super::document::{Cell, Column, Document, Fact, Grid, Row, Section, Tone};
use super::human::Numbers;
use super::terminal;
use crate::export::manifest::{Manifest, TableEntry};
use crate::model::usd::Usd;
use serde_json::Value;

/// A table of tables.
#[must_use]
pub fn render_table(manifest: &Manifest, to: &str, style: &Style) -> String {
    let fact = |label, text: String| Fact { label, text, tone: Tone::Plain };
    let partial = if manifest.partial { " (partial)" } else { "" };
    let facts = vec![
        fact("Month", format!("{}{partial}", manifest.month)),
        fact("Costs", format!("{}, {}", manifest.cost_basis, manifest.currency)),
        fact("Manifest", format!("{}/{}", to.trim_end_matches('/'), manifest.path())),
    ];
    let numbers = Numbers::new(&manifest.currency, 0);
    let columns = vec![
        Column::text("Table"),
        Column::number("Rows"),
        Column::number("Files"),
        Column::number("Stored (MB)"),
        Column::number(format!("Data ({})", numbers.unit())),
        Column::number("Cost"),
    ];
    let grid = Grid::new(columns, manifest.tables.iter().map(row).collect());
    let document = Document {
        title: format!("Exported to {to}"),
        facts,
        sections: vec![Section { title: "Tables".to_owned(), grid: Some(grid), ..Section::default() }],
        footer: "`--format json` prints the manifest, with sums and SHA-256 of every file.".to_owned(),
        numbers,
    };
    terminal::render(&document, style)
}

/// Data and cost are shown where a table has one of each that people look for.
fn row(table: &TableEntry) -> Row {
    let sum = |name: &str| table.sums.get(name);
    let count = |name: &str| sum(name).and_then(Value::as_i64).map(i128::from);
    let traffic = count("upload_bytes").zip(count("download_bytes")).map(|(up, down)| up + down);
    let data = traffic.or_else(|| count("bytes")).or_else(|| count("observed_bytes"));
    let money = ["usd", "data_usd", "x_cost"].into_iter().find_map(|name| sum(name)?.as_str());
    let money = money.and_then(|text| Usd::parse(text).ok());
    Row::new(vec![
        Cell::text(&table.table),
        Cell::Count(table.rows.into()),
        Cell::Count(table.files.len() as i128),
        Cell::Stored(table.files.iter().map(|file| i128::from(file.bytes)).sum()),
        data.map_or(Cell::Blank, Cell::Data),
        money.map_or(Cell::Blank, |(usd, _)| Cell::Money(usd)),
    ])
}
