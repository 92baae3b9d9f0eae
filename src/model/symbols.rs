//! Text that repeats (interface ids, service labels) as small integers. Built per reader, merged by text.

use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// A text held by a [`Symbols`] table. `Sym::NONE` is "absent": `-`, empty, or no such column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sym(u32);

impl Sym {
    /// No value.
    pub const NONE: Sym = Sym(0);

    /// Whether there is no value.
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Position in the table; 0 is "absent".
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The integer, for packed keys and frame columns.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The inverse of [`Sym::raw`].
    #[inline]
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
}

/// An interner: every distinct text gets the next integer.
#[derive(Debug, Clone)]
pub struct Symbols {
    /// All texts, one behind the other: an allocation for each would take longer than the rest.
    texts: String,
    /// Where each text ends.
    ends: Vec<usize>,
    index: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
    /// What was asked for last, by [`recent_slot`]: as many as there are texts, within these bounds.
    recent: Vec<Sym>,
}

const FEW: usize = 64;
const RECENT: usize = 1024;

impl Default for Symbols {
    fn default() -> Self {
        Self {
            texts: String::new(),
            ends: vec![0],
            index: HashTable::new(),
            hasher: hashbrown::DefaultHashBuilder::default(),
            recent: vec![Sym::NONE; FEW],
        }
    }
}

impl Symbols {
    /// The symbols here of all texts of another table, by its symbols' indexes.
    #[must_use]
    pub fn intern_all(&mut self, other: &Self) -> Vec<Sym> {
        let symbol = |raw| Sym::from_raw(u32::try_from(raw).expect("a symbol"));
        (0..other.len()).map(|raw| self.intern(other.text(symbol(raw)).as_bytes())).collect()
    }

    /// The symbol of a text; `-` and empty text are [`Sym::NONE`]. Bytes that are not UTF-8 are replaced as Rust does.
    #[inline]
    pub fn intern(&mut self, text: &[u8]) -> Sym {
        if text.is_empty() || text == b"-" {
            return Sym::NONE;
        }
        // Ids differ in their last characters: a slot by those finds most texts without hashing them whole.
        let slot = recent_slot(text) & (self.recent.len() - 1);
        let sym = self.recent[slot];
        if self.bytes(sym.index()) == text {
            return sym;
        }
        let sym = self.intern_slow(text);
        self.recent[slot] = sym;
        if self.ends.len() > self.recent.len() && self.recent.len() < RECENT {
            // Other slots now, so that nothing in them is of use.
            self.recent = vec![Sym::NONE; self.recent.len() * 4];
        }
        sym
    }

    fn intern_slow(&mut self, text: &[u8]) -> Sym {
        let text = String::from_utf8_lossy(text);
        let hash = hash_text(&self.hasher, text.as_bytes());
        if let Some(&raw) = self.index.find(hash, |&raw| self.bytes(raw as usize) == text.as_bytes()) {
            return Sym(raw);
        }
        let raw = u32::try_from(self.ends.len()).expect("fewer than 2^32 distinct texts");
        self.texts.push_str(&text);
        self.ends.push(self.texts.len());
        let (texts, ends, hasher) = (&self.texts, &self.ends, &self.hasher);
        self.index.insert_unique(hash, raw, |&raw| hash_text(hasher, bytes(texts, ends, raw as usize)));
        Sym(raw)
    }

    #[inline]
    fn bytes(&self, at: usize) -> &[u8] {
        bytes(&self.texts, &self.ends, at)
    }

    /// Forgets every text, and keeps the memory.
    pub fn clear(&mut self) {
        self.texts.clear();
        self.ends.truncate(1);
        self.index.clear();
        self.recent.fill(Sym::NONE);
    }

    /// The text of a symbol; empty for [`Sym::NONE`].
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        let (start, end) = span(&self.ends, sym.index());
        &self.texts[start..end]
    }

    /// Bytes that the texts take.
    #[must_use]
    pub const fn texts(&self) -> usize {
        self.texts.capacity()
    }

    /// Bytes that all of it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.texts()
            + self.ends.capacity() * size_of::<usize>()
            + self.index.allocation_size()
            + self.recent.capacity() * size_of::<Sym>()
    }

    /// Number of symbols, the absent one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether only the absent symbol is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.len() == 1
    }
}

/// Where a text begins and ends; nothing lies before the absent one.
#[inline]
fn span(ends: &[usize], at: usize) -> (usize, usize) {
    (ends[at.saturating_sub(1)], ends[at])
}

#[inline]
fn bytes<'a>(texts: &'a str, ends: &[usize], at: usize) -> &'a [u8] {
    let (start, end) = span(ends, at);
    &texts.as_bytes()[start..end]
}

fn hash_text(hasher: &hashbrown::DefaultHashBuilder, text: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text);
    state.finish()
}

#[inline]
fn recent_slot(text: &[u8]) -> usize {
    let tail = text.last_chunk().map_or_else(|| short_tail(text), |tail| u64::from_le_bytes(*tail));
    (tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
}

fn short_tail(text: &[u8]) -> u64 {
    text.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_symbol() {
        let mut symbols = Symbols::default();
        let a = symbols.intern(b"eni-1");
        let b = symbols.intern(b"eni-2");
        assert_ne!(a, b);
        assert_eq!(symbols.intern(b"eni-1"), a);
        assert_eq!(symbols.text(b), "eni-2");
        assert!(symbols.intern(b"-").is_none());
        assert!(symbols.intern(b"").is_none());
    }
}
