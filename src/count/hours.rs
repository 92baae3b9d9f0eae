//! Sums by key and hour, each key once with its hours in a few bytes each, without loss: memory follows the keys.
//!
//! A key's hours are a list of entries: the step from the hour before, then records and bytes of each way that has any. A new
//! entry goes to the end, also for an hour that is there already; when the list's block is full, equal hours become one. So a
//! list takes no more than about twice what its distinct hours need, and an entry is moved a bounded number of times.

use super::blocks::{Block, Blocks, Size};
use super::fold::{RowSum, RowSums};
use super::rows::{Slot, half, spread};
use crate::model::packed::{put, step, stepped, take};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher, Hash};
use std::ops::Range;

/// Sums by key and hour.
#[derive(Debug)]
pub struct HourLists<K> {
    lists: Vec<Keyed<K>>,
    index: HashTable<Slot>,
    hasher: DefaultHashBuilder,
    blocks: Blocks,
    /// The hour from which every list's first entry steps.
    origin: u32,
    hours: Vec<(u32, RowSums)>,
    bytes: Vec<u8>,
}

/// A key with its list, in one line of the processor's caches.
#[derive(Debug)]
#[repr(align(64))]
struct Keyed<K> {
    key: K,
    list: List,
}

/// Where a key's entries are.
#[derive(Clone, Copy, Debug)]
struct List {
    block: Block,
    len: u32,
    /// Hour of the last entry.
    last: u32,
    /// Whether each hour is later than the one before.
    rising: bool,
}

/// Keys that are looked up together.
const AT_ONCE: usize = 32;

/// The place of a key that is not there.
const NOWHERE: u32 = u32::MAX;

const ALONG: u64 = 1;
const AGAINST: u64 = 2;
const WAYS: u32 = 2;
/// Most bytes that a step takes with its ways.
const LONGEST_STEP: usize = 5;

