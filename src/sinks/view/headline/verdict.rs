//! What to do, what it saves, and how sure that is.

use super::{acts, bytes_of, counts, has_bill, has_logs, is_undecided, of_unknown_region, plain, silent};
use crate::model::usd::{SCALE, Usd};
use crate::report::{DecisionRow, Report, TrafficRow, is_unnamed_aws};
use crate::sinks::document::{Fact, Tone};
use crate::sinks::human::{self, Numbers, UNKNOWN};
use crate::sinks::view::evidence::{Missing, unnamed_by_vpc};
use crate::sinks::view::{plus, row_bytes};
use std::collections::BTreeSet;

/// How many endpoints to create, fix, share and remove, and how many findings wait.
pub(super) fn to_do(report: &Report) -> Fact {
    let mut parts: Vec<String> = endpoints_to_do(report).into_iter().collect();
    if parts.is_empty() && report.findings.is_empty() {
        return plain("What to do", nothing_to_do(report));
    }
    let open = report.traffic.iter().any(is_undecided) || !report.region_unknown.is_empty();
    if parts.is_empty() && open {
        parts.push("endpoints: not decided".to_owned());
    }
    if !report.findings.is_empty() {
        parts.push(format!("gateways: {}", human::plural(report.findings.len(), "finding", "findings")));
    }
    if !has_logs(report) {
        parts.push(ENABLE.to_owned());
    }
    plain("What to do", parts.join("; "))
}

const ENABLE: &str = "enable flow logs on the gateways, to decide on endpoints";

/// `endpoints: create 3, fix 1`, or nothing.
fn endpoints_to_do(report: &Report) -> Option<String> {
    let of = |action: &str| report.decisions.iter().filter(|d| d.action == action).count();
    // A shared endpoint has a row for every VPC that uses it.
    let rows = || report.decisions.iter().filter(|d| d.action == "share");
    let shared: BTreeSet<(Option<&str>, &str)> =
        rows().map(|d| (d.endpoint_vpc_id.as_deref(), d.endpoint_service_name.as_str())).collect();
    let users: BTreeSet<&str> = rows().map(|d| d.vpc_id.as_str()).collect();
    let users = format!(" ({})", human::plural(users.len(), "VPC", "VPCs"));
    let counts = [
        ("create", of("create"), ""),
        ("fix", of("fix"), ""),
        ("share", shared.len(), &users),
        ("remove", of("remove"), ""),
    ];
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(_, n, _)| *n > 0)
        .map(|(action, n, more)| format!("{action} {}{more}", human::grouped(super::int(n))))
        .collect();
    (!parts.is_empty()).then(|| format!("endpoints: {}", parts.join(", ")))
}

fn nothing_to_do(report: &Report) -> String {
    let nothing = nothing(report);
    match report.summary.coverage {
        // What was not seen may be above the break-even.
        Some(coverage) if nothing == NOTHING_PAYS && coverage.units() < ENOUGH => {
            format!("{NOTHING_PAYS} on the {} of the bill that was seen", human::percent(coverage.units(), SCALE))
        }
        _ => nothing.to_owned(),
    }
}

const NOTHING_PAYS: &str = "nothing: every endpoint would cost more than it avoids";

/// Coverage from which what was seen stands for all: 95 %.
const ENOUGH: i128 = SCALE / 20 * 19;

fn nothing(report: &Report) -> &'static str {
    if !has_logs(report) {
        return ENABLE;
    }
    if report.traffic.iter().any(is_undecided) {
        return "not decided: which VPC the clients are in is not known";
    }
    match (report.region_unknown.is_empty(), report.decisions.is_empty()) {
        (false, true) => return "not decided: the Region of the service, or of its clients, is not known",
        (false, false) => return "nothing for certain: of some traffic the Region is not known; no other endpoint pays",
        (true, _) => {}
    }
    let is_warned = |code: &str| report.decisions.is_empty() && report.warnings.iter().any(|w| w.code == code);
    if is_warned("outside-prefix-list") {
        return "nothing for certain: the prefix list that was given may be older or newer than the traffic";
    }
    if is_warned("ambiguous-names") {
        return "nothing for certain: the names that were asked for disagree on the service of some traffic";
    }
    // A hundredth is worth the word.
    let unnamed = bytes_of(report, |row| is_unnamed_aws(row, &report.logged_vpcs));
    if report.decisions.is_empty() && unnamed > 0 && unnamed >= bytes_of(report, |_| true) / 100 {
        return "nothing for certain: which service answered at some of AWS's addresses is not known";
    }
    if report.decisions.is_empty() {
        return "nothing: no traffic was seen that an endpoint in its own Region could carry";
    }
    if report.decisions.iter().any(|d| d.net_usd.is_none()) {
        return "nothing for certain: some endpoints have no figure, the reasons below say why; no other one pays";
    }
    NOTHING_PAYS
}

