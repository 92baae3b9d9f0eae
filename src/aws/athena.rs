//! Amazon Athena: a statement is started once, waited for, and stopped if nobody wants it any more.
//!
//! Source: AWS, Athena API reference, `StartQueryExecution`, `GetQueryExecution`, `StopQueryExecution`, `GetWorkGroup`.

use super::http::LATER;
use super::sdk::{retries, timeouts, told};
use super::session::{Session, wait};
use super::{AwsError, Call, Trouble};
use crate::cancel::Cancel;
use aws_sdk_athena::Client;
use aws_sdk_athena::types::{
    AthenaError, QueryExecution, QueryExecutionContext, QueryExecutionState, QueryExecutionStatistics,
    ResultConfiguration,
};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Starts a statement.
pub const START: Call = Call { action: "athena:StartQueryExecution", purpose: "the roll-up of flow logs by Athena" };
/// How far it is, and what it read.
pub const GET: Call = Call { action: "athena:GetQueryExecution", purpose: "how far the roll-up is" };
/// Ends one that nobody wants any more.
pub const STOP: Call = Call { action: "athena:StopQueryExecution", purpose: "ending a roll-up that was interrupted" };
/// Which engine a workgroup runs, and how much it lets a statement read.
pub const WORKGROUP: Call = Call { action: "athena:GetWorkGroup", purpose: "the limits of the workgroup" };

/// The wait before the first question how far a statement is, and the longest. `GetQueryExecution` may be called 100 times a second
/// in an account (<https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>).
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);
/// How soon a wish to end is seen.
const SLICE: Duration = Duration::from_millis(100);
/// Times that a statement is started which Athena says may be tried again.
const ATTEMPTS: u32 = 3;

/// Every call of this module.
pub fn calls() -> impl Iterator<Item = Call> {
    [START, GET, STOP, WORKGROUP].into_iter()
}

/// Where statements run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The workgroup.
    pub workgroup: String,
    /// The database of names without one.
    pub database: String,
    /// Where Athena puts what it says about a statement, `s3://bucket/prefix/`; a workgroup may insist on its own place.
    pub output: String,
}

/// What a workgroup allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after which it ends a statement.
    pub scan_cutoff: Option<u64>,
    /// Its engine, `Athena engine version 3`.
    pub engine: Option<String>,
    /// Where it writes what it says about statements, if it insists on a place of its own.
    pub output: Option<String>,
}

/// A statement that is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Its id in Athena.
    pub id: String,
    /// Bytes that it read, which is what it costs.
    pub scanned: u64,
    /// Milliseconds that it took, waiting in line included.
    pub millis: u64,
    /// Where the list of files is that it wrote.
    pub manifest: Option<String>,
}

/// Why a statement is not done.
#[derive(Debug, thiserror::Error)]
pub enum Undone {
    /// Athena or the network refused.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It failed in Athena.
    #[error("{id}: {why}")]
    Failed {
        /// Its id.
        id: String,
        /// What Athena says.
        why: String,
    },
    /// Somebody else ended it, or the limit of the workgroup did.
    #[error("{id} was cancelled: {why}")]
    Cancelled {
        /// Its id.
        id: String,
        /// What Athena says.
        why: String,
    },
    /// The user wants to end.
    #[error("interrupted; {0} was stopped")]
    Interrupted(String),
}

/// Athena in one Region.
#[derive(Debug)]
pub struct Athena {
    client: Client,
    session: Session,
    place: Place,
    cancel: Cancel,
}

impl Athena {
    /// With the session's credentials and Region. Asks for nothing yet.
    #[must_use]
    pub fn new(session: Session, place: Place, cancel: Cancel) -> Self {
        let config = aws_sdk_athena::config::Builder::from(session.config());
        let client = Client::from_conf(config.retry_config(retries()).timeout_config(timeouts()).build());
        Self { client, session, place, cancel }
    }

    /// What the workgroup allows.
    pub fn limits(&self) -> Result<Limits, AwsError> {
        let asked = self.client.get_work_group().work_group(&self.place.workgroup).send();
        let answer = match wait(asked) {
            Ok(answer) => answer,
            Err(error) => return Err(self.told(&error, WORKGROUP)),
        };
        let Some(configuration) = answer.work_group().and_then(|group| group.configuration()) else {
            return Ok(Limits::default());
        };
        let insists = configuration.enforce_work_group_configuration() == Some(true);
        let output = configuration.result_configuration().and_then(|result| result.output_location());
        Ok(Limits {
            output: output.filter(|_| insists).map(str::to_owned),
            scan_cutoff: configuration.bytes_scanned_cutoff_per_query().and_then(|bytes| u64::try_from(bytes).ok()),
            engine: configuration
                .engine_version()
                .and_then(|version| version.effective_engine_version().or(version.selected_engine_version()))
                .map(str::to_owned),
        })
    }

