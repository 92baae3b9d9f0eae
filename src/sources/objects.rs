//! Which objects there are, and how their bytes are had. Decides nothing about their content.

mod identity;

pub use identity::{Identity, since_1970};

use globset::{GlobBuilder, GlobMatcher};
use parquet::file::reader::ChunkReader;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// One thing to read flow logs from, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathOrGlob(String);

impl PathOrGlob {
    /// Takes a path or a glob; what exists under that very name is a path, whatever characters it has.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Which flow log an object belongs to: by its id, else by its log group, else by where it lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceName {
    /// `fl-...`, wherever the key names it: in AWS's own file names, or in a stream that was named after it.
    FlowLog(String),
    /// A `CloudWatch` Logs log group, from the content.
    LogGroup(String),
    /// The part of the key that all objects of a delivery share.
    Prefix(String),
}

/// A local file that may hold flow logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What users see: the path under the input that led to it, `/`-separated; with several inputs, led by the input.
    pub key: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes as it lies there.
    pub size: u64,
    /// The flow log that it belongs to, as far as the key tells.
    pub flow_log: SourceName,
    /// The account that the key names.
    pub account_hint: Option<String>,
    /// The Region that the key names.
    pub region_hint: Option<String>,
    /// What tells it from every other content, where that is known without reading it.
    pub identity: Option<Identity>,
}

/// The bytes of an object, wherever it lies.
pub trait ObjectBytes {
    /// The object with access at any offset, which Parquet needs.
    type Random: ChunkReader + 'static;
    /// The object from its first byte to its last.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
    /// The object with access at any offset.
    fn random(&self) -> io::Result<Self::Random>;
    /// Its size in bytes.
    fn size(&self) -> u64;
}

impl ObjectBytes for Object {
    type Random = File;

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.path)?))
    }

    fn random(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// What the inputs hold.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects by key.
    pub objects: Vec<Object>,
    /// What could not be looked at, and why, by path.
    pub unreadable: Vec<(String, String)>,
    /// Whether some of it was found through links.
    has_links: bool,
}

/// Why an input is no input.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Nothing of that name.
    #[error("{0}: no such file or folder")]
    NotFound(String),
    /// Not a glob.
    #[error("{glob}: {why}")]
    BadGlob {
        /// As written.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Lists files, folders (whole, without names that begin with `.` or `_`) and globs, sorted by key.
///
/// The same file through two inputs is listed once.
pub fn list(inputs: &[PathOrGlob]) -> Result<Listing, ListError> {
    let mut listing = Listing::default();
    for input in inputs {
        let text = input.0.as_str();
        let shown = if inputs.len() > 1 { Shown::UnderInput } else { Shown::UnderRoot };
        if Path::new(text).exists() {
            listing.walk(Path::new(text), None, shown);
        } else if text.contains(['*', '?', '[', '{']) {
            let bad = |error: globset::Error| ListError::BadGlob { glob: text.into(), why: error.kind().to_string() };
            let glob = GlobBuilder::new(text).literal_separator(true).build().map_err(bad)?.compile_matcher();
            listing.walk(&literal_base(text), Some(&glob), shown);
        } else {
            return Err(ListError::NotFound(text.to_owned()));
        }
    }
    listing.objects.sort_by(|a, b| (&a.key, &a.path).cmp(&(&b.key, &b.path)));
    // One folder without links has every file once.
    if inputs.len() > 1 || listing.has_links {
        let mut seen = BTreeSet::new();
        listing.objects.retain(|object| match &object.identity {
            Some(Identity::Local { path, .. }) => seen.insert(path.as_os_str().to_owned()),
            None => seen.insert(canonical(&object.path).into_os_string()),
        });
    }
    listing.unreadable.sort();
    Ok(listing)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The canonical paths of files, folder by folder: the system looks at every part of a path that it is asked for.
#[derive(Default)]
struct Places {
    folder: PathBuf,
    canonical: PathBuf,
}

impl Places {
    fn of(&mut self, entry: &DirEntry) -> PathBuf {
        let path = entry.path();
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return canonical(path) };
        if entry.path_is_symlink() || folder.as_os_str().is_empty() {
            return canonical(path);
        }
        if self.folder.as_os_str() != folder.as_os_str() {
            *self = Self { folder: folder.to_owned(), canonical: canonical(folder) };
        }
        self.canonical.join(name)
    }
}

/// What a key begins with.
#[derive(Clone, Copy, Debug)]
enum Shown {
    UnderRoot,
    UnderInput,
}

impl Listing {
    fn walk(&mut self, root: &Path, glob: Option<&GlobMatcher>, shown: Shown) {
        let visible = |entry: &DirEntry| {
            entry.depth() == 0 || !matches!(entry.file_name().as_encoded_bytes().first(), Some(b'.' | b'_'))
        };
        let mut places = Places::default();
        for entry in WalkDir::new(root).follow_links(true).into_iter().filter_entry(visible) {
            self.has_links |= entry.as_ref().is_ok_and(DirEntry::path_is_symlink);
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    if glob.is_none_or(|glob| glob.is_match(entry.path())) {
                        self.add(root, &entry, shown, &mut places);
                    }
                }
                Ok(_) => {}
                // A link to a folder above leads to nothing that is not listed already.
                Err(error) if error.loop_ancestor().is_some() => {}
                Err(error) => {
                    let path = error.path().unwrap_or(root).display().to_string();
                    let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    self.unreadable.push((path, why));
                }
            }
        }
    }

    fn add(&mut self, root: &Path, entry: &DirEntry, shown: Shown, places: &mut Places) {
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable.push((entry.path().display().to_string(), error.to_string())),
        };
        let under_root = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let key = match shown {
            Shown::UnderInput => slashed(entry.path()),
            // A file that was named itself has nothing but its name below it.
            Shown::UnderRoot if under_root.as_os_str().is_empty() => entry.file_name().to_string_lossy().into_owned(),
            Shown::UnderRoot => slashed(under_root),
        };
        let identity = Identity::local(places.of(entry), &metadata);
        self.objects.push(Object { identity, ..Object::new(key, entry.path().to_owned(), metadata.len()) });
    }
}

