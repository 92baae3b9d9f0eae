//! Streams of bytes on their way to a reader: gzip taken off, hashed as they pass. Knows nothing of what they mean.

use super::inflate::GzReader;
use super::objects::ObjectBytes;
use super::spare::{Lent, Shelf, Spare};
use std::io::{self, BufRead, Cursor, Read};
use std::thread::LocalKey;
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
const SMALL: usize = 4 << 10;

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
    let mut reader: Inflated = Box::new(Stored { inner: raw, buffer: Lent::take() });
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
    // Room for all of a small object, so that it need not grow.
    let mut head = Vec::with_capacity(len.min(SMALL));
    let limit = u64::try_from(len).unwrap_or(u64::MAX);
    reader.take(limit).read_to_end(&mut head).map_err(StreamError::of)?;
    Ok(head)
}

/// Stored bytes by the buffer.
struct Stored<R> {
    inner: R,
    buffer: Lent<Buffer>,
}

struct Buffer {
    bytes: Box<[u8]>,
    /// What was read and not consumed.
    at: usize,
    end: usize,
}

thread_local! {
    static SPARE: Shelf<Buffer> = const { Shelf::new() };
}

impl Spare for Buffer {
    fn shelf() -> &'static LocalKey<Shelf<Self>> {
        &SPARE
    }

    fn fresh() -> Self {
        Self { bytes: vec![0; READ_BUFFER].into_boxed_slice(), at: 0, end: 0 }
    }

    fn reset(&mut self) {
        (self.at, self.end) = (0, 0);
    }
}

impl<R: Read> BufRead for Stored<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let Buffer { bytes, at, end } = &mut *self.buffer;
        if at == end {
            (*at, *end) = (0, 0);
            *end = self.inner.read(bytes)?;
        }
        Ok(&bytes[*at..*end])
    }

    fn consume(&mut self, len: usize) {
        let Buffer { at, end, .. } = &mut *self.buffer;
        *at = (*at + len).min(*end);
    }
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Whoever has a buffer of that size needs none between.
        if self.buffer.at == self.buffer.end && into.len() >= READ_BUFFER {
            return self.inner.read(into);
        }
        let given = self.fill_buf()?;
        let len = given.len().min(into.len());
        into[..len].copy_from_slice(&given[..len]);
        self.consume(len);
        Ok(len)
    }
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

impl<R: BufRead> BufRead for Hashing<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, len: usize) {
        // What is consumed was given before, and is given again without reading.
        if len > 0
            && let Ok(given) = self.inner.fill_buf()
        {
            let passed = &given[..len.min(given.len())];
            self.hash.update(passed);
            self.bytes = self.bytes.saturating_add(u64::try_from(passed.len()).unwrap_or(u64::MAX));
        }
        self.inner.consume(len);
    }
}
