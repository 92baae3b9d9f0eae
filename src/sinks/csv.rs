//! One table of the report as RFC 4180 text: names of the JSON fields, raw values, null as an empty cell.
//!
//! A text that a spreadsheet would run as a formula is preceded by `'`. An empty text is `""`, so that it is not taken for null.

use super::TableName;
use super::view::kinds;
use crate::report::Report;
use serde::Serialize;
use serde_json::Value;

const SUMMARY: &[&str] = &[
    "nat_gateways",
    "observed_bytes",
    "billed_bytes",
    "coverage",
    "data_usd",
    "hours_usd",
    "attributed_usd",
    "unobserved_usd",
    "avoidable_usd",
    "endpoint_usd",
    "net_saving_usd",
    "gateway_saving_usd",
    "upper_bound_usd",
];
const NAT_GATEWAYS: &[&str] = &[
    "nat_gateway_id",
    "name",
    "account_id",
    "region",
    "vpc_id",
    "az_id",
    "upload_bytes",
    "download_bytes",
    "observed_bytes",
    "mirror_bytes",
    "unsolicited_bytes",
    "metered_bytes",
    "billed_bytes",
    "coverage",
    "usd_per_gb",
    "data_usd",
    "hours",
    "hours_usd",
    "unobserved_usd",
    "diagnosis",
];
const TRAFFIC: &[&str] = &[
    "nat_gateway_id",
    "vpc_id",
    "az_id",
    "service",
    "service_region",
    "endpoint",
    "evidence",
    "upload_bytes",
    "download_bytes",
    "usd",
];
const CLIENTS: &[&str] =
    &["client", "kind", "name", "vpc_id", "nat_gateway_ids", "upload_bytes", "download_bytes", "usd"];
const DESTINATIONS: &[&str] = &["name", "region", "upload_bytes", "download_bytes", "usd"];
const CLIENT_SERVICES: &[&str] =
    &["client", "vpc_id", "service", "service_region", "upload_bytes", "download_bytes", "usd"];
const DECISIONS: &[&str] = &[
    "action",
    "endpoint_type",
    "service",
    "endpoint_service_name",
    "endpoint_id",
    "endpoint_vpc_id",
    "region",
    "vpc_id",
    "az_ids",
    "bytes",
    "avoided_usd",
    "endpoint_hours_usd",
    "endpoint_data_usd",
    "net_usd",
    "break_even_gb",
    "reason",
];
const FINDINGS: &[&str] = &["kind", "nat_gateway_id", "route_table_ids", "usd", "reason"];
const CUSTOM_SERVICES: &[&str] = &[
    "vpc_id",
    "peer_vpc_id",
    "peer",
    "port",
    "path",
    "bytes",
    "today_usd",
    "privatelink_usd",
    "net_usd",
    "break_even_gb",
    "reason",
];
const LOAD: &[&str] = &["upload_bytes", "download_bytes", "usd"];
const RECORDS: &[&str] = &["kind", "records", "bytes"];
const WARNINGS: &[&str] = &["code", "message", "count", "hint"];
const INPUTS: &[&str] = &["kind", "source", "objects", "bytes", "unreadable"];

/// Header and rows, each ended by CR LF.
pub(super) fn render(report: &Report, table: TableName) -> String {
    match table {
        TableName::Summary => rows(SUMMARY, std::slice::from_ref(&report.summary)),
        TableName::NatGateways => rows(NAT_GATEWAYS, &report.nat_gateways),
        TableName::Traffic => rows(TRAFFIC, &report.traffic),
        TableName::Clients => rows(CLIENTS, &report.clients),
        TableName::Destinations => rows(DESTINATIONS, &report.destinations),
        TableName::Buckets => rows(DESTINATIONS, &report.buckets),
        TableName::ClientServices => rows(CLIENT_SERVICES, &report.client_services),
        TableName::Decisions => rows(DECISIONS, &report.decisions),
        TableName::Findings => rows(FINDINGS, &report.findings),
        TableName::CustomServices => rows(CUSTOM_SERVICES, &report.custom_services),
        TableName::Groups => groups(report),
        TableName::Records => records(report),
        TableName::Warnings => rows(WARNINGS, &report.warnings),
        TableName::Inputs => rows(INPUTS, &report.inputs),
    }
}

