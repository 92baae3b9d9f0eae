//! Reports from buckets are those of the same files in a folder, whatever a server does on bad days, and nothing secret is said.

#[path = "../common/bundle.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod bundle;
#[path = "../common/mod.rs"]
mod common;
mod exports;
#[path = "../common/s3.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod fake;
mod faults;
#[path = "../common/http.rs"]
mod http;
mod interrupted;
mod keys;
#[path = "../common/sigv4.rs"]
mod sigv4;
mod writes;

use common::{Run, arg, natlens, natlens_in};
use fake::{FakeS3, Fault, KEY_ID, Request, SECRET, TOKEN};
use serde_json::Value;
use std::path::{Path, PathBuf};

const BUCKET: &str = "audit-logs";
const REMOTE: &str = "s3://audit-logs/team/bundle";
const JSON: [&str; 2] = ["--format", "json"];

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data")
}

/// A small simulated account in a folder of its own.
struct Account(tempfile::TempDir);

impl Account {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--clients", "12", "--dns-objects", "3"];
        args.extend(options.split_whitespace());
        for (option, small) in [("--records", "900"), ("--objects", "4")] {
            if !args.contains(&option) {
                args.extend([option, small]);
            }
        }
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        Self(folder)
    }

    fn bundle(&self) -> PathBuf {
        self.0.path().join("bundle")
    }

    /// It in a bucket of a server on which this goes wrong, with so few keys a page that there are several.
    fn serve(&self, script: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> FakeS3 {
        let fake = FakeS3::start(10, script);
        fake.put_folder(BUCKET, "team/bundle/", &self.bundle());
        fake
    }

    /// What its report says when it is read where it is.
    fn local(&self, more: &[&str]) -> Value {
        let run = natlens(self.0.path(), &[&["report", "bundle", "--no-cache"][..], &JSON, more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        said(&run)
    }
}

/// Runs natlens with what the server's address and credentials are, and checks what it asked for.
fn over(fake: &FakeS3, folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Run {
    let own = fake.variables();
    let own = own.iter().map(|(name, value)| (&**name, &**value));
    let run = natlens_in(folder, &own.chain(variables.iter().copied()).collect::<Vec<_>>(), args);
    checked(fake);
    for secret in [SECRET, TOKEN, KEY_ID] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret}: {}{}", run.stdout, run.stderr);
    }
    run
}

/// Everything was signed, and nothing was written.
fn checked(fake: &FakeS3) {
    assert_eq!(fake.refused(), Vec::<String>::new(), "signatures");
    let other = fake.requests().into_iter().find(|request| request.method != "GET");
    assert!(other.is_none(), "{other:?}");
}

/// The report of the bundle in the bucket, without a cache.
fn report(fake: &FakeS3, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    over(fake, folder.path(), &[], &[&["report", REMOTE, "--no-cache"][..], &JSON, more].concat())
}

/// What a report says, but for where its inputs are.
fn said(run: &Run) -> Value {
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("no report: {}", run.stderr));
    for row in report["inputs"].as_array_mut().expect("rows") {
        row["source"] = Value::Null;
    }
    report
}

fn same(what: &str, run: &Run, expect: &Value) {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{what}");
    let found = said(run);
    for (part, expect) in expect.as_object().expect("a report") {
        assert_eq!(found[part], *expect, "{what}: {part}");
    }
}

#[test]
fn a_bundle_in_a_bucket_gives_the_report_of_the_folder() {
    let fake = FakeS3::start(100, |_| Fault::None);
    fake.put_folder(BUCKET, "team/bundle/", &sample());
    for format in ["json", "table"] {
        let local = natlens(&sample(), &["report", ".", "--format", format, "--no-cache"]);
        let folder = tempfile::tempdir().expect("a folder");
        let run = over(&fake, folder.path(), &[], &["report", REMOTE, "--format", format, "--no-cache"]);
        if format == "json" {
            same("the sample", &run, &said(&local));
        } else {
            assert_eq!(run.stdout.lines().count(), local.stdout.lines().count());
        }
    }
}

