//! Arguments, environment and settings files, lowered once to a [`Plan`]. Past this point nobody parses or guesses.
//!
//! Flag > `NATLENS_*` (clap reads those) > the bundle's natlens.toml > ./natlens.toml > user settings > default.

use super::bundle::{Bundle, under};
use super::{ColorChoice, Exit, ExplainArgs, ExplainFormat, Global, InputArgs, ReportArgs};
use crate::cache::Place;
use crate::model::memory::Memory;
use crate::model::period::{Month, Window, parse_instant};
use crate::report::dimension::Dimension;
use crate::report::threshold::Threshold;
use crate::run::Plan;
use crate::run::inputs::Inputs;
use crate::run::period::PeriodChoice;
use crate::sinks::{Format, Style, TableName};
use crate::sources::objects::{Identity, since_1970};
use crate::sources::settings::{self, Settings};
use clap::ValueEnum;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

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
        let (bundle, settings) = Bundle::open(&bundle, &args.input.aws)?;
        let top = args.top.or_else(|| first(&settings, |s| s.top));
        let plan = Plan {
            group_by: dimensions(args, &settings)?,
            // As the tables have it: 0 shows all.
            top: top.map_or(TOP, |top| if top == 0 { usize::MAX } else { top }),
            ..plan(&bundle, &args.input, &settings)?
        };
        let format = match args.format {
            Some(format) => format,
            None => named(&settings, "format", |s| s.format.as_deref())?.unwrap_or_default(),
        };
        Ok(Self {
            format,
            table: args.table.unwrap_or_default(),
            style: style(global, args.output.is_some(), top),
            output: args.output.clone(),
            strict: args.strict || first(&settings, |s| s.strict).unwrap_or(false),
            fail_on: thresholds(args, &settings)?,
            plan,
        })
    }
}

