//! Small accounts: whatever crosses whichever gateway, every decision and every finding is led back to bytes and prices.

use super::{decide, nothing, recompute};
use crate::advise::findings::{self, Doubts, FindingParts, GatewayFacts, LeftTraffic};
use crate::explain::{FindingTrail, Trail, explain};
use crate::model::bytes::Bytes;
use crate::model::inventory::{Availability, Connectivity};
use crate::model::usd::PricePerGb;
use crate::report::{NatGatewayRow, Report, TrafficRow};
use crate::sinks::Style;
use crate::sinks::explanation::render_text;
use crate::sinks::sample::{self, usd};

/// Traffic of three VPCs to two services through the gateways of two of them, some of it crossing AZs and some a transit
/// gateway: (VPC, AZ, gateway, service, log2 of its bytes, what is added to them).
type Flow = (usize, usize, usize, usize, u32, u64);

fn account_of(flows: &[Flow]) -> Report {
    let mut report = sample::full();
    let (vpcs, azs) = (["vpc-0f9e8d7c6b5a49382", "vpc-0b", "vpc-0c"], ["use1-az1", "use1-az2", "use1-az3"]);
    let gateways = [
        ("nat-0d33333333333333d", "vpc-0f9e8d7c6b5a49382", "use1-az1"),
        ("nat-0b", "vpc-0b", "use1-az1"),
        ("nat-0b2", "vpc-0b", "use1-az2"),
    ];
    let template = report.nat_gateways[0].clone();
    let gateway = |(id, vpc, az): (&str, &str, &str)| NatGatewayRow {
        nat_gateway_id: id.to_owned(),
        vpc_id: Some(vpc.to_owned()),
        region: Some("us-east-1".to_owned()),
        az_id: Some(az.to_owned()),
        hours_usd: None,
        ..template.clone()
    };
    report.nat_gateways = gateways.map(gateway).to_vec();
    let template = report.traffic[0].clone();
    let row = |&(vpc, az, gateway, service, log, more): &Flow| TrafficRow {
        nat_gateway_id: gateways[gateway].0.to_owned(),
        vpc_id: Some(vpcs[vpc].to_owned()),
        az_id: Some(azs[az].to_owned()),
        service: ["sqs", "logs", "s3"][service].to_owned(),
        service_region: Some("us-east-1".to_owned()),
        endpoint: if service == 2 { "gateway" } else { "interface" },
        upload_bytes: Bytes::new((1 << log) + more),
        download_bytes: Bytes::ZERO,
        ..template.clone()
    };
    report.traffic = flows.iter().map(row).collect();
    for (id, ..) in gateways {
        let own = |t: &&mut TrafficRow| t.nat_gateway_id == id;
        let bytes: Vec<Bytes> = report.traffic.iter_mut().filter(own).map(|t| t.upload_bytes).collect();
        let cost = PricePerGb::new(usd("0.045")).cost(bytes.iter().copied().sum());
        for (row, usd) in report.traffic.iter_mut().filter(own).zip(cost.apportion(&bytes).unwrap_or_default()) {
            row.usd = Some(usd);
        }
        let row = report.nat_gateways.iter_mut().find(|row| row.nat_gateway_id == id).unwrap();
        row.observed_bytes = Some(bytes.into_iter().sum());
        (row.upload_bytes, row.download_bytes) = (row.observed_bytes, Some(Bytes::ZERO));
        (row.mirror_bytes, row.unsolicited_bytes, row.coverage, row.billed_bytes) = (None, None, None, None);
        (row.data_usd, row.unobserved_usd, row.usd_per_gb) = (None, None, Some(usd("0.045")));
    }
    report
}

