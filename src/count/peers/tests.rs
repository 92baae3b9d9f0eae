//! Candidates of a made-up account, and what records say of them.

use super::*;
use crate::count::fold::Fold;
use crate::count::roles::{NatSide, Role, Roles};
use crate::model::flow::{FlowSink, Verdict};
use crate::sources::inventory::{InventoryDraft, read_document};

const ACCOUNT: &[u8] = br#"{
    "Vpcs": [
        {"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"},
        {"VpcId": "vpc-b", "CidrBlock": "10.1.0.0/16"},
        {"VpcId": "vpc-c", "CidrBlock": "10.1.128.0/17"},
        {"VpcId": "vpc-d", "CidrBlock": "10.9.0.0/16", "Ipv6CidrBlockAssociationSet":
            [{"Ipv6CidrBlock": "2600:1f18:9::/56", "Ipv6CidrBlockState": {"State": "associated"}}]}],
    "Subnets": [{"SubnetId": "subnet-b", "VpcId": "vpc-b", "CidrBlock": "10.1.0.0/24", "AvailabilityZoneId": "use1-az2"}],
    "NetworkInterfaces": [
        {"NetworkInterfaceId": "eni-b", "VpcId": "vpc-b", "SubnetId": "subnet-b", "InterfaceType": "interface",
            "PrivateIpAddress": "10.1.0.5", "Association": {"PublicIp": "198.51.100.5"}, "PrivateIpAddresses": [
                {"PrivateIpAddress": "10.1.0.5", "Association": {"PublicIp": "198.51.100.5"}},
                {"PrivateIpAddress": "10.1.0.6", "Association": {"PublicIp": "198.51.100.6"}}]},
        {"NetworkInterfaceId": "eni-nat", "VpcId": "vpc-a", "InterfaceType": "nat_gateway",
            "PrivateIpAddress": "10.0.0.9", "Association": {"PublicIp": "198.51.100.9"}},
        {"NetworkInterfaceId": "eni-old", "VpcId": "vpc-a", "InterfaceType": "interface",
            "PrivateIpAddress": "10.0.0.7", "Association": {"PublicIp": "198.51.100.7"}},
        {"NetworkInterfaceId": "eni-new", "VpcId": "vpc-b", "InterfaceType": "interface",
            "PrivateIpAddress": "10.1.0.7", "Association": {"PublicIp": "198.51.100.7"}}],
    "NatGateways": [{"NatGatewayId": "nat-r", "VpcId": "vpc-a", "AvailabilityMode": "regional", "State": "available",
        "NatGatewayAddresses": [{"PublicIp": "198.51.100.10"}]}]}"#;

fn peers(json: &[u8]) -> Peers {
    let mut draft = InventoryDraft::default();
    read_document("account.json", json, &mut draft).expect("valid output");
    Peers::new(&draft.finish())
}

fn addr(text: &str) -> Addr {
    Addr::parse(text.as_bytes()).expect("an address")
}

fn record(src: &str, dst: &str, ports: (Option<u16>, Option<u16>)) -> FlowRecord {
    FlowRecord {
        start: 0,
        bytes: 1,
        src: addr(src),
        dst: addr(dst),
        src_port: ports.0,
        dst_port: ports.1,
        verdict: Verdict::Accept,
        ..FlowRecord::NOTHING
    }
}

#[test]
fn public_addresses_lead_to_their_vpc() {
    let peers = peers(ACCOUNT);
    let check = |text: &str, expect: Option<(&str, Option<&str>)>| {
        let found = peers.public(addr(text)).map(|peer| (peer.vpc.as_str(), peer.az.as_deref()));
        assert_eq!(found, expect, "{text}");
    };
    check("198.51.100.5", Some(("vpc-b", Some("use1-az2"))));
    check("64:ff9b::c633:6405", Some(("vpc-b", Some("use1-az2")))); // the same behind NAT64
    check("198.51.100.6", Some(("vpc-b", Some("use1-az2")))); // of a secondary address
    check("198.51.100.9", None); // a NAT gateway's
    check("198.51.100.10", None); // a regional one's
    check("198.51.100.7", None); // once another VPC's
    check("198.51.100.8", None);
    check("10.1.0.5", None);
}

/// Client, server, port, whether the bytes went up.
type Expect<'a> = Option<(&'a str, &'a str, u16, bool)>;

#[test]
fn the_lower_port_serves() {
    let peers = peers(ACCOUNT);
    let check = |name: &str, src: &str, dst: &str, ports: (Option<u16>, Option<u16>), expect: Expect<'_>| {
        let record = record(src, dst, ports);
        let expect =
            expect.map(|(client, server, port, up)| Crossing { client: addr(client), server: addr(server), port, up });
        assert_eq!(peers.crossing(Ends::of(&record), &record), expect, "{name}");
    };
    let (a, b, d) = ("10.0.0.5", "10.1.0.5", "10.9.0.5");
    let ports = |src, dst| (Some(src), Some(dst));
    check("a request", a, b, ports(50_000, 443), Some((a, b, 443, true)));
    check("its answer", b, a, ports(443, 50_000), Some((a, b, 443, false)));
    check("a client below its server", b, d, ports(1_024, 22), Some((b, d, 22, true)));
    // Of equal ports the smaller address serves, whoever's record it is.
    check("equal ports", a, b, ports(123, 123), Some((b, a, 123, false)));
    check("equal ports back", b, a, ports(123, 123), Some((b, a, 123, true)));
    check("the last port that tells", a, b, ports(40_000, 32_767), Some((a, b, 32_767, true)));
    check("both at random", a, b, ports(40_000, 32_768), Some((b, a, 0, false)));
    check("no ports in the log", b, a, (None, None), Some((b, a, 0, true)));
    check("one port", a, b, (Some(443), None), Some((b, a, 0, false)));
    check("an impossible port", a, b, ports(0, 443), Some((b, a, 0, false)));
    check("a ping", a, b, ports(0, 0), None);
    check("inside a VPC", a, "10.0.200.1", ports(50_000, 443), None);
    check("to the internet", a, "203.0.113.5", ports(50_000, 443), None);
    check("to an unknown network", a, "10.200.0.1", ports(50_000, 443), None);
    // 10.1.128.0/17 is in two VPCs, 10.1.0.0 in one of them: only the interface can tell whether that crosses.
    check("overlapping", b, "10.1.128.5", ports(50_000, 443), Some((b, "10.1.128.5", 443, true)));
    check("inside an overlap", "10.1.128.6", "10.1.128.5", ports(50_000, 443), None);
    check("IPv6 to IPv6 inside", "2600:1f18:9::1", "2600:1f18:9::2", ports(50_000, 443), None);
}

