//! `natlens collect`.

use super::layers::Layers;
use super::output::{error, note};
use super::plan::Refusal;
use super::resolve::AccessSettings;
use super::{CollectArgs, Exit, Global};
use crate::aws::{Access, Trouble};
use crate::collect::{self, Account, CollectError, Plan, Summary, Taken};
use crate::model::period::Month;
use crate::model::region::is_region_name;
use crate::sources::objects::since_1970;

/// Collects, and says what was collected.
pub fn act(args: &CollectArgs, global: &Global) -> Exit {
    let plan = match plan(args) {
        Ok(plan) => plan,
        Err(Refusal { exit, what, hint }) => {
            error(&what, hint.as_deref());
            return exit;
        }
    };
    match collect::run(&plan) {
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
        CollectError::Bundle(_) | CollectError::Exists { .. } => Exit::Failed,
    }
}

/// Flags, environment and settings as one plan.
fn plan(args: &CollectArgs) -> Result<Plan, Refusal> {
    let settings = AccessSettings::new(&args.access, &Layers::read(Some(&args.to))?);
    let usage = |what: String, hint: &str| Refusal { exit: Exit::Usage, what, hint: Some(hint.to_owned()) };
    #[expect(clippy::disallowed_methods, reason = "the last month, and nothing of the future, depends on today")]
    let now = since_1970(std::time::SystemTime::now())
        .map_or(0, |nanoseconds| i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(0));
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
    Ok(Plan { to: args.to.clone(), month, now, accounts, replace: args.replace })
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
        note(&format!("{} {}:", place.account, place.region));
        for (what, count) in &taken.counts {
            note(&format!("  {count:>8}  {}", shown(what)));
        }
        for gateway in &taken.kept {
            note(&format!("  {} is deleted; its last description is kept", shown(gateway)));
        }
        missing(taken);
    }
    note(&format!("{}: next, `natlens report {0} --month {}`", plan.to.display(), plan.month));
}

fn missing(taken: &Taken) {
    for (call, failure) in &taken.missing {
        note(&format!("warning: missing: {}: {}", call.purpose, shown(&failure.to_string())));
        let allow = format!("allow {}", call.action);
        note(&format!("hint: {}", failure.hint.as_deref().map_or(allow, shown)));
    }
}

/// Text from outside, without what a terminal would obey.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
