//! The binary as a user meets it: help, exit codes, what goes to stdout and what to stderr, forms, periods, settings.

mod common;
#[path = "common/schema.rs"]
mod schema;

use common::{Run, arg, natlens, natlens_in};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A small account, in a folder that goes away with it.
struct Account {
    folder: tempfile::TempDir,
}

impl Account {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["simulate", "--to", "bundle", "--logs-only", "--records", "1500", "--clients", "20"];
        args.extend(["--objects", "4"]);
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.is_empty(), "simulate writes files, not data: {}", run.stdout);
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// `natlens report bundle`, run beside the bundle.
    fn report(&self, more: &[&str]) -> Run {
        natlens(self.folder.path(), &[&["report", "bundle"], more].concat())
    }

    fn json(&self, more: &[&str]) -> Value {
        let run = self.report(&[&["--format", "json"], more].concat());
        assert_eq!(run.code, 0, "{more:?}: {}", run.stderr);
        serde_json::from_str(&run.stdout).expect("JSON on stdout")
    }

    fn objects(&self) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path("bundle/flow-logs")]);
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).expect("a readable folder") {
                let path = entry.expect("a folder entry").path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// Cuts the largest object in the middle and names it.
    fn break_one(&self) -> String {
        let size = |path: &PathBuf| std::fs::metadata(path).expect("a file").len();
        let largest = self.objects().into_iter().max_by_key(size).expect("an object");
        let bytes = std::fs::read(&largest).expect("a readable file");
        std::fs::write(&largest, &bytes[..bytes.len() / 2]).expect("a file can be written");
        largest.file_name().expect("a name").to_string_lossy().into_owned()
    }
}

/// An error: its code, nothing on stdout, and these words on stderr.
fn check_error(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.is_empty(), "data after an error: {}", run.stdout);
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is not in {}", run.stderr);
    }
}

fn check_done(run: &Run) {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert!(run.stdout.ends_with('\n'), "the last line has an end");
}

