//! The query logs against an obvious reading of what was written: every flow log record is matched to the names by brute
//! force, with a table of names of this file's own, and the sums have to be those of `truth.json`.

use super::*;
use crate::simulate::tests::{Record, bytes_of, files, options, records, run, text, truth};
use crate::simulate::{BillFormat, BillOptions, Fields, Vantage};
use serde_json::Deserializer;
use std::collections::{BTreeMap, BTreeSet};

/// The service behind each name that the simulator may ask for, by how it ends or begins.
const NAMES: &[(&str, &str)] = &[
    (".dkr.ecr.us-east-1.amazonaws.com", "ecr.dkr"),
    ("api.ecr.us-east-1.amazonaws.com", "ecr.api"),
    ("sqs.us-east-1.amazonaws.com", "sqs"),
    ("us-east-1.queue.amazonaws.com", "sqs"),
    ("logs.us-east-1.amazonaws.com", "logs"),
    ("monitoring.us-east-1.amazonaws.com", "monitoring"),
    ("monitoring.us-east-1.api.aws", "monitoring"),
    ("sts.us-east-1.amazonaws.com", "sts"),
    ("kms.us-east-1.amazonaws.com", "kms"),
    ("secretsmanager.us-east-1.amazonaws.com", "secretsmanager"),
    ("public.ecr.aws", "ecr-public"),
];

fn service(name: &str) -> String {
    let known = NAMES.iter().find(|(end, _)| name.ends_with(end)).map(|(_, service)| (*service).to_owned());
    let labels: Vec<&str> = name.rsplit('.').take(2).collect();
    known.unwrap_or_else(|| format!("domain:{}.{}", labels[1], labels[0]))
}

/// Every record of `dns/`, and how many are none.
fn queries(root: &Path) -> (Vec<Value>, u64) {
    let (mut all, mut bad) = (Vec::new(), 0);
    let mut take = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(query) if query["query_timestamp"].as_str().is_some_and(|at| at.starts_with("2026-")) => all.push(query),
        _ => bad += 1,
    };
    for (name, bytes) in files(&root.join("dns")) {
        if name.ends_with("aws-logs-write-test") {
            continue;
        }
        let text = text(&name, &bytes);
        if !text.contains("ogEvents") && !text.starts_with("{\n") {
            // Of a line of an export, the time comes first.
            let record = |line: &str| if line.starts_with('{') { 0 } else { "2026-10-01T00:00:00.000Z ".len() };
            for line in text.lines() {
                take(&line[record(line)..]);
            }
            continue;
        }
        for document in Deserializer::from_str(&text).into_iter::<Value>() {
            let document = document.unwrap();
            let events = document.get("logEvents").unwrap_or(&document["events"]).as_array().unwrap();
            for event in events {
                take(event["message"].as_str().unwrap());
            }
        }
    }
    (all, bad)
}

/// Names by who asked (an address, or a VPC), address and hour.
type Names = BTreeMap<(String, String, i64), BTreeSet<String>>;

fn names(queries: &[Value]) -> Names {
    let mut names = Names::new();
    for query in queries.iter().filter(|query| query["rcode"] == "NOERROR") {
        let at = crate::model::period::parse_instant(query["query_timestamp"].as_str().unwrap()).unwrap();
        let name = query["query_name"].as_str().unwrap().trim_end_matches('.').to_lowercase();
        for answer in query["answers"].as_array().unwrap().iter().filter(|answer| answer["Type"] != "CNAME") {
            let addr = answer["Rdata"].as_str().unwrap().trim_start_matches("64:ff9b::");
            for who in ["srcaddr", "vpc_id"] {
                let key = (query[who].as_str().unwrap().to_owned(), v4(addr), at.div_euclid(3_600));
                names.entry(key).or_default().insert(name.clone());
            }
        }
    }
    names
}

/// The IPv4 address behind the text of one, also where it is written in the way of IPv6.
fn v4(text: &str) -> String {
    Addr::parse(text.as_bytes())
        .or_else(|| Addr::parse(format!("64:ff9b::{text}").as_bytes()))
        .map_or_else(|| text.to_owned(), |addr| addr.without_nat64().to_string())
}

/// The names that count: of the latest hour that has any, the client's before the VPC's.
fn asked<'a>(names: &'a Names, who: [&str; 2], remote: &str, hour: i64) -> Option<&'a BTreeSet<String>> {
    who.into_iter()
        .find_map(|who| (0..=24).find_map(|back| names.get(&(who.to_owned(), remote.to_owned(), hour - back))))
}

fn described(root: &Path, file: &str, list: &str) -> Vec<Value> {
    let bytes = std::fs::read(root.join("inventory").join(file)).unwrap();
    serde_json::from_slice::<Value>(&bytes).unwrap()[list].as_array().unwrap().clone()
}

