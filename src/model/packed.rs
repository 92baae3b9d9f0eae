//! Whole numbers in few bytes: seven bits to a byte, the lowest first, the eighth bit says that more follow.

/// Most bytes that a number takes.
pub const LONGEST: usize = 10;

/// Writes a number to the front, which has room for it ([`LONGEST`] is enough for any); how many bytes it took. Up to eight of
/// those behind it change too.
#[inline]
pub fn put(bytes: &mut [u8], number: u64) -> usize {
    if number < 1 << WORD_BITS
        && let Some(word) = bytes.first_chunk_mut::<8>()
    {
        let len = (number | 1).ilog2() / 7 + 1;
        *word = (spread(number) | MORE & ((1 << ((len - 1) * 8)) - 1)).to_le_bytes();
        return len as usize;
    }
    put_slowly(bytes, number)
}

/// Bits of a number that fit into the seven bits of eight bytes.
const WORD_BITS: u32 = 56;
/// The bits of eight bytes that say that more follow.
const MORE: u64 = 0x8080_8080_8080_8080;

/// Seven bits to each byte.
#[inline]
const fn spread(number: u64) -> u64 {
    let number = number & 0x0fff_ffff | (number & 0x00ff_ffff_f000_0000) << 4;
    let number = number & 0x0000_3fff_0000_3fff | (number & 0x0fff_c000_0fff_c000) << 2;
    number & 0x007f_007f_007f_007f | (number & 0x3f80_3f80_3f80_3f80) << 1
}

/// What [`spread`] was given.
#[inline]
const fn gathered(word: u64) -> u64 {
    let word = word & 0x007f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let word = word & 0x0000_3fff_0000_3fff | (word & 0x3fff_0000_3fff_0000) >> 2;
    word & 0x0fff_ffff | (word & 0x0fff_ffff_0000_0000) >> 4
}

fn put_slowly(bytes: &mut [u8], mut number: u64) -> usize {
    let mut len = 0;
    while number >= 0x80 {
        bytes[len] = low_bits(number) | 0x80;
        number >>= 7;
        len += 1;
    }
    bytes[len] = low_bits(number);
    len + 1
}

/// Appends a number.
#[inline]
pub fn push(bytes: &mut Vec<u8>, number: u64) {
    let mut room = [0; LONGEST];
    let end = bytes.len() + put(&mut room, number);
    // As many bytes each time are copied faster than as many as it takes.
    bytes.extend_from_slice(&room);
    bytes.truncate(end);
}

/// Takes the number at the front off; 0 at the end. Bytes that [`put`] did not write give some number, never a panic.
#[inline]
pub fn take(bytes: &mut &[u8]) -> u64 {
    if let Some(word) = bytes.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let ends = !word & MORE;
        if ends != 0 {
            // The lowest of them is the top bit of the last byte.
            let last = ends & ends.wrapping_neg();
            *bytes = &bytes[(last.trailing_zeros() / 8 + 1) as usize..];
            return gathered(word & (last - 1) & !MORE);
        }
    }
    take_slowly(bytes)
}

fn take_slowly(bytes: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    while let Some((&byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    number
}

/// The way from one number to another as a number that is small for short ways, up or down.
#[inline]
#[must_use]
pub fn step(from: u32, to: u32) -> u64 {
    let way = i64::from(to) - i64::from(from);
    (way.unsigned_abs() << 1) - u64::from(way < 0)
}

/// Where a [`step`] leads.
#[inline]
#[must_use]
pub fn stepped(from: u32, step: u64) -> u32 {
    let way = step.div_ceil(2);
    let to = if step & 1 == 0 { u64::from(from).wrapping_add(way) } else { u64::from(from).wrapping_sub(way) };
    #[expect(clippy::cast_possible_truncation, reason = "a step leads from one 32-bit number to another")]
    let to = to as u32;
    to
}

#[inline]
const fn low_bits(number: u64) -> u8 {
    (number & 0x7f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let edges = (0..64).flat_map(|bit| [1u64 << bit, (1 << bit) - 1, u64::MAX - (1 << bit)]);
        let numbers: Vec<u64> = edges.chain([u64::MAX]).collect();
        let mut bytes = Vec::new();
        for &number in &numbers {
            let before = bytes.len();
            push(&mut bytes, number);
            assert!(bytes.len() - before <= LONGEST, "{number}");
        }
        let mut rest = &bytes[..];
        for &number in &numbers {
            assert_eq!(take(&mut rest), number);
        }
        let mut slow = &bytes[..];
        for &number in &numbers {
            assert_eq!(take_slowly(&mut slow), number);
            let (mut quick, mut slowly) = ([0; LONGEST], [0; LONGEST]);
            let len = put(&mut quick, number);
            assert_eq!((len, &quick[..len]), (put_slowly(&mut slowly, number), &slowly[..len]), "{number}");
        }
        assert_eq!((rest.len(), take(&mut rest)), (0, 0));
    }

    #[test]
    fn steps_come_back_and_short_ones_are_small() {
        let ends = [0, 1, 2, 63, 64, 498_000, u32::MAX / 2, u32::MAX - 1, u32::MAX];
        for from in ends {
            for to in ends {
                assert_eq!(stepped(from, step(from, to)), to, "{from} to {to}");
            }
        }
        assert_eq!([step(5, 5), step(5, 4), step(5, 6), step(5, 3)], [0, 1, 2, 3]);
    }

    #[test]
    fn what_nobody_wrote_is_some_number() {
        let mut rest = &[0xff; 40][..];
        take(&mut rest);
        assert!(rest.is_empty());
    }
}
