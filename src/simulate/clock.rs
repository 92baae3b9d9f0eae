//! The simulated time: five-minute slots of a month and a day on either side, weighted by day and hour.

use super::random::Weights;
use crate::model::period::{DAY_SECONDS, Month, Window};

/// Length of a slot in seconds; AWS publishes objects every five minutes.
pub(super) const SLOT_SECONDS: i64 = 300;

/// Traffic per hour of the day (UTC), relative.
const DAY_CURVE: [u64; 24] =
    [34, 30, 27, 26, 27, 32, 42, 56, 72, 86, 95, 100, 98, 97, 99, 100, 96, 90, 82, 74, 66, 57, 48, 40];

/// The slots of a simulation.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) month: Window,
    /// First second of the first slot: a day before the month.
    pub(super) start: i64,
    weights: Weights,
}

/// Days of the month and of its two neighbours that are written.
pub(super) fn days(month: Month) -> u32 {
    let window = month.window();
    u32::try_from((window.end - window.start) / DAY_SECONDS + 2).unwrap_or(33)
}

impl Clock {
    pub(super) fn new(month: Month) -> Self {
        let window = month.window();
        let start = window.start - DAY_SECONDS;
        let slots = (window.end - window.start + 2 * DAY_SECONDS) / SLOT_SECONDS;
        let weight = |slot: i64| {
            let second = start + slot * SLOT_SECONDS;
            let hour = usize::try_from(second.rem_euclid(DAY_SECONDS) / 3_600).unwrap_or(0);
            // 1970-01-01 was a Thursday: days 2 and 3 of each week of the epoch are Saturday and Sunday.
            let weekend = matches!(second.div_euclid(DAY_SECONDS).rem_euclid(7), 2 | 3);
            let share = DAY_CURVE[hour] * if weekend { 6 } else { 10 };
            if window.contains(second) { share } else { share / 4 }
        };
        Self { month: window, start, weights: Weights::new((0..slots).map(weight)) }
    }

    pub(super) fn slots(&self) -> usize {
        self.weights.len()
    }

    /// How many of `records` are due by the end of a slot.
    pub(super) fn due(&self, slot: usize, records: u64) -> u64 {
        let share = u128::from(records) * u128::from(self.weights.before(slot + 1));
        u64::try_from(share / u128::from(self.weights.total().max(1))).unwrap_or(u64::MAX)
    }

    /// First second of a slot.
    pub(super) fn second(&self, slot: usize) -> i64 {
        self.start + i64::try_from(slot).unwrap_or(0) * SLOT_SECONDS
    }
}
