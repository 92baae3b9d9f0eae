//! Which kind of VPC endpoint could carry the traffic to a service. Says nothing about whether it would pay.

pub mod offer;
pub mod table;

use table::{PrivateDns, ServiceKind};

/// The kind of VPC endpoint that could carry traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointType {
    /// A route to the service's prefix list, free of charge.
    Gateway,
    /// An interface with an hourly and a GB price.
    Interface,
    /// None that is known.
    None,
}

impl EndpointType {
    /// The text in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Interface => "interface",
            Self::None => "none",
        }
    }
}

/// The endpoint that could carry traffic from a gateway in `region` to `service` in `service_region`.
///
/// Endpoints reach their own Region only, so an unknown Region on either side is never taken for the same one.
/// Names of address ranges (`range:…`), third parties and `internet` have no endpoint. Nor has a service whose interface
/// endpoint no host name can lead to: it would take over no traffic (`dynamodb-streams`).
#[must_use]
pub fn endpoint_type(service: &str, service_region: Option<&str>, region: Option<&str>) -> EndpointType {
    let Some(here) = region.filter(|_| service_region == region) else { return EndpointType::None };
    let known = table::find(service).filter(|known| known.regions.is_empty() || known.regions.contains(&here));
    known.map_or(EndpointType::None, |known| match (known.kind, known.private_dns) {
        (ServiceKind::Gateway, _) => EndpointType::Gateway,
        (ServiceKind::Unreachable, _) | (ServiceKind::Interface, PrivateDns::No) => EndpointType::None,
        (ServiceKind::Interface, _) => EndpointType::Interface,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(service: &str, service_region: Option<&str>, region: Option<&str>, expect: EndpointType) {
        assert_eq!(endpoint_type(service, service_region, region), expect, "{service} {service_region:?} {region:?}");
    }

    #[test]
    fn only_the_same_known_region_has_an_endpoint() {
        let (here, there) = (Some("us-east-1"), Some("eu-west-1"));
        check("s3", here, here, EndpointType::Gateway);
        check("dynamodb", here, here, EndpointType::Gateway);
        check("s3", there, here, EndpointType::None);
        check("s3", None, here, EndpointType::None);
        check("s3", here, None, EndpointType::None);
        check("s3", None, None, EndpointType::None);
        check("ecr.dkr", here, here, EndpointType::Interface);
        check("ecr.dkr", None, here, EndpointType::None);
        check("sqs", there, here, EndpointType::None);
        check("pricing.api", here, here, EndpointType::Interface);
        check("pricing.api", there, there, EndpointType::None);
        check("s3express", here, here, EndpointType::Gateway);
        let others = ["range:ec2", "range:amazon", "internet", "private", "partner-x", "domain:example.com", "S3", ""];
        let unreachable = ["dynamodb-streams", "dynamodb-fips", "ecr-public", "s3-accelerate", "qldb.session"];
        for other in others.into_iter().chain(unreachable) {
            check(other, here, here, EndpointType::None);
        }
    }
}
