//! Which flow log speaks for an interface in an hour, and in which hours a gateway's own records speak for it.
//!
//! A byte may be logged by several flow logs and at several interfaces; it is counted from one of them, chosen by values
//! only, so that the order in which objects are read never matters.

use super::counted::CountedRows;
use super::fold::HourSums;
use super::rollup::{Rollup, SourceId};
use crate::model::export_task::above_task;
use crate::model::period::{HOUR_SECONDS, Window};
use hashbrown::{HashMap, HashSet};
use std::cmp::Reverse;

/// The chosen flow log of each interface and hour inside a window.
#[derive(Debug)]
pub struct Vantage {
    hours: (u32, u32),
    active: Vec<bool>,
    chosen: HashMap<(u32, u32), SourceId>,
    /// Export tasks that hold another piece of an hour than the one that was chosen.
    beside: HashSet<(u32, u32, SourceId)>,
    /// By interface, the one that speaks in all of its hours; `None` where there are several, or none.
    alone: Vec<Option<SourceId>>,
}

impl Vantage {
    /// Chooses inside `window`, which begins and ends on an hour or has been applied to the records already.
    #[must_use]
    pub fn choose(rollup: &Rollup, window: Window) -> Self {
        let hours = hours_of(window);
        let inside = |hour: u32| hours.0 <= hour && hour < hours.1;
        let kins: Vec<Option<&str>> = rollup.sources.iter().map(|name| kin(name)).collect();
        let mut active = vec![false; rollup.sources.len()];
        let spoken = || rollup.hours.iter().filter(|((_, hour, _), sums)| inside(*hour) && sums.accept.records > 0);
        for (&(_, _, source), _) in spoken() {
            active[source.0 as usize] = true;
        }
        // Of a log group that was exported piece by piece a quiet piece is no log of rejected traffic.
        let speaking: HashSet<&str> =
            kins.iter().zip(&active).filter_map(|(kin, active)| kin.filter(|_| *active)).collect();
        for (active, kin) in active.iter_mut().zip(&kins) {
            *active |= kin.is_some_and(|kin| speaking.contains(kin));
        }
        // The one that knows most, then of tasks the one with most of the hour, then the smallest id.
        let rank = |source: SourceId, sums: &HourSums| {
            let (name, kin) = (rollup.sources[source.0 as usize].as_str(), kins[source.0 as usize]);
            let records = if kin.is_some() { sums.accept.records } else { 0 };
            (!sums.has_pkt, kin.unwrap_or(name), Reverse(records), name)
        };
        let mut best: HashMap<(u32, u32), (SourceId, &HourSums)> = HashMap::new();
        let mut tasks: HashMap<(u32, u32), Vec<(SourceId, &HourSums)>> = HashMap::new();
        for (&(interface, hour, source), sums) in spoken() {
            if kins[source.0 as usize].is_some() {
                tasks.entry((interface, hour)).or_default().push((source, sums));
            }
            best.entry((interface, hour))
                .and_modify(|known| {
                    if rank(source, sums) < rank(known.0, known.1) {
                        *known = (source, sums);
                    }
                })
                .or_insert((source, sums));
        }
        tasks.retain(|_, of_hour| of_hour.len() > 1);
        let together = Together::of(&tasks);
        let mut beside = HashSet::new();
        for (&(interface, hour), of_hour) in &mut tasks {
            let Some(&chosen) = best.get(&(interface, hour)) else { continue };
            of_hour.sort_unstable_by_key(|&(source, sums)| rank(source, sums));
            let mut speaking = vec![chosen];
            for &(task, sums) in of_hour.iter() {
                let follows = |&(other, of_other): &(SourceId, &HourSums)| {
                    let apart = sums.last < of_other.first || of_other.last < sums.first;
                    kins[other.0 as usize] == kins[task.0 as usize] && apart && together.meet_once(task, other)
                };
                if speaking.iter().all(follows) {
                    speaking.push((task, sums));
                    beside.insert((interface, hour, task));
                }
            }
        }
        let chosen: HashMap<(u32, u32), SourceId> = best.into_iter().map(|(key, (of, _))| (key, of)).collect();
        let mut alone = vec![None; rollup.interfaces.len()];
        for (&(interface, _), &source) in &chosen {
            alone[interface as usize] = Some(source);
        }
        for (&(interface, _), source) in &chosen {
            alone[interface as usize].take_if(|alone| alone != source);
        }
        for (interface, ..) in &beside {
            alone[*interface as usize] = None;
        }
        Self { hours, active, chosen, beside, alone }
    }

    /// Whether the hour lies inside the window.
    #[inline]
    #[must_use]
    pub const fn inside(&self, hour: u32) -> bool {
        self.hours.0 <= hour && hour < self.hours.1
    }

    /// No rows yet, of hours inside the window.
    #[must_use]
    pub fn counted_rows(&self) -> CountedRows {
        CountedRows::since(self.hours.0)
    }

