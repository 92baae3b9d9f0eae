//! A look at flow logs: which tables they are to another engine, by the same numbers as `natlens export --ddl` declares them, and what
//! it will read of them.

use super::RollupError;
use crate::diag::{Code, Warnings};
use crate::export::ddl::logs::{Folders, Format, Partitions};
use crate::model::flow::{FlowRecord, FlowSink};
use crate::model::symbols::Symbols;
use crate::run::read::name_of;
use crate::run::shapes::{ENDS, TRIES, of_shape, place, telling, whole_address};
use crate::sources::flow::{
    Delivery, ErrorKind, FieldSet, FileShape, FormatName, LayoutHints, Layouts, ObjectOutcome, read_object,
};
use crate::sources::objects::{Object, SourceName};
use crate::sql::table::TableError;
use crate::sql::{Below, Exception, Source, scan};
use hashbrown::HashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Bytes of flow logs, once for each table that reads them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    pub text: u64,
    /// Of Parquet, what is read.
    pub columns: u64,
    /// The same files, all of them.
    pub whole: u64,
}

/// What one table can hold: text binds by place, so that the order of its columns matters.
#[derive(Clone, Debug)]
struct Layout {
    name: FormatName,
    fields: FieldSet,
    format: Format,
    columns: Vec<(String, &'static str)>,
}

impl Layout {
    /// Whether one table can hold both; of Parquet, columns are found by name.
    fn fits(&self, other: &Self) -> bool {
        let is_parquet = self.format == Format::Parquet;
        self.name == other.name && self.fields == other.fields && (is_parquet || self.columns == other.columns)
    }
}

/// Objects of one layout in one folder.
#[derive(Debug)]
struct Table<'a> {
    layout: &'a Layout,
    base: &'a str,
    folders: Folders,
    depth: usize,
    names: BTreeSet<&'a str>,
    partitions: Partitions,
}

impl Table<'_> {
    /// Whether it lies over the folder of an object.
    fn is_over(&self, lies: &Lies) -> bool {
        (lies.at.0.as_str(), lies.at.1) == (self.base, self.folders)
    }

    /// Whether an engine reads an object with this table, declared as the DDL does. What AWS did not name has no partitions, so that
    /// all below is read.
    fn reads(&self, key: &str, lies: &Lies) -> bool {
        if self.folders == Folders::Own {
            return key.starts_with(self.base);
        }
        let is_read = |delivery: &Delivery| self.partitions.reads(&delivery.account, &delivery.region);
        self.is_over(lies) && lies.delivery.as_ref().is_some_and(is_read)
    }
}

/// Where an object lies.
struct Lies {
    /// The folder of its table, as keys begin, and how the folders below it are named.
    at: (String, Folders),
    /// What they say.
    delivery: Option<Delivery>,
}

impl Lies {
    /// The whole address tells: what is asked for may be a folder within a delivery.
    fn of(object: &Object) -> Self {
        let address = whole_address(object);
        let (base, folders, delivery) = place(&address);
        // What is asked for may lie below the folder: then all of it does.
        let base = object.key.strip_suffix(&address[base.len()..]).unwrap_or_default().to_owned();
        Self { at: (base, folders), delivery }
    }
}

/// Objects in the folders of one kind below one folder.
#[derive(Debug)]
struct Lying {
    /// Parts of their names below it: those of the folders, and the last.
    depth: usize,
    /// Their flow logs, and whose folders these are.
    names: BTreeMap<String, Partitions>,
}

/// What a look at flow logs tells.
pub(super) struct Looked {
    /// Of each flow log: its layout, and the object that told.
    layouts: BTreeMap<String, (Layout, String)>,
    pub exceptions: Vec<Exception>,
    /// Folders, and what lies there.
    places: BTreeMap<(String, Folders), Lying>,
    /// Those of the names that AWS gave.
    ids: BTreeSet<String>,
    /// Flow logs in the default format, as nobody says.
    assumed: BTreeSet<String>,
    /// What is read of each Parquet object that was opened.
    parquet: BTreeMap<String, u64>,
    /// Of each flow log the shapes of Parquet objects, for those that were not opened.
    shapes: BTreeMap<String, scan::Shapes>,
}

