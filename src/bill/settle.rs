//! From the lines of all exports to charges that count: one export per account and month, one cost basis, the chosen time.

use super::fold::{AccountMonth, BillFold, ChargeKey, ChargeSums, Part};
use super::kind::ChargeKind;
use crate::model::bill::{BillFormat, LineClass};
use crate::model::bytes::Bytes;
use crate::model::period::{DAY_SECONDS, Month, Window};
use crate::model::usd::Usd;
use std::collections::{BTreeMap, BTreeSet};

/// Which of the bill's costs count (product contract 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum CostBasis {
    /// After discounts; unblended for an account and month where the bill has no net costs, and for a line that has none.
    #[default]
    Net,
    /// As charged before discounts that are lines of their own.
    Unblended,
    /// Public on-demand prices.
    List,
}

impl CostBasis {
    /// The text in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Unblended => "unblended",
            Self::List => "list",
        }
    }
}

/// A charge that counts, by what it is, whose and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Charge {
    /// What it charges for.
    pub kind: ChargeKind,
    /// Usage, or what stands apart.
    pub class: LineClass,
    /// Account; empty where the export does not say.
    pub account: String,
    /// Region; empty likewise.
    pub region: String,
    /// Gateway, endpoint, attachment; empty likewise.
    pub resource: String,
    /// Days since 1970.
    pub day: u32,
    /// Lines of the bill.
    pub lines: u64,
    /// First second after the newest of them.
    pub until: i64,
    /// Amount in the line's unit, in 10^-12; `None` if a line did not say.
    pub quantity: Option<Usd>,
    /// Bytes, below zero where a correction outweighs the usage; `None` for what is not measured in bytes, or not said.
    pub bytes: Option<i128>,
    /// Cost on the basis that was settled on; `None` if a line does not have it.
    pub cost: Option<Usd>,
    /// Net cost, whatever the basis.
    pub net: Option<Usd>,
    /// Unblended cost, likewise.
    pub unblended: Option<Usd>,
    /// Public on-demand cost.
    pub list: Option<Usd>,
    /// Public on-demand cost of the lines that have one, and the amount of those that have none; `None` if one of these does
    /// not say its amount.
    pub partly_listed: Option<(Usd, Usd)>,
}

/// Everything on the bill that counts in one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// The charges, sorted.
    pub rows: Vec<Charge>,
    /// What the costs are: the basis that was asked for, or unblended where no account had net costs.
    pub basis: CostBasis,
    /// Accounts and months on another basis than `basis`.
    pub on_unblended: Vec<(String, Month)>,
    /// Usage lines without net cost of accounts and months in which others have one: how many, and their unblended cost, which
    /// stands in.
    pub unblended_lines: BTreeMap<(String, Month), (u64, Usd)>,
    /// Whether FOCUS's contracted cost stands in for the unblended one.
    pub contracted: bool,
    /// Exports, with the account and month, that count nothing because another export has them too.
    pub left_out: Vec<(String, String, Month)>,
    /// Currencies of the charges, usually one.
    pub currencies: BTreeSet<String>,
    /// Whether some export names resources: Cost Explorer does not.
    pub names_resources: bool,
    /// First and last day with a usage line, days since 1970.
    pub days: Option<(u32, u32)>,
    /// Lines that could not be read, by the NAT gateway that they are on; under an empty id those that may be on any.
    pub malformed_on: BTreeMap<String, u64>,
}

/// All bill files that were read, by export.
#[derive(Clone, Debug, Default)]
pub struct Bill {
    exports: BTreeMap<String, BillFold>,
}

impl Bill {
    /// Adds a file of an export. The order of files changes nothing.
    pub fn add(&mut self, export: &str, fold: &BillFold) {
        let into = self.exports.entry(export.to_owned()).or_insert_with(|| BillFold::new(fold.format(), None));
        into.merge(fold);
    }

    /// The exports' folds, for what they say of their lines.
    pub fn exports(&self) -> impl Iterator<Item = (&str, &BillFold)> {
        self.exports.iter().map(|(name, fold)| (name.as_str(), fold))
    }

