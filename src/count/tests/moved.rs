//! Clients whose routes led elsewhere for a part of the time: a table says what holds on the day on which it was described.

use super::*;

/// An account in which `nat-2` was put in the place of a gateway at noon. `gone` is how that is described, if at all.
fn account_json(gone: &str) -> String {
    format!(
        r#"{{"Vpcs": [{{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}}, {{"VpcId": "vpc-2", "CidrBlock": "10.2.0.0/16"}}],
        "Subnets": [{{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}}],
        "NetworkInterfaces": [{{"NetworkInterfaceId": "eni-client", "SubnetId": "subnet-1", "VpcId": "vpc-1",
            "InterfaceType": "interface", "PrivateIpAddresses": [{{"PrivateIpAddress": "10.0.1.5"}}]}}],
        "NatGateways": [{gone} {{"NatGatewayId": "nat-2", "VpcId": "vpc-1", "State": "available",
            "CreateTime": "1970-01-01T12:00:30Z",
            "NatGatewayAddresses": [{{"NetworkInterfaceId": "eni-nat-2", "PrivateIp": "10.0.0.221"}}]}}],
        "RouteTables": [{{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{{"SubnetId": "subnet-1"}}],
            "Routes": [{{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-2", "State": "active"}}]}}]}}"#
    )
}

fn replaced(gone: &str) -> (Roles, Inventory) {
    let json = account_json(gone);
    let mut draft = InventoryDraft::default();
    read_document("account.json", json.as_bytes(), &mut draft).expect("valid output");
    let inventory = draft.finish();
    let mut roles = Roles::new(vec![crate::model::addr::Cidr::parse("10.0.0.0/16").expect("a block")]);
    for nat in inventory.nat_gateways() {
        let side = NatSide { id: nat.id.clone(), own: nat.private_addrs.clone(), ..NatSide::default() };
        roles.add_nat(side, nat.interfaces.iter().chain([&nat.id]).cloned());
    }
    roles.set(CLIENT, Role::Client);
    (roles, inventory)
}

#[test]
fn a_gateway_that_was_replaced_counts_its_bytes_once() {
    let described = |vpc: &str| {
        format!(
            r#"{{"NatGatewayId": "nat-1", "VpcId": "{vpc}", "State": "deleted",
            "NatGatewayAddresses": [{{"NetworkInterfaceId": "{NAT}", "PrivateIp": "10.0.0.220"}}]}},"#
        )
    };
    let (nat, client) = (conversation(100, 900, 1), at_client(100, 900, 1));
    let by_both = [("a", &nat[..]), ("a", &client[..])];
    for (name, gone) in [("described", described("vpc-1")), ("forgotten", String::new())] {
        check(name, &count(&replaced(&gone), &by_both), (100, 900), [2, 4, 0, 0]);
    }
    // No records of the old one: nobody else tells of the client's bytes.
    let account = replaced(&described("vpc-1"));
    check(
        "an hour that it does not tell",
        &count(&account, &[("a", &nat), ("a", &at_client(7, 70, 2))]),
        (107, 970),
        [4, 2, 0, 0],
    );
    check(
        "the hour in which the new one came",
        &count(&account, &[("a", &conversation(1, 9, 12)), ("a", &at_client(1, 9, 12))]),
        (1, 9),
        [2, 4, 0, 0],
    );
    check(
        "the hour in which it moved: the client's records hold what the old one carried, too",
        &count(&account, &[("a", &conversation(1, 9, 13)), ("a", &at_client(7, 70, 13))]),
        (7, 70),
        [4, 2, 0, 0],
    );
    let other = client.map(|Row(at, ends, bytes, hour, verdict)| {
        Row(at, ends.map(|end| if end == "203.0.113.5" { "203.0.113.6" } else { end }), bytes, hour, verdict)
    });
    check("what it does not show", &count(&account, &[("a", &nat), ("a", &other)]), (200, 1800), [4, 2, 0, 0]);
    let silent = [Row(NAT, ["", "", "", ""], 0, 1, Verdict::NoData)];
    check("nothing but NODATA", &count(&account, &[("a", &silent), ("a", &client)]), (100, 900), [2, 0, 0, 0]);
    check("in another VPC", &count(&replaced(&described("vpc-2")), &by_both), (200, 1800), [4, 2, 0, 0]);
}

/// The account, but the gateway's routes are moved to a regional one, made at three, at some time.
fn migrated_with(route: &str) -> (Roles, Inventory) {
    let old = r#"{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "State": "available",
        "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.220"}]},
        {"NatGatewayId": "nat-r", "VpcId": "vpc-1", "State": "available", "CreateTime": "1970-01-01T03:00:00Z",
         "AvailabilityMode": "regional", "NatGatewayAddresses": [{"PublicIp": "18.0.0.1"}]},"#;
    let (mut roles, _) = replaced(old);
    let mut draft = InventoryDraft::default();
    let json = account_json(old)
        .replace(r#""NatGatewayId": "nat-2", "State": "active""#, r#""NatGatewayId": "nat-r", "State": "active""#)
        .replace(
            r#"{"DestinationCidrBlock": "0.0.0.0/0""#,
            &format!(r#"{route}{{"DestinationCidrBlock": "0.0.0.0/0""#),
        );
    read_document("account.json", json.as_bytes(), &mut draft).expect("valid output");
    roles.add_nat(NatSide { id: "nat-r".to_owned(), regional: true, ..NatSide::default() }, ["nat-r".to_owned()]);
    (roles, draft.finish())
}

#[test]
fn a_client_whose_table_leads_to_both_gateways_uses_both() {
    // The same two gateways behind another table and behind one route that is left over say nothing of this client.
    for (situation, route, both) in [
        (
            "in use",
            r#"{"DestinationCidrBlock": "198.51.100.0/24", "NatGatewayId": "nat-1", "State": "active"}, "#,
            true,
        ),
        (
            "left over",
            r#"{"DestinationCidrBlock": "198.51.100.0/24", "NatGatewayId": "nat-1", "State": "blackhole"}, "#,
            false,
        ),
        ("none", "", false),
    ] {
        let account = migrated_with(route);
        let nat = conversation(30, 300, 9);
        let pairs = count(&account, &[("a", &nat), ("a", &at_client(100, 900, 9))]);
        check(&format!("{situation}, pairs"), &pairs, (100, 900), [4, 2, 0, 0]);
        let sides = count(&account, &[("a", &without_pkt(&nat)), ("a", &at_client(100, 900, 9))]);
        let expect = if both { (130, 1200) } else { (100, 900) };
        check(&format!("{situation}, two sides"), &sides, expect, [4, 2, 0, 0]);
    }
}

#[test]
fn until_routes_are_moved_to_a_new_gateway_the_old_one_tells() {
    let account = migrated_with("");
    let of = |name: &str, hour: i64, own: [u64; 2], client: [u64; 2], expect: (u64, u64), records: [u64; 4]| {
        let nat = conversation(own[0], own[1], hour);
        for (vantage, nat) in [("pairs", nat.to_vec()), ("two sides", without_pkt(&nat))] {
            let counted = count(&account, &[("a", &nat), ("a", &at_client(client[0], client[1], hour))]);
            check(&format!("{name}, {vantage}"), &counted, expect, records);
        }
    };
    of("before it was made", 1, [100, 900], [100, 900], (100, 900), [2, 4, 0, 0]);
    of("made, and not used yet", 8, [100, 900], [100, 900], (100, 900), [2, 4, 0, 0]);
    of("moved within the hour", 9, [30, 400], [100, 900], (100, 900), [4, 2, 0, 0]);
    let later = count(&account, &[("a", &conversation(1, 9, 8)), ("a", &at_client(100, 900, 10))]);
    check("moved", &later, (101, 909), [4, 2, 0, 0]);
    // Intervals begin on both sides of an hour; what is shown is taken back once.
    let nat = [conversation(100, 900, 7), conversation(20, 20, 8)].concat();
    let client = [at_client(90, 880, 7), at_client(30, 40, 8)].concat();
    check("over two hours", &count(&account, &[("a", &nat), ("a", &client)]), (120, 920), [4, 8, 0, 0]);
}

#[test]
fn a_pod_behind_the_first_address_of_its_interface_is_the_same_client() {
    let old = r#"{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "State": "deleted",
        "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.220"}]},"#;
    let (roles, _) = replaced(old);
    let mut draft = InventoryDraft::default();
    let pod = r#"{"PrivateIpAddress": "10.0.1.5"}, {"PrivateIpAddress": "10.0.1.6"}"#;
    let json = account_json(old).replace(r#"{"PrivateIpAddress": "10.0.1.5"}"#, pod);
    read_document("account.json", json.as_bytes(), &mut draft).expect("valid output");
    let account = (roles, draft.finish());
    // The gateway's records show the pod, the interface's in the default format its first address.
    let nat = conversation(100, 900, 1).map(|Row(at, ends, bytes, hour, verdict)| {
        Row(at, ends.map(|end| if end == "10.0.1.5" { "10.0.1.6" } else { end }), bytes, hour, verdict)
    });
    let client = without_pkt(&at_client(100, 900, 1));
    check("pairs", &count(&account, &[("a", &nat), ("a", &client)]), (100, 900), [2, 4, 0, 0]);
    check("two sides", &count(&account, &[("a", &without_pkt(&nat)), ("a", &client)]), (100, 900), [2, 4, 0, 0]);
}

