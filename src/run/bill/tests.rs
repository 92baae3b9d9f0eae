//! Folders of bill files, made here: what counts, what is said, and that splitting changes nothing.

use super::*;
use crate::bill::settle::{Charges, CostBasis};
use crate::model::period::Month;
use crate::model::usd::Usd;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

const HEADER: &str = "lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,\
    lineItem/UsageType,lineItem/Operation,lineItem/ResourceId,lineItem/UsageAmount,lineItem/UnblendedCost,pricing/unit,end\n";

/// A line of a gateway on a day of April 2026.
fn row(day: usize, gb: u64) -> String {
    let nat = "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-0a1";
    format!(
        "123456789012,Usage,2026-04-{day:02}T00:00:00Z,2026-04-{day:02}T01:00:00Z,NatGateway-Bytes,NatGateway,{nat},{gb},{gb}.5,GB,x\n"
    )
}

fn csv(rows: &[String]) -> String {
    HEADER.to_owned() + &rows.concat()
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (key, text) in files {
        let path = root.join(key);
        fs::create_dir_all(path.parent().expect("below root")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

type Read = (Result<Bill, BillError>, Vec<InputRow>, Warnings);

fn read(root: &Path, threads: usize) -> Read {
    let (mut rows, mut warnings) = (Vec::new(), Warnings::default());
    let given = [root.display().to_string()];
    let bill = read_bill(&Given::all(&given, None), april(), threads, &mut rows, &mut warnings);
    (bill, rows, warnings)
}

fn april() -> Option<Window> {
    Month::parse("2026-04").map(Month::window)
}

fn settled(bill: &Bill) -> Charges {
    bill.settle(april().expect("a month"), CostBasis::Unblended)
}

fn cost(bill: &Bill) -> String {
    settled(bill).rows.iter().filter_map(|charge| charge.cost).sum::<Usd>().to_string()
}

/// What a folder of these files costs, and the codes of what is said.
fn check(files: &[(&str, &str)], expect: &str, codes: &[&str]) {
    let dir = tempfile::tempdir().expect("temporary folder");
    write(dir.path(), files);
    for threads in [1, 3] {
        let (bill, rows, warnings) = read(dir.path(), threads);
        let bill = bill.expect("a bill");
        assert_eq!(cost(&bill), expect);
        let said: Vec<String> = warnings.rows().into_iter().map(|row| row.code).collect();
        assert_eq!(said, codes);
        assert_eq!((rows[0].kind, rows[0].objects), ("billing", files.len() as u64));
    }
}

fn error(files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().expect("temporary folder");
    write(dir.path(), files);
    let error = read(dir.path(), 2).0.expect_err("no bill");
    assert!(error.hint().is_some());
    error.to_string()
}

fn manifest(version: &str, parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| format!("\"p/cur/20260401-20260501/{version}/{part}\"")).collect();
    format!(
        r#"{{"assemblyId":"{version}","bucket":"b","reportName":"cur","reportKeys":[{}],
            "billingPeriod":{{"start":"20260401T000000.000Z","end":"20260501T000000.000Z"}}}}"#,
        parts.join(",")
    )
}

const OLD: &str = "20260402T000000Z";
const NEW: &str = "20260403T000000Z";

#[test]
fn the_newest_version_is_the_bill() {
    let (old, new, more) = (csv(&[row(1, 1)]), csv(&[row(1, 1), row(2, 2)]), csv(&[row(3, 4)]));
    let (old_manifest, new_manifest) = (manifest(OLD, &["cur-1.csv"]), manifest(NEW, &["cur-1.csv", "cur-2.csv"]));
    let key = |version: &str, file: &str| format!("cur/20260401-20260501/{version}/{file}");
    let keys = [key(OLD, "cur-1.csv"), key(NEW, "cur-1.csv"), key(NEW, "cur-2.csv"), key(NEW, "cur-9.csv")];
    let manifests = [key(OLD, "cur-Manifest.json"), key(NEW, "cur-Manifest.json")];
    let top = "cur/20260401-20260501/cur-Manifest.json";
    let files = [
        (keys[0].as_str(), old.as_str()),
        (&keys[1], &new),
        (&keys[2], &more),
        (&keys[3], &more),
        (&manifests[0], &old_manifest),
        (&manifests[1], &new_manifest),
        (top, &new_manifest),
    ];
    check(&files, "8.5", &["stale-bill-file", "older-bill-version"]);
    let without =
        |at: usize| files.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, file)| *file).collect::<Vec<_>>();
    let text = error(&without(2));
    assert!(text.starts_with("p/cur/20260401-20260501/20260403T000000Z/cur-2.csv is missing: the manifest"), "{text}");
    let mut cut = files;
    cut[2].1 = &more[..more.len() - 40];
    assert!(error(&cut).contains("cur-2.csv: the last row is broken or cut off: line 2 may be cut"));
    cut[2].1 = "a,b\n1,2\n";
    assert!(error(&cut).ends_with("cur-2.csv: not a bill: its columns are a, b, …"));
    cut[5].1 = "{\"reportKeys\":[\"p";
    assert!(
        error(&cut).starts_with("cur/20260401-20260501/20260403T000000Z/cur-Manifest.json: the manifest is broken")
    );
}

