//! Which of the listed files count, for which export and month. Pure: keys and manifests in, a plan or an error out.

use super::manifest::{Manifest, NamedFile, is_date_range, is_manifest_name, month_of_path, newer};
use crate::model::period::{Month, Window};
use std::collections::{BTreeMap, BTreeSet};

/// What to read, and what not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillPlan {
    /// Files that count, by export and key.
    pub parts: Vec<BillPart>,
    /// What was decided about the others, for people.
    pub notices: Vec<Notice>,
}

/// One file that counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BillPart {
    /// The export that it is a part of; for files without manifest, their folder.
    pub export: String,
    /// Its key.
    pub key: String,
    /// The billing month that its manifest or its folder names.
    pub month: Option<Month>,
    /// The manifest that names it.
    pub manifest: Option<String>,
}

/// Something about files that people should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// A folder without any manifest: every file in it counts.
    WithoutManifest {
        /// The folder.
        folder: String,
        /// How many files.
        files: u64,
    },
    /// Files of an export that no manifest names: left out.
    Stale {
        /// The export.
        export: String,
        /// How many.
        files: u64,
        /// The first of them.
        first: String,
    },
    /// Files of a version that a newer one took the place of: left out.
    OlderVersion {
        /// The export.
        export: String,
        /// How many.
        files: u64,
    },
}

/// Why it is not known which files count. A total without them would be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A part that is not there.
    #[error("{part} is missing: the manifest {manifest} names it")]
    MissingPart {
        /// As the manifest writes it.
        part: String,
        /// The manifest.
        manifest: String,
    },
    /// A part that several files could be.
    #[error("{part} of the manifest {manifest} could be {one} or {other}")]
    UnclearPart {
        /// As the manifest writes it.
        part: String,
        /// The manifest.
        manifest: String,
        /// A file.
        one: String,
        /// Another.
        other: String,
    },
    /// A file that two manifests claim.
    #[error("{part} would be a part of two manifests, {one} and {other}")]
    PartOfTwo {
        /// The file.
        part: String,
        /// A manifest.
        one: String,
        /// Another.
        other: String,
    },
    /// Two versions of a month, of which nothing says which is newer.
    #[error("{one} and {other} are two versions of one month, and nothing says which is newer")]
    UnclearVersion {
        /// A manifest.
        one: String,
        /// Another.
        other: String,
    },
}

impl PlanError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::MissingPart { .. } => "copy the whole export again: a total without it would be wrong",
            Self::UnclearPart { .. } | Self::PartOfTwo { .. } => "keep the folders that the export has in its bucket",
            Self::UnclearVersion { .. } => {
                "remove the version that is not wanted, or copy the manifest beside the month's folder too"
            }
        }
    }
}

/// Plans the reading of the files with these keys, manifests excepted. Months wholly outside the window are left out.
pub fn plan(keys: &[&str], manifests: &[Manifest], window: Option<Window>) -> Result<BillPlan, PlanError> {
    let files = Files::new(keys, manifests);
    let mut claims: BTreeMap<&str, BillPart> = BTreeMap::new();
    let mut outside: BTreeSet<&str> = BTreeSet::new();
    let newest = newest(manifests)?;
    for &manifest in &newest {
        let needed = in_window(manifest.month, window);
        for file in &manifest.files {
            if !needed {
                outside.extend(files.find(file, manifest).ok().flatten());
                continue;
            }
            let missing = || PlanError::MissingPart { part: file.uri.clone(), manifest: manifest.key.clone() };
            let key = files.find(file, manifest)?.ok_or_else(missing)?;
            let part = BillPart {
                export: manifest.export(),
                key: key.to_owned(),
                month: manifest.month,
                manifest: Some(manifest.key.clone()),
            };
            if let Some(claimed) = claims.insert(key, part)
                && claimed.manifest.as_ref() != Some(&manifest.key)
            {
                let one = claimed.manifest.unwrap_or_default();
                return Err(PlanError::PartOfTwo { part: key.to_owned(), one, other: manifest.key.clone() });
            }
        }
    }
    let rest = files.keys.iter().copied().filter(|key| !claims.contains_key(key) && !outside.contains(key));
    let mut left = LeftOver::default();
    for key in rest {
        left.sort_out(key, manifests, &files);
    }
    let mut parts: Vec<BillPart> = claims.into_values().chain(left.loose.iter().cloned()).collect();
    parts.sort();
    Ok(BillPlan { parts, notices: left.notices() })
}

