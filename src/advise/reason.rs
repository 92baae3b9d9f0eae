//! The sentence of each decision on an interface endpoint: what to do, and why.

use super::input::{ExistingEndpoint, RegionCase};
use super::words::{list, traffic_of};
use crate::model::period::iso;
use std::collections::BTreeSet;

fn traffic(case: &RegionCase, service: &str, vpc: &str) -> String {
    traffic_of(service, case.vpc_names.get(vpc).map(String::as_str))
}

fn name_of<'a>(case: &'a RegionCase, vpc: &'a str) -> &'a str {
    case.vpc_names.get(vpc).map_or(vpc, String::as_str)
}

fn names(set: &BTreeSet<&str>) -> String {
    list(&set.iter().copied().collect::<Vec<_>>())
}

fn zones(azs: &BTreeSet<String>) -> String {
    if azs.is_empty() {
        return "one AZ (which one is not known)".to_owned();
    }
    list(&azs.iter().collect::<Vec<_>>())
}

pub(super) fn create(
    case: &RegionCase,
    service: &str,
    vpc: &str,
    gateways: &BTreeSet<&str>,
    azs: &BTreeSet<String>,
) -> String {
    let answered = case.answered_privately.contains(&(vpc.to_owned(), service.to_owned()));
    let caution = if answered {
        "; but the service's name leads to a private address for some of its clients, so look first for an endpoint that the \
         inventory does not hold"
    } else {
        ""
    };
    let (with_dns, by_hand) = if case.by_hand.contains(service) {
        (
            "",
            "; it has no private DNS: make a private hosted zone by hand that leads the service's names to it, else it takes nothing",
        )
    } else {
        (" with private DNS", "")
    };
    format!(
        "{} crosses {}, and is above what an interface endpoint costs: create one{with_dns} in {}{by_hand}{}{caution}",
        traffic(case, service, vpc),
        names(gateways),
        zones(azs),
        public_names(case, service)
    )
}

/// What private DNS takes besides the traffic (AWS PrivateLink guide; API Gateway guide, private APIs).
fn public_names(case: &RegionCase, service: &str) -> String {
    if !case.takes_public_names.contains(service) {
        return String::new();
    }
    format!("; that takes all public names of {service} in the VPC: public APIs would stop answering there")
}

pub(super) fn share(
    case: &RegionCase,
    service: &str,
    (vpc, azs): (&str, &BTreeSet<String>),
    host: &str,
    existing: Option<&ExistingEndpoint>,
    members: usize,
) -> String {
    let traffic = traffic(case, service, vpc);
    let hub = name_of(case, host);
    let taken = public_names(case, service);
    let reach = "associate its private hosted zone with every VPC that uses it";
    match existing {
        Some(endpoint) => {
            let missing: BTreeSet<String> = azs.difference(&endpoint.azs).cloned().collect();
            let grow = if missing.is_empty() || endpoint.azs.is_empty() {
                String::new()
            } else {
                format!(", give it a subnet in {} (its hours there are in the figures)", zones(&missing))
            };
            format!(
                "{} in {hub} can serve {traffic} too, over the transit gateway: use it instead of the NAT gateway{grow}, and \
                 {reach}{taken}",
                endpoint.id
            )
        }
        None => format!(
            "{traffic}: one endpoint in {hub} for {members} VPCs costs less than one in each: create it there, and {reach}{taken}"
        ),
    }
}

pub(super) fn fix(
    case: &RegionCase,
    service: &str,
    vpc: &str,
    existing: Option<&ExistingEndpoint>,
    gateways: &BTreeSet<&str>,
    azs: &BTreeSet<String>,
) -> String {
    let Some(endpoint) = existing else { return String::new() };
    let missing: BTreeSet<String> = azs.difference(&endpoint.azs).cloned().collect();
    let what = if endpoint.private_dns == Some(false) && case.by_hand.contains(service) {
        "it has no private DNS: look whether a private hosted zone leads the service's names to it".to_owned()
    } else if endpoint.private_dns == Some(false) {
        "turn its private DNS on, so that the service's own names lead to it".to_owned() + &public_names(case, service)
    } else if !missing.is_empty() && !endpoint.azs.is_empty() {
        format!("it has no subnet in {}: add one where that pays, and look at the clients' DNS", zones(&missing))
    } else {
        "look at the clients' DNS (a resolver of their own, names that private DNS does not cover) and at the endpoint's \
         security group"
            .to_owned()
    };
    format!("{} exists, but {} crosses {}: {what}", endpoint.id, traffic(case, service, vpc), names(gateways))
}

pub(super) fn keep(case: &RegionCase, service: &str, vpc: &str, gateways: &BTreeSet<&str>, zones: usize) -> String {
    let what = match zones {
        0 => "the endpoint that exists".to_owned(),
        1 => "an interface endpoint in one AZ".to_owned(),
        more => format!("an interface endpoint in {more} AZs"),
    };
    format!("{} is not above the break-even of {what}: leave it to {}", traffic(case, service, vpc), names(gateways))
}

