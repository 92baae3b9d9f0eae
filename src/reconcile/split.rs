//! Ties the bytes that flow logs hold to the dollars of the bill. Attributed and unobserved sum to the bill, to the last unit.

use super::ledger::{Ledger, Ledgers};
use crate::model::bytes::Bytes;
use crate::model::usd::{PricePerGb, SCALE, Usd, div_half_even};
use std::collections::BTreeMap;

/// A gateway as the flow logs know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Its id.
    pub id: String,
    /// Its account, where known.
    pub account: Option<String>,
    /// Its Region, where known.
    pub region: Option<String>,
    /// Bytes that are attributed; `None` where no log covers it.
    pub bytes: Option<Bytes>,
    /// List price of a GB.
    pub list: Option<PricePerGb>,
}

/// What a gateway's bytes cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayCost {
    /// Cost of the observed bytes; `None` where neither bill nor price is known.
    pub attributed: Option<Usd>,
    /// What was paid for a GB, else the list price without a bill.
    pub usd_per_gb: Option<Usd>,
    /// Bytes on the bill.
    pub billed_bytes: Option<Bytes>,
    /// Observed over billed.
    pub coverage: Option<Usd>,
    /// Data cost on the bill.
    pub data_usd: Option<Usd>,
    /// Hours on the bill.
    pub hours: Option<Usd>,
    /// Their cost.
    pub hours_usd: Option<Usd>,
    /// Data cost that no flow log explains.
    pub unobserved: Option<Usd>,
    /// Where its cost comes from.
    pub source: Source,
}

/// Where a gateway's cost comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// There is no bill: list price times bytes.
    #[default]
    List,
    /// Its own lines on the bill.
    Bill,
    /// The lines of its account and Region, which name no gateway.
    Pool,
    /// There is a bill, and it does not know the gateway: nothing is known of its cost.
    NotOnBill,
}

/// Sums over all gateways and pools; `None` where a part is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes on the bill.
    pub billed_bytes: Option<Bytes>,
    /// Observed bytes over them; `None` where some were observed at a gateway that is not on it.
    pub coverage: Option<Usd>,
    /// Data cost on the bill.
    pub data_usd: Option<Usd>,
    /// Cost of the hours.
    pub hours_usd: Option<Usd>,
    /// Cost of observed bytes.
    pub attributed: Option<Usd>,
    /// Data cost that no flow log explains.
    pub unobserved: Option<Usd>,
    /// The most that endpoints could take; `None` where the bill does not name every gateway.
    pub upper_bound: Option<Usd>,
}

/// Costs by gateway, in the order given, and their totals.
#[must_use]
pub fn split(gateways: &[Observed], ledgers: Option<&Ledgers>) -> (Vec<GatewayCost>, Totals) {
    let Some(ledgers) = ledgers else { return at_list(gateways) };
    let mut costs: Vec<GatewayCost> =
        vec![GatewayCost { source: Source::NotOnBill, ..GatewayCost::default() }; gateways.len()];
    let mut sums = Sums::default();
    for (cost, gateway) in costs.iter_mut().zip(gateways) {
        if let Some(ledger) = ledgers.gateways.get(&gateway.id).filter(|ledger| ledger.is_gateway()) {
            *cost = of_ledger(gateway, ledger);
        }
    }
    let on_bill: BTreeMap<&str, usize> = gateways.iter().enumerate().map(|(at, g)| (g.id.as_str(), at)).collect();
    for (id, ledger) in ledgers.gateways.iter().filter(|(_, ledger)| ledger.is_gateway()) {
        let at = on_bill.get(id.as_str()).copied();
        let observed = at.and_then(|at| gateways[at].bytes).unwrap_or_default();
        let attributed = at.and_then(|at| costs[at].attributed);
        sums.add(ledger, observed, attributed, ledger.upper_bound_usd());
    }
    for ((account, region), ledger) in ledgers.pools.iter().filter(|(_, ledger)| ledger.is_gateway()) {
        let members: Vec<usize> = (0..gateways.len())
            .filter(|&at| costs[at].source == Source::NotOnBill && is_of(&gateways[at], account, region))
            .collect();
        let observed: Vec<Bytes> = members.iter().map(|&at| gateways[at].bytes.unwrap_or_default()).collect();
        let (shares, _) = shares(ledger, &observed);
        for (at, share) in members.iter().zip(&shares) {
            let covered = gateways[*at].bytes.is_some();
            costs[*at] = GatewayCost {
                attributed: share.filter(|_| covered),
                usd_per_gb: ledger.usd_per_gb(),
                source: Source::Pool,
                ..GatewayCost::default()
            };
        }
        let attributed: Option<Usd> = shares.into_iter().sum();
        sums.add(ledger, observed.into_iter().sum(), attributed, None);
    }
    // Bytes that are on no bill say nothing of how much of the bill the logs explain.
    let elsewhere = |(cost, gateway): (&GatewayCost, &Observed)| {
        cost.source == Source::NotOnBill && gateway.bytes.is_some_and(|bytes| bytes > Bytes::ZERO)
    };
    let mut totals = sums.totals(&costs);
    totals.coverage = totals.coverage.filter(|_| !costs.iter().zip(gateways).any(elsewhere));
    (costs, totals)
}

