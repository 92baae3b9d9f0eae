//! Whole Regions decided: who gets an endpoint, where, and what the rows add up to.

use super::input::{EndpointPrices, ExistingEndpoint, RegionCase, ServiceTraffic};
use super::interface;
use super::tiers::Tiers;
use crate::model::bytes::Bytes;
use crate::model::usd::{PricePerGb, Usd};
use crate::report::DecisionRow;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn decide(case: &RegionCase) -> Vec<DecisionRow> {
    interface::decide(case).rows.into_iter().map(|weighed| weighed.row).collect()
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).expect("an amount").0
}

fn gb(count: u64) -> Bytes {
    Bytes::new(count << 30)
}

fn azs(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// us-east-1: $0.01 an hour and AZ, $0.01 a GB in the first tier, $0.02 a GB over a transit gateway.
fn prices() -> EndpointPrices {
    let price = |text| PricePerGb::new(usd(text));
    EndpointPrices {
        hour: usd("0.01"),
        gb: Tiers::new([price("0.01"), price("0.006"), price("0.004")]),
        transit_gb: Some(price("0.02")),
    }
}

fn case(traffic: Vec<ServiceTraffic>, endpoints: Vec<ExistingEndpoint>) -> RegionCase {
    RegionCase {
        region: "us-east-1".into(),
        hours: 730,
        prices: Some(prices()),
        traffic,
        endpoints,
        ..RegionCase::default()
    }
}

/// Traffic at $0.045 a GB; over a hub another $0.02.
fn traffic(vpc: &str, zones: &[&str], bytes: Bytes, hub: Option<&str>) -> ServiceTraffic {
    let cost = |price| PricePerGb::new(usd(price)).cost(bytes);
    ServiceTraffic {
        vpc: vpc.into(),
        region: "us-east-1".into(),
        service: "sqs".into(),
        azs: azs(zones),
        nat_gateway_id: "nat-1".into(),
        hub: hub.map(str::to_owned),
        bytes,
        relayed: Bytes::ZERO,
        nat_usd: Some(cost("0.045")),
        cross_az_usd: Some(Usd::ZERO),
        transit_usd: Some(if hub.is_some() { cost("0.02") } else { Usd::ZERO }),
    }
}

fn endpoint(vpc: &str, zones: &[&str], bytes: Option<Bytes>) -> ExistingEndpoint {
    ExistingEndpoint {
        id: format!("vpce-{vpc}"),
        vpc: vpc.into(),
        region: "us-east-1".into(),
        service: "sqs".into(),
        azs: azs(zones),
        bytes,
        hours_usd: Some(usd("7.3").many(zones.len() as u64)),
        nat_per_gb: Some(PricePerGb::new(usd("0.045"))),
        private_dns: Some(true),
        data_usd: None,
        managed: false,
        free_way: None,
        created_after: None,
        took_over: None,
        stood: 0,
    }
}

/// Action, VPC, endpoint's VPC, hours, data, net and break-even of each row.
fn check(situation: &str, case: &RegionCase, expect: &[(&str, &str, &str, &str, &str, &str, &str)]) {
    let show = |usd: Option<Usd>| usd.map_or_else(|| "?".to_owned(), |usd| usd.to_string());
    let rows = decide(case);
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.action,
                row.vpc_id.as_str(),
                row.endpoint_vpc_id.as_deref().unwrap_or("-"),
                show(row.endpoint_hours_usd),
                show(row.endpoint_data_usd),
                show(row.net_usd),
                row.break_even_gb.map_or_else(|| "?".to_owned(), |gb| gb.cents().to_string()),
            )
        })
        .collect();
    let expect: Vec<_> = expect
        .iter()
        .map(|&(a, v, e, h, d, n, b)| (a, v, e, h.to_owned(), d.to_owned(), n.to_owned(), b.to_owned()))
        .collect();
    assert_eq!(found, expect, "{situation}");
    assert!(rows.iter().all(|row| !row.reason.is_empty()), "{situation}: a row without a reason");
}

