//! What left by a NAT gateway, as far as route tables tell. A thin view of the inventory for the counter.

use super::resolve::carries_for_others;
use crate::model::addr::Addr;
use crate::model::custom::CustomPath;
use crate::model::inventory::{EndpointKind, Inventory, Route, RouteState, RouteTarget};
use crate::model::period::DAY_SECONDS;
use std::collections::BTreeSet;

/// Route lookups for the counter.
#[derive(Clone, Copy, Debug)]
pub struct Routes<'a>(&'a Inventory);

/// For how long after a gateway was made routes are thought to be moved to it: 31 days, in seconds.
const MOVING: i64 = 31 * DAY_SECONDS;

/// A NAT gateway to which a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Led<'a> {
    /// Its id.
    pub gateway: &'a str,
    /// When the gateway endpoint was made that takes the traffic since, Unix seconds.
    pub until: Option<i64>,
}

impl<'a> Routes<'a> {
    /// Over this inventory.
    #[must_use]
    pub const fn new(inventory: &'a Inventory) -> Self {
        Self(inventory)
    }

    /// The subnet of an interface.
    #[must_use]
    pub fn subnet_of(&self, interface: &str) -> Option<&'a str> {
        self.0.interface(interface)?.subnet.as_deref()
    }

    /// The subnet that holds an address of a VPC; without a VPC, of the account's only one that holds it. Accounts share private
    /// addresses, so an address alone says nothing.
    #[must_use]
    pub fn subnet_at(&self, vpc: &str, account: &str, addr: Addr) -> Option<&'a str> {
        let vpc = if vpc.is_empty() { &self.0.vpc_of_account(account, addr)?.id } else { vpc };
        Some(self.0.subnet_of(vpc, addr)?.id.as_str())
    }

    /// Whether the inventory says that the interface passes on what others send.
    #[must_use]
    pub fn carries(&self, interface: &str) -> bool {
        self.0.interface(interface).and_then(|i| i.kind.as_deref()).is_some_and(carries_for_others)
    }

    /// The VPC of an interface.
    #[must_use]
    pub fn vpc_of(&self, interface: &str) -> Option<&'a str> {
        self.0.interface(interface)?.vpc.as_deref()
    }

    /// Whether the inventory holds the interface.
    #[must_use]
    pub fn knows(&self, interface: &str) -> bool {
        self.0.interface(interface).is_some()
    }

    /// The interface that has an address in a VPC now.
    #[must_use]
    pub fn interface_at(&self, vpc: &str, addr: Addr) -> Option<&'a str> {
        self.0.interface_at(vpc, addr).map(|interface| interface.id.as_str())
    }

    /// Whether what has an address in a VPC passes on what others send.
    #[must_use]
    pub fn carries_at(&self, vpc: &str, addr: Addr) -> bool {
        self.kind_at(vpc, addr).is_some_and(carries_for_others)
    }

    /// Whether what has an address in a VPC is AWS's and no service of the customer's: the endpoint of an AWS service, say, that
    /// other VPCs share. A load balancer is the customer's.
    #[must_use]
    pub fn is_aws_at(&self, vpc: &str, addr: Addr) -> bool {
        self.carries_at(vpc, addr) && self.kind_at(vpc, addr) != Some("network_load_balancer")
    }

    fn kind_at(self, vpc: &str, addr: Addr) -> Option<&'a str> {
        self.0.interface_at(vpc, addr)?.kind.as_deref()
    }

    /// The VPCs whose blocks hold an address, by id.
    #[must_use]
    pub fn vpcs_at(&self, addr: Addr) -> Vec<&'a str> {
        self.0.vpcs_containing(addr).into_iter().map(|vpc| vpc.id.as_str()).collect()
    }

    /// The zone id of an address in a VPC.
    #[must_use]
    pub fn az_at(&self, vpc: &str, addr: Addr) -> Option<&'a str> {
        self.0.az_of(vpc, addr)
    }

    /// The way by which a subnet's route table leads to an address in another VPC; `None` if by neither of the two.
    #[must_use]
    pub fn crossing(&self, subnet: &str, addr: Addr) -> Option<CustomPath> {
        match self.0.route(subnet, addr)? {
            RouteTarget::Peering(_) => Some(CustomPath::Peering),
            RouteTarget::TransitGateway(_) => Some(CustomPath::TransitGateway),
            _ => None,
        }
    }

    /// Whether the interface has the address.
    #[must_use]
    pub fn owns(&self, interface: &str, addr: Addr) -> bool {
        self.0.interface(interface).is_some_and(|i| i.private_addrs.iter().any(|cidr| cidr.contains(addr)))
    }

    /// Whether the flow log of this name is known to log accepted traffic (`TrafficType` ALL or ACCEPT).
    #[must_use]
    pub fn logs_accepted(&self, flow_log: &str) -> bool {
        let traffic = self.0.flow_log(flow_log).and_then(|log| log.traffic_type.as_deref());
        matches!(traffic, Some("ALL" | "ACCEPT"))
    }

    /// The gateways to which any route leads now.
    #[must_use]
    pub fn gateways_in_use(&self) -> BTreeSet<&'a str> {
        let routes = self.0.route_tables().flat_map(|table| &table.routes);
        let to_gateway = |route: &'a Route| match &route.target {
            RouteTarget::NatGateway(id) if route.state == RouteState::Active => Some(id.as_str()),
            _ => None,
        };
        routes.filter_map(to_gateway).collect()
    }

    /// The gateways to which routes lead now, and may not have led all the time since `from`, Unix seconds: those that were made since or in
    /// the month before, and those in whose VPC is another one to which no route leads any more. A new gateway takes over when routes are
    /// moved to it, one after the other, perhaps days after it was made.
    #[must_use]
    pub fn may_have_moved(&self, from: i64) -> BTreeSet<&'a str> {
        let in_use = self.gateways_in_use();
        let left = self.0.nat_gateways().filter(|gateway| !in_use.contains(gateway.id.as_str()));
        let vpcs: BTreeSet<&str> = left.filter_map(|gateway| gateway.vpc.as_deref()).collect();
        let may_have = |id: &&str| {
            let of_vpc = self.vpc_of_gateway(id).is_some_and(|vpc| vpcs.contains(vpc));
            of_vpc || self.created(id).is_some_and(|created| created > from - MOVING)
        };
        in_use.iter().copied().filter(may_have).collect()
    }

    /// Whether a route of the subnet leads to a gateway now.
    #[must_use]
    pub fn leads_to(&self, subnet: &str, gateway: &str) -> bool {
        let leads = |route: &Route| {
            route.state == RouteState::Active && matches!(&route.target, RouteTarget::NatGateway(id) if id == gateway)
        };
        self.0.route_table_of_subnet(subnet).is_some_and(|table| table.routes.iter().any(leads))
    }

    /// The first address of the interface that has an address in a VPC now.
    #[must_use]
    pub fn first_of_interface(&self, vpc: &str, addr: Addr) -> Option<Addr> {
        self.0.interface_at(vpc, addr)?.private_addrs.first().map(|first| first.first())
    }

    /// When a gateway was made, Unix seconds.
    #[must_use]
    pub fn created(&self, gateway: &str) -> Option<i64> {
        self.0.nat_gateway(gateway)?.created
    }

    /// The VPC of a gateway.
    #[must_use]
    pub fn vpc_of_gateway(&self, gateway: &str) -> Option<&'a str> {
        self.0.nat_gateway(gateway)?.vpc.as_deref()
    }

    /// The NAT gateway to which the subnet's route table sends the remote, or sent it for some time since `from`, Unix seconds: route
    /// tables are described once, often after the month, and before a gateway endpoint was made its route led nobody anywhere.
    #[must_use]
    pub fn nat_of(&self, subnet: &str, remote: Addr, from: i64) -> Option<Led<'a>> {
        match self.0.route(subnet, remote)? {
            RouteTarget::NatGateway(gateway) => Some(Led { gateway, until: None }),
            RouteTarget::VpcEndpoint(endpoint) => {
                let endpoint = self.0.endpoint(endpoint).filter(|endpoint| endpoint.kind == EndpointKind::Gateway)?;
                let until = endpoint.created.filter(|created| *created > from)?;
                match self.0.route_past_gateway_endpoints(subnet, remote)? {
                    RouteTarget::NatGateway(gateway) => Some(Led { gateway, until: Some(until) }),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