/// A pool without an account or Region is everybody's; a gateway whose own is not known is in none that has one.
fn is_of(gateway: &Observed, account: &str, region: &str) -> bool {
    let fits = |said: &str, own: &Option<String>| said.is_empty() || own.as_deref() == Some(said);
    fits(account, &gateway.account) && fits(region, &gateway.region)
}

fn of_ledger(gateway: &Observed, ledger: &Ledger) -> GatewayCost {
    let observed = gateway.bytes.unwrap_or_default();
    let (shares, unobserved) = shares(ledger, &[observed]);
    let billed = ledger.bytes();
    GatewayCost {
        attributed: shares[0].filter(|_| gateway.bytes.is_some()),
        usd_per_gb: ledger.usd_per_gb(),
        billed_bytes: billed,
        coverage: gateway.bytes.and_then(|bytes| ratio(bytes, billed?)),
        data_usd: ledger.data_usd(),
        hours: ledger.hours(),
        hours_usd: ledger.hours_usd(),
        unobserved,
        source: Source::Bill,
    }
}

/// The ledger's data cost over what was observed and what was not. Logs that hold more than the bill are scaled to it.
fn shares(ledger: &Ledger, observed: &[Bytes]) -> (Vec<Option<Usd>>, Option<Usd>) {
    let (Some(cost), Some(billed)) = (ledger.data_usd(), ledger.bytes()) else {
        return (vec![None; observed.len()], None);
    };
    let rest = billed.saturating_sub(observed.iter().copied().sum());
    let weights: Vec<Bytes> = observed.iter().copied().chain([rest]).collect();
    // A cost without bytes on either side is nobody's: it stays unobserved.
    let Some(mut parts) = cost.apportion(&weights) else {
        return (vec![Some(Usd::ZERO); observed.len()], Some(cost));
    };
    let unobserved = parts.pop();
    (parts.into_iter().map(Some).collect(), unobserved)
}

fn at_list(gateways: &[Observed]) -> (Vec<GatewayCost>, Totals) {
    let cost = |gateway: &Observed| GatewayCost {
        attributed: gateway.list.map(|price| price.cost(gateway.bytes.unwrap_or_default())),
        usd_per_gb: gateway.list.map(PricePerGb::per_gb),
        ..GatewayCost::default()
    };
    let costs: Vec<GatewayCost> = gateways.iter().map(cost).collect();
    let covered = gateways.iter().zip(&costs).filter(|(gateway, _)| gateway.bytes.is_some());
    let priced: Vec<Usd> = covered.filter_map(|(_, cost)| cost.attributed).collect();
    let attributed = (!priced.is_empty()).then(|| priced.into_iter().sum());
    (costs, Totals { attributed, ..Totals::default() })
}

/// `part / whole` in 10^-12, half-even; `None` for a whole of nothing.
fn ratio(part: Bytes, whole: Bytes) -> Option<Usd> {
    let product = i128::from(part.get()) * SCALE;
    (whole > Bytes::ZERO).then(|| Usd::from_units(div_half_even(product, i128::from(whole.get()))))
}

