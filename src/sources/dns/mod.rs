//! One Route 53 Resolver query log object into queries: what it is, then how it is read. Enters a stream of bytes, leaves to
//! a sink.
//!
//! An object counts whole or not at all: after an error the caller throws away what the sink got.

mod error;
mod form;
mod pieces;
mod record;
#[cfg(test)]
mod tests;
mod time;

pub use error::{DnsReadError, Foreign};

use crate::model::dns::QuerySink;
use crate::sources::flow::message_at;
use crate::sources::objects::ObjectBytes;
use crate::sources::pages::Ends;
use crate::sources::stream::{BOM, Hashing, inflate, peek};
use form::{Form, form};
use pieces::{Documents, Piece, Window};
use record::{Bad, Records};
use std::io::Read;

/// How the records lay in the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DnsFormat {
    /// No record: nothing in it, or nothing but blank lines.
    Empty,
    /// The permission test of a `CloudWatch` Logs export; ignored.
    WriteTest,
    /// A record per line, as delivered to S3; in an export of `CloudWatch` Logs after a time.
    Lines,
    /// Records one after the other, over lines or without line ends, or in an array.
    Documents,
    /// Records inside `message` texts: Firehose, `CloudWatch` Logs and its subscription filters.
    Messages,
}

/// What one object turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsOutcome {
    /// Its format.
    pub format: DnsFormat,
    /// XXH3-128 of the inflated bytes: equal means delivered twice.
    pub content_hash: u128,
    /// Size of the inflated bytes.
    pub inflated_bytes: u64,
    /// Records found, malformed ones included; blank lines are none.
    pub records: u64,
    /// Pages of `aws logs filter-log-events` that it holds.
    pub pages: Ends,
}

/// Bytes that decide what an object is.
const HEAD: usize = 64 << 10;

/// Documents without any record after which an object is given up as foreign.
const PATIENCE: u64 = 10_000;

/// Reads one object from any source of bytes. After an error, what the sink got counts for nothing.
pub fn read_bytes<B: ObjectBytes, S: QuerySink>(bytes: &B, sink: &mut S) -> Result<DnsOutcome, DnsReadError> {
    let (inflated, _) = inflate(bytes)?;
    let mut content = Hashing::new(inflated);
    let head = peek(&mut content, HEAD)?;
    let text = head.strip_prefix(BOM).unwrap_or(&head);
    let form = form(text, head.len() < HEAD)?;
    let mut records = Records::new(sink);
    let mut window = Window::new(text, &mut content);
    let mut format = match form {
        Form::Empty => DnsFormat::Empty,
        Form::WriteTest => DnsFormat::WriteTest,
        Form::Lines => {
            lines(&mut window, &mut records)?;
            DnsFormat::Lines
        }
        Form::Documents => {
            let mut all = Documents::new(window);
            documents(&mut all, &mut records)?;
            records.messages |= all.had_events;
            records.pages.open |= all.pages.open;
            records.pages.last |= all.pages.last;
            DnsFormat::Documents
        }
    };
    if records.messages {
        format = DnsFormat::Messages;
    }
    if let (0, Some(foreign)) = (records.good, records.foreign) {
        return Err(DnsReadError::Foreign(foreign));
    }
    let (records, pages) = (records.all, records.pages);
    let (content_hash, inflated_bytes) = content.finish();
    Ok(DnsOutcome { format, content_hash, inflated_bytes, records, pages })
}

fn lines<S: QuerySink>(window: &mut Window<impl Read>, records: &mut Records<'_, S>) -> Result<(), DnsReadError> {
    while let Some(piece) = window.next_line()? {
        let line = window.bytes(&piece).trim_ascii();
        let text = if line.starts_with(b"{") { line } else { message_at(line).map_or(line, |at| &line[at..]) };
        if text.is_empty() && !piece.overlong {
            continue;
        }
        let read = if piece.overlong { Err(OVERLONG) } else { records.text(text, piece.line) };
        settle(read, &piece, records)?;
    }
    Ok(())
}

fn documents<S: QuerySink>(all: &mut Documents<impl Read>, records: &mut Records<'_, S>) -> Result<(), DnsReadError> {
    while let Some(piece) = all.next()? {
        let read = records.text(all.window.bytes(&piece), piece.line);
        settle(read, &piece, records)?;
    }
    Ok(())
}

const OVERLONG: Bad = Bad { why: "a line longer than 16 MiB", foreign: Foreign::Text, whole: false };

fn settle<S: QuerySink>(
    read: Result<(), Bad>,
    piece: &Piece,
    records: &mut Records<'_, S>,
) -> Result<(), DnsReadError> {
    let Err(bad) = read else { return Ok(()) };
    if !piece.ended && !bad.whole {
        return Err(DnsReadError::BrokenOff { part: "the last line", why: bad.why.to_owned() });
    }
    records.malformed(piece.line, bad);
    match records.foreign {
        Some(foreign) if records.good == 0 && records.all > PATIENCE => Err(DnsReadError::Foreign(foreign)),
        _ => Ok(()),
    }
}
