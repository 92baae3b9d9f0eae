//! Pairs are named by several threads, each a share of them; what they found is put together in the order of the pairs, so that all is
//! as if one had named them.

use super::custom::Flows;
use super::owners::{OwnerTable, owner_number};
use super::remote::{Remote, Remotes};
use super::{Gateway, Naming, Place, UNKNOWN, basis_key};
use crate::count::fold::RowSum;
use crate::count::resolve::{Basis, Counted, CountedRow, Counts};
use crate::count::rows::Rows;
use crate::frames::flows::Keys;
use crate::own::Owners;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::resume_unwind;

const HOURS_PER_DAY: u32 = 24;

/// With fewer pairs another thread costs more than it saves.
const FEW: usize = 4 << 10;

/// Everything that is named, and what is known of it.
pub(super) struct Pairs<'a> {
    pub(super) counted: &'a Counted,
    /// Place of each pair.
    pub(super) of_pair: &'a [u32],
    pub(super) places: &'a [Place],
    pub(super) gateways: &'a [Gateway],
    /// For each place whether hours are kept by service.
    pub(super) young: &'a [bool],
}

/// Named pairs.
pub(super) struct Share<'a> {
    /// A frame has a row for each distinct key and not one for each hour and address.
    pub(super) sums: Rows<Keys, [u64; 3]>,
    pub(super) remotes: Remotes<'a>,
    pub(super) owners: OwnerTable<'a>,
    pub(super) custom: Flows<'a>,
    /// See [`super::Attributed::hours`].
    pub(super) hours: BTreeMap<(u32, u32), (u32, u32)>,
    /// See [`super::Attributed::ambiguous`].
    pub(super) ambiguous: RowSum,
    /// See [`Gateway::days`].
    pub(super) days: Vec<Option<(u32, u32)>>,
}

/// Names all pairs.
pub(super) fn name<'a>(pairs: &Pairs<'_>, by: &Naming<'a>, owners: &'a Owners<'a>) -> Share<'a> {
    let all = pairs.of_pair.len();
    let shares = by.threads.min(all / FEW).max(1);
    let share = |number: usize| all * number / shares..all * (number + 1) / shares;
    let name = |range: Range<usize>| {
        let mut share = Share::new(pairs, by, owners);
        share.name(pairs, by, range);
        share
    };
    std::thread::scope(|scope| {
        let name = &name;
        let others: Vec<_> = (1..shares).map(|number| scope.spawn(move || name(share(number)))).collect();
        let first = name(share(0));
        others.into_iter().fold(first, |mut all, other| {
            all.add(other.join().unwrap_or_else(|why| resume_unwind(why)));
            all
        })
    })
}

impl<'a> Share<'a> {
    fn new(pairs: &Pairs<'_>, by: &Naming<'a>, owners: &'a Owners<'a>) -> Self {
        Self {
            sums: Rows::default(),
            remotes: Remotes::new(by.namer, by.rollup, by.answers),
            owners: OwnerTable::new(owners, by.rollup),
            custom: Flows::new(by.peers),
            hours: BTreeMap::new(),
            ambiguous: RowSum::default(),
            days: vec![None; pairs.gateways.len()],
        }
    }

    /// Names the pairs with these numbers.
    fn name(&mut self, pairs: &Pairs<'_>, by: &Naming<'a>, range: Range<usize>) {
        self.sums.reserve(range.len());
        let rows = &pairs.counted.rows;
        // Answers are numbered by row.
        let before = rows.pairs().take(range.start).filter(|_| by.answers.is_some());
        let mut at = before.map(|counts| counts.rows().count()).sum();
        for (counts, &place) in rows.pairs().skip(range.start).zip(&pairs.of_pair[range]) {
            self.pair(pairs, by, &counts, place, &mut at);
        }
    }

