//! The command line exactly as typed. Nothing is decided here: `plan` lowers it, the command modules act.

pub mod athena;
pub mod aws;
mod bundle;
mod clock;
pub mod collect;
pub mod config;
pub mod dimension;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod given;
pub mod layers;
pub mod origin;
pub mod output;
pub mod plan;
pub mod report;
pub mod resolve;
pub mod simulate;
pub mod span;

use crate::bill::settle::CostBasis;
use crate::cancel::Cancel;
use crate::model::memory::Memory;
use crate::report::dimension::Dimension;
use crate::report::threshold::Threshold;
use crate::simulate::SimulateArgs;
use crate::sinks::{Format, TableName};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use export::ExportArgs;
use span::SpanArgs;
use std::path::PathBuf;

/// Exit codes (product contract 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Usage.
    Usage = 2,
    /// Done, but some input was unreadable or skipped.
    Incomplete = 3,
    /// Settings or credentials.
    Settings = 4,
    /// A remote error that is worth a retry.
    Remote = 5,
    /// A limit was hit: `--memory-limit`.
    Limit = 6,
    /// A threshold of `--fail-on` was crossed.
    Crossed = 7,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// Says what every NAT gateway dollar was spent on, and which VPC endpoints would pay
#[derive(Debug, Parser)]
#[command(name = "natlens", version, arg_required_else_help = true, max_term_width = 80, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
}

const EXAMPLES: &str = "Examples:
  natlens report sample-data
  natlens report --month 2026-10 --group-by service,day --format csv --table groups
  natlens explain sample-data s3
  natlens export sample-data --to dataset
  natlens config sample-data --month 2026-10
  natlens report --flow-logs 'logs/**/*.log.gz' --inventory inventory/ --format json -o report.json

Exit codes: 0 done; 1 failed; 2 usage; 3 done, but some input was unreadable;
4 settings or credentials; 5 a remote error worth a retry; 6 --memory-limit; 7 --fail-on; 130, 143 interrupted.
Data goes to stdout, everything else to stderr.";

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Say less on stderr: no progress, no notes
    #[arg(
        short,
        long,
        global = true,
        help_heading = "Every command",
        env = "NATLENS_QUIET",
        hide_env_values = true,
        conflicts_with = "verbose"
    )]
    pub quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, help_heading = "Every command", action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour of tables
    #[arg(
        long,
        global = true,
        help_heading = "Every command",
        value_name = "WHEN",
        default_value = "auto",
        env = "NATLENS_COLOR",
        hide_env_values = true
    )]
    pub color: ColorChoice,
    /// No progress bar
    #[arg(long, global = true, help_heading = "Every command", env = "NATLENS_NO_PROGRESS", hide_env_values = true)]
    pub no_progress: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read flow logs, bill and inventory; count, name, price, reconcile and decide
    Report(Box<ReportArgs>),
    /// Show the arithmetic behind a gateway's, a VPC's, a service's or a client's numbers
    Explain(Box<ExplainArgs>),
    /// Write a month as Parquet files for Athena, notebooks and other tools
    Export(Box<ExportArgs>),
    /// Show every setting, its value and where it came from
    Config(Box<ConfigArgs>),
    /// Check what the inputs and permissions can and cannot answer
    Doctor(Box<DoctorArgs>),
    /// Fetch what the live account says, read-only, as the files of a bundle
    Collect(Box<CollectArgs>),
    /// Write the roll-up as SQL for engines that read the flow logs where they lie: Athena, Trino, Spark and others
    Athena(Box<athena::AthenaArgs>),
    /// Write a synthetic account with a known truth, in AWS's own file formats
    Simulate(Box<SimulateArgs>),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// What every command that reads a bundle takes: where its parts are, which time, which costs.
