//! A bundle in a bucket. There are no renames there and no locks that end with a process, so that both are made of what there is.
//!
//! A run collects on this machine. When it has everything it puts its files beside the parts, then a list of them, which declares
//! them ready, and only then into their places; the list goes last. While it lies there a report refuses the bundle, and the next
//! run does the rest from the copies beside the parts, which anybody may do again.

use super::bundle::{BundleError, READY, UNITS, is_plain};
use super::lock::{Lock, Patience};
use crate::sources::objects::store::{StoreError, StoreTrouble};
use crate::target::{Over, Shared};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that are written at once.
const AT_ONCE: usize = 8;

/// A bundle in a bucket that this run alone writes into.
#[derive(Debug)]
pub(super) struct Remote {
    target: Arc<dyn Shared>,
    lock: Lock,
}

/// What is ready.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ready {
    /// What tells the run from others: its files lie in a folder of this name.
    run: String,
    /// What gives way: nothing else stays in these.
    units: Vec<String>,
    /// The files, by their places.
    files: Vec<String>,
}

impl Ready {
    /// Where a file waits.
    fn beside(&self, file: &str) -> String {
        format!("{READY}/{}/{file}", self.run)
    }
}

impl Remote {
    /// Takes the bundle, finishes what another run had ready, and clears away what it had not.
    pub(super) fn open(
        target: Arc<dyn Shared>,
        patience: Patience,
        on_wait: &dyn Fn(&str),
    ) -> Result<Self, BundleError> {
        let lock = Lock::take(&target, patience, on_wait)?;
        let remote = Self { target, lock };
        if let Some(text) = remote.target.read(&list())? {
            let bad = |why: String| {
                let what = format!("{}: is no list of natlens's: {why}", remote.target.shown(&list()));
                StoreError { trouble: StoreTrouble::Request, what, hint: None }
            };
            let ready: Ready = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
            let all = ready.units.iter().chain(&ready.files).chain([&ready.run]);
            if let Some(name) = all.into_iter().find(|name| !is_plain(name)) {
                return Err(bad(format!("`{name}`")).into());
            }
            let from = |file: &String| {
                let beside = ready.beside(file);
                remote.target.read(&beside)?.ok_or_else(|| bad(format!("{beside} is missing")).into())
            };
            remote.place(&ready, &from)?;
        }
        remote.clear()?;
        Ok(remote)
    }

    pub(super) fn has(&self, unit: &str) -> Result<bool, BundleError> {
        let below = format!("{unit}/");
        let names = self.target.names(unit)?;
        Ok(names.iter().any(|name| name == unit || name.starts_with(&below)))
    }

    pub(super) fn read(&self, file: &str) -> Result<Option<Vec<u8>>, BundleError> {
        Ok(self.target.read(file)?)
    }

    pub(super) fn names(&self, folder: &str) -> Result<Vec<String>, BundleError> {
        let names = self.target.names(folder)?;
        let below = names.iter().filter_map(|name| name.strip_prefix(folder));
        Ok(below.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    /// Puts files of this machine in the place of what the units hold.
    pub(super) fn commit(&self, partial: &Path, units: Vec<String>, files: Vec<String>) -> Result<(), BundleError> {
        let ready = Ready { run: self.lock.run().to_owned(), units, files };
        let from = |file: &String| {
            let path = partial.join(file);
            std::fs::read(&path).map_err(|why| BundleError::Io { path: path.display().to_string(), why })
        };
        each(&ready.files, &|file| {
            self.lock.holds()?;
            self.target.put(&ready.beside(file), from(file)?, Over::Replace)?;
            Ok(())
        })?;
        self.lock.holds()?;
        let text = serde_json::to_vec(&ready).unwrap_or_default();
        if !self.target.put(&list(), text, Over::Keep)? {
            return Err(BundleError::Busy(self.target.shown("")));
        }
        self.place(&ready, &from)?;
        self.clear()
    }

    /// Puts what is ready into its places. Every step may be the last: done again, it comes to the same.
    fn place(
        &self,
        ready: &Ready,
        from: &(dyn Fn(&String) -> Result<Vec<u8>, BundleError> + Sync),
    ) -> Result<(), BundleError> {
        each(&ready.files, &|file| {
            self.lock.holds()?;
            self.target.put(file, from(file)?, Over::Replace)?;
            Ok(())
        })?;
        let new: BTreeSet<&String> = ready.files.iter().collect();
        let mut old = Vec::new();
        for unit in &ready.units {
            let below = format!("{unit}/");
            old.extend(self.target.names(unit)?.into_iter().filter(|name| name == unit || name.starts_with(&below)));
        }
        old.retain(|name| !new.contains(name));
        each(&old, &|name| {
            self.lock.holds()?;
            Ok(self.target.delete(name)?)
        })?;
        self.lock.holds()?;
        Ok(self.target.delete(&list())?)
    }

    /// Without its list, what waits is nothing but rubbish.
    fn clear(&self) -> Result<(), BundleError> {
        let rubbish = self.target.names(&format!("{READY}/"))?;
        each(&rubbish, &|name| Ok(self.target.delete(name)?))
    }
}

fn list() -> String {
    format!("{READY}/{UNITS}")
}

/// Does this for all; once one has failed, nothing new is begun.
fn each(names: &[String], work: &(dyn Fn(&String) -> Result<(), BundleError> + Sync)) -> Result<(), BundleError> {
    let next = AtomicUsize::new(0);
    let one = || -> Result<(), BundleError> {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(name).inspect_err(|_| next.store(names.len(), Ordering::Relaxed))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..names.len().min(AT_ONCE)).map(|_| scope.spawn(one)).collect();
        let ended = threads.into_iter().map(|thread| thread.join().unwrap_or(Ok(())));
        ended.fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests;
