//! A Parquet object as flow log delivery writes it: `snake_case` columns, `-` in strings, nulls in numbers.

use super::SimulateError;
use super::fields::{Context, Field, Shape, Value, version};
use super::rows::Row;
use super::text::push_value;
use arrow::array::{ArrayRef, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, GzipLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Rows that wait for the encoder, and rows of a row group.
const BATCH: usize = 8_192;
const ROW_GROUP: usize = 262_144;

enum Builder {
    Text(StringBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
}

impl Builder {
    fn new(shape: Shape) -> Self {
        match shape {
            Shape::Text => Self::Text(StringBuilder::new()),
            Shape::Int32 => Self::Int32(Int32Builder::new()),
            Shape::Int64 => Self::Int64(Int64Builder::new()),
        }
    }

    fn push(&mut self, value: Value<'_>, scratch: &mut Vec<u8>) {
        let number = if let Value::Number(number) = value { Some(number) } else { None };
        match self {
            Self::Int32(builder) => builder.append_option(number.and_then(|n| i32::try_from(n).ok())),
            Self::Int64(builder) => builder.append_option(number.and_then(|n| i64::try_from(n).ok())),
            Self::Text(builder) => {
                scratch.clear();
                push_value(scratch, value);
                builder.append_value(std::str::from_utf8(scratch).unwrap_or("-"));
            }
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A Parquet file that takes rows.
pub(super) struct ParquetObject {
    writer: ArrowWriter<BufWriter<File>>,
    schema: SchemaRef,
    fields: Vec<Field>,
    builders: Vec<Builder>,
    version: u32,
    rows: usize,
}

impl ParquetObject {
    pub(super) fn create(path: &Path, fields: &[Field], snappy: bool) -> Result<Self, SimulateError> {
        let column = |field: &Field| {
            let kind = match field.shape() {
                Shape::Text => DataType::Utf8,
                Shape::Int32 => DataType::Int32,
                Shape::Int64 => DataType::Int64,
            };
            Column::new(field.name().replace('-', "_"), kind, true)
        };
        let schema = Arc::new(Schema::new(fields.iter().map(column).collect::<Vec<_>>()));
        let codec = if snappy { Compression::SNAPPY } else { Compression::GZIP(GzipLevel::default()) };
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_created_by("parquet-mr".to_owned())
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let file = super::objects::create(path)?;
        let writer =
            ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options).map_err(|e| failed(path, e))?;
        let builders = fields.iter().map(|f| Builder::new(f.shape())).collect();
        Ok(Self { writer, schema, fields: fields.to_vec(), builders, version: version(fields), rows: 0 })
    }

    /// One row.
    pub(super) fn push(
        &mut self,
        context: &Context<'_>,
        row: &Row,
        scratch: &mut Vec<u8>,
        path: &Path,
    ) -> Result<(), SimulateError> {
        for (&field, builder) in self.fields.iter().zip(&mut self.builders) {
            builder.push(context.value(field, row, self.version), scratch);
        }
        self.rows += 1;
        if self.rows >= BATCH { self.flush().map_err(|e| failed(path, e)) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        self.rows = 0;
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    /// Writes the rest and the footer.
    pub(super) fn finish(mut self, path: &Path) -> Result<(), SimulateError> {
        if self.rows > 0 {
            self.flush().map_err(|e| failed(path, e))?;
        }
        let mut file = self.writer.into_inner().map_err(|e| failed(path, e))?;
        file.flush().map_err(|source| SimulateError::Io { path: path.to_owned(), source })
    }
}

fn failed(path: &Path, source: ParquetError) -> SimulateError {
    SimulateError::Parquet { path: path.to_owned(), source }
}
