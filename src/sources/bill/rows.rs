//! The rows of comma-separated text (RFC 4180; line ends with or without a carriage return), one at a time in one buffer.
//!
//! Commas, quotes and line ends are found 64 bytes at a time; what lies between them is looked at only in the rare field whose
//! quotes have to be taken out.

use super::error::BillReadError;
use crate::sources::simd::{BLOCK, equal};
use crate::sources::stream::BOM;
use std::io::{self, Read};

/// A longer row is taken for a quote that nobody closed: AWS's longest rows stay far below.
const MAX_ROW: usize = 16 << 20;
const MAX_FIELDS: usize = 64 << 10;
const BUFFER: usize = 256 << 10;

/// A row that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowSeen {
    /// The line that it begins on, from 1.
    pub line: u64,
    pub width: usize,
    /// Whether a line end closed it.
    pub ended: bool,
    /// Whether the content ended inside quotes.
    pub in_quotes: bool,
}

/// The rows of a text.
#[derive(Debug)]
pub(super) struct Rows<R> {
    input: R,
    bytes: Vec<u8>,
    /// Where in `bytes` begins what was not read yet, and where it ends.
    next: usize,
    filled: usize,
    /// Whether the input has no more.
    over: bool,
    /// The line that the next row begins on.
    line: u64,
    /// Where in `bytes` the row that was read last begins and ends.
    row: (usize, usize),
    /// Where in that row each field begins and ends.
    fields: Vec<(usize, usize)>,
}

impl<R: Read> Rows<R> {
    pub fn new(input: R) -> Self {
        let bytes = vec![0; BUFFER];
        Self { input, bytes, next: 0, filled: 0, over: false, line: 1, row: (0, 0), fields: Vec::new() }
    }

    /// The next row that is not blank.
    pub fn next(&mut self) -> Result<Option<RowSeen>, BillReadError> {
        while let Some(row) = self.row()? {
            if row.width > 1 || !self.field(0).trim_ascii().is_empty() {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Fields of the row that was read last.
    pub const fn width(&self) -> usize {
        self.fields.len()
    }

    /// A field of the row that was read last.
    pub fn field(&self, column: usize) -> &[u8] {
        let row = &self.bytes[self.row.0..self.row.1];
        self.fields.get(column).map_or(b"", |&(begin, end)| &row[begin..end])
    }

    /// The row that was read last, if all of it is text.
    pub fn text(&self) -> Option<RowText<'_>> {
        let text = std::str::from_utf8(&self.bytes[self.row.0..self.row.1]).ok()?;
        Some(RowText { text, fields: &self.fields })
    }

    fn row(&mut self) -> Result<Option<RowSeen>, BillReadError> {
        self.fields.clear();
        let (mut scan, line) = (Scan::default(), self.line);
        let ended = loop {
            if self.next == 0 && self.line == 1 && scan.at == 0 {
                self.skip_mark()?;
            }
            let ended = scan.go_on(&mut self.bytes[self.next..self.filled], &mut self.fields);
            if self.fields.len() > MAX_FIELDS || scan.at > MAX_ROW {
                return Err(BillReadError::broken("a row", &format!("the row from line {line} has no end")));
            }
            if ended || self.over {
                break ended;
            }
            self.more()?;
        };
        if scan.at == 0 {
            return Ok(None);
        }
        if !ended {
            scan.end_field(scan.at, &mut self.bytes[self.next..self.filled], &mut self.fields);
        }
        self.row = (self.next, self.next + scan.at);
        self.next = self.row.1;
        self.line += scan.lines;
        self.drop_carriage_return();
        Ok(Some(RowSeen { line, width: self.fields.len(), ended, in_quotes: !ended && scan.odd_quotes }))
    }

    /// Reads more of the row that begins at `next`, which moves to the front of the buffer.
    fn more(&mut self) -> Result<(), BillReadError> {
        if self.next > 0 {
            self.bytes.copy_within(self.next..self.filled, 0);
            (self.filled, self.next) = (self.filled - self.next, 0);
        }
        if self.filled == self.bytes.len() {
            self.bytes.resize(self.filled * 2, 0);
        }
        loop {
            match self.input.read(&mut self.bytes[self.filled..]) {
                Ok(0) => self.over = true,
                Ok(n) => self.filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(BillReadError::from_stream(error)),
            }
            return Ok(());
        }
    }

    /// A byte order mark is no part of the first field, which may begin with a quote.
    fn skip_mark(&mut self) -> Result<(), BillReadError> {
        while !self.over && self.filled < BOM.len() {
            self.more()?;
        }
        if self.bytes[..self.filled].starts_with(BOM) {
            self.next = BOM.len();
        }
        Ok(())
    }

    /// A carriage return before the line end is no part of the last field.
    fn drop_carriage_return(&mut self) {
        let row = &self.bytes[self.row.0..self.row.1];
        if let Some((begin, end)) = self.fields.last_mut()
            && row[*begin..*end].ends_with(b"\r")
        {
            *end -= 1;
        }
    }
}

/// A row whose fields are text without looking at each.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowText<'a> {
    text: &'a str,
    fields: &'a [(usize, usize)],
}

impl<'a> RowText<'a> {
    /// A field; `None` if there is none.
    pub fn field(self, column: usize) -> Option<&'a str> {
        let &(begin, end) = self.fields.get(column)?;
        self.text.get(begin..end)
    }
}

