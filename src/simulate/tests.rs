//! The simulator against an obvious reading of its own files: same bytes twice, and the truth is what was written.

use super::*;
use crate::model::period::Month;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

pub(super) fn options() -> Options {
    let month = Month::new(2026, 10).unwrap();
    Options { records: 3_000, objects: 3, clients: 40, logs_only: true, ..Options::new(7, month) }
}

pub(super) fn run(options: &Options) -> (tempfile::TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let summary = simulate(options, folder.path(), &mut |_| {}).unwrap();
    (folder, summary)
}

pub(super) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    entries
        .map(|e| (e.path().strip_prefix(root).unwrap().display().to_string(), std::fs::read(e.path()).unwrap()))
        .collect()
}

pub(super) fn text(name: &str, bytes: &[u8]) -> String {
    let mut text = String::new();
    if Path::new(name).extension().is_some_and(|e| e == "gz") {
        flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes.to_vec()).unwrap();
    }
    text
}

pub(super) type Record = BTreeMap<String, String>;

/// Every flow log record of a bundle with text logs, by field name; malformed ones have the wrong number of fields or bytes.
pub(super) fn records(root: &Path) -> Vec<Record> {
    let mut all = Vec::new();
    for (name, bytes) in files(&root.join("flow-logs")) {
        let text = text(&name, &bytes);
        let mut lines = text.lines();
        let header: Vec<String> = lines.next().unwrap().split(' ').map(str::to_owned).collect();
        for line in lines {
            all.push(header.iter().cloned().zip(line.split(' ').map(str::to_owned)).collect());
        }
    }
    all
}

pub(super) fn truth(root: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(root.join("truth.json")).unwrap()).unwrap()
}

pub(super) fn inside(record: &Record) -> bool {
    let window = Month::new(2026, 10).unwrap().window();
    record.get("start").is_some_and(|s| window.contains(s.parse().unwrap()))
}

/// Whether the record counts: ACCEPT, OK, a number of bytes, within the month.
pub(super) fn bytes_of(record: &Record) -> Option<u64> {
    let counts = record.get("action").is_some_and(|a| a == "ACCEPT") && inside(record);
    if counts { record.get("bytes")?.parse().ok() } else { None }
}

fn sum(rows: &Value, id: &str, field: &str) -> u64 {
    let own = rows.as_array().unwrap().iter().filter(|r| r["nat_gateway_id"] == id);
    own.map(|r| r[field].as_u64().unwrap()).sum()
}

/// Upload and download of a gateway by its interface's records: the legs that hold both ends.
fn legs(records: &[Record], gateway: &Value, interfaces: &Value) -> (u64, u64, u64) {
    let address = &gateway["NatGatewayAddresses"][0];
    let (interface, own) = (&address["NetworkInterfaceId"], &address["PrivateIp"]);
    let private: Vec<&Value> =
        gateway["NatGatewayAddresses"].as_array().unwrap().iter().map(|a| &a["PrivateIp"]).collect();
    let mut described = interfaces["NetworkInterfaces"].as_array().unwrap().iter();
    let v6 = &described.rfind(|i| i["NetworkInterfaceId"] == *interface).unwrap()["Ipv6Addresses"][0];
    let shown = |address: &String| *own == *address || v6["Ipv6Address"] == *address;
    let (mut up, mut down, mut in_from_outside) = (0, 0, 0);
    for record in records {
        if record.get("interface-id").is_none_or(|id| id != interface) {
            continue;
        }
        let Some(bytes) = bytes_of(record) else { continue };
        let real = |side: &str| private.iter().any(|a| **a == record[side]);
        if shown(&record["dstaddr"]) && !real("pkt-dstaddr") {
            up += bytes;
        } else if shown(&record["srcaddr"]) && !real("pkt-srcaddr") {
            down += bytes;
        } else if shown(&record["dstaddr"]) {
            in_from_outside += bytes;
        }
    }
    (up, down, in_from_outside)
}

