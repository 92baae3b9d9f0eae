//! What a verdict rests on: gateways that some witness says were used, bills that end early, records that AWS dropped. Through the real
//! binary, on two gateways of which the first carries 500 GB to `sqs` in October 2026 and the second has no log.

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::{Run, arg, natlens};
use folder::put;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const ACCOUNT: &str = "123456789012";
const OCTOBER: i64 = 1_790_812_800;
const DAY: i64 = 86_400;
const GB: u64 = 1 << 30;

/// Two zones with a gateway each; 203.0.113.1 is `sqs`.
fn account() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = |zone: usize| {
        json!({"SubnetId": format!("subnet-{zone}"), "VpcId": "vpc-0a", "CidrBlock": format!("10.0.{zone}.0/24"),
            "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": format!("2600:1f18:0:{zone}::/64")}],
            "AvailabilityZoneId": format!("use1-az{zone}"), "OwnerId": ACCOUNT})
    };
    let gateway = |zone: usize| {
        json!({"NatGatewayId": format!("nat-{zone}"), "VpcId": "vpc-0a", "SubnetId": format!("subnet-{zone}"),
            "State": "available", "NatGatewayAddresses": [{"PrivateIp": format!("10.0.{zone}.9"),
            "NetworkInterfaceId": format!("eni-{zone}"), "IsPrimary": true}]})
    };
    let all = json!({
        "NatGateways": [gateway(1), gateway(2)],
        "Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": ACCOUNT,
            "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2600:1f18::/56"}]}],
        "Subnets": [subnet(1), subnet(2)],
    });
    put(folder.path(), "inventory/all.json", &all.to_string());
    let rule = "[[rules]]\ncidr = \"203.0.113.1/32\"\nname = \"sqs\"\nregion = \"us-east-1\"\n";
    put(folder.path(), "natlens.toml", rule);
    folder
}

/// Legs 1 and 4 of the first gateway's client on every day; `more` are further records.
fn logs(folder: &Path, gb: u64, more: &str) {
    let mut log = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status\n".to_owned();
    for day in 0..31 {
        let (start, each) = (OCTOBER + day * DAY, gb * GB / 62);
        writeln!(log, "eni-1 10.0.1.5 10.0.1.9 10.0.1.5 203.0.113.1 {each} {start} {start} ACCEPT OK").expect("memory");
        let end = start + DAY - 1;
        writeln!(log, "eni-1 10.0.1.9 10.0.1.5 203.0.113.1 10.0.1.5 {each} {end} {end} ACCEPT OK").expect("memory");
    }
    put(folder, "flow-logs/a.log", &(log + more));
}

/// Moves the records of one second back.
fn shift(folder: &Path, at: i64, back: i64) {
    let log = folder.join("flow-logs/a.log");
    let text = std::fs::read_to_string(&log).expect("a log");
    put(folder, "flow-logs/a.log", &text.replace(&at.to_string(), &(at - back).to_string()));
}

/// A record of nothing, or of dropped records, on each of some days.
fn quiet(interface: &str, status: &str, days: std::ops::Range<i64>) -> String {
    let line = |day: i64| format!("{interface} - - - - - {0} {0} - {status}\n", OCTOBER + day * DAY + 60);
    days.map(line).collect::<Vec<_>>().concat()
}

fn metered(folder: &Path, gateway: &str, gb: u64) {
    let metric = |name: &str, value: u64| {
        json!({"Id": name.to_lowercase(), "Label": format!("{gateway} {name}"), "StatusCode": "Complete",
            "Timestamps": ["2026-10-01T00:00:00Z"], "Values": [value]})
    };
    let both = [metric("BytesInFromSource", gb * GB), metric("BytesInFromDestination", 0)];
    put(folder, &format!("metrics/{gateway}.json"), &json!({"MetricDataResults": both}).to_string());
}

const COLUMNS: &str = "line_item_usage_account_id,line_item_line_item_type,line_item_operation,line_item_usage_type,\
line_item_resource_id,pricing_unit,line_item_usage_amount,line_item_unblended_cost,line_item_usage_start_date,\
line_item_usage_end_date,bill_billing_period_start_date,product_region_code,line_item_currency_code\n";

