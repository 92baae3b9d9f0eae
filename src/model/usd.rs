//! Exact money: integers of 10^-12 of the currency. Never sees a float, a frame or a file.
//!
//! Rounding to cents exists in the sinks for people only ([`Usd::cents`]).

use super::bytes::Bytes;
use std::cmp::Reverse;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// Units of 10^-12 in one unit of the currency.
pub const SCALE: i128 = 1_000_000_000_000;

/// An amount of money in 10^-12 of the report's currency. Negative for credits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i128);

/// A price of one GB (2^30 bytes), in 10^-12 of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PricePerGb(Usd);

/// Why a text is no amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsdError {
    /// Not a decimal number.
    #[error("not a decimal number")]
    NotDecimal,
    /// Too large for the scale.
    #[error("number out of range")]
    OutOfRange,
}

impl Usd {
    /// Nothing.
    pub const ZERO: Usd = Usd(0);

    /// From units of 10^-12.
    #[must_use]
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// In units of 10^-12.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Reads a decimal number, scientific notation included, and says whether digits past the 12th were rounded (half-even).
    pub fn parse(text: &str) -> Result<(Self, Rounded), UsdError> {
        parse_decimal(text).map(|(units, rounded)| (Self(units), rounded))
    }

    /// Whole cents, half-even. For people only.
    #[must_use]
    pub fn cents(self) -> i128 {
        div_half_even(self.0, SCALE / 100)
    }

    /// What one GB of 2^30 bytes costs if `bytes` cost this, half-even; `None` for no bytes, or beyond what 128 bits hold.
    #[must_use]
    pub fn per_gb_of(self, bytes: Bytes) -> Option<Usd> {
        let product = self.0.checked_mul(i128::from(Bytes::PER_GB))?;
        (bytes > Bytes::ZERO).then(|| Self(div_half_even(product, i128::from(bytes.get()))))
    }

    /// This divided by `other`, half-even; `None` unless `other` is above zero, or beyond what 128 bits hold.
    #[must_use]
    pub fn ratio_to(self, other: Usd) -> Option<Usd> {
        let product = self.0.checked_mul(SCALE)?;
        (other.0 > 0).then(|| Self(div_half_even(product, other.0)))
    }

    /// A price times a quantity, both in 10^-12, half-even; `None` beyond what 128 bits hold.
    #[must_use]
    pub fn times(self, quantity: Usd) -> Option<Usd> {
        Some(Self(div_half_even(self.0.checked_mul(quantity.0)?, SCALE)))
    }

    /// This many times as much.
    #[must_use]
    pub fn many(self, count: u64) -> Usd {
        Self(self.0.saturating_mul(i128::from(count)))
    }

    /// Splits `self` over `weights` so that the parts add up to `self` exactly.
    ///
    /// Each part is floored; the units left over go to the largest remainders, earlier parts first.
    /// `None` when the weights add up to zero: then there is nothing to split by.
    #[must_use]
    pub fn apportion(self, weights: &[Bytes]) -> Option<Vec<Usd>> {
        let total: i128 = weights.iter().map(|w| i128::from(w.get())).sum();
        if total == 0 {
            return None;
        }
        // Quotient and remainder apart keep the product in range for any amount below 10^26.
        let (whole, rest) = (self.0.div_euclid(total), self.0.rem_euclid(total));
        let part = |weight: &Bytes| {
            let weight = i128::from(weight.get());
            let (share, remainder) = ((rest * weight).div_euclid(total), (rest * weight).rem_euclid(total));
            (whole * weight + share, remainder)
        };
        let (mut parts, remainders): (Vec<i128>, Vec<i128>) = weights.iter().map(part).unzip();
        let left_over = usize::try_from(self.0 - parts.iter().sum::<i128>()).expect("fewer units left than parts");
        if let Some(last) = left_over.checked_sub(1) {
            let mut largest: Vec<(Reverse<i128>, usize)> = remainders.into_iter().map(Reverse).zip(0..).collect();
            largest.select_nth_unstable(last);
            for (_, at) in &largest[..left_over] {
                parts[*at] += 1;
            }
        }
        assert_eq!(parts.iter().sum::<i128>(), self.0, "money was lost in a split");
        Some(parts.into_iter().map(Usd).collect())
    }
}

/// Whether reading a number dropped digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounded {
    /// Every digit was kept.
    No,
    /// Digits past the 12th were rounded half-even.
    Yes,
}