/// Clients by address: VPC and zone. Gateways by what a record may call them.
struct Places {
    clients: BTreeMap<String, [String; 2]>,
    gateways: BTreeMap<String, String>,
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn places(root: &Path) -> Places {
    let (mut clients, mut gateways) = (BTreeMap::new(), BTreeMap::new());
    for interface in described(root, "describe-network-interfaces.json", "NetworkInterfaces") {
        let place = [text_of(&interface["VpcId"]), text_of(&interface["AvailabilityZoneId"])];
        if interface["InterfaceType"] == "interface" {
            clients.insert(text_of(&interface["PrivateIpAddress"]), place.clone());
            for six in interface["Ipv6Addresses"].as_array().unwrap() {
                clients.insert(text_of(&six["Ipv6Address"]), place.clone());
            }
        }
    }
    for gateway in described(root, "describe-nat-gateways.json", "NatGateways") {
        let id = text_of(&gateway["NatGatewayId"]);
        gateways.insert(text_of(&gateway["NatGatewayAddresses"][0]["NetworkInterfaceId"]), id.clone());
        gateways.insert(id.clone(), id);
    }
    gateways.remove("-");
    Places { clients, gateways }
}

/// A record that counts: gateway, client, remote, whether it goes up, AWS's label of the remote.
fn counted<'a>(record: &'a Record, places: &'a Places) -> Option<(&'a str, &'a str, String, bool, &'a str)> {
    let field = |name: &str| record.get(name).map_or("-", String::as_str);
    let at = ["interface-id", "resource-id", "next-hop-interface-id"];
    let gateway = at.into_iter().find_map(|name| places.gateways.get(field(name)))?;
    let (src, dst) = (field("pkt-srcaddr"), field("pkt-dstaddr"));
    let up = places.clients.contains_key(src);
    let (client, remote, label) =
        if up { (src, dst, field("pkt-dst-aws-service")) } else { (dst, src, field("pkt-src-aws-service")) };
    let is_pair = places.clients.contains_key(client) && !places.clients.contains_key(remote);
    // Not what a regional gateway's own public address sends on.
    is_pair.then(|| (gateway.as_str(), client, v4(remote), up, label))
}

fn services(names: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    names.into_iter().flatten().map(|name| service(name)).collect()
}

fn verdict(names: Option<&BTreeSet<String>>, address: &str, shown: &str) -> (String, &'static str) {
    let services = services(names);
    // A host of AWS that nobody knows is what its address is.
    let one = services.first().filter(|one| services.len() == 1 && *one != "domain:amazonaws.com").cloned();
    let by_label = if shown == "-" { "ip-ranges" } else { "flow-log" };
    match (address, one) {
        ("S3", _) => ("s3".to_owned(), by_label),
        ("DYNAMODB", _) => ("dynamodb".to_owned(), by_label),
        (_, Some(one)) => (one, "dns"),
        ("CLOUDFRONT", None) => ("range:cloudfront".to_owned(), by_label),
        ("AMAZON", None) => ("range:amazon".to_owned(), "ip-ranges"),
        ("EC2", None) => ("range:ec2".to_owned(), "ip-ranges"),
        _ => (if address == "private" { "private" } else { "internet" }.to_owned(), "none"),
    }
}

type Sums = BTreeMap<[String; 5], [u64; 2]>;

/// By gateway, VPC, zone, service and evidence.
fn told(rows: &Value) -> Sums {
    let mut sums = Sums::new();
    for row in rows.as_array().unwrap() {
        let key = ["nat_gateway_id", "vpc_id", "az_id", "service", "evidence"].map(|field| text_of(&row[field]));
        let pair = sums.entry(key).or_default();
        pair[0] += row["upload_bytes"].as_u64().unwrap();
        pair[1] += row["download_bytes"].as_u64().unwrap();
    }
    sums
}

