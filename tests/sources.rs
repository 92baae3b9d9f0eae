//! The NAT example of the VPC user guide, and a regional gateway, in every form in which AWS delivers flow logs, with and
//! without inventory; and what is no VPC flow log, which is refused by name.
//!
//! The guide's records name addresses only: bytes, start and end are added.

mod common;
#[path = "common/folder.rs"]
mod folder;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use common::{Run, arg, natlens};
use folder::put;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;

const ZONAL: &str = "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end
- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 1300 1790856000 1790856060
- eni-1235b8ca123456789 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 1300 1790856001 1790856060
- eni-1235b8ca123456789 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 57000 1790856002 1790856060
- eni-1235b8ca123456789 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 57000 1790856003 1790856060
i-01234567890123456 eni-1111aaaa2222bbbb3 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 1300 1790856000 1790856060
i-01234567890123456 eni-1111aaaa2222bbbb3 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 57000 1790856003 1790856060
";

/// A scan of the second address on top: two packets that nobody asked for.
const REGIONAL: &str =
    "resource-id instance-id interface-id subnet-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end
nat-1234567890abcdef - - - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 1300 1790856000 1790856060
nat-1234567890abcdef - - - 107.22.182.139 203.0.113.5 107.22.182.139 203.0.113.5 1300 1790856001 1790856060
nat-1234567890abcdef - - - 203.0.113.5 107.22.182.139 203.0.113.5 107.22.182.139 57000 1790856002 1790856060
nat-1234567890abcdef - - - 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 57000 1790856003 1790856060
nat-1234567890abcdef - - - 198.51.100.77 107.22.182.139 198.51.100.77 107.22.182.139 80 1790856004 1790856060
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Gzip,
    UnderscoresAndRepeatedHeaders,
    Export,
    Firehose,
    FirehoseLines,
    Subscription,
    Parquet,
}

const FORMS: [Form; 8] = [
    Form::Text,
    Form::Gzip,
    Form::UnderscoresAndRepeatedHeaders,
    Form::Export,
    Form::Firehose,
    Form::FirehoseLines,
    Form::Subscription,
    Form::Parquet,
];

