//! Customers' own services in another VPC, from hand-written logs and inventory through the real binary: through a NAT gateway,
//! peering and a transit gateway, with both ends logged, under two flow logs, and delivered twice.

mod common;
#[path = "common/explained.rs"]
mod explained;
#[path = "common/folder.rs"]
mod folder;

use common::{arg, natlens};
use explained::explained;
use folder::put;
use serde_json::{Value, json};

const GB: u64 = 1 << 30;

/// Version, interface, ends and ports, packet's ends, bytes, times, and that it was accepted.
const HEADER: &str =
    "version interface-id srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr bytes start end action log-status";

/// Clients in `vpc-0a` (AZs 1 and 2), a gateway there in AZ 1; services in `vpc-0b` and, over a transit gateway, `vpc-0c`.
fn inventory() -> Value {
    let vpc = |id: &str, cidr: &str| json!({"VpcId": id, "CidrBlock": cidr, "OwnerId": "123456789012"});
    let subnet = |id: &str, vpc: &str, cidr: &str, zone: u8| {
        json!({"SubnetId": id, "VpcId": vpc, "CidrBlock": cidr, "AvailabilityZoneId": format!("use1-az{zone}"),
            "AvailabilityZone": "us-east-1a", "OwnerId": "123456789012"})
    };
    let interface = |id: &str, kind: &str, vpc: &str, subnet: &str, address: &str, public: Option<&str>| {
        let mut interface = json!({"NetworkInterfaceId": id, "InterfaceType": kind, "SubnetId": subnet, "VpcId": vpc,
            "PrivateIpAddress": address, "PrivateIpAddresses": [{"PrivateIpAddress": address, "Primary": true}]});
        if let Some(public) = public {
            interface["Association"] = json!({"PublicIp": public});
        }
        interface
    };
    let table = |id: &str, vpc: &str, subnets: &[&str], routes: Value| {
        let of: Vec<Value> = subnets.iter().map(|subnet| json!({"SubnetId": subnet})).collect();
        json!({"RouteTableId": id, "VpcId": vpc, "Associations": of, "Routes": routes})
    };
    let route =
        |cidr: &str, field: &str, target: &str| json!({"DestinationCidrBlock": cidr, field: target, "State": "active"});
    json!({
        "Vpcs": [vpc("vpc-0a", "10.0.0.0/16"), vpc("vpc-0b", "10.1.0.0/16"), vpc("vpc-0c", "10.2.0.0/16")],
        "Subnets": [
            subnet("subnet-0a0", "vpc-0a", "10.0.0.0/24", 1), subnet("subnet-0a1", "vpc-0a", "10.0.1.0/24", 1),
            subnet("subnet-0a2", "vpc-0a", "10.0.2.0/24", 2), subnet("subnet-0b1", "vpc-0b", "10.1.1.0/24", 2),
            subnet("subnet-0c1", "vpc-0c", "10.2.1.0/24", 1)],
        "NetworkInterfaces": [
            interface("eni-0000000000000nat1", "nat_gateway", "vpc-0a", "subnet-0a0", "10.0.0.220", Some("198.51.100.1")),
            interface("eni-0000000000000tgw1", "transit_gateway", "vpc-0a", "subnet-0a0", "10.0.0.9", None),
            interface("eni-000000000000000a1", "interface", "vpc-0a", "subnet-0a1", "10.0.1.5", None),
            interface("eni-000000000000000a2", "interface", "vpc-0a", "subnet-0a2", "10.0.2.5", None),
            interface("eni-000000000000000b1", "interface", "vpc-0b", "subnet-0b1", "10.1.1.5", Some("198.51.100.50")),
            interface("eni-000000000000000c1", "interface", "vpc-0c", "subnet-0c1", "10.2.1.5", None)],
        "NatGateways": [{"NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0a", "SubnetId": "subnet-0a0",
            "State": "available", "NatGatewayAddresses": [{"PublicIp": "198.51.100.1", "PrivateIp": "10.0.0.220",
                "NetworkInterfaceId": "eni-0000000000000nat1", "IsPrimary": true, "Status": "succeeded"}]}],
        "RouteTables": [
            table("rtb-0a", "vpc-0a", &["subnet-0a1", "subnet-0a2"], json!([
                route("10.1.0.0/16", "VpcPeeringConnectionId", "pcx-01"), route("10.2.0.0/16", "TransitGatewayId", "tgw-01"),
                route("0.0.0.0/0", "NatGatewayId", "nat-1234567890abcdef")])),
            table("rtb-0b", "vpc-0b", &["subnet-0b1"], json!([
                route("10.0.0.0/16", "VpcPeeringConnectionId", "pcx-01"), route("0.0.0.0/0", "GatewayId", "igw-01")])),
            table("rtb-0c", "vpc-0c", &["subnet-0c1"], json!([route("10.0.0.0/16", "TransitGatewayId", "tgw-01")]))],
    })
}

