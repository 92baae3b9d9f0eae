//! Files of made-up months, read back by the Parquet reader.

use super::column::{Kind, Missing};
use super::part::{Sum, UNKNOWN_ACCOUNT, partition_of};
use super::rows::{Client, DayOfTraffic, SummaryLine};
use super::tables::{TABLES, Table};
use super::*;
use crate::model::bytes::Bytes;
use crate::model::period::Month;
use crate::model::usd::Usd;
use crate::report::{ClientRow, Summary, TrafficRow};
use bytes::Bytes as Buffer;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};

fn empty() -> Dataset {
    Dataset {
        month: Month::parse("2026-10").expect("a month"),
        summary: SummaryLine {
            start: 1_790_812_800,
            end: 1_793_491_200,
            observed: None,
            partial: true,
            currency: "USD".to_owned(),
            cost_basis: "list",
            sums: Summary::default(),
            ip_ranges_sync_token: "1".to_owned(),
            prices_as_of: "2025-11-04".to_owned(),
            version: "0",
        },
        traffic: Vec::new(),
        clients: Vec::new(),
        nat_gateways: Vec::new(),
        decisions: Vec::new(),
        findings: Vec::new(),
        prices: Vec::new(),
        bill_lines: Vec::new(),
        inputs: Vec::new(),
    }
}

fn day(day: u32, account: Option<&str>, service: &str, upload: u64, usd: Option<i128>) -> DayOfTraffic {
    DayOfTraffic {
        day,
        account: account.map(str::to_owned),
        region: None,
        row: TrafficRow {
            nat_gateway_id: "nat-1".to_owned(),
            vpc_id: None,
            az_id: None,
            service: service.to_owned(),
            service_region: None,
            endpoint: "none",
            evidence: "none",
            upload_bytes: Bytes::new(upload),
            download_bytes: Bytes::ZERO,
            usd: usd.map(Usd::from_units),
        },
    }
}

fn of_table<'p>(parts: &'p [Part], table: &str) -> Vec<&'p Part> {
    parts.iter().filter(|part| part.table == table).collect()
}

fn open(part: &Part) -> SerializedFileReader<Buffer> {
    SerializedFileReader::new(Buffer::from(part.bytes.clone())).expect("a Parquet file")
}

#[test]
fn files_have_only_types_that_every_engine_reads() {
    let (_, parts) = files(&empty()).expect("files");
    for table in TABLES {
        let own = of_table(&parts, table.name());
        assert_eq!(own.len(), 1, "{}: a table without rows has its columns still", table.name());
        let reader = open(own[0]);
        let file = reader.metadata().file_metadata();
        assert!(file.key_value_metadata().is_none(), "{}: words for one reader only", table.name());
        assert_eq!(file.created_by(), Some(concat!("natlens version ", env!("CARGO_PKG_VERSION"))));
        assert_eq!(file.schema_descr().num_columns(), table.shapes().len());
        for (column, shape) in file.schema_descr().columns().iter().zip(table.shapes()) {
            assert_eq!(column.name(), shape.name);
            let found = (column.physical_type(), column.logical_type_ref().cloned());
            let decimal = LogicalType::decimal(12, 38);
            let millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
            let expect = match shape.kind {
                Kind::Flag => (Physical::BOOLEAN, None),
                Kind::Count => (Physical::INT64, None),
                Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
                Kind::Time => (Physical::INT64, Some(millis)),
                Kind::Amount => (Physical::FIXED_LEN_BYTE_ARRAY, Some(decimal)),
                Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            };
            assert_eq!(found, expect, "{}.{}", table.name(), shape.name);
            let repetition = column.self_type().get_basic_info().repetition();
            let may = if shape.missing == Missing::May { Repetition::OPTIONAL } else { Repetition::REQUIRED };
            assert_eq!(repetition, may, "{}.{}", table.name(), shape.name);
        }
    }
}

