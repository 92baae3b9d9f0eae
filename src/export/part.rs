//! A table's rows of a month as Parquet files, one for each account: the same rows always give the same bytes.

use super::column::{Cell, Column, Kind, Missing};
use super::rows::Dataset;
use super::tables::{Declared, TABLES};
use crate::model::account::is_account;
use crate::model::period::Month;
use crate::model::sha256::sha256;
use crate::model::usd::Usd;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The partition of rows whose account nothing tells, and of tables that are of no account.
pub const UNKNOWN_ACCOUNT: &str = "unknown";

/// Digits of money, all and behind the point (product contract 5).
const PRECISION: u8 = 38;
const SCALE: i8 = 12;

/// Rows of a row group: readers hold one in memory, and leave out whole ones.
const ROWS_PER_GROUP: usize = 1 << 20;
/// Rows that are turned into columns at a time.
const ROWS_PER_BATCH: usize = 1 << 14;

/// Why a month cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A count beyond what every engine reads.
    #[error("{table}.{column}: {value} is beyond 2^63")]
    TooLarge {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The count.
        value: i128,
    },
    /// An amount with more than 38 digits.
    #[error("{table}.{column}: {value} has more than 38 digits")]
    TooManyDigits {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The amount.
        value: Usd,
    },
    /// A value that its column is not declared for: a defect of natlens.
    #[error("{table}.{column}: its value is not of its declared type; this is a defect of natlens")]
    NotDeclared {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
    },
    /// The Parquet writer.
    #[error("{table}: {why}")]
    Parquet {
        /// Table.
        table: &'static str,
        /// What it says.
        why: String,
    },
}

/// A file of the dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its table.
    pub table: &'static str,
    /// Its account, or [`UNKNOWN_ACCOUNT`].
    pub account: String,
    /// Its path under the target, `/`-separated.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Sums of the columns that add up, in their order; nulls are left out, and columns with nothing else.
    pub sums: BTreeMap<&'static str, Sum>,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The sum of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// Of counts.
    Count(i128),
    /// Of money.
    Amount(Usd),
}

/// What stands behind `account_id=`: 12 digits, or the word for none.
#[must_use]
pub fn partition_of(account: Option<&str>) -> &str {
    account.filter(|text| is_account(text)).unwrap_or(UNKNOWN_ACCOUNT)
}

/// Where a table's rows of an account and a month are. One file holds them: the rows of a month are few.
#[must_use]
pub fn path_of(table: &str, account: &str, month: Month) -> String {
    format!("{table}/account_id={account}/month={month}/part-00000.parquet")
}

/// The account of a file of the month, or the word for none, by its path under the target; `None` where [`path_of`] gives no such path.
#[must_use]
pub fn account_of<'p>(path: &'p str, month: &str) -> Option<&'p str> {
    let mut folders = path.split('/');
    let table = folders.next().filter(|name| TABLES.iter().any(|table| table.name() == *name));
    let account = folders.next()?.strip_prefix("account_id=")?;
    let of_month = folders.next()?.strip_prefix("month=") == Some(month);
    let number = folders.next()?.strip_prefix("part-")?.strip_suffix(".parquet")?;
    let is_number = number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_own = table.is_some() && of_month && is_number && folders.next().is_none();
    Some(account).filter(|text| is_own && (is_account(text) || *text == UNKNOWN_ACCOUNT))
}

/// A table without rows has a file without rows, so that readers find its columns.
pub(super) fn parts<T>(table: &Declared<T>, dataset: &Dataset) -> Result<Vec<Part>, ExportError> {
    let mut by_account: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for row in (table.rows)(dataset) {
        by_account.entry(partition_of((table.account)(row))).or_default().push(row);
    }
    if by_account.is_empty() {
        by_account.insert(UNKNOWN_ACCOUNT, Vec::new());
    }
    let part = |(account, mut rows): (&str, Vec<&T>)| {
        rows.sort_by(|a, b| order(table, a, b));
        let bytes = file(table, &rows)?;
        Ok(Part {
            table: table.name,
            account: account.to_owned(),
            path: path_of(table.name, account, dataset.month),
            rows: rows.len() as u64,
            sums: sums(table, &rows),
            sha256: sha256(&bytes),
            bytes,
        })
    };
    by_account.into_iter().map(part).collect()
}

fn sort_columns<T>(table: &Declared<T>) -> impl Iterator<Item = (usize, &'static Column<T>)> {
    let columns = table.columns;
    table
        .sorted_by
        .iter()
        .filter_map(move |name| columns.iter().enumerate().find(|(_, column)| column.shape.name == *name))
}

