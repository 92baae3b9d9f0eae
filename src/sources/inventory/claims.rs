//! Things that are described more than once, and differently: snapshots of different times, or of nobody knows which.

use std::collections::{BTreeMap, BTreeSet};

/// What numbers rest on, as the descriptions of each thing tell it.
#[derive(Debug, Default)]
pub(super) struct Claims(BTreeMap<String, Vec<Claim>>);

/// One version of a thing.
#[derive(Debug)]
struct Claim {
    /// The first file by name that says so.
    file: String,
    /// What of the thing, and its value; what is not said is not in it.
    says: Vec<(&'static str, String)>,
}

impl Claims {
    pub(super) fn add<const N: usize>(&mut self, id: &str, file: &str, says: [(&'static str, Option<String>); N]) {
        let says = says.into_iter().filter_map(|(what, value)| Some((what, value?))).collect();
        self.version(id.to_owned(), Claim { file: file.to_owned(), says });
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (id, claims) in other.0 {
            for claim in claims {
                self.version(id.clone(), claim);
            }
        }
    }

    fn version(&mut self, id: String, claim: Claim) {
        let versions = self.0.entry(id).or_default();
        match versions.iter_mut().find(|known| known.says == claim.says) {
            Some(known) if known.file <= claim.file => {}
            Some(known) => known.file = claim.file,
            None => versions.push(claim),
        }
    }

    /// What the descriptions of a thing disagree on, and the files: sorted by id, each once.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (id, versions) in self.0.iter().filter(|(_, versions)| versions.len() > 1) {
            let mut by_what: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
            for claim in versions {
                for (what, value) in &claim.says {
                    let (values, files) = by_what.entry(what).or_default();
                    values.insert(value);
                    files.insert(&claim.file);
                }
            }
            for (what, (_, files)) in by_what.into_iter().filter(|(_, (values, _))| values.len() > 1) {
                let files: Vec<&str> = files.into_iter().collect();
                found.push(format!("{id}: its {what} differs in {}", files.join(" and ")));
            }
        }
        found
    }
}
