//! What `natlens doctor` finds of credentials and permissions, and that it asks for nothing but what its own policy allows.

use super::fake::{Fake, Trick};
use super::inventory::account;
use super::natlens;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn checkup(folder: &Path, fake: &Fake, more: &[&str]) -> (i32, Value) {
    let run = natlens(folder, fake, &[&["doctor", "source", "--format", "json"], more].concat());
    assert_eq!(run.stderr, "");
    (run.code, serde_json::from_str(&run.stdout).expect("JSON"))
}

/// What was found of an area, by severity.
fn found<'a>(checkup: &'a Value, area: &str, severity: &str) -> Vec<&'a Value> {
    let findings = checkup["findings"].as_array().expect("an array");
    findings.iter().filter(|finding| finding["area"] == area && finding["severity"] == severity).collect()
}

fn actions(folder: &Path, fake: &Fake, more: &[&str]) -> BTreeSet<String> {
    let run = natlens(folder, fake, &[&["doctor", "source", "-q"], more].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let policy: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let statements = policy["Statement"].as_array().expect("an array");
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().expect("an array"));
    actions.map(|action| action.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn what_is_allowed_is_found_out_without_doing_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    let (code, whole) = checkup(folder.path(), &fake, &[]);
    assert_eq!(code, 0, "{whole:#}");
    let who = found(&whole, "credentials", "ok");
    assert!(who[0]["what"].as_str().is_some_and(|what| what.contains("account 111122223333")), "{whole:#}");
    let may = found(&whole, "permissions", "ok");
    assert!(may[0]["what"].as_str().is_some_and(|what| what.starts_with("111122223333 us-east-1: all")), "{whole:#}");
    let asked: BTreeSet<String> = fake.asked().into_iter().map(|asked| asked.action).collect();
    let allowed = actions(folder.path(), &fake, &["--policy"]);
    assert!(asked.is_subset(&allowed), "{asked:?} is not in {allowed:?}");
    let described = |actions: &BTreeSet<String>| actions.iter().filter(|action| action.starts_with("ec2:")).count();
    assert_eq!(described(&asked), described(&allowed), "each permission is tried");
    let before = fake.asked().len();
    checkup(folder.path(), &fake, &["--offline"]);
    assert_eq!(fake.asked().len(), before, "offline asks for nothing");
}

#[test]
fn what_is_not_allowed_is_named_with_what_it_is_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    fake.trick("DescribeSubnets", 9, Trick::Refuse(403, "UnauthorizedOperation", "You are not authorized."));
    let (code, whole) = checkup(folder.path(), &fake, &[]);
    assert_eq!(code, 3, "{whole:#}");
    let problems = found(&whole, "permissions", "problem");
    assert_eq!(problems.len(), 1, "{whole:#}");
    let what = problems[0]["what"].as_str().expect("a text");
    assert!(what.contains("ec2:DescribeSubnets") && what.contains("which zone an address is in"), "{what}");
    assert!(problems[0]["hint"].as_str().is_some_and(|hint| hint.contains("doctor --policy")), "{whole:#}");
    let rest = found(&whole, "permissions", "ok");
    assert!(rest[0]["what"].as_str().is_some_and(|what| what.contains("13 of 14 calls")), "{whole:#}");
}

/// Buckets, metrics, log groups and, where it is asked for, Cost Explorer: each permission has its own probe.
#[test]
fn every_part_that_the_settings_use_is_tried() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    std::fs::write(folder.path().join("source/natlens.toml"), "dns = \"s3://queries/p/\"\n").expect("a file");
    let more = ["--log-group", "flows", "--cost-explorer"];
    let (_, whole) = checkup(folder.path(), &fake, &["--log-group", "flows"]);
    assert_eq!(fake.count("ce:GetCostAndUsage"), 0, "it costs, and was not asked for");
    let missing = found(&whole, "permissions", "problem");
    assert!(
        missing.iter().any(|finding| finding["what"].as_str().is_some_and(|what| what.contains("log group"))),
        "{whole:#}"
    );
    for (operation, code, action) in [
        ("ListBucket", "AccessDenied", "s3:ListBucket"),
        ("GetObject", "AccessDenied", "s3:GetObject"),
        ("GetMetricData", "AccessDenied", "cloudwatch:GetMetricData"),
        ("ListMetrics", "AccessDenied", "cloudwatch:ListMetrics"),
        ("FilterLogEvents", "AccessDeniedException", "logs:FilterLogEvents"),
        ("GetCostAndUsage", "AccessDeniedException", "ce:GetCostAndUsage"),
    ] {
        fake.trick(operation, 99, Trick::Refuse(403, code, "no"));
        let (_, whole) = checkup(folder.path(), &fake, &more);
        fake.trick(operation, 0, Trick::Loop);
        let problems = found(&whole, "permissions", "problem");
        let named = |finding: &&Value| {
            finding["what"].as_str().is_some_and(|what| what.contains(&format!("{action} is not allowed")))
        };
        assert!(problems.iter().any(named), "{action}: {whole:#}");
    }
    let (_, whole) = checkup(folder.path(), &fake, &[]);
    let may = found(&whole, "permissions", "ok");
    let bucket = |finding: &&Value| finding["what"] == "s3://queries/p/: all 2 calls allowed";
    assert!(may.iter().any(bucket), "{whole:#}");
    let asked: BTreeSet<String> = fake.asked().into_iter().map(|asked| asked.action).collect();
    let allowed = actions(folder.path(), &fake, &["--policy", "--log-group", "flows"]);
    assert_eq!(asked, allowed, "what is asked for is what the policy allows");
}

