//! Offers from small inventories: what the account's list, its endpoints and the table each decide.

use super::*;
use crate::model::inventory::{InventoryParts, Subnet, Vpc};
use std::collections::BTreeSet;

const EAST: &str = "us-east-1";

fn listed(name: &str, kind: Option<EndpointKind>) -> OfferedService {
    OfferedService {
        region: EAST.to_owned(),
        name: name.to_owned(),
        kind,
        az_ids: Vec::new(),
        az_names: Vec::new(),
        private_dns: None,
        policy: None,
    }
}

fn interface(name: &str) -> OfferedService {
    listed(&format!("com.amazonaws.us-east-1.{name}"), Some(EndpointKind::Interface))
}

fn endpoint(id: usize, kind: EndpointKind, service: &str, state: &str, [vpc, owner]: [&str; 2]) -> VpcEndpoint {
    VpcEndpoint {
        id: format!("vpce-{id}"),
        kind,
        service_name: Some(format!("com.amazonaws.us-east-1.{service}")),
        vpc: Some(vpc.to_owned()),
        state: Some(state.to_owned()),
        route_tables: Vec::new(),
        subnets: Vec::new(),
        interfaces: Vec::new(),
        private_dns: None,
        dns_for_inbound_only: false,
        region: Some(EAST.to_owned()),
        owner: (!owner.is_empty()).then(|| owner.to_owned()),
        created: None,
        managed: false,
    }
}

fn inventory(services: Vec<OfferedService>, whole: bool, endpoints: Vec<VpcEndpoint>) -> Inventory {
    let zones = [("us-east-1a", "use1-az4"), ("us-east-1b", "use1-az6")];
    let subnets = zones.map(|(name, id)| Subnet {
        id: format!("subnet-{id}"),
        vpc: Some("vpc-a".to_owned()),
        az_name: Some(name.to_owned()),
        az_id: Some(id.to_owned()),
        cidrs: Vec::new(),
        name: None,
        owner: Some("111122223333".to_owned()),
        region: Some(EAST.to_owned()),
    });
    let vpc = |id: &str, owner: &str| Vpc {
        id: id.to_owned(),
        name: None,
        cidrs: Vec::new(),
        owner: Some(owner.to_owned()),
        region: Some(EAST.to_owned()),
    };
    Inventory::new(InventoryParts {
        subnets: subnets.into(),
        vpcs: vec![vpc("vpc-a", "111122223333"), vpc("vpc-b", "444455556666")],
        endpoints,
        offered_services: services,
        whole_service_lists: if whole { BTreeSet::from([EAST.to_owned()]) } else { BTreeSet::new() },
        ..InventoryParts::default()
    })
}

/// What is offered: type and full name, or the words of the reason.
fn check(what: &str, inventory: &Inventory, service: &str, region: &str, expect: Result<(&str, &str), &str>) {
    match (offer(service, region, inventory), expect) {
        (Ok(offer), Ok(expect)) => {
            assert_eq!((offer.endpoint.as_str(), offer.service_name.as_str()), expect, "{what}: {service}");
        }
        (Err(reason), Err(words)) => {
            let reason = reason.to_string();
            assert!(reason.contains(words), "{what}: {service}: `{reason}` lacks `{words}`");
        }
        (found, expect) => panic!("{what}: {service}: {found:?}, expected {expect:?}"),
    }
}

#[test]
fn without_a_list_the_table_decides() {
    let none = inventory(Vec::new(), false, Vec::new());
    let what = "no list";
    check(what, &none, "sqs", EAST, Ok(("interface", "com.amazonaws.us-east-1.sqs")));
    check(what, &none, "athena", "cn-north-1", Ok(("interface", "cn.com.amazonaws.cn-north-1.athena")));
    check(what, &none, "s3", "cn-north-1", Ok(("gateway", "com.amazonaws.cn-north-1.s3")));
    check(what, &none, "dynamodb", EAST, Ok(("gateway", "com.amazonaws.us-east-1.dynamodb")));
    check(what, &none, "dynamodb-streams", EAST, Err("no private DNS"));
    check(what, &none, "s3-accelerate", EAST, Err("AWS has no VPC endpoint for s3-accelerate"));
    check(what, &none, "pricing.api", EAST, Ok(("interface", "com.amazonaws.us-east-1.pricing.api")));
    check(what, &none, "pricing.api", "eu-west-1", Err("ap-south-1, eu-central-1, us-east-1 only, not in eu-west-1"));
    check(what, &none, "timestream.query-cell", EAST, Err("another in each account"));
    for other in ["range:ec2", "internet", "private", "domain:example.com", "partner-x", ""] {
        check(what, &none, other, EAST, Err("no endpoint service is known"));
    }
}

