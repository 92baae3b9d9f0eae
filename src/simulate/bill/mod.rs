//! `billing/`: what AWS charges for the simulated month, in the forms of its exports.
//!
//! `rows` makes the rows from what was sent, `cur`, `focus` and `explorer` give them the columns of a format, `delivery`
//! writes files and manifests, and `tally` adds the same rows up for truth.json. All of it in integers of 10^-10.

mod amount;
mod cur;
mod delivery;
mod explorer;
mod focus;
mod line;
mod options;
mod rows;
mod table;
mod tally;
mod zip_file;

#[cfg(test)]
mod tests;

pub use options::{BillFormat, BillOptions};

use super::SimulateError;
use super::account::Account;
use super::options::Options;
use super::random::mix;
use super::truth::Truth;
use cur::Sheet;
use serde_json::Value;
use std::path::Path;

/// Writes the bill and gives what it adds up to; null where there is none.
pub(super) fn write(
    account: &Account,
    truth: &Truth<'_>,
    options: &Options,
    folder: &Path,
) -> Result<Value, SimulateError> {
    if options.bill.bill_format == BillFormat::None {
        return Ok(Value::Null);
    }
    let deleted = rows::deleted_gateway(options);
    let mut lines = rows::all(account, truth, options, deleted.as_deref());
    if options.bill.bill_format == BillFormat::CostExplorer {
        lines = explorer::grouped(&lines);
    }
    let sheet = Sheet {
        account,
        payer: format!("{:012}", mix(options.seed) % 900_000_000_000 + 100_000_000_000),
        month: options.month.window(),
        discounted: options.bill.discount.is_some(),
    };
    delivery::write(&sheet, &lines, options, folder)?;
    Ok(tally::json(account, truth, &options.bill, &lines, deleted.as_deref()))
}