/// Whether a month has a second of the window; a month that is not known may have.
fn in_window(month: Option<Month>, window: Option<Window>) -> bool {
    let (Some(month), Some(window)) = (month, window) else { return true };
    let month = month.window();
    month.start < window.end && window.start < month.end
}

/// The newest version of each export's month, by export and month.
fn newest(manifests: &[Manifest]) -> Result<Vec<&Manifest>, PlanError> {
    let mut months: BTreeMap<(&str, &str, Option<Month>), Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        months.entry((&manifest.place, &manifest.name, manifest.month)).or_default().push(manifest);
    }
    let mut newest = Vec::new();
    for of_month in months.values_mut() {
        of_month.sort_by_key(|manifest| (manifest.folders().len(), manifest.key.as_str()));
        let mut best = of_month[0];
        for &other in &of_month[1..] {
            if best.same_version(other) {
                continue;
            }
            match newer(other, best) {
                Some(order) if order.is_gt() => best = other,
                Some(_) => {}
                None => {
                    return Err(PlanError::UnclearVersion { one: best.key.clone(), other: other.key.clone() });
                }
            }
        }
        newest.push(best);
    }
    Ok(newest)
}

impl Manifest {
    /// What the export is called: where it lies, which ends in its name in every layout of AWS's.
    fn export(&self) -> String {
        if self.place.ends_with(&self.name) { self.place.clone() } else { format!("{}/{}", self.place, self.name) }
    }

    /// Whether a file lies where this export's data lie.
    fn owns(&self, parts: &[&str]) -> bool {
        let (own, above) = (self.folders(), self.above());
        let Some((file, folders)) = parts.split_last() else { return false };
        if folders.len() < above || folders[..above] != own[..above] {
            return false;
        }
        let of_name = |text: &str| text.strip_prefix(&self.name).is_some_and(|rest| rest.starts_with(['-', '.']));
        match folders.get(above) {
            None => of_name(file),
            Some(&folder) => {
                own.len() > above
                    && (matches!(folder, "data" | "metadata" | STATUS) || is_date_range(folder) || folder == self.name)
            }
        }
    }
}

/// A folder that AWS puts beside Parquet reports for Athena; no data.
const STATUS: &str = "cost_and_usage_data_status";

/// The listed files, by file name.
struct Files<'a> {
    keys: Vec<&'a str>,
    by_name: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Files<'a> {
    fn new(keys: &[&'a str], manifests: &[Manifest]) -> Self {
        let own: BTreeSet<&str> = manifests.iter().map(|manifest| manifest.key.as_str()).collect();
        let keys: Vec<&str> = keys.iter().copied().filter(|key| !own.contains(key)).collect();
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for &key in &keys {
            by_name.entry(key.rsplit('/').next().unwrap_or(key)).or_default().push(key);
        }
        Self { keys, by_name }
    }

    /// The file that a manifest means: the one whose path ends like its key for the longest, then the one that lies nearest to
    /// the manifest. What a local copy may lack are folders above the export's own, or all of them around the manifest.
    fn find(&self, file: &NamedFile, manifest: &Manifest) -> Result<Option<&'a str>, PlanError> {
        let Some(name) = file.path.last() else { return Ok(None) };
        let own = manifest.folders();
        let ranked = self.by_name.get(name.as_str()).into_iter().flatten().filter_map(|&key| {
            let parts = split(key);
            let alike = parts.iter().rev().zip(file.path.iter().rev()).take_while(|(a, b)| **a == b.as_str()).count();
            let above = &parts[..parts.len() - alike];
            let whole = alike >= file.path.len() - file.above;
            let near = parts.iter().zip(&own).take_while(|(a, b)| a == b).count();
            (whole || own.starts_with(above)).then_some((alike, near, key))
        });
        let mut ranked: Vec<(usize, usize, &str)> = ranked.collect();
        ranked.sort_unstable();
        match ranked[..] {
            [] => Ok(None),
            [.., (alike, near, one), (most, nearest, other)] if (alike, near) == (most, nearest) => {
                Err(PlanError::UnclearPart {
                    part: file.uri.clone(),
                    manifest: manifest.key.clone(),
                    one: one.to_owned(),
                    other: other.to_owned(),
                })
            }
            [.., (_, _, key)] => Ok(Some(key)),
        }
    }
}

