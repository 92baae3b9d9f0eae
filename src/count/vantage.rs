//! Which flow log speaks for an interface in an hour, and in which hours a gateway's own records speak for it.
//!
//! A byte may be logged by several flow logs and at several interfaces; it is counted from one of them, chosen by values
//! only, so that the order in which objects are read never matters.

use super::counted::CountedRows;
use super::rollup::{Rollup, SourceId};
use crate::model::period::{HOUR_SECONDS, Window};
use hashbrown::{HashMap, HashSet};

/// The chosen flow log of each interface and hour inside a window.
#[derive(Debug)]
pub struct Vantage {
    hours: (u32, u32),
    active: Vec<bool>,
    chosen: HashMap<(u32, u32), SourceId>,
    /// By interface, the one that speaks in all of its hours; `None` where there are several, or none.
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
        let mut best: HashMap<(u32, u32), (SourceId, bool)> = HashMap::new();
        for (&(interface, hour, source), sums) in &rollup.hours {
            if !inside(hour) || sums.accept.records == 0 {
                continue;
            }
            let candidate = (source, sums.has_pkt);
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
        Self { hours, active, chosen, alone }
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

/// First hour inside and first hour after, since 1970.
#[must_use]
pub fn hours_of(window: Window) -> (u32, u32) {
    let hour = |second: i64| u32::try_from(second.div_euclid(HOUR_SECONDS).max(0)).unwrap_or(u32::MAX);
    (hour(window.start), hour(window.end + HOUR_SECONDS - 1))
}
