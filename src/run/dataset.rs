//! A month's rows as they are exported: the report's own, by day and without a limit, with the account that each is of.

use super::inputs::Given;
use super::{Answer, Plan, RunError};
use crate::bill::settle::{Charge, Charges};
use crate::export::rows::{
    BillLine, Client, Dataset, DayOfTraffic, Decision, Digest, Finding, NatGateway, Price, SummaryLine,
};
use crate::model::bytes::Bytes;
use crate::model::period::Month;
use crate::model::several::agree;
use crate::model::sha256::Hasher;
use crate::price::Item;
use crate::reconcile::ledger::cost_of;
use crate::report::build::Builder;
use crate::report::{NatGatewayRow, Report};
use crate::sources::objects::{Object, named};
use std::collections::{BTreeMap, BTreeSet};

impl Answer<'_> {
    /// What the report's rows are when they are not added up.
    pub(super) fn dataset(&self, report: &Report, charges: Option<&Charges>) -> Result<Dataset, RunError> {
        let window = self.period.window;
        let no_month = || RunError::NoRecords("the period is in no month".to_owned());
        let builder = Builder::new(self.attributed, &self.loaded.inventory, &self.money.costs);
        let gateways: BTreeMap<&str, &NatGatewayRow> =
            report.nat_gateways.iter().map(|row| (row.nat_gateway_id.as_str(), row)).collect();
        let place = |id: &str| {
            let row = gateways.get(id);
            (row.and_then(|row| row.account_id.clone()), row.and_then(|row| row.region.clone()))
        };
        let traffic = builder.traffic_by_day()?.into_iter().map(|(day, row)| {
            let (account, region) = place(&row.nat_gateway_id);
            DayOfTraffic { day, account, region, row }
        });
        let clients = builder.clients_with_accounts()?.into_iter().map(|(row, account)| Client { account, row });
        let ids = self.attributed.gateways.iter().map(|gateway| gateway.count.side.id.as_str());
        let attributed: BTreeMap<&str, _> =
            ids.zip(&self.money.costs).map(|(id, cost)| (id, cost.attributed)).collect();
        let nat_gateways = report.nat_gateways.iter().map(|row| NatGateway {
            attributed_usd: attributed.get(row.nat_gateway_id.as_str()).copied().flatten(),
            row: row.clone(),
        });
        let findings = report.findings.iter().map(|row| {
            let (account, region) = place(&row.nat_gateway_id);
            Finding { account, region, row: row.clone() }
        });
        let decisions = report
            .decisions
            .iter()
            .map(|row| Decision { account: self.account_of_vpc(&row.vpc_id, report, &gateways), row: row.clone() });
        Ok(Dataset {
            month: Month::of(window.start).ok_or_else(no_month)?,
            summary: self.summary_line(report),
            traffic: traffic.collect(),
            clients: clients.collect(),
            nat_gateways: nat_gateways.collect(),
            decisions: decisions.collect(),
            findings: findings.collect(),
            prices: self.prices_of(report),
            bill_lines: charges.map(|charges| self.bill_lines(charges)).unwrap_or_default(),
            inputs: digests(self.plan)?,
        })
    }

    fn summary_line(&self, report: &Report) -> SummaryLine {
        SummaryLine {
            start: self.period.window.start,
            end: self.period.window.end,
            observed: self.period.observed,
            partial: self.period.partial,
            currency: report.currency.clone(),
            cost_basis: report.cost_basis,
            sums: report.summary.clone(),
            ip_ranges_sync_token: report.provenance.ip_ranges_sync_token.clone(),
            prices_as_of: report.provenance.prices_as_of.clone(),
            version: report.provenance.version,
        }
    }

    /// The VPC's own account, else the one of all gateways that carry its traffic.
    fn account_of_vpc(&self, vpc: &str, report: &Report, gateways: &BTreeMap<&str, &NatGatewayRow>) -> Option<String> {
        let own = self.loaded.inventory.vpc(vpc).and_then(|vpc| vpc.owner.clone());
        let carriers = || {
            let rows = report.traffic.iter().filter(|row| row.vpc_id.as_deref() == Some(vpc));
            agree(rows.map(|row| gateways.get(row.nat_gateway_id.as_str()).and_then(|row| row.account_id.as_deref())))
        };
        own.or_else(carriers)
    }

    /// All prices of the Regions of gateways and decisions.
    fn prices_of(&self, report: &Report) -> Vec<Price> {
        let own = self.loaded.own_prices();
        let of_gateways = report.nat_gateways.iter().filter_map(|row| row.region.as_deref());
        let regions: BTreeSet<&str> =
            of_gateways.chain(report.decisions.iter().map(|row| row.region.as_str())).collect();
        let items = regions.into_iter().flat_map(|region| Item::ALL.iter().map(move |&item| (region, item)));
        let price = |(region, item): (&str, Item)| {
            let usd = self.prices.price(Some(region), item).ok()?;
            let source = if own.price(Some(region), item).is_ok() { "own" } else { "built-in" };
            Some(Price { region: region.to_owned(), item: item.as_str(), usd, source })
        };
        items.filter_map(price).collect()
    }

    /// The charges, with those that only the day told apart from others of the same day added up.
    fn bill_lines(&self, charges: &Charges) -> Vec<BillLine> {
        let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let line = |row: &Charge| BillLine {
            kind: row.kind.as_str(),
            class: row.class.as_str(),
            account: known(&row.account),
            region: known(&row.region),
            resource: known(&row.resource),
            day: row.day,
            lines: row.lines,
            quantity: row.quantity,
            unit: row.kind.unit(),
            bytes: row.bytes,
            cost: cost_of(row, charges.basis, self.prices),
            net: row.net,
            unblended: row.unblended,
            list: row.list,
        };
        charges.rows.iter().map(line).collect()
    }
}

