//! Reads all flow log objects into one rollup: objects in parallel, their folds merged one after the other in a fixed order.
//!
//! The order is by values only (flow log, size of large ones, key), so that which of two equal objects counts, and which lines are quoted in
//! warnings, never depends on threads. Workers stay a bounded number of objects ahead of the merge: memory does not grow with
//! the number of objects.

mod kept;

use super::limit::{Bounded, Budget, Held, OverLimit};
use super::parallel::{Crew, ahead, in_order};
use crate::cache::{Cache, Counted, Told};
use crate::count::fold::{Fold, MAX_BYTES};
use crate::count::roles::Roles;
use crate::count::rollup::{Hints, Rollup};
use crate::diag::{Code, Warnings};
use crate::model::memory::Memory;
use crate::model::period::Window;
use crate::sources::flow::{LayoutHints, ReadError, read_object, read_object_shared};
use crate::sources::objects::{Object, SourceName, export_task, store};
use crate::sources::pages::{Home, Pages};
use hashbrown::HashSet;
use kept::{Packer, Shelf, Unit};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

/// What reading needs to know.
#[derive(Debug)]
pub struct ReadPlan<'a> {
    /// Roles of known interfaces.
    pub roles: &'a Roles,
    /// Field orders for logs without header.
    pub hints: &'a LayoutHints,
    /// The period, where the user gave one.
    pub window: Option<Window>,
    /// Number of worker threads, at least 1.
    pub threads: usize,
    /// Stored bytes from which an object is read by all who have nothing else to do.
    pub shared_from: u64,
    /// What all of it may take in memory; `None` is no limit.
    pub memory_limit: Option<Memory>,
    /// Bytes of it that naming will take beside the records.
    pub memory_of_names: usize,
    /// Whether the report tells days apart, which takes memory later.
    pub days: bool,
    /// Where earlier runs kept what they counted; packing takes memory that no limit would hold.
    pub cache: Option<&'a Cache>,
}

/// What reading gave.
#[derive(Debug, Default)]
pub struct Reading {
    /// The collapsed records.
    pub rollup: Rollup,
    /// Objects that gave nothing.
    pub unreadable: u64,
    /// Objects that were read, duplicates included.
    pub read: u64,
}

/// Reads every object, or says that they do not fit. `on_object` hears the stored size of each object as it is done.
pub fn read_all(
    mut objects: Vec<Object>,
    plan: &ReadPlan<'_>,
    warnings: &mut Warnings,
    on_object: &mut dyn FnMut(u64),
) -> Result<Reading, OverLimit> {
    order(&mut objects);
    let in_flight = store::MEMORY + plan.threads * store::MEMORY_OF_READER;
    let of_store = if objects.iter().any(Object::is_stored) { in_flight } else { 0 };
    let budget = Budget::new(plan.memory_limit, (plan.threads, of_store), plan.memory_of_names, plan.days);
    let (objects, shelf) = (&objects[..], Shelf::open(&objects, plan));
    let all: Vec<Unit>;
    let units = if let Some(shelf) = &shelf {
        shelf.units()
    } else {
        all = (0..objects.len()).map(Unit::Read).collect();
        &all
    };
    let spare = Spare::new(plan);
    let read = |at: usize, crew: &_| read(at, objects, plan, shelf.as_ref(), (&budget, &spare, crew));
    let do_unit = |at: usize, crew: &_| match &units[at] {
        Unit::Read(object) => read(*object, crew).into_iter().collect(),
        Unit::Pack(pack, wanted) => {
            let done = |at, counted, is_new| Done { at, result: Ok(counted), is_new, held: None };
            match shelf.as_ref().and_then(|shelf| shelf.take(*pack, wanted)) {
                Some((is_new, taken)) => {
                    wanted.iter().zip(taken).map(|((at, _), counted)| done(*at, counted, is_new)).collect()
                }
                None => wanted.iter().filter_map(|(at, _)| read(*at, crew)).collect::<Vec<_>>(),
            }
        }
    };
    let batches = batches(units, objects);
    let soon = |at: usize| {
        for unit in &units[batches[at].clone()] {
            if let Unit::Read(object) = unit {
                objects[*object].announce();
            }
        }
    };
    let work = |at: usize, crew: &_| batches[at].clone().flat_map(|unit| do_unit(unit, crew)).collect();
    let mut merge = Merge::new(warnings);
    std::thread::scope(|scope| {
        // Files are written beside the reading, one after the other.
        let full = shelf.as_ref().filter(|shelf| shelf.can_keep()).map(|shelf| {
            let (sender, full) = sync_channel::<Vec<Counted<'_>>>(1);
            let spare = &spare;
            scope.spawn(move || shelf.keep(&full, &|fold| spare.give(fold)));
            sender
        });
        let mut packer = Packer::new(full);
        in_order(batches.len(), plan.threads, soon, work, |_, done: Vec<Done<'_, '_>>| {
            for Done { at, result, is_new, held } in done {
                // Past the limit nothing is kept: there will be no report, and what was being read is cut off.
                if !budget.is_over() {
                    merge.object(&objects[at], &result);
                    drop(held);
                    budget.merged(objects[at].size, &merge.reading.rollup);
                    if let Ok(counted) = result {
                        let left = if is_new { packer.add(counted) } else { Some(counted) };
                        if let Some(counted) = left {
                            spare.give(counted.fold);
                        }
                    }
                }
                on_object(objects[at].size);
            }
        });
        packer.flush();
    });
    for (file, what) in merge.pages.unfinished(|_| Home::default()) {
        merge.warnings.add(Code::MissingPages, format!("{file}: `{what}` goes on at a page that is not there"));
    }
    let total = objects.iter().map(|object| object.size).sum();
    budget.refusal(total).map_or(Ok(merge.reading), Err)
}

