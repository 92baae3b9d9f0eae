//! The one sentence of a comparison: what to do, or why there is no figure.

use crate::model::addr::Addr;
use crate::model::usd::Usd;
use crate::report::Decimal;
use std::fmt;

/// What a figure lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The service is in this other Region.
    OtherRegion(String),
    /// The Region of one of the VPCs.
    Region,
    /// An AZ.
    Zone,
    /// A load balancer's price.
    LoadBalancer,
    /// Another price.
    Price,
}

/// What the sentence is made from.
pub(super) struct Reason<'a> {
    pub vpc: &'a str,
    pub peer: Addr,
    pub port: Option<u16>,
    pub path: &'static str,
    pub today: &'a Result<Usd, Missing>,
    pub link: Option<&'a Missing>,
    pub net: Option<Usd>,
    pub break_even: Option<Decimal>,
}

impl Reason<'_> {
    fn service(&self) -> String {
        match self.port {
            Some(port) => format!("port {port} of {}", self.peer),
            None => format!("{} (its port is not in the log)", self.peer),
        }
    }

    fn way(&self) -> &'static str {
        match self.path {
            "nat" => "the way through the NAT gateway",
            "peering" => "the peering connection",
            _ => "the transit gateway",
        }
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, way) = (self.service(), self.way());
        let missing = self.today.as_ref().err().or(self.link);
        match (missing, self.net) {
            (Some(Missing::OtherRegion(region)), _) => {
                write!(f, "{service} is in {region}: transfer between Regions is not priced, so nothing is compared")
            }
            (Some(Missing::Region), _) => {
                write!(f, "{service} is not compared: the Region of its VPC or of {} is not known", self.vpc)
            }
            (Some(Missing::Zone), _) => write!(
                f,
                "{service} is not compared: an AZ on the way from {} is not known; add describe-subnets output to inventory/",
                self.vpc
            ),
            (Some(Missing::LoadBalancer), _) => write!(
                f,
                "{service} is not compared: the Region's price of a Network Load Balancer is not known; give nlb_hour and \
                 nlb_lcu_hour with --prices"
            ),
            (Some(Missing::Price), _) | (None, None) => {
                write!(f, "{service} is not compared: a price is not known; give it with --prices")
            }
            (None, Some(net)) if net > Usd::ZERO => write!(
                f,
                "offer {service} as an endpoint service with a Network Load Balancer and create an interface endpoint in {}: \
                 it costs less than {way}",
                self.vpc
            ),
            (None, Some(_)) if self.today.as_ref().is_ok_and(|usd| *usd == Usd::ZERO) => {
                write!(f, "leave {service} as it is: {way} carries it free of charge inside one AZ")
            }
            (None, Some(_)) if self.break_even.is_some() => {
                write!(
                    f,
                    "PrivateLink to {service} does not pay: its hours cost more than so little traffic saves on {way}"
                )
            }
            (None, Some(_)) => {
                write!(f, "PrivateLink to {service} never pays: each GB costs no less there than on {way}")
            }
        }
    }
}
