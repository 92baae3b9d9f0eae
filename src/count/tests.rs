//! Small accounts, counted by hand.

mod moved;

use super::fold::{Fold, MAX_BYTES};
use super::resolve::{Basis, Counted, CountedRecords, resolve};
use super::roles::{NatSide, Role, Roles};
use super::rollup::{Hints, Rollup};
use super::routes::Routes;
use crate::model::addr::Addr;
use crate::model::flow::{Direction, FlowRecord, FlowSink, InterfaceFacts, Verdict};
use crate::model::inventory::Inventory;
use crate::model::period::Window;
use crate::model::symbols::Sym;
use crate::sources::inventory::{InventoryDraft, read_document};

const NAT: &str = "eni-nat";
const CLIENT: &str = "eni-client";
const HOUR: i64 = 3_600;
const DAY: Window = Window { start: 0, end: 24 * HOUR };

/// A record: interface, `srcaddr`, `dstaddr`, `pkt-srcaddr`, `pkt-dstaddr` (absent if empty), bytes, hour.
#[derive(Clone, Copy)]
struct Row(&'static str, [&'static str; 4], u64, i64, Verdict);

const fn accept(interface: &'static str, ends: [&'static str; 4], bytes: u64, hour: i64) -> Row {
    Row(interface, ends, bytes, hour, Verdict::Accept)
}

/// The four records of one conversation, `up` and `down` bytes.
const fn conversation(up: u64, down: u64, hour: i64) -> [Row; 4] {
    [
        accept(NAT, ["10.0.1.5", "10.0.0.220", "10.0.1.5", "203.0.113.5"], up, hour),
        accept(NAT, ["10.0.0.220", "203.0.113.5", "10.0.0.220", "203.0.113.5"], up, hour),
        accept(NAT, ["203.0.113.5", "10.0.0.220", "203.0.113.5", "10.0.0.220"], down, hour),
        accept(NAT, ["10.0.0.220", "10.0.1.5", "203.0.113.5", "10.0.1.5"], down, hour),
    ]
}

fn without_pkt(rows: &[Row]) -> Vec<Row> {
    rows.iter()
        .map(|&Row(i, [src, dst, ..], bytes, hour, verdict)| Row(i, [src, dst, "", ""], bytes, hour, verdict))
        .collect()
}

/// The client's own two records of a conversation.
const fn at_client(up: u64, down: u64, hour: i64) -> [Row; 2] {
    [
        accept(CLIENT, ["10.0.1.5", "203.0.113.5", "10.0.1.5", "203.0.113.5"], up, hour),
        accept(CLIENT, ["203.0.113.5", "10.0.1.5", "203.0.113.5", "10.0.1.5"], down, hour),
    ]
}

fn fold<'a>(roles: &'a Roles, instance: &str, rows: &[Row]) -> Fold<'a> {
    let mut fold = Fold::new(roles, None);
    for &Row(interface, [src, dst, pkt_src, pkt_dst], bytes, hour, verdict) in rows {
        let addr = |text: &str| Addr::parse(text.as_bytes());
        let record = FlowRecord {
            interface: fold.symbols().intern(interface.as_bytes()),
            resource: Sym::NONE,
            facts: InterfaceFacts {
                instance: fold.symbols().intern(instance.as_bytes()),
                account: fold.symbols().intern(b"111111111111"),
                ..InterfaceFacts::default()
            },
            owner: Sym::NONE,
            start: hour * HOUR + 5,
            bytes,
            src: addr(src).unwrap_or(Addr::NONE),
            dst: addr(dst).unwrap_or(Addr::NONE),
            src_port: None,
            dst_port: None,
            pkt_src: addr(pkt_src),
            pkt_dst: addr(pkt_dst),
            src_service: Sym::NONE,
            dst_service: Sym::NONE,
            direction: Direction::Unknown,
            next_hop_kind: Sym::NONE,
            next_hop: Sym::NONE,
            verdict,
        };
        fold.record(&record);
    }
    fold
}

