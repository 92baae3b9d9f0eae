//! Which objects an earlier run counted, and keeping what this one counts. The order in which objects are merged is not touched.

use super::ReadPlan;
use crate::cache::{At, Counted, Packs, Size, meaning};
use crate::count::fold::Fold;
use crate::count::roles::Roles;
use crate::sources::objects::Object;
use std::hash::Hash;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::Xxh3;

/// What a worker takes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// An object to read.
    Read(usize),
    /// Objects that follow each other and come from one pack: object and place in the pack.
    Pack(usize, Vec<(usize, usize)>),
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
struct Todo {
    /// In the order of the objects.
    units: Vec<Unit>,
    /// By pack, whether its objects are packed again, with others, so that it can go.
    replaced: Vec<bool>,
    /// By pack, how many units come from it.
    pieces: Vec<usize>,
}

/// Bytes of packs that may lie open between their first and their last piece; folds take about ten times as much. What does not
/// fit beside the others is read anew, after which its objects lie together.
const MAX_OPEN: u64 = 4 << 20;

/// Below so many bytes a pack is small: 128 KiB.
const SMALL: u64 = 1 << 17;

/// So many small packs become one, with what was read. A run a day so leaves few packs, and each object is packed again a few
/// times only, until its pack is not small any more.
const MERGED: usize = 8;

/// Rows and texts that make a pack full: some megabytes in memory.
const FULL: usize = 1 << 16;

/// What earlier runs counted, and the identity of each object here.
pub(super) struct Shelf<'a> {
    packs: Packs<'a>,
    roles: &'a Roles,
    identities: Vec<Option<u128>>,
    todo: Todo,
    slots: Vec<Mutex<Slot<'a>>>,
    can_keep: bool,
}

/// A pack on its way from disk to the merge.
enum Slot<'a> {
    /// So many pieces will be taken from it.
    Closed(usize),
    /// With the pieces that are left.
    Open(usize, Vec<Option<Counted<'a>>>),
    /// It is not what it was, or all of it was taken.
    Gone,
}

impl<'a> Shelf<'a> {
    /// `None` without a cache.
    pub(super) fn open(objects: &[Object], plan: &ReadPlan<'a>) -> Option<Self> {
        let cache = plan.cache?;
        // All that a fold depends on but the object itself.
        let meaning = meaning(cache, plan.roles, &format!("{:?} {:?}", plan.hints, plan.window));
        let identity = |object: &Object| {
            let identity = object.identity().filter(|identity| identity.settled_from() <= cache.place().now)?;
            let mut state = Xxh3::new();
            // The flow log decides which layout a log without header has.
            (identity, &object.named.flow_log).hash(&mut state);
            Some(state.digest128())
        };
        let (packs, identities) = (Packs::open(cache, meaning), objects.iter().map(identity).collect::<Vec<_>>());
        let at = |identity: &Option<u128>| identity.and_then(|identity| packs.find(identity));
        let todo = todo(identities.iter().map(at).collect(), packs.sizes());
        for (pack, _) in todo.pieces.iter().enumerate().filter(|(_, pieces)| **pieces > 0) {
            packs.need(pack);
        }
        let slots = todo.pieces.iter().map(|&pieces| Mutex::new(Slot::Closed(pieces))).collect();
        // Found out before anything is gathered: what cannot be kept need not be packed.
        let is_new = |unit: &Unit| matches!(unit, Unit::Read(object) if identities[*object].is_some());
        let can_keep = (todo.units.iter().any(is_new) || todo.replaced.contains(&true)) && cache.can_keep();
        Some(Self { packs, roles: plan.roles, identities, todo, slots, can_keep })
    }

    /// What there is to do, in the order of the objects.
    pub(super) fn units(&self) -> &[Unit] {
        &self.todo.units
    }

    /// What an object is known by, if what is read of it can be kept.
    pub(super) fn new_identity(&self, object: usize) -> Option<u128> {
        self.identities[object].filter(|_| self.can_keep)
    }

    /// Takes objects from a pack, and says whether they are to be packed again; `None` if it is not what it was.
    pub(super) fn take(&self, pack: usize, wanted: &[(usize, usize)]) -> Option<(bool, Vec<Counted<'a>>)> {
        // Who comes for another piece meanwhile waits until the pack is open.
        let mut slot = self.slots[pack].lock().unwrap_or_else(PoisonError::into_inner);
        if let Slot::Closed(pieces) = *slot {
            let loaded = self.packs.load(pack, self.roles);
            *slot = loaded.map_or(Slot::Gone, |objects| Slot::Open(pieces, objects.into_iter().map(Some).collect()));
        }
        let Slot::Open(pieces, objects) = &mut *slot else { return None };
        let mut take = |&(object, place): &(usize, usize)| {
            objects.get_mut(place)?.take().filter(|counted| self.identities[object] == Some(counted.identity))
        };
        let taken: Option<Vec<Counted<'a>>> = wanted.iter().map(&mut take).collect();
        *pieces -= 1;
        if *pieces == 0 {
            *slot = Slot::Gone;
        }
        taken.map(|taken| (self.can_keep && self.todo.replaced[pack], taken))
    }

