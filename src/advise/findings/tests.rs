//! Small VPCs by hand, then random ones: what acting on all rows saves is what the rows say.

use super::plan::Target;
use super::*;
use crate::model::usd::SCALE;
use proptest::prelude::*;
use std::collections::BTreeMap;

const GB: u64 = Bytes::PER_GB;

fn usd(whole: i128) -> Usd {
    Usd::from_units(whole * SCALE)
}

/// A public zonal gateway in `vpc-1` that 10 GB crossed; its hours cost 30 and its address 3, a new one 40.
fn gateway(id: &str, az: &str) -> GatewayFacts {
    GatewayFacts {
        id: id.to_owned(),
        name: None,
        vpc: Some("vpc-1".to_owned()),
        az: Some(az.to_owned()),
        availability: Availability::Zonal,
        connectivity: Connectivity::Public,
        gone: false,
        attributed: Some(Bytes::new(10 * GB)),
        billed: Some(Bytes::new(10 * GB)),
        metered: None,
        doubts: Doubts::default(),
        billed_until: None,
        shared_gap: false,
        takes_over: false,
        unsolicited: Bytes::ZERO,
        hours_usd: Some(usd(30)),
        public_ipv4_usd: Some(usd(3)),
        new_gateway_hours_usd: Some(usd(40)),
        tables: Vec::new(),
    }
}

fn used(id: &str, azs: &[&str]) -> TableUse {
    TableUse { route_table_id: id.to_owned(), az_ids: azs.iter().map(|&az| az.to_owned()).collect() }
}

/// Traffic of `vpc-1` whose crossing, where it crosses, costs a dollar per GB.
fn left(nat: &str, az: &str, gb: u64) -> LeftTraffic {
    LeftTraffic {
        nat_gateway_id: nat.to_owned(),
        vpc: Some("vpc-1".to_owned()),
        az: Some(az.to_owned()),
        bytes: Bytes::new(gb * GB),
        cross_az_usd: Some(usd(i128::from(gb))),
    }
}

/// The rows; what a saving is made from sums to it.
fn found(gateways: &[GatewayFacts], left: &[LeftTraffic]) -> Vec<FindingRow> {
    let check = |(row, parts): (FindingRow, FindingParts)| {
        let sum = match parts {
            FindingParts::Deletion { hours, addresses } => hours.zip(addresses).map(|(hours, usd)| hours + usd),
            FindingParts::Crossing(parts) => parts.iter().map(|part| Some(part.charge? - part.share)).sum(),
        };
        assert_eq!(row.usd, sum, "{row:?}");
        row
    };
    find(gateways, left).into_iter().map(check).collect()
}

/// Kind, gateway and dollars of every row, as text.
fn check(
    what: &str,
    gateways: &[GatewayFacts],
    left: &[LeftTraffic],
    expect: &[(&str, &str, &str)],
) -> Vec<FindingRow> {
    let rows = found(gateways, left);
    let shown: Vec<(&str, &str, String)> = rows
        .iter()
        .map(|row| (row.kind, row.nat_gateway_id.as_str(), row.usd.map_or("?".to_owned(), |usd| usd.to_string())))
        .collect();
    let expect: Vec<(&str, &str, String)> =
        expect.iter().map(|(kind, id, usd)| (*kind, *id, (*usd).to_owned())).collect();
    assert_eq!(shown, expect, "{what}");
    rows
}

/// As [`check`] for one gateway whose traffic is all left.
fn check_one(what: &str, change: impl Fn(&mut GatewayFacts), expect: &[(&str, &str, &str)]) {
    let mut one = gateway("nat-1", "az1");
    change(&mut one);
    check(what, &[one], &[left("nat-1", "az1", 10)], expect);
}

