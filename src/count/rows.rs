//! Sums by key, in the order in which keys came. Made for many new keys: one is added at the end of a vector, and the index
//! beside it is small enough for the processor's caches, where a hash map would touch new memory at random.

use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash};

/// Where an entry is, and half of its key's hash: growing the index reads no entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub hash: u32,
    pub at: u32,
}

/// Values by key.
#[derive(Clone, Debug)]
pub struct Rows<K, V> {
    entries: Vec<(K, V)>,
    index: HashTable<Slot>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: HashTable::new(), hasher: hashbrown::DefaultHashBuilder::default() }
    }
}

impl<K: Copy + Eq + Hash, V: Default> Rows<K, V> {
    /// The value of a key; a new key's is the default.
    ///
    /// # Panics
    /// With 2^32 keys, of which no memory holds the records.
    #[inline]
    pub fn of(&mut self, key: K) -> &mut V {
        let place = self.place(key);
        self.at(place)
    }

    /// The value at a place that [`Rows::place`] gave.
    ///
    /// # Panics
    /// At any other place.
    #[inline]
    pub fn at(&mut self, place: usize) -> &mut V {
        &mut self.entries[place].1
    }

    /// Where a key is, until all are forgotten; a new key's value is the default.
    ///
    /// # Panics
    /// As [`Rows::of`].
    #[inline]
    pub fn place(&mut self, key: K) -> usize {
        let hash = half(self.hasher.hash_one(key));
        let entries = &self.entries;
        let same = |slot: &Slot| slot.hash == hash && entries[slot.at as usize].0 == key;
        let known = self.index.find(spread(hash), same).map(|slot| slot.at as usize);
        known.unwrap_or_else(|| {
            let at = self.entries.len();
            let slot = Slot { hash, at: u32::try_from(at).expect("fewer than 2^32 keys") };
            self.index.insert_unique(spread(hash), slot, |slot| spread(slot.hash));
            self.entries.push((key, V::default()));
            at
        })
    }

    /// Makes room for so many keys more.
    pub fn reserve(&mut self, keys: usize) {
        self.entries.reserve(keys);
        self.index.reserve(keys, |slot| spread(slot.hash));
    }

    /// Forgets every key, and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
    }

    /// Number of keys for which there is room.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Keys with their values, in the order in which the keys came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Bytes that they take.
    pub fn allocation_size(&self) -> usize {
        self.entries.capacity() * size_of::<(K, V)>() + self.index.allocation_size()
    }

    /// Number of keys.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What is kept of a hash.
#[expect(clippy::cast_possible_truncation, reason = "both halves are mixed in")]
#[inline]
pub(super) const fn half(hash: u64) -> u32 {
    (hash ^ hash >> 32) as u32
}

/// The index looks at the highest and the lowest bits.
#[inline]
pub(super) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn each_key_has_its_sum(added in prop::collection::vec((0u32..500, 0u64..1000), 0..3_000)) {
            let (mut rows, mut expect) = (Rows::<u32, u64>::default(), BTreeMap::<u32, u64>::new());
            for (key, value) in added {
                *rows.of(key) += value;
                *expect.entry(key).or_default() += value;
            }
            prop_assert_eq!(rows.len(), expect.len());
            prop_assert_eq!(rows.is_empty(), expect.is_empty());
            prop_assert_eq!(rows.iter().map(|(key, sum)| (*key, *sum)).collect::<BTreeMap<_, _>>(), expect);
        }
    }
}
