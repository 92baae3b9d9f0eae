//! Bills in Parquet: needed columns only, one batch of rows at a time, every value as the text that it would have in csv.
//!
//! A double is money that somebody wrote as a double: its shortest decimal is what was meant, and is read as such.

use super::BillFound;
use super::columns::{Columns, Field};
use super::error::BillReadError;
use super::line::{self, Cell, MAP_KEYS, NO_CELLS};
use crate::guard::caught;
use crate::model::bill::BillSink;
use crate::model::period::{DAY_SECONDS, Month};
use crate::sources::codec;
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use ::parquet::file::reader::ChunkReader;
use arrow::array::{Array, ArrayRef, AsArray, MapArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{self as types, DataType, TimeUnit};

const BATCH_ROWS: usize = 16 << 10;

/// Reads a whole Parquet file.
pub(super) fn read<R: ChunkReader + 'static, S: BillSink>(
    file: R,
    month: Option<Month>,
    sink: &mut S,
) -> Result<BillFound, BillReadError> {
    let (columns, mut batches) = guarded(|| open(file))??;
    sink.format(columns.format);
    let mut number = 0;
    while let Some(batch) = guarded(|| batches.next())? {
        let batch = batch.map_err(|error| broken(&error))?;
        let values = guarded(|| Values::of_batch(&batch))??;
        for row in 0..batch.num_rows() {
            number += 1;
            let cells = values.cells(row);
            match line::line(&columns, &cells, month) {
                Ok(line) => sink.line(&line),
                Err(why) => sink.malformed(number, why, line::resource(&columns, &cells)),
            }
        }
    }
    Ok(BillFound::of(columns.format))
}

fn broken(error: &dyn std::fmt::Display) -> BillReadError {
    BillReadError::broken("the Parquet file", error)
}

/// The decoder may panic on a damaged file; that is the file's failure, not the program's.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, BillReadError> {
    caught(decode).map_err(|why| broken(&why))
}

fn open<R: ChunkReader + 'static>(file: R) -> Result<(Columns, ParquetRecordBatchReader), BillReadError> {
    // An embedded Arrow schema could ask for any physical type; the Parquet types are few.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&file, options).map_err(|error| broken(&error))?;
    let columns = Columns::of_names(metadata.schema().fields().iter().map(|field| field.name().as_str()))?;
    if let Some(codec) = codec::unread(metadata.metadata()) {
        return Err(BillReadError::Codec(codec));
    }
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.present().map(|(_, column)| column));
    let reader = builder.with_batch_size(BATCH_ROWS).with_projection(mask).build().map_err(|error| broken(&error))?;
    Ok((columns, reader))
}

/// The needed columns of a batch, by field.
struct Values([Option<Column>; Field::COUNT]);

enum Column {
    Texts(StringArray),
    Seconds(Vec<Option<i64>>),
}

impl Values {
    fn of_batch(batch: &RecordBatch) -> Result<Self, BillReadError> {
        let schema = batch.schema();
        let names = || schema.fields().iter().map(|field| field.name().as_str());
        let columns = Columns::of_names(names())?;
        let mut values = [const { None }; Field::COUNT];
        for (field, at) in columns.present() {
            let column = Column::of(batch.column(at)).ok_or_else(|| BillReadError::ColumnType {
                column: schema.field(at).name().clone(),
                found: batch.column(at).data_type().to_string(),
            })?;
            let lost_zeros = field == Field::Account.at() && batch.column(at).data_type().is_integer();
            values[field] = Some(if lost_zeros { column.padded() } else { column });
        }
        Ok(Self(values))
    }

    fn cells(&self, row: usize) -> [Cell<'_>; Field::COUNT] {
        let mut cells = NO_CELLS;
        for (cell, column) in cells.iter_mut().zip(&self.0) {
            *cell = match column {
                Some(Column::Texts(texts)) if !texts.is_null(row) => Cell::Text(texts.value(row)),
                Some(Column::Seconds(seconds)) => seconds[row].map_or(Cell::Text(""), Cell::Seconds),
                _ => Cell::Text(""),
            };
        }
        cells
    }
}

impl Column {
    fn of(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Timestamp(unit, _) => Self::Seconds(of_timestamps(array, *unit)),
            DataType::Date32 => {
                let days = array.as_primitive::<types::Date32Type>();
                Self::Seconds(days.iter().map(|day| day.map(|day| i64::from(day) * DAY_SECONDS)).collect())
            }
            DataType::Map(..) => Self::Texts(of_maps(array.as_map())),
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::Dictionary(..)
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
            | DataType::Float32
            | DataType::Float64
            | DataType::Null => Self::Texts(texts(array)?),
            kind if kind.is_integer() => Self::Texts(texts(array)?),
            _ => return None,
        })
    }
}