#[test]
fn every_kth_request_may_fail() {
    for (options, k, fault) in [
        ("--bill-format cur-legacy-zip", 2, Fault::Error(503, "SlowDown")),
        ("--log-file-format parquet --bill-format cur2-parquet", 2, Fault::Closed),
        ("--layout hive --bill-format cur-legacy-zip", 3, Fault::Cut(700)),
        ("--log-file-format parquet --bill-format cur2-parquet", 3, Fault::Error(500, "InternalError")),
        ("--bill-format focus-1.2-parquet", 5, Fault::Cut(0)),
        ("--log-file-format firehose --bill-format none", 7, Fault::Closed),
    ] {
        let what = format!("{options}, every {k}th: {fault:?}");
        let account = Account::new(options);
        let good = account.serve(|_| Fault::None);
        let expect = account.local(&[]);
        same(options, &report(&good, &[]), &expect);
        let fake = account.serve(move |request| if request.number % k == 0 { fault.clone() } else { Fault::None });
        same(&what, &report(&fake, &[]), &expect);
        let (needed, made) = (good.requests().len() as u64, fake.requests().len() as u64);
        assert!(made <= needed * k / (k - 1) + k, "{what}: {made} requests, {needed} without faults");
    }
}

#[test]
fn every_part_may_lie_in_a_bucket() {
    let account = Account::new("");
    let bundle = account.bundle();
    bundle::write(&bundle.join("natlens.toml"), b"top = 3\n[[rules]]\ncidr = \"0.0.0.0/0\"\nname = \"all\"\n");
    bundle::write(&bundle.join("prices.csv"), b"us-east-1,nat_gateway_gb,0.5\n");
    let expect = account.local(&["--cost-basis", "list"]);
    assert_eq!(expect["traffic"][0]["service"], "all", "the settings hold");
    let fake = account.serve(|_| Fault::None);
    same("a bundle", &report(&fake, &["--cost-basis", "list"]), &expect);
    // Each part by its own flag, in a bucket of its own.
    let apart = FakeS3::start(10, |_| Fault::None);
    for part in ["flow-logs", "billing", "inventory", "metrics", "dns"] {
        apart.put_folder(&format!("of-{part}"), "x/", &bundle.join(part));
    }
    apart.put("of-prices", "p.csv", b"us-east-1,nat_gateway_gb,0.5\n");
    let mut args =
        vec!["report", "--no-cache", "--format", "json", "--cost-basis", "list", "--prices", "s3://of-prices/p.csv"];
    args.extend(["--flow-logs", "s3://of-flow-logs/x/**/*.gz", "--billing", "s3://of-billing", "--metrics"]);
    args.extend([
        "s3://of-metrics/x/get-metric-data.json",
        "--dns",
        "s3://of-dns/x",
        "--inventory",
        "s3://of-inventory/x/",
    ]);
    let folder = tempfile::tempdir().expect("a folder");
    bundle::write(&folder.path().join("natlens.toml"), &std::fs::read(bundle.join("natlens.toml")).expect("a file"));
    same("apart", &over(&apart, folder.path(), &[], &args), &expect);
}

#[test]
fn only_folders_of_the_period_are_looked_into() {
    for layout in ["plain", "hive-hourly"] {
        let account = Account::new(&format!("--layout {layout} --bill-format none"));
        let logs = account.bundle().join("flow-logs");
        let before = Account::new(&format!("--layout {layout} --bill-format none --month 2026-03"));
        for file in bundle::files(&before.bundle().join("flow-logs")) {
            let below = file.strip_prefix(before.bundle().join("flow-logs")).expect("below");
            bundle::write(&logs.join(below), &std::fs::read(&file).expect("a file"));
        }
        let fake = account.serve(|_| Fault::None);
        let run = report(&fake, &["--month", "2026-10"]);
        same(layout, &run, &account.local(&["--month", "2026-10"]));
        let march = |request: &Request| {
            let place = format!("{}{}", request.key, request.query.get("prefix").map_or("", String::as_str));
            place.contains("2026/03") || place.contains("month=03")
        };
        let asked: Vec<_> = fake.requests().into_iter().filter(march).map(|request| request.path).collect();
        assert_eq!(asked, Vec::<String>::new(), "{layout}");
        // Without a month all of it is looked at, and the newest month is taken.
        assert_eq!(said(&report(&fake, &[]))["period"], said(&run)["period"], "{layout}");
        assert!(fake.requests().iter().any(march), "{layout}");
    }
}

