//! The elements of describe output, one by one: JSON values into typed ones. Field names and meanings: the EC2 API reference.
//!
//! Only an element's own id is required. A field that is missing or of another type than AWS writes is "not said".

use super::fields::{instant, list, lower, name_tag, owned, required, shown, text, texts};
use super::json::{Json, Object};
use super::owners::tag_fields;
use super::pages;
use super::services::{self, SeenList};
use super::{AddressRank, InventoryDraft, InventoryWarning, NatAddress, Standing, push_new};
use crate::model::addr::{Addr, Cidr};
use crate::model::inventory::{
    Availability, Connectivity, EndpointKind, FlowLog, NatGateway, NatState, NetworkInterface, PrefixList, Route,
    RouteDestination, RouteOrigin, RouteState, RouteTable, RouteTarget, Subnet, TableRole, TgwAttachment, Vpc,
    VpcEndpoint,
};
use crate::model::region;
use crate::sources::pages::{About, Page};
use std::collections::{BTreeMap, BTreeSet};

/// Reads an element of one kind, or says why it cannot be used.
type ReadElement = fn(&mut PageReader<'_>, &Json<'_>) -> Result<(), String>;

const KINDS: &[(&str, ReadElement)] = &[
    ("NatGateways", |reader, v| reader.nat_gateway(v)),
    ("NetworkInterfaces", |reader, v| reader.interface(v)),
    ("Reservations", |reader, v| reader.reservation(v)),
    ("Instances", |reader, v| reader.instance(v, None)),
    ("Tags", |reader, v| reader.tag(v)),
    ("Vpcs", |reader, v| reader.vpc(v)),
    ("Subnets", |reader, v| reader.subnet(v)),
    ("RouteTables", |reader, v| reader.route_table(v)),
    ("VpcEndpoints", |reader, v| reader.endpoint(v)),
    ("PrefixLists", |reader, v| reader.prefix_list(v)),
    ("FlowLogs", |reader, v| reader.flow_log(v)),
    ("TransitGatewayAttachments", |reader, v| reader.attachment(v)),
    ("TransitGatewayVpcAttachments", |reader, v| reader.attachment(v)),
];

/// The target that a route's id field makes.
type MakeTarget = fn(String) -> RouteTarget;

/// The key of `get-managed-prefix-list-entries`, whose output does not name its list.
const ENTRIES: &str = "Entries";

/// What the pages of a prefix list's entries are kept under.
#[must_use]
pub fn entries_of(list: &str) -> String {
    format!("{ENTRIES} of {list}")
}

/// Keys that are known and not needed.
const IGNORED: &[&str] = &[
    ENTRIES,
    "NextToken",
    "PrefixListId",
    "ResponseMetadata",
    services::DETAILS,
    services::NAMES,
    "data",
    "nextToken",
    "status_code",
];

/// Reads the pages of one file, in their order.
pub(super) struct PageReader<'a> {
    file: &'a str,
    pub(super) draft: &'a mut InventoryDraft,
    /// The endpoint services that the file's pages listed, by Region.
    pub(super) seen_services: BTreeMap<String, SeenList>,
    /// The prefix lists of the file's latest page that had any.
    lists: BTreeSet<String>,
    /// The element at hand, for messages.
    at: String,
}

impl<'a> PageReader<'a> {
    pub(super) fn new(file: &'a str, draft: &'a mut InventoryDraft) -> Self {
        Self { file, draft, seen_services: BTreeMap::new(), lists: BTreeSet::new(), at: String::new() }
    }

