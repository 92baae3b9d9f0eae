//! Tables over the user's own flow logs, each with the columns that its objects have: text binds by place, Parquet by name. Objects of
//! two formats in one folder are two tables, each with a view of its own objects only, because a table reads all that lies in its
//! folders.

use super::{DATABASE, projected, statement};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How records lie in the objects of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Lines of words with a header line.
    Text,
    /// The same without a header line.
    TextNoHeader,
    /// The same with a time before each record, as `CloudWatch` Logs exports it.
    Export,
    /// Parquet.
    Parquet,
    /// Something that no table can be made over.
    Other(&'static str),
}

/// How S3 delivery named the folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Folders {
    /// Not as AWS does: all that lies below is one table without partitions.
    Own,
    /// `<account>/vpcflowlogs/<region>/2026/10/31/`.
    Plain {
        /// With `23/` behind it.
        hourly: bool,
    },
    /// `aws-account-id=…/aws-service=vpcflowlogs/aws-region=…/year=…/month=…/day=…/`.
    Hive {
        /// With `hour=…/` behind it.
        hourly: bool,
    },
}

/// Objects of one format in the folders of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogTable {
    /// `s3://bucket/prefix/AWSLogs/`, or the folder that holds them.
    pub location: String,
    /// What lies below it.
    pub folders: Folders,
    /// What the objects are.
    pub format: Format,
    /// Name and Hive type of their columns, in order.
    pub columns: Vec<(String, &'static str)>,
    /// Accounts and Regions in the folders' names.
    pub partitions: Partitions,
    /// First time likewise, `2026/10/01` or `2026/10/01/00`; empty without such folders.
    pub first: String,
    /// The flow logs whose objects these are, as far as the objects' names tell.
    pub flow_logs: BTreeSet<String>,
}

/// The accounts and Regions whose folders a table reads: all of the ones with all of the others, because both are enumerated.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partitions {
    accounts: BTreeSet<String>,
    regions: BTreeSet<String>,
}

impl Partitions {
    /// Takes in a folder; a name that is known costs nothing.
    pub fn add(&mut self, account: &str, region: &str) {
        for (names, name) in [(&mut self.accounts, account), (&mut self.regions, region)] {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
        }
    }

    /// Takes in those of another.
    pub fn extend(&mut self, other: &Self) {
        self.accounts.extend(other.accounts.iter().cloned());
        self.regions.extend(other.regions.iter().cloned());
    }

    /// Whether what lies in a folder of this account and Region is read.
    #[must_use]
    pub fn reads(&self, account: &str, region: &str) -> bool {
        self.accounts.contains(account) && self.regions.contains(region)
    }

    /// Whether both may read one folder; without names there are no such folders.
    fn meets(&self, other: &Self) -> bool {
        let meets = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.is_empty() || b.is_empty() || !a.is_disjoint(b);
        meets(&self.accounts, &other.accounts) && meets(&self.regions, &other.regions)
    }
}

/// All tables.
pub(super) fn all(tables: &[LogTable]) -> String {
    let mut text = String::new();
    if tables.is_empty() {
        return text;
    }
    text += "-- Your own flow logs, as they were delivered: records and not traffic. The same bytes may be in several of them, on both sides of\n\
             -- a gateway and in logs of interface, subnet and VPC; `natlens report` counts each once. Folders go by time of delivery: look a\n\
             -- day further than the time that `start` is compared with. Accounts, Regions and the first day are those of this data: what is of\n\
             -- others is not found, without an error.\n\n";
    // In the order in which `natlens athena` numbers its tables, by the first flow log of each.
    let mut tables: Vec<&LogTable> = tables.iter().collect();
    tables.sort_by_key(|table| (table.flow_logs.is_empty(), table.flow_logs.first()));
    for (table, name) in tables.iter().zip(names(&tables)) {
        let others: Vec<&LogTable> = tables.iter().copied().filter(|other| shares(table, other)).collect();
        of_table(&mut text, table, &name, &others);
    }
    text
}