/// Roles of the gateway and a client, and route tables that send the client's traffic to the gateway.
fn account() -> (Roles, Inventory) {
    let mut draft = InventoryDraft::default();
    let json = br#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
        "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}],
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-client", "SubnetId": "subnet-1", "VpcId": "vpc-1",
            "InterfaceType": "interface", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.5"}]}],
        "NatGateways": [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "State": "available",
            "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.220"}]}],
        "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-1"}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]}]}"#;
    read_document("account.json", json, &mut draft).expect("valid output");
    let mut roles = Roles::new(vec![crate::model::addr::Cidr::parse("10.0.0.0/16").expect("a block")]);
    let own = vec![Addr::parse(b"10.0.0.220").expect("an address")];
    roles.add_nat(NatSide { id: "nat-1".to_owned(), own, ..NatSide::default() }, [NAT.to_owned(), "nat-1".to_owned()]);
    roles.set(CLIENT, Role::Client);
    (roles, draft.finish())
}

/// Counts objects of (flow log, records) in an account.
fn count(account: &(Roles, Inventory), objects: &[(&str, &[Row])]) -> Counted {
    let mut rollup = Rollup::default();
    for (flow_log, rows) in objects {
        let source = rollup.source(flow_log);
        rollup.merge(&fold(&account.0, "", rows), source, &Hints::default());
    }
    resolve(&mut rollup, &account.0, &Routes::new(&account.1), DAY, 2)
}

/// Upload, download, and records counted, mirror, not NAT and duplicate.
fn check(name: &str, counted: &Counted, bytes: (u64, u64), records: [u64; 4]) {
    let sum = |pick: fn(&super::resolve::CountedRow) -> u64| {
        counted.rows.iter().filter(|row| row.pair.basis != Basis::Client).map(|row| pick(&row)).sum::<u64>()
    };
    assert_eq!((sum(|r| r.upload), sum(|r| r.download)), bytes, "{name}");
    let kinds = counted.records;
    let of_gateways: u64 = counted.gateways.iter().map(|gateway| gateway.records.all()).sum();
    assert_eq!(
        (sum(|r| r.records), of_gateways),
        (kinds.counted, kinds.counted),
        "{name}: records of rows, of gateways"
    );
    assert_eq!([kinds.counted, kinds.mirror, kinds.not_nat, kinds.duplicate], records, "{name}");
    assert_eq!(kinds.sum(), kinds.read, "{name}");
}

#[test]
fn a_conversation_counts_once() {
    let counted = count(&account(), &[("a", &conversation(100, 900, 1))]);
    check("four legs", &counted, (100, 900), [2, 2, 0, 0]);
    let nat = &counted.gateways[0];
    assert_eq!(
        (nat.side.id.as_str(), nat.upload, nat.download, nat.mirror(), nat.unsolicited()),
        ("nat-1", 100, 900, 1000, 0)
    );
}

#[test]
fn threads_share_the_pairs_and_lose_none() {
    const REMOTES: u32 = 20_000;
    let account = account();
    let counts = [1, 2, 3].map(|threads| {
        let mut fold = fold(&account.0, "", &conversation(100, 900, 1));
        let [client, own] = ["10.0.1.5", "10.0.0.220"].map(|text| Addr::parse(text.as_bytes()).expect("an address"));
        let record = FlowRecord {
            interface: fold.symbols().intern(NAT.as_bytes()),
            verdict: Verdict::Accept,
            ..FlowRecord::NOTHING
        };
        for number in 0..REMOTES {
            let (remote, start) = (Addr::from_v4(0xcb00_7200 + number), i64::from(number % 24) * HOUR);
            let (up, down) = (u64::from(number), u64::from(number) * 7);
            let legs = [(client, own, remote, up), (own, client, client, down)];
            for (src, dst, packet, bytes) in legs {
                let (pkt_src, pkt_dst) = if src == client { (client, packet) } else { (remote, packet) };
                fold.record(&FlowRecord {
                    start,
                    bytes,
                    src,
                    dst,
                    pkt_src: Some(pkt_src),
                    pkt_dst: Some(pkt_dst),
                    ..record
                });
            }
        }
        let mut rollup = Rollup::default();
        let source = rollup.source("a");
        rollup.merge(&fold, source, &Hints::default());
        resolve(&mut rollup, &account.0, &Routes::new(&account.1), DAY, threads)
    });
    let up = u64::from(REMOTES) * u64::from(REMOTES - 1) / 2;
    let rows = |counted: &Counted| counted.rows.iter().collect::<Vec<_>>();
    let expect = rows(&counts[0]);
    for counted in &counts {
        let records = u64::from(REMOTES) * 2 + 2;
        check("many remotes", counted, (up + 100, up * 7 + 900), [records, 2, 0, 0]);
        assert_eq!(rows(counted), expect);
        let (nat, legs) = (&counted.gateways[0], [up + 100, 100, 900, up * 7 + 900]);
        assert_eq!((nat.upload, nat.download, nat.legs), (up + 100, up * 7 + 900, legs));
    }
}

