//! The roll-up by Amazon Athena: the small tables go to the user's own address, each under the hash of its content; then one UNLOAD
//! beside them, whose files are held against Athena's own list of them. What comes out is read like any roll-up (`--rollup`).
//!
//! Everything has a name by its content: asked again for the same flow logs, inventory and time, nothing is read twice.

mod ddl;
mod manifest;

pub use ddl::{Column, ColumnKind};

use crate::aws::AwsError;
use crate::aws::athena::{Athena, Done, Limits, Undone};
use crate::model::bytes::Bytes;
use crate::model::sha256::sha256;
use crate::sources::objects::StoreError;
use crate::target::{Over, Target};
use serde::{Deserialize, Serialize};

/// A small table that the statement joins.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its name in the statement.
    pub name: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// It, as a Parquet file.
    pub file: Vec<u8>,
}

/// What is to be asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The roll-up, one SELECT without `;`. It names the run, so that nothing is in it that may change while the answer stays the same.
    pub sql: String,
    /// The tables that it joins.
    pub references: Vec<Reference>,
    /// What tells these flow logs from any others: their keys, sizes and tags.
    pub flow_logs: String,
    /// What it will read, as far as that can be told before.
    pub scan: Scan,
}

/// What a statement has to read, by the listing of the flow logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// About all of it, the small tables included.
    pub estimate: Bytes,
    /// Of text, which is read whole: just what the objects of the asked time have. Of other times tables may see more or less.
    pub text: Bytes,
    /// Of Parquet of that time, about what is read for the columns that are needed.
    pub columns: Bytes,
    /// What it cannot exceed, objects of all times included where no condition leaves them out.
    pub most: Bytes,
}

/// What was read beside what had to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// As listed.
    AsListed,
    /// A little less: some objects were not seen.
    Less,
    /// So much less that the tables are not of these flow logs, or that partitions are missing.
    FarLess,
    /// More than there is.
    More,
}

impl Scan {
    /// Text is known to the byte, so that two objects in a thousand are missed; whether Athena counts what it reads twice of Parquet is not
    /// known, so that half of it passes.
    #[must_use]
    pub fn judge(&self, scanned: u64) -> Reading {
        const SMALL_TABLES: u64 = 16 << 20;
        let part = |bytes: Bytes, thousandths: u64| u128::from(bytes.get()) * u128::from(thousandths) / 1000;
        let scanned = u128::from(scanned);
        if scanned < part(self.text, 500) + part(self.columns, 250) {
            Reading::FarLess
        } else if scanned < part(self.text, 999) + part(self.columns, 500) {
            Reading::Less
        } else if scanned > part(self.most, 1010) + u128::from(SMALL_TABLES) {
            Reading::More
        } else {
            Reading::AsListed
        }
    }

    /// The bytes against which that is held.
    #[must_use]
    pub const fn listed(&self, reading: Reading) -> Bytes {
        match reading {
            Reading::More => self.most,
            Reading::AsListed | Reading::Less | Reading::FarLess => {
                Bytes::new(self.text.get().saturating_add(self.columns.get()))
            }
        }
    }
}

