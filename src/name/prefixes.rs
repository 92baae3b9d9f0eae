//! Address blocks flattened into sorted, disjoint intervals: one answer per interval, found without walking prefixes.
//! Knows nothing of services; [`PrefixMap`] is the longest-prefix case, `name::ranges` brings its own rule.

use crate::model::addr::{Addr, Cidr};

const V4_FIRST: u128 = Addr::from_v4(0).bits();
const V4_LAST: u128 = Addr::from_v4(u32::MAX).bits();
const V4_MIN_LEN: u8 = 96;
const SLOTS: usize = 1 << 16;

/// Answers by address. IPv4 is looked up through an index over the first 16 bits, IPv6 by binary search.
#[derive(Clone, Debug)]
pub(crate) struct Intervals<T> {
    v4_starts: Vec<u32>,
    v4_answers: Vec<Option<T>>,
    /// Position of the interval that holds the first address of each /16; empty when there are no IPv4 blocks.
    v4_index: Vec<u32>,
    v6_starts: Vec<u128>,
    v6_answers: Vec<Option<T>>,
}

impl<T: Copy + PartialEq> Intervals<T> {
    /// Flattens blocks. `answer` gets the blocks around an address, outermost first, equal ones in the given order.
    pub(crate) fn new<P: Copy>(blocks: &[(Cidr, P)], answer: impl Fn(&[(Cidr, P)]) -> T) -> Self {
        let (mut v4, mut v6): (Vec<_>, Vec<_>) = blocks.iter().copied().partition(|(cidr, _)| is_v4(*cidr));
        let (v4_bounds, v4_answers) = flatten(&mut v4, (V4_FIRST, V4_LAST), &answer);
        let (v6_starts, v6_answers) = flatten(&mut v6, (0, u128::MAX), &answer);
        let v4_starts: Vec<u32> = v4_bounds.into_iter().map(low_32).collect();
        let v4_index = if v4.is_empty() { Vec::new() } else { index(&v4_starts) };
        Self { v4_starts, v4_answers, v4_index, v6_starts, v6_answers }
    }

    /// The answer for an address; `None` outside all blocks.
    #[inline]
    pub(crate) fn get(&self, addr: Addr) -> Option<T> {
        let Some(v4) = addr.v4() else {
            let at = self.v6_starts.partition_point(|&start| start <= addr.bits());
            return self.v6_answers.get(at.checked_sub(1)?).copied()?;
        };
        let slot = (v4 >> 16) as usize;
        let (from, to) = (*self.v4_index.get(slot)? as usize, *self.v4_index.get(slot + 1)? as usize);
        // The interval of the slot's first address is known; later starts inside the slot are searched.
        let later = self.v4_starts.get(from + 1..=to)?;
        let at = from + later.partition_point(|&start| start <= v4);
        self.v4_answers.get(at).copied()?
    }
}

fn is_v4(cidr: Cidr) -> bool {
    cidr.len128() >= V4_MIN_LEN && cidr.first().v4().is_some()
}

fn low_32(bits: u128) -> u32 {
    u32::try_from(bits & 0xffff_ffff).unwrap_or(u32::MAX)
}

/// Prefixes nest or are apart, so a stack of the open ones is all that is around an address.
fn flatten<P: Copy, T: Copy + PartialEq>(
    blocks: &mut [(Cidr, P)],
    (space_first, space_last): (u128, u128),
    answer: &impl Fn(&[(Cidr, P)]) -> T,
) -> (Vec<u128>, Vec<Option<T>>) {
    blocks.sort_by_key(|(cidr, _)| *cidr);
    let mut cuts = Cuts { starts: vec![space_first], answers: vec![None] };
    let mut open: Vec<(Cidr, P)> = Vec::new();
    let answer_of = |open: &[(Cidr, P)]| if open.is_empty() { None } else { Some(answer(open)) };
    let mut rest = &blocks[..];
    loop {
        let next = rest.first().map(|(cidr, _)| *cidr);
        // Close what ends before the next block, innermost first; blocks that end together are one cut.
        while let Some(&(inner, _)) = open.last()
            && next.is_none_or(|next| inner.last() < next.first())
        {
            let end = inner.last();
            open.truncate(open.iter().rposition(|(cidr, _)| cidr.last() != end).map_or(0, |at| at + 1));
            if end.bits() < space_last {
                cuts.push(end.bits() + 1, answer_of(&open));
            }
        }
        let Some(next) = next else { break };
        let same = rest.iter().take_while(|(cidr, _)| *cidr == next).count();
        open.extend_from_slice(&rest[..same]);
        rest = &rest[same..];
        cuts.push(next.first().bits(), answer_of(&open));
    }
    (cuts.starts, cuts.answers)
}

struct Cuts<T> {
    starts: Vec<u128>,
    answers: Vec<Option<T>>,
}

impl<T: PartialEq> Cuts<T> {
    /// From `start` on the answer is another one. A later cut at the same place replaces the earlier.
    fn push(&mut self, start: u128, answer: Option<T>) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.answers.pop();
        }
        if self.answers.last() != Some(&answer) {
            self.starts.push(start);
            self.answers.push(answer);
        }
    }
}

