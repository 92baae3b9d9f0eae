//! Reads Resolver query logs against the requests of counted rows: objects in parallel, what some request can use into sorted
//! entries, then both walked together. Nothing depends on the order of objects, on threads or on the memory that is allowed.

use super::inputs::{Given, InputError, list_inputs};
use super::parallel::{ahead, in_order};
use super::read::FILTER_LOG_EVENTS;
use crate::diag::{Code, Warnings};
use crate::name::asked::{
    Agree, Answers, Counts, Entries, Fold, Join, Key, PrivateAnswer, PrivateAnswers, PrivateKey, Requests,
};
use crate::report::InputRow;
use crate::sources::dns::{DnsOutcome, DnsReadError, read_bytes};
use crate::sources::objects::Object;
use crate::sources::pages::{Home, Pages};
use crate::sources::spill::Sorter;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use crate::name::asked::DEFAULT_LOOK_BACK;

/// The kind of this input in the report.
pub const DNS: &str = "dns";

/// Bytes that entries may take in memory before they go to temporary files.
pub const DEFAULT_MEMORY: usize = 256 << 20;

/// Private answers that are kept: an account has hundreds.
const MAX_PRIVATE: usize = 100_000;

/// What reading needs to know.
#[derive(Clone, Copy)]
pub struct DnsPlan<'a> {
    /// What has to be known.
    pub requests: &'a Requests,
    /// Whether a name is a public service's, so that a private answer to it means an endpoint.
    pub is_public: &'a (dyn Fn(&str) -> bool + Sync),
    /// Bytes for entries in memory; see [`DEFAULT_MEMORY`].
    pub memory: usize,
    /// Number of worker threads, at least 1.
    pub threads: usize,
}

impl std::fmt::Debug for DnsPlan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsPlan").field("memory", &self.memory).field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Why there are no answers.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// The input itself.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The folder for temporary files.
    #[error("a temporary file for Resolver queries: {0}")]
    Temporary(#[source] io::Error),
}

impl DnsError {
    /// What the user can do about it, if anything.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Input(_) => None,
            Self::Temporary(_) => Some("make room in the folder for temporary files, or name another in TMPDIR"),
        }
    }
}

/// What Resolver logs hold for the requests.
#[derive(Debug)]
pub struct DnsLog<'a> {
    requests: &'a Requests,
    entries: Spilling,
    logged: BTreeSet<u32>,
    /// Records by what became of them; those of objects with equal content once.
    pub counts: Counts,
}

/// Everything that Resolver logs say.
#[derive(Debug)]
pub struct DnsAnswers<K> {
    /// By row, in the order of the requests.
    pub answers: Answers<K>,
    /// VPCs of the requests whose queries are in the logs.
    pub logged: BTreeSet<String>,
    /// Names of public services that led to private addresses.
    pub private: Vec<PrivateAnswer>,
    /// Private answers that did not fit.
    pub private_left_out: u64,
}

/// Lists and reads the objects. `on_object` hears the stored size of each as it is done.
pub fn read_dns<'a>(
    given: &Given<'_>,
    plan: &DnsPlan<'a>,
    rows: &mut Vec<InputRow>,
    warnings: &mut Warnings,
    on_object: &mut dyn FnMut(u64),
) -> Result<DnsLog<'a>, DnsError> {
    let mut objects = list_inputs(DNS, given, rows, warnings)?.objects;
    // Large ones first, so that no thread is left alone with one at the end.
    objects.sort_by(|a, b| (b.size, &a.key).cmp(&(a.size, &b.key)));
    let each = plan.memory / 2 / (ahead(plan.threads) + 1);
    let soon = |at: usize| objects[at].announce();
    let work = |at: usize, _: &_| {
        let mut fold = Fold::new(plan.requests, plan.is_public, Spilling::new(each));
        let read = AssertUnwindSafe(|| read_bytes(&objects[at], &mut fold));
        let outcome = catch_unwind(read).unwrap_or_else(|_| {
            let why = "reading it failed; this is a defect of natlens".to_owned();
            Err(DnsReadError::BrokenOff { part: "the object", why })
        });
        outcome.map(|outcome| (outcome, fold))
    };
    let entries = Spilling::new(plan.memory / 2);
    let log = DnsLog { requests: plan.requests, entries, logged: BTreeSet::new(), counts: Counts::default() };
    let mut merge = Merge { log, unreadable: 0, seen: BTreeSet::new(), pages: Pages::default(), warnings };
    in_order(objects.len(), plan.threads, soon, work, |at, result| {
        merge.object(&objects[at], result);
        on_object(objects[at].size);
    });
    for (file, what) in merge.pages.unfinished(|_| Home::default()) {
        merge.warnings.add(Code::MissingPages, format!("{file}: `{what}` goes on at a page that is not there"));
    }
    if let Some(row) = rows.iter_mut().find(|row| row.kind == DNS) {
        row.unreadable += merge.unreadable;
    }
    Ok(merge.log)
}

