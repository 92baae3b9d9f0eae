//! The roll-up in its declared form, there and back through the real binary: the report made from it is the report made from the
//! flow logs. That the SQL text gives the same rows is for `tools/check_rollup.py`, on engines of others.

mod common;
#[path = "common/explained.rs"]
mod explained;

use common::{Run, arg, natlens};
use explained::{check, explained};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const MONTH: [&str; 2] = ["--month", "2026-10"];

struct Account {
    folder: tempfile::TempDir,
}

impl Account {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--records", "2500", "--clients", "25", "--objects", "5"];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn remove(&self, part: &str) {
        fs::remove_dir_all(self.path("bundle").join(part)).expect("a part of the bundle");
    }

    fn athena(&self, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["athena", "bundle", "--no-cache"], &MONTH[..], more].concat())
    }

    fn report(&self, more: &[&str]) -> Run {
        let base =
            ["report", "bundle", "--no-cache", "--format", "json", "--top", "0", "--group-by", "service,day,vpc"];
        natlens(self.folder.path(), &[&base, more].concat())
    }

    /// The local engine's roll-up, and the report of it beside that of the flow logs.
    fn check(&self, situation: &str, grain: &str) {
        let made = self.athena(&["--engine", "local", "--grain", grain, "-o", "rollup.parquet"]);
        assert_eq!(made.code, 0, "{situation}: {}", made.stderr);
        let (expect, found) = (self.report(&MONTH), self.report(&["--rollup", "rollup.parquet"]));
        assert!(expect.code == found.code && found.code == 0, "{situation}: {}{}", expect.stderr, found.stderr);
        assert_eq!(cleaned(&found), cleaned(&expect), "{situation}");
    }

    fn export(&self, to: &str, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["export", "bundle", "--no-cache", "--to", to], more].concat())
    }

    /// Every file is the same, byte for byte; the manifest says what was read.
    fn check_dataset(&self, situation: &str) {
        let mut manifests = Vec::new();
        for (to, more) in [("of-logs", &MONTH[..]), ("of-rollup", &["--rollup", "rollup.parquet"])] {
            let run = self.export(to, more);
            assert_eq!(run.code, 0, "{situation}: {}", run.stderr);
            let text = fs::read_to_string(self.path(to).join("_natlens/month=2026-10.json")).expect("a manifest");
            let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
            let inputs = manifest.as_object_mut().expect("an object").remove("inputs").expect("inputs");
            manifests.push((manifest, inputs));
        }
        let [(of_logs, logs), (of_rollup, rollup)] = &manifests[..] else { panic!("two manifests") };
        assert_eq!(of_rollup, of_logs, "{situation}: SHA-256 of every file among it");
        let kinds = |inputs: &Value| -> Vec<String> {
            let rows = inputs.as_array().expect("a list").iter();
            rows.map(|row| row["kind"].as_str().expect("a kind").replace("rollup", "flow-logs")).collect()
        };
        assert_eq!(kinds(rollup), kinds(logs), "{situation}");
        for table in of_logs["tables"].as_array().expect("tables") {
            for file in table["files"].as_array().expect("files") {
                let bytes =
                    |to: &str| fs::read(self.path(to).join(file["path"].as_str().expect("a path"))).expect("a file");
                assert_eq!(bytes("of-rollup"), bytes("of-logs"), "{situation}: {}", file["path"]);
            }
        }
    }

    /// The same lines, but for where the numbers are from, and a last part about what only flow logs tell.
    fn check_explanations(&self, situation: &str) {
        let report = cleaned(&self.report(&MONTH));
        let mut told = 0;
        for (part, field) in [("nat_gateways", "nat_gateway_id"), ("decisions", "service"), ("clients", "client")] {
            let rows = report[part].as_array().expect("a list");
            let subjects = rows.iter().map(|row| row[field].as_str().expect("a text"));
            let Some(subject) = subjects.filter(|subject| !subject.starts_with('(')).max() else { continue };
            let explained = |more: &[&str]| explained(self.folder.path(), "bundle", subject, more);
            let expect = explained(&MONTH);
            let mut found = explained(&["--rollup", "rollup.parquet"]);
            check(&found);
            let steps = found["steps"].as_array_mut().expect("steps");
            let beyond = steps.iter().rposition(|step| step["kind"] == "part").expect("a part");
            let more = steps.split_off(beyond);
            assert!(
                more[1]["text"].as_str().is_some_and(|text| text.contains("rollup.parquet")),
                "{situation}: {more:?}"
            );
            for step in steps.iter_mut().filter(|step| step["source"] == "roll-up") {
                step["source"] = "flow logs".into();
                told += 1;
            }
            let lines = |explanation: &Value| -> Vec<Value> {
                let steps = explanation["steps"].as_array().expect("steps");
                // The local path counts what came twice, too.
                steps.iter().filter(|step| step["label"] != "read, of all interfaces").cloned().collect()
            };
            assert_eq!(lines(&found), lines(&expect), "{situation}: {subject}");
        }
        assert!(told > 0, "{situation}: nothing is from the roll-up");
    }
}

