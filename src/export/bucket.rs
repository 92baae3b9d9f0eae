//! A dataset under a prefix of a bucket. There are no renames there; an object is replaced by one request, whole or not at all, and names
//! do not depend on content, so that the same month goes to the same objects.
//!
//! First a mark that the month is being replaced, which is the new manifest; then the files, the manifest, and the deletion of what the month
//! does not have any more; last the mark goes. A run that is stopped on the way leaves the mark, and files that are old or new, each whole:
//! exporting the month again does all of it once more. A reader who needs one state compares a file's SHA-256 with the manifest's.

use super::manifest::{Manifest, OWN};
use super::part::Part;
use super::tables::TABLES;
use crate::sources::objects::StoreError;
use crate::target::{Over, Target};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Objects that are written at once.
const AT_ONCE: usize = 8;

/// Where the mark of a month is.
#[must_use]
pub fn mark(month: &str) -> String {
    format!("{OWN}/month={month}.replacing.json")
}

/// Puts a month in place of what is there of it.
pub fn replace(target: &dyn Target, manifest: &Manifest, parts: &[Part]) -> Result<(), StoreError> {
    let text = manifest.to_json();
    let mark = mark(&manifest.month);
    target.put(&mark, text.clone().into_bytes(), Over::Replace)?;
    each(parts, &|part| target.put(&part.path, part.bytes.clone(), Over::Replace).map(drop))?;
    target.put(&manifest.path(), text.into_bytes(), Over::Replace)?;
    let kept: BTreeSet<&str> = parts.iter().map(|part| part.path.as_str()).collect();
    let mut stale = Vec::new();
    for table in TABLES {
        let all = target.names(&format!("{}/account_id=", table.name()))?;
        let is_of_month = |name: &String| {
            let folders: Vec<&str> = name.split('/').collect();
            let [_, _, month, file] = folders[..] else { return false };
            let part = file.strip_prefix("part-").and_then(|rest| rest.strip_suffix(".parquet"));
            month.strip_prefix("month=") == Some(manifest.month.as_str()) && part.is_some()
        };
        stale.extend(all.into_iter().filter(|name| is_of_month(name) && !kept.contains(name.as_str())));
    }
    each(&stale, &|name| target.delete(name))?;
    target.delete(&mark)
}

