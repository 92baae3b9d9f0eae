//! Why the sources disagree about a gateway, in plain words.

use super::split::Source;
use crate::model::bytes::Bytes;
use crate::model::period::{DAY_SECONDS, Window, iso_day};

/// What is known of a gateway's flow logs from the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogSetup {
    /// No flow log was described, for this gateway or any other: nothing can be said.
    #[default]
    Unknown,
    /// A flow log of its interface, subnet or VPC records its traffic.
    Logged,
    /// Its only flow logs record rejected traffic.
    RejectOnly(Vec<String>),
    /// Flow logs were described, and none is of its interface, subnet or VPC.
    NotLogged,
}

/// Everything that is known of one gateway's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Attributed bytes; `None` where no log covers it.
    pub observed: Option<Bytes>,
    /// Whether its own records were read, and not only its clients'.
    pub covered_itself: bool,
    /// Inbound that nobody asked for.
    pub unsolicited: Bytes,
    /// SKIPDATA records.
    pub skipdata: u64,
    /// Records that no kind of evidence could decide.
    pub undecided: Bytes,
    /// First and last day with attributed bytes, days since 1970.
    pub days: Option<(u32, u32)>,
    /// `CloudWatch`'s count.
    pub metered: Option<Bytes>,
    /// The bill's count.
    pub billed: Option<Bytes>,
    /// Where its cost comes from.
    pub source: Source,
    /// Whether it was described, or flow logs hold it: else only the bill, or routes, name it.
    pub known: bool,
    /// Whether a route in force leads to it.
    pub routed: bool,
    /// Its flow logs in the inventory.
    pub logs: LogSetup,
    /// Lines of the bill on it that are not understood.
    pub not_understood: u64,
    /// The second at which its bill's last line ends, where that is beyond the period: such lines count whole.
    pub across: Option<i64>,
    /// The first second that the bill does not tell of, where the records go on for a day or more.
    pub billed_until: Option<i64>,
}

/// A difference below one part in this many is not worth a word: intervals begin and end inside hours.
const TOLERANCE: u64 = 100;

