//! Every dollar accounted for: reports on simulated accounts with a bill in every format, against the account's truth.

#[path = "common/billed.rs"]
mod billed;
mod common;

use billed::{Billed, check_splits, units};
use serde_json::Value;
use std::path::{Path, PathBuf};

const BASES: [&str; 3] = ["net", "unblended", "list"];

const TABLES: [&str; 8] = [
    "cur2",
    "cur2-parquet",
    "cur-legacy",
    "cur-legacy-zip",
    "cur-legacy-parquet",
    "focus-1.0",
    "focus-1.2",
    "focus-1.2-parquet",
];

/// A small account with these options.
fn account(options: &str) -> Billed {
    Billed::simulate(&format!("{options} --records 2000 --clients 20 --gib 4000"))
}

#[test]
fn every_format_and_basis_gives_the_bill_to_the_last_digit() {
    for (seed, format) in TABLES.iter().enumerate() {
        let more = "--discount 7 --deleted-gateway --unknown-bill-rows";
        let account = account(&format!("--bill-format {format} --bill-parts 3 --seed {seed} {more}"));
        for basis in BASES {
            account.check(basis);
        }
        let of = |basis: &'static str| units(&account.report(&["--cost-basis", basis])["summary"]["data_usd"]);
        let (net, unblended, list) = (of("net"), of("unblended"), of("list"));
        assert!(net < unblended && unblended < list, "{format}: {net:?} {unblended:?} {list:?}");
    }
}

#[test]
fn without_net_columns_what_was_charged_stands_in_and_is_called_so() {
    for format in ["cur2", "cur2-parquet", "cur-legacy", "focus-1.0"] {
        let account = account(&format!("--bill-format {format} --seed 21"));
        for basis in BASES {
            account.check(basis);
        }
        let report = account.report(&[]);
        assert_eq!(report["cost_basis"], if format.starts_with("focus") { "net" } else { "unblended" }, "{format}");
    }
}

#[test]
fn only_the_newest_version_counts() {
    for format in ["cur2", "cur2-parquet", "cur-legacy", "cur-legacy-zip", "focus-1.0", "focus-1.2-parquet"] {
        let account = account(&format!("--bill-format {format} --bill-versions 3 --bill-parts 2 --seed 31"));
        account.check("net");
        account.check("list");
    }
}

#[test]
fn a_missing_part_is_no_report() {
    for format in ["cur2", "cur-legacy-zip", "focus-1.2-parquet"] {
        let account = account(&format!("--bill-format {format} --bill-parts 3 --seed 41"));
        let mut parts = bill_files(&account);
        parts.retain(|path| !is_manifest(path));
        let victim = &parts[1];
        std::fs::remove_file(victim).expect("a file that can be removed");
        let run = account.run(&["--month", "2026-10"]);
        let name = victim.file_name().expect("a name").to_str().expect("text");
        assert_ne!(run.code, 0, "{format}: a bill without one of its parts");
        assert!(run.stderr.contains(name), "{format}: {name} is not named in {}", run.stderr);
    }
}

/// The files of the bill.
fn bill_files(account: &Billed) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![account.path().join("billing")]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a readable folder") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() { &mut folders } else { &mut found }.push(path);
        }
    }
    found.sort();
    found
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

#[test]
fn without_manifests_every_file_counts_and_that_is_said() {
    for format in ["cur2", "cur-legacy", "cur-legacy-parquet", "focus-1.2"] {
        let account = account(&format!("--bill-format {format} --bill-parts 3 --seed 51 --discount 11"));
        for manifest in bill_files(&account).into_iter().filter(|path| is_manifest(path)) {
            std::fs::remove_file(manifest).expect("a file that can be removed");
        }
        account.check("net");
        let report = account.report(&[]);
        let said = report["warnings"].as_array().expect("an array").iter().any(|w| {
            w["message"].as_str().is_some_and(|text| text.contains("manifest"))
                || w["code"].as_str().is_some_and(|code| code.contains("manifest"))
        });
        assert!(said, "{format}: {}", report["warnings"]);
    }
}

