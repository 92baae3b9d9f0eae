//! The pipeline on one screen. The only module that knows every stage; no arithmetic happens here.

pub mod bill;
mod custom;
mod dataset;
pub mod decide;
pub mod dns;
pub mod doctor;
pub mod hours;
pub mod inputs;
mod kept;
pub mod limit;
pub mod live;
pub mod metrics;
pub mod money;
mod names;
mod parallel;
pub mod period;
pub mod read;
mod regions;
pub mod rollup;
pub mod shapes;
mod trail;

use crate::advise::custom::compare;
use crate::advise::gateway;
use crate::attribute::{Attributed, Detail, Naming, OwnerRules, place};
use crate::bill::settle::CostBasis;
use crate::cache::{Cache, Place};
use crate::count::fold::RowSum;
use crate::count::resolve::{Counted, resolve};
use crate::count::roles::Roles;
use crate::count::rollup::Rollup;
use crate::count::routes::Routes;
use crate::diag::{Code, Warnings};
use crate::explain::Trail;
use crate::export::rows::Dataset;
use crate::frames::flows::FrameError;
use crate::model::inventory::Inventory;
use crate::model::memory::Memory;
use crate::model::metrics::Metrics;
use crate::model::period::{HOUR_SECONDS, Window, iso};
use crate::model::records::{RecordBytes, RecordKinds};
use crate::model::usd::PricePerGb;
use crate::price::PriceBook;
use crate::report::build::Builder;
use crate::report::dimension::Dimension;
use crate::report::{self, Provenance, Report};
use crate::sources::objects::store::StoreTrouble;
use crate::sources::objects::{Listing, Object, Store, StoreError};
use bill::{BillError, read_bill};
use dns::DnsError;
use inputs::{Given, InputError, Inputs};
use limit::OverLimit;
use metrics::read_metrics;
use money::Money;
use names::DnsNames;
use period::PeriodChoice;
use read::{ReadPlan, read_all};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A report, fully specified: nothing past this line reads the environment or guesses.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where everything is.
    pub inputs: Inputs,
    /// Which time.
    pub period: PeriodChoice,
    /// Which of the bill's costs count.
    pub cost_basis: CostBasis,
    /// Dimensions of `groups`; none leaves the part out.
    pub group_by: Vec<Dimension>,
    /// Clients, destinations, buckets and services by client before `(other)`.
    pub top: usize,
    /// Whether anybody will look at services by client, which JSON does not have: of a large month they are most of a report.
    pub client_services: bool,
    /// How many hours back a name may have been asked for before it was used.
    pub dns_look_back: u32,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// What the flow logs may take in memory; `None` is no limit.
    pub memory_limit: Option<Memory>,
    /// Whether to keep the way from the inputs to the report, for `explain`.
    pub trail: bool,
    /// Whether to keep the report's rows as finely as they are exported.
    pub dataset: bool,
    /// Where earlier runs kept what they worked out; `None` keeps and uses nothing.
    pub cache: Option<Place>,
    /// Who has the inputs that lie in a store; `None` where none does.
    pub store: Option<Arc<dyn Store>>,
}

impl Plan {
    /// The flow logs that are listed.
    fn flow_logs(&self) -> Given<'_> {
        Given::all(&self.inputs.flow_logs, self.store.as_ref()).within(self.period.window())
    }

    /// The Resolver logs that are listed: names count for a while after they were asked for.
    fn dns(&self) -> Given<'_> {
        let look_back = i64::from(self.dns_look_back) * HOUR_SECONDS;
        let window = self.period.window().map(|window| Window { start: window.start - look_back, ..window });
        Given::all(&self.inputs.dns, self.store.as_ref()).within(window)
    }

    /// One of the other inputs: all of it is listed.
    const fn all<'a>(&'a self, at: &'a [String]) -> Given<'a> {
        Given::all(at, self.store.as_ref())
    }
}

impl Plan {
    /// Whether any row of the report, or of what is exported, is of a day.
    fn tells_days(&self) -> bool {
        self.dataset || self.group_by.contains(&Dimension::Day)
    }
}

