//! Who can have had an address when: what was seen holds until something else is seen in its place, or is missing there.
//!
//! Times are Unix seconds. An hour belongs to everybody who can have had the address in a part of it.

use crate::model::period::HOUR_SECONDS;

/// When something had an address, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Not before.
    pub earliest: i64,
    /// From the one to the other for certain; `None` where no time is known at all.
    pub sure: Option<(i64, i64)>,
    /// Not at this time or after.
    pub latest: i64,
}

impl Span {
    /// Nothing is known but that it was.
    pub const ALWAYS: Span = Span { earliest: i64::MIN, sure: None, latest: i64::MAX };

    /// From a known time on.
    pub const fn since(start: i64) -> Self {
        Self { earliest: start, sure: Some((start, start)), latest: i64::MAX }
    }

    /// Whether it can have been in a part of an hour (hours since 1970).
    pub fn touches(self, hour: u32) -> bool {
        let start = i64::from(hour) * HOUR_SECONDS;
        self.earliest < start + HOUR_SECONDS && self.latest > start
    }

    /// The hours at which an answer can change.
    pub fn edges(self) -> impl Iterator<Item = u32> {
        let hour = |second: i64| u32::try_from(second.div_euclid(HOUR_SECONDS)).ok();
        // In the hour after the one with the start nobody is left from before; likewise at the end.
        [self.earliest, self.latest].into_iter().filter_map(hour).flat_map(|hour| [hour, hour.saturating_add(1)])
    }
}

/// Shortens spans of one address that only one can have at a time: who is certainly there ends who was there before, and was
/// not there yet while the one before certainly was.
pub(super) fn exclusive(spans: &mut [Span]) {
    let sure: Vec<Option<(i64, i64)>> = spans.iter().map(|span| span.sure).collect();
    for span in spans {
        let Some((first, last)) = span.sure else { continue };
        let others = || sure.iter().flatten();
        let next = others().map(|other| other.0).filter(|&start| start >= last && start > first).min();
        let before = others().filter(|other| other.1 <= first && other.0 < first).map(|other| other.1).max();
        span.latest = span.latest.min(next.unwrap_or(i64::MAX));
        span.earliest = span.earliest.max(before.unwrap_or(i64::MIN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = HOUR_SECONDS;

    fn span(earliest: i64, sure: Option<(i64, i64)>, latest: i64) -> Span {
        Span { earliest, sure, latest }
    }

    /// For each hour from 0 on, which spans it touches.
    fn check(situation: &str, spans: &[Span], expect: &[&[usize]]) {
        let mut spans = spans.to_vec();
        exclusive(&mut spans);
        for (hour, expect) in (0..).zip(expect) {
            let found: Vec<usize> = (0..spans.len()).filter(|&at| spans[at].touches(hour)).collect();
            assert_eq!(found, *expect, "{situation}: hour {hour}");
        }
    }

    #[test]
    fn hours_belong_to_who_can_have_been_there() {
        let seen = |start: i64, last: i64| span(start, Some((start, last)), i64::MAX);
        check("alone", &[Span::since(H)], &[&[], &[0], &[0]]);
        check("a later start ends it", &[Span::since(0), Span::since(2 * H)], &[&[0], &[0], &[1], &[1]]);
        check("inside an hour both", &[Span::since(0), Span::since(2 * H + 60)], &[&[0], &[0], &[0, 1], &[1]]);
        check("nothing is known of the one", &[Span::ALWAYS, Span::since(H)], &[&[0], &[0, 1], &[0, 1]]);
        check("nothing is known of either", &[Span::ALWAYS, Span::ALWAYS], &[&[0, 1], &[0, 1]]);
        check("seen after the other began", &[seen(0, 3 * H), Span::since(H)], &[&[0], &[0, 1], &[0, 1], &[0, 1]]);
        check("both at once", &[Span::since(H), Span::since(H)], &[&[], &[0, 1]]);
        check(
            "the second came between two sights",
            &[seen(0, H), span(H, Some((3 * H, 3 * H)), i64::MAX)],
            &[&[0], &[0, 1], &[0, 1], &[1]],
        );
        check(
            "one after the other on the hour, each a little uncertain",
            &[span(-H, Some((0, 2 * H)), 3 * H), span(H, Some((2 * H, 3 * H)), 4 * H)],
            &[&[0], &[0], &[1], &[1], &[]],
        );
        check("gone", &[span(0, Some((0, H)), 2 * H)], &[&[0], &[0], &[], &[]]);
    }

    #[test]
    fn edges_never_miss_a_change() {
        let spans = [Span::since(H + 5), span(0, Some((0, H)), 3 * H + 1), Span::ALWAYS, span(-5, None, i64::MAX)];
        for span in spans {
            let edges: Vec<u32> = span.edges().collect();
            for hour in 1..8 {
                let changed = span.touches(hour - 1) != span.touches(hour);
                assert!(!changed || edges.contains(&hour), "{span:?}: hour {hour}");
            }
        }
    }
}
