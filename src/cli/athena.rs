//! `natlens athena`: the roll-up for engines that read flow logs where they lie, and the local engine's own in the same form.

mod remote;

pub use remote::RemoteArgs;

use super::aws::exit_of;
use super::bundle::Bundle;
use super::given::Given;
use super::layers::Layers;
use super::output::{Claim, error, note, write_data, write_file};
use super::plan::{Refusal, failed, lowered};
use super::{Exit, Global, InputArgs};
use crate::cancel::Cancel;
use crate::diag::{Code, Warnings};
use crate::run::rollup::{Form, RollupError, local, make};
use crate::run::{Plan, RunError};
use crate::sql::{Dialect, Grain, is_table_name};
use clap::{ArgGroup, Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Arguments of `athena`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("way").required(true).args(["emit_sql", "engine"]))]
pub struct AthenaArgs {
    /// Which arguments were given; first, because reading an argument takes it away.
    #[command(flatten)]
    pub given: Given,
    /// Folder of the bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// Print the SQL text and stop; its result is what `natlens report --rollup` reads
    #[arg(long)]
    pub emit_sql: bool,
    /// Make the roll-up with this engine: `local` into the file that -o names, `athena` below the address that --work names
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Engine>,
    /// Of Amazon Athena.
    #[command(flatten)]
    pub athena: RemoteArgs,
    /// Whose SQL
    #[arg(long, value_name = "DIALECT", default_value = "trino", conflicts_with = "engine")]
    pub dialect: DialectName,
    /// Folder for the small tables that the text joins, a folder each; made if it is not there
    #[arg(long, value_name = "DIR", conflicts_with = "engine")]
    pub tables: Option<PathBuf>,
    /// Name of the table of flow logs, as DATABASE.NAME where it is elsewhere; with several layouts _1, _2, … are added to it
    #[arg(long, value_name = "NAME", default_value = "flow_logs", value_parser = table_name)]
    pub flow_table: String,
    /// What the paths of all objects begin with in that table, up to the folder that --flow-logs names [default: nothing; with
    /// --engine athena the address of the flow logs]
    #[arg(long, value_name = "PATH")]
    pub location: Option<String>,
    /// Column with an object's path, in place of the dialect's own word for it
    #[arg(long, value_name = "COLUMN", conflicts_with = "engine")]
    pub path_column: Option<String>,
    /// Condition that leaves partitions out, a day more on either side of the months that the time touches: "day BETWEEN '2026/09/30' AND '2026/11/01'"
    #[arg(long, value_name = "SQL")]
    pub partitions: Option<String>,
    /// Rows by the day or by the hour [default: by the day, with --dns by the hour]
    #[arg(long, value_name = "GRAIN")]
    pub grain: Option<GrainName>,
    /// Write to this file, whole or not at all, instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  natlens athena bundle --month 2026-10 --emit-sql --dialect trino --tables tables/ -o rollup.sql
  natlens athena bundle --month 2026-10 --engine local -o rollup.parquet
  natlens athena s3://BUCKET/bundle --month 2026-10 --engine athena --database logs --work s3://BUCKET/natlens/ --max-scan-gb 500
  natlens report bundle --rollup rollup.parquet";

/// Who makes a roll-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// natlens itself: the file is what the SQL text gives for the same logs, row for row.
    Local,
    /// Amazon Athena, with your credentials: what it wrote is named on stdout, for `natlens report --rollup`.
    Athena,
}

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    /// Trino, and Athena (engine version 3).
    Trino,
    /// Spark.
    Spark,
    /// `DuckDB`.
    Duckdb,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Trino => Self::Trino,
            DialectName::Spark => Self::Spark,
            DialectName::Duckdb => Self::DuckDb,
        }
    }
}

/// How finely rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GrainName {
    /// One row for all hours of a day that nothing tells apart.
    Day,
    /// One row an hour.
    Hour,
}

impl From<GrainName> for Grain {
    fn from(name: GrainName) -> Self {
        match name {
            GrainName::Day => Self::Day,
            GrainName::Hour => Self::Hour,
        }
    }
}

fn table_name(text: &str) -> Result<String, String> {
    let wrong = || "up to three names between dots, of letters, digits, _ and -".to_owned();
    is_table_name(text).then(|| text.to_owned()).ok_or_else(wrong)
}

