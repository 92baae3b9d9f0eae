//! Made-up buckets and folders: which objects are opened, which tables they are, and what has to be read of them.

use super::*;
use crate::model::period::Window;
use crate::model::sha256::sha256;
use crate::sources::objects::store::{Entry, See, Store, StoreError, StoreListing};
use crate::sources::objects::{PathOrGlob, list, pass};
use crate::sql::table::{Kind, Value, write};
use bytes::Bytes;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const HEADER: &str = "interface-id srcaddr dstaddr bytes start action log-status";
/// As long, and another layout.
const TURNED: &str = "interface-id dstaddr srcaddr bytes start action log-status";
const RECORD: &str = "eni-1 10.0.0.1 10.0.0.2 7 1791600000 ACCEPT OK";

/// A store with these objects, which hears what is opened.
#[derive(Debug, Default)]
struct Memory {
    objects: Vec<(Arc<Entry>, Vec<u8>)>,
    opened: Mutex<Vec<String>>,
    /// How often it was listed into memory.
    lists: AtomicUsize,
}

impl Store for Memory {
    fn list(&self, _: &str, prefix: &str, _: Option<Window>) -> Result<Arc<StoreListing>, StoreError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let below = self.objects.iter().map(|(entry, _)| entry).filter(|entry| entry.key.starts_with(prefix));
        Ok(Arc::new(StoreListing { entries: below.cloned().collect(), denied: Vec::new() }))
    }

    fn pass(&self, _: &str, prefix: &str, see: &mut See<'_>) -> Result<(), StoreError> {
        let below = self.objects.iter().map(|(entry, _)| entry).filter(|entry| entry.key.starts_with(prefix));
        below.cloned().for_each(see);
        Ok(())
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
        let (_, content) = self.objects.iter().find(|(one, _)| one.key == entry.key).expect("an object");
        Ok(Box::new(io::Cursor::new(content.clone())))
    }

    fn range(&self, entry: &Arc<Entry>, start: u64, len: usize) -> io::Result<Bytes> {
        let (_, content) = self.objects.iter().find(|(one, _)| one.key == entry.key).expect("an object");
        let start = usize::try_from(start).expect("small");
        Ok(Bytes::copy_from_slice(&content[start..start + len]))
    }

    fn announce(&self, _: &Arc<Entry>) {}

    fn trouble(&self) -> Option<StoreError> {
        None
    }
}

/// A bucket with these objects, each a key and what is in it. Equal contents have equal tags.
fn bucket(contents: &[(String, Vec<u8>)]) -> Arc<Memory> {
    let object = |(key, content): &(String, Vec<u8>)| {
        let entry = Entry {
            store: "s3".into(),
            bucket: "bucket".into(),
            key: key.clone(),
            size: content.len() as u64,
            etag: Some(sha256(content)),
            modified: String::new(),
        };
        (Arc::new(entry), content.clone())
    };
    let (opened, lists) = Default::default();
    Arc::new(Memory { objects: contents.iter().map(object).collect(), opened, lists })
}

fn listed(memory: &Arc<Memory>, below: &str) -> Vec<Object> {
    let store: Arc<dyn Store> = memory.clone();
    let inputs = [PathOrGlob::new(format!("s3://bucket/{below}"))];
    list(&inputs, Some(&store), None).expect("listed").objects
}

