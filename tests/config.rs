//! `natlens config`: what holds, who said so, and that commands run by the same values.

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod common;

use common::{Run, arg, natlens_in};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A working folder with a bundle and a home.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        for below in ["bundle/flow-logs", "home/.config/natlens", "home/.aws"] {
            std::fs::create_dir_all(place.path(below)).expect("a folder can be made");
        }
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn write(&self, below: &str, text: &str) {
        std::fs::write(self.path(below), text).expect("a file can be written");
    }

    fn run(&self, variables: &[(&str, &str)], args: &[&str]) -> Run {
        let home = self.path("home");
        let variables = [&[("HOME", arg(&home))], variables].concat();
        natlens_in(self.folder.path(), &variables, &[&["config", "bundle"], args].concat())
    }

    fn list(&self, variables: &[(&str, &str)], args: &[&str]) -> Value {
        let run = self.run(variables, &[&["--format", "json"], args].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
        serde_json::from_str(&run.stdout).expect("JSON on stdout")
    }
}

fn row<'a>(list: &'a Value, name: &str) -> &'a Value {
    let rows = list["settings"].as_array().expect("an array");
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} is not in {list:#}"))
}

fn check(list: &Value, name: &str, value: &Value, from: &str, at: Option<&str>, situation: &str) {
    let expect = json!({"name": name, "value": value, "from": from, "at": at});
    assert_eq!(row(list, name), &expect, "{situation}");
}

/// A setting and what it is in five places, the strongest first: flag, variable, the bundle's file, the one here, the user's;
/// how its value is shown, and what holds where nobody says anything.
type Layered = (&'static str, [&'static str; 5], fn(&str) -> Value, Value);

const FILES: [&str; 3] = ["bundle/natlens.toml", "natlens.toml", "home/.config/natlens/config.toml"];

#[test]
fn every_layer_wins_over_the_next() {
    let text = |text: &str| json!(text);
    let number = |text: &str| json!(text.parse::<u64>().expect("a number"));
    let list = |text: &str| json!([text]);
    let truth = |text: &str| json!(text == "true");
    let memory = |text: &str| json!(text.replace("MiB", " MiB"));
    let numbers = ["1", "2", "3", "4", "5"];
    let months = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"];
    let limits = ["saving>1", "saving>2", "saving>3", "saving>4", "saving>5"];
    let settings: [Layered; 11] = [
        ("threads", numbers, number, Value::Null),
        ("top", numbers, number, Value::Null),
        ("dns-look-back", numbers, number, json!(24)),
        ("cost-basis", ["list", "unblended", "list", "unblended", "list"], text, json!("net")),
        ("format", ["json", "csv", "markdown", "json", "csv"], text, json!("table")),
        ("memory-limit", ["101MiB", "102MiB", "103MiB", "104MiB", "105MiB"], memory, Value::Null),
        ("log-format", ["a", "b", "c", "d", "e"], text, Value::Null),
        ("month", months, text, Value::Null),
        ("group-by", ["nat", "vpc", "az", "day", "tag:team"], list, json!([])),
        ("fail-on", limits, list, json!([])),
        ("strict", ["true", "false", "true", "false", "true"], truth, json!(false)),
    ];
    for setting in settings {
        check_layers(&setting);
    }
}

/// Takes one layer after the other away.
fn check_layers(setting: &Layered) {
    let (name, texts, shown, default) = setting;
    let place = Place::new();
    let quoted = |text: &str| match shown(text) {
        Value::Number(_) | Value::Bool(_) => text.to_owned(),
        _ => format!("\"{text}\""),
    };
    for (file, text) in FILES.iter().zip(&texts[2..]) {
        // Not in the first line, so that a line is seen to be counted.
        place.write(file, &format!("# settings\n\n{name} = {}\n", quoted(text)));
    }
    let variable = format!("NATLENS_{}", name.replace('-', "_").to_uppercase());
    let variables = [(variable.as_str(), texts[1])];
    let flag = format!("--{name}");
    // The list has a `--format` of its own.
    let typed = if *name == "format" { "--report-format" } else { flag.as_str() };
    let given: &[&str] = if *name == "strict" { &[typed] } else { &[typed, texts[0]] };
    check(&place.list(&variables, given), name, &shown(texts[0]), "flag", Some(&flag), name);
    check(&place.list(&variables, &[]), name, &shown(texts[1]), "env", Some(&variable), name);
    for (file, text) in FILES.iter().zip(&texts[2..]) {
        let path = if file.starts_with("home") { arg(&place.path(file)).to_owned() } else { (*file).to_owned() };
        check(&place.list(&[], &[]), name, &shown(text), "file", Some(&format!("{path}:3")), file);
        std::fs::remove_file(place.path(file)).expect("a file can be removed");
    }
    let list = place.list(&[], &[]);
    let expect = if *name == "threads" { row(&list, name)["value"].clone() } else { default.clone() };
    check(&list, name, &expect, "default", None, name);
}

