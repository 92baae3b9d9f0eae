//! The SQL text. Only what comes before `core.sql` knows a dialect or a layout: tables of flow logs as canonical columns.

use super::{FORM, Grain, address};
use crate::model::flow::MAX_RECORD_BYTES;
use crate::model::period::{Month, Window, delivered, iso_day};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Whose words are used where engines differ: for the path of the object that a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Trino and Athena (engine version 3).
    Trino,
    /// Spark and what speaks its SQL.
    Spark,
    /// `DuckDB`.
    DuckDb,
}

impl Dialect {
    /// The type of texts of any length.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Trino | Self::DuckDb => "VARCHAR",
            Self::Spark => "STRING",
        }
    }

    /// The path of a row's object.
    const fn path(self) -> &'static str {
        match self {
            Self::Trino => "\"$path\"",
            Self::Spark => "input_file_name()",
            Self::DuckDb => "filename",
        }
    }
}

/// A table of flow logs of one layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name: up to three parts between dots, of letters, digits, `_` and `-`, see [`is_table_name`].
    pub table: String,
    /// Fields that it has, as AWS names them: `pkt-srcaddr`. Its columns are called the same, with `_` for `-`.
    pub fields: BTreeSet<String>,
    /// The flow logs whose records count here; others may lie in the same folder, and be another table's.
    pub flow_logs: BTreeSet<String>,
    /// Those of them of which nobody says that they are in the default format: a line that does not say so itself is none.
    pub assumed: BTreeSet<String>,
    /// Where its objects lie, if the flow logs have others in other tables.
    pub below: Option<Below>,
    /// Whether its records are lines of text, in which every field says something: of a line that is too short some do not.
    pub is_text: bool,
}

/// Where objects lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// What their paths begin with, to the last `/`; empty for what lies in no folder.
    pub folder: String,
    /// How many parts follow between `/`, the object's own name among them; at least 1.
    pub depth: usize,
    /// Whether the folders are named `day=31` or `31`, where AWS named them.
    pub is_hive: Option<bool>,
}

impl Below {
    /// The condition, with an ` AND ` before it: no two kinds of folders, by day or by hour, have an object in common.
    fn condition(&self) -> String {
        let length = self.folder.chars().count();
        let mut text = String::new();
        if length > 0 {
            let _ = write!(text, "\n    AND substr(t.object, 1, {length}) = {}", quoted(&self.folder));
        }
        let part = |at: usize| format!("split_part(substr(t.object, {}), '/', {at})", length + 1);
        let mut is_empty = |text_at: &str, sign: &str| {
            let _ = write!(text, "\n    AND coalesce({text_at}, '') {sign} ''");
        };
        is_empty(&part(self.depth + 1), "=");
        if self.depth > 1 {
            is_empty(&part(self.depth), "<>");
            if let Some(is_hive) = self.is_hive {
                let value = format!("split_part({}, '=', 2)", part(self.depth - 1));
                is_empty(&value, if is_hive { "<>" } else { "=" });
            }
        }
        text
    }
}

/// What a text is made of.
#[derive(Clone, Debug)]
pub struct Emission {
    /// Dialect.
    pub dialect: Dialect,
    /// Tables of flow logs.
    pub sources: Vec<Source>,
    /// In place of the dialect's word for an object's path.
    pub path_column: Option<String>,
    /// What the paths of all objects begin with, up to where natlens knows them by.
    pub location: String,
    /// A condition that leaves out partitions, if there is one.
    pub partitions: Option<String>,
    /// Time of the roll-up.
    pub window: Window,
    /// How finely rows are kept.
    pub grain: Grain,
    /// Ports that naming rules ask for.
    pub ports: BTreeSet<u16>,
    /// [`super::Guide::by_hour_until`].
    pub by_hour_until: i64,
    /// [`super::Guide::by_hour`].
    pub by_hour: BTreeSet<String>,
    /// What tells the inventory from any other, [`super::inventory_digest`].
    pub inventory: String,
    /// How addresses of VPCs begin.
    pub prefixes: BTreeSet<String>,
}

/// Why a layout cannot be rolled up by SQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceRefusal {
    /// What the local engine would have to assume.
    #[error("the flow logs have no {0}, which only the local engine assumes")]
    Assumed(&'static str),
}