    /// Whether this flow log speaks for the interface in the hour.
    #[inline]
    #[must_use]
    pub fn speaks(&self, interface: u32, hour: u32, source: SourceId) -> bool {
        self.chosen.get(&(interface, hour)) == Some(&source)
            || !self.beside.is_empty() && self.beside.contains(&(interface, hour, source))
    }

    /// As [`Vantage::speaks`], of an hour in which the flow log has an ACCEPT record of the interface, and faster.
    #[inline]
    #[must_use]
    pub fn speaks_of_its_own(&self, interface: u32, hour: u32, source: SourceId) -> bool {
        match self.alone[interface as usize] {
            Some(alone) => alone == source && self.inside(hour),
            None => self.speaks(interface, hour, source),
        }
    }

    /// Whether [`Vantage::speaks_of_its_own`] holds for every hour inside the window.
    #[inline]
    #[must_use]
    pub fn always_speaks(&self, interface: u32, source: SourceId) -> bool {
        self.alone[interface as usize] == Some(source)
    }

    /// Whether the flow log has an ACCEPT record inside the window at all. One that has none logs rejected traffic only
    /// (`TrafficType` REJECT) and says nothing of what passed.
    #[must_use]
    pub fn is_active(&self, source: SourceId) -> bool {
        self.active[source.0 as usize]
    }

    /// The gateway hours that the gateways' own records cover, NODATA included. `gateway_of` names the gateway that an interface's hour tells of.
    #[must_use]
    pub fn covered(&self, rollup: &Rollup, gateway_of: impl Fn(u32, &HourSums) -> Option<u32>) -> HashSet<(u32, u32)> {
        rollup
            .hours
            .iter()
            .filter(|((_, hour, source), sums)| self.inside(*hour) && self.is_active(*source) && sums.records() > 0)
            .filter_map(|((interface, hour, _), sums)| Some((gateway_of(*interface, sums)?, *hour)))
            .collect()
    }
}

/// What the export tasks of one prefix share, by the name of a source that is one. Each holds a log group, whole or a piece of it.
#[must_use]
pub fn kin(name: &str) -> Option<&str> {
    name.strip_prefix("prefix:").and_then(above_task)
}

/// Which hours two tasks both have something of, of any interface: the earliest and the latest.
struct Together(HashMap<(SourceId, SourceId), (u32, u32)>);

impl Together {
    fn of(tasks: &HashMap<(u32, u32), Vec<(SourceId, &HourSums)>>) -> Self {
        let mut all: HashMap<(SourceId, SourceId), (u32, u32)> = HashMap::new();
        for (&(_, hour), of_hour) in tasks {
            for (at, (one, _)) in of_hour.iter().enumerate() {
                for (two, _) in &of_hour[at + 1..] {
                    let known = all.entry((*one.min(two), *one.max(two))).or_insert((hour, hour));
                    *known = (known.0.min(hour), known.1.max(hour));
                }
            }
        }
        Self(all)
    }

    /// Whether they meet where one ends and the other begins, as pieces of one log group do. Tasks that stand beside each other for longer
    /// hold two log groups, or one twice.
    fn meet_once(&self, one: SourceId, two: SourceId) -> bool {
        self.0.get(&(one.min(two), one.max(two))).is_some_and(|(first, last)| last - first <= 1)
    }
}

/// The first hour, since 1970, that begins at this second or later.
#[must_use]
pub fn hour_after(second: i64) -> u32 {
    u32::try_from(second.saturating_add(HOUR_SECONDS - 1).div_euclid(HOUR_SECONDS).max(0)).unwrap_or(u32::MAX)
}

/// The hour, since 1970, that holds this second.
#[must_use]
pub fn hour_of(second: i64) -> u32 {
    u32::try_from(second.div_euclid(HOUR_SECONDS).max(0)).unwrap_or(u32::MAX)
}

