//! The inventory: what EC2 describes.

use super::fake::{Fake, State, Trick};
use super::{files, natlens};
use serde_json::{Value, json};
use std::path::Path;

/// A simulated account as a folder, and the same account behind the API.
pub fn account(folder: &Path) -> State {
    let to = folder.join("source");
    let run = super::common::natlens(
        folder,
        &["simulate", "--to", super::common::arg(&to), "--records", "3000", "--clients", "30", "--objects", "4"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    state(&folder.join("source/inventory"), "us-east-1")
}

/// What describe output says, by Region and key.
pub fn state(inventory: &Path, region: &str) -> State {
    let mut state = State { page: 7, ..State::default() };
    for (name, bytes) in files(inventory) {
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        for (key, list) in value.as_object().expect("an object") {
            let list = list.as_array().cloned().unwrap_or_default();
            if key == "Entries" {
                let id = name.split("pl-").nth(1).and_then(|rest| rest.split('.').next()).expect("a list's id");
                state.entries.insert(format!("pl-{id}"), list);
            } else {
                state.inventory.entry((region.to_owned(), key.clone())).or_default().extend(list);
            }
        }
    }
    state
}

const COLLECT: [&str; 7] = ["collect", "--to", "bundle", "--month", "2026-10", "--no-cost-explorer", "--no-metrics"];

fn json_file(folder: &Path, name: &str) -> Value {
    let path = folder.join("bundle/inventory/111122223333/us-east-1").join(name);
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).expect("JSON")
}

#[test]
fn what_is_collected_gives_the_report_of_the_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    let run = natlens(folder.path(), &fake, &COLLECT);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = |inventory: &str| {
        let args = ["report", "source", "--inventory", inventory, "--format", "json"];
        let run = super::common::natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let inputs = report.as_object_mut().and_then(|report| report.remove("inputs"));
        assert!(inputs.is_some());
        report
    };
    assert_eq!(report("bundle/inventory"), report("source/inventory"));
    assert!(fake.count("ec2:DescribeNetworkInterfaces") > 1, "one page only");
}

