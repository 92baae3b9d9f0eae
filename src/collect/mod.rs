//! `natlens collect`: what the live account says, as the files of a bundle. The report is made of the files alone, so that it stays
//! what it was when the account has changed.

pub mod billing;
pub mod bundle;
mod inventory;
mod lock;
mod logs;
mod metrics;
mod remote;

use crate::aws::ec2::Ec2;
use crate::aws::session::wait;
use crate::aws::{Access, AwsError, Budget, Call, Session, Trouble, sts};
use crate::model::period::{Month, iso};
use billing::Bills;
use bundle::{Bundle, BundleError, To};
use inventory::Stop;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Accounts and Regions that are asked at once.
const AT_ONCE: usize = 8;

/// What to collect.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The bundle.
    pub to: To,
    /// The month of metrics, bill and logs.
    pub month: Month,
    /// The time, Unix UTC: nothing later than it is asked for.
    pub now: i64,
    /// Whom to ask.
    pub accounts: Vec<Account>,
    /// Whether what was collected for the month gives way.
    pub replace: bool,
    /// Whether to ask `CloudWatch`.
    pub metrics: bool,
    /// How many requests Cost Explorer may be asked by one account; `None` asks nothing.
    pub cost_explorer: Option<u32>,
    /// Log groups with flow logs.
    pub log_groups: Vec<String>,
}

/// An account, by the credentials that read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How it is reached; its Region does not matter.
    pub access: Access,
    /// The Regions to ask; the session's own without any.
    pub regions: Vec<String>,
}

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Credentials, or a network or service that failed after all retries.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The month is there already.
    #[error("{month} was collected before: {what}")]
    Exists {
        /// The month.
        month: Month,
        /// Account and Region of what is there.
        what: String,
    },
    /// Nobody names a Region.
    #[error("no Region is named")]
    NoRegion,
    /// Nothing at all is allowed.
    #[error("nothing could be read: {0}")]
    Nothing(AwsError),
}

impl CollectError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Aws(error) | Self::Nothing(error) => error.hint.as_deref(),
            Self::Bundle(BundleError::Busy(_)) => Some("wait until it is done, or collect into another bundle"),
            Self::Bundle(BundleError::Store(error)) => error.hint.as_deref(),
            Self::Bundle(BundleError::Io { .. }) => None,
            Self::Exists { .. } => Some("--replace collects it again"),
            Self::NoRegion => Some("name one by --region, in natlens.toml ([aws] regions) or by AWS_REGION"),
        }
    }
}

/// An account and a Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 12 digits.
    pub account: String,
    /// `eu-central-1`.
    pub region: String,
}

impl Place {
    /// The path of an inventory file.
    fn inventory(&self, file: &str) -> String {
        format!("inventory/{}/{}/{file}", self.account, self.region)
    }

    /// What messages call it.
    fn at(&self) -> String {
        format!("{} {}", self.account, self.region)
    }

    /// The path of its metrics.
    fn metrics(&self, month: Month) -> String {
        format!("metrics/{month}/{}/{}", self.account, self.region)
    }

    /// The path of flow logs that were in `CloudWatch` Logs.
    fn flow_logs(&self, month: Month) -> String {
        format!("flow-logs/cloudwatch-logs/{month}/{}/{}", self.account, self.region)
    }

    /// What says that the place was collected for a month.
    fn record(&self, month: Month) -> String {
        format!("collected/{month}/{}/{}.json", self.account, self.region)
    }
}

/// What was had of one place.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// How many things by what asked for them, in the order of asking.
    pub counts: Vec<(String, u64)>,
    /// What could not be had: the call, and why.
    pub missing: Vec<(Call, AwsError)>,
    /// Gateways that are gone and were kept.
    pub kept: Vec<String>,
    /// Log groups that are not here, and what AWS said.
    absent: Vec<(String, AwsError)>,
}

impl Taken {
    fn add(&mut self, what: &str, count: u64) {
        match self.counts.iter_mut().find(|(known, _)| known == what) {
            Some((_, sum)) => *sum += count,
            None => self.counts.push((what.to_owned(), count)),
        }
    }

