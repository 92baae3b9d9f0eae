//! The lines of one file, collapsed as they are read: memory follows gateways, endpoints and days, not lines.

use super::kind::{ChargeKind, Recognised, nat_gateway_id, recognise};
use crate::model::bill::{BillFormat, BillLine, BillSink, LineClass};
use crate::model::bytes::Bytes;
use crate::model::period::{DAY_SECONDS, Month, Window};
use crate::model::symbols::{Sym, Symbols};
use crate::model::usd::{SCALE, Usd, div_half_even};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// What charges are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChargeKey {
    /// What it charges for.
    pub kind: ChargeKind,
    /// Usage, credit, ...
    pub class: LineClass,
    /// Account that used it.
    pub account: Sym,
    /// Region.
    pub region: Sym,
    /// Gateway, endpoint, attachment or other resource; [`Sym::NONE`] where the export names none.
    pub resource: Sym,
    /// Days since 1970 of the line's start.
    pub day: u32,
    /// Billing month: a line is on the bill of that month, whenever it was used.
    pub month: Month,
    /// ISO 4217 code: amounts of two currencies have no sum.
    pub currency: Sym,
}

/// A sum and how many lines had a value to add: fewer than all is "not known", which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Sum of the values, in 10^-12.
    pub sum: i128,
    /// Lines that had one.
    pub known: u64,
}

impl Part {
    /// `None` where the sum leaves 128 bits, which no real bill does.
    fn with(self, value: Option<i128>) -> Option<Self> {
        match value {
            None => Some(self),
            Some(value) => Some(Self { sum: self.sum.checked_add(value)?, known: self.known + 1 }),
        }
    }

    fn merge(&mut self, other: Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.known += other.known;
    }
}

/// What charges with one key add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChargeSums {
    /// Lines.
    pub lines: u64,
    /// First second after the newest of them.
    pub until: i64,
    /// Amounts in the line's unit.
    pub quantity: Part,
    /// Bytes, GB x 2^30 half-even per line; nothing for what is not measured in bytes.
    pub bytes: Part,
    /// Unblended cost.
    pub unblended: Part,
    /// Net cost.
    pub net: Part,
    /// Net cost, or the unblended one of a line without net cost.
    pub net_or_unblended: Part,
    /// Public on-demand cost.
    pub list: Part,
    /// Amounts of the lines without public on-demand cost.
    pub unlisted: Part,
}

impl ChargeSums {
    fn with(&self, line: &BillLine<'_>, bytes: Option<i128>) -> Option<Self> {
        let units = |usd: Option<Usd>| usd.map(Usd::units);
        let absurd = |value: &Usd| value.units().unsigned_abs() > MAX_AMOUNT;
        if [line.quantity, line.unblended, line.net, line.list].iter().flatten().any(absurd) {
            return None;
        }
        Some(Self {
            lines: self.lines + 1,
            until: if self.lines == 0 { ends(line) } else { self.until.max(ends(line)) },
            quantity: self.quantity.with(units(line.quantity))?,
            bytes: self.bytes.with(bytes)?,
            unblended: self.unblended.with(units(line.unblended))?,
            net: self.net.with(units(line.net))?,
            net_or_unblended: self.net_or_unblended.with(units(line.net.or(line.unblended)))?,
            list: self.list.with(units(line.list))?,
            unlisted: self.unlisted.with(units(line.quantity.filter(|_| line.list.is_none())))?,
        })
    }

    fn merge(&mut self, other: &Self) {
        self.until = if self.lines == 0 { other.until } else { self.until.max(other.until) };
        self.lines += other.lines;
        self.quantity.merge(other.quantity);
        self.bytes.merge(other.bytes);
        self.unblended.merge(other.unblended);
        self.net.merge(other.net);
        self.net_or_unblended.merge(other.net_or_unblended);
        self.list.merge(other.list);
        self.unlisted.merge(other.unlisted);
    }
}

