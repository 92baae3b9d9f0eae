//! `natlens export`: the rows of the report, in files that stay whole whatever happens to the run.

#[path = "export/accounts.rs"]
mod accounts;
mod common;
#[path = "common/rows.rs"]
mod rows;

use common::{Run, arg, natlens};
use rows::{Row, Value as Cell, read};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A simulated account, and what is exported from it.
struct Account {
    folder: tempfile::TempDir,
}

type Files = BTreeMap<String, Vec<u8>>;

impl Account {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--objects", "3", "--records", "3000", "--clients", "60"];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        Self { folder }
    }

    fn run(&self, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["export", "bundle", "--to", "dataset", "--no-cache"], more].concat())
    }

    fn export(&self, more: &[&str]) -> Run {
        let run = self.run(more);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    }

    fn report(&self, more: &[&str]) -> Value {
        let run = natlens(
            self.folder.path(),
            &[&["report", "bundle", "--no-cache", "--format", "json", "--top", "3"], more].concat(),
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
        serde_json::from_str(&run.stdout).expect("JSON on stdout")
    }

    fn dataset(&self) -> PathBuf {
        self.folder.path().join("dataset")
    }

    /// All rows of a table in a month.
    fn rows(&self, table: &str, month: &str) -> Vec<Row> {
        let files = files(&self.dataset().join(table)).into_iter();
        let own = files.filter(|(name, _)| name.contains(&format!("/month={month}/")));
        let rows: Vec<Row> = own.flat_map(|(name, bytes)| read(&name, bytes)).collect();
        rows
    }
}

/// All files under a folder, by their path in it; the lock says nothing.
fn files(folder: &Path) -> Files {
    let (mut found, mut folders) = (Files::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                let name = path.strip_prefix(folder).expect("under it").to_str().expect("UTF-8").to_owned();
                found.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// A decimal text in 10^-12, or a count.
fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Null => None,
        Value::Number(count) => Some(count.as_i64().expect("a count").into()),
        text => {
            let text = text.as_str().expect("a decimal");
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            Some(format!("{whole}{part:0<12}").parse().expect("a decimal"))
        }
    }
}

fn same(what: &str, row: &Row, expect: &Value, names: &[&str]) {
    for name in names {
        let found = row.get(*name).unwrap_or_else(|| panic!("{what}: no column {name}"));
        let is_so = match (found, &expect[name]) {
            (Cell::Null, Value::Null) => true,
            (Cell::Text(text), Value::String(expect)) => text == expect,
            (Cell::Text(text), Value::Array(list)) => {
                let texts: Vec<&str> = list.iter().map(|item| item.as_str().expect("a text")).collect();
                *text == texts.join(",")
            }
            (Cell::Count(count) | Cell::Amount(count), expect) => Some(*count) == number(expect),
            (Cell::Flag(flag), Value::Bool(expect)) => flag == expect,
            _ => false,
        };
        assert!(is_so, "{what}: {name}: {found:?}, not {}", expect[name]);
    }
}

fn list<'v>(report: &'v Value, part: &str) -> &'v Vec<Value> {
    report[part].as_array().expect("rows")
}

const SUMMARY: [&str; 13] = [
    "nat_gateways",
    "observed_bytes",
    "billed_bytes",
    "coverage",
    "data_usd",
    "hours_usd",
    "attributed_usd",
    "unobserved_usd",
    "avoidable_usd",
    "endpoint_usd",
    "net_saving_usd",
    "gateway_saving_usd",
    "upper_bound_usd",
];

/// The columns that tell rows of traffic apart.
const TRAFFIC: [&str; 7] = ["nat_gateway_id", "vpc_id", "az_id", "service", "service_region", "endpoint", "evidence"];

/// The days of a row sum to it, bytes and dollars, and no day is there twice.
fn check_traffic(situation: &str, rows: Vec<Row>, report: &Value) {
    const SUMS: [&str; 3] = ["upload_bytes", "download_bytes", "usd"];
    let mut by_row: BTreeMap<_, [Option<i128>; 3]> = BTreeMap::new();
    let mut days = BTreeSet::new();
    for row in rows {
        let key = TRAFFIC.map(|name| row[name].text());
        assert!(days.insert((key.clone(), row["day"].clone())), "{situation}: {row:?} twice");
        let sums = by_row.entry(key).or_insert([Some(0); 3]);
        for (sum, name) in sums.iter_mut().zip(SUMS) {
            *sum = sum.zip(row[name].number()).map(|(a, b)| a + b);
        }
    }
    assert!(days.len() > by_row.len(), "{situation}: rows of several days");
    let traffic = list(report, "traffic");
    assert_eq!(by_row.len(), traffic.len(), "{situation}");
    for expect in traffic {
        let key = TRAFFIC.map(|name| expect[name].as_str().map(str::to_owned));
        let expect = SUMS.map(|name| number(&expect[name]));
        assert_eq!(by_row.get(&key), Some(&expect), "{situation}: {key:?}");
    }
}

