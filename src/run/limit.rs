//! `--memory-limit`: what the counted records take is added up as they are read, and past the limit nothing more is kept.
//!
//! The sums are of what is held, not of what the machine says: the same logs fit or do not fit everywhere. Near the limit it may
//! depend on threads whether a report is made, never what is in it.

use crate::count::fold::Fold;
use crate::count::rollup::Rollup;
use crate::model::flow::{FlowRecord, FlowSink, Shared};
use crate::model::memory::Memory;
use crate::model::symbols::{Sym, Symbols};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What the program itself takes: code, tables, one reader's buffers per thread.
const PROGRAM: usize = 40 << 20;
const THREAD: usize = 4 << 20;
/// Records between two looks at what a fold holds, and bytes of texts, of which a record of 64 KiB has many.
const STRIDE: u32 = 4096;
const TEXTS: usize = 1 << 20;

/// Part of the stored bytes, in percent, that has to be merged before the rest is thought to be like it.
const TELLING: u64 = 5;

/// The flow logs do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the flow logs need more memory than --memory-limit allows ({limit}): {}", self.need())]
pub struct OverLimit {
    /// What is allowed.
    pub limit: Memory,
    /// The part of the stored bytes that was read until then.
    pub percent: u64,
    /// What that part took. All of them take that much at least.
    pub held: Memory,
    /// What all would take if the rest is like it: at most, for pairs come again. `None` where too little was read to say.
    pub estimate: Option<Memory>,
}

impl OverLimit {
    fn need(&self) -> String {
        let Self { percent, held, estimate, .. } = self;
        match estimate {
            Some(most) => format!("{percent} % of them took {held}, all of them would take up to about {most}"),
            None => format!("they need at least {held}; too little of them was read to say how much more"),
        }
    }
}

/// What may be held, and what is.
#[derive(Debug)]
pub(super) struct Budget {
    limit: Option<usize>,
    program: usize,
    beside: usize,
    days: bool,
    /// By folds that are not merged yet.
    folds: AtomicUsize,
    /// By the rollup, and at most by what will be made of it.
    rollup: AtomicUsize,
    report: AtomicUsize,
    /// Stored bytes of the objects that were begun and of those that were merged.
    begun: AtomicU64,
    merged: AtomicU64,
    over: OnceLock<Exceeded>,
}

/// How things stood when the limit was passed: what was held then is let go at once.
#[derive(Clone, Copy, Debug)]
struct Exceeded {
    held: usize,
    begun: u64,
    merged: u64,
}

impl Budget {
    /// `of_store` is what is on its way from a store; `beside` is what else will be held when nothing more is read;
    /// `days` is whether the report tells days apart.
    pub(super) fn new(limit: Option<Memory>, (threads, of_store): (usize, usize), beside: usize, days: bool) -> Self {
        let limit = limit.map(|limit| usize::try_from(limit.bytes()).unwrap_or(usize::MAX));
        let (folds, rollup, report, begun, merged, over) = Default::default();
        Self {
            limit,
            program: PROGRAM + threads * THREAD + of_store,
            beside,
            days,
            folds,
            rollup,
            report,
            begun,
            merged,
            over,
        }
    }

    /// Whether it was exceeded.
    pub(super) fn is_over(&self) -> bool {
        self.over.get().is_some()
    }

    /// What is held, or will be when nothing more is read.
    fn held(&self) -> usize {
        let reading = self.folds.load(Ordering::Relaxed) + self.rollup.load(Ordering::Relaxed);
        self.program + reading.max(self.report.load(Ordering::Relaxed) + self.beside)
    }

    /// An object of so many stored bytes is read now; `false` where nothing more may be.
    pub(super) fn begin(&self, size: u64) -> bool {
        if self.is_over() {
            return false;
        }
        self.begun.fetch_add(size, Ordering::Relaxed);
        true
    }

    /// The rollup has grown by such an object.
    pub(super) fn merged(&self, size: u64, rollup: &Rollup) {
        self.merged.fetch_add(size, Ordering::Relaxed);
        if self.limit.is_some() {
            self.rollup.store(rollup.memory(), Ordering::Relaxed);
            self.report.store(rollup.memory_of_report(self.days), Ordering::Relaxed);
            self.look();
        }
    }