    /// Runs a statement to its end. What Athena says may be tried again is, as what `statement` gives for attempts from 1: one that
    /// writes has to write elsewhere, because what was written before it failed stays.
    pub fn run(&self, statement: &dyn Fn(u32) -> String) -> Result<Done, Undone> {
        // While a statement runs, an interruption has to stop it.
        let _minded = self.cancel.mind();
        let mut attempt = 1;
        loop {
            match wait(self.once(&statement(attempt))) {
                Once::Again if attempt < ATTEMPTS => attempt += 1,
                Once::Again => return Err(self.gave_up().into()),
                Once::Done(done) => return Ok(done),
                Once::Undone(why) => return Err(why),
            }
        }
    }

    async fn once(&self, sql: &str) -> Once {
        // The SDK repeats a request whose answer was lost with this same token, and Athena starts nothing twice.
        let random = RandomState::new();
        let token = format!("natlens-{:016x}{:016x}", random.hash_one(0u8), random.hash_one(sql));
        let context = QueryExecutionContext::builder().database(&self.place.database).build();
        let output = ResultConfiguration::builder().output_location(&self.place.output).build();
        let started = self.client.start_query_execution();
        let started = started.query_string(sql).client_request_token(token).work_group(&self.place.workgroup);
        let id = match started.query_execution_context(context).result_configuration(output).send().await {
            Ok(answer) => answer.query_execution_id().unwrap_or_default().to_owned(),
            Err(error) => return Once::Undone(told(&error, START, &self.at(), &self.session).await.into()),
        };
        let mut pause = FIRST;
        loop {
            if !self.pass(pause).await {
                self.stop(&id).await;
                return Once::Undone(Undone::Interrupted(id));
            }
            pause = (pause * 2).min(LONGEST);
            let execution = match self.client.get_query_execution().query_execution_id(&id).send().await {
                Ok(answer) => answer.query_execution,
                Err(error) => {
                    let why = told(&error, GET, &self.at(), &self.session).await;
                    // Nobody would see its end.
                    self.stop(&id).await;
                    return Once::Undone(why.into());
                }
            };
            if let Some(end) = execution.and_then(|execution| ended(&id, &execution)) {
                return end;
            }
        }
    }

    /// Waits, unless the user wants to end: then `false`.
    async fn pass(&self, pause: Duration) -> bool {
        // Many runs that began together do not go on asking together.
        let spread = RandomState::new().hash_one(0u8) % 1000;
        let mut left = pause / 2 + (pause / 2000) * u32::try_from(spread).unwrap_or_default();
        while !self.cancel.is_asked() {
            if left.is_zero() {
                return true;
            }
            let slice = left.min(SLICE);
            tokio::time::sleep(slice).await;
            left -= slice;
        }
        false
    }

    /// It costs until it is stopped; that this failed helps nobody.
    async fn stop(&self, id: &str) {
        let _ = self.client.stop_query_execution().query_execution_id(id).send().await;
    }

    fn at(&self) -> String {
        format!("workgroup {}", self.place.workgroup)
    }

    fn told<E>(
        &self,
        error: &aws_sdk_athena::error::SdkError<E, aws_sdk_athena::config::http::HttpResponse>,
        call: Call,
    ) -> AwsError
    where
        E: aws_sdk_athena::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        wait(told(error, call, &self.at(), &self.session))
    }

    fn gave_up(&self) -> AwsError {
        AwsError {
            trouble: Trouble::Remote,
            action: START.action.to_owned(),
            at: self.at(),
            why: format!("failed {ATTEMPTS} times with what Athena says may be tried again"),
            hint: Some(LATER.to_owned()),
        }
    }
}

/// What became of a statement that was started.
enum Once {
    Done(Done),
    /// Athena says that it may be tried again.
    Again,
    Undone(Undone),
}

fn ended(id: &str, execution: &QueryExecution) -> Option<Once> {
    let status = execution.status();
    let state = status.and_then(|status| status.state());
    let error = status.and_then(|status| status.athena_error());
    let why = || {
        let said = status.and_then(|status| status.state_change_reason());
        super::http::first_line(
            said.or_else(|| error.and_then(AthenaError::error_message)).unwrap_or("no reason given"),
        )
    };
    let id = id.to_owned();
    match state {
        Some(QueryExecutionState::Succeeded) => {
            let statistics = execution.statistics();
            let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default();
            Some(Once::Done(Done {
                id,
                scanned: number(statistics.and_then(QueryExecutionStatistics::data_scanned_in_bytes)),
                millis: number(statistics.and_then(QueryExecutionStatistics::total_execution_time_in_millis)),
                manifest: statistics.and_then(|all| all.data_manifest_location()).map(str::to_owned),
            }))
        }
        Some(QueryExecutionState::Failed) if error.is_some_and(AthenaError::retryable) => Some(Once::Again),
        Some(QueryExecutionState::Failed) => Some(Once::Undone(Undone::Failed { id, why: why() })),
        Some(QueryExecutionState::Cancelled) => Some(Once::Undone(Undone::Cancelled { id, why: why() })),
        _ => None,
    }
}
