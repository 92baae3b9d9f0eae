//! The folder that is written: nothing of a run is seen in it before all of it is there.
//!
//! A run writes into a hidden folder beside the parts. When that is whole and on disk, one rename declares it so; from then on its
//! units are moved into place, by the next run if this one is killed on the way. In a bucket it is done by `remote`.

use super::lock::{LOCK, Patience};
use super::remote::Remote;
use crate::sources::objects::StoreError;
use crate::target::Shared;
use serde_json::{Value, json};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use walkdir::WalkDir;

const PARTIAL: &str = ".natlens-collect.partial";
pub(super) const READY: &str = ".natlens-collect.ready";
/// In a ready folder: the units that it holds.
pub(super) const UNITS: &str = "units.json";
/// Where it lies, files are of two runs until it is gone.
pub const BETWEEN: &str = ".natlens-collect.ready/units.json";
/// In a ready folder: what the units take the place of, until they have.
const OLD: &str = "old";

/// Why a bundle cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Another run writes into it.
    #[error("{0}: another `natlens collect` is writing into this bundle")]
    Busy(String),
    /// The bucket.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file system refuses.
    #[error("{path}: {why}")]
    Io {
        /// What was touched.
        path: String,
        /// What the system said.
        why: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.display().to_string();
    move |why| BundleError::Io { path, why }
}

/// Where a bundle is written.
#[derive(Clone, Debug)]
pub enum To {
    /// A folder; made if it is not there.
    Folder(PathBuf),
    /// A prefix of a bucket.
    Bucket(Arc<dyn Shared>),
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket(target) => f.write_str(target.shown("").trim_end_matches('/')),
        }
    }
}

/// A bundle that this run alone writes into. The lock of a folder ends with the process, however that ends.
#[derive(Debug)]
pub struct Bundle {
    /// What is written before it is moved.
    partial: PathBuf,
    home: Home,
}

#[derive(Debug)]
enum Home {
    Folder { root: PathBuf, _lock: File },
    Bucket { remote: Remote, _scratch: TempDir },
}

impl Bundle {
    /// Opens or makes the bundle, finishes what a killed run had ready, and clears away what it had not. `on_wait` hears where it
    /// takes a while to tell whether another run is at work.
    pub fn open(to: &To, on_wait: &dyn Fn(&str)) -> Result<Self, BundleError> {
        match to {
            To::Folder(root) => Self::folder(root),
            To::Bucket(target) => {
                let scratch = tempfile::tempdir().map_err(at(Path::new("the folder for temporary files")))?;
                let remote = Remote::open(Arc::clone(target), Patience::default(), on_wait)?;
                Ok(Self { partial: scratch.path().to_owned(), home: Home::Bucket { remote, _scratch: scratch } })
            }
        }
    }

    fn folder(root: &Path) -> Result<Self, BundleError> {
        fs::create_dir_all(root).map_err(at(root))?;
        let path = root.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(BundleError::Busy(root.display().to_string())),
            // A file system without locks: two runs there are the user's own affair.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        move_into_place(root)?;
        let partial = root.join(PARTIAL);
        remove(&partial)?;
        Ok(Self { partial, home: Home::Folder { root: root.to_owned(), _lock: lock } })
    }

    /// Whether there is a unit already, `metrics/2026-10/111122223333/us-east-1`.
    pub fn has(&self, unit: &str) -> Result<bool, BundleError> {
        match &self.home {
            Home::Folder { root, .. } => Ok(root.join(unit).exists()),
            Home::Bucket { remote, .. } => remote.has(unit),
        }
    }

    /// The bytes of a file of a unit, if it is there.
    pub fn read(&self, file: &str) -> Result<Option<Vec<u8>>, BundleError> {
        match &self.home {
            Home::Folder { root, .. } => Ok(fs::read(root.join(file)).ok()),
            Home::Bucket { remote, .. } => remote.read(file),
        }
    }

    /// The names of files in a folder of the bundle, which ends with `/`; none where there is no folder.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, BundleError> {
        match &self.home {
            Home::Folder { root, .. } => {
                let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
                Ok(entries.filter_map(|entry| entry.file_name().into_string().ok()).collect())
            }
            Home::Bucket { remote, .. } => remote.names(folder),
        }
    }

    /// Writes JSON for what will be `file`.
    pub fn write_json(&self, file: &str, value: &Value) -> Result<(), BundleError> {
        let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
        text.push(b'\n');
        self.write(file, &text)
    }

    /// Writes bytes for what will be `file`.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let mut out = self.create(file)?;
        let path = self.partial.join(file);
        out.write_all(bytes).and_then(|()| out.sync_all()).map_err(at(&path))
    }

    /// A new file for what will be `file`.
    pub fn create(&self, file: &str) -> Result<File, BundleError> {
        let path = self.partial.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        File::create(&path).map_err(at(&path))
    }

    /// Puts the units in place of what is there. Those of which nothing was written are left out.
    pub fn commit(&self, units: &[String]) -> Result<(), BundleError> {
        let written: Vec<String> = units.iter().filter(|unit| self.partial.join(unit).exists()).cloned().collect();
        match &self.home {
            Home::Folder { root, .. } => self.commit_to(root, &written),
            Home::Bucket { remote, .. } => remote.commit(&self.partial, written, files(&self.partial)?),
        }
    }

    fn commit_to(&self, root: &Path, written: &[String]) -> Result<(), BundleError> {
        self.write_json(UNITS, &json!(written))?;
        sync(&self.partial)?;
        let ready = root.join(READY);
        fs::rename(&self.partial, &ready).map_err(at(&ready))?;
        sync(root)?;
        move_into_place(root)
    }

    /// Forgets what was written.
    pub fn discard(&self) -> Result<(), BundleError> {
        remove(&self.partial)
    }
}