/// What every command that reads a bundle does first.
fn plan(bundle: &Bundle, args: &InputArgs, settings: &Layers) -> Result<Plan, Refusal> {
    let flag_or = |flag: &[String], setting: fn(&Settings) -> &Vec<String>, folder: &str| -> Vec<String> {
        if !flag.is_empty() {
            return flag.to_vec();
        }
        let set = settings.iter().find(|(_, s)| !setting(s).is_empty());
        if let Some((base, set)) = set {
            return setting(set).iter().map(|path| under(base, path).display().to_string()).collect();
        }
        let path = bundle.at(folder);
        if bundle.has(&path, folder) { vec![path.display().to_string()] } else { Vec::new() }
    };
    let flow_logs = flag_or(&args.flow_logs, |s| &s.flow_logs, "flow-logs");
    let billing = flag_or(&args.billing, |s| &s.billing, "billing");
    if flow_logs.is_empty() && billing.is_empty() {
        let what = format!("{}: there is neither a flow-logs nor a billing folder in it", bundle.path().display());
        return Err(failed(what, "give the bundle's folder, or its parts by --flow-logs and --billing"));
    }
    let in_bundle = |name: &str| Some(bundle.at(name)).filter(|path| bundle.has(path, name));
    let inputs = Inputs {
        flow_logs,
        inventory: flag_or(&args.inventory, |s| &s.inventory, "inventory"),
        billing,
        metrics: flag_or(&args.metrics, |s| &s.metrics, "metrics"),
        dns: flag_or(&args.dns, |s| &s.dns, "dns"),
        prices: file(args.prices.as_ref(), settings, |s| s.prices.as_ref(), in_bundle("prices.csv")),
        ip_ranges: file(args.ip_ranges.as_ref(), settings, |s| s.ip_ranges.as_ref(), in_bundle("ip-ranges.json")),
        log_format: args.log_format.clone().or_else(|| first(settings, |s| s.log_format.clone())),
        rules: settings.iter().flat_map(|(_, s)| s.rules.clone()).collect(),
        teams: settings.iter().flat_map(|(_, s)| s.teams.clone()).collect(),
    };
    let files = [&inputs.prices, &inputs.ip_ranges].into_iter().flatten().filter_map(|path| path.to_str());
    let lists = [&inputs.flow_logs, &inputs.inventory, &inputs.billing, &inputs.metrics, &inputs.dns];
    let all = lists.into_iter().flatten().map(String::as_str).chain(files);
    let store = bundle.store(all, &args.aws, settings)?;
    Ok(Plan {
        inputs,
        period: period(args, settings)?,
        cost_basis: match args.cost_basis {
            Some(basis) => basis,
            None => named(settings, "cost-basis", |s| s.cost_basis.as_deref())?.unwrap_or_default(),
        },
        group_by: Vec::new(),
        top: TOP,
        threads: threads(args, settings),
        memory_limit: memory_limit(args, settings)?,
        dns_look_back: args
            .dns_look_back
            .or_else(|| first(settings, |s| s.dns_look_back))
            .unwrap_or(crate::run::dns::DEFAULT_LOOK_BACK),
        trail: false,
        cache: cache(args),
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
        let (bundle, settings) = Bundle::open(&bundle, &args.input.aws)?;
        Ok(Self {
            plan: Plan { trail: true, ..plan(&bundle, &args.input, &settings)? },
            subject,
            json: args.format == ExplainFormat::Json,
            style: style(global, args.output.is_some(), None),
            output: args.output.clone(),
        })
    }
}

/// Settings files by precedence, each with the folder that its paths are relative to.
pub(super) type Layers = Vec<(PathBuf, Settings)>;

/// The settings files that are there, those of a bundle first.
pub(super) fn settings_files(bundle: Option<&Path>) -> Result<Layers, Refusal> {
    let user = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
        .map(|config| config.join("natlens/config.toml"));
    let mut layers = Layers::new();
    let mut seen = Vec::new();
    for path in [bundle.map(|bundle| bundle.join("natlens.toml")), Some(PathBuf::from("natlens.toml")), user]
        .into_iter()
        .flatten()
    {
        let Ok(canonical) = path.canonicalize() else { continue };
        if seen.contains(&canonical) {
            continue;
        }
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| bad_settings(format!("{name}: {error}")))?;
        let settings = settings_file(&name, &text)?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        layers.push((base, settings));
        seen.push(canonical);
    }
    Ok(layers)
}

/// Reads one settings file.
pub(super) fn settings_file(name: &str, text: &str) -> Result<Settings, Refusal> {
    settings::parse(name, text).map_err(|error| bad_settings(error.to_string()))
}

fn bad_settings(what: String) -> Refusal {
    Refusal { exit: Exit::Settings, what, hint: Some("correct the settings file".to_owned()) }
}

pub(super) fn first<T>(layers: &Layers, pick: impl Fn(&Settings) -> Option<T>) -> Option<T> {
    layers.iter().find_map(|(_, settings)| pick(settings))
}

fn file(
    flag: Option<&PathBuf>,
    layers: &Layers,
    pick: fn(&Settings) -> Option<&String>,
    in_bundle: Option<PathBuf>,
) -> Option<PathBuf> {
    let set = || layers.iter().find_map(|(base, settings)| pick(settings).map(|path| under(base, path)));
    flag.cloned().or_else(set).or(in_bundle)
}

fn named<T: ValueEnum>(layers: &Layers, key: &str, pick: fn(&Settings) -> Option<&str>) -> Result<Option<T>, Refusal> {
    let Some(text) = layers.iter().find_map(|(_, settings)| pick(settings)) else { return Ok(None) };
    T::from_str(text, true).map(Some).map_err(|_| settings_refusal(key, text))
}

fn settings_refusal(key: &str, text: &str) -> Refusal {
    let what = format!("natlens.toml: {key}: `{text}` is not understood");
    Refusal { exit: Exit::Settings, what, hint: Some(format!("see --{key} in `natlens report --help`")) }
}

