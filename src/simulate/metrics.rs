//! `metrics/`: byte counters of gateways and endpoints, daily sums, as `aws cloudwatch get-metric-data` prints them.

use super::SimulateError;
use super::account::{Account, Gateway};
use super::inventory::write_json;
use super::sums::Sums;
use super::truth::{Truth, days};
use crate::model::period::{DAY_SECONDS, Window, iso};
use serde_json::{Value, json};
use std::path::Path;

/// Metrics of a NAT gateway, in the order of the legs. Source: VPC user guide, NAT gateway metrics.
const METRICS: [&str; 4] = ["BytesInFromSource", "BytesOutToDestination", "BytesInFromDestination", "BytesOutToSource"];

/// One result: what it belongs to, the metric's name and a value for every day.
fn result(month: Window, of: &str, metric: &str, values: &[u64], labelled: bool) -> Value {
    let stamp = |day: usize| month.start + i64::try_from(day).unwrap_or(0) * DAY_SECONDS;
    json!({
        "Id": format!("{}_{metric}", of.replace(['-', ' '], "_")),
        "Label": if labelled { format!("{of} {metric}") } else { metric.to_owned() },
        "Timestamps": (0..values.len()).map(|d| iso(stamp(d)).replace('Z', "+00:00")).collect::<Vec<_>>(),
        "Values": values,
        "StatusCode": "Complete",
    })
}

/// A zonal gateway has a series for each metric, a regional one for each metric and zone.
fn of_gateway(account: &Account, gateway: &Gateway, days: &[Sums], month: Window, results: &mut Vec<Value>) {
    for (leg, metric) in METRICS.into_iter().enumerate() {
        if !gateway.regional {
            let values: Vec<u64> = days.iter().map(|d| d.legs[leg]).collect();
            // Without a label of the user's own, CloudWatch shows the metric's name: then only the id tells whose it is.
            results.push(result(month, &gateway.id, metric, &values, leg != 2));
            continue;
        }
        for zone in 0..gateway.public.len() {
            let values: Vec<u64> = days.iter().map(|d| d.zones[zone][leg]).collect();
            let of = format!("{} {}", gateway.id, account.zone_name(zone));
            results.push(result(month, &of, metric, &values, leg != 2));
        }
    }
}

/// Writes the counters of everything that exists in the account.
pub(super) fn write(account: &Account, truth: &Truth<'_>, month: Window, path: &Path) -> Result<(), SimulateError> {
    let mut results = Vec::new();
    for (index, gateway) in account.gateways.iter().enumerate() {
        let days: Vec<Sums> = truth.daily(index).collect();
        of_gateway(account, gateway, &days, month, &mut results);
    }
    for endpoint in &account.endpoints {
        let values: Vec<u64> = (0..days(month)).map(|day| endpoint.of_day(month, day)).collect();
        results.push(result(month, &endpoint.id, "BytesProcessed", &values, true));
    }
    write_json(path, &json!({"MetricDataResults": results, "Messages": []}))
}
