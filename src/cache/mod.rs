//! What earlier runs worked out, kept in files: whole reports, and below them what was counted in each flow log object.
//!
//! Nothing here may change an answer. An entry is used only if its place, the magic and the key inside it, and the checksum
//! over its content all say that it is the one that was asked for; anything else is worked out again. What cannot be written
//! is not kept, and said once.

mod files;
mod pack;
mod packs;
mod reports;
mod table;

pub use pack::{Counted, Told};
pub use packs::{At, Packs, Size, meaning};
pub use reports::KeptReport;

use hashbrown::HashSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use xxhash_rust::xxh3::xxh3_128;

/// Most bytes that the cache may hold before entries that were not used for longest go: 2 GiB.
pub const MAX_BYTES: u64 = 2 << 30;

/// Where a cache is and who uses it when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// What tells this build of natlens from every other: another build may count or decide differently.
    pub program: String,
    /// When the run began, in nanoseconds since 1970.
    pub now: i128,
}

/// The name of an entry: a hash of everything that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u128);

impl Key {
    /// The key of something that depends on these texts, of this build, in this form.
    #[must_use]
    pub fn of(place: &Place, parts: &[&str]) -> Self {
        let mut text = String::new();
        for part in [place.program.as_str()].iter().chain(parts) {
            // With its length, so that no two lists of parts make one text.
            text.extend([&*part.len().to_string(), ":", part]);
        }
        Self(xxh3_128(text.as_bytes()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A cache that may fail to keep, and then says so.
#[derive(Debug)]
pub struct Cache {
    place: Place,
    limit: u64,
    writable: OnceLock<bool>,
    trouble: Mutex<Option<String>>,
    wrote: AtomicBool,
    needed: Mutex<Needed>,
}

/// What this run uses or wrote: all of it stays, or the next run would have to make it again.
#[derive(Debug, Default)]
struct Needed {
    entries: HashSet<PathBuf>,
    bytes: u64,
}

impl Cache {
    /// The cache at a place, which need not exist yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self::with_limit(place, MAX_BYTES)
    }

    fn with_limit(place: Place, limit: u64) -> Self {
        let (writable, trouble, wrote, needed) = Default::default();
        Self { place, limit, writable, trouble, wrote, needed }
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The run let time go by before it looked at anything.
    pub const fn waited_until(&mut self, now: i128) {
        self.place.now = now;
    }

    /// Whether anything can be kept; what is made for the cache alone need not be made if not.
    pub fn can_keep(&self) -> bool {
        let try_it = || files::can_write(&self.place.folder).map_err(|error| self.failed(&self.place.folder, &error));
        *self.writable.get_or_init(|| try_it().is_ok()) && lock(&self.trouble).is_none()
    }

    /// A file that this run uses. Its entry stays.
    fn need(&self, file: &Path, bytes: u64) {
        let mut needed = lock(&self.needed);
        needed.bytes = needed.bytes.saturating_add(bytes);
        needed.entries.insert(files::entry(file));
    }

    /// Whether so many bytes fit beside what this run needs.
    fn has_room(&self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        lock(&self.needed).bytes.saturating_add(bytes) <= self.limit
    }

    /// Writes a file of an entry, whole or not at all.
    fn write(&self, path: &Path, parts: &[&[u8]]) -> bool {
        let written = self.can_keep().then(|| files::write(path, parts));
        match &written {
            Some(Ok(())) => {
                self.wrote.store(true, Ordering::Relaxed);
                self.need(path, parts.iter().map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX)).sum());
            }
            Some(Err(error)) => self.failed(path, error),
            None => {}
        }
        matches!(written, Some(Ok(())))
    }

    fn failed(&self, path: &Path, error: &io::Error) {
        lock(&self.trouble).get_or_insert_with(|| format!("{}: {error}", path.display()));
    }

    /// Removes what was not used for longest, if the cache grew past its limit, and says the first thing that went wrong.
    #[must_use]
    pub fn close(self) -> Option<String> {
        if self.wrote.into_inner() {
            files::sweep(&self.place.folder, self.limit, self.place.now, &lock(&self.needed).entries);
        }
        self.trouble.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
