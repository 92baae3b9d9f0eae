//! The roll-up that another engine made, or that is made for one: its SQL text with the tables that it joins, the local engine's own
//! result in the same form, and a result in place of flow logs.

use super::inputs::{self, FLOW_LOGS, Given, InputError, Loaded, layout_hints};
use super::period::PeriodChoice;
use super::read::{ReadPlan, SHARED, name_of, order, read_all};
use super::{Plan, RunError};
use crate::count::roles::Roles;
use crate::count::rollup::Rollup;
use crate::diag::{Code, Warnings};
use crate::model::bytes::Bytes;
use crate::model::flow::{FlowRecord, FlowSink};
use crate::model::inventory::Inventory;
use crate::model::period::{Month, Window, iso};
use crate::model::symbols::Symbols;
use crate::report::InputRow;
use crate::sources::flow::{
    Delivery, FieldSet, FileShape, FormatName, LayoutHints, ObjectOutcome, ReadError, read_object,
};
use crate::sources::objects::{Object, ObjectBytes, SourceName};
use crate::sql::back::{Back, BackError, ReadBack};
use crate::sql::table::{self, Kind, TableError};
use crate::sql::{
    COLUMNS, Dialect, Emission, Exception, FORM, Grain, Guide, ReferenceTable, Source, SourceRefusal, inventory_digest,
    reference_tables, render, result, scan,
};
use hashbrown::HashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Why a roll-up cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum RollupError {
    /// Where it should be.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file of it.
    #[error("{file}: {why}")]
    File {
        /// Its key.
        file: String,
        /// What is wrong.
        why: BackError,
    },
    /// All of it together.
    #[error("{0}: {1}")]
    Whole(String, BackError),
    /// No file.
    #[error("{0}: there is no file in it")]
    Empty(String),
    /// Asked for a time that it is not of.
    #[error("the roll-up is of {} to {}", iso(.0.start), iso(.0.end))]
    Window(Window),
    /// A dataset is of months.
    #[error("the roll-up is of {} to {}, and each month is a part of the dataset of its own", iso(.0.start), iso(.0.end))]
    Months(Window),
    /// Resolver logs name by the hour.
    #[error("the roll-up has one row a day, and Resolver logs name by the hour")]
    Grain,
    /// Rules ask for ports that were not kept, so that nothing tells what they name.
    #[error("the roll-up did not keep every port that rules ask for: {0}")]
    Ports(String),
    /// The inventory decides otherwise which rows are kept.
    #[error(
        "{0}: the inventory has other NAT gateways, VPCs or routes to gateways than the one that the roll-up was made with"
    )]
    Inventory(String),
    /// Likewise, because nothing in it is of the accounts that everything else is of.
    #[error("the roll-up is of account {rollup}, and the inventory of {inventory}")]
    Accounts {
        /// Accounts of its records.
        rollup: String,
        /// Accounts of the inventory.
        inventory: String,
    },
    /// Without a time nothing tells which partitions to read.
    #[error("which time is not said")]
    NoWindow,
    /// Flow logs of a form that is no table.
    #[error("{object}: {format} cannot be read by SQL")]
    Format {
        /// Key.
        object: String,
        /// Its format.
        format: FormatName,
    },
    /// An object that cannot be read.
    #[error("{object}: {why}")]
    Object {
        /// Key.
        object: String,
        /// Why.
        why: ReadError,
    },
    /// A flow log whose objects differ.
    #[error("{flow_log}: its objects have different fields or formats ({one}, {other})")]
    Mixed {
        /// Name.
        flow_log: String,
        /// Key of an object.
        one: String,
        /// Key of another.
        other: String,
    },
    /// A layout.
    #[error(transparent)]
    Source(#[from] SourceRefusal),
    /// No flow log.
    #[error("there is no flow log, so that nothing tells which fields there are")]
    NoLogs,
    /// The codec.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl RollupError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Window(_) => "leave out the time, or make a roll-up of it",
            Self::Grain => "make it by `natlens athena --grain hour`, or leave out --dns",
            Self::Ports(_) => "make the roll-up again with these rules, or leave them out",
            Self::Inventory(_) => "make the roll-up again with this inventory, or give the one that it was made with",
            Self::Accounts { .. } => "give the bundle that the roll-up was made of, or make one of this account",
            Self::Months(_) => "make a roll-up of each month, and export one after the other",
            Self::NoWindow => "give --month, or --from and --to",
            Self::Format { .. } | Self::Mixed { .. } | Self::Source(_) => {
                "report these flow logs by `natlens report`, or leave them out by --flow-logs"
            }
            Self::NoLogs | Self::Object { .. } => "give the flow logs by --flow-logs",
            Self::File { why: BackError::Form(_), .. } | Self::Whole(_, BackError::Form(_)) => {
                "make the roll-up again with this natlens"
            }
            Self::Input(_) | Self::File { .. } | Self::Whole(..) | Self::Empty(_) | Self::Table(_) => {
                "give the whole result of one run: a Parquet file, or the folder with all of them"
            }
        }
    }
}

