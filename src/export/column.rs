//! Columns as they are declared: name, type, whether a value may be missing, what it says, and how a row gives it. One table of
//! them is the schema of the files, of the DDL and of the values, so that the three cannot drift apart.

use crate::model::bytes::Bytes;
use crate::model::usd::Usd;

/// Types that Athena, Trino, Spark, `DuckDB`, Polars and pandas read alike. There is no unsigned integer and no float among them:
/// the first stop Spark and, past 2^31, Trino; the second are no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// BOOLEAN.
    Flag,
    /// INT64, signed.
    Count,
    /// INT32 with the logical type DATE.
    Day,
    /// INT64 with the logical type TIMESTAMP(MILLIS), UTC.
    Time,
    /// `FIXED_LEN_BYTE_ARRAY(16)` with the logical type DECIMAL(38, 12).
    Amount,
    /// `BYTE_ARRAY` with the logical type STRING.
    Text,
}

impl Kind {
    /// The type in Hive DDL. It has to be the file's own: Athena refuses a decimal of other digits.
    #[must_use]
    pub const fn hive(self) -> &'static str {
        match self {
            Self::Flag => "boolean",
            Self::Count => "bigint",
            Self::Day => "date",
            Self::Time => "timestamp",
            Self::Amount => "decimal(38,12)",
            Self::Text => "string",
        }
    }
}

/// A value on its way into a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell<'a> {
    /// Not known, which is not zero.
    Null,
    /// For [`Kind::Flag`].
    Flag(bool),
    /// For [`Kind::Count`]; what does not fit into 63 bits is an error and never another number.
    Count(i128),
    /// For [`Kind::Day`]: days since 1970.
    Day(u32),
    /// For [`Kind::Time`]: seconds since 1970, UTC.
    Time(i64),
    /// For [`Kind::Amount`].
    Amount(Usd),
    /// For [`Kind::Text`].
    Text(&'a str),
    /// For [`Kind::Text`]: a list, joined by commas.
    List(&'a [String]),
}

impl From<Bytes> for Cell<'_> {
    fn from(bytes: Bytes) -> Self {
        Self::Count(bytes.get().into())
    }
}

impl From<u64> for Cell<'_> {
    fn from(count: u64) -> Self {
        Self::Count(count.into())
    }
}

impl From<i128> for Cell<'_> {
    fn from(count: i128) -> Self {
        Self::Count(count)
    }
}

impl From<bool> for Cell<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Usd> for Cell<'_> {
    fn from(usd: Usd) -> Self {
        Self::Amount(usd)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Vec<String>> for Cell<'a> {
    fn from(list: &'a Vec<String>) -> Self {
        Self::List(list)
    }
}

impl<'a, T: Copy + Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Cell<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().into()
    }
}

/// Whether a value may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is always there.
    Never,
    /// It may be null, which is not zero.
    May,
}

/// What a column is, for whoever does not see rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Lower case with underscores; that of the JSON report where that has it.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be null.
    pub missing: Missing,
    /// What it says, in a few words; no quotes, because it becomes a comment in DDL.
    pub doc: &'static str,
    /// Whether its values make sense when added up: the manifest has the sum.
    pub adds_up: bool,
}

/// A column of rows of this type.
#[derive(Debug)]
pub struct Column<T> {
    /// What it is.
    pub shape: Shape,
    /// Its value in a row.
    pub get: for<'a> fn(&'a T) -> Cell<'a>,
}

impl<T> Column<T> {
    /// A column that is always there and adds up to nothing.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str, get: for<'a> fn(&'a T) -> Cell<'a>) -> Self {
        Self { shape: Shape { name, kind, missing: Missing::Never, doc, adds_up: false }, get }
    }

    /// A text.
    pub const fn text(name: &'static str, doc: &'static str, get: for<'a> fn(&'a T) -> Cell<'a>) -> Self {
        Self::new(name, Kind::Text, doc, get)
    }

    /// Bytes or another count, with its sum.
    pub const fn count(name: &'static str, doc: &'static str, get: for<'a> fn(&'a T) -> Cell<'a>) -> Self {
        Self::new(name, Kind::Count, doc, get).added_up()
    }

    /// Money, with its sum.
    pub const fn amount(name: &'static str, doc: &'static str, get: for<'a> fn(&'a T) -> Cell<'a>) -> Self {
        Self::new(name, Kind::Amount, doc, get).added_up()
    }

    /// A price, a ratio or another decimal that adds up to nothing.
    pub const fn rate(name: &'static str, doc: &'static str, get: for<'a> fn(&'a T) -> Cell<'a>) -> Self {
        Self::new(name, Kind::Amount, doc, get)
    }

    const fn added_up(self) -> Self {
        Self { shape: Shape { adds_up: true, ..self.shape }, get: self.get }
    }
}

/// The same column, and it may be null.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a column that is declared is a temporary")]
pub const fn or_null<T>(column: Column<T>) -> Column<T> {
    Column { shape: Shape { missing: Missing::May, ..column.shape }, get: column.get }
}
