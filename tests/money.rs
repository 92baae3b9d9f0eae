//! Worked examples, computed by hand, through the real binary. Unless said otherwise: 730 hours, us-east-1, a TB of 1,024 GB.
//!
//! Sources: the first two are published bills (ministryofjustice/analytical-platform#6750, January 2025, eu-west-2, and
//! wellcomecollection/platform#2623, 2018, eu-west-1); the others follow from AWS's price pages as of the price book's date.

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::{arg, natlens};
use folder::put;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const ACCOUNT: &str = "123456789012";
const OCTOBER: i64 = 1_790_812_800;
const GB: u64 = 1 << 30;

fn report(folder: &Path, more: &[&str]) -> Value {
    let mut args = vec!["report", arg(folder), "--format", "json"];
    args.extend_from_slice(more);
    let run = natlens(folder, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON on stdout")
}

const COLUMNS: &str = "line_item_usage_account_id,line_item_line_item_type,line_item_product_code,line_item_operation,\
line_item_usage_type,line_item_resource_id,pricing_unit,line_item_usage_amount,line_item_unblended_cost,\
line_item_net_unblended_cost,line_item_usage_start_date,line_item_usage_end_date,bill_billing_period_start_date,\
product_region_code,line_item_currency_code";

/// A line of a CUR 2.0 export: usage type, operation, resource, unit, amount, cost, net cost.
fn line(class: &str, region: &str, [usage, operation, resource, unit, amount, cost, net]: [&str; 7]) -> String {
    format!(
        "{ACCOUNT},{class},AmazonEC2,{operation},{usage},{resource},{unit},{amount},{cost},{net},\
         2026-10-03T00:00:00.000Z,2026-10-04T00:00:00.000Z,2026-10-01T00:00:00.000Z,{region},USD\n"
    )
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:ec2:{region}:{ACCOUNT}:natgateway/{id}")
}

fn usage(region: &str, kind: &str, unit: &str, amount: &str, cost: &str) -> String {
    let (usage, arn) = (format!("X1-NatGateway-{kind}").replace("X1-", ""), arn(region, "nat-0a1"));
    line("Usage", region, [&usage, "NatGateway", &arn, unit, amount, cost, ""])
}

fn bill(lines: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    put(folder.path(), "billing/bill.csv", &format!("{COLUMNS}\n{}", lines.concat()));
    folder
}

fn check_bill(name: &str, lines: &[String], more: &[&str], expect: &[(&str, &str)]) {
    let report = report(bill(lines).path(), more);
    for (field, value) in expect {
        assert_eq!(report["summary"][field], *value, "{name}: {field}");
    }
    assert_eq!(report["summary"]["unobserved_usd"], report["summary"]["data_usd"], "{name}: no log explains it");
}

#[test]
fn published_bills_of_london_and_ireland() {
    // 14,924.987 x 0.05 and 20,504.592 x 0.048 + 5,086 x 0.048: $746.25, $984.22 and $244.13.
    let london = [usage("eu-west-2", "Bytes", "GB", "14924.987", "746.24935")];
    check_bill("London", &london, &[], &[("data_usd", "746.24935"), ("hours_usd", "0")]);
    let ireland = [usage("eu-west-1", "Bytes", "GB", "20504.592", ""), usage("eu-west-1", "Hours", "Hrs", "5086", "")];
    let at_list = &["--cost-basis", "list"];
    check_bill("Ireland, list", &ireland, at_list, &[("data_usd", "984.220416"), ("hours_usd", "244.128")]);
}

#[test]
fn five_terabytes_in_and_five_out_and_the_gateways_hours() {
    // Both directions are billed: 10 x 1,024 x 0.045 = 460.80; 730 x 0.045 = 32.85.
    let lines =
        [usage("us-east-1", "Bytes", "GB", "10240", "460.8"), usage("us-east-1", "Hours", "Hrs", "730", "32.85")];
    check_bill("ten terabytes", &lines, &[], &[("data_usd", "460.8"), ("hours_usd", "32.85")]);
    let at_list = &["--cost-basis", "list"];
    check_bill("ten terabytes at list", &lines, at_list, &[("data_usd", "460.8"), ("hours_usd", "32.85")]);
}

#[test]
fn credits_stand_apart_and_discounts_on_the_gateway_count() {
    let arn = arn("us-east-1", "nat-0a1");
    let of = |class, resource, amount, cost, net| {
        line(class, "us-east-1", ["NatGateway-Bytes", "NatGateway", resource, "GB", amount, cost, net])
    };
    let lines = [
        of("Usage", arn.as_str(), "1000", "45", "45"),
        of("Credit", "", "0", "-45", "-45"),
        of("Credit", arn.as_str(), "0", "-10", "-10"),
        of("Tax", arn.as_str(), "0", "9", "9"),
        of("EdpDiscount", arn.as_str(), "0", "-4.5", "-4.5"),
    ];
    check_bill("net", &lines, &[], &[("data_usd", "40.5")]);
    check_bill("unblended", &lines, &["--cost-basis", "unblended"], &[("data_usd", "45")]);
}

#[test]
fn lines_without_net_cost_among_others_are_unblended_and_said_to_be() {
    let arn = arn("us-east-1", "nat-0a1");
    let of = |kind: &str, net| {
        let usage = format!("NatGateway-{kind}");
        line("Usage", "us-east-1", [&usage, "NatGateway", &arn, "GB", "1", "0.045", net])
    };
    let credit = line("Credit", "us-east-1", ["NatGateway-Bytes", "NatGateway", &arn, "GB", "0", "-1", ""]);
    let said = |lines: &[String], more: &[&str]| {
        let report = report(bill(lines).path(), more);
        let warning = report["warnings"].as_array().expect("an array").iter().find(|w| w["code"] == "unblended-lines");
        let said = warning.map(|warning| (warning["message"].clone(), warning["count"].clone()));
        (report["cost_basis"].clone(), report["summary"]["data_usd"].clone(), said)
    };
    let mixed = [of("Bytes", "0.04"), of("Bytes", ""), of("Hours", ""), credit];
    let two = Some((json!(format!("{ACCOUNT} in 2026-10: 2 lines of 0.09")), json!(2)));
    assert_eq!(said(&mixed, &[]), (json!("net"), json!("0.085"), two));
    assert_eq!(said(&mixed, &["--cost-basis", "unblended"]), (json!("unblended"), json!("0.09"), None));
    assert_eq!(said(&mixed[1..], &[]), (json!("unblended"), json!("0.045"), None), "without any");
    assert_eq!(said(&[of("Bytes", "0.04"), of("Bytes", "0")], &[]), (json!("net"), json!("0.04"), None));
}

/// A VPC with a gateway and a client in each of its zones, and 203.0.113.0/24 named by rules: .1 is sqs, .2 is logs.
fn account(folder: &Path, zones: usize) {
    let subnets: Vec<Value> = (1..=zones)
        .map(|zone| {
            json!({"SubnetId": format!("subnet-{zone}"), "VpcId": "vpc-0a", "CidrBlock": format!("10.0.{zone}.0/24"),
                "AvailabilityZoneId": format!("use1-az{zone}"), "OwnerId": ACCOUNT})
        })
        .collect();
    let gateway = |zone: usize| {
        json!({"NatGatewayId": format!("nat-{zone}"), "VpcId": "vpc-0a", "SubnetId": format!("subnet-{zone}"),
            "State": "available", "NatGatewayAddresses": [{"PrivateIp": format!("10.0.{zone}.9"),
            "NetworkInterfaceId": format!("eni-{zone}"), "IsPrimary": true}]})
    };
    let all = json!({
        "NatGateways": (1..=zones).map(gateway).collect::<Vec<_>>(),
        "Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": ACCOUNT}],
        "Subnets": subnets,
    });
    put(folder, "inventory/all.json", &all.to_string());
    let rule =
        |host, name| format!("[[rules]]\ncidr = \"203.0.113.{host}/32\"\nname = \"{name}\"\nregion = \"us-east-1\"\n");
    put(folder, "natlens.toml", &(rule(1, "sqs") + &rule(2, "logs")));
}

