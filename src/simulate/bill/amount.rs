//! The bill's own arithmetic: integers of 10^-10, rounded half-even, and the forms in which exports write them.

/// Digits after the point of amounts and costs on the bill. Source: quantities and costs of real exports.
pub(super) const DIGITS: u32 = 10;
/// Units of an amount or a cost in one.
pub(super) const ONE: i128 = 10_i128.pow(DIGITS);
/// Units of a price in one dollar.
const PRICE_ONE: i128 = 100_000;

/// `n / d` to the nearest integer, halves to the even one; `d` is above zero.
pub(super) const fn half_even(n: i128, d: i128) -> i128 {
    let (quotient, twice) = (n.div_euclid(d), 2 * n.rem_euclid(d));
    if twice > d || (twice == d && quotient % 2 != 0) { quotient + 1 } else { quotient }
}

/// Bytes in GB of 2^30 bytes.
pub(super) fn gigabytes(bytes: u64) -> i128 {
    half_even(i128::from(bytes) * ONE, 1 << 30)
}

/// The bytes of a quantity on one row: a quantity is rounded, a byte is not.
pub(super) const fn bytes(gigabytes: i128) -> i128 {
    half_even(gigabytes << 30, ONE)
}

/// What an amount costs at a price in 10^-5 dollar.
pub(super) fn cost(amount: i128, price: u64) -> i128 {
    half_even(amount * i128::from(price), PRICE_ONE)
}

/// A cost less a discount in percent.
pub(super) fn less(cost: i128, percent: u32) -> i128 {
    half_even(cost * i128::from(100 - percent), 100)
}

/// `units` of 10^-`digits` with all digits.
pub(super) fn fixed(units: i128, digits: u32) -> String {
    let one = 10_u128.pow(digits);
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let width = usize::try_from(digits).unwrap_or(0);
    format!("{sign}{}.{:0width$}", size / one, size % one)
}

/// `units` of 10^-`digits` without trailing zeros.
pub(super) fn decimal(units: i128, digits: u32) -> String {
    fixed(units, digits).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// As Java prints a double: `0.045`, `40.0`, `7.095684E-4`. Real CUR 2.0 files look like this.
pub(super) fn java(units: i128) -> String {
    let size = units.unsigned_abs();
    let plain = ONE.unsigned_abs() / 1_000..ONE.unsigned_abs() * 10_000_000;
    if size == 0 || plain.contains(&size) {
        let text = decimal(units, DIGITS);
        return if text.contains('.') { text } else { format!("{text}.0") };
    }
    let digits = size.to_string();
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let exponent = i64::try_from(digits.len()).unwrap_or(0) - 1 - i64::from(DIGITS);
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{first}.{}E{exponent}", if rest.is_empty() { "0" } else { rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_rounded_as_the_bill_rounds_them() {
        let check = |count: u64, expect: &str| {
            assert_eq!(decimal(gigabytes(count), DIGITS), expect, "{count}");
            assert_eq!(bytes(gigabytes(count)), i128::from(count), "{count}");
        };
        check(0, "0");
        check(1 << 30, "1");
        check(40, "0.0000000373");
        check(3 << 29, "1.5");
        check(123_456_789_012_345, "114978.0945967371");
    }

    #[test]
    fn halves_go_to_the_even_side() {
        for (n, d, expect) in [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (8, 3, 3), (-8, 3, -3)] {
            assert_eq!(half_even(n, d), expect, "{n}/{d}");
        }
        assert_eq!(cost(gigabytes(1 << 30), 4_500), ONE / 1_000 * 45);
        assert_eq!(less(1_000, 7), 930);
    }

    #[test]
    fn numbers_have_the_forms_of_their_exports() {
        let check = |units: i128, all: &str, short: &str, double: &str| {
            assert_eq!((fixed(units, 10), decimal(units, 10), java(units)), (all.into(), short.into(), double.into()));
        };
        check(0, "0.0000000000", "0", "0.0");
        check(450_000_000, "0.0450000000", "0.045", "0.045");
        check(7_095_684, "0.0007095684", "0.0007095684", "7.095684E-4");
        check(-373, "-0.0000000373", "-0.0000000373", "-3.73E-8");
        check(240_000_000_000, "24.0000000000", "24", "24.0");
        check(200_000_000_000_000_000, "20000000.0000000000", "20000000", "2.0E7");
    }
}
