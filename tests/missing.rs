//! Parts of the inventory that were not given are not taken for parts that list nothing: reports on a simulated account without them.

mod common;

use common::{arg, natlens};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

struct Account {
    folder: tempfile::TempDir,
}

impl Account {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = "--vantage nat --bill-format none --seed 7 --records 3000 --objects 3 --clients 20";
        let mut args = vec!["simulate", "--to", "bundle"];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let account = Self { folder };
        fs::remove_dir_all(account.bundle().join("dns")).expect("query logs");
        account
    }

    fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    fn file(&self, part: &str) -> PathBuf {
        self.bundle().join(format!("inventory/describe-{part}.json"))
    }

    fn report(&self) -> Value {
        let bundle = self.bundle();
        let run = natlens(&bundle, &["report", arg(&bundle), "--month", "2026-10", "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        serde_json::from_str(&run.stdout).expect("JSON")
    }

    /// The report as it is without these parts.
    fn without(&self, parts: &[&str]) -> Value {
        let kept: Vec<_> =
            parts.iter().map(|part| (self.file(part), fs::read(self.file(part)).expect("a part"))).collect();
        for (file, _) in &kept {
            fs::remove_file(file).expect("a part");
        }
        let report = self.report();
        for (file, bytes) in kept {
            fs::write(file, bytes).expect("a part");
        }
        report
    }
}

/// The calls that the warning says are missing.
fn missing(report: &Value) -> Vec<String> {
    let warnings = report["warnings"].as_array().expect("an array").iter();
    let of_code = warnings.filter(|warning| warning["code"] == "missing-inventory");
    let parts = of_code.flat_map(|warning| warning["message"].as_str().expect("a text").split("; "));
    let call = |part: &str| {
        part.strip_prefix("no describe-").and_then(|rest| rest.split_once(':')).expect("a call").0.to_owned()
    };
    parts.map(call).collect()
}

fn reasons(report: &Value, action: &str) -> Vec<String> {
    let decisions = report["decisions"].as_array().expect("an array").iter();
    let of_action = decisions.filter(|row| row["action"] == action && row["endpoint_type"] == "gateway");
    of_action.map(|row| row["reason"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn what_was_not_described_is_not_taken_for_absent() {
    let account = Account::new();
    let whole = account.report();
    assert_eq!(missing(&whole), Vec::<String>::new());
    assert!(!reasons(&whole, "create").is_empty() && !reasons(&whole, "fix").is_empty(), "both are there to be judged");

    let blind = account.without(&["vpc-endpoints"]);
    assert_eq!(missing(&blind), ["vpc-endpoints"]);
    for reason in reasons(&blind, "create") {
        assert!(
            reason.contains("no VPC endpoint is described") && !reason.contains("the inventory holds no"),
            "{reason}"
        );
    }
    // The same from an answer that lists none is a fact.
    let endpoints = account.file("vpc-endpoints");
    let kept = fs::read(&endpoints).expect("a part");
    fs::write(&endpoints, r#"{"VpcEndpoints": []}"#).expect("a file");
    let none = account.report();
    fs::write(&endpoints, kept).expect("a file");
    assert_eq!(missing(&none), Vec::<String>::new());
    assert!(reasons(&none, "create").iter().all(|reason| reason.contains("the inventory holds no gateway endpoint")));

    let unrouted = account.without(&["route-tables"]);
    assert_eq!(missing(&unrouted), ["route-tables"]);
    for reason in reasons(&unrouted, "fix") {
        assert!(
            reason.contains("no route table of the VPC is described") && !reason.contains("every route table"),
            "{reason}"
        );
    }
    assert!(!reasons(&unrouted, "fix").is_empty());
    assert_eq!(missing(&account.without(&["subnets"])), ["subnets"]);
    assert_eq!(
        missing(&account.without(&["flow-logs", "instances"])),
        Vec::<String>::new(),
        "no decision rests on them"
    );
    assert_eq!(
        missing(&account.without(&["vpc-endpoints", "route-tables", "subnets"])),
        ["vpc-endpoints", "route-tables", "subnets"]
    );
}

#[test]
fn without_any_inventory_that_alone_is_said() {
    let account = Account::new();
    fs::remove_dir_all(account.bundle().join("inventory")).expect("the inventory");
    let report = account.report();
    let codes: Vec<&str> = report["warnings"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|warning| warning["code"].as_str())
        .collect();
    assert!(codes.contains(&"no-inventory") && !codes.contains(&"missing-inventory"), "{codes:?}");
    assert!(!codes.contains(&"unknown-region"), "{codes:?}");
}
