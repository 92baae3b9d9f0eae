//! Decimal digits eight at a time: whole words, and no branch that depends on how long a number is. Lengths differ from record to record,
//! and what the processor guesses wrong costs more than all the rest.

#![expect(clippy::cast_possible_truncation, reason = "what matters of a word is in the half or the byte that is kept")]

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;
const LOW: u64 = !HIGH;
const ZEROS: u64 = b'0' as u64 * EACH;
/// Of a number of bits the part that is whole bytes.
const WHOLE: u32 = 0x38;
/// The lowest byte of each half.
const LANES: u64 = 0xff_0000_00ff;

/// Reads 1 to 16 digits; `None` for anything else.
#[inline]
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    match text.len() {
        1..=8 => eight(right_aligned(text), text.len()),
        9..=16 => {
            let (front, back) = text.split_at(text.len() - 8);
            let back = back.first_chunk().map(|back| u64::from_le_bytes(*back))?;
            // Below 10^16.
            Some(eight(right_aligned(front), front.len())?.wrapping_mul(100_000_000).wrapping_add(eight(back, 8)?))
        }
        _ => None,
    }
}

/// Reads the last 1 to 16 of these bytes, `len` of them, whatever stands before them: as [`number`], and no branch depends on the length
/// of a short number.
#[inline]
#[must_use]
pub fn last(bytes: &[u8; 16], len: usize) -> Option<u64> {
    let (words, _) = bytes.as_chunks::<8>();
    let [front, back] = [0, 1].map(|at| words.get(at).map_or(0, |word| u64::from_le_bytes(*word)));
    match len {
        1..=8 => eight(back, len),
        9..=16 => Some(eight(front, len - 8)?.wrapping_mul(100_000_000).wrapping_add(eight(back, 8)?)),
        _ => None,
    }
}

/// The number whose 1 to 8 digits are the highest bytes of a word.
#[inline]
fn eight(word: u64, len: usize) -> Option<u64> {
    let digits = (word ^ ZEROS) & u64::MAX << (64 - 8 * len as u32);
    if non_digits(digits) != 0 {
        return None;
    }
    // Two, then four, then eight digits in a lane.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let even = (pairs & LANES).wrapping_mul(100 + (1_000_000 << 32));
    let odd = (pairs >> 16 & LANES).wrapping_mul(1 + (10_000 << 32));
    Some(even.wrapping_add(odd) >> 32)
}

/// Up to eight bytes as the highest of a word, with anything below them.
#[inline]
fn right_aligned(text: &[u8]) -> u64 {
    let pad = 64 - 8 * text.len() as u32;
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(last) << 32 | u64::from(first) << pad;
    }
    match *text {
        [a] => u64::from(a) << 56,
        [a, b] => u64::from(a) << 48 | u64::from(b) << 56,
        [a, b, c] => u64::from(a) << 40 | u64::from(b) << 48 | u64::from(c) << 56,
        _ => 0,
    }
}

/// Reads `a.b.c.d`, four numbers below 256 of one to three digits; `None` for anything else.
#[inline]
#[must_use]
pub fn dotted(text: &[u8]) -> Option<u32> {
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    // The first two numbers lie in the first eight bytes with their dots, the last two in the last eight.
    let (first, last) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) if len < 16 => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ if len == 7 => {
            let seven = text.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            (seven, seven << 8)
        }
        _ => return None,
    };
    let (dots, last_dots) = (equal(first, b'.'), equal(last, b'.'));
    let (first, last) = (first ^ ZEROS, last ^ ZEROS);
    // How many bits each number takes: 8, 16 or 24, unless a dot is not where it has to be.
    let a = dots.trailing_zeros() & WHOLE;
    let b = (dots >> a >> 8).trailing_zeros() & WHOLE;
    let d = last_dots.leading_zeros() & WHOLE;
    let c = (last_dots << d << 8).leading_zeros() & WHOLE;
    let front = pair(front(first, a), front(first >> a >> 8, b));
    let back = pair(back(last << d << 8, c), back(last, d));
    let (ab, cd) = (values(front), values(back));
    // One branch for everything that may be wrong.
    let whole = a.wrapping_add(b).wrapping_add(c).wrapping_add(d) == len.wrapping_sub(3).wrapping_mul(8);
    let long = [a, b, c, d].iter().fold(u64::from(!whole), |long, bits| long | u64::from(bits.wrapping_sub(8) > 16));
    let wrong = long | non_digits(front) | non_digits(back) | (ab | cd) & !LANES;
    (wrong == 0).then_some(joined(ab) << 16 | joined(cd))
}