#[test]
fn an_endpoint_pays_above_its_break_even() {
    let one = |count| case(vec![traffic("a", &["az1"], gb(count), None)], vec![]);
    // 208.57 GB for one AZ in 730 hours: 7.3 / (0.045 - 0.01).
    check("below", &one(208), &[("keep-nat", "a", "-", "7.3", "2.08", "-0.02", "20857")]);
    check("above", &one(209), &[("create", "a", "-", "7.3", "2.09", "0.015", "20857")]);
    let three = |count| case(vec![traffic("a", &["az1", "az2", "az3"], gb(count), None)], vec![]);
    check("below, three AZs", &three(625), &[("keep-nat", "a", "-", "21.9", "6.25", "-0.025", "62571")]);
    check("above, three AZs", &three(626), &[("create", "a", "-", "21.9", "6.26", "0.01", "62571")]);
    let nobody_knows = case(vec![traffic("a", &[], gb(209), None)], vec![]);
    check("an AZ that nobody knows is one", &nobody_knows, &[("create", "a", "-", "7.3", "2.09", "0.015", "20857")]);
}

#[test]
fn a_reason_says_what_an_endpoint_takes_besides_and_what_is_made_by_hand() {
    let reason = |change: &dyn Fn(&mut RegionCase), hub: Option<&str>, endpoints: Vec<ExistingEndpoint>| {
        let mut case = case(vec![traffic("a", &["az1"], gb(300), hub)], endpoints);
        change(&mut case);
        decide(&case).into_iter().map(|row| (row.action, row.reason)).next().expect("a row")
    };
    let closed = || vec![ExistingEndpoint { private_dns: Some(false), ..endpoint("a", &["az1"], None) }];
    let in_hub = || vec![endpoint("hub", &["az1"], None)];
    let takes: &dyn Fn(&mut RegionCase) = &|case| case.takes_public_names = ["sqs".to_owned()].into();
    let by_hand: &dyn Fn(&mut RegionCase) = &|case| case.by_hand = ["sqs".to_owned()].into();
    let public = "that takes all public names of sqs in the VPC: public APIs would stop answering there";
    for (situation, (action, reason), expect, has, has_not) in [
        ("plain", reason(&|_| {}, None, vec![]), "create", "with private DNS in az1", "public"),
        ("names of others", reason(takes, None, vec![]), "create", public, "by hand"),
        ("private DNS to be turned on", reason(takes, None, closed()), "fix", public, "by hand"),
        ("shared", reason(takes, Some("hub"), in_hub()), "share", public, "by hand"),
        ("by hand", reason(by_hand, None, vec![]), "create", "make a private hosted zone by hand", "with private DNS"),
        (
            "by hand, and there",
            reason(by_hand, None, closed()),
            "fix",
            "a private hosted zone",
            "turn its private DNS on",
        ),
    ] {
        assert_eq!(action, expect, "{situation}");
        assert!(reason.contains(has) && !reason.contains(has_not), "{situation}: {reason}");
    }
}

#[test]
fn nothing_is_claimed_on_what_costs_nothing_or_is_not_known() {
    let waived = ServiceTraffic { nat_usd: Some(Usd::ZERO), ..traffic("a", &["az1"], gb(10_000), None) };
    check("waived", &case(vec![waived], vec![]), &[("keep-nat", "a", "-", "7.3", "100", "-107.3", "?")]);
    let unknown = ServiceTraffic { nat_usd: None, ..traffic("a", &["az1"], gb(10_000), None) };
    check("no cost", &case(vec![unknown], vec![]), &[("keep-nat", "a", "-", "?", "?", "?", "?")]);
    let bare = RegionCase { prices: None, ..case(vec![traffic("a", &["az1"], gb(10_000), None)], vec![]) };
    check("no price", &bare, &[("keep-nat", "a", "-", "?", "?", "?", "?")]);
    let mut closed = case(vec![traffic("a", &["az1"], gb(10_000), None)], vec![]);
    closed.unavailable.insert(("a".into(), "sqs".into()), "it is not offered there".into());
    check("not offered", &closed, &[("keep-nat", "a", "-", "?", "?", "?", "?")]);
}

