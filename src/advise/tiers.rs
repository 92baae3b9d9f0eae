//! What the GB through a Region's interface endpoints cost: three prices, by how much the month has seen before.

use crate::model::bytes::Bytes;
use crate::model::usd::{PricePerGb, SCALE, Usd, div_half_even};

/// Where the second and the third price begin, in bytes a month, all interface endpoints of a Region together. Source: AWS
/// `PrivateLink` pricing; a GB is 2^30 bytes.
const BOUNDS: [u64; 2] = [1_048_576 * Bytes::PER_GB, 5_242_880 * Bytes::PER_GB];

/// Prices of a GB by tier, and of how many months the bytes are.
///
/// Tiers begin anew every month. Of a longer period all that is known are its bytes, so each tier is as many times as large as there are
/// months: exact where bytes come evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers {
    prices: [PricePerGb; 3],
    months: u64,
}

/// A price and what a whole month at that price costs more than at the tiers' own: a straight line that touches their curve.
///
/// Where prices fall from tier to tier, the curve is the lowest of its three lines at every point. So the cheapest way to spend
/// a month is the cheapest one of the three that each line alone gives, and at one price no choice depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Price of every GB.
    pub(super) price: PricePerGb,
    /// What is added once, in 10^-12 / 2^30 of the currency.
    pub(super) once: i128,
}

impl Tiers {
    /// From the prices of a GB in each tier.
    #[must_use]
    pub const fn new(prices: [PricePerGb; 3]) -> Self {
        Self { prices, months: 1 }
    }

    /// For the bytes of a period that calendar months of this number have a part in.
    #[must_use]
    pub const fn over(self, months: u64) -> Self {
        Self { months, ..self }
    }

    /// Of how many months the bytes are.
    #[must_use]
    pub const fn months(&self) -> u64 {
        self.months
    }

    /// Cost of the bytes that come after `before`, rounded once, half-even.
    #[must_use]
    pub fn cost(&self, before: Bytes, bytes: Bytes) -> Usd {
        let exact = self.exact(before + bytes) - self.exact(before);
        Usd::from_units(div_half_even(exact, i128::from(Bytes::PER_GB)))
    }

    /// Cost of the first bytes of a month in 10^-12 / 2^30 of the currency.
    pub(super) fn exact(&self, bytes: Bytes) -> i128 {
        self.prices.iter().zip(below_bounds(bytes, self.months)).map(|(price, part)| price.exact_cost(part)).sum()
    }

    /// The lines of the tiers.
    pub(super) fn lines(&self) -> [Line; 3] {
        let [second, third] = bounds(self.months);
        let starts = [0, second, third].map(Bytes::new);
        std::array::from_fn(|tier| {
            let price = self.prices[tier];
            Line { price, once: self.exact(starts[tier]) - price.exact_cost(starts[tier]) }
        })
    }

    /// The bytes that come after `before` by tier, each with its price; tiers without any are left out.
    #[must_use]
    pub fn parts(&self, before: Bytes, bytes: Bytes) -> Vec<(PricePerGb, Bytes)> {
        let (from, to) = (below_bounds(before, self.months), below_bounds(before + bytes, self.months));
        let parts = self.prices.iter().zip(from).zip(to).map(|((price, from), to)| (*price, to.saturating_sub(from)));
        parts.filter(|(_, part)| *part > Bytes::ZERO).collect()
    }

    /// From how many GB in the month on `per_gb` for each of them outweighs `fixed` and their cost after `before`.
    #[must_use]
    pub fn break_even(&self, before: Bytes, fixed: Usd, per_gb: Usd) -> BreakEven {
        BreakEven::find(self.prices.map(|price| Some(price.per_gb())), (before, self.months), fixed, per_gb)
    }

    /// The GB of [`Tiers::break_even`], half-even in 10^-12 GB; `None` if no month has so many.
    #[must_use]
    pub fn break_even_gb(&self, before: Bytes, fixed: Usd, per_gb: Usd) -> Option<Usd> {
        self.break_even(before, fixed, per_gb).gb
    }
}

/// Where the tiers begin in so many months together.
fn bounds(months: u64) -> [u64; 2] {
    BOUNDS.map(|bound| bound.saturating_mul(months.max(1)))
}

