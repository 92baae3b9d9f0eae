//! What the gateways cost: the bill where there is one, list prices otherwise, and why the sources disagree.

use crate::advise::case::EndpointUse;
use crate::attribute::{Attributed, Gateway};
use crate::bill::kind::ChargeKind;
use crate::bill::settle::{Bill, Charge, Charges, CostBasis};
use crate::count::resolve::GatewayCount;
use crate::count::roles::NatSide;
use crate::diag::{Code, Warnings};
use crate::frames::flows::FrameError;
use crate::model::bill::LineClass;
use crate::model::bytes::Bytes;
use crate::model::inventory::{EndpointKind, Inventory, NatGateway, VpcEndpoint};
use crate::model::metrics::Metrics;
use crate::model::period::{DAY_SECONDS, HOUR_SECONDS, Month, Window, iso_day};
use crate::model::usd::{PricePerGb, Usd};
use crate::price::{Item, PriceBook, PriceMissing, place_of};
use crate::reconcile::diagnosis::{Evidence, LogSetup, diagnose};
use crate::reconcile::ledger::{Apart, Ledger, Ledgers};
use crate::reconcile::split::{GatewayCost, Observed, Source, Totals, split};
use crate::report::build::{Witness, observed};
use std::collections::{BTreeMap, BTreeSet};

/// Cost of every gateway of a period.
#[derive(Debug, Default)]
pub struct Money {
    /// By gateway, in the order of [`Attributed::gateways`], which hold those of the bill too.
    pub costs: Vec<GatewayCost>,
    /// Sums.
    pub totals: Totals,
    /// What the costs are: `net`, `unblended` or `list`.
    pub basis: &'static str,
    /// The bill, where it has something about NAT gateways in the period.
    pub ledgers: Option<Ledgers>,
    /// Its interface endpoints, by account, Region and id, whatever else it holds.
    pub endpoints: BTreeMap<(String, String, String), Ledger>,
    /// Gateways whose bill ends a day or more before the records of its account do, and the first second that it does not tell of.
    pub billed_until: BTreeMap<String, i64>,
}

const WITHOUT_GATEWAYS: &str = "no line of a NAT gateway in the period";

/// The bill's charges of a window; `None` without a bill that holds anything in it.
pub fn charges(bill: &Bill, window: Window, basis: CostBasis, warnings: &mut Warnings) -> Option<Charges> {
    let charges = bill.settle(window, basis);
    warn_of_bill(bill, &charges, warnings);
    warn_of_open_months(bill, window, warnings);
    if charges.rows.is_empty() && bill.exports().next().is_some() {
        warnings.add(Code::BillWithoutGateways, WITHOUT_GATEWAYS);
    }
    (!charges.rows.is_empty()).then_some(charges)
}

/// The one currency of the charges; several cannot be added up.
pub fn currency(charges: Option<&Charges>) -> Result<String, Vec<String>> {
    let all: Vec<String> = charges.iter().flat_map(|charges| charges.currencies.iter().cloned()).collect();
    match all.as_slice() {
        [] => Ok("USD".to_owned()),
        [only] => Ok(only.clone()),
        _ => Err(all),
    }
}

/// Ties observed bytes to what they cost. Gateways that only the bill knows are added to `attributed`. `logged` are the first and the
/// last second with records.
pub fn settle(
    charges: Option<&Charges>,
    attributed: &mut Attributed,
    prices: &PriceBook,
    logged: Option<(i64, i64)>,
    warnings: &mut Warnings,
) -> Result<Money, FrameError> {
    let ledgers = charges.map(|charges| Ledgers::new(charges, prices)).transpose()?;
    let endpoints = ledgers.as_ref().map(|ledgers| ledgers.endpoints.clone()).unwrap_or_default();
    let ledgers = ledgers.filter(|ledgers| {
        let holds_some = !ledgers.is_empty();
        if !holds_some {
            warnings.add(Code::BillWithoutGateways, WITHOUT_GATEWAYS);
        }
        holds_some
    });
    if let Some(ledgers) = &ledgers {
        add_gateways_of_bill(ledgers, attributed);
        warn_of_ledgers(ledgers, warnings);
    }
    let seen: Vec<Observed> = attributed.gateways.iter().map(|gateway| observation(gateway, prices)).collect();
    let (costs, totals) = split(&seen, ledgers.as_ref());
    let billed_until = match (&ledgers, logged) {
        (Some(ledgers), Some((_, last))) => early_ends(ledgers, &attributed.gateways, &costs, last, warnings),
        _ => BTreeMap::new(),
    };
    for (gateway, cost) in attributed.gateways.iter().zip(&costs) {
        let id = &gateway.count.side.id;
        let without_price = cost.source == Source::List && cost.usd_per_gb.is_none();
        if let (true, Err(missing)) = (without_price, price_of_gb(gateway, prices)) {
            warnings.add(Code::MissingPrice, format!("{id}: {missing}"));
        }
        let on_bill = ledgers.as_ref().is_some_and(|ledgers| ledgers.gateways.contains_key(id));
        if cost.source == Source::NotOnBill && !on_bill && observed(gateway).is_some_and(|bytes| bytes > Bytes::ZERO) {
            warnings.add(Code::GatewayNotOnBill, id.clone());
        }
    }
    let basis = match (&ledgers, charges) {
        (Some(_), Some(charges)) => charges.basis.as_str(),
        _ => CostBasis::List.as_str(),
    };
    Ok(Money { costs, totals, basis, ledgers, endpoints, billed_until })
}

