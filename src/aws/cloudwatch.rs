//! `CloudWatch`: `GetMetricData` within its limits, as the AWS CLI prints it.
//!
//! Source: AWS, CloudWatch API reference, `GetMetricData`; CloudWatch user guide, retention of metrics.

use super::pages::Pages;
use super::sdk::{retries, timeouts, told};
use super::session::Session;
use super::{AwsError, Call};
use crate::model::period::{DAY_SECONDS, HOUR_SECONDS, Window, iso};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use serde_json::{Number, Value, json};
use std::collections::BTreeMap;

/// The call.
pub const GET_METRIC_DATA: Call =
    Call { action: "cloudwatch:GetMetricData", purpose: "the bytes that gateways and endpoints have metered" };

/// The call that knows things which are gone.
pub const LIST_METRICS: Call = Call {
    action: "cloudwatch:ListMetrics",
    purpose: "gateways that were deleted a short time ago, and the zones of regional ones",
};

/// Queries in one request, and data points in its answer.
const MAX_QUERIES: i64 = 500;
const MAX_POINTS: i64 = 100_800;
/// Seconds of a data point. Of any age that is kept there are hours: minutes go after 15 days, five minutes after 63.
const PERIOD: i64 = HOUR_SECONDS;
/// Days for which hours are kept.
pub const KEPT_DAYS: i64 = 455;

/// A metric of one thing, summed by the hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// What the answer calls it: begins with a small letter, then letters, digits and `_`.
    pub id: String,
    /// Its label in the answer.
    pub label: String,
    /// `AWS/NATGateway`.
    pub namespace: &'static str,
    /// `BytesInFromSource`.
    pub metric: &'static str,
    /// Names and values that tell it from others, all of them.
    pub dimensions: Vec<(String, String)>,
}

/// Every call of this module.
pub fn calls() -> impl Iterator<Item = Call> {
    [GET_METRIC_DATA, LIST_METRICS].into_iter()
}

/// What is left of a window: nothing before data is kept, nothing of the future. Empty where nothing is.
#[must_use]
pub fn kept(window: Window, now: i64) -> Window {
    let first = (now - KEPT_DAYS * DAY_SECONDS).div_euclid(PERIOD) * PERIOD + PERIOD;
    let end = window.end.min((now.div_euclid(PERIOD) + 1) * PERIOD);
    let start = window.start.max(first);
    Window { start, end: end.max(start) }
}

fn client(session: &Session) -> Client {
    let config = aws_sdk_cloudwatch::config::Builder::from(session.config());
    Client::from_conf(config.retry_config(retries()).timeout_config(timeouts()).build())
}

/// The dimensions, by name, of every series of a metric that had data in the last two weeks.
pub async fn list_metrics(
    session: &Session,
    at: &str,
    namespace: &str,
    metric: &str,
) -> Result<Vec<BTreeMap<String, String>>, AwsError> {
    let client = client(session);
    let (mut all, mut token, mut pages) = (Vec::new(), None, Pages::new(LIST_METRICS, at));
    loop {
        let request = client.list_metrics().namespace(namespace).metric_name(metric).set_next_token(token);
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => return Err(told(&error, LIST_METRICS, at, session).await),
        };
        for metric in page.metrics() {
            let pair = |dimension: &Dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()));
            all.push(metric.dimensions().iter().filter_map(pair).collect());
        }
        token = pages.next(page.next_token())?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// The sums of all series, hour by hour. `at` says in messages whom is asked.
pub async fn metric_data(session: &Session, at: &str, series: &[Series], window: Window) -> Result<Value, AwsError> {
    let client = client(session);
    let mut answer = Answer::default();
    for some in series.chunks(queries_at_once(window)) {
        let queries: Vec<MetricDataQuery> = some.iter().map(query).collect();
        let (mut token, mut pages) = (None, Pages::new(GET_METRIC_DATA, at));
        loop {
            let request = client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(window.start))
                .end_time(DateTime::from_secs(window.end))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token);
            let page = match request.send().await {
                Ok(page) => page,
                Err(error) => return Err(told(&error, GET_METRIC_DATA, at, session).await),
            };
            answer.page(page.metric_data_results(), page.messages());
            token = pages.next(page.next_token())?;
            if token.is_none() {
                break;
            }
        }
    }
    Ok(answer.json())
}

fn queries_at_once(window: Window) -> usize {
    let points = (window.end - window.start + PERIOD - 1).div_euclid(PERIOD).max(1);
    usize::try_from((MAX_POINTS / points).clamp(1, MAX_QUERIES)).unwrap_or(1)
}

