//! Why a flow log object gave no record: refused by name, broken off, or not readable. Owns every such text.

use super::layout::LayoutError;
use crate::sources::stream::StreamError;
use std::io;

/// What the caller does about a [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Recognised as something else, or not decidable: the user can act.
    Refused,
    /// Damaged or cut: none of its records counts.
    Broken,
    /// The bytes could not be fetched.
    Io,
}

/// Why an object was not read. Whatever its sink already got must be discarded; the caller adds the object's key.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes could not be fetched.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// A gzip member, a Parquet file, a JSON document or the last line is damaged or cut.
    #[error("{part} is broken or cut off: {why}")]
    BrokenOff {
        /// Which part of the object.
        part: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// Transit gateway flow logs (version 6 or `tgw-*` fields): they describe attachments, not interfaces.
    #[error("these are transit gateway flow logs, not VPC flow logs")]
    TransitGateway,
    /// Security Lake or another OCSF rendering.
    #[error("these are OCSF events (Amazon Security Lake), not flow log records as AWS delivers them")]
    SecurityLake,
    /// A zip archive.
    #[error("this is a zip archive")]
    Zip,
    /// Zstandard.
    #[error("this is compressed with zstd")]
    Zstd,
    /// Bzip2.
    #[error("this is compressed with bzip2")]
    Bzip2,
    /// XZ.
    #[error("this is compressed with xz")]
    Xz,
    /// A Parquet file inside gzip.
    #[error("this is a Parquet file compressed as a whole with gzip")]
    GzippedParquet,
    /// A Parquet file whose columns are compressed in a way that AWS does not use.
    #[error("the columns of this Parquet file are compressed with {0}, which is not supported")]
    Codec(&'static str),
    /// Gzip within gzip within gzip and so on.
    #[error("this is compressed with gzip more than {0} times over")]
    Nested(usize),
    /// Comma- or tab-separated fields.
    #[error("its fields are separated by commas or tabs; AWS separates them by spaces")]
    OtherSeparator,
    /// JSON of parsed fields.
    #[error("this is JSON of parsed fields, not the `message` texts that AWS delivers")]
    ParsedJson,
    /// A JSON document without any record in it.
    #[error("this is JSON without flow log messages")]
    OtherJson,
    /// A JSON document larger than the limit.
    #[error("one JSON document in it is larger than {} MiB", .0 >> 20)]
    HugeDocument(u64),
    /// Route 53 Resolver query logs.
    #[error("these are Route 53 Resolver query logs")]
    ResolverLog,
    /// CloudTrail events.
    #[error("these are CloudTrail events")]
    CloudTrail,
    /// Not text at all.
    #[error("this is binary data of an unknown kind")]
    Binary,
    /// Text, but no flow log.
    #[error("this is not a flow log: no field names and no records were recognised")]
    NotAFlowLog,
    /// The header, the format or the Parquet columns lack what counting needs.
    #[error("{0}")]
    Layout(#[from] LayoutError),
    /// A Parquet column of a type that its field cannot have.
    #[error("the column {column} has the type {found}")]
    ColumnType {
        /// The column's name.
        column: String,
        /// Its Arrow type.
        found: String,
    },
    /// No header line, and no field order is known.
    #[error("it has no header line, and line {line} with {fields} fields does not fit the 14 default fields")]
    NoLayout {
        /// The first line (or message) that misfits, from 1.
        line: u64,
        /// Its number of fields.
        fields: usize,
    },
    /// No header line, and several formats of the bundle fit.
    #[error("it has no header line, and {0} log formats of the bundle fit it")]
    AmbiguousLayout(usize),
}

impl ReadError {
    /// Refused, broken or I/O.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io(_) => ErrorKind::Io,
            Self::BrokenOff { .. } => ErrorKind::Broken,
            _ => ErrorKind::Refused,
        }
    }

    /// What the user can do about it, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::BrokenOff { .. } => "fetch the object again; none of its records was counted",
            Self::TransitGateway | Self::Layout(LayoutError::TransitGateway) => {
                "give the VPC or NAT gateway flow logs; the transit gateway's own log is not needed"
            }
            Self::SecurityLake => "give the flow logs as delivered to S3 or CloudWatch Logs",
            Self::Zip | Self::Zstd | Self::Bzip2 | Self::Xz => "unpack it, or compress it with gzip",
            Self::GzippedParquet | Self::Nested(_) => "unpack it with gunzip once",
            Self::Codec(_) => "write it anew with Snappy, GZIP or ZSTD, or give it as AWS delivered it",
            Self::OtherSeparator => {
                "turn the commas or tabs into single spaces, with the field names as the first line"
            }
            Self::ParsedJson | Self::OtherJson => "give the log as delivered by S3, Firehose or CloudWatch Logs",
            Self::HugeDocument(_) => "write one JSON document per line instead of one array",
            Self::ResolverLog => "Resolver query logs belong under dns/, or are given with --dns",
            Self::CloudTrail | Self::Binary | Self::NotAFlowLog => "move it out of the flow log folder",
            Self::Layout(LayoutError::Missing(_)) => {
                "a flow log cannot be edited: create one with these fields, or use another log of the same interfaces"
            }
            Self::Layout(LayoutError::TooManyFields | LayoutError::NoFields) => "check the field names",
            Self::ColumnType { .. } => "give the Parquet files as AWS delivers them",
            Self::NoLayout { .. } => {
                "give the field order with --log-format '${version} ${account-id} ...', or add the output of `aws ec2 describe-flow-logs` to inventory/"
            }
            Self::AmbiguousLayout(_) => "say which with --log-format '${version} ${account-id} ...'",
            Self::Io(_) => return None,
        })
    }

    /// A failure of the stream itself: of the source, else of the gzip data.
    pub(super) fn from_stream(error: io::Error) -> Self {
        StreamError::of(error).into()
    }
}

impl From<StreamError> for ReadError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Source(error) => Self::Io(error),
            StreamError::Gzip(error) => Self::BrokenOff { part: "a gzip member", why: error.to_string() },
            StreamError::Nested(times) => Self::Nested(times),
        }
    }
}
