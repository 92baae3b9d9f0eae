//! Every NAT gateway: whether the records given cover it, and if not, whether any flow log does.

use super::{Facts, Finding, Part, some};
use crate::model::inventory::{Described, FlowLog, Inventory, NatGateway};
use crate::model::usd::SCALE;
use crate::report::NatGatewayRow;

const AREA: &str = "gateways";

/// Observed over billed bytes below which a gateway is named, in percent.
const ENOUGH: i128 = 95;

/// How a gateway without records stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// A flow log of its traffic is there, its objects are not.
    NotGiven,
    /// The only flow logs are of rejected traffic.
    RejectOnly,
    /// No flow log is known.
    NoFlowLog,
    /// Flow logs were not described.
    Unknown,
}

impl Lack {
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::NotGiven => (
                "a flow log records it, but none of the records given is of it",
                "add that flow log's objects: describe-flow-logs names its destination",
            ),
            Self::RejectOnly => (
                "its flow log records rejected traffic only",
                "create a flow log with TrafficType ALL on its network interface, subnet or VPC, with pkt-srcaddr and pkt-dstaddr",
            ),
            Self::NoFlowLog => (
                "no flow log on its network interface, subnet or VPC",
                "create one there with TrafficType ALL, pkt-srcaddr and pkt-dstaddr; on the gateway itself, with resource-id, if it is regional",
            ),
            Self::Unknown => (
                "no record is of it, and the inventory lists no flow log",
                "add `aws ec2 describe-flow-logs` to inventory/: it tells whether a flow log covers it",
            ),
        }
    }
}

pub(super) fn examine(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    let rows = facts.report.as_ref().map_or(&[][..], |report| &report.nat_gateways);
    if rows.is_empty() {
        if facts.has(Part::Inventory) || facts.report.is_ok() {
            let hint = "check that inventory, bill and flow logs are of the account and Region that has them";
            findings.push(Finding::problem(AREA, "there is no NAT gateway in any input", hint));
        }
        return;
    }
    if facts.has(Part::FlowLogs) && facts.has(Part::Inventory) {
        records(facts, rows, findings);
    } else if facts.has(Part::FlowLogs) {
        let what = "which records are of which gateway on the bill is not known";
        findings.push(Finding::warning(AREA, what, "add `aws ec2 describe-nat-gateways` to inventory/"));
    }
    let foreign: Vec<String> = rows.iter().map(id).filter(|id| facts.inventory.nat_gateway(id).is_none()).collect();
    if facts.has(Part::Inventory) && !foreign.is_empty() {
        let what = format!("{}: not described in the inventory", some(&foreign));
        let hint = "add `aws ec2 describe-nat-gateways` of the account and Region; a gateway that was deleted more than an hour before cannot be described any more";
        findings.push(Finding::warning(AREA, what, hint));
    }
}

fn records(facts: &Facts<'_>, rows: &[NatGatewayRow], findings: &mut Vec<Finding>) {
    let mut lacking: Vec<(Lack, String)> = Vec::new();
    let (mut covered, mut low, mut mute) = (0, Vec::new(), Vec::new());
    for row in rows {
        if row.observed_bytes.is_none() {
            // Gone, and nothing was billed: there was nothing to record.
            let gone = facts.inventory.nat_gateway(&row.nat_gateway_id).is_some_and(NatGateway::is_gone);
            if !(gone && row.billed_bytes.is_none()) {
                lacking.push((lack(facts.inventory, &row.nat_gateway_id), named(row)));
            }
            continue;
        }
        if row.observed_bytes.is_some_and(|bytes| bytes.get() == 0)
            && row.billed_bytes.is_some_and(|bytes| bytes.get() > 0)
        {
            mute.push(named(row));
            continue;
        }
        covered += 1;
        if let Some(coverage) = row.coverage.filter(|coverage| coverage.units() * 100 < ENOUGH * SCALE) {
            let percent = coverage.units() * 100 / SCALE;
            let why = row.diagnosis.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            low.push(format!("{} {percent}%{why}", named(row)));
        }
    }
    lacking.sort();
    for lack in [Lack::NotGiven, Lack::RejectOnly, Lack::NoFlowLog, Lack::Unknown] {
        let ids: Vec<String> = lacking.iter().filter(|(of, _)| *of == lack).map(|(_, id)| id.clone()).collect();
        if !ids.is_empty() {
            let (what, hint) = lack.texts();
            findings.push(Finding::problem(AREA, format!("{}: {what}", some(&ids)), hint));
        }
    }
    if !mute.is_empty() {
        let what = format!("records hold nothing of the billed bytes of {}", some(&mute));
        let hint = "check that the objects given are of the flow log that records its accepted traffic, and of the whole period";
        findings.push(Finding::problem(AREA, what, hint));
    }
    if !low.is_empty() {
        let what = format!("records hold less than {ENOUGH}% of the billed bytes of {}", some(&low));
        findings.push(Finding::warning(
            AREA,
            what,
            "give every object of the period; compare the flow log's creation with its first day",
        ));
    }
    if covered > 0 {
        findings.push(Finding::ok(AREA, format!("records cover {covered} of {}", rows.len())));
    }
}

fn lack(inventory: &Inventory, id: &str) -> Lack {
    if inventory.lacks(Described::FlowLogs) {
        return Lack::Unknown;
    }
    let Some(nat) = inventory.nat_gateway(id) else { return Lack::NoFlowLog };
    let of_it = inventory.flow_logs().filter(|log| records_traffic_of(log, nat)).collect::<Vec<_>>();
    match of_it.as_slice() {
        [] => Lack::NoFlowLog,
        logs if logs.iter().all(|log| log.traffic_type.as_deref() == Some("REJECT")) => Lack::RejectOnly,
        _ => Lack::NotGiven,
    }
}

/// Whether a subscription is on the gateway, one of its interfaces, its subnet or its VPC.
fn records_traffic_of(log: &FlowLog, nat: &NatGateway) -> bool {
    let Some(resource) = log.resource.as_deref() else { return false };
    let places = [Some(nat.id.as_str()), nat.subnet.as_deref(), nat.vpc.as_deref()];
    places.contains(&Some(resource)) || nat.interfaces.iter().any(|interface| interface == resource)
}

fn id(row: &NatGatewayRow) -> String {
    row.nat_gateway_id.clone()
}

fn named(row: &NatGatewayRow) -> String {
    row.name.as_ref().map_or_else(|| id(row), |name| format!("{} ({name})", row.nat_gateway_id))
}
