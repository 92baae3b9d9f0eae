//! The objects of one flow log: keys, compression, and the wrapping of each format around the records.

use super::SimulateError;
use super::clock::SLOT_SECONDS;
use super::columns::ParquetObject;
use super::fields::{Context, version};
use super::logs::FlowLog;
use super::options::{Format, Layout};
use super::random::mix;
use super::rows::Row;
use super::text;
use crate::model::period::iso;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A gzip file whose bytes depend on its content only.
pub(super) type Gz = GzEncoder<BufWriter<File>>;

/// Creates a file and its folders.
pub(super) fn create(path: &Path) -> Result<BufWriter<File>, SimulateError> {
    let io = |source| SimulateError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    Ok(BufWriter::with_capacity(1 << 16, File::create(path).map_err(io)?))
}

/// Creates a gzip file.
pub(super) fn create_gz(path: &Path, level: u32) -> Result<Gz, SimulateError> {
    Ok(GzBuilder::new().mtime(0).write(create(path)?, Compression::new(level)))
}

/// Every export task of a log group leaves one such object beside its folders.
pub(super) fn write_test_object(path: &Path) -> Result<(), SimulateError> {
    let io = |source| SimulateError::Io { path: path.to_owned(), source };
    let mut file = create(path)?;
    file.write_all(b"Permission Check Successful").map_err(io)?;
    file.flush().map_err(io)
}

/// Ends a gzip file.
pub(super) fn finish_gz(path: &Path, gz: Gz) -> Result<(), SimulateError> {
    gz.finish().and_then(|mut file| file.flush()).map_err(|source| SimulateError::Io { path: path.to_owned(), source })
}

enum Body {
    Gz(Box<Gz>),
    Plain(BufWriter<File>),
    Parquet(Box<ParquetObject>),
}

struct Open {
    path: PathBuf,
    body: Body,
    /// Lines that wait: the compressor is called per block, not per line.
    pending: Vec<u8>,
}

/// Size at which waiting lines are written.
const BLOCK: usize = 1 << 15;

impl Open {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SimulateError> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < BLOCK { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), SimulateError> {
        let written = match &mut self.body {
            Body::Gz(gz) => gz.write_all(&self.pending),
            Body::Plain(file) => file.write_all(&self.pending),
            Body::Parquet(_) => Ok(()),
        };
        self.pending.clear();
        written.map_err(|source| SimulateError::Io { path: self.path.clone(), source })
    }

    fn finish(mut self) -> Result<(), SimulateError> {
        self.flush()?;
        match self.body {
            Body::Gz(gz) => finish_gz(&self.path, *gz),
            Body::Plain(mut file) => file.flush().map_err(|source| SimulateError::Io { path: self.path, source }),
            Body::Parquet(parquet) => parquet.finish(&self.path),
        }
    }
}

/// Events of a subscription filter that wait for their message.
#[derive(Default)]
struct Batch {
    events: Vec<u8>,
    count: u32,
}

/// How many events a subscription message holds at most.
const BATCH: u32 = 40;

/// Writes the records of one flow log, in the order in which they come.
pub(super) struct LogWriter<'a> {
    context: &'a Context<'a>,
    log: &'a FlowLog,
    number: u64,
    root: PathBuf,
    version: u32,
    gzip_level: u32,
    /// Open objects by stream: the interface in a log group's export, else one.
    open: BTreeMap<usize, Open>,
    batches: BTreeMap<usize, Batch>,
    slice: Option<u64>,
    object_time: i64,
    line: Vec<u8>,
    /// Objects written.
    pub(super) objects: u64,
}

impl std::fmt::Debug for LogWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogWriter").field("log", &self.log.id).field("objects", &self.objects).finish_non_exhaustive()
    }
}

impl<'a> LogWriter<'a> {
    /// `root` is the folder `flow-logs`.
    pub(super) fn new(context: &'a Context<'a>, number: usize, root: PathBuf, gzip_level: u32) -> Self {
        let log = &context.account.logs[number];
        Self {
            context,
            log,
            number: u64::try_from(number).unwrap_or(0),
            root,
            version: version(&log.fields),
            gzip_level,
            open: BTreeMap::new(),
            batches: BTreeMap::new(),
            slice: None,
            object_time: 0,
            line: Vec::with_capacity(512),
            objects: 0,
        }
    }