/// Legs 1 and 4 of a conversation of each zone's client with a host, half of the bytes each way.
fn traffic(folder: &Path, first: i64, last: i64, hosts: &[(u8, &[u64])]) {
    let mut log = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status\n".to_owned();
    for (host, zones) in hosts {
        for (zone, bytes) in (1..).zip(*zones) {
            let (client, nat, remote) =
                (format!("10.0.{zone}.5"), format!("10.0.{zone}.9"), format!("203.0.113.{host}"));
            let (up, down) = (bytes / 2, bytes - bytes / 2);
            writeln!(log, "eni-{zone} {client} {nat} {client} {remote} {up} {first} {first} ACCEPT OK")
                .expect("memory");
            writeln!(log, "eni-{zone} {nat} {client} {remote} {client} {down} {last} {last} ACCEPT OK")
                .expect("memory");
        }
    }
    put(folder, "flow-logs/a.log", &log);
}

/// The decision on each service, for a window of so many hours.
fn decisions(hours: i64, hosts: &[(u8, &[u64])]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), hosts.iter().map(|(_, zones)| zones.len()).max().expect("a host"));
    let end = OCTOBER + hours * 3_600;
    traffic(folder.path(), OCTOBER, end - 1, hosts);
    let (from, to) = (iso(OCTOBER), iso(end));
    let report = report(folder.path(), &["--from", &from, "--to", &to]);
    report["decisions"].as_array().expect("an array").clone()
}

