//! Manifests: which files make up the newest version of an export's month.
//!
//! Sources: AWS, "Viewing your Cost and Usage Reports" (legacy: `reportKeys`, `assemblyId`, `billingPeriod`) and "Understanding
//! export delivery" (Data Exports: `dataFiles`, `executionId`; its form is not published, so texts and objects are both taken).

use super::time;
use crate::model::period::Month;
use serde::Deserialize;
use std::cmp::Ordering;

/// No real manifest is larger: a thousand columns and ten thousand parts stay far below.
pub const MAX_BYTES: u64 = 64 << 20;

/// One manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its own key among the objects.
    pub key: String,
    /// The report's or export's name.
    pub name: String,
    /// Bucket and folders above the export's own layout: tells exports of one name apart.
    pub place: String,
    /// The billing month that it is of.
    pub month: Option<Month>,
    /// `assemblyId` or `executionId`.
    pub version: Option<String>,
    /// When that version was made, as digits that sort by time, where an id or a folder says it.
    pub stamp: Option<String>,
    /// The parts, all of which count.
    pub files: Vec<NamedFile>,
    /// Files for databases beside the parts; no data.
    pub artifacts: Vec<String>,
}

/// A file as a manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedFile {
    /// As written.
    pub uri: String,
    /// Its key, part by part.
    pub path: Vec<String>,
    /// How many folders of it lie above the export's own layout, which a local copy need not have.
    pub above: usize,
}

/// Why a manifest cannot be used: then it is not known which files count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: the manifest is broken or cut off: {why}")]
pub struct ManifestError {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub why: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    report_keys: Option<Vec<FileEntry>>,
    data_files: Option<Vec<FileEntry>>,
    assembly_id: Option<String>,
    execution_id: Option<String>,
    report_name: Option<String>,
    export_name: Option<String>,
    account: Option<String>,
    bucket: Option<String>,
    billing_period: Option<Span>,
    #[serde(default)]
    additional_artifact_keys: Vec<FileEntry>,
    #[serde(default)]
    additional_output_files: Vec<FileEntry>,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FileEntry {
    Text(String),
    Object {
        #[serde(alias = "s3Uri", alias = "S3Uri", alias = "key", alias = "path", alias = "url", alias = "name")]
        uri: String,
    },
    Other(serde::de::IgnoredAny),
}

impl FileEntry {
    fn uri(self) -> Option<String> {
        match self {
            Self::Text(uri) | Self::Object { uri } => Some(uri),
            Self::Other(_) => None,
        }
    }
}

/// Reads a manifest; `None` for JSON that is something else.
pub fn parse(key: &str, bytes: &[u8]) -> Result<Option<Manifest>, ManifestError> {
    let broken = |why: String| ManifestError { key: key.to_owned(), why };
    let document: Document = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        // A database's manifest has keys of its own, and Cost Explorer's answers come several in a file.
        Err(_) if !is_manifest_name(key) => return Ok(None),
        Err(error) => return Err(broken(error.to_string())),
    };
    let Some(files) = document.report_keys.or(document.data_files) else { return Ok(None) };
    let count = files.len();
    let uris: Vec<String> = files.into_iter().filter_map(FileEntry::uri).collect();
    if uris.len() != count {
        return Err(broken("it names a part in a way that is not understood".to_owned()));
    }
    let bucket = document.bucket.clone().or_else(|| uris.iter().find_map(|uri| bucket_of(uri)));
    let files: Vec<NamedFile> = uris.into_iter().map(NamedFile::new).collect();
    let own: Vec<&str> = folders(key);
    let name = document.report_name.or(document.export_name).unwrap_or_else(|| name_of(key).to_owned());
    let base = match files.first() {
        Some(file) => file.path[..file.above].join("/"),
        None => own[..layout_at(&own)].join("/"),
    };
    let place = [document.account, bucket, Some(base)].into_iter().flatten().filter(|part| !part.is_empty());
    let version = document.assembly_id.or(document.execution_id);
    let paths = || files.iter().flat_map(|file| file.path.iter().map(String::as_str)).chain(own.iter().copied());
    let month = document.billing_period.and_then(|span| span.start).and_then(|start| month_of_text(&start));
    Ok(Some(Manifest {
        key: key.to_owned(),
        name,
        place: place.collect::<Vec<_>>().join("/"),
        month: month.or_else(|| month_of_path(&own)).or_else(|| {
            files.iter().find_map(|file| month_of_path(&file.path.iter().map(String::as_str).collect::<Vec<_>>()))
        }),
        stamp: version.as_deref().and_then(stamp).or_else(|| paths().filter_map(stamp).max()),
        version,
        artifacts: document
            .additional_artifact_keys
            .into_iter()
            .chain(document.additional_output_files)
            .filter_map(FileEntry::uri)
            .map(|uri| uri.rsplit('/').next().unwrap_or_default().to_owned())
            .collect(),
        files,
    }))
}