/// What all lines of an account in a month say together, those that are not recognised included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountMonth {
    /// Usage lines.
    pub usage: u64,
    /// Usage lines with a net cost.
    pub with_net: u64,
    /// Lines of a NAT gateway that is named.
    pub named_gateways: u64,
    /// Usage lines that are on no invoice yet, in an export that tells.
    pub without_invoice: u64,
}

/// Lines of one bill file, or of all files of one export.
#[derive(Clone, Debug)]
pub struct BillFold {
    format: BillFormat,
    window: Option<Window>,
    /// Texts of the keys.
    pub symbols: Symbols,
    /// Charges that matter.
    pub charges: HashMap<ChargeKey, ChargeSums>,
    /// Every account and month that has a line.
    pub accounts: BTreeMap<(String, Month), AccountMonth>,
    /// Lines read.
    pub lines: u64,
    /// Lines outside the window.
    pub out_of_window: u64,
    /// Recognised lines that reach over an edge of the window; they count where they start, inside it or outside.
    pub across: u64,
    /// Numbers whose digits past the 12th were rounded.
    pub rounded: u64,
    /// Lines that could not be read.
    pub malformed: u64,
    /// The first of them: line and why.
    pub malformed_samples: Vec<(u64, String)>,
    /// Those on a NAT gateway by its id; those of which nothing tells what they are on under an empty one.
    pub malformed_on: BTreeMap<String, u64>,
    recent: (String, Option<Month>, AccountMonth),
}

const SAMPLES: usize = 3;

/// A trillion of the currency or of the unit: with more on a line, sums could leave 128 bits.
const MAX_AMOUNT: u128 = 10u128.pow(24);

impl BillFold {
    /// An empty fold. Lines that start outside `window` are only counted; without one every line is kept.
    #[must_use]
    pub fn new(format: BillFormat, window: Option<Window>) -> Self {
        Self {
            format,
            window,
            symbols: Symbols::default(),
            charges: HashMap::new(),
            accounts: BTreeMap::new(),
            lines: 0,
            out_of_window: 0,
            across: 0,
            rounded: 0,
            malformed: 0,
            malformed_samples: Vec::new(),
            malformed_on: BTreeMap::new(),
            recent: (String::new(), None, AccountMonth::default()),
        }
    }

    /// The export's kind.
    #[must_use]
    pub const fn format(&self) -> BillFormat {
        self.format
    }

    /// The months of which the export tells that no usage is on an invoice yet.
    #[must_use]
    pub fn open_months(&self) -> BTreeSet<Month> {
        let mut months: BTreeMap<Month, AccountMonth> = BTreeMap::new();
        for ((_, month), counts) in &self.accounts {
            add(months.entry(*month).or_default(), counts);
        }
        let open = |counts: &AccountMonth| counts.usage > 0 && counts.without_invoice == counts.usage;
        months.into_iter().filter(|(_, counts)| open(counts)).map(|(month, _)| month).collect()
    }

    /// Adds the lines of another fold. The order of merging changes no sum.
    pub fn merge(&mut self, other: &Self) {
        for (key, sums) in &other.charges {
            let mut text = |sym| self.symbols.intern(other.symbols.text(sym).as_bytes());
            let (account, region, resource) = (text(key.account), text(key.region), text(key.resource));
            let currency = text(key.currency);
            self.charges.entry(ChargeKey { account, region, resource, currency, ..*key }).or_default().merge(sums);
        }
        for (key, counts) in &other.accounts {
            add(self.accounts.entry(key.clone()).or_default(), counts);
        }
        let (account, month, counts) = &other.recent;
        if let Some(month) = month {
            add(self.accounts.entry((account.clone(), *month)).or_default(), counts);
        }
        self.lines += other.lines;
        self.out_of_window += other.out_of_window;
        self.across += other.across;
        self.rounded += other.rounded;
        self.malformed += other.malformed;
        let room = SAMPLES.saturating_sub(self.malformed_samples.len());
        self.malformed_samples.extend(other.malformed_samples.iter().take(room).cloned());
        for (gateway, lines) in &other.malformed_on {
            *self.malformed_on.entry(gateway.clone()).or_default() += lines;
        }
    }

