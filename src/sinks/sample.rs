//! A report to draw in tests: several VPCs, a gateway without logs, traffic without a price, warnings, hostile names.

use crate::model::bytes::Bytes;
use crate::model::usd::{PricePerGb, Usd};
use crate::report::{
    ClientRow, CustomServiceRow, DecisionRow, FindingRow, GroupRow, InputRow, NatGatewayRow, Period, Provenance,
    RecordBytes, RecordKinds, Report, SCHEMA, Summary, TrafficRow, WarningRow,
};

mod bill;
mod names;

pub(super) use bill::{bill_only, billed, cost_explorer, pooled};

const PROD: &str = "vpc-0a1b2c3d4e5f60718";
const DATA: &str = "vpc-0f9e8d7c6b5a49382";
const ZURICH: &str = "vpc-0c0ffee0c0ffee000";
const NAT_A: &str = "nat-0a11111111111111a";
const NAT_B: &str = "nat-0b22222222222222b";
const NAT_DATA: &str = "nat-0d33333333333333d";
const NAT_ZURICH: &str = "nat-0e44444444444444e";
const NAT_SILENT: &str = "nat-0f55555555555555f";

/// An amount from its decimal text.
pub(super) fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap().0
}

fn mb(n: u64) -> Bytes {
    Bytes::new(n * 1_048_576 + n % 977)
}

#[expect(clippy::unnecessary_wraps, reason = "the fields are options")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// At list, without a bill, with every part of the contract that exists.
pub(super) fn full() -> Report {
    let traffic = traffic();
    let nat_gateways = nat_gateways(&traffic);
    let observed = traffic.iter().map(|r| r.upload_bytes + r.download_bytes).sum();
    let attributed = traffic.iter().filter_map(|r| r.usd).sum();
    let price = PricePerGb::new(usd("0.045"));
    let decisions = decisions();
    let avoidable: Usd = decisions.iter().filter(|d| d.net_usd.is_some()).filter_map(|d| d.avoided_usd).sum();
    Report {
        schema: SCHEMA,
        period: Period {
            start: "2026-10-01T00:00:00Z".to_owned(),
            end: "2026-11-01T00:00:00Z".to_owned(),
            observed_start: some("2026-10-03T04:10:00Z"),
            observed_end: some("2026-10-31T23:59:31Z"),
            partial: true,
        },
        currency: "USD".to_owned(),
        cost_basis: "list",
        summary: Summary {
            nat_gateways: 5,
            observed_bytes: Some(observed),
            attributed_usd: Some(attributed),
            avoidable_usd: avoidable,
            net_saving_usd: avoidable,
            gateway_saving_usd: usd("12.41"),
            ..Summary::default()
        },
        nat_gateways,
        clients: clients(),
        destinations: names::destinations(&traffic, price),
        buckets: names::buckets(price),
        client_services: names::client_services(&traffic),
        logged_vpcs: names::logged_vpcs(&traffic),
        region_unknown: std::collections::BTreeSet::new(),
        traffic,
        decisions,
        findings: findings(),
        custom_services: custom_services(),
        groups: Some(groups()),
        records: RecordKinds {
            read: 5_231_447,
            counted: 2_401_118,
            mirror: 2_398_870,
            not_nat: 311_204,
            rejected: 88_117,
            nodata: 31_870,
            skipdata: 12,
            malformed: 3,
            out_of_window: 253,
            duplicate: 0,
        },
        record_bytes: RecordBytes {
            counted: observed,
            mirror: mb(11_800_441),
            not_nat: mb(88_310),
            rejected: mb(14),
            out_of_window: mb(1_207),
            duplicate: Bytes::ZERO,
        },
        warnings: warnings(),
        inputs: inputs(),
        provenance: Provenance {
            version: "0.1.0",
            ip_ranges_sync_token: "1794873187".to_owned(),
            prices_as_of: "2026-11-20".to_owned(),
        },
    }
}

/// Every kind of report.
pub(super) fn all() -> [Report; 6] {
    [full(), billed(), bill_only(), cost_explorer(), pooled(), empty()]
}