fn slashed(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    let joined = parts.collect::<Vec<_>>().join("/");
    if path.has_root() { format!("/{joined}") } else { joined }
}

/// The folder above the first part of a glob that is not literal.
fn literal_base(glob: &str) -> PathBuf {
    let wild = glob.find(['*', '?', '[', '{']).unwrap_or(glob.len());
    match glob[..wild].rfind('/') {
        Some(0) => PathBuf::from("/"),
        Some(end) => PathBuf::from(&glob[..end]),
        None => PathBuf::from("."),
    }
}

impl Object {
    /// An object with what its key tells.
    #[must_use]
    pub fn new(key: String, path: PathBuf, size: u64) -> Self {
        let name = AwsName::parse(&key);
        let flow_log = match &name.flow_log {
            Some(id) => SourceName::FlowLog(id.clone()),
            None => SourceName::Prefix(prefix(&key)),
        };
        Self { key, path, size, flow_log, account_hint: name.account, region_hint: name.region, identity: None }
    }
}

/// What AWS writes into the keys of flow logs. Source: VPC user guide, flow log files in Amazon S3.
#[derive(Debug, Default, PartialEq, Eq)]
struct AwsName {
    account: Option<String>,
    region: Option<String>,
    flow_log: Option<String>,
}

impl AwsName {
    /// `<account>_vpcflowlogs_<region>_<fl-id>_<time>_<hash>`, else the folders below `AWSLogs/`.
    fn parse(key: &str) -> Self {
        let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
        let parts: Vec<&str> = file.split('_').collect();
        if let [account, "vpcflowlogs", region, id, ..] = parts[..]
            && is_account(account)
        {
            let flow_log = id.starts_with("fl-").then(|| id.to_owned()).or_else(|| flow_log_id(key));
            return Self { account: Some(account.to_owned()), region: Some(region.to_owned()), flow_log };
        }
        let mut found = Self { flow_log: flow_log_id(key), ..Self::default() };
        let below = folders.split('/').skip_while(|&part| part != "AWSLogs").skip(1);
        for (depth, part) in below.enumerate() {
            let value = part.split_once('=').map_or(part, |(_, value)| value);
            match depth {
                0 if is_account(value) => found.account = Some(value.to_owned()),
                2 => found.region = Some(value.to_owned()),
                _ => {}
            }
        }
        found
    }
}

