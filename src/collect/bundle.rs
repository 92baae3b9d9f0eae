//! The folder that is written: nothing of a run is seen in it before all of it is there.
//!
//! A run writes into a hidden folder beside the parts. When that is whole and on disk, one rename declares it so; from then on its
//! units are moved into place, by the next run if this one is killed on the way.

use serde_json::{Value, json};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const LOCK: &str = ".natlens-collect.lock";
const PARTIAL: &str = ".natlens-collect.partial";
const READY: &str = ".natlens-collect.ready";
/// In a ready folder: the units that it holds.
const UNITS: &str = "units.json";
/// In a ready folder: what the units take the place of, until they have.
const OLD: &str = "old";

/// Why a bundle cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Another run writes into it.
    #[error("{0}: another `natlens collect` is writing into this folder")]
    Busy(String),
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

/// A bundle that this run alone writes into. The lock ends with the process, however that ends.
#[derive(Debug)]
pub struct Bundle {
    root: PathBuf,
    _lock: File,
}

impl Bundle {
    /// Opens or makes the folder, finishes what a killed run had ready, and clears away what it had not.
    pub fn open(root: &Path) -> Result<Self, BundleError> {
        fs::create_dir_all(root).map_err(at(root))?;
        let path = root.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(BundleError::Busy(root.display().to_string())),
            // A file system without locks: two runs there are the user's own affair.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let bundle = Self { root: root.to_owned(), _lock: lock };
        bundle.move_into_place()?;
        remove(&bundle.root.join(PARTIAL))?;
        Ok(bundle)
    }

    /// Whether there is a unit already, `metrics/2026-10/111122223333/us-east-1`.
    #[must_use]
    pub fn has(&self, unit: &str) -> bool {
        self.root.join(unit).exists()
    }

    /// The bytes of a file of a unit, if it is there.
    #[must_use]
    pub fn read(&self, file: &str) -> Option<Vec<u8>> {
        fs::read(self.root.join(file)).ok()
    }

    /// The names in a folder of the bundle; none where there is no folder.
    #[must_use]
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
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
        let path = self.root.join(PARTIAL).join(file);
        out.write_all(bytes).and_then(|()| out.sync_all()).map_err(at(&path))
    }

    /// A new file for what will be `file`.
    pub fn create(&self, file: &str) -> Result<File, BundleError> {
        let path = self.root.join(PARTIAL).join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        File::create(&path).map_err(at(&path))
    }

    /// Puts the units in place of what is there. Those of which nothing was written are left out.
    pub fn commit(&self, units: &[String]) -> Result<(), BundleError> {
        let partial = self.root.join(PARTIAL);
        let written: Vec<&String> = units.iter().filter(|unit| partial.join(unit).exists()).collect();
        self.write_json(UNITS, &json!(written))?;
        sync(&partial)?;
        let ready = self.root.join(READY);
        fs::rename(&partial, &ready).map_err(at(&ready))?;
        sync(&self.root)?;
        self.move_into_place()
    }

    /// Forgets what was written.
    pub fn discard(&self) -> Result<(), BundleError> {
        remove(&self.root.join(PARTIAL))
    }

    /// Moves what is ready. Every step may be the last: done again, it goes on from there.
    fn move_into_place(&self) -> Result<(), BundleError> {
        let ready = self.root.join(READY);
        let Ok(text) = fs::read(ready.join(UNITS)) else { return remove(&ready) };
        let units: Vec<String> = serde_json::from_slice(&text).unwrap_or_default();
        for unit in units.iter().filter(|unit| is_plain(unit)) {
            let (new, place, old) = (ready.join(unit), self.root.join(unit), ready.join(OLD).join(unit));
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
}

/// Whether a run of `collect` is moving its files into this folder, or was cut off while it did: they are of two runs until then.
#[must_use]
pub fn is_between(root: &Path) -> bool {
    root.join(READY).join(UNITS).exists()
}

/// Whether a unit stays inside the bundle.
fn is_plain(unit: &str) -> bool {
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
        let bundle = Bundle::open(root).expect("opened");
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
        drop(Bundle::open(root).expect("opened"));
        assert_eq!(["a/1/x", "b/1/x", "c/1/x"].map(|f| text(root, f)), ["new"; 3].map(|t| Some(t.to_owned())));
        assert!(!root.join("c/1/y").exists() && !root.join("inventory").exists());
        assert!(!root.join(READY).exists() && !root.join(PARTIAL).exists());
    }

    #[test]
    fn a_ready_folder_without_a_list_is_rubbish() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join(READY).join("a/1")).expect("made");
        drop(Bundle::open(folder.path()).expect("opened"));
        assert!(!folder.path().join(READY).exists() && !folder.path().join("a").exists());
    }

    #[test]
    fn two_runs_refuse_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Bundle::open(folder.path()).expect("opened");
        assert!(matches!(Bundle::open(folder.path()), Err(BundleError::Busy(_))));
        drop(first);
        assert!(Bundle::open(folder.path()).is_ok());
    }
}