const WINDOW: [(&str, Kind); 4] =
    [("kind", Kind::Text), ("hour", Kind::Number), ("first_at", Kind::Number), ("last_at", Kind::Number)];

fn files(plan: &Plan, at: &str) -> Result<Vec<Object>, RollupError> {
    let at_all = [at.to_owned()];
    let listing = Given::all(&at_all, plan.store.as_ref()).list().map_err(InputError::from)?;
    let empty = || RollupError::Empty(at.to_owned());
    // What engines leave beside results (`_SUCCESS`) is not listed.
    if listing.objects.is_empty() { Err(empty()) } else { Ok(listing.objects) }
}

fn each<E: From<TableError>>(
    object: &Object,
    columns: &[(&'static str, Kind)],
    take: impl FnMut(&table::Batch) -> Result<(), E>,
) -> Result<(), E> {
    let file = object.random().map_err(|error| TableError::Codec(error.to_string()))?;
    table::read(file, columns, take)
}

/// The same plan over the roll-up's own time.
pub(super) fn settled(plan: &Plan) -> Result<Plan, RunError> {
    let Some(at) = &plan.inputs.rollup else { return Ok(plan.clone()) };
    let mut window = None;
    for object in files(plan, at)? {
        let found = each(&object, &WINDOW, |batch| {
            for row in (0..batch.len()).filter(|&row| batch.text(0, row) == "window") {
                if batch.number(1, row) != FORM {
                    return Err(BackError::Form(batch.number(1, row)));
                }
                window = Some(Window { start: batch.number(2, row), end: batch.number(3, row) });
            }
            Ok(())
        });
        found.map_err(|why| RollupError::File { file: object.key.clone(), why })?;
    }
    let window = window.ok_or_else(|| RollupError::Whole(at.clone(), BackError::Windows(0)))?;
    if plan.period.window().is_some_and(|asked| asked != window) {
        return Err(RollupError::Window(window).into());
    }
    if plan.dataset && Month::of(window.start) != Month::of(window.end - 1) {
        return Err(RollupError::Months(window).into());
    }
    Ok(Plan { period: PeriodChoice::Given(window), cache: None, ..plan.clone() })
}

/// Reads a roll-up in place of flow logs.
pub(super) fn read(
    plan: &Plan,
    at: &str,
    roles: &Roles,
    loaded: &mut Loaded,
    warnings: &mut Warnings,
) -> Result<Rollup, RollupError> {
    let objects = files(plan, at)?;
    let mut back = Back::new(roles);
    for object in &objects {
        let read = each(object, &COLUMNS, |batch| back.take(batch));
        read.map_err(|why| RollupError::File { file: object.key.clone(), why })?;
    }
    let whole = back.finish().map_err(|why| RollupError::Whole(at.to_owned(), why))?;
    let ReadBack { rollup, made } = whole;
    if made.grain == Grain::Day && !plan.inputs.dns.is_empty() {
        return Err(RollupError::Grain);
    }
    let lost = plan.inputs.rules.iter().filter_map(|rule| {
        let port = rule.port.filter(|port| !made.ports.contains(port))?;
        Some((port, format!("{port} (rule `{}`)", rule.name)))
    });
    let lost: BTreeSet<(u16, String)> = lost.collect();
    if !lost.is_empty() {
        return Err(RollupError::Ports(lost.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(", ")));
    }
    if made.inventory != inventory_digest(&loaded.inventory) {
        let other = other_account(&rollup, &loaded.inventory);
        return Err(other.unwrap_or_else(|| RollupError::Inventory(at.to_owned())));
    }
    let (count, bytes) = (objects.len() as u64, objects.iter().map(|object| object.size).sum());
    loaded.rows.insert(0, InputRow { kind: FLOW_LOGS, source: at.to_owned(), objects: count, bytes, unreadable: 0 });
    warnings.add_counted(Code::MalformedRecord, rollup.loose.malformed, at.to_owned());
    Ok(rollup)
}

/// Says that the inventory knows nothing at all of a roll-up, neither account nor interface nor VPC.
fn other_account(rollup: &Rollup, inventory: &Inventory) -> Option<RollupError> {
    let text = |sym| rollup.symbols.text(sym);
    let interfaces = || rollup.interfaces.iter();
    let knows = |name: &str| inventory.interface(name).is_some() || inventory.nat_gateway(name).is_some();
    if interfaces().any(|one| knows(text(one.name)) || inventory.vpc(text(one.facts.vpc)).is_some()) {
        return None;
    }
    let of_rollup: BTreeSet<&str> =
        interfaces().map(|one| text(one.facts.account)).filter(|account| !account.is_empty()).collect();
    let of_gateways = inventory.nat_gateways().filter_map(|nat| nat.account.as_deref());
    let of_inventory: BTreeSet<&str> =
        of_gateways.chain(inventory.interfaces().filter_map(|interface| interface.owner.as_deref())).collect();
    if of_rollup.is_empty() || of_inventory.is_empty() || !of_rollup.is_disjoint(&of_inventory) {
        return None;
    }
    let joined = |accounts: BTreeSet<&str>| accounts.into_iter().collect::<Vec<_>>().join(", ");
    Some(RollupError::Accounts { rollup: joined(of_rollup), inventory: joined(of_inventory) })
}

/// How a roll-up is made, beside what the plan says.
#[derive(Clone, Debug)]
pub struct Form {
    /// Dialect of the text.
    pub dialect: Dialect,
    /// Name of the table of flow logs; with several layouts the first of several names.
    pub table: String,
    /// In place of the dialect's word for an object's path.
    pub path_column: Option<String>,
    /// What the paths of all objects begin with in the engine.
    pub location: String,
    /// A condition on partitions.
    pub partitions: Option<String>,
    /// How finely rows are kept; `None`: by the hour where Resolver logs are given, else by the day.
    pub grain: Option<Grain>,
}

impl Form {
    fn grain(&self, plan: &Plan) -> Grain {
        self.grain.unwrap_or(if plan.inputs.dns.is_empty() { Grain::Day } else { Grain::Hour })
    }
}

/// A roll-up for another engine.
#[derive(Debug)]
pub struct Made {
    /// Comments to be put before the text: which flow logs belong in which table, and what an engine will read.
    pub about: String,
    /// The text. The same flow logs of that time give the same, whatever else the bucket holds.
    pub sql: String,
    /// The small tables.
    pub tables: Vec<ReferenceTable>,
    /// Bytes that an engine of Trino's kind will read for it, as far as the listing and a look at objects tell.
    pub scan: Bytes,
    /// What has to be read of text: the objects of the asked time, whichever others a table sees.
    pub text: Bytes,
    /// What has to be read of Parquet flow logs of that time.
    pub columns: Bytes,
    /// The most that the listed objects can cost, Parquet read whole and its ends twice.
    pub most: Bytes,
    /// What tells these flow logs from any others: a line an object.
    pub flow_logs: String,
}

/// Makes the text and the small tables. Of flow logs in a store only a few are opened.
pub fn make(plan: &Plan, form: &Form, warnings: &mut Warnings) -> Result<Made, RunError> {
    let window = plan.period.window().ok_or(RollupError::NoWindow)?;
    let loaded = inputs::load(&plan.inputs, (plan.store.as_ref(), Some(window)), None, warnings)?;
    let roles = inputs::roles(&loaded.inventory, &plan.inputs.rules);
    let hints = layout_hints(&plan.inputs, &loaded.inventory, warnings)?;
    let guide = Guide::new(&loaded.inventory, &roles);
    let mut objects = loaded.objects;
    order(&mut objects);
    let looked = Looked::at(&objects, &hints)?;
    let (sources, about) = looked.sources(&form.table)?;
    let emission = Emission {
        dialect: form.dialect,
        sources,
        path_column: form.path_column.clone(),
        location: form.location.clone(),
        partitions: form.partitions.clone(),
        window,
        grain: form.grain(plan),
        ports: roles.ports().clone(),
        inventory: guide.digest().to_owned(),
        prefixes: guide.prefixes().clone(),
    };
    let sql = render(&emission).map_err(RollupError::from)?;
    let tables = reference_tables(&guide, &looked.exceptions).map_err(RollupError::from)?;
    // Tables begin with a day, so that nothing before it has to be read; where none is left out, all may be.
    let least = looked.scan(&objects);
    let scan = match &form.partitions {
        Some(_) => least,
        // Nothing tells the engine which folders to leave alone.
        None => looked
            .scan(&Given::all(&plan.inputs.flow_logs, plan.store.as_ref()).list().map_err(InputError::from)?.objects),
    };
    let mut small = 0_u64;
    for table in &tables {
        let joined = sql.matches(&format!("JOIN {} ", table.name)).count() as u64;
        let read = scan::of_table(&table.file).map_err(RollupError::from)?;
        small = small.saturating_add(read.saturating_mul(joined));
    }
    let estimate = scan.text.saturating_add(scan.columns).saturating_add(small);
    let about = format!("{about}-- reads about {estimate} bytes\n");
    let mut flow_logs = String::new();
    for object in &objects {
        let tag = object.trait_of_content().unwrap_or_default();
        let _ = writeln!(flow_logs, "{} {} {}", object.key, object.size, String::from_utf8_lossy(&tag));
    }
    let most = scan.text.saturating_add(scan.whole.saturating_mul(2)).saturating_add(small);
    let [scan, text, columns, most] = [estimate, least.text, least.columns, most].map(Bytes::new);
    Ok(Made { about, sql, tables, scan, text, columns, most, flow_logs })
}

/// The local engine's result in the declared form, as a Parquet file.
pub fn local(plan: &Plan, form: &Form, warnings: &mut Warnings) -> Result<Vec<u8>, RunError> {
    let window = plan.period.window().ok_or(RollupError::NoWindow)?;
    let mut loaded = inputs::load(&plan.inputs, (plan.store.as_ref(), Some(window)), None, warnings)?;
    let roles = inputs::roles(&loaded.inventory, &plan.inputs.rules);
    let hints = layout_hints(&plan.inputs, &loaded.inventory, warnings)?;
    let read_plan = ReadPlan {
        roles: &roles,
        hints: &hints,
        window: Some(window),
        threads: plan.threads,
        memory_limit: plan.memory_limit,
        memory_of_names: 0,
        days: false,
        cache: None,
        shared_from: SHARED,
    };
    let reading = read_all(std::mem::take(&mut loaded.objects), &read_plan, warnings, &mut |_| {})?;
    let guide = Guide::new(&loaded.inventory, &roles);
    let rows = result::rows(&reading.rollup, &guide, window, form.grain(plan));
    Ok(table::write(&COLUMNS, &rows).map_err(RollupError::from)?)
}

/// Bytes of flow logs, once for each table that reads them.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    text: u64,
    /// Of Parquet, what is read.
    columns: u64,
    /// The same files, all of them.
    whole: u64,
}

/// What one table can hold: text binds by place, so that the order of its columns matters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layout {
    format: FormatName,
    fields: FieldSet,
    columns: Vec<String>,
}

