//! What to do about it: cases out of the report's rows, decisions, findings and their sums.

use super::money::{self, Money};
use crate::advise::case::{Account, Cases};
use crate::advise::{gateway, interface, sort};
use crate::diag::{Code, Warnings};
use crate::model::bytes::Bytes;
use crate::model::inventory::{EndpointKind, Inventory};
use crate::model::usd::Usd;
use crate::price::PriceBook;
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
    /// AZ ids of all clients of each gateway.
    pub client_azs: &'a BTreeMap<String, BTreeSet<String>>,
    /// What `CloudWatch` says of interface endpoints, by id.
    pub endpoint_bytes: &'a BTreeMap<String, Bytes>,
    /// Whole hours of the period.
    pub hours: u64,
}

/// All decisions, largest net saving first.
pub fn decisions(basis: &Basis<'_>, money: &Money, warnings: &mut Warnings) -> Vec<DecisionRow> {
    let known =
        |id: &str| basis.inventory.endpoint(id).is_some_and(|e| e.kind == EndpointKind::Interface && e.is_live());
    let (mut endpoints, others) = money::endpoints(money.ledgers.as_ref(), known);
    for (id, bytes) in basis.endpoint_bytes {
        let seen = endpoints.entry(id.clone()).or_default();
        seen.bytes = seen.bytes.or(Some(*bytes));
    }
    let account = Account {
        inventory: basis.inventory,
        prices: basis.prices,
        gateways: basis.gateways,
        traffic: basis.traffic,
        client_azs: basis.client_azs,
        endpoints: &endpoints,
        other_endpoint_bytes: &others,
        hours: basis.hours,
    };
    let cases = account.cases();
    warn_of_cases(&cases, warnings);
    let mut rows = gateway::decide(&cases.gateway, basis.inventory);
    rows.extend(cases.regions.iter().flat_map(interface::decide));
    sort(&mut rows);
    rows
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
        upper_bound_usd: totals.upper_bound,
    }
}