/// A bundle with text logs, matched by brute force; gives its truth.
fn check(options: &Options) -> Value {
    let options = &Options { logs_only: false, ..options.clone() };
    let (folder, _) = run(options);
    let (root, truth) = (folder.path(), truth(folder.path()));
    let (queries, bad) = queries(root);
    let known = |key: &str| truth["dns"][key].as_u64().unwrap();
    assert_eq!((queries.len() as u64 + bad, bad), (known("records"), known("malformed")));
    assert_eq!(bad, u64::from(options.dns.dns_malformed));
    let (names, places, records) = (names(&queries), places(root), records(root));
    // What each address is, by any record that says so: a NAT64 record does not.
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for record in &records {
        for (side, label) in [("pkt-srcaddr", "pkt-src-aws-service"), ("pkt-dstaddr", "pkt-dst-aws-service")] {
            if let Some(label) = record.get(label).filter(|label| *label != "-") {
                labels.insert(record[side].clone(), label.clone());
            }
        }
    }
    let lists: Vec<crate::model::addr::Cidr> = described(root, "describe-prefix-lists.json", "PrefixLists")
        .iter()
        .flat_map(|list| list["Cidrs"].as_array().unwrap().clone())
        .map(|cidr| crate::model::addr::Cidr::parse(cidr.as_str().unwrap()).unwrap())
        .collect();
    let (mut sums, mut ambiguous) = (Sums::new(), 0);
    for record in &records {
        let (Some(bytes), Some((gateway, client, remote, up, shown))) = (bytes_of(record), counted(record, &places))
        else {
            continue;
        };
        let [vpc, zone] = &places.clients[client];
        let hour = record["start"].parse::<i64>().unwrap().div_euclid(3_600);
        let asked = asked(&names, [client, vpc], &remote, hour);
        let is_private = remote.starts_with("10.");
        let label = if is_private { "private" } else { labels.get(&remote).map_or("-", String::as_str) };
        let (service, mut evidence) = verdict(asked, label, shown);
        let parsed = Addr::parse(remote.as_bytes()).unwrap();
        if matches!(label, "S3" | "DYNAMODB") && lists.iter().any(|list| list.contains(parsed)) {
            evidence = "prefix-list";
        } else if services(asked).len() > 1 && !matches!(label, "S3" | "DYNAMODB") {
            ambiguous += bytes;
        }
        let key = [gateway.to_owned(), vpc.clone(), zone.clone(), service, evidence.to_owned()];
        sums.entry(key).or_default()[usize::from(!up)] += bytes;
    }
    assert_eq!(sums, told(&truth["traffic_by_dns"]));
    assert_eq!(Some(ambiguous), truth["dns_ambiguous_bytes"].as_u64());
    truth
}

fn sum(rows: &Value, keep: impl Fn(&Value) -> bool) -> u64 {
    let bytes = |row: &Value| row["upload_bytes"].as_u64().unwrap() + row["download_bytes"].as_u64().unwrap();
    rows.as_array().unwrap().iter().filter(|row| keep(row)).map(bytes).sum()
}

fn with(dns: DnsOptions) -> Options {
    let bill = BillOptions { bill_format: BillFormat::None, ..BillOptions::new() };
    Options { dns, bill, records: 6_000, ..options() }
}

#[test]
fn every_client_that_asked_gets_what_it_asked_for() {
    let truth = check(&Options { records: 16_000, ..with(DnsOptions::new()) });
    let amazon = |rows: &Value| sum(rows, |row| row["service"] == "range:amazon");
    let (unknown, ambiguous) = (amazon(&truth["traffic_by_dns"]), truth["dns_ambiguous_bytes"].as_u64().unwrap());
    assert!(ambiguous > 0 && unknown <= ambiguous, "{unknown} {ambiguous}");
    assert!(amazon(&truth["traffic"]) > 20 * unknown);
    let named = &truth["dns_named"];
    let (all, wrong) = (named["bytes"].as_u64().unwrap(), named["wrong_bytes"].as_u64().unwrap());
    assert!(wrong > 0 && 100 * wrong < all, "{wrong} of {all}");
    assert_eq!(sum(&truth["traffic_by_dns"], |_| true), sum(&truth["traffic"], |_| true));
    assert_eq!(sum(&truth["names"], |_| true), sum(&truth["traffic"], |_| true));
    for service in ["ecr-public", "domain:cloudfront.net", "domain:pythonhosted.org"] {
        assert!(sum(&truth["traffic_by_dns"], |row| row["service"] == service) > 0, "{service}");
    }
    // Hosts of AWS that nobody knows are told, and called as their addresses are.
    let is_instance = |row: &Value| row["name"].as_str().is_some_and(|name| name.starts_with("ec2-"));
    let instances = sum(&truth["destinations"], is_instance);
    assert!(instances > 0 && instances <= sum(&truth["traffic_by_dns"], |row| row["service"] == "range:ec2"));
    assert_eq!(sum(&truth["destinations"], |_| true), sum(&truth["traffic"], |_| true));
    assert!(sum(&truth["destinations"], |row| row["name"] == "files.pythonhosted.org") > 0);
    let layers = |row: &Value| row["name"] == "prod-us-east-1-starport-layer-bucket";
    assert!(sum(&truth["buckets"], layers) > 0);
    assert!(sum(&truth["buckets"], |_| true) <= sum(&truth["traffic_by_dns"], |row| row["service"] == "s3"));
}

#[test]
fn the_match_holds_in_every_vantage() {
    for options in [
        Options { vantage: Vantage::Vpc, nat64: true, private_nat: true, ..with(DnsOptions::new()) },
        Options { vantage: Vantage::Hub, ..with(DnsOptions::new()) },
        Options { vantage: Vantage::Regional, fields: Fields::V11, ..with(DnsOptions::new()) },
        Options { vantage: Vantage::Instance, fields: Fields::V11, ..with(DnsOptions::new()) },
        Options { pods: true, ..with(DnsOptions::new()) },
    ] {
        check(&options);
    }
}