/// An endpoint that was not there yet.
pub(super) fn younger(
    case: &RegionCase,
    service: &str,
    vpc: &str,
    endpoint: &ExistingEndpoint,
    gateways: &BTreeSet<&str>,
) -> String {
    let (id, traffic, gateways) = (&endpoint.id, traffic(case, service, vpc), names(gateways));
    let created = iso(endpoint.younger().unwrap_or_default());
    let when = match endpoint.created_after {
        Some(_) => format!("{id} was created at {created}, after the period, in which {traffic} crossed {gateways}"),
        None => {
            format!("{id} was created at {created}, and no record shows {traffic} cross {gateways} after that hour")
        }
    };
    format!(
        "{when}: nothing is left to do, and the figures are of the time before, against an endpoint of its own for all of it"
    )
}

pub(super) fn remove(case: &RegionCase, service: &str, endpoint: &ExistingEndpoint) -> String {
    let of = case.vpc_names.get(&endpoint.vpc).map(|name| format!(" of {name}")).unwrap_or_default();
    let id = &endpoint.id;
    let lost = PRIVATE.iter().find(|(suffix, _)| *suffix == service);
    let lost = lost.map(|(_, what)| format!("; {what} cannot be reached without it")).unwrap_or_default();
    if endpoint.bytes == Some(crate::model::bytes::Bytes::ZERO) {
        return format!(
            "{id}, the {service} endpoint{of}, carried nothing in the period and is paid by the hour: remove it{lost}"
        );
    }
    if let Some(free) = &endpoint.free_way {
        return format!(
            "{id}, the {service} endpoint{of}, is paid for what {free} carries for nothing: remove it, unless it is there for another \
             reason than cost, such as clients outside of the VPC, whom {free} does not serve"
        );
    }
    format!(
        "{id}, the {service} endpoint{of}, costs more than a NAT gateway would charge for what it carried: remove it, unless it \
         is there for another reason than cost{lost}"
    )
}

/// Ends the reason of a row that costs more than it avoids, in a Region in which all together pay.
pub(super) const FOR_THE_TIER: &str =
    "; by itself it would not pay: its bytes bring those of the Region's other endpoints into a cheaper tier";

/// What only an endpoint reaches, whatever a NAT gateway would charge, by service. Sources: the guides of API Gateway (private REST
/// APIs), Transfer Family (servers hosted in a VPC), `GuardDuty` (Runtime Monitoring).
const PRIVATE: [(&str, &str); 4] = [
    ("execute-api", "private APIs"),
    ("guardduty-data", "Runtime Monitoring"),
    ("guardduty-data-fips", "Runtime Monitoring"),
    ("transfer.server", "servers that stand in the VPC"),
];

pub(super) fn unavailable(case: &RegionCase, service: &str, vpc: &str, why: &str) -> String {
    format!("{} stays on the NAT gateway: {why}", traffic(case, service, vpc))
}

/// Source: AWS Local Zones User Guide, how Local Zones work: no VPC endpoint can be made in a subnet of one.
pub(super) fn edge(case: &RegionCase, service: &str, vpc: &str) -> String {
    format!(
        "{} comes from a Local Zone, where AWS makes no VPC endpoint, and what the way to one in an AZ of {} costs is not known: \
         nothing is decided",
        traffic(case, service, vpc),
        case.region
    )
}

/// Ends the reason of a row whose VPC has clients in a Local Zone too.
pub(super) const EDGE_BESIDE: &str =
    "; clients in Local Zones are not in these figures: what their way to an endpoint costs is not known";

pub(super) fn unpriced(case: &RegionCase, service: &str, vpc: &str, nat_known: bool) -> String {
    let missing = if nat_known { "a price of an interface endpoint" } else { "what the present way costs" };
    format!(
        "{} could use an interface endpoint, but {missing} in {} is not known: nothing is decided",
        traffic(case, service, vpc),
        case.region
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bytes::Bytes;

    fn check(reason: &str, says: &[&str], never: &[&str]) {
        assert!(says.iter().all(|text| reason.contains(text)), "{reason}");
        assert!(!never.iter().any(|text| reason.contains(text)), "{reason}");
    }

    #[test]
    fn a_service_without_private_dns_needs_a_hosted_zone() {
        let case = RegionCase { by_hand: ["iot.data".to_owned()].into(), ..RegionCase::default() };
        let (gateways, azs) = (BTreeSet::from(["nat-1"]), BTreeSet::from(["use1-az1".to_owned()]));
        let made = |service| create(&case, service, "vpc-1", &gateways, &azs);
        check(&made("iot.data"), &["create one in use1-az1", "hosted zone by hand"], &["with private DNS"]);
        check(&made("sqs"), &["create one with private DNS in use1-az1"], &["hosted zone"]);
        let endpoint = ExistingEndpoint { private_dns: Some(false), ..ExistingEndpoint::default() };
        let fixed = |service| fix(&case, service, "vpc-1", Some(&endpoint), &gateways, &azs);
        check(&fixed("iot.data"), &["hosted zone"], &["turn its private DNS on"]);
        check(&fixed("sqs"), &["turn its private DNS on"], &["hosted zone"]);
    }

    #[test]
    fn what_only_the_endpoint_reaches_is_said_before_it_goes() {
        for bytes in [Bytes::ZERO, Bytes::new(1)] {
            let endpoint = ExistingEndpoint { bytes: Some(bytes), ..ExistingEndpoint::default() };
            let gone = |service| remove(&RegionCase::default(), service, &endpoint);
            check(&gone("execute-api"), &["remove it", "; private APIs cannot be reached without it"], &[]);
            check(&gone("sqs"), &["remove it"], &["cannot be reached"]);
        }
    }
}
