//! How VPCs, gateways, transit gateways and endpoints hang together.

use super::{EndpointKind, Inventory, NatGateway, RouteDestination, RouteState, RouteTable, RouteTarget, Vpc};
use crate::model::addr::Addr;
use crate::model::region;
use std::collections::{BTreeMap, BTreeSet};

/// What there is of a gateway endpoint for one service in one VPC: enough to tell "create" from "fix". Ids are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayEndpointState {
    /// The endpoint, the smallest id if there are several.
    pub endpoint: Option<String>,
    /// When the first of them was created, Unix seconds; `None` where one does not say.
    pub since: Option<i64>,
    /// Whether any route table of the VPC is known.
    pub tables_known: bool,
    /// The VPC's route tables that send the service's traffic to an endpoint.
    pub associated: Vec<String>,
    /// Those that lead to a NAT gateway but not to the endpoint.
    pub unassociated_nat: Vec<String>,
    /// Those whose default route leads to a transit gateway (a hub's NAT gateway, perhaps) but not to the endpoint.
    pub unassociated_transit: Vec<String>,
}

/// A route table and where it is in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableUse {
    /// `rtb-…`.
    pub route_table_id: String,
    /// AZ ids of the subnets that use it, as far as they are known: empty for a table that no described subnet uses.
    pub az_ids: BTreeSet<String>,
}

impl Inventory {
    /// The VPC that a client of a gateway is in.
    ///
    /// The gateway's own VPC if its blocks hold the address. Else the one VPC that holds it among those on a transit gateway
    /// with the gateway's VPC, or among all VPCs where no attachment is known. `None` if that is ambiguous, or if the blocks
    /// of the gateway's own VPC are unknown.
    pub fn client_vpc(&self, nat: &NatGateway, addr: Addr) -> Option<&Vpc> {
        let own = self.vpcs.get(nat.vpc.as_ref()?).filter(|vpc| !vpc.cidrs.is_empty())?;
        if own.cidrs.iter().any(|cidr| cidr.contains(addr)) {
            return Some(own);
        }
        let mut holders = self.vpcs_containing(addr);
        if self.vpc_attachments().next().is_some() {
            let hubs: BTreeSet<&str> = self.transit_gateways_of(&own.id).collect();
            holders.retain(|vpc| self.transit_gateways_of(&vpc.id).any(|tgw| hubs.contains(tgw)));
        }
        match holders.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Live attachments of VPCs: (transit gateway, VPC, subnets).
    fn vpc_attachments(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        let live = self.attachments.values().filter(|attachment| attachment.is_live());
        live.filter_map(|a| Some((a.tgw.as_str(), a.vpc.as_deref()?, a.subnets.as_slice())))
    }

    fn transit_gateways_of(&self, vpc: &str) -> impl Iterator<Item = &str> {
        self.vpc_attachments().filter(move |(_, attached, _)| *attached == vpc).map(|(tgw, ..)| tgw)
    }

    /// The gateways that a VPC's route tables lead to: directly, or through a transit gateway's other VPCs.
    ///
    /// Empty where no route table of the VPC is known, which is not the same as "none".
    pub fn gateways_reachable_from_vpc(&self, vpc: &str) -> Vec<&NatGateway> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        for table in self.tables_of_vpc(vpc) {
            found.extend(gateways_of(table));
            for tgw in default_transit_gateways(table) {
                for (_, hub, subnets) in self.vpc_attachments().filter(|(t, hub, _)| *t == tgw && *hub != vpc) {
                    found.extend(self.gateways_behind_attachment(hub, subnets));
                }
            }
        }
        found.into_iter().filter_map(|id| self.nat_gateways.get(id)).collect()
    }

