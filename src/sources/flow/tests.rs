//! Whole objects, made here, through the public reader.

use super::*;
use crate::model::addr::Addr;
use crate::model::flow::{Direction, FlowRecord, MAX_RECORD_BYTES, Verdict};
use crate::model::symbols::{Sym, Symbols};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::{Cursor, Write};

mod parquet_files;
mod pieces;
mod shared;
mod speed;

/// Keeps what it gets as text: `interface src>dst pkt>pkt bytes start verdict`.
#[derive(Default)]
pub(super) struct Kept {
    symbols: Symbols,
    pub rows: Vec<String>,
    pub malformed: Vec<(u64, &'static str)>,
    /// `srcport` and `dstport` of each row.
    pub ports: Vec<(Option<u16>, Option<u16>)>,
    /// What each row says of its interface's owner, with `|` between the values.
    pub owners: Vec<String>,
    /// Interfaces whose ports do not matter.
    pub portless: Vec<&'static str>,
}

impl FlowSink for Kept {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn wants_ports(&self, of: Option<Sym>) -> bool {
        of.is_none_or(|name| !self.portless.contains(&self.symbols.text(name)))
    }

    fn record(&mut self, r: &FlowRecord) {
        let addr = |a: Option<Addr>| a.map_or("-".to_owned(), |a| a.to_string());
        let text = |s: Sym| if s.is_none() { "-" } else { self.symbols.text(s) };
        self.ports.push((r.src_port, r.dst_port));
        self.owners.push(self.symbols.text(r.owner).replace('\u{1f}', "|"));
        let none = |a: Addr| if a == Addr::NONE { None } else { Some(a) };
        self.rows.push(format!(
            "{} {} {}>{} {}>{} {} {} {:?}",
            text(r.interface),
            text(r.resource),
            addr(none(r.src)),
            addr(none(r.dst)),
            addr(r.pkt_src),
            addr(r.pkt_dst),
            r.bytes,
            r.start,
            r.verdict
        ));
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.malformed.push((line, why));
    }
}

/// An object in memory.
struct Memory(Vec<u8>);

impl ObjectBytes for Memory {
    type Random = std::fs::File;

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }

    fn random(&self) -> io::Result<std::fs::File> {
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.0)?;
        Ok(file)
    }

    fn size(&self) -> u64 {
        u64::try_from(self.0.len()).expect("fits")
    }
}

pub(super) fn read(bytes: &[u8], hints: &LayoutHints) -> Result<(ObjectOutcome, Kept), ReadError> {
    let mut kept = Kept::default();
    let source = SourceName::Prefix(String::new());
    read_bytes(&Memory(bytes.to_vec()), &source, hints, &mut kept).map(|outcome| (outcome, kept))
}

/// Reads and compares: the rows and the malformed lines, or the error's text.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expect: Result<(&[&str], &[u64]), &str>) -> Option<ObjectOutcome> {
    match (read(bytes.as_ref(), &LayoutHints::default()), expect) {
        (Ok((outcome, kept)), Ok((rows, malformed))) => {
            assert_eq!(kept.rows, rows);
            assert_eq!(kept.malformed.iter().map(|m| m.0).collect::<Vec<_>>(), malformed, "{:?}", kept.malformed);
            assert_eq!(outcome.records, u64::try_from(rows.len() + malformed.len()).expect("fits"));
            Some(outcome)
        }
        (Err(error), Err(text)) => {
            assert!(error.to_string().contains(text), "{error} / {text}");
            assert_eq!(error.hint().is_none(), error.kind() == ErrorKind::Io);
            None
        }
        (found, expect) => {
            panic!("{:?} but {expect:?}", found.map(|(outcome, kept)| (outcome, kept.rows, kept.malformed)))
        }
    }
}

pub(super) fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

const HEADER: &str =
    "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action log-status";
const LEGS: [&str; 2] = [
    "- eni-1 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 5001 1700000000 1700000060 ACCEPT OK",
    "- eni-1 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 90000 1700000000 1700000060 ACCEPT OK",
];
const ROWS: [&str; 2] = [
    "eni-1 - 10.0.1.5>10.0.0.220 10.0.1.5>203.0.113.5 5001 1700000000 Accept",
    "eni-1 - 10.0.0.220>10.0.1.5 203.0.113.5>10.0.1.5 90000 1700000000 Accept",
];
fn has_pkt(outcome: &ObjectOutcome) -> bool {
    [Field::PktSrcAddr, Field::PktDstAddr].iter().all(|field| outcome.fields_present.contains(*field))
}

