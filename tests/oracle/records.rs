//! Objects to records: a record is a map from field name to text.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// One line of a flow log object that is no header.
#[derive(Clone, Debug)]
pub struct Record {
    /// The flow log that delivered it.
    pub source: String,
    /// Whether an object with the same content was read before.
    pub repeated: bool,
    fields: BTreeMap<String, String>,
    complete: bool,
}

impl Record {
    /// The value of a field; nothing where the log lacks it or shows `-`.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str).filter(|text| *text != "-" && !text.is_empty())
    }

    /// An address field.
    pub fn address(&self, field: &str) -> Option<IpAddr> {
        self.text(field)?.parse().ok()
    }

    /// `start`.
    pub fn start(&self) -> Option<i64> {
        self.text("start")?.parse().ok()
    }

    /// `bytes`; 0 where there is no number.
    pub fn bytes(&self) -> u64 {
        self.text("bytes").and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Whether the record says `OK` (which a log without the field does for all of them).
    pub fn is_ok(&self) -> bool {
        self.text("log-status").is_none_or(|status| status == "OK")
    }

    /// Whether the line cannot be used.
    pub fn is_malformed(&self) -> bool {
        let number = self.text("bytes").is_some_and(|text| text.parse::<u64>().is_ok());
        let ends = self.address("srcaddr").is_some() && self.address("dstaddr").is_some();
        !self.complete || self.start().is_none() || (self.is_ok() && !(number && ends))
    }

    /// The interface, or the gateway where the record belongs to no interface.
    pub fn owner(&self) -> String {
        let regional = self.text("resource-id").filter(|id| id.starts_with("nat-"));
        regional.or_else(|| self.text("interface-id")).unwrap_or_default().to_owned()
    }

    /// Whether the log says who really talked.
    pub fn has_real_ends(&self) -> bool {
        self.text("pkt-srcaddr").is_some() && self.text("pkt-dstaddr").is_some()
    }
}

/// All files below a folder, by path.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a readable folder") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The content of an object; nothing where it breaks off.
fn inflated(stored: &[u8]) -> Option<Vec<u8>> {
    if !stored.starts_with(&[0x1f, 0x8b]) {
        return Some(stored.to_vec());
    }
    let mut content = Vec::new();
    flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut content).ok()?;
    Some(content)
}

/// The `fl-` id in the file's name, else the folders before the first one that is a date.
fn source_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(at) = name.find("fl-") {
        return name[at..].split(['_', '.']).next().unwrap_or_default().to_owned();
    }
    let folders = path.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
    let dated = |part: &&str| part.starts_with("year=") || (part.len() == 4 && part.starts_with("20"));
    folders.split('/').take_while(|part| !dated(part)).collect::<Vec<_>>().join("/")
}

/// Reads every object below the folder; the second part names the broken ones.
pub fn read(folder: &Path) -> (Vec<Record>, Vec<String>) {
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    // Of two equal objects, the one that says its flow log is the one to keep.
    let mut paths = files(folder);
    paths.sort_by_key(|path| !source_of(path).starts_with("fl-"));
    for path in paths {
        let Some(content) = inflated(&std::fs::read(&path).expect("a readable file")) else {
            broken.push(path.strip_prefix(folder).expect("a file of the folder").display().to_string());
            continue;
        };
        let repeated = !seen.insert(content.clone());
        let text = String::from_utf8(content).expect("flow logs are text here");
        let mut header = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            if words.iter().any(|word| word == "srcaddr") {
                header = words.iter().map(|word| word.replace('_', "-")).collect();
                continue;
            }
            all.push(Record {
                source: source_of(&path),
                repeated,
                complete: words.len() == header.len(),
                fields: header.iter().cloned().zip(words).collect(),
            });
        }
    }
    (all, broken)
}