#[test]
fn behind_a_gateway_the_peer_serves_at_any_port() {
    let peers = peers(ACCOUNT);
    let check = |src: &str, dst: &str, ports: (u16, u16), at_gateway: bool, expect: u16| {
        let record = record(src, dst, (Some(ports.0), Some(ports.1)));
        let found = peers.served_port(Ends::of(&record), &record, at_gateway);
        assert_eq!(found, expect, "{src}:{} > {dst}:{}", ports.0, ports.1);
    };
    for at_gateway in [true, false] {
        check("10.0.0.5", "198.51.100.5", (40_000, 443), at_gateway, 443);
        check("198.51.100.5", "10.0.0.5", (443, 40_000), at_gateway, 443);
        check("10.0.0.5", "198.51.100.5", (40_000, 50_051), at_gateway, 50_051);
        check("10.0.0.5", "203.0.113.5", (40_000, 443), at_gateway, 0);
        check("198.51.100.6", "198.51.100.5", (40_000, 443), at_gateway, 0);
    }
    // At another interface the peer may be a client: its random ports make no rows.
    check("10.0.0.5", "198.51.100.5", (1_024, 50_051), true, 50_051);
    check("198.51.100.5", "10.0.0.5", (40_000, 443), false, 0);
}

#[test]
fn without_two_vpcs_nothing_crosses() {
    let one = peers(br#"{"Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"}]}"#);
    assert!(one.spans.is_empty());
    let same = peers(br#"{"Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-b", "CidrBlock": "10.0.0.0/16"}]}"#);
    assert!(same.spans.is_empty());
    let block = |text| Cidr::parse(text).expect("valid");
    let last = spans(&[("vpc-a", block("10.0.0.0/8")), ("vpc-b", block("ff00::/8"))]);
    assert_eq!(last.iter().map(|(_, vpcs)| *vpcs).collect::<Vec<_>>(), [1, NOWHERE, 2], "to the last address of all");
}

/// What an interface's records make, and whether their ports were asked for.
fn folded(roles: &Roles, name: &str, ports: (Option<u16>, Option<u16>)) -> (String, bool) {
    let mut fold = Fold::new(roles, None);
    let name = fold.symbols().intern(name.as_bytes());
    for (src, dst) in [("10.0.0.5", "10.1.0.5"), ("10.0.0.5", "198.51.100.5"), ("203.0.113.7", "10.0.0.5")] {
        let record = record(src, dst, ports);
        let (pkt_src, pkt_dst) = (Some(record.src), Some(record.dst));
        fold.record(&FlowRecord { interface: name, pkt_src, pkt_dst, ..record });
    }
    let crossings = fold.crossings.keys().map(|key| (key.client, key.port)).collect::<BTreeSet<_>>();
    (format!("{:?} {crossings:?}", fold.rows.iter().collect::<Vec<_>>()), fold.wants_ports(Some(name)))
}

#[test]
fn ports_that_nobody_asks_for_change_nothing() {
    let one_vpc = br#"{"Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"}]}"#;
    let vpcs = br#"{"Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-b", "CidrBlock": "10.1.0.0/16"}]}"#;
    let interfaces =
        [("eni-nat", false), ("eni-tgw", false), ("eni-client", true), ("eni-quiet", true), ("eni-who", true)];
    for (json, kept, some, all) in [
        (&one_vpc[..], None, false, false),
        (&one_vpc[..], Some(443), true, true),
        (&vpcs[..], None, true, false),
        (ACCOUNT, None, true, true),
    ] {
        let mut roles = Roles::new(vec![Cidr::parse("10.0.0.0/16").expect("a block")]);
        roles.set_peers(peers(json));
        roles.set_ports(kept);
        roles.add_nat(NatSide { own: vec![addr("10.0.0.9")], ..NatSide::default() }, ["eni-nat".to_owned()]);
        roles.set("eni-tgw", Role::Carrier);
        roles.set("eni-client", Role::Client);
        roles.set("eni-quiet", Role::Quiet);
        assert_eq!(Fold::new(&roles, None).wants_ports(None), some);
        for (name, own_traffic) in interfaces {
            let (with, wanted) = folded(&roles, name, (Some(50_000), Some(443)));
            assert_eq!(wanted, all || some && own_traffic, "{name} {kept:?}");
            let (without, _) = folded(&roles, name, (None, None));
            assert!(wanted || with == without, "{name} {kept:?}: {with} {without}");
        }
    }
}
