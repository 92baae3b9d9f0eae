//! Removed endpoints against deleted gateways: what an endpoint has carried needs a NAT gateway when it goes.
//!
//! Where every gateway that the endpoint's VPC can reach is to go as well, only one of the two can be done: the endpoint stays if
//! the gateways cost more than its removal saves, else they stay.

use super::findings::GatewayFacts;
use super::input::RegionCase;
use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
use crate::model::usd::Usd;
use crate::report::{DecisionRow, FindingRow};
use std::collections::{BTreeMap, BTreeSet};

/// Removals that need a gateway which is to go: by VPC and service, whether the endpoint is to stay.
pub type Conflicts = BTreeMap<(String, String), bool>;

/// Rows that remove an endpoint which carried something that a NAT gateway has to take over.
fn removals(decisions: &[DecisionRow]) -> impl Iterator<Item = &DecisionRow> {
    let needs_gateway = |row: &&DecisionRow| row.bytes > Bytes::ZERO && row.avoided_usd != Some(Usd::ZERO);
    decisions.iter().filter(|row| row.action == "remove").filter(needs_gateway)
}

fn gateways_of<'a>(vpc: &str, inventory: &'a Inventory) -> BTreeSet<&'a str> {
    inventory.gateways_reachable_from_vpc(vpc).into_iter().map(|nat| nat.id.as_str()).collect()
}

/// The conflicts between decisions and findings. Removals that share their gateways are weighed together.
#[must_use]
pub fn conflicts(decisions: &[DecisionRow], findings: &[FindingRow], inventory: &Inventory) -> Conflicts {
    let going: BTreeMap<&str, Option<Usd>> = findings
        .iter()
        .filter(|finding| matches!(finding.kind, "idle" | "removable"))
        .map(|finding| (finding.nat_gateway_id.as_str(), finding.usd))
        .collect();
    let mut groups: BTreeMap<BTreeSet<&str>, Vec<&DecisionRow>> = BTreeMap::new();
    for row in removals(decisions) {
        let gateways = gateways_of(&row.vpc_id, inventory);
        if !gateways.is_empty() && gateways.iter().all(|id| going.contains_key(id)) {
            groups.entry(gateways).or_default().push(row);
        }
    }
    let mut conflicts = Conflicts::new();
    for (gateways, rows) in groups {
        let cost: Option<Usd> = gateways.iter().map(|id| going.get(id).copied().flatten()).sum();
        let saving: Option<Usd> = rows.iter().map(|row| row.net_usd).sum();
        let endpoint_stays = cost.zip(saving).is_some_and(|(cost, saving)| cost > saving);
        conflicts.extend(rows.iter().map(|row| ((row.vpc_id.clone(), row.service.clone()), endpoint_stays)));
    }
    conflicts
}

/// Takes the way to a NAT gateway from the endpoints that are to stay, so that nothing removes them.
pub fn keep_endpoints(regions: &mut [RegionCase], conflicts: &Conflicts) {
    for endpoint in regions.iter_mut().flat_map(|case| &mut case.endpoints) {
        if conflicts.get(&(endpoint.vpc.clone(), endpoint.service.clone())) == Some(&true) {
            endpoint.nat_per_gb = None;
        }
    }
}