impl<K> Default for HourLists<K> {
    fn default() -> Self {
        Self {
            lists: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            blocks: Blocks::default(),
            origin: 0,
            hours: Vec::new(),
            bytes: Vec::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> HourLists<K> {
    /// Adds to the sums of keys and hours. Several keys are looked up before anything is added to the first: none of them is in the
    /// processor's caches, and it waits for all of them at once.
    pub fn add_all<'r>(&mut self, rows: impl IntoIterator<Item = (K, u32, &'r RowSums)>) {
        let hasher = self.hasher.clone();
        let mut rows = rows.into_iter().map(|row| (half(hasher.hash_one(row.0)), row));
        let (mut batch, mut places) = (Vec::with_capacity(AT_ONCE), [NOWHERE; AT_ONCE]);
        loop {
            batch.clear();
            batch.extend(rows.by_ref().take(AT_ONCE));
            if batch.is_empty() {
                return;
            }
            for ((hash, _), place) in batch.iter().zip(&mut places) {
                *place = self.index.find(spread(*hash), |slot| slot.hash == *hash).map_or(NOWHERE, |slot| slot.at);
            }
            for ((hash, (key, hour, _)), place) in batch.iter().zip(&mut places) {
                // Another key of the same half, or none yet.
                if self.lists.get(*place as usize).is_none_or(|list| list.key != *key) {
                    *place = self.place(*hash, *key, *hour);
                }
            }
            // The ends of all lists, which nobody waits for one by one.
            let ends = places.iter().take(batch.len()).map(|&place| {
                let List { block, len, .. } = self.lists[place as usize].list;
                self.blocks.bytes(block).get(len as usize).copied().unwrap_or_default()
            });
            std::hint::black_box(ends.fold(0, u8::wrapping_add));
            for ((_, (_, hour, sums)), place) in batch.iter().zip(places) {
                self.add_at(place as usize, *hour, sums);
            }
        }
    }

    #[cold]
    fn place(&mut self, hash: u32, key: K, hour: u32) -> u32 {
        let lists = &self.lists;
        let same = |slot: &Slot| slot.hash == hash && lists[slot.at as usize].key == key;
        let found = self.index.find(spread(hash), same).map(|slot| slot.at);
        found.unwrap_or_else(|| self.insert(hash, key, hour))
    }

    #[inline]
    fn add_at(&mut self, at: usize, hour: u32, sums: &RowSums) {
        let mut list = self.lists[at].list;
        let mut entry = Entry::new(list.last, hour, sums);
        if list.len as usize + entry.bytes().len() > list.block.size().bytes() {
            list = self.with_room(list, entry.bytes().len());
            entry = Entry::new(list.last, hour, sums);
        }
        list.rising &= list.len == 0 || hour > list.last;
        list.last = hour;
        entry.write_to(&mut self.blocks.bytes_mut(list.block)[list.len as usize..]);
        list.len += u32::try_from(entry.len).expect("an entry is short");
        self.lists[at].list = list;
        if self.blocks.is_sparse() {
            self.move_together();
        }
    }

    /// Lists grow at the same time: without this, blocks of the sizes that they had would stay for ever.
    #[cold]
    fn move_together(&mut self) {
        let mut order: Vec<u32> = (0..).take(self.lists.len()).collect();
        order.sort_unstable_by_key(|&at| self.lists[at as usize].list.block.order());
        let mut blocks = Blocks::default();
        for at in order {
            let list = &mut self.lists[at as usize].list;
            list.block = self.blocks.move_to(&mut blocks, list.block);
        }
        self.blocks = blocks;
    }

    fn insert(&mut self, hash: u32, key: K, hour: u32) -> u32 {
        if self.lists.is_empty() {
            self.origin = hour;
        }
        let at = u32::try_from(self.lists.len()).expect("fewer than 2^32 keys");
        let list = List { block: self.blocks.take(Size::SMALLEST), len: 0, last: self.origin, rising: true };
        self.lists.push(Keyed { key, list });
        self.index.insert_unique(spread(hash), Slot { hash, at }, |slot| spread(slot.hash));
        at
    }

    /// The list with every hour once, in a block that has room for another entry and for half of what is there.
    fn with_room(&mut self, mut list: List, entry: usize) -> List {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        if list.rising {
            bytes.extend_from_slice(self.entries(&list));
        } else {
            let mut hours = std::mem::take(&mut self.hours);
            self.decode(&list, &mut hours);
            list.last = self.origin;
            for (hour, sums) in &hours {
                bytes.extend_from_slice(Entry::new(list.last, *hour, sums).bytes());
                list.last = *hour;
            }
            list.rising = true;
            self.hours = hours;
        }
        let size = Size::holding(bytes.len() + (bytes.len() / 2).max(entry + LONGEST_STEP));
        if size != list.block.size() {
            self.blocks.give(list.block);
            list.block = self.blocks.take(size);
        }
        self.blocks.bytes_mut(list.block)[..bytes.len()].copy_from_slice(&bytes);
        list.len = u32::try_from(bytes.len()).expect("a block is smaller than 4 GiB");
        self.bytes = bytes;
        list
    }

    fn entries(&self, list: &List) -> &[u8] {
        &self.blocks.bytes(list.block)[..list.len as usize]
    }

    /// The hours of a list that is not rising, in order, each once.
    fn decode(&self, list: &List, hours: &mut Vec<(u32, RowSums)>) {
        hours.clear();
        hours.extend(Entries { rest: self.entries(list), hour: self.origin });
        hours.sort_unstable_by_key(|(hour, _)| *hour);
        hours.dedup_by(|(hour, sums), (kept, of_kept)| {
            let same = hour == kept;
            if same {
                of_kept.merge(sums);
            }
            same
        });
    }

    /// Number of keys.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Every key with its hours, in no order and perhaps one several times.
    pub fn iter(&self) -> impl Iterator<Item = (&K, impl Iterator<Item = u32>)> {
        let hours = |list| Entries { rest: self.entries(list), hour: self.origin }.map(|(hour, _)| hour);
        self.lists.iter().map(move |keyed| (&keyed.key, hours(&keyed.list)))
    }

    /// Every key with its hours in order, each once, and their sums.
    pub fn for_each(&self, mut each: impl FnMut(&K, Hours<'_>)) {
        for (number, Keyed { key, .. }) in self.lists.iter().enumerate() {
            each(key, self.hours(number));
        }
    }

    /// The keys with these numbers, each with its number and entries as they were added: hours in no order, perhaps one several times.
    pub fn entries_of(&self, numbers: Range<usize>) -> impl Iterator<Item = (usize, &K, Entries<'_>)> {
        let entries = |list| Entries { rest: self.entries(list), hour: self.origin };
        numbers.clone().zip(&self.lists[numbers]).map(move |(at, Keyed { key, list })| (at, key, entries(list)))
    }

    /// The hours of the key with this number, as [`HourLists::for_each`] tells them.
    #[must_use]
    pub fn hours(&self, number: usize) -> Hours<'_> {
        let list = &self.lists[number].list;
        if list.rising {
            return Hours::Rising(Entries { rest: self.entries(list), hour: self.origin });
        }
        let mut sorted = Vec::new();
        self.decode(list, &mut sorted);
        Hours::Sorted(sorted.into_iter())
    }

    /// Bytes of the blocks in which the hours are.
    #[must_use]
    pub const fn entry_bytes(&self) -> usize {
        self.blocks.memory()
    }

    /// Bytes that it holds in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.lists.capacity() * size_of::<Keyed<K>>() + self.index.allocation_size() + self.blocks.memory()
    }
}

