//! What an engine reads of Parquet files for the text: columns, not files. Counted as Trino counts, on which Athena is built.

use super::table::TableError;
use super::text::is_read;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader, RowGroupMetaData};

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
    /// Where the last column ends, whoever reads it.
    end: u64,
    /// From and to, in order.
    read: Vec<(u64, u64)>,
}

impl Shape {
    /// Of flow logs, in a file of this size: `end` gives its last bytes, so many or all. Asked once, or twice for a long footer.
    pub fn of(size: u64, end: &dyn Fn(u64) -> Result<Vec<u8>, TableError>) -> Result<Self, TableError> {
        Self::with(size, end, |column| is_read(&column.replace('_', "-")))
    }

    /// From the footer.
    fn with(
        size: u64,
        end: &dyn Fn(u64) -> Result<Vec<u8>, TableError>,
        is_read: impl Fn(&str) -> bool,
    ) -> Result<Self, TableError> {
        /// The footer's length and `PAR1`.
        const END: usize = 8;
        let none = || TableError::Codec("it has no Parquet footer".to_owned());
        let mut last = end(TAIL)?;
        let length = last.last_chunk::<END>().and_then(|end| end.strip_suffix(b"PAR1")?.first_chunk());
        let length = length.map(|length| u64::from(u32::from_le_bytes(*length))).ok_or_else(none)?;
        let footer = length.saturating_add(END as u64);
        if footer > size {
            return Err(none());
        }
        if footer > last.len() as u64 {
            last = end(footer)?;
        }
        let until = last.len().saturating_sub(END);
        let metadata = usize::try_from(length).ok().and_then(|length| last.get(until.checked_sub(length)?..until));
        let metadata = ParquetMetaDataReader::decode_metadata(metadata.ok_or_else(none)?)
            .map_err(|error| TableError::Codec(error.to_string()))?;
        let columns = || metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
        let range = |column: &ColumnChunkMetaData| {
            // Not by `byte_range`, which panics where a damaged footer says less than nothing.
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let [start, length] = [start, column.compressed_size()].map(|at| u64::try_from(at).unwrap_or_default());
            (start, start.saturating_add(length))
        };
        let mut read: Vec<(u64, u64)> =
            columns().filter(|column| is_read(column.column_descr().name())).map(range).collect();
        read.sort_unstable();
        let end = columns().map(|column| range(column).1).max().unwrap_or_default();
        Ok(Self { size, footer, end, read })
    }

    /// Bytes that are read of a file of this size whose columns are as large in proportion, and what follows them as in this one: of
    /// the file itself all is exact.
    #[must_use]
    pub fn bytes(&self, size: u64) -> u64 {
        let rest = self.size.saturating_sub(self.end);
        let scaled = |at: u64| {
            let at = u128::from(at) * u128::from(size.saturating_sub(rest)) / u128::from(self.end.max(1));
            u64::try_from(at).unwrap_or(u64::MAX)
        };
        let read = self.read.iter().map(|&(start, end)| (scaled(start), scaled(end)));
        read_of(size, self.footer, read)
    }

    /// The same of a file between this and a larger one, whose columns grow from here to there; `None` if they have not the same ones.
    fn towards(&self, larger: &Self, size: u64) -> Option<u64> {
        let (all, part) = (larger.size.checked_sub(self.size)?, size.checked_sub(self.size)?);
        if all == 0 || part > all || self.read.len() != larger.read.len() {
            return None;
        }
        let between = |from: u64, to: u64| {
            let (all, part) = (u128::from(all), u128::from(part));
            let at = (u128::from(from) * (all - part) + u128::from(to) * part) / all;
            u64::try_from(at).unwrap_or(u64::MAX)
        };
        let read = self.read.iter().zip(&larger.read);
        let read = read.map(|(from, to)| (between(from.0, to.0), between(from.1, to.1)));
        Some(read_of(size, between(self.footer, larger.footer), read))
    }
}

/// Bytes that are read of a file of this size, with such a footer, and columns that lie there.
fn read_of(size: u64, footer: u64, read: impl Iterator<Item = (u64, u64)>) -> u64 {
    let mut bytes = TAIL.min(size).saturating_add(if footer > TAIL { footer } else { 0 });
    let mut open: Option<(u64, u64)> = None;
    for (start, end) in read {
        if end - start > BUFFER {
            // Read in pieces, and with nothing else.
            bytes = bytes.saturating_add(end - start);
            continue;
        }
        open = match open {
            Some((first, last)) if end - first <= BUFFER && start <= last.saturating_add(MERGED) => Some((first, end)),
            before => {
                bytes = bytes.saturating_add(before.map_or(0, |(first, last)| last - first));
                Some((start, end))
            }
        };
    }
    bytes.saturating_add(open.map_or(0, |(first, last)| last - first))
}

/// Shapes of a few files of one flow log, the smallest and the largest among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes(Vec<Shape>);

impl Shapes {
    /// So many are kept.
    const MOST: usize = 4;

    /// Takes in another file's; one whose neighbours are near goes where there are many.
    pub fn add(&mut self, shape: Shape) {
        let at = self.0.partition_point(|other| other.size < shape.size);
        if self.0.get(at).is_some_and(|other| other.size == shape.size) {
            return;
        }
        self.0.insert(at, shape);
        if self.0.len() > Self::MOST {
            let gaps = self.0.windows(3).enumerate().map(|(at, near)| (near[2].size - near[0].size, at + 1));
            if let Some((_, at)) = gaps.min() {
                self.0.remove(at);
            }
        }
    }