/// Net of what the endpoints cost, on the traffic that was measured. Never a forecast.
pub(super) fn saving(report: &Report, numbers: &Numbers) -> Fact {
    let counted: Vec<&DecisionRow> = report.decisions.iter().filter(|d| counts(d)).collect();
    if counted.is_empty() {
        return plain("Saving", no_saving(report, numbers));
    }
    let summary = &report.summary;
    let net = summary.net_saving_usd;
    let endpoints = match summary.endpoint_usd.units() {
        0 if counted.iter().all(|d| d.endpoint_type == "gateway") => " with gateway endpoints".to_owned(),
        0 => " with endpoints".to_owned(),
        1.. => format!(" after {} for endpoints", numbers.money(summary.endpoint_usd)),
        ..=-1 => format!(", with {} no longer paid for endpoints", numbers.money(negated(summary.endpoint_usd))),
    };
    // No share of the bill: what is avoided is also transfer and hours that the gateways' own lines do not hold.
    let text = format!("{} on this period's traffic{endpoints}", numbers.money(net));
    let tone = if net.units() > 0 { Tone::Good } else { Tone::Plain };
    Fact { label: "Saving", text, tone }
}

fn negated(usd: Usd) -> Usd {
    Usd::from_units(usd.units().saturating_neg())
}

fn no_saving(report: &Report, numbers: &Numbers) -> String {
    let of_vpc = || report.traffic.iter().filter(|row| is_undecided(row));
    let open = || of_vpc().chain(of_unknown_region(report));
    if open().next().is_some() {
        let usd: Option<Vec<Usd>> = open().map(|row| row.usd).collect();
        let most = usd.map(|usd| usd.into_iter().fold(Usd::ZERO, plus));
        let most = most.map_or_else(String::new, |usd| format!(", at most {}", numbers.money(usd)));
        let why = match (of_vpc().next().is_some(), report.region_unknown.is_empty()) {
            (true, true) => "which VPC the clients are in is not known",
            (true, false) => "neither the clients' VPC nor the Region is known of all of it",
            (false, _) => "the Region of the service, or of its clients, is not known",
        };
        return format!("not decided{most}: {why}");
    }
    if !has_logs(report) {
        return format!("{UNKNOWN}: only measured traffic counts, and none was");
    }
    if report.decisions.iter().any(acts) {
        return format!("{UNKNOWN}: nothing that is recommended has a price");
    }
    match report.decisions.iter().filter(|d| d.net_usd.is_none()).count() {
        0 => "none found".to_owned(),
        open if open == report.decisions.len() => format!("{UNKNOWN}: no endpoint has a figure"),
        open => format!("none found; {} without a figure", human::plural(open, "endpoint", "endpoints")),
    }
}

/// What the findings on gateways come to; no part of the saving above.
pub(super) fn on_gateways(report: &Report, numbers: &Numbers) -> Option<Fact> {
    if report.findings.is_empty() {
        return None;
    }
    let mut kinds: Vec<String> = Vec::new();
    for kind in ["idle", "redundant", "cross-az", "removable"] {
        let n = report.findings.iter().filter(|f| f.kind == kind).count();
        kinds.extend((n > 0).then(|| format!("{} {kind}", human::grouped(super::int(n)))));
    }
    let unpriced = report.findings.iter().filter(|f| f.usd.is_none()).count();
    let kinds = kinds.join(", ");
    if unpriced == report.findings.len() {
        return Some(plain("On gateways", format!("{UNKNOWN}: no finding has a price ({kinds})")));
    }
    let open = match unpriced {
        0 => String::new(),
        n => format!(", {} of them unpriced", human::grouped(super::int(n))),
    };
    let usd = report.summary.gateway_saving_usd;
    let tone = if usd.units() > 0 { Tone::Good } else { Tone::Plain };
    let text = format!("{} more from findings ({kinds}){open}", numbers.money(usd));
    Some(Fact { label: "On gateways", text, tone })
}

/// The bound that the bill alone gives, never called a saving.
pub(super) fn upper_bound(report: &Report, numbers: &Numbers) -> Option<Fact> {
    let usd = report.summary.upper_bound_usd?;
    // What endpoints avoid beside it may be more than is left of it.
    let apart = if report.summary.avoidable_usd > usd { ", AZ crossing and transit gateways apart" } else { "" };
    let text = format!(
        "endpoints could take at most {} of the gateways' data charge{apart}: a bound, not a saving",
        numbers.money(usd)
    );
    Some(plain("Upper bound", text))
}

