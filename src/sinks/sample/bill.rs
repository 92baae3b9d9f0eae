//! The same account with a bill: every kind of decision and finding; the bill alone; sums that name no gateway.

use super::{DATA, NAT_A, NAT_B, NAT_DATA, PROD, full, mb, names, some, usd};
use crate::model::bytes::Bytes;
use crate::model::usd::{PricePerGb, SCALE, Usd};
use crate::report::{
    ClientRow, CustomServiceRow, DecisionRow, FindingRow, InputRow, NatGatewayRow, RecordBytes, RecordKinds, Report,
    Summary, TrafficRow, WarningRow,
};

const HUB: &str = "vpc-0bbbbbbbbbbbbbbbb";
const NAT_IDLE: &str = "nat-0999999999999999e";
const NAT_GONE: &str = "nat-0dddddddddddddddd";

/// What a GB costs after a discount of ten percent.
fn rate() -> PricePerGb {
    PricePerGb::new(usd("0.0405"))
}

/// Flow logs and a bill that names every gateway.
pub(crate) fn billed() -> Report {
    let mut report = full();
    report.period.partial = false;
    report.cost_basis = "net";
    report.nat_gateways.retain(|g| [NAT_A, NAT_B, NAT_DATA].contains(&g.nat_gateway_id.as_str()));
    report.traffic.retain(|r| [NAT_A, NAT_B, NAT_DATA].contains(&r.nat_gateway_id.as_str()));
    report.traffic.extend(interface_traffic());
    report.nat_gateways.push(gateway(NAT_IDLE, Some("staging-old"), Some(Bytes::ZERO)));
    report.nat_gateways.push(gateway(NAT_GONE, None, None));
    for (gateway, unseen) in report.nat_gateways.iter_mut().zip([51_200, 51_200, 0, 0, 122_880]) {
        bill(gateway, mb(unseen), &mut report.traffic);
    }
    report.nat_gateways[0].diagnosis = some("Its flow logs start on 2026-10-04.");
    report.nat_gateways[4].diagnosis =
        some("Only the bill knows this gateway: it was deleted before anyone described it, and no log holds it.");
    report.clients = clients(&report);
    report.destinations = names::destinations(&report.traffic, rate());
    report.buckets = names::buckets(rate());
    report.client_services = names::client_services(&report.traffic);
    report.logged_vpcs = names::logged_vpcs(&report.traffic);
    report.decisions = decisions();
    for decision in &mut report.decisions {
        settle(decision, &report.traffic);
    }
    share_hours(&mut report);
    report.findings = findings();
    report.custom_services = custom_services();
    report.groups = None;
    report.inputs.push(billing());
    report.inputs.push(resolver_logs());
    report.summary = summary(&report);
    report
}

/// The bill names the gateways; there is no flow log.
pub(crate) fn bill_only() -> Report {
    let mut report = billed();
    without_logs(&mut report);
    for gateway in &mut report.nat_gateways {
        (gateway.upload_bytes, gateway.download_bytes, gateway.observed_bytes) = (None, None, None);
        (gateway.mirror_bytes, gateway.unsolicited_bytes, gateway.metered_bytes) = (None, None, None);
        (gateway.coverage, gateway.diagnosis) = (None, None);
        gateway.unobserved_usd = gateway.data_usd;
    }
    report.findings.retain(|f| f.kind == "idle");
    report.warnings = vec![WarningRow {
        code: "unobserved-gateway".to_owned(),
        message: format!("{NAT_A}; {NAT_B}; {NAT_DATA}; …"),
        count: 4,
        hint: "enable a flow log on the gateway's interface or subnet; its bytes are unknown, not zero".to_owned(),
    }];
    report.summary = Summary {
        observed_bytes: None,
        coverage: None,
        attributed_usd: None,
        unobserved_usd: report.summary.data_usd,
        ..summary(&report)
    };
    report
}

/// Sums of accounts and Regions only, as Cost Explorer gives them.
pub(crate) fn cost_explorer() -> Report {
    let mut report = bill_only();
    report.nat_gateways.clear();
    report.findings.clear();
    report.warnings.clear();
    report.summary =
        Summary { nat_gateways: 0, upper_bound_usd: None, gateway_saving_usd: Usd::ZERO, ..report.summary };
    report
}

/// Flow logs, and sums that name no gateway.
pub(crate) fn pooled() -> Report {
    let mut report = billed();
    for gateway in &mut report.nat_gateways {
        (gateway.billed_bytes, gateway.coverage, gateway.data_usd) = (None, None, None);
        (gateway.hours, gateway.hours_usd, gateway.unobserved_usd) = (None, None, None);
    }
    report.nat_gateways.pop();
    report.summary.nat_gateways = 4;
    report.summary.upper_bound_usd = None;
    report
}

