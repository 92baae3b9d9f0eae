//! Bytes of objects: ranges of bounded size, each of which goes on where it broke off; objects of several ranges as a stream that
//! is a little ahead of its reader and no more.

use super::http::{Ask, Body, Failure, Http, Then, Tried, next};
use super::{GET, Trouble, list};
use crate::aws::AwsError;
use crate::aws::session::runtime;
use crate::sources::objects::store::Entry;
use bytes::{Buf, Bytes};
use crc_fast::CrcAlgorithm;
use futures_util::StreamExt;
use futures_util::stream::iter;
use http::{HeaderMap, Response, StatusCode};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Bytes of a request. Objects up to this size take one.
pub(super) const RANGE: u64 = 4 << 20;
/// Ranges of a stream that are on their way beside the one that is read.
const AHEAD: usize = 2;
/// An attempt that brought less than this made no progress: nobody is waited for byte by byte.
const PROGRESS: u64 = 512;
/// A whole object whose checksum is wrong is fetched so often again.
const REFETCHES: u32 = 2;

/// Exactly these bytes of the object as it was listed.
pub(super) async fn range(http: &Http, entry: &Entry, start: u64, len: u64) -> Result<Vec<Bytes>, AwsError> {
    let (mut parts, mut got, mut tried, mut refetches) = (Vec::new(), 0, Tried::default(), 0);
    let quoted = entry.etag.as_ref().map(|etag| format!("\"{etag}\""));
    let whole = start == 0 && len == entry.size;
    while got < len {
        let (from, to) = (start + got, start + len - 1);
        let span = format!("bytes={from}-{to}");
        let mut headers = Vec::new();
        headers.extend(quoted.as_deref().map(|etag| ("if-match", etag)));
        if whole && got == 0 {
            headers.push(("x-amz-checksum-mode", "ENABLED"));
        } else {
            headers.push(("range", &*span));
        }
        let ask = Ask { call: GET, bucket: &entry.bucket, key: &entry.key, query: &[], headers: &headers };
        let permit = http.gate.enter().await;
        let before = got;
        let attempt = async {
            let mut response = http.attempt(&ask).await?;
            fits(&ask, &response, entry, (from, to))?;
            http.gate.succeeded(tried.is_again());
            collect(&ask, response.body_mut(), &mut parts, (&mut got, len)).await?;
            let sum = if whole && before == 0 { checksum_of(response.headers()) } else { None };
            Ok::<_, Failure>(sum)
        };
        let failure = match attempt.await {
            Ok(Some((algorithm, expect))) if !is_sum(&parts, algorithm, &expect) => {
                (got, refetches) = (0, refetches + 1);
                parts.clear();
                let mut failure = Failure::passing(&ask, "what came is not what its checksum says");
                if refetches > REFETCHES {
                    failure.then = Then::Stop;
                }
                failure
            }
            Ok(_) => break,
            Err(failure) => failure,
        };
        if got >= before + PROGRESS {
            tried.progress();
        }
        http.again(&ask, &mut tried, failure).await?;
        drop(permit);
    }
    Ok(parts)
}

/// The same; what is not as listed any more is looked for once, in case the listing was behind.
pub(super) async fn as_listed(http: &Http, entry: &Entry, start: u64, len: u64) -> Result<Vec<Bytes>, AwsError> {
    let first = range(http, entry, start, len).await;
    let Err(error) = &first else { return first };
    if !matches!(error.trouble, Trouble::Changed | Trouble::NotFound) {
        return first;
    }
    match list::find(http, &entry.bucket, &entry.key).await {
        Ok(Some(now)) if now.etag == entry.etag && now.size == entry.size => range(http, entry, start, len).await,
        Ok(now) => {
            let why = if now.is_some() { "was replaced" } else { "was removed" };
            let why = format!("it {why} after it was listed");
            let hint = Some("run it again: what was counted is kept".to_owned());
            Err(AwsError { trouble: Trouble::Changed, why, hint, ..error.clone() })
        }
        Err(_) => first,
    }
}

/// Whether an answer is about these bytes of this object.
fn fits(ask: &Ask<'_>, response: &Response<Body>, entry: &Entry, (from, to): (u64, u64)) -> Result<(), Failure> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let changed = |why: String| Failure::stays(ask, Trouble::Changed, why);
    if let (Some(expect), Some(found)) = (&entry.etag, header("etag"))
        && found.trim_start_matches("W/").trim_matches('"') != expect
    {
        return Err(changed("it is another object than was listed (ETag)".to_owned()));
    }
    let ranged = ask.headers.iter().any(|(name, _)| *name == "range");
    let expect = if ranged { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    if response.status() != expect {
        let why = format!("{} in place of {}: the server does not do what it was asked for", response.status(), expect);
        return Err(Failure::stays(ask, Trouble::Request, why));
    }
    let span = format!("bytes {from}-{to}/{}", entry.size);
    if ranged && header("content-range").is_some_and(|found| found != span) {
        return Err(changed(format!("it has another size than the {} bytes that were listed", entry.size)));
    }
    let len = to - from + 1;
    if header("content-length").and_then(|text| text.parse().ok()).is_some_and(|found: u64| found != len) {
        return Err(changed(format!("it has another size than the {} bytes that were listed", entry.size)));
    }
    Ok(())
}

/// Takes a body up to `len` bytes in all; what is too short or too long is a failure that may pass.
async fn collect(
    ask: &Ask<'_>,
    body: &mut Body,
    parts: &mut Vec<Bytes>,
    (got, len): (&mut u64, u64),
) -> Result<(), Failure> {
    while let Some(mut bytes) = next(ask, body).await? {
        let room = usize::try_from(len - *got).unwrap_or(usize::MAX);
        bytes.truncate(room);
        *got += bytes.len() as u64;
        if !bytes.is_empty() {
            parts.push(bytes);
        }
    }
    if *got < len { Err(Failure::passing(ask, "the answer was cut off")) } else { Ok(()) }
}

/// The checksum of the whole object that S3 keeps with it, if it is one of those that it makes itself
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>). One made of the checksums of
/// parts ends in their number.
fn checksum_of(headers: &HeaderMap) -> Option<(CrcAlgorithm, String)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("x-amz-checksum-type").is_some_and(|kind| kind != "FULL_OBJECT") {
        return None;
    }
    let kinds = [
        ("x-amz-checksum-crc64nvme", CrcAlgorithm::Crc64Nvme),
        ("x-amz-checksum-crc32c", CrcAlgorithm::Crc32Iscsi),
        ("x-amz-checksum-crc32", CrcAlgorithm::Crc32IsoHdlc),
    ];
    let found = kinds.into_iter().find_map(|(name, algorithm)| Some((algorithm, text(name)?.to_owned())));
    found.filter(|(_, sum)| !sum.contains('-'))
}

