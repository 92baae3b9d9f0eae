//! Charges added up by gateway, by account and Region where the bill names no gateway, and by endpoint.

use crate::bill::kind::ChargeKind;
use crate::bill::settle::{Charge, Charges, CostBasis, byte_count};
use crate::frames::charges::{Amounts, ChargeColumn, ChargeFrame, ChargeRows};
use crate::frames::flows::FrameError;
use crate::model::bill::LineClass;
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::price::{Item, PriceBook};
use std::collections::BTreeMap;

/// Charges of one kind and class, added up over the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it charges for.
    pub kind: ChargeKind,
    /// Usage, or what stands apart.
    pub class: LineClass,
    /// Lines of the bill.
    pub lines: u64,
    /// Amount in the line's unit, in 10^-12.
    pub quantity: Option<Usd>,
    /// Bytes, for what is measured in them.
    pub bytes: Option<Bytes>,
    /// Cost on the report's basis.
    pub cost: Option<Usd>,
}

/// What the bill says of one gateway, or of all gateways of an account and Region together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Account, where the bill says.
    pub account: Option<String>,
    /// Region, likewise.
    pub region: Option<String>,
    /// Everything on it, by kind and class.
    pub entries: Vec<Entry>,
    /// First second after its newest usage line of a NAT gateway; 0 without one.
    pub until: i64,
    /// Lines on it that nobody understands or that could not be read: what they say is in none of the entries that count.
    pub unread: u64,
}

impl Ledger {
    /// Usage and discounts of these kinds: what enters the gateway's cost. Credits, refunds and tax do not.
    fn of(&self, kinds: &[ChargeKind]) -> impl Iterator<Item = &Entry> {
        let counts = |entry: &&Entry| matches!(entry.class, LineClass::Usage | LineClass::Discount);
        let kinds = kinds.to_vec();
        self.entries.iter().filter(counts).filter(move |entry| kinds.contains(&entry.kind))
    }

    fn usage_bytes(&self, kinds: &[ChargeKind]) -> Option<Bytes> {
        self.of(kinds).filter(|entry| entry.class == LineClass::Usage).map(|entry| entry.bytes).sum()
    }

    /// Whether all that it says of bytes may be in lines that nobody understands or could read: then it is not known, which is not zero.
    #[must_use]
    pub fn is_data_unread(&self) -> bool {
        let understood = |entry: &Entry| entry.class == LineClass::Usage && DATA.contains(&entry.kind);
        self.unread > 0 && !self.entries.iter().any(understood)
    }

    /// Bytes processed; `None` if a line does not say, or if nothing but lines that could not be understood or read may tell.
    #[must_use]
    pub fn bytes(&self) -> Option<Bytes> {
        self.usage_bytes(&DATA).filter(|_| !self.is_data_unread())
    }

    /// Cost of the bytes processed, likewise.
    #[must_use]
    pub fn data_usd(&self) -> Option<Usd> {
        self.of(&DATA).map(|entry| entry.cost).sum::<Option<Usd>>().filter(|_| !self.is_data_unread())
    }

    /// Whether a line beside the gateway's own charge says that bytes crossed it, or not how many.
    #[must_use]
    pub fn has_transfer(&self) -> bool {
        let transfers = [ChargeKind::InterZone, ChargeKind::PublicIp, ChargeKind::Internet, ChargeKind::InterRegion];
        self.usage_bytes(&transfers).is_none_or(|bytes| bytes > Bytes::ZERO)
    }

    /// Hours of the gateway, in 10^-12.
    #[must_use]
    pub fn hours(&self) -> Option<Usd> {
        self.of(&[ChargeKind::NatHours]).filter(|e| e.class == LineClass::Usage).map(|entry| entry.quantity).sum()
    }

    /// Cost of the gateway's hours, those of provisioned bandwidth included.
    #[must_use]
    pub fn hours_usd(&self) -> Option<Usd> {
        self.of(&[ChargeKind::NatHours, ChargeKind::NatProvisionedHours]).map(|entry| entry.cost).sum()
    }