/// Sums in the making: `None` once a part is not known.
struct Sums {
    any: bool,
    observed: Bytes,
    billed: Option<Bytes>,
    data: Option<Usd>,
    hours: Option<Usd>,
    attributed: Usd,
    /// Whether every data cost could be split.
    split: bool,
    upper_bound: Option<Usd>,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            any: false,
            observed: Bytes::ZERO,
            billed: Some(Bytes::ZERO),
            data: Some(Usd::ZERO),
            hours: Some(Usd::ZERO),
            attributed: Usd::ZERO,
            split: true,
            upper_bound: Some(Usd::ZERO),
        }
    }
}

impl Sums {
    fn add(&mut self, ledger: &Ledger, observed: Bytes, attributed: Option<Usd>, upper_bound: Option<Usd>) {
        self.any = true;
        self.hours = self.hours.zip(ledger.hours_usd()).map(|(a, b)| a + b);
        // Lines that nobody understands are in no sum, and what was observed beside them tells nothing of the other lines.
        if ledger.is_data_unread() {
            self.upper_bound = None;
            return;
        }
        self.observed += observed;
        self.billed = self.billed.zip(ledger.bytes()).map(|(a, b)| a + b);
        self.data = self.data.zip(ledger.data_usd()).map(|(a, b)| a + b);
        self.attributed += attributed.unwrap_or_default();
        self.split &= ledger.data_usd().is_some() && ledger.bytes().is_some();
        self.upper_bound = self.upper_bound.zip(upper_bound).map(|(a, b)| a + b);
    }