/// Does this for all, some at once; once one has failed, nothing new is begun.
fn each<T: Sync>(all: &[T], work: &(dyn Fn(&T) -> Result<(), StoreError> + Sync)) -> Result<(), StoreError> {
    let next = AtomicUsize::new(0);
    let one = || -> Result<(), StoreError> {
        while let Some(item) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item).inspect_err(|_| next.store(all.len(), Ordering::Relaxed))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..all.len().min(AT_ONCE)).map(|_| scope.spawn(one)).collect();
        let ended = threads.into_iter().map(|thread| thread.join().expect("a request does not panic"));
        ended.fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::manifest::{FileEntry, SCHEMA, TableEntry};
    use crate::model::sha256::sha256;
    use crate::sources::objects::store::StoreTrouble;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    /// Objects in memory, which take so many changes and then no more.
    #[derive(Debug, Default)]
    struct Memory {
        objects: Mutex<BTreeMap<String, Vec<u8>>>,
        left: AtomicUsize,
    }

    impl Memory {
        fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Result<(), StoreError> {
            let ended = || StoreError { trouble: StoreTrouble::Remote, what: "it ended".to_owned(), hint: None };
            let take = |left: usize| left.checked_sub(1);
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).map_err(|_| ended())?;
            change(&mut self.objects.lock().expect("one at a time"));
            Ok(())
        }

        fn all(&self) -> BTreeMap<String, Vec<u8>> {
            self.objects.lock().expect("one at a time").clone()
        }
    }

    impl Target for Memory {
        fn shown(&self, name: &str) -> String {
            name.to_owned()
        }

        fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
            Ok(self.all().into_keys().filter(|name| name.starts_with(prefix)).collect())
        }

        fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(self.all().remove(name))
        }

        fn put(&self, name: &str, bytes: Vec<u8>, _: Over) -> Result<bool, StoreError> {
            self.change(|objects| drop(objects.insert(name.to_owned(), bytes))).map(|()| true)
        }

        fn delete(&self, name: &str) -> Result<(), StoreError> {
            self.change(|objects| drop(objects.remove(name)))
        }
    }

    fn month(month: &str, files: &[(&str, &str)]) -> (Manifest, Vec<Part>) {
        let part = |(account, text): &(&str, &str)| Part {
            table: "traffic",
            account: (*account).to_owned(),
            path: format!("traffic/account_id={account}/month={month}/part-00000.parquet"),
            rows: 1,
            sums: BTreeMap::new(),
            sha256: sha256(text.as_bytes()),
            bytes: text.as_bytes().to_vec(),
        };
        let parts: Vec<Part> = files.iter().map(part).collect();
        let entry = |part: &Part| FileEntry {
            path: part.path.clone(),
            account_id: part.account.clone(),
            rows: 1,
            bytes: part.bytes.len() as u64,
            sha256: part.sha256.clone(),
        };
        let table = TableEntry {
            table: "traffic".to_owned(),
            rows: 1,
            sums: BTreeMap::new(),
            files: parts.iter().map(entry).collect(),
        };
        let manifest = Manifest {
            schema: SCHEMA.to_owned(),
            month: month.to_owned(),
            period_start: String::new(),
            period_end: String::new(),
            partial: false,
            currency: "USD".to_owned(),
            cost_basis: "net".to_owned(),
            version: "0".to_owned(),
            tables: vec![table],
            inputs: Vec::new(),
        };
        (manifest, parts)
    }

    fn whole(months: &[&(Manifest, Vec<Part>)]) -> BTreeMap<String, Vec<u8>> {
        let files = months.iter().flat_map(|(manifest, parts)| {
            let parts = parts.iter().map(|part| (part.path.clone(), part.bytes.clone()));
            parts.chain([(manifest.path(), manifest.to_json().into_bytes())])
        });
        files.collect()
    }

    /// Whether a run was stopped while it replaced the month, or is replacing it.
    fn is_between(target: &dyn Target, month: &str) -> Result<bool, StoreError> {
        Ok(target.names(&mark(month))?.contains(&mark(month)))
    }

    fn put(memory: &Memory, changes: usize, (manifest, parts): &(Manifest, Vec<Part>)) -> Result<(), StoreError> {
        memory.left.store(changes, Ordering::SeqCst);
        replace(memory, manifest, parts)
    }

    #[test]
    fn a_run_that_ends_anywhere_leaves_whole_objects_and_a_mark_and_the_next_does_the_rest() {
        let other = month("2026-09", &[("1", "september")]);
        let old = month("2026-10", &[("1", "old one"), ("2", "old two")]);
        let new = month("2026-10", &[("1", "new one"), ("3", "new three")]);
        for changes in 0.. {
            let memory = Memory::default();
            for month in [&other, &old] {
                put(&memory, 99, month).expect("all of it");
            }
            assert_eq!(memory.all(), whole(&[&other, &old]));
            let ended = put(&memory, changes, &new);
            let (was, is) = (whole(&[&other, &old]), whole(&[&other, &new]));
            for (name, bytes) in memory.all().into_iter().filter(|(name, _)| *name != mark("2026-10")) {
                assert!(was.get(&name) == Some(&bytes) || is.get(&name) == Some(&bytes), "{changes}: {name}");
            }
            // It says so as long as it is neither the one nor the other.
            let between = is_between(&memory, "2026-10").expect("listed");
            assert_eq!(between, memory.all() != was && memory.all() != is, "{changes}");
            assert!(!is_between(&memory, "2026-09").expect("listed"));
            put(&memory, 99, &new).expect("all of it");
            assert_eq!(memory.all(), is, "{changes}");
            if ended.is_ok() {
                assert_eq!(changes, 6, "mark, two files, manifest, one deletion, mark");
                return;
            }
        }
    }

    #[test]
    fn what_is_not_ours_stays() {
        let memory = Memory::default();
        put(&memory, 99, &month("2026-10", &[("1", "one"), ("2", "two")])).expect("all of it");
        let mine =
            ["traffic/account_id=2/month=2026-10/notes.txt", "traffic/account_id=2/month=2026-10/a/part-0.parquet"];
        for name in mine {
            memory.objects.lock().expect("one").insert(name.to_owned(), Vec::new());
        }
        put(&memory, 99, &month("2026-10", &[("1", "one")])).expect("all of it");
        let names: Vec<String> = memory.all().into_keys().filter(|name| name.contains("account_id=2")).collect();
        let mut expect = mine.map(str::to_owned).to_vec();
        expect.sort();
        assert_eq!(names, expect);
    }
}
