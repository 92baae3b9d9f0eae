//! Records in Parquet: needed columns only, one batch at a time, each dictionary value read once.

mod column;

use super::error::ReadError;
use super::layout::{Field, Layout, LayoutError};
use super::lines::Seen;
use super::owner;
use super::record::{self, Action, Cell, Cells, Status};
use super::shape::ColumnType;
use crate::guard::caught;
use crate::model::addr::Addr;
use crate::model::flow::{Direction, FlowRecord, FlowSink};
use crate::model::symbols::Sym;
use crate::sources::codec;
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use ::parquet::errors::Result as ParquetResult;
use ::parquet::file::reader::{ChunkReader, Length};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow::datatypes::{DataType, Schema};
use bytes::Bytes;
use column::{Numbers, Texts, View};
use std::sync::Arc;

/// So few that all columns of a batch fit into a processor core's own cache.
const BATCH_ROWS: usize = 8 << 10;

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
    let opened = guarded(|| Opened::of(file))??;
    let mut seen = Seen::default();
    seen.fields(opened.layout.fields());
    let needed = SYMBOLS.iter().chain(&ADDRS).chain(&NUMBERS).chain(&WORDS).chain(&owner::ORDER);
    let ports: &[Field] = if wants_ports(&opened, sink)? { &PORTS } else { &[] };
    let mut batches = opened.batches(needed.chain(ports))?;
    let places = layout(&batches.schema())?;
    let mut columns = Columns::default();
    while let Some(batch) = next(&mut batches)? {
        columns.load(&batch, &places, sink)?;
        let records = columns.records();
        let mut record = columns.common();
        for row in 0..batch.num_rows() {
            seen.records += 1;
            match records.read(row, &mut record) {
                Ok(()) => sink.record(&record),
                Err(why) => sink.malformed(seen.records, why),
            }
        }
    }
    Ok(seen)
}

/// So many interfaces are asked about, then ports are read.
const MAX_ASKED: usize = 64;

/// Whether anybody's ports matter. They are nearly random: in what AWS packs for a record, a third is ports.
fn wants_ports<R, S>(opened: &Opened<R>, sink: &mut S) -> Result<bool, ReadError>
where
    R: ChunkReader + 'static,
    S: FlowSink,
{
    if PORTS.iter().all(|&field| opened.layout.column(field).is_none()) || !sink.wants_ports(None) {
        return Ok(false);
    }
    let fields = [Field::InterfaceId, Field::ResourceId];
    let mut names: [Texts<Sym>; 2] = Default::default();
    let counting: Vec<i32> = (0..).take(BATCH_ROWS).collect();
    let (mut before, mut asked) = (None, Vec::new());
    let mut batches = opened.batches(&fields)?;
    while let Some(batch) = next(&mut batches)? {
        for (field, out) in fields.into_iter().zip(&mut names) {
            let columns = batch.schema_ref().fields();
            let place = columns.iter().position(|column| Field::of_name(column.name()) == Some(field));
            out.load(field, place.map(|place| batch.column(place)), |text| sink.symbols().intern(text))?;
        }
        for row in 0..batch.num_rows() {
            let said = names.each_ref().map(|column| column.view(&[Sym::NONE], &counting).get(row));
            if before.replace(said) == Some(said) {
                continue;
            }
            let nameless = said.iter().all(|name| name.is_none());
            for name in said.into_iter().filter(|name| nameless || !name.is_none()) {
                if !asked.contains(&name) {
                    asked.push(name);
                    if asked.len() > MAX_ASKED || sink.wants_ports(Some(name)) {
                        return Ok(true);
                    }
                }
            }
        }
    }
    Ok(false)
}

fn next(batches: &mut ParquetRecordBatchReader) -> Result<Option<RecordBatch>, ReadError> {
    guarded(|| batches.next())?.transpose().map_err(|error| broken(&error))
}

fn broken(error: &dyn std::fmt::Display) -> ReadError {
    ReadError::BrokenOff { part: "the Parquet file", why: error.to_string() }
}

/// The decoder may panic on a damaged file; that is the file's failure, not the program's.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, ReadError> {
    caught(decode).map_err(|why| broken(&why))
}

/// A file that several readers look into, one after the other: what lies in a store is had once.
struct Shared<R>(Arc<R>);

impl<R> Clone for Shared<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Length> Length for Shared<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Shared<R> {
    type T = R::T;

    fn get_read(&self, start: u64) -> ParquetResult<R::T> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        self.0.get_bytes(start, length)
    }
}

