//! Rows of the declared result back into a rollup, whoever made them. What does not fit together is refused: nothing behind this may
//! meet sums that do not add up.

use super::column::{
    ACCOUNT, AZ, BYTES, DIRECTION, FIRST, FLOW_LOG, HAS_PKT, HOUR, INSTANCE, INTERFACE, KIND, LAST, NEXT_HOP, NODATA,
    OTHER_BYTES, OTHER_RECORDS, OWNER, PORT, RECEIVER, RECEIVER_LABEL, RECORDS, REGION, SEEN_AS, SENDER, SENDER_LABEL,
    SHOWN, SKIPDATA, SUBNET, TYPE, VPC,
};
use super::result::{DIRECTIONS, SEEN};
use super::table::{Batch, TableError};
use super::{COLUMNS, FORM, Grain};
use crate::count::crossing::CrossKey;
use crate::count::fold::{Fold, HourSums, MAX_BYTES, RowKey, RowSum, RowSums};
use crate::count::roles::Roles;
use crate::count::rollup::{Hints, Rollup};
use crate::count::vantage::Vantage;
use crate::count::words::{OwnAddr, Word};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::flow::InterfaceFacts;
use crate::model::period::{HOUR_SECONDS, Window};
use crate::model::symbols::Sym;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Why rows are no roll-up.
#[derive(Debug, thiserror::Error)]
pub enum BackError {
    /// The file.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A value that cannot be.
    #[error("{column} of a row of kind {kind} is {value:?}")]
    Value {
        /// Kind of the row.
        kind: String,
        /// Column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// A row of a kind that there is not.
    #[error("there is no kind {0:?}")]
    Kind(String),
    /// Not one row that says for which time it was made.
    #[error("{0} rows of kind window: it is not the whole result of one run")]
    Windows(usize),
    /// Made by another version.
    #[error("it has the form {0}, and this version of natlens reads {FORM}")]
    Form(i64),
    /// Sums that contradict each other.
    #[error("{0}: it is not the result of one run over the same flow logs")]
    Incoherent(String),
}

/// Files of a result on their way into a rollup.
#[derive(Debug)]
pub struct Back<'a> {
    roles: &'a Roles,
    /// One for each flow log.
    folds: BTreeMap<String, (Fold<'a>, HashMap<Sym, u32>)>,
    facts: Vec<Said>,
    loose: [RowSum; 2],
    windows: Vec<(i64, Made)>,
    all: RowSum,
}

/// What was said of an interface.
#[derive(Debug)]
struct Said {
    name: String,
    /// As in [`InterfaceFacts`].
    facts: [String; 7],
    own: OwnAddr,
}

/// A rollup that was read.
#[derive(Debug)]
pub struct ReadBack {
    /// The rollup.
    pub rollup: Rollup,
    /// How it was made.
    pub made: Made,
}

/// What a result says of how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The time.
    pub window: Window,
    /// How finely its rows are kept.
    pub grain: Grain,
    /// Ports that were kept for naming rules; rows at others do not tell theirs.
    pub ports: BTreeSet<u16>,
    /// The inventory, [`super::inventory_digest`].
    pub inventory: String,
}

