//! The report as people read it, before it is drawn: facts, tables of typed cells, notes. Knows sums and footnotes, no layout.

use super::human::{self, Numbers, UNKNOWN};
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::report::Decimal;

/// Everything that is drawn, in order.
#[derive(Debug)]
pub(super) struct Document {
    pub title: String,
    pub facts: Vec<Fact>,
    pub sections: Vec<Section>,
    pub footer: String,
    pub numbers: Numbers,
}

/// One line of the headline.
#[derive(Debug)]
pub(super) struct Fact {
    pub label: &'static str,
    pub text: String,
    pub tone: Tone,
}

/// What colour may underline, never carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Warn,
}

/// A title with a table, a list, notes, or some of them.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub title: String,
    pub grid: Option<Grid>,
    pub items: Vec<Item>,
    pub notes: Vec<String>,
}

/// An entry of a list below a table.
#[derive(Debug)]
pub(super) struct Item {
    pub mark: String,
    pub text: String,
    pub hint: Option<String>,
    pub tone: Tone,
}

/// A table. Its total is computed from its rows, so that it cannot disagree with them unsaid.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// Label of the total row; `None` for a table that has none.
    pub total: Option<&'static str>,
}

/// What a column is and what a narrow terminal may do to it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub title: String,
    kind: Kind,
    optional: bool,
    note: Option<&'static str>,
    /// Columns of the highest rank leave first where there is no room; rank 0 stays.
    pub rank: u8,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    /// Numbers that add up to something.
    Summed,
}

/// Cells in the order of the columns, and whether they are part of the total.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub cells: Vec<Cell>,
    pub counts: bool,
}

/// One value, not yet rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Blank,
    Unknown,
    Text(String),
    Count(i128),
    Data(i128),
    /// Bytes as stored, always in MB.
    Stored(i128),
    Money(Usd),
    Price(Usd),
    Quantity(Decimal),
    Share {
        part: i128,
        whole: i128,
    },
}

