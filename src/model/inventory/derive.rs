//! What one described thing says about another: gateways behind interfaces, VPCs behind subnets, Regions, owners.
//!
//! Only what follows with certainty. Evidence that disagrees gives `None`.

use super::{
    Availability, ById, Connectivity, EndpointKind, Inventory, InventoryParts, NatGateway, NatState, NetworkInterface,
    PrefixList, RouteDestination, RouteTarget, Subnet, Vpc, VpcEndpoint, tags,
};
use crate::model::addr::Cidr;
use crate::model::region;
use std::collections::{BTreeMap, BTreeSet};

/// How AWS describes the interfaces of a NAT gateway; the gateway's id follows.
const NAT_DESCRIPTION: &str = "Interface for NAT Gateway ";

/// The parts by id, completed; indexes are still empty.
pub(super) fn complete(parts: InventoryParts) -> Inventory {
    let mut inventory = Inventory {
        nat_gateways: parts.nat_gateways.into_iter().map(|x| (x.id.clone(), x)).collect(),
        interfaces: parts.interfaces.into_iter().map(|x| (x.id.clone(), x)).collect(),
        vpcs: parts.vpcs.into_iter().map(|x| (x.id.clone(), x)).collect(),
        subnets: parts.subnets.into_iter().map(|x| (x.id.clone(), x)).collect(),
        route_tables: parts.route_tables.into_iter().map(|x| (x.id.clone(), x)).collect(),
        endpoints: parts.endpoints.into_iter().map(|x| (x.id.clone(), x)).collect(),
        prefix_lists: parts.prefix_lists.into_iter().map(|x| (x.id.clone(), x)).collect(),
        flow_logs: parts.flow_logs.into_iter().map(|x| (x.id.clone(), x)).collect(),
        attachments: parts.attachments.into_iter().map(|x| (x.attachment.clone(), x)).collect(),
        instances: parts.instances.into_iter().map(|x| (x.id.clone(), x)).collect(),
        tags: tags::settle(parts.tags),
        pods: parts.pods,
        lacking: parts.lacking,
        ..Inventory::default()
    };
    interfaces_from_instances(&mut inventory);
    names_from_tags(&mut inventory);
    vpcs_from_subnets(&mut inventory);
    gateways_from_interfaces(&mut inventory);
    lists_from_endpoint_routes(&mut inventory);
    let regions = vpc_regions(&inventory);
    for vpc in inventory.vpcs.values_mut() {
        vpc.region = vpc.region.take().or_else(|| regions.get(&vpc.id).cloned().flatten());
    }
    for endpoint in inventory.endpoints.values_mut() {
        let of_vpc = endpoint.vpc.as_ref().and_then(|vpc| regions.get(vpc).cloned().flatten());
        endpoint.region = endpoint.region.take().or(of_vpc).or_else(|| gateway_service_region(endpoint));
    }
    let Inventory { nat_gateways, interfaces, subnets, vpcs, .. } = &mut inventory;
    for nat in nat_gateways.values_mut() {
        complete_gateway(nat, interfaces, subnets, vpcs, &regions);
    }
    inventory
}

/// Interfaces that only their instance tells of; and what an interface's own description leaves out.
fn interfaces_from_instances(inventory: &mut Inventory) {
    let Inventory { instances, interfaces, .. } = inventory;
    for instance in instances.values_mut() {
        for told in std::mem::take(&mut instance.interfaces) {
            instance.addrs.retain(|addr| !told.private_addrs.contains(addr));
            let known = interfaces.entry(told.id.clone()).or_insert_with(|| told.clone());
            known.attached = known.attached.or(told.attached);
            known.instance = known.instance.take().or(told.instance);
        }
    }
    for interface in interfaces.values() {
        if let Some(instance) = interface.instance.as_deref().and_then(|id| instances.get_mut(id)) {
            instance.addrs.retain(|addr| !interface.private_addrs.contains(addr));
        }
    }
}

/// `describe-tags` names what its own description was not asked for.
fn names_from_tags(inventory: &mut Inventory) {
    let Inventory { nat_gateways, interfaces, vpcs, subnets, route_tables, tags, .. } = inventory;
    let gateways = nat_gateways.values_mut().map(|x| (&x.id, &mut x.name));
    let interfaces = interfaces.values_mut().map(|x| (&x.id, &mut x.name));
    let vpcs = vpcs.values_mut().map(|x| (&x.id, &mut x.name));
    let subnets = subnets.values_mut().map(|x| (&x.id, &mut x.name));
    let tables = route_tables.values_mut().map(|x| (&x.id, &mut x.name));
    for (id, name) in gateways.chain(interfaces).chain(vpcs).chain(subnets).chain(tables) {
        if name.is_none() {
            *name = tags.get(id).and_then(|tags| tags.get("Name").cloned());
        }
    }
}

