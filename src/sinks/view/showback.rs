//! What each team has to answer for: its share of the bill's data cost, with what nobody's team is and what no log explains, so
//! that the rows add up to the bill.

use super::headline::has_logs;
use super::plus;
use super::traffic::{Load, load_columns};
use crate::model::usd::Usd;
use crate::report::Report;
use crate::report::dimension::{Dimension, TEAM};
use crate::sinks::document::{Cell, Column, Grid, Row, Section};
use crate::sinks::human::Numbers;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The showback of a report that is grouped by team or by a tag; the team goes first where it is grouped by several.
pub(super) fn showback(report: &Report, numbers: &Numbers) -> Option<Section> {
    let groups = report.groups.as_ref()?;
    let mut shares = groups.first()?.by.keys().filter(|name| Dimension::is_share(name));
    let dimension = shares.clone().find(|name| *name == TEAM).or_else(|| shares.next())?;
    let mut loads: BTreeMap<Option<&str>, Load> = BTreeMap::new();
    for group in groups {
        let load = Load::new(group.upload_bytes, group.download_bytes, group.usd);
        let value = group.by.get(dimension).and_then(Option::as_deref);
        loads.entry(value).and_modify(|sum| *sum = sum.plus(load)).or_insert(load);
    }
    give_rest_to_nobody(report, &mut loads);
    let whole = loads.values().map(|load| load.total()).fold(0, i128::saturating_add);
    let nobody = loads.remove(&None);
    let mut teams: Vec<(&str, Load)> = loads.into_iter().filter_map(|(team, load)| Some((team?, load))).collect();
    teams.sort_by_key(|(_, load)| Reverse((load.usd.map_or(0, Usd::units), load.total())));
    let row = |label: &str, load: Load| {
        let mut cells = vec![Cell::text(label)];
        cells.extend(load.cells(whole));
        Row::new(cells)
    };
    let mut rows: Vec<Row> = teams.into_iter().map(|(team, load)| row(team, load)).collect();
    let what = dimension.rsplit(':').next().unwrap_or(dimension);
    rows.extend(nobody.map(|load| row(&format!("(no {what})"), load)));
    if let Some(usd) = report.summary.unobserved_usd.filter(|&usd| usd != Usd::ZERO) {
        let mut cells = vec![Cell::Blank; 6];
        cells[0] = Cell::text("(unobserved)");
        cells[5] = Cell::Money(usd);
        rows.push(Row::new(cells));
    }
    let mut columns = vec![Column::text(what)];
    columns.extend(load_columns(numbers));
    let grid =
        Grid::new(columns, rows).with_total(if report.summary.data_usd.is_some() { "Data bill" } else { "Total" });
    let title = format!("Showback by {dimension}");
    Some(Section { title, grid: Some(grid), ..Section::default() }).filter(|_| has_logs(report))
}

/// What a gateway's logs attribute without any client belongs to no team; without it the rows would not add up.
fn give_rest_to_nobody(report: &Report, loads: &mut BTreeMap<Option<&str>, Load>) {
    let shared = loads.values().try_fold(Usd::ZERO, |sum, load| Some(plus(sum, load.usd?)));
    let (Some(attributed), Some(shared)) = (report.summary.attributed_usd, shared) else { return };
    let rest = Usd::from_units(attributed.units().saturating_sub(shared.units()));
    if rest != Usd::ZERO {
        let load = Load::of_money(rest);
        loads.entry(None).and_modify(|sum| *sum = sum.plus(load)).or_insert(load);
    }
}
