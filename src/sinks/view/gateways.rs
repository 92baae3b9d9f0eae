//! What was paid for each gateway, and how far its sources agree.

use super::headline::{has_bill, has_logs};
use super::{carried_bytes, empty, plus};
use crate::model::usd::{SCALE, Usd};
use crate::report::{NatGatewayRow, Report};
use crate::sinks::document::{Cell, Column, Grid, Row, Section};
use crate::sinks::human::{self, Numbers};
use std::collections::BTreeMap;

const MIRROR: &str = "Mirror is the same data seen on the gateway's other side; it is in no sum.";

/// Place of the column of unobserved cost.
const UNOBSERVED: usize = 16;

/// One row per gateway; where the bill names none, the cost is that of its attributed bytes.
pub(super) fn gateways(report: &Report, numbers: &Numbers) -> Section {
    let title = "NAT gateways".to_owned();
    if report.nat_gateways.is_empty() {
        return empty(title, none(report));
    }
    let billed = report.nat_gateways.iter().any(|g| g.data_usd.is_some());
    let whole = carried_bytes(report);
    let costs = attributed_costs(report);
    let cost = |g: &NatGatewayRow| if billed { g.data_usd } else { attributed_cost(g, &costs) };
    let mut rows: Vec<Row> = report.nat_gateways.iter().map(|g| row(g, cost(g), whole)).collect();
    if !has_logs(report) {
        // Without logs all of it is unobserved: a second column of the same figures says nothing.
        for row in &mut rows {
            row.cells[UNOBSERVED] = Cell::Blank;
        }
    }
    let grid = Grid::new(columns(billed, numbers), rows).with_total("Total").without_unknown_columns();
    let mut notes: Vec<String> = report.nat_gateways.iter().filter_map(diagnosis).collect();
    if !billed && report.summary.data_usd.is_some() {
        notes.insert(0, "The bill names no gateway: what was paid is in the headline. A CUR 2.0 or FOCUS export has the cost of each.".to_owned());
    }
    Section { title, grid: Some(grid), notes, ..Section::default() }
}

fn none(report: &Report) -> &'static str {
    if has_bill(report) {
        "The bill names no NAT gateway: a CUR 2.0 or FOCUS export has the cost of each."
    } else {
        "No NAT gateway is known from the inventory, and none could be inferred from the flow logs."
    }
}

fn diagnosis(g: &NatGatewayRow) -> Option<String> {
    Some(format!("{}: {}", g.nat_gateway_id, g.diagnosis.as_deref()?))
}

/// Money first, then the witnesses; those that agree with others leave first on a narrow terminal.
fn columns(billed: bool, numbers: &Numbers) -> Vec<Column> {
    let unit = numbers.unit();
    let data = |name: &str| Column::summed(format!("{name} {unit}")).optional();
    vec![
        Column::text("Gateway"),
        Column::text("Name").optional().rank(3),
        Column::text("Region").optional().rank(6),
        Column::text("VPC").optional().rank(5),
        Column::text("AZ").optional().rank(7),
        Column::summed(if billed { "Data cost" } else { "Observed cost" }),
        Column::number("$/GB").optional().rank(4),
        Column::summed("Hours cost").optional(),
        Column::summed("Hours").optional().rank(7),
        data("Billed").rank(1),
        data("Metered").rank(6),
        data("Observed"),
        data("Upload").rank(8),
        data("Download").rank(8),
        Column::summed("Share").optional().rank(5),
        Column::number("Coverage").optional().rank(2),
        Column::summed("Unobserved").optional().rank(1),
        data("Unsolicited").rank(8),
        Column::number(format!("Mirror {unit}")).optional().rank(9).dim(MIRROR),
    ]
}

fn row(g: &NatGatewayRow, cost: Option<Usd>, whole: i128) -> Row {
    let share = g.observed_bytes.map_or(Cell::Unknown, |b| Cell::Share { part: human::int(b), whole });
    let coverage = g.coverage.map_or(Cell::Unknown, |c| Cell::Share { part: c.units(), whole: SCALE });
    Row::new(vec![
        Cell::text(g.nat_gateway_id.clone()),
        Cell::known(g.name.as_ref()),
        Cell::known(g.region.as_ref()),
        Cell::known(g.vpc_id.as_ref()),
        Cell::known(g.az_id.as_ref()),
        Cell::money(cost),
        Cell::price(g.usd_per_gb),
        Cell::money(g.hours_usd),
        Cell::quantity(g.hours),
        Cell::data(g.billed_bytes),
        Cell::data(g.metered_bytes),
        Cell::data(g.observed_bytes),
        Cell::data(g.upload_bytes),
        Cell::data(g.download_bytes),
        share,
        coverage,
        Cell::money(g.unobserved_usd),
        Cell::data(g.unsolicited_bytes),
        Cell::data(g.mirror_bytes),
    ])
}

/// Cost of the attributed bytes by gateway; null as soon as one row has no price.
fn attributed_costs(report: &Report) -> BTreeMap<&str, Option<Usd>> {
    let mut costs: BTreeMap<&str, Option<Usd>> = BTreeMap::new();
    for row in &report.traffic {
        let sum = costs.entry(&row.nat_gateway_id).or_insert(Some(Usd::ZERO));
        *sum = sum.and_then(|known| Some(plus(known, row.usd?)));
    }
    costs
}

/// Cost of a gateway's attributed bytes; not known where no log covers it.
fn attributed_cost(g: &NatGatewayRow, costs: &BTreeMap<&str, Option<Usd>>) -> Option<Usd> {
    g.observed_bytes?;
    costs.get(g.nat_gateway_id.as_str()).copied().unwrap_or(Some(Usd::ZERO))
}
