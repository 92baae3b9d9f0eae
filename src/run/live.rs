//! Asks the live account what `natlens doctor` wants to know: whose the credentials are, and what they may. Changes nothing, and
//! fetches nothing that costs.

use crate::aws::ec2::{DESCRIBE, Ec2, PREFIX_LIST_ENTRIES};
use crate::aws::session::wait;
use crate::aws::{Access, AwsError, Budget, Session, Trouble, sts};
use crate::doctor::Finding;
use crate::doctor::live::{Tried, failure, identity, permissions};
use crate::doctor::wants::{Live, Wants};
use std::sync::Arc;

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who reads.
    pub readers: Vec<Reader>,
    /// What is used there.
    pub wants: Wants,
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
        told.reader(&open(reader), reader, &ask.wants);
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

    fn reader(&mut self, session: &Session, reader: &Reader, wants: &Wants) {
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
            if wants.live.contains(&Live::Inventory) {
                match ec2(&session.in_region(region), &at, &budget) {
                    Ok(tried) => self.permissions(&at, &tried),
                    Err(error) => self.failed("permissions", &error),
                }
            }
        }
    }

    fn permissions(&mut self, at: &str, tried: &[Tried]) {
        self.unanswered |=
            tried.iter().any(|(_, result)| result.as_ref().is_err_and(|error| error.trouble == Trouble::Remote));
        self.findings.extend(permissions(at, tried));
    }
}

/// Every describe call, tried without being made. The first that fails for another reason than permission ends it.
fn ec2(session: &Session, at: &str, budget: &Arc<Budget>) -> Result<Vec<Tried>, AwsError> {
    let ec2 = Ec2::new(session, at, Arc::clone(budget))?;
    let nothing: &[(&str, &str)] = &[];
    let calls = DESCRIBE.iter().map(|what| (what, nothing));
    let entries: &[(&str, &str)] = &[("PrefixListId", "pl-00000000")];
    calls
        .chain([(&PREFIX_LIST_ENTRIES, entries)])
        .map(|(what, parameters)| Ok((what.call, Ok(wait(ec2.is_allowed(what, parameters))?))))
        .collect()
}
