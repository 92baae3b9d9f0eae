//! `natlens simulate`: a synthetic AWS account with a known truth, written in AWS's own file formats.
//!
//! Options go in; a bundle (flow-logs, inventory, dns, billing, metrics, natlens.toml) and `truth.json` come out. The same options
//! give the same bytes on every machine. Records are streamed: memory depends on the account, not on their number.
//! How it fits together: `account` is built once, `traffic` makes events, `rows` turns an event into the records of
//! every interface on its way, `objects` writes them, `truth` sums what was sent; `dns` asks for the names before.

mod account;
mod bill;
mod clock;
mod columns;
mod destinations;
mod dns;
mod endpoints;
mod fields;
mod hosts;
mod inventory;
mod logs;
mod metrics;
mod objects;
mod options;
mod places;
mod pods;
mod random;
mod rows;
mod rules;
mod sums;
mod text;
mod traffic;
mod truth;

#[cfg(test)]
mod tests;

pub use bill::{BillFormat, BillOptions};
pub use dns::{DnsFormat, DnsOptions};
pub use options::{Fields, Format, Home, Layout, Options, Scenario, SimulateArgs, Vantage};

use account::{Account, Owner};
use clock::Clock;
use dns::Resolver;
use fields::Context;
use hosts::Hosts;
use objects::LogWriter;
use rows::{Kind, Row, Status};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use traffic::{Event, Traffic};
use truth::Truth;

/// Why a simulation stopped.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The options contradict each other.
    #[error("{0}")]
    Options(&'static str),
    /// The folder to write to already holds something.
    #[error("{0}: not empty; hint: give a new folder to --to")]
    NotEmpty(PathBuf),
    /// A file could not be written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A Parquet file could not be written.
    #[error("{path}: {source}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the Parquet writer said.
        source: parquet::errors::ParquetError,
    },
}

/// What a simulation wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Flow log records of all kinds.
    pub records: u64,
    /// Flow log objects.
    pub objects: u64,
    /// Bytes that the NAT gateways processed within the month, counted once.
    pub nat_bytes: u64,
}

/// How many records lie between two calls of `progress`.
const PROGRESS_STEP: u64 = 10_000;

/// Writes the account under `to`, which must be empty or absent; `progress` is called with the records written so far.
///
/// # Errors
/// Options that contradict each other, and files that cannot be written.
pub fn simulate(options: &Options, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<Summary, SimulateError> {
    options.check()?;
    if std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(SimulateError::NotEmpty(to.to_owned()));
    }
    let account = account::build(options);
    let mut truth = Truth::new(&account, options);
    let hosts = Hosts::new(&account, options.month.window(), options.seed);
    let dns = to.join("dns");
    let mut resolver = (!options.logs_only).then(|| Resolver::new(&account, &hosts, options, &dns));
    let objects = write_flow_logs(options, &account, (&mut truth, resolver.as_mut()), to, progress)?;
    let named = resolver.map_or_else(|| Ok(Map::new()), |resolver| resolver.finish(&dns))?;
    inventory::write(&account, &to.join("inventory"))?;
    if options.rules {
        rules::write(&account, &to.join("natlens.toml"))?;
    }
    let mut billing = Value::Null;
    if !options.logs_only {
        billing = bill::write(&account, &truth, options, &to.join("billing"))?;
        metrics::write(&account, &truth, options.month.window(), &to.join("metrics/get-metric-data.json"))?;
    }
    inventory::write_json(&to.join("truth.json"), &truth.json(options, objects, &billing, named))?;
    let nat_bytes = truth.nat_bytes();
    Ok(Summary { records: truth.written(), objects, nat_bytes })
}

fn write_flow_logs(
    options: &Options,
    account: &Account,
    (truth, mut resolver): (&mut Truth<'_>, Option<&mut Resolver<'_>>),
    to: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, SimulateError> {
    let clock = Clock::new(options.month);
    let context = Context::new(account);
    let root = to.join("flow-logs");
    let mut writers: Vec<LogWriter<'_>> =
        (0..account.logs.len()).map(|log| LogWriter::new(&context, log, root.clone(), options.gzip_level)).collect();
    let mut traffic = Traffic::new(account, options, clock.month);
    let (slots, mut reported, mut written) = (clock.slots(), 0, 0);
    let slices = usize::try_from(options.objects).unwrap_or(slots).min(slots);
    let mut slice = None;
    for slot in 0..slots {
        if slice != Some(slot * slices / slots) {
            let now = slot * slices / slots;
            slice = Some(now);
            for writer in &mut writers {
                writer.enter(u64::try_from(now).unwrap_or(0), clock.second(slot))?;
            }
        }
        if let Some(resolver) = &mut resolver {
            resolver.enter(slot, clock.slots(), clock.second(slot))?;
        }
        let due = clock.due(slot, options.records);
        while written < due {
            let event = traffic.next(clock.second(slot));
            if let Some(resolver) = &mut resolver {
                resolver.event(&event)?;
            }
            written += emit(&event, account, truth, clock.month, &mut writers)?;
            if written >= reported + PROGRESS_STEP {
                reported = written;
                progress(written);
            }
        }
    }
    for writer in &mut writers {
        writer.close()?;
    }
    if account.logs.iter().any(|log| log.format == Format::CloudwatchExport) {
        objects::write_test_object(&root.join("exported/aws-logs-write-test"))?;
    }
    Ok(writers.iter().map(|writer| writer.objects).sum())
}

/// Writes the records of an event and sums them; gives the number of records.
fn emit(
    event: &Event,
    account: &Account,
    truth: &mut Truth<'_>,
    month: crate::model::period::Window,
    writers: &mut [LogWriter<'_>],
) -> Result<u64, SimulateError> {
    match event {
        Event::Nat(conversation) if month.contains(conversation.start) => truth.conversation(conversation),
        Event::Stray { interface, kind: Kind::Leg3, row } => {
            if let Owner::Nat(gateway) | Owner::RegionalNat(gateway) = account.interfaces[*interface].owner {
                truth.unsolicited(gateway, row.start, row.bytes);
            }
        }
        _ => {}
    }
    let (mut count, mut result) = (0, Ok(()));
    rows::expand(event, account, &mut |kind, row: &Row| {
        for &log in &account.interfaces[row.interface].logs {
            let second = account.logs[log].second && row.status == Status::Accept;
            let kind = match kind {
                _ if !month.contains(row.start) => Kind::OutOfWindow,
                _ if second => Kind::Duplicate,
                kind => kind,
            };
            let bytes = if kind == Kind::Malformed { 0 } else { row.bytes };
            truth.record(kind, bytes);
            count += 1;
            if result.is_ok() {
                result = writers[log].write(row);
            }
        }
    });
    result.map(|()| count)
}
