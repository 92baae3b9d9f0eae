//! What an export does to what lies there of its month: what it replaces, what stays beside it, and when it is refused.
//!
//! Partitions are by account, and accounts are often exported one by one. So an export replaces what it says itself, and what an earlier
//! export said stays where it is of other accounts. An export is *of* the accounts whose traffic it has; it may say something of more:
//! a hub decides for the VPCs of others, and an organisation's bill has all accounts. Where rows of others would be lost or the same bytes
//! would stand there twice, or where nobody can tell, nothing is written unless the whole month is asked for.

use super::manifest::{FileEntry, Manifest, Span};
use super::part::{UNKNOWN_ACCOUNT, account_of};
use super::rows::Digest;
use std::collections::BTreeSet;

/// What is there of a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The last export that came to its end.
    pub manifest: Option<Manifest>,
    /// One that did not.
    pub cut: Cut,
    /// Paths of files that have the form of natlens's own.
    pub files: Vec<String>,
}

/// An export that was cut off while it put files in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// There is none.
    #[default]
    None,
    /// This one.
    Known(Box<Manifest>),
    /// There is one, and its record is not understood: where it is, and why.
    Unclear(String),
}

/// Why a month is not written beside what is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Rows of an account would be lost because the export mentions it, or was made of the same flow logs.
    #[error(
        "{month} of {accounts}: rows of an earlier export would be lost, because this export says something of it too, or is of the same flow logs, and has no traffic of it"
    )]
    Mentioned {
        /// `YYYY-MM`.
        month: String,
        /// Whose rows, joined by commas.
        accounts: String,
    },
    /// Rows whose account nobody knows would be lost.
    #[error(
        "{month}: traffic or clients of no known account, from an export of other flow logs, would be lost: there is one place for such rows"
    )]
    NoAccount {
        /// `YYYY-MM`.
        month: String,
    },
    /// Traffic of no known account may be what lies there already.
    #[error(
        "{month}: this export has traffic of no known account, which may be the same bytes as the traffic of {accounts} that lies there"
    )]
    Twice {
        /// `YYYY-MM`.
        month: String,
        /// Whose rows, joined by commas.
        accounts: String,
    },
    /// Costs that do not add up would stand side by side.
    #[error("{month} of {accounts} lies there with costs that are {there}, and those of this export are {here}")]
    Costs {
        /// `YYYY-MM`.
        month: String,
        /// Whose rows, joined by commas.
        accounts: String,
        /// Basis and currency.
        there: String,
        /// Basis and currency.
        here: String,
    },
    /// An earlier export was cut off, and this one does not do all of it again.
    #[error(
        "an export of {month} was cut off, and this one does not have all of its accounts: {accounts} would stay part old, part new"
    )]
    CutOff {
        /// `YYYY-MM`.
        month: String,
        /// Whose rows, joined by commas.
        accounts: String,
    },
    /// An earlier export was cut off, and of what accounts is not known.
    #[error("an export of {month} was cut off, and what it was is not known: {record}")]
    Unclear {
        /// `YYYY-MM`.
        month: String,
        /// The record, and what is wrong with it.
        record: String,
    },
    /// What no manifest tells of.
    #[error("{path}: no manifest of {month} names this file, so what it holds is not known")]
    Unnamed {
        /// `YYYY-MM`.
        month: String,
        /// The first of them.
        path: String,
    },
}

impl Refused {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let first = match self {
            Self::Mentioned { .. } => "export these accounts together, from one bundle".to_owned(),
            Self::NoAccount { .. } => "export all of it together, with the inventory of its accounts".to_owned(),
            Self::Twice { .. } => "add the inventory that tells whose traffic it is".to_owned(),
            Self::Costs { .. } => "export both at the same --cost-basis and in one currency".to_owned(),
            Self::CutOff { accounts, month } => format!("export {month} of {accounts} again first"),
            Self::Unclear { .. } => "use the natlens that wrote it".to_owned(),
            Self::Unnamed { .. } => "move the file away".to_owned(),
        };
        format!("nothing was changed: {first}, or replace the month of all accounts that lie there by --replace")
    }
}

/// A file that is there, and what is known of its export.
struct Earlier<'a> {
    file: &'a FileEntry,
    period: Span,
    of: BTreeSet<&'a str>,
    /// Whether this export says all that its export said: of the same flow logs, or of the accounts that it was of.
    superseded: bool,
    cut_off: bool,
}

impl<'a> Earlier<'a> {
    fn account(&self) -> &'a str {
        &self.file.account_id
    }

    fn is_measured(&self) -> bool {
        self.file.rows > 0 && ["traffic/", "clients/"].iter().any(|table| self.file.path.starts_with(table))
    }
}