#[test]
fn without_manifest_every_file_counts_once() {
    let (one, two) = (csv(&[row(1, 1)]), csv(&[row(2, 2), "bad\n".to_owned()]));
    let codes = ["unreadable-object", "duplicate-object", "bill-without-manifest", "malformed-bill-line"];
    let files = [("a/1.csv", one.as_str()), ("a/copy.csv", &one), ("a/2.csv", &two), ("a/readme.txt", "hello")];
    check(&files, "4", &codes);
    let dir = tempfile::tempdir().expect("temporary folder");
    write(dir.path(), &files);
    let (_, rows, warnings) = read(dir.path(), 1);
    assert_eq!(rows[0].unreadable, 1);
    let message = |code: &str| warnings.rows().into_iter().find(|row| row.code == code).expect("said").message;
    assert_eq!(message("malformed-bill-line"), "a/2.csv:3: it has not as many fields as the first line");
    assert_eq!(message("duplicate-object"), "a/copy.csv");
    assert_eq!(
        message("unreadable-object"),
        "a/readme.txt: not a bill: its columns are hello, … (move it out of the billing folder)"
    );
    assert_eq!(message("bill-without-manifest"), "a: 4 files");
}

#[test]
fn two_formats_in_one_folder_are_the_same_dollars_twice() {
    let focus = "BilledCost,ChargeCategory,ChargePeriodStart,ConsumedQuantity,ContractedCost,SubAccountId,x_UsageType,ResourceId,end\n\
        7,Usage,2026-04-01T00:00:00Z,1,7,123456789012,NatGateway-Bytes,nat-0a1,x\n";
    check(&[("a/cur.csv", &csv(&[row(1, 1)])), ("a/focus.csv", focus)], "1.5", &["bill-without-manifest"]);
    check(&[("a/focus.csv", focus)], "7", &["bill-without-manifest"]);
}

#[test]
fn cost_explorer_answers_add_up_and_never_overlap() {
    let answer = |region: &str, day: u8, amount: &str| {
        let (start, end) = (format!("2026-04-{day:02}"), format!("2026-04-{:02}", day + 1));
        format!(
            r#"{{"GroupDefinitions": [{{"Type": "DIMENSION", "Key": "USAGE_TYPE"}}, {{"Type": "DIMENSION", "Key": "REGION"}}],
              "ResultsByTime": [{{"TimePeriod": {{"Start": "{start}", "End": "{end}"}}, "Estimated": true, "Groups": [
              {{"Keys": ["NatGateway-Bytes", "{region}"], "Metrics": {{"UnblendedCost": {{"Amount": "{amount}", "Unit": "USD"}}}}}}]}}]}}"#
        )
    };
    let (first, second) = (answer("us-east-1", 1, "1.25"), answer("us-east-1", 2, "2"));
    check(
        &[("1.json", &first), ("2.json", &second), ("3.json", &first)],
        "3.25",
        &["duplicate-object", "estimated-bill"],
    );
    let other = answer("us-east-1", 1, "9");
    let text = error(&[("1.json", &first), ("2.json", &other)]);
    assert_eq!(text, "1.json and 2.json both tell the sum of 2026-04-01/2026-04-02 NatGateway-Bytes us-east-1");
}

