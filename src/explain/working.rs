//! A line of arithmetic as a value: quantities, an expression of them, its result. A result that the expression does not give
//! is never shown as its result.

mod steps;
mod table;

pub(super) use steps::Steps;
pub use table::{Row, Rule};

use crate::model::bytes::Bytes;
use crate::model::usd::{SCALE, Usd, div_half_even};
use crate::report::Decimal;
use serde::Serialize;

/// What a quantity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// GB of 2^30 bytes.
    Gb,
    /// Bytes of one GB: 2^30.
    BytesPerGb,
    /// Money in the report's currency.
    Money,
    /// Money for a GB.
    MoneyPerGb,
    /// Money for an hour.
    MoneyPerHour,
    /// Hours.
    Hours,
    /// Availability zones.
    Azs,
    /// Flow log records.
    Records,
    /// Lines of the bill.
    Lines,
    /// A plain number: a ratio, or an amount whose unit the bill alone knows.
    Plain,
}

/// An exact number with its unit, and in a word or two which one it is. The words are ours, never a name from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantity {
    /// The exact decimal.
    pub amount: Decimal,
    /// What it counts.
    pub unit: Unit,
    /// Which one; empty where the unit says enough.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub what: &'static str,
}

impl Quantity {
    const fn new(amount: Decimal, unit: Unit) -> Self {
        Self { amount, unit, what: "" }
    }

    fn whole(n: u64, unit: Unit) -> Self {
        // 2^64 x 10^12 is below 2^127.
        Self::new(Usd::from_units(i128::from(n) * SCALE), unit)
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: Bytes) -> Self {
        Self::whole(bytes.get(), Unit::Bytes)
    }

    /// 2^30.
    #[must_use]
    pub fn per_gb() -> Self {
        Self::whole(Bytes::PER_GB, Unit::BytesPerGb)
    }

    /// A whole number of records, lines or AZs.
    #[must_use]
    pub fn count(n: u64, unit: Unit) -> Self {
        Self::whole(n, unit)
    }

    /// Money.
    #[must_use]
    pub const fn money(usd: Usd) -> Self {
        Self::new(usd, Unit::Money)
    }

    /// Any other decimal.
    #[must_use]
    pub const fn decimal(amount: Decimal, unit: Unit) -> Self {
        Self::new(amount, unit)
    }

    /// The same, called so.
    #[must_use]
    pub const fn called(self, what: &'static str) -> Self {
        Self { what, ..self }
    }
}

/// One summand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// Whether it is taken away.
    pub minus: bool,
    /// How much.
    #[serde(flatten)]
    pub quantity: Quantity,
}

impl Term {
    pub(super) const fn plus(quantity: Quantity) -> Self {
        Self { minus: false, quantity }
    }

    pub(super) const fn less(quantity: Quantity) -> Self {
        Self { minus: true, quantity }
    }
}

/// What is worked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expression {
    /// Summands, the first of them positive.
    Sum(Vec<Term>),
    /// A product divided by others.
    Fraction {
        /// Multiplied.
        over: Vec<Quantity>,
        /// Divided by.
        under: Vec<Quantity>,
    },
    /// Products, added up and then divided.
    Products {
        /// Factors of each.
        sum: Vec<Vec<Quantity>>,
        /// Divided by.
        under: Vec<Quantity>,
    },
}

/// How a result came to its 12 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// It has no more.
    Exact,
    /// To the nearest, ties to even.
    HalfEven,
    /// Down, and up by one in the last place for the largest remainders, so that the parts of a split sum to the whole.
    LargestRemainder,
}

