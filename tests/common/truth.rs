//! A report against the simulator's `truth.json`.

use super::bundle::Bundle;
use super::{groups, number, rows, sums, text};
use serde_json::Value;

fn truth(bundle: &Bundle) -> Value {
    let text = std::fs::read_to_string(bundle.path().join("truth.json")).expect("a truth");
    serde_json::from_str(&text).expect("JSON")
}

/// Checks every sum that the truth has.
pub fn check_truth(name: &str, bundle: &Bundle, report: &Value) {
    let truth = truth(bundle);
    let knows_pairs = truth["vantage"] != "v2";
    let gateways = |value| sums(rows(value, "nat_gateways"), &["nat_gateway_id"]);
    assert_eq!(gateways(report), gateways(&truth), "{name}: bytes per gateway");
    let fields: &[&str] = if knows_pairs {
        &["nat_gateway_id", "vpc_id", "az_id", "service", "service_region"]
    } else {
        &["nat_gateway_id", "service", "service_region"]
    };
    assert_eq!(sums(rows(report, "traffic"), fields), sums(rows(&truth, "traffic"), fields), "{name}: services");
    let mut clients = sums(rows(&truth, "clients"), &["nat_gateway_id", "client"]);
    let mut found = groups(bundle, "nat,client");
    for row in rows(&truth, "clients").iter().filter(|row| row["client_v6"].is_string()) {
        // The truth has a row per client, a report one per address.
        let key = |field: &str| vec![text(&row["nat_gateway_id"]), text(&row[field])];
        let six = found.remove(&key("client_v6")).unwrap_or_default();
        let four = found.entry(key("client")).or_default();
        four[0] += six[0];
        four[1] += six[1];
    }
    clients.retain(|_, pair| *pair != [0, 0]);
    assert_eq!(found, clients, "{name}: clients");
    let days = sums(rows(&truth, "days"), &["nat_gateway_id", "day"]);
    assert_eq!(groups(bundle, "nat,day"), days, "{name}: days");
    if truth["vantage"] != "instance" {
        for gateway in rows(&truth, "nat_gateways").iter().filter(|gateway| gateway["logged"] == true) {
            let id = &gateway["nat_gateway_id"];
            let found = rows(report, "nat_gateways").iter().find(|row| row["nat_gateway_id"] == *id).expect("a row");
            for field in ["mirror_bytes", "unsolicited_bytes"] {
                assert_eq!(number(&found[field]), number(&gateway[field]), "{name}: {field} of {id}");
            }
        }
    }
    if knows_pairs {
        let decided = |value: &Value| {
            let gateway = rows(value, "decisions").iter().filter(|row| row["endpoint_type"] == "gateway");
            let mut rows: Vec<String> = gateway
                .map(|row| format!("{} {} {} {}", row["action"], row["service"], row["vpc_id"], row["bytes"]))
                .collect();
            rows.sort();
            rows
        };
        assert_eq!(decided(report), decided(&truth), "{name}: decisions");
    }
    check_truth_kinds(name, report, &truth);
}

fn check_truth_kinds(name: &str, report: &Value, truth: &Value) {
    for part in ["records", "record_bytes"] {
        let (found, sent) = (&report[part], &truth[part]);
        let of = |value: &Value, kinds: &[&str]| kinds.iter().map(|kind| number(&value[*kind])).sum::<u64>();
        for kind in ["rejected", "nodata", "skipdata", "malformed", "out_of_window", "duplicate"] {
            assert_eq!(number(&found[kind]), number(&sent[kind]), "{name}: {part}.{kind}");
        }
        // A transit gateway's records are seen elsewhere again and are no client's: the truth leaves open which they are.
        let (seen, sent) = (["counted", "mirror", "not_nat"], ["counted", "mirror", "not_nat", "transit"]);
        assert_eq!(of(found, &seen), of(&truth[part], &sent), "{name}: {part} that passed");
    }
}