const DEFAULT: &str =
    "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
const DEFAULT_ROW: &str = "eni-1 - 172.31.16.139>172.31.16.21 ->- 4249 1418530010 Accept";

fn example() -> String {
    format!("{HEADER}\n{}\n{}\n", LEGS[0], LEGS[1])
}

#[test]
fn a_header_names_the_columns() {
    let outcome = check(example(), Ok((&ROWS, &[]))).expect("read");
    assert!(has_pkt(&outcome) && !outcome.assumed_ok && !outcome.assumed_accept);
    assert_eq!((outcome.format, outcome.inflated_bytes), (FormatName::Text, example().len() as u64));
    check(example().replace("srcaddr", "SrcAddr").replace('\n', "\r\n"), Ok((&ROWS, &[])));
    check(format!("\u{feff}{}", example().replace("pkt-srcaddr", "pkt_srcaddr")), Ok((&ROWS, &[])));
    check(example().replace("instance-id", "field-of-the-future"), Ok((&ROWS, &[])));
    check(format!("\n\n{}\n\n", example()), Ok((&ROWS, &[])));
    check(format!("{HEADER}\n"), Ok((&[], &[])));
    check(HEADER, Ok((&[], &[])));
    check("", Ok((&[], &[])));
    let other_order =
        "log-status action start bytes dstaddr srcaddr interface_id\nOK ACCEPT 1700000000 7 10.0.0.2 10.0.0.1 eni-9\n";
    let rows = [ROWS[0], ROWS[1], "eni-9 - 10.0.0.1>10.0.0.2 ->- 7 1700000000 Accept"];
    let outcome = check(example() + other_order, Ok((&rows, &[]))).expect("read");
    assert!(has_pkt(&outcome));
}

#[test]
fn absent_action_and_status_are_assumed_and_said() {
    let text = "interface-id srcaddr dstaddr bytes start\neni-1 10.0.0.1 10.0.0.2 7 1700000000123\n";
    let outcome = check(text, Ok((&["eni-1 - 10.0.0.1>10.0.0.2 ->- 7 1700000000 Accept"], &[]))).expect("read");
    assert!(outcome.assumed_accept && outcome.assumed_ok && !has_pkt(&outcome));
    check("interface-id srcaddr dstaddr packets\n", Err("the log lacks bytes, start"));
    check("vpc-id srcaddr dstaddr bytes start\n", Err("the log lacks interface-id or resource-id"));
}

