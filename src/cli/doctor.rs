//! `natlens doctor`: what the inputs and the permissions are good for; the policy and the commands for what the settings use.

use super::bundle::Bundle;
use super::origin::{Origin, Setting};
use super::output::{Claim, error, note, write_data};
use super::plan::{self, Refusal};
use super::report::progress;
use super::resolve::{AccessSettings, BucketSettings, InputSettings};
use super::{DoctorArgs, Exit, Global, ListFormat, clock};
use crate::aws::chain::{Chain, chain};
use crate::aws::{Access, Role, call};
use crate::doctor::commands::{Copy, commands};
use crate::doctor::policy::policy;
use crate::doctor::wants::{Account, Address, Live, Wants, Whose};
use crate::doctor::{Finding, Severity};
use crate::model::period::{DAY_SECONDS, Window, iso_day};
use crate::run;
use crate::run::live::{Ask, Reader, Told};
use crate::run::period::PeriodChoice;
use crate::sinks::doctor::{render_json, render_table};
use crate::sources::objects;
use crate::sources::objects::store::StoreTrouble;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Everything that `natlens doctor` does.
struct DoctorPlan {
    /// The report that is tried.
    plan: run::Plan,
    wants: Wants,
    /// Whom to ask; nobody where no credentials could be, or nobody is to be asked.
    ask: Option<Ask>,
    bundle: String,
    period: Option<Window>,
    profile: Option<String>,
    requester_pays: bool,
}

/// Looks and tells.
pub fn act(args: &DoctorArgs, global: &Global) -> Exit {
    let plan = match DoctorPlan::new(args) {
        Ok(plan) => plan,
        Err(Refusal { exit, what, hint }) => {
            error(&what, hint.as_deref());
            return exit;
        }
    };
    let _claim = match Claim::take(args.output.as_deref()) {
        Ok(claim) => claim,
        Err(exit) => return exit,
    };
    let (text, exit) = if let Some(whose) = args.policy {
        (plan.policy(whose.into(), global), Exit::Done)
    } else if args.commands {
        (plan.commands(args), Exit::Done)
    } else {
        plan.checkup(args, global)
    };
    if let Err(failure) = write_data(&text, args.output.as_deref()) {
        error(&format!("cannot be written: {failure}"), None);
        return Exit::Failed;
    }
    exit
}

impl DoctorPlan {
    fn new(args: &DoctorArgs) -> Result<Self, Refusal> {
        let bundle = args.bundle.clone().unwrap_or_else(|| PathBuf::from("."));
        let aws = &args.input.aws;
        let (bundle, layers) = Bundle::open(&bundle, aws)?;
        let input = InputSettings::new(&bundle, &args.input, &layers)?;
        let access = AccessSettings::new(&aws.access, &layers);
        let buckets = BucketSettings::new(aws, &layers)?;
        let tried = plan::lowered(&bundle, &args.input, &layers)?;
        let profile = access.profile.as_ref().map(|profile| profile.value.clone());
        let own = Access { profile: profile.clone(), ..Access::default() };
        let chain = chain(&own);
        let mut wants = wants(&input, &access, &buckets, &chain, args);
        for (role, buckets) in access.readers()? {
            wants.roles_of_buckets.extend(buckets.into_iter().map(|bucket| (bucket, role.arn.clone())));
        }
        // A bundle in a bucket: which parts it has is looked for, and its settings are read.
        let own_folder = bundle.path().to_str().map(|path| format!("{}/", path.trim_end_matches('/')));
        wants.addresses.extend(own_folder.and_then(|folder| Address::parse("bundle", &folder)));
        wants.targets.extend(args.writes.target.as_deref().map(|text| named("target", text)).transpose()?);
        wants.athena_output =
            args.writes.athena_output.as_deref().map(|text| named("athena-output", text)).transpose()?;
        let ask = (!args.offline && is_reachable(&access, &chain, &wants)).then(|| ask(&access, &own, &wants, args));
        let ask = match ask {
            Some(mut ask) => {
                for address in &wants.addresses {
                    ask.stores.push((address.clone(), super::aws::store(aws, &layers)?));
                }
                Some(ask)
            }
            None => None,
        };
        let period = match input.period.choice {
            PeriodChoice::Given(window) => Some(window),
            PeriodChoice::Newest => None,
        };
        let requester_pays = buckets.requester_pays.value;
        let bundle = bundle.path().display().to_string();
        Ok(Self { plan: tried, wants, ask, bundle, period, profile, requester_pays })
    }

    fn policy(&self, whose: Whose, global: &Global) -> String {
        if !global.quiet && whose == Whose::Credentials {
            if !self.wants.roles().is_empty() {
                note("note: the roles of [[accounts]] need what `--policy=roles` prints");
            }
            if !self.wants.addresses.is_empty() {
                note("note: objects that are encrypted by a KMS key of yours also need kms:Decrypt on that key");
            }
            if !self.wants.targets.is_empty() {
                note("note: where they are written with such a key, also kms:GenerateDataKey");
            }
        }
        let document = policy(&self.wants, &call::all(), whose);
        serde_json::to_string_pretty(&document).map_or_else(|_| String::new(), |text| text + "\n")
    }

    fn commands(&self, args: &DoctorArgs) -> String {
        let copy = Copy {
            bundle: &self.bundle,
            period: self.period,
            profile: self.profile.as_deref(),
            log_groups: &args.parts.log_group,
            requester_pays: self.requester_pays,
        };
        commands(&self.wants, &copy)
    }