#[test]
fn help_lists_what_there_is_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = natlens(folder.path(), &["--help"]);
    check_done(&help);
    for command in ["report", "simulate", "completions", "man"] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} is not in {}", help.stdout);
        let own = natlens(folder.path(), &[command, "--help"]);
        check_done(&own);
        assert!(own.stdout.contains("Usage: natlens"), "{}", own.stdout);
    }
    let report = natlens(folder.path(), &["report", "--help"]).stdout;
    for flag in [
        "--flow-logs",
        "--inventory",
        "--prices",
        "--ip-ranges",
        "--log-format",
        "--month",
        "--from",
        "--to",
        "--group-by",
        "--top",
        "--format",
        "--table",
        "--output",
        "--json-schema",
        "--strict",
        "--threads",
        "--memory-limit",
        "--color",
        "--no-progress",
        "--quiet",
        "--verbose",
    ] {
        assert!(report.contains(flag), "{flag} is not in {report}");
    }
    let version = natlens(folder.path(), &["--version"]);
    check_done(&version);
    assert_eq!(version.stdout, format!("natlens {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_errors() {
    let account = Account::new("");
    let run = |args: &[&str]| natlens(account.folder.path(), args);
    check_error(&run(&[]), 2, &["Usage"]);
    check_error(&run(&["rapport"]), 2, &["rapport"]);
    check_error(&account.report(&["--no-such-flag"]), 2, &["--no-such-flag"]);
    check_error(&account.report(&["--format", "pdf"]), 2, &["pdf", "json"]);
    check_error(&account.report(&["--group-by", "planet"]), 2, &["planet", "service"]);
    check_error(&account.report(&["--month", "2026-13"]), 2, &["2026-13"]);
    check_error(&account.report(&["--month", "last"]), 2, &["last"]);
    check_error(&account.report(&["--from", "2026-10-02"]), 2, &["--to"]);
    check_error(
        &account.report(&["--month", "2026-10", "--from", "2026-10-02", "--to", "2026-10-03"]),
        2,
        &["--month"],
    );
    check_error(&account.report(&["--from", "2026-10-03", "--to", "2026-10-03"]), 2, &["empty"]);
    check_error(&account.report(&["--from", "yesterday", "--to", "2026-10-03"]), 2, &["yesterday"]);
    check_error(&account.report(&["--threads", "0"]), 2, &["0"]);
    check_error(&run(&["simulate"]), 2, &["--to"]);
}

#[test]
fn failures_say_what_and_a_hint() {
    let account = Account::new("");
    let run = |args: &[&str]| natlens(account.folder.path(), args);
    check_error(&run(&["report", "nowhere"]), 1, &["error: ", "nowhere", "hint: "]);
    std::fs::create_dir(account.path("empty")).expect("a folder can be made");
    check_error(&run(&["report", "empty"]), 1, &["error: ", "flow-logs", "hint: "]);
    std::fs::create_dir(account.path("empty/flow-logs")).expect("a folder can be made");
    check_error(&run(&["report", "empty"]), 1, &["error: ", "hint: "]);
    check_error(&account.report(&["--prices", "no-such.csv"]), 1, &["no-such.csv", "hint: "]);
    check_error(&account.report(&["--flow-logs", "no-such-folder"]), 1, &["no-such-folder", "hint: "]);
    check_error(&account.report(&["--log-format", "${no-such-field}"]), 1, &["--log-format", "hint: "]);
    check_error(&account.report(&["-o", "no/such/folder/report.json"]), 1, &["no/such/folder/report.json"]);
    check_error(&run(&["simulate", "--to", "bundle"]), 1, &["bundle", "hint: "]);
}

#[test]
fn broken_settings() {
    for (what, text) in [
        ("not TOML", "month = = 3"),
        ("an unknown key", "moth = \"2026-10\""),
        ("a wrong type", "top = \"many\""),
        ("a block that is none", "[[rules]]\ncidr = \"10.0.0.0/99\"\nname = \"office\""),
        ("an unknown dimension", "group-by = [\"planet\"]"),
        ("an unknown form", "format = \"pdf\""),
        ("a month that is none", "month = \"October\""),
        ("an amount of memory that is none", "memory-limit = \"much\""),
    ] {
        let account = Account::new("");
        std::fs::write(account.path("bundle/natlens.toml"), text).expect("a file can be written");
        let run = account.report(&[]);
        assert_eq!(run.code, 4, "{what}: {}", run.stderr);
        check_error(&run, 4, &["error: ", "natlens.toml", "hint: "]);
    }
}

#[test]
fn what_is_read_whole_is_a_regular_file_of_some_size() {
    let files = [("natlens.toml", 4, 20), ("prices.csv", 1, 20), ("ip-ranges.json", 1, 20)];
    for (name, code, most) in files {
        let account = Account::new("");
        let path = account.path("bundle").join(name);
        std::fs::File::create(&path).expect("a file").set_len((most << 20) + 1).expect("a hole");
        check_error(&account.report(&[]), code, &[name, &format!("is larger than {most} MiB"), "hint: "]);
        #[cfg(unix)]
        {
            std::fs::remove_file(&path).expect("removed");
            assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
            check_error(&account.report(&[]), code, &[name, "is no regular file"]);
            std::fs::remove_file(&path).expect("removed");
            std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
            check_error(&account.report(&[]), code, &[name, "is no regular file"]);
        }
    }
    let account = Account::new("");
    let huge = std::fs::File::create(account.path("bundle/inventory/x.json")).expect("a file");
    huge.set_len((1 << 30) + 1).expect("a hole");
    let run = account.report(&[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("x.json: is larger than 1024 MiB"), "{}", run.stderr);
}

#[test]
fn settings_give_defaults_and_flags_win() {
    let account = Account::new("");
    let settings = "from = \"2026-10-05\"\nto = \"2026-10-06\"\ngroup-by = [\"day\"]\nformat = \"json\"\n\
        [[rules]]\ncidr = \"0.0.0.0/0\"\nname = \"everything\"\n";
    std::fs::write(account.path("bundle/natlens.toml"), settings).expect("a file can be written");
    let report: Value = serde_json::from_str(&account.report(&[]).stdout).expect("JSON by the settings");
    assert_eq!(report["period"]["end"], "2026-10-06T00:00:00Z");
    assert_eq!(report["groups"].as_array().expect("groups by the settings").len(), 1);
    assert_eq!(report["traffic"][0]["service"], "everything");
    assert_eq!(report["traffic"][0]["evidence"], "rule");
    assert_eq!(account.json(&["--month", "2026-10"])["period"]["end"], "2026-11-01T00:00:00Z");
    let by_variable = |value: &str, more: &[&str]| {
        natlens_in(account.folder.path(), &[("NATLENS_FORMAT", value)], &[&["report", "bundle"], more].concat()).stdout
    };
    let traffic = by_variable("csv", &["--table", "traffic"]);
    assert!(traffic.starts_with("nat_gateway_id,"), "a variable wins over the settings");
    assert!(by_variable("csv", &["--format", "markdown"]).starts_with("# "), "a flag wins over a variable");
}

#[test]
fn what_is_unreadable_is_named_and_the_code_is_3() {
    let account = Account::new("");
    let name = account.break_one();
    let run = account.report(&["--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains(&name), "{name} is not in {}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).expect("only data on stdout");
    assert_eq!(report["inputs"][0]["unreadable"], 1);
    let quiet = account.report(&["--format", "json", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (3, ""));
    assert_eq!(quiet.stdout, run.stdout);
    check_error(&account.report(&["--strict"]), 1, &["--strict"]);
    let target = account.path("report.md");
    std::fs::write(&target, "last month's").expect("a file can be written");
    check_error(&account.report(&["--strict", "--format", "markdown", "-o", arg(&target)]), 1, &["--strict"]);
    assert_eq!(std::fs::read_to_string(&target).expect("the old file"), "last month's");
}

#[test]
fn an_answer_without_its_last_page_is_named_and_the_code_is_3() {
    let account = Account::new("");
    let tables = account.path("bundle/inventory/describe-route-tables.json");
    let text = std::fs::read_to_string(&tables).expect("a file");
    let mut page: Value = serde_json::from_str(&text).expect("JSON");
    page["NextToken"] = "eyJ2IjoiMSJ9".into();
    std::fs::write(&tables, page.to_string()).expect("written");
    let record =
        "2 123456789012 eni-0fffffffffffffff0 10.0.0.1 203.0.113.5 1 443 6 7 9 1790856000 1790856060 ACCEPT OK";
    let events = serde_json::json!({"events": [{"message": record}], "nextToken": "t"}).to_string();
    let folder = account.path("bundle/flow-logs/events");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("1.json"), &events).expect("written");
    let run = account.report(&["--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let said = |run: &Run| {
        let report: Value = serde_json::from_str(&run.stdout).expect("a report");
        let warnings = report["warnings"].as_array().expect("warnings").clone();
        warnings.into_iter().find(|warning| warning["code"] == "missing-pages")
    };
    let warning = said(&run).expect("a warning");
    let message = warning["message"].as_str().expect("a text");
    assert_eq!(warning["count"], 2);
    for name in ["describe-route-tables.json: `RouteTables` goes on", "1.json: `filter-log-events` goes on"] {
        assert!(message.contains(name) && run.stderr.contains(name), "{name}: {message}: {}", run.stderr);
    }
    check_error(&account.report(&["--strict"]), 1, &["--strict"]);
    std::fs::write(&tables, &text).expect("written");
    std::fs::write(folder.join("2.json"), events.replace("nextToken", "x").replace("203.0.113.5", "203.0.113.6"))
        .expect("written");
    let whole = account.report(&["--format", "json"]);
    assert_eq!((whole.code, said(&whole)), (0, None), "{}", whole.stderr);
}

#[test]
fn routes_by_a_list_whose_entries_nobody_told_are_named() {
    let account = Account::new("");
    let tables = account.path("bundle/inventory/describe-route-tables.json");
    let mut page: Value = serde_json::from_str(&std::fs::read_to_string(&tables).expect("a file")).expect("JSON");
    let mut lead_to_a_gateway = 0;
    for table in page["RouteTables"].as_array_mut().expect("route tables") {
        let routes = table["Routes"].as_array_mut().expect("routes");
        lead_to_a_gateway += u64::from(routes.iter().any(|route| route["NatGatewayId"].is_string()));
        routes.push(serde_json::json!({"DestinationPrefixListId": "pl-0f0f0f0f0f0f0f0f0", "TransitGatewayId": "tgw-1",
            "State": "active", "Origin": "CreateRoute"}));
    }
    std::fs::write(&tables, page.to_string()).expect("written");
    let said = || {
        let run = account.report(&["--format", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("a report");
        let warnings = report["warnings"].as_array().expect("warnings");
        let count = warnings.iter().find(|warning| warning["code"] == "unknown-route").map(|warning| &warning["count"]);
        (run.code, count.and_then(Value::as_u64))
    };
    assert!(lead_to_a_gateway > 0);
    assert_eq!(said(), (0, Some(lead_to_a_gateway)));
    let entries = r#"{"Entries": [{"Cidr": "192.0.2.0/24"}]}"#;
    std::fs::write(account.path("bundle/inventory/entries.pl-0f0f0f0f0f0f0f0f0.json"), entries).expect("written");
    assert_eq!(said(), (0, None));
}

#[test]
fn what_does_not_fit_is_refused_with_what_it_would_need() {
    let account = Account::new("");
    let whole = account.report(&["--format", "json"]);
    check_done(&whole);
    let fits = account.report(&["--format", "json", "--memory-limit", "2GiB"]);
    assert_eq!((fits.code, &fits.stdout), (0, &whole.stdout), "{}", fits.stderr);
    let words = ["error: the flow logs need more memory", "(1 MiB)", "they need at least ", "hint: give more"];
    check_error(&account.report(&["--memory-limit", "1MiB", "--format", "json", "-o", "report.json"]), 6, &words);
    assert!(!account.path("report.json").exists(), "a refusal writes nothing");
    let by_variable = natlens_in(account.folder.path(), &[("NATLENS_MEMORY_LIMIT", "1MiB")], &["report", "bundle"]);
    check_error(&by_variable, 6, &words);
    check_error(&natlens(account.folder.path(), &["explain", "bundle", "s3", "--memory-limit", "1048576"]), 6, &words);
    check_error(&account.report(&["--memory-limit", "much"]), 2, &["--memory-limit", "512MiB or 2GiB"]);
    std::fs::write(account.path("natlens.toml"), "memory-limit = \"1MiB\"").expect("a file can be written");
    check_error(&account.report(&[]), 6, &words);
    assert_eq!(account.report(&["--memory-limit", "2GiB"]).code, 0, "a flag wins over settings");
}

#[test]
fn strict_is_content_with_what_is_whole() {
    // Without a header line the simulator writes no malformed line.
    check_done(&Account::new("--vantage v2 --log-file-format default-gz").report(&["--strict"]));
}

#[test]
fn forms() {
    let account = Account::new("");
    let table = account.report(&[]);
    check_done(&table);
    assert!(table.stdout.contains("NAT gateway cost report"), "{}", table.stdout);
    let json = account.json(&[]);
    assert_eq!(json["schema"], "natlens.report/1");
    let markdown = account.report(&["--format", "markdown"]);
    check_done(&markdown);
    assert!(markdown.stdout.starts_with("# ") && markdown.stdout.contains("\n| "), "{}", markdown.stdout);
    for (name, rows) in [
        ("summary", 1),
        ("nat-gateways", json["nat_gateways"].as_array().expect("an array").len()),
        ("traffic", json["traffic"].as_array().expect("an array").len()),
        ("clients", json["clients"].as_array().expect("an array").len()),
        ("decisions", json["decisions"].as_array().expect("an array").len()),
        ("findings", json["findings"].as_array().expect("an array").len()),
        ("custom-services", json["custom_services"].as_array().expect("an array").len()),
        ("groups", 0),
        ("warnings", json["warnings"].as_array().expect("an array").len()),
        ("inputs", json["inputs"].as_array().expect("an array").len()),
    ] {
        let csv = account.report(&["--format", "csv", "--table", name]);
        check_done(&csv);
        assert_eq!(csv.stdout.lines().count(), rows + 1, "{name}: {}", csv.stdout);
        assert!(!csv.stdout.contains('$'), "{name}: CSV is for machines");
    }
}

#[test]
fn csv_is_the_traffic_table_unless_another_is_named() {
    let account = Account::new("");
    let traffic = account.report(&["--format", "csv", "--table", "traffic"]).stdout;
    assert_eq!(account.report(&["--format", "csv"]).stdout, traffic);
    assert_eq!(
        account.report(&["--format", "csv", "--group-by", "day"]).stdout,
        traffic,
        "groups are asked for by name"
    );
}

#[test]
fn every_report_is_as_its_schema_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = natlens(folder.path(), &["report", "--json-schema"]);
    check_done(&run);
    let schema: Value = serde_json::from_str(&run.stdout).expect("the schema is JSON");
    let with_groups: &[&str] = &["--group-by", "nat,vpc,az,account,region,service,client,day", "--top", "3"];
    for (options, more) in [
        ("", &[] as &[&str]),
        ("--vantage hub", with_groups),
        ("--vantage v2", with_groups),
        ("--vantage regional", &[]),
        ("", &["--from", "2001-01-01", "--to", "2001-02-01"]),
    ] {
        let report = Account::new(options).json(more);
        assert_eq!(schema::faults(&schema, &report), Vec::<String>::new(), "{options} {more:?}");
    }
    let mut spoilt = Account::new("").json(&[]);
    spoilt["summary"]["observed_bytes"] = Value::from("many");
    assert!(!schema::faults(&schema, &spoilt).is_empty(), "the check can fail");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let account = Account::new("");
    let coloured = |variables: &[(&str, &str)], more: &[&str]| {
        let run = natlens_in(account.folder.path(), variables, &[&["report", "bundle"], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&[], &["--color", "always"]));
    assert!(!coloured(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], &[]));
    assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]), "a flag wins");
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(!coloured(&[], &["--color", "always", "--format", "json"]), "machines see no colour");
}

#[test]
fn a_file_gets_what_stdout_would() {
    let account = Account::new("");
    for form in ["table", "json", "csv", "markdown"] {
        let shown = account.report(&["--format", form]);
        let written = account.report(&["--format", form, "-o", "out.txt"]);
        assert_eq!((written.code, written.stdout.as_str()), (0, ""), "{form}: {}", written.stderr);
        let file = std::fs::read_to_string(account.path("out.txt")).expect("the file");
        assert_eq!(file, shown.stdout, "{form}");
    }
    let left: Vec<String> = std::fs::read_dir(account.folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("tmp"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing is left behind");
}

#[test]
fn periods() {
    let account = Account::new("");
    let period = |more: &[&str]| {
        let report = account.json(more);
        let text = |field: &str| report["period"][field].as_str().expect("a time").to_owned();
        (text("start"), text("end"), report["period"]["partial"].as_bool().expect("a truth value"))
    };
    let october = ("2026-10-01T00:00:00Z".to_owned(), "2026-11-01T00:00:00Z".to_owned(), false);
    // The simulator also writes a day of September and one of November, of which no month is whole.
    assert_eq!(period(&[]), october, "the newest whole month");
    assert_eq!(period(&["--month", "2026-10"]), october);
    assert_eq!(period(&["--from", "2026-10-01", "--to", "2026-11-01"]), october);
    assert!(period(&["--month", "2026-09"]).2, "one day is no month");
    let half = ("2026-10-05T06:30:00Z".to_owned(), "2026-10-06T00:00:00Z".to_owned());
    let found = period(&["--from", "2026-10-05T06:30:00Z", "--to", "2026-10-06"]);
    assert_eq!((found.0, found.1), half);
    let bytes = |more: &[&str]| account.json(more)["summary"]["observed_bytes"].as_u64().unwrap_or(0);
    let days = ["2026-10-01", "2026-10-11T12:34:56Z", "2026-10-20", "2026-11-01"];
    let parts: u64 = days.windows(2).map(|pair| bytes(&["--from", pair[0], "--to", pair[1]])).sum();
    assert_eq!(parts, bytes(&[]), "half-open periods side by side hold every byte once");
}

#[test]
fn groups_sum_to_the_whole() {
    let account = Account::new("--vantage hub");
    assert!(account.json(&[]).get("groups").is_none(), "what was not asked for is absent");
    for by in ["nat", "vpc", "az", "account", "region", "service", "client", "day", "service,day", "nat,client"] {
        let report = account.json(&["--group-by", by]);
        let rows = report["groups"].as_array().expect("an array");
        let sum: u64 =
            rows.iter().flat_map(|row| [&row["upload_bytes"], &row["download_bytes"]]).filter_map(Value::as_u64).sum();
        assert_eq!(Some(sum), report["summary"]["observed_bytes"].as_u64(), "{by}");
        let names: Vec<&str> = by.split(',').collect();
        let asked = |row: &Value| names.iter().all(|name| row["by"].get(name).is_some());
        assert!(rows.iter().all(asked), "{by}: {rows:?}");
    }
}

#[test]
fn the_top_and_the_others_are_all_clients() {
    let account = Account::new("");
    let clients = |top: &str| account.json(&["--top", top])["clients"].as_array().expect("an array").clone();
    let sum = |rows: &[Value]| -> u64 {
        rows.iter().flat_map(|row| [&row["upload_bytes"], &row["download_bytes"]]).filter_map(Value::as_u64).sum()
    };
    let (few, all) = (clients("3"), clients("1000"));
    assert_eq!((few.len(), few[3]["client"].as_str()), (4, Some("(other)")));
    assert!(all.iter().all(|row| row["client"] != "(other)"));
    assert_eq!(sum(&few), sum(&all));
}

#[test]
fn parts_by_flags() {
    let account = Account::new("");
    let whole = account.json(&[]);
    let run = natlens(
        account.folder.path(),
        &[
            "report",
            "--format",
            "json",
            "--flow-logs",
            "bundle/flow-logs/**/*.log.gz",
            "--inventory",
            "bundle/inventory",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let by_flags: Value = serde_json::from_str(&run.stdout).expect("JSON");
    for part in ["summary", "nat_gateways", "traffic", "clients", "decisions", "records"] {
        assert_eq!(by_flags[part], whole[part], "{part}");
    }
    std::fs::write(account.path("prices.csv"), "region,item,usd\nus-east-1,nat_gateway_gb,1.00\n").expect("a file");
    let dear = account.json(&["--prices", "prices.csv"]);
    assert_eq!(dear["nat_gateways"][0]["usd_per_gb"], "1");
    assert_eq!(dear["records"], whole["records"]);
}

#[test]
fn completions_and_the_man_page() {
    let folder = tempfile::tempdir().expect("a folder");
    for (shell, word) in [("bash", "_natlens()"), ("zsh", "#compdef natlens"), ("fish", "complete -c natlens")] {
        let run = natlens(folder.path(), &["completions", shell]);
        check_done(&run);
        assert!(run.stdout.contains(word), "{shell}: {}", run.stdout);
        assert!(run.stdout.contains("json-schema"), "{shell}: the flags of report are known");
    }
    check_error(&natlens(folder.path(), &["completions", "tcsh"]), 2, &["tcsh"]);
    let man = natlens(folder.path(), &["man"]);
    check_done(&man);
    assert!(man.stdout.contains(".TH natlens 1"), "{}", man.stdout);
}

/// The environment of the person who runs the tests must not matter.
#[test]
fn nothing_is_written_beside_the_bundle() {
    let account = Account::new("");
    let names = |folder: &Path| std::fs::read_dir(folder).expect("a folder").count();
    let before = (names(account.folder.path()), names(&account.path("bundle")));
    check_done(&account.report(&[]));
    assert_eq!((names(account.folder.path()), names(&account.path("bundle"))), before);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let account = Account::new("");
    let expect = account.json(&[]);
    let (pipe, link, file) = (account.path("pipe"), account.path("link"), account.path("file.json"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let at = pipe.clone();
    let reader = std::thread::spawn(move || std::fs::read_to_string(at).expect("a pipe"));
    let run = account.report(&["--format", "json", "-o", "pipe"]);
    assert_eq!((run.code, run.stdout, run.stderr), (0, String::new(), String::new()));
    assert_eq!(serde_json::from_str::<Value>(&reader.join().expect("text")).expect("JSON"), expect);
    assert!(pipe.symlink_metadata().expect("still there").file_type().is_fifo());
    std::fs::write(&file, "old").expect("a file");
    std::os::unix::fs::symlink("file.json", &link).expect("a link");
    let run = account.report(&["--format", "json", "-o", "link"]);
    assert_eq!((run.code, run.stdout, run.stderr), (0, String::new(), String::new()));
    assert!(link.symlink_metadata().expect("still there").file_type().is_symlink());
    let text = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), expect);
}

#[test]
fn a_bundle_of_two_collections_is_no_bundle() {
    let account = Account::new("");
    let ready = account.path("bundle/.natlens-collect.ready");
    std::fs::create_dir(&ready).expect("a folder");
    check_done(&account.report(&[]));
    std::fs::write(ready.join("units.json"), "[]").expect("a file");
    for command in ["report", "doctor", "config"] {
        let run = natlens(account.folder.path(), &[command, "bundle"]);
        check_error(&run, 1, &["natlens collect", "two runs"]);
    }
}
