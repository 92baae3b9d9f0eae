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
pub use packs::{At, Packs, meaning};
pub use reports::KeptReport;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
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
    trouble: Mutex<Option<String>>,
    wrote: AtomicBool,
}

impl Cache {
    /// The cache at a place, which need not exist yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place, trouble: Mutex::new(None), wrote: AtomicBool::new(false) }
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

    /// Writes an entry, whole or not at all.
    fn write(&self, path: &Path, parts: &[&[u8]]) -> bool {
        let written = files::write(path, parts);
        if let Err(error) = &written {
            self.failed(path, error);
        }
        self.wrote.fetch_or(written.is_ok(), Ordering::Relaxed);
        written.is_ok()
    }

    fn failed(&self, path: &Path, error: &io::Error) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert_with(|| format!("{}: {error}", path.display()));
    }

    /// Removes what was not used for longest, if the cache grew past its limit, and says the first thing that went wrong.
    #[must_use]
    pub fn close(self) -> Option<String> {
        if self.wrote.into_inner() {
            files::sweep(&self.place.folder, MAX_BYTES, self.place.now);
        }
        self.trouble.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
