//! The local engine's roll-up as rows of the declared result: what the SQL text gives for the same records, row for row.

use super::guide::Guide;
use super::table::Value;
use super::text::kept;
use super::{COLUMNS, FORM, Grain};
use crate::count::fold::{NOT_NAT, RowKey, RowSum, RowSums, SOME_NAT, Seen};
use crate::count::legs::Shape;
use crate::count::roles::Role;
use crate::count::rollup::Rollup;
use crate::count::vantage::Vantage;
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::flow::Direction;
use crate::model::period::{DAY_SECONDS, HOUR_SECONDS, Window};
use crate::model::symbols::Sym;
use hashbrown::HashMap;
use std::collections::BTreeMap;

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

/// A row on its way: what is not set does not apply.
#[derive(Debug, Default)]
struct Line {
    texts: BTreeMap<&'static str, String>,
    numbers: BTreeMap<&'static str, i64>,
}

impl Line {
    fn new(kind: &str) -> Self {
        Self::default().text("kind", kind)
    }

    fn text(mut self, column: &'static str, text: &str) -> Self {
        if !text.is_empty() {
            self.texts.insert(column, text.to_owned());
        }
        self
    }

    fn number(mut self, column: &'static str, number: u64) -> Self {
        self.numbers.insert(column, i64::try_from(number).unwrap_or(i64::MAX));
        self
    }

    fn sums(self, sums: &RowSums) -> Self {
        let RowSums { along, against } = sums;
        self.number("records", along.records)
            .number("bytes", along.bytes)
            .number("other_records", against.records)
            .number("other_bytes", against.bytes)
    }

    fn into_values(mut self) -> Vec<Value> {
        let value = |(name, kind): &(&'static str, super::table::Kind)| match kind {
            super::table::Kind::Text => Value::Text(self.texts.remove(name).unwrap_or_else(|| "-".to_owned())),
            super::table::Kind::Number => Value::Number(self.numbers.remove(name).unwrap_or(0)),
        };
        COLUMNS.iter().map(value).collect()
    }
}

/// All rows, sorted. The rollup's records were cut to the window as they were read.
#[must_use]
pub fn rows(rollup: &Rollup, guide: &Guide<'_>, window: Window, grain: Grain) -> Vec<Vec<Value>> {
    let vantage = Vantage::choose(rollup, window);
    let writer = Writer { rollup, guide, vantage: &vantage, grain, covers: covers(rollup, guide) };
    let mut lines = vec![
        Line::new("window")
            .number("hour", FORM.unsigned_abs())
            .number("port", grain.seconds().unsigned_abs())
            .number("first_at", window.start.unsigned_abs())
            .number("last_at", window.end.unsigned_abs())
            .text("shown", &kept(guide.roles.ports()))
            .text("owner", &guide.digest()),
    ];
    writer.loose(&mut lines);
    writer.hours(&mut lines);
    writer.interfaces(&mut lines);
    writer.rows(&mut lines);
    let mut values: Vec<Vec<Value>> = lines.into_iter().map(Line::into_values).collect();
    values.sort_unstable();
    values
}

/// What a gateway's own records of an hour say: whether one was accepted, and the first and the last flow log that has any.
type Cover<'a> = (bool, &'a str, &'a str);

