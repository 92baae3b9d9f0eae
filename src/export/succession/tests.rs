//! What stays, what goes and what is refused, case by case.

use super::super::part::Part;
use super::*;
use crate::model::bytes::Bytes;
use crate::model::sha256::sha256;
use std::collections::BTreeMap;

const ONE: &str = "111111111111";
const TWO: &str = "222222222222";
const THREE: &str = "333333333333";
const NONE: &str = UNKNOWN_ACCOUNT;
const ALL: (&str, &str) = ("01", "31");
const HALF: (&str, &str) = ("01", "15");

/// An export with these rows by table and account, of these flow logs. Every export has a summary, which is of no account.
fn export((start, end): (&str, &str), logs: &str, rows: &[(&'static str, &str, u64)]) -> Manifest {
    let part = |(table, account, rows): &(&'static str, &str, u64)| Part {
        table,
        account: (*account).to_owned(),
        path: format!("{table}/account_id={account}/month=2026-10/part-00000.parquet"),
        rows: *rows,
        sums: BTreeMap::new(),
        sha256: sha256(b""),
        bytes: Vec::new(),
    };
    let parts: Vec<Part> = rows.iter().chain(&[("summary", NONE, 1)]).map(part).collect();
    let day = |day: &str| format!("2026-10-{day}T00:00:00Z");
    let digest = Digest { kind: "flow-logs".to_owned(), objects: 1, bytes: Bytes::ZERO, sha256: logs.to_owned() };
    let inputs = if logs.is_empty() { Vec::new() } else { vec![digest] };
    Manifest { period_start: day(start), period_end: day(end), inputs, ..Manifest::of_test("2026-10", &parts) }
}

/// An account's own export.
fn own(account: &str, time: (&str, &str)) -> Manifest {
    let rows = [("traffic", account, 5), ("clients", account, 2), ("nat_gateways", account, 1)];
    export(time, &format!("{account} {time:?}"), &rows)
}

/// Without an inventory.
fn nobodys(logs: &str) -> Manifest {
    export(ALL, logs, &[("traffic", NONE, 5), ("clients", NONE, 2)])
}

/// What is there after an export, and whatever lies there besides.
fn there(manifest: &Manifest) -> Found {
    let files = manifest.all_files().map(|file| file.path.clone()).collect();
    Found { manifest: Some(manifest.clone()), cut: Cut::None, files }
}

/// These exports one after the other, the last maybe with --replace.
fn after(exports: &[Manifest], replace: bool) -> Result<(Manifest, Vec<String>), Refused> {
    let (last, first) = exports.split_last().expect("an export");
    let mut found = Found::default();
    for export in first {
        let (manifest, _) = succeed(export.clone(), &found, false).expect("not refused");
        found = there(&manifest);
    }
    let result = succeed(last.clone(), &found, replace);
    if let Ok((manifest, _)) = &result {
        assert_eq!(Manifest::parse(manifest.to_json().as_bytes()).as_ref(), Ok(manifest));
        let paths: Vec<&String> = manifest.all_files().map(|file| &file.path).collect();
        for path in &found.files {
            let is_there = paths.contains(&path);
            assert_eq!(manifest.is_stale(path), !is_there, "{path}: it goes, or it is named");
        }
    }
    result
}

fn accounts<'a>(all: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    all.map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Accounts that stay and that are taken away, the longer time that was replaced, and how often something is said.
fn check(
    situation: &str,
    exports: &[Manifest],
    (kept, cleared): (&[&str], &[&str]),
    longer: Option<(&str, &str)>,
    said: usize,
) {
    let (manifest, notes) = after(exports, false).unwrap_or_else(|refused| panic!("{situation}: {refused}"));
    assert_eq!(accounts(manifest.kept.iter().map(|file| &file.account_id)), kept, "{situation}");
    assert_eq!(manifest.cleared, cleared, "{situation}");
    let day = |text: &str| text[8..10].to_owned();
    let found = manifest.replaced_period.as_ref().map(|Span { start, end }| (day(start), day(end)));
    assert_eq!(found, longer.map(|(a, b)| (a.to_owned(), b.to_owned())), "{situation}");
    assert_eq!(notes.len(), said, "{situation}: {notes:?}");
}

#[test]
fn what_an_export_replaces_and_what_stays() {
    let (one, two) = (|time| own(ONE, time), |time| own(TWO, time));
    let both = |time| export(time, "both", &[("traffic", ONE, 5), ("traffic", TWO, 5), ("findings", TWO, 1)]);
    let nothing: (&[&str], &[&str]) = (&[], &[]);
    check("the first", &[one(ALL)], nothing, None, 0);
    check("the same again", &[one(ALL), one(ALL)], nothing, None, 0);
    check("half of it", &[one(ALL), one(HALF)], nothing, Some(ALL), 1);
    check("half of it again", &[one(ALL), one(HALF), one(HALF)], nothing, Some(ALL), 0);
    check("all of it again", &[one(ALL), one(HALF), one(ALL)], nothing, None, 0);
    check("half of another account", &[one(ALL), two(HALF)], (&[ONE], &[]), None, 1);
    check("half of one, then of another", &[one(ALL), one(HALF), two(HALF)], (&[ONE], &[]), None, 1);
    check("half of the first behind another", &[one(ALL), two(HALF), one(HALF)], (&[TWO], &[]), Some(ALL), 2);
    check("one of two", &[both(ALL), one(ALL)], (&[TWO], &[]), None, 1);
    check("both of them", &[both(ALL), one(ALL), both(ALL)], nothing, None, 0);
    check(
        "the same logs, now with an inventory",
        &[nobodys("a"), export(ALL, "a", &[("traffic", ONE, 5)])],
        nothing,
        None,
        0,
    );
    check(
        "the same logs, now without",
        &[export(ALL, "a", &[("traffic", ONE, 5)]), nobodys("a")],
        (&[], &[ONE]),
        None,
        1,
    );
    check("no account, the same again", &[nobodys("a"), nobodys("a")], nothing, None, 0);
    let hub = |clients| export(ALL, "hub", &[("traffic", ONE, 5), ("clients", TWO, clients), ("decisions", TWO, 1)]);
    check("a hub again", &[hub(3), hub(3)], nothing, None, 0);
    check("a hub and an account apart", &[hub(3), own(THREE, ALL)], (&[ONE, TWO], &[]), None, 1);
    check("a hub, another, the hub", &[hub(3), own(THREE, ALL), hub(2)], (&[THREE], &[]), None, 1);
    check("a hub that lost a spoke", &[hub(3), one(ALL)], (&[], &[TWO]), None, 1);
    check("a hub's decisions, then the account itself", &[hub(0), two(ALL)], (&[ONE], &[]), None, 1);
    let mixed = |logs| export(ALL, logs, &[("traffic", ONE, 5), ("traffic", NONE, 1)]);
    check("a growing month with some traffic of no account", &[mixed("a"), mixed("b")], nothing, None, 0);
    let bill = export(ALL, "", &[("bill_lines", ONE, 5)]);
    check("a bill alone, twice", &[bill.clone(), bill.clone()], nothing, None, 0);
    check("a bill alone, then logs of nobody", &[bill, nobodys("a")], (&[ONE], &[]), None, 1);
    let gone = succeed(one(ALL), &Found { files: Vec::new(), ..there(&two(ALL)) }, false).expect("not refused").0;
    assert!(gone.kept.is_empty(), "what is not there is not named");
}

#[test]
fn what_would_lose_or_double_rows_is_refused_and_replaces_all_if_asked_for() {
    let check = |situation: &str, exports: &[Manifest], expect: &str, taken: &[&str]| {
        let refused = after(exports, false).expect_err(situation);
        assert!(refused.to_string().contains(expect), "{situation}: {refused}");
        assert!(refused.hint().ends_with("by --replace"), "{situation}: {}", refused.hint());
        let (manifest, notes) = after(exports, true).unwrap_or_else(|refused| panic!("{situation}: {refused}"));
        assert_eq!((manifest.cleared, manifest.kept), (taken.iter().map(|&one| one.to_owned()).collect(), Vec::new()));
        assert!(!notes.is_empty(), "{situation}: what is lost is said");
    };
    let (one, two) = (own(ONE, ALL), own(TWO, ALL));
    let mentions = |table| export(ALL, "hub", &[("traffic", TWO, 5), (table, ONE, 1)]);
    for table in ["decisions", "bill_lines", "clients", "findings"] {
        check(table, &[one.clone(), mentions(table)], "2026-10 of 111111111111: rows of an earlier", &[]);
    }
    let lost = export(ALL, "none", &[("bill_lines", ONE, 4)]);
    check("an account without its traffic", &[one.clone(), lost], "2026-10 of 111111111111: rows", &[]);
    check("a hub's clients", &[mentions("clients"), one.clone()], "2026-10 of 111111111111: rows", &[TWO]);
    let idle = export(ALL, "idle", &[("nat_gateways", ONE, 1), ("findings", ONE, 1)]);
    check("an idle account's dollars", &[idle, mentions("bill_lines")], "2026-10 of 111111111111: rows", &[]);
    let central = |account| export(ALL, "central", &[("traffic", account, 5)]);
    check(
        "one account's share of the same logs",
        &[central(ONE), central(TWO)],
        "2026-10 of 111111111111: rows",
        &[ONE],
    );
    check("rows of nobody", &[nobodys("a"), one.clone()], "of no known account, from an export of other", &[]);
    check("other rows of nobody", &[nobodys("a"), nobodys("b")], "of no known account, from an export of other", &[]);
    check("the same bytes, maybe", &[one.clone(), nobodys("b")], "same bytes as the traffic of 111111111111", &[ONE]);
    for (situation, other) in [
        ("basis", Manifest { cost_basis: "list".to_owned(), ..two.clone() }),
        ("currency", Manifest { currency: "CNY".to_owned(), ..two.clone() }),
    ] {
        check(situation, &[one.clone(), other], "111111111111 lies there with costs that are net, USD", &[ONE]);
    }
    let other = Manifest { cost_basis: "list".to_owned(), ..one.clone() };
    assert!(after(&[one, other], false).is_ok(), "its own on another basis");
}

#[test]
fn what_was_cut_off_is_done_again_or_the_whole_month_is() {
    let (one, two) = (own(ONE, ALL), own(TWO, ALL));
    let known = |manifest: &Manifest| Cut::Known(Box::new(manifest.clone()));
    let unclear = || Cut::Unclear("mark: it is no manifest".to_owned());
    let mut bare = there(&one);
    bare.manifest = None;
    // What lies there of which export, what was cut off, and who exports now.
    for (situation, found, new, expect) in [
        ("the same again", Found { cut: known(&one), ..bare.clone() }, &one, None),
        ("the same over what was there", Found { cut: known(&one), ..there(&one) }, &one, None),
        ("another", Found { cut: known(&one), ..bare.clone() }, &two, Some("all of its accounts: 111111111111")),
        (
            "another over both",
            Found { cut: known(&one), ..there(&one) },
            &two,
            Some("all of its accounts: 111111111111"),
        ),
        ("not understood", Found { cut: unclear(), ..there(&one) }, &one, Some("not known: mark: it is no manifest")),
        ("no record at all", bare.clone(), &one, Some("no manifest of 2026-10 names this file")),
        ("no record of another", Found { manifest: Some(two.clone()), ..bare.clone() }, &two, Some("no manifest of")),
    ] {
        let refused = succeed(new.clone(), &found, false).err().map(|refused| refused.to_string());
        assert_eq!(refused.is_some(), expect.is_some(), "{situation}: {refused:?}");
        assert!(refused.unwrap_or_default().contains(expect.unwrap_or_default()), "{situation}");
        let (all, _) = succeed(new.clone(), &found, true).expect(situation);
        let stale = found.files.iter().filter(|path| all.is_stale(path)).count();
        let others = found.files.iter().filter(|path| !new.files().any(|file| file.path == **path)).count();
        assert_eq!((stale, all.kept.len()), (others, 0), "{situation}");
    }
    // A cut-off run that had begun to take an account away: what is left of it goes too.
    let cleared = Manifest { cleared: vec![TWO.to_owned()], ..one.clone() };
    let mut found = there(&cleared);
    found.files.extend(two.files().map(|file| file.path.clone()));
    found.cut = known(&cleared);
    let (manifest, _) = succeed(one, &found, false).expect("not refused");
    assert_eq!(manifest.cleared, [TWO]);
}
