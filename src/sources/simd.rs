//! Bytes compared 64 at a time. The only place where the processor's own vector instructions are called, which Rust has behind
//! `unsafe`; what they do is also written without them, for other processors and for the feature `portable`, and held equal.
//! The instructions that not every x86-64 processor has are looked for at run time.

/// Bytes that are compared at once.
pub(super) const BLOCK: usize = 64;

/// One bit for every byte of the block that is `byte`, the first byte's lowest.
#[inline]
pub(super) fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    {
        #[cfg(any(test, feature = "laws"))]
        if OFF.get() {
            return portable(block, byte);
        }
        // SAFETY: every processor of the x86-64 architecture has SSE2 (AMD64 Architecture Programmer's Manual, volume 1, 1.1),
        // and the function touches nothing but its arguments.
        #[expect(unsafe_code, reason = "no check at run time is needed, and the call has to be inlined")]
        unsafe {
            sse2(block, byte)
        }
    }
    #[cfg(any(not(target_arch = "x86_64"), feature = "portable"))]
    {
        portable(block, byte)
    }
}

/// What looks at a text block by block. Its function has to be inlined, to be compiled for newer processors too.
pub(super) trait Look {
    /// One bit for every byte of the block that is one or the other of two bytes, and those of the other alone. `put` writes the places
    /// of the bits of a word, each with a number added, and behind them anything.
    fn block(&mut self, either: u64, other: u64, put: impl Fn(u64, u32, &mut [u32; BLOCK]));
}

/// Bits that a block is thought to have at most: as many are written without asking, for a wrong guess about their number costs more.
const USUAL: usize = 16;

/// Writes the places of the bits that are set, `base` added.
#[inline]
fn put(mut bits: u64, base: u32, out: &mut [u32; BLOCK]) {
    let mut left = bits.count_ones() as usize;
    for slots in out.chunks_exact_mut(USUAL) {
        for slot in slots {
            *slot = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        left = left.saturating_sub(USUAL);
        if left == 0 {
            break;
        }
    }
}

/// Shows every block of `text`. What is missing of the last one is neither byte.
#[inline]
pub(super) fn blocks(text: &[u8], bytes: (u8, u8), look: &mut impl Look) {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    if is_new() {
        // SAFETY: `is_new` and `is_newest` have found every instruction that the functions are compiled for, and they touch nothing
        // but their arguments.
        #[expect(unsafe_code, reason = "checked at run time")]
        unsafe {
            return if is_newest() { avx512_blocks(text, bytes, look) } else { avx2_blocks(text, bytes, look) };
        }
    }
    let (one, other) = bytes;
    let mut rest = text;
    while let Some(block) = next_block(&mut rest) {
        let others = equal(&block, other);
        look.block(equal(&block, one) | others, others, put);
    }
}

/// Takes a block off; behind the end are zeros.
#[inline]
fn next_block(rest: &mut &[u8]) -> Option<[u8; BLOCK]> {
    if let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
        *rest = behind;
        return Some(*block);
    }
    (!rest.is_empty()).then(|| padded(std::mem::take(rest)))
}

/// Whether this processor has AVX2 and the instructions that came with it: x86-64-v3, since 2013.
#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
#[inline]
fn is_new() -> bool {
    #[cfg(any(test, feature = "laws"))]
    if OFF.get() {
        return false;
    }
    let bits = is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2");
    bits && is_x86_feature_detected!("popcnt") && is_x86_feature_detected!("lzcnt") && is_x86_feature_detected!("avx2")
}

/// Whether this processor has AVX-512 with the compression of bytes: since 2019, or 2022.
#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
#[inline]
fn is_newest() -> bool {
    #[cfg(test)]
    if MIDDLING.get() {
        return false;
    }
    let bytes = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi2");
    bytes && is_x86_feature_detected!("avx512f") && is_new()
}