/// What Athena gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The folder of the result below the user's address, `runs/…/1/`.
    pub folder: String,
    /// Its files.
    pub files: Vec<String>,
    /// Bytes that were read for it.
    pub scanned: u64,
    /// Id of the statement in Athena.
    pub statement: String,
    /// Milliseconds that it took.
    pub millis: u64,
    /// What that was beside what was listed then: later the listing may have grown.
    pub reading: Reading,
    /// The bytes that were listed.
    pub listed: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AthenaError {
    /// It would read more than the user allows.
    #[error("Athena would read about {0} bytes, more than --max-scan-gb allows")]
    OverScan(Bytes),
    /// It would read more than the workgroup allows.
    #[error("Athena would read about {0} bytes, and the workgroup ends what reads more than {1}")]
    OverCutoff(Bytes, Bytes),
    /// An engine that knows less.
    #[error("the workgroup runs {0}; the roll-up is for Athena engine version 3")]
    Engine(String),
    /// A statement.
    #[error(transparent)]
    Undone(#[from] Undone),
    /// Athena or the network.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The user's address.
    #[error(transparent)]
    Work(#[from] StoreError),
    /// Far less was read than there is.
    #[error("Athena read {scanned} of about {listed} bytes that are listed; the result is in {folder}")]
    FarLess {
        /// What it read.
        scanned: Bytes,
        /// What had to be read.
        listed: Bytes,
        /// Where the result is.
        folder: String,
    },
    /// The list of files and the files are not the same.
    #[error("{folder}: {why}")]
    NotWhole {
        /// Of the result.
        folder: String,
        /// What is wrong.
        why: String,
    },
}

impl AthenaError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::OverScan(_) => "allow more by --max-scan-gb, or ask for less time by --from and --to",
            Self::OverCutoff(..) => "use another workgroup by --workgroup, or ask for less time by --from and --to",
            Self::Engine(_) => "choose version 3 in the workgroup's settings, or another workgroup by --workgroup",
            Self::FarLess { .. } => {
                "the tables see other folders, or fewer accounts, Regions or days (--partitions, projection) than the listing: declare \
                 them again by `natlens export --ddl`; if the rest is not wanted, `natlens report --rollup` takes the result as it is"
            }
            Self::NotWhole { .. } | Self::Undone(Undone::Interrupted(_)) => {
                "run the same command again: it starts anew"
            }
            Self::Undone(Undone::Failed { .. } | Undone::Cancelled { .. }) => {
                "look at the statement in Athena's console; tables of flow logs come from `natlens export --ddl`"
            }
            Self::Undone(Undone::Aws(error)) | Self::Aws(error) => return error.hint.clone(),
            Self::Work(error) => return error.hint.clone(),
        };
        Some(fixed.to_owned())
    }
}

/// What is going on, for whoever waits.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// What the statement will read, about.
    Estimated(Bytes),
    /// The same was asked before; its answer is still there.
    Kept(&'a Answer),
    /// The workgroup writes its lists into a place of its own.
    Elsewhere(&'a str),
    /// A statement begins.
    Starts(&'a str),
}

/// Who runs statements: Athena, or what stands in for it in tests.
pub trait Engine {
    /// What is allowed.
    fn limits(&self) -> Result<Limits, AwsError>;
    /// Runs a statement to its end; see [`Athena::run`].
    fn run(&self, statement: &dyn Fn(u32) -> String) -> Result<Done, Undone>;
}

impl Engine for Athena {
    fn limits(&self) -> Result<Limits, AwsError> {
        Self::limits(self)
    }

    fn run(&self, statement: &dyn Fn(u32) -> String) -> Result<Done, Undone> {
        Self::run(self, statement)
    }
}

/// Where all this is kept.
#[derive(Debug)]
pub struct Work<'a> {
    /// The user's address.
    pub target: &'a dyn Target,
    /// The same as Athena writes it, `s3://bucket/prefix/`.
    pub address: String,
    /// A name that no other run has.
    pub unique: String,
    /// Reads Athena's own list of files, which may be elsewhere.
    pub read: &'a dyn ReadAddress,
}

/// Reads an object by its address.
pub trait ReadAddress: std::fmt::Debug {
    /// All of it.
    fn read(&self, address: &str) -> Result<Vec<u8>, StoreError>;
}

/// What the user allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Most bytes that a statement may read.
    pub most: Option<Bytes>,
    /// Whether an answer that is there does not do.
    pub refresh: bool,
}

