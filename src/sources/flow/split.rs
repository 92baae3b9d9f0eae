//! Where the fields of a line begin: one pass over its bytes, 64 at a time. Never reads a value.

use super::layout::MAX_COLUMNS;
use crate::sources::simd::{BLOCK, equal};

const SPACE: u8 = b' ';

/// The field boundaries of one line, reused from line to line.
#[derive(Debug)]
pub(super) struct Fields {
    /// `starts[i]` is where field `i` begins; one past the line's end plus one closes the last.
    starts: [u32; MAX_COLUMNS + BLOCK + 1],
}

impl Fields {
    pub fn new() -> Self {
        Self { starts: [0; MAX_COLUMNS + BLOCK + 1] }
    }

    /// Splits the first `len` bytes of `rest` at single spaces and says how many fields there are.
    ///
    /// `rest` may go on behind the line: whole blocks are then read without copying. More fields than a layout can
    /// have end the count early.
    #[inline]
    pub fn split(&mut self, rest: &[u8], len: usize) -> usize {
        let mut count = 0;
        let mut base = 0;
        while base < len && count < MAX_COLUMNS {
            let mut mask = match rest[base..].first_chunk::<BLOCK>() {
                Some(block) => equal(block, SPACE),
                None => equal(&padded(&rest[base..]), SPACE),
            };
            if len - base < BLOCK {
                mask &= (1 << (len - base)) - 1;
            }
            while mask != 0 {
                count += 1;
                self.starts[count] = narrow(base) + mask.trailing_zeros() + 1;
                mask &= mask - 1;
            }
            base += BLOCK;
        }
        count += 1;
        self.starts[count] = narrow(len) + 1;
        count
    }

    /// The bytes from the first of these fields to the last, with what stands between.
    #[inline]
    pub fn run<'a>(&self, line: &'a [u8], first: usize, last: usize) -> &'a [u8] {
        let (Some(&start), Some(&next)) = (self.starts.get(first), self.starts.get(last + 1)) else { return b"" };
        line.get(start as usize..(next as usize).wrapping_sub(1)).unwrap_or(b"")
    }

    /// The bytes of a field; empty where the line has fewer.
    #[inline]
    pub fn get<'a>(&self, line: &'a [u8], column: usize) -> &'a [u8] {
        self.run(line, column, column)
    }
}

/// Lines are far shorter than 2^32 bytes; the reader cuts them at 64 KiB.
#[inline]
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX - 1)
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

    fn check(line: &[u8], behind: &[u8]) {
        let mut fields = Fields::new();
        let rest = [line, behind].concat();
        let expect: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        let count = fields.split(&rest, line.len());
        if expect.len() <= MAX_COLUMNS {
            assert_eq!(count, expect.len());
            assert_eq!((0..count).map(|column| fields.get(&rest, column)).collect::<Vec<_>>(), expect);
        } else {
            assert!(count > MAX_COLUMNS);
        }
    }

    proptest! {
        #[test]
        fn fields_are_what_lies_between_spaces(line in proptest::collection::vec(prop_oneof![Just(b' '), Just(b'a'), 0u8..], 0..400), behind in "[ab ]{0,80}") {
            check(&line, behind.as_bytes());
        }
    }
}
