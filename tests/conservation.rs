//! Every byte once: reports on simulated accounts against their truth, against an independent counter, and against
//! themselves when the same records come in other objects, another order, twice, or on other threads.

#[path = "common/bundle.rs"]
mod bundle;
mod common;
mod oracle;
#[path = "common/silence.rs"]
mod silence;
#[path = "common/truth.rs"]
mod truth;

use bundle::{Bundle, Dice, files, inflated, write};
use common::{arg, natlens};
use oracle::Pair;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;

/// The simulator's month, 2026-10, in seconds since 1970.
const MONTH: (i64, i64) = (1_790_812_800, 1_793_491_200);

/// The report as JSON, for a run that is expected to end with this code.
fn report(bundle: &Bundle, code: i32, more: &[&str]) -> Value {
    let path = bundle.path();
    let mut args = vec!["report", arg(&path), "--month", "2026-10", "--format", "json", "--top", "1000000"];
    args.extend_from_slice(more);
    let run = natlens(&path, &args);
    assert_eq!(run.code, code, "{}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON on stdout")
}

fn rows<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is no array"))
}

/// A number; null is 0, because nothing and nothing known are the same to a sum of bytes.
fn number(value: &Value) -> u64 {
    if value.is_null() { 0 } else { value.as_u64().unwrap_or_else(|| panic!("{value} is no number of bytes")) }
}

/// Upload and download by the texts in these fields; rows without bytes are left out.
fn sums(rows: &[Value], keys: &[&str]) -> BTreeMap<Vec<String>, Pair> {
    let mut sums: BTreeMap<Vec<String>, Pair> = BTreeMap::new();
    for row in rows {
        let of = if row["by"].is_object() { &row["by"] } else { row };
        // A range that AWS announces everywhere has no Region; the truth names it as ip-ranges.json does.
        let said = |key: &&str| of[*key].as_str().filter(|text| *text != "GLOBAL").unwrap_or("-").to_owned();
        let key = keys.iter().map(said).collect();
        let pair = sums.entry(key).or_default();
        pair[0] += number(&row["upload_bytes"]);
        pair[1] += number(&row["download_bytes"]);
    }
    sums.retain(|_, pair| *pair != [0, 0]);
    sums
}

/// The report's rows with the dimension names of `--group-by` where the truth has the names of fields.
fn groups(bundle: &Bundle, dimensions: &str) -> BTreeMap<Vec<String>, Pair> {
    let report = report(bundle, 0, &["--group-by", dimensions]);
    sums(rows(&report, "groups"), &dimensions.split(',').collect::<Vec<_>>())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn check_kinds(name: &str, report: &Value) {
    let kinds = |part: &str| -> u64 {
        let all = report[part].as_object().expect("an object").iter();
        all.filter(|(kind, _)| *kind != "read").map(|(_, value)| number(value)).sum()
    };
    assert_eq!(kinds("records"), number(&report["records"]["read"]), "{name}: kinds sum to read");
    assert_eq!(unknown_kinds(report), 0, "{name}: a record kind that the contract does not name");
}

/// Names in `records` and `record_bytes` that are not in the contract, counted.
fn unknown_kinds(report: &Value) -> usize {
    const KINDS: [&str; 10] = [
        "read",
        "counted",
        "mirror",
        "not_nat",
        "rejected",
        "nodata",
        "skipdata",
        "malformed",
        "out_of_window",
        "duplicate",
    ];
    let names = |part: &str| report[part].as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let unknown = names("records").into_iter().chain(names("record_bytes")).filter(|n| !KINDS.contains(&n.as_str()));
    unknown.count()
}

fn check_oracle(name: &str, bundle: &Bundle, report: &Value, labelled: bool) {
    let answer = oracle::count(&bundle.path(), MONTH.0, MONTH.1);
    assert!(answer.broken.is_empty(), "{name}: {:?}", answer.broken);
    for gateway in rows(report, "nat_gateways") {
        let id = gateway["nat_gateway_id"].as_str().expect("an id");
        let found = answer.gateways.get(id).cloned().unwrap_or_default();
        let pair = [number(&gateway["upload_bytes"]), number(&gateway["download_bytes"])];
        assert_eq!(pair, found.bytes, "{name}: bytes of {id}");
        if found.own_records {
            assert_eq!(number(&gateway["mirror_bytes"]), found.mirror, "{name}: mirror_bytes of {id}");
            assert_eq!(number(&gateway["unsolicited_bytes"]), found.unsolicited, "{name}: unsolicited_bytes of {id}");
        }
    }
    let known = rows(report, "nat_gateways").iter().map(|row| text(&row["nat_gateway_id"])).collect::<Vec<_>>();
    assert!(answer.gateways.keys().all(|id| known.contains(id)), "{name}: a gateway is missing");
    let clients = answer.clients.into_iter().map(|((gateway, client), pair)| (vec![gateway, client], pair));
    let mut found = groups(bundle, "nat,client");
    // Bytes of nobody: a log without the real ends.
    found.retain(|key, _| key[1] != "-");
    assert_eq!(found, clients.collect(), "{name}: clients");
    if labelled {
        let mut services: BTreeMap<Vec<String>, Pair> = BTreeMap::new();
        for ((gateway, label), pair) in answer.services {
            let sum = services.entry(vec![gateway, service_of(&label).to_owned()]).or_default();
            *sum = [sum[0] + pair[0], sum[1] + pair[1]];
        }
        assert_eq!(sums(rows(report, "traffic"), &["nat_gateway_id", "service"]), services, "{name}: services");
    }
    let kinds = |part: &str| -> BTreeMap<String, u64> {
        let all = report[part].as_object().expect("an object").iter();
        all.map(|(kind, value)| (kind.clone(), number(value))).filter(|(kind, n)| kind != "read" && *n > 0).collect()
    };
    let told = |map: BTreeMap<&'static str, u64>| -> BTreeMap<String, u64> {
        map.into_iter().filter(|(_, n)| *n > 0).map(|(kind, n)| (kind.to_owned(), n)).collect()
    };
    assert_eq!(kinds("records"), told(answer.records), "{name}: records");
    assert_eq!(kinds("record_bytes"), told(answer.record_bytes), "{name}: record_bytes");
}

