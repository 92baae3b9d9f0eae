//! What a bucket holds: every page of every listing, or an error. Where a time is asked for, folders that cannot hold records of
//! it are not looked into.

use super::http::{Ask, Failure, Http, Tried, next};
use super::page::Page;
use super::{LIST, Trouble};
use crate::aws::AwsError;
use crate::model::period::Window;
use crate::sources::objects::dates::{Standing, standing};
use crate::sources::objects::store::{Entry, See, StoreListing};
use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A page that S3 makes: 1,000 objects of keys of 1,024 bytes, each byte written as three.
const MAX_PAGE: usize = 16 << 20;
/// Objects of one listing.
const MAX_OBJECTS: usize = 50_000_000;
/// Pages one after the other that bring nothing.
const MAX_EMPTY: u32 = 1000;
/// Folders that are looked into one by one, outside of those whose names AWS gives.
const MAX_LOOKS: u32 = 200;
/// A folder with more than this in it is listed as a whole.
const MANY: usize = 60;

/// Lists one prefix, page after page.
struct Pages<'a> {
    http: &'a Http,
    bucket: &'a str,
    prefix: &'a str,
    /// Whether folders under the prefix are named and not looked into.
    level: bool,
}

/// What lies under a prefix.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) folders: Vec<String>,
}

impl Pages<'_> {
    async fn page(&self, token: Option<&str>, most: Option<u32>) -> Result<Page, AwsError> {
        let most = most.map(|most| most.to_string());
        let mut query = Vec::new();
        // By name, as the signature wants them.
        query.extend(token.map(|token| ("continuation-token", token)));
        query.extend(self.level.then_some(("delimiter", "/")));
        query.extend([("encoding-type", "url"), ("list-type", "2")]);
        query.extend(most.as_deref().map(|most| ("max-keys", most)));
        query.push(("prefix", self.prefix));
        let ask = Ask { call: LIST, bucket: self.bucket, key: "", query: &query, headers: &[] };
        let mut tried = Tried::default();
        loop {
            let permit = self.http.gate.enter().await;
            let failure = match self.attempt(&ask).await {
                Ok(page) => {
                    self.http.gate.succeeded(tried.is_again());
                    return Ok(page);
                }
                Err(failure) => failure,
            };
            self.http.again(&ask, &mut tried, failure).await?;
            drop(permit);
        }
    }

    async fn attempt(&self, ask: &Ask<'_>) -> Result<Page, Failure> {
        let mut response = self.http.attempt(ask).await?;
        let mut xml = Vec::new();
        while let Some(bytes) = next(ask, response.body_mut()).await? {
            xml.extend_from_slice(&bytes);
            if xml.len() > MAX_PAGE {
                return Err(Failure::stays(ask, Trouble::Request, "its listing has no end"));
            }
        }
        Page::parse(&xml).map_err(|why| Failure::passing(ask, format!("its listing cannot be read: {why}")))
    }

    async fn all(&self) -> Result<Level, AwsError> {
        let mut entries = Vec::new();
        let folders = self.each(&mut |entry| entries.push(entry)).await?;
        Ok(Level { entries, folders })
    }

    /// Shows every object, page after page, and names the folders.
    async fn each(&self, see: &mut See<'_>) -> Result<Vec<String>, AwsError> {
        let ask = Ask { call: LIST, bucket: self.bucket, key: "", query: &[("prefix", self.prefix)], headers: &[] };
        let endless = |why: &str| ask.error(Trouble::Remote, format!("its listing {why}"));
        let (mut found, mut token, mut tokens, mut empty) = (0_usize, None, BTreeSet::new(), 0);
        let mut folders = BTreeSet::new();
        let mut last_page: Option<Vec<String>> = None;
        let store: Arc<str> = self.http.store().into();
        let bucket: Arc<str> = self.bucket.into();
        loop {
            let page = self.page(token.as_deref(), None).await?;
            let keys: Vec<String> =
                page.objects.iter().map(|object| object.key.clone()).chain(page.folders.clone()).collect();
            if keys.is_empty() {
                empty += 1;
            } else if last_page.as_ref() == Some(&keys) {
                return Err(endless("says the same page again and again"));
            } else {
                (last_page, empty) = (Some(keys), 0);
            }
            for object in page.objects {
                if !object.key.starts_with(self.prefix) {
                    return Err(endless("holds what was not asked for"));
                }
                let super::page::Found { key, size, etag, modified } = object;
                let (store, bucket) = (Arc::clone(&store), Arc::clone(&bucket));
                found += 1;
                see(Arc::new(Entry { store, bucket, key, size, etag, modified }));
            }
            // Each is longer than what was asked for, so that a walk has an end.
            if page.folders.iter().any(|folder| folder.len() <= self.prefix.len() || !folder.starts_with(self.prefix)) {
                return Err(endless("holds what was not asked for"));
            }
            folders.extend(page.folders);
            let Some(next) = page.next else { break };
            if !tokens.insert(next.clone()) {
                return Err(endless("says the same continuation token twice"));
            }
            if empty > MAX_EMPTY || found + folders.len() > MAX_OBJECTS {
                return Err(endless("has no end"));
            }
            token = Some(next);
        }
        Ok(folders.into_iter().collect())
    }
}

