//! What to do about it: cases out of the report's rows, decisions, findings and their sums.

use super::hours::{self, Hours};
use super::money::{self, Money};
use crate::advise::case::{Account, Cases, Way};
use crate::advise::findings::{self, Doubts, FindingParts, GatewayFacts, LeftTraffic};
use crate::advise::weighing::Weighing;
use crate::advise::{gateway, interface, removals, sort};
use crate::diag::{Code, Warnings};
use crate::model::bytes::Bytes;
use crate::model::inventory::{Availability, Connectivity, Described, EndpointKind, Inventory, NatGateway};
use crate::model::metrics::Metrics;
use crate::model::period::{DAY_SECONDS, Window, iso_day};
use crate::model::usd::Usd;
use crate::price::{Item, PriceBook, place_of};
use crate::reconcile::ledger::{Ledger, Ledgers};
use crate::report::{DecisionRow, FindingRow, NatGatewayRow, Summary, TrafficRow};
use std::collections::{BTreeMap, BTreeSet};

/// What decisions rest on.
#[derive(Debug)]
pub struct Basis<'a> {
    /// What exists.
    pub inventory: &'a Inventory,
    /// List prices in the report's currency.
    pub prices: &'a PriceBook,
    /// NAT gateways.
    pub gateways: &'a [NatGatewayRow],
    /// Attributed traffic.
    pub traffic: &'a [TrafficRow],
    /// Of each row of it what other gateways passed on, by their ids.
    pub relayed: Vec<BTreeMap<String, Bytes>>,
    /// Gateways of which AWS dropped records.
    pub dropped: BTreeSet<&'a str>,
    /// The first and the last day with bytes, days since 1970, by gateway.
    pub days: BTreeMap<&'a str, (u32, u32)>,
    /// AZ ids of all clients of each gateway.
    pub client_azs: &'a BTreeMap<String, BTreeSet<String>>,
    /// What `CloudWatch` says.
    pub metrics: &'a Metrics,
    /// VPCs and services whose names lead to an endpoint already.
    pub private_answers: BTreeSet<(String, String)>,
    /// The first and the last hour in which anything crossed, where an endpoint may be younger.
    pub hours_of: gateway::HoursOf,
    /// The time that new endpoints are weighed over.
    pub weighed: Window,
    /// The whole period.
    pub window: Window,
}

impl Basis<'_> {
    /// Whole hours that new endpoints are weighed over.
    fn hours(&self) -> u64 {
        u64::try_from(self.weighed.hours()).unwrap_or(0)
    }
}

/// What to do, decided.
#[derive(Debug)]
pub struct Decided {
    /// Decisions, largest net saving first.
    pub decisions: Vec<DecisionRow>,
    /// Findings on gateways, largest first.
    pub findings: Vec<FindingRow>,
    /// What both were made from.
    pub workings: Workings,
}

/// What decisions and findings were made from.
#[derive(Debug)]
pub struct Workings {
    /// Traffic and endpoints by what was to be decided about them.
    pub cases: Cases,
    /// In the order of the cases' Regions.
    pub regions: Vec<Weighing>,
    /// The way of each row of traffic, and whether no decision takes it off the gateway.
    pub ways: Vec<(Way, bool)>,
    /// In the order of the findings.
    pub finding_parts: Vec<FindingParts>,
    /// Hours of each gateway, by id.
    pub hours: BTreeMap<String, Hours>,
}