/// A report and whether all of the input went into it.
#[derive(Debug)]
pub struct Outcome {
    /// The answer.
    pub report: Report,
    /// Objects and files that gave nothing, or that are a part of an answer without the rest.
    pub unreadable: u64,
    /// Records that could not be read.
    pub malformed: u64,
    /// Lines of the bill that could not be read: their dollars are in no sum.
    pub malformed_bill_lines: u64,
    /// How the report came to be, where the plan asked for it.
    pub trail: Option<Trail>,
    /// Its rows as they are exported, where the plan asked for them.
    pub dataset: Option<Dataset>,
    /// Why the cache could not keep something.
    pub cache_trouble: Option<String>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An input that everything rests on.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A roll-up that cannot be used.
    #[error(transparent)]
    Rollup(#[from] rollup::RollupError),
    /// Flow logs that do not fit in memory.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// No object gave a record.
    #[error("no flow log record was read: {0}")]
    NoRecords(String),
    /// A store that gave nothing, or nothing more.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bill that cannot be used.
    #[error(transparent)]
    Bill(#[from] BillError),
    /// Resolver logs that cannot be matched.
    #[error(transparent)]
    Dns(#[from] DnsError),
    /// Amounts that cannot be added up.
    #[error("the bill is in several currencies: {0}")]
    Currencies(String),
    /// A frame operation.
    #[error("frame: {0}")]
    Frame(#[from] FrameError),
}

impl RunError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        if let Some(error) = self.of_store() {
            return error.hint.as_deref();
        }
        match self {
            Self::Store(_) => None,
            Self::Bill(error) => error.hint(),
            Self::Dns(error) => error.hint(),
            Self::Rollup(error) => Some(error.hint()),
            Self::OverLimit(_) => Some(
                "give more by --memory-limit, report a shorter time by --from and --to, or fewer logs by --flow-logs",
            ),
            Self::Currencies(_) => Some("give the exports of one currency by --billing"),
            Self::Input(_) | Self::NoRecords(_) | Self::Frame(_) => {
                Some("`natlens report --help` lists the inputs that are read")
            }
        }
    }
}

impl RunError {
    /// Whether what was asked for does not fit together, so that nothing about the data has to change.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        use rollup::RollupError;
        matches!(
            self,
            Self::Rollup(
                RollupError::Window(_)
                    | RollupError::Months(_)
                    | RollupError::Grain
                    | RollupError::Ports(_)
                    | RollupError::Inventory(_)
                    | RollupError::Accounts { .. }
                    | RollupError::NoWindow
                    | RollupError::Partitions
            )
        )
    }

    /// What a store said, if that is why.
    #[must_use]
    pub const fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Input(error)
            | Self::Bill(BillError::Input(error))
            | Self::Dns(DnsError::Input(error))
            | Self::Rollup(rollup::RollupError::Input(error)) => error.of_store(),
            _ => None,
        }
    }
}

/// Makes the report. `on_object` hears how many stored bytes of how many are done.
pub fn report(plan: &Plan, on_object: &mut dyn FnMut(u64, u64)) -> Result<Outcome, RunError> {
    let outcome = match (&plan.inputs.rollup, &plan.cache) {
        (Some(_), _) => rollup::settled(plan).and_then(|plan| compute(&plan, None, None, on_object)),
        (None, Some(place)) => kept::report(plan, place, on_object),
        (None, None) => compute(plan, None, None, on_object),
    };
    let Err(error) = outcome else { return outcome };
    // What a store did not give explains more than what follows from its absence.
    let trouble = plan.store.as_ref().filter(|_| error.of_store().is_none()).and_then(|store| store.trouble());
    Err(trouble.map_or(error, RunError::Store))
}

/// Whether a store can give nothing more, whatever is asked for.
fn still_open(plan: &Plan) -> Result<(), RunError> {
    let trouble = plan.store.as_ref().and_then(|store| store.trouble());
    trouble.filter(|error| error.trouble == StoreTrouble::Credentials).map_or(Ok(()), |error| Err(error.into()))
}