fn lines(header: &str, records: usize) -> String {
    format!("{header}\n{}", format!("{RECORD}\n").repeat(records))
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
    let lines = |records: usize| lines(HEADER, records);
    let blank = |lines: usize| "\n".repeat(lines);
    let test = || "Permission Check Successful".to_owned();
    let check = |situation: &str,
                 content: &dyn Fn(usize) -> String,
                 opened: usize,
                 is_told: bool,
                 left: Option<(usize, usize)>| {
        let object = |day, flow_log, text: String| (named("logs/", 111_111_111_111, day, flow_log), text.into_bytes());
        let mut contents: Vec<(String, Vec<u8>)> = (1..=30).map(|day| object(day, "fl-0a", content(day))).collect();
        contents.push(object(1, "fl-0b", lines(1)));
        let memory = bucket(&contents);
        let (looked, warnings) = looked(&listed(&memory, "logs"));
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

#[test]
fn headers_of_two_layouts_in_one_object_are_refused() {
    let check = |situation: &str, content: &str, is_refused: bool| {
        let key = plain(ONE, 1, "fl-0a");
        let objects = listed(&bucket(&[(key.clone(), content.as_bytes().to_vec())]), "logs");
        let looked = Looked::at(&objects, &LayoutHints::default(), &mut Warnings::default());
        let refused = looked.err().map(|error| (error.to_string(), error.hint()));
        assert_eq!(refused.is_some(), is_refused, "{situation}: {refused:?}");
        if let Some((why, hint)) = refused {
            let key = key.trim_start_matches("logs/");
            assert_eq!(why, format!("{key}: its lines have different fields, or the same in another order"));
            assert!(hint.contains("natlens report"), "{hint}");
        }
    };
    let one = lines(HEADER, 2);
    check("the same header again", &(one.clone() + &one), false);
    check("another order", &(one.clone() + &lines(TURNED, 2)), true);
    check("another order, far on", &(lines(HEADER, 50_000) + &lines(TURNED, 1)), true);
    check("back again", &(one.clone() + &lines(TURNED, 1) + &one), true);
    check(
        "a field more",
        &(one
            + &format!(
                "{HEADER} version
{RECORD} 2
"
            )),
        true,
    );
}

#[test]
fn what_is_no_flow_log_is_left_out_by_name() {
    const TRANSIT: &str = "version resource-type account-id tgw-id tgw-attachment-id srcaddr dstaddr bytes start end log-status\n6 TransitGateway 1 tgw-1 tgw-attach-1 10.0.0.1 10.0.0.2 7 1791600000 1791600059 OK\n";
    let memo = |day: usize| format!("nothing to be seen here, {day}\n");
    let check = |situation: &str, contents: &[(String, String)], left_out: &[usize], told: &[&str]| {
        let bytes: Vec<_> = contents.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes())).collect();
        let folder = tempfile::tempdir().expect("a folder");
        for (key, content) in &bytes {
            let file = folder.path().join(key.trim_start_matches("logs/"));
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, content).expect("written");
        }
        let here = list(&[PathOrGlob::new(folder.path().to_str().expect("a path"))], None, None).expect("listed");
        for (place, objects) in [("in a bucket", listed(&bucket(&bytes), "logs")), ("here", here.objects)] {
            let (looked, warnings) = looked(&objects);
            assert_eq!(in_tables(&looked), [["fl-0a"]], "{situation} {place}");
            let expect = left_out.iter().map(|&at| contents[at].0.trim_start_matches("logs/"));
            let found: Vec<&str> = looked.exceptions.iter().map(|exception| exception.object.as_str()).collect();
            assert_eq!(found, expect.collect::<Vec<_>>(), "{situation} {place}");
            assert!(looked.exceptions.iter().all(|exception| exception.is_duplicate), "{situation} {place}");
            let codes: Vec<String> = warnings.rows().into_iter().map(|row| row.code).collect();
            let expect = if place == "here" { &told[..1] } else { told };
            assert_eq!(codes, expect, "{situation} {place}");
        }
    };
    let day = |day: usize, flow_log: &str, text: String| (plain(ONE, day, flow_log), text);
    let records = |records: usize| lines(HEADER, records);
    let (unreadable, left) = ("unreadable-object", "flow-log-left-out");
    let transit = |at: usize| day(at, "fl-0b", TRANSIT.to_owned() + &"\n".repeat(at));
    check("a transit gateway's", &[day(1, "fl-0a", records(1)), transit(1)], &[], &[unreadable]);
    let many: Vec<_> = [day(1, "fl-0a", records(1))].into_iter().chain((1..9).map(transit)).collect();
    check("many of a transit gateway's", &many, &[], &[unreadable, left]);
    let beside = [day(1, "fl-0a", memo(1)), day(2, "fl-0a", records(1)), day(3, "fl-0a", records(2))];
    check("another text beside records", &beside, &[0], &[unreadable]);
    let whole = lines(HEADER, 1);
    let cut = bucket(&[(plain(ONE, 1, "fl-0a"), whole.trim_end_matches(" OK\n").as_bytes().to_vec())]);
    let refused = Looked::at(&listed(&cut, "logs"), &LayoutHints::default(), &mut Warnings::default()).err();
    let refused = refused.expect("it cannot be read by engines, either");
    assert!(refused.to_string().starts_with("AWSLogs/") && refused.hint().contains("move it out"), "{refused}");
}

