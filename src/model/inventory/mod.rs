//! What is known of the accounts: gateways, interfaces, networks, routes, endpoints, with pure lookups. No I/O.
//!
//! Enters: [`InventoryParts`], in any order. The same parts give the same [`Inventory`]. What is not known is `None`.

mod derive;
mod given;
mod prefixes;
mod routing;
mod services;
mod tags;
mod topology;
mod types;

pub use given::Described;
pub use services::{OfferedService, ServiceList, Zones};
pub use tags::{TagValues, Tags};
pub use topology::{GatewayEndpointState, TableUse};
pub use types::{
    Availability, Connectivity, EndpointKind, FlowLog, Instance, NatGateway, NatState, NetworkInterface, PrefixList,
    Route, RouteDestination, RouteOrigin, RouteState, RouteTable, RouteTarget, Subnet, TableRole, TgwAttachment, Vpc,
    VpcEndpoint,
};

use super::addr::{Addr, Cidr};
use super::kube::PodSnapshot;
use prefixes::Prefixes;
use routing::Routing;
use std::collections::{BTreeMap, BTreeSet};

/// Things by id.
type ById<T> = BTreeMap<String, T>;

/// What an inventory is made from: things as they were described. Of two with one id the later one stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InventoryParts {
    /// NAT gateways.
    pub nat_gateways: Vec<NatGateway>,
    /// Network interfaces.
    pub interfaces: Vec<NetworkInterface>,
    /// VPCs.
    pub vpcs: Vec<Vpc>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// Route tables.
    pub route_tables: Vec<RouteTable>,
    /// VPC endpoints.
    pub endpoints: Vec<VpcEndpoint>,
    /// Managed prefix lists.
    pub prefix_lists: Vec<PrefixList>,
    /// Flow log subscriptions.
    pub flow_logs: Vec<FlowLog>,
    /// Transit gateway attachments.
    pub attachments: Vec<TgwAttachment>,
    /// Endpoint services that AWS offers.
    pub offered_services: Vec<OfferedService>,
    /// The Regions whose endpoint services are all among them.
    pub whole_service_lists: BTreeSet<String>,
    /// Instances.
    pub instances: Vec<Instance>,
    /// Every tag value that was seen, by resource and key.
    pub tags: TagValues,
    /// Pods of Kubernetes clusters, as they were at some times.
    pub pods: Vec<PodSnapshot>,
    /// What no answer was given about.
    pub lacking: BTreeSet<Described>,
}

/// Everything known of the accounts, sorted by id, with indexes. Empty where nothing was collected.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    nat_gateways: ById<NatGateway>,
    interfaces: ById<NetworkInterface>,
    vpcs: ById<Vpc>,
    subnets: ById<Subnet>,
    route_tables: ById<RouteTable>,
    endpoints: ById<VpcEndpoint>,
    prefix_lists: ById<PrefixList>,
    flow_logs: ById<FlowLog>,
    attachments: ById<TgwAttachment>,
    service_lists: BTreeMap<String, ServiceList>,
    instances: ById<Instance>,
    tags: BTreeMap<String, Tags>,
    pods: Vec<PodSnapshot>,
    lacking: BTreeSet<Described>,
    nat_by_interface: BTreeMap<String, String>,
    vpcs_by_addr: Prefixes<String>,
    subnets_by_addr: BTreeMap<String, Prefixes<String>>,
    interfaces_by_addr: BTreeMap<String, Prefixes<String>>,
    instances_by_addr: BTreeMap<String, Prefixes<String>>,
    routing: Routing,
    fallback_entries: BTreeMap<String, Vec<Cidr>>,
}

impl Inventory {
    /// Puts the parts together: what one thing says about another (Regions, owners, zones) is filled in here.
    #[must_use]
    pub fn new(mut parts: InventoryParts) -> Self {
        let offered = std::mem::take(&mut parts.offered_services);
        let whole = std::mem::take(&mut parts.whole_service_lists);
        let mut inventory = derive::complete(parts);
        inventory.list_services(offered, &whole);
        inventory.index();
        inventory
    }

