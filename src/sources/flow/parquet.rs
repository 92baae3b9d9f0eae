//! Records in Parquet: needed columns only, one batch at a time, each dictionary value read once.

use super::error::ReadError;
use super::layout::{Field, Layout, LayoutError};
use super::lines::Seen;
use super::owner;
use super::record::{self, Action, Cell, Cells, Status};
use crate::model::addr::Addr;
use crate::model::flow::{Direction, FlowRecord, FlowSink, InterfaceFacts};
use crate::model::symbols::Sym;
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use ::parquet::file::reader::ChunkReader;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{self as types, DataType, Schema};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const BATCH_ROWS: usize = 64 << 10;

/// The columns that a [`FlowRecord`] is made of, texts that are symbols first.
const SYMBOLS: [Field; 13] = [
    Field::InterfaceId,
    Field::ResourceId,
    Field::AccountId,
    Field::Region,
    Field::VpcId,
    Field::SubnetId,
    Field::AzId,
    Field::InstanceId,
    Field::InterfaceType,
    Field::PktSrcService,
    Field::PktDstService,
    Field::NextHopInterfaceType,
    Field::NextHopInterfaceId,
];
const ADDRS: [Field; 4] = [Field::SrcAddr, Field::DstAddr, Field::PktSrcAddr, Field::PktDstAddr];
const NUMBERS: [Field; 2] = [Field::Start, Field::Bytes];
const PORTS: [Field; 2] = [Field::SrcPort, Field::DstPort];
const WORDS: [Field; 3] = [Field::Action, Field::LogStatus, Field::FlowDirection];

/// Reads a whole Parquet file.
pub(super) fn read<R: ChunkReader + 'static, S: FlowSink>(file: R, sink: &mut S) -> Result<Seen, ReadError> {
    let (layout, mut batches) = guarded(|| open(file))??;
    let mut seen = Seen::default();
    seen.fields(layout.fields());
    let mut columns = Columns::default();
    while let Some(batch) = guarded(|| batches.next())? {
        let batch = batch.map_err(|error| broken(&error))?;
        columns.load(&batch, sink)?;
        for row in 0..batch.num_rows() {
            seen.records += 1;
            match columns.record(row) {
                Ok(record) => sink.record(&record),
                Err(why) => sink.malformed(seen.records, why),
            }
        }
    }
    Ok(seen)
}

fn broken(error: &dyn std::fmt::Display) -> ReadError {
    ReadError::BrokenOff { part: "the Parquet file", why: error.to_string() }
}

/// The decoder may panic on a damaged file; that is the file's failure, not the program's.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|_| broken(&"the decoder gave up"))
}

fn open<R: ChunkReader + 'static>(file: R) -> Result<(Layout, ParquetRecordBatchReader), ReadError> {
    // An embedded Arrow schema could ask for any physical type; the Parquet types are few.
    let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&file, options()).map_err(|error| broken(&error))?;
    let layout = layout(metadata.schema())?;
    let wanted = with_dictionaries(metadata.schema());
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options().with_schema(wanted))
        .unwrap_or(metadata);
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let needed = SYMBOLS.iter().chain(&ADDRS).chain(&NUMBERS).chain(&PORTS).chain(&WORDS).chain(&owner::ORDER);
    let roots: Vec<usize> = needed.filter_map(|&field| layout.column(field)).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_batch_size(BATCH_ROWS).with_projection(mask).build().map_err(|error| broken(&error))?;
    Ok((layout, reader))
}

fn layout(schema: &Schema) -> Result<Layout, ReadError> {
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    // OCSF's own base attributes. Source: OCSF schema, base event.
    if names().any(|name| name == "class_uid") || names().any(|name| name == "metadata") {
        return Err(ReadError::SecurityLake);
    }
    Layout::of_names(names()).map_err(|error| match error {
        LayoutError::TransitGateway => ReadError::TransitGateway,
        LayoutError::NoFields | LayoutError::TooManyFields => ReadError::NotAFlowLog,
        error @ LayoutError::Missing(_) => ReadError::Layout(error),
    })
}

