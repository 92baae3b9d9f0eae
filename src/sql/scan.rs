//! What of a Parquet file the text reads: the engine is paid for columns, not for files.

use super::table::TableError;
use super::text::is_read;
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::ChunkReader;

/// Bytes of the columns that the text reads, and of all, as they are compressed.
pub fn share(file: &impl ChunkReader) -> Result<(u64, u64), TableError> {
    let metadata =
        ParquetMetaDataReader::new().parse_and_finish(file).map_err(|error| TableError::Codec(error.to_string()))?;
    let (mut read, mut all) = (0_u64, 0_u64);
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let bytes = u64::try_from(column.compressed_size()).unwrap_or_default();
        all = all.saturating_add(bytes);
        if is_read(&column.column_descr().name().replace('_', "-")) {
            read = read.saturating_add(bytes);
        }
    }
    Ok((read, all))
}

/// That share of a number of bytes; all of them where nothing is known.
#[must_use]
pub fn of(bytes: u64, (read, all): (u64, u64)) -> u64 {
    let part = u128::from(bytes) * u128::from(read) / u128::from(all.max(1));
    if all == 0 { bytes } else { u64::try_from(part).unwrap_or(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::table::{Kind, Value, write};

    #[test]
    fn columns_that_nobody_reads_cost_nothing() {
        let text = |n: i64| Value::from(format!("{:032x}", n * 7_919 % 1_000_003).repeat(4));
        let rows: Vec<Vec<Value>> = (0..2000).map(|n| vec![text(n), text(n + 1), text(n)]).collect();
        let file = |names: [&'static str; 3]| {
            let bytes = write(&names.map(|name| (name, Kind::Text)), &rows).expect("a file");
            share(&bytes::Bytes::from(bytes)).expect("a footer")
        };
        assert_eq!(file(["packets", "version", "protocol"]).0, 0);
        let (read, all) = file(["srcaddr", "pkt_srcaddr", "interface_id"]);
        assert_eq!(read, all);
        let (one, all) = file(["packets", "version", "dstaddr"]);
        assert!(one > all / 4 && one < all / 2, "{one} of {all}");
        assert_eq!((of(900, (1, 3)), of(900, (0, 0)), of(u64::MAX, (7, 7))), (300, 900, u64::MAX));
    }
}