fn without_logs(report: &mut Report) {
    report.period.observed_start = None;
    report.period.observed_end = None;
    report.traffic.clear();
    report.clients.clear();
    report.destinations.clear();
    report.buckets.clear();
    report.client_services.clear();
    report.decisions.clear();
    report.custom_services.clear();
    report.records = RecordKinds::default();
    report.record_bytes = RecordBytes::default();
    report.inputs = vec![billing()];
}

fn resolver_logs() -> InputRow {
    InputRow { kind: "dns", source: "bundle/dns".to_owned(), objects: 1_488, bytes: 9_113_204, unreadable: 0 }
}

fn billing() -> InputRow {
    InputRow { kind: "billing", source: "bundle/billing".to_owned(), objects: 3, bytes: 48_113_204, unreadable: 0 }
}

fn gateway(id: &str, name: Option<&str>, observed: Option<Bytes>) -> NatGatewayRow {
    NatGatewayRow {
        nat_gateway_id: id.to_owned(),
        name: name.map(str::to_owned),
        region: some("us-east-1"),
        vpc_id: name.map(|_| PROD.to_owned()),
        az_id: name.and(some("use1-az4")),
        upload_bytes: observed,
        download_bytes: observed,
        observed_bytes: observed,
        mirror_bytes: observed,
        unsolicited_bytes: observed,
        ..NatGatewayRow::default()
    }
}

/// Bills a gateway for what was observed and `unseen`, and splits the cost over its traffic.
fn bill(gateway: &mut NatGatewayRow, unseen: Bytes, traffic: &mut [TrafficRow]) {
    let own = |row: &TrafficRow| row.nat_gateway_id == gateway.nat_gateway_id;
    let known = gateway.observed_bytes.is_some();
    let observed: Bytes = traffic.iter().filter(|row| own(row)).map(|row| row.upload_bytes + row.download_bytes).sum();
    if known {
        gateway.upload_bytes = Some(traffic.iter().filter(|row| own(row)).map(|row| row.upload_bytes).sum());
        gateway.download_bytes = Some(traffic.iter().filter(|row| own(row)).map(|row| row.download_bytes).sum());
        gateway.observed_bytes = Some(observed);
        gateway.mirror_bytes = Some(observed);
    }
    let billed = observed + unseen;
    let data = rate().cost(billed);
    let parts = data.apportion(&[observed, unseen]).unwrap_or(vec![Usd::ZERO, Usd::ZERO]);
    let rows: Vec<usize> = (0..traffic.len()).filter(|&at| own(&traffic[at])).collect();
    let weights: Vec<Bytes> = rows.iter().map(|&at| traffic[at].upload_bytes + traffic[at].download_bytes).collect();
    for (at, part) in rows.into_iter().zip(parts[0].apportion(&weights).unwrap_or_default()) {
        traffic[at].usd = Some(part);
    }
    gateway.account_id = some("012345678901");
    gateway.metered_bytes = Some(billed);
    gateway.billed_bytes = Some(billed);
    gateway.coverage = gateway.observed_bytes.and_then(|bytes| ratio(bytes, billed));
    gateway.usd_per_gb = (billed > Bytes::ZERO).then(|| rate().per_gb());
    gateway.data_usd = Some(data);
    gateway.hours = Some(usd("744"));
    gateway.hours_usd = Some(usd("30.132"));
    gateway.unobserved_usd = Some(parts[1]);
}

fn ratio(part: Bytes, whole: Bytes) -> Option<Usd> {
    let units = |b: Bytes| Usd::from_units(i128::from(b.get()) * SCALE);
    units(part).ratio_to(units(whole))
}

fn summary(report: &Report) -> Summary {
    let gateways = || report.nat_gateways.iter();
    let data: Usd = gateways().filter_map(|g| g.data_usd).sum();
    let unobserved: Usd = gateways().filter_map(|g| g.unobserved_usd).sum();
    let (observed, billed) =
        (gateways().filter_map(|g| g.observed_bytes).sum(), gateways().filter_map(|g| g.billed_bytes).sum());
    let acting = || report.decisions.iter().filter(|d| d.action != "keep-nat" && d.net_usd.is_some());
    let avoidable: Usd = acting().filter_map(|d| d.avoided_usd).sum();
    let hours: Usd = acting().filter_map(|d| d.endpoint_hours_usd).sum();
    let endpoint = hours + acting().filter_map(|d| d.endpoint_data_usd).sum();
    Summary {
        nat_gateways: 5,
        observed_bytes: Some(observed),
        billed_bytes: Some(billed),
        coverage: ratio(observed, billed),
        data_usd: Some(data),
        hours_usd: Some(gateways().filter_map(|g| g.hours_usd).sum()),
        attributed_usd: Some(data - unobserved),
        unobserved_usd: Some(unobserved),
        avoidable_usd: avoidable,
        endpoint_usd: endpoint,
        net_saving_usd: avoidable - endpoint,
        gateway_saving_usd: report.findings.iter().filter_map(|f| f.usd).sum(),
        upper_bound_usd: Some(usd("442.17")),
    }
}

