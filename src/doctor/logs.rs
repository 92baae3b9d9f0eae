//! Flow logs: which fields they lack for which answer, and whether they hold traffic that counts.

use super::{Facts, Finding, Part, Sample, Severity, count, some};
use crate::model::inventory::Availability;
use crate::sources::flow::Field;

const AREA: &str = "flow-logs";

/// Fields that belong together, what is not known without them, and whether that is a hole in the answer.
const FIELDS: [(&[Field], &str); 3] = [
    (&[Field::PktSrcAddr, Field::PktDstAddr], "which client used which service is not known, only the sums of each"),
    (&[Field::Action], "rejected traffic counts as if it had passed"),
    (&[Field::LogStatus], "records that AWS skipped cannot be told from traffic"),
];

/// A flow log that records rejected traffic only, by its subscription or by what was seen of it.
pub(super) fn is_reject_only(facts: &Facts<'_>, sample: &Sample) -> bool {
    let said = facts.inventory.flow_log(&sample.name).and_then(|log| log.traffic_type.as_deref());
    said == Some("REJECT") || sample.accepted == 0 && sample.rejected > 0
}

pub(super) fn examine(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    if !facts.has(Part::FlowLogs) {
        let hint = "give the folder or the s3:// address of VPC flow logs by --flow-logs; `natlens doctor --commands` shows how to copy them";
        findings.push(Finding::problem(AREA, "there are none: who sent the bytes, and where to, is not known", hint));
        return;
    }
    let (rejecting, good): (Vec<&Sample>, Vec<&Sample>) =
        facts.samples.iter().partition(|sample| is_reject_only(facts, sample));
    if !rejecting.is_empty() {
        let what = format!(
            "{}: only rejected traffic (TrafficType REJECT), of which no gateway carried a byte",
            names(&rejecting)
        );
        let hint = "create a flow log with TrafficType ALL; one that exists cannot be changed";
        // Beside others it is only of no use; where it was to cover a gateway, that is told of the gateway.
        let severity = if good.is_empty() { Severity::Problem } else { Severity::Warning };
        findings.push(Finding { severity, area: AREA, what, hint: Some(hint.to_owned()) });
    }
    let read: Vec<&Sample> = good.iter().copied().filter(|sample| sample.fields.is_some()).collect();
    let lacks = |sample: &Sample, fields: &[Field]| {
        sample.fields.is_some_and(|present| fields.iter().any(|field| !present.contains(*field)))
    };
    for (fields, cost) in FIELDS {
        let without: Vec<&Sample> = read.iter().copied().filter(|sample| lacks(sample, fields)).collect();
        if !without.is_empty() {
            let what = format!("{}: no {}: {cost}", names(&without), words(fields));
            findings.push(Finding::warning(
                AREA,
                what,
                format!("create a flow log whose format has {}", words(fields)),
            ));
        }
    }
    let regional =
        facts.inventory.nat_gateways().any(|nat| nat.availability == Availability::Regional && !nat.is_gone());
    let anonymous: Vec<&Sample> = read.iter().copied().filter(|sample| lacks(sample, &[Field::ResourceId])).collect();
    if regional && !read.is_empty() && anonymous.len() == read.len() {
        let what = format!("{}: no resource-id: a regional NAT gateway is named nowhere else", names(&anonymous));
        findings.push(Finding::problem(AREA, what, "create a flow log of the gateway whose format has resource-id"));
    }
    let unread: Vec<&Sample> = good.iter().copied().filter(|sample| sample.fields.is_none()).collect();
    if !unread.is_empty() {
        let what = format!("{}: no record could be read", names(&unread));
        findings.push(Finding::problem(AREA, what, "look at what `natlens report` says of the objects"));
    }
    let whole = read.iter().filter(|sample| FIELDS.iter().all(|(fields, _)| !lacks(sample, fields))).count();
    if whole > 0 {
        let what = format!("{} with every field that the answers need", count(whole, "flow log", "flow logs"));
        findings.push(Finding::ok(AREA, what));
    }
}

fn names(samples: &[&Sample]) -> String {
    some(&samples.iter().map(|sample| sample.name.clone()).collect::<Vec<_>>())
}

fn words(fields: &[Field]) -> String {
    fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(" and ")
}
