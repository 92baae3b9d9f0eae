//! The same bill in every format gives the same lines; what is damaged, or is something else, gives none.

use super::table::{Table, csv, cur_2, expected, focus, legacy, rows};
use super::*;
use ::parquet::arrow::ArrowWriter;
use arrow::array::{ArrayRef, MapBuilder, RecordBatch, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use std::sync::Arc;

fn check(bytes: &[u8], format: BillFormat) -> BillFile {
    let (file, kept) = read(bytes).expect("a bill");
    assert_eq!((file.format, kept.format), (format, Some(format)));
    assert_eq!(kept.lines, expected(), "{format:?}");
    assert_eq!(kept.malformed, [], "{format:?}");
    assert!(kept.rounded >= 2, "{format:?}");
    file
}

#[test]
fn csv_in_every_packing_and_order_of_columns() {
    for (table, format) in [
        (legacy(), BillFormat::CurLegacy),
        (cur_2(), BillFormat::Cur2),
        (focus("x_UsageType"), BillFormat::Focus),
        (focus("SkuMeter"), BillFormat::Focus),
    ] {
        for seed in 0..4 {
            let text = csv(&table, seed, "\n");
            let plain = check(text.as_bytes(), format);
            let packed = check(&gzip(text.as_bytes()), format);
            let zipped = check(&zip(&[("x.csv", text.as_bytes())]), format);
            assert_eq!((&plain, &plain), (&packed, &zipped));
            assert_eq!(plain.inflated_bytes, text.len() as u64);
            let (first, second) = text.as_bytes().split_at(text.len() / 2);
            check(&[gzip(first), gzip(second)].concat(), format);
            check(&[BOM, text.as_bytes()].concat(), format);
            check(csv(&table, seed, "\r\n").as_bytes(), format);
        }
    }
}

#[test]
fn several_files_in_an_archive_are_parts() {
    let (names, cells) = legacy();
    let half = |rows: &[Vec<String>]| csv(&(names.clone(), rows.to_vec()), 0, "\n").into_bytes();
    let (first, second) = (half(&cells[..3]), half(&cells[3..]));
    check(&zip(&[("a.csv", &first), ("__MACOSX/._a.csv", b"x"), ("b.csv", &second)]), BillFormat::CurLegacy);
    let bad = csv(&legacy(), 0, "\n").replace("-30", "minus");
    let (_, kept) = read(&zip(&[("a.csv", &first), ("b.csv", bad.as_bytes())])).expect("a bill");
    assert_eq!(kept.malformed, [(6, "b.csv: a cost is no number".to_owned())]);
    let mixed = zip(&[("a.csv", &first), ("c.csv", csv(&focus("SkuMeter"), 0, "\n").as_bytes())]);
    assert_eq!(
        refusal(&mixed),
        "not a bill: c.csv in the zip archive: it is of another format than the file before it"
    );
    assert_eq!(refusal(&zip(&[])), "not a bill: the zip archive is empty");
    assert_eq!(
        refusal(&zip(&[("a.gz", &gzip(&first))])),
        "not a bill: a.gz in the zip archive is compressed with gzip"
    );
}

/// A table as Parquet, every column as its text would be typed.
fn parquet(table: &Table, kind: impl Fn(&str) -> DataType) -> Vec<u8> {
    let column = |at: usize| -> ArrayRef {
        let name = table.0[at].as_str();
        let cells: StringArray =
            table.1.iter().map(|row| Some(row[at].as_str()).filter(|cell| !cell.is_empty())).collect();
        match kind(name) {
            DataType::Timestamp(unit, zone) => {
                let bare: StringArray = cells.iter().map(|cell| cell.map(|cell| cell.trim_end_matches('Z'))).collect();
                let times = cast(&bare, &DataType::Timestamp(unit, None)).expect("times");
                if zone.is_some() {
                    cast(&times, &DataType::Timestamp(unit, Some("+00:00".into()))).expect("UTC")
                } else {
                    times
                }
            }
            DataType::Map(..) => maps(&cells),
            kind => cast(&cells, &kind).expect("texts of that kind"),
        }
    };
    let columns = (0..table.0.len()).map(|at| (plain_name(&table.0[at]), column(at), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("writer");
    writer.write(&batch).expect("memory");
    writer.close().expect("memory");
    bytes
}

/// AWS writes `line_item_usage_type` in Parquet for `lineItem/UsageType`.
fn plain_name(name: &str) -> String {
    if !name.contains('/') {
        return name.to_owned();
    }
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '/' => out.push('_'),
            c if c.is_ascii_uppercase() && !out.ends_with('_') => out.extend(['_', c.to_ascii_lowercase()]),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

fn maps(cells: &StringArray) -> ArrayRef {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for cell in cells.iter().map(Option::unwrap_or_default) {
        let map: std::collections::BTreeMap<String, String> = serde_json::from_str(cell).expect("a map");
        for (key, value) in map {
            maps.keys().append_value(key);
            maps.values().append_value(value);
        }
        maps.append(true).expect("an entry");
    }
    Arc::new(maps.finish())
}

#[test]
fn parquet_of_any_physical_type() {
    let number = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["cost", "quantity", "amount"].iter().any(|word| name.ends_with(word))
    };
    let time = |name: &str| name.contains("Date") || name.contains("Period") && !name.contains("Interval");
    let any_map = || {
        let empty = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new()).finish();
        arrow::array::Array::data_type(&empty).clone()
    };
    let stamp = |unit: TimeUnit, zone: bool| DataType::Timestamp(unit, zone.then(|| "UTC".into()));
    for (table, format) in [
        (legacy(), BillFormat::CurLegacy),
        (cur_2(), BillFormat::Cur2),
        (focus("x_UsageType"), BillFormat::Focus),
        (focus("SkuMeter"), BillFormat::Focus),
    ] {
        // A double holds 17 digits, which is enough for every amount of the table.
        let table = (table.0, table.1.iter().map(|row| row.iter().map(|c| c.replace("NULL", "")).collect()).collect());
        let texts = parquet(&table, |_| DataType::Utf8);
        assert_eq!(check(&texts, format).inflated_bytes, texts.len() as u64);
        check(&parquet(&table, |_| DataType::LargeUtf8), format);
        for unit in [TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
            check(
                &parquet(&table, |name| match name {
                    _ if number(name) => DataType::Float64,
                    _ if time(name) => stamp(unit, unit != TimeUnit::Nanosecond),
                    "product" => any_map(),
                    _ => DataType::Utf8,
                }),
                format,
            );
        }
        check(&parquet(&table, |name| if name == "product" { DataType::Utf8View } else { DataType::Utf8 }), format);
    }
    let exact = parquet(&cur_2(), |name| if number(name) { DataType::Decimal128(38, 15) } else { DataType::Utf8 });
    check(&exact, BillFormat::Cur2);
    let numbered = |name: &str| if name == "line_item_usage_account_id" { DataType::Int64 } else { DataType::Utf8 };
    check(&parquet(&cur_2(), numbered), BillFormat::Cur2);
    let odd = parquet(&cur_2(), |name| if name == "product" { any_map() } else { DataType::Binary });
    check(&odd, BillFormat::Cur2);
}

#[test]
fn files_that_were_put_together_keep_their_own_columns() {
    let (names, cells) = legacy();
    let part = |rows: &[Vec<String>], seed| csv(&(names.clone(), rows.to_vec()), seed, "\n");
    let (first, second) = (part(&cells[..2], 0), part(&cells[2..], 3));
    check(&[gzip(first.as_bytes()), gzip(second.as_bytes())].concat(), BillFormat::CurLegacy);
    let fewer = format!("x,{}", second.trim_end().replace('\n', "\nx,")).replacen("two\nx,", "two\n", 1) + "\n";
    check((first + &fewer).as_bytes(), BillFormat::CurLegacy);
}

#[test]
fn columns_that_an_export_does_not_have_are_not_said() {
    let (names, cells) = legacy();
    let optional = [
        "lineItem/NetUnblendedCost",
        "lineItem/ResourceId",
        "pricing/publicOnDemandCost",
        "product/sku",
        "pricing/unit",
    ];
    let kept: Vec<usize> = (0..names.len()).filter(|&at| !optional.contains(&names[at].as_str())).collect();
    let pick = |row: &Vec<String>| kept.iter().map(|&at| row[at].clone()).collect::<Vec<_>>();
    let bare = csv(&(pick(&names), cells.iter().map(pick).collect()), 1, "\n");
    let (_, found) = read(bare.as_bytes()).expect("a bill");
    let first = &found.lines[0];
    assert!(first.contains("|||$0.048") && first.ends_with("|-|-|USD"), "{first}");
    assert_eq!(found.lines.len(), rows().len());
}

#[test]
fn bad_rows_are_counted_with_their_line_and_the_rest_goes_on() {
    let good = csv(&legacy(), 0, "\n");
    let lines: Vec<&str> = good.lines().collect();
    let (_, whole) = read(good.as_bytes()).expect("a bill");
    let mut bytes = good.replace(",720,", ",7x20,").into_bytes();
    bytes.extend_from_slice(b"only,three,fields\n");
    let not_utf8 = lines[1].replace("EU-NatGateway-Bytes", "EU-\u{1}").into_bytes();
    bytes.extend(not_utf8.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }));
    bytes.push(b'\n');
    let (_, found) = read(&bytes).expect("a bill");
    let bad = |line, why: &str| (line, why.to_owned());
    assert_eq!(
        found.malformed,
        [
            bad(4, "its quantity is no number"),
            bad(9, "it has not as many fields as the first line"),
            bad(10, "a needed field is not UTF-8 text"),
        ]
    );
    assert_eq!(found.lines.len() + 1, whole.lines.len());
}

