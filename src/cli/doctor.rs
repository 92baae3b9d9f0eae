//! `natlens doctor`: what the inputs can and cannot answer.

use super::output::{error, write_data};
use super::plan::{self, DoctorPlan, Refusal};
use super::report::progress;
use super::{DoctorArgs, Exit, Global, ListFormat};
use crate::doctor::Severity;
use crate::run;
use crate::sinks::doctor::{render_json, render_table};

/// Looks and tells.
pub fn act(args: &DoctorArgs, global: &Global) -> Exit {
    let plan = match DoctorPlan::new(args) {
        Ok(plan) => plan,
        Err(Refusal { exit, what, hint }) => {
            error(&what, hint.as_deref());
            return exit;
        }
    };
    let bar = progress(global);
    let checkup = run::doctor::checkup(&plan.plan, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let text = match args.format {
        ListFormat::Json => render_json(&checkup),
        ListFormat::Table => render_table(&checkup, &plan::style(global, args.output.is_some(), None)),
    };
    if let Err(failure) = write_data(&text, args.output.as_deref()) {
        error(&format!("cannot be written: {failure}"), None);
        return Exit::Failed;
    }
    if checkup.worst() == Severity::Problem { Exit::Incomplete } else { Exit::Done }
}