#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx512_blocks(text: &[u8], (one, other): (u8, u8), look: &mut impl Look) {
    use std::arch::x86_64::{
        _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask, _mm512_cvtepu8_epi32,
        _mm512_extracti32x4_epi32, _mm512_maskz_compress_epi8, _mm512_set_epi64, _mm512_set1_epi8, _mm512_set1_epi32,
    };
    const PLACES: [u8; BLOCK] = {
        let (mut places, mut at) = ([0; BLOCK], 0);
        while at < BLOCK {
            #[expect(clippy::cast_possible_truncation, reason = "below 64")]
            let place = at as u8;
            places[at] = place;
            at += 1;
        }
        places
    };
    let load = |block: &[u8; BLOCK]| {
        let (words, _) = block.as_chunks::<8>();
        // One load: the compiler sees that the words lie side by side.
        let word = |at: usize| i64::from_le_bytes(words[at]);
        _mm512_set_epi64(word(7), word(6), word(5), word(4), word(3), word(2), word(1), word(0))
    };
    let (ones, others) = (_mm512_set1_epi8(one.cast_signed()), _mm512_set1_epi8(other.cast_signed()));
    let places = load(&PLACES);
    let put = |bits: u64, base: u32, out: &mut [u32; BLOCK]| {
        let found = _mm512_maskz_compress_epi8(bits, places);
        let base = _mm512_set1_epi32(base.cast_signed());
        let quarters = [
            _mm512_castsi512_si128(found),
            _mm512_extracti32x4_epi32::<1>(found),
            _mm512_extracti32x4_epi32::<2>(found),
            _mm512_extracti32x4_epi32::<3>(found),
        ];
        let mut left = bits.count_ones() as usize;
        for (slots, quarter) in out.as_chunks_mut::<16>().0.iter_mut().zip(quarters) {
            *slots = lanes(_mm512_add_epi32(_mm512_cvtepu8_epi32(quarter), base));
            left = left.saturating_sub(16);
            if left == 0 {
                break;
            }
        }
    };
    let mut rest = text;
    while let Some(block) = next_block(&mut rest) {
        let bytes = load(&block);
        let is_other = _mm512_cmpeq_epi8_mask(bytes, others);
        look.block(_mm512_cmpeq_epi8_mask(bytes, ones) | is_other, is_other, put);
    }
}

#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
#[inline]
fn lanes(of: std::arch::x86_64::__m512i) -> [u32; 16] {
    // SAFETY: both are 64 bytes of which every value is allowed.
    #[expect(unsafe_code, reason = "no other way leads out of a vector")]
    unsafe {
        std::mem::transmute(of)
    }
}

#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx2_blocks(text: &[u8], (one, other): (u8, u8), look: &mut impl Look) {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi8,
    };
    let (ones, others) = (_mm256_set1_epi8(one.cast_signed()), _mm256_set1_epi8(other.cast_signed()));
    let mut rest = text;
    while let Some(block) = next_block(&mut rest) {
        let (words, _) = block.as_chunks::<8>();
        // One load for each half: the compiler sees that the words lie side by side.
        let word = |at: usize| i64::from_le_bytes(words[at]);
        let low = _mm256_set_epi64x(word(3), word(2), word(1), word(0));
        let high = _mm256_set_epi64x(word(7), word(6), word(5), word(4));
        let (other_low, other_high) = (_mm256_cmpeq_epi8(low, others), _mm256_cmpeq_epi8(high, others));
        let either_low = _mm256_or_si256(_mm256_cmpeq_epi8(low, ones), other_low);
        let either_high = _mm256_or_si256(_mm256_cmpeq_epi8(high, ones), other_high);
        let mask = |low: __m256i, high: __m256i| {
            let [low, high] = [low, high].map(|half| u64::from(_mm256_movemask_epi8(half).cast_unsigned()));
            high << 32 | low
        };
        look.block(mask(either_low, either_high), mask(other_low, other_high), put);
    }
}