    fn index(&mut self) {
        // A gateway that is gone must not take an interface from one that lives; ties go to the smaller id.
        let mut gateways: Vec<&NatGateway> = self.nat_gateways.values().collect();
        gateways.sort_by_key(|nat| (nat.is_gone(), &nat.id));
        for nat in gateways {
            for interface in &nat.interfaces {
                self.nat_by_interface.entry(interface.clone()).or_insert_with(|| nat.id.clone());
            }
        }
        let blocks = |vpc: &Vpc| vpc.cidrs.iter().map(|cidr| (*cidr, vpc.id.clone())).collect::<Vec<_>>();
        self.vpcs_by_addr = self.vpcs.values().flat_map(blocks).collect();
        self.subnets_by_addr = per_vpc(self.subnets.values().map(|s| (s.vpc.as_deref(), s.cidrs.as_slice(), &s.id)));
        self.interfaces_by_addr =
            per_vpc(self.interfaces.values().map(|i| (i.vpc.as_deref(), i.private_addrs.as_slice(), &i.id)));
        self.instances_by_addr =
            per_vpc(self.instances.values().map(|i| (i.vpc.as_deref(), i.addrs.as_slice(), &i.id)));
        self.compile_routes();
    }

    /// NAT gateways, also those that are gone.
    pub fn nat_gateways(&self) -> impl Iterator<Item = &NatGateway> {
        self.nat_gateways.values()
    }

    /// Network interfaces.
    pub fn interfaces(&self) -> impl Iterator<Item = &NetworkInterface> {
        self.interfaces.values()
    }

    /// VPCs.
    pub fn vpcs(&self) -> impl Iterator<Item = &Vpc> {
        self.vpcs.values()
    }

