//! Bytes compared 64 at a time. The only place where the processor's own vector instructions are called, which Rust has behind
//! `unsafe`; what they do is also written without them, for other processors and for the feature `portable`, and held equal.

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
    }
}
