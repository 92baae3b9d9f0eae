//! Which flow log speaks for an interface in an hour, and in which hours a gateway's own records speak for it.
//!
//! A byte may be logged by several flow logs and at several interfaces; it is counted from one of them, chosen by values
//! only, so that the order in which objects are read never matters.

use super::counted::CountedRows;
use super::rollup::{Rollup, SourceId};
use crate::model::export_task::above_task;
use crate::model::period::{HOUR_SECONDS, Window};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// The chosen flow log of each interface and hour inside a window.
#[derive(Debug)]
pub struct Vantage {
    hours: (u32, u32),
    active: Vec<bool>,
    /// By flow log, whose voice it is.
    voices: Vec<SourceId>,
    chosen: HashMap<(u32, u32), SourceId>,
    /// By interface, the voice of all of its hours; `None` where there are several, or none.
    alone: Vec<Option<SourceId>>,
}

impl Vantage {
    /// Chooses inside `window`, which begins and ends on an hour or has been applied to the records already.
    #[must_use]
    pub fn choose(rollup: &Rollup, window: Window) -> Self {
        let hours = hours_of(window);
        let inside = |hour: u32| hours.0 <= hour && hour < hours.1;
        let mut active = vec![false; rollup.sources.len()];
        for (&(_, hour, source), sums) in &rollup.hours {
            active[source.0 as usize] |= inside(hour) && sums.accept.records > 0;
        }
        // The one that knows most, then the smallest id.
        let rank = |source: SourceId, has_pkt: bool| (!has_pkt, rollup.sources[source.0 as usize].as_str());
        let voices = voices(rollup);
        let mut best: HashMap<(u32, u32), (SourceId, bool)> = HashMap::new();
        for (&(interface, hour, source), sums) in &rollup.hours {
            if !inside(hour) || sums.accept.records == 0 {
                continue;
            }
            let candidate = (voices[source.0 as usize], sums.has_pkt);
            best.entry((interface, hour))
                .and_modify(|known| {
                    if rank(candidate.0, candidate.1) < rank(known.0, known.1) {
                        *known = candidate;
                    }
                })
                .or_insert(candidate);
        }
        let chosen: HashMap<(u32, u32), SourceId> = best.into_iter().map(|(key, (of, _))| (key, of)).collect();
        let mut alone = vec![None; rollup.interfaces.len()];
        for (&(interface, _), &source) in &chosen {
            alone[interface as usize] = Some(source);
        }
        for (&(interface, _), source) in &chosen {
            alone[interface as usize].take_if(|alone| alone != source);
        }
        Self { hours, active, voices, chosen, alone }
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
        self.chosen.get(&(interface, hour)) == Some(&self.voices[source.0 as usize])
    }

    /// As [`Vantage::speaks`], of an hour in which the flow log has an ACCEPT record of the interface, and faster.
    #[inline]
    #[must_use]
    pub fn speaks_of_its_own(&self, interface: u32, hour: u32, source: SourceId) -> bool {
        match self.alone[interface as usize] {
            Some(alone) => alone == self.voices[source.0 as usize] && self.inside(hour),
            None => self.speaks(interface, hour, source),
        }
    }

    /// Whether [`Vantage::speaks_of_its_own`] holds for every hour inside the window.
    #[inline]
    #[must_use]
    pub fn always_speaks(&self, interface: u32, source: SourceId) -> bool {
        self.alone[interface as usize] == Some(self.voices[source.0 as usize])
    }

    /// Whether the flow log has an ACCEPT record inside the window at all. One that has none logs rejected traffic only
    /// (`TrafficType` REJECT) and says nothing of what passed.
    #[must_use]
    pub fn is_active(&self, source: SourceId) -> bool {
        self.active[source.0 as usize]
    }

    /// The gateway hours that the gateways' own records cover, NODATA included. `gateway_of` names an interface's gateway.
    #[must_use]
    pub fn covered(&self, rollup: &Rollup, gateway_of: impl Fn(u32) -> Option<u32>) -> HashSet<(u32, u32)> {
        rollup
            .hours
            .iter()
            .filter(|((_, hour, source), sums)| self.inside(*hour) && self.is_active(*source) && sums.records() > 0)
            .filter_map(|((interface, hour, _), _)| Some((gateway_of(*interface)?, *hour)))
            .collect()
    }
}

