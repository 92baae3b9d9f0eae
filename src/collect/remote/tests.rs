//! Runs that are cut off after every single request, and two at once, in a bucket made of memory.

use super::super::bundle::{BETWEEN, BundleError};
use super::super::lock::{LOCK, Patience};
use super::*;
use crate::target::Target;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A bucket; after so many requests nobody answers.
#[derive(Debug)]
struct Memory {
    objects: Mutex<BTreeMap<String, (u64, Vec<u8>)>>,
    left: AtomicUsize,
}

impl Memory {
    fn of(files: &[(&str, &str)]) -> Arc<Self> {
        let objects = files.iter().map(|(name, text)| ((*name).to_owned(), (0, text.as_bytes().to_vec()))).collect();
        Arc::new(Self { objects: Mutex::new(objects), left: AtomicUsize::new(usize::MAX) })
    }

    fn ask<T>(&self, work: impl FnOnce(&mut BTreeMap<String, (u64, Vec<u8>)>) -> T) -> Result<T, StoreError> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let spend = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend).is_err() {
            return Err(StoreError { trouble: StoreTrouble::Remote, what: "gone".to_owned(), hint: None });
        }
        Ok(work(&mut objects))
    }

    /// What a reader of the bundle sees.
    fn seen(&self) -> BTreeMap<String, String> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let visible = objects.iter().filter(|(name, _)| !name.starts_with('.'));
        visible.map(|(name, (_, bytes))| (name.clone(), String::from_utf8_lossy(bytes).into_owned())).collect()
    }

    fn hidden(&self) -> Vec<String> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.keys().filter(|name| name.starts_with('.')).cloned().collect()
    }
}

impl Target for Memory {
    fn shown(&self, name: &str) -> String {
        format!("s3://memory/{name}")
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.ask(|all| all.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|all| all.get(name).map(|(_, bytes)| bytes.clone()))
    }

    fn put(&self, name: &str, bytes: Vec<u8>, over: Over) -> Result<bool, StoreError> {
        self.ask(|all| {
            let free = over == Over::Replace || !all.contains_key(name);
            if free {
                let version = all.get(name).map_or(0, |(version, _)| version + 1);
                all.insert(name.to_owned(), (version, bytes));
            }
            free
        })
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.ask(|all| drop(all.remove(name)))
    }
}

impl Shared for Memory {
    fn version(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.ask(|all| all.get(name).map(|(version, bytes)| format!("{version} {}", String::from_utf8_lossy(bytes))))
    }

    fn swap(&self, name: &str, bytes: Vec<u8>, version: Option<&str>) -> Result<Option<String>, StoreError> {
        if self.version(name)?.as_deref() != version {
            return Ok(None);
        }
        self.put(name, bytes, Over::Replace)?;
        self.version(name)
    }
}

const QUICK: Patience = Patience { beat: Duration::from_millis(20), beats: 2 };
const UNITS_OF_RUN: [&str; 2] = ["inventory/1/r", "collected/m/1/r.json"];

fn open(target: &Arc<Memory>) -> Result<Remote, BundleError> {
    Remote::open(Arc::clone(target) as Arc<dyn Shared>, QUICK, &|_| {})
}

fn commit(remote: &Remote, files: &[(&str, &str)]) -> Result<(), BundleError> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let names = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    remote.commit(folder.path(), UNITS_OF_RUN.map(str::to_owned).to_vec(), names)
}

fn owned(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

const OLD: [(&str, &str); 4] = [
    ("inventory/1/r/a.json", "old"),
    ("inventory/1/r/gone.json", "old"),
    ("inventory/1/r2/other.json", "another's"),
    ("collected/m/1/r.json", "old"),
];
const NEW: [(&str, &str); 3] =
    [("inventory/1/r/a.json", "new"), ("inventory/1/r/b.json", "new"), ("collected/m/1/r.json", "new")];
const BOTH: [(&str, &str); 4] =
    [NEW[0], NEW[1], ("inventory/1/r2/other.json", "another's"), ("collected/m/1/r.json", "new")];

#[test]
fn cut_off_after_any_request_a_bundle_is_that_of_one_run_or_says_so() {
    let (old, new) = (owned(&OLD), owned(&BOTH));
    let (mut between, mut finished) = (0, 0);
    for requests in 2.. {
        let target = Memory::of(&OLD);
        target.left.store(requests, Ordering::SeqCst);
        let ended = open(&target).and_then(|remote| commit(&remote, &NEW));
        let (seen, hidden) = (target.seen(), target.hidden());
        let is_between = hidden.iter().any(|name| name == BETWEEN);
        assert!(is_between || seen == old || seen == new, "after {requests}: {seen:?}");
        between += u32::from(is_between);
        target.left.store(usize::MAX, Ordering::SeqCst);
        drop(open(&target).expect("the lock is nobody's"));
        let expect = if is_between || seen == new { &new } else { &old };
        assert_eq!(target.seen(), *expect, "after {requests}");
        assert_eq!(target.hidden(), Vec::<String>::new(), "after {requests}");
        if ended.is_ok() {
            finished += 1;
            // The lock is given back by two more.
            if finished == 3 {
                break;
            }
        }
    }
    assert!(between > 4, "{between}");
}

#[test]
fn two_runs_refuse_each_other_and_one_that_ended_is_in_nobodys_way() {
    let target = Memory::of(&[]);
    let first = open(&target).expect("nobody has it");
    assert!(matches!(open(&target), Err(BundleError::Busy(_))));
    commit(&first, &NEW).expect("done");
    drop(first);
    drop(open(&target).expect("it was given back"));
    // One that stands still for so long that another takes over, and then goes on.
    let slow = Remote::open(
        Arc::clone(&target) as Arc<dyn Shared>,
        Patience { beat: Duration::from_millis(200), beats: 1 },
        &|_| {},
    );
    let slow = slow.expect("nobody has it");
    let heard = Mutex::new(Vec::new());
    let second = Remote::open(Arc::clone(&target) as Arc<dyn Shared>, QUICK, &|at| {
        heard.lock().expect("a lock").push(at.to_owned());
    });
    assert!(second.is_ok());
    assert_eq!(*heard.lock().expect("a lock"), ["s3://memory/"]);
    std::thread::sleep(Duration::from_millis(400));
    let before = target.seen();
    assert!(matches!(commit(&slow, &OLD), Err(BundleError::Busy(_))));
    assert_eq!(target.seen(), before);
    drop(slow);
    assert_eq!(target.hidden(), [LOCK]);
}

#[test]
fn a_list_that_leads_out_of_the_bundle_is_refused() {
    for list in [r#"{"run":"1","units":["../x"],"files":[]}"#, r#"{"run":"..","units":[],"files":[]}"#, "x"] {
        let target = Memory::of(&[(BETWEEN, list), ("inventory/a", "x")]);
        assert!(matches!(open(&target), Err(BundleError::Store(_))), "{list}");
        assert_eq!(target.seen(), owned(&[("inventory/a", "x")]));
    }
}