#[derive(Clone, Debug, Args)]
pub struct InputArgs {
    /// Which arguments were given; first, because reading an argument takes it away.
    #[command(flatten)]
    pub given: given::Given,
    /// Flow logs: a folder, a file or a glob; repeatable
    #[arg(long, value_name = "PATH", env = "NATLENS_FLOW_LOGS", hide_env_values = true, value_delimiter = ',')]
    pub flow_logs: Vec<String>,
    /// Output of `aws ec2 describe-*`: a folder, a file or a glob; repeatable
    #[arg(long, value_name = "PATH", env = "NATLENS_INVENTORY", hide_env_values = true, value_delimiter = ',')]
    pub inventory: Vec<String>,
    /// The bill (CUR, CUR 2.0, FOCUS, Cost Explorer): a folder, a file or a glob; repeatable
    #[arg(long, value_name = "PATH", env = "NATLENS_BILLING", hide_env_values = true, value_delimiter = ',')]
    pub billing: Vec<String>,
    /// Output of `aws cloudwatch get-metric-data`: a folder, a file or a glob; repeatable
    #[arg(long, value_name = "PATH", env = "NATLENS_METRICS", hide_env_values = true, value_delimiter = ',')]
    pub metrics: Vec<String>,
    /// Route 53 Resolver query logs: a folder, a file or a glob; repeatable
    #[arg(long, value_name = "PATH", env = "NATLENS_DNS", hide_env_values = true, value_delimiter = ',')]
    pub dns: Vec<String>,
    /// Hours for which a name that was asked for counts [default: 24]
    #[arg(long, value_name = "HOURS", env = "NATLENS_DNS_LOOK_BACK", hide_env_values = true, value_parser = clap::value_parser!(u32).range(0..=744))]
    pub dns_look_back: Option<u32>,
    /// Costs that count; list needs no bill [default: net]
    #[arg(long, value_name = "BASIS", env = "NATLENS_COST_BASIS", hide_env_values = true)]
    pub cost_basis: Option<CostBasis>,
    /// Prices that replace rows of the built-in list: region,item,usd
    #[arg(long, value_name = "FILE", env = "NATLENS_PRICES", hide_env_values = true)]
    pub prices: Option<PathBuf>,
    /// ip-ranges.json in place of the built-in table
    #[arg(long, value_name = "FILE", env = "NATLENS_IP_RANGES", hide_env_values = true)]
    pub ip_ranges: Option<PathBuf>,
    /// Field order of flow logs without header: '${version} ${account-id} ...'
    #[arg(long, value_name = "FIELDS", env = "NATLENS_LOG_FORMAT", hide_env_values = true)]
    pub log_format: Option<String>,
    /// Month of the report [default: the newest whole month with records]
    #[arg(long, value_name = "YYYY-MM", env = "NATLENS_MONTH", hide_env_values = true)]
    pub month: Option<String>,
    /// Another time than a month.
    #[command(flatten)]
    pub span: SpanArgs,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N", env = "NATLENS_THREADS", hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Stop with exit code 6 where the report would need more memory than this: 512MiB, 2GiB [default: no limit]
    #[arg(long, value_name = "BYTES", env = "NATLENS_MEMORY_LIMIT", hide_env_values = true)]
    pub memory_limit: Option<Memory>,
    /// Keep nothing from run to run, and use nothing that was kept
    #[arg(long, env = "NATLENS_NO_CACHE", hide_env_values = true)]
    pub no_cache: bool,
    /// Where to keep what was counted [default: natlens in the user's cache folder]
    #[arg(long, value_name = "DIR", env = "NATLENS_CACHE_DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
    /// How to reach AWS.
    #[command(flatten)]
    pub aws: AwsArgs,
}

/// What may stand in place of flow logs.
#[derive(Debug, Args)]
pub struct RollupArgs {
    /// A roll-up that `natlens athena` or its SQL made, in place of flow logs: a Parquet file, or the folder with all of them
    #[arg(long, value_name = "PATH", conflicts_with = "flow_logs")]
    pub rollup: Option<String>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder with flow-logs/, billing/, inventory/, metrics/, dns/ and natlens.toml; each part may also be given by its own flag, and each path may be an address, `s3://BUCKET/PREFIX`
    #[arg(value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// In place of flow logs.
    #[command(flatten)]
    pub rollup: RollupArgs,
    /// Form.
    #[command(flatten)]
    pub form: FormArgs,
    /// Form of the report
    #[arg(long, value_name = "FORMAT", env = "NATLENS_FORMAT", hide_env_values = true)]
    pub format: Option<Format>,
    /// Table that `--format csv` writes
    #[arg(long, value_name = "NAME", env = "NATLENS_TABLE", hide_env_values = true)]
    pub table: Option<TableName>,
    /// Write to this file, whole or not at all, instead of stdout (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print the JSON schema of `--format json` and stop
    #[arg(long)]
    pub json_schema: bool,
}

