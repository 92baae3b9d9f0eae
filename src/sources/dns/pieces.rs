//! A stream of text into lines or into JSON documents, in bounded memory: one buffer, whatever the object's size.
//!
//! Arrays of documents, and the `events` of a document of `CloudWatch` Logs, are taken apart into their elements, so that a
//! document of any size passes through.

use super::error::DnsReadError;
use crate::sources::pages::Ends;
use crate::sources::stream::StreamError;
use std::io::{self, Read};
use std::ops::Range;

/// A longer line is malformed and a longer record refused. A subscription filter's document, the largest thing that is kept
/// whole, stays below a few MiB.
pub(super) const MAX_PIECE: usize = 16 << 20;
const BUFFER: usize = 256 << 10;

/// A line or a document, valid until the next one is asked for.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The line it begins in, from 1.
    pub line: u64,
    range: Range<usize>,
    /// Whether a line end followed.
    pub ended: bool,
    /// Too long to be kept; it has no bytes.
    pub overlong: bool,
}

/// The part of the content that is in memory.
pub(super) struct Window<R> {
    content: R,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    line: u64,
}

impl<R: Read> Window<R> {
    /// Over `head`, then `content` to its end.
    pub(super) fn new(head: &[u8], content: R) -> Self {
        let mut buffer = vec![0; BUFFER.max(head.len())];
        buffer[..head.len()].copy_from_slice(head);
        Self { content, buffer, start: 0, filled: head.len(), line: 1 }
    }

    /// The bytes of a piece.
    #[inline]
    pub(super) fn bytes(&self, piece: &Piece) -> &[u8] {
        &self.buffer[piece.range.clone()]
    }

    #[inline]
    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// Reads more behind the rest; `false` at the end of the content.
    fn more(&mut self) -> Result<bool, DnsReadError> {
        if self.filled == self.buffer.len() {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
            if self.filled > self.buffer.len() / 2 {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        loop {
            match self.content.read(&mut self.buffer[self.filled..]) {
                Ok(n) => {
                    self.filled += n;
                    return Ok(n > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(StreamError::of(error).into()),
            }
        }
    }

    /// Leaves `len` bytes behind.
    fn pass(&mut self, len: usize) {
        let passed = &self.buffer[self.start..self.start + len];
        self.line += u64::try_from(memchr::memchr_iter(b'\n', passed).count()).unwrap_or(0);
        self.start += len;
    }

    fn piece(&mut self, len: usize, ended: bool) -> Piece {
        let piece = Piece { line: self.line, range: self.start..self.start + len, ended, overlong: false };
        self.pass(len);
        piece
    }

    /// The next line, without its end.
    pub(super) fn next_line(&mut self) -> Result<Option<Piece>, DnsReadError> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.rest()[searched..]) {
                let piece = Piece {
                    line: self.line,
                    range: self.start..self.start + searched + at,
                    ended: true,
                    overlong: false,
                };
                self.start = piece.range.end + 1;
                self.line += 1;
                return Ok(Some(piece));
            }
            searched = self.rest().len();
            if searched > MAX_PIECE {
                return self.overlong_line().map(Some);
            }
            if !self.more()? {
                return Ok((searched > 0).then(|| self.piece(searched, false)));
            }
        }
    }

    #[cold]
    fn overlong_line(&mut self) -> Result<Piece, DnsReadError> {
        let line = self.line;
        let ended = loop {
            if let Some(at) = memchr::memchr(b'\n', self.rest()) {
                self.pass(at + 1);
                break true;
            }
            self.pass(self.rest().len());
            if !self.more()? {
                break false;
            }
        };
        Ok(Piece { line, range: 0..0, ended, overlong: true })
    }
}

/// Where in the content the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between documents, inside so many arrays.
    Top(u32),
    /// Between the `events` of a document that lies inside so many arrays.
    Events(u32),
    /// Behind them, in the same document.
    Behind(u32),
}

/// Content as a row of JSON documents.
pub(super) struct Documents<R> {
    /// The part in memory.
    pub window: Window<R>,
    place: Place,
    /// Whether documents with `events` were taken apart.
    pub had_events: bool,
    /// Pages of `aws logs filter-log-events` among them.
    pub pages: Ends,
    /// The document at hand is such a page, and whether its head names a next one.
    page: Option<bool>,
}

impl<R: Read> Documents<R> {
    pub(super) const fn new(window: Window<R>) -> Self {
        Self { window, place: Place::Top(0), had_events: false, pages: Ends { open: false, last: false }, page: None }
    }