/// All clients, and not only those that the report shows.
fn check_clients(situation: &str, clients: &[Row], report: &Value) {
    assert!(clients.len() > 20, "{situation}: {} clients", clients.len());
    for name in ["upload_bytes", "download_bytes", "usd"] {
        let expect = list(report, "clients").iter().map(|row| number(&row[name])).sum::<Option<i128>>();
        assert_eq!(clients.iter().map(|row| row[name].number()).sum::<Option<i128>>(), expect, "{situation}: {name}");
    }
    for expect in list(report, "clients").iter().filter(|row| row["client"] != "(other)") {
        check_row(situation, clients, expect, &["client", "vpc_id"], &[]);
    }
}

/// The row with the same keys has the same values, but for what stands elsewhere.
fn check_row(situation: &str, rows: &[Row], expect: &Value, keys: &[&str], elsewhere: &[&str]) {
    let is_it = |row: &&Row| keys.iter().all(|key| row[*key].text().as_deref() == expect[key].as_str());
    let row = rows.iter().find(is_it).unwrap_or_else(|| panic!("{situation}: no {expect}"));
    let names = expect.as_object().expect("a row").keys().map(String::as_str);
    same(situation, row, expect, &names.filter(|name| !elsewhere.contains(name)).collect::<Vec<_>>());
}

/// What the bill says of the gateways' data is what the report says that it cost.
fn check_bill(situation: &str, lines: &[Row], report: &Value) {
    if report["summary"]["data_usd"].is_null() {
        assert!(lines.is_empty(), "{situation}");
        return;
    }
    let is = |row: &&&Row, name: &str, words: &[&str]| words.contains(&row[name].text().unwrap_or_default().as_str());
    let lines: Vec<&Row> = lines.iter().collect();
    let data = || lines.iter().filter(|row| is(row, "x_kind", &["nat_bytes", "nat_provisioned_bytes"]));
    let cost = data().filter(|row| is(row, "x_class", &["usage", "discount"])).map(|row| row["x_cost"].number());
    assert_eq!(cost.sum::<Option<i128>>(), number(&report["summary"]["data_usd"]), "{situation}");
    let bytes = data().filter(|row| is(row, "x_class", &["usage"])).map(|row| row["x_bytes"].number());
    assert_eq!(bytes.sum::<Option<i128>>(), number(&report["summary"]["billed_bytes"]), "{situation}");
}

/// Every table against the JSON report of the same inputs.
fn check(situation: &str, simulated: &str, more: &[&str]) {
    let account = Account::new(simulated);
    let report = account.report(more);
    account.export(more);
    let month = &report["period"]["start"].as_str().expect("a time")[..7];
    let rows = |table: &str| account.rows(table, month);
    let summary = rows("summary");
    assert_eq!(summary.len(), 1, "{situation}");
    same(situation, &summary[0], &report["summary"], &SUMMARY);
    same(situation, &summary[0], &report, &["currency", "cost_basis"]);
    same(situation, &summary[0], &report["period"], &["partial"]);
    check_traffic(situation, rows("traffic"), &report);
    check_clients(situation, &rows("clients"), &report);
    let tables: [(&str, &[&str], &[&str]); 3] = [
        ("nat_gateways", &["nat_gateway_id"], &["account_id"]),
        ("decisions", &["vpc_id", "service", "endpoint_type"], &[]),
        ("findings", &["nat_gateway_id", "kind"], &[]),
    ];
    for (table, keys, elsewhere) in tables {
        let (rows, expect) = (rows(table), list(&report, table));
        assert_eq!(rows.len(), expect.len(), "{situation}: {table}");
        for expect in expect {
            check_row(situation, &rows, expect, keys, elsewhere);
        }
    }
    check_bill(situation, &rows("bill_lines"), &report);
    assert!(!rows("prices").is_empty(), "{situation}");
}

#[test]
fn sums_over_the_dataset_are_the_reports() {
    check("a bill", "--seed 1 --gib 4000 --deleted-gateway --unknown-bill-rows --discount 7", &[]);
    check("unblended, Parquet", "--seed 2 --bill-format cur2-parquet", &["--cost-basis", "unblended"]);
    check("at list with a bill", "--seed 3 --bill-format focus-1.0", &["--cost-basis", "list"]);
    check("Cost Explorer", "--seed 4 --bill-format cost-explorer", &[]);
    check("a hub", "--seed 5 --vantage vpc", &["--month", "2026-10"]);
    check("without a bill", "--seed 6 --logs-only", &[]);
}

