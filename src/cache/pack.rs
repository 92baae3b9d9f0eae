//! Objects as they were counted, one row of a Parquet file each: folds into columns and the same folds back. Pure but for the
//! codec; what does not fit together is no fold.

use super::table::{ReadRows, ReadTexts, Rows, Shape, Texts};
use crate::count::crossing::CrossKey;
use crate::count::fold::{Fold, HourSums, RowKey, RowSum, RowSums, Seen};
use crate::count::legs;
use crate::count::roles::Roles;
use crate::count::words::{OwnAddr, Word};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::flow::{Direction, InterfaceFacts};
use crate::model::symbols::Sym;
use crate::sources::flow::ObjectOutcome;
use crate::sources::pages::Ends;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use std::borrow::Cow;
use std::sync::Arc;

/// The form of what is written here. Whoever changes what a fold or its columns mean gives it the next number.
pub(super) const FORM: &str = "3";

/// What reading an object told beside its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// See [`ObjectOutcome`], like the rest.
    pub content_hash: u128,
    /// Size of the inflated content.
    pub inflated_bytes: u64,
    /// The log group that the content names.
    pub log_group: Option<String>,
    /// It has no `action`.
    pub assumed_accept: bool,
    /// It has no `log-status`.
    pub assumed_ok: bool,
    /// Pages of an answer that it holds.
    pub pages: Ends,
}

impl From<ObjectOutcome> for Told {
    fn from(outcome: ObjectOutcome) -> Self {
        let ObjectOutcome { content_hash, inflated_bytes, log_group, assumed_accept, assumed_ok, pages, .. } = outcome;
        Self { content_hash, inflated_bytes, log_group, assumed_accept, assumed_ok, pages }
    }
}

/// An object that was counted.
#[derive(Debug)]
pub struct Counted<'a> {
    /// Which it is: a hash of its identity.
    pub identity: u128,
    /// What reading it told.
    pub told: Told,
    /// Its records, collapsed.
    pub fold: Fold<'a>,
}

const OBJECTS: Shape<1, 11> = Shape {
    name: "object",
    words: ["assumed"],
    sums: [
        "identity_high",
        "identity_low",
        "content_high",
        "content_low",
        "inflated_bytes",
        "read",
        "all_bytes",
        "out_of_window_records",
        "out_of_window_bytes",
        "malformed",
        "log_groups",
    ],
};
const ADDRS: Shape<0, 2> = Shape { name: "addresses", words: [], sums: ["high", "low"] };
const INTERFACES: Shape<9, 4> = Shape {
    name: "interfaces",
    words: ["name", "account", "region", "vpc", "subnet", "az", "instance", "kind", "own"],
    sums: ["own_high", "own_low", "other_high", "other_low"],
};
const CELLS: Shape<5, 6> = Shape {
    name: "hours",
    words: ["interface", "hour", "has_pkt", "first", "last"],
    sums: ["accept_records", "accept_bytes", "reject_records", "reject_bytes", "nodata", "skipdata"],
};
const ROWS: Shape<11, 4> = Shape {
    name: "rows",
    words: [
        "interface",
        "hour",
        "from",
        "to",
        "shown",
        "from_label",
        "to_label",
        "next_hop",
        "seen",
        "direction",
        "port",
    ],
    sums: ["along_records", "along_bytes", "against_records", "against_bytes"],
};
const CROSSINGS: Shape<5, 4> = Shape {
    name: "crossings",
    words: ["interface", "hour", "client", "server", "port"],
    sums: ["along_records", "along_bytes", "against_records", "against_bytes"],
};
const WORDS: Shape<5, 0> =
    Shape { name: "words", words: ["interface", "owner", "instance", "first_hour", "last_hour"], sums: [] };
const SAMPLES: Shape<0, 1> = Shape { name: "malformed", words: [], sums: ["line"] };
const SYMBOLS: &str = "symbols";
const REASONS: &str = "malformed_reasons";
const LOG_GROUPS: &str = "log_groups";