#[test]
fn idle_is_what_logs_or_bill_know_and_nothing_crossed() {
    let idle: &[(&str, &str, &str)] = &[("idle", "nat-1", "33")];
    let both = |attributed: Option<u64>, billed: Option<u64>| {
        move |g: &mut GatewayFacts| (g.attributed, g.billed) = (attributed.map(Bytes::new), billed.map(Bytes::new))
    };
    check_one("busy", |_| (), &[]);
    check_one("logs and bill hold nothing", both(Some(0), Some(0)), idle);
    check_one("logs hold nothing, no bill", both(Some(0), None), idle);
    check_one("no logs, the bill holds nothing", both(None, Some(0)), idle);
    check_one("neither is known", both(None, None), &[]);
    check_one("logs hold nothing, the bill does", both(Some(0), Some(40)), &[]);
    check_one("no logs, the bill holds something", both(None, Some(40)), &[]);
    let without_bill = |metered: Option<u64>, shared_gap| {
        move |g: &mut GatewayFacts| {
            both(Some(0), None)(g);
            (g.metered, g.shared_gap) = (metered.map(Bytes::new), shared_gap);
        }
    };
    check_one("logs and CloudWatch hold nothing", without_bill(Some(0), false), idle);
    check_one("CloudWatch holds something", without_bill(Some(40), false), &[]);
    check_one("the bill of all gateways holds something", without_bill(None, true), &[]);
    let with = |change: fn(&mut GatewayFacts)| {
        move |g: &mut GatewayFacts| {
            both(Some(0), Some(0))(g);
            change(g);
        }
    };
    check_one("the bill has other lines on it", with(|g| g.doubts.on_bill = true), &[]);
    check_one("CloudWatch counts what the bill does not", with(|g| g.metered = Some(Bytes::new(40))), &[]);
    check_one("records were dropped, the bill holds nothing", with(|g| g.doubts.dropped = true), idle);
    check_one("the bill ends early, logs hold nothing", with(|g| g.billed_until = Some(0)), idle);
    check_one("the bill ends early, no logs", with(|g| (g.attributed, g.billed_until) = (None, Some(0))), &[]);
    check_one(
        "the bill ends early, records were dropped",
        with(|g| (g.doubts.dropped, g.billed_until) = (true, Some(0))),
        &[],
    );
    check_one("records were dropped, no bill", with(|g| (g.doubts.dropped, g.billed) = (true, None)), &[]);
    check_one("gone", with(|g| g.gone = true), &[]);
    check_one("its hours have no price", with(|g| g.hours_usd = None), &[("idle", "nat-1", "?")]);
    check_one("its address has no price", with(|g| g.public_ipv4_usd = None), &[("idle", "nat-1", "?")]);
    let private = |g: &mut GatewayFacts| (g.connectivity, g.public_ipv4_usd) = (Connectivity::Private, None);
    check_one("a private gateway has no address", with(private), &[("idle", "nat-1", "30")]);
    check_one("a regional gateway", with(|g| g.availability = Availability::Regional), idle);
    check_one("its place is not known", with(|g| (g.vpc, g.az) = (None, None)), idle);
}

fn two(change: impl Fn(&mut GatewayFacts, &mut GatewayFacts)) -> [GatewayFacts; 2] {
    let (mut a, mut b) = (gateway("nat-a", "az1"), gateway("nat-b", "az1"));
    change(&mut a, &mut b);
    [a, b]
}

