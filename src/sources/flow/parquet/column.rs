//! One column of a batch. A text is converted once for each entry of its dictionary, a number where it is asked for: nothing is
//! written for each row, and a batch stays in the processor's caches.

use super::super::error::ReadError;
use super::super::layout::Field;
use super::super::record::{self, Cell};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{self as types, DataType};
use std::sync::Arc;

/// A column of texts as values. Null reads as `-`.
#[derive(Debug)]
pub(super) struct Texts<T> {
    /// The dictionary that `values` was made of. It is kept, so that no other can come to lie in its place.
    of: Option<ArrayRef>,
    /// A value for each entry of the dictionary and one for null, or a value for each row.
    values: Vec<T>,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    /// There is no such column.
    Absent,
    /// All have the first value.
    Same,
    /// Each has the value of its key.
    Keyed(ScalarBuffer<i32>),
    /// Each has its own.
    Plain,
}

impl<T> Default for Texts<T> {
    fn default() -> Self {
        Self { of: None, values: Vec::new(), rows: Rows::Absent }
    }
}

impl<T: Copy> Texts<T> {
    pub fn load(
        &mut self,
        field: Field,
        array: Option<&ArrayRef>,
        mut convert: impl FnMut(&[u8]) -> T,
    ) -> Result<(), ReadError> {
        self.rows = Rows::Absent;
        let Some(array) = array else { return Ok(()) };
        let dictionary = array.as_dictionary_opt::<types::Int32Type>();
        let entries = dictionary.map_or(array, |dictionary| dictionary.values());
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, entries)) {
            self.of = None;
            self.values.clear();
            plain(field, entries.as_ref(), &mut self.values, &mut convert)?;
            self.values.push(convert(b"-"));
            self.of = Some(Arc::clone(entries));
        }
        self.rows = match dictionary.map(|dictionary| (dictionary.keys(), dictionary.values().len())) {
            None => Rows::Plain,
            Some((keys, 1)) if keys.null_count() == 0 => Rows::Same,
            Some((keys, _)) if keys.null_count() == 0 => Rows::Keyed(keys.values().clone()),
            // What is no key stands for null.
            Some((keys, _)) => Rows::Keyed(keys.iter().map(|key| key.unwrap_or(-1)).collect()),
        };
        Ok(())
    }

    /// Makes it a column that there is not.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub const fn is_absent(&self) -> bool {
        matches!(self.rows, Rows::Absent)
    }

    /// The value of every row, if it is one; `absent` if there is no such column.
    pub fn of_all_rows(&self, absent: T) -> Option<T> {
        match self.rows {
            Rows::Absent => Some(absent),
            Rows::Same => self.values.first().copied(),
            Rows::Keyed(_) | Rows::Plain => None,
        }
    }

    /// The rows to read. `absent` is what they say where there is no such column, `counting` counts from 0 for each row.
    pub fn view<'a>(&'a self, absent: &'a [T; 1], counting: &'a [i32]) -> View<'a, T> {
        let (values, keys) = match &self.rows {
            Rows::Absent => (&absent[..], None),
            Rows::Same => (&self.values[..], None),
            Rows::Keyed(keys) => (&self.values[..], Some(&keys[..])),
            Rows::Plain => (&self.values[..], Some(counting)),
        };
        View { values, keys: keys.unwrap_or(&[0]), mask: if keys.is_some() { usize::MAX } else { 0 } }
    }
}

/// The rows of a column, whichever way they are held: reading one takes no decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a, T> {
    /// At least one; the last for what is no key.
    values: &'a [T],
    keys: &'a [i32],
    /// 0 where the first key is every row's.
    mask: usize,
}

impl<T: Copy> View<'_, T> {
    #[inline]
    pub fn get(&self, row: usize) -> T {
        let key = usize::try_from(self.keys[row & self.mask]).unwrap_or(usize::MAX);
        self.values[key.min(self.values.len() - 1)]
    }
}

