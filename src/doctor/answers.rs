//! The questions of a report, and whether the inputs can answer them.

use super::inputs::is_described;
use super::logs::is_reject_only;
use super::{Answer, Can, Facts, Part, count};
use crate::model::inventory::Described;
use crate::report::{Report, is_unnamed_aws};
use crate::sources::flow::Field;

pub(super) fn answers(facts: &Facts<'_>) -> Vec<Answer> {
    let report = facts.report.as_ref().ok().copied();
    let nothing = || (Can::No, "there is no report".to_owned());
    let of_report = |answer: &dyn Fn(&Report) -> (Can, String)| report.map_or_else(nothing, answer);
    let answers: [(&'static str, (Can, String)); 7] = [
        ("How many bytes did each gateway carry?", of_report(&|report| bytes(report))),
        ("Which client used which service?", pairs(facts)),
        ("Which AWS service was it?", of_report(&|report| services(report))),
        ("What was paid for it?", of_report(&|report| costs(facts, report))),
        ("Which endpoints would pay?", decisions(facts)),
        ("Do records, bill and CloudWatch agree?", of_report(&|report| agreement(facts, report))),
        ("Whose traffic was it?", owners(facts)),
    ];
    answers.into_iter().map(|(question, (can, why))| Answer { question, can, why }).collect()
}

/// All, some or none of a number.
const fn of_all(some: usize, all: usize) -> Can {
    match some {
        0 => Can::No,
        some if some == all => Can::Yes,
        _ => Can::Partly,
    }
}

fn bytes(report: &Report) -> (Can, String) {
    let all = report.nat_gateways.len();
    let seen = report.nat_gateways.iter().filter(|row| row.observed_bytes.is_some()).count();
    (of_all(seen, all), format!("records cover {seen} of {}", count(all, "gateway", "gateways")))
}

fn pairs(facts: &Facts<'_>) -> (Can, String) {
    let useful: Vec<_> = facts.samples.iter().filter(|sample| !is_reject_only(facts, sample)).collect();
    let both = |field| move |sample: &&&super::Sample| sample.fields.is_some_and(|fields| fields.contains(field));
    let with = useful.iter().filter(both(Field::PktSrcAddr)).filter(both(Field::PktDstAddr)).count();
    let logs = count(useful.len(), "flow log", "flow logs");
    (of_all(with, useful.len()), format!("{with} of {logs} with pkt-srcaddr and pkt-dstaddr"))
}

fn services(report: &Report) -> (Can, String) {
    let size =
        |row: &crate::report::TrafficRow| u128::from(row.upload_bytes.get()) + u128::from(row.download_bytes.get());
    let all: u128 = report.traffic.iter().map(size).sum();
    let nameless = |row: &&crate::report::TrafficRow| is_unnamed_aws(row, &report.logged_vpcs);
    let unnamed: u128 = report.traffic.iter().filter(nameless).map(size).sum();
    match (all, unnamed) {
        (0, _) => (Can::No, "no traffic was observed".to_owned()),
        (_, 0) => (Can::Yes, "every byte to AWS has a service".to_owned()),
        (all, unnamed) => {
            // As the report rounds; what there is, is not 0.0.
            let tenths = (unnamed.saturating_mul(1000).saturating_add(all / 2) / all).max(1);
            (
                Can::Partly,
                format!("{}.{}% of the bytes went to AWS, to which service is not known", tenths / 10, tenths % 10),
            )
        }
    }
}

fn costs(facts: &Facts<'_>, report: &Report) -> (Can, String) {
    let summary = &report.summary;
    if summary.data_usd.is_none() {
        let can = if summary.attributed_usd.is_some() { Can::Partly } else { Can::No };
        return (can, "at list prices: no bill of the gateways".to_owned());
    }
    if facts.days_behind > 2 {
        return (Can::Partly, "the bill ends before the records do".to_owned());
    }
    (Can::Yes, format!("the bill's {} costs", report.cost_basis))
}

fn decisions(facts: &Facts<'_>) -> (Can, String) {
    let parts = [
        (Described::Vpcs, "VPCs"),
        (Described::Subnets, "subnets"),
        (Described::RouteTables, "route tables"),
        (Described::Endpoints, "endpoints"),
    ];
    let parts = parts.map(|(kind, name)| (is_described(facts, kind), name));
    let missing: Vec<&str> = parts.iter().filter(|(there, _)| !there).map(|(_, part)| *part).collect();
    if facts.report.is_err() || !facts.has(Part::FlowLogs) {
        return (Can::No, "no traffic is known".to_owned());
    }
    let why = if missing.is_empty() {
        "VPCs, subnets, route tables and endpoints are described".to_owned()
    } else {
        format!("not described: {}", missing.join(", "))
    };
    let open = facts.report.as_ref().is_ok_and(|report| !report.region_unknown.is_empty());
    match of_all(parts.len() - missing.len(), parts.len()) {
        Can::Yes if open => (Can::Partly, format!("{why}; the Region of some traffic is not known")),
        can => (can, why),
    }
}

fn agreement(facts: &Facts<'_>, report: &Report) -> (Can, String) {
    let metered = report.nat_gateways.iter().any(|row| row.metered_bytes.is_some());
    let there = [
        (report.summary.observed_bytes.is_some(), "records"),
        (report.summary.billed_bytes.is_some() && facts.has(Part::Billing), "a bill"),
        (metered, "metrics"),
    ];
    let missing: Vec<&str> = there.iter().filter(|(there, _)| !there).map(|(_, part)| *part).collect();
    match missing.as_slice() {
        [] => (Can::Yes, "all three have counted".to_owned()),
        [_] => (Can::Partly, format!("without {}", missing.join(" and "))),
        _ => (Can::No, format!("without {}", missing.join(" and "))),
    }
}

fn owners(facts: &Facts<'_>) -> (Can, String) {
    let of = facts.inventory;
    let interfaces = of.interfaces().next().is_some();
    let tagged = of.interfaces().any(|interface| !is_untagged(facts, &interface.id, interface.instance.as_deref()));
    match (interfaces, tagged) {
        (true, true) => (Can::Yes, "interfaces and tags are described".to_owned()),
        (true, false) => (Can::Partly, "interfaces are described, but no tag".to_owned()),
        (false, _) => (Can::No, "no interface is described".to_owned()),
    }
}

fn is_untagged(facts: &Facts<'_>, interface: &str, instance: Option<&str>) -> bool {
    let none = |id: &str| facts.inventory.tags(id).is_empty();
    none(interface) && instance.is_none_or(none)
}