/// What a look at flow logs tells.
struct Looked {
    /// Of each flow log: its layout, and the object that told.
    layouts: BTreeMap<String, (Layout, String)>,
    exceptions: Vec<Exception>,
    /// What is read of each Parquet object that was opened.
    parquet: BTreeMap<String, u64>,
    /// Of each flow log the shapes of Parquet objects, for those that were not opened.
    shapes: BTreeMap<String, Vec<scan::Shape>>,
}

impl Looked {
    /// Local objects are read whole, so that copies are found by content; of those in a store, which says what tells contents
    /// apart, the first and the last of each flow log.
    fn at(objects: &[Object], hints: &LayoutHints) -> Result<Self, RollupError> {
        let mut looked = Self {
            layouts: BTreeMap::new(),
            exceptions: Vec::new(),
            parquet: BTreeMap::new(),
            shapes: BTreeMap::new(),
        };
        let mut ends: BTreeMap<&SourceName, (usize, usize)> = BTreeMap::new();
        for (at, object) in objects.iter().enumerate() {
            ends.entry(&object.flow_log).or_insert((at, at)).1 = at;
        }
        let opened: BTreeSet<usize> = ends.values().flat_map(|(first, last)| [*first, *last]).collect();
        let mut seen: HashSet<(Vec<u8>, u64)> = HashSet::new();
        for (at, object) in objects.iter().enumerate() {
            let mut is_duplicate = false;
            if !object.is_stored() || opened.contains(&at) {
                let told = look(object, hints)?;
                if matches!(told.format, FormatName::Empty | FormatName::WriteTest) {
                    continue;
                }
                looked.add(object, &told, hints)?;
                if !object.is_stored() {
                    let content = told.content_hash.to_le_bytes().to_vec();
                    is_duplicate = told.records > 0 && !seen.insert((content, told.inflated_bytes));
                }
            }
            if object.is_stored() {
                // An ETag, without which nothing is known.
                let tag = object.trait_of_content().unwrap_or_default();
                is_duplicate = !tag.is_empty() && !seen.insert((tag, object.size));
            }
            let exception = Exception {
                object: object.key.clone(),
                flow_log: name_of(&object.flow_log, None).into_owned(),
                account: object.account_hint.clone(),
                region: object.region_hint.clone(),
                is_duplicate,
            };
            if exception.is_needed() {
                looked.exceptions.push(exception);
            }
        }
        looked.exceptions.sort();
        Ok(looked)
    }