impl PricePerGb {
    /// From the price of one GB.
    #[must_use]
    pub const fn new(per_gb: Usd) -> Self {
        Self(per_gb)
    }

    /// The price of one GB.
    #[must_use]
    pub const fn per_gb(self) -> Usd {
        self.0
    }

    /// The cost of `bytes`, rounded once, half-even.
    #[must_use]
    pub fn cost(self, bytes: Bytes) -> Usd {
        Usd(div_half_even(self.exact_cost(bytes), i128::from(Bytes::PER_GB)))
    }

    /// The cost of `bytes` in 10^-12 / 2^30 of the currency, not rounded. The only bytes times price in the crate.
    #[must_use]
    pub fn exact_cost(self, bytes: Bytes) -> i128 {
        self.0.0 * i128::from(bytes.get())
    }
}

/// `n / d` rounded to the nearest integer, ties to even. `d` is positive.
#[must_use]
pub fn div_half_even(n: i128, d: i128) -> i128 {
    let q = n.div_euclid(d);
    let r = n.wrapping_sub(q.wrapping_mul(d)); // one division; the wraps cancel, since 0 <= r < d
    match (r * 2).cmp(&d) {
        std::cmp::Ordering::Less => q,
        std::cmp::Ordering::Greater => q + 1,
        std::cmp::Ordering::Equal => q + (q & 1),
    }
}

fn parse_decimal(text: &str) -> Result<(i128, Rounded), UsdError> {
    short_decimal(text.as_bytes()).map_or_else(|| long_decimal(text), |units| Ok((units, Rounded::No)))
}

/// Reads digits with a point, twelve of them at most behind it: what nearly every amount is. `None` leaves it to the long way.
#[inline]
fn short_decimal(text: &[u8]) -> Option<i128> {
    const TENS: [u64; 13] = {
        let (mut tens, mut at) = ([1; 13], 1);
        while at < tens.len() {
            tens[at] = tens[at - 1] * 10;
            at += 1;
        }
        tens
    };
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    // So many digits fit 64 bits.
    if digits.is_empty() || digits.len() > 19 || digits == b"." {
        return None;
    }
    let (mut value, mut behind) = (0u64, None);
    for (at, &byte) in digits.iter().enumerate() {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => value = value * 10 + u64::from(digit),
            _ if byte == b'.' && behind.is_none() => behind = Some(digits.len() - at - 1),
            _ => return None,
        }
    }
    let units = i128::from(value) * i128::from(*TENS.get(12usize.checked_sub(behind.unwrap_or(0))?)?);
    Some(if digits.len() < text.len() { -units } else { units })
}

fn long_decimal(text: &str) -> Result<(i128, Rounded), UsdError> {
    let text = text.trim();
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().map_err(|_| UsdError::NotDecimal)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes().first() {
        Some(b'-') => (true, &mantissa[1..]),
        Some(b'+') => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (int, frac) = digits.split_once('.').unwrap_or((digits, ""));
    if int.is_empty() && frac.is_empty() || !int.bytes().chain(frac.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(UsdError::NotDecimal);
    }
    let all: Vec<u8> = int.bytes().chain(frac.bytes()).skip_while(|&b| b == b'0').collect();
    if all.is_empty() {
        return Ok((0, Rounded::No));
    }
    // value = all x 10^shift units of 10^-12
    let frac_len = i64::try_from(frac.len()).map_err(|_| UsdError::OutOfRange)?;
    let shift = i64::from(exponent) - frac_len + 12;
    let (units, rounded) = scale_digits(&all, shift)?;
    Ok((if negative { -units } else { units }, rounded))
}

fn scale_digits(all: &[u8], shift: i64) -> Result<(i128, Rounded), UsdError> {
    let len = i64::try_from(all.len()).map_err(|_| UsdError::OutOfRange)?;
    if len + shift > 36 {
        return Err(UsdError::OutOfRange);
    }
    let kept = if shift >= 0 { all.len() } else { usize::try_from((len + shift).max(0)).unwrap_or(0) };
    let mut units = all[..kept].iter().fold(0i128, |n, &b| n * 10 + i128::from(b - b'0'));
    if shift >= 0 {
        units *= 10i128.pow(u32::try_from(shift).unwrap_or(0));
        return Ok((units, Rounded::No));
    }
    let dropped = &all[kept..];
    if dropped.iter().all(|&b| b == b'0') {
        return Ok((units, Rounded::No));
    }
    // Leading zeros that were trimmed still separate the dropped digits from the point.
    let half = if len + shift < 0 {
        std::cmp::Ordering::Less
    } else {
        dropped[0].cmp(&b'5').then(if dropped[1..].iter().any(|&b| b != b'0') {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        })
    };
    let up = half.is_gt() || half.is_eq() && units % 2 == 1;
    Ok((units + i128::from(up), Rounded::Yes))
}

impl fmt::Display for Usd {
    /// The exact decimal: no exponent, no trailing zeros, at least one digit before the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (scale, magnitude) = (SCALE.unsigned_abs(), self.0.unsigned_abs());
        let (int, frac) = (magnitude / scale, magnitude % scale);
        if frac == 0 {
            return write!(f, "{sign}{int}");
        }
        let digits = format!("{frac:012}");
        write!(f, "{sign}{int}.{}", digits.trim_end_matches('0'))
    }
}