fn split(key: &str) -> Vec<&str> {
    key.split('/').filter(|part| !part.is_empty()).collect()
}

/// Files that no newest manifest names.
#[derive(Default)]
struct LeftOver {
    loose: Vec<BillPart>,
    stale: BTreeMap<String, Vec<String>>,
    older: BTreeMap<String, u64>,
}

impl LeftOver {
    fn sort_out(&mut self, key: &str, manifests: &[Manifest], files: &Files<'_>) {
        let parts = split(key);
        let file = parts.last().copied().unwrap_or_default();
        let Some(owner) = manifests.iter().find(|manifest| manifest.owns(&parts)) else {
            // A database's own manifest beside files without manifest is no bill.
            if !is_manifest_name(key) {
                self.loose.push(loose(key, &parts));
            }
            return;
        };
        let of_database = manifests.iter().any(|manifest| manifest.artifacts.iter().any(|name| name == file));
        let extension = file.rsplit('.').next().unwrap_or_default();
        if of_database || is_manifest_name(key) || parts.contains(&STATUS) || matches!(extension, "sql" | "yml") {
            return;
        }
        let names_it = |manifest: &Manifest| {
            let mut alike = manifest.files.iter().filter(|named| named.path.last().is_some_and(|name| name == file));
            alike.any(|named| files.find(named, manifest) == Ok(Some(key)))
        };
        match manifests.iter().find(|manifest| names_it(manifest)) {
            Some(older) => *self.older.entry(older.export()).or_default() += 1,
            None => self.stale.entry(owner.export()).or_default().push(key.to_owned()),
        }
    }

    fn notices(self) -> Vec<Notice> {
        let mut folders: BTreeMap<String, u64> = BTreeMap::new();
        for part in self.loose {
            *folders.entry(part.export).or_default() += 1;
        }
        let without = folders.into_iter().map(|(folder, files)| Notice::WithoutManifest { folder, files });
        let stale = self.stale.into_iter().map(|(export, files)| Notice::Stale {
            export,
            files: files.len() as u64,
            first: files.into_iter().next().unwrap_or_default(),
        });
        let older = self.older.into_iter().map(|(export, files)| Notice::OlderVersion { export, files });
        without.chain(stale).chain(older).collect()
    }
}

/// A file without manifest: its export is its folder, without the folders that only say when. Versions stay apart.
fn loose(key: &str, parts: &[&str]) -> BillPart {
    let folders = &parts[..parts.len().saturating_sub(1)];
    let kept = folders.iter().rposition(|folder| !is_time(folder)).map_or(0, |last| last + 1);
    let root = if key.starts_with('/') { "/" } else { "" };
    let export = format!("{root}{}", folders[..kept].join("/"));
    BillPart {
        export: if export.is_empty() { ".".to_owned() } else { export },
        key: key.to_owned(),
        month: month_of_path(folders),
        manifest: None,
    }
}

/// A partition, a year, a month, a day, a range of days.
fn is_time(folder: &str) -> bool {
    let digits = folder.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && folder.len() <= 10;
    folder.contains('=') || digits || is_date_range(folder)
}