    /// The route tables in which a route in force leads to a gateway, by id, with the zones of the subnets that use each:
    /// those associated with it and, for a main table, those that name none.
    pub fn tables_leading_to(&self, nat_gateway: &str) -> Vec<TableUse> {
        let leading = self.route_tables.values().filter(|table| gateways_of(table).any(|id| id == nat_gateway));
        let mut uses: BTreeMap<&str, BTreeSet<String>> =
            leading.map(|table| (table.id.as_str(), BTreeSet::new())).collect();
        for subnet in self.subnets.values() {
            let zones = self.route_table_of_subnet(&subnet.id).and_then(|table| uses.get_mut(table.id.as_str()));
            if let (Some(zones), Some(zone)) = (zones, &subnet.az_id) {
                zones.insert(zone.clone());
            }
        }
        uses.into_iter().map(|(id, az_ids)| TableUse { route_table_id: id.to_owned(), az_ids }).collect()
    }

    /// The gateways that traffic from a transit gateway meets: by the attachment's subnets, else by any table of the VPC.
    fn gateways_behind_attachment(&self, hub: &str, subnets: &[String]) -> BTreeSet<&str> {
        let tables: Vec<&RouteTable> = if subnets.is_empty() {
            self.tables_of_vpc(hub).collect()
        } else {
            subnets.iter().filter_map(|subnet| self.route_table_of_subnet(subnet)).collect()
        };
        tables.into_iter().flat_map(gateways_of).collect()
    }

    fn tables_of_vpc(&self, vpc: &str) -> impl Iterator<Item = &RouteTable> {
        self.route_tables.values().filter(move |table| table.vpc.as_deref() == Some(vpc))
    }

    /// The gateway endpoint for a service (`s3`, `dynamodb`) in a VPC, and which route tables use or miss it.
    pub fn gateway_endpoint_state(&self, vpc: &str, service: &str) -> GatewayEndpointState {
        let mut endpoints: BTreeSet<&str> = BTreeSet::new();
        let mut associated: BTreeSet<&str> = BTreeSet::new();
        let mut since = BTreeSet::new();
        for endpoint in self.endpoints.values() {
            let suffix = endpoint.service_name.as_deref().and_then(region::service_suffix);
            let matches = endpoint.kind == EndpointKind::Gateway && endpoint.is_live() && suffix == Some(service);
            if matches && endpoint.vpc.as_deref() == Some(vpc) {
                endpoints.insert(&endpoint.id);
                since.insert(endpoint.created);
                associated.extend(endpoint.route_tables.iter().map(String::as_str));
            }
        }
        let leads_there =
            |target: &RouteTarget| matches!(target, RouteTarget::VpcEndpoint(id) if endpoints.contains(id.as_str()));
        let mut state =
            GatewayEndpointState { endpoint: endpoints.first().map(|&id| id.to_owned()), ..Default::default() };
        state.since = since.first().copied().flatten();
        for table in self.tables_of_vpc(vpc) {
            state.tables_known = true;
            if associated.contains(table.id.as_str()) || in_force(table).any(leads_there) {
                associated.insert(&table.id);
            } else if gateways_of(table).next().is_some() {
                state.unassociated_nat.push(table.id.clone());
            } else if default_transit_gateways(table).next().is_some() {
                state.unassociated_transit.push(table.id.clone());
            }
        }
        state.associated = associated.into_iter().map(str::to_owned).collect();
        state
    }
}

fn in_force(table: &RouteTable) -> impl Iterator<Item = &RouteTarget> {
    table.routes.iter().filter(|route| route.state == RouteState::Active).map(|route| &route.target)
}

fn gateways_of(table: &RouteTable) -> impl Iterator<Item = &str> {
    in_force(table).filter_map(|target| match target {
        RouteTarget::NatGateway(id) => Some(id.as_str()),
        _ => None,
    })
}

fn default_transit_gateways(table: &RouteTable) -> impl Iterator<Item = &str> {
    // 0.0.0.0/0 is 96 bits long as a 128-bit prefix.
    let is_default = |d: &RouteDestination| matches!(d, RouteDestination::Cidr(c) if matches!(c.len128(), 0 | 96));
    let defaults = table.routes.iter().filter(move |r| r.state == RouteState::Active && is_default(&r.destination));
    defaults.filter_map(|route| match &route.target {
        RouteTarget::TransitGateway(id) => Some(id.as_str()),
        _ => None,
    })
}
