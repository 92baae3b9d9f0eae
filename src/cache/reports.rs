//! Whole reports, by a key of everything that they depend on.

use super::{Cache, Key, files};
use crate::report::{Report, stored};
use std::path::PathBuf;

const MAGIC: files::Magic = b"natlens report 1";

/// A report and what its run had to say about its input.
#[derive(Clone, Debug)]
pub struct KeptReport {
    /// The report.
    pub report: Report,
    /// Objects that gave nothing, malformed records, malformed lines of the bill.
    pub losses: [u64; 3],
}

impl Cache {
    fn report_path(&self, key: Key) -> PathBuf {
        self.place.folder.join(files::REPORTS).join(format!("{key}.json"))
    }

    /// The report of this key, if it was kept.
    #[must_use]
    pub fn report(&self, key: Key) -> Option<KeptReport> {
        let path = self.report_path(key);
        let file = files::read(&path).ok()?;
        let (losses, text) = files::body(MAGIC, key.0, &file)?.split_at_checked(24)?;
        let mut numbers = losses.chunks_exact(8).map(|bytes| bytes.try_into().map(u64::from_le_bytes));
        let mut next = || numbers.next()?.ok();
        let losses = [next()?, next()?, next()?];
        let report = stored::from_json(text)?;
        files::used(&path, self.place.now);
        Some(KeptReport { report, losses })
    }

    /// Keeps the report of this key.
    pub fn keep_report(&self, key: Key, report: &Report, losses: [u64; 3]) {
        let Some(text) = self.can_keep().then(|| stored::to_json(report)).flatten() else { return };
        let mut body = losses.map(u64::to_le_bytes).concat();
        body.extend(text);
        self.write(&self.report_path(key), &[&files::header(MAGIC, key.0, &body), &body]);
    }
}