/// Decisions on endpoints, and what they leave to be found about the gateways.
pub fn decide(basis: &Basis<'_>, money: &Money, warnings: &mut Warnings) -> Decided {
    let known =
        |id: &str| basis.inventory.endpoint(id).is_some_and(|e| e.kind == EndpointKind::Interface && e.is_live());
    let (mut endpoints, others) = money::endpoints(&money.endpoints, known);
    for id in basis.metrics.endpoints.keys() {
        let seen = endpoints.entry(id.clone()).or_default();
        seen.bytes = seen.bytes.or_else(|| basis.metrics.of_endpoint(id));
    }
    let not_on_bill = money::endpoints_not_on_bill(money, basis.inventory);
    let account = Account {
        inventory: basis.inventory,
        prices: basis.prices,
        gateways: basis.gateways,
        traffic: basis.traffic,
        relayed: &basis.relayed,
        billed_until: &money.billed_until,
        client_azs: basis.client_azs,
        endpoints: &endpoints,
        other_endpoint_bytes: &others,
        not_on_bill: &not_on_bill,
        private_answers: &basis.private_answers,
        hours_of: &basis.hours_of,
        hours: basis.hours(),
        window: basis.window,
    };
    let mut cases = account.cases();
    warn_of_cases(&cases, warnings);
    let (mut decisions, mut regions) = decided(&cases, basis);
    let hours = hours::of_gateways(basis.gateways, basis.inventory, money, (basis.weighed, basis.window));
    let mut facts = gateway_facts(basis, money, &hours);
    let mut ways = ways_of(&account, &decisions);
    let find = |facts: &[GatewayFacts], ways: &[(Way, bool)]| -> (Vec<FindingRow>, Vec<FindingParts>) {
        findings::find(facts, &left_traffic(basis.traffic, ways)).into_iter().unzip()
    };
    let (mut findings, mut finding_parts) = find(&facts, &ways);
    // A gateway cannot go and take over what an endpoint has carried: the dearer of the two goes.
    let conflicts = removals::conflicts(&decisions, &findings, basis.inventory);
    if !conflicts.is_empty() {
        removals::keep_endpoints(&mut cases.regions, &conflicts);
        (decisions, regions) = decided(&cases, basis);
        removals::keep_gateways(&mut facts, &conflicts, basis.inventory);
        ways = ways_of(&account, &decisions);
        (findings, finding_parts) = find(&facts, &ways);
    }
    tell_of_short_logs(&mut decisions, basis);
    warn_of_lacking(&decisions, basis.inventory, warnings);
    Decided { decisions, findings, workings: Workings { cases, regions, ways, finding_parts, hours } }
}

/// Hours are those of the period in which anything was logged. Where a gateway's own logs are of a part of it, and the bill has more, traffic
/// that is not above its break-even may be above it all the same: then the reason says so.
fn tell_of_short_logs(decisions: &mut [DecisionRow], basis: &Basis<'_>) {
    let day = |second: i64| second.div_euclid(DAY_SECONDS);
    let weighed = (day(basis.weighed.start), day(basis.weighed.end - 1));
    let is_short = |gateway: &&NatGatewayRow| {
        let explained = [gateway.observed_bytes, gateway.unsolicited_bytes].into_iter().flatten().sum();
        let gap = gateway.billed_bytes.is_some_and(|billed| findings::is_gap(billed, explained));
        let days = basis.days.get(gateway.nat_gateway_id.as_str());
        gap && days.is_some_and(|(first, last)| i64::from(*first) > weighed.0 || i64::from(*last) < weighed.1)
    };
    let short: BTreeSet<&str> =
        basis.gateways.iter().filter(is_short).map(|gateway| gateway.nat_gateway_id.as_str()).collect();
    for row in decisions.iter_mut().filter(|row| row.action == "keep-nat" && row.endpoint_type == "interface") {
        let is_its = |traffic: &&TrafficRow| {
            traffic.vpc_id.as_ref() == Some(&row.vpc_id)
                && traffic.service == row.service
                && short.contains(traffic.nat_gateway_id.as_str())
        };
        if let Some(id) = basis.traffic.iter().find(is_its).map(|traffic| traffic.nat_gateway_id.as_str())
            && let Some((first, last)) = basis.days.get(id)
        {
            let [first, last] = [first, last].map(|day| iso_day(i64::from(*day) * DAY_SECONDS));
            let time = format!("whose bytes are of {first} to {last}: ask for that time by --from and --to");
            row.reason.extend(["; but the bill has more than the logs of ", id, ", ", &time]);
        }
    }
}

fn decided(cases: &Cases, basis: &Basis<'_>) -> (Vec<DecisionRow>, Vec<Weighing>) {
    let mut decisions = gateway::decide(&cases.gateway, basis.inventory, &basis.hours_of);
    let regions: Vec<Weighing> = cases.regions.iter().map(interface::decide).collect();
    decisions.extend(regions.iter().flat_map(|region| &region.rows).map(|weighed| weighed.row.clone()));
    sort(&mut decisions);
    (decisions, regions)
}