#[test]
fn a_second_run_asks_what_there_is_and_for_nothing_else() {
    let account = Account::new("");
    let expect = account.local(&[]);
    let fake = account.serve(|_| Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    let args = [&["report", REMOTE, "--cache-dir", "cache"][..], &JSON].concat();
    same("the first run", &over(&fake, folder.path(), &[], &args), &expect);
    let gets = || fake.requests().iter().filter(|request| !request.is_list()).count();
    let first = gets();
    same("the second run", &over(&fake, folder.path(), &[], &args), &expect);
    assert_eq!(gets(), first);
    // Another report of the same logs reads none of them again.
    let before = fake.requests().len();
    let logs = |request: &Request| request.key.contains("/flow-logs/");
    let other = over(&fake, folder.path(), &[], &[&args[..], &["--top", "2"]].concat());
    same("another report", &other, &account.local(&["--top", "2"]));
    let again = fake.requests().split_off(before);
    assert!(again.iter().any(|request| request.key.ends_with("describe-vpcs.json")));
    assert!(!again.iter().any(logs));
    // An object that is replaced is read again.
    let text = b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";
    fake.put(BUCKET, "team/bundle/flow-logs/new.log", text);
    let before = fake.requests().len();
    let run = over(&fake, folder.path(), &[], &args);
    assert_eq!(said(&run)["inputs"][0]["objects"], expect["inputs"][0]["objects"].as_u64().expect("a number") + 1);
    let news = fake.requests().split_off(before);
    assert_eq!(
        news.iter().filter(|request| logs(request)).map(|request| &*request.key).collect::<Vec<_>>(),
        ["team/bundle/flow-logs/new.log"]
    );
}

#[test]
fn what_the_user_grants_is_said_and_signed_with_every_request() {
    let account = Account::new("--bill-format none");
    let fake = account.serve(|_| Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    let args = [&["report", REMOTE, "--no-cache", "--requester-pays", "--region", "eu-west-1"][..], &JSON].concat();
    let run = over(&fake, folder.path(), &[("NATLENS_EXPECTED_BUCKET_OWNER", "123456789012")], &args);
    same("granted", &run, &account.local(&[]));
    for request in fake.requests() {
        assert_eq!(request.header("x-amz-request-payer"), Some("requester"), "{}", request.path);
        assert_eq!(request.header("x-amz-expected-bucket-owner"), Some("123456789012"), "{}", request.path);
        assert_eq!(request.header("x-amz-security-token"), Some(TOKEN), "{}", request.path);
        assert!(request.header("authorization").is_some_and(|given| given.contains("/eu-west-1/s3/")));
    }
    let wrong = over(&fake, folder.path(), &[], &["report", REMOTE, "--expected-bucket-owner", "me"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

#[test]
fn a_local_report_needs_no_credentials_and_asks_nobody() {
    let account = Account::new("--bill-format none");
    let fake = account.serve(|_| Fault::None);
    let run = over(&fake, account.0.path(), &[], &[&["report", "bundle", "--no-cache"][..], &JSON].concat());
    same("local", &run, &account.local(&[]));
    assert!(fake.requests().is_empty());
    let explained = over(&fake, account.0.path(), &[], &["explain", REMOTE, "s3", "--no-cache"]);
    let local = natlens(account.0.path(), &["explain", arg(&account.bundle()), "s3", "--no-cache"]);
    assert_eq!((explained.code, explained.stdout), (0, local.stdout), "{}", explained.stderr);
}

#[test]
fn what_needs_access_at_any_offset_is_fetched_once() {
    for options in ["--log-file-format parquet --bill-format cur2-parquet", "--bill-format cur-legacy-zip"] {
        let account = Account::new(options);
        let fake = account.serve(|_| Fault::None);
        same(options, &report(&fake, &[]), &account.local(&[]));
        let mut gets = std::collections::BTreeMap::<String, u32>::new();
        for request in fake.requests().iter().filter(|request| !request.is_list()) {
            *gets.entry(request.key.clone()).or_default() += 1;
        }
        // Of a bill one more for its first bytes, which tell manifests.
        let logs =
            gets.iter().filter(|(key, _)| key.contains("/flow-logs/") && key.rsplit('.').next() == Some("parquet"));
        assert!(logs.clone().all(|(_, gets)| *gets == 1), "{options}: {gets:?}");
        let zips = gets.iter().filter(|(key, _)| key.rsplit('.').next() == Some("zip"));
        assert!(zips.clone().all(|(_, gets)| *gets <= 2), "{options}: {gets:?}");
        assert!(logs.count() + zips.count() > 0, "{options}: {gets:?}");
    }
}

#[test]
fn an_address_with_a_password_is_refused_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for address in ["http://user:PASSCANARY@127.0.0.1:1", "http://user:PASS CANARY@127.0.0.1:1"] {
        for command in [&["report", "s3://bucket/x"][..], &["collect", "--to", "x", "--region", "us-east-1"]] {
            let own = [("AWS_ENDPOINT_URL", address), ("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
            let run = natlens_in(folder.path(), &own, command);
            assert_ne!(run.code, 0, "{address} {command:?}");
            assert!(!run.stderr.contains("CANARY") && run.stdout.is_empty(), "{command:?}: {}", run.stderr);
        }
    }
}