/// A file of so many flow log records.
fn parquet(records: usize) -> Vec<u8> {
    const COLUMNS: [(&str, Kind); 7] = [
        ("interface_id", Kind::Text),
        ("srcaddr", Kind::Text),
        ("dstaddr", Kind::Text),
        ("bytes", Kind::Number),
        ("start", Kind::Number),
        ("action", Kind::Text),
        ("log_status", Kind::Text),
    ];
    let cell = |(text, (_, kind)): (&str, &(&str, Kind))| match kind {
        Kind::Text => Value::from(text),
        Kind::Number => Value::from(text.parse::<i64>().expect("a number")),
    };
    let record = || RECORD.split(' ').zip(&COLUMNS).map(cell).collect();
    let mut rows: Vec<Vec<Value>> = (0..records).map(|_| record()).collect();
    // Clients that come again, remotes and bytes that do not.
    for (at, row) in rows.iter_mut().enumerate() {
        let part = at * 7_919 % 65_536;
        row[1] = format!("10.0.{}.{}", at % 13, at % 199).into();
        row[2] = format!("52.{}.{}.{}", at % 251, part >> 8, part & 255).into();
        row[3] = i64::try_from(at * 104_729 % 1_000_003).expect("a number").into();
    }
    write(&COLUMNS, rows.as_slice()).expect("a file")
}

const ONE: u64 = 111_111_111_111;
const TWO: u64 = 222_222_222_222;

fn size(records: usize) -> usize {
    lines(HEADER, records).len()
}

fn text(key: String, header: &str, records: usize) -> (String, Vec<u8>) {
    (key, lines(header, records).into_bytes())
}

fn plain(account: u64, day: usize, flow_log: &str) -> String {
    named("logs/", account, day, flow_log)
}

fn hive(account: u64, day: usize, flow_log: &str) -> String {
    let folders = format!("aws-account-id={account}/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=10");
    format!("logs/AWSLogs/{folders}/day={day:02}/{}", own(account, day, flow_log))
}

fn own(account: u64, day: usize, flow_log: &str) -> String {
    let plain = plain(account, day, flow_log);
    plain.rsplit('/').next().expect("a name").to_owned()
}

/// Of what is listed: the flow logs of each table, and the text that is read at least and the text that all tables see.
fn check_reading(
    situation: &str,
    below: &str,
    contents: &[(String, Vec<u8>)],
    tables: &[&[&str]],
    (least, all): (usize, usize),
) {
    let objects = listed(&bucket(contents), below);
    let (looked, warnings) = looked(&objects);
    assert!(warnings.rows().is_empty(), "{situation}");
    assert_eq!(in_tables(&looked), tables, "{situation}");
    let (lower, upper) = (looked.least(&objects), looked.scan(&objects));
    assert_eq!((lower.text, upper.text), (least as u64, all as u64), "{situation}");
    let of_parquet = contents.iter().map(|(_, content)| content).filter(|content| content.starts_with(b"PAR1"));
    let whole: u64 = of_parquet.map(|content| content.len() as u64).sum();
    assert_eq!((lower.whole, lower.columns > 0), (whole, whole > 0), "{situation}");
    assert_eq!(lower.columns, upper.columns, "{situation}: text has no columns");
}

