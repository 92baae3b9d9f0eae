//! The JSON schema of the report; shipped with the binary. Draft 2020-12, strict: a field that it does not name is an error.
//!
//! Parts of the contract that no command fills yet are described, but not required.

/// The schema of [`super::SCHEMA`] as JSON text, ending in a line end; what `natlens report --json-schema` prints.
pub const JSON: &str = include_str!("natlens.report.1.schema.json");