/// Where in a field the bytes stand that come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    /// Not in quotes, or before the first byte.
    #[default]
    Plain,
    Quoted,
    /// Behind a quote that stands here: it closed the quotes, unless another follows at once.
    Closed(usize),
}

/// How far a row was looked at. Places are counted from its beginning.
#[derive(Debug, Default)]
struct Scan {
    at: usize,
    /// Where the field begins.
    field: usize,
    within: Within,
    /// Whether the field begins with a quote, and whether there are more quotes in it than that and one at its end.
    quoted: bool,
    rewrite: bool,
    /// Line ends.
    lines: u64,
    /// Whether the number of quotes is odd.
    odd_quotes: bool,
}

impl Scan {
    /// Looks at the bytes of `row` that are new, and says whether the row ends in them; if so, behind which is in `at`.
    #[inline]
    fn go_on(&mut self, row: &mut [u8], fields: &mut Vec<(usize, usize)>) -> bool {
        while self.at < row.len() {
            let block = row[self.at..].first_chunk::<BLOCK>().copied().unwrap_or_else(|| padded(&row[self.at..]));
            let mut marks = equal(&block, b',') | equal(&block, b'"') | equal(&block, b'\n');
            while marks != 0 {
                let place = marks.trailing_zeros() as usize;
                marks &= marks - 1;
                if self.mark(block[place % BLOCK], self.at + place, row, fields) {
                    self.at += place + 1;
                    return true;
                }
            }
            self.at = row.len().min(self.at + BLOCK);
        }
        false
    }

    /// Takes a comma, a quote or a line end; says whether it ends the row.
    #[inline]
    fn mark(&mut self, mark: u8, at: usize, row: &mut [u8], fields: &mut Vec<(usize, usize)>) -> bool {
        if let Within::Closed(quote) = self.within {
            let adjoins = quote + 1 == at;
            self.within = if adjoins && mark == b'"' { Within::Quoted } else { Within::Plain };
            self.rewrite |= !adjoins || mark == b'"';
            if self.within == Within::Quoted {
                self.odd_quotes ^= true;
                return false;
            }
        }
        let plain = self.within == Within::Plain;
        match mark {
            b'"' => {
                self.odd_quotes ^= true;
                if !plain {
                    self.within = Within::Closed(at);
                } else if at == self.field {
                    (self.within, self.quoted) = (Within::Quoted, true);
                }
                false
            }
            b'\n' => {
                self.lines += 1;
                if plain {
                    self.end_field(at, row, fields);
                }
                plain
            }
            _ => {
                if plain {
                    self.end_field(at, row, fields);
                }
                false
            }
        }
    }

    #[inline]
    fn end_field(&mut self, end: usize, row: &mut [u8], fields: &mut Vec<(usize, usize)>) {
        let begin = std::mem::replace(&mut self.field, end + 1);
        fields.push(if self.quoted { self.unquoted(begin, end, row) } else { (begin, end) });
    }

    fn unquoted(&mut self, begin: usize, end: usize, row: &mut [u8]) -> (usize, usize) {
        self.quoted = false;
        // The content may end inside quotes.
        let closed = end > begin + 1 && row[end - 1] == b'"';
        if std::mem::take(&mut self.rewrite) || !closed {
            return (begin, begin + take_quotes_out(&mut row[begin..end]));
        }
        (begin + 1, end - 1)
    }
}

/// Makes a field that begins with a quote what it means, in its own place; returns its length. In quotes, two quotes are one;
/// behind them every byte stands for itself.
fn take_quotes_out(field: &mut [u8]) -> usize {
    let (mut quoted, mut at, mut len) = (true, 1, 0);
    while let Some(&byte) = field.get(at) {
        at += 1;
        if quoted && byte == b'"' {
            quoted = field.get(at) == Some(&b'"');
            if !quoted {
                continue;
            }
            at += 1;
        }
        field[len] = byte;
        len += 1;
    }
    len
}