/// Makes the report from its inputs, and from what a cache has of them. `listed` are the flow logs, where they were listed just now.
fn compute(
    plan: &Plan,
    cache: Option<&Cache>,
    listed: Option<Listing>,
    on_object: &mut dyn FnMut(u64, u64),
) -> Result<Outcome, RunError> {
    let mut warnings = Warnings::default();
    let from = (plan.store.as_ref(), plan.period.window());
    let mut loaded = inputs::load(&plan.inputs, from, plan.threads, listed, &mut warnings)?;
    let flows = flows((plan, cache), &mut loaded, &mut warnings, on_object)?;
    let bill = read_bill(
        &plan.all(&plan.inputs.billing),
        plan.period.bill_window(&flows.rollup),
        plan.threads,
        &mut loaded.rows,
        &mut warnings,
    )?;
    let Some(period) = plan.period.settle(&flows.rollup, &bill) else {
        let first = warnings.rows().into_iter().map(|row| row.message).next();
        return Err(RunError::NoRecords(first.unwrap_or_else(|| "the folder holds none".to_owned())));
    };
    let metrics = read_metrics(&plan.all(&plan.inputs.metrics), Some(period.window), &mut loaded.rows, &mut warnings)?;
    let charges = money::charges(&bill, period.window, plan.cost_basis, &mut warnings);
    let currency = money::currency(charges.as_ref()).map_err(|all| RunError::Currencies(all.join(", ")))?;
    let prices = loaded.prices(&currency);
    let counted = count(flows, &loaded, (period.window, plan.threads), &mut warnings);
    let (records, record_bytes) = (counted.counted.records, counted.counted.bytes);
    let placed = place(counted.counted, &counted.rollup, &loaded.inventory);
    let requests =
        (!plan.inputs.dns.is_empty()).then(|| placed.requests(&counted.rollup, &loaded.inventory, plan.dns_look_back));
    let names = names::read(plan, requests.as_ref(), &loaded.namer, &mut loaded.rows, &mut warnings)?;
    still_open(plan)?;
    let answers = names.as_ref().map(|names| &names.answers);
    let peers = counted.roles.peers();
    let tags = plan.group_by.iter().filter_map(Dimension::tag).map(str::to_owned).collect();
    let owners = OwnerRules { teams: &plan.inputs.teams, tags: &tags };
    let detail = Detail { owners, days: plan.tells_days() };
    let mut attributed = placed.name(&Naming {
        rollup: &counted.rollup,
        inventory: &loaded.inventory,
        namer: &loaded.namer,
        answers,
        peers,
        detail,
        threads: plan.threads,
    })?;
    drop(requests);
    drop(counted.rollup);
    warn_of_period(&period, records, &mut warnings);
    let money = money::settle(charges.as_ref(), &mut attributed, &prices, period.observed, &mut warnings)?;
    let answer = Answer {
        plan,
        loaded: &loaded,
        attributed: &attributed,
        money: &money,
        prices: &prices,
        metrics: &metrics,
        names: names.as_ref(),
        period,
    };
    let malformed_bill_lines = warnings.count(Code::MalformedBillLine);
    let cut = warnings.count(Code::MissingPages);
    let (report, workings) = answer.report(currency, (records, record_bytes), warnings)?;
    let unreadable = report.inputs.iter().map(|input| input.unreadable).sum::<u64>() + cut;
    let dataset = if plan.dataset { Some(answer.dataset(&report, charges.as_ref())?) } else { None };
    let trail = if plan.trail { Some(answer.trail(&report, workings)?) } else { None };
    let malformed = records.malformed;
    Ok(Outcome { report, unreadable, malformed, malformed_bill_lines, trail, dataset, cache_trouble: None })
}

/// Everything that flow logs hold, collapsed.
struct Flows {
    rollup: Rollup,
    roles: Roles,
}