impl Column {
    pub(super) fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), kind: Kind::Text, optional: false, note: None, rank: 0 }
    }

    pub(super) fn number(title: impl Into<String>) -> Self {
        Self { kind: Kind::Number, ..Self::text(title) }
    }

    /// A number whose column has a meaningful sum.
    pub(super) fn summed(title: impl Into<String>) -> Self {
        Self { kind: Kind::Summed, ..Self::text(title) }
    }

    /// Left out where no row knows it.
    pub(super) fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Shown in the background, with a note that says why.
    pub(super) fn dim(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// Whether the cells are numbers, which are aligned at their last digit.
    pub(super) fn is_numeric(&self) -> bool {
        self.kind != Kind::Text
    }

    /// Whether the cells are background.
    pub(super) fn is_dim(&self) -> bool {
        self.note.is_some()
    }

    fn sums(&self) -> bool {
        self.kind == Kind::Summed
    }

    pub(super) fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }
}

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self { cells, counts: true }
    }
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn known(text: Option<&String>) -> Self {
        text.map_or(Self::Unknown, Self::text)
    }

    pub(super) fn data(bytes: Option<Bytes>) -> Self {
        bytes.map_or(Self::Unknown, |b| Self::Data(human::int(b)))
    }

    pub(super) fn money(amount: Option<Usd>) -> Self {
        amount.map_or(Self::Unknown, Self::Money)
    }

    pub(super) fn price(amount: Option<Usd>) -> Self {
        amount.map_or(Self::Unknown, Self::Price)
    }

    pub(super) fn quantity(value: Option<Decimal>) -> Self {
        value.map_or(Self::Unknown, Self::Quantity)
    }

    /// The cell as it is printed; text is still raw.
    pub(super) fn show(&self, numbers: &Numbers) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Unknown => UNKNOWN.to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(n) => human::grouped(*n),
            Self::Data(bytes) => numbers.data(*bytes),
            Self::Stored(bytes) => human::megabytes(*bytes),
            Self::Money(amount) => numbers.money(*amount),
            Self::Price(price) => numbers.unit_price(*price),
            Self::Quantity(value) => human::quantity(*value),
            Self::Share { part, whole } => human::percent(*part, *whole),
        }
    }

    /// What a reader adds up, in units of the last decimal that is printed.
    pub(super) fn shown_number(&self, numbers: &Numbers) -> Option<i128> {
        match self {
            Self::Count(n) => Some(*n),
            Self::Data(bytes) => Some(numbers.data_rounded(*bytes)),
            Self::Stored(bytes) => Some(human::megabytes_rounded(*bytes)),
            Self::Money(amount) => Some(amount.cents()),
            Self::Quantity(value) => Some(human::quantity_rounded(*value)),
            // Nobody expects rounded shares to add up.
            _ => None,
        }
    }

    fn plus(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => Self::Count(a.saturating_add(*b)),
            (Self::Data(a), Self::Data(b)) => Self::Data(a.saturating_add(*b)),
            (Self::Stored(a), Self::Stored(b)) => Self::Stored(a.saturating_add(*b)),
            (Self::Money(a), Self::Money(b)) => Self::Money(sum(a, *b)),
            (Self::Quantity(a), Self::Quantity(b)) => Self::Quantity(sum(a, *b)),
            (Self::Share { part, whole }, Self::Share { part: more, .. }) => {
                Self::Share { part: part.saturating_add(*more), whole }
            }
            (Self::Blank | Self::Unknown | Self::Text(_), known) => known.clone(),
            (known, _) => known,
        }
    }
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>, rows: Vec<Row>) -> Self {
        Self { columns, rows, total: None }
    }

    pub(super) fn with_total(mut self, label: &'static str) -> Self {
        self.total = Some(label);
        self
    }

    /// Without the optional columns that no row knows.
    pub(super) fn without_unknown_columns(mut self) -> Self {
        let keep: Vec<bool> = (0..self.columns.len())
            .map(|i| {
                !self.columns[i].optional
                    || self.rows.iter().any(|r| !matches!(r.cells.get(i), None | Some(Cell::Unknown | Cell::Blank)))
            })
            .collect();
        self.keep_columns(&keep);
        self
    }

    /// Only the columns whose place in `keep` says so.
    pub(super) fn keep_columns(&mut self, keep: &[bool]) {
        retain_by(&mut self.columns, keep);
        for row in &mut self.rows {
            retain_by(&mut row.cells, keep);
        }
    }

    /// The sums of what the rows know; the label says where that is not everything.
    pub(super) fn total_row(&self) -> Option<Row> {
        let label = match self.total? {
            "Total" if self.total_is_partial() => "Known total",
            label => label,
        };
        Some(self.sum(self.rows.iter(), label.to_owned()))
    }

    /// The first `keep` rows and a row that sums the others, and the others; `None` where everything fits.
    pub(super) fn fold(&self, keep: usize) -> Option<(Self, Self)> {
        if self.rows.len() <= keep + 1 {
            return None;
        }
        let (shown, others) = self.rows.split_at(keep);
        let mut first = Self { rows: shown.to_vec(), ..self.clone() };
        if self.total.is_some() {
            first.rows.push(self.sum(others.iter(), format!("({} more)", others.len())));
        }
        Some((first, Self { rows: others.to_vec(), total: None, columns: self.columns.clone() }))
    }

    /// What a reader who checks the sums must know.
    pub(super) fn footnotes(&self, numbers: &Numbers) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.columns.iter().filter_map(|c| c.note.map(str::to_owned)));
        let Some(total) = self.total_row() else { return notes };
        if self.total_is_partial() {
            notes.push("The total leaves out what is n/a.".to_owned());
        }
        let off = |i: usize| {
            let shown =
                self.counted().filter_map(|r| r.cells[i].shown_number(numbers)).fold(0i128, i128::saturating_add);
            total.cells[i].shown_number(numbers).is_some_and(|t| t != shown)
        };
        let titles: Vec<&str> = (0..self.columns.len())
            .filter(|&i| self.columns[i].sums() && off(i))
            .map(|i| self.columns[i].title.as_str())
            .collect();
        if !titles.is_empty() {
            notes.push(format!("Rows do not add up because of rounding: {}.", titles.join(", ")));
        }
        notes
    }

    fn counted(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|r| r.counts)
    }

    fn total_is_partial(&self) -> bool {
        self.counted().any(|r| self.columns.iter().zip(&r.cells).any(|(c, cell)| c.sums() && *cell == Cell::Unknown))
    }

    fn sum<'a>(&self, rows: impl Iterator<Item = &'a Row>, label: String) -> Row {
        let mut cells: Vec<Cell> = self.columns.iter().map(|_| Cell::Blank).collect();
        for row in rows.filter(|r| r.counts) {
            for ((sum, cell), _) in cells.iter_mut().zip(&row.cells).zip(&self.columns).filter(|(_, c)| c.sums()) {
                *sum = std::mem::replace(sum, Cell::Blank).plus(cell);
            }
        }
        if let Some(first) = cells.first_mut() {
            *first = Cell::Text(label);
        }
        Row::new(cells)
    }
}