fn iso(second: i64) -> String {
    let (day, hour) = ((second - OCTOBER) / 86_400, (second - OCTOBER) % 86_400 / 3_600);
    if day < 31 {
        format!("2026-10-{:02}T{hour:02}:00:00Z", day + 1)
    } else {
        format!("2026-11-{:02}T{hour:02}:00:00Z", day - 30)
    }
}

fn check(name: &str, row: &Value, expect: &Value) {
    for (field, value) in expect.as_object().expect("an object") {
        assert_eq!(row[field], *value, "{name}: {field} of {row}");
    }
}

#[test]
fn break_even_of_one_two_and_three_zones() {
    // 7.30 for an AZ and 730 hours, 0.035 a GB: 208.6, 417.1 and 625.7 GB a month.
    for (zones, gb, below, above) in [
        (1usize, "208.571428571429", 208u64, 209u64),
        (2, "417.142857142857", 417, 418),
        (3, "625.714285714286", 625, 626),
    ] {
        for (count, action) in [(below, "keep-nat"), (above, "create")] {
            let each: Vec<u64> = (0..zones as u64)
                .map(|zone| count * GB / zones as u64 + u64::from(zone < count * GB % zones as u64))
                .collect();
            let rows = decisions(730, &[(1, &each)]);
            assert_eq!(rows.len(), 1);
            let hours = ["7.3", "14.6", "21.9"][zones - 1];
            let expect = json!({"action": action, "endpoint_type": "interface", "service": "sqs", "bytes": count * GB,
                "endpoint_hours_usd": hours, "break_even_gb": gb,
                "endpoint_service_name": "com.amazonaws.us-east-1.sqs"});
            check(&format!("{zones} AZs, {count} GB"), &rows[0], &expect);
        }
    }
}

#[test]
fn seven_million_gigabytes_through_one_endpoint() {
    // 1,048,576 x 0.01 + 4,194,304 x 0.006 + 1,757,120 x 0.004 = 42,680.064; through the gateway 315,000.
    let rows = decisions(730, &[(1, &[7_000_000 * GB])]);
    let expect = json!({"action": "create", "endpoint_data_usd": "42680.064", "endpoint_hours_usd": "7.3",
        "avoided_usd": "315000", "net_usd": "272312.636"});
    check("seven million GB", &rows[0], &expect);
}

#[test]
fn one_byte_on_either_side_of_each_tier() {
    // A byte is 2^-30 GB: 0.01, 0.006 and 0.004 dollars a GB are 9.3, 5.6 and 3.7 x 10^-12 a byte.
    for (bytes, data) in [
        ((1u64 << 50) - 1, "10485.759999999991"),
        (1 << 50, "10485.76"),
        ((1 << 50) + 1, "10485.760000000006"),
        ((5 << 50) - 1, "35651.583999999994"),
        (5 << 50, "35651.584"),
        ((5 << 50) + 1, "35651.584000000004"),
    ] {
        let rows = decisions(730, &[(1, &[bytes])]);
        check(&format!("{bytes} bytes"), &rows[0], &json!({"bytes": bytes, "endpoint_data_usd": data}));
    }
}

