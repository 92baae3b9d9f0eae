//! A table of an explanation: labels to the left, numbers right-aligned, each exact and the last one rounded beside it.

use super::{Page, digits, push};
use crate::explain::{Quantity, Rounding, Row, Rule, Unit};
use crate::sinks::human::{self, visible};
use crate::sinks::terminal::width;

/// Space before each row.
const INDENT: &str = "    ";
/// Space between columns.
const GAP: usize = 2;

/// A line of cells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub label: String,
    pub cells: Vec<String>,
}

/// What a column of counts is called above it; money says of itself what it is.
const fn counts(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Bytes => Some("bytes"),
        Unit::Records => Some("records"),
        _ => None,
    }
}

fn head(rows: &[Row]) -> Vec<String> {
    let first = rows.first().map(|row| row.values.as_slice()).unwrap_or_default();
    first.iter().map(|q| counts(q.unit).unwrap_or_default().to_owned()).collect()
}

impl Page<'_> {
    /// What the last number of each row is worked out of.
    pub(super) fn rule(&self, rule: &Rule) -> String {
        let own = match rule.of {
            Unit::Bytes => "its bytes",
            _ => "its amount",
        };
        let over = rule.over.iter().map(|q| self.exact(q)).chain([own.to_owned()]).collect::<Vec<_>>().join(" x ");
        let mut text = format!("each row: {over}");
        for divisor in &rule.under {
            push(&mut text, format_args!(" / {}", self.exact(divisor)));
        }
        if rule.rounding == Rounding::LargestRemainder {
            text.push_str(", by largest remainder");
        }
        text
    }

    /// The names of counts, the rows, and the sums of several.
    pub(super) fn lines(&self, rule: Option<&Rule>, rows: &[Row], sums: &[Quantity]) -> Vec<Line> {
        let line = |label: String, values: &[Quantity]| Line { label, cells: self.cells(rule, values) };
        let mut lines: Vec<Line> = rows.iter().map(|row| line(visible(&row.label), &row.values)).collect();
        lines.insert(0, Line { label: String::new(), cells: head(rows) });
        if rows.len() > 1 && !sums.is_empty() {
            lines.push(line(format!("all {}", rows.len()), sums));
        }
        lines
    }

    /// Exact numbers, the part of the whole where the rule knows one, and the last number rounded.
    fn cells(&self, rule: Option<&Rule>, values: &[Quantity]) -> Vec<String> {
        let cell = |q: &Quantity| if counts(q.unit).is_some() { digits(q.amount) } else { self.exact(q) };
        let mut cells: Vec<String> = values.iter().map(cell).collect();
        if let Some(rule) = rule
            && let [whole] = rule.under.as_slice()
            && let Some(own) = values.iter().find(|q| q.unit == rule.of && q.unit == whole.unit)
            && whole.amount.units() > 0
        {
            cells.push(format!("~{}", human::percent(own.amount.units(), whole.amount.units())));
        }
        if let Some(last) = values.last() {
            let about = self.about(last).map(|about| format!("~{about}"));
            cells.push(about.unwrap_or_default());
        }
        cells
    }

    /// Rows under each other; where the width does not hold them, each label above its numbers.
    pub(super) fn table(&self, out: &mut String, lines: &[Line]) {
        let columns = lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
        let widest = |at: usize| lines.iter().filter_map(|line| line.cells.get(at)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|at| widest(at).unwrap_or(0)).collect();
        let labels = lines.iter().map(|line| width(&line.label)).max().unwrap_or(0);
        let numbers: usize = widths.iter().filter(|w| **w > 0).map(|w| w + GAP).sum();
        let beside = INDENT.len() + labels + numbers <= self.width;
        for line in lines {
            let mut text = format!("{INDENT}{}", line.label);
            if beside || line.label.is_empty() {
                let labels = if beside { labels } else { 0 };
                text.push_str(&" ".repeat(labels - width(&line.label)));
            } else {
                text.push_str("\n    ");
            }
            for (cell, widest) in line.cells.iter().zip(&widths).filter(|(_, widest)| **widest > 0) {
                text.push_str(&" ".repeat(GAP + widest - width(cell)));
                text.push_str(cell);
            }
            push(out, format_args!("{}\n", text.trim_end()));
        }
    }
}