impl Looked {
    /// Local objects are read whole, so that copies are found by content; of those in a store, which says what tells contents
    /// apart, a few of each flow log in each folder.
    pub fn at(objects: &[Object], hints: &LayoutHints, warnings: &mut Warnings) -> Result<Self, RollupError> {
        let mut looked = Self {
            layouts: BTreeMap::new(),
            exceptions: Vec::new(),
            places: BTreeMap::new(),
            assumed: BTreeSet::new(),
            ids: BTreeSet::new(),
            parquet: BTreeMap::new(),
            shapes: BTreeMap::new(),
        };
        let (without, mut refused) = looked.at_stored(objects, hints, warnings)?;
        let mut seen: HashSet<(Vec<u8>, u64)> = HashSet::new();
        for (at, object) in objects.iter().enumerate() {
            let mut is_duplicate = false;
            if object.is_stored() {
                if without.contains(&at) {
                    continue;
                }
            } else {
                let Some(told) = look(object, hints, warnings)? else {
                    refused.insert(at);
                    continue;
                };
                if !looked.add(object, &told, hints)? {
                    continue;
                }
                let content = told.content_hash.to_le_bytes().to_vec();
                is_duplicate = told.records > 0 && !seen.insert((content, told.inflated_bytes));
            }
            let name = name_of(&object.named.flow_log, None).into_owned();
            if matches!(object.named.flow_log, SourceName::FlowLog(_)) {
                looked.ids.insert(name.clone());
            }
            let Lies { at, delivery } = Lies::of(object);
            let depth = object.key[at.0.len()..].split('/').count();
            let lying = looked.places.entry(at).or_insert_with(|| Lying { depth, names: BTreeMap::new() });
            let partitions = lying.names.entry(name.clone()).or_default();
            if let Some(Delivery { account, region, .. }) = &delivery {
                partitions.add(account, region);
            }
            if object.is_stored() {
                // An ETag, without which nothing is known.
                let tag = object.trait_of_content().unwrap_or_default();
                is_duplicate = !tag.is_empty() && !seen.insert((tag, object.size));
            }
            let exception = exception(object, name, is_duplicate);
            if exception.is_needed() {
                looked.exceptions.push(exception);
            }
        }
        // What is no flow log lies among the objects of one.
        let refused = refused.iter().map(|&at| &objects[at]);
        let named = refused.map(|object| (object, name_of(&object.named.flow_log, None).into_owned()));
        let named = named.filter(|(_, name)| looked.layouts.contains_key(name));
        looked.exceptions.extend(named.map(|(object, name)| exception(object, name, true)));
        looked.exceptions.sort();
        Ok(looked)
    }