    /// The next document, from its `{` to its `}`; what is in between may still be no JSON.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, DnsReadError> {
        loop {
            if let Place::Behind(arrays) = self.place {
                self.pass_document()?;
                self.place = Place::Top(arrays);
            }
            let blank = self.window.rest().iter().take_while(|&&b| b.is_ascii_whitespace() || b == b',').count();
            self.window.pass(blank);
            match (self.window.rest().first(), self.place) {
                (Some(b'{'), _) => {
                    if let Some(piece) = self.document()? {
                        return Ok(Some(piece));
                    }
                }
                (Some(b'['), Place::Top(arrays)) => self.step(Place::Top(arrays.saturating_add(1))),
                (Some(b']'), Place::Top(arrays @ 1..)) => self.step(Place::Top(arrays - 1)),
                (Some(b']'), Place::Events(arrays)) => self.step(Place::Behind(arrays)),
                (Some(_), _) => {
                    let why = format!("line {}: what follows is no JSON object", self.window.line);
                    return Err(DnsReadError::json(why));
                }
                (None, Place::Top(0)) => {
                    if !self.window.more()? {
                        return Ok(None);
                    }
                }
                (None, _) => self.need_more()?,
            }
        }
    }

    fn step(&mut self, place: Place) {
        self.window.pass(1);
        self.place = place;
    }

    fn need_more(&mut self) -> Result<(), DnsReadError> {
        if self.window.more()? { Ok(()) } else { Err(DnsReadError::json("the content ends inside it")) }
    }

    /// The document that begins here; `None` after its head, if it holds `events`.
    fn document(&mut self) -> Result<Option<Piece>, DnsReadError> {
        let mut scan = Scan::default();
        loop {
            match (scan.go(self.window.rest()), self.place) {
                (Some(Stop::End(len)), _) => return Ok(Some(self.window.piece(len, true))),
                (Some(Stop::Events(len)), Place::Top(arrays)) => {
                    let head = &self.window.rest()[..len];
                    self.page = is_list(head, b"\"events\"").then(|| names_next(head));
                    self.window.pass(len);
                    self.place = Place::Events(arrays);
                    self.had_events = true;
                    return Ok(None);
                }
                (Some(Stop::Events(_)), _) => {}
                (None, _) => {
                    if self.window.rest().len() > MAX_PIECE {
                        return Err(DnsReadError::HugeDocument(MAX_PIECE));
                    }
                    self.need_more()?;
                }
            }
        }
    }

    /// Passes over the rest of a document whose head and events were read.
    fn pass_document(&mut self) -> Result<(), DnsReadError> {
        let mut scan = Scan { depth: 1, ..Scan::default() };
        let mut end = Vec::new();
        loop {
            match scan.go(self.window.rest()) {
                Some(Stop::End(len)) => {
                    end.extend_from_slice(&self.window.rest()[..len]);
                    self.window.pass(len);
                    if let Some(in_head) = self.page.take() {
                        self.pages.see(in_head || names_next(&end));
                    }
                    return Ok(());
                }
                Some(Stop::Events(_)) => {}
                None => {
                    let len = self.window.rest().len();
                    // The token stands behind the lists: of a long end the last part is enough.
                    end.drain(..end.len().saturating_sub(BUFFER));
                    end.extend_from_slice(self.window.rest());
                    self.window.pass(len);
                    scan.at -= len;
                    self.need_more()?;
                }
            }
        }
    }
}

/// A walk through a document that only knows brackets and strings.
#[derive(Debug, Default)]
struct Scan {
    at: usize,
    depth: u32,
    string: bool,
}

/// Why a walk stopped: after so many bytes.
enum Stop {
    /// The document's end.
    End(usize),
    /// The `[` of its `events`.
    Events(usize),
}

impl Scan {
    /// Goes on through `bytes`, which begin where the document does; `None` if they end first.
    fn go(&mut self, bytes: &[u8]) -> Option<Stop> {
        loop {
            if self.string {
                let found = memchr::memchr2(b'"', b'\\', bytes.get(self.at..)?);
                let Some(len) = found else {
                    self.at = bytes.len();
                    return None;
                };
                self.string = bytes[self.at + len] == b'\\';
                // Over what is escaped, which may not be there yet.
                self.at += len + 1 + usize::from(self.string);
                continue;
            }
            let byte = *bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => self.string = true,
                b'{' => self.depth = self.depth.saturating_add(1),
                b'[' => {
                    self.depth = self.depth.saturating_add(1);
                    if self.depth == 2 && is_events(&bytes[..self.at - 1]) {
                        return Some(Stop::Events(self.at));
                    }
                }
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(Stop::End(self.at));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a part of a document names a next page.
fn names_next(part: &[u8]) -> bool {
    let keys: [&[u8]; 2] = [b"\"nextToken\"", b"\"NextToken\""];
    keys.iter().any(|key| {
        memchr::memmem::find_iter(part, key).any(|at| {
            let value = part[at + key.len()..].trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
            value.is_some_and(|value| value.starts_with(b"\"") && !value.starts_with(b"\"\""))
        })
    })
}

/// Whether the list that begins at the end of this is that of a key.
fn is_list(head: &[u8], key: &[u8]) -> bool {
    let before = head.strip_suffix(b"[").unwrap_or(head).trim_ascii_end();
    before.strip_suffix(b":").is_some_and(|before| before.trim_ascii_end().ends_with(key))
}

/// Whether a list that follows is that of `aws logs filter-log-events` or of a subscription filter.
fn is_events(before: &[u8]) -> bool {
    is_list(before, b"\"events\"") || is_list(before, b"\"logEvents\"")
}