/// A line on a gateway for a part of the month, in days from its first one.
fn line(gateway: &str, usage: &str, [unit, amount, cost]: [&str; 3], days: (i64, i64)) -> String {
    let at =
        |day: i64| if day < 31 { format!("2026-10-{:02}T00:00:00Z", day + 1) } else { "2026-11-01T00:00:00Z".into() };
    let arn = format!("arn:aws:ec2:us-east-1:{ACCOUNT}:natgateway/{gateway}");
    let (from, to) = (at(days.0), at(days.1));
    format!(
        "{ACCOUNT},Usage,NatGateway,{usage},{arn},{unit},{amount},{cost},{from},{to},2026-10-01T00:00:00Z,us-east-1,USD\n"
    )
}

/// A bill of both gateways' hours and of the first one's bytes, on each of so many days; `more` are further lines.
fn bill(folder: &Path, days: i64, gb_a_day: u64, more: &str) {
    let mut lines = COLUMNS.to_owned();
    for day in 0..days {
        let span = (day, day + 1);
        for gateway in ["nat-1", "nat-2"] {
            lines += &line(gateway, "NatGateway-Hours", ["Hrs", "24", "1.08"], span);
        }
        let cost = format!("0.{:03}", gb_a_day * 45);
        lines += &line("nat-1", "NatGateway-Bytes", ["GB", &gb_a_day.to_string(), &cost], span);
    }
    put(folder, "billing/bill.csv", &(lines + more));
}

fn run(folder: &Path, more: &[&str]) -> (Run, Value) {
    let run = natlens(folder, &[&["report", arg(folder), "--format", "json"], more].concat());
    let report = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("JSON on stdout: {}", run.stderr));
    (run, report)
}

fn list<'a>(report: &'a Value, part: &str) -> &'a Vec<Value> {
    report[part].as_array().expect("an array")
}

/// Kind, dollars and reason of what is found about a gateway.
fn found(report: &Value, gateway: &str) -> Option<(String, Value, String)> {
    let row = list(report, "findings").iter().find(|row| row["nat_gateway_id"] == gateway)?;
    let text = |field: &str| row[field].as_str().expect("a text").to_owned();
    Some((text("kind"), row["usd"].clone(), text("reason")))
}

fn warning(report: &Value, code: &str) -> Option<String> {
    let row = list(report, "warnings").iter().find(|row| row["code"] == code)?;
    Some(row["message"].as_str().expect("a text").to_owned())
}

#[test]
fn idle_is_only_what_every_witness_says() {
    type Change = fn(&Path);
    let cases: [(&str, Change, i32, Option<&str>, Value); 9] = [
        ("the bill has its hours and no byte", |at| bill(at, 31, 16, ""), 0, Some("33.48"), json!(0)),
        ("CloudWatch says so, too", |at| (bill(at, 31, 16, ""), metered(at, "nat-2", 0)).0, 0, Some("33.48"), json!(0)),
        ("CloudWatch counts bytes", |at| (bill(at, 31, 16, ""), metered(at, "nat-2", 6)).0, 0, None, json!(0)),
        (
            "a line that nobody understands",
            |at| bill(at, 31, 16, &line("nat-2", "NatGateway-NewBytes", ["GB", "100", "4.5"], (0, 31))),
            0,
            None,
            Value::Null,
        ),
        (
            "a line that cannot be read",
            |at| bill(at, 31, 16, &line("nat-2", "NatGateway-Bytes", ["GB", "1OO", "4.5"], (0, 31))),
            3,
            None,
            Value::Null,
        ),
        ("a line that may be on any gateway", |at| bill(at, 31, 16, "NatGateway-Bytes,100\n"), 3, None, json!(0)),
        (
            "a line without an amount",
            |at| bill(at, 31, 16, &line("nat-2", "NatGateway-Bytes", ["GB", "", "4.5"], (0, 31))),
            0,
            None,
            Value::Null,
        ),
        (
            "transfer beside it",
            |at| bill(at, 31, 16, &line("nat-2", "DataTransfer-Out-Bytes", ["GB", "100", "9"], (0, 31))),
            0,
            None,
            json!(0),
        ),
        ("a bill of ten days", |at| bill(at, 10, 16, ""), 0, None, json!(0)),
    ];
    for (situation, change, code, usd, billed) in cases {
        let folder = account();
        logs(folder.path(), 496, "");
        change(folder.path());
        let (run, report) = run(folder.path(), &[]);
        assert_eq!(run.code, code, "{situation}: {}", run.stderr);
        let idle = found(&report, "nat-2");
        assert_eq!(idle.as_ref().map(|(kind, ..)| kind.as_str()), usd.map(|_| "idle"), "{situation}: {idle:?}");
        assert_eq!(idle.map(|(_, usd, _)| usd), usd.map(Value::from), "{situation}");
        let row = list(&report, "nat_gateways").iter().find(|row| row["nat_gateway_id"] == "nat-2").expect("a row");
        assert_eq!(row["billed_bytes"], billed, "{situation}");
        assert_eq!(
            row["data_usd"].is_null(),
            situation.contains("nobody") || situation.contains("cannot"),
            "{situation}"
        );
    }
}

