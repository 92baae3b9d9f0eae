//! The local engine's roll-up as rows of the declared result: what the SQL text gives for the same records, row for row.

use super::column::{
    ACCOUNT, AZ, BYTES, DIRECTION, FIRST, FLOW_LOG, HAS_PKT, HOUR, INSTANCE, INTERFACE, KIND, LAST, NEXT_HOP, NODATA,
    OTHER_BYTES, OTHER_RECORDS, OWNER, PORT, RECEIVER, RECEIVER_LABEL, RECORDS, REGION, SEEN_AS, SENDER, SENDER_LABEL,
    SHOWN, SKIPDATA, SUBNET, TYPE, VPC,
};
use super::guide::Guide;
use super::table::{Kind, Rows};
use super::text::kept;
use super::{COLUMNS, FORM, Grain};
use crate::count::fold::{HourSums, NOT_NAT, RowKey, RowSum, RowSums, SOME_NAT, Seen};
use crate::count::legs::Shape;
use crate::count::roles::Role;
use crate::count::rollup::Rollup;
use crate::count::vantage::{Vantage, hour_after};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::flow::Direction;
use crate::model::period::{DAY_SECONDS, HOUR_SECONDS, Window};
use crate::model::symbols::{Sym, Symbols};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// What [`Seen`] is called.
pub(super) const SEEN: [(&str, Seen); 8] = [
    ("pair", Seen::Pair),
    ("leg2", Seen::Leg2),
    ("leg3", Seen::Leg3),
    ("plain", Seen::Raw(Shape::Plain)),
    ("no-pkt", Seen::Raw(Shape::NoPkt)),
    ("dst-shown", Seen::Raw(Shape::DstShown)),
    ("src-shown", Seen::Raw(Shape::SrcShown)),
    ("both-shown", Seen::Raw(Shape::BothShown)),
];

/// What [`Direction`] is called.
pub(super) const DIRECTIONS: [(&str, Direction); 3] =
    [("-", Direction::Unknown), ("ingress", Direction::Ingress), ("egress", Direction::Egress)];

/// A row: texts are symbols.
type Packed = [i64; COLUMNS.len()];

/// All rows, 240 bytes each and their texts once: a month may have millions of them.
#[derive(Debug, Default)]
pub struct Lines {
    symbols: Symbols,
    sorted: Vec<Sym>,
    rows: Vec<Packed>,
}

impl Lines {
    fn line(&mut self, kind: &str) -> Line<'_> {
        Line { values: [0; COLUMNS.len()], lines: self }.text(KIND, kind)
    }

    /// By their values, as texts sort and not as they were met: from here on a text is its place in that order.
    fn sort(&mut self) {
        let symbols = u32::try_from(self.symbols.len()).unwrap_or(u32::MAX);
        self.sorted = (0..symbols).map(Sym::from_raw).collect();
        self.sorted.sort_unstable_by(|one, other| text_of(&self.symbols, *one).cmp(text_of(&self.symbols, *other)));
        let mut places = vec![0_i64; self.sorted.len()];
        for (place, sym) in (0..).zip(&self.sorted) {
            places[sym.index()] = place;
        }
        for row in &mut self.rows {
            for (value, _) in row.iter_mut().zip(COLUMNS).filter(|(_, (_, kind))| *kind == Kind::Text) {
                *value = usize::try_from(*value).map_or(0, |sym| places[sym]);
            }
        }
        self.rows.sort_unstable();
    }
}

/// A text that does not apply is written so.
fn text_of(symbols: &Symbols, sym: Sym) -> &str {
    if sym.is_none() { "-" } else { symbols.text(sym) }
}

impl Rows for Lines {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn text(&self, row: usize, column: usize) -> Option<&str> {
        let place = usize::try_from(self.rows[row][column]).ok()?;
        Some(text_of(&self.symbols, *self.sorted.get(place)?))
    }

    fn number(&self, row: usize, column: usize) -> Option<i64> {
        Some(self.rows[row][column])
    }
}