#[test]
fn spokes_share_where_hours_outweigh_the_transit_gateway() {
    // Alone 0.065 a GB is avoided for 0.01 and the hours; shared 0.045 for 0.01 and a third of the hours.
    let spokes = |count| {
        let of = |vpc| traffic(vpc, &["az1"], gb(count), Some("hub"));
        case(vec![of("a"), of("b"), of("c")], vec![])
    };
    check(
        "each its own",
        &spokes(1_000),
        &[
            ("create", "a", "-", "7.3", "10", "47.7", "13273"),
            ("create", "b", "-", "7.3", "10", "47.7", "13273"),
            ("create", "c", "-", "7.3", "10", "47.7", "13273"),
        ],
    );
    check(
        "one for three",
        &spokes(100),
        &[
            ("share", "a", "hub", "2.433333333334", "1", "1.066666666666", "6952"),
            ("share", "b", "hub", "2.433333333333", "1", "1.066666666667", "6952"),
            ("share", "c", "hub", "2.433333333333", "1", "1.066666666667", "6952"),
        ],
    );
    check(
        "too little even together",
        &spokes(60),
        &[
            ("keep-nat", "a", "-", "7.3", "0.6", "-4", "13273"),
            ("keep-nat", "b", "-", "7.3", "0.6", "-4", "13273"),
            ("keep-nat", "c", "-", "7.3", "0.6", "-4", "13273"),
        ],
    );
    let with_hub =
        case(vec![traffic("hub", &["az1"], gb(150), None), traffic("a", &["az1"], gb(100), Some("hub"))], vec![]);
    check(
        "the hub's own clients use it too",
        &with_hub,
        &[("share", "a", "hub", "2.92", "1", "0.58", "8343"), ("share", "hub", "hub", "4.38", "1.5", "0.87", "12514")],
    );
}

#[test]
fn what_exists_is_used_fixed_or_removed() {
    let fix = |zones: &[&str], count, has: &[&str]| {
        case(vec![traffic("a", zones, gb(count), None)], vec![endpoint("a", has, Some(gb(2_000)))])
    };
    check("its AZs suffice", &fix(&["az1"], 10, &["az1"]), &[("fix", "a", "-", "0", "0.1", "0.35", "0")]);
    check("an AZ more pays", &fix(&["az1", "az2"], 400, &["az1"]), &[("fix", "a", "-", "7.3", "4", "6.7", "20857")]);
    check("an AZ more does not", &fix(&["az1", "az2"], 10, &["az1"]), &[("fix", "a", "-", "0", "0.1", "0.35", "0")]);
    // 14.6 for hours and 1 for data against 4.5 at the NAT gateway.
    let alone = |bytes| case(vec![], vec![endpoint("a", &["az1", "az2"], bytes)]);
    check("hardly used", &alone(Some(gb(100))), &[("remove", "a", "-", "-14.6", "-1", "11.1", "41714")]);
    check("not used", &alone(Some(Bytes::ZERO)), &[("remove", "a", "-", "-14.6", "0", "14.6", "41714")]);
    check("used", &alone(Some(gb(500))), &[]);
    check("nobody knows", &alone(None), &[]);
    let mut of_aws = alone(Some(Bytes::ZERO));
    of_aws.endpoints[0].managed = true;
    check("a service of AWS keeps it", &of_aws, &[]);
    let mut beside = alone(Some(gb(5_000)));
    beside.endpoints[0].free_way = Some("vpce-free".into());
    beside.endpoints[0].nat_per_gb = Some(PricePerGb::new(Usd::ZERO));
    check("a gateway endpoint takes it for nothing", &beside, &[("remove", "a", "-", "-14.6", "-50", "64.6", "?")]);
    let mut unpaid = alone(Some(Bytes::ZERO));
    unpaid.endpoints[0].hours_usd = None;
    check("nobody knows what was paid", &unpaid, &[]);
    let mut no_way = alone(Some(gb(100)));
    no_way.endpoints[0].nat_per_gb = None;
    check("nowhere else to go", &no_way, &[]);
    check(
        "one verdict: what little crosses the NAT gateway stays there",
        &case(vec![traffic("a", &["az1"], gb(10), None)], vec![endpoint("a", &["az1"], Some(gb(20)))]),
        &[("remove", "a", "-", "-7.3", "-0.2", "6.6", "20857")],
    );
    check(
        "one verdict: a VPC whose endpoint goes does not share another",
        &case(
            vec![traffic("a", &["az1"], gb(10), Some("hub"))],
            vec![endpoint("a", &["az1"], Some(gb(20))), endpoint("hub", &["az1"], Some(gb(2_000)))],
        ),
        &[("remove", "a", "-", "-7.3", "-0.2", "6.6", "20857")],
    );
    check(
        "a hub's endpoint serves a spoke at no more hours",
        &case(vec![traffic("a", &["az1"], gb(10), Some("hub"))], vec![endpoint("hub", &["az1"], Some(gb(2_000)))]),
        &[("share", "a", "hub", "0", "0.1", "0.35", "0")],
    );
}

