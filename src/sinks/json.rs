//! The report as JSON: the contract itself, keys in the order of the structs, indented by two spaces.

use crate::report::Report;

/// One object and a line end.
pub(super) fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("the report has text keys only and writes to memory");
    text.push('\n');
    text
}