    /// Price of a GB that was paid; `None` where nothing was processed.
    #[must_use]
    pub fn usd_per_gb(&self) -> Option<Usd> {
        self.data_usd()?.per_gb_of(self.bytes()?)
    }

    /// Price of an hour that was paid.
    #[must_use]
    pub fn usd_per_hour(&self) -> Option<Usd> {
        let hours: Option<Usd> = self.hours();
        hours.filter(|hours| hours.units() > 0).and_then(|hours| self.hours_usd()?.ratio_to(hours))
    }

    /// Bytes without a transfer line on the same gateway: the most that endpoints could take. Traffic to AWS services of the
    /// same Region has no such line; crossing AZs is a charge on top and says nothing about the other end.
    #[must_use]
    pub fn residual_bytes(&self) -> Option<Bytes> {
        let transfers = [ChargeKind::PublicIp, ChargeKind::Internet, ChargeKind::InterRegion];
        Some(self.bytes()?.saturating_sub(self.usage_bytes(&transfers)?))
    }

    /// What [`Ledger::residual_bytes`] cost at the gateway's own rate.
    #[must_use]
    pub fn upper_bound_usd(&self) -> Option<Usd> {
        let (residual, all) = (self.residual_bytes()?, self.bytes()?);
        if all == Bytes::ZERO {
            return Some(Usd::ZERO);
        }
        let parts = self.data_usd()?.apportion(&[residual, all.saturating_sub(residual)])?;
        parts.first().copied()
    }

    /// Whether it names something that a gateway charges for, and not only transfer.
    #[must_use]
    pub fn is_gateway(&self) -> bool {
        self.entries.iter().any(|entry| entry.class == LineClass::Usage && entry.kind.is_nat())
    }
}

/// What stands apart from cost: lines of NAT gateways that are no usage, or that nobody understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// Credits, usually below zero.
    pub credits: Usd,
    /// Refunds and corrections.
    pub refunds: Usd,
    /// Tax.
    pub tax: Usd,
    /// Discounts that lower no cost: of an export without net costs, and those that name no gateway beside usage that does.
    pub discounts: Usd,
    /// Lines on a NAT gateway that are not understood: how many, and their cost.
    pub not_understood: (u64, Usd),
}

/// The bill's charges in one window.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    /// By gateway id.
    pub gateways: BTreeMap<String, Ledger>,
    /// NAT charges that name no gateway, by account and Region (empty where not said).
    pub pools: BTreeMap<(String, String), Ledger>,
    /// Interface endpoints by id; those that are not named by account and Region under an empty id.
    pub endpoints: BTreeMap<(String, String, String), Ledger>,
    /// Credits and the like.
    pub apart: Apart,
    /// Gateways with lines that are not understood, and how many.
    pub not_understood: BTreeMap<String, u64>,
    /// Lines that could not be read and may be on any gateway.
    pub unread_anywhere: u64,
    /// Costs that list prices stand in for, because the bill has no list cost of its own there.
    pub from_price_book: u64,
}

/// What the bytes of a gateway are charged as.
const DATA: [ChargeKind; 2] = [ChargeKind::NatBytes, ChargeKind::NatProvisionedBytes];

/// Endpoint kinds that fill the tiers and that a decision can be about.
const ENDPOINT: [ChargeKind; 2] = [ChargeKind::EndpointHours, ChargeKind::EndpointBytes];