/// A download that was made twice, into two folders.
#[test]
fn a_bill_file_that_comes_twice_counts_once() {
    for format in TABLES {
        let account = account(&format!("--bill-format {format} --bill-parts 2 --seed 52"));
        let parts: Vec<PathBuf> = bill_files(&account).into_iter().filter(|path| !is_manifest(path)).collect();
        let copies = parts[0].parent().expect("a folder").join("again");
        std::fs::create_dir(&copies).expect("a folder can be made");
        for part in &parts {
            std::fs::copy(part, copies.join(part.file_name().expect("a name"))).expect("a file can be copied");
        }
        account.check("net");
        // Without manifests, nothing but their content says that the files are the same.
        for manifest in bill_files(&account).into_iter().filter(|path| is_manifest(path)) {
            std::fs::remove_file(manifest).expect("a file that can be removed");
        }
        account.check("net");
    }
}

#[test]
fn every_vantage_ties_its_bytes_to_the_bill() {
    for (seed, vantage) in ["nat", "instance", "vpc", "regional", "v2", "hub", "two-logs"].iter().enumerate() {
        let account = account(&format!("--vantage {vantage} --seed {seed} --discount 5"));
        account.check("net");
        account.check("list");
    }
}

#[test]
fn other_regions_and_gateways_have_other_usage_types() {
    for (seed, options) in [
        "--region eu-west-1 --bill-format cur-legacy-zip",
        "--region us-west-2 --bill-format focus-1.2",
        "--region eu-west-1 --vantage regional --bill-format cur2-parquet",
        "--region us-west-2 --vantage regional --bill-format focus-1.0",
        "--nat64 --private-nat --bill-format focus-1.2-parquet",
    ]
    .iter()
    .enumerate()
    {
        account(&format!("{options} --seed {seed} --deleted-gateway --discount 3")).check("net");
    }
}

#[test]
fn cost_explorer_gives_totals_and_no_gateways() {
    for options in ["", "--bill-parts 4", "--region eu-west-1", "--vantage regional", "--discount 9"] {
        let account = account(&format!("--bill-format cost-explorer {options} --seed 61"));
        for basis in ["net", "unblended"] {
            let report = account.report(&["--cost-basis", basis, "--group-by", "nat,day"]);
            assert_eq!(report["cost_basis"], basis, "{options}");
            account.check_totals(&report, basis);
            check_splits(&account.name, &report);
            for gateway in report["nat_gateways"].as_array().expect("an array") {
                for field in ["billed_bytes", "data_usd", "hours", "hours_usd", "coverage", "unobserved_usd"] {
                    assert!(gateway[field].is_null(), "{options}: {field} of {gateway}");
                }
            }
            assert!(report["summary"]["upper_bound_usd"].is_null(), "{options}");
        }
    }
}

#[test]
fn a_bill_alone_is_a_report() {
    for format in ["cur2", "focus-1.2-parquet"] {
        let account = account(&format!("--bill-format {format} --discount 7 --deleted-gateway --seed 71"));
        std::fs::remove_dir_all(account.path().join("flow-logs")).expect("a folder that can be removed");
        let report = account.report(&["--cost-basis", "net"]);
        account.check_gateways(&report, "net");
        let summary = &report["summary"];
        assert!(summary["observed_bytes"].is_null(), "{summary}");
        assert_eq!(units(&summary["unobserved_usd"]), units(&account.billing()["totals"]["data_usd"]["net"]));
        assert!(units(&summary["upper_bound_usd"]).is_some_and(|usd| usd > 0), "{summary}");
        // The newest month of the bill is the month of the report.
        let run = account.run(&[]);
        let unasked: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        assert_eq!(unasked["period"], report["period"]);
    }
}

