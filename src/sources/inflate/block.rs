//! DEFLATE blocks (RFC 1951): their headers, and which comes next.

use super::input::Input;
use super::output::{LIMIT, Output};
use super::symbols::symbols;
use super::tables::{BadTree, Pack, Tables, precode};

/// Why data are not DEFLATE.
#[derive(Debug, Clone, Copy)]
pub(super) enum Damage {
    /// They end too early.
    Cut,
    /// They say what they must not say.
    Corrupt(&'static str),
}

#[derive(Clone, Copy)]
enum State {
    Header,
    /// So many bytes to copy.
    Stored(usize),
    Symbols,
    Done,
}

/// The blocks of one member.
pub(super) struct Blocks {
    tables: Tables,
    pub(super) output: Output,
    state: State,
    /// No block follows this one.
    last: bool,
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self { tables: Tables::new(), output: Output::new(), state: State::Header, last: false }
    }

    /// Ready for the first block of a member.
    pub(super) fn reset(&mut self) {
        self.output.reset();
        (self.state, self.last) = (State::Header, false);
    }

    /// The last block has ended.
    pub(super) fn done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// There is no room, or nothing left to decode.
    pub(super) fn rests(&self) -> bool {
        self.output.at >= LIMIT || self.done()
    }

    /// Goes on as far as the input surely reaches, but not past the end of a block. Between calls the input has to be filled.
    pub(super) fn decode(&mut self, input: &mut Input) -> Result<(), Damage> {
        let before = self.output.at;
        let result = self.step(input);
        if input.overrun() {
            // Made of the zeros behind the end.
            self.output.at = before;
            return Err(Damage::Cut);
        }
        result
    }

    fn step(&mut self, input: &mut Input) -> Result<(), Damage> {
        match self.state {
            State::Done => {}
            State::Header => self.header(input).map_err(Damage::Corrupt)?,
            State::Stored(left) => {
                if input.ended() {
                    return Err(Damage::Cut);
                }
                let rest = input.rest();
                let len = self.output.append(&rest[..left.min(rest.len())]);
                input.at += len;
                self.state = if left > len { State::Stored(left - len) } else { self.next() };
            }
            State::Symbols => {
                if symbols(&self.tables, input, &mut self.output).map_err(Damage::Corrupt)? {
                    self.state = self.next();
                }
            }
        }
        Ok(())
    }

    fn next(&self) -> State {
        if self.last { State::Done } else { State::Header }
    }

    fn header(&mut self, input: &mut Input) -> Result<(), &'static str> {
        self.last = input.take(1) == 1;
        self.state = match input.take(2) {
            0 => {
                input.align();
                let len = input.take(16);
                if input.take(16) != len ^ 0xffff {
                    return Err("invalid stored block lengths");
                }
                input.align();
                if len == 0 { self.next() } else { State::Stored(len as usize) }
            }
            1 => {
                self.tables.fix().map_err(|BadTree| "invalid fixed codes")?;
                State::Symbols
            }
            2 => {
                self.dynamic(input)?;
                State::Symbols
            }
            _ => return Err("invalid block type"),
        };
        Ok(())
    }

    /// Reads the code lengths of a block with codes of its own (RFC 1951, 3.2.7).
    fn dynamic(&mut self, input: &mut Input) -> Result<(), &'static str> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let lits = input.take(5) as usize + 257;
        let dists = input.take(5) as usize + 1;
        let precodes = input.take(4) as usize + 4;
        if lits > 286 || dists > 30 {
            return Err("too many length or distance symbols");
        }
        let mut lens = [0; 19];
        for &symbol in &ORDER[..precodes] {
            lens[symbol] = input.take(3) as u8;
        }
        let table = precode(lens).map_err(|BadTree| "invalid code lengths set")?;
        let mut lens = [0_u8; 286 + 30];
        let mut at = 0;
        while at < lits + dists {
            // A code has up to seven bits, and up to seven extra bits follow.
            let bits = input.peek(14);
            let entry = table[(bits & 127) as usize];
            let code = u32::from(entry >> 5);
            let extra = bits >> code;
            let (len, times, extra_bits) = match entry & 31 {
                len @ 0..16 => (len, 1, 0),
                16 if at == 0 => return Err("invalid bit length repeat"),
                16 => (lens[at - 1], 3 + (extra & 3) as usize, 2),
                17 => (0, 3 + (extra & 7) as usize, 3),
                _ => (0, 11 + (extra & 127) as usize, 7),
            };
            input.skip(code + extra_bits);
            if at + times > lits + dists {
                return Err("invalid bit length repeat");
            }
            lens[at..at + times].fill(len);
            at += times;
        }
        if lens[256] == 0 {
            return Err("invalid code: no end of block");
        }
        let how = if input.is_short() { Pack::No } else { Pack::Yes };
        self.tables.build(&lens[..lits], &lens[lits..at], how).map_err(|BadTree| "invalid code lengths")
    }
}