impl DnsLog<'_> {
    /// Answers every request. `meaning` says what a name means.
    pub fn answer<K: Agree + Clone + Eq + Hash>(
        self,
        meaning: impl FnMut(&str) -> K,
    ) -> Result<DnsAnswers<K>, DnsError> {
        self.walk(meaning).map_err(DnsError::Temporary)
    }

    fn walk<K: Agree + Clone + Eq + Hash>(self, meaning: impl FnMut(&str) -> K) -> io::Result<DnsAnswers<K>> {
        let mut join = Join::new(self.requests, meaning);
        let mut asked = self.entries.asked.finish()?;
        while let Some((key, name)) = asked.next()? {
            join.entry(key, name);
        }
        let mut private = PrivateAnswers::new(self.requests, MAX_PRIVATE);
        let mut entries = self.entries.private.finish()?;
        while let Some((key, name)) = entries.next()? {
            private.entry(key, name);
        }
        let (private, private_left_out) = private.finish();
        let logged = self.logged.iter().map(|vpc| self.requests.vpc_id(*vpc).to_owned()).collect();
        Ok(DnsAnswers { answers: join.finish(), logged, private, private_left_out })
    }
}

/// Entries in memory and, past a limit, in temporary files.
#[derive(Debug)]
struct Spilling {
    asked: Sorter<{ size_of::<Key>() / size_of::<u32>() }>,
    private: Sorter<{ size_of::<PrivateKey>() / size_of::<u32>() }>,
}

impl Spilling {
    fn new(memory: usize) -> Self {
        let private = memory / 8;
        Self { asked: Sorter::new(memory - private), private: Sorter::new(private) }
    }
}

impl Entries for Spilling {
    fn asked(&mut self, key: Key, name: &str) {
        self.asked.add(key, name);
    }

    fn private(&mut self, key: PrivateKey, name: &str) {
        self.private.add(key, name);
    }
}

struct Merge<'a, 'w> {
    log: DnsLog<'a>,
    unreadable: u64,
    seen: BTreeSet<(u128, u64)>,
    pages: Pages,
    warnings: &'w mut Warnings,
}

impl Merge<'_, '_> {
    fn object(&mut self, object: &Object, result: Result<(DnsOutcome, Fold<'_, Spilling>), DnsReadError>) {
        let key = &object.key;
        let (outcome, fold) = match result {
            Ok(read) => read,
            Err(error) => {
                self.unreadable += 1;
                let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                return self.warnings.add(Code::UnreadableDnsObject, format!("{key}: {error}{hint}"));
            }
        };
        self.pages.add_object(FILTER_LOG_EVENTS, key, outcome.pages);
        // Its entries would change nothing, only the counts.
        if outcome.records > 0 && !self.seen.insert((outcome.content_hash, outcome.inflated_bytes)) {
            return self.warnings.add(Code::DuplicateObject, key.clone());
        }
        let mut left = fold.counts.malformed;
        for (line, why) in &fold.malformed_samples {
            self.warnings.add(Code::MalformedDnsRecord, format!("{key}:{line}: {why}"));
            left -= 1;
        }
        self.warnings.add_counted(Code::MalformedDnsRecord, left, key.clone());
        self.log.counts.add(&fold.counts);
        self.log.logged.extend(fold.logged);
        self.log.entries.asked.absorb(fold.entries.asked);
        self.log.entries.private.absorb(fold.entries.private);
    }
}

#[cfg(test)]
mod tests;