fn rows<T: Serialize>(columns: &[&str], items: &[T]) -> String {
    let mut out = line(columns.iter().map(|c| text(c)));
    for item in items {
        let value = value_of(item);
        out.push_str(&line(columns.iter().map(|c| cell(&value[c]))));
    }
    out
}

/// The dimensions of `--group-by` are columns of their own, by name.
fn groups(report: &Report) -> String {
    let groups = report.groups.as_deref().unwrap_or_default();
    let dimensions: Vec<&String> = groups.first().map(|g| g.by.keys().collect()).unwrap_or_default();
    let mut out = line(dimensions.iter().map(|d| text(d)).chain(LOAD.iter().map(|c| text(c))));
    for group in groups {
        let value = value_of(group);
        let by = dimensions.iter().map(|d| cell(&value["by"][d.as_str()]));
        out.push_str(&line(by.chain(LOAD.iter().map(|c| cell(&value[c])))));
    }
    out
}

/// `read` first, then the kinds that add up to it; kinds without bytes leave that cell empty.
fn records(report: &Report) -> String {
    let mut out = line(RECORDS.iter().map(|c| text(c)));
    out.push_str(&line(["read".to_owned(), report.records.read.to_string(), String::new()].into_iter()));
    for kind in kinds(report) {
        let bytes = kind.bytes.map_or_else(String::new, |b| b.to_string());
        out.push_str(&line([kind.name.to_owned(), kind.count.to_string(), bytes].into_iter()));
    }
    out
}

fn value_of<T: Serialize>(item: &T) -> Value {
    serde_json::to_value(item).expect("the report has text keys only and writes to memory")
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut out = cells.collect::<Vec<_>>().join(",");
    out.push_str("\r\n");
    out
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => text(s),
        Value::Array(list) => {
            let parts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            if parts.is_empty() { String::new() } else { text(&parts.join(",")) }
        }
        other => other.to_string(),
    }
}

fn text(s: &str) -> String {
    let formula = s.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_decimal(s);
    let guard = if formula { "'" } else { "" };
    if s.is_empty() || s.contains(['"', ',', '\r', '\n']) || s.starts_with(' ') || s.ends_with(' ') {
        return format!("\"{guard}{}\"", s.replace('"', "\"\""));
    }
    format!("{guard}{s}")
}