/// Nothing was found.
pub(super) fn empty() -> Report {
    let mut report = full();
    report.period.observed_start = None;
    report.period.observed_end = None;
    report.summary = Summary::default();
    report.nat_gateways.clear();
    report.traffic.clear();
    report.clients.clear();
    report.decisions.clear();
    report.destinations.clear();
    report.buckets.clear();
    report.client_services.clear();
    report.findings.clear();
    report.custom_services.clear();
    report.groups = None;
    report.records = RecordKinds::default();
    report.record_bytes = RecordBytes::default();
    report.warnings.clear();
    report.inputs.clear();
    report
}

fn findings() -> Vec<FindingRow> {
    vec![
        FindingRow {
            kind: "cross-az",
            nat_gateway_id: NAT_A.to_owned(),
            route_table_ids: vec!["rtb-0123456789abcdef0".to_owned()],
            usd: Some(usd("12.41")),
            reason: "Subnets in use1-az2 send 620.5 GB to prod-a in use1-az1: route rtb-0123456789abcdef0 to prod-b."
                .to_owned(),
        },
        FindingRow {
            kind: "redundant",
            nat_gateway_id: NAT_ZURICH.to_owned(),
            route_table_ids: Vec::new(),
            usd: None,
            reason:
                "A second gateway serves the same AZ; what its hours cost is not known, because eu-xyz-1 has no price."
                    .to_owned(),
        },
    ]
}

fn custom_services() -> Vec<CustomServiceRow> {
    vec![CustomServiceRow {
        vpc_id: PROD.to_owned(),
        peer_vpc_id: some("vpc-0c0ffee0c0ffee000"),
        peer: "203.0.113.77".to_owned(),
        port: 443,
        path: "nat",
        bytes: mb(1_048_576),
        today_usd: Some(usd("66.56")),
        privatelink_usd: Some(usd("39.02")),
        net_usd: Some(usd("27.54")),
        break_even_gb: Some(usd("461.2")),
        reason: "PrivateLink pays above 461.2 GB a month.".to_owned(),
    }]
}

fn nat_gateways(traffic: &[TrafficRow]) -> Vec<NatGatewayRow> {
    let place = |id: &str, name: Option<&str>, region: &str, vpc: &str, az: Option<&str>| NatGatewayRow {
        nat_gateway_id: id.to_owned(),
        name: name.map(str::to_owned),
        region: some(region),
        vpc_id: some(vpc),
        az_id: az.map(str::to_owned),
        usd_per_gb: (region != "eu-xyz-1").then(|| usd("0.045")),
        ..NatGatewayRow::default()
    };
    let mut gateways = vec![
        place(NAT_A, Some("prod-a"), "us-east-1", PROD, Some("use1-az1")),
        place(NAT_B, Some("prod-b"), "us-east-1", PROD, Some("use1-az2")),
        place(NAT_DATA, Some("data\u{1b}[31m | <img> @all"), "us-east-1", DATA, None),
        place(NAT_ZURICH, None, "eu-xyz-1", ZURICH, Some("euxyz1-az1")),
    ];
    for gateway in &mut gateways {
        let own = || traffic.iter().filter(|r| r.nat_gateway_id == gateway.nat_gateway_id);
        let (up, down) = (own().map(|r| r.upload_bytes).sum::<Bytes>(), own().map(|r| r.download_bytes).sum::<Bytes>());
        gateway.upload_bytes = Some(up);
        gateway.download_bytes = Some(down);
        gateway.observed_bytes = Some(up + down);
        gateway.mirror_bytes = Some(up + down);
        gateway.unsolicited_bytes = Some(mb(3));
    }
    gateways.push(place(NAT_SILENT, Some("legacy"), "us-east-1", "vpc-0d15ea5ed15ea5ed1", Some("use1-az6")));
    gateways
}

