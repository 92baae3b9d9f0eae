//! Accounts with a bill, and a report's money against their `truth.json`. All money in integers of 10^-12.

use super::common::{Run, arg, natlens};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A bundle with everything that the simulator writes, in a folder of its own, and its truth.
#[derive(Debug)]
pub struct Billed {
    folder: tempfile::TempDir,
    /// `truth.json`.
    pub truth: Value,
    /// What messages call it.
    pub name: String,
}

/// The parts of a list by their id.
type ById<'a> = BTreeMap<&'a str, &'a Value>;

fn by_id<'a>(value: &'a Value, part: &str, id: &str) -> ById<'a> {
    let rows = value[part].as_array().unwrap_or_else(|| panic!("{part} is no array"));
    rows.iter().map(|row| (row[id].as_str().expect("an id"), row)).collect()
}

/// A decimal text in 10^-12; null is `None`.
pub fn units(value: &Value) -> Option<i128> {
    if value.is_null() {
        return None;
    }
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no decimal text"));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 12, "{text} has more digits than the scale");
    Some(format!("{whole}{part:0<12}").parse().unwrap_or_else(|_| panic!("{text} is no decimal")))
}

/// `a / b` in 10^-12, half-even; `None` for a whole of nothing.
fn ratio(part: i128, whole: i128) -> Option<i128> {
    if whole == 0 {
        return None;
    }
    let (quotient, rest) = (part * 1_000_000_000_000 / whole, part * 1_000_000_000_000 % whole);
    let up = 2 * rest > whole || (2 * rest == whole && quotient % 2 == 1);
    Some(quotient + i128::from(up))
}

impl Billed {
    /// A simulated account.
    pub fn simulate(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("bundle");
        let mut args = vec!["simulate", "--to", arg(&to), "--objects", "3"];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        let text = std::fs::read_to_string(to.join("truth.json")).expect("a truth");
        Self { folder, truth: serde_json::from_str(&text).expect("JSON"), name: options.to_owned() }
    }

    /// Its folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    /// `natlens report` of the simulator's month, beside the bundle.
    pub fn run(&self, more: &[&str]) -> Run {
        let mut args = vec!["report", "bundle", "--format", "json", "--top", "1000000"];
        args.extend_from_slice(more);
        natlens(self.folder.path(), &args)
    }

    /// The report, which nothing is missing from.
    pub fn report(&self, more: &[&str]) -> Value {
        let run = self.run(&[&["--month", "2026-10"], more].concat());
        assert_eq!(run.code, 0, "{}: {}", self.name, run.stderr);
        serde_json::from_str(&run.stdout).expect("JSON on stdout")
    }

    /// The bill's truth.
    pub fn billing(&self) -> &Value {
        &self.truth["billing"]
    }

