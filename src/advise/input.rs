//! What decisions are made from: traffic, endpoints that exist, prices. Values only; where they come from is not their concern.

use super::tiers::Tiers;
use crate::model::bytes::Bytes;
use crate::model::inventory::Zones;
use crate::model::usd::{PricePerGb, Usd};
use std::collections::{BTreeMap, BTreeSet};

/// Traffic of one client VPC to one service of its own Region through one gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceTraffic {
    /// VPC of the clients.
    pub vpc: String,
    /// Region of the VPC and of the service.
    pub region: String,
    /// Endpoint suffix: `s3`, `ecr.dkr`, ...
    pub service: String,
    /// AZ ids that the traffic comes from: the client's, or where that is not known those of all clients of the gateway.
    pub azs: BTreeSet<String>,
    /// The gateway that it crosses.
    pub nat_gateway_id: String,
    /// The gateway's VPC where that is another one, reached over a transit gateway: the hub.
    pub hub: Option<String>,
    /// Both directions, but for what was relayed.
    pub bytes: Bytes,
    /// What another NAT gateway passed on: in its own traffic already, charged here a second time.
    pub relayed: Bytes,
    /// What the NAT gateway charges for all of these bytes; `None` where that is not known.
    pub nat_usd: Option<Usd>,
    /// What crossing to the gateway's AZ costs; zero where nothing crosses.
    pub cross_az_usd: Option<Usd>,
    /// What the transit gateway charges; zero without one.
    pub transit_usd: Option<Usd>,
}

impl ServiceTraffic {
    /// Everything that an endpoint in the client's own VPC avoids; `None` where a part is not known.
    #[must_use]
    pub fn avoided(&self) -> Option<Usd> {
        Some(self.nat_usd? + self.cross_az_usd? + self.transit_usd?)
    }
}

/// An interface endpoint that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExistingEndpoint {
    /// `vpce-...`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Its Region.
    pub region: String,
    /// Endpoint suffix.
    pub service: String,
    /// AZ ids that it has an interface in.
    pub azs: BTreeSet<String>,
    /// What it processed in the period, both directions; `None` where neither bill nor metrics say.
    pub bytes: Option<Bytes>,
    /// What its hours cost in the period, all its AZs together.
    pub hours_usd: Option<Usd>,
    /// What its bytes cost by the bill; `None` where no bill says: then they cost what the tiers say.
    pub data_usd: Option<Usd>,
    /// Whole hours that it has stood in the period.
    pub stood: u64,
    /// What a GB costs through the NAT gateway that the traffic would take without it, the AZ crossing and the transit
    /// gateway included; `None` where its VPC has no way to a NAT gateway, or that way has no price.
    pub nat_per_gb: Option<PricePerGb>,
    /// Whether the service's own host names lead to it.
    pub private_dns: Option<bool>,
    /// The gateway endpoint that would take all of its VPC's bytes for nothing: then `nat_per_gb` is zero.
    pub free_way: Option<String>,
    /// Whether a service of AWS made it and keeps it: nobody else can delete it.
    pub managed: bool,
    /// When it was created, if that was after the period: then all traffic of the period is of the time before.
    pub created_after: Option<i64>,
    /// When it was created, if that was in the period and its VPC's traffic crossed a NAT gateway before and not since: that was of the time
    /// before, too, and the endpoint is not judged by what it carried in the rest of the period.
    pub took_over: Option<i64>,
}

impl ExistingEndpoint {
    /// When it was created, if what crossed a NAT gateway is of the time before: then nothing is left to do about it.
    #[must_use]
    pub fn younger(&self) -> Option<i64> {
        self.created_after.or(self.took_over)
    }
}

/// Prices of a Region's interface endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointPrices {
    /// An endpoint in one AZ for an hour begun.
    pub hour: Usd,
    /// A GB.
    pub gb: Tiers,
    /// A GB sent into a transit gateway; `None` where that is not known: then nothing new is shared.
    pub transit_gb: Option<PricePerGb>,
}

/// Everything that one Region's decisions are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionCase {
    /// The Region.
    pub region: String,
    /// Whole hours of the period.
    pub hours: u64,
    /// `None` where a price of the Region's endpoints is missing: then nothing has a figure.
    pub prices: Option<EndpointPrices>,
    /// What the NAT gateways carry to services with an interface endpoint.
    pub traffic: Vec<ServiceTraffic>,
    /// Likewise from Local Zones, which an interface endpoint cannot stand in: not weighed.
    pub at_edge: Vec<ServiceTraffic>,
    /// Interface endpoints of AWS services.
    pub endpoints: Vec<ExistingEndpoint>,
    /// What the interface endpoints that `endpoints` does not list processed: they fill the tiers too.
    pub other_bytes: Bytes,
    /// Why an endpoint cannot be created, by VPC and service: not offered, or a limit. Empty for most.
    pub unavailable: BTreeMap<(String, String), String>,
    /// AZs that a service is offered in, where that is not all of them.
    pub offered_zones: BTreeMap<String, Zones>,
    /// Services whose endpoints have no private DNS: a private hosted zone has to be made by hand.
    pub by_hand: BTreeSet<String>,
    /// Services whose private DNS takes public names of other customers, which then cannot be reached from the VPC.
    pub takes_public_names: BTreeSet<String>,
    /// Full name of each service, `com.amazonaws.us-east-1.sqs`.
    pub service_names: BTreeMap<String, String>,
    /// VPCs and services whose names lead to an endpoint already.
    pub answered_privately: BTreeSet<(String, String)>,
    /// Names of VPCs, for reasons.
    pub vpc_names: BTreeMap<String, String>,
}
