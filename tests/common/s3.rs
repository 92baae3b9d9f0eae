//! A server that speaks like S3 and does on demand what the real one does on bad days. It checks every signature and remembers
//! every request.

use crate::bundle::files;
use crate::http::{Incoming, decoded};
use crate::sigv4;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const KEY_ID: &str = "AKIDCANARY0000000001";
pub const SECRET: &str = "canary/Secret+Key/of/forty/characters0001";
pub const TOKEN: &str = "canary-session-token-which-nobody-may-see";

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// As it was sent.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The access key that signed it.
    pub key_id: String,
    pub bucket: String,
    pub key: String,
    /// Its number, from 1.
    pub number: u64,
    /// How many requests for the same came before.
    pub before: u64,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn is_list(&self) -> bool {
        self.key.is_empty()
    }
}

/// What goes wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// An error document in place of the answer.
    Error(u16, &'static str),
    /// The connection is closed before the answer, and nothing is done.
    Closed,
    /// What is asked for is done, and the connection is closed before the answer.
    Lost,
    /// The body ends after so many bytes, and the connection with it.
    Cut(usize),
    /// Some bytes at a time, with pauses.
    Drip(usize),
    /// Another `ETag` than was listed.
    OtherEtag,
    /// One bit of the body is another.
    Flipped,
    /// The bucket is in this Region.
    Region(&'static str),
    /// In place of a page.
    Page(String),
}

type Script = dyn Fn(&Request) -> Fault + Send + Sync;

struct State {
    objects: Mutex<BTreeMap<String, BTreeMap<String, Vec<u8>>>>,
    requests: Mutex<Vec<Request>>,
    times: Mutex<BTreeMap<String, u64>>,
    count: AtomicU64,
    page: usize,
    script: Box<Script>,
    refused: Mutex<Vec<String>>,
    /// Secrets by access key.
    keys: Mutex<BTreeMap<String, String>>,
    /// The access key that alone may use a bucket.
    owners: Mutex<BTreeMap<String, String>>,
    /// Bucket and prefix that may be written to.
    writable: Mutex<Option<(String, String)>>,
}

/// The server; its threads end with the tests.
pub struct FakeS3 {
    state: Arc<State>,
    address: SocketAddr,
}

impl FakeS3 {
    /// With so many keys a page, and what goes wrong with each request.
    pub fn start(page: usize, script: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> Self {
        let (objects, requests, times, count, refused, owners, writable) = Default::default();
        let keys = Mutex::new([(KEY_ID.to_owned(), SECRET.to_owned())].into());
        let script = Box::new(script);
        let state = Arc::new(State { objects, requests, times, count, page, script, refused, keys, owners, writable });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let _ = serve(&state, &stream);
                });
            }
        });
        Self { state, address }
    }

    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let mut all = self.state.objects.lock().expect("not poisoned");
        all.entry(bucket.to_owned()).or_default().insert(key.to_owned(), bytes.to_vec());
    }

    /// Somebody else who may sign.
    pub fn allow_key(&self, key: &str, secret: &str) {
        self.state.keys.lock().expect("not poisoned").insert(key.to_owned(), secret.to_owned());
    }

    /// Nobody else may use this bucket.
    pub fn only_for(&self, key: &str, bucket: &str) {
        self.state.owners.lock().expect("not poisoned").insert(bucket.to_owned(), key.to_owned());
    }

    /// Allows writing under a prefix of a bucket, which there is from now on.
    pub fn allow_writing(&self, bucket: &str, prefix: &str) {
        self.state.objects.lock().expect("not poisoned").entry(bucket.to_owned()).or_default();
        *self.state.writable.lock().expect("not poisoned") = Some((bucket.to_owned(), prefix.to_owned()));
    }

    /// What is in a bucket.
    pub fn objects(&self, bucket: &str) -> BTreeMap<String, Vec<u8>> {
        self.state.objects.lock().expect("not poisoned").get(bucket).cloned().unwrap_or_default()
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every file of a folder under a prefix, which is empty or ends with `/`.
    pub fn put_folder(&self, bucket: &str, prefix: &str, folder: &Path) {
        for file in files(folder) {
            let below = file.strip_prefix(folder).expect("below").to_str().expect("UTF-8").replace('\\', "/");
            self.put(bucket, &format!("{prefix}{below}"), &std::fs::read(&file).expect("a file"));
        }
    }

    /// What a process needs to know of it.
    pub fn variables(&self) -> Vec<(String, String)> {
        let url = self.address();
        let all =
            [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        let all = all.into_iter().chain([("AWS_SESSION_TOKEN", TOKEN)]);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("not poisoned").clone()
    }

    /// Requests that were signed wrongly, and why.
    pub fn refused(&self) -> Vec<String> {
        self.state.refused.lock().expect("not poisoned").clone()
    }
}

fn serve(state: &State, stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(incoming) = Incoming::read(&mut reader) {
        let request = parse(state, incoming);
        let fault = (state.script)(&request);
        if !answer(state, stream, &request, &fault)? {
            stream.shutdown(std::net::Shutdown::Both)?;
            break;
        }
    }
    Ok(())
}

fn parse(state: &State, incoming: Incoming) -> Request {
    let key = sigv4::key(&incoming).unwrap_or_default().to_owned();
    let secret = state.keys.lock().expect("not poisoned").get(&key).cloned();
    let checked = secret.ok_or_else(|| format!("nobody has the key `{key}`"));
    if let Err(why) = checked.and_then(|secret| sigv4::check(&secret, &incoming)) {
        state.refused.lock().expect("not poisoned").push(format!("{}: {why}", incoming.target));
    }
    let Incoming { method, target, headers, body } = incoming;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (bucket, object) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut times = state.times.lock().expect("not poisoned");
    let time = times.entry(target.clone()).or_default();
    *time += 1;
    let request = Request {
        method,
        path: path.to_owned(),
        query: pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect(),
        headers,
        body,
        key_id: key,
        bucket: decoded(bucket),
        key: decoded(object),
        number: state.count.fetch_add(1, Ordering::SeqCst) + 1,
        before: *time - 1,
    };
    state.requests.lock().expect("not poisoned").push(request.clone());
    request
}

/// As S3 writes keys in a listing.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b' ' => text.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' => text.push(char::from(byte)),
            _ => write!(text, "%{byte:02X}").expect("a text"),
        }
        text
    })
}