/// A VPC that was not described is still known to hold the blocks of its subnets.
fn vpcs_from_subnets(inventory: &mut Inventory) {
    let mut found: BTreeMap<&str, (BTreeSet<Cidr>, BTreeSet<&str>)> = BTreeMap::new();
    for subnet in inventory.subnets.values() {
        if let Some(vpc) = subnet.vpc.as_deref().filter(|vpc| !inventory.vpcs.contains_key(*vpc)) {
            let (cidrs, owners) = found.entry(vpc).or_default();
            cidrs.extend(&subnet.cidrs);
            owners.extend(subnet.owner.as_deref());
        }
    }
    let made = found.into_iter().map(|(id, (cidrs, owners))| Vpc {
        id: id.to_owned(),
        name: None,
        cidrs: cidrs.into_iter().collect(),
        owner: only(owners),
        region: None,
    });
    let made: Vec<Vpc> = made.collect();
    inventory.vpcs.extend(made.into_iter().map(|vpc| (vpc.id.clone(), vpc)));
}

/// Gateways that only their interfaces tell of; and interfaces that a described gateway does not list.
fn gateways_from_interfaces(inventory: &mut Inventory) {
    for interface in inventory.interfaces.values() {
        let Some(id) = gateway_of(interface) else { continue };
        let nat = inventory.nat_gateways.entry(id.to_owned()).or_insert_with(|| undescribed(id, interface));
        if !nat.interfaces.contains(&interface.id) {
            nat.interfaces.push(interface.id.clone());
            nat.interfaces.sort();
        }
        for addr in interface.private_addrs.iter().map(|cidr| cidr.first()).filter(|addr| addr.v4().is_some()) {
            if !nat.private_addrs.contains(&addr) {
                nat.private_addrs.push(addr);
            }
        }
        if let Some(addr) = interface.public_addr.filter(|addr| !nat.public_addrs.contains(addr)) {
            nat.public_addrs.push(addr);
        }
        if nat.state == NatState::Unknown && !nat.public_addrs.is_empty() {
            nat.connectivity = Connectivity::Public;
        }
    }
}

/// The id of the gateway that an interface belongs to. `natGateway` is how some SDKs write the type.
fn gateway_of(interface: &NetworkInterface) -> Option<&str> {
    let is_nat = matches!(interface.kind.as_deref(), Some("nat_gateway" | "natGateway"));
    let id = interface.description.as_deref()?.strip_prefix(NAT_DESCRIPTION)?.trim();
    (is_nat && id.starts_with("nat-")).then_some(id)
}

fn undescribed(id: &str, interface: &NetworkInterface) -> NatGateway {
    NatGateway {
        id: id.to_owned(),
        name: None,
        vpc: interface.vpc.clone(),
        subnet: interface.subnet.clone(),
        connectivity: Connectivity::Private,
        availability: Availability::Zonal,
        interfaces: Vec::new(),
        private_addrs: Vec::new(),
        public_addrs: Vec::new(),
        state: NatState::Unknown,
        region: None,
        account: interface.owner.clone(),
        az_id: None,
        az_ids: Vec::new(),
        route_table: None,
        created: None,
        deleted: None,
    }
}

/// A route from a prefix list to a gateway endpoint: the list is the one that AWS keeps for the endpoint's service.
fn lists_from_endpoint_routes(inventory: &mut Inventory) {
    let Inventory { route_tables, endpoints, prefix_lists, .. } = inventory;
    for route in route_tables.values().flat_map(|table| &table.routes) {
        let (RouteDestination::PrefixList(list), RouteTarget::VpcEndpoint(endpoint)) =
            (&route.destination, &route.target)
        else {
            continue;
        };
        let service = endpoints.get(endpoint).filter(|e| e.kind == EndpointKind::Gateway);
        let Some(service) = service.and_then(|endpoint| endpoint.service_name.clone()) else { continue };
        let entry = prefix_lists.entry(list.clone()).or_insert_with(|| PrefixList {
            id: list.clone(),
            name: None,
            cidrs: None,
            region: None,
        });
        if entry.name.is_none() {
            entry.region = region::of_service_name(&service).map(str::to_owned).or(entry.region.take());
            entry.name = Some(service);
        }
    }
}