#[test]
fn rows_go_to_their_account_sorted_and_their_sums_to_the_manifest() {
    let (one, two) = (Some("111111111111"), Some("222222222222"));
    let mut dataset = empty();
    dataset.traffic = vec![
        day(3, one, "sqs", 5, Some(7)),
        day(2, one, "sqs", 4, None),
        day(2, one, "s3", 3, Some(-1)),
        day(2, two, "s3", 2, Some(1)),
        day(2, Some("(several)"), "s3", 1, Some(2)),
        day(2, None, "s3", 1, Some(2)),
    ];
    let (manifest, parts) = files(&dataset).expect("files");
    let traffic = of_table(&parts, "traffic");
    let found: Vec<_> = traffic.iter().map(|part| (part.account.as_str(), part.rows)).collect();
    assert_eq!(found, [("111111111111", 3), ("222222222222", 1), (UNKNOWN_ACCOUNT, 2)]);
    assert_eq!(traffic[0].path, "traffic/account_id=111111111111/month=2026-10/part-00000.parquet");
    assert_eq!(traffic[0].sums["upload_bytes"], Sum::Count(12));
    assert_eq!(traffic[0].sums["usd"], Sum::Amount(Usd::from_units(6)));
    let table = &manifest.tables[1];
    assert_eq!((table.table.as_str(), table.rows), ("traffic", 6));
    assert_eq!(table.sums["upload_bytes"], 16);
    assert_eq!(table.sums["usd"], "0.000000000011");
    let reader = open(traffic[0]);
    let rows = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row").to_string());
    let rows: Vec<String> = rows.collect();
    let order = ["\"s3\"", "service: \"sqs\"", "service: \"sqs\""];
    assert!(rows.iter().zip(order).all(|(row, service)| row.contains(service)), "{rows:?}");
    assert!(rows[1].contains("day: 1970-01-03") && rows[2].contains("day: 1970-01-04"), "{rows:?}");

    let mut shuffled = dataset.clone();
    shuffled.traffic.reverse();
    assert_eq!(files(&shuffled).expect("files"), (manifest, parts), "no order of rows changes a byte");
}

#[test]
fn files_are_compressed_and_say_what_they_may_hold() {
    let mut dataset = empty();
    dataset.traffic = (0..5_000).map(|at| day(at % 31, None, &format!("domain:{}", at % 50), 1, Some(1))).collect();
    let (_, parts) = files(&dataset).expect("files");
    let reader = open(of_table(&parts, "traffic")[0]);
    let group = reader.metadata().row_group(0);
    assert_eq!((reader.num_row_groups(), group.num_rows()), (1, 5_000));
    for column in group.columns() {
        assert!(matches!(column.compression(), Compression::ZSTD(_)), "{}", column.column_path());
        assert!(column.statistics().is_some(), "{}", column.column_path());
    }
    let service = group.columns().iter().find(|column| column.column_path().string() == "service").expect("a column");
    assert!(service.dictionary_page_offset().is_some());
    let sorting = group.sorting_columns().expect("sorted");
    assert_eq!(sorting[0].column_idx, 5, "service first");
}

#[test]
fn a_count_that_other_engines_cannot_read_is_an_error() {
    let check = |upload: u64, expect: Option<&str>| {
        let mut dataset = empty();
        dataset.traffic = vec![day(1, None, "s3", upload, None)];
        let found = files(&dataset).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), expect, "{upload}");
    };
    check(i64::MAX.unsigned_abs(), None);
    check(i64::MAX.unsigned_abs() + 1, Some("traffic.upload_bytes: 9223372036854775808 is beyond 2^63"));
    let mut dataset = empty();
    dataset.traffic = vec![day(1, None, "s3", 1, Some(10i128.pow(38)))];
    let error = files(&dataset).expect_err("too many digits").to_string();
    assert!(error.contains("traffic.usd") && error.contains("38 digits"), "{error}");
}

#[test]
fn accounts_are_twelve_digits_or_not_known() {
    let check = |account: Option<&str>, expect: &str| assert_eq!(partition_of(account), expect, "{account:?}");
    check(Some("012345678901"), "012345678901");
    check(Some("12345678901"), UNKNOWN_ACCOUNT);
    check(Some("0123456789/1"), UNKNOWN_ACCOUNT);
    check(Some("(several)"), UNKNOWN_ACCOUNT);
    check(Some(""), UNKNOWN_ACCOUNT);
    check(None, UNKNOWN_ACCOUNT);
}

#[test]
fn lists_are_joined_and_what_is_not_known_is_null() {
    let mut dataset = empty();
    dataset.clients = vec![Client {
        account: None,
        row: ClientRow {
            client: "10.0.0.1".to_owned(),
            kind: None,
            name: None,
            vpc_id: None,
            nat_gateway_ids: vec!["nat-1".to_owned(), "nat-2".to_owned()],
            upload_bytes: Bytes::new(1),
            download_bytes: Bytes::new(2),
            usd: None,
        },
    }];
    let (_, parts) = files(&dataset).expect("files");
    let reader = open(of_table(&parts, "clients")[0]);
    let mut rows = reader.get_row_iter(None).expect("rows");
    let row = rows.next().expect("one").expect("read").to_string();
    assert!(row.contains("nat_gateway_ids: \"nat-1,nat-2\"") && row.contains("usd: null"), "{row}");
}

#[test]
fn a_manifest_reads_back() {
    let (manifest, _) = files(&empty()).expect("files");
    assert_eq!(serde_json::from_str::<Manifest>(&manifest.to_json()).expect("a manifest"), manifest);
    assert_eq!(manifest.path(), "_natlens/month=2026-10.json");
    let names: Vec<&str> = manifest.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(names, TABLES.map(Table::name));
}