fn covers<'a>(rollup: &'a Rollup, guide: &'a Guide<'_>) -> HashMap<(&'a str, u32), Cover<'a>> {
    let mut covers: HashMap<(&str, u32), Cover<'_>> = HashMap::new();
    for (&(interface, hour, source), sums) in &rollup.hours {
        if let Role::Nat(index) = rollup.interfaces[interface as usize].role
            && sums.records() > 0
        {
            let log = rollup.sources[source.0 as usize].as_str();
            let gateway = guide.roles.nat(index).id.as_str();
            let cover = covers.entry((gateway, hour)).or_insert((false, log, log));
            *cover = (cover.0 || sums.accept.records > 0, cover.1.min(log), cover.2.max(log));
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
        if id.is_none() { String::new() } else { self.rollup.addrs.addr(id).to_string() }
    }

    fn loose(&self, lines: &mut Vec<Line>) {
        let loose = &self.rollup.loose;
        if loose.malformed > 0 {
            lines.push(Line::new("malformed").number("records", loose.malformed));
        }
        let RowSum { records, bytes } = loose.out_of_window;
        if records > 0 {
            lines.push(Line::new("out_of_window").number("records", records).number("bytes", bytes));
        }
    }

    fn hours(&self, lines: &mut Vec<Line>) {
        for (&(interface, hour, source), sums) in &self.rollup.hours {
            let line = Line::new("hour")
                .text("flow_log", &self.rollup.sources[source.0 as usize])
                .text("interface", self.name(interface))
                .number("hour", seconds(hour))
                .number("first_at", u64::from(sums.first))
                .number("last_at", u64::from(sums.last))
                .sums(&RowSums { along: sums.accept, against: sums.reject })
                .number("nodata", sums.nodata)
                .number("skipdata", sums.skipdata)
                .number("has_pkt", u64::from(sums.has_pkt));
            lines.push(line);
        }
    }

    fn interfaces(&self, lines: &mut Vec<Line>) {
        for interface in &self.rollup.interfaces {
            let facts = &interface.facts;
            let (left, addrs) = interface.own.parts();
            let mut own: Vec<String> = addrs
                .into_iter()
                .take(usize::try_from(left).unwrap_or(0) % 3)
                .map(|bits| Addr::from_v6(bits).to_string())
                .collect();
            // As texts sort, in whatever order the numbers do.
            own.sort();
            own.resize(2, String::new());
            let line = Line::new("interface")
                .text("interface", self.text(interface.name))
                .text("account_id", self.text(facts.account))
                .text("region", self.text(facts.region))
                .text("vpc_id", self.text(facts.vpc))
                .text("subnet_id", self.text(facts.subnet))
                .text("az_id", self.text(facts.az))
                .text("instance_id", self.text(facts.instance))
                .text("interface_type", self.text(facts.kind))
                .text("sender", &own[0])
                .text("receiver", &own[1])
                .text("shown", if left == 3 { "any" } else { "" });
            lines.push(line);
        }
        for (&(word, source), &(first, last)) in &self.rollup.words {
            let line = Line::new("word")
                .text("flow_log", &self.rollup.sources[source.0 as usize])
                .text("interface", self.name(word.interface))
                .text("instance_id", self.text(word.instance))
                .text("owner", self.text(word.owner))
                .number("first_at", seconds(first))
                .number("last_at", seconds(last));
            lines.push(line);
        }
    }

    fn rows(&self, lines: &mut Vec<Line>) {
        self.rollup.crossings.for_each(|&(key, source), hours| {
            for (hour, sums) in hours.iter().filter(|(hour, _)| self.vantage.speaks(key.interface, *hour, source)) {
                let line = Line::new("crossing")
                    .text("flow_log", &self.rollup.sources[source.0 as usize])
                    .text("interface", self.name(key.interface))
                    .number("hour", seconds(*hour))
                    .text("sender", &self.addr(key.client))
                    .text("receiver", &self.addr(key.server))
                    .number("port", u64::from(key.port))
                    .sums(sums);
                lines.push(line);
            }
        });
        self.rollup.rows.for_each(|&(key, source), hours| {
            let (role, about) = (self.rollup.interfaces[key.interface as usize].role, self.about(&key));
            if role == Role::Client && !self.may_use_a_gateway(&key) {
                return;
            }
            // Hours that nothing tells apart are one row, that of the first.
            let mut together: BTreeMap<(u32, &str), (u32, RowSums)> = BTreeMap::new();
            for &(hour, ref sums) in hours.iter().filter(|(hour, _)| self.vantage.speaks(key.interface, *hour, source))
            {
                let (first, known) = together.entry(self.time(role, about, hour)).or_insert((hour, RowSums::default()));
                *first = hour.min(*first);
                for (known, new) in [(&mut known.along, sums.along), (&mut known.against, sums.against)] {
                    known.records += new.records;
                    known.bytes += new.bytes;
                }
            }
            for (hour, sums) in together.into_values() {
                lines.push(self.row(&key, hour).text("flow_log", &self.rollup.sources[source.0 as usize]).sums(&sums));
            }
        });
    }

    fn row(&self, key: &RowKey, hour: u32) -> Line {
        let seen = SEEN.iter().find(|(_, seen)| *seen == key.seen).map_or("-", |(name, _)| name);
        let direction = DIRECTIONS.iter().find(|(_, way)| *way == key.direction).map_or("-", |(name, _)| name);
        Line::new("row")
            .text("interface", self.name(key.interface))
            .number("hour", seconds(hour))
            .text("sender", &self.addr(key.from))
            .text("receiver", &self.addr(key.to))
            .text("shown", &self.addr(key.shown))
            .text("sender_label", self.text(key.from_label))
            .text("receiver_label", self.text(key.to_label))
            .text("next_hop", self.text(key.next_hop))
            .text("seen", seen)
            .text("direction", direction)
            .number("port", u64::from(key.port))
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
        let Some(about) = about.filter(|_| role != Role::Unknown && self.grain == Grain::Day) else {
            return (hour, "");
        };
        let cover = self.covers.get(&(about, hour)).copied();
        match (role, cover) {
            (Role::Nat(_), _) | (_, None) => (day, ""),
            (_, Some((true, ..))) => (day, "+"),
            (_, Some((false, first, last))) if first == last => (day, first),
            (_, Some(_)) => (hour, ""),
        }
    }
}