/// A bundle with text logs that have `pkt-*` fields, at the gateways: every sum of the truth against the files.
fn check_gateways(options: &Options) {
    let (folder, summary) = run(options);
    let (records, truth) = (records(folder.path()), truth(folder.path()));
    assert_eq!(summary.records, truth["records"]["read"].as_u64().unwrap());
    assert_eq!(summary.records, u64::try_from(records.len()).unwrap());
    let described = |file: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.path().join("inventory").join(file)).unwrap()).unwrap()
    };
    let inventory = described("describe-nat-gateways.json");
    let interfaces = described("describe-network-interfaces.json");
    let mut total = 0;
    for gateway in inventory["NatGateways"].as_array().unwrap() {
        let id = gateway["NatGatewayId"].as_str().unwrap();
        let (up, down, outside) = legs(&records, gateway, &interfaces);
        let rows = &truth["nat_gateways"];
        assert_eq!((up, down), (sum(rows, id, "upload_bytes"), sum(rows, id, "download_bytes")), "{id}");
        assert_eq!(outside.saturating_sub(down), sum(rows, id, "unsolicited_bytes"), "{id}");
        assert_eq!(up + outside, sum(rows, id, "billed_bytes"), "{id}");
        for part in ["traffic", "names", "clients", "days"] {
            let pair = (sum(&truth[part], id, "upload_bytes"), sum(&truth[part], id, "download_bytes"));
            assert_eq!(pair, (up, down), "{id} {part}");
        }
        total += up + down;
    }
    assert_eq!(total, summary.nat_bytes);
    assert!(total > 0);
    let status = |text: &str| records.iter().filter(|r| r.get("log-status").is_some_and(|s| s == text)).count();
    assert_eq!(u64::try_from(status("NODATA")).unwrap(), truth["records"]["nodata"].as_u64().unwrap());
    assert_eq!(u64::try_from(status("SKIPDATA")).unwrap(), truth["records"]["skipdata"].as_u64().unwrap());
    let outside = records.iter().filter(|r| r.get("start").is_some() && !inside(r)).count();
    assert!(outside > 0 && u64::try_from(outside).unwrap() == truth["records"]["out_of_window"].as_u64().unwrap());
}

#[test]
fn the_same_options_give_the_same_bytes() {
    for (format, bill_format, dns_format) in [
        (Format::TextGz, BillFormat::Cur2, DnsFormat::S3),
        (Format::Parquet, BillFormat::CurLegacyZip, DnsFormat::CloudwatchJson),
        (Format::Subscription, BillFormat::Focus12Parquet, DnsFormat::Subscription),
    ] {
        let dns = DnsOptions { dns_format, dns_missing: 5, dns_malformed: 3, ..DnsOptions::new() };
        let bill = BillOptions { bill_format, bill_parts: 2, bill_versions: 2, ..BillOptions::new() };
        let whole = Options { rules: true, pods: true, logs_only: false, records: 1_000, ..options() };
        let options = Options { format, bill, dns, ..whole };
        let (a, b) = (run(&options), run(&options));
        assert!(files(a.0.path()) == files(b.0.path()), "{format:?}");
        let other = run(&Options { seed: 8, ..options });
        assert!(files(a.0.path()) != files(other.0.path()), "{format:?}");
    }
}

#[test]
fn the_truth_is_what_was_written() {
    check_gateways(&options());
    check_gateways(&Options { fields: Fields::Shuffled, format: Format::Text, ..options() });
    check_gateways(&Options { nat64: true, private_nat: true, fields: Fields::V11, ..options() });
    check_gateways(&Options { vantage: Vantage::Vpc, ..options() });
    check_gateways(&Options { vantage: Vantage::Hub, layout: Layout::HiveHourly, ..options() });
}

#[test]
fn regional_gateways_are_named_by_resource_id() {
    let (folder, _) = run(&Options { vantage: Vantage::Regional, ..options() });
    let inventory = std::fs::read_to_string(folder.path().join("inventory/describe-nat-gateways.json")).unwrap();
    let mut pairs: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for record in records(folder.path()) {
        let Some(bytes) = bytes_of(&record) else { continue };
        let public = |side: &str| inventory.contains(&format!("\"{}\"", record[side]));
        assert_eq!(record["interface-id"], "-");
        if !public("srcaddr") && !public("dstaddr") {
            let pair = pairs.entry(record["resource-id"].clone()).or_default();
            pair[usize::from(!record["srcaddr"].starts_with("10."))] += bytes;
        }
    }
    let truth = truth(folder.path());
    assert_eq!(pairs.len(), 3);
    for (id, pair) in pairs {
        let rows = &truth["nat_gateways"];
        assert_eq!(pair, [sum(rows, &id, "upload_bytes"), sum(rows, &id, "download_bytes")]);
    }
}