    /// Subnets.
    pub fn subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.subnets.values()
    }

    /// Route tables.
    pub fn route_tables(&self) -> impl Iterator<Item = &RouteTable> {
        self.route_tables.values()
    }

    /// VPC endpoints, also those that are gone.
    pub fn endpoints(&self) -> impl Iterator<Item = &VpcEndpoint> {
        self.endpoints.values()
    }

    /// Managed prefix lists.
    pub fn prefix_lists(&self) -> impl Iterator<Item = &PrefixList> {
        self.prefix_lists.values()
    }

    /// Flow log subscriptions.
    pub fn flow_logs(&self) -> impl Iterator<Item = &FlowLog> {
        self.flow_logs.values()
    }

    /// Transit gateway attachments, also those that are gone.
    pub fn attachments(&self) -> impl Iterator<Item = &TgwAttachment> {
        self.attachments.values()
    }

    /// A NAT gateway by id.
    pub fn nat_gateway(&self, id: &str) -> Option<&NatGateway> {
        self.nat_gateways.get(id)
    }

    /// The NAT gateway that a network interface belongs to.
    pub fn nat_by_interface(&self, interface: &str) -> Option<&NatGateway> {
        self.nat_gateways.get(self.nat_by_interface.get(interface)?)
    }

    /// A network interface by id.
    pub fn interface(&self, id: &str) -> Option<&NetworkInterface> {
        self.interfaces.get(id)
    }

    /// The interface that has an address, or a prefix that holds it, in a VPC.
    pub fn interface_at(&self, vpc: &str, addr: Addr) -> Option<&NetworkInterface> {
        self.interfaces.get(self.interfaces_by_addr.get(vpc)?.best(addr)?)
    }

    /// Every interface that was seen with an address, or a prefix that holds it, in a VPC: one after the other over time.
    pub fn interfaces_at(&self, vpc: &str, addr: Addr) -> impl Iterator<Item = &NetworkInterface> {
        let ids = self.interfaces_by_addr.get(vpc).into_iter().flat_map(move |blocks| blocks.all(addr));
        ids.filter_map(|id| self.interfaces.get(id))
    }

    /// The instances that have an address in a VPC of which no interface is known.
    pub fn instances_at(&self, vpc: &str, addr: Addr) -> impl Iterator<Item = &Instance> {
        let ids = self.instances_by_addr.get(vpc).into_iter().flat_map(move |blocks| blocks.all(addr));
        ids.filter_map(|id| self.instances.get(id))
    }

    /// The tags of anything, by its id; none where nothing is known of them.
    pub fn tags(&self, id: &str) -> &Tags {
        static NONE: Tags = Tags::new();
        self.tags.get(id).unwrap_or(&NONE)
    }

    /// What was seen of Kubernetes pods, by time.
    pub fn pods(&self) -> &[PodSnapshot] {
        &self.pods
    }

    /// A VPC by id.
    pub fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.get(id)
    }

    /// The Region of a VPC.
    pub fn region_of_vpc(&self, id: &str) -> Option<&str> {
        self.vpcs.get(id)?.region.as_deref()
    }

    /// A subnet by id.
    pub fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.get(id)
    }

    /// The subnet of a VPC that holds an address, the most specific if blocks overlap.
    pub fn subnet_of(&self, vpc: &str, addr: Addr) -> Option<&Subnet> {
        self.subnets.get(self.subnets_by_addr.get(vpc)?.best(addr)?)
    }

    /// The zone id of an address in a VPC.
    pub fn az_of(&self, vpc: &str, addr: Addr) -> Option<&str> {
        self.subnet_of(vpc, addr)?.az_id.as_deref()
    }

    /// A route table by id.
    pub fn route_table(&self, id: &str) -> Option<&RouteTable> {
        self.route_tables.get(id)
    }

    /// A VPC endpoint by id.
    pub fn endpoint(&self, id: &str) -> Option<&VpcEndpoint> {
        self.endpoints.get(id)
    }

    /// A prefix list by id.
    pub fn prefix_list(&self, id: &str) -> Option<&PrefixList> {
        self.prefix_lists.get(id)
    }

    /// A flow log by id.
    pub fn flow_log(&self, id: &str) -> Option<&FlowLog> {
        self.flow_logs.get(id)
    }

    /// Flow log id, log group (where it writes to one) and `LogFormat` of every flow log that states its format.
    pub fn log_formats(&self) -> Vec<(&str, Option<&str>, &str)> {
        let logs = self.flow_logs.values();
        logs.filter_map(|log| Some((log.id.as_str(), log.log_group.as_deref(), log.format.as_deref()?))).collect()
    }

    /// The VPCs whose blocks hold an address, by id; several where blocks overlap between VPCs.
    pub fn vpcs_containing(&self, addr: Addr) -> Vec<&Vpc> {
        let mut ids: Vec<&String> = self.vpcs_by_addr.all(addr).collect();
        ids.sort();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.vpcs.get(id)).collect()
    }

    /// The only VPC of an account whose blocks hold an address; `None` also where the owner of one that holds it is not known.
    pub fn vpc_of_account(&self, account: &str, addr: Addr) -> Option<&Vpc> {
        let mut holders = self.vpcs_containing(addr);
        holders.retain(|vpc| vpc.owner.as_deref().is_none_or(|owner| owner == account));
        match holders[..] {
            [only] if only.owner.is_some() => Some(only),
            _ => None,
        }
    }

    /// Whether any VPC's blocks hold an address.
    pub fn is_known_vpc_address(&self, addr: Addr) -> bool {
        self.vpcs_by_addr.best(addr).is_some()
    }
}

/// Ids by address, VPC by VPC.
fn per_vpc<'a>(
    items: impl Iterator<Item = (Option<&'a str>, &'a [Cidr], &'a String)>,
) -> BTreeMap<String, Prefixes<String>> {
    let mut blocks: BTreeMap<String, Vec<(Cidr, String)>> = BTreeMap::new();
    for (vpc, cidrs, id) in items {
        if let Some(vpc) = vpc {
            let blocks = blocks.entry(vpc.to_owned()).or_default();
            blocks.extend(cidrs.iter().map(|cidr| (*cidr, id.clone())));
        }
    }
    blocks.into_iter().map(|(vpc, blocks)| (vpc, blocks.into_iter().collect())).collect()
}
