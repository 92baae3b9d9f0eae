//! Whether an endpoint for a service can be made in a Region: the account's own word first, then the built-in table.

use super::table::{self, PrivateDns, Service, ServiceKind};
use super::{EndpointType, endpoint_type};
use crate::model::inventory::{EndpointKind, Inventory, OfferedService, VpcEndpoint, Zones};
use crate::model::region;

/// Interface and Gateway Load Balancer endpoints per VPC, together (AWS PrivateLink quotas; adjustable).
pub const INTERFACE_ENDPOINTS_PER_VPC: usize = 50;
/// Gateway endpoints per account and Region (AWS PrivateLink quotas; adjustable).
pub const GATEWAY_ENDPOINTS_PER_REGION: usize = 20;

/// An endpoint that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointOffer {
    /// Never [`EndpointType::None`].
    pub endpoint: EndpointType,
    /// In full: `com.amazonaws.us-east-1.sqs`.
    pub service_name: String,
    /// Where it can stand; a gateway endpoint stands in no zone, so anywhere.
    pub zones: Zones,
    /// Whether a setting of it makes the service's own host names lead to it; `None` for a gateway endpoint, or not known.
    /// Where it is `false`, a private hosted zone has to be made by hand.
    pub private_dns: Option<bool>,
    /// With private DNS on, other customers' public hosts under the service's names cannot be reached from the VPC.
    pub takes_public_names: bool,
}

/// Why an endpoint cannot be made, or should not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// Not the name of a service with endpoints, neither here nor in the account's list.
    #[error("no endpoint service is known for {service}")]
    Unknown {
        /// As it was asked for.
        service: String,
    },
    /// A service that no endpoint reaches.
    #[error("AWS has no VPC endpoint for {service}")]
    NoEndpoint {
        /// As it was asked for.
        service: String,
    },
    /// No host name could lead to it, so it would take over no traffic.
    #[error("an interface endpoint for {service} has no private DNS: the clients would go on using the NAT gateway")]
    NoPrivateDns {
        /// As it was asked for.
        service: String,
    },
    /// The service has endpoints in other Regions only.
    #[error("endpoints for {service} are offered in {} only, not in {region}", .regions.join(", "))]
    OtherRegion {
        /// As it was asked for.
        service: String,
        /// As it was asked for.
        region: String,
        /// The Regions that offer it.
        regions: Vec<&'static str>,
    },
    /// The name of the endpoint service holds a number that AWS gives each account.
    #[error(
        "the name of the endpoint service for {service} is another in each account: `describe-vpc-endpoint-services` of {region} tells it"
    )]
    NamePerAccount {
        /// As it was asked for.
        service: String,
        /// As it was asked for.
        region: String,
    },
    /// The account's list of the Region does not hold it.
    #[error(
        "{service} is not among the {listed} endpoint services that `describe-vpc-endpoint-services` lists in {region} (if that was asked with a filter, ask without)"
    )]
    NotListed {
        /// As it was asked for.
        service: String,
        /// As it was asked for.
        region: String,
        /// How many the list holds.
        listed: usize,
    },
    /// As many endpoints exist as the quota allows.
    #[error(
        "{place} already has {used} {kind} endpoints, and the default quota is {quota}: it can be raised in Service Quotas"
    )]
    LimitReached {
        /// The VPC, or the Region.
        place: String,
        /// `interface` or `gateway`.
        kind: &'static str,
        /// How many there are.
        used: usize,
        /// The default quota.
        quota: usize,
    },
}

/// The endpoint that can be made for a service in a Region. Says nothing of quotas ([`room`]), nor whether it would pay.
///
/// What the account was told decides: a service that its list holds is offered also where the table does not know it, and one
/// that a whole list lacks is not, unless an endpoint for it exists. Gateway endpoints for S3 and `DynamoDB` exist everywhere;
/// an interface endpoint is never offered for these two.
pub fn offer(service: &str, region: &str, inventory: &Inventory) -> Result<EndpointOffer, NotOffered> {
    let (asked, here) = (|| service.to_owned(), || region.to_owned());
    let known = table::find(service);
    let is = |kind| known.is_some_and(|known| known.kind == kind);
    if is(ServiceKind::Interface) && known.is_some_and(|known| known.private_dns == PrivateDns::No) {
        return Err(NotOffered::NoPrivateDns { service: asked() });
    }
    let wanted = if is(ServiceKind::Gateway) { EndpointType::Gateway } else { EndpointType::Interface };
    let list = inventory.service_list(region);
    let mut listed =
        list.into_iter().flat_map(|list| &list.services).filter(|s| is_it(s, service, known, wanted, region));
    let first = listed.next();
    if let (Some(found), None) = (first, listed.next()) {
        let zones = if wanted == EndpointType::Gateway { Zones::Any } else { inventory.zones_of(found) };
        return Ok(make(wanted, found.name.clone(), zones, known, found.private_dns));
    }
    if let Some(name) = existing(service, region, known, wanted, inventory) {
        return Ok(make(wanted, name.to_owned(), Zones::Any, known, None));
    }
    if is(ServiceKind::Unreachable) {
        return Err(NotOffered::NoEndpoint { service: asked() });
    }
    let whole = list.filter(|list| list.is_whole && first.is_none() && !matches!(service, "s3" | "dynamodb"));
    if let Some(list) = whole {
        return Err(NotOffered::NotListed { service: asked(), region: here(), listed: list.services.len() });
    }
    let known = known.ok_or_else(|| NotOffered::Unknown { service: asked() })?;
    if !known.regions.is_empty() && !known.regions.contains(&region) {
        return Err(NotOffered::OtherRegion { service: asked(), region: here(), regions: known.regions.clone() });
    }
    let name = known.full_name(region);
    let name = name.ok_or_else(|| NotOffered::NamePerAccount { service: asked(), region: here() })?;
    Ok(make(wanted, name, Zones::Any, Some(known), None))
}

