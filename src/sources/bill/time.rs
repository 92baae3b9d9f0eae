//! The times of bills, in every way that exports write them, into Unix seconds.

use crate::model::period::DAY_SECONDS;

/// Reads `2026-04-01`, or with `T` or a space `2026-04-01T00:00:00`, then any fraction, then `Z`, ` UTC`, `+00:00` or nothing: all
/// are UTC. A fraction of a second is dropped.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let bytes = text.trim_ascii().as_bytes();
    let (day, rest) = bytes.split_at_checked(10)?;
    let days = days(number(&day[..4])?, number(&day[5..7])?, number(&day[8..])?)?;
    if day[4] != b'-' || day[7] != b'-' {
        return None;
    }
    if rest.is_empty() {
        return Some(days * DAY_SECONDS);
    }
    let (clock, rest) = rest.split_at_checked(9)?;
    if !matches!(clock[0], b'T' | b't' | b' ') || clock[3] != b':' || clock[6] != b':' {
        return None;
    }
    let (hour, minute, second) = (number(&clock[1..3])?, number(&clock[4..6])?, number(&clock[7..])?);
    if hour > 23 || minute > 59 || second > 59 || !is_utc(rest) {
        return None;
    }
    Some(days * DAY_SECONDS + hour * 3_600 + minute * 60 + second)
}

/// The two ends of `start/end`.
pub(super) fn interval(text: &str) -> Option<(i64, i64)> {
    let (start, end) = text.split_once('/')?;
    Some((seconds(start)?, seconds(end)?))
}

fn is_utc(rest: &[u8]) -> bool {
    let zone = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    matches!(zone, b"" | b"Z" | b"z" | b" UTC" | b"+00:00" | b"+0000" | b"+00")
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |n, byte| byte.is_ascii_digit().then(|| n * 10 + i64::from(byte - b'0')))
}

/// Days since 1970 of a day of the Gregorian calendar, from 1970 to 9998; `None` for a day that there is not.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..=9998).contains(&year) || !(1..=12).contains(&month) || !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is the last one; days before the month follow from 30.6 a month.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let before_month = (month * 153 + 2) / 5;
    Some(before_year + before_month + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::parse_instant;
    use proptest::prelude::*;

    #[test]
    fn every_form_is_the_same_second() {
        for text in [
            "2026-04-01T00:00:00Z",
            "2026-04-01T00:00:00.000Z",
            "2026-04-01 00:00:00",
            "2026-04-01 00:00:00.000",
            "2026-04-01 00:00:00.000000 UTC",
            "2026-04-01T00:00:00+00:00",
            "2026-04-01T00:00:00",
            "2026-04-01",
            " 2026-04-01 ",
        ] {
            assert_eq!(seconds(text), Some(1_775_001_600), "{text}");
        }
        assert_eq!(interval("2026-04-01T00:00:00Z/2026-04-01T01:00:00Z"), Some((1_775_001_600, 1_775_001_600 + 3_600)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026",
            "2026-04",
            "2026-13-01",
            "2026-02-29",
            "2026-04-31",
            "2026-04-01T24:00:00Z",
            "2026-04-01T00:60:00Z",
            "2026-04-01T00:00:00+02:00",
            "2026-04-01T00:00:00.Z",
            "2026-04-01T00:00",
            "2026/04/01",
            "20260401T000000Z",
            "1969-12-31",
            "é026-04-01",
            "2026-04-0é",
            "+026-04-01",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(interval("2026-04-01"), None);
        assert_eq!(interval("2026-04-01/"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_the_calendar(second in 0i64..253_000_000_000) {
            let text = crate::model::period::iso(second);
            prop_assert_eq!(seconds(&text), Some(second));
            prop_assert_eq!(parse_instant(&text), Some(second));
        }
    }
}
