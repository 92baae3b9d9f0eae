//! A stream of text into lines, in bounded memory: one buffer, whatever the object's size.

use super::detect;
use super::error::ReadError;
use super::lines::{Lines, Place};
use crate::model::flow::FlowSink;
use crate::sources::stream::BOM;
use std::io::{self, Read};

/// A longer line is malformed: AWS's longest records stay far below.
pub(super) const MAX_LINE: usize = 64 << 10;
const BUFFER: usize = 512 << 10;

/// What comes before each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    /// The time that a `CloudWatch` Logs export writes.
    Time,
}

/// What says that the content ends where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A container with a checksum: gzip.
    Sealed,
    /// Nothing: the last line may be cut.
    Open,
}

struct Text<'a, S> {
    lines: &'a mut Lines,
    end: End,
    before: Before,
    number: u64,
    /// Inside a line that is longer than [`MAX_LINE`], whose rest is thrown away.
    overlong: bool,
    sink: &'a mut S,
}

/// Reads `head`, then `content` to its end.
pub(super) fn read<S: FlowSink>(
    head: &[u8],
    content: &mut impl Read,
    (before, end): (Before, End),
    lines: &mut Lines,
    sink: &mut S,
) -> Result<(), ReadError> {
    let head = head.strip_prefix(BOM).unwrap_or(head);
    let mut buffer = vec![0; BUFFER.max(head.len() + MAX_LINE)];
    buffer[..head.len()].copy_from_slice(head);
    let mut filled = head.len();
    let mut text = Text { lines, end, before, number: 0, overlong: false, sink };
    loop {
        let full = fill(content, &mut buffer, &mut filled)?;
        let taken = text.whole_lines(&buffer[..filled])?;
        if !full {
            return text.last_line(&buffer[taken..filled]);
        }
        buffer.copy_within(taken..filled, 0);
        filled -= taken;
        if filled > MAX_LINE {
            text.overlong = true;
            filled = 0;
        }
    }
}

/// Reads until the buffer is full; `false` at the end of the content.
fn fill(content: &mut impl Read, buffer: &mut [u8], filled: &mut usize) -> Result<bool, ReadError> {
    while *filled < buffer.len() {
        match content.read(&mut buffer[*filled..]) {
            Ok(0) => return Ok(false),
            Ok(n) => *filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ReadError::from_stream(error)),
        }
    }
    Ok(true)
}

impl<S: FlowSink> Text<'_, S> {
    /// Reads every line that has its end in `bytes`; returns how many bytes those are.
    fn whole_lines(&mut self, bytes: &[u8]) -> Result<usize, ReadError> {
        let mut at = 0;
        while let Some(len) = memchr::memchr(b'\n', &bytes[at..]) {
            self.line(&bytes[at..], len, true)?;
            at += len + 1;
        }
        Ok(at)
    }

    fn last_line(&mut self, line: &[u8]) -> Result<(), ReadError> {
        if line.is_empty() && !self.overlong { Ok(()) } else { self.line(line, line.len(), false) }
    }

    #[inline]
    fn line(&mut self, rest: &[u8], len: usize, ended: bool) -> Result<(), ReadError> {
        self.number += 1;
        let at = Place { number: self.number, ended, sealed: self.end == End::Sealed };
        if self.overlong || len > MAX_LINE {
            return self.overlong_line(at);
        }
        let len = if len > 0 && rest[len - 1] == b'\r' { len - 1 } else { len };
        let skip = match self.before {
            Before::Nothing => 0,
            Before::Time => detect::message_at(&rest[..len]).unwrap_or(0),
        };
        self.lines.line(&rest[skip..], len - skip, at, self.sink)
    }

    #[cold]
    fn overlong_line(&mut self, at: Place) -> Result<(), ReadError> {
        self.overlong = false;
        if !at.ended {
            return Err(ReadError::BrokenOff { part: "the last line", why: "longer than 64 KiB".to_owned() });
        }
        self.lines.malformed(at.number, "a line longer than 64 KiB", self.sink);
        Ok(())
    }
}
