//! Text logs in which the gateways fall silent for hours.

use super::bundle::Bundle;
use super::{rows, text};
use serde_json::Value;

/// The interfaces of all NAT gateways.
pub fn interfaces_of_gateways(bundle: &Bundle) -> Vec<String> {
    let json = std::fs::read_to_string(bundle.path().join("inventory/describe-nat-gateways.json")).expect("gateways");
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let all = rows(&document, "NatGateways").iter();
    all.map(|gateway| text(&gateway["NatGatewayAddresses"][0]["NetworkInterfaceId"])).collect()
}

/// The log without the gateways' records in every third hour, and with one NODATA record for them in every fourth.
pub fn patched(text: &str, gateways: &[String]) -> String {
    let header: Vec<&str> = text.lines().next().expect("a header").split(' ').collect();
    let at = |field: &str| header.iter().position(|name| *name == field).expect("a field");
    let (interface, start, status) = (at("interface-id"), at("start"), at("log-status"));
    let mut kept = vec![text.lines().next().expect("a header").to_owned()];
    let mut said = Vec::new();
    for line in text.lines().skip(1) {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let hour = words.get(start).and_then(|start| start.parse::<i64>().ok()).map_or(1, |start| start / 3_600);
        let of_gateway = words.get(interface).is_some_and(|id| gateways.contains(id));
        match hour {
            _ if !of_gateway || words.len() < header.len() => kept.push(line.to_owned()),
            hour if hour % 3 == 0 => {}
            hour if hour % 4 == 0 => {
                // One record that says that there was nothing is enough to make the hour the gateway's.
                if !said.contains(&(words[interface].clone(), hour)) {
                    said.push((words[interface].clone(), hour));
                    for field in ["srcaddr", "dstaddr", "bytes", "packets", "action", "pkt-srcaddr", "pkt-dstaddr"] {
                        "-".clone_into(&mut words[at(field)]);
                    }
                    "NODATA".clone_into(&mut words[status]);
                    kept.push(words.join(" "));
                }
            }
            _ => kept.push(line.to_owned()),
        }
    }
    kept.push(String::new());
    kept.join("\n")
}
