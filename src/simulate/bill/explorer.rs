//! Cost Explorer: `get-cost-and-usage`, daily, grouped by usage type and account, usage only.
//! Source: AWS, Cost Explorer API reference.

use super::amount::{DIGITS, fixed};
use super::line::{Class, Line};
use crate::model::period::{DAY_SECONDS, Window, iso_day};
use crate::simulate::account::Account;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The rows of a day and usage type as one row each, which is all that Cost Explorer keeps of them. Day by day, by usage type.
pub(super) fn grouped(lines: &[Line]) -> Vec<Line> {
    let mut groups: BTreeMap<(i64, &str), Line> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.class == Class::Usage) {
        let start = line.start.div_euclid(DAY_SECONDS) * DAY_SECONDS;
        let key = (start, line.item.usage_type.as_str());
        let Some(sum) = groups.get_mut(&key) else {
            let mut first = Line { of: None, resource: String::new(), start, end: start + DAY_SECONDS, ..line.clone() };
            first.costs.net = Some(line.costs.net.unwrap_or(line.costs.unblended));
            // Nothing in Cost Explorer tells what it would have cost at list prices.
            first.costs.list = None;
            groups.insert(key, first);
            continue;
        };
        sum.amount += line.amount;
        sum.costs.unblended += line.costs.unblended;
        sum.costs.net = sum.costs.net.map(|net| net + line.costs.net.unwrap_or(line.costs.unblended));
    }
    groups.into_values().collect()
}

/// One page: the days of a part of the month.
pub(super) fn page(account: &Account, lines: &[Line], window: Window, next: Option<String>) -> Value {
    let amount = |units: i128, unit: &str| json!({"Amount": fixed(units, DIGITS), "Unit": unit});
    let group = |line: &Line| {
        json!({
            "Keys": [line.item.usage_type, account.id],
            "Metrics": {
                "NetUnblendedCost": amount(line.costs.net.unwrap_or(0), "USD"),
                "UnblendedCost": amount(line.costs.unblended, "USD"),
                "UsageQuantity": amount(line.amount, line.item.unit),
            },
        })
    };
    let mut days = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let end = start + DAY_SECONDS;
        let groups: Vec<Value> = lines.iter().filter(|line| line.start == start).map(group).collect();
        days.push(json!({
            "TimePeriod": {"Start": iso_day(start), "End": iso_day(end)},
            "Total": {},
            "Groups": groups,
            "Estimated": false,
        }));
        start = end;
    }
    let mut page = json!({
        "GroupDefinitions": [
            {"Type": "DIMENSION", "Key": "USAGE_TYPE"},
            {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
        ],
        "ResultsByTime": days,
        "DimensionValueAttributes": [{"Value": account.id, "Attributes": {"description": "Shop"}}],
    });
    if let Some(token) = next {
        page["NextPageToken"] = json!(token);
    }
    page
}
