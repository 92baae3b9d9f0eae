//! `--fail-on`: a limit of the user's own, checked against the report's summary.

use super::Report;
use crate::model::usd::Usd;
use std::fmt;
use std::str::FromStr;

/// What makes a script stop. A figure that is not known has crossed its limit: missing is not fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// `saving>USD`: the decisions' net saving is above this.
    SavingAbove(Usd),
    /// `coverage<PERCENT`: flow logs explain less than this of the billed bytes.
    CoverageBelow(Usd),
}

/// A text that is no threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no threshold (expected saving>USD or coverage<PERCENT, for example coverage<95)")]
pub struct NotAThreshold(pub String);

impl FromStr for Threshold {
    type Err = NotAThreshold;
    fn from_str(text: &str) -> Result<Self, NotAThreshold> {
        let amount = |text: &str| Usd::parse(text).ok().map(|(usd, _)| usd);
        let parsed = match (text.split_once('>'), text.split_once('<')) {
            (Some((name, usd)), None) if name.trim() == "saving" => amount(usd).map(Self::SavingAbove),
            (None, Some((name, percent))) if name.trim() == "coverage" => {
                amount(percent.trim().trim_end_matches('%')).map(Self::CoverageBelow)
            }
            _ => None,
        };
        parsed.ok_or_else(|| NotAThreshold(text.to_owned()))
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SavingAbove(usd) => write!(f, "saving>{usd}"),
            Self::CoverageBelow(percent) => write!(f, "coverage<{percent}"),
        }
    }
}

impl Threshold {
    /// What the report has in its place, where that is over the line or not known.
    #[must_use]
    pub fn crossed(&self, report: &Report) -> Option<String> {
        let summary = &report.summary;
        match *self {
            Self::SavingAbove(limit) if summary.net_saving_usd > limit => {
                Some(format!("saving is {}", summary.net_saving_usd))
            }
            Self::SavingAbove(_) => {
                let open = report.decisions.iter().any(|row| row.net_usd.is_none());
                let measured = summary.observed_bytes.is_some();
                (open || !measured).then(|| "the saving is not known".to_owned())
            }
            Self::CoverageBelow(percent) => match summary.coverage {
                None => Some("coverage is not known".to_owned()),
                Some(coverage) => {
                    let found = Usd::from_units(coverage.units().saturating_mul(100));
                    (found < percent).then(|| format!("coverage is {found} %"))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bytes::Bytes;
    use crate::report::{Period, Provenance, RecordBytes, RecordKinds, Summary};

    fn usd(text: &str) -> Usd {
        Usd::parse(text).expect("an amount").0
    }

    fn empty() -> Report {
        let text = String::new;
        Report {
            schema: super::super::SCHEMA,
            period: Period { start: text(), end: text(), observed_start: None, observed_end: None, partial: false },
            currency: text(),
            cost_basis: "list",
            summary: Summary::default(),
            nat_gateways: Vec::new(),
            traffic: Vec::new(),
            clients: Vec::new(),
            destinations: Vec::new(),
            buckets: Vec::new(),
            client_services: Vec::new(),
            logged_vpcs: std::collections::BTreeSet::new(),
            region_unknown: std::collections::BTreeSet::new(),
            decisions: Vec::new(),
            findings: Vec::new(),
            custom_services: Vec::new(),
            groups: None,
            records: RecordKinds::default(),
            record_bytes: RecordBytes::default(),
            warnings: Vec::new(),
            inputs: Vec::new(),
            provenance: Provenance { version: "", ip_ranges_sync_token: text(), prices_as_of: text() },
        }
    }

    fn check(text: &str, saving: &str, coverage: Option<&str>, observed: bool, expect: bool) {
        let threshold: Threshold = text.parse().expect("a threshold");
        let mut report = empty();
        report.summary.net_saving_usd = usd(saving);
        report.summary.coverage = coverage.map(usd);
        report.summary.observed_bytes = observed.then_some(Bytes::ZERO);
        assert_eq!(threshold.crossed(&report).is_some(), expect, "{text} {saving} {coverage:?}");
    }

    #[test]
    fn limits_are_crossed_strictly_and_by_what_is_not_known() {
        check("saving>100", "100", None, true, false);
        check("saving>100", "100.000000000001", None, true, true);
        check("saving > 0", "-1", None, true, false);
        check("saving>100", "0", None, false, true);
        check("coverage<95", "0", Some("0.95"), true, false);
        check("coverage<95%", "0", Some("0.949999999999"), true, true);
        check("coverage<95", "0", None, true, true);
        check("coverage<0", "0", Some("1.02"), true, false);
    }

    #[test]
    fn what_is_no_threshold_is_refused() {
        for text in ["", "saving", "saving<1", "coverage>1", "saving>x", "saving>1<2", "cost>1"] {
            assert_eq!(text.parse::<Threshold>(), Err(NotAThreshold(text.to_owned())));
        }
    }
}