    fn add(&mut self, object: &Object, told: &ObjectOutcome, hints: &LayoutHints) -> Result<(), RollupError> {
        if !matches!(told.format, FormatName::Text | FormatName::TextNoHeader | FormatName::Parquet) {
            return Err(RollupError::Format { object: object.key.clone(), format: told.format });
        }
        let name = name_of(&object.flow_log, None).into_owned();
        let columns = match told.format {
            // By name, wherever they stand.
            FormatName::Parquet => Vec::new(),
            _ => FileShape::of(object, &object.flow_log, hints)
                .map_err(|why| RollupError::Object { object: object.key.clone(), why })?
                .map(|shape| shape.columns.into_iter().map(|(name, _)| name).collect())
                .unwrap_or_default(),
        };
        let layout = Layout { format: told.format, fields: told.fields_present, columns };
        let (known, one) = self.layouts.entry(name.clone()).or_insert_with(|| (layout.clone(), object.key.clone()));
        if *known != layout {
            return Err(RollupError::Mixed { flow_log: name, one: one.clone(), other: object.key.clone() });
        }
        if told.format == FormatName::Parquet {
            let file = object.random().map_err(|error| TableError::Codec(error.to_string()))?;
            let shape = scan::Shape::of(&file)?;
            self.parquet.insert(object.key.clone(), shape.bytes(object.size));
            let shapes = self.shapes.entry(name).or_default();
            if shapes.len() < 2 {
                shapes.push(shape);
            }
        }
        Ok(())
    }

