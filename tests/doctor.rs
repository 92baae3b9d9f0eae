//! `natlens doctor` on bundles that are whole and on bundles to which something was done: what is found, how serious it is, and the
//! exit code.

#[path = "common/bundle.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod bundle;
mod common;

use bundle::{deflated, files, inflated, write};
use common::{Run, arg, natlens};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A simulated account with everything that a bundle can hold.
struct Account {
    folder: tempfile::TempDir,
}

impl Account {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--records", "1500", "--clients", "20", "--objects", "4"];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("bundle").join(below)
    }

    fn run(&self, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["doctor", "bundle", "--offline"], more].concat())
    }

    fn remove(&self, below: &str) {
        let path = self.path(below);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
            .expect("it can be removed");
    }

    /// Changes the text of every flow log object.
    fn logs(&self, change: impl Fn(&str) -> String) {
        for path in files(&self.path("flow-logs")) {
            rewrite(&path, &change);
        }
    }

    /// Changes what `describe-flow-logs` printed.
    fn subscriptions(&self, change: impl Fn(&mut Vec<Value>)) {
        let path = self.path("inventory/describe-flow-logs.json");
        let mut document: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        change(document["FlowLogs"].as_array_mut().expect("an array"));
        write(&path, document.to_string().as_bytes());
    }

    /// Removes every object of the first flow log that the inventory lists, and returns its id.
    fn lose_one(&self) -> String {
        let mut id = String::new();
        let path = self.path("inventory/describe-flow-logs.json");
        let document: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        id.push_str(document["FlowLogs"][0]["FlowLogId"].as_str().expect("an id"));
        let of_it = |path: &PathBuf| path.to_string_lossy().contains(&id);
        for path in files(&self.path("flow-logs")).into_iter().filter(of_it) {
            std::fs::remove_file(path).expect("a file can be removed");
        }
        id
    }
}

fn rewrite(path: &Path, change: impl Fn(&str) -> String) {
    let text = String::from_utf8(inflated(&std::fs::read(path).expect("a file"))).expect("text");
    write(path, &deflated(change(&text).as_bytes()));
}

/// Cuts the bill after the 19th.
fn cut_bill(account: &Account) {
    let late = |line: &&str| !["2026-10-2", "2026-10-3"].iter().any(|day| line.contains(day));
    for path in files(&account.path("billing")).into_iter().filter(|path| path.to_string_lossy().ends_with(".csv.gz")) {
        rewrite(&path, |text| text.lines().filter(late).collect::<Vec<_>>().join("\n") + "\n");
    }
}

/// The situation; options of the simulator; what is done to the bundle; exit code; severity, area and words of findings that must
/// be there.
type Case<'a> = (&'a str, &'a str, &'a dyn Fn(&Account), i32, &'a [(&'a str, &'a str, &'a str)]);

