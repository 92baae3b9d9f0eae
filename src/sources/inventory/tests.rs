//! Small inline outputs in, an inventory out. The lookups are tested here too: through the JSON that they come from.

use super::*;
use crate::model::inventory::{Availability, Connectivity, NatState, RouteTarget};
use crate::sources::pages::Home;

const NAT: &str = r#"{"NatGateways": [{"NatGatewayId": "nat-1", "VpcId": "vpc-hub", "SubnetId": "subnet-pub", "State": "available",
    "NatGatewayAddresses": [
      {"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.9", "PublicIp": "198.51.100.2", "IsPrimary": false},
      {"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.220", "PublicIp": "198.51.100.1", "IsPrimary": true}],
    "Tags": [{"Key": "Name", "Value": "egress"}]}], "NextToken": "x"}"#;

const VPCS: &str = r#"{"Vpcs": [
    {"VpcId": "vpc-hub", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333",
     "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}]},
    {"VpcId": "vpc-a", "CidrBlock": "10.1.0.0/16", "CidrBlockAssociationSet": [
      {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}},
      {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "disassociated"}}]},
    {"VpcId": "vpc-b", "CidrBlock": "10.2.0.0/16"},
    {"VpcId": "vpc-c", "CidrBlock": "10.2.0.0/16"}]}"#;

const SUBNETS: &str = r#"{"Subnets": [
    {"SubnetId": "subnet-pub", "VpcId": "vpc-hub", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "us-east-1a",
     "AvailabilityZoneId": "use1-az2", "OwnerId": "111122223333"},
    {"SubnetId": "subnet-priv", "VpcId": "vpc-hub", "CidrBlock": "10.0.1.0/24", "AvailabilityZoneId": "use1-az4"},
    {"SubnetId": "subnet-a", "VpcId": "vpc-a", "CidrBlock": "10.1.0.0/16", "AvailabilityZone": "us-east-1b"}]}"#;

const TABLES: &str = r#"{"RouteTables": [
    {"RouteTableId": "rtb-main", "VpcId": "vpc-hub", "Associations": [{"Main": true}], "Routes": [
      {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
      {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"},
      {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"},
      {"DestinationCidrBlock": "192.0.2.0/24", "NatGatewayId": "nat-gone", "State": "blackhole"},
      {"DestinationPrefixListId": "pl-63a5400a", "GatewayId": "vpce-s3", "State": "active"}]},
    {"RouteTableId": "rtb-pub", "VpcId": "vpc-hub", "Associations": [{"Main": false, "SubnetId": "subnet-pub"}], "Routes": [
      {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]},
    {"RouteTableId": "rtb-forgotten", "VpcId": "vpc-hub", "Associations": [], "Routes": [
      {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]},
    {"RouteTableId": "rtb-a", "VpcId": "vpc-a", "Associations": [{"Main": true}], "Routes": [
      {"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation", "State": "active"},
      {"DestinationCidrBlock": "10.0.0.0/8", "VpcPeeringConnectionId": "pcx-1", "Origin": "CreateRoute", "State": "active"},
      {"DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-1", "State": "active"}]}]}"#;

const ENDPOINTS: &str = r#"{"VpcEndpoints": [
    {"VpcEndpointId": "vpce-s3", "VpcEndpointType": "Gateway", "VpcId": "vpc-hub", "State": "available",
     "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": ["rtb-main"]},
    {"VpcEndpointId": "vpce-old", "VpcEndpointType": "Gateway", "VpcId": "vpc-a", "State": "deleted",
     "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": ["rtb-a"]}]}"#;

const LISTS: &str = r#"{"PrefixLists": [{"PrefixListId": "pl-63a5400a", "PrefixListName": "com.amazonaws.us-east-1.s3",
    "State": "create-complete"}]} {"Entries": [{"Cidr": "52.216.0.0/15"}]}"#;

const TGW: &str = r#"{"TransitGatewayAttachments": [
    {"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1", "ResourceType": "vpc", "ResourceId": "vpc-hub"},
    {"TransitGatewayAttachmentId": "tgw-attach-2", "TransitGatewayId": "tgw-1", "ResourceType": "vpc", "ResourceId": "vpc-a"},
    {"TransitGatewayAttachmentId": "tgw-attach-3", "TransitGatewayId": "tgw-1", "ResourceType": "vpc", "ResourceId": "vpc-b"},
    {"TransitGatewayAttachmentId": "tgw-attach-4", "TransitGatewayId": "tgw-2", "ResourceType": "vpc", "ResourceId": "vpc-c"}]}
    {"TransitGatewayVpcAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1",
     "VpcId": "vpc-hub", "SubnetIds": ["subnet-priv"]}]}"#;

const ALL: [&str; 7] = [NAT, VPCS, SUBNETS, TABLES, ENDPOINTS, LISTS, TGW];

