//! What the clients of the SDK crates share: patience, and errors that hold no secret.

use super::error::{AwsError, Trouble, trouble_of_code};
use super::http::{LATER, first_line, said};
use super::request::{Waits, without_secrets};
use super::session::chain;
use super::{Call, Session};
use aws_sdk_cloudwatch::config::http::HttpResponse;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use std::time::Duration;

/// Attempts at one request.
pub(super) const ATTEMPTS: u32 = 8;
/// The waits before repetitions.
pub(super) const WAITS: Waits = Waits { first: Duration::from_millis(200), longest: Duration::from_secs(20) };

/// The SDK's own retries, full jitter and budget included.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(WAITS.first)
}

/// An answer that takes longer does not come.
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_mins(2))
        .build()
}

/// What an error of a client means.
pub(super) async fn told<E>(error: &SdkError<E, HttpResponse>, call: Call, at: &str, session: &Session) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (trouble, why) = match error {
        SdkError::ServiceError(refusal) => {
            let status = refusal.raw().status().as_u16();
            let (code, message) =
                (refusal.err().code().unwrap_or_default(), refusal.err().message().unwrap_or_default());
            let trouble = match trouble_of_code(code) {
                Trouble::Request if status >= 500 || status == 429 => Trouble::Remote,
                trouble => trouble,
            };
            let why = if code.is_empty() { format!("answered with {status}") } else { said(code, message) };
            (trouble, why)
        }
        SdkError::ConstructionFailure(_) => (Trouble::Request, first_line(&chain(error))),
        other => {
            let why = first_line(&chain(other));
            (if why.contains("credential") { Trouble::Credentials } else { Trouble::Remote }, why)
        }
    };
    let credentials = session.credentials().await;
    let why = credentials.map_or_else(|_| why.clone(), |credentials| without_secrets(&why, &credentials));
    let hint = match trouble {
        Trouble::Credentials => Some(session.renewal()),
        Trouble::Remote => Some(LATER.to_owned()),
        Trouble::Denied | Trouble::NotFound | Trouble::Changed | Trouble::Request => None,
    };
    AwsError { trouble, action: call.action.to_owned(), at: at.to_owned(), why, hint }
}
