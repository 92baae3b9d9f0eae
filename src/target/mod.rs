//! Where several files are written: a folder, or a prefix of a bucket. Whoever writes names files and knows nothing of where they
//! come to lie. Reading is by [`crate::sources::objects::Store`], which has no way to write.

mod folder;

pub use folder::Folder;

use crate::sources::objects::StoreError;
use std::fmt;

/// The largest file of a target, in bytes: S3 takes up to 5 GB in one request, of which everything has to be sent again after a
/// broken connection. Who has more makes several files of it.
pub const LARGEST: usize = 1 << 30;

/// What happens to a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The new one takes its place.
    Replace,
    /// It stays, and nothing is written.
    Keep,
}

/// A place for files. Names are paths below it, `traffic/2026-10.parquet`: `/`-separated, without empty parts, `.` and `..`.
///
/// A file is there whole or not at all, and what was said to be written is on disk. Several files are not one: who needs that
/// writes last what says that the others are there.
pub trait Target: fmt::Debug + Send + Sync {
    /// A file's path or address, for messages.
    fn shown(&self, name: &str) -> String;

    /// The names of all files that begin so, sorted; none where there is nothing.
    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// All of a file; `None` where there is none.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a file of at most [`LARGEST`] bytes; whether it did, which only [`Over::Keep`] may prevent.
    fn put(&self, name: &str, bytes: Vec<u8>, over: Over) -> Result<bool, StoreError>;

    /// Takes a file away. One that is not there is no error.
    fn delete(&self, name: &str) -> Result<(), StoreError>;
}

/// A place that several machines write into, where nobody's lock ends with a process: files may be changed by whoever knows what
/// is in them, and by one only.
pub trait Shared: Target {
    /// What tells a file's content from every other; `None` where there is no file.
    fn version(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Writes a file if its version is this one, without one if there is no file. Its new version, or `None` if somebody else was
    /// first.
    fn swap(&self, name: &str, bytes: Vec<u8>, version: Option<&str>) -> Result<Option<String>, StoreError>;
}

/// Whether a name stays below its target.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    name.split('/').all(plain)
}