/// What stands beside a step's label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Working {
    /// The label opens a part.
    Part,
    /// Words.
    Note {
        /// One or more sentences.
        text: String,
    },
    /// Numbers as they were counted or read.
    Given {
        /// All of the same thing: its lines, its bytes, its cost.
        values: Vec<Quantity>,
    },
    /// Numbers of several things, a row each.
    Table {
        /// What the last number of each row is worked out of; absent where all were counted or read.
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<Rule>,
        /// The rows; numbers at one place have one unit.
        rows: Vec<Row>,
        /// The sum of each column.
        sums: Vec<Quantity>,
    },
    /// A number worked out of others.
    Worked {
        /// Of which.
        expression: Expression,
        /// How it was rounded.
        rounding: Rounding,
        /// What comes out.
        result: Quantity,
    },
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What the line is about.
    pub label: String,
    /// The line.
    #[serde(flatten)]
    pub working: Working,
    /// Where given numbers come from; empty where that is no question.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Expression {
    /// Everything added.
    pub(super) fn sum(quantities: impl IntoIterator<Item = Quantity>) -> Self {
        Self::Sum(quantities.into_iter().map(Term::plus).collect())
    }

    /// The first less the others.
    pub(super) fn difference(first: Quantity, others: impl IntoIterator<Item = Quantity>) -> Self {
        Self::Sum([Term::plus(first)].into_iter().chain(others.into_iter().map(Term::less)).collect())
    }

    /// Some added, others taken away.
    pub(super) fn net(more: impl IntoIterator<Item = Quantity>, less: impl IntoIterator<Item = Quantity>) -> Self {
        Self::Sum(more.into_iter().map(Term::plus).chain(less.into_iter().map(Term::less)).collect())
    }

    /// A product divided by others.
    pub(super) fn fraction(
        over: impl IntoIterator<Item = Quantity>,
        under: impl IntoIterator<Item = Quantity>,
    ) -> Self {
        Self::Fraction { over: over.into_iter().collect(), under: under.into_iter().collect() }
    }

    /// Products of these factors, added up and then divided.
    pub(super) fn products(
        sum: impl IntoIterator<Item = Vec<Quantity>>,
        under: impl IntoIterator<Item = Quantity>,
    ) -> Self {
        Self::Products { sum: sum.into_iter().collect(), under: under.into_iter().collect() }
    }

    /// How `result` comes out of this; `None` if it does not, or if 128 bits do not hold the way there.
    fn gives(&self, how: Rounding, result: Decimal) -> Option<Rounding> {
        let (n, d) = match self {
            Self::Sum(terms) => {
                let add = |sum: i128, term: &Term| {
                    let units = term.quantity.amount.units();
                    if term.minus { sum.checked_sub(units) } else { sum.checked_add(units) }
                };
                (terms.iter().try_fold(0, add)?, 1)
            }
            Self::Fraction { over, under } => reduced(over, under)?,
            Self::Products { sum, under } => added(sum, under)?,
        };
        let exact = n % d == 0 && n / d == result.units();
        let down = n.div_euclid(d);
        match how {
            _ if exact => Some(Rounding::Exact),
            Rounding::LargestRemainder => {
                (result.units() == down || result.units().checked_sub(1) == Some(down)).then_some(how)
            }
            _ => (div_half_even(n, d) == result.units()).then_some(Rounding::HalfEven),
        }
    }
}

/// The fraction in 10^-12 as numerator and positive denominator, small enough to be rounded.
fn reduced(over: &[Quantity], under: &[Quantity]) -> Option<(i128, i128)> {
    let ((mut above, tens), (mut below, tens_below)) = (factors(over), factors(under));
    let tens = 12 - tens + tens_below;
    let power = vec![10i128; usize::try_from(tens.abs()).ok()?];
    if tens >= 0 {
        above.extend(power);
    } else {
        below.extend(power);
    }
    for a in &mut above {
        for b in &mut below {
            let common = gcd(a.unsigned_abs(), b.unsigned_abs());
            let common = i128::try_from(common.max(1)).ok()?;
            (*a, *b) = (*a / common, *b / common);
        }
    }
    let product = |factors: &[i128]| factors.iter().try_fold(1i128, |n, &f| n.checked_mul(f));
    let (n, d) = (product(&above)?, product(&below)?);
    let (n, d) = if d < 0 { (n.checked_neg()?, d.checked_neg()?) } else { (n, d) };
    // Rounding doubles the remainder.
    (0 < d && d < i128::MAX / 2).then_some((n, d))
}

/// Products over a common divisor in 10^-12, as numerator and positive denominator.
fn added(sum: &[Vec<Quantity>], under: &[Quantity]) -> Option<(i128, i128)> {
    let product = |factors: &[i128]| factors.iter().try_fold(1i128, |n, &f| n.checked_mul(f));
    let mut above = 0i128;
    for quantities in sum {
        let (integers, places) = factors(quantities);
        let shift = 10i128.checked_pow(u32::try_from(12 - places).ok()?)?;
        above = above.checked_add(product(&integers)?.checked_mul(shift)?)?;
    }
    let (integers, places) = factors(under);
    let below = product(&integers)?;
    let above = above.checked_mul(10i128.checked_pow(u32::try_from(places).ok()?)?)?;
    let common = i128::try_from(gcd(above.unsigned_abs(), below.unsigned_abs()).max(1)).ok()?;
    let (n, d) = (above / common, below / common);
    // Rounding doubles the remainder.
    (0 < d && d < i128::MAX / 2).then_some((n, d))
}

