//! Whose traffic it is, from a hand-written inventory, pods, flow log and bill through the real binary. Figures by hand: every
//! GB on the bill costs one dollar, ten are billed, eight are in the log.

mod common;

use common::{Run, arg, natlens};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const GB: u64 = 1 << 30;

/// 2026-10-01T00:00:00Z.
const DAY: u64 = 1_790_812_800;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status \
                      ecs-cluster-name ecs-service-name instance-tag";

const TEAMS: &str = r#"
[[teams]]
name = "payments"
tag = "team=pay"
[[teams]]
name = "payments"
namespace = "pay"
[[teams]]
name = "search"
namespace = "search"
[[teams]]
name = "functions"
cidr = "10.0.1.10/32"
"#;

/// One VPC with a gateway, an instance with a tag, a function, a task, and a node of a cluster.
fn inventory() -> Value {
    let interface = |id: &str, address: &str, description: &str, instance: Option<&str>| {
        json!({"NetworkInterfaceId": id, "VpcId": "vpc-0a", "SubnetId": "subnet-0a1", "InterfaceType": "interface",
            "PrivateIpAddress": address, "Description": description, "OwnerId": "123456789012",
            "Attachment": {"InstanceId": instance, "AttachTime": "2026-09-01T00:00:00Z"}, "TagSet": []})
    };
    let task = "arn:aws:ecs:us-east-1:123456789012:attachment/9812f5e5-8c97-404c-8f80-f2f28a8a2708";
    json!({
        "Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": "123456789012"}],
        "Subnets": [
            {"SubnetId": "subnet-0a0", "VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/24", "AvailabilityZoneId": "use1-az1"},
            {"SubnetId": "subnet-0a1", "VpcId": "vpc-0a", "CidrBlock": "10.0.1.0/24", "AvailabilityZoneId": "use1-az1"}],
        "NatGateways": [{"NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0a", "SubnetId": "subnet-0a0", "State": "available",
            "NatGatewayAddresses": [{"PublicIp": "198.51.100.1", "PrivateIp": "10.0.0.220", "IsPrimary": true,
                "NetworkInterfaceId": "eni-0000000000000nat1"}]}],
        "NetworkInterfaces": [
            interface("eni-00000000000000010", "10.0.1.10",
                "AWS Lambda VPC ENI-checkout-30bb1fd5-e726-4d80-9ff2-52fd62cd548c", None),
            interface("eni-00000000000000020", "10.0.1.20", task, None),
            interface("eni-00000000000000040", "10.0.1.40", "", Some("i-0000000000000node"))],
        "Reservations": [{"OwnerId": "123456789012", "Instances": [{"InstanceId": "i-00000000000000web", "VpcId": "vpc-0a",
            "State": {"Name": "running"}, "Tags": [{"Key": "Name", "Value": "web-1"}, {"Key": "team", "Value": "pay"}],
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-00000000000000005", "VpcId": "vpc-0a", "SubnetId": "subnet-0a1",
                "PrivateIpAddress": "10.0.1.5", "Attachment": {"AttachTime": "2026-09-01T00:00:00Z"}}]}]}],
        "Tags": [{"ResourceId": "i-00000000000000web", "ResourceType": "instance", "Key": "cost center", "Value": "4711"}],
    })
}

fn pod(namespace: &str, name: &str, address: &str, start: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("{name}-7d9c8b6f5d-abcde"), "namespace": namespace, "uid": format!("{namespace}/{name}{start}"),
            "labels": {"pod-template-hash": "7d9c8b6f5d"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": format!("{name}-7d9c8b6f5d"), "controller": true}]},
        "spec": {"nodeName": "node"},
        "status": {"phase": "Running", "hostIP": "10.0.1.40", "podIP": address, "startTime": start}})
}

/// At ten o'clock a pod of `pay` has 10.0.1.30; at 18 o'clock one of `search` does, since noon.
fn snapshots() -> [(&'static str, Value); 2] {
    let list =
        |items: Value| json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items});
    let proxy = pod("search", "proxy", "10.0.1.31", "2026-09-20T00:00:00Z");
    let before = list(json!([pod("pay", "api", "10.0.1.30", "2026-09-30T07:00:00Z"), proxy]));
    let after = list(json!([pod("search", "web", "10.0.1.30", "2026-10-01T12:00:00Z"), proxy]));
    [("pods-20261001T1000Z.json", before), ("pods-20261001T1800Z.json", after)]
}

/// A record: interface, `srcaddr`, `dstaddr`, `pkt-*`, GB, hour, and what it says of its owner.
fn record(interface: &str, ends: [&str; 4], gb: u64, hour: u64, owner: &str) -> String {
    let ([src, dst, pkt_src, pkt_dst], start) = (ends, DAY + hour * 3_600);
    let end = start + 60;
    let bytes = gb * GB;
    format!("7 123456789012 eni-{interface} {src} {dst} {pkt_src} {pkt_dst} {bytes} {start} {end} ACCEPT OK {owner}")
}