/// Whether a text can name a table: `table`, `database.table` or `catalog.database.table`.
#[must_use]
pub fn is_table_name(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    text.split('.').count() <= 3 && text.split('.').all(plain)
}

const CORE: &str = include_str!("core.sql");
/// The fields that tell of owners, in the order of [`crate::model::flow::OWNER_FIELDS`].
const OWNER: [&str; 10] = crate::model::flow::OWNER_FIELDS;

/// So many months of the window are told by themselves.
const MONTHS: usize = 12;

/// Fields that are texts, and what the text calls them.
const TEXTS: [(&str, &str); 20] = [
    ("account-id", "account_id"),
    ("interface-id", "interface_id"),
    ("resource-id", "resource_id"),
    ("srcaddr", "srcaddr"),
    ("dstaddr", "dstaddr"),
    ("pkt-srcaddr", "pkt_srcaddr"),
    ("pkt-dstaddr", "pkt_dstaddr"),
    ("action", "action"),
    ("log-status", "log_status"),
    ("vpc-id", "vpc_id"),
    ("subnet-id", "subnet_id"),
    ("instance-id", "instance_id"),
    ("region", "region"),
    ("az-id", "az_id"),
    ("pkt-src-aws-service", "from_service"),
    ("pkt-dst-aws-service", "to_service"),
    ("flow-direction", "direction"),
    ("interface-type", "interface_type"),
    ("next-hop-interface-type", "next_hop_type"),
    ("next-hop-interface-id", "next_hop_id"),
];

/// Fields that are numbers.
const NUMBERS: [&str; 4] = ["start", "bytes", "srcport", "dstport"];

/// Whether the text reads a field, which is what an engine that reads columns is paid for.
#[must_use]
pub fn is_read(field: &str) -> bool {
    TEXTS.iter().any(|(text, _)| *text == field) || NUMBERS.contains(&field) || OWNER.contains(&field)
}

/// The whole text, without a `;`.
pub fn render(emission: &Emission) -> Result<String, SourceRefusal> {
    let mut text = String::from("WITH records AS (\n");
    for (at, source) in emission.sources.iter().enumerate() {
        if at > 0 {
            text.push_str("  UNION ALL\n");
        }
        text.push_str(&records(emission, source)?);
    }
    text.push_str("),\n");
    text.push_str(&address::stages(emission.dialect));
    let list = |values: Vec<String>, none: &str| if values.is_empty() { none.to_owned() } else { values.join(", ") };
    let ports = list(emission.ports.iter().filter(|port| **port > 0).map(ToString::to_string).collect(), "-2");
    let prefixes = list(emission.prefixes.iter().map(|prefix| quoted(prefix)).collect(), "'-'");
    let by_hour = list(emission.by_hour.iter().map(|gateway| quoted(gateway)).collect(), "'-'");
    let core = CORE
        .replace("@WINDOW_START", &emission.window.start.to_string())
        .replace("@WINDOW_END", &emission.window.end.to_string())
        .replace("@BY_HOUR_GATEWAYS", &by_hour)
        .replace("@BY_HOUR_UNTIL", &emission.by_hour_until.to_string())
        .replace("@GRAIN", &emission.grain.seconds().to_string())
        .replace("@FORM", &FORM.to_string())
        .replace("@PORTS", &ports)
        .replace("@KEPT", &quoted(&kept(&emission.ports)))
        .replace("@INVENTORY", &quoted(&emission.inventory))
        .replace("@VPC_PREFIXES", &prefixes);
    text.push_str(&core);
    Ok(text)
}