/// As [`endpoint_type`], and also for services that only the account's own list knows.
#[must_use]
pub fn endpoint_type_in(
    service: &str,
    service_region: Option<&str>,
    region: Option<&str>,
    inventory: &Inventory,
) -> EndpointType {
    match (endpoint_type(service, service_region, region), region) {
        (EndpointType::None, Some(here)) if service_region == region && is_unknown(service) => {
            offer(service, here, inventory).map_or(EndpointType::None, |offer| offer.endpoint)
        }
        (found, _) => found,
    }
}

/// Whether an endpoint could carry traffic to a service, if the Region that is not known is the other side's. `None`: neither
/// side's is known.
#[must_use]
pub fn may_have_endpoint(service: &str, region: Option<&str>, inventory: &Inventory) -> bool {
    let reaches =
        |known: &Service| known.kind != ServiceKind::Unreachable && !matches!(known.private_dns, PrivateDns::No);
    match region {
        Some(_) => endpoint_type_in(service, region, region, inventory) != EndpointType::None,
        None => table::find(service).is_some_and(reaches),
    }
}

/// Whether the table knows no endpoint of the service, so that only an account's list can.
fn is_unknown(service: &str) -> bool {
    table::find(service).is_none_or(|known| known.kind == ServiceKind::Unreachable)
}

/// How many more endpoints of a kind the default quota leaves: at least one, else the reason.
///
/// Interface endpoints are counted in the VPC, together with Gateway Load Balancer endpoints; gateway endpoints in the VPC's
/// Region and account. What the inventory does not hold is not counted, and a raised quota is not known.
pub fn room(endpoint: EndpointType, vpc: &str, inventory: &Inventory) -> Result<usize, NotOffered> {
    let live = inventory.endpoints().filter(|endpoint| endpoint.is_live());
    let (place, used, quota) = if endpoint == EndpointType::Gateway {
        let place = |vpc: &str| (inventory.region_of_vpc(vpc), inventory.vpc(vpc).and_then(|v| v.owner.as_deref()));
        let (region, owner) = place(vpc);
        let same = |e: &VpcEndpoint| {
            let (of_vpc, of_owner) = e.vpc.as_deref().map_or((None, None), place);
            let in_region = region.is_some() && e.region.as_deref().or(of_vpc) == region;
            in_region && e.owner.as_deref().or(of_owner) == owner
        };
        let used = live.filter(|e| e.kind == EndpointKind::Gateway && same(e)).count();
        (region.unwrap_or(vpc), used, GATEWAY_ENDPOINTS_PER_REGION)
    } else {
        let counts = |e: &&VpcEndpoint| {
            matches!(e.kind, EndpointKind::Interface | EndpointKind::GatewayLoadBalancer)
                && e.vpc.as_deref() == Some(vpc)
        };
        (vpc, live.filter(counts).count(), INTERFACE_ENDPOINTS_PER_VPC)
    };
    match quota.saturating_sub(used) {
        0 => Err(NotOffered::LimitReached { place: place.to_owned(), kind: endpoint.as_str(), used, quota }),
        left => Ok(left),
    }
}

/// Whether a service of the list is the one that is wanted, with the kind of endpoint that is wanted.
fn is_it(listed: &OfferedService, service: &str, known: Option<&Service>, wanted: EndpointType, region: &str) -> bool {
    kind_fits(listed.kind.as_ref(), wanted) && name_fits(&listed.name, service, known, region)
}

fn kind_fits(kind: Option<&EndpointKind>, wanted: EndpointType) -> bool {
    match kind {
        None => true,
        Some(EndpointKind::Gateway) => wanted == EndpointType::Gateway,
        Some(EndpointKind::Interface) => wanted == EndpointType::Interface,
        Some(_) => false,
    }
}

fn name_fits(name: &str, service: &str, known: Option<&Service>, region: &str) -> bool {
    match known {
        Some(known) => known.is_named(name, region),
        None => region::service_suffix(name) == Some(service),
    }
}

/// The full name of the service as an endpoint of the Region has it, if there is one.
fn existing<'a>(
    service: &str,
    region: &str,
    known: Option<&Service>,
    wanted: EndpointType,
    inventory: &'a Inventory,
) -> Option<&'a str> {
    let fits =
        |e: &&VpcEndpoint| e.is_live() && e.region.as_deref() == Some(region) && kind_fits(Some(&e.kind), wanted);
    let mut names = inventory.endpoints().filter(fits).filter_map(|endpoint| endpoint.service_name.as_deref());
    names.find(|name| {
        region::of_service_name(name).is_none_or(|r| r == region) && name_fits(name, service, known, region)
    })
}

fn make(
    endpoint: EndpointType,
    service_name: String,
    zones: Zones,
    known: Option<&Service>,
    listed_dns: Option<bool>,
) -> EndpointOffer {
    let of_table = known.and_then(|known| match known.private_dns {
        PrivateDns::Yes => Some(true),
        PrivateDns::Manual | PrivateDns::No => Some(false),
        PrivateDns::Unknown => None,
    });
    EndpointOffer {
        endpoint,
        service_name,
        zones,
        private_dns: if endpoint == EndpointType::Gateway { None } else { listed_dns.or(of_table) },
        takes_public_names: known.is_some_and(|known| known.takes_public_names),
    }
}

#[cfg(test)]
mod tests;
