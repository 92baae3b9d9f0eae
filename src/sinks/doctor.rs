//! What `natlens doctor` found: tables for people, one JSON object for machines.

use super::Style;
use super::document::{Cell, Column, Document, Fact, Grid, Item, Row, Section, Tone};
use super::human::Numbers;
use super::terminal;
use crate::doctor::{Can, Checkup, Finding, Severity};

/// One object and a line end.
#[must_use]
pub fn render_json(checkup: &Checkup) -> String {
    let mut text = serde_json::to_string_pretty(checkup).expect("a checkup has text keys only and writes to memory");
    text.push('\n');
    text
}

/// What can be answered, then the findings, the worst first.
#[must_use]
pub fn render_table(checkup: &Checkup, style: &Style) -> String {
    let number = |severity| checkup.findings.iter().filter(|finding| finding.severity == severity).count();
    let [problems, warnings, fine] = [Severity::Problem, Severity::Warning, Severity::Ok].map(number);
    let period = checkup.period.as_ref().map(|(start, end)| Fact {
        label: "Period",
        text: format!("{start} to {end}"),
        tone: Tone::Plain,
    });
    let found = Fact {
        label: "Found",
        text: format!("problems: {problems}, warnings: {warnings}, in order: {fine}"),
        tone: if problems > 0 { Tone::Warn } else { Tone::Good },
    };
    let mut sections = Vec::new();
    if !checkup.answers.is_empty() {
        let can = |can| match can {
            Can::Yes => "yes",
            Can::Partly => "partly",
            Can::No => "no",
        };
        let row = |answer: &crate::doctor::Answer| {
            Row::new([answer.question, can(answer.can), &answer.why].map(Cell::text).to_vec())
        };
        let columns = ["Question", "Answered", "Because"].map(Column::text).to_vec();
        let grid = Grid::new(columns, checkup.answers.iter().map(row).collect());
        sections.push(Section { title: "What can be answered".to_owned(), grid: Some(grid), ..Section::default() });
    }
    for (severity, title) in
        [(Severity::Problem, "Problems"), (Severity::Warning, "Warnings"), (Severity::Ok, "In order")]
    {
        let items: Vec<Item> =
            checkup.findings.iter().filter(|finding| finding.severity == severity).map(item).collect();
        if !items.is_empty() {
            sections.push(Section { title: title.to_owned(), items, ..Section::default() });
        }
    }
    let footer = "`natlens report` makes the report from the same inputs; `natlens doctor --format json` has all of this for machines.";
    let document = Document {
        title: "Checkup".to_owned(),
        facts: period.into_iter().chain([found]).collect(),
        sections,
        footer: footer.to_owned(),
        numbers: Numbers::new("USD", 0),
    };
    terminal::render(&document, style)
}

fn item(finding: &Finding) -> Item {
    let (mark, tone) = match finding.severity {
        Severity::Problem => ("!", Tone::Warn),
        Severity::Warning => ("-", Tone::Warn),
        Severity::Ok => ("+", Tone::Good),
    };
    Item {
        mark: mark.to_owned(),
        text: format!("{}: {}", finding.area, finding.what),
        hint: finding.hint.clone(),
        tone,
    }
}