#[test]
fn of_gateways_in_one_zone_the_busiest_stays() {
    let busy = ["nat-a", "nat-b", "nat-c"].map(|nat| LeftTraffic { az: None, ..left(nat, "", 5) });
    let bytes = |gb: u64| Some(Bytes::new(gb * GB));
    let check =
        |what, gateways: &[GatewayFacts], expect: &[_]| drop(super::tests::check(what, gateways, &busy, expect));
    let (a, b) = (("redundant", "nat-a", "33"), ("redundant", "nat-b", "33"));
    check("equals", &two(|_, _| ()), &[b]);
    check("the second carries more", &two(|_, b| b.billed = bytes(11)), &[a]);
    check("traffic of one is not known", &two(|a, _| (a.attributed, a.billed) = (None, None)), &[a]);
    check("other zones", &two(|_, b| b.az = Some("az2".to_owned())), &[]);
    check("other VPCs", &two(|_, b| b.vpc = Some("vpc-2".to_owned())), &[]);
    check("unknown VPCs", &two(|a, b| (a.vpc, b.vpc) = (None, None)), &[]);
    check("unknown zones", &two(|a, b| (a.az, b.az) = (None, None)), &[]);
    check("public and private", &two(|_, b| b.connectivity = Connectivity::Private), &[]);
    check("one is regional", &two(|_, b| b.availability = Availability::Regional), &[]);
    check("one is gone", &two(|a, _| a.gone = true), &[]);
    check("no price", &two(|_, b| b.hours_usd = None), &[("redundant", "nat-b", "?")]);
    let idle = |g: &mut GatewayFacts| (g.attributed, g.billed) = (bytes(0), bytes(0));
    check("an idle one is idle", &two(|_, b| idle(b)), &[("idle", "nat-b", "33")]);
    let unknown = two(|a, b| (a.attributed, a.billed, b.attributed, b.billed) = (None, None, None, None));
    let reason = &found(&unknown, &busy)[0].reason;
    assert!(
        reason.starts_with("nat-b stands in az1 of vpc-1 beside nat-a, and what nat-b carries is not known: "),
        "{reason}"
    );
    let three = |[a, b]: [GatewayFacts; 2]| [a, b, gateway("nat-c", "az1")];
    check("two too many", &three(two(|_, _| ())), &[b, ("redundant", "nat-c", "33")]);
    check(
        "one too many, one idle",
        &three(two(|a, _| idle(a))),
        &[("idle", "nat-a", "33"), ("redundant", "nat-c", "33")],
    );
}

#[test]
fn a_gateway_goes_when_decisions_take_all_that_it_carries() {
    let check = |what, change: fn(&mut GatewayFacts), left: &[LeftTraffic], expect: &[_]| {
        let mut one = gateway("nat-1", "az1");
        change(&mut one);
        super::tests::check(what, &[one], left, expect);
    };
    let removable: &[(&str, &str, &str)] = &[("removable", "nat-1", "33")];
    check("all taken", |_| (), &[], removable);
    check("a byte is left", |_| (), &[LeftTraffic { bytes: Bytes::new(1), ..left("nat-1", "az1", 1) }], &[]);
    check("nothing is left, said so", |_| (), &[left("nat-1", "az1", 0)], removable);
    check("left at another gateway", |_| (), &[left("nat-2", "az1", 1)], removable);
    check("no log covers it", |g| g.attributed = None, &[], &[]);
    check("no bill", |g| g.billed = None, &[], removable);
    let metered = |g: &mut GatewayFacts| (g.billed, g.metered) = (None, Some(Bytes::new(10 * GB)));
    check("CloudWatch agrees", metered, &[], removable);
    let more = |g: &mut GatewayFacts| (g.billed, g.metered) = (None, Some(Bytes::new(50 * GB)));
    check("CloudWatch counts more", more, &[], &[]);
    check("CloudWatch counts more than the bill", |g| g.metered = Some(Bytes::new(50 * GB)), &[], &[]);
    check("records were dropped, the bill knows all", |g| g.doubts.dropped = true, &[], removable);
    check("records were dropped, no bill", |g| (g.doubts.dropped, g.billed) = (true, None), &[], &[]);
    check("the bill has other lines only", |g| (g.doubts.on_bill, g.billed) = (true, None), &[], &[]);
    check("a bill without gateways counts more", |g| (g.billed, g.shared_gap) = (None, true), &[], &[]);
    check("gone", |g| g.gone = true, &[], &[]);
    check("no price", |g| g.hours_usd = None, &[], &[("removable", "nat-1", "?")]);
    let billed = |extra: u64, unsolicited: u64| (Bytes::new(1000 + extra), Bytes::new(unsolicited));
    let small = |g: &mut GatewayFacts, (billed, unsolicited)| {
        (g.attributed, g.billed, g.unsolicited) = (Some(Bytes::new(1000)), Some(billed), unsolicited);
    };
    let cases = [(10, 0, true), (11, 0, false), (60, 50, true), (61, 50, false), (30, 50, true)];
    for (extra, unsolicited, expect) in cases {
        let mut one = gateway("nat-1", "az1");
        small(&mut one, billed(extra, unsolicited));
        let what = format!("{extra} bytes more on the bill, {unsolicited} unsolicited");
        super::tests::check(&what, &[one], &[], if expect { removable } else { &[] });
    }
    let unasked = |g: &mut GatewayFacts| {
        (g.attributed, g.billed, g.unsolicited) = (Some(Bytes::ZERO), Some(Bytes::new(80)), Bytes::new(80));
    };
    check("unsolicited inbound only", unasked, &[], removable);
    let regional: fn(&mut GatewayFacts) = |g| (g.availability, g.az) = (Availability::Regional, None);
    check("a regional gateway", regional, &[], removable);
}

