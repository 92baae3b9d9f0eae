//! One bill file into lines: what it is, then how it is read. Enters a stream of bytes, leaves to a sink.
//!
//! A file is known by its content, never by its name. It counts whole or not at all: after an error the caller throws away what
//! the sink got, and a total without it would be wrong.

mod archive;
mod columns;
mod cost_explorer;
mod error;
mod line;
pub mod manifest;
mod parquet;
pub mod plan;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod time;

pub use error::BillReadError;

use crate::model::bill::{BillFormat, BillSink};
use crate::model::period::Month;
use crate::sources::objects::ObjectBytes;
use crate::sources::stream::{BOM, Hashing, PARQUET, inflate, peek};
use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek};
use text::Origin;

/// The part of an answer of Cost Explorer's that a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPart {
    /// Start and end of its periods, in seconds since 1970.
    pub periods: BTreeSet<(i64, i64)>,
    /// Its last page names a next one.
    pub goes_on: bool,
}

impl AnswerPart {
    /// Whether a page of this part may follow the last one of the other: pages are in the order of time, and a period may be on two.
    /// What begins just where the other ends and with a month is more likely the answer of another month.
    #[must_use]
    pub fn may_follow(&self, other: &Self) -> bool {
        let Some((start, end)) = other.periods.last() else { return true };
        let begins_month = Month::of(*end).is_some_and(|month| month.window().start == *end);
        self.periods.iter().any(|(from, _)| from == start || from == end && !begins_month)
    }
}

/// What one bill file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillFile {
    /// Kind of export.
    pub format: BillFormat,
    /// XXH3-128 of the inflated bytes (Parquet: of the file): equal means downloaded twice.
    pub content_hash: u128,
    /// Size of the inflated bytes (Parquet: of the file).
    pub inflated_bytes: u64,
    /// Cost Explorer: how long its periods are and what it groups by, `daily by USAGE_TYPE`.
    pub grouping: Option<String>,
    /// Cost Explorer: every sum that it tells, by period and keys. A sum that another file tells too would count twice.
    pub cells: BTreeSet<String>,
    /// Cost Explorer says of some period that its sums are not final.
    pub estimated: bool,
    /// Which part of Cost Explorer's answer it is.
    pub answer: Option<AnswerPart>,
}

/// What a reader of one format found.
#[derive(Clone, Debug)]
struct BillFound {
    format: BillFormat,
    grouping: Option<String>,
    cells: BTreeSet<String>,
    estimated: bool,
    answer: Option<AnswerPart>,
}

impl BillFound {
    const fn of(format: BillFormat) -> Self {
        Self { format, grouping: None, cells: BTreeSet::new(), estimated: false, answer: None }
    }

    fn file(self, (content_hash, inflated_bytes): (u128, u64)) -> BillFile {
        let Self { format, grouping, cells, estimated, answer } = self;
        BillFile { format, content_hash, inflated_bytes, grouping, cells, estimated, answer }
    }
}

/// What is looked at to tell what a file is: more than the longest header of a bill with many tags.
const HEAD: usize = 256 << 10;

/// Reads one file into `sink`. After an error, what the sink got counts for nothing.
///
/// `month` is the billing month that the file's manifest or folder names, for exports whose lines name none.
pub fn read_bill_file<B, S>(bytes: &B, month: Option<Month>, sink: &mut S) -> Result<BillFile, BillReadError>
where
    B: ObjectBytes,
    B::Random: Read + Seek,
    S: BillSink,
{
    let (inflated, gzipped) = inflate(bytes)?;
    let mut content = Hashing::new(inflated);
    let head = peek(&mut content, HEAD)?;
    if archive::MAGIC.iter().any(|magic| head.starts_with(magic)) {
        refuse_packed(gzipped, "a zip archive")?;
        // To its end: what lies in a store is kept as it passes, and two streams of one object would wait for each other.
        io::copy(&mut content, &mut io::sink()).map_err(BillReadError::from_stream)?;
        let (found, sums) = archive::read(random(bytes)?, month, sink)?;
        return Ok(found.file(sums));
    }
    if head.starts_with(PARQUET) {
        refuse_packed(gzipped, "a Parquet file")?;
        io::copy(&mut content, &mut io::sink()).map_err(BillReadError::from_stream)?;
        let found = parquet::read(random(bytes)?, month, sink)?;
        return Ok(found.file(content.finish()));
    }
    let first = head.strip_prefix(BOM).unwrap_or(&head).trim_ascii_start().first().copied();
    let found = match first {
        None if head.len() < HEAD => return Err(BillReadError::NotABill("it is empty".to_owned())),
        Some(b'{' | b'[') => {
            let mut text = head;
            let limit = cost_explorer::MAX_BYTES;
            (&mut content).take(limit).read_to_end(&mut text).map_err(BillReadError::from_stream)?;
            if u64::try_from(text.len()).unwrap_or(u64::MAX) > limit {
                return Err(BillReadError::NotABill(format!("it is JSON of more than {} MiB", limit >> 20)));
            }
            cost_explorer::read(text.strip_prefix(BOM).unwrap_or(&text), sink)?
        }
        _ => {
            refuse_binary(&head)?;
            let origin = Origin { sealed: gzipped, member: "", month, before: None };
            text::read(Cursor::new(head).chain(&mut content), origin, sink)?
        }
    };
    Ok(found.file(content.finish()))
}

fn random<B: ObjectBytes>(bytes: &B) -> Result<B::Random, BillReadError> {
    bytes.random().map_err(BillReadError::Io)
}

fn refuse_packed(gzipped: bool, what: &str) -> Result<(), BillReadError> {
    if gzipped { Err(BillReadError::NotABill(format!("it is {what} compressed as a whole with gzip"))) } else { Ok(()) }
}

/// Text has no control characters; what has some would make a row of nonsense.
fn refuse_binary(head: &[u8]) -> Result<(), BillReadError> {
    let control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    if head[..head.len().min(4096)].iter().any(control) {
        return Err(BillReadError::NotABill("it is binary data of an unknown kind".to_owned()));
    }
    Ok(())
}
