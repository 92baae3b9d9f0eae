//! A stream of text into lines, in bounded memory: they are read where the stream holds them, and only one that it holds in two
//! pieces is put together.

mod shared;

pub use shared::Helpers;
pub(super) use shared::{BLOCK, read as read_shared};

use super::detect;
use super::error::ReadError;
use super::lines::{Lines, Place};
use super::split::{Split, Stretch};
use crate::model::flow::FlowSink;
use crate::sources::spare::Lent;
use crate::sources::stream::BOM;
use std::io::{self, BufRead};

/// A longer line is malformed: AWS's longest records stay far below.
pub(super) const MAX_LINE: usize = 64 << 10;

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

/// Both.
pub(super) type Form = (Before, End);

struct Text<'a, S> {
    lines: &'a mut Lines,
    form: Form,
    /// Lines so far.
    number: u64,
    /// The line whose end has not come yet, as far as it is here.
    begun: Vec<u8>,
    /// Inside a line that is longer than [`MAX_LINE`], whose rest is thrown away.
    overlong: bool,
    sink: &'a mut S,
}

/// Reads `head`, then `content` to its end.
pub(super) fn read<S: FlowSink>(
    head: &[u8],
    content: &mut impl BufRead,
    form: Form,
    lines: &mut Lines,
    sink: &mut S,
) -> Result<(), ReadError> {
    let mut text = Text::new(form, lines, sink);
    text.head(head)?;
    text.pieces(content, || false)?;
    text.last_line()?;
    lines.end()
}

impl<'a, S: FlowSink> Text<'a, S> {
    const fn new(form: Form, lines: &'a mut Lines, sink: &'a mut S) -> Self {
        Self { lines, form, number: 0, begun: Vec::new(), overlong: false, sink }
    }

    fn head(&mut self, head: &[u8]) -> Result<(), ReadError> {
        self.piece(head.strip_prefix(BOM).unwrap_or(head), &mut Lent::take())
    }

    /// Reads pieces until the content ends, or until it is enough; whether it ended.
    fn pieces(&mut self, content: &mut impl BufRead, enough: impl Fn() -> bool) -> Result<bool, ReadError> {
        let mut stretch = Lent::take();
        // Not within a line that is thrown away.
        while self.overlong || !enough() {
            let piece = match content.fill_buf() {
                Ok([]) => return Ok(true),
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ReadError::from_stream(error)),
            };
            let len = piece.len();
            self.piece(piece, &mut stretch)?;
            content.consume(len);
        }
        Ok(false)
    }

    /// Reads every line that ends in `piece`, where it lies, and keeps what is left for the next one.
    fn piece(&mut self, mut piece: &[u8], stretch: &mut Stretch) -> Result<(), ReadError> {
        if self.overlong || !self.begun.is_empty() {
            let Some(len) = memchr::memchr(b'\n', piece) else {
                self.keep(piece);
                return Ok(());
            };
            self.keep(&piece[..len]);
            let begun = std::mem::take(&mut self.begun);
            self.line(&begun, true)?;
            self.begun = begun;
            self.begun.clear();
            piece = &piece[len + 1..];
        }
        while !piece.is_empty() {
            let found = stretch.find(piece);
            if found == 0 {
                // Lines longer than a stretch, or none.
                let Some(len) = memchr::memchr(b'\n', piece) else { break };
                self.line(&piece[..len], true)?;
                piece = &piece[len + 1..];
                continue;
            }
            for line in stretch.lines(piece) {
                self.split_line(line)?;
            }
            piece = &piece[found..];
        }
        self.keep(piece);
        Ok(())
    }

    #[inline]
    fn split_line(&mut self, split: Split<'_>) -> Result<(), ReadError> {
        let line = split.line();
        if self.form.0 == Before::Time || line.last() == Some(&b'\r') {
            return self.line(line, true);
        }
        self.number += 1;
        let at = Place { number: self.number, ended: true, sealed: self.form.1 == End::Sealed };
        self.lines.split_line(split, at, self.sink)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.overlong |= self.begun.len() + bytes.len() > MAX_LINE;
        if self.overlong {
            self.begun.clear();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    fn last_line(&mut self) -> Result<(), ReadError> {
        let begun = std::mem::take(&mut self.begun);
        if begun.is_empty() && !self.overlong { Ok(()) } else { self.line(&begun, false) }
    }

    fn line(&mut self, line: &[u8], ended: bool) -> Result<(), ReadError> {
        self.number += 1;
        let at = Place { number: self.number, ended, sealed: self.form.1 == End::Sealed };
        if self.overlong || line.len() > MAX_LINE {
            return self.overlong_line(at);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let skip = match self.form.0 {
            Before::Nothing => 0,
            Before::Time => detect::message_at(line).unwrap_or(0),
        };
        self.lines.line(&line[skip..], at, self.sink)
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
