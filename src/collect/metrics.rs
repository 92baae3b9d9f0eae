//! `metrics/<month>/<account>/<region>/`: what gateways and endpoints metered in the month.

use super::inventory::{Described, Stop, is_id, text};
use super::{Job, Plan, Taken, is_final};
use crate::aws::cloudwatch::{GET_METRIC_DATA, KEPT_DAYS, LIST_METRICS, Series, kept, list_metrics, metric_data};
use crate::aws::session::wait;
use crate::aws::{AwsError, Trouble};
use crate::model::period::parse_instant;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes into the gateway, which AWS bills, and out of it, which tell what was dropped. Source: AWS, NAT gateway metrics.
const OF_GATEWAYS: [&str; 4] =
    ["BytesInFromSource", "BytesOutToDestination", "BytesInFromDestination", "BytesOutToSource"];
const NAMESPACE: &str = "AWS/NATGateway";
const OF_ENDPOINTS: &str = "BytesProcessed";

/// Zones in which gateways have metered lately, by gateway: none for a zonal one.
pub(super) type Lately = BTreeMap<String, BTreeSet<String>>;

/// Gateways with metrics of the last two weeks, whether they still exist or not.
pub(super) fn lately(job: &Job, taken: &mut Taken) -> Result<Lately, Stop> {
    match wait(list_metrics(&job.session, &job.place.at(), NAMESPACE, OF_GATEWAYS[0])) {
        Ok(all) => {
            let mut lately = Lately::new();
            for mut dimensions in all {
                let Some(id) = dimensions.remove("NatGatewayId").filter(|id| is_id(id, "nat-")) else { continue };
                lately.entry(id).or_default().extend(dimensions.remove("AvailabilityZone"));
            }
            Ok(lately)
        }
        Err(error) if is_final(&error) => Err(error.into()),
        Err(error) => {
            taken.miss(LIST_METRICS, error);
            Ok(Lately::new())
        }
    }
}

/// Asks for the month; nothing is written where nothing was metered.
pub(super) fn collect(plan: &Plan, job: &Job, described: &Described, taken: &mut Taken) -> Result<Option<Value>, Stop> {
    let month = plan.month.window();
    let series = series(described, month.end);
    if series.is_empty() {
        return Ok(None);
    }
    let at = job.place.at();
    let miss = |why: String| AwsError {
        trouble: Trouble::NotFound,
        action: GET_METRIC_DATA.action.to_owned(),
        at: at.clone(),
        why,
        hint: Some("the report does without metrics".to_owned()),
    };
    let window = kept(month, plan.now);
    if window.start > month.start {
        taken.miss(
            GET_METRIC_DATA,
            miss(format!("AWS keeps metrics for {KEPT_DAYS} days, and {} is older", plan.month)),
        );
    }
    if window.start == window.end {
        return Ok(None);
    }
    match wait(metric_data(&job.session, &at, &series, window)) {
        Ok(answer) => {
            let answer = metered(answer, &series);
            let count = answer["MetricDataResults"].as_array().map_or(0, Vec::len) as u64;
            taken.add("get-metric-data", count);
            Ok(Some(answer).filter(|_| count > 0))
        }
        Err(error) if is_final(&error) => Err(error.into()),
        Err(error) => {
            taken.miss(GET_METRIC_DATA, error);
            Ok(None)
        }
    }
}

/// Every series of everything that may have metered in the month.
fn series(described: &Described, end: i64) -> Vec<Series> {
    let mut all = Vec::new();
    for gateway in described.gateways.iter().filter(|gateway| existed(gateway, "CreateTime", end)) {
        let Some(id) = text(gateway, "NatGatewayId").filter(|id| is_id(id, "nat-")) else { continue };
        let zones = zones(gateway, described);
        let parts: Vec<Option<&str>> =
            if zones.is_empty() { vec![None] } else { zones.iter().map(|zone| Some(*zone)).collect() };
        for (zone, metric) in parts.iter().flat_map(|zone| OF_GATEWAYS.map(|metric| (*zone, metric))) {
            let mut dimensions = vec![("NatGatewayId".to_owned(), id.to_owned())];
            dimensions.extend(zone.map(|zone| ("AvailabilityZone".to_owned(), zone.to_owned())));
            let of = zone.map_or_else(|| id.to_owned(), |zone| format!("{id} {zone}"));
            all.push(one(&of, NAMESPACE, metric, dimensions));
        }
    }
    for endpoint in described.endpoints.iter().filter(|endpoint| existed(endpoint, "CreationTimestamp", end)) {
        let Some(id) = text(endpoint, "VpcEndpointId").filter(|id| is_id(id, "vpce-")) else { continue };
        let (Some(kind), Some(service), Some(vpc)) =
            (text(endpoint, "VpcEndpointType"), text(endpoint, "ServiceName"), text(endpoint, "VpcId"))
        else {
            continue;
        };
        // Gateway endpoints have no metrics.
        if matches!(kind, "Interface" | "GatewayLoadBalancer") {
            let dimension = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let dimensions = vec![
                dimension("Endpoint Type", kind),
                dimension("Service Name", service),
                dimension("VPC Endpoint Id", id),
                dimension("VPC Id", vpc),
            ];
            all.push(one(id, "AWS/PrivateLinkEndpoints", OF_ENDPOINTS, dimensions));
        }
    }
    all
}