    pub(super) fn page(&mut self, page: &Object<'_>) {
        for (key, read) in KINDS {
            match page.get(key) {
                Some(Json::List(elements)) => {
                    self.elements(key, elements, *read);
                    self.seen(key, page, pages::about(elements));
                }
                Some(_) => self.warn(format!("`{key}` is not a list; ignored")),
                None => {}
            }
        }
        match page.get(ENTRIES) {
            Some(Json::List(entries)) => {
                if let Some(list) = self.entries(page, entries) {
                    self.seen(&entries_of(&list), page, BTreeSet::new());
                }
            }
            Some(_) => self.warn(format!("`{ENTRIES}` is not a list; ignored")),
            None => {}
        }
        self.service_page(page);
        for key in page.keys().collect::<BTreeSet<_>>().into_iter().filter(|key| !IGNORED.contains(key)) {
            if KINDS.iter().all(|(known, _)| *known != key) {
                self.warn(format!("`{}` is not used; ignored", shown(key)));
            }
        }
    }

    /// Keeps of a page whether it is its answer's last one.
    pub(super) fn seen(&mut self, call: &str, page: &Object<'_>, about: BTreeSet<About>) {
        let file = self.file.to_owned();
        self.draft.pages.add(call, Page { file, about }, pages::goes_on(page));
    }

