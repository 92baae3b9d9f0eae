//! A fold of a part of an object added to the fold of what lies before it: all is as if one fold had got every record.

use super::super::words::Word;
use super::{CrossKey, Fold, InterfaceFacts, MAX_BYTES, RowKey, SAMPLES};
use crate::model::addr_table::AddrId;
use crate::model::symbols::Sym;

impl Fold<'_> {
    /// An empty fold for the next part of the same object.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::new(self.roles, self.window)
    }

    /// The same with nothing in it, for another part; see [`Fold::emptied`].
    #[must_use]
    pub fn emptied_alike(self) -> Option<Self> {
        let window = self.window;
        self.emptied(window)
    }

    /// Adds a part, before which stand so many lines. `false`, and nothing is added, where together they hold more than [`MAX_BYTES`]:
    /// which record is the first that is too much, only reading them one after the other can tell.
    pub fn add(&mut self, part: &Self, lines: u64) -> bool {
        if part.all_bytes > MAX_BYTES - self.all_bytes {
            return false;
        }
        let texts = self.symbols.intern_all(&part.symbols);
        let addrs = self.addrs.intern_all(&part.addrs);
        let text = |sym: Sym| texts[sym.index()];
        let addr = |id: AddrId| addrs[id.index()];
        let mut interfaces = Vec::with_capacity(part.interfaces.len());
        for slot in &part.interfaces {
            let facts = InterfaceFacts {
                account: text(slot.facts.account),
                region: text(slot.facts.region),
                vpc: text(slot.facts.vpc),
                subnet: text(slot.facts.subnet),
                az: text(slot.facts.az),
                instance: text(slot.facts.instance),
                kind: text(slot.facts.kind),
            };
            let interface = self.interface(text(slot.name), &facts);
            let own = &mut self.interfaces[interface as usize].own;
            *own = own.and(slot.own);
            interfaces.push(interface);
        }
        let interface = |at: u32| interfaces[at as usize];
        for &(word, hours) in part.words.said() {
            let (owner, instance) = (text(word.owner), text(word.instance));
            self.words.add(Word { interface: interface(word.interface), owner, instance }, hours);
        }
        for (at, hour, sums) in &part.cells {
            self.cell(interface(*at), *hour).merge(sums);
        }
        for (key, sums) in part.rows.iter() {
            let key = RowKey {
                interface: interface(key.interface),
                from: addr(key.from),
                to: addr(key.to),
                shown: addr(key.shown),
                from_label: text(key.from_label),
                to_label: text(key.to_label),
                next_hop: text(key.next_hop),
                ..*key
            };
            self.rows.of(key).merge(sums);
        }
        for (key, sums) in &part.crossings {
            let (client, server) = (addr(key.client), addr(key.server));
            let key = CrossKey { interface: interface(key.interface), client, server, ..*key };
            self.crossings.entry(key).or_default().merge(sums);
        }
        self.read += part.read;
        self.all_bytes += part.all_bytes;
        self.out_of_window.add(part.out_of_window.records, part.out_of_window.bytes);
        self.malformed += part.malformed;
        // What the counter refused has no line.
        let place = |line: u64| if line == 0 { 0 } else { lines + line };
        let room = SAMPLES - self.malformed_samples.len().min(SAMPLES);
        let samples = part.malformed_samples.iter().take(room);
        self.malformed_samples.extend(samples.map(|(line, why)| (place(*line), why.clone())));
        true
    }
}