/// The lowest bits of a word as the highest of a half.
#[inline]
const fn front(word: u64, bits: u32) -> u32 {
    (word as u32).wrapping_shl(32_u32.wrapping_sub(bits))
}

/// The highest bits of a word, the rest of its upper half cleared.
#[inline]
const fn back(word: u64, bits: u32) -> u32 {
    let rest = 32_u32.wrapping_sub(bits);
    ((word >> 32) as u32).wrapping_shr(rest).wrapping_shl(rest)
}

#[inline]
const fn pair(one: u32, two: u32) -> u64 {
    (one as u64) << 32 | two as u64
}

/// The numbers whose up to three digits are in the upper bytes of each half.
#[inline]
const fn values(pair: u64) -> u64 {
    let (hundreds, tens, ones) = (pair >> 8 & LANES, pair >> 16 & LANES, pair >> 24 & LANES);
    ones.wrapping_add(tens.wrapping_mul(10)).wrapping_add(hundreds.wrapping_mul(100))
}

#[inline]
const fn joined(pair: u64) -> u32 {
    (pair >> 24 | pair & 0xff) as u32
}

/// The high bit of each byte that is `byte`.
#[inline]
const fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ (byte as u64 * EACH);
    !((differs & LOW).wrapping_add(LOW) | differs | LOW)
}

/// The high bit of each byte that is above 9.
#[inline]
const fn non_digits(word: u64) -> u64 {
    ((word & LOW).wrapping_add(0x76 * EACH) | word) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn plain_number(text: &[u8]) -> Option<u64> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        text.parse().ok().filter(|_| text.len() <= 16)
    }

    /// Leading zeros are taken, as they always were.
    fn plain_dotted(text: &[u8]) -> Option<u32> {
        let numbers: Vec<Option<u8>> = std::str::from_utf8(text)
            .ok()?
            .split('.')
            .map(|part| plain_number(part.as_bytes()).filter(|_| part.len() <= 3)?.try_into().ok())
            .collect();
        let &[Some(a), Some(b), Some(c), Some(d)] = &numbers[..] else { return None };
        Some(Ipv4Addr::new(a, b, c, d).to_bits())
    }

    fn check(text: &[u8]) {
        assert_eq!(number(text), plain_number(text), "{}", String::from_utf8_lossy(text));
        let before = [b"0123456789-.x 7 ", text].concat();
        let sixteen = before.last_chunk().expect("more than sixteen bytes");
        assert_eq!(last(sixteen, text.len()), plain_number(text), "{}", String::from_utf8_lossy(text));
        assert_eq!(dotted(text), plain_dotted(text), "{}", String::from_utf8_lossy(text));
    }

    #[test]
    fn every_length_and_every_strange_byte() {
        for len in 0..40 {
            let nines = vec![b'9'; len];
            check(&nines);
            for at in 0..len {
                for byte in 0..=255 {
                    let mut text = nines.clone();
                    text[at] = byte;
                    check(&text);
                }
            }
        }
    }

    #[test]
    fn every_form_of_an_address() {
        let forms = ["", "0", "7", "07", "10", "99", "007", "255", "256", "300", "999", "0010", "1x", "-1"];
        for a in forms {
            for b in forms {
                for c in forms {
                    for d in forms {
                        check(format!("{a}.{b}.{c}.{d}").as_bytes());
                    }
                    check(format!("{a}.{b}.{c}").as_bytes());
                }
            }
        }
        check(b"1.2.3.4.");
        check(b".1.2.3.4");
        check(b"1.2.3.4.5");
    }

    proptest! {
        #[test]
        fn whatever_comes(bytes in prop::collection::vec(any::<u8>(), 0..20), digits in "[0-9.]{1,17}", address: [u8; 4]) {
            check(&bytes);
            check(digits.as_bytes());
            let text = Ipv4Addr::from(address).to_string();
            prop_assert_eq!(dotted(text.as_bytes()), Some(u32::from_be_bytes(address)));
        }
    }
}
