//! Golden explanations, and an oracle that reads every printed equation back and works it out with numbers of any length.

use super::*;
use crate::advise::case::{Account, EndpointUse};
use crate::advise::{gateway, interface, sort};
use crate::bill::kind::ChargeKind;
use crate::count::fold::RowSum;
use crate::count::resolve::{CountedRecords, GatewayCount};
use crate::explain::{
    EndpointTrail, GatewayTrail, RegionTrail, Row, Rule, TrafficTrail, Trail, UnknownSubject, explain,
};
use crate::model::bill::LineClass;
use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
use crate::model::period::Window;
use crate::model::usd::PricePerGb;
use crate::price::PriceBook;
use crate::reconcile::ledger::{Entry, Ledger};
use crate::reconcile::split::Source;
use crate::report::{GroupRow, NatGatewayRow, Report};
use crate::sinks::sample::{self, usd};
use crate::sources::inventory::{InventoryDraft, read_document};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

mod account;
mod oracle;

const NAT_A: &str = "nat-0a11111111111111a";

fn entry(kind: ChargeKind, class: LineClass, lines: u64, bytes: Option<Bytes>, cost: Usd) -> Entry {
    let gb = |bytes: Bytes| usd("1").times(Usd::from_units(i128::from(bytes.get()) * SCALE / (1 << 30)));
    let quantity = if class == LineClass::Usage { bytes.map_or(Some(usd("744")), gb) } else { None };
    Entry { kind, class, lines, quantity, bytes, cost: Some(cost) }
}

/// Lines that come to what the row has: list prices and a discount of their own.
fn ledger(row: &NatGatewayRow) -> Ledger {
    use LineClass::{Credit, Discount, Usage};
    let (data, hours, billed) = (row.data_usd.unwrap(), row.hours_usd.unwrap(), row.billed_bytes.unwrap());
    let list = PricePerGb::new(usd("0.045")).cost(billed);
    let mut entries = vec![
        entry(ChargeKind::NatHours, Usage, 744, None, usd("33.48")),
        entry(ChargeKind::NatHours, Discount, 1, None, hours - usd("33.48")),
        entry(ChargeKind::NatBytes, Credit, 1, None, usd("-5")),
        entry(ChargeKind::Internet, Usage, 31, Some(Bytes::new(billed.get() / 7)), usd("1.25")),
    ];
    if billed > Bytes::ZERO {
        entries.push(entry(ChargeKind::NatBytes, Usage, 744, Some(billed), list));
        entries.push(entry(ChargeKind::NatBytes, Discount, 31, None, data - list));
    }
    Ledger { account: Some("012345678901".into()), region: Some("us-east-1".into()), entries, ..Ledger::default() }
}

fn count(row: &NatGatewayRow) -> Option<GatewayCount> {
    let (up, down) = (row.upload_bytes?.get(), row.download_bytes?.get());
    let unsolicited = row.unsolicited_bytes.unwrap_or_default().get();
    Some(GatewayCount {
        covered: true,
        covered_itself: true,
        upload: up,
        download: down,
        legs: [up, up, down + unsolicited, down],
        records: CountedRecords { pairs: 620, public_side: 0, clients: 44 },
        skipdata: 12,
        undecided: RowSum { records: 3, bytes: 4_096 },
        ..GatewayCount::default()
    })
}

/// The clients of two gateways, one of them behind both, and the report's rows to go with them.
fn clients(report: &mut Report) -> Vec<(GroupRow, u64)> {
    let group = |nat: &str, client: &str, up: Bytes, down: Bytes| GroupRow {
        by: [("nat", nat), ("vpc", "vpc-0a1b2c3d4e5f60718"), ("client", client)]
            .map(|(by, value)| (by.to_owned(), Some(value.to_owned())))
            .into(),
        upload_bytes: up,
        download_bytes: down,
        usd: None,
    };
    let mut groups = Vec::new();
    for row in report.nat_gateways.iter().filter(|g| g.observed_bytes.is_some_and(|b| b > Bytes::ZERO)) {
        let (up, down) = (row.upload_bytes.unwrap(), row.download_bytes.unwrap());
        let part = |bytes: Bytes, of: u64| Bytes::new(bytes.get() / of);
        let both = (part(up, 3), part(down, 7));
        let own = [
            group(&row.nat_gateway_id, "10.20.2.44", both.0, both.1),
            group(&row.nat_gateway_id, "10.20.9.9", up.saturating_sub(both.0), down.saturating_sub(both.1)),
        ];
        let weights = own.each_ref().map(|g| g.upload_bytes + g.download_bytes);
        let attributed = row.data_usd.unwrap() - row.unobserved_usd.unwrap();
        for (group, usd) in own.into_iter().zip(attributed.apportion(&weights).unwrap()) {
            groups.push(GroupRow { usd: Some(usd), ..group });
        }
    }
    let mine = || groups.iter().filter(|g| g.by["client"].as_deref() == Some("10.20.2.44"));
    let client = report.clients.iter_mut().find(|c| c.client == "10.20.2.44").unwrap();
    client.upload_bytes = mine().map(|g| g.upload_bytes).sum();
    client.download_bytes = mine().map(|g| g.download_bytes).sum();
    client.usd = mine().map(|g| g.usd).sum();
    groups.into_iter().zip(1_000..).collect()
}

