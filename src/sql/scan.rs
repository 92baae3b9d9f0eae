//! What an engine reads of Parquet files for the text: columns, not files. Counted as Trino counts, on which Athena is built.

use super::table::TableError;
use super::text::is_read;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::ChunkReader;

/// The end of a file, which is read for the footer (Trino 476, `MetadataReader`); a longer footer is read once more.
const TAIL: u64 = 48 << 10;
/// Columns with no more between them are read in one go, with what is between (`parquet.max-merge-distance`).
const MERGED: u64 = 1 << 20;
/// The most that is read in one go (`parquet.max-buffer-size`).
const BUFFER: u64 = 8 << 20;

/// Where the columns that the text reads lie in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    size: u64,
    footer: u64,
    /// From and to, in order.
    read: Vec<(u64, u64)>,
}

impl Shape {
    /// Of flow logs.
    pub fn of(file: &impl ChunkReader) -> Result<Self, TableError> {
        Self::with(file, |column| is_read(&column.replace('_', "-")))
    }

    /// From the footer.
    fn with(file: &impl ChunkReader, is_read: impl Fn(&str) -> bool) -> Result<Self, TableError> {
        /// The footer's length and `PAR1`.
        const END: usize = 8;
        let codec = |error: parquet::errors::ParquetError| TableError::Codec(error.to_string());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(file).map_err(codec)?;
        let size = file.len();
        let end = file.get_bytes(size.saturating_sub(END as u64), END).map_err(codec)?;
        let footer = end.first_chunk().map_or(0, |length| u64::from(u32::from_le_bytes(*length)) + END as u64);
        let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
        let columns = columns.filter(|column| is_read(column.column_descr().name()));
        let mut read: Vec<(u64, u64)> = columns.map(ColumnChunkMetaData::byte_range).collect();
        for (start, length) in &mut read {
            *length = start.saturating_add(*length);
        }
        read.sort_unstable();
        Ok(Self { size, footer, read })
    }

    /// Bytes that are read of a file of this size whose columns are as large in proportion: of the file itself all is exact.
    #[must_use]
    pub fn bytes(&self, size: u64) -> u64 {
        let scaled = |at: u64| {
            let at = u128::from(at) * u128::from(size) / u128::from(self.size.max(1));
            u64::try_from(at).unwrap_or(u64::MAX)
        };
        let mut bytes = TAIL.min(size).saturating_add(if self.footer > TAIL { self.footer } else { 0 });
        let mut open: Option<(u64, u64)> = None;
        for (start, end) in self.read.iter().map(|&(start, end)| (scaled(start), scaled(end))) {
            if end - start > BUFFER {
                // Read in pieces, and with nothing else.
                bytes = bytes.saturating_add(end - start);
                continue;
            }
            open = match open {
                Some((first, last)) if end - first <= BUFFER && start <= last.saturating_add(MERGED) => {
                    Some((first, end))
                }
                before => {
                    bytes = bytes.saturating_add(before.map_or(0, |(first, last)| last - first));
                    Some((start, end))
                }
            };
        }
        bytes.saturating_add(open.map_or(0, |(first, last)| last - first))
    }

    /// How far another size is from this file's.
    #[must_use]
    pub const fn distance(&self, size: u64) -> u64 {
        self.size.abs_diff(size)
    }
}

/// Bytes that are read of a small table, all of whose columns are needed.
pub fn of_table(file: &[u8]) -> Result<u64, TableError> {
    let file = bytes::Bytes::copy_from_slice(file);
    Ok(Shape::with(&file, |_| true)?.bytes(file.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::table::{Kind, Value, write};

    const MB: u64 = 1 << 20;

    fn shape(size: u64, read: &[(u64, u64)]) -> Shape {
        Shape { size, footer: 4_000, read: read.to_vec() }
    }

    #[test]
    fn what_nobody_reads_costs_nothing_unless_it_lies_between() {
        let check = |situation: &str, shape: &Shape, expect: u64| {
            assert_eq!(shape.bytes(shape.size), expect, "{situation}");
        };
        check("nothing is read", &shape(90 * MB, &[]), TAIL);
        check("a small file is read again", &shape(3_000, &[(4, 2_000)]), 3_000 + 1_996);
        check("neighbours", &shape(90 * MB, &[(4, MB), (MB, 2 * MB)]), TAIL + 2 * MB - 4);
        check("little between them", &shape(90 * MB, &[(0, MB), (2 * MB, 3 * MB)]), TAIL + 3 * MB);
        check("much between them", &shape(90 * MB, &[(0, MB), (2 * MB + 1, 3 * MB)]), TAIL + 2 * MB - 1);
        check("more than a buffer", &shape(90 * MB, &[(0, 5 * MB), (6 * MB, 9 * MB)]), TAIL + 8 * MB);
        check("one alone", &shape(90 * MB, &[(0, MB), (MB, 20 * MB), (20 * MB, 21 * MB)]), TAIL + 21 * MB);
        check("a long footer", &Shape { footer: 50_000, ..shape(90 * MB, &[]) }, TAIL + 50_000);
        assert_eq!(shape(3 * MB, &[(0, MB), (2 * MB, 3 * MB)]).bytes(30 * MB), TAIL + 20 * MB, "ten times as large");
    }

    #[test]
    fn only_columns_of_the_text_are_read() {
        let text = |n: i64| Value::from(format!("{:032x}", n * 7_919 % 1_000_003).repeat(4));
        let rows: Vec<Vec<Value>> = (0..2000).map(|n| vec![text(n), text(n + 1), text(n)]).collect();
        let file = |names: [&'static str; 3]| {
            let bytes = write(&names.map(|name| (name, Kind::Text)), rows.as_slice()).expect("a file");
            (bytes.len() as u64, Shape::of(&bytes::Bytes::from(bytes)).expect("a footer"))
        };
        let (size, none) = file(["packets", "version", "protocol"]);
        assert_eq!((none.size, none.read.len(), none.bytes(size)), (size, 0, size));
        let (size, all) = file(["srcaddr", "pkt_srcaddr", "interface_id"]);
        let columns = all.bytes(size) - TAIL.min(size);
        // Nothing else but the footer and where pages begin.
        let rest = size - columns - all.footer;
        assert!((4..1000).contains(&rest), "{rest} of {size}");
        let (size, one) = file(["packets", "dstaddr", "version"]);
        let (first, last) = one.read[0];
        assert!(one.read.len() == 1 && first > size / 4 && last < size * 3 / 4, "{one:?} of {size}");
    }
}
