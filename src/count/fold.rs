//! One object's records, collapsed as they are read. Discarded whole when the object turns out to be broken.

mod parts;

use super::crossing::CrossKey;
use super::legs::{Ends, Leg, Shape, zonal_leg};
use super::roles::{Role, Roles};
use super::rows::Rows;
use super::words::{Hours, OwnAddr, Word, Words};
use crate::model::addr::Addr;
use crate::model::addr_table::{AddrId, AddrTable};
use crate::model::flow::{Direction, FlowRecord, FlowSink, InterfaceFacts, Verdict};
use crate::model::period::{HOUR_SECONDS, Window};
use crate::model::symbols::{Sym, Symbols};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// What is known of a row's place in a NAT conversation when its object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// Legs 1 and 4 at a known gateway in a log with `pkt-*`: `from` is the client, `to` the remote.
    Pair,
    /// Leg 2 likewise: ends dropped.
    Leg2,
    /// Leg 3 likewise.
    Leg3,
    /// Not decided yet: the record's shape.
    Raw(Shape),
}

/// What rows are told apart by. Symbols and addresses belong to the table that holds the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// Index of the interface or resource.
    pub interface: u32,
    /// Hours since 1970 of `start`.
    pub hour: u32,
    /// Real sender.
    pub from: AddrId,
    /// Real receiver.
    pub to: AddrId,
    /// The interface's address shown in place of a real one; kept for unknown interfaces only.
    pub shown: AddrId,
    /// `pkt-src-aws-service`.
    pub from_label: Sym,
    /// `pkt-dst-aws-service`.
    pub to_label: Sym,
    /// Next hop by the log's own word: absent, [`NOT_NAT`], [`SOME_NAT`] or the gateway's interface.
    pub next_hop: Sym,
    /// Leg or shape.
    pub seen: Seen,
    /// `flow-direction`.
    pub direction: Direction,
    /// Port of the end that is a public address of a known VPC; 0 for every other row, and where the log does not say.
    pub port: u16,
}

/// [`RowKey::next_hop`] of a flow whose next hop is known and is no NAT gateway.
pub const NOT_NAT: &str = "(not a NAT gateway)";
/// [`RowKey::next_hop`] of a flow whose next hop is a NAT gateway that the record does not name.
pub const SOME_NAT: &str = "(unnamed NAT gateway)";

impl RowKey {
    /// The key of rows that nothing but these tells apart: no ends, no labels.
    pub(super) const fn bare(interface: u32, hour: u32, seen: Seen) -> Self {
        Self {
            interface,
            hour,
            from: AddrId::NONE,
            to: AddrId::NONE,
            shown: AddrId::NONE,
            from_label: Sym::NONE,
            to_label: Sym::NONE,
            next_hop: Sym::NONE,
            seen,
            direction: Direction::Unknown,
            port: 0,
        }
    }
}

impl Hash for RowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let pair = |a: u32, b: u32| u64::from(a) << 32 | u64::from(b);
        state.write_u64(pair(self.from.raw(), self.to.raw()));
        state.write_u64(pair(self.interface, self.hour));
        let labels = self.from_label.raw() ^ self.to_label.raw().rotate_left(16);
        state.write_u64(pair(labels ^ u32::from(self.port) << 12, self.shown.raw()));
    }
}

/// Sums of a row, by way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSums {
    /// Along `from` to `to`.
    pub along: RowSum,
    /// Against it: leg 4 of a [`Seen::Pair`]; nothing otherwise.
    pub against: RowSum,
}

impl RowSums {
    pub(super) const fn merge(&mut self, other: &Self) {
        self.along.add(other.along.records, other.along.bytes);
        self.against.add(other.against.records, other.against.bytes);
    }
}

/// Records and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSum {
    /// How many.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// All records of one interface in one hour, by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HourSums {
    /// ACCEPT records.
    pub accept: RowSum,
    /// REJECT records.
    pub reject: RowSum,
    /// NODATA records.
    pub nodata: u64,
    /// SKIPDATA records.
    pub skipdata: u64,
    /// Whether an ACCEPT record has `pkt-*`.
    pub has_pkt: bool,
    /// Earliest `start`, seconds into the hour.
    pub first: u16,
    /// Latest `start`, seconds into the hour.
    pub last: u16,
}