#[test]
fn the_accounts_own_list_wins() {
    let services = || {
        vec![
            interface("sqs"),
            interface("brand-new"),
            interface("qldb.session"),
            interface("dynamodb"),
            interface("timestream.query-cell3"),
            listed("aws.api.us-east-1.kms", None),
            listed("com.amazonaws.us-east-1.gwlb-thing", Some(EndpointKind::GatewayLoadBalancer)),
        ]
    };
    let whole = inventory(services(), true, Vec::new());
    let what = "a whole list";
    check(what, &whole, "sqs", EAST, Ok(("interface", "com.amazonaws.us-east-1.sqs")));
    check(what, &whole, "brand-new", EAST, Ok(("interface", "com.amazonaws.us-east-1.brand-new")));
    check(what, &whole, "qldb.session", EAST, Ok(("interface", "com.amazonaws.us-east-1.qldb.session")));
    check(what, &whole, "s3-accelerate", EAST, Err("AWS has no VPC endpoint"));
    check(what, &whole, "kms", EAST, Ok(("interface", "aws.api.us-east-1.kms")));
    check(what, &whole, "logs", EAST, Err("logs is not among the 7 endpoint services"));
    check(what, &whole, "gwlb-thing", EAST, Err("not among"));
    check(what, &whole, "partner-x", EAST, Err("not among"));
    check(
        what,
        &whole,
        "timestream.query-cell",
        EAST,
        Ok(("interface", "com.amazonaws.us-east-1.timestream.query-cell3")),
    );
    check(what, &whole, "s3", EAST, Ok(("gateway", "com.amazonaws.us-east-1.s3")));
    check(what, &whole, "dynamodb", EAST, Ok(("gateway", "com.amazonaws.us-east-1.dynamodb")));
    check(what, &whole, "s3express", EAST, Err("not among"));
    check(what, &whole, "logs", "us-east-2", Ok(("interface", "com.amazonaws.us-east-2.logs")));
    let part = inventory(services(), false, Vec::new());
    check("part of a list", &part, "logs", EAST, Ok(("interface", "com.amazonaws.us-east-1.logs")));
    check("part of a list", &part, "brand-new", EAST, Ok(("interface", "com.amazonaws.us-east-1.brand-new")));
    let cells = ["timestream.query-cell1", "timestream.query-cell2"].map(interface);
    let cells = inventory(cells.into(), true, Vec::new());
    check("several cells", &cells, "timestream.query-cell", EAST, Err("another in each account"));
}

#[test]
fn an_endpoint_that_exists_proves_that_it_is_offered() {
    let at = ["vpc-a", ""];
    let endpoints = vec![
        endpoint(1, EndpointKind::Interface, "logs", "available", at),
        endpoint(2, EndpointKind::Interface, "sns", "deleted", at),
        endpoint(3, EndpointKind::Gateway, "kms", "available", at),
    ];
    let whole = inventory(vec![interface("sqs")], true, endpoints);
    check("a live one", &whole, "logs", EAST, Ok(("interface", "com.amazonaws.us-east-1.logs")));
    check("one that is gone", &whole, "sns", EAST, Err("not among"));
    check("of another kind", &whole, "kms", EAST, Err("not among"));
}

#[test]
fn zones_private_dns_and_cautions_come_with_the_offer() {
    let mut sqs = interface("sqs");
    sqs.az_names = vec!["us-east-1a".to_owned()];
    sqs.private_dns = Some(false);
    let mut s3express = listed("com.amazonaws.us-east-1.s3express", Some(EndpointKind::Gateway));
    s3express.az_ids = vec!["use1-az4".to_owned()];
    let inventory = inventory(vec![sqs, s3express], true, Vec::new());
    let found = offer("sqs", EAST, &inventory).expect("listed");
    assert!(found.zones.holds("use1-az4") && !found.zones.holds("use1-az6"));
    assert_eq!((found.private_dns, found.takes_public_names), (Some(false), false));
    let found = offer("s3express", EAST, &inventory).expect("listed");
    assert_eq!((found.endpoint, found.zones, found.private_dns), (EndpointType::Gateway, Zones::Any, None));
    let of_table =
        |service| offer(service, "us-east-2", &inventory).map(|o| (o.private_dns, o.takes_public_names, o.zones));
    assert_eq!(of_table("sqs"), Ok((Some(true), false, Zones::Any)));
    assert_eq!(of_table("iot.data"), Ok((Some(false), false, Zones::Any)));
    assert_eq!(of_table("execute-api"), Ok((Some(true), true, Zones::Any)));
    assert_eq!(of_table("emr-service-cell01"), Ok((None, false, Zones::Any)));
}

