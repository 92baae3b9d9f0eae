//! Which objects there are, and how their bytes are had. Decides nothing about their content.

pub mod dates;
mod identity;
mod keys;
mod pass;
mod places;
mod spool;
pub mod store;
mod whole_file;

pub use identity::{Identity, since_1970};
pub use keys::{Named, export_task};
pub use pass::pass;
pub use spool::Random;
pub use store::{Address, Store, StoreError};

use crate::model::period::Window;
use globset::{GlobBuilder, GlobMatcher};
use identity::Stamp;
use parquet::file::reader::ChunkReader;
use pass::key_of;
use places::{Canonical, Places, canonical};
use spool::Spool;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use store::{Entry, StoreTrouble, Stored, WILD};
use walkdir::{DirEntry, WalkDir};
use whole_file::WholeFile;

/// One thing to read flow logs from, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathOrGlob(String);

impl PathOrGlob {
    /// Takes a path, an address of a store or a glob; what exists under that very name is none, whatever characters it has.
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

/// Where an object lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A local file.
    File(PathBuf),
    /// A store. Its key is never made a path.
    Stored(Stored),
}

/// A file or an object in a store.
#[derive(Clone, Debug)]
pub struct Object {
    /// What users see: the path under the input that led to it, `/`-separated; with several inputs, led by the input.
    pub key: String,
    /// Where it lies.
    pub place: Place,
    /// Its size in bytes as it lies there.
    pub size: u64,
    /// What its key tells.
    pub named: Arc<Named>,
    /// Of a file, what tells its content from every other beside its size, where the system knows that.
    stamp: Option<(Canonical, Stamp)>,
    /// What of it was kept for access at any offset.
    spool: Spool,
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
    type Random = Random;

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.place {
            Place::File(path) => Box::new(self.spool.tee_local(WholeFile::open(path, self.size)?, self.size)),
            Place::Stored(Stored { entry, store }) => Box::new(self.spool.tee(store.open(entry)?)),
        })
    }

    fn random(&self) -> io::Result<Random> {
        match &self.place {
            Place::File(path) => self.spool.take().map_or_else(|| Ok(Random::File(File::open(path)?)), Ok),
            Place::Stored(Stored { entry, store }) => {
                self.spool.take().map_or_else(|| Spool::whole(store.open(entry)?), Ok)
            }
        }
    }

    fn size(&self) -> u64 {
        self.size
    }
}

impl Object {
    /// All of it, if that is not more than so many bytes.
    pub fn read(&self, most: u64) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::File(path) => read_file(path, most),
            Place::Stored(Stored { entry, store }) => whole(store.open(entry)?, most),
        }
    }

    /// Its first bytes, at most so many, without the rest.
    pub fn head(&self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match &self.place {
            Place::File(path) => File::open(path)?.take(len as u64).read_to_end(&mut bytes)?,
            Place::Stored(Stored { entry, store }) => {
                let len = len.min(usize::try_from(entry.size).unwrap_or(len));
                if len > 0 {
                    bytes.extend_from_slice(&store.range(entry, 0, len)?);
                }
                len
            }
        };
        Ok(bytes)
    }

    /// Its last bytes, at most so many, without the rest.
    pub fn tail(&self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let start = self.size.saturating_sub(len as u64);
        match &self.place {
            Place::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(start))?;
                file.take(len as u64).read_to_end(&mut bytes)?;
            }
            Place::Stored(Stored { entry, store }) => {
                let len = len.min(usize::try_from(entry.size).unwrap_or(len));
                if len > 0 {
                    bytes.extend_from_slice(&store.range(entry, start, len)?);
                }
            }
        }
        Ok(bytes)
    }

    /// What tells most contents apart without reading them: the last bytes, where gzip and Parquet keep their sums; of an object
    /// in a store, what that says of the content.
    pub fn trait_of_content(&self) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::File(_) => self.tail(64),
            Place::Stored(Stored { entry, .. }) => Ok(entry.etag.as_deref().unwrap_or("").as_bytes().to_vec()),
        }
    }

    /// Says that it is read soon: what lies in a store may be fetched now.
    pub fn announce(&self) {
        if let Place::Stored(Stored { entry, store }) = &self.place {
            store.announce(entry);
        }
    }

    /// Whether it lies in a store.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        matches!(self.place, Place::Stored(_))
    }
}