/// What a report shows, and when it is a failure.
#[derive(Debug, Args)]
pub struct FormArgs {
    /// Add sums by these dimensions; tag:KEY is one too
    #[arg(
        long,
        value_name = "DIMENSIONS",
        env = "NATLENS_GROUP_BY",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = dimension::DimensionParser
    )]
    pub group_by: Vec<Dimension>,
    /// Rows to show before `(other)`
    #[arg(long, value_name = "N", env = "NATLENS_TOP", hide_env_values = true)]
    pub top: Option<usize>,
    /// Fail, without a report, if any input is unreadable or malformed
    #[arg(long, env = "NATLENS_STRICT", hide_env_values = true)]
    pub strict: bool,
    /// Exit with 7 if this holds or cannot be told: saving>USD or coverage<PERCENT; repeatable
    #[arg(long, value_name = "LIMIT", env = "NATLENS_FAIL_ON", hide_env_values = true, value_delimiter = ',')]
    pub fail_on: Vec<Threshold>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The bundle's folder, unless it is this one, and what to explain: nat-…, vpc-…, a service or a client address
    #[arg(value_name = "BUNDLE> <SUBJECT", num_args = 1..=2, required = true)]
    pub what: Vec<String>,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// In place of flow logs.
    #[command(flatten)]
    pub rollup: RollupArgs,
    /// Form of the explanation
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "NATLENS_EXPLAIN_FORMAT", hide_env_values = true)]
    pub format: ExplainFormat,
    /// Write to this file, whole or not at all, instead of stdout (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Forms of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// Lines for people: exact numbers, with rounded ones beside them.
    Text,
    /// The same as JSON.
    Json,
}

/// Arguments of `collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// Folder of the bundle, made if it is not there, or its address, `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "BUNDLE")]
    pub to: PathBuf,
    /// Month to collect [default: the last whole month]
    #[arg(long, value_name = "YYYY-MM", env = "NATLENS_MONTH", hide_env_values = true)]
    pub month: Option<String>,
    /// How to reach AWS.
    #[command(flatten)]
    pub aws: AwsArgs,
    /// Collect again what was collected for the month
    #[arg(long)]
    pub replace: bool,
    /// What is asked for.
    #[command(flatten)]
    pub parts: PartArgs,
    /// The most requests to Cost Explorer for an account, at 0.01 USD each
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        env = "NATLENS_MAX_COST_EXPLORER_REQUESTS",
        hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub max_cost_explorer_requests: u32,
    /// The time, in place of the clock's
    #[arg(long, value_name = "TIME", env = "NATLENS_NOW", hide = true)]
    pub now: Option<String>,
}

/// What the live account is asked for, beside its inventory.
#[derive(Debug, Args)]
pub struct PartArgs {
    /// Log group with flow logs to read from CloudWatch Logs; repeatable
    #[arg(long, value_name = "NAME", env = "NATLENS_LOG_GROUP", hide_env_values = true, value_delimiter = ',')]
    pub log_group: Vec<String>,
    /// Do not ask CloudWatch for metrics
    #[arg(long, env = "NATLENS_NO_METRICS", hide_env_values = true)]
    pub no_metrics: bool,
    /// Do not ask Cost Explorer, which takes 0.01 USD a request
    #[arg(long, env = "NATLENS_NO_COST_EXPLORER", hide_env_values = true)]
    pub no_cost_explorer: bool,
}

/// Whom to ask, and where. No secret is among it: credentials come from AWS's own environment and files.
#[derive(Clone, Debug, Args)]
pub struct AccessArgs {
    /// Which arguments were given; first, because reading an argument takes it away.
    #[command(flatten)]
    pub given: given::Given,
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", env = "NATLENS_PROFILE", hide_env_values = true, help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region to ask; repeatable [default: the Region of the profile]
    #[arg(
        long,
        value_name = "REGION",
        env = "NATLENS_REGION",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "AWS"
    )]
    pub region: Vec<String>,
}

/// How to read buckets.
#[derive(Clone, Debug, Args)]
pub struct AwsArgs {
    /// Whom to ask, and where.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Pay for reading buckets whose owner asks readers to
    #[arg(long, env = "NATLENS_REQUESTER_PAYS", hide_env_values = true, help_heading = "AWS")]
    pub requester_pays: bool,
    /// Account that must own every bucket
    #[arg(
        long,
        value_name = "ACCOUNT",
        env = "NATLENS_EXPECTED_BUCKET_OWNER",
        hide_env_values = true,
        value_parser = aws::account,
        help_heading = "AWS"
    )]
    pub expected_bucket_owner: Option<String>,
}

