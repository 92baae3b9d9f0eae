//! Where bytes went and who sent them, through the real binary: tables that sum to the traffic, and names that Resolver logs tell.

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::{arg, natlens};
use folder::put;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// Upload and download bytes, and cost in 10^-12.
type Sum = [i128; 3];

fn run(folder: &Path, more: &[&str]) -> String {
    let mut args = vec!["report", arg(folder), "--from", "2026-10-01", "--to", "2026-11-01"];
    args.extend_from_slice(more);
    let run = natlens(folder, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout
}

fn units(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<12}").parse().expect("a decimal")
}

/// Sums of a CSV table whose last three columns are bytes and cost, by the values of these columns.
fn csv(folder: &Path, table: &str, top: &str, by: &[usize]) -> BTreeMap<Vec<String>, Sum> {
    let text = run(folder, &["--format", "csv", "--table", table, "--top", top]);
    let mut sums: BTreeMap<Vec<String>, Sum> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [up, down, usd] = cells[cells.len() - 3..] else { panic!("{line}") };
        let sum = sums.entry(by.iter().map(|&at| cells[at].to_owned()).collect()).or_default();
        let parts = [up.parse().expect("bytes"), down.parse().expect("bytes"), units(usd)];
        for (sum, part) in sum.iter_mut().zip(parts) {
            *sum += part;
        }
    }
    sums
}

fn total(sums: &BTreeMap<Vec<String>, Sum>) -> Sum {
    let mut total = Sum::default();
    for sum in sums.values() {
        total.iter_mut().zip(sum).for_each(|(total, part)| *total += part);
    }
    total
}

/// Bytes only: the cost of a part may differ in its last digit, that of all parts not.
fn bytes(sums: BTreeMap<Vec<String>, Sum>) -> BTreeMap<Vec<String>, [i128; 2]> {
    sums.into_iter().map(|(key, [up, down, _])| (key, [up, down])).collect()
}

fn check_matrix(name: &str, options: &str, pairs: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bundle");
    let mut args = vec!["simulate", "--logs-only", "--records", "3000", "--objects", "5", "--clients", "30"];
    args.extend(options.split_whitespace().chain(["--to", arg(&path)]));
    let made = natlens(folder.path(), &args);
    assert_eq!(made.code, 0, "{name}: {}", made.stderr);
    let traffic = csv(&path, "traffic", "5", &[3, 4]);
    let whole = total(&traffic);
    assert!(whole[0] > 0 && whole[2] > 0, "{name}: {whole:?}");
    assert_eq!(total(&csv(&path, "destinations", "3", &[0])), whole, "{name}: destinations");
    let s3 = |sums: BTreeMap<Vec<String>, Sum>| total(&sums.into_iter().filter(|(key, _)| key[0] == "s3").collect());
    let (of_s3, of_buckets) = (s3(traffic.clone()), total(&csv(&path, "buckets", "3", &[0])));
    // Without a name that was asked for, a byte of S3's is in no bucket.
    let named = if path.join("dns").exists() { 1..of_s3[0] + 1 } else { 0..1 };
    assert!(named.contains(&of_buckets[0]) && of_buckets[1] <= of_s3[1], "{name}: {of_buckets:?} of {of_s3:?}");
    let all = total(&csv(&path, "buckets", "1000000", &[0]));
    assert_eq!(all[..2], of_buckets[..2], "{name}: the listed buckets and (other)");
    if !pairs {
        assert!(csv(&path, "client-services", "5", &[0]).is_empty(), "{name}: a pair was invented");
        return;
    }
    for top in ["0", "1", "4", "1000000"] {
        assert_eq!(total(&csv(&path, "client-services", top, &[0])), whole, "{name}: clients and services, top {top}");
    }
    assert_eq!(bytes(csv(&path, "client-services", "0", &[2, 3])), bytes(traffic), "{name}: by service");
    let clients = csv(&path, "clients", "0", &[0, 3]);
    assert_eq!(bytes(csv(&path, "client-services", "0", &[0, 1])), bytes(clients), "{name}: by client");
    let few = csv(&path, "client-services", "4", &[0, 2]);
    let distinct = |at: usize| few.keys().map(|key| &key[at]).collect::<BTreeSet<_>>().len();
    assert!(distinct(0) <= 5 && distinct(1) <= 5, "{name}: {few:?}");
}