/// A row on its way: what is not set does not apply.
struct Line<'r> {
    values: Packed,
    lines: &'r mut Lines,
}

impl Line<'_> {
    fn text(mut self, column: usize, text: &str) -> Self {
        self.values[column] = i64::from(self.lines.symbols.intern(text.as_bytes()).raw());
        self
    }

    fn number(mut self, column: usize, number: u64) -> Self {
        self.values[column] = i64::try_from(number).unwrap_or(i64::MAX);
        self
    }

    fn sums(self, sums: &RowSums) -> Self {
        let RowSums { along, against } = sums;
        self.number(RECORDS, along.records)
            .number(BYTES, along.bytes)
            .number(OTHER_RECORDS, against.records)
            .number(OTHER_BYTES, against.bytes)
    }

    fn end(self) {
        self.lines.rows.push(self.values);
    }
}

/// All rows, sorted. The rollup's records were cut to the window as they were read.
#[must_use]
pub fn rows(rollup: &Rollup, guide: &Guide<'_>, window: Window, grain: Grain) -> Lines {
    let vantage = Vantage::choose(rollup, window);
    let (covers, by_hour) = (covers(rollup, guide), guide.by_hour());
    let by_hour_until = hour_after(guide.by_hour_until(window));
    let writer = Writer { rollup, guide, vantage: &vantage, grain, covers, by_hour, by_hour_until };
    let mut lines = Lines::default();
    lines
        .line("window")
        .number(HOUR, FORM.unsigned_abs())
        .number(PORT, grain.seconds().unsigned_abs())
        .number(FIRST, window.start.unsigned_abs())
        .number(LAST, window.end.unsigned_abs())
        .text(SHOWN, &kept(guide.roles.ports()))
        .text(OWNER, guide.digest())
        .end();
    writer.loose(&mut lines);
    writer.hours(&mut lines);
    writer.interfaces(&mut lines);
    writer.rows(&mut lines);
    lines.sort();
    lines
}

/// What a gateway's own records of an hour say: what was accepted, and the first and the last flow log that has any.
type Cover<'a> = (Accepted, &'a str, &'a str);

/// Whether there is an accepted record, and one with `pkt-*`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Accepted {
    Nothing,
    WithoutPkt,
    WithPkt,
}

impl Accepted {
    const fn of(sums: &HourSums) -> Self {
        match (sums.accept.records, sums.has_pkt) {
            (0, _) => Self::Nothing,
            (_, false) => Self::WithoutPkt,
            (_, true) => Self::WithPkt,
        }
    }
}

