//! Owners over time, from hand-written descriptions, snapshots and what logs say.

use super::*;
use crate::model::period::{iso, parse_instant};
use crate::sources::inventory::{InventoryDraft, read_document};
use crate::sources::settings::parse;
use proptest::prelude::*;
use serde_json::{Value, json};

const VPCS: &str = r#"{"Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16", "OwnerId": "111111111111"},
    {"VpcId": "vpc-b", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-c", "CidrBlock": "10.9.0.0/16"}]}"#;

fn inventory(files: &[(&str, String)]) -> Inventory {
    let mut draft = InventoryDraft::default();
    for (name, text) in [("vpcs.json", VPCS.to_owned())].iter().chain(files) {
        read_document(name, text.as_bytes(), &mut draft).expect("valid");
    }
    draft.finish()
}

fn addr(text: &str) -> Addr {
    Addr::parse(text.as_bytes()).expect("valid")
}

fn hour(time: &str) -> u32 {
    u32::try_from(parse_instant(time).expect("a time") / HOUR_SECONDS).expect("an hour")
}

/// One fact of an address over time: `fact` from hour 0, then each change with its hour.
fn timeline(owners: &Owners<'_>, (vpc, address): (&str, &str), fact: impl Fn(&Owner) -> Option<String>) -> Vec<String> {
    let vpc = Some(vpc).filter(|vpc| !vpc.is_empty());
    let over_time = owners.over_time(Client { vpc, addr: Some(addr(address)), account: None });
    let mut shown: Vec<(u32, String)> = Vec::new();
    for (hour, owner) in over_time {
        let text = fact(&owner).unwrap_or_else(|| "-".to_owned());
        if shown.last().is_none_or(|(_, last)| *last != text) {
            shown.push((hour, text));
        }
    }
    let line = |(hour, text): (u32, String)| {
        let time = iso(i64::from(hour) * HOUR_SECONDS);
        if hour == 0 { text } else { format!("{} {text}", &time[5..13]) }
    };
    shown.into_iter().map(line).collect()
}

/// `NetworkInterfaces` of (id, address, description, instance, attached, team).
fn interfaces(rows: &[[&str; 6]]) -> String {
    let row = |[id, address, description, instance, attached, team]: &[&str; 6]| {
        let mut attachment = serde_json::Map::new();
        for (key, value) in [("InstanceId", instance), ("AttachTime", attached)] {
            if !value.is_empty() {
                attachment.insert(key.to_owned(), json!(value));
            }
        }
        let tags = if team.is_empty() { json!([]) } else { json!([{"Key": "team", "Value": team}]) };
        json!({"NetworkInterfaceId": id, "VpcId": "vpc-a", "PrivateIpAddress": address, "Description": description,
            "InterfaceType": "interface", "Attachment": attachment, "TagSet": tags})
    };
    json!({"NetworkInterfaces": rows.iter().map(row).collect::<Vec<_>>()}).to_string()
}

fn check_interfaces(situation: &str, rows: &[[&str; 6]], fact: fn(&Owner) -> Option<String>, expect: &[&str]) {
    let mut reversed = rows.to_vec();
    reversed.reverse();
    for rows in [rows, &reversed] {
        let inventory = inventory(&[("eni.json", interfaces(rows))]);
        let owners = Owners::new(&inventory, Vec::new(), &[], BTreeSet::new());
        assert_eq!(timeline(&owners, ("vpc-a", "10.0.1.5"), fact), expect, "{situation}");
    }
}

#[test]
fn an_address_that_was_used_twice_has_an_owner_at_a_time() {
    let name = |owner: &Owner| owner.name.clone();
    let team = |owner: &Owner| owner.team.clone();
    let row = |id, description, attached, team| [id, "10.0.1.5", description, "", attached, team];
    let old = row("eni-1", "ELB app/old/1", "2026-10-01T00:00:00Z", "pay");
    let new = row("eni-2", "ELB app/new/2", "2026-10-05T10:00:00Z", "pay");
    check_interfaces("alone, from its start", &[old], name, &["-", "10-01T00 old"]);
    check_interfaces("on the hour", &[old, new], name, &["-", "10-01T00 old", "10-05T10 new"]);
    let new = row("eni-2", "ELB app/new/2", "2026-10-05T10:30:00Z", "pay");
    let expect = ["-", "10-01T00 old", "10-05T10 (several)", "10-05T11 new"];
    check_interfaces("inside an hour", &[old, new], name, &expect);
    check_interfaces("a fact on which both agree", &[old, new], team, &["-", "10-01T00 pay"]);
    let undated = row("eni-2", "ELB app/new/2", "", "pay");
    check_interfaces("one without a time", &[old, undated], name, &["new", "10-01T00 (several)"]);
    check_interfaces("one without a time, one fact", &[old, undated], team, &["pay"]);
    check_interfaces("both without a time", &[undated, row("eni-3", "x", "", "")], name, &["(several)"]);
    check_interfaces("one has no tag", &[undated, row("eni-3", "x", "", "")], team, &["(several)"]);
}

#[test]
fn a_name_is_what_people_call_the_owner() {
    let rows = interfaces(&[
        ["eni-1", "10.0.1.1", "Primary network interface", "i-1", "", ""],
        ["eni-2", "10.0.1.2", "aws-K8S-i-2", "i-2", "", ""],
        ["eni-3", "10.0.1.3", "AWS Lambda VPC ENI-pay-30bb1fd5-e726-4d80-9ff2-52fd62cd548c", "", "", ""],
        ["eni-4", "10.0.1.4", "RDSNetworkInterface", "", "", ""],
        ["eni-5", "10.0.1.5", "somebody's own", "", "", ""],
    ]);
    let tags = r#"{"Tags": [{"ResourceId": "i-1", "Key": "Name", "Value": "web"},
        {"ResourceId": "i-1", "Key": "aws:autoscaling:groupName", "Value": "web-asg"}]}"#;
    let instances = r#"{"Reservations": [{"Instances": [{"InstanceId": "i-6", "VpcId": "vpc-a", "PrivateIpAddress": "10.0.1.6"}]}]}"#;
    let inventory = inventory(&[("e.json", rows), ("t.json", tags.to_owned()), ("i.json", instances.to_owned())]);
    let owners = Owners::new(&inventory, Vec::new(), &[], BTreeSet::new());
    let check = |address: &str, expect: [&str; 4]| {
        let found = owners.over_time(Client { vpc: Some("vpc-a"), addr: Some(addr(address)), account: None });
        let [(0, owner)] = &found[..] else { panic!("{address}: {found:?}") };
        let facts = [&owner.kind, &owner.name, &owner.instance, &owner.service_owner];
        assert_eq!(facts.map(|fact| fact.as_deref().unwrap_or("-")), expect, "{address}");
        assert_eq!(owner.account.as_deref(), Some("111111111111"), "{address}: the VPC's owner");
    };
    check("10.0.1.1", ["instance", "web", "i-1", "asg:web-asg"]);
    check("10.0.1.2", ["instance", "i-2", "i-2", "-"]);
    check("10.0.1.3", ["lambda", "pay", "-", "lambda:pay"]);
    check("10.0.1.4", ["rds", "RDSNetworkInterface", "-", "rds"]);
    check("10.0.1.5", ["interface", "somebody's own", "-", "-"]);
    check("10.0.1.6", ["instance", "i-6", "i-6", "-"]);
    check("10.0.1.7", ["-", "-", "-", "-"]);
}