    /// Says which part of the time is written from now on; `time` is where it begins.
    pub(super) fn enter(&mut self, slice: u64, time: i64) -> Result<(), SimulateError> {
        if self.slice != Some(slice) {
            self.close()?;
            self.slice = Some(slice);
            self.object_time = time;
        }
        Ok(())
    }

    /// One record.
    pub(super) fn write(&mut self, row: &Row) -> Result<(), SimulateError> {
        let stream = if self.log.format == Format::CloudwatchExport { row.interface } else { 0 };
        if !self.open.contains_key(&stream) {
            let open = self.create(stream)?;
            self.open.insert(stream, open);
            self.objects += 1;
        }
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let result = self.write_to(stream, row, &mut line);
        self.line = line;
        result
    }

    fn write_to(&mut self, stream: usize, row: &Row, line: &mut Vec<u8>) -> Result<(), SimulateError> {
        let (context, log, version) = (self.context, self.log, self.version);
        let record = |line: &mut Vec<u8>| text::push_record(line, context, &log.fields, version, row);
        match log.format {
            Format::Parquet | Format::ParquetSnappy => {
                if let Some(Open { path, body: Body::Parquet(parquet), .. }) = self.open.get_mut(&stream) {
                    parquet.push(context, row, line, path)?;
                }
                return Ok(());
            }
            Format::Subscription => return self.write_event(row, line),
            Format::TextGz | Format::Text | Format::DefaultGz => {
                record(line);
                line.push(b'\n');
            }
            Format::CloudwatchExport => {
                let time = iso(row.start);
                line.extend_from_slice(time.trim_end_matches('Z').as_bytes());
                line.extend_from_slice(b".000Z ");
                record(line);
                line.push(b'\n');
            }
            Format::Firehose | Format::FirehoseLines => {
                line.extend_from_slice(b"{\"message\":\"");
                record(line);
                line.extend_from_slice(b"\"}");
                if log.format == Format::FirehoseLines {
                    line.push(b'\n');
                }
            }
        }
        self.open.get_mut(&stream).map_or(Ok(()), |open| open.write(line))
    }

    /// One record of a subscription filter: it waits until its stream's message is full.
    fn write_event(&mut self, row: &Row, line: &mut Vec<u8>) -> Result<(), SimulateError> {
        let batch = self.batches.entry(row.interface).or_default();
        if batch.count > 0 {
            batch.events.push(b',');
        }
        // 56 digits, as CloudWatch Logs numbers its events.
        let number = mix(u64::from(batch.count) ^ row.start.unsigned_abs() << 20 ^ row.bytes);
        write!(batch.events, "{{\"id\":\"{number:056}\",\"timestamp\":{}000,\"message\":\"", row.start)
            .expect("a vector takes all bytes");
        text::push_record(&mut batch.events, self.context, &self.log.fields, self.version, row);
        batch.events.extend_from_slice(b"\"}");
        batch.count += 1;
        if batch.count == BATCH { self.flush_batch(row.interface, line) } else { Ok(()) }
    }

    fn flush_batch(&mut self, interface: usize, line: &mut Vec<u8>) -> Result<(), SimulateError> {
        let Some(batch) = self.batches.remove(&interface) else { return Ok(()) };
        line.clear();
        let (owner, stream) = (&self.context.account.id, self.stream(interface));
        write!(
            line,
            "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"{owner}\",\"logGroup\":\"/vpc/flow-logs/{}\",\
             \"logStream\":\"{stream}\",\"subscriptionFilters\":[\"to-s3\"],\"logEvents\":[",
            self.log.id
        )
        .expect("a vector takes all bytes");
        line.extend_from_slice(&batch.events);
        line.extend_from_slice(b"]}\n");
        self.open.get_mut(&0).map_or(Ok(()), |open| open.write(line))
    }

    /// Name of an interface's log stream.
    fn stream(&self, interface: usize) -> String {
        let of = &self.context.account.interfaces[interface];
        format!("{}-all", if of.id == "-" { &of.resource } else { &of.id })
    }

