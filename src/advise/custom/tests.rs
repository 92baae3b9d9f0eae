//! Worked by hand: us-east-1 at list, 730 hours, 1,000 GB of 2^30 bytes unless said.

use super::*;
use crate::model::custom::CustomKey;
use crate::model::usd::SCALE;
use proptest::prelude::*;

const GB: u64 = Bytes::PER_GB;

fn usd(text: &str) -> Usd {
    Usd::parse(text).expect("an amount").0
}

fn per_gb(text: &str) -> PricePerGb {
    PricePerGb::new(usd(text))
}

fn prices() -> CustomPrices {
    CustomPrices {
        endpoint_hour: Some(usd("0.01")),
        endpoint_gb: ["0.01", "0.006", "0.004"].map(|price| Some(per_gb(price))),
        crossing_gb: Some(per_gb("0.01")),
        transit_gb: Some(per_gb("0.02")),
        nlb_hour: Some(usd("0.0225")),
        nlb_gb: Some(per_gb("0.006")),
    }
}

fn gateway(vpc: Option<&str>, az: Option<&str>, regional: bool) -> CustomGateway {
    CustomGateway { vpc: vpc.map(str::to_owned), az: az.map(str::to_owned), regional, gb: Some(per_gb("0.045")) }
}

/// Clients in `vpc-a`, a service in `vpc-b`, both in us-east-1; `vpc-x` is in eu-west-1, of `vpc-y` no Region is known.
fn case(flows: Vec<CustomFlow>) -> CustomCase {
    let region = |(vpc, region): (&str, &str)| (vpc.to_owned(), region.to_owned());
    CustomCase {
        flows,
        gateways: BTreeMap::from([
            ("nat-here".to_owned(), gateway(Some("vpc-a"), Some("az1"), false)),
            ("nat-regional".to_owned(), gateway(Some("vpc-a"), None, true)),
            ("nat-hub".to_owned(), gateway(Some("vpc-hub"), Some("az1"), false)),
            ("nat-somewhere".to_owned(), gateway(None, Some("az1"), false)),
            ("nat-zoneless".to_owned(), gateway(Some("vpc-a"), None, false)),
            ("nat-unpriced".to_owned(), CustomGateway { gb: None, ..gateway(Some("vpc-a"), Some("az1"), false) }),
        ]),
        regions: [("vpc-a", "us-east-1"), ("vpc-b", "us-east-1"), ("vpc-x", "eu-west-1")].map(region).into(),
        prices: BTreeMap::from([("us-east-1".to_owned(), prices())]),
        hours: 730,
    }
}

/// The path is a gateway's id, `peering` or `transit`.
fn flow(path: &str, client_az: Option<&str>, peer_az: Option<&str>, gb: u64) -> CustomFlow {
    let path = match path {
        "peering" => CustomPath::Peering,
        "transit" => CustomPath::TransitGateway,
        gateway => CustomPath::Nat { gateway: gateway.to_owned() },
    };
    let key = CustomKey {
        client_vpc: "vpc-a".to_owned(),
        client_az: client_az.map(str::to_owned),
        peer_vpc: "vpc-b".to_owned(),
        peer_az: peer_az.map(str::to_owned),
        peer: Addr::parse(b"198.51.100.5").expect("an address"),
        port: Some(443),
        path,
    };
    // Three parts up, one down: the price does not depend on it.
    CustomFlow { key, upload: Bytes::new(gb * GB / 4 * 3), download: Bytes::new(gb * GB / 4) }
}

fn rows(case: &CustomCase) -> Vec<CustomServiceRow> {
    compare(case).into_iter().map(|(row, _)| row).collect()
}

/// Today, PrivateLink, net and break-even of the only row.
#[track_caller]
fn check(name: &str, case: &CustomCase, expect: [Option<&str>; 4], reason: &str) {
    let rows = rows(case);
    assert_eq!(rows.len(), 1, "{name}");
    let row = &rows[0];
    let found = [row.today_usd, row.privatelink_usd, row.net_usd, row.break_even_gb];
    assert_eq!(found.map(|usd| usd.map(|usd| usd.to_string())), expect.map(|text| text.map(str::to_owned)), "{name}");
    assert!(row.reason.contains(reason), "{name}: {}", row.reason);
}