/// A pod: uid, namespace, deployment, address (empty: the host's network), node's address, start on a day of October.
fn pod([uid, namespace, deployment, address, host, start]: [&str; 6]) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("{deployment}-x"), "namespace": namespace, "uid": uid,
            "ownerReferences": [{"kind": "ReplicaSet", "name": format!("{deployment}-7d9c8b6f5d"), "controller": true}]},
        "spec": {"hostNetwork": address.is_empty()},
        "status": {"phase": "Running", "hostIP": host, "startTime": format!("2026-10-{start}:00:00Z"),
            "podIP": if address.is_empty() { host } else { address }}})
}

/// A snapshot taken at a time.
fn taken(time: &str, pods: &[[&str; 6]]) -> (String, Vec<Value>) {
    (format!("pods-2026-10-{time}-00-00Z.json"), pods.iter().map(|row| pod(*row)).collect())
}

fn check_pods(
    situation: &str,
    snapshots: &[(String, Vec<Value>)],
    (vpc, address): (&str, &str),
    fact: fn(&Owner) -> Option<String>,
    expect: &[&str],
) {
    let list = |items: &Vec<Value>| json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let files: Vec<(&str, String)> = snapshots.iter().map(|(name, items)| (name.as_str(), list(items))).collect();
    let backwards: Vec<(&str, String)> = files.iter().rev().cloned().collect();
    for files in [files, backwards] {
        let inventory = inventory(&files);
        let owners = Owners::new(&inventory, Vec::new(), &[], BTreeSet::new());
        assert_eq!(timeline(&owners, (vpc, address), fact), expect, "{situation}");
    }
}