/// A report's name for the log's own word. A remote without a label is an address on the internet.
fn service_of(label: &str) -> &str {
    match label {
        "S3" => "s3",
        "DYNAMODB" => "dynamodb",
        "AMAZON" => "range:amazon",
        "EC2" => "range:ec2",
        "CLOUDFRONT" => "range:cloudfront",
        _ => "internet",
    }
}

/// Options of an account, whether the independent counter can read it, and whether its log labels services.
type Account = (&'static str, &'static str, bool, bool);

fn check_accounts(accounts: &[Account]) {
    for (index, (name, options, readable, labelled)) in accounts.iter().enumerate() {
        let region = ["us-east-1", "eu-west-1", "us-west-2"][index % 3];
        let more = format!("{options} --seed {} --region {region} --records 3000 --objects 7 --clients 30", index + 11);
        let bundle = Bundle::simulate(&more);
        let report = report(&bundle, 0, &[]);
        check_kinds(name, &report);
        truth::check_truth(name, &bundle, &report);
        if *readable {
            check_oracle(name, &bundle, &report, *labelled);
        }
    }
}

#[test]
fn gateways_with_logs_of_their_own() {
    check_accounts(&[
        ("gateways", "--vantage nat", true, true),
        ("gateways, any fields", "--vantage nat --fields shuffled", true, false),
        ("gateways, services by rule", "--vantage nat --rules", true, false),
        ("gateways, version 11", "--vantage nat --fields v11 --layout hive-hourly --log-file-format text", true, true),
        ("private gateway", "--vantage nat --private-nat --layout hourly", true, false),
        ("NAT64", "--vantage nat --nat64", true, false),
        ("regional", "--vantage regional", true, true),
        ("regional, any fields", "--vantage regional --fields shuffled", true, false),
        ("version 2", "--vantage v2", true, false),
        ("version 2, any fields", "--vantage v2 --fields shuffled", true, false),
        ("two flow logs", "--vantage two-logs", true, true),
        ("two flow logs, any fields", "--vantage two-logs --fields shuffled", true, false),
    ]);
}

#[test]
fn gateways_seen_with_or_through_others() {
    check_accounts(&[
        ("NAT64 at the instances", "--vantage instance --nat64 --fields v11", true, false),
        ("instances by route tables", "--vantage instance", true, true),
        ("instances by next hop", "--vantage instance --fields v11", true, true),
        ("instances, version 2", "--vantage instance --fields default --layout hive", true, false),
        ("instances, any fields", "--vantage instance --fields shuffled", true, false),
        ("whole VPCs", "--vantage vpc", true, true),
        ("whole VPCs, any fields", "--vantage vpc --fields shuffled --nat64 --private-nat", true, false),
        ("hub", "--vantage hub", true, true),
        ("hub, version 11", "--vantage hub --fields v11", true, true),
    ]);
}

