//! What a finding frees: what the bill says of a gateway's hours, whatever form the bill has and whatever period is asked for. Through
//! the real binary, on simulated accounts with an idle gateway and a discount.

mod common;

use common::{arg, natlens};
use serde_json::Value;
use std::path::Path;

fn account(format: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ["--seed", "5", "--records", "4000", "--objects", "2", "--discount", "40", "--bill-format", format];
    let run =
        natlens(folder.path(), &[&["simulate", "--to", arg(&folder.path().join("bundle"))], &options[..]].concat());
    assert_eq!(run.code, 0, "{format}: {}", run.stderr);
    folder
}

/// Kind, gateway and dollars of each finding.
fn findings(folder: &Path, more: &[&str]) -> Vec<String> {
    let run = natlens(folder, &[&["report", "bundle", "--format", "json"], more].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let rows = report["findings"].as_array().expect("an array").iter();
    let found: Vec<String> =
        rows.map(|row| format!("{} {} {}", row["kind"], row["nat_gateway_id"], row["usd"])).collect();
    assert!(found.iter().any(|row| row.contains("idle")), "{found:?}");
    for row in report["findings"].as_array().expect("an array") {
        let gateway = row["nat_gateway_id"].as_str().expect("an id");
        let explained = natlens(folder, &[&["explain", "bundle", gateway], more].concat());
        assert_eq!(explained.code, 0, "{}", explained.stderr);
    }
    found
}

#[test]
fn a_bill_that_names_no_gateway_frees_what_one_that_does() {
    let month = ["--month", "2026-10"];
    let named = findings(account("cur2").path(), &month);
    assert_eq!(findings(account("cost-explorer").path(), &month), named);
}

#[test]
fn a_longer_period_frees_no_hour_that_was_not_billed() {
    for format in ["cur2", "cost-explorer"] {
        let folder = account(format);
        let month = findings(folder.path(), &["--month", "2026-10"]);
        assert_eq!(findings(folder.path(), &["--from", "2026-09-15", "--to", "2026-11-15"]), month, "{format}");
    }
}
