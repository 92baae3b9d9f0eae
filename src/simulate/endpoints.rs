//! The interface endpoints that exist already: what they carry, and how `aws ec2 describe-vpc-endpoints` prints them.
//! Their traffic is on the bill and in the metrics; no flow log shows it.

use super::account::{ANALYTICS, Account, Interface, Owner, RouteTable, SHOP, Target, Tier, add_interface};
use super::inventory::{CREATED, derived, name_tag};
use super::random::{Rng, mix};
use super::sums::QUARTERS;
use super::truth::days;
use crate::model::period::Window;
use serde_json::{Value, json};

/// An interface endpoint.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) id: String,
    name: &'static str,
    /// Suffix of the endpoint service's name.
    pub(super) service: &'static str,
    pub(super) vpc: usize,
    /// GiB of a month, about.
    gib: u64,
    seed: u64,
}

/// Name, service, VPC, GiB of a month: one that hardly anybody uses, and one that is worth its hours.
const ENDPOINTS: [(&str, &str, usize, u64); 2] =
    [("analytics-kinesis", "kinesis-streams", ANALYTICS, 3), ("shop-sns", "sns", SHOP, 1_900)];

/// Zones in which each endpoint has an interface.
pub(super) const ENDPOINT_ZONES: usize = 2;

/// Adds the endpoints and their interfaces.
pub(super) fn add(account: &mut Account, seed: u64) {
    let mut rng = Rng::new(seed, 6);
    for (index, (name, service, vpc, gib)) in ENDPOINTS.into_iter().enumerate() {
        for zone in 0..ENDPOINT_ZONES {
            let subnet = account.subnet(vpc, Tier::Private, zone);
            add_interface(account, Owner::Endpoint(index), subnet, 4_000, &mut rng);
        }
        let id = rng.id("vpce-");
        account.endpoints.push(Endpoint { id, name, service, vpc, gib, seed: rng.next() });
    }
}

impl Endpoint {
    /// Bytes through it in a quarter of a day of the month, both counted from 0: half to one and a half times the mean.
    pub(super) fn bytes(&self, month: Window, day: usize, quarter: usize) -> u64 {
        let at = QUARTERS * day + quarter;
        let quarters = u64::try_from(QUARTERS * days(month)).unwrap_or(1).max(1);
        let mean = (self.gib << 30) / quarters;
        mean / 2 + mix(self.seed ^ u64::try_from(at).unwrap_or(0)) % mean.max(1)
    }

    /// Bytes through it on a day of the month.
    pub(super) fn of_day(&self, month: Window, day: usize) -> u64 {
        (0..QUARTERS).map(|quarter| self.bytes(month, day, quarter)).sum()
    }
}

const POLICY: &str = "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}";

/// `VpcEndpoints`: the gateway endpoint for S3, then the interface endpoints.
pub(super) fn described(account: &Account) -> Vec<Value> {
    let tables = |t: &&RouteTable| t.routes.iter().any(|r| r.1 == Target::S3Endpoint);
    let gateway = json!({
        "VpcEndpointId": account.s3_endpoint, "VpcEndpointType": "Gateway", "State": "available",
        "VpcId": account.vpcs[SHOP].id, "OwnerId": account.id,
        "ServiceName": format!("com.amazonaws.{}.s3", account.place.region),
        "RouteTableIds": account.tables.iter().filter(tables).map(|t| &t.id).collect::<Vec<_>>(),
        "SubnetIds": [], "NetworkInterfaceIds": [], "Groups": [], "PrivateDnsEnabled": false, "DnsEntries": [],
        "RequesterManaged": false, "PolicyDocument": POLICY, "CreationTimestamp": CREATED, "Tags": name_tag("shop-s3"),
    });
    let interfaces = (0..account.endpoints.len()).map(|index| interface_endpoint(account, index));
    std::iter::once(gateway).chain(interfaces).collect()
}

fn interface_endpoint(account: &Account, index: usize) -> Value {
    let (endpoint, region) = (&account.endpoints[index], account.place.region);
    let own = account.interfaces.iter().filter(|i| i.owner == Owner::Endpoint(index));
    let own: Vec<&Interface> = own.collect();
    let host = endpoint.service.trim_end_matches("-streams");
    json!({
        "VpcEndpointId": endpoint.id, "VpcEndpointType": "Interface", "State": "available",
        "VpcId": account.vpcs[endpoint.vpc].id, "OwnerId": account.id,
        "ServiceName": format!("com.amazonaws.{region}.{}", endpoint.service), "RouteTableIds": [],
        "SubnetIds": own.iter().map(|i| &i.subnet_id).collect::<Vec<_>>(),
        "NetworkInterfaceIds": own.iter().map(|i| &i.id).collect::<Vec<_>>(),
        "Groups": [{"GroupName": "endpoints", "GroupId": derived("sg-", &endpoint.id)}],
        "IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}, "PrivateDnsEnabled": true,
        "DnsEntries": [{"DnsName": format!("{host}.{region}.amazonaws.com"), "HostedZoneId": "ZONEIDPENDING"}],
        "RequesterManaged": false, "PolicyDocument": POLICY, "CreationTimestamp": CREATED,
        "Tags": name_tag(endpoint.name),
    })
}