impl Form {
    /// Whether the field names are lost on the way.
    fn is_headless(self) -> bool {
        matches!(self, Self::Export | Self::Firehose | Self::FirehoseLines | Self::Subscription)
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(content).expect("memory takes all bytes");
    gz.finish().expect("memory takes all bytes")
}

fn parquet(header: &[&str], records: &[&str]) -> Vec<u8> {
    let cell = |at: usize| records.iter().map(move |record| record.split(' ').nth(at).expect("a field"));
    let column = |(at, name): (usize, &&str)| -> (String, ArrayRef) {
        let column: ArrayRef = match *name {
            "bytes" | "start" | "end" => {
                Arc::new(cell(at).map(|text| text.parse::<i64>().ok()).collect::<Int64Array>())
            }
            _ => Arc::new(cell(at).map(Some).collect::<StringArray>()),
        };
        (name.replace('-', "_"), column)
    };
    let batch = RecordBatch::try_from_iter(header.iter().enumerate().map(column)).expect("columns of one length");
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a Parquet writer");
    writer.write(&batch).expect("memory takes all bytes");
    writer.close().expect("memory takes all bytes");
    bytes
}

/// The object that holds these records, and its key.
fn object(text: &str, form: Form) -> (&'static str, Vec<u8>) {
    let header: Vec<&str> = text.lines().next().expect("a header").split(' ').collect();
    let records: Vec<&str> = text.lines().skip(1).collect();
    let joined = |line: &dyn Fn(&&str) -> String| records.iter().map(line).collect::<String>();
    match form {
        Form::Text => ("sample.log", text.as_bytes().to_vec()),
        Form::Gzip => ("2026/10/01/sample.log.gz", gzip(text.as_bytes())),
        Form::UnderscoresAndRepeatedHeaders => {
            let (first, rest) = text.split_at(text.match_indices('\n').nth(2).expect("three lines").0 + 1);
            let names = header.iter().map(|name| name.replace('-', "_")).collect::<Vec<_>>().join(" ");
            let first = first.replacen(&text_header(text), &names, 1);
            ("sample.txt", format!("{first}{names}\n{rest}").into_bytes())
        }
        Form::Export => {
            let all = joined(&|record| format!("2026-10-01T12:00:00.000Z {record}\n"));
            ("exported/0f1e2d3c-aaaa-bbbb-cccc-0123456789ab/eni-all/000000.gz", gzip(all.as_bytes()))
        }
        Form::Firehose => {
            ("2026/10/01/12/stream", joined(&|record| json!({ "message": record }).to_string()).into_bytes())
        }
        Form::FirehoseLines => (
            "2026/10/01/12/stream.gz",
            gzip(joined(&|record| json!({ "message": record }).to_string() + "\n").as_bytes()),
        ),
        Form::Subscription => {
            let event = |record: &&str| json!({"id": "1", "timestamp": 1_790_856_000_000_u64, "message": record});
            let document = json!({
                "messageType": "DATA_MESSAGE", "owner": "123456789010", "logGroup": "/vpc/flow", "logStream": "eni-all",
                "subscriptionFilters": ["all"], "logEvents": records.iter().map(event).collect::<Vec<_>>(),
            });
            ("2026/10/01/12/subscription.gz", gzip(document.to_string().as_bytes()))
        }
        Form::Parquet => ("2026/10/01/sample.log.parquet", parquet(&header, &records)),
    }
}

fn text_header(text: &str) -> String {
    text.lines().next().expect("a header").to_owned()
}

fn inventory(regional: bool) -> Value {
    let gateway = if regional {
        json!({
            "NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0a", "State": "available",
            "AvailabilityMode": "regional", "ConnectivityType": "public",
            "NatGatewayAddresses": [{"PublicIp": "107.22.182.139", "Status": "succeeded"}],
        })
    } else {
        json!({
            "NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0a", "SubnetId": "subnet-0a", "State": "available",
            "ConnectivityType": "public",
            "NatGatewayAddresses": [{
                "PublicIp": "107.22.182.139", "PrivateIp": "10.0.0.220", "NetworkInterfaceId": "eni-1235b8ca123456789",
                "IsPrimary": true, "Status": "succeeded",
            }],
        })
    };
    let subnet = |id: &str, cidr: &str| {
        json!({"SubnetId": id, "VpcId": "vpc-0a", "CidrBlock": cidr, "AvailabilityZoneId": "use1-az1",
            "AvailabilityZone": "us-east-1a", "OwnerId": "123456789010"})
    };
    let interface = |id: &str, kind: &str, subnet: &str, address: &str| {
        json!({"NetworkInterfaceId": id, "InterfaceType": kind, "SubnetId": subnet, "VpcId": "vpc-0a",
            "PrivateIpAddress": address, "PrivateIpAddresses": [{"PrivateIpAddress": address, "Primary": true}]})
    };
    json!({
        "NatGateways": [gateway],
        "Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": "123456789010",
            "CidrBlockAssociationSet": [{"CidrBlock": "10.0.0.0/16"}]}],
        "Subnets": [subnet("subnet-0a", "10.0.0.0/24"), subnet("subnet-0b", "10.0.1.0/24")],
        "NetworkInterfaces": [
            interface("eni-1235b8ca123456789", "nat_gateway", "subnet-0a", "10.0.0.220"),
            interface("eni-1111aaaa2222bbbb3", "interface", "subnet-0b", "10.0.1.5"),
        ],
        "RouteTables": [{"RouteTableId": "rtb-0b", "VpcId": "vpc-0a", "Associations": [{"SubnetId": "subnet-0b"}],
            "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1234567890abcdef", "State": "active"},
            ]}],
    })
}

/// A bundle that holds these objects and, if any, this inventory.
fn bundle(objects: &[(&str, &[u8])], inventory: Option<&Value>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (key, bytes) in objects {
        put(folder.path(), &format!("flow-logs/{key}"), bytes);
    }
    if let Some(inventory) = inventory {
        for (name, elements) in inventory.as_object().expect("an object") {
            put(folder.path(), &format!("inventory/{name}.json"), &json!({ name: elements }).to_string());
        }
    }
    folder
}

/// The report of the records' month.
fn run(objects: &[(&str, &[u8])], inventory: Option<&Value>, more: &[&str]) -> Run {
    let folder = bundle(objects, inventory);
    let mut args = vec!["report", arg(folder.path()), "--month", "2026-10", "--format", "json"];
    args.extend_from_slice(more);
    natlens(folder.path(), &args)
}

/// The report of the newest month.
fn run_newest(objects: &[(&str, &[u8])], inventory: Option<&Value>) -> Run {
    let folder = bundle(objects, inventory);
    natlens(folder.path(), &["report", arg(folder.path()), "--format", "json"])
}