const HOME: (&str, &str) = ("vpc-c", "10.9.1.77");
const NODE: (&str, &str) = ("vpc-c", "10.9.1.5");

fn namespace(owner: &Owner) -> Option<String> {
    owner.namespace.clone()
}

fn workload(owner: &Owner) -> Option<String> {
    owner.service_owner.clone()
}

#[test]
fn a_pod_with_an_address_of_its_own_is_the_client() {
    let api = ["u-1", "pay", "api", "10.9.1.77", "10.9.1.5", "02T08"];
    let keep = ["u-0", "kube-system", "coredns", "10.9.1.9", "10.9.1.5", "01T00"];
    let other = ["u-2", "search", "web", "10.9.1.77", "10.9.1.6", "06T10"];
    let first = || taken("05T00", &[api, keep]);
    check_pods("from its start", &[first()], HOME, namespace, &["-", "10-02T08 pay"]);
    check_pods("its workload", &[first()], HOME, workload, &["-", "10-02T08 deployment:pay/api"]);
    let expect = ["-", "10-02T08 pay", "10-06T10 search"];
    let second = taken("08T00", &[other, ["u-3", "pay", "api", "10.9.1.80", "10.9.1.5", "05T09"], keep]);
    check_pods("the next pod's start ends it", &[first(), second.clone()], HOME, namespace, &expect);
    check_pods(
        "the pod came back elsewhere",
        &[first(), second],
        ("vpc-c", "10.9.1.80"),
        workload,
        &["-", "10-05T09 deployment:pay/api"],
    );
    let alone = taken("08T00", &[["u-3", "pay", "api", "10.9.1.80", "10.9.1.5", "05T09"], keep]);
    let expect = ["-", "10-02T08 pay", "10-08T01 -"];
    check_pods("missing from the next snapshot", &[first(), alone], HOME, namespace, &expect);
    let elsewhere = taken("08T00", &[["u-9", "pay", "api", "10.9.1.80", "10.9.1.5", "05T09"]]);
    check_pods("missing from another cluster's", &[first(), elsewhere], HOME, namespace, &["-", "10-02T08 pay"]);
    let one_namespace = taken("08T00", &[keep]);
    check_pods(
        "missing from a list of another namespace",
        &[first(), one_namespace],
        HOME,
        namespace,
        &["-", "10-02T08 pay"],
    );
}

#[test]
fn two_pods_that_were_seen_with_one_address_are_several() {
    let a = ["u-1", "pay", "api", "10.9.1.77", "10.9.1.5", "02T08"];
    let b = ["u-2", "search", "web", "10.9.1.77", "10.9.1.6", "03T10"];
    let same = ["u-3", "pay", "api", "10.9.1.77", "10.9.1.6", "03T10"];
    let clusters = |other| [taken("05T00", &[a]), taken("06T00", &[a]), taken("05T01", &[other])];
    let expect = ["-", "10-02T08 pay", "10-03T10 (several)"];
    check_pods("two clusters", &clusters(b), HOME, namespace, &expect);
    check_pods("two clusters of one namespace", &clusters(same), HOME, namespace, &["-", "10-02T08 pay"]);
    let moved = ["u-1", "pay", "api", "10.9.1.90", "10.9.1.5", "02T08"];
    let keep = ["u-0", "pay", "db", "10.9.1.9", "10.9.1.5", "01T00"];
    let snapshots = [taken("05T00", &[a, keep]), taken("07T00", &[moved, keep])];
    check_pods(
        "a new address between two sights: the old one",
        &snapshots,
        HOME,
        namespace,
        &["-", "10-02T08 pay", "10-07T01 -"],
    );
    check_pods(
        "a new address between two sights: the new one",
        &snapshots,
        ("vpc-c", "10.9.1.90"),
        namespace,
        &["-", "10-05T00 pay"],
    );
}

