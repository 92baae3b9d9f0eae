//! Objects in S3, and in what speaks like it: listed whole or not at all, read as they were listed or not at all. [`S3`] only lists
//! and gets; [`Writer`] is made where the user names an address to write to, and only for that.

mod body;
mod gate;
mod http;
mod list;
mod page;
mod place;
mod write;

pub use http::{Options, Signers};
pub use write::Writer;

use super::session::{runtime, wait};
use super::{AwsError, Call, Trouble};
use crate::model::period::Window;
use crate::sources::objects::store::{Entry, See, Store, StoreError, StoreListing, StoreTrouble};
use body::{Parts, RANGE};
use bytes::{Bytes, BytesMut};
use http::Http;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Which objects there are.
pub const LIST: Call = Call { action: "s3:ListBucket", purpose: "which flow logs, bills and other files there are" };

/// What is in them.
pub const GET: Call = Call { action: "s3:GetObject", purpose: "flow logs, bills and other files" };

/// Every kind of request that reads from S3.
pub const CALLS: [Call; 2] = [LIST, GET];

/// What is written to the address that the user names.
pub const PUT: Call = Call { action: "s3:PutObject", purpose: "what is written to the address that you name" };

/// What it takes the place of.
pub const DELETE: Call =
    Call { action: "s3:DeleteObject", purpose: "what it takes the place of, and marks of its own" };

/// Every kind of request that writes to S3.
pub const WRITES: [Call; 2] = [PUT, DELETE];

/// Bytes that may be on their way to objects that are read soon.
const SOON: u64 = 32 << 20;

/// What came, or why nothing did.
type Fetched = Result<Vec<Bytes>, AwsError>;
/// Bucket and key.
type Key = (Arc<str>, String);
/// Bucket, prefix, and the window that was asked for.
type Asked = (String, String, Option<Window>);

/// A reader of buckets.
#[derive(Debug)]
pub struct S3 {
    http: Arc<Http>,
    listings: Mutex<BTreeMap<Asked, Arc<StoreListing>>>,
    allowed: Mutex<BTreeSet<String>>,
    /// Objects on their way, by bucket and key.
    soon: Mutex<BTreeMap<Key, oneshot::Receiver<Fetched>>>,
    on_their_way: AtomicU64,
    trouble: Arc<Mutex<Option<StoreError>>>,
}

impl S3 {
    /// A reader with the session's credentials, Region and address, or with several by bucket. Asks for nothing yet.
    pub fn new(signers: impl Into<Signers>, options: Options) -> Result<Self, StoreError> {
        let http = Arc::new(Http::new(signers.into(), options).map_err(|error| store_error(&error))?);
        let (listings, allowed, soon, on_their_way, trouble) = Default::default();
        Ok(Self { http, listings, allowed, soon, on_their_way, trouble })
    }

    fn listed<T>(&self, bucket: &str, result: Result<T, AwsError>) -> Result<T, StoreError> {
        match result {
            Ok(found) => {
                held(&self.allowed).insert(bucket.to_owned());
                Ok(found)
            }
            Err(error) => Err(store_error(&error)),
        }
    }

    /// Nothing more is asked for once nobody would answer.
    fn is_open(&self) -> io::Result<()> {
        let stopped = held(&self.trouble).clone().filter(|error| error.trouble == StoreTrouble::Credentials);
        stopped.map_or(Ok(()), |error| Err(io::Error::other(error)))
    }

    /// Remembers trouble with an object and makes an error for its reader of it.
    fn failed(trouble: &Mutex<Option<StoreError>>, error: &AwsError) -> io::Error {
        let error = store_error(error);
        let mut worst = held(trouble);
        if worst.as_ref().is_none_or(|worst| worst.trouble < error.trouble) {
            *worst = Some(error.clone());
        }
        // A hint of its own: the reader only has the text.
        let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        io::Error::other(format!("{error}{hint}"))
    }
}

impl Store for S3 {
    fn list(&self, bucket: &str, prefix: &str, window: Option<Window>) -> Result<Arc<StoreListing>, StoreError> {
        let asked = (bucket.to_owned(), prefix.to_owned(), window);
        if let Some(known) = held(&self.listings).get(&asked) {
            return Ok(Arc::clone(known));
        }
        let listing = Arc::new(self.listed(bucket, wait(list::tree(&self.http, bucket, prefix, window)))?);
        held(&self.listings).insert(asked, Arc::clone(&listing));
        Ok(listing)
    }

