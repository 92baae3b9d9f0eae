//! Signed requests to services that are asked without an SDK crate of their own: signature, retries, credentials that expire on
//! the way. What an answer means is for the caller; an error never holds a header, an address or a credential.

use super::chain::without_user;
use super::error::{AwsError, Trouble, trouble_of_code};
use super::request::{AGENT, Renewed, Waits, domain, now, without_secrets};
use super::session::{Session, chain};
use super::transport::{Transport, server};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Uri;
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// An answer larger than this is none: the largest real ones are a few MB.
const MAX_ANSWER: usize = 64 << 20;
/// The longest that one answer may take.
const LONGEST_ANSWER: Duration = Duration::from_mins(2);
/// Requests for one answer, the first included.
const MAX_TRIES: u32 = 8;
/// Requests that may be answered with expired credentials before the user has to renew them.
const MAX_RENEWALS: u32 = 2;
const WAITS: Waits = Waits { first: Duration::from_millis(100), longest: Duration::from_secs(10) };
/// Credentials are asked for again this long before they end.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

pub(super) const LATER: &str = "try again later";

/// A service as requests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// As AWS configuration files write it, for an address of the user's own.
    pub id: &'static str,
    /// In signatures, and in front of the Region in addresses.
    pub name: &'static str,
}

impl Service {
    /// AWS's own address of it in a Region.
    fn address(self, region: &str) -> String {
        format!("https://{}.{region}.{}/", self.name, domain(region))
    }
}

/// What one request is.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    /// The IAM action, for messages.
    pub action: &'static str,
    /// Headers besides those of the signature.
    pub headers: &'a [(&'static str, &'static str)],
    /// The body.
    pub body: String,
}

/// Error code and message in the body of a refusal.
pub(super) type ErrorOf = fn(&[u8]) -> Option<(String, String)>;

/// How often requests may be repeated, for all clients of a run together: where everything fails, nobody waits for each alone.
///
/// Source: the standard retry mode of the AWS SDKs, 500 tokens, 5 for a retry, 1 back for a success.
#[derive(Debug)]
pub struct Budget(AtomicI64);

const BUDGET: i64 = 500;
const RETRY_COST: i64 = 5;

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicI64::new(BUDGET))
    }
}

impl Budget {
    fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left >= RETRY_COST).then(|| left - RETRY_COST))
            .is_ok()
    }

    fn give_back(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left < BUDGET).then_some(left + 1));
    }
}

/// One service in one Region.
#[derive(Debug)]
pub(super) struct Http {
    client: Transport,
    uri: Uri,
    credentials: Renewed,
    service: Service,
    region: String,
    url: String,
    at: String,
    error_of: ErrorOf,
    budget: Arc<Budget>,
}

/// Why a try failed, and whether another may help.
struct Failure {
    error: AwsError,
    code: String,
}

impl Http {
    /// `at` says in messages whom is asked, `111122223333 us-east-1`.
    pub fn new(
        session: &Session,
        service: Service,
        at: &str,
        budget: Arc<Budget>,
        error_of: ErrorOf,
    ) -> Result<Self, AwsError> {
        let error = |why: String, hint: &str| AwsError {
            trouble: Trouble::Request,
            action: service.id.to_owned(),
            at: at.to_owned(),
            why,
            hint: Some(hint.to_owned()),
        };
        let region =
            session.region().ok_or_else(|| error("no Region is named".to_owned(), "name one by --region"))?.to_owned();
        let mut url = session.endpoint(service.id).unwrap_or_else(|| service.address(&region));
        if !url.ends_with('/') {
            url.push('/');
        }
        let own = "AWS_ENDPOINT_URL or endpoint_url is http://HOST:PORT or https://HOST";
        let uri = server(&url).map_err(|why| error(format!("{} {why}", without_user(&url)), own))?;
        let client = Transport::new(&uri).map_err(|why| error(why, "look at the certificates of this system"))?;
        let (credentials, at) = (Renewed::new(session.clone(), RENEW_BEFORE), at.to_owned());
        Ok(Self { client, uri, credentials, service, region, url, at, error_of, budget })
    }

    /// Whom is asked, for messages.
    pub fn at(&self) -> &str {
        &self.at
    }

    pub fn error(&self, trouble: Trouble, action: &str, why: impl Into<String>) -> AwsError {
        let hint = (trouble == Trouble::Remote).then(|| LATER.to_owned());
        AwsError { trouble, action: action.to_owned(), at: self.at.clone(), why: why.into(), hint }
    }