#[test]
fn clients_alone_show_the_same_bytes() {
    let (folder, summary) = run(&Options { vantage: Vantage::Instance, fields: Fields::V11, ..options() });
    let through_nat = |r: &Record| r.get("next-hop-interface-type").is_some_and(|t| t == "nat_gateway");
    let bytes: u64 = records(folder.path()).iter().filter(|r| through_nat(r)).filter_map(bytes_of).sum();
    assert_eq!(bytes, summary.nat_bytes);
    let truth = truth(folder.path());
    assert!(truth["records"]["not_nat"].as_u64().unwrap() > 0);
    assert_eq!(truth["record_bytes"]["counted"].as_u64().unwrap(), bytes);
}

#[test]
fn a_second_flow_log_repeats_the_first() {
    let (folder, summary) = run(&Options { vantage: Vantage::TwoLogs, ..options() });
    let truth = truth(folder.path());
    let kind = |name: &str| truth["records"][name].as_u64().unwrap();
    assert_eq!(kind("duplicate"), kind("counted") + kind("mirror"));
    assert_eq!(summary.records, u64::try_from(records(folder.path()).len()).unwrap());
}

#[test]
fn every_format_holds_every_record() {
    for format in <Format as clap::ValueEnum>::value_variants() {
        for vantage in [Vantage::Nat, Vantage::V2] {
            let (folder, summary) = run(&Options { format: *format, vantage, records: 2_000, ..options() });
            let mut seen = 0;
            for (name, bytes) in files(&folder.path().join("flow-logs")) {
                seen += match format {
                    Format::Parquet | Format::ParquetSnappy => {
                        parquet_rows(&folder.path().join("flow-logs").join(name))
                    }
                    Format::TextGz | Format::Text => text(&name, &bytes).lines().count() - 1,
                    Format::Firehose | Format::FirehoseLines => text(&name, &bytes).matches("\"message\":").count(),
                    Format::Subscription => {
                        let text = text(&name, &bytes);
                        let messages = text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
                        messages.map(|m| m["logEvents"].as_array().unwrap().len()).sum()
                    }
                    _ if name.ends_with("aws-logs-write-test") => 0,
                    _ => text(&name, &bytes).lines().count(),
                };
            }
            assert_eq!(u64::try_from(seen).unwrap(), summary.records, "{format:?} {vantage:?}");
        }
    }
}

fn parquet_rows(path: &Path) -> usize {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    assert_eq!(reader.schema().field(4).name(), "dstaddr");
    reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum()
}