/// The answer to a question: one that is there already, or what Athena says.
pub fn ask(
    question: &Question,
    engine: &dyn Engine,
    work: &Work<'_>,
    terms: Terms,
    on_event: &dyn Fn(Event<'_>),
) -> Result<Answer, AthenaError> {
    let (sql, tables) = ddl::with_content_names(&question.sql, &question.references);
    let run = run_of(&sql, &question.flow_logs);
    if let Some(kept) = kept(work, &run)?.filter(|_| !terms.refresh) {
        on_event(Event::Kept(&kept));
        return Ok(kept);
    }
    let estimate = question.scan.estimate;
    on_event(Event::Estimated(estimate));
    let limits = engine.limits()?;
    within(estimate, terms.most, &limits)?;
    if let Some(output) = limits.output.as_deref().filter(|output| !output.starts_with(&work.address)) {
        on_event(Event::Elsewhere(output));
    }
    for (table, reference) in tables.iter().zip(&question.references) {
        let file = format!("{}part-00000.parquet", table.folder);
        // The name is the hash: whoever was first wrote the same.
        work.target.put(&file, reference.file.clone(), Over::Keep)?;
        on_event(Event::Starts(&table.name));
        let statement = table.statement(&work.address);
        engine.run(&|_| statement.clone())?;
    }
    on_event(Event::Starts("the roll-up"));
    // UNLOAD refuses a folder with files, and takes none away when it fails: each attempt has its own.
    let folder = |attempt: u32| format!("runs/{run}/{}-{attempt}/", work.unique);
    let tried = std::cell::Cell::new(1);
    let unload = |attempt: u32| {
        tried.set(attempt);
        ddl::unload(&sql, &format!("{}{}", work.address, folder(attempt)))
    };
    let done = engine.run(&unload)?;
    let folder = folder(tried.get());
    let files = whole(work, &folder, done.manifest.as_deref())?;
    let Done { id: statement, scanned, millis, .. } = done;
    let reading = question.scan.judge(scanned);
    let listed = question.scan.listed(reading);
    if reading == Reading::FarLess {
        // No answer to keep: the same command has to ask again once the tables are right.
        let folder = format!("{}{folder}", work.address);
        return Err(AthenaError::FarLess { scanned: Bytes::new(scanned), listed, folder });
    }
    let answer = Answer { folder, files, scanned, statement, millis, reading, listed: listed.get() };
    let text = serde_json::to_vec_pretty(&answer).expect("texts and numbers are JSON");
    work.target.put(&marker(&run), text, Over::Replace)?;
    Ok(answer)
}

/// Whether so much may be read.
fn within(estimate: Bytes, most: Option<Bytes>, limits: &Limits) -> Result<(), AthenaError> {
    if most.is_some_and(|most| estimate > most) {
        return Err(AthenaError::OverScan(estimate));
    }
    if let Some(cutoff) = limits.scan_cutoff.map(Bytes::new).filter(|cutoff| estimate > *cutoff) {
        return Err(AthenaError::OverCutoff(estimate, cutoff));
    }
    match &limits.engine {
        Some(engine) if engine.ends_with('2') || engine.ends_with('1') => Err(AthenaError::Engine(engine.clone())),
        _ => Ok(()),
    }
}

/// What names a run: a statement and what it reads.
fn run_of(sql: &str, flow_logs: &str) -> String {
    sha256(&[sql.as_bytes(), b"\0", flow_logs.as_bytes()].concat())
}

fn marker(run: &str) -> String {
    format!("runs/{run}/answer.json")
}

/// An answer that is there, with all of its files.
fn kept(work: &Work<'_>, run: &str) -> Result<Option<Answer>, AthenaError> {
    let Some(text) = work.target.read(&marker(run))? else { return Ok(None) };
    let Ok(answer) = serde_json::from_slice::<Answer>(&text) else { return Ok(None) };
    let there = work.target.names(&answer.folder)?;
    Ok((there == answer.files && !there.is_empty()).then_some(answer))
}

/// The files of a result, which are those of Athena's list, no more and no less.
fn whole(work: &Work<'_>, folder: &str, list: Option<&str>) -> Result<Vec<String>, AthenaError> {
    let not_whole = |why: String| AthenaError::NotWhole { folder: format!("{}{folder}", work.address), why };
    let list = list.ok_or_else(|| not_whole("Athena gave no list of its files".to_owned()))?;
    let listed = manifest::names(&work.read.read(list)?, &work.address).map_err(&not_whole)?;
    let there = work.target.names(folder)?;
    if let Some(missing) = listed.iter().find(|name| !there.contains(name)) {
        return Err(not_whole(format!("{missing} is in Athena's list and not there")));
    }
    match there.iter().find(|name| !listed.contains(name)) {
        Some(more) => Err(not_whole(format!("{more} is there and not in Athena's list"))),
        None if there.is_empty() => Err(not_whole("no file was written".to_owned())),
        None => Ok(there),
    }
}

#[cfg(test)]
mod tests;
