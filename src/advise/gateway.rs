//! Gateway endpoints for S3 and DynamoDB: free, so any same-Region traffic pays (AWS PrivateLink guide, gateway endpoints).
//!
//! The decision belongs to the client's VPC: a gateway endpoint cannot be reached over a transit gateway or peering, so behind a
//! hub it stands in every spoke.

use super::input::ServiceTraffic;
use super::words::{list, traffic_of};
use crate::model::bytes::Bytes;
use crate::model::inventory::{Described, Inventory};
use crate::model::period::{HOUR_SECONDS, iso};
use crate::model::usd::Usd;
use crate::name::endpoints::offer::offer;
use crate::report::DecisionRow;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Sum<'a> {
    azs: BTreeSet<String>,
    gateways: BTreeSet<&'a str>,
    bytes: Bytes,
    /// What the NAT gateway and the way to it charge; `None` where a part is not known.
    avoided: Option<Usd>,
}

/// The first and the last hour since 1970 in which anything crossed, by VPC, service and the service's Region.
pub type HoursOf = BTreeMap<(String, String, String), (i64, i64)>;

/// One decision per VPC and service. `hours_of` tells what an endpoint is younger than; what it does not hold is taken for traffic that
/// still crosses.
#[must_use]
pub fn decide(traffic: &[ServiceTraffic], inventory: &Inventory, hours_of: &HoursOf) -> Vec<DecisionRow> {
    let mut sums: BTreeMap<(&str, &str, &str), Sum<'_>> = BTreeMap::new();
    for t in traffic.iter().filter(|t| t.bytes + t.relayed > Bytes::ZERO) {
        let fresh = || Sum { avoided: Some(Usd::ZERO), ..Sum::default() };
        let sum = sums.entry((&t.vpc, &t.service, &t.region)).or_insert_with(fresh);
        sum.azs.extend(t.azs.iter().cloned());
        sum.gateways.insert(&t.nat_gateway_id);
        sum.bytes += t.bytes;
        sum.avoided = sum.avoided.zip(t.avoided()).map(|(sum, more)| sum + more);
    }
    let rows = sums.into_iter().map(|((vpc, service, region), sum)| {
        let hours = hours_of.get(&(vpc.to_owned(), service.to_owned(), region.to_owned()));
        row(vpc, service, region, sum, inventory, hours.copied())
    });
    rows.collect()
}

fn row(
    vpc: &str,
    service: &str,
    region: &str,
    sum: Sum<'_>,
    inventory: &Inventory,
    hours: Option<(i64, i64)>,
) -> DecisionRow {
    let state = inventory.gateway_endpoint_state(vpc, service);
    let missing: Vec<&str> =
        state.unassociated_nat.iter().chain(&state.unassociated_transit).map(String::as_str).collect();
    let through = list(&sum.gateways.into_iter().collect::<Vec<_>>());
    let traffic = traffic_of(service, inventory.vpc(vpc).and_then(|vpc| vpc.name.as_deref()));
    let saves = |least: Usd| sum.avoided.is_none_or(|usd| usd >= least);
    let (action, reason) = match (&state.endpoint, age(state.since, hours)) {
        (None, _) if !saves(Usd::from_units(1)) => ("keep-nat", free_reason(&traffic, &through)),
        (Some(_), Age::Older | Age::Between(_)) if !saves(Usd::ZERO) => ("keep-nat", free_reason(&traffic, &through)),
        (None, _) => {
            let described = !inventory.lacks(Described::Endpoints);
            ("create", create_reason(&traffic, &missing, &through, described))
        }
        (Some(endpoint), Age::Younger(since)) => ("keep-nat", young_reason(endpoint, since, &traffic, &through)),
        (Some(endpoint), Age::Between(since)) => {
            let reason = fix_reason(endpoint, &traffic, &missing, &through, state.tables_known);
            ("fix", format!("{reason}; it was created at {}, and what crossed before is in the figures", iso(since)))
        }
        (Some(endpoint), Age::Older) => ("fix", fix_reason(endpoint, &traffic, &missing, &through, state.tables_known)),
    };
    DecisionRow {
        action,
        endpoint_type: "gateway",
        service: service.to_owned(),
        endpoint_service_name: offer(service, region, inventory)
            .map_or_else(|_| format!("com.amazonaws.{region}.{service}"), |offer| offer.service_name),
        endpoint_id: state.endpoint,
        endpoint_vpc_id: None,
        region: region.to_owned(),
        vpc_id: vpc.to_owned(),
        az_ids: sum.azs.into_iter().collect(),
        bytes: sum.bytes,
        avoided_usd: sum.avoided,
        endpoint_hours_usd: Some(Usd::ZERO),
        endpoint_data_usd: Some(Usd::ZERO),
        net_usd: sum.avoided,
        // However many GB cross, they save nothing where nothing is charged.
        break_even_gb: sum.avoided.is_none_or(|usd| usd > Usd::ZERO).then_some(Usd::ZERO),
        reason,
    }
}

