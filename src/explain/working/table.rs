//! Rows of numbers that one rule is behind.

use super::{Expression, Quantity, Rounding, Unit};
use crate::model::usd::Usd;
use serde::Serialize;

/// The last number of a row is the product of `over` and the row's number in `of`, divided by `under`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Multiplied.
    pub over: Vec<Quantity>,
    /// The unit of the row's own factor.
    pub of: Unit,
    /// Divided by.
    pub under: Vec<Quantity>,
    /// How results are rounded where they have more than 12 decimals.
    pub rounding: Rounding,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What the numbers are about.
    pub label: String,
    /// The numbers.
    pub values: Vec<Quantity>,
}

impl Row {
    pub(in crate::explain) fn new(label: impl Into<String>, values: impl IntoIterator<Item = Quantity>) -> Self {
        Self { label: label.into(), values: values.into_iter().collect() }
    }
}

impl Rule {
    /// The parts of a whole, by bytes, that sum to it.
    pub(in crate::explain) fn share(whole: Quantity, all: Quantity) -> Self {
        Self { over: vec![whole], of: Unit::Bytes, under: vec![all], rounding: Rounding::LargestRemainder }
    }

    /// Bytes at a price of a GB.
    pub(in crate::explain) fn price(over: impl IntoIterator<Item = Quantity>) -> Self {
        let over = over.into_iter().collect();
        Self { over, of: Unit::Bytes, under: vec![Quantity::per_gb()], rounding: Rounding::HalfEven }
    }

    /// The row's own arithmetic; `None` where it lacks a number.
    fn expression(&self, row: &Row) -> Option<(Expression, Quantity)> {
        let (result, others) = row.values.split_last()?;
        let own = others.iter().find(|quantity| quantity.unit == self.of)?;
        let over = self.over.iter().copied().chain([*own]);
        Some((Expression::fraction(over, self.under.iter().copied()), *result))
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        self.expression(row).is_some_and(|(of, result)| of.gives(self.rounding, result.amount).is_some())
    }
}

/// The sum of each column; none where the rows are not alike, or a sum is beyond 128 bits.
pub(super) fn sums(rows: &[Row]) -> Vec<Quantity> {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    let mut sums = first.values.clone();
    for row in others {
        if row.values.len() != sums.len() {
            return Vec::new();
        }
        for (sum, value) in sums.iter_mut().zip(&row.values) {
            let Some(units) = sum.amount.units().checked_add(value.amount.units()) else { return Vec::new() };
            if sum.unit != value.unit {
                return Vec::new();
            }
            sum.amount = Usd::from_units(units);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bytes::Bytes;

    fn row(bytes: u64, usd: &str) -> Row {
        Row::new("a row", [Quantity::bytes(Bytes::new(bytes)), Quantity::money(Usd::parse(usd).unwrap().0)])
    }

    fn check(situation: &str, rule: &Rule, row: &Row, expect: bool) {
        assert_eq!(rule.holds(row), expect, "{situation}");
    }

    #[test]
    fn a_rule_holds_for_what_it_gives() {
        let one = Quantity::money(Usd::parse("1").unwrap().0);
        let share = Rule::share(one, Quantity::bytes(Bytes::new(3)));
        check("a third", &share, &row(1, "0.333333333333"), true);
        check("with the unit left over", &share, &row(1, "0.333333333334"), true);
        check("not more", &share, &row(1, "0.333333333335"), false);
        check("of nothing", &Rule::share(one, Quantity::bytes(Bytes::ZERO)), &row(0, "0"), false);
        let price = Rule::price([one]);
        check("half a GB", &price, &row(1 << 29, "0.5"), true);
        check("nearly", &price, &row(1 << 29, "0.500000000001"), false);
        check("no number of its own", &price, &Row::new("", [one]), false);
        check("no number", &price, &Row::new("", []), false);
    }

    #[test]
    fn only_like_is_added_to_like() {
        let two = sums(&[row(1, "0.5"), row(2, "0.25")]);
        assert_eq!((two[0].amount.to_string(), two[1].amount.to_string()), ("3".to_owned(), "0.75".to_owned()));
        assert_eq!(sums(&[row(1, "1"), Row::new("", [])]), []);
        let swapped = Row::new("", row(1, "1").values.into_iter().rev());
        assert_eq!(sums(&[row(1, "1"), swapped]), []);
        let most = Row::new("", [Quantity::money(Usd::from_units(i128::MAX))]);
        assert_eq!(sums(&[most.clone(), most]), []);
        assert_eq!(sums(&[]), []);
    }
}