    fn elements(&mut self, key: &str, elements: &[Json<'_>], read: ReadElement) {
        if key == "PrefixLists" {
            self.lists.clear();
        }
        for (index, element) in elements.iter().enumerate() {
            self.at = format!("{key}[{index}]");
            if let Err(reason) = read(self, element) {
                self.warn(format!("{}: {reason}; left out", self.at));
            }
        }
    }

    pub(super) fn warn(&mut self, message: String) {
        self.draft.warnings.insert(InventoryWarning { file: self.file.to_owned(), message });
    }

    /// Keeps what of a thing numbers rest on.
    fn claim<const N: usize>(&mut self, id: &str, says: [(&'static str, Option<String>); N]) {
        self.draft.claims.add(id, self.file, says);
    }

    /// A block, or a warning if the text is none.
    pub(super) fn cidr(&mut self, text: Option<&str>) -> Option<Cidr> {
        let found = Cidr::parse(text?);
        if found.is_none() {
            self.warn(format!("{}: `{}` is no address block; left out", self.at, shown(text?)));
        }
        found
    }

    /// An address, or a warning if the text is none.
    fn addr(&mut self, text: Option<&str>) -> Option<Addr> {
        let found = Addr::parse(text?.as_bytes());
        if found.is_none() {
            self.warn(format!("{}: `{}` is no address; left out", self.at, shown(text?)));
        }
        found
    }

    fn nat_gateway(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "NatGatewayId")?;
        let described = list(v, "NatGatewayAddresses");
        // Before secondary addresses existed nothing was marked: the one address there is, is the primary.
        let marked = described.iter().any(|a| a.get("IsPrimary") == Some(&Json::Bool(true)));
        let mut addresses = BTreeSet::new();
        for (index, address) in described.iter().enumerate() {
            let primary = if marked { address.get("IsPrimary") == Some(&Json::Bool(true)) } else { index == 0 };
            addresses.insert(NatAddress {
                rank: if primary { AddressRank::Primary } else { AddressRank::Secondary },
                private: self.addr(text(address, "PrivateIp")),
                public: self.addr(text(address, "PublicIp")),
                interface: owned(address, "NetworkInterfaceId"),
                az_id: owned(address, "AvailabilityZoneId"),
            });
        }
        let state = lower(v, "State");
        let nat = NatGateway {
            id: id.clone(),
            name: name_tag(v),
            vpc: owned(v, "VpcId"),
            subnet: owned(v, "SubnetId"),
            connectivity: match lower(v, "ConnectivityType").as_deref() {
                Some("private") => Connectivity::Private,
                _ => Connectivity::Public,
            },
            availability: match lower(v, "AvailabilityMode").as_deref() {
                Some("regional") => Availability::Regional,
                _ => Availability::Zonal,
            },
            interfaces: Vec::new(),
            private_addrs: Vec::new(),
            public_addrs: Vec::new(),
            state: nat_state(state.as_deref()),
            region: None,
            account: None,
            az_id: None,
            az_ids: Vec::new(),
            route_table: owned(v, "RouteTableId"),
            created: instant(v, "CreateTime"),
            deleted: instant(v, "DeleteTime"),
        };
        let gone = state.is_some().then(|| if nat.is_gone() { "gone" } else { "there" }.to_owned());
        self.claim(&id, [("state", gone), ("VPC", nat.vpc.clone()), ("subnet", nat.subnet.clone())]);
        let weight = addresses.len();
        self.draft.nat_addresses.entry(id.clone()).or_default().extend(addresses);
        self.draft.nat_gateways.offer(id, Standing::of(state.as_deref()), weight, nat);
        Ok(())
    }

    fn interface(&mut self, v: &Json<'_>) -> Result<(), String> {
        let interface = self.read_interface(v)?;
        self.tags_of(&interface.id, v);
        let standing = Standing::of(lower(v, "Status").as_deref());
        self.draft.interfaces.offer(interface.id.clone(), standing, interface.private_addrs.len(), interface);
        Ok(())
    }

    pub(super) fn read_interface(&mut self, v: &Json<'_>) -> Result<NetworkInterface, String> {
        let id = required(v, "NetworkInterfaceId")?;
        let mut texts: Vec<&str> = text(v, "PrivateIpAddress").into_iter().collect();
        texts.extend(list(v, "PrivateIpAddresses").iter().filter_map(|a| text(a, "PrivateIpAddress")));
        texts.extend(list(v, "Ipv4Prefixes").iter().filter_map(|a| text(a, "Ipv4Prefix")));
        texts.extend(list(v, "Ipv6Addresses").iter().filter_map(|a| text(a, "Ipv6Address")));
        texts.extend(list(v, "Ipv6Prefixes").iter().filter_map(|a| text(a, "Ipv6Prefix")));
        let mut private_addrs = Vec::new();
        for text in texts {
            push_new(&mut private_addrs, self.cidr(Some(text)));
        }
        // The first is the primary address; the order of the others means nothing.
        if let Some((_, others)) = private_addrs.split_first_mut() {
            others.sort();
        }
        let public_addr = self.addr(v.get("Association").and_then(|a| text(a, "PublicIp")));
        let mut other_public_addrs = Vec::new();
        for other in list(v, "PrivateIpAddresses") {
            let addr = self.addr(other.get("Association").and_then(|a| text(a, "PublicIp")));
            push_new(&mut other_public_addrs, addr.filter(|_| addr != public_addr));
        }
        other_public_addrs.sort();
        let attachment = v.get("Attachment");
        Ok(NetworkInterface {
            id,
            kind: owned(v, "InterfaceType"),
            description: owned(v, "Description"),
            subnet: owned(v, "SubnetId"),
            vpc: owned(v, "VpcId"),
            az_id: owned(v, "AvailabilityZoneId"),
            az_name: owned(v, "AvailabilityZone"),
            owner: owned(v, "OwnerId"),
            public_addr,
            other_public_addrs,
            instance: attachment.and_then(|a| owned(a, "InstanceId")),
            name: name_tag(v),
            attached: attachment.and_then(|a| instant(a, "AttachTime")),
            private_addrs,
        })
    }

    fn vpc(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "VpcId")?;
        self.tags_of(&id, v);
        let cidrs = self.network_blocks(v);
        let vpc = Vpc { id: id.clone(), name: name_tag(v), owner: owned(v, "OwnerId"), region: None, cidrs };
        self.draft.vpcs.offer(id, Standing::of(lower(v, "State").as_deref()), vpc.cidrs.len(), vpc);
        Ok(())
    }

    fn subnet(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "SubnetId")?;
        self.tags_of(&id, v);
        let (az_id, az_name) = (owned(v, "AvailabilityZoneId"), owned(v, "AvailabilityZone"));
        let of_zone = az_id.as_deref().and_then(region::of_az_id);
        let of_name = az_name.as_deref().and_then(region::of_az_name);
        let of_arn = text(v, "SubnetArn").and_then(region::of_arn);
        let subnet = Subnet {
            id: id.clone(),
            vpc: owned(v, "VpcId"),
            region: of_zone.or(of_name).or(of_arn).map(str::to_owned),
            cidrs: self.network_blocks(v),
            name: name_tag(v),
            owner: owned(v, "OwnerId"),
            az_name,
            az_id,
        };
        self.claim(&id, [("VPC", subnet.vpc.clone()), ("AZ", subnet.az_id.clone())]);
        self.draft.subnets.offer(id, Standing::of(lower(v, "State").as_deref()), subnet.cidrs.len(), subnet);
        Ok(())
    }