fn draft(files: &[(&str, &str)]) -> InventoryDraft {
    let mut draft = InventoryDraft::default();
    for (name, text) in files {
        read_document(name, text.as_bytes(), &mut draft).expect("valid file");
    }
    draft
}

fn inventory(files: &[&str]) -> Inventory {
    let named: Vec<(&str, &str)> = files.iter().map(|text| ("f.json", *text)).collect();
    draft(&named).finish()
}

fn addr(text: &str) -> Addr {
    Addr::parse(text.as_bytes()).expect("valid address")
}

/// Every warning of the files holds the expected words, in order.
fn check_warnings(situation: &str, files: &[(&str, &str)], expect: &[&str]) {
    let warnings = draft(files).warnings();
    assert_eq!(warnings.len(), expect.len(), "{situation}: {warnings:?}");
    for (warning, words) in warnings.iter().zip(expect) {
        assert!(warning.message.contains(words), "{situation}: {warning:?} lacks {words}");
        assert_eq!(warning.file, files[0].0, "{situation}");
    }
}

fn check_route(inventory: &Inventory, subnet: &str, to: &str, expect: Option<&RouteTarget>) {
    assert_eq!(inventory.route(subnet, addr(to)), expect, "{subnet} to {to}");
}

fn check_client(inventory: &Inventory, client: &str, expect: Option<&str>) {
    let nat = inventory.nat_gateway("nat-1").expect("described");
    assert_eq!(inventory.client_vpc(nat, addr(client)).map(|vpc| vpc.id.as_str()), expect, "{client}");
}

fn check_refused(situation: &str, bytes: &[u8], expect: &str) {
    let mut draft = InventoryDraft::default();
    let error = read_document("dir/x.json", bytes, &mut draft).expect_err(situation).to_string();
    assert!(error.starts_with("dir/x.json") && error.contains(expect), "{situation}: {error}");
    assert_eq!(format!("{:?}", draft.finish()), format!("{:?}", InventoryDraft::default().finish()), "{situation}");
}

#[test]
fn a_gateway_has_all_addresses_with_the_primary_first() {
    let inventory = inventory(&ALL);
    let nat = inventory.nat_by_interface("eni-nat").expect("known");
    assert_eq!(nat.private_addrs, [addr("10.0.0.220"), addr("10.0.0.9")]);
    assert_eq!(nat.public_addrs, [addr("198.51.100.1"), addr("198.51.100.2")]);
    assert_eq!((nat.region.as_deref(), nat.az_id.as_deref()), (Some("us-east-1"), Some("use1-az2")));
    assert_eq!((nat.name.as_deref(), nat.account.as_deref()), (Some("egress"), Some("111122223333")));
    assert_eq!((nat.connectivity, nat.is_gone()), (Connectivity::Public, false));
    assert!(inventory.nat_by_interface("eni-other").is_none());
}

#[test]
fn the_order_of_files_and_duplicates_do_not_matter() {
    let newer = r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "deleted", "NatGatewayAddresses": [
        {"PrivateIp": "10.0.0.77"}, {"PrivateIp": "10.0.0.78"}, {"PrivateIp": "10.0.0.79"}]}]}"#;
    let renamed = NAT.replace("egress", "other name");
    let mut files: Vec<&str> = ALL.to_vec();
    let tagged = INSTANCES.replace("pay", "search");
    files.extend([newer, renamed.as_str(), VPCS, INSTANCES, tagged.as_str()]);
    let expect = format!("{:?}", inventory(&files));
    for turn in 0..files.len() {
        files.rotate_left(1);
        files.swap(turn % 3, 4);
        assert_eq!(format!("{:?}", inventory(&files)), expect, "turn {turn}");
    }
    let described: Vec<(&str, &str)> = files.iter().map(|text| ("f.json", *text)).collect();
    for cut in 0..=described.len() {
        let mut first = draft(&described[..cut]);
        first.merge(draft(&described[cut..]));
        assert_eq!(format!("{:?}", first.finish()), expect, "{cut} files and the rest side by side");
    }
    let pages = files.concat();
    assert_eq!(format!("{:?}", inventory(&[&pages])), expect, "concatenated pages");
    let inventory = inventory(&files);
    let nat = inventory.nat_gateway("nat-1").expect("known");
    assert_eq!((nat.state, nat.private_addrs.len()), (NatState::Available, 5), "the union of addresses");
}