/// What is known of each gateway beside its bytes. One that an inventory of gateways does not hold is gone.
fn gateway_facts(basis: &Basis<'_>, money: &Money, hours: &BTreeMap<String, Hours>) -> Vec<GatewayFacts> {
    let described = basis.inventory.nat_gateways().next().is_some();
    let gaps = shared_gaps(basis.gateways, money.ledgers.as_ref());
    let anywhere = money.ledgers.as_ref().is_some_and(|ledgers| ledgers.unread_anywhere > 0);
    let doubts = |ledger: &Ledger| ledger.unread > 0 || ledger.has_transfer() || ledger.bytes().is_none();
    let doubted = |ledger: Option<&Ledger>| anywhere || ledger.is_some_and(doubts);
    let facts = |row: &NatGatewayRow| {
        let nat = basis.inventory.nat_gateway(&row.nat_gateway_id);
        let ledger = money.ledgers.as_ref().and_then(|ledgers| ledgers.gateways.get(&row.nat_gateway_id));
        let price = |item, hours| basis.prices.price(row.region.as_deref(), item).ok().map(|usd| usd.many(hours));
        let new = basis.hours();
        let (new_hours, address) = (price(Item::NatGatewayHour, new), price(Item::PublicIpv4InUseHour, new));
        let counted = hours.get(&row.nat_gateway_id).copied().unwrap_or(Hours { own: new, addresses: new });
        let at_list = || {
            let place = place_of(row.region.as_deref(), row.az_id.as_deref());
            basis.prices.price(place.as_deref(), Item::NatGatewayHour).ok()
        };
        let own_hours = match (&money.ledgers, hours::pool(row, money)) {
            (None, _) => at_list().map(|usd| usd.many(counted.own)),
            // Of a bill that names no gateway what an hour cost is known, if not whose it was.
            (Some(_), Some(pool)) => match pool.usd_per_hour() {
                Some(usd) => Some(usd.many(counted.own)),
                None => pool.hours_usd().filter(|usd| *usd == Usd::ZERO),
            },
            // A bill that does not know a gateway does not say that it cost anything: list prices beside it would be neither.
            (Some(_), None) => None,
        };
        let addresses = price(Item::PublicIpv4InUseHour, counted.addresses);
        let connectivity = nat.map_or(Connectivity::Public, |nat| nat.connectivity);
        let one_more = match connectivity {
            Connectivity::Public => new_hours.zip(address).map(|(hours, address)| hours + address),
            Connectivity::Private => new_hours,
        };
        GatewayFacts {
            id: row.nat_gateway_id.clone(),
            name: row.name.clone(),
            vpc: row.vpc_id.clone(),
            az: row.az_id.clone(),
            availability: nat.map_or(Availability::Zonal, |nat| nat.availability),
            connectivity,
            gone: nat.map_or(described, NatGateway::is_gone),
            attributed: row.observed_bytes,
            billed: row.billed_bytes,
            metered: row.metered_bytes,
            doubts: Doubts {
                dropped: basis.dropped.contains(row.nat_gateway_id.as_str()),
                on_bill: row.billed_bytes.is_none_or(|bytes| bytes == Bytes::ZERO) && doubted(ledger),
            },
            billed_until: money.billed_until.get(&row.nat_gateway_id).copied(),
            shared_gap: gaps.contains(row.nat_gateway_id.as_str()),
            takes_over: false,
            unsolicited: row.unsolicited_bytes.unwrap_or_default(),
            hours_usd: money::hours_usd(ledger, own_hours),
            public_ipv4_usd: addresses.map(|usd| usd.many(nat.map_or(0, |nat| nat.public_addrs.len() as u64))),
            new_gateway_hours_usd: one_more,
            tables: basis.inventory.tables_leading_to(&row.nat_gateway_id),
        }
    };
    basis.gateways.iter().map(facts).collect()
}

/// The gateways of every account and Region where a bill that names none holds more bytes than their logs explain.
fn shared_gaps<'a>(gateways: &'a [NatGatewayRow], ledgers: Option<&Ledgers>) -> BTreeSet<&'a str> {
    let mut members: BTreeMap<*const Ledger, (Option<Bytes>, Vec<&NatGatewayRow>)> = BTreeMap::new();
    for row in gateways.iter().filter(|row| row.data_usd.is_none() && row.billed_bytes.is_none()) {
        let pool = ledgers.and_then(|ledgers| ledgers.pool_of(row.account_id.as_deref(), row.region.as_deref()));
        if let Some(pool) = pool {
            members.entry(std::ptr::from_ref(pool)).or_insert_with(|| (pool.bytes(), Vec::new())).1.push(row);
        }
    }
    let explained =
        |row: &&NatGatewayRow| [row.observed_bytes, row.unsolicited_bytes].into_iter().flatten().sum::<Bytes>();
    let open = members.into_values().filter(|(billed, rows)| {
        billed.is_none_or(|billed| findings::is_gap(billed, rows.iter().map(explained).sum()))
    });
    open.flat_map(|(_, rows)| rows).map(|row| row.nat_gateway_id.as_str()).collect()
}

