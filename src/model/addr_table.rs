//! Distinct addresses as small integers, so that what is known of an address is worked out once.

use super::addr::Addr;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// An address held by an [`AddrTable`]; [`AddrId::NONE`] is "no address".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AddrId(u32);

impl AddrId {
    /// No address.
    pub const NONE: AddrId = AddrId(0);

    /// Position in the table; 0 is "no address".
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

    /// The inverse of [`AddrId::raw`].
    #[inline]
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// Whether there is no address.
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

const FEW: usize = 64;
const RECENT: usize = 4096;

/// An interner of addresses.
#[derive(Debug, Clone)]
pub struct AddrTable {
    addrs: Vec<Addr>,
    index: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
    /// What was asked for last, by [`recent_slot`]: as many as there are addresses, within bounds.
    recent: Vec<u32>,
}

impl Default for AddrTable {
    fn default() -> Self {
        Self {
            addrs: vec![Addr::NONE],
            index: HashTable::new(),
            hasher: hashbrown::DefaultHashBuilder::default(),
            recent: vec![0; FEW],
        }
    }
}

impl AddrTable {
    /// The ids here of all addresses of another table, by its ids' indexes.
    #[must_use]
    pub fn intern_all(&mut self, other: &Self) -> Vec<AddrId> {
        other.addrs.iter().map(|&addr| self.intern(addr)).collect()
    }

    /// The id of an address, which is given one if it is new.
    #[inline]
    pub fn intern(&mut self, addr: Addr) -> AddrId {
        let slot = recent_slot(addr) & (self.recent.len() - 1);
        let id = self.recent[slot];
        if self.addrs[id as usize] == addr {
            return AddrId(id);
        }
        let id = self.intern_slow(addr);
        self.recent[slot] = id.0;
        if self.addrs.len() > self.recent.len() && self.recent.len() < RECENT {
            // Other slots now, so that nothing in them is of use.
            self.recent = vec![0; self.recent.len() * 4];
        }
        id
    }

    fn intern_slow(&mut self, addr: Addr) -> AddrId {
        if addr == Addr::NONE {
            return AddrId::NONE;
        }
        let hash = self.hasher.hash_one(addr);
        if let Some(&id) = self.index.find(hash, |&id| self.addrs[id as usize] == addr) {
            return AddrId(id);
        }
        let id = u32::try_from(self.addrs.len()).expect("fewer than 2^32 distinct addresses");
        self.addrs.push(addr);
        let (addrs, hasher) = (&self.addrs, &self.hasher);
        self.index.insert_unique(hash, id, |&id| hasher.hash_one(addrs[id as usize]));
        AddrId(id)
    }

    /// Forgets every address, and keeps the memory.
    pub fn clear(&mut self) {
        self.addrs.truncate(1);
        self.index.clear();
        self.recent.fill(0);
    }

    /// The address of an id.
    #[inline]
    #[must_use]
    pub fn addr(&self, id: AddrId) -> Addr {
        self.addrs[id.index()]
    }

    /// Bytes that it holds in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.addrs.capacity() * size_of::<Addr>() + self.index.allocation_size() + self.recent.len() * size_of::<u32>()
    }

    /// All addresses by id; the first is "no address".
    #[must_use]
    pub fn addrs(&self) -> &[Addr] {
        &self.addrs
    }
}

#[inline]
fn recent_slot(addr: Addr) -> usize {
    let bits = addr.bits();
    #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed in")]
    let folded = (bits ^ (bits >> 64)) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_is_the_same_id() {
        let mut table = AddrTable::default();
        let ids: Vec<AddrId> = (0..20_000).map(|n| table.intern(Addr::from_v4(n))).collect();
        for (n, &id) in (0..).zip(&ids) {
            assert_eq!(table.intern(Addr::from_v4(n)), id);
            assert_eq!(table.addr(id), Addr::from_v4(n));
        }
        assert_eq!(table.intern(Addr::NONE), AddrId::NONE);
    }
}
