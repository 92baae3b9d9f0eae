//! Several accounts in one dataset: what stands side by side, and what is refused before anything is written.

use super::*;

const MONTH: &str = "_natlens/month=2026-10.json";

/// The account of the traffic in a folder of partitions.
fn number(account: &Account) -> String {
    let traffic = files(&account.dataset().join("traffic"));
    traffic.keys().next().expect("traffic")["account_id=".len()..][..12].to_owned()
}

fn own(account: &Account, number: &str) -> Files {
    let all = files(&account.dataset()).into_iter();
    all.filter(|(name, _)| name.contains(&format!("account_id={number}/"))).collect()
}

/// Exports into another's dataset.
fn into(dataset: &Path, account: &Account, more: &[&str]) -> Run {
    let to = ["export", "bundle", "--no-cache", "--month", "2026-10", "--to", arg(dataset)];
    natlens(account.folder.path(), &[&to, more].concat())
}

/// Refuses with these words and leaves everything as it is; with --replace, nothing but this export is there.
fn refused(situation: &str, first: &Account, second: &Account, more: &[&str], expect: &str) {
    let dataset = first.dataset();
    let before = files(&dataset);
    let run = into(&dataset, second, more);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{situation}: {}", run.stderr);
    assert!(run.stderr.contains(expect), "{situation}: {}", run.stderr);
    assert_eq!(run.stderr.matches("hint: ").count(), 1, "{situation}: {}", run.stderr);
    assert!(run.stderr.contains("by --replace"), "{situation}: {}", run.stderr);
    assert_eq!(files(&dataset), before, "{situation}");
    let run = into(&dataset, second, &[more, &["--replace"]].concat());
    assert_eq!(run.code, 0, "{situation}: {}", run.stderr);
    assert!(run.stderr.contains("note: 2026-10 of "), "{situation}: what is lost is said: {}", run.stderr);
    let alone = tempfile::tempdir().expect("a folder");
    assert_eq!(into(alone.path(), second, more).code, 0);
    let tables = |folder: &Path| -> Files {
        files(folder).into_iter().filter(|(name, _)| !name.starts_with("_natlens/")).collect()
    };
    assert_eq!(tables(&dataset), tables(alone.path()), "{situation}");
}

