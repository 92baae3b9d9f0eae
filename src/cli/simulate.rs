//! `natlens simulate`.

use super::output::{error, note};
use super::{Exit, Global};
use crate::simulate::{Options, SimulateArgs, simulate};

/// Writes the synthetic account.
pub fn act(args: &SimulateArgs, global: &Global) -> Exit {
    let options = Options::from(args);
    match simulate(&options, &args.to, &mut |_| {}) {
        Ok(summary) => {
            if !global.quiet {
                note(&format!("{}: {} records in {} objects", args.to.display(), summary.records, summary.objects));
            }
            Exit::Done
        }
        Err(failure) => {
            error(&failure.to_string(), None);
            Exit::Failed
        }
    }
}