impl Money {
    /// The part of a window that the bill of a gateway tells of.
    #[must_use]
    pub fn billed(&self, gateway: &str, window: Window) -> Window {
        let until = self.billed_until.get(gateway).copied().unwrap_or(window.end);
        Window { end: until.min(window.end), ..window }
    }
}

/// The gateways of accounts whose bill ends before the last day of their records. A bill is late as a whole; that one gateway has no more
/// lines only says that it was deleted.
fn early_ends(
    ledgers: &Ledgers,
    gateways: &[Gateway],
    costs: &[GatewayCost],
    last: i64,
    warnings: &mut Warnings,
) -> BTreeMap<String, i64> {
    let mut accounts: BTreeMap<Option<&str>, Vec<&Gateway>> = BTreeMap::new();
    for (gateway, cost) in gateways.iter().zip(costs) {
        let ledger = match cost.source {
            Source::Bill => ledgers.gateways.get(&gateway.count.side.id),
            Source::Pool => ledgers.pool_of(gateway.account.as_deref(), gateway.region.as_deref()),
            Source::List | Source::NotOnBill => None,
        };
        if let Some(ledger) = ledger {
            accounts.entry(ledger.account.as_deref()).or_default().push(gateway);
        }
    }
    let mut early = BTreeMap::new();
    for (account, gateways) in accounts {
        let days = gateways.iter().filter_map(|gateway| gateway.days).map(|(_, last)| last).max();
        let (Some(day), Some(until)) = (days, ledgers.until(account)) else { continue };
        let logged = (last + 1).min((i64::from(day) + 1) * DAY_SECONDS);
        // A bill is a few hours behind anyway; not of a whole day of which there are records.
        let day_begins = (logged - 1).div_euclid(DAY_SECONDS) * DAY_SECONDS;
        if until <= day_begins && logged - day_begins >= HOUR_SECONDS {
            let whose = account.map(|account| format!("{account}: ")).unwrap_or_default();
            let (billed, logged) = (iso_day(until - 1), iso_day(logged - 1));
            warnings.add(Code::BillEndsEarly, format!("{whose}the bill ends on {billed}, the records on {logged}"));
            early.extend(gateways.iter().map(|gateway| (gateway.count.side.id.clone(), until)));
        }
    }
    early
}

fn observation(gateway: &Gateway, prices: &PriceBook) -> Observed {
    Observed {
        id: gateway.count.side.id.clone(),
        account: gateway.account.clone(),
        region: gateway.region.clone(),
        bytes: observed(gateway),
        list: price_of_gb(gateway, prices).ok().map(PricePerGb::new),
    }
}

fn price_of_gb(gateway: &Gateway, prices: &PriceBook) -> Result<Usd, PriceMissing> {
    let place = place_of(gateway.region.as_deref(), gateway.az.as_deref());
    prices.price(place.as_deref(), Item::NatGatewayGb)
}

fn add_gateways_of_bill(ledgers: &Ledgers, attributed: &mut Attributed) {
    let known: BTreeSet<String> = attributed.gateways.iter().map(|gateway| gateway.count.side.id.clone()).collect();
    for (id, ledger) in ledgers.gateways.iter().filter(|(id, ledger)| ledger.is_gateway() && !known.contains(*id)) {
        attributed.gateways.push(Gateway {
            count: GatewayCount { side: NatSide { id: id.clone(), ..NatSide::default() }, ..GatewayCount::default() },
            name: None,
            account: ledger.account.clone(),
            region: ledger.region.clone(),
            vpc: None,
            az: None,
            days: None,
        });
    }
}

