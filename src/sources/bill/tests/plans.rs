//! Which files count: newest versions, missing parts, strangers, copies without their folders.

use crate::model::period::{Month, Window};
use crate::sources::bill::manifest::{self, Manifest};
use crate::sources::bill::plan::{BillPlan, Notice, PlanError, plan};

fn legacy(key: &str, version: &str, month: (&str, &str), parts: &[&str]) -> Manifest {
    let parts = parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(",");
    let (start, end) = month;
    let text = format!(
        r#"{{"assemblyId":"{version}","account":"123456789012","bucket":"bucket","reportName":"cur",
            "billingPeriod":{{"start":"{start}T000000.000Z","end":"{end}T000000.000Z"}},"reportKeys":[{parts}]}}"#
    );
    manifest::parse(key, text.as_bytes()).expect("whole").expect("a manifest")
}

fn data_export(key: &str, execution: &str, parts: &[&str]) -> Manifest {
    let parts = parts.iter().map(|part| format!("\"s3://bucket/{part}\"")).collect::<Vec<_>>().join(",");
    let text = format!(r#"{{"executionId":"{execution}","dataFiles":[{parts}],"columns":[]}}"#);
    manifest::parse(key, text.as_bytes()).expect("whole").expect("a manifest")
}

const APRIL: (&str, &str) = ("20260401", "20260501");
const MAY: (&str, &str) = ("20260501", "20260601");

/// `export key` of every part, and the notices.
fn planned(keys: &[&str], manifests: &[Manifest]) -> Result<(Vec<String>, Vec<Notice>), PlanError> {
    let keys: Vec<&str> = keys.iter().copied().chain(manifests.iter().map(|m| m.key.as_str())).collect();
    let backwards: Vec<&str> = keys.iter().rev().copied().collect();
    let found = plan(&keys, manifests, None);
    let mut turned = manifests.to_vec();
    turned.reverse();
    if let Ok(found) = &found {
        assert_eq!(plan(&backwards, &turned, None).as_ref(), Ok(found), "the order of files matters");
    }
    let BillPlan { parts, notices } = found?;
    Ok((parts.iter().map(|part| format!("{} {}", part.export, part.key)).collect(), notices))
}

fn check(keys: &[&str], manifests: &[Manifest], parts: &[&str], notices: &[Notice]) {
    let (found, said) = planned(keys, manifests).expect("a plan");
    assert_eq!(found, parts);
    assert_eq!(said, notices);
}

const CUR: &str = "123456789012/bucket/p/cur";

#[test]
fn the_newest_version_counts_with_all_its_parts() {
    let old = "p/cur/20260401-20260501/20260402T000000Z";
    let new = "p/cur/20260401-20260501/20260403T000000Z";
    let part = |folder: &str, n: u8| format!("{folder}/cur-{n}.csv.gz");
    let (old_1, new_1, new_2) = (part(old, 1), part(new, 1), part(new, 2));
    let manifests = [
        legacy("p/cur/20260401-20260501/cur-Manifest.json", "20260403T000000Z", APRIL, &[&new_1, &new_2]),
        legacy(&format!("{new}/cur-Manifest.json"), "20260403T000000Z", APRIL, &[&new_1, &new_2]),
        legacy(&format!("{old}/cur-Manifest.json"), "20260402T000000Z", APRIL, &[&old_1]),
    ];
    let keys = [old_1.as_str(), &new_1, &new_2, "p/cur/20260401-20260501/cur-9.csv.gz"];
    let notices = [
        Notice::Stale { export: CUR.into(), files: 1, first: "p/cur/20260401-20260501/cur-9.csv.gz".into() },
        Notice::OlderVersion { export: CUR.into(), files: 1 },
    ];
    let parts = [format!("{CUR} {new_1}"), format!("{CUR} {new_2}")];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    check(&keys, &manifests, &parts, &notices);
    // The manifest beside the month's folders is old here: times of the versions decide.
    let stale_top = [
        legacy("p/cur/20260401-20260501/cur-Manifest.json", "20260402T000000Z", APRIL, &[&old_1]),
        manifests[1].clone(),
    ];
    check(&keys[..3], &stale_top, &parts, &notices[1..]);
}

#[test]
fn versions_without_times_go_by_the_manifest_beside_the_month() {
    let part = |id: &str| format!("p/cur/20260401-20260501/{id}/cur-1.csv.gz");
    let (a, b) = (part("aaaa-1"), part("bbbb-2"));
    let own =
        |id: &str, part: &str| legacy(&format!("p/cur/20260401-20260501/{id}/cur-Manifest.json"), id, APRIL, &[part]);
    let top = legacy("p/cur/20260401-20260501/cur-Manifest.json", "aaaa-1", APRIL, &[&a]);
    let older = [Notice::OlderVersion { export: CUR.into(), files: 1 }];
    check(&[&a, &b], &[own("bbbb-2", &b), own("aaaa-1", &a), top], &[&format!("{CUR} {a}")], &older);
    let unclear = planned(&[&a, &b], &[own("aaaa-1", &a), own("bbbb-2", &b)]);
    assert!(matches!(unclear, Err(PlanError::UnclearVersion { .. })), "{unclear:?}");
}

#[test]
fn a_part_that_is_missing_is_an_error_that_names_it() {
    let parts = ["p/cur/20260401-20260501/cur-1.csv.gz", "p/cur/20260401-20260501/cur-2.csv.gz"];
    let manifest = legacy("p/cur/20260401-20260501/cur-Manifest.json", "x", APRIL, &parts);
    let error = planned(&parts[..1], std::slice::from_ref(&manifest)).expect_err("missing");
    assert_eq!(
        error.to_string(),
        "p/cur/20260401-20260501/cur-2.csv.gz is missing: the manifest p/cur/20260401-20260501/cur-Manifest.json names it"
    );
    // The file of another month with the same name does not stand in.
    let elsewhere = ["p/cur/20260501-20260601/cur-2.csv.gz", parts[0]];
    let error = planned(&elsewhere, std::slice::from_ref(&manifest)).expect_err("missing");
    assert!(matches!(error, PlanError::MissingPart { .. }), "{error}");
    // Nobody needs the parts of a month outside the window.
    let may = Month::parse("2026-05").expect("a month").window();
    let keys = [parts[0], manifest.key.as_str()];
    assert_eq!(plan(&keys, std::slice::from_ref(&manifest), Some(may)), Ok(BillPlan::default()));
    let edge = Window { start: may.start - 1, end: may.end };
    assert!(plan(&keys, std::slice::from_ref(&manifest), Some(edge)).is_err());
}

#[test]
fn local_copies_may_lack_folders_above_and_around() {
    let named = "exports/a/exp/data/BILLING_PERIOD=2026-04/exp-00001.csv.gz";
    let export = "bucket/exports/a/exp";
    for (manifest, part) in [
        ("exports/a/exp/metadata/BILLING_PERIOD=2026-04/exp-Manifest.json", named),
        ("exp/metadata/BILLING_PERIOD=2026-04/exp-Manifest.json", "exp/data/BILLING_PERIOD=2026-04/exp-00001.csv.gz"),
        ("metadata/BILLING_PERIOD=2026-04/exp-Manifest.json", "data/BILLING_PERIOD=2026-04/exp-00001.csv.gz"),
        ("/home/me/x/exp-Manifest.json", "/home/me/x/exp-00001.csv.gz"),
        ("exp-Manifest.json", "exp-00001.csv.gz"),
        ("april/meta/exp-Manifest.json", "april/exp-00001.csv.gz"),
    ] {
        check(&[part], &[data_export(manifest, "e", &[named])], &[&format!("{export} {part}")], &[]);
    }
    let other = "exp/data/BILLING_PERIOD=2026-05/exp-00001.csv.gz";
    let manifest = data_export("exp/metadata/BILLING_PERIOD=2026-04/exp-Manifest.json", "e", &[named]);
    assert!(matches!(planned(&[other], &[manifest]), Err(PlanError::MissingPart { .. })));
}

#[test]
fn the_same_export_copied_twice_counts_once() {
    let part = "p/cur/20260401-20260501/cur-1.csv.gz";
    let copy = |folder: &str| legacy(&format!("{folder}/cur/20260401-20260501/cur-Manifest.json"), "x", APRIL, &[part]);
    let keys = ["one/cur/20260401-20260501/cur-1.csv.gz", "two/cur/20260401-20260501/cur-1.csv.gz"];
    let notices = [Notice::OlderVersion { export: CUR.into(), files: 1 }];
    check(&keys, &[copy("one"), copy("two")], &[&format!("{CUR} {}", keys[0])], &notices);
}

#[test]
fn parquet_for_athena_lies_beside_its_manifests() {
    let april = "p/cur/cur/year=2026/month=4/cur-00001.snappy.parquet";
    let may = "p/cur/cur/year=2026/month=5/cur-00001.snappy.parquet";
    let manifests = [
        legacy("p/cur/20260401-20260501/cur-Manifest.json", "a", APRIL, &[april]),
        legacy("p/cur/20260501-20260601/cur-Manifest.json", "b", MAY, &[may]),
    ];
    let status = "p/cur/cost_and_usage_data_status/cost_and_usage_data_status.parquet";
    let keys = [april, may, status, "p/cur/20260401-20260501/cur-create-table.sql"];
    check(&keys, &manifests, &[&format!("{CUR} {april}"), &format!("{CUR} {may}")], &[]);
    // Both months would be read from one file if its folders were left out.
    let flat = planned(&["p/cur/cur-00001.snappy.parquet"], &manifests);
    assert!(matches!(flat, Err(PlanError::PartOfTwo { .. })), "{flat:?}");
}

#[test]
fn two_exports_and_a_folder_without_manifest_are_kept_apart() {
    let cur = "p/cur/20260401-20260501/cur-1.csv.gz";
    let focus = "q/focus/data/BILLING_PERIOD=2026-04/focus-00001.csv.gz";
    let manifests = [
        legacy("p/cur/20260401-20260501/cur-Manifest.json", "x", APRIL, &[cur]),
        data_export("q/focus/metadata/BILLING_PERIOD=2026-04/focus-Manifest.json", "e", &[focus]),
    ];
    let loose = ["other/data/BILLING_PERIOD=2026-03/a.csv", "other/data/BILLING_PERIOD=2026-04/b.csv", "top.csv"];
    let keys = [cur, focus, loose[0], loose[1], loose[2]];
    let parts = [
        format!(". {}", loose[2]),
        format!("{CUR} {cur}"),
        format!("bucket/q/focus {focus}"),
        format!("other/data {}", loose[0]),
        format!("other/data {}", loose[1]),
    ];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let without = |folder: &str, files| Notice::WithoutManifest { folder: folder.into(), files };
    check(&keys, &manifests, &parts, &[without(".", 1), without("other/data", 2)]);
    let months: Vec<_> = plan(&keys, &manifests, None).expect("a plan").parts.iter().map(|part| part.month).collect();
    assert_eq!(
        months.iter().map(|m| m.map(Month::month)).collect::<Vec<_>>(),
        [None, Some(4), Some(4), Some(3), Some(4)]
    );
}

#[test]
fn executions_of_a_data_export_are_versions() {
    let part = |time: &str| format!("q/exp/data/BILLING_PERIOD=2026-04/{time}-uuid/exp-00001.csv.gz");
    let (old, new) = (part("2026-04-02T03:14:15.926Z"), part("2026-04-03T00:00:00.000Z"));
    let own = |time: &str, part: &str| {
        let key = format!("q/exp/metadata/BILLING_PERIOD=2026-04/{time}-uuid/exp-Manifest.json");
        data_export(&key, &format!("id-of-{time}").replace('T', "t"), &[part])
    };
    let manifests = [own("2026-04-03T00:00:00.000Z", &new), own("2026-04-02T03:14:15.926Z", &old)];
    let notices = [Notice::OlderVersion { export: "bucket/q/exp".into(), files: 1 }];
    check(&[&old, &new], &manifests, &[&format!("bucket/q/exp {new}")], &notices);
}

#[test]
fn a_part_that_could_be_two_files_is_an_error() {
    let manifest = legacy("m/cur-Manifest.json", "x", APRIL, &["p/cur/20260401-20260501/cur-1.csv.gz"]);
    let keys = ["a/20260401-20260501/cur-1.csv.gz", "b/20260401-20260501/cur-1.csv.gz"];
    let unclear = planned(&keys, &[manifest]);
    assert!(matches!(unclear, Err(PlanError::UnclearPart { .. })), "{unclear:?}");
}
