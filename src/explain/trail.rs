//! What an explanation needs and the report does not hold: counted legs, lines of the bill, prices with their source.

use crate::count::resolve::GatewayCount;
use crate::price::{Item, PriceBook};
use crate::reconcile::ledger::Ledger;
use crate::reconcile::split::Source;
use crate::report::GroupRow;
use std::collections::BTreeMap;

/// The way from inputs to the report.
#[derive(Clone, Debug)]
pub struct Trail {
    /// By the report's `nat_gateway_id`.
    pub gateways: BTreeMap<String, GatewayTrail>,
    /// The report's groups by `nat`, `vpc` and `client`: what each client sent through each gateway.
    pub clients: Vec<GroupRow>,
    /// The list prices of the run.
    pub prices: PriceBook,
    /// The price file that overrides rows of the built-in ones, as given; `None` without one.
    pub price_file: Option<String>,
    /// Whole hours of the period, as endpoints are charged for.
    pub hours: u64,
}

/// What is known of one gateway.
#[derive(Clone, Debug, Default)]
pub struct GatewayTrail {
    /// What its records add up to; `None` where only the bill knows it.
    pub count: Option<GatewayCount>,
    /// Where its cost comes from.
    pub source: Source,
    /// Its own lines ([`Source::Bill`]), or those that it shares with others ([`Source::Pool`]).
    pub ledger: Option<Ledger>,
}

/// A list price and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListPrice {
    pub usd: crate::model::usd::Usd,
    pub source: String,
}

impl Trail {
    /// The list price of an item in a Region; `None` where none is known.
    pub(super) fn price(&self, region: Option<&str>, item: Item) -> Option<ListPrice> {
        let usd = self.prices.price(region, item).ok()?;
        let region = region?;
        let built_in = PriceBook::built_in().price(Some(region), item) == Ok(usd);
        let source = match &self.price_file {
            Some(file) if !built_in => format!("{item} in {region}, {file}"),
            _ => format!("{item} in {region}, list prices of {}", self.prices.as_of()),
        };
        Some(ListPrice { usd, source })
    }
}
