//! What tells one inventory from another as far as it decides which rows a roll-up keeps and how they count: gateways, VPCs, the routes
//! of tables that lead to gateways, and until when rows are kept by the hour. Other interfaces are not in it, nor what else has public
//! addresses, nor the entries of AWS's own prefix lists: they change from day to day, and a roll-up would be of use for as long only.

use crate::model::inventory::{
    Availability, Connectivity, EndpointKind, Inventory, Route, RouteDestination, RouteState, RouteTable, RouteTarget,
};
use crate::model::period::Window;
use crate::model::sha256::sha256;
use std::collections::BTreeSet;
use std::fmt::Display;

/// The same for inventories that decide alike.
#[must_use]
pub fn inventory_digest(inventory: &Inventory, window: Window) -> String {
    let mut lines: BTreeSet<String> = BTreeSet::new();
    let interfaces = inventory.endpoints().filter(|endpoint| endpoint.kind == EndpointKind::Interface);
    if let Some(last) = interfaces.filter_map(|e| e.created).filter(|created| window.contains(*created)).max() {
        lines.insert(format!("endpoints {last}"));
    }
    for nat in inventory.nat_gateways() {
        let own = sorted(&nat.private_addrs);
        let (public, interfaces) = (sorted(&nat.public_addrs), sorted(&nat.interfaces));
        let is_regional = nat.availability == Availability::Regional;
        let is_private = nat.connectivity == Connectivity::Private;
        let created = nat.created.unwrap_or_default();
        let vpc = nat.vpc.as_deref().unwrap_or_default();
        lines.insert(format!(
            "nat {} {vpc} {is_regional} {is_private} {created} [{interfaces}] [{own}] [{public}]",
            nat.id
        ));
    }
    for vpc in inventory.vpcs() {
        lines.insert(format!("vpc {} [{}]", vpc.id, sorted(&vpc.cidrs)));
    }
    for subnet in inventory.subnets() {
        if let Some(table) = inventory.route_table_of_subnet(&subnet.id).filter(|table| leads_to_a_gateway(table)) {
            lines.insert(format!("subnet {} {}", subnet.id, table.id));
        }
    }
    for table in inventory.route_tables().filter(|table| leads_to_a_gateway(table)) {
        // Of subnets that nobody described, too.
        lines.extend(table.subnets.iter().map(|subnet| format!("subnet {subnet} {}", table.id)));
        lines.extend(table.routes.iter().map(|route| format!("route {} {}", table.id, of_route(inventory, route))));
    }
    sha256(lines.into_iter().collect::<Vec<_>>().join("\n").as_bytes())[..16].to_owned()
}

fn leads_to_a_gateway(table: &RouteTable) -> bool {
    table.routes.iter().any(|route| matches!(route.target, RouteTarget::NatGateway(_)))
}

fn of_route(inventory: &Inventory, route: &Route) -> String {
    let destination = match &route.destination {
        RouteDestination::Cidr(cidr) => cidr.to_string(),
        RouteDestination::PrefixList(id) => {
            let name = inventory.prefix_list(id).and_then(|list| list.name.as_deref());
            let is_of_aws = name.is_some_and(|name| name.starts_with("com.amazonaws."));
            let entries = inventory.list_entries(id).filter(|_| !is_of_aws).unwrap_or_default();
            format!("{id} [{}]", sorted(entries))
        }
    };
    let target = match &route.target {
        RouteTarget::NatGateway(id) => id.clone(),
        // Before it was made its route led nobody anywhere.
        RouteTarget::VpcEndpoint(id) => {
            inventory.endpoint(id).and_then(|endpoint| endpoint.created).unwrap_or_default().to_string()
        }
        _ => "-".to_owned(),
    };
    let state = match route.state {
        RouteState::Active => "active",
        RouteState::Blackhole => "blackhole",
        RouteState::Filtered => "filtered",
    };
    format!("{destination} {target} {state}")
}

/// In one order, whichever the inventory has them in.
fn sorted<T: Display>(all: &[T]) -> String {
    let all: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    all.into_iter().collect::<Vec<_>>().join(" ")
}
