//! One signed request and what came of it. What may be tried again is told apart from what may not.

use super::gate::{Gate, WAITS};
use super::page::Refused;
use super::place::Service;
use super::{GET, LIST};
use crate::aws::chain::without_user;
use crate::aws::error::trouble_of_code;
use crate::aws::request::{AGENT, Renewed, encoded, now, without_secrets};
use crate::aws::session::chain;
pub(super) use crate::aws::transport::Body;
use crate::aws::transport::{Transport, server};
use crate::aws::{AwsError, Call, Session, Trouble};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// The longest wait for the next bytes of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes a second that the slowest line takes, for what is sent.
const SLOWEST: u64 = 128 << 10;
/// Credentials that end sooner are renewed first.
const SOON: Duration = Duration::from_mins(1);
/// Where a bucket is asked that nobody said the Region of: S3 answers with the right one.
const FIRST_REGION: &str = "us-east-1";
/// The longest error document that is looked at.
const MAX_ERROR: usize = 64 << 10;
/// Attempts at one request, as long as it makes no progress.
const ATTEMPTS: u32 = 12;
/// New credentials, and another Region, are tried so often for one request.
const RENEWALS: u32 = 2;

/// How requests differ from user to user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the reader pays for buckets that ask for it.
    pub requester_pays: bool,
    /// The account that must own every bucket.
    pub expected_bucket_owner: Option<String>,
    /// `AWS_MAX_ATTEMPTS`.
    pub max_attempts: Option<u32>,
}

/// A request, before it is signed.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) call: Call,
    pub(super) bucket: &'a str,
    /// Empty for the bucket itself.
    pub(super) key: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) headers: &'a [(&'static str, &'a str)],
}

/// Why an attempt gave nothing, and what follows.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Box<AwsError>,
    pub(super) then: Then,
}

/// What to do after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is final.
    Stop,
    /// The same again, after a while.
    Again,
    /// The same in this Region.
    Region(String),
    /// The same with new credentials.
    Renew,
}

/// What was tried for one request.
#[derive(Debug, Default)]
pub(super) struct Tried {
    attempts: u32,
    moves: u32,
    renewals: u32,
}

impl Tried {
    /// Part of the answer came: what follows is a request of its own.
    pub(super) const fn progress(&mut self) {
        self.attempts = 0;
    }

    pub(super) const fn is_again(&self) -> bool {
        self.attempts > 0
    }
}

/// Sends requests.
#[derive(Debug)]
pub(super) struct Http {
    options: Options,
    service: Service,
    client: Transport,
    pub(super) gate: Gate,
    /// Where buckets turned out to be.
    regions: Mutex<BTreeMap<String, String>>,
    /// Whose credentials sign; the first are those of every bucket that is not another's.
    signers: Vec<Renewed>,
    /// Buckets with a signer of their own.
    signer_of: BTreeMap<String, usize>,
}

/// Whose credentials sign requests.
#[derive(Clone, Debug)]
pub struct Signers {
    /// For every bucket that no role has.
    pub own: Session,
    /// Sessions of roles, each with the buckets that are reached by it.
    pub roles: Vec<(Session, Vec<String>)>,
}

impl From<Session> for Signers {
    fn from(own: Session) -> Self {
        Self { own, roles: Vec::new() }
    }
}

impl Failure {
    /// What may pass by itself.
    pub(super) fn passing(ask: &Ask<'_>, why: impl Into<String>) -> Self {
        Self { error: ask.error(Trouble::Remote, why.into()).into(), then: Then::Again }
    }

    /// What stays as it is.
    pub(super) fn stays(ask: &Ask<'_>, trouble: Trouble, why: impl Into<String>) -> Self {
        Self { error: ask.error(trouble, why.into()).into(), then: Then::Stop }
    }
}

impl Ask<'_> {
    /// The address as users write it.
    pub(super) fn at(&self) -> String {
        let prefix = self.query.iter().find(|(name, _)| *name == "prefix").map_or("", |(_, prefix)| *prefix);
        format!("s3://{}/{}{prefix}", self.bucket, self.key)
    }

    pub(super) fn error(&self, trouble: Trouble, why: String) -> AwsError {
        AwsError { trouble, action: self.call.action.to_owned(), at: self.at(), why, hint: None }
    }

    fn header(&self, name: &'static str) -> bool {
        self.headers.iter().any(|(given, _)| *given == name)
    }
}

