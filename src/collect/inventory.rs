//! `inventory/<account>/<region>/`: what EC2 describes, a file for each command of the AWS CLI, and the gateways that are gone.

use super::bundle::{Bundle, BundleError};
use super::metrics::Lately;
use super::{Place, Taken, is_final};
use crate::aws::ec2::{DESCRIBE, Describe, Ec2, PREFIX_LIST_ENTRIES};
use crate::aws::session::wait;
use crate::aws::{AwsError, Trouble};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const GATEWAYS: &str = "describe-nat-gateways.json";
/// Gateways that were described once and are gone: AWS forgets them after an hour, the bill does not.
const DELETED: &str = "deleted-nat-gateways.json";

/// Why nothing of a place can be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// The gateways and endpoints of a place, for whoever asks for their metrics.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub gateways: Vec<Value>,
    pub endpoints: Vec<Value>,
    pub subnets: Vec<Value>,
    /// Gateways with metrics of late.
    pub lately: Lately,
}

/// Asks for everything. What is not allowed is missed, and an earlier description of it stays. `lately` are gateways that have
/// metered not long ago: those that no answer describes are kept by their names.
pub(super) fn collect(
    ec2: &Ec2,
    place: &Place,
    lately: Lately,
    bundle: &Bundle,
    taken: &mut Taken,
) -> Result<Described, Stop> {
    let mut described = Described { lately, ..Described::default() };
    for what in &DESCRIBE {
        let file = format!("{}.json", what.command);
        let Some(answer) = ask(ec2, what, &[], taken)? else {
            keep_earlier(place, what.command, bundle)?;
            continue;
        };
        let things = things(&answer);
        taken.add(what.command, things);
        match what.command {
            "describe-nat-gateways" => {
                described.gateways = keep_gateways(place, &answer, &described.lately, bundle, taken)?;
            }
            "describe-vpc-endpoints" => described.endpoints = list(&answer, "VpcEndpoints"),
            "describe-subnets" => described.subnets = list(&answer, "Subnets"),
            "describe-managed-prefix-lists" => entries(ec2, place, &list(&answer, "PrefixLists"), bundle, taken)?,
            _ => {}
        }
        bundle.write_json(&place.inventory(&file), &Value::Object(answer))?;
    }
    Ok(described)
}

/// The answer; nothing where it is not allowed, or where AWS does not know the call.
fn ask(
    ec2: &Ec2,
    what: &Describe,
    parameters: &[(&str, &str)],
    taken: &mut Taken,
) -> Result<Option<Map<String, Value>>, AwsError> {
    match wait(ec2.describe(what, parameters)) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            let error = of_region(error);
            if is_final(&error) {
                return Err(error);
            }
            taken.miss(what.call, error);
            Ok(None)
        }
    }
}

/// Credentials that are good elsewhere are refused by a Region that the account has not enabled.
fn of_region(error: AwsError) -> AwsError {
    if error.trouble != Trouble::Credentials || !error.why.starts_with("AuthFailure") {
        return error;
    }
    let hint = "if the account has not enabled this Region, leave it out".to_owned();
    AwsError { trouble: Trouble::Denied, hint: Some(hint), ..error }
}

/// The addresses of each prefix list, a file each: the answer does not say whose they are, its name does.
fn entries(ec2: &Ec2, place: &Place, lists: &[Value], bundle: &Bundle, taken: &mut Taken) -> Result<(), Stop> {
    for list in lists {
        let Some(id) = text(list, "PrefixListId").filter(|id| is_id(id, "pl-")) else { continue };
        let file = format!("{}-{id}.json", PREFIX_LIST_ENTRIES.command);
        match ask(ec2, &PREFIX_LIST_ENTRIES, &[("PrefixListId", id)], taken)? {
            Some(answer) => {
                taken.add(PREFIX_LIST_ENTRIES.command, things(&answer));
                bundle.write_json(&place.inventory(&file), &Value::Object(answer))?;
            }
            None => keep_earlier(place, &file, bundle)?,
        }
    }
    Ok(())
}

/// All gateways, those included that were there once; these are written beside the others.
fn keep_gateways(
    place: &Place,
    answer: &Map<String, Value>,
    lately: &Lately,
    bundle: &Bundle,
    taken: &mut Taken,
) -> Result<Vec<Value>, BundleError> {
    let mut gateways = list(answer, "NatGateways");
    let mut earlier = Vec::new();
    for file in [DELETED, GATEWAYS] {
        earlier.extend(bundle.read(&place.inventory(file))?);
    }
    // A description outdoes a bare name.
    let named = lately.keys().map(|id| json!({"NatGatewayId": id}));
    let earlier: Vec<Value> = named.chain(earlier.iter().flat_map(|text| gateways_of(text))).collect();
    let gone = gone(&gateways, earlier);
    if !gone.is_empty() {
        taken.kept.extend(gone.iter().filter_map(|gateway| text(gateway, "NatGatewayId")).map(str::to_owned));
        bundle.write_json(&place.inventory(DELETED), &json!({ "NatGateways": gone }))?;
        gateways.extend(gone);
    }
    Ok(gateways)
}