/// The only decision of a report.
fn decision(report: &Value) -> &Value {
    let decisions = list(report, "decisions");
    assert_eq!(decisions.len(), 1, "{decisions:?}");
    &decisions[0]
}

#[test]
fn a_bill_of_ten_days_decides_as_the_ten_days_do() {
    let folder = account();
    logs(folder.path(), 496, &quiet("eni-2", "NODATA", 0..31));
    // 16 GB a day; the records go on until the 31st.
    bill(folder.path(), 10, 16, "");
    let (run_of_month, report) = run(folder.path(), &[]);
    assert_eq!(run_of_month.code, 0, "{}", run_of_month.stderr);
    let said = format!("{ACCOUNT}: the bill ends on 2026-10-10, the records on 2026-10-31");
    assert_eq!(warning(&report, "bill-ends-early"), Some(said));
    // 496 x 0.045 - 744 x 0.01 - 496 x 0.01, though only 160 GB were paid; what was paid is split as ever.
    let row = decision(&report);
    let figures = ["action", "avoided_usd", "endpoint_hours_usd", "net_usd", "break_even_gb"].map(|field| &row[field]);
    assert_eq!(figures, ["create", "22.32", "7.44", "9.92", "212.571428571429"], "{row}");
    assert_eq!(report["traffic"][0]["usd"], "7.2");
    assert_eq!(report["summary"]["attributed_usd"], report["summary"]["data_usd"]);
    let diagnosis = report["nat_gateways"][0]["diagnosis"].as_str().expect("a text");
    assert!(diagnosis.contains("more than the bill, which ends on 2026-10-10"), "{diagnosis}");
    // Logs of the whole month know that nothing crossed the other one; its hours are those that were billed.
    let (kind, usd, reason) = found(&report, "nat-2").expect("a finding");
    assert_eq!((kind.as_str(), usd), ("idle", json!("10.8")));
    assert!(reason.contains("the bill ends on 2026-10-10"), "{reason}");
    let (_, ten_days) = run(folder.path(), &["--from", "2026-10-01", "--to", "2026-10-11"]);
    assert_eq!(warning(&ten_days, "bill-ends-early"), None);
    assert_eq!(decision(&ten_days)["action"], "create");
    let explained = natlens(folder.path(), &["explain", arg(folder.path()), "sqs"]);
    assert!(explained.stdout.contains("at what was paid for a GB"), "{}{}", explained.stdout, explained.stderr);
    // A roll-up decides the same.
    let rollup = folder.path().join("rollup.parquet");
    let made = natlens(
        folder.path(),
        &["athena", arg(folder.path()), "--month", "2026-10", "--engine", "local", "-o", arg(&rollup)],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let (_, of_rollup) = run(folder.path(), &["--rollup", arg(&rollup)]);
    for part in ["decisions", "findings", "nat_gateways"] {
        assert_eq!(of_rollup[part], report[part], "{part}");
    }
    assert_eq!(warning(&of_rollup, "bill-ends-early"), warning(&report, "bill-ends-early"));
}

#[test]
fn beside_a_bill_of_ten_days_an_address_counts_as_long_as_its_gateway() {
    let folder = account();
    let inventory = folder.path().join("inventory/all.json");
    let mut all: Value = serde_json::from_slice(&std::fs::read(&inventory).expect("a file")).expect("JSON");
    all["NatGateways"][1]["NatGatewayAddresses"][0]["PublicIp"] = json!("198.51.100.2");
    put(folder.path(), "inventory/all.json", &all.to_string());
    logs(folder.path(), 496, &quiet("eni-2", "NODATA", 0..31));
    // 240 hours of 0.045, and 0.005 for the address in each.
    for (days, usd, price) in [(10, "12", "240 hours"), (31, "37.2", "744 hours")] {
        bill(folder.path(), days, 16, "");
        let (_, report) = run(folder.path(), &[]);
        assert_eq!(found(&report, "nat-2").map(|(_, usd, _)| usd), Some(json!(usd)), "{days} days");
        let explained = natlens(folder.path(), &["explain", arg(folder.path()), "nat-2"]);
        let says = explained.stdout.contains(&format!("{price} x $0.005 per hour"));
        assert!(says, "{}{}", explained.stdout, explained.stderr);
    }
}

#[test]
fn a_gateway_of_which_no_byte_is_billed_yet_is_weighed_at_list() {
    // The second gateway's client begins on the 12th; the bill ends with the 10th.
    let folder = account();
    let mut second = String::new();
    for day in 11..31 {
        let start = OCTOBER + day * DAY;
        let each = 10 * GB;
        writeln!(second, "eni-2 10.0.2.5 10.0.2.9 10.0.2.5 203.0.113.1 {each} {start} {start} ACCEPT OK")
            .expect("memory");
    }
    logs(folder.path(), 496, &second);
    bill(folder.path(), 10, 16, "");
    let (run_of_month, report) = run(folder.path(), &[]);
    assert_eq!(run_of_month.code, 0, "{}", run_of_month.stderr);
    assert!(warning(&report, "bill-ends-early").is_some());
    // (496 + 200) x 0.045 - 2 x 7.44 - 696 x 0.01.
    let row = decision(&report);
    let figures = ["action", "avoided_usd", "endpoint_hours_usd", "net_usd"].map(|field| &row[field]);
    assert_eq!(figures, ["create", "31.32", "14.88", "9.48"], "{row}");
    let explained = natlens(folder.path(), &["explain", arg(folder.path()), "sqs"]);
    assert!(explained.stdout.contains("or at list where nothing was yet"), "{}{}", explained.stdout, explained.stderr);
}

#[test]
fn a_bill_that_ends_with_the_records_is_not_early() {
    // The last record is of the month's last second, or of two hours before.
    for (situation, days, last, expect) in [
        ("whole", 31, 0, false),
        ("a day short", 30, 0, true),
        ("a day short, and no record is of the last hour", 30, 2 * 3_600, true),
    ] {
        let folder = account();
        logs(folder.path(), 496, "");
        shift(folder.path(), OCTOBER + 31 * DAY - 1, last);
        bill(folder.path(), days, 16, "");
        let (_, report) = run(folder.path(), &[]);
        assert_eq!(warning(&report, "bill-ends-early").is_some(), expect, "{situation}");
        // A bound of a part of the time is none.
        assert_eq!(report["summary"]["upper_bound_usd"].is_null(), expect, "{situation}");
    }
    // A gateway whose lines end with its life, while its account's go on.
    let folder = account();
    logs(folder.path(), 496, "");
    bill(folder.path(), 31, 16, &line("nat-3", "NatGateway-Hours", ["Hrs", "24", "1.08"], (3, 4)));
    let (_, report) = run(folder.path(), &[]);
    assert_eq!(warning(&report, "bill-ends-early"), None);
}

/// What is known, what makes it so, and whether the gateway can go.
type Removal<'a> = (&'a str, &'a dyn Fn(&Path), bool);

#[test]
fn a_gateway_is_removable_only_if_all_of_its_traffic_is_known() {
    let dropped = quiet("eni-1", "SKIPDATA", 4..5);
    let cases: [Removal<'_>; 7] = [
        ("logs alone", &|at| logs(at, 496, ""), true),
        ("records were dropped", &|at| logs(at, 496, &dropped), false),
        ("records were dropped, and the bill knows all", &|at| (logs(at, 496, &dropped), bill(at, 31, 16, "")).0, true),
        ("records were dropped, and the bill has more", &|at| (logs(at, 480, &dropped), bill(at, 31, 16, "")).0, false),
        (
            "records were dropped, and so was CloudWatch told",
            &|at| (logs(at, 496, &dropped), metered(at, "nat-1", 496)).0,
            true,
        ),
        ("CloudWatch counts more", &|at| (logs(at, 496, ""), metered(at, "nat-1", 5_000)).0, false),
        (
            "CloudWatch counts more than logs and bill",
            &|at| (logs(at, 496, ""), bill(at, 31, 16, ""), metered(at, "nat-1", 5_000)).0,
            false,
        ),
    ];
    for (situation, change, removable) in cases {
        let folder = account();
        change(folder.path());
        let (_, report) = run(folder.path(), &[]);
        assert_eq!(decision(&report)["action"], "create", "{situation}");
        let kind = found(&report, "nat-1").map(|(kind, ..)| kind);
        assert_eq!(kind.as_deref(), removable.then_some("removable"), "{situation}");
    }
}

#[test]
fn an_endpoint_that_was_made_after_the_period_has_nothing_to_fix() {
    for (created, private_dns, action, saving) in [
        ("2026-11-05T00:00:00.000Z", true, "keep-nat", "0"),
        ("2026-11-01T00:00:00.000Z", true, "keep-nat", "0"),
        ("2026-10-31T22:59:59.000Z", true, "fix", "17.36"),
        ("2026-09-05T00:00:00.000Z", true, "fix", "17.36"),
        // Names lead past it, whenever it was made.
        ("2026-11-05T00:00:00.000Z", false, "fix", "17.36"),
    ] {
        let folder = account();
        logs(folder.path(), 496, "");
        let endpoint = json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-0a1", "VpcEndpointType": "Interface",
            "VpcId": "vpc-0a", "State": "available", "ServiceName": "com.amazonaws.us-east-1.sqs",
            "SubnetIds": ["subnet-1"], "PrivateDnsEnabled": private_dns, "CreationTimestamp": created}]});
        put(folder.path(), "inventory/endpoints.json", &endpoint.to_string());
        let (_, report) = run(folder.path(), &[]);
        let row = decision(&report);
        assert_eq!((&row["action"], &row["endpoint_id"]), (&json!(action), &json!("vpce-0a1")), "{created}");
        assert_eq!(report["summary"]["net_saving_usd"], saving, "{created}");
        let reason = row["reason"].as_str().expect("a text");
        let says = action == "keep-nat";
        assert_eq!(
            reason.contains("after the period") && reason.contains("was created at 2026-11-0"),
            says,
            "{reason}"
        );
        assert_eq!(warning(&report, "unmeasured-endpoint").is_none(), says, "{created}");
        assert_eq!(found(&report, "nat-1").is_none(), says, "{created}: what it takes since is not known");
        let run = natlens(folder.path(), &["explain", arg(folder.path()), "sqs"]);
        assert_eq!(run.code, 0, "{created}: {}", run.stderr);
    }
}