fn one(of: &str, namespace: &'static str, metric: &'static str, dimensions: Vec<(String, String)>) -> Series {
    let label = format!("{of} {metric}");
    // Ids begin with a small letter, as ours do.
    let id = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    Series { id, label, namespace, metric, dimensions }
}

fn existed(thing: &Value, key: &str, end: i64) -> bool {
    text(thing, key).and_then(parse_instant).is_none_or(|created| created < end)
}

/// The zones of a regional gateway, whose metrics are by zone only: those that metered, its own, and all that its VPC has; none for
/// a zonal gateway.
fn zones<'a>(gateway: &'a Value, described: &'a Described) -> BTreeSet<&'a str> {
    let metered = text(gateway, "NatGatewayId").and_then(|id| described.lately.get(id));
    let metered: BTreeSet<&str> = metered.into_iter().flatten().map(String::as_str).collect();
    if text(gateway, "AvailabilityMode") != Some("regional") {
        return metered;
    }
    let list = |value: &'a Value, key: &str| value.get(key).and_then(Value::as_array).into_iter().flatten();
    let own = list(gateway, "NatGatewayAddresses").filter_map(|address| text(address, "AvailabilityZone"));
    let vpc = text(gateway, "VpcId");
    let subnets = described.subnets.iter().filter(|subnet| text(subnet, "VpcId") == vpc);
    let of_vpc = subnets.filter_map(|subnet| text(subnet, "AvailabilityZone"));
    own.chain(of_vpc).chain(metered).collect()
}

/// Without the things that metered nothing at all: they did not exist in the month, and an empty series would pass for a gap.
/// What has some data keeps every series of its own.
fn metered(mut answer: Value, series: &[Series]) -> Value {
    let of = |id: &Value| series.iter().find(|series| id == &json!(series.id)).map(|series| series.dimensions.clone());
    let Some(results) = answer.get_mut("MetricDataResults").and_then(Value::as_array_mut) else { return answer };
    let has_points = |result: &Value| result["Values"].as_array().is_some_and(|values| !values.is_empty());
    let known: Vec<_> =
        results.iter().filter(|result| has_points(result)).filter_map(|result| of(&result["Id"])).collect();
    results.retain(|result| {
        let said = result["StatusCode"] != "Complete" || result.get("Messages").is_some();
        said || of(&result["Id"]).is_none_or(|dimensions| known.contains(&dimensions))
    });
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regional_gateways_are_asked_by_zone_and_gateway_endpoints_not_at_all() {
        let described = Described {
            gateways: vec![
                json!({"NatGatewayId": "nat-1", "VpcId": "vpc-1"}),
                json!({"NatGatewayId": "nat-2", "VpcId": "vpc-1", "AvailabilityMode": "regional",
                       "NatGatewayAddresses": [{"AvailabilityZone": "us-east-1c"}]}),
                json!({"NatGatewayId": "nat-3", "CreateTime": "2026-11-01T00:00:00.000Z"}),
            ],
            endpoints: vec![
                json!({"VpcEndpointId": "vpce-1", "VpcEndpointType": "Gateway", "ServiceName": "s", "VpcId": "vpc-1"}),
                json!({"VpcEndpointId": "vpce-2", "VpcEndpointType": "Interface", "ServiceName": "s", "VpcId": "vpc-1"}),
            ],
            subnets: vec![
                json!({"VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}),
                json!({"VpcId": "vpc-2", "AvailabilityZone": "us-east-1b"}),
            ],
            ..Described::default()
        };
        let all = series(&described, parse_instant("2026-11-01").expect("a day"));
        let labels: Vec<&str> = all.iter().map(|series| series.label.as_str()).collect();
        let expect = [
            "nat-1 BytesInFromSource",
            "nat-1 BytesOutToDestination",
            "nat-1 BytesInFromDestination",
            "nat-1 BytesOutToSource",
            "nat-2 us-east-1a BytesInFromSource",
            "nat-2 us-east-1a BytesOutToDestination",
            "nat-2 us-east-1a BytesInFromDestination",
            "nat-2 us-east-1a BytesOutToSource",
            "nat-2 us-east-1c BytesInFromSource",
            "nat-2 us-east-1c BytesOutToDestination",
            "nat-2 us-east-1c BytesInFromDestination",
            "nat-2 us-east-1c BytesOutToSource",
            "vpce-2 BytesProcessed",
        ];
        assert_eq!(labels, expect);
        assert_eq!(all[4].id, "nat_2_us_east_1a_BytesInFromSource");
        assert_eq!(all[4].dimensions.len(), 2);
    }

    #[test]
    fn what_metered_nothing_is_left_out_whole() {
        let series =
            ["nat-1", "nat-2"].map(|id| OF_GATEWAYS.map(|m| one(id, "n", m, vec![("i".to_owned(), id.to_owned())])));
        let series = series.concat();
        let result =
            |at: usize, values: Value| json!({"Id": series[at].id, "Values": values, "StatusCode": "Complete"});
        let answer = json!({"MetricDataResults": [result(0, json!([1])), result(1, json!([])), result(4, json!([])), result(5, json!([]))]});
        let left = metered(answer, &series);
        assert_eq!(left, json!({"MetricDataResults": [result(0, json!([1])), result(1, json!([]))]}));
    }
}