/// The gateways of an earlier collection that are no longer described, each once, as they were described last.
fn gone(now: &[Value], earlier: Vec<Value>) -> Vec<Value> {
    let mut gone = BTreeMap::new();
    for mut gateway in earlier {
        let Some(id) = text(&gateway, "NatGatewayId").map(str::to_owned) else { continue };
        if now.iter().any(|gateway| text(gateway, "NatGatewayId") == Some(id.as_str())) {
            continue;
        }
        gateway["State"] = json!("deleted");
        gone.insert(id, gateway);
    }
    gone.into_values().collect()
}

fn gateways_of(text: &[u8]) -> Vec<Value> {
    let value: Value = serde_json::from_slice(text).unwrap_or_default();
    value.as_object().map(|object| list(object, "NatGateways")).unwrap_or_default()
}

/// What an earlier collection has of a command that is not allowed any more.
fn keep_earlier(place: &Place, begin: &str, bundle: &Bundle) -> Result<(), BundleError> {
    let more = match begin {
        "describe-nat-gateways" => DELETED,
        "describe-managed-prefix-lists" => PREFIX_LIST_ENTRIES.command,
        _ => begin,
    };
    let folder = place.inventory("");
    for name in bundle.names(&folder)?.into_iter().filter(|name| name.starts_with(begin) || name.starts_with(more)) {
        let file = place.inventory(&name);
        if let Some(bytes) = bundle.read(&file)? {
            bundle.write(&file, &bytes)?;
        }
    }
    Ok(())
}

fn list(object: &Map<String, Value>, key: &str) -> Vec<Value> {
    object.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Elements of the longest list, instances in place of their reservations.
fn things(answer: &Map<String, Value>) -> u64 {
    let of_reservation = |value: &Value| value.get("Instances").and_then(Value::as_array).map_or(1, Vec::len);
    let lists = answer.values().filter_map(Value::as_array);
    lists.map(|list| list.iter().map(of_reservation).sum::<usize>()).max().map_or(0, |count| count as u64)
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Whether the text is an id that is safe in a file's name.
pub(super) fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_that_are_gone_are_kept_as_they_were_last() {
        let gateway = |id: &str, state: &str, vpc: &str| json!({"NatGatewayId": id, "State": state, "VpcId": vpc});
        let now = [gateway("nat-1", "available", "vpc-1"), gateway("nat-2", "deleted", "vpc-1")];
        let earlier = vec![
            gateway("nat-3", "deleted", "vpc-3"),
            gateway("nat-4", "deleted", "vpc-old"),
            gateway("nat-4", "available", "vpc-4"),
            gateway("nat-2", "available", "vpc-1"),
            json!({"State": "available"}),
        ];
        let expect = [gateway("nat-3", "deleted", "vpc-3"), gateway("nat-4", "deleted", "vpc-4")];
        assert_eq!(gone(&now, earlier), expect);
        assert_eq!(gateways_of(b"not JSON"), Vec::<Value>::new());
    }

    #[test]
    fn things_are_counted_as_people_count_them() {
        let count = |value: Value| things(value.as_object().expect("an object"));
        assert_eq!(count(json!({"Reservations": [{"Instances": [1, 2]}, {"Instances": [3]}]})), 3);
        assert_eq!(count(json!({"ServiceDetails": [1, 2], "ServiceNames": ["a", "b"]})), 2);
        assert_eq!(count(json!({"Vpcs": []})), 0);
    }

    #[test]
    fn a_region_that_is_not_enabled_is_no_bad_credential() {
        let error = |code: &str| AwsError {
            trouble: Trouble::Credentials,
            action: String::new(),
            at: String::new(),
            why: format!("{code}: x"),
            hint: None,
        };
        assert_eq!(of_region(error("AuthFailure")).trouble, Trouble::Denied);
        assert_eq!(of_region(error("ExpiredToken")).trouble, Trouble::Credentials);
    }

    #[test]
    fn ids_are_safe_names() {
        assert!(is_id("pl-63a5400a", "pl-"));
        for bad in ["pl-", "pl-../x", "63a5400a", "pl-a/b", "pl-\u{e9}"] {
            assert!(!is_id(bad, "pl-"), "{bad}");
        }
    }
}
