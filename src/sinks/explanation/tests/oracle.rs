//! Works a printed equation out: numbers of any length as digits, nothing shared with what printed it.

use crate::explain::Rounding;
use std::cmp::Ordering;

/// A whole number, least digit first, without zeros in front.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Natural(Vec<u8>);

impl Natural {
    fn parse(digits: &str) -> Self {
        Self(digits.bytes().rev().map(|b| b - b'0').collect()).trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    fn times(&self, other: &Self) -> Self {
        let mut out = vec![0u32; self.0.len() + other.0.len() + 1];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate() {
                out[i + j] += u32::from(*a) * u32::from(*b);
            }
        }
        carried(out)
    }

    fn plus(&self, other: &Self) -> Self {
        let digit = |n: &Self, at: usize| n.0.get(at).copied().map_or(0, u32::from);
        carried((0..=self.0.len().max(other.0.len())).map(|at| digit(self, at) + digit(other, at)).collect())
    }

    /// The larger less the smaller.
    fn difference(&self, other: &Self) -> Self {
        let (more, less) = if self.compare(other) == Ordering::Less { (other, self) } else { (self, other) };
        let (mut out, mut borrow) = (Vec::new(), 0i8);
        for at in 0..more.0.len() {
            let digit = |n: &Self| n.0.get(at).copied().map_or(0i8, |d| i8::try_from(d).unwrap());
            let left = digit(more) - digit(less) - borrow;
            borrow = i8::from(left < 0);
            out.push(u8::try_from(left + 10 * borrow).unwrap());
        }
        Self(out).trimmed()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn shifted(&self, places: usize) -> Self {
        Self(std::iter::repeat_n(0, places).chain(self.0.iter().copied()).collect()).trimmed()
    }
}

fn carried(digits: Vec<u32>) -> Natural {
    let (mut out, mut carry) = (Vec::new(), 0);
    for digit in digits {
        carry += digit;
        out.push(u8::try_from(carry % 10).unwrap());
        carry /= 10;
    }
    while carry > 0 {
        out.push(u8::try_from(carry % 10).unwrap());
        carry /= 10;
    }
    Natural(out).trimmed()
}

/// A signed decimal: sign, digits without the point, digits after it.
struct Number {
    negative: bool,
    digits: Natural,
    places: usize,
}

impl Number {
    /// The number at the start of an operand, whatever unit and words follow.
    fn read(operand: &str) -> Self {
        let start = operand.find(|c: char| c.is_ascii_digit()).unwrap_or_else(|| panic!("no number in {operand}"));
        let rest = &operand[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(rest.len());
        let plain = rest[..end].replace(',', "");
        let (int, frac) = plain.split_once('.').unwrap_or((&plain, ""));
        Self {
            negative: operand[..start].contains('-'),
            digits: Natural::parse(&format!("{int}{frac}")),
            places: frac.len(),
        }
    }

    /// In units of 10^-`places`.
    fn at(&self, places: usize) -> Natural {
        self.digits.shifted(places - self.places)
    }
}

/// Whether `a + b - c = r`, `a x b / c = r`, or `(a x b + c x d) / e = r`, rounded so.
pub(super) fn holds(equation: &str, rounding: Rounding) -> bool {
    let (left, right) = equation.rsplit_once(" = ").expect("an equation");
    let result = Number::read(right);
    if left.contains(" x ") && left.contains(" + ") {
        return products(left, &result, rounding);
    }
    let mut operands = vec![(' ', String::new())];
    for word in left.split(' ') {
        match word {
            "+" | "-" | "x" | "/" => operands.push((word.chars().next().unwrap(), String::new())),
            word => {
                let operand = &mut operands.last_mut().unwrap().1;
                operand.push_str(word);
                operand.push(' ');
            }
        }
    }
    let numbers: Vec<(char, Number)> = operands.iter().map(|(sign, text)| (*sign, Number::read(text))).collect();
    if numbers.iter().any(|(sign, _)| matches!(sign, 'x' | '/')) || rounding != Rounding::Exact {
        return fraction(&numbers, &result, rounding);
    }
    // Positive and negative summands apart, the result among the latter: both sides are equal.
    let (mut up, mut down) = (Natural(vec![]), Natural(vec![]));
    let minus_result = ('-', result);
    for (sign, number) in numbers.iter().chain([&minus_result]) {
        let side = if (*sign == '-') == number.negative { &mut up } else { &mut down };
        *side = side.plus(&number.at(12));
    }
    up == down
}

/// More places than a product of printed numbers has.
const PLACES: usize = 40;

/// None of them below zero.
fn products(left: &str, result: &Number, rounding: Rounding) -> bool {
    let (sum, under) = match left.split_once(") / ") {
        Some((sum, under)) => (sum.trim_start_matches('('), under.split(" / ").collect()),
        None => (left, Vec::new()),
    };
    let (mut above, mut below) = (Natural(vec![]), Natural::parse("1"));
    for product in sum.split(" + ") {
        let (mut n, mut places) = (Natural::parse("1"), 0);
        for factor in product.split(" x ").map(Number::read) {
            n = n.times(&factor.digits);
            places += factor.places;
        }
        above = above.plus(&n.shifted(PLACES - places));
    }
    for number in under.into_iter().map(Number::read) {
        assert_eq!(number.places, 0, "{left}");
        below = below.times(&number.digits);
    }
    // above / 10^40 / below against the result in 10^-12, multiplied out.
    let exact = above.shifted(12);
    let unit = below.shifted(PLACES);
    rounds(&exact.difference(&result.at(12).times(&unit)), &unit, rounding)
}

fn fraction(numbers: &[(char, Number)], result: &Number, rounding: Rounding) -> bool {
    let (mut n, mut d) = (Natural::parse("1"), Natural::parse("1"));
    let (mut places_n, mut places_d, mut negative) = (0, 0, false);
    for (sign, number) in numbers {
        let (side, places) = if *sign == '/' { (&mut d, &mut places_d) } else { (&mut n, &mut places_n) };
        *side = side.times(&number.digits);
        *places += number.places;
        negative ^= number.negative;
    }
    assert!(!d.0.is_empty(), "divided by nothing");
    // n / d x 10^(places_d - places_n) against the result in 10^-12, multiplied out.
    let exact = n.shifted(12 + places_d);
    let shown = result.at(12).times(&d).shifted(places_n);
    let unit = d.shifted(places_n);
    if negative != result.negative && !result.digits.0.is_empty() {
        return false;
    }
    rounds(&exact.difference(&shown), &unit, rounding)
}

/// Whether a result that is off by this, in parts of a unit of the last place, was rounded so.
fn rounds(off: &Natural, unit: &Natural, rounding: Rounding) -> bool {
    match rounding {
        Rounding::Exact => off.0.is_empty(),
        Rounding::HalfEven => off.plus(off).compare(unit) != Ordering::Greater,
        Rounding::LargestRemainder => off.compare(unit) == Ordering::Less,
    }
}

#[test]
fn the_oracle_tells_right_from_wrong() {
    use Rounding::{Exact, HalfEven, LargestRemainder};
    for (equation, rounding, right) in [
        ("$1.5 + -$0.25 attributed = $1.25", Exact, true),
        ("1,000 bytes - 1 byte - 999 bytes = 0 bytes", Exact, true),
        ("1,000 bytes - 1 byte = 998 bytes", Exact, false),
        ("$1 - $3 = -$2", Exact, true),
        ("$1 - $3 = $2", Exact, false),
        ("744 hours x 2 AZs x $0.01 per hour = $14.88", Exact, true),
        ("744 hours x 2 AZs x $0.01 per hour = $14.89", Exact, false),
        ("744 hours x $0.045 per hour + 744 hours x $0.005 per hour = $37.2", Exact, true),
        ("744 hours x $0.045 per hour + 744 hours x $0.005 per hour = $37.3", Exact, false),
        ("(2 bytes x $0.5 per GB + 1 byte x $1 per GB) / 3 bytes per GB = $0.666666666667", HalfEven, true),
        ("(2 bytes x $0.5 per GB + 1 byte x $1 per GB) / 3 bytes per GB = $0.666666666666", HalfEven, false),
        ("$1 / 3 bytes = $0.333333333333", HalfEven, true),
        ("$1 / 3 bytes = $0.333333333334", HalfEven, false),
        ("$2 / 3 bytes = $0.666666666667", HalfEven, true),
        ("$1 / 3 bytes = $0.333333333334", LargestRemainder, true),
        ("$1 / 3 bytes = $0.333333333335", LargestRemainder, false),
        ("-$1 x 1 byte / 4 bytes = -$0.25", Exact, true),
        ("-$1 x 1 byte / 4 bytes = $0.25", Exact, false),
    ] {
        assert_eq!(holds(equation, rounding), right, "{equation}");
    }
}