    /// The newest month in which something that natlens knows was used.
    #[must_use]
    pub fn newest_month(&self) -> Option<Month> {
        let days = self.exports.values().flat_map(|fold| fold.charges.keys().map(|key| key.day));
        days.max().and_then(|day| Month::of(i64::from(day) * DAY_SECONDS))
    }

    /// First and last day of a window in which something that natlens knows was used, in seconds since 1970. Usage is of all days up to
    /// its end; a credit or a tax has none of its own.
    #[must_use]
    pub fn days(&self, window: Window) -> Option<(i64, i64)> {
        let (first, last) = (i64_day(window.start), i64_day(window.end - 1));
        let lines = self.exports.values().flat_map(|fold| &fold.charges);
        let until = |key: &ChargeKey, sums: &ChargeSums| match key.class {
            LineClass::Usage => i64_day(sums.until - 1),
            _ => i64::from(key.day),
        };
        let days = lines.map(|(key, sums)| (i64::from(key.day), until(key, sums)));
        let inside = days.filter(|(day, _)| (first..=last).contains(day));
        let spans = inside.map(|(day, until)| (day, until.clamp(day, last)));
        let span = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        Some((span.0 * DAY_SECONDS, span.1 * DAY_SECONDS))
    }

    /// The charges of a window on a basis.
    #[must_use]
    pub fn settle(&self, window: Window, wish: CostBasis) -> Charges {
        let chosen = self.choose();
        let mut charges = Charges { basis: wish, ..Charges::default() };
        let mut basis: BTreeMap<(&str, Month), CostBasis> = BTreeMap::new();
        for ((account, month), (export, counts)) in &chosen.best {
            let without_net = wish == CostBasis::Net && counts.with_net == 0;
            basis.insert((account, *month), if without_net { CostBasis::Unblended } else { wish });
            charges.contracted |= wish == CostBasis::Unblended && self.exports[*export].format() == BillFormat::Focus;
        }
        charges.left_out = chosen.left_out;
        let days = i64_day(window.start)..=i64_day(window.end - 1);
        let mut settled: BTreeMap<CostBasis, BTreeSet<(String, Month)>> = BTreeMap::new();
        for (name, fold) in &self.exports {
            for (gateway, lines) in &fold.malformed_on {
                *charges.malformed_on.entry(gateway.clone()).or_default() += lines;
            }
            for (key, sums) in &fold.charges {
                let account = fold.symbols.text(key.account);
                // An export without accounts was chosen as such, though its ARNs tell them line by line.
                let owner = if chosen.best.contains_key(&(account, key.month)) { account } else { "" };
                let counts = chosen.best.get(&(owner, key.month)).is_none_or(|(export, _)| export == name);
                if !counts || !days.contains(&i64::from(key.day)) {
                    continue;
                }
                let basis = basis.get(&(owner, key.month)).copied().unwrap_or(wish);
                settled.entry(basis).or_default().insert((account.to_owned(), key.month));
                charges.names_resources |= fold.format() != BillFormat::CostExplorer && !key.resource.is_none();
                charges.currencies.insert(fold.symbols.text(key.currency).to_owned());
                let without_net = sums.net_or_unblended.known - sums.net.known;
                if basis == CostBasis::Net && key.class == LineClass::Usage && without_net > 0 {
                    let of = charges.unblended_lines.entry((account.to_owned(), key.month)).or_default();
                    of.0 += without_net;
                    of.1 += Usd::from_units(sums.net_or_unblended.sum - sums.net.sum);
                }
                charges.rows.push(charge(key, sums, fold, basis));
            }
        }
        charges.rows.sort();
        let usage = || charges.rows.iter().filter(|row| row.class == LineClass::Usage).map(|row| row.day);
        charges.days = usage().min().zip(usage().max());
        if wish == CostBasis::Net {
            let unblended = settled.remove(&CostBasis::Unblended).unwrap_or_default();
            if settled.is_empty() && !unblended.is_empty() {
                charges.basis = CostBasis::Unblended;
            } else {
                charges.on_unblended = unblended.into_iter().collect();
            }
        }
        charges
    }

