//! The first screen: what it is about, what it costs, what would be saved, and what the answer does not hold.

use super::{plus, row_bytes};
use crate::model::usd::Usd;
use crate::report::{DecisionRow, Report, TrafficRow};
use crate::sinks::document::{Fact, Tone};
use crate::sinks::human::{self, Numbers, UNKNOWN};

/// The lines of the headline, in order; a line that has nothing to say is absent.
pub(super) fn facts(report: &Report, numbers: &Numbers) -> Vec<Fact> {
    let mut facts = vec![
        period(report),
        plain("NAT gateways", gateways(report)),
        plain("Observed data", observed(report, numbers)),
    ];
    facts.extend(billed(report, numbers));
    facts.push(plain("Cost basis", cost_basis(report).to_owned()));
    facts.push(cost(report, numbers));
    let summary = &report.summary;
    facts.extend(summary.hours_usd.map(|usd| plain("Gateway hours", numbers.money(usd))));
    facts.extend(
        summary
            .unobserved_usd
            .map(|usd| plain("Unobserved", format!("{} of the bill that no flow log explains", numbers.money(usd)))),
    );
    facts.push(saving(report, numbers));
    facts.extend(left_out(report, numbers));
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
        _ => "no records".to_owned(),
    };
    if period.partial {
        Fact { label: "Period", text: format!("{span} (partial: {seen})"), tone: Tone::Warn }
    } else {
        plain("Period", span)
    }
}

fn gateways(report: &Report) -> String {
    let known = human::grouped(i128::from(report.summary.nat_gateways));
    let silent = report.nat_gateways.iter().filter(|g| g.observed_bytes.is_none()).count();
    if silent == 0 { known } else { format!("{known} ({} without flow logs)", human::grouped(int(silent))) }
}

fn observed(report: &Report, numbers: &Numbers) -> String {
    let Some(bytes) = report.summary.observed_bytes else {
        return format!("{UNKNOWN}, no gateway is covered by a flow log");
    };
    let sum = |direction: fn(&crate::report::NatGatewayRow) -> Option<crate::model::bytes::Bytes>| {
        report.nat_gateways.iter().filter_map(direction).map(human::int).fold(0, i128::saturating_add)
    };
    let (up, down) = (sum(|g| g.upload_bytes), sum(|g| g.download_bytes));
    format!("{} ({} up, {} down)", numbers.size(human::int(bytes)), numbers.size(up), numbers.size(down))
}

fn billed(report: &Report, numbers: &Numbers) -> Option<Fact> {
    let bytes = report.summary.billed_bytes?;
    let covered = report.summary.coverage.map_or_else(String::new, |c| {
        format!(", {} of it explained by flow logs", human::percent(c.units(), crate::model::usd::SCALE))
    });
    Some(plain("Billed data", format!("{}{covered}", numbers.size(human::int(bytes)))))
}

fn has_bill(report: &Report) -> bool {
    report.summary.data_usd.is_some() || report.summary.billed_bytes.is_some()
}

fn cost_basis(report: &Report) -> &'static str {
    match report.cost_basis {
        "list" if has_bill(report) => "list prices",
        "list" => "list prices, no bill was given",
        "unblended" => "the bill, unblended",
        _ => "the bill, net of discounts",
    }
}

/// Cost of the data; where some of it has no price, what is known and that it is not all.
fn cost(report: &Report, numbers: &Numbers) -> Fact {
    let summary = &report.summary;
    let at = if has_bill(report) { "" } else { " at list prices" };
    let priced = report.traffic.iter().filter_map(|r| r.usd).fold(Usd::ZERO, plus);
    let text = match (summary.data_usd, summary.attributed_usd) {
        (Some(data), Some(attributed)) if data != attributed => {
            format!("{}, {} of it attributed", numbers.money(data), numbers.money(attributed))
        }
        (Some(data), _) => numbers.money(data),
        (None, Some(attributed)) => format!("{}{at}, without gateway hours", numbers.money(attributed)),
        (None, None) if report.traffic.iter().any(|r| r.usd.is_some()) => {
            format!("{UNKNOWN}; {}{at} for the part that has a price", numbers.money(priced))
        }
        (None, None) => UNKNOWN.to_owned(),
    };
    plain("Data cost", text)
}

/// Whether a decision is part of the summary's sums: it recommends something, and has a price.
pub(super) fn counts(decision: &DecisionRow) -> bool {
    decision.action != "keep-nat" && decision.net_usd.is_some()
}

/// Traffic that an endpoint could carry, if it were known where it has to stand.
pub(super) fn is_undecided(row: &TrafficRow) -> bool {
    row.endpoint != "none" && row.vpc_id.is_none()
}

fn saving(report: &Report, numbers: &Numbers) -> Fact {
    let counted = || report.decisions.iter().filter(|d| counts(d));
    let summary = &report.summary;
    let open = report.traffic.iter().filter(|row| is_undecided(row));
    if counted().next().is_none() && open.clone().next().is_some() {
        let usd: Option<Vec<Usd>> = open.map(|row| row.usd).collect();
        let most = usd.map(|usd| usd.into_iter().sum());
        let most = most.map_or_else(String::new, |usd| format!(", at most {}", numbers.money(usd)));
        return plain("Saving", format!("not decided{most}: which VPC the clients are in is not known"));
    }
    if counted().next().is_none() {
        return plain("Saving", "none found: no endpoint is recommended at a known price".to_owned());
    }
    let what = if counted().all(|d| d.endpoint_type == "gateway") { "gateway endpoints" } else { "endpoints" };
    let share = summary.attributed_usd.filter(|a| a.units() > 0).map_or_else(String::new, |a| {
        format!(", {} of the attributed data cost", human::percent(summary.net_saving_usd.units(), a.units()))
    });
    let after = if summary.endpoint_usd == Usd::ZERO {
        String::new()
    } else {
        format!(" after {} for the endpoints", numbers.money(summary.endpoint_usd))
    };
    let text = format!("{} with {what}{after}{share}", numbers.money(summary.net_saving_usd));
    let tone = if summary.net_saving_usd.units() > 0 { Tone::Good } else { Tone::Plain };
    Fact { label: "Saving", text, tone }
}

/// What the cost and the saving do not hold.
fn left_out(report: &Report, numbers: &Numbers) -> Option<Fact> {
    let mut parts = Vec::new();
    let unpriced = report.traffic.iter().filter(|r| r.usd.is_none()).map(row_bytes).fold(0, i128::saturating_add);
    if unpriced > 0 {
        parts.push(format!("{} without a price", numbers.size(unpriced)));
    }
    let silent = report.nat_gateways.iter().filter(|g| g.observed_bytes.is_none()).count();
    if silent > 0 {
        parts.push(format!("{} without flow logs", human::plural(silent, "gateway", "gateways")));
    }
    let open = report.decisions.iter().filter(|d| d.action != "keep-nat" && d.net_usd.is_none()).count();
    if open > 0 {
        parts.push(format!("{} without a price", human::plural(open, "decision", "decisions")));
    }
    let text = parts.join(", ");
    (!text.is_empty()).then_some(Fact { label: "Not included", text, tone: Tone::Warn })
}

fn int(n: usize) -> i128 {
    i128::try_from(n).unwrap_or(i128::MAX)
}
