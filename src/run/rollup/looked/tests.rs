//! Made-up buckets and folders: which objects are opened, which tables they are, and what has to be read of them.

use super::*;
use crate::model::period::Window;
use crate::model::sha256::sha256;
use crate::sources::objects::store::{Entry, Store, StoreError, StoreListing};
use crate::sources::objects::{PathOrGlob, list};
use bytes::Bytes;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

const HEADER: &str = "interface-id srcaddr dstaddr bytes start action log-status";
const RECORD: &str = "eni-1 10.0.0.1 10.0.0.2 7 1791600000 ACCEPT OK";

/// A store with these objects, which hears what is opened.
#[derive(Debug, Default)]
struct Memory {
    objects: Vec<(Arc<Entry>, String)>,
    opened: Mutex<Vec<String>>,
}

impl Store for Memory {
    fn list(&self, _: &str, prefix: &str, _: Option<Window>) -> Result<Arc<StoreListing>, StoreError> {
        let below = self.objects.iter().map(|(entry, _)| entry).filter(|entry| entry.key.starts_with(prefix));
        Ok(Arc::new(StoreListing { entries: below.cloned().collect(), denied: Vec::new() }))
    }

    fn find(&self, _: &str, key: &str) -> Result<Option<Arc<Entry>>, StoreError> {
        Ok(self.objects.iter().map(|(entry, _)| entry).find(|entry| entry.key == key).cloned())
    }

    fn names(&self, _: &str, _: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn is_allowed(&self, _: &str) -> bool {
        true
    }

    fn open(&self, entry: &Arc<Entry>) -> io::Result<Box<dyn Read + Send>> {
        self.opened.lock().expect("one at a time").push(entry.key.clone());
        let (_, text) = self.objects.iter().find(|(one, _)| one.key == entry.key).expect("an object");
        Ok(Box::new(io::Cursor::new(text.clone().into_bytes())))
    }

    fn range(&self, entry: &Arc<Entry>, start: u64, len: usize) -> io::Result<Bytes> {
        let (_, text) = self.objects.iter().find(|(one, _)| one.key == entry.key).expect("an object");
        let start = usize::try_from(start).expect("small");
        Ok(Bytes::copy_from_slice(&text.as_bytes()[start..start + len]))
    }

    fn announce(&self, _: &Arc<Entry>) {}

    fn trouble(&self) -> Option<StoreError> {
        None
    }
}

/// What lies in a bucket, by key below `logs/`, as it is listed there, and the store. Equal texts have equal tags.
fn bucket(contents: &[(String, String)]) -> (Vec<Object>, Arc<Memory>) {
    let object = |(key, text): &(String, String)| {
        let entry = Entry {
            store: "s3".into(),
            bucket: "bucket".into(),
            key: format!("logs/{key}"),
            size: text.len() as u64,
            etag: Some(sha256(text.as_bytes())),
            modified: String::new(),
        };
        (Arc::new(entry), text.clone())
    };
    let memory = Arc::new(Memory { objects: contents.iter().map(object).collect(), opened: Mutex::default() });
    let store: Arc<dyn Store> = memory.clone();
    let listed = list(&[PathOrGlob::new("s3://bucket/logs")], Some(&store), None).expect("listed");
    (listed.objects, memory)
}

/// The name of an object as AWS gives it.
fn named(base: &str, account: u64, day: usize, flow_log: &str) -> String {
    let name = format!("{account}_vpcflowlogs_us-east-1_{flow_log}_202610{day:02}T0005Z_00000001.log");
    format!("{base}AWSLogs/{account}/vpcflowlogs/us-east-1/2026/10/{day:02}/{name}")
}

fn looked(objects: &[Object]) -> (Looked, Warnings) {
    let mut warnings = Warnings::default();
    let looked = Looked::at(objects, &LayoutHints::default(), &mut warnings).expect("looked at");
    (looked, warnings)
}

/// The flow logs of each table.
fn in_tables(looked: &Looked) -> Vec<Vec<String>> {
    let names = |table: &Table<'_>| table.names.iter().map(|name| (*name).to_owned()).collect();
    looked.tables().iter().map(names).collect()
}

#[test]
fn a_flow_log_whose_ends_have_no_records_is_looked_at_further() {
    let lines = |records: usize| format!("{HEADER}\n{}", format!("{RECORD}\n").repeat(records));
    let blank = |lines: usize| "\n".repeat(lines);
    let test = || "Permission Check Successful".to_owned();
    let check = |situation: &str,
                 content: &dyn Fn(usize) -> String,
                 opened: usize,
                 is_told: bool,
                 left: Option<(usize, usize)>| {
        let mut contents: Vec<(String, String)> =
            (1..=30).map(|day| (named("", 111_111_111_111, day, "fl-0a"), content(day))).collect();
        contents.push((named("", 111_111_111_111, 1, "fl-0b"), lines(1)));
        let (objects, memory) = bucket(&contents);
        let (looked, warnings) = looked(&objects);
        let of_it = memory.opened.lock().expect("one at a time").iter().filter(|key| key.contains("fl-0a")).count();
        // Text is opened once to be read, and once more for its columns.
        assert_eq!(of_it - usize::from(is_told), opened, "{situation}");
        let expect: &[&str] = if is_told { &["fl-0a", "fl-0b"] } else { &["fl-0b"] };
        assert_eq!(in_tables(&looked), [expect], "{situation}");
        let (sources, about) = looked.sources("flow_logs").expect("a table");
        assert_eq!(sources[0].flow_logs.contains("fl-0a"), is_told, "{situation}: {about}");
        let told: Vec<String> = warnings.rows().into_iter().map(|row| row.code + ": " + &row.message).collect();
        let expect = left.map(|(left, bytes)| {
            format!("flow-log-left-out: fl-0a in AWSLogs/: no record in 10 objects, and {left} with {bytes} bytes were not opened")
        });
        assert_eq!(told, expect.into_iter().collect::<Vec<_>>(), "{situation}");
    };
    check("records in the first", &|day| if day == 1 { lines(1) } else { blank(day) }, 2, true, None);
    check("records in the last", &|day| if day == 30 { lines(1) } else { blank(day) }, 2, true, None);
    check("records in between", &|day| if day == 17 { lines(2) } else { String::new() }, 1, true, None);
    check("beside blank lines", &|day| if day == 17 { lines(9) } else { blank(day) }, 3, true, None);
    check(
        "beside longer ones",
        &|day| if day == 17 { lines(1) } else { blank(90 * day) },
        10,
        false,
        Some((20, 90 * (230 - 17) + lines(1).len())),
    );
    check("tests of a permission", &|day| if day == 17 { lines(1) } else { test() }, 2, true, None);
    // A flow log without records is no flow log that lacks anything.
    check("no byte", &|_| String::new(), 0, false, None);
    check("the same without records", &|_| blank(3), 1, false, None);
    check("many without records", &blank, 10, false, Some((20, 230)));
    check("few without records", &|day| blank(day.min(9)), 9, false, None);
}
