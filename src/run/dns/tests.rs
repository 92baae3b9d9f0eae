//! Whole folders of Resolver logs, read from files and answered.

use super::*;
use crate::model::addr::Addr;
use crate::model::period::iso;
use crate::name::asked::{Asked, RequestsBuilder};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

const HOUR: i64 = 3_600;

/// A record as AWS writes it: VPC, client, address, hour, name.
fn record((vpc, client, addr, hour, name): (u8, u8, u8, u8, u8)) -> String {
    let time = iso(i64::from(hour) * HOUR + 59);
    let addr = if addr < 4 { format!("3.2.1.{addr}") } else { format!("10.0.5.{addr}") };
    format!(
        r#"{{"vpc_id":"vpc-{vpc}","query_timestamp":"{time}","query_name":"{}.{name}.amazonaws.com.","query_type":"A","rcode":"NOERROR","answers":[{{"Rdata":"{addr}","Type":"A","Class":"IN"}}],"srcaddr":"10.0.0.{client}"}}"#,
        ["sqs", "kms", "sns"][usize::from(name) % 3]
    )
}

fn requests() -> Requests {
    let mut builder = RequestsBuilder::default();
    for n in 0..600u32 {
        let vpc = builder.vpc([Some("vpc-0"), Some("vpc-1"), None][n as usize % 3]);
        let client = (n % 4 != 3).then(|| Addr::from_v4(0x0a00_0000 | (n % 5)));
        if n % 50 == 0 {
            builder.skip(1);
        } else {
            builder.push(Addr::from_v4(0x0302_0100 | (n % 3)), vpc, client, [n / 12].into_iter());
        }
    }
    builder.build(6)
}

type Shown = (Vec<Asked<String>>, Vec<PrivateAnswer>);

fn answered(folder: &Path, memory: usize, threads: usize) -> (Shown, Counts, Warnings, Vec<InputRow>) {
    let requests = requests();
    let is_public = |name: &str| name.starts_with("sqs");
    let plan = DnsPlan { requests: &requests, is_public: &is_public, memory, threads };
    let (mut rows, mut warnings, mut bytes) = (Vec::new(), Warnings::default(), 0);
    let given = [folder.display().to_string()];
    let log = read_dns(&Given::all(&given, None), &plan, &mut rows, &mut warnings, &mut |size| bytes += size)
        .expect("the folder exists");
    assert_eq!(bytes, rows[0].bytes);
    let counts = log.counts;
    let found = log.answer(|name| name.split('.').next().unwrap_or_default().to_owned()).expect("temporary files");
    assert_eq!(found.private_left_out, 0);
    let asked = (0..600).map(|row| found.answers.of(row).clone()).collect();
    ((asked, found.private), counts, warnings, rows)
}

fn folder(files: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (at, text) in files.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at:03}.log")), text).expect("file");
    }
    folder
}

fn lines(records: &[(u8, u8, u8, u8, u8)]) -> String {
    records.iter().fold(String::new(), |mut text, &one| {
        let _ = writeln!(text, "{}", record(one));
        text
    })
}

/// Enough records that every limit is hit.
fn many() -> Vec<(u8, u8, u8, u8, u8)> {
    let mut seed = 7u32;
    let mut next = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from((seed >> 16) % below).expect("small")
    };
    (0..2_000).map(|_| (next(3), next(6), next(6), next(60), next(9))).collect()
}

