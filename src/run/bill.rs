//! Reads the bill: which files count, their lines in parallel, merged in a fixed order so that nothing depends on threads.

use super::inputs::{Given, InputError, list_inputs};
use crate::bill::fold::BillFold;
use crate::bill::settle::Bill;
use crate::diag::{Code, Warnings};
use crate::model::bill::BillFormat;
use crate::model::period::Window;
use crate::report::InputRow;
use crate::sources::bill::manifest::{self, Manifest, ManifestError};
use crate::sources::bill::plan::{BillPart, Notice, PlanError, plan};
use crate::sources::bill::{AnswerPart, BillFile, BillReadError, read_bill_file};
use crate::sources::objects::{Object, ObjectBytes};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why there is no bill: a total without one of its files would be wrong.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// The input itself.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A manifest that cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It is not known which files count.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file that counts and cannot be read.
    #[error("{key}: {why}")]
    File {
        /// Its key.
        key: String,
        /// What is wrong.
        why: BillReadError,
    },
    /// Sums that two files tell.
    #[error("{one} and {other} both tell the sum of {what}")]
    Twice {
        /// A file.
        one: String,
        /// Another.
        other: String,
        /// Period and keys of the sum.
        what: String,
    },
    /// A page of Cost Explorer's answer without the next one.
    #[error("{0}: Cost Explorer's answer goes on at a next page (NextPageToken), which is not there")]
    MissingPage(String),
}

impl BillError {
    /// What the user can do about it, if anything.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Input(_) => None,
            Self::Manifest(_) => Some("fetch the manifest again: it says which files count"),
            Self::Plan(error) => Some(error.hint()),
            Self::File { why, .. } => why.hint(),
            Self::MissingPage(_) => Some(
                "fetch it with `aws ce get-cost-and-usage --next-page-token`, and so on until an answer names none: all pages in one file in their order, or side by side",
            ),
            Self::Twice { .. } => Some("keep one of them: what both tell would count twice"),
        }
    }
}

/// The kind of this input in the report.
pub const BILLING: &str = "billing";

/// Lists, plans and reads the bill's files. With a window, months wholly outside it are not read, and lines outside it only counted.
pub fn read_bill(
    given: &Given<'_>,
    window: Option<Window>,
    threads: usize,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
) -> Result<Bill, BillError> {
    let listing = list_inputs(BILLING, given, rows, warnings)?;
    let manifests = read_manifests(&listing.objects)?;
    let keys: Vec<&str> = listing.objects.iter().map(|object| object.key.as_str()).collect();
    let plan = plan(&keys, &manifests, window)?;
    let by_key: BTreeMap<&str, &Object> = listing.objects.iter().map(|object| (object.key.as_str(), object)).collect();
    let objects: Vec<&Object> = plan.parts.iter().map(|part| by_key[part.key.as_str()]).collect();
    let results = read_parts(&plan.parts, &objects, window, threads);
    let mut merge = Merge::new(warnings);
    for (part, result) in plan.parts.iter().zip(results) {
        merge.part(part, result)?;
    }
    for notice in &plan.notices {
        merge.notice(notice);
    }
    if let Some(key) = cut_off(&merge.answers, window) {
        return Err(BillError::MissingPage(key.to_owned()));
    }
    let unreadable = merge.unreadable;
    let bill = merge.bill;
    if let Some(row) = rows.iter_mut().find(|row| row.kind == BILLING) {
        row.unreadable += unreadable;
    }
    Ok(bill)
}

/// Manifests by content, whatever they are called; AWS's own names only tell a broken one.
fn read_manifests(objects: &[Object]) -> Result<Vec<Manifest>, BillError> {
    let mut manifests = Vec::new();
    for object in objects.iter().filter(|object| object.size <= manifest::MAX_BYTES) {
        let failed = |why| BillError::File { key: object.key.clone(), why: BillReadError::Io(why) };
        if object.head(64).map_err(failed)?.trim_ascii_start().first() != Some(&b'{') {
            continue;
        }
        let mut bytes = Vec::new();
        object.open().map_err(failed)?.take(manifest::MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        manifests.extend(manifest::parse(&object.key, &bytes)?);
    }
    Ok(manifests)
}

type PartRead = Result<(BillFile, BillFold), BillReadError>;

/// Reads the parts, one thread each at a time. After the first failure no further part is begun; those before it are all there.
fn read_parts(parts: &[BillPart], objects: &[&Object], window: Option<Window>, threads: usize) -> Vec<PartRead> {
    let (next, stop) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= parts.len() || at > stop.load(Ordering::Relaxed) {
                return done;
            }
            let result = read_part(&parts[at], objects[at], window);
            if result.as_ref().is_err_and(|error| !may_leave_out(&parts[at], error)) {
                stop.fetch_min(at, Ordering::Relaxed);
            }
            done.push((at, result));
        }
    };
    let mut results: Vec<(usize, PartRead)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1).min(parts.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker catches what its reader throws")).collect()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn read_part(part: &BillPart, object: &Object, window: Option<Window>) -> PartRead {
    let mut fold = BillFold::new(BillFormat::CurLegacy, window);
    let read = AssertUnwindSafe(|| read_bill_file(object, part.month, &mut fold));
    let file = catch_unwind(read).unwrap_or_else(|_| {
        let why = "reading it failed; this is a defect of natlens".to_owned();
        Err(BillReadError::BrokenOff { part: "the file", why })
    })?;
    Ok((file, fold))
}