impl Http {
    pub(super) fn new(signers: Signers, options: Options) -> Result<Self, AwsError> {
        let session = &signers.own;
        let service = match session.endpoint("S3") {
            Some(url) => Service::Custom(url),
            None => Service::Aws {
                fips: session.config().use_fips().unwrap_or(false),
                dual_stack: session.config().use_dual_stack().unwrap_or(false),
            },
        };
        let wrong = |why: String| AwsError {
            trouble: Trouble::Request,
            action: "the address of S3".to_owned(),
            at: if let Service::Custom(url) = &service { without_user(url) } else { String::new() },
            why,
            hint: Some(
                "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or endpoint_url is http://HOST:PORT or https://HOST".to_owned(),
            ),
        };
        let uri = server(&service.address(FIRST_REGION, "bucket", "")).map_err(|why| wrong(why.to_owned()))?;
        let client = Transport::new(&uri).map_err(wrong)?;
        let mut signer_of = BTreeMap::new();
        for (number, (_, buckets)) in signers.roles.iter().enumerate() {
            signer_of.extend(buckets.iter().map(|bucket| (bucket.clone(), number + 1)));
        }
        let sessions = [signers.own].into_iter().chain(signers.roles.into_iter().map(|(session, _)| session));
        let signers = sessions.map(|session| Renewed::new(session, SOON)).collect();
        Ok(Self { options, service, client, gate: Gate::new(), regions: Mutex::default(), signers, signer_of })
    }

    /// What tells this store from others.
    pub(super) fn store(&self) -> &str {
        if let Service::Custom(url) = &self.service { url } else { "aws" }
    }

    fn signer(&self, bucket: &str) -> &Renewed {
        &self.signers[self.signer_of.get(bucket).copied().unwrap_or(0)]
    }

    fn region(&self, bucket: &str) -> String {
        let known = self.regions.lock().unwrap_or_else(PoisonError::into_inner).get(bucket).cloned();
        known.unwrap_or_else(|| self.signer(bucket).session().region().unwrap_or(FIRST_REGION).to_owned())
    }

    /// Whether it is known where a bucket is.
    pub(super) fn knows(&self, bucket: &str) -> bool {
        let regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.contains_key(bucket) || matches!(self.service, Service::Custom(_))
    }

    /// One attempt to read: the answer's head if it is a success.
    pub(super) async fn attempt(&self, ask: &Ask<'_>) -> Result<Response<Body>, Failure> {
        self.attempt_with(ask, &Method::GET, Bytes::new()).await
    }

    /// One attempt, with a body.
    pub(super) async fn attempt_with(
        &self,
        ask: &Ask<'_>,
        method: &Method,
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        let credentials = self.signer(ask.bucket).get().await;
        let credentials = credentials.map_err(|error| Failure { error: error.into(), then: Then::Stop })?;
        let region = self.region(ask.bucket);
        let patience = SILENCE + Duration::from_secs(body.len() as u64 / SLOWEST);
        let request = self.signed(ask, (method, body), (&region, &credentials))?;
        let sent = timeout(patience, self.client.send(request)).await;
        let response = match sent {
            Err(_) => return Err(Failure::passing(ask, format!("no answer for {} s", patience.as_secs()))),
            Ok(Err(error)) => return Err(Failure::passing(ask, chain(&error))),
            Ok(Ok(response)) => response,
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let (head, mut body) = response.into_parts();
        let document = head_of(&mut body).await;
        Err(refusal(ask, (head.status, &head.headers), &document, (&region, &credentials)))
    }

    fn signed(
        &self,
        ask: &Ask<'_>,
        (method, body): (&Method, Bytes),
        (region, credentials): (&str, &Credentials),
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let wrong = |why: &dyn std::error::Error| Failure::stays(ask, Trouble::Request, chain(why));
        let query: Vec<String> =
            ask.query.iter().map(|(name, value)| format!("{name}={}", encoded(value, false))).collect();
        let separator = if query.is_empty() { "" } else { "?" };
        let address = format!("{}{separator}{}", self.service.address(region, ask.bucket, ask.key), query.join("&"));
        let uri: Uri = address.parse().map_err(|error: http::uri::InvalidUri| wrong(&error))?;
        let mut headers = ask.headers.to_vec();
        headers.push(("host", uri.authority().map_or("", http::uri::Authority::as_str)));
        if self.options.requester_pays {
            headers.push(("x-amz-request-payer", "requester"));
        }
        if let Some(owner) = &self.options.expected_bucket_owner {
            headers.push(("x-amz-expected-bucket-owner", owner));
        }
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = credentials.clone().into();
        let builder = v4::SigningParams::builder().identity(&identity).region(region).name("s3").time(now());
        let params = builder.settings(settings).build().map_err(|error| wrong(&error))?.into();
        let content = SignableBody::Bytes(&body);
        let signable = SignableRequest::new(method.as_str(), address.as_str(), headers.iter().copied(), content);
        let signed = signable.and_then(|signable| sign(signable, &params)).map_err(|error| wrong(&error))?;
        let (instructions, _) = signed.into_parts();
        let mut all = HeaderMap::new();
        for (name, value) in headers.into_iter().chain(instructions.headers()).chain([("user-agent", AGENT)]) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| wrong(&error))?;
            let mut value = HeaderValue::from_str(value).map_err(|error| wrong(&error))?;
            value.set_sensitive(true);
            all.insert(name, value);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = all;
        Ok(request)
    }

