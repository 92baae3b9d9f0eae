//! Why something could not be had from AWS. Holds no credential, header or signed address, so that it may be shown as it is.

use std::fmt;

/// What kind of trouble it is: decides the exit code and whether others are asked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There are no credentials, or they are expired or wrong.
    Credentials,
    /// They are good, but this is not allowed.
    Denied,
    /// There is no such thing.
    NotFound,
    /// It is not what it was when it was listed.
    Changed,
    /// A wrong Region, address or name.
    Request,
    /// Throttled, timed out, broken off, or an error of the service, after all retries.
    Remote,
}

/// What failed, where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The kind.
    pub trouble: Trouble,
    /// The IAM action that was tried, or the step, `credentials`.
    pub action: String,
    /// Account, Region, bucket or object that it was for.
    pub at: String,
    /// What AWS or the network said; never an address with a query, a header or a token.
    pub why: String,
    /// What the user can do.
    pub hint: Option<String>,
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, at, why, .. } = self;
        if at.is_empty() { write!(f, "{action}: {why}") } else { write!(f, "{at}: {action}: {why}") }
    }
}

impl std::error::Error for AwsError {}

/// What an error code of AWS means. Codes are shared by services
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
#[must_use]
pub fn trouble_of_code(code: &str) -> Trouble {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "TokenRefreshRequired"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "UnrecognizedClientException"
        | "InvalidToken"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "IncompleteSignature" => Trouble::Credentials,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AllAccessDisabled" | "OptInRequired" => {
            Trouble::Denied
        }
        "NoSuchKey" | "NoSuchBucket" | "NotFound" | "ResourceNotFoundException" => Trouble::NotFound,
        "PreconditionFailed" => Trouble::Changed,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "LimitExceededException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "Unavailable"
        | "EC2ThrottledException"
        | "PriorRequestNotComplete"
        | "TransactionInProgressException"
        | "ConditionalRequestConflict"
        | "OperationAborted" => Trouble::Remote,
        _ => Trouble::Request,
    }
}
