//! Rows of Parquet files as plain values.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::collections::BTreeMap;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Not known.
    Null,
    /// A flag.
    Flag(bool),
    /// A count.
    Count(i128),
    /// Money in 10^-12.
    Amount(i128),
    /// A text.
    Text(String),
    /// A day or a time.
    Time(i64),
}

impl Value {
    /// A text; `None` for null.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Null => None,
            other => panic!("{other:?} is no text"),
        }
    }

    /// A count or an amount; `None` for null.
    pub fn number(&self) -> Option<i128> {
        match self {
            Self::Count(number) | Self::Amount(number) => Some(*number),
            Self::Null => None,
            other => panic!("{other:?} is no number"),
        }
    }
}

/// A row by its columns.
pub type Row = BTreeMap<String, Value>;

/// All rows of a file.
pub fn read(name: &str, bytes: Vec<u8>) -> Vec<Row> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let rows = reader.get_row_iter(None).unwrap_or_else(|why| panic!("{name}: {why}"));
    let row = |row: parquet::record::Row| {
        let columns = row.get_column_iter().map(|(name, field)| (name.clone(), value(field)));
        columns.collect::<Row>()
    };
    rows.map(|found| row(found.unwrap_or_else(|why| panic!("{name}: {why}")))).collect()
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => Value::Flag(*flag),
        Field::Long(count) => Value::Count((*count).into()),
        Field::Date(day) => Value::Time((*day).into()),
        Field::TimestampMillis(time) => Value::Time(*time),
        Field::Str(text) => Value::Text(text.clone()),
        Field::Decimal(decimal) => {
            assert_eq!((decimal.precision(), decimal.scale()), (38, 12));
            let bytes: [u8; 16] = decimal.data().try_into().expect("16 bytes");
            Value::Amount(i128::from_be_bytes(bytes))
        }
        other => panic!("{other:?} is of no type that is exported"),
    }
}
