//! Huffman tables of one block, several symbols to an entry (RFC 1951, 3.2.2).

/// Bits that index the first level of the literal and length table.
pub(super) const LIT_BITS: u32 = 11;
/// Bits that index the first level of the distance table.
pub(super) const DIST_BITS: u32 = 9;
/// The longest code that DEFLATE knows.
const MAX_CODE: usize = 15;

/// A second level hangs below at least two codes and has at most 2^(15 - `LIT_BITS`) entries: 2048 + 144 * 16 is enough.
pub(super) const LIT_SIZE: usize = 8192;
/// Likewise 512 + 16 * 64.
pub(super) const DIST_SIZE: usize = 2048;

/// An entry of the literal and length table:
///
/// | bits | meaning |
/// |---|---|
/// | 0..8 | bits of the stream that it takes, extra bits of a length included |
/// | 8..16 | where the extra bits start; where there is no length, of no use after `pack` |
/// | 16..24 | mask of the extra bits |
/// | 24..26 | how many literals, 0 to 3 |
/// | 29 | a length follows the literals |
/// | 30 | literals only |
/// | 32..56 | the literals, first one lowest |
/// | 48..57 | the length without its extra bits; there are at most two literals before it |
///
/// Neither bit 29 nor 30: bits 16..24 say what else it is, `END`, `SUBTABLE` or `INVALID`. `SUBTABLE` has the index of the second
/// level in bits 32..48 and the bits that index it in 8..16.
pub(super) type LitEntry = u64;
pub(super) const LENGTH: u64 = 1 << 29;
pub(super) const LITERALS: u64 = 1 << 30;
pub(super) const END: u64 = 1;
pub(super) const SUBTABLE: u64 = 2;
const INVALID: u64 = 3;
const INVALID_LIT: LitEntry = INVALID << 16;

/// An entry of the distance table: 0..5 all bits that it takes, 8..12 those of the code, 16..31 the distance without its extra bits;
/// 31 set: no distance, but index (16..31) and index bits (8..12) of a second level, or with both zero an invalid code.
pub(super) type DistEntry = u32;
pub(super) const NO_DISTANCE: u32 = 1 << 31;

const LENGTH_BASE: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// The tables that decode one block.
pub(super) struct Tables {
    pub(super) lit: Box<[LitEntry; LIT_SIZE]>,
    pub(super) dist: Box<[DistEntry; DIST_SIZE]>,
    /// They are those of a block with fixed codes.
    fixed: bool,
}

/// Code lengths that no Huffman tree has.
pub(super) struct BadTree;

/// Whether to put several symbols into an entry: it decodes faster, and takes longer to make than a few kilobytes to decode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pack {
    Yes,
    No,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self { lit: heap(vec![0; LIT_SIZE]), dist: heap(vec![0; DIST_SIZE]), fixed: false }
    }

    /// The tables of a block with fixed codes (RFC 1951, 3.2.6).
    pub(super) fn fix(&mut self) -> Result<(), BadTree> {
        if self.fixed {
            return Ok(());
        }
        let mut lens = [8_u8; 288];
        lens[144..256].fill(9);
        lens[256..280].fill(7);
        self.build(&lens, &[5; 32], Pack::Yes)?;
        self.fixed = true;
        Ok(())
    }

    /// The tables for code lengths, 0 for a symbol that does not occur.
    pub(super) fn build(&mut self, lit: &[u8], dist: &[u8], pack: Pack) -> Result<(), BadTree> {
        self.fixed = false;
        fill(&mut *self.lit, LIT_BITS, lit, INVALID_LIT, lit_entry, |offset, bits| {
            u64::from(LIT_BITS) | (u64::from(bits) << 8) | (SUBTABLE << 16) | ((offset as u64) << 32)
        })?;
        fill(&mut *self.dist, DIST_BITS, dist, NO_DISTANCE, dist_entry, |offset, bits| {
            DIST_BITS | (bits << 8) | ((offset as u32) << 16) | NO_DISTANCE
        })?;
        if pack == Pack::Yes {
            self.pack();
        }
        Ok(())
    }

    /// Puts further symbols into entries of literals, as far as the index tells them. Downwards, so that what follows a literal, which is
    /// never at a higher index, is still alone in its entry.
    fn pack(&mut self) {
        for index in (0..1_usize << LIT_BITS).rev() {
            let mut entry = self.lit[index];
            for _ in 0..2 {
                let taken = entry & 0xff;
                let next = self.lit[index >> taken];
                if entry & LITERALS == 0 || taken + ((next >> 8) & 0xff) > u64::from(LIT_BITS) {
                    break;
                }
                let literals = (entry >> 24) & 3;
                if next & LITERALS != 0 {
                    let symbol = ((next >> 32) & 0xff) << (32 + 8 * literals);
                    entry = (entry + (next & 0xff) + (1 << 24)) | symbol;
                } else if next & LENGTH != 0 {
                    let symbols = (literals << 24) + (entry & (0xffff << 32));
                    entry = next + taken * 0x101 + symbols;
                } else {
                    break;
                }
            }
            self.lit[index] = entry;
        }
    }
}

