//! gzip taken off (RFC 1952): every member, each checked against its CRC-32 and its length.
//!
//! A decoder of our own, because inflating is a large part of what reading a compressed flow log takes. `symbols` is the loop, `tables` says what
//! makes it fast, `input` and `output` keep both ends so large that the loop meets no end, `block` reads what stands between.

#![expect(clippy::cast_possible_truncation, reason = "fields of a few bits are taken out of larger words")]

mod block;
mod input;
mod output;
mod symbols;
mod tables;
#[cfg(test)]
mod tests;

use super::spare::{Lent, Shelf, Spare};
use block::{Blocks, Damage};
use crc32fast::Hasher;
use input::Input;
use std::io::{self, BufRead, ErrorKind, Read};
use std::mem;
use std::thread::LocalKey;

/// A name or comment in a header may have so many bytes.
const MAX_FIELD: usize = 65535;
struct Buffers {
    input: Input,
    blocks: Blocks,
}

thread_local! {
    static SPARE: Shelf<Buffers> = const { Shelf::new() };
}

impl Spare for Buffers {
    fn shelf() -> &'static LocalKey<Shelf<Self>> {
        &SPARE
    }

    fn fresh() -> Self {
        Self { input: Input::new(), blocks: Blocks::new() }
    }

    fn reset(&mut self) {
        self.input.reset();
        self.blocks.reset();
    }
}

enum State {
    /// A header comes next.
    Start,
    /// Within a member.
    Body,
    /// After the last member.
    End,
    /// What is here comes once, after what was decoded before it.
    Failed(Option<io::Error>),
}

/// The content of a gzip stream of any number of members.
///
/// Fails with `UnexpectedEof` where the stream is cut, with `InvalidData` where it is damaged, and with the inner reader's own error
/// where that fails. What came before is passed on first, and after an error there is no more content and no good end.
pub(super) struct GzReader<R> {
    inner: R,
    buffers: Lent<Buffers>,
    state: State,
    /// Of the member so far.
    crc: Hasher,
    /// Of the member so far, modulo 2^32.
    len: u32,
    /// Where in the output starts what was not consumed.
    from: usize,
}

impl<R: Read> GzReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffers: Lent::take(), state: State::Start, crc: Hasher::new(), len: 0, from: 0 }
    }

    fn ready(&self) -> &[u8] {
        let output = &self.buffers.blocks.output;
        &output.bytes[self.from..output.at]
    }

    /// Decodes until there is something to give, or the stream ends.
    fn more(&mut self) -> io::Result<()> {
        while self.ready().is_empty() {
            let result = match &mut self.state {
                State::End => return Ok(()),
                State::Failed(error) => {
                    let again = || io::Error::new(ErrorKind::InvalidData, "the gzip stream has failed before");
                    return Err(error.take().unwrap_or_else(again));
                }
                State::Start => self.start(),
                State::Body => self.body(),
            };
            if let Err(error) = result {
                self.state = State::Failed(Some(error));
            }
        }
        Ok(())
    }

    /// Reads a member's header.
    fn start(&mut self) -> io::Result<()> {
        self.header()?;
        self.buffers.blocks.reset();
        self.crc.reset();
        (self.state, self.len, self.from) = (State::Body, 0, 0);
        Ok(())
    }

    /// Decodes a chunk of a member, and checks the member if it ends.
    fn body(&mut self) -> io::Result<()> {
        let Buffers { input, blocks } = &mut *self.buffers;
        blocks.output.slide();
        self.from = blocks.output.at;
        let mut result = Ok(());
        while result.is_ok() && !blocks.rests() {
            result = input.fill(&mut self.inner).and_then(|()| blocks.decode(input).map_err(io::Error::from));
        }
        let new = &blocks.output.bytes[self.from..blocks.output.at];
        self.crc.update(new);
        self.len = self.len.wrapping_add(new.len() as u32);
        result?;
        if blocks.done() {
            input.align();
            self.trailer()?;
        }
        Ok(())
    }

    /// Checks a member's end; another member may follow, and nothing else.
    fn trailer(&mut self) -> io::Result<()> {
        let stored = self.bytes::<8>()?;
        let crc = mem::take(&mut self.crc).finalize();
        if stored[..4] != crc.to_le_bytes() || stored[4..] != self.len.to_le_bytes() {
            return Err(corrupt("gzip checksum or length does not match"));
        }
        let input = &mut self.buffers.input;
        input.fill(&mut self.inner)?;
        self.state = if input.ended() { State::End } else { State::Start };
        Ok(())
    }

    fn header(&mut self) -> io::Result<()> {
        const CRC: u8 = 2;
        const EXTRA: u8 = 4;
        const NAME: u8 = 8;
        const COMMENT: u8 = 16;
        const RESERVED: u8 = 0xe0;
        let fixed = self.bytes::<10>()?;
        let flags = fixed[3];
        if !fixed.starts_with(b"\x1f\x8b\x08") || flags & RESERVED != 0 {
            return Err(corrupt("invalid gzip header"));
        }
        let mut crc = Hasher::new();
        crc.update(&fixed);
        if flags & EXTRA != 0 {
            let len = self.bytes::<2>()?;
            crc.update(&len);
            for _ in 0..u16::from_le_bytes(len) {
                crc.update(&self.bytes::<1>()?);
            }
        }
        for _ in 0..(flags & NAME).count_ones() + (flags & COMMENT).count_ones() {
            let mut len = 0;
            loop {
                let byte = self.bytes::<1>()?;
                crc.update(&byte);
                if byte == [0] {
                    break;
                }
                if len == MAX_FIELD {
                    return Err(corrupt("gzip header field too long"));
                }
                len += 1;
            }
        }
        if flags & CRC != 0 && self.bytes::<2>()? != crc.finalize().to_le_bytes()[..2] {
            return Err(corrupt("gzip header checksum does not match"));
        }
        Ok(())
    }

    /// Bytes outside of any block.
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let input = &mut self.buffers.input;
        input.fill(&mut self.inner)?;
        let bytes = *input.rest().first_chunk::<N>().ok_or(Damage::Cut)?;
        input.at += N;
        Ok(bytes)
    }
}

impl<R: Read> BufRead for GzReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.more()?;
        Ok(self.ready())
    }

    fn consume(&mut self, len: usize) {
        self.from += len.min(self.ready().len());
    }
}

impl<R: Read> Read for GzReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let ready = self.fill_buf()?;
        let len = ready.len().min(buffer.len());
        buffer[..len].copy_from_slice(&ready[..len]);
        self.consume(len);
        Ok(len)
    }
}

fn corrupt(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

impl From<Damage> for io::Error {
    fn from(damage: Damage) -> Self {
        match damage {
            Damage::Cut => Self::new(ErrorKind::UnexpectedEof, "incomplete gzip stream"),
            Damage::Corrupt(what) => corrupt(what),
        }
    }
}