    /// One export for each account and month: the one that names gateways, else the kind that says most, else by name. Two
    /// exports of one account are the same dollars twice.
    fn choose(&self) -> Chosen<'_> {
        let mut chosen = Chosen::default();
        let mut candidates: BTreeMap<(&str, Month), Vec<(&str, &AccountMonth)>> = BTreeMap::new();
        for (name, fold) in &self.exports {
            for ((account, month), counts) in &fold.accounts {
                candidates.entry((account, *month)).or_default().push((name, counts));
            }
        }
        let months_with_accounts: BTreeSet<Month> =
            candidates.keys().filter(|(account, _)| !account.is_empty()).map(|(_, month)| *month).collect();
        for ((account, month), mut exports) in candidates {
            exports
                .sort_by_key(|(name, counts)| (counts.named_gateways == 0, rank(self.exports[*name].format()), *name));
            // Sums over all accounts beside the accounts themselves are the same dollars twice, too.
            let whole_bill = account.is_empty() && months_with_accounts.contains(&month);
            let kept = if whole_bill { None } else { exports.first().copied() };
            for (name, _) in exports.iter().filter(|(name, _)| kept.is_none_or(|(best, _)| best != *name)) {
                chosen.left_out.push(((*name).to_owned(), account.to_owned(), month));
            }
            match kept {
                Some((name, counts)) => chosen.best.insert((account, month), (name, *counts)),
                None => chosen.best.insert((account, month), ("", AccountMonth::default())),
            };
        }
        chosen
    }
}

#[derive(Default)]
struct Chosen<'a> {
    best: BTreeMap<(&'a str, Month), (&'a str, AccountMonth)>,
    left_out: Vec<(String, String, Month)>,
}

const fn rank(format: BillFormat) -> u8 {
    match format {
        BillFormat::Cur2 => 0,
        BillFormat::CurLegacy => 1,
        BillFormat::Focus => 2,
        BillFormat::CostExplorer => 3,
    }
}

const fn i64_day(second: i64) -> i64 {
    second.div_euclid(DAY_SECONDS)
}

fn charge(key: &ChargeKey, sums: &ChargeSums, fold: &BillFold, basis: CostBasis) -> Charge {
    let text = |sym| fold.symbols.text(sym).to_owned();
    Charge {
        kind: key.kind,
        class: key.class,
        account: text(key.account),
        region: text(key.region),
        resource: text(key.resource),
        day: key.day,
        lines: sums.lines,
        until: sums.until,
        quantity: whole(sums.quantity, sums.lines),
        bytes: (key.kind.is_bytes() && sums.bytes.known == sums.lines).then_some(sums.bytes.sum),
        cost: cost(key.class, sums, basis),
        net: whole(sums.net, sums.lines),
        unblended: whole(sums.unblended, sums.lines),
        list: whole(sums.list, sums.lines),
        partly_listed: (sums.list.known + sums.unlisted.known == sums.lines)
            .then(|| (Usd::from_units(sums.list.sum), Usd::from_units(sums.unlisted.sum))),
    }
}

/// Discounts on the gateway itself count with their own net value, and nothing else (product contract 5).
fn cost(class: LineClass, sums: &ChargeSums, basis: CostBasis) -> Option<Usd> {
    match (class, basis) {
        (LineClass::Discount, CostBasis::Net) => Some(Usd::from_units(sums.net.sum)),
        (LineClass::Discount, CostBasis::Unblended | CostBasis::List) => Some(Usd::ZERO),
        (_, CostBasis::Net) => whole(sums.net_or_unblended, sums.lines),
        (LineClass::Usage, CostBasis::List) => whole(sums.list, sums.lines),
        (_, CostBasis::Unblended | CostBasis::List) => whole(sums.unblended, sums.lines),
    }
}

fn whole(part: Part, lines: u64) -> Option<Usd> {
    (part.known == lines).then(|| Usd::from_units(part.sum))
}

/// Bytes of the bill as the count that they are; corrections that outweigh the usage leave nothing.
#[must_use]
pub fn byte_count(bytes: i128) -> Bytes {
    Bytes::new(u64::try_from(bytes.max(0)).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 1))
}