/// Arrays of this size have no place on the stack.
#[expect(clippy::unnecessary_box_returns, reason = "the box is what keeps it off the stack")]
fn heap<T, const N: usize>(values: Vec<T>) -> Box<[T; N]> {
    values.into_boxed_slice().try_into().ok().expect("as long as its type says")
}

/// A literal or length symbol alone, its code `bits` long.
fn lit_entry(symbol: usize, bits: u32) -> LitEntry {
    let bits = u64::from(bits);
    match symbol {
        0..256 => bits | (bits << 8) | (1 << 24) | LITERALS | ((symbol as u64) << 32),
        256 => bits | (END << 16),
        257..286 => {
            let extra = u64::from(LENGTH_EXTRA[symbol - 257]);
            (bits + extra)
                | (bits << 8)
                | (((1 << extra) - 1) << 16)
                | LENGTH
                | (u64::from(LENGTH_BASE[symbol - 257]) << 48)
        }
        _ => INVALID_LIT,
    }
}

/// A distance symbol.
fn dist_entry(symbol: usize, bits: u32) -> DistEntry {
    let symbol = symbol as u32;
    match symbol {
        0..4 => bits | (bits << 8) | ((symbol + 1) << 16),
        4..30 => {
            let extra = symbol / 2 - 1;
            (bits + extra) | (bits << 8) | ((((2 + (symbol & 1)) << extra) + 1) << 16)
        }
        _ => NO_DISTANCE,
    }
}

/// Fills a table of two levels from code lengths; refuses what zlib refuses: more codes than there is space for, and fewer unless it
/// is none or a single code of one bit.
fn fill<T: Copy>(
    table: &mut [T],
    root: u32,
    lens: &[u8],
    invalid: T,
    entry: impl Fn(usize, u32) -> T,
    pointer: impl Fn(usize, u32) -> T,
) -> Result<(), BadTree> {
    let mut counts = [0_usize; MAX_CODE + 1];
    for &len in lens {
        counts[usize::from(len & 15)] += 1;
    }
    let longest = counts.iter().skip(1).rposition(|&count| count > 0).map_or(0, |at| at + 1);
    let mut space = 1_usize;
    let mut first = [0_usize; MAX_CODE + 2];
    for len in 1..=MAX_CODE {
        space = (space << 1).checked_sub(counts[len]).ok_or(BadTree)?;
        first[len + 1] = first[len] + counts[len];
    }
    if space > 0 && longest > 1 {
        return Err(BadTree);
    }
    let mut sorted = [0_u16; 288];
    let mut next = first;
    for (symbol, &len) in lens.iter().enumerate() {
        if len > 0 {
            sorted[next[usize::from(len)]] = symbol as u16;
            next[usize::from(len)] += 1;
        }
    }
    table[0] = invalid;
    let mut code = 0_u32;
    for len in 1..=root {
        // A code as long as the index so far; what it does not reach keeps the entry of the shorter code in front of it.
        let size = 1_usize << (len - 1);
        table.copy_within(..size, size);
        code <<= 1;
        for &symbol in &sorted[first[len as usize]..first[len as usize + 1]] {
            table[(code.reverse_bits() >> (32 - len)) as usize] = entry(usize::from(symbol), len);
            code += 1;
        }
    }
    let mut end = 1_usize << root;
    let mut below = None;
    let mut at = 0;
    let sub_bits = (longest as u32).saturating_sub(root);
    for len in root + 1..=longest as u32 {
        code <<= 1;
        for &symbol in &sorted[first[len as usize]..first[len as usize + 1]] {
            let reversed = code.reverse_bits() >> (32 - len);
            let prefix = (reversed & ((1 << root) - 1)) as usize;
            if below != Some(prefix) {
                below = Some(prefix);
                at = end;
                end += 1 << sub_bits;
                table[prefix] = pointer(at, sub_bits);
            }
            let entry = entry(usize::from(symbol), len - root);
            let mut index = (reversed >> root) as usize;
            while index < 1 << sub_bits {
                table[at + index] = entry;
                index += 1 << (len - root);
            }
            code += 1;
        }
    }
    Ok(())
}

/// The table of the code that code lengths are written in: symbol in the low five bits, then the bits of its code; `None` where zlib
/// finds no tree.
pub(super) fn precode(lens: [u8; 19]) -> Result<[u8; 128], BadTree> {
    let mut table = [0; 128];
    fill(&mut table, 7, &lens, 0, |symbol, bits| symbol as u8 | ((bits as u8) << 5), |_, _| 0)?;
    // zlib takes a lone code of one bit for data, but not here.
    if table.contains(&0) { Err(BadTree) } else { Ok(table) }
}