    /// Whether packing has any use.
    pub(super) const fn can_keep(&self) -> bool {
        self.can_keep
    }

    /// Keeps packs as they are gathered, then removes those whose objects are all in new ones. `done` takes the folds back.
    pub(super) fn keep<'b>(&self, full: &Receiver<Vec<Counted<'b>>>, done: &dyn Fn(Fold<'b>)) {
        let keep = |objects: Vec<Counted<'b>>| {
            let name = self.packs.keep(&objects);
            for counted in objects {
                done(counted.fold);
            }
            name
        };
        let kept: Vec<Option<u128>> = full.iter().map(keep).collect();
        let Some(names) = kept.into_iter().collect::<Option<Vec<u128>>>() else { return };
        for (pack, _) in self.todo.replaced.iter().enumerate().filter(|(_, replaced)| **replaced) {
            self.packs.replaced(pack, &names);
        }
    }
}

/// From where each object is.
fn todo(mut at: Vec<Option<At>>, sizes: &[Size]) -> Todo {
    let torn = torn(&join(&at), sizes);
    for place in &mut at {
        *place = place.filter(|(pack, _)| !torn[*pack]);
    }
    let (units, mut pieces, mut wanted) = (join(&at), vec![0; sizes.len()], vec![0; sizes.len()]);
    for unit in &units {
        if let Unit::Pack(pack, objects) = unit {
            pieces[*pack] += 1;
            wanted[*pack] += objects.len();
        }
    }
    // One of which something else is not here now is left as it is.
    let is_small = |pack: usize| wanted[pack] == sizes[pack].objects && sizes[pack].bytes < SMALL;
    let small: Vec<usize> = (0..sizes.len()).filter(|&pack| is_small(pack)).collect();
    let mut replaced = torn;
    if small.len() >= MERGED {
        for pack in small {
            replaced[pack] = true;
        }
    }
    Todo { units, replaced, pieces }
}

/// By pack, whether it lies in pieces and cannot be held open from the first to the last of them.
fn torn(units: &[Unit], sizes: &[Size]) -> Vec<bool> {
    let mut ends: Vec<Option<(usize, usize)>> = vec![None; sizes.len()];
    for (at, unit) in units.iter().enumerate() {
        if let Unit::Pack(pack, _) = unit {
            ends[*pack] = Some((ends[*pack].map_or(at, |(first, _)| first), at));
        }
    }
    let (mut torn, mut open) = (vec![false; sizes.len()], Vec::new());
    for (at, unit) in units.iter().enumerate() {
        open.retain(|&(last, _)| last > at);
        let Unit::Pack(pack, _) = unit else { continue };
        // At its first piece; one in one piece is never left open.
        let Some((_, last)) = ends[*pack].filter(|&(first, last)| first == at && last > at) else { continue };
        let held: u64 = open.iter().map(|(_, bytes)| bytes).sum();
        torn[*pack] = held + sizes[*pack].bytes > MAX_OPEN;
        if !torn[*pack] {
            open.push((last, sizes[*pack].bytes));
        }
    }
    torn
}

/// Objects that follow each other here and come from one pack are one unit.
fn join(at: &[Option<At>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (object, place) in at.iter().enumerate() {
        match (place, units.last_mut()) {
            (None, _) => units.push(Unit::Read(object)),
            (Some((pack, place)), Some(Unit::Pack(last, objects))) if last == pack => objects.push((object, *place)),
            (Some((pack, place)), _) => units.push(Unit::Pack(*pack, vec![(object, *place)])),
        }
    }
    units
}

/// Gathers what was counted until it is worth a file.
pub(super) struct Packer<'a> {
    pending: Vec<Counted<'a>>,
    weight: usize,
    full: Option<SyncSender<Vec<Counted<'a>>>>,
}

impl<'a> Packer<'a> {
    /// `full` takes packs; nothing is kept without it.
    pub(super) const fn new(full: Option<SyncSender<Vec<Counted<'a>>>>) -> Self {
        Self { pending: Vec::new(), weight: 0, full }
    }