/// By flow log, the one in whose name it speaks: itself, but for export tasks of one prefix. Tasks that follow each other in time hold one log
/// group piece by piece, and speak as one; tasks of the same time hold two log groups, or one twice, and only one may speak.
fn voices(rollup: &Rollup) -> Vec<SourceId> {
    let mut voices: Vec<SourceId> = (0u32..).map(SourceId).take(rollup.sources.len()).collect();
    // By prefix each task's first and last second.
    let mut tasks: BTreeMap<&str, BTreeMap<SourceId, (u64, u64)>> = BTreeMap::new();
    let of_task: Vec<Option<&str>> = rollup.sources.iter().map(|name| above_task(name)).collect();
    for (&(_, hour, source), sums) in &rollup.hours {
        let Some(above) = of_task[source.0 as usize] else { continue };
        let second = |second: u16| u64::from(hour) * HOUR_SECONDS.unsigned_abs() + u64::from(second);
        let (first, last) = (second(sums.first), second(sums.last));
        let known = tasks.entry(above).or_default().entry(source).or_insert((first, last));
        *known = (known.0.min(first), known.1.max(last));
    }
    for tasks in tasks.into_values() {
        let name = |task: SourceId| rollup.sources[task.0 as usize].as_str();
        let mut in_time: Vec<(SourceId, (u64, u64))> = tasks.into_iter().collect();
        in_time.sort_unstable_by_key(|&(task, (first, last))| (first, last, name(task)));
        // Each voice so far with the end of its latest task.
        let mut ends: Vec<(SourceId, u64)> = Vec::new();
        for (task, (first, last)) in in_time {
            match ends.iter_mut().find(|(_, end)| *end < first) {
                Some((voice, end)) => {
                    voices[task.0 as usize] = *voice;
                    *end = last;
                }
                None => ends.push((task, last)),
            }
        }
    }
    voices
}

/// First hour inside and first hour after, since 1970.
#[must_use]
pub fn hours_of(window: Window) -> (u32, u32) {
    let hour = |second: i64| u32::try_from(second.div_euclid(HOUR_SECONDS).max(0)).unwrap_or(u32::MAX);
    (hour(window.start), hour(window.end + HOUR_SECONDS - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::fold::{HourSums, RowSum};

    const TASKS: [&str; 3] = [
        "prefix:x/00000000-0000-0000-0000-000000000001",
        "prefix:x/00000000-0000-0000-0000-000000000002",
        "prefix:x/00000000-0000-0000-0000-000000000003",
    ];

    /// Which of the flow logs speak for an interface in hour 1, of (name, first, last second of that hour, whether it has `pkt-*`).
    fn check(situation: &str, logs: &[(&str, u16, u16, bool)], expect: &[bool]) {
        let mut rollup = Rollup::default();
        for &(name, first, last, has_pkt) in logs {
            let accept = RowSum { records: 2, bytes: 100 };
            let sums = HourSums { accept, has_pkt, first, last, ..HourSums::default() };
            let source = rollup.source(name);
            rollup.hours.insert((0, 1, source), sums);
        }
        rollup.interfaces.push(crate::count::rollup::Interface {
            name: crate::model::symbols::Sym::NONE,
            facts: crate::model::flow::InterfaceFacts::default(),
            role: crate::count::roles::Role::Unknown,
            own: crate::count::words::OwnAddr::default(),
        });
        let vantage = Vantage::choose(&rollup, Window { start: 0, end: 10 * HOUR_SECONDS });
        let sources = || (0u32..).map(SourceId).take(logs.len());
        let speak: Vec<bool> = sources().map(|source| vantage.speaks(0, 1, source)).collect();
        assert_eq!(speak, expect, "{situation}");
        let faster: Vec<bool> = sources().map(|source| vantage.speaks_of_its_own(0, 1, source)).collect();
        assert_eq!(faster, expect, "{situation}, faster");
    }

    #[test]
    fn export_tasks_speak_one_after_the_other_and_never_together() {
        let [one, two, three] = TASKS;
        check("one after the other", &[(one, 0, 900, true), (two, 901, 2000, true)], &[true, true]);
        check("at one second", &[(one, 0, 900, true), (two, 900, 2000, true)], &[true, false]);
        check("at the same time", &[(two, 0, 900, true), (one, 10, 800, true)], &[false, true]);
        check("the one that knows more", &[(one, 0, 900, false), (two, 10, 800, true)], &[false, true]);
        check(
            "two in turn beside one",
            &[(one, 0, 900, true), (two, 5, 2000, false), (three, 901, 2000, true)],
            &[true, false, true],
        );
        check("under other prefixes", &[(one, 0, 900, true), ("prefix:y/1", 901, 2000, true)], &[true, false]);
        check("no tasks", &[("fl-1", 0, 900, true), ("fl-2", 901, 2000, true)], &[true, false]);
    }
}