    /// Opens the first and the last object of each flow log in each folder of a store, and others until one has a record. Gives what
    /// belongs to no table, objects without records, and those of them that are no flow log. Where none of those that were opened has any, nothing tells what the others are.
    fn at_stored(
        &mut self,
        objects: &[Object],
        hints: &LayoutHints,
        warnings: &mut Warnings,
    ) -> Result<(BTreeSet<usize>, BTreeSet<usize>), RollupError> {
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, object) in objects.iter().enumerate().filter(|(_, object)| object.is_stored()) {
            groups.entry((&object.named.flow_log, Lies::of(object).at)).or_default().push(at);
        }
        let (mut without, mut refused) = (BTreeSet::new(), BTreeSet::new());
        for ((flow_log, (base, _)), group) in groups {
            let own: Vec<&Object> = group.iter().map(|&at| &objects[at]).collect();
            let telling = telling(&own);
            let (mut is_told, mut odd, mut tried) = (false, 0, 0);
            for &one in telling.iter().take(TRIES) {
                // Where all of the first are no flow log, the others are not opened, either.
                if tried >= ENDS && (is_told || odd == tried) {
                    break;
                }
                tried += 1;
                let Some(told) = look(own[one], hints, warnings)? else {
                    odd += 1;
                    without.insert(group[one]);
                    refused.insert(group[one]);
                    continue;
                };
                if self.add(own[one], &told, hints)? {
                    is_told = true;
                } else {
                    without.insert(group[one]);
                }
            }
            if is_told {
                self.measure(&name_of(flow_log, None), &own);
                continue;
            }
            without.extend(&group);
            if let Some(left @ [_, ..]) = telling.get(tried..) {
                let bytes = left.iter().fold(0_u64, |sum, &one| sum.saturating_add(own[one].size));
                let name = name_of(flow_log, None);
                warnings.add(
                    Code::FlowLogLeftOut,
                    format!(
                        "{name} in {}: no record in {tried} objects, and {} with {bytes} bytes were not opened",
                        shown(&base),
                        left.len()
                    ),
                );
            }
        }
        Ok((without, refused))
    }

    /// Reads the footers of the largest Parquet object and of one of half its size: first and last are of the hours around midnight,
    /// where a busy flow log has small ones, and of these the footer is most.
    fn measure(&mut self, name: &str, own: &[&Object]) {
        if self.layouts.get(name).is_none_or(|(layout, _)| layout.format != Format::Parquet) {
            return;
        }
        let largest = own.iter().map(|object| object.size).max().unwrap_or_default();
        for size in [largest, largest / 2] {
            let near = own.iter().min_by_key(|object| object.size.abs_diff(size));
            let Some(object) = near.filter(|object| !self.parquet.contains_key(&object.key)) else { continue };
            // Whatever else it is, the estimate is made without it.
            let Ok(shape) = shape_of(object) else { continue };
            self.parquet.insert(object.key.clone(), shape.bytes(object.size));
            self.shapes.entry(name.to_owned()).or_default().add(shape);
        }
    }

    /// Takes in what an object is, if it has records.
    fn add(&mut self, object: &Object, told: &ObjectOutcome, hints: &LayoutHints) -> Result<bool, RollupError> {
        if matches!(told.format, FormatName::Empty | FormatName::WriteTest) {
            return Ok(false);
        }
        if !matches!(told.format, FormatName::Text | FormatName::TextNoHeader | FormatName::Parquet) {
            return Err(RollupError::Format { object: object.key.clone(), format: told.format });
        }
        if told.layouts == Layouts::Several {
            return Err(RollupError::MixedLines { object: object.key.clone() });
        }
        let name = name_of(&object.named.flow_log, None).into_owned();
        let shape = FileShape::of(object, &object.named.flow_log, hints);
        let shape = shape.map_err(|why| RollupError::Object { object: object.key.clone(), why })?;
        let Some((format, columns)) = shape.map(of_shape) else { return Ok(false) };
        if told.assumed_format {
            self.assumed.insert(name.clone());
        }
        let layout = Layout { name: told.format, fields: told.fields_present, format, columns };
        let (known, one) = self.layouts.entry(name.clone()).or_insert_with(|| (layout.clone(), object.key.clone()));
        if !known.fits(&layout) {
            return Err(RollupError::Mixed { flow_log: name, one: one.clone(), other: object.key.clone() });
        }
        if told.format == FormatName::Parquet {
            let shape = shape_of(object)?;
            self.parquet.insert(object.key.clone(), shape.bytes(object.size));
            self.shapes.entry(name).or_default().add(shape);
        }
        Ok(true)
    }

    /// What an engine will read of these objects: text whole, of Parquet the columns, each by every table over its folder, because
    /// a table reads all that lies in those of its accounts and Regions, whichever flow logs its rows are taken from.
    pub fn scan(&self, objects: &[Object]) -> Scan {
        self.read_by(objects, |table, object, lies| table.reads(&object.key, lies))
    }

    /// The same of objects that are shown one by one.
    pub fn scan_of<E>(&self, show: impl FnOnce(&mut (dyn FnMut(&Object) + Send)) -> Result<(), E>) -> Result<Scan, E> {
        let tables = self.tables();
        let mut scan = Scan::default();
        show(&mut |object| {
            self.add_read(&tables, object, &|table, object, lies| table.reads(&object.key, lies), &mut scan);
        })?;
        Ok(scan)
    }

    /// What an engine reads of them at least: each by the table of its flow log. Another table over the same folders may be one of
    /// the user's own, over less.
    pub fn least(&self, objects: &[Object]) -> Scan {
        self.read_by(objects, |table, object, lies| {
            table.is_over(lies) && table.names.contains(name_of(&object.named.flow_log, None).as_ref())
        })
    }

    fn read_by(&self, objects: &[Object], reads: impl Fn(&Table<'_>, &Object, &Lies) -> bool) -> Scan {
        let tables = self.tables();
        let mut scan = Scan::default();
        for object in objects {
            self.add_read(&tables, object, &reads, &mut scan);
        }
        scan
    }

    fn add_read(
        &self,
        tables: &[Table<'_>],
        object: &Object,
        reads: &impl Fn(&Table<'_>, &Object, &Lies) -> bool,
        scan: &mut Scan,
    ) {
        let lies = Lies::of(object);
        for table in tables.iter().filter(|table| reads(table, object, &lies)) {
            if table.layout.format == Format::Parquet {
                scan.columns = scan.columns.saturating_add(self.columns(object));
                scan.whole = scan.whole.saturating_add(object.size);
            } else {
                scan.text = scan.text.saturating_add(object.size);
            }
        }
    }

    /// A table for each layout in each folder, in the order in which the DDL numbers them: by the first flow log.
    fn tables(&self) -> Vec<Table<'_>> {
        let mut tables: BTreeMap<_, Table<'_>> = BTreeMap::new();
        for ((base, folders), Lying { depth, names }) in &self.places {
            for (name, own) in names {
                let Some((layout, _)) = self.layouts.get(name) else { continue };
                let key = (base, *folders, layout.format, &layout.columns);
                let (names, partitions) = Default::default();
                let new = || Table { layout, base, folders: *folders, depth: *depth, names, partitions };
                let table = tables.entry(key).or_insert_with(new);
                table.names.insert(name);
                table.partitions.extend(own);
            }
        }
        let mut tables: Vec<Table<'_>> = tables.into_values().collect();
        tables.sort_by_key(|table| {
            let first = table.names.iter().copied().find(|name| self.ids.contains(*name));
            (first.is_none(), first)
        });
        tables
    }

    /// Whether there are tables of folders like `31/` and of those like `day=31/`: partitions of one name have other values in each.
    pub fn is_plain_and_hive(&self) -> bool {
        let tables = self.tables();
        let any = |is_kind: fn(&Folders) -> bool| tables.iter().any(|table| is_kind(&table.folders));
        any(|folders| matches!(folders, Folders::Plain { .. }))
            && any(|folders| matches!(folders, Folders::Hive { .. }))
    }

    /// Bytes of the columns of a Parquet object; 0 of text, which no table of Parquet can lie over.
    fn columns(&self, object: &Object) -> u64 {
        if let Some(bytes) = self.parquet.get(&object.key) {
            return *bytes;
        }
        let own = self.shapes.get(name_of(&object.named.flow_log, None).as_ref());
        // Of a flow log that has ended nothing was opened.
        let other = || self.shapes.values().next().filter(|_| object.key.ends_with(".parquet"));
        own.or_else(other).and_then(|shapes| shapes.bytes(object.size)).unwrap_or(0)
    }

    /// The tables, and comments that say which flow logs are in them.
    pub fn sources(&self, table: &str) -> Result<(Vec<Source>, String), RollupError> {
        let tables = self.tables();
        let one = tables.len() == 1;
        let several = tables.iter().any(|table| table.base != tables[0].base);
        let mut about = String::new();
        let mut sources = Vec::new();
        for (at, Table { layout, base, folders, depth, names, .. }) in tables.iter().enumerate() {
            let table = if one { table.to_owned() } else { format!("{table}_{}", at + 1) };
            let joined = names.iter().copied().collect::<Vec<_>>().join(" ");
            let _ = writeln!(about, "-- {table} ({}): {joined}", layout.name);
            if several {
                let _ = writeln!(about, "--   in {}", shown(base));
            }
            if tables.iter().any(|other| other.base == *base && other.folders != *folders) {
                let _ = writeln!(about, "--   {}", kind(*folders));
            }
            // A flow log in two folders is in two tables, and a table of the user's own may see both.
            let is_shared =
                tables.iter().enumerate().any(|(other, table)| other != at && !table.names.is_disjoint(names));
            let is_hive = match folders {
                Folders::Own => None,
                Folders::Plain { .. } => Some(false),
                Folders::Hive { .. } => Some(true),
            };
            let below = is_shared.then(|| Below { folder: (*base).to_owned(), depth: *depth, is_hive });
            let fields = layout.fields.iter().map(|field| field.name().to_owned()).collect();
            let flow_logs: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let assumed = flow_logs.intersection(&self.assumed).cloned().collect();
            let is_text = layout.format != Format::Parquet;
            sources.push(Source { table, fields, flow_logs, assumed, below, is_text });
        }
        if sources.is_empty() { Err(RollupError::NoLogs) } else { Ok((sources, about)) }
    }
}

/// What tells folders of several kinds below one folder apart.
const fn kind(folders: Folders) -> &'static str {
    match folders {
        Folders::Own => "and in no folder of it",
        Folders::Plain { hourly: false } => "in folders like 2026/10/31/",
        Folders::Plain { hourly: true } => "in folders like 2026/10/31/23/",
        Folders::Hive { hourly: false } => "in folders like year=2026/month=10/day=31/",
        Folders::Hive { hourly: true } => "in folders like year=2026/month=10/day=31/hour=23/",
    }
}

