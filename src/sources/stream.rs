//! Streams of bytes on their way to a reader: gzip taken off, hashed as they pass. Knows nothing of what they mean.

use super::inflate::GzReader;
use super::objects::ObjectBytes;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use xxhash_rust::xxh3::Xxh3;

/// Two bytes that start every gzip member (RFC 1952).
pub(super) const GZIP: &[u8] = b"\x1f\x8b";
/// Four bytes that start and end every Parquet file.
pub(super) const PARQUET: &[u8] = b"PAR1";
/// What some editors put before UTF-8 text.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Gzip around gzip does occur: a subscription filter's documents in a compressing Firehose stream.
const MAX_NESTING: usize = 3;
const READ_BUFFER: usize = 128 << 10;

/// Content without any gzip around it.
pub(super) type Inflated = Box<dyn BufRead + Send>;

/// Why a stream ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// The source's own failure, of a disk or a network.
    #[error("{0}")]
    Source(#[source] io::Error),
    /// The gzip data are damaged or cut.
    #[error("{0}")]
    Gzip(#[source] io::Error),
    /// Gzip within gzip within gzip and so on.
    #[error("gzip more than {0} times over")]
    Nested(usize),
}

impl StreamError {
    /// Tells a failing source from damaged gzip data.
    pub(super) fn of(error: io::Error) -> Self {
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<SourceFailed>) {
            Self::Source(error)
        } else {
            Self::Gzip(error)
        }
    }
}

/// Marks an error as the source's own, so that a failing disk is never taken for a damaged object.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SourceFailed(#[source] io::Error);

/// The content behind any gzip around it, and whether there was any.
pub(super) fn inflate(bytes: &impl ObjectBytes) -> Result<(Inflated, bool), StreamError> {
    let raw = Source(bytes.open().map_err(StreamError::Source)?);
    let mut reader: Inflated = Box::new(BufReader::with_capacity(READ_BUFFER, raw));
    for depth in 0..=MAX_NESTING {
        let magic = peek(&mut reader, GZIP.len())?;
        let gzip = magic == GZIP;
        let whole = Cursor::new(magic).chain(reader);
        if !gzip {
            return Ok((Box::new(whole), depth > 0));
        }
        reader = Box::new(GzReader::new(whole));
    }
    Err(StreamError::Nested(MAX_NESTING))
}

/// The first `len` bytes, or all that there are.
pub(super) fn peek(reader: &mut impl Read, len: usize) -> Result<Vec<u8>, StreamError> {
    let mut head = Vec::new();
    let limit = u64::try_from(len).unwrap_or(u64::MAX);
    reader.take(limit).read_to_end(&mut head).map_err(StreamError::of)?;
    Ok(head)
}

/// Marks the source's own errors.
struct Source<R>(R);

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, SourceFailed(error)),
        })
    }
}

/// Hashes and counts what passes.
pub(super) struct Hashing<R> {
    inner: R,
    hash: Xxh3,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, hash: Xxh3::new(), bytes: 0 }
    }

    /// XXH3-128 and length of what passed.
    pub(super) fn finish(self) -> (u128, u64) {
        (self.hash.digest128(), self.bytes)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        self.bytes = self.bytes.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        Ok(n)
    }
}
