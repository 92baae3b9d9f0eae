//! The one look at the clock on behalf of a command: for how young a file is, which month was the last, which days are over. A report
//! never depends on it.

use crate::sources::objects::since_1970;
use std::time::SystemTime;

/// Nanoseconds since 1970; `None` where the clock is before that.
#[expect(clippy::disallowed_methods, reason = "the only one: what needs the time is told it from here")]
pub(super) fn nanoseconds() -> Option<i128> {
    since_1970(SystemTime::now())
}

/// Seconds since 1970; 0 where the clock is before that.
pub(super) fn seconds() -> i64 {
    nanoseconds().and_then(|nanoseconds| i64::try_from(nanoseconds / 1_000_000_000).ok()).unwrap_or(0)
}
