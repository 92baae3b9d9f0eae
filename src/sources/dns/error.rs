//! Why a Resolver log object gave no record: refused by name, broken off, or not readable. Owns every such text.

use crate::sources::stream::StreamError;
use std::io;

/// Why an object was not read. Whatever its sink already got must be discarded; the caller adds the object's key.
#[derive(Debug, thiserror::Error)]
pub enum DnsReadError {
    /// The bytes could not be fetched.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// A gzip member, a JSON document or the last line is damaged or cut.
    #[error("{part} is broken or cut off: {why}")]
    BrokenOff {
        /// Which part of the object.
        part: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// Gzip within gzip within gzip and so on.
    #[error("this is compressed with gzip more than {0} times over")]
    Nested(usize),
    /// A container that is not read: its name.
    #[error("this is {0}")]
    Container(&'static str),
    /// Parquet, as Security Lake stores them in a form of its own.
    #[error("this is a Parquet file; Resolver query logs are read as JSON")]
    Parquet,
    /// Not text at all.
    #[error("this is binary data of an unknown kind")]
    Binary,
    /// A JSON document larger than the limit.
    #[error("one JSON document in it is larger than {} MiB", .0 >> 20)]
    HugeDocument(usize),
    /// Nothing in it is a Resolver record.
    #[error("{0}")]
    Foreign(Foreign),
}

/// What an object or a record without any Resolver record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Security Lake or another OCSF rendering.
    #[error("these are OCSF events (Amazon Security Lake), not Resolver query logs as AWS delivers them")]
    Ocsf,
    /// CloudTrail events.
    #[error("these are CloudTrail events")]
    CloudTrail,
    /// VPC flow logs, as text or as JSON.
    #[error("these are VPC flow logs")]
    FlowLog,
    /// Queries to a public hosted zone: they come from the internet's resolvers and say nothing about a VPC's clients.
    #[error("these are query logs of a public hosted zone, not Resolver query logs")]
    PublicZone,
    /// JSON of something else.
    #[error("this is JSON without Resolver records")]
    Json,
    /// Text of something else.
    #[error("this is not a Resolver query log: no record was recognised")]
    Text,
}

impl DnsReadError {
    /// What the user can do about it, if anything.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Io(_) => return None,
            Self::BrokenOff { .. } => "fetch the object again; none of its records was used",
            Self::Nested(_) => "unpack it with gunzip once",
            Self::Container(_) => "unpack it, or compress it with gzip",
            Self::HugeDocument(_) => "write one record per line",
            Self::Foreign(Foreign::FlowLog) => "flow logs belong under flow-logs/, or are given with --flow-logs",
            Self::Foreign(Foreign::Ocsf) | Self::Parquet => {
                "give the Resolver query logs as delivered to S3, CloudWatch Logs or Firehose"
            }
            Self::Binary | Self::Foreign(_) => "move it out of the Resolver log folder",
        })
    }

    pub(super) fn json(why: impl Into<String>) -> Self {
        Self::BrokenOff { part: "a JSON document", why: why.into() }
    }
}

impl From<StreamError> for DnsReadError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Source(error) => Self::Io(error),
            StreamError::Gzip(error) => Self::BrokenOff { part: "a gzip member", why: error.to_string() },
            StreamError::Nested(times) => Self::Nested(times),
        }
    }
}
