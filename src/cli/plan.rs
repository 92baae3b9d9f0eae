//! Arguments, environment and settings files, lowered once to a [`Plan`]. Past this point nobody parses or guesses.

use super::aws::writer;
use super::bundle::Bundle;
use super::export::ExportArgs;
use super::layers::Layers;
use super::resolve::{FormSettings, InputSettings, strict};
use super::{ColorChoice, Exit, ExplainArgs, ExplainFormat, Global, InputArgs, ReportArgs, clock};
use crate::aws::s3::Writer;
use crate::cache::Place;
use crate::model::period::Month;
use crate::report::threshold::Threshold;
use crate::run::Plan;
use crate::run::inputs::Inputs;
use crate::run::period::PeriodChoice;
use crate::sinks::{Format, Style, TableName};
use crate::sources::objects::{Address, Identity};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A refusal with its exit code.
#[derive(Debug)]
pub struct Refusal {
    /// Exit code.
    pub exit: Exit,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Everything that `natlens report` does.
#[derive(Debug)]
pub struct ReportPlan {
    /// What to compute.
    pub plan: Plan,
    /// Form of the output.
    pub format: Format,
    /// Table of CSV output.
    pub table: TableName,
    /// How tables look.
    pub style: Style,
    /// Where to.
    pub output: Option<PathBuf>,
    /// Whether anything unreadable fails the run.
    pub strict: bool,
    /// Limits of the user's own.
    pub fail_on: Vec<Threshold>,
}

const TOP: usize = 20;

impl ReportPlan {
    /// Lowers the arguments of `report`.
    pub fn new(args: &ReportArgs, global: &Global) -> Result<Self, Refusal> {
        let bundle = args.bundle.clone().unwrap_or_else(|| PathBuf::from("."));
        let (bundle, layers) = Bundle::open(&bundle, &args.input.aws)?;
        let form = FormSettings::new(&args.form, args.format, &args.input, &layers)?;
        let top = form.top.value;
        let plan = Plan {
            group_by: form.group_by.value,
            // As the tables have it: 0 shows all.
            top: top.map_or(TOP, |top| if top == 0 { usize::MAX } else { top }),
            client_services: match form.format.value {
                Format::Table | Format::Markdown => true,
                Format::Csv => args.table == Some(TableName::ClientServices),
                Format::Json => false,
            },
            ..plan(&bundle, &args.input, &layers, args.rollup.rollup.as_deref())?
        };
        Ok(Self {
            format: form.format.value,
            table: args.table.unwrap_or_default(),
            style: style(global, args.output.is_some(), top),
            output: args.output.clone(),
            strict: form.strict.value,
            fail_on: form.fail_on.value,
            plan,
        })
    }
}

/// What every command that reads a bundle does first.
fn plan(bundle: &Bundle, args: &InputArgs, layers: &Layers, rollup: Option<&str>) -> Result<Plan, Refusal> {
    let mut plan = lowered(bundle, args, layers)?;
    if let Some(rollup) = rollup {
        plan.inputs.flow_logs.clear();
        plan.inputs.rollup = Some(rollup.to_owned());
        if plan.store.is_none() {
            plan.store = bundle.store([rollup].into_iter(), &args.aws, layers)?;
        }
        return Ok(plan);
    }
    if plan.inputs.flow_logs.is_empty() && plan.inputs.billing.is_empty() {
        let what = format!("{}: there is neither a flow-logs nor a billing folder in it", bundle.path().display());
        return Err(failed(what, "give the bundle's folder, or its parts by --flow-logs and --billing"));
    }
    Ok(plan)
}

pub(super) fn lowered(bundle: &Bundle, args: &InputArgs, layers: &Layers) -> Result<Plan, Refusal> {
    let settings = InputSettings::new(bundle, args, layers)?;
    let inputs = Inputs {
        flow_logs: settings.flow_logs.value,
        rollup: None,
        inventory: settings.inventory.value,
        billing: settings.billing.value,
        metrics: settings.metrics.value,
        dns: settings.dns.value,
        prices: settings.prices.value,
        ip_ranges: settings.ip_ranges.value,
        log_format: settings.log_format.value,
        rules: settings.rules.into_iter().map(|rule| rule.value).collect(),
        teams: settings.teams.into_iter().map(|team| team.value).collect(),
    };
    let files = [&inputs.prices, &inputs.ip_ranges].into_iter().flatten().filter_map(|path| path.to_str());
    let lists = [&inputs.flow_logs, &inputs.inventory, &inputs.billing, &inputs.metrics, &inputs.dns];
    let all = lists.into_iter().flatten().map(String::as_str).chain(files);
    let store = bundle.store(all, &args.aws, layers)?;
    Ok(Plan {
        inputs,
        period: settings.period.choice,
        cost_basis: settings.cost_basis.value,
        group_by: Vec::new(),
        top: TOP,
        client_services: false,
        threads: settings.threads.value,
        memory_limit: settings.memory_limit.value,
        dns_look_back: settings.dns_look_back.value,
        trail: false,
        dataset: false,
        cache: if settings.no_cache.value { None } else { settings.cache_dir.value.and_then(cache) },
        store,
    })
}

/// What `natlens explain` does.
#[derive(Debug)]
pub struct ExplainPlan {
    /// What to compute.
    pub plan: Plan,
    /// What to explain.
    pub subject: String,
    /// Whether to write JSON.
    pub json: bool,
    /// How text looks.
    pub style: Style,
    /// Where to.
    pub output: Option<PathBuf>,
}

impl ExplainPlan {
    /// Lowers the arguments of `explain`.
    pub fn new(args: &ExplainArgs, global: &Global) -> Result<Self, Refusal> {
        // One or two by the command line's own rule: the subject is the last.
        let (bundle, subject) = match args.what.as_slice() {
            [bundle, subject, ..] => (PathBuf::from(bundle), subject.clone()),
            rest => (PathBuf::from("."), rest.concat()),
        };
        let is_bundle = ["flow-logs", "billing"].iter().any(|part| Path::new(&subject).join(part).is_dir());
        if args.what.len() < 2 && is_bundle {
            let what = format!("{subject} is a bundle: what of it is to be explained?");
            let hint = format!("natlens explain {subject} SUBJECT, such as a gateway, a VPC or a service");
            return Err(Refusal { exit: Exit::Usage, what, hint: Some(hint) });
        }
        let (bundle, layers) = Bundle::open(&bundle, &args.input.aws)?;
        Ok(Self {
            plan: Plan { trail: true, ..plan(&bundle, &args.input, &layers, args.rollup.rollup.as_deref())? },
            subject,
            json: args.format == ExplainFormat::Json,
            style: style(global, args.output.is_some(), None),
            output: args.output.clone(),
        })
    }
}

/// Where a dataset goes.
#[derive(Clone, Debug)]
pub enum To {
    /// A folder.
    Folder(PathBuf),
    /// A prefix of a bucket.
    Bucket(Arc<Writer>),
    /// Nowhere: its DDL is printed.
    Ddl,
}

/// What `natlens export` does.
#[derive(Debug)]
pub struct ExportPlan {
    /// What to compute.
    pub plan: Plan,
    /// Where to.
    pub to: To,
    /// With DDL, where the dataset is, if buckets are read anyway.
    pub there: Option<Arc<Writer>>,
    /// How tables look.
    pub style: Style,
    /// Whether anything unreadable fails the run.
    pub strict: bool,
}

impl ExportPlan {
    /// Lowers the arguments of `export`.
    pub fn new(args: &ExportArgs, global: &Global) -> Result<Self, Refusal> {
        if args.ddl {
            check_addresses(args)?;
        }
        let bundle = args.bundle.clone().unwrap_or_else(|| PathBuf::from("."));
        let input = &args.input;
        let (bundle, layers) = Bundle::open(&bundle, &input.aws)?;
        let plan = Plan { dataset: true, ..plan(&bundle, input, &layers, args.rollup.rollup.as_deref())? };
        if let PeriodChoice::Given(window) = plan.period
            && Month::of(window.start) != Month::of(window.end - 1)
        {
            let what = "the period is of several months, and each is a part of the dataset of its own".to_owned();
            return Err(Refusal {
                exit: Exit::Usage,
                what,
                hint: Some("export one --month after the other".to_owned()),
            });
        }
        let strict = strict(args.strict, input, &layers).value;
        let address = Address::parse(&args.to);
        // DDL of what is in folders is printed without credentials.
        let there = address.as_ref().filter(|_| args.ddl && plan.store.is_some());
        let there = there.map(|address| writer(address, &input.aws, &layers)).transpose()?;
        let to = match address {
            _ if args.ddl => To::Ddl,
            Some(address) => To::Bucket(writer(&address, &input.aws, &layers)?),
            None => To::Folder(PathBuf::from(&args.to)),
        };
        Ok(Self { plan, to, there, style: style(global, false, None), strict })
    }
}

/// What DDL is for: names in it stand between quotes, and Athena reads nothing but buckets.
fn check_addresses(args: &ExportArgs) -> Result<(), Refusal> {
    let why = |text: &str| -> Option<(String, &'static str)> {
        match Address::parse(text) {
            None => Some(("Athena reads buckets".to_owned(), "write it as s3://BUCKET/PREFIX")),
            Some(address) if !address.is_sound() => Some((
                format!("{} is no name of a bucket", address.bucket),
                "a bucket has 3 to 63 lower-case letters, digits, dots and dashes",
            )),
            Some(_) if text.contains(['\'', '\\', '$', '*']) || text.chars().any(char::is_control) => Some((
                "DDL cannot name it".to_owned(),
                "choose a prefix without quotes, backslashes, $, * and control characters",
            )),
            Some(_) => None,
        }
    };
    let given = [("--to", Some(&args.to)), ("--logs-at", args.logs_at.as_ref())];
    for (flag, text) in given.into_iter().filter_map(|(flag, text)| Some((flag, text?))) {
        if let Some((why, hint)) = why(text) {
            let what = format!("{flag} {text}: {why}");
            return Err(Refusal { exit: Exit::Usage, what, hint: Some(hint.to_owned()) });
        }
    }
    Ok(())
}

/// The cache in a folder; `None` where nothing tells this build from others.
fn cache(folder: PathBuf) -> Option<Place> {
    let program = Identity::of_file(&std::env::current_exe().ok()?)?;
    let now = clock::nanoseconds()?;
    Some(Place { folder, program: format!("{} {program:?}", env!("CARGO_PKG_VERSION")), now })
}

pub(super) fn style(global: &Global, to_file: bool, top: Option<usize>) -> Style {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let terminal = !to_file && std::io::stdout().is_terminal();
    let color = match global.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => !set("NO_COLOR") && (set("CLICOLOR_FORCE") || terminal && !dumb),
    };
    let width = if terminal { console::Term::stdout().size_checked().map(|(_, columns)| columns) } else { None };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| set(name)).and_then(std::env::var_os);
    let unicode = locale.is_none_or(|locale| locale.to_string_lossy().to_uppercase().contains("UTF"));
    let verbosity = i8::try_from(global.verbose).unwrap_or(i8::MAX);
    let defaults = Style::default();
    Style { color, width, unicode: unicode || !terminal, top: top.unwrap_or(defaults.top), verbosity }
}

pub(super) fn failed(what: String, hint: &str) -> Refusal {
    Refusal { exit: Exit::Failed, what, hint: Some(hint.to_owned()) }
}