/// What bill and metrics say of each gateway, in the order of the gateways, and why they disagree.
#[must_use]
pub fn witnesses(
    money: &Money,
    attributed: &Attributed,
    metrics: &Metrics,
    (inventory, window): (&Inventory, Window),
) -> Vec<Witness> {
    let described = inventory.nat_gateways().next().is_some();
    let not_understood = |id: &str| money.ledgers.as_ref().and_then(|l| l.not_understood.get(id)).copied();
    let ledger = |id: &str| money.ledgers.as_ref().and_then(|ledgers| ledgers.gateways.get(id));
    let gateways = attributed.gateways.iter().zip(&money.costs);
    gateways
        .map(|(gateway, cost)| {
            let count = &gateway.count;
            let id = count.side.id.as_str();
            let known = count.known || count.covered || !described;
            let evidence = Evidence {
                observed: observed(gateway),
                covered_itself: count.covered_itself,
                unsolicited: Bytes::new(count.unsolicited()),
                skipdata: count.skipdata,
                undecided: Bytes::new(count.undecided.bytes),
                days: gateway.days,
                metered: metrics.of_gateway(id),
                billed: cost.billed_bytes,
                source: cost.source,
                known,
                routed: !known && !inventory.tables_leading_to(id).is_empty(),
                logs: inventory.nat_gateway(id).map_or(LogSetup::Unknown, |nat| log_setup(inventory, nat)),
                not_understood: not_understood(id).unwrap_or_default(),
                across: ledger(id).map(|ledger| ledger.until).filter(|until| *until > window.end),
                billed_until: money.billed_until.get(id).copied(),
            };
            Witness { metered: evidence.metered, diagnosis: diagnose(&evidence, window) }
        })
        .collect()
}

/// The flow logs of a gateway's interface, subnet or VPC, or of a regional gateway itself.
fn log_setup(inventory: &Inventory, nat: &NatGateway) -> LogSetup {
    if inventory.flow_logs().next().is_none() {
        return LogSetup::Unknown;
    }
    let resources: Vec<&String> = nat.interfaces.iter().chain(&nat.subnet).chain(&nat.vpc).chain([&nat.id]).collect();
    let own = inventory.flow_logs().filter(|log| log.resource.as_ref().is_some_and(|r| resources.contains(&r)));
    let (rejects, others): (Vec<_>, Vec<_>) = own.partition(|log| log.traffic_type.as_deref() == Some("REJECT"));
    match (rejects.is_empty(), others.is_empty()) {
        (_, false) => LogSetup::Logged,
        (false, true) => LogSetup::RejectOnly(rejects.iter().map(|log| log.id.clone()).collect()),
        (true, true) => LogSetup::NotLogged,
    }
}

/// The cost of a gateway's hours in the period: the bill's, else list.
#[must_use]
pub fn hours_usd(ledger: Option<&Ledger>, at_list: Option<Usd>) -> Option<Usd> {
    match ledger {
        Some(ledger) => ledger.hours_usd(),
        None => at_list,
    }
}

fn warn_of_bill(bill: &Bill, charges: &Charges, warnings: &mut Warnings) {
    for (account, month) in &charges.on_unblended {
        warnings.add(Code::NoNetCost, format!("{account} in {month}"));
    }
    // Lines that cost nothing on any basis change nothing.
    for ((account, month), (lines, usd)) in charges.unblended_lines.iter().filter(|(_, (_, usd))| *usd != Usd::ZERO) {
        warnings.add_counted(Code::UnblendedLines, *lines, format!("{account} in {month}: {lines} lines of {usd}"));
    }
    if charges.contracted {
        warnings.add(Code::ContractedCost, "FOCUS has no unblended cost");
    }
    let lacks = |row: &&Charge| {
        let priced = row.cost.is_some() || charges.basis == CostBasis::List;
        row.class == LineClass::Usage && row.kind.is_nat() && (row.quantity.is_none() || !priced)
    };
    for row in charges.rows.iter().filter(lacks) {
        warnings.add_counted(
            Code::IncompleteBillLine,
            row.lines,
            format!("{} {}", row.resource, iso_day(i64::from(row.day) * DAY_SECONDS)),
        );
    }
    for (export, account, month) in &charges.left_out {
        warnings.add(Code::SecondExport, format!("{export}: {account} in {month}"));
    }
    for (name, fold) in bill.exports() {
        warnings.add_counted(Code::BillLineAcrossEdge, fold.across, format!("{name}: {} lines", fold.across));
    }
}