fn trail(report: &mut Report, source: Source) -> Trail {
    let known = |row: &NatGatewayRow| GatewayTrail {
        count: count(row),
        source,
        ledger: (source == Source::Bill).then(|| ledger(row)),
    };
    let gateways = report.nat_gateways.iter().map(|row| (row.nat_gateway_id.clone(), known(row))).collect();
    let clients = if source == Source::Bill { clients(report) } else { Vec::new() };
    decide(report, Trail { gateways, clients, ..nothing() })
}

fn nothing() -> Trail {
    Trail {
        gateways: BTreeMap::new(),
        traffic: Vec::new(),
        clients: Vec::new(),
        regions: BTreeMap::new(),
        endpoints: BTreeMap::new(),
        findings: Vec::new(),
        custom: Vec::new(),
        prices: PriceBook::built_in(),
        price_file: None,
        rollup: None,
        hours: 744,
    }
}

/// A sqs endpoint in two AZs of a VPC whose route leads to its gateway.
fn inventory() -> Inventory {
    let mut draft = InventoryDraft::default();
    let json = br#"{"Vpcs": [{"VpcId": "vpc-0f9e8d7c6b5a49382", "CidrBlock": "10.20.0.0/16"}],
        "Subnets": [
            {"SubnetId": "subnet-1", "VpcId": "vpc-0f9e8d7c6b5a49382", "CidrBlock": "10.20.1.0/24",
                "AvailabilityZoneId": "use1-az1", "AvailabilityZone": "us-east-1a"},
            {"SubnetId": "subnet-2", "VpcId": "vpc-0f9e8d7c6b5a49382", "CidrBlock": "10.20.2.0/24",
                "AvailabilityZoneId": "use1-az2", "AvailabilityZone": "us-east-1b"}],
        "NatGateways": [{"NatGatewayId": "nat-0d33333333333333d", "VpcId": "vpc-0f9e8d7c6b5a49382", "State": "available"}],
        "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-0f9e8d7c6b5a49382", "Associations": [{"SubnetId": "subnet-1"}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-0d33333333333333d", "State": "active"}]}],
        "VpcEndpoints": [{"VpcEndpointId": "vpce-0987654321fedcba0", "VpcEndpointType": "Interface", "State": "available",
            "ServiceName": "com.amazonaws.us-east-1.sqs", "VpcId": "vpc-0f9e8d7c6b5a49382",
            "SubnetIds": ["subnet-1", "subnet-2"]}]}"#;
    read_document("account.json", json, &mut draft).unwrap();
    draft.finish()
}

/// The decisions on the report's traffic, in place of those that were drawn by hand, and what they were made from.
fn decide(report: &mut Report, mut trail: Trail) -> Trail {
    let (azs, others, prices, inventory) = (BTreeMap::new(), BTreeMap::new(), PriceBook::built_in(), inventory());
    let seen = EndpointUse { bytes: Some(Bytes::new(3 << 30)), hours_usd: None, data_usd: None };
    let endpoints = BTreeMap::from([("vpce-0987654321fedcba0".to_owned(), seen)]);
    let account = Account {
        inventory: &inventory,
        prices: &prices,
        gateways: &report.nat_gateways,
        traffic: &report.traffic,
        relayed: &vec![BTreeMap::new(); report.traffic.len()],
        billed_until: &BTreeMap::new(),
        client_azs: &azs,
        endpoints: &endpoints,
        other_endpoint_bytes: &others,
        not_on_bill: &BTreeSet::new(),
        hours: 744,
        window: Window { start: 0, end: 744 * 3600 },
        private_answers: &BTreeSet::new(),
        hours_of: &BTreeMap::new(),
    };
    let row = |(at, row): (u64, _)| TrafficTrail { records: 17 * at + 1, way: account.way(row), left: true };
    trail.traffic = (0..).zip(&report.traffic).map(row).collect();
    let cases = account.cases();
    let nat = |(id, rate): (String, _)| (id, EndpointTrail { ledger: None, nat: Some(rate) });
    trail.endpoints = cases.nat_rates.into_iter().map(nat).collect();
    let mut decisions = gateway::decide(&cases.gateway, &inventory, &BTreeMap::new());
    for case in cases.regions {
        let weighing = interface::decide(&case);
        decisions.extend(weighing.rows.iter().map(|weighed| weighed.row.clone()));
        trail.regions.insert(case.region.clone(), RegionTrail { case, weighing });
    }
    sort(&mut decisions);
    report.decisions = decisions;
    trail
}

