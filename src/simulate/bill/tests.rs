//! The bill against an independent reading of its own files: texts and doubles, no integers of the writer's.

use super::*;
use crate::model::period::{Month, Window};
use crate::simulate::account::{self, Account};
use crate::simulate::options::{Home, Vantage};
use crate::simulate::rows::Kind;
use crate::simulate::traffic::{Event, Traffic};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

fn options(bill: BillOptions) -> Options {
    let month = Month::new(2026, 10).unwrap();
    Options { records: 2_000, clients: 30, gib: Some(3_000), bill, ..Options::new(11, month) }
}

/// An account with a month's traffic, and its bill in a folder.
fn billed(options: &Options) -> (tempfile::TempDir, Account, Value, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let account = account::build(options);
    let mut truth = Truth::new(&account, options);
    let Window { start, end } = options.month.window();
    let mut traffic = Traffic::new(&account, options, options.month.window());
    for step in 0..600 {
        match traffic.next(start + (end - start - 600) / 600 * step + 300) {
            Event::Nat(conversation) => truth.conversation(&conversation),
            Event::Stray { interface, kind: Kind::Leg3, row } => {
                let gateway = account.gateways.iter().position(|g| g.interface == interface).unwrap();
                truth.unsolicited(gateway, row.start, row.bytes);
            }
            _ => {}
        }
    }
    let billing = write(&account, &truth, options, folder.path()).unwrap();
    let metered = (0..account.gateways.len()).map(|gateway| truth.whole(gateway).billed()).collect();
    (folder, account, billing, metered)
}

/// A row by the names of its columns; what is empty or null is absent.
type Record = BTreeMap<String, String>;

/// CSV as RFC 4180 has it.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => inside = !inside,
            ',' if !inside => row.push(std::mem::take(&mut cell)),
            '\n' if !inside => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(letter),
        }
    }
    assert!(!inside && row.is_empty() && cell.is_empty(), "the file breaks off");
    rows
}

fn text_records(text: &str) -> Vec<Record> {
    let mut rows = csv(text).into_iter();
    let header = rows.next().unwrap();
    let record = |row: Vec<String>| {
        assert_eq!(row.len(), header.len());
        header.iter().cloned().zip(row).filter(|(_, cell)| !cell.is_empty()).collect()
    };
    rows.map(record).collect()
}

fn parquet_records(path: &Path) -> Vec<Record> {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut records = Vec::new();
    for batch in reader.map(Result::unwrap) {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let mut record = Record::new();
            for (field, array) in schema.fields().iter().zip(batch.columns()) {
                let text = if let Some(texts) = array.as_string_opt::<i32>() {
                    texts.value(row).to_owned()
                } else if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
                    numbers.value(row).to_string()
                } else {
                    "x".to_owned()
                };
                if array.is_valid(row) {
                    record.insert(field.name().clone(), text);
                }
            }
            records.push(record);
        }
    }
    records
}

fn unzipped(bytes: &[u8]) -> String {
    let at = |from: usize| usize::from(u16::from_le_bytes([bytes[from], bytes[from + 1]]));
    let mut text = String::new();
    let content = &bytes[30 + at(26) + at(28)..];
    flate2::read::DeflateDecoder::new(content).read_to_string(&mut text).unwrap();
    text
}