/// Whether another table's objects lie in folders that this one reads.
fn shares(table: &LogTable, other: &LogTable) -> bool {
    let below = other.location.starts_with(&table.location)
        && (table.folders == Folders::Own || table.folders == other.folders && table.location == other.location);
    table != other && below && table.partitions.meets(&other.partitions)
}

/// `flow_logs`, and with a number where there are several. Where there is no table, no number is spent.
fn names(tables: &[&LogTable]) -> Vec<String> {
    let is_table = |table: &&&LogTable| !matches!(table.format, Format::Other(_));
    let before = |at: usize| tables[..at].iter().filter(is_table).count();
    let name = |at: usize| match before(tables.len()) {
        0 | 1 => TABLE.to_owned(),
        _ => format!("{TABLE}_{}", before(at) + 1),
    };
    (0..tables.len()).map(name).collect()
}

/// What `natlens athena` looks for without `--flow-table`.
const TABLE: &str = "flow_logs";

/// Partition columns have names that no field of a flow log has, because Hive would not take two of one name.
const ACCOUNT: &str = "aws_account";
const REGION: &str = "aws_region";

fn of_table(text: &mut String, table: &LogTable, name: &str, others: &[&LogTable]) {
    let ids: Vec<&str> = table.flow_logs.iter().map(String::as_str).collect();
    let whose = if ids.is_empty() { String::new() } else { format!(" of {}", ids.join(", ")) };
    if let Format::Other(format) = table.format {
        let _ = write!(
            text,
            "-- {}: {format}{whose}. No table: natlens reads it, Athena needs it as text or Parquet.\n\n",
            table.location
        );
        return;
    }
    let _ = writeln!(text, "-- {}: {}{whose}.", table.location, format_name(table.format));
    let with_parquet =
        others.iter().any(|other| (other.format == Format::Parquet) != (table.format == Format::Parquet));
    // Text that is read as Parquet stops a query; Parquet that is read as text is rows that the view leaves out.
    let stops = with_parquet && table.format == Format::Parquet;
    let has_view = !(others.is_empty() || ids.is_empty() || stops);
    if has_view {
        let _ = writeln!(
            text,
            "-- Objects of another format lie in the same folders: query {name}_only, which leaves them out."
        );
    } else if stops {
        *text += "-- Text lies in the same folders, and a query that meets it fails: let the flow log in Parquet deliver to a prefix of its own.\n";
    } else if !others.is_empty() {
        *text += "-- Objects of another format lie in the same folders, and no name tells them apart: let each format have a prefix of its own.\n";
    }
    let columns: Vec<String> =
        named(&table.columns).into_iter().map(|(name, kind)| format!("  `{name}` {kind}")).collect();
    let mut properties = Vec::new();
    let partitions = partitions(table, &mut properties);
    let mut create = format!("CREATE EXTERNAL TABLE IF NOT EXISTS {DATABASE}.{name} (\n{}\n)\n", columns.join(",\n"));
    if !partitions.is_empty() {
        let _ = writeln!(create, "PARTITIONED BY ({})", partitions.join(", "));
    }
    if table.format == Format::Parquet {
        create += "STORED AS PARQUET\n";
    } else {
        create += "ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '\nSTORED AS TEXTFILE\n";
    }
    let _ = write!(create, "LOCATION '{}'", table.location);
    if table.format == Format::Text {
        properties.push(("skip.header.line.count".to_owned(), "1".to_owned()));
    }
    if !properties.is_empty() {
        let lines: Vec<String> = properties.iter().map(|(key, value)| format!("  '{key}'='{value}'")).collect();
        let _ = write!(create, "\nTBLPROPERTIES (\n{}\n)", lines.join(",\n"));
    }
    statement(text, &create);
    if has_view {
        let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
        let view = format!(
            "CREATE OR REPLACE VIEW {DATABASE}.{name}_only AS\nSELECT *, \"$path\" AS object_path FROM {DATABASE}.{name}\n\
             WHERE regexp_extract(\"$path\", 'fl-[0-9a-f]+', 0) IN ({})",
            ids.join(", ")
        );
        statement(text, &view);
    }
}

