//! Rows as a table of typed cells, and the two ways to write one: CSV and Parquet.

use super::amount::{DIGITS, decimal, fixed, java};
use crate::model::period::iso;
use crate::simulate::SimulateError;
use arrow::array::{ArrayRef, Float64Builder, MapBuilder, RecordBatch, StringBuilder, TimestampMillisecondBuilder};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// A double in Parquet.
    Number,
    Time,
    /// A map in Parquet, JSON in CSV.
    Pairs,
}

/// A value; its column says which kind it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    None,
    Text(String),
    /// In 10^-10.
    Number(i128),
    /// Unix seconds.
    Time(i64),
    Pairs(Vec<(&'static str, String)>),
}

impl Cell {
    /// A text, or nothing where it is empty.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::None } else { Self::Text(text) }
    }

    /// A number, if there is one.
    pub(super) fn number(number: Option<i128>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

/// A column: its name in the file and what it holds.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) shape: Shape,
}

/// A table: every row has a cell for every column.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// How an export writes numbers and times in CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// All ten digits, whole seconds: CUR legacy.
    Legacy,
    /// As Java prints doubles, milliseconds: CUR 2.0.
    Java,
    /// No trailing zeros, milliseconds: FOCUS.
    Plain,
}

impl Style {
    fn cell(self, cell: &Cell) -> String {
        match (cell, self) {
            (Cell::None, _) => String::new(),
            (Cell::Text(text), _) => quoted(text),
            (Cell::Number(units), Self::Legacy) => fixed(*units, DIGITS),
            (Cell::Number(units), Self::Java) => java(*units),
            (Cell::Number(units), Self::Plain) => decimal(*units, DIGITS),
            (Cell::Time(second), Self::Legacy) => iso(*second),
            (Cell::Time(second), _) => format!("{}.000Z", iso(*second).trim_end_matches('Z')),
            (Cell::Pairs(pairs), _) => {
                let object: serde_json::Map<String, serde_json::Value> =
                    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone().into())).collect();
                quoted(&serde_json::Value::Object(object).to_string())
            }
        }
    }
}

/// RFC 4180: quotes around what holds a comma, a quote or a line end.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

impl Table {
    /// The table as CSV with a header line.
    pub(super) fn csv(&self, style: Style) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let mut text = names.join(",") + "\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| style.cell(cell)).collect();
            text += &cells.join(",");
            text.push('\n');
        }
        text
    }

    /// Writes the table as Parquet with the Snappy codec, one row group.
    pub(super) fn write_parquet(&self, path: &Path) -> Result<(), SimulateError> {
        let file = crate::simulate::objects::create(path)?;
        let failed = |source: ParquetError| SimulateError::Parquet { path: path.to_owned(), source };
        let arrays: Vec<ArrayRef> = (0..self.columns.len()).map(|column| self.array(column)).collect();
        let fields = self.columns.iter().zip(&arrays);
        let fields = fields.map(|(column, array)| Field::new(&column.name, array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("parquet-mr".to_owned())
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options).map_err(failed)?;
        let batch = RecordBatch::try_new(schema, arrays).map_err(|e| failed(e.into()))?;
        writer.write(&batch).map_err(failed)?;
        let mut file = writer.into_inner().map_err(failed)?;
        file.flush().map_err(|source| SimulateError::Io { path: path.to_owned(), source })
    }

    fn array(&self, column: usize) -> ArrayRef {
        let cells = self.rows.iter().map(|row| &row[column]);
        match self.columns[column].shape {
            Shape::Text => {
                let mut texts = StringBuilder::new();
                cells.for_each(|cell| texts.append_option(if let Cell::Text(text) = cell { Some(text) } else { None }));
                Arc::new(texts.finish())
            }
            Shape::Number => {
                let mut numbers = Float64Builder::new();
                for cell in cells {
                    // The double next to the decimal, as whoever writes doubles has it.
                    let text = if let Cell::Number(units) = cell { Some(fixed(*units, DIGITS)) } else { None };
                    numbers.append_option(text.and_then(|text| text.parse().ok()));
                }
                Arc::new(numbers.finish())
            }
            Shape::Time => {
                let mut times = TimestampMillisecondBuilder::new();
                let milliseconds =
                    |cell: &Cell| if let Cell::Time(second) = cell { Some(second * 1_000) } else { None };
                cells.for_each(|cell| times.append_option(milliseconds(cell)));
                Arc::new(times.finish())
            }
            Shape::Pairs => Arc::new(maps(cells)),
        }
    }
}

fn maps<'a>(cells: impl Iterator<Item = &'a Cell>) -> arrow::array::MapArray {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for cell in cells {
        let pairs = if let Cell::Pairs(pairs) = cell { pairs.as_slice() } else { &[] };
        for (key, value) in pairs {
            maps.keys().append_value(key);
            maps.values().append_value(value);
        }
        maps.append(true).expect("as many keys as values");
    }
    maps.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let check = |cell: Cell, style: Style, expect: &str| assert_eq!(style.cell(&cell), expect);
        check(Cell::text("plain"), Style::Java, "plain");
        check(Cell::text("Amazon, Inc."), Style::Java, "\"Amazon, Inc.\"");
        check(Cell::Pairs(vec![("region", "us-east-1".into())]), Style::Java, "\"{\"\"region\"\":\"\"us-east-1\"\"}\"");
        check(Cell::Pairs(Vec::new()), Style::Plain, "{}");
        check(Cell::text(""), Style::Plain, "");
        check(Cell::Time(1_790_812_800), Style::Legacy, "2026-10-01T00:00:00Z");
        check(Cell::Time(1_790_812_800), Style::Plain, "2026-10-01T00:00:00.000Z");
        check(Cell::Number(-373), Style::Legacy, "-0.0000000373");
    }
}
