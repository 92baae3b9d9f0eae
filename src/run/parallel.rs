//! Work on many objects at once whose results are taken one after the other in a fixed order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

/// How many objects may be read but not merged yet, for a number of threads: memory does not grow with the number of objects.
pub(super) const fn ahead(threads: usize) -> usize {
    threads * 2 + 2
}

/// How far ahead of the workers is told what they will take, so that nobody waits for a network at each; the store bounds bytes.
const TOLD: usize = 32;

/// Calls `work` for 0 to `len - 1` on `threads` threads (at least 1), and `merge` with each result, in that order, on this one.
/// `soon` hears each of them once, in that order, before a worker takes it; it must be quick.
///
/// `work` must not panic: the merge would wait for its result for ever.
pub(super) fn in_order<T: Send>(
    len: usize,
    threads: usize,
    soon: impl Fn(usize) + Sync,
    work: impl Fn(usize) -> T + Sync,
    mut merge: impl FnMut(usize, T),
) {
    let queue = Queue::new(len, ahead(threads));
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads {
            let (sender, queue, soon, work) = (sender.clone(), &queue, &soon, &work);
            scope.spawn(move || {
                while let Some(at) = queue.claim(soon) {
                    if sender.send((at, work(at))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut next, mut waiting) = (0, BTreeMap::new());
        for (at, result) in results {
            waiting.insert(at, result);
            while let Some(result) = waiting.remove(&next) {
                merge(next, result);
                next += 1;
                queue.merged();
            }
        }
    });
}

/// Indices to claim, never more than `ahead` past what has been merged.
struct Queue {
    state: Mutex<State>,
    room: Condvar,
    len: usize,
    ahead: usize,
}

/// All before these were told, claimed and merged.
#[derive(Default)]
struct State {
    told: usize,
    claimed: usize,
    merged: usize,
}

impl Queue {
    fn new(len: usize, ahead: usize) -> Self {
        Self { state: Mutex::default(), room: Condvar::new(), len, ahead }
    }

    fn claim(&self, soon: impl Fn(usize)) -> Option<usize> {
        let mut state = self.lock();
        while state.claimed < self.len && state.claimed - state.merged >= self.ahead {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let at = state.claimed;
        if at == self.len {
            return None;
        }
        // Under the lock: nobody takes one that was not told, or tells one that was taken.
        let told = self.len.min(at + 1 + TOLD);
        (state.told..told).for_each(soon);
        state.told = told;
        state.claimed += 1;
        Some(at)
    }

    fn merged(&self) {
        self.lock().merged += 1;
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn each_object_is_told_once_in_order_and_before_it_is_read() {
        let queue = Queue::new(100, 100);
        let told = Mutex::new(Vec::new());
        let claim = || (queue.claim(|at| told.lock().expect("alone").push(at)), told.lock().expect("alone").len());
        assert_eq!(claim(), (Some(0), 33), "and as many again");
        assert_eq!(claim(), (Some(1), 34));
        for at in 2..100 {
            assert_eq!(claim(), (Some(at), (at + 33).min(100)));
        }
        assert_eq!(claim(), (None, 100));
        assert_eq!(told.into_inner().expect("alone"), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn workers_never_read_what_was_not_told() {
        let told = Mutex::new(vec![0; 500]);
        let tell = |at: usize| told.lock().expect("nobody panics")[at] += 1;
        let mut seen = Vec::new();
        in_order(500, 4, tell, |at| told.lock().expect("nobody panics")[at], |_, times| seen.push(times));
        assert_eq!(seen, [1; 500], "told when it is read");
        assert_eq!(told.into_inner().expect("nobody panics"), [1; 500], "and never again");
    }

    #[test]
    fn results_come_in_order_and_workers_stay_near() {
        let (begun, furthest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut merged = Vec::new();
        let work = |at: usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            at * at
        };
        in_order(
            200,
            3,
            |_| {},
            work,
            |at, square| {
                furthest.fetch_max(begun.load(Ordering::SeqCst) - at, Ordering::SeqCst);
                merged.push(square);
            },
        );
        assert_eq!(merged, (0..200).map(|at| at * at).collect::<Vec<_>>());
        assert!(furthest.into_inner() <= ahead(3), "a worker ran away from the merge");
        in_order(0, 1, |_| {}, |at| at, |_, _| panic!("there is nothing to merge"));
    }
}