impl<'a> Back<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(roles: &'a Roles) -> Self {
        let (folds, facts, windows) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { roles, folds, facts, loose: [RowSum::default(); 2], windows, all: RowSum::default() }
    }

    /// Takes rows.
    pub fn take(&mut self, batch: &Batch) -> Result<(), BackError> {
        (0..batch.len()).try_for_each(|row| self.row(&Row { batch, row }))
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), BackError> {
        let along = RowSum { records: row.count(RECORDS)?, bytes: row.count(BYTES)? };
        let against = RowSum { records: row.count(OTHER_RECORDS)?, bytes: row.count(OTHER_BYTES)? };
        let sums = RowSums { along, against };
        match row.text(KIND) {
            "window" => {
                let grain = Grain::of_seconds(row.number(PORT)).ok_or_else(|| row.bad(PORT))?;
                let window = Window { start: row.number(FIRST), end: row.number(LAST) };
                let ports = absent(row.text(SHOWN)).split(',').filter(|port| !port.is_empty()).map(str::parse);
                let ports = ports.collect::<Result<_, _>>().map_err(|_| row.bad(SHOWN))?;
                let inventory = row.text(OWNER).to_owned();
                self.windows.push((row.number(HOUR), Made { window, grain, ports, inventory }));
            }
            "malformed" => {
                self.add(along)?;
                add(&mut self.loose[0], along);
            }
            "out_of_window" => {
                self.add(along)?;
                add(&mut self.loose[1], along);
            }
            "interface" => self.facts.push(row.said()?),
            "hour" => self.hour(row, along, against)?,
            "crossing" => self.crossing(row, along, against)?,
            "row" => self.collapsed(row, sums)?,
            "word" => {
                let hours = (row.hour(FIRST)?, row.hour(LAST)?);
                let (fold, interfaces) = self.fold(row);
                let interface = interface(fold, interfaces, row);
                let (owner, instance) = (row.sym(OWNER, fold), row.sym(INSTANCE, fold));
                fold.take_word(Word { interface, owner, instance }, hours);
            }
            other => return Err(BackError::Kind(other.to_owned())),
        }
        Ok(())
    }

    fn hour(&mut self, row: &Row<'_>, along: RowSum, against: RowSum) -> Result<(), BackError> {
        let silent = row.count(NODATA)?.saturating_add(row.count(SKIPDATA)?);
        for sum in [along, against, RowSum { records: silent, bytes: 0 }] {
            self.add(sum)?;
        }
        let short = |at| u16::try_from(row.count(at)?).map_err(|_| row.bad(at));
        let hours = HourSums {
            accept: along,
            reject: against,
            nodata: row.count(NODATA)?,
            skipdata: row.count(SKIPDATA)?,
            has_pkt: row.count(HAS_PKT)? > 0,
            first: short(FIRST)?,
            last: short(LAST)?,
        };
        let (hour, (fold, interfaces)) = (row.hour(HOUR)?, self.fold(row));
        let interface = interface(fold, interfaces, row);
        fold.cells.push((interface, hour, hours));
        Ok(())
    }

    fn crossing(&mut self, row: &Row<'_>, along: RowSum, against: RowSum) -> Result<(), BackError> {
        let (hour, port) = (row.hour(HOUR)?, row.port()?);
        let (fold, interfaces) = self.fold(row);
        let interface = interface(fold, interfaces, row);
        let (client, server) = (row.addr(SENDER, fold)?, row.addr(RECEIVER, fold)?);
        let known = fold.crossings.entry(CrossKey { interface, hour, client, server, port }).or_default();
        add(&mut known.along, along);
        add(&mut known.against, against);
        Ok(())
    }

    fn collapsed(&mut self, row: &Row<'_>, sums: RowSums) -> Result<(), BackError> {
        let (hour, port) = (row.hour(HOUR)?, row.port()?);
        let seen = SEEN.iter().find(|(name, _)| *name == row.text(SEEN_AS)).ok_or_else(|| row.bad(SEEN_AS))?.1;
        let way = DIRECTIONS.iter().find(|(name, _)| *name == row.text(DIRECTION));
        let direction = way.ok_or_else(|| row.bad(DIRECTION))?.1;
        let (fold, interfaces) = self.fold(row);
        let key = RowKey {
            interface: interface(fold, interfaces, row),
            hour,
            from: row.addr(SENDER, fold)?,
            to: row.addr(RECEIVER, fold)?,
            shown: row.addr(SHOWN, fold)?,
            from_label: row.sym(SENDER_LABEL, fold),
            to_label: row.sym(RECEIVER_LABEL, fold),
            next_hop: row.sym(NEXT_HOP, fold),
            seen,
            direction,
            port,
        };
        let known = fold.rows.of(key);
        add(&mut known.along, sums.along);
        add(&mut known.against, sums.against);
        Ok(())
    }

    fn fold(&mut self, row: &Row<'_>) -> &mut (Fold<'a>, HashMap<Sym, u32>) {
        let roles = self.roles;
        self.folds.entry(row.text(FLOW_LOG).to_owned()).or_insert_with(|| (Fold::new(roles, None), HashMap::new()))
    }

    /// What is in no sum can overflow none.
    fn add(&mut self, sum: RowSum) -> Result<(), BackError> {
        add(&mut self.all, sum);
        if self.all.bytes.max(self.all.records) > MAX_BYTES {
            return Err(BackError::Incoherent(format!("all records or their bytes exceed {MAX_BYTES}")));
        }
        Ok(())
    }

    /// All of it.
    pub fn finish(self) -> Result<ReadBack, BackError> {
        let [(form, made)] = &self.windows[..] else { return Err(BackError::Windows(self.windows.len())) };
        if *form != FORM {
            return Err(BackError::Form(*form));
        }
        let facts: HashMap<&str, &Said> = self.facts.iter().map(|said| (said.name.as_str(), said)).collect();
        let mut rollup = Rollup::default();
        let [malformed, out] = self.loose;
        rollup.loose.read = self.all.records;
        rollup.loose.malformed = malformed.records;
        rollup.loose.out_of_window = out;
        for (name, (mut fold, _)) in self.folds {
            for at in 0..fold.interfaces.len() {
                let name = fold.symbols.text(fold.interfaces[at].name).to_owned();
                let key = if name.is_empty() { "-" } else { &name };
                let Some(said) = facts.get(key) else {
                    return Err(BackError::Incoherent(format!("nothing is said of the interface {key}")));
                };
                let mut sym = |text: &String| fold.symbols.intern(absent(text).as_bytes());
                let [account, region, vpc, subnet, az, instance, kind] = said.facts.each_ref().map(&mut sym);
                fold.interfaces[at].facts = InterfaceFacts { account, region, vpc, subnet, az, instance, kind };
                fold.interfaces[at].own = said.own;
            }
            let source = rollup.source(&name);
            rollup.merge(&fold, source, &Hints::default());
        }
        coherent(&rollup, made.window)?;
        Ok(ReadBack { rollup, made: made.clone() })
    }
}