#[test]
fn the_match_holds_in_every_delivery() {
    for dns_format in [DnsFormat::S3, DnsFormat::CloudwatchJson, DnsFormat::Subscription, DnsFormat::Export] {
        for (dns_objects, dns_malformed) in [(None, 0), (Some(1), 20), (Some(150), 7)] {
            let dns = DnsOptions { dns_format, dns_objects, dns_malformed, dns_missing: 10, ..DnsOptions::new() };
            let truth = check(&Options { records: 1_500, ..with(dns) });
            if dns_objects == Some(1) {
                assert!(truth["dns"]["objects"].as_u64().unwrap() <= 5, "{dns_format:?}");
            }
        }
    }
}

#[test]
fn what_nobody_asked_for_is_not_guessed() {
    let truth = check(&with(DnsOptions { dns_missing: 100, ..DnsOptions::new() }));
    assert_eq!(sum(&truth["traffic_by_dns"], |row| row["evidence"] == "dns"), 0);
    assert_eq!(truth["dns_ambiguous_bytes"], 0);
    let some = check(&with(DnsOptions { dns_missing: 60, ..DnsOptions::new() }));
    let amazon = |rows: &Value| sum(rows, |row| row["service"] == "range:amazon");
    assert!(amazon(&some["traffic_by_dns"]) > some["dns_ambiguous_bytes"].as_u64().unwrap());
    assert!(sum(&some["traffic_by_dns"], |row| row["evidence"] == "dns") > 0);
}

#[test]
fn a_vpc_without_query_logs_stays_unknown() {
    let truth = check(&with(DnsOptions { dns_unlogged_vpc: true, ..DnsOptions::new() }));
    let rows = truth["traffic_by_dns"].as_array().unwrap();
    let vpcs: BTreeSet<&str> = rows.iter().map(|row| row["vpc_id"].as_str().unwrap()).collect();
    let dark = vpcs.iter().filter(|vpc| !rows.iter().any(|row| row["vpc_id"] == **vpc && row["evidence"] == "dns"));
    assert_eq!((vpcs.len(), dark.count()), (4, 1));
}

#[test]
fn an_address_changes_its_meaning_in_the_middle_of_the_month() {
    let (folder, _) = run(&Options { logs_only: false, ..with(DnsOptions::new()) });
    let mut seen: BTreeMap<String, BTreeMap<String, [i64; 2]>> = BTreeMap::new();
    for ((_, addr, hour), names) in names(&queries(folder.path()).0) {
        for name in names {
            let span = seen.entry(addr.clone()).or_default().entry(service(&name)).or_insert([hour, hour]);
            *span = [span[0].min(hour), span[1].max(hour)];
        }
    }
    let moved = |services: &&BTreeMap<String, [i64; 2]>| {
        let (sqs, logs) = (services.get("sqs"), services.get("logs"));
        sqs.zip(logs).is_some_and(|(sqs, logs)| sqs[1] <= logs[0])
    };
    assert_eq!(seen.values().filter(moved).count(), 1);
}

#[test]
fn pods_are_known_by_namespace_where_a_node_has_one() {
    let (folder, _) = run(&Options { pods: true, ..options() });
    let (truth, pods) = (truth(folder.path()), described(folder.path(), "kubectl-get-pods.json", "items"));
    let mut nodes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let is_upkeep = |pod: &Value| pod["spec"]["hostNetwork"] == true;
    for pod in pods.iter().filter(|pod| pod["status"]["hostIP"].is_string() && !is_upkeep(pod)) {
        nodes.entry(text_of(&pod["status"]["hostIP"])).or_default().insert(text_of(&pod["metadata"]["namespace"]));
    }
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for row in truth["clients"].as_array().unwrap() {
        if let Some(namespaces) = nodes.get(row["client"].as_str().unwrap()) {
            let only = if namespaces.len() == 1 { namespaces.first().unwrap() } else { "-" };
            let bytes = row["upload_bytes"].as_u64().unwrap() + row["download_bytes"].as_u64().unwrap();
            *sums.entry(only.to_owned()).or_default() += bytes;
        }
    }
    let told = truth["namespaces"].as_array().unwrap().iter();
    let told: BTreeMap<String, u64> =
        told.map(|row| (text_of(&row["namespace"]), sum(&json!([row]), |_| true))).collect();
    assert_eq!(sums, told);
    assert!(told.len() == 5 && told.values().all(|&bytes| bytes > 0), "{told:?}");
    assert!(!truth["clients"].as_array().unwrap().iter().any(|row| text_of(&row["client"]).starts_with("100.64.")));
}