#[test]
fn an_endpoint_that_goes_frees_what_the_bill_says_of_it() {
    // Billed 10 for hours and 0.5 for 240 GB, against 240 x 0.03 at the NAT gateway; at list its data would be 2.40.
    let billed = |count, hours: &str, data: &str| ExistingEndpoint {
        hours_usd: Some(usd(hours)),
        data_usd: Some(usd(data)),
        nat_per_gb: Some(PricePerGb::new(usd("0.03"))),
        ..endpoint("a", &["az1"], Some(gb(count)))
    };
    let alone = |endpoint| case(vec![], vec![endpoint]);
    // 10 / (0.03 - 0.5/240).
    check("both by the bill", &alone(billed(240, "10", "0.5")), &[("remove", "a", "-", "-10", "-0.5", "3.3", "35821")]);
    check("at list it would go", &alone(billed(360, "10", "0.7")), &[]);
    let listed = ExistingEndpoint { service: "kms".into(), ..endpoint("a", &["az1"], Some(gb(100))) };
    check(
        "beside one that no bill names",
        &case(vec![], vec![billed(240, "10", "0.5"), listed]),
        &[("remove", "a", "-", "-7.3", "-1", "3.8", "20857"), ("remove", "a", "-", "-10", "-0.5", "3.3", "35821")],
    );
}

#[test]
fn tiers_are_filled_by_what_exists_first() {
    let mut case = case(vec![traffic("a", &["az1"], gb(1_000), None)], vec![]);
    case.other_bytes = gb(1_048_576 - 500);
    // 500 GB at 0.01 and 500 at 0.006.
    check("across a bound", &case, &[("create", "a", "-", "7.3", "8", "29.7", "20857")]);
}

/// A second service and VPC, so that rows meet in the tiers.
fn region() -> impl Strategy<Value = RegionCase> {
    let zones = prop_oneof![Just(vec!["az1"]), Just(vec!["az1", "az2"]), Just(vec!["az2", "az3"])];
    let row = (0usize..3, 0usize..2, zones.clone(), 0u64..700_000, any::<bool>());
    let existing = (0usize..3, 0usize..2, zones, proptest::option::of(0u64..800_000));
    let rows = (proptest::collection::vec(row, 0..6), proptest::collection::vec(existing, 0..3), 0u64..2_000_000);
    rows.prop_map(|(rows, existing, other)| {
        let (vpcs, services) = (["a", "b", "hub"], ["sqs", "logs"]);
        let traffic = rows.into_iter().map(|(vpc, service, zones, count, over_hub)| ServiceTraffic {
            service: services[service].into(),
            ..traffic(vpcs[vpc], &zones, gb(count), Some("hub").filter(|_| over_hub && vpc < 2))
        });
        let endpoints = existing.into_iter().map(|(vpc, service, zones, count)| ExistingEndpoint {
            id: format!("vpce-{vpc}-{service}"),
            service: services[service].into(),
            ..endpoint(vpcs[vpc], &zones, count.map(gb))
        });
        RegionCase { other_bytes: gb(other), ..case(traffic.collect(), endpoints.collect()) }
    })
}