#[test]
fn what_could_carry_traffic_knows_the_list_too() {
    let inventory = inventory(vec![interface("brand-new"), interface("sqs")], true, Vec::new());
    let kind = |service, there, here| endpoint_type_in(service, there, here, &inventory);
    let (east, west) = (Some(EAST), Some("us-west-2"));
    assert_eq!(kind("brand-new", east, east), EndpointType::Interface);
    assert_eq!(kind("brand-new", west, west), EndpointType::None);
    assert_eq!(kind("brand-new", west, east), EndpointType::None);
    assert_eq!(kind("brand-new", None, None), EndpointType::None);
    assert_eq!(kind("sqs", east, east), EndpointType::Interface);
    assert_eq!(kind("s3", east, east), EndpointType::Gateway);
    assert_eq!(kind("dynamodb-streams", east, east), EndpointType::None);
    assert_eq!(kind("range:ec2", east, east), EndpointType::None);
}

/// Endpoints that exist, then what is left in `vpc-a`, or the reason.
fn check_room(what: &str, endpoints: Vec<VpcEndpoint>, wanted: EndpointType, expect: Result<usize, &str>) {
    let found = room(wanted, "vpc-a", &inventory(Vec::new(), false, endpoints)).map_err(|reason| reason.to_string());
    match (&found, expect) {
        (Ok(left), Ok(expect)) => assert_eq!(*left, expect, "{what}"),
        (Err(reason), Err(words)) => assert!(reason.contains(words), "{what}: {reason}"),
        _ => panic!("{what}: {found:?}, expected {expect:?}"),
    }
}

#[test]
fn quotas_count_live_endpoints_of_the_vpc_or_of_the_account_and_region() {
    use EndpointKind::{Gateway, GatewayLoadBalancer, Interface};
    let (a, b) = (["vpc-a", "111122223333"], ["vpc-b", "444455556666"]);
    let many = |count: usize, kind: EndpointKind, state: &str, at: [&str; 2]| {
        (0..count).map(|id| endpoint(id, kind.clone(), "sqs", state, at)).collect::<Vec<_>>()
    };
    check_room("none yet", Vec::new(), EndpointType::Interface, Ok(50));
    check_room("one left", many(49, Interface, "available", a), EndpointType::Interface, Ok(1));
    let full = "vpc-a already has 50 interface endpoints, and the default quota is 50: it can be raised";
    check_room("full", many(50, Interface, "available", a), EndpointType::Interface, Err(full));
    check_room("a raised quota", many(60, Interface, "pending", a), EndpointType::Interface, Err("already has 60"));
    check_room("gone", many(50, Interface, "deleted", a), EndpointType::Interface, Ok(50));
    check_room("another VPC's", many(50, Interface, "available", b), EndpointType::Interface, Ok(50));
    check_room("load balancers'", many(20, GatewayLoadBalancer, "available", a), EndpointType::Interface, Ok(30));
    check_room("other kinds", many(50, Gateway, "available", a), EndpointType::Interface, Ok(50));
    let full = "us-east-1 already has 20 gateway endpoints";
    check_room("gateways", many(19, Gateway, "available", a), EndpointType::Gateway, Ok(1));
    check_room("gateways, full", many(20, Gateway, "available", a), EndpointType::Gateway, Err(full));
    check_room("another account's", many(20, Gateway, "available", b), EndpointType::Gateway, Ok(20));
    let (a, b) = (["vpc-a", ""], ["vpc-b", ""]);
    check_room("owned like their VPC", many(20, Gateway, "available", a), EndpointType::Gateway, Err(full));
    check_room("owned like another VPC", many(20, Gateway, "available", b), EndpointType::Gateway, Ok(20));
    check_room("interfaces do not count", many(20, Interface, "available", a), EndpointType::Gateway, Ok(20));
}
