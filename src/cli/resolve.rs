//! Every setting with its value and its origin, worked out once: commands run by the values, `natlens config` shows both.

use super::aws::account;
use super::bundle::Bundle;
use super::layers::{Layers, Sources};
use super::origin::{Origin, Setting};
use super::plan::Refusal;
use super::{AccessArgs, AwsArgs, Exit, FormArgs, InputArgs};
use crate::aws::Role;
use crate::bill::settle::CostBasis;
use crate::model::memory::Memory;
use crate::model::period::{Month, Window, parse_instant};
use crate::report::dimension::Dimension;
use crate::report::threshold::Threshold;
use crate::run::dns::DEFAULT_LOOK_BACK;
use crate::run::period::PeriodChoice;
use crate::sinks::Format;
use crate::sources::settings::{Account, Rule, Settings, Team};
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Settings of every command that reads a bundle.
#[derive(Debug)]
pub struct InputSettings {
    /// `--flow-logs`.
    pub flow_logs: Setting<Vec<String>>,
    /// `--inventory`.
    pub inventory: Setting<Vec<String>>,
    /// `--billing`.
    pub billing: Setting<Vec<String>>,
    /// `--metrics`.
    pub metrics: Setting<Vec<String>>,
    /// `--dns`.
    pub dns: Setting<Vec<String>>,
    /// `--prices`.
    pub prices: Setting<Option<PathBuf>>,
    /// `--ip-ranges`.
    pub ip_ranges: Setting<Option<PathBuf>>,
    /// `--log-format`.
    pub log_format: Setting<Option<String>>,
    /// `[[rules]]` of all files.
    pub rules: Vec<Setting<Rule>>,
    /// `[[teams]]` of all files.
    pub teams: Vec<Setting<Team>>,
    /// `--month`, or `--from` and `--to`.
    pub period: PeriodSettings,
    /// `--cost-basis`.
    pub cost_basis: Setting<CostBasis>,
    /// `--dns-look-back`.
    pub dns_look_back: Setting<u32>,
    /// `--threads`.
    pub threads: Setting<usize>,
    /// `--memory-limit`.
    pub memory_limit: Setting<Option<Memory>>,
    /// `--no-cache`.
    pub no_cache: Setting<bool>,
    /// `--cache-dir`; `None` where the user has no folder for caches.
    pub cache_dir: Setting<Option<PathBuf>>,
}

/// The time of the report.
#[derive(Debug)]
pub struct PeriodSettings {
    /// `--month`.
    pub month: Option<Setting<String>>,
    /// `--from` and `--to`.
    pub span: Option<(Setting<String>, Setting<String>)>,
    /// What they mean.
    pub choice: PeriodChoice,
}

/// Settings of the report's form.
#[derive(Debug)]
pub struct FormSettings {
    /// `--group-by`.
    pub group_by: Setting<Vec<Dimension>>,
    /// `--top`; `None` is each table's own number.
    pub top: Setting<Option<usize>>,
    /// `--format`.
    pub format: Setting<Format>,
    /// `--strict`.
    pub strict: Setting<bool>,
    /// `--fail-on`.
    pub fail_on: Setting<Vec<Threshold>>,
}

/// Whom to ask, and where, as far as natlens's own settings say.
#[derive(Debug)]
pub struct AccessSettings {
    /// `--profile`.
    pub profile: Option<Setting<String>>,
    /// `--region`.
    pub regions: Option<Setting<Vec<String>>>,
    /// `[[accounts]]` of the strongest file that has any.
    pub accounts: Vec<Setting<Account>>,
}

/// How to read buckets.
#[derive(Debug)]
pub struct BucketSettings {
    /// `--requester-pays`.
    pub requester_pays: Setting<bool>,
    /// `--expected-bucket-owner`.
    pub expected_owner: Option<Setting<String>>,
}