impl HourSums {
    /// All records.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.accept.records + self.reject.records + self.nodata + self.skipdata
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.accept.add(other.accept.records, other.accept.bytes);
        self.reject.add(other.reject.records, other.reject.bytes);
        self.nodata += other.nodata;
        self.skipdata += other.skipdata;
        self.has_pkt |= other.has_pkt;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl RowSum {
    #[inline]
    pub(super) const fn add(&mut self, records: u64, bytes: u64) {
        // Checked by the release profile's overflow checks: a wrapped sum is worse than a crash.
        self.records += records;
        self.bytes += bytes;
    }
}

/// An interface or resource and what its records say of it.
#[derive(Clone, Copy, Debug)]
pub struct InterfaceSlot {
    /// Interface id, or the resource id of a regional gateway.
    pub name: Sym,
    /// What the records say.
    pub facts: InterfaceFacts,
    /// What the inventory says.
    pub role: Role,
    /// Its own address, where records that tell of its owner show it.
    pub own: OwnAddr,
    hour: u32,
    cell: u32,
    /// Places of the rows of legs 2 and 3 in that hour: half of a gateway's records, whose rows differ in nothing else.
    mirrors: [usize; 2],
}

/// One object's records, collapsed.
#[derive(Debug)]
pub struct Fold<'a> {
    roles: &'a Roles,
    window: Option<Window>,
    /// Texts of the object.
    pub symbols: Symbols,
    /// Addresses of the object.
    pub addrs: AddrTable,
    /// Interfaces of the object.
    pub interfaces: Vec<InterfaceSlot>,
    by_name: Vec<u32>,
    /// Sums of each interface and hour.
    pub cells: Vec<(u32, u32, HourSums)>,
    cell_index: HashMap<(u32, u32), u32>,
    /// Sums of each row.
    pub rows: Rows<RowKey, RowSums>,
    /// Sums of what crosses from one known VPC to another.
    pub crossings: HashMap<CrossKey, RowSums>,
    /// What the records say about owners of interfaces.
    pub words: Words,
    /// Records read, malformed ones included.
    pub read: u64,
    /// Bytes of all records.
    pub all_bytes: u64,
    /// Records outside the window.
    pub out_of_window: RowSum,
    /// Malformed records.
    pub malformed: u64,
    /// The first malformed records: line and why.
    pub malformed_samples: Vec<(u64, Cow<'static, str>)>,
    not_nat: Sym,
    some_nat: Sym,
}

/// Most bytes that all objects together may hold: 4 EiB. What is in no sum can overflow none.
pub const MAX_BYTES: u64 = 1 << 62;

const NOWHERE: u32 = u32::MAX;
const NO_MIRRORS: [usize; 2] = [usize::MAX; 2];
const SAMPLES: usize = 3;

impl<'a> Fold<'a> {
    /// An empty fold. Records outside `window` are only counted; without one every record is kept.
    #[must_use]
    pub fn new(roles: &'a Roles, window: Option<Window>) -> Self {
        let mut symbols = Symbols::default();
        let (not_nat, some_nat) = next_hops(&mut symbols);
        Self {
            roles,
            window,
            symbols,
            addrs: AddrTable::default(),
            interfaces: Vec::new(),
            by_name: Vec::new(),
            cells: Vec::new(),
            cell_index: HashMap::new(),
            rows: Rows::default(),
            crossings: HashMap::new(),
            words: Words::default(),
            read: 0,
            all_bytes: 0,
            out_of_window: RowSum::default(),
            malformed: 0,
            malformed_samples: Vec::new(),
            not_nat,
            some_nat,
        }
    }

    /// The same fold with nothing in it, for another object: memory that is there already is faster than new memory. `None` where it
    /// has much more room than it needed: clearing that takes longer than making a small one. `window` as in [`Fold::new`].
    #[must_use]
    pub fn emptied(mut self, window: Option<Window>) -> Option<Self> {
        const FEW: usize = 1024;
        if self.rows.capacity() > FEW.max(self.rows.len() * 16) {
            return None;
        }
        self.window = window;
        let Self {
            roles: _,
            window: _,
            symbols,
            addrs,
            interfaces,
            by_name,
            cells,
            cell_index,
            rows,
            crossings,
            words,
            read,
            all_bytes,
            out_of_window,
            malformed,
            malformed_samples,
            not_nat,
            some_nat,
        } = &mut self;
        symbols.clear();
        addrs.clear();
        interfaces.clear();
        by_name.clear();
        cells.clear();
        cell_index.clear();
        rows.clear();
        crossings.clear();
        words.clear();
        malformed_samples.clear();
        (*read, *all_bytes, *malformed, *out_of_window) = (0, 0, 0, RowSum::default());
        (*not_nat, *some_nat) = next_hops(symbols);
        Some(self)
    }

    /// Bytes that it holds in memory, about.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.rows.allocation_size()
            + self.crossings.allocation_size()
            + self.cell_index.allocation_size()
            + self.cells.capacity() * size_of::<(u32, u32, HourSums)>()
            + self.addrs.memory()
            + self.symbols.memory()
    }

    /// Bytes that its texts take.
    #[must_use]
    pub const fn texts(&self) -> usize {
        self.symbols.texts()
    }

