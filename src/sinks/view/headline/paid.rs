//! What was paid, and for what.

use super::{bytes_of, has_bill, has_logs, int, plain};
use crate::model::usd::Usd;
use crate::report::{Report, is_unnamed_aws};
use crate::sinks::document::Fact;
use crate::sinks::human::{self, Numbers, UNKNOWN};
use crate::sinks::view::{plus, row_bytes};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Services that the headline names.
const NAMED: usize = 3;

/// The bill's own figures; without a bill what was seen, at list prices, and that it is not what was paid.
pub(super) fn paid(report: &Report, numbers: &Numbers) -> Fact {
    let summary = &report.summary;
    if !has_bill(report) {
        return plain("Cost", at_list(report, numbers));
    }
    let label = if report.cost_basis == "list" { "Cost" } else { "Paid" };
    if summary.data_usd.is_none() && summary.hours_usd.is_none() {
        return plain(label, format!("{UNKNOWN}: the bill holds no charge of a NAT gateway in this period"));
    }
    let money = |amount: Option<Usd>| amount.map_or_else(|| UNKNOWN.to_owned(), |usd| numbers.money(usd));
    let total = summary.data_usd.and_then(|data| Some(plus(data, summary.hours_usd?)));
    let data = summary.billed_bytes.map_or_else(|| "data".to_owned(), |b| numbers.size(human::int(b)));
    let hours: Option<Vec<Usd>> = report.nat_gateways.iter().map(|g| g.hours).collect();
    let hours = match hours.filter(|hours| !hours.is_empty()) {
        Some(hours) => format!("{} gateway hours", human::quantity(hours.into_iter().fold(Usd::ZERO, plus))),
        None => "gateway hours".to_owned(),
    };
    let text = format!(
        "{} {}: {} for {data}, {} for {hours}",
        money(total),
        basis(report),
        money(summary.data_usd),
        money(summary.hours_usd)
    );
    plain(label, text)
}

fn basis(report: &Report) -> &'static str {
    match report.cost_basis {
        "list" => "at list prices, which is not what was paid",
        "unblended" => "unblended",
        _ => "net of discounts",
    }
}

fn at_list(report: &Report, numbers: &Numbers) -> String {
    let unpriced = bytes_of(report, |r| r.usd.is_none());
    let priced = report.traffic.iter().filter_map(|r| r.usd).fold(Usd::ZERO, plus);
    let known =
        report.traffic.iter().any(|r| r.usd.is_some()) || unpriced == 0 && report.summary.attributed_usd.is_some();
    if !known {
        return format!("{UNKNOWN}: no bill was given, and nothing that was seen has a price");
    }
    // Where a part has no price, the rows say what the rest comes to.
    let usd = report.summary.attributed_usd.filter(|_| unpriced == 0).unwrap_or(priced);
    let least = if unpriced > 0 { "at least " } else { "" };
    format!("{least}{} at list prices, gateway hours apart; no bill was given", numbers.money(usd))
}

/// What one service took.
#[derive(Default)]
struct Share {
    bytes: i128,
    usd: Usd,
    priced: bool,
}

impl Share {
    fn add(&mut self, bytes: i128, usd: Option<Usd>) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.usd = plus(self.usd, usd.unwrap_or_default());
        self.priced |= usd.is_some();
    }
}

/// The largest services, then the others, AWS without a name, and what no flow log explains: together, all of the data cost.
pub(super) fn for_what(report: &Report, numbers: &Numbers) -> Fact {
    plain("For what", parts(report, numbers))
}

fn parts(report: &Report, numbers: &Numbers) -> String {
    let summary = &report.summary;
    if report.traffic.is_empty() {
        return match (has_logs(report), has_bill(report)) {
            (false, true) => "not known: without flow logs nothing says what the data was".to_owned(),
            _ => "not known: no traffic could be attributed".to_owned(),
        };
    }
    let unpriced = bytes_of(report, |r| r.usd.is_none());
    let whole = summary.data_usd.or(summary.attributed_usd).filter(|usd| unpriced == 0 && usd.units() > 0);
    let all_bytes = bytes_of(report, |_| true);
    let by_bytes = report.traffic.iter().all(|r| r.usd.is_none());
    let show = |name: &str, share: &Share| match whole {
        _ if by_bytes => format!("{name} {} ({})", numbers.size(share.bytes), human::percent(share.bytes, all_bytes)),
        Some(whole) => {
            format!("{name} {} ({})", numbers.money(share.usd), human::percent(share.usd.units(), whole.units()))
        }
        None => format!("{name} {}", numbers.money(share.usd)),
    };
    let mut sums: BTreeMap<&str, Share> = BTreeMap::new();
    let mut unnamed = Share::default();
    for row in &report.traffic {
        let is_unnamed = is_unnamed_aws(row, &report.logged_vpcs);
        let share = if is_unnamed { &mut unnamed } else { sums.entry(&row.service).or_default() };
        share.add(row_bytes(row), row.usd);
    }
    // A service without any price is in "without a price" below, whatever its size.
    let mut named: Vec<(&str, Share)> = sums.into_iter().filter(|(_, share)| share.priced || by_bytes).collect();
    named.sort_by_key(|(_, share)| (Reverse(share.usd), Reverse(share.bytes)));
    let keep = if named.len() <= NAMED + 1 { named.len() } else { NAMED };
    let mut parts: Vec<String> = named[..keep].iter().map(|(name, share)| show(label(name), share)).collect();
    let mut others = Share::default();
    for (_, share) in &named[keep..] {
        others.add(share.bytes, Some(share.usd));
    }
    if named.len() > keep {
        parts.push(show(&format!("{} others", human::grouped(int(named.len() - keep))), &others));
    }
    if unnamed.bytes > 0 && (unnamed.priced || by_bytes) {
        parts.push(show("AWS service not known", &unnamed));
    }
    if unpriced > 0 && !by_bytes {
        parts.push(format!("{} without a price", numbers.size(unpriced)));
    }
    if let Some(usd) = summary.unobserved_usd.filter(|&usd| usd != Usd::ZERO) {
        // How many bytes those dollars are of is not known.
        let share = Share { bytes: 0, usd, priced: true };
        parts.push(if by_bytes { format!("unobserved {}", numbers.money(usd)) } else { show("unobserved", &share) });
    }
    parts.join(", ")
}

/// A service without the contract's prefix.
fn label(service: &str) -> &str {
    service.strip_prefix("domain:").unwrap_or(service)
}
