//! What the columns of an object are, for whoever has it read by another engine: text binds by place, Parquet by name.

use super::detect::{self, Content};
use super::layout::{Field, Layout};
use super::parquet::column_types;
use super::{FormatName, LayoutHints, ReadError, choose, text};
use crate::sources::flow::text::Before;
use crate::sources::objects::{ObjectBytes, SourceName};
use crate::sources::stream::{BOM, inflate, peek};

/// Types of columns of flow logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnType {
    /// Text, and whatever is not known.
    Text,
    /// 32 bits, signed.
    Int,
    /// 64 bits, signed.
    Long,
}

/// Format and columns of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileShape {
    /// How the records lie in it.
    pub format: FormatName,
    /// Name and type of every column, in order, unknown ones included. Names are those of the object; of the field where it has
    /// none, and empty where nothing names it.
    pub columns: Vec<(String, ColumnType)>,
}

impl FileShape {
    /// Looks at the first bytes of an object, of Parquet also at the last; `None` for one without records.
    pub fn of<B: ObjectBytes>(bytes: &B, source: &SourceName, hints: &LayoutHints) -> Result<Option<Self>, ReadError> {
        let (mut content, _) = inflate(bytes)?;
        let head = peek(&mut content, text::MAX_LINE + 1)?;
        let shape = |format, columns| Ok(Some(Self { format, columns }));
        match detect::content(&head)? {
            Content::Empty | Content::WriteTest => Ok(None),
            Content::Parquet => shape(FormatName::Parquet, column_types(&bytes.random().map_err(ReadError::Io)?)?),
            Content::Json => shape(FormatName::FirehoseJson, Vec::new()),
            Content::Header(_) => shape(FormatName::Text, names_in(&head)),
            kind @ (Content::Export | Content::NoHeader) => {
                let (before, format) = match kind {
                    Content::Export => (Before::Time, FormatName::CloudWatchExport),
                    _ => (Before::Nothing, FormatName::TextNoHeader),
                };
                shape(format, names_of(&choose(hints, source, &head, before)?.layout))
            }
        }
    }
}

/// The words of the header line, as they stand there.
fn names_in(head: &[u8]) -> Vec<(String, ColumnType)> {
    let head = head.strip_prefix(BOM).unwrap_or(head);
    let line = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.split_ascii_whitespace().map(|name| (name.to_owned(), type_of(Field::of_name(name)))).collect()
}

fn names_of(layout: &Layout) -> Vec<(String, ColumnType)> {
    let column = |field: &Option<Field>| (field.map_or_else(String::new, |f| f.name().to_owned()), type_of(*field));
    layout.columns().iter().map(column).collect()
}

/// What AWS says of each field. Source: VPC user guide, flow log records.
const fn type_of(field: Option<Field>) -> ColumnType {
    match field {
        Some(
            Field::Version | Field::SrcPort | Field::DstPort | Field::Protocol | Field::TcpFlags | Field::TrafficPath,
        ) => ColumnType::Int,
        Some(Field::Packets | Field::Bytes | Field::Start | Field::End) => ColumnType::Long,
        _ => ColumnType::Text,
    }
}

/// How S3 delivery named the folders of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    /// Everything before the account, `…/AWSLogs/`.
    pub base: String,
    /// Folders are named `aws-account-id=…`, `year=…` and so on.
    pub hive: bool,
    /// There is a folder for every hour.
    pub hourly: bool,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// `2026/10/31`, with `/23` behind it where it is hourly.
    pub time: String,
}

impl Delivery {
    /// Source: VPC user guide, flow log files in Amazon S3. `None` for keys of another form.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let start = key.rfind("AWSLogs/").filter(|&at| at == 0 || key[..at].ends_with('/'))? + "AWSLogs/".len();
        let (folders, _file) = key[start..].rsplit_once('/')?;
        let parts: Vec<&str> = folders.split('/').collect();
        let [account, service, region, time @ ..] = parts.as_slice() else { return None };
        let hive = account.starts_with("aws-account-id=");
        let value = |part: &&str, name: &str| {
            let text = if hive { part.strip_prefix(name)?.strip_prefix('=')? } else { part };
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
        };
        let names = ["year", "month", "day", "hour"];
        let number = |(part, name): (&&str, &str)| {
            value(part, name).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let numbers: Option<Vec<String>> = time.iter().zip(names).map(number).collect();
        let numbers = numbers.filter(|_| (3..=4).contains(&time.len()))?;
        if value(service, "aws-service")? != "vpcflowlogs" {
            return None;
        }
        Some(Self {
            base: key[..start].to_owned(),
            hive,
            hourly: numbers.len() == 4,
            account: value(account, "aws-account-id")?,
            region: value(region, "aws-region")?,
            time: numbers.join("/"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_are_told_by_their_folders() {
        let check = |key: &str, expect: Option<(&str, bool, bool, &str)>| {
            let found = Delivery::parse(key);
            let found = found.as_ref().map(|d| (d.base.as_str(), d.hive, d.hourly, d.time.as_str()));
            assert_eq!(found, expect, "{key}");
        };
        let plain = "p/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/10/31/x.log.gz";
        check(plain, Some(("p/AWSLogs/", false, false, "2026/10/31")));
        check("AWSLogs/1/vpcflowlogs/us-east-1/2026/10/31/23/x", Some(("AWSLogs/", false, true, "2026/10/31/23")));
        let hive = "AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=r-1/year=2026/month=10/day=31";
        check(&format!("{hive}/x"), Some(("AWSLogs/", true, false, "2026/10/31")));
        check(&format!("{hive}/hour=05/x"), Some(("AWSLogs/", true, true, "2026/10/31/05")));
        check("AWSLogs/1/vpcdnsquerylogs/vpc-1/2026/10/31/x", None);
        check("AWSLogs/1/vpcflowlogs/us-east-1/2026/10/x", None);
        check("AWSLogs/1/vpcflowlogs/us'east/2026/10/31/x", None);
        check("MyAWSLogs/1/vpcflowlogs/us-east-1/2026/10/31/x", None);
        check("logs/x.log.gz", None);
    }
}