    /// The blocks of a VPC or subnet that are associated with it, sorted.
    fn network_blocks(&mut self, v: &Json<'_>) -> Vec<Cidr> {
        let mut texts: Vec<&str> = text(v, "CidrBlock").into_iter().collect();
        for (set, block, state) in [
            ("CidrBlockAssociationSet", "CidrBlock", "CidrBlockState"),
            ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState"),
        ] {
            let held = |a: &&Json<'_>| {
                let state = a.get(state).and_then(|state| lower(state, "State"));
                matches!(state.as_deref(), None | Some("associated" | "associating"))
            };
            texts.extend(list(v, set).iter().filter(held).filter_map(|a| text(a, block)));
        }
        let cidrs: BTreeSet<Cidr> = texts.into_iter().filter_map(|text| self.cidr(Some(text))).collect();
        cidrs.into_iter().collect()
    }

    fn route_table(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "RouteTableId")?;
        let associations = list(v, "Associations").iter().filter(|a| {
            let state = a.get("AssociationState").and_then(|state| lower(state, "State"));
            matches!(state.as_deref(), None | Some("associated" | "associating"))
        });
        let associations: Vec<&Json<'_>> = associations.collect();
        let subnets: BTreeSet<String> = associations.iter().filter_map(|a| owned(a, "SubnetId")).collect();
        let is_main = associations.iter().any(|a| a.get("Main") == Some(&Json::Bool(true)));
        let mut routes = BTreeSet::new();
        for (index, described) in list(v, "Routes").iter().enumerate() {
            match self.route(described) {
                Some(route) => drop(routes.insert(route)),
                None => self.warn(format!("{}: Routes[{index}] has no readable destination; left out", self.at)),
            }
        }
        let table = RouteTable {
            id: id.clone(),
            vpc: owned(v, "VpcId"),
            name: name_tag(v),
            role: if is_main { TableRole::Main } else { TableRole::Custom },
            subnets: subnets.into_iter().collect(),
            routes: routes.into_iter().collect(),
        };
        let said = |key: &str, value: String| v.get(key).is_some().then_some(value);
        let routes = said("Routes", leading(&table.routes));
        let subnets = said("Associations", format!("{:?} {}", table.role, table.subnets.join(" ")));
        self.claim(&id, [("routing", routes), ("set of subnets", subnets)]);
        self.draft.route_tables.offer(id, Standing::Usable, table.routes.len() + table.subnets.len(), table);
        Ok(())
    }

    fn route(&mut self, v: &Json<'_>) -> Option<Route> {
        let block = text(v, "DestinationCidrBlock").or_else(|| text(v, "DestinationIpv6CidrBlock"));
        let destination = match owned(v, "DestinationPrefixListId") {
            Some(list) => RouteDestination::PrefixList(list),
            None => RouteDestination::Cidr(self.cidr(block)?),
        };
        let state = match lower(v, "State").as_deref() {
            Some("blackhole") => RouteState::Blackhole,
            Some("filtered") => RouteState::Filtered,
            _ => RouteState::Active,
        };
        let origin = match text(v, "Origin") {
            Some("EnableVgwRoutePropagation") => RouteOrigin::Propagated,
            _ => RouteOrigin::Written,
        };
        Some(Route { destination, target: route_target(v, state), state, origin })
    }

    fn endpoint(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "VpcEndpointId")?;
        let state = lower(v, "State");
        let standing = Standing::of(state.as_deref());
        let endpoint = VpcEndpoint {
            id: id.clone(),
            // Outputs from before 2017 do not say the type: only gateway endpoints existed.
            kind: match text(v, "VpcEndpointType") {
                None | Some("Gateway") => EndpointKind::Gateway,
                Some("Interface") => EndpointKind::Interface,
                Some("GatewayLoadBalancer") => EndpointKind::GatewayLoadBalancer,
                Some(other) => EndpointKind::Other(other.to_owned()),
            },
            service_name: owned(v, "ServiceName"),
            vpc: owned(v, "VpcId"),
            state,
            route_tables: texts(v, "RouteTableIds"),
            subnets: texts(v, "SubnetIds"),
            interfaces: texts(v, "NetworkInterfaceIds"),
            private_dns: v.get("PrivateDnsEnabled").and_then(Json::as_bool),
            dns_for_inbound_only: v
                .get("DnsOptions")
                .and_then(|options| options.get("PrivateDnsOnlyForInboundResolverEndpoint")?.as_bool())
                == Some(true),
            region: None,
            owner: owned(v, "OwnerId"),
            created: instant(v, "CreationTimestamp"),
            managed: v.get("RequesterManaged").and_then(Json::as_bool) == Some(true),
        };
        let live = endpoint.state.is_some().then(|| if endpoint.is_live() { "there" } else { "gone" }.to_owned());
        let tables = v.get("RouteTableIds").map(|_| endpoint.route_tables.join(" "));
        self.claim(&id, [("state", live), ("set of route tables", tables)]);
        let weight = endpoint.route_tables.len() + endpoint.subnets.len() + endpoint.interfaces.len();
        self.draft.endpoints.offer(id, standing, weight, endpoint);
        Ok(())
    }

    fn prefix_list(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "PrefixListId")?;
        let name = owned(v, "PrefixListName");
        let of_name = name.as_deref().and_then(region::of_service_name);
        let region = of_name.or_else(|| text(v, "PrefixListArn").and_then(region::of_arn)).map(str::to_owned);
        let standing = Standing::of(lower(v, "State").as_deref());
        if let Some(Json::List(blocks)) = v.get("Cidrs") {
            let cidrs: Vec<Cidr> = blocks.iter().filter_map(|block| self.cidr(block.as_str())).collect();
            self.draft.list_entries.entry(id.clone()).or_default().extend(cidrs);
        }
        self.lists.insert(id.clone());
        self.draft.prefix_lists.offer(id.clone(), standing, 0, PrefixList { id, name, cidrs: None, region });
        Ok(())
    }

    /// Whose entries they are: a key beside them says it, or the file's name, or the one list of the page before.
    fn entries(&mut self, page: &Object<'_>, entries: &[Json<'_>]) -> Option<String> {
        ENTRIES.clone_into(&mut self.at);
        let beside = page.get("PrefixListId").and_then(Json::as_str).map(str::to_owned);
        let only_list = || if self.lists.len() == 1 { self.lists.first().cloned() } else { None };
        let Some(id) = beside.or_else(|| list_id_in(self.file)).or_else(only_list) else {
            let advice = "put the list's id (`pl-...`) into the file's name";
            self.warn(format!("`{ENTRIES}`: no prefix list is named; ignored ({advice})"));
            return None;
        };
        let cidrs: Vec<Cidr> = entries.iter().filter_map(|entry| self.cidr(text(entry, "Cidr"))).collect();
        if cidrs.len() < entries.len() {
            let unreadable = entries.len() - cidrs.len();
            self.warn(format!("`{ENTRIES}` of {}: {unreadable} unreadable; left out", shown(&id)));
        }
        self.draft.list_entries.entry(id.clone()).or_default().extend(cidrs);
        Some(id)
    }

    fn flow_log(&mut self, v: &Json<'_>) -> Result<(), String> {
        let id = required(v, "FlowLogId")?;
        let log = FlowLog {
            id: id.clone(),
            resource: owned(v, "ResourceId"),
            log_group: owned(v, "LogGroupName"),
            destination: owned(v, "LogDestination"),
            format: owned(v, "LogFormat"),
            traffic_type: owned(v, "TrafficType"),
            tag_fields: tag_fields(v),
        };
        self.draft.flow_logs.offer(id, Standing::of(lower(v, "FlowLogStatus").as_deref()), 0, log);
        Ok(())
    }

    fn attachment(&mut self, v: &Json<'_>) -> Result<(), String> {
        let attachment = required(v, "TransitGatewayAttachmentId")?;
        let of_vpc = owned(v, "VpcId");
        let resource_type = owned(v, "ResourceType").or_else(|| of_vpc.is_some().then(|| "vpc".to_owned()));
        let is_vpc = resource_type.as_deref() == Some("vpc");
        let state = lower(v, "State");
        let standing = Standing::of(state.as_deref());
        let value = TgwAttachment {
            tgw: required(v, "TransitGatewayId")?,
            attachment: attachment.clone(),
            vpc: of_vpc.or_else(|| owned(v, "ResourceId").filter(|_| is_vpc)),
            resource_type,
            owner: owned(v, "ResourceOwnerId").or_else(|| owned(v, "VpcOwnerId")),
            subnets: texts(v, "SubnetIds"),
            state,
        };
        self.draft.attachments.offer(attachment, standing, value.subnets.len(), value);
        Ok(())
    }
}