fn interface_traffic() -> Vec<TrafficRow> {
    let row = |nat: &str, vpc: &str, service: &str, mbs: (u64, u64)| TrafficRow {
        nat_gateway_id: nat.to_owned(),
        vpc_id: some(vpc),
        az_id: some(if nat == NAT_B { "use1-az2" } else { "use1-az1" }),
        service: service.to_owned(),
        service_region: some("us-east-1"),
        endpoint: "interface",
        evidence: "dns",
        upload_bytes: mb(mbs.0),
        download_bytes: mb(mbs.1),
        usd: None,
    };
    vec![
        row(NAT_A, PROD, "ecr.dkr", (3_072, 1_225_728)),
        row(NAT_A, PROD, "logs", (700_416, 16_384)),
        row(NAT_A, PROD, "kms", (24_576, 16_384)),
        row(NAT_DATA, DATA, "logs", (303_104, 4_096)),
    ]
}

/// Action, type, service and VPC; hours of the endpoint; why. An endpoint to remove carried 40 GB.
fn decision(
    (action, endpoint_type, service, vpc): (&'static str, &'static str, &str, &str),
    hours: &str,
    reason: &str,
) -> DecisionRow {
    DecisionRow {
        action,
        endpoint_type,
        service: service.to_owned(),
        endpoint_service_name: format!("com.amazonaws.us-east-1.{service}"),
        endpoint_id: ["fix", "remove"].contains(&action).then(|| "vpce-0987654321fedcba0".to_owned()),
        endpoint_vpc_id: (action == "share").then(|| HUB.to_owned()),
        region: "us-east-1".to_owned(),
        vpc_id: vpc.to_owned(),
        az_ids: vec!["use1-az1".to_owned(), "use1-az2".to_owned()],
        bytes: mb(40_960),
        avoided_usd: Some(-rate().cost(mb(40_960))),
        endpoint_hours_usd: Some(usd(hours)),
        endpoint_data_usd: None,
        net_usd: None,
        break_even_gb: Some(Usd::ZERO),
        reason: reason.to_owned(),
    }
}

/// A decision's figures, out of the traffic that it is about.
fn settle(d: &mut DecisionRow, traffic: &[TrafficRow]) {
    let own = |t: &&TrafficRow| {
        (t.vpc_id.as_ref(), &t.service, t.service_region.as_ref()) == (Some(&d.vpc_id), &d.service, Some(&d.region))
    };
    if d.action != "remove" {
        d.bytes = traffic.iter().filter(own).map(|t| t.upload_bytes + t.download_bytes).sum();
        d.avoided_usd = traffic.iter().filter(own).map(|t| t.usd).sum();
    }
    let (avoided, hours) = (d.avoided_usd.unwrap(), d.endpoint_hours_usd.unwrap());
    let mut data = Usd::ZERO;
    if d.endpoint_type == "interface" {
        let cost = PricePerGb::new(usd("0.01")).cost(d.bytes);
        data = if d.action == "remove" { -cost } else { cost };
        let magnitude = if d.action == "remove" { -hours } else { hours };
        d.break_even_gb = magnitude.ratio_to(rate().per_gb() - usd("0.01"));
    }
    d.endpoint_data_usd = Some(data);
    d.net_usd = Some(avoided - hours - data);
}

/// The hours of the shared endpoint, split by the bytes of its VPCs.
fn share_hours(report: &mut Report) {
    let rows: Vec<usize> = (0..report.decisions.len()).filter(|&at| report.decisions[at].action == "share").collect();
    let weights: Vec<Bytes> = rows.iter().map(|&at| report.decisions[at].bytes).collect();
    for (at, hours) in rows.into_iter().zip(usd("14.88").apportion(&weights).unwrap()) {
        report.decisions[at].endpoint_hours_usd = Some(hours);
        settle(&mut report.decisions[at], &report.traffic);
    }
}

