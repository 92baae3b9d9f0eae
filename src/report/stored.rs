//! A report as text that gives the same report back: the JSON contract, and beside it what only people see.

use super::{ClientServiceRow, DestinationRow, Report};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

#[derive(Serialize)]
struct Written<'a> {
    report: &'a Report,
    client_services: &'a [ClientServiceRow],
    logged_vpcs: &'a BTreeSet<String>,
    region_unknown: &'a BTreeSet<usize>,
    destination_notes: Vec<Option<&'static str>>,
    bucket_notes: Vec<Option<&'static str>>,
}

#[derive(Deserialize)]
struct Read {
    report: Report,
    client_services: Vec<ClientServiceRow>,
    logged_vpcs: BTreeSet<String>,
    region_unknown: BTreeSet<usize>,
    destination_notes: Vec<Option<String>>,
    bucket_notes: Vec<Option<String>>,
}

/// The text of a report; `None` if it cannot be written, which no report is known to do.
#[must_use]
pub fn to_json(report: &Report) -> Option<Vec<u8>> {
    let notes = |rows: &[DestinationRow]| rows.iter().map(|row| row.note).collect();
    let written = Written {
        report,
        client_services: &report.client_services,
        logged_vpcs: &report.logged_vpcs,
        region_unknown: &report.region_unknown,
        destination_notes: notes(&report.destinations),
        bucket_notes: notes(&report.buckets),
    };
    serde_json::to_vec(&written).ok()
}

/// The report that [`to_json`] wrote; `None` for any other text.
#[must_use]
pub fn from_json(text: &[u8]) -> Option<Report> {
    let read: Read = serde_json::from_slice(text).ok()?;
    let mut report = read.report;
    report.client_services = read.client_services;
    report.logged_vpcs = read.logged_vpcs;
    report.region_unknown = read.region_unknown;
    for (rows, notes) in [(&mut report.destinations, read.destination_notes), (&mut report.buckets, read.bucket_notes)]
    {
        if rows.len() != notes.len() {
            return None;
        }
        for (row, note) in rows.iter_mut().zip(notes) {
            row.note = note.map(|note| kept(&note));
        }
    }
    Some(report)
}

/// A word of the contract, such as the name of an action.
pub(super) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    String::deserialize(deserializer).map(|text| kept(&text))
}

/// The text for as long as the program runs, each text once: a report's words and notes are a few dozen.
fn kept(text: &str) -> &'static str {
    static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(text) {
        return known;
    }
    let word: &'static str = Box::leak(text.into());
    words.insert(word);
    word
}