/// First hour inside and first hour after, since 1970.
#[must_use]
pub fn hours_of(window: Window) -> (u32, u32) {
    (hour_of(window.start), hour_after(window.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::fold::RowSum;
    use crate::count::roles::Role;
    use crate::count::rollup::Interface;
    use crate::count::words::OwnAddr;
    use crate::model::flow::InterfaceFacts;
    use crate::model::symbols::Sym;

    const ONE: &str = "prefix:x/00000000-0000-0000-0000-000000000001";
    const TWO: &str = "prefix:x/00000000-0000-0000-0000-000000000002";
    const THREE: &str = "prefix:x/00000000-0000-0000-0000-000000000003";
    const FOUR: &str = "prefix:x/00000000-0000-0000-0000-000000000004";

    /// What a flow log has of an hour: its name, interface, hour, first and last second, ACCEPT records.
    type Cell = (&'static str, u32, u32, u16, u16, u64);

    fn rollup(cells: &[Cell]) -> Rollup {
        let mut rollup = Rollup::default();
        for &(name, interface, hour, first, last, records) in cells {
            let accept = RowSum { records, bytes: 100 * records };
            let sums = HourSums { accept, nodata: 1, has_pkt: true, first, last, ..HourSums::default() };
            let source = rollup.source(name);
            rollup.hours.insert((interface, hour, source), sums);
        }
        let (facts, own) = (InterfaceFacts::default(), OwnAddr::default());
        rollup.interfaces = vec![Interface { name: Sym::NONE, facts, role: Role::Unknown, own }; 2];
        rollup
    }

    const WINDOW: Window = Window { start: 0, end: 10 * HOUR_SECONDS };

    /// Which of the cells speak, by their numbers.
    fn check(situation: &str, cells: &[Cell], expect: &[usize]) {
        let mut rollup = rollup(cells);
        // Outside the window the first and the last task have an hour in common, which matters to nobody.
        for (name, ..) in [cells.first(), cells.last()].into_iter().flatten() {
            let source = rollup.source(name);
            let accept = RowSum { records: 9, bytes: 9 };
            rollup.hours.insert((0, 20, source), HourSums { accept, ..HourSums::default() });
        }
        let vantage = Vantage::choose(&rollup, WINDOW);
        let by = |speaks: &dyn Fn(u32, u32, SourceId) -> bool| -> Vec<usize> {
            let source = |name: &str| {
                SourceId(u32::try_from(rollup.sources.iter().position(|of| of == name).expect("known")).expect("few"))
            };
            let speaking = cells
                .iter()
                .enumerate()
                .filter(|(_, (name, interface, hour, ..))| speaks(*interface, *hour, source(name)));
            speaking.map(|(at, _)| at).collect()
        };
        assert_eq!(by(&|interface, hour, source| vantage.speaks(interface, hour, source)), expect, "{situation}");
        let faster = by(&|interface, hour, source| vantage.speaks_of_its_own(interface, hour, source));
        assert_eq!(faster, expect, "{situation}, faster");
    }

    #[test]
    fn pieces_of_a_log_group_speak_one_after_the_other() {
        check("of an hour", &[(ONE, 0, 1, 0, 1799, 5), (TWO, 0, 1, 1800, 3599, 5)], &[0, 1]);
        check(
            "of several",
            &[(ONE, 0, 1, 0, 9, 5), (ONE, 0, 2, 0, 900, 5), (TWO, 0, 2, 901, 999, 2), (TWO, 0, 3, 0, 9, 1)],
            &[0, 1, 2, 3],
        );
        check(
            "three of an hour",
            &[(TWO, 0, 1, 50, 60, 1), (ONE, 0, 1, 0, 9, 5), (THREE, 0, 1, 20, 30, 9)],
            &[0, 1, 2],
        );
        // Of another interface something came late.
        check(
            "a straggler",
            &[(ONE, 0, 1, 0, 1790, 5), (TWO, 0, 1, 1820, 3000, 5), (TWO, 1, 1, 1785, 1785, 1)],
            &[0, 1, 2],
        );
        check(
            "two log groups of different interfaces",
            &[
                (ONE, 0, 1, 0, 1700, 5),
                (TWO, 1, 1, 0, 1750, 5),
                (THREE, 0, 1, 1900, 3000, 5),
                (FOUR, 1, 1, 1800, 3000, 5),
            ],
            &[0, 1, 2, 3],
        );
        check("at one second, the larger piece", &[(ONE, 0, 1, 0, 900, 2), (TWO, 0, 1, 900, 2000, 7)], &[1]);
    }

    #[test]
    fn tasks_of_the_same_hours_do_not_speak_together() {
        let both = |first: u16| [(ONE, 0, 1, 0, 900, 5), (TWO, 0, 1, first, 999, 4)];
        check("an hour that both have", &both(10), &[0]);
        let hours = [1, 2, 3].map(|hour| [(ONE, 0, hour, 0, 9, 1), (TWO, 0, hour, 60, 69, 1)]).concat();
        check("hours in which they miss each other by chance", &hours, &[0, 2, 4]);
        check(
            "one in turn with two",
            &[(ONE, 0, 1, 0, 900, 9), (TWO, 0, 1, 0, 3000, 8), (TWO, 0, 2, 0, 9, 1), (THREE, 0, 1, 901, 3000, 1)],
            &[0, 2, 3],
        );
    }

    #[test]
    fn only_tasks_of_one_prefix_are_pieces() {
        let other = "prefix:y/00000000-0000-0000-0000-000000000002";
        for (one, two) in [(ONE, other), ("fl-1", "fl-2"), ("prefix:x", "prefix:y"), ("fl-1", ONE)] {
            check(&format!("{one}, {two}"), &[(one, 0, 1, 0, 900, 1), (two, 0, 1, 901, 2000, 9)], &[0]);
        }
    }

    #[test]
    fn a_quiet_piece_of_a_log_group_is_no_log_of_rejected_traffic() {
        let rollup = rollup(&[(ONE, 0, 1, 0, 9, 0), (TWO, 0, 2, 0, 9, 3), ("fl-1", 0, 1, 0, 9, 0)]);
        let vantage = Vantage::choose(&rollup, WINDOW);
        let active: Vec<bool> = (0..3).map(|source| vantage.is_active(SourceId(source))).collect();
        assert_eq!(active, [true, true, false]);
        assert_eq!(vantage.covered(&rollup, |interface, _| Some(interface)).len(), 2);
    }
}
