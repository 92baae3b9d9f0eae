//! Access at any offset. What needs that (Parquet, zip) is read whole before, to be hashed: it is kept as it passes, so that it is
//! fetched once. What lies in a store is kept in memory or in a temporary file; of local files only small ones, where thousands of
//! small reads would cost more than their bytes.

use crate::sources::spare::{Lent, Shelf, Spare};
use bytes::Bytes;
use parquet::errors::Result as ParquetResult;
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::LocalKey;

/// Bytes from which an object of a store is kept in a temporary file: 8 MiB.
const IN_MEMORY: usize = 8 << 20;
/// Bytes from which a local file is opened again: 4 MiB.
const LOCAL_IN_MEMORY: usize = 4 << 20;

/// What Parquet files and zip archives begin with.
const RANDOM: [&[u8; 4]; 2] = [b"PAR1", b"PK\x03\x04"];

/// Bytes with access at any offset.
#[derive(Debug)]
pub enum Random {
    /// A local file.
    File(File),
    /// An object that fits in memory.
    Memory(Cursor<Bytes>),
}

/// Where an object that was read waits for whoever wants it at any offset.
#[derive(Clone, Debug, Default)]
pub(super) struct Spool(Arc<Mutex<Option<Random>>>);

impl Spool {
    /// What was kept, if the object was read to its end and is of a kind that needs it.
    pub(super) fn take(&self) -> Option<Random> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The same bytes, kept as they pass where they need to be.
    pub(super) fn tee<R: Read>(&self, inner: R) -> Tee<R> {
        Tee { inner, spool: self.clone(), kept: Kept::Unknown(Vec::new()), local: None }
    }

    /// The same of a local file of so many bytes, which need not be kept.
    pub(super) fn tee_local<R: Read>(&self, inner: R, size: u64) -> Tee<R> {
        Tee { local: Some(usize::try_from(size).unwrap_or(usize::MAX)), ..self.tee(inner) }
    }

    /// All bytes of a reader, at any offset.
    pub(super) fn whole(inner: impl Read) -> io::Result<Random> {
        let spool = Self::default();
        let mut tee = Tee { kept: Kept::Memory(Lent::take()), ..spool.tee(inner) };
        io::copy(&mut tee, &mut io::sink())?;
        spool.take().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

#[derive(Debug)]
enum Kept {
    /// The first bytes, fewer than tell the kind.
    Unknown(Vec<u8>),
    Memory(Lent<Room>),
    File(File),
    Not,
}

/// Room for an object.
struct Room(Vec<u8>);

thread_local! {
    static SPARE: Shelf<Room> = const { Shelf::new() };
}

impl Spare for Room {
    fn shelf() -> &'static LocalKey<Shelf<Self>> {
        &SPARE
    }

    fn fresh() -> Self {
        Self(Vec::new())
    }

    fn reset(&mut self) {
        self.0.clear();
        // Of a large object of a store, or of a file that grew, nothing stays.
        self.0.shrink_to(LOCAL_IN_MEMORY);
    }
}

impl AsRef<[u8]> for Lent<Room> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Keeps what passes.
#[derive(Debug)]
pub(super) struct Tee<R> {
    inner: R,
    spool: Spool,
    kept: Kept,
    /// The size of what can be had again as easily.
    local: Option<usize>,
}

impl<R> Tee<R> {
    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.kept {
            Kept::Not => return Ok(()),
            Kept::File(file) => return file.write_all(bytes),
            Kept::Unknown(held) => {
                held.extend_from_slice(bytes);
                if held.len() >= RANDOM[0].len() {
                    if !RANDOM.iter().any(|magic| held.starts_with(*magic)) {
                        self.kept = Kept::Not;
                        return Ok(());
                    }
                    if self.local.is_some_and(|size| size > LOCAL_IN_MEMORY) {
                        self.kept = Kept::Not;
                        return Ok(());
                    }
                    let mut room = Lent::<Room>::take();
                    room.0.reserve_exact(self.local.unwrap_or(0));
                    room.0.extend_from_slice(held);
                    self.kept = Kept::Memory(room);
                }
            }
            Kept::Memory(held) => held.0.extend_from_slice(bytes),
        }
        if self.local.is_some() {
            if matches!(&self.kept, Kept::Memory(held) if held.0.len() > LOCAL_IN_MEMORY) {
                self.kept = Kept::Not;
            }
        } else if let Kept::Memory(held) = &self.kept
            && held.0.len() > IN_MEMORY
        {
            let mut file = tempfile::tempfile()?;
            file.write_all(&held.0)?;
            self.kept = Kept::File(file);
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let random = match std::mem::replace(&mut self.kept, Kept::Not) {
            Kept::Memory(held) => Random::Memory(Cursor::new(Bytes::from_owner(held))),
            Kept::File(mut file) => {
                file.rewind()?;
                Random::File(file)
            }
            Kept::Unknown(_) | Kept::Not => return Ok(()),
        };
        *self.spool.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(random);
        Ok(())
    }
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        if len == 0 && !buffer.is_empty() {
            self.end()?;
        }
        self.keep(&buffer[..len])?;
        Ok(len)
    }
}