    /// The basis that a report has to be on when `wish` is asked for.
    pub fn basis(&self, wish: &'static str) -> &'static str {
        if wish == "net" && self.billing()["has_net"] == false { "unblended" } else { wish }
    }

    /// Everything that a report with this basis says of the bill's money.
    pub fn check(&self, wish: &'static str) {
        let report = self.report(&["--cost-basis", wish, "--group-by", "nat,day"]);
        assert_eq!(report["cost_basis"], self.basis(wish), "{}", self.name);
        assert_eq!(report["currency"], "USD", "{}", self.name);
        self.check_gateways(&report, wish);
        self.check_totals(&report, wish);
        check_splits(&self.name, &report);
        self.check_upper_bound(&report, wish);
        self.check_not_understood(&report);
    }

    /// Row by row: what the bill says, what the metrics say, and that what is attributed and what is not sum to it.
    pub fn check_gateways(&self, report: &Value, basis: &str) {
        let told = by_id(self.billing(), "nat_gateways", "nat_gateway_id");
        let found = by_id(report, "nat_gateways", "nat_gateway_id");
        assert_eq!(found.keys().collect::<Vec<_>>(), told.keys().collect::<Vec<_>>(), "{}: gateways", self.name);
        for (id, truth) in told {
            let (row, what) = (found[id], format!("{} on {basis}: {id}", self.name));
            for field in ["billed_bytes", "metered_bytes", "account_id", "region"] {
                assert_eq!(row[field], truth[field], "{what}: {field}");
            }
            for field in ["data_usd", "hours_usd"] {
                assert_eq!(units(&row[field]), units(&truth[field][basis]), "{what}: {field}");
            }
            assert_eq!(units(&row["hours"]), units(&truth["hours"]), "{what}: hours");
            let observed = row["observed_bytes"].as_i64().map(i128::from);
            let billed = i128::from(truth["billed_bytes"].as_i64().expect("a number"));
            assert_eq!(units(&row["coverage"]), observed.and_then(|o| ratio(o, billed)), "{what}: coverage");
            let traffic = report["traffic"].as_array().expect("an array").iter();
            let own = traffic.filter(|row| row["nat_gateway_id"] == id).map(|row| units(&row["usd"]).expect("a price"));
            let unobserved = units(&row["unobserved_usd"]).expect("a cost");
            assert!(unobserved >= 0, "{what}: unobserved_usd");
            assert_eq!(Some(own.sum::<i128>() + unobserved), units(&row["data_usd"]), "{what}: parts of data_usd");
        }
    }

    /// The summary, which is all that a bill without resources has.
    pub fn check_totals(&self, report: &Value, basis: &str) {
        let (summary, totals) = (&report["summary"], &self.billing()["totals"]);
        let what = format!("{} on {basis}: summary", self.name);
        assert_eq!(summary["billed_bytes"], totals["billed_bytes"], "{what}: billed_bytes");
        for field in ["data_usd", "hours_usd"] {
            assert_eq!(units(&summary[field]), units(&totals[field][basis]), "{what}: {field}");
        }
        let parts = [&summary["attributed_usd"], &summary["unobserved_usd"]].map(|part| units(part).expect("a cost"));
        assert_eq!(Some(parts[0] + parts[1]), units(&summary["data_usd"]), "{what}: parts of data_usd");
        let observed = summary["observed_bytes"].as_i64().map(i128::from);
        let billed = i128::from(totals["billed_bytes"].as_i64().expect("a number"));
        assert_eq!(units(&summary["coverage"]), observed.and_then(|o| ratio(o, billed)), "{what}: coverage");
    }

    /// Bytes without a transfer row, at each gateway's own rate, rounded by less than a unit for each.
    fn check_upper_bound(&self, report: &Value, basis: &str) {
        let mut sum = 0;
        let gateways = self.billing()["nat_gateways"].as_array().expect("an array");
        for gateway in gateways {
            let bytes = |field: &str| i128::from(gateway[field].as_i64().expect("a number"));
            let (billed, residual) = (bytes("billed_bytes"), (bytes("billed_bytes") - bytes("transfer_bytes")).max(0));
            let data = units(&gateway["data_usd"][basis]).expect("a cost");
            sum += if billed == 0 { 0 } else { data * residual / billed };
        }
        let found = units(&report["summary"]["upper_bound_usd"]).expect("a cost");
        let slack = i128::try_from(gateways.len()).expect("a few");
        assert!((found - sum).abs() <= slack, "{} on {basis}: upper bound {found}, not about {sum}", self.name);
    }

    /// A row that nobody understands is said, and is in no sum (they are checked above).
    fn check_not_understood(&self, report: &Value) {
        let warnings = report["warnings"].as_array().expect("an array");
        let warned = warnings.iter().any(|warning| warning["code"] == "bill-line-not-understood");
        assert_eq!(warned, self.billing()["not_understood"]["lines"] != 0, "{}: {warnings:?}", self.name);
    }
}

/// Traffic, clients and groups are splits of one amount.
pub fn check_splits(name: &str, report: &Value) {
    let attributed = units(&report["summary"]["attributed_usd"]).expect("a cost");
    for part in ["traffic", "clients", "groups"] {
        let rows = report[part].as_array().unwrap_or_else(|| panic!("{part} is no array"));
        let sum: i128 = rows.iter().filter_map(|row| units(&row["usd"])).sum();
        assert_eq!(sum, attributed, "{name}: the sum of {part}");
    }
}