/// An interface endpoint for `sqs`.
fn sqs_endpoint(id: &str, created: Option<&str>, private_dns: bool) -> Value {
    json!({"VpcEndpointId": id, "VpcEndpointType": "Interface", "VpcId": "vpc-0a", "State": "available",
        "ServiceName": "com.amazonaws.us-east-1.sqs", "SubnetIds": ["subnet-1"], "PrivateDnsEnabled": private_dns,
        "CreationTimestamp": created})
}

/// What becomes of 14 days of 16 GB, the last record of which is of 23:59:59 on the 14th, beside these endpoints.
fn check_taken_over(situation: &str, endpoints: &[Value], action: &str) {
    let folder = account();
    logs(folder.path(), 496, "");
    let log = std::fs::read_to_string(folder.path().join("flow-logs/a.log")).expect("a log");
    let until: Vec<&str> = log.split_inclusive('\n').take(1 + 2 * 14).collect();
    put(folder.path(), "flow-logs/a.log", &until.concat());
    put(folder.path(), "inventory/endpoints.json", &json!({"VpcEndpoints": endpoints}).to_string());
    let routes = json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-0a", "Associations": [{"Main": true}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]}]});
    put(folder.path(), "inventory/routes.json", &routes.to_string());
    let (run_of_month, report) = run(folder.path(), &["--month", "2026-10"]);
    assert_eq!(run_of_month.code, 0, "{situation}: {}", run_of_month.stderr);
    let row = decision(&report);
    assert_eq!((&row["action"], &row["avoided_usd"]), (&json!(action), &json!("10.08")), "{situation}: {row}");
    let keeps = action == "keep-nat";
    assert_eq!(report["summary"]["avoidable_usd"], if keeps { "0" } else { "10.08" }, "{situation}");
    let reason = row["reason"].as_str().expect("a text");
    let says = reason.contains("and no record shows sqs traffic cross nat-1 after that hour: nothing is left to do");
    assert_eq!(says, keeps, "{situation}: {reason}");
    let first = if endpoints.len() > 1 && keeps { "vpce-0a2" } else { "vpce-0a1" };
    assert!(reason.starts_with(first), "{situation}: {reason}");
    let explained = natlens(folder.path(), &["explain", arg(folder.path()), "sqs", "--month", "2026-10"]);
    assert_eq!(explained.code, 0, "{situation}: {}", explained.stderr);
    // A roll-up by the day decides the same, and not by an inventory with another endpoint.
    let rollup = folder.path().join("rollup.parquet");
    let made = ["athena", arg(folder.path()), "--month", "2026-10", "--engine", "local", "-o", arg(&rollup)];
    let run_of_rollup = natlens(folder.path(), &made);
    assert_eq!(run_of_rollup.code, 0, "{situation}: {}", run_of_rollup.stderr);
    let (_, of_rollup) = run(folder.path(), &["--rollup", arg(&rollup)]);
    assert_eq!(of_rollup["decisions"], report["decisions"], "{situation}");
    // Nor is one to go that has carried little yet.
    let little = json!({"MetricDataResults": [{"Id": "q", "Label": "vpce-0a1 BytesProcessed", "StatusCode": "Complete",
        "Timestamps": ["2026-10-31T00:00:00Z"], "Values": [GB]}]});
    put(folder.path(), "metrics/little.json", &little.to_string());
    let (_, metered) = run(folder.path(), &["--month", "2026-10"]);
    assert_eq!(decision(&metered)["action"], action, "{situation}");
    let later = sqs_endpoint("vpce-0a3", Some("2026-10-20T12:00:00.000Z"), true);
    put(folder.path(), "inventory/later.json", &json!({"VpcEndpoints": [later]}).to_string());
    let other = natlens(folder.path(), &["report", arg(folder.path()), "--rollup", arg(&rollup)]);
    assert!(other.code != 0 && other.stderr.contains("inventory"), "{situation}: {}", other.stderr);
}