/// A last block, with zeros behind.
#[cold]
fn padded(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
#[inline]
#[target_feature(enable = "sse2")]
fn sse2(block: &[u8; BLOCK], byte: u8) -> u64 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().rev().fold(0, |mask, lane| {
        let (words, _) = lane.as_chunks::<8>();
        // One load: the compiler sees that the two words lie side by side.
        let bytes = _mm_set_epi64x(i64::from_le_bytes(words[1]), i64::from_le_bytes(words[0]));
        let found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed())));
        mask << 16 | u64::from(found.cast_unsigned())
    })
}

/// The same in whole words of eight bytes, on any processor.
#[cfg_attr(
    all(target_arch = "x86_64", not(any(feature = "portable", feature = "laws", test))),
    expect(dead_code, reason = "for others")
)]
#[inline]
fn portable(block: &[u8; BLOCK], byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let wanted = u64::from_le_bytes([byte; 8]);
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |mask, &word| {
        let differs = u64::from_le_bytes(word) ^ wanted;
        // The high bit of each byte that is the same, then the eight of them gathered by a multiplication.
        let found = !(((differs & LOW) + LOW) | differs | LOW) >> 7;
        mask << 8 | found.wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

#[cfg(any(test, feature = "laws"))]
thread_local! {
    /// Whether this thread does without vector instructions.
    static OFF: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

#[cfg(test)]
thread_local! {
    /// Whether this thread does without the newest vector instructions.
    static MIDDLING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What `work` gives without vector instructions.
#[cfg(any(test, feature = "laws"))]
pub(super) fn portably<T>(work: impl FnOnce() -> T) -> T {
    let before = OFF.replace(true);
    let done = work();
    OFF.set(before);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Found(Vec<(u64, u64, Vec<u32>)>);

    impl Look for Found {
        fn block(&mut self, either: u64, other: u64, put: impl Fn(u64, u32, &mut [u32; BLOCK])) {
            let mut places = [0; BLOCK];
            put(either, 7, &mut places);
            self.0.push((either, other, places[..either.count_ones() as usize].to_vec()));
        }
    }

    /// What `work` gives as processors between the oldest and the newest do it.
    fn middling<T>(work: impl FnOnce() -> T) -> T {
        MIDDLING.set(true);
        let done = work();
        MIDDLING.set(false);
        done
    }

    proptest! {
        #[test]
        fn bytes_are_found_whatever_stands_beside_them(block: [u8; 32], placed: u64, byte: u8) {
            let mut bytes = [0u8; BLOCK];
            for (i, place) in bytes.iter_mut().enumerate() {
                *place = if placed >> i & 1 == 1 { byte } else { block[i % 32] };
            }
            let expect = (0..BLOCK).filter(|&i| bytes[i] == byte).fold(0u64, |mask, i| mask | 1 << i);
            prop_assert_eq!(equal(&bytes, byte), expect);
            prop_assert_eq!(portable(&bytes, byte), expect);
        }

        #[test]
        fn blocks_are_looked_at_whole(text in prop::collection::vec(prop_oneof![Just(b' '), Just(b'\n'), any::<u8>()], 0..300)) {
            let look = || {
                let mut found = Found(Vec::new());
                blocks(&text, (b' ', b'\n'), &mut found);
                found.0
            };
            let bits = |block: &[u8], wanted: &[u8]| {
                block.iter().zip(0..).filter(|(byte, _)| wanted.contains(byte)).fold(0u64, |mask, (_, at)| mask | 1 << at)
            };
            let places = |block: &[u8]| {
                block.iter().zip(7..).filter(|(byte, _)| b" \n".contains(byte)).map(|(_, at)| at).collect::<Vec<u32>>()
            };
            let expect: Vec<(u64, u64, Vec<u32>)> = text
                .chunks(BLOCK)
                .map(|block| (bits(block, b" \n"), bits(block, b"\n"), places(block)))
                .collect();
            prop_assert_eq!(&look(), &expect);
            prop_assert_eq!(&middling(look), &expect);
            prop_assert_eq!(&portably(look), &expect);
        }
    }
}