#[test]
fn a_gateway_that_takes_over_anothers_traffic_stays_for_it() {
    let pair = two(|a, _| a.billed = Some(Bytes::new(10 * GB + 1)));
    let b = ("redundant", "nat-b", "33");
    check("both are taken whole", &pair, &[], &[("removable", "nat-a", "33"), b]);
    check("the merged one is not", &pair, &[left("nat-b", "az1", 1)], &[b]);
    check("the one that stays is not", &pair, &[left("nat-a", "az1", 1)], &[b]);
    let unknown = two(|_, b| (b.attributed, b.billed) = (None, None));
    check("what the merged one carries is not known", &unknown, &[], &[b]);
}

#[test]
fn crossing_zones_is_saved_by_a_route_or_by_a_gateway_that_pays() {
    let (a, b) = (gateway("nat-a", "az1"), gateway("nat-b", "az2"));
    let own = left("nat-b", "az2", 1);
    let crossing = |gb| [left("nat-a", "az2", gb), left("nat-a", "az1", 3), own.clone()];
    let both = [a.clone(), b.clone()];
    check("a gateway stands there", &both, &crossing(5), &[("cross-az", "nat-a", "5")]);
    check("nobody crosses", &both, &[left("nat-a", "az1", 5), own.clone()], &[]);
    let alone = std::slice::from_ref(&a);
    check("a new one costs more", alone, &crossing(39), &[]);
    check("a new one costs as much", alone, &crossing(40), &[]);
    check("a new one pays", alone, &crossing(41), &[("cross-az", "nat-a", "1")]);
    let unpriced = GatewayFacts { new_gateway_hours_usd: None, ..a.clone() };
    check("a new one has no price", &[unpriced], &crossing(99), &[]);
    let zones = [left("nat-a", "az2", 50), left("nat-a", "az3", 45), left("nat-a", "az4", 30)];
    check("two zones of three pay", alone, &zones, &[("cross-az", "nat-a", "15")]);
    let no_price = crossing(50).map(|l| LeftTraffic { cross_az_usd: None, ..l });
    check("crossing has no price, a gateway is there", &both, &no_price, &[("cross-az", "nat-a", "?")]);
    check("crossing has no price, a new one does", alone, &no_price, &[]);
    let elsewhere = crossing(50).map(|l| LeftTraffic { vpc: Some("vpc-spoke".to_owned()), ..l });
    check("over a transit gateway", alone, &elsewhere, &[]);
    let unknown = crossing(50).map(|l| LeftTraffic { az: None, ..l });
    check("the client's zone is not known", alone, &unknown, &[]);
    let regional = GatewayFacts { availability: Availability::Regional, ..a.clone() };
    check("a regional gateway", &[regional], &crossing(50), &[]);
    let private = GatewayFacts { connectivity: Connectivity::Private, ..b.clone() };
    check("one of another kind stands there", &[a.clone(), private], &crossing(50), &[("cross-az", "nat-a", "10")]);
    let gone = GatewayFacts { gone: true, ..b };
    check("one that is gone stood there", &[a, gone], &crossing(50), &[("cross-az", "nat-a", "10")]);
}