/// The last `fl-` id in a key: `fl-` and 8 or 17 hex digits, nothing of a word on either side.
fn flow_log_id(key: &str) -> Option<String> {
    key.rmatch_indices("fl-").find_map(|(at, _)| {
        let apart = !key[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let digits = key[at + 3..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let whole = !key[at + 3 + digits..].starts_with(|c: char| c.is_ascii_alphanumeric());
        (apart && whole && matches!(digits, 8 | 17)).then(|| key[at..at + 3 + digits].to_owned())
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the keys of one delivery share: the part above `AWSLogs/`, else the folders without time, task and stream.
fn prefix(key: &str) -> String {
    let folders: Vec<&str> = key.rsplit_once('/').map_or(Vec::new(), |(folders, _)| folders.split('/').collect());
    let kept = match folders.iter().position(|&part| part == "AWSLogs") {
        Some(at) => at,
        None => folders.iter().rposition(|part| !is_partition(part)).map_or(0, |last| last + 1),
    };
    folders[..kept].join("/")
}

/// Whether a folder's name says when, in which task or for which interface, but not which log.
fn is_partition(part: &str) -> bool {
    let shape: String = part
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'a'..='f' | 'A'..='F' => 'f',
            other => other,
        })
        .collect();
    let digits = !shape.is_empty() && shape.bytes().all(|byte| byte == b'9');
    let date = shape == "9999-99-99" || shape == "9999-99";
    let groups: Vec<&str> = part.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hex);
    let stream =
        part.starts_with("eni-") && ["-all", "-accept", "-reject"].iter().any(|traffic| part.ends_with(traffic));
    digits || date || uuid || stream || part.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn check(key: &str, flow_log: &SourceName, account: Option<&str>, region: Option<&str>) {
        let object = Object::new(key.to_owned(), PathBuf::new(), 0);
        assert_eq!(object.flow_log, *flow_log, "{key}");
        assert_eq!((object.account_hint.as_deref(), object.region_hint.as_deref()), (account, region), "{key}");
    }

    #[test]
    fn keys_tell_their_flow_log() {
        let prefix = |text: &str| SourceName::Prefix(text.to_owned());
        let id = SourceName::FlowLog("fl-0abc".into());
        let (account, region) = (Some("123456789012"), Some("eu-west-1"));
        let name = "123456789012_vpcflowlogs_eu-west-1_fl-0abc_20261001T0005Z_1a2b3c4d.log.gz";
        check(name, &id, account, region);
        check(&format!("p/AWSLogs/x/{name}"), &id, account, region);
        check("p/q/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/10/01/x.log.gz", &prefix("p/q"), account, region);
        let hive =
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/x.parquet";
        check(hive, &prefix(""), account, region);
        let task = "0a1b2c3d-1111-2222-3333-444455556666";
        check(&format!("exports/{task}/eni-0abc-all/000000.gz"), &prefix("exports"), None, None);
        check("fire/2026/10/01/13/stream-1", &prefix("fire"), None, None);
        check("a/b/2026-10-01/x.log", &prefix("a/b"), None, None);
        let named = SourceName::FlowLog("fl-0123456789abcdef0".into());
        check("fire/2026/10/01/13/my-fl-0123456789abcdef0-1-2026-10-01-x.gz", &named, None, None);
        check("fire/self-0123456789abcdef0/x.gz", &prefix("fire/self-0123456789abcdef0"), None, None);
        check("x.log", &prefix(""), None, None);
        check("2026/x.log", &prefix(""), None, None);
    }

    #[test]
    fn folders_files_and_globs_are_listed_by_key() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let root = dir.path();
        for name in ["b/2.log", "b/1.gz", "a.log", ".hidden", "_tmp/x.log", "b/_SUCCESS", "b/c/3.log"] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("below root")).expect("folder");
            fs::write(path, name).expect("file");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root, root.join("b/loop")).expect("link");
            std::os::unix::fs::symlink(root.join("nowhere"), root.join("b/dead")).expect("link");
        }
        let at = |rest: &str| PathOrGlob::new(format!("{}{rest}", root.display()));
        let keys = |inputs: &[PathOrGlob]| -> Vec<String> {
            list(inputs).expect("exists").objects.into_iter().map(|object| object.key).collect()
        };
        assert_eq!(keys(&[at("")]), ["a.log", "b/1.gz", "b/2.log", "b/c/3.log"]);
        assert_eq!(keys(&[at("/b/*.log")]), ["2.log"]);
        assert_eq!(keys(&[at("/**/*.log")]), ["a.log", "b/2.log", "b/c/3.log"]);
        assert_eq!(keys(&[at("/a.log")]), ["a.log"]);
        assert_eq!(keys(&[at("/b/c"), at("/b/c/3.log")]).len(), 1);
        assert!(keys(&[at("/b/c"), at("/a.log")])[0].ends_with("/a.log"));
        #[cfg(unix)]
        assert_eq!(list(&[at("")]).expect("exists").unreadable.len(), 1);
        assert!(matches!(list(&[at("/none")]), Err(ListError::NotFound(_))));
        assert!(matches!(list(&[at("/b/[")]), Err(ListError::BadGlob { .. })));
        let object = &list(&[at("/a.log")]).expect("exists").objects[0];
        assert_eq!(
            (object.size, io::read_to_string(object.open().expect("opens")).expect("text").as_str()),
            (5, "a.log")
        );
    }
}