#[test]
fn two_months_stand_side_by_side_and_an_export_again_changes_nothing() {
    let account = Account::new("--seed 11");
    account.export(&["--month", "2026-10"]);
    let first = files(&account.dataset());
    assert!(first.keys().any(|name| name.starts_with("traffic/account_id=")), "{:?}", first.keys());
    account.export(&["--month", "2026-10", "--threads", "1"]);
    assert_eq!(files(&account.dataset()), first, "the same bytes");
    // The bill and the logs of the month reach a day into its neighbours.
    account.export(&["--month", "2026-11"]);
    let both = files(&account.dataset());
    let october: Files =
        both.iter().filter(|(name, _)| name.contains("2026-10")).map(|(n, b)| (n.clone(), b.clone())).collect();
    assert_eq!(october, first);
    assert!(both.len() > first.len());
    account.export(&["--month", "2026-10"]);
    assert_eq!(files(&account.dataset()), both);
}

#[test]
fn the_manifest_tells_what_is_there() {
    let account = Account::new("--seed 12");
    let run = account.export(&["--format", "json"]);
    let manifest: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let found = files(&account.dataset());
    assert_eq!(String::from_utf8_lossy(&found["_natlens/month=2026-10.json"]), run.stdout);
    let mut named = BTreeSet::from(["_natlens/month=2026-10.json".to_owned()]);
    for table in list(&manifest, "tables") {
        let rows = account.rows(table["table"].as_str().expect("a name"), "2026-10");
        assert_eq!(table["rows"], rows.len(), "{table}");
        for (name, sum) in table["sums"].as_object().expect("sums") {
            let found: i128 = rows.iter().filter_map(|row| row[name.as_str()].number()).sum();
            assert_eq!(Some(found), number(sum), "{}.{name}", table["table"]);
        }
        for file in list(table, "files") {
            let path = file["path"].as_str().expect("a path").to_owned();
            assert_eq!(file["bytes"], found[&path].len(), "{path}");
            let sum = Command::new("sha256sum").arg(account.dataset().join(&path)).output().expect("sha256sum");
            let sum = String::from_utf8_lossy(&sum.stdout).into_owned();
            assert_eq!(sum.split(' ').next(), file["sha256"].as_str(), "{path}");
            named.insert(path);
        }
    }
    assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), named, "nothing else");
    let kinds: Vec<&str> = list(&manifest, "inputs").iter().map(|row| row["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["flow-logs", "inventory", "billing", "metrics", "dns"]);
}

#[test]
fn a_part_of_a_month_that_replaces_more_of_it_says_so() {
    let account = Account::new("--seed 17");
    let half = ["--from", "2026-10-01", "--until", "2026-10-16"];
    let manifest = || -> Value { read_json(&account.dataset().join("_natlens/month=2026-10.json")) };
    let run = account.export(&half);
    assert!(!run.stderr.contains("note: ") && manifest()["replaced_period"].is_null(), "{}", run.stderr);
    let run = account.export(&["--month", "2026-10"]);
    assert!(!run.stderr.contains("note: ") && manifest()["replaced_period"].is_null(), "{}", run.stderr);
    let run = account.export(&half);
    let note = "note: 2026-10 was exported from 2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z before, and is replaced by 2026-10-01T00:00:00Z to 2026-10-16T00:00:00Z";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    assert_eq!(manifest()["replaced_period"]["end"], "2026-11-01T00:00:00Z");
    assert_eq!(manifest()["period_end"], "2026-10-16T00:00:00Z");
    let once = files(&account.dataset());
    let run = account.export(&half);
    assert!(!run.stderr.contains("note: "), "{}", run.stderr);
    assert_eq!(files(&account.dataset()), once, "the same again changes nothing");
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

#[test]
fn an_unfinished_export_of_another_version_is_left_alone() {
    let account = Account::new("--seed 20");
    account.export(&[]);
    let commit = account.dataset().join("_natlens/commit.json");
    std::fs::write(&commit, "{\"schema\": \"natlens.export/9\"}").expect("written");
    let before = files(&account.dataset());
    let run = account.run(&["--cost-basis", "list"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("_natlens/commit.json: it has the form") && run.stderr.contains("hint: "),
        "{}",
        run.stderr
    );
    assert_eq!(files(&account.dataset()), before);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_read() {
    let account = Account::new("--seed 13");
    let check = |more: &[&str], code: i32, what: &str| {
        let run = account.run(more);
        assert_eq!(run.code, code, "{more:?}: {}", run.stderr);
        assert!(run.stderr.contains(what) && run.stdout.is_empty(), "{more:?}: {}", run.stderr);
        assert!(files(&account.dataset()).is_empty());
    };
    check(&["--from", "2026-10-01", "--until", "2026-11-02"], 2, "of several months");
    check(&["--month", "2026-13"], 2, "no month");
    check(&["--strict", "--flow-logs", "bundle/truth.json"], 1, "");
}

#[test]
fn a_full_disk_changes_nothing() {
    let account = Account::new("--seed 14");
    account.export(&[]);
    let before = files(&account.dataset());
    // Writing past a size fails as it does on a full disk; half of the files fit.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" export bundle --to dataset --no-cache --cost-basis list --from 2026-10-01 --until 2026-10-16";
    let run = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_natlens")])
        .current_dir(account.folder.path())
        .env_clear()
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be written") && said.contains("hint: nothing of the month was changed"), "{said}");
    let at = |text: &str| said.find(text);
    assert!(at("note: 2026-10 was exported from") < at("cannot be written"), "said before it is done: {said}");
    assert!(said.contains("note: 2026-10 was exported from"), "{said}");
    assert_eq!(files(&account.dataset()), before);
    account.export(&["--cost-basis", "list"]);
    assert_ne!(files(&account.dataset()), before);
}

#[test]
fn killed_at_any_moment_every_table_is_old_or_new_and_the_next_run_finishes_it() {
    let account = Account::new("--seed 15");
    let (net, list) = (["--cost-basis", "net"], ["--cost-basis", "list"]);
    account.export(&list);
    let new = files(&account.dataset());
    account.export(&net);
    let old = files(&account.dataset());
    assert_ne!(old, new);
    let start = std::time::Instant::now();
    account.export(&net);
    let whole = start.elapsed();
    for at in 0..12u32 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_natlens"))
            .args(["export", "bundle", "--to", "dataset", "--no-cache"])
            .args(list)
            .current_dir(account.folder.path())
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        // Most of them towards the end, where files are written.
        std::thread::sleep(whole * (88 + at) / 100);
        let _ = child.kill();
        child.wait().expect("it ends");
        let found = files(&account.dataset());
        for (name, bytes) in found.iter().filter(|(name, _)| !name.starts_with("_natlens/")) {
            assert!(old.get(name) == Some(bytes) || new.get(name) == Some(bytes), "{at}: {name}");
        }
        account.export(&net);
        assert_eq!(files(&account.dataset()), old, "{at}");
    }
}

/// The DDL of an account's flow logs alone.
fn flow_log_ddl(options: &str) -> String {
    let account = Account::new(&format!("--logs-only {options}"));
    let more = ["--ddl", "--to", "s3://bucket/dataset", "--logs-at", "s3://logs/vpc", "--quiet"];
    let run = natlens(account.folder.path(), &[&["export", "bundle", "--no-cache"], &more[..]].concat());
    assert_eq!(run.code, 0, "{options}: {}", run.stderr);
    assert!(!account.dataset().exists(), "nothing is written");
    let at = run.stdout.find("-- Your own flow logs").unwrap_or_else(|| panic!("{options}: {}", run.stdout));
    run.stdout[at..].to_owned()
}

/// Names of the columns of the only table, in order.
fn columns(ddl: &str) -> Vec<&str> {
    assert_eq!(ddl.matches("CREATE EXTERNAL TABLE").count(), 1, "{ddl}");
    let lines = ddl.lines().filter_map(|line| line.strip_prefix("  `")?.split_once('`'));
    lines.map(|(name, _)| name).collect()
}

#[test]
fn ddl_has_the_flow_logs_columns_and_folders_as_they_are() {
    let check = |options: &str, first: &[&str], holds: &[&str], not: &[&str]| {
        let ddl = flow_log_ddl(options);
        assert!(columns(&ddl).starts_with(first), "{options}: {ddl}");
        for part in holds {
            assert!(ddl.contains(part), "{options}: no {part}: {ddl}");
        }
        for part in not {
            assert!(!ddl.contains(part), "{options}: {part}: {ddl}");
        }
    };
    let v2 = ["version", "account_id", "interface_id", "srcaddr"];
    let plain = "'storage.location.template'='s3://logs/vpc/AWSLogs/${aws_account}/vpcflowlogs/${aws_region}/${day}'";
    check("--seed 21", &v2, &[plain, "'skip.header.line.count'='1'", "`start` bigint", "`end` bigint"], &["PARQUET"]);
    check("--seed 22 --log-file-format default-gz --fields default", &v2, &[plain], &["skip.header"]);
    check("--seed 23 --log-file-format parquet", &v2, &["STORED AS PARQUET", "`bytes` bigint"], &["DELIMITED"]);
    let hive =
        "aws-account-id=${aws_account}/aws-service=vpcflowlogs/aws-region=${aws_region}/year=${year}/month=${month}";
    check("--seed 24 --layout hive", &v2, &[hive, "'projection.month.digits'='2'"], &["hour"]);
    check("--seed 25 --layout hourly", &v2, &["/${hour}'", "'projection.hour.format'='yyyy/MM/dd/HH'"], &["${day}"]);
}

/// The flow logs of each table, by its name.
fn tables(lines: &str, is_head: &str, name: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for line in lines.lines() {
        if line.contains(is_head) {
            let words = line.split([' ', ',', '.']).filter(|word| word.starts_with("fl-"));
            ids = words.map(str::to_owned).collect();
        }
        if let Some(name) = name(line) {
            found.insert(name, ids.clone());
        }
    }
    found
}

#[test]
fn ddl_and_roll_up_mean_the_same_table_by_the_same_name() {
    for seed in ["31", "32", "33", "34"] {
        let account = Account::new(&format!("--vantage two-logs --seed {seed}"));
        let more = [
            "export",
            "bundle",
            "--no-cache",
            "--ddl",
            "--to",
            "s3://bucket/dataset",
            "--logs-at",
            "s3://logs/vpc",
            "-q",
        ];
        let ddl = natlens(account.folder.path(), &more).stdout;
        let create = |line: &str| {
            let name = line.strip_prefix("CREATE EXTERNAL TABLE IF NOT EXISTS natlens.")?.strip_suffix(" (")?;
            name.starts_with("flow_logs").then(|| name.to_owned())
        };
        let of_ddl = tables(&ddl, " of fl-", &create);
        let sql = natlens(account.folder.path(), &["athena", "bundle", "--month", "2026-10", "--emit-sql"]).stdout;
        let head = |line: &str| Some(line.strip_prefix("-- ")?.split_once(" (text)")?.0.to_owned());
        assert_eq!(of_ddl, tables(&sql, " (text): fl-", &head), "{seed}");
        assert_eq!(of_ddl.len(), 2, "{seed}");
    }
    let one = flow_log_ddl("--seed 35");
    assert!(one.contains("NOT EXISTS natlens.flow_logs ("), "{one}");
}

#[test]
fn ddl_is_refused_where_it_could_not_work() {
    let account = Account::new("--seed 26 --logs-only");
    let check = |more: &[&str], what: &str| {
        let run = natlens(account.folder.path(), &[&["export", "bundle", "--no-cache"], more].concat());
        assert_eq!(run.code, 2, "{more:?}: {}", run.stderr);
        assert!(run.stderr.contains(what) && run.stdout.is_empty(), "{more:?}: {}", run.stderr);
    };
    check(&["--ddl", "--to", "dataset"], "Athena reads buckets");
    check(&["--ddl", "--to", "s3://bucket/a'b"], "a'b: DDL cannot name it");
    check(&["--ddl", "--to", "s3://b/a"], "b is no name of a bucket");
    check(&["--ddl", "--to", "s3://my bucket/a"], "my bucket is no name of a bucket");
    check(&["--ddl", "--to", "s3://bucket/a", "--logs-at", "logs"], "--logs-at logs");
    check(&["--to", "dataset", "--logs-at", "s3://bucket/logs"], "--ddl");
    let both = ["--rollup", "day.parquet", "--logs-at", "s3://bucket/logs"];
    check(&[&["--ddl", "--to", "s3://bucket/a"], &both[..]].concat(), "cannot be used with");
    check(&["--ddl", "--to", "s3://bucket/a", "--replace"], "cannot be used with");
    let run = natlens(account.folder.path(), &["export", "bundle", "--no-cache", "--ddl", "--to", "s3://bucket/a"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("hint: name the address") && !run.stdout.contains("flow_logs"), "{}", run.stderr);
}

#[test]
fn two_runs_refuse_each_other() {
    let account = Account::new("--seed 16");
    account.export(&[]);
    let lock = std::fs::File::options().write(true).open(account.dataset().join("_natlens/lock")).expect("a lock");
    lock.lock().expect("locked");
    let run = account.run(&[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("another `natlens export`"), "{}", run.stderr);
    drop(lock);
    account.export(&[]);
    assert!(arg(&account.dataset()).ends_with("dataset"));
}