fn order<T>(table: &Declared<T>, a: &T, b: &T) -> Ordering {
    let by = |(_, column): (usize, &Column<T>)| (column.get)(a).cmp(&(column.get)(b));
    sort_columns(table).map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn sums<T>(table: &Declared<T>, rows: &[&T]) -> BTreeMap<&'static str, Sum> {
    let added_up = table.columns.iter().filter(|column| column.shape.adds_up);
    added_up
        .filter(|column| rows.is_empty() || rows.iter().any(|row| !matches!((column.get)(row), Cell::Null)))
        .map(|column| {
            let cells = rows.iter().map(|row| (column.get)(row));
            let sum = if column.shape.kind == Kind::Amount {
                Sum::Amount(cells.map(|cell| if let Cell::Amount(usd) = cell { usd } else { Usd::ZERO }).sum())
            } else {
                Sum::Count(cells.map(|cell| if let Cell::Count(count) = cell { count } else { 0 }).sum())
            };
            (column.shape.name, sum)
        })
        .collect()
}

fn file<T>(table: &Declared<T>, rows: &[&T]) -> Result<Vec<u8>, ExportError> {
    let failed = |why: &dyn std::error::Error| ExportError::Parquet { table: table.name, why: why.to_string() };
    let field = |column: &Column<T>| {
        let Column { shape, .. } = column;
        Field::new(shape.name, arrow_type(shape.kind), shape.missing == Missing::May)
    };
    let schema = Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()));
    let sorting = sort_columns(table).map(|(at, _)| SortingColumn {
        column_idx: i32::try_from(at).unwrap_or_default(),
        descending: false,
        nulls_first: true,
    });
    let level = ZstdLevel::try_new(3).map_err(|why| failed(&why))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(true)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_sorting_columns(Some(sorting.collect()))
        // As Parquet asks for it; readers know writers with wrong statistics by this name.
        .set_created_by(concat!("natlens version ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    // Arrow's own schema would tell other readers nothing.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new_with_options(&mut bytes, Arc::clone(&schema), options).map_err(|why| failed(&why))?;
    for rows in rows.chunks(ROWS_PER_BATCH) {
        let columns = table.columns.iter().map(|column| array(table.name, column, rows));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, ExportError>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(|why| failed(&why))?;
        writer.write(&batch).map_err(|why| failed(&why))?;
    }
    writer.close().map_err(|why| failed(&why))?;
    Ok(bytes)
}

fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Flag => DataType::Boolean,
        Kind::Count => DataType::Int64,
        Kind::Day => DataType::Date32,
        Kind::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        Kind::Amount => DataType::Decimal128(PRECISION, SCALE),
        Kind::Text => DataType::Utf8,
    }
}

/// The values of a column. A null where none may be is refused by the batch, whatever the type.
fn array<T>(table: &'static str, column: &Column<T>, rows: &[&T]) -> Result<ArrayRef, ExportError> {
    let name = column.shape.name;
    let odd = || ExportError::NotDeclared { table, column: name };
    let cells = || rows.iter().map(|row| (column.get)(row));
    Ok(match column.shape.kind {
        Kind::Flag => Arc::new(BooleanArray::from(values(cells(), |cell| match cell {
            Cell::Flag(flag) => Ok(flag),
            _ => Err(odd()),
        })?)),
        Kind::Count => Arc::new(Int64Array::from(values(cells(), |cell| match cell {
            Cell::Count(value) => {
                i64::try_from(value).map_err(|_| ExportError::TooLarge { table, column: name, value })
            }
            _ => Err(odd()),
        })?)),
        Kind::Day => Arc::new(Date32Array::from(values(cells(), |cell| match cell {
            Cell::Day(day) => i32::try_from(day).map_err(|_| odd()),
            _ => Err(odd()),
        })?)),
        Kind::Time => {
            let times = values(cells(), |cell| match cell {
                Cell::Time(second) => second.checked_mul(1_000).ok_or_else(odd),
                _ => Err(odd()),
            })?;
            Arc::new(TimestampMillisecondArray::from(times).with_timezone("UTC"))
        }
        Kind::Amount => {
            let amounts = values(cells(), |cell| match cell {
                Cell::Amount(value) if value.units().unsigned_abs() < 10u128.pow(PRECISION.into()) => Ok(value.units()),
                Cell::Amount(value) => Err(ExportError::TooManyDigits { table, column: name, value }),
                _ => Err(odd()),
            })?;
            let amounts = Decimal128Array::from(amounts).with_precision_and_scale(PRECISION, SCALE);
            Arc::new(amounts.map_err(|why| ExportError::Parquet { table, why: why.to_string() })?)
        }
        Kind::Text => Arc::new(StringArray::from_iter(values(cells(), |cell| match cell {
            Cell::Text(text) => Ok(Cow::Borrowed(text)),
            Cell::List(list) => Ok(Cow::Owned(list.join(","))),
            _ => Err(odd()),
        })?)),
    })
}

fn values<'a, V>(
    cells: impl Iterator<Item = Cell<'a>>,
    value: impl Fn(Cell<'a>) -> Result<V, ExportError>,
) -> Result<Vec<Option<V>>, ExportError> {
    cells.map(|cell| if cell == Cell::Null { Ok(None) } else { value(cell).map(Some) }).collect()
}