#[test]
fn one_new_gateway_serves_the_clients_of_several() {
    // Each of the two crosses for less than a new gateway costs; together they pay for it.
    let [a, b] = two(|_, _| ());
    let gateways = [a, GatewayFacts { az: Some("az3".to_owned()), ..b }];
    let crossing = [left("nat-a", "az2", 30), left("nat-b", "az2", 20), left("nat-b", "az3", 1)];
    check("together", &gateways, &crossing, &[("cross-az", "nat-a", "6"), ("cross-az", "nat-b", "4")]);
}

#[test]
fn a_gateway_that_is_to_go_is_kept_where_that_pays_more() {
    let idle = GatewayFacts { attributed: Some(Bytes::ZERO), billed: None, ..gateway("nat-b", "az2") };
    let crossing = |gb| [left("nat-a", "az2", gb)];
    let gateways = [gateway("nat-a", "az1"), idle.clone()];
    check("it does not", &gateways, &crossing(33), &[("idle", "nat-b", "33")]);
    let rows = check("it does", &gateways, &crossing(35), &[("idle", "nat-b", "33"), ("cross-az", "nat-a", "2")]);
    assert!(
        rows[0].reason.ends_with("; or keep it for the clients that now cross zones to nat-a"),
        "{}",
        rows[0].reason
    );
    assert!(rows[1].reason.contains("to nat-b in az2 and keep that one"), "{}", rows[1].reason);
    let removable = gateway("nat-b", "az2");
    let gateways = [gateway("nat-a", "az1"), removable];
    let expect = [("removable", "nat-b", "33"), ("cross-az", "nat-a", "2")];
    check("one that endpoints empty", &gateways, &crossing(35), &expect);
    let gateways = [gateway("nat-a", "az1"), GatewayFacts { hours_usd: None, ..idle }];
    check("its hours have no price", &gateways, &crossing(99), &[("idle", "nat-b", "?")]);
}

#[test]
fn rows_say_which_route_tables_change() {
    let mut a = gateway("nat-a", "az1");
    a.name = Some("egress-a".to_owned());
    a.tables =
        vec![used("rtb-1", &["az1"]), used("rtb-2", &["az2"]), used("rtb-3", &["az1", "az2"]), used("rtb-4", &[])];
    let b = gateway("nat-b", "az2");
    let mut c = gateway("nat-c", "az1");
    c.tables =
        vec![used("rtb-5", &["az1"]), used("rtb-6", &["az2"]), used("rtb-7", &["az1", "az2"]), used("rtb-8", &[])];
    c.attributed = Some(Bytes::new(GB));
    c.billed = None;
    let left = [left("nat-a", "az2", 5), left("nat-b", "az2", 5), left("nat-c", "az2", 4)];
    let expect = [("redundant", "nat-c", "33"), ("cross-az", "nat-a", "5"), ("cross-az", "nat-c", "4")];
    let rows = check("three gateways", &[a, b, c], &left, &expect);
    let tables: Vec<String> = rows.iter().map(|row| row.route_table_ids.join(" ")).collect();
    assert_eq!(tables, ["rtb-5 rtb-7 rtb-8", "rtb-2 rtb-3", "rtb-6 rtb-7"]);
    assert_eq!(
        rows[0].reason,
        "nat-c stands in az1 of vpc-1 beside nat-a (egress-a), which carries more: point rtb-5, rtb-7 and rtb-8 to nat-a and \
         delete it and release its addresses, unless it is there on purpose: for more than 55,000 connections at a time to one \
         destination, or for addresses of its own"
    );
    assert_eq!(
        rows[1].reason,
        "clients in az2 cross to nat-a (egress-a) in az1 and pay for it in both directions on both sides: point rtb-2 and rtb-3 \
         to nat-b in az2 (give the subnets in az2 a route table of their own first: rtb-3 serves other zones too)"
    );
}