fn records(path: &Path) -> Vec<Record> {
    let bytes = std::fs::read(path).unwrap();
    match path.extension().and_then(|e| e.to_str()) {
        Some("parquet") => parquet_records(path),
        Some("zip") => text_records(&unzipped(&bytes)),
        _ => {
            let mut text = String::new();
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
            text_records(&text)
        }
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    entries.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// The files that the manifest of the month names, which lies nearest to the root.
fn newest(folder: &Path) -> Vec<PathBuf> {
    let manifests = below(folder).into_iter().filter(|path| path.to_string_lossy().ends_with("-Manifest.json"));
    let manifest = manifests.min_by_key(|path| path.components().count()).unwrap();
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let (keys, prefix) = if manifest["reportKeys"].is_array() {
        (&manifest["reportKeys"], String::new())
    } else {
        let account = manifest["exportArn"].as_str().unwrap().split(':').nth(4).unwrap().to_owned();
        (&manifest["dataFiles"], format!("s3://billing-{account}/"))
    };
    let key = |key: &Value| folder.join(key.as_str().unwrap().strip_prefix(&prefix).unwrap());
    keys.as_array().unwrap().iter().map(key).collect()
}

/// A decimal, `E` notation included, in 10^-12, cut after the 24th digit.
fn units(text: &str) -> i128 {
    let (mantissa, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = 12 + exponent.parse::<i32>().unwrap() - i32::try_from(part.len()).unwrap();
    let digits: i128 = format!("{whole}{part}").parse().unwrap();
    let power = 10_i128.pow(shift.unsigned_abs());
    if shift >= 0 {
        return digits * power;
    }
    // Doubles carry more digits than the decimal that they stand for: to the nearest.
    (digits + digits.signum() * power / 2) / power
}

/// The columns of a format: class, usage type, resource, amount, unblended, net, list.
fn names(format: BillFormat) -> [&'static str; 7] {
    match format {
        BillFormat::CurLegacy | BillFormat::CurLegacyZip => [
            "lineItem/LineItemType",
            "lineItem/UsageType",
            "lineItem/ResourceId",
            "lineItem/UsageAmount",
            "lineItem/UnblendedCost",
            "lineItem/NetUnblendedCost",
            "pricing/publicOnDemandCost",
        ],
        BillFormat::Focus10 => [
            "ChargeCategory",
            "x_UsageType",
            "ResourceId",
            "ConsumedQuantity",
            "ContractedCost",
            "BilledCost",
            "ListCost",
        ],
        BillFormat::Focus12 | BillFormat::Focus12Parquet => [
            "ChargeCategory",
            "SkuMeter",
            "ResourceId",
            "PricingQuantity",
            "ContractedCost",
            "EffectiveCost",
            "ListCost",
        ],
        _ => [
            "line_item_line_item_type",
            "line_item_usage_type",
            "line_item_resource_id",
            "line_item_usage_amount",
            "line_item_unblended_cost",
            "line_item_net_unblended_cost",
            "pricing_public_on_demand_cost",
        ],
    }
}

/// Bytes, amount, and costs: unblended, net (else unblended), list.
type Sums = (i128, i128, [i128; 3]);

/// Usage of a kind on a resource whose ARN ends so.
fn usage(rows: &[Record], format: BillFormat, kind: &str, resource: &str) -> Sums {
    let [class, usage_type, id, amount, unblended, net, list] = names(format);
    let mut sums = (0, 0, [0; 3]);
    for row in rows {
        let text = |column: &str| row.get(column).map_or("", String::as_str);
        let number = |column: &str| row.get(column).map(|text| units(text));
        let correction = text("ChargeClass") == "Correction";
        let said = match (text(usage_type), text("SkuId")) {
            ("", "59S5R83GFPUAGVR5") => "NatGateway-Bytes",
            ("", "M2YSHUBETB3JX4M4") => "NatGateway-Hours",
            (said, _) => said.trim_start_matches("USE1-").trim_start_matches("EU-").trim_start_matches("Regional"),
        };
        if text(class) != "Usage" || correction || said != kind || !text(id).ends_with(resource) {
            continue;
        }
        let quantity = number(amount).unwrap();
        sums.0 += ((quantity << 30) + 500_000_000_000) / 1_000_000_000_000;
        sums.1 += quantity;
        let charged = number(unblended).unwrap();
        for (sum, cost) in sums.2.iter_mut().zip([charged, number(net).unwrap_or(charged), number(list).unwrap()]) {
            *sum += cost;
        }
    }
    sums
}

/// The same from the truth: bytes, amount (hours) and costs under these names.
fn told(of: &Value, bytes: &str, hours: &str, usd: &str) -> (Option<i128>, Option<i128>, [i128; 3]) {
    let cost = |basis: &str| units(of[usd][basis].as_str().unwrap());
    (of[bytes].as_i64().map(i128::from), of[hours].as_str().map(units), [cost("unblended"), cost("net"), cost("list")])
}

fn check(what: &str, found: Sums, told: (Option<i128>, Option<i128>, [i128; 3])) {
    assert_eq!(told.0.unwrap_or(found.0), found.0, "{what}: bytes");
    assert_eq!(told.1.unwrap_or(found.1), found.1, "{what}: hours");
    assert_eq!(told.2, found.2, "{what}: costs");
}

fn check_bill(options: &Options) {
    let (folder, account, billing, metered) = billed(options);
    let format = options.bill.bill_format;
    let files = newest(folder.path());
    assert_eq!(u32::try_from(files.len()).unwrap(), options.bill.bill_parts);
    let rows: Vec<Record> = files.iter().flat_map(|path| records(path)).collect();
    assert_eq!(u64::try_from(rows.len()).unwrap(), billing["lines"].as_u64().unwrap());
    let gateways = billing["nat_gateways"].as_array().unwrap();
    assert_eq!(gateways.len(), account.gateways.len() + usize::from(options.bill.deleted_gateway));
    for (number, gateway) in gateways.iter().enumerate() {
        let id = gateway["nat_gateway_id"].as_str().unwrap();
        let what = |kind: &str| format!("{:?} {id} {kind}", options.bill);
        let data = usage(&rows, format, "NatGateway-Bytes", id);
        check(&what("data"), data, told(gateway, "billed_bytes", "", "data_usd"));
        check(&what("hours"), usage(&rows, format, "NatGateway-Hours", id), told(gateway, "", "hours", "hours_usd"));
        assert_eq!(gateway["deleted"] == true, metered.get(number).is_none());
        assert_eq!(gateway["metered_bytes"].as_u64(), metered.get(number).copied());
        if let Some(metered) = metered.get(number) {
            assert_eq!(i128::from(*metered), data.0, "{}", what("metered"));
        }
        if options.bill.discount.is_some() && data.0 > 0 {
            assert!(data.2[1] < data.2[0] && data.2[0] < data.2[2], "{id}: {data:?}");
        }
        let kinds = ["DataTransfer-In-Bytes", "DataTransfer-Out-Bytes", "CloudFront-In-Bytes", "CloudFront-Out-Bytes"];
        let transfer: i128 = kinds.iter().map(|kind| usage(&rows, format, kind, id).0).sum();
        assert!(transfer <= i128::from(gateway["transfer_bytes"].as_u64().unwrap()));
    }
    for endpoint in billing["endpoints"].as_array().unwrap() {
        let id = endpoint["endpoint_id"].as_str().unwrap();
        let data = usage(&rows, format, "VpcEndpoint-Bytes", id);
        check(id, data, told(endpoint, "bytes", "", "data_usd"));
        check(id, usage(&rows, format, "VpcEndpoint-Hours", id), told(endpoint, "", "hours", "hours_usd"));
        assert_eq!(i128::from(endpoint["metered_bytes"].as_u64().unwrap()), data.0);
    }
    let totals = &billing["totals"];
    for (kind, bytes, hours, usd) in [
        ("NatGateway-Bytes", "billed_bytes", "", "data_usd"),
        ("NatGateway-Hours", "", "hours", "hours_usd"),
        ("TransitGateway-Bytes", "transit_bytes", "", "transit_data_usd"),
        ("TransitGateway-Hours", "", "transit_hours", "transit_hours_usd"),
        ("PublicIPv4:InUseAddress", "", "public_ipv4_hours", "public_ipv4_usd"),
    ] {
        check(kind, usage(&rows, format, kind, ""), told(totals, bytes, hours, usd));
    }
    let unknown = usage(&rows, format, "NatGateway-FlexAllocation", "");
    assert_eq!(billing["not_understood"]["lines"] == 1, options.bill.unknown_bill_rows);
    check("unknown", unknown, told(&billing["not_understood"], "", "", "usd"));
    check_apart(&rows, format, &billing);
}

/// Credits lower nothing and name nothing; refunds and tax stand apart.
fn check_apart(rows: &[Record], format: BillFormat, billing: &Value) {
    let [class, usage_type, id, amount, unblended, ..] = names(format);
    let of = |word: &str| -> Vec<&Record> {
        let said = |row: &&Record| if row.contains_key("ChargeClass") { "Refund" } else { row[class].as_str() } == word;
        rows.iter().filter(said).collect()
    };
    for (word, name) in [("Credit", "credits_usd"), ("Refund", "refunds_usd"), ("Tax", "tax_usd")] {
        let sum: i128 = of(word).iter().map(|row| units(&row[unblended])).sum();
        assert!(sum != 0 && sum == units(billing["apart"][name]["unblended"].as_str().unwrap()), "{format:?} {word}");
    }
    for credit in of("Credit") {
        assert!(!credit.contains_key(id) && units(credit.get(amount).map_or("0", String::as_str)) == 0);
        assert!(credit.contains_key(usage_type) || credit.contains_key("SkuId"));
    }
    if format.is_cur() {
        let discounts = of("EdpDiscount");
        assert_eq!(discounts.is_empty(), !rows.iter().any(|row| row.contains_key(names(format)[5])));
        assert!(discounts.iter().all(|row| units(&row[names(format)[5]]) == 0));
    }
}

const TABLES: [BillFormat; 8] = [
    BillFormat::Cur2,
    BillFormat::Cur2Parquet,
    BillFormat::CurLegacy,
    BillFormat::CurLegacyZip,
    BillFormat::CurLegacyParquet,
    BillFormat::Focus10,
    BillFormat::Focus12,
    BillFormat::Focus12Parquet,
];

#[test]
fn the_truth_is_what_the_files_add_up_to() {
    for bill_format in TABLES {
        check_bill(&options(BillOptions { bill_format, ..BillOptions::new() }));
        check_bill(&options(BillOptions {
            bill_format,
            bill_parts: 3,
            bill_versions: 1,
            discount: Some(7),
            unknown_bill_rows: true,
            deleted_gateway: true,
        }));
    }
}

#[test]
fn other_accounts_have_other_usage_types() {
    let bill = BillOptions { discount: Some(20), ..BillOptions::new() };
    check_bill(&Options { vantage: Vantage::Regional, ..options(bill.clone()) });
    check_bill(&Options { vantage: Vantage::Hub, ..options(bill.clone()) });
    check_bill(&Options { region: Home::EuWest1, nat64: true, private_nat: true, ..options(bill) });
}

#[test]
fn older_versions_lie_beside_the_newest_and_say_something_else() {
    for bill_format in [BillFormat::Cur2, BillFormat::CurLegacyZip, BillFormat::Focus12Parquet] {
        let options = options(BillOptions { bill_format, bill_parts: 2, bill_versions: 3, ..BillOptions::new() });
        check_bill(&options);
        let (folder, _, billing, _) = billed(&options);
        let manifest = |path: &&PathBuf| path.to_string_lossy().ends_with("Manifest.json");
        let files = below(folder.path());
        assert_eq!(files.iter().filter(manifest).count(), 4);
        let data: Vec<&PathBuf> = files.iter().filter(|path| !manifest(path)).collect();
        assert_eq!(data.len(), 6);
        let told = units(billing["totals"]["data_usd"]["unblended"].as_str().unwrap());
        let mut folders: BTreeMap<&Path, i128> = BTreeMap::new();
        for path in data {
            let sum = usage(&records(path), bill_format, "NatGateway-Bytes", "").2[0];
            *folders.entry(path.parent().unwrap()).or_default() += sum;
        }
        assert_eq!(folders.values().filter(|sum| **sum == told).count(), 1);
        assert!(folders.values().all(|sum| *sum > 0 && *sum <= told));
    }
}

#[test]
fn days_are_cut_at_odd_hours() {
    let (folder, ..) = billed(&options(BillOptions::new()));
    let rows: Vec<Record> = newest(folder.path()).iter().flat_map(|path| records(path)).collect();
    let mut hours: Vec<i128> = Vec::new();
    for row in rows.iter().filter(|row| row.get("line_item_usage_type").is_some_and(|t| t == "NatGateway-Hours")) {
        hours.push(units(&row["line_item_usage_amount"]) / 1_000_000_000_000);
    }
    hours.sort_unstable();
    hours.dedup();
    // 0 is the credit's.
    assert_eq!(hours, [0, 6, 18, 24]);
}

#[test]
fn cost_explorer_knows_totals_only() {
    let bill = BillOptions { bill_format: BillFormat::CostExplorer, bill_parts: 2, ..BillOptions::new() };
    let (folder, _, billing, metered) = billed(&options(BillOptions { discount: Some(7), ..bill }));
    assert_eq!(billing["nat_gateways"], serde_json::json!([]));
    let (mut sums, mut days, mut tokens) = ([0; 3], 0, 0);
    for path in below(folder.path()) {
        let page: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        tokens += usize::from(page["NextPageToken"].is_string());
        for day in page["ResultsByTime"].as_array().unwrap() {
            days += 1;
            for group in day["Groups"].as_array().unwrap().iter().filter(|g| g["Keys"][0] == "NatGateway-Bytes") {
                for (sum, metric) in sums.iter_mut().zip(["UsageQuantity", "UnblendedCost", "NetUnblendedCost"]) {
                    *sum += units(group["Metrics"][metric]["Amount"].as_str().unwrap());
                }
            }
        }
    }
    assert_eq!((days, tokens), (31, 1));
    let cost = |basis: &str| units(billing["totals"]["data_usd"][basis].as_str().unwrap());
    assert_eq!(sums[1..], [cost("unblended"), cost("net")]);
    assert!(billing["totals"]["data_usd"]["list"].is_null());
    // A sum of rounded quantities is off by less than a byte for every row.
    let billed = billing["totals"]["billed_bytes"].as_u64().unwrap();
    assert!(billed.abs_diff(metered.iter().sum()) < 31, "{billed}");
}

#[test]
fn contradictions_are_refused() {
    let check = |bill: BillOptions| assert!(matches!(bill.check(), Err(SimulateError::Options(_))), "{bill:?}");
    check(BillOptions { bill_parts: 0, ..BillOptions::new() });
    check(BillOptions { bill_versions: 10, ..BillOptions::new() });
    check(BillOptions { discount: Some(100), ..BillOptions::new() });
    for bill_format in [BillFormat::CurLegacyParquet, BillFormat::CostExplorer, BillFormat::None] {
        check(BillOptions { bill_format, bill_versions: 2, ..BillOptions::new() });
    }
}
