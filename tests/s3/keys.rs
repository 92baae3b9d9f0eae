//! Keys are texts and not paths: none is lost, none is another's, none becomes a file.

use super::*;
use std::fs;

const LINE: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// A log of one record that no other has.
fn log(number: usize) -> String {
    let start = 1_790_856_000 + number * 60;
    format!(
        "{LINE}\n2 123456789012 eni-{number:08x} 10.0.0.5 203.0.113.9 443 5{number:03} 6 1 {} {start} {} ACCEPT OK\n",
        100 + number,
        start + 60
    )
}

#[test]
fn odd_keys_are_read_like_any_other() {
    let keys = [
        "a//b.log",
        "/c.log",
        "a/../d.log",
        "../../e.log",
        "./f.log",
        "g h+i.log",
        "j%2Fk%20l.log",
        "ä€🚀.log",
        "m?n#o&p=q.log",
        "r\u{1}\t.log",
        "C:\\s.log",
        "t*u[v]{w}.log",
        "x/",
        "'y\"<z>&amp;.log",
        "~.log",
        "a/b/../../..",
        "%",
        "%%2e%2e/f",
    ];
    let fake = FakeS3::start(4, |_| Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    for (number, key) in keys.iter().enumerate() {
        fake.put(BUCKET, &format!("in/{key}"), log(number).as_bytes());
        bundle::write(&folder.path().join(format!("local/{number}.log")), log(number).as_bytes());
    }
    fake.put(BUCKET, "in/folder/", b"");
    fake.put(BUCKET, "in/_temporary/x.log", log(900).as_bytes());
    fake.put(BUCKET, "in/.hidden.log", log(901).as_bytes());
    fake.put(BUCKET, "inside.log", log(902).as_bytes());
    let args = ["report", "--cache-dir", "cache", "--format", "json", "--flow-logs"];
    let local = natlens(folder.path(), &[&args[..], &["local"]].concat());
    let before = bundle::files(folder.path()).len();
    let run = over(&fake, folder.path(), &[], &[&args[..], &["s3://audit-logs/in"]].concat());
    let (found, expect) = (said(&run), said(&local));
    assert_eq!(found["records"]["read"], keys.len(), "{}", run.stderr);
    assert_eq!(found["inputs"], expect["inputs"]);
    assert_eq!((&found["records"], &found["traffic"]), (&expect["records"], &expect["traffic"]));
    // The second run has them all from the cache, each under its own key.
    let again = over(&fake, folder.path(), &[], &[&args[..], &["s3://audit-logs/in", "--top", "2"]].concat());
    assert_eq!(said(&again)["records"], expect["records"]);
    let new: Vec<_> = bundle::files(folder.path())
        .into_iter()
        .filter(|file| !file.starts_with(folder.path().join("local")))
        .collect();
    assert!(new.iter().all(|file| file.starts_with(folder.path().join("cache"))), "{new:?}");
    assert!(new.len() >= before - keys.len());
}

#[test]
fn globs_prefixes_and_single_objects_are_told_apart() {
    let fake = FakeS3::start(3, |_| Fault::None);
    for (number, key) in
        ["p/a.log", "p/b/c.log", "p/b/d.gz", "p", "p.log", "pq/e.log", "w*/f.log", "wx/g.log"].iter().enumerate()
    {
        fake.put(BUCKET, key, log(number).as_bytes());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let check = |inputs: &[&str], expect: u64| {
        let mut args = vec!["report", "--no-cache", "--format", "json"];
        for input in inputs {
            args.extend(["--flow-logs", input]);
        }
        let run = over(&fake, folder.path(), &[], &args);
        assert_eq!(said(&run)["inputs"][0]["objects"], expect, "{inputs:?}: {}", run.stderr);
    };
    check(&["s3://audit-logs"], 8);
    check(&["s3://audit-logs/"], 8);
    check(&["s3://audit-logs/p"], 4);
    check(&["s3://audit-logs/p/"], 3);
    check(&["s3://audit-logs/p/b/*.log"], 1);
    check(&["s3://audit-logs/p/**/*.log"], 2);
    check(&["s3://audit-logs/*.log"], 1);
    check(&["s3://audit-logs/p.log"], 1);
    check(&["s3://audit-logs/w*/f.log"], 1);
    check(&["s3://audit-logs/p/b", "s3://audit-logs/p/b/c.log"], 2);
    for (missing, code) in
        [("s3://audit-logs/none", 1), ("s3://audit-logs/none*", 1), ("s3://nowhere-at-all/x", 1), ("s3://a", 1)]
    {
        let run = over(&fake, folder.path(), &[], &["report", "--no-cache", "--flow-logs", missing]);
        assert_eq!(run.code, code, "{missing}: {}", run.stderr);
        assert!(run.stderr.starts_with("error: "), "{missing}: {}", run.stderr);
    }
    let before = fake.requests().len();
    let run = over(&fake, folder.path(), &[], &["report", "--no-cache", "--flow-logs", "s3://a@evil.example:80/x"]);
    assert_eq!((run.code, fake.requests().len()), (1, before), "{}", run.stderr);
}

#[test]
fn a_flow_log_that_nothing_tells_of_is_told_to_be_left_out_of_the_sql() {
    let fake = FakeS3::start(100, |_| Fault::None);
    let key = |id: &str, number: usize| {
        let name = format!("123456789012_vpcflowlogs_us-east-1_{id}_20261002T0005Z_{number:08}.log");
        format!("in/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/10/02/{name}")
    };
    fake.put(BUCKET, &key("fl-0a", 1), log(1).as_bytes());
    for number in 1..=12 {
        fake.put(BUCKET, &key("fl-0b", number), "\n".repeat(number).as_bytes());
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("bundle")).expect("a bundle");
    let emit = || {
        let args = ["athena", "bundle", "--emit-sql", "--month", "2026-10", "--flow-logs", "s3://audit-logs/in"];
        let run = over(&fake, folder.path(), &[], &args);
        assert!(run.stdout.starts_with("-- flow_logs (text): fl-0a\n"), "{}{}", run.stdout, run.stderr);
        run
    };
    // Part of the answer may be missing: it is said, and the exit code says so, too.
    let run = emit();
    let expect = "warning: flow-log-left-out (1): fl-0b in AWSLogs/: no record in 10 objects, and 2 with ";
    assert!(run.code == 3 && run.stderr.contains(expect), "{}: {}", run.code, run.stderr);
    // With those that were opened it is known to have no records.
    for number in 1..=12 {
        fake.put(BUCKET, &key("fl-0b", number), b"\n");
    }
    let run = emit();
    assert!(run.code == 0 && !run.stderr.contains("left-out"), "{}: {}", run.code, run.stderr);
}

#[test]
fn what_an_engine_will_read_of_all_times_is_the_same_of_a_bucket() {
    let account = Account::new("--vantage two-logs");
    let logs = account.bundle().join("flow-logs");
    let object = bundle::files(&logs).into_iter().find(|file| arg(file).contains("/2026/10/")).expect("an object");
    let old = arg(&object).replace("/2026/10/", "/2024/10/");
    bundle::write(Path::new(&old), &fs::read(&object).expect("a file"));
    // So few keys a page that there are several.
    let fake = account.serve(|_| Fault::None);
    let estimate = |run: &Run| -> String {
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout.lines().find(|line| line.starts_with("-- reads about ")).expect("an estimate").to_owned()
    };
    for more in [&[][..], &["--partitions", "day > '2026/09/29'"]] {
        let args = |at: &'static str| [&["athena", at, "--emit-sql", "--month", "2026-10"], more].concat();
        let local = natlens(account.0.path(), &args("bundle"));
        let remote = over(&fake, account.0.path(), &[], &args(REMOTE));
        assert_eq!(estimate(&remote), estimate(&local), "{more:?}");
    }
}
