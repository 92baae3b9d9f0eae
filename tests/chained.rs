//! Bytes that cross two NAT gateways: a private one passes them on, over a transit gateway, to a public one in another VPC. Both
//! charge; whoever sends them is one client, and an endpoint takes them over once. Source: AWS, "Private NAT gateway", overlapping
//! networks.

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::{arg, natlens};
use folder::put;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const OCTOBER: i64 = 1_790_812_800;
const GB: u64 = 1 << 30;

/// Clients of 100.64.1.0/24 in `zone` behind the private gateway 10.8.0.10, which leads to 10.100.0.10 in the hub; 203.0.113.1 is
/// `sqs`, 52.216.1.1 S3.
fn account(zone: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = |id: &str, vpc: &str, block: &str, zone: usize| json!({"SubnetId": id, "VpcId": vpc, "CidrBlock": block, "AvailabilityZoneId": format!("use1-az{zone}")});
    let gateway = |id: &str, vpc: &str, subnet: &str, addr: &str, kind: &str| {
        json!({"NatGatewayId": id, "VpcId": vpc, "SubnetId": subnet, "State": "available", "ConnectivityType": kind,
            "NatGatewayAddresses": [{"PrivateIp": addr, "NetworkInterfaceId": format!("eni-{id}"), "IsPrimary": true}]})
    };
    let table = |id: &str, vpc: &str, subnet: &str, key: &str, target: &str| {
        json!({"RouteTableId": id, "VpcId": vpc, "Associations": [{"SubnetId": subnet}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", key: target, "State": "active"}]})
    };
    let all = json!({
        "NatGateways": [gateway("nat-private", "vpc-spoke", "subnet-r", "10.8.0.10", "private"),
            gateway("nat-hub", "vpc-hub", "subnet-h", "10.100.0.10", "public")],
        "Vpcs": [{"VpcId": "vpc-spoke", "CidrBlock": "10.8.0.0/16",
                "CidrBlockAssociationSet": [{"CidrBlock": "10.8.0.0/16"}, {"CidrBlock": "100.64.0.0/16"}]},
            {"VpcId": "vpc-hub", "CidrBlock": "10.100.0.0/16"}],
        "Subnets": [subnet("subnet-r", "vpc-spoke", "10.8.0.0/24", 1), subnet("subnet-c", "vpc-spoke", "100.64.1.0/24", zone),
            subnet("subnet-h", "vpc-hub", "10.100.0.0/24", 1), subnet("subnet-t", "vpc-hub", "10.100.1.0/28", 1)],
        "RouteTables": [table("rtb-c", "vpc-spoke", "subnet-c", "NatGatewayId", "nat-private"),
            table("rtb-r", "vpc-spoke", "subnet-r", "TransitGatewayId", "tgw-1"),
            table("rtb-t", "vpc-hub", "subnet-t", "NatGatewayId", "nat-hub")],
        "VpcEndpoints": [],
        "TransitGatewayVpcAttachments": [
            {"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1", "VpcId": "vpc-spoke", "State": "available"},
            {"TransitGatewayAttachmentId": "tgw-attach-2", "TransitGatewayId": "tgw-1", "VpcId": "vpc-hub", "State": "available"}],
    });
    put(folder.path(), "inventory/all.json", &all.to_string());
    let rule = "[[rules]]\ncidr = \"203.0.113.1/32\"\nname = \"sqs\"\nregion = \"us-east-1\"\n";
    put(folder.path(), "natlens.toml", rule);
    folder
}

/// Legs 1 and 4 of so many GB at these gateways, half of them each way, from the first day to the last.
fn logs(folder: &Path, gateways: &[&str], remote: &str, gb: u64) {
    let mut log = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status\n".to_owned();
    for gateway in gateways {
        let (client, own) =
            if *gateway == "nat-hub" { ("10.8.0.10", "10.100.0.10") } else { ("100.64.1.5", "10.8.0.10") };
        for (day, from, to) in [(0, client, remote), (30, remote, client)] {
            let (src, dst) = if from == client { (client, own) } else { (own, client) };
            let (start, bytes) = (OCTOBER + day * 86_400, gb * GB / 2);
            writeln!(log, "eni-{gateway} {src} {dst} {from} {to} {bytes} {start} {start} ACCEPT OK").expect("memory");
        }
    }
    put(folder, &format!("flow-logs/{remote}.log"), &log);
}

fn report(folder: &Path) -> Value {
    let run = natlens(folder, &["report", arg(folder), "--month", "2026-10", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn check(situation: &str, zone: usize, gateways: &[&str], gb: u64, expect: &Value) {
    let folder = account(zone);
    logs(folder.path(), gateways, "203.0.113.1", gb);
    let report = report(folder.path());
    let decisions = report["decisions"].as_array().expect("an array");
    let [row] = decisions.as_slice() else { panic!("{situation}: {decisions:?}") };
    let fields = ["action", "az_ids", "bytes", "avoided_usd", "endpoint_hours_usd", "endpoint_data_usd", "net_usd"];
    let found: Vec<&Value> = fields.iter().map(|field| &row[*field]).collect();
    assert_eq!(json!(found), *expect, "{situation}: {row}");
    let explained = natlens(folder.path(), &["explain", arg(folder.path()), "sqs", "--month", "2026-10"]);
    assert_eq!(explained.code, 0, "{situation}: {}", explained.stderr);
}

#[test]
fn what_two_gateways_charge_for_is_taken_over_once() {
    let (both, zone) = (["nat-private", "nat-hub"], |zone: usize| json!([format!("use1-az{zone}")]));
    // $0.045 at each gateway and $0.02 at the transit gateway, against $0.01 in the hours of one zone.
    let expect = json!(["create", zone(1), 78 * GB, "8.58", "7.44", "0.78", "0.36"]);
    check("both are logged", 1, &both, 78, &expect);
    // Crossing to the first gateway costs $0.02 more.
    let expect = json!(["create", zone(2), 160 * GB, "20.8", "7.44", "1.6", "11.76"]);
    check("clients in a zone of their own", 2, &both, 160, &expect);
    // Only the second one's records tell of these bytes: they are nobody's twice.
    let expect = json!(["create", zone(1), 160 * GB, "10.4", "7.44", "1.6", "1.36"]);
    check("the private one has no log", 1, &both[1..], 160, &expect);
}

/// A log of the private gateway that holds 10 of the 160 GB: no more of them can be there twice.
#[test]
fn what_one_log_has_in_part_is_there_twice_in_part() {
    let folder = account(1);
    logs(folder.path(), &["nat-private"], "203.0.113.1", 10);
    std::fs::rename(folder.path().join("flow-logs/203.0.113.1.log"), folder.path().join("flow-logs/private.log"))
        .expect("a log");
    logs(folder.path(), &["nat-hub"], "203.0.113.1", 160);
    let report = report(folder.path());
    let row = &report["decisions"][0];
    // 160 x $0.065 at the hub and 10 x $0.045 at the private gateway, against 160 x $0.01 and the hours.
    let found = (&row["action"], &row["bytes"], &row["avoided_usd"], &row["net_usd"]);
    assert_eq!(found, (&json!("create"), &json!(160 * GB), &json!("10.85"), &json!("1.81")), "{row}");
}

#[test]
fn s3_by_two_gateways_is_the_bytes_of_one_and_the_dollars_of_both() {
    let folder = account(1);
    logs(folder.path(), &["nat-private", "nat-hub"], "52.216.1.1", 100);
    let report = report(folder.path());
    let row = &report["decisions"][0];
    let found = (&row["action"], &row["bytes"], &row["net_usd"]);
    assert_eq!(found, (&json!("create"), &json!(100 * GB), &json!("11")), "{row}");
    // Each gateway has processed them all the same.
    assert_eq!(report["summary"]["observed_bytes"], json!(200 * GB));
}