/// How much of the bill the flow logs hold, and how many warnings there are.
pub(super) fn how_sure(report: &Report, numbers: &Numbers) -> Fact {
    let mut parts = vec![seen(report, numbers)];
    let named = report.nat_gateways.iter().any(|g| g.billed_bytes.is_some() || g.data_usd.is_some());
    if report.summary.data_usd.is_some() && !named {
        parts.push("the bill names no gateway".to_owned());
    }
    if !report.warnings.is_empty() {
        parts.push(format!("{} below", human::plural(report.warnings.len(), "warning", "warnings")));
    }
    let tone = if report.warnings.is_empty() { Tone::Plain } else { Tone::Warn };
    Fact { label: "How sure", text: parts.join("; "), tone }
}

fn seen(report: &Report, numbers: &Numbers) -> String {
    let summary = &report.summary;
    let Some(observed) = summary.observed_bytes else {
        return match (has_bill(report), has_logs(report)) {
            (true, false) => "by the bill alone, no flow log was read".to_owned(),
            _ => "no gateway is covered by a flow log".to_owned(),
        };
    };
    let seen = numbers.size(human::int(observed));
    match (summary.coverage, summary.billed_bytes) {
        (Some(coverage), Some(billed)) => {
            let percent = human::percent(coverage.units(), SCALE);
            let over = if coverage.units() > SCALE { ", so the split is scaled to the bill" } else { "" };
            let held = format!("flow logs hold {percent} of the {} billed{over}", numbers.size(human::int(billed)));
            // More than all of one gateway's bytes makes up for nothing that is missing of another's.
            let least = report.nat_gateways.iter().filter_map(|g| Some((g.coverage?.units(), &g.nat_gateway_id))).min();
            match least.filter(|(least, _)| coverage.units() >= ENOUGH && *least < ENOUGH) {
                Some((least, gateway)) => format!("{held}, but {} of {gateway}'s", human::percent(least, SCALE)),
                None => held,
            }
        }
        _ if has_bill(report) => format!("flow logs hold {seen}, which the bill cannot be compared with"),
        _ => format!("flow logs hold {seen}, no bill to check them against"),
    }
}

/// Traffic of AWS whose service is not known: in the cost, in no saving.
pub(super) fn not_claimed(report: &Report, numbers: &Numbers) -> Option<Fact> {
    let is_unnamed = |row: &TrafficRow| is_unnamed_aws(row, &report.logged_vpcs);
    let bytes = bytes_of(report, is_unnamed);
    let usd: Option<Vec<Usd>> = report.traffic.iter().filter(|row| is_unnamed(row)).map(|row| row.usd).collect();
    let usd = usd.map_or_else(|| UNKNOWN.to_owned(), |usd| numbers.money(usd.into_iter().fold(Usd::ZERO, plus)));
    let share = human::percent(bytes, bytes_of(report, |_| true));
    let text = format!("AWS, service not known: {usd} for {} ({share}); {}", numbers.size(bytes), remedy(report));
    (bytes > 0).then(|| plain("Not claimed", text))
}

/// What would name it, in a few words.
fn remedy(report: &Report) -> String {
    let by_vpc = unnamed_by_vpc(report);
    let of = |missing: Missing| by_vpc.iter().filter(|of| of.missing == missing).count();
    match (of(Missing::QueryLog), of(Missing::Query)) {
        (0, 0) => "log Resolver queries".to_owned(),
        (0, _) => "nobody asked the Resolver".to_owned(),
        (vpcs, _) => format!("log Resolver queries of {}", human::plural(vpcs, "VPC", "VPCs")),
    }
}

/// What the cost and the saving do not hold.
pub(super) fn left_out(report: &Report, numbers: &Numbers) -> Option<Fact> {
    let mut parts = Vec::new();
    let unpriced = bytes_of(report, |r| r.usd.is_none());
    if unpriced > 0 {
        parts.push(format!("{} without a price", numbers.size(unpriced)));
    }
    // A bill holds what no flow log does.
    let silent = silent(report);
    if silent > 0 && !has_bill(report) {
        parts.push(format!("{} without flow logs", human::plural(silent, "gateway", "gateways")));
    }
    let open = bytes_of(report, is_undecided);
    if open > 0 && report.decisions.iter().any(counts) {
        parts.push(format!("endpoints for {} whose client VPC is not known", numbers.size(open)));
    }
    let open = of_unknown_region(report).map(row_bytes).fold(0, i128::saturating_add);
    if open > 0 && report.decisions.iter().any(counts) {
        parts.push(format!("endpoints for {} whose Region is not known", numbers.size(open)));
    }
    let open = report.decisions.iter().filter(|d| acts(d) && d.net_usd.is_none()).count();
    if open > 0 {
        parts.push(format!("{} without a price", human::plural(open, "decision", "decisions")));
    }
    let text = parts.join(", ");
    (!text.is_empty()).then_some(Fact { label: "Not included", text, tone: Tone::Warn })
}
