//! Opens what a bundle holds: inventory, names, prices and the list of flow log objects.

use super::parallel::in_order;
use crate::count::peers::Peers;
use crate::count::resolve::carries_for_others;
use crate::count::roles::{NatSide, Role, Roles};
use crate::diag::{Code, Warnings};
use crate::model::addr::Cidr;
use crate::model::inventory::{Connectivity, Inventory, NatGateway, RouteTarget};
use crate::model::period::Window;
use crate::name::{Namer, RangeTable};
use crate::price::PriceBook;
use crate::report::InputRow;
use crate::sources::flow::{KnownLayout, Layout, LayoutHints};
use crate::sources::inventory::{InventoryDraft, entries_of, read_document};
use crate::sources::ip_ranges::IpRanges;
use crate::sources::objects::{
    ListError, Listing, MOST_OF_JSON, MOST_OF_SETTINGS, Object, PathOrGlob, Store, StoreError, list, named, pass,
};
use crate::sources::pages::Home;
use crate::sources::settings::{Rule, Team};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where everything is, as the user said.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Flow logs: paths or globs.
    pub flow_logs: Vec<String>,
    /// A roll-up in place of flow logs: a file or a folder.
    pub rollup: Option<String>,
    /// Inventory: paths or globs.
    pub inventory: Vec<String>,
    /// Bills: paths or globs.
    pub billing: Vec<String>,
    /// `CloudWatch` metrics: paths or globs.
    pub metrics: Vec<String>,
    /// Resolver query logs: paths or globs.
    pub dns: Vec<String>,
    /// Price overrides.
    pub prices: Option<PathBuf>,
    /// `ip-ranges.json`.
    pub ip_ranges: Option<PathBuf>,
    /// Field order of logs without header.
    pub log_format: Option<String>,
    /// Naming rules.
    pub rules: Vec<Rule>,
    /// Rules for teams.
    pub teams: Vec<Team>,
}

/// Where one kind of input is.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Paths, globs or addresses of a store.
    pub at: &'a [String],
    /// Who has what lies in a store.
    pub store: Option<&'a Arc<dyn Store>>,
    /// The time that is asked for, where something may be left out by the name of its folder.
    pub window: Option<Window>,
}

impl<'a> Given<'a> {
    /// All that lies in these places.
    #[must_use]
    pub const fn all(at: &'a [String], store: Option<&'a Arc<dyn Store>>) -> Self {
        Self { at, store, window: None }
    }

    /// What may hold records of the window.
    #[must_use]
    pub const fn within(self, window: Option<Window>) -> Self {
        Self { window, ..self }
    }

    /// What is there.
    pub fn list(&self) -> Result<Listing, ListError> {
        list(&self.at.iter().map(PathOrGlob::new).collect::<Vec<_>>(), self.store, self.window)
    }

    /// Shows all that is there, of whatever time, and keeps no list of it.
    pub fn pass(&self, see: &mut (dyn FnMut(&Object) + Send)) -> Result<(), ListError> {
        pass(&self.at.iter().map(PathOrGlob::new).collect::<Vec<_>>(), self.store, see)
    }
}

/// Why an input stops everything.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A path that is not there, or a bad glob.
    #[error(transparent)]
    List(#[from] ListError),
    /// A file that the user named and that cannot be used.
    #[error("{file}: {why}")]
    File {
        /// As given.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// `--log-format`.
    #[error("--log-format: {0}")]
    LogFormat(String),
}

impl InputError {
    /// What a store said, if it did.
    #[must_use]
    pub const fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::List(ListError::Store(error)) => Some(error),
            Self::List(_) | Self::File { .. } | Self::LogFormat(_) => None,
        }
    }
}

/// Everything but the records.
#[derive(Debug)]
pub struct Loaded {
    /// The account.
    pub inventory: Inventory,
    /// Names of destinations.
    pub namer: Namer,
    /// The user's own prices: file name and text.
    overrides: Option<(String, String)>,
    /// `syncToken` of the ranges.
    pub sync_token: String,
    /// Flow log objects.
    pub objects: Vec<Object>,
    /// Flow log objects that gave nothing; set once they are read.
    pub flow_logs_unreadable: u64,
    /// The report's inputs, as far as they are read.
    pub rows: Vec<InputRow>,
}

impl Loaded {
    /// The user's own price file.
    #[must_use]
    pub fn price_file(&self) -> Option<&str> {
        self.overrides.as_ref().map(|(name, _)| name.as_str())
    }

    /// The user's own prices alone.
    #[must_use]
    pub fn own_prices(&self) -> PriceBook {
        let empty = PriceBook::empty();
        let read = self.overrides.as_ref().and_then(|(name, text)| empty.clone().with_overrides(name, text).ok());
        read.map_or(empty, |(book, _)| book)
    }

    /// List prices in a currency: the built-in ones are US dollars, the user's own are in whatever the bill is in.
    #[must_use]
    pub fn prices(&self, currency: &str) -> PriceBook {
        let book = if currency == "USD" { PriceBook::built_in() } else { PriceBook::empty() };
        match &self.overrides {
            None => book,
            // Refused by `load` if it cannot be read.
            Some((name, text)) => book.clone().with_overrides(name, text).map_or(book, |(book, _)| book),
        }
    }

