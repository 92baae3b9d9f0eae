//! Statements: the small tables, and the roll-up into files.

use super::Reference;
use crate::model::sha256::sha256;
use std::fmt::Write as _;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// `string`.
    Text,
    /// `bigint`.
    Number,
}

/// A column of a small table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A small table as Athena knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its name, which ends with its content.
    pub name: String,
    /// Where its file is below the user's address.
    pub folder: String,
    columns: String,
}

impl Table {
    fn new(reference: &Reference) -> Self {
        let hash = sha256(&reference.file);
        let columns = reference.columns.iter().map(|column| {
            let kind = match column.kind {
                ColumnKind::Text => "string",
                ColumnKind::Number => "bigint",
            };
            format!("`{}` {kind}", column.name)
        });
        Self {
            name: format!("{}_{}", reference.name, &hash[..16]),
            folder: format!("reference/{}/sha256={hash}/", reference.name),
            columns: columns.collect::<Vec<_>>().join(", "),
        }
    }

    /// Declares it, unless it is. Names tell contents apart, so that what is declared is right.
    pub(super) fn statement(&self, address: &str) -> String {
        let Self { name, folder, columns } = self;
        format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` ({columns}) STORED AS PARQUET LOCATION '{address}{folder}'"
        )
    }
}

/// The roll-up with the names of these very tables, and the tables.
pub(super) fn with_content_names(sql: &str, references: &[Reference]) -> (String, Vec<Table>) {
    let tables: Vec<Table> = references.iter().map(Table::new).collect();
    let mut text = String::with_capacity(sql.len() + 1024);
    let mut rest = sql;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // Word by word, so that a name inside of another stays as it is.
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |length| start + length);
        text.push_str(&rest[..start]);
        let word = &rest[start..end];
        let known = references.iter().position(|reference| reference.name == word);
        text.push_str(known.map_or(word, |at| &tables[at].name));
        rest = &rest[end..];
    }
    text.push_str(rest);
    (text, tables)
}

/// The statement that writes a result as Parquet (<https://docs.aws.amazon.com/athena/latest/ug/unload.html>).
pub(super) fn unload(sql: &str, to: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 200);
    let _ = write!(text, "UNLOAD (\n{sql}\n) TO '{to}' WITH (format = 'PARQUET', compression = 'ZSTD')");
    text
}