/// One or more sentences; `None` where the sources agree or there is nothing to compare with.
#[must_use]
pub fn diagnose(evidence: &Evidence, window: Window) -> Option<String> {
    let mut said = Vec::new();
    said.extend(about_logs(evidence));
    let witness = evidence.billed.or(evidence.metered);
    if let (Some(observed), Some(witness)) = (evidence.observed, witness) {
        let name = if evidence.billed.is_some() { "bill" } else { "CloudWatch count" };
        if is_below(observed, witness) {
            said.extend(about_gap(evidence, observed, witness, name, window));
        } else if is_below(witness, observed) {
            said.push(match evidence.billed_until.filter(|_| evidence.billed.is_some()) {
                Some(until) => format!("The flow logs hold more than the bill, which ends on {}.", iso_day(until - 1)),
                None => format!(
                    "The flow logs hold more than the {name}: it may not be final, or it may not cover the whole period."
                ),
            });
            // Source: NLB guide, client IP preservation: a record of the target alone looks like one of traffic through the gateway.
            if !evidence.covered_itself {
                said.push(
                    "Its own interface is not logged, only its clients': connections that reach these from outside, by a load balancer \
                     that keeps the addresses of who connects, look like its traffic: log the gateway."
                        .to_owned(),
                );
            }
        }
    }
    if let (Some(metered), Some(billed)) = (evidence.metered, evidence.billed)
        && (is_below(metered, billed) || is_below(billed, metered))
    {
        let (less, more) = if metered < billed { ("CloudWatch", "the bill") } else { ("The bill", "CloudWatch") };
        said.push(format!("{less} counts less than {more}: one of them does not cover the whole period."));
    }
    if evidence.not_understood > 0 {
        let (are, they) = if evidence.not_understood == 1 { ("line is", "it is") } else { ("lines are", "they are") };
        said.push(format!("{} {are} not understood on the bill; {they} in no sum.", evidence.not_understood));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

fn is_below(part: Bytes, whole: Bytes) -> bool {
    whole.saturating_sub(part).get() > whole.get() / TOLERANCE
}

/// What is to be said of its logs whatever the numbers are.
fn about_logs(evidence: &Evidence) -> Option<String> {
    if !evidence.known {
        let text = match (evidence.source == Source::Bill, evidence.routed) {
            (true, false) => {
                "Only the bill knows this gateway: it was deleted before anyone described it, and no log holds it."
            }
            (true, true) => "Only the bill and a route name this gateway: it was not described, and no log holds it.",
            (false, true) => "Only a route names this gateway: it was not described, and no log holds it.",
            (false, false) => "This gateway was not described, and no log holds it.",
        };
        return Some(text.to_owned());
    }
    let setup = match &evidence.logs {
        LogSetup::RejectOnly(ids) => {
            format!(" Its only flow log, {}, records rejected traffic (TrafficType REJECT).", ids.join(", "))
        }
        LogSetup::NotLogged => " No flow log of its interface, subnet or VPC was described: enable one.".to_owned(),
        LogSetup::Logged => " A flow log for it exists, but none of its records is in the input.".to_owned(),
        LogSetup::Unknown => String::new(),
    };
    let idle = evidence.billed == Some(Bytes::ZERO);
    (evidence.observed.is_none() && !idle)
        .then(|| format!("No flow log covers it, so its bytes are unknown, not zero.{setup}"))
}

/// Reasons for logs that hold less than a witness.
fn about_gap(evidence: &Evidence, observed: Bytes, witness: Bytes, name: &str, window: Window) -> Vec<String> {
    let mut said = Vec::new();
    let day = |second: i64| u32::try_from(second.div_euclid(DAY_SECONDS)).unwrap_or(0);
    let show = |day: u32| iso_day(i64::from(day) * DAY_SECONDS);
    if let Some((first, last)) = evidence.days {
        if first > day(window.start) {
            said.push(format!("Its flow logs start on {}.", show(first)));
        }
        if last < day(window.end - 1) {
            said.push(format!("Its flow logs end on {}.", show(last)));
        }
    }
    if evidence.across.is_some() && evidence.billed.is_some() {
        said.push("Lines of the bill reach beyond the period, and count whole (bill-line-across-edge): its bytes and dollars are of a longer time.".to_owned());
    }
    if evidence.skipdata > 0 {
        said.push(format!("AWS dropped log records in {} intervals (SKIPDATA), of unknown size.", evidence.skipdata));
    }
    if evidence.undecided > Bytes::ZERO {
        said.push("Some of its records could not be decided.".to_owned());
    }
    if evidence.unsolicited > Bytes::ZERO && !is_below(observed + evidence.unsolicited, witness) {
        said.push(
            "The rest is inbound traffic that nobody asked for: it is billed, and belongs to no client.".to_owned(),
        );
    } else if evidence.unsolicited.get() > witness.get() / TOLERANCE {
        said.push("Part of the rest is inbound traffic that nobody asked for.".to_owned());
    }
    if !evidence.covered_itself {
        said.push("Its own interface is not logged, only its clients': what they do not log is missing.".to_owned());
    }
    if said.is_empty() {
        said.push(format!(
            "The flow logs hold less than the {name} and nothing in them says why: look for objects that were not copied."
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::Month;

    fn check(evidence: &Evidence, expect: Option<&str>) {
        let window = Month::parse("2026-10").expect("a month").window();
        let found = diagnose(evidence, window);
        match expect {
            None => assert_eq!(found, None),
            Some(part) => assert!(found.as_deref().is_some_and(|text| text.contains(part)), "{part}: {found:?}"),
        }
    }

    fn bytes(n: u64) -> Bytes {
        Bytes::new(n)
    }

    #[test]
    fn each_reason_is_found_and_agreement_is_silent() {
        let good = Evidence {
            observed: Some(bytes(995)),
            billed: Some(bytes(1000)),
            covered_itself: true,
            known: true,
            days: Some((20_727, 20_757)),
            ..Evidence::default()
        };
        check(&good, None);
        let short = Evidence { observed: Some(bytes(800)), ..good.clone() };
        check(&short, Some("nothing in them says why"));
        check(&Evidence { days: Some((20_730, 20_757)), ..short.clone() }, Some("start on 2026-10-04"));
        check(&Evidence { days: Some((20_727, 20_750)), ..short.clone() }, Some("end on 2026-10-24"));
        check(&Evidence { across: Some(1_793_500_000), ..short.clone() }, Some("(bill-line-across-edge)"));
        check(&Evidence { across: Some(1_793_500_000), ..good.clone() }, None);
        let early = Evidence { billed: Some(bytes(300)), billed_until: Some(1_791_676_800), ..good.clone() };
        check(&early, Some("more than the bill, which ends on 2026-10-10"));
        check(&Evidence { skipdata: 3, ..short.clone() }, Some("in 3 intervals (SKIPDATA)"));
        check(&Evidence { unsolicited: bytes(199), ..short.clone() }, Some("The rest is inbound"));
        check(&Evidence { unsolicited: bytes(50), ..short.clone() }, Some("Part of the rest"));
        check(&Evidence { covered_itself: false, ..short.clone() }, Some("Its own interface is not logged"));
        check(&Evidence { observed: Some(bytes(1100)), ..good.clone() }, Some("hold more than the bill"));
        check(&Evidence { metered: Some(bytes(1000)), ..good.clone() }, None);
        check(&Evidence { metered: Some(bytes(900)), ..good.clone() }, Some("CloudWatch counts less than the bill"));
        check(&Evidence { billed: None, metered: Some(bytes(1000)), ..short }, Some("CloudWatch count"));
        let dark = Evidence { observed: None, ..good.clone() };
        check(&dark, Some("unknown, not zero"));
        check(
            &Evidence { logs: LogSetup::RejectOnly(vec!["fl-1".into()]), ..dark.clone() },
            Some("fl-1, records rejected"),
        );
        check(&Evidence { logs: LogSetup::NotLogged, ..dark.clone() }, Some("enable one"));
        check(&Evidence { billed: Some(bytes(0)), ..dark.clone() }, None);
        let unknown = Evidence { known: false, billed: None, ..dark.clone() };
        check(&Evidence { source: Source::Bill, ..unknown.clone() }, Some("Only the bill knows"));
        check(
            &Evidence { source: Source::Bill, routed: true, ..unknown.clone() },
            Some("Only the bill and a route name"),
        );
        for source in [Source::List, Source::NotOnBill, Source::Pool] {
            check(&Evidence { source, routed: true, ..unknown.clone() }, Some("Only a route names this gateway"));
        }
        check(&Evidence { not_understood: 1, ..good }, Some("1 line is not understood"));
    }
}
