//! Whole documents, made here, through the public reader.

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

const NAT: &str = "nat-0a1b2c3d4e5f60718";

/// One result of `get-metric-data` with hourly points of October 2026.
fn result(label: &str, status: &str, points: &[(i64, &str)]) -> String {
    let times: Vec<String> = points.iter().map(|(hour, _)| format!("\"{}\"", iso(OCTOBER + hour * 3_600))).collect();
    let values: Vec<&str> = points.iter().map(|(_, value)| *value).collect();
    format!(
        r#"{{"Id": "q1", "Label": "{label}", "Timestamps": [{}], "Values": [{}], "StatusCode": "{status}"}}"#,
        times.join(","),
        values.join(",")
    )
}

fn page(results: &[String]) -> String {
    format!("{{\n  \"MetricDataResults\": [{}], \"Messages\": []\n}}\n", results.join(",\n"))
}

const OCTOBER: i64 = 1_790_812_800;

fn read(files: &[String]) -> (Metrics, Vec<MetricsWarning>) {
    let window = Window { start: OCTOBER, end: OCTOBER + 31 * 86_400 };
    let mut draft = MetricsDraft::default();
    for file in files {
        read_document("m.json", file.as_bytes(), Some(window), &mut draft).expect("metrics");
    }
    draft.finish()
}

/// What is metered, and the warnings, of these results in one page.
fn check(results: &[String], metered: Option<u64>, warnings: &[&str]) {
    let (metrics, said) = read(&[page(results)]);
    assert_eq!(metrics.of_gateway(NAT), metered.map(Bytes::new), "{results:?}");
    let said: Vec<String> = said.iter().map(|warning| format!("{warning:?}")).collect();
    assert_eq!(said.len(), warnings.len(), "{said:?}");
    for (said, expect) in said.iter().zip(warnings) {
        assert!(said.contains(expect), "{said}");
    }
}

fn nat(metric: &str, points: &[(i64, &str)]) -> String {
    result(&format!("{NAT} {metric}"), "Complete", points)
}

#[test]
fn metered_is_what_comes_in_from_both_sides() {
    let source = nat("BytesInFromSource", &[(0, "1.2345E9"), (1, "123.0"), (2, "7")]);
    let destination = nat("BytesInFromDestination", &[(0, "0.0"), (743, "20")]);
    let out = nat("BytesOutToDestination", &[(0, "999")]);
    check(&[source.clone(), destination.clone(), out], Some(1_234_500_150), &[]);
    let (metrics, _) = read(&[page(&[source, destination])]);
    let gateway = metrics.gateways[NAT];
    assert_eq!(gateway.from_source, Some(Bytes::new(1_234_500_130)));
    assert_eq!(gateway.span, Some((OCTOBER, OCTOBER + 743 * 3_600)));
}

#[test]
fn points_count_where_they_start() {
    let source = nat("BytesInFromSource", &[(-1, "1"), (0, "2"), (743, "4"), (744, "8")]);
    let destination = nat("BytesInFromDestination", &[(-24, "16"), (743, "32")]);
    check(&[source, destination], Some(38), &[]);
    let september = [nat("BytesInFromSource", &[(-1, "1")]), nat("BytesInFromDestination", &[(-1, "1")])];
    check(&september, None, &[]);
}

#[test]
fn one_side_alone_is_not_known() {
    let source = nat("BytesInFromSource", &[(0, "2")]);
    check(std::slice::from_ref(&source), None, &["BytesInFromDestination is missing"]);
    check(&[source, nat("BytesInFromDestination", &[])], None, &["BytesInFromDestination has no data point"]);
    check(&[nat("BytesInFromSource", &[]), nat("BytesInFromDestination", &[])], None, &["has no data point"]);
}