fn query(series: &Series) -> MetricDataQuery {
    let dimension = |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(series.namespace)
        .metric_name(series.metric)
        .set_dimensions(Some(series.dimensions.iter().map(dimension).collect()))
        .build();
    let sum =
        MetricStat::builder().metric(metric).period(i32::try_from(PERIOD).unwrap_or(i32::MAX)).stat("Sum").build();
    MetricDataQuery::builder().id(&series.id).label(&series.label).metric_stat(sum).build()
}

/// Pages put together: a result may go on from one to the next.
#[derive(Default)]
struct Answer {
    order: Vec<String>,
    results: BTreeMap<String, Joined>,
    messages: Vec<Value>,
}

#[derive(Default)]
struct Joined {
    label: String,
    times: Vec<Value>,
    values: Vec<Value>,
    status: String,
    messages: Vec<Value>,
}

impl Answer {
    fn page(&mut self, results: &[MetricDataResult], messages: &[MessageData]) {
        self.messages.extend(messages.iter().map(message));
        for result in results {
            let id = result.id().unwrap_or_default();
            if !self.results.contains_key(id) {
                self.order.push(id.to_owned());
            }
            let joined = self.results.entry(id.to_owned()).or_default();
            result.label().unwrap_or_default().clone_into(&mut joined.label);
            joined.times.extend(result.timestamps().iter().map(|time| json!(iso(time.secs()).replace('Z', "+00:00"))));
            joined.values.extend(
                result.values().iter().map(|value| Number::from_f64(*value).map_or(Value::Null, Value::Number)),
            );
            joined.messages.extend(result.messages().iter().map(message));
            // Partial is what all but the last page of a result says.
            if joined.status != StatusCode::Complete.as_str() {
                result.status_code().map_or("", StatusCode::as_str).clone_into(&mut joined.status);
            }
        }
    }

    fn json(mut self) -> Value {
        let results: Vec<Value> = self
            .order
            .iter()
            .filter_map(|id| self.results.remove_entry(id))
            .map(|(id, joined)| {
                let mut result = json!({
                    "Id": id, "Label": joined.label, "Timestamps": joined.times, "Values": joined.values,
                    "StatusCode": joined.status,
                });
                if !joined.messages.is_empty() {
                    result["Messages"] = json!(joined.messages);
                }
                result
            })
            .collect();
        json!({"MetricDataResults": results, "Messages": self.messages})
    }
}

fn message(message: &MessageData) -> Value {
    json!({"Code": message.code().unwrap_or_default(), "Value": message.value().unwrap_or_default()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::Month;

    fn october() -> Window {
        Month::parse("2026-10").expect("a month").window()
    }

    #[test]
    fn requests_stay_within_the_limits() {
        assert_eq!(queries_at_once(october()), 135);
        assert_eq!(queries_at_once(Window { start: 0, end: 3600 }), 500);
        assert_eq!(queries_at_once(Window { start: 0, end: 0 }), 500);
        assert_eq!(queries_at_once(Window { start: 0, end: 3600 * 1_000_000 }), 1);
    }

    #[test]
    fn what_is_gone_or_to_come_is_not_asked_for() {
        let window = october();
        assert_eq!(kept(window, window.end + 86_400), window);
        let today = window.start + 10 * DAY_SECONDS + 100;
        assert_eq!(kept(window, today), Window { start: window.start, end: today - 100 + 3600 });
        let late = kept(window, window.end + 440 * DAY_SECONDS + 1);
        assert!(late.start > window.start && late.start % 3600 == 0 && late.end == window.end);
        let (gone, future) = (kept(window, window.end + 500 * DAY_SECONDS), kept(window, window.start - DAY_SECONDS));
        assert!(gone.start == gone.end && future.start == future.end);
    }

    #[test]
    fn a_result_goes_on_over_pages() {
        let page = |times: &[i64], status: StatusCode| {
            MetricDataResult::builder()
                .id("a")
                .label("nat-1 X")
                .set_timestamps(Some(times.iter().copied().map(DateTime::from_secs).collect()))
                .set_values(Some(times.iter().map(|_| 7.0).collect()))
                .status_code(status)
                .build()
        };
        let mut answer = Answer::default();
        answer.page(&[page(&[0, 3600], StatusCode::PartialData)], &[]);
        answer.page(&[page(&[7200], StatusCode::Complete)], &[]);
        let times = ["1970-01-01T00:00:00+00:00", "1970-01-01T01:00:00+00:00", "1970-01-01T02:00:00+00:00"];
        let expect = json!({"Id": "a", "Label": "nat-1 X", "Timestamps": times, "Values": [7.0, 7.0, 7.0], "StatusCode": "Complete"});
        assert_eq!(answer.json(), json!({"MetricDataResults": [expect], "Messages": []}));
    }
}