/// A stranger in a folder is left out and named; a part of a manifest, and anything that is damaged, is not.
const fn may_leave_out(part: &BillPart, error: &BillReadError) -> bool {
    part.manifest.is_none() && error.is_refusal()
}

struct Merge<'a> {
    bill: Bill,
    unreadable: u64,
    /// Contents of files without manifest, by export: the same one under two names counts once.
    seen: BTreeSet<(String, u128, u64)>,
    /// Cost Explorer sums, by export: which file told them.
    told: BTreeMap<(String, String), String>,
    /// Parts of Cost Explorer's answers with their files, by export.
    answers: BTreeMap<String, Vec<(String, AnswerPart)>>,
    /// Folders without manifest in which a manifest would be.
    without_manifest: BTreeSet<String>,
    warnings: &'a mut Warnings,
}

impl<'a> Merge<'a> {
    fn new(warnings: &'a mut Warnings) -> Self {
        let (seen, told, answers, without_manifest) = Default::default();
        Self { bill: Bill::default(), unreadable: 0, seen, told, answers, without_manifest, warnings }
    }

    fn part(&mut self, part: &BillPart, result: PartRead) -> Result<(), BillError> {
        let key = &part.key;
        let (file, fold) = match result {
            Ok(read) => read,
            Err(why) if may_leave_out(part, &why) => {
                self.unreadable += 1;
                let hint = why.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.warnings.add(Code::UnreadableObject, format!("{key}: {why}{hint}"));
                return Ok(());
            }
            Err(why) => return Err(BillError::File { key: key.clone(), why }),
        };
        let export = export_name(part, &file);
        if part.manifest.is_none() {
            if !self.seen.insert((export.clone(), file.content_hash, file.inflated_bytes)) {
                self.warnings.add(Code::DuplicateObject, key.clone());
                return Ok(());
            }
            if file.format != BillFormat::CostExplorer {
                self.without_manifest.insert(part.export.clone());
            }
        }
        for cell in &file.cells {
            if let Some(one) = self.told.insert((export.clone(), cell.clone()), key.clone()) {
                return Err(BillError::Twice { one, other: key.clone(), what: cell.clone() });
            }
        }
        if let Some(answer) = file.answer {
            self.answers.entry(export.clone()).or_default().push((key.clone(), answer));
        }
        self.warn_of_lines(key, &fold);
        if file.estimated {
            self.warnings.add(Code::EstimatedBill, key.clone());
        }
        self.bill.add(&export, &fold);
        Ok(())
    }

    fn warn_of_lines(&mut self, key: &str, fold: &BillFold) {
        let mut left = fold.malformed;
        for (line, why) in &fold.malformed_samples {
            let at = if *line == 0 { key.to_owned() } else { format!("{key}:{line}") };
            self.warnings.add(Code::MalformedBillLine, format!("{at}: {why}"));
            left -= 1;
        }
        self.warnings.add_counted(Code::MalformedBillLine, left, key);
        self.warnings.add_counted(Code::RoundedDigits, fold.rounded, format!("{key}: {} numbers", fold.rounded));
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::WithoutManifest { folder, files } => {
                if self.without_manifest.contains(folder) {
                    self.warnings.add(Code::BillWithoutManifest, format!("{folder}: {files} files"));
                }
            }
            Notice::Stale { export, files, first } => {
                let what = format!("{export}: {first}{}", if *files > 1 { ", …" } else { "" });
                self.warnings.add_counted(Code::StaleBillFile, *files, what);
            }
            Notice::OlderVersion { export, files } => {
                self.warnings.add_counted(Code::OlderBillVersion, *files, format!("{export}: {files} files"));
            }
        }
    }
}

/// A file that ends with a page which names a next one, while no chain of other files leads from there to a last page. What begins
/// behind the window is no part of it.
fn cut_off(answers: &BTreeMap<String, Vec<(String, AnswerPart)>>, window: Option<Window>) -> Option<&str> {
    let matters = |part: &AnswerPart| {
        let start = part.periods.last().map(|(start, _)| *start);
        start.is_none_or(|start| window.is_none_or(|window| start < window.end))
    };
    for parts in answers.values() {
        let mut ends: Vec<bool> = parts.iter().map(|(_, part)| !part.goes_on || !matters(part)).collect();
        loop {
            let follows =
                |at: usize| (0..parts.len()).any(|to| to != at && ends[to] && parts[to].1.may_follow(&parts[at].1));
            let found: Vec<usize> = (0..parts.len()).filter(|&at| !ends[at] && follows(at)).collect();
            if found.is_empty() {
                break;
            }
            for at in found {
                ends[at] = true;
            }
        }
        if let Some(at) = ends.iter().position(|ends| !ends) {
            return Some(&parts[at].0);
        }
    }
    None
}

/// Files without manifest in one folder are of one export if they are of one format, and of one grouping of Cost Explorer's: others
/// are the same dollars again, of which `Bill::settle` takes one.
fn export_name(part: &BillPart, file: &BillFile) -> String {
    if part.manifest.is_some() {
        return part.export.clone();
    }
    let format = match (file.format, &file.grouping) {
        (BillFormat::CurLegacy, _) => "CUR",
        (BillFormat::Cur2, _) => "CUR 2.0",
        (BillFormat::Focus, _) => "FOCUS",
        (BillFormat::CostExplorer, None) => "Cost Explorer",
        (BillFormat::CostExplorer, Some(grouping)) => return format!("{} (Cost Explorer, {grouping})", part.export),
    };
    format!("{} ({format})", part.export)
}

#[cfg(test)]
mod tests;