/// An entry on its way into a list.
struct Entry {
    bytes: [u8; LONGEST_STEP + 4 * crate::model::packed::LONGEST],
    len: usize,
}

impl Entry {
    #[inline]
    fn new(last: u32, hour: u32, sums: &RowSums) -> Self {
        let mut entry = Self { bytes: [0; _], len: 0 };
        let has = |sum: &RowSum, way: u64| if *sum == RowSum::default() { 0 } else { way };
        let ways = has(&sums.along, ALONG) | has(&sums.against, AGAINST);
        entry.put(step(last, hour) << WAYS | ways);
        for (sum, way) in [(sums.along, ALONG), (sums.against, AGAINST)] {
            if ways & way != 0 {
                entry.put(sum.records);
                entry.put(sum.bytes);
            }
        }
        entry
    }

    #[inline]
    fn put(&mut self, number: u64) {
        self.len += put(&mut self.bytes[self.len..], number);
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Writes it to the front of a list's room. As many bytes each time are copied faster than as many as it has.
    #[inline]
    fn write_to(&self, room: &mut [u8]) {
        const MOSTLY: usize = 8;
        const LONGER: usize = 16;
        let all = room.len();
        match (room.first_chunk_mut(), all) {
            (Some(first), _) if self.len <= MOSTLY => {
                *first = *self.bytes.first_chunk::<MOSTLY>().expect("it has more");
            }
            (_, LONGER..) if self.len <= LONGER => room[..LONGER].copy_from_slice(&self.bytes[..LONGER]),
            _ => room[..self.len].copy_from_slice(self.bytes()),
        }
    }
}

/// A key's hours in order, each once, with their sums.
#[derive(Clone, Debug)]
pub enum Hours<'a> {
    /// As they were added.
    Rising(Entries<'a>),
    /// Put in order.
    Sorted(std::vec::IntoIter<(u32, RowSums)>),
}

impl Iterator for Hours<'_> {
    type Item = (u32, RowSums);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Rising(entries) => entries.next(),
            Self::Sorted(hours) => hours.next(),
        }
    }
}

/// Entries as they were added.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
    hour: u32,
}

impl Iterator for Entries<'_> {
    type Item = (u32, RowSums);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let head = take(&mut self.rest);
        self.hour = stepped(self.hour, head >> WAYS);
        let mut sum = |way| match head & way {
            0 => RowSum::default(),
            _ => RowSum { records: take(&mut self.rest), bytes: take(&mut self.rest) },
        };
        Some((self.hour, RowSums { along: sum(ALONG), against: sum(AGAINST) }))
    }
}

#[cfg(test)]
mod tests;