#[test]
fn each_record_is_judged_by_itself() {
    let header = "resource-id interface-id srcaddr dstaddr bytes start action log-status\n";
    let one = |record: &str| format!("{header}{record}\n");
    check(one("nat-1 - 10.0.0.1 1.2.3.4 5 6 ACCEPT OK"), Ok((&["- nat-1 10.0.0.1>1.2.3.4 ->- 5 6 Accept"], &[])));
    check(
        one("- - 2001:db8::1 64:ff9b::1.2.3.4 5 6 ACCEPT OK"),
        Ok((&["- - 2001:db8::1>64:ff9b::102:304 ->- 5 6 Accept"], &[])),
    );
    check(one("- eni-1 - - - 6 - NODATA"), Ok((&["eni-1 - ->- ->- 0 6 NoData"], &[])));
    check(one("- eni-1 - - 9 6 - SKIPDATA"), Ok((&["eni-1 - ->- ->- 0 6 SkipData"], &[])));
    check(one("- eni-1 - - None 6 - NODATA"), Ok((&["eni-1 - ->- ->- 0 6 NoData"], &[])));
    check(one("- eni-1 10.0.0.1 1.2.3.4 - 6 REJECT OK"), Ok((&["eni-1 - 10.0.0.1>1.2.3.4 ->- 0 6 Reject"], &[])));
    check(one("- eni-1 - - 40 6 REJECT OK"), Ok((&["eni-1 - ->- ->- 40 6 Reject"], &[])));
    for bad in [
        "- eni-1 10.0.0.1 1.2.3.4 5 6 - OK",
        "- eni-1 10.0.0.1 1.2.3.4 5 6 DROP OK",
        "- eni-1 10.0.0.1 1.2.3.4 5 6 ACCEPT FINE",
        "- eni-1 10.0.0.1 1.2.3.4 5 6 ACCEPT -",
        "- eni-1 - 1.2.3.4 5 6 ACCEPT OK",
        "- eni-1 10.0.0.1 1.2.3.4 - 6 ACCEPT OK",
        "- eni-1 10.0.0.1 1.2.3.4 5 - ACCEPT OK",
        "- eni-1 - - - - - NODATA",
        "- eni-1 10.0.0.1 1.2.3.4 -5 6 ACCEPT OK",
        "- eni-1 10.0.0.1 1.2.3.4 18446744073709551616 6 ACCEPT OK",
        "- eni-1 10.0.0.1 1.2.3.4 5 6 ACCEPT OK extra",
        "- eni-1 10.0.0.1 1.2.3.4 5 6 ACCEPT",
        "- eni-1 10.0.0.1  5 6 ACCEPT OK",
        "- eni-1 10.0.0.256 1.2.3.4 5 6 ACCEPT OK",
    ] {
        let text = header.to_owned() + bad + "\n- eni-1 10.0.0.1 1.2.3.4 5 6 ACCEPT OK\n";
        check(text, Ok((&["eni-1 - 10.0.0.1>1.2.3.4 ->- 5 6 Accept"], &[2])));
    }
    check(one(" - eni-1 10.0.0.1  1.2.3.4 5 6 ACCEPT OK "), Ok((&["eni-1 - 10.0.0.1>1.2.3.4 ->- 5 6 Accept"], &[])));
    let long = format!(
        "{header}- {} 10.0.0.1 1.2.3.4 5 6 ACCEPT OK\n- - 10.0.0.1 1.2.3.4 5 6 ACCEPT OK\n",
        "x".repeat(3 << 20)
    );
    check(long, Ok((&["- - 10.0.0.1>1.2.3.4 ->- 5 6 Accept"], &[2])));
}

#[test]
fn names_do_not_matter_and_members_may_be_many() {
    let text = example();
    let members = [gz(text.as_bytes()), gz(format!("{HEADER}\n{}\n", LEGS[0]).as_bytes()), gz(b"")].concat();
    check(members, Ok((&[ROWS[0], ROWS[1], ROWS[0]], &[])));
    check(gz(&gz(text.as_bytes())), Ok((&ROWS, &[])));
    let equal = read(&gz(text.as_bytes()), &LayoutHints::default()).expect("read").0;
    assert_eq!(equal, read(text.as_bytes(), &LayoutHints::default()).expect("read").0);
    check([gz(text.as_bytes()), b"junk".to_vec()].concat(), Err("a gzip member is broken or cut off"));
    let mut flipped = gz(text.as_bytes());
    let crc = flipped.len() - 6;
    flipped[crc] ^= 1;
    check(flipped, Err("a gzip member is broken or cut off"));
}

#[test]
fn a_cut_object_never_gives_fewer_rows() {
    let members = [gz(format!("{HEADER}\n{}\n", LEGS[0]).as_bytes()), gz(format!("{}\n", LEGS[1]).as_bytes())];
    let (end, whole) = (members[0].len(), members.concat());
    for cut in 0..whole.len() {
        match read(&whole[..cut], &LayoutHints::default()) {
            Ok((_, kept)) => assert_eq!(kept.rows.len(), usize::from(cut == end), "cut at {cut}"),
            Err(error) => assert!(cut != 0 && cut != end, "cut at {cut}: {error}"),
        }
    }
    let text = example();
    for cut in HEADER.len()..text.len() {
        let line_ends = text[..cut].ends_with('\n') || text[cut..].starts_with('\n');
        assert_eq!(read(&text.as_bytes()[..cut], &LayoutHints::default()).is_ok(), line_ends, "cut at {cut}");
    }
    check(&text[..text.len() - 4], Err("the last line is broken or cut off"));
    // Behind a blank the last field is missing, whatever it is and whether anybody needs it.
    for last in ["srcport", "vpc-id", "pkt-dstaddr", "interface-type"] {
        let head = format!("interface-id srcaddr dstaddr start bytes {last}");
        check(format!("{head}\neni-1 10.0.0.1 10.0.0.2 5 6 "), Err("the last line is broken or cut off"));
    }
}

