//! DDL for Amazon Athena: the dataset's tables, views of common questions, and the user's own flow logs, as text.
//!
//! What Athena makes of it is from its user guide: partition projection
//! (<https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html>), VPC flow logs
//! (<https://docs.aws.amazon.com/athena/latest/ug/vpc-flow-logs.html>).

pub mod logs;
mod views;

use super::manifest::SCHEMA;
use super::part::UNKNOWN_ACCOUNT;
use super::tables::{TABLES, Table};
use crate::model::period::Month;
use logs::LogTable;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The database that all of it is in.
pub const DATABASE: &str = "natlens";

/// Accounts that a query looks for by itself; with more of them, it has to say which.
const MOST_ACCOUNTS: usize = 36;

/// Where the dataset is, and what is in it.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// `s3://bucket/prefix`.
    pub to: &'a str,
    /// A month that is exported there.
    pub month: Month,
    /// Accounts, as partitions have them.
    pub accounts: BTreeSet<String>,
}

/// All statements, each ended by `;` and a blank line.
#[must_use]
pub fn ddl(place: &Place<'_>, logs: &[LogTable]) -> String {
    let mut text = head(place);
    for table in TABLES {
        text += &of_table(table, place);
    }
    text += &views::all();
    text += &logs::all(logs);
    text
}

fn head(place: &Place<'_>) -> String {
    let injected = is_many(&with_unknown(&place.accounts));
    let accounts = if injected {
        format!(
            "-- The data are of {} accounts, too many to be looked through: a query has to say which, account_id = '...' or IN (...).\n",
            place.accounts.len()
        )
    } else {
        "-- Accounts are those of this data. Rows of an account that is not in the list are not found, without an error: where accounts\n\
         -- are added, drop the tables and create them again from the new data. Dropping an external table deletes no file.\n"
            .to_owned()
    };
    format!(
        "-- The dataset of natlens ({SCHEMA}) for Amazon Athena. Athena runs one statement at a time.\n\
         -- Partitions are projected: nothing has to be added when a month is exported, and neither MSCK REPAIR nor a crawler is needed.\n\
         {accounts}\
         -- Months before {} are not found either: projection.month.range says so.\n\
         -- Money is decimal(38,12) in the currency that summary.currency names. NULL is not known, which is not zero.\n\n\
         CREATE DATABASE IF NOT EXISTS {DATABASE};\n\n",
        first_month(place.month),
    )
}

/// January of the year before: a range much longer than the data costs a query a listing for every empty month.
fn first_month(month: Month) -> String {
    format!("{:04}-01", month.year() - 1)
}

fn of_table(table: &dyn Table, place: &Place<'_>) -> String {
    let name = table.name();
    let to = place.to.trim_end_matches('/');
    let columns = table
        .shapes()
        .into_iter()
        .map(|shape| format!("  {} {} COMMENT '{}'", shape.name, shape.kind.hive(), shape.doc));
    let columns: Vec<String> = columns.collect();
    let accounts = projected_accounts(name, &place.accounts);
    format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS {DATABASE}.{name} (\n{}\n)\n\
         COMMENT '{}'\n\
         PARTITIONED BY (\n  \
           account_id string COMMENT 'Account of the row, unknown where nothing tells it or the table is of none',\n  \
           month string COMMENT 'YYYY-MM'\n)\n\
         STORED AS PARQUET\n\
         LOCATION '{to}/{name}/'\n\
         TBLPROPERTIES (\n  \
           'projection.enabled'='true',\n\
           {accounts}  \
           'projection.month.type'='date',\n  \
           'projection.month.format'='yyyy-MM',\n  \
           'projection.month.range'='{},NOW',\n  \
           'projection.month.interval'='1',\n  \
           'projection.month.interval.unit'='MONTHS',\n  \
           'storage.location.template'='{to}/{name}/account_id=${{account_id}}/month=${{month}}',\n  \
           'parquet.compression'='ZSTD',\n  \
           'natlens.schema'='{SCHEMA}'\n);\n\n",
        columns.join(",\n"),
        table.doc(),
        first_month(place.month),
    )
}

/// Tables that are of no account have one partition only, whatever accounts there are.
fn projected_accounts(table: &str, accounts: &BTreeSet<String>) -> String {
    if ["summary", "prices"].contains(&table) {
        return projected("account_id", &BTreeSet::from([UNKNOWN_ACCOUNT.to_owned()]));
    }
    projected("account_id", &with_unknown(accounts))
}

fn with_unknown(accounts: &BTreeSet<String>) -> BTreeSet<String> {
    accounts.iter().cloned().chain([UNKNOWN_ACCOUNT.to_owned()]).collect()
}

fn is_many(values: &BTreeSet<String>) -> bool {
    values.iter().filter(|value| *value != UNKNOWN_ACCOUNT).count() > MOST_ACCOUNTS
}

/// Properties of a partition column that has one of a few values, or of many, and then any.
fn projected(column: &str, values: &BTreeSet<String>) -> String {
    if is_many(values) {
        return format!("  'projection.{column}.type'='injected',\n");
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    format!("  'projection.{column}.type'='enum',\n  'projection.{column}.values'='{}',\n", values.join(","))
}

/// A statement and what ends it.
fn statement(text: &mut String, statement: &str) {
    let _ = write!(text, "{};\n\n", statement.trim_end());
}

#[cfg(test)]
mod tests;