#[cold]
fn padded(tail: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..tail.len()].copy_from_slice(tail);
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives so many bytes at a time, so that every boundary of a buffer is met.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(buffer.len());
            self.0.read(&mut buffer[..len])
        }
    }

    type Row = (u64, Vec<Vec<u8>>, bool);

    fn rows(text: &[u8], step: usize) -> Vec<Row> {
        let (mut rows, mut out) = (Rows::new(Slow(text, step)), Vec::new());
        while let Some(row) = rows.next().expect("rows") {
            let fields: Vec<Vec<u8>> = (0..row.width).map(|column| rows.field(column).to_vec()).collect();
            if let Some(text) = rows.text() {
                let texts: Option<Vec<&str>> = (0..row.width).map(|column| text.field(column)).collect();
                assert_eq!(
                    texts.map(|texts| texts.iter().map(|text| text.as_bytes().to_vec()).collect()),
                    Some(fields.clone())
                );
            }
            out.push((row.line, fields, row.ended));
        }
        out
    }

    /// The same by somebody else's reader.
    fn by_csv_core(text: &[u8]) -> Vec<Row> {
        let mut reader = csv_core::ReaderBuilder::new().terminator(csv_core::Terminator::Any(b'\n')).build();
        let (mut rest, mut line, mut out) = (text, 1, Vec::new());
        loop {
            let blank = rest.iter().take_while(|&&byte| byte == b'\n').count();
            (rest, line) = (&rest[blank..], line + blank as u64);
            let (mut bytes, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 1]);
            let (mut result, taken, mut len, mut width) = reader.read_record(rest, &mut bytes, &mut ends);
            let ended = result == csv_core::ReadRecordResult::Record;
            if result == csv_core::ReadRecordResult::InputEmpty {
                let (last, _, more, ends) = reader.read_record(&[], &mut bytes[len..], &mut ends[width..]);
                (result, len, width) = (last, len + more, width + ends);
            }
            if result == csv_core::ReadRecordResult::End {
                return out;
            }
            assert_eq!(result, csv_core::ReadRecordResult::Record);
            let (row, left) = rest.split_at(taken);
            let starts = [0].into_iter().chain(ends.iter().copied());
            let mut fields: Vec<Vec<u8>> =
                starts.zip(&ends[..width]).map(|(start, &end)| bytes[start..end].to_vec()).collect();
            if let Some(last) = fields.last_mut().filter(|last| last.ends_with(b"\r")) {
                last.pop();
            }
            assert_eq!(ends[width - 1], len);
            if fields.len() > 1 || !fields[0].trim_ascii().is_empty() {
                out.push((line, fields, ended));
            }
            (rest, line) = (left, line + memchr::memchr_iter(b'\n', row).count() as u64);
        }
    }

    #[test]
    fn rows_know_their_line_and_their_end() {
        let text = b"\xef\xbb\xbf\"a\",b\r\n1,\"x\r\ny\"\r\n\r\n\n2,\"q\"\"q\"\n3,";
        let row =
            |line, fields: [&str; 2], ended| (line, fields.map(|field| field.as_bytes().to_vec()).to_vec(), ended);
        for step in [1, 7, 1000] {
            let expect = [
                row(1, ["a", "b"], true),
                row(2, ["1", "x\r\ny"], true),
                row(6, ["2", "q\"q"], true),
                row(7, ["3", ""], false),
            ];
            assert_eq!(rows(text, step), expect);
        }
        assert_eq!(rows(b"", 1), []);
        assert_eq!(rows(b"\n\r\n", 1), []);
    }

    #[test]
    fn a_quote_that_nobody_closes_ends_the_file_not_the_memory() {
        for endless in [&b"a,\""[..], b"a"] {
            let mut rows = Rows::new(endless.chain(io::repeat(if endless == b"a" { b',' } else { b'x' })));
            let error = rows.next().expect_err("no end").to_string();
            assert_eq!(error, "a row is broken or cut off: the row from line 1 has no end");
        }
    }

    #[test]
    fn content_that_ends_inside_quotes_says_so() {
        for (text, expect) in
            [("a,\"b", true), ("a,\"b\"", false), ("a,\"b\"\"", true), ("a,b", false), ("a,\"b\nc,d", true)]
        {
            let mut rows = Rows::new(text.as_bytes());
            let row = rows.next().expect("a row").expect("one");
            assert_eq!((row.in_quotes, row.ended), (expect, false), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        // Marks in every order, and enough between them to fill blocks.
        #[test]
        fn rows_are_what_they_are_to_another_reader(
            parts in prop::collection::vec(prop_oneof![
                4 => Just(&b","[..]), 4 => Just(&b"\""[..]), 2 => Just(&b"\n"[..]), 1 => Just(&b"\r"[..]), 2 => Just(&b"a"[..]),
                1 => Just("é".as_bytes()), 1 => Just(&b"\xff"[..]), 1 => Just(&b"the fields of a bill are longer than a block of sixty-four bytes"[..]),
            ], 0..60),
            step in prop_oneof![Just(1usize), 2usize..80, Just(1000)],
        ) {
            let text = parts.concat();
            prop_assert_eq!(rows(&text, step), by_csv_core(&text));
        }
    }
}