/// Marks the gateways that take over what a removed endpoint has carried.
pub fn keep_gateways(facts: &mut [GatewayFacts], conflicts: &Conflicts, inventory: &Inventory) {
    let staying = conflicts.iter().filter(|(_, endpoint_stays)| !**endpoint_stays);
    let needed: BTreeSet<&str> = staying.flat_map(|((vpc, _), _)| gateways_of(vpc, inventory)).collect();
    for gateway in facts.iter_mut().filter(|gateway| needed.contains(gateway.id.as_str())) {
        gateway.takes_over = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inventory::{
        Availability, Connectivity, InventoryParts, NatGateway, NatState, Route, RouteDestination, RouteOrigin,
        RouteState, RouteTable, RouteTarget, TableRole,
    };

    fn inventory() -> Inventory {
        let nat = |id: &str| NatGateway {
            id: id.into(),
            name: None,
            vpc: Some("vpc-a".into()),
            subnet: None,
            connectivity: Connectivity::Public,
            availability: Availability::Zonal,
            interfaces: Vec::new(),
            private_addrs: Vec::new(),
            public_addrs: Vec::new(),
            state: NatState::Available,
            region: None,
            account: None,
            az_id: None,
            az_ids: Vec::new(),
            route_table: None,
            created: None,
            deleted: None,
        };
        let route = |id: &str| Route {
            destination: RouteDestination::Cidr("0.0.0.0/0".parse_cidr()),
            target: RouteTarget::NatGateway(id.into()),
            state: RouteState::Active,
            origin: RouteOrigin::Written,
        };
        let table = |id: &str, nat: &str| RouteTable {
            id: id.into(),
            vpc: Some("vpc-a".into()),
            name: None,
            role: TableRole::Custom,
            subnets: Vec::new(),
            routes: vec![route(nat)],
        };
        Inventory::new(InventoryParts {
            nat_gateways: vec![nat("nat-1"), nat("nat-2")],
            route_tables: vec![table("rtb-1", "nat-1"), table("rtb-2", "nat-2")],
            ..InventoryParts::default()
        })
    }

    trait ParseCidr {
        fn parse_cidr(&self) -> crate::model::addr::Cidr;
    }

    impl ParseCidr for str {
        fn parse_cidr(&self) -> crate::model::addr::Cidr {
            crate::model::addr::Cidr::parse(self).expect("a block")
        }
    }

    fn removal(service: &str, bytes: u64, net: i128) -> DecisionRow {
        DecisionRow {
            action: "remove",
            endpoint_type: "interface",
            service: service.into(),
            endpoint_service_name: String::new(),
            endpoint_id: None,
            endpoint_vpc_id: None,
            region: "us-east-1".into(),
            vpc_id: "vpc-a".into(),
            az_ids: Vec::new(),
            bytes: Bytes::new(bytes),
            avoided_usd: None,
            endpoint_hours_usd: None,
            endpoint_data_usd: None,
            net_usd: Some(Usd::from_units(net)),
            break_even_gb: None,
            reason: String::new(),
        }
    }

    fn finding(kind: &'static str, id: &str, usd: i128) -> FindingRow {
        let usd = Some(Usd::from_units(usd));
        FindingRow { kind, nat_gateway_id: id.into(), route_table_ids: Vec::new(), usd, reason: String::new() }
    }

    fn check(situation: &str, rows: &[DecisionRow], findings: &[FindingRow], expect: &[(&str, bool)]) {
        let found = conflicts(rows, findings, &inventory());
        let found: Vec<(&str, bool)> = found.iter().map(|((_, service), stays)| (service.as_str(), *stays)).collect();
        assert_eq!(found, expect, "{situation}");
    }

    #[test]
    fn the_dearer_of_endpoint_and_gateways_goes() {
        let both = [finding("idle", "nat-1", 30), finding("removable", "nat-2", 30)];
        check("the gateways are dearer", &[removal("kms", 9, 50)], &both, &[("kms", true)]);
        check("the endpoint is", &[removal("kms", 9, 70)], &both, &[("kms", false)]);
        check("together", &[removal("kms", 9, 50), removal("sqs", 9, 20)], &both, &[("kms", false), ("sqs", false)]);
        check("one gateway stays", &[removal("kms", 9, 50)], &both[..1], &[]);
        check(
            "it only changes zone",
            &[removal("kms", 9, 50)],
            &[both[0].clone(), finding("cross-az", "nat-2", 9)],
            &[],
        );
        check("it carried nothing", &[removal("kms", 0, 50)], &both, &[]);
    }
}