#[test]
fn a_gateway_is_inferred_only_where_it_is_certain() {
    let nobody = (Roles::default(), Inventory::default());
    let all = conversation(100, 900, 1);
    check("four legs", &count(&nobody, &[("a", &all)]), (100, 900), [2, 2, 0, 0]);
    for missing in 0..4 {
        let three: Vec<Row> = all.iter().enumerate().filter(|(leg, _)| *leg != missing).map(|(_, row)| *row).collect();
        check("three legs", &count(&nobody, &[("a", &three)]), (0, 0), [0, 0, 3, 0]);
    }
    check("no pkt", &count(&nobody, &[("a", &without_pkt(&all))]), (0, 0), [0, 0, 4, 0]);
    // Another log that does not speak says nothing of the gateway's own addresses, either.
    let other_client = all.map(|Row(nat, ends, bytes, hour, verdict)| {
        Row(nat, ends.map(|end| if end == "10.0.1.5" { "10.0.1.6" } else { end }), bytes, hour, verdict)
    });
    let both = [all, other_client].concat();
    let astray = [accept(NAT, ["10.0.1.5", "10.0.1.6", "10.0.1.5", "203.0.113.5"], 7, 1)];
    check("two clients", &count(&nobody, &[("a", &both)]), (200, 1800), [4, 4, 0, 0]);
    check("and a silent log", &count(&nobody, &[("a", &both), ("b", &astray)]), (200, 1800), [4, 4, 0, 1]);
    let mut rollup = Rollup::default();
    let source = rollup.source("a");
    rollup.merge(&fold(&nobody.0, "i-0abc", &all), source, &Hints::default());
    let counted = resolve(&mut rollup, &nobody.0, &Routes::new(&nobody.1), DAY, 2);
    check("a NAT instance", &counted, (0, 0), [0, 0, 4, 0]);
}

#[test]
fn a_report_by_day_will_take_more() {
    let mut rollup = Rollup::default();
    let source = rollup.source("a");
    rollup.merge(&fold(&account().0, "", &conversation(100, 900, 1)), source, &Hints::default());
    assert!(rollup.memory_of_report(true) > rollup.memory_of_report(false));
}

#[test]
fn without_pkt_services_and_clients_are_two_sides_of_the_same_bytes() {
    let mut rows = without_pkt(&conversation(100, 900, 1));
    rows.push(accept(NAT, ["198.51.100.9", "10.0.0.220", "", ""], 40, 1)); // nobody asked for it
    let counted = count(&account(), &[("a", &rows)]);
    check("two sides", &counted, (100, 900), [2, 3, 0, 0]);
    let clients: Vec<_> = counted.rows.iter().filter(|r| r.pair.basis == Basis::Client).collect();
    assert_eq!(clients.iter().map(|r| r.upload + r.download).sum::<u64>(), 1000);
    assert_eq!(counted.gateways[0].unsolicited(), 40);
    assert_eq!(counted.gateways[0].records, CountedRecords { pairs: 0, public_side: 2, clients: 0 });
}