fn check((situation, options, cripple, code, expect): &Case<'_>) {
    let account = Account::new(options);
    cripple(&account);
    let run = account.run(&["--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (*code, ""), "{situation}: {}", run.stdout);
    let checkup: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(checkup["schema"], "natlens.doctor/1");
    let findings = checkup["findings"].as_array().expect("an array");
    for (severity, area, words) in *expect {
        let is = |finding: &&Value| {
            let what = finding["what"].as_str().expect("a text");
            finding["severity"] == *severity && finding["area"] == *area && what.contains(words)
        };
        let found = findings.iter().find(is);
        let found = found.unwrap_or_else(|| panic!("{situation}: no {severity} {area} {words:?} in {checkup:#}"));
        assert_eq!(found["hint"].is_null(), *severity == "ok", "{situation}: every finding but a good one has a hint");
    }
    let problems = findings.iter().filter(|finding| finding["severity"] == "problem").count();
    let expected = expect.iter().filter(|(severity, ..)| *severity == "problem").count();
    assert_eq!(problems, expected, "{situation}: {checkup:#}");
}

#[test]
fn flow_logs() {
    let nothing: &dyn Fn(&Account) = &|_| {};
    let cases: [Case<'_>; 9] = [
        ("whole", "", nothing, 0, &[("ok", "flow-logs", "every field"), ("ok", "gateways", "records cover")]),
        (
            "only rejected traffic",
            "",
            &|account| {
                account.logs(|text| text.replace(" ACCEPT ", " REJECT "));
                account
                    .subscriptions(|logs| logs.iter_mut().for_each(|log| log["TrafficType"] = Value::from("REJECT")));
            },
            3,
            &[("problem", "flow-logs", "TrafficType REJECT"), ("problem", "gateways", "rejected traffic only")],
        ),
        (
            "only rejected traffic, whatever the subscriptions say",
            "",
            &|account| account.logs(|text| text.replace(" ACCEPT ", " REJECT ")),
            3,
            &[("problem", "flow-logs", "TrafficType REJECT"), ("problem", "gateways", "nothing of the billed bytes")],
        ),
        (
            "one of several rejects, by its subscription",
            "",
            &|account| account.subscriptions(|logs| logs[0]["TrafficType"] = Value::from("REJECT")),
            0,
            &[("warning", "flow-logs", "TrafficType REJECT")],
        ),
        ("no pkt fields", "--vantage v2", nothing, 0, &[("warning", "flow-logs", "no pkt-srcaddr and pkt-dstaddr")]),
        (
            "no action",
            "",
            &|account| account.logs(|text| text.replacen(" action ", " verdict ", 1)),
            0,
            &[("warning", "flow-logs", "no action: rejected traffic counts")],
        ),
        (
            "a regional gateway that no field names",
            "--vantage regional",
            &|account| account.logs(|text| text.replacen("resource-id", "unknown-id", 1)),
            3,
            &[("problem", "flow-logs", "no resource-id"), ("problem", "gateways", "none of the records given")],
        ),
        (
            "broken objects",
            "",
            &|account| {
                let path = files(&account.path("flow-logs")).remove(0);
                let bytes = std::fs::read(&path).expect("a file");
                write(&path, &bytes[..bytes.len() / 2]);
            },
            3,
            &[("problem", "report", "unreadable-object")],
        ),
        (
            "none",
            "",
            &|account| account.remove("flow-logs"),
            3,
            &[("problem", "flow-logs", "there are none"), ("ok", "billing", "costs are")],
        ),
    ];
    cases.iter().for_each(check);
}

#[test]
fn gateways_without_records() {
    let cases: [Case<'_>; 4] = [
        (
            "the objects are elsewhere",
            "",
            &|account| drop(account.lose_one()),
            3,
            &[("problem", "gateways", "a flow log records it, but none of the records given")],
        ),
        (
            "no flow log is on it",
            "",
            &|account| {
                let id = account.lose_one();
                account.subscriptions(|logs| logs.retain(|log| log["FlowLogId"] != id.as_str()));
            },
            3,
            &[("problem", "gateways", "no flow log on its network interface, subnet or VPC")],
        ),
        (
            "only a flow log of rejected traffic is on it",
            "",
            &|account| {
                account.lose_one();
                account.subscriptions(|logs| logs[0]["TrafficType"] = Value::from("REJECT"));
            },
            3,
            &[("problem", "gateways", "its flow log records rejected traffic only")],
        ),
        (
            "flow logs are not described",
            "",
            &|account| {
                account.lose_one();
                account.remove("inventory/describe-flow-logs.json");
            },
            3,
            &[("problem", "gateways", "the inventory lists no flow log"), ("warning", "inventory", "no flow logs")],
        ),
    ];
    cases.iter().for_each(check);
}

#[test]
fn other_inputs() {
    let cases: [Case<'_>; 8] = [
        ("no bill", "", &|account| account.remove("billing"), 0, &[("warning", "billing", "at list prices")]),
        ("a stale bill", "", &cut_bill, 3, &[("problem", "billing", "stale: it ends on 2026-10-18")]),
        ("a bill of sums", "--bill-format cost-explorer", &|_| {}, 0, &[("warning", "billing", "it names no gateway")]),
        (
            "a bill of another month",
            "",
            &|account| {
                let other = Account::new("--month 2026-03");
                account.remove("billing");
                std::fs::rename(other.path("billing"), account.path("billing")).expect("a folder can be moved");
            },
            3,
            &[("problem", "billing", "no NAT gateway in the period")],
        ),
        ("no inventory", "", &|account| account.remove("inventory"), 3, &[("problem", "inventory", "there is none")]),
        (
            "no subnets",
            "",
            &|account| account.remove("inventory/describe-subnets.json"),
            0,
            &[("warning", "inventory", "no subnets: zones")],
        ),
        ("no metrics", "", &|account| account.remove("metrics"), 0, &[("warning", "metrics", "there are none")]),
        ("queries of some VPCs", "--dns-unlogged-vpc", &|_| {}, 0, &[("warning", "dns", "clients, but no query")]),
    ];
    cases.iter().for_each(check);
}

#[test]
fn nothing_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("bundle")).expect("a folder can be made");
    let run = natlens(folder.path(), &["doctor", "bundle", "--offline"]);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""), "{}", run.stdout);
    assert!(run.stdout.contains("there are neither flow logs nor a bill"), "{}", run.stdout);
    let run = natlens(folder.path(), &["doctor", "elsewhere", "--offline"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("no such folder"), "{}", run.stderr);
    // A glob that names nothing: the report fails, and says so.
    let run =
        natlens(folder.path(), &["report", "--flow-logs", &format!("{}/*.gz", arg(folder.path())), "--cache-dir", "c"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn the_sample_is_as_it_should_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = natlens(root, &["doctor", "sample-data", "--offline"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(run.stdout, include_str!("doctor.golden.txt"));
    let json = natlens(root, &["doctor", "sample-data", "--offline", "--format", "json"]);
    let checkup: Value = serde_json::from_str(&json.stdout).expect("JSON");
    for finding in checkup["findings"].as_array().expect("an array") {
        // The table has every finding of the JSON, over lines of its own.
        let first = finding["what"].as_str().expect("a text").split(' ').next().expect("a word");
        assert!(run.stdout.contains(first), "{first} is not in {}", run.stdout);
    }
}

/// Settings that use a bucket for each part, an account of its own, and the live account for what is left.
fn settled(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("bundle/natlens.toml"), settings.as_bytes());
    folder
}

const SETTINGS: &str = r#"
month = "2026-02"
flow-logs = ["s3://logs-bucket/vpc/AWSLogs/111122223333/vpcflowlogs/", "s3://logs-bucket/vpc/AWSLogs/*/vpcflowlogs/eu-west-1"]
billing = "s3://bill-bucket/cur/natlens"
dns = "s3://dns-bucket"
prices = "s3://bill-bucket/prices.csv"

[aws]
profile = "audit's"
regions = ["eu-west-1", "us-east-1"]
requester-pays = true
expected-bucket-owner = "999988887777"
"#;

const ACCOUNTS: &str = r#"
[[accounts]]
role-arn = "arn:aws:iam::444455556666:role/natlens"
external-id = "canary-external-id"

[[accounts]]
role-arn = "arn:aws:iam::777788889999:role/natlens"
regions = "ap-south-1"
"#;

fn printed(folder: &tempfile::TempDir, args: &[&str]) -> String {
    let run = natlens(folder.path(), &[&["doctor", "bundle", "-q"], args].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert!(!run.stdout.contains("canary"), "{}", run.stdout);
    run.stdout
}

#[test]
fn the_policy_and_the_commands_are_for_what_the_settings_use() {
    let one = settled(SETTINGS);
    let several = settled(&format!("{SETTINGS}{ACCOUNTS}"));
    for (name, folder, args, golden) in [
        ("policy", &one, &["--policy"][..], include_str!("golden/policy.json")),
        ("policy of credentials", &several, &["--policy"], include_str!("golden/policy-credentials.json")),
        ("policy of roles", &several, &["--policy=roles"], include_str!("golden/policy-roles.json")),
        (
            "policy for Athena",
            &one,
            &["--policy", "--athena", "--target", "s3://work/natlens/", "--athena-output", "s3://lists/athena/"],
            include_str!("golden/policy-athena.json"),
        ),
        ("commands", &several, &["--commands", "--log-group", "/vpc/flow logs"], include_str!("golden/commands.sh")),
    ] {
        assert_eq!(printed(folder, args), golden, "{name}");
    }
    let run = natlens(several.path(), &["doctor", "bundle", "--policy"]);
    assert!(run.stderr.contains("--policy=roles") && run.stderr.contains("kms:Decrypt"), "{}", run.stderr);
}

/// Writing is for whoever says where to.
#[test]
fn the_policy_allows_writing_to_the_target_alone() {
    let folder = settled(SETTINGS);
    let policy = |more: &[&str]| -> Value {
        serde_json::from_str(&printed(&folder, &[&["--policy"][..], more].concat())).expect("JSON")
    };
    let writes = |policy: &Value| -> Vec<Value> {
        let statements = policy["Statement"].as_array().expect("an array").iter();
        statements.filter(|statement| statement["Sid"] == "Write").cloned().collect()
    };
    assert_eq!(writes(&policy(&[])), Vec::<Value>::new());
    let found = writes(&policy(&["--target", "s3://collected/natlens"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["Action"], serde_json::json!(["s3:DeleteObject", "s3:PutObject"]));
    assert_eq!(found[0]["Resource"], serde_json::json!(["arn:aws:s3:::collected/natlens/*"]));
    let wrong = natlens(folder.path(), &["doctor", "bundle", "--policy", "--target", "collected/natlens"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

/// What the script asks for is what the policy allows, command by command.
#[test]
fn the_commands_need_what_the_policy_allows() {
    let folder = settled(&SETTINGS.replace("billing =", "#"));
    let policy: Value = serde_json::from_str(&printed(&folder, &["--policy"])).expect("JSON");
    let actions = |prefix: &str| -> std::collections::BTreeSet<String> {
        let statements = policy["Statement"].as_array().expect("an array").iter();
        let all = statements.flat_map(|statement| statement["Action"].as_array().expect("an array"));
        let kebab = |action: &str| -> String {
            let word =
                |c: char| if c.is_ascii_uppercase() { format!("-{}", c.to_ascii_lowercase()) } else { c.to_string() };
            action.chars().map(word).collect::<Vec<_>>().concat().trim_start_matches('-').to_owned()
        };
        all.filter_map(|action| Some(kebab(action.as_str()?.strip_prefix(prefix)?))).collect()
    };
    let script = printed(&folder, &["--commands"]);
    let commands = |service: &str| -> std::collections::BTreeSet<String> {
        let begin = format!("aws {service} ");
        let parts = script.split(begin.as_str()).skip(1);
        parts.map(|rest| rest.split_whitespace().next().expect("a command").to_owned()).collect()
    };
    for (service, prefix) in [("ec2", "ec2:"), ("cloudwatch", "cloudwatch:"), ("ce", "ce:")] {
        let allowed = actions(prefix);
        let found = commands(service);
        assert!(!found.is_empty() && found.is_subset(&allowed), "{service}: {found:?} is not in {allowed:?}");
        assert!(service != "ec2" || found == allowed, "every description is in the script");
    }
    for day in ["2026/01/31", "2026/02/01", "2026/02/28", "2026/03/01"] {
        assert!(script.contains(&format!("'*{day}/*'")), "{day} is not in {script}");
    }
    assert!(!script.contains("2026/01/30") && !script.contains("2026/03/02"), "{script}");
}

#[test]
fn the_script_is_a_script() {
    let folder = settled(&format!("{SETTINGS}{ACCOUNTS}"));
    let script = printed(&folder, &["--commands"]);
    let checked = std::process::Command::new("sh").args(["-n", "-c", &script]).output();
    // Where there is no shell, there is nothing to check it by.
    assert!(checked.is_ok_and(|output| output.status.success()) || !Path::new("/bin/sh").exists());
}