/// What a client sends through the gateway: both legs at the gateway.
fn sent(client: &str, gb: u64, hour: u64) -> [String; 2] {
    let (gateway, nat, remote) = ("0000000000000nat1", "10.0.0.220", "203.0.113.5");
    [
        record(gateway, [client, nat, client, remote], gb, hour, "- - -"),
        record(gateway, [nat, remote, nat, remote], gb, hour, "- - -"),
    ]
}

fn log() -> String {
    let mut lines = vec![HEADER.to_owned()];
    for (client, gb, hour) in [
        ("10.0.1.5", 2, 1),
        ("10.0.1.10", 1, 2),
        ("10.0.1.20", 1, 3),
        ("10.0.1.30", 1, 3),
        ("10.0.1.30", 1, 20),
        ("10.0.1.40", 1, 4),
        ("10.0.1.50", 1, 5),
    ] {
        lines.extend(sent(client, gb, hour));
    }
    // The task's own interface: the gateway's records count, but only this one knows the service.
    let ends = ["10.0.1.20", "203.0.113.5", "10.0.1.20", "203.0.113.5"];
    lines.push(record("00000000000000020", ends, 1, 3, "shop web -"));
    // An interface that no inventory has: the records themselves show its address and its instance's tag.
    for remote in ["203.0.113.5", "203.0.113.6"] {
        let ends = ["10.0.1.50", remote, "10.0.1.50", remote];
        lines.push(record("00000000000000050", ends, 0, 5, "- - red%20green"));
    }
    lines.join("\n") + "\n"
}

const BILL: &str = "lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,\
    lineItem/UsageType,lineItem/Operation,lineItem/ResourceId,lineItem/UsageAmount,lineItem/UnblendedCost,pricing/unit\n\
    123456789012,Usage,2026-10-01T00:00:00Z,2026-10-01T01:00:00Z,NatGateway-Bytes,NatGateway,\
    arn:aws:ec2:us-east-1:123456789012:natgateway/nat-1234567890abcdef,10,10,GB\n";

fn bundle(teams: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("a file can be written");
    };
    put("flow-logs/log.txt", &log());
    put("inventory/account.json", &inventory().to_string());
    for (name, pods) in snapshots() {
        put(&format!("inventory/{name}"), &pods.to_string());
    }
    put("billing/cur.csv", BILL);
    put("natlens.toml", teams);
    folder
}

fn run(folder: &Path, more: &[&str]) -> Run {
    let mut args = vec!["report", arg(folder), "--from", "2026-10-01", "--to", "2026-10-02"];
    args.extend(more);
    let run = natlens(folder, &args);
    assert_eq!(run.code, 0, "{more:?}: {}", run.stderr);
    run
}

fn report(folder: &Path, by: &str) -> Value {
    serde_json::from_str(&run(folder, &["--format", "json", "--group-by", by]).stdout).expect("JSON")
}

/// GB and dollars by the values of a dimension.
fn groups(report: &Value) -> BTreeMap<String, (u64, String)> {
    let rows = report["groups"].as_array().expect("groups");
    let row = |row: &Value| {
        let values: Vec<&str> =
            row["by"].as_object().expect("by").values().map(|value| value.as_str().unwrap_or("-")).collect();
        let bytes = row["upload_bytes"].as_u64().expect("bytes") + row["download_bytes"].as_u64().expect("bytes");
        (values.join(" "), (bytes / GB, row["usd"].as_str().expect("dollars").to_owned()))
    };
    rows.iter().map(row).collect()
}

fn check(folder: &Path, by: &str, expect: &[(&str, u64)]) {
    let found = groups(&report(folder, by));
    let expect: BTreeMap<String, (u64, String)> =
        expect.iter().map(|(value, gb)| ((*value).to_owned(), (*gb, gb.to_string()))).collect();
    assert_eq!(found, expect, "{by}");
}

#[test]
fn every_dimension_of_owners_has_its_bytes_and_dollars() {
    let bundle = bundle(TEAMS);
    let folder = bundle.path();
    check(folder, "instance", &[("i-00000000000000web", 2), ("i-0000000000000node", 1), ("-", 5)]);
    check(
        folder,
        "service-owner",
        &[
            ("lambda:checkout", 1),
            ("ecs:shop/web", 1),
            ("deployment:pay/api", 1),
            ("deployment:search/web", 1),
            ("(several)", 1),
            ("-", 3),
        ],
    );
    check(folder, "namespace", &[("pay", 1), ("search", 1), ("(several)", 1), ("-", 5)]);
    check(folder, "account", &[("123456789012", 8)]);
    check(folder, "tag:cost center", &[("4711", 2), ("-", 6)]);
    check(folder, "tag:instance-tag", &[("red green", 1), ("-", 7)]);
    let teams = [("payments", 3), ("search", 1), ("functions", 1), ("(several)", 1), ("-", 2)];
    check(folder, "team", &teams);
    check(folder, "tag:team", &teams);
    check(
        folder,
        "client,namespace",
        &[
            ("10.0.1.10 -", 1),
            ("10.0.1.20 -", 1),
            ("10.0.1.30 pay", 1),
            ("10.0.1.30 search", 1),
            ("10.0.1.40 (several)", 1),
            ("10.0.1.5 -", 2),
            ("10.0.1.50 -", 1),
        ],
    );
}

