//! Gateway endpoints for S3 and DynamoDB: free, so any same-Region traffic pays (AWS PrivateLink guide, gateway endpoints).
//!
//! The decision belongs to the client's VPC: a gateway endpoint cannot be reached over a transit gateway or peering, so behind a
//! hub it stands in every spoke.

use super::input::ServiceTraffic;
use super::words::{list, traffic_of};
use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
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

/// One decision per VPC and service.
#[must_use]
pub fn decide(traffic: &[ServiceTraffic], inventory: &Inventory) -> Vec<DecisionRow> {
    let mut sums: BTreeMap<(&str, &str, &str), Sum<'_>> = BTreeMap::new();
    for t in traffic.iter().filter(|t| t.bytes > Bytes::ZERO) {
        let fresh = || Sum { avoided: Some(Usd::ZERO), ..Sum::default() };
        let sum = sums.entry((&t.vpc, &t.service, &t.region)).or_insert_with(fresh);
        sum.azs.extend(t.azs.iter().cloned());
        sum.gateways.insert(&t.nat_gateway_id);
        sum.bytes += t.bytes;
        sum.avoided = sum.avoided.zip(t.avoided()).map(|(sum, more)| sum + more);
    }
    sums.into_iter().map(|((vpc, service, region), sum)| row(vpc, service, region, sum, inventory)).collect()
}

fn row(vpc: &str, service: &str, region: &str, sum: Sum<'_>, inventory: &Inventory) -> DecisionRow {
    let state = inventory.gateway_endpoint_state(vpc, service);
    let missing: Vec<&str> =
        state.unassociated_nat.iter().chain(&state.unassociated_transit).map(String::as_str).collect();
    let through = list(&sum.gateways.into_iter().collect::<Vec<_>>());
    let traffic = traffic_of(service, inventory.vpc(vpc).and_then(|vpc| vpc.name.as_deref()));
    let (action, reason) = match &state.endpoint {
        None => ("create", create_reason(&traffic, &missing, &through)),
        Some(endpoint) => ("fix", fix_reason(endpoint, &traffic, &missing, &through)),
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
        break_even_gb: Some(Usd::ZERO),
        reason,
    }
}

fn create_reason(traffic: &str, missing: &[&str], through: &str) -> String {
    let tables = match missing {
        [] => "the route tables of its private subnets".to_owned(),
        [one] => format!("route table {one}"),
        many => format!("route tables {}", list(many)),
    };
    format!(
        "{traffic} crosses {through} and the inventory holds no gateway endpoint for it: create one and associate {tables}"
    )
}

fn fix_reason(endpoint: &str, traffic: &str, missing: &[&str], through: &str) -> String {
    match missing {
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