fn etag(bytes: &[u8]) -> String {
    sigv4::sha256(bytes)[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn crc32(bytes: &[u8]) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    let sum = crc.sum().to_be_bytes();
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let word = sum.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte)) << 4;
    let digit = |n: u32| char::from(digits[usize::try_from(word >> (30 - 6 * n) & 63).expect("a digit")]);
    (0..6).map(digit).chain("==".chars()).collect()
}

/// Whether the connection stays.
fn answer(state: &State, mut stream: &TcpStream, request: &Request, fault: &Fault) -> std::io::Result<bool> {
    let (status, mut headers, mut body) = match fault {
        Fault::Closed => return Ok(false),
        Fault::Error(status, code) => (*status, Vec::new(), error(code)),
        Fault::Region(region) => {
            let header = ("x-amz-bucket-region", (*region).to_owned());
            let here = request.header("authorization").is_some_and(|a| a.contains(&format!("/{region}/s3/")));
            if here { good(state, request) } else { (301, vec![header], error("PermanentRedirect")) }
        }
        Fault::Page(page) => (200, Vec::new(), page.clone().into_bytes()),
        _ => good(state, request),
    };
    if *fault == Fault::Lost {
        return Ok(false);
    }
    if status < 300 && !request.is_list() {
        if *fault == Fault::OtherEtag {
            headers.retain(|(name, _)| *name != "etag");
            headers.push(("etag", "\"00000000000000000000000000000000\"".to_owned()));
        }
        if *fault == Fault::Flipped
            && let Some(byte) = body.last_mut()
        {
            *byte ^= 1;
        }
    }
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in &headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    match fault {
        Fault::Cut(len) => {
            stream.write_all(&body[..(*len).min(body.len())])?;
            return Ok(*len >= body.len());
        }
        Fault::Drip(len) => {
            for some in body.chunks(*len) {
                stream.write_all(some)?;
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        _ => stream.write_all(&body)?,
    }
    Ok(true)
}

fn error(code: &str) -> Vec<u8> {
    // An answer that says what it heard: nobody may repeat that.
    format!("<Error><Code>{code}</Code><Message>heard {TOKEN} of {KEY_ID}</Message></Error>").into_bytes()
}

type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

fn good(state: &State, request: &Request) -> Answer {
    let owners = state.owners.lock().expect("not poisoned");
    if owners.get(&request.bucket).is_some_and(|owner| *owner != request.key_id) {
        return (403, Vec::new(), error("AccessDenied"));
    }
    if request.method != "GET" {
        return written(state, request);
    }
    let all = state.objects.lock().expect("not poisoned");
    let Some(bucket) = all.get(&request.bucket) else { return (404, Vec::new(), error("NoSuchBucket")) };
    if request.is_list() {
        return (200, Vec::new(), list(bucket, request, state.page));
    }
    let Some(bytes) = bucket.get(&request.key) else { return (404, Vec::new(), error("NoSuchKey")) };
    let tag = format!("\"{}\"", etag(bytes));
    if request.header("if-match").is_some_and(|expect| expect != tag) {
        return (412, Vec::new(), error("PreconditionFailed"));
    }
    let mut headers = vec![("etag", tag), ("x-amz-checksum-type", "FULL_OBJECT".to_owned())];
    let Some(range) = request.header("range") else {
        headers.push(("x-amz-checksum-crc32", crc32(bytes)));
        return (200, headers, bytes.clone());
    };
    let (from, to) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).expect("a range");
    let (from, to): (usize, usize) = (from.parse().expect("a number"), to.parse().expect("a number"));
    if from >= bytes.len() {
        return (416, Vec::new(), error("InvalidRange"));
    }
    let to = to.min(bytes.len() - 1);
    headers.push(("content-range", format!("bytes {from}-{to}/{}", bytes.len())));
    (206, headers, bytes[from..=to].to_vec())
}

fn written(state: &State, request: &Request) -> Answer {
    let refused = |status, code| (status, Vec::new(), error(code));
    let writable = state.writable.lock().expect("not poisoned").clone();
    if !writable.is_some_and(|(bucket, prefix)| request.bucket == bucket && request.key.starts_with(&prefix)) {
        return refused(403, "AccessDenied");
    }
    let mut all = state.objects.lock().expect("not poisoned");
    let bucket = all.entry(request.bucket.clone()).or_default();
    let tag = |bytes: &Vec<u8>| format!("\"{}\"", etag(bytes));
    let found = bucket.get(&request.key).map(tag);
    match (request.method.as_str(), request.header("if-match"), &found) {
        ("DELETE", ..) => {
            bucket.remove(&request.key);
            return (204, Vec::new(), Vec::new());
        }
        ("PUT", None, None) => {}
        ("PUT", None, Some(_)) if request.header("if-none-match").is_none() => {}
        ("PUT", Some(expect), Some(found)) if expect == found => {}
        ("PUT", Some(_), None) => return refused(404, "NoSuchKey"),
        ("PUT", ..) => return refused(412, "PreconditionFailed"),
        _ => return refused(405, "MethodNotAllowed"),
    }
    if request.header("x-amz-checksum-crc32") != Some(&crc32(&request.body)) {
        return refused(400, "BadDigest");
    }
    bucket.insert(request.key.clone(), request.body.clone());
    (200, vec![("etag", tag(&request.body))], Vec::new())
}

fn list(bucket: &BTreeMap<String, Vec<u8>>, request: &Request, page: usize) -> Vec<u8> {
    let ask = |name: &str| request.query.get(name).map(String::as_str);
    assert_eq!(ask("list-type"), Some("2"), "{}", request.path);
    let (prefix, delimiter) = (ask("prefix").unwrap_or(""), ask("delimiter"));
    let page = page.min(ask("max-keys").map_or(page, |most| most.parse().expect("a number")));
    let mut rows: Vec<(String, String)> = Vec::new();
    for (key, bytes) in bucket.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let below = &key[prefix.len()..];
        match delimiter.and_then(|delimiter| below.find(delimiter)) {
            Some(at) => {
                let folder = format!("{prefix}{}", &below[..=at]);
                if rows.last().is_none_or(|(last, _)| *last != folder) {
                    let row = format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", encoded(&folder));
                    rows.push((folder, row));
                }
            }
            None => rows.push((
                key.clone(),
                format!(
                    "<Contents><Key>{}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;{}&quot;</ETag>\
                     <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                    encoded(key),
                    etag(bytes),
                    bytes.len()
                ),
            )),
        }
    }
    let begin: usize = ask("continuation-token").map_or(0, |token| token[2..].parse().expect("a token"));
    let rest = rows.get(begin..).unwrap_or_default();
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><EncodingType>url</EncodingType>");
    if rest.len() > page {
        let _ = write!(
            xml,
            "<IsTruncated>true</IsTruncated><NextContinuationToken>t={}</NextContinuationToken>",
            begin + page
        );
    } else {
        xml.push_str("<IsTruncated>false</IsTruncated>");
    }
    rest.iter().take(page).for_each(|(_, row)| xml.push_str(row));
    xml.push_str("</ListBucketResult>");
    xml.into_bytes()
}
