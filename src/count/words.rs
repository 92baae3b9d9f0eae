//! What records say about the owner of their interface, and which address the interface has. Costs nothing where they say nothing.

use crate::model::addr::Addr;
use crate::model::flow::{Direction, FlowRecord};
use crate::model::symbols::Sym;
use hashbrown::HashMap;

/// The address of an interface, as its records show: the one end that all of them share.
///
/// `srcaddr` of what leaves and `dstaddr` of what enters is the interface's primary address (VPC user guide, flow log records).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnAddr(Ends);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ends {
    /// No record yet.
    #[default]
    Any,
    /// One of the two, the smaller first.
    Two(Addr, Addr),
    One(Addr),
    /// No address is common to all records.
    None,
}

impl OwnAddr {
    /// The address, where the records leave one only.
    #[must_use]
    pub const fn get(self) -> Option<Addr> {
        match self.0 {
            Ends::One(addr) => Some(addr),
            Ends::Any | Ends::Two(..) | Ends::None => None,
        }
    }

    /// As numbers: how many addresses are left (3 for any), and they.
    #[must_use]
    pub const fn parts(self) -> (u32, [u128; 2]) {
        match self.0 {
            Ends::None => (0, [0; 2]),
            Ends::One(addr) => (1, [addr.bits(), 0]),
            Ends::Two(a, b) => (2, [a.bits(), b.bits()]),
            Ends::Any => (3, [0; 2]),
        }
    }

    /// The inverse of [`OwnAddr::parts`]; `None` for numbers that it does not give.
    #[must_use]
    pub fn of_parts(left: u32, [a, b]: [u128; 2]) -> Option<Self> {
        let own = Self(match left {
            0 => Ends::None,
            1 => Ends::One(Addr::from_v6(a)),
            2 => Ends::Two(Addr::from_v6(a), Addr::from_v6(b)),
            3 => Ends::Any,
            _ => return None,
        });
        (own.parts() == (left, [a, b])).then_some(own)
    }

    /// What both leave, in either order the same.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Ends::Any, ends) | (ends, Ends::Any) => ends,
            (Ends::None, _) | (_, Ends::None) => Ends::None,
            (Ends::One(a), Ends::One(b)) => {
                if a == b {
                    Ends::One(a)
                } else {
                    Ends::None
                }
            }
            (Ends::One(a), Ends::Two(b, c)) | (Ends::Two(b, c), Ends::One(a)) => {
                if a == b || a == c {
                    Ends::One(a)
                } else {
                    Ends::None
                }
            }
            (Ends::Two(a, b), Ends::Two(c, d)) => match (a == c || a == d, b == c || b == d) {
                (true, true) => Ends::Two(a, b),
                (true, false) => Ends::One(a),
                (false, true) => Ends::One(b),
                (false, false) => Ends::None,
            },
        })
    }

    fn of(record: &FlowRecord) -> Self {
        Self(match record.direction {
            _ if record.src == Addr::NONE || record.dst == Addr::NONE => Ends::Any,
            Direction::Egress => Ends::One(record.src),
            Direction::Ingress => Ends::One(record.dst),
            Direction::Unknown => Ends::Two(record.src.min(record.dst), record.src.max(record.dst)),
        })
    }
}

/// What records say about an interface's owner: the texts are symbols of the table that holds the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    /// Index of the interface.
    pub interface: u32,
    /// Fields about its owner: [`FlowRecord::owner`].
    pub owner: Sym,
    /// `instance-id`.
    pub instance: Sym,
}

/// First and last hour since 1970 in which something was said.
pub type Hours = (u32, u32);

/// The words of one object.
#[derive(Debug, Default)]
pub struct Words {
    index: HashMap<Word, u32>,
    said: Vec<(Word, Hours)>,
    latest: u32,
}

impl Words {
    /// Each word with its hours.
    #[must_use]
    pub fn said(&self) -> &[(Word, Hours)] {
        &self.said
    }

    /// Forgets every word, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.said.clear();
        self.latest = 0;
    }

    /// Takes a word that an earlier run heard, with its hours. Each comes once.
    pub(super) fn take(&mut self, word: Word, hours: Hours) {
        self.said.push((word, hours));
    }

    /// Adds a word of another part of the object.
    pub(super) fn add(&mut self, word: Word, hours: Hours) {
        let said = &mut self.said;
        let at = *self.index.entry(word).or_insert_with(|| {
            said.push((word, hours));
            u32::try_from(said.len() - 1).expect("fewer than 2^32 words")
        });
        let (_, known) = &mut self.said[at as usize];
        *known = (known.0.min(hours.0), known.1.max(hours.1));
    }

    /// Takes what a record says.
    #[inline]
    pub(super) fn hear(&mut self, interface: u32, hour: u32, record: &FlowRecord, own: &mut OwnAddr) {
        let word = Word { interface, owner: record.owner, instance: record.facts.instance };
        if word.owner.is_none() && word.instance.is_none() {
            return;
        }
        *own = own.and(OwnAddr::of(record));
        // Records of one interface come in runs.
        let is_latest = self.said.get(self.latest as usize).is_some_and(|(latest, _)| *latest == word);
        if !is_latest {
            let said = &mut self.said;
            self.latest = *self.index.entry(word).or_insert_with(|| {
                said.push((word, (hour, hour)));
                u32::try_from(said.len() - 1).expect("fewer than 2^32 words")
            });
        }
        let (_, hours) = &mut self.said[self.latest as usize];
        *hours = (hours.0.min(hour), hours.1.max(hour));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> Addr {
        Addr::parse(text.as_bytes()).expect("valid")
    }

    #[test]
    fn the_address_that_all_records_share_is_the_interfaces_own() {
        let two = |a: &str, b: &str| OwnAddr(Ends::Two(addr(a).min(addr(b)), addr(a).max(addr(b))));
        let one = |a: &str| OwnAddr(Ends::One(addr(a)));
        let check = |situation: &str, seen: &[OwnAddr], expect: Option<&str>| {
            let forth = seen.iter().fold(OwnAddr::default(), |own, next| own.and(*next));
            let back = seen.iter().rev().fold(OwnAddr::default(), |own, next| next.and(own));
            assert_eq!(forth, back, "{situation}");
            assert_eq!(forth.get(), expect.map(addr), "{situation}");
        };
        check("nothing was read", &[], None);
        check("one peer, no direction", &[two("10.0.0.1", "8.8.8.8"), two("8.8.8.8", "10.0.0.1")], None);
        check("two peers", &[two("10.0.0.1", "8.8.8.8"), two("9.9.9.9", "10.0.0.1")], Some("10.0.0.1"));
        check("a direction", &[two("10.0.0.1", "8.8.8.8"), one("10.0.0.1")], Some("10.0.0.1"));
        check("nothing in common", &[one("10.0.0.1"), two("8.8.8.8", "9.9.9.9"), one("10.0.0.1")], None);
    }
}