/// When an endpoint was created, compared with the traffic that it should carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Before it, or nobody knows.
    Older,
    /// While it crossed.
    Between(i64),
    /// After it, or in its last hour, which may have been before.
    Younger(i64),
}

pub(super) fn age(since: Option<i64>, hours: Option<(i64, i64)>) -> Age {
    match since.zip(hours) {
        Some((since, (_, last))) if last <= since.div_euclid(HOUR_SECONDS) => Age::Younger(since),
        Some((since, (first, _))) if first <= since.div_euclid(HOUR_SECONDS) => Age::Between(since),
        _ => Age::Older,
    }
}

fn young_reason(endpoint: &str, since: i64, traffic: &str, through: &str) -> String {
    format!(
        "{endpoint} was created at {}, and no record shows {traffic} cross {through} after that hour: nothing is left to do, and the figures \
         are of the time before",
        iso(since)
    )
}

fn free_reason(traffic: &str, through: &str) -> String {
    format!(
        "{traffic} crosses {through}, whose charge for it is not above zero in the period: a gateway endpoint would save nothing"
    )
}

fn create_reason(traffic: &str, missing: &[&str], through: &str, described: bool) -> String {
    let tables = match missing {
        [] => "the route tables of its private subnets".to_owned(),
        [one] => format!("route table {one}"),
        many => format!("route tables {}", list(many)),
    };
    if !described {
        return format!(
            "{traffic} crosses {through}, and whether there is a gateway endpoint for it is not known, as no VPC endpoint is described: \
             unless there is one, create it and associate {tables}"
        );
    }
    format!(
        "{traffic} crosses {through} and the inventory holds no gateway endpoint for it: create one and associate {tables}"
    )
}

fn fix_reason(endpoint: &str, traffic: &str, missing: &[&str], through: &str, tables_known: bool) -> String {
    match missing {
        [] if !tables_known => format!(
            "{endpoint} exists, yet {traffic} crosses {through}: no route table of the VPC is described, so look which of them does \
             not use it, and associate that"
        ),
        [] => format!(
            "{endpoint} is associated with every route table known, yet {traffic} crosses {through}: look for a route table \
             or subnet that the inventory does not hold, or an endpoint younger than the traffic"
        ),
        [one] => {
            format!("{endpoint} exists, but {one} does not use it, so {traffic} crosses {through}: associate {one}")
        }
        many => format!(
            "{endpoint} exists, but {} do not use it, so {traffic} crosses {through}: associate them",
            list(many)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inventory::{EndpointKind, InventoryParts, VpcEndpoint};

    fn check(situation: &str, exists: bool, avoided: Option<i128>, expect: &str) {
        let endpoint = VpcEndpoint {
            id: "vpce-1".into(),
            kind: EndpointKind::Gateway,
            service_name: Some("com.amazonaws.us-east-1.s3".into()),
            vpc: Some("vpc-1".into()),
            state: None,
            route_tables: Vec::new(),
            subnets: Vec::new(),
            interfaces: Vec::new(),
            private_dns: None,
            dns_for_inbound_only: false,
            region: Some("us-east-1".into()),
            owner: None,
            created: None,
            managed: false,
        };
        let endpoints = exists.then_some(endpoint).into_iter().collect();
        let traffic = ServiceTraffic {
            vpc: "vpc-1".into(),
            region: "us-east-1".into(),
            service: "s3".into(),
            nat_gateway_id: "nat-1".into(),
            bytes: Bytes::new(1 << 30),
            nat_usd: avoided.map(Usd::from_units),
            cross_az_usd: Some(Usd::ZERO),
            transit_usd: Some(Usd::ZERO),
            ..ServiceTraffic::default()
        };
        let inventory = Inventory::new(InventoryParts { endpoints, ..InventoryParts::default() });
        let rows = decide(&[traffic], &inventory, &HoursOf::new());
        let found: Vec<_> = rows.iter().map(|r| (r.action, r.net_usd.map(Usd::units), r.break_even_gb)).collect();
        let pays = (avoided.is_none() || avoided > Some(0)).then_some(Usd::ZERO);
        assert_eq!(found, [(expect, avoided, pays)], "{situation}");
    }

    #[test]
    fn an_endpoint_that_saves_nothing_is_not_made() {
        check("it saves", false, Some(1), "create");
        check("the gateway's data was waived", false, Some(0), "keep-nat");
        check("discounts are more than it cost", false, Some(-1), "keep-nat");
        check("nobody knows what it saves", false, None, "create");
        check("one that exists is free to use", true, Some(0), "fix");
        check("even so it is not used at a loss", true, Some(-1), "keep-nat");
    }
}