#[test]
fn an_interface_endpoint_since_which_nothing_crossed_is_nothing_to_fix() {
    let endpoint = sqs_endpoint;
    let made = |created| vec![endpoint("vpce-0a1", Some(created), true)];
    for (situation, endpoints, action) in [
        ("the day after", made("2026-10-15T12:00:00.000Z"), "keep-nat"),
        ("in the hour of the last record", made("2026-10-14T23:00:00.000Z"), "keep-nat"),
        ("the hour before it", made("2026-10-14T22:59:59.000Z"), "fix"),
        ("before all of it", made("2026-09-15T12:00:00.000Z"), "fix"),
        ("nobody knows when", vec![endpoint("vpce-0a1", None, true)], "fix"),
        ("names lead past it", vec![endpoint("vpce-0a1", Some("2026-10-15T12:00:00.000Z"), false)], "fix"),
        (
            "beside an older one that names pass by",
            vec![
                endpoint("vpce-0a1", Some("2026-09-15T12:00:00.000Z"), false),
                endpoint("vpce-0a2", Some("2026-10-15T12:00:00.000Z"), true),
            ],
            "keep-nat",
        ),
        (
            "two of them",
            vec![
                endpoint("vpce-0a1", Some("2026-10-18T12:00:00.000Z"), true),
                endpoint("vpce-0a2", Some("2026-10-15T12:00:00.000Z"), true),
            ],
            "keep-nat",
        ),
        (
            "beside an older one",
            vec![
                endpoint("vpce-0a1", Some("2026-10-15T12:00:00.000Z"), true),
                endpoint("vpce-0a2", Some("2026-09-15T12:00:00.000Z"), true),
            ],
            "fix",
        ),
    ] {
        check_taken_over(situation, &endpoints, action);
    }
}

