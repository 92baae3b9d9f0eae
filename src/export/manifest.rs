//! What there is of a month: written last, so that it tells of files that are there.

use super::part::{Part, Sum, account_of};
use super::rows::{Dataset, Digest};
use super::tables::TABLES;
use crate::model::period::{Month, iso};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The form of the manifest and of the tables. Columns are added within a form; a change of meaning is a new one.
pub const SCHEMA: &str = "natlens.export/1";

/// The folder of natlens's own files. Readers of Hive tables pass over names that begin so, and it lies beside the tables.
pub const OWN: &str = "_natlens";

/// A month of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// `YYYY-MM`.
    pub month: String,
    /// First instant of the period; a part of a month is exported as that month.
    pub period_start: String,
    /// First instant after it.
    pub period_end: String,
    /// Whether records do not reach from the first to the last day.
    pub partial: bool,
    /// ISO 4217 code of all money.
    pub currency: String,
    /// `net`, `unblended` or `list`.
    pub cost_basis: String,
    /// Version of natlens.
    pub version: String,
    /// The longer time that the month was exported for before, where this one is shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_period: Option<Span>,
    /// The tables.
    pub tables: Vec<TableEntry>,
    /// Files of accounts that this export says nothing of: they are there from before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<FileEntry>,
    /// Accounts of which this export has nothing, and whose earlier files of the month it takes away all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<String>,
    /// What all this was made from.
    pub inputs: Vec<Digest>,
}

/// From one instant to another, as [`Manifest::period_start`] has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First instant.
    pub start: String,
    /// First instant after it.
    pub end: String,
}

/// Why a text is no manifest that this version can go by.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// The system's word.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// No JSON of this form.
    #[error("it is no manifest of natlens: {0}")]
    Form(String),
    /// Another version's.
    #[error("it has the form {0:?}, and this version of natlens knows {SCHEMA:?}")]
    Schema(String),
    /// It names what is none of natlens's files.
    #[error("it names {0:?}, which is no file of a month's dataset")]
    Name(String),
}

/// A table in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Its name, and its folder.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Sums of the columns that add up; nulls are left out. Counts are integers, money decimal strings.
    pub sums: BTreeMap<String, Value>,
    /// Its files.
    pub files: Vec<FileEntry>,
}

/// A file of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Where it is under the target, `/`-separated.
    pub path: String,
    /// 12 digits, or `unknown`.
    pub account_id: String,
    /// Rows.
    pub rows: u64,
    /// Size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// The time that its export was of, where that was an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Span>,
    /// Accounts with traffic in its export, where that was an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_of: Vec<String>,
}