#[test]
fn parts_of_a_bundle() {
    let place = Place::new();
    check(
        &place.list(&[], &[]),
        "flow-logs",
        &json!(["bundle/flow-logs"]),
        "bundle",
        Some("bundle/flow-logs"),
        "there",
    );
    check(&place.list(&[], &[]), "billing", &json!([]), "default", None, "not there");
    check(&place.list(&[], &[]), "prices", &json!("built-in"), "default", None, "not there");
    place.write("bundle/prices.csv", "region,item,usd\n");
    check(&place.list(&[], &[]), "prices", &json!("bundle/prices.csv"), "bundle", Some("bundle/prices.csv"), "there");
    place.write("natlens.toml", "prices = \"mine.csv\"\nbilling = [\"a\", \"b/*\"]\n");
    place.write("bundle/natlens.toml", "\nflow-logs = \"logs\"\n");
    let list = place.list(&[], &[]);
    check(&list, "prices", &json!("mine.csv"), "file", Some("natlens.toml:1"), "a file");
    check(&list, "billing", &json!(["a", "b/*"]), "file", Some("natlens.toml:2"), "several");
    check(&list, "flow-logs", &json!(["bundle/logs"]), "file", Some("bundle/natlens.toml:2"), "from the file's folder");
    let variables = [("NATLENS_FLOW_LOGS", "x,y"), ("NATLENS_PRICES", "theirs.csv")];
    let list = place.list(&variables, &["--billing", "c", "--billing", "d"]);
    check(&list, "flow-logs", &json!(["x", "y"]), "env", Some("NATLENS_FLOW_LOGS"), "a variable");
    check(&list, "prices", &json!("theirs.csv"), "env", Some("NATLENS_PRICES"), "a variable");
    check(&list, "billing", &json!(["c", "d"]), "flag", Some("--billing"), "a flag");
}