impl Ledgers {
    /// Adds the charges up. On the `list` basis a cost that the bill does not have is price book times quantity.
    pub fn new(charges: &Charges, prices: &PriceBook) -> Result<Self, FrameError> {
        let mut ledgers = Self::default();
        let mut cost = |row: &Charge| {
            let cost = cost_of(row, charges.basis, prices);
            ledgers.from_price_book += u64::from(row.cost.is_none() && cost.is_some());
            cost
        };
        let mut tables = Tables::default();
        let frame = tables.frame(&charges.rows, &mut cost)?;
        let by = [
            ChargeColumn::Resource,
            ChargeColumn::Account,
            ChargeColumn::Region,
            ChargeColumn::Kind,
            ChargeColumn::Class,
        ];
        for group in frame.sums(&by)? {
            let [resource, account, region, kind, class] = group.keys[..] else { continue };
            let (resource, account, region) = (tables.text(resource), tables.text(account), tables.text(region));
            let kind = ChargeKind::ALL[kind as usize];
            let entry = entry(kind, CLASSES[class as usize], group.lines, &group.amounts);
            ledgers.add(entry, resource, account, region);
        }
        ledgers.note(charges);
        Ok(ledgers)
    }

    /// What is known beside the sums: until when there are lines, and how many say nothing.
    fn note(&mut self, charges: &Charges) {
        for row in charges.rows.iter().filter(|row| row.class == LineClass::Usage && row.kind.is_nat()) {
            let pool = || (row.account.clone(), row.region.clone());
            let named = row.resource.starts_with("nat-");
            let ledger = if named { self.gateways.get_mut(&row.resource) } else { self.pools.get_mut(&pool()) };
            if let Some(ledger) = ledger {
                ledger.until = ledger.until.max(row.until);
            }
        }
        for (id, ledger) in &mut self.gateways {
            let lines = [&self.not_understood, &charges.malformed_on].map(|lines| lines.get(id).copied());
            ledger.unread = lines.into_iter().flatten().sum();
        }
        self.unread_anywhere = charges.malformed_on.get("").copied().unwrap_or_default();
        // List costs are before discounts.
        let is_discount =
            |row: &&Charge| row.class == LineClass::Discount && row.kind.is_nat() && charges.basis != CostBasis::List;
        for row in charges.rows.iter().filter(is_discount) {
            let pool = || self.pools.get(&(row.account.clone(), row.region.clone()));
            let is_of_usage = row.resource.starts_with("nat-") || pool().is_some_and(Ledger::is_gateway);
            if !is_of_usage || charges.basis == CostBasis::Unblended || row.net.is_none() {
                let by_basis = if charges.basis == CostBasis::Net { row.net } else { row.unblended };
                self.apart.discounts += by_basis.or(row.unblended).or(row.net).unwrap_or_default();
            }
        }
    }

    /// Until when the bill of an account tells of NAT gateways; `None` if it does not.
    #[must_use]
    pub fn until(&self, account: Option<&str>) -> Option<i64> {
        let ends = self.of_gateways().filter(|ledger| ledger.is_gateway() && ledger.account.as_deref() == account);
        ends.map(|ledger| ledger.until).max()
    }

    fn add(&mut self, entry: Entry, resource: &str, account: &str, region: &str) {
        let cost = entry.cost.unwrap_or_default();
        let of_gateway = resource.starts_with("nat-");
        if !of_gateway && !entry.kind.is_nat() {
            if ENDPOINT.contains(&entry.kind) && matches!(entry.class, LineClass::Usage | LineClass::Discount) {
                let key = (account.to_owned(), region.to_owned(), resource.to_owned());
                self.endpoints.entry(key).or_default().take(entry, account, region);
            }
            return;
        }
        match entry.class {
            LineClass::Credit => self.apart.credits += cost,
            LineClass::Refund => self.apart.refunds += cost,
            LineClass::Tax => self.apart.tax += cost,
            _ if entry.kind == ChargeKind::NotUnderstood => {
                let (lines, usd) = self.apart.not_understood;
                self.apart.not_understood = (lines + entry.lines, usd + cost);
                *self.not_understood.entry(resource.to_owned()).or_default() += entry.lines;
            }
            _ => {}
        }
        let ledger = if of_gateway {
            self.gateways.entry(resource.to_owned()).or_default()
        } else if matches!(entry.class, LineClass::Usage | LineClass::Discount) {
            self.pools.entry((account.to_owned(), region.to_owned())).or_default()
        } else {
            return;
        };
        ledger.take(entry, account, region);
    }