    /// The report's inputs.
    #[must_use]
    pub fn input_rows(&self) -> Vec<InputRow> {
        let mut rows = self.rows.clone();
        if let Some(flow_logs) = rows.iter_mut().find(|row| row.kind == FLOW_LOGS) {
            flow_logs.unreadable += self.flow_logs_unreadable;
        }
        rows
    }
}

pub(super) const FLOW_LOGS: &str = "flow-logs";

/// Opens every part: what lies in a store from that, of the flow logs what may hold records of the window. `listed` are the flow
/// logs, if somebody listed them before.
pub fn load(
    inputs: &Inputs,
    (store, window): (Option<&Arc<dyn Store>>, Option<Window>),
    threads: usize,
    listed: Option<Listing>,
    warnings: &mut Warnings,
) -> Result<Loaded, InputError> {
    let mut rows = Vec::new();
    let flow_logs = Given::all(&inputs.flow_logs, store).within(window);
    let listing = match listed {
        Some(listing) => listing,
        None => flow_logs.list()?,
    };
    tell_inputs(FLOW_LOGS, &flow_logs, &listing, &mut rows, warnings);
    let (mut inventory, cut) = read_inventory(&Given::all(&inputs.inventory, store), threads, &mut rows, warnings)?;
    let ranges = match &inputs.ip_ranges {
        None => IpRanges::built_in(),
        Some(path) => {
            let bytes = read_file("ip-ranges", path, store, &mut rows)?;
            let (ranges, skipped) = IpRanges::from_json(&bytes).map_err(|error| file_error(path, &error))?;
            let first = skipped.first.unwrap_or_default();
            warnings.add_counted(Code::Reference, skipped.count as u64, format!("{}: `{first}`", path.display()));
            ranges
        }
    };
    fill_prefix_lists(&mut inventory, &ranges);
    for (table, list) in inventory.unknown_routes() {
        warnings.add(Code::UnknownRoute, format!("{table}: the entries of {list}, to which it has a route of its own"));
    }
    let lists = inventory.prefix_lists().filter_map(|list| {
        let is_whole = !cut.contains(&entries_of(&list.id));
        Some((list.name.as_deref()?, list.cidrs.as_deref()?, is_whole))
    });
    let namer = Namer::new(&inputs.rules, lists, RangeTable::new(&ranges));
    let overrides = read_prices(inputs, store, &mut rows, warnings)?;
    let (objects, sync_token) = (listing.objects, ranges.sync_token);
    Ok(Loaded { inventory, namer, overrides, sync_token, objects, flow_logs_unreadable: 0, rows })
}

/// Lists one kind of input into its row and its warnings.
pub(super) fn list_inputs(
    kind: &'static str,
    given: &Given<'_>,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) -> Result<Listing, InputError> {
    let listing = given.list()?;
    tell_inputs(kind, given, &listing, rows, warnings);
    Ok(listing)
}

fn tell_inputs(
    kind: &'static str,
    given: &Given<'_>,
    listing: &Listing,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) {
    if !given.at.is_empty() {
        rows.push(InputRow {
            kind,
            source: given.at.join(","),
            objects: listing.objects.len() as u64,
            bytes: listing.objects.iter().map(|object| object.size).sum(),
            unreadable: listing.unreadable.len() as u64,
        });
    }
    for (path, why) in &listing.unreadable {
        warnings.add(Code::UnreadableObject, format!("{path}: {why}"));
    }
}

/// Also the calls of whose answers pages are missing.
fn read_inventory(
    given: &Given<'_>,
    threads: usize,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) -> Result<(Inventory, BTreeSet<String>), InputError> {
    let listing = list_inputs("inventory", given, rows, warnings)?;
    let objects = &listing.objects;
    let mut draft = InventoryDraft::default();
    let mut unreadable = 0;
    let read = |at: usize, _: &_| -> Result<InventoryDraft, String> {
        let (object, mut of_file) = (&objects[at], InventoryDraft::default());
        let bytes = object.read(MOST_OF_JSON).map_err(|error| format!("{}: {error}", object.key))?;
        let read = catch_unwind(AssertUnwindSafe(|| read_document(&object.key, &bytes, &mut of_file)));
        let read = read.map_err(|_| format!("{}: reading it failed; this is a defect of natlens", object.key))?;
        read.map(|()| of_file).map_err(|error| format!("{error} ({})", error.hint()))
    };
    in_order(
        objects.len(),
        threads.min(objects.len()),
        |at| objects[at].announce(),
        read,
        |_, read| match read {
            Ok(of_file) => draft.merge(of_file),
            Err(what) => {
                unreadable += 1;
                warnings.add(Code::UnreadableObject, what);
            }
        },
    );
    if let Some(row) = rows.iter_mut().find(|row| row.kind == "inventory") {
        row.unreadable += unreadable;
    }
    for warning in draft.warnings() {
        warnings.add(Code::Inventory, format!("{}: {}", warning.file, warning.message));
    }
    for what in draft.contradictions() {
        warnings.add(Code::Contradiction, what);
    }
    let pages = draft.pages().clone();
    let inventory = draft.finish();
    let home = |id: &str| Home {
        region: inventory.region_of_vpc(id).map(str::to_owned),
        account: inventory.vpc(id).and_then(|vpc| vpc.owner.clone()),
    };
    let mut cut = BTreeSet::new();
    for (file, what) in pages.unfinished(home) {
        warnings.add(Code::MissingPages, format!("{file}: `{what}` goes on at a page that is not there"));
        cut.insert(what);
    }
    Ok((inventory, cut))
}