impl Manifest {
    /// Folders that its own file lies in.
    pub(super) fn folders(&self) -> Vec<&str> {
        folders(&self.key)
    }

    /// How many of them lie above the export's own layout; all, where it lies in none.
    pub(super) fn above(&self) -> usize {
        layout_at(&self.folders())
    }

    /// Whether two manifests are of one version: copies, as the one beside the month's folder and the one in the version's own.
    pub(super) fn same_version(&self, other: &Self) -> bool {
        match (&self.version, &other.version) {
            (Some(one), Some(other)) => one == other,
            _ => self.files == other.files,
        }
    }
}

impl NamedFile {
    fn new(uri: String) -> Self {
        let key =
            uri.strip_prefix("s3://").map_or(uri.as_str(), |rest| rest.split_once('/').map_or("", |(_, key)| key));
        let path: Vec<String> = key.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let folders: Vec<&str> = path.iter().take(path.len().saturating_sub(1)).map(String::as_str).collect();
        let above = layout_at(&folders);
        Self { uri, path, above }
    }
}

/// Whether AWS gives manifests such a name; a broken one could otherwise not be told from other broken JSON.
#[must_use]
pub fn is_manifest_name(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with("manifest.json")
}

fn name_of(key: &str) -> &str {
    let file = key.rsplit('/').next().unwrap_or(key);
    file.strip_suffix("-Manifest.json").or_else(|| file.strip_suffix(".json")).unwrap_or(file)
}

fn bucket_of(uri: &str) -> Option<String> {
    uri.strip_prefix("s3://")?.split('/').next().map(str::to_owned)
}

fn folders(key: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = key.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    parts
}

/// Where the export's own layout begins among folders: `data` or `metadata` before a partition, a range of dates, or the report's
/// name before `year=`. Past the end where there is no such folder.
pub(super) fn layout_at(folders: &[&str]) -> usize {
    let begins = |at: &usize| {
        let next = folders.get(at + 1).copied().unwrap_or_default();
        let data_export = matches!(folders[*at], "data" | "metadata") && next.contains('=');
        data_export || is_date_range(folders[*at]) || next.starts_with("year=")
    };
    (0..folders.len()).find(begins).unwrap_or(folders.len())
}

/// `20260401-20260501`
pub(super) fn is_date_range(folder: &str) -> bool {
    let digits = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    folder.split_once('-').is_some_and(|(from, to)| digits(from) && digits(to))
}

/// The billing month that a file's folders name: `BILLING_PERIOD=2026-04`, `20260401-20260501`, `year=2026/month=4`.
pub(super) fn month_of_path(parts: &[&str]) -> Option<Month> {
    let of_folder = |part: &&str| {
        if let Some(month) = part.strip_prefix("BILLING_PERIOD=").or_else(|| part.strip_prefix("billing_period=")) {
            return Month::parse(month.get(..7)?);
        }
        is_date_range(part).then(|| month_of_text(part)).flatten()
    };
    let hive = || {
        let value = |name: &str| parts.iter().find_map(|part| part.strip_prefix(name)?.parse::<i16>().ok());
        Month::new(value("year=")?, i8::try_from(value("month=")?).ok()?)
    };
    parts.iter().find_map(of_folder).or_else(hive)
}

/// The month of `20260401T000000.000Z`, `2026-04-01T00:00:00Z` and their like.
fn month_of_text(text: &str) -> Option<Month> {
    if let Some(second) = time::seconds(text) {
        return Month::of(second);
    }
    let (year, month) = (text.get(..4)?, text.get(4..6)?);
    Month::parse(&format!("{year}-{month}"))
}

/// `20260402T031415Z` and `2026-04-02T03:14:15.926Z-<uuid>` as 17 digits.
fn stamp(text: &str) -> Option<String> {
    let (day, clock) = text.split_once('T')?;
    let day: String = day.chars().filter(|&c| c != '-').collect();
    let clock = clock.split(['Z', '-']).next()?;
    let clock: String = clock.chars().filter(|&c| c != ':' && c != '.' && c != '_').collect();
    let digits = day + &clock;
    let whole = (14..=17).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| format!("{digits:0<17}"))
}