/// The object of exactly this key: of all that begin so it comes first.
pub(super) async fn find(http: &Http, bucket: &str, key: &str) -> Result<Option<Arc<Entry>>, AwsError> {
    let page = Pages { http, bucket, prefix: key, level: false }.page(None, Some(1)).await?;
    let found = page.objects.into_iter().find(|object| object.key == key);
    Ok(found.map(|super::page::Found { key, size, etag, modified }| {
        Arc::new(Entry { store: http.store().into(), bucket: bucket.into(), key, size, etag, modified })
    }))
}

/// What lies directly under a prefix.
pub(super) async fn level(http: &Http, bucket: &str, prefix: &str) -> Result<Level, AwsError> {
    Pages { http, bucket, prefix, level: true }.all().await
}

/// Everything under a prefix, page after page.
pub(super) async fn pass(http: &Http, bucket: &str, prefix: &str, see: &mut See<'_>) -> Result<(), AwsError> {
    Pages { http, bucket, prefix, level: false }.each(see).await.map(drop)
}

/// Everything under a prefix that may hold records of the window, by key.
pub(super) async fn tree(
    http: &Http,
    bucket: &str,
    prefix: &str,
    window: Option<Window>,
) -> Result<StoreListing, AwsError> {
    let walk = Walk { http, bucket, window, looks: AtomicU32::new(0) };
    let mut listing = walk.under(prefix.to_owned(), true).await?;
    listing.entries.sort_by(|a, b| a.key.cmp(&b.key));
    listing.entries.dedup();
    listing.denied.sort();
    Ok(listing)
}

struct Walk<'a> {
    http: &'a Http,
    bucket: &'a str,
    window: Option<Window>,
    looks: AtomicU32,
}

impl Walk<'_> {
    fn under(&self, prefix: String, is_root: bool) -> BoxFuture<'_, Result<StoreListing, AwsError>> {
        async move {
            match self.look(&prefix).await {
                // Below the root a closed folder is named, and the rest is read.
                Err(error) if error.trouble == Trouble::Denied && !is_root => {
                    let address = format!("s3://{}/{prefix}", self.bucket);
                    Ok(StoreListing { entries: Vec::new(), denied: vec![(address, error.to_string())] })
                }
                found => found,
            }
        }
        .boxed()
    }

    async fn look(&self, prefix: &str) -> Result<StoreListing, AwsError> {
        let by_aws = prefix.split('/').any(|part| part == "AWSLogs");
        let one_by_one = match standing(prefix, self.window) {
            Standing::Outside => return Ok(StoreListing::default()),
            Standing::Within => false,
            Standing::Above => by_aws || self.looks.fetch_add(1, Ordering::Relaxed) < MAX_LOOKS,
        };
        let pages = Pages { http: self.http, bucket: self.bucket, prefix, level: one_by_one };
        let found = pages.all().await?;
        let many = found.folders.len() > MANY && !by_aws;
        if one_by_one && many {
            let found = Pages { level: false, ..pages }.all().await?;
            return Ok(StoreListing { entries: found.entries, denied: Vec::new() });
        }
        let mut listing = StoreListing { entries: found.entries, denied: Vec::new() };
        for below in try_join_all(found.folders.into_iter().map(|folder| self.under(folder, false))).await? {
            listing.entries.extend(below.entries);
            listing.denied.extend(below.denied);
        }
        Ok(listing)
    }
}
