//! A lock in a bucket: an object that only one run can make, and that its holder changes every few seconds. Nobody compares clocks:
//! whoever finds a lock looks for a while whether it changes, and takes it over if it does not.

use super::bundle::BundleError;
use crate::target::Shared;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

/// Its name.
pub(super) const LOCK: &str = ".natlens-collect.lock";

/// How often a lock changes, and how long one that does not is left alone.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub(super) beat: Duration,
    pub(super) beats: u32,
}

impl Default for Patience {
    /// Changes every 5 s; is nobody's after 30 s.
    fn default() -> Self {
        Self { beat: Duration::from_secs(5), beats: 6 }
    }
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    target: Arc<dyn Shared>,
    run: String,
    version: Arc<Mutex<String>>,
    lost: Arc<AtomicBool>,
    end: Option<(Sender<()>, JoinHandle<()>)>,
}

fn content(run: &str, beat: u64) -> Vec<u8> {
    format!("natlens collect, run {run}, beat {beat}\n").into_bytes()
}

impl Lock {
    /// Takes the lock of a target, or says that another run has it. `on_wait` hears where somebody may have it.
    pub(super) fn take(
        target: &Arc<dyn Shared>,
        patience: Patience,
        on_wait: &dyn Fn(&str),
    ) -> Result<Self, BundleError> {
        let run = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let busy = || BundleError::Busy(target.shown(""));
        let swap = |version: Option<&str>| target.swap(LOCK, content(&run, 0), version);
        let mine = match swap(None)? {
            None => swap(Self::left(target, patience, on_wait)?.as_deref())?,
            mine => mine,
        };
        let mine = mine.ok_or_else(busy)?;
        Ok(Self::hold(target, run, mine, patience.beat))
    }

    /// The version of a lock that nobody holds any more; `None` if there is none.
    fn left(
        target: &Arc<dyn Shared>,
        patience: Patience,
        on_wait: &dyn Fn(&str),
    ) -> Result<Option<String>, BundleError> {
        let found = target.version(LOCK)?;
        if found.is_none() {
            return Ok(None);
        }
        on_wait(&target.shown(""));
        for _ in 0..patience.beats {
            sleep(patience.beat);
            if target.version(LOCK)? != found {
                return Err(BundleError::Busy(target.shown("")));
            }
        }
        Ok(found)
    }

    fn hold(target: &Arc<dyn Shared>, run: String, version: String, beat: Duration) -> Self {
        let (version, lost) = (Arc::new(Mutex::new(version)), Arc::new(AtomicBool::new(false)));
        let (sender, ended) = channel();
        let thread = {
            let (target, run, version, lost) =
                (Arc::clone(target), run.clone(), Arc::clone(&version), Arc::clone(&lost));
            spawn(move || {
                for number in 1.. {
                    if ended.recv_timeout(beat) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                    let before = version.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    match target.swap(LOCK, content(&run, number), Some(&before)) {
                        Ok(Some(now)) => *version.lock().unwrap_or_else(PoisonError::into_inner) = now,
                        Ok(None) => return lost.store(true, Ordering::Relaxed),
                        // Said by whoever writes next; the lock may be had back.
                        Err(_) => {}
                    }
                }
            })
        };
        Self { target: Arc::clone(target), run, version, lost, end: Some((sender, thread)) }
    }

    /// What tells this run from others.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// An error once another run has taken the lock over.
    pub(super) fn holds(&self) -> Result<(), BundleError> {
        if self.lost.load(Ordering::Relaxed) { Err(BundleError::Busy(self.target.shown(""))) } else { Ok(()) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.end.take() {
            drop(sender);
            let _ = thread.join();
        }
        let mine = self.version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.target.version(LOCK).is_ok_and(|found| found == Some(mine)) {
            let _ = self.target.delete(LOCK);
        }
    }
}