/// A report without what may differ between two ways to the same records (product contract 6).
fn cleaned(run: &Run) -> Value {
    let mut report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let fields = report.as_object_mut().expect("an object");
    fields.remove("inputs");
    for (part, names) in [("records", &["read", "duplicate"][..]), ("record_bytes", &["duplicate"])] {
        for name in names {
            fields[part].as_object_mut().expect("an object").remove(*name);
        }
    }
    let warnings = fields["warnings"].as_array_mut().expect("a list");
    warnings.retain(|warning| !warning["code"].as_str().is_some_and(|code| code.contains("duplicate")));
    for warning in warnings.iter_mut().filter(|warning| warning["code"] == "malformed-record") {
        warning["message"] = Value::Null;
    }
    report
}

#[test]
fn the_report_of_a_rollup_is_that_of_its_logs() {
    for (situation, options, grain, without) in [
        ("gateways' own records", "--vantage nat --nat64 --private-nat", "day", &["dns"][..]),
        ("names by the hour", "--vantage vpc", "hour", &[]),
        ("clients' records", "--vantage instance --fields v11 --log-file-format parquet", "day", &["dns"]),
        ("without pkt-*", "--vantage v2", "day", &["dns"]),
        ("two flow logs", "--vantage two-logs", "day", &["dns"]),
        ("regional", "--vantage regional --fields v11", "day", &["dns"]),
        ("a hub", "--vantage hub", "day", &["dns"]),
        ("gateways that nobody told of", "--vantage nat", "day", &["dns", "inventory"]),
        ("nor of those without pkt-*", "--vantage vpc --fields v11", "day", &["dns", "inventory"]),
    ] {
        let account = Account::new(options);
        for part in without {
            account.remove(part);
        }
        account.check(situation, grain);
    }
}

#[test]
fn so_are_the_dataset_and_what_is_explained() {
    for (situation, options, grain) in [
        ("gateways' own records", "--vantage nat", "day"),
        ("names by the hour", "--vantage vpc --rules", "hour"),
        ("a hub", "--vantage hub", "day"),
    ] {
        let account = Account::new(options);
        if grain == "day" {
            account.remove("dns");
        }
        let made = account.athena(&["--engine", "local", "--grain", grain, "-o", "rollup.parquet"]);
        assert_eq!(made.code, 0, "{situation}: {}", made.stderr);
        account.check_dataset(situation);
        account.check_explanations(situation);
    }
}