#[test]
fn an_object_delivered_twice_changes_nothing() {
    let text = lines(&many());
    let (once, counts, ..) = answered(folder(std::slice::from_ref(&text)).path(), DEFAULT_MEMORY, 2);
    assert!(once.0.iter().any(|asked| matches!(asked, Asked::Service { .. })));
    assert!(once.0.iter().any(|asked| matches!(asked, Asked::Ambiguous { .. })));
    assert!(once.0.iter().any(|asked| matches!(asked, Asked::Nothing)) && !once.1.is_empty());
    let (twice, same, warnings, rows) = answered(folder(&[text.clone(), text.clone()]).path(), DEFAULT_MEMORY, 2);
    assert_eq!((&twice, same), (&once, counts));
    assert_eq!((warnings.count(Code::DuplicateObject), rows[0].objects, rows[0].unreadable), (1, 2, 0));
    // In another packing its content is another, and still says nothing new.
    let shuffled = text.lines().rev().collect::<Vec<_>>().join("\n");
    let (again, ..) = answered(folder(&[text, shuffled]).path(), DEFAULT_MEMORY, 2);
    assert_eq!(again, once);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_counts() {
    let good = lines(&many()[..5]);
    let first = good.lines().next().unwrap_or_default();
    let files = [
        good.clone(),
        format!("{first}\nnot a record\n{first}\n{{}}\n3\n4\n5\n"),
        "hello\n".to_owned(),
        r#"{"class_uid":4003}"#.to_owned(),
        "{\"query_name\":".to_owned(),
        String::new(),
    ];
    let (_, counts, warnings, rows) = answered(folder(&files).path(), DEFAULT_MEMORY, 2);
    assert_eq!((counts.records, counts.malformed), (5 + 7, 5));
    assert_eq!((rows[0].kind, rows[0].objects, rows[0].unreadable), (DNS, 6, 3));
    let said: Vec<(String, u64, String)> =
        warnings.rows().into_iter().map(|row| (row.code, row.count, row.message)).collect();
    assert_eq!(said[0].0, "unreadable-dns-object");
    for part in
        ["002.log: this is not a Resolver query log", "003.log: these are OCSF events", "004.log: a JSON document is"]
    {
        assert!(said[0].2.contains(part), "{part}: {}", said[0].2);
    }
    assert_eq!((said[1].0.as_str(), said[1].1, said.len()), ("malformed-dns-record", 5, 2));
    assert!(said[1].2.starts_with("001.log:2: no JSON; 001.log:4: without query_name; 001.log:5: "), "{}", said[1].2);
}

#[test]
fn no_log_and_no_input_are_answers_too() {
    let (found, counts, warnings, rows) = answered(folder(&[]).path(), DEFAULT_MEMORY, 1);
    assert!(found.0.iter().all(|asked| *asked == Asked::Nothing) && found.1.is_empty());
    assert_eq!((counts, warnings.rows().len(), rows[0].objects), (Counts::default(), 0, 0));
    let requests = requests();
    let plan = DnsPlan { requests: &requests, is_public: &|_| true, memory: 0, threads: 1 };
    let (mut rows, mut warnings) = (Vec::new(), Warnings::default());
    let read = |given: &[String], rows: &mut Vec<InputRow>, warnings: &mut Warnings| {
        read_dns(&Given::all(given, None), &plan, rows, warnings, &mut |_| {}).map(|log| log.counts)
    };
    assert!(matches!(read(&[], &mut rows, &mut warnings), Ok(counts) if counts == Counts::default()));
    assert!(rows.is_empty());
    let nowhere = read(&["/nowhere/at/all".to_owned()], &mut rows, &mut warnings);
    assert!(matches!(nowhere, Err(DnsError::Input(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn neither_files_nor_order_nor_limits_nor_threads_change_an_answer(
        order in Just((0..2_000usize).collect::<Vec<_>>()).prop_shuffle(),
        cuts in proptest::collection::vec(0usize..2_000, 0..12),
        memory in prop_oneof![0usize..4_000, 0usize..2_000_000],
        threads in 1usize..4,
    ) {
        let records = many();
        let (expect, counts, ..) = answered(folder(&[lines(&records)]).path(), DEFAULT_MEMORY, 1);
        let shuffled: Vec<_> = order.iter().map(|&at| records[at]).collect();
        let mut cuts = cuts;
        cuts.extend([0, 2_000]);
        cuts.sort_unstable();
        let files: Vec<String> = cuts.windows(2).map(|cut| lines(&shuffled[cut[0]..cut[1]])).collect();
        let (found, same, ..) = answered(folder(&files).path(), memory, threads);
        prop_assert_eq!(found, expect);
        prop_assert_eq!(same, counts);
    }
}