    /// Takes an interface of a fold that was put down, as its next one. The role is the inventory's, as it always was.
    pub fn take_interface(&mut self, name: Sym, facts: InterfaceFacts, own: OwnAddr) {
        let role = self.roles.role(self.symbols.text(name));
        self.interfaces.push(InterfaceSlot { name, facts, role, own, hour: NOWHERE, cell: 0, mirrors: NO_MIRRORS });
    }

    /// Takes what the records of a fold that was put down said of an owner.
    pub fn take_word(&mut self, word: Word, hours: Hours) {
        self.words.take(word, hours);
    }

    #[inline]
    fn interface(&mut self, name: Sym, facts: &InterfaceFacts) -> u32 {
        let at = name.index();
        if let Some(&slot) = self.by_name.get(at)
            && slot != NOWHERE
        {
            let known = &mut self.interfaces[slot as usize];
            if known.facts != *facts {
                merge_facts(&self.symbols, &mut known.facts, facts);
            }
            return slot;
        }
        if self.by_name.len() <= at {
            self.by_name.resize(at + 1, NOWHERE);
        }
        let slot = u32::try_from(self.interfaces.len()).expect("fewer than 2^32 interfaces");
        let role = self.roles.role(self.symbols.text(name));
        self.interfaces.push(InterfaceSlot {
            name,
            facts: *facts,
            role,
            own: OwnAddr::default(),
            hour: NOWHERE,
            cell: 0,
            mirrors: NO_MIRRORS,
        });
        self.by_name[at] = slot;
        slot
    }

    #[inline]
    fn cell(&mut self, interface: u32, hour: u32) -> &mut HourSums {
        let slot = &mut self.interfaces[interface as usize];
        if slot.hour != hour {
            let cells = &mut self.cells;
            slot.cell = *self.cell_index.entry((interface, hour)).or_insert_with(|| {
                let sums = HourSums { first: u16::MAX, ..HourSums::default() };
                cells.push((interface, hour, sums));
                u32::try_from(cells.len() - 1).expect("fewer than 2^32 hours")
            });
            (slot.hour, slot.mirrors) = (hour, NO_MIRRORS);
        }
        &mut self.cells[slot.cell as usize].2
    }

    /// Adds an ACCEPT record to its row; to none where it can never be NAT traffic.
    #[inline]
    fn add_to_row(&mut self, interface: u32, hour: u32, record: &FlowRecord) {
        let next_hop = self.next_hop(record);
        let ends = Ends::of(record);
        let role = self.interfaces[interface as usize].role;
        if matches!(role, Role::Quiet | Role::Client | Role::Unknown) {
            self.add_crossing(interface, hour, ends, record);
        }
        let (mut seen, mut shown, mut against) = (Seen::Raw(ends.shape), Addr::NONE, false);
        match role {
            Role::Quiet | Role::Carrier if next_hop.is_none() || next_hop == self.not_nat => return,
            Role::Quiet | Role::Carrier | Role::Client => {}
            Role::Unknown => shown = ends.shown,
            Role::Nat(index) => {
                let nat = self.roles.nat(index);
                if !nat.regional && ends.shape != Shape::NoPkt {
                    let leg = zonal_leg(ends, record.direction, |a| nat.own.contains(&a), |a| self.roles.is_local(a));
                    seen = match leg {
                        Some(Leg::ClientToNat | Leg::NatToClient) => Seen::Pair,
                        Some(Leg::NatToRemote) => Seen::Leg2,
                        Some(Leg::RemoteToNat) => Seen::Leg3,
                        None => seen,
                    };
                    against = leg == Some(Leg::NatToClient);
                    if matches!(seen, Seen::Leg2 | Seen::Leg3) {
                        return self.add_mirror(interface, hour, seen, record.bytes);
                    }
                }
            }
        }
        let at_gateway = matches!(role, Role::Nat(_));
        let mut id = |addr| self.addrs.intern(addr);
        let (from, to) = if against { (ends.to, ends.from) } else { (ends.from, ends.to) };
        let (from_label, to_label) = match against {
            true => (Sym::NONE, record.src_service),
            // Of a pair only the remote is named.
            false if seen == Seen::Pair => (Sym::NONE, record.dst_service),
            false => (record.src_service, record.dst_service),
        };
        let key = RowKey {
            interface,
            hour,
            from: id(from),
            to: id(to),
            shown: id(shown),
            from_label,
            to_label,
            next_hop: if at_gateway { Sym::NONE } else { next_hop },
            seen,
            // Where the leg is known the direction says nothing more.
            direction: if matches!(seen, Seen::Raw(_)) { record.direction } else { Direction::Unknown },
            port: match self.roles.peers().served_port(ends, record, at_gateway) {
                0 => self.roles.kept_port(record, (seen == Seen::Pair).then_some(against)),
                served => served,
            },
        };
        let sums = self.rows.of(key);
        let sum = if against { &mut sums.against } else { &mut sums.along };
        sum.add(1, record.bytes);
    }

