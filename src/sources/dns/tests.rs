//! Whole objects, made here, through the public reader.

use super::*;
use crate::model::dns::Query;
use crate::model::period::iso;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::{self, Cursor, Write};

mod speed;

/// Keeps what it gets as text: `time vpc client name kind rcode addrs`.
#[derive(Default, Debug)]
struct Kept {
    rows: Vec<String>,
    malformed: Vec<(u64, &'static str)>,
}

impl QuerySink for Kept {
    fn query(&mut self, q: &Query<'_>) {
        let client = q.client.map_or("-".to_owned(), |addr| addr.to_string());
        let addrs: Vec<String> = q.addrs.iter().map(ToString::to_string).collect();
        let time = iso(q.second);
        self.rows.push(format!("{time} {} {client} {} {} {} {}", q.vpc, q.name, q.kind, q.rcode, addrs.join(",")));
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.malformed.push((line, why));
    }
}

struct Memory<'a>(&'a [u8]);

impl ObjectBytes for Memory<'_> {
    type Random = std::fs::File;

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.to_vec())))
    }

    fn random(&self) -> io::Result<std::fs::File> {
        tempfile::tempfile()
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }
}

fn read(bytes: &[u8]) -> Result<(DnsOutcome, Kept), DnsReadError> {
    let mut kept = Kept::default();
    read_bytes(&Memory(bytes), &mut kept).map(|outcome| (outcome, kept))
}

