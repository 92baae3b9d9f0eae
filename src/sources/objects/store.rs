//! Objects in a store: what it lists, and what it is asked for. Who speaks to the network is behind [`Store`]; nothing here does.

use crate::model::period::Window;
use bytes::Bytes;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

/// What every address of a store begins with.
pub const SCHEME: &str = "s3://";

/// Signs of a glob.
pub(super) const WILD: [char; 4] = ['*', '?', '[', '{'];

/// Bytes that a store may hold of objects that are read soon, and beside them for each reader of one.
pub const MEMORY: usize = 32 << 20;
/// See [`MEMORY`].
pub const MEMORY_OF_READER: usize = 16 << 20;

/// A store of objects. All that it says about an object is of one version: what was changed meanwhile is not read as if it were that.
pub trait Store: fmt::Debug + Send + Sync {
    /// Everything whose key begins so, and may hold records of the window. Asked again, it says the same.
    fn list(&self, bucket: &str, prefix: &str, window: Option<Window>) -> Result<Arc<StoreListing>, StoreError>;

    /// Shows everything whose key begins so, in no order, and keeps nothing of it.
    fn pass(&self, bucket: &str, prefix: &str, see: &mut See<'_>) -> Result<(), StoreError>;

    /// The object of exactly this key.
    fn find(&self, bucket: &str, key: &str) -> Result<Option<Arc<Entry>>, StoreError>;

    /// Names of folders and objects directly under a prefix, which is empty or ends with `/`.
    fn names(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Whether anything could be listed in the bucket so far.
    fn is_allowed(&self, bucket: &str) -> bool;

    /// The object from its first byte to its last.
    fn open(&self, entry: &Arc<Entry>) -> io::Result<Box<dyn Read + Send>>;

    /// Exactly these bytes of the object.
    fn range(&self, entry: &Arc<Entry>, start: u64, len: usize) -> io::Result<Bytes>;

    /// The object is read soon: it may be fetched now.
    fn announce(&self, entry: &Arc<Entry>);

    /// The first trouble with objects, the worst kind before others; `None` where all were had as listed.
    fn trouble(&self) -> Option<StoreError>;
}

/// Who is shown objects one by one.
pub type See<'a> = dyn FnMut(Arc<Entry>) + Send + 'a;

/// An object as its store lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Which store it is, for buckets of one name in several.
    pub store: Arc<str>,
    /// Its bucket.
    pub bucket: Arc<str>,
    /// Its key, which is never taken for a path.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// What tells its content from every other under this key, as the store writes it.
    pub etag: Option<String>,
    /// When it was written, as the store writes it.
    pub modified: String,
}

/// What a store holds under a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreListing {
    /// The objects.
    pub entries: Vec<Arc<Entry>>,
    /// Addresses that may not be listed, and why.
    pub denied: Vec<(String, String)>,
}

/// Kinds of trouble with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreTrouble {
    /// An object is not what was listed any more.
    Changed,
    /// It is not allowed.
    Denied,
    /// A wrong bucket, Region or address.
    Request,
    /// Throttled, timed out or broken off, after all retries.
    Remote,
    /// There are no credentials, or they are expired or wrong: whatever is asked for next fails too.
    Credentials,
}

/// Why a store did not give something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// The kind.
    pub trouble: StoreTrouble,
    /// What failed, where and why; holds no secret.
    pub what: String,
    /// What the user can do.
    pub hint: Option<String>,
}

/// `s3://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The bucket.
    pub bucket: String,
    /// Key, prefix or glob; may be empty.
    pub key: String,
}

impl Address {
    /// `None` for what is no address of a store. A wrong bucket name is an address still.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (bucket, key) = text.strip_prefix(SCHEME).map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
        Some(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// Whether the bucket's name can be one: letters, digits, dots, dashes
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>; old ones have capitals and underscores).
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        (3..=255).contains(&self.bucket.len()) && self.bucket.bytes().all(plain) && !self.bucket.contains("..")
    }

    /// What is listed for it: of a glob the folder above its first sign, else all that begins with the key.
    #[must_use]
    pub fn listed(&self) -> &str {
        let Some(wild) = self.key.find(WILD) else { return &self.key };
        self.key[..wild].rfind('/').map_or("", |end| &self.key[..=end])
    }

    /// Key or prefix as a folder: empty, or with a `/` at the end.
    #[must_use]
    pub fn folder(&self) -> String {
        if self.key.is_empty() || self.key.ends_with('/') { self.key.clone() } else { format!("{}/", self.key) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

/// An object and the store that has it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What was listed.
    pub entry: Arc<Entry>,
    /// Who has it.
    pub store: Arc<dyn Store>,
}

impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        self.entry == other.entry
    }
}

impl Eq for Stored {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_bucket_and_a_key() {
        let check = |text: &str, expect: Option<(&str, &str, bool)>| {
            let found = Address::parse(text);
            let found = found.as_ref().map(|found| (&*found.bucket, &*found.key, found.is_sound()));
            assert_eq!(found, expect, "{text}");
        };
        check("s3://logs/a/b", Some(("logs", "a/b", true)));
        check("s3://logs//a/../b", Some(("logs", "/a/../b", true)));
        check("s3://logs", Some(("logs", "", true)));
        check("s3://logs@evil.example/a", Some(("logs@evil.example", "a", false)));
        check("s3:///a", Some(("", "a", false)));
        check("s3:/logs/a", None);
        check("logs/s3://a", None);
    }

    #[test]
    fn of_a_glob_its_folder_is_listed() {
        for (text, expect) in
            [("a/b", "a/b"), ("a/b*/c", "a/"), ("a/b/**", "a/b/"), ("*.gz", ""), ("a{b,c}/d", ""), ("", "")]
        {
            let address = Address { bucket: "logs".to_owned(), key: text.to_owned() };
            assert_eq!(address.listed(), expect, "{text}");
        }
    }
}
