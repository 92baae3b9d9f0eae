//! What the Resolver's query logs look like: the options and their command line form.

use crate::simulate::SimulateError;
use clap::ValueEnum;

/// How the query logs were delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DnsFormat {
    /// Objects of S3 delivery: a record per line, gzip, by VPC and day.
    S3,
    /// What `aws logs filter-log-events` prints of a log group.
    CloudwatchJson,
    /// Messages of a log group's subscription filter.
    Subscription,
    /// A log group's export task to S3: a time before each record.
    Export,
}

/// The Resolver's query logs of a simulated account.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct DnsOptions {
    /// Format of the Resolver query logs
    #[arg(long, value_enum, default_value_t = DnsFormat::S3)]
    pub dns_format: DnsFormat,
    /// Objects of the Resolver query logs, per VPC where they are by VPC [default: one a day]
    #[arg(long, value_name = "N")]
    pub dns_objects: Option<u32>,
    /// How many of a client's names it asks somewhere else, so that no query log shows them
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    pub dns_missing: u32,
    /// Add lines to the Resolver query logs that are no records
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub dns_malformed: u32,
    /// Leave the last VPC that has clients out of the Resolver query logs
    #[arg(long)]
    pub dns_unlogged_vpc: bool,
}

impl DnsOptions {
    /// S3 delivery in which nothing is missing.
    #[must_use]
    pub const fn new() -> Self {
        Self { dns_format: DnsFormat::S3, dns_objects: None, dns_missing: 0, dns_malformed: 0, dns_unlogged_vpc: false }
    }

    /// Refuses what cannot be written.
    pub(in crate::simulate) fn check(&self) -> Result<(), SimulateError> {
        if self.dns_objects == Some(0) {
            return Err(SimulateError::Options("--dns-objects must be at least 1"));
        }
        if self.dns_missing > 100 {
            return Err(SimulateError::Options("--dns-missing must be from 0 to 100"));
        }
        Ok(())
    }
}

impl Default for DnsOptions {
    fn default() -> Self {
        Self::new()
    }
}