impl serde::Serialize for Usd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads what was written, to the last digit; anything else is refused.
impl<'de> serde::Deserialize<'de> for Usd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = Self::parse(&text).ok().map(|(usd, _)| usd);
        read.filter(|usd| usd.to_string() == text).ok_or_else(|| serde::de::Error::custom("not an exact amount"))
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Usd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_parse(text: &str, expect: Result<(&str, Rounded), UsdError>) {
        assert_eq!(
            Usd::parse(text).map(|(usd, r)| (usd.to_string(), r)),
            expect.map(|(t, r)| (t.to_owned(), r)),
            "{text}"
        );
    }

    #[test]
    fn amounts_are_read_to_the_last_digit() {
        use Rounded::{No, Yes};
        check_parse("0.045", Ok(("0.045", No)));
        check_parse("0.0000004500", Ok(("0.00000045", No)));
        check_parse("7.095684E-4", Ok(("0.0007095684", No)));
        check_parse("-12", Ok(("-12", No)));
        check_parse("1e3", Ok(("1000", No)));
        check_parse("0.0000000000005", Ok(("0", Yes)));
        check_parse("0.0000000000015", Ok(("0.000000000002", Yes)));
        check_parse("0.00000000000051", Ok(("0.000000000001", Yes)));
        check_parse("0.000000000000051", Ok(("0", Yes)));
        check_parse("0.1234567890125", Ok(("0.123456789012", Yes)));
        for bad in ["", "-", ".", "abc", "1.2.3", "1e", "$1", "NaN"] {
            check_parse(bad, Err(UsdError::NotDecimal));
        }
        check_parse("1e40", Err(UsdError::OutOfRange));
    }

    #[test]
    fn a_gb_is_two_to_the_thirty() {
        let price = PricePerGb::new(Usd::parse("0.045").expect("valid").0);
        assert_eq!(price.cost(Bytes::new(1 << 40)).to_string(), "46.08");
        assert_eq!(price.cost(Bytes::new(1)).to_string(), "0.000000000042");
    }

    #[test]
    fn parts_go_to_the_largest_remainders() {
        let w = |v: &[u64]| v.iter().map(|&b| Bytes::new(b)).collect::<Vec<_>>();
        let split = |amount, v: &[u64]| Usd(amount).apportion(&w(v)).map(|p| p.iter().map(|u| u.0).collect::<Vec<_>>());
        assert_eq!(split(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(split(-100, &[1, 1, 1]), Some(vec![-33, -33, -34]));
        assert_eq!(split(1, &[0, 0, 7]), Some(vec![0, 0, 1]));
        assert_eq!(split(1, &[0, 0]), None);
    }

    proptest! {
        #[test]
        fn a_split_loses_nothing(amount in -(10i128.pow(24))..10i128.pow(24), weights in proptest::collection::vec(0u64..1 << 60, 1..40)) {
            let weights: Vec<Bytes> = weights.into_iter().map(Bytes::new).collect();
            if let Some(parts) = Usd(amount).apportion(&weights) {
                prop_assert_eq!(parts.into_iter().sum::<Usd>(), Usd(amount));
            }
        }

        #[test]
        fn the_short_way_is_the_long_way(text in "-?[0-9]{0,20}[.]?[0-9]{0,14}[-+.e 0]{0,1}[0-9]{0,1}") {
            if let Some(units) = short_decimal(text.as_bytes()) {
                prop_assert_eq!(long_decimal(&text), Ok((units, Rounded::No)));
            }
        }

        #[test]
        fn display_reads_back(units in -(10i128.pow(26))..10i128.pow(26)) {
            prop_assert_eq!(Usd::parse(&Usd(units).to_string()), Ok((Usd(units), Rounded::No)));
        }
    }
}