    fn look(&self) {
        let held = self.held();
        if self.limit.is_some_and(|limit| held > limit) {
            let (begun, merged) = (self.begun.load(Ordering::Relaxed), self.merged.load(Ordering::Relaxed));
            self.over.get_or_init(|| Exceeded { held, begun, merged });
        }
    }

    /// Why nothing is made of objects of so many stored bytes; `None` where they fit.
    pub(super) fn refusal(&self, total: u64) -> Option<OverLimit> {
        let (limit, Exceeded { held, begun, merged }) = (self.limit?, *self.over.get()?);
        let memory = |bytes: usize| Memory::new(u64::try_from(bytes).unwrap_or(u64::MAX));
        let (merged, begun, total) = (u128::from(merged), u128::from(begun), u128::from(total.max(1)));
        // Of what is being read about half is.
        let done = merged + begun.saturating_sub(merged) / 2;
        let estimate = (merged * 100 >= total * u128::from(TELLING)).then(|| {
            let of_all = held.saturating_sub(self.program) as u128 * total / done.max(1);
            memory(self.program.saturating_add(usize::try_from(of_all).unwrap_or(usize::MAX)))
        });
        let percent = u64::try_from(done * 100 / total).unwrap_or(100);
        Some(OverLimit { limit: memory(limit), percent, held: memory(held), estimate })
    }
}

/// A fold that stops growing when the budget is used up.
pub(super) struct Bounded<'a, 'b> {
    fold: Fold<'a>,
    held: Held<'b>,
    until_look: u32,
    until_texts: usize,
    is_full: bool,
    /// Folds of parts that were added, for the next ones.
    spare: Vec<Fold<'a>>,
}

/// What a fold holds, given back when it is dropped.
pub(super) struct Held<'b> {
    budget: &'b Budget,
    bytes: usize,
}

impl<'a, 'b> Bounded<'a, 'b> {
    pub(super) const fn new(fold: Fold<'a>, budget: &'b Budget) -> Self {
        let until_texts = fold.texts() + TEXTS;
        let held = Held { budget, bytes: 0 };
        Self { fold, held, until_look: STRIDE, until_texts, is_full: false, spare: Vec::new() }
    }

    /// The fold, and what it counts for until that is dropped.
    pub(super) fn into_fold(mut self) -> (Fold<'a>, Held<'b>) {
        self.look();
        (self.fold, self.held)
    }

    #[cold]
    fn look(&mut self) {
        self.until_look = STRIDE;
        self.until_texts = self.fold.texts() + TEXTS;
        if self.held.budget.limit.is_some() {
            self.is_full = self.held.grown_to(self.fold.memory());
        }
    }
}