fn sum(a: Usd, b: Usd) -> Usd {
    Usd::from_units(a.units().saturating_add(b.units()))
}

fn retain_by<T>(list: &mut Vec<T>, keep: &[bool]) {
    let mut places = keep.iter();
    list.retain(|_| places.next().copied().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Cell {
        Cell::Money(Usd::parse(text).unwrap().0)
    }

    fn check(situation: &str, amounts: Vec<Cell>, total: &str, notes: &[&str]) {
        let rows = amounts.into_iter().map(|c| Row::new(vec![Cell::text("row"), c])).collect();
        let grid = Grid::new(vec![Column::text("What"), Column::summed("Cost")], rows).with_total("Total");
        let numbers = Numbers::new("USD", 0);
        let shown: Vec<String> = grid.total_row().unwrap().cells.iter().map(|c| c.show(&numbers)).collect();
        assert_eq!(shown.join(" "), total, "{situation}");
        assert_eq!(grid.footnotes(&numbers), notes, "{situation}");
    }

    #[test]
    fn totals_say_what_they_leave_out() {
        check("adds up", vec![usd("1.10"), usd("2.20")], "Total $3.30", &[]);
        let rounding = "Rows do not add up because of rounding: Cost.";
        check("three thirds of a cent", vec![usd("0.004"), usd("0.004"), usd("0.004")], "Total $0.01", &[rounding]);
        let partial = "The total leaves out what is n/a.";
        check("one unknown", vec![usd("1"), Cell::Unknown], "Known total $1.00", &[partial]);
        check("all unknown", vec![Cell::Unknown], "Known total n/a", &[partial]);
    }

    #[test]
    fn rows_outside_the_total_stay_outside() {
        let mut rows: Vec<Row> = ["1", "2", "4"].iter().map(|a| Row::new(vec![Cell::text(*a), usd(a)])).collect();
        rows[1].counts = false;
        let grid = Grid::new(vec![Column::text("What"), Column::summed("Cost")], rows).with_total("Total");
        assert_eq!(grid.total_row().unwrap().cells[1], usd("5"));
        let (first, others) = grid.fold(1).unwrap();
        assert_eq!(first.rows[1].cells, [Cell::text("(2 more)"), usd("4")]);
        assert_eq!(first.total_row().unwrap().cells[1], usd("5"));
        assert_eq!(others.rows.len(), 2);
        assert!(grid.fold(2).is_none(), "one row is not worth a fold");
    }

    #[test]
    fn columns_that_nobody_knows_leave() {
        let columns = vec![Column::text("A"), Column::text("B").optional(), Column::text("C")];
        let rows = vec![Row::new(vec![Cell::text("a"), Cell::Unknown, Cell::Unknown])];
        let grid = Grid::new(columns, rows).without_unknown_columns();
        assert_eq!(grid.columns.iter().map(|c| c.title.as_str()).collect::<Vec<_>>(), ["A", "C"]);
        assert_eq!(grid.rows[0].cells, [Cell::text("a"), Cell::Unknown]);
    }
}