impl Column {
    /// Account ids that somebody's table holds as numbers.
    fn padded(self) -> Self {
        match self {
            Self::Texts(texts) => Self::Texts(texts.iter().map(|text| Some(format!("{:0>12}", text?))).collect()),
            seconds @ Self::Seconds(_) => seconds,
        }
    }
}

/// Every value as the shortest text that reads back as it.
fn texts(array: &ArrayRef) -> Option<StringArray> {
    let array = cast(array, &DataType::Utf8).ok()?;
    array.as_string_opt::<i32>().cloned()
}

fn of_timestamps(array: &ArrayRef, unit: TimeUnit) -> Vec<Option<i64>> {
    fn of<T: types::ArrowPrimitiveType<Native = i64>>(array: &ArrayRef, in_a_second: i64) -> Vec<Option<i64>> {
        array.as_primitive::<T>().iter().map(|time| time.map(|time| time.div_euclid(in_a_second))).collect()
    }
    match unit {
        TimeUnit::Second => of::<types::TimestampSecondType>(array, 1),
        TimeUnit::Millisecond => of::<types::TimestampMillisecondType>(array, 1_000),
        TimeUnit::Microsecond => of::<types::TimestampMicrosecondType>(array, 1_000_000),
        TimeUnit::Nanosecond => of::<types::TimestampNanosecondType>(array, 1_000_000_000),
    }
}

/// A map's wanted entries as the JSON text that csv has in its place.
fn of_maps(maps: &MapArray) -> StringArray {
    let texts = |array: &ArrayRef| texts(array).unwrap_or_else(|| StringArray::new_null(array.len()));
    let (keys, values) = (texts(maps.keys()), texts(maps.values()));
    let offsets = maps.value_offsets();
    let bound = |at: usize| usize::try_from(offsets[at]).unwrap_or(0).min(keys.len());
    let wanted = |row: usize| {
        let entries = (bound(row)..bound(row + 1)).filter(|&at| !keys.is_null(at) && !values.is_null(at));
        let entries = entries.filter(|&at| MAP_KEYS.contains(&keys.value(at)));
        entries.map(|at| (keys.value(at).to_owned(), values.value(at).into())).collect::<serde_json::Map<_, _>>()
    };
    let text = |row: usize| (!maps.is_null(row)).then(|| serde_json::Value::Object(wanted(row)).to_string());
    (0..maps.len()).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, DictionaryArray, Int64Array, MapBuilder, StringBuilder};
    use std::sync::Arc;

    fn check(array: impl Array + 'static, expect: &[&str]) {
        let array: ArrayRef = Arc::new(array);
        let kind = array.data_type().to_string();
        let Some(Column::Texts(texts)) = Column::of(&array) else { panic!("{kind} is no text") };
        let found: Vec<&str> = texts.iter().map(Option::unwrap_or_default).collect();
        assert_eq!(found, expect, "{kind}");
    }

    #[test]
    fn numbers_become_their_shortest_text() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["0.045", "0.1", "1e-10", "12345678.9", "0.000709568"]));
        let doubles = cast(&texts, &DataType::Float64).expect("numbers");
        check(doubles, &["0.045", "0.1", "1e-10", "12345678.9", "0.000709568"]);
        let floats = cast(&texts, &DataType::Float32).expect("numbers");
        check(floats, &["0.045", "0.1", "1e-10", "12345679.0", "0.000709568"]);
        let decimals = Decimal128Array::from(vec![Some(45), None, Some(-1)]).with_precision_and_scale(38, 12);
        check(decimals.expect("fits"), &["0.000000000045", "", "-0.000000000001"]);
        check(Int64Array::from(vec![3]), &["3"]);
        check(["a", "b", "a"].into_iter().collect::<DictionaryArray<types::Int32Type>>(), &["a", "b", "a"]);
    }

    #[test]
    fn maps_become_json_of_what_is_needed() {
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for (key, value) in [("product_name", "EC2"), ("region", "eu-west-1"), ("sku", "A\"B")] {
            maps.keys().append_value(key);
            maps.values().append_value(value);
        }
        maps.append(true).expect("an entry");
        maps.append(false).expect("a null");
        check(maps.finish(), &[r#"{"region":"eu-west-1","sku":"A\"B"}"#, ""]);
    }
}
