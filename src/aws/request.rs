//! What every request to AWS needs, whatever its service: the time, patience, credentials that are renewed in time, addresses, and
//! texts without secrets.

use super::{AwsError, Session};
use aws_credential_types::Credentials;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// AWS's own have 16 and more letters; what is shorter than this would be found in any message.
const SHORTEST_SECRET: usize = 4;

/// How natlens names itself.
pub(super) const AGENT: &str = concat!("natlens/", env!("CARGO_PKG_VERSION"));

/// The credentials in use. The session's chain is asked once and not for every request: an assumed role would be taken on again
/// for each.
#[derive(Debug)]
pub(super) struct Renewed {
    session: Session,
    /// Those that end sooner than this are renewed first.
    before: Duration,
    held: Mutex<Option<Credentials>>,
}

impl Renewed {
    pub(super) fn new(session: Session, before: Duration) -> Self {
        Self { session, before, held: Mutex::default() }
    }

    /// Credentials that are good for a while.
    pub(super) async fn get(&self) -> Result<Credentials, AwsError> {
        let mut held = self.held.lock().await;
        let soon = now() + self.before;
        if let Some(good) = held.as_ref().filter(|held| held.expiry().is_none_or(|end| end >= soon)) {
            return Ok(good.clone());
        }
        let fresh = self.session.credentials().await?;
        *held = Some(fresh.clone());
        Ok(fresh)
    }

    /// They were refused: the chain is asked for others.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }
}

/// The waits before repetitions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// The longest before the first; before each further one it is twice that.
    pub(super) first: Duration,
    /// The longest of all.
    pub(super) longest: Duration,
}

impl Waits {
    /// The wait before a repetition, from 1: anything up to its bound (full jitter).
    /// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
    pub(super) fn before(self, repetition: u32) -> Duration {
        // Keyed anew each time: runs that were thrown back together do not come again together.
        self.chosen(repetition, RandomState::new().hash_one(repetition))
    }

    fn chosen(self, repetition: u32, random: u64) -> Duration {
        let bound = self.first.saturating_mul(1 << repetition.saturating_sub(1).min(16)).min(self.longest);
        let millis = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(random % (millis + 1))
    }
}

/// The domain of a Region's services. Source: AWS General Reference, service endpoints; the partitions of the SDKs'
/// `partitions.json`.
pub(super) fn domain(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "amazonaws.com.cn",
        r if r.starts_with("us-iso-") => "c2s.ic.gov",
        r if r.starts_with("us-isob-") => "sc2s.sgov.gov",
        r if r.starts_with("us-isof-") => "csp.hci.ic.gov",
        r if r.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        r if r.starts_with("eusc-") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// Percent-encoded as signatures want it: all but letters, digits and `-._~`.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>.
pub(super) fn encoded(text: &str, keep_slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            b'/' if keep_slash => encoded.push('/'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// A text from outside without the credentials in use.
pub(super) fn without_secrets(text: &str, credentials: &Credentials) -> String {
    let secrets =
        [credentials.session_token().unwrap_or_default(), credentials.secret_access_key(), credentials.access_key_id()];
    let mut text = text.to_owned();
    for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SECRET) {
        text = text.replace(secret, "(hidden)");
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "a signature says when it was made, and credentials when they end")]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        let waits = Waits { first: Duration::from_millis(100), longest: Duration::from_secs(10) };
        let longest = |tries| (0..20_000).map(|n| waits.chosen(tries, n).as_millis()).max();
        assert_eq!([1, 2, 3, 8, 40].map(longest), [Some(100), Some(200), Some(400), Some(10_000), Some(10_000)]);
        assert_eq!(waits.chosen(8, 0), Duration::ZERO);
    }

    #[test]
    fn messages_hold_no_secret() {
        let credentials = Credentials::new("AKIDCANARY", "SECRETCANARY", Some("TOKENCANARY".to_owned()), None, "test");
        let all = "no match for AKIDCANARY: SECRETCANARY TOKENCANARY";
        assert_eq!(without_secrets(all, &credentials), "no match for (hidden): (hidden) (hidden)");
        let tiny = Credentials::new("AKIDCANARY", "s", Some("t".to_owned()), None, "test");
        assert_eq!(without_secrets("not valid", &tiny), "not valid");
    }
}
