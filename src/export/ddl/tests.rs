//! DDL as it is printed, against `golden/`; `NATLENS_UPDATE_GOLDEN=1` writes it anew. What it does is tried by `tools/check_ddl.py`.

use super::logs::{Folders, Format, LogTable, Partitions};
use super::*;
use std::path::Path;

fn accounts(count: usize) -> BTreeSet<String> {
    (1..=count).map(|at| format!("{at:012}")).chain([UNKNOWN_ACCOUNT.to_owned()]).collect()
}

fn place(count: usize) -> Place<'static> {
    Place { to: "s3://bucket/data sets/", month: Month::parse("2026-10").expect("a month"), accounts: accounts(count) }
}

fn set(words: &str) -> BTreeSet<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

fn partitions(accounts: &str, region: &str) -> Partitions {
    let mut partitions = Partitions::default();
    accounts.split_whitespace().for_each(|account| partitions.add(account, region));
    partitions
}

fn table(folders: Folders, format: Format, columns: &[(&str, &'static str)]) -> LogTable {
    LogTable {
        location: "s3://logs/vpc/AWSLogs/".to_owned(),
        folders,
        format,
        columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
        partitions: partitions("012345678901 123456789012", "us-east-1"),
        first: "2026/09/30".to_owned(),
        flow_logs: set("fl-1"),
    }
}

const CUSTOM: [(&str, &str); 6] = [
    ("interface-id", "string"),
    ("pkt-srcaddr", "string"),
    ("end", "bigint"),
    ("", "string"),
    ("future-Field", "string"),
    ("interface_id", "string"),
];

fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/export/ddl/golden").join(name);
    if std::env::var_os("NATLENS_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, found).expect("written");
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(expect.lines()).find(|(found, expect)| found != expect);
    assert!(found == expect, "{name}: {differs:?}");
}

#[test]
fn the_dataset_is_declared_as_its_files_are() {
    let text = ddl(&place(2), &[]);
    check("dataset.sql", &text);
    for table in TABLES {
        for shape in table.shapes() {
            let line = format!("\n  {} {} COMMENT '", shape.name, shape.kind.hive());
            assert!(text.contains(&line), "{}.{}", table.name(), shape.name);
        }
    }
}

#[test]
fn of_many_accounts_a_query_has_to_say_which() {
    let few = ddl(&place(36), &[]);
    assert!(few.contains("'projection.account_id.type'='enum'") && !few.contains("injected"));
    let many = ddl(&place(37), &[]);
    assert_eq!(many.matches("'projection.account_id.type'='injected'").count(), TABLES.len() - 2);
    assert_eq!(many.matches("'projection.account_id.values'='unknown'").count(), 2, "summary and prices are of none");
    assert!(many.contains("account_id = '...'"));
}

#[test]
fn flow_logs_have_the_columns_of_their_objects() {
    let plain = table(Folders::Plain { hourly: false }, Format::Text, &CUSTOM);
    let hourly = LogTable {
        location: "s3://hourly/AWSLogs/".to_owned(),
        first: "2026/09/30/23".to_owned(),
        ..table(Folders::Plain { hourly: true }, Format::TextNoHeader, &CUSTOM[..3])
    };
    let hive = LogTable {
        location: "s3://hive/AWSLogs/".to_owned(),
        ..table(Folders::Hive { hourly: true }, Format::Parquet, &CUSTOM[..3])
    };
    let export = LogTable {
        location: "s3://exports/task/stream/".to_owned(),
        partitions: Partitions::default(),
        first: String::new(),
        flow_logs: BTreeSet::new(),
        ..table(Folders::Own, Format::Export, &[("exported_at", "string"), ("version", "int")])
    };
    let json = LogTable { location: "s3://firehose/".to_owned(), ..table(Folders::Own, Format::Other("JSON"), &[]) };
    check("flow_logs.sql", &logs::all(&[plain, hourly, hive, export, json]));
}

#[test]
fn two_formats_in_the_same_folders_are_two_tables() {
    let of = |format, columns, id: &str| LogTable {
        flow_logs: set(id),
        ..table(Folders::Plain { hourly: false }, format, columns)
    };
    let two_texts = [of(Format::Text, &CUSTOM[..2], "fl-1"), of(Format::Text, &CUSTOM[..3], "fl-2 fl-3")];
    check("two_texts.sql", &logs::all(&two_texts));
    let with_parquet = [of(Format::Text, &CUSTOM[..2], "fl-1"), of(Format::Parquet, &CUSTOM[..2], "fl-2")];
    let text = logs::all(&with_parquet);
    assert!(text.contains("natlens.flow_logs_1_only") && !text.contains("flow_logs_2_only"), "{text}");
    assert!(text.contains("-- Text lies in the same folders"), "{text}");
    // Parquet is read by name, so that objects with other columns stop nothing; a view leaves them out.
    let two_parquets = [of(Format::Parquet, &CUSTOM[..2], "fl-1"), of(Format::Parquet, &CUSTOM[..3], "fl-2")];
    let text = logs::all(&two_parquets);
    for (table, id) in [("flow_logs_1", "fl-1"), ("flow_logs_2", "fl-2")] {
        assert!(text.contains(&format!("query {table}_only, which")), "{text}");
        let view = format!(
            "VIEW natlens.{table}_only AS\nSELECT *, \"$path\" AS object_path FROM natlens.{table}\nWHERE regexp_extract(\"$path\", 'fl-[0-9a-f]+', 0) IN ('{id}')"
        );
        assert!(text.contains(&view), "{text}");
    }
    // No view is named that is not there.
    let nameless = LogTable { flow_logs: BTreeSet::new(), ..two_parquets[0].clone() };
    let text = logs::all(&[nameless, two_parquets[1].clone()]);
    assert!(text.contains("no name tells them apart") && text.contains("VIEW natlens.flow_logs_1_only"), "{text}");
    assert_eq!(text.matches("_only").count(), text.matches("query flow_logs_1_only").count() * 2, "{text}");
    let partitions = partitions("012345678901 123456789012", "eu-west-1");
    let elsewhere = LogTable { partitions, ..with_parquet[1].clone() };
    let text = logs::all(&[with_parquet[0].clone(), elsewhere]);
    assert!(!text.contains("_only") && !text.contains("same folders"), "{text}");
}