#[test]
fn each_path_is_priced_as_aws_charges_it() {
    let az = |zone| Some(zone);
    // PrivateLink in one AZ: 730 x (0.01 + 0.0225) = 23.725, and 1,000 x (0.01 + 0.006) = 16.
    let link = Some("39.725");
    // 0.045 + 2 x 0.01 for the public addresses; break-even 23.725 / (0.065 - 0.016).
    let by_nat = [Some("65"), link, Some("25.275"), Some("484.183673469388")];
    check(
        "NAT",
        &case(vec![flow("nat-here", az("az1"), None, 1_000)]),
        by_nat,
        "create an interface endpoint in vpc-a",
    );
    check("regional NAT", &case(vec![flow("nat-regional", az("az3"), None, 1_000)]), by_nat, "it costs less than");
    // 2 x 0.01 more on the way to a gateway in another AZ; 23.725 / (0.085 - 0.016).
    let crossing = [Some("85"), link, Some("45.275"), Some("343.840579710145")];
    check("NAT in another AZ", &case(vec![flow("nat-here", az("az2"), None, 1_000)]), crossing, "endpoint service");
    // 0.02 for the transit gateway instead: by chance the same.
    check("NAT of a hub", &case(vec![flow("nat-hub", az("az2"), None, 1_000)]), crossing, "endpoint service");
    // 0.02 for what crosses; 23.725 / (0.02 - 0.016) = 5,931.25.
    let peering = [Some("20"), link, Some("-19.725"), Some("5931.25")];
    check("peering", &case(vec![flow("peering", az("az1"), az("az2"), 1_000)]), peering, "does not pay");
    let free = [Some("0"), link, Some("-39.725"), None];
    check("peering in an AZ", &case(vec![flow("peering", az("az1"), az("az1"), 1_000)]), free, "free of charge");
    let transit = [Some("20"), link, Some("-19.725"), Some("5931.25")];
    check("transit gateway", &case(vec![flow("transit", az("az1"), None, 1_000)]), transit, "does not pay");
    // 10,000 GB: 200 against 23.725 + 160.
    let much = [Some("200"), Some("183.725"), Some("16.275"), Some("5931.25")];
    check("much of it", &case(vec![flow("transit", az("az1"), None, 10_000)]), much, "the transit gateway");
}

#[test]
fn clients_in_two_zones_need_two_endpoints() {
    // 400 GB inside the gateway's AZ and 600 GB from another: 400 x 0.065 + 600 x 0.085 = 77. Two endpoints:
    // 730 x (0.02 + 0.0225) + 16 = 47.025. A GB costs 0.077 today: 31.025 / 0.061 = 508.606557377...
    let flows = vec![flow("nat-here", Some("az1"), None, 400), flow("nat-here", Some("az2"), None, 600)];
    let expect = [Some("77"), Some("47.025"), Some("29.975"), Some("508.606557377049")];
    check("two zones", &case(flows), expect, "it costs less");
}

#[test]
fn tiers_end_where_aws_says() {
    // 7,000,000 GB through the endpoint are 42,680.064; 42,000 for the load balancer's units; 23.725 for hours.
    let large = [Some("140000"), Some("84703.789"), Some("55296.211"), Some("5931.25")];
    check("three tiers", &case(vec![flow("transit", Some("az1"), None, 7_000_000)]), large, "it costs less");
    // At 0.015 a GB the first tier loses 0.001 each, 1,048.576 in all; the second wins 0.003:
    // (23.725 + 1,048.576) / 0.003 = 357,433.666... after 1,048,576 GB.
    let mut cheap = case(vec![flow("transit", Some("az1"), None, 1_000)]);
    cheap.prices.get_mut("us-east-1").expect("priced").transit_gb = Some(per_gb("0.015"));
    let expect = [Some("15"), Some("39.725"), Some("-24.725"), Some("1406009.666666666667")];
    check("pays in the second tier", &cheap, expect, "does not pay");
    // At 0.01 a GB the third tier is as dear: it never pays.
    cheap.prices.get_mut("us-east-1").expect("priced").transit_gb = Some(per_gb("0.01"));
    check("never pays", &cheap, [Some("10"), Some("39.725"), Some("-29.725"), None], "never pays");
    for (over, expect) in [(0, "10485.76"), (1, "10485.760000000006")] {
        let link = PrivateLink { azs: 1, hours: Usd::ZERO, gb: prices().endpoint_gb };
        assert_eq!(link.usd(Bytes::new(1_048_576 * GB + over)).map(|usd| usd.to_string()).as_deref(), Some(expect));
    }
}