    /// Bytes that are read of another file of this size; `None` without any shape. Part of a column grows with the records, and part,
    /// like its dictionary, does not, so that between two files it is taken from both.
    #[must_use]
    pub fn bytes(&self, size: u64) -> Option<u64> {
        let at = self.0.partition_point(|shape| shape.size < size);
        let (smaller, larger) = (at.checked_sub(1).and_then(|at| self.0.get(at)), self.0.get(at));
        if let (Some(smaller), Some(larger)) = (smaller, larger)
            && let Some(bytes) = smaller.towards(larger, size)
        {
            return Some(bytes);
        }
        let near = [smaller, larger].into_iter().flatten().min_by_key(|shape| shape.size.abs_diff(size));
        near.map(|shape| shape.bytes(size))
    }
}

/// Bytes that are read of a small table, all of whose columns are needed.
pub fn of_table(file: &[u8]) -> Result<u64, TableError> {
    let size = file.len() as u64;
    Ok(Shape::with(size, &|_| Ok(file.to_vec()), |_| true)?.bytes(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::table::{Kind, Value, write};

    const MB: u64 = 1 << 20;

    fn shape(size: u64, read: &[(u64, u64)]) -> Shape {
        Shape { size, footer: 900, end: size - 900, read: read.to_vec() }
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
        let columns = shape(3 * MB + 900, &[(0, MB), (2 * MB, 3 * MB)]);
        assert_eq!(columns.bytes(30 * MB + 900), TAIL + 20 * MB, "ten times as large, with the same footer");
        assert_eq!(columns.bytes(700), 700, "less than the footer");
    }

    /// A file of so many records: a footer, a dictionary that is read, numbers of which half are.
    fn file(records: u64) -> Shape {
        let (dictionary, numbers) = (20_000 * records / (records + 100), records * 16);
        let read = [(4, 4 + dictionary), (4 + dictionary + numbers / 2, 4 + dictionary + numbers)];
        Shape {
            size: 4 + dictionary + numbers + 9_000,
            footer: 9_000,
            end: 4 + dictionary + numbers,
            read: read.to_vec(),
        }
    }

    #[test]
    fn what_is_read_of_a_file_is_told_by_smaller_and_larger_ones() {
        let check = |situation: &str, of: &[u64], others: &[u64]| {
            let mut shapes = Shapes::default();
            for &records in of {
                shapes.add(file(records));
            }
            for own in others.iter().map(|&records| file(records)) {
                let (found, exact) = (shapes.bytes(own.size).expect("a shape"), own.bytes(own.size));
                assert!(found.abs_diff(exact) * 20 <= exact, "{situation}: {found}, not {exact} of {}", own.size);
            }
            of.iter().map(|&records| file(records)).for_each(|own| {
                assert_eq!(shapes.bytes(own.size), Some(own.bytes(own.size)), "{situation}: {} itself", own.size);
            });
        };
        check("all alike", &[5_000, 5_100], &[5_050, 4_900, 5_200]);
        check("small at the ends", &[60, 70, 40_000, 100_000], &[65, 90, 35_000, 50_000, 99_000]);
        check("larger ones elsewhere", &[50_000, 100_000], &[110_000, 200_000]);
        assert_eq!(Shapes::default().bytes(7), None);
    }

    #[test]
    fn of_many_shapes_the_ends_and_what_is_far_apart_are_kept() {
        let mut shapes = Shapes::default();
        for size in [100, 102, 101, 900, 500, 103, 898, 101] {
            shapes.add(Shape { size, footer: 1, end: 1, read: Vec::new() });
        }
        let sizes: Vec<u64> = shapes.0.iter().map(|shape| shape.size).collect();
        assert!(sizes.len() == 4 && sizes[0] == 100 && sizes[3] == 900 && sizes.contains(&500), "{sizes:?}");
    }

    #[test]
    fn what_is_no_parquet_file_has_no_shape() {
        let bytes = write(&[("bytes", Kind::Number)], [vec![Value::from(7_i64)]].as_slice()).expect("a file");
        let of = |bytes: &[u8]| Shape::of(bytes.len() as u64, &|_| Ok(bytes.to_vec()));
        assert!(of(&bytes).is_ok());
        for bad in [&b""[..], b"PAR1", &bytes[..bytes.len() - 1], &[0xff, 0xff, 0xff, 0xff, b'P', b'A', b'R', b'1']] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
        // A longer footer is asked for again.
        let asked = std::cell::RefCell::new(Vec::new());
        let end = |length: u64| {
            asked.borrow_mut().push(length);
            // As if only the very end had come at first.
            let first = asked.borrow().len() == 1;
            let from = bytes.len() - if first { 8 } else { usize::try_from(length).expect("small") };
            Ok(bytes[from..].to_vec())
        };
        let shape = Shape::of(bytes.len() as u64, &end).expect("a footer");
        assert_eq!(Some(shape), of(&bytes).ok());
        assert_eq!(asked.borrow().len(), 2);
    }

    #[test]
    fn only_columns_of_the_text_are_read() {
        let text = |n: i64| Value::from(format!("{:032x}", n * 7_919 % 1_000_003).repeat(4));
        let rows: Vec<Vec<Value>> = (0..2000).map(|n| vec![text(n), text(n + 1), text(n)]).collect();
        let file = |names: [&'static str; 3]| {
            let bytes = write(&names.map(|name| (name, Kind::Text)), rows.as_slice()).expect("a file");
            (bytes.len() as u64, Shape::of(bytes.len() as u64, &|_| Ok(bytes.clone())).expect("a footer"))
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