/// A record of interface, `srcaddr:port`, `dstaddr:port`, `pkt-srcaddr`, `pkt-dstaddr`, bytes, hour of 2026-10-01.
fn record(interface: &str, ends: [(&str, u16); 2], packet: [&str; 2], bytes: u64, hour: u64) -> String {
    let ([(src, src_port), (dst, dst_port)], [pkt_src, pkt_dst]) = (ends, packet);
    let start = 1_790_812_800 + hour * 3_600;
    let id = match interface {
        "nat" => "eni-0000000000000nat1".to_owned(),
        "tgw" => "eni-0000000000000tgw1".to_owned(),
        other => format!("eni-000000000000000{other}"),
    };
    let end = start + 60;
    format!("5 {id} {src} {dst} {src_port} {dst_port} {pkt_src} {pkt_dst} {bytes} {start} {end} ACCEPT OK")
}

/// What passes an interface without being rewritten, both ways.
fn plain(interface: &str, client: (&str, u16), server: (&str, u16), up: u64, down: u64, hour: u64) -> [String; 2] {
    [
        record(interface, [client, server], [client.0, server.0], up, hour),
        record(interface, [server, client], [server.0, client.0], down, hour),
    ]
}

/// The four records of a conversation at the gateway: its own port towards the remote is another one.
fn at_gateway(client: (&str, u16), server: (&str, u16), up: u64, down: u64, hour: u64) -> [String; 4] {
    let nat = "10.0.0.220";
    [
        record("nat", [client, (nat, server.1)], [client.0, server.0], up, hour),
        record("nat", [(nat, 2_048), server], [nat, server.0], up, hour),
        record("nat", [server, (nat, 2_048)], [server.0, nat], down, hour),
        record("nat", [(nat, server.1), client], [server.0, client.0], down, hour),
    ]
}

/// The objects of a bundle: key below `flow-logs`, records.
type Objects = Vec<(String, Vec<String>)>;

fn key(flow_log: u8, hour: u8, number: u8) -> String {
    format!(
        "AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/10/01/\
         123456789012_vpcflowlogs_us-east-1_fl-000000000000000{flow_log:02}_20261001T{hour:02}00Z_{number:08x}.log.gz"
    )
}

fn bundle(objects: &Objects, header: &str, inventory: &Value, prices: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (key, records) in objects {
        let text = format!("{header}\n{}\n", records.join("\n"));
        put(folder.path(), &format!("flow-logs/{key}"), &text);
    }
    put(folder.path(), "inventory/account.json", &inventory.to_string());
    if let Some(prices) = prices {
        put(folder.path(), "prices.csv", prices);
    }
    folder
}

const PERIOD: [&str; 4] = ["--from", "2026-10-01", "--to", "2026-10-02"];

