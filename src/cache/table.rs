//! Rows of integers, one list of them for each object: Arrow columns from rows, and rows from Arrow columns. Knows no meaning.

use arrow::array::{Array, ArrayRef, ListArray, RecordBatch, StringArray, StructArray, UInt32Array, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use std::ops::Range;
use std::sync::Arc;

/// What a list of rows is called, and its columns: `W` of 32 bits, then `S` of 64.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<const W: usize, const S: usize> {
    pub name: &'static str,
    pub words: [&'static str; W],
    pub sums: [&'static str; S],
}

/// Rows on their way into columns.
#[derive(Debug)]
pub(super) struct Rows<const W: usize, const S: usize> {
    shape: Shape<W, S>,
    ends: Vec<usize>,
    len: usize,
    words: [Vec<u32>; W],
    sums: [Vec<u64>; S],
}

impl<const W: usize, const S: usize> Rows<W, S> {
    pub(super) fn new(shape: Shape<W, S>) -> Self {
        Self { shape, ends: Vec::new(), len: 0, words: [const { Vec::new() }; W], sums: [const { Vec::new() }; S] }
    }

    pub(super) fn push(&mut self, words: [u32; W], sums: [u64; S]) {
        self.words.iter_mut().zip(words).for_each(|(column, word)| column.push(word));
        self.sums.iter_mut().zip(sums).for_each(|(column, sum)| column.push(sum));
        self.len += 1;
    }

    /// The object has no more rows.
    pub(super) fn end(&mut self) {
        self.ends.push(self.len);
    }

    /// One list for each object; `None` if there are more rows than a list can have.
    pub(super) fn finish(self) -> Option<(FieldRef, ArrayRef)> {
        let Shape { name, words, sums } = self.shape;
        let field = |name: &str, kind| Arc::new(Field::new(name, kind, false));
        let words = words
            .iter()
            .zip(self.words)
            .map(|(name, column)| (field(name, DataType::UInt32), Arc::new(UInt32Array::from(column)) as ArrayRef));
        let sums = sums
            .iter()
            .zip(self.sums)
            .map(|(name, column)| (field(name, DataType::UInt64), Arc::new(UInt64Array::from(column)) as ArrayRef));
        let values: StructArray = StructArray::from(words.chain(sums).collect::<Vec<_>>());
        list(name, &self.ends, Arc::new(values))
    }
}

fn list(name: &str, ends: &[usize], values: ArrayRef) -> Option<(FieldRef, ArrayRef)> {
    i32::try_from(values.len()).ok()?;
    let mut before = 0;
    let lengths = ends.iter().map(|end| end - std::mem::replace(&mut before, *end));
    let item = Arc::new(Field::new("item", values.data_type().clone(), false));
    let list = ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, None).ok()?;
    Some((Arc::new(Field::new(name, list.data_type().clone(), false)), Arc::new(list)))
}

/// Texts on their way into a column.
#[derive(Debug, Default)]
pub(super) struct Texts {
    ends: Vec<usize>,
    texts: Vec<String>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) {
        self.texts.push(text.to_owned());
    }

    pub(super) fn end(&mut self) {
        self.ends.push(self.texts.len());
    }

    pub(super) fn finish(self, name: &str) -> Option<(FieldRef, ArrayRef)> {
        list(name, &self.ends, Arc::new(StringArray::from(self.texts)))
    }
}

/// Rows that came back.
#[derive(Debug)]
pub(super) struct ReadRows<'a, const W: usize, const S: usize> {
    offsets: &'a [i32],
    words: [&'a [u32]; W],
    sums: [&'a [u64]; S],
}

impl<'a, const W: usize, const S: usize> ReadRows<'a, W, S> {
    /// The rows of this shape in a batch; `None` if it has none.
    pub(super) fn of(batch: &'a RecordBatch, shape: &Shape<W, S>) -> Option<Self> {
        let (offsets, values) = values(batch, shape.name)?;
        let values = values.as_any().downcast_ref::<StructArray>().filter(|values| values.null_count() == 0)?;
        let words = shape.words.iter().map(|name| column::<UInt32Array>(values, name).map(|c| &c.values()[..]));
        let sums = shape.sums.iter().map(|name| column::<UInt64Array>(values, name).map(|c| &c.values()[..]));
        Some(Self {
            offsets,
            words: words.collect::<Option<Vec<_>>>()?.try_into().ok()?,
            sums: sums.collect::<Option<Vec<_>>>()?.try_into().ok()?,
        })
    }

    /// The rows of one object.
    pub(super) fn of_object(&self, object: usize) -> Option<impl ExactSizeIterator<Item = ([u32; W], [u64; S])>> {
        let range = span(self.offsets, object)?;
        Some(range.map(|at| (self.words.map(|column| column[at]), self.sums.map(|column| column[at]))))
    }
}

/// Texts that came back.
#[derive(Debug)]
pub(super) struct ReadTexts<'a> {
    offsets: &'a [i32],
    texts: &'a StringArray,
}

impl<'a> ReadTexts<'a> {
    pub(super) fn of(batch: &'a RecordBatch, name: &str) -> Option<Self> {
        let (offsets, texts) = values(batch, name)?;
        let texts = texts.as_any().downcast_ref::<StringArray>().filter(|texts| texts.null_count() == 0)?;
        Some(Self { offsets, texts })
    }

    pub(super) fn of_object(&self, object: usize) -> Option<impl ExactSizeIterator<Item = &'a str>> {
        let texts = self.texts;
        span(self.offsets, object).map(|range| range.map(|at| texts.value(at)))
    }
}

fn values<'a>(batch: &'a RecordBatch, name: &str) -> Option<(&'a [i32], &'a ArrayRef)> {
    let list = batch.column_by_name(name)?.as_any().downcast_ref::<ListArray>()?;
    (list.null_count() == 0).then(|| (list.value_offsets(), list.values()))
}

fn column<'a, A: Array + 'static>(values: &'a StructArray, name: &str) -> Option<&'a A> {
    values.column_by_name(name)?.as_any().downcast_ref::<A>().filter(|column| column.null_count() == 0)
}

/// Arrow vouches for offsets that grow and stay inside the values.
fn span(offsets: &[i32], object: usize) -> Option<Range<usize>> {
    let at = |index: usize| usize::try_from(*offsets.get(index)?).ok();
    Some(at(object)?..at(object + 1)?)
}