#[test]
fn two_services_fill_the_tiers_together() {
    // 1,500,000 GB cost 10,485.76 + 451,424 x 0.006 = 13,194.304; two thirds and one third of it.
    let rows = decisions(730, &[(1, &[1_000_000 * GB]), (2, &[500_000 * GB])]);
    check("the larger", &rows[0], &json!({"service": "sqs", "endpoint_data_usd": "8796.202666666667"}));
    check("the smaller", &rows[1], &json!({"service": "logs", "endpoint_data_usd": "4398.101333333333"}));
}

#[test]
fn months_have_their_own_hours() {
    for (month, hours_usd) in [("2026-02", "6.72"), ("2028-02", "6.96"), ("2026-04", "7.2"), ("2026-10", "7.44")] {
        let folder = tempfile::tempdir().expect("a folder");
        account(folder.path(), 1);
        // Seconds of the months' first and last day; the year 2028 leaps.
        let (first, last) = match month {
            "2026-02" => (1_769_904_000, 1_772_323_199),
            "2028-02" => (1_832_976_000, 1_835_481_599),
            "2026-04" => (1_775_001_600, 1_777_593_599),
            _ => (1_790_812_800, 1_793_491_199),
        };
        traffic(folder.path(), first, last, &[(1, &[1_000 * GB])]);
        let report = report(folder.path(), &[]);
        assert_eq!(report["period"]["partial"], false, "{month}");
        check(month, &report["decisions"][0], &json!({"endpoint_hours_usd": hours_usd, "action": "create"}));
    }
}

#[test]
fn a_partial_month_is_weighed_by_its_own_hours() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 1);
    // From midnight of 5 October to six o'clock in the morning of the 7th: 54 hours.
    traffic(folder.path(), OCTOBER + 4 * 86_400, OCTOBER + 6 * 86_400 + 6 * 3_600 - 1, &[(1, &[100 * GB])]);
    let report = report(folder.path(), &["--month", "2026-10"]);
    assert_eq!(report["period"]["partial"], true);
    check(
        "54 hours",
        &report["decisions"][0],
        &json!({"endpoint_hours_usd": "0.54", "action": "create",
        "break_even_gb": "15.428571428571"}),
    );
}

/// What an inventory of two zones says with changes of some things.
fn change(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("inventory/all.json");
    let mut all: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
    change(&mut all);
    put(folder, "inventory/all.json", &all.to_string());
}

/// The VPC's main route table, which leads to the gateway.
fn routes_to_gateway() -> Value {
    json!([{"RouteTableId": "rtb-1", "VpcId": "vpc-0a", "Associations": [{"Main": true}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]}])
}

