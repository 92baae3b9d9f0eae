//! Files written to a prefix of a bucket: the only requests of the crate that change anything, made only where the user names an
//! address to write to. One request a file, signed over its content and with a checksum that S3 keeps.

use super::body::{as_listed, sum};
use super::http::{Ask, Body, Failure, Http, Options, Signers, Tried, next};
use super::{DELETE, GET, PUT, Trouble, list, store_error};
use crate::aws::session::wait;
use crate::aws::{AwsError, Call};
use crate::sources::objects::store::{Address, Entry, StoreError, StoreTrouble};
use crate::target::{LARGEST, Over, Shared, Target, is_name};
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use http::{HeaderMap, Method, Response};

/// The checksum that S3 compares with what came
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>).
const CHECKSUM: &str = "x-amz-checksum-crc32";
/// From this on, in bytes, it is worth asking first where the bucket is: a server in another Region need not read it to its end.
const LONG: usize = 1 << 20;

/// What is sent.
type Sent<'a> = (Call, Method, &'a [(&'static str, &'a str)], Bytes);

/// A prefix of a bucket, to write to.
#[derive(Debug)]
pub struct Writer {
    http: Http,
    /// The bucket; key and all that it begins with, ends with `/` or is empty.
    address: Address,
}

impl Writer {
    /// With the session's credentials, Region and address. Asks for nothing yet.
    pub fn new(signers: impl Into<Signers>, options: Options, address: &Address) -> Result<Self, StoreError> {
        let http = Http::new(signers.into(), options).map_err(|error| store_error(&error))?;
        Ok(Self { http, address: Address { bucket: address.bucket.clone(), key: address.folder() } })
    }

    fn key(&self, name: &str) -> Result<String, StoreError> {
        if is_name(name) {
            return Ok(format!("{}{name}", self.address.key));
        }
        Err(self.wrong(name, "is no name of an object"))
    }

    fn wrong(&self, name: &str, why: &str) -> StoreError {
        StoreError { trouble: StoreTrouble::Request, what: format!("{}: {why}", self.shown(name)), hint: None }
    }

    async fn send(&self, key: &str, sent: Sent<'_>, tried: &mut Tried) -> Result<HeaderMap, AwsError> {
        let (call, method, headers, body) = sent;
        let ask = Ask { call, bucket: &self.address.bucket, key, query: &[], headers };
        loop {
            let permit = self.http.gate.enter().await;
            let answer = async {
                let mut response = self.http.attempt_with(&ask, &method, body.clone()).await?;
                kept(&ask, &response)?;
                while next(&ask, response.body_mut()).await?.is_some() {}
                Ok::<_, Failure>(response.into_parts().0.headers)
            };
            let failure = match answer.await {
                Ok(headers) => {
                    self.http.gate.succeeded(tried.is_again());
                    return Ok(headers);
                }
                Err(failure) => failure,
            };
            self.http.again(&ask, tried, failure).await?;
            drop(permit);
        }
    }