#[test]
fn a_monthly_line_covers_its_month_and_no_shorter_period() {
    let folder = account();
    logs(folder.path(), 496, "");
    let monthly = [
        line("nat-1", "NatGateway-Hours", ["Hrs", "744", "33.48"], (0, 31)),
        line("nat-1", "NatGateway-Bytes", ["GB", "496", "22.32"], (0, 31)),
    ];
    put(folder.path(), "billing/bill.csv", &(COLUMNS.to_owned() + &monthly.concat()));
    let doctor = natlens(folder.path(), &["doctor", arg(folder.path()), "--offline"]);
    assert!(doctor.stdout.contains("costs are unblended, up to 2026-10-31"), "{}", doctor.stdout);
    let (_, report) = run(folder.path(), &[]);
    assert_eq!((warning(&report, "bill-ends-early"), &report["nat_gateways"][0]["diagnosis"]), (None, &Value::Null));
    let (_, part) = run(folder.path(), &["--from", "2026-10-01", "--to", "2026-10-11"]);
    let diagnosis = part["nat_gateways"][0]["diagnosis"].as_str().expect("a text");
    assert!(diagnosis.contains("bill-line-across-edge") && !diagnosis.contains("not copied"), "{diagnosis}");
}

#[test]
fn a_bill_that_is_on_no_invoice_yet_is_an_estimate() {
    let header = COLUMNS.replace("line_item_currency_code", "line_item_currency_code,bill_invoice_id");
    let lines = |ids: [&str; 2]| {
        let lines = ids.map(|id| {
            let line = line("nat-1", "NatGateway-Hours", ["Hrs", "24", "1.08"], (3, 4));
            line.replace(",USD\n", &format!(",USD,{id}\n"))
        });
        header.clone() + &lines.concat()
    };
    let without_column = COLUMNS.to_owned() + &line("nat-1", "NatGateway-Hours", ["Hrs", "24", "1.08"], (3, 4));
    for (situation, bill, open) in [
        ("no line is", lines(["", ""]), true),
        ("some are", lines(["", "123"]), false),
        ("all are", lines(["123", "123"]), false),
        ("nothing says", without_column, false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        put(folder.path(), "billing/bill.csv", &bill);
        let (run, report) = run(folder.path(), &[]);
        assert_eq!(run.code, 0, "{situation}: {}", run.stderr);
        let said = warning(&report, "estimated-bill");
        assert_eq!(said.is_some_and(|said| said.contains("2026-10 is on no invoice yet")), open, "{situation}");
    }
}

/// The second gateway's VPC has `sqs` traffic that pays over the ten days of its log, and not over the month of the other's.
#[test]
fn what_a_short_log_tells_is_said_to_be_of_a_short_time() {
    let folder = account();
    let file = folder.path().join("inventory/all.json");
    let mut all: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("a file")).expect("JSON");
    for list in ["NatGateways", "Subnets"] {
        all[list][1]["VpcId"] = json!("vpc-0b");
    }
    all["Vpcs"].as_array_mut().expect("VPCs").push(json!({"VpcId": "vpc-0b", "CidrBlock": "10.0.0.0/16"}));
    put(folder.path(), "inventory/all.json", &all.to_string());
    let late = |day: i64| {
        let (bytes, at) = (12 * GB, OCTOBER + day * DAY);
        format!("eni-2 10.0.2.5 10.0.2.9 10.0.2.5 203.0.113.1 {bytes} {at} {at} ACCEPT OK\n")
    };
    logs(folder.path(), 496, &(21..31).map(late).collect::<String>());
    for (billed, cost, is_said) in [("372", "16.74", true), ("120", "5.4", false)] {
        bill(folder.path(), 31, 16, &line("nat-2", "NatGateway-Bytes", ["GB", billed, cost], (0, 31)));
        let (_, report) = run(folder.path(), &["--month", "2026-10"]);
        let row = list(&report, "decisions").iter().find(|row| row["vpc_id"] == "vpc-0b").expect("a decision");
        let reason = row["reason"].as_str().expect("a text");
        assert_eq!(row["action"], "keep-nat", "{reason}");
        let said =
            "the bill has more than the logs of nat-2, whose bytes are of 2026-10-22 to 2026-10-31: ask for that time";
        assert_eq!(reason.contains(said), is_said, "{reason}");
    }
}