/// Random VPCs: up to two of them, three zones, both kinds, traffic that the gateways could have carried.
fn world() -> impl Strategy<Value = (Vec<GatewayFacts>, Vec<LeftTraffic>)> {
    let one = (0..2_usize, 0..3_usize, prop::bool::weighted(0.2), prop::bool::weighted(0.1), 0..100_i128, 0..100_i128);
    let facts = (one, prop::option::weighted(0.9, 0..4_u64), prop::option::weighted(0.5, 0..4_u64));
    let gateways = prop::collection::vec(facts, 1..7);
    let traffic = prop::collection::vec((0..7_usize, 0..3_usize, prop::bool::weighted(0.2), 0..80_u64), 0..12);
    (gateways, traffic).prop_map(|(gateways, traffic)| {
        let make = |(index, ((vpc, az, private, gone, hours, new), attributed, billed))| GatewayFacts {
            vpc: Some(format!("vpc-{vpc}")),
            connectivity: if private { Connectivity::Private } else { Connectivity::Public },
            gone,
            attributed: Option::<u64>::map(attributed, Bytes::new),
            billed: Option::<u64>::map(billed, Bytes::new),
            hours_usd: Some(usd(hours)),
            new_gateway_hours_usd: Some(usd(new)),
            ..gateway(&format!("nat-{index}"), &format!("az{az}"))
        };
        let mut gateways: Vec<GatewayFacts> = gateways.into_iter().enumerate().map(make).collect();
        let mut traffic: Vec<LeftTraffic> = traffic
            .into_iter()
            .map(|(nat, az, foreign, gb)| {
                let nat = nat % gateways.len();
                let vpc = if foreign { Some("vpc-spoke".to_owned()) } else { gateways[nat].vpc.clone() };
                LeftTraffic { vpc, ..left(&format!("nat-{nat}"), &format!("az{az}"), gb) }
            })
            .collect();
        // What is left was attributed, and what is gone has nothing left.
        traffic.retain(|l| gateways.iter().any(|g| g.id == l.nat_gateway_id && !g.gone));
        for gateway in &mut gateways {
            let of_it = traffic.iter().filter(|l| l.nat_gateway_id == gateway.id).map(|l| l.bytes);
            let sum = of_it.sum::<Bytes>();
            if sum > Bytes::ZERO {
                gateway.attributed = Some(sum + gateway.attributed.unwrap_or_default());
            }
        }
        (gateways, traffic)
    })
}

/// What gateways and crossings cost, with each part of the traffic at the gateway that `at` says.
fn bill(gateways: &BTreeMap<String, GatewayFacts>, traffic: &[(LeftTraffic, String)]) -> Usd {
    let hours = gateways.values().map(|g| g.keep_usd().expect("priced")).sum::<Usd>();
    let crosses = |(left, at): &&(LeftTraffic, String)| {
        let gateway = &gateways[at];
        gateway.vpc == left.vpc && gateway.az != left.az
    };
    hours + traffic.iter().filter(crosses).map(|(left, _)| left.cross_az_usd.expect("priced")).sum::<Usd>()
}

