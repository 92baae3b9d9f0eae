//! Bills as comma-separated text: one row in memory at a time, whatever the file's size.

use super::BillFound;
use super::columns::Columns;
use super::error::BillReadError;
use super::line::{self, Cell, NO_CELLS};
use crate::model::bill::{BillFormat, BillSink};
use crate::model::period::Month;
use crate::sources::stream::BOM;
use std::io::BufRead;

/// A longer row is taken for a quote that nobody closed: AWS's longest rows stay far below.
const MAX_ROW: usize = 16 << 20;
const MAX_FIELDS: usize = 64 << 10;

/// Where a text comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// Whether a container proves that the text is whole.
    pub sealed: bool,
    /// The file's name inside an archive of several, for messages.
    pub member: &'a str,
    /// The billing month that the file is of, as far as its manifest or folder says.
    pub month: Option<Month>,
    /// What the files before it in an archive were, which the sink has heard.
    pub before: Option<BillFormat>,
}

/// Reads a whole text.
pub(super) fn read<S: BillSink>(
    content: impl BufRead,
    origin: Origin<'_>,
    sink: &mut S,
) -> Result<BillFound, BillReadError> {
    let mut rows = Rows::new(content);
    if rows.next()?.is_none() {
        return Err(BillReadError::NotABill("it is empty".to_owned()));
    }
    let mut columns = rows.columns()?;
    match origin.before {
        None => sink.format(columns.format),
        Some(format) if format == columns.format => {}
        Some(_) => return Err(BillReadError::NotABill("it is of another format than the file before it".to_owned())),
    }
    let mut needed: Vec<(usize, usize)> = columns.present().collect();
    while let Some(row) = rows.next()? {
        let last_is_needed = needed.iter().any(|(_, column)| column + 1 == columns.width);
        if !row.ended && (row.in_quotes || row.width < columns.width || last_is_needed && !origin.sealed) {
            let why = format!("line {} may be cut, and no line end follows it", row.line);
            return Err(BillReadError::broken("the last row", &why));
        }
        let made = if row.width == columns.width {
            let mut cells = NO_CELLS;
            for &(field, column) in &needed {
                cells[field] = std::str::from_utf8(rows.field(column)).map_or(Cell::NotText, Cell::Text);
            }
            line::line(&columns, &cells, origin.month)
        } else {
            Err("it has not as many fields as the first line")
        };
        let made = match made {
            Err(why) => match rows.columns() {
                // Files that were put together, each with its own first line.
                Ok(other) if other.format == columns.format => {
                    needed = other.present().collect();
                    columns = other;
                    continue;
                }
                _ => Err(why),
            },
            made => made,
        };
        match made {
            Ok(line) => sink.line(&line),
            Err(why) if origin.member.is_empty() => sink.malformed(row.line, why),
            Err(why) => sink.malformed(row.line, &format!("{}: {why}", origin.member)),
        }
    }
    Ok(BillFound::of(columns.format))
}

/// A row that was read.
#[derive(Clone, Copy, Debug)]
struct RowSeen {
    /// The line that it begins on, from 1.
    line: u64,
    width: usize,
    /// Whether a line end closed it.
    ended: bool,
    /// Whether the content ended inside quotes.
    in_quotes: bool,
}

/// The rows of a text (RFC 4180; line ends with or without a carriage return), in buffers that are used again.
struct Rows<R> {
    input: R,
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    width: usize,
    line: u64,
}

impl<R: BufRead> Rows<R> {
    fn new(input: R) -> Self {
        // A carriage return is taken off here, so that a row ends where its line does.
        let parser = csv_core::ReaderBuilder::new().terminator(csv_core::Terminator::Any(b'\n')).build();
        Self { input, parser, text: vec![0; 16 << 10], ends: vec![0; 512], width: 0, line: 1 }
    }

    /// The next row that is not blank.
    fn next(&mut self) -> Result<Option<RowSeen>, BillReadError> {
        loop {
            self.skip_blank_lines()?;
            let Some(row) = self.row()? else { return Ok(None) };
            if row.width > 1 || !self.field(0).trim_ascii().is_empty() {
                return Ok(Some(row));
            }
        }
    }

