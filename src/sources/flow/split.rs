//! Where lines end and their fields begin: one pass over the bytes, 64 at a time. Never reads a value.

use super::layout::MAX_COLUMNS;
use crate::sources::simd::{BLOCK, Look, blocks, equal};
use crate::sources::spare::{Shelf, Spare};
use std::thread::LocalKey;

const SPACE: u8 = b' ';

/// A line that is split at single spaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split<'a> {
    /// What the line lies in.
    text: &'a [u8],
    /// Where each field begins in `text`, and one past what ends the last one.
    starts: &'a [u32],
}

impl<'a> Split<'a> {
    /// Number of fields; at least one.
    #[inline]
    pub const fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The whole line.
    #[inline]
    pub fn line(&self) -> &'a [u8] {
        self.run(0, self.len().wrapping_sub(1))
    }

    /// The bytes from the first of these fields to the last, with what stands between.
    #[inline]
    pub fn run(&self, first: usize, last: usize) -> &'a [u8] {
        let (Some(&start), Some(&next)) = (self.starts.get(first), self.starts.get(last.wrapping_add(1))) else {
            return b"";
        };
        self.text.get(start as usize..(next as usize).wrapping_sub(1)).unwrap_or(b"")
    }

    /// The sixteen bytes that end with a field; `None` where there are fewer.
    #[inline]
    pub fn until(&self, column: usize) -> Option<&'a [u8; 16]> {
        let end = (*self.starts.get(column.wrapping_add(1))? as usize).wrapping_sub(1);
        self.text.get(..end)?.last_chunk()
    }

    /// The bytes of a field; empty where the line has fewer.
    #[inline]
    pub fn get(&self, column: usize) -> &'a [u8] {
        self.run(column, column)
    }
}

/// The field boundaries of one line, reused from line to line.
#[derive(Debug)]
pub(super) struct Fields {
    starts: [u32; MAX_COLUMNS + BLOCK + 1],
}

impl Fields {
    pub fn new() -> Self {
        Self { starts: [0; MAX_COLUMNS + BLOCK + 1] }
    }

    /// Splits a line. More fields than a layout can have end the count early.
    pub fn split<'a>(&'a mut self, line: &'a [u8]) -> Split<'a> {
        let mut count = 0;
        let (blocks, rest) = line.as_chunks::<BLOCK>();
        for (block, base) in blocks.iter().copied().chain([padded(rest)]).zip((1..).step_by(BLOCK)) {
            let mut mask = equal(&block, SPACE);
            while mask != 0 {
                count += 1;
                self.starts[count] = base + mask.trailing_zeros();
                mask &= mask - 1;
            }
            if count >= MAX_COLUMNS {
                break;
            }
        }
        count += 1;
        self.starts[count] = narrow(line.len()) + 1;
        Split { text: line, starts: &self.starts[..=count] }
    }
}

/// Lines are far shorter than 2^32 bytes; the reader cuts them at 64 KiB.
#[inline]
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX - 1)
}

fn padded(tail: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..tail.len()].copy_from_slice(tail);
    block
}

/// Bytes that are looked at at once: they and what is found in them stay in the processor's nearest cache.
const STRETCH: usize = 16 << 10;
/// The lines of a stretch of text, split.
#[derive(Debug)]
pub(super) struct Stretch {
    /// Where the first field begins, and one past each space and line end.
    starts: Box<[u32]>,
    /// For each line the place in `starts` of the next line's first field.
    ends: Box<[u32]>,
    /// Of those starts and ends that were found.
    count: usize,
    lines: usize,
    /// One past the first byte of the next block.
    base: u32,
}

thread_local! {
    static SPARE: Shelf<Stretch> = const { Shelf::new() };
}

impl Spare for Stretch {
    fn shelf() -> &'static LocalKey<Shelf<Self>> {
        &SPARE
    }

    fn fresh() -> Self {
        let [starts, ends] = [(); 2].map(|()| vec![0; STRETCH + BLOCK + 1].into_boxed_slice());
        Self { starts, ends, count: 0, lines: 0, base: 0 }
    }

    fn reset(&mut self) {
        self.lines = 0;
    }
}