const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Text => "text with a header line",
        Format::TextNoHeader => "text without a header line",
        Format::Export => "an export of CloudWatch Logs",
        Format::Parquet => "Parquet",
        Format::Other(format) => format,
    }
}

/// Names as Hive takes them, each once. What has no name keeps its place.
fn named(columns: &[(String, &'static str)]) -> Vec<(String, &'static str)> {
    let mut seen = BTreeSet::new();
    let name = |(at, (name, kind)): (usize, &(String, &'static str))| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let mut name: String = name.chars().map(plain).collect();
        if name.is_empty() || !seen.insert(name.clone()) {
            name = format!("column_{}", at + 1);
            seen.insert(name.clone());
        }
        (name, *kind)
    };
    columns.iter().enumerate().map(name).collect()
}

/// Declarations of the partition columns, and the properties that project them.
fn partitions(table: &LogTable, properties: &mut Vec<(String, String)>) -> Vec<String> {
    let (hourly, hive) = match table.folders {
        Folders::Own => return Vec::new(),
        Folders::Plain { hourly } => (hourly, false),
        Folders::Hive { hourly } => (hourly, true),
    };
    let mut set = |key: &str, value: String| properties.push((key.to_owned(), value));
    set("projection.enabled", "true".to_owned());
    let enums = projected(ACCOUNT, &table.partitions.accounts) + &projected(REGION, &table.partitions.regions);
    for line in enums.lines() {
        let mut parts = line.trim().trim_end_matches(',').trim_matches('\'').splitn(2, "'='");
        if let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            set(key, value.to_owned());
        }
    }
    let location = table.location.trim_end_matches('/');
    let year = table.first.split('/').next().unwrap_or("2015").to_owned();
    let time = if hive {
        // Folders of their own for year, month and day: a projected date cannot be cut into them.
        let mut names =
            vec![("year", format!("{year},2040"), "4"), ("month", "1,12".into(), "2"), ("day", "1,31".into(), "2")];
        if hourly {
            names.push(("hour", "0,23".into(), "2"));
        }
        for (name, range, digits) in &names {
            set(&format!("projection.{name}.type"), "integer".to_owned());
            set(&format!("projection.{name}.range"), range.clone());
            set(&format!("projection.{name}.digits"), (*digits).to_owned());
        }
        let template = names.iter().map(|(name, ..)| format!("{name}=${{{name}}}")).collect::<Vec<_>>().join("/");
        set(
            "storage.location.template",
            format!(
                "{location}/aws-account-id=${{{ACCOUNT}}}/aws-service=vpcflowlogs/aws-region=${{{REGION}}}/{template}"
            ),
        );
        names.into_iter().map(|(name, ..)| name).collect()
    } else {
        let (name, format, unit) =
            if hourly { ("hour", "yyyy/MM/dd/HH", "HOURS") } else { ("day", "yyyy/MM/dd", "DAYS") };
        set(&format!("projection.{name}.type"), "date".to_owned());
        set(&format!("projection.{name}.format"), format.to_owned());
        set(&format!("projection.{name}.range"), format!("{},NOW", table.first));
        set(&format!("projection.{name}.interval"), "1".to_owned());
        set(&format!("projection.{name}.interval.unit"), unit.to_owned());
        set("storage.location.template", format!("{location}/${{{ACCOUNT}}}/vpcflowlogs/${{{REGION}}}/${{{name}}}"));
        vec![name]
    };
    [ACCOUNT, REGION].into_iter().chain(time).map(|name| format!("`{name}` string")).collect()
}