fn report(objects: &Objects, header: &str, inventory: &Value, prices: Option<&str>) -> Value {
    let folder = bundle(objects, header, inventory, prices);
    let run = natlens(folder.path(), &[&["report", arg(folder.path()), "--format", "json"], &PERIOD[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON on stdout")
}

/// VPC, peer VPC, peer, port, path, bytes, today, PrivateLink, net, break-even.
fn rows(report: &Value) -> Vec<String> {
    let fields = [
        "vpc_id",
        "peer_vpc_id",
        "peer",
        "port",
        "path",
        "bytes",
        "today_usd",
        "privatelink_usd",
        "net_usd",
        "break_even_gb",
    ];
    let text = |row: &Value| {
        let fields = fields.map(|field| match &row[field] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            number => number.to_string(),
        });
        fields.join(" ")
    };
    report["custom_services"].as_array().expect("an array").iter().map(text).collect()
}

/// The traffic of the day, each conversation at every interface that logs it.
fn day() -> Objects {
    let (one, two) = (("10.0.1.5", 40_001), ("10.0.2.5", 40_002));
    let (public, direct, far) = (("198.51.100.50", 50_051), ("10.1.1.5", 5_432), ("10.2.1.5", 443));
    let mut records = Vec::new();
    // Through the gateway in hour 0: 30 GB from AZ 1, 10 GB from AZ 2, and 5 GB to the internet; at the clients' interfaces too.
    records.extend(at_gateway(one, public, 10 * GB, 20 * GB, 0));
    records.extend(plain("a1", one, public, 10 * GB, 20 * GB, 0));
    records.extend(at_gateway(two, public, 2 * GB, 8 * GB, 0));
    records.extend(at_gateway(two, ("203.0.113.5", 443), GB, 4 * GB, 0));
    // The server sees the gateway's public address only.
    records.extend(plain("b1", ("198.51.100.1", 2_048), ("10.1.1.5", 50_051), 12 * GB, 28 * GB, 0));
    // In hour 2 the gateway is not logged: 4 GB at the client's interface.
    records.extend(plain("a1", one, public, GB, 3 * GB, 2));
    // Peering, both ends: 6 GB from AZ 1 to AZ 2 in hour 1; 5 GB inside AZ 2. In hour 3 at the server's interface only: 1 GB.
    for interface in ["a1", "b1"] {
        records.extend(plain(interface, one, direct, 2 * GB, 4 * GB, 1));
    }
    for interface in ["a2", "b1"] {
        records.extend(plain(interface, two, direct, GB, 4 * GB, 1));
    }
    records.extend(plain("b1", one, direct, GB / 2, GB / 2, 3));
    // The transit gateway, at the client's, the server's and its own interface: 7 GB.
    for interface in ["a1", "c1", "tgw"] {
        records.extend(plain(interface, one, far, 3 * GB, 4 * GB, 1));
    }
    // Inside a VPC, and pings.
    records.extend(plain("a1", one, ("10.0.2.5", 22), 50 * GB, 50 * GB, 1));
    for interface in ["a1", "b1"] {
        records.extend(plain(interface, ("10.0.1.5", 0), ("10.1.1.5", 0), 84, 84, 1));
    }
    vec![(key(1, 4, 1), records)]
}

// Of the day's 24 hours, at us-east-1 list prices. An endpoint in one AZ and its load balancer: 24 x (0.01 + 0.0225) = 0.78, in
// two AZs 24 x (0.02 + 0.0225) = 1.02; a GB through them 0.01 + 0.006.
//
// NAT: AZ 1 sends 30 + 4 GB at 0.045 + 0.02 (public addresses), AZ 2 10 GB at 0.02 more for the way to the gateway:
// 34 x 0.065 + 10 x 0.085 = 3.06. PrivateLink 1.02 + 44 x 0.016 = 1.724. Net 1.336.
// Break-even 1.02 / (3.06 / 44 - 0.016): 3.06 / 44 = 0.069545454545 (12 digits), 1.02 / 0.053545454545 = 19.049235993370...
const NAT: &str = "vpc-0a vpc-0b 198.51.100.50 50051 nat 47244640256 3.06 1.724 1.336 19.049235993371";
// Peering: 6 + 1 GB between AZs at 0.02, 5 GB inside AZ 2 free: 0.14. PrivateLink 1.02 + 12 x 0.016 = 1.212. Net -1.072.
// 0.14 / 12 = 0.011666666667 a GB is below the 0.016 and 0.012 of the first two tiers, above the 0.010 of the third:
// 1.02 + 1,048,576 x 0.004333333333 + 4,194,304 x 0.000333333333 = 5942.950664919040 lost until 5,242,880 GB, over 0.001666666667.
const PEERING: &str = "vpc-0a vpc-0b 10.1.1.5 5432 peering 12884901888 0.14 1.212 -1.072 8808650.39823826992";
// Transit gateway: 7 GB at 0.02 = 0.14; PrivateLink 0.78 + 7 x 0.016 = 0.892. Net -0.752; 0.78 / 0.004 = 195 GB.
const TRANSIT: &str = "vpc-0a vpc-0c 10.2.1.5 443 transit-gateway 7516192768 0.14 0.892 -0.752 195";

#[track_caller]
fn check(name: &str, report: &Value) {
    let found = rows(report);
    assert_eq!(found, [NAT, TRANSIT, PEERING], "{name}");
    // The gateway's own count: 30 + 10 + 5 + 4 GB, once.
    assert_eq!(report["nat_gateways"][0]["observed_bytes"], 49 * GB, "{name}");
}

#[test]
fn three_paths_and_every_byte_once() {
    let report = report(&day(), HEADER, &inventory(), None);
    check("as it is", &report);
    for (row, words) in
        [(0, "create an interface endpoint in vpc-0a"), (1, "does not pay"), (2, "the peering connection")]
    {
        let reason = report["custom_services"][row]["reason"].as_str().expect("a reason");
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn every_comparison_is_explained_to_its_last_digit() {
    // By a price file, a GB costs less over the transit gateway than PrivateLink's first tier, and more than its second.
    let cheap = "region,item,usd\nus-east-1,tgw_vpc_gb,0.014\n";
    for prices in [None, Some(cheap)] {
        let folder = bundle(&day(), HEADER, &inventory(), prices);
        for vpc in ["vpc-0a", "vpc-0b", "vpc-0c"] {
            let explanation = explained(folder.path(), ".", vpc, &PERIOD);
            assert_eq!(explained::check(&explanation), 0, "{vpc}");
            let steps = explanation["steps"].as_array().expect("steps").iter();
            let results: Vec<&Value> = steps.filter(|step| step["label"] == "net").collect();
            assert!(!results.is_empty(), "{vpc}");
        }
    }
}

#[test]
fn second_flow_logs_duplicates_and_order_change_nothing() {
    let mut twice = day();
    let (_, records) = twice[0].clone();
    // The same object again under another key; a second flow log of everything; the first one's records in reverse, one by one.
    twice.push((key(1, 4, 2), records.clone()));
    twice.push((
        key(2, 4, 1),
        [records.as_slice(), &[record("a1", [("10.0.1.5", 1), ("10.0.1.6", 2)], ["-", "-"], 1, 9)]].concat(),
    ));
    check("twice and a second flow log", &report(&twice, HEADER, &inventory(), None));
    let split = records.iter().rev().zip(1..).map(|(record, number)| (key(1, 4, number), vec![record.clone()]));
    check("one by one", &report(&split.collect(), HEADER, &inventory(), None));
}

/// The day's figures of NAT gateways, without what the test is about.
fn nat_side(report: &Value) -> Vec<Value> {
    let parts =
        ["summary", "nat_gateways", "traffic", "clients", "decisions", "groups", "records", "record_bytes", "warnings"];
    parts.iter().map(|part| report[*part].clone()).collect()
}

#[test]
fn looking_for_services_moves_no_byte_of_a_gateway() {
    let mut hidden = inventory();
    hidden["NetworkInterfaces"][4].as_object_mut().expect("an interface").remove("Association");
    let (with, without) = (report(&day(), HEADER, &inventory(), None), report(&day(), HEADER, &hidden, None));
    assert_eq!(rows(&without), [TRANSIT, PEERING]);
    assert_eq!(nat_side(&with), nat_side(&without));
}

#[test]
fn a_gateway_whose_log_names_no_client() {
    // Leg by leg without pkt-*: services and clients are not paired, but all clients of the gateway are in one place.
    let header = HEADER.replace(" pkt-srcaddr pkt-dstaddr", "");
    let legs = at_gateway(("10.0.1.5", 40_001), ("198.51.100.50", 50_051), 10 * GB, 20 * GB, 0);
    let cut = |record: &String| {
        let words: Vec<&str> = record.split(' ').collect();
        [&words[..6], &words[8..]].concat().join(" ")
    };
    let poor = vec![(key(1, 4, 1), legs.iter().map(cut).collect())];
    // 30 x 0.065 = 1.95; 0.78 + 30 x 0.016 = 1.26; 0.78 / (0.065 - 0.016) = 15.918367346939.
    let expect = "vpc-0a vpc-0b 198.51.100.50 50051 nat 32212254720 1.95 1.26 0.69 15.918367346939";
    assert_eq!(rows(&report(&poor, &header, &inventory(), None)), [expect]);
}

#[test]
fn a_regional_gateway_and_nat64() {
    let mut regional = inventory();
    regional["NatGateways"] = json!([{"NatGatewayId": "nat-1234567890abcdef", "VpcId": "vpc-0a", "State": "available",
        "AvailabilityMode": "regional", "ConnectivityType": "public",
        "NatGatewayAddresses": [{"PublicIp": "198.51.100.1", "Status": "succeeded", "AvailabilityZoneId": "use1-az1"}]}]);
    regional["NetworkInterfaces"].as_array_mut().expect("an array").remove(0);
    regional["Vpcs"][0]["Ipv6CidrBlockAssociationSet"] =
        json!([{"Ipv6CidrBlock": "2600:1f18:a::/56", "Ipv6CidrBlockState": {"State": "associated"}}]);
    regional["Subnets"][2]["Ipv6CidrBlockAssociationSet"] =
        json!([{"Ipv6CidrBlock": "2600:1f18:a::/64", "Ipv6CidrBlockState": {"State": "associated"}}]);
    let header = "resource-id interface-id srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr bytes start action log-status";
    let legs = |client: &str, as_seen: &str, up: u64, down: u64| {
        let (gateway, server) = ("198.51.100.1", "198.51.100.50");
        [
            (client, as_seen, 40_001, 443, up),
            (gateway, server, 2_048, 443, up),
            (server, gateway, 443, 2_048, down),
            (as_seen, client, 443, 40_001, down),
        ]
        .map(|(src, dst, from, to, bytes)| {
            format!("nat-1234567890abcdef - {src} {dst} {from} {to} {src} {dst} {bytes} 1790812800 ACCEPT OK")
        })
    };
    // 198.51.100.50 is c633:6432. A client in AZ 1 with 6 GB, one with IPv6 in AZ 2 with 4 GB: 10 x 0.065 = 0.65, whatever the
    // AZ; 1.02 + 10 x 0.016 = 1.18; 1.02 / 0.049 = 20.816326530612.
    let records =
        [legs("10.0.1.5", "198.51.100.50", 2 * GB, 4 * GB), legs("2600:1f18:a::5", "64:ff9b::c633:6432", GB, 3 * GB)];
    let expect = "vpc-0a vpc-0b 198.51.100.50 443 nat 10737418240 0.65 1.18 -0.53 20.816326530612";
    assert_eq!(rows(&report(&vec![(key(1, 4, 1), records.concat())], header, &regional, None)), [expect]);
}

#[test]
fn without_ports_a_gateway_still_knows_the_peer_and_crossings_are_said() {
    let header = HEADER.replace("srcport", "packets").replace("dstport", "protocol");
    let report = report(&day(), &header, &inventory(), None);
    let found = rows(&report);
    assert_eq!(found, [NAT.replace(" 50051 ", " 0 ")]);
    assert!(report["custom_services"][0]["reason"].as_str().expect("a reason").contains("its port is not in the log"));
    let said = report["warnings"].as_array().expect("an array").iter().find(|w| w["code"] == "undecided-service");
    // 6 + 5 + 1 GB of peering, 7 GB of the transit gateway, and two pings of 84 bytes, each once.
    let message = said.expect("a warning")["message"].as_str().expect("a message");
    assert!(message.contains(&format!("of {} bytes", 19 * GB + 168)), "{message}");
}

#[test]
fn a_region_without_a_load_balancers_price_is_unpriced_until_it_is_given() {
    let text = inventory().to_string().replace("us-east-1", "eu-west-1").replace("use1-az", "euw1-az");
    let elsewhere: Value = serde_json::from_str(&text).expect("JSON");
    let without = report(&day(), HEADER, &elsewhere, None);
    // 34 x (0.048 + 0.02) + 10 x (0.048 + 0.04) = 3.192.
    let nat = rows(&without).into_iter().find(|row| row.contains(" nat ")).expect("a row");
    assert!(nat.ends_with(" 3.192 - - -"), "{nat}");
    let missing = |report: &Value| {
        let all = report["warnings"].as_array().expect("an array").clone();
        all.iter().any(|w| w["code"] == "missing-price" && w["message"].to_string().contains("nlb_hour in eu-west-1"))
    };
    assert!(missing(&without));
    let given = "region,item,usd\neu-west-1,nlb_hour,0.0225\neu-west-1,nlb_lcu_hour,0.006\n";
    let with = report(&day(), HEADER, &elsewhere, Some(given));
    // 24 x (2 x 0.011 + 0.0225) + 44 x 0.016 = 1.772.
    let nat = rows(&with).into_iter().find(|row| row.contains(" nat ")).expect("a row");
    assert!(nat.contains(" 3.192 1.772 1.42 "), "{nat}");
    assert!(!missing(&with));
}

#[test]
fn a_peer_in_another_region_is_shown_and_not_priced() {
    let mut inventory = inventory();
    for subnet in inventory["Subnets"].as_array_mut().expect("an array") {
        if subnet["VpcId"] == "vpc-0b" {
            subnet["AvailabilityZone"] = json!("eu-west-1a");
            subnet["AvailabilityZoneId"] = json!("euw1-az2");
        }
    }
    let report = report(&day(), HEADER, &inventory, None);
    let found = rows(&report);
    let unpriced: Vec<&String> = found.iter().filter(|row| row.contains("vpc-0b")).collect();
    assert_eq!(unpriced.len(), 2);
    assert!(unpriced.iter().all(|row| row.ends_with(" - - - -")), "{unpriced:?}");
    assert_eq!(found[0], TRANSIT, "what has a figure comes first");
    let reason = report["custom_services"][1]["reason"].as_str().expect("a reason");
    assert!(reason.contains("is in eu-west-1: transfer between Regions is not priced"), "{reason}");
}