#[test]
fn clients_and_services_sum_to_the_traffic() {
    check_matrix("gateways", "--vantage nat --seed 21", true);
    check_matrix("hub", "--vantage hub --seed 22", true);
    check_matrix("whole VPCs", "--vantage vpc --fields v11 --seed 23", true);
    check_matrix("logs that know no pairs", "--vantage v2 --seed 24", false);
}

const GATEWAY: &str = "eni-0000000000000nat1";

fn inventory() -> Value {
    json!({
        "Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": "123456789012"}],
        "NetworkInterfaces": [{"NetworkInterfaceId": GATEWAY, "InterfaceType": "nat_gateway", "SubnetId": "subnet-0a0",
            "VpcId": "vpc-0a", "PrivateIpAddress": "10.0.0.220",
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.220", "Primary": true}]}],
        "NatGateways": [{"NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0a", "SubnetId": "subnet-0a0",
            "State": "available", "NatGatewayAddresses": [{"PublicIp": "198.51.100.1", "PrivateIp": "10.0.0.220",
                "NetworkInterfaceId": GATEWAY, "IsPrimary": true, "Status": "succeeded"}]}],
    })
}

/// Remotes by address, the names that were asked for, and GB.
const REMOTES: [(&str, &[&str], u64); 5] = [
    ("52.216.0.10", &["prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com"], 50),
    ("52.216.0.11", &["s3.us-east-1.amazonaws.com"], 40),
    ("203.0.113.9", &["http-intake.logs.datadoghq.com"], 30),
    ("203.0.113.8", &["a.datadoghq.com", "b.datadoghq.com"], 20),
    ("203.0.113.7", &[], 10),
];

/// Where AWS puts them: the gateway's Region is in the key.
const FLOW_LOG: &str = "flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/10/01/\
    123456789012_vpcflowlogs_us-east-1_fl-0000000000000001_20261001T0100Z_00000001.log";

fn bundle_by_hand(folder: &Path) {
    let start = 1_790_812_800 + 3_600;
    let mut flows = String::from(
        "version interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status\n",
    );
    let mut queries = String::new();
    for (remote, names, gb) in REMOTES {
        let bytes = gb << 30;
        let end = start + 60;
        writeln!(flows, "5 {GATEWAY} 10.0.1.5 10.0.0.220 10.0.1.5 {remote} {bytes} {start} {end} ACCEPT OK")
            .expect("memory");
        for name in names {
            let record = json!({"version": "1.100000", "account_id": "123456789012", "region": "us-east-1",
                "vpc_id": "vpc-0a", "query_timestamp": "2026-10-01T00:59:00Z", "query_name": format!("{name}."),
                "query_type": "A", "query_class": "IN", "rcode": "NOERROR", "srcaddr": "10.0.1.5", "srcport": "4000",
                "transport": "UDP", "srcids": {}, "answers": [{"Rdata": remote, "Type": "A", "Class": "IN"}]});
            writeln!(queries, "{record}").expect("memory");
        }
    }
    put(folder, "inventory/account.json", &inventory().to_string());
    put(folder, FLOW_LOG, &flows);
    put(folder, "dns/a.log", &queries);
}