/// Fills `out` with a value for each text.
fn plain<T>(
    field: Field,
    array: &dyn Array,
    out: &mut Vec<T>,
    convert: &mut impl FnMut(&[u8]) -> T,
) -> Result<(), ReadError> {
    match array.data_type() {
        DataType::Utf8 => {
            out.extend(array.as_string::<i32>().iter().map(|text| convert(text.map_or(b"-", str::as_bytes))));
        }
        DataType::Binary => {
            out.extend(array.as_binary::<i32>().iter().map(|text| convert(text.unwrap_or(b"-"))));
        }
        DataType::Int64 => {
            let numbers = array.as_primitive::<types::Int64Type>().iter();
            out.extend(numbers.map(|number| match number {
                Some(number) => convert(&padded(field, number)),
                None => convert(b"-"),
            }));
        }
        _ if array.null_count() == array.len() => out.extend((0..array.len()).map(|_| convert(b"-"))),
        _ => {
            let found = array.data_type().to_string();
            return Err(ReadError::ColumnType { column: field.name().to_owned(), found });
        }
    }
    Ok(())
}

/// A text that somebody's table holds as a number; account ids lose their leading zeros that way.
fn padded(field: Field, number: i64) -> Vec<u8> {
    let width = if field == Field::AccountId { 12 } else { 0 };
    format!("{number:0width$}").into_bytes()
}

/// A column of numbers of any width, or of numbers as text. Null is absent.
#[derive(Debug, Default)]
pub(super) enum Numbers {
    /// There is no such column.
    #[default]
    None,
    /// The two that AWS writes, without nulls.
    Long(ScalarBuffer<i64>),
    Int(ScalarBuffer<i32>),
    Other(Vec<Cell<u64>>),
}

impl Numbers {
    pub fn load(&mut self, field: Field, array: Option<&ArrayRef>) -> Result<(), ReadError> {
        *self = Self::None;
        let Some(array) = array else { return Ok(()) };
        *self = match array.data_type() {
            DataType::Int64 if array.null_count() == 0 => {
                Self::Long(array.as_primitive::<types::Int64Type>().values().clone())
            }
            DataType::Int32 if array.null_count() == 0 => {
                Self::Int(array.as_primitive::<types::Int32Type>().values().clone())
            }
            DataType::Int64 => Self::Other(cells::<types::Int64Type>(array)),
            DataType::Int32 => Self::Other(cells::<types::Int32Type>(array)),
            DataType::UInt64 => Self::Other(cells::<types::UInt64Type>(array)),
            DataType::UInt32 => Self::Other(cells::<types::UInt32Type>(array)),
            DataType::Int16 => Self::Other(cells::<types::Int16Type>(array)),
            DataType::UInt16 => Self::Other(cells::<types::UInt16Type>(array)),
            DataType::Int8 => Self::Other(cells::<types::Int8Type>(array)),
            DataType::UInt8 => Self::Other(cells::<types::UInt8Type>(array)),
            _ => {
                let mut texts = Texts::default();
                texts.load(field, Some(array), record::number)?;
                let counting: Vec<i32> = (0..).take(array.len()).collect();
                let view = texts.view(&[Cell::Absent], &counting);
                Self::Other((0..array.len()).map(|row| view.get(row)).collect())
            }
        };
        Ok(())
    }

    #[inline]
    pub fn get(&self, row: usize) -> Cell<u64> {
        match self {
            Self::None => Cell::Absent,
            Self::Long(values) => cell(Some(values[row])),
            Self::Int(values) => cell(Some(values[row])),
            Self::Other(cells) => cells.get(row).copied().unwrap_or(Cell::Absent),
        }
    }
}

fn cells<K: ArrowPrimitiveType>(array: &ArrayRef) -> Vec<Cell<u64>>
where
    u64: TryFrom<K::Native>,
{
    array.as_primitive::<K>().iter().map(cell).collect()
}

#[inline]
fn cell<N>(number: Option<N>) -> Cell<u64>
where
    u64: TryFrom<N>,
{
    match number.map(u64::try_from) {
        None => Cell::Absent,
        Some(Ok(value)) => Cell::Value(value),
        Some(Err(_)) => Cell::Bad,
    }
}