fn decisions() -> Vec<DecisionRow> {
    vec![
        decision(
            ("create", "gateway", "s3", PROD),
            "0",
            "S3 traffic of prod crosses prod-a and prod-b and the inventory holds no gateway endpoint for it: create one and associate rtb-0aaa and rtb-0bbb",
        ),
        decision(
            ("fix", "gateway", "s3", DATA),
            "0",
            "vpce-0987654321fedcba0 exists, but rtb-0123456789abcdef0 does not use it: associate it",
        ),
        decision(
            ("create", "interface", "ecr.dkr", PROD),
            "14.88",
            "1,200.0 GB a month are above the 487.9 GB from which an endpoint in 2 AZs pays; S3 holds the image layers and is decided apart",
        ),
        decision(
            ("create", "gateway", "dynamodb", PROD),
            "0",
            "DynamoDB traffic of prod crosses prod-a and the inventory holds no gateway endpoint for it: create one",
        ),
        decision(
            ("share", "interface", "logs", PROD),
            "10.416",
            "One endpoint serves prod and data over the transit gateway; each alone would not pay as much",
        ),
        decision(
            ("remove", "interface", "sqs", DATA),
            "-14.88",
            "The endpoint carried 40.0 GB and its hours cost more than a NAT gateway would charge for them: delete it",
        ),
        decision(
            ("share", "interface", "logs", DATA),
            "4.464",
            "One endpoint serves prod and data over the transit gateway; each alone would not pay as much",
        ),
        decision(
            ("keep-nat", "interface", "kms", PROD),
            "14.88",
            "40.0 GB a month are below the 487.9 GB from which an endpoint in 2 AZs pays",
        ),
    ]
}

/// The clients with what is left for `(other)`, at the bill's rate.
fn clients(report: &Report) -> Vec<ClientRow> {
    let mut rows: Vec<ClientRow> = report.clients.iter().filter(|c| c.client != "10.60.0.9").cloned().collect();
    let (other, named) = rows.split_last_mut().unwrap();
    let left = |all: Bytes, of: fn(&ClientRow) -> Bytes| all.saturating_sub(named.iter().map(of).sum());
    other.upload_bytes = left(report.traffic.iter().map(|r| r.upload_bytes).sum(), |c| c.upload_bytes);
    other.download_bytes = left(report.traffic.iter().map(|r| r.download_bytes).sum(), |c| c.download_bytes);
    for row in &mut rows {
        row.usd = Some(rate().cost(row.upload_bytes + row.download_bytes));
    }
    rows
}

fn findings() -> Vec<FindingRow> {
    let row = |kind, nat: &str, tables: &[&str], saving: Option<&str>, reason: &str| FindingRow {
        kind,
        nat_gateway_id: nat.to_owned(),
        route_table_ids: tables.iter().map(|&t| t.to_owned()).collect(),
        usd: saving.map(usd),
        reason: reason.to_owned(),
    };
    vec![
        row(
            "idle",
            NAT_IDLE,
            &["rtb-0123456789abcdef0"],
            Some("33.852"),
            "It carried nothing in 744 hours: delete it and release its public address",
        ),
        row(
            "removable",
            NAT_DATA,
            &["rtb-0aaaaaaaaaaaaaaaa", "rtb-0bbbbbbbbbbbbbbbb"],
            Some("33.852"),
            "Once the recommended endpoints exist, all that it carries is gone: delete it then",
        ),
        row(
            "cross-az",
            NAT_A,
            &["rtb-0cccccccccccccccc"],
            None,
            "A subnet in use1-az2 sends through a gateway in use1-az1; what crosses is not known by AZ",
        ),
    ]
}

fn custom_services() -> Vec<CustomServiceRow> {
    let row = |peer: &str, port, path, mbs, usds: [Option<&str>; 3], gb: Option<&str>, reason: &str| CustomServiceRow {
        vpc_id: PROD.to_owned(),
        peer_vpc_id: some(DATA),
        peer: peer.to_owned(),
        port,
        path,
        bytes: mb(mbs),
        today_usd: usds[0].map(usd),
        privatelink_usd: usds[1].map(usd),
        net_usd: usds[2].map(usd),
        break_even_gb: gb.map(usd),
        reason: reason.to_owned(),
    };
    vec![
        row(
            "203.0.113.77",
            443,
            "nat",
            1_048_576,
            [Some("62.432"), Some("41.936"), Some("20.496")],
            Some("651.2"),
            "1,024.0 GB a month are above the 651.2 GB from which PrivateLink pays",
        ),
        row(
            "10.80.4.9",
            5432,
            "transit-gateway",
            204_800,
            [Some("4"), Some("33.9"), Some("-29.9")],
            Some("3169.6"),
            "200.0 GB a month are below the 3,169.6 GB from which PrivateLink pays",
        ),
        row(
            "2001:db8:80::9",
            6379,
            "peering",
            10_240,
            [Some("0.2"), None, None],
            None,
            "What PrivateLink would cost is not known: eu-xyz-1 has no price of a load balancer hour",
        ),
    ]
}
