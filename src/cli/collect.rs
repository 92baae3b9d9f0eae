//! `natlens collect`.

use super::layers::Layers;
use super::output::{error, note};
use super::plan::Refusal;
use super::resolve::AccessSettings;
use super::{CollectArgs, Exit, Global, aws, clock};
use crate::aws::{Access, Trouble};
use crate::collect::bundle::{BundleError, To};
use crate::collect::{self, Account, CollectError, Plan, Summary, Taken};
use crate::model::period::{Month, parse_instant};
use crate::model::region::is_region_name;
use crate::sources::objects::Address;

/// Collects, and says what was collected.
pub fn act(args: &CollectArgs, global: &Global) -> Exit {
    let plan = match plan(args) {
        Ok(plan) => plan,
        Err(Refusal { exit, what, hint }) => {
            error(&what, hint.as_deref());
            return exit;
        }
    };
    if let Some(most) = plan.cost_explorer.filter(|_| !global.quiet) {
        let accounts = plan.accounts.len() as u64;
        let most = dollars(accounts * u64::from(most));
        note(&format!(
            "Cost Explorer costs 0.01 USD a request, here at most {most} USD; --no-cost-explorer leaves it out"
        ));
    }
    let on_wait = |bundle: &str| {
        if !global.quiet {
            note(&format!("{bundle}: another `natlens collect` is or was at work here; looking which"));
        }
    };
    match collect::run(&plan, &on_wait) {
        Ok(summary) => {
            if !global.quiet {
                say(&plan, &summary);
            }
            if summary.is_incomplete() { Exit::Incomplete } else { Exit::Done }
        }
        Err(failure) => {
            error(&shown(&failure.to_string()), failure.hint().map(shown).as_deref());
            exit_of(&failure)
        }
    }
}

fn exit_of(failure: &CollectError) -> Exit {
    match failure {
        CollectError::Aws(error) | CollectError::Nothing(error) => match error.trouble {
            Trouble::Credentials => Exit::Settings,
            Trouble::Remote => Exit::Remote,
            Trouble::Denied | Trouble::NotFound | Trouble::Changed | Trouble::Request => Exit::Failed,
        },
        CollectError::NoRegion => Exit::Settings,
        CollectError::Bundle(BundleError::Store(error)) => aws::exit_of(error.trouble),
        CollectError::Bundle(_) | CollectError::Exists { .. } => Exit::Failed,
    }
}

/// Flags, environment and settings as one plan.
fn plan(args: &CollectArgs) -> Result<Plan, Refusal> {
    let address = args.to.to_str().and_then(Address::parse);
    // How buckets are reached is not said by what lies in one.
    let layers = Layers::read(if address.is_some() { None } else { Some(&args.to) })?;
    let settings = AccessSettings::new(&args.aws.access, &layers);
    let usage = |what: String, hint: &str| Refusal { exit: Exit::Usage, what, hint: Some(hint.to_owned()) };
    let now = match args.now.as_deref() {
        Some(text) => parse_instant(text).ok_or_else(|| usage(format!("`{text}` is no time"), "see --from"))?,
        None => clock::seconds(),
    };
    let this_month =
        Month::of(now).ok_or_else(|| usage("the clock is wrong".to_owned(), "name the month by --month"))?;
    let month = match args.month.as_deref() {
        Some(text) => {
            Month::parse(text).ok_or_else(|| usage(format!("`{text}` is no month"), "write it as 2026-10"))?
        }
        None => Month::of(this_month.window().start - 1).unwrap_or(this_month),
    };
    if month > this_month {
        return Err(usage(format!("{month} has not begun"), "name a month that has"));
    }
    let accounts = accounts(&settings);
    let bad = accounts.iter().flat_map(|account| &account.regions).find(|region| !is_region_name(region));
    if let Some(bad) = bad {
        return Err(usage(format!("`{bad}` is no Region"), "write it as eu-central-1"));
    }
    Ok(Plan {
        to: match address {
            Some(address) => To::Bucket(aws::writer(&address, &args.aws, &layers)?),
            None => To::Folder(args.to.clone()),
        },
        month,
        now,
        accounts,
        replace: args.replace,
        metrics: !args.parts.no_metrics,
        log_groups: args.parts.log_group.clone(),
        cost_explorer: (!args.parts.no_cost_explorer).then_some(args.max_cost_explorer_requests),
    })
}

/// The accounts of the settings, each by its role, else that of the credentials.
fn accounts(settings: &AccessSettings) -> Vec<Account> {
    let profile = settings.profile.as_ref().map(|profile| profile.value.clone());
    let access = |role| Access { profile: profile.clone(), region: None, role };
    settings.accounts().into_iter().map(|(role, regions)| Account { access: access(role), regions }).collect()
}

/// What was collected, what was not, and what comes next.
fn say(plan: &Plan, summary: &Summary) {
    for (place, taken) in &summary.places {
        counts(&format!("{} {}", place.account, place.region), taken);
    }
    for (account, taken) in &summary.bills.accounts {
        counts(account, taken);
    }
    let requests = summary.bills.requests;
    if requests > 0 {
        note(&format!("{requests} requests to Cost Explorer: {} USD", dollars(requests)));
    }
    note(&format!("{}: next, `natlens report {0} --month {}`", plan.to, plan.month));
}

fn counts(of: &str, taken: &Taken) {
    note(&format!("{}:", shown(of)));
    for (what, count) in &taken.counts {
        note(&format!("  {count:>8}  {}", shown(what)));
    }
    for gateway in &taken.kept {
        note(&format!("  {} is deleted; its last description is kept", shown(gateway)));
    }
    for (call, failure) in &taken.missing {
        note(&format!("warning: missing: {}: {}", call.purpose, shown(&failure.to_string())));
        let allow = (failure.trouble == Trouble::Denied).then(|| format!("allow {}", call.action));
        if let Some(hint) = failure.hint.as_deref().map(shown).or(allow) {
            note(&format!("hint: {hint}"));
        }
    }
}

/// What requests to Cost Explorer cost, in USD.
fn dollars(requests: u64) -> String {
    format!("{}.{:02}", requests / 100, requests % 100)
}

/// Text from outside, without what a terminal would obey.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