#[test]
fn a_gateway_that_is_new_has_stood_for_its_own_hours() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 2);
    traffic(folder.path(), OCTOBER, OCTOBER + 744 * 3_600 - 1, &[(1, &[GB])]);
    let quiet = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n\
                 2 123456789012 eni-2 - - - - - - - 1790812800 1790812860 - NODATA\n";
    put(folder.path(), "flow-logs/b.log", quiet);
    // 0.045 for the gateway and 0.005 for its address: 744 hours, and 47.5, of which the last is begun.
    for (created, usd) in [(None, "37.2"), (Some("2026-09-01"), "37.2"), (Some("2026-10-30"), "2.4")] {
        change(folder.path(), |all| {
            all["NatGateways"][1]["NatGatewayAddresses"][0]["PublicIp"] = json!("198.51.100.2");
            all["NatGateways"][1]["CreateTime"] = json!(created.map(|day| format!("{day}T00:30:00.000Z")));
        });
        let report = report(folder.path(), &[]);
        check("created", &report["findings"][0], &json!({"kind": "idle", "nat_gateway_id": "nat-2", "usd": usd}));
    }
    let run = natlens(folder.path(), &["explain", arg(folder.path()), "nat-2"]);
    for line in ["48 hours x $0.045 per hour = $2.16", "48 hours x $0.005 per hour x 1 public address = $0.24"] {
        assert!(run.stdout.contains(line), "{line}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn an_endpoint_that_is_new_has_cost_its_own_hours() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 1);
    traffic(folder.path(), OCTOBER, OCTOBER + 744 * 3_600 - 1, &[(2, &[GB])]);
    // 744 hours or 48 at 0.01, a GB at 0.01 here and at 0.045 through the gateway.
    let judged = |created: &str, gb: u64| {
        change(folder.path(), |all| {
            all["RouteTables"] = routes_to_gateway();
            all["VpcEndpoints"] = json!([{"VpcEndpointId": "vpce-0a1", "VpcEndpointType": "Interface", "VpcId": "vpc-0a",
                "State": "available", "ServiceName": "com.amazonaws.us-east-1.sqs", "SubnetIds": ["subnet-1"],
                "CreationTimestamp": created}]);
        });
        let metrics = json!({"MetricDataResults": [{"Id": "q", "Label": "vpce-0a1 BytesProcessed",
            "Timestamps": ["2026-10-30T00:00:00Z"], "Values": [gb * GB], "StatusCode": "Complete"}]});
        put(folder.path(), "metrics/m.json", &metrics.to_string());
        let decisions = report(folder.path(), &[])["decisions"].as_array().expect("an array").clone();
        decisions.into_iter().find(|row| row["action"] == "remove").map(|row| row["endpoint_hours_usd"].clone())
    };
    assert_eq!(judged("2026-09-01T00:00:00.000Z", 200), Some(json!("-7.44")));
    assert_eq!(judged("2026-10-30T00:00:00+00:00", 200), None);
    assert_eq!(judged("2026-10-30T00:00:00+00:00", 10), Some(json!("-0.48")));
    let run = natlens(folder.path(), &["explain", arg(folder.path()), "sqs"]);
    assert!(run.stdout.contains("48 hours x 1 AZ x $0.01 per hour"), "{}{}", run.stdout, run.stderr);
}

/// The endpoints that are to go, with their hours, data and saving; and the warnings.
fn removals(folder: &Path) -> (Vec<[String; 4]>, Vec<String>) {
    let report = report(folder, &[]);
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let fields = ["endpoint_id", "endpoint_hours_usd", "endpoint_data_usd", "net_usd"];
    let rows = report["decisions"].as_array().expect("an array").iter().filter(|row| row["action"] == "remove");
    let warnings = report["warnings"].as_array().expect("an array").iter().map(|warning| text(&warning["code"]));
    (rows.map(|row| fields.map(|field| text(&row[field]))).collect(), warnings.collect())
}

#[test]
fn an_endpoint_that_goes_frees_what_the_bill_says_of_it_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 1);
    traffic(folder.path(), OCTOBER, OCTOBER + 744 * 3_600 - 1, &[(2, &[GB])]);
    let endpoints = |managed: bool| {
        change(folder.path(), |all| {
            let endpoint = |id: &str, service: &str| {
                json!({"VpcEndpointId": id, "VpcEndpointType": "Interface", "VpcId": "vpc-0a", "State": "available",
                    "ServiceName": format!("com.amazonaws.us-east-1.{service}"), "SubnetIds": ["subnet-1"],
                    "RequesterManaged": managed})
            };
            all["RouteTables"] = routes_to_gateway();
            all["VpcEndpoints"] = json!([endpoint("vpce-0a1", "sqs"), endpoint("vpce-0a2", "kms")]);
        });
    };
    let of = |id: &str| {
        json!({"Id": id.replace('-', "_"), "Label": format!("{id} BytesProcessed"), "StatusCode": "Complete",
            "Timestamps": ["2026-10-30T00:00:00Z"], "Values": [10 * GB]})
    };
    let metrics = json!({"MetricDataResults": [of("vpce-0a1"), of("vpce-0a2")]});
    put(folder.path(), "metrics/m.json", &metrics.to_string());
    let row = |values: [&str; 4]| values.map(str::to_owned);
    // 744 hours and 10 GB at 0.01, against 0.45 at the NAT gateway.
    endpoints(false);
    let both = vec![row(["vpce-0a2", "-7.44", "-0.1", "7.09"]), row(["vpce-0a1", "-7.44", "-0.1", "7.09"])];
    assert_eq!(removals(folder.path()).0, both, "without a bill");

    let nat = |kind: &str, amount: &str, net: &str| {
        let (usage, arn) = (format!("NatGateway-{kind}"), arn("us-east-1", "nat-1"));
        let unit = if kind == "Bytes" { "GB" } else { "Hrs" };
        line("Usage", "us-east-1", [&usage, "NatGateway", &arn, unit, amount, net, net])
    };
    let vpce = |class: &str, kind: &str, amount: &str, net: &str| {
        let arn = format!("arn:aws:ec2:us-east-1:{ACCOUNT}:vpc-endpoint/vpce-0a1");
        let unit = if kind == "Bytes" { "GB" } else { "Hours" };
        line(class, "us-east-1", [&format!("VpcEndpoint-{kind}"), "VpcEndpoint", &arn, unit, amount, net, net])
    };
    let write = |lines: &[String]| put(folder.path(), "billing/bill.csv", &format!("{COLUMNS}\n{}", lines.concat()));
    let mut lines = vec![nat("Bytes", "1", "0.04"), nat("Hours", "744", "33.48")];
    write(&lines);
    let (rows, warnings) = removals(folder.path());
    assert!(rows.is_empty() && warnings.contains(&"endpoint-not-on-bill".to_owned()), "{rows:?} {warnings:?}");

    // 10 GB billed at 0.005, less a discount of 0.01, against 0.4 at what the gateway was paid.
    let of_endpoint = [
        vpce("Usage", "Hours", "744", "6"),
        vpce("Usage", "Bytes", "10", "0.05"),
        vpce("EdpDiscount", "Bytes", "10", "-0.01"),
    ];
    lines.extend(of_endpoint);
    write(&lines);
    let (rows, warnings) = removals(folder.path());
    assert_eq!(rows, vec![row(["vpce-0a1", "-6", "-0.04", "5.64"])], "{warnings:?}");
    assert!(warnings.contains(&"endpoint-not-on-bill".to_owned()), "{warnings:?}");
    let run = natlens(folder.path(), &["explain", arg(folder.path()), "sqs"]);
    for text in ["endpoint data that ends", "$6 hours + $0.04 data - $0.4 through the NAT gateway = $5.64"] {
        assert!(run.stdout.contains(text), "{text}: {}{}", run.stdout, run.stderr);
    }

    // A discount on no endpoint in particular names none.
    lines.push(line(
        "EdpDiscount",
        "us-east-1",
        ["VpcEndpoint-Hours", "VpcEndpoint", "", "Hours", "0", "-0.5", "-0.5"],
    ));
    write(&lines);
    assert_eq!(removals(folder.path()), (rows, warnings), "with a discount");

    // What a service of AWS keeps is nobody's to remove.
    endpoints(true);
    let (rows, warnings) = removals(folder.path());
    assert!(rows.is_empty() && !warnings.contains(&"endpoint-not-on-bill".to_owned()), "{rows:?} {warnings:?}");
}

