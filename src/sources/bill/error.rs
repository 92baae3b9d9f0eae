//! Why a bill file gave no lines: refused by name, broken off, or not readable. Owns every such text.

use crate::sources::stream::StreamError;
use std::io;

/// The part that a damaged stream is called.
pub(super) const GZIP_MEMBER: &str = "a gzip member";

/// Why a file was not read. Whatever its sink already got must be discarded; the caller adds the file's key.
#[derive(Debug, thiserror::Error)]
pub enum BillReadError {
    /// The bytes could not be fetched.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// A gzip or zip member, a Parquet file, a JSON document or the last row is damaged or cut.
    #[error("{part} is broken or cut off: {why}")]
    BrokenOff {
        /// Which part of the file.
        part: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// None of the forms that a bill has.
    #[error("not a bill: {0}")]
    NotABill(String),
    /// A bill without what its lines cannot be understood without.
    #[error("the bill lacks the columns {0}")]
    MissingColumns(String),
    /// A Parquet column of a type that it cannot have.
    #[error("the column {column} has the type {found}")]
    ColumnType {
        /// The column's name.
        column: String,
        /// Its Arrow type.
        found: String,
    },
    /// A Parquet file whose columns are compressed in a way that AWS does not use.
    #[error("the columns of this Parquet file are compressed with {0}, which is not supported")]
    Codec(&'static str),
    /// Cost Explorer documents that tell one sum twice: which of them count cannot be told.
    #[error("{0} is in it twice")]
    Twice(String),
}

impl BillReadError {
    /// Whether the file is something else, or of no use, rather than damaged: it can be left out, and named.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::NotABill(_) | Self::MissingColumns(_) | Self::ColumnType { .. })
    }

    /// What the user can do about it, if anything.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::BrokenOff { .. } => "fetch the file again: a total without it would be wrong",
            Self::NotABill(_) => "move it out of the billing folder",
            Self::MissingColumns(_) => "add them to the export's columns",
            Self::ColumnType { .. } => "give the Parquet files as AWS delivers them",
            Self::Codec(_) => "write it anew with Snappy, GZIP or ZSTD: a total without it would be wrong",
            Self::Twice(_) => "keep one of the documents, or group them so that they do not overlap",
            Self::Io(_) => return None,
        })
    }

    pub(super) fn broken(part: &'static str, why: &dyn std::fmt::Display) -> Self {
        Self::BrokenOff { part, why: why.to_string() }
    }

    /// A failure of the stream itself: of the source, else of the gzip data.
    pub(super) fn from_stream(error: io::Error) -> Self {
        StreamError::of(error).into()
    }
}

impl From<StreamError> for BillReadError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Source(error) => Self::Io(error),
            StreamError::Gzip(error) => Self::broken(GZIP_MEMBER, &error),
            StreamError::Nested(_) => Self::NotABill(error.to_string()),
        }
    }
}
