//! The things of an account that a report needs, as plain values. Field names follow the EC2 API; no lookups here.
//!
//! An id is the text AWS gave. `None` is "not said", which is neither empty nor a default.

use crate::model::addr::{Addr, Cidr};
use crate::model::period::Window;
use std::collections::BTreeMap;

/// Whether a gateway translates to public addresses (`ConnectivityType`; public where it is not said, as before 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connectivity {
    /// Reaches the internet.
    Public,
    /// Reaches other private networks only.
    Private,
}

/// Whether a gateway lives in one subnet or spans the VPC (`AvailabilityMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Availability {
    /// In one subnet, with network interfaces.
    Zonal,
    /// For a whole VPC; has neither subnet nor interface.
    Regional,
}

/// The life of a gateway when it was described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NatState {
    /// `available`.
    Available,
    /// `pending`.
    Pending,
    /// `deleting`.
    Deleting,
    /// `deleted`.
    Deleted,
    /// `failed`.
    Failed,
    /// Not described: known through its network interface only, or in a state that is not known here.
    Unknown,
}

/// A NAT gateway, also one that is gone by now: a past month may hold its traffic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NatGateway {
    /// `nat-…`.
    pub id: String,
    /// The `Name` tag.
    pub name: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its subnet; a regional gateway has none.
    pub subnet: Option<String>,
    /// Public or private.
    pub connectivity: Connectivity,
    /// Zonal or regional.
    pub availability: Availability,
    /// Its network interfaces, sorted; a regional gateway has none.
    pub interfaces: Vec<String>,
    /// All private addresses, the primary first: flow logs show the primary even where a secondary one was used.
    pub private_addrs: Vec<Addr>,
    /// All public addresses, the primary's first.
    pub public_addrs: Vec<Addr>,
    /// When it was described.
    pub state: NatState,
    /// Of its subnet, VPC or zones.
    pub region: Option<String>,
    /// Account id, from its interface, else its subnet, else its VPC: the gateway itself does not say.
    pub account: Option<String>,
    /// The zone of a zonal gateway.
    pub az_id: Option<String>,
    /// The zones of a regional gateway's addresses, sorted.
    pub az_ids: Vec<String>,
    /// The route table of a regional gateway.
    pub route_table: Option<String>,
    /// When it was created, Unix seconds (`CreateTime`).
    pub created: Option<i64>,
    /// When it was deleted (`DeleteTime`).
    pub deleted: Option<i64>,
}

impl NatGateway {
    /// Whether it was gone, or never came to be, when it was described.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.state, NatState::Deleted | NatState::Failed)
    }

    /// The hours begun of a window in which it stood; all of them where it does not say since when.
    #[must_use]
    pub fn hours_in(&self, window: Window) -> u64 {
        u64::try_from(window.life(self.created, self.deleted).hours()).unwrap_or(0)
    }
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// `InterfaceType`: `interface`, `nat_gateway`, `vpc_endpoint`, `lambda`, …
    pub kind: Option<String>,
    /// What its creator wrote; AWS services name the resource here.
    pub description: Option<String>,
    /// Its subnet.
    pub subnet: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its zone's id.
    pub az_id: Option<String>,
    /// Its zone's name in its account.
    pub az_name: Option<String>,
    /// Account id.
    pub owner: Option<String>,
    /// Addresses (as host blocks) and delegated prefixes, IPv4 and IPv6; the primary IPv4 address first.
    pub private_addrs: Vec<Cidr>,
    /// The public IPv4 address of its primary address.
    pub public_addr: Option<Addr>,
    /// The public IPv4 addresses of its other addresses, sorted.
    pub other_public_addrs: Vec<Addr>,
    /// The instance it is attached to.
    pub instance: Option<String>,
    /// The `Name` tag.
    pub name: Option<String>,
    /// When it was attached to what it is attached to, Unix seconds. A stop and a start of the instance leave it as it is.
    pub attached: Option<i64>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// The addresses that it has itself, beside those of its interfaces: old or shortened outputs list no interface.
    pub addrs: Vec<Cidr>,
    /// Its network interfaces, as its own description tells of them.
    pub interfaces: Vec<NetworkInterface>,
}

/// A VPC. One that is known only through its subnets has their blocks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// The `Name` tag.
    pub name: Option<String>,
    /// Associated IPv4 and IPv6 blocks, sorted.
    pub cidrs: Vec<Cidr>,
    /// Account id.
    pub owner: Option<String>,
    /// Of its subnets, interfaces, gateways or gateway endpoints, where they agree.
    pub region: Option<String>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its zone's name in its account.
    pub az_name: Option<String>,
    /// Its zone's id, the same in every account.
    pub az_id: Option<String>,
    /// IPv4 and IPv6 blocks, sorted.
    pub cidrs: Vec<Cidr>,
    /// The `Name` tag.
    pub name: Option<String>,
    /// Account id of the subnet's owner.
    pub owner: Option<String>,
    /// From its zone, else its ARN.
    pub region: Option<String>,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteTarget {
    /// Inside the VPC.
    Local,
    /// `nat-…`.
    NatGateway(String),
    /// An internet gateway.
    InternetGateway,
    /// An egress-only internet gateway (IPv6).
    EgressOnlyInternetGateway,
    /// `vpce-…`: a gateway endpoint (behind a prefix list) or a Gateway Load Balancer endpoint.
    VpcEndpoint(String),
    /// `tgw-…`.
    TransitGateway(String),
    /// `pcx-…`.
    Peering(String),
    /// `eni-…`.
    Interface(String),
    /// `i-…`.
    Instance(String),
    /// Anything else, by its id: a virtual private gateway, a local or carrier gateway, a core network.
    Other(String),
    /// Nowhere: the target of the most specific route is gone, so its traffic is dropped.
    Blackhole,
}

