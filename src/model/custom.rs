//! Traffic of one VPC to a customer's own service in another one: what counting finds and advice prices.

use super::addr::Addr;
use super::bytes::Bytes;

/// How a client reaches a service in another VPC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomPath {
    /// Through a NAT gateway and the service's public address.
    Nat {
        /// `nat-…`; the interface id where only that is known.
        gateway: String,
    },
    /// Over a VPC peering connection.
    Peering,
    /// Over a transit gateway.
    TransitGateway,
}

impl CustomPath {
    /// Name in `custom_services[].path`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Nat { .. } => "nat",
            Self::Peering => "peering",
            Self::TransitGateway => "transit-gateway",
        }
    }
}

/// What such traffic is told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomKey {
    /// VPC of the clients.
    pub client_vpc: String,
    /// AZ id of the clients; `None` is not known.
    pub client_az: Option<String>,
    /// VPC of the service.
    pub peer_vpc: String,
    /// AZ id of the service; `None` is not known.
    pub peer_az: Option<String>,
    /// Address of the service as its clients use it.
    pub peer: Addr,
    /// Its port; `None` where the log has no ports, which happens behind a NAT gateway only.
    pub port: Option<u16>,
    /// How the clients reach it.
    pub path: CustomPath,
}

/// Traffic to one service, every byte once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomFlow {
    /// Who, whom, how.
    pub key: CustomKey,
    /// Client to service.
    pub upload: Bytes,
    /// Service to client.
    pub download: Bytes,
}
