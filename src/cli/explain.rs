//! `natlens explain`.

use super::output::{Claim, error, write_data};
use super::plan::{ExplainPlan, Refusal};
use super::report::run_with_progress;
use super::{Exit, ExplainArgs, Global};
use crate::explain::explain;
use crate::run;
use crate::sinks::explanation::{render_json, render_text};

/// Makes the report and explains a part of it.
pub fn act(args: &ExplainArgs, global: &Global) -> Exit {
    let plan = match ExplainPlan::new(args, global) {
        Ok(plan) => plan,
        Err(Refusal { exit, what, hint }) => {
            error(&what, hint.as_deref());
            return exit;
        }
    };
    let _claim = match Claim::take(plan.output.as_deref()) {
        Ok(claim) => claim,
        Err(exit) => return exit,
    };
    let (report, trail) = match run_with_progress(&plan.plan, global) {
        Ok(run::Outcome { report, trail: Some(trail), .. }) => (report, trail),
        Ok(_) => return Exit::Failed,
        Err(exit) => return exit,
    };
    let explanation = match explain(&plan.subject, &report, &trail) {
        Ok(explanation) => explanation,
        Err(unknown) => {
            let hint = match unknown.near.as_slice() {
                [] => "`natlens report` lists what can be explained".to_owned(),
                near => format!("perhaps {}", near.join(", ")),
            };
            error(&unknown.to_string(), Some(&hint));
            return Exit::Failed;
        }
    };
    let text = if plan.json { render_json(&explanation) } else { render_text(&explanation, &plan.style) };
    match write_data(&text, plan.output.as_deref()) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            error(&format!("cannot be written: {failure}"), None);
            Exit::Failed
        }
    }
}