/// The quantities without their decimal points, and how many places those were moved.
fn factors(quantities: &[Quantity]) -> (Vec<i128>, i32) {
    let mut places = 0;
    let integers = quantities.iter().map(|quantity| {
        let (mut units, mut left) = (quantity.amount.units(), 12);
        while left > 0 && units % 10 == 0 {
            (units, left) = (units / 10, left - 1);
        }
        places += left;
        units
    });
    (integers.collect(), places)
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Quantity {
        Quantity::money(Usd::parse(text).unwrap().0)
    }

    fn check(situation: &str, of: &Expression, how: Rounding, result: &str, expect: Option<Rounding>) {
        assert_eq!(of.gives(how, money(result).amount), expect, "{situation}");
    }

    #[test]
    fn only_what_comes_out_is_shown() {
        use Rounding::{Exact, HalfEven, LargestRemainder};
        let bytes = |n| Quantity::bytes(Bytes::new(n));
        let sum = Expression::sum([money("1.5"), money("-0.25")]);
        check("a sum", &sum, HalfEven, "1.25", Some(Exact));
        check("a wrong sum", &sum, HalfEven, "1.250000000001", None);
        let difference = Expression::difference(money("1"), [money("3"), money("0.5")]);
        check("a difference", &difference, HalfEven, "-2.5", Some(Exact));
        let third = Expression::fraction([money("1"), bytes(1)], [bytes(3)]);
        check("a third", &third, HalfEven, "0.333333333333", Some(HalfEven));
        check("a third is not more", &third, HalfEven, "0.333333333334", None);
        check("a third of a split", &third, LargestRemainder, "0.333333333333", Some(LargestRemainder));
        check("with the unit left over", &third, LargestRemainder, "0.333333333334", Some(LargestRemainder));
        check("not with two", &third, LargestRemainder, "0.333333333335", None);
        let loss = Expression::fraction([money("-1"), bytes(1)], [bytes(3)]);
        check("a third of a loss", &loss, LargestRemainder, "-0.333333333334", Some(LargestRemainder));
        check("by a loss", &Expression::fraction([bytes(1)], [money("-4")]), HalfEven, "-0.25", Some(Exact));
        check("by nothing", &Expression::fraction([money("1")], [money("0")]), HalfEven, "0", None);
        let nothing = Expression::fraction([money("0"), bytes(5)], [bytes(7)]);
        check("of nothing", &nothing, HalfEven, "0", Some(Exact));
        let petabytes = Expression::fraction(
            [money("14.88"), bytes(45_035_996_273_704_961)],
            [money("1279254.1234567891"), Quantity::per_gb()],
        );
        check("forty petabytes", &petabytes, HalfEven, "487.868", None);
        let tier = |n: u64, price: &str| vec![bytes(n << 30), Quantity { unit: Unit::MoneyPerGb, ..money(price) }];
        let tiers = Expression::products([tier(3, "0.01"), tier(2, "0.006")], [Quantity::per_gb()]);
        check("two tiers", &tiers, HalfEven, "0.042", Some(Exact));
        check("not a cent more", &tiers, HalfEven, "0.043", None);
        let odd = Expression::products([vec![bytes(1), money("1")], vec![bytes(1), money("1")]], [bytes(3)]);
        check("rounded once", &odd, HalfEven, "0.666666666667", Some(HalfEven));
        check("no products", &Expression::products([], [bytes(1)]), HalfEven, "0", Some(Exact));
        let absurd = Expression::products([vec![bytes(u64::MAX); 4]], [money("0.000000000001")]);
        check("products beyond what can be worked out", &absurd, HalfEven, "1", None);
        let absurd = Expression::fraction([bytes(u64::MAX); 4], [money("0.000000000001"); 4]);
        check("beyond what can be worked out", &absurd, HalfEven, "1", None);
    }
}
