//! What inputs and permissions are good for, before anybody relies on a report: findings with a severity and a hint, and which
//! questions can be answered. Values in, values out; whoever calls has read the inputs.

mod answers;
pub mod commands;
mod gateways;
mod inputs;
pub mod live;
mod logs;
pub mod policy;
pub mod wants;

use crate::model::inventory::Inventory;
use crate::report::{Period, Report};
use crate::sources::flow::FieldSet;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// Name and version of the JSON form.
pub const SCHEMA: &str = "natlens.doctor/1";

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// An answer is less than it could be.
    Warning,
    /// An answer is missing, or would be wrong.
    Problem,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it belongs to: `flow-logs`, `billing`, `credentials`, ...
    pub area: &'static str,
    /// What was found.
    pub what: String,
    /// What to do about it; nothing where all is well.
    pub hint: Option<String>,
}

impl Finding {
    /// Nothing to do.
    pub fn ok(area: &'static str, what: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, area, what: what.into(), hint: None }
    }

    /// Less than it could be.
    pub fn warning(area: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, area, what: what.into(), hint: Some(hint.into()) }
    }

    /// Missing or wrong.
    pub fn problem(area: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, area, what: what.into(), hint: Some(hint.into()) }
    }
}

/// Whether a question can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Can {
    /// For everything.
    Yes,
    /// For a part, or with less certainty.
    Partly,
    /// Not at all.
    No,
}

/// A question that a report answers, and whether it can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The question.
    pub question: &'static str,
    /// Whether.
    pub can: Can,
    /// By what, or what is missing.
    pub why: String,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkup {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// First and last day but one of the time that was looked at; null where there is none.
    pub period: Option<(String, String)>,
    /// What can be answered; empty where no inputs were looked at.
    pub answers: Vec<Answer>,
    /// By area, in the order in which a reader would look.
    pub findings: Vec<Finding>,
}

impl Checkup {
    /// The most serious severity.
    #[must_use]
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }
}

/// What a few objects of one flow log hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The flow log: its id, log group or prefix.
    pub name: String,
    /// The known fields of its records; `None` where nothing could be read.
    pub fields: Option<FieldSet>,
    /// ACCEPT records.
    pub accepted: u64,
    /// REJECT records.
    pub rejected: u64,
}

/// A part of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Flow logs.
    FlowLogs,
    /// The bill.
    Billing,
    /// Descriptions of the account.
    Inventory,
    /// `CloudWatch` metrics.
    Metrics,
    /// Resolver query logs.
    Dns,
}

/// What was read.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Which parts there are.
    pub parts: BTreeSet<Part>,
    /// The report; or why there is none, and what to do about it.
    pub report: Result<&'a Report, (String, Option<String>)>,
    /// The account.
    pub inventory: &'a Inventory,
    /// Every flow log, by name.
    pub samples: &'a [Sample],
    /// The last day with usage of what natlens knows on the bill, `YYYY-MM-DD`.
    pub billed_until: Option<String>,
    /// The last day with records in the period.
    pub logged_until: Option<String>,
    /// How many days the first is before the second.
    pub days_behind: i64,
}

impl Facts<'_> {
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

/// Looks at everything that was read.
#[must_use]
pub fn examine(facts: &Facts<'_>) -> Checkup {
    let mut findings = Vec::new();
    logs::examine(facts, &mut findings);
    gateways::examine(facts, &mut findings);
    inputs::billing(facts, &mut findings);
    inputs::inventory(facts, &mut findings);
    inputs::metrics(facts, &mut findings);
    inputs::dns(facts, &mut findings);
    inputs::report(facts, &mut findings);
    let period = facts.report.as_ref().ok().map(|report| days(&report.period));
    Checkup { schema: SCHEMA, period, answers: answers::answers(facts), findings }
}

fn days(period: &Period) -> (String, String) {
    (period.start.clone(), period.end.clone())
}

/// A few names and how many more there are.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// A number and its noun.
fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