#[test]
fn an_interface_endpoint_beside_a_gateway_endpoint_is_weighed_against_it() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 1);
    traffic(folder.path(), OCTOBER, OCTOBER + 744 * 3_600 - 1, &[(2, &[GB])]);
    let metrics = json!({"MetricDataResults": [{"Id": "q", "Label": "vpce-0a1 BytesProcessed",
        "Timestamps": ["2026-10-30T00:00:00Z"], "Values": [5_000 * GB], "StatusCode": "Complete"}]});
    put(folder.path(), "metrics/m.json", &metrics.to_string());
    let removed = |inbound_only: bool, tables: Value| {
        change(folder.path(), |all| {
            all["RouteTables"] = routes_to_gateway();
            let endpoint = |id: &str, kind: &str| {
                json!({"VpcEndpointId": id, "VpcEndpointType": kind, "VpcId": "vpc-0a", "State": "available",
                    "ServiceName": "com.amazonaws.us-east-1.s3"})
            };
            let (mut paid, mut free) = (endpoint("vpce-0a1", "Interface"), endpoint("vpce-0a2", "Gateway"));
            paid["SubnetIds"] = json!(["subnet-1"]);
            paid["PrivateDnsEnabled"] = json!(true);
            paid["DnsOptions"] = json!({"PrivateDnsOnlyForInboundResolverEndpoint": inbound_only});
            free["RouteTableIds"] = tables.clone();
            all["VpcEndpoints"] = json!([paid, free]);
        });
        removals(folder.path()).0
    };
    // 744 hours and 5,000 GB at 0.01; through the NAT gateway it would be 225.
    let row = ["vpce-0a1", "-7.44", "-50", "57.44"].map(str::to_owned);
    assert_eq!(removed(false, json!(["rtb-1"])), [row]);
    let run = natlens(folder.path(), &["explain", arg(folder.path()), "s3"]);
    assert!(run.stdout.contains("vpce-0a2 takes the VPC's traffic for nothing"), "{}{}", run.stdout, run.stderr);
    assert_eq!(removed(true, json!(["rtb-1"])), [] as [[String; 4]; 0], "it is there for who asks from outside");
    assert_eq!(removed(false, json!([])), [] as [[String; 4]; 0], "no route leads to the gateway endpoint");
}