#[test]
fn a_period_is_said_by_one_alone() {
    let place = Place::new();
    place.write("natlens.toml", "month = \"2026-09\"\n");
    place.write("bundle/natlens.toml", "from = \"2026-10-01\"\nto = \"2026-10-08\"\n");
    let list = place.list(&[], &[]);
    check(&list, "month", &Value::Null, "default", None, "the weaker file's month");
    check(&list, "from", &json!("2026-10-01"), "file", Some("bundle/natlens.toml:1"), "the stronger file's");
    check(&list, "to", &json!("2026-10-08"), "file", Some("bundle/natlens.toml:2"), "the stronger file's");
    check(&place.list(&[], &["--month", "2026-08"]), "from", &Value::Null, "default", None, "a flag for all");
    let span = ["--from", "2026-10-02", "--to", "2026-10-03"];
    let list = place.list(&[("NATLENS_MONTH", "2026-09")], &span);
    check(&list, "month", &Value::Null, "default", None, "a month by a variable, days by flags");
    check(&list, "from", &json!("2026-10-02"), "flag", Some("--from"), "a month by a variable, days by flags");
    let variables = [("NATLENS_FROM", "2026-10-02"), ("NATLENS_TO", "2026-10-03")];
    let list = place.list(&variables, &["--month", "2026-08"]);
    check(&list, "month", &json!("2026-08"), "flag", Some("--month"), "days by variables, a month by a flag");
    check(&list, "from", &Value::Null, "default", None, "days by variables, a month by a flag");
    let list = place.list(&variables, &["--from", "2026-10-01"]);
    check(&list, "to", &json!("2026-10-03"), "env", Some("NATLENS_TO"), "one of two by a flag");
    for (variables, args) in [
        (&[][..], &["--month", "2026-10", "--from", "2026-10-02", "--to", "2026-10-03"][..]),
        (&[("NATLENS_MONTH", "2026-09")], &["--from", "2026-10-02"]),
        (&[("NATLENS_MONTH", "2026-09"), ("NATLENS_TO", "2026-10-03")], &[]),
    ] {
        let run = place.run(variables, args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{variables:?} {args:?}");
        assert!(run.stderr.contains("a period is a month, or both from and to"), "{}", run.stderr);
    }
    for text in ["from = \"2026-10-01\"\n", "month = \"2026-10\"\nto = \"2026-11-01\"\n", "month = \"October\"\n"] {
        place.write("bundle/natlens.toml", text);
        let run = place.run(&[], &[]);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{text}");
        assert!(run.stderr.contains("bundle/natlens.toml:1: ") && run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

#[test]
fn rules_of_all_files_and_accounts_of_one() {
    let place = Place::new();
    place.write(
        "bundle/natlens.toml",
        "[[rules]]\nhost = \"a.example\"\nname = \"a\"\n[[accounts]]\nrole-arn = \"arn:1\"\nexternal-id = \"x-77\"\n",
    );
    place.write(
        "natlens.toml",
        "[[rules]]\nport = 22\nname = \"b\"\n\n[[teams]]\nname = \"t\"\nvpc = \"vpc-1\"\n[[accounts]]\nrole-arn = \"arn:2\"\n",
    );
    let list = place.list(&[], &[]);
    check(
        &list,
        "rules[0]",
        &json!({"host": "a.example", "name": "a"}),
        "file",
        Some("bundle/natlens.toml:1"),
        "first",
    );
    check(&list, "rules[1]", &json!({"port": "22", "name": "b"}), "file", Some("natlens.toml:1"), "second");
    check(&list, "teams[0]", &json!({"name": "t", "vpc": "vpc-1"}), "file", Some("natlens.toml:5"), "a team");
    let account = json!({"role-arn": "arn:1", "external-id": "(set)"});
    check(&list, "accounts[0]", &account, "file", Some("bundle/natlens.toml:4"), "an account");
    assert!(!list.to_string().contains("arn:2"), "the strongest file that has accounts has all of them");
    assert_eq!(list["files"], json!(["bundle/natlens.toml", "natlens.toml"]));
}

#[test]
fn aws_has_a_chain_of_its_own() {
    let place = Place::new();
    let nothing = place.list(&[], &[]);
    check(&nothing, "aws.profile", &Value::Null, "default", None, "nobody");
    check(&nothing, "aws.regions", &json!([]), "default", None, "nobody");
    assert_eq!(row(&nothing, "aws.credentials")["from"], "default");
    place.write(
        "home/.aws/config",
        "[profile audit]\nregion = eu-west-1\nsso_session = corp\nendpoint_url = http://me:SECRET@127.0.0.1:1\n",
    );
    let list = place.list(&[("AWS_PROFILE", "audit")], &[]);
    check(&list, "aws.profile", &json!("audit"), "aws", Some("AWS_PROFILE"), "a variable of AWS");
    check(&list, "aws.regions", &json!(["eu-west-1"]), "aws", Some("profile audit"), "the profile's");
    check(&list, "aws.credentials", &json!("SSO"), "aws", Some("profile audit"), "the profile's");
    check(&list, "aws.endpoint.s3", &json!("http://127.0.0.1:1"), "aws", Some("profile audit"), "the profile's");
    let variables =
        [("AWS_PROFILE", "audit"), ("AWS_REGION", "us-west-2"), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2")];
    let list = place.list(&variables, &[]);
    check(&list, "aws.regions", &json!(["us-west-2"]), "aws", Some("AWS_REGION"), "AWS's variable before the profile");
    check(
        &list,
        "aws.endpoint.s3",
        &json!("http://127.0.0.1:2"),
        "aws",
        Some("AWS_ENDPOINT_URL_S3"),
        "the service's own",
    );
    check(&list, "aws.endpoint.ec2", &json!("http://127.0.0.1:1"), "aws", Some("profile audit"), "the other's");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIACANARY"), ("AWS_SECRET_ACCESS_KEY", "canary-secret")];
    let list = place.list(&keys, &[]);
    check(&list, "aws.credentials", &json!("environment"), "aws", Some("AWS_ACCESS_KEY_ID"), "keys");
    let list = place.list(&keys, &["--profile", "audit"]);
    check(
        &list,
        "aws.credentials",
        &json!("SSO"),
        "aws",
        Some("profile audit"),
        "a profile that was asked for by name",
    );
    check(&list, "aws.profile", &json!("audit"), "flag", Some("--profile"), "ours before AWS's");
    place.write(
        "bundle/natlens.toml",
        "[aws]\nprofile = \"audit\"\nregions = [\"eu-north-1\", \"eu-south-1\"]\nrequester-pays = true\nexpected-bucket-owner = \"111122223333\"\n",
    );
    let list = place.list(&[("AWS_REGION", "us-west-2")], &[]);
    check(&list, "aws.profile", &json!("audit"), "file", Some("bundle/natlens.toml:2"), "a file");
    let regions = json!(["eu-north-1", "eu-south-1"]);
    check(&list, "aws.regions", &regions, "file", Some("bundle/natlens.toml:3"), "ours before AWS's");
    check(&list, "aws.requester-pays", &json!(true), "file", Some("bundle/natlens.toml:4"), "a file");
    check(&list, "aws.expected-bucket-owner", &json!("111122223333"), "file", Some("bundle/natlens.toml:5"), "a file");
}

#[test]
fn no_secret_is_shown() {
    let canaries =
        ["AKIACANARY0000000001", "canary-secret-1", "canary-token-1", "canary-key-2", "canary-url", "canary-external"];
    let place = Place::new();
    place.write(
        "home/.aws/credentials",
        "[default]\naws_access_key_id = canary-key-2\naws_secret_access_key = canary-secret-1\naws_session_token = canary-token-1\n",
    );
    place.write("natlens.toml", "[[accounts]]\nrole-arn = \"arn:1\"\nexternal-id = \"canary-external\"\n");
    let variables = [
        ("AWS_ACCESS_KEY_ID", canaries[0]),
        ("AWS_SECRET_ACCESS_KEY", canaries[1]),
        ("AWS_SESSION_TOKEN", canaries[2]),
        ("AWS_ENDPOINT_URL", "http://u:canary-url@127.0.0.1:1/?X-Amz-Signature=canary-url"),
        ("RUST_LOG", "trace"),
    ];
    for variables in [&variables[..], &variables[3..]] {
        for form in ["json", "table"] {
            let run = place.run(variables, &["--format", form, "-vv"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            for canary in canaries {
                assert!(!run.stdout.contains(canary) && !run.stderr.contains(canary), "{canary}: {}", run.stdout);
            }
        }
    }
}

#[test]
fn flags_of_every_command_and_the_bundle() {
    let place = Place::new();
    let list = place.list(&[("NATLENS_COLOR", "never")], &["-vv", "--no-progress"]);
    check(&list, "bundle", &json!("bundle"), "flag", Some("BUNDLE"), "an argument");
    check(&list, "color", &json!("never"), "env", Some("NATLENS_COLOR"), "a variable");
    check(&list, "verbose", &json!(2), "flag", Some("--verbose"), "a flag");
    check(&list, "no-progress", &json!(true), "flag", Some("--no-progress"), "a flag");
    check(&list, "quiet", &json!(false), "default", None, "nobody");
}

#[test]
fn what_is_shown() {
    let place = Place::new();
    place.write(
        "bundle/natlens.toml",
        "month = \"2026-10\"\n\n[[rules]]\ncidr = \"203.0.113.0/24\"\nname = \"partner\"\n",
    );
    let variables = [("NATLENS_COST_BASIS", "list"), ("AWS_REGION", "eu-central-1"), ("LC_ALL", "C.UTF-8")];
    let run = place.run(&variables, &["--threads", "4", "--cache-dir", "kept"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout, include_str!("config.golden.txt"));
}

#[test]
fn help_and_errors() {
    let place = Place::new();
    let run = place.run(&[], &["--help"]);
    assert!(run.code == 0 && !run.stdout.contains("report-format"), "{}", run.stdout);
    assert_eq!(place.run(&[], &["--format", "csv"]).code, 2);
    assert_eq!(place.run(&[("NATLENS_THREADS", "0")], &[]).code, 2);
    for (text, words) in
        [("top = \"x\"\n", "bundle/natlens.toml:1"), ("\ncost-basis = \"gross\"\n", "bundle/natlens.toml:2")]
    {
        place.write("bundle/natlens.toml", text);
        let run = place.run(&[], &[]);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{text}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}
