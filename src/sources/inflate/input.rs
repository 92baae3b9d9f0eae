//! Compressed bytes on their way in, and the bits at their front.

use std::io::{self, Read};

/// Bytes that are read at a time: enough to pass by a buffer of 128 KiB in the reader below.
const CAPACITY: usize = 129 << 10;
/// Bytes that stay readable behind the last one.
const SLACK: usize = 32;
/// Bytes that are there after `fill`, unless the stream ends: more than the longest block header takes, which is 562.
const ENOUGH: usize = 1024;
/// Stored bytes that it takes less time to decode than to make tables for that decode faster.
const SHORT: usize = 8 << 10;
/// More than one step of the decoder looks at.
const STEP: usize = 16;

/// Input buffer and bit buffer. Behind the end of the stream are zeros; `overrun` tells that some of them were taken.
pub(super) struct Input {
    pub(super) bytes: Box<[u8]>,
    /// Where in `bytes` starts what `bits` does not hold yet.
    pub(super) at: usize,
    end: usize,
    /// The inner reader has no more.
    eof: bool,
    /// The next bits of the stream, the very next one lowest. Above `count` of them there may be bits of `bytes[at..]`.
    pub(super) bits: u64,
    /// At most 63.
    pub(super) count: u32,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; CAPACITY + SLACK].into_boxed_slice(), at: 0, end: 0, eof: false, bits: 0, count: 0 }
    }

    /// Forgets everything, for another stream.
    pub(super) fn reset(&mut self) {
        (self.at, self.end, self.eof, self.bits, self.count) = (0, 0, false, 0, 0);
    }

    /// Reads until there is enough for any block header, or the stream ends.
    pub(super) fn fill(&mut self, inner: &mut impl Read) -> io::Result<()> {
        if self.eof || self.end - self.at >= ENOUGH {
            return Ok(());
        }
        self.unread();
        self.bytes.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        while self.end < ENOUGH {
            match inner.read(&mut self.bytes[self.end..CAPACITY]) {
                Ok(0) => {
                    self.eof = true;
                    self.bytes[self.end..self.end + SLACK].fill(0);
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// While `at` is not past this, a step of the decoder finds what it needs. The last bytes of a stream are a stretch of their own, in
    /// which a step may go past the end.
    pub(super) fn limit(&self) -> usize {
        let whole = self.end.saturating_sub(STEP);
        if self.eof && self.at > whole { self.end + 8 } else { whole }
    }

    /// The stream seems to be a few kilobytes at most: there was no more to be read at once.
    pub(super) fn is_short(&self) -> bool {
        self.end < SHORT
    }

    /// More bits were taken than the stream has.
    pub(super) fn overrun(&self) -> bool {
        self.at > self.end + (self.count >> 3) as usize
    }

    /// The next bits, up to 32.
    pub(super) fn peek(&mut self, count: u32) -> u32 {
        if self.count < count {
            if self.at > self.end + 8 {
                // Overrun already, and zeros for ever.
                (self.at, self.bits, self.count) = (self.end + 16, 0, 63);
            } else {
                self.bits |= word(&self.bytes, self.at) << self.count;
                self.at += ((63 - self.count) >> 3) as usize;
                self.count |= 0x38;
            }
        }
        (self.bits & ((1 << count) - 1)) as u32
    }

    /// Drops bits that were seen by `peek`.
    pub(super) fn skip(&mut self, count: u32) {
        self.bits >>= count;
        self.count -= count;
    }

    /// Takes up to 32 bits.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// Puts whole bytes of the bit buffer back.
    fn unread(&mut self) {
        self.at -= (self.count >> 3) as usize;
        self.count &= 7;
        self.bits &= (1 << self.count) - 1;
    }

    /// Drops what is left of a byte that was begun, and leaves the bit buffer empty.
    pub(super) fn align(&mut self) {
        self.unread();
        (self.bits, self.count) = (0, 0);
    }

    /// The bytes that are there, without those of the bit buffer.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.at.min(self.end)..self.end]
    }

    /// Nothing is left, now or later, but what the bit buffer holds.
    pub(super) fn ended(&self) -> bool {
        self.eof && self.at >= self.end
    }
}

/// Eight bytes, the first one lowest.
#[inline]
pub(super) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes are eight bytes"))
}
