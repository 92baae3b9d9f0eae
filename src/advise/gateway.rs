//! Gateway endpoints for S3 and DynamoDB: free, so any same-Region traffic pays (AWS PrivateLink guide, gateway endpoints).
//!
//! The decision belongs to the client's VPC: a gateway endpoint cannot be reached over a transit gateway or peering, so behind a
//! hub it stands in every spoke.

use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
use crate::model::usd::Usd;
use crate::report::DecisionRow;
use std::collections::{BTreeMap, BTreeSet};

/// Traffic of one client VPC that a gateway endpoint in the same Region could carry.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// VPC of the clients.
    pub vpc: String,
    /// AZ id of the clients, where known.
    pub az: Option<String>,
    /// `s3` or `dynamodb`.
    pub service: String,
    /// Region of the VPC and of the service.
    pub region: String,
    /// Gateway that the traffic crosses.
    pub nat_gateway_id: String,
    /// Both directions.
    pub bytes: Bytes,
    /// What the NAT gateway charges for them; `None` where that has no price.
    pub usd: Option<Usd>,
}

#[derive(Default)]
struct Sum {
    azs: BTreeSet<String>,
    gateways: BTreeSet<String>,
    bytes: Bytes,
    usd: Option<Usd>,
    unpriced: bool,
}

/// One decision per VPC and service, largest saving first.
#[must_use]
pub fn decide(candidates: &[Candidate], inventory: &Inventory) -> Vec<DecisionRow> {
    let mut sums: BTreeMap<(&str, &str, &str), Sum> = BTreeMap::new();
    for c in candidates.iter().filter(|c| c.bytes > Bytes::ZERO) {
        let sum = sums.entry((&c.vpc, &c.service, &c.region)).or_default();
        sum.azs.extend(c.az.clone());
        sum.gateways.insert(c.nat_gateway_id.clone());
        sum.bytes += c.bytes;
        sum.unpriced |= c.usd.is_none();
        sum.usd = Some(sum.usd.unwrap_or_default() + c.usd.unwrap_or_default());
    }
    let mut rows: Vec<DecisionRow> =
        sums.into_iter().map(|((vpc, service, region), sum)| row(vpc, service, region, sum, inventory)).collect();
    rows.sort_by(|a, b| {
        let key = |r: &DecisionRow| (r.net_usd.is_none(), std::cmp::Reverse(r.net_usd), std::cmp::Reverse(r.bytes));
        key(a).cmp(&key(b)).then_with(|| (&a.vpc_id, &a.service).cmp(&(&b.vpc_id, &b.service)))
    });
    rows
}

fn row(vpc: &str, service: &str, region: &str, sum: Sum, inventory: &Inventory) -> DecisionRow {
    let state = inventory.gateway_endpoint_state(vpc, service);
    let missing: Vec<&str> =
        state.unassociated_nat.iter().chain(&state.unassociated_transit).map(String::as_str).collect();
    let through = list(&sum.gateways.iter().map(String::as_str).collect::<Vec<_>>());
    let name = inventory.vpc(vpc).and_then(|vpc| vpc.name.as_deref());
    let traffic = format!("{} traffic{}", display(service), name.map(|name| format!(" of {name}")).unwrap_or_default());
    let (action, reason) = match &state.endpoint {
        None => ("create", create_reason(&traffic, &missing, &through)),
        Some(endpoint) => ("fix", fix_reason(endpoint, &traffic, &missing, &through)),
    };
    let avoided = if sum.unpriced { None } else { sum.usd };
    DecisionRow {
        action,
        endpoint_type: "gateway",
        service: service.to_owned(),
        endpoint_service_name: format!("com.amazonaws.{region}.{service}"),
        endpoint_id: state.endpoint,
        endpoint_vpc_id: None,
        region: region.to_owned(),
        vpc_id: vpc.to_owned(),
        az_ids: sum.azs.into_iter().collect(),
        bytes: sum.bytes,
        avoided_usd: avoided,
        endpoint_hours_usd: Some(Usd::ZERO),
        endpoint_data_usd: Some(Usd::ZERO),
        net_usd: avoided,
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

fn display(service: &str) -> &str {
    match service {
        "s3" => "S3",
        "dynamodb" => "DynamoDB",
        other => other,
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