#[test]
fn pages_come_in_several_wrappings() {
    let plain = format!("{:?}", inventory(&[NAT, VPCS]));
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(NAT.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let wrapped = format!("[{NAT},{VPCS}]");
    let recorded = format!(r#"{{"status_code": 200, "data": {NAT}}}"#);
    assert_eq!(format!("{:?}", inventory(&[&wrapped])), plain, "list of pages");
    assert_eq!(format!("{:?}", inventory(&[VPCS, &recorded])), plain, "recorded call");
    let mut draft = draft(&[("v.json", VPCS)]);
    read_document("n.json", &utf16, &mut draft).expect("UTF-16");
    assert_eq!(format!("{:?}", draft.finish()), plain, "UTF-16");
}

#[test]
fn a_regional_gateway_has_zones_and_no_interface() {
    let regional = r#"{"NatGateways": [{"NatGatewayId": "nat-r", "VpcId": "vpc-x", "AvailabilityMode": "regional",
        "RouteTableId": "rtb-r", "State": "deleted", "CreateTime": "2026-10-01T00:00:10+00:00",
        "DeleteTime": "2026-10-01T01:00:00.000Z", "NatGatewayAddresses": [
          {"PublicIp": "198.51.100.7", "AvailabilityZoneId": "usw2-az2", "Status": "succeeded"},
          {"PublicIp": "198.51.100.8", "AvailabilityZoneId": "usw2-az1", "Status": "succeeded"}]}]}"#;
    let inventory = inventory(&[regional]);
    let nat = inventory.nat_gateway("nat-r").expect("known");
    assert_eq!(nat.availability, Availability::Regional);
    assert_eq!(nat.az_ids, ["usw2-az1", "usw2-az2"]);
    assert_eq!((nat.az_id.as_deref(), nat.region.as_deref()), (None, Some("us-west-2")));
    assert_eq!((nat.public_addrs.len(), nat.interfaces.len()), (2, 0));
    assert_eq!(nat.route_table.as_deref(), Some("rtb-r"));
    assert_eq!((nat.created, nat.deleted), (Some(1_790_812_810), Some(1_790_816_400)));
}

#[test]
fn an_interface_alone_tells_of_its_gateway() {
    let interfaces = r#"{"NetworkInterfaces": [
        {"NetworkInterfaceId": "eni-n", "InterfaceType": "nat_gateway", "Description": "Interface for NAT Gateway nat-9",
         "VpcId": "vpc-q", "SubnetId": "subnet-q", "OwnerId": "444455556666", "AvailabilityZone": "eu-west-1c",
         "PrivateIpAddress": "10.7.0.4", "PrivateIpAddresses": [{"PrivateIpAddress": "10.7.0.4", "Primary": true}],
         "Association": {"PublicIp": "203.0.113.9"}},
        {"NetworkInterfaceId": "eni-fake", "InterfaceType": "interface", "Description": "Interface for NAT Gateway nat-8",
         "VpcId": "vpc-q", "PrivateIpAddress": "10.7.0.5", "Ipv4Prefixes": [{"Ipv4Prefix": "10.7.1.0/28"}]}]}"#;
    let inventory = inventory(&[interfaces]);
    let nat = inventory.nat_by_interface("eni-n").expect("known");
    assert_eq!((nat.id.as_str(), nat.state, nat.connectivity), ("nat-9", NatState::Unknown, Connectivity::Public));
    assert_eq!(
        (nat.private_addrs.as_slice(), nat.region.as_deref()),
        ([addr("10.7.0.4")].as_slice(), Some("eu-west-1"))
    );
    assert_eq!(nat.account.as_deref(), Some("444455556666"));
    assert!(inventory.nat_gateway("nat-8").is_none(), "anyone can write a description");
    let at = |text| inventory.interface_at("vpc-q", addr(text)).map(|i| i.id.as_str());
    assert_eq!((at("10.7.1.3"), at("10.7.0.4"), at("10.7.2.1")), (Some("eni-fake"), Some("eni-n"), None));
}

#[test]
fn the_most_specific_route_in_force_decides() {
    let inventory = inventory(&ALL);
    let nat = RouteTarget::NatGateway("nat-1".to_owned());
    let endpoint = RouteTarget::VpcEndpoint("vpce-s3".to_owned());
    check_route(&inventory, "subnet-priv", "8.8.8.8", Some(&nat));
    check_route(&inventory, "subnet-priv", "52.217.1.1", Some(&endpoint));
    check_route(&inventory, "subnet-priv", "10.0.9.9", Some(&RouteTarget::Local));
    check_route(&inventory, "subnet-priv", "2001:db8::5", Some(&RouteTarget::Local));
    check_route(&inventory, "subnet-priv", "2600::1", Some(&RouteTarget::EgressOnlyInternetGateway));
    check_route(&inventory, "subnet-priv", "192.0.2.5", Some(&RouteTarget::Blackhole));
    check_route(&inventory, "subnet-pub", "8.8.8.8", Some(&RouteTarget::InternetGateway));
    check_route(&inventory, "subnet-pub", "10.0.1.1", Some(&RouteTarget::Local));
    check_route(&inventory, "subnet-pub", "2600::1", None);
    check_route(&inventory, "subnet-a", "10.200.0.1", Some(&RouteTarget::Peering("pcx-1".to_owned())));
    check_route(&inventory, "subnet-unknown", "8.8.8.8", None);
    let table = |subnet| inventory.route_table_of_subnet(subnet).map(|table| table.id.as_str());
    assert_eq!((table("subnet-priv"), table("subnet-pub")), (Some("rtb-main"), Some("rtb-pub")));
}