/// For each /16, and the end of the space, the position of the interval that holds its first address.
fn index(starts: &[u32]) -> Vec<u32> {
    let mut index = Vec::with_capacity(SLOTS + 1);
    let mut at = 0usize;
    for slot in 0..SLOTS {
        let first = u32::try_from(slot << 16).unwrap_or(u32::MAX);
        while starts.get(at + 1).is_some_and(|&start| start <= first) {
            at += 1;
        }
        index.push(u32::try_from(at).unwrap_or(u32::MAX));
    }
    index.push(u32::try_from(starts.len().saturating_sub(1)).unwrap_or(u32::MAX));
    index
}

/// The most specific block around an address wins; of equal blocks, the one given first.
#[derive(Clone, Debug)]
pub struct PrefixMap<T> {
    intervals: Intervals<T>,
}

impl<T: Copy + PartialEq> PrefixMap<T> {
    /// From blocks and their values; values are small (an integer into a table of the caller).
    #[must_use]
    pub fn new(blocks: &[(Cidr, T)]) -> Self {
        let innermost = |open: &[(Cidr, T)]| {
            let (inner, mut value) = open[open.len() - 1];
            for (_, earlier) in open.iter().rev().take_while(|(cidr, _)| *cidr == inner) {
                value = *earlier;
            }
            value
        };
        Self { intervals: Intervals::new(blocks, innermost) }
    }

    /// The value of the most specific block that holds the address.
    #[inline]
    #[must_use]
    pub fn get(&self, addr: Addr) -> Option<T> {
        self.intervals.get(addr)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Blocks that nest, repeat, touch and reach the ends of both spaces, and addresses on their edges.
    pub(crate) fn any_blocks() -> impl Strategy<Value = Vec<Cidr>> {
        let v4_first = prop_oneof![any::<u32>(), 0u32..1024, (u32::MAX - 1024)..=u32::MAX, 0x0a00_0000u32..0x0a00_0400];
        let v4 = (v4_first, V4_MIN_LEN..=128).prop_map(|(bits, len)| Cidr::new(Addr::from_v4(bits), len));
        let v6_first = prop_oneof![
            any::<u128>(),
            0u128..1024,
            (u128::MAX - 1024)..=u128::MAX,
            (V4_FIRST - 512)..(V4_FIRST + (2 << 32)),
        ];
        let v6 = (v6_first, 0u8..=128).prop_map(|(bits, len)| Cidr::new(Addr::from_v6(bits), len));
        proptest::collection::vec(prop_oneof![3 => v4, 1 => v6], 0..40)
    }

    pub(crate) fn edges(blocks: &[Cidr]) -> Vec<Addr> {
        let near = |addr: Addr| [addr.bits().wrapping_sub(1), addr.bits(), addr.bits().wrapping_add(1)];
        let ends = blocks.iter().flat_map(|cidr| [cidr.first(), cidr.last()]);
        let spaces = [Addr::from_v4(0), Addr::from_v4(u32::MAX), Addr::from_v6(0), Addr::from_v6(u128::MAX)];
        ends.chain(spaces).flat_map(near).map(Addr::from_v6).collect()
    }

    proptest! {
        #[test]
        fn the_map_answers_like_a_scan(cidrs in any_blocks(), probes in proptest::collection::vec(any::<u32>(), 20)) {
            let blocks: Vec<(Cidr, usize)> = cidrs.iter().enumerate().map(|(at, cidr)| (*cidr, at % 7)).collect();
            let map = PrefixMap::new(&blocks);
            for addr in edges(&cidrs).into_iter().chain(probes.into_iter().map(Addr::from_v4)) {
                let mut found: Option<(Cidr, usize)> = None;
                for &(cidr, value) in &blocks {
                    if cidr.contains(addr) && found.is_none_or(|(best, _)| cidr.len128() > best.len128()) {
                        found = Some((cidr, value));
                    }
                }
                prop_assert_eq!(map.get(addr), found.map(|(_, value)| value), "{}", addr);
            }
        }
    }

    fn check(blocks: &[(&str, u8)], addr: &str, expect: Option<u8>) {
        let parsed: Vec<_> = blocks.iter().map(|(text, v)| (Cidr::parse(text).expect("a block"), *v)).collect();
        let addr = Addr::parse(addr.as_bytes()).expect("an address");
        assert_eq!(PrefixMap::new(&parsed).get(addr), expect, "{addr} in {blocks:?}");
    }

    #[test]
    fn the_most_specific_block_wins() {
        check(&[], "10.0.0.1", None);
        check(&[], "2600::1", None);
        let nested = [("10.0.0.0/8", 1), ("10.1.0.0/16", 2), ("10.1.2.3/32", 3)];
        check(&nested, "10.1.2.3", Some(3));
        check(&nested, "10.1.2.4", Some(2));
        check(&nested, "10.255.255.255", Some(1));
        check(&nested, "11.0.0.0", None);
        check(&nested, "::ffff:a01:203", Some(3));
        check(&[("10.0.0.0/8", 1), ("10.0.0.0/8", 2)], "10.0.0.0", Some(1));
        check(&[("0.0.0.0/0", 1)], "255.255.255.255", Some(1));
        check(&[("0.0.0.0/0", 1)], "2600::1", None);
        check(&[("::/0", 1)], "10.0.0.1", None);
        check(&[("::/0", 1), ("2600::/16", 2)], "2600::1", Some(2));
        check(&[("::/0", 1), ("2600::/16", 2)], "ffff::", Some(1));
    }
}