#[test]
fn no_bill_is_not_a_bill_of_nothing() {
    let account = account("--bill-format none --seed 81");
    let report = account.report(&[]);
    assert_eq!(report["cost_basis"], "list");
    for gateway in report["nat_gateways"].as_array().expect("an array") {
        for field in ["billed_bytes", "data_usd", "hours", "hours_usd", "coverage", "unobserved_usd"] {
            assert!(gateway[field].is_null(), "{field} of {gateway}");
        }
        let id = &gateway["nat_gateway_id"];
        let sent = account.truth["nat_gateways"].as_array().expect("an array").iter();
        let metered = sent.filter(|row| row["nat_gateway_id"] == *id).map(|row| &row["billed_bytes"]).next();
        assert_eq!(Some(&gateway["metered_bytes"]), metered, "{id}");
    }
}

#[test]
fn endpoints_that_exist_are_judged_by_their_own_bytes_and_hours() {
    for format in ["cur2", "focus-1.2"] {
        let account = account(&format!("--bill-format {format} --rules --seed 91"));
        let report = account.report(&[]);
        let decisions = report["decisions"].as_array().expect("an array");
        let removed: Vec<&Value> = decisions.iter().filter(|decision| decision["action"] == "remove").collect();
        let endpoints = account.billing()["endpoints"].as_array().expect("an array");
        let idle = endpoints.iter().find(|endpoint| endpoint["service"] == "kinesis-streams").expect("an endpoint");
        assert_eq!(removed.len(), 1, "{format}: {removed:?}");
        assert_eq!(removed[0]["endpoint_id"], idle["endpoint_id"], "{format}");
        assert_eq!(removed[0]["bytes"], idle["bytes"], "{format}");
        assert!(units(&removed[0]["net_usd"]).is_some_and(|net| net > 0), "{format}: {}", removed[0]);
    }
}