/// How many of the first bytes of so many months are in each tier.
pub(super) fn below_bounds(bytes: Bytes, months: u64) -> [Bytes; 3] {
    let (bytes, [second, third]) = (bytes.get(), bounds(months));
    let parts = [bytes.min(second), bytes.clamp(second, third) - second, bytes.max(third) - third];
    parts.map(Bytes::new)
}

/// From how many GB on something pays, tier by tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BreakEven {
    /// What has to be outweighed.
    pub fixed: Usd,
    /// What a GB is worth.
    pub per_gb: Usd,
    /// The tiers on the way, as far as it was looked at them.
    pub tiers: Vec<TierGain>,
    /// The GB, half-even in 10^-12 GB; `None` if no month has so many, or a tier on the way has no price.
    pub gb: Option<Usd>,
}

/// What a GB wins in one tier, and how far that leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierGain {
    /// Price of a GB.
    pub price: Usd,
    /// What a GB is worth less its price.
    pub gain: Usd,
    /// What is to be won when the tier begins.
    pub left: Usd,
    /// GB from the beginning to here, in 10^-12.
    pub gb: Usd,
    /// Bytes that the tier has room for; `None` in the last.
    pub room: Option<Bytes>,
}

impl BreakEven {
    /// Looks at one tier after the other, from so many bytes of so many months on; `None` stands for a price that is not known.
    pub(super) fn find(prices: [Option<Usd>; 3], (before, months): (Bytes, u64), fixed: Usd, per_gb: Usd) -> Self {
        let mut found = Self { fixed, per_gb, tiers: Vec::new(), gb: None };
        found.gb = found.walk(prices, before, bounds(months));
        found
    }

    /// At one price for every GB, however many there are.
    #[must_use]
    pub fn at(price: Usd, fixed: Usd, per_gb: Usd) -> Self {
        Self::find([Some(price); 3], (Bytes::new(BOUNDS[1] + 1), 1), fixed, per_gb)
    }

    fn walk(&mut self, prices: [Option<Usd>; 3], before: Bytes, bounds: [u64; 2]) -> Option<Usd> {
        let (mut left, mut gb) = (self.fixed, Usd::ZERO);
        for (tier, price) in prices.into_iter().enumerate() {
            let start = before.get().max(if tier == 0 { 0 } else { bounds[tier - 1] });
            let room = match bounds.get(tier) {
                Some(end) if *end < start => continue,
                end => end.map(|end| Bytes::new(end - start)),
            };
            let price = price?;
            let here = TierGain { price, gain: self.per_gb - price, left, gb, room };
            self.tiers.push(here);
            if here.room.is_none() {
                return Some(gb + here.more()?);
            }
            let won = here.whole()?;
            if won >= left && here.gain > Usd::ZERO {
                return Some(gb + here.more()?);
            }
            left = left - won;
            gb += here.room_gb()?;
        }
        None
    }
}

impl TierGain {
    /// The room in GB, half-even in 10^-12; `None` in the last tier.
    #[must_use]
    pub fn room_gb(&self) -> Option<Usd> {
        let exact = i128::from(self.room?.get()) * SCALE;
        Some(Usd::from_units(div_half_even(exact, i128::from(Bytes::PER_GB))))
    }

    /// What all of the tier wins, half-even; `None` in the last tier, and beyond what 128 bits hold.
    #[must_use]
    pub fn whole(&self) -> Option<Usd> {
        let exact = self.gain.units().checked_mul(i128::from(self.room?.get()))?;
        Some(Usd::from_units(div_half_even(exact, i128::from(Bytes::PER_GB))))
    }

    /// GB of the tier that win what is left, in 10^-12; `None` if they never do.
    #[must_use]
    pub fn more(&self) -> Option<Usd> {
        if self.left <= Usd::ZERO && self.gain > Usd::ZERO {
            return Some(Usd::ZERO);
        }
        self.left.ratio_to(self.gain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).expect("an amount").0
    }

    fn tiers() -> Tiers {
        Tiers::new(["0.01", "0.006", "0.004"].map(|price| PricePerGb::new(usd(price))))
    }

    fn gb(count: u64) -> Bytes {
        Bytes::new(count << 30)
    }

