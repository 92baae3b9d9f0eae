//! What an object is, by its first bytes alone. Recognises what is not a flow log by name; never looks at keys.

use super::error::ReadError;
use super::json;
use super::layout::{Field, Layout, LayoutError, is_transit_gateway_name};
use super::record::{self, Cell};
use crate::sources::stream::{BOM, PARQUET};
use std::cell::RefCell;

/// The kinds of content that are read.
#[derive(Debug)]
pub(super) enum Content {
    Empty,
    /// The object by which `CloudWatch` Logs tests its permission to export.
    WriteTest,
    Parquet,
    Json,
    /// `CloudWatch` Logs export to S3: every line is a time, then the record.
    Export,
    Header(Layout),
    NoHeader,
}

/// Decides by the head of the inflated content: all of it, or at least its first 64 KiB.
pub(super) fn content(head: &[u8]) -> Result<Content, ReadError> {
    let foreign: [(&[u8], ReadError); 5] = [
        (b"PK\x03\x04", ReadError::Zip),
        (b"PK\x05\x06", ReadError::Zip),
        (b"\x28\xb5\x2f\xfd", ReadError::Zstd),
        (b"BZh", ReadError::Bzip2),
        (b"\xfd7zXZ\x00", ReadError::Xz),
    ];
    if let Some((_, error)) = foreign.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(error);
    }
    if head.starts_with(PARQUET) {
        return Ok(Content::Parquet);
    }
    let head = head.strip_prefix(BOM).unwrap_or(head);
    // Every byte of a piece, so that many are looked at together.
    let has_control = |piece: &[u8]| piece.iter().fold(false, |any, &byte| any | is_control(byte));
    if head[..head.len().min(4096)].chunks(256).any(has_control) {
        return Err(ReadError::Binary);
    }
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(line) = lines.next() else {
        return Ok(Content::Empty);
    };
    if line.starts_with(b"{") || line.starts_with(b"[") {
        return Ok(Content::Json);
    }
    // What else there is in such an object somebody put there.
    if line.starts_with(b"Permission Check Successful") && lines.next().is_none() {
        return Ok(Content::WriteTest);
    }
    if let Some(layout) = header(line) {
        return layout.map(Content::Header);
    }
    refuse_separator(line)?;
    Ok(if message_at(line).is_some() { Content::Export } else { Content::NoHeader })
}

#[inline]
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127)
}

thread_local! {
    /// The last header line and its layout: object after object has the same, and the names take longer than a few records.
    static LAST: RefCell<Option<(Box<[u8]>, Layout)>> = const { RefCell::new(None) };
}

fn remembered(line: &[u8]) -> Option<Layout> {
    LAST.with_borrow(|last| last.as_ref().filter(|(known, _)| **known == *line).map(|(_, layout)| layout.clone()))
}

/// Whether a line is field names: two or more known ones, and nothing that only a record has.
fn is_header(line: &[u8]) -> bool {
    let mut known = 0;
    for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        let Ok(name) = std::str::from_utf8(word) else { return false };
        if word == b"-" || !matches!(record::number(word), Cell::Bad) || !matches!(record::addr(word), Cell::Bad) {
            return false;
        }
        known += usize::from(Field::of_name(name).is_some());
    }
    known >= 2
}

/// The layout that a line names, or why it is none; `None` for what is no header line.
pub(super) fn header(line: &[u8]) -> Option<Result<Layout, ReadError>> {
    remembered(line).map(Ok).or_else(|| is_header(line).then(|| layout(line)))
}

fn layout(line: &[u8]) -> Result<Layout, ReadError> {
    let text = String::from_utf8_lossy(line);
    let layout = Layout::of_names(text.split_ascii_whitespace()).map_err(|error| match error {
        LayoutError::TransitGateway => ReadError::TransitGateway,
        error => ReadError::Layout(error),
    })?;
    LAST.set(Some((line.into(), layout.clone())));
    Ok(layout)
}

fn refuse_separator(line: &[u8]) -> Result<(), ReadError> {
    let count = |wanted: u8| memchr::memchr_iter(wanted, line).count();
    let other = count(b',').max(count(b'\t')).max(count(b';'));
    if other >= 3 && other > count(b' ') { Err(ReadError::OtherSeparator) } else { Ok(()) }
}

/// Refuses what can be told from one record without a header: transit gateway records and JSON of other services.
pub(super) fn refuse_record(record: &[u8]) -> Result<(), ReadError> {
    let mut words = record.split(|&b| b == b' ').filter_map(|word| std::str::from_utf8(word).ok());
    // Version 6 is the transit gateway's own. Source: transit gateway guide, flow log records.
    if words.next() == Some("6") && words.any(is_transit_gateway_name) {
        return Err(ReadError::TransitGateway);
    }
    if record.starts_with(b"{") {
        return Err(json::refusal(record));
    }
    Ok(())
}

/// Whether a line has anything of a flow log record, whatever its order.
pub(super) fn resembles_record(line: &[u8]) -> bool {
    let telling = |word: &[u8]| {
        matches!(record::addr(word), Cell::Value(_))
            || word.starts_with(b"eni-")
            || matches!(word, b"ACCEPT" | b"REJECT" | b"NODATA" | b"SKIPDATA")
    };
    line.split(|&b| b == b' ').filter(|word| telling(word)).count() >= 2
}

/// Where the record begins in a line of a `CloudWatch` Logs export (`2026-10-01T00:00:00.000Z 2 1234...`).
#[inline]
pub(in crate::sources) fn message_at(line: &[u8]) -> Option<usize> {
    let end = line.iter().take(32).position(|&byte| byte == b' ')?;
    let time = &line[..end];
    let shape = time.len() >= 20 && time[4] == b'-' && time[7] == b'-' && time[10] == b'T' && time.ends_with(b"Z");
    let digits = time.iter().filter(|byte| byte.is_ascii_digit()).count() >= 14;
    (shape && digits).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], expect: &str) {
        let found = match content(head) {
            Ok(Content::Header(_)) => "header".to_owned(),
            Ok(content) => format!("{content:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expect, "{}", String::from_utf8_lossy(head));
    }

    #[test]
    fn content_decides() {
        check(b"", "Empty");
        check(b"\n \r\n", "Empty");
        check(b"Permission Check Successful", "WriteTest");
        check(b"Permission Check Successful\n\n", "WriteTest");
        check(b"PAR1....", "Parquet");
        check(b" \n{\"message\"", "Json");
        check(b"2026-10-01T00:00:00.000Z 2 1 eni-1", "Export");
        check(b"2026-10-01T00:00:00Z 2 1 eni-1", "Export");
        check(b"2 1 eni-1 10.0.0.1", "NoHeader");
        check(b"srcaddr dstaddr bytes start interface_id\n", "header");
        check(b"\xef\xbb\xbfsrcaddr dstaddr bytes start interface-id\n", "header");
        check(b"srcaddr dstaddr\n", "the log lacks bytes, start, interface-id or resource-id");
        check(b"version tgw-id srcaddr dstaddr", "these are transit gateway flow logs, not VPC flow logs");
        check(b"PK\x03\x04rest", "this is a zip archive");
        check(b"\x28\xb5\x2f\xfdrest", "this is compressed with zstd");
        check(b"BZh91AY", "this is compressed with bzip2");
        check(b"\xfd7zXZ\x00rest", "this is compressed with xz");
        check(
            b"account_id,action,bytes,srcaddr",
            "its fields are separated by commas or tabs; AWS separates them by spaces",
        );
        check(b"\x00\x01\x02", "this is binary data of an unknown kind");
        check(b"\x1f", "this is binary data of an unknown kind");
    }
}