#[test]
fn lists_without_entries_take_the_callers() {
    let mut inventory = inventory(&[VPCS, SUBNETS, TABLES, ENDPOINTS]);
    let named = [("pl-63a5400a", Some("com.amazonaws.us-east-1.s3"))];
    assert_eq!(inventory.prefix_list_routes_without_entries(), named, "named after the endpoint's service");
    assert_eq!(inventory.unknown_routes(), [("rtb-main", "pl-63a5400a")], "beside a route to a gateway");
    check_route(&inventory, "subnet-priv", "52.217.1.1", Some(&RouteTarget::NatGateway("nat-1".to_owned())));
    inventory.set_fallback_entries(|name| {
        assert_eq!(name, "com.amazonaws.us-east-1.s3");
        Cidr::parse("52.216.0.0/15").into_iter().collect()
    });
    check_route(&inventory, "subnet-priv", "52.217.1.1", Some(&RouteTarget::VpcEndpoint("vpce-s3".to_owned())));
    assert_eq!(inventory.prefix_list_routes_without_entries(), []);
    assert_eq!(inventory.unknown_routes(), []);
}

#[test]
fn a_gateway_endpoint_that_one_table_misses() {
    let inventory = inventory(&ALL);
    let state = inventory.gateway_endpoint_state("vpc-hub", "s3");
    assert_eq!(state.endpoint.as_deref(), Some("vpce-s3"));
    assert_eq!(
        (state.associated, state.unassociated_nat),
        (vec!["rtb-main".to_owned()], vec!["rtb-forgotten".to_owned()])
    );
    let none = inventory.gateway_endpoint_state("vpc-hub", "dynamodb");
    assert_eq!((none.endpoint, none.unassociated_nat.len()), (None, 2));
    let spoke = inventory.gateway_endpoint_state("vpc-a", "s3");
    assert_eq!(
        (spoke.endpoint, spoke.unassociated_transit),
        (None, vec!["rtb-a".to_owned()]),
        "a deleted endpoint is none"
    );
    let gateways =
        |vpc| inventory.gateways_reachable_from_vpc(vpc).iter().map(|nat| nat.id.as_str()).collect::<Vec<_>>();
    assert_eq!((gateways("vpc-hub"), gateways("vpc-a"), gateways("vpc-b")), (vec!["nat-1"], vec!["nat-1"], vec![]));
}

#[test]
fn tables_lead_to_a_gateway_for_their_own_subnets_or_as_the_main_one() {
    let inventory = inventory(&ALL);
    let uses = |nat| {
        let tables = inventory.tables_leading_to(nat).into_iter();
        tables.map(|used| (used.route_table_id, used.az_ids.into_iter().collect())).collect::<Vec<(_, Vec<_>)>>()
    };
    let of_main = ("rtb-main".to_owned(), vec!["use1-az4".to_owned()]);
    assert_eq!(uses("nat-1"), [("rtb-forgotten".to_owned(), Vec::new()), of_main]);
    assert_eq!(uses("nat-gone"), [], "a route whose target is gone leads nowhere");
    assert_eq!(uses("nat-unknown"), []);
}