    /// Sends a request until it is answered, or until another try would not help.
    pub async fn send(&self, request: &Request<'_>) -> Result<Vec<u8>, AwsError> {
        let (mut tries, mut renewals) = (0, 0);
        loop {
            tries += 1;
            let credentials = self.credentials.get().await?;
            let failure = match self.attempt(request, &credentials).await {
                Ok(body) => {
                    self.budget.give_back();
                    return Ok(body);
                }
                Err(failure) => failure,
            };
            let Failure { mut error, code } = failure;
            error.why = without_secrets(&error.why, &credentials);
            match error.trouble {
                Trouble::Credentials if is_expiry(&code) && renewals < MAX_RENEWALS => {
                    renewals += 1;
                    self.credentials.forget().await;
                }
                Trouble::Credentials => {
                    error.hint = Some(self.credentials.session().renewal());
                    return Err(error);
                }
                Trouble::Remote if tries < MAX_TRIES && self.budget.take() => {
                    tokio::time::sleep(WAITS.before(tries)).await;
                }
                _ => return Err(error),
            }
        }
    }

    async fn attempt(&self, request: &Request<'_>, credentials: &Credentials) -> Result<Vec<u8>, Failure> {
        let fail =
            |trouble, why: String| Failure { error: self.error(trouble, request.action, why), code: String::new() };
        let signed = self.signature(request, credentials).map_err(|why| fail(Trouble::Request, why))?;
        let mut post = http::Request::post(&self.uri).header("user-agent", AGENT);
        for (name, value) in request.headers {
            post = post.header(*name, *value);
        }
        for (name, value) in &signed {
            post = post.header(name, value);
        }
        let post = post.body(Full::from(request.body.clone())).map_err(|e| fail(Trouble::Request, chain(&e)))?;
        let answer = async {
            let mut response = self.client.send(post).await.map_err(|e| fail(Trouble::Remote, chain(&e)))?;
            let (status, mut body) = (response.status(), Vec::new());
            while let Some(frame) = response.body_mut().frame().await {
                let frame = frame.map_err(|e| fail(Trouble::Remote, chain(&e)))?;
                let Some(part) = frame.data_ref() else { continue };
                if body.len() + part.len() > MAX_ANSWER {
                    return Err(fail(Trouble::Remote, "the answer has no end".to_owned()));
                }
                body.extend_from_slice(part);
            }
            Ok((status, body))
        };
        let too_late = |_| fail(Trouble::Remote, format!("no whole answer in {} s", LONGEST_ANSWER.as_secs()));
        let (status, body) = timeout(LONGEST_ANSWER, answer).await.map_err(too_late)??;
        if status.is_success() {
            return Ok(body);
        }
        let (code, message) = (self.error_of)(&body).unwrap_or_default();
        let trouble = match trouble_of_code(&code) {
            Trouble::Request if status.is_server_error() || status.as_u16() == 429 => Trouble::Remote,
            Trouble::Request if code.is_empty() && status.as_u16() == 403 => Trouble::Denied,
            trouble => trouble,
        };
        let why = if code.is_empty() { format!("answered with {status}") } else { said(&code, &message) };
        Err(Failure { error: self.error(trouble, request.action, why), code })
    }

    fn signature(&self, request: &Request<'_>, credentials: &Credentials) -> Result<Vec<(String, String)>, String> {
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.name)
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| chain(&e))?
            .into();
        let body = SignableBody::Bytes(request.body.as_bytes());
        let headers = request.headers.iter().copied();
        let signable = SignableRequest::new("POST", self.url.as_str(), headers, body).map_err(|e| chain(&e))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|e| chain(&e))?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn is_expiry(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired")
}

/// What AWS says, for people. A refused signature is explained with the whole request, token included: that is not shown.
pub(super) fn said(code: &str, message: &str) -> String {
    match code {
        "SignatureDoesNotMatch" | "IncompleteSignature" | "InvalidSignatureException" => {
            format!("{code}: the signature is not accepted; are the secret key and the clock right?")
        }
        code if message.is_empty() => code.to_owned(),
        code => format!("{code}: {}", first_line(message)),
    }
}

pub(super) fn first_line(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_addresses() {
        for (region, expect) in [
            ("us-east-1", "https://ec2.us-east-1.amazonaws.com/"),
            ("us-gov-west-1", "https://ec2.us-gov-west-1.amazonaws.com/"),
            ("cn-northwest-1", "https://ec2.cn-northwest-1.amazonaws.com.cn/"),
            ("eusc-de-east-1", "https://ec2.eusc-de-east-1.amazonaws.eu/"),
            ("us-isob-east-1", "https://ec2.us-isob-east-1.sc2s.sgov.gov/"),
        ] {
            assert_eq!(Service { id: "EC2", name: "ec2" }.address(region), expect);
        }
    }

    #[test]
    fn the_budget_ends_and_comes_back_with_successes() {
        let budget = Budget::default();
        assert_eq!((0..200).filter(|_| budget.take()).count(), 100);
        (0..4).for_each(|_| budget.give_back());
        assert!(!budget.take(), "four successes do not pay for a retry");
        budget.give_back();
        assert!(budget.take());
    }

    #[test]
    fn a_wrong_signature_is_not_explained() {
        let refusal = "The string was:\nx-amz-security-token:TOKENCANARY";
        assert!(!said("SignatureDoesNotMatch", refusal).contains("string"));
        assert_eq!(said("AccessDenied", "No.\nmore"), "AccessDenied: No.");
    }
}