fn covers<'a>(rollup: &'a Rollup, guide: &'a Guide<'_>) -> HashMap<(&'a str, u32), Cover<'a>> {
    let mut covers: HashMap<(&str, u32), Cover<'_>> = HashMap::new();
    for (&(interface, hour, source), sums) in &rollup.hours {
        if let Role::Nat(index) = rollup.interfaces[interface as usize].role
            && sums.records() > 0
        {
            let log = rollup.sources[source.0 as usize].as_str();
            let gateway = guide.roles.nat(index).id.as_str();
            let cover = covers.entry((gateway, hour)).or_insert((Accepted::Nothing, log, log));
            *cover = (cover.0.max(Accepted::of(sums)), cover.1.min(log), cover.2.max(log));
        }
    }
    covers
}

struct Writer<'a> {
    rollup: &'a Rollup,
    guide: &'a Guide<'a>,
    vantage: &'a Vantage,
    grain: Grain,
    covers: HashMap<(&'a str, u32), Cover<'a>>,
    by_hour: BTreeSet<String>,
    by_hour_until: u32,
}

const fn seconds(hour: u32) -> u64 {
    hour as u64 * HOUR_SECONDS.unsigned_abs()
}

impl<'a> Writer<'a> {
    fn text(&self, sym: Sym) -> &'a str {
        self.rollup.symbols.text(sym)
    }

    fn name(&self, interface: u32) -> &'a str {
        self.text(self.rollup.interfaces[interface as usize].name)
    }

    fn addr(&self, id: AddrId) -> String {
        if id.is_none() { String::new() } else { self.rollup.addrs.addr(id).spelled_out() }
    }

    fn loose(&self, lines: &mut Lines) {
        let loose = &self.rollup.loose;
        if loose.malformed > 0 {
            lines.line("malformed").number(RECORDS, loose.malformed).end();
        }
        let RowSum { records, bytes } = loose.out_of_window;
        if records > 0 {
            lines.line("out_of_window").number(RECORDS, records).number(BYTES, bytes).end();
        }
    }

    fn hours(&self, lines: &mut Lines) {
        for (&(interface, hour, source), sums) in &self.rollup.hours {
            lines
                .line("hour")
                .text(FLOW_LOG, &self.rollup.sources[source.0 as usize])
                .text(INTERFACE, self.name(interface))
                .number(HOUR, seconds(hour))
                .number(FIRST, u64::from(sums.first))
                .number(LAST, u64::from(sums.last))
                .sums(&RowSums { along: sums.accept, against: sums.reject })
                .number(NODATA, sums.nodata)
                .number(SKIPDATA, sums.skipdata)
                .number(HAS_PKT, u64::from(sums.has_pkt))
                .end();
        }
    }

    fn interfaces(&self, lines: &mut Lines) {
        for interface in &self.rollup.interfaces {
            let facts = &interface.facts;
            let (left, addrs) = interface.own.parts();
            let mut own: Vec<String> = addrs
                .into_iter()
                .take(usize::try_from(left).unwrap_or(0) % 3)
                .map(|bits| Addr::from_v6(bits).spelled_out())
                .collect();
            // As texts sort, in whatever order the numbers do.
            own.sort();
            own.resize(2, String::new());
            lines
                .line("interface")
                .text(INTERFACE, self.text(interface.name))
                .text(ACCOUNT, self.text(facts.account))
                .text(REGION, self.text(facts.region))
                .text(VPC, self.text(facts.vpc))
                .text(SUBNET, self.text(facts.subnet))
                .text(AZ, self.text(facts.az))
                .text(INSTANCE, self.text(facts.instance))
                .text(TYPE, self.text(facts.kind))
                .text(SENDER, &own[0])
                .text(RECEIVER, &own[1])
                .text(SHOWN, if left == 3 { "any" } else { "" })
                .end();
        }
        for (&(word, source), &(first, last)) in &self.rollup.words {
            lines
                .line("word")
                .text(FLOW_LOG, &self.rollup.sources[source.0 as usize])
                .text(INTERFACE, self.name(word.interface))
                .text(INSTANCE, self.text(word.instance))
                .text(OWNER, self.text(word.owner))
                .number(FIRST, seconds(first))
                .number(LAST, seconds(last))
                .end();
        }
    }

    fn rows(&self, lines: &mut Lines) {
        self.rollup.crossings.for_each(|&(key, source), hours| {
            for (hour, sums) in hours.filter(|(hour, _)| self.vantage.speaks(key.interface, *hour, source)) {
                lines
                    .line("crossing")
                    .text(FLOW_LOG, &self.rollup.sources[source.0 as usize])
                    .text(INTERFACE, self.name(key.interface))
                    .number(HOUR, seconds(hour))
                    .text(SENDER, &self.addr(key.client))
                    .text(RECEIVER, &self.addr(key.server))
                    .number(PORT, u64::from(key.port))
                    .sums(&sums)
                    .end();
            }
        });
        self.rollup.rows.for_each(|&(key, source), hours| {
            let (role, about) = (self.rollup.interfaces[key.interface as usize].role, self.about(&key));
            if role == Role::Client && !self.may_use_a_gateway(&key) {
                return;
            }
            // Hours that nothing tells apart are one row, that of the first.
            let mut together: BTreeMap<(u32, &str), (u32, RowSums)> = BTreeMap::new();
            for (hour, sums) in hours.filter(|(hour, _)| self.vantage.speaks(key.interface, *hour, source)) {
                let (first, known) = together.entry(self.time(role, about, hour)).or_insert((hour, RowSums::default()));
                *first = hour.min(*first);
                for (known, new) in [(&mut known.along, sums.along), (&mut known.against, sums.against)] {
                    known.records += new.records;
                    known.bytes += new.bytes;
                }
            }
            for (hour, sums) in together.into_values() {
                self.row(lines, &key, hour).text(FLOW_LOG, &self.rollup.sources[source.0 as usize]).sums(&sums).end();
            }
        });
    }

    fn row<'r>(&self, lines: &'r mut Lines, key: &RowKey, hour: u32) -> Line<'r> {
        let seen = SEEN.iter().find(|(_, seen)| *seen == key.seen).map_or("-", |(name, _)| name);
        let direction = DIRECTIONS.iter().find(|(_, way)| *way == key.direction).map_or("-", |(name, _)| name);
        lines
            .line("row")
            .text(INTERFACE, self.name(key.interface))
            .number(HOUR, seconds(hour))
            .text(SENDER, &self.addr(key.from))
            .text(RECEIVER, &self.addr(key.to))
            .text(SHOWN, &self.addr(key.shown))
            .text(SENDER_LABEL, self.text(key.from_label))
            .text(RECEIVER_LABEL, self.text(key.to_label))
            .text(NEXT_HOP, self.text(key.next_hop))
            .text(SEEN_AS, seen)
            .text(DIRECTION, direction)
            .number(PORT, u64::from(key.port))
    }

    fn route_key(&self, key: &RowKey) -> Option<&'a str> {
        self.guide.known.get(self.name(key.interface))?.route_key.as_deref()
    }

    /// To which gateway the route table sends each end.
    fn routed(&self, key: &RowKey) -> [Option<&'a str>; 2] {
        let route_key = self.route_key(key);
        [key.from, key.to].map(|end| self.guide.routed(route_key, self.rollup.addrs.addr(end)))
    }

    fn has_v6(&self, key: &RowKey) -> bool {
        [key.from, key.to].into_iter().any(|end| !end.is_none() && self.rollup.addrs.addr(end).v4().is_none())
    }

    /// Whether a client's row can have used a gateway: by its next hop, or because the route table sends an end to one.
    fn may_use_a_gateway(&self, key: &RowKey) -> bool {
        match self.text(key.next_hop) {
            NOT_NAT => false,
            "" => self.route_key(key).is_none() || self.has_v6(key) || self.routed(key).iter().any(Option::is_some),
            _ => true,
        }
    }

    /// The gateway whose own records decide whether the row counts.
    fn about(&self, key: &RowKey) -> Option<&'a str> {
        if let Role::Nat(index) = self.rollup.interfaces[key.interface as usize].role {
            return Some(&self.guide.roles.nat(index).id);
        }
        match self.text(key.next_hop) {
            "" | NOT_NAT | SOME_NAT => {}
            named => return self.guide.gateway(named),
        }
        if self.route_key(key).is_none() || self.has_v6(key) {
            return None;
        }
        match self.routed(key) {
            [one, None] | [None, one] => one,
            [one, other] => one.filter(|_| one == other),
        }
    }

    /// Rows of one key with the same answer are one row.
    fn time(&self, role: Role, about: Option<&'a str>, hour: u32) -> (u32, &'a str) {
        let day = hour - hour % u32::try_from(DAY_SECONDS / HOUR_SECONDS).unwrap_or(24);
        let is_kept_by_day =
            |about: &&str| role != Role::Unknown && !self.by_hour.contains(*about) && hour >= self.by_hour_until;
        let Some(about) = about.filter(|_| self.grain == Grain::Day).filter(is_kept_by_day) else {
            return (hour, "");
        };
        let cover = self.covers.get(&(about, hour)).copied();
        match (role, cover) {
            (Role::Nat(_), _) | (_, None) => (day, ""),
            (_, Some((Accepted::WithPkt, ..))) => (day, "+"),
            (_, Some((accepted, first, last))) if first == last => {
                (day, if accepted == Accepted::Nothing { first } else { "~" })
            }
            (_, Some(_)) => (hour, ""),
        }
    }
}