/// Two gateways in one VPC, and a prefix list.
pub fn small() -> State {
    let mut state = State::default();
    let mut put = |key: &str, list: Value| {
        state.inventory.insert(("us-east-1".to_owned(), key.to_owned()), list.as_array().cloned().unwrap_or_default());
    };
    let gateway = |id: &str| {
        json!({
            "NatGatewayId": id, "State": "available", "VpcId": "vpc-1", "SubnetId": "subnet-1", "ConnectivityType": "public",
            "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1", "PrivateIp": "10.0.0.9", "IsPrimary": true}],
            "Tags": [{"Key": "Name", "Value": "a <b> & \u{e9}"}],
        })
    };
    put("NatGateways", json!([gateway("nat-0a"), gateway("nat-0b")]));
    put("Vpcs", json!([{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "IsDefault": false}]));
    put(
        "Subnets",
        json!([{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a", "CidrBlock": "10.0.0.0/24"}]),
    );
    put(
        "PrefixLists",
        json!([{"PrefixListId": "pl-63a5400a", "PrefixListName": "com.amazonaws.us-east-1.s3", "MaxEntries": 3}]),
    );
    put(
        "VpcEndpoints",
        json!([{"VpcEndpointId": "vpce-0c", "VpcEndpointType": "Interface", "VpcId": "vpc-1",
        "ServiceName": "com.amazonaws.us-east-1.sqs", "State": "available", "PrivateDnsEnabled": true, "SubnetIds": ["subnet-1"]}]),
    );
    state
        .entries
        .insert("pl-63a5400a".to_owned(), vec![json!({"Cidr": "52.216.0.0/15"}), json!({"Cidr": "54.231.0.0/16"})]);
    state
}

fn run(folder: &Path, fake: &Fake, more: &[&str]) -> super::common::Run {
    natlens(folder, fake, &[&COLLECT, more].concat())
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn files_hold_what_the_aws_cli_prints() {
    let folder = empty();
    let state = small();
    let fake = Fake::start(state.clone());
    let run = run(folder.path(), &fake, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.is_empty() && run.stderr.contains("2  describe-nat-gateways"), "{}", run.stderr);
    let of = |key: &str| json!({key: state.inventory[&("us-east-1".to_owned(), key.to_owned())]});
    assert_eq!(json_file(folder.path(), "describe-nat-gateways.json"), of("NatGateways"));
    assert_eq!(json_file(folder.path(), "describe-vpc-endpoints.json"), of("VpcEndpoints"));
    assert_eq!(json_file(folder.path(), "describe-managed-prefix-lists.json"), of("PrefixLists"));
    let entries = json_file(folder.path(), "get-managed-prefix-list-entries-pl-63a5400a.json");
    assert_eq!(entries, json!({"Entries": state.entries["pl-63a5400a"]}));
    assert_eq!(json_file(folder.path(), "describe-flow-logs.json"), json!({"FlowLogs": []}));
}

#[test]
fn pages_and_throttling_change_nothing() {
    let folders = [empty(), empty()];
    let plain = Fake::start(small());
    assert_eq!(run(folders[0].path(), &plain, &[]).code, 0);
    let hard = Fake::start(State { page: 1, ..small() });
    hard.trick("DescribeNatGateways", 3, Trick::Refuse(503, "RequestLimitExceeded", "Request limit exceeded."));
    hard.trick("DescribeVpcs", 2, Trick::Refuse(500, "InternalError", ""));
    hard.trick("DescribeSubnets", 2, Trick::Cut);
    hard.trick("DescribeInstances", 1, Trick::Refuse(400, "ExpiredToken", "once"));
    let second = run(folders[1].path(), &hard, &[]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    let found = folders.each_ref().map(|folder| files(&folder.path().join("bundle/inventory")));
    assert!(found[0].len() > 10 && found[0] == found[1]);
    assert_eq!(hard.count("ec2:DescribeNatGateways"), 3 + 2);
}

#[test]
fn what_is_not_allowed_is_missed_and_said() {
    let folder = empty();
    let fake = Fake::start(small());
    let no = "You are not authorized to perform this operation.";
    fake.trick("DescribeInstances", 1, Trick::Refuse(403, "UnauthorizedOperation", no));
    fake.trick("GetManagedPrefixListEntries", 9, Trick::Refuse(403, "UnauthorizedOperation", no));
    let first = run(folder.path(), &fake, &[]);
    assert_eq!(first.code, 3, "{}", first.stderr);
    for part in [
        "warning: missing: names and tags of instances: 111122223333 us-east-1: ec2:DescribeInstances: UnauthorizedOperation",
        "hint: allow ec2:DescribeInstances",
        "hint: allow ec2:GetManagedPrefixListEntries",
    ] {
        assert!(first.stderr.contains(part), "{part} is not in {}", first.stderr);
    }
    let all = files(&folder.path().join("bundle/inventory"));
    assert!(all.keys().all(|name| !name.contains("describe-instances") && !name.contains("entries")));
    assert_eq!(fake.count("ec2:DescribeInstances"), 1, "a refusal is asked for again");
    // Allowed now; and what was had once stays when it is refused later.
    assert_eq!(run(folder.path(), &fake, &["--replace"]).code, 3);
    fake.trick("DescribeInstances", 1, Trick::Refuse(403, "UnauthorizedOperation", no));
    fake.trick("DescribeManagedPrefixLists", 1, Trick::Refuse(403, "UnauthorizedOperation", no));
    assert_eq!(run(folder.path(), &fake, &["--replace"]).code, 3);
    assert_eq!(json_file(folder.path(), "describe-instances.json"), json!({"Reservations": []}));
    let record = files(&folder.path().join("bundle/collected"));
    let record: Value = serde_json::from_slice(record.values().next().expect("a record")).expect("JSON");
    assert_eq!(record["missing"][0]["action"], "ec2:DescribeInstances");
}

/// The run fails with this exit code, says this, and leaves nothing.
fn check_stop(operation: &str, times: usize, trick: Trick, code: i32, says: &[&str]) {
    let folder = empty();
    let fake = Fake::start(small());
    fake.trick(operation, times, trick);
    let run = run(folder.path(), &fake, &["-vv"]);
    assert_eq!(run.code, code, "{operation} {trick:?}: {}", run.stderr);
    for part in says {
        assert!(run.stderr.contains(part), "{part} is not in {}", run.stderr);
    }
    let left = files(&folder.path().join("bundle"));
    let parts: Vec<&String> = left.keys().filter(|name| *name != ".natlens-collect.lock").collect();
    assert!(parts.is_empty(), "{parts:?}");
}

#[test]
fn trouble_ends_the_run_with_its_exit_code() {
    let expired = Trick::Refuse(400, "ExpiredTokenException", "The security token included in the request is expired");
    check_stop(
        "GetCallerIdentity",
        9,
        expired,
        4,
        &["sts:GetCallerIdentity: ExpiredTokenException", "hint: sign in again"],
    );
    check_stop(
        "DescribeSubnets",
        9,
        Trick::Refuse(400, "RequestExpired", "old"),
        4,
        &["ec2:DescribeSubnets", "aws sso login"],
    );
    check_stop("DescribeVpcs", 99, Trick::Loop, 5, &["ec2:DescribeVpcs: the pages have no end"]);
    check_stop("DescribeVpcs", 99, Trick::Rubbish, 5, &["cannot be read", "hint: "]);
    // Explained with all headers, the token among them.
    check_stop("GetCallerIdentity", 9, Trick::Echo, 4, &["SignatureDoesNotMatch: the signature is not accepted"]);
}

#[test]
fn services_that_are_gone_end_the_run_for_a_retry() {
    check_stop(
        "DescribeVpcs",
        99,
        Trick::Refuse(503, "Unavailable", "try later"),
        5,
        &["Unavailable", "hint: try again later"],
    );
    let folder = empty();
    let fake = Fake::start(small());
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let url = format!("http://{nobody}");
    let variables = [
        ("AWS_ENDPOINT_URL_EC2", url.as_str()),
        ("AWS_ENDPOINT_URL", fake.url()),
        ("AWS_ACCESS_KEY_ID", "k"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_REGION", "us-east-1"),
    ];
    let run = super::common::natlens_in(folder.path(), &variables, &COLLECT);
    assert_eq!(run.code, 5, "{}", run.stderr);
}

#[test]
fn without_credentials_or_region_it_says_how_to_get_them() {
    let folder = empty();
    let fake = Fake::start(small());
    let with = |variables: &[(&str, &str)]| {
        let run = super::common::natlens_in(folder.path(), variables, &COLLECT);
        (run.code, run.stderr)
    };
    let url = ("AWS_ENDPOINT_URL", fake.url());
    let (code, said) = with(&[url, ("AWS_REGION", "us-east-1"), ("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(code == 4 && said.contains("credentials: ") && said.contains("aws sso login"), "{code}: {said}");
    let (code, said) =
        with(&[url, ("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(code == 4 && said.contains("error: no Region is named"), "{code}: {said}");
    assert!(fake.asked().is_empty());
}

#[test]
fn a_month_is_not_overwritten_and_deleted_gateways_stay() {
    let folder = empty();
    assert_eq!(run(folder.path(), &Fake::start(small()), &[]).code, 0);
    let mut state = small();
    let gateways = state.inventory.get_mut(&("us-east-1".to_owned(), "NatGateways".to_owned())).expect("gateways");
    let gone = gateways.remove(0);
    let fake = Fake::start(state);
    let before = files(folder.path());
    let again = run(folder.path(), &fake, &[]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(
        again.stderr.contains("2026-10 was collected before: 111122223333 us-east-1")
            && again.stderr.contains("--replace")
    );
    assert_eq!(files(folder.path()), before);
    // Twice: what is gone stays gone, and kept.
    for _ in 0..2 {
        let replaced = run(folder.path(), &fake, &["--replace"]);
        assert_eq!(replaced.code, 0, "{}", replaced.stderr);
        assert!(replaced.stderr.contains("nat-0a is deleted; its last description is kept"), "{}", replaced.stderr);
        let mut kept = gone.clone();
        kept["State"] = json!("deleted");
        assert_eq!(json_file(folder.path(), "deleted-nat-gateways.json"), json!({"NatGateways": [kept]}));
    }
    // Another month is no overwriting.
    let other = natlens(
        folder.path(),
        &fake,
        &["collect", "--to", "bundle", "--month", "2026-09", "--no-cost-explorer", "--no-metrics"],
    );
    assert_eq!(other.code, 0, "{}", other.stderr);
}

#[test]
fn all_regions_and_accounts_of_the_settings_are_asked() {
    let folder = empty();
    std::fs::create_dir(folder.path().join("bundle")).expect("made");
    let settings = "[aws]\nregions = [\"us-east-1\", \"eu-west-1\"]\n\n\
        [[accounts]]\nrole-arn = \"arn:aws:iam::444455556666:role/natlens\"\nexternal-id = \"x-1\"\n\n\
        [[accounts]]\nrole-arn = \"arn:aws:iam::777788889999:role/natlens\"\nregions = [\"cn-north-1\"]\n";
    std::fs::write(folder.path().join("bundle/natlens.toml"), settings).expect("written");
    let fake = Fake::start(small());
    fake.trick(
        "DescribeFlowLogs",
        1,
        Trick::Refuse(401, "AuthFailure", "not able to validate the provided access credentials"),
    );
    let run = run(folder.path(), &fake, &[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("if the account has not enabled this Region, leave it out"), "{}", run.stderr);
    let places: std::collections::BTreeSet<(String, String)> = fake
        .asked()
        .into_iter()
        .filter(|asked| asked.action == "ec2:DescribeNatGateways")
        .map(|asked| (asked.key, asked.region))
        .collect();
    let expect =
        [("ROLE444455556666", "eu-west-1"), ("ROLE444455556666", "us-east-1"), ("ROLE777788889999", "cn-north-1")];
    assert_eq!(places, expect.map(|(key, region)| (key.to_owned(), region.to_owned())).into());
    assert_eq!(fake.count("sts:AssumeRole"), 3 + 2, "a role is taken on again for each request");
}

#[test]
fn every_request_is_of_the_policy() {
    let folder = empty();
    let fake = Fake::start(small());
    assert_eq!(run(folder.path(), &fake, &[]).code, 0);
    // `collect` asks Athena for nothing, and writes into a bucket only if told to.
    let writes = |call: &natlens::aws::Call| {
        natlens::aws::s3::WRITES.contains(call) || natlens::aws::athena::calls().any(|of_athena| of_athena == *call)
    };
    let calls = natlens::aws::call::all().into_iter().filter(|call| !writes(call));
    let policy: Vec<&str> = calls.map(|call| call.action).collect();
    for asked in fake.asked() {
        assert!(policy.contains(&asked.action.as_str()), "{} is not in the policy", asked.action);
        assert_eq!(asked.key, super::CANARIES[0]);
    }
    for action in policy {
        let (_, operation) = action.split_once(':').expect("service:operation");
        let reads = ["Describe", "Get", "List", "Filter", "AssumeRole"].iter().any(|verb| operation.starts_with(verb));
        assert!(reads, "{action} might write");
    }
    for (name, bytes) in files(folder.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(super::CANARIES.iter().all(|canary| !text.contains(canary)), "{name} holds a credential");
    }
}