#[test]
fn a_bill_that_breaks_off_is_an_error_wherever_it_does() {
    // The column of tags is the last one.
    let text = csv(&legacy(), 4, "\n");
    let packed = gzip(text.as_bytes());
    for cut in 3..packed.len() {
        let error = read(&packed[..cut]).map(|_| ()).expect_err("cut");
        assert!(matches!(error, BillReadError::BrokenOff { .. }), "{cut}: {error}");
    }
    let mut damaged = packed.clone();
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    assert!(refusal(&damaged).starts_with("a gzip member is broken or cut off"));
    let zipped = zip(&[("x.csv", text.as_bytes())]);
    for cut in 4..zipped.len() {
        let error = read(&zipped[..cut]).map(|_| ()).expect_err("cut");
        assert!(!error.is_refusal(), "{cut}: {error}");
    }
    let whole = parquet(&legacy(), |_| DataType::Utf8);
    for cut in (4..whole.len()).step_by(97) {
        assert!(refusal(&whole[..cut]).starts_with("the Parquet file is broken or cut off"), "{cut}");
    }
    for at in (0..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let _ = read(&damaged);
    }
    // Plain text: a row that ends early, a quote that nobody closes; the last field may be short but is not needed.
    let body = text.len() - 1;
    for cut in [body - 1, body - 12, body - 60] {
        assert!(refusal(&text.as_bytes()[..cut]).starts_with("the last row is broken or cut off"), "{cut}");
    }
    assert!(read(&text.as_bytes()[..body]).is_ok());
    let needed_last = csv(&cur_2(), 0, "\n");
    assert!(read(needed_last.as_bytes()).is_ok());
    let open = &needed_last.as_bytes()[..needed_last.len() - 1];
    assert!(refusal(open).starts_with("the last row is broken or cut off"));
    assert!(read(&gzip(open)).is_ok());
}

