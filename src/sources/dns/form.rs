//! What an object is, by its first bytes alone: records line by line, JSON documents over lines, or nothing of ours.

use super::error::{DnsReadError, Foreign};
use crate::sources::flow::message_at;
use crate::sources::stream::PARQUET;
use serde::de::IgnoredAny;

/// How the records lie in the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing, or nothing but blank lines.
    Empty,
    /// The object by which `CloudWatch` Logs tests its permission to export.
    WriteTest,
    /// A record per line, after a time in an export of `CloudWatch` Logs. A line that is no record spoils only itself.
    Lines,
    /// JSON documents that go over lines, or follow each other without line ends.
    Documents,
}

/// Lines of the head that are looked at before an object is given up as foreign.
const LINES: usize = 64;

const CONTAINERS: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
];

/// Decides by the head of the inflated content; `whole` if nothing follows it.
pub(super) fn form(head: &[u8], whole: bool) -> Result<Form, DnsReadError> {
    if let Some((_, name)) = CONTAINERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(DnsReadError::Container(name));
    }
    if head.starts_with(PARQUET) {
        return Err(DnsReadError::Parquet);
    }
    if head[..head.len().min(4096)].iter().any(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127)) {
        return Err(DnsReadError::Binary);
    }
    let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
    let lines: Vec<&[u8]> = lines.take(LINES).collect();
    let Some(first) = lines.first().map(|line| line.trim_ascii_start()) else {
        return if whole { Ok(Form::Empty) } else { Err(DnsReadError::Foreign(Foreign::Text)) };
    };
    // What else there is in such an object somebody put there.
    if first.starts_with(b"Permission Check Successful") && lines.len() == 1 {
        return Ok(Form::WriteTest);
    }
    if first.starts_with(b"[") {
        return Ok(Form::Documents);
    }
    let is_record = |line: &&[u8]| {
        let text = message_at(line).map_or(*line, |at| &line[at..]);
        text.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
    };
    if lines.iter().any(is_record) {
        return Ok(Form::Lines);
    }
    if first.starts_with(b"{") {
        return Ok(Form::Documents);
    }
    Err(DnsReadError::Foreign(text_kind(first)))
}

/// What a line of text that is no JSON belongs to.
pub(super) fn text_kind(line: &[u8]) -> Foreign {
    let line = message_at(line).map_or(line, |at| &line[at..]);
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').take(40).collect();
    let has = |wanted: &[u8]| words.contains(&wanted);
    let telling = [&b"ACCEPT"[..], b"REJECT", b"NODATA", b"SKIPDATA"];
    if telling.into_iter().any(has) || has(b"srcaddr") && has(b"dstaddr") {
        return Foreign::FlowLog;
    }
    // `1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 ...`
    let timed = words.get(1).is_some_and(|time| time.len() > 19 && time[10] == b'T' && time.ends_with(b"Z"));
    if words[0] == b"1.0" && timed { Foreign::PublicZone } else { Foreign::Text }
}