/// What is found about the gateways if nothing is taken off them.
fn find(report: &mut Report, trail: &mut Trail) {
    let usd_of = |price: &str| usd(price).many(744);
    let facts = |row: &NatGatewayRow| GatewayFacts {
        id: row.nat_gateway_id.clone(),
        name: None,
        vpc: row.vpc_id.clone(),
        az: row.az_id.clone(),
        availability: Availability::Zonal,
        connectivity: Connectivity::Public,
        gone: false,
        attributed: row.observed_bytes,
        billed: None,
        metered: None,
        doubts: Doubts::default(),
        billed_until: None,
        shared_gap: false,
        takes_over: false,
        unsolicited: Bytes::ZERO,
        hours_usd: Some(usd_of("0.045")),
        public_ipv4_usd: Some(usd_of("0.005").many(2)),
        new_gateway_hours_usd: Some(usd_of("0.05")),
        tables: Vec::new(),
    };
    let facts: Vec<GatewayFacts> = report.nat_gateways.iter().map(facts).collect();
    let left = report.traffic.iter().zip(&trail.traffic).map(|(row, known)| LeftTraffic {
        nat_gateway_id: row.nat_gateway_id.clone(),
        vpc: row.vpc_id.clone(),
        az: row.az_id.clone(),
        bytes: row.upload_bytes,
        cross_az_usd: known.way.cross_az.clone().ok(),
    });
    let (rows, parts) = findings::find(&facts, &left.collect::<Vec<_>>()).into_iter().unzip();
    report.findings = rows;
    let parts: Vec<FindingParts> = parts;
    trail.findings =
        parts.into_iter().map(|parts| FindingTrail { parts, addresses: 2, hours: 744, address_hours: 744 }).collect();
}

#[test]
fn findings_are_hours_addresses_and_crossings() {
    let check = |flows: &[Flow], gateway: &str, expect: &[&str]| {
        let mut report = account_of(flows);
        let mut trail = decide(&mut report, nothing());
        find(&mut report, &mut trail);
        let explanation = explain(gateway, &report, &trail).unwrap();
        assert_eq!(recompute(&explanation).1, 0);
        let text = render_text(&explanation, &Style { width: Some(400), ..Style::default() });
        for line in expect {
            assert!(text.contains(line), "{line}: {text}");
        }
    };
    // 8 TB from the gateway's AZ, and half a TB from AZ 2, where another one stands.
    let flows = [(1, 0, 1, 1, 43, 0), (1, 1, 2, 1, 39, 0), (1, 1, 1, 1, 39, 0)];
    let idle = "744 hours x $0.005 per hour x 2 public addresses = $7.44";
    check(&flows[..1], "nat-0b2", &["Finding: idle", idle, "$33.48 hours + $7.44 addresses = $40.92"]);
    check(
        &flows,
        "nat-0b",
        &["Finding: cross-az", "nat-0b2 stands in use1-az2, and stays", "$10.24 crossing = $10.24"],
    );
    let new = "744 hours x $0.045 per hour + 744 hours x $0.005 per hour = $37.2 cost";
    check(&[flows[0], (1, 2, 1, 1, 43, 0)], "nat-0b", &[new, "$163.84 crossing - $37.2 cost = $126.64"]);
    let kept = "cost of keeping nat-0b2";
    check(&[flows[0], (1, 1, 1, 1, 43, 0)], "nat-0b", &[kept, "$163.84 crossing - $40.92 cost = $122.92"]);
}

proptest::proptest! {
    // Working every line out with numbers of any length takes its time.
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]
    #[test]
    fn no_decision_and_no_finding_stands_without_its_arithmetic(
        flows in proptest::collection::vec((0usize..3, 0usize..3, 0usize..3, 0usize..3, 10u32..54, 0u64..1_000), 1..9),
    ) {
        let mut report = account_of(&flows);
        let mut trail = decide(&mut report, nothing());
        find(&mut report, &mut trail);
        for subject in ["vpc-0f9e8d7c6b5a49382", "vpc-0b", "vpc-0c", "sqs", "logs", "s3", "nat-0b", "nat-0b2"] {
            let Ok(mut explanation) = explain(subject, &report, &trail) else { continue };
            // The report's own services in other VPCs were drawn by hand.
            let own = explanation.steps.iter().position(|step| step.label.starts_with("Own service"));
            explanation.steps.truncate(own.unwrap_or(usize::MAX));
            let (_, bare) = recompute(&explanation);
            let text = || render_text(&explanation, &Style::default());
            proptest::prop_assert_eq!(bare, 0, "{}", text());
        }
    }

}
