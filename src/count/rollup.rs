//! All objects' records, collapsed: what memory holds while a month is read. It grows with distinct rows, not with objects.

use super::crossing::CrossKey;
use super::fold::{Fold, HourSums, RowKey, RowSum, merge_facts};
use super::hours::HourLists;
use super::roles::Role;
use super::words::{Hours, OwnAddr, Word};
use crate::model::addr_table::{AddrId, AddrTable};
use crate::model::flow::InterfaceFacts;
use crate::model::symbols::{Sym, Symbols};
use hashbrown::HashMap;

/// A flow log, as an index into the rollup's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// An interface or resource over all objects.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// Interface id, or the resource id of a regional gateway; absent for records of neither.
    pub name: Sym,
    /// What the records say of it.
    pub facts: InterfaceFacts,
    /// What the inventory says.
    pub role: Role,
    /// Its own address, where records that tell of its owner show it.
    pub own: OwnAddr,
}

/// What an object's key says of all its records, for logs without those fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// Account that owns the flow log.
    pub account: Option<&'a str>,
    /// Region of the flow log.
    pub region: Option<&'a str>,
}

/// Rows by key and flow log. The lists have the hours: [`RowKey::hour`] is 0.
pub type RowLists = HourLists<(RowKey, SourceId)>;

/// Records that no interface and hour holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loose {
    /// All records read, malformed and duplicate ones included.
    pub read: u64,
    /// Malformed records.
    pub malformed: u64,
    /// Records outside the window.
    pub out_of_window: RowSum,
    /// Records of duplicate objects.
    pub duplicate: RowSum,
}

/// The collapsed records of all objects.
#[derive(Debug, Default)]
pub struct Rollup {
    /// Names of the flow logs, by [`SourceId`].
    pub sources: Vec<String>,
    /// Texts.
    pub symbols: Symbols,
    /// Addresses.
    pub addrs: AddrTable,
    /// Interfaces, by the index in [`RowKey::interface`].
    pub interfaces: Vec<Interface>,
    by_name: HashMap<Sym, u32>,
    /// Sums by interface, hour and flow log.
    pub hours: HashMap<(u32, u32, SourceId), HourSums>,
    /// All rows.
    pub rows: RowLists,
    /// What crosses from one known VPC to another, by key and flow log; the lists have the hours.
    pub crossings: HourLists<(CrossKey, SourceId)>,
    /// What the records say about owners of interfaces, by flow log.
    pub words: HashMap<(Word, SourceId), Hours>,
    /// The rest.
    pub loose: Loose,
}

impl Rollup {
    /// The id of a flow log.
    pub fn source(&mut self, name: &str) -> SourceId {
        let at = self.sources.iter().position(|known| known == name).unwrap_or_else(|| {
            self.sources.push(name.to_owned());
            self.sources.len() - 1
        });
        SourceId(u32::try_from(at).expect("fewer than 2^32 flow logs"))
    }

    /// Adds an object that was read whole.
    pub fn merge(&mut self, fold: &Fold<'_>, source: SourceId, hints: &Hints<'_>) {
        let hint = |symbols: &mut Symbols, text: Option<&str>| symbols.intern(text.unwrap_or_default().as_bytes());
        let (account, region) = (hint(&mut self.symbols, hints.account), hint(&mut self.symbols, hints.region));
        let or = |said: Sym, hint: Sym| if said.is_none() { hint } else { said };
        let texts = self.symbols.intern_all(&fold.symbols);
        let addrs = self.addrs.intern_all(&fold.addrs);
        let text = |sym: Sym| texts[sym.index()];
        let addr = |id: AddrId| addrs[id.index()];
        let mut interfaces = Vec::with_capacity(fold.interfaces.len());
        for slot in &fold.interfaces {
            let facts = InterfaceFacts {
                account: or(text(slot.facts.account), account),
                region: or(text(slot.facts.region), region),
                vpc: text(slot.facts.vpc),
                subnet: text(slot.facts.subnet),
                az: text(slot.facts.az),
                instance: text(slot.facts.instance),
                kind: text(slot.facts.kind),
            };
            let interface = self.interface(text(slot.name), &facts, slot.role);
            let own = &mut self.interfaces[interface as usize].own;
            *own = own.and(slot.own);
            interfaces.push(interface);
        }
        for &(word, hours) in fold.words.said() {
            let (owner, instance) = (text(word.owner), text(word.instance));
            let word = Word { interface: interfaces[word.interface as usize], owner, instance };
            let known = self.words.entry((word, source)).or_insert(hours);
            *known = (known.0.min(hours.0), known.1.max(hours.1));
        }
        for &(interface, hour, sums) in &fold.cells {
            let fresh = HourSums { first: u16::MAX, ..HourSums::default() };
            self.hours.entry((interfaces[interface as usize], hour, source)).or_insert(fresh).merge(&sums);
        }
        self.rows.add_all(fold.rows.iter().map(|(key, sums)| {
            let of_all = RowKey {
                interface: interfaces[key.interface as usize],
                hour: 0,
                from: addr(key.from),
                to: addr(key.to),
                shown: addr(key.shown),
                from_label: text(key.from_label),
                to_label: text(key.to_label),
                next_hop: text(key.next_hop),
                ..*key
            };
            ((of_all, source), key.hour, sums)
        }));
        self.crossings.add_all(fold.crossings.iter().map(|(key, sums)| {
            let (client, server) = (addr(key.client), addr(key.server));
            let of_all = CrossKey { interface: interfaces[key.interface as usize], hour: 0, client, server, ..*key };
            ((of_all, source), key.hour, sums)
        }));
        self.loose.read += fold.read;
        self.loose.malformed += fold.malformed;
        self.loose.out_of_window.add(fold.out_of_window.records, fold.out_of_window.bytes);
    }

    /// Counts an object whose content was read before, under whatever key.
    pub const fn merge_duplicate(&mut self, fold: &Fold<'_>) {
        self.loose.read += fold.read;
        self.loose.duplicate.add(fold.read, fold.all_bytes);
    }

    /// Bytes that it holds in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        let tables = self.hours.allocation_size() + self.words.allocation_size() + self.addrs.memory();
        self.rows.memory() + self.crossings.memory() + self.symbols.memory() + tables
    }

    /// Bytes that its rows can take later, at most: counted, asked for, attributed and in a frame that is being grouped, which has a
    /// row for each of a pair's days where the report tells `days` apart.
    #[must_use]
    pub fn memory_of_report(&self, days: bool) -> usize {
        // A counted pair, its request, what is known of its remote and its client, and one row in tables and frame.
        const PAIR: usize = 400;
        // One more row in tables and frame.
        const DAY: usize = 200;
        // An entry here, at least; there is one for each hour.
        const ENTRY: usize = 5;
        let days = if days { (self.rows.entry_bytes() / ENTRY).min(self.rows.len() * 31) } else { 0 };
        // A counted row and the number of its answer are about as long again as its entry here.
        self.addrs.memory() + self.symbols.memory() + self.rows.len() * PAIR + days * DAY + 2 * self.rows.entry_bytes()
    }

    fn interface(&mut self, name: Sym, facts: &InterfaceFacts, role: Role) -> u32 {
        if let Some(&at) = self.by_name.get(&name) {
            merge_facts(&self.symbols, &mut self.interfaces[at as usize].facts, facts);
            return at;
        }
        let at = u32::try_from(self.interfaces.len()).expect("fewer than 2^32 interfaces");
        self.interfaces.push(Interface { name, facts: *facts, role, own: OwnAddr::default() });
        self.by_name.insert(name, at);
        at
    }
}
