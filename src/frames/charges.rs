//! The bill's charges as a frame with decimal money, and their sums by any of its keys.

use super::bridge::frame;
use super::flows::FrameError;
use arrow::array::{Array, Decimal128Array, RecordBatch, UInt32Array, UInt64Array};
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, col};
use std::sync::Arc;

/// Key columns of a [`ChargeFrame`]; all are indices into tables that the caller holds, but for the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeColumn {
    /// What it charges for.
    Kind,
    /// Usage, credit, ...
    Class,
    /// Account.
    Account,
    /// Region.
    Region,
    /// Gateway, endpoint, attachment.
    Resource,
    /// Days since 1970.
    Day,
}

impl ChargeColumn {
    const ALL: [Self; 6] = [Self::Kind, Self::Class, Self::Account, Self::Region, Self::Resource, Self::Day];

    const fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Class => "class",
            Self::Account => "account",
            Self::Region => "region",
            Self::Resource => "resource",
            Self::Day => "day",
        }
    }
}

const LINES: &str = "lines";
const AMOUNTS: [&str; 4] = ["bytes", "quantity", "cost", "list"];
/// Money and quantities in 10^-12 (product contract 5); bytes are whole.
const SCALES: [i8; 4] = [0, 12, 12, 12];
const PRECISION: u8 = 38;

/// Bytes, quantity, cost and list cost of a row or a group; `None` where one of its rows does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Bytes.
    pub bytes: Option<i128>,
    /// In 10^-12 of the unit.
    pub quantity: Option<i128>,
    /// In 10^-12 of the currency.
    pub cost: Option<i128>,
    /// In 10^-12 of the currency.
    pub list: Option<i128>,
}

impl Amounts {
    const fn values(self) -> [Option<i128>; 4] {
        [self.bytes, self.quantity, self.cost, self.list]
    }
}

/// Rows on their way into a frame, by column.
#[derive(Clone, Debug, Default)]
pub struct ChargeRows {
    keys: [Vec<u32>; 6],
    lines: Vec<u64>,
    amounts: [Vec<Option<i128>>; 4],
}

impl ChargeRows {
    /// Adds a row; `keys` in the order of [`ChargeColumn`].
    pub fn push(&mut self, keys: [u32; 6], lines: u64, amounts: Amounts) {
        for (column, key) in self.keys.iter_mut().zip(keys) {
            column.push(key);
        }
        self.lines.push(lines);
        for (column, amount) in self.amounts.iter_mut().zip(amounts.values()) {
            column.push(amount);
        }
    }
}

/// The charges: six `UInt32` keys, the bill's lines, and four decimals with nulls for what is not known.
#[derive(Clone, Debug)]
pub struct ChargeFrame(DataFrame);

/// Sums of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeGroup {
    /// Values of the keys that were grouped by, in their order.
    pub keys: Vec<u32>,
    /// Lines of the bill.
    pub lines: u64,
    /// Sums; `None` where a row of the group does not know.
    pub amounts: Amounts,
}

impl ChargeFrame {
    /// The frame of these rows.
    pub fn new(rows: ChargeRows) -> Result<Self, FrameError> {
        let mut columns: Vec<(&str, Arc<dyn Array>)> = Vec::new();
        for (column, keys) in ChargeColumn::ALL.iter().zip(rows.keys) {
            columns.push((column.name(), Arc::new(UInt32Array::from(keys))));
        }
        columns.push((LINES, Arc::new(UInt64Array::from(rows.lines))));
        for ((name, scale), amounts) in AMOUNTS.iter().zip(SCALES).zip(rows.amounts) {
            let decimals = Decimal128Array::from(amounts).with_precision_and_scale(PRECISION, scale)?;
            columns.push((name, Arc::new(decimals)));
        }
        Ok(Self(frame(&RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, AMOUNTS.contains(&name))),
        )?)?))
    }

    /// Sums by `keys`, sorted by them.
    pub fn sums(&self, keys: &[ChargeColumn]) -> Result<Vec<ChargeGroup>, FrameError> {
        let by: Vec<Expr> = keys.iter().map(|key| col(key.name())).collect();
        let mut sums = vec![col(LINES).cast(DataType::Int128).sum()];
        for name in AMOUNTS {
            sums.push(col(name).sum());
            sums.push(col(name).null_count().alias(unknown(name)));
        }
        let grouped = self.0.clone().lazy().group_by(by).agg(sums).collect()?;
        let key_columns = keys
            .iter()
            .map(|key| Ok(grouped.column(key.name())?.u32()?.iter().map(Option::unwrap_or_default).collect()))
            .collect::<Result<Vec<Vec<u32>>, FrameError>>()?;
        let lines: Vec<Option<i128>> = grouped.column(LINES)?.i128()?.iter().collect();
        let mut amounts = Vec::new();
        for name in AMOUNTS {
            let unknown: Vec<Option<i128>> =
                grouped.column(&unknown(name))?.cast(&DataType::Int128)?.i128()?.iter().collect();
            let sums: Vec<Option<i128>> = grouped.column(name)?.decimal()?.physical().iter().collect();
            let known = sums.into_iter().zip(unknown).map(|(sum, unknown)| sum.filter(|_| unknown == Some(0)));
            amounts.push(known.collect::<Vec<Option<i128>>>());
        }
        let mut groups = (0..grouped.height())
            .map(|row| {
                let [bytes, quantity, cost, list] = std::array::from_fn(|at| amounts[at][row]);
                let lines = u64::try_from(lines[row].unwrap_or_default()).map_err(|_| FrameError::Overflow)?;
                let keys = key_columns.iter().map(|column| column[row]).collect();
                Ok(ChargeGroup { keys, lines, amounts: Amounts { bytes, quantity, cost, list } })
            })
            .collect::<Result<Vec<ChargeGroup>, FrameError>>()?;
        groups.sort_by(|a, b| a.keys.cmp(&b.keys));
        Ok(groups)
    }
}

fn unknown(name: &str) -> String {
    format!("{name}_unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: &[(u32, Option<i128>)]) -> ChargeFrame {
        let mut all = ChargeRows::default();
        for &(resource, cost) in rows {
            let amounts = Amounts { bytes: Some(1), quantity: None, cost, list: Some(-5) };
            all.push([0, 0, 0, 0, resource, 20_000], 2, amounts);
        }
        ChargeFrame::new(all).expect("columns of one length")
    }

    #[test]
    fn money_sums_are_exact_and_what_is_not_known_stays_so() {
        let large = 10i128.pow(36);
        let frame = frame(&[(2, Some(large)), (1, Some(7)), (2, Some(1)), (1, None)]);
        let sums = frame.sums(&[ChargeColumn::Resource]).expect("sums");
        let amounts = |cost| Amounts { bytes: Some(2), quantity: None, cost, list: Some(-10) };
        let expect = [
            ChargeGroup { keys: vec![1], lines: 4, amounts: amounts(None) },
            ChargeGroup { keys: vec![2], lines: 4, amounts: amounts(Some(large + 1)) },
        ];
        assert_eq!(sums, expect);
        assert_eq!(frame.sums(&[ChargeColumn::Kind, ChargeColumn::Day]).expect("sums")[0].keys, [0, 20_000]);
    }

    #[test]
    fn no_charges_no_groups() {
        assert_eq!(frame(&[]).sums(&[ChargeColumn::Kind]).expect("sums"), []);
    }
}