fn flows(
    (plan, cache): (&Plan, Option<&Cache>),
    loaded: &mut inputs::Loaded,
    warnings: &mut Warnings,
    on_object: &mut dyn FnMut(u64, u64),
) -> Result<Flows, RunError> {
    let roles = inputs::roles(&loaded.inventory, &plan.inputs.rules);
    if let Some(at) = &plan.inputs.rollup {
        let rollup = rollup::read(plan, at, &roles, loaded, warnings)?;
        return Ok(Flows { rollup, roles });
    }
    let hints = inputs::layout_hints(&plan.inputs, &loaded.inventory, warnings)?;
    let objects = std::mem::take(&mut loaded.objects);
    let has_objects = objects.iter().any(Object::is_stored);
    let total: u64 = objects.iter().map(|object| object.size).sum();
    let read_plan = ReadPlan {
        roles: &roles,
        hints: &hints,
        window: plan.period.window(),
        threads: plan.threads,
        shared_from: read::SHARED,
        memory_limit: plan.memory_limit,
        memory_of_names: names::memory(plan),
        days: plan.tells_days(),
        // What is being packed is not counted, so that under a limit only whole reports are kept, when all else is done.
        cache: cache.filter(|_| plan.memory_limit.is_none()),
    };
    let mut done = 0;
    let reading = read_all(objects, &read_plan, warnings, &mut |size| {
        done += size;
        on_object(done, total);
    })?;
    on_object(total, total);
    still_open(plan)?;
    // Of what gave nothing at all there is no report but why.
    if let Some(trouble) = plan.store.as_ref().filter(|_| has_objects && reading.read == 0).and_then(|s| s.trouble()) {
        return Err(trouble.into());
    }
    loaded.flow_logs_unreadable = reading.unreadable;
    Ok(Flows { rollup: reading.rollup, roles })
}

/// What was counted, and the texts and addresses that it points to.
struct Count {
    counted: Counted,
    rollup: Rollup,
    roles: Roles,
}

fn count(flows: Flows, loaded: &inputs::Loaded, (window, threads): (Window, usize), warnings: &mut Warnings) -> Count {
    let Flows { mut rollup, roles } = flows;
    let counted = resolve(&mut rollup, &roles, &Routes::new(&loaded.inventory), window, threads);
    warn_of_counts(&counted, &rollup, &loaded.inventory, warnings);
    Count { counted, rollup, roles }
}

/// What the report is made from.
struct Answer<'a> {
    plan: &'a Plan,
    loaded: &'a inputs::Loaded,
    attributed: &'a Attributed,
    money: &'a Money,
    prices: &'a PriceBook,
    metrics: &'a Metrics,
    names: Option<&'a DnsNames>,
    period: period::Period,
}

