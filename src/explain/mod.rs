//! The arithmetic behind the report's numbers, line by line, to the counted bytes, the lines of the bill and the prices that they
//! came from. Pure: the report and a [`Trail`] in, an [`Explanation`] out; text is made in `sinks`.
//!
//! Nothing is computed anew: every line repeats how a number of the report came to be, and shows its arithmetic only if that
//! gives the report's number to the last digit.

use crate::model::addr::Addr;
use crate::report::Report;
use serde::Serialize;
use std::collections::BTreeSet;

mod bill;
mod crossing;
mod custom;
mod decision;
mod finding;
mod gateway;
mod near;
mod subject;
mod traffic;
mod trail;
mod working;

pub use trail::{EndpointTrail, FindingTrail, GatewayTrail, RegionTrail, TrafficTrail, Trail};
pub use working::{Expression, Quantity, Rounding, Row, Rule, Step, Term, Unit, Working};

/// Name and version of the JSON form.
pub const SCHEMA: &str = "natlens.explanation/1";

/// How the numbers about one subject came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// The gateway, VPC, service or client.
    pub subject: String,
    /// What it is, in a line.
    pub title: String,
    /// ISO 4217 code of all money.
    pub currency: String,
    /// The lines, in the order of the arithmetic.
    pub steps: Vec<Step>,
}

/// Why there is nothing to explain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{subject}` is no NAT gateway, VPC, service or client of this report")]
pub struct UnknownSubject {
    /// What was asked for.
    pub subject: String,
    /// What may have been meant, nearest first.
    pub near: Vec<String>,
}

/// Explains a gateway (`nat-...`), a client VPC (`vpc-...`), a service by its name in the report, or a client address.
///
/// A client is found in the trail even where the report sums it up in `(other)`.
pub fn explain(subject: &str, report: &Report, trail: &Trail) -> Result<Explanation, UnknownSubject> {
    let subject = subject.trim();
    let (title, mut steps) = if let Some(row) = report.nat_gateways.iter().find(|g| g.nat_gateway_id == subject) {
        let name = row.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
        (format!("NAT gateway {subject}{name}"), gateway::steps(row, report, trail))
    } else if vpcs(report).contains(subject) {
        (format!("VPC {subject}"), subject::vpc(subject, report, trail))
    } else if services(report).contains(subject) {
        (format!("Service {subject}"), subject::service(subject, report, trail))
    } else if let Some(client) = client(subject, report, trail) {
        (format!("Client {client}"), subject::client(&client, report, trail))
    } else {
        return Err(UnknownSubject { subject: subject.to_owned(), near: near::near(subject, report, trail) });
    };
    if let Some(rollup) = &trail.rollup {
        of_rollup(&mut steps, rollup);
    }
    Ok(Explanation { schema: SCHEMA, subject: subject.to_owned(), title, currency: report.currency.clone(), steps })
}

/// What the numbers are sums of, where no flow log was read.
const FLOW_LOGS: &str = "flow logs";

/// Says of the same numbers that they are a roll-up's, and what no roll-up can tell.
fn of_rollup(steps: &mut Vec<Step>, rollup: &str) {
    for step in steps.iter_mut().filter(|step| step.source == FLOW_LOGS) {
        "roll-up".clone_into(&mut step.source);
    }
    let mut more = working::Steps::default();
    more.part("Beyond the roll-up");
    more.note("read", format!("{rollup} is read in place of flow logs."));
    let kept = "It keeps how many there are and their bytes; which ones, only the flow logs tell: leave --rollup out.";
    more.note("records", kept);
    more.note("copies", "Records of objects that were delivered twice are not in it, and in no number here.");
    steps.append(&mut more.0);
}

/// VPCs that the report says anything about.
fn vpcs(report: &Report) -> BTreeSet<&str> {
    let mut vpcs: BTreeSet<&str> = report.decisions.iter().map(|d| d.vpc_id.as_str()).collect();
    vpcs.extend(report.decisions.iter().filter_map(|d| d.endpoint_vpc_id.as_deref()));
    vpcs.extend(report.traffic.iter().filter_map(|t| t.vpc_id.as_deref()));
    vpcs.extend(report.nat_gateways.iter().filter_map(|g| g.vpc_id.as_deref()));
    vpcs.extend(report.custom_services.iter().map(|s| s.vpc_id.as_str()).filter(|vpc| !vpc.starts_with('(')));
    vpcs.extend(report.custom_services.iter().filter_map(|s| s.peer_vpc_id.as_deref()));
    vpcs
}

fn services(report: &Report) -> BTreeSet<&str> {
    let traffic = report.traffic.iter().map(|t| t.service.as_str());
    traffic.chain(report.decisions.iter().map(|d| d.service.as_str())).collect()
}

/// Client addresses, as the report writes them.
fn clients<'a>(report: &'a Report, trail: &'a Trail) -> BTreeSet<&'a str> {
    let listed = report.clients.iter().map(|c| c.client.as_str()).filter(|client| !client.starts_with('('));
    listed.chain(trail.clients.iter().filter_map(|(g, _)| g.by.get("client")?.as_deref())).collect()
}

/// The client that is meant, in the report's spelling: an IPv6 address has several.
fn client(subject: &str, report: &Report, trail: &Trail) -> Option<String> {
    let clients = clients(report, trail);
    if clients.contains(subject) {
        return Some(subject.to_owned());
    }
    let meant = Addr::parse(subject.as_bytes())?.to_string();
    clients.contains(meant.as_str()).then_some(meant)
}
