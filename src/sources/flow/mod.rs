//! One flow log object into records: what it is, then how it is read. Enters a stream of bytes, leaves to a sink.
//!
//! An object counts whole or not at all: after an error the caller throws away what the sink got.

mod about;
mod detect;
mod error;
mod hints;
mod json;
mod layout;
mod lines;
mod owner;
mod parquet;
mod record;
mod shape;
mod split;
#[cfg(test)]
mod tests;
mod text;

pub(super) use detect::message_at;
pub use error::{ErrorKind, ReadError};
pub use hints::{KnownLayout, LayoutHints};
pub use layout::{Field, FieldSet, Layout, LayoutError};
pub use lines::Layouts;
pub use shape::{ColumnType, Delivery, FileShape};
pub use text::Helpers;

use crate::model::flow::{FlowSink, Shared};
use crate::sources::objects::{Object, ObjectBytes, SourceName};
use crate::sources::pages::Ends;
use crate::sources::stream::{BOM, Hashing, Inflated, inflate, peek};
use detect::Content;
use hints::Choice;
use lines::{Lines, Seen};
use std::fmt;
use std::io::{self, Read};
use text::{Before, End, Form};

/// How the records lay in the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormatName {
    /// No record: nothing in it, or nothing but blank lines.
    Empty,
    /// The permission test of a `CloudWatch` Logs export; ignored.
    WriteTest,
    /// Text with a header line, as delivered to S3.
    Text,
    /// Text without a header line.
    TextNoHeader,
    /// `CloudWatch` Logs export to S3: a time before each record.
    CloudWatchExport,
    /// `{"message": ...}`, as Firehose writes it.
    FirehoseJson,
    /// Output of `aws logs filter-log-events` and its like.
    CloudWatchJson,
    /// Documents of a `CloudWatch` Logs subscription filter.
    SubscriptionJson,
    /// Parquet.
    Parquet,
}

impl fmt::Display for FormatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::WriteTest => "write test",
            Self::Text => "text",
            Self::TextNoHeader => "text without header",
            Self::CloudWatchExport => "CloudWatch Logs export",
            Self::FirehoseJson => "Firehose JSON",
            Self::CloudWatchJson => "CloudWatch Logs JSON",
            Self::SubscriptionJson => "subscription filter JSON",
            Self::Parquet => "Parquet",
        })
    }
}

/// What one object turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectOutcome {
    /// Its format.
    pub format: FormatName,
    /// XXH3-128 of the inflated bytes (Parquet: of the file): equal means delivered twice.
    pub content_hash: u128,
    /// Size of the inflated bytes (Parquet: of the file).
    pub inflated_bytes: u64,
    /// Records found, malformed ones included; blank and header lines are none.
    pub records: u64,
    /// The log group that the content names; `None` where it names none or several.
    pub log_group: Option<String>,
    /// It has no `action`: ACCEPT was assumed.
    pub assumed_accept: bool,
    /// It has no `log-status`: OK was assumed.
    pub assumed_ok: bool,
    /// The known fields that it has.
    pub fields_present: FieldSet,
    /// Nothing says in which order they stand: the default format was assumed, and lines have to say of themselves that they are of it.
    pub assumed_format: bool,
    /// Pages of `aws logs filter-log-events` that it holds.
    pub pages: Ends,
    /// Of how many layouts its lines are.
    pub layouts: Layouts,
}

impl ObjectOutcome {
    fn new(format: FormatName, seen: Seen, (content_hash, inflated_bytes): (u128, u64)) -> Self {
        let Seen { records, fields: fields_present, assumed_accept, assumed_ok, layouts, .. } = seen;
        let assumed_format = seen.guessed;
        let log_group = None;
        Self {
            format,
            content_hash,
            inflated_bytes,
            records,
            log_group,
            assumed_accept,
            assumed_ok,
            fields_present,
            assumed_format,
            pages: Ends::default(),
            layouts,
        }
    }
}

/// Reads one listed object into `sink`. After an error, what the sink got counts for nothing.
pub fn read_object<S: FlowSink>(
    object: &Object,
    hints: &LayoutHints,
    sink: &mut S,
) -> Result<ObjectOutcome, ReadError> {
    read_bytes(object, &object.named.flow_log, hints, sink)
}

/// Reads one listed object as [`read_object`] does, with the help of whoever waits. Only text is shared.
pub fn read_object_shared<'e, S: Shared + 'e>(
    object: &Object,
    hints: &LayoutHints,
    sink: &mut S,
    helpers: &impl Helpers<'e>,
) -> Result<ObjectOutcome, ReadError> {
    let by = |head: &[u8], content, form, lines, sink: &mut S| {
        let (content, seen) = text::read_shared(head, content, form, lines, sink, (text::BLOCK, helpers))?;
        Ok((seen, content.finish()))
    };
    read_by(by, object, &object.named.flow_log, hints, sink)
}

