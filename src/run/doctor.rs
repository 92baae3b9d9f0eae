//! Reads the inputs as a report does, for `natlens doctor`: the report itself, a few objects of every flow log, the bill's days.

use super::bill::read_bill;
use super::inputs::{Loaded, layout_hints, load};
use super::{Plan, report};
use crate::diag::Warnings;
use crate::doctor::{Checkup, Facts, Part, Sample, examine};
use crate::model::flow::{FlowRecord, FlowSink, Verdict};
use crate::model::inventory::Inventory;
use crate::model::period::{DAY_SECONDS, Window, iso_day, parse_instant};
use crate::model::symbols::Symbols;
use crate::report::Report;
use crate::sources::flow::{LayoutHints, read_object};
use crate::sources::objects::store::StoreTrouble;
use crate::sources::objects::{Object, SourceName};
use std::collections::{BTreeMap, BTreeSet};

/// Objects of a flow log that are looked at before it is said to hold nothing.
const TRIES: usize = 4;

/// Reads and examines everything; also why a store gave nothing, if one did not. `on_object` is `report`'s.
pub fn checkup(plan: &Plan, on_object: &mut dyn FnMut(u64, u64)) -> (Checkup, Option<StoreTrouble>) {
    let given = [
        (Part::FlowLogs, &plan.inputs.flow_logs),
        (Part::Billing, &plan.inputs.billing),
        (Part::Inventory, &plan.inputs.inventory),
        (Part::Metrics, &plan.inputs.metrics),
        (Part::Dns, &plan.inputs.dns),
    ];
    let parts: BTreeSet<Part> =
        given.into_iter().filter(|(_, paths)| !paths.is_empty()).map(|(part, _)| part).collect();
    let mut warnings = Warnings::default();
    let loaded = load(&plan.inputs, (plan.store.as_ref(), plan.period.window()), plan.threads, None, &mut warnings);
    let nothing = Inventory::default();
    let inventory = loaded.as_ref().map_or(&nothing, |loaded| &loaded.inventory);
    let samples = loaded.as_ref().map_or_else(|_| Vec::new(), |loaded| samples(plan, loaded, &mut warnings));
    let mut trouble = None;
    let outcome = if parts.contains(&Part::FlowLogs) || parts.contains(&Part::Billing) {
        report(plan, on_object).map_err(|error| {
            trouble = error.of_store().map(|error| error.trouble);
            (error.to_string(), error.hint().map(str::to_owned))
        })
    } else {
        let hint = "give the bundle's folder, or its parts by --flow-logs and --billing";
        Err(("there are neither flow logs nor a bill".to_owned(), Some(hint.to_owned())))
    };
    let report = outcome.as_ref().map(|outcome| &outcome.report).map_err(Clone::clone);
    let days = report.as_ref().map_or_else(|_| Days::default(), |report| days(plan, report));
    let checkup = examine(&Facts {
        parts,
        report,
        inventory,
        samples: &samples,
        billed_until: days.billed.map(iso_day),
        logged_until: days.logged.map(iso_day),
        days_behind: days.billed.zip(days.logged).map_or(0, |(billed, logged)| (logged - billed) / DAY_SECONDS),
    });
    (checkup, trouble)
}

/// The last day of the period on the bill and in the records, its first second.
#[derive(Default)]
struct Days {
    billed: Option<i64>,
    logged: Option<i64>,
}

fn days(plan: &Plan, report: &Report) -> Days {
    let period = parse_instant(&report.period.start).zip(parse_instant(&report.period.end));
    let Some((start, end)) = period else { return Days::default() };
    let window = Window { start, end };
    // The report has said what is wrong with the bill.
    let billing = plan.all(&plan.inputs.billing);
    let bill = read_bill(&billing, Some(window), plan.threads, &mut Vec::new(), &mut Warnings::default());
    let billed = bill.ok().and_then(|bill| bill.days(window)).map(|(_, last)| last);
    // Without records it is the bill's own day.
    let counted = report.records.read > report.records.out_of_window;
    let logged = report.period.observed_end.as_deref().filter(|_| counted).and_then(parse_instant);
    let day = |second: i64| second.div_euclid(DAY_SECONDS) * DAY_SECONDS;
    Days { billed: billed.map(day), logged: logged.map(|end| day(end - 1)) }
}

/// A few objects of each flow log, the smallest first: a header is as good in a small one.
fn samples(plan: &Plan, loaded: &Loaded, warnings: &mut Warnings) -> Vec<Sample> {
    // A layout that is none stops the report, which says so.
    let hints = layout_hints(&plan.inputs, &loaded.inventory, warnings).unwrap_or_default();
    let mut by_log: BTreeMap<&SourceName, Vec<&Object>> = BTreeMap::new();
    for object in &loaded.objects {
        by_log.entry(&object.named.flow_log).or_default().push(object);
    }
    by_log
        .into_iter()
        .filter_map(|(source, mut objects)| {
            objects.sort_by_key(|object| (object.size, &object.key));
            sample(source, &objects, &hints)
        })
        .collect()
}

/// `None` for what holds no record and is no log that could not be read.
fn sample(source: &SourceName, objects: &[&Object], hints: &LayoutHints) -> Option<Sample> {
    let (SourceName::FlowLog(name) | SourceName::LogGroup(name) | SourceName::Prefix(name)) = source;
    let name = if name.is_empty() { "the flow log".to_owned() } else { name.clone() };
    let mut found = Sample { name, fields: None, accepted: 0, rejected: 0 };
    let mut failed = false;
    // From the middle on: the smallest hold next to nothing.
    let middle = objects.len() / 2;
    for object in objects[middle..].iter().chain(objects[..middle].iter().rev()).take(TRIES) {
        let mut counts = Counts::default();
        match read_object(object, hints, &mut counts) {
            Ok(outcome) if outcome.records > 0 => {
                found.fields =
                    Some(found.fields.map_or(outcome.fields_present, |fields| fields.union(outcome.fields_present)));
                found.accepted += counts.accepted;
                found.rejected += counts.rejected;
            }
            Ok(_) => {}
            Err(_) => failed = true,
        }
        if found.accepted > 0 {
            break;
        }
    }
    (failed || found.fields.is_some()).then_some(found)
}

/// Counts what passed and what was rejected.
#[derive(Default)]
struct Counts {
    symbols: Symbols,
    accepted: u64,
    rejected: u64,
}

impl FlowSink for Counts {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn record(&mut self, record: &FlowRecord) {
        match record.verdict {
            Verdict::Accept => self.accepted += 1,
            Verdict::Reject => self.rejected += 1,
            Verdict::NoData | Verdict::SkipData => {}
        }
    }

    fn malformed(&mut self, _: u64, _: &'static str) {}
}