proptest! {
    #[test]
    fn rows_sum_to_what_the_bill_changes_by(case in region()) {
        let rows = decide(&case);
        let acted = || rows.iter().filter(|row| row.action != "keep-nat");
        let bytes = |action: fn(&str) -> bool| rows.iter().filter(|r| action(r.action)).map(|r| r.bytes).sum::<Bytes>();
        let before = case.endpoints.iter().filter_map(|e| e.bytes).sum::<Bytes>() + case.other_bytes;
        let after = before.saturating_sub(bytes(|a| a == "remove")) + bytes(|a| !matches!(a, "remove" | "keep-nat"));
        let tiers = prices().gb;
        let change = tiers.cost(Bytes::ZERO, after) - tiers.cost(Bytes::ZERO, before);
        let data: Usd = acted().filter_map(|row| row.endpoint_data_usd).sum();
        prop_assert!((data - change).units().abs() <= 4, "{} {}", data, change);
        // One row per VPC and service; all traffic has one, but where an endpoint goes.
        let keys: BTreeSet<(&str, &str)> = rows.iter().map(|r| (r.vpc_id.as_str(), r.service.as_str())).collect();
        prop_assert_eq!(keys.len(), rows.len());
        let known = |r: &DecisionRow| Some(r.avoided_usd? - r.endpoint_hours_usd? - r.endpoint_data_usd?);
        prop_assert!(rows.iter().all(|row| row.net_usd == known(row)));
        // What stays would not have paid.
        prop_assert!(rows.iter().filter(|r| r.action == "keep-nat").all(|r| r.net_usd <= Some(Usd::ZERO)));
        let all: Usd = acted().filter_map(|row| row.net_usd).sum();
        prop_assert!(all >= Usd::from_units(-4));
    }

    #[test]
    fn a_removed_endpoint_frees_exactly_what_was_billed(case in region(), data in proptest::collection::vec(0u64..9_000, 3)) {
        let mut case = case;
        for (endpoint, usd) in case.endpoints.iter_mut().zip(data) {
            endpoint.data_usd = Some(Usd::from_units(i128::from(usd) * 1_000_000_000_000));
        }
        for row in decide(&case).iter().filter(|row| row.action == "remove") {
            let gone = || case.endpoints.iter().filter(|e| e.vpc == row.vpc_id && e.service == row.service);
            let billed: Option<Usd> = gone().map(|endpoint| endpoint.data_usd).sum();
            let hours: Option<Usd> = gone().map(|endpoint| endpoint.hours_usd).sum();
            prop_assert_eq!(row.endpoint_data_usd, billed.map(|usd| -usd));
            prop_assert_eq!(row.endpoint_hours_usd, hours.map(|usd| -usd));
            prop_assert!(row.net_usd >= Some(Usd::ZERO), "{:?}", row.net_usd);
        }
    }

    #[test]
    fn the_order_of_rows_changes_nothing(case in region(), turn in 0usize..6) {
        let mut other = case.clone();
        let turn = turn.min(other.traffic.len());
        other.traffic.rotate_left(turn);
        other.endpoints.reverse();
        prop_assert_eq!(decide(&other), decide(&case));
    }

    #[test]
    fn doubling_all_bytes_below_the_first_bound_doubles_data_and_moves_no_hours(count in 209u64..100_000) {
        let at = |count| decide(&case(vec![traffic("a", &["az1"], gb(count), None)], vec![]));
        let (once, twice) = (&at(count)[0], &at(2 * count)[0]);
        prop_assert_eq!(once.endpoint_data_usd.map(|usd| usd.many(2)), twice.endpoint_data_usd);
        prop_assert_eq!(once.avoided_usd.map(|usd| usd.many(2)), twice.avoided_usd);
        prop_assert_eq!(once.endpoint_hours_usd, twice.endpoint_hours_usd);
    }
}
