//! How much is asked for at once, and how often again: trouble halves what may be under way, success lets it grow slowly; all
//! requests share one budget of repetitions, so that a service in trouble is not asked ever more.

use crate::aws::request::Waits;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Requests under way at first and at most.
const AT_FIRST: u32 = 16;
const AT_MOST: u32 = 64;
/// Successes after which one more may be under way.
const STEP: u32 = 8;

/// What repetitions may cost before somebody has success again; each costs so much, and gives it back when it succeeds.
const BUDGET: u32 = 1000;
const COST: u32 = 5;

/// The waits before repetitions.
pub(super) const WAITS: Waits = Waits { first: Duration::from_millis(50), longest: Duration::from_secs(5) };

/// Lets requests through.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    busy: u32,
    limit: u32,
    successes: u32,
    budget: u32,
}

/// One request under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Gate);

impl Gate {
    pub(super) fn new() -> Self {
        let state = State { busy: 0, limit: AT_FIRST, successes: 0, budget: BUDGET };
        Self { state: Mutex::new(state), freed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more may be under way. Whoever waits before a repetition keeps it: that is what slows the others down.
    pub(super) async fn enter(&self) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state();
                if state.busy < state.limit {
                    state.busy += 1;
                    return Permit(self);
                }
            }
            freed.await;
        }
    }

    /// A request succeeded; `again` after a repetition.
    pub(super) fn succeeded(&self, again: bool) {
        let mut state = self.state();
        state.budget = (state.budget + if again { COST } else { 1 }).min(BUDGET);
        state.successes += 1;
        if state.successes >= STEP * state.limit.min(4) && state.limit < AT_MOST {
            state.successes = 0;
            state.limit += 1;
            self.freed.notify_one();
        }
    }

    /// A request failed in a way that may pass; whether it may be repeated.
    pub(super) fn failed(&self) -> bool {
        let mut state = self.state();
        state.limit = (state.limit / 2).max(1);
        state.successes = 0;
        let allowed = state.budget >= COST;
        state.budget = state.budget.saturating_sub(COST);
        allowed
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::session::wait as run;

    #[test]
    fn trouble_halves_what_is_under_way_and_success_lets_it_grow() {
        let gate = Gate::new();
        for limit in [8, 4, 2, 1, 1] {
            assert!(gate.failed());
            assert_eq!(gate.state().limit, limit);
        }
        let (first, second) = run(async {
            let first = gate.enter().await;
            let second = tokio::time::timeout(Duration::from_millis(10), gate.enter()).await;
            (first, second.is_ok())
        });
        assert!(!second, "one at a time");
        drop(first);
        (0..10 * STEP).for_each(|_| gate.succeeded(false));
        assert!(gate.state().limit > 2);
        (0..100 * AT_MOST * STEP).for_each(|_| gate.succeeded(false));
        assert_eq!(gate.state().limit, AT_MOST);
    }

    #[test]
    fn repetitions_end_where_nothing_succeeds() {
        let gate = Gate::new();
        let allowed = (0..BUDGET).filter(|_| gate.failed()).count();
        assert_eq!(allowed, usize::try_from(BUDGET / COST).expect("a small number"));
        gate.succeeded(true);
        assert!(gate.failed());
        assert!(!gate.failed());
    }

    #[test]
    fn waits_grow_and_end() {
        assert!((1..200).all(|n| WAITS.before(n) <= WAITS.longest));
        assert!((0..200).all(|_| WAITS.before(1) <= WAITS.first));
        assert!((0..50).any(|_| WAITS.before(8) > WAITS.first));
    }
}
