//! Cost Explorer: what the account paid by usage type, day by day, as the AWS CLI prints it.
//!
//! Source: AWS, Cost Explorer API reference, `GetCostAndUsage`; each request, each page that is, costs 0.01 USD.

use super::pages::Pages;
use super::sdk::{ATTEMPTS, WAITS, timeouts, told};
use super::session::Session;
use super::{AwsError, Call, Trouble};
use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::config::retry::RetryConfig;
use aws_sdk_costexplorer::operation::get_cost_and_usage::GetCostAndUsageOutput;
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension, DimensionValues, Expression, Granularity, GroupDefinition, GroupDefinitionType,
    MetricValue, ResultByTime,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The call.
pub const GET_COST_AND_USAGE: Call = Call { action: "ce:GetCostAndUsage", purpose: "what gateways and endpoints cost" };

const METRICS: [&str; 3] = ["NetUnblendedCost", "UnblendedCost", "UsageQuantity"];
/// Under which Cost Explorer files NAT gateways, endpoints, transit gateways and addresses.
const SERVICES: [&str; 2] = ["EC2 - Other", "Amazon Virtual Private Cloud"];
/// Credits, refunds and tax have usage types as well, and are none.
const RECORD_TYPES: [&str; 3] = ["Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"];
/// One group by usage type, one by account: the API takes two.
const GROUPS: [&str; 2] = ["USAGE_TYPE", "LINKED_ACCOUNT"];

/// An answer of Cost Explorer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// The pages.
    pub pages: Vec<Value>,
    /// The accounts that it is about.
    pub accounts: BTreeSet<String>,
}

/// Every call of this module.
pub fn calls() -> impl Iterator<Item = Call> {
    [GET_COST_AND_USAGE].into_iter()
}

/// The Region in which a partition has Cost Explorer; `GovCloud` and others have none of their own.
#[must_use]
pub fn home(region: &str) -> Option<&'static str> {
    match region {
        r if r.starts_with("cn-") => Some("cn-northwest-1"),
        r if r.starts_with("us-gov-") || r.starts_with("us-iso") || r.starts_with("eu-iso") => None,
        r if r.starts_with("eusc-") => Some("eusc-de-east-1"),
        _ => Some("us-east-1"),
    }
}

/// Cost and usage of the days from `start` to before `end` (`2026-10-01`), with at most `max_requests` requests, repetitions
/// included; an answer that needs more is an error, because a part of a bill is a wrong bill. `asked` is told of every request
/// before it is made.
pub async fn cost_and_usage(
    session: &Session,
    at: &str,
    days: (&str, &str),
    max_requests: u32,
    asked: &(dyn Fn() + Sync),
) -> Result<Costs, AwsError> {
    let config = aws_sdk_costexplorer::config::Builder::from(session.config())
        // Repeated here, where every request is counted.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts());
    let client = Client::from_conf(config.build());
    let refusal = |why: String| AwsError {
        trouble: Trouble::Request,
        action: GET_COST_AND_USAGE.action.to_owned(),
        at: at.to_owned(),
        why,
        hint: Some("allow more by --max-cost-explorer-requests, or leave it out by --no-cost-explorer".to_owned()),
    };
    let period =
        DateInterval::builder().start(days.0).end(days.1).build().map_err(|error| refusal(error.to_string()))?;
    let (mut costs, mut token, mut pages) = (Costs::default(), None, Pages::new(GET_COST_AND_USAGE, at));
    let mut repetitions = 0;
    for left in (0..max_requests).rev() {
        asked();
        let request = client
            .get_cost_and_usage()
            .time_period(period.clone())
            .granularity(Granularity::Daily)
            .filter(filter())
            .set_metrics(Some(METRICS.map(str::to_owned).to_vec()))
            .set_group_by(Some(
                GROUPS
                    .map(|key| GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key(key).build())
                    .to_vec(),
            ))
            .set_next_page_token(token.clone());
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => {
                let error = told(&error, GET_COST_AND_USAGE, at, session).await;
                repetitions += 1;
                if error.trouble != Trouble::Remote || repetitions >= ATTEMPTS || left == 0 {
                    return Err(error);
                }
                tokio::time::sleep(WAITS.before(repetitions)).await;
                continue;
            }
        };
        repetitions = 0;
        costs.add(&page);
        token = pages.next(page.next_page_token())?;
        if token.is_none() {
            return Ok(costs);
        }
    }
    Err(refusal(format!("the answer has more than {max_requests} pages; none of it is kept")))
}

fn filter() -> Expression {
    let one_of = |key: Dimension, values: &[&str]| {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Expression::builder().dimensions(DimensionValues::builder().key(key).set_values(Some(values)).build()).build()
    };
    Expression::builder()
        .and(one_of(Dimension::Service, &SERVICES))
        .and(one_of(Dimension::RecordType, &RECORD_TYPES))
        .build()
}

impl Costs {
    fn add(&mut self, page: &GetCostAndUsageOutput) {
        for group in page.results_by_time().iter().flat_map(ResultByTime::groups) {
            self.accounts.extend(group.keys().get(1).cloned());
        }
        self.pages.push(json(page));
    }
}

fn json(page: &GetCostAndUsageOutput) -> Value {
    let groups = page.group_definitions().iter().map(|group| {
        json!({"Type": group.r#type().map_or("", GroupDefinitionType::as_str), "Key": group.key().unwrap_or_default()})
    });
    let attributes = page.dimension_value_attributes().iter().map(|value| {
        let attributes = value.attributes().into_iter().flatten();
        let attributes: Map<String, Value> = attributes.map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({"Value": value.value().unwrap_or_default(), "Attributes": attributes})
    });
    let mut whole = json!({
        "GroupDefinitions": groups.collect::<Vec<_>>(),
        "ResultsByTime": page.results_by_time().iter().map(result).collect::<Vec<_>>(),
        "DimensionValueAttributes": attributes.collect::<Vec<_>>(),
    });
    if let Some(token) = page.next_page_token().filter(|token| !token.is_empty()) {
        whole["NextPageToken"] = json!(token);
    }
    whole
}

fn result(of: &ResultByTime) -> Value {
    let (start, end) = of.time_period().map_or(("", ""), |period| (period.start(), period.end()));
    let groups = of.groups().iter().map(|group| {
        let values = group.metrics().into_iter().flatten();
        json!({"Keys": group.keys(), "Metrics": values.map(metric).collect::<Map<_, _>>()})
    });
    json!({
        "TimePeriod": {"Start": start, "End": end},
        "Total": of.total().into_iter().flatten().map(metric).collect::<Map<_, _>>(),
        "Groups": groups.collect::<Vec<_>>(),
        "Estimated": of.estimated(),
    })
}

fn metric((name, value): (&String, &MetricValue)) -> (String, Value) {
    (name.clone(), json!({"Amount": value.amount().unwrap_or_default(), "Unit": value.unit().unwrap_or_default()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_home_of_costs() {
        let homes = ["eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"].map(home);
        assert_eq!(homes, [Some("us-east-1"), Some("cn-northwest-1"), None, Some("eusc-de-east-1")]);
    }
}