    /// Ends the open objects.
    pub(super) fn close(&mut self) -> Result<(), SimulateError> {
        let mut line = std::mem::take(&mut self.line);
        while let Some(&interface) = self.batches.keys().next() {
            self.flush_batch(interface, &mut line)?;
        }
        self.line = line;
        while let Some((_, open)) = self.open.pop_first() {
            open.finish()?;
        }
        Ok(())
    }

    fn create(&self, stream: usize) -> Result<Open, SimulateError> {
        let path = self.root.join(self.key(stream));
        let body = match self.log.format {
            Format::Parquet | Format::ParquetSnappy => {
                let snappy = self.log.format == Format::ParquetSnappy;
                Body::Parquet(Box::new(ParquetObject::create(&path, &self.log.fields, snappy)?))
            }
            Format::Text => Body::Plain(create(&path)?),
            _ => Body::Gz(Box::new(create_gz(&path, self.gzip_level)?)),
        };
        let mut open = Open { path, body, pending: Vec::new() };
        if self.log.has_header() {
            open.write(text::header(&self.log.fields).as_bytes())?;
            open.write(b"\n")?;
        }
        Ok(open)
    }

    /// The object's key below the bucket. Source: VPC user guide, flow log files; the guides of log groups and Firehose.
    fn key(&self, stream: usize) -> String {
        let (account, region) = (&self.context.account.id, self.context.account.place.region);
        let slice = self.slice.unwrap_or(0);
        let unique = mix(mix(self.number) ^ slice);
        let stamp = Stamp::new(self.object_time);
        match self.log.format {
            Format::CloudwatchExport => {
                format!("exported/{}/{}/{slice:06}.gz", task_id(self.number), self.stream(stream))
            }
            Format::Firehose | Format::FirehoseLines | Format::Subscription => format!(
                "{}/{}/{}/{}/natlens-{}-1-{}-{}-{}-{}-{}-{:02}-{unique:016x}.gz",
                stamp.year,
                stamp.month,
                stamp.day,
                stamp.hour,
                self.log.id,
                stamp.year,
                stamp.month,
                stamp.day,
                stamp.hour,
                stamp.minute,
                slice % 60,
            ),
            _ => {
                let folder = stamp.folder(self.log.layout, account, region);
                let extension = match self.log.format {
                    Format::Parquet | Format::ParquetSnappy => "log.parquet",
                    Format::Text => "log",
                    _ => "log.gz",
                };
                let Stamp { year, month, day, hour, minute } = stamp;
                let hash = unique & 0xffff_ffff;
                format!(
                    "{folder}/{account}_vpcflowlogs_{region}_{}_{year}{month}{day}T{hour}{minute}Z_{hash:08x}.{extension}",
                    self.log.id
                )
            }
        }
    }
}

/// The id of an export task, a UUID.
pub(super) fn task_id(number: u64) -> String {
    let (high, low) = (mix(number), mix(mix(number)));
    let hex = format!("{high:016x}{low:016x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A time in the parts that keys are made of.
pub(super) struct Stamp {
    pub(super) year: String,
    pub(super) month: String,
    pub(super) day: String,
    pub(super) hour: String,
    pub(super) minute: String,
}

impl Stamp {
    /// Of the slot that holds the second.
    pub(super) fn new(second: i64) -> Self {
        let second = second.div_euclid(SLOT_SECONDS) * SLOT_SECONDS;
        let text = iso(second);
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or("00").to_owned();
        Self { year: part(0, 4), month: part(5, 7), day: part(8, 10), hour: part(11, 13), minute: part(14, 16) }
    }

    fn folder(&self, layout: Layout, account: &str, region: &str) -> String {
        let Self { year, month, day, hour, .. } = self;
        let plain = format!("AWSLogs/{account}/vpcflowlogs/{region}/{year}/{month}/{day}");
        let hive = format!(
            "AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/year={year}/month={month}/day={day}"
        );
        match layout {
            Layout::Plain => plain,
            Layout::Hourly => format!("{plain}/{hour}"),
            Layout::Hive => hive,
            Layout::HiveHourly => format!("{hive}/hour={hour}"),
        }
    }
}