/// What tells the inputs from all others, without reading them once more.
fn digests(plan: &Plan) -> Result<Vec<Digest>, RunError> {
    let inputs = &plan.inputs;
    let rollup: Vec<String> = inputs.rollup.iter().cloned().collect();
    let lists: [(&str, Given<'_>); 6] = [
        ("flow-logs", plan.flow_logs()),
        ("rollup", plan.all(&rollup)),
        ("inventory", plan.all(&inputs.inventory)),
        ("billing", plan.all(&inputs.billing)),
        ("metrics", plan.all(&inputs.metrics)),
        ("dns", plan.dns()),
    ];
    let mut digests = Vec::new();
    for (kind, given) in lists.iter().filter(|(_, given)| !given.at.is_empty()) {
        let listing = given.list().map_err(super::InputError::from)?;
        digests.push(digest(kind, &listing.objects));
    }
    for (kind, file) in [("prices", &inputs.prices), ("ip-ranges", &inputs.ip_ranges)] {
        if let Some(path) = file {
            let object = named(&path.display().to_string(), plan.store.as_ref()).map_err(super::InputError::from)?;
            digests.push(digest(kind, &[object]));
        }
    }
    Ok(digests)
}

fn digest(kind: &str, objects: &[Object]) -> Digest {
    let mut lines: Vec<(&str, u64, Vec<u8>)> = objects
        .iter()
        .map(|object| (object.key.as_str(), object.size, object.trait_of_content().unwrap_or_default()))
        .collect();
    lines.sort();
    let mut hasher = Hasher::default();
    for (key, size, content) in &lines {
        hasher.add(key.as_bytes());
        hasher.add(&size.to_le_bytes());
        hasher.add(content);
    }
    let bytes = objects.iter().map(|object| Bytes::new(object.size)).sum();
    Digest { kind: kind.to_owned(), objects: objects.len() as u64, bytes, sha256: hasher.finish() }
}