/// What has to be read of a flow log is read by its own table, whichever others look into the same folders.
#[test]
fn at_least_each_object_is_read_once_by_the_table_of_its_flow_log() {
    let (small, large) = (text(plain(ONE, 1, "fl-0a"), HEADER, 1), text(plain(ONE, 1, "fl-0b"), TURNED, 20));
    let (both, apart) = (size(1) + size(20), &[&["fl-0a"][..], &["fl-0b"]]);
    let files = [small.clone(), large];
    check_reading("two layouts over one folder", "logs", &files, apart, (both, 2 * both));
    let files = [small.clone(), text(plain(TWO, 1, "fl-0b"), HEADER, 20)];
    check_reading("two accounts", "logs", &files, &[&["fl-0a", "fl-0b"]], (both, both));
    let files = [small.clone(), text(plain(TWO, 1, "fl-0b"), TURNED, 20)];
    check_reading("two accounts of different layouts", "logs", &files, apart, (both, both));
    let files = [small.clone(), (plain(TWO, 1, "fl-0b"), parquet(9))];
    check_reading("Parquet of another account", "logs", &files, apart, (size(1), size(1)));
    // All accounts of a table with all of its Regions.
    let elsewhere = |account, flow_log| plain(account, 1, flow_log).replace("us-east-1", "eu-west-1");
    let files = [
        small.clone(),
        text(elsewhere(TWO, "fl-0b"), HEADER, 2),
        text(elsewhere(ONE, "fl-0c"), TURNED, 20),
        text(elsewhere(333_333_333_333, "fl-0d"), TURNED, 4),
    ];
    let (one, other) = (size(1) + size(2), size(20) + size(4));
    let tables = &[&["fl-0a", "fl-0b"][..], &["fl-0c", "fl-0d"]];
    check_reading("two Regions", "logs", &files, tables, (one + other, one + other + size(20)));
    let within = "logs/AWSLogs/111111111111/vpcflowlogs/us-east-1";
    let files = [
        small.clone(),
        text(plain(ONE, 2, "fl-0a"), HEADER, 20),
        text(plain(TWO, 1, "fl-0a"), HEADER, 3),
        text(plain(TWO, 1, "fl-0b"), TURNED, 4),
    ];
    check_reading("a folder within a delivery", within, &files, &[&["fl-0a"]], (both, both));
    let twice = &[&["fl-0a"][..], &["fl-0a"]];
    let files = [small.clone(), text(hive(ONE, 2, "fl-0a"), HEADER, 20)];
    check_reading("folders of two kinds", "logs", &files, twice, (both, both));
    // A table without partitions reads all that lies below.
    let files = [text(format!("logs/{}", own(ONE, 1, "fl-0a")), HEADER, 1), text(plain(ONE, 2, "fl-0a"), HEADER, 20)];
    check_reading("some of its objects above the delivery", "logs", &files, twice, (both, size(1) + 2 * size(20)));
    let files = [text("logs/own.log".to_owned(), TURNED, 1), text(plain(ONE, 1, "fl-0a"), HEADER, 20)];
    let tables = &[&["fl-0a"][..], &["prefix:"]];
    check_reading("a delivery below others' objects", "logs", &files, tables, (both, size(1) + 2 * size(20)));
    let files = [small.clone(), (plain(ONE, 1, "fl-0b"), b"\n\n".to_vec())];
    check_reading("one without records beside it", "logs", &files, &[&["fl-0a"]], (size(1), size(1) + 2));
    let files = [small, (plain(ONE, 1, "fl-0b"), parquet(9))];
    check_reading("Parquet beside text", "logs", &files, apart, (size(1), size(1) + parquet(9).len()));
}