impl Read for Random {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Random {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}

impl Length for Random {
    fn len(&self) -> u64 {
        match self {
            Self::File(file) => Length::len(file),
            Self::Memory(bytes) => bytes.get_ref().len() as u64,
        }
    }
}

impl ChunkReader for Random {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(match self {
            Self::File(file) => Box::new(file.get_read(start)?),
            Self::Memory(bytes) => Box::new(bytes.get_ref().get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        // Checked here: a damaged footer may ask for anything, and room would be made for it first.
        let end = start.checked_add(length as u64).filter(|end| *end <= self.len());
        let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        match self {
            Self::File(file) => file.get_bytes(start, length),
            Self::Memory(bytes) => {
                let range = usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
                Ok(bytes.get_ref().slice(range))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(situation: &str, content: &[u8], is_kept: bool, in_file: bool) {
        let spool = Spool::default();
        check_tee(situation, content, (&spool, spool.tee(content)), is_kept, in_file);
        let is_kept = is_kept && content.len() <= LOCAL_IN_MEMORY;
        check_tee(&format!("{situation}, here"), content, (&spool, spool.tee_local(content, 12)), is_kept, false);
    }

    fn check_tee(
        situation: &str,
        content: &[u8],
        (spool, mut tee): (&Spool, Tee<&[u8]>),
        is_kept: bool,
        in_file: bool,
    ) {
        let mut first = [0; 3];
        tee.read_exact(&mut first).expect("long enough");
        assert!(spool.take().is_none(), "{situation}: not at its end");
        let mut rest = Vec::new();
        tee.read_to_end(&mut rest).expect("memory can be read");
        assert_eq!([&first[..], &rest].concat(), content, "{situation}");
        let Some(random) = spool.take() else { return assert!(!is_kept, "{situation}") };
        assert!(is_kept, "{situation}");
        assert_eq!(matches!(random, Random::File(_)), in_file, "{situation}");
        assert_eq!(Length::len(&random), content.len() as u64, "{situation}");
        assert_eq!(random.get_bytes(2, 5).expect("inside"), content[2..7], "{situation}");
        assert!(random.get_bytes(content.len() as u64 - 2, 5).is_err(), "{situation}: past the end");
        assert!(random.get_bytes(u64::MAX, usize::MAX).is_err(), "{situation}: far past the end");
        let mut all = Vec::new();
        random.get_read(0).expect("a reader").read_to_end(&mut all).expect("readable");
        assert!(all == content, "{situation}");
        assert!(spool.take().is_none(), "{situation}: taken twice");
    }

    #[test]
    fn what_needs_any_offset_is_kept_as_it_passes() {
        check("text", b"version account-id", false, false);
        check("Parquet", b"PAR1....PAR1", true, false);
        check("zip", b"PK\x03\x04....", true, false);
        check("a large one", &[&b"PAR1"[..], &vec![7; IN_MEMORY]].concat(), true, true);
        let random = Spool::whole(&b"text of any kind"[..]).expect("readable");
        assert_eq!(random.get_bytes(5, 2).expect("inside"), "of");
    }
}