#[test]
fn without_pkt_the_balance_tells_an_unknown_spoke_from_an_unknown_remote() {
    let spoke = |ends: [&'static str; 2], bytes| accept(NAT, [ends[0], ends[1], "", ""], bytes, 1);
    let mut rows = without_pkt(&conversation(100, 900, 1));
    // 10.9.9.9 is in no VPC that is known; what it sends and gets goes to and comes from 198.51.100.7.
    let unknown_client = [
        spoke(["10.9.9.9", "10.0.0.220"], 1_000),
        spoke(["10.0.0.220", "198.51.100.7"], 1_000),
        spoke(["198.51.100.7", "10.0.0.220"], 9_000),
        spoke(["10.0.0.220", "10.9.9.9"], 9_000),
    ];
    rows.extend(unknown_client);
    check("a spoke", &count(&account(), &[("a", &rows)]), (1_100, 9_900), [4, 4, 0, 0]);
    // The known client talks to 10.9.9.9 behind a VPN.
    let unknown_remote = [
        spoke(["10.0.1.5", "10.0.0.220"], 1_000),
        spoke(["10.0.0.220", "10.9.9.9"], 1_000),
        spoke(["10.9.9.9", "10.0.0.220"], 9_000),
        spoke(["10.0.0.220", "10.0.1.5"], 9_000),
    ];
    check("a remote", &count(&account(), &[("a", &unknown_remote)]), (1_000, 9_000), [2, 2, 0, 0]);
}

#[test]
fn the_gateway_speaks_for_its_hours_and_clients_for_the_rest() {
    let (nat, client) = (conversation(100, 900, 1), at_client(100, 900, 1));
    let other = at_client(7, 70, 2);
    let both = count(&account(), &[("a", &nat), ("a", &client), ("a", &other)]);
    check("hour 1 by the gateway, hour 2 by the client", &both, (107, 970), [4, 4, 0, 0]);
    assert_eq!(both.gateways[0].records, CountedRecords { pairs: 2, public_side: 0, clients: 2 });
    let dropped = |hour| Row(CLIENT, ["", "", "", ""], 0, hour, Verdict::SkipData);
    let skipped = count(&account(), &[("a", &nat), ("a", &other), ("a", &[dropped(1), dropped(2), dropped(3)])]);
    assert_eq!(skipped.gateways[0].skipdata, 2, "in hour 1 the gateway tells");
    let silent = Row(NAT, ["", "", "", ""], 0, 2, Verdict::NoData);
    let covered = count(&account(), &[("a", &nat), ("a", &[silent]), ("a", &other)]);
    check("NODATA covers hour 2", &covered, (100, 900), [2, 4, 0, 0]);
}

/// Routes lead to a gateway of which nothing else is known.
fn routes_only() -> (Roles, Inventory) {
    let mut draft = InventoryDraft::default();
    let json = br#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}],
        "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111111111111"}],
        "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-1"}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]}]}"#;
    read_document("routes.json", json, &mut draft).expect("valid output");
    (Roles::default(), draft.finish())
}

#[test]
fn a_gateway_known_by_route_and_one_inferred_are_not_two() {
    let routes_only = routes_only();
    let (nat, client, unseen) = (conversation(100, 900, 1), at_client(100, 900, 1), at_client(7, 70, 2));
    let counted = count(&routes_only, &[("a", &nat), ("a", &client), ("a", &unseen)]);
    // Nobody knows the client's interface either: its subnet is told by its address.
    check("hour 1 at the gateway, hour 2 at the client", &counted, (107, 970), [4, 4, 0, 0]);
    let mut of_gateways: Vec<_> = counted.gateways.iter().map(|g| (g.records.pairs, g.records.clients)).collect();
    of_gateways.sort_unstable();
    assert_eq!(of_gateways, [(0, 2), (2, 0)]);
}

#[test]
fn a_gateway_known_by_route_and_one_inferred_are_one_in_every_hour_of_which_it_tells() {
    // Intervals begin on both sides of an hour.
    let nat = [conversation(100, 900, 1), conversation(5, 50, 2)].concat();
    let counted = count(&routes_only(), &[("a", &nat), ("a", &at_client(100, 900, 2)), ("a", &at_client(5, 50, 1))]);
    check("the hours changed over", &counted, (105, 950), [4, 8, 0, 0]);
    // Its log had no `pkt-*` in the third hour.
    let other = at_client(1, 9, 3).map(|Row(at, ends, bytes, hour, verdict)| {
        Row(at, ends.map(|end| if end == "203.0.113.5" { "203.0.113.6" } else { end }), bytes, hour, verdict)
    });
    let own = conversation(1, 9, 3).map(|Row(at, [src, dst, ..], bytes, hour, verdict)| {
        let other = |end| if end == "203.0.113.5" { "203.0.113.6" } else { end };
        Row(at, [other(src), other(dst), "", ""], bytes, hour, verdict)
    });
    let counted = count(&routes_only(), &[("a", &nat), ("a", &at_client(100, 900, 1)), ("a", &own), ("a", &other)]);
    check("two sides", &counted, (106, 959), [6, 10, 0, 0]);
    // What it does not show may have gone by a gateway of which there is no log.
    let counted = count(&routes_only(), &[("a", &conversation(100, 900, 3)), ("a", &other)]);
    check("another remote", &counted, (101, 909), [4, 2, 0, 0]);
}

#[test]
fn records_without_an_interface_are_no_clients() {
    // A regional gateway's four in a log without `resource-id`, beside the client's two.
    let nameless =
        conversation(100, 900, 1).map(|Row(_, ends, bytes, hour, verdict)| Row("", ends, bytes, hour, verdict));
    let counted = count(&routes_only(), &[("a", &nameless), ("a", &at_client(100, 900, 1))]);
    check("the client's count", &counted, (100, 900), [2, 0, 4, 0]);
    assert_eq!(counted.unattributable.records, 4);
}