#[test]
fn clients_belong_to_one_vpc_or_to_none() {
    let with_transit = inventory(&ALL);
    check_client(&with_transit, "10.0.1.5", Some("vpc-hub"));
    check_client(&with_transit, "10.1.0.5", Some("vpc-a"));
    check_client(&with_transit, "10.2.0.5", Some("vpc-b"));
    check_client(&with_transit, "10.9.0.5", None);
    let without_transit = inventory(&ALL[..6]);
    check_client(&without_transit, "10.1.0.5", Some("vpc-a"));
    check_client(&without_transit, "10.2.0.5", None);
    let own_vpc_unknown = inventory(&[NAT, r#"{"Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.1.0.0/16"}]}"#]);
    check_client(&own_vpc_unknown, "10.1.0.5", None);
    let subnets_only = inventory(&[NAT, SUBNETS]);
    check_client(&subnets_only, "10.0.1.5", Some("vpc-hub"));
    assert_eq!(with_transit.az_of("vpc-hub", addr("10.0.1.5")), Some("use1-az4"));
    assert_eq!(with_transit.subnet_of("vpc-hub", addr("10.0.2.5")), None);
    assert_eq!(with_transit.region_of_vpc("vpc-hub"), Some("us-east-1"));
    assert_eq!(with_transit.region_of_vpc("vpc-b"), None);
    assert_eq!(with_transit.vpcs_containing(addr("10.2.0.5")).len(), 2);
    assert!(with_transit.is_known_vpc_address(addr("2001:db8::5")));
    assert!(!with_transit.is_known_vpc_address(addr("10.9.0.5")));
}

#[test]
fn an_account_tells_vpcs_of_one_block_apart() {
    let check = |situation: &str, vpcs: &[(&str, Option<&str>)], account: &str, expect: Option<&str>| {
        let vpcs = vpcs.iter().map(|(id, owner)| {
            let owner = owner.map_or_else(String::new, |owner| format!(r#", "OwnerId": "{owner}""#));
            format!(r#"{{"VpcId": "{id}", "CidrBlock": "10.1.0.0/16"{owner}}}"#)
        });
        let inventory = inventory(&[&format!(r#"{{"Vpcs": [{}]}}"#, vpcs.collect::<Vec<_>>().join(", "))]);
        let found = inventory.vpc_of_account(account, addr("10.1.0.5")).map(|vpc| vpc.id.as_str());
        assert_eq!(found, expect, "{situation}");
        assert!(inventory.vpc_of_account(account, addr("10.2.0.5")).is_none(), "{situation}");
    };
    let (own, other) = (Some("111122223333"), Some("999988887777"));
    check("its only one", &[("vpc-a", own)], "111122223333", Some("vpc-a"));
    check("its one of two", &[("vpc-a", own), ("vpc-b", other)], "111122223333", Some("vpc-a"));
    check("two of its own", &[("vpc-a", own), ("vpc-b", own)], "111122223333", None);
    check("none of its own", &[("vpc-b", other)], "111122223333", None);
    check("perhaps two", &[("vpc-a", own), ("vpc-b", None)], "111122223333", None);
    check("perhaps one", &[("vpc-a", None)], "111122223333", None);
    check("no account", &[("vpc-a", own)], "", None);
}

#[test]
fn regions_are_told_or_unknown() {
    let endpoint = |kind: &str| {
        format!(
            r#"{{"VpcEndpoints": [{{"VpcEndpointId": "vpce-1", "VpcEndpointType": "{kind}", "VpcId": "vpc-1",
                "ServiceName": "com.amazonaws.eu-west-3.s3"}}]}}"#
        )
    };
    let vpc = r#"{"Vpcs": [{"VpcId": "vpc-1"}]}"#;
    let zone = |id: &str, zone: &str| {
        format!(r#"{{"Subnets": [{{"SubnetId": "{id}", "VpcId": "vpc-1", "AvailabilityZone": "{zone}"}}]}}"#)
    };
    let arn = r#"{"Subnets": [{"SubnetId": "s", "VpcId": "vpc-1", "SubnetArn": "arn:aws:ec2:sa-east-1:1:subnet/s"}]}"#;
    for (situation, files, expect) in [
        ("a gateway endpoint serves its own Region", vec![endpoint("Gateway")], Some("eu-west-3")),
        ("an interface endpoint may serve another", vec![endpoint("Interface")], None),
        ("a Local Zone", vec![zone("s", "us-west-2-lax-1a")], Some("us-west-2")),
        ("an ARN", vec![arn.to_owned()], Some("sa-east-1")),
        ("zones are stronger than endpoints", vec![zone("s", "us-east-1a"), endpoint("Gateway")], Some("us-east-1")),
        ("zones that disagree", vec![zone("s", "us-east-1a"), zone("t", "us-east-2a")], None),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).chain([vpc]).collect();
        assert_eq!(inventory(&files).region_of_vpc("vpc-1"), expect, "{situation}");
    }
}

#[test]
fn entries_find_their_list() {
    let entries = r#"{"Entries": [{"Cidr": "10.0.0.0/16"}]}"#;
    let beside = r#"{"PrefixListId": "pl-0000000a", "Entries": [{"Cidr": "10.0.0.0/16"}, {"Cidr": "10.1.0.0/16"}]}"#;
    let read = draft(&[("x/pl-0000000b.json", entries), ("any.json", beside), ("lists.json", LISTS)]).finish();
    let count = |id: &str| read.prefix_list(id).and_then(|list| list.cidrs.as_ref()).map(Vec::len);
    assert_eq!((count("pl-0000000a"), count("pl-0000000b"), count("pl-63a5400a")), (Some(2), Some(1), Some(1)));
    check_warnings("no list named", &[("e.json", entries)], &["no prefix list is named"]);
    let two = r#"{"PrefixLists": [{"PrefixListId": "pl-1"}, {"PrefixListId": "pl-2"}]}"#;
    check_warnings("two lists before", &[("e.json", &format!("{two}{entries}"))], &["no prefix list is named"]);
    let old = r#"{"PrefixLists": [{"PrefixListId": "pl-3", "Cidrs": ["52.94.0.0/22"], "PrefixListName": "com.amazonaws.us-east-1.dynamodb"}]}"#;
    let read = draft(&[("o.json", old)]).finish();
    assert_eq!(read.list_entries("pl-3").map(<[Cidr]>::len), Some(1));
    assert_eq!(read.prefix_list("pl-3").and_then(|list| list.region.as_deref()), Some("us-east-1"));
}

#[test]
fn one_bad_element_does_not_cost_the_others() {
    let vpcs = r#"{"Vpcs": [7, {"CidrBlock": "10.0.0.0/8"}, {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/99", "Tags": "?"},
        {"VpcId": "vpc-2", "CidrBlock": "10.3.0.0/16", "OwnerId": 7, "State": {"a": []}}], "Addresses": [], "Subnets": {}}"#;
    let expect = [
        "Vpcs[0]: not an object; left out",
        "Vpcs[1]: no `VpcId`; left out",
        "Vpcs[2]: `10.0.0.0/99` is no address block",
        "`Addresses` is not used",
        "`Subnets` is not a list",
    ];
    check_warnings("mixed", &[("v.json", vpcs)], &expect);
    let read = draft(&[("v.json", vpcs)]).finish();
    assert_eq!(
        read.vpcs().map(|vpc| (vpc.id.as_str(), vpc.cidrs.len())).collect::<Vec<_>>(),
        [("vpc-1", 0), ("vpc-2", 1)]
    );
    check_warnings("known and not needed", &[("i.json", r#"{"ResponseMetadata": 1, "NextToken": null}"#)], &[]);
}

#[test]
fn descriptions_that_disagree_on_what_numbers_rest_on_are_known() {
    let check = |situation: &str, texts: [&str; 2], expect: &[&str]| {
        for names in [["a.json", "b.json"], ["b.json", "a.json"]] {
            let files: Vec<(&str, &str)> = names.into_iter().zip(texts).collect();
            let mut parts: Vec<InventoryDraft> = files.iter().map(|file| draft(&[*file])).collect();
            let mut merged = parts.remove(0);
            merged.merge(parts.remove(0));
            for draft in [draft(&files), merged] {
                assert_eq!(draft.contradictions(), expect, "{situation}");
            }
        }
    };
    let files = "differs in a.json and b.json";
    let of = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    check("the same", [TABLES, TABLES], &[]);
    let other = of(TABLES, r#""0.0.0.0/0", "NatGatewayId": "nat-1""#, r#""0.0.0.0/0", "NatGatewayId": "nat-2""#);
    let routing = |id: &str| format!("{id}: its routing {files}");
    check("another gateway", [TABLES, &other], &[&routing("rtb-forgotten"), &routing("rtb-main")]);
    check("another internet gateway", [TABLES, &of(TABLES, "igw-1", "igw-2")], &[]);
    check("another name", [NAT, &of(NAT, "egress", "other")], &[]);
    let gone = of(NAT, r#""State": "available""#, r#""State": "deleted""#);
    check("a gateway that is gone", [NAT, &gone], &[&format!("nat-1: its state {files}")]);
    check("its bare name", [NAT, r#"{"NatGateways": [{"NatGatewayId": "nat-1"}]}"#], &[]);
    check(
        "a zone that is not told",
        [SUBNETS, &of(SUBNETS, r#""AvailabilityZoneId": "use1-az4""#, r#""X": "y""#)],
        &[],
    );
    let moved = of(SUBNETS, "use1-az4", "use1-az6");
    check("another zone", [SUBNETS, &moved], &[&format!("subnet-priv: its AZ {files}")]);
    let tables = of(ENDPOINTS, r#"["rtb-main"]"#, "[]");
    check("another association", [ENDPOINTS, &tables], &[&format!("vpce-s3: its set of route tables {files}")]);
}

/// What is missing of the files, as `run` asks for it.
fn unfinished(files: &[(&str, &str)]) -> Vec<String> {
    let draft = draft(files);
    let pages = draft.pages().clone();
    let inventory = draft.finish();
    let home = |id: &str| Home {
        region: inventory.region_of_vpc(id).map(str::to_owned),
        account: inventory.vpc(id).and_then(|vpc| vpc.owner.clone()),
    };
    pages.unfinished(home).into_iter().map(|(file, what)| format!("{file} {what}")).collect()
}

#[test]
fn pages_that_are_missing_are_known() {
    let page = |key: &str, element: &str, token: &str| format!(r#"{{"{key}": [{element}], "NextToken": {token}}}"#);
    let table = |id: &str, vpc: &str, token: &str| {
        page("RouteTables", &format!(r#"{{"RouteTableId": "{id}", "VpcId": "{vpc}"}}"#), token)
    };
    let subnet = |vpc: &str, zone: &str| {
        page(
            "Subnets",
            &format!(r#"{{"SubnetId": "s-{vpc}", "VpcId": "{vpc}", "AvailabilityZone": "{zone}"}}"#),
            "null",
        )
    };
    let places = [subnet("vpc-1", "us-east-1a"), subnet("vpc-2", "us-west-2a")].concat();
    let (open, last) = (table("rtb-1", "vpc-1", r#""x""#), table("rtb-2", "vpc-1", "null"));
    let elsewhere = table("rtb-3", "vpc-2", "null");
    let check = |situation: &str, files: &[(&str, &str)], expect: &[&str]| {
        let files: Vec<(&str, &str)> = files.iter().copied().chain([("places.json", &*places)]).collect();
        assert_eq!(unfinished(&files), expect, "{situation}");
    };
    check("whole", &[("a.json", &last)], &[]);
    check("cut", &[("a.json", &open)], &["a.json RouteTables"]);
    check("with its last page", &[("a.json", &open), ("b.json", &last)], &[]);
    check("both in one file", &[("a.json", &[&*open, &last].concat())], &[]);
    check("with another Region's", &[("a.json", &open), ("b.json", &elsewhere)], &["a.json RouteTables"]);
    check("with another call's", &[("a.json", &open), ("b.json", NAT)], &["a.json RouteTables", "b.json NatGateways"]);
    let entries = |token: &str| page("Entries", r#"{"Cidr": "10.0.0.0/8"}"#, token);
    let lists = [("pl-0000000a.json", &*entries(r#""x""#)), ("pl-0000000b.json", &entries("null"))];
    check("another list's", &lists, &["pl-0000000a.json Entries of pl-0000000a"]);
    let services = |name: &str, token: &str| page("ServiceNames", &format!(r#""com.amazonaws.{name}""#), token);
    let (east, west) = (services("us-east-1.kms", r#""x""#), services("us-west-2.kms", "null"));
    check("services", &[("a.json", &east), ("b.json", &west)], &["a.json ServiceDetails"]);
    check("as SDKs write it", &[("a.json", &open.replace("NextToken", "nextToken"))], &["a.json RouteTables"]);
}

#[test]
fn flow_logs_give_their_formats() {
    let logs = r#"{"FlowLogs": [
        {"FlowLogId": "fl-1", "LogGroupName": "g", "LogFormat": "${version} ${bytes}", "TrafficType": "ALL", "ResourceId": "vpc-1"},
        {"FlowLogId": "fl-2", "TrafficType": "REJECT"}]}"#;
    let read = inventory(&[logs]);
    assert_eq!(read.log_formats(), [("fl-1", Some("g"), "${version} ${bytes}")]);
    assert_eq!(read.flow_log("fl-2").and_then(|log| log.traffic_type.as_deref()), Some("REJECT"));
}

#[test]
fn what_is_no_output_is_refused_by_name() {
    check_refused("empty", b" \n", "empty");
    check_refused("cut off", br#"{"Vpcs": [{"VpcId": "vpc-1"}]} {"Vpcs": ["#, ":1: not valid JSON");
    check_refused("single quotes", b"{\n\"Vpcs\": 'x'}", ":2: not valid JSON");
    check_refused("scalar", b"null", "no output");
    check_refused("list of texts", br#"["vpc-1"]"#, "no output");
    check_refused("huge number", br#"{"Vpcs": [1e999999]}"#, "not valid JSON");
    check_refused("gzip", &[0x1f, 0x8b, 8, 0, 0xff], "not text");
    check_refused("half a UTF-16 unit", &[0xff, 0xfe, 0x7b], "not text");
    check_refused("deep", "[".repeat(200_000).as_bytes(), "not valid JSON");
    check_refused("deep objects", r#"{"Vpcs":"#.repeat(50_000).as_bytes(), "not valid JSON");
}

/// Instance with two interfaces, one of them with a second address; another without any interface listed.
const INSTANCES: &str = r#"{"Reservations": [{"OwnerId": "111122223333", "Instances": [
    {"InstanceId": "i-1", "VpcId": "vpc-hub", "PrivateIpAddress": "10.0.1.5", "LaunchTime": "2026-09-01T00:00:00+00:00",
     "State": {"Code": 16, "Name": "running"}, "Placement": {"AvailabilityZone": "us-east-1a"},
     "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "team", "Value": "pay"}, {"Key": "empty", "Value": ""}],
     "NetworkInterfaces": [
       {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-hub", "SubnetId": "subnet-priv", "PrivateIpAddress": "10.0.1.5",
        "Attachment": {"AttachTime": "2026-09-01 00:00:01+00:00", "DeviceIndex": 0},
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.5", "Primary": true}, {"PrivateIpAddress": "10.0.1.6"}]},
       {"NetworkInterfaceId": "eni-2", "VpcId": "vpc-hub", "PrivateIpAddress": "10.0.1.7"}]},
    {"InstanceId": "i-2", "VpcId": "vpc-hub", "PrivateIpAddress": "10.0.1.9", "State": {"Name": "stopped"}}]}]}"#;

#[test]
fn instances_tell_of_their_interfaces_and_tags() {
    let read = inventory(&[INSTANCES]);
    let at = |addr_text: &str| {
        let found = read.interface_at("vpc-hub", addr(addr_text));
        found.map(|interface| (interface.id.as_str(), interface.instance.as_deref(), interface.owner.as_deref()))
    };
    for (address, interface) in [("10.0.1.5", "eni-1"), ("10.0.1.6", "eni-1"), ("10.0.1.7", "eni-2")] {
        assert_eq!(at(address), Some((interface, Some("i-1"), Some("111122223333"))), "{address}");
    }
    let attached = read.interface("eni-1").and_then(|interface| interface.attached);
    assert_eq!(attached, crate::model::period::parse_instant("2026-09-01T00:00:01Z"));
    let bare = |address| read.instances_at("vpc-hub", addr(address)).map(|i| i.id.as_str()).collect::<Vec<_>>();
    assert_eq!((bare("10.0.1.9"), bare("10.0.1.5")), (vec!["i-2"], vec![]));
    let tags: Vec<_> = read.tags("i-1").iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("Name", "web"), ("team", "pay")], "a tag without a value says nothing");
    assert!(read.tags("i-2").is_empty());
}

#[test]
fn an_interface_may_be_described_by_both() {
    let interfaces = r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-hub", "Description": "x",
        "PrivateIpAddress": "10.0.1.5", "InterfaceType": "interface", "Attachment": {"AttachmentId": "a"}}]}"#;
    for files in [[INSTANCES, interfaces], [interfaces, INSTANCES]] {
        let read = inventory(&files);
        let known = read.interface("eni-1").expect("described");
        assert_eq!((known.description.as_deref(), known.instance.as_deref()), (Some("x"), Some("i-1")));
        assert!(known.attached.is_some(), "what the one leaves out the other says");
    }
}

#[test]
fn tags_come_from_every_description() {
    let tags = r#"{"Tags": [
        {"ResourceId": "i-2", "ResourceType": "instance", "Key": "team", "Value": "search"},
        {"ResourceId": "vpc-hub", "ResourceType": "vpc", "Key": "Name", "Value": "hub"},
        {"ResourceId": "nat-1", "ResourceType": "natgateway", "Key": "Name", "Value": "other"},
        {"ResourceId": "i-1", "ResourceType": "instance", "Key": "team", "Value": "billing"},
        {"Key": "team", "Value": "of nobody"}]}"#;
    let with =
        |other: &str| r#"{"Tags": [{"ResourceId": "i-2", "Key": "team", "Value": "OTHER"}]}"#.replace("OTHER", other);
    let read = inventory(&[INSTANCES, VPCS, NAT, tags, &with("search")]);
    assert_eq!(read.tags("i-2").get("team").map(String::as_str), Some("search"));
    assert_eq!(read.tags("i-1").get("team").map(String::as_str), Some("(several)"), "two values at unknown times");
    assert_eq!(read.vpc("vpc-hub").and_then(|vpc| vpc.name.as_deref()), Some("hub"));
    assert_eq!(
        read.nat_gateway("nat-1").and_then(|nat| nat.name.as_deref()),
        Some("egress"),
        "its own description first"
    );
    check_warnings("a tag of nothing", &[("t.json", tags)], &["Tags[4]: no `ResourceId`"]);
}

#[test]
fn flow_logs_tell_what_their_tag_fields_hold() {
    let logs = r#"{"FlowLogs": [{"FlowLogId": "fl-1", "TagFieldSpecifications": [
        {"ResourceType": "instance", "TagKeys": ["team", "env"]}, {"ResourceType": "auto-scaling-group", "TagKeys": ["app"]},
        {"ResourceType": "moon", "TagKeys": ["x"]}]}]}"#;
    let read = inventory(&[logs]);
    let fields: Vec<_> = read.flow_log("fl-1").expect("described").tag_fields.iter().collect();
    let fields: Vec<_> = fields.iter().map(|(field, key)| (field.as_str(), key.as_str())).collect();
    assert_eq!(fields, [("asg-tag", "app"), ("instance-tag", "team"), ("instance-tag-2", "env")]);
}