    /// Writes, on a condition or none; what S3 said, or `None` where the condition does not hold.
    async fn write(
        &self,
        key: &str,
        bytes: &Bytes,
        condition: Option<(&'static str, &str)>,
    ) -> Result<Option<HeaderMap>, AwsError> {
        if bytes.len() > LONG && !self.http.knows(&self.address.bucket) {
            // Whether it may be listed or not: the answer tells the Region.
            let _ = list::find(&self.http, &self.address.bucket, key).await;
        }
        let checksum = sum(std::slice::from_ref(bytes), CrcAlgorithm::Crc32IsoHdlc);
        let mut headers = vec![(CHECKSUM, checksum.as_str())];
        headers.extend(condition);
        let mut tried = Tried::default();
        match self.send(key, (PUT, Method::PUT, &headers, bytes.clone()), &mut tried).await {
            Err(error) if condition.is_some() && matches!(error.trouble, Trouble::Changed | Trouble::NotFound) => {
                // An answer that was lost may have been the good one.
                let is_ours = tried.is_again() && self.find(key).await?.is_some_and(|(_, found)| found == *bytes);
                Ok(is_ours.then(HeaderMap::new))
            }
            answer => answer.map(Some),
        }
    }

    async fn find(&self, key: &str) -> Result<Option<(Entry, Vec<u8>)>, AwsError> {
        for _ in 0..3 {
            let Some(entry) = list::find(&self.http, &self.address.bucket, key).await? else { return Ok(None) };
            if entry.size == 0 {
                return Ok(Some((entry.as_ref().clone(), Vec::new())));
            }
            match as_listed(&self.http, &entry, 0, entry.size).await {
                // Replaced between the two.
                Err(error) if matches!(error.trouble, Trouble::Changed | Trouble::NotFound) => {}
                parts => return Ok(Some((entry.as_ref().clone(), parts?.concat()))),
            }
        }
        let ask = Ask { call: GET, bucket: &self.address.bucket, key, query: &[], headers: &[] };
        Err(ask.error(Trouble::Changed, "it is replaced again and again".to_owned()))
    }
}

/// Whether S3 kept what was sent.
fn kept(ask: &Ask<'_>, response: &Response<Body>) -> Result<(), Failure> {
    let expect = ask.headers.iter().find(|(name, _)| *name == CHECKSUM).map(|(_, sum)| *sum);
    let found = response.headers().get(CHECKSUM).and_then(|value| value.to_str().ok());
    match (expect, found) {
        (Some(expect), Some(found)) if expect != found => {
            Err(Failure::passing(ask, "what was kept is not what was sent, by its checksum"))
        }
        _ => Ok(()),
    }
}

fn etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get("etag").and_then(|value| value.to_str().ok())?;
    Some(etag.trim_matches('"').to_owned()).filter(|etag| !etag.is_empty())
}

impl Target for Writer {
    fn shown(&self, name: &str) -> String {
        format!("{}{name}", self.address)
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let Address { bucket, key } = &self.address;
        let found = wait(list::tree(&self.http, bucket, &format!("{key}{prefix}"), None));
        let entries = found.map_err(|error| store_error(&error))?.entries;
        let names =
            entries.iter().filter_map(|entry| entry.key.strip_prefix(key.as_str())).filter(|name| is_name(name));
        Ok(names.map(str::to_owned).collect())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = self.key(name)?;
        let found = wait(self.find(&key)).map_err(|error| store_error(&error))?;
        Ok(found.map(|(_, bytes)| bytes))
    }

    fn put(&self, name: &str, bytes: Vec<u8>, over: Over) -> Result<bool, StoreError> {
        let key = self.key(name)?;
        if bytes.len() > LARGEST {
            return Err(self.wrong(name, &format!("is larger than {LARGEST} bytes")));
        }
        let condition = (over == Over::Keep).then_some(("if-none-match", "*"));
        let written = wait(self.write(&key, &bytes.into(), condition));
        written.map(|answer| answer.is_some()).map_err(|error| store_error(&error))
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        let key = self.key(name)?;
        let sent = (DELETE, Method::DELETE, &[][..], Bytes::new());
        match wait(self.send(&key, sent, &mut Tried::default())) {
            Err(error) if error.trouble == Trouble::NotFound && error.why.contains("NoSuchKey") => Ok(()),
            answer => answer.map(|_| ()).map_err(|error| store_error(&error)),
        }
    }
}

impl Shared for Writer {
    fn version(&self, name: &str) -> Result<Option<String>, StoreError> {
        let key = self.key(name)?;
        let found = wait(list::find(&self.http, &self.address.bucket, &key)).map_err(|error| store_error(&error))?;
        Ok(found.and_then(|entry| entry.etag.clone()))
    }

    fn swap(&self, name: &str, bytes: Vec<u8>, version: Option<&str>) -> Result<Option<String>, StoreError> {
        let key = self.key(name)?;
        let quoted = version.map(|version| format!("\"{version}\""));
        let condition = quoted.as_deref().map_or(("if-none-match", "*"), |version| ("if-match", version));
        let written = wait(self.write(&key, &bytes.into(), Some(condition))).map_err(|error| store_error(&error))?;
        match written {
            None => Ok(None),
            Some(headers) => etag(&headers).map_or_else(|| self.version(name), |etag| Ok(Some(etag))),
        }
    }
}