#[test]
fn behind_a_nodes_address_stand_all_its_pods() {
    let api = ["u-1", "pay", "api", "10.9.1.77", "10.9.1.5", "02T08"];
    let db = ["u-2", "pay", "db", "10.9.1.78", "10.9.1.5", "03T08"];
    let web = ["u-3", "search", "web", "10.9.1.79", "10.9.1.5", "04T08"];
    let proxy = ["u-4", "kube-system", "proxy", "", "10.9.1.5", "01T00"];
    let check = |situation, pods: &[[&str; 6]], fact, expect: &[&str]| {
        check_pods(situation, &[taken("05T00", pods)], NODE, fact, expect);
    };
    check("one namespace", &[api, db], namespace, &["-", "10-02T08 pay"]);
    check("its workloads", &[api, db], workload, &["-", "10-02T08 deployment:pay/api", "10-03T08 (several)"]);
    check("upkeep on the host's network", &[api, proxy], namespace, &["-", "10-01T00 kube-system", "10-02T08 pay"]);
    let ingress = ["u-5", "edge", "ingress", "", "10.9.1.5", "01T00"];
    let own = "somebody's own pod on the host's network";
    check(own, &[api, ingress, proxy], namespace, &["-", "10-01T00 edge", "10-02T08 (several)"]);
    check("two namespaces", &[api, web], namespace, &["-", "10-02T08 pay", "10-04T08 (several)"]);
    check_pods(
        "the pod on the host's network has no other",
        &[taken("05T00", &[proxy])],
        ("vpc-c", "10.9.1.6"),
        namespace,
        &["-"],
    );
    let gone = [
        taken("05T00", &[api, web]),
        taken("06T00", &[api, ["u-5", "search", "web", "10.9.1.99", "10.9.1.6", "05T12"]]),
    ];
    let expect = ["-", "10-02T08 pay", "10-04T08 (several)", "10-06T01 pay"];
    check_pods("it left between two sights", &gone, NODE, namespace, &expect);
}

#[test]
fn a_pod_is_of_the_vpc_of_its_node() {
    let api = ["u-1", "pay", "api", "10.0.1.77", "10.0.1.5", "02T08"];
    let snapshots = [taken("05T00", &[api])];
    let (a, unknown) = (("vpc-a", "10.0.1.77"), ("", "10.0.1.77"));
    check_pods("two VPCs hold it", &snapshots, a, namespace, &["-", "10-02T08 (several)"]);
    check_pods("the client's is not known", &snapshots, unknown, namespace, &["-"]);
    check_pods("another VPC", &snapshots, ("vpc-c", "10.0.1.77"), namespace, &["-"]);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [pod(api)]}).to_string();
    let node = interfaces(&[["eni-1", "10.0.1.5", "", "i-1", "", ""]]);
    let inventory = inventory(&[("pods.json", list), ("eni.json", node)]);
    let owners = Owners::new(&inventory, Vec::new(), &[], BTreeSet::new());
    assert_eq!(timeline(&owners, a, namespace), ["-", "10-02T08 pay"], "the node's interface tells");
    assert_eq!(timeline(&owners, ("vpc-b", "10.0.1.77"), namespace), ["-"], "and so it is not another's");
}

fn said(addrs: &[&str], service: &str, hours: (&str, &str)) -> LogFacts {
    LogFacts {
        vpc: Some("vpc-a".to_owned()),
        account: Some("222222222222".to_owned()),
        addrs: addrs.iter().map(|text| addr(text)).collect(),
        cluster: Some("shop".to_owned()),
        service: Some(service.to_owned()).filter(|service| !service.is_empty()),
        task_family: Some("family".to_owned()),
        tags: vec![(TagOf::Instance, "team".to_owned(), "by-log".to_owned())],
        first_hour: hour(hours.0),
        last_hour: hour(hours.1),
        ..LogFacts::default()
    }
}

#[test]
fn what_the_log_says_of_an_interface_holds_in_its_hours() {
    let inventory = inventory(&[(
        "eni.json",
        interfaces(&[["eni-1", "10.0.1.5", "arn:aws:ecs:us-east-1:1:attachment/x", "", "", ""]]),
    )]);
    let logs = vec![
        said(&["10.0.1.5"], "web", ("2026-10-02T05:00:00Z", "2026-10-03T05:00:00Z")),
        said(&["10.0.1.5"], "", ("2026-10-03T06:00:00Z", "2026-10-04T05:00:00Z")),
    ];
    let owners = Owners::new(&inventory, logs, &[], BTreeSet::new());
    let at = |fact: fn(&Owner) -> Option<String>| timeline(&owners, ("vpc-a", "10.0.1.5"), fact);
    assert_eq!(at(workload), ["ecs", "10-02T04 ecs:shop/web", "10-03T06 ecs:shop/family", "10-04T07 ecs"]);
    assert_eq!(at(|owner| owner.name.clone())[1], "10-02T04 shop/web");
    assert_eq!(at(|owner| owner.team.clone()), ["-", "10-02T04 by-log", "10-04T07 -"]);
    assert_eq!(at(|owner| owner.account.clone()), ["111111111111", "10-02T04 222222222222", "10-04T07 111111111111"]);
    assert_eq!(timeline(&owners, ("vpc-b", "10.0.1.5"), workload), ["-"], "another VPC's address");
}