/// The account after all rows are acted on, by the plan that the rows were written from.
fn after(
    gateways: &[GatewayFacts],
    left: &[LeftTraffic],
) -> (BTreeMap<String, GatewayFacts>, Vec<(LeftTraffic, String)>) {
    let plan = Plan::new(gateways, left);
    let mut standing: BTreeMap<String, GatewayFacts> = BTreeMap::new();
    for gateway in plan.gateways() {
        if plan.fate(&gateway.id) == Fate::Stays || !plan.would_bring(&gateway.id).is_empty() {
            standing.insert(gateway.id.clone(), gateway.clone());
        }
    }
    let moved = left.iter().map(|traffic| {
        let from = plan.gateway(&traffic.nat_gateway_id).expect("not gone");
        let of_vpc = traffic.vpc == from.vpc;
        let crossing = plan.crossing_of(&from.id).into_iter().find(|c| of_vpc && traffic.az.as_deref() == Some(c.az));
        let to = match (crossing.map(|c| (c.target, c.az)), plan.fate(&from.id)) {
            (Some((Target::Standing(id) | Target::Kept(id), _)), _) => id.to_owned(),
            (Some((Target::New, az)), _) => {
                let id = format!("new {:?} {az} {:?}", from.vpc, from.connectivity);
                let mut new = gateway(&id, az);
                (new.vpc, new.connectivity) = (from.vpc.clone(), from.connectivity);
                // The first gateway by id that crosses says what a new one costs.
                new.hours_usd = gateways.iter().filter(|g| !g.gone).find_map(|g| {
                    let crosses = plan.crossing_of(&g.id).iter().any(|c| c.az == az);
                    let same = g.vpc == from.vpc && g.connectivity == from.connectivity;
                    (crosses && same).then_some(g.new_gateway_hours_usd).flatten()
                });
                new.public_ipv4_usd = Some(Usd::ZERO);
                standing.insert(id.clone(), new);
                id
            }
            (None, Fate::Redundant { stayer }) => stayer.to_owned(),
            (None, _) => from.id.clone(),
        };
        (traffic.clone(), to)
    });
    let moved = moved.collect();
    (standing, moved)
}

proptest! {
    #[test]
    fn acting_on_all_findings_saves_their_sum_and_leaves_no_traffic_without_a_gateway((gateways, left) in world()) {
        let rows = found(&gateways, &left);
        let sum = rows.iter().map(|row| row.usd.expect("priced")).sum::<Usd>();
        let here: BTreeMap<String, GatewayFacts> =
            gateways.iter().filter(|g| !g.gone).map(|g| (g.id.clone(), g.clone())).collect();
        let now: Vec<(LeftTraffic, String)> = left.iter().map(|l| (l.clone(), l.nat_gateway_id.clone())).collect();
        let before = bill(&here, &now);
        let (standing, moved) = after(&gateways, &left);
        for (left, at) in moved.iter().filter(|(left, _)| left.bytes > Bytes::ZERO) {
            prop_assert!(standing.contains_key(at), "{left:?} would go to {at}, which is gone");
        }
        let carried: Vec<_> = moved.into_iter().filter(|(left, _)| left.bytes > Bytes::ZERO).collect();
        prop_assert_eq!(before - bill(&standing, &carried), sum);
        prop_assert!(sum <= before);
        prop_assert!(rows.iter().all(|row| row.usd > Some(Usd::ZERO) || row.kind != "cross-az"));
    }

    #[test]
    fn hours_are_in_one_finding_and_order_does_not_matter((gateways, left) in world(), turn in 0..7_usize) {
        let rows = found(&gateways, &left);
        let mut of_hours: Vec<&str> =
            rows.iter().filter(|row| row.kind != "cross-az").map(|row| row.nat_gateway_id.as_str()).collect();
        let count = of_hours.len();
        of_hours.sort_unstable();
        of_hours.dedup();
        prop_assert_eq!(of_hours.len(), count);
        let mut crossing: Vec<&str> =
            rows.iter().filter(|row| row.kind == "cross-az").map(|row| row.nat_gateway_id.as_str()).collect();
        let count = crossing.len();
        crossing.dedup();
        prop_assert_eq!(crossing.len(), count);
        prop_assert!(gateways.iter().filter(|g| g.gone).all(|g| rows.iter().all(|row| row.nat_gateway_id != g.id)));
        let (mut gateways, mut left) = (gateways, left);
        gateways.reverse();
        let turn = turn.min(left.len());
        left.rotate_left(turn);
        prop_assert_eq!(found(&gateways, &left), rows);
    }
}
