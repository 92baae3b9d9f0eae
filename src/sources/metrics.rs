//! `aws cloudwatch get-metric-data` output (JSON) into metered bytes: bytes of files in, plain values out. No file access here.
//!
//! A series is the data points of one gateway or endpoint, zone and metric, wherever they stand: pages and files overlap, and a
//! point counts once. A series that AWS did not give whole, or of which two files disagree, is not known. The order of files never
//! matters. Source: AWS, CloudWatch API reference, `GetMetricData`.

mod label;
#[cfg(test)]
mod tests;

use super::inventory::decode;
use super::pages::{Ends, Home, Pages, goes_on};
use crate::model::bytes::Bytes;
use crate::model::metrics::{EndpointMetrics, GatewayMetrics, Metrics};
use crate::model::period::{Window, iso, parse_instant};
use crate::model::usd::{SCALE, Usd};
use label::{Meaning, Metric, Series};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Why a file gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// The text is no JSON, or breaks off.
    #[error("not valid JSON: {0}")]
    Json(String),
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("not text in UTF-8 or UTF-16")]
    Encoding,
    /// JSON of something else, or nothing at all.
    #[error("holds no output of `aws cloudwatch get-metric-data`")]
    NotMetrics,
}

impl MetricsError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "write the file again with `aws cloudwatch get-metric-data ... --output json`"
    }
}

/// Something that lowers what the metrics say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricsWarning {
    /// A result, a data point or a message that could not be used.
    Unusable(String),
    /// A gateway or an endpoint whose bytes are not known although there are metrics of it.
    Unknown(String),
    /// An answer of which pages are missing.
    MissingPages(String),
}

/// Series collected over files.
#[derive(Debug, Default)]
pub struct MetricsDraft {
    series: BTreeMap<Series, Points>,
    pages: Pages,
    warnings: BTreeSet<MetricsWarning>,
}