    fn checkup(&self, args: &DoctorArgs, global: &Global) -> (String, Exit) {
        let bar = progress(global);
        let (mut checkup, trouble) = run::doctor::checkup(&self.plan, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let told = match &self.ask {
            Some(ask) => run::live::ask(ask),
            None if args.offline => Told::default(),
            None => Told {
                findings: vec![Finding::ok("account", "no AWS settings and no credentials: the account was not asked")],
                ..Told::default()
            },
        };
        checkup.findings.extend(told.findings);
        let text = match args.format {
            ListFormat::Json => render_json(&checkup),
            ListFormat::Table => render_table(&checkup, &plan::style(global, args.output.is_some(), None)),
        };
        let exit = match checkup.worst() {
            _ if told.bad_credentials => Exit::Settings,
            _ if matches!(trouble, Some(StoreTrouble::Credentials | StoreTrouble::Denied)) => Exit::Settings,
            _ if told.unanswered || matches!(trouble, Some(StoreTrouble::Remote)) => Exit::Remote,
            Severity::Problem => Exit::Incomplete,
            Severity::Ok | Severity::Warning => Exit::Done,
        };
        (text, exit)
    }
}

/// The folder that an address of the user's names.
fn named(part: &'static str, text: &str) -> Result<Address, Refusal> {
    let address = objects::Address::parse(text).filter(objects::Address::is_sound);
    let wrong = || Refusal {
        exit: Exit::Usage,
        what: format!("{text}: is no address of a bucket"),
        hint: Some("write it as s3://BUCKET/PREFIX".to_owned()),
    };
    let address = address.ok_or_else(wrong)?;
    let prefix = address.folder();
    Ok(Address { part, bucket: address.bucket, prefix })
}

/// What flags, variables and files name is read from there; of what nobody names, the account is asked.
fn wants(
    input: &InputSettings,
    access: &AccessSettings,
    buckets: &BucketSettings,
    chain: &Chain,
    args: &DoctorArgs,
) -> Wants {
    let files = |file: &Setting<Option<PathBuf>>| -> Vec<String> {
        file.value.iter().map(|path| path.display().to_string()).collect()
    };
    let parts: [(&'static str, Vec<String>); 7] = [
        ("flow-logs", input.flow_logs.value.clone()),
        ("billing", input.billing.value.clone()),
        ("inventory", input.inventory.value.clone()),
        ("metrics", input.metrics.value.clone()),
        ("dns", input.dns.value.clone()),
        ("prices", files(&input.prices)),
        ("ip-ranges", files(&input.ip_ranges)),
    ];
    let addresses: BTreeSet<Address> =
        parts.iter().flat_map(|(part, paths)| paths.iter().filter_map(|path| Address::parse(part, path))).collect();
    let is_left_open = |part: &Setting<Vec<String>>| matches!(part.origin, Origin::Bundle(_) | Origin::Default);
    let live = [
        (Live::Inventory, is_left_open(&input.inventory)),
        (Live::Metrics, is_left_open(&input.metrics) && !args.parts.no_metrics),
        (Live::Bill, is_left_open(&input.billing) && !args.parts.no_cost_explorer),
        (Live::Logs, !args.parts.log_group.is_empty()),
    ];
    let chosen = access.regions.as_ref().map(|regions| regions.value.clone());
    let of_chain = || chain.region.iter().map(|region| region.value.clone()).collect();
    let accounts = access.accounts().into_iter().filter_map(|(role, regions)| {
        let Role { arn, external_id } = role?;
        Some(Account { role_arn: arn, has_external_id: external_id.is_some(), regions })
    });
    Wants {
        addresses: addresses.into_iter().collect(),
        targets: Vec::new(),
        athena: args.writes.athena,
        athena_output: None,
        roles_of_buckets: BTreeMap::new(),
        bucket_owner: buckets.expected_owner.as_ref().map(|owner| owner.value.clone()),
        live: live.into_iter().filter(|(_, open)| *open).map(|(part, _)| part).collect(),
        regions: chosen.unwrap_or_else(of_chain),
        accounts: accounts.collect(),
    }
}

/// Whether anything says that there is an account to ask.
fn is_reachable(access: &AccessSettings, chain: &Chain, wants: &Wants) -> bool {
    let set = access.profile.is_some() || access.regions.is_some() || !access.accounts.is_empty();
    set || chain.credentials.is_some() || !wants.addresses.is_empty()
}

/// The credentials themselves, and every account that is read by a role.
fn ask(access: &AccessSettings, own: &Access, wants: &Wants, args: &DoctorArgs) -> Ask {
    let mut readers = Vec::new();
    let roles = access.accounts();
    if roles.iter().any(|(role, _)| role.is_some()) {
        readers.push(Reader { access: own.clone(), regions: wants.regions.clone(), reads: false });
    }
    readers.extend(roles.into_iter().map(|(role, regions)| Reader {
        access: Access { role, ..own.clone() },
        regions: if regions.is_empty() { wants.regions.clone() } else { regions },
        reads: true,
    }));
    // Cost Explorer knows the days up to now.
    let now = clock::seconds();
    let days = (iso_day(now - 2 * DAY_SECONDS), iso_day(now - DAY_SECONDS));
    let cost_explorer = args.cost_explorer.then_some(days);
    let log_groups = args.parts.log_group.clone();
    Ask { readers, wants: wants.clone(), log_groups, cost_explorer, stores: Vec::new() }
}
