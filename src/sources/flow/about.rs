//! What a record says of its interface: the same words in every one of its records, so that they are interned once.

use super::layout::{Field, Layout};
use super::split::Split;
use crate::model::flow::{FlowSink, InterfaceFacts};
use crate::model::symbols::Sym;

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
    /// Whether its ports matter to the sink.
    pub ports: bool,
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
    pub fn of<S: FlowSink>(&mut self, layout: &Layout, line: Split<'_>, sink: &mut S) -> About {
        let place = place(line.get(self.key));
        if let Some(known) = self.known.get(place & self.known.len().wrapping_sub(1))
            && self.is_same(known, line)
        {
            return known.about;
        }
        self.learn(place, layout, line, sink)
    }

    #[inline]
    fn is_same(&self, known: &Known, line: Split<'_>) -> bool {
        let mut start = 0;
        self.runs.iter().zip(known.ends).all(|(&(first, last), end)| {
            let text = known.text.get(start..usize::from(end));
            start = usize::from(end);
            text.is_some_and(|text| same(text, line.run(first, last)))
        })
    }

    #[cold]
    fn learn<S: FlowSink>(&mut self, place: usize, layout: &Layout, line: Split<'_>, sink: &mut S) -> About {
        let symbols = sink.symbols();
        let mut symbol = |field| symbols.intern(layout.column(field).map_or(&b""[..], |column| line.get(column)));
        let mut about = About {
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
            ports: false,
        };
        let name = if about.resource.is_none() { about.interface } else { about.resource };
        about.ports = sink.wants_ports(Some(name));
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
            known.text.extend_from_slice(line.run(first, last));
            // A text that long is not known again.
            *end = u16::try_from(known.text.len()).unwrap_or(u16::MAX);
        }
        known.about = about;
        about
    }
}

/// Whether two texts are the same, word by word: they are short, and mostly are.
#[inline]
fn same(one: &[u8], two: &[u8]) -> bool {
    let (Some(last), Some(of_two)) = (one.last_chunk::<8>(), two.last_chunk::<8>()) else { return one == two };
    let (words, _) = one.as_chunks::<8>();
    let (of_other, _) = two.as_chunks::<8>();
    one.len() == two.len() && last == of_two && words.iter().zip(of_other).all(|(word, other)| word == other)
}

/// Ids differ in their last characters.
#[inline]
fn place(id: &[u8]) -> usize {
    let tail = id.last_chunk::<8>().map_or(0, |tail| u64::from_le_bytes(*tail));
    usize::try_from(tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::split::Fields;
    use super::*;
    use crate::model::flow::FlowRecord;
    use crate::model::symbols::Symbols;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Texts(Symbols);

    impl FlowSink for Texts {
        fn symbols(&mut self) -> &mut Symbols {
            &mut self.0
        }

        fn wants_ports(&self, of: Option<Sym>) -> bool {
            of.is_some_and(|name| self.0.text(name).ends_with('a'))
        }

        fn record(&mut self, _: &FlowRecord) {}

        fn malformed(&mut self, _: u64, _: &'static str) {}
    }

    const FORMAT: &str =
        "account-id interface-id srcaddr vpc-id subnet-id instance-id dstaddr bytes start region az-id interface-type";

    /// Whatever came before, a line says what it says.
    fn check(lines: &[Vec<String>]) -> Result<(), TestCaseError> {
        let layout = Layout::parse(FORMAT).expect("a layout");
        let (mut abouts, mut fields, mut sink) = (Abouts::new(&layout), Fields::new(), Texts::default());
        for words in lines {
            let line = words.join(" ");
            let about = abouts.of(&layout, fields.split(line.as_bytes()), &mut sink);
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
                prop_assert_eq!(sink.0.text(sym), if word == "-" { "" } else { word }, "{} of {}", column, line);
            }
            prop_assert!(about.resource.is_none());
            prop_assert_eq!(about.ports, words.get(1).is_some_and(|interface| interface.ends_with('a')));
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