/// Reads one object from any source of bytes. After an error, what the sink got counts for nothing.
pub fn read_bytes<B: ObjectBytes, S: FlowSink>(
    bytes: &B,
    source: &SourceName,
    hints: &LayoutHints,
    sink: &mut S,
) -> Result<ObjectOutcome, ReadError> {
    let by = |head: &[u8], mut content: Hashing<Inflated>, form, mut lines, sink: &mut S| {
        text::read(head, &mut content, form, &mut lines, sink)?;
        Ok((lines.seen(), content.finish()))
    };
    read_by(by, bytes, source, hints, sink)
}

/// What was seen, and hash and length of the content.
type SeenAll = Result<(Seen, (u128, u64)), ReadError>;

/// Reads one object, and its lines, if it is text, by `lines_by`: what is there already, the rest, how it is written, the layout.
fn read_by<B: ObjectBytes, S: FlowSink>(
    lines_by: impl FnOnce(&[u8], Hashing<Inflated>, Form, Lines, &mut S) -> SeenAll,
    bytes: &B,
    source: &SourceName,
    hints: &LayoutHints,
    sink: &mut S,
) -> Result<ObjectOutcome, ReadError> {
    let (inflated, gzipped) = inflate(bytes)?;
    let mut content = Hashing::new(inflated);
    let head = peek(&mut content, text::MAX_LINE + 1)?;
    let kind = detect::content(&head)?;
    let end = if gzipped { End::Sealed } else { End::Open };
    let (before, format, layout) = match kind {
        Content::Empty if head.len() <= text::MAX_LINE => {
            return Ok(ObjectOutcome::new(FormatName::Empty, Seen::default(), content.finish()));
        }
        Content::Empty => return Err(ReadError::NotAFlowLog),
        Content::WriteTest => {
            return Ok(ObjectOutcome::new(FormatName::WriteTest, Seen::default(), content.finish()));
        }
        Content::Parquet if gzipped => return Err(ReadError::GzippedParquet),
        Content::Parquet => return read_parquet(bytes, content, sink),
        Content::Json => return read_json(&head, content, hints, source, sink),
        Content::Export => (Before::Time, FormatName::CloudWatchExport, None),
        Content::NoHeader => (Before::Nothing, FormatName::TextNoHeader, None),
        Content::Header(layout) => (Before::Nothing, FormatName::Text, Some(layout)),
    };
    let choice =
        if let Some(layout) = layout { Choice::certain(layout) } else { choose(hints, source, &head, before)? };
    let (seen, hashed) = lines_by(&head, content, (before, end), Lines::new(choice), sink)?;
    Ok(ObjectOutcome::new(format, seen, hashed))
}

/// Lines that are tried for a layout: the first may be damaged.
const TRIED: usize = 16;

/// The layout of lines without a header, by the first of them that tells it; else why the first does not.
fn choose(hints: &LayoutHints, source: &SourceName, head: &[u8], before: Before) -> Result<Choice, ReadError> {
    let head = head.strip_prefix(BOM).unwrap_or(head);
    let lines = head.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let lines = lines.zip(1..).filter(|(line, _)| !line.trim_ascii().is_empty());
    let mut choices = lines.take(TRIED).map(|(line, number)| {
        let skip = if before == Before::Time { detect::message_at(line).unwrap_or(0) } else { 0 };
        hints.choose(source, None, &line[skip..], number)
    });
    let first = choices.next().unwrap_or_else(|| hints.choose(source, None, b"", 1));
    first.or_else(|why| choices.find_map(Result::ok).ok_or(why))
}

fn read_json<S: FlowSink>(
    head: &[u8],
    mut content: Hashing<impl Read>,
    hints: &LayoutHints,
    source: &SourceName,
    sink: &mut S,
) -> Result<ObjectOutcome, ReadError> {
    let head = head.strip_prefix(BOM).unwrap_or(head);
    let found = json::read(head.chain(&mut content), hints, source, sink)?;
    let seen = found.lines.map_or(Seen::default(), |lines| lines.seen());
    let (log_group, pages) = (found.log_group, found.pages);
    Ok(ObjectOutcome { log_group, pages, ..ObjectOutcome::new(found.format, seen, content.finish()) })
}

fn read_parquet<B: ObjectBytes, S: FlowSink>(
    bytes: &B,
    mut content: Hashing<impl Read>,
    sink: &mut S,
) -> Result<ObjectOutcome, ReadError> {
    io::copy(&mut content, &mut io::sink()).map_err(ReadError::from_stream)?;
    let seen = parquet::read(bytes.random().map_err(ReadError::Io)?, sink)?;
    Ok(ObjectOutcome::new(FormatName::Parquet, seen, content.finish()))
}