/// Data points of one series.
#[derive(Debug, Default)]
struct Points {
    inside: BTreeMap<i64, u64>,
    /// There are points outside the window.
    outside: bool,
    /// Some result says that it is complete.
    complete: bool,
    /// Why it cannot be used; the first reason by its text.
    broken: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Top {
    One(Box<Document>),
    Many(Vec<Document>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    metric_data_results: Vec<MetricResult>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    next_token: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct MetricResult {
    id: String,
    label: String,
    timestamps: Vec<Time>,
    values: Vec<serde_json::Number>,
    status_code: Option<String>,
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Message {
    code: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Number(serde_json::Number),
}

/// The call whose pages these are.
const GET_METRIC_DATA: &str = "get-metric-data";

/// Reads one file: JSON documents one after the other, each a page or a list of pages. Points that start outside `window` are left
/// out. On an error nothing of the file is taken.
pub fn read_document(
    name: &str,
    bytes: &[u8],
    window: Option<Window>,
    into: &mut MetricsDraft,
) -> Result<(), MetricsError> {
    let text = decode(bytes).ok_or(MetricsError::Encoding)?;
    let mut documents = Vec::new();
    for top in serde_json::Deserializer::from_str(&text).into_iter::<Top>() {
        let top = top.map_err(|error| match error.classify() {
            serde_json::error::Category::Data => MetricsError::NotMetrics,
            _ => MetricsError::Json(error.to_string()),
        })?;
        match top {
            Top::One(document) => documents.push(*document),
            Top::Many(many) => documents.extend(many),
        }
    }
    if documents.is_empty() {
        return Err(MetricsError::NotMetrics);
    }
    let mut pages = Ends::default();
    for document in &documents {
        let token = document.next_token.as_ref().and_then(serde_json::Value::as_str);
        pages.see(goes_on(token));
        into.say(name, &document.messages);
        for result in &document.metric_data_results {
            into.say(name, &result.messages);
            into.result(name, result, window);
        }
    }
    into.pages.add_object(GET_METRIC_DATA, name, pages);
    Ok(())
}

impl MetricsDraft {
    /// What AWS says beside the data, such as that a metric is no longer kept at this resolution.
    fn say(&mut self, name: &str, messages: &[Message]) {
        for message in messages {
            self.unusable(format!("{name}: {}: {}", message.code, message.value));
        }
    }

    fn unusable(&mut self, what: String) {
        self.warnings.insert(MetricsWarning::Unusable(what));
    }

    fn result(&mut self, name: &str, result: &MetricResult, window: Option<Window>) {
        let series = match label::meaning(&result.label, &result.id) {
            Meaning::Series(series) => series,
            Meaning::OtherMetric => return,
            Meaning::Unclear(why) => {
                let what = if result.label.is_empty() { &result.id } else { &result.label };
                return self.unusable(format!("{name}: {what}: {why}"));
            }
        };
        let points = self.series.entry(series).or_default();
        match result.status_code.as_deref() {
            None | Some("Complete") => points.complete = true,
            Some("PartialData") => {}
            Some(status) => {
                let what = format!("{name}: {}: {status}", result.id);
                return self.unusable(what);
            }
        }
        if result.timestamps.len() != result.values.len() {
            points.broken.insert("not as many values as times".to_owned());
            return;
        }
        for (time, value) in result.timestamps.iter().zip(&result.values) {
            points.point(time, value, window);
        }
    }

    /// The metered bytes of everything that was read, and what is to be said about them.
    #[must_use]
    pub fn finish(mut self) -> (Metrics, Vec<MetricsWarning>) {
        let mut by_resource: BTreeMap<String, BTreeMap<(Metric, String), Points>> = BTreeMap::new();
        for (series, points) in std::mem::take(&mut self.series) {
            by_resource.entry(series.resource).or_default().insert((series.metric, series.part), points);
        }
        let cut = self.pages.unfinished(|_| Home::default());
        let mut metrics = Metrics::default();
        let mut total = 0;
        for (resource, series) in by_resource {
            let (mut why, span) = (BTreeSet::new(), span(series.values()));
            // Another page may have another zone.
            let has_zones = series.keys().any(|(_, part)| !part.is_empty());
            if has_zones && !cut.is_empty() {
                why.insert("other zones may be on a page that is missing".to_owned());
                metrics.gateways.insert(resource.clone(), GatewayMetrics { span, ..GatewayMetrics::default() });
            } else if resource.starts_with("vpce-") {
                let processed_bytes =
                    sum(&series, Metric::Processed, &mut total).map_err(|reason| why.insert(reason)).ok();
                metrics.endpoints.insert(resource.clone(), EndpointMetrics { processed_bytes, span });
            } else {
                let mut sum = |metric| sum(&series, metric, &mut total).map_err(|reason| why.insert(reason)).ok();
                let (from_source, from_destination) = (sum(Metric::FromSource), sum(Metric::FromDestination));
                metrics.gateways.insert(resource.clone(), GatewayMetrics { from_source, from_destination, span });
            }
            // Metrics of other months are no news.
            let elsewhere = series.values().all(|points| points.inside.is_empty() && points.outside);
            if !why.is_empty() && !elsewhere {
                let why = why.into_iter().collect::<Vec<_>>().join("; ");
                self.warnings.insert(MetricsWarning::Unknown(format!("{resource}: {why}")));
            }
        }
        let missing =
            cut.into_iter().map(|(file, what)| format!("{file}: `{what}` goes on at a page that is not there"));
        self.warnings.extend(missing.map(MetricsWarning::MissingPages));
        (metrics, self.warnings.into_iter().collect())
    }
}

/// Bytes beyond this, of all series together, are no account's: sums must stay in 64 bits.
const MAX_BYTES: u64 = 1 << 62;

impl Points {
    fn point(&mut self, time: &Time, value: &serde_json::Number, window: Option<Window>) {
        let Some(time) = seconds(time) else {
            self.broken.insert("a time that cannot be read".to_owned());
            return;
        };
        if window.is_some_and(|window| !window.contains(time)) {
            self.outside = true;
            return;
        }
        let Some(bytes) = whole_bytes(value) else {
            self.broken.insert(format!("{value} at {} is no number of bytes; is the statistic Sum?", iso(time)));
            return;
        };
        let known = *self.inside.entry(time).or_insert(bytes);
        if known != bytes {
            self.broken.insert(format!("two values at {}", iso(time)));
        }
    }

    fn sum(&self, metric: Metric, part: &str) -> Result<u64, String> {
        let of = if part.is_empty() { metric.name().to_owned() } else { format!("{} of {part}", metric.name()) };
        if let Some(why) = self.broken.first() {
            return Err(format!("{of} has {why}"));
        }
        if !self.complete {
            return Err(format!("{of} is not complete"));
        }
        if self.inside.is_empty() {
            return Err(format!("{of} has no data point"));
        }
        let sum: u128 = self.inside.values().copied().map(u128::from).sum();
        u64::try_from(sum).ok().filter(|&sum| sum <= MAX_BYTES).ok_or_else(|| format!("{of} is beyond any account"))
    }
}

/// The sum of one metric over the zones that any metric of the resource has.
fn sum(series: &BTreeMap<(Metric, String), Points>, metric: Metric, total: &mut u64) -> Result<Bytes, String> {
    let mut parts: BTreeSet<&str> = series.keys().map(|(_, part)| part.as_str()).collect();
    // A query without a zone gives an empty series for a regional gateway.
    let has_points = |part: &str| series.iter().any(|((_, of), points)| of == part && !points.inside.is_empty());
    if parts.len() > 1 && parts.contains("") {
        if has_points("") {
            return Err("data both of zones and of the whole".to_owned());
        }
        parts.remove("");
    }
    let mut sum: u64 = 0;
    for part in parts {
        let points = series.get(&(metric, part.to_owned()));
        let missing = || {
            let zone = if part.is_empty() { String::new() } else { format!(" of {part}") };
            format!("{}{zone} is missing", metric.name())
        };
        sum = sum.saturating_add(points.ok_or_else(missing)?.sum(metric, part)?);
    }
    *total = total.saturating_add(sum);
    if *total > MAX_BYTES {
        return Err("the bytes of all series together are beyond any account".to_owned());
    }
    Ok(Bytes::new(sum))
}

fn span<'a>(series: impl Iterator<Item = &'a Points>) -> Option<(i64, i64)> {
    let ends = series.filter_map(|points| Some((*points.inside.keys().next()?, *points.inside.keys().next_back()?)));
    ends.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// The AWS CLI writes ISO 8601; with `cli_timestamp_format = wire`, and in recordings, seconds.
fn seconds(time: &Time) -> Option<i64> {
    match time {
        Time::Text(text) => parse_instant(text),
        Time::Number(number) => {
            let (seconds, _) = Usd::parse(&number.to_string()).ok()?;
            i64::try_from(seconds.units().div_euclid(SCALE)).ok()
        }
    }
}

/// A sum of bytes is whole, however it is written: `1.2345E9`, `123.0`.
fn whole_bytes(value: &serde_json::Number) -> Option<u64> {
    let (value, _) = Usd::parse(&value.to_string()).ok()?;
    let whole = value.units().rem_euclid(SCALE) == 0;
    u64::try_from(value.units().div_euclid(SCALE)).ok().filter(|&bytes| whole && bytes <= MAX_BYTES)
}