    /// The lines that name no gateway and may be one's of this account and Region: the first pool, by name, that fits.
    #[must_use]
    pub fn pool_of(&self, account: Option<&str>, region: Option<&str>) -> Option<&Ledger> {
        let fits = |said: &str, own: Option<&str>| said.is_empty() || own == Some(said);
        let pools = self.pools.iter().filter(|(_, ledger)| ledger.is_gateway());
        pools.into_iter().find(|((a, r), _)| fits(a, account) && fits(r, region)).map(|(_, ledger)| ledger)
    }

    /// Whether nothing on the bill is about NAT gateways.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gateways.is_empty() && self.pools.is_empty()
    }

    /// All ledgers of NAT gateways, named ones first.
    pub fn of_gateways(&self) -> impl Iterator<Item = &Ledger> {
        self.gateways.values().chain(self.pools.values())
    }
}

impl Ledger {
    fn take(&mut self, entry: Entry, account: &str, region: &str) {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        self.account = self.account.take().or_else(|| said(account));
        self.region = self.region.take().or_else(|| said(region));
        self.entries.push(entry);
    }
}

const CLASSES: [LineClass; 6] =
    [LineClass::Usage, LineClass::Discount, LineClass::Credit, LineClass::Refund, LineClass::Tax, LineClass::Other];

fn entry(kind: ChargeKind, class: LineClass, lines: u64, amounts: &Amounts) -> Entry {
    Entry {
        kind,
        class,
        lines,
        quantity: amounts.quantity.map(Usd::from_units),
        bytes: amounts.bytes.map(byte_count),
        cost: amounts.cost.map(Usd::from_units),
    }
}

/// What a charge cost on the basis of the charges that it is one of; at list, price book times quantity where the bill does not say.
#[must_use]
pub fn cost_of(row: &Charge, basis: CostBasis, prices: &PriceBook) -> Option<Usd> {
    let at_list = basis == CostBasis::List && row.class == LineClass::Usage;
    row.cost.or_else(|| if at_list { list_cost(row, prices) } else { None })
}

/// Public on-demand cost, with price book times quantity for the lines that have none.
fn list_cost(row: &Charge, prices: &PriceBook) -> Option<Usd> {
    let (listed, amount) = row.partly_listed?;
    let item = match row.kind {
        ChargeKind::NatBytes => Item::NatGatewayGb,
        ChargeKind::NatProvisionedBytes => return Some(listed),
        ChargeKind::NatHours => Item::NatGatewayHour,
        ChargeKind::NatProvisionedHours => Item::NatGatewayProvisionedGbpsHour,
        ChargeKind::EndpointHours => Item::InterfaceEndpointHour,
        _ => return None,
    };
    Some(listed + prices.price(Some(&row.region), item).ok()?.times(amount)?)
}

/// Texts as frame keys and back.
#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    index: BTreeMap<String, u32>,
}

impl Tables {
    fn key(&mut self, text: &str) -> u32 {
        if let Some(&at) = self.index.get(text) {
            return at;
        }
        let at = u32::try_from(self.texts.len()).expect("fewer than 2^32 texts");
        self.texts.push(text.to_owned());
        self.index.insert(text.to_owned(), at);
        at
    }

    fn text(&self, key: u32) -> &str {
        &self.texts[key as usize]
    }

