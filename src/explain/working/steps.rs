//! Steps in the making: each is checked as it is added.

use super::table;
use super::{Expression, Quantity, Rounding, Row, Rule, Step, Working};

/// The source of a number that stands without its arithmetic.
pub(in crate::explain) const THE_REPORT: &str = "the report";

/// Steps in the making.
#[derive(Debug, Default)]
pub(in crate::explain) struct Steps(pub Vec<Step>);

impl Steps {
    fn push(&mut self, label: impl Into<String>, working: Working, source: impl Into<String>) {
        self.0.push(Step { label: label.into(), working, source: source.into() });
    }

    pub(in crate::explain) fn part(&mut self, title: impl Into<String>) {
        self.push(title, Working::Part, "");
    }

    pub(in crate::explain) fn note(&mut self, label: impl Into<String>, text: impl Into<String>) {
        self.push(label, Working::Note { text: text.into() }, "");
    }

    pub(in crate::explain) fn given(
        &mut self,
        label: impl Into<String>,
        values: Vec<Quantity>,
        source: impl Into<String>,
    ) {
        self.push(label, Working::Given { values }, source);
    }

    /// The result with its expression; without it where the expression gives another result.
    pub(in crate::explain) fn worked(&mut self, label: impl Into<String>, expression: Expression, result: Quantity) {
        self.rounded(label, expression, Rounding::HalfEven, result);
    }

    /// A part of a split that sums to its whole.
    pub(in crate::explain) fn split(&mut self, label: impl Into<String>, expression: Expression, result: Quantity) {
        self.rounded(label, expression, Rounding::LargestRemainder, result);
    }

    /// A row for each of several things, and their sums: by the rule if it gives the last number of every row; without sums
    /// where 128 bits do not hold them.
    pub(in crate::explain) fn table(
        &mut self,
        label: impl Into<String>,
        rule: Option<Rule>,
        rows: Vec<Row>,
        source: impl Into<String>,
    ) {
        let follows = |rule: &Rule| rows.iter().all(|row| rule.holds(row));
        let source = match &rule {
            Some(rule) if !follows(rule) => THE_REPORT.to_owned(),
            _ => source.into(),
        };
        let sums = table::sums(&rows);
        let rule = rule.filter(follows);
        self.push(label, Working::Table { rule, rows, sums }, source);
    }

    fn rounded(&mut self, label: impl Into<String>, of: Expression, how: Rounding, result: Quantity) {
        match of.gives(how, result.amount) {
            Some(rounding) => self.push(label, Working::Worked { expression: of, rounding, result }, ""),
            None => self.push(label, Working::Given { values: vec![result] }, THE_REPORT),
        }
    }
}
