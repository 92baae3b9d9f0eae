//! Bills as comma-separated text: one row in memory at a time, whatever the file's size.

use super::BillFound;
use super::columns::Columns;
use super::error::BillReadError;
use super::line::{self, Cell, NO_CELLS};
use super::rows::Rows;
use crate::model::bill::{BillFormat, BillSink};
use crate::model::period::Month;
use crate::sources::stream::BOM;
use std::io::Read;

/// Where a text comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// Whether a container proves that the text is whole.
    pub sealed: bool,
    /// The file's name inside an archive of several, for messages.
    pub member: &'a str,
    /// The billing month that the file is of, as far as its manifest or folder says.
    pub month: Option<Month>,
    /// What the files before it in an archive were, which the sink has heard.
    pub before: Option<BillFormat>,
}

/// Reads a whole text.
pub(super) fn read<S: BillSink>(
    content: impl Read,
    origin: Origin<'_>,
    sink: &mut S,
) -> Result<BillFound, BillReadError> {
    let mut rows = Rows::new(content);
    if rows.next()?.is_none() {
        return Err(BillReadError::NotABill("it is empty".to_owned()));
    }
    let mut columns = columns_of(&rows)?;
    match origin.before {
        None => sink.format(columns.format),
        Some(format) if format == columns.format => {}
        Some(_) => return Err(BillReadError::NotABill("it is of another format than the file before it".to_owned())),
    }
    let mut needed: Vec<(usize, usize)> = columns.present().collect();
    while let Some(row) = rows.next()? {
        let last_is_needed = needed.iter().any(|(_, column)| column + 1 == columns.width);
        if !row.ended && (row.in_quotes || row.width < columns.width || last_is_needed && !origin.sealed) {
            let why = format!("line {} may be cut, and no line end follows it", row.line);
            return Err(BillReadError::broken("the last row", &why));
        }
        let mut cells = NO_CELLS;
        let whole = row.width == columns.width;
        let made = if whole {
            let text = rows.text();
            for &(field, column) in &needed {
                let cell = match text {
                    Some(text) => text.field(column),
                    None => std::str::from_utf8(rows.field(column)).ok(),
                };
                cells[field] = cell.map_or(Cell::NotText, Cell::Text);
            }
            line::line(&columns, &cells, origin.month)
        } else {
            Err("it has not as many fields as the first line")
        };
        let made = match made {
            Err(why) => match columns_of(&rows) {
                // Files that were put together, each with its own first line.
                Ok(other) if other.format == columns.format => {
                    needed = other.present().collect();
                    columns = other;
                    continue;
                }
                _ => Err(why),
            },
            made => made,
        };
        match made {
            Ok(line) => sink.line(&line),
            Err(why) => {
                let resource = line::resource(&columns, &cells).filter(|_| whole);
                let member = origin.member;
                let why = if member.is_empty() { why.to_owned() } else { format!("{member}: {why}") };
                sink.malformed(row.line, &why, resource);
            }
        }
    }
    Ok(BillFound::of(columns.format))
}

/// The row that was read last as names.
fn columns_of<R: Read>(rows: &Rows<R>) -> Result<Columns, BillReadError> {
    let names = (0..rows.width()).map(|column| {
        let name = rows.field(column);
        let name = if column == 0 { name.strip_prefix(BOM).unwrap_or(name) } else { name };
        std::str::from_utf8(name).unwrap_or("")
    });
    Columns::of_names(names)
}