/// Arguments of `config`: those of `report`, for which it shows what holds.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Folder of the bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// Form of the report.
    #[command(flatten)]
    pub form: FormArgs,
    /// Form of the list; that of the report is one of the settings
    #[arg(long = "format", value_name = "FORMAT", default_value = "table")]
    pub list: ListFormat,
    /// The report's format as its variable has it: this command's own flag is for the list.
    #[arg(long = "report-format", hide = true, env = "NATLENS_FORMAT", hide_env_values = true)]
    pub format: Option<Format>,
}

/// What `doctor` is told about writing.
#[derive(Debug, Args)]
pub struct WriteArgs {
    /// Address that `collect`, `export` or Athena writes into: the policy allows that, too
    #[arg(long, value_name = "ADDRESS", env = "NATLENS_TARGET", hide_env_values = true)]
    pub target: Option<String>,
    /// Athena makes the roll-up below --target: the policy allows that, too
    #[arg(long, requires = "target")]
    pub athena: bool,
    /// With --athena: where the workgroup writes what it says about statements, `s3://BUCKET/PREFIX/`, if it insists on a place of its own
    #[arg(long, value_name = "ADDRESS", requires = "athena")]
    pub athena_output: Option<String>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Folder of the bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// Print the IAM policy for exactly what the settings use, and stop; =roles: that of the roles in `[[accounts]]`
    #[arg(
        long,
        value_name = "WHOSE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "credentials",
        conflicts_with = "commands"
    )]
    pub policy: Option<PolicyOf>,
    /// Where files are written.
    #[command(flatten)]
    pub writes: WriteArgs,
    /// Print the AWS CLI's commands that copy the same parts into the bundle's folder, and stop
    #[arg(long)]
    pub commands: bool,
    /// What is asked for.
    #[command(flatten)]
    pub parts: PartArgs,
    /// Also try the permission for Cost Explorer, which takes 0.01 USD
    #[arg(long, conflicts_with = "no_cost_explorer")]
    pub cost_explorer: bool,
    /// Look at the inputs only, and ask AWS nothing
    #[arg(long, env = "NATLENS_OFFLINE", hide_env_values = true)]
    pub offline: bool,
    /// Form of the findings
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ListFormat,
    /// Write to this file, whole or not at all, instead of stdout (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Whose policy is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyOf {
    /// Of the credentials that natlens runs with.
    Credentials,
    /// Of the roles that it takes on in accounts.
    Roles,
}

impl From<PolicyOf> for crate::doctor::wants::Whose {
    fn from(of: PolicyOf) -> Self {
        match of {
            PolicyOf::Credentials => Self::Credentials,
            PolicyOf::Roles => Self::Roles,
        }
    }
}

/// Forms of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table for people.
    Table,
    /// One JSON object.
    Json,
}

/// The clap command, for completions and the man page.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Carries a parsed command line out.
pub fn act(cli: Cli, cancel: &Cancel) -> Exit {
    match cli.command {
        Command::Report(args) => report::act(&args, &cli.global),
        Command::Explain(args) => explain::act(&args, &cli.global),
        Command::Export(args) => export::act(&args, &cli.global),
        Command::Config(args) => config::act(&args, &cli.global),
        Command::Doctor(args) => doctor::act(&args, &cli.global),
        Command::Collect(args) => collect::act(&args, &cli.global),
        Command::Athena(args) => athena::act(&args, &cli.global, cancel),
        Command::Simulate(args) => simulate::act(&args, &cli.global),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "natlens", &mut script);
            print_bytes(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            match man_pages(&mut page) {
                Ok(()) => print_bytes(&page),
                Err(error) => failed(&error),
            }
        }
    }
}

/// The page of natlens and one of each command, one after the other.
fn man_pages(page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut natlens = command();
    natlens.build();
    clap_mangen::Man::new(natlens.clone()).render(page)?;
    for command in natlens.get_subcommands().filter(|command| command.get_name() != "help") {
        let title = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        clap_mangen::Man::new(command.clone()).title(title).render(page)?;
    }
    Ok(())
}

fn print_bytes(bytes: &[u8]) -> Exit {
    match output::write_data(&String::from_utf8_lossy(bytes), None) {
        Ok(()) => Exit::Done,
        Err(error) => failed(&error),
    }
}

fn failed(error: &std::io::Error) -> Exit {
    output::error(&format!("cannot write: {error}"), None);
    Exit::Failed
}