#[test]
fn a_tag_is_looked_for_from_near_to_far() {
    let tags = |of: &[(&str, &str)]| {
        let tags = of.iter().map(|(id, value)| json!({"ResourceId": id, "Key": "team", "Value": value}));
        json!({"Tags": tags.collect::<Vec<_>>()}).to_string()
    };
    let all = [("eni-1", "eni"), ("i-1", "instance"), ("subnet-1", "subnet"), ("vpc-a", "vpc")];
    let subnet = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-a", "CidrBlock": "10.0.1.0/24"}]}"#.to_owned();
    for from in 0..all.len() {
        let enis = interfaces(&[["eni-1", "10.0.1.5", "", "i-1", "", ""]]);
        let inventory = inventory(&[("e.json", enis), ("s.json", subnet.clone()), ("t.json", tags(&all[from..]))]);
        let owners = Owners::new(&inventory, Vec::new(), &[], BTreeSet::from(["team".to_owned()]));
        let found = timeline(&owners, ("vpc-a", "10.0.1.5"), |owner| owner.tags.get("team").cloned());
        assert_eq!(found, [all[from].1]);
    }
}

#[test]
fn teams_follow_rules_before_tags() {
    let rows = interfaces(&[["eni-1", "10.0.1.5", "", "i-1", "", "pay"], ["eni-2", "10.0.1.6", "", "i-2", "", "odd"]]);
    let inventory = inventory(&[("e.json", rows)]);
    let rules = parse("natlens.toml", "[[teams]]\nname = \"payments\"\ntag = \"team=pay\"").expect("valid").teams;
    let owners = Owners::new(&inventory, Vec::new(), &rules, BTreeSet::new());
    let team = |address| timeline(&owners, ("vpc-a", address), |owner| owner.team.clone());
    assert_eq!(
        (team("10.0.1.5"), team("10.0.1.6"), team("10.0.1.7")),
        (vec!["payments".into()], vec!["odd".into()], vec!["-".into()])
    );
}

proptest! {
    /// What is told over time is what holds in each hour, whatever was attached when.
    #[test]
    fn over_time_is_hour_by_hour(attached in proptest::collection::vec(proptest::option::of(0..12_i64 * HOUR_SECONDS), 1..5)) {
        let base = parse_instant("2026-10-01").expect("a time");
        let texts: Vec<[String; 3]> = attached.iter().enumerate().map(|(at, second)| {
            [format!("eni-{at}"), format!("ELB app/{}/1", at % 3), second.map_or(String::new(), |second| iso(base + second))]
        }).collect();
        let rows: Vec<[&str; 6]> = texts.iter().map(|[id, what, when]| [id.as_str(), "10.0.1.5", what, "", when, ""]).collect();
        let inventory = inventory(&[("e.json", interfaces(&rows))]);
        let owners = Owners::new(&inventory, Vec::new(), &[], BTreeSet::new());
        let client = Client { vpc: Some("vpc-a"), addr: Some(addr("10.0.1.5")), account: None };
        let over_time = owners.over_time(client);
        prop_assert_eq!(over_time[0].0, 0);
        for hour in (0..14).map(|hour| hour + u32::try_from(base / HOUR_SECONDS).expect("an hour")) {
            let told = &over_time[over_time.partition_point(|(from, _)| *from <= hour) - 1].1;
            prop_assert_eq!(told, &owners.owner(client, &owners.claims(client), hour));
            // Independently: the undated may hold always; of the dated the last that came, and all that came in the hour.
            let start = i64::from(hour) * HOUR_SECONDS - base;
            let dated = || attached.iter().enumerate().filter_map(|(at, second)| Some((at, (*second)?)));
            let last_before = dated().map(|(_, second)| second).filter(|second| *second <= start).max();
            let names: BTreeSet<String> = attached.iter().enumerate().filter(|(_, second)| match second {
                None => true,
                Some(second) => Some(*second) == last_before || (*second > start && *second < start + HOUR_SECONDS),
            }).map(|(at, _)| format!("{}", at % 3)).collect();
            let expect = match names.len() { 0 => None, 1 => names.first().cloned(), _ => Some(SEVERAL.to_owned()) };
            prop_assert_eq!(&told.name, &expect, "hour {} of {:?}", start / HOUR_SECONDS, attached);
        }
    }
}
