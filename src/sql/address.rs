//! The part of the text that reads addresses as natlens does: what is none becomes `?`, and every address has one spelling, that of
//! [`Addr::spelled_out`](crate::model::addr::Addr::spelled_out), whoever wrote it. Only functions that all engines have with one meaning:
//! patterns match from end to end, and hold no backslash.

use super::text::Dialect;
use std::fmt::Write as _;

/// Columns of records, and what they are called when they were read.
const ENDS: [(&str, &str); 4] =
    [("srcaddr", "src_end"), ("dstaddr", "dst_end"), ("pkt_srcaddr", "pkt_src_end"), ("pkt_dstaddr", "pkt_dst_end")];

/// Four numbers up to 255 without leading zeros: what logs have.
const FOUR: &str =
    "^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$";
const FOUR_PADDED: &str = "^(?:[0-9]{1,3}[.]){3}[0-9]{1,3}$";
const EIGHT: &str = "^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$";
/// Eight groups that natlens takes for no address: all zero, or an IPv4 address as IPv6.
const NO_EIGHT: &str = "^(?:0{1,4}:){5}(?:ffff:.*|0{1,4}:0{1,4}:0{1,4})$";

fn matches(text: &str, pattern: &str) -> String {
    format!("regexp_replace({text}, '{pattern}', '') = ''")
}

/// What a stage makes of an address.
type Stage = fn(from: &str, to: &str, varchar: &str) -> String;

/// Subqueries that end with `spelled`: `records` with its addresses read. Each step is a stage of its own: engines compute what they
/// refer to twice only once, and make no huge method of it.
pub(super) fn stages(dialect: Dialect) -> String {
    const STAGES: [(&str, Stage); 5] = [
        ("in_parts", in_parts),
        ("in_hex", in_hex),
        ("in_groups", in_groups),
        ("in_full", in_full),
        ("spelled", spelled),
    ];
    let mut out = String::from("-- Addresses: what is none is '?', and every other has one spelling.\n");
    let mut of = "records";
    for (name, column) in STAGES {
        let columns: Vec<String> = ENDS.iter().map(|(from, to)| column(from, to, dialect.text())).collect();
        let _ = write!(out, "{name} AS (\n  SELECT r.*,\n    {}\n  FROM {of} r\n),\n", columns.join(",\n    "));
        of = name;
    }
    out
}

/// Of IPv6 that ends as IPv4 that end.
fn in_parts(from: &str, to: &str, _: &str) -> String {
    let colons = colons(from);
    format!("CASE WHEN {from} LIKE '%:%.%' THEN split_part({from}, ':', {colons} + 1) END AS {to}_v4")
}

fn colons(text: &str) -> String {
    format!("length({text}) - length(replace({text}, ':', ''))")
}

/// IPv6 in lower case, and nothing but hex: `64:ff9b::192.0.2.1` is `64:ff9b::c000:0201`.
fn in_hex(from: &str, to: &str, _: &str) -> String {
    let end = format!("{to}_v4");
    let digit = |place: &str| format!("substr('0123456789abcdef', {place} + 1, 1)");
    let octet = |at: usize| {
        let value = format!("TRY_CAST(split_part({end}, '.', {at}) AS INT)");
        format!(
            "{} || {}",
            digit(&format!("CAST(({value} - {value} % 16) / 16 AS INT)")),
            digit(&format!("{value} % 16"))
        )
    };
    let [a, b, c, d] = [1, 2, 3, 4].map(octet);
    let is_end = matches(&end, FOUR);
    format!(
        "CASE WHEN {from} NOT LIKE '%:%' THEN NULL WHEN {from} NOT LIKE '%.%' THEN lower({from})
      WHEN {is_end}
      THEN lower(substr({from}, 1, length({from}) - length({end})))
        || {a} || {b} || ':'
        || {c} || {d} END AS {to}_hex"
    )
}

/// Zeros in place of `::`. What does not stand for eight groups is left with too many, or with an empty one.
fn in_groups(_: &str, to: &str, _: &str) -> String {
    let (hex, colons) = (format!("{to}_hex"), colons(&format!("{to}_hex")));
    format!(
        "CASE WHEN {hex} NOT LIKE '%::%' THEN {hex} WHEN {hex} LIKE '%::%::%' OR {colons} > 8 THEN ''
      WHEN {colons} = 8 AND {hex} NOT LIKE '::%' AND {hex} NOT LIKE '%::' THEN ''
      ELSE replace(CASE WHEN {hex} LIKE '::%' THEN '0' ELSE '' END || {hex} || CASE WHEN {hex} LIKE '%::' THEN '0' ELSE '' END,
        '::', substr(':0:0:0:0:0:0:0:', 1, CASE WHEN {colons} <= 8 THEN 17 - 2 * ({colons}) ELSE 1 END)) END AS {to}_groups"
    )
}

/// Eight groups of four digits.
fn in_full(_: &str, to: &str, _: &str) -> String {
    let groups = format!("{to}_groups");
    let full: Vec<String> = (1..=8).map(|at| format!("lpad(split_part({groups}, ':', {at}), 4, '0')")).collect();
    let (eight, full) = (matches(&groups, EIGHT), full.join(" || ':' || "));
    format!(
        "CASE WHEN {eight} AND regexp_replace({groups}, '{NO_EIGHT}', '') <> ''
      THEN {full} END AS {to}_full"
    )
}

/// IPv4 as it is, or without leading zeros.
fn spelled(from: &str, to: &str, varchar: &str) -> String {
    let numbers = [1, 2, 3, 4].map(|at| format!("TRY_CAST(split_part({from}, '.', {at}) AS INT)"));
    let small = numbers.each_ref().map(|number| format!("{number} < 256")).join(" AND ");
    let four = numbers.map(|number| format!("CAST({number} AS {varchar})")).join(" || '.' || ");
    let (plain, padded) = (matches(from, FOUR), matches(from, FOUR_PADDED));
    format!(
        "CASE WHEN {plain} THEN {from}
      WHEN {from} = '-' THEN '-' WHEN {to}_full IS NOT NULL THEN {to}_full
      WHEN {padded} AND {small}
      THEN {four}
      ELSE '?' END AS {to}"
    )
}