/// The manifest of an export beside what is there, with what stays and what goes; and what whoever exports has to know before. Without
/// `replace` it is refused where rows of others would be lost or doubled; with it, nothing of the month stays.
pub fn succeed(mut new: Manifest, found: &Found, replace: bool) -> Result<(Manifest, Vec<String>), Refused> {
    let earlier = earlier(&new, found);
    let own = new.accounts();
    let of = traffic_of(&new);
    let stays = |row: &&Earlier<'_>| !replace && !row.superseded && !own.contains(row.account());
    if !replace {
        refuse(&new, found, &earlier, &own, &of)?;
    }
    let kept: Vec<&Earlier<'_>> = earlier.iter().filter(|row| stays(row) && !row.cut_off).collect();
    let gone: Vec<&Earlier<'_>> = earlier.iter().filter(|row| !stays(row)).collect();
    let mut notes = Vec::new();
    let (month, period) = (&new.month, new.period());
    // Rows of no account are replaced by every export; that alone makes it none of the same.
    let is_same = |row: &&&Earlier<'_>| replace || row.superseded || row.account() != UNKNOWN_ACCOUNT;
    let is_longer = |span: &Span| span.start < period.start || span.end > period.end;
    let longer = gone.iter().filter(is_same).map(|row| row.period.clone()).filter(is_longer);
    let longer = longer.reduce(|a, b| Span { start: a.start.min(b.start), end: a.end.max(b.end) });
    if let Some(Span { start, end }) = &longer {
        notes.push(format!(
            "{month} was exported from {start} to {end} before, and is replaced by {} to {}",
            period.start, period.end
        ));
    }
    let lost = gone.iter().copied().filter(|row| row.is_measured() && !row.superseded && !of.contains(row.account()));
    let lost = lost.filter(|row| own.contains(row.account())).chain(dropped(&new, &earlier));
    let lost = joined(lost.map(Earlier::account));
    if !lost.is_empty() {
        notes.push(format!("{month} of {lost}: rows of an earlier export are replaced by whatever this one has"));
    }
    let inherited = match &found.cut {
        Cut::Known(cut) => cut.cleared.clone(),
        _ => Vec::new(),
    };
    let there = found.files.iter().filter_map(|path| account_of(path, month)).filter(|_| replace);
    let accounts_kept: BTreeSet<&str> = kept.iter().map(|row| row.account()).collect();
    let cleared = gone.iter().map(|row| row.account()).chain(there).chain(inherited.iter().map(String::as_str));
    let cleared: BTreeSet<String> =
        cleared.filter(|one| !own.contains(one) && !accounts_kept.contains(one)).map(str::to_owned).collect();
    if !cleared.is_empty() {
        let all = joined(cleared.iter().map(String::as_str));
        notes.push(format!("{month} of {all} lies there and is taken away: this export stands in its place"));
    }
    if !accounts_kept.is_empty() {
        notes.push(format!(
            "{month} of {} stays as it was exported before; the summary, prices and rows of no account are of this export alone",
            joined(accounts_kept.iter().copied())
        ));
    }
    let stay = |row: &&Earlier<'_>| FileEntry {
        period: Some(row.period.clone()),
        export_of: row.of.iter().map(|&account| account.to_owned()).collect(),
        ..row.file.clone()
    };
    let mut files: Vec<FileEntry> = kept.iter().map(stay).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    // Exported once more, it says the same.
    let again = found.manifest.as_ref().filter(|last| last.period() == period && last.accounts() == own);
    let replaced = longer.or_else(|| again.and_then(|last| last.replaced_period.clone()));
    new.replaced_period = replaced;
    new.kept = files;
    new.cleared = cleared.into_iter().collect();
    Ok((new, notes))
}

/// What was written before and is there.
fn earlier<'a>(new: &'a Manifest, found: &'a Found) -> Vec<Earlier<'a>> {
    let here = traffic_of(new);
    let there: BTreeSet<&String> = found.files.iter().collect();
    let is_there = |file: &&FileEntry| there.contains(&file.path);
    let mut all = Vec::new();
    let mut add = |manifest: &'a Manifest, cut_off: bool| {
        let same = logs(manifest).next().is_some() && logs(manifest).eq(logs(new));
        let of = traffic_of(manifest);
        let superseded = same || (!of.is_empty() && of.is_subset(&here));
        let row = |file| Earlier { file, period: manifest.period(), of: of.clone(), superseded, cut_off };
        all.extend(manifest.files().filter(is_there).map(row));
        let row = |file: &'a FileEntry| {
            let of: BTreeSet<&str> = file.export_of.iter().map(String::as_str).collect();
            let superseded = !of.is_empty() && of.is_subset(&here);
            let period = file.period.clone().unwrap_or_else(|| manifest.period());
            Earlier { file, period, of, superseded, cut_off: false }
        };
        // What stays beside one that was cut off is in the manifest too.
        all.extend(manifest.kept.iter().filter(|_| !cut_off).filter(is_there).map(row));
    };
    if let Some(manifest) = &found.manifest {
        add(manifest, false);
    }
    if let Cut::Known(cut) = &found.cut {
        add(cut, true);
    }
    all
}