/// An object that is ready to be merged.
struct Done<'a, 'b> {
    /// Which.
    at: usize,
    result: Result<Counted<'a>, ReadError>,
    /// Whether it is to be packed.
    is_new: bool,
    /// What it counts for until it is merged.
    held: Option<Held<'b>>,
}

/// Folds that were merged, for the next objects: new memory has to be asked for and cleared, page by page.
struct Spare<'a> {
    roles: &'a Roles,
    window: Option<Window>,
    folds: Mutex<Vec<Fold<'a>>>,
    most: usize,
}

impl<'a> Spare<'a> {
    fn new(plan: &ReadPlan<'a>) -> Self {
        // As many as are in use at a time; under a limit nothing is held that is not counted.
        let most = if plan.memory_limit.is_none() { ahead(plan.threads) + MOST } else { 0 };
        Self { roles: plan.roles, window: plan.window, folds: Mutex::default(), most }
    }

    fn take(&self) -> Fold<'a> {
        let kept = self.folds.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.and_then(|fold| fold.emptied(self.window)).unwrap_or_else(|| Fold::new(self.roles, self.window))
    }

    fn give(&self, fold: Fold<'a>) {
        let mut folds = self.folds.lock().unwrap_or_else(PoisonError::into_inner);
        if folds.len() < self.most {
            folds.push(fold);
        }
    }
}

/// Stored bytes, and objects, that a worker takes at once: passing on a small object costs more than reading it.
const BATCH: u64 = 256 << 10;
const MOST: usize = 64;

/// What workers take, in the order of the units: one unit, or several that are small.
fn batches(units: &[Unit], objects: &[Object]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut room = 0;
    for (at, unit) in units.iter().enumerate() {
        let size = if let Unit::Read(object) = unit { objects[*object].size } else { BATCH };
        match batches.last_mut() {
            Some(batch) if size <= room && batch.len() < MOST => {
                batch.end += 1;
                room -= size;
            }
            _ => {
                batches.push(at..at + 1);
                room = BATCH.saturating_sub(size);
            }
        }
    }
    batches
}

/// Reads an object; `None` past the limit.
fn read<'a: 'b, 'b>(
    at: usize,
    objects: &[Object],
    plan: &ReadPlan<'a>,
    shelf: Option<&Shelf<'_>>,
    (budget, spare, crew): (&'b Budget, &Spare<'a>, &Crew<'b>),
) -> Option<Done<'a, 'b>> {
    if !budget.begin(objects[at].size) {
        return None;
    }
    let mut fold = Bounded::new(spare.take(), budget);
    let read = AssertUnwindSafe(|| {
        if objects[at].size >= plan.shared_from {
            read_object_shared(&objects[at], plan.hints, &mut fold, crew)
        } else {
            read_object(&objects[at], plan.hints, &mut fold)
        }
    });
    let outcome = catch_unwind(read).unwrap_or_else(|_| {
        let why = "reading it failed; this is a defect of natlens".to_owned();
        Err(ReadError::BrokenOff { part: "the object", why })
    });
    let (fold, held) = fold.into_fold();
    let identity = shelf.and_then(|shelf| shelf.new_identity(at));
    let counted = |outcome| Counted { identity: identity.unwrap_or_default(), told: Told::from(outcome), fold };
    Some(Done { at, result: outcome.map(counted), is_new: identity.is_some(), held: Some(held) })
}