/// Ports as the row of kind `window` has them.
pub(super) fn kept(ports: &BTreeSet<u16>) -> String {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    if ports.is_empty() { "-".to_owned() } else { ports.join(",") }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table's name; parts that are no plain words stand between the dialect's quotes.
fn table_name(dialect: Dialect, name: &str) -> String {
    let quote = if dialect == Dialect::Spark { '`' } else { '"' };
    let is_word = |part: &str| !part.contains('-') && !part.starts_with(|first: char| first.is_ascii_digit());
    let part = |part: &str| if is_word(part) { part.to_owned() } else { format!("{quote}{part}{quote}") };
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// One table's records in canonical columns: absent texts are `-`, absent numbers null.
fn records(emission: &Emission, source: &Source) -> Result<String, SourceRefusal> {
    let has = |field: &str| source.fields.contains(field);
    for field in ["action", "log-status"] {
        if !has(field) {
            return Err(SourceRefusal::Assumed(field));
        }
    }
    let varchar = emission.dialect.text();
    let text = |field: &str| {
        let present = || format!("coalesce(nullif(CAST({} AS {varchar}), ''), '-')", column(field));
        if has(field) { present() } else { "'-'".to_owned() }
    };
    let number = |field: &str| number(emission.dialect, source, field);
    let start = number("start");
    let has_pkt = has("pkt-srcaddr") && has("pkt-dstaddr");
    let path = emission.path_column.as_deref().unwrap_or(emission.dialect.path());
    let object = match emission.location.as_str() {
        "" => path.to_owned(),
        location => format!("replace({path}, {}, '')", quoted(location)),
    };
    let [flow_log, account, region] = path_parts("t.object");
    let mut out = String::new();
    let mut select = |expression: String, name: &str, last: bool| {
        let _ = writeln!(out, "    {expression} AS {name}{}", if last { "" } else { "," });
    };
    select(format!("coalesce(o.flow_log, {flow_log})"), "flow_log", false);
    select(format!("coalesce(o.account, {account})"), "hint_account", false);
    select(format!("coalesce(o.region, {region})"), "hint_region", false);
    for (field, name) in TEXTS {
        select(text(field), name, false);
    }
    select(owner(&has, &text), "owner", false);
    // Milliseconds, where somebody else wrote the log.
    let seconds =
        format!("CASE WHEN {start} > 100000000000 THEN CAST(floor({start} / 1000) AS BIGINT) ELSE {start} END");
    select(seconds, "start_second", false);
    let bytes = number("bytes");
    // What no record can hold is no number.
    select(format!("CASE WHEN {bytes} BETWEEN 0 AND {MAX_RECORD_BYTES} THEN {bytes} END"), "bytes", false);
    select(port(emission.dialect, source, "srcport"), "src_port", false);
    select(port(emission.dialect, source, "dstport"), "dst_port", false);
    select(i32::from(has_pkt).to_string(), "has_pkt", false);
    let missing = TEXTS.iter().filter(|(field, _)| has(field)).map(|(field, _)| format!("{} IS NULL", column(field)));
    let list = |names: &BTreeSet<String>| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let of_no_version = (!source.assumed.is_empty()).then(|| {
        let says =
            format!("coalesce(CAST({} AS {varchar}), '-') <> '2' OR {} = '-'", column("version"), text("account-id"));
        format!("coalesce(o.flow_log, {flow_log}) IN ({}) AND ({says})", list(&source.assumed))
    });
    let missing = missing.chain(of_no_version).collect::<Vec<_>>().join(" OR ");
    let is_short = if source.is_text { format!("CASE WHEN {missing} THEN 1 ELSE 0 END") } else { "0".to_owned() };
    select(is_short, "is_short", true);
    let own = list(&source.flow_logs);
    let days = days(emission.window);
    let below = source.below.as_ref().map(Below::condition).unwrap_or_default();
    let partitions = emission.partitions.as_deref().map(|only| format!(" WHERE {only}")).unwrap_or_default();
    Ok(format!(
        "  SELECT\n{out}  FROM (SELECT s.*, {object} AS object, {} AS natlens_day FROM {} s{partitions}) t\n  LEFT JOIN natlens_objects o ON o.object = t.object\n  WHERE coalesce(o.is_duplicate, 0) = 0 AND coalesce({}, '-') <> 'log-status'\n    AND coalesce(o.flow_log, {flow_log}) IN ({own}){below}{days}\n",
        folder_day(path, emission.window),
        table_name(emission.dialect, &source.table),
        format_args!("CAST({} AS {varchar})", column("log-status")),
    ))
}

/// A field as a number, null where it is none.
fn number(dialect: Dialect, source: &Source, field: &str) -> String {
    if !source.fields.contains(field) {
        return "CAST(NULL AS BIGINT)".to_owned();
    }
    let (column, varchar) = (column(field), dialect.text());
    let number = format!("TRY_CAST({column} AS BIGINT)");
    if !source.is_text {
        return number;
    }
    // Engines take signs, fractions and exponents, too. What is written as numbers are needs no second look.
    let text = format!("CAST({column} AS {varchar})");
    format!(
        "CASE WHEN CAST({number} AS {varchar}) = {text} OR translate({text}, '0123456789', '') = '' THEN {number} END"
    )
}

/// A field as a port, -1 where it is none: that says nothing.
fn port(dialect: Dialect, source: &Source, field: &str) -> String {
    if !source.fields.contains(field) {
        return "-1".to_owned();
    }
    let number = number(dialect, source, field);
    let short = format!("length(CAST({} AS {})) <= 5 AND ", column(field), dialect.text());
    format!(
        "CASE WHEN {}{number} BETWEEN 0 AND 65535 THEN coalesce({number}, -1) ELSE -1 END",
        if source.is_text { &short } else { "" }
    )
}

fn column(field: &str) -> String {
    format!("t.{}", field.replace('-', "_"))
}

/// The values that tell of owners as one text; a separator stands between them.
fn owner(has: &impl Fn(&str) -> bool, text: &impl Fn(&str) -> String) -> String {
    if !OWNER.iter().any(|field| has(field)) {
        return "'-'".to_owned();
    }
    let value = |field: &&str| {
        let present = || format!("coalesce(nullif({}, '-'), '')", text(field));
        if has(field) { present() } else { "''".to_owned() }
    };
    let joined = OWNER.iter().map(value).collect::<Vec<_>>().join(" || chr(31) || ");
    format!("CASE WHEN replace({joined}, chr(31), '') = '' THEN '-' ELSE {joined} END")
}

/// The day that AWS's folders name in a path, `2026/10/31`, whether they are plain or Hive; of others some other text, or none. Nor
/// is one told of the window's own months, where most rows lie, because cutting paths costs a tenth of the whole and more.
fn folder_day(path: &str, window: Window) -> String {
    let below = format!("split_part('/' || {path}, '/AWSLogs/', 2)");
    let plain =
        ["year=", "month=", "day="].iter().fold(below.clone(), |text, name| format!("replace({text}, '{name}', '')"));
    let day = [4, 5, 6].map(|at| format!("split_part({plain}, '/', {at})")).join(" || '/' || ");
    let months = std::iter::successors(Month::of(window.start), |month| Month::of(month.window().end));
    let months = months.take_while(|month| month.window().start < window.end).take(MONTHS);
    let own: String = months
        .flat_map(|month| {
            let (year, month) = (month.year(), month.month());
            let plain = format!("%/vpcflowlogs/%/{year:04}/{month:02}/%");
            let hive = format!("%/aws-service=vpcflowlogs/%/year={year:04}/month={month:02}/%");
            [plain, hive].map(|like| format!("WHEN {path} LIKE '{like}' THEN '' "))
        })
        .collect();
    format!(
        "CASE {own}WHEN split_part({below}, '/', 2) IN ('vpcflowlogs', 'aws-service=vpcflowlogs') THEN coalesce({day}, '') ELSE '' END"
    )
}

/// The condition, with an ` AND ` before it, that leaves out what the local engine does not list: folders of other days than those of whose
/// deliveries anything may be of the window.
fn days(window: Window) -> String {
    let delivered = delivered(window);
    let [first, last] = [delivered.start, delivered.end - 1].map(|second| iso_day(second).replace('-', "/"));
    format!(
        "\n    AND (length(t.natlens_day) <> 10 OR translate(t.natlens_day, '0123456789', '') <> '//' OR t.natlens_day BETWEEN '{first}' AND '{last}')"
    )
}

/// Flow log, account and Region by AWS's own file names: `ACCOUNT_vpcflowlogs_REGION_fl-ID_TIME_HASH`.
fn path_parts(path: &str) -> [String; 3] {
    let named = format!("coalesce(split_part({path}, '_vpcflowlogs_', 2), '') <> ''");
    let before = format!("split_part({path}, '_vpcflowlogs_', 1)");
    let after = format!("split_part({path}, '_vpcflowlogs_', 2)");
    [
        format!("CASE WHEN {named} THEN split_part({after}, '_', 2) ELSE '-' END"),
        format!(
            "CASE WHEN {named} AND length({before}) >= 12 THEN substr({before}, length({before}) - 11) ELSE '-' END"
        ),
        format!("CASE WHEN {named} THEN split_part({after}, '_', 1) ELSE '-' END"),
    ]
}

/// The same, as the text works it out.
pub(super) fn said_by_path(path: &str) -> [String; 3] {
    let mut parts = path.split("_vpcflowlogs_");
    let (before, after) = (parts.next().unwrap_or_default(), parts.next());
    let Some(after) = after else { return ["-", "-", "-"].map(str::to_owned) };
    let part = |at| after.split('_').nth(at).unwrap_or_default().to_owned();
    let account = before.len().checked_sub(12).and_then(|at| before.get(at..)).unwrap_or("-");
    [part(1), account.to_owned(), part(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_objects_lie_is_a_condition() {
        let check = |folder: &str, depth: usize, is_hive: Option<bool>, expect: &[&str]| {
            let text = Below { folder: folder.to_owned(), depth, is_hive }.condition();
            let conditions: Vec<&str> = text.split("\n    AND ").skip(1).collect();
            assert_eq!(conditions, expect, "{folder} {depth} {is_hive:?}");
        };
        let none = "coalesce(split_part(substr(t.object, 1), '/', 2), '') = ''";
        check("", 1, None, &[none]);
        check("", 1, Some(true), &[none]);
        let own = ["substr(t.object, 1, 3) = 'ä''/'", "coalesce(split_part(substr(t.object, 4), '/', 2), '') = ''"];
        check("ä'/", 1, None, &own);
        let [above, deeper, itself] = [
            "substr(t.object, 1, 8) = 'AWSLogs/'",
            "coalesce(split_part(substr(t.object, 9), '/', 8), '') = ''",
            "coalesce(split_part(substr(t.object, 9), '/', 7), '') <> ''",
        ];
        let hive = "coalesce(split_part(split_part(substr(t.object, 9), '/', 6), '=', 2), '') <> ''";
        check("AWSLogs/", 7, Some(true), &[above, deeper, itself, hive]);
        check("AWSLogs/", 7, Some(false), &[above, deeper, itself, &hive.replace("<>", "=")]);
    }

    #[test]
    fn days_that_the_local_engine_does_not_list_are_left_out() {
        use crate::sources::objects::dates::may_hold;
        let month = |text: &str| crate::model::period::Month::parse(text).expect("a month").window();
        let (september, october) = (month("2026-09"), month("2026-10"));
        let day = Window { start: october.start + 9 * 86_400, end: october.start + 10 * 86_400 };
        for (window, first, last) in [
            (october, "2026/09/30", "2026/11/01"),
            (day, "2026/09/30", "2026/11/01"),
            (Window { start: september.start, end: october.start + 1 }, "2026/08/31", "2026/11/01"),
            (month("2026-12"), "2026/11/30", "2027/01/01"),
        ] {
            let condition = days(window);
            let range = condition.strip_suffix(')').and_then(|text| text.rsplit_once("BETWEEN ")).expect("a range").1;
            assert_eq!(range, format!("'{first}' AND '{last}'"));
            // Every day from a year before to a year after.
            for second in (window.start - 400 * 86_400..window.end + 400 * 86_400).step_by(86_400) {
                let day = iso_day(second).replace('-', "/");
                let key = format!("AWSLogs/111111111111/vpcflowlogs/us-east-1/{day}/x.log.gz");
                let is_left_out = day.as_str() < first || day.as_str() > last;
                assert_eq!(may_hold(&key, Some(window)), !is_left_out, "{day} of {first} to {last}");
            }
        }
    }

    #[test]
    fn names_of_tables_are_words_or_quoted() {
        for (name, trino, spark) in [
            ("flow_logs_1", "flow_logs_1", "flow_logs_1"),
            ("logs.flow_logs", "logs.flow_logs", "logs.flow_logs"),
            ("AwsDataCatalog.my-logs.2026", "AwsDataCatalog.\"my-logs\".\"2026\"", "AwsDataCatalog.`my-logs`.`2026`"),
        ] {
            assert!(is_table_name(name));
            assert_eq!(table_name(Dialect::Trino, name), trino);
            assert_eq!(table_name(Dialect::Spark, name), spark);
        }
        for none in ["", "a b", "a;", "\"a\"", "a..b", "a.b.c.d", ".a", "a--b\n", "(SELECT 1)", "t\u{e4}"] {
            assert!(!is_table_name(none), "{none}");
        }
    }
}
