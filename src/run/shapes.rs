//! The flow logs as tables of another engine: what their objects are, looked at one for each flow log and folder.

use super::inputs::{self, load};
use super::read::name_of;
use super::{Plan, RunError};
use crate::diag::Warnings;
use crate::export::ddl::logs::{Folders, Format, LogTable, Partitions};
use crate::sources::flow::{ColumnType, Delivery, FileShape, FormatName, LayoutHints};
use crate::sources::objects::store::SCHEME;
use crate::sources::objects::{Object, Place, SourceName};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Tables over the flow logs of a plan, sorted. `logs_at` is the address of what was read from folders; without it those are left
/// out, and said to be.
pub fn log_tables(plan: &Plan, logs_at: Option<&str>) -> Result<(Vec<LogTable>, Vec<String>), RunError> {
    let (mut warnings, mut notes) = (Warnings::default(), Vec::new());
    let loaded = load(&plan.inputs, (plan.store.as_ref(), plan.period.window()), plan.threads, None, &mut warnings)?;
    let hints = inputs::layout_hints(&plan.inputs, &loaded.inventory, &mut warnings)?;
    // One look at each flow log in each folder of accounts: a flow log never changes its format.
    let mut groups: BTreeMap<(String, Option<Delivery>, String), Vec<Delivered<'_>>> = BTreeMap::new();
    let mut elsewhere = 0u64;
    for object in &loaded.objects {
        let Some(address) = address(object, plan, logs_at) else {
            elsewhere += 1;
            continue;
        };
        let delivery = Delivery::parse(&address);
        let kind = delivery.clone().map(|delivery| Delivery { time: String::new(), ..delivery });
        let (folder, ..) = place(&address);
        let source = match &object.named.flow_log {
            SourceName::FlowLog(id) => id.clone(),
            SourceName::LogGroup(_) | SourceName::Prefix(_) => extension(&address).to_owned(),
        };
        groups.entry((folder, kind, source)).or_default().push((object, delivery));
    }
    if elsewhere > 0 {
        notes.push(format!("{elsewhere} flow log objects were read from folders: no table is made over them"));
    }
    let mut tables: BTreeMap<_, LogTable> = BTreeMap::new();
    for ((folder, kind, _), objects) in groups {
        let Some(shape) = shape(&objects, &folder, &hints, &mut notes) else { continue };
        let folders = named_by(kind.as_ref());
        let (format, columns) = of_shape(shape);
        let table = tables.entry((folder.clone(), folders, format, columns.clone())).or_insert_with(|| LogTable {
            location: folder,
            folders,
            format,
            columns,
            partitions: Partitions::default(),
            first: String::new(),
            flow_logs: BTreeSet::new(),
        });
        for (object, delivery) in objects {
            if let SourceName::FlowLog(id) = &object.named.flow_log {
                table.flow_logs.insert(id.clone());
            }
            if let Some(Delivery { account, region, time, .. }) = delivery {
                table.partitions.add(&account, &region);
                if table.first.is_empty() || time < table.first {
                    table.first = time;
                }
            }
        }
    }
    Ok((tables.into_values().collect(), notes))
}

/// The folder over which a table lies that holds an object, how what is below was named, and what AWS's folders say.
pub(super) fn place(path: &str) -> (String, Folders, Option<Delivery>) {
    let delivery = Delivery::parse(path);
    let folders = named_by(delivery.as_ref());
    let own = || path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    (delivery.as_ref().map_or_else(own, |delivery| delivery.base.clone()), folders, delivery)
}

const fn named_by(delivery: Option<&Delivery>) -> Folders {
    match delivery {
        None => Folders::Own,
        Some(Delivery { hive: true, hourly, .. }) => Folders::Hive { hourly: *hourly },
        Some(Delivery { hourly, .. }) => Folders::Plain { hourly: *hourly },
    }
}

/// An object and what its folders say.
type Delivered<'a> = (&'a Object, Option<Delivery>);

/// So many objects of a flow log in a folder are opened at most until one has records.
pub(super) const TRIES: usize = 10;
/// The first of them, which lie farthest apart.
pub(super) const ENDS: usize = 2;

/// Where to look for what a flow log's objects in a folder are: at the first, at the last, then at the largest, because what has no
/// records is small. Each content once, as far as a store tells contents apart, and what has no byte never.
pub(super) fn telling(objects: &[&Object]) -> Vec<usize> {
    let last = objects.len().saturating_sub(1);
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_by_key(|&at| (at != 0, at != last, Reverse(objects[at].size), at));
    let mut seen = BTreeSet::new();
    let mut is_new = |object: &Object| match &object.place {
        Place::Stored(stored) => {
            let entry = &stored.entry;
            entry.etag.as_ref().is_none_or(|tag| seen.insert((tag.clone(), entry.size)))
        }
        Place::File(_) => true,
    };
    order.retain(|&at| objects[at].size > 0 && is_new(objects[at]));
    order
}

/// Of the first object of a group that has records.
fn shape(
    objects: &[(&Object, Option<Delivery>)],
    folder: &str,
    hints: &LayoutHints,
    notes: &mut Vec<String>,
) -> Option<FileShape> {
    let own: Vec<&Object> = objects.iter().map(|(object, _)| *object).collect();
    let telling = telling(&own);
    for object in telling.iter().take(TRIES).map(|&at| own[at]) {
        match FileShape::of(object, &object.named.flow_log, hints) {
            Ok(Some(shape)) => return Some(shape),
            Ok(None) => {}
            Err(error) => notes.push(format!("{}: {error}", object.key)),
        }
    }
    let left = telling.len().saturating_sub(TRIES);
    if left > 0 {
        let name = name_of(&own[0].named.flow_log, None);
        notes.push(format!(
            "{name} in {folder}: no record in {TRIES} objects, and {left} were not opened: no table is made over them"
        ));
    }
    None
}

pub(super) fn of_shape(shape: FileShape) -> (Format, Vec<(String, &'static str)>) {
    let format = match shape.format {
        FormatName::Text => Format::Text,
        FormatName::TextNoHeader => Format::TextNoHeader,
        FormatName::CloudWatchExport => Format::Export,
        FormatName::Parquet => Format::Parquet,
        _ => Format::Other("JSON"),
    };
    let hive = |kind| match kind {
        ColumnType::Text => "string",
        ColumnType::Int => "int",
        ColumnType::Long => "bigint",
    };
    let time = (format == Format::Export).then(|| ("exported_at".to_owned(), "string"));
    let columns = shape.columns.into_iter().map(|(name, kind)| (name, hive(kind)));
    (format, time.into_iter().chain(columns).collect())
}

/// Where an object lies, all of it: what it is called begins below what was asked for.
pub(super) fn whole_address(object: &Object) -> String {
    match &object.place {
        Place::Stored(stored) => format!("{SCHEME}{}/{}", stored.entry.bucket, stored.entry.key),
        Place::File(path) => path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"),
    }
}

/// Where an object lies in a bucket, as far as that is known.
fn address(object: &Object, plan: &Plan, logs_at: Option<&str>) -> Option<String> {
    match &object.place {
        Place::Stored(_) => Some(whole_address(object)),
        Place::File(path) => {
            let below = plan.inputs.flow_logs.iter().find_map(|input| path.strip_prefix(Path::new(input)).ok())?;
            let below: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
            Some(format!("{}/{}", logs_at?.trim_end_matches('/'), below?.join("/")))
        }
    }
}

/// What tells formats apart where no name of a flow log does.
fn extension(address: &str) -> &str {
    let name = address.rsplit('/').next().unwrap_or(address);
    name.split_once('.').map_or("", |(_, extension)| extension)
}
