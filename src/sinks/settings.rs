//! Settings with their origins, as `natlens config` shows them: a table for people, one JSON object for machines.

use super::Style;
use super::document::{Cell, Column, Document, Grid, Row, Section};
use super::human::Numbers;
use super::terminal;
use serde::Serialize;
use serde_json::Value;

/// The form of the JSON object.
pub const SCHEMA: &str = "natlens.config/1";

/// All settings and the files that were read for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingsList {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Settings files that were read, the strongest first.
    pub files: Vec<String>,
    /// In a fixed order.
    pub settings: Vec<SettingRow>,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingRow {
    /// As settings files name it: `flow-logs`, `aws.regions`, `rules[0]`.
    pub name: String,
    /// What holds; null where there is nothing.
    pub value: Value,
    /// `flag`, `env`, `file`, `bundle`, `aws` or `default`.
    pub from: &'static str,
    /// The flag, the variable, file and line, the path or the profile.
    pub at: Option<String>,
}

/// One object and a line end.
#[must_use]
pub fn render_json(list: &SettingsList) -> String {
    let mut text = serde_json::to_string_pretty(list).expect("settings have text keys only and write to memory");
    text.push('\n');
    text
}

/// A table.
#[must_use]
pub fn render_table(list: &SettingsList, style: &Style) -> String {
    let columns = ["Setting", "Value", "Origin"].map(Column::text).to_vec();
    let origin = |row: &SettingRow| match (row.from, &row.at) {
        ("bundle", _) => "in the bundle".to_owned(),
        (_, Some(at)) => at.clone(),
        (from, None) => from.to_owned(),
    };
    let row = |row: &SettingRow| {
        Row::new(vec![Cell::text(&row.name), Cell::text(shown(&row.value)), Cell::text(origin(row))])
    };
    let grid = Grid::new(columns, list.settings.iter().map(row).collect());
    let footer = if list.files.is_empty() {
        "There is no settings file: neither natlens.toml in the bundle or here, nor the user's natlens/config.toml."
            .to_owned()
    } else {
        format!("Settings files, the strongest first: {}.", list.files.join(", "))
    };
    let section = Section {
        title: "Flag before variable before file before default".to_owned(),
        grid: Some(grid),
        ..Section::default()
    };
    let document = Document {
        title: "Settings".to_owned(),
        facts: Vec::new(),
        sections: vec![section],
        footer,
        numbers: Numbers::new("USD", 0),
    };
    terminal::render(&document, style)
}

/// A value in a line.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => all.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            all.iter().map(|(key, value)| format!("{key} {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
