//! Small tables with a declared schema, as Parquet: text and signed 64-bit numbers only, never null, which every engine reads alike.

use crate::guard::caught;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// 64 bits, signed.
    Number,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Of a column of [`Kind::Text`].
    Text(String),
    /// Of a column of [`Kind::Number`].
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Why a table cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The codec's word.
    #[error("{0}")]
    Codec(String),
    /// Not the declared columns.
    #[error("the column {0} is missing or of another type")]
    Column(&'static str),
    /// A null.
    #[error("the column {0} has nulls")]
    Null(&'static str),
}

fn codec(error: &dyn std::fmt::Display) -> TableError {
    TableError::Codec(error.to_string())
}

/// Rows that can be written.
pub trait Rows {
    /// How many there are.
    fn count(&self) -> usize;
    /// The text of a row in a column; `None` if it is no text.
    fn text(&self, row: usize, column: usize) -> Option<&str>;
    /// The number of a row in a column; `None` if it is no number.
    fn number(&self, row: usize, column: usize) -> Option<i64>;
}

impl Rows for [Vec<Value>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn text(&self, row: usize, column: usize) -> Option<&str> {
        if let Some(Value::Text(text)) = self[row].get(column) { Some(text) } else { None }
    }

    fn number(&self, row: usize, column: usize) -> Option<i64> {
        if let Some(Value::Number(number)) = self[row].get(column) { Some(*number) } else { None }
    }
}

/// Rows as one Parquet file. The same rows give the same bytes.
pub fn write(columns: &[(&'static str, Kind)], rows: &(impl Rows + ?Sized)) -> Result<Vec<u8>, TableError> {
    /// Rows that are held a second time while they are encoded.
    const CHUNK: usize = 1 << 16;
    let field = |(name, kind): &(&'static str, Kind)| {
        let kind = if *kind == Kind::Text { DataType::Utf8 } else { DataType::Int64 };
        Field::new(*name, kind, false)
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let level = ZstdLevel::try_new(3).map_err(|error| codec(&error))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, Arc::clone(&schema), Some(properties)).map_err(|error| codec(&error))?;
    for start in (0..rows.count()).step_by(CHUNK) {
        let chunk = start..rows.count().min(start + CHUNK);
        let column = |(at, (name, kind)): (usize, &(&'static str, Kind))| -> Result<ArrayRef, TableError> {
            let all = chunk.clone();
            match kind {
                Kind::Text => {
                    let texts: Option<Vec<_>> = all.map(|row| rows.text(row, at)).collect();
                    texts.map(|texts| Arc::new(StringArray::from(texts)) as ArrayRef)
                }
                Kind::Number => {
                    let numbers: Option<Vec<_>> = all.map(|row| rows.number(row, at)).collect();
                    numbers.map(|numbers| Arc::new(Int64Array::from(numbers)) as ArrayRef)
                }
            }
            .ok_or(TableError::Column(name))
        };
        let arrays = columns.iter().enumerate().map(column).collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| codec(&error))?;
        writer.write(&batch).map_err(|error| codec(&error))?;
    }
    writer.close().map_err(|error| codec(&error))?;
    Ok(bytes)
}

/// Rows of a Parquet file that has these columns, whatever else it has and in whatever order.
#[derive(Debug)]
pub struct Batch {
    columns: Vec<ArrayRef>,
    rows: usize,
}

impl Batch {
    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A text by column and row; empty for a column of numbers.
    #[must_use]
    pub fn text(&self, column: usize, row: usize) -> &str {
        self.columns[column].as_string_opt::<i32>().map_or("", |texts| texts.value(row))
    }

    /// A number by column and row; 0 for a column of text.
    #[must_use]
    pub fn number(&self, column: usize, row: usize) -> i64 {
        let column = &self.columns[column];
        let wide = column.as_primitive_opt::<Int64Type>().map(|numbers| numbers.value(row));
        wide.or_else(|| column.as_primitive_opt::<Int32Type>().map(|numbers| i64::from(numbers.value(row))))
            .unwrap_or(0)
    }
}

/// Reads a Parquet file batch by batch into `each`.
pub fn read<R: ChunkReader + 'static, E: From<TableError>>(
    file: R,
    columns: &[(&'static str, Kind)],
    mut each: impl FnMut(&Batch) -> Result<(), E>,
) -> Result<(), E> {
    // The decoder may panic on a damaged file; that is the file's failure, not the program's.
    let guarded = |decode: &mut dyn FnMut() -> Result<Option<RecordBatch>, TableError>| {
        caught(decode).unwrap_or_else(|why| Err(codec(&why)))
    };
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| codec(&e))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().map(|(name, _)| *name));
    let mut batches = builder.with_projection(mask).build().map_err(|error| codec(&error))?;
    while let Some(batch) = guarded(&mut || batches.next().transpose().map_err(|error| codec(&error)))? {
        let column = |(name, kind): &(&'static str, Kind)| -> Result<ArrayRef, TableError> {
            let array = batch.column_by_name(name).ok_or(TableError::Column(name))?;
            let fits = match kind {
                Kind::Text => *array.data_type() == DataType::Utf8,
                Kind::Number => matches!(array.data_type(), DataType::Int64 | DataType::Int32),
            };
            match (fits, array.null_count()) {
                (false, _) => Err(TableError::Column(name)),
                (true, 0) => Ok(Arc::clone(array)),
                (true, _) => Err(TableError::Null(name)),
            }
        };
        let columns = columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        each(&Batch { columns, rows: batch.num_rows() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [(&str, Kind); 2] = [("name", Kind::Text), ("number", Kind::Number)];

    #[test]
    fn rows_come_back() {
        let rows: Vec<Vec<Value>> = vec![vec!["a".into(), 1.into()], vec!["-".into(), i64::MAX.into()]];
        let bytes = write(&COLUMNS, rows.as_slice()).expect("declared");
        let mut found: Vec<Vec<Value>> = Vec::new();
        let read = read(bytes::Bytes::from(bytes), &COLUMNS, |batch| {
            found.extend((0..batch.len()).map(|row| vec![batch.text(0, row).into(), batch.number(1, row).into()]));
            Ok::<(), TableError>(())
        });
        read.expect("whole");
        assert_eq!(found, rows);
    }

    #[test]
    fn what_is_not_declared_is_refused() {
        let rows: Vec<Vec<Value>> = vec![vec![1.into(), 1.into()]];
        assert!(matches!(write(&COLUMNS, rows.as_slice()), Err(TableError::Column("name"))));
        let bytes = write(&COLUMNS[..1], &[vec!["a".into()]][..]).expect("declared");
        let refused = read(bytes::Bytes::from(bytes), &COLUMNS, |_| Ok::<(), TableError>(()));
        assert!(matches!(refused, Err(TableError::Column("number"))));
    }
}
