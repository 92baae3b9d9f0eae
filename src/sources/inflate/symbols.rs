//! The loop that all the time goes into.

use super::input::{Input, word};
use super::output::{LIMIT, Output, repeat};
use super::tables::{DIST_BITS, END, LENGTH, LIT_BITS, LITERALS, LitEntry, NO_DISTANCE, SUBTABLE, Tables};

/// Decodes symbols of a block as far as the input surely reaches and there is room; whether the block ended.
///
/// A step takes at most 48 of at least 56 bits in the bit buffer: 20 for a length (11 index the table, 4 its second level, 5 are extra)
/// and 28 for a distance. What is taken from the bit buffer before the next lookup hangs on one table entry alone, because that is the
/// chain that sets the pace; lengths, distances and copies are worked out beside it.
pub(super) fn symbols(tables: &Tables, input: &mut Input, output: &mut Output) -> Result<bool, &'static str> {
    let limit = input.limit();
    let (lit, dist) = (&*tables.lit, &*tables.dist);
    let source = &*input.bytes;
    let out = &mut *output.bytes;
    let (mut bits, mut count, mut at, mut to) = (input.bits, input.count, input.at, output.at);
    let mut ended = Ok(false);
    while at <= limit && to < LIMIT {
        bits |= word(source, at) << count;
        at += ((63 - count) >> 3) as usize;
        count |= 0x38;

        let mut entry = lit[(bits & ((1 << LIT_BITS) - 1)) as usize];
        let mut before = bits;
        bits >>= entry & 63;
        count = count.wrapping_sub((entry & 63) as u32);
        put(out, to, entry);
        to += ((entry >> 24) & 3) as usize;
        if entry & LITERALS != 0 {
            entry = lit[(bits & ((1 << LIT_BITS) - 1)) as usize];
            if entry & LITERALS != 0 {
                bits >>= entry & 63;
                count = count.wrapping_sub((entry & 63) as u32);
                put(out, to, entry);
                to += ((entry >> 24) & 3) as usize;
            }
            continue;
        }
        if entry & LENGTH == 0 {
            if (entry >> 16) & 0xff == SUBTABLE {
                let index = (entry >> 32) + (bits & ((1 << ((entry >> 8) & 15)) - 1));
                entry = lit[index as usize % lit.len()];
                before = bits;
                bits >>= entry & 63;
                count = count.wrapping_sub((entry & 63) as u32);
                if entry & LITERALS != 0 {
                    put(out, to, entry);
                    to += 1;
                    continue;
                }
            }
            if entry & LENGTH == 0 {
                ended = if (entry >> 16) & 0xff == END { Ok(true) } else { Err("invalid literal or length code") };
                break;
            }
        }
        let length = ((entry >> 48) + ((before >> ((entry >> 8) & 63)) & ((entry >> 16) & 31))) as usize;

        let mut entry = dist[(bits & ((1 << DIST_BITS) - 1)) as usize];
        if entry & NO_DISTANCE != 0 {
            // An invalid code has no index bits, and leads to itself or to the entry of another code: it is told by its own look.
            let valid = entry != NO_DISTANCE;
            bits >>= DIST_BITS;
            count = count.wrapping_sub(DIST_BITS);
            let index = ((entry >> 16) & 0x7fff) + (bits as u32 & ((1 << ((entry >> 8) & 15)) - 1));
            entry = dist[index as usize % dist.len()];
            if !valid || entry & NO_DISTANCE != 0 {
                ended = Err("invalid distance code");
                break;
            }
        }
        let extra = (bits & ((1 << (entry & 31)) - 1)) >> ((entry >> 8) & 15);
        bits >>= entry & 31;
        count = count.wrapping_sub(entry & 31);
        let distance = (entry >> 16) as usize + extra as usize;
        if distance > to {
            ended = Err("invalid distance, too far back");
            break;
        }
        repeat(out, to, distance, length);
        to += length;
    }
    (input.bits, input.count, input.at, output.at) = (bits, count, at, to);
    ended
}

/// Writes the literals of an entry, and what is behind them, to be overwritten.
#[inline]
fn put<const N: usize>(out: &mut [u8; N], to: usize, entry: LitEntry) {
    out[to..to + 4].copy_from_slice(&((entry >> 32) as u32).to_le_bytes());
}