struct Expected {
    gateway: &'static str,
    unsolicited: u64,
    counted: u64,
    mirror: u64,
    not_nat: u64,
}

fn check(name: &str, text: &str, with: Option<&Value>, expected: &Expected) {
    for form in FORMS {
        let (key, bytes) = object(text, form);
        let format: Vec<String> = text_header(text).split(' ').map(|field| format!("${{{field}}}")).collect();
        let format = format.join(" ");
        let more: &[&str] = if form.is_headless() { &["--log-format", &format] } else { &[] };
        let run = run(&[(key, &bytes)], with, more);
        assert_eq!(run.code, 0, "{name}, {form:?}: {}", run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        let gateways = report["nat_gateways"].as_array().expect("an array");
        assert_eq!(gateways.len(), 1, "{name}, {form:?}: {gateways:?}");
        let gateway = &gateways[0];
        assert_eq!(gateway["nat_gateway_id"], expected.gateway, "{name}, {form:?}");
        let found = ["upload_bytes", "download_bytes", "observed_bytes", "mirror_bytes", "unsolicited_bytes"];
        let found = found.map(|field| gateway[field].clone());
        let bytes = [1_300, 57_000, 58_300, 58_300, expected.unsolicited].map(Value::from);
        assert_eq!(found, bytes, "{name}, {form:?}: up, down, observed, mirror, unsolicited");
        let client = &report["clients"][0];
        assert_eq!(client["client"], "10.0.1.5", "{name}, {form:?}");
        assert_eq!((&client["upload_bytes"], &client["download_bytes"]), (&json!(1_300), &json!(57_000)));
        assert_eq!(report["traffic"].as_array().map(Vec::len), Some(1), "{name}, {form:?}: {}", report["traffic"]);
        assert_eq!(report["traffic"][0]["service"], "internet", "{name}, {form:?}");
        let kinds = ["counted", "mirror", "not_nat"].map(|kind| report["records"][kind].clone());
        let expected = [expected.counted, expected.mirror, expected.not_nat].map(Value::from);
        assert_eq!(kinds, expected, "{name}, {form:?}: {}", report["records"]);
        let assumed = |warning: &Value| warning["code"] == "assumed-status";
        assert!(report["warnings"].as_array().expect("an array").iter().any(assumed), "{name}, {form:?}: no warning");
    }
}

#[test]
fn the_user_guides_gateway_with_inventory() {
    let expected = Expected { gateway: "nat-1234567890abcdef", unsolicited: 0, counted: 2, mirror: 4, not_nat: 0 };
    check("zonal", ZONAL, Some(&inventory(false)), &expected);
}

#[test]
fn the_user_guides_gateway_without_inventory_is_known_by_its_four_legs() {
    // Without route tables nothing says that the instance's own records went through a gateway.
    let expected = Expected { gateway: "eni-1235b8ca123456789", unsolicited: 0, counted: 2, mirror: 2, not_nat: 2 };
    check("zonal, no inventory", ZONAL, None, &expected);
}

#[test]
fn a_regional_gateway_with_inventory() {
    let expected = Expected { gateway: "nat-1234567890abcdef", unsolicited: 80, counted: 2, mirror: 3, not_nat: 0 };
    check("regional", REGIONAL, Some(&inventory(true)), &expected);
}

#[test]
fn a_regional_gateway_without_inventory_is_known_by_its_resource_id() {
    let expected = Expected { gateway: "nat-1234567890abcdef", unsolicited: 80, counted: 2, mirror: 3, not_nat: 0 };
    check("regional, no inventory", REGIONAL, None, &expected);
}

/// `64:ff9b::/96` stands for the IPv4 internet: what talks to it is a client, whatever its own address looks like.
#[test]
fn an_ipv6_client_of_a_regional_gateway_without_inventory() {
    let translated = REGIONAL
        .replace(" 10.0.1.5 203.0.113.5", " 2600:1f18:1020:ab01::5 64:ff9b::cb00:7105")
        .replace(" 203.0.113.5 10.0.1.5", " 64:ff9b::cb00:7105 2600:1f18:1020:ab01::5");
    let run = run(&[("sample.log", translated.as_bytes())], None, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
    let gateway = &report["nat_gateways"][0];
    assert_eq!((&gateway["upload_bytes"], &gateway["download_bytes"]), (&json!(1_300), &json!(57_000)));
    assert_eq!(report["records"]["counted"], 2, "{}", report["records"]);
}

#[test]
fn headless_logs_are_read_by_the_format_that_the_inventory_tells() {
    let mut inventory = inventory(false);
    let fields: Vec<String> = text_header(ZONAL).split(' ').map(|field| format!("${{{field}}}")).collect();
    inventory["FlowLogs"] = json!([{"FlowLogId": "fl-0123456789abcdef0", "ResourceId": "vpc-0a", "TrafficType": "ALL",
        "LogFormat": fields.join(" "), "LogGroupName": "/vpc/flow"}]);
    for form in FORMS.into_iter().filter(|form| form.is_headless()) {
        let (key, bytes) = object(ZONAL, form);
        let run = run(&[(key, &bytes)], Some(&inventory), &[]);
        assert_eq!(run.code, 0, "{form:?}: {}", run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        assert_eq!(report["nat_gateways"][0]["download_bytes"], 57_000, "{form:?}");
    }
}

/// What is no VPC flow log beside one that is: it is named with its reason, and the rest is exact.
fn refused(key: &str, bytes: &[u8], words: &[&str]) {
    let with = inventory(false);
    let beside = run(&[("sample.log", ZONAL.as_bytes()), (key, bytes)], Some(&with), &[]);
    assert_eq!(beside.code, 3, "{key}: {}", beside.stderr);
    assert!(beside.stderr.contains(key), "{key} is not named: {}", beside.stderr);
    let said = beside.stderr.to_lowercase();
    assert!(words.iter().all(|word| said.contains(word)), "{key}: {words:?} not in {}", beside.stderr);
    let report: Value = serde_json::from_str(&beside.stdout).expect("JSON on stdout");
    assert_eq!(report["nat_gateways"][0]["observed_bytes"], 58_300, "{key}");
    assert_eq!(report["records"]["read"], 6, "{key}: a refused object gives no record");
    // Where the month is not given, nothing says what an empty report would be about.
    let alone = run_newest(&[(key, bytes)], Some(&with));
    assert_eq!(alone.code, 1, "{key} alone: {}", alone.stderr);
    assert!(alone.stdout.is_empty(), "{key} alone: a report on nothing");
    assert!(alone.stderr.to_lowercase().contains(words[0]), "{key} alone: {}", alone.stderr);
}

#[test]
fn what_is_no_vpc_flow_log_is_refused_by_name() {
    let transit = "version resource-type account-id tgw-id tgw-attachment-id srcaddr dstaddr bytes start end log-status\n\
        6 TransitGateway 123456789010 tgw-0a tgw-attach-0a 10.0.1.5 203.0.113.5 1300 1790856000 1790856060 OK\n";
    refused("transit.log", transit.as_bytes(), &["transit gateway"]);
    refused("transit.log.gz", &gzip(transit.as_bytes()), &["transit gateway"]);
    let lake = json!({"class_uid": 4001, "class_name": "Network Activity", "category_uid": 4, "activity_id": 6,
        "metadata": {"product": {"name": "Amazon VPC"}, "version": "1.1.0"}, "src_endpoint": {"ip": "10.0.1.5"},
        "dst_endpoint": {"ip": "203.0.113.5"}, "traffic": {"bytes": 1300}, "time": 1_790_856_000_000_u64});
    refused("lake.json", lake.to_string().as_bytes(), &["ocsf"]);
    refused("commas.csv", ZONAL.replace(' ', ",").as_bytes(), &["comma"]);
    refused("archive.zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00rest of an archive", &["zip"]);
    refused("broken.log.gz", &gzip(ZONAL.as_bytes())[..60], &["broken"]);
    let no_bytes = ZONAL.replace("bytes ", "packets ");
    refused("no-bytes.log", no_bytes.as_bytes(), &["bytes"]);
    let headless = ZONAL.split_once('\n').expect("a header").1;
    refused("headless.log", headless.as_bytes(), &["header", "--log-format"]);
}

/// Clients of equal weight at a price that does not divide: what is left over goes to the lower key, in any order of records.
#[test]
fn equal_shares_do_not_depend_on_the_order_of_records() {
    let header = "region interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start";
    let mut rows = Vec::new();
    for client in 1..=40 {
        let (client, nat, remote) = (format!("10.0.1.{client}"), "10.0.0.220", "203.0.113.5");
        for [src, dst, pkt_src, pkt_dst] in [
            [&client, nat, &client, remote],
            [nat, remote, nat, remote],
            [remote, nat, remote, nat],
            [nat, &client, remote, &client],
        ] {
            rows.push(format!("us-east-1 eni-1235b8ca123456789 {src} {dst} {pkt_src} {pkt_dst} 7 1790856000"));
        }
    }
    let report = |rows: &[String]| -> [Value; 2] {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("flow-logs");
        std::fs::create_dir(&logs).expect("made");
        std::fs::write(logs.join("a.log"), format!("{header}\n{}\n", rows.join("\n"))).expect("written");
        let run = natlens(folder.path(), &["report", ".", "--format", "json", "--group-by", "client,service"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        [report["clients"].take(), report["groups"].take()]
    };
    let first = report(&rows);
    assert_eq!(first[1].as_array().map(Vec::len), Some(40));
    assert_ne!(first[1][0]["usd"], first[1][39]["usd"], "the price divides after all: nothing is tested");
    rows.reverse();
    for _ in 0..3 {
        assert_eq!(report(&rows), first);
    }
}

/// A spoke of which no Region is known is not taken to be in its hub's: no endpoint is claimed for it.
#[test]
fn a_spoke_of_unknown_region_gets_no_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    for part in ["flow-logs", "inventory"] {
        std::fs::create_dir(folder.path().join(part)).expect("made");
    }
    let inventory = |spoke_subnets: Value| {
        json!({
            "Vpcs": [{"VpcId": "vpc-0hub", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-0spoke", "CidrBlock": "10.9.0.0/16"}],
            "Subnets": spoke_subnets,
            "NatGateways": [{"NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0hub", "SubnetId": "subnet-0hub",
                "State": "available", "NatGatewayAddresses":
                    [{"NetworkInterfaceId": "eni-1235b8ca123456789", "PrivateIp": "10.0.0.220"}]}],
        })
    };
    let hub = json!({"SubnetId": "subnet-0hub", "VpcId": "vpc-0hub", "AvailabilityZone": "us-east-1a",
        "CidrBlock": "10.0.0.0/24"});
    let spoke = json!({"SubnetId": "subnet-0spoke", "VpcId": "vpc-0spoke", "AvailabilityZone": "us-east-1a",
        "CidrBlock": "10.9.0.0/24"});
    let log = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start
eni-1235b8ca123456789 10.9.0.5 10.0.0.220 10.9.0.5 52.216.0.10 1300 1790856000\n";
    std::fs::write(folder.path().join("flow-logs/a.log"), log).expect("written");
    for (subnets, endpoint, decisions) in [(json!([&hub]), "none", 0), (json!([&hub, &spoke]), "gateway", 1)] {
        std::fs::write(folder.path().join("inventory/a.json"), inventory(subnets).to_string()).expect("written");
        let run = natlens(folder.path(), &["report", ".", "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let row = &report["traffic"][0];
        assert_eq!((&row["service"], &row["vpc_id"]), (&json!("s3"), &json!("vpc-0spoke")));
        assert_eq!(row["endpoint"], endpoint);
        assert_eq!(report["decisions"].as_array().map(Vec::len), Some(decisions));
    }
}

/// A footer with a bit flipped is not always an error to the decoder: here and there it panics.
#[test]
fn a_panic_of_the_parquet_decoder_is_a_warning_like_any_other() {
    let (_, whole) = object(ZONAL, Form::Parquet);
    let panics = |bytes: &Vec<u8>| {
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        let read = || {
            let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
            let needed = ProjectionMask::columns(builder.parquet_schema(), ["bytes"]);
            builder.with_projection(needed).build().map(|mut batches| batches.next())
        };
        std::panic::catch_unwind(read).is_err()
    };
    let flipped = |bit: usize| {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        damaged
    };
    let damaged =
        (0..whole.len() * 8).rev().map(flipped).find(panics).expect("a bit that the decoder is not ready for");
    let folder = tempfile::tempdir().expect("a folder");
    put(folder.path(), "flow-logs/damaged.parquet", &damaged);
    let run = natlens(folder.path(), &["report", arg(folder.path()), "--month", "2026-10", "--format", "json"]);
    let warning = "damaged.parquet: the Parquet file is broken or cut off: the decoder gave up: ";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    assert!(!run.stderr.contains("panicked at"), "{}", run.stderr);
}
