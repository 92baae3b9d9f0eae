//! `dns/`: the objects of the query logs, and the wrapping of each form of delivery around the records. Nothing is kept but
//! the open object of each stream, and the few records of a subscription filter's message.

use super::options::DnsFormat;
use crate::model::period::iso;
use crate::simulate::SimulateError;
use crate::simulate::account::Account;
use crate::simulate::objects::{Gz, Stamp, create, create_gz, finish_gz, task_id};
use crate::simulate::random::mix;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug)]
enum Body {
    Gz(Box<Gz>),
    Plain(BufWriter<File>),
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    body: Body,
    events: u64,
}

impl Open {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SimulateError> {
        let written = match &mut self.body {
            Body::Gz(gz) => gz.write_all(bytes),
            Body::Plain(file) => file.write_all(bytes),
        };
        written.map_err(|source| SimulateError::Io { path: self.path.clone(), source })
    }

    fn finish(self) -> Result<(), SimulateError> {
        match self.body {
            Body::Gz(gz) => finish_gz(&self.path, *gz),
            Body::Plain(mut file) => file.flush().map_err(|source| SimulateError::Io { path: self.path, source }),
        }
    }
}

/// How many events a subscription message holds at most.
const BATCH: u64 = 40;

/// What a log group's delivery calls it.
const GROUP: &str = "/aws/route53/resolver";

/// Writes records in the order in which they come.
#[derive(Debug)]
pub(super) struct Files<'a> {
    account: &'a Account,
    format: DnsFormat,
    root: PathBuf,
    gzip_level: u32,
    seed: u64,
    /// Open objects by VPC; where delivery does not tell VPCs apart, all under the first.
    open: BTreeMap<usize, Open>,
    slice: Option<u64>,
    time: i64,
    /// Objects written.
    pub(super) objects: u64,
    /// Records written, spoilt ones included.
    pub(super) records: u64,
}

impl<'a> Files<'a> {
    pub(super) fn new(account: &'a Account, format: DnsFormat, root: PathBuf, gzip_level: u32, seed: u64) -> Self {
        let open = BTreeMap::new();
        Self { account, format, root, gzip_level, seed, open, slice: None, time: 0, objects: 0, records: 0 }
    }

    /// Says which part of the time is written from now on; `time` is where it begins.
    pub(super) fn enter(&mut self, slice: u64, time: i64) -> Result<(), SimulateError> {
        if self.slice != Some(slice) {
            self.close()?;
            self.slice = Some(slice);
            self.time = time;
        }
        Ok(())
    }

    /// Whether an object to which the VPC's records go has one already.
    pub(super) fn has_records(&self, vpc: usize) -> bool {
        self.open.contains_key(&self.stream(vpc))
    }

    const fn stream(&self, vpc: usize) -> usize {
        if matches!(self.format, DnsFormat::S3 | DnsFormat::Export) { vpc } else { 0 }
    }

    /// One record of a VPC.
    pub(super) fn write(&mut self, vpc: usize, second: i64, record: &[u8]) -> Result<(), SimulateError> {
        let stream = self.stream(vpc);
        let mut open = match self.open.remove(&stream) {
            Some(open) => open,
            None => self.create(stream)?,
        };
        self.records += 1;
        let number = self.records;
        let wrapped = self.wrapped(&mut open, vpc, second, record, number);
        open.events += 1;
        let written = open.write(&wrapped);
        self.open.insert(stream, open);
        written
    }

    /// A record as it stands in its object.
    fn wrapped(&self, open: &mut Open, vpc: usize, second: i64, record: &[u8], number: u64) -> Vec<u8> {
        let text = String::from_utf8_lossy(record);
        let quoted = || serde_json::Value::from(text.as_ref());
        let id = mix(self.seed ^ number);
        let name = &self.account.vpcs[vpc].id;
        let all = match self.format {
            DnsFormat::S3 => format!("{text}\n"),
            DnsFormat::Export => format!("{}.000Z {text}\n", iso(second).trim_end_matches('Z')),
            DnsFormat::CloudwatchJson => format!(
                "{}        {{\n            \"logStreamName\": \"{name}\",\n            \"timestamp\": {second}000,\n            \
                 \"message\": {},\n            \"ingestionTime\": {}000,\n            \"eventId\": \"{id:056}\"\n        }}",
                if open.events == 0 { "{\n    \"events\": [\n" } else { ",\n" },
                quoted(),
                second + 90,
            ),
            DnsFormat::Subscription => {
                let owner = &self.account.id;
                let between = match open.events % BATCH {
                    0 => format!(
                        "{}{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"{owner}\",\"logGroup\":\"{GROUP}\",\"logStream\":\"{name}\",\
                         \"subscriptionFilters\":[\"to-s3\"],\"logEvents\":[",
                        if open.events == 0 { "" } else { "]}" },
                    ),
                    _ => ",".to_owned(),
                };
                format!("{between}{{\"id\":\"{id:056}\",\"timestamp\":{second}000,\"message\":{}}}", quoted())
            }
        };
        all.into_bytes()
    }

    /// Ends the open objects.
    pub(super) fn close(&mut self) -> Result<(), SimulateError> {
        while let Some((_, mut open)) = self.open.pop_first() {
            match self.format {
                DnsFormat::CloudwatchJson => open.write(b"\n    ],\n    \"searchedLogStreams\": []\n}\n")?,
                DnsFormat::Subscription => open.write(b"]}")?,
                DnsFormat::S3 | DnsFormat::Export => {}
            }
            open.finish()?;
        }
        Ok(())
    }

    fn create(&mut self, stream: usize) -> Result<Open, SimulateError> {
        let path = self.root.join(self.key(stream));
        self.objects += 1;
        let body = match self.format {
            DnsFormat::CloudwatchJson => Body::Plain(create(&path)?),
            _ => Body::Gz(Box::new(create_gz(&path, self.gzip_level)?)),
        };
        Ok(Open { path, body, events: 0 })
    }

    /// The object's key below the bucket. Source: Route 53 developer guide, query logs in S3; the guides of log groups.
    fn key(&self, stream: usize) -> String {
        let (id, vpc, slice) = (&self.account.id, &self.account.vpcs[stream].id, self.slice.unwrap_or(0));
        let Stamp { year, month, day, hour, minute } = Stamp::new(self.time);
        let hash = mix(mix(self.seed ^ slice) ^ u64::try_from(stream).unwrap_or(0)) & 0xffff_ffff;
        match self.format {
            DnsFormat::S3 => format!(
                "AWSLogs/{id}/vpcdnsquerylogs/{vpc}/{year}/{month}/{day}/\
                 {vpc}_vpcdnsquerylogs_{id}_{year}{month}{day}T{hour}{minute}Z_{hash:08x}.log.gz"
            ),
            DnsFormat::CloudwatchJson => format!("filter-log-events-{slice:05}.json"),
            DnsFormat::Subscription => {
                format!("{year}/{month}/{day}/{hour}/resolver-1-{year}-{month}-{day}-{hour}-{minute}-00-{hash:08x}.gz")
            }
            DnsFormat::Export => format!("exported/{}/{vpc}/{slice:06}.gz", task_id(self.seed)),
        }
    }
}