fn traffic() -> Vec<TrafficRow> {
    let price = PricePerGb::new(usd("0.045"));
    let row = |nat: &str,
               vpc: &str,
               az: Option<&str>,
               service: (&str, Option<&str>, &'static str, &'static str),
               mbs: (u64, u64)| {
        let (upload_bytes, download_bytes) = (mb(mbs.0), mb(mbs.1));
        TrafficRow {
            nat_gateway_id: nat.to_owned(),
            vpc_id: some(vpc),
            az_id: az.map(str::to_owned),
            service: service.0.to_owned(),
            service_region: service.1.map(str::to_owned),
            endpoint: service.2,
            evidence: service.3,
            upload_bytes,
            download_bytes,
            usd: (nat != NAT_ZURICH).then(|| price.cost(upload_bytes + download_bytes)),
        }
    };
    let (east, west) = (Some("us-east-1"), Some("us-west-2"));
    vec![
        row(NAT_A, PROD, Some("use1-az1"), ("s3", east, "gateway", "prefix-list"), (512_113, 5_101_774)),
        row(NAT_A, PROD, Some("use1-az1"), ("dynamodb", east, "gateway", "prefix-list"), (88_002, 401_220)),
        row(NAT_A, PROD, Some("use1-az1"), ("internet", None, "none", "none"), (201_441, 1_310_007)),
        row(NAT_A, PROD, Some("use1-az1"), ("Partner \"ACME, Inc\"", None, "none", "rule"), (90_210, 2_003)),
        row(NAT_B, PROD, Some("use1-az2"), ("s3", east, "gateway", "prefix-list"), (101_007, 1_733_991)),
        row(NAT_B, PROD, Some("use1-az2"), ("s3", west, "none", "ip-ranges"), (3, 90_412)),
        row(NAT_B, PROD, Some("use1-az2"), ("range:amazon", east, "none", "ip-ranges"), (41_118, 377_900)),
        row(NAT_B, PROD, Some("use1-az2"), ("range:cloudfront", None, "none", "ip-ranges"), (2_771, 190_034)),
        row(NAT_DATA, DATA, None, ("s3", east, "gateway", "prefix-list"), (12_044, 903_118)),
        row(NAT_DATA, DATA, None, ("private", None, "none", "none"), (0, 1)),
        row(
            NAT_ZURICH,
            ZURICH,
            Some("euxyz1-az1"),
            ("s3", Some("eu-xyz-1"), "gateway", "prefix-list"),
            (18_313, 66_017),
        ),
        row(NAT_ZURICH, ZURICH, Some("euxyz1-az1"), ("internet", None, "none", "none"), (5_004, 7_700)),
    ]
}

fn clients() -> Vec<ClientRow> {
    let price = PricePerGb::new(usd("0.045"));
    let row = |client: &str, kind: Option<&str>, name: Option<&str>, nats: &[&str], mbs: (u64, u64)| ClientRow {
        client: client.to_owned(),
        kind: kind.map(str::to_owned),
        name: name.map(str::to_owned),
        vpc_id: (!client.starts_with('(')).then(|| PROD.to_owned()),
        nat_gateway_ids: nats.iter().map(|&n| n.to_owned()).collect(),
        upload_bytes: mb(mbs.0),
        download_bytes: mb(mbs.1),
        usd: nats.iter().all(|&n| n != NAT_ZURICH).then(|| price.cost(mb(mbs.0) + mb(mbs.1))),
    };
    vec![
        row("10.20.1.17", Some("instance"), Some("spark-worker-01"), &[NAT_A], (401_220, 3_900_118)),
        row("10.20.2.44", Some("instance"), Some("=HYPERLINK(\"x\")"), &[NAT_A, NAT_B], (90_113, 1_730_004)),
        row("10.20.1.201", Some("lambda"), Some("thumbnailer"), &[NAT_A], (77_410, 611_900)),
        row("2600:1f18:1234:5600::1f", None, None, &[NAT_DATA], (12_000, 301_000)),
        row("10.60.0.9", None, None, &[NAT_ZURICH], (23_317, 73_717)),
        row("(other)", None, None, &[], (467_966, 3_567_438)),
    ]
}

