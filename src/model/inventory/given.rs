//! Which kinds of things were described at all: an answer that lists none is not the same as no answer.

use super::Inventory;

/// What one call describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Described {
    /// `describe-nat-gateways`.
    NatGateways,
    /// `describe-network-interfaces`.
    Interfaces,
    /// `describe-vpcs`.
    Vpcs,
    /// `describe-subnets`.
    Subnets,
    /// `describe-route-tables`.
    RouteTables,
    /// `describe-vpc-endpoints`.
    Endpoints,
    /// `describe-flow-logs`.
    FlowLogs,
}

impl Described {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NatGateways,
        Self::Interfaces,
        Self::Vpcs,
        Self::Subnets,
        Self::RouteTables,
        Self::Endpoints,
        Self::FlowLogs,
    ];

    /// The list's name in the answer (EC2 API reference).
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::NatGateways => "NatGateways",
            Self::Interfaces => "NetworkInterfaces",
            Self::Vpcs => "Vpcs",
            Self::Subnets => "Subnets",
            Self::RouteTables => "RouteTables",
            Self::Endpoints => "VpcEndpoints",
            Self::FlowLogs => "FlowLogs",
        }
    }
}

impl Inventory {
    /// Whether nothing was given that could describe these things, so that those that there are are not known.
    #[must_use]
    pub fn lacks(&self, kind: Described) -> bool {
        self.lacking.contains(&kind)
    }
}
