//! Work on many objects at once whose results are taken one after the other in a fixed order.

use crate::sources::flow::Helpers;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};

/// How many objects may be read but not merged yet, for a number of threads: memory does not grow with the number of objects.
pub(super) const fn ahead(threads: usize) -> usize {
    threads * 2 + 2
}

/// How far ahead of the workers is told what they will take, so that nobody waits for a network at each; the store bounds bytes.
const TOLD: usize = 32;

/// Calls `work` for 0 to `len - 1` on `threads` threads (at least 1), and `merge` with each result, in that order, on this one.
/// `soon` hears each of them once, in that order, before a worker takes it; it must be quick. `work` may call whoever has nothing
/// else to do for help.
///
/// `work` must not panic: the merge would wait for its result for ever.
pub(super) fn in_order<'e, T: Send>(
    len: usize,
    threads: usize,
    soon: impl Fn(usize) + Sync,
    work: impl Fn(usize, &Crew<'e>) -> T + Sync,
    mut merge: impl FnMut(usize, T),
) {
    let crew = Crew::new(len, ahead(threads));
    std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads {
            let (sender, crew, soon, work) = (sender.clone(), &crew, &soon, &work);
            scope.spawn(move || {
                while let Some(turn) = crew.next(soon) {
                    match turn {
                        Turn::Own(at) => {
                            let result = work(at, crew);
                            crew.done();
                            if sender.send((at, result)).is_err() {
                                return;
                            }
                        }
                        Turn::Help(work) => {
                            work();
                            crew.close(&work);
                        }
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
                crew.merged();
            }
        }
    });
}

/// What several can do together.
type Together<'e> = Arc<dyn Fn() + Send + Sync + 'e>;

/// The workers, and what there is for them to claim: never more than `ahead` past what has been merged.
pub(super) struct Crew<'e> {
    state: Mutex<State<'e>>,
    moved: Condvar,
    len: usize,
    ahead: usize,
    /// Workers that have nothing to do.
    idle: AtomicUsize,
}

/// All before the first three were told, claimed and merged.
#[derive(Default)]
struct State<'e> {
    told: usize,
    claimed: usize,
    merged: usize,
    /// Of those that were claimed, how many are being worked on.
    busy: usize,
    open: Vec<Together<'e>>,
}

enum Turn<'e> {
    Own(usize),
    Help(Together<'e>),
}

impl<'e> Crew<'e> {
    fn new(len: usize, ahead: usize) -> Self {
        Self { state: Mutex::default(), moved: Condvar::new(), len, ahead, idle: AtomicUsize::new(0) }
    }

    /// What to do next; `None` when all is done. Help is for those only who could do nothing else.
    fn next(&self, soon: impl Fn(usize)) -> Option<Turn<'e>> {
        let mut state = self.lock();
        loop {
            let at = state.claimed;
            if at < self.len && at - state.merged < self.ahead {
                // Under the lock: nobody takes one that was not told, or tells one that was taken.
                let told = self.len.min(at + 1 + TOLD);
                (state.told..told).for_each(soon);
                state.told = told;
                state.claimed += 1;
                state.busy += 1;
                return Some(Turn::Own(at));
            }
            if let Some(work) = state.open.first() {
                return Some(Turn::Help(Arc::clone(work)));
            }
            if at == self.len && state.busy == 0 {
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn done(&self) {
        self.lock().busy -= 1;
        self.moved.notify_all();
    }

    fn merged(&self) {
        self.lock().merged += 1;
        self.moved.notify_all();
    }

    /// Nothing is left to take of this.
    fn close(&self, work: &Together<'e>) {
        self.lock().open.retain(|open| !Arc::ptr_eq(open, work));
    }

    fn lock(&self) -> MutexGuard<'_, State<'e>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'e> Helpers<'e> for Crew<'e> {
    fn are_waiting(&self) -> bool {
        self.idle.load(Ordering::Relaxed) > 0
    }

    fn call(&self, work: Together<'e>) {
        self.lock().open.push(Arc::clone(&work));
        self.moved.notify_all();
        work();
        self.close(&work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn each_object_is_told_once_in_order_and_before_it_is_read() {
        let crew = Crew::new(100, 100);
        let told = Mutex::new(Vec::new());
        let claim = || {
            let at = match crew.next(|at| told.lock().expect("alone").push(at)) {
                Some(Turn::Own(at)) => Some(at),
                Some(Turn::Help(_)) => panic!("nobody called"),
                None => None,
            };
            crew.lock().busy = 0;
            (at, told.lock().expect("alone").len())
        };
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
        in_order(500, 4, tell, |at, _| told.lock().expect("nobody panics")[at], |_, times| seen.push(times));
        assert_eq!(seen, [1; 500], "told when it is read");
        assert_eq!(told.into_inner().expect("nobody panics"), [1; 500], "and never again");
    }

    #[test]
    fn results_come_in_order_and_workers_stay_near() {
        let (begun, furthest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut merged = Vec::new();
        let work = |at: usize, _: &_| {
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
        in_order(0, 1, |_| {}, |at, _| at, |_, _| panic!("there is nothing to merge"));
    }

    #[test]
    fn whoever_waits_helps_whether_for_room_or_for_the_end() {
        for (huge, len) in [(0, 50), (49, 50), (0, 1)] {
            let came = Arc::new((AtomicUsize::new(0), Barrier::new(2)));
            let of_work = Arc::clone(&came);
            let together: Together<'static> = Arc::new(move || {
                of_work.0.fetch_add(1, Ordering::SeqCst);
                of_work.1.wait();
            });
            let work = |at: usize, crew: &Crew<'static>| {
                if at == huge {
                    while !crew.are_waiting() {
                        std::thread::yield_now();
                    }
                    crew.call(Arc::clone(&together));
                }
                at
            };
            let mut merged = Vec::new();
            in_order(len, 2, |_| {}, work, |_, at| merged.push(at));
            assert_eq!(merged, (0..len).collect::<Vec<_>>());
            assert_eq!(came.0.load(Ordering::SeqCst), 2, "the {huge}th of {len}: each worker once");
        }
    }
}
