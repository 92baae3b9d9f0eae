//! Asks the live account what `natlens doctor` wants to know: whose the credentials are, and what they may. Changes nothing, and
//! fetches nothing that costs, unless Cost Explorer was asked for.

use crate::aws::cloudwatch::{GET_METRIC_DATA, LIST_METRICS, Series, list_metrics, metric_data};
use crate::aws::cost_explorer::{GET_COST_AND_USAGE, cost_and_usage, home};
use crate::aws::ec2::{DESCRIBE, Ec2, PREFIX_LIST_ENTRIES};
use crate::aws::logs::{FILTER_LOG_EVENTS, Logs};
use crate::aws::s3::{GET, LIST};
use crate::aws::session::wait;
use crate::aws::{Access, AwsError, Budget, Call, Session, Trouble, sts};
use crate::doctor::Finding;
use crate::doctor::live::{Tried, failure, identity, permissions};
use crate::doctor::wants::{Address, Live, Wants};
use crate::model::period::Window;
use crate::sources::objects::store::{Entry, Store, StoreTrouble};
use std::sync::Arc;

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who reads.
    pub readers: Vec<Reader>,
    /// What is used there.
    pub wants: Wants,
    /// Log groups with flow logs.
    pub log_groups: Vec<String>,
    /// First and last day but one of a question to Cost Explorer, which costs 0.01 USD; it is not asked without.
    pub cost_explorer: Option<(String, String)>,
    /// Places in buckets, each with a reader that has had no trouble yet.
    pub stores: Vec<(Address, Arc<dyn Store>)>,
}

/// Credentials and what is read with them.
#[derive(Clone, Debug)]
pub struct Reader {
    /// How they are had.
    pub access: Access,
    /// The Regions to ask; the session's own without any.
    pub regions: Vec<String>,
    /// Whether they read an account, or are only there to take on roles.
    pub reads: bool,
}

/// What was found, and what kept anything from being found.
#[derive(Debug, Default)]
pub struct Told {
    /// The findings.
    pub findings: Vec<Finding>,
    /// Whether credentials are missing, expired or wrong.
    pub bad_credentials: bool,
    /// Whether AWS, or the network, did not answer.
    pub unanswered: bool,
}

/// Asks.
#[must_use]
pub fn ask(ask: &Ask) -> Told {
    let mut told = Told::default();
    for reader in &ask.readers {
        told.reader(&open(reader), reader, ask);
    }
    if !told.bad_credentials {
        for (address, store) in &ask.stores {
            told.bucket(address, store.as_ref());
        }
    }
    told
}

/// A Region that is named keeps the SDK from looking for one.
fn open(reader: &Reader) -> Session {
    Session::open(&Access { region: reader.regions.first().cloned(), ..reader.access.clone() })
}

impl Told {
    fn failed(&mut self, area: &'static str, error: &AwsError) {
        self.bad_credentials |= error.trouble == Trouble::Credentials;
        self.unanswered |= error.trouble == Trouble::Remote;
        self.findings.push(failure(area, error));
    }

    fn reader(&mut self, session: &Session, reader: &Reader, ask: &Ask) {
        if let Err(error) = wait(session.credentials()) {
            self.failed("credentials", &error);
            return;
        }
        let regions: Vec<String> = match (reader.regions.as_slice(), session.region()) {
            ([], None) => {
                let hint = "name one by --region, in natlens.toml ([aws] regions) or by AWS_REGION";
                self.findings.push(Finding::problem("region", "no Region is named", hint));
                return;
            }
            ([], Some(region)) => vec![region.to_owned()],
            (regions, _) => regions.to_vec(),
        };
        let first = session.in_region(&regions[0]);
        let found = wait(sts::identity(&first, Arc::default()));
        let account = match &found {
            Ok(of) => of.account.clone(),
            Err(error) => {
                self.failed("credentials", error);
                return;
            }
        };
        self.findings.push(identity(&found));
        let budget: Arc<Budget> = Arc::default();
        for region in regions.iter().filter(|_| reader.reads) {
            let at = format!("{account} {region}");
            let session = session.in_region(region);
            match tried(&session, &at, ask, &budget) {
                Ok(tried) => self.permissions(&at, &tried),
                Err(error) => self.failed("permissions", &error),
            }
        }
        if let Some((first, last)) = ask.cost_explorer.as_ref().filter(|_| reader.reads)
            && let Some(region) = home(&regions[0])
        {
            let session = session.in_region(region);
            let answer = wait(cost_and_usage(&session, &account, (first, last), 1, &|| {}));
            match attempt(GET_COST_AND_USAGE, answer) {
                Ok(one) => self.permissions(&account, &[one]),
                Err(error) => self.failed("permissions", &error),
            }
        }
    }

