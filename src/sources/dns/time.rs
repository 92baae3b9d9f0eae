//! `query_timestamp` into Unix seconds. Records of one object share their hour, so most need no calendar.

use crate::model::period::{HOUR_SECONDS, parse_instant};

/// Length of `2026-10-01T13`.
const HOUR_LEN: usize = 13;

/// The hour that was read last.
#[derive(Debug, Default)]
pub(super) struct Clock {
    hour: [u8; HOUR_LEN],
    start: i64,
}

impl Clock {
    /// Seconds of `2026-10-01T13:05:09Z`; also with a space for the `T`, with fractions, and without a zone, which is UTC.
    #[inline]
    pub(super) fn second(&mut self, text: &str) -> Option<i64> {
        let bytes = text.as_bytes();
        let (hour, rest) = bytes.split_first_chunk::<HOUR_LEN>()?;
        let [b':', m1, m0, b':', s1, s0, tail @ ..] = rest else { return None };
        let two = |tens: u8, ones: u8| -> Option<i64> {
            let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
            digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        };
        let (minutes, seconds) = (two(*m1, *m0)?, two(*s1, *s0)?);
        if !is_utc(tail) {
            return parse_instant(text);
        }
        if *hour != self.hour {
            let text = std::str::from_utf8(hour).ok()?.replace(' ', "T");
            self.start = parse_instant(&format!("{text}:00:00Z"))?;
            self.hour = *hour;
        }
        (minutes < 60 && seconds <= 60).then_some(self.start + (minutes * 60 + seconds).min(HOUR_SECONDS - 1))
    }
}

/// Whether what follows the seconds is a fraction or nothing, and UTC or nothing.
/// Source: Route 53 developer guide, values that appear in Resolver query logs.
fn is_utc(tail: &[u8]) -> bool {
    let tail = match tail {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        // `19:20:177Z`: how AWS's page on the format writes its example.
        [digit, b'Z'] if digit.is_ascii_digit() => b"Z",
        tail => tail,
    };
    matches!(tail, b"" | b"Z" | b"+00:00" | b"+0000")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::iso;

    #[test]
    fn times_are_read_as_they_occur() {
        let mut clock = Clock::default();
        for (text, expect) in [
            ("2026-10-01T13:05:09Z", Some("2026-10-01T13:05:09Z")),
            ("2026-10-01T13:59:59.999Z", Some("2026-10-01T13:59:59Z")),
            ("2026-10-01T14:00:00.5", Some("2026-10-01T14:00:00Z")),
            ("2022-06-25 00:27:53", Some("2022-06-25T00:27:53Z")),
            ("2022-06-25 00:27:53+00:00", Some("2022-06-25T00:27:53Z")),
            ("2026-10-01T01:05:09+02:00", Some("2026-09-30T23:05:09Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z")),
            ("2017-03-16T19:20:177Z", Some("2017-03-16T19:20:17Z")),
            ("2025-02-29T00:00:00Z", None),
            ("2026-10-01T24:00:00Z", None),
            ("2026-10-01T13:60:00Z", None),
            ("2026-10-01T13:05:0Z", None),
            ("2026-10-01T13:05:09X", None),
            ("2026-10-01T13:05:09.Z", None),
            ("2026-10-01", None),
            ("1759323909", None),
            ("é026-10-01T1:05:09Z", None),
            ("", None),
        ] {
            assert_eq!(clock.second(text).map(iso).as_deref(), expect, "{text}");
        }
    }
}