#[test]
fn the_sample_is_small_and_has_every_day() {
    let month = Month::new(2026, 10).unwrap();
    let (folder, summary) = run(&Options::sample(1, month));
    let size: usize = files(folder.path()).values().map(Vec::len).sum();
    assert!(size < 5_000_000, "{size}");
    assert!((10..40).contains(&(summary.nat_bytes >> 40)), "{}", summary.nat_bytes);
    let truth = truth(folder.path());
    for day in ["2026-10-01", "2026-10-31"] {
        let rows = truth["days"].as_array().unwrap().iter().filter(|r| r["day"] == day);
        assert!(rows.map(|r| r["billed_bytes"].as_u64().unwrap()).sum::<u64>() > 0);
    }
    for gateway in truth["nat_gateways"].as_array().unwrap() {
        assert_eq!(gateway["download_bytes"] == 0, gateway["idle"] == true, "{gateway}");
    }
    let actions: Vec<&str> =
        truth["decisions"].as_array().unwrap().iter().map(|d| d["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"fix") && actions.contains(&"create"));
}

fn metrics(root: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(root.join("metrics/get-metric-data.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["MetricDataResults"].as_array().unwrap().clone()
}

/// The sum of the series whose label, else whose id, names the thing and the metric; and how many series those are.
fn metered(results: &[Value], id: &str, metric: &str) -> (u64, usize) {
    let under = id.replace('-', "_");
    let names = |result: &&Value| {
        let (said, own) = (result["Label"].as_str().unwrap(), result["Id"].as_str().unwrap());
        let label = said.starts_with(id) && said.ends_with(&format!(" {metric}"));
        label || (said == metric && own.starts_with(&under) && own.ends_with(&format!("_{metric}")))
    };
    let series: Vec<&Value> = results.iter().filter(names).collect();
    let values = series.iter().flat_map(|result| result["Values"].as_array().unwrap());
    (values.map(|value| value.as_u64().unwrap()).sum(), series.len())
}

#[test]
fn metrics_are_what_the_gateways_and_endpoints_did() {
    for vantage in [Vantage::Nat, Vantage::Regional] {
        let (folder, _) = run(&Options { vantage, logs_only: false, ..options() });
        let (results, truth) = (metrics(folder.path()), truth(folder.path()));
        let zones = if vantage == Vantage::Regional { 3 } else { 1 };
        for gateway in truth["nat_gateways"].as_array().unwrap() {
            let id = gateway["nat_gateway_id"].as_str().unwrap();
            let [up, down] = ["BytesInFromSource", "BytesInFromDestination"].map(|m| metered(&results, id, m));
            assert_eq!((up.1, down.1), (zones, zones));
            assert_eq!(Some(up.0 + down.0), gateway["billed_bytes"].as_u64(), "{id}");
            assert_eq!(Some(up.0), gateway["upload_bytes"].as_u64(), "{id}");
        }
        for endpoint in truth["billing"]["endpoints"].as_array().unwrap() {
            let id = endpoint["endpoint_id"].as_str().unwrap();
            let (bytes, series) = metered(&results, id, "BytesProcessed");
            assert_eq!((Some(bytes), series), (endpoint["metered_bytes"].as_u64(), 1), "{id}");
        }
        for gateway in truth["billing"]["nat_gateways"].as_array().unwrap() {
            let own = truth["nat_gateways"].as_array().unwrap().iter();
            let same = own.filter(|g| g["nat_gateway_id"] == gateway["nat_gateway_id"]).collect::<Vec<_>>();
            assert_eq!(same[0]["billed_bytes"], gateway["billed_bytes"]);
        }
    }
}

#[test]
fn rules_name_every_address_that_ranges_do_not() {
    let (folder, _) = run(&Options { rules: true, ..options() });
    let text = std::fs::read_to_string(folder.path().join("natlens.toml")).unwrap();
    let truth = truth(folder.path());
    let rows = truth["traffic"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["service"] != "range:amazon"));
    let mut ruled = 0;
    for row in rows.iter().filter(|row| row["evidence"] == "rule") {
        ruled += row["upload_bytes"].as_u64().unwrap() + row["download_bytes"].as_u64().unwrap();
        assert!(text.contains(&format!("name = {}\nregion = {}\n", row["service"], row["service_region"])), "{row}");
    }
    let (plain, _) = run(&options());
    assert!(!plain.path().join("natlens.toml").exists());
    let amazon = self::truth(plain.path());
    let amazon = amazon["traffic"].as_array().unwrap().iter().filter(|row| row["service"] == "range:amazon");
    let sent = amazon.map(|row| row["upload_bytes"].as_u64().unwrap() + row["download_bytes"].as_u64().unwrap());
    assert_eq!(sent.sum::<u64>(), ruled);
}

#[test]
fn contradictions_are_refused() {
    let check = |options: Options| {
        let folder = tempfile::tempdir().unwrap();
        let result = simulate(&options, folder.path(), &mut |_| {});
        assert!(matches!(result, Err(SimulateError::Options(_))), "{options:?}");
    };
    check(Options { objects: 0, ..options() });
    check(Options { bill: BillOptions { bill_parts: 0, ..BillOptions::new() }, ..options() });
    check(Options { clients: 0, ..options() });
    check(Options { dns: DnsOptions { dns_objects: Some(0), ..DnsOptions::new() }, ..options() });
    check(Options { dns: DnsOptions { dns_missing: 101, ..DnsOptions::new() }, ..options() });
    check(Options { vantage: Vantage::V2, private_nat: true, ..options() });
    check(Options { vantage: Vantage::Regional, fields: Fields::Default, ..options() });
    check(Options { vantage: Vantage::TwoLogs, format: Format::DefaultGz, ..options() });
}