    /// Source: the worked examples of the issue that asked for this; by hand 10,485.76 + 25,165.824 + 7,028.48.
    #[test]
    fn seven_million_gb_cross_all_tiers() {
        assert_eq!(tiers().cost(Bytes::ZERO, gb(7_000_000)), usd("42680.064"));
        assert_eq!(tiers().cost(gb(7_000_000), gb(100)), usd("0.4"));
        assert_eq!(tiers().cost(gb(1_048_575), gb(2)), usd("0.016"));
    }

    #[test]
    fn one_byte_on_either_side_of_a_bound_has_its_own_price() {
        let a_byte = |before: u64| tiers().exact(Bytes::new(before + 1)) - tiers().exact(Bytes::new(before));
        for (bound, below, above) in [(1u64 << 50, "0.01", "0.006"), (5 << 50, "0.006", "0.004")] {
            assert_eq!(a_byte(bound - 1), usd(below).units(), "{bound}");
            assert_eq!(a_byte(bound), usd(above).units(), "{bound}");
        }
    }

    /// Source: AWS prices of us-east-1 and 730 hours; 7.3 / 0.035 for one AZ.
    #[test]
    fn break_even_of_one_two_and_three_zones() {
        for (zones, expect) in [(1, "208.571428571429"), (2, "417.142857142857"), (3, "625.714285714286")] {
            let fixed = usd("7.3").many(zones);
            assert_eq!(tiers().break_even_gb(Bytes::ZERO, fixed, usd("0.045")), Some(usd(expect)), "{zones}");
        }
    }

    #[test]
    fn break_even_may_lie_in_a_later_tier_or_nowhere() {
        let check = |before, fixed, per_gb, expect: Option<&str>| {
            assert_eq!(tiers().break_even_gb(before, usd(fixed), usd(per_gb)), expect.map(usd), "{fixed} {per_gb}");
        };
        check(Bytes::ZERO, "7.3", "0.004", None);
        check(Bytes::ZERO, "7.3", "0", None);
        check(Bytes::ZERO, "0", "0.045", Some("0"));
        check(gb(2_000_000), "7.3", "0.045", Some("187.179487179487"));
        // A loss of 4,194.304 in the first tier, a draw in the second, and 0.002 a GB from there.
        check(Bytes::ZERO, "1", "0.006", Some("7340532"));
        check(gb(6_000_000), "8", "0.006", Some("4000"));
    }

    #[test]
    fn every_month_has_its_own_tiers() {
        let two = tiers().over(2);
        // 700,000 GB in each of two months are in the first tier of both; at once they would cost 12,594.304.
        assert_eq!(two.cost(Bytes::ZERO, gb(1_400_000)), usd("14000"));
        assert_eq!(tiers().cost(Bytes::ZERO, gb(1_400_000)), usd("12594.304"));
        assert_eq!(two.cost(Bytes::ZERO, gb(7_000_000)), tiers().cost(Bytes::ZERO, gb(3_500_000)).many(2));
        assert_eq!(two.break_even_gb(gb(1_500_000), usd("7.3"), usd("0.045")), Some(usd("208.571428571429")));
    }

    proptest! {
        #[test]
        fn the_curve_is_the_lowest_of_its_lines(bytes in 0u64..1 << 54, months in 1u64..4) {
            let tiers = tiers().over(months);
            let lines = tiers.lines().map(|line| line.price.exact_cost(Bytes::new(bytes)) + line.once);
            prop_assert_eq!(lines.into_iter().min(), Some(tiers.exact(Bytes::new(bytes))));
        }

        #[test]
        fn parts_are_all_bytes_and_cost_what_they_cost(before in 0u64..1 << 54, bytes in 0u64..1 << 54) {
            let [before, bytes] = [before, bytes].map(Bytes::new);
            let parts = tiers().parts(before, bytes);
            prop_assert_eq!(parts.iter().map(|(_, part)| *part).sum::<Bytes>(), bytes);
            let exact: i128 = parts.iter().map(|(price, part)| price.exact_cost(*part)).sum();
            prop_assert_eq!(exact, tiers().exact(before + bytes) - tiers().exact(before));
        }

        #[test]
        fn what_comes_in_two_parts_costs_the_same(a in 0u64..1 << 53, b in 0u64..1 << 53, c in 0u64..1 << 53) {
            let [a, b, c] = [a, b, c].map(Bytes::new);
            let whole = tiers().cost(a, b + c);
            let parts = tiers().cost(a, b) + tiers().cost(a + b, c);
            prop_assert!((whole - parts).units().abs() <= 1);
        }
    }
}