/// The objects as one batch, a row each; `None` if one of them is beyond what a batch can hold.
#[expect(clippy::too_many_lines, reason = "one column after the other")]
pub(super) fn to_batch(objects: &[Counted<'_>]) -> Option<RecordBatch> {
    let (mut heads, mut addrs, mut interfaces) = (Rows::new(OBJECTS), Rows::new(ADDRS), Rows::new(INTERFACES));
    let (mut cells, mut rows, mut crossings) = (Rows::new(CELLS), Rows::new(ROWS), Rows::new(CROSSINGS));
    let (mut words, mut samples) = (Rows::new(WORDS), Rows::new(SAMPLES));
    let (mut symbols, mut reasons, mut log_groups) = (Texts::default(), Texts::default(), Texts::default());
    for Counted { identity, told, fold } in objects {
        let marks = [told.assumed_accept, told.assumed_ok, told.pages.open, told.pages.last];
        let marks = marks.into_iter().rev().fold(0, |marks, mark| marks << 1 | u32::from(mark));
        heads.push([marks], head(*identity, told, fold));
        told.log_group.iter().for_each(|group| log_groups.push(group));
        for raw in 1..u32::try_from(fold.symbols.len()).ok()? {
            symbols.push(fold.symbols.text(Sym::from_raw(raw)));
        }
        fold.addrs.addrs()[1..].iter().for_each(|addr| addrs.push([], halves(addr.bits())));
        for slot in &fold.interfaces {
            let InterfaceFacts { account, region, vpc, subnet, az, instance, kind } = slot.facts;
            let facts = [slot.name, account, region, vpc, subnet, az, instance, kind].map(Sym::raw);
            let (left, [a, b]) = slot.own.parts();
            let ([a_high, a_low], [b_high, b_low]) = (halves(a), halves(b));
            let [name, account, region, vpc, subnet, az, instance, kind] = facts;
            interfaces
                .push([name, account, region, vpc, subnet, az, instance, kind, left], [a_high, a_low, b_high, b_low]);
        }
        for (interface, hour, sums) in &fold.cells {
            let HourSums { accept, reject, nodata, skipdata, has_pkt, first, last } = *sums;
            let numbers = [accept.records, accept.bytes, reject.records, reject.bytes, nodata, skipdata];
            cells.push([*interface, *hour, u32::from(has_pkt), u32::from(first), u32::from(last)], numbers);
        }
        for (key, sums) in fold.rows.iter() {
            let RowKey { interface, hour, from, to, shown, from_label, to_label, next_hop, seen, direction, port } =
                *key;
            let [from, to, shown] = [from, to, shown].map(AddrId::raw);
            let [from_label, to_label, next_hop] = [from_label, to_label, next_hop].map(Sym::raw);
            let (seen, direction, port) = (seen_number(seen), direction as u32, u32::from(port));
            rows.push(
                [interface, hour, from, to, shown, from_label, to_label, next_hop, seen, direction, port],
                sums_of(sums),
            );
        }
        for (key, sums) in &fold.crossings {
            let CrossKey { interface, hour, client, server, port } = *key;
            crossings.push([interface, hour, client.raw(), server.raw(), u32::from(port)], sums_of(sums));
        }
        for (word, hours) in fold.words.said() {
            words.push([word.interface, word.owner.raw(), word.instance.raw(), hours.0, hours.1], []);
        }
        for (line, why) in &fold.malformed_samples {
            samples.push([], [*line]);
            reasons.push(why);
        }
        heads.end();
        addrs.end();
        interfaces.end();
        cells.end();
        rows.end();
        crossings.end();
        words.end();
        samples.end();
        symbols.end();
        reasons.end();
        log_groups.end();
    }
    let (fields, columns): (Vec<_>, Vec<_>) = [
        heads.finish()?,
        log_groups.finish(LOG_GROUPS)?,
        symbols.finish(SYMBOLS)?,
        addrs.finish()?,
        interfaces.finish()?,
        cells.finish()?,
        rows.finish()?,
        crossings.finish()?,
        words.finish()?,
        samples.finish()?,
        reasons.finish(REASONS)?,
    ]
    .into_iter()
    .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).ok()
}

fn head(identity: u128, told: &Told, fold: &Fold<'_>) -> [u64; 11] {
    let ([identity_high, identity_low], [content_high, content_low]) = (halves(identity), halves(told.content_hash));
    [
        identity_high,
        identity_low,
        content_high,
        content_low,
        told.inflated_bytes,
        fold.read,
        fold.all_bytes,
        fold.out_of_window.records,
        fold.out_of_window.bytes,
        fold.malformed,
        u64::from(told.log_group.is_some()),
    ]
}