#[test]
fn half_a_number_is_not_taken_for_a_number() {
    let head = "interface-id srcaddr dstaddr start bytes";
    let row = "eni-0123456789abcdef0 10.0.0.1 10.0.0.2 1700000000";
    let whole = format!("{head}\n{row} 123456\n");
    check(&whole, Ok((&["eni-0123456789abcdef0 - 10.0.0.1>10.0.0.2 ->- 123456 1700000000 Accept"], &[])));
    for cut in 1..7 {
        check(&whole[..whole.len() - cut], Err("the last line is broken or cut off"));
    }
    // Inside gzip the member's checksum says that nothing is missing.
    let zipped = gz(&whole.as_bytes()[..whole.len() - 1]);
    check(zipped, Ok((&["eni-0123456789abcdef0 - 10.0.0.1>10.0.0.2 ->- 123456 1700000000 Accept"], &[])));
}

#[test]
fn what_is_no_number_of_bytes_is_malformed_where_bytes_count() {
    let header = "interface-id srcaddr dstaddr bytes start action log-status\n";
    let rejected = "eni-1 - 10.0.0.1>10.0.0.2 ->- 0 7 Reject";
    let beyond = (MAX_RECORD_BYTES + 1).to_string();
    for bytes in ["abc", "12x4", "-5", "1.5", "1e3", "+7", &beyond, "18446744073709551615", "18446744073709551616"] {
        let row = |action| format!("{header}eni-1 10.0.0.1 10.0.0.2 {bytes} 7 {action} OK\n");
        check(row("ACCEPT"), Ok((&[], &[2])));
        check(row("REJECT"), Ok((&[rejected], &[])));
    }
    let most = format!("{header}eni-1 10.0.0.1 10.0.0.2 {MAX_RECORD_BYTES} 7 ACCEPT OK\n");
    let row = format!("eni-1 - 10.0.0.1>10.0.0.2 ->- {MAX_RECORD_BYTES} 7 Accept");
    check(most, Ok((&[row.as_str()], &[])));
}

#[test]
fn a_start_whose_hour_has_no_number_is_malformed_at_its_line() {
    let row = |start| format!("interface-id srcaddr dstaddr bytes start\neni-1 10.0.0.1 10.0.0.2 9 {start}\n");
    // Milliseconds; 2^32 hours are 15,461,882,265,600 seconds.
    let last = "eni-1 - 10.0.0.1>10.0.0.2 ->- 9 15461882265599 Accept";
    check(row("15461882265599999"), Ok((&[last], &[])));
    for start in ["15461882265600000", "9223372036854775807", "18446744073709551615"] {
        check(row(start), Ok((&[], &[2])));
    }
}

#[test]
fn one_packet_address_alone_is_none() {
    for (name, value) in [("pkt-srcaddr", "10.0.0.1"), ("pkt-dstaddr", "203.0.113.5")] {
        let text =
            format!("interface-id srcaddr dstaddr {name} bytes start\neni-1 10.0.0.1 10.0.0.2 {value} 7 1700000000\n");
        check(text, Ok((&["eni-1 - 10.0.0.1>10.0.0.2 ->- 7 1700000000 Accept"], &[])));
    }
}

#[test]
fn a_port_that_is_none_refuses_no_record() {
    let header = "interface-id srcaddr srcport dstaddr dstport bytes start";
    let lines = ["443 10.0.0.2 50000", "- 10.0.0.2 -", "0 10.0.0.2 0", "65536 10.0.0.2 80x", "-1 10.0.0.2 100000"];
    let lines = lines.map(|ports| format!("eni-1 10.0.0.1 {ports} 7 1700000000"));
    let log = format!("{header}\n{}\n", lines.join("\n"));
    let (outcome, kept) = read(log.as_bytes(), &LayoutHints::default()).expect("read");
    assert_eq!((outcome.records, kept.rows.len(), kept.malformed.len()), (5, 5, 0));
    let none = (None, None);
    assert_eq!(kept.ports, [(Some(443), Some(50_000)), none, (Some(0), Some(0)), none, none]);
    let (_, kept) = read(format!("{HEADER}\n{}\n", LEGS[0]).as_bytes(), &LayoutHints::default()).expect("read");
    assert_eq!(kept.ports, [none], "a log without ports");
}