    /// Whether it may be listed, then whether an object that is not there is missed rather than forbidden.
    fn bucket(&mut self, address: &Address, store: &dyn Store) {
        let at = format!("s3://{}/{}", address.bucket, address.prefix);
        let key = format!("{}natlens-doctor", address.prefix);
        match store.find(&address.bucket, &key) {
            Ok(_) => {}
            Err(error) if error.trouble == StoreTrouble::Denied => {
                self.permissions(&at, &[(LIST, Ok(false))]);
                return;
            }
            Err(error) => {
                self.bad_credentials |= error.trouble == StoreTrouble::Credentials;
                self.unanswered |= error.trouble == StoreTrouble::Remote;
                let hint = error.hint.unwrap_or_else(|| "`natlens config` shows the addresses that hold".to_owned());
                self.findings.push(Finding::problem("permissions", error.what, hint));
                return;
            }
        }
        let (bucket, store_name) = (Arc::from(address.bucket.as_str()), Arc::from(""));
        let nothing = Entry { store: store_name, bucket, key, size: 1, etag: None, modified: String::new() };
        let _ = store.range(&Arc::new(nothing), 0, 1);
        let denied = store.trouble().is_some_and(|error| error.trouble == StoreTrouble::Denied);
        self.permissions(&at, &[(LIST, Ok(true)), (GET, Ok(!denied))]);
    }

    fn permissions(&mut self, at: &str, tried: &[Tried]) {
        self.unanswered |=
            tried.iter().any(|(_, result)| result.as_ref().is_err_and(|error| error.trouble == Trouble::Remote));
        self.findings.extend(permissions(at, tried));
    }
}

/// What one place may be asked for.
fn tried(session: &Session, at: &str, ask: &Ask, budget: &Arc<Budget>) -> Result<Vec<Tried>, AwsError> {
    let live = |part| ask.wants.live.contains(&part);
    let mut all = if live(Live::Inventory) { ec2(session, at, budget)? } else { Vec::new() };
    if live(Live::Metrics) {
        // A gateway that nobody has, in the first hour of a year that is over.
        let series = Series {
            id: "probe".to_owned(),
            label: "probe".to_owned(),
            namespace: "AWS/NATGateway",
            metric: "BytesInFromSource",
            dimensions: vec![("NatGatewayId".to_owned(), "nat-00000000".to_owned())],
        };
        let start = NEW_YEAR;
        let answer = wait(metric_data(session, at, &[series], Window { start, end: start + 3600 }));
        all.push(attempt(GET_METRIC_DATA, answer)?);
        // A metric that nobody has: one page, with nothing on it.
        all.push(attempt(LIST_METRICS, wait(list_metrics(session, at, "AWS/NATGateway", "natlens-doctor")))?);
    }
    for group in ask.log_groups.iter().filter(|_| live(Live::Logs)) {
        let logs = Logs::new(session, at, Arc::clone(budget))?;
        all.push(attempt(FILTER_LOG_EVENTS, wait(logs.page(group, 0, 1, None)))?);
    }
    Ok(all)
}

/// 2026-01-01.
const NEW_YEAR: i64 = 1_767_225_600;

/// A call that was made for its permission only. What would befall every other call as well ends them all.
fn attempt<T>(call: Call, answer: Result<T, AwsError>) -> Result<Tried, AwsError> {
    match answer {
        Ok(_) => Ok((call, Ok(true))),
        Err(error) if error.trouble == Trouble::Denied => Ok((call, Ok(false))),
        Err(error) if matches!(error.trouble, Trouble::Credentials | Trouble::Remote) => Err(error),
        Err(error) => Ok((call, Err(error))),
    }
}

/// Every describe call, tried without being made.
fn ec2(session: &Session, at: &str, budget: &Arc<Budget>) -> Result<Vec<Tried>, AwsError> {
    let ec2 = Ec2::new(session, at, Arc::clone(budget))?;
    let nothing: &[(&str, &str)] = &[];
    let calls = DESCRIBE.iter().map(|what| (what, nothing));
    let entries: &[(&str, &str)] = &[("PrefixListId", "pl-00000000")];
    calls
        .chain([(&PREFIX_LIST_ENTRIES, entries)])
        .map(|(what, parameters)| match wait(ec2.is_allowed(what, parameters)) {
            Ok(allowed) => Ok((what.call, Ok(allowed))),
            Err(error) => attempt(what.call, Err::<(), _>(error)),
        })
        .collect()
}
