//! `natlens report`.

use super::aws::exit_of;
use super::output::{Claim, error, note, write_data};
use super::plan::{Refusal, ReportPlan};
use super::{Exit, Global, ReportArgs};
use crate::report::schema;
use crate::run;
use crate::sinks;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Makes and writes the report.
pub fn act(args: &ReportArgs, global: &Global) -> Exit {
    if args.json_schema {
        return write(schema::JSON, None);
    }
    let plan = match ReportPlan::new(args, global) {
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
    let outcome = match run_with_progress(&plan.plan, global) {
        Ok(outcome) => outcome,
        Err(exit) => return exit,
    };
    if let Err(exit) = tell_losses(&outcome, plan.strict, global) {
        return exit;
    }
    let text = sinks::render(&outcome.report, plan.format, plan.table, &plan.style);
    match write(&text, plan.output.as_deref()) {
        Exit::Done if crossed(&plan, &outcome) => Exit::Crossed,
        Exit::Done => exit_with_losses(&outcome),
        exit => exit,
    }
}

/// Says what could not be read; fails if all has to be.
pub(super) fn tell_losses(outcome: &run::Outcome, strict: bool, global: &Global) -> Result<(), Exit> {
    if !global.quiet {
        outcome.report.warnings.iter().filter(|w| w.code == "unreadable-object").for_each(|w| {
            note(&format!("warning: {} unreadable: {}", w.count, w.message));
            note(&format!("hint: {}", w.hint));
        });
        outcome.report.warnings.iter().filter(|w| w.code == "missing-pages").for_each(|w| {
            note(&format!("warning: {} cut off: {}", w.count, w.message));
            note(&format!("hint: {}", w.hint));
        });
        outcome.report.warnings.iter().filter(|w| w.code == "malformed-bill-line").for_each(|w| {
            note(&format!("warning: {} of the bill unreadable: {}", w.count, w.message));
            note(&format!("hint: {}", w.hint));
        });
    }
    if strict && (outcome.unreadable > 0 || outcome.malformed > 0 || outcome.malformed_bill_lines > 0) {
        let what = format!(
            "{} inputs unreadable or cut off, {} records and {} bill lines malformed",
            outcome.unreadable, outcome.malformed, outcome.malformed_bill_lines
        );
        error(&format!("--strict: {what}"), Some("without --strict the rest is reported, and what is missing is said"));
        return Err(Exit::Failed);
    }
    Ok(())
}

/// Done, or done with a part of the input only.
pub(super) const fn exit_with_losses(outcome: &run::Outcome) -> Exit {
    if outcome.unreadable > 0 || outcome.malformed_bill_lines > 0 { Exit::Incomplete } else { Exit::Done }
}

/// Says each limit that was crossed.
fn crossed(plan: &ReportPlan, outcome: &run::Outcome) -> bool {
    let found = |limit: &crate::report::threshold::Threshold| Some((*limit, limit.crossed(&outcome.report)?));
    let all: Vec<_> = plan.fail_on.iter().filter_map(found).collect();
    for (limit, found) in &all {
        error(&format!("--fail-on {limit}: {found}"), None);
    }
    !all.is_empty()
}

fn write(text: &str, to: Option<&std::path::Path>) -> Exit {
    match write_data(text, to) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            let target = to.map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
            error(&format!("{target}: cannot be written: {failure}"), None);
            Exit::Failed
        }
    }
}

/// Runs the pipeline behind a progress bar; says why where it fails.
pub(super) fn run_with_progress(plan: &run::Plan, global: &Global) -> Result<run::Outcome, Exit> {
    let bar = progress(global);
    let result = run::report(plan, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let outcome = result.map_err(|failure| {
        error(&failure.to_string(), failure.hint());
        match &failure {
            run::RunError::OverLimit(_) => Exit::Limit,
            failure if failure.is_usage() => Exit::Usage,
            failure if failure.of_store().is_some() => {
                failure.of_store().map_or(Exit::Failed, |error| exit_of(error.trouble))
            }
            _ => Exit::Failed,
        }
    })?;
    if let Some(trouble) = outcome.cache_trouble.as_ref().filter(|_| !global.quiet) {
        note(&format!("warning: the next run will be as slow as this one: the cache cannot be written: {trouble}"));
        note("hint: name another folder by --cache-dir, or do without it by --no-cache");
    }
    Ok(outcome)
}

pub(super) fn progress(global: &Global) -> ProgressBar {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb") || std::env::var_os("CI").is_some();
    if global.quiet || global.no_progress || dumb || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("reading flow logs {bar:30} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar
}