    /// What an engine will read of these objects: text whole, of Parquet the columns, each by every table over its folders, because
    /// a table reads all that lies there, whichever flow logs its rows are taken from.
    fn scan(&self, objects: &[Object]) -> Scan {
        let mut tables: Vec<(&Layout, BTreeSet<String>)> = Vec::new();
        for object in objects {
            let Some((layout, _)) = self.layouts.get(name_of(&object.flow_log, None).as_ref()) else { continue };
            let folder = base(&object.key);
            match tables.iter_mut().find(|(known, _)| *known == layout) {
                Some((_, folders)) => {
                    folders.insert(folder);
                }
                None => tables.push((layout, BTreeSet::from([folder]))),
            }
        }
        let mut scan = Scan::default();
        for object in objects {
            let folder = base(&object.key);
            for (layout, _) in tables.iter().filter(|(_, folders)| folders.contains(&folder)) {
                if layout.format == FormatName::Parquet {
                    scan.columns = scan.columns.saturating_add(self.columns(object));
                    scan.whole = scan.whole.saturating_add(object.size);
                } else {
                    scan.text = scan.text.saturating_add(object.size);
                }
            }
        }
        scan
    }

    /// Bytes of the columns of a Parquet object; 0 of text, which no table of Parquet can lie over.
    fn columns(&self, object: &Object) -> u64 {
        if let Some(bytes) = self.parquet.get(&object.key) {
            return *bytes;
        }
        let own = self.shapes.get(name_of(&object.flow_log, None).as_ref());
        // Of a flow log that has ended nothing was opened.
        let other = || self.shapes.values().next().filter(|_| object.key.ends_with(".parquet"));
        let near = own.or_else(other).and_then(|shapes| shapes.iter().min_by_key(|shape| shape.distance(object.size)));
        near.map_or(0, |shape| shape.bytes(object.size))
    }