/// What a route matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteDestination {
    /// A block.
    Cidr(Cidr),
    /// `pl-…`: every block of a prefix list.
    PrefixList(String),
}

/// Whether a route is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteState {
    /// In force.
    Active,
    /// In force, but its target is gone.
    Blackhole,
    /// Not in force (`filtered`).
    Filtered,
}

/// Who wrote a route. AWS: between routes for one block a written one wins over a prefix list's, and that over a propagated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteOrigin {
    /// By a person, or with the table.
    Written,
    /// By a virtual private gateway.
    Propagated,
}

/// One line of a route table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// What it matches.
    pub destination: RouteDestination,
    /// Where it leads, or led before its target went.
    pub target: RouteTarget,
    /// Whether it is in force.
    pub state: RouteState,
    /// Who wrote it.
    pub origin: RouteOrigin,
}

/// Whether a route table serves the subnets that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableRole {
    /// The VPC's main table.
    Main,
    /// Serves the subnets that are associated with it.
    Custom,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// The `Name` tag.
    pub name: Option<String>,
    /// Main or custom.
    pub role: TableRole,
    /// Explicitly associated subnets, sorted.
    pub subnets: Vec<String>,
    /// Its routes, sorted.
    pub routes: Vec<Route>,
}

/// `VpcEndpointType`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointKind {
    /// Routes of a prefix list; free.
    Gateway,
    /// Network interfaces; paid by the hour and GB.
    Interface,
    /// A Gateway Load Balancer's.
    GatewayLoadBalancer,
    /// Any other, as named.
    Other(String),
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// Its type.
    pub kind: EndpointKind,
    /// `com.amazonaws.us-east-1.s3`; may name another Region's service.
    pub service_name: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Lower case: `available`, `pending`, `deleted`, …
    pub state: Option<String>,
    /// The route tables of a gateway endpoint, sorted.
    pub route_tables: Vec<String>,
    /// The subnets of an interface endpoint, sorted.
    pub subnets: Vec<String>,
    /// Its network interfaces, sorted.
    pub interfaces: Vec<String>,
    /// Whether the service's own host names lead to it.
    pub private_dns: Option<bool>,
    /// Whether these names lead to it only for who asks from outside of the VPC (`PrivateDnsOnlyForInboundResolverEndpoint`).
    pub dns_for_inbound_only: bool,
    /// The endpoint's own Region: its VPC's, else for a gateway endpoint its service's (an interface endpoint's service may be elsewhere).
    pub region: Option<String>,
    /// Account id.
    pub owner: Option<String>,
    /// When it was created, Unix seconds (`CreationTimestamp`).
    pub created: Option<i64>,
    /// Whether a service of AWS made it and keeps it (`RequesterManaged`): its VPC's owner cannot delete it.
    pub managed: bool,
}

impl VpcEndpoint {
    /// Whether it is usable or about to be; one whose state is not said is taken to be.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state.as_deref(), None | Some("available" | "pending" | "partial"))
    }
}

/// A managed prefix list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrefixList {
    /// `pl-…`.
    pub id: String,
    /// `com.amazonaws.us-east-1.s3` for AWS's own; the service's name where only a gateway endpoint's route tells.
    pub name: Option<String>,
    /// Its blocks, sorted; `None` where they were not collected.
    pub cidrs: Option<Vec<Cidr>>,
    /// From its name, else its ARN.
    pub region: Option<String>,
}

/// A flow log subscription.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowLog {
    /// `fl-…`.
    pub id: String,
    /// The VPC, subnet, interface or gateway that it records.
    pub resource: Option<String>,
    /// The `CloudWatch` log group that it writes to, if it does.
    pub log_group: Option<String>,
    /// ARN of a bucket, log group or delivery stream.
    pub destination: Option<String>,
    /// `LogFormat`: the fields in order, `${version} ${account-id} …`.
    pub format: Option<String>,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic_type: Option<String>,
    /// The tag key whose values a tag field of the records holds: `instance-tag-2` to `team` (`TagFieldSpecifications`).
    pub tag_fields: BTreeMap<String, String>,
}

/// Something that is attached to a transit gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TgwAttachment {
    /// `tgw-…`.
    pub tgw: String,
    /// `tgw-attach-…`.
    pub attachment: String,
    /// `vpc`, `vpn`, `peering`, …
    pub resource_type: Option<String>,
    /// The attached VPC.
    pub vpc: Option<String>,
    /// Account id of the attached resource.
    pub owner: Option<String>,
    /// The attached VPC's subnets where its traffic from the transit gateway arrives, sorted.
    pub subnets: Vec<String>,
    /// Lower case: `available`, `deleted`, …
    pub state: Option<String>,
}

impl TgwAttachment {
    /// Whether it carries traffic; one whose state is not said is taken to.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.state.as_deref(), Some("deleted" | "deleting" | "failed" | "failing" | "rejected" | "rejecting"))
    }
}
