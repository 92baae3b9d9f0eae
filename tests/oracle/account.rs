//! The account as the inventory's JSON tells it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// A NAT gateway.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// `nat-...`.
    pub id: String,
    /// Whether it has no interface.
    pub regional: bool,
    /// Its own addresses inside the VPC.
    pub inside: Vec<IpAddr>,
    /// Its public addresses.
    pub outside: Vec<IpAddr>,
    /// Names under which its records come.
    pub names: Vec<String>,
}

/// Everything that `inventory/` says.
#[derive(Debug, Default)]
pub struct Account {
    /// All gateways.
    pub gateways: Vec<Gateway>,
    interfaces: Vec<Value>,
    subnets: Vec<Value>,
    tables: Vec<Value>,
    lists: BTreeMap<String, Vec<String>>,
    blocks: Vec<String>,
}

fn all<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn addresses<'a>(values: impl Iterator<Item = &'a Value>, key: &str) -> Vec<IpAddr> {
    values.filter_map(|value| value[key].as_str()?.parse().ok()).collect()
}

/// Length of the prefix if the block contains the address.
fn matched(block: &str, address: IpAddr) -> Option<u32> {
    let (base, length) = block.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (32, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (128, u128::from(v6)),
    };
    let ((width, left), (other, right)) = (bits(base.parse().ok()?), bits(address));
    let same = width == other && (length == 0 || (left ^ right) >> (width - length) == 0);
    same.then_some(length)
}

impl Account {
    /// Reads every JSON file of the folder.
    pub fn read(folder: &Path) -> Self {
        let mut account = Self::default();
        for path in super::records::files(folder) {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let document: Value = serde_json::from_str(&text).expect("a JSON document");
            account.interfaces.extend(all(&document, "NetworkInterfaces").cloned());
            account.subnets.extend(all(&document, "Subnets").cloned());
            account.tables.extend(all(&document, "RouteTables").cloned());
            for vpc in all(&document, "Vpcs") {
                account.blocks.extend(all(vpc, "CidrBlockAssociationSet").map(|block| word(block, "CidrBlock")));
                let six = all(vpc, "Ipv6CidrBlockAssociationSet");
                account.blocks.extend(six.map(|block| word(block, "Ipv6CidrBlock")));
            }
            for list in all(&document, "PrefixLists").filter(|list| list["Cidrs"].is_array()) {
                let blocks = all(list, "Cidrs").filter_map(|block| Some(block.as_str()?.to_owned())).collect();
                account.lists.insert(word(list, "PrefixListId"), blocks);
            }
            account.gateways.extend(all(&document, "NatGateways").map(|nat| Gateway {
                id: word(nat, "NatGatewayId"),
                regional: word(nat, "AvailabilityMode") == "regional",
                inside: addresses(all(nat, "NatGatewayAddresses"), "PrivateIp"),
                outside: addresses(all(nat, "NatGatewayAddresses"), "PublicIp"),
                names: all(nat, "NatGatewayAddresses").map(|address| word(address, "NetworkInterfaceId")).collect(),
            }));
        }
        for gateway in &mut account.gateways {
            // An IPv6 address of the gateway (NAT64) is known from its interface only.
            let own = account.interfaces.iter().filter(|i| gateway.names.contains(&word(i, "NetworkInterfaceId")));
            gateway.inside.extend(own.flat_map(|i| addresses(all(i, "Ipv6Addresses"), "Ipv6Address")));
            gateway.names.push(gateway.id.clone());
            gateway.names.retain(|name| !name.is_empty());
        }
        account
    }

    /// The gateway whose records come under this interface or resource.
    pub fn gateway_named(&self, owner: &str) -> Option<&Gateway> {
        self.gateways.iter().find(|gateway| gateway.names.iter().any(|name| name == owner))
    }

    /// Whether the address lies in a VPC.
    pub fn in_a_vpc(&self, address: IpAddr) -> bool {
        self.blocks.iter().any(|block| matched(block, address).is_some())
    }

    fn interface(&self, id: &str) -> Option<&Value> {
        self.interfaces.iter().find(|interface| interface["NetworkInterfaceId"] == id)
    }

    /// Whether the interface is an instance's (and not, say, a transit gateway's).
    pub fn is_instance(&self, id: &str) -> bool {
        self.interface(id).is_some_and(|interface| interface["InterfaceType"] == "interface")
    }

    /// Whether the interface has the address.
    pub fn owns(&self, id: &str, address: IpAddr) -> bool {
        self.interface(id).is_some_and(|interface| {
            let four = addresses(all(interface, "PrivateIpAddresses"), "PrivateIpAddress");
            four.contains(&address) || addresses(all(interface, "Ipv6Addresses"), "Ipv6Address").contains(&address)
        })
    }

    /// The NAT gateway to which the interface's subnet sends packets for the address.
    pub fn route(&self, interface: &str, remote: IpAddr) -> Option<&Gateway> {
        let interface = self.interface(interface)?;
        let named = |table: &&Value| all(table, "Associations").any(|a| a["SubnetId"] == interface["SubnetId"]);
        let main = |table: &&Value| {
            table["VpcId"] == interface["VpcId"] && all(table, "Associations").any(|a| a["Main"] == true)
        };
        let table = self.tables.iter().find(named).or_else(|| self.tables.iter().find(main))?;
        let length = |route: &Value| {
            let list = self.lists.get(&word(route, "DestinationPrefixListId")).cloned().unwrap_or_default();
            let single = [word(route, "DestinationCidrBlock"), word(route, "DestinationIpv6CidrBlock")];
            list.iter().chain(&single).filter_map(|block| matched(block, remote)).max()
        };
        let best = all(table, "Routes").filter(|route| length(route).is_some()).max_by_key(|route| length(route))?;
        self.gateways.iter().find(|gateway| gateway.id == word(best, "NatGatewayId"))
    }
}