#[test]
fn a_page_without_the_next_one_is_said() {
    let of = |part: &str, metric: &str| nat(&format!("{part}{metric}"), &[(0, "5")]);
    let both = |part: &str| [of(part, "BytesInFromSource"), of(part, "BytesInFromDestination")];
    let open = |results: &[String]| page(results).replacen('{', r#"{"NextToken": "x","#, 1);
    let said = |files: &[String]| {
        let (metrics, said) = read(files);
        (metrics.of_gateway(NAT).map(Bytes::get), said.iter().map(|warning| format!("{warning:?}")).collect::<Vec<_>>())
    };
    let missing = r#"MissingPages("m.json: `get-metric-data` goes on at a page that is not there")"#.to_owned();
    assert_eq!(said(&[open(&both(""))]), (Some(10), vec![missing.clone()]));
    let zone = format!(r#"Unknown("{NAT}: other zones may be on a page that is missing")"#);
    assert_eq!(said(&[open(&both("us-east-1a "))]), (None, vec![zone, missing]));
    assert_eq!(said(&[open(&both("us-east-1a ")), page(&both("us-east-1b "))]), (Some(20), vec![]));
}

#[test]
fn zones_of_a_regional_gateway_are_summed() {
    let of = |zone: &str, metric: &str, value| nat(&format!("{zone} {metric}"), &[(0, value)]);
    let mut results = vec![
        of("use1-az1", "BytesInFromSource", "1"),
        of("use1-az1", "BytesInFromDestination", "2"),
        of("use1-az2", "BytesInFromSource", "4"),
        of("use1-az2", "BytesInFromDestination", "8"),
        nat("BytesInFromSource", &[]),
    ];
    check(&results, Some(15), &[]);
    results.pop();
    let last = results.pop().expect("four");
    check(&results, None, &["BytesInFromDestination of use1-az2 is missing"]);
    results.push(last);
    results.push(nat("BytesInFromSource", &[(0, "5")]));
    check(&results, None, &["data both of zones and of the whole"]);
}

#[test]
fn a_point_that_comes_twice_counts_once_and_two_values_are_unknown() {
    let source = nat("BytesInFromSource", &[(0, "1"), (1, "2")]);
    let more = nat("BytesInFromSource", &[(1, "2.0"), (2, "4")]);
    let destination = nat("BytesInFromDestination", &[(0, "8")]);
    check(&[source.clone(), more.clone(), destination.clone(), source.clone()], Some(15), &[]);
    let files =
        [page(&[source.clone(), destination.clone()]), page(&[more]) + &page(std::slice::from_ref(&destination))];
    assert_eq!(read(&files).0.of_gateway(NAT), Some(Bytes::new(15)));
    let other = nat("BytesInFromSource", &[(1, "3")]);
    check(&[source, destination, other], None, &["BytesInFromSource has two values at 2026-10-01T01:00:00Z"]);
}

#[test]
fn what_aws_did_not_give_whole_is_unknown() {
    let named = |status, points| result(&format!("{NAT} BytesInFromSource"), status, points);
    let destination = nat("BytesInFromDestination", &[(0, "8")]);
    let partial = named("PartialData", &[(0, "1")]);
    check(&[partial.clone(), destination.clone()], None, &["BytesInFromSource is not complete"]);
    check(&[partial, named("Complete", &[(1, "2")]), destination.clone()], Some(11), &[]);
    for status in ["InternalError", "Forbidden"] {
        check(&[named(status, &[]), destination.clone()], None, &[status, "BytesInFromSource is not complete"]);
        check(&[named(status, &[]), named("Complete", &[(0, "2")]), destination.clone()], Some(10), &[status]);
    }
}

#[test]
fn other_namespaces_statistics_and_messages_are_said() {
    let both = [nat("BytesInFromSource", &[(0, "1")]), nat("BytesInFromDestination", &[(0, "1")])];
    let foreign = result("i-0abc NetworkIn", "Complete", &[(0, "5")]);
    check(&[both[0].clone(), both[1].clone(), foreign], Some(2), &["names neither a NAT gateway nor an endpoint"]);
    for bad in ["0.5", "-1", "1e30"] {
        let source = nat("BytesInFromSource", &[(0, bad)]);
        check(&[source, both[1].clone()], None, &["is no number of bytes; is the statistic Sum?"]);
    }
    let uneven = both[0].replace("[1]", "[1, 2]");
    check(&[uneven, both[1].clone()], None, &["not as many values as times"]);
    let message = page(&both).replace("\"Messages\": []", r#""Messages": [{"Code": "Archived", "Value": "gone"}]"#);
    assert_eq!(read(&[message]).1, [MetricsWarning::Unusable("m.json: Archived: gone".to_owned())]);
    let huge = (1u64 << 62).to_string();
    let most = [nat("BytesInFromSource", &[(0, &huge)]), nat("BytesInFromDestination", &[(0, &huge)])];
    check(&most, None, &["beyond any account"]);
}

#[test]
fn endpoints_are_known_by_what_they_processed() {
    let processed = |label: &str, value| result(label, "Complete", &[(0, value)]);
    let (metrics, said) = read(&[page(&[
        processed("vpce-0abc BytesProcessed", "1024"),
        processed("vpce-0def subnet-01 BytesProcessed", "1"),
        processed("vpce-0def subnet-02 BytesProcessed", "2"),
    ])]);
    assert_eq!(
        (metrics.of_endpoint("vpce-0abc"), metrics.of_endpoint("vpce-0def")),
        (Some(Bytes::new(1024)), Some(Bytes::new(3)))
    );
    assert_eq!((metrics.gateways.len(), said.len()), (0, 0));
}

#[test]
fn documents_come_in_every_packing() {
    let both = [nat("BytesInFromSource", &[(0, "1")]), nat("BytesInFromDestination", &[(0, "1")])];
    let pages = [page(&both[..1]), page(&both[1..])];
    let utf16: Vec<u8> =
        std::iter::once(0xfeffu16).chain(pages.concat().encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let in_seconds = pages.concat().replace("\"2026-10-01T00:00:00Z\"", "1790812800.0");
    let offset = pages.concat().replace("00:00:00Z", "02:00:00+02:00");
    for bytes in [
        pages.concat().into_bytes(),
        format!("[{}]", pages.join(",")).into_bytes(),
        utf16,
        in_seconds.into_bytes(),
        offset.into_bytes(),
    ] {
        let mut draft = MetricsDraft::default();
        read_document("m.json", &bytes, None, &mut draft).expect("metrics");
        let (metrics, said) = draft.finish();
        assert_eq!((metrics.of_gateway(NAT), said), (Some(Bytes::new(2)), Vec::new()));
        assert_eq!(metrics.gateways[NAT].span, Some((OCTOBER, OCTOBER)));
    }
}

#[test]
fn other_files_are_refused_by_name() {
    let refusal = |bytes: &[u8]| {
        read_document("m.json", bytes, None, &mut MetricsDraft::default()).expect_err("no metrics").to_string()
    };
    for other in ["", " ", "[]", "{}", "[1]", r#"{"NatGateways": []}"#] {
        assert_eq!(refusal(other.as_bytes()), MetricsError::NotMetrics.to_string(), "{other}");
    }
    assert!(refusal(b"{\"MetricDataResults\": [").starts_with("not valid JSON: EOF"));
    assert_eq!(refusal(b"\xff"), "not text in UTF-8 or UTF-16");
}

proptest! {
    #[test]
    fn splitting_points_over_pages_and_files_changes_nothing(
        values in proptest::collection::vec((0u64..1 << 40, 0usize..4, any::<bool>()), 1..40),
    ) {
        let mut texts: [String; 4] = Default::default();
        let mut whole = [0, 0];
        for (hour, (value, file, side)) in (0i64..).zip(&values) {
            whole[usize::from(*side)] += value;
            let metric = if *side { "BytesInFromSource" } else { "BytesInFromDestination" };
            let one = page(&[nat(metric, &[(hour, &value.to_string())])]);
            write!(texts[*file], "{one}").expect("memory");
            if value % 3 == 0 {
                write!(texts[(file + 1) % 4], "{one}").expect("memory");
            }
        }
        let has = |side: bool| values.iter().any(|(_, _, of)| *of == side);
        let expect = (has(true) && has(false)).then(|| Bytes::new(whole[0] + whole[1]));
        let files: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        let backwards: Vec<String> = files.iter().rev().cloned().collect();
        prop_assert_eq!(read(&files).0.of_gateway(NAT), expect);
        prop_assert_eq!(read(&backwards), read(&files));
    }
}