/// The user's prices, looked through for errors.
fn read_prices(
    inputs: &Inputs,
    store: Option<&Arc<dyn Store>>,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) -> Result<Option<(String, String)>, InputError> {
    let Some(path) = &inputs.prices else { return Ok(None) };
    let name = path.display().to_string();
    let text = String::from_utf8_lossy(&read_file("prices", path, store, rows)?).into_owned();
    let read = PriceBook::empty().with_overrides(&name, &text);
    let (_, notices) = read.map_err(|error| InputError::File { file: name.clone(), why: error.to_string() })?;
    for notice in &notices {
        warnings.add(Code::Reference, notice.to_string());
    }
    Ok(Some((name, text)))
}

fn read_file(
    kind: &'static str,
    path: &Path,
    store: Option<&Arc<dyn Store>>,
    rows: &mut Vec<InputRow>,
) -> Result<Vec<u8>, InputError> {
    let source = path.display().to_string();
    let bytes = named(&source, store)?.read(MOST_OF_SETTINGS).map_err(|error| file_error(path, &error))?;
    rows.push(InputRow { kind, source, objects: 1, bytes: bytes.len() as u64, unreadable: 0 });
    Ok(bytes)
}

fn file_error(path: &Path, why: &dyn std::error::Error) -> InputError {
    InputError::File { file: path.display().to_string(), why: why.to_string() }
}

/// Routes to a prefix list whose entries were not collected still capture the service's published addresses.
fn fill_prefix_lists(inventory: &mut Inventory, ranges: &IpRanges) {
    inventory.set_fallback_entries(|name| {
        let Some((rest, service)) = name.rsplit_once('.') else { return Vec::new() };
        let region = rest.rsplit('.').next().unwrap_or_default();
        let of_service = |label: &str| label.eq_ignore_ascii_case(service);
        let groups = ranges.groups.iter().filter(|group| group.region == region && of_service(&group.service));
        groups.flat_map(|group| group.cidrs.iter().copied()).collect::<Vec<Cidr>>()
    });
}

/// The roles of all interfaces that the inventory knows.
#[must_use]
pub fn roles(inventory: &Inventory, naming: &[Rule]) -> Roles {
    let cidrs = inventory.vpcs().flat_map(|vpc| vpc.cidrs.iter().copied()).collect();
    let mut roles = Roles::new(cidrs);
    roles.set_peers(Peers::new(inventory));
    roles.set_ports(naming.iter().filter_map(|rule| rule.port));
    for nat in inventory.nat_gateways() {
        roles.add_nat(nat_side(nat), nat.interfaces.iter().cloned().chain([nat.id.clone()]));
    }
    for interface in inventory.interfaces() {
        let carrier = interface.kind.as_deref().is_some_and(carries_for_others);
        let subnet = interface.subnet.as_deref();
        let role = match subnet.and_then(|subnet| inventory.route_table_of_subnet(subnet)) {
            _ if carrier => Role::Carrier,
            Some(table) if !table.routes.iter().any(|r| matches!(r.target, RouteTarget::NatGateway(_))) => Role::Quiet,
            _ => Role::Client,
        };
        roles.set(&interface.id, role);
    }
    roles
}

fn nat_side(nat: &NatGateway) -> NatSide {
    NatSide {
        id: nat.id.clone(),
        own: nat.private_addrs.clone(),
        public: nat.public_addrs.clone(),
        regional: nat.availability == crate::model::inventory::Availability::Regional,
        private: nat.connectivity == Connectivity::Private,
    }
}

/// Field orders for logs without header: the user's, and those of the flow logs in the inventory.
pub fn layout_hints(
    inputs: &Inputs,
    inventory: &Inventory,
    warnings: &mut Warnings,
) -> Result<LayoutHints, InputError> {
    let explicit = match &inputs.log_format {
        None => None,
        Some(text) => Some(Layout::parse(text).map_err(|error| InputError::LogFormat(error.to_string()))?),
    };
    let mut hints = LayoutHints { explicit, ..LayoutHints::default() };
    for (id, group, format) in inventory.log_formats() {
        match Layout::parse(format) {
            Ok(layout) => hints.by_flow_log.push(KnownLayout {
                flow_log: id.to_owned(),
                log_group: group.map(str::to_owned),
                layout,
            }),
            Err(error) => warnings.add(Code::Inventory, format!("{id}: its LogFormat cannot be used: {error}")),
        }
    }
    Ok(hints)
}
