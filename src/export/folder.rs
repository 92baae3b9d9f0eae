//! A dataset in a folder. A month is replaced whole: whatever a run is stopped by, the next one finds either nothing of it or all.
//!
//! 1. All files are written and synced under `_natlens/new`, where no reader looks. Folders that they will need are made.
//! 2. `_natlens/commit.json`, the new manifest, is written, synced and renamed to that name: from here on the month is the new one.
//! 3. File by file is renamed into place, what the month does not have any more is deleted, and the new manifest, a file like the others, is
//!    renamed to its place. Nothing is waited for in between, so that readers see an old month or a new one but for that moment.
//! 4. Then the folders are synced, and the record is deleted.
//!
//! A run that is stopped before 2 has changed nothing; what it wrote is deleted by the next. One that is stopped after 2 is finished
//! by the next, whatever month that is about; if files of it are gone since, its record stays until the month is decided anew. As long as
//! `commit.json` is there, files of the month may be old or new, each whole.

use super::manifest::{Foreign, Manifest, OWN};
use super::part::{Part, account_of};
use super::succession::{Cut, Found};
use super::tables::TABLES;
use crate::model::sha256::sha256;
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const NEW: &str = "new";
const COMMIT: &str = "commit.json";
/// The manifest on its way, under [`NEW`].
const MANIFEST: &str = "manifest.json";
const UNFINISHED: &str = "commit.json.unfinished";
const LOCK: &str = "lock";

/// Why a month could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another run writes into the folder.
    #[error("{0}: another `natlens export` is writing into this folder")]
    Busy(String),
    /// The file system refuses; the month is what it was.
    #[error("{path}: cannot be written: {why}")]
    Unchanged {
        /// What was touched.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// The file system refuses after the month was decided.
    #[error("{path}: cannot be put in place: {why}")]
    Between {
        /// What was touched.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// A record that this version cannot go by; what it was for is not known, so nothing is touched.
    #[error("{path}: {why}")]
    Foreign {
        /// The record.
        path: String,
        /// What is wrong.
        why: Foreign,
    },
    /// What a run that was cut off had written is gone.
    #[error("{path}: the export of {month} was cut off, and this file of it is missing or not what was written")]
    Lost {
        /// The file.
        path: String,
        /// The month.
        month: String,
    },
}

impl FolderError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Busy(_) => "wait for it, or name another folder by --to".to_owned(),
            Self::Unchanged { .. } => "nothing of the month was changed; make room, or name another folder".to_owned(),
            Self::Between { .. } => {
                "the month is part old, part new until `natlens export` runs again, which finishes it".to_owned()
            }
            Self::Foreign { .. } => {
                "nothing was changed: let the natlens that wrote it export once more, or move the file away and export its month again with --replace"
                    .to_owned()
            }
            Self::Lost { month, .. } => format!("export {month} of the same accounts again, or all of it by --replace"),
        }
    }
}

fn unchanged(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |why| FolderError::Unchanged { path, why }
}

fn between(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |why| FolderError::Between { path, why }
}

/// A folder that this run alone writes into. The lock ends with the process, however that ends.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// A month that was decided and cannot be finished any more.
    lost: Option<(Box<Manifest>, String)>,
    _lock: File,
}