impl Held<'_> {
    /// Whether the budget is exceeded now.
    fn grown_to(&mut self, bytes: usize) -> bool {
        self.budget.folds.fetch_add(bytes, Ordering::Relaxed);
        self.budget.folds.fetch_sub(std::mem::replace(&mut self.bytes, bytes), Ordering::Relaxed);
        self.budget.look();
        self.budget.is_over()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.folds.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl FlowSink for Bounded<'_, '_> {
    #[inline]
    fn symbols(&mut self) -> &mut Symbols {
        self.fold.symbols()
    }

    fn wants_ports(&self, of: Option<Sym>) -> bool {
        self.fold.wants_ports(of)
    }

    #[inline]
    fn record(&mut self, record: &FlowRecord) {
        self.until_look -= 1;
        if self.until_look == 0 || self.fold.texts() > self.until_texts {
            self.look();
        }
        if !self.is_full {
            self.fold.record(record);
        }
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.fold.malformed(line, why);
    }
}

impl Shared for Bounded<'_, '_> {
    fn part(&mut self) -> Self {
        let fold = self.spare.pop().unwrap_or_else(|| self.fold.beside());
        Self::new(fold, self.held.budget)
    }

    fn add(&mut self, part: Self, lines: u64) -> bool {
        let is_added = self.fold.add(&part.fold, lines);
        if is_added {
            self.look();
            // Under a limit nothing is held that is not counted.
            let unlimited = self.held.budget.limit.is_none();
            self.spare.extend(Some(part.fold).filter(|_| unlimited).and_then(Fold::emptied_alike));
        }
        is_added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: usize = 100 << 20;

    fn in_test(bytes: u64) -> usize {
        usize::try_from(bytes).expect("a test's number")
    }

    /// A budget under a limit after an object of 30 stored bytes was merged while one of 20 is read, of so many in all.
    fn refusal(limit: usize, beside: usize, total: u64) -> Option<OverLimit> {
        let limit = Memory::new(u64::try_from(limit).expect("a test's number"));
        let budget = Budget::new(Some(limit), (1, 0), beside, false);
        assert!(budget.begin(30));
        budget.merged(30, &Rollup::default());
        assert_eq!(budget.begin(20), !budget.is_over());
        let mut held = Held { budget: &budget, bytes: 0 };
        held.grown_to(TABLES / 4);
        assert_eq!(held.grown_to(TABLES), budget.is_over());
        assert_eq!(budget.begin(50), !budget.is_over(), "nothing more is read past the limit");
        // What is let go, and what still comes of the objects that were being read, tells nothing of the logs.
        drop(held);
        budget.merged(20, &Rollup::default());
        budget.refusal(total)
    }

    #[test]
    fn past_the_limit_the_estimate_is_by_the_part_that_was_read() {
        let program = PROGRAM + THREAD;
        assert_eq!(refusal(program + 2 * TABLES, 0, 100), None);
        let refused = refusal(program + TABLES / 2, 0, 100).expect("more than is allowed");
        assert_eq!(refused.percent, 40, "30 and half of 20 of 100");
        let held = in_test(refused.held.bytes()) - program;
        assert!((TABLES..TABLES * 11 / 10).contains(&held), "{held}");
        let estimate = in_test(refused.estimate.expect("enough was read").bytes()) - program;
        assert_eq!(estimate / 1000, held * 5 / 2 / 1000);
        assert!(
            refused.to_string().contains("40 % of them took 145 MiB, all of them would take up to about 295 MiB"),
            "{refused}"
        );
        assert!(refusal(program + 2 * TABLES, 3 * TABLES, 100).is_some(), "names need room too");
    }

    #[test]
    fn nothing_is_made_up_of_a_small_part() {
        let limit = PROGRAM + THREAD + TABLES / 2;
        assert_ne!(refusal(limit, 0, 600).and_then(|refused| refused.estimate), None, "5 % is merged");
        let refused = refusal(limit, 0, 601).expect("more than is allowed");
        assert_eq!((refused.percent, refused.estimate), (6, None));
        assert!(refused.to_string().contains("they need at least 145 MiB"), "{refused}");
        // The program alone takes more.
        let budget = Budget::new(Some(Memory::new(1 << 20)), (1, 0), 0, false);
        assert!(budget.begin(30));
        budget.look();
        let refused = budget.refusal(100).expect("more than is allowed");
        assert_eq!((in_test(refused.held.bytes()), refused.estimate), (PROGRAM + THREAD, None));
    }

    #[test]
    fn long_texts_are_held_too() {
        let roles = crate::count::roles::Roles::default();
        let most = |texts: usize| {
            let limit = Memory::new(u64::try_from(PROGRAM + THREAD + (20 << 20)).expect("a test's number"));
            let budget = Budget::new(Some(limit), (1, 0), 0, false);
            let mut fold = Bounded::new(Fold::new(&roles, None), &budget);
            for number in 0..texts {
                let text = format!("{number:030000}");
                let interface = fold.symbols().intern(text.as_bytes());
                fold.record(&FlowRecord { interface, ..FlowRecord::NOTHING });
            }
            (budget.is_over(), fold.fold.read)
        };
        assert_eq!(most(100), (false, 100), "3 MB");
        let (is_over, read) = most(4_000);
        assert!(is_over && read < 2_000, "{read} of 120 MB");
    }

    #[test]
    fn what_is_merged_is_not_held_any_more() {
        let budget = Budget::new(Some(Memory::new(1 << 40)), (1, 0), 0, false);
        let before = budget.held();
        let mut held = Held { budget: &budget, bytes: 0 };
        assert!(!held.grown_to(TABLES) && !held.grown_to(TABLES / 2));
        assert_eq!(budget.held() - before, TABLES / 2);
        drop(held);
        assert_eq!(budget.held(), before);
    }
}