/// Reads and compares: format, names asked for, malformed lines; or the error's text.
#[track_caller]
fn check(what: &str, bytes: impl AsRef<[u8]>, expect: Result<(DnsFormat, &[&str], &[u64]), &str>) {
    match (read(bytes.as_ref()), expect) {
        (Ok((outcome, kept)), Ok((format, rows, malformed))) => {
            assert_eq!(kept.rows, rows, "{what}");
            assert_eq!(
                kept.malformed.iter().map(|m| m.0).collect::<Vec<_>>(),
                malformed,
                "{what}: {:?}",
                kept.malformed
            );
            assert_eq!(outcome.records, (rows.len() + malformed.len()) as u64, "{what}");
            assert_eq!(outcome.format, format, "{what}");
        }
        (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{what}: {error} / {text}"),
        (found, expect) => panic!("{what}: {found:?} but {expect:?}"),
    }
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

/// A record as AWS writes it.
fn record(name: &str, addr: &str) -> String {
    format!(
        r#"{{"version":"1.100000","account_id":"123456789012","region":"eu-west-1","vpc_id":"vpc-1","query_timestamp":"2026-10-01T13:05:09Z","query_name":"{name}","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{{"Rdata":"{addr}","Type":"A","Class":"IN"}}],"srcaddr":"10.0.0.7","srcport":"52000","transport":"UDP","srcids":{{"instance":"i-1"}}}}"#
    )
}

fn row(name: &str, addr: &str) -> String {
    format!("2026-10-01T13:05:09Z vpc-1 10.0.0.7 {name} A NOERROR {addr}")
}

/// The record as a text inside JSON.
fn quoted(record: &str) -> String {
    serde_json::to_string(record).expect("a text")
}

/// A record over several lines.
fn pretty(record: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(record).expect("JSON");
    serde_json::to_string_pretty(&value).expect("JSON")
}

#[test]
fn records_are_found_in_every_form() {
    use DnsFormat::{Documents, Lines, Messages};
    let (a, b) = (record("SQS.eu-west-1.amazonaws.com.", "3.2.1.1"), record("example.com.", "3.2.1.2"));
    let (row_a, row_b) = (row("sqs.eu-west-1.amazonaws.com", "3.2.1.1"), row("example.com", "3.2.1.2"));
    let rows: &[&str] = &[&row_a, &row_b];
    let (pa, pb, qa, qb) = (pretty(&a), pretty(&b), quoted(&a), quoted(&b));
    let time = "2026-10-01T13:06:00.000Z";
    let group = r#""logGroup":"g","logStream":"s""#;
    let event = |quoted: &str| format!(r#"{{"id":"1","timestamp":1790000000000,"message":{quoted}}}"#);
    let (ea, eb) = (event(&qa), event(&qb));
    let subscription = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"1",{group},"subscriptionFilters":["f"],"logEvents":[{ea},{eb}]}}"#
    );
    let control = format!(
        r#"{{"messageType":"CONTROL_MESSAGE",{group},"logEvents":[{{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}}]}}"#
    );
    let filtered = format!(r#"{{"events":[{ea},{eb}],"searchedLogStreams":[{{"x":[1,"]}}"]}}]}}"#);
    let cases: Vec<(&str, String, DnsFormat)> = vec![
        ("S3 layout", format!("{a}\n{b}\n"), Lines),
        ("Windows line ends, blank lines and a byte order mark", format!("\u{feff}\r\n{a}\r\n\r\n{b}\r\n"), Lines),
        ("without a last line end", format!("{a}\n{b}"), Lines),
        ("CloudWatch export", format!("{time} {a}\n{time} {b}\n"), Lines),
        ("two on one line", format!("{a}{b}\n"), Documents),
        ("two on the second line", format!("{a}\n{b}{b}\n").replace(&format!("{b}{b}"), &b), Lines),
        ("no line ends at all", format!("{a}{b}"), Documents),
        ("pretty", format!("{pa}\n{pb}\n"), Documents),
        ("an array", format!("[{a},\n{b}]"), Documents),
        ("a pretty array of arrays", format!("[\n[{pa}\n,\n{pb}\n]]\n"), Documents),
        ("Firehose", format!("{{\"message\":{qa}}}\n{{\"message\":{qb}}}\n"), Messages),
        ("Firehose without line ends", format!("{{\"message\":{qa}}}{{\"message\":{qb}}}"), Messages),
        ("two records in one message", format!("{{\"message\":{}}}\n", quoted(&format!("{a}\n{b}\n"))), Messages),
        ("a subscription filter", format!("{control}{subscription}"), Messages),
        ("a subscription filter, a document per line", format!("{control}\n{subscription}\n"), Messages),
        ("filter-log-events", filtered.clone(), Messages),
        ("filter-log-events, pretty", pretty(&filtered), Messages),
        (
            "filter-log-events, its pages in an array",
            format!("[{{\"events\":[{ea}]}},{{\"events\" : [ {eb} ]}}]"),
            Messages,
        ),
    ];
    for (what, text, format) in cases {
        check(what, &text, Ok((format, rows, &[])));
        check(&format!("{what}, gz"), gz(text.as_bytes()), Ok((format, rows, &[])));
        check(&format!("{what}, gz in gz"), gz(&gz(text.as_bytes())), Ok((format, rows, &[])));
    }
    let members = [gz(format!("{a}\n").as_bytes()), gz(format!("{b}\n").as_bytes())].concat();
    check("several gzip members", members, Ok((Lines, rows, &[])));
    check("nothing", "", Ok((DnsFormat::Empty, &[], &[])));
    check("blank lines", "\n \n", Ok((DnsFormat::Empty, &[], &[])));
    let pages = |text: String| {
        let (found, _) = read(text.as_bytes()).expect("read");
        (found.pages.open, found.pages.last)
    };
    let token = |token: &str, rest: &str| format!(r#"{{{token}"events":[{ea}]{rest}}}"#);
    assert_eq!(pages(filtered.clone()), (false, true));
    assert_eq!(pages(token("", r#", "nextToken" : "a""#)), (true, false));
    assert_eq!(pages(token(r#""NextToken":"a","#, "")), (true, false), "sorted keys of the AWS CLI");
    assert_eq!(pages(token("", r#","nextToken":"","x":"\"nextToken\"""#)), (false, true));
    let long = format!(r#","searchedLogStreams":["{}"],"nextToken":"a""#, "x".repeat(600_000));
    assert_eq!(pages(token("", &long)), (true, false));
    assert_eq!(pages(token("", r#","nextToken":"a""#) + &filtered), (true, true));
    check("no events", r#"{"events": [], "searchedLogStreams": []}"#, Ok((Messages, &[], &[])));
    check("a control message alone", control, Ok((Messages, &[], &[])));
    check("an export's test", "Permission Check Successful", Ok((DnsFormat::WriteTest, &[], &[])));
    let more = format!("Permission Check Successful\n{a}\n{b}\n");
    check("an export's test with more behind it", more, Ok((Lines, rows, &[1])));
}

#[test]
fn the_name_is_the_one_that_was_asked_for() {
    let with = |part: &str, with: &str| record("a.example.", "3.2.1.1").replace(part, with) + "\n";
    let answers = r#"[{"Rdata":"3.2.1.1","Type":"A","Class":"IN"}]"#;
    let tail = |rest: &str| format!("2026-10-01T13:05:09Z vpc-1 10.0.0.7 a.example {rest}");
    let chain = r#"[{"Rdata":"b.example.","Type":"CNAME","Class":"IN"},{"Rdata":"3.2.1.9","Type":"A","Class":"IN"},{"Rdata":"3.2.1.8","Type":"A","Class":"IN"}]"#;
    let v6 =
        r#"[{"Rdata":"64:ff9b::302:101","Type":"AAAA","Class":"IN"},{"Rdata":"2600::1","Type":"AAAA","Class":"IN"}]"#;
    let others = r#"[{"Rdata":"3.2.1.1","Type":"PTR"},{"Rdata":"1 . ipv4hint=3.2.1.1","Type":"HTTPS"},{"Rdata":"10 mx.example.","Type":"MX"}]"#;
    for (what, text, expect) in [
        ("a CNAME chain", with(answers, chain), tail("A NOERROR 3.2.1.9,3.2.1.8")),
        ("IPv6 and DNS64", with(answers, v6), tail("A NOERROR 64:ff9b::302:101,2600::1")),
        ("types without addresses, whatever they hold", with(answers, others), tail("A NOERROR ")),
        ("no answers", with(answers, "[]"), tail("A NOERROR ")),
        ("null answers", with(answers, "null"), tail("A NOERROR ")),
        ("one answer outside a list", with(answers, &answers[1..answers.len() - 1]), tail("A NOERROR 3.2.1.1")),
        ("NXDOMAIN", with("NOERROR", "NXDOMAIN").replace(answers, "[]"), tail("A NXDOMAIN ")),
        ("no dot, upper case", with("a.example.", "A.EXAMPLE"), tail("A NOERROR 3.2.1.1")),
        ("escapes", with("a.example.", "\\u0061.example\\u002e"), tail("A NOERROR 3.2.1.1")),
        ("an IPv6 client", with("10.0.0.7", "2600::7"), tail("A NOERROR 3.2.1.1").replace("10.0.0.7", "2600::7")),
        ("no client", with(r#""srcaddr":"10.0.0.7","#, ""), tail("A NOERROR 3.2.1.1").replace("10.0.0.7", "-")),
        (
            "delayed",
            with(r#""srcport""#, r#""additional_properties":{"is_delayed":true},"srcport""#),
            tail("A NOERROR 3.2.1.1"),
        ),
        (
            "a field of the future",
            with(r#""srcport""#, r#""new":[{"query_name":"x"}],"srcport""#),
            tail("A NOERROR 3.2.1.1"),
        ),
    ] {
        check(what, text, Ok((DnsFormat::Lines, &[&expect], &[])));
    }
}

#[test]
fn malformed_records_are_counted_with_their_line() {
    use DnsFormat::{Documents, Lines, Messages};
    let (good, expect) = (record("a.example.", "3.2.1.1"), row("a.example", "3.2.1.1"));
    let with = |part: &str, with: &str| good.replace(part, with);
    for bad in [
        good[..200].to_owned(),
        with("3.2.1.1", "3.2.1"),
        with("10.0.0.7", "10.0.0"),
        with("2026-10-01T13:05:09Z", "yesterday"),
        with(r#""query_timestamp":"2026-10-01T13:05:09Z","#, ""),
        with(r#""vpc_id":"vpc-1","#, ""),
        with(r#""query_name":"a.example.","#, ""),
        with(r#""a.example.""#, "7"),
        with("a.example.", &"a.".repeat(600)),
        with(r#""answers":["#, r#""answers":"x","more":["#),
        good.clone() + "garbage",
        "2 123456789010 eni-1 10.0.0.1 10.0.0.2 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK".to_owned(),
        "[1,2]".to_owned(),
        "garbage".to_owned(),
        "\u{fffd}\\".to_owned(),
        r#"{"class_uid":4003}"#.to_owned(),
    ] {
        check(&bad, format!("{good}\n\n{bad}\n{good}\n"), Ok((Lines, &[&expect, &expect], &[3])));
        if !bad.starts_with('[') {
            check(&bad, format!("{bad}\n{good}\n"), Ok((Lines, &[&expect], &[1])));
        }
    }
    let not_text = [good.as_bytes(), b"\n{\"query_name\":\"\xff\"}\n"].concat();
    check("bytes that are no UTF-8", not_text, Ok((Lines, &[&expect], &[2])));
    let bad = with("3.2.1.1", "3.2.1");
    check(
        "on the second line of two documents",
        format!("{good}\n{good}{bad}\n"),
        Ok((Lines, &[&expect, &expect], &[2])),
    );
    check("a pretty one", format!("{}\n{}", pretty(&good), pretty(&bad)), Ok((Documents, &[&expect], &[25])));
    let message = |text: &str| format!("{{\"message\":{}}}\n", quoted(text));
    check("inside messages", message(&good) + &message("x") + &message(&bad), Ok((Messages, &[&expect], &[2, 3])));
    let long = format!("{{{}}}\n", " ".repeat(pieces::MAX_PIECE + 1));
    check("longer than any record", format!("{good}\n{long}{good}\n"), Ok((Lines, &[&expect, &expect], &[2])));
}

#[test]
fn what_is_no_resolver_log_is_refused_by_name() {
    let flow = "2 123456789010 eni-1 10.0.0.1 10.0.0.2 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
    for (what, text, expect) in [
        (
            "OCSF",
            r#"{"class_uid":4003,"query":{"hostname":"a.example"},"answers":[{"rdata":"1.2.3.4"}]}"#.to_owned(),
            "OCSF",
        ),
        ("OCSF, one per line", "{\"class_uid\":4003}\n{\"class_uid\":4003}\n".to_owned(), "OCSF"),
        ("CloudTrail", r#"{"Records":[{"eventSource":"s3.amazonaws.com"}]}"#.to_owned(), "CloudTrail"),
        ("flow log text", "version account-id srcaddr dstaddr\n".to_owned(), "VPC flow logs"),
        ("flow log lines", format!("{flow}\n"), "VPC flow logs"),
        ("flow log messages", format!("{{\"message\":\"{flow}\"}}\n"), "VPC flow logs"),
        ("flow log JSON", r#"{"srcaddr":"10.0.0.1","dstaddr":"10.0.0.2"}"#.to_owned(), "VPC flow logs"),
        (
            "a public zone's log",
            "1.0 2017-12-13T08:16:02.130Z Z1 example.com A NOERROR UDP FRA6 1.2.3.4 -\n".to_owned(),
            "public hosted zone",
        ),
        ("other JSON", r#"{"a":{"events":1}}"#.to_owned(), "JSON without Resolver records"),
        ("much other JSON", "{\"a\":1}\n".repeat(20_000), "JSON without Resolver records"),
        ("other text", "hello\n".to_owned(), "no record was recognised"),
        ("blank without end", "\n".repeat(HEAD), "no record was recognised"),
        ("a zip archive", "PK\u{3}\u{4}".to_owned(), "zip archive"),
        ("Parquet", "PAR1".to_owned(), "Parquet"),
        ("binary", "\u{1}\u{2}".to_owned(), "binary"),
    ] {
        check(what, text, Err(expect));
    }
}

#[test]
fn a_broken_object_gives_nothing() {
    let good = record("a.example.", "3.2.1.1");
    let two = format!("{good}\n{good}\n");
    let packed = gz(two.as_bytes());
    check("cut gzip", &packed[..packed.len() - 9], Err("a gzip member is broken"));
    check("a cut last line", &two[..two.len() - 20], Err("the last line is broken"));
    check("a cut array", format!("[{good},"), Err("a JSON document is broken"));
    check("a cut document", &pretty(&good)[..100], Err("a JSON document is broken"));
    check("cut events", r#"{"events":[{"message":"CWL CONTROL MESSAGE"}"#, Err("a JSON document is broken"));
    check(
        "a document cut behind its events",
        r#"{"events":[{"message":"CWL CONTROL MESSAGE"}],"a":"\"#,
        Err("a JSON document is broken"),
    );
    check(
        "text between documents",
        format!("{}\nx\n{}", pretty(&good), pretty(&good)),
        Err("line 25: what follows is no JSON object"),
    );
    let huge = format!("[{{\"a\":\"{}\"}}]", "x".repeat(pieces::MAX_PIECE * 3));
    check("a document without end", huge, Err("larger than 16 MiB"));
}

#[test]
fn documents_of_any_size_pass() {
    let event = format!(r#"{{"message":{}}}"#, quoted(&record("a.example.", "3.2.1.1")));
    let count = pieces::MAX_PIECE * 2 / event.len();
    let text = format!("{{\"events\":[{}]}}", vec![event; count].join(","));
    let (outcome, kept) = read(text.as_bytes()).expect("read");
    assert_eq!((outcome.records, kept.rows.len()), (count as u64, count));
}

#[test]
fn equal_content_has_an_equal_hash() {
    let text = record("a.example.", "3.2.1.1") + "\n";
    let hash = |bytes: &[u8]| read(bytes).map(|(outcome, _)| (outcome.content_hash, outcome.inflated_bytes)).ok();
    assert_eq!(hash(text.as_bytes()), hash(&gz(text.as_bytes())));
    assert_ne!(hash(text.as_bytes()), hash((text.clone() + &text).as_bytes()));
}

/// Gives its bytes in pieces of any length, as a network does.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.1.min(buffer.len()).min(self.0.len());
        buffer[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

proptest! {
    #[test]
    fn where_the_buffer_ends_changes_nothing(step in 1usize..40, names in proptest::collection::vec("[a-z\\\\\"\\[\\]{}é]{0,12}", 0..6)) {
        let document = |name: &String| format!(r#"{{"n":{},"events2":[{{"x":[]}}]}}"#, quoted(name));
        let documents: Vec<String> = names.iter().map(document).collect();
        let text = format!("[{}]", documents.join(" , "));
        let mut all = Documents::new(Window::new(&[], Drip(text.as_bytes(), step)));
        let mut found = Vec::new();
        while let Some(piece) = all.next().expect("JSON") {
            found.push(String::from_utf8_lossy(all.window.bytes(&piece)).into_owned());
        }
        prop_assert_eq!(found, documents);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a\\\\ \n]{0,80}") {
        let _ = read(&bytes);
        let _ = read(text.as_bytes());
        let _ = read(format!("{{\"events\":[{text}").as_bytes());
        let _ = read(format!("{}\n{text}\n", record("a.", "1.2.3.4")).as_bytes());
    }
}