    fn pair(&mut self, pairs: &Pairs<'_>, by: &Naming<'a>, counts: &Counts<'_>, place: u32, at: &mut usize) {
        let (pair, all) = (counts.pair, counts.sums);
        let (gateway, of_place) = (&pairs.gateways[pair.gateway as usize], &pairs.places[place as usize]);
        let owners = self.owners.of(pair, (place, of_place), gateway);
        let client = if pair.client.is_none() { UNKNOWN } else { pair.client.raw() };
        let days = &mut self.days[pair.gateway as usize];
        let (first, last) = days.unwrap_or((u32::MAX, 0));
        *days = Some((first.min(all.first / HOURS_PER_DAY), last.max(all.last / HOURS_PER_DAY)));
        let (upload, download, records) = (all.upload, all.download, all.records);
        let whole = CountedRow { pair: *pair, hour: all.first, upload, download, records };
        // Asked for in an hour, told apart by day, or of another owner later.
        let by_hour =
            by.answers.is_some() || by.detail.days || owner_number(owners, all.first) != owner_number(owners, all.last);
        let (rows, whole) = if by_hour { (Some(counts.rows()), None) } else { (None, Some(whole)) };
        // Of the row before, and what is known by it.
        let mut known: Option<(u32, Remote)> = None;
        for row in rows.into_iter().flatten().chain(whole) {
            let (mut service, mut destination) = (UNKNOWN, UNKNOWN);
            if pair.basis != Basis::Client {
                let answer = self.remotes.answer(*at);
                let same = known.filter(|(before, _)| *before == answer);
                let (_, remote) = *known.insert(same.unwrap_or_else(|| (answer, self.remotes.of(pair, answer))));
                (service, destination) = (remote.service, remote.destination);
                if pairs.young[place as usize] {
                    let last = if by_hour { row.hour } else { all.last };
                    widen(&mut self.hours, (place, service), (row.hour, last));
                }
                if remote.is_ambiguous {
                    self.ambiguous.records += 1;
                    self.ambiguous.bytes += row.upload + row.download;
                }
            }
            let (_, owner) = owners[owner_number(owners, row.hour)];
            let day = if by.detail.days { row.hour / HOURS_PER_DAY } else { UNKNOWN };
            let keys = [pair.gateway, day, client, place, service, basis_key(pair.basis), destination, owner];
            add(self.sums.of(keys), [row.upload, row.download, row.records]);
            *at += 1;
        }
        if pair.basis != Basis::Client {
            let ends = (by.rollup.addrs.addr(pair.remote), of_place);
            self.custom.add(pair, [upload, download], &gateway.count.side.id, ends);
        }
    }

    /// Adds what was found in the pairs that follow.
    fn add(&mut self, other: Self) {
        let Self { sums, remotes, owners, custom, hours, ambiguous, days } = other;
        let (services, destinations) = self.remotes.take(remotes);
        let owners = self.owners.take(owners);
        let own = |numbers: &[u32], number: u32| numbers.get(number as usize).copied().unwrap_or(UNKNOWN);
        for (keys, more) in sums.iter() {
            let [gateway, day, client, place, service, basis, destination, owner] = *keys;
            let (service, destination) = (own(&services, service), own(&destinations, destination));
            let keys = [gateway, day, client, place, service, basis, destination, own(&owners, owner)];
            add(self.sums.of(keys), *more);
        }
        for ((place, service), span) in hours {
            widen(&mut self.hours, (place, own(&services, service)), span);
        }
        for (known, more) in self.days.iter_mut().zip(days) {
            let both = known.zip(more).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)));
            *known = both.or(*known).or(more);
        }
        self.custom.take(custom);
        self.ambiguous.records += ambiguous.records;
        self.ambiguous.bytes += ambiguous.bytes;
    }
}

fn add(sums: &mut [u64; 3], more: [u64; 3]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

fn widen(hours: &mut BTreeMap<(u32, u32), (u32, u32)>, key: (u32, u32), (first, last): (u32, u32)) {
    let known = hours.entry(key).or_insert((first, last));
    *known = (known.0.min(first), known.1.max(last));
}