#[test]
fn every_format_tells_the_same() {
    check_accounts(&[
        ("Parquet", "--vantage vpc --log-file-format parquet --fields v11", false, true),
        (
            "Parquet, Snappy, any fields",
            "--vantage nat --log-file-format parquet-snappy --fields shuffled",
            false,
            true,
        ),
        ("log group export", "--vantage nat --log-file-format cloudwatch-export", false, true),
        ("two of them", "--vantage two-logs --log-file-format cloudwatch-export --fields full", false, true),
        ("Firehose", "--vantage hub --log-file-format firehose", false, true),
        ("Firehose, lines", "--vantage two-logs --log-file-format firehose-lines", false, true),
        ("subscription", "--vantage regional --log-file-format subscription", false, true),
        ("no header", "--vantage v2 --log-file-format default-gz", false, true),
    ]);
}

/// The gateways' own records are taken away in every third hour and replaced by one NODATA record in every fourth: there
/// the instances' records count, here nothing does.
#[test]
fn one_vantage_per_gateway_and_hour() {
    for (name, options) in [
        ("by route tables", "--vantage vpc --records 6000 --clients 40 --seed 5"),
        ("by next hop", "--vantage vpc --fields v11 --records 6000 --clients 40 --seed 6"),
    ] {
        let whole = Bundle::simulate(&format!("{options} --objects 5 --log-file-format text"));
        let gateways = silence::interfaces_of_gateways(&whole);
        let patchy = whole.changed(|key, bytes, to| {
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            write(&to.join(key), silence::patched(&text, &gateways).as_bytes());
        });
        let (before, after) = (report(&whole, 0, &[]), report(&patchy, 0, &[]));
        check_kinds(name, &after);
        check_oracle(name, &patchy, &after, true);
        assert_ne!(before["nat_gateways"], after["nat_gateways"], "{name}: spokes and silent hours are missing");
    }
}

/// What makes two reports the same: all but the inputs, what was read twice, and the names of objects.
fn same(report: &Value) -> Value {
    let mut report = report.clone();
    for (part, kinds) in [("records", &["read", "duplicate"] as &[&str]), ("record_bytes", &["duplicate"])] {
        let part = report[part].as_object_mut().expect("an object");
        part.retain(|kind, _| !kinds.contains(&kind.as_str()));
    }
    let all = report.as_object_mut().expect("an object");
    all.remove("inputs");
    let warnings = all["warnings"].as_array_mut().expect("an array");
    warnings.retain(|warning| !text(&warning["code"]).starts_with("duplicate"));
    for warning in warnings.iter_mut().filter(|warning| warning["code"] == "malformed-record") {
        warning.as_object_mut().expect("an object").remove("message");
    }
    report
}

const DELIVERIES: &[(&str, &str, bool)] = &[
    ("gateways", "--vantage nat --fields shuffled", true),
    ("whole VPCs", "--vantage vpc --fields v11", true),
    ("regional", "--vantage regional --layout hive-hourly", true),
    ("version 2", "--vantage v2", true),
    ("hub", "--vantage hub", true),
    ("instances", "--vantage instance", true),
    ("two flow logs", "--vantage two-logs", true),
    ("Parquet", "--vantage nat --log-file-format parquet", false),
    ("Firehose", "--vantage nat --log-file-format firehose", false),
    ("log group export", "--vantage nat --log-file-format cloudwatch-export", false),
];