fn with_dictionaries(schema: &Schema) -> Arc<Schema> {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => {
            let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(dictionary))
        }
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// One batch as plain values, row by row; empty where there is no such column. Reused from batch to batch.
#[derive(Debug, Default)]
struct Columns {
    symbols: [Vec<Sym>; SYMBOLS.len()],
    /// The values of the fields about owners, and the text that they make.
    owner_values: [Vec<Sym>; owner::ORDER.len()],
    owners: Vec<Sym>,
    addrs: [Vec<Cell<Addr>>; ADDRS.len()],
    numbers: [Vec<Cell<u64>>; NUMBERS.len()],
    ports: [Vec<Cell<u64>>; PORTS.len()],
    actions: Vec<Action>,
    statuses: Vec<Status>,
    directions: Vec<Direction>,
}

impl Columns {
    fn load<S: FlowSink>(&mut self, batch: &RecordBatch, sink: &mut S) -> Result<(), ReadError> {
        let symbols = sink.symbols();
        for (field, out) in SYMBOLS.iter().zip(&mut self.symbols) {
            texts(batch, *field, out, |text| symbols.intern(text))?;
        }
        for (field, out) in owner::ORDER.iter().zip(&mut self.owner_values) {
            // No object is refused for what it says of owners.
            if texts(batch, *field, out, |text| symbols.intern(text)).is_err() {
                out.clear();
            }
        }
        owner::join(symbols, &self.owner_values, batch.num_rows(), &mut self.owners);
        for (field, out) in ADDRS.iter().zip(&mut self.addrs) {
            texts(batch, *field, out, record::addr)?;
        }
        for (field, out) in NUMBERS.iter().zip(&mut self.numbers) {
            numbers(batch, *field, out)?;
        }
        for (field, out) in PORTS.iter().zip(&mut self.ports) {
            // No object is refused for its ports: in a column of another type nothing is said.
            if numbers(batch, *field, out).is_err() {
                out.clear();
            }
        }
        texts(batch, Field::Action, &mut self.actions, record::action)?;
        texts(batch, Field::LogStatus, &mut self.statuses, record::status)?;
        texts(batch, Field::FlowDirection, &mut self.directions, record::direction)
    }

    #[inline]
    fn record(&self, row: usize) -> Result<FlowRecord, &'static str> {
        let addr = |i: usize| self.addrs[i].get(row).copied().unwrap_or(Cell::Absent);
        let number = |i: usize| self.numbers[i].get(row).copied().unwrap_or(Cell::Absent);
        let port = |i: usize| {
            let cell = self.ports[i].get(row).copied().unwrap_or(Cell::Absent);
            cell.value().and_then(|port| u16::try_from(port).ok())
        };
        let cells = Cells {
            action: self.actions.get(row).copied().unwrap_or(Action::Accept),
            status: self.statuses.get(row).copied().unwrap_or(Status::Ok),
            start: number(0),
            bytes: number(1),
            src: addr(0),
            dst: addr(1),
            pkt_src: addr(2),
            pkt_dst: addr(3),
            has_pkt: self.addrs[2].len() > row && self.addrs[3].len() > row,
        };
        let core = cells.judge()?;
        let symbol = |i: usize| self.symbols[i].get(row).copied().unwrap_or(Sym::NONE);
        Ok(FlowRecord {
            interface: symbol(0),
            resource: symbol(1),
            facts: InterfaceFacts {
                account: symbol(2),
                region: symbol(3),
                vpc: symbol(4),
                subnet: symbol(5),
                az: symbol(6),
                instance: symbol(7),
                kind: symbol(8),
            },
            owner: self.owners.get(row).copied().unwrap_or(Sym::NONE),
            start: core.start,
            bytes: core.bytes,
            src: core.src,
            dst: core.dst,
            src_port: port(0),
            dst_port: port(1),
            pkt_src: core.pkt_src,
            pkt_dst: core.pkt_dst,
            src_service: symbol(9),
            dst_service: symbol(10),
            direction: self.directions.get(row).copied().unwrap_or_default(),
            next_hop_kind: symbol(11),
            next_hop: symbol(12),
            verdict: core.verdict,
        })
    }
}