#[test]
fn before_a_gateway_endpoint_was_made_its_bytes_went_by_the_gateway() {
    let check_of = |kind: &str, created: &str, expect: (u64, u64), records: [u64; 4]| {
        let endpoint = format!(
            r#""VpcEndpoints": [{{"VpcEndpointId": "vpce-1", "VpcEndpointType": "{kind}", "VpcId": "vpc-1",
            "ServiceName": "com.amazonaws.us-east-1.s3", "State": "available"{created}}}],
            "PrefixLists": [{{"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.us-east-1.s3", "Cidrs": ["203.0.113.0/24"]}}],
            "NatGateways": [{{"NatGatewayId": "nat-0", "VpcId": "vpc-9"}},"#
        );
        let route =
            r#"{"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"}, {"DestinationCidrBlock""#;
        let json = account_json("").replace(r#""NatGateways": ["#, &endpoint).replace("12:00:30Z", "00:00:00Z");
        let json = json.replace(r#"{"DestinationCidrBlock""#, route);
        let mut draft = InventoryDraft::default();
        read_document("account.json", json.as_bytes(), &mut draft).expect("valid output");
        let rows = [at_client(1, 10, 2), at_client(2, 20, 6), at_client(4, 40, 7), at_client(8, 80, 8)].concat();
        check(created, &count(&(replaced("").0, draft.finish()), &[("a", &rows)]), expect, records);
    };
    let check_at = |created: &str, expect, records| check_of("Gateway", created, expect, records);
    check_at(r#", "CreationTimestamp": "1970-01-01T07:30:00Z""#, (3, 30), [4, 0, 4, 0]);
    check_at(r#", "CreationTimestamp": "1970-02-01T07:30:00Z""#, (15, 150), [8, 0, 0, 0]);
    check_at(r#", "CreationTimestamp": "1969-12-31T07:30:00Z""#, (0, 0), [0, 0, 8, 0]);
    check_at("", (0, 0), [0, 0, 8, 0]);
    let late = r#", "CreationTimestamp": "1970-02-01T07:30:00Z""#;
    check_of("GatewayLoadBalancer", late, (0, 0), [0, 0, 8, 0]);
}
