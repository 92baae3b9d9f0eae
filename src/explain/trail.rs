//! What an explanation needs and the report does not hold: counted records and legs, lines of the bill, prices with their source,
//! and what decisions were made from.

use crate::advise::case::{NatRate, Way};
use crate::advise::custom::CustomWorking;
use crate::advise::findings::FindingParts;
use crate::advise::input::{ExistingEndpoint, RegionCase};
use crate::advise::weighing::{Weighed, Weighing};
use crate::count::resolve::GatewayCount;
use crate::model::usd::Usd;
use crate::price::{Item, PriceBook, place_of};
use crate::reconcile::ledger::Ledger;
use crate::reconcile::split::Source;
use crate::report::{DecisionRow, GroupRow, NatGatewayRow};
use std::collections::BTreeMap;

/// The way from inputs to the report.
#[derive(Clone, Debug)]
pub struct Trail {
    /// By the report's `nat_gateway_id`.
    pub gateways: BTreeMap<String, GatewayTrail>,
    /// In the order of the report's `traffic`.
    pub traffic: Vec<TrafficTrail>,
    /// The report's groups by `nat`, `vpc` and `client`: what each client sent through each gateway; with the number of records.
    pub clients: Vec<(GroupRow, u64)>,
    /// Interface endpoints by Region: what was known, and what was decided.
    pub regions: BTreeMap<String, RegionTrail>,
    /// Interface endpoints that exist, by id.
    pub endpoints: BTreeMap<String, EndpointTrail>,
    /// In the order of the report's `findings`.
    pub findings: Vec<FindingTrail>,
    /// In the order of the report's `custom_services`.
    pub custom: Vec<CustomWorking>,
    /// The list prices of the run.
    pub prices: PriceBook,
    /// The price file that overrides rows of the built-in ones, as given; `None` without one.
    pub price_file: Option<String>,
    /// The roll-up that was read in place of flow logs, as given.
    pub rollup: Option<String>,
    /// Whole hours that new endpoints and gateways are weighed over: of the period, or of its part with records.
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

/// What is known of one row of traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficTrail {
    /// The records that its bytes come from.
    pub records: u64,
    /// What its way to the gateway costs.
    pub way: Way,
    /// Whether no recommended decision takes it off the gateway.
    pub left: bool,
}

/// What the decisions on a Region's interface endpoints were made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionTrail {
    /// What was known.
    pub case: RegionCase,
    /// What was decided.
    pub weighing: Weighing,
}

/// What is known of an interface endpoint that exists.
#[derive(Clone, Debug, Default)]
pub struct EndpointTrail {
    /// Its lines on the bill; `None` where the bill does not name it.
    pub ledger: Option<Ledger>,
    /// What a GB would cost without it.
    pub nat: Option<NatRate>,
}

/// What a finding was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingTrail {
    /// The parts of its saving.
    pub parts: FindingParts,
    /// Public addresses of the gateway.
    pub addresses: u64,
    /// Whole hours of the gateway, where the bill does not name it.
    pub hours: u64,
    /// Whole hours of each of its addresses.
    pub address_hours: u64,
}

/// A list price and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListPrice {
    pub usd: Usd,
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

    /// The list price of what a gateway itself charges for: its Region's, or its Local Zone's.
    pub(super) fn own_price(&self, row: &NatGatewayRow, item: Item) -> Option<ListPrice> {
        self.price(place_of(row.region.as_deref(), row.az_id.as_deref()).as_deref(), item)
    }

    /// What a decision on an interface endpoint was made from.
    pub(super) fn weighed(&self, d: &DecisionRow) -> Option<(&RegionTrail, &Weighed)> {
        let region = self.regions.get(&d.region)?;
        let key = |row: &DecisionRow| (row.vpc_id.clone(), row.service.clone(), row.action);
        let is_it = |w: &&Weighed| key(&w.row) == key(d);
        Some((region, region.weighing.rows.iter().find(is_it)?))
    }

    /// The endpoints that a decision is about: those of its VPC and service.
    pub(super) fn endpoints_of<'a>(&'a self, d: &'a DecisionRow) -> impl Iterator<Item = &'a ExistingEndpoint> {
        let all = self.regions.get(&d.region).into_iter().flat_map(|region| &region.case.endpoints);
        all.filter(|endpoint| endpoint.vpc == d.vpc_id && endpoint.service == d.service)
    }
}
