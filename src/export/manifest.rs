//! What there is of a month: written last, so that it tells of files that are there.

use super::part::{Part, Sum};
use super::rows::{Dataset, Digest};
use super::tables::TABLES;
use crate::model::period::iso;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

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
    /// The tables.
    pub tables: Vec<TableEntry>,
    /// What all this was made from.
    pub inputs: Vec<Digest>,
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
}

impl Manifest {
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
            tables: tables.collect(),
            inputs: dataset.inputs.clone(),
        }
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.tables.iter().flat_map(|table| &table.files)
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