#[test]
fn a_local_zone_has_its_own_price_and_no_interface_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 2);
    let rule =
        |host, name| format!("[[rules]]\ncidr = \"203.0.113.{host}/32\"\nname = \"{name}\"\nregion = \"us-west-2\"\n");
    put(folder.path(), "natlens.toml", &(rule(1, "sqs") + &rule(2, "s3")));
    let of = |zones: [&str; 2], hosts: &[(u8, &[u64])]| {
        traffic(folder.path(), OCTOBER, OCTOBER + 744 * 3_600 - 1, hosts);
        change(folder.path(), |all| {
            for (at, zone) in zones.into_iter().enumerate() {
                all["Subnets"][at]["AvailabilityZoneId"] = json!(zone);
            }
        });
        report(folder.path(), &[])
    };
    let usd = |report: &Value, nat: &str| {
        let rows = report["traffic"].as_array().expect("an array").iter();
        rows.filter(|row| row["nat_gateway_id"] == nat).map(|row| row["usd"].clone()).collect::<Vec<_>>()
    };
    let gb = 1_000 * GB;
    // 1,000 GB at 0.054 in Los Angeles; Phoenix is not in the price book.
    let known = of(["usw2-lax1-az1", "usw2-az1"], &[(1, &[gb])]);
    assert_eq!(usd(&known, "nat-1"), [json!("54")]);
    let nothing = json!({"action": "keep-nat", "az_ids": [], "bytes": gb, "avoided_usd": "54", "endpoint_hours_usd": null,
        "net_usd": null, "endpoint_service_name": "com.amazonaws.us-west-2.sqs"});
    check("Los Angeles", &known["decisions"][0], &nothing);
    let reason = known["decisions"][0]["reason"].as_str().expect("a text");
    assert!(reason.contains("comes from a Local Zone, where AWS makes no VPC endpoint"), "{reason}");
    assert_eq!(known["summary"]["avoidable_usd"], "0");
    let run = natlens(folder.path(), &["explain", arg(folder.path()), "nat-1"]);
    assert!(run.stdout.contains("nat_gateway_gb in us-west-2-lax-1"), "{}{}", run.stdout, run.stderr);
    let unknown = of(["usw2-phx2-az1", "usw2-az1"], &[(1, &[gb])]);
    assert_eq!(usd(&unknown, "nat-1"), [Value::Null]);
    let warned = unknown["warnings"].to_string();
    assert!(warned.contains("no price for nat_gateway_gb in us-west-2-phx-2"), "{warned}");

    // A client in each: the AZ's is decided about, for one AZ and its own bytes; the Local Zone's stays.
    let both = of(["usw2-lax1-az1", "usw2-az1"], &[(1, &[gb, gb])]);
    let one = json!({"action": "create", "az_ids": ["usw2-az1"], "bytes": gb, "avoided_usd": "45", "net_usd": "27.56"});
    check("both", &both["decisions"][0], &one);
    assert_eq!(both["decisions"].as_array().map(Vec::len), Some(1));
    let reason = both["decisions"][0]["reason"].as_str().expect("a text");
    assert!(reason.ends_with("what their way to an endpoint costs is not known"), "{reason}");
    let gone = both["findings"].as_array().expect("an array").iter().map(|row| row["nat_gateway_id"].clone());
    assert_eq!(gone.collect::<Vec<_>>(), [json!("nat-2")]);
    let run = natlens(folder.path(), &["explain", arg(folder.path()), "sqs"]);
    assert!(run.stdout.contains("$45 avoided - $7.44 hours - $10 data = $27.56"), "{}{}", run.stdout, run.stderr);

    // Routes to a gateway endpoint are written in every zone.
    let stored = of(["usw2-lax1-az1", "usw2-az1"], &[(2, &[gb])]);
    check("S3", &stored["decisions"][0], &json!({"action": "create", "bytes": gb, "net_usd": "54"}));
    // Through a gateway in an AZ: what its data cost is saved, what crossing to it cost is not listed.
    change(folder.path(), |all| all["NatGateways"][0]["SubnetId"] = json!("subnet-2"));
    let across = report(folder.path(), &[]);
    check("S3, crossing", &across["decisions"][0], &json!({"action": "create", "bytes": gb, "net_usd": "45"}));
}

