//! From the report to the document that people read. Chooses words, order and columns; draws nothing.

use super::Style;
use super::document::{Document, Section};
use super::human::{self, Numbers};
use crate::model::period::iso_day;
use crate::model::usd::Usd;
use crate::report::{Report, TrafficRow};

mod apart;
mod destinations;
mod evidence;
mod gateways;
mod headline;
mod matrix;
mod money;
mod quality;
mod showback;
mod traffic;

pub(super) use quality::kinds;

/// The document of one report: headline, decisions, findings, services and what names them, destinations, buckets, gateways, own
/// services, clients and what they used, groups, showback, data quality.
pub(super) fn document(report: &Report, style: &Style) -> Document {
    let billed = report.summary.billed_bytes.map_or(0, human::int);
    let numbers = Numbers::new(&report.currency, carried_bytes(report).max(billed));
    let keep_nat_rows = if style.verbosity > 0 { 0 } else { style.top };
    let mut sections = vec![money::decisions(report, keep_nat_rows, &numbers), apart::findings(report)];
    if style.verbosity >= 0 {
        sections.push(traffic::services(report, style.top, &numbers));
        sections.extend(evidence::named_by(report, &numbers));
        sections.extend(evidence::unnamed(report, style.top, &numbers));
        sections.extend(destinations::destinations(report, style.top, &numbers));
        sections.extend(destinations::buckets(report, style.top, &numbers));
        sections.push(gateways::gateways(report, &numbers));
        sections.extend(apart::custom_services(report, style.top, &numbers));
        sections.push(traffic::clients(report, &numbers));
        sections.extend(matrix::clients_by_service(report, style, &numbers));
        sections.extend(traffic::groups(report, &numbers));
        sections.extend(showback::showback(report, &numbers));
        sections.push(quality::records(report, style.verbosity > 0, &numbers));
        sections.push(quality::inputs(report));
    }
    sections.extend(quality::warnings(report));
    let provenance = &report.provenance;
    let footer = format!(
        "natlens {}, list prices of {}, address ranges {}. 1 GB is 2^30 bytes, as AWS bills it.",
        provenance.version,
        provenance.prices_as_of,
        published(&provenance.ip_ranges_sync_token)
    );
    Document {
        title: "NAT gateway cost report".to_owned(),
        facts: headline::facts(report, &numbers),
        sections,
        footer,
        numbers,
    }
}

/// The day of a `syncToken`, which is a Unix time in AWS's own files. Source: VPC user guide, AWS IP address ranges.
fn published(token: &str) -> String {
    let second = token.parse().ok().filter(|second| (1_000_000_000..10_000_000_000_i64).contains(second));
    second.map_or_else(|| token.to_owned(), |second| format!("of {}", iso_day(second)))
}

/// What flow logs attribute to the gateways.
fn carried_bytes(report: &Report) -> i128 {
    let attributed = report.traffic.iter().map(row_bytes).fold(0, i128::saturating_add);
    report.summary.observed_bytes.map_or(attributed, human::int)
}

/// Both directions.
fn row_bytes(row: &TrafficRow) -> i128 {
    human::int(row.upload_bytes).saturating_add(human::int(row.download_bytes))
}

/// Saturates: a display of absurd input must not end the program.
fn plus(a: Usd, b: Usd) -> Usd {
    Usd::from_units(a.units().saturating_add(b.units()))
}

/// A section that has nothing to show says why.
fn empty(title: String, reason: &str) -> Section {
    Section { title, notes: vec![reason.to_owned()], ..Section::default() }
}
