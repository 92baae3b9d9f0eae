//! A dataset under a prefix of a bucket. There are no renames there; an object is replaced by one request, whole or not at all, and names
//! do not depend on content, so that the same month goes to the same objects.
//!
//! First a mark that the month is being replaced, which is the new manifest; then the files, the manifest, and the deletion of what the month
//! does not have any more; last the mark goes. A run that is stopped on the way leaves the mark, and files that are old or new, each whole:
//! exporting the month again does all of it once more. A reader who needs one state compares a file's SHA-256 with the manifest's.

use super::manifest::{Manifest, OWN};
use super::part::{Part, account_of};
use super::succession::{Cut, Found};
use super::tables::TABLES;
use crate::sources::objects::StoreError;
use crate::sources::objects::store::StoreTrouble;
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

/// What is there of a month.
pub fn found(target: &dyn Target, month: &str) -> Result<Found, StoreError> {
    let name = format!("{OWN}/month={month}.json");
    let foreign = |why: &dyn std::fmt::Display| StoreError {
        trouble: StoreTrouble::Request,
        what: format!("{}: {why}", target.shown(&name)),
        hint: Some(
            "nothing was changed: use the natlens that wrote it, or move the object away and export with --replace"
                .to_owned(),
        ),
    };
    let manifest = target.read(&name)?.map(|text| Manifest::parse(&text)).transpose().map_err(|why| foreign(&why))?;
    let mark = mark(month);
    let cut = match target.read(&mark)?.map(|text| Manifest::parse(&text)) {
        None => Cut::None,
        Some(Ok(manifest)) => Cut::Known(Box::new(manifest)),
        Some(Err(why)) => Cut::Unclear(format!("{}: {why}", target.shown(&mark))),
    };
    let mut files = Vec::new();
    for table in TABLES {
        let all = target.names(&format!("{}/account_id=", table.name()))?;
        files.extend(all.into_iter().filter(|name| account_of(name, month).is_some()));
    }
    Ok(Found { manifest, cut, files })
}

/// The accounts of which a dataset has files, whatever month they are of.
pub fn accounts(target: &dyn Target) -> Result<BTreeSet<String>, StoreError> {
    let mut accounts = BTreeSet::new();
    for name in &target.names(&format!("{OWN}/month="))? {
        if let Some(Ok(manifest)) = target.read(name)?.map(|text| Manifest::parse(&text)) {
            accounts.extend(manifest.all_files().map(|file| file.account_id.clone()));
        }
    }
    Ok(accounts)
}

/// Puts a month in place of what is there of it.
pub fn replace(target: &dyn Target, manifest: &Manifest, parts: &[Part]) -> Result<(), StoreError> {
    let text = manifest.to_json();
    let mark = mark(&manifest.month);
    target.put(&mark, text.clone().into_bytes(), Over::Replace)?;
    each(parts, &|part| target.put(&part.path, part.bytes.clone(), Over::Replace).map(drop))?;
    target.put(&manifest.path(), text.into_bytes(), Over::Replace)?;
    let mut stale = Vec::new();
    for table in TABLES {
        let all = target.names(&format!("{}/account_id=", table.name()))?;
        stale.extend(all.into_iter().filter(|name| manifest.is_stale(name)));
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
    use crate::model::sha256::sha256;
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

    const ONE: &str = "traffic/account_id=111111111111";
    const TWO: &str = "clients/account_id=111111111111";
    const THREE: &str = "findings/account_id=111111111111";
    const OTHER: &str = "traffic/account_id=222222222222";

    fn month(month: &str, files: &[(&str, &str)]) -> (Manifest, Vec<Part>) {
        let part = |(folder, text): &(&str, &str)| Part {
            table: "traffic",
            account: folder[folder.len() - 12..].to_owned(),
            path: format!("{folder}/month={month}/part-00000.parquet"),
            rows: 1,
            sums: BTreeMap::new(),
            sha256: sha256(text.as_bytes()),
            bytes: text.as_bytes().to_vec(),
        };
        let parts: Vec<Part> = files.iter().map(part).collect();
        (Manifest::of_test(month, &parts), parts)
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
        let other = month("2026-09", &[(ONE, "september")]);
        let old = month("2026-10", &[(ONE, "old one"), (TWO, "old two")]);
        let new = month("2026-10", &[(ONE, "new one"), (THREE, "new three")]);
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
    fn a_month_that_was_cut_off_is_known_to_be_until_all_of_it_is_done_again() {
        let old = month("2026-10", &[(ONE, "old one"), (TWO, "old two")]);
        let lost = month("2026-10", &[(ONE, "lost one"), (THREE, "lost three")]);
        let again = month("2026-10", &[(ONE, "again"), (TWO, "two")]);
        let cut = |memory: &Memory| found(memory, "2026-10").expect("read").cut;
        for changes in 0.. {
            let memory = Memory::default();
            put(&memory, 99, &old).expect("all of it");
            put(&memory, 2, &lost).expect_err("mark and a file");
            assert_eq!(cut(&memory), Cut::Known(Box::new(lost.0.clone())));
            if put(&memory, changes, &again).is_ok() {
                assert_eq!((memory.all(), cut(&memory)), (whole(&[&again]), Cut::None));
                break;
            }
            // The old mark, then the new one in its place.
            let expect = if changes == 0 { &lost } else { &again };
            assert_eq!(cut(&memory), Cut::Known(Box::new(expect.0.clone())), "{changes}");
        }
    }

    #[test]
    fn what_is_not_ours_stays() {
        let memory = Memory::default();
        put(&memory, 99, &month("2026-10", &[(ONE, "one"), (TWO, "two")])).expect("all of it");
        let mine = ["notes.txt", "a/part-00000.parquet"].map(|name| format!("{TWO}/month=2026-10/{name}"));
        for name in &mine {
            memory.objects.lock().expect("one").insert(name.clone(), Vec::new());
        }
        put(&memory, 99, &month("2026-10", &[(ONE, "one")])).expect("all of it");
        let names: Vec<String> = memory.all().into_keys().filter(|name| name.starts_with(TWO)).collect();
        let mut expect = mine.to_vec();
        expect.sort();
        assert_eq!(names, expect);
    }

    #[test]
    fn another_accounts_objects_stay() {
        let memory = Memory::default();
        let (first, second) = (month("2026-10", &[(ONE, "one"), (TWO, "two")]), month("2026-10", &[(OTHER, "other")]));
        put(&memory, 99, &first).expect("all of it");
        put(&memory, 99, &second).expect("all of it");
        let names: Vec<String> = memory.all().into_keys().filter(|name| name.contains("account_id=")).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        let there = found(&memory, "2026-10").expect("read");
        assert_eq!((there.manifest, there.cut, there.files.len()), (Some(second.0), Cut::None, 3));
        assert_eq!(accounts(&memory).expect("read").len(), 1, "what the manifest names");
        for (text, is_known) in [(first.0.to_json(), true), ("{}".to_owned(), false)] {
            memory.objects.lock().expect("one").insert(mark("2026-10"), text.into_bytes());
            let cut = found(&memory, "2026-10").expect("read").cut;
            assert_eq!(matches!(cut, Cut::Known(_)), is_known, "{cut:?}");
            assert_eq!(matches!(cut, Cut::Unclear(_)), !is_known, "{cut:?}");
        }
        memory.objects.lock().expect("one").insert("_natlens/month=2026-10.json".to_owned(), b"{}".to_vec());
        let refused = found(&memory, "2026-10").expect_err("no manifest");
        assert!(refused.what.starts_with("_natlens/month=2026-10.json: it has the form"), "{}", refused.what);
    }
}