/// The most bytes of a settings, price or ip-ranges file, which are read into memory: 20 MiB.
pub const MOST_OF_SETTINGS: u64 = 20 << 20;

/// The most bytes of a file of JSON that is read into memory: 1 GiB.
pub const MOST_OF_JSON: u64 = 1 << 30;

/// All of a regular file, if that is not more than so many bytes: a pipe may have no end, and nobody at its other one.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file"));
    }
    if about.len() > most { Err(too_large(most)) } else { whole(File::open(path)?, most) }
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("is larger than {} MiB", most >> 20))
}

fn whole(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
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
    /// An address of a store that cannot be one, or that nobody can ask.
    #[error("{0}: is no address of a bucket")]
    BadAddress(String),
    /// What the store said.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not a glob.
    #[error("{glob}: {why}")]
    BadGlob {
        /// As written.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Lists files, folders (whole, without names that begin with `.` or `_`) and globs, here or in a store, sorted by key; of a window
/// only what can hold records of it as far as folders tell ([`dates`]).
///
/// The same file through two inputs is listed once.
pub fn list(
    inputs: &[PathOrGlob],
    store: Option<&Arc<dyn Store>>,
    window: Option<Window>,
) -> Result<Listing, ListError> {
    let mut listing = Listing::default();
    let mut denied = Vec::new();
    for input in inputs {
        let text = input.0.as_str();
        let shown = Shown::of(inputs);
        if let Some(address) = Address::parse(text) {
            let store = store.filter(|_| address.is_sound()).ok_or_else(|| ListError::BadAddress(text.to_owned()))?;
            match listing.stored(&address, store, window, shown) {
                Err(ListError::Store(error)) if error.trouble == StoreTrouble::Denied => {
                    listing.unreadable.push((text.to_owned(), error.what.clone()));
                    denied.push((address, store, error));
                }
                done => done?,
            }
        } else if Path::new(text).exists() {
            listing.walk(Path::new(text), None, shown);
        } else if is_glob(text) {
            listing.walk(&literal_base(text), Some(&glob(text, text)?), shown);
        } else {
            return Err(ListError::NotFound(text.to_owned()));
        }
    }
    // Part of a bucket may be closed; of one that is closed altogether nothing would be said but its absence.
    if let Some((.., error)) = denied.into_iter().find(|(address, store, _)| !store.is_allowed(&address.bucket)) {
        return Err(error.into());
    }
    listing.objects.sort_by(|a, b| (&a.key, &a.place).cmp(&(&b.key, &b.place)));
    // One folder without links has every file once.
    let may_repeat = inputs.len() > 1 || listing.has_links;
    let mut seen = BTreeSet::new();
    listing.objects.retain(|object| match &object.place {
        Place::Stored(stored) => {
            let entry = &stored.entry;
            dates::may_hold(&entry.key, window) && seen.insert(Err((entry.bucket.clone(), entry.key.clone())))
        }
        Place::File(file) => {
            let place = || object.stamp.as_ref().map_or_else(|| canonical(file), |(place, _)| place.path(file));
            (window.is_none() || dates::may_hold(&slashed(file), window)) && (!may_repeat || seen.insert(Ok(place())))
        }
    });
    listing.unreadable.sort();
    Ok(listing)
}

/// One file or object that the user named.
pub fn named(text: &str, store: Option<&Arc<dyn Store>>) -> Result<Object, ListError> {
    let missing = || ListError::NotFound(text.to_owned());
    let Some(address) = Address::parse(text) else {
        let path = PathBuf::from(text);
        let metadata = std::fs::metadata(&path).map_err(|_| missing())?;
        let stamp = Stamp::of(&metadata).filter(|_| metadata.is_file());
        let stamp = stamp.and_then(|stamp| Some((Canonical::Is(path.canonicalize().ok()?), stamp)));
        return Ok(Object { stamp, ..Object::new(text.to_owned(), Place::File(path), metadata.len()) });
    };
    let store = store.filter(|_| address.is_sound()).ok_or_else(|| ListError::BadAddress(text.to_owned()))?;
    let entry = store.find(&address.bucket, &address.key)?.ok_or_else(missing)?;
    Ok(Object::stored(text.to_owned(), entry, store, None))
}

fn is_glob(text: &str) -> bool {
    text.contains(WILD)
}

fn glob(text: &str, shown: &str) -> Result<GlobMatcher, ListError> {
    let bad = |error: globset::Error| ListError::BadGlob { glob: shown.into(), why: error.kind().to_string() };
    Ok(GlobBuilder::new(text).literal_separator(true).build().map_err(bad)?.compile_matcher())
}

/// What a key begins with.
#[derive(Clone, Copy, Debug)]
enum Shown {
    UnderRoot,
    UnderInput,
}

impl Shown {
    const fn of(inputs: &[PathOrGlob]) -> Self {
        if inputs.len() > 1 { Self::UnderInput } else { Self::UnderRoot }
    }
}

/// What an object is called that was asked for by its own address.
fn named_by(address: &Address, shown: Shown) -> String {
    match shown {
        Shown::UnderInput => address.to_string(),
        Shown::UnderRoot => address.key.rsplit('/').next().unwrap_or(&address.key).to_owned(),
    }
}

impl Listing {
    fn walk(&mut self, root: &Path, glob: Option<&GlobMatcher>, shown: Shown) {
        let visible = |entry: &DirEntry| {
            entry.depth() == 0 || !matches!(entry.file_name().as_encoded_bytes().first(), Some(b'.' | b'_'))
        };
        let mut places = Places::default();
        // Folder by folder, so that hardly anything is left to be sorted: of a list of large objects that takes longer.
        let by_name = |one: &DirEntry, other: &DirEntry| one.path().as_os_str().cmp(other.path().as_os_str());
        let entries = WalkDir::new(root).follow_links(true).sort_by(by_name);
        for entry in entries.into_iter().filter_entry(visible) {
            self.has_links |= entry.as_ref().is_ok_and(DirEntry::path_is_symlink);
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    if glob.is_none_or(|glob| glob.is_match(entry.path())) {
                        self.add(root, entry, shown, &mut places);
                    }
                }
                Ok(entry) if entry.depth() == 0 && !entry.file_type().is_dir() => {
                    let why = "is neither a file nor a folder".to_owned();
                    self.unreadable.push((entry.path().display().to_string(), why));
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

    fn add(&mut self, root: &Path, entry: DirEntry, shown: Shown, places: &mut Places) {
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
        let named = Named::by(&key, self.objects.last().map(|object| &object.named));
        let stamp = Stamp::of(&metadata).map(|stamp| (places.of(&entry), stamp));
        let (place, spool) = (Place::File(entry.into_path()), Spool::default());
        self.objects.push(Object { key, place, size: metadata.len(), named, stamp, spool });
    }

    /// What lies at an address: the object of that key, all below it as a folder, else what a glob matches.
    fn stored(
        &mut self,
        address: &Address,
        store: &Arc<dyn Store>,
        window: Option<Window>,
        shown: Shown,
    ) -> Result<(), ListError> {
        let Address { bucket, key } = address;
        let folder = address.folder();
        let mut found = self.objects.len() + self.unreadable.len();
        self.below(address, &folder, store, (window, None), shown)?;
        if folder != *key
            && let Some(entry) = store.find(bucket, key)?
        {
            self.objects.push(Object::stored(named_by(address, shown), entry, store, None));
        }
        found = self.objects.len() + self.unreadable.len() - found;
        if found == 0 && is_glob(key) {
            let matcher = glob(key, &address.to_string())?;
            self.below(address, address.listed(), store, (window, Some(&matcher)), shown)?;
        } else if found == 0 && (window.is_none() || store.names(bucket, &folder)?.is_empty()) {
            return Err(ListError::NotFound(address.to_string()));
        }
        Ok(())
    }

    fn below(
        &mut self,
        address: &Address,
        folder: &str,
        store: &Arc<dyn Store>,
        (window, glob): (Option<Window>, Option<&GlobMatcher>),
        shown: Shown,
    ) -> Result<(), ListError> {
        let listed = store.list(&address.bucket, folder, window)?;
        for entry in &listed.entries {
            if glob.is_none_or(|glob| glob.is_match(&entry.key))
                && let Some(key) = key_of(entry, folder, shown)
            {
                let object = Object::stored(key, Arc::clone(entry), store, self.objects.last());
                self.objects.push(object);
            }
        }
        self.unreadable.extend(listed.denied.iter().cloned());
        Ok(())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let parts = |place: &Self| match place {
            Self::File(path) => (Some(path.clone()), None),
            Self::Stored(stored) => (None, Some(Arc::clone(&stored.entry))),
        };
        parts(self).cmp(&parts(other))
    }
}

fn slashed(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    if path.has_root() {
        text.push('/');
    }
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    for (at, part) in parts.enumerate() {
        if at > 0 {
            text.push('/');
        }
        text.push_str(&part);
    }
    text
}

/// The folder above the first part of a glob that is not literal.
fn literal_base(glob: &str) -> PathBuf {
    let wild = glob.find(WILD).unwrap_or(glob.len());
    match glob[..wild].rfind('/') {
        Some(0) => PathBuf::from("/"),
        Some(end) => PathBuf::from(&glob[..end]),
        None => PathBuf::from("."),
    }
}

impl Object {
    /// An object with what its key tells.
    #[must_use]
    pub fn new(key: String, place: Place, size: u64) -> Self {
        let named = Named::by(&key, None);
        Self { key, place, size, named, stamp: None, spool: Spool::default() }
    }

    /// `last` is the object before, if there is one.
    fn stored(key: String, entry: Arc<Entry>, store: &Arc<dyn Store>, last: Option<&Self>) -> Self {
        let (size, named) = (entry.size, Named::by(&key, last.map(|last| &last.named)));
        let place = Place::Stored(Stored { entry, store: Arc::clone(store) });
        Self { key, place, size, named, stamp: None, spool: Spool::default() }
    }

    /// What tells it from every other content, where that is known without reading it.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        match &self.place {
            Place::File(path) => {
                let (canonical, stamp) = self.stamp.as_ref()?;
                Some(Identity::local(canonical.path(path), self.size, *stamp))
            }
            // Without an ETag nothing tells one content from the next.
            Place::Stored(Stored { entry, .. }) => entry.etag.is_some().then(|| Identity::Stored(Arc::clone(entry))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
            list(inputs, None, None).expect("exists").objects.into_iter().map(|object| object.key).collect()
        };
        assert_eq!(keys(&[at("")]), ["a.log", "b/1.gz", "b/2.log", "b/c/3.log"]);
        assert_eq!(keys(&[at("/b/*.log")]), ["2.log"]);
        assert_eq!(keys(&[at("/**/*.log")]), ["a.log", "b/2.log", "b/c/3.log"]);
        assert_eq!(keys(&[at("/a.log")]), ["a.log"]);
        assert_eq!(keys(&[at("/b/c"), at("/b/c/3.log")]).len(), 1);
        assert!(keys(&[at("/b/c"), at("/a.log")])[0].ends_with("/a.log"));
        #[cfg(unix)]
        assert_eq!(list(&[at("")], None, None).expect("exists").unreadable.len(), 1);
        assert!(matches!(list(&[at("/none")], None, None), Err(ListError::NotFound(_))));
        assert!(matches!(list(&[at("/b/[")], None, None), Err(ListError::BadGlob { .. })));
        #[cfg(unix)]
        assert_eq!(list(&[PathOrGlob::new("/dev/null")], None, None).expect("exists").unreadable.len(), 1);
        let object = &list(&[at("/a.log")], None, None).expect("exists").objects[0];
        assert_eq!(object.read(5).expect("fits"), b"a.log");
        assert_eq!(object.read(4).expect_err("a byte more").to_string(), "is larger than 0 MiB");
        assert_eq!(
            (object.size, io::read_to_string(object.open().expect("opens")).expect("text").as_str()),
            (5, "a.log")
        );
    }
}