    /// Adds a record of leg 2 or 3 to its row, which has neither ends nor labels.
    #[inline]
    fn add_mirror(&mut self, interface: u32, hour: u32, seen: Seen, bytes: u64) {
        let place = &mut self.interfaces[interface as usize].mirrors[usize::from(seen == Seen::Leg3)];
        if *place == usize::MAX {
            *place = self.rows.place(RowKey::bare(interface, hour, seen));
        }
        self.rows.at(*place).along.add(1, bytes);
    }

    /// Adds an ACCEPT record that crosses from one known VPC to another, beside its row.
    #[inline]
    fn add_crossing(&mut self, interface: u32, hour: u32, ends: Ends, record: &FlowRecord) {
        let Some(crossing) = self.roles.peers().crossing(ends, record) else { return };
        let (client, server) = (self.addrs.intern(crossing.client), self.addrs.intern(crossing.server));
        let sums = self.crossings.entry(CrossKey { interface, hour, client, server, port: crossing.port }).or_default();
        let sum = if crossing.up { &mut sums.along } else { &mut sums.against };
        sum.add(1, record.bytes);
    }

    #[inline]
    fn next_hop(&self, record: &FlowRecord) -> Sym {
        if record.next_hop_kind.is_none() {
            return Sym::NONE;
        }
        match self.symbols.text(record.next_hop_kind) {
            "nat_gateway" | "regional_nat_gateway" if record.next_hop.is_none() => self.some_nat,
            "nat_gateway" | "regional_nat_gateway" => record.next_hop,
            _ => self.not_nat,
        }
    }
}

fn next_hops(symbols: &mut Symbols) -> (Sym, Sym) {
    (symbols.intern(NOT_NAT.as_bytes()), symbols.intern(SOME_NAT.as_bytes()))
}

/// Keeps the first non-empty text in sort order: the order of records must not matter.
pub(super) fn merge_facts(symbols: &Symbols, known: &mut InterfaceFacts, new: &InterfaceFacts) {
    let pick = |a: Sym, b: Sym| match (a.is_none(), b.is_none()) {
        (_, true) => a,
        (true, false) => b,
        _ if symbols.text(b) < symbols.text(a) => b,
        _ => a,
    };
    *known = InterfaceFacts {
        account: pick(known.account, new.account),
        region: pick(known.region, new.region),
        vpc: pick(known.vpc, new.vpc),
        subnet: pick(known.subnet, new.subnet),
        az: pick(known.az, new.az),
        instance: pick(known.instance, new.instance),
        kind: pick(known.kind, new.kind),
    };
}

impl FlowSink for Fold<'_> {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn wants_ports(&self, of: Option<Sym>) -> bool {
        self.roles.wants_ports(of.map(|name| self.roles.role(self.symbols.text(name))))
    }

    #[inline]
    fn record(&mut self, record: &FlowRecord) {
        let Ok(hour) = u32::try_from(record.start.div_euclid(HOUR_SECONDS)) else {
            return self.malformed(0, "start out of range");
        };
        if record.bytes > MAX_BYTES - self.all_bytes {
            return self.malformed(0, "bytes beyond what any sum can hold");
        }
        self.read += 1;
        self.all_bytes += record.bytes;
        if let Some(window) = self.window
            && !window.contains(record.start)
        {
            return self.out_of_window.add(1, record.bytes);
        }
        let name = if record.resource.is_none() { record.interface } else { record.resource };
        let interface = self.interface(name, &record.facts);
        self.words.hear(interface, hour, record, &mut self.interfaces[interface as usize].own);
        let second = u16::try_from(record.start.rem_euclid(HOUR_SECONDS)).expect("an hour has 3,600 seconds");
        let has_pkt = record.pkt_src.is_some() || record.pkt_dst.is_some();
        let cell = self.cell(interface, hour);
        cell.first = cell.first.min(second);
        cell.last = cell.last.max(second);
        match record.verdict {
            Verdict::Accept => {
                cell.accept.add(1, record.bytes);
                cell.has_pkt |= has_pkt;
                self.add_to_row(interface, hour, record);
            }
            Verdict::Reject => cell.reject.add(1, record.bytes),
            Verdict::NoData => cell.nodata += 1,
            Verdict::SkipData => cell.skipdata += 1,
        }
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.read += 1;
        self.malformed += 1;
        if self.malformed_samples.len() < SAMPLES {
            self.malformed_samples.push((line, Cow::Borrowed(why)));
        }
    }
}