    /// Goes on after a failure, or says why not.
    pub(super) async fn again(&self, ask: &Ask<'_>, tried: &mut Tried, failure: Failure) -> Result<(), AwsError> {
        let Failure { error, then } = failure;
        let mut error = *error;
        match then {
            Then::Stop => return Err(self.hinted(ask, error)),
            Then::Region(region) => {
                tried.moves += 1;
                if tried.moves > RENEWALS {
                    return Err(error);
                }
                let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
                regions.insert(ask.bucket.to_owned(), region);
            }
            Then::Renew => {
                tried.renewals += 1;
                if tried.renewals > RENEWALS {
                    return Err(self.hinted(ask, error));
                }
                self.signer(ask.bucket).forget().await;
            }
            Then::Again => {
                tried.attempts += 1;
                let attempts = self.options.max_attempts.unwrap_or(ATTEMPTS).max(1);
                if tried.attempts >= attempts || !self.gate.failed() {
                    error.why = format!("{}, at attempt {}", error.why, tried.attempts);
                    let kept = if ask.call == GET || ask.call == LIST { ": what was counted is kept" } else { "" };
                    error.hint = Some(format!("run it again{kept}"));
                    return Err(error);
                }
                tokio::time::sleep(WAITS.before(tried.attempts)).await;
            }
        }
        Ok(())
    }

    fn hinted(&self, ask: &Ask<'_>, error: AwsError) -> AwsError {
        let object = if ask.key.is_empty() { "" } else { "/*" };
        let hint = match error.trouble {
            _ if error.hint.is_some() => return error,
            Trouble::Credentials => Some(self.signer(ask.bucket).session().renewal()),
            Trouble::Denied => {
                let role = self.signer(ask.bucket).session().role();
                let role = role.map(|role| format!(" to {}", role.arn)).unwrap_or_default();
                let allow = format!("allow {} on arn:aws:s3:::{}{object}{role}", ask.call.action, ask.bucket);
                let pays = ", or give --requester-pays if its owner asks readers to pay";
                let owner = ", or correct --expected-bucket-owner";
                let pays = if self.options.requester_pays { "" } else { pays };
                let owner = if self.options.expected_bucket_owner.is_some() { owner } else { "" };
                Some(format!("{allow}{pays}{owner}"))
            }
            Trouble::NotFound if ask.key.is_empty() => {
                Some("look at the bucket's name, and at --profile and AWS_ENDPOINT_URL".to_owned())
            }
            _ => None,
        };
        AwsError { hint, ..error }
    }
}

/// The next bytes of a body; `None` at its end.
pub(super) async fn next(ask: &Ask<'_>, body: &mut Body) -> Result<Option<Bytes>, Failure> {
    loop {
        return match timeout(SILENCE, body.frame()).await {
            Err(_) => Err(Failure::passing(ask, format!("nothing came for {} s", SILENCE.as_secs()))),
            Ok(Some(Err(error))) => Err(Failure::passing(ask, chain(&error))),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(bytes) => Ok(Some(bytes)),
                Err(_trailers) => continue,
            },
            Ok(None) => Ok(None),
        };
    }
}

async fn head_of(body: &mut Body) -> Vec<u8> {
    let mut document = Vec::new();
    while document.len() < MAX_ERROR {
        match timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => document.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes)),
            _ => break,
        }
    }
    document
}