    fn frame(
        &mut self,
        rows: &[Charge],
        cost: &mut dyn FnMut(&Charge) -> Option<Usd>,
    ) -> Result<ChargeFrame, FrameError> {
        let mut columns = ChargeRows::default();
        for row in rows {
            let class = CLASSES.iter().position(|class| *class == row.class).unwrap_or(CLASSES.len() - 1);
            let keys = [
                row.kind as u32,
                u32::try_from(class).unwrap_or_default(),
                self.key(&row.account),
                self.key(&row.region),
                self.key(&row.resource),
                row.day,
            ];
            let units = |usd: Option<Usd>| usd.map(Usd::units);
            let amounts = Amounts {
                bytes: row.bytes,
                quantity: units(row.quantity),
                cost: units(cost(row)),
                list: units(row.list),
            };
            columns.push(keys, row.lines, amounts);
        }
        ChargeFrame::new(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).expect("an amount").0
    }

    fn row(cost: Option<&str>, partly_listed: Option<(&str, &str)>) -> Charge {
        Charge {
            kind: ChargeKind::NatBytes,
            class: LineClass::Usage,
            account: "1".into(),
            region: "us-east-1".into(),
            resource: "nat-1".into(),
            day: 20_000,
            lines: 2,
            until: 20_001 * 86_400,
            quantity: Some(usd("1000")),
            bytes: Some(1_000 << 30),
            cost: cost.map(usd),
            net: None,
            unblended: None,
            list: None,
            partly_listed: partly_listed.map(|(listed, amount)| (usd(listed), usd(amount))),
        }
    }

    fn check(situation: &str, basis: CostBasis, rows: Vec<Charge>, expect: Option<&str>, from_book: u64) {
        let charges = Charges { rows, basis, ..Charges::default() };
        let ledgers = Ledgers::new(&charges, &PriceBook::built_in()).expect("a frame");
        assert_eq!(ledgers.gateways["nat-1"].data_usd(), expect.map(usd), "{situation}");
        assert_eq!(ledgers.from_price_book, from_book, "{situation}");
    }

    #[test]
    fn a_discount_lowers_a_cost_or_stands_apart() {
        let check =
            |situation: &str, basis: CostBasis, (usage_on, on): (&str, &str), net: Option<&str>, expect: &str| {
                let usage = Charge { resource: usage_on.into(), ..row(Some("50"), None) };
                let cost = match basis {
                    CostBasis::Net => net.map(usd).unwrap_or_default(),
                    CostBasis::Unblended | CostBasis::List => Usd::ZERO,
                };
                let discount = Charge {
                    class: LineClass::Discount,
                    resource: on.into(),
                    cost: Some(cost),
                    net: net.map(usd),
                    unblended: Some(usd("-6")),
                    ..row(None, None)
                };
                let charges = Charges { rows: vec![usage, discount], basis, ..Charges::default() };
                let ledgers = Ledgers::new(&charges, &PriceBook::built_in()).expect("a frame");
                assert_eq!(ledgers.apart.discounts, usd(expect), "{situation}");
            };
        check("on the gateway", CostBasis::Net, ("nat-1", "nat-1"), Some("-5"), "0");
        check("of an export without net costs", CostBasis::Net, ("nat-1", "nat-1"), None, "-6");
        check("before discounts", CostBasis::Unblended, ("nat-1", "nat-1"), Some("-5"), "-6");
        check("at list", CostBasis::List, ("nat-1", "nat-1"), Some("-5"), "0");
        check("on no gateway, beside one", CostBasis::Net, ("nat-1", ""), Some("-5"), "-5");
        check("on no gateway, as the usage", CostBasis::Net, ("", ""), Some("-5"), "0");
    }

    #[test]
    fn the_price_book_stands_in_for_lines_without_list_cost_and_for_no_others() {
        let half = || row(None, Some(("25", "500"))); // 25 as listed and 500 GB x 0.045
        check("half of a day", CostBasis::List, vec![half()], Some("47.5"), 1);
        check(
            "beside a listed day",
            CostBasis::List,
            vec![half(), Charge { day: 20_001, ..row(Some("50"), None) }],
            Some("97.5"),
            1,
        );
        check("an amount is missing", CostBasis::List, vec![row(None, None)], None, 0);
        check("another basis", CostBasis::Net, vec![half()], None, 0);
    }
}
