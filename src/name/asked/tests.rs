//! The match on small logs with known answers, and on random ones against a slow reading of the contract.

use super::*;
use crate::model::addr::{Addr, Cidr};
use crate::model::dns::{Query, QuerySink};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Entries in a set: sorted, and the same one twice is one.
#[derive(Debug, Default)]
struct Sets {
    asked: BTreeSet<(Key, String)>,
    private: BTreeSet<(PrivateKey, String)>,
}

impl Entries for Sets {
    fn asked(&mut self, key: Key, name: &str) {
        self.asked.insert((key, name.to_owned()));
    }

    fn private(&mut self, key: PrivateKey, name: &str) {
        self.private.insert((key, name.to_owned()));
    }
}

/// VPC (empty: none), client (empty: none), remote, hour.
type Row<'a> = (&'a str, &'a str, &'a str, u32);
/// VPC, client (empty: none), addresses, second, name.
type Record<'a> = (&'a str, &'a str, &'a str, i64, &'a str);

fn addr(text: &str) -> Addr {
    Addr::parse(text.as_bytes()).expect("an address")
}

fn opt_addr(text: &str) -> Option<Addr> {
    (!text.is_empty()).then(|| addr(text))
}

fn requests(rows: &[Row<'_>], look_back: u32) -> Requests {
    let mut builder = RequestsBuilder::default();
    // Rows of one pair that follow each other come at once.
    for run in rows.chunk_by(|one, two| (one.0, one.1, one.2) == (two.0, two.1, two.2)) {
        let (vpc, client, remote, _) = run[0];
        let vpc = builder.vpc(Some(vpc).filter(|vpc| !vpc.is_empty()));
        builder.push(addr(remote), vpc, opt_addr(client), run.iter().map(|row| row.3));
    }
    builder.build(look_back)
}

fn fold(requests: &Requests, records: &[Record<'_>]) -> (Sets, Counts) {
    let is_public = |name: &str| name.ends_with("amazonaws.com");
    let mut fold = Fold::new(requests, &is_public, Sets::default());
    for (vpc, client, addrs, second, name) in records {
        let addrs: Vec<Addr> = addrs.split_whitespace().map(addr).collect();
        let texts = ("A", "NOERROR", "i-1", "1", "eu-west-1");
        let (kind, rcode, instance, account, region) = texts;
        let (client, second) = (opt_addr(client), *second);
        fold.query(&Query { second, vpc, name, kind, rcode, addrs: &addrs, client, instance, account, region });
    }
    (fold.entries, fold.counts)
}

/// A name means what stands before its first dot.
fn meaning(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_owned()
}

fn answers(requests: &Requests, entries: &BTreeSet<(Key, String)>) -> Answers<String> {
    let mut join = Join::new(requests, meaning);
    for (key, name) in entries {
        join.entry(key, name);
    }
    join.finish()
}

/// `-`, `? vpc a.x,b.x` or `a client a.x`.
fn shown(asked: &Asked<String>) -> String {
    let by = |by: &AskedBy| if *by == AskedBy::Client { "client" } else { "vpc" };
    match asked {
        Asked::Nothing => "-".to_owned(),
        Asked::Service { key, by: who, names } => format!("{key} {} {}", by(who), names.first.join(",")),
        Asked::Ambiguous { by: who, names } => format!("? {} {}", by(who), names.first.join(",")),
    }
}

/// One row per case, each with records of its own.
#[track_caller]
fn check(what: &str, row: Row<'_>, records: &[Record<'_>], expect: &str) {
    let requests = requests(&[row], DEFAULT_LOOK_BACK);
    let found = shown(answers(&requests, &fold(&requests, records).0.asked).of(0));
    assert_eq!(found, expect, "{what}");
    let reversed: Vec<Record<'_>> = records.iter().rev().copied().collect();
    let again = shown(answers(&requests, &fold(&requests, &reversed).0.asked).of(0));
    assert_eq!(again, expect, "{what}, the other way round");
}

const HOUR: i64 = 3_600;

#[test]
fn names_are_matched_by_client_then_vpc_then_time() {
    let row = ("vpc-1", "10.0.0.7", "3.2.1.1", 100);
    let at = |hour: i64| hour * HOUR;
    let mine = |hour: i64, name| ("vpc-1", "10.0.0.7", "3.2.1.1", hour * HOUR, name);
    let other = |hour: i64, name| ("vpc-1", "10.0.0.8", "3.2.1.1", hour * HOUR, name);
    check("nothing", row, &[], "-");
    check("in the same hour", row, &[mine(100, "a.x")], "a client a.x");
    check("later in the same hour", row, &[("vpc-1", "10.0.0.7", "3.2.1.1", at(101) - 1, "a.x")], "a client a.x");
    check("in the hour after", row, &[("vpc-1", "10.0.0.7", "3.2.1.1", at(101), "a.x")], "-");
    check("at the look-back's edge", row, &[mine(76, "a.x")], "a client a.x");
    check("a second before it", row, &[("vpc-1", "10.0.0.7", "3.2.1.1", at(76) - 1, "a.x")], "-");
    check("the latest hour wins", row, &[mine(90, "a.x"), mine(98, "b.x"), mine(97, "c.x")], "b client b.x");
    check("a name twice", row, &[mine(98, "a.x"), mine(98, "a.x")], "a client a.x");
    check("names that agree", row, &[mine(98, "a.x"), mine(98, "a.y")], "a client a.x,a.y");
    check("names that do not", row, &[mine(98, "b.x"), mine(98, "a.x")], "? client a.x,b.x");
    check("names that did not, hours ago", row, &[mine(98, "b.x"), mine(98, "a.x"), mine(99, "a.x")], "a client a.x");
    check("another client of the VPC", row, &[other(98, "a.x")], "a vpc a.x");
    check("the client before a later one", row, &[mine(77, "a.x"), other(100, "b.x")], "a client a.x");
    check(
        "ambiguous by itself, whatever others say",
        row,
        &[mine(99, "a.x"), mine(99, "b.x"), other(100, "b.x")],
        "? client a.x,b.x",
    );
    check("the VPC when the client's own is too old", row, &[mine(75, "a.x"), other(98, "b.x")], "b vpc b.x");
    check(
        "two of the VPC that do not agree",
        row,
        &[other(98, "a.x"), ("vpc-1", "10.0.0.9", "3.2.1.1", at(98), "b.x")],
        "? vpc a.x,b.x",
    );
    check("the VPC's view has the client's names too", row, &[mine(75, "a.x"), other(75, "b.x")], "-");
    check("another VPC", row, &[("vpc-2", "10.0.0.7", "3.2.1.1", at(98), "a.x")], "-");
    check("another remote", row, &[("vpc-1", "10.0.0.7", "3.2.1.2", at(98), "a.x")], "-");
    check("one of several answers", row, &[("vpc-1", "10.0.0.7", "3.2.1.2 3.2.1.1", at(98), "a.x")], "a client a.x");
    check("nobody knows who asked", row, &[("vpc-1", "", "3.2.1.1", at(98), "a.x")], "a vpc a.x");
    let many = ["b.1", "b.2", "b.3", "b.0"].map(|name| mine(98, name));
    check("more names than are shown", row, &many, "b client b.0,b.1,b.2");
    let early = ("vpc-1", "10.0.0.7", "3.2.1.1", 3);
    check(
        "before 1970 there was nothing",
        early,
        &[("vpc-1", "10.0.0.7", "3.2.1.1", -1, "a.x"), mine(2, "b.x")],
        "b client b.x",
    );
}

#[test]
fn rows_that_know_less_ask_for_less() {
    let records = [
        ("vpc-1", "10.0.0.7", "3.2.1.1", 98 * HOUR, "a.x"),
        ("vpc-2", "10.0.0.7", "3.2.1.1", 98 * HOUR, "b.x"),
        ("vpc-2", "10.0.0.8", "3.2.1.1", 99 * HOUR, "c.x"),
    ];
    check("no client", ("vpc-1", "", "3.2.1.1", 100), &records, "a vpc a.x");
    check("no client, of another VPC", ("vpc-2", "", "3.2.1.1", 100), &records, "c vpc c.x");
    check("no VPC: the client's, wherever it is", ("", "10.0.0.7", "3.2.1.1", 100), &records, "? client a.x,b.x");
    check("no VPC, one client only", ("", "10.0.0.8", "3.2.1.1", 100), &records, "c client c.x");
    check("no VPC, and never the VPC's", ("", "10.0.0.9", "3.2.1.1", 100), &records, "-");
    check("neither", ("", "", "3.2.1.1", 100), &records, "-");
}

#[test]
fn dns64_and_ipv6_match_what_they_lead_to() {
    let nat64 = ("vpc-1", "2600::7", "64:ff9b::302:101", 100);
    let v4 = ("vpc-1", "10.0.0.7", "3.2.1.1", 100);
    let asked = |addrs| [("vpc-1", "10.0.0.7", addrs, 100 * HOUR, "a.x")];
    check("NAT64 by DNS64", nat64, &asked("64:ff9b::302:101"), "a vpc a.x");
    check("NAT64 by A", nat64, &asked("3.2.1.1"), "a vpc a.x");
    check("IPv4 by DNS64", v4, &asked("64:ff9b::302:101"), "a client a.x");
    check("IPv6", ("vpc-1", "2600::7", "2600:1::1", 100), &asked("2600:1::1"), "a vpc a.x");
    check("not the IPv4-compatible address", v4, &asked("::302:101"), "-");
}

#[test]
fn records_are_counted_by_what_became_of_them() {
    let requests = requests(&[("vpc-1", "10.0.0.7", "3.2.1.1", 100)], 2);
    let record = |addrs, hour: i64, name| ("vpc-1", "10.0.0.7", addrs, hour * HOUR, name);
    let records = [
        record("3.2.1.1", 98, "a.x"),
        record("3.2.1.2", 98, "a.x"),
        record("", 98, "a.x"),
        record("3.2.1.1", 98, ""),
        record("3.2.1.1", 97, "a.x"),
        record("3.2.1.1", 101, "a.x"),
    ];
    let (entries, counts) = fold(&requests, &records);
    let expect = Counts { records: 6, malformed: 0, without_address: 2, outside: 2, used: 1 };
    assert_eq!((counts, entries.asked.len()), (expect, 2));
    let nothing = super::Requests::is_empty;
    assert!(nothing(&RequestsBuilder::default().build(24)) && !nothing(&requests));
    let none = RequestsBuilder::default().build(24);
    assert_eq!(fold(&none, &records).1, Counts { records: 6, without_address: 2, outside: 4, ..Counts::default() });
}

#[test]
fn private_answers_of_public_names_are_kept_apart() {
    let mut builder = RequestsBuilder::default();
    let (vpc, _) = (builder.vpc(Some("vpc-b")), builder.vpc(Some("vpc-a")));
    builder.blocks(vpc, &[Cidr::parse("198.51.100.0/24").expect("a block")]);
    builder.push(addr("3.2.1.1"), vpc, Some(addr("10.0.0.7")), [100].into_iter());
    let requests = builder.build(24);
    let name = "sqs.eu-west-1.amazonaws.com";
    let records = [
        ("vpc-b", "10.0.0.7", "10.0.5.5 10.0.6.6", 98 * HOUR, name),
        ("vpc-b", "10.0.0.8", "10.0.5.5", 98 * HOUR + 1, name),
        ("vpc-b", "10.0.0.8", "10.0.5.5", 91 * HOUR, name),
        ("vpc-b", "10.0.0.8", "10.0.5.5", 91 * HOUR, "kms.eu-west-1.amazonaws.com"),
        ("vpc-b", "10.0.0.8", "198.51.100.9", 91 * HOUR, name),
        ("vpc-a", "10.0.0.8", "198.51.100.9", 91 * HOUR, name),
        ("vpc-a", "10.0.0.8", "fd00::1", 91 * HOUR, name),
        ("vpc-b", "10.0.0.8", "10.0.5.5", 91 * HOUR, "db.internal"),
        ("vpc-unknown", "10.0.0.8", "10.0.5.5", 91 * HOUR, name),
        ("vpc-b", "10.0.0.8", "10.0.5.5", 7 * HOUR, name),
    ];
    let (entries, _) = fold(&requests, &records);
    let found = |limit| {
        let mut private = PrivateAnswers::new(&requests, limit);
        for (key, name) in &entries.private {
            private.entry(key, name);
        }
        let (found, left_out) = private.finish();
        let shown = |a: &PrivateAnswer| {
            format!("{} {} {} {}-{} {}", a.vpc, a.addr, &a.name[..3], a.first_hour, a.last_hour, a.hours)
        };
        (found.iter().map(shown).collect::<Vec<_>>(), left_out)
    };
    let all = [
        "vpc-a fd00::1 sqs 91-91 1",
        "vpc-b 10.0.5.5 kms 91-91 1",
        "vpc-b 10.0.5.5 sqs 91-98 2",
        "vpc-b 10.0.6.6 sqs 98-98 1",
        "vpc-b 198.51.100.9 sqs 91-91 1",
    ];
    assert_eq!(found(9), (all.map(str::to_owned).to_vec(), 0));
    assert_eq!(found(1), (vec![all[1].to_owned()], 5));
}

/// The contract read word by word, over all records for each row.
fn oracle(row: Row<'_>, records: &[Record<'_>], look_back: i64) -> String {
    let (vpc, client, remote, hour) = row;
    let hour_of = |second: i64| second.div_euclid(HOUR);
    let fits = |record: &&Record<'_>| {
        let ago = i64::from(hour) - hour_of(record.3);
        record.2.split_whitespace().any(|to| addr(to).without_nat64() == addr(remote).without_nat64())
            && (0..=look_back).contains(&ago)
    };
    let same_client =
        |record: &&Record<'_>| !client.is_empty() && record.1 == client && (vpc.is_empty() || record.0 == vpc);
    let same_vpc = |record: &&Record<'_>| !vpc.is_empty() && record.0 == vpc;
    for (by, mine) in [("client", &same_client as &dyn Fn(&&Record<'_>) -> bool), ("vpc", &same_vpc)] {
        let found: Vec<&Record<'_>> = records.iter().filter(fits).filter(mine).collect();
        let Some(latest) = found.iter().map(|record| hour_of(record.3)).max() else { continue };
        let names: BTreeSet<&str> = found.iter().filter(|r| hour_of(r.3) == latest).map(|r| r.4).collect();
        let means: BTreeSet<String> = names.iter().map(|name| meaning(name)).collect();
        let key = if means.len() == 1 { means.into_iter().next().unwrap_or_default() } else { "?".to_owned() };
        let first: Vec<&str> = names.into_iter().take(Names::SAMPLES).collect();
        return format!("{key} {by} {}", first.join(","));
    }
    "-".to_owned()
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

fn row() -> impl Strategy<Value = Row<'static>> {
    let remotes = one_of(&["3.2.1.1", "3.2.1.2", "64:ff9b::302:101", "2600::1"]);
    (one_of(&["vpc-1", "vpc-2", ""]), one_of(&["10.0.0.1", "10.0.0.2", "10.0.0.3", ""]), remotes, 0u32..40)
}

fn record() -> impl Strategy<Value = Record<'static>> {
    let addrs = one_of(&["3.2.1.1", "3.2.1.1 3.2.1.2", "64:ff9b::302:101", "2600::1 3.2.1.1", "9.9.9.9"]);
    let names = one_of(&["a.x", "a.y", "a.z", "a.w", "b.x", "c.x"]);
    (
        one_of(&["vpc-1", "vpc-2", "vpc-3"]),
        one_of(&["10.0.0.1", "10.0.0.2", "10.0.0.9", ""]),
        addrs,
        0..41 * HOUR,
        names,
    )
}

proptest! {
    #[test]
    fn every_answer_is_the_contract_s(
        rows in proptest::collection::vec(row(), 1..30),
        records in proptest::collection::vec(record(), 0..80),
        look_back in 0u32..30,
        cut in 0usize..80,
    ) {
        let requests = requests(&rows, look_back);
        let (a, b) = records.split_at(cut.min(records.len()));
        let mut entries = fold(&requests, b).0.asked;
        entries.extend(fold(&requests, a).0.asked);
        let answers = answers(&requests, &entries);
        for (at, row) in rows.iter().enumerate() {
            prop_assert_eq!(shown(answers.of(at)), oracle(*row, &records, i64::from(look_back)), "{:?}", row);
        }
    }
}