#[test]
fn accounts_that_are_exported_one_by_one_stand_side_by_side() {
    let (one, other) = (Account::new("--seed 18"), Account::new("--seed 19"));
    let numbers = [&one, &other].map(|account| {
        account.export(&[]);
        number(account)
    });
    assert_ne!(numbers[0], numbers[1]);
    let expect = [own(&one, &numbers[0]), own(&other, &numbers[1])];
    // The second account into the first one's dataset.
    let run = into(&one.dataset(), &other, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let note = format!("note: 2026-10 of {} stays as it was exported before", numbers[0]);
    assert!(run.stderr.contains(&note), "{}", run.stderr);
    assert_eq!([own(&one, &numbers[0]), own(&one, &numbers[1])], expect);
    let manifest = read_json(&one.dataset().join(MONTH));
    let kept: BTreeSet<&str> =
        list(&manifest, "kept").iter().map(|file| file["path"].as_str().expect("a path")).collect();
    assert_eq!(kept, expect[0].keys().map(String::as_str).collect());
    let both = files(&one.dataset());
    assert_eq!(into(&one.dataset(), &other, &[]).code, 0);
    assert_eq!(files(&one.dataset()), both, "the same again changes nothing");
    // And the first again: both are there, and no row of the one was touched by the other.
    one.export(&[]);
    assert_eq!([own(&one, &numbers[0]), own(&one, &numbers[1])], expect);
}

#[test]
fn an_account_that_is_only_mentioned_loses_nothing() {
    let (one, other) = (Account::new("--seed 21"), Account::new("--seed 22"));
    one.export(&["--month", "2026-10"]);
    let expect = format!("2026-10 of {}: rows of an earlier export would be lost", number(&one));
    let bill = one.folder.path().join("bundle/billing");
    let bills = ["--billing", "bundle/billing", "--billing", arg(&bill)];
    refused("a bill of both", &one, &other, &bills, &expect);
}

#[test]
fn costs_that_do_not_add_up_do_not_stand_side_by_side() {
    let (one, other) = (Account::new("--seed 23"), Account::new("--seed 24"));
    one.export(&["--month", "2026-10"]);
    let there = &read_json(&one.dataset().join(MONTH))["cost_basis"];
    assert_ne!(there, "list");
    let there = there.as_str().expect("a word");
    let expect = format!(
        "2026-10 of {} lies there with costs that are {there}, USD, and those of this export are list, USD",
        number(&one)
    );
    refused("another basis", &one, &other, &["--cost-basis", "list"], &expect);
}

/// The same flow logs without the accounts, and no inventory to tell them.
fn without_accounts(options: &str) -> Account {
    let account = Account::new(&format!("--log-file-format text {options}"));
    let bundle = account.folder.path().join("bundle");
    let logs = files(&bundle.join("flow-logs"));
    for part in ["flow-logs", "dns", "metrics", "billing"] {
        let _ = std::fs::remove_dir_all(bundle.join(part));
    }
    std::fs::rename(bundle.join("inventory"), bundle.join("../inventory")).expect("renamed");
    std::fs::create_dir(bundle.join("flow-logs")).expect("made");
    for (at, text) in logs.values().enumerate() {
        let text = String::from_utf8(text.clone()).expect("a text");
        let is_kept: Vec<bool> = text
            .lines()
            .next()
            .expect("a header")
            .split(' ')
            .map(|name| name != "account-id" && name != "version")
            .collect();
        let line = |line: &str| -> String {
            let kept = line.split(' ').zip(&is_kept).filter(|(_, is_kept)| **is_kept);
            kept.map(|(field, _)| field).collect::<Vec<_>>().join(" ") + "\n"
        };
        std::fs::write(bundle.join(format!("flow-logs/{at}.log")), text.lines().map(line).collect::<String>())
            .expect("written");
    }
    account
}

#[test]
fn rows_of_no_account_are_neither_lost_nor_there_twice() {
    let (nobodys, one) = (without_accounts("--seed 25"), Account::new("--seed 26"));
    nobodys.export(&["--month", "2026-10"]);
    let of_nobody = |account: &Account| account.dataset().join("traffic/account_id=unknown").exists();
    assert!(of_nobody(&nobodys));
    // The same data, once its accounts are known, and the other way round.
    let folder = nobodys.folder.path();
    std::fs::rename(folder.join("inventory"), folder.join("bundle/inventory")).expect("renamed");
    nobodys.export(&["--month", "2026-10"]);
    assert!(!of_nobody(&nobodys), "it has its account now");
    std::fs::rename(folder.join("bundle/inventory"), folder.join("inventory")).expect("renamed");
    let run = nobodys.export(&["--month", "2026-10"]);
    assert!(run.stderr.contains("is taken away: this export stands in its place"), "{}", run.stderr);
    let traffic = files(&nobodys.dataset().join("traffic"));
    assert_eq!((traffic.len(), of_nobody(&nobodys)), (1, true), "{:?}", traffic.keys());
    // Another account's export would take their place, and theirs may be what another account has.
    refused("lost", &nobodys, &one, &[], "of no known account, from an export of other flow logs, would be lost");
    one.export(&["--month", "2026-10"]);
    let expect = format!("may be the same bytes as the traffic of {}", number(&one));
    refused("twice", &one, &nobodys, &[], &expect);
}

#[test]
fn an_export_that_was_cut_off_is_not_forgotten_by_another_account() {
    let (one, other) = (Account::new("--seed 27"), Account::new("--seed 28"));
    one.export(&["--month", "2026-10"]);
    let whole = files(&one.dataset());
    // As a run leaves it whose files were cleared away before it could put them in place.
    let manifest = String::from_utf8(whole[MONTH].clone()).expect("a text");
    let first = read_json(&one.dataset().join(MONTH));
    let sum = first["tables"][1]["files"][0]["sha256"].as_str().expect("a sum").to_owned();
    let cut = |account: &Account| {
        let text = manifest.replace(&sum, &sum.chars().rev().collect::<String>());
        std::fs::write(account.dataset().join("_natlens/commit.json"), text).expect("written");
    };
    cut(&one);
    let expect =
        format!("an export of 2026-10 was cut off, and this one does not have all of its accounts: {}", number(&one));
    let run = into(&one.dataset(), &other, &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains(&expect), "{}", run.stderr);
    // Whose it was does it again.
    one.export(&["--month", "2026-10"]);
    assert_eq!(files(&one.dataset()), whole);
    cut(&one);
    refused("cut off", &one, &other, &[], &expect);
}
