//! Which time a report is about: the user's, else the newest month that the records cover, without records the bill's newest.

use crate::bill::settle::Bill;
use crate::count::rollup::Rollup;
use crate::count::vantage::hours_of;
use crate::model::period::{DAY_SECONDS, HOUR_SECONDS, Month, Window, iso};
use crate::report;
use std::collections::BTreeMap;

/// What the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodChoice {
    /// The newest month with records on its first and its last day, else the newest with records.
    Newest,
    /// This window.
    Given(Window),
}

/// The period of a report and the part of it that has records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The whole.
    pub window: Window,
    /// Earliest and latest `start` inside.
    pub observed: Option<(i64, i64)>,
    /// Whether its first or its last day has no records; without any, no usage on the bill.
    pub partial: bool,
}

impl Period {
    /// Whole hours for which endpoints are weighed: of the period, or of its part with records (product contract 5).
    #[must_use]
    pub fn hours(&self) -> u64 {
        u64::try_from(self.weighed().hours()).unwrap_or(0)
    }

    /// The time of [`Self::hours`].
    #[must_use]
    pub const fn weighed(&self) -> Window {
        match self.observed {
            Some((first, last)) if self.partial => Window { start: first, end: last + 1 },
            _ => self.window,
        }
    }

    /// As the report shows it.
    #[must_use]
    pub fn row(&self) -> report::Period {
        report::Period {
            start: iso(self.window.start),
            end: iso(self.window.end),
            observed_start: self.observed.map(|(first, _)| iso(first)),
            observed_end: self.observed.map(|(_, last)| iso(last + 1)),
            partial: self.partial,
        }
    }
}

impl PeriodChoice {
    /// The window to which records can be cut as they are read.
    #[must_use]
    pub const fn window(self) -> Option<Window> {
        match self {
            PeriodChoice::Newest => None,
            PeriodChoice::Given(window) => Some(window),
        }
    }

    /// The window to which the bill's lines can be cut as they are read.
    #[must_use]
    pub fn bill_window(self, rollup: &Rollup) -> Option<Window> {
        self.window().or_else(|| newest_month(rollup).map(Month::window))
    }

    /// Settles the period, without flow logs by the bill; `None` where there is nothing to settle it by.
    #[must_use]
    pub fn settle(self, rollup: &Rollup, bill: &Bill) -> Option<Period> {
        let window = match self {
            PeriodChoice::Given(window) => window,
            PeriodChoice::Newest => newest_month(rollup).or_else(|| bill.newest_month())?.window(),
        };
        let (first_hour, end_hour) = hours_of(window);
        let seconds = rollup
            .hours
            .iter()
            .filter(|((_, hour, _), _)| (first_hour..end_hour).contains(hour))
            .map(|((_, hour, _), sums)| (i64::from(*hour) * HOUR_SECONDS, sums))
            .map(|(start, sums)| (start + i64::from(sums.first), start + i64::from(sums.last)));
        let observed = seconds.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let seen = observed.or_else(|| bill.days(window));
        let partial = !seen.is_some_and(|(first, last)| covers(window, first, last));
        Some(Period { window, observed, partial })
    }
}

/// Whether records reach from the first day of the window to its last.
fn covers(window: Window, first: i64, last: i64) -> bool {
    let day = |second: i64| second.div_euclid(DAY_SECONDS);
    day(first) == day(window.start) && day(last) == day(window.end - 1)
}

fn newest_month(rollup: &Rollup) -> Option<Month> {
    let mut months: BTreeMap<Month, (i64, i64)> = BTreeMap::new();
    for ((_, hour, _), sums) in &rollup.hours {
        let start = i64::from(*hour) * HOUR_SECONDS;
        if sums.records() > 0
            && let Some(month) = Month::of(start)
        {
            let span = months.entry(month).or_insert((start, start));
            *span = (span.0.min(start), span.1.max(start));
        }
    }
    let whole = months.iter().rev().find(|(month, (first, last))| covers(month.window(), *first, *last));
    whole.or_else(|| months.iter().next_back()).map(|(month, _)| *month)
}