    fn pass(&self, bucket: &str, prefix: &str, see: &mut See<'_>) -> Result<(), StoreError> {
        let known = held(&self.listings).get(&(bucket.to_owned(), prefix.to_owned(), None)).map(Arc::clone);
        if let Some(known) = known {
            known.entries.iter().map(Arc::clone).for_each(see);
            return Ok(());
        }
        self.listed(bucket, wait(list::pass(&self.http, bucket, prefix, see)))
    }

    fn find(&self, bucket: &str, key: &str) -> Result<Option<Arc<Entry>>, StoreError> {
        self.listed(bucket, wait(list::find(&self.http, bucket, key)))
    }

    fn names(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, StoreError> {
        let level = self.listed(bucket, wait(list::level(&self.http, bucket, prefix)))?;
        let keys = level.entries.iter().map(|entry| entry.key.as_str()).chain(level.folders.iter().map(String::as_str));
        let name = |key: &str| key.strip_prefix(prefix).unwrap_or(key).trim_end_matches('/').to_owned();
        Ok(keys.map(name).filter(|name| !name.is_empty()).collect())
    }

    fn is_allowed(&self, bucket: &str) -> bool {
        held(&self.allowed).contains(bucket)
    }

    fn open(&self, entry: &Arc<Entry>) -> io::Result<Box<dyn Read + Send>> {
        let place = (Arc::clone(&entry.bucket), entry.key.clone());
        let coming = held(&self.soon).remove(&place);
        let fetched = match coming {
            Some(coming) => {
                let fetched = coming.blocking_recv();
                self.on_their_way.fetch_sub(entry.size, Ordering::Relaxed);
                fetched.ok()
            }
            None => None,
        };
        self.is_open()?;
        if entry.size > RANGE {
            let trouble = Arc::clone(&self.trouble);
            let failed = move |error: AwsError| Self::failed(&trouble, &error);
            return Ok(Box::new(body::stream(Arc::clone(&self.http), Arc::clone(entry), failed)));
        }
        let fetched = fetched.unwrap_or_else(|| wait(body::as_listed(&self.http, entry, 0, entry.size)));
        let parts = fetched.map_err(|error| Self::failed(&self.trouble, &error))?;
        Ok(Box::new(Parts::from(parts)))
    }

    fn range(&self, entry: &Arc<Entry>, start: u64, len: usize) -> io::Result<Bytes> {
        self.is_open()?;
        let fetched = wait(body::as_listed(&self.http, entry, start, len as u64));
        let parts = fetched.map_err(|error| Self::failed(&self.trouble, &error))?;
        let mut bytes = BytesMut::with_capacity(len);
        for part in &parts {
            bytes.extend_from_slice(part);
        }
        Ok(bytes.freeze())
    }

    fn announce(&self, entry: &Arc<Entry>) {
        let size = entry.size;
        if size == 0 || size > RANGE || self.is_open().is_err() {
            return;
        }
        if self.on_their_way.fetch_add(size, Ordering::Relaxed) + size > SOON {
            self.on_their_way.fetch_sub(size, Ordering::Relaxed);
            return;
        }
        let (sender, coming) = oneshot::channel();
        let place = (Arc::clone(&entry.bucket), entry.key.clone());
        if held(&self.soon).insert(place, coming).is_some() {
            self.on_their_way.fetch_sub(size, Ordering::Relaxed);
        }
        let (http, entry) = (Arc::clone(&self.http), Arc::clone(entry));
        runtime().spawn(async move {
            let fetched = body::as_listed(&http, &entry, 0, size).await;
            let _ = sender.send(fetched);
        });
    }

    fn trouble(&self) -> Option<StoreError> {
        held(&self.trouble).clone()
    }
}

fn store_error(error: &AwsError) -> StoreError {
    let trouble = match error.trouble {
        Trouble::Credentials => StoreTrouble::Credentials,
        Trouble::Denied => StoreTrouble::Denied,
        Trouble::NotFound | Trouble::Request => StoreTrouble::Request,
        Trouble::Changed => StoreTrouble::Changed,
        Trouble::Remote => StoreTrouble::Remote,
    };
    StoreError { trouble, what: error.to_string(), hint: error.hint.clone() }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
