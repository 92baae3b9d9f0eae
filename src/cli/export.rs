//! `natlens export`.

use super::aws::exit_of;
use super::output::{error, note, write_data};
use super::plan::{ExportPlan, Refusal, To};
use super::report::{exit_with_losses, run_with_progress, tell_losses};
use super::{Exit, Global, InputArgs, ListFormat, RollupArgs};
use crate::export::ddl::{Place, ddl};
use crate::export::folder::{Folder, FolderError};
use crate::export::manifest::Manifest;
use crate::export::part::Part;
use crate::export::succession::{Found, succeed};
use crate::export::{bucket, files};
use crate::run::Outcome;
use crate::run::shapes::log_tables;
use crate::sinks::export::render_table;
use clap::Args;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, Args)]
// `--to` is the place here; the id stays, so that the time is read as everywhere.
#[command(mut_arg("to", |to| to.long("until")))]
pub struct ExportArgs {
    /// Folder of the bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// Folder of the dataset, made if it is not there, or an address, `s3://BUCKET/PREFIX`. Other months in it stay as they are, and other accounts of the month
    #[arg(id = "place", long = "to", value_name = "DIR")]
    pub to: String,
    /// Print DDL for Athena instead, and write nothing: the dataset's tables at --to, an s3:// address, views of common questions, and
    /// tables over the flow logs that were read
    #[arg(long)]
    pub ddl: bool,
    /// With --ddl: address of the flow logs, if --flow-logs is a copy of them
    #[arg(long, value_name = "ADDRESS", requires = "ddl", conflicts_with = "rollup")]
    pub logs_at: Option<String>,
    /// Replace the month of all accounts that lie at --to, and not only of those of this export
    #[arg(long, conflicts_with = "ddl")]
    pub replace: bool,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs,
    /// In place of flow logs.
    #[command(flatten)]
    pub rollup: RollupArgs,
    /// Fail, and write nothing, if any input is unreadable or malformed
    #[arg(long, env = "NATLENS_STRICT", hide_env_values = true)]
    pub strict: bool,
    /// Form of what is said to be written: a table, or the manifest
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ListFormat,
}

/// Makes a month's report and writes its rows.
pub fn act(args: &ExportArgs, global: &Global) -> Exit {
    match export(args, global) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn export(args: &ExportArgs, global: &Global) -> Result<Exit, Exit> {
    let plan = ExportPlan::new(args, global).map_err(|Refusal { exit, what, hint }| {
        error(&what, hint.as_deref());
        exit
    })?;
    let refused = |failure: FolderError| {
        error(&failure.to_string(), Some(&failure.hint()));
        Exit::Failed
    };
    let (outcome, manifest) = match &plan.to {
        To::Ddl => return print_ddl(args, &plan, global),
        To::Folder(to) => {
            // First the folder: whoever has to wait for another run need not read anything before.
            let folder = Folder::open(to).map_err(refused)?;
            let (outcome, manifest, parts) = month(&plan, global)?;
            let found = folder.found(&manifest.month).map_err(refused)?;
            let manifest = beside(manifest, &found, args, global)?;
            folder.replace(&manifest, &parts).map_err(refused)?;
            (outcome, manifest)
        }
        To::Bucket(target) => {
            let (outcome, manifest, parts) = month(&plan, global)?;
            let found = bucket::found(target.as_ref(), &manifest.month).map_err(|failure| {
                error(&failure.what, failure.hint.as_deref());
                exit_of(failure.trouble)
            })?;
            let manifest = beside(manifest, &found, args, global)?;
            bucket::replace(target.as_ref(), &manifest, &parts).map_err(|failure| {
                // Its own hint says why; what is to be done is the same whatever it is.
                let hint = failure.hint.as_deref().map_or(String::new(), |hint| format!("{hint}; then "));
                error(
                    &failure.what,
                    Some(&format!("{hint}export {} again: until then it may be part old, part new", manifest.month)),
                );
                exit_of(failure.trouble)
            })?;
            (outcome, manifest)
        }
    };
    let text = match args.format {
        ListFormat::Table => render_table(&manifest, &args.to, &plan.style),
        ListFormat::Json => manifest.to_json(),
    };
    print(&text)?;
    Ok(exit_with_losses(&outcome))
}

/// What becomes of what is there, said before anything of it is touched.
fn beside(manifest: Manifest, found: &Found, args: &ExportArgs, global: &Global) -> Result<Manifest, Exit> {
    let (manifest, notes) = succeed(manifest, found, args.replace).map_err(|refused| {
        error(&refused.to_string(), Some(&refused.hint()));
        Exit::Usage
    })?;
    tell(&notes, global);
    Ok(manifest)
}

fn tell(notes: &[String], global: &Global) {
    for text in notes.iter().filter(|_| !global.quiet) {
        note(&format!("note: {text}"));
    }
}

/// Reads everything and makes the files of a month.
fn month(plan: &ExportPlan, global: &Global) -> Result<(Outcome, Manifest, Vec<Part>), Exit> {
    let outcome = run_with_progress(&plan.plan, global)?;
    tell_losses(&outcome, plan.strict, global)?;
    let Some(dataset) = &outcome.dataset else { return Err(Exit::Failed) };
    let (manifest, parts) = files(dataset).map_err(|failure| {
        error(&failure.to_string(), None);
        Exit::Failed
    })?;
    Ok((outcome, manifest, parts))
}

fn print_ddl(args: &ExportArgs, plan: &ExportPlan, global: &Global) -> Result<Exit, Exit> {
    let (outcome, _, parts) = month(plan, global)?;
    let (logs, notes) = log_tables(&plan.plan, args.logs_at.as_deref()).map_err(|failure| {
        error(&failure.to_string(), failure.hint());
        Exit::Failed
    })?;
    tell(&notes, global);
    if !global.quiet && !notes.is_empty() && args.logs_at.is_none() {
        note("hint: name the address that the folder is a copy of by --logs-at s3://BUCKET/PREFIX");
    }
    if args.rollup.rollup.is_some() {
        tell(&["a roll-up does not tell the form of the flow logs, so there is no table over them".to_owned()], global);
    }
    let Some(dataset) = &outcome.dataset else { return Err(Exit::Failed) };
    let mut accounts: BTreeSet<String> = parts.iter().map(|part| part.account.clone()).collect();
    if let Some(target) = &plan.there {
        match bucket::accounts(target.as_ref()) {
            Ok(there) => accounts.extend(there),
            Err(failure) => tell(
                &[format!(
                    "{}; accounts that were exported there before are not in projection.account_id.values",
                    failure.what
                )],
                global,
            ),
        }
    }
    print(&ddl(&Place { to: &args.to, month: dataset.month, accounts }, &logs))?;
    Ok(exit_with_losses(&outcome))
}

fn print(text: &str) -> Result<(), Exit> {
    write_data(text, None).map_err(|failure| {
        error(&format!("stdout: cannot be written: {failure}"), None);
        Exit::Failed
    })
}
