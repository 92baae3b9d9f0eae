//! `natlens explain` as a user runs it: every subject of simulated accounts, each printed equation worked out anew.

mod common;
#[path = "common/explained.rs"]
mod explained;

use common::{Run, arg, natlens};
use explained::{check, explained, list};
use serde_json::Value;
use std::collections::BTreeSet;

struct Account {
    folder: tempfile::TempDir,
    report: Value,
}

impl Account {
    fn simulate(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--records", "1500", "--objects", "3"];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        let run = natlens(folder.path(), &["report", "bundle", "--month", "2026-10", "--format", "json"]);
        assert_eq!(run.code, 0, "{options}: {}", run.stderr);
        Self { folder, report: serde_json::from_str(&run.stdout).expect("JSON on stdout") }
    }

    fn explain(&self, subject: &str, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["explain", "bundle", subject, "--month", "2026-10"], more].concat())
    }

    fn explained(&self, subject: &str) -> Value {
        explained(self.folder.path(), "bundle", subject, &["--month", "2026-10"])
    }

    /// Lines that stand on the report's word alone, by subject.
    fn bare(&self) -> Vec<(String, usize)> {
        let bare = subjects(&self.report, 2).into_iter().map(|subject| {
            let lines = check(&self.explained(&subject));
            (subject, lines)
        });
        bare.filter(|(_, lines)| *lines > 0).collect()
    }
}

/// Everything that a report can be asked about: gateways, VPCs, services and its largest clients.
fn subjects(report: &Value, clients: usize) -> Vec<String> {
    let mut all = BTreeSet::new();
    let mut add = |part: &str, fields: &[&str]| {
        for row in list(&report[part]) {
            all.extend(fields.iter().filter_map(|field| row[field].as_str()).map(str::to_owned));
        }
    };
    add("nat_gateways", &["nat_gateway_id", "vpc_id"]);
    add("traffic", &["vpc_id", "service"]);
    add("decisions", &["vpc_id", "endpoint_vpc_id", "service"]);
    let addresses = list(&report["clients"]).iter().filter_map(|row| row["client"].as_str());
    all.extend(addresses.filter(|client| !client.starts_with('(')).take(clients).map(str::to_owned));
    all.into_iter().collect()
}

/// Records of the rows of all tables of a gateway's traffic.
fn records_of(explanation: &Value) -> u64 {
    let tables = list(&explanation["steps"]).iter().filter(|step| step["kind"] == "table");
    let rows = tables.flat_map(|step| list(&step["rows"]));
    let records = rows.flat_map(|row| list(&row["values"])).filter(|value| value["unit"] == "records");
    records.map(|value| value["amount"].as_str().expect("a number").parse::<u64>().expect("a whole number")).sum()
}

/// What is asked of every account: no number without its arithmetic, and at each gateway the records that the report counts.
fn check_account(options: &str) -> Account {
    let account = Account::simulate(options);
    assert_eq!(account.bare(), [], "{options}");
    let mut counted = 0;
    for gateway in list(&account.report["nat_gateways"]) {
        counted += records_of(&account.explained(gateway["nat_gateway_id"].as_str().expect("an id")));
    }
    assert_eq!(
        Some(counted),
        account.report["records"]["counted"].as_u64(),
        "{options}: records of all rows of traffic"
    );
    account
}

#[test]
fn bytes_out_of_an_endpoints_reach_are_in_no_decision() {
    let account = Account::simulate("--seed 9 --vantage nat --bill-format none");
    for name in ["describe-prefix-lists", "get-managed-prefix-list-entries.pl-63a5400a"] {
        let file = account.folder.path().join(format!("bundle/inventory/{name}.json"));
        let text = std::fs::read_to_string(&file).expect("JSON").replace("52.216.0.0/15", "192.0.2.0/24");
        std::fs::write(file, text).expect("a file");
    }
    assert_eq!(check(&account.explained("s3")), 0, "every number has its arithmetic");
    let explained = account.explain("s3", &[]).stdout;
    assert!(explained.contains("create s3 (gateway)") || explained.contains("fix s3 (gateway)"), "{explained}");
}

#[test]
fn every_number_of_an_account_with_a_bill_has_its_arithmetic() {
    let account = check_account("--rules --discount 7 --unknown-bill-rows --deleted-gateway");
    let decisions = list(&account.report["decisions"]).iter();
    let actions: BTreeSet<&str> = decisions.filter_map(|decision| decision["action"].as_str()).collect();
    // The account has something of all that one VPC alone can be told.
    for action in ["create", "fix", "keep-nat", "remove"] {
        assert!(actions.contains(action), "{action} is not among {actions:?}");
    }
}

#[test]
fn so_has_every_number_of_a_hub() {
    check_account("--rules --vantage hub --seed 3");
}

#[test]
fn so_has_every_number_without_a_bill() {
    check_account("--rules --logs-only --seed 4");
}

#[test]
fn so_has_every_number_without_pkt_fields_or_seen_by_clients_alone() {
    check_account("--rules --vantage v2 --seed 5");
    check_account("--rules --vantage instance --seed 6 --bill-format cost-explorer");
}

#[test]
fn text_and_file_say_what_json_says() {
    let account = Account::simulate("--rules --clients 4");
    let text = account.explain("s3", &[]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(
        text.stdout.starts_with("Service s3\n==========\n") && text.stdout.contains("\nTraffic\n"),
        "{}",
        text.stdout
    );
    let to = account.folder.path().join("s3.txt");
    let run = account.explain("s3", &["-o", arg(&to)]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(&to).expect("the file"), text.stdout);
    let run = account.explain("s3", &["-o", "-"]);
    assert_eq!((run.code, run.stdout == text.stdout), (0, true), "{}", run.stderr);
    assert!(!account.folder.path().join("-").exists(), "stdout is no file");
}

#[test]
fn strangers_fail_with_a_hint() {
    let account = Account::simulate("--rules --clients 4");
    let run = account.explain("dynamodbb", &[]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("`dynamodbb` is no NAT gateway, VPC, service or client"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: perhaps dynamodb"), "{}", run.stderr);
    let run = natlens(account.folder.path(), &["explain", "bundle"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("bundle is a bundle: what of it is to be explained?"), "{}", run.stderr);
    let run = account.explain("zzz", &[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}
