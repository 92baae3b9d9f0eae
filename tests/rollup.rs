//! The roll-up in its declared form, there and back through the real binary: the report made from it is the report made from the
//! flow logs. That the SQL text gives the same rows is for `tools/check_rollup.py`, on engines of others.

mod common;
#[path = "common/explained.rs"]
mod explained;
#[path = "rollup/folders.rs"]
mod folders;

use common::{Run, arg, natlens, natlens_in};
use explained::{check, explained};
use serde_json::Value;
use std::fs;
use std::io::Read;
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
    let told = |code: i32, situation: &str, more: &[&str], expect: &str| {
        let run = account.report(more);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{situation}: {}", run.stderr);
        assert!(run.stderr.contains(expect) && run.stderr.contains("hint: "), "{situation}: {}", run.stderr);
    };
    // What was asked for does not fit, and nothing is wrong with the data.
    told(2, "rows of days and names of hours", &["--rollup", "day.parquet"], "Resolver logs name by the hour");
    account.remove("dns");
    told(2, "another month", &["--rollup", "day.parquet", "--month", "2026-09"], "the roll-up is of 2026-10-01");
    let run = account.export("dataset", &["--rollup", "day.parquet", "--month", "2026-09"]);
    assert_eq!((run.code, account.path("dataset/summary").exists()), (2, false), "another month: {}", run.stderr);
    // Of an export --to is the place.
    assert!(run.stderr.contains("hint: leave out the time, or"), "{}", run.stderr);
    let refused = |situation: &str, more: &[&str], expect: &str| told(1, situation, more, expect);
    let months = ["--engine", "local", "--from", "2026-10-20", "--to", "2026-11-10", "-o", "months.parquet"];
    let made = natlens(account.folder.path(), &[&["athena", "bundle", "--no-cache"], &months[..]].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    let run = account.export("dataset", &["--rollup", "months.parquet"]);
    assert_eq!((run.code, account.path("dataset/summary").exists()), (2, false), "two months: {}", run.stderr);
    assert!(run.stderr.contains("hint: make a roll-up of each month"), "{}", run.stderr);
    let explained = natlens(account.folder.path(), &["explain", "bundle", "s3", "--rollup", "cut.parquet"]);
    assert!(explained.code == 1 && explained.stderr.contains("cut.parquet: "), "{}", explained.stderr);
    refused("the same twice", &["--rollup", "twice"], "2 rows of kind window");
    refused("a file that breaks off", &["--rollup", "cut.parquet"], "cut.parquet: ");
    refused("something else", &["--rollup", "bundle/inventory"], "json: ");
    refused("nothing", &["--rollup", "nowhere"], "nowhere: no such file or folder");
}

#[test]
fn what_no_endpoint_is_claimed_for_is_the_same_in_both() {
    let account = Account::new("--vantage nat --seed 5");
    account.remove("dns");
    let rule = "[[rules]]\ncidr = \"52.94.0.0/16\"\nname = \"dynamodb\"\n";
    fs::write(account.path("bundle/natlens.toml"), rule).expect("settings");
    account.check("a rule that leaves the Region to the address", "day");
    let lists = files(&account.path("bundle/inventory"), "");
    for file in lists.iter().filter(|file| arg(file).contains("prefix-list")) {
        let text = fs::read_to_string(file).expect("JSON").replace("52.216.0.0/15", "192.0.2.0/24");
        fs::write(file, text).expect("a file");
    }
    account.check("S3 beside its prefix list", "day");
    assert!(account.report(&MONTH).stdout.contains("\"outside-prefix-list\""));
}

