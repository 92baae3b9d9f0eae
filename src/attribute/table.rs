//! Values that rows point to by number.

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher, Hash};

/// Distinct values by number, each there once.
pub(super) struct Table<T> {
    rows: Vec<T>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<T: Eq + Hash> Table<T> {
    /// The number of a value; a new one gets the next.
    pub(super) fn key(&mut self, value: T) -> u32 {
        let Self { rows, index, hasher } = self;
        let same = |at: &u32| rows[*at as usize] == value;
        match index.entry(hasher.hash_one(&value), same, |at| hasher.hash_one(&rows[*at as usize])) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let at = u32::try_from(rows.len()).expect("fewer than 2^32 values");
                free.insert(at);
                rows.push(value);
                at
            }
        }
    }

    /// Takes the values of another table, in its order: the number here of each of its numbers.
    pub(super) fn take(&mut self, other: Self) -> Vec<u32> {
        other.rows.into_iter().map(|value| self.key(value)).collect()
    }

    /// The values, by number.
    pub(super) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The values, by number.
    pub(super) fn into_rows(self) -> Vec<T> {
        self.rows
    }
}
