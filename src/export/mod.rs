//! A month of the report as a dataset: Parquet files in Hive partitions by account and month, a manifest, and the DDL for both.
//!
//! `rows` is what is exported, `column` and `tables` how it is declared, `part` the files, `manifest` what there is of a month, `succession`
//! what an export does to that, `ddl` how
//! Athena is told of it.
//! All of that is values in, values out; `folder` is the one place that touches a file system, and `bucket` writes to what is a target.

pub mod bucket;
pub mod column;
pub mod ddl;
pub mod folder;
pub mod manifest;
pub mod part;
pub mod rows;
pub mod succession;
pub mod tables;

use manifest::Manifest;
use part::{ExportError, Part};
use rows::Dataset;

/// The files of a month and what the manifest says of them.
pub fn files(dataset: &Dataset) -> Result<(Manifest, Vec<Part>), ExportError> {
    let mut parts = Vec::new();
    for table in tables::TABLES {
        parts.extend(table.parts(dataset)?);
    }
    Ok((Manifest::new(dataset, &parts), parts))
}

#[cfg(test)]
mod tests;
