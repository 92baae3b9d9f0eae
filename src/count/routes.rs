//! What left by a NAT gateway, as far as route tables tell. A thin view of the inventory for the counter.

use crate::model::addr::Addr;
use crate::model::inventory::{Inventory, RouteTarget};

/// Route lookups for the counter.
#[derive(Clone, Copy, Debug)]
pub struct Routes<'a>(&'a Inventory);

impl<'a> Routes<'a> {
    /// Over this inventory.
    #[must_use]
    pub const fn new(inventory: &'a Inventory) -> Self {
        Self(inventory)
    }

    /// The subnet of an interface.
    #[must_use]
    pub fn subnet_of(&self, interface: &str) -> Option<&'a str> {
        self.0.interface(interface)?.subnet.as_deref()
    }

    /// Whether the interface has the address.
    #[must_use]
    pub fn owns(&self, interface: &str, addr: Addr) -> bool {
        self.0.interface(interface).is_some_and(|i| i.private_addrs.iter().any(|cidr| cidr.contains(addr)))
    }

    /// The NAT gateway to which the subnet's route table sends the remote.
    #[must_use]
    pub fn nat_of(&self, subnet: &str, remote: Addr) -> Option<&'a str> {
        match self.0.route(subnet, remote)? {
            RouteTarget::NatGateway(id) => Some(id),
            _ => None,
        }
    }
}
