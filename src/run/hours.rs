//! For how many hours a gateway that goes would not be charged: those in which it stood, and none that a bill does not have.

use super::money::Money;
use crate::model::inventory::Inventory;
use crate::model::period::Window;
use crate::model::usd::{SCALE, Usd};
use crate::reconcile::ledger::Ledger;
use crate::report::NatGatewayRow;
use std::collections::BTreeMap;

/// Whole hours of one gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Of the gateway, where they are priced here: where the bill names it, its hours have their cost there.
    pub own: u64,
    /// Of each of its public addresses.
    pub addresses: u64,
}

/// The hours of each gateway, by id. `weighed` is the time that new endpoints are weighed over, `window` the whole period, which bills are of.
///
/// Of a bill that names no gateway each has its share of all hours, by how long it stood: together no more than was billed.
pub fn of_gateways(
    rows: &[NatGatewayRow],
    inventory: &Inventory,
    money: &Money,
    (weighed, window): (Window, Window),
) -> BTreeMap<String, Hours> {
    let whole = |window: Window| u64::try_from(window.hours()).unwrap_or(0);
    let stood = |row: &NatGatewayRow, within: Window| {
        inventory.nat_gateway(&row.nat_gateway_id).map_or_else(|| whole(within), |nat| nat.hours_in(within))
    };
    let mut of_pools: BTreeMap<*const Ledger, u64> = BTreeMap::new();
    for row in rows {
        if let Some(pool) = pool(row, money) {
            *of_pools.entry(std::ptr::from_ref(pool)).or_default() += stood(row, weighed);
        }
    }
    let hours = |row: &NatGatewayRow| {
        let own = stood(row, weighed);
        let named = money.ledgers.as_ref().and_then(|ledgers| ledgers.gateways.get(&row.nat_gateway_id));
        if let Some(ledger) = named {
            let in_bill = stood(row, money.billed(&row.nat_gateway_id, window));
            return Hours { own, addresses: billed_hours(ledger).map_or(in_bill, |billed| in_bill.min(billed)) };
        }
        let share = pool(row, money).and_then(|pool| {
            let all = of_pools.get(&std::ptr::from_ref(pool)).copied().filter(|all| *all > 0)?;
            let share = u128::from(billed_hours(pool)?) * u128::from(own) / u128::from(all);
            u64::try_from(share).ok()
        });
        let own = share.map_or(own, |share| own.min(share));
        Hours { own, addresses: own }
    };
    rows.iter().map(|row| (row.nat_gateway_id.clone(), hours(row))).collect()
}

/// The lines of a bill that names no gateway, of which some are this one's.
pub fn pool<'m>(row: &NatGatewayRow, money: &'m Money) -> Option<&'m Ledger> {
    let ledgers = money.ledgers.as_ref().filter(|ledgers| !ledgers.gateways.contains_key(&row.nat_gateway_id))?;
    ledgers.pool_of(row.account_id.as_deref(), row.region.as_deref())
}

/// Hours on a bill, the last one begun whole; `None` where it has none, or where they cannot be read.
fn billed_hours(ledger: &Ledger) -> Option<u64> {
    let hours = ledger.hours().filter(|hours| *hours > Usd::ZERO)?;
    u64::try_from((hours.units() + SCALE - 1) / SCALE).ok()
}