fn is_sum(parts: &[Bytes], algorithm: CrcAlgorithm, expect: &str) -> bool {
    sum(parts, algorithm) == expect
}

/// A checksum as S3 writes it.
pub(super) fn sum(parts: &[Bytes], algorithm: CrcAlgorithm) -> String {
    let mut digest = crc_fast::Digest::new(algorithm);
    for part in parts {
        digest.update(part);
    }
    let sum = digest.finalize().to_be_bytes();
    let width = if matches!(algorithm, CrcAlgorithm::Crc64Nvme) { 8 } else { 4 };
    base64(&sum[sum.len() - width..])
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        for digit in 0..4 {
            let has = digit <= chunk.len();
            text.push(if has { char::from(DIGITS[word >> (18 - 6 * digit) & 63]) } else { '=' });
        }
    }
    text
}

/// Bytes that are there already.
#[derive(Debug, Default)]
pub(super) struct Parts(VecDeque<Bytes>);

impl From<Vec<Bytes>> for Parts {
    fn from(parts: Vec<Bytes>) -> Self {
        Self(parts.into())
    }
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = self.0.front_mut() else { return Ok(0) };
        let len = first.len().min(buffer.len());
        first.copy_to_slice(&mut buffer[..len]);
        if first.is_empty() {
            self.0.pop_front();
        }
        Ok(len)
    }
}

/// An object of several ranges.
#[derive(Debug)]
pub(super) struct Stream {
    parts: Parts,
    ranges: mpsc::Receiver<Result<Vec<Bytes>, io::Error>>,
}

/// Begins to fetch an object. `failed` makes an error of what a range could not be had for.
pub(super) fn stream(
    http: Arc<Http>,
    entry: Arc<Entry>,
    failed: impl Fn(AwsError) -> io::Error + Send + 'static,
) -> Stream {
    let (sender, ranges) = mpsc::channel(1);
    runtime().spawn(async move {
        let starts = (0..entry.size.div_ceil(RANGE)).map(|n| n * RANGE);
        let fetch = |start: u64| {
            let (http, entry) = (Arc::clone(&http), Arc::clone(&entry));
            // A task of its own: what is under way goes on while nobody takes it, and never keeps others from beginning.
            let task = async move { as_listed(&http, &entry, start, RANGE.min(entry.size - start)).await };
            async move {
                runtime().spawn(task).await.unwrap_or_else(|_| {
                    let (action, why) = (GET.action.to_owned(), "the request broke off".to_owned());
                    Err(AwsError { trouble: Trouble::Remote, action, at: String::new(), why, hint: None })
                })
            }
        };
        let mut fetched = iter(starts).map(fetch).buffered(AHEAD);
        while let Some(result) = fetched.next().await {
            let ended = result.is_err();
            // Who does not want more has dropped the other end.
            if sender.send(result.map_err(&failed)).await.is_err() || ended {
                return;
            }
        }
    });
    Stream { parts: Parts::default(), ranges }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let len = self.parts.read(buffer)?;
            if len > 0 || buffer.is_empty() {
                return Ok(len);
            }
            match self.ranges.blocking_recv() {
                Some(parts) => self.parts = parts?.into(),
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_whole_object() {
        // The check values of the CRC catalogue, of "123456789".
        let parts = [Bytes::from_static(b"1234"), Bytes::from_static(b"56789")];
        for (name, sum) in [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, sum.parse().expect("a header"));
            let (algorithm, expect) = checksum_of(&headers).expect("a checksum");
            assert!(is_sum(&parts, algorithm, &expect), "{name}");
            assert!(!is_sum(&parts[..1], algorithm, &expect), "{name}");
            headers.insert(name, format!("{sum}-3").parse().expect("a header"));
            assert!(checksum_of(&headers).is_none(), "{name}: of three parts");
            headers.insert(name, sum.parse().expect("a header"));
            headers.insert("x-amz-checksum-type", "COMPOSITE".parse().expect("a header"));
            assert!(checksum_of(&headers).is_none(), "{name}: of parts");
        }
        assert!(checksum_of(&HeaderMap::new()).is_none());
    }

    #[test]
    fn parts_are_read_as_one() {
        let mut parts = Parts::from(vec![Bytes::from_static(b"ab"), Bytes::from_static(b"cde")]);
        let mut text = String::new();
        parts.read_to_string(&mut text).expect("memory can be read");
        assert_eq!(text, "abcde");
    }
}