    /// Takes an object, or gives it back where nothing is kept.
    pub(super) fn add(&mut self, object: Counted<'a>) -> Option<Counted<'a>> {
        if self.full.is_none() {
            return Some(object);
        }
        let fold = &object.fold;
        let weight =
            fold.rows.len() + fold.crossings.len() + fold.cells.len() + fold.symbols.len() + fold.addrs.addrs().len();
        if self.weight + weight > FULL {
            self.flush();
        }
        self.weight += weight;
        self.pending.push(object);
        None
    }

    /// Ends the pack that is being gathered.
    pub(super) fn flush(&mut self) {
        self.weight = 0;
        let pack = std::mem::take(&mut self.pending);
        if let Some(full) = self.full.as_ref().filter(|_| !pack.is_empty()) {
            // Who cannot take it has failed, and the cache is not worth a run.
            let _ = full.send(pack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs of two objects each, of these sizes.
    fn check(situation: &str, at: &[Option<At>], bytes: &[u64], expect: &[Unit], replaced: &[usize]) {
        let sizes: Vec<Size> = bytes.iter().map(|&bytes| Size { objects: 2, bytes }).collect();
        let todo = todo(at.to_vec(), &sizes);
        assert_eq!(todo.units, expect, "{situation}");
        let packs: Vec<usize> = (0..sizes.len()).filter(|&pack| todo.replaced[pack]).collect();
        assert_eq!(packs, replaced, "{situation}");
        for pack in 0..sizes.len() {
            let of_pack = todo.units.iter().filter(|unit| matches!(unit, Unit::Pack(at, _) if *at == pack));
            assert_eq!(of_pack.count(), todo.pieces[pack], "{situation}");
        }
    }

    fn pack(pack: usize, objects: &[(usize, usize)]) -> Unit {
        Unit::Pack(pack, objects.to_vec())
    }

    #[test]
    fn what_lies_together_is_loaded_together() {
        let few: &[u64] = &[10, 10, 10];
        check("nothing", &[], few, &[], &[]);
        check("nothing is kept", &[None, None], few, &[Unit::Read(0), Unit::Read(1)], &[]);
        let two = [Some((0, 0)), Some((0, 2)), Some((2, 0))];
        check("two packs", &two, few, &[pack(0, &[(0, 0), (1, 2)]), pack(2, &[(2, 0)])], &[]);
        let between = [pack(0, &[(0, 0)]), Unit::Read(1), pack(0, &[(2, 1)])];
        check("a new one between", &[Some((0, 0)), None, Some((0, 1))], few, &between, &[]);
        check("another order", &[Some((0, 1)), Some((0, 0))], few, &[pack(0, &[(0, 1), (1, 0)])], &[]);
    }

    #[test]
    fn packs_in_pieces_are_open_together_as_long_as_they_fit() {
        let half = MAX_OPEN / 2;
        let nested = [Some((0, 0)), Some((1, 0)), Some((2, 0)), Some((2, 1)), Some((1, 1)), Some((0, 1))];
        let all = [
            pack(0, &[(0, 0)]),
            pack(1, &[(1, 0)]),
            pack(2, &[(2, 0), (3, 1)]),
            pack(1, &[(4, 1)]),
            pack(0, &[(5, 1)]),
        ];
        check("they fit, and one in one piece always does", &nested, &[half, half, 2 * MAX_OPEN], &all, &[]);
        let read = [pack(0, &[(0, 0)]), Unit::Read(1), pack(2, &[(2, 0), (3, 1)]), Unit::Read(4), pack(0, &[(5, 1)])];
        check("one does not", &nested, &[half, half + 1, half], &read, &[1]);
        let later = [Some((0, 0)), None, Some((0, 1)), Some((1, 0)), None, Some((1, 1))];
        let one_by_one = [
            pack(0, &[(0, 0)]),
            Unit::Read(1),
            pack(0, &[(2, 1)]),
            pack(1, &[(3, 0)]),
            Unit::Read(4),
            pack(1, &[(5, 1)]),
        ];
        check("one after the other", &later, &[MAX_OPEN, MAX_OPEN], &one_by_one, &[]);
    }

    #[test]
    fn small_packs_become_one() {
        let every = |packs: usize| (0..2 * packs).map(|at| Some((at / 2, at % 2))).collect::<Vec<Option<At>>>();
        let units = |packs: usize| (0..packs).map(|at| pack(at, &[(2 * at, 0), (2 * at + 1, 1)])).collect::<Vec<_>>();
        let all: Vec<usize> = (0..MERGED).collect();
        check("enough", &every(MERGED), &[SMALL - 1; MERGED], &units(MERGED), &all);
        check("too few", &every(MERGED - 1), &[SMALL - 1; MERGED - 1], &units(MERGED - 1), &[]);
        check("large ones", &every(MERGED), &[SMALL; MERGED], &units(MERGED), &[]);
        let mut some = every(MERGED + 1);
        some.pop();
        let mut left = units(MERGED);
        left.push(pack(MERGED, &[(2 * MERGED, 0)]));
        check("one holds more than is here", &some, &[SMALL - 1; MERGED + 1], &left, &all);
    }
}