/// Which of two versions is newer, as far as that can be told.
pub(super) fn newer(one: &Manifest, other: &Manifest) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (&one.stamp, &other.stamp)
        && one != other
    {
        return Some(one.cmp(other));
    }
    // The manifest beside a month's folders is rewritten with every version.
    let depth = |manifest: &Manifest| manifest.folders().len() - manifest.above();
    match depth(other).cmp(&depth(one)) {
        Ordering::Equal => None,
        order => Some(order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, text: &str) -> Manifest {
        parse(key, text.as_bytes()).expect("whole").expect("a manifest")
    }

    #[test]
    fn legacy_manifests() {
        let text = r#"{"assemblyId":"20260402T031415Z","account":"123456789012","columns":[{"category":"bill","name":"BillType"}],
            "reportId":"x","reportName":"cur","billingPeriod":{"start":"20260401T000000.000Z","end":"20260501T000000.000Z"},
            "bucket":"b","reportKeys":["p/cur/20260401-20260501/20260402T031415Z/cur-1.csv.gz"],
            "additionalArtifactKeys":[{"artifactType":"RedshiftCommands","name":"p/cur/x/cur-RedshiftCommands.sql"}]}"#;
        let found = read("cur/20260401-20260501/cur-Manifest.json", text);
        assert_eq!((found.name.as_str(), found.place.as_str()), ("cur", "123456789012/b/p/cur"));
        assert_eq!((found.month, found.above()), (Month::parse("2026-04"), 1));
        assert_eq!(found.stamp.as_deref(), Some("20260402031415000"));
        assert_eq!((found.files[0].path.len(), found.files[0].above), (5, 2));
        assert_eq!(found.artifacts, ["cur-RedshiftCommands.sql"]);
    }

    #[test]
    fn data_export_manifests() {
        let entry =
            |entry: &str| format!(r#"{{"executionId":"e-1","dataFiles":[{entry}],"columns":[{{"name":"a"}}]}}"#);
        let file = "s3://b/p/exp/data/BILLING_PERIOD=2026-04/2026-04-02T03:14:15.926Z-uuid/exp-00001.csv.gz";
        for text in [format!("\"{file}\""), format!(r#"{{"s3Uri":"{file}"}}"#)] {
            let found = read("x/metadata/BILLING_PERIOD=2026-04/exp-Manifest.json", &entry(&text));
            assert_eq!((found.name.as_str(), found.place.as_str()), ("exp", "b/p/exp"));
            assert_eq!((found.month, found.above()), (Month::parse("2026-04"), 1));
            assert_eq!(found.stamp.as_deref(), Some("20260402031415926"));
            assert_eq!((found.files[0].path.len(), found.files[0].above), (6, 2));
        }
        let unclear = parse("exp-Manifest.json", entry(r#"{"etag":"x"}"#).as_bytes());
        assert_eq!(unclear.expect_err("unclear").why, "it names a part in a way that is not understood");
    }

    #[test]
    fn other_json_is_no_manifest_and_a_broken_manifest_is_an_error() {
        let none = |key, text: &str| assert_eq!(parse(key, text.as_bytes()), Ok(None), "{key} {text}");
        none("cur-RedshiftManifest.json", r#"{"entries":[{"url":"s3://x"}]}"#);
        none("ce.json", r#"{"ResultsByTime":[]}"#);
        none("ce.json", r#"{"ResultsByTime":[]} {"ResultsByTime":[]}"#);
        none("ce.json", r#"{"ResultsBy"#);
        assert!(parse("cur-Manifest.json", br#"{"reportKeys":["a"#).is_err());
    }

    #[test]
    fn folders_tell_layout_month_and_version() {
        let month = |path: &str| month_of_path(&path.split('/').collect::<Vec<_>>());
        let april = Month::parse("2026-04");
        assert_eq!(month("p/data/BILLING_PERIOD=2026-04/x"), april);
        assert_eq!(month("p/20260401-20260501/x"), april);
        assert_eq!(month("p/cur/year=2026/month=4/x"), april);
        assert_eq!(month("p/cur/2026/04"), None);
        let layout = |path: &str| layout_at(&path.split('/').collect::<Vec<_>>());
        assert_eq!(layout("p/cur/cur/year=2026/month=4"), 2);
        assert_eq!(layout("p/data/x/data/BILLING_PERIOD=2026-04"), 3);
        assert_eq!(layout("p/q"), 2);
        assert_eq!(stamp("20260402T031415Z").as_deref(), Some("20260402031415000"));
        for no_time in ["uuid-4T", "Test", "20260402", "aa1ddccb-abcd-1234-b849-57a32b6864a9", ""] {
            assert_eq!(stamp(no_time), None, "{no_time}");
        }
    }
}
