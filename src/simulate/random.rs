//! The simulator's own random numbers: integers only, the same on every machine for the same seed.

/// A xoshiro256** generator (Blackman and Vigna), seeded by splitmix64.
#[derive(Clone, Debug)]
pub(super) struct Rng([u64; 4]);

/// One step of splitmix64: a good mixer of small numbers.
pub(super) const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// An own sequence per purpose, so that a change in one part of the account leaves the others as they were.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let a = mix(seed ^ mix(purpose));
        let b = mix(a);
        let c = mix(b);
        Self([a, b, c, mix(c)])
    }

    pub(super) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `0..n`; 0 where `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in `low..high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// A position in a list of `len` entries.
    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(0))).unwrap_or(0)
    }

    /// A port in `low..high`.
    pub(super) fn port(&mut self, low: u16, high: u16) -> u16 {
        u16::try_from(self.between(u64::from(low), u64::from(high))).unwrap_or(low)
    }

    /// True once in `n` draws.
    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// An AWS resource id: the prefix, `0` and 16 hex digits.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}0{:016x}", self.next())
    }
}

/// A choice by integer weights.
#[derive(Clone, Debug, Default)]
pub(super) struct Weights(Vec<u64>);

impl Weights {
    pub(super) fn new(weights: impl Iterator<Item = u64>) -> Self {
        Self(
            weights
                .scan(0, |sum, w| {
                    *sum += w;
                    Some(*sum)
                })
                .collect(),
        )
    }

    /// Zipf with exponent 1: the k-th entry weighs 1/k.
    pub(super) fn zipf(len: usize) -> Self {
        Self::new((1..=u64::try_from(len).unwrap_or(0)).map(|rank| 1_000_000 / rank))
    }

    pub(super) fn total(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The sum of the weights before an entry.
    pub(super) fn before(&self, entry: usize) -> u64 {
        if entry == 0 { 0 } else { self.0[entry - 1] }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn pick(&self, rng: &mut Rng) -> usize {
        let point = rng.below(self.total());
        self.0.partition_point(|&sum| sum <= point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_depends_on_seed_and_purpose_only() {
        let draw = |seed, purpose| {
            let mut rng = Rng::new(seed, purpose);
            [rng.next(), rng.next(), rng.next()]
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn weights_are_kept() {
        let weights = Weights::new([0, 3, 0, 1].into_iter());
        let mut rng = Rng::new(7, 7);
        let mut seen = [0u32; 4];
        for _ in 0..4_000 {
            seen[weights.pick(&mut rng)] += 1;
        }
        assert_eq!((seen[0], seen[2]), (0, 0));
        assert!((2_800..3_200).contains(&seen[1]), "{seen:?}");
    }
}
