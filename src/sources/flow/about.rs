//! What a record says of its interface: the same words in every one of its records, so that they are interned once.

use super::layout::{Field, Layout};
use super::split::Fields;
use crate::model::flow::InterfaceFacts;
use crate::model::symbols::{Sym, Symbols};

/// The fields, in no order.
const FIELDS: [Field; 9] = [
    Field::InterfaceId,
    Field::ResourceId,
    Field::AccountId,
    Field::Region,
    Field::VpcId,
    Field::SubnetId,
    Field::AzId,
    Field::InstanceId,
    Field::InterfaceType,
];

/// Interfaces that are remembered at a time, in a small object and in a large one. Of two that share a place the latest is.
const FEW: usize = 16;
const PLACES: usize = 256;

/// An interface and what is said of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About {
    pub interface: Sym,
    pub resource: Sym,
    pub facts: InterfaceFacts,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// The texts of all runs, one behind the other.
    text: Vec<u8>,
    /// Where each run's ends.
    ends: [u16; FIELDS.len()],
    about: About,
}

/// What was said last of each interface, under one layout and one table of symbols.
#[derive(Debug)]
pub(super) struct Abouts {
    /// First and last column of each run of neighbours: compared as one text.
    runs: Vec<(usize, usize)>,
    /// The column that tells records of different interfaces apart.
    key: usize,
    known: Vec<Known>,
    /// How often something was learned since there are as many places as now.
    learned: usize,
}

impl Abouts {
    pub fn new(layout: &Layout) -> Self {
        let mut columns: Vec<usize> = FIELDS.iter().filter_map(|&field| layout.column(field)).collect();
        columns.sort_unstable();
        let runs = columns.chunk_by(|one, two| one + 1 == *two).filter_map(|run| Some((*run.first()?, *run.last()?)));
        let key = layout.column(Field::InterfaceId).or_else(|| layout.column(Field::ResourceId)).unwrap_or(0);
        Self { runs: runs.collect(), key, known: Vec::new(), learned: 0 }
    }

    /// What a line says that was split and has all the layout's fields.
    #[inline]
    pub fn of(&mut self, layout: &Layout, fields: &Fields, line: &[u8], symbols: &mut Symbols) -> About {
        let place = place(fields.get(line, self.key));
        if let Some(known) = self.known.get(place & self.known.len().wrapping_sub(1))
            && self.is_same(known, fields, line)
        {
            return known.about;
        }
        self.learn(place, layout, fields, line, symbols)
    }

    #[inline]
    fn is_same(&self, known: &Known, fields: &Fields, line: &[u8]) -> bool {
        let mut start = 0;
        self.runs.iter().zip(known.ends).all(|(&(first, last), end)| {
            let text = known.text.get(start..usize::from(end));
            start = usize::from(end);
            text == Some(fields.run(line, first, last))
        })
    }

    #[cold]
    fn learn(&mut self, place: usize, layout: &Layout, fields: &Fields, line: &[u8], symbols: &mut Symbols) -> About {
        let mut symbol =
            |field| symbols.intern(layout.column(field).map_or(&b""[..], |column| fields.get(line, column)));
        let about = About {
            interface: symbol(Field::InterfaceId),
            resource: symbol(Field::ResourceId),
            facts: InterfaceFacts {
                account: symbol(Field::AccountId),
                region: symbol(Field::Region),
                vpc: symbol(Field::VpcId),
                subnet: symbol(Field::SubnetId),
                az: symbol(Field::AzId),
                instance: symbol(Field::InstanceId),
                kind: symbol(Field::InterfaceType),
            },
        };
        if self.known.is_empty() || self.learned > self.known.len() && self.known.len() < PLACES {
            let places = FEW.max(self.known.len() * 4);
            self.known = vec![Known { ends: [u16::MAX; FIELDS.len()], ..Known::default() }; places];
            self.learned = 0;
        }
        self.learned += 1;
        let place = place & (self.known.len() - 1);
        let known = &mut self.known[place];
        known.text.clear();
        for (&(first, last), end) in self.runs.iter().zip(&mut known.ends) {
            known.text.extend_from_slice(fields.run(line, first, last));
            // A text that long is not known again.
            *end = u16::try_from(known.text.len()).unwrap_or(u16::MAX);
        }
        known.about = about;
        about
    }
}

/// Ids differ in their last characters.
#[inline]
fn place(id: &[u8]) -> usize {
    let tail = id.last_chunk::<8>().map_or(0, |tail| u64::from_le_bytes(*tail));
    usize::try_from(tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMAT: &str =
        "account-id interface-id srcaddr vpc-id subnet-id instance-id dstaddr bytes start region az-id interface-type";

    /// Whatever came before, a line says what it says.
    fn check(lines: &[Vec<String>]) -> Result<(), TestCaseError> {
        let layout = Layout::parse(FORMAT).expect("a layout");
        let (mut abouts, mut fields, mut symbols) = (Abouts::new(&layout), Fields::new(), Symbols::default());
        for words in lines {
            let line = words.join(" ");
            fields.split(line.as_bytes(), line.len());
            let about = abouts.of(&layout, &fields, line.as_bytes(), &mut symbols);
            let said = [
                (about.interface, 1),
                (about.facts.account, 0),
                (about.facts.vpc, 3),
                (about.facts.subnet, 4),
                (about.facts.instance, 5),
                (about.facts.region, 9),
                (about.facts.az, 10),
                (about.facts.kind, 11),
            ];
            for (sym, column) in said {
                let word = words.get(column).map_or("", String::as_str);
                prop_assert_eq!(symbols.text(sym), if word == "-" { "" } else { word }, "{} of {}", column, line);
            }
            prop_assert!(about.resource.is_none());
        }
        Ok(())
    }

    proptest! {
        // Few words, so that lines differ in one of them, or only in where one ends and the next begins.
        #[test]
        fn a_line_says_what_it_says(lines in prop::collection::vec(prop::collection::vec("[ab-]{1,2}", 12), 1..40)) {
            check(&lines)?;
        }

        #[test]
        fn also_of_many_interfaces(ids in prop::collection::vec("eni-[0-9a-f]{17}", 1..600)) {
            let line = |id: &String| [&["1", id, "s", "v"][..], &["x"; 8]].concat().into_iter().map(str::to_owned).collect();
            let lines: Vec<Vec<String>> = ids.iter().chain(&ids).map(line).collect();
            check(&lines)?;
        }
    }
}