#[test]
fn small_files_at_both_ends_tell_nothing_of_large_ones() {
    let check = |situation: &str, records: &dyn Fn(usize) -> usize| {
        let contents: Vec<_> = (1..=20).map(|day| (plain(ONE, day, "fl-0a"), parquet(records(day)))).collect();
        let memory = bucket(&contents);
        let objects = listed(&memory, "logs");
        let found = looked(&objects).0.scan(&objects).columns;
        let exact = |content: &Vec<u8>| {
            let size = content.len() as u64;
            scan::Shape::of(size, &|_| Ok(content.clone())).expect("a footer").bytes(size)
        };
        let expect: u64 = contents.iter().map(|(_, content)| exact(content)).sum();
        assert!(found.abs_diff(expect) * 50 <= expect, "{situation}: {found}, not {expect}");
        let opened = memory.opened.lock().expect("one at a time");
        let ends = [&contents[0].0, &contents[19].0];
        assert!(
            opened.iter().all(|key| ends.contains(&key)),
            "{situation}: of others the footer is enough: {opened:?}"
        );
    };
    check("quiet nights", &|day| if day == 1 || day == 20 { day } else { 4_000 + 500 * (day % 3) });
    check("hours of all sizes", &|day| if day == 1 || day == 20 { day } else { 40 * day * day });
    check("a busy first", &|day| if day == 1 { 9_000 } else { 100 + day });
    check("all alike", &|day| 2_000 + day);
}

/// Whether the text takes an object's rows from this table, whatever else the table sees.
fn takes(source: &Source, object: &Object) -> bool {
    let Some(Below { folder, depth, is_hive }) = &source.below else { return true };
    let Some(rest) = object.key.strip_prefix(folder.as_str()) else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    let above = parts.len().checked_sub(2).map(|at| parts[at]);
    parts.len() == *depth && is_hive.is_none_or(|is_hive| above.is_none_or(|above| above.contains('=') == is_hive))
}

#[test]
fn of_tables_that_see_all_folders_one_takes_an_object() {
    let hourly = |key: String, hour: &str| {
        let (folders, name) = key.rsplit_once('/').expect("folders");
        format!("{folders}/{hour}/{name}")
    };
    let day = |day: usize| plain(ONE, day, "fl-0a");
    let check = |situation: &str, inputs: &[&str], keys: &[String], expect: &[&str]| {
        let contents: Vec<_> = keys.iter().enumerate().map(|(at, key)| text(key.clone(), HEADER, 1 + at)).collect();
        let store: Arc<dyn Store> = bucket(&contents);
        let inputs: Vec<PathOrGlob> =
            inputs.iter().map(|input| PathOrGlob::new(format!("s3://bucket/{input}"))).collect();
        let objects = list(&inputs, Some(&store), None).expect("listed").objects;
        let (sources, about) = looked(&objects).0.sources("flow_logs").expect("tables");
        assert_eq!(sources.len(), expect.len(), "{situation}: {about}");
        for object in &objects {
            let by: Vec<&Source> = sources.iter().filter(|source| takes(source, object)).collect();
            assert_eq!(by.len(), 1, "{situation}: {} by {by:?}", object.key);
        }
        let heads: Vec<&str> = about.lines().filter_map(|line| line.strip_prefix("--   ")).collect();
        assert_eq!(heads, expect, "{situation}");
    };
    let all = [
        day(1),
        hourly(day(2), "05"),
        hive(ONE, 3, "fl-0a"),
        hourly(hive(ONE, 4, "fl-0a"), "hour=05"),
        format!("logs/AWSLogs/{}", own(ONE, 5, "fl-0a")),
    ];
    let kinds = [
        "in folders like 2026/10/31/",
        "in folders like 2026/10/31/23/",
        "in folders like year=2026/month=10/day=31/",
        "in folders like year=2026/month=10/day=31/hour=23/",
    ];
    check("every kind", &["logs"], &all, &[&["and in no folder of it"], &kinds[..]].concat());
    check("by day, and Hive", &["logs"], &[all[0].clone(), all[2].clone()], &[kinds[0], kinds[2]]);
    let within = "logs/AWSLogs/111111111111/vpcflowlogs/us-east-1";
    check("below an account", &[within], &all[..2], &kinds[..2]);
    check("a day", &[&format!("{within}/2026/10/01")], &[day(1), hourly(day(1), "05")], &kinds[..2]);
    check("below an account, Hive", &["logs/AWSLogs/aws-account-id=111111111111"], &all[2..4], &kinds[2..]);
    check("several inputs", &[within, "logs/AWSLogs/aws-account-id=111111111111"], &all[..4], &kinds);
}