    /// Counts the line for its account and month. Lines of an account come in runs, so the last one is kept at hand.
    fn note_account(&mut self, line: &BillLine<'_>, month: Month, named: bool) {
        let (account, of, _) = &self.recent;
        if *of != Some(month) || account != line.account {
            self.flush();
            self.recent = (line.account.to_owned(), Some(month), AccountMonth::default());
        }
        let counts = &mut self.recent.2;
        let usage = line.class == LineClass::Usage;
        counts.usage += u64::from(usage);
        counts.with_net += u64::from(usage && line.net.is_some());
        counts.named_gateways += u64::from(named);
        counts.without_invoice += u64::from(usage && line.has_invoice == Some(false));
    }

    fn flush(&mut self) {
        let (account, month, counts) = std::mem::take(&mut self.recent);
        if let Some(month) = month {
            add(self.accounts.entry((account, month)).or_default(), &counts);
        }
    }

    fn add(&mut self, line: &BillLine<'_>, known: &Recognised<'_>, month: Month) {
        if let Some(window) = self.window {
            self.across += u64::from(line.start < window.end && line.end > window.end && line.end > line.start);
        }
        let mut text = |text: &str| self.symbols.intern(text.as_bytes());
        let key = ChargeKey {
            kind: known.kind,
            class: line.class,
            account: text(known.account),
            region: text(known.region),
            resource: text(known.resource),
            day: u32::try_from(line.start.div_euclid(DAY_SECONDS)).unwrap_or(0),
            month,
            currency: text(line.currency),
        };
        let bytes = line.quantity.filter(|_| known.kind.is_bytes()).and_then(bytes_of_gb);
        let sums = self.charges.entry(key).or_default();
        match sums.with(line, bytes) {
            Some(with) => *sums = with,
            None => self.malformed(0, "its numbers are beyond any bill", Some(line.resource)),
        }
    }
}

impl BillSink for BillFold {
    fn format(&mut self, format: BillFormat) {
        self.format = format;
    }

    fn line(&mut self, line: &BillLine<'_>) {
        self.lines += 1;
        let Some(month) = line.month.or_else(|| Month::of(line.start)) else {
            return self.malformed(0, "its start is in no month", Some(line.resource));
        };
        if let Some(window) = self.window.filter(|window| !window.contains(line.start)) {
            self.out_of_window += 1;
            let reaches_in = line.start < window.start && line.end > window.start;
            self.across += u64::from(reaches_in && recognise(line, self.format).is_some());
            return;
        }
        let known = recognise(line, self.format);
        let named = known.as_ref().is_some_and(|known| known.kind.is_nat() && !known.resource.is_empty());
        self.note_account(line, month, named);
        let Some(known) = known else { return };
        self.rounded += u64::from(line.rounded);
        self.add(line, &known, month);
    }

    fn malformed(&mut self, line: u64, why: &str, resource: Option<&str>) {
        self.malformed += 1;
        if let Some(gateway) = resource.map_or(Some(""), nat_gateway_id) {
            *self.malformed_on.entry(gateway.to_owned()).or_default() += 1;
        }
        if self.malformed_samples.len() < SAMPLES {
            self.malformed_samples.push((line, why.to_owned()));
        }
    }
}

fn add(into: &mut AccountMonth, other: &AccountMonth) {
    into.usage += other.usage;
    into.with_net += other.with_net;
    into.named_gateways += other.named_gateways;
    into.without_invoice += other.without_invoice;
}

/// The first second after a line, Unix seconds. One that does not say is of any part of its month.
fn ends(line: &BillLine<'_>) -> i64 {
    let month = line.month.or_else(|| Month::of(line.start)).filter(|_| line.end <= line.start);
    month.map_or(line.end, |month| month.window().end)
}

