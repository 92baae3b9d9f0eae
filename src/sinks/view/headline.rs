//! The first screen: what was paid, for what, what to do, what that saves, and how sure the answer is.

use super::row_bytes;
use crate::report::{DecisionRow, Report, TrafficRow};
use crate::sinks::document::{Fact, Tone};
use crate::sinks::human::{self, Numbers};

mod paid;
mod verdict;

/// The lines of the headline, in order; a line that has nothing to say is absent.
pub(super) fn facts(report: &Report, numbers: &Numbers) -> Vec<Fact> {
    let mut facts = vec![
        period(report),
        plain("NAT gateways", gateways(report)),
        paid::paid(report, numbers),
        paid::for_what(report, numbers),
        verdict::to_do(report),
        verdict::saving(report, numbers),
    ];
    facts.extend(verdict::on_gateways(report, numbers));
    facts.extend(verdict::upper_bound(report, numbers));
    facts.push(verdict::how_sure(report, numbers));
    facts.extend(verdict::not_claimed(report, numbers));
    facts.extend(verdict::left_out(report, numbers));
    facts
}

fn plain(label: &'static str, text: String) -> Fact {
    Fact { label, text, tone: Tone::Plain }
}

fn period(report: &Report) -> Fact {
    let period = &report.period;
    let span = human::period(&period.start, &period.end);
    let seen = match (&period.observed_start, &period.observed_end) {
        (Some(from), Some(to)) => format!("records from {} to {} UTC", human::moment(from), human::moment(to)),
        _ if has_logs(report) => "no records".to_owned(),
        _ => "the bill has no line of a NAT gateway on its first or its last day".to_owned(),
    };
    if period.partial && (has_logs(report) || has_bill(report)) {
        Fact { label: "Period", text: format!("{span} (partial: {seen})"), tone: Tone::Warn }
    } else {
        plain("Period", span)
    }
}

fn gateways(report: &Report) -> String {
    let known = human::grouped(i128::from(report.summary.nat_gateways));
    let silent = silent(report);
    if report.summary.nat_gateways == 0 && report.summary.data_usd.is_some() {
        return "not known: the bill names none".to_owned();
    }
    if silent == 0 { known } else { format!("{known} ({} without flow logs)", human::grouped(int(silent))) }
}

/// Gateways that no flow log covers.
fn silent(report: &Report) -> usize {
    report.nat_gateways.iter().filter(|g| g.observed_bytes.is_none()).count()
}

/// Whether flow logs were read at all.
pub(super) fn has_logs(report: &Report) -> bool {
    report.records.read > 0 || report.summary.observed_bytes.is_some()
}

/// Whether there is a bill, even one without a NAT gateway on it.
pub(super) fn has_bill(report: &Report) -> bool {
    report.cost_basis != "list"
        || report.summary.data_usd.is_some()
        || report.summary.billed_bytes.is_some()
        || report.inputs.iter().any(|input| input.kind == "billing")
}

/// Whether a decision recommends something.
pub(super) fn acts(decision: &DecisionRow) -> bool {
    decision.action != "keep-nat"
}

/// Whether a decision is part of the summary's sums: it recommends something, and has a price.
pub(super) fn counts(decision: &DecisionRow) -> bool {
    acts(decision) && decision.net_usd.is_some()
}

/// Traffic that an endpoint could carry, if it were known where it has to stand.
pub(super) fn is_undecided(row: &TrafficRow) -> bool {
    row.endpoint != "none" && row.vpc_id.is_none()
}

/// Both directions of the rows that `pick` takes.
fn bytes_of(report: &Report, pick: impl Fn(&TrafficRow) -> bool) -> i128 {
    report.traffic.iter().filter(|r| pick(r)).map(row_bytes).fold(0, i128::saturating_add)
}

/// Rows that an endpoint could carry, if the Region of their service and that of their clients were known.
pub(super) fn of_unknown_region(report: &Report) -> impl Iterator<Item = &TrafficRow> {
    report.region_unknown.iter().filter_map(|&at| report.traffic.get(at))
}

fn int(n: usize) -> i128 {
    i128::try_from(n).unwrap_or(i128::MAX)
}