#[test]
fn another_delivery_of_the_same_records_gives_the_same_report() {
    for (index, (name, options, lines)) in DELIVERIES.iter().enumerate() {
        let mut dice = Dice(index as u64);
        let seed = 100 + dice.below(1_000);
        let first = Bundle::simulate(&format!("{options} --seed {seed} --records 2000 --objects 5 --clients 20"));
        let expected = same(&report(&first, 0, &["--threads", "1", "--group-by", "nat,client,service,day"]));
        let compare = |what: &str, bundle: &Bundle, threads: &str, ignored: &[&str]| {
            let found = same(&report(bundle, 0, &["--threads", threads, "--group-by", "nat,client,service,day"]));
            let parts =
                expected.as_object().expect("an object").keys().filter(|part| !ignored.contains(&part.as_str()));
            for part in parts {
                assert_eq!(found[part], expected[part], "{name}, seed {seed}: {part} of {what}, {threads} threads");
            }
        };
        let again = |what: &str, bundle: &Bundle, threads: &str| compare(what, bundle, threads, &[]);
        again("the same objects", &first, "2");
        again("the same objects", &first, "8");
        let twice = first.delivered_again(&mut dice);
        again("objects delivered again", &twice, "1");
        again("objects delivered again", &twice, "8");
        if *lines {
            let parts = first.split(&mut dice);
            again("parts", &parts, "2");
            again("parts delivered again", &parts.delivered_again(&mut dice), "2");
            if *name != "two flow logs" {
                let nameless = first.renamed(&mut dice, |number, _| format!("{number:08x}.log"));
                // Whether a gateway without traffic is logged at all is a matter of its flow log, which nothing names now.
                compare("objects without an id", &nameless, "2", &["nat_gateways", "warnings", "summary"]);
            }
        }
    }
}

/// Most records in one object that is large enough for all threads to read it together, the rest in small ones.
#[test]
fn a_huge_object_is_read_the_same_by_any_number_of_threads() {
    let first = Bundle::simulate("--vantage vpc --fields v11 --seed 91 --records 24000 --objects 40 --clients 30");
    let (mut huge, mut key) = (Vec::new(), String::new());
    let bundle = |huge: &[u8], key: &str, few: bool| {
        let mut at = 0;
        first.changed(|small, bytes, to| {
            at += 1;
            if at % 8 == 1 && few {
                write(&to.join(small), bytes);
            } else if !key.is_empty() {
                write(&to.join(key), huge);
            }
        })
    };
    let small = files(&bundle(&[], "", true).path());
    for path in
        files(&first.logs()).iter().filter(|path| !small.iter().any(|small| small.file_name() == path.file_name()))
    {
        huge.extend_from_slice(&inflated(&std::fs::read(path).expect("a readable file")));
        key = arg(path.strip_prefix(first.logs()).expect("a log")).replace(".log.gz", "-huge.log.gz");
    }
    // Without what the simulator makes bad itself, so that the lines below are the first.
    let header =
        String::from_utf8_lossy(&huge[..huge.iter().position(|&byte| byte == b'\n').expect("a line")]).into_owned();
    let column = header.split(' ').position(|name| name == "bytes").expect("a column");
    let is_good = |line: &&[u8]| {
        let bytes = line.split(|&byte| byte == b' ').nth(column).unwrap_or_default();
        matches!(bytes, b"-" | b"bytes") || bytes.iter().all(u8::is_ascii_digit)
    };
    let huge = huge.split_inclusive(|&byte| byte == b'\n').filter(is_good).collect::<Vec<_>>().concat();
    let stored = |text: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gz.write_all(text).and_then(|()| gz.finish()).expect("memory takes all bytes")
    };
    let lines: Vec<&[u8]> = huge.split_inclusive(|&byte| byte == b'\n').collect();
    let with_bad = |line: usize| {
        let (before, behind) = lines.split_at(line - 1);
        stored(&[&before.concat(), &b"no record at all\n"[..], &behind.concat()].concat())
    };
    let gz = stored(&huge);
    assert!(gz.len() > 4 << 20, "too small to be shared: {}", gz.len());
    let mut damaged = gz.clone();
    damaged[gz.len() - 50_000] ^= 1;
    let cases: [(&str, &[u8], i32, &str); 7] = [
        ("gzip", &gz, 0, ""),
        ("text", &huge, 0, ""),
        ("a bad line in the middle", &with_bad(10_001), 0, "-huge.log.gz:10001:"),
        ("a bad line near the end", &with_bad(lines.len() - 99), 0, &format!("-huge.log.gz:{}:", lines.len() - 99)),
        ("cut in the middle", &gz[..gz.len() / 2], 3, "-huge.log.gz: a gzip member is broken or cut off"),
        ("cut at the end", &gz[..gz.len() - 1], 3, "-huge.log.gz: a gzip member is broken or cut off"),
        ("damaged at the end", &damaged, 3, "-huge.log.gz: a gzip member is broken or cut off"),
    ];
    for (situation, object, code, said) in cases {
        let account = bundle(object, &key, true);
        let path = account.path();
        let run = |threads: &str| {
            let run =
                natlens(&path, &["report", arg(&path), "--format", "json", "--top", "1000", "--threads", threads]);
            assert_eq!(run.code, code, "{situation}, {threads} threads: {}", run.stderr);
            (run.stdout, run.stderr)
        };
        let alone = run("1");
        assert!(alone.0.contains(said), "{situation}: {said} is not in {}", alone.0);
        for threads in ["2", "5", "16"] {
            assert_eq!(run(threads), alone, "{situation}, {threads} threads");
        }
        if said.is_empty() {
            check_oracle(situation, &account, &report(&account, 0, &["--threads", "4"]), true);
        }
    }
}