#[test]
fn what_is_no_rollup_of_the_time_is_refused() {
    let account = Account::new("--vantage nat");
    let made = account.athena(&["--engine", "local", "--grain", "day", "-o", "day.parquet"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    fs::create_dir(account.path("twice")).expect("a folder");
    for name in ["one.parquet", "two.parquet"] {
        fs::copy(account.path("day.parquet"), account.path("twice").join(name)).expect("a copy");
    }
    let whole = fs::read(account.path("day.parquet")).expect("a file");
    fs::write(account.path("cut.parquet"), &whole[..whole.len() / 2]).expect("a file");
    let refused = |situation: &str, more: &[&str], expect: &str| {
        let run = account.report(more);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{situation}: {}", run.stderr);
        assert!(run.stderr.contains(expect) && run.stderr.contains("hint: "), "{situation}: {}", run.stderr);
    };
    refused("rows of days and names of hours", &["--rollup", "day.parquet"], "Resolver logs name by the hour");
    account.remove("dns");
    refused("another month", &["--rollup", "day.parquet", "--month", "2026-09"], "the roll-up is of 2026-10-01");
    let run = account.export("dataset", &["--rollup", "day.parquet", "--month", "2026-09"]);
    assert_eq!((run.code, account.path("dataset/summary").exists()), (1, false), "another month: {}", run.stderr);
    let months = ["--engine", "local", "--from", "2026-10-20", "--to", "2026-11-10", "-o", "months.parquet"];
    let made = natlens(account.folder.path(), &[&["athena", "bundle", "--no-cache"], &months[..]].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    let run = account.export("dataset", &["--rollup", "months.parquet"]);
    assert_eq!((run.code, account.path("dataset/summary").exists()), (1, false), "two months: {}", run.stderr);
    assert!(run.stderr.contains("hint: make a roll-up of each month"), "{}", run.stderr);
    let explained = natlens(account.folder.path(), &["explain", "bundle", "s3", "--rollup", "cut.parquet"]);
    assert!(explained.code == 1 && explained.stderr.contains("cut.parquet: "), "{}", explained.stderr);
    refused("the same twice", &["--rollup", "twice"], "2 rows of kind window");
    refused("a file that breaks off", &["--rollup", "cut.parquet"], "cut.parquet: ");
    refused("something else", &["--rollup", "bundle/inventory"], "json: ");
    refused("nothing", &["--rollup", "nowhere"], "nowhere: no such file or folder");
}

#[test]
fn the_text_and_its_tables_are_written_whole_and_alike() {
    let account = Account::new("--vantage two-logs");
    let emit = |tables: &str| account.athena(&["--emit-sql", "--tables", tables]);
    let (one, other) = (emit("one"), emit("other"));
    assert_eq!((one.code, other.code), (0, 0), "{}{}", one.stderr, other.stderr);
    assert_eq!(one.stdout, other.stdout);
    // A log with and one without pkt-*: two layouts.
    assert!(
        one.stdout.starts_with("-- flow_logs_1 (text): fl-") && one.stdout.contains("\n-- flow_logs_2 (text): fl-")
    );
    assert!(one.stdout.contains("FROM flow_logs_1 s") && one.stdout.contains("FROM flow_logs_2 s"));
    for table in
        ["gateway_addresses", "interfaces", "local_ranges", "nat_routes", "next_hops", "objects", "peers", "vpc_ranges"]
    {
        let file = |tables: &str| fs::read(account.path(tables).join(format!("natlens_{table}/part-00000.parquet")));
        assert_eq!(file("one").expect("a table"), file("other").expect("a table"), "{table}");
        assert!(one.stdout.contains(&format!("JOIN natlens_{table} ")), "{table}");
    }
}

#[test]
fn the_estimate_is_of_all_that_the_tables_read() {
    for (options, tables) in [("--vantage two-logs", 2), ("--vantage vpc --log-file-format parquet", 1)] {
        let account = Account::new(options);
        let estimate = |more: &[&str]| -> u64 {
            let run = account.athena(&[&["--emit-sql"], more].concat());
            assert_eq!(run.code, 0, "{options}: {}", run.stderr);
            let line = run.stdout.lines().find_map(|line| line.strip_prefix("-- reads about ")).expect("an estimate");
            line.strip_suffix(" bytes").expect("bytes").parse().expect("a number")
        };
        let days = ["--partitions", "day > '2026/09/29'"];
        let (of_days, of_all) = (estimate(&days), estimate(&[]));
        // An object of another year, which only partitions leave out.
        let logs = account.path("bundle/flow-logs");
        let mut files =
            walkdir::WalkDir::new(&logs).sort_by_file_name().into_iter().map(|entry| entry.expect("an entry"));
        let is_of_month =
            |entry: &walkdir::DirEntry| entry.file_type().is_file() && arg(entry.path()).contains("/2026/10/");
        let object = files.find(is_of_month).expect("an object");
        let old = PathBuf::from(arg(object.path()).replace("/2026/10/", "/2024/10/"));
        fs::create_dir_all(old.parent().expect("a folder")).expect("a folder");
        let size = fs::copy(object.path(), &old).expect("a copy");
        assert_eq!(estimate(&days), of_days, "{options}");
        let more = estimate(&[]) - of_all;
        // Each table over the folder reads it. Of a small Parquet file the end is read for its footer, and the columns again.
        let expect = if tables == 2 { 2 * size..2 * size + 1 } else { size + 1..2 * size };
        assert!(expect.contains(&more), "{options}: {more} more for {size} bytes");
    }
}

#[test]
fn logs_that_are_no_table_are_refused() {
    let refused = |situation: &str, options: &str, change: &dyn Fn(&Path), more: &[&str], expect: &str| {
        let account = Account::new(options);
        change(&account.path("bundle"));
        let run = account.athena(&[&["--emit-sql"], more].concat());
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{situation}: {}", run.stderr);
        assert!(run.stderr.contains(expect) && run.stderr.contains("hint: "), "{situation}: {}", run.stderr);
    };
    let nothing = |_: &Path| ();
    refused("Firehose", "--log-file-format firehose", &nothing, &[], "Firehose JSON cannot be read by SQL");
    refused("an export", "--log-file-format cloudwatch-export", &nothing, &[], "cannot be read by SQL");
    let mix = |bundle: &Path| {
        let name = "297308920538_vpcflowlogs_us-east-1_fl-00000000000000001_20261010T0000Z_0000000";
        let record = "2 297308920538 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 10 1791600000 1791600060 ACCEPT OK";
        let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
        fs::write(bundle.join(format!("flow-logs/{name}1.log")), format!("{header}\n{record}\n")).expect("a log");
        let (header, record) = (format!("{header} vpc-id"), format!("{record} vpc-1"));
        fs::write(bundle.join(format!("flow-logs/{name}2.log")), format!("{header}\n{record}\n")).expect("a log");
    };
    refused(
        "a log of two layouts",
        "--vantage nat",
        &mix,
        &[],
        "fl-00000000000000001: its objects have different fields",
    );
    let silent = |bundle: &Path| {
        let name = "297308920538_vpcflowlogs_us-east-1_fl-00000000000000001_20261010T0000Z_00000001.log";
        let text = "interface-id srcaddr dstaddr bytes start action\neni-1 10.0.0.1 10.0.0.2 1 1791600000 ACCEPT\n";
        fs::write(bundle.join("flow-logs").join(name), text).expect("a log");
    };
    refused("a log without log-status", "--vantage nat", &silent, &[], "the flow logs have no log-status");
}

#[test]
fn a_time_is_needed() {
    let account = Account::new("--vantage nat");
    let run = natlens(account.folder.path(), &["athena", arg(&account.path("bundle")), "--emit-sql"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("hint: give --month"), "{}", run.stderr);
}