/// The account with a private gateway.
fn private() -> (Roles, Inventory) {
    let (_, inventory) = account();
    let mut roles = Roles::new(vec![crate::model::addr::Cidr::parse("10.0.0.0/16").expect("a block")]);
    let own = vec![Addr::parse(b"10.0.0.220").expect("an address")];
    let side = NatSide { id: "nat-1".to_owned(), own, private: true, ..NatSide::default() };
    roles.add_nat(side, [NAT.to_owned(), "nat-1".to_owned()]);
    roles.set(CLIENT, Role::Client);
    (roles, inventory)
}

#[test]
fn what_nobody_can_attribute_does_not_silence_who_can() {
    let account = private();
    let (nat, client) = (conversation(100, 900, 1), at_client(100, 900, 1));
    let without = without_pkt(&nat);
    let counted = count(&account, &[("a", &without), ("a", &client)]);
    check("without pkt", &counted, (100, 900), [2, 0, 4, 0]);
    assert_eq!(
        (counted.undecidable.records, counted.gateways[0].covered, counted.gateways[0].covered_itself),
        (4, true, false)
    );
    check("with pkt", &count(&account, &[("a", &nat), ("a", &client)]), (100, 900), [2, 4, 0, 0]);
    let silent = [Row(NAT, ["", "", "", ""], 0, 1, Verdict::NoData)];
    check(
        "nothing at all",
        &count(&account, &[("a", &silent), ("a", &nat[..1]), ("a", &client)]),
        (100, 0),
        [1, 2, 0, 0],
    );
}

/// A regional gateway with one known address.
fn regional() -> (Roles, Inventory) {
    let mut roles = Roles::new(vec![crate::model::addr::Cidr::parse("10.0.0.0/16").expect("a block")]);
    let public = vec![Addr::parse(b"18.0.0.1").expect("an address")];
    let side = NatSide { id: "nat-r".to_owned(), public, regional: true, ..NatSide::default() };
    roles.add_nat(side, ["nat-r".to_owned()]);
    (roles, Inventory::default())
}

/// The four records of a conversation at the regional gateway.
fn at_regional(
    client: &'static str,
    public: &'static str,
    remote: &'static str,
    [up, down]: [u64; 2],
) -> Vec<FlowRecord> {
    let addr = |text: &str| Addr::parse(text.as_bytes()).expect("an address");
    let record = |from: &str, to: &str, direction, bytes| FlowRecord {
        start: 5,
        bytes,
        src: addr(from),
        dst: addr(to),
        pkt_src: Some(addr(from)),
        pkt_dst: Some(addr(to)),
        direction,
        verdict: Verdict::Accept,
        ..FlowRecord::NOTHING
    };
    vec![
        record(client, remote, Direction::Ingress, up),
        record(public, remote, Direction::Egress, up),
        record(remote, public, Direction::Ingress, down),
        record(remote, client, Direction::Egress, down),
    ]
}

#[test]
fn an_address_that_a_regional_gateway_had_for_a_while_is_no_client() {
    let account = regional();
    let count = |records: &[FlowRecord]| {
        let mut fold = Fold::new(&account.0, None);
        for record in records {
            let resource = fold.symbols().intern(b"nat-r");
            fold.record(&FlowRecord { resource, ..*record });
        }
        let mut rollup = Rollup::default();
        let source = rollup.source("a");
        rollup.merge(&fold, source, &Hints::default());
        resolve(&mut rollup, &account.0, &Routes::new(&account.1), DAY, 2)
    };
    let known = at_regional("10.0.1.5", "18.0.0.1", "203.0.113.5", [100, 900]);
    check("known", &count(&known), (100, 900), [2, 2, 0, 0]);
    let released = at_regional("10.0.1.6", "18.0.0.2", "203.0.113.6", [10, 90]);
    check("released", &count(&released), (10, 90), [2, 2, 0, 0]);
    check("beside a known one", &count(&[known.clone(), released.clone()].concat()), (110, 990), [4, 4, 0, 0]);
    let client = at_regional("44.0.0.9", "18.0.0.1", "203.0.113.7", [1, 9]);
    check("a client in public space", &count(&[known, client].concat()), (101, 909), [4, 4, 0, 0]);
    let scan = count(&released[2..3]);
    check("nobody asked", &scan, (0, 0), [0, 1, 0, 0]);
    assert_eq!(scan.gateways[0].unsolicited(), 90);
}