#[test]
fn bad_credentials_have_an_exit_code_of_their_own() {
    for (code, message) in [("ExpiredToken", "The token has expired"), ("InvalidClientTokenId", "The token is invalid")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let fake = Fake::start(account(folder.path()));
        fake.trick("GetCallerIdentity", 9, Trick::Refuse(403, code, message));
        let (exit, whole) = checkup(folder.path(), &fake, &[]);
        assert_eq!(exit, 4, "{whole:#}");
        let problems = found(&whole, "credentials", "problem");
        assert!(problems[0]["what"].as_str().is_some_and(|what| what.contains(code)), "{whole:#}");
        assert!(problems[0]["hint"].as_str().is_some_and(|hint| hint.contains("aws sso login")), "{whole:#}");
        assert_eq!(fake.count("ec2:DescribeVpcs"), 0, "nothing more is asked with them");
        // A message that repeats the whole request must not be shown: `natlens` above looks for what must not be seen.
        fake.trick("GetCallerIdentity", 9, Trick::Echo);
        assert_eq!(checkup(folder.path(), &fake, &[]).0, 4);
    }
}

#[test]
fn accounts_are_read_by_their_roles() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    let settings = "[aws]\nregions = [\"us-east-1\", \"eu-west-1\"]\n\n[[accounts]]\n\
                    role-arn = \"arn:aws:iam::444455556666:role/natlens\"\nexternal-id = \"x-1\"\n";
    std::fs::write(folder.path().join("source/natlens.toml"), settings).expect("a file can be written");
    let (code, whole) = checkup(folder.path(), &fake, &[]);
    assert_eq!(code, 0, "{whole:#}");
    let may: Vec<&str> =
        found(&whole, "permissions", "ok").into_iter().filter_map(|finding| finding["what"].as_str()).collect();
    assert_eq!(may.len(), 2, "{whole:#}");
    assert!(
        may[0].starts_with("444455556666 us-east-1: all") && may[1].starts_with("444455556666 eu-west-1: all"),
        "{may:?}"
    );
    // The credentials only take on the role; what they may, and what the role may, are two policies.
    let by = |key: &str| -> BTreeSet<String> {
        fake.asked().into_iter().filter(|asked| asked.key.starts_with(key)).map(|asked| asked.action).collect()
    };
    let (own, role) =
        (actions(folder.path(), &fake, &["--policy"]), actions(folder.path(), &fake, &["--policy=roles"]));
    assert!(by("AKID").is_subset(&own), "{:?} is not in {own:?}", by("AKID"));
    assert!(by("ROLE").is_subset(&role), "{:?} is not in {role:?}", by("ROLE"));
    assert!(own.contains("sts:AssumeRole") && !own.contains("ec2:DescribeVpcs"), "{own:?}");
    assert!(!role.contains("sts:AssumeRole") && role.contains("ec2:DescribeVpcs"), "{role:?}");
    fake.trick("AssumeRole", 9, Trick::Refuse(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"));
    let (code, whole) = checkup(folder.path(), &fake, &[]);
    assert_eq!(code, 4, "{whole:#}");
    let problems = found(&whole, "credentials", "problem");
    assert!(problems[0]["what"].as_str().is_some_and(|what| what.contains("444455556666")), "{whole:#}");
}

#[test]
fn an_account_that_does_not_answer_is_a_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(account(folder.path()));
    fake.trick("DescribeVpcs", 99, Trick::Refuse(503, "Unavailable", "busy"));
    let (code, whole) = checkup(folder.path(), &fake, &[]);
    assert_eq!(code, 5, "{whole:#}");
    let problems = found(&whole, "permissions", "problem");
    assert!(problems[0]["what"].as_str().is_some_and(|what| what.contains("Unavailable")), "{whole:#}");
}
