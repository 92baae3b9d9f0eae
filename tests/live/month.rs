//! The month: metrics, costs and flow logs of log groups.

use super::fake::{Fake, State, Trick};
use super::inventory::{small, state};
use super::{CANARIES, files, natlens};
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;

pub const COLLECT: [&str; 5] = ["collect", "--to", "bundle", "--month", "2026-10"];
const DAY: u64 = 86_400;
/// 2026-10-01, in seconds.
const OCTOBER: u64 = 1_790_812_800;

/// A simulated account in `source/`, and the same behind the APIs: its flow logs in one log group.
fn account(folder: &Path) -> State {
    let args =
        "simulate --to source --records 3000 --clients 30 --objects 4 --bill-format cost-explorer --bill-parts 3";
    let run = super::common::natlens(folder, &args.split(' ').collect::<Vec<_>>());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let source = folder.join("source");
    let mut state = state(&source.join("inventory"), "us-east-1");
    for bytes in files(&source.join("metrics")).into_values() {
        let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
        for result in answer["MetricDataResults"].as_array().expect("results") {
            let values: Vec<u64> =
                result["Values"].as_array().expect("values").iter().filter_map(Value::as_u64).collect();
            let times = (0..values.len() as u64).map(|day| OCTOBER + day * DAY).collect();
            state.metrics.insert(label(result), (times, values));
        }
    }
    state.costs = files(&source.join("billing"))
        .into_values()
        .map(|bytes| serde_json::from_slice(&bytes).expect("JSON"))
        .collect();
    assert_eq!(state.costs.len(), 3);
    let mut events = Vec::new();
    for (name, bytes) in files(&source.join("flow-logs")) {
        let mut text = String::new();
        MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut lines = text.lines();
        let fields: Vec<&str> = lines.next().expect("a header").split(' ').collect();
        let start = fields.iter().position(|field| *field == "start").expect("a start");
        // A record that is none says nothing of its format, which only a header line of S3 would tell.
        for line in lines.filter(|line| line.split(' ').count() == fields.len()) {
            let seconds = line.split(' ').nth(start).and_then(|field| field.parse().ok()).unwrap_or(OCTOBER);
            events.push((i64::try_from(seconds * 1000).expect("a time"), line.to_owned()));
        }
    }
    events.sort();
    state.events.insert("/flow/logs".to_owned(), events);
    let logs = state.inventory.get_mut(&("us-east-1".to_owned(), "FlowLogs".to_owned())).expect("flow logs");
    for log in logs {
        log["LogGroupName"] = json!("/flow/logs");
    }
    state
}

/// What stands in an answer of the simulation, by label or id.
fn label(result: &Value) -> String {
    let (label, id) = (result["Label"].as_str().expect("a label"), result["Id"].as_str().expect("an id"));
    if label.contains("nat-") || label.contains("vpce-") {
        return label.to_owned();
    }
    // `nat_0a1b_us_east_1a_BytesInFromSource`.
    let of = id.strip_suffix(&format!("_{label}")).expect("resource and metric");
    let parts: Vec<&str> = of.split('_').collect();
    let zone = if parts.len() > 2 { format!(" {}", parts[2..].join("-")) } else { String::new() };
    format!("{}-{}{zone} {label}", parts[0], parts[1])
}

fn report(folder: &Path, args: &[&str]) -> Value {
    let run = super::common::natlens(
        folder,
        &[&["report", "--format", "json", "--month", "2026-10", "--no-cache"], args].concat(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let object = report.as_object_mut().expect("an object");
    object.remove("inputs").expect("inputs");
    report
}

#[test]
fn a_collected_month_gives_the_report_of_the_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    let run = natlens(folder.path(), &fake, &COLLECT);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("here at most 0.10 USD") && run.stderr.contains("3 requests to Cost Explorer: 0.03 USD"),
        "{}",
        run.stderr
    );
    let collected = report(folder.path(), &["bundle", "--flow-logs", "source/flow-logs", "--dns", "source/dns"]);
    assert_eq!(collected, report(folder.path(), &["source"]));
    assert!(fake.count("cloudwatch:GetMetricData") > 1 && fake.count("ce:GetCostAndUsage") == 3);
    let calls = natlens::aws::call::all().into_iter().filter(|call| !natlens::aws::s3::WRITES.contains(call));
    let policy: Vec<&str> = calls.map(|call| call.action).collect();
    assert!(fake.asked().iter().all(|asked| policy.contains(&asked.action.as_str())), "{:?}", fake.asked());
    for (name, bytes) in files(&folder.path().join("bundle")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{name} holds a credential");
    }
}