/// What an answer that is no success means.
fn refusal(
    ask: &Ask<'_>,
    (status, headers): (StatusCode, &HeaderMap),
    document: &[u8],
    (region, credentials): (&str, &Credentials),
) -> Failure {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let Refused { mut code, message, region: mut elsewhere } = Refused::parse(document);
    if code.is_empty() {
        code = header("x-amz-error-code");
    }
    if elsewhere.is_empty() {
        elsewhere = header("x-amz-bucket-region");
    }
    let trouble = match (trouble_of_code(&code), status.as_u16()) {
        (_, 429 | 500..=599) => Trouble::Remote,
        (Trouble::Request, 403) if code.is_empty() => Trouble::Denied,
        (Trouble::Request, 404) if code.is_empty() => Trouble::NotFound,
        (Trouble::Request, 412 | 416) => Trouble::Changed,
        (trouble, _) => trouble,
    };
    let then = match (status.as_u16(), trouble) {
        (301 | 400, Trouble::Request) if is_region(&elsewhere) && elsewhere != region => Then::Region(elsewhere),
        (307, _) | (_, Trouble::Remote) => Then::Again,
        (_, Trouble::Credentials) if !matches!(&*code, "SignatureDoesNotMatch" | "InvalidAccessKeyId") => Then::Renew,
        _ => Then::Stop,
    };
    let said = [code.as_str(), message.as_str()].into_iter().filter(|text| !text.is_empty());
    let why = [status.as_str()].into_iter().chain(said).collect::<Vec<_>>().join(" ");
    let mut error = ask.error(trouble, clean(&why, credentials));
    if code == "RequestTimeTooSkewed" {
        error.hint = Some("set this machine's clock".to_owned());
    }
    if ask.header("if-match") && trouble == Trouble::NotFound {
        "it is not there any more".clone_into(&mut error.why);
    }
    Failure { error: error.into(), then }
}

/// What a server said, without what it must not say and what no terminal should see.
fn clean(text: &str, credentials: &Credentials) -> String {
    let text = without_secrets(text, credentials);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(400).collect()
}

/// A name that can be part of a host's.
fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (4..=32).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(situation: &str, status: u16, region: &str, code: &str, trouble: Trouble, then: &Then) {
        let ask = Ask { call: LIST, bucket: "logs", key: "", query: &[("prefix", "p/")], headers: &[] };
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", HeaderValue::from_str(region).expect("a header"));
        let document =
            format!("<Error><Code>{code}</Code><Message>of SECRETKEY\u{1b} and TOKEN by AKID</Message></Error>");
        let document = if code.is_empty() { String::new() } else { document };
        let status = StatusCode::from_u16(status).expect("a status");
        let credentials = Credentials::new("AKID", "SECRETKEY", Some("TOKEN".to_owned()), None, "test");
        let failure = refusal(&ask, (status, &headers), document.as_bytes(), ("us-east-1", &credentials));
        assert_eq!((failure.error.trouble, &failure.then), (trouble, then), "{situation}");
        let said = failure.error.to_string();
        assert!(said.starts_with("s3://logs/p/: s3:ListBucket: "), "{situation}: {said}");
        let secret = ["SECRETKEY", "TOKEN", "AKID", "\u{1b}"].into_iter().find(|secret| said.contains(secret));
        assert_eq!(secret, None, "{situation}: {said}");
    }

    #[test]
    fn answers_tell_what_to_do() {
        let elsewhere = Then::Region("eu-west-1".to_owned());
        check("slow down", 503, "", "SlowDown", Trouble::Remote, &Then::Again);
        check("too many", 429, "", "", Trouble::Remote, &Then::Again);
        check("a gateway's error", 502, "", "", Trouble::Remote, &Then::Again);
        check("another Region", 301, "eu-west-1", "PermanentRedirect", Trouble::Request, &elsewhere);
        check(
            "another Region, by signature",
            400,
            "eu-west-1",
            "AuthorizationHeaderMalformed",
            Trouble::Request,
            &elsewhere,
        );
        check("the same Region", 301, "us-east-1", "PermanentRedirect", Trouble::Request, &Then::Stop);
        check("no Region", 301, "evil.example/", "PermanentRedirect", Trouble::Request, &Then::Stop);
        check("expired", 400, "us-east-1", "ExpiredToken", Trouble::Credentials, &Then::Renew);
        check("expired, forbidden", 403, "", "ExpiredToken", Trouble::Credentials, &Then::Renew);
        check("unknown key", 403, "", "InvalidAccessKeyId", Trouble::Credentials, &Then::Stop);
        check("denied", 403, "", "AccessDenied", Trouble::Denied, &Then::Stop);
        check("denied without a word", 403, "", "", Trouble::Denied, &Then::Stop);
        check("no bucket", 404, "", "NoSuchBucket", Trouble::NotFound, &Then::Stop);
        check("changed", 412, "", "PreconditionFailed", Trouble::Changed, &Then::Stop);
        check("shorter than listed", 416, "", "InvalidRange", Trouble::Changed, &Then::Stop);
    }

    #[test]
    fn a_connection_for_every_address_can_be_made() {
        for address in ["http://127.0.0.1:9000/b/", "https://b.s3.eu-west-1.amazonaws.com/"] {
            assert!(Transport::new(&address.parse().expect("an address")).is_ok(), "{address}");
        }
    }
}