#[test]
fn a_log_without_header_needs_an_order() {
    let outcome = check(format!("{DEFAULT}\n"), Ok((&[DEFAULT_ROW], &[]))).expect("read");
    assert_eq!(outcome.format, FormatName::TextNoHeader);
    let misfit = format!("{}\n", DEFAULT.replace("2 123", "3 123"));
    check(format!("{DEFAULT}\n{misfit}"), Ok((&[DEFAULT_ROW], &[2])));
    check(format!("{misfit}garbage\n{DEFAULT}\n{DEFAULT}\n"), Ok((&[DEFAULT_ROW; 2], &[1, 2])));
    check(format!("{DEFAULT}\n{misfit}{misfit}"), Err("line 2 with 14 fields does not fit the 14 default fields"));
    check(format!("{}\n", LEGS[0]), Err("does not fit the 14 default fields"));
    let explicit = Some(
        Layout::parse(&HEADER.split(' ').map(|n| format!("${{{n}}}")).collect::<Vec<_>>().join(" ")).expect("valid"),
    );
    let hints = LayoutHints { explicit, by_flow_log: Vec::new() };
    let (_, kept) = read(format!("{}\n{DEFAULT}\n{}\n", LEGS[0], LEGS[1]).as_bytes(), &hints).expect("read");
    assert_eq!((kept.rows, kept.malformed.len()), (ROWS.map(str::to_owned).to_vec(), 1));
}

#[test]
fn two_flow_logs_in_one_log_group_are_told_apart() {
    let known = |layout: &str| KnownLayout {
        flow_log: layout.len().to_string(),
        log_group: Some("g".into()),
        layout: Layout::parse(layout).expect("valid"),
    };
    let default = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
    let hints = LayoutHints { explicit: None, by_flow_log: vec![known(HEADER), known(default)] };
    let text = format!("{}\n{DEFAULT}\n{}\n", LEGS[0], LEGS[1]);
    let (outcome, kept) = read(text.as_bytes(), &hints).expect("read");
    assert_eq!(kept.rows, [ROWS[0], DEFAULT_ROW, ROWS[1]]);
    assert!(outcome.fields_present.contains(Field::SrcPort) && has_pkt(&outcome));
}