fn shown(base: &str) -> &str {
    if base.is_empty() { "./" } else { base }
}

/// Of a Parquet object, whose last bytes tell.
fn shape_of(object: &Object) -> Result<scan::Shape, TableError> {
    let end = |length: u64| {
        let tail = object.tail(usize::try_from(length).unwrap_or(usize::MAX));
        tail.map_err(|error| TableError::Codec(error.to_string()))
    };
    scan::Shape::of(object.size, &end)
}

/// What an object is; `None`, and a warning, for what is no flow log. What is damaged stops engines.
fn look(object: &Object, hints: &LayoutHints, warnings: &mut Warnings) -> Result<Option<ObjectOutcome>, RollupError> {
    match read_object(object, hints, &mut Nothing::default()) {
        Ok(told) => Ok(Some(told)),
        Err(why) if why.kind() == ErrorKind::Refused => {
            let hint = why.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            warnings.add(Code::UnreadableObject, format!("{}: {why}{hint}", object.key));
            Ok(None)
        }
        Err(why) => Err(RollupError::Object { object: object.key.clone(), why }),
    }
}

fn exception(object: &Object, flow_log: String, is_duplicate: bool) -> Exception {
    let (account, region) = (object.named.account.clone(), object.named.region.clone());
    Exception { object: object.key.clone(), flow_log, account, region, is_duplicate }
}

/// Records that nobody wants.
#[derive(Default)]
struct Nothing(Symbols);

impl FlowSink for Nothing {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.0
    }

    fn wants_ports(&self, _: Option<crate::model::symbols::Sym>) -> bool {
        false
    }

    fn record(&mut self, _: &FlowRecord) {}

    fn malformed(&mut self, _: u64, _: &'static str) {}
}

#[cfg(test)]
mod tests;