/// The Region of every VPC that anything names. Kinds of evidence in falling strength; the first that speaks decides.
fn vpc_regions(inventory: &Inventory) -> BTreeMap<String, Option<String>> {
    let of_subnets = inventory.subnets.values().map(|s| (s.vpc.as_deref(), 0, s.region.as_deref()));
    let of_interfaces = inventory.interfaces.values().map(|interface| {
        let region = region_of_zone(interface.az_id.as_deref(), interface.az_name.as_deref());
        (interface.vpc.as_deref(), 1, region)
    });
    let of_gateways = inventory
        .nat_gateways
        .values()
        .flat_map(|nat| nat.az_ids.iter().map(|zone| (nat.vpc.as_deref(), 2, region::of_az_id(zone))));
    // Gateway endpoints serve their own Region only; an interface endpoint's service may be in another one.
    let gateway_endpoints = inventory.endpoints.values().filter(|endpoint| endpoint.kind == EndpointKind::Gateway);
    let of_endpoints = gateway_endpoints.map(|endpoint| {
        (endpoint.vpc.as_deref(), 3, endpoint.service_name.as_deref().and_then(region::of_service_name))
    });
    let mut evidence: BTreeMap<&str, [BTreeSet<&str>; 4]> = BTreeMap::new();
    for (vpc, kind, region) in of_subnets.chain(of_interfaces).chain(of_gateways).chain(of_endpoints) {
        if let (Some(vpc), Some(region)) = (vpc, region) {
            evidence.entry(vpc).or_default()[kind].insert(region);
        }
    }
    let decide = |kinds: [BTreeSet<&str>; 4]| kinds.into_iter().find(|found| !found.is_empty()).and_then(only);
    evidence.into_iter().map(|(vpc, kinds)| (vpc.to_owned(), decide(kinds))).collect()
}

/// The Region of a zone given by id, else by name.
fn region_of_zone<'a>(az_id: Option<&str>, az_name: Option<&'a str>) -> Option<&'a str> {
    az_id.and_then(region::of_az_id).or_else(|| az_name.and_then(region::of_az_name))
}

fn gateway_service_region(endpoint: &VpcEndpoint) -> Option<String> {
    let service = endpoint.service_name.as_deref().filter(|_| endpoint.kind == EndpointKind::Gateway)?;
    region::of_service_name(service).map(str::to_owned)
}

fn complete_gateway(
    nat: &mut NatGateway,
    interfaces: &ById<NetworkInterface>,
    subnets: &ById<Subnet>,
    vpcs: &ById<Vpc>,
    regions: &BTreeMap<String, Option<String>>,
) {
    let own: Vec<&NetworkInterface> = nat.interfaces.iter().filter_map(|id| interfaces.get(id)).collect();
    nat.vpc = nat.vpc.take().or_else(|| only(own.iter().filter_map(|i| i.vpc.as_deref())));
    nat.subnet = nat.subnet.take().or_else(|| only(own.iter().filter_map(|i| i.subnet.as_deref())));
    let subnet = nat.subnet.as_ref().and_then(|id| subnets.get(id));
    nat.vpc = nat.vpc.take().or_else(|| subnet?.vpc.clone());
    let vpc = nat.vpc.as_ref().and_then(|id| vpcs.get(id));
    if nat.availability == Availability::Zonal {
        let of_interfaces = || only(own.iter().filter_map(|i| i.az_id.as_deref()));
        nat.az_id = nat.az_id.take().or_else(|| subnet?.az_id.clone()).or_else(of_interfaces);
    }
    let zones = nat.az_ids.iter().chain(&nat.az_id);
    let of_zones = || only(zones.filter_map(|zone| region::of_az_id(zone)).collect::<BTreeSet<_>>());
    let of_vpc = || nat.vpc.as_ref().and_then(|vpc| regions.get(vpc).cloned().flatten());
    let found = subnet.and_then(|s| s.region.clone()).or_else(of_zones).or_else(of_vpc);
    nat.region = nat.region.take().or(found);
    let of_interfaces = only(own.iter().filter_map(|i| i.owner.as_deref()));
    let owner = of_interfaces.or_else(|| subnet?.owner.clone()).or_else(|| vpc?.owner.clone());
    nat.account = nat.account.take().or(owner);
}

/// The value, if all agree on one.
fn only<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut values = values.into_iter();
    let first = values.next()?;
    values.all(|other| other == first).then(|| first.to_owned())
}