#[test]
fn what_passes_is_what_is_listed_and_is_read_alike() {
    let at = |day: usize, flow_log: &str| plain(ONE, day, flow_log);
    let mut contents = vec![
        text(at(1, "fl-0a"), HEADER, 1),
        text(at(2, "fl-0a"), HEADER, 2),
        text(at(2, "fl-0b"), TURNED, 4),
        text(hive(TWO, 3, "fl-0b"), TURNED, 8),
        text("logs/own.log".to_owned(), HEADER, 16),
        text("logs/AWSLogs".to_owned(), HEADER, 32),
        text("logs/_temporary/x.log".to_owned(), HEADER, 64),
        text("logs/.hidden.log".to_owned(), HEADER, 128),
        text("logs-of-others/x.log".to_owned(), HEADER, 256),
    ];
    contents.push(("logs/folder/".to_owned(), Vec::new()));
    let within = "s3://bucket/logs/AWSLogs/111111111111";
    for (situation, inputs, is_kept) in [
        ("a folder", &["s3://bucket/logs"][..], false),
        ("with a slash", &["s3://bucket/logs/"], false),
        ("the bucket", &["s3://bucket"], false),
        ("an object, and a folder of its name", &["s3://bucket/logs/AWSLogs"], false),
        ("an object", &["s3://bucket/logs/own.log"], false),
        ("below an account", &[within], false),
        ("two folders", &["s3://bucket/logs", "s3://bucket/logs-of-others"], false),
        ("one in the other", &["s3://bucket/logs", within], true),
        ("the same twice", &[within, "s3://bucket/logs/AWSLogs/111111111111/"], true),
        ("a glob", &["s3://bucket/logs/AWSLogs/*/*/*/2026/10/02/*"], true),
    ] {
        let inputs: Vec<PathOrGlob> = inputs.iter().map(|input| PathOrGlob::new(*input)).collect();
        let memory = bucket(&contents);
        let store: Arc<dyn Store> = memory.clone();
        let objects = list(&inputs, Some(&store), None).expect("listed").objects;
        let before = memory.lists.load(Ordering::Relaxed);
        let mut passed: Vec<(String, u64)> = Vec::new();
        pass(&inputs, Some(&store), &mut |object| passed.push((object.key.clone(), object.size))).expect("passed");
        assert_eq!(memory.lists.load(Ordering::Relaxed) > before, is_kept, "{situation}");
        passed.sort();
        let expect: Vec<(String, u64)> = objects.iter().map(|object| (object.key.clone(), object.size)).collect();
        assert_eq!(passed, expect, "{situation}");
        let looked = looked(&objects).0;
        let of_all = looked.scan_of(|see| pass(&inputs, Some(&store), see)).expect("passed");
        assert_eq!(of_all.text, looked.scan(&objects).text, "{situation}");
        assert!(of_all.text > 0, "{situation}");
    }
    let store: Arc<dyn Store> = bucket(&contents);
    let nowhere = pass(&[PathOrGlob::new("s3://bucket/nowhere")], Some(&store), &mut |_| ());
    assert_eq!(nowhere.expect_err("nothing").to_string(), "s3://bucket/nowhere: no such file or folder");
}