    fn skip_blank_lines(&mut self) -> Result<(), BillReadError> {
        loop {
            let buffer = self.input.fill_buf().map_err(BillReadError::from_stream)?;
            let blank = buffer.iter().take_while(|&&byte| byte == b'\n').count();
            if blank == 0 {
                return Ok(());
            }
            self.line += u64::try_from(blank).unwrap_or(0);
            self.input.consume(blank);
        }
    }

    fn row(&mut self) -> Result<Option<RowSeen>, BillReadError> {
        use csv_core::ReadRecordResult as Read;
        let (mut written, mut fields) = (0, 0);
        let (mut in_quotes, mut last) = (false, 0);
        let line = self.line;
        loop {
            let buffer = self.input.fill_buf().map_err(BillReadError::from_stream)?;
            let at_end = buffer.is_empty();
            let (result, taken, more, ends) =
                self.parser.read_record(buffer, &mut self.text[written..], &mut self.ends[fields..]);
            let seen = &buffer[..taken];
            self.line += u64::try_from(memchr::memchr_iter(b'\n', seen).count()).unwrap_or(0);
            in_quotes ^= memchr::memchr_iter(b'"', seen).count() % 2 == 1;
            last = seen.last().copied().unwrap_or(last);
            self.input.consume(taken);
            (written, fields) = (written + more, fields + ends);
            match result {
                Read::InputEmpty => {}
                Read::OutputFull => grow(&mut self.text, MAX_ROW, line)?,
                Read::OutputEndsFull => grow(&mut self.ends, MAX_FIELDS, line)?,
                Read::End => return Ok(None),
                Read::Record => {
                    self.width = fields;
                    self.drop_carriage_return();
                    let ended = !at_end && last == b'\n';
                    return Ok(Some(RowSeen { line, width: fields, ended, in_quotes: at_end && in_quotes }));
                }
            }
        }
    }

    fn drop_carriage_return(&mut self) {
        if self.width > 0 && self.field(self.width - 1).ends_with(b"\r") {
            self.ends[self.width - 1] -= 1;
        }
    }

    /// A field of the row that was read last.
    fn field(&self, column: usize) -> &[u8] {
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        self.text.get(start..self.ends[column]).unwrap_or_default()
    }

    /// The row that was read last as names.
    fn columns(&self) -> Result<Columns, BillReadError> {
        let names = (0..self.width).map(|column| {
            let name = self.field(column);
            let name = if column == 0 { name.strip_prefix(BOM).unwrap_or(name) } else { name };
            std::str::from_utf8(name).unwrap_or("")
        });
        Columns::of_names(names)
    }
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>, most: usize, line: u64) -> Result<(), BillReadError> {
    if buffer.len() >= most {
        return Err(BillReadError::broken("a row", &format!("the row from line {line} has no end")));
    }
    buffer.resize((buffer.len() * 2).min(most), T::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Vec<String>, bool)> {
        // One byte at a time, so that every boundary of a buffer is met.
        let mut rows = Rows::new(std::io::BufReader::with_capacity(1, text.as_bytes()));
        let mut out = Vec::new();
        while let Some(row) = rows.next().expect("rows") {
            let fields =
                (0..row.width).map(|column| String::from_utf8_lossy(rows.field(column)).into_owned()).collect();
            out.push((row.line, fields, row.ended));
        }
        out
    }

    #[test]
    fn rows_know_their_line_and_their_end() {
        let text = "a,b\r\n1,\"x\r\ny\"\r\n\r\n\n2,\"q\"\"q\"\n3,";
        let row = |line, fields: [&str; 2], ended| (line, fields.map(str::to_owned).to_vec(), ended);
        assert_eq!(
            rows(text),
            [
                row(1, ["a", "b"], true),
                row(2, ["1", "x\r\ny"], true),
                row(6, ["2", "q\"q"], true),
                row(7, ["3", ""], false)
            ]
        );
        assert_eq!(rows(""), []);
        assert_eq!(rows("\n\r\n"), []);
    }

    #[test]
    fn a_quote_that_nobody_closes_ends_the_file_not_the_memory() {
        let endless = std::io::Read::chain(&b"a,\""[..], std::io::repeat(b'x'));
        let mut rows = Rows::new(std::io::BufReader::new(endless));
        let error = rows.next().expect_err("no end").to_string();
        assert_eq!(error, "a row is broken or cut off: the row from line 1 has no end");
    }
}
