//! `CloudWatch` Logs: the events of a log group, page by page.
//!
//! Source: AWS, CloudWatch Logs API reference, `FilterLogEvents`.

use super::error::{AwsError, Trouble};
use super::http::{Budget, Http, Request, Service};
use super::{Call, Session};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The call.
pub const FILTER_LOG_EVENTS: Call =
    Call { action: "logs:FilterLogEvents", purpose: "the flow logs of the log groups that are named" };

const LOGS: Service = Service { id: "CloudWatch Logs", name: "logs" };

/// An event as it was logged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct Event {
    /// Of this event alone.
    pub event_id: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The record.
    pub message: String,
    /// For flow logs, the interface.
    pub log_stream_name: String,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventPage {
    /// The events; a page may have none and not be the last.
    pub events: Vec<Event>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// Every call of this module.
pub fn calls() -> impl Iterator<Item = Call> {
    [FILTER_LOG_EVENTS].into_iter()
}

/// `CloudWatch` Logs in one Region.
#[derive(Debug)]
pub struct Logs(Http);

impl Logs {
    /// In the session's Region. `at` says in messages whom is asked.
    pub fn new(session: &Session, at: &str, budget: Arc<Budget>) -> Result<Self, AwsError> {
        Http::new(session, LOGS, at, budget, error_of).map(Self)
    }

    /// A page of the events of a group, from the millisecond `start` to the millisecond `last`, both included.
    pub async fn page(&self, group: &str, start: i64, last: i64, token: Option<&str>) -> Result<EventPage, AwsError> {
        let mut body = json!({"logGroupName": group, "startTime": start, "endTime": last});
        if let Some(token) = token {
            body["nextToken"] = json!(token);
        }
        let headers =
            &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Logs_20140328.FilterLogEvents")];
        let answer =
            self.0.send(&Request { action: FILTER_LOG_EVENTS.action, headers, body: body.to_string() }).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| self.error(Trouble::Remote, format!("the answer cannot be read: {error}")))
    }

    /// An error of this service.
    #[must_use]
    pub fn error(&self, trouble: Trouble, why: impl Into<String>) -> AwsError {
        self.0.error(trouble, FILTER_LOG_EVENTS.action, why)
    }
}

/// The code may stand behind a namespace, `com.amazon.coral.service#AccessDeniedException`.
fn error_of(body: &[u8]) -> Option<(String, String)> {
    let refusal: Value = serde_json::from_slice(body).ok()?;
    let text = |key: &str| refusal.get(key).and_then(Value::as_str);
    let code = text("__type")?.rsplit('#').next().unwrap_or_default();
    // Services differ in the first letter.
    Some((code.to_owned(), text("message").or_else(|| text("Message")).unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_understood() {
        let pair = |code: &str, message: &str| Some((code.to_owned(), message.to_owned()));
        assert_eq!(
            error_of(br#"{"__type":"x.y#AccessDeniedException","Message":"no"}"#),
            pair("AccessDeniedException", "no")
        );
        assert_eq!(
            error_of(br#"{"__type":"ResourceNotFoundException","message":"none"}"#),
            pair("ResourceNotFoundException", "none")
        );
        assert_eq!(error_of(b"<html>"), None);
    }
}
