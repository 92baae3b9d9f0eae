//! What an explanation needs beside the report, put together from what the stages left.

use super::{Answer, RunError, decide};
use crate::advise::custom::CustomWorking;
use crate::explain::{EndpointTrail, FindingTrail, GatewayTrail, RegionTrail, TrafficTrail, Trail};
use crate::reconcile::split::Source;
use crate::report::Report;
use crate::report::build::Behind;
use crate::report::build::{Builder, Dimension};
use std::collections::BTreeMap;

/// What the report was made from and does not hold itself.
#[derive(Debug)]
pub(super) struct Workings {
    /// In the order of the report's `traffic`.
    pub traffic_behind: Vec<Behind>,
    /// Of decisions and findings.
    pub decided: decide::Workings,
    /// In the order of the report's `custom_services`.
    pub custom: Vec<CustomWorking>,
}

impl Answer<'_> {
    /// What the report rests on.
    pub(super) fn trail(&self, report: &Report, workings: Workings) -> Result<Trail, RunError> {
        let builder = Builder::new(self.attributed, &self.loaded.inventory, &self.money.costs);
        let (groups, records) = builder.groups(&[Dimension::Nat, Dimension::Vpc, Dimension::Client])?;
        let Workings { traffic_behind, decided, custom } = workings;
        let endpoints = self.endpoints(&decided);
        let decide::Workings { cases, regions, ways, finding_parts, hours } = decided;
        let traffic = traffic_behind.into_iter().zip(ways);
        let regions = cases.regions.into_iter().zip(regions);
        let findings = finding_parts.into_iter().zip(&report.findings).map(|(parts, finding)| {
            let nat = self.loaded.inventory.nat_gateway(&finding.nat_gateway_id);
            let counted = hours.get(&finding.nat_gateway_id);
            FindingTrail {
                parts,
                addresses: nat.map_or(0, |nat| nat.public_addrs.len() as u64),
                hours: counted.map_or(0, |hours| hours.own),
                address_hours: counted.map_or(0, |hours| hours.addresses),
            }
        });
        Ok(Trail {
            gateways: self.gateways(),
            traffic: traffic.map(|(behind, (way, left))| TrafficTrail { records: behind.records, way, left }).collect(),
            clients: groups.into_iter().zip(records).collect(),
            regions: regions.map(|(case, weighing)| (case.region.clone(), RegionTrail { case, weighing })).collect(),
            endpoints,
            findings: findings.collect(),
            custom,
            prices: self.prices.clone(),
            rollup: self.plan.inputs.rollup.clone(),
            price_file: self.loaded.price_file().map(str::to_owned),
            hours: self.period.hours(),
        })
    }

    fn gateways(&self) -> BTreeMap<String, GatewayTrail> {
        let ledgers = self.money.ledgers.as_ref();
        let gateways = self.attributed.gateways.iter().zip(&self.money.costs).map(|(gateway, cost)| {
            let id = gateway.count.side.id.clone();
            let ledger = ledgers.and_then(|ledgers| match cost.source {
                Source::Bill => ledgers.gateways.get(&id),
                Source::Pool => ledgers.pool_of(gateway.account.as_deref(), gateway.region.as_deref()),
                Source::List | Source::NotOnBill => None,
            });
            let count = gateway.count.known || gateway.count.covered;
            let trail = GatewayTrail {
                count: count.then(|| gateway.count.clone()),
                source: cost.source,
                ledger: ledger.cloned(),
            };
            (id, trail)
        });
        gateways.collect()
    }

    /// The interface endpoints that decisions looked at.
    fn endpoints(&self, decided: &decide::Workings) -> BTreeMap<String, EndpointTrail> {
        let billed = self.money.ledgers.iter().flat_map(|ledgers| &ledgers.endpoints);
        let billed: BTreeMap<&str, _> = billed.map(|((_, _, id), ledger)| (id.as_str(), ledger)).collect();
        let all = decided.cases.regions.iter().flat_map(|region| &region.endpoints);
        let endpoint = |id: &String| EndpointTrail {
            ledger: billed.get(id.as_str()).map(|ledger| (*ledger).clone()),
            nat: decided.cases.nat_rates.get(id).cloned(),
        };
        all.map(|known| (known.id.clone(), endpoint(&known.id))).collect()
    }
}