/// A page of Cost Explorer's answer for some days of 2026 with a cost of 1 each.
fn page(days: &[(&str, &str)], usage_type: &str, token: &str) -> String {
    let day = |(start, end): &(&str, &str)| {
        format!(
            r#"{{"TimePeriod": {{"Start": "2026-{start}", "End": "2026-{end}"}}, "Groups": [
              {{"Keys": ["{usage_type}"], "Metrics": {{"UnblendedCost": {{"Amount": "1", "Unit": "USD"}}}}}}]}}"#
        )
    };
    let days: Vec<String> = days.iter().map(day).collect();
    let groups = r#"[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}]"#;
    format!(r#"{{"GroupDefinitions": {groups}, "ResultsByTime": [{}], "NextPageToken": {token}}}"#, days.join(","))
}

#[test]
fn an_answer_that_goes_on_needs_its_other_pages() {
    let (bytes, hours, last) = ("NatGateway-Bytes", "NatGateway-Hours", "null");
    let (first, second, third) = (("04-01", "04-02"), ("04-02", "04-03"), ("04-03", "04-04"));
    let (april, may) = (("04-01", "05-01"), ("05-01", "06-01"));
    let cut = |situation: &str, files: &[&str]| {
        let files: Vec<(&str, &str)> = ["1.json", "2.json"].into_iter().zip(files.iter().copied()).collect();
        let text = error(&files);
        assert!(text.starts_with("1.json: Cost Explorer's answer goes on at a next page"), "{situation}: {text}");
    };
    let whole = |files: &[&str], expect: &str| {
        let files: Vec<(&str, &str)> = ["1.json", "2.json", "3.json"].into_iter().zip(files.iter().copied()).collect();
        check(&files, expect, &[]);
    };
    let open = page(&[first], bytes, r#""x""#);
    cut("alone", &[&open]);
    cut("a later day, with a hole", &[&open, &page(&[third], bytes, last)]);
    cut("no last page", &[&open, &page(&[second], bytes, r#""y""#)]);
    cut("another month's answer", &[&page(&[april], bytes, r#""x""#), &page(&[may], bytes, last)]);
    cut("of another grouping", &[&open, &page(&[second], bytes, last).replace("USAGE_TYPE", "OPERATION")]);
    whole(&[&page(&[first], bytes, r#""""#)], "1");
    whole(&[&open, &page(&[second], bytes, last)], "2");
    whole(&[&open, &page(&[first], hours, last)], "2");
    let (middle, end) = (page(&[second], bytes, r#""y""#), page(&[third], bytes, last));
    whole(&[&open, &middle, &end], "3");
    whole(&[&[&*open, &middle, &end].concat()], "3");
    whole(&[&page(&[may], bytes, r#""x""#), &page(&[april], bytes, last)], "1");
}

#[test]
fn nothing_given_is_no_bill() {
    let (mut rows, mut warnings) = (Vec::new(), Warnings::default());
    let bill = read_bill(&Given::all(&[], None), None, 2, &mut rows, &mut warnings).expect("none");
    assert_eq!((bill.exports().count(), rows.len(), warnings.rows().len()), (0, 0, 0));
    let missing = read_bill(&Given::all(&["no/such/folder".to_owned()], None), None, 2, &mut rows, &mut warnings);
    assert!(matches!(missing, Err(BillError::Input(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn splitting_rows_over_files_changes_nothing(
        rows in proptest::collection::vec((1usize..31, 0u64..1_000_000, 0usize..3), 1..30),
        threads in 1usize..4,
    ) {
        let texts: Vec<String> = rows.iter().map(|(day, gb, _)| row(*day, *gb)).collect();
        let part = |wanted: usize| {
            let of_part: Vec<String> =
                rows.iter().zip(&texts).filter(|((_, _, at), _)| *at == wanted).map(|(_, text)| text.clone()).collect();
            // A number of its own keeps parts with the same rows from being taken for copies.
            csv(&of_part) + &"\n".repeat(wanted)
        };
        let whole = tempfile::tempdir().expect("temporary folder");
        write(whole.path(), &[("whole.csv", &csv(&texts))]);
        let split = tempfile::tempdir().expect("temporary folder");
        write(split.path(), &[("a.csv", &part(0)), ("b.csv", &part(1)), ("c.csv", &part(2))]);
        let one = read(whole.path(), 1).0.expect("a bill");
        let many = read(split.path(), threads).0.expect("a bill");
        prop_assert_eq!(settled(&one), settled(&many));
        let sum: u64 = rows.iter().map(|(_, gb, _)| gb * 2 + 1).sum();
        prop_assert_eq!(cost(&many), Usd::parse(&format!("{}.{}", sum / 2, sum % 2 * 5)).expect("an amount").0.to_string());
    }
}