#[test]
fn other_files_are_refused_by_name() {
    for (bytes, why) in [
        (&b""[..], "it is empty"),
        (b" \n\n", "it is empty"),
        (b"hello\n", "its columns are hello, …"),
        (b"a,b,c\n1,2,3\n", "its columns are a, b, c, …"),
        (b"\x00\x01\x02", "it is binary data of an unknown kind"),
        (b"{\"a\":1}", "it is JSON, but not of Cost Explorer's get-cost-and-usage"),
        (b"[]", "it is JSON without Cost Explorer results"),
        (b"{not json", "it looks like JSON, but is none: key must be a string at line 1 column 2"),
    ] {
        assert_eq!(refusal(bytes), format!("not a bill: {why}"));
    }
    assert_eq!(refusal(&gzip(&zip(&[]))), "not a bill: it is a zip archive compressed as a whole with gzip");
    assert_eq!(refusal(&gzip(b"PAR1PAR1")), "not a bill: it is a Parquet file compressed as a whole with gzip");
    let other = parquet(&(vec!["status".to_owned()], vec![vec!["READY".to_owned()]]), |_| DataType::Utf8);
    assert_eq!(refusal(&other), "not a bill: its columns are status, …");
    let odd = parquet(&legacy(), |name| if name == "lineItem/Operation" { DataType::Boolean } else { DataType::Utf8 });
    assert!(read(&odd).is_err());
    let header = csv(&(legacy().0, Vec::new()), 0, "\n");
    assert_eq!(read(header.as_bytes()).expect("a bill").1.lines.len(), 0);
}

const RESULTS: &str = r#"{"GroupDefinitions": [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "DIMENSION", "Key": "REGION"}],
  "ResultsByTime": [{"TimePeriod": {"Start": "2026-04-01", "End": "2026-04-02"}, "Total": {}, "Estimated": true, "Groups": [
    {"Keys": ["EU-NatGateway-Bytes", "eu-west-1"], "Metrics": {
      "UnblendedCost": {"Amount": "0.0480000000001", "Unit": "EUR"}, "NetUnblendedCost": {"Amount": "0.04", "Unit": "EUR"},
      "UsageQuantity": {"Amount": "1", "Unit": "GB"}}},
    {"Keys": ["NatGateway-Bytes", "NoRegion"], "Metrics": {"UsageQuantity": {"Amount": "12e", "Unit": "N/A"}}}]}],
  "DimensionValueAttributes": []}"#;

