//! Compression within Parquet files: that of AWS is read, and of the rest the name is said.

use parquet::basic::Compression;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

/// The first compression of a file's columns that cannot be read here.
pub(super) fn unread(metadata: &ParquetMetaData) -> Option<&'static str> {
    metadata.row_groups().iter().flat_map(RowGroupMetaData::columns).find_map(|column| match column.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => None,
        Compression::BROTLI(_) => Some("Brotli"),
        Compression::LZ4 | Compression::LZ4_RAW => Some("LZ4"),
        Compression::LZO => Some("LZO"),
    })
}