#[test]
fn clients_by_nat64_are_clients_without_pkt_too() {
    let row = |ends: [&'static str; 2], bytes| accept(NAT, [ends[0], ends[1], "", ""], bytes, 1);
    let (client, stands_in, remote, own) = ("2600:1f18::5", "64:ff9b::cb00:7105", "203.0.113.5", "10.0.0.220");
    let rows = [
        row([client, stands_in], 120),
        row([own, remote], 100),
        row([remote, own], 900),
        row([stands_in, client], 940),
    ];
    let counted = count(&account(), &[("a", &rows)]);
    check("two sides", &counted, (100, 900), [2, 2, 0, 0]);
    assert_eq!((counted.gateways[0].unsolicited(), counted.gateways[0].mirror()), (0, 1000));
    let clients = counted.rows.iter().filter(|row| row.pair.basis == Basis::Client);
    assert_eq!(clients.map(|row| row.upload + row.download).sum::<u64>(), 1_060);
}

#[test]
fn a_log_of_rejected_traffic_covers_nothing() {
    let rejected = Row(NAT, ["198.51.100.9", "10.0.0.220", "198.51.100.9", "10.0.0.220"], 40, 1, Verdict::Reject);
    let counted = count(&account(), &[("rejects", &[rejected]), ("a", &at_client(100, 900, 1))]);
    check("the client's records count", &counted, (100, 900), [2, 0, 0, 0]);
    assert_eq!((counted.records.rejected, counted.bytes.rejected.get()), (1, 40));
}

#[test]
fn of_two_flow_logs_the_one_that_knows_more_counts() {
    let rows = conversation(100, 900, 1);
    let poor = without_pkt(&rows);
    let account = account();
    let better = count(&account, &[("fl-1", &poor), ("fl-2", &rows)]);
    check("pkt wins", &better, (100, 900), [2, 2, 0, 4]);
    assert!(better.rows.iter().all(|row| row.pair.basis == Basis::Pair));
    let smaller = conversation(1, 9, 1);
    check("then the smaller id", &count(&account, &[("fl-2", &rows), ("fl-1", &smaller)]), (1, 9), [2, 2, 0, 4]);
    check(
        "each for its hours",
        &count(&account, &[("fl-1", &rows), ("fl-2", &conversation(1, 9, 2))]),
        (101, 909),
        [4, 4, 0, 0],
    );
}

#[test]
fn what_lies_outside_is_counted_as_such() {
    let counted = count(&account(), &[("a", &conversation(100, 900, 1)), ("a", &conversation(1, 9, 24))]);
    check("the next day", &counted, (100, 900), [2, 2, 0, 0]);
    assert_eq!((counted.records.out_of_window, counted.bytes.out_of_window.get()), (4, 20));
}

#[test]
fn bytes_beyond_every_sum_are_no_record() {
    let account = account();
    let huge = accept(NAT, ["10.0.1.5", "10.0.0.220", "10.0.1.5", "203.0.113.5"], u64::MAX, 1);
    let counted = count(&account, &[("a", &[huge]), ("a", &conversation(100, 900, 1))]);
    check("a record of 2^64 bytes", &counted, (100, 900), [2, 2, 0, 0]);
    assert_eq!(counted.records.malformed, 1);
    let most = accept(NAT, huge.1, MAX_BYTES, 1);
    assert_eq!(fold(&account.0, "", &[most, most]).malformed, 1, "two that are too much together");
}

#[test]
fn an_order_of_objects_leaves_no_trace() {
    let (first, second, third) = (conversation(100, 900, 1), at_client(5, 50, 2), without_pkt(&conversation(3, 30, 3)));
    let objects: [(&str, &[Row]); 3] = [("fl-1", &first), ("fl-1", &second), ("fl-2", &third)];
    let forward = count(&account(), &objects);
    let mut reversed = objects;
    reversed.reverse();
    let backward = count(&account(), &reversed);
    let sorted = |counted: &Counted| {
        let mut rows: Vec<_> =
            counted.rows.iter().map(|r| (r.pair.gateway, r.hour, r.pair.basis, r.upload, r.download)).collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(sorted(&forward), sorted(&backward));
    assert_eq!((forward.records, forward.bytes), (backward.records, backward.bytes));
}