#[test]
fn every_month_of_a_period_has_its_own_tiers() {
    let folder = tempfile::tempdir().expect("a folder");
    account(folder.path(), 1);
    let two_months = 61 * 86_400;
    // 700,000 GB in each month, all of them below the second tier's 1,048,576.
    traffic(folder.path(), OCTOBER, OCTOBER + two_months - 3_600, &[(1, &[1_400_000 * GB])]);
    let data =
        |from, to| report(folder.path(), &["--from", from, "--to", to])["decisions"][0]["endpoint_data_usd"].clone();
    assert_eq!(data("2026-10-01", "2026-11-01"), "7000");
    assert_eq!(data("2026-10-01", "2026-12-01"), "14000");
    let run =
        natlens(folder.path(), &["explain", arg(folder.path()), "sqs", "--from", "2026-10-01", "--to", "2026-12-01"]);
    assert!(run.stdout.contains("Tiers begin anew every month"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn traffic_that_ended_with_a_gateway_endpoint_is_nothing_to_fix() {
    // 100 GB at 0.045 until 19 October, or in the hour of the 20th in which the endpoint was made, or past it.
    let (day, hour) = (86_400, 3_600);
    let made = OCTOBER + 19 * day;
    for (situation, last, created, action, saving) in [
        ("before", made - day, Some("2026-10-20T00:00:00.000Z"), "keep-nat", "0"),
        ("in its hour", made + hour - 1, Some("2026-10-20T00:00:00.000Z"), "keep-nat", "0"),
        ("an hour later", made + hour, Some("2026-10-20T00:00:00.000Z"), "fix", "4.5"),
        ("older", made - day, Some("2026-09-20T00:00:00.000Z"), "fix", "4.5"),
        ("nobody knows since when", made - day, None, "fix", "4.5"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        account(folder.path(), 1);
        let rule = "[[rules]]\ncidr = \"203.0.113.3/32\"\nname = \"s3\"\nregion = \"us-east-1\"\n";
        put(folder.path(), "natlens.toml", rule);
        change(folder.path(), |all| {
            all["RouteTables"] = routes_to_gateway();
            all["VpcEndpoints"] = json!([{"VpcEndpointId": "vpce-0a1", "VpcEndpointType": "Gateway", "VpcId": "vpc-0a",
                "State": "available", "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": ["rtb-1"],
                "CreationTimestamp": created}]);
        });
        traffic(folder.path(), OCTOBER, last, &[(3, &[100 * GB])]);
        let report = report(folder.path(), &["--month", "2026-10"]);
        check(situation, &report["decisions"][0], &json!({"service": "s3", "action": action, "avoided_usd": "4.5"}));
        assert_eq!(report["summary"]["net_saving_usd"], saving, "{situation}");
        let reason = report["decisions"][0]["reason"].as_str().expect("a text");
        assert_eq!(reason.contains("was created at 2026-10-20T00:00:00Z"), created == Some("2026-10-20T00:00:00.000Z"));
        let run = natlens(folder.path(), &["explain", arg(folder.path()), "s3", "--month", "2026-10"]);
        assert_eq!(run.code, 0, "{situation}: {}", run.stderr);
        // A roll-up by the day decides the same.
        let rollup = folder.path().join("rollup.parquet");
        let made = ["athena", arg(folder.path()), "--month", "2026-10", "--engine", "local", "-o", arg(&rollup)];
        let run = natlens(folder.path(), &made);
        assert_eq!(run.code, 0, "{situation}: {}", run.stderr);
        let of_rollup = self::report(folder.path(), &["--rollup", arg(&rollup)]);
        assert_eq!(of_rollup["decisions"], report["decisions"], "{situation}");
    }
}