/// The objects of a batch; `None` for a batch that [`to_batch`] did not make.
pub(super) fn of_batch<'a>(batch: &RecordBatch, roles: &'a Roles) -> Option<Vec<Counted<'a>>> {
    let columns = Columns {
        heads: ReadRows::of(batch, &OBJECTS)?,
        log_groups: ReadTexts::of(batch, LOG_GROUPS)?,
        symbols: ReadTexts::of(batch, SYMBOLS)?,
        addrs: ReadRows::of(batch, &ADDRS)?,
        interfaces: ReadRows::of(batch, &INTERFACES)?,
        cells: ReadRows::of(batch, &CELLS)?,
        rows: ReadRows::of(batch, &ROWS)?,
        crossings: ReadRows::of(batch, &CROSSINGS)?,
        words: ReadRows::of(batch, &WORDS)?,
        samples: ReadRows::of(batch, &SAMPLES)?,
        reasons: ReadTexts::of(batch, REASONS)?,
    };
    (0..batch.num_rows()).map(|at| columns.object(at, roles)).collect()
}

struct Columns<'b> {
    heads: ReadRows<'b, 1, 11>,
    log_groups: ReadTexts<'b>,
    symbols: ReadTexts<'b>,
    addrs: ReadRows<'b, 0, 2>,
    interfaces: ReadRows<'b, 9, 4>,
    cells: ReadRows<'b, 5, 6>,
    rows: ReadRows<'b, 11, 4>,
    crossings: ReadRows<'b, 5, 4>,
    words: ReadRows<'b, 5, 0>,
    samples: ReadRows<'b, 0, 1>,
    reasons: ReadTexts<'b>,
}

impl Columns<'_> {
    fn object<'a>(&self, at: usize, roles: &'a Roles) -> Option<Counted<'a>> {
        let ([marks], numbers) = self.heads.of_object(at)?.next()?;
        let [identity_high, identity_low, content_high, content_low, inflated_bytes, numbers @ ..] = numbers;
        let [read, all_bytes, out_records, out_bytes, malformed, groups] = numbers;
        let log_group = self.log_groups.of_object(at)?.next().map(str::to_owned);
        if log_group.is_some() != (groups == 1) {
            return None;
        }
        let told = Told {
            content_hash: whole([content_high, content_low]),
            inflated_bytes,
            log_group,
            assumed_accept: marks & 1 != 0,
            assumed_ok: marks & 2 != 0,
            pages: Ends { open: marks & 4 != 0, last: marks & 8 != 0 },
        };
        let mut fold = Fold::new(roles, None);
        (fold.read, fold.all_bytes, fold.malformed) = (read, all_bytes, malformed);
        fold.out_of_window = RowSum { records: out_records, bytes: out_bytes };
        self.tables(at, &mut fold)?;
        self.sums(at, &mut fold)?;
        let reasons = self.reasons.of_object(at)?;
        for (([], [line]), why) in self.samples.of_object(at)?.zip(reasons) {
            fold.malformed_samples.push((line, Cow::Owned(why.to_owned())));
        }
        Some(Counted { identity: whole([identity_high, identity_low]), told, fold })
    }

    /// Texts, addresses and interfaces, each with the number that it had.
    fn tables(&self, at: usize, fold: &mut Fold<'_>) -> Option<()> {
        for (text, raw) in self.symbols.of_object(at)?.zip(1..) {
            same(fold.symbols.intern(text.as_bytes()).raw(), raw)?;
        }
        for (([], bits), raw) in self.addrs.of_object(at)?.zip(1..) {
            same(fold.addrs.intern(Addr::from_v6(whole(bits))).raw(), raw)?;
        }
        for (words, [a_high, a_low, b_high, b_low]) in self.interfaces.of_object(at)? {
            let own = OwnAddr::of_parts(words[8], [whole([a_high, a_low]), whole([b_high, b_low])])?;
            let known = |at: usize| symbol(fold, words[at]);
            let facts = InterfaceFacts {
                account: known(1)?,
                region: known(2)?,
                vpc: known(3)?,
                subnet: known(4)?,
                az: known(5)?,
                instance: known(6)?,
                kind: known(7)?,
            };
            let name = known(0)?;
            fold.take_interface(name, facts, own);
        }
        Some(())
    }

    fn sums(&self, at: usize, fold: &mut Fold<'_>) -> Option<()> {
        let interfaces = u32::try_from(fold.interfaces.len()).ok()?;
        let interface = |raw: u32| (raw < interfaces).then_some(raw);
        for ([at, hour, has_pkt, first, last], numbers) in self.cells.of_object(at)? {
            let [accept_records, accept_bytes, reject_records, reject_bytes, nodata, skipdata] = numbers;
            let sums = HourSums {
                accept: RowSum { records: accept_records, bytes: accept_bytes },
                reject: RowSum { records: reject_records, bytes: reject_bytes },
                nodata,
                skipdata,
                has_pkt: has_pkt != 0,
                first: u16::try_from(first).ok()?,
                last: u16::try_from(last).ok()?,
            };
            fold.cells.push((interface(at)?, hour, sums));
        }
        let rows = self.rows.of_object(at)?;
        fold.rows.reserve(rows.len());
        for (words, sums) in rows {
            let [at, hour, from, to, shown, from_label, to_label, next_hop, seen, direction, port] = words;
            let key = RowKey {
                interface: interface(at)?,
                hour,
                from: address(fold, from)?,
                to: address(fold, to)?,
                shown: address(fold, shown)?,
                from_label: symbol(fold, from_label)?,
                to_label: symbol(fold, to_label)?,
                next_hop: symbol(fold, next_hop)?,
                seen: *SEEN.get(usize::try_from(seen).ok()?)?,
                direction: *DIRECTIONS.get(usize::try_from(direction).ok()?)?,
                port: u16::try_from(port).ok()?,
            };
            *fold.rows.of(key) = of_sums(sums);
        }
        for ([at, hour, client, server, port], sums) in self.crossings.of_object(at)? {
            let (client, server) = (address(fold, client)?, address(fold, server)?);
            let key = CrossKey { interface: interface(at)?, hour, client, server, port: u16::try_from(port).ok()? };
            fold.crossings.insert(key, of_sums(sums));
        }
        for ([at, owner, instance, first, last], []) in self.words.of_object(at)? {
            let (owner, instance) = (symbol(fold, owner)?, symbol(fold, instance)?);
            fold.take_word(Word { interface: interface(at)?, owner, instance }, (first, last));
        }
        Some(())
    }
}

