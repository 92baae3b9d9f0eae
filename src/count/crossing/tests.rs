//! Two VPCs, peering and a transit gateway, counted by hand.

use super::*;
use crate::count::fold::{Fold, RowKey};
use crate::count::peers::Peers;
use crate::count::resolve::{Counted, resolve};
use crate::count::roles::{Role, Roles};
use crate::count::rollup::Hints;
use crate::model::flow::{FlowRecord, FlowSink, InterfaceFacts, Verdict};
use crate::model::inventory::Inventory;
use crate::model::period::Window;
use crate::sources::inventory::{InventoryDraft, read_document};

const HOUR: i64 = 3_600;
const DAY: Window = Window { start: 0, end: 24 * HOUR };

/// `vpc-a` (clients) peers with `vpc-b`, and reaches `vpc-c` over a transit gateway. `vpc-o` has the same block as `vpc-c2`.
const ACCOUNT: &[u8] = br#"{
    "Vpcs": [
        {"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-b", "CidrBlock": "10.1.0.0/16"},
        {"VpcId": "vpc-c", "CidrBlock": "10.2.0.0/16"}, {"VpcId": "vpc-o", "CidrBlock": "10.3.0.0/16"},
        {"VpcId": "vpc-p", "CidrBlock": "10.3.0.0/16"}],
    "Subnets": [
        {"SubnetId": "subnet-a", "VpcId": "vpc-a", "CidrBlock": "10.0.1.0/24", "AvailabilityZoneId": "use1-az1"},
        {"SubnetId": "subnet-b", "VpcId": "vpc-b", "CidrBlock": "10.1.1.0/24", "AvailabilityZoneId": "use1-az2"},
        {"SubnetId": "subnet-c", "VpcId": "vpc-c", "CidrBlock": "10.2.1.0/24"}],
    "NetworkInterfaces": [
        {"NetworkInterfaceId": "eni-a", "SubnetId": "subnet-a", "VpcId": "vpc-a", "PrivateIpAddress": "10.0.1.5"},
        {"NetworkInterfaceId": "eni-b", "SubnetId": "subnet-b", "VpcId": "vpc-b", "PrivateIpAddress": "10.1.1.5"},
        {"NetworkInterfaceId": "eni-c", "SubnetId": "subnet-c", "VpcId": "vpc-c", "PrivateIpAddress": "10.2.1.5"},
        {"NetworkInterfaceId": "eni-fw", "SubnetId": "subnet-a", "VpcId": "vpc-a", "PrivateIpAddress": "10.0.1.99"},
        {"NetworkInterfaceId": "eni-vpce", "SubnetId": "subnet-c", "VpcId": "vpc-c", "PrivateIpAddress": "10.2.1.6",
            "InterfaceType": "vpc_endpoint"},
        {"NetworkInterfaceId": "eni-nlb", "SubnetId": "subnet-c", "VpcId": "vpc-c", "PrivateIpAddress": "10.2.1.7",
            "InterfaceType": "network_load_balancer"},
        {"NetworkInterfaceId": "eni-tgw", "SubnetId": "subnet-a", "VpcId": "vpc-a", "PrivateIpAddress": "10.0.1.9",
            "InterfaceType": "transit_gateway"}],
    "RouteTables": [
        {"RouteTableId": "rtb-a", "VpcId": "vpc-a", "Associations": [{"SubnetId": "subnet-a"}], "Routes": [
            {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"},
            {"DestinationCidrBlock": "10.0.0.0/8", "TransitGatewayId": "tgw-1", "State": "active"}]},
        {"RouteTableId": "rtb-b", "VpcId": "vpc-b", "Associations": [{"SubnetId": "subnet-b"}], "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "active"}]},
        {"RouteTableId": "rtb-c", "VpcId": "vpc-c", "Associations": [{"SubnetId": "subnet-c"}], "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "TransitGatewayId": "tgw-1", "State": "active"}]}]}"#;

/// Interface, source and port, destination and port, bytes, hour, verdict.
#[derive(Clone, Copy)]
struct Row(&'static str, (&'static str, u16), (&'static str, u16), u64, i64, Verdict);

const A: (&str, u16) = ("10.0.1.5", 50_000);
const B: (&str, u16) = ("10.1.1.5", 5_432);
const C: (&str, u16) = ("10.2.1.5", 443);

/// A request and its answer at one interface.
const fn talk(interface: &'static str, server: (&'static str, u16), up: u64, down: u64, hour: i64) -> [Row; 2] {
    [Row(interface, A, server, up, hour, Verdict::Accept), Row(interface, server, A, down, hour, Verdict::Accept)]
}

fn account() -> (Roles, Inventory) {
    let mut draft = InventoryDraft::default();
    read_document("account.json", ACCOUNT, &mut draft).expect("valid output");
    let inventory = draft.finish();
    let mut roles = Roles::new(inventory.vpcs().flat_map(|vpc| vpc.cidrs.iter().copied()).collect());
    roles.set_peers(Peers::new(&inventory));
    for interface in ["eni-a", "eni-b", "eni-c", "eni-fw"] {
        roles.set(interface, Role::Quiet);
    }
    roles.set("eni-tgw", Role::Carrier);
    (roles, inventory)
}

fn fold<'a>(roles: &'a Roles, facts: [&str; 3], rows: &[Row]) -> Fold<'a> {
    let mut fold = Fold::new(roles, None);
    for &Row(interface, src, dst, bytes, hour, verdict) in rows {
        let addr = |text: &str| Addr::parse(text.as_bytes()).expect("an address");
        let [vpc, subnet, az] = facts.map(|text| fold.symbols().intern(text.as_bytes()));
        let record = FlowRecord {
            interface: fold.symbols().intern(interface.as_bytes()),
            facts: InterfaceFacts { vpc, subnet, az, ..InterfaceFacts::default() },
            start: hour * HOUR + 5,
            bytes,
            src: addr(src.0),
            dst: addr(dst.0),
            src_port: Some(src.1),
            dst_port: Some(dst.1),
            verdict,
            ..FlowRecord::NOTHING
        };
        fold.record(&record);
    }
    fold
}

/// Counts objects of (flow log, what the records say of their interface, records).
fn count(objects: &[(&str, [&str; 3], &[Row])]) -> Counted {
    let (roles, inventory) = account();
    let mut rollup = Rollup::default();
    for (flow_log, facts, rows) in objects {
        let source = rollup.source(flow_log);
        rollup.merge(&fold(&roles, *facts, rows), source, &Hints::default());
    }
    resolve(&mut rollup, &roles, &Routes::new(&inventory), DAY, 2)
}

const NOTHING_SAID: [&str; 3] = ["", "", ""];

/// `client VPC>peer:port path up down`, and the undecided bytes.
#[track_caller]
fn check(name: &str, counted: &Counted, expect: &[&str], undecided: u64) {
    let text = |flow: &CustomFlow| {
        let (key, port) = (&flow.key, flow.key.port.expect("a crossing has a port"));
        format!("{}>{}:{port} {} {} {}", key.client_vpc, key.peer, key.path.as_str(), flow.upload, flow.download)
    };
    let found: Vec<String> = counted.crossings.flows.iter().map(text).collect();
    assert_eq!(found, expect, "{name}");
    assert_eq!(counted.crossings.undecided.bytes, undecided, "{name}");
    assert_eq!(
        (counted.records.counted, counted.records.mirror, counted.rows.iter().count()),
        (0, 0, 0),
        "{name}: no NAT"
    );
    assert_eq!(counted.records.sum(), counted.records.read, "{name}");
}

#[test]
fn a_service_is_found_from_either_end() {
    for (name, at, server, expect) in [
        ("peering, the client's", "eni-a", B, "vpc-a>10.1.1.5:5432 peering 100 900"),
        ("peering, the server's", "eni-b", B, "vpc-a>10.1.1.5:5432 peering 100 900"),
        ("transit, the client's", "eni-a", C, "vpc-a>10.2.1.5:443 transit-gateway 100 900"),
        ("transit, the server's", "eni-c", C, "vpc-a>10.2.1.5:443 transit-gateway 100 900"),
    ] {
        check(name, &count(&[("fl-1", NOTHING_SAID, &talk(at, server, 100, 900, 1))]), &[expect], 0);
    }
    let zones = count(&[("fl-1", NOTHING_SAID, &talk("eni-a", B, 100, 900, 1))]);
    let key = &zones.crossings.flows[0].key;
    assert_eq!((key.client_az.as_deref(), key.peer_az.as_deref()), (Some("use1-az1"), Some("use1-az2")));
    let said = count(&[("fl-1", ["", "", "use1-az6"], &talk("eni-c", C, 100, 900, 1))]);
    let key = &said.crossings.flows[0].key;
    // The subnet of the server has no zone in the inventory: its own record's word is taken, and only for itself.
    assert_eq!((key.client_az.as_deref(), key.peer_az.as_deref()), (Some("use1-az1"), Some("use1-az6")));
}

#[test]
fn both_ends_logged_count_once() {
    let (client, server) = (talk("eni-a", B, 100, 900, 1), talk("eni-b", B, 100, 900, 1));
    let expect = "vpc-a>10.1.1.5:5432 peering 100 900";
    check("both ends", &count(&[("fl-1", NOTHING_SAID, &client), ("fl-2", NOTHING_SAID, &server)]), &[expect], 0);
    check("other order", &count(&[("fl-2", NOTHING_SAID, &server), ("fl-1", NOTHING_SAID, &client)]), &[expect], 0);
    // Hour 1 at both ends, hour 2 at the server's only: the client's interface was not logged then.
    let later = talk("eni-b", B, 7, 70, 2);
    let three: [(&str, [&str; 3], &[Row]); 3] =
        [("fl-1", NOTHING_SAID, &client), ("fl-2", NOTHING_SAID, &server), ("fl-2", NOTHING_SAID, &later)];
    check("the server serves elsewhere", &count(&three), &["vpc-a>10.1.1.5:5432 peering 107 970"], 0);
    // It was logged in hour 2 as well, and had nothing to do with the server: the server's clock was late.
    let other = [Row("eni-a", A, ("10.0.1.77", 443), 5, 2, Verdict::Accept)];
    let four = [three.as_slice(), &[("fl-1", NOTHING_SAID, &other)]].concat();
    check("the client was there and silent", &count(&four), &[expect], 0);
    // A client that never has the pair says nothing of it, however much it is logged.
    let without: [(&str, [&str; 3], &[Row]); 2] = [("fl-2", NOTHING_SAID, &later), ("fl-1", NOTHING_SAID, &other)];
    check("the pair is the server's alone", &count(&without), &["vpc-a>10.1.1.5:5432 peering 7 70"], 0);
}

#[test]
fn one_flow_log_speaks_and_only_of_what_was_accepted() {
    let rows = talk("eni-a", B, 100, 900, 1);
    let expect = "vpc-a>10.1.1.5:5432 peering 100 900";
    check("two logs", &count(&[("fl-1", NOTHING_SAID, &rows), ("fl-2", NOTHING_SAID, &rows)]), &[expect], 0);
    let rejected = [Row("eni-a", A, B, 40, 1, Verdict::Reject), Row("eni-a", A, B, 41, 24, Verdict::Accept)];
    check(
        "rejected, tomorrow",
        &count(&[("fl-1", NOTHING_SAID, &rows), ("fl-1", NOTHING_SAID, &rejected)]),
        &[expect],
        0,
    );
}

#[test]
fn only_an_end_speaks() {
    check("a transit gateway's", &count(&[("fl-1", NOTHING_SAID, &talk("eni-tgw", B, 100, 900, 1))]), &[], 0);
    check("a firewall's", &count(&[("fl-1", NOTHING_SAID, &talk("eni-fw", B, 100, 900, 1))]), &[], 0);
    check("a third VPC's", &count(&[("fl-1", NOTHING_SAID, &talk("eni-c", B, 100, 900, 1))]), &[], 0);
    let gone = "eni-gone";
    let of_a = ["vpc-a", "subnet-a", ""];
    let expect = "vpc-a>10.1.1.5:5432 peering 100 900";
    check("gone, but its records tell", &count(&[("fl-1", of_a, &talk(gone, B, 100, 900, 1))]), &[expect], 0);
    check("its VPC is enough", &count(&[("fl-1", ["vpc-a", "", ""], &talk(gone, B, 100, 900, 1))]), &[expect], 0);
    check("nothing tells", &count(&[("fl-1", NOTHING_SAID, &talk(gone, B, 100, 900, 1))]), &[], 0);
    // Two interfaces had the address in one hour: the one that has it still, and by hours each.
    let (old, new) = (talk(gone, B, 1, 9, 1), talk("eni-a", B, 100, 900, 1));
    let both: [(&str, [&str; 3], &[Row]); 2] = [("fl-1", of_a, &old), ("fl-1", NOTHING_SAID, &new)];
    check("one hour", &count(&both), &[expect], 0);
    let before = talk(gone, B, 1, 9, 0);
    let both: [(&str, [&str; 3], &[Row]); 2] = [("fl-1", of_a, &before), ("fl-1", NOTHING_SAID, &new)];
    check("two hours", &count(&both), &["vpc-a>10.1.1.5:5432 peering 101 909"], 0);
}

#[test]
fn what_is_at_the_ends_matters() {
    let at_client = |server| count(&[("fl-1", NOTHING_SAID, &talk("eni-a", (server, 443), 100, 900, 1))]);
    check("an endpoint that another VPC shares", &at_client("10.2.1.6"), &[], 0);
    check("a load balancer", &at_client("10.2.1.7"), &["vpc-a>10.2.1.7:443 transit-gateway 100 900"], 0);
    check("what nobody described", &at_client("10.2.1.8"), &["vpc-a>10.2.1.8:443 transit-gateway 100 900"], 0);
    let balanced = [Row("eni-a", ("10.2.1.7", 50_000), ("10.0.1.5", 80), 100, 1, Verdict::Accept)];
    check("a load balancer's targets", &count(&[("fl-1", NOTHING_SAID, &balanced)]), &[], 0);
}

#[test]
fn what_is_ambiguous_is_left_out() {
    let overlap = talk("eni-a", ("10.3.0.5", 443), 100, 900, 1);
    check("two VPCs have the address", &count(&[("fl-1", NOTHING_SAID, &overlap)]), &[], 0);
    let random = talk("eni-a", (B.0, 40_000), 100, 900, 1);
    check("both ports at random", &count(&[("fl-1", NOTHING_SAID, &random)]), &[], 1_000);
    let twice: [(&str, [&str; 3], &[Row]); 2] =
        [("fl-1", NOTHING_SAID, &random), ("fl-2", NOTHING_SAID, &talk("eni-b", (B.0, 40_000), 100, 900, 1))];
    // Nobody knows who the client is; the larger address is taken for it at both ends, so that this counts once too.
    check("both ends of that", &count(&twice), &[], 1_000);
    let no_route = talk("eni-b", ("10.2.1.5", 443), 1, 1, 1);
    check("no route", &count(&[("fl-1", ["vpc-b", "subnet-b", ""], &no_route)]), &[], 0);
}

#[test]
fn rows_take_no_more_room_than_before() {
    assert_eq!(size_of::<RowKey>(), 36);
    // Two ports of one server are two rows; a thousand ports of its clients are none.
    let mut rows = Vec::new();
    for port in 0..1_000 {
        let client = (A.0, 40_000 + port);
        rows.push(Row("eni-a", client, B, 1, 1, Verdict::Accept));
        rows.push(Row("eni-a", client, (B.0, 22), 1, 1, Verdict::Accept));
    }
    let (roles, _) = account();
    let fold = fold(&roles, NOTHING_SAID, &rows);
    assert_eq!((fold.crossings.len(), fold.rows.len()), (2, 0));
}
