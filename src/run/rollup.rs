//! The roll-up that another engine made, or that is made for one: its SQL text with the tables that it joins, the local engine's own
//! result in the same form, and a result in place of flow logs.

mod looked;

use self::looked::Looked;
use super::inputs::{self, FLOW_LOGS, Given, InputError, Loaded, layout_hints};
use super::period::PeriodChoice;
use super::read::{ReadPlan, SHARED, order, read_all};
use super::{Plan, RunError};
use crate::count::roles::Roles;
use crate::count::rollup::Rollup;
use crate::diag::{Code, Warnings};
use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
use crate::model::period::{Month, Window, iso};
use crate::report::InputRow;
use crate::sources::flow::{FormatName, ReadError};
use crate::sources::objects::{Object, ObjectBytes};
use crate::sql::back::{Back, BackError, ReadBack};
use crate::sql::table::{self, Kind, TableError};
use crate::sql::{
    COLUMNS, Dialect, Emission, FORM, Grain, Guide, ReferenceTable, SourceRefusal, inventory_digest, reference_tables,
    render, result, scan,
};
use std::collections::BTreeSet;
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
    /// One condition for tables whose partitions mean something else each.
    #[error(
        "--partitions is one condition, and the flow logs lie in plain and in Hive folders: the day is 2026/10/31 in tables of the one and 31 in those of the other"
    )]
    Partitions,
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
    /// Likewise within one object.
    #[error("{object}: its lines have different fields, or the same in another order")]
    MixedLines {
        /// Key.
        object: String,
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
            Self::Partitions => "leave it out, or leave the days out in views that have the tables' names",
            Self::Format { .. } | Self::Mixed { .. } | Self::MixedLines { .. } | Self::Source(_) => {
                "report these flow logs by `natlens report`, or leave them out by --flow-logs"
            }
            Self::Object { why: ReadError::BrokenOff { .. }, .. } => {
                "engines stop at it or misread it: fetch it again, or move it out of the flow logs' folder"
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
    if made.inventory != inventory_digest(&loaded.inventory, made.window) {
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
    let loaded = inputs::load(&plan.inputs, (plan.store.as_ref(), Some(window)), plan.threads, None, warnings)?;
    let roles = inputs::roles(&loaded.inventory, &plan.inputs.rules);
    let hints = layout_hints(&plan.inputs, &loaded.inventory, warnings)?;
    let guide = Guide::new(&loaded.inventory, &roles, window);
    let mut objects = loaded.objects;
    order(&mut objects);
    let looked = Looked::at(&objects, &hints, warnings)?;
    let names_time = |only: &String| ["day", "hour"].iter().any(|name| only.to_ascii_lowercase().contains(name));
    if form.partitions.as_ref().is_some_and(names_time) && looked.is_plain_and_hive() {
        return Err(RollupError::Partitions.into());
    }
    let (sources, about) = looked.sources(&form.table)?;
    let emission = Emission {
        dialect: form.dialect,
        sources,
        path_column: form.path_column.clone(),
        location: form.location.clone(),
        partitions: form.partitions.clone(),
        window,
        grain: form.grain(plan),
        by_hour_until: guide.by_hour_until(window),
        by_hour: guide.by_hour(),
        ports: roles.ports().clone(),
        inventory: guide.digest().to_owned(),
        prefixes: guide.prefixes().clone(),
    };
    let sql = render(&emission).map_err(RollupError::from)?;
    let tables = reference_tables(&guide, &looked.exceptions).map_err(RollupError::from)?;
    // Tables begin with a day, so that nothing before it has to be read; where none is left out, all may be.
    let least = looked.least(&objects);
    let scan = if form.partitions.is_some() {
        looked.scan(&objects)
    } else {
        // Nothing tells the engine which folders to leave alone.
        let all = Given::all(&plan.inputs.flow_logs, plan.store.as_ref());
        looked.scan_of(|see| all.pass(see)).map_err(InputError::from)?
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
    let mut loaded = inputs::load(&plan.inputs, (plan.store.as_ref(), Some(window)), plan.threads, None, warnings)?;
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
    let guide = Guide::new(&loaded.inventory, &roles, window);
    let rows = result::rows(&reading.rollup, &guide, window, form.grain(plan));
    Ok(table::write(&COLUMNS, &rows).map_err(RollupError::from)?)
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