#[test]
fn a_rule_by_a_port_that_the_rollup_did_not_keep_is_refused() {
    let account = Account::new("--vantage nat --seed 3");
    account.remove("dns");
    let rule = |port: u16, name: &str| format!("[[rules]]\ncidr = \"0.0.0.0/0\"\nport = {port}\nname = \"{name}\"\n");
    let set = |text: &str| fs::write(account.path("bundle/natlens.toml"), text).expect("settings");
    set(&rule(443, "tls"));
    account.check("the rules of the roll-up", "day");
    let text = account.athena(&["--emit-sql"]);
    assert!(text.stdout.contains(" '443', "), "the text says which ports it keeps");
    set(&(rule(443, "tls") + &rule(8443, "own") + &rule(5432, "db")));
    let run = account.report(&["--rollup", "rollup.parquet"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains("5432 (rule `db`), 8443 (rule `own`)"), "{}", run.stderr);
    assert!(
        !run.stderr.contains("443 (rule `tls`)") && run.stderr.contains("hint: make the roll-up again"),
        "{}",
        run.stderr
    );
    // Fewer ports than were kept are enough, and a rule without a port needs none.
    set("[[rules]]\ncidr = \"192.0.2.0/24\"\nname = \"partner\"\n");
    let (expect, found) = (account.report(&MONTH), account.report(&["--rollup", "rollup.parquet"]));
    assert_eq!(found.code, 0, "{}", found.stderr);
    assert_eq!(cleaned(&found), cleaned(&expect));
}

#[test]
fn a_rollup_beside_an_inventory_that_decides_otherwise_is_refused() {
    let account = Account::new("--vantage vpc --seed 3");
    account.remove("dns");
    let made = account.athena(&["--engine", "local", "-o", "rollup.parquet"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let inventory = account.path("bundle/inventory");
    let kept: Vec<(PathBuf, String)> =
        files(&inventory, "").into_iter().map(|file| (file.clone(), fs::read_to_string(file).expect("JSON"))).collect();
    let change = |part: &str, key: &str, edit: &dyn Fn(&mut Vec<Value>)| {
        let mut changed = 0;
        for (file, text) in kept.iter().filter(|(file, _)| arg(file).contains(part)) {
            let mut document: Value = serde_json::from_str(text).expect("JSON");
            let Some(rows) = document.get_mut(key).and_then(Value::as_array_mut) else { continue };
            edit(rows);
            changed += 1;
            fs::write(file, document.to_string()).expect("a file");
        }
        assert!(changed > 0, "nothing of {part}");
    };
    let restore = || kept.iter().for_each(|(file, text)| fs::write(file, text).expect("a file"));
    let used = |situation: &str| {
        let (expect, found) = (account.report(&MONTH), account.report(&["--rollup", "rollup.parquet"]));
        assert_eq!(found.code, 0, "{situation}: {}", found.stderr);
        assert_eq!(cleaned(&found), cleaned(&expect), "{situation}");
    };
    let refused = |situation: &str, expect: &str| {
        let run = account.report(&["--rollup", "rollup.parquet"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{situation}: {}", run.stderr);
        assert!(run.stderr.contains(expect) && run.stderr.contains("hint: "), "{situation}: {}", run.stderr);
    };
    let other_inventory = "the inventory has other NAT gateways, VPCs or routes";
    used("its own inventory");
    // What comes and goes from day to day, with a public address.
    change("network-interfaces", "NetworkInterfaces", &|rows| {
        let client = rows.iter().find(|row| row["InterfaceType"] == "interface").expect("a client").clone();
        let mut new = client;
        new["NetworkInterfaceId"] = "eni-0fffffffffffffff1".into();
        new["PrivateIpAddress"] = "10.0.0.253".into();
        let association = serde_json::json!({"PublicIp": "198.51.100.77", "IpOwnerId": "amazon"});
        new["PrivateIpAddresses"] = serde_json::json!([{"PrivateIpAddress": "10.0.0.253", "Primary": true, "Association": association.clone()}]);
        new["Association"] = association;
        rows.push(new);
    });
    used("a new interface");
    restore();
    // Which rows had to be kept was decided with the routes.
    change("route-tables", "RouteTables", &|tables| {
        let routes = tables.iter_mut().filter_map(|table| table["Routes"].as_array_mut());
        let mut to_gateways = routes.flatten().filter(|route| route.get("NatGatewayId").is_some());
        let route = to_gateways.next().expect("a route to a gateway").as_object_mut().expect("a route");
        route.remove("NatGatewayId");
        route.insert("GatewayId".to_owned(), "igw-0fffffffffffffff1".into());
    });
    refused("another route", other_inventory);
    restore();
    let routes = files(&inventory, "route-tables");
    for file in &routes {
        fs::remove_file(file).expect("removed");
    }
    refused("no routes", other_inventory);
    restore();
    used("its own inventory again");
    // Everything of the account under another number and other ids.
    let own = own_account(&inventory);
    for (file, text) in &kept {
        let other = text.replace(&own, "999999999999").replace("eni-0", "eni-9").replace("nat-0", "nat-9");
        fs::write(file, other.replace("vpc-0", "vpc-9")).expect("a file");
    }
    refused("another account", &format!("the roll-up is of account {own}, and the inventory of 999999999999"));
    // A roll-up that was made with the inventory of another account is as good as a report with it.
    account.check("another account, from the beginning", "day");
    account.remove("inventory");
    refused("none", other_inventory);
}

#[test]
fn the_bill_of_another_account_is_told() {
    let (account, other) = (Account::new("--vantage nat --seed 3"), Account::new("--vantage nat --seed 4"));
    account.remove("dns");
    let made = account.athena(&["--engine", "local", "-o", "rollup.parquet"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    account.remove("billing");
    fs::rename(other.path("bundle/billing"), account.path("bundle/billing")).expect("another bill");
    let run = account.report(&["--rollup", "rollup.parquet"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = cleaned(&run);
    let codes: Vec<&str> =
        report["warnings"].as_array().expect("a list").iter().filter_map(|row| row["code"].as_str()).collect();
    assert!(codes.contains(&"gateway-not-on-bill"), "{codes:?}");
}

/// Files below a folder whose names have this in them.
fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains(part) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The first owner that an inventory names.
fn own_account(inventory: &Path) -> String {
    let files = files(inventory, "network-interfaces").into_iter();
    let text: String = files.map(|file| fs::read_to_string(file).expect("JSON")).collect();
    let at = text.find("\"OwnerId\"").expect("an owner") + "\"OwnerId\"".len();
    text[at..].chars().filter(char::is_ascii_digit).take(12).collect()
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

/// The content of a gzip file.
fn inflated(stored: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut content).expect("a whole gzip file");
    content
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
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains("hint: give --month"), "{}", run.stderr);
}

#[test]
fn flags_of_another_way_are_refused_and_not_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("bundle")).expect("a folder");
    let check = |variables: &[(&str, &str)], more: &[&str], expect: &str| {
        let run = natlens_in(folder.path(), variables, &[&["athena", "bundle", "--month", "2026-10"], more].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{more:?}: {}", run.stderr);
        assert!(run.stderr.contains(expect), "{more:?}: {}", run.stderr);
    };
    // Whoever says neither is told of both.
    check(&[], &[], "--emit-sql|--engine <ENGINE>");
    check(&[], &["--emit-sql", "--engine", "local"], "cannot be used with");
    for flag in [["--work", "s3://work/a/"], ["--database", "logs"], ["--workgroup", "primary"], ["--max-scan-gb", "1"]]
    {
        let expect = format!("{} is of --engine athena", flag[0]);
        check(&[], &[&["--emit-sql"], &flag[..]].concat(), &expect);
        check(&[], &[&["--engine", "local", "-o", "x.parquet"], &flag[..]].concat(), &expect);
    }
    check(&[], &["--emit-sql", "--refresh"], "--refresh is of --engine athena");
    for flag in [["--flow-table", "logs"], ["--location", "s3://a/"], ["--partitions", "day > ''"]] {
        let expect = format!("{} is of SQL", flag[0]);
        check(&[], &[&["--engine", "local", "-o", "x.parquet"], &flag[..]].concat(), &expect);
    }
    check(&[], &["--emit-sql", "--flow-table", "a; b"], "--flow-table");
    // What the environment says for another time is no mistake now.
    let work = [("NATLENS_ATHENA_WORK", "s3://work/a/")];
    let run = natlens_in(folder.path(), &work, &["athena", "bundle", "--month", "2026-10", "--emit-sql"]);
    assert!(run.code == 1 && run.stderr.contains("no flow-logs folder"), "{}", run.stderr);
    check(&work, &["--emit-sql", "--work", "s3://other/"], "--work is of --engine athena");
}
