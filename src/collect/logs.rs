//! `flow-logs/cloudwatch-logs/<month>/<account>/<region>/`: flow logs that are in `CloudWatch` Logs, a file for each day, in the form
//! of a subscription filter's documents. The same events give the same files, however AWS cut them into pages.

use super::bundle::{Bundle, BundleError};
use super::inventory::Stop;
use super::{Job, Plan, Summary, Taken, is_final};
use crate::aws::logs::{Event, FILTER_LOG_EVENTS, Logs};
use crate::aws::pages::Pages;
use crate::aws::session::wait;
use crate::aws::{AwsError, Budget, Trouble};
use crate::model::period::{DAY_SECONDS, iso_day};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// Events of a document: large enough to cost nothing, small enough to be in memory many times over.
const EVENTS: usize = 1000;

/// Reads the month of every log group that is here.
pub(super) fn collect(
    plan: &Plan,
    job: &Job,
    bundle: &Bundle,
    budget: &Arc<Budget>,
    taken: &mut Taken,
) -> Result<(), Stop> {
    if plan.log_groups.is_empty() {
        return Ok(());
    }
    let logs = Logs::new(&job.session, &job.place.at(), Arc::clone(budget))?;
    for group in &plan.log_groups {
        match read_group(plan, job, group, &logs, bundle) {
            Ok(events) => taken.add(&format!("filter-log-events of {group}"), events),
            Err(Stop::Aws(error)) if error.trouble == Trouble::NotFound => taken.absent.push((group.clone(), error)),
            Err(Stop::Aws(error)) if !is_final(&error) => taken.miss(FILTER_LOG_EVENTS, error),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A group has to be in one of the places only.
pub(super) fn say_absent(plan: &Plan, summary: &mut Summary) {
    for group in &plan.log_groups {
        let error =
            |taken: &Taken| taken.absent.iter().find(|(absent, _)| absent == group).map(|(_, error)| error.clone());
        let errors: Vec<Option<AwsError>> = summary.places.values().map(error).collect();
        let all: Option<Vec<AwsError>> = errors.into_iter().collect();
        if let (Some(mut all), Some(first)) = (all, summary.places.values_mut().next())
            && !all.is_empty()
        {
            let hint = Some("see `aws logs describe-log-groups` for its name and Region".to_owned());
            first.missing.push((FILTER_LOG_EVENTS, AwsError { hint, ..all.swap_remove(0) }));
        }
    }
}

fn read_group(plan: &Plan, job: &Job, group: &str, logs: &Logs, bundle: &Bundle) -> Result<u64, Stop> {
    let window = plan.month.window();
    let (at, mut day, mut events) = (job.place.at(), window.start, 0);
    while day < window.end.min(plan.now) {
        let (next, mut file) = (day + DAY_SECONDS, DayFile::new(group));
        let (mut token, mut pages) = (None::<String>, Pages::new(FILTER_LOG_EVENTS, &at));
        loop {
            let page = wait(logs.page(group, day * 1000, next * 1000 - 1, token.as_deref()))?;
            events += page.events.len() as u64;
            let create = || bundle.create(&path(plan, job, group, day));
            page.events.into_iter().try_for_each(|event| file.add(event, &create))?;
            token = pages.next(page.next_token.as_deref())?;
            if token.is_none() {
                break;
            }
        }
        file.end()?;
        day = next;
    }
    Ok(events)
}

/// Account and Region stand in the name as AWS writes them, for whoever reads flow logs.
fn path(plan: &Plan, job: &Job, group: &str, day: i64) -> String {
    let place = &job.place;
    let (group, day) = (safe(group), iso_day(day).replace('-', ""));
    format!(
        "{}/{group}/{}_vpcflowlogs_{}_group-{group}_{day}.json.gz",
        place.flow_logs(plan.month),
        place.account,
        place.region
    )
}

/// A log group's name as a part of a path; no two have the same.
fn safe(group: &str) -> String {
    let letter = |c: char| match c {
        '/' => "+".to_owned(),
        '_' => "~".to_owned(),
        '#' => "=".to_owned(),
        c if c.is_ascii_alphanumeric() || c == '-' || c == '.' => c.to_string(),
        c => format!("%{:x}", u32::from(c)),
    };
    // A leading dot would hide it.
    let text: String = group.chars().map(letter).collect();
    if text.starts_with('.') { format!("%{text}") } else { text }
}

/// The file of a day, made with its first event.
struct DayFile<'a> {
    group: &'a str,
    waiting: Vec<Event>,
    out: Option<GzEncoder<File>>,
}

impl<'a> DayFile<'a> {
    fn new(group: &'a str) -> Self {
        Self { group, waiting: Vec::new(), out: None }
    }

    fn add(&mut self, event: Event, create: &dyn Fn() -> Result<File, BundleError>) -> Result<(), BundleError> {
        if self.out.is_none() {
            self.out = Some(GzEncoder::new(create()?, Compression::fast()));
        }
        self.waiting.push(event);
        if self.waiting.len() == EVENTS { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), BundleError> {
        let events: Vec<Value> = self
            .waiting
            .drain(..)
            .map(|event| {
                json!({
                    "id": event.event_id, "timestamp": event.timestamp, "message": event.message,
                    "logStreamName": event.log_stream_name,
                })
            })
            .collect();
        let text = json!({"logGroup": self.group, "logEvents": events}).to_string() + "\n";
        let Some(out) = &mut self.out else { return Ok(()) };
        out.write_all(text.as_bytes()).map_err(|why| BundleError::Io { path: self.group.to_owned(), why })
    }

    fn end(mut self) -> Result<(), BundleError> {
        if !self.waiting.is_empty() {
            self.write()?;
        }
        let path = self.group.to_owned();
        let Some(out) = self.out else { return Ok(()) };
        out.finish().and_then(|file| file.sync_all()).map_err(|why| BundleError::Io { path, why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_of_groups_are_safe_and_stay_apart() {
        let names = ["/aws/vpc", "aws-vpc", "a_b", "a/b", "..", "../x", "é", "a#b"].map(safe);
        let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+~=%".contains(&b));
        assert!(names.iter().all(|name| plain(name) && !name.starts_with('.')), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