/// Writes the text, or the local engine's result.
pub fn act(args: &AthenaArgs, global: &Global, cancel: &Cancel) -> Exit {
    let (plan, layers) = match lower(args) {
        Ok(lowered) => lowered,
        Err(refusal) => return refused(&refusal),
    };
    let _claim = match Claim::take(args.output.as_deref()) {
        Ok(claim) => claim,
        Err(exit) => return exit,
    };
    let mut warnings = Warnings::default();
    let form = form(args);
    let done = match (args.engine, &args.output) {
        (Some(Engine::Local), Some(output)) => local(&plan, &form, &mut warnings)
            .map_err(|failure| told(&failure))
            .and_then(|bytes| written(output, write_file(&bytes, output))),
        (Some(Engine::Local), None) => Err(refused(&usage("--engine local needs -o", "name the file by -o"))),
        (Some(Engine::Athena), _) => remote::act(args, &layers, &plan, form, (&mut warnings, global, cancel)),
        (None, _) => make(&plan, &form, &mut warnings).map_err(|failure| told(&failure)).and_then(|made| {
            for table in &made.tables {
                let Some(folder) = &args.tables else { break };
                let folder = folder.join(table.name);
                let file = folder.join("part-00000.parquet");
                written(&file, std::fs::create_dir_all(&folder).and_then(|()| write_file(&table.file, &file)))?;
            }
            let output = args.output.as_deref();
            written(output.unwrap_or(Path::new("stdout")), write_data(&format!("{}{}", made.about, made.sql), output))
        }),
    };
    if !global.quiet {
        for row in warnings.rows() {
            note(&format!("warning: {} ({}): {}", row.code, row.count, row.message));
        }
    }
    // What is missing from the roll-up no report made of it can tell.
    let lost = [Code::UnreadableObject, Code::FlowLogLeftOut, Code::MissingPages]
        .into_iter()
        .any(|code| warnings.count(code) > 0);
    done.err().unwrap_or(if lost { Exit::Incomplete } else { Exit::Done })
}

/// Refuses flags that what was asked for would pass over.
fn check(args: &AthenaArgs) -> Result<(), Refusal> {
    const OF_ATHENA: [&str; 5] = ["work", "database", "workgroup", "max-scan-gb", "refresh"];
    const OF_SQL: [&str; 3] = ["flow-table", "location", "partitions"];
    let first = |of: &[&'static str]| of.iter().copied().find(|flag| args.given.is_flag(flag));
    let passed_over = match args.engine {
        Some(Engine::Athena) => None,
        Some(Engine::Local) => first(&OF_ATHENA)
            .map(|flag| (flag, "--engine athena"))
            .or_else(|| first(&OF_SQL).map(|flag| (flag, "SQL, and --engine local reads the flow logs themselves"))),
        None => first(&OF_ATHENA).map(|flag| (flag, "--engine athena")),
    };
    passed_over
        .map_or(Ok(()), |(flag, of)| Err(usage(&format!("--{flag} is of {of}"), "leave it out, or choose another way")))
}

fn lower(args: &AthenaArgs) -> Result<(Plan, Layers), Refusal> {
    check(args)?;
    let bundle = args.bundle.clone().unwrap_or_else(|| PathBuf::from("."));
    let (bundle, layers) = Bundle::open(&bundle, &args.input.aws)?;
    let plan = lowered(&bundle, &args.input, &layers)?;
    if plan.inputs.flow_logs.is_empty() {
        let what = format!("{}: there is no flow-logs folder in it", bundle.path().display());
        return Err(failed(what, "give the bundle's folder, or the flow logs by --flow-logs"));
    }
    if plan.period.window().is_none() {
        return Err(usage(&RollupError::NoWindow.to_string(), RollupError::NoWindow.hint()));
    }
    Ok((plan, layers))
}

fn usage(what: &str, hint: &str) -> Refusal {
    Refusal { exit: Exit::Usage, what: what.to_owned(), hint: Some(hint.to_owned()) }
}

fn refused(Refusal { exit, what, hint }: &Refusal) -> Exit {
    error(what, hint.as_deref());
    *exit
}

fn form(args: &AthenaArgs) -> Form {
    Form {
        dialect: args.dialect.into(),
        table: args.flow_table.clone(),
        path_column: args.path_column.clone(),
        location: args.location.clone().unwrap_or_default(),
        partitions: args.partitions.clone(),
        grain: args.grain.map(Grain::from),
    }
}

fn told(failure: &RunError) -> Exit {
    error(&failure.to_string(), failure.hint());
    match failure {
        RunError::OverLimit(_) => Exit::Limit,
        failure if failure.is_usage() => Exit::Usage,
        failure => failure.of_store().map_or(Exit::Failed, |error| exit_of(error.trouble)),
    }
}

fn written(at: &Path, done: std::io::Result<()>) -> Result<(), Exit> {
    done.map_err(|failure| {
        error(&format!("{}: cannot be written: {failure}", at.display()), None);
        Exit::Failed
    })
}
