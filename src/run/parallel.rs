//! Work on many objects at once whose results are taken one after the other in a fixed order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

/// How many objects may be read but not merged yet, for a number of threads: memory does not grow with the number of objects.
pub(super) const fn ahead(threads: usize) -> usize {
    threads * 2 + 2
}

/// How many objects of a store may be on their way before a worker asks for them; the store bounds their bytes.
const ON_THEIR_WAY: usize = 32;

/// Which objects are read next, so that nobody waits for a network at each: every one is told once, before it is read.
#[derive(Debug)]
pub(super) struct Soon {
    told: AtomicUsize,
    len: usize,
}

impl Soon {
    pub(super) const fn new(len: usize) -> Self {
        Self { told: AtomicUsize::new(0), len }
    }

    /// A worker reads this one now: which to fetch beside it.
    pub(super) fn after(&self, at: usize) -> Range<usize> {
        let end = (at + 1 + ON_THEIR_WAY).min(self.len);
        let begin = self.told.fetch_max(end, Ordering::Relaxed).max(at + 1);
        begin.min(end)..end
    }
}

/// Calls `work` for 0 to `len - 1` on `threads` threads (at least 1), and `merge` with each result, in that order, on this one.
///
/// `work` must not panic: the merge would wait for its result for ever.
pub(super) fn in_order<T: Send>(
    len: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
    mut merge: impl FnMut(usize, T),
) {
    let queue = Queue::new(len, ahead(threads));
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads {
            let (sender, queue, work) = (sender.clone(), &queue, &work);
            scope.spawn(move || {
                while let Some(at) = queue.claim() {
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
    state: Mutex<(usize, usize)>,
    room: Condvar,
    len: usize,
    ahead: usize,
}

impl Queue {
    const fn new(len: usize, ahead: usize) -> Self {
        Self { state: Mutex::new((0, 0)), room: Condvar::new(), len, ahead }
    }

    fn claim(&self) -> Option<usize> {
        let mut state = self.lock();
        while state.0 < self.len && state.0 - state.1 >= self.ahead {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let at = state.0;
        state.0 += 1;
        (at < self.len).then_some(at)
    }

    fn merged(&self) {
        self.lock().1 += 1;
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, (usize, usize)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_told_once_and_before_it_is_read() {
        let soon = Soon::new(100);
        assert_eq!(soon.after(0), 1..33);
        assert_eq!(soon.after(1), 33..34);
        assert!(soon.after(0).is_empty());
        assert_eq!(soon.after(80), 81..100);
        assert!(soon.after(99).is_empty());
    }

    #[test]
    fn results_come_in_order_and_workers_stay_near() {
        let (begun, furthest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut merged = Vec::new();
        let work = |at: usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            at * at
        };
        in_order(200, 3, work, |at, square| {
            furthest.fetch_max(begun.load(Ordering::SeqCst) - at, Ordering::SeqCst);
            merged.push(square);
        });
        assert_eq!(merged, (0..200).map(|at| at * at).collect::<Vec<_>>());
        assert!(furthest.into_inner() <= ahead(3), "a worker ran away from the merge");
        in_order(0, 1, |at| at, |_, _| panic!("there is nothing to merge"));
    }
}