fn billed() -> (Report, Trail) {
    let mut report = sample::billed();
    let trail = trail(&mut report, Source::Bill);
    (report, trail)
}

fn page(explanation: &Explanation) -> Page<'_> {
    Page { numbers: Numbers::new(&explanation.currency, 0), currency: &explanation.currency, width: WIDTH }
}

/// Every equation that is printed is worked out anew; returns how many there are, and how many results have none.
fn recompute(explanation: &Explanation) -> (usize, usize) {
    let (mut worked, mut bare) = (0, 0);
    for step in &explanation.steps {
        match &step.working {
            Working::Worked { expression, rounding, result } => {
                let text = page(explanation).equation(expression, result);
                assert!(oracle::holds(&text, *rounding), "{}: {text} ({rounding:?})", step.label);
                worked += 1;
            }
            Working::Table { rule, rows, sums } => {
                worked += recompute_table(&page(explanation), rule.as_ref(), rows, sums);
                bare += usize::from(step.source == "the report");
            }
            Working::Given { .. } if step.source == "the report" => bare += 1,
            _ => {}
        }
    }
    (worked, bare)
}

/// Each printed row by the printed rule, and each printed sum of a column.
fn recompute_table(page: &Page<'_>, rule: Option<&Rule>, rows: &[Row], sums: &[Quantity]) -> usize {
    let lines = page.lines(rule, rows, sums);
    let mut worked = 0;
    let (head, lines) = lines.split_first().unwrap();
    assert!(head.label.is_empty());
    for (row, line) in rows.iter().zip(lines) {
        let Some(rule) = rule else { continue };
        let own = row.values.iter().position(|q| q.unit == rule.of).unwrap();
        let text = page.rule(rule).replace("its bytes", &line.cells[own]).replace(", by largest remainder", "");
        let equation = text.replace("each row: ", "") + " = " + &line.cells[row.values.len() - 1];
        assert!(oracle::holds(&equation, rule.rounding), "{}: {equation}", line.label);
        worked += 1;
    }
    let totals = lines.get(rows.len());
    for at in 0..totals.map_or(0, |_| sums.len()) {
        let column: Vec<&str> = lines[..rows.len()].iter().map(|line| line.cells[at].as_str()).collect();
        let equation = format!("{} = {}", column.join(" + "), totals.unwrap().cells[at]);
        assert!(oracle::holds(&equation, Rounding::Exact), "{equation}");
        worked += 1;
    }
    worked
}