const DIRECTIONS: [Direction; 3] = [Direction::Unknown, Direction::Ingress, Direction::Egress];

const SEEN: [Seen; 8] = [
    Seen::Pair,
    Seen::Leg2,
    Seen::Leg3,
    Seen::Raw(legs::Shape::Plain),
    Seen::Raw(legs::Shape::NoPkt),
    Seen::Raw(legs::Shape::DstShown),
    Seen::Raw(legs::Shape::SrcShown),
    Seen::Raw(legs::Shape::BothShown),
];

/// The place in [`SEEN`].
const fn seen_number(seen: Seen) -> u32 {
    match seen {
        Seen::Pair => 0,
        Seen::Leg2 => 1,
        Seen::Leg3 => 2,
        Seen::Raw(shape) => 3 + shape as u32,
    }
}

const fn sums_of(sums: &RowSums) -> [u64; 4] {
    [sums.along.records, sums.along.bytes, sums.against.records, sums.against.bytes]
}

const fn of_sums([along_records, along_bytes, against_records, against_bytes]: [u64; 4]) -> RowSums {
    RowSums {
        along: RowSum { records: along_records, bytes: along_bytes },
        against: RowSum { records: against_records, bytes: against_bytes },
    }
}

#[expect(clippy::cast_possible_truncation, reason = "each half is taken whole")]
const fn halves(bits: u128) -> [u64; 2] {
    [(bits >> 64) as u64, bits as u64]
}

const fn whole([high, low]: [u64; 2]) -> u128 {
    (high as u128) << 64 | low as u128
}

fn same(found: u32, expect: u32) -> Option<()> {
    (found == expect).then_some(())
}

fn symbol(fold: &Fold<'_>, raw: u32) -> Option<Sym> {
    let sym = Sym::from_raw(raw);
    (sym.index() < fold.symbols.len()).then_some(sym)
}

fn address(fold: &Fold<'_>, raw: u32) -> Option<AddrId> {
    let id = AddrId::from_raw(raw);
    (id.index() < fold.addrs.addrs().len()).then_some(id)
}

#[cfg(test)]
mod tests;
