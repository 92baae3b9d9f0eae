//! Which objects an earlier run counted, and keeping what this one counts. The order in which objects are merged is not touched.

use super::ReadPlan;
use crate::cache::{At, Counted, Packs, meaning};
use crate::sources::objects::Object;
use std::hash::Hash;
use std::sync::mpsc::SyncSender;
use xxhash_rust::xxh3::Xxh3;

/// What a worker takes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// An object to read.
    Read(usize),
    /// Objects that follow each other and come from one pack: object and place in the pack.
    Pack(usize, Vec<(usize, usize)>),
}

/// Pieces that a pack may lie in between other objects, each of which loads it again. One that is torn more is read anew, after
/// which its objects lie together.
const MAX_PIECES: usize = 8;

/// Rows and texts that make a pack full: some megabytes in memory.
const FULL: usize = 1 << 16;

/// What earlier runs counted, and the identity of each object here.
pub(super) struct Shelf<'a> {
    pub(super) packs: Packs<'a>,
    identities: Vec<Option<u128>>,
}

impl<'a> Shelf<'a> {
    /// `None` without a cache.
    pub(super) fn open(objects: &[Object], plan: &ReadPlan<'a>) -> Option<Self> {
        let cache = plan.cache?;
        // All that a fold depends on but the object itself.
        let meaning = meaning(cache, plan.roles, &format!("{:?} {:?}", plan.hints, plan.window));
        let identity = |object: &Object| {
            let identity = object.identity.as_ref().filter(|identity| identity.settled_from() <= cache.place().now)?;
            let mut state = Xxh3::new();
            // The flow log decides which layout a log without header has.
            (identity, &object.flow_log).hash(&mut state);
            Some(state.digest128())
        };
        Some(Self { packs: Packs::open(cache, meaning), identities: objects.iter().map(identity).collect() })
    }

    pub(super) fn identity(&self, object: usize) -> Option<u128> {
        self.identities[object]
    }

    /// What there is to do, in the order of the objects.
    pub(super) fn units(&self) -> Vec<Unit> {
        let at = |identity: &Option<u128>| identity.and_then(|identity| self.packs.find(identity));
        units(self.identities.iter().map(at).collect(), self.packs.len())
    }
}

fn units(mut at: Vec<Option<At>>, packs: usize) -> Vec<Unit> {
    let mut pieces = vec![0; packs];
    for piece in join(&at) {
        if let Unit::Pack(pack, _) = piece {
            pieces[pack] += 1;
        }
    }
    for place in &mut at {
        *place = place.filter(|(pack, _)| pieces[*pack] <= MAX_PIECES);
    }
    join(&at)
}

/// Objects that follow each other here and in their pack are one unit.
fn join(at: &[Option<At>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (object, place) in at.iter().enumerate() {
        match (place, units.last_mut()) {
            (None, _) => units.push(Unit::Read(object)),
            (Some((pack, place)), Some(Unit::Pack(last, objects)))
                if last == pack && objects.last().is_some_and(|(_, before)| before < place) =>
            {
                objects.push((object, *place));
            }
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

    fn check(situation: &str, at: &[Option<At>], expect: &[Unit]) {
        assert_eq!(units(at.to_vec(), 3), expect, "{situation}");
    }

    #[test]
    fn what_lies_together_is_loaded_together() {
        let pack = |pack, objects: &[(usize, usize)]| Unit::Pack(pack, objects.to_vec());
        check("nothing", &[], &[]);
        check("nothing is kept", &[None, None], &[Unit::Read(0), Unit::Read(1)]);
        check(
            "two packs",
            &[Some((0, 0)), Some((0, 2)), Some((2, 0))],
            &[pack(0, &[(0, 0), (1, 2)]), pack(2, &[(2, 0)])],
        );
        check(
            "a new one between",
            &[Some((0, 0)), None, Some((0, 1))],
            &[pack(0, &[(0, 0)]), Unit::Read(1), pack(0, &[(2, 1)])],
        );
        check("another order", &[Some((0, 1)), Some((0, 0))], &[pack(0, &[(0, 1)]), pack(0, &[(1, 0)])]);
    }

    #[test]
    fn a_pack_that_is_torn_is_read_anew() {
        let torn: Vec<Option<At>> = (0..20).map(|at| Some((at % 2, at))).collect();
        check("two packs, object by object", &torn, &(0..20).map(Unit::Read).collect::<Vec<_>>());
        let some: Vec<Option<At>> = (0..10).map(|at| (at % 2 == 0).then_some((0, at))).collect();
        assert_eq!(units(some, 1).iter().filter(|unit| matches!(unit, Unit::Pack(..))).count(), 5);
    }
}