impl InputSettings {
    /// Works them out for a bundle.
    pub(super) fn new(bundle: &Bundle, args: &InputArgs, layers: &Layers) -> Result<Self, Refusal> {
        let from = Sources { given: &args.given, layers };
        let part = |key: &str, given: &[String], set: fn(&Settings) -> &Vec<String>| {
            from.paths(key, given, set, bundle.part(key))
        };
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = from.first("threads", args.threads.map(usize::from), |s| s.threads);
        let memory = |text: &str| text.parse().ok();
        let memory_limit = from.read("memory-limit", args.memory_limit, |s| s.memory_limit.as_deref(), memory)?;
        let no_cache = from.first("no-cache", args.given.has("no-cache").then_some(args.no_cache), |_| None);
        Ok(Self {
            flow_logs: part("flow-logs", &args.flow_logs, |s| &s.flow_logs),
            inventory: part("inventory", &args.inventory, |s| &s.inventory),
            billing: part("billing", &args.billing, |s| &s.billing),
            metrics: part("metrics", &args.metrics, |s| &s.metrics),
            dns: part("dns", &args.dns, |s| &s.dns),
            prices: from.file("prices", args.prices.as_ref(), |s| s.prices.as_ref(), bundle.part("prices.csv")),
            ip_ranges: from.file(
                "ip-ranges",
                args.ip_ranges.as_ref(),
                |s| s.ip_ranges.as_ref(),
                bundle.part("ip-ranges.json"),
            ),
            log_format: optional(from.first("log-format", args.log_format.clone(), |s| s.log_format.clone())),
            rules: from.all("rules", |s| &s.rules),
            teams: from.all("teams", |s| &s.teams),
            period: PeriodSettings::new(args, from)?,
            cost_basis: named(from, "cost-basis", args.cost_basis, |s| s.cost_basis.as_deref())?,
            dns_look_back: or_default(
                from.first("dns-look-back", args.dns_look_back, |s| s.dns_look_back),
                DEFAULT_LOOK_BACK,
            ),
            threads: threads.unwrap_or_else(|| Setting::default(cores())).map(|threads| threads.max(1)),
            memory_limit: optional(memory_limit),
            no_cache: or_default(no_cache, false),
            cache_dir: from
                .first("cache-dir", args.cache_dir.clone(), |_| None)
                .map_or_else(|| Setting::default(cache_of_user()), |dir| dir.map(Some)),
        })
    }
}

impl FormSettings {
    /// Works them out.
    pub fn new(args: &FormArgs, format: Option<Format>, input: &InputArgs, layers: &Layers) -> Result<Self, Refusal> {
        let from = Sources { given: &input.given, layers };
        let dimension = |text: &str| text.parse().ok();
        let threshold = |text: &str| text.parse().ok();
        Ok(Self {
            group_by: from.read_all("group-by", &args.group_by, |s| &s.group_by, dimension)?,
            top: optional(from.first("top", args.top, |s| s.top)),
            format: named(from, "format", format, |s| s.format.as_deref())?,
            strict: strict(args.strict, input, layers),
            fail_on: from.read_all("fail-on", &args.fail_on, |s| &s.fail_on, threshold)?,
        })
    }
}

impl AccessSettings {
    /// Works them out.
    pub fn new(args: &AccessArgs, layers: &Layers) -> Self {
        let from = Sources { given: &args.given, layers };
        let filled = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Self {
            profile: from.first_as("profile", "aws.profile", args.profile.clone(), |s| s.aws.profile.clone()),
            regions: from.first_as("region", "aws.regions", filled(&args.region), |s| filled(&s.aws.regions)),
            accounts: from.strongest("accounts", |s| &s.accounts),
        }
    }

    /// Each account with its Regions: a flag or a variable wins over what a file says of all accounts or of one.
    pub fn accounts(&self) -> Vec<(Option<Role>, Vec<String>)> {
        let all = self.regions.as_ref();
        let everywhere = || all.map(|regions| regions.value.clone()).unwrap_or_default();
        let asked: Vec<&Account> =
            self.accounts.iter().map(|account| &account.value).filter(|account| !account.only_buckets).collect();
        if asked.is_empty() {
            return vec![(None, everywhere())];
        }
        let given = all.is_some_and(|regions| !matches!(regions.origin, Origin::File(_)));
        let of = |account: &Account| {
            let role = role(account);
            let own = !given && !account.regions.is_empty();
            (Some(role), if own { account.regions.clone() } else { everywhere() })
        };
        asked.into_iter().map(of).collect()
    }

    /// The roles that read buckets, with their buckets, each of which is one role's.
    pub fn readers(&self) -> Result<Vec<(Role, Vec<String>)>, Refusal> {
        let mut seen = BTreeSet::new();
        for Setting { value, origin } in &self.accounts {
            if let Some(twice) = value.buckets.iter().find(|bucket| !seen.insert(*bucket)) {
                let what = format!("{}: accounts: `{twice}` is the bucket of two roles", origin.parts().1);
                return Err(Refusal { exit: Exit::Settings, what, hint: Some("leave it to one of them".to_owned()) });
            }
        }
        let with = self.accounts.iter().map(|account| &account.value).filter(|account| !account.buckets.is_empty());
        Ok(with.map(|account| (role(account), account.buckets.clone())).collect())
    }
}

impl BucketSettings {
    /// Works them out.
    pub fn new(args: &AwsArgs, layers: &Layers) -> Result<Self, Refusal> {
        let from = Sources { given: &args.access.given, layers };
        let pays = args.access.given.has("requester-pays").then_some(args.requester_pays);
        let pays = from.first_as("requester-pays", "aws.requester-pays", pays, |s| s.aws.requester_pays);
        let (key, in_file) = ("expected-bucket-owner", "aws.expected-bucket-owner");
        let owner = args.expected_bucket_owner.clone();
        let owner = from.first_as(key, in_file, owner, |s| s.aws.expected_bucket_owner.clone());
        if let Some(Setting { value, origin }) = &owner
            && let Err(why) = account(value)
        {
            let what = format!("{}: {key}: `{value}`: {why}", origin.parts().1);
            return Err(Refusal { exit: Exit::Settings, what, hint: Some("correct the settings file".to_owned()) });
        }
        Ok(Self { requester_pays: or_default(pays, false), expected_owner: owner })
    }
}