fn refuse(
    new: &Manifest,
    found: &Found,
    earlier: &[Earlier<'_>],
    own: &BTreeSet<&str>,
    of: &BTreeSet<&str>,
) -> Result<(), Refused> {
    let month = || new.month.clone();
    if let Cut::Unclear(record) = &found.cut {
        return Err(Refused::Unclear { month: month(), record: record.clone() });
    }
    let stays = |row: &&Earlier<'_>| !row.superseded && !own.contains(row.account());
    let kept: BTreeSet<&str> = earlier.iter().filter(stays).map(Earlier::account).collect();
    let cut = earlier.iter().filter(|row| row.cut_off && kept.contains(row.account())).map(Earlier::account);
    let cut = joined(cut);
    if !cut.is_empty() {
        return Err(Refused::CutOff { month: month(), accounts: cut });
    }
    let record = match &found.cut {
        Cut::Known(cut) => Some(cut.as_ref()),
        _ => None,
    };
    let known = || found.manifest.iter().chain(record);
    let is_own = |path: &str| {
        let account = account_of(path, &new.month).unwrap_or_default();
        let is_cleared = || record.is_some_and(|cut| cut.cleared.iter().any(|one| one == account));
        known().next().is_some() && (own.contains(account) || is_cleared())
    };
    let named: BTreeSet<&String> = known().flat_map(Manifest::all_files).map(|file| &file.path).collect();
    if let Some(path) = found.files.iter().find(|path| !named.contains(path) && !is_own(path)) {
        return Err(Refused::Unnamed { month: month(), path: path.clone() });
    }
    let replaced = || earlier.iter().filter(|row| !row.superseded && row.is_measured() && own.contains(row.account()));
    // An account's own rows by its own: what both exports are of.
    let is_own = |row: &&Earlier<'_>| of.contains(row.account()) && row.of.contains(row.account());
    let mentioned = replaced().filter(|row| row.account() != UNKNOWN_ACCOUNT && !is_own(row));
    let mentioned = joined(mentioned.chain(dropped(new, earlier)).map(Earlier::account));
    if !mentioned.is_empty() {
        return Err(Refused::Mentioned { month: month(), accounts: mentioned });
    }
    // The same flow logs may be exported by one account's inventory, then by another's.
    let nobodys = new.files().any(|file| is_traffic(file) && file.account_id == UNKNOWN_ACCOUNT);
    let is_gone = |row: &&Earlier<'_>| {
        let is_anothers = row.account() != UNKNOWN_ACCOUNT && !own.contains(row.account());
        row.superseded && row.is_measured() && is_anothers && !row.of.is_subset(of)
    };
    let vanished = joined(earlier.iter().filter(is_gone).map(Earlier::account));
    if !nobodys && !vanished.is_empty() {
        return Err(Refused::Mentioned { month: month(), accounts: vanished });
    }
    if replaced().any(|row| row.account() == UNKNOWN_ACCOUNT) {
        return Err(Refused::NoAccount { month: month() });
    }
    let measured = joined(earlier.iter().filter(stays).filter(|row| row.is_measured()).map(Earlier::account));
    let is_same = found.manifest.as_ref().is_some_and(|last| logs(last).next().is_some() && logs(last).eq(logs(new)));
    if !measured.is_empty() && !is_same && nobodys {
        return Err(Refused::Twice { month: month(), accounts: measured });
    }
    let costs = |manifest: &Manifest| format!("{}, {}", manifest.cost_basis, manifest.currency);
    match found.manifest.as_ref().map(costs).filter(|there| !kept.is_empty() && *there != costs(new)) {
        Some(there) => {
            Err(Refused::Costs { month: month(), accounts: joined(kept.into_iter()), there, here: costs(new) })
        }
        None => Ok(()),
    }
}

/// Rows of accounts that this export only mentions, and has nothing to put in their place: an idle gateway's dollars, say.
fn dropped<'e>(new: &Manifest, earlier: &'e [Earlier<'e>]) -> impl Iterator<Item = &'e Earlier<'e>> {
    let own: BTreeSet<String> = new.accounts().into_iter().map(str::to_owned).collect();
    let of: BTreeSet<String> = traffic_of(new).into_iter().map(str::to_owned).collect();
    let restated: BTreeSet<String> = new.files().filter(|file| file.rows > 0).map(|file| file.path.clone()).collect();
    earlier.iter().filter(move |row| {
        let account = row.account();
        let is_mentioned = account != UNKNOWN_ACCOUNT && own.contains(account) && !of.contains(account);
        is_mentioned && !row.superseded && row.file.rows > 0 && !restated.contains(&row.file.path)
    })
}

fn is_traffic(file: &FileEntry) -> bool {
    file.rows > 0 && file.path.starts_with("traffic/")
}

/// The accounts that an export is of.
fn traffic_of(manifest: &Manifest) -> BTreeSet<&str> {
    let accounts = manifest.files().filter(|file| is_traffic(file)).map(|file| file.account_id.as_str());
    accounts.filter(|account| *account != UNKNOWN_ACCOUNT).collect()
}

/// What the traffic was read from.
fn logs(manifest: &Manifest) -> impl Iterator<Item = &Digest> {
    manifest.inputs.iter().filter(|digest| ["flow-logs", "rollup"].contains(&digest.kind.as_str()))
}

fn joined<'a>(accounts: impl Iterator<Item = &'a str>) -> String {
    accounts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