/// [`ReadPlan::shared_from`]: 4 MiB. What is smaller ends before sharing it is of any use.
pub(super) const SHARED: u64 = 4 << 20;

/// Stored bytes from which an object is begun before smaller ones. Below it the hours of a pair come in their order.
const LARGE: u64 = SHARED;

/// Flow logs that name themselves first; of the others those that hold something nobody else holds, then those with more
/// content: copies under another prefix lose to the originals. Inside a flow log the objects that threads share first; the rest by key, which AWS begins with the day, so that what comes later lies after what was kept.
pub(super) fn order(objects: &mut [Object]) {
    let mut holders: BTreeMap<u64, BTreeSet<&SourceName>> = BTreeMap::new();
    let unnamed: BTreeSet<&SourceName> =
        objects.iter().map(|o| &o.named.flow_log).filter(|name| is_unnamed(name)).collect();
    if unnamed.len() > 1 {
        for object in objects.iter().filter(|object| is_unnamed(&object.named.flow_log)) {
            holders.entry(fingerprint(object)).or_default().insert(&object.named.flow_log);
        }
    }
    let mut contents: BTreeMap<SourceName, (bool, u64)> = BTreeMap::new();
    for names in holders.values() {
        for &name in names {
            let (only_here, distinct) = contents.entry(name.clone()).or_default();
            *only_here |= names.len() == 1;
            *distinct += 1;
        }
    }
    let down = |n: u64| std::cmp::Reverse(n);
    let rank = |flow_log: &SourceName| {
        let (only_here, distinct) = contents.get(flow_log).copied().unwrap_or_default();
        (is_unnamed(flow_log), !only_here, down(distinct))
    };
    let flow_logs: BTreeSet<_> =
        objects.iter().map(|object| (rank(&object.named.flow_log), &object.named.flow_log)).collect();
    let places: BTreeMap<SourceName, usize> = flow_logs.into_iter().map(|(_, name)| name.clone()).zip(0..).collect();
    // They are by key already.
    objects.sort_by_cached_key(|object| {
        (places.get(&object.named.flow_log).copied(), down(if object.size >= LARGE { object.size } else { 0 }))
    });
}

const fn is_unnamed(name: &SourceName) -> bool {
    matches!(name, SourceName::Prefix(_))
}

/// Tells most contents apart without reading them.
/// An object that cannot be opened here fails where it is read.
fn fingerprint(object: &Object) -> u64 {
    let (mut tail, size) = object.trait_of_content().map_or((Vec::new(), 0), |tail| (tail, object.size));
    tail.extend_from_slice(&size.to_le_bytes());
    xxhash_rust::xxh3::xxh3_64(&tail)
}

struct Merge<'a> {
    reading: Reading,
    seen: HashSet<(u128, u64)>,
    pages: Pages,
    all_bytes: u64,
    warnings: &'a mut Warnings,
}

/// The call whose pages flow logs may be.
pub(super) const FILTER_LOG_EVENTS: &str = "filter-log-events";

impl<'a> Merge<'a> {
    fn new(warnings: &'a mut Warnings) -> Self {
        let (reading, seen, pages) = Default::default();
        Self { reading, seen, pages, all_bytes: 0, warnings }
    }

    fn object(&mut self, object: &Object, result: &Result<Counted<'_>, ReadError>) {
        let Counted { told, fold, .. } = match result {
            Ok(counted) => counted,
            Err(error) => {
                self.reading.unreadable += 1;
                let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                return self.warnings.add(Code::UnreadableObject, format!("{}: {error}{hint}", object.key));
            }
        };
        self.pages.add_object(FILTER_LOG_EVENTS, &object.key, told.pages);
        let all_bytes = self.all_bytes + fold.all_bytes;
        if all_bytes > MAX_BYTES {
            self.reading.unreadable += 1;
            let what = format!("{}: with it the bytes of all records exceed {MAX_BYTES}", object.key);
            return self.warnings.add(Code::UnreadableObject, what);
        }
        self.all_bytes = all_bytes;
        self.reading.read += 1;
        if fold.read > 0 && !self.seen.insert((told.content_hash, told.inflated_bytes)) {
            self.warnings.add(Code::DuplicateObject, object.key.clone());
            return self.reading.rollup.merge_duplicate(fold);
        }
        let samples = fold.malformed_samples.iter().map(|(line, why)| match line {
            0 => format!("{}: {why}", object.key), // refused by the counter, which knows no lines
            line => format!("{}:{line}: {why}", object.key),
        });
        let mut left = fold.malformed;
        for sample in samples {
            self.warnings.add(Code::MalformedRecord, sample);
            left -= 1;
        }
        self.warnings.add_counted(Code::MalformedRecord, left, object.key.clone());
        if told.assumed_accept || told.assumed_ok {
            let missing = match (told.assumed_accept, told.assumed_ok) {
                (true, true) => "action and log-status",
                (true, false) => "action",
                _ => "log-status",
            };
            self.warnings.add(Code::AssumedStatus, format!("{}: without {missing}", object.key));
        }
        let name = source_name(object, told.log_group.as_deref());
        let rollup = &mut self.reading.rollup;
        let source = rollup.source(&name);
        let hints = Hints { account: object.named.account.as_deref(), region: object.named.region.as_deref() };
        rollup.merge(fold, source, &hints);
    }
}