#[test]
fn a_gateway_that_the_bill_does_not_know_saves_no_list_price() {
    for (situation, billed, usd) in [
        ("no bill", None, json!("33.48")),
        ("a bill of both", Some("nat"), json!("33.48")),
        ("a bill of the other one", Some("nat-1"), Value::Null),
    ] {
        let folder = account();
        logs(folder.path(), 496, &quiet("eni-2", "NODATA", 0..31));
        if let Some(billed) = billed {
            bill(folder.path(), 31, 16, "");
            let file = folder.path().join("billing/bill.csv");
            let text = std::fs::read_to_string(&file).expect("a bill");
            let (of, head) = (format!("natgateway/{billed}"), COLUMNS.trim_end());
            let kept: Vec<&str> = text.lines().filter(|line| *line == head || line.contains(&of)).collect();
            put(folder.path(), "billing/bill.csv", &(kept.join("\n") + "\n"));
        }
        let (_, report) = run(folder.path(), &[]);
        let (kind, found, reason) = found(&report, "nat-2").expect("a finding");
        assert_eq!((kind.as_str(), &found), ("idle", &usd), "{situation}: {reason}");
        assert_eq!(reason.contains("what its hours cost is not known"), usd.is_null(), "{situation}: {reason}");
        // The endpoint takes all of the first one's bytes.
        let sum = if usd.is_null() { "33.48" } else { "66.96" };
        assert_eq!(report["summary"]["gateway_saving_usd"], json!(sum), "{situation}");
    }
}