#[test]
fn what_wraps_a_record_is_taken_off() {
    let export = format!("2026-10-01T00:00:00.000Z {DEFAULT}\n2026-10-01T00:00:01Z {DEFAULT}\n");
    let outcome = check(gz(export.as_bytes()), Ok((&[DEFAULT_ROW, DEFAULT_ROW], &[]))).expect("read");
    assert_eq!(outcome.format, FormatName::CloudWatchExport);
    let glued = format!(r#"{{"message":"{DEFAULT}"}}{{"message":"{DEFAULT}\n"}} {{"message":"{DEFAULT}"}}"#);
    let outcome = check(&glued, Ok((&[DEFAULT_ROW; 3], &[]))).expect("read");
    assert_eq!((outcome.format, outcome.inflated_bytes), (FormatName::FirehoseJson, glued.len() as u64));
    let stream = format!(r#"{{"logStreamName":"eni-1-all","timestamp":1,"message":"{DEFAULT}","eventId":"1"}}"#);
    assert_eq!(
        check(format!("{stream}\n{stream}\n"), Ok((&[DEFAULT_ROW; 2], &[]))).expect("read").format,
        FormatName::CloudWatchJson
    );
    let events = format!(r#"{{"events":[{{"message":"{DEFAULT}"}},{{"message":"{DEFAULT}"}}],"nextToken":"t"}}"#);
    let ends = |events: &str, rows: usize| {
        let read = check(events, Ok((&[DEFAULT_ROW; 4][..rows], &[])));
        read.map(|read| (read.pages.open, read.pages.last))
    };
    assert_eq!(ends(&events, 2), Some((true, false)));
    assert_eq!(ends(&events.replace("nextToken", "NextToken"), 2), Some((true, false)), "of the AWS CLI");
    let last = events.replace(r#""nextToken":"t""#, r#""nextToken":"""#);
    assert_eq!((ends(&last, 2), ends(&[events, last].concat(), 4)), (Some((false, true)), Some((true, true))));
    check(format!("[{stream},{stream}]"), Ok((&[DEFAULT_ROW; 2], &[])));
    let data = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{{"id":"1","timestamp":1,"message":"{DEFAULT}"}}]}}"#
    );
    let control = r#"{"messageType":"CONTROL_MESSAGE","logGroup":"","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
    let outcome =
        check([gz(control.as_bytes()), gz(data.as_bytes())].concat(), Ok((&[DEFAULT_ROW], &[]))).expect("read");
    assert_eq!((outcome.format, outcome.log_group.as_deref()), (FormatName::SubscriptionJson, Some("g")));
    let other = data.replace("\"g\"", "\"h\"");
    assert_eq!(check(data.clone() + &other, Ok((&[DEFAULT_ROW; 2], &[]))).expect("read").log_group, None);
    check(&data[..data.len() - 2], Err("a JSON document is broken or cut off"));
    check(format!("{data}{{"), Err("a JSON document is broken or cut off"));
    let bad = r#"{"message":"2 1 eni-1"}"#;
    check(format!(r#"{{"message":"{DEFAULT}"}}{bad}"#), Ok((&[DEFAULT_ROW], &[2])));
    check(format!(r#"{{"message":"{DEFAULT}"}}{bad}{bad}"#), Err("line 2 with 3 fields does not fit"));
}

#[test]
fn what_is_no_flow_log_is_named() {
    check("6 123456789012 tgw-1 tgw-attach-1 10.0.0.1 10.0.0.2\n", Err("transit gateway"));
    check("version tgw-id srcaddr dstaddr bytes start\n", Err("transit gateway"));
    check(r#"{"class_uid":4001,"metadata":{}}"#, Err("OCSF"));
    check(r#"[{"account_id":"1","srcaddr":"10.0.0.1","dstaddr":"10.0.0.2"}]"#, Err("parsed fields"));
    check(r#"{"message":{"srcaddr":"10.0.0.1"}}"#, Err("parsed fields"));
    check(r#"{"version":"1.1","query_name":"a.","srcaddr":"10.0.0.1"}"#, Err("Resolver"));
    check(r#"2026-10-01T00:00:00.000Z {"query_name":"a.","srcaddr":"10.0.0.1"}"#, Err("Resolver"));
    check(r#"{"Records":[{"eventVersion":"1.0"}]}"#, Err("CloudTrail"));
    check(r#"{"FlowLogs":[]}"#, Err("JSON without flow log messages"));
    check("dear diary\n", Err("not a flow log"));
    check(gz(b"PAR1"), Err("compressed as a whole with gzip"));
    check(gz(&gz(&gz(&gz(b"x")))), Err("more than 3 times"));
    assert_eq!(check("Permission Check Successful", Ok((&[], &[]))).expect("read").format, FormatName::WriteTest);
}

#[derive(Clone, Debug)]
struct Made {
    values: [(&'static str, String); 10],
    row: String,
}

fn made() -> impl Strategy<Value = Made> {
    let addr =
        prop_oneof![any::<u32>().prop_map(Addr::from_v4), any::<u128>().prop_map(|b| Addr::from_v6(b | 1 << 127))];
    let packet = prop_oneof![Just(None), addr.clone().prop_map(Some)];
    let verdict = prop_oneof![Just(Verdict::Accept), Just(Verdict::Reject)];
    ("eni-[0-9a-f]{17}", addr.clone(), addr, packet.clone(), packet, 0..=MAX_RECORD_BYTES, 0..4_000_000_000u64, verdict)
        .prop_map(|(eni, src, dst, pkt_src, pkt_dst, bytes, start, verdict)| {
            let word = if verdict == Verdict::Accept { "ACCEPT" } else { "REJECT" };
            let text = |a: Option<Addr>| a.map_or("-".to_owned(), |a| a.to_string());
            let (ps, pd) = (text(pkt_src), text(pkt_dst));
            // A `-` beside the interface's view says nothing else than that view.
            let (real_src, real_dst) = (pkt_src.unwrap_or(src), pkt_dst.unwrap_or(dst));
            let row = format!("{eni} - {src}>{dst} {real_src}>{real_dst} {bytes} {start} {verdict:?}");
            let values = [
                ("interface-id", eni),
                ("srcaddr", src.to_string()),
                ("dstaddr", dst.to_string()),
                ("pkt-srcaddr", ps),
                ("pkt-dstaddr", pd),
                ("bytes", bytes.to_string()),
                ("start", start.to_string()),
                ("action", word.to_owned()),
                ("log-status", "OK".to_owned()),
                ("new-field", "x".to_owned()),
            ];
            Made { values, row }
        })
}

proptest! {
    #[test]
    fn records_survive_any_column_order(
        records in proptest::collection::vec(made(), 0..40),
        order in Just((0..10).collect::<Vec<usize>>()).prop_shuffle(),
        zip: bool,
    ) {
        let mut text = order.iter().map(|&i| ["interface-id", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr", "bytes", "start", "action", "log-status", "new-field"][i]).collect::<Vec<_>>().join(" ");
        for record in &records {
            text.push('\n');
            text.push_str(&order.iter().map(|&i| record.values[i].1.as_str()).collect::<Vec<_>>().join(" "));
        }
        text.push('\n');
        let bytes = if zip { gz(text.as_bytes()) } else { text.into_bytes() };
        let (_, kept) = read(&bytes, &LayoutHints::default()).expect("read");
        prop_assert!(kept.malformed.is_empty());
        prop_assert_eq!(kept.rows, records.into_iter().map(|r| r.row).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_it_panic(
        start in prop_oneof![
            Just(Vec::new()), Just(example().into_bytes()), Just(b"{\"message\":\"".to_vec()), Just(b"PAR1".to_vec()),
            Just(b"\x1f\x8b\x08".to_vec()), Just(b"2026-10-01T00:00:00.000Z ".to_vec()), Just(DEFAULT.as_bytes().to_vec()),
        ],
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\n'), Just(b'-'), b'0'..=b'9'], 0..600),
        zip: bool,
    ) {
        let all = [start, bytes].concat();
        let _ = read(&if zip { gz(&all) } else { all }, &LayoutHints::default());
    }
}

#[test]
fn owners_are_read_from_every_version_that_names_them() {
    let check = |situation: &str, text: &str, hints: &LayoutHints, expect: &[&str]| {
        let (_, kept) = read(text.as_bytes(), hints).unwrap_or_else(|error| panic!("{situation}: {error}"));
        assert_eq!(kept.owners, expect, "{situation}");
    };
    let start = "interface-id srcaddr dstaddr bytes start action log-status";
    let line = "eni-1 10.0.0.1 1.2.3.4 7 1700000000 ACCEPT OK";
    let none = LayoutHints::default();
    check("no such field", &format!("{start}\n{line}\n"), &none, &[""]);
    // Version 7: cluster, service and task definition; of a task without a service, and of what is no task.
    let v7 = "ecs-cluster-name ecs-service-name ecs-task-definition-arn";
    let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/node-task:3";
    let text =
        format!("{start} {v7}\n{line} nodes web {arn}\n{line} nodes - {arn}\n{line} - - -\n{line} nodes web {arn}\n");
    let (with, without) = (format!("nodes||web|{arn}||||||"), format!("nodes|||{arn}||||||"));
    check("version 7", &text, &none, &[&with, &without, "", &with]);
    let known = |format: String| KnownLayout {
        flow_log: "fl-1".to_owned(),
        log_group: None,
        layout: Layout::parse(&format).expect("valid"),
    };
    let hints = LayoutHints { explicit: None, by_flow_log: vec![known(format!("{start} {v7}"))] };
    let json = format!(r#"{{"logStreamName": "eni-1-all", "timestamp": 1, "message": "{line} nodes web {arn}"}}"#);
    check("version 7 from CloudWatch, without a header", &json, &hints, &[&with]);
    let v11 = "instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2 interface-type";
    let text = format!("{start} {v11}\n{line} web web-2 eth0 - my-asg my-asg-2 nat_gateway\n");
    check("version 11", &text, &none, &["||||web|web-2|eth0||my-asg|my-asg-2"]);
}
