//! The report as text. Bytes are made here and written elsewhere; nothing is computed that the report does not already say,
//! but for sums of its rows.
//!
//! `json` and `csv` are for machines: raw values. `terminal` and `markdown` are for people: both draw the one `document` that
//! `view` makes, with the numbers of `human`, so that they cannot differ.

use crate::report::Report;
use clap::ValueEnum;
use std::str::FromStr;

pub use human::visible;

mod csv;
pub mod doctor;
mod document;
pub mod explanation;
pub mod export;
mod human;
mod json;
mod markdown;
pub mod settings;
mod terminal;
mod view;

#[cfg(test)]
mod sample;

/// How the report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for a terminal or a plain-text mail.
    #[default]
    Table,
    /// The whole report as one JSON object.
    Json,
    /// One table of the report as RFC 4180 text.
    Csv,
    /// The tables as GitHub Markdown.
    Markdown,
}

/// The table that CSV writes. Names are those of the JSON report, but for what it does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableName {
    /// The headline, one row.
    Summary,
    /// One row per NAT gateway.
    #[value(alias = "nat_gateways")]
    NatGateways,
    /// Attributed bytes per gateway, client place and service.
    #[default]
    Traffic,
    /// The largest clients.
    Clients,
    /// Where most bytes went: hosts, services, addresses.
    Destinations,
    /// The same by S3 bucket.
    Buckets,
    /// What the largest clients used the largest services for, one row per client and service; the JSON report does not have it.
    #[value(alias = "client_services")]
    ClientServices,
    /// Endpoint decisions.
    Decisions,
    /// Findings on the gateways themselves.
    Findings,
    /// Customers' own services in another VPC.
    #[value(alias = "custom_services")]
    CustomServices,
    /// Sums by the dimensions of `--group-by`; only the header without it.
    Groups,
    /// Flow log records and their bytes, one row per kind.
    Records,
    /// What lowers the report's value.
    Warnings,
    /// What was read.
    Inputs,
}

/// How tables for people look. Machine formats ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used. Nothing is said by colour alone.
    pub color: bool,
    /// Columns of the terminal; `None` where there is none: tables then take the width they need.
    pub width: Option<u16>,
    /// Whether rules and ellipses may be other than ASCII.
    pub unicode: bool,
    /// Rows of services, destinations, clients by service, own services and `keep-nat` decisions before the rest is summed up or left
    /// out; 0 shows all.
    pub top: usize,
    /// Below 0: only headline, decisions, findings and warnings. Above 0: also every `keep-nat` decision, and kinds of records
    /// that did not occur.
    pub verbosity: i8,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: None, unicode: true, top: 10, verbosity: 0 }
    }
}

/// Why a text names no [`Format`] or [`TableName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is none of {expected}")]
pub struct UnknownName {
    found: String,
    expected: String,
}

impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        parse_name(text)
    }
}

impl FromStr for TableName {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        parse_name(text)
    }
}

fn parse_name<T: ValueEnum>(text: &str) -> Result<T, UnknownName> {
    T::from_str(&text.replace('_', "-"), false).map_err(|_| UnknownName {
        found: text.to_owned(),
        expected: T::value_variants()
            .iter()
            .filter_map(|v| v.to_possible_value().map(|p| p.get_name().to_owned()))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// The report in `format`, ending in a line end. `table` matters to [`Format::Csv`] only, `style` to the formats for people.
#[must_use]
pub fn render(report: &Report, format: Format, table: TableName, style: &Style) -> String {
    match format {
        Format::Json => json::render(report),
        Format::Csv => csv::render(report, table),
        Format::Table => terminal::render(&view::document(report, style), style),
        // A page is as wide as its reader makes it, not as the terminal of whoever wrote it.
        Format::Markdown => markdown::render(&view::document(report, &Style { width: None, ..*style })),
    }
}

#[cfg(test)]
mod tests;