impl Manifest {
    /// What was written as [`Manifest::to_json`]. No path in it leads to anything but files of its month.
    pub fn parse(text: &[u8]) -> Result<Self, Foreign> {
        let form = |error: serde_json::Error| Foreign::Form(error.to_string());
        // First the version: another may have other fields.
        let value: Value = serde_json::from_slice(text).map_err(form)?;
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            schema => return Err(Foreign::Schema(schema.unwrap_or_default().to_owned())),
        }
        let manifest: Self = serde_json::from_value(value).map_err(form)?;
        if Month::parse(&manifest.month).is_none() {
            return Err(Foreign::Name(manifest.month));
        }
        let strange = manifest.all_files().find(|file| account_of(&file.path, &manifest.month).is_none());
        strange.map_or(Ok(()), |file| Err(Foreign::Name(file.path.clone())))?;
        Ok(manifest)
    }

    /// Of these files.
    #[must_use]
    pub fn new(dataset: &Dataset, parts: &[Part]) -> Self {
        let tables = TABLES.iter().map(|table| {
            let own: Vec<&Part> = parts.iter().filter(|part| part.table == table.name()).collect();
            TableEntry {
                table: table.name().to_owned(),
                rows: own.iter().map(|part| part.rows).sum(),
                sums: added(&own),
                files: own.into_iter().map(FileEntry::new).collect(),
            }
        });
        let summary = &dataset.summary;
        Self {
            schema: SCHEMA.to_owned(),
            month: dataset.month.to_string(),
            period_start: iso(summary.start),
            period_end: iso(summary.end),
            partial: summary.partial,
            currency: summary.currency.clone(),
            cost_basis: summary.cost_basis.to_owned(),
            version: summary.version.to_owned(),
            replaced_period: None,
            tables: tables.collect(),
            kept: Vec::new(),
            cleared: Vec::new(),
            inputs: dataset.inputs.clone(),
        }
    }

    /// All files of this export.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.tables.iter().flat_map(|table| &table.files)
    }

    /// And those that are kept.
    pub(super) fn all_files(&self) -> impl Iterator<Item = &FileEntry> {
        self.files().chain(&self.kept)
    }

    /// The accounts that this export says anything of, and the word for none. Their rows of the month are replaced, in every table.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.files().map(|file| file.account_id.as_str()).collect()
    }

    /// Whether a file of that path has no place in the month any more. What another account has is its own export's.
    #[must_use]
    pub fn is_stale(&self, path: &str) -> bool {
        let is_cleared = |account: &str| self.cleared.iter().any(|cleared| cleared == account);
        let is_replaced = |account: &str| self.accounts().contains(account) || is_cleared(account);
        account_of(path, &self.month).is_some_and(is_replaced) && !self.files().any(|file| file.path == path)
    }

    /// The time that it is of.
    pub(super) fn period(&self) -> Span {
        Span { start: self.period_start.clone(), end: self.period_end.clone() }
    }

    /// Where it is under the target.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{OWN}/month={}.json", self.month)
    }

    /// As it is written: the same month, the same bytes.
    ///
    /// # Panics
    /// Never: it has text keys only and is written to memory.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest has text keys only and writes to memory") + "\n"
    }
}

impl FileEntry {
    fn new(part: &Part) -> Self {
        Self {
            path: part.path.clone(),
            account_id: part.account.clone(),
            rows: part.rows,
            bytes: part.bytes.len() as u64,
            sha256: part.sha256.clone(),
            period: None,
            export_of: Vec::new(),
        }
    }
}

#[cfg(test)]
impl Manifest {
    /// One of these files and nothing else.
    pub(super) fn of_test(month: &str, parts: &[Part]) -> Self {
        let text = |text: &str| text.to_owned();
        let table = TableEntry {
            table: text("traffic"),
            rows: parts.iter().map(|part| part.rows).sum(),
            sums: BTreeMap::new(),
            files: parts.iter().map(FileEntry::new).collect(),
        };
        Self {
            schema: text(SCHEMA),
            month: text(month),
            period_start: format!("{month}-01T00:00:00Z"),
            period_end: format!("{month}-31T00:00:00Z"),
            partial: false,
            currency: text("USD"),
            cost_basis: text("net"),
            version: text("0"),
            replaced_period: None,
            tables: vec![table],
            kept: Vec::new(),
            cleared: Vec::new(),
            inputs: Vec::new(),
        }
    }
}

fn added(parts: &[&Part]) -> BTreeMap<String, Value> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for (name, sum) in parts.iter().flat_map(|part| &part.sums) {
        let all = sums.get(name).copied();
        let all = match (all, *sum) {
            (Some(Sum::Count(a)), Sum::Count(b)) => Sum::Count(a + b),
            (Some(Sum::Amount(a)), Sum::Amount(b)) => Sum::Amount(a + b),
            (_, first) => first,
        };
        sums.insert(name, all);
    }
    let value = |sum| match sum {
        Sum::Amount(usd) => Value::String(usd.to_string()),
        Sum::Count(count) => i64::try_from(count).map_or_else(|_| Value::String(count.to_string()), Value::from),
    };
    sums.into_iter().map(|(name, sum)| (name.to_owned(), value(sum))).collect()
}