/// Moves what is ready. Every step may be the last: done again, it goes on from there.
fn move_into_place(root: &Path) -> Result<(), BundleError> {
    let ready = root.join(READY);
    let Ok(text) = fs::read(ready.join(UNITS)) else { return remove(&ready) };
    let units: Vec<String> = serde_json::from_slice(&text).unwrap_or_default();
    for unit in units.iter().filter(|unit| is_plain(unit)) {
        let (new, place, old) = (ready.join(unit), root.join(unit), ready.join(OLD).join(unit));
        if !new.exists() {
            continue;
        }
        for folder in [place.parent(), old.parent()].into_iter().flatten() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        if place.exists() {
            fs::rename(&place, &old).map_err(at(&place))?;
        }
        fs::rename(&new, &place).map_err(at(&place))?;
        place.parent().map_or(Ok(()), sync)?;
    }
    // Without its list the folder is nothing but rubbish.
    fs::remove_file(ready.join(UNITS)).map_err(at(&ready))?;
    remove(&ready)
}

/// All files below a folder, by their paths in it, sorted.
fn files(root: &Path) -> Result<Vec<String>, BundleError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = entry.map_err(|error| at(root)(error.into()))?;
        let below = entry.path().strip_prefix(root).ok().and_then(Path::to_str);
        files.extend(below.filter(|_| entry.file_type().is_file()).map(|below| below.replace('\\', "/")));
    }
    Ok(files)
}

/// Whether a run of `collect` is moving its files into this folder, or was cut off while it did: they are of two runs until then.
#[must_use]
pub fn is_between(root: &Path) -> bool {
    root.join(BETWEEN).exists()
}

/// Whether a unit stays inside the bundle.
pub(super) fn is_plain(unit: &str) -> bool {
    !unit.is_empty() && unit.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'))
}

fn remove(folder: &Path) -> Result<(), BundleError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder)(error)),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), BundleError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

#[cfg(not(unix))]
fn sync(_: &Path) -> Result<(), BundleError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(root: &Path, file: &str) -> Option<String> {
        fs::read_to_string(root.join(file)).ok()
    }

    #[test]
    fn nothing_is_seen_before_all_is_there_and_then_all_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("inventory/1/r")).expect("made");
        fs::write(root.join("inventory/1/r/gone.json"), "old").expect("written");
        fs::write(root.join("inventory/mine.json"), "mine").expect("written");
        let bundle = Bundle::folder(root).expect("opened");
        bundle.write("inventory/1/r/new.json", b"new").expect("written");
        bundle.write("metrics/2026-10/1/r/m.json", b"m").expect("written");
        assert_eq!(text(root, "inventory/1/r/new.json"), None);
        bundle
            .commit(&["inventory/1/r".to_owned(), "metrics/2026-10/1/r".to_owned(), "billing/x".to_owned()])
            .expect("done");
        let found =
            ["inventory/1/r/new.json", "inventory/1/r/gone.json", "inventory/mine.json", "metrics/2026-10/1/r/m.json"];
        assert_eq!(
            found.map(|file| text(root, file)),
            [Some("new"), None, Some("mine"), Some("m")].map(|t| t.map(str::to_owned))
        );
        assert!(!root.join(READY).exists() && !root.join(PARTIAL).exists() && !root.join("billing").exists());
    }

    #[test]
    fn a_run_that_was_killed_is_finished_or_cleared_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let put = |file: &str, text: &str| {
            let path = root.join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        // Killed before it was whole; and, another time, between the two renames of the second of three units.
        put(&format!("{PARTIAL}/inventory/1/r/half.json"), "half");
        put(&format!("{READY}/{UNITS}"), r#"["a/1", "b/1", "c/1", "../out"]"#);
        put("a/1/x", "new");
        put(&format!("{READY}/b/1/x"), "new");
        put(&format!("{READY}/{OLD}/b/1/x"), "old");
        put(&format!("{READY}/c/1/x"), "new");
        put("c/1/y", "old");
        drop(Bundle::folder(root).expect("opened"));
        assert_eq!(["a/1/x", "b/1/x", "c/1/x"].map(|f| text(root, f)), ["new"; 3].map(|t| Some(t.to_owned())));
        assert!(!root.join("c/1/y").exists() && !root.join("inventory").exists());
        assert!(!root.join(READY).exists() && !root.join(PARTIAL).exists());
    }

    #[test]
    fn a_ready_folder_without_a_list_is_rubbish() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join(READY).join("a/1")).expect("made");
        drop(Bundle::folder(folder.path()).expect("opened"));
        assert!(!folder.path().join(READY).exists() && !folder.path().join("a").exists());
    }

    #[test]
    fn two_runs_refuse_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Bundle::folder(folder.path()).expect("opened");
        assert!(matches!(Bundle::folder(folder.path()), Err(BundleError::Busy(_))));
        drop(first);
        assert!(Bundle::folder(folder.path()).is_ok());
    }
}