fn period(args: &InputArgs, layers: &Layers) -> Result<PeriodChoice, Refusal> {
    let flags = args.month.is_some() || args.from.is_some();
    let or = |flag: &Option<String>, pick: fn(&Settings) -> Option<&String>| {
        flag.clone().or_else(|| if flags { None } else { first(layers, |s| pick(s).cloned()) })
    };
    let month = or(&args.month, |s| s.month.as_ref());
    let (from, to) = (or(&args.from, |s| s.from.as_ref()), or(&args.to, |s| s.to.as_ref()));
    let (exit, place) = if flags { (Exit::Usage, "") } else { (Exit::Settings, "natlens.toml: ") };
    let usage =
        |what: String, hint: &str| Refusal { exit, what: format!("{place}{what}"), hint: Some(hint.to_owned()) };
    if let Some(month) = month {
        let parsed =
            Month::parse(&month).ok_or_else(|| usage(format!("`{month}` is no month"), "write it as 2026-10"))?;
        return Ok(PeriodChoice::Given(parsed.window()));
    }
    let (Some(from), Some(to)) = (from, to) else { return Ok(PeriodChoice::Newest) };
    let instant = |text: &str| {
        parse_instant(text)
            .ok_or_else(|| usage(format!("`{text}` is no time"), "write it as 2026-10-01 or 2026-10-01T06:00:00Z"))
    };
    let window = Window { start: instant(&from)?, end: instant(&to)? };
    if window.start >= window.end {
        return Err(usage(
            format!("the period from {from} to {to} is empty"),
            "--to is the first instant after the period",
        ));
    }
    Ok(PeriodChoice::Given(window))
}

fn dimensions(args: &ReportArgs, layers: &Layers) -> Result<Vec<Dimension>, Refusal> {
    if !args.group_by.is_empty() {
        return Ok(args.group_by.clone());
    }
    let names = layers.iter().map(|(_, s)| &s.group_by).find(|names| !names.is_empty());
    let parse = |name: &String| name.parse().map_err(|_| settings_refusal("group-by", name));
    names.map_or_else(|| Ok(Vec::new()), |names| names.iter().map(parse).collect())
}

fn thresholds(args: &ReportArgs, layers: &Layers) -> Result<Vec<Threshold>, Refusal> {
    if !args.fail_on.is_empty() {
        return Ok(args.fail_on.clone());
    }
    let texts = layers.iter().map(|(_, s)| &s.fail_on).find(|texts| !texts.is_empty());
    let parse = |text: &String| text.parse().map_err(|_| settings_refusal("fail-on", text));
    texts.map_or_else(|| Ok(Vec::new()), |texts| texts.iter().map(parse).collect())
}

fn memory_limit(args: &InputArgs, layers: &Layers) -> Result<Option<Memory>, Refusal> {
    let set = || first(layers, |s| s.memory_limit.clone());
    let parse = |text: String| text.parse().map_err(|_| settings_refusal("memory-limit", &text));
    args.memory_limit.map_or_else(|| set().map(parse).transpose(), |limit| Ok(Some(limit)))
}

fn threads(args: &InputArgs, layers: &Layers) -> usize {
    let set = args.threads.map(usize::from).or_else(|| first(layers, |s| s.threads));
    set.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

/// The folder that was named, else `natlens` in the user's cache folder (XDG base directory specification); `None` where there is
/// neither, or where nothing tells this build from others.
fn cache(args: &InputArgs) -> Option<Place> {
    if args.no_cache {
        return None;
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let of_user = || absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let folder = args.cache_dir.clone().or_else(|| of_user().map(|folder| folder.join("natlens")))?;
    let program = Identity::of_file(&std::env::current_exe().ok()?)?;
    #[expect(clippy::disallowed_methods, reason = "tells only which files are too young to be known by their times")]
    let now = since_1970(std::time::SystemTime::now())?;
    Some(Place { folder, program: format!("{} {program:?}", env!("CARGO_PKG_VERSION")), now })
}

fn style(global: &Global, to_file: bool, top: Option<usize>) -> Style {
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