    /// Each kind of refusal once: a call is refused for each thing alike.
    fn miss(&mut self, call: Call, error: AwsError) {
        if !self.missing.iter().any(|(known, _)| *known == call) {
            self.missing.push((call, error));
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// By place.
    pub places: BTreeMap<Place, Taken>,
    /// Cost Explorer.
    pub bills: Bills,
}

impl Summary {
    /// Whether anything could not be had.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.places.values().chain(self.bills.accounts.values()).any(|taken| !taken.missing.is_empty())
    }
}

/// Whether the whole run has to end: the next call would fail as well, or would succeed later.
fn is_final(error: &AwsError) -> bool {
    matches!(error.trouble, Trouble::Credentials | Trouble::Remote)
}

/// A place with the session that reads it.
#[derive(Debug)]
struct Job {
    place: Place,
    session: Session,
}

/// Collects everything, or nothing. `on_wait` hears of a bundle that another run may be writing into, which takes a while to tell.
pub fn run(plan: &Plan, on_wait: &dyn Fn(&str)) -> Result<Summary, CollectError> {
    let bundle = Bundle::open(&plan.to, on_wait)?;
    let budget = Arc::new(Budget::default());
    let jobs = jobs(plan, &budget)?;
    let mut known = Vec::new();
    for job in &jobs {
        known.extend(bundle.has(&job.place.record(plan.month))?.then(|| job.place.at()));
    }
    if !plan.replace && !known.is_empty() {
        return Err(CollectError::Exists { month: plan.month, what: known.join(", ") });
    }
    let results = parallel(&jobs, &|job| collect_place(plan, job, &bundle, &budget));
    let mut summary = Summary::default();
    for (job, result) in jobs.iter().zip(results) {
        match result {
            Some(Ok(taken)) => drop(summary.places.insert(job.place.clone(), taken)),
            Some(Err(Stop::Aws(error))) => return discard(&bundle, CollectError::Aws(error)),
            Some(Err(Stop::Bundle(error))) => return discard(&bundle, CollectError::Bundle(error)),
            // Given up, because another failed.
            None => {}
        }
    }
    logs::say_absent(plan, &mut summary);
    let nothing = summary.places.values().all(|taken| taken.counts.is_empty());
    if let Some((_, error)) = summary.places.values().find_map(|taken| taken.missing.first()).filter(|_| nothing) {
        return discard(&bundle, CollectError::Nothing(error.clone()));
    }
    // Last, because it costs money: nothing that could fail comes after it.
    summary.bills = match billing::collect(plan, &jobs, &bundle) {
        Ok(bills) => bills,
        Err(Stop::Aws(error)) => return discard(&bundle, CollectError::Aws(error)),
        Err(Stop::Bundle(error)) => return discard(&bundle, CollectError::Bundle(error)),
    };
    bundle.commit(&units(plan, &summary))?;
    Ok(summary)
}

fn discard<T>(bundle: &Bundle, error: CollectError) -> Result<T, CollectError> {
    bundle.discard()?;
    Err(error)
}

/// Every account and Region, each once.
fn jobs(plan: &Plan, budget: &Arc<Budget>) -> Result<Vec<Job>, CollectError> {
    let mut jobs: Vec<Job> = Vec::new();
    for account in &plan.accounts {
        let first = account.regions.first().cloned().or_else(|| account.access.region.clone());
        let session = Session::open(&Access { region: first, ..account.access.clone() });
        let own = session.region().map(str::to_owned);
        let regions = if account.regions.is_empty() { own.into_iter().collect() } else { account.regions.clone() };
        if regions.is_empty() {
            return Err(CollectError::NoRegion);
        }
        let identity = wait(sts::identity(&session, Arc::clone(budget)))?;
        for region in regions {
            let place = Place { account: identity.account.clone(), region };
            if jobs.iter().all(|job| job.place != place) {
                jobs.push(Job { session: session.in_region(&place.region), place });
            }
        }
    }
    jobs.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(jobs)
}

/// Results in the order of the jobs; once one has failed, nothing new is begun.
fn parallel<T: Send>(jobs: &[Job], work: &(dyn Fn(&Job) -> Result<T, Stop> + Sync)) -> Vec<Option<Result<T, Stop>>> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results: Mutex<Vec<Option<Result<T, Stop>>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.len().min(AT_ONCE) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    let result = work(job);
                    failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    results.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn collect_place(plan: &Plan, job: &Job, bundle: &Bundle, budget: &Arc<Budget>) -> Result<Taken, Stop> {
    let mut taken = Taken::default();
    let ec2 = Ec2::new(&job.session, &job.place.at(), Arc::clone(budget))?;
    let lately = if plan.metrics { metrics::lately(job, &mut taken)? } else { metrics::Lately::new() };
    let described = inventory::collect(&ec2, &job.place, lately, bundle, &mut taken)?;
    if plan.metrics
        && let Some(answer) = metrics::collect(plan, job, &described, &mut taken)?
    {
        bundle.write_json(&format!("{}/get-metric-data.json", job.place.metrics(plan.month)), &answer)?;
    }
    logs::collect(plan, job, bundle, budget, &mut taken)?;
    bundle.write_json(&job.place.record(plan.month), &record(plan, &taken))?;
    Ok(taken)
}

/// What was collected when, and what was missing: beside the parts, for people and for `natlens doctor`.
fn record(plan: &Plan, taken: &Taken) -> Value {
    let missing =
        |(call, error): &(Call, AwsError)| json!({"action": call.action, "for": call.purpose, "why": error.why});
    json!({
        "collected_at": iso(plan.now),
        "month": plan.month.to_string(),
        "things": taken.counts.iter().map(|(what, count)| (what.clone(), json!(count))).collect::<serde_json::Map<_, _>>(),
        "missing": taken.missing.iter().map(missing).collect::<Vec<_>>(),
        "deleted_nat_gateways": taken.kept,
    })
}

/// What of the bundle this run takes the place of.
fn units(plan: &Plan, summary: &Summary) -> Vec<String> {
    let mut units: Vec<String> = summary.bills.accounts.keys().map(|account| billing::unit(plan, account)).collect();
    for place in summary.places.keys() {
        units.push(place.inventory("").trim_end_matches('/').to_owned());
        units.push(place.metrics(plan.month));
        units.push(place.flow_logs(plan.month));
        // Last: it says that the others are there.
        units.push(place.record(plan.month));
    }
    units
}