#[test]
fn log_groups_are_flow_logs_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = account(folder.path());
    let of_source = report(folder.path(), &["source", "--billing", "source/billing"]);
    let sections = ["summary", "nat_gateways", "traffic", "clients", "decisions"];
    let mut texts = Vec::new();
    // Pages of any size give the same files.
    for page in [7, 0] {
        let fake = Fake::start(State { page, ..state.clone() });
        let run = natlens(folder.path(), &fake, &[&COLLECT[..], &["--log-group", "/flow/logs", "--replace"]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stderr.contains("filter-log-events of /flow/logs"), "{}", run.stderr);
        texts.push(files(&folder.path().join("bundle/flow-logs")));
    }
    assert!(texts[0].len() > 2 && texts[0] == texts[1]);
    let collected = report(folder.path(), &["bundle", "--dns", "source/dns"]);
    for section in sections {
        assert_eq!(collected[section], of_source[section], "{section}");
    }
}

pub fn metered() -> State {
    let series = |of: &str, metrics: &[&str]| {
        let point = |metric: &&str| (format!("{of} {metric}"), (vec![OCTOBER, OCTOBER + 3600], vec![5, 7]));
        metrics.iter().map(point).collect::<Vec<_>>()
    };
    let metrics = ["BytesInFromSource", "BytesInFromDestination", "BytesOutToSource", "BytesOutToDestination"];
    let all = [series("nat-0a", &metrics), series("vpce-0c", &["BytesProcessed"])].concat();
    State { metrics: all.into_iter().collect(), ..small() }
}

fn run(state: &State, trick: Option<(&str, Trick)>, more: &[&str]) -> (super::common::Run, Fake, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(state.clone());
    if let Some((operation, trick)) = trick {
        fake.trick(operation, 99, trick);
    }
    let run = natlens(folder.path(), &fake, &[&COLLECT[..], more].concat());
    (run, fake, folder)
}