/// The bundle's folder and its parts given by flags are the same report.
#[test]
fn parts_may_be_given_by_flags() {
    let account = account("--discount 7 --seed 95");
    let expected = account.report(&[]);
    let parts = ["flow-logs", "inventory", "billing", "metrics", "dns"].map(|part| account.path().join(part));
    let mut args = vec!["report", "--format", "json", "--top", "1000000", "--month", "2026-10"];
    for (flag, path) in ["--flow-logs", "--inventory", "--billing", "--metrics", "--dns"].into_iter().zip(&parts) {
        args.extend([flag, common::arg(path)]);
    }
    let empty = tempfile::tempdir().expect("a folder");
    let run = common::natlens(empty.path(), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
    for part in ["summary", "nat_gateways", "traffic", "decisions", "cost_basis"] {
        assert_eq!(found[part], expected[part], "{part}");
    }
}

/// The lines of a small CUR 2.0 export of one gateway.
fn small_bill(lines: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let header = "line_item_usage_account_id,line_item_line_item_type,line_item_usage_type,line_item_operation,\
        line_item_resource_id,pricing_unit,line_item_usage_amount,line_item_unblended_cost,line_item_usage_start_date,\
        line_item_usage_end_date,product_region_code,product\n";
    std::fs::create_dir(folder.path().join("billing")).expect("a folder");
    let text = header.to_owned() + &lines.concat();
    std::fs::write(folder.path().join("billing/bill.csv"), text).expect("a file");
    folder
}

/// A usage line of the gateway.
fn small_line(kind: &str, unit: &str, [amount, cost]: [&str; 2], [start, end]: [&str; 2]) -> String {
    let arn = "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-0a1";
    format!(
        "123456789012,Usage,NatGateway-{kind},NatGateway,{arn},{unit},{amount},{cost},{start},{end},us-east-1,{{}}\n"
    )
}

const A_DAY: [&str; 2] = ["2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"];

#[test]
fn a_line_of_the_bill_that_cannot_be_read_is_missing_input() {
    let hours = small_line("Hours", "Hrs", ["24", "1.08"], A_DAY);
    for (cost, code, strict) in [("45", 0, 0), ("4x5", 3, 1)] {
        let folder = small_bill(&[&hours, &small_line("Bytes", "GB", ["1000", cost], A_DAY)]);
        let run = |more: &[&str]| {
            let args = ["report", common::arg(folder.path()), "--format", "json"];
            common::natlens(folder.path(), &[&args, more].concat())
        };
        let loose = run(&[]);
        assert_eq!((loose.code, run(&["--strict"]).code), (code, strict), "{}", loose.stderr);
        assert_eq!(loose.stderr.contains("bill.csv:3: a cost is no number"), code == 3, "{}", loose.stderr);
    }
}

#[test]
fn a_bill_that_says_nothing_of_the_period_is_said_to() {
    let month = ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"];
    let folder = small_bill(&[&small_line("Bytes", "GB", ["1000", "45"], month)]);
    let codes = |more: &[&str]| -> Vec<String> {
        let args = ["report", common::arg(folder.path()), "--format", "json"];
        let run = common::natlens(folder.path(), &[&args, more].concat());
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        let rows = report["warnings"].as_array().expect("an array").iter();
        rows.filter_map(|row| row["code"].as_str())
            .filter(|code| code.starts_with("bill-"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(codes(&["--month", "2026-10"]), ["bill-without-manifest"]);
    let part = codes(&["--from", "2026-10-05", "--to", "2026-10-10"]);
    assert_eq!(part, ["bill-without-gateways", "bill-line-across-edge", "bill-without-manifest"]);
    assert_eq!(codes(&["--month", "2026-11"]), ["bill-without-gateways", "bill-without-manifest"]);
}

#[test]
fn only_the_currency_of_the_month_counts() {
    let days = [["2026-09-05T00:00:00Z", "2026-09-06T00:00:00Z"], A_DAY];
    let [september, october] = days.map(|day| small_line("Bytes", "GB", ["1000", "45"], day).replace('\n', ",C\n"));
    let header = |folder: &tempfile::TempDir| {
        let bill = folder.path().join("billing/bill.csv");
        let text = std::fs::read_to_string(&bill).expect("a file");
        std::fs::write(&bill, text.replacen("product\n", "product,line_item_currency_code\n", 1)).expect("a file");
    };
    let (september, euros) = (september.replace(",C\n", ",USD\n"), october.replace(",C\n", ",EUR\n"));
    let folder = small_bill(&[&september, &euros]);
    header(&folder);
    for (more, currency) in [(&[][..], "EUR"), (&["--month", "2026-09"], "USD")] {
        let args = ["report", common::arg(folder.path()), "--format", "json"];
        let run = common::natlens(folder.path(), &[&args, more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        assert_eq!((&report["currency"], &report["summary"]["data_usd"]), (&currency.into(), &"45".into()));
    }
    let folder = small_bill(&[&euros, &october.replace(",C\n", ",USD\n")]);
    header(&folder);
    let run = common::natlens(folder.path(), &["report", common::arg(folder.path())]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stderr.contains("the bill is in several currencies: EUR, USD"), "{}", run.stderr);
}

#[test]
fn exports_without_accounts_are_the_same_dollars_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = "line_item_line_item_type,line_item_usage_type,line_item_operation,line_item_resource_id,pricing_unit,\
        line_item_usage_amount,line_item_unblended_cost,line_item_usage_start_date,product\n";
    let line = "Usage,NatGateway-Bytes,NatGateway,arn:aws:ec2:us-east-1:123456789012:natgateway/nat-0a1,GB,1000,45,\
        2026-10-05T00:00:00Z,{}\n";
    // The second export has a column more, so that the two files are not one.
    for (name, header, line) in [
        ("x", header.to_owned(), line.to_owned()),
        ("y", header.replace("product", "product,more"), line.replace("{}", "{},1")),
    ] {
        std::fs::create_dir_all(folder.path().join("billing").join(name)).expect("a folder");
        std::fs::write(folder.path().join("billing").join(name).join("bill.csv"), header + &line).expect("a file");
        let run = common::natlens(folder.path(), &["report", common::arg(folder.path()), "--format", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        assert_eq!(report["summary"]["data_usd"], "45", "with {name}");
        assert_eq!(report["cost_basis"], "unblended", "with {name}");
    }
}
