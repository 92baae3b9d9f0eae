//! Values found by the blocks that hold an address, the most specific first. A few binary searches a lookup.

use crate::model::addr::{Addr, Cidr};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Blocks with a value each. Of several values for one block the smallest comes first.
#[derive(Clone, Debug)]
pub(crate) struct Prefixes<T> {
    /// Longest prefix first; entries of one length sorted by address, then value.
    by_len: Vec<(u8, Vec<(Addr, T)>)>,
}

impl<T: Ord> FromIterator<(Cidr, T)> for Prefixes<T> {
    fn from_iter<I: IntoIterator<Item = (Cidr, T)>>(items: I) -> Self {
        let mut by_len: BTreeMap<Reverse<u8>, Vec<(Addr, T)>> = BTreeMap::new();
        for (cidr, value) in items {
            by_len.entry(Reverse(cidr.len128())).or_default().push((cidr.first(), value));
        }
        let by_len = by_len.into_iter().map(|(Reverse(len), mut entries)| {
            entries.sort();
            entries.dedup();
            (len, entries)
        });
        Self { by_len: by_len.collect() }
    }
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self { by_len: Vec::new() }
    }
}

impl<T> Prefixes<T> {
    /// The values of every block that holds the address, the most specific block first.
    pub(crate) fn all(&self, addr: Addr) -> impl Iterator<Item = &T> {
        self.by_len.iter().flat_map(move |(len, entries)| {
            let block = Cidr::new(addr, *len);
            // `contains` keeps `::/0` from holding IPv4 addresses, which are mapped into it.
            let entries = if block.contains(addr) { entries.as_slice() } else { &[] };
            let start = entries.partition_point(|(first, _)| *first < block.first());
            entries[start..].iter().take_while(move |(first, _)| *first == block.first()).map(|(_, value)| value)
        })
    }

    /// The value of the most specific block that holds the address.
    pub(crate) fn best(&self, addr: Addr) -> Option<&T> {
        self.all(addr).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(blocks: &[(&str, u8)], addr: &str, expect: &[u8]) {
        let cidr = |text: &str| Cidr::parse(text).expect("valid");
        let table: Prefixes<u8> = blocks.iter().map(|(text, value)| (cidr(text), *value)).collect();
        let addr = Addr::parse(addr.as_bytes()).expect("valid");
        assert_eq!(table.all(addr).copied().collect::<Vec<_>>(), expect, "{addr}");
        assert_eq!(table.best(addr).copied(), expect.first().copied(), "{addr}");
    }

    #[test]
    fn the_most_specific_block_comes_first() {
        let blocks = [("0.0.0.0/0", 1), ("10.0.0.0/8", 2), ("10.1.0.0/16", 3), ("10.1.0.0/16", 0), ("::/0", 9)];
        check(&blocks, "10.1.2.3", &[0, 3, 2, 1]);
        check(&blocks, "10.2.2.3", &[2, 1]);
        check(&blocks, "8.8.8.8", &[1]);
        check(&blocks, "2600::1", &[9]);
        check(&[], "8.8.8.8", &[]);
        check(&[("::/0", 9)], "8.8.8.8", &[]);
    }
}