#[test]
fn without_rules_a_team_is_its_tag() {
    let bundle = bundle("");
    check(bundle.path(), "tag:team", &[("pay", 2), ("-", 6)]);
    check(bundle.path(), "team", &[("pay", 2), ("-", 6)]);
}

#[test]
fn any_grouping_adds_up_to_the_same() {
    let bundle = bundle(TEAMS);
    let names = "nat vpc az account region service client day instance service-owner namespace team tag:team tag:x";
    let names: Vec<&str> = names.split(' ').collect();
    for (at, one) in names.iter().enumerate() {
        let by = format!("{one},{}", names[(at * 5 + 3) % names.len()]);
        let found = groups(&report(bundle.path(), &by));
        let gb: u64 = found.values().map(|(gb, _)| gb).sum();
        let dollars: u64 = found.values().map(|(_, usd)| usd.parse::<u64>().expect("whole dollars")).sum();
        assert_eq!((gb, dollars), (8, 8), "{by}: {found:?}");
    }
}

#[test]
fn clients_say_what_they_are() {
    let bundle = bundle(TEAMS);
    let report = report(bundle.path(), "team");
    let rows = report["clients"].as_array().expect("clients").iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut found: Vec<String> =
        rows.map(|row| [&row["client"], &row["kind"], &row["name"]].map(text).join(" ")).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "10.0.1.10 lambda checkout",
            "10.0.1.20 ecs shop/web",
            "10.0.1.30 pod (several)",
            "10.0.1.40 instance i-0000000000000node",
            "10.0.1.5 instance web-1",
            "10.0.1.50 - -",
        ]
    );
}

/// Label and dollars of each row of a Markdown table below a title.
fn markdown_rows(text: &str, title: &str) -> Vec<(String, String)> {
    let section = text.split(&format!("## {title}\n")).nth(1).unwrap_or_else(|| panic!("no {title} in {text}"));
    let rows = section.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('*', "")).collect()
    };
    let rows = rows.take_while(|line| line.starts_with('|')).map(cells);
    rows.map(|cells| (cells[0].clone(), cells.last().expect("a cell").trim_end_matches(" |").to_owned())).collect()
}

#[test]
fn a_showback_adds_up_to_the_bill() {
    let bundle = bundle(TEAMS);
    let shown = run(bundle.path(), &["--format", "markdown", "--group-by", "team,service"]).stdout;
    let dollars = |rows: &[(&str, &str)]| -> Vec<(String, String)> {
        rows.iter().map(|(label, usd)| ((*label).to_owned(), (*usd).to_owned())).collect()
    };
    let expect = dollars(&[
        ("payments", "$3.00"),
        ("(several)", "$1.00"),
        ("functions", "$1.00"),
        ("search", "$1.00"),
        ("(no team)", "$2.00"),
        ("(unobserved)", "$2.00"),
        ("Data bill", "$10.00"),
    ]);
    assert_eq!(markdown_rows(&shown, "Showback by team"), expect);
    let table = run(bundle.path(), &["--group-by", "tag:cost center"]).stdout;
    for part in ["Showback by tag:cost center", "(no cost center)", "(unobserved)", "Data bill"] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
    let csv = run(bundle.path(), &["--format", "csv", "--table", "groups", "--group-by", "team"]).stdout;
    assert!(csv.starts_with("team,upload_bytes,download_bytes,usd\r\n") && !csv.contains("unobserved"), "{csv}");
    let plain = run(bundle.path(), &["--group-by", "vpc"]).stdout;
    assert!(!plain.contains("Showback"), "only teams and tags have one");
}

#[test]
fn a_dimension_that_is_none_is_refused() {
    let bundle = bundle("");
    let run = natlens(bundle.path(), &["report", arg(bundle.path()), "--group-by", "teams"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    for part in ["'teams'", "service-owner", "tag:KEY"] {
        assert!(run.stderr.contains(part), "{part} is not in {}", run.stderr);
    }
    std::fs::write(bundle.path().join("natlens.toml"), "group-by = \"tag:\"").expect("a file");
    let run = natlens(bundle.path(), &["report", arg(bundle.path())]);
    assert_eq!(run.code, 4, "{}", run.stderr);
}