fn check(name: &str, subject: &str) {
    let (report, trail) = billed();
    let explanation = explain(subject, &report, &trail).unwrap();
    recompute(&explanation);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/sinks/golden").join(name);
    let got =
        if name.ends_with("json") { render_json(&explanation) } else { render_text(&explanation, &Style::default()) };
    if std::env::var_os("NATLENS_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expect, "{name} differs; it is now:\n{got}");
}

#[test]
fn explanations_read_as_agreed() {
    check("explain_gateway.txt", NAT_A);
    check("explain_vpc.txt", "vpc-0f9e8d7c6b5a49382");
    check("explain_service.txt", "ecr.dkr");
    check("explain_client.txt", "10.20.2.44");
    check("explain_client.json", "10.20.2.44");
}

#[test]
fn every_subject_is_explained_by_equations_that_hold() {
    let (billed, bill) = billed();
    let mut full = sample::full();
    let list = trail(&mut full, Source::List);
    for (report, trail) in [(&billed, &bill), (&full, &list)] {
        let mut subjects: Vec<String> = report.nat_gateways.iter().map(|g| g.nat_gateway_id.clone()).collect();
        subjects.extend(report.traffic.iter().map(|t| t.service.clone()));
        subjects.extend(report.traffic.iter().filter_map(|t| t.vpc_id.clone()));
        subjects.extend(report.clients.iter().map(|c| c.client.clone()).filter(|c| !c.starts_with('(')));
        for subject in subjects {
            let explanation = explain(&subject, report, trail).unwrap();
            recompute(&explanation);
            assert!(explanation.steps.len() > 1, "{subject}");
            for width in [20, 80, 200] {
                let text = render_text(&explanation, &Style { width: Some(width), ..Style::default() });
                assert!(!text.contains('\u{1b}') && text.is_ascii(), "{text}");
            }
        }
    }
}

#[test]
fn hardly_a_number_of_the_bill_stands_without_its_arithmetic() {
    let (report, trail) = billed();
    let bare = |subject| recompute(&explain(subject, &report, &trail).unwrap());
    assert_eq!(bare(NAT_A).1, 0);
    assert_eq!(bare("ecr.dkr").1, 0);
    assert_eq!(bare("logs").1, 0);
    assert_eq!(bare("10.20.2.44").1, 0);
    assert_eq!(bare("sqs").1, 0);
    let text = render_text(&explain("sqs", &report, &trail).unwrap(), &Style::default());
    assert!(text.contains("remove sqs (interface) for vpc-0f9e8d7c6b5a49382"), "{text}");
}

#[test]
fn a_number_that_its_arithmetic_does_not_give_stands_alone() {
    let (mut report, trail) = billed();
    report.nat_gateways[0].coverage = Some(usd("0.5"));
    report.nat_gateways[0].unobserved_usd = Some(usd("1"));
    let (_, bare) = recompute(&explain(NAT_A, &report, &trail).unwrap());
    assert!(bare >= 2, "{bare}");
}

#[test]
fn bills_that_name_no_gateway_are_shared_by_bytes() {
    let mut report = sample::pooled();
    let ledger = ledger(&sample::billed().nat_gateways[0]);
    let weights: Vec<Bytes> = report.nat_gateways.iter().map(|g| g.observed_bytes.unwrap()).collect();
    // The logs hold more than the pool's lines.
    let shares = ledger.data_usd().unwrap().apportion(&weights).unwrap();
    for (gateway, share) in report.nat_gateways.iter_mut().zip(shares) {
        gateway.usd_per_gb = ledger.usd_per_gb();
        let own = |t: &&mut crate::report::TrafficRow| t.nat_gateway_id == gateway.nat_gateway_id;
        let weights: Vec<Bytes> =
            report.traffic.iter_mut().filter(own).map(|t| t.upload_bytes + t.download_bytes).collect();
        let parts = share.apportion(&weights).unwrap_or_default();
        for (row, part) in report.traffic.iter_mut().filter(own).zip(parts) {
            row.usd = Some(part);
        }
    }
    let mut trail = trail(&mut report, Source::Pool);
    trail.gateways.values_mut().for_each(|known| known.ledger = Some(ledger.clone()));
    let explanation = explain(NAT_A, &report, &trail).unwrap();
    assert_eq!(recompute(&explanation).1, 0);
    let text = render_text(&explanation, &Style::default());
    assert!(text.contains("observed by all") && text.contains("names no gateway"), "{text}");
}

#[test]
fn what_is_not_known_is_said() {
    let mut report = sample::bill_only();
    let mut way = trail(&mut report, Source::NotOnBill);
    let says = |report: &Report, trail: &Trail, what: &str| {
        let text = render_text(&explain(NAT_A, report, trail).unwrap(), &Style::default());
        assert!(text.contains(what), "{what}: {text}");
    };
    says(&report, &way, "which is not zero");
    says(&report, &way, "does not know this gateway");
    says(&report, &way, "No traffic is attributed to it");
    let mut ledger = ledger(&report.nat_gateways[0]);
    ledger.entries[4].cost = None;
    report.nat_gateways[0].data_usd = None;
    way.gateways.insert(NAT_A.to_owned(), GatewayTrail { count: None, source: Source::Bill, ledger: Some(ledger) });
    says(&report, &way, "Not known: a line of the bill does not say");
    let mut full = sample::full();
    let list = trail(&mut full, Source::List);
    let text = render_text(&explain("nat-0e44444444444444e", &full, &list).unwrap(), &Style::default());
    assert!(text.contains("no list price of a GB where it stands is known"), "{text}");
}

#[test]
fn strangers_get_a_hint() {
    let (report, trail) = billed();
    let near = |subject: &str| match explain(subject, &report, &trail) {
        Err(UnknownSubject { near, .. }) => near,
        Ok(found) => panic!("{subject} is {}", found.title),
    };
    assert_eq!(near("dynamo"), ["dynamodb"]);
    assert_eq!(near("prod-a")[0], NAT_A);
    assert_eq!(near("ecr.dkt"), ["ecr.dkr"]);
    assert_eq!(near("(other)"), Vec::<String>::new());
    assert_eq!(near("  "), Vec::<String>::new());
    assert_eq!(near("nat-0").len(), 5);
    let error = explain("dynamo", &report, &trail).unwrap_err().to_string();
    assert_eq!(error, "`dynamo` is no NAT gateway, VPC, service or client of this report");
}

#[test]
fn a_client_is_known_by_any_spelling_and_outside_the_top() {
    let (report, trail) = billed();
    let title = |subject: &str| explain(subject, &report, &trail).unwrap().title;
    assert_eq!(title("2600:1f18:1234:5600:0:0:0:1f"), "Client 2600:1f18:1234:5600::1f");
    assert!(!report.clients.iter().any(|c| c.client == "10.20.9.9"));
    let other = explain("10.20.9.9", &report, &trail).unwrap();
    assert!(render_text(&other, &Style::default()).contains("sums it up in (other)"));
}

#[test]
fn prices_name_their_source() {
    let (report, mut trail) = billed();
    let (prices, _) = trail.prices.with_overrides("p.csv", "us-east-1,nat_gateway_gb,0.039\n").unwrap();
    trail.prices = prices;
    trail.price_file = Some("mine/prices.csv".to_owned());
    let text = render_text(&explain(NAT_A, &report, &trail).unwrap(), &Style::default());
    assert!(text.contains("$0.039 per GB [nat_gateway_gb in us-east-1, mine/prices.csv]"), "{text}");
    assert!(text.contains("$0.045 per hour [nat_gateway_hour in us-east-1, list prices of "), "{text}");
}

#[test]
fn other_currencies_are_not_dollars() {
    let (mut report, trail) = billed();
    report.currency = "CNY".to_owned();
    let explanation = explain(NAT_A, &report, &trail).unwrap();
    recompute(&explanation);
    assert!(!render_text(&explanation, &Style::default()).contains('$'));
}

proptest::proptest! {
    #[test]
    fn equations_hold_for_any_bill(
        observed in proptest::collection::vec(0u64..1 << 52, 1..6),
        unseen in 0u64..1 << 52,
        cost in 0i128..10i128.pow(20),
    ) {
        let mut report = sample::billed();
        report.traffic.retain(|t| t.nat_gateway_id == NAT_A);
        report.traffic.truncate(observed.len());
        let bytes: Vec<Bytes> = observed.iter().take(report.traffic.len()).map(|&n| Bytes::new(n)).collect();
        let all: Bytes = bytes.iter().copied().sum();
        let parts = Usd::from_units(cost).apportion(&[all, Bytes::new(unseen)]);
        proptest::prop_assume!(parts.is_some() && all > Bytes::ZERO);
        let parts = parts.unwrap();
        for ((row, bytes), usd) in report.traffic.iter_mut().zip(&bytes).zip(parts[0].apportion(&bytes).unwrap()) {
            (row.upload_bytes, row.download_bytes, row.usd) = (*bytes, Bytes::ZERO, Some(usd));
        }
        let billed = all + Bytes::new(unseen);
        let row = &mut report.nat_gateways[0];
        (row.upload_bytes, row.download_bytes, row.observed_bytes) = (Some(all), Some(Bytes::ZERO), Some(all));
        (row.mirror_bytes, row.unsolicited_bytes, row.coverage) = (None, None, None);
        (row.billed_bytes, row.data_usd, row.unobserved_usd) = (Some(billed), Some(Usd::from_units(cost)), Some(parts[1]));
        row.usd_per_gb = Usd::from_units(cost).per_gb_of(billed);
        let known = GatewayTrail { count: None, source: Source::Bill, ledger: Some(ledger(row)) };
        let gateways = [(NAT_A.to_owned(), known)].into();
        let trail = Trail { gateways, ..nothing() };
        let (worked, bare) = recompute(&explain(NAT_A, &report, &trail).unwrap());
        proptest::prop_assert!(worked > 8 && bare == 0, "{worked} worked, {bare} bare");
    }
}