fn nat_state(state: Option<&str>) -> NatState {
    match state {
        Some("available") => NatState::Available,
        Some("pending") => NatState::Pending,
        Some("deleting") => NatState::Deleting,
        Some("deleted") => NatState::Deleted,
        Some("failed") => NatState::Failed,
        _ => NatState::Unknown,
    }
}

/// Routes that decide over a NAT gateway's bytes.
fn leading(routes: &[Route]) -> String {
    let leads = |target: &RouteTarget| {
        use RouteTarget::{NatGateway, TransitGateway, VpcEndpoint};
        matches!(target, NatGateway(_) | TransitGateway(_) | VpcEndpoint(_))
    };
    let leading = routes.iter().filter(|route| leads(&route.target));
    format!("{:?}", leading.map(|route| (&route.destination, &route.target)).collect::<Vec<_>>())
}

fn route_target(v: &Json<'_>, state: RouteState) -> RouteTarget {
    // A route to an instance names its interface too; the instance says more.
    let targets: [(&str, MakeTarget); 10] = [
        ("NatGatewayId", RouteTarget::NatGateway),
        ("TransitGatewayId", RouteTarget::TransitGateway),
        ("VpcPeeringConnectionId", RouteTarget::Peering),
        ("EgressOnlyInternetGatewayId", |_| RouteTarget::EgressOnlyInternetGateway),
        ("GatewayId", gateway_target),
        ("InstanceId", RouteTarget::Instance),
        ("NetworkInterfaceId", RouteTarget::Interface),
        ("CarrierGatewayId", RouteTarget::Other),
        ("LocalGatewayId", RouteTarget::Other),
        ("CoreNetworkArn", RouteTarget::Other),
    ];
    let named = targets.into_iter().find_map(|(key, target)| owned(v, key).map(target));
    named.unwrap_or_else(|| match state {
        RouteState::Blackhole => RouteTarget::Blackhole,
        _ => RouteTarget::Other("unknown".to_owned()),
    })
}

fn gateway_target(id: String) -> RouteTarget {
    match id.split('-').next() {
        Some("local") => RouteTarget::Local,
        Some("igw") => RouteTarget::InternetGateway,
        Some("vpce") => RouteTarget::VpcEndpoint(id),
        _ => RouteTarget::Other(id),
    }
}

/// The one prefix list id in a file's name (its folders count where the name itself has none).
fn list_id_in(file: &str) -> Option<String> {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    [base, file].into_iter().find_map(|text| {
        let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let is_id = |id: &str| id.len() >= 8 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let pairs = parts.windows(2).filter(|pair| pair[0] == "pl" && is_id(pair[1]));
        let ids: BTreeSet<&str> = pairs.map(|pair| pair[1]).collect();
        if ids.len() == 1 { ids.first().map(|id| format!("pl-{id}")) } else { None }
    })
}
