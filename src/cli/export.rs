//! `natlens export`.

use super::output::{error, write_data};
use super::plan::{ExportPlan, Refusal};
use super::report::{exit_with_losses, run_with_progress, tell_losses};
use super::span::UntilArgs;
use super::{Exit, Global, InputArgs, ListFormat};
use crate::export::files;
use crate::export::folder::{Folder, FolderError};
use crate::sinks::export::render_table;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Folder of the bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: Option<PathBuf>,
    /// Folder of the dataset; made if it is not there. Other months in it stay as they are
    #[arg(id = "place", long = "to", value_name = "DIR")]
    pub to: String,
    /// Inputs.
    #[command(flatten)]
    pub input: InputArgs<UntilArgs>,
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
    // First the folder: whoever has to wait for another run need not read anything before.
    let folder = Folder::open(&plan.to).map_err(refused)?;
    let outcome = run_with_progress(&plan.plan, global)?;
    tell_losses(&outcome, plan.strict, global)?;
    let Some(dataset) = &outcome.dataset else { return Err(Exit::Failed) };
    let (manifest, parts) = files(dataset).map_err(|failure| {
        error(&failure.to_string(), None);
        Exit::Failed
    })?;
    folder.replace(&manifest, &parts).map_err(refused)?;
    let text = match args.format {
        ListFormat::Table => render_table(&manifest, &args.to, &plan.style),
        ListFormat::Json => manifest.to_json(),
    };
    write_data(&text, None).map_err(|failure| {
        error(&format!("stdout: cannot be written: {failure}"), None);
        Exit::Failed
    })?;
    Ok(exit_with_losses(&outcome))
}