/// The way of each row, and whether no recommended decision takes it.
fn ways_of(account: &Account<'_>, decisions: &[DecisionRow]) -> Vec<(Way, bool)> {
    let taken: BTreeSet<(&str, &str, &str)> = decisions
        .iter()
        .filter(|decision| matches!(decision.action, "create" | "fix" | "share"))
        .map(|decision| (decision.vpc_id.as_str(), decision.service.as_str(), decision.endpoint_type))
        .collect();
    let is_taken = |row: &TrafficRow| {
        let of_vpc = |vpc: &str| taken.contains(&(vpc, row.service.as_str(), row.endpoint));
        row.vpc_id.as_deref().is_some_and(of_vpc) && !account.is_out_of_reach(row)
    };
    account.traffic.iter().map(|row| (account.way(row), !is_taken(row))).collect()
}

fn left_traffic(traffic: &[TrafficRow], ways: &[(Way, bool)]) -> Vec<LeftTraffic> {
    let rows = traffic.iter().zip(ways).filter(|(_, (_, left))| *left);
    rows.map(|(row, (way, _))| LeftTraffic {
        nat_gateway_id: row.nat_gateway_id.clone(),
        vpc: row.vpc_id.clone(),
        az: row.az_id.clone(),
        bytes: row.upload_bytes + row.download_bytes,
        cross_az_usd: way.cross_az.clone().ok(),
    })
    .collect()
}

fn warn_of_cases(cases: &Cases, warnings: &mut Warnings) {
    for (gateway, service, bytes) in &cases.undecided {
        warnings.add(Code::UndecidedTraffic, format!("{gateway}: {service} of {bytes} bytes"));
    }
    for missing in &cases.missing {
        warnings.add(Code::MissingPrice, missing.to_string());
    }
    for endpoint in &cases.unmeasured {
        warnings.add(Code::UnmeasuredEndpoint, endpoint.clone());
    }
    for endpoint in &cases.unpaid {
        warnings.add(Code::EndpointNotOnBill, endpoint.clone());
    }
}

/// Says which parts of the inventory were not given, where a recommendation rests on them. Where there is none at all, that is told.
fn warn_of_lacking(decisions: &[DecisionRow], inventory: &Inventory, warnings: &mut Warnings) {
    if warnings.count(Code::NoInventory) > 0 {
        return;
    }
    let acting = || decisions.iter().filter(|decision| matches!(decision.action, "create" | "fix" | "share"));
    let makes = acting().any(|decision| decision.action != "fix" && decision.endpoint_id.is_none());
    let associates = acting().any(|decision| decision.endpoint_type == "gateway");
    let needs = [
        (Described::Endpoints, makes, "no describe-vpc-endpoints: what is to be created may be there already"),
        (
            Described::RouteTables,
            associates,
            "no describe-route-tables: which of them a gateway endpoint has to be associated with is not known",
        ),
        (
            Described::Subnets,
            acting().next().is_some(),
            "no describe-subnets: where AZs are not known, hours are of one AZ and nothing crosses",
        ),
    ];
    for (kind, is_needed, what) in needs {
        if is_needed && inventory.lacks(kind) {
            warnings.add(Code::MissingInventory, what);
        }
    }
}

/// The sums of the first screen.
#[must_use]
pub fn summary(
    money: &Money,
    gateways: &[NatGatewayRow],
    decisions: &[DecisionRow],
    findings: &[FindingRow],
) -> Summary {
    let observed: Vec<Bytes> = gateways.iter().filter_map(|row| row.observed_bytes).collect();
    let acted = || decisions.iter().filter(|d| d.action != "keep-nat" && d.net_usd.is_some());
    let sum = |pick: fn(&DecisionRow) -> Option<Usd>| acted().filter_map(pick).sum::<Usd>();
    let avoidable_usd = sum(|d| d.avoided_usd);
    let endpoint_usd = sum(|d| d.endpoint_hours_usd) + sum(|d| d.endpoint_data_usd);
    let totals = &money.totals;
    Summary {
        nat_gateways: gateways.len() as u64,
        observed_bytes: (!observed.is_empty()).then(|| observed.into_iter().sum()),
        billed_bytes: totals.billed_bytes,
        coverage: totals.coverage,
        data_usd: totals.data_usd,
        hours_usd: totals.hours_usd,
        attributed_usd: totals.attributed,
        unobserved_usd: totals.unobserved,
        avoidable_usd,
        endpoint_usd,
        net_saving_usd: avoidable_usd - endpoint_usd,
        gateway_saving_usd: findings.iter().filter_map(|finding| finding.usd).sum(),
        // Of a bill that ends early the bound would be of a part of the time.
        upper_bound_usd: totals.upper_bound.filter(|_| money.billed_until.is_empty()),
    }
}