#[test]
fn cost_explorer_gives_a_line_for_each_sum() {
    let (file, kept) = read(RESULTS.as_bytes()).expect("a bill");
    let line = "|eu-west-1|||EU-NatGateway-Bytes||||GB|Usage 2026-04 0..86400|1|0.048|0.04|-|EUR";
    assert_eq!(kept.lines, [line]);
    assert_eq!(kept.malformed, [(2, "an amount is no number".to_owned())]);
    assert_eq!((file.format, file.estimated, kept.rounded), (BillFormat::CostExplorer, true, 1));
    assert_eq!(file.grouping.as_deref(), Some("daily by REGION, USAGE_TYPE"));
    assert_eq!(file.cells.len(), 2);
    let next = RESULTS.replace("-04-02", "-04-03").replace("-04-01", "-04-02").replace("true", "false");
    for pages in [format!("{RESULTS}\n{next}"), format!("[{RESULTS},{next}]")] {
        let (file, kept) = read(pages.as_bytes()).expect("a bill");
        assert_eq!((kept.lines.len(), kept.malformed.len(), file.cells.len()), (2, 2, 4));
    }
}

#[test]
fn cost_explorer_sums_count_once_or_not_at_all() {
    assert_eq!(
        refusal(format!("{RESULTS}{RESULTS}").as_bytes()),
        "the sum of 2026-04-01/2026-04-02 EU-NatGateway-Bytes eu-west-1 is in it twice"
    );
    let by_account = RESULTS.replace("REGION", "LINKED_ACCOUNT");
    let why = refusal(format!("{RESULTS}{by_account}").as_bytes());
    assert!(why.starts_with("not a bill: it holds Cost Explorer documents of several groupings"), "{why}");
    for cut in 20..RESULTS.len() {
        let error = read(&RESULTS.as_bytes()[..cut]).map(|_| ()).expect_err("cut");
        assert!(matches!(error, BillReadError::BrokenOff { .. }), "{cut}: {error}");
    }
}

#[test]
fn cost_explorer_knows_accounts_classes_and_totals() {
    let text = r#"{"GroupDefinitions": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
      "ResultsByTime": [{"TimePeriod": {"Start": "2026-04-01", "End": "2026-05-01"}, "Groups": [
        {"Keys": ["012345678901", "Credit"], "Metrics": {"UnblendedCost": {"Amount": "-1", "Unit": "USD"}}},
        {"Keys": ["012345678901"], "Metrics": {}}]}]}"#;
    let (file, kept) = read(text.as_bytes()).expect("a bill");
    assert_eq!(kept.lines, ["012345678901|||||||||Credit 2026-04 0..2592000|-|-1|-|-|USD"]);
    assert_eq!(kept.malformed, [(2, "it has not as many keys as the answer has groupings".to_owned())]);
    assert_eq!(file.grouping.as_deref(), Some("monthly by LINKED_ACCOUNT, RECORD_TYPE"));
    let total = r#"{"ResultsByTime": [{"TimePeriod": {"Start": "2026-04-01T00:00:00Z", "End": "2026-04-01T01:00:00Z"},
      "Total": {"UnblendedCost": {"Amount": "5", "Unit": "USD"}}, "Groups": []}]}"#;
    let (file, kept) = read(total.as_bytes()).expect("a bill");
    assert_eq!(kept.lines, ["|||||||||Usage 2026-04 0..3600|-|5|-|-|USD"]);
    assert_eq!(file.grouping.as_deref(), Some("hourly in all"));
}

#[test]
fn no_damage_makes_it_panic_and_none_in_a_container_goes_unseen() {
    let text = csv(&legacy(), 0, "\n");
    let (packed, zipped) = (gzip(text.as_bytes()), zip(&[("x.csv", text.as_bytes())]));
    for (whole, sealed) in [(text.as_bytes(), false), (RESULTS.as_bytes(), false), (&packed, true), (&zipped, true)] {
        let expect = read(whole).expect("a bill").1.lines;
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x15;
            let found = read(&damaged);
            // Names, times and comments of a container are not summed; what is read in spite of them is the same.
            assert!(!sealed || found.is_err() || found.is_ok_and(|(_, kept)| kept.lines == expect), "{at}");
        }
    }
}