impl PeriodSettings {
    /// Whoever is strongest and says anything of the time says all of it: a month here and a `from` there are no period.
    fn new(args: &InputArgs, from: Sources<'_>) -> Result<Self, Refusal> {
        let is_typed = |keys: &[&str]| keys.iter().any(|key| args.given.is_flag(key));
        let (is_month_typed, is_span_typed) = (is_typed(&["month"]), is_typed(&["from", "to"]));
        // A variable of the other kind is set for when nobody types anything.
        let month = args.month.clone().filter(|_| is_month_typed || !is_span_typed);
        let [start, end] =
            [&args.span.from, &args.span.to].map(|text| text.clone().filter(|_| is_span_typed || !is_month_typed));
        let given = (month, start, end);
        let said = |all: (Option<String>, Option<String>, Option<String>)| {
            Some(all).filter(|(month, from, to)| month.is_some() || from.is_some() || to.is_some())
        };
        let of_file = |s: &Settings| said((s.month.clone(), s.from.clone(), s.to.clone()));
        let found = from.first_of(&["month", "from", "to"], said(given), of_file);
        let Some((month, start, end)) = found else {
            return Ok(Self { month: None, span: None, choice: PeriodChoice::Newest });
        };
        let refuse = |origin: &Origin, what: String, hint: &str| {
            let (exit, place) = match origin {
                Origin::File(at) => (Exit::Settings, format!("{at}: ")),
                _ => (Exit::Usage, String::new()),
            };
            Refusal { exit, what: format!("{place}{what}"), hint: Some(hint.to_owned()) }
        };
        let (month, span, choice) = match (month, start, end) {
            (Some(month), None, None) => {
                let no_month =
                    || refuse(&month.origin, format!("`{}` is no month", month.value), "write it as 2026-10");
                let window = Month::parse(&month.value).ok_or_else(no_month)?.window();
                (Some(month), None, PeriodChoice::Given(window))
            }
            (None, Some(start), Some(end)) => {
                let instant = |text: &Setting<String>| {
                    let hint = "write it as 2026-10-01 or 2026-10-01T06:00:00Z";
                    parse_instant(&text.value)
                        .ok_or_else(|| refuse(&text.origin, format!("`{}` is no time", text.value), hint))
                };
                let window = Window { start: instant(&start)?, end: instant(&end)? };
                if window.start >= window.end {
                    let what = format!("the period from {} to {} is empty", start.value, end.value);
                    return Err(refuse(&start.origin, what, "--to is the first instant after the period"));
                }
                (None, Some((start, end)), PeriodChoice::Given(window))
            }
            (month, start, end) => {
                let origin = [month, start, end].into_iter().flatten().map(|text| text.origin).next();
                let what = "a period is a month, or both from and to".to_owned();
                let hint = match origin {
                    Some(Origin::File(_)) => "write month, or from and to",
                    _ => {
                        "give --month, or --from and --to; variables NATLENS_MONTH, NATLENS_FROM and NATLENS_TO count, too"
                    }
                };
                return Err(refuse(&origin.unwrap_or(Origin::Default), what, hint));
            }
        };
        Ok(Self { month, span, choice })
    }
}

fn role(account: &Account) -> Role {
    Role { arn: account.role_arn.clone(), external_id: account.external_id.clone() }
}

/// `--strict`, whatever command it is given to.
pub(super) fn strict(given: bool, input: &InputArgs, layers: &Layers) -> Setting<bool> {
    let from = Sources { given: &input.given, layers };
    or_default(from.first("strict", input.given.has("strict").then_some(given), |s| s.strict), false)
}

fn named<T: ValueEnum + Default>(
    from: Sources<'_>,
    key: &str,
    given: Option<T>,
    set: fn(&Settings) -> Option<&str>,
) -> Result<Setting<T>, Refusal> {
    let parse = |text: &str| T::from_str(text, true).ok();
    Ok(from.read(key, given, set, parse)?.unwrap_or_else(|| Setting::default(T::default())))
}

fn optional<T>(found: Option<Setting<T>>) -> Setting<Option<T>> {
    found.map_or_else(|| Setting::default(None), |setting| setting.map(Some))
}

fn or_default<T>(found: Option<Setting<T>>, default: T) -> Setting<T> {
    found.unwrap_or_else(|| Setting::default(default))
}

/// `natlens` in the user's cache folder (XDG base directory specification).
fn cache_of_user() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(folder.join("natlens"))
}
