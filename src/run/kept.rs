//! A run that looks first whether an earlier one had the same to do, and keeps what it worked out.

use super::{Outcome, Plan, RunError, compute};
use crate::cache::{Cache, KeptReport, Key, Place};
use crate::sources::objects::{Identity, Listing, named};
use std::hash::Hash;
use std::time::Duration;
use xxhash_rust::xxh3::Xxh3;

/// The report, kept or made.
pub(super) fn report(plan: &Plan, place: &Place, on_object: &mut dyn FnMut(u64, u64)) -> Result<Outcome, RunError> {
    let mut cache = Cache::new(place.clone());
    let mut inputs = Inputs::look(plan, place);
    // Of a report whose way is asked for only what was counted is kept.
    let keys = inputs.as_ref().map(|inputs| inputs.keys).filter(|_| !plan.trail && !plan.dataset);
    // What has more serves those who want less.
    let fit = |keys: Keys| [Some(keys.whole), (!plan.client_services).then_some(keys.with_client_services)];
    if let Some(kept) = keys.into_iter().flat_map(fit).flatten().find_map(|key| cache.report(key)) {
        on_object(1, 1);
        let KeptReport { report, losses: [unreadable, malformed, malformed_bill_lines] } = kept;
        let (trail, dataset, cache_trouble) = (None, None, cache.close());
        return Ok(Outcome { report, unreadable, malformed, malformed_bill_lines, trail, dataset, cache_trouble });
    }
    let settled = inputs.as_ref().is_some_and(|inputs| inputs.settle(&mut cache));
    let flow_logs = inputs.as_mut().map(|inputs| std::mem::take(&mut inputs.flow_logs));
    let mut outcome = compute(plan, Some(&cache), flow_logs, on_object)?;
    // What was changed while it was read is not what the key says.
    // Of a store all is read as it was listed, or not at all; what it did not give it may give the next run.
    let whole_store = plan.store.as_ref().is_none_or(|store| store.trouble().is_none());
    if let Some(before) = keys.filter(|_| settled && whole_store)
        && Inputs::look(plan, place).is_some_and(|after| after.keys == before)
    {
        let losses = [outcome.unreadable, outcome.malformed, outcome.malformed_bill_lines];
        cache.keep_report(before.whole, &outcome.report, losses);
    }
    outcome.cache_trouble = cache.close();
    Ok(outcome)
}

/// Under what reports are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Keys {
    /// The one that is asked for.
    whole: Key,
    /// The same with services by client, asked for or not.
    with_client_services: Key,
}

/// Everything that a report depends on, seen from outside.
struct Inputs {
    keys: Keys,
    /// From when on the times of all files can be trusted.
    settled_from: i128,
    /// The flow logs that were seen.
    flow_logs: Listing,
}

/// How long a run waits at most for the times of its inputs to settle.
const PATIENCE: i128 = 25_000_000;

impl Inputs {
    /// `None` where something cannot be told from outside: what cannot be listed, a file without times.
    fn look(plan: &Plan, place: &Place) -> Option<Self> {
        let Plan {
            inputs,
            period,
            cost_basis,
            group_by,
            top,
            client_services,
            dns_look_back,
            threads: _,
            trail: _,
            dataset: _,
            cache: _,
            memory_limit: _,
            // What it has is told by identities; how it is asked changes nothing.
            store: _,
        } = plan;
        // Every field as it stands: a new option is part of the key before anybody thinks of it.
        let options = format!("{inputs:?} {period:?} {cost_basis:?} {group_by:?} {top:?} {dns_look_back:?}");
        let (mut seen, mut settled_from) = (Xxh3::new(), i128::MIN);
        let mut add = |key: &str, identity: &Identity| {
            settled_from = settled_from.max(identity.settled_from());
            (key, identity).hash(&mut seen);
        };
        let mut flow_logs = None;
        let others = [&inputs.inventory, &inputs.billing, &inputs.metrics].map(|at| plan.all(at));
        for given in [plan.flow_logs(), plan.dns()].iter().chain(&others) {
            let listing = given.list().ok()?;
            if !listing.unreadable.is_empty() {
                return None;
            }
            for object in &listing.objects {
                add(&object.key, &object.identity()?);
            }
            flow_logs.get_or_insert(listing);
        }
        for path in [&inputs.prices, &inputs.ip_ranges].into_iter().flatten() {
            let object = named(&path.display().to_string(), plan.store.as_ref()).ok()?;
            add("", &object.identity()?);
        }
        let seen = format!("{:032x}", seen.digest128());
        let key = |client_services: bool| Key::of(place, &["report", &options, &client_services.to_string(), &seen]);
        let keys = Keys { whole: key(*client_services), with_client_services: key(true) };
        Some(Self { keys, settled_from, flow_logs: flow_logs? })
    }

    /// Whether the times of all files can be trusted before any is read, which may need a moment's patience.
    fn settle(&self, cache: &mut Cache) -> bool {
        let wait = self.settled_from.saturating_sub(cache.place().now);
        if (1..=PATIENCE).contains(&wait) {
            std::thread::sleep(Duration::from_nanos(u64::try_from(wait).unwrap_or(0)));
            cache.waited_until(self.settled_from);
        }
        wait <= PATIENCE
    }
}