/// What is more than can be is found to be incoherent in the end.
const fn add(known: &mut RowSum, new: RowSum) {
    known.records = known.records.saturating_add(new.records);
    known.bytes = known.bytes.saturating_add(new.bytes);
}

/// Every row stands in an hour in which its flow log speaks, and all rows of an interface together hold no more than its hours.
fn coherent(rollup: &Rollup, window: Window) -> Result<(), BackError> {
    let vantage = Vantage::choose(rollup, window);
    let mut left: HashMap<u32, RowSum> = HashMap::new();
    for (&(interface, hour, source), sums) in &rollup.hours {
        if vantage.speaks(interface, hour, source) {
            add(left.entry(interface).or_default(), sums.accept);
        } else if !vantage.inside(hour) {
            return Err(BackError::Incoherent("it has an hour outside its window".to_owned()));
        }
    }
    let mut wrong = None;
    rollup.rows.for_each(|&(key, source), hours| {
        for (hour, sums) in hours {
            let mut all = sums.along;
            add(&mut all, sums.against);
            let left = left.entry(key.interface).or_default();
            let (records, bytes) = (left.records.checked_sub(all.records), left.bytes.checked_sub(all.bytes));
            match (vantage.speaks(key.interface, hour, source), records, bytes) {
                (true, Some(records), Some(bytes)) => *left = RowSum { records, bytes },
                _ => wrong = Some(key.interface),
            }
        }
    });
    match wrong {
        Some(interface) => {
            let name = rollup.symbols.text(rollup.interfaces[interface as usize].name);
            Err(BackError::Incoherent(format!("rows of the interface {name} contradict its hours")))
        }
        None => Ok(()),
    }
}

fn absent(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

fn interface(fold: &mut Fold<'_>, interfaces: &mut HashMap<Sym, u32>, row: &Row<'_>) -> u32 {
    let name = row.sym(INTERFACE, fold);
    *interfaces.entry(name).or_insert_with(|| {
        let next = u32::try_from(fold.interfaces.len()).expect("fewer than 2^32 interfaces");
        fold.take_interface(name, InterfaceFacts::default(), OwnAddr::default());
        next
    })
}

struct Row<'b> {
    batch: &'b Batch,
    row: usize,
}