    fn totals(self, costs: &[GatewayCost]) -> Totals {
        if !self.any {
            return Totals::default();
        }
        let some_covered = costs.iter().any(|cost| cost.attributed.is_some());
        let attributed = some_covered.then_some(self.attributed);
        Totals {
            billed_bytes: self.billed,
            coverage: self.billed.filter(|_| some_covered).and_then(|billed| ratio(self.observed, billed)),
            data_usd: self.data,
            hours_usd: self.hours,
            attributed,
            unobserved: self.data.filter(|_| self.split).map(|data| data - attributed.unwrap_or_default()),
            upper_bound: self.upper_bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::kind::ChargeKind;
    use crate::model::bill::LineClass;
    use crate::reconcile::ledger::Entry;
    use proptest::prelude::*;

    fn ledger(bytes: u64, cost: i128) -> Ledger {
        let entry = |kind, bytes, cost| Entry {
            kind,
            class: LineClass::Usage,
            lines: 1,
            quantity: Some(Usd::from_units(SCALE)),
            bytes,
            cost: Some(Usd::from_units(cost)),
        };
        let entries = vec![
            entry(ChargeKind::NatBytes, Some(Bytes::new(bytes)), cost),
            entry(ChargeKind::NatHours, None, 7 * SCALE),
        ];
        Ledger { account: Some("1".into()), region: Some("us-east-1".into()), entries, ..Ledger::default() }
    }

    fn observed(id: &str, bytes: Option<u64>) -> Observed {
        let at = |text: &str| Some(text.to_owned());
        Observed { id: id.into(), account: at("1"), region: at("us-east-1"), bytes: bytes.map(Bytes::new), list: None }
    }

    #[test]
    fn what_the_logs_do_not_hold_is_unobserved() {
        let gateways = [("nat-1".to_owned(), ledger(1000, 500))].into();
        let ledgers = Ledgers { gateways, ..Ledgers::default() };
        for (bytes, attributed, unobserved, coverage) in [
            (Some(600), Some(300), 200, Some("0.6")),
            (Some(1000), Some(500), 0, Some("1")),
            (Some(2000), Some(500), 0, Some("2")),
            (Some(0), Some(0), 500, Some("0")),
            (None, None, 500, None),
        ] {
            let (costs, totals) = split(&[observed("nat-1", bytes)], Some(&ledgers));
            assert_eq!(costs[0].attributed, attributed.map(Usd::from_units), "{bytes:?}");
            assert_eq!(costs[0].unobserved, Some(Usd::from_units(unobserved)), "{bytes:?}");
            assert_eq!(costs[0].coverage.map(|c| c.to_string()).as_deref(), coverage, "{bytes:?}");
            assert_eq!(totals.data_usd, Some(Usd::from_units(500)));
            assert_eq!(totals.hours_usd, Some(Usd::from_units(7 * SCALE)));
            assert_eq!(totals.unobserved, Some(Usd::from_units(unobserved)));
        }
    }

    #[test]
    fn a_gateway_that_is_not_on_the_bill_has_no_cost() {
        let gateways = [("nat-1".to_owned(), ledger(1000, 500))].into();
        let ledgers = Ledgers { gateways, ..Ledgers::default() };
        // Half of what is on the bill; with bytes from elsewhere it would look like all of it.
        for (bytes, coverage) in [(Some(500), None), (Some(0), Some("0.5")), (None, Some("0.5"))] {
            let (costs, totals) = split(&[observed("nat-1", Some(500)), observed("nat-2", bytes)], Some(&ledgers));
            assert_eq!((costs[1].source, costs[1].attributed), (Source::NotOnBill, None));
            assert_eq!(costs[0].coverage.map(|c| c.to_string()).as_deref(), Some("0.5"));
            assert_eq!(totals.coverage.map(|c| c.to_string()).as_deref(), coverage, "{bytes:?}");
        }
    }

    #[test]
    fn lines_without_a_gateway_are_shared_by_those_of_the_account_and_region() {
        let pools = [(("1".to_owned(), "us-east-1".to_owned()), ledger(1000, 500))].into();
        let ledgers = Ledgers { pools, ..Ledgers::default() };
        let elsewhere = Observed { region: Some("eu-west-1".into()), ..observed("nat-3", Some(5)) };
        let gateways = [observed("nat-1", Some(200)), observed("nat-2", Some(300)), elsewhere];
        let (costs, totals) = split(&gateways, Some(&ledgers));
        let attributed: Vec<_> = costs.iter().map(|cost| cost.attributed.map(Usd::units)).collect();
        assert_eq!(attributed, [Some(100), Some(150), None]);
        assert_eq!((costs[0].billed_bytes, costs[0].data_usd, costs[0].unobserved), (None, None, None));
        assert_eq!(totals.unobserved, Some(Usd::from_units(250)));
        assert_eq!(totals.upper_bound, None);
    }

    #[test]
    fn credits_never_lower_a_cost_and_discounts_do() {
        let mut with = ledger(1000, 500);
        let extra = |class, cost| Entry { class, cost: Some(Usd::from_units(cost)), ..with.entries[0] };
        let (credit, discount) = (extra(LineClass::Credit, -400), extra(LineClass::Discount, -50));
        with.entries.extend([credit, discount]);
        assert_eq!((with.data_usd(), with.bytes()), (Some(Usd::from_units(450)), Some(Bytes::new(1000))));
    }

    proptest! {
        #[test]
        fn attributed_and_unobserved_are_the_bill(
            rows in proptest::collection::vec((0u64..1 << 50, -(10i128.pow(20))..10i128.pow(20), proptest::option::of(0u64..1 << 50)), 1..8)
        ) {
            let id = |at: usize| format!("nat-{at}");
            let gateways = rows.iter().enumerate().map(|(at, (bytes, cost, _))| (id(at), ledger(*bytes, *cost))).collect();
            let ledgers = Ledgers { gateways, ..Ledgers::default() };
            let seen: Vec<Observed> = rows.iter().enumerate().map(|(at, row)| observed(&id(at), row.2)).collect();
            let (costs, totals) = split(&seen, Some(&ledgers));
            for (cost, (_, billed, _)) in costs.iter().zip(&rows) {
                let parts = cost.attributed.unwrap_or_default() + cost.unobserved.unwrap_or_default();
                prop_assert_eq!(parts, Usd::from_units(*billed));
            }
            prop_assert_eq!(totals.attributed.unwrap_or_default() + totals.unobserved.unwrap_or_default(), totals.data_usd.unwrap_or_default());
        }
    }
}