fn column(batch: &RecordBatch, field: Field) -> Option<&dyn Array> {
    let schema = batch.schema_ref();
    let index = schema.fields().iter().position(|column| Field::of_name(column.name()) == Some(field))?;
    Some(batch.column(index).as_ref())
}

fn type_error(field: Field, array: &dyn Array) -> ReadError {
    ReadError::ColumnType { column: field.name().to_owned(), found: array.data_type().to_string() }
}

/// Fills `out` with a value for each row of a text column; null reads as `-`.
fn texts<T: Copy>(
    batch: &RecordBatch,
    field: Field,
    out: &mut Vec<T>,
    mut convert: impl FnMut(&[u8]) -> T,
) -> Result<(), ReadError> {
    out.clear();
    let Some(array) = column(batch, field) else { return Ok(()) };
    if let Some(dictionary) = array.as_dictionary_opt::<types::Int32Type>() {
        let mut values = Vec::with_capacity(dictionary.values().len());
        plain_texts(field, dictionary.values().as_ref(), &mut values, &mut convert)?;
        let absent = convert(b"-");
        let of_key = |key: Option<i32>| {
            let index = key.and_then(|key| usize::try_from(key).ok());
            index.and_then(|index| values.get(index)).copied().unwrap_or(absent)
        };
        out.extend(dictionary.keys().iter().map(of_key));
        return Ok(());
    }
    plain_texts(field, array, out, &mut convert)
}

fn plain_texts<T>(
    field: Field,
    array: &dyn Array,
    out: &mut Vec<T>,
    convert: &mut impl FnMut(&[u8]) -> T,
) -> Result<(), ReadError> {
    match array.data_type() {
        DataType::Utf8 => {
            out.extend(array.as_string::<i32>().iter().map(|text| convert(text.map_or(b"-", str::as_bytes))));
        }
        DataType::Binary => {
            out.extend(array.as_binary::<i32>().iter().map(|text| convert(text.unwrap_or(b"-"))));
        }
        DataType::Int64 => {
            let numbers = array.as_primitive::<types::Int64Type>().iter();
            out.extend(numbers.map(|number| match number {
                Some(number) => convert(&padded(field, number)),
                None => convert(b"-"),
            }));
        }
        _ if array.null_count() == array.len() => out.extend((0..array.len()).map(|_| convert(b"-"))),
        _ => return Err(type_error(field, array)),
    }
    Ok(())
}

/// A text that somebody's table holds as a number; account ids lose their leading zeros that way.
fn padded(field: Field, number: i64) -> Vec<u8> {
    let width = if field == Field::AccountId { 12 } else { 0 };
    format!("{number:0width$}").into_bytes()
}

/// Fills `out` with a value for each row of a number column of any width, or of numbers as text; null is absent.
fn numbers(batch: &RecordBatch, field: Field, out: &mut Vec<Cell<u64>>) -> Result<(), ReadError> {
    macro_rules! integers {
        ($array:expr, $kind:ty) => {
            $array.as_primitive::<$kind>().iter().map(|value| match value.map(u64::try_from) {
                None => Cell::Absent,
                Some(Ok(value)) => Cell::Value(value),
                Some(Err(_)) => Cell::Bad,
            })
        };
    }
    out.clear();
    let Some(array) = column(batch, field) else { return Ok(()) };
    match array.data_type() {
        DataType::Int64 => out.extend(integers!(array, types::Int64Type)),
        DataType::Int32 => out.extend(integers!(array, types::Int32Type)),
        DataType::UInt64 => {
            out.extend(array.as_primitive::<types::UInt64Type>().iter().map(|v| v.map_or(Cell::Absent, Cell::Value)));
        }
        DataType::UInt32 => out.extend(integers!(array, types::UInt32Type)),
        DataType::Int16 => out.extend(integers!(array, types::Int16Type)),
        DataType::UInt16 => out.extend(integers!(array, types::UInt16Type)),
        DataType::Int8 => out.extend(integers!(array, types::Int8Type)),
        DataType::UInt8 => out.extend(integers!(array, types::UInt8Type)),
        _ => return texts(batch, field, out, record::number),
    }
    Ok(())
}
