//! JSON as the AWS CLI prints it, turned into the XML that EC2 sends. Written apart from the program's own tables.

use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Keys whose element is not the key in small letters.
const NAMES: &[(&str, &str)] = &[
    ("Associations", "associationSet"),
    ("AvailabilityZoneIds", "availabilityZoneIdSet"),
    ("AvailabilityZones", "availabilityZoneSet"),
    ("BaseEndpointDnsNames", "baseEndpointDnsNameSet"),
    ("DnsEntries", "dnsEntrySet"),
    ("Entries", "entrySet"),
    ("FlowLogs", "flowLogSet"),
    ("Groups", "groupSet"),
    ("Instances", "instancesSet"),
    ("Ipv4Prefixes", "ipv4PrefixSet"),
    ("Ipv6Addresses", "ipv6AddressesSet"),
    ("NatGatewayAddresses", "natGatewayAddressSet"),
    ("NatGateways", "natGatewaySet"),
    ("NetworkInterfaceIds", "networkInterfaceIdSet"),
    ("NetworkInterfaces", "networkInterfaceSet"),
    ("PrefixLists", "prefixListSet"),
    ("PrivateDnsNames", "privateDnsNameSet"),
    ("PrivateIpAddresses", "privateIpAddressesSet"),
    ("PropagatingVgws", "propagatingVgwSet"),
    ("Reservations", "reservationSet"),
    ("RouteTableIds", "routeTableIdSet"),
    ("RouteTables", "routeTableSet"),
    ("Routes", "routeSet"),
    ("ServiceDetails", "serviceDetailSet"),
    ("ServiceNames", "serviceNameSet"),
    ("SubnetIds", "subnetIdSet"),
    ("Subnets", "subnetSet"),
    ("SupportedIpAddressTypes", "supportedIpAddressTypeSet"),
    ("TagFieldSpecifications", "tagFieldSpecificationSet"),
    ("TagKeys", "tagKeySet"),
    ("TagSet", "tagSet"),
    ("Tags", "tagSet"),
    ("VpcEndpoints", "vpcEndpointSet"),
    ("Vpcs", "vpcSet"),
];

/// A whole answer.
pub fn answer(operation: &str, values: &Map<String, Value>, next: Option<&str>) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"
    );
    text.push_str("    <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>\n");
    members(values, &mut text);
    if let Some(next) = next {
        let _ = write!(text, "<nextToken>{next}</nextToken>");
    }
    let _ = write!(text, "</{operation}Response>");
    text
}

fn members(values: &Map<String, Value>, text: &mut String) {
    for (key, value) in values {
        element(&name(key), value, text);
    }
}

fn element(name: &str, value: &Value, text: &mut String) {
    let _ = write!(text, "<{name}>");
    match value {
        Value::Object(object) => {
            // In an instance the state has another name.
            let state =
                object.contains_key("InstanceId").then(|| object.get("State")).flatten().filter(|s| s.is_object());
            let rest: Map<String, Value> = object
                .iter()
                .filter(|(key, _)| state.is_none() || *key != "State")
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            members(&rest, text);
            if let Some(state) = state {
                element("instanceState", state, text);
            }
        }
        Value::Array(list) => list.iter().for_each(|item| element("item", item, text)),
        Value::String(string) => text.push_str(&string.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
        Value::Null => {}
        other => {
            let _ = write!(text, "{other}");
        }
    }
    let _ = writeln!(text, "</{name}>");
}

fn name(key: &str) -> String {
    let known = NAMES.iter().find(|(json, _)| *json == key).map(|(_, xml)| (*xml).to_owned());
    known.unwrap_or_else(|| key[..1].to_ascii_lowercase() + &key[1..])
}
