//! Names from Resolver query logs: reports on simulated accounts against their truth, in every vantage and delivery, with
//! names that are missing and addresses that several services share.

mod common;

use common::{arg, natlens};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// An account with query logs and its report.
struct Account {
    name: String,
    folder: tempfile::TempDir,
    truth: Value,
    report: Value,
}

fn report(bundle: &Path, more: &[&str]) -> Value {
    let mut args = vec!["report", arg(bundle), "--month", "2026-10", "--format", "json", "--top", "1000000"];
    args.extend_from_slice(more);
    let run = natlens(bundle, &args);
    assert_eq!(run.code, 0, "{more:?}: {}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON on stdout")
}

fn account(options: &str) -> Account {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("bundle");
    let mut args = vec!["simulate", "--bill-format", "none", "--to", arg(&to)];
    args.extend(options.split_whitespace());
    let run = natlens(folder.path(), &args);
    assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
    let truth = std::fs::read_to_string(to.join("truth.json")).expect("a truth");
    let truth = serde_json::from_str(&truth).expect("JSON");
    let report = report(&to, &[]);
    Account { name: options.to_owned(), folder, truth, report }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number of bytes"))
}

/// Upload and download by the texts in these fields.
fn sums(rows: &Value, fields: &[&str]) -> BTreeMap<Vec<String>, [u64; 2]> {
    let mut sums: BTreeMap<Vec<String>, [u64; 2]> = BTreeMap::new();
    for row in rows.as_array().expect("an array") {
        // A range that AWS announces everywhere has no Region; a report may call it as ip-ranges.json does.
        let said = |field: &&str| row[*field].as_str().filter(|text| *text != "GLOBAL").unwrap_or("-").to_owned();
        let pair = sums.entry(fields.iter().map(said).collect()).or_default();
        *pair = [pair[0] + number(&row["upload_bytes"]), pair[1] + number(&row["download_bytes"])];
    }
    sums.retain(|_, pair| *pair != [0, 0]);
    sums
}

fn bytes(rows: &Value, keep: impl Fn(&Value) -> bool) -> u64 {
    let kept = rows.as_array().expect("an array").iter().filter(|row| keep(row));
    kept.map(|row| number(&row["upload_bytes"]) + number(&row["download_bytes"])).sum()
}

const TRAFFIC: &[&str] = &["nat_gateway_id", "vpc_id", "az_id", "service", "service_region", "evidence"];
/// Where no record holds both ends, the place of a client is known only where all of a gateway share it.
const MARGINAL: &[&str] = &["nat_gateway_id", "service", "service_region", "evidence"];

fn check(options: &str) -> Account {
    let account = account(&format!("{options} --records 5000 --objects 5 --clients 40"));
    let fields = if options.contains("--vantage v2") { MARGINAL } else { TRAFFIC };
    let (report, truth) = (&account.report, &account.truth);
    assert_eq!(sums(&report["traffic"], fields), sums(&truth["traffic_by_dns"], fields), "{options}: traffic");
    let places = ["name", "region"];
    assert_eq!(sums(&report["buckets"], &places), sums(&truth["buckets"], &places), "{options}: buckets");
    // An address behind NAT64 has two texts.
    if !options.contains("--nat64") {
        let told = sums(&truth["destinations"], &places);
        assert_eq!(sums(&report["destinations"], &places), told, "{options}: destinations");
    }
    account
}

#[test]
fn bytes_have_the_names_that_were_asked_for_in_every_vantage() {
    for options in [
        "--seed 1 --vantage nat",
        "--seed 2 --vantage nat --fields shuffled --region eu-west-1",
        "--seed 3 --vantage nat --nat64 --private-nat --region us-west-2",
        "--seed 4 --vantage regional --fields v11",
        "--seed 5 --vantage v2",
        "--seed 6 --vantage two-logs",
        "--seed 7 --vantage instance --fields v11",
        "--seed 8 --vantage vpc --log-file-format parquet",
        "--seed 9 --vantage hub --region eu-west-1",
        "--seed 10 --vantage nat --rules",
        "--seed 11 --vantage nat --pods",
    ] {
        check(options);
    }
}