/// What the source of an object's records is called: its flow log, but for an export task, which may hold one piece of a log group or
/// another one (`count::vantage` tells).
fn source_name<'a>(object: &'a Object, log_group: Option<&str>) -> Cow<'a, str> {
    let name = name_of(&object.named.flow_log, log_group);
    let of_prefix = matches!(object.named.flow_log, SourceName::Prefix(_)) && log_group.is_none();
    match export_task(&object.key).filter(|_| of_prefix) {
        Some(task) => Cow::Owned(format!("{name}/{task}")),
        None => name,
    }
}

/// What a flow log is called; `log_group` is what the content names.
pub(super) fn name_of<'a>(flow_log: &'a SourceName, log_group: Option<&str>) -> Cow<'a, str> {
    match (flow_log, log_group) {
        (SourceName::Prefix(_), Some(group)) => Cow::Owned(format!("log-group:{group}")),
        (SourceName::LogGroup(group), _) => Cow::Owned(format!("log-group:{group}")),
        (SourceName::FlowLog(id), _) => Cow::Borrowed(id.as_str()),
        (SourceName::Prefix(prefix), None) => Cow::Owned(format!("prefix:{prefix}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::vantage::kin;
    use crate::sources::objects::Place;
    use std::path::PathBuf;

    fn check(situation: &str, units: &[Unit], sizes: &[u64], expect: &[Range<usize>]) {
        let objects: Vec<Object> =
            sizes.iter().map(|&size| Object::new("key".to_owned(), Place::File(PathBuf::new()), size)).collect();
        assert_eq!(batches(units, &objects), expect, "{situation}");
    }

    #[test]
    fn the_tasks_of_an_export_are_sources_of_one_kin() {
        let [one, two] = ["1", "2"].map(|last| format!("0a1b2c3d-1111-2222-3333-44445555666{last}"));
        for above in ["", "exports/", "a/b/"] {
            let [one, two] = [&one, &two].map(|task| {
                let key = format!("{above}{task}/eni-0abc-all/000000.gz");
                source_name(&Object::new(key, Place::File(PathBuf::new()), 1), None).into_owned()
            });
            assert_ne!(one, two);
            assert!(kin(&one).is_some() && kin(&one) == kin(&two), "{one} and {two}");
        }
        let key = "123456789012_vpcflowlogs_us-east-1_fl-0abc_20261001T0005Z_1a2b3c4d.log.gz";
        let object = Object::new(format!("{one}/{key}"), Place::File(PathBuf::new()), 1);
        assert_eq!((source_name(&object, None).as_ref(), kin("fl-0abc")), ("fl-0abc", None));
    }

    #[test]
    fn small_objects_are_taken_together() {
        let read = |objects: Range<usize>| objects.map(Unit::Read).collect::<Vec<_>>();
        check("nothing", &[], &[], &[]);
        check("large ones", &read(0..3), &[BATCH; 3], &[0..1, 1..2, 2..3]);
        check("as much as a large one", &read(0..4), &[BATCH / 2, BATCH / 2, 1, BATCH], &[0..2, 2..3, 3..4]);
        check("many", &read(0..MOST + 1), &[1; MOST + 1], &[0..MOST, MOST..MOST + 1]);
        let pack = Unit::Pack(0, vec![(1, 0), (2, 1)]);
        check("a pack between", &[Unit::Read(0), pack, Unit::Read(3)], &[1; 4], &[0..1, 1..2, 2..3]);
    }
}