/// S3 in the Region and in another one, from a client with IPv4 and from one that gets there by NAT64.
#[test]
fn no_gateway_endpoint_takes_over_what_nat64_leads_to() {
    let folder = account();
    let list = json!({"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.us-east-1.s3",
        "Cidrs": ["52.216.0.0/15"]}]});
    put(folder.path(), "inventory/lists.json", &list.to_string());
    let mut log = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status\n".to_owned();
    for (client, remote, gb) in [
        ("10.0.1.5", "52.216.1.1", 100),
        ("2600:1f18:0:1::5", "64:ff9b::34d8:101", 40),
        ("10.0.1.5", "52.218.1.1", 7),
        ("2600:1f18:0:1::5", "64:ff9b::34da:101", 5),
    ] {
        let (bytes, own) = (gb * GB, if client.contains(':') { remote } else { "10.0.1.9" });
        writeln!(log, "eni-1 {client} {own} {client} {remote} {bytes} {OCTOBER} {OCTOBER} ACCEPT OK").expect("memory");
    }
    put(folder.path(), "flow-logs/a.log", &log);
    let (_, report) = run(folder.path(), &["--month", "2026-10"]);
    let row = |row: &Value| (row["service_region"].clone(), row["endpoint"].clone(), row["upload_bytes"].clone());
    let mut rows: Vec<_> = self::list(&report, "traffic").iter().map(row).collect();
    rows.sort_by_key(|(.., bytes)| bytes.as_u64());
    let expect = [("eu-west-1", "none", 12), ("us-east-1", "none", 40), ("us-east-1", "gateway", 100)];
    assert_eq!(rows, expect.map(|(region, endpoint, gb)| (json!(region), json!(endpoint), json!(gb * GB))));
    let decision = decision(&report);
    assert_eq!((&decision["action"], &decision["bytes"]), (&json!("create"), &json!(100 * GB)), "{decision}");
    let said = warning(&report, "outside-prefix-list").expect("a warning");
    assert_eq!(said, format!("s3 of {} bytes (vpc-0a)", 40 * GB));
}