#[test]
fn what_is_not_known_has_no_figure_and_says_why() {
    let link = Some("39.725");
    let nat = |id| flow(id, Some("az1"), None, 1_000);
    let none = [None; 4];
    let mut abroad = case(vec![flow("peering", Some("az1"), Some("az1"), 1_000)]);
    abroad.flows[0].key.peer_vpc = "vpc-x".to_owned();
    check("another Region", &abroad, none, "is in eu-west-1: transfer between Regions is not priced");
    abroad.flows[0].key.peer_vpc = "vpc-y".to_owned();
    check("no Region", &abroad, none, "the Region of its VPC or of vpc-a is not known");
    let no_today = [None, link, None, None];
    check("no AZ of the service", &case(vec![flow("peering", Some("az1"), None, 1_000)]), no_today, "an AZ on the way");
    check("no AZ of the gateway", &case(vec![nat("nat-zoneless")]), no_today, "an AZ on the way");
    check("no VPC of the gateway", &case(vec![nat("nat-somewhere")]), no_today, "an AZ on the way");
    check("no price of the gateway", &case(vec![nat("nat-unpriced")]), no_today, "a price is not known");
    check("no gateway", &case(vec![nat("nat-unheard")]), no_today, "a price is not known");
    let no_link = [Some("20"), None, None, None];
    check("no AZ of the clients", &case(vec![flow("transit", None, None, 1_000)]), no_link, "an AZ on the way");
    let transit = || case(vec![flow("transit", Some("az1"), None, 1_000)]);
    let with = |change: fn(&mut CustomPrices)| {
        let mut case = transit();
        change(case.prices.get_mut("us-east-1").expect("priced"));
        case
    };
    check("no load balancer", &with(|prices| prices.nlb_hour = None), no_link, "nlb_hour and nlb_lcu_hour");
    check("no capacity unit", &with(|prices| prices.nlb_gb = None), no_link, "nlb_hour and nlb_lcu_hour");
    check("no endpoint hour", &with(|prices| prices.endpoint_hour = None), no_link, "a price is not known");
    check("no endpoint GB", &with(|prices| prices.endpoint_gb[0] = None), no_link, "a price is not known");
    check("no transit GB", &with(|prices| prices.transit_gb = None), no_today, "a price is not known");
    // A tier that the bytes do not reach is not needed for them, nor for a break-even below it.
    let far = [Some("20"), link, Some("-19.725"), Some("5931.25")];
    check("no second tier", &with(|prices| prices.endpoint_gb[1] = None), far, "does not pay");
    let mut portless = transit();
    portless.flows[0].key.port = None;
    assert_eq!(rows(&portless)[0].port, 0);
    check("no port", &portless, far, "198.51.100.5 (its port is not in the log)");
}

#[test]
fn rows_are_by_service_and_in_order() {
    let mut other_port = flow("nat-here", Some("az1"), None, 1_000);
    other_port.key.port = Some(22);
    let mut unknown = flow("peering", None, None, 1_000_000);
    unknown.key.port = Some(80);
    let flows = vec![
        unknown,
        flow("peering", Some("az1"), Some("az1"), 10),
        flow("nat-here", Some("az1"), None, 1_000),
        flow("nat-regional", Some("az1"), None, 1_000),
        flow("transit", Some("az1"), None, 0),
        other_port,
    ];
    let shown = |flows: Vec<CustomFlow>| -> Vec<String> {
        let text = |row: &CustomServiceRow| format!("{} {} {}", row.port, row.path, row.bytes.get() / GB);
        compare(&case(flows)).iter().map(|(row, _)| text(row)).collect()
    };
    // Two gateways are one path; no bytes are no row; without a figure last.
    let expect = ["443 nat 2000", "22 nat 1000", "443 peering 10", "80 peering 1000000"];
    assert_eq!(shown(flows.clone()), expect);
    let mut reversed = flows;
    reversed.reverse();
    assert_eq!(shown(reversed), expect);
}

proptest! {
    /// It pays just where the traffic is above the break-even, whatever the prices.
    #[test]
    fn the_break_even_is_where_the_net_changes_its_sign(
        transit in 0i128..60_000, tiers in proptest::array::uniform3(0i128..20_000), bytes in 1u64..8_000_000 * GB,
    ) {
        let price = |units: i128| PricePerGb::new(Usd::from_units(units * 1_000_000));
        let mut case = case(vec![flow("transit", Some("az1"), None, 1)]);
        case.flows[0].upload = Bytes::new(bytes);
        case.flows[0].download = Bytes::ZERO;
        let mut tiers = tiers;
        tiers.sort_by_key(|&units| Reverse(units)); // AWS's tiers fall: otherwise there may be two such places
        let book = case.prices.get_mut("us-east-1").expect("priced");
        book.transit_gb = Some(price(transit));
        book.endpoint_gb = tiers.map(|units| Some(price(units)));
        let row = &rows(&case)[0];
        let net = row.net_usd.expect("all is priced");
        let gb = Usd::from_units(i128::from(bytes) * SCALE / i128::from(GB));
        if net.units().abs() > SCALE / 100 {
            prop_assert_eq!(net > Usd::ZERO, row.break_even_gb.is_some_and(|least| least < gb), "{:?}", row);
        }
    }
}