impl Stretch {
    /// Splits every line that ends in the first [`STRETCH`] bytes of `piece`; how many bytes those lines take with their ends.
    pub fn find(&mut self, piece: &[u8]) -> usize {
        (self.count, self.lines, self.base) = (1, 0, 1);
        self.starts[0] = 0;
        blocks(&piece[..piece.len().min(STRETCH)], (SPACE, b'\n'), self);
        self.lines.checked_sub(1).map_or(0, |last| self.starts[self.ends[last] as usize] as usize)
    }

    /// The lines that were found in `piece`.
    #[inline]
    pub fn lines<'a>(&'a self, piece: &'a [u8]) -> impl Iterator<Item = Split<'a>> {
        let mut first = 0;
        self.ends[..self.lines].iter().map(move |&end| {
            let starts = self.starts.get(first..=end as usize).unwrap_or_default();
            first = end as usize;
            Split { text: piece, starts }
        })
    }
}

impl Look for Stretch {
    #[expect(clippy::inline_always, reason = "else it is compiled for old processors only")]
    #[inline(always)]
    fn block(&mut self, found: u64, mut line_ends: u64, put: impl Fn(u64, u32, &mut [u32; BLOCK])) {
        loop {
            let before = found & (line_ends & line_ends.wrapping_neg()).wrapping_sub(1);
            self.ends[self.lines] = narrow(self.count) + before.count_ones();
            self.lines += usize::from(line_ends != 0);
            line_ends &= line_ends.wrapping_sub(1);
            if line_ends == 0 {
                break;
            }
        }
        let (count, base) = (self.count, self.base);
        self.count += found.count_ones() as usize;
        self.base += narrow(BLOCK);
        if let Some(slots) = self.starts[count..].first_chunk_mut::<BLOCK>() {
            put(found, base, slots);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::simd::portably;
    use crate::sources::spare::Lent;
    use proptest::prelude::*;

    fn check(line: &[u8]) {
        let mut fields = Fields::new();
        let expect: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        let split = fields.split(line);
        if expect.len() <= MAX_COLUMNS {
            assert_eq!(split.len(), expect.len());
            assert_eq!((0..split.len()).map(|column| split.get(column)).collect::<Vec<_>>(), expect);
            assert_eq!(split.line(), line);
            let mut end = 0;
            for (column, text) in expect.iter().enumerate() {
                end += text.len();
                assert_eq!(split.until(column), line[..end].last_chunk());
                end += 1;
            }
        } else {
            assert!(split.len() > MAX_COLUMNS);
        }
    }

    fn check_stretch(text: &[u8]) {
        let mut stretch = Lent::<Stretch>::take();
        let begin = &text[..text.len().min(STRETCH)];
        let len = begin.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        assert_eq!(stretch.find(text), len);
        let expect: Vec<Vec<&[u8]>> = begin[..len]
            .split_inclusive(|&byte| byte == b'\n')
            .map(|line| line[..line.len() - 1].split(|&byte| byte == b' ').collect())
            .collect();
        let fields = |line: Split<'_>| (0..line.len()).map(|column| line.get(column).to_vec()).collect::<Vec<_>>();
        assert_eq!(stretch.lines(text).map(fields).collect::<Vec<_>>(), expect);
        let lines: Vec<&[u8]> = stretch.lines(text).map(|line| line.line()).collect();
        assert_eq!(lines, begin[..len].split_inclusive(|&b| b == b'\n').map(|l| &l[..l.len() - 1]).collect::<Vec<_>>());
    }

    #[test]
    fn a_stretch_ends_where_it_ends() {
        let long = [b' ', b'\n', b'a'].map(|byte| vec![byte; STRETCH + 70]);
        for text in [&b""[..], b"\n", b"a", b" \n \n"].into_iter().chain(long.iter().map(Vec::as_slice)) {
            check_stretch(text);
        }
        for len in STRETCH - 70..STRETCH + 70 {
            let mut text = b"some words in a line\n".repeat(STRETCH / 20 + 10);
            text.truncate(len);
            check_stretch(&text);
        }
    }

    proptest! {
        #[test]
        fn fields_are_what_lies_between_spaces(line in proptest::collection::vec(prop_oneof![Just(b' '), Just(b'a'), 0u8..], 0..400)) {
            check(&line);
        }

        #[test]
        fn lines_are_what_lies_between_line_ends(text in proptest::collection::vec(prop_oneof![3 => Just(b' '), 1 => Just(b'\n'), 6 => Just(b'a'), 1 => any::<u8>()], 0..900)) {
            check_stretch(&text);
            portably(|| check_stretch(&text));
        }
    }
}