#[test]
fn metrics_are_of_what_metered() {
    let (run, _, folder) = run(&metered(), None, &["--no-cost-explorer"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found = files(&folder.path().join("bundle/metrics"));
    let text = &found["2026-10/111122223333/us-east-1/get-metric-data.json"];
    let answer: Value = serde_json::from_slice(text).expect("JSON");
    let results = answer["MetricDataResults"].as_array().expect("results");
    assert_eq!(results.len(), 5, "nat-0b has none, and is no gap: {results:?}");
    let expect = json!({
        "Id": "nat_0a_BytesInFromSource", "Label": "nat-0a BytesInFromSource", "StatusCode": "Complete",
        "Timestamps": ["2026-10-01T00:00:00+00:00", "2026-10-01T01:00:00+00:00"], "Values": [5.0, 7.0],
    });
    assert_eq!(results[0], expect);
}

#[test]
fn a_gateway_that_only_its_metrics_know_is_kept_with_them() {
    let mut state = metered();
    for metric in ["BytesInFromSource", "BytesInFromDestination", "BytesOutToSource", "BytesOutToDestination"] {
        state.metrics.insert(format!("nat-0dead us-east-1c {metric}"), (vec![OCTOBER], vec![9]));
    }
    let (run, _, folder) = run(&state, None, &["--no-cost-explorer"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("nat-0dead is deleted"), "{}", run.stderr);
    let of = |file: &str| serde_json::from_slice::<Value>(&files(&folder.path().join("bundle"))[file]).expect("JSON");
    let kept = of("inventory/111122223333/us-east-1/deleted-nat-gateways.json");
    assert_eq!(kept, json!({"NatGateways": [{"NatGatewayId": "nat-0dead", "State": "deleted"}]}));
    let metrics = of("metrics/2026-10/111122223333/us-east-1/get-metric-data.json");
    let labels: Vec<&str> =
        metrics["MetricDataResults"].as_array().expect("results").iter().filter_map(|r| r["Label"].as_str()).collect();
    assert!(labels.contains(&"nat-0dead us-east-1c BytesInFromSource"), "{labels:?}");
}

#[test]
fn old_metrics_are_missed_and_the_rest_is_kept() {
    let (run, fake, folder) = run(&metered(), None, &["--no-cost-explorer", "--now", "2028-06-01"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("AWS keeps metrics for 455 days, and 2026-10 is older"), "{}", run.stderr);
    assert!(fake.count("cloudwatch:GetMetricData") == 0 && folder.path().join("bundle/inventory").exists());
}

#[test]
fn refusals_of_the_month_are_said_with_their_permission() {
    let no = Trick::Refuse(400, "AccessDeniedException", "User is not authorized");
    for (operation, action) in [
        ("GetMetricData", "cloudwatch:GetMetricData"),
        ("GetCostAndUsage", "ce:GetCostAndUsage"),
        ("FilterLogEvents", "logs:FilterLogEvents"),
    ] {
        let (run, ..) = run(&metered(), Some((operation, no)), &["--log-group", "g"]);
        assert_eq!(run.code, 3, "{operation}: {}", run.stderr);
        assert!(
            run.stderr.contains(&format!("{action}: AccessDeniedException: User is not authorized")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(&format!("hint: allow {action}")), "{}", run.stderr);
    }
    let (run, ..) = run(&metered(), None, &["--log-group", "nowhere", "--no-cost-explorer"]);
    assert!(run.code == 3 && run.stderr.contains("hint: see `aws logs describe-log-groups`"), "{}", run.stderr);
}

#[test]
fn a_failing_service_ends_the_run_and_leaves_nothing() {
    for (operation, trick, code) in [
        ("ListMetrics", Trick::Loop, 5),
        ("GetMetricData", Trick::Loop, 5),
        ("GetCostAndUsage", Trick::Loop, 5),
        ("FilterLogEvents", Trick::Loop, 5),
        ("GetMetricData", Trick::Refuse(400, "ExpiredTokenException", "expired"), 4),
        ("GetCostAndUsage", Trick::Refuse(400, "ExpiredTokenException", "expired"), 4),
        ("FilterLogEvents", Trick::Refuse(400, "ExpiredTokenException", "expired"), 4),
        ("GetCostAndUsage", Trick::Echo, 4),
    ] {
        let state = State { events: [("g".to_owned(), vec![(1_790_812_800_000, "x".to_owned())])].into(), ..metered() };
        let (run, _, folder) = run(&state, Some((operation, trick)), &["--log-group", "g", "-vv"]);
        assert_eq!(run.code, code, "{operation} {trick:?}: {}", run.stderr);
        let left = files(&folder.path().join("bundle"));
        assert!(left.keys().all(|name| name == ".natlens-collect.lock"), "{operation}: {:?}", left.keys());
    }
}

#[test]
fn costs_stop_at_the_cap_and_are_not_asked_for_twice() {
    let page = || json!({"GroupDefinitions": [], "ResultsByTime": []});
    let state = State { costs: vec![page(), page(), page()], ..metered() };
    let (run, fake, folder) = run(&state, None, &["--max-cost-explorer-requests", "2"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("the answer has more than 2 pages; none of it is kept"), "{}", run.stderr);
    assert!(fake.count("ce:GetCostAndUsage") == 2 && !folder.path().join("bundle/billing").exists());
    let (run, fake, folder) = self::run(&state, None, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // Repetitions cost, too, and are counted and capped with the others.
    let throttled = Trick::Refuse(400, "ThrottlingException", "Rate exceeded");
    let again = |times: usize, more: &[&str]| {
        let (folder, fake) = (tempfile::tempdir().expect("a folder"), Fake::start(state.clone()));
        fake.trick("GetCostAndUsage", times, throttled);
        let run = natlens(folder.path(), &fake, &[&COLLECT[..], more].concat());
        (run, fake.count("ce:GetCostAndUsage"))
    };
    let (twice, asked) = again(2, &[]);
    assert_eq!((twice.code, asked), (0, 5), "{}", twice.stderr);
    assert!(twice.stderr.contains("5 requests to Cost Explorer: 0.05 USD"), "{}", twice.stderr);
    let (capped, asked) = again(9, &["--max-cost-explorer-requests", "3"]);
    assert_eq!((capped.code, asked), (5, 3), "{}", capped.stderr);
    // Another Region of the same month: the costs are there already.
    let more = natlens(folder.path(), &fake, &[&COLLECT[..], &["--region", "eu-west-1"]].concat());
    assert_eq!(more.code, 0, "{}", more.stderr);
    assert_eq!(fake.count("ce:GetCostAndUsage"), 3);
}