    /// A table for each layout, and comments that say which flow logs are in it.
    fn sources(&self, table: &str) -> Result<(Vec<Source>, String), RollupError> {
        let mut by_layout: Vec<(&Layout, Vec<&str>)> = Vec::new();
        for (name, (layout, _)) in &self.layouts {
            match by_layout.iter_mut().find(|(known, _)| *known == layout) {
                Some((_, names)) => names.push(name),
                None => by_layout.push((layout, vec![name])),
            }
        }
        let one = by_layout.len() == 1;
        let mut about = String::new();
        let mut sources = Vec::new();
        for (at, (Layout { format, fields, .. }, names)) in by_layout.into_iter().enumerate() {
            let table = if one { table.to_owned() } else { format!("{table}_{}", at + 1) };
            let _ = writeln!(about, "-- {table} ({format}): {}", names.join(" "));
            let fields = fields.iter().map(|field| field.name().to_owned()).collect();
            let flow_logs = names.into_iter().map(str::to_owned).collect();
            sources.push(Source { table, fields, flow_logs, is_text: *format != FormatName::Parquet });
        }
        if sources.is_empty() { Err(RollupError::NoLogs) } else { Ok((sources, about)) }
    }
}

/// The folder over which a table lies.
fn base(key: &str) -> String {
    Delivery::parse(key)
        .map_or_else(|| key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(), |place| place.base)
}

fn look(object: &Object, hints: &LayoutHints) -> Result<ObjectOutcome, RollupError> {
    let told = read_object(object, hints, &mut Nothing::default());
    told.map_err(|why| RollupError::Object { object: object.key.clone(), why })
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
mod tests {
    use super::*;

    #[test]
    fn a_rollup_of_another_version_is_made_again_and_not_looked_for() {
        let again = "make the roll-up again with this natlens";
        let (one, other) = (BackError::Form(1), BackError::Form(1));
        assert_eq!(RollupError::File { file: "a".to_owned(), why: one }.hint(), again);
        assert_eq!(RollupError::Whole("a".to_owned(), other).hint(), again);
        assert_ne!(RollupError::Whole("a".to_owned(), BackError::Windows(2)).hint(), again);
    }
}