#[test]
fn every_delivery_tells_the_same() {
    let mut reports = Vec::new();
    for delivery in ["s3", "cloudwatch-json", "subscription", "export"] {
        for objects in ["--dns-objects 1", "--dns-objects 70 --dns-malformed 25", ""] {
            let account = check(&format!("--seed 21 --dns-missing 10 --dns-format {delivery} {objects}"));
            reports.push(account.report["traffic"].clone());
        }
    }
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn lines_that_are_no_records_are_counted_and_take_nothing_away() {
    for delivery in ["s3", "cloudwatch-json", "subscription", "export"] {
        let account = check(&format!("--seed 22 --dns-format {delivery} --dns-malformed 7"));
        let told = account.report["warnings"].as_array().expect("an array").iter();
        let counted = told.filter(|warning| warning["code"].as_str().is_some_and(|code| code.contains("malformed")));
        let counts: Vec<u64> = counted.map(|warning| number(&warning["count"])).collect();
        assert!(counts.contains(&7), "{delivery}: {counts:?}");
    }
}

#[test]
fn what_nobody_asked_for_is_not_guessed() {
    let is_named = |row: &Value| row["evidence"] == "dns";
    for missing in [30, 70] {
        let account = check(&format!("--seed 31 --dns-missing {missing}"));
        assert!(bytes(&account.report["traffic"], is_named) > 0, "{missing}");
    }
    let none = check("--seed 31 --dns-missing 100");
    assert_eq!(bytes(&none.report["traffic"], is_named), 0);
    assert_eq!(sums(&none.report["traffic"], MARGINAL), sums(&none.truth["traffic_by_dns"], MARGINAL));
}

/// What would name the rest: query logs where there are none, something else where there are.
#[test]
fn an_unlogged_vpc_is_told_from_one_whose_clients_did_not_ask() {
    let account = check("--seed 32 --dns-unlogged-vpc --dns-missing 30");
    let vpcs = sums(&account.report["traffic"], &["vpc_id", "evidence"]);
    let named: BTreeSet<&str> = vpcs.keys().filter(|key| key[1] == "dns").map(|key| key[0].as_str()).collect();
    let mut told = 0;
    for warning in account.report["warnings"].as_array().expect("an array") {
        let logged = match warning["code"].as_str() {
            Some("unnamed-traffic") => false,
            Some("unnamed-despite-dns") => true,
            _ => continue,
        };
        let message = warning["message"].as_str().expect("a text");
        for (vpc, _) in message.split("; ").filter_map(|part| part.split_once(": ")) {
            assert_eq!(named.contains(vpc), logged, "{vpc}: {warning}");
        }
        told += 1 + 10 * u32::from(logged);
    }
    assert_eq!(told, 12, "one warning of each kind");
}

/// Bytes that leave with a node's address belong to the namespace of its pods, where they have one.
#[test]
fn pods_behind_nodes_have_their_namespaces_bytes() {
    for options in ["--seed 11 --vantage nat", "--seed 12 --vantage vpc --region eu-west-1", "--seed 13 --vantage hub"]
    {
        let account = account(&format!("{options} --pods --records 5000 --objects 5 --clients 40"));
        let told = report(&account.folder.path().join("bundle"), &["--group-by", "vpc,namespace"]);
        let mut groups: BTreeMap<Vec<String>, [u64; 2]> = BTreeMap::new();
        let vpc = account.truth["namespaces"][0]["vpc_id"].as_str().expect("a VPC");
        for group in told["groups"].as_array().expect("groups").iter().filter(|group| group["by"]["vpc"] == vpc) {
            let namespace = group["by"]["namespace"].as_str().filter(|name| *name != "(several)").unwrap_or("-");
            let pair = groups.entry(vec![vpc.to_owned(), namespace.to_owned()]).or_default();
            *pair = [pair[0] + number(&group["upload_bytes"]), pair[1] + number(&group["download_bytes"])];
        }
        let truth = sums(&account.truth["namespaces"], &["vpc_id", "namespace"]);
        assert!(truth.len() > 3, "{options}: {truth:?}");
        assert_eq!(groups, truth, "{options}");
    }
}

/// Takes the blocks of this list that `drop` chooses out of every file of an inventory.
fn cut_list(bundle: &Path, list: &str, drop: impl Fn(&str) -> bool) {
    for name in ["describe-prefix-lists".to_owned(), format!("get-managed-prefix-list-entries.{list}")] {
        let file = bundle.join(format!("inventory/{name}.json"));
        let text = std::fs::read_to_string(&file).expect("a file of the inventory");
        let mut document: Value = serde_json::from_str(&text).expect("JSON");
        if let Some(lists) = document["PrefixLists"].as_array_mut() {
            let found = lists.iter_mut().find(|found| found["PrefixListId"] == list).expect("the list");
            let blocks = found["Cidrs"].as_array_mut().expect("blocks");
            blocks.retain(|block| !drop(block.as_str().expect("a text")));
        } else {
            let entries = document["Entries"].as_array_mut().expect("entries");
            entries.retain(|entry| !drop(entry["Cidr"].as_str().expect("a text")));
        }
        std::fs::write(&file, document.to_string()).expect("a file");
    }
}

/// Bytes that this warning tells of.
fn warned(report: &Value, code: &str) -> u64 {
    let of_code = report["warnings"].as_array().expect("an array").iter().filter(|warning| warning["code"] == code);
    let messages = of_code.flat_map(|warning| warning["message"].as_str().expect("a text").split("; "));
    let bytes = messages.map(|part| part.split_once(" of ").and_then(|(_, rest)| rest.split_once(" bytes (")));
    bytes.map(|text| text.and_then(|(text, _)| text.parse::<u64>().ok()).expect("bytes")).sum()
}

fn decided(report: &Value, service: &str) -> u64 {
    let of_service = report["decisions"].as_array().expect("an array").iter().filter(|row| row["service"] == service);
    of_service.map(|row| number(&row["bytes"])).sum()
}

#[test]
fn a_gateway_endpoint_is_claimed_for_its_prefix_list_and_no_other_address() {
    const S3: &str = "pl-63a5400a";
    let here = |row: &Value| row["service"] == "s3" && row["service_region"] == "us-east-1";
    let account = account("--seed 61 --vantage nat --records 3000 --objects 3 --clients 20");
    let bundle = account.folder.path().join("bundle");
    let (whole, dynamodb) = (bytes(&account.report["traffic"], here), decided(&account.report, "dynamodb"));
    assert_eq!((decided(&account.report, "s3"), warned(&account.report, "outside-prefix-list")), (whole, 0));
    cut_list(&bundle, S3, |block| block == "52.216.0.0/15");
    let cut = report(&bundle, &[]);
    let in_list = bytes(&cut["traffic"], |row| here(row) && row["evidence"] == "prefix-list");
    assert!(in_list > 0 && in_list < whole);
    assert_eq!(bytes(&cut["traffic"], here), whole, "S3 all the same");
    assert_eq!(bytes(&cut["traffic"], |row| here(row) && row["endpoint"] == "gateway"), in_list);
    assert_eq!(decided(&cut, "s3"), in_list);
    assert_eq!(warned(&cut, "outside-prefix-list"), whole - in_list);
    assert_eq!((decided(&cut, "dynamodb"), warned(&cut, "unknown-region")), (dynamodb, 0), "another service's list");
    // A list without blocks says nothing.
    cut_list(&bundle, S3, |_| true);
    let empty = report(&bundle, &[]);
    assert_eq!((decided(&empty, "s3"), warned(&empty, "outside-prefix-list")), (whole, 0));
    // Without published ranges nothing tells the Region of what only the flow log calls S3.
    let none = bundle.join("none.json");
    let prefix =
        r#"{"ip_prefix": "192.0.2.0/24", "region": "eu-west-1", "service": "AMAZON", "network_border_group": "-"}"#;
    let ranges = format!(r#"{{"syncToken": "1", "createDate": "2026-08-22-00-00-00", "prefixes": [{prefix}]}}"#);
    std::fs::write(&none, ranges).expect("a file");
    std::fs::remove_dir_all(bundle.join("dns")).expect("query logs");
    let blind = report(&bundle, &["--ip-ranges", arg(&none)]);
    let nowhere = |row: &Value| row["service"] == "s3" && row["service_region"].is_null();
    assert_eq!((decided(&blind, "s3"), warned(&blind, "unknown-region")), (0, bytes(&blind["traffic"], nowhere)));
    assert!(warned(&blind, "unknown-region") > 0);
    // Wherever the address is, a list that does not hold it rules the endpoint out.
    let file = bundle.join(format!("inventory/get-managed-prefix-list-entries.{S3}.json"));
    std::fs::write(&file, r#"{"Entries": [{"Cidr": "192.0.2.0/24"}]}"#).expect("a file");
    let ruled_out = report(&bundle, &["--ip-ranges", arg(&none)]);
    let outside = warned(&ruled_out, "outside-prefix-list");
    assert_eq!((outside, warned(&ruled_out, "unknown-region")), (bytes(&blind["traffic"], nowhere), 0));
    // Of a list that goes on at another page it is not known what it holds.
    std::fs::write(&file, r#"{"Entries": [{"Cidr": "192.0.2.0/24"}], "NextToken": "x"}"#).expect("a file");
    let run = natlens(&bundle, &["report", arg(&bundle), "--month", "2026-10", "--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let paged = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((decided(&paged, "s3"), warned(&paged, "outside-prefix-list")), (whole, 0));
}

/// Few clients that talk much: hours in which a client asked for two services of one address.
#[test]
fn names_that_disagree_are_ambiguous_and_hardly_any_name_is_wrong() {
    let account = account("--seed 41 --records 40000 --objects 5 --clients 12");
    let (report, truth) = (&account.report, &account.truth);
    assert_eq!(sums(&report["traffic"], TRAFFIC), sums(&truth["traffic_by_dns"], TRAFFIC), "{}", account.name);
    assert!(number(&truth["dns_ambiguous_bytes"]) > 0);
    let named = &truth["dns_named"];
    assert!(100 * number(&named["wrong_bytes"]) < number(&named["bytes"]), "{named}");
    // What an address is by its range, the name that was asked for refines: no byte is lost or comes from elsewhere.
    let all = |_: &Value| true;
    assert_eq!(bytes(&report["traffic"], all), bytes(&truth["traffic"], all));
}

/// Without its query logs the same account has the same bytes, named by what is left; with them bytes move only from ranges
/// and the internet to names.
#[test]
fn query_logs_only_move_bytes_from_ranges_to_names() {
    let account = check("--seed 51 --dns-missing 20");
    let bundle = account.folder.path().join("bundle");
    let with = &account.report;
    std::fs::rename(bundle.join("dns"), account.folder.path().join("dns")).expect("a folder can be moved");
    let without = report(&bundle, &[]);
    let place: &[&str] = &["nat_gateway_id", "vpc_id", "az_id"];
    assert_eq!(sums(&with["traffic"], place), sums(&without["traffic"], place));
    let (after, before) = (sums(&with["traffic"], &["service"]), sums(&without["traffic"], &["service"]));
    for (service, pair) in &before {
        let is_range = service[0].starts_with("range:") || service[0] == "internet";
        let now = after.get(service).copied().unwrap_or_default();
        assert!(is_range || now == *pair, "{service:?}: {pair:?} became {now:?}");
        assert!(!is_range || now[0] <= pair[0] && now[1] <= pair[1], "{service:?}: {pair:?} became {now:?}");
    }
    let is_named = |row: &Value| row["evidence"] == "dns";
    assert_eq!(bytes(&without["traffic"], is_named), 0);
}