/// GB of 2^30 bytes in whole bytes, half-even; `None` beyond 2^62 bytes.
fn bytes_of_gb(quantity: Usd) -> Option<i128> {
    let product = quantity.units().checked_mul(i128::from(Bytes::PER_GB))?;
    Some(div_half_even(product, SCALE)).filter(|bytes| bytes.unsigned_abs() < 1 << 62)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::tests::{line, usd};

    #[test]
    fn a_line_without_an_end_may_reach_to_the_end_of_its_month() {
        let at = |day: i64| Month::of(1_790_812_800).expect("a month").window().start + day * DAY_SECONDS;
        for (situation, start, end, expect) in
            [("a day", at(3), at(4), at(4)), ("no end", at(3), at(3), at(31)), ("the month", at(0), at(31), at(31))]
        {
            assert_eq!(ends(&BillLine { start, end, month: None, ..line() }), expect, "{situation}");
        }
    }

    #[test]
    fn gigabytes_become_whole_bytes_line_by_line() {
        for (gb, bytes) in [
            ("1", Some(1_073_741_824)),
            ("0.0000000373", Some(40)),
            ("0.0000000745", Some(80)),
            ("0.000000000465", Some(0)),
            ("0.000000000466", Some(1)),
            ("-1", Some(-1_073_741_824)),
            ("99999999999999", None),
        ] {
            assert_eq!(bytes_of_gb(usd(gb)), bytes, "{gb}");
        }
    }

    #[test]
    fn splitting_lines_over_files_changes_nothing() {
        let lines = [
            line(),
            BillLine { start: line().start + 90_000, ..line() },
            BillLine { account: "2", net: Some(usd("0.04")), ..line() },
            BillLine { usage_type: "BoxUsage", resource: "i-1", ..line() },
            BillLine { class: LineClass::Credit, resource: "", unblended: Some(usd("-1")), ..line() },
        ];
        let fold = |lines: &[BillLine<'_>]| {
            let mut fold = BillFold::new(BillFormat::Cur2, None);
            for line in lines {
                fold.line(line);
            }
            fold
        };
        let merged = |parts: &[&[BillLine<'_>]]| {
            let mut all = BillFold::new(BillFormat::Cur2, None);
            for part in parts {
                all.merge(&fold(part));
            }
            let text = |sym| all.symbols.text(sym).to_owned();
            let mut charges: Vec<_> = all
                .charges
                .iter()
                .map(|(k, s)| ((text(k.account), text(k.resource), k.kind, k.class, k.day), *s))
                .collect();
            charges.sort_by(|a, b| a.0.cmp(&b.0));
            (charges, all.accounts.clone(), all.lines)
        };
        let whole = merged(&[&lines]);
        assert_eq!(whole.0.len(), 4);
        assert_eq!(merged(&[&lines[..2], &lines[2..]]), whole);
        assert_eq!(merged(&[&lines[3..], &lines[..3]]), whole);
    }

    #[test]
    fn lines_outside_the_window_are_only_counted() {
        let window = Window { start: line().start, end: line().end };
        let mut fold = BillFold::new(BillFormat::Cur2, Some(window));
        fold.line(&line());
        fold.line(&BillLine { start: window.end, ..line() });
        fold.line(&BillLine { end: window.end + 1, ..line() });
        assert_eq!((fold.lines, fold.out_of_window, fold.across), (3, 1, 1));
        fold.line(&BillLine { start: window.start - 1, ..line() });
        fold.line(&BillLine { start: window.start - 1, end: window.start, ..line() });
        fold.line(&BillLine { start: window.start - 1, usage_type: "BoxUsage", resource: "i-1", ..line() });
        assert_eq!((fold.lines, fold.out_of_window, fold.across), (6, 4, 2), "the first of them reaches in");
        assert_eq!(fold.charges.values().map(|sums| sums.lines).sum::<u64>(), 2);
    }

    #[test]
    fn what_a_line_does_not_say_stays_unknown() {
        let mut fold = BillFold::new(BillFormat::Cur2, None);
        fold.line(&line());
        fold.line(&BillLine { quantity: None, list: None, ..line() });
        let sums = fold.charges.values().next().expect("one key");
        assert_eq!(
            (sums.lines, sums.quantity.known, sums.bytes.known, sums.list.known, sums.net.known),
            (2, 1, 1, 1, 0)
        );
        assert_eq!(sums.net_or_unblended.sum, usd("0.09").units());
    }
}
