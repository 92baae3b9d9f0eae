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
    texts: Vec<Box<str>>,
    index: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
    recent: Vec<Sym>,
}

const RECENT: usize = 1024;

impl Default for Symbols {
    fn default() -> Self {
        Self {
            texts: vec!["".into()],
            index: HashTable::new(),
            hasher: hashbrown::DefaultHashBuilder::default(),
            recent: vec![Sym::NONE; RECENT],
        }
    }
}

impl Symbols {
    /// The symbol of a text; `-` and empty text are [`Sym::NONE`]. Bytes that are not UTF-8 are replaced as Rust does.
    #[inline]
    pub fn intern(&mut self, text: &[u8]) -> Sym {
        if text.is_empty() || text == b"-" {
            return Sym::NONE;
        }
        // Ids differ in their last characters: a slot by those finds most texts without hashing them whole.
        let slot = recent_slot(text);
        let sym = self.recent[slot];
        if self.texts[sym.index()].as_bytes() == text {
            return sym;
        }
        let sym = self.intern_slow(text);
        self.recent[slot] = sym;
        sym
    }

    fn intern_slow(&mut self, text: &[u8]) -> Sym {
        let text = String::from_utf8_lossy(text);
        let hash = self.hash(&text);
        if let Some(&raw) = self.index.find(hash, |&raw| *self.texts[raw as usize] == *text) {
            return Sym(raw);
        }
        let raw = u32::try_from(self.texts.len()).expect("fewer than 2^32 distinct texts");
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        self.index.insert_unique(hash, raw, |&raw| hash_text(hasher, &texts[raw as usize]));
        Sym(raw)
    }

    fn hash(&self, text: &str) -> u64 {
        hash_text(&self.hasher, text)
    }

    /// The text of a symbol; empty for [`Sym::NONE`].
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        &self.texts[sym.index()]
    }

    /// Number of symbols, the absent one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether only the absent symbol is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.len() == 1
    }
}

fn hash_text(hasher: &hashbrown::DefaultHashBuilder, text: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text.as_bytes());
    state.finish()
}

#[inline]
fn recent_slot(text: &[u8]) -> usize {
    let mut tail = [0u8; 8];
    let n = text.len().min(8);
    tail[8 - n..].copy_from_slice(&text[text.len() - n..]);
    let mixed = u64::from_le_bytes(tail).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 54) as usize & (RECENT - 1)
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
