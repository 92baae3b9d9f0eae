//! What crossing to a gateway's AZ costs, and what a transit gateway on the way charges, row by row.

use super::traffic::Traffic;
use super::trail::Trail;
use super::working::{Quantity, Row, Rule, Steps, Unit};
use crate::model::usd::Usd;
use crate::price::Item;
use crate::report::{NatGatewayRow, Report};
use std::collections::BTreeMap;

/// Both sides pay for each direction (AWS EC2 pricing, data transfer within a Region).
pub(super) fn sides(crossings: u64) -> Quantity {
    Quantity::count(2 * crossings, Unit::Plain).called("sides")
}

/// A charge on the way to the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    /// From one AZ to another.
    Crossing,
    /// Through a transit gateway.
    Transit,
}

impl Charge {
    const fn item(self) -> Item {
        match self {
            Self::Crossing => Item::CrossAzGbEachDirection,
            Self::Transit => Item::TgwVpcGb,
        }
    }

    /// What it comes to for a row; `None` where its price is not known.
    fn of(self, traffic: Traffic<'_>) -> Option<Usd> {
        let way = &traffic.trail?.way;
        match self {
            Self::Crossing => way.cross_az.clone().ok(),
            Self::Transit => way.transit.clone().ok(),
        }
    }
}

/// The rows that are charged, with the price, and their sum; `None` where a price is not known.
pub(super) fn steps(
    steps: &mut Steps,
    label: &str,
    charge: Charge,
    rows: &[Traffic<'_>],
    report: &Report,
    trail: &Trail,
) -> Option<Usd> {
    let Some(charged) = rows.iter().map(|t| Some((*t, charge.of(*t)?))).collect::<Option<Vec<_>>>() else {
        steps.note(label, format!("Not known: {} has no price.", charge.item()));
        return None;
    };
    let mut by_region: BTreeMap<Option<&str>, Vec<(Traffic<'_>, Usd)>> = BTreeMap::new();
    for (traffic, usd) in charged.iter().filter(|(_, usd)| *usd > Usd::ZERO) {
        let region = gateway_of(*traffic, report).and_then(|gateway| gateway.region.as_deref());
        by_region.entry(region).or_default().push((*traffic, *usd));
    }
    for (region, rows) in by_region {
        let price = trail.price(region, charge.item());
        let factors = price.map(|price| {
            let rate = Quantity::decimal(price.usd, Unit::MoneyPerGb);
            steps.given(format!("price of {label}"), vec![rate], price.source);
            let sides = (charge == Charge::Crossing).then(|| sides(1));
            sides.into_iter().chain([rate])
        });
        let rows = rows.into_iter().map(|(traffic, usd)| {
            let values = [Quantity::bytes(traffic.bytes()), Quantity::money(usd)];
            Row::new(words(charge, traffic, report), values)
        });
        steps.table(label, factors.map(Rule::price), rows.collect(), "");
    }
    Some(charged.into_iter().map(|(_, usd)| usd).sum())
}

fn gateway_of<'a>(traffic: Traffic<'_>, report: &'a Report) -> Option<&'a NatGatewayRow> {
    report.nat_gateways.iter().find(|row| row.nat_gateway_id == traffic.row.nat_gateway_id)
}

fn words(charge: Charge, traffic: Traffic<'_>, report: &Report) -> String {
    let gateway = gateway_of(traffic, report);
    let (from, to) = match charge {
        Charge::Crossing => (&traffic.row.az_id, gateway.and_then(|gateway| gateway.az_id.as_deref())),
        Charge::Transit => (&traffic.row.vpc_id, gateway.and_then(|gateway| gateway.vpc_id.as_deref())),
    };
    let from = from.as_deref().unwrap_or("?");
    let service = &traffic.row.service;
    format!("{service}, {from} to {}, {}", to.unwrap_or("?"), traffic.row.nat_gateway_id)
}