impl Answer<'_> {
    /// The gateways of which AWS dropped records.
    fn dropped(&self) -> BTreeSet<&str> {
        let counts = self.attributed.gateways.iter().map(|gateway| &gateway.count);
        counts.filter(|count| count.skipdata > 0).map(|count| count.side.id.as_str()).collect()
    }

    fn days(&self) -> BTreeMap<&str, (u32, u32)> {
        let gateways = self.attributed.gateways.iter();
        gateways.filter_map(|gateway| Some((gateway.count.side.id.as_str(), gateway.days?))).collect()
    }

    /// [`Attributed::hours`] by VPC and service.
    fn hours_of(&self) -> gateway::HoursOf {
        // A roll-up keeps hours up to the day on which an endpoint was made; what comes later is later in it, too.
        let mut hours_of = gateway::HoursOf::new();
        for ((place, service), (first, last)) in &self.attributed.hours {
            let vpc = self.attributed.places.get(*place as usize).and_then(|place| place.vpc.clone());
            let named = self.attributed.services.get(*service as usize);
            if let Some((vpc, named)) = vpc.zip(named) {
                let key = (vpc, named.service.clone(), named.region.clone().unwrap_or_default());
                let (first, last) = (i64::from(*first), i64::from(*last));
                let known = hours_of.entry(key).or_insert((first, last));
                *known = (known.0.min(first), known.1.max(last));
            }
        }
        hours_of
    }

    fn report(
        &self,
        currency: String,
        (records, record_bytes): (RecordKinds, RecordBytes),
        mut warnings: Warnings,
    ) -> Result<(Report, trail::Workings), RunError> {
        let (inventory, window) = (&self.loaded.inventory, self.period.window);
        let builder = Builder::new(self.attributed, inventory, &self.money.costs);
        let witnesses = money::witnesses(self.money, self.attributed, self.metrics, (inventory, window));
        let nat_gateways = builder.nat_gateways(witnesses);
        let (traffic, traffic_behind) = builder.traffic()?;
        let basis = decide::Basis {
            inventory,
            prices: self.prices,
            gateways: &nat_gateways,
            traffic: &traffic,
            relayed: traffic_behind.iter().map(|behind| behind.relayed.clone()).collect(),
            dropped: self.dropped(),
            days: self.days(),
            client_azs: &builder.client_azs()?,
            metrics: self.metrics,
            private_answers: self.names.map(|names| names.services(&self.loaded.namer)).unwrap_or_default(),
            hours_of: self.hours_of(),
            weighed: self.period.weighed(),
            window,
        };
        let decide::Decided { decisions, findings, workings } = decide::decide(&basis, self.money, &mut warnings);
        let rates: Vec<_> = self.money.costs.iter().map(|cost| cost.usd_per_gb.map(PricePerGb::new)).collect();
        let (attributed, hours) = (self.attributed, self.period.hours());
        let own_services = custom::case(attributed, inventory, self.prices, hours, &rates, &mut warnings);
        names::warn(self.names, self.attributed, &traffic, &mut warnings);
        let region_unknown = regions::open(&traffic, &traffic_behind, &self.loaded.namer, &mut warnings);
        let (custom_services, custom) = compare(&own_services).into_iter().unzip();
        let by = &self.plan.group_by;
        let report = Report {
            schema: report::SCHEMA,
            period: self.period.row(),
            currency,
            cost_basis: self.money.basis,
            summary: decide::summary(self.money, &nat_gateways, &decisions, &findings),
            clients: builder.clients(self.plan.top)?,
            destinations: builder.destinations(self.plan.top)?,
            buckets: builder.buckets(self.plan.top)?,
            client_services: if self.plan.client_services {
                builder.client_services(self.plan.top)?
            } else {
                Vec::new()
            },
            logged_vpcs: self.names.map(|names| names.logged.clone()).unwrap_or_default(),
            region_unknown,
            groups: if by.is_empty() { None } else { Some(builder.groups(by)?.0) },
            nat_gateways,
            traffic,
            decisions,
            findings,
            custom_services,
            records,
            record_bytes,
            warnings: warnings.rows(),
            inputs: self.loaded.input_rows(),
            provenance: Provenance {
                version: env!("CARGO_PKG_VERSION"),
                ip_ranges_sync_token: self.loaded.sync_token.clone(),
                prices_as_of: self.prices.as_of().to_owned(),
            },
        };
        Ok((report, trail::Workings { traffic_behind, decided: workings, custom }))
    }
}

fn warn_of_period(period: &period::Period, records: RecordKinds, warnings: &mut Warnings) {
    if period.partial && records.read > 0 {
        let seen = period.observed.map_or_else(
            || "there is no record in the period".to_owned(),
            |(first, last)| format!("records from {} to {}", iso(first), iso(last)),
        );
        warnings.add(Code::PartialPeriod, seen);
    }
}

fn warn_of_counts(
    counted: &crate::count::resolve::Counted,
    rollup: &crate::count::rollup::Rollup,
    inventory: &Inventory,
    warnings: &mut Warnings,
) {
    for gateway in &counted.gateways {
        let id = &gateway.side.id;
        warnings.add_counted(Code::SkipData, gateway.skipdata, format!("{id}: {}", gateway.skipdata));
        if !gateway.known {
            warnings.add(Code::InferredGateway, id.clone());
        }
        if !gateway.covered {
            warnings.add(Code::UnobservedGateway, id.clone());
        }
    }
    let records = |n: u64| format!("{n} {}", if n == 1 { "record" } else { "records" });
    let about = |sum: RowSum| format!("{} of {} bytes", records(sum.records), sum.bytes);
    let mut counted_warning = |code, sum: RowSum| warnings.add_counted(code, sum.records, about(sum));
    counted_warning(Code::UndecidablePrivateNat, counted.undecidable);
    counted_warning(Code::UnattributableRecords, counted.unattributable);
    counted_warning(Code::UnnamedGateway, counted.unnamed_gateway);
    counted_warning(Code::UndecidedService, counted.crossings.undecided);
    let second = counted.records.duplicate - rollup.loose.duplicate.records;
    warnings.add_counted(Code::DuplicateFlowLog, second, format!("{} of a second flow log", records(second)));
    if inventory.vpcs().next().is_none() && inventory.nat_gateways().next().is_none() {
        warnings.add(Code::NoInventory, "there is no inventory");
    }
}
