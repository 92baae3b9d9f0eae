//! `billing/cost-explorer/<month>/<account>/`: what Cost Explorer knows of the month.

use super::bundle::Bundle;
use super::inventory::Stop;
use super::{Job, Plan, Taken, is_final};
use crate::aws::cost_explorer::{GET_COST_AND_USAGE, cost_and_usage, home};
use crate::aws::session::wait;
use crate::model::period::{DAY_SECONDS, iso_day};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

/// What one run had of Cost Explorer.
#[derive(Clone, Debug, Default)]
pub struct Bills {
    /// By the account that was asked.
    pub accounts: BTreeMap<String, Taken>,
    /// Requests, each of which costs 0.01 USD.
    pub requests: u64,
}

/// The folder of an account's costs.
pub(super) fn unit(plan: &Plan, account: &str) -> String {
    format!("billing/cost-explorer/{}/{account}", plan.month)
}

/// Asks each account once, and none that an earlier answer was about: a management account answers for its members.
pub(super) fn collect(plan: &Plan, jobs: &[Job], bundle: &Bundle) -> Result<Bills, Stop> {
    let mut bills = Bills::default();
    let Some(max_requests) = plan.cost_explorer else { return Ok(bills) };
    let window = plan.month.window();
    // Today is not over.
    let end = window.end.min(plan.now.div_euclid(DAY_SECONDS) * DAY_SECONDS);
    if end <= window.start {
        return Ok(bills);
    }
    let days = (iso_day(window.start), iso_day(end));
    let (mut covered, asked) = (BTreeSet::new(), AtomicU64::new(0));
    for job in jobs {
        let account = &job.place.account;
        let Some(region) = home(&job.place.region) else { continue };
        let unit = unit(plan, account);
        if bills.accounts.contains_key(account) || covered.contains(account) || !plan.replace && bundle.has(&unit)? {
            continue;
        }
        let count = || {
            asked.fetch_add(1, Ordering::Relaxed);
        };
        let session = job.session.in_region(region);
        let answer = wait(cost_and_usage(&session, account, (&days.0, &days.1), max_requests, &count));
        let taken = bills.accounts.entry(account.clone()).or_default();
        match answer {
            Ok(costs) => {
                taken.add("get-cost-and-usage", costs.pages.len() as u64);
                covered.extend(costs.accounts);
                bundle.write_json(&format!("{unit}/get-cost-and-usage.json"), &Value::Array(costs.pages))?;
            }
            Err(error) if is_final(&error) => return Err(error.into()),
            Err(error) => taken.miss(GET_COST_AND_USAGE, error),
        }
    }
    bills.requests = asked.load(Ordering::Relaxed);
    Ok(bills)
}