/// A file whose columns are known.
struct Opened<R> {
    file: Shared<R>,
    layout: Layout,
    metadata: ArrowReaderMetadata,
}

impl<R: ChunkReader + 'static> Opened<R> {
    fn of(file: R) -> Result<Self, ReadError> {
        let file = Shared(Arc::new(file));
        // An embedded Arrow schema could ask for any physical type; the Parquet types are few.
        let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&file, options()).map_err(|error| broken(&error))?;
        let layout = layout(metadata.schema())?;
        if let Some(codec) = codec::unread(metadata.metadata()) {
            return Err(ReadError::Codec(codec));
        }
        let wanted = with_dictionaries(metadata.schema());
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options().with_schema(wanted))
            .unwrap_or(metadata);
        Ok(Self { file, layout, metadata })
    }

    /// Reads these fields, as far as there are such columns.
    fn batches<'f>(&self, fields: impl IntoIterator<Item = &'f Field>) -> Result<ParquetRecordBatchReader, ReadError> {
        let roots: Vec<usize> = fields.into_iter().filter_map(|&field| self.layout.column(field)).collect();
        let file = self.file.clone();
        guarded(|| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            builder.with_batch_size(BATCH_ROWS).with_projection(mask).build().map_err(|error| broken(&error))
        })?
    }
}