fn decisions() -> Vec<DecisionRow> {
    let price = PricePerGb::new(usd("0.045"));
    let row = |action: &'static str, service: &str, vpc: &str, zones: &[&str], mbs: u64, reason: &str| DecisionRow {
        action,
        endpoint_type: "gateway",
        service: service.to_owned(),
        endpoint_service_name: format!("com.amazonaws.us-east-1.{service}"),
        endpoint_id: (action == "fix").then(|| "vpce-0987654321fedcba0".to_owned()),
        endpoint_vpc_id: None,
        region: "us-east-1".to_owned(),
        vpc_id: vpc.to_owned(),
        az_ids: zones.iter().map(|&z| z.to_owned()).collect(),
        bytes: mb(mbs),
        avoided_usd: Some(price.cost(mb(mbs))),
        endpoint_hours_usd: Some(Usd::ZERO),
        endpoint_data_usd: Some(Usd::ZERO),
        net_usd: Some(price.cost(mb(mbs))),
        break_even_gb: Some(Usd::ZERO),
        reason: reason.to_owned(),
    };
    let mut unpriced = row(
        "create",
        "s3",
        ZURICH,
        &["euxyz1-az1"],
        84_330,
        "Create a gateway endpoint for s3; what it saves is not known, because eu-xyz-1 has no price of a NAT gateway GB.",
    );
    unpriced.region = "eu-xyz-1".to_owned();
    unpriced.endpoint_service_name = "com.amazonaws.eu-xyz-1.s3".to_owned();
    unpriced.avoided_usd = None;
    unpriced.net_usd = None;
    vec![
        row(
            "create",
            "s3",
            PROD,
            &["use1-az1", "use1-az2"],
            7_448_885,
            "Create a gateway endpoint for s3 and add it to the 4 route tables that send this traffic to a NAT gateway; it is free.",
        ),
        row(
            "fix",
            "s3",
            DATA,
            &[],
            915_162,
            "vpce-0987654321fedcba0 exists, but route table rtb-0123456789abcdef0 does not use it; associate it.",
        ),
        row(
            "create",
            "dynamodb",
            PROD,
            &["use1-az1"],
            489_222,
            "Create a gateway endpoint for dynamodb and add it to the 2 route tables that send this traffic to a NAT gateway.",
        ),
        unpriced,
    ]
}

fn groups() -> Vec<GroupRow> {
    let row = |account: Option<&str>, vpc: &str, mbs: (u64, u64), cost: Option<&str>| GroupRow {
        by: [("account".to_owned(), account.map(str::to_owned)), ("vpc".to_owned(), some(vpc))].into(),
        upload_bytes: mb(mbs.0),
        download_bytes: mb(mbs.1),
        usd: cost.map(usd),
    };
    vec![
        row(Some("012345678901"), PROD, (1_036_665, 9_207_341), Some("450.177777")),
        row(Some("210987654321"), DATA, (12_044, 903_119), Some("40.21857")),
        row(None, ZURICH, (23_317, 73_717), None),
    ]
}

fn warnings() -> Vec<WarningRow> {
    let row = |code: &str, message: &str, count: u64, hint: &str| WarningRow {
        code: code.to_owned(),
        message: message.to_owned(),
        count,
        hint: hint.to_owned(),
    };
    vec![
        row(
            "gateway-without-logs",
            "nat-0f55555555555555f has no flow log in the period",
            1,
            "enable a flow log on its VPC; without one its bytes cannot be attributed",
        ),
        row(
            "price-missing",
            "eu-xyz-1 has no price for nat_gateway_gb",
            2,
            "add the row eu-xyz-1,nat_gateway_gb,<USD> to prices.csv",
        ),
        row("skipdata", "AWS dropped records in 12 intervals, first at flow-logs/a.log.gz:1893", 12, ""),
    ]
}

fn inputs() -> Vec<InputRow> {
    let row = |kind: &'static str, source: &str, objects, bytes, unreadable| InputRow {
        kind,
        source: source.to_owned(),
        objects,
        bytes,
        unreadable,
    };
    vec![
        row("flow-logs", "bundle/flow-logs", 2_976, 731_904_113, 1),
        row("inventory", "bundle/inventory", 14, 210_448, 0),
        row("prices", "bundle/prices.csv", 1, 812, 0),
    ]
}
