//! What tells the content of an object from every other, without reading it. Never looks inside.

use super::store::Entry;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

/// The identity of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A local file. `changed` and `file` also tell a file whose content was replaced under its old size and time.
    Local {
        /// Its canonical path.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// When its content was written, in nanoseconds since 1970.
        modified: i128,
        /// When anything about it was changed, likewise; where the system does not tell, `modified`.
        changed: i128,
        /// Its number in the file system; 0 where the system has none.
        file: u64,
    },
    /// An object in a store, which says itself what tells its content from every other.
    Stored(Arc<Entry>),
}

/// What the system says of a file beside its size: the times and the number of an [`Identity::Local`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    modified: i128,
    changed: i128,
    file: u64,
}

impl Stamp {
    /// `None` on a system that keeps no times.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let modified = since_1970(metadata.modified().ok()?)?;
        let (changed, file) = beyond_time(metadata, modified);
        Some(Self { modified, changed, file })
    }
}

impl Identity {
    /// The identity of the file at this canonical path, of this size.
    pub(super) fn local(path: PathBuf, size: u64, stamp: Stamp) -> Self {
        let Stamp { modified, changed, file } = stamp;
        Self::Local { path, size, modified, changed, file }
    }

    /// The identity of one file that the user named.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self::local(path.canonicalize().ok()?, metadata.len(), Stamp::of(&metadata)?))
    }

    /// From when on its times can be trusted, in nanoseconds since 1970: a file may be written twice within one tick of the
    /// clock that its times come from, and then both contents have one identity. Ticks are at most 10 ms; file systems that
    /// keep whole seconds only, or every other second, are known by times without a fraction.
    #[must_use]
    pub fn settled_from(&self) -> i128 {
        let Self::Local { modified, changed, .. } = self else { return i128::MIN };
        let tick = |time: i128| if time % SECOND == 0 { 2 * SECOND } else { SECOND / 50 };
        (modified + tick(*modified)).max(changed + tick(*changed))
    }
}

/// Nanoseconds since 1970.
#[must_use]
pub fn since_1970(time: SystemTime) -> Option<i128> {
    let nanoseconds = |span: std::time::Duration| i128::try_from(span.as_nanos()).ok();
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => nanoseconds(after),
        Err(before) => nanoseconds(before.duration()).map(|span| -span),
    }
}

#[cfg(unix)]
fn beyond_time(metadata: &Metadata, _: i128) -> (i128, u64) {
    use std::os::unix::fs::MetadataExt;
    (i128::from(metadata.ctime()) * SECOND + i128::from(metadata.ctime_nsec()), metadata.ino())
}

#[cfg(not(unix))]
fn beyond_time(_: &Metadata, modified: i128) -> (i128, u64) {
    (modified, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_trusted_once_the_tick_of_its_times_is_over() {
        let check = |situation: &str, modified: i128, changed: i128, expect: i128| {
            let identity = Identity::Local { path: PathBuf::new(), size: 1, modified, changed, file: 1 };
            assert_eq!(identity.settled_from(), expect, "{situation}");
        };
        check("fine times", SECOND + 1, SECOND + 1, SECOND + 1 + SECOND / 50);
        check("whole seconds", 9 * SECOND, 9 * SECOND, 11 * SECOND);
        check("an old time on a new file", SECOND, 9 * SECOND + 5, 9 * SECOND + 5 + SECOND / 50);
    }

    #[test]
    fn replaced_content_has_another_identity() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("object");
        std::fs::write(&path, "one").expect("a file");
        let before = Identity::of_file(&path).expect("a file has times");
        assert_eq!(Identity::of_file(&path).as_ref(), Some(&before));
        let time = std::fs::metadata(&path).expect("metadata").modified().expect("a time");
        std::thread::sleep(std::time::Duration::from_millis(30));
        std::fs::write(&path, "two").expect("a file");
        let file = std::fs::File::options().write(true).open(&path).expect("the file");
        file.set_modified(time).expect("a time can be set");
        let after = Identity::of_file(&path).expect("a file has times");
        #[cfg(unix)]
        assert_ne!(after, before, "same size, same time, other content");
        let Identity::Local { size, modified, .. } = after else { panic!("a file is local") };
        assert!(matches!(before, Identity::Local { size: s, modified: m, .. } if s == size && m == modified));
        assert_eq!(Identity::of_file(folder.path()), None);
    }
}