/// The words of the line of a section that starts with this name.
fn line(text: &str, section: &str, name: &str) -> Vec<String> {
    let part = text.split("\n\n").find(|part| part.starts_with(section)).unwrap_or_else(|| panic!("{section}: {text}"));
    let line = part.lines().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap_or_else(|| panic!("{name}: {part}")).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn hosts_and_buckets_are_known_from_resolver_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    bundle_by_hand(folder.path());
    let text = run(folder.path(), &[]);
    let ends_with = |section: &str, name: &str, end: &str| {
        let words = line(&text, section, name).join(" ");
        assert!(words.ends_with(end), "{section}: {words} does not end with {end}");
    };
    let layers = "prod-us-east-1-starport-layer-bucket";
    ends_with("Top destinations", REMOTES[0].1[0], "ECR image layers");
    ends_with("Top destinations", "s3.us-east-1.amazonaws.com", "$1.80");
    ends_with("Top destinations", "http-intake.logs.datadoghq.com", "offers PrivateLink");
    ends_with("Top destinations", "domain:datadoghq.com", "offers PrivateLink");
    ends_with("Top destinations", "203.0.113.7", "$0.45");
    ends_with("Top S3 buckets", layers, "ECR image layers");
    ends_with("Top S3 buckets", "(unknown)", "$1.80");
    ends_with("Named by", "dns", "$2.25");
    ends_with("Clients by service", "10.0.1.5", "$6.75");
    let json: Value = serde_json::from_str(&run(folder.path(), &["--format", "json"])).expect("JSON");
    assert!(
        json.get("client_services").is_none() && json["destinations"][0].get("note").is_none(),
        "not in the contract"
    );
}

/// More pairs than one thread names by itself, most of them of an address that comes once; owners and days are told apart, and of what
/// the last threads find much was found before.
#[test]
fn a_wide_month_is_the_same_on_any_number_of_threads() {
    const PAIRS: u64 = 20_000;
    const OCTOBER: u64 = 1_790_812_800;
    let folder = tempfile::tempdir().expect("a folder");
    let subnet =
        json!({"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "AvailabilityZoneId": "use1-az1"});
    let gateway = json!({"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available",
        "NatGatewayAddresses": [{"PrivateIp": "10.0.0.9", "NetworkInterfaceId": "eni-1", "IsPrimary": true}]});
    let instance = |n: u64| {
        json!({"NetworkInterfaceId": format!("eni-c{n}"), "InterfaceType": "interface", "VpcId": "vpc-1",
            "SubnetId": "subnet-1", "PrivateIpAddress": format!("10.0.1.{n}"), "OwnerId": "123456789012",
            "PrivateIpAddresses": [{"PrivateIpAddress": format!("10.0.1.{n}"), "Primary": true}],
            "Attachment": {"InstanceId": format!("i-{n}"), "AttachTime": "2026-10-11T00:00:00Z", "Status": "attached"}})
    };
    let all = json!({"NatGateways": [gateway], "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
        "Subnets": [subnet], "NetworkInterfaces": (0..200).step_by(3).map(instance).collect::<Vec<_>>()});
    put(folder.path(), "inventory/all.json", &all.to_string());
    let mut log = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status\n".to_owned();
    let (mut by_remote, mut by_client) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for n in 0..PAIRS {
        let (client, bytes) = (format!("10.0.1.{}", n * 7 % 200), 1_000 + n % 900);
        // A third of all pairs shares 500 addresses.
        let at = if n % 3 == 0 { n / 3 % 500 } else { n };
        let remote = format!("198.51.{}.{}", at / 250, at % 250);
        let start = OCTOBER + n * 130;
        writeln!(log, "eni-1 {client} 10.0.0.9 {client} {remote} {bytes} {start} {start} ACCEPT OK").expect("memory");
        *by_remote.entry(remote).or_default() += bytes;
        *by_client.entry(client).or_default() += bytes;
    }
    put(folder.path(), "flow-logs/a.log", &log);
    let group = ["--format", "json", "--top", "1000000", "--group-by", "day,instance,client", "--no-cache"];
    let on = |threads: &str| run(folder.path(), &[&group[..], &["--threads", threads]].concat());
    let one = on("1");
    let report: Value = serde_json::from_str(&one).expect("JSON");
    let sums = |table: &str, key: &str| -> BTreeMap<String, u64> {
        let rows = report[table].as_array().expect("an array").iter();
        rows.map(|row| (row[key].as_str().expect("a text").to_owned(), row["upload_bytes"].as_u64().expect("bytes")))
            .collect()
    };
    assert_eq!(sums("destinations", "name"), by_remote);
    assert_eq!(sums("clients", "client"), by_client);
    for threads in ["2", "3", "7"] {
        assert!(on(threads) == one, "on {threads} threads");
    }
}