impl<'b> Row<'b> {
    fn text(&self, column: usize) -> &'b str {
        self.batch.text(column, self.row)
    }

    fn number(&self, column: usize) -> i64 {
        self.batch.number(column, self.row)
    }

    fn bad(&self, column: usize) -> BackError {
        let value = match COLUMNS[column].1 {
            super::table::Kind::Text => self.text(column).to_owned(),
            super::table::Kind::Number => self.number(column).to_string(),
        };
        BackError::Value { kind: self.text(KIND).to_owned(), column: COLUMNS[column].0, value }
    }

    fn count(&self, column: usize) -> Result<u64, BackError> {
        u64::try_from(self.number(column)).ok().filter(|count| *count <= MAX_BYTES).ok_or_else(|| self.bad(column))
    }

    fn hour(&self, column: usize) -> Result<u32, BackError> {
        let second = self.number(column);
        let hour = u32::try_from(second / HOUR_SECONDS).ok().filter(|_| second % HOUR_SECONDS == 0);
        hour.ok_or_else(|| self.bad(column))
    }

    fn port(&self) -> Result<u16, BackError> {
        u16::try_from(self.number(PORT)).map_err(|_| self.bad(PORT))
    }

    fn sym(&self, column: usize, fold: &mut Fold<'_>) -> Sym {
        fold.symbols.intern(absent(self.text(column)).as_bytes())
    }

    fn address(&self, column: usize) -> Result<Addr, BackError> {
        match absent(self.text(column)) {
            "" => Ok(Addr::NONE),
            text => Addr::parse(text.as_bytes()).ok_or_else(|| self.bad(column)),
        }
    }

    fn addr(&self, column: usize, fold: &mut Fold<'_>) -> Result<AddrId, BackError> {
        Ok(match self.address(column)? {
            Addr::NONE => AddrId::NONE,
            addr => fold.addrs.intern(addr),
        })
    }

    fn said(&self) -> Result<Said, BackError> {
        let (one, other) = (self.address(SENDER)?, self.address(RECEIVER)?);
        let (left, bits) = match (self.text(SHOWN), one, other) {
            ("any", ..) => (3, [0; 2]),
            (_, Addr::NONE, _) => (0, [0; 2]),
            (_, one, Addr::NONE) => (1, [one.bits(), 0]),
            (_, one, other) => (2, [one.min(other).bits(), one.max(other).bits()]),
        };
        let own = OwnAddr::of_parts(left, bits).ok_or_else(|| self.bad(SENDER))?;
        let facts = [ACCOUNT, REGION, VPC, SUBNET, AZ, INSTANCE, TYPE].map(|column| self.text(column).to_owned());
        Ok(Said { name: self.text(INTERFACE).to_owned(), facts, own })
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{self, Kind, Value};
    use super::*;

    /// A row of these values; what is not named does not apply.
    fn row(values: &[(&str, Value)]) -> Vec<Value> {
        let value = |(name, kind): &(&str, Kind)| {
            let given = values.iter().find(|(of, _)| of == name).map(|(_, value)| value.clone());
            given.unwrap_or(if *kind == Kind::Text { "-".into() } else { 0.into() })
        };
        COLUMNS.iter().map(value).collect()
    }

    fn window(form: i64) -> Vec<Value> {
        let (start, end) = (Value::from(7200), Value::from(14_400));
        row(&[
            ("kind", "window".into()),
            ("hour", form.into()),
            ("port", 3600.into()),
            ("first_at", start),
            ("last_at", end),
        ])
    }

    fn about(interface: &str) -> Vec<Value> {
        row(&[("kind", "interface".into()), ("interface", interface.into()), ("shown", "any".into())])
    }

    fn sums(kind: &str, flow_log: &str, hour: i64, records: i64) -> Vec<Value> {
        row(&[
            ("kind", kind.into()),
            ("flow_log", flow_log.into()),
            ("interface", "eni-1".into()),
            ("hour", hour.into()),
            ("seen", "plain".into()),
            ("sender", "10.0.0.1".into()),
            ("receiver", "192.0.2.1".into()),
            ("records", records.into()),
            ("bytes", (records * 100).into()),
        ])
    }

    fn check(situation: &str, rows: &[Vec<Value>], expect: Result<u64, &str>) {
        let roles = Roles::default();
        let mut back = Back::new(&roles);
        let file = table::write(&COLUMNS, rows).expect("declared rows");
        let read = table::read(bytes::Bytes::from(file), &COLUMNS, |batch| back.take(batch));
        let found = read.and_then(|()| back.finish()).map(|back| back.rollup.loose.read);
        match (found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{situation}"),
            (Err(found), Err(expect)) => assert!(found.to_string().contains(expect), "{situation}: {found}"),
            (found, _) => panic!("{situation}: {found:?}"),
        }
    }

    #[test]
    fn rows_that_contradict_each_other_are_refused() {
        let whole = || vec![window(FORM), about("eni-1"), sums("hour", "fl-1", 7200, 3), sums("row", "fl-1", 7200, 2)];
        let with = |more: Vec<Value>| [whole(), vec![more]].concat();
        check("whole", &whole(), Ok(3));
        check("no window", &whole()[1..], Err("0 rows of kind window"));
        check("two windows", &with(window(FORM)), Err("2 rows of kind window"));
        check("of another version", &[window(FORM + 1)], Err(&format!("reads {FORM}")));
        let mut ports = window(FORM);
        ports[SHOWN] = "443,many".into();
        check("ports that are none", &[ports], Err("shown of a row of kind window is \"443,many\""));
        check("a kind of the future", &with(row(&[("kind", "new".into())])), Err("no kind \"new\""));
        check("more in rows than in hours", &with(sums("row", "fl-1", 7200, 2)), Err("rows of the interface eni-1"));
        check(
            "a row of a flow log that does not speak",
            &with(sums("row", "fl-2", 7200, 1)),
            Err("rows of the interface eni-1"),
        );
        check("a row in no hour", &with(sums("row", "fl-1", 10_800, 1)), Err("rows of the interface eni-1"));
        check("an hour outside", &with(sums("hour", "fl-1", 14_400, 1)), Err("an hour outside its window"));
        check("no whole hour", &with(sums("hour", "fl-1", 7201, 1)), Err("hour of a row of kind hour is \"7201\""));
        check("a negative sum", &with(sums("hour", "fl-1", 7200, -1)), Err("records of a row of kind hour is \"-1\""));
        let unknown = [window(FORM), sums("hour", "fl-1", 7200, 1)];
        check("nobody knows the interface", &unknown, Err("nothing is said of the interface eni-1"));
        let huge = |hour| sums("hour", "fl-1", hour, 1 << 55);
        check("sums that overflow", &[huge(7200), huge(10_800)], Err("exceed"));
    }
}