fn warn_of_open_months(bill: &Bill, window: Window, warnings: &mut Warnings) {
    for (name, fold) in bill.exports() {
        let touched = |month: &Month| month.window().start < window.end && window.start < month.window().end;
        for month in fold.open_months().into_iter().filter(touched) {
            warnings.add(Code::EstimatedBill, format!("{name}: {month} is on no invoice yet"));
        }
    }
}

fn warn_of_ledgers(ledgers: &Ledgers, warnings: &mut Warnings) {
    let Apart { credits, refunds, tax, discounts, not_understood } = ledgers.apart;
    let discounts = ("discounts without a net cost or a gateway", discounts);
    for (what, usd) in [("credits", credits), ("refunds and corrections", refunds), ("tax", tax), discounts] {
        if usd != Usd::ZERO {
            warnings.add(Code::ChargesApart, format!("{what}: {usd}"));
        }
    }
    let (lines, usd) = not_understood;
    let gateways: Vec<&str> = ledgers.not_understood.keys().map(String::as_str).collect();
    let what = format!("{lines} lines of {usd} on {}", gateways.join(", "));
    warnings.add_counted(Code::BillLineNotUnderstood, lines, what);
    let from_book = ledgers.from_price_book;
    warnings.add_counted(Code::ListFromPriceBook, from_book, format!("{from_book} sums"));
}

/// The interface endpoints that no bill names, where one names others or NAT gateways of their account and Region: nothing is
/// known to have been paid for them.
pub fn endpoints_not_on_bill(money: &Money, inventory: &Inventory) -> BTreeSet<String> {
    // A discount may stand on no endpoint where the usage does.
    let is_used = |ledger: &&Ledger| ledger.entries.iter().any(|entry| entry.class == LineClass::Usage);
    let used = money.endpoints.iter().filter(|(_, ledger)| is_used(ledger));
    let named = used.map(|((account, region, id), _)| (account.as_str(), region.as_str(), id.as_str()));
    let gateways = money.ledgers.iter().flat_map(|ledgers| ledgers.gateways.values()).filter(|l| l.is_gateway());
    let of_gateways = gateways.map(|l| (l.account.as_deref().unwrap_or(""), l.region.as_deref().unwrap_or(""), "nat"));
    let named: Vec<(&str, &str, &str)> = of_gateways.chain(named).collect();
    let not_named = |endpoint: &&VpcEndpoint| {
        let Some(region) = endpoint.region.as_deref() else { return false };
        let of_vpc = || inventory.vpc(endpoint.vpc.as_deref()?)?.owner.as_deref();
        let owner = endpoint.owner.as_deref().or_else(of_vpc);
        let fits = |account: &str| account.is_empty() || owner.is_none_or(|owner| owner == account);
        let mut here =
            named.iter().filter(|(account, of, _)| fits(account) && *of == region).map(|(.., id)| *id).peekable();
        // What names no endpoint at all may be about any.
        here.peek().is_some() && here.all(|id| !id.is_empty() && id != endpoint.id)
    };
    let interfaces = inventory.endpoints().filter(|e| e.kind == EndpointKind::Interface && e.is_live());
    interfaces.filter(not_named).map(|endpoint| endpoint.id.clone()).collect()
}

/// What the bill says of interface endpoints: by id, and by Region for those that `is_known` does not know.
#[must_use]
pub fn endpoints(
    ledgers: &BTreeMap<(String, String, String), Ledger>,
    is_known: impl Fn(&str) -> bool,
) -> (BTreeMap<String, EndpointUse>, BTreeMap<String, Bytes>) {
    let (mut by_id, mut others) = (BTreeMap::new(), BTreeMap::new());
    for ((_, region, id), ledger) in ledgers {
        let of = |kind| ledger.entries.iter().filter(move |entry| entry.kind == kind);
        let usage = of(ChargeKind::EndpointBytes).filter(|entry| entry.class == LineClass::Usage);
        let bytes: Option<Bytes> = usage.map(|entry| entry.bytes).sum();
        if is_known(id) {
            let cost = |kind| of(kind).map(|entry| entry.cost).sum::<Option<Usd>>();
            // A bill that shows no hour of it does not say that it was free.
            let hours_usd = cost(ChargeKind::EndpointHours).filter(|_| of(ChargeKind::EndpointHours).next().is_some());
            by_id.insert(id.clone(), EndpointUse { bytes, hours_usd, data_usd: cost(ChargeKind::EndpointBytes) });
        } else {
            *others.entry(region.clone()).or_default() += bytes.unwrap_or_default();
        }
    }
    (by_id, others)
}