impl Folder {
    /// Opens or makes the folder; finishes what a run had decided before it was cut off, and clears away what it had not.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let own = root.join(OWN);
        fs::create_dir_all(&own).map_err(unchanged(&own))?;
        let path = own.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(unchanged(&path))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(FolderError::Busy(root.display().to_string())),
            // A file system without locks: two runs there are the user's own affair.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut folder = Self { root: root.to_owned(), lost: None, _lock: lock };
        match folder.finish(&mut |_| Ok(())) {
            Err(FolderError::Lost { path, .. }) => {
                folder.lost = Self::manifest(&folder.own(COMMIT))?.map(|manifest| (Box::new(manifest), path));
            }
            other => other?,
        }
        if folder.lost.is_none() {
            folder.clear()?;
        }
        Ok(folder)
    }

    /// What is there of a month.
    pub fn found(&self, month: &str) -> Result<Found, FolderError> {
        let manifest = Self::manifest(&self.own(&format!("month={month}.json")))?;
        let lost = self.lost.as_ref().filter(|(lost, _)| lost.month == month);
        let cut = lost.map_or(Cut::None, |(lost, _)| Cut::Known(lost.clone()));
        let own = self.files_of(month).into_iter().filter(|path| account_of(path, month).is_some());
        Ok(Found { manifest, cut, files: own.collect() })
    }

    /// A record, if there is one.
    fn manifest(path: &Path) -> Result<Option<Manifest>, FolderError> {
        let shown = || path.display().to_string();
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FolderError::Foreign { path: shown(), why: Foreign::Unreadable(error.to_string()) }),
            Ok(text) => Manifest::parse(&text).map(Some).map_err(|why| FolderError::Foreign { path: shown(), why }),
        }
    }

    /// Puts a month in place of what is there of it.
    pub fn replace(&self, manifest: &Manifest, parts: &[Part]) -> Result<(), FolderError> {
        if let Some((lost, path)) = &self.lost {
            // The same month is about to be written, by who has its accounts; of any other nothing more is known.
            if lost.month != manifest.month {
                return Err(FolderError::Lost { path: path.clone(), month: lost.month.clone() });
            }
        }
        let done = self.steps(manifest, parts, &mut |_| Ok(()));
        if matches!(done, Err(FolderError::Unchanged { .. })) {
            // Room for others; what cannot be deleted now is deleted by the next run.
            let _ = self.clear();
        }
        done
    }

    fn own(&self, name: &str) -> PathBuf {
        self.root.join(OWN).join(name)
    }

    /// Everything that [`Folder::replace`] does. `step` hears of each; if it fails, this is as if the process had ended there.
    fn steps(&self, manifest: &Manifest, parts: &[Part], step: Step<'_>) -> Result<(), FolderError> {
        self.clear()?;
        let mut folders = BTreeSet::new();
        for part in parts {
            let (new, place) = (self.own(NEW).join(&part.path), self.root.join(&part.path));
            for folder in [new.parent(), place.parent()].into_iter().flatten() {
                fs::create_dir_all(folder).map_err(unchanged(folder))?;
            }
            step(&new).map_err(unchanged(&new))?;
            write(&new, &part.bytes).map_err(unchanged(&new))?;
            folders.extend(new.ancestors().skip(1).take_while(|folder| **folder != *self.root).map(Path::to_path_buf));
            folders.extend(place.ancestors().skip(1).take_while(|f| f.starts_with(&self.root)).map(Path::to_path_buf));
        }
        folders.iter().try_for_each(|folder| sync(folder).map_err(unchanged(folder)))?;
        let new = self.own(NEW).join(MANIFEST);
        step(&new).and_then(|()| self.write_manifest(manifest)).map_err(unchanged(&new))?;
        let (unfinished, commit) = (self.own(UNFINISHED), self.own(COMMIT));
        step(&unfinished).map_err(unchanged(&unfinished))?;
        write(&unfinished, manifest.to_json().as_bytes()).map_err(unchanged(&unfinished))?;
        step(&commit).map_err(unchanged(&commit))?;
        fs::rename(&unfinished, &commit).map_err(unchanged(&commit))?;
        sync(&self.root.join(OWN)).map_err(between(&commit))?;
        self.finish(step)
    }

    /// Does what is left of a month that was decided. Every step may be the last: done again, it goes on from there.
    fn finish(&self, step: Step<'_>) -> Result<(), FolderError> {
        let commit = self.own(COMMIT);
        let Some(manifest) = Self::manifest(&commit)? else { return Ok(()) };
        // First all, so that nothing is touched where something is missing.
        let mut moves = Vec::new();
        for file in manifest.files() {
            let (new, place) = (self.own(NEW).join(&file.path), self.root.join(&file.path));
            let is_it = |path: &Path| fs::read(path).is_ok_and(|bytes| sha256(&bytes) == file.sha256);
            if is_it(&new) {
                moves.push((new, place));
            } else if !is_it(&place) {
                return Err(FolderError::Lost { path: place.display().to_string(), month: manifest.month.clone() });
            }
        }
        let (record, place) = (manifest.to_json(), self.root.join(manifest.path()));
        let is_record = |path: &Path| fs::read(path).is_ok_and(|bytes| bytes == record.as_bytes());
        let mut manifest_move = None;
        if !is_record(&place) {
            let new = self.own(NEW).join(MANIFEST);
            if !is_record(&new) {
                step(&new).map_err(between(&new))?;
                self.write_manifest(&manifest).map_err(between(&new))?;
            }
            manifest_move = Some((new, place));
        }
        let stale = self.files_of(&manifest.month).into_iter().filter(|path| manifest.is_stale(path));
        let stale: Vec<PathBuf> = stale.map(|path| self.root.join(path)).collect();
        // From the first to the last of these a reader may see some of both.
        let mut folders = BTreeSet::new();
        let put = |(new, place): &(PathBuf, PathBuf), step: Step<'_>| {
            step(place).and_then(|()| put_in_place(new, place)).map_err(between(place))
        };
        for files in &moves {
            put(files, step)?;
            folders.extend(files.1.parent());
        }
        for stale in &stale {
            step(stale).and_then(|()| fs::remove_file(stale)).map_err(between(stale))?;
            folders.extend(stale.parent());
        }
        if let Some(files) = &manifest_move {
            put(files, step)?;
        }
        let own = self.root.join(OWN);
        folders.insert(&own);
        folders.iter().try_for_each(|folder| sync(folder).map_err(between(folder)))?;
        // The folders of the month and of the account; what else is in them keeps them.
        for folder in stale.iter().flat_map(|stale| stale.ancestors().skip(1).take(2)) {
            let _ = fs::remove_dir(folder);
        }
        step(&commit).and_then(|()| fs::remove_file(&commit)).map_err(between(&commit))?;
        sync(&own).map_err(between(&commit))?;
        step(&self.own(NEW)).map_err(between(&commit))?;
        self.clear()
    }

    /// Writes the manifest where it waits for its place.
    fn write_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        let new = self.own(NEW);
        fs::create_dir_all(&new)?;
        write(&new.join(MANIFEST), manifest.to_json().as_bytes())?;
        sync(&new)
    }

    /// Paths below the folders of a month, whoever's.
    fn files_of(&self, month: &str) -> Vec<String> {
        let mut files = Vec::new();
        for table in TABLES {
            for account in entries(&self.root.join(table.name())) {
                let folder = format!("{}/{}/month={month}", table.name(), name_of(&account));
                let names = entries(&self.root.join(&folder)).into_iter();
                files.extend(names.map(|path| format!("{folder}/{}", name_of(&path))));
            }
        }
        files
    }

    /// Deletes what was never decided. What was stays, also of a month that is lost: only the next decision takes its place.
    fn clear(&self) -> Result<(), FolderError> {
        let unfinished = self.own(UNFINISHED);
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unchanged(&unfinished)(error)),
            _ => {}
        }
        let new = self.own(NEW);
        match fs::remove_dir_all(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unchanged(&new)(error)),
            _ => Ok(()),
        }
    }
}

/// Hears what is about to be touched.
type Step<'a> = &'a mut dyn FnMut(&Path) -> io::Result<()>;

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What is in a folder, sorted; nothing where there is no folder.
fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// Gives a file the name of another, or one that nobody has. Where the system lets the two change places it has no old file to free meanwhile,
/// which takes several times as long.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn put_in_place(new: &Path, place: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE).or_else(|_| fs::rename(new, place))
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn put_in_place(new: &Path, place: &Path) -> io::Result<()> {
    fs::rename(new, place)
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