fn layout(schema: &Schema) -> Result<Layout, ReadError> {
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    // OCSF's own base attributes. Source: OCSF schema, base event.
    if names().any(|name| name == "class_uid") || names().any(|name| name == "metadata") {
        return Err(ReadError::SecurityLake);
    }
    Layout::of_names(names()).map_err(|error| match error {
        LayoutError::TransitGateway => ReadError::TransitGateway,
        // A wide table is no flow log, unless it has all that one needs.
        LayoutError::TooManyFields
            if Layout::of_names(names().filter(|name| Field::of_name(name).is_some())).is_err() =>
        {
            ReadError::NotAFlowLog
        }
        LayoutError::NoFields => ReadError::NotAFlowLog,
        error @ (LayoutError::Missing(_) | LayoutError::TooManyFields) => ReadError::Layout(error),
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

/// The columns of one batch. What was read of a dictionary is used again while batches share it.
#[derive(Debug, Default)]
struct Columns {
    symbols: [Texts<Sym>; SYMBOLS.len()],
    /// The values of the fields about owners, and the text that they make.
    owner_values: [Texts<Sym>; owner::ORDER.len()],
    owners: Vec<Sym>,
    addrs: [Texts<Cell<Addr>>; ADDRS.len()],
    numbers: [Numbers; NUMBERS.len()],
    ports: [Numbers; PORTS.len()],
    actions: Texts<Action>,
    statuses: Texts<Status>,
    directions: Texts<Direction>,
    /// From 0, as far as any batch has rows.
    counting: Vec<i32>,
}

/// The records of one batch.
struct Records<'a> {
    columns: &'a Columns,
    /// The symbols that are not those of all rows, with their places.
    varying: Vec<(usize, View<'a, Sym>)>,
    addrs: [View<'a, Cell<Addr>>; ADDRS.len()],
    has_pkt: bool,
    actions: View<'a, Action>,
    statuses: View<'a, Status>,
    directions: View<'a, Direction>,
}

impl Columns {
    /// `places` says which column of the batch is which field.
    fn load<S: FlowSink>(&mut self, batch: &RecordBatch, places: &Layout, sink: &mut S) -> Result<(), ReadError> {
        let symbols = sink.symbols();
        let array = |field: Field| -> Option<&ArrayRef> { places.column(field).map(|place| batch.column(place)) };
        self.counting.extend((0..).take(batch.num_rows()).skip(self.counting.len()));
        for (&field, out) in SYMBOLS.iter().zip(&mut self.symbols) {
            out.load(field, array(field), |text| symbols.intern(text))?;
        }
        for (&field, out) in owner::ORDER.iter().zip(&mut self.owner_values) {
            // No object is refused for what it says of owners.
            if out.load(field, array(field), |text| symbols.intern(text)).is_err() {
                out.clear();
            }
        }
        self.owners.clear();
        if !self.owner_values.iter().all(Texts::is_absent) {
            let columns = self.owner_values.each_ref().map(|column| column.view(&[Sym::NONE], &self.counting));
            let values = |row: usize| columns.each_ref().map(|column| column.get(row));
            owner::join(symbols, (0..batch.num_rows()).map(values), &mut self.owners);
        }
        for (&field, out) in ADDRS.iter().zip(&mut self.addrs) {
            out.load(field, array(field), record::addr)?;
        }
        for (&field, out) in NUMBERS.iter().zip(&mut self.numbers) {
            out.load(field, array(field))?;
        }
        for (&field, out) in PORTS.iter().zip(&mut self.ports) {
            // No object is refused for its ports: in a column of another type nothing is said.
            if out.load(field, array(field)).is_err() {
                *out = Numbers::None;
            }
        }
        self.actions.load(Field::Action, array(Field::Action), record::action)?;
        self.statuses.load(Field::LogStatus, array(Field::LogStatus), record::status)?;
        self.directions.load(Field::FlowDirection, array(Field::FlowDirection), record::direction)
    }

    /// A record that says what all rows do.
    fn common(&self) -> FlowRecord {
        let mut record = FlowRecord::NOTHING;
        for (number, column) in self.symbols.iter().enumerate() {
            *symbol(&mut record, number) = column.of_all_rows(Sym::NONE).unwrap_or(Sym::NONE);
        }
        record
    }

    fn records(&self) -> Records<'_> {
        let varies = |(at, column): (usize, &'_ Texts<Sym>)| column.of_all_rows(Sym::NONE).is_none().then_some(at);
        let varying = self.symbols.iter().enumerate().filter_map(varies);
        Records {
            columns: self,
            varying: varying.map(|at| (at, self.symbols[at].view(&[Sym::NONE], &self.counting))).collect(),
            addrs: self.addrs.each_ref().map(|column| column.view(&[Cell::Absent], &self.counting)),
            has_pkt: !self.addrs[2].is_absent() && !self.addrs[3].is_absent(),
            actions: self.actions.view(&[Action::Accept], &self.counting),
            statuses: self.statuses.view(&[Status::Ok], &self.counting),
            directions: self.directions.view(&[Direction::Unknown], &self.counting),
        }
    }
}

impl Records<'_> {
    /// Makes the record the row's; what is common to all rows is there already. A record that is copied as a whole just after its
    /// fields were written one by one waits for all of them.
    #[inline]
    fn read(&self, row: usize, record: &mut FlowRecord) -> Result<(), &'static str> {
        let columns = self.columns;
        let [src, dst, pkt_src, pkt_dst] = &self.addrs;
        let port = |i: usize| columns.ports[i].get(row).value().and_then(|port| u16::try_from(port).ok());
        let cells = Cells {
            action: self.actions.get(row),
            status: self.statuses.get(row),
            start: columns.numbers[0].get(row),
            bytes: columns.numbers[1].get(row),
            src: src.get(row),
            dst: dst.get(row),
            pkt_src: pkt_src.get(row),
            pkt_dst: pkt_dst.get(row),
            has_pkt: self.has_pkt,
        };
        let core = cells.judge()?;
        for (at, column) in &self.varying {
            *symbol(record, *at) = column.get(row);
        }
        record.owner = columns.owners.get(row).copied().unwrap_or(Sym::NONE);
        record.start = core.start;
        record.bytes = core.bytes;
        (record.src, record.dst) = (core.src, core.dst);
        (record.src_port, record.dst_port) = (port(0), port(1));
        (record.pkt_src, record.pkt_dst) = (core.pkt_src, core.pkt_dst);
        record.direction = self.directions.get(row);
        record.verdict = core.verdict;
        Ok(())
    }
}

/// Where a record holds the symbol of [`SYMBOLS`] with this number.
#[inline]
fn symbol(record: &mut FlowRecord, number: usize) -> &mut Sym {
    match number {
        0 => &mut record.interface,
        1 => &mut record.resource,
        2 => &mut record.facts.account,
        3 => &mut record.facts.region,
        4 => &mut record.facts.vpc,
        5 => &mut record.facts.subnet,
        6 => &mut record.facts.az,
        7 => &mut record.facts.instance,
        8 => &mut record.facts.kind,
        9 => &mut record.src_service,
        10 => &mut record.dst_service,
        11 => &mut record.next_hop_kind,
        _ => &mut record.next_hop,
    }
}

/// Name and type of every column.
pub(super) fn column_types<R: ChunkReader + 'static>(file: &R) -> Result<Vec<(String, ColumnType)>, ReadError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = guarded(|| ArrowReaderMetadata::load(file, options))?.map_err(|error| broken(&error))?;
    layout(metadata.schema())?;
    let kind = |kind: &DataType| match kind {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => ColumnType::Int,
        DataType::Int64 => ColumnType::Long,
        _ => ColumnType::Text,
    };
    Ok(metadata.schema().fields().iter().map(|field| (field.name().clone(), kind(field.data_type()))).collect())
}