#[test]
fn flow_logs_are_told_apart_by_their_id_wherever_it_stands_in_the_name() {
    let first = Bundle::simulate("--vantage two-logs --seed 77 --records 2000 --objects 5 --clients 20");
    let renamed = first.renamed(&mut Dice(77), |number, old| {
        let id = old.split('_').find(|part| part.starts_with("fl-")).expect("an id");
        format!("part-{number}-{id}.log.gz")
    });
    assert_eq!(same(&report(&renamed, 0, &[])), same(&report(&first, 0, &[])));
}

#[test]
fn an_object_that_breaks_off_gives_nothing_and_is_named() {
    for (index, options) in ["--vantage nat", "--vantage v2 --log-file-format default-gz", "--vantage regional"]
        .into_iter()
        .chain(["--vantage nat --log-file-format parquet", "--vantage hub --log-file-format firehose"])
        .enumerate()
    {
        let mut dice = Dice(index as u64);
        let whole = Bundle::simulate(&format!("{options} --seed {index} --records 2000 --objects 5 --clients 20"));
        let keys: Vec<String> = files(&whole.logs()).iter().map(|path| arg(path).to_owned()).collect();
        let victim = keys[dice.below(keys.len())].clone();
        let is_victim = |key: &str| victim.ends_with(key);
        let broken = whole.changed(|key, bytes, to| {
            let end = if is_victim(key) { bytes.len() / 3 + dice.below(bytes.len() / 2) } else { bytes.len() };
            write(&to.join(key), &bytes[..end]);
        });
        let without = whole.changed(|key, bytes, to| {
            if !is_victim(key) {
                write(&to.join(key), bytes);
            }
        });
        let (path, name) = (broken.path(), victim.rsplit('/').next().expect("a name"));
        let run = natlens(&path, &["report", arg(&path), "--month", "2026-10", "--format", "json", "--top", "1000000"]);
        assert_eq!(run.code, 3, "{options}: {}", run.stderr);
        assert!(run.stderr.contains(name), "{options}: {name} is not named in {}", run.stderr);
        let mut found: Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
        let warnings = found["warnings"].as_array_mut().expect("an array");
        let named =
            |warning: &Value| warning["code"] == "unreadable-object" && text(&warning["message"]).contains(name);
        assert!(warnings.iter().any(named), "{options}: no warning names {name}");
        warnings.retain(|warning| !named(warning));
        let expected = report(&without, 0, &[]);
        assert_eq!(found["records"], expected["records"], "{options}: records");
        assert_eq!(same(&found), same(&expected), "{options}");
        assert_eq!(found["inputs"][0]["unreadable"], 1, "{options}: inputs");
    }
}

/// Logs whose keys name no flow log, one folder each; and a pool of copies: all of the first log, some of the others. The
/// pool is larger than any log, and is still none.
#[test]
fn a_pool_of_copies_takes_nothing_away() {
    let first = Bundle::simulate("--vantage nat --seed 9 --records 6000 --objects 5 --clients 20");
    let mut dice = Dice(9);
    let nameless = |pooled: usize, dice: &mut Dice| {
        let mut logs: Vec<String> = Vec::new();
        let mut number = 0;
        first.split(dice).changed(|key, bytes, to| {
            let id = key.split('_').find(|part| part.starts_with("fl-")).expect("an id").to_owned();
            let log = logs.iter().position(|known| *known == id).unwrap_or_else(|| {
                logs.push(id);
                logs.len() - 1
            });
            number += 1;
            write(&to.join(format!("network-{log}/part-{number}.log")), bytes);
            if pooled > 0 && (log == 0 || dice.below(100) < pooled) {
                write(&to.join(format!("pool/copy-{number}.log")), bytes);
            }
        })
    };
    let (without, with) = (report(&nameless(0, &mut dice), 0, &[]), report(&nameless(60, &mut dice), 0, &[]));
    for part in ["summary", "nat_gateways", "traffic", "clients"] {
        assert_eq!(with[part], without[part], "{part}");
    }
}