/// Whether the text is a number as the report writes them.
fn is_decimal(s: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (int, frac) = s.split_once('.').unwrap_or((s, "0"));
    digits(int.strip_prefix('-').unwrap_or(int)) && digits(frac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::sample;

    /// A slow reader of RFC 4180: records of cells, `None` for an empty cell without quotes.
    fn parse(csv: &str) -> Vec<Vec<Option<String>>> {
        let (mut table, mut row, mut cell, mut quoted, mut inside) = (vec![], vec![], String::new(), false, false);
        let mut chars = csv.chars().peekable();
        while let Some(c) = chars.next() {
            match (inside, c) {
                (true, '"') if chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                (_, '"') => (inside, quoted) = (!inside, true),
                (false, ',' | '\n') => {
                    let done = std::mem::take(&mut cell);
                    row.push((quoted || !done.is_empty()).then_some(done));
                    quoted = false;
                    if c == '\n' {
                        table.push(std::mem::take(&mut row));
                    }
                }
                (false, '\r') => {}
                (_, c) => cell.push(c),
            }
        }
        assert!(!inside && row.is_empty() && cell.is_empty(), "the text ends with a line end");
        table
    }

    /// The keys of the first object of `json`, in order.
    fn keys(json: &str) -> Vec<String> {
        let (mut keys, mut depth) = (vec![], 0);
        for (i, part) in json.split('"').enumerate() {
            if i % 2 == 0 {
                depth += part.matches(['{', '[']).count();
                depth -= part.matches(['}', ']']).count();
            } else if depth == 1 && json.split('"').nth(i + 1).unwrap().starts_with(':') {
                keys.push(part.to_owned());
            }
        }
        keys
    }

    fn check<T: Serialize>(table: TableName, items: &[T]) {
        let parsed = parse(&render(&sample::full(), table));
        let header: Vec<String> = parsed[0].iter().map(|c| c.clone().unwrap()).collect();
        let first = serde_json::to_string(&items[0]).unwrap();
        assert_eq!(header, keys(&first), "{table:?}: header");
        assert_eq!(parsed.len(), items.len() + 1, "{table:?}: rows");
        for (row, item) in parsed[1..].iter().zip(items) {
            let value = serde_json::to_value(item).unwrap();
            for (cell, key) in row.iter().zip(&header) {
                let plain = cell.as_deref().map(|c| c.strip_prefix('\'').unwrap_or(c));
                let expect = match &value[key] {
                    Value::Null => None,
                    Value::String(s) => Some(s.clone()),
                    Value::Array(a) if a.is_empty() => None,
                    Value::Array(a) => Some(a.iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>().join(",")),
                    number => Some(number.to_string()),
                };
                assert_eq!(plain, expect.as_deref(), "{table:?}: {key}");
            }
        }
    }

    #[test]
    fn every_table_reads_back() {
        let report = sample::full();
        check(TableName::Summary, std::slice::from_ref(&report.summary));
        check(TableName::NatGateways, &report.nat_gateways);
        check(TableName::Traffic, &report.traffic);
        check(TableName::Clients, &report.clients);
        check(TableName::Destinations, &report.destinations);
        check(TableName::Buckets, &report.buckets);
        check(TableName::ClientServices, &report.client_services);
        check(TableName::Decisions, &report.decisions);
        check(TableName::Findings, &report.findings);
        check(TableName::CustomServices, &report.custom_services);
        check(TableName::Warnings, &report.warnings);
        check(TableName::Inputs, &report.inputs);
    }

    #[test]
    fn groups_have_a_column_per_dimension() {
        let report = sample::full();
        let parsed = parse(&render(&report, TableName::Groups));
        let header: Vec<&str> = parsed[0].iter().map(|c| c.as_deref().unwrap()).collect();
        assert_eq!(header, ["account", "vpc", "upload_bytes", "download_bytes", "usd"]);
        assert_eq!(parsed.len(), report.groups.unwrap().len() + 1);
        assert_eq!(render(&sample::empty(), TableName::Groups), "upload_bytes,download_bytes,usd\r\n");
    }

    #[test]
    fn kinds_of_records_add_up_to_read() {
        let parsed = parse(&render(&sample::full(), TableName::Records));
        let counts: Vec<u64> = parsed[1..].iter().map(|r| r[1].as_deref().unwrap().parse().unwrap()).collect();
        assert_eq!(counts[0], counts[1..].iter().sum::<u64>());
    }

    fn check_text(situation: &str, raw: &str, expect: &str) {
        assert_eq!(text(raw), expect, "{situation}");
    }

    #[test]
    fn no_cell_is_a_formula() {
        check_text("a formula", "=1+1", "'=1+1");
        check_text("a call", "@SUM(A1)", "'@SUM(A1)");
        check_text("a plus", "+1", "'+1");
        check_text("a minus", "-cmd|x", "'-cmd|x");
        check_text("a tab", "\t=1", "'\t=1");
        check_text("a return", "\r=1", "\"'\r=1\"");
        check_text("a negative amount", "-3.1", "-3.1");
        check_text("two points", "-3.1.2", "'-3.1.2");
        check_text("a quote", "say \"x\"", "\"say \"\"x\"\"\"");
        check_text("empty is not null", "", "\"\"");
    }
}
