//! Months and half-open UTC windows. Pure arithmetic on Unix seconds; the clock is never read.

use jiff::civil::{Date, date};
use jiff::tz::Offset;
use std::fmt;

/// Seconds of an hour.
pub const HOUR_SECONDS: i64 = 3_600;
/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A calendar month, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

/// A half-open span of Unix seconds, UTC: `start <= t < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// First second inside.
    pub start: i64,
    /// First second after.
    pub end: i64,
}

impl Month {
    /// From a year of 1970 to 9998 and a month of 1 to 12.
    #[must_use]
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((1970..=9998).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// Reads `YYYY-MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4 || month.len() != 2 {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?)
    }

    /// The month of a Unix second; `None` outside 1970 to 9998.
    #[must_use]
    pub fn of(second: i64) -> Option<Self> {
        let day = civil_day(second.div_euclid(DAY_SECONDS))?;
        Self::new(day.year(), day.month())
    }

    /// Year of the calendar.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// Month of the year, from 1.
    #[must_use]
    pub const fn month(self) -> i8 {
        self.month
    }

    /// The month's seconds.
    #[must_use]
    pub fn window(self) -> Window {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        Window { start: seconds(date(self.year, self.month, 1)), end: seconds(date(next.0, next.1, 1)) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Window {
    /// Whether the second lies inside.
    #[must_use]
    pub const fn contains(self, second: i64) -> bool {
        self.start <= second && second < self.end
    }

    /// The part of the window in which a thing existed: from its creation, if that is known, to its end, if it has one.
    #[must_use]
    pub fn life(self, created: Option<i64>, ended: Option<i64>) -> Self {
        let start = created.map_or(self.start, |created| created.clamp(self.start, self.end));
        Self { start, end: ended.map_or(self.end, |ended| ended.clamp(start, self.end)) }
    }

    /// How many calendar months (UTC) the window has a part in; 1 of an empty one.
    #[must_use]
    pub fn months(self) -> u64 {
        let number = |second: i64| Month::of(second).map(|m| i64::from(m.year) * 12 + i64::from(m.month));
        let (first, last) = (number(self.start), number(self.end.max(self.start + 1) - 1));
        last.zip(first).map_or(1, |(last, first)| u64::try_from(last - first).unwrap_or(0) + 1)
    }

    /// Whole hours of the window, rounded up: endpoints are billed for every hour begun.
    #[must_use]
    pub const fn hours(self) -> i64 {
        (self.end - self.start + HOUR_SECONDS - 1).div_euclid(HOUR_SECONDS)
    }
}

/// The time of whose deliveries anything may be of a window: the whole months that it touches, and a day on either side. Objects that
/// somebody merged hold more than the day that their folder names.
#[must_use]
pub fn delivered(window: Window) -> Window {
    let month = |second: i64| Month::of(second).map(Month::window);
    let (first, last) = (month(window.start), month(window.end - 1));
    Window {
        start: first.map_or(window.start, |month| month.start) - DAY_SECONDS,
        end: last.map_or(window.end, |month| month.end) + DAY_SECONDS,
    }
}

/// ISO 8601 text of a Unix second, `2026-10-01T00:00:00Z`.
#[must_use]
pub fn iso(second: i64) -> String {
    jiff::Timestamp::from_second(second).map_or_else(|_| second.to_string(), |t| t.to_string())
}

/// ISO 8601 day of a Unix second, `2026-10-01`.
#[must_use]
pub fn iso_day(second: i64) -> String {
    civil_day(second.div_euclid(DAY_SECONDS)).map_or_else(|| second.to_string(), |d| d.to_string())
}

/// Reads a UTC instant: `YYYY-MM-DD` (its midnight) or an RFC 3339 time.
#[must_use]
pub fn parse_instant(text: &str) -> Option<i64> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(seconds(day));
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

fn civil_day(days: i64) -> Option<Date> {
    let second = days.checked_mul(DAY_SECONDS)?;
    Some(Offset::UTC.to_datetime(jiff::Timestamp::from_second(second).ok()?).date())
}

fn seconds(day: Date) -> i64 {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_or(0, jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_that_a_window_has_a_part_in() {
        let at = |text| parse_instant(text).expect("an instant");
        for (from, to, expect) in [
            ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", 1),
            ("2026-10-31T23:00:00Z", "2026-11-01T01:00:00Z", 2),
            ("2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z", 2),
            ("2025-12-01T00:00:00Z", "2027-01-01T00:00:00Z", 13),
            ("2026-10-01T00:00:00Z", "2026-10-01T00:00:00Z", 1),
        ] {
            assert_eq!(Window { start: at(from), end: at(to) }.months(), expect, "{from} {to}");
        }
    }

    #[test]
    fn months_have_their_real_hours() {
        for (text, hours) in [("2026-02", 672), ("2028-02", 696), ("2026-09", 720), ("2026-10", 744), ("2026-12", 744)]
        {
            assert_eq!(Month::parse(text).expect("valid").window().hours(), hours, "{text}");
        }
    }

    #[test]
    fn a_life_is_inside_the_window_and_begun_hours_count() {
        let window = Window { start: 0, end: 10 * HOUR_SECONDS };
        for (created, ended, hours) in [
            (None, None, 10),
            (Some(-5), Some(99 * HOUR_SECONDS), 10),
            (Some(8 * HOUR_SECONDS - 1), None, 3),
            (Some(2 * HOUR_SECONDS), Some(4 * HOUR_SECONDS + 1), 3),
            (Some(99 * HOUR_SECONDS), None, 0),
            (None, Some(-5), 0),
        ] {
            assert_eq!(window.life(created, ended).hours(), hours, "{created:?} to {ended:?}");
        }
    }

    #[test]
    fn a_second_belongs_to_one_month() {
        let october = Month::parse("2026-10").expect("valid");
        let window = october.window();
        assert_eq!(iso(window.start), "2026-10-01T00:00:00Z");
        assert_eq!(Month::of(window.start), Some(october));
        assert_eq!(Month::of(window.end - 1), Some(october));
        assert_ne!(Month::of(window.end), Some(october));
        assert_eq!(Month::of(i64::MAX), None);
        assert_eq!(Month::of(i64::MIN), None);
    }

    #[test]
    fn instants_are_dates_or_times() {
        assert_eq!(parse_instant("2026-10-01"), parse_instant("2026-10-01T00:00:00Z"));
        assert_eq!(parse_instant("2026-10-01").map(iso_day).as_deref(), Some("2026-10-01"));
        for bad in ["", "2026-13-01", "yesterday", "2026-10"] {
            assert_eq!(parse_instant(bad), None, "{bad}");
        }
    }
}
