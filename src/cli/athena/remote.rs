//! `natlens athena --engine athena`.

use super::super::aws::{session, writer};
use super::super::layers::Layers;
use super::super::output::{error, note, write_data};
use super::super::plan::Refusal;
use super::super::{Exit, Global, aws};
use super::{AthenaArgs, refused, told, usage, written};
use crate::athena::{
    self, Answer, AthenaError, Column, ColumnKind, Event, Question, ReadAddress, Reading, Reference, Scan, Terms, Work,
};
use crate::aws::athena::{Athena, Place, Undone};
use crate::aws::{AwsError, Trouble};
use crate::cancel::Cancel;
use crate::diag::Warnings;
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::run::Plan;
use crate::run::rollup::{Form, Made, make};
use crate::sources::objects::Address;
use crate::sources::objects::store::{Store, StoreError, StoreTrouble};
use crate::sql::table::Kind;
use crate::target::Target;
use clap::Args;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;

/// Arguments of `athena` that are about Amazon Athena.
#[derive(Debug, Args)]
#[command(next_help_heading = "Amazon Athena")]
pub struct RemoteArgs {
    /// Where the small tables and the result go, `s3://BUCKET/PREFIX/`; nothing is written elsewhere
    #[arg(long, value_name = "ADDRESS", env = "NATLENS_ATHENA_WORK", hide_env_values = true)]
    pub work: Option<String>,
    /// Database of the table of flow logs; the small tables are declared in it
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub database: String,
    /// Workgroup, whose limits hold
    #[arg(long, value_name = "NAME", default_value = "primary")]
    pub workgroup: String,
    /// Start nothing that would read more, in GB of 2^30 bytes
    #[arg(long, value_name = "GB", value_parser = gigabytes)]
    pub max_scan_gb: Option<Bytes>,
    /// Ask again although the same was answered before: after tables or their data have changed
    #[arg(long)]
    pub refresh: bool,
}

/// 10^12 of a GB are one, as in money: decimals without floats.
fn gigabytes(text: &str) -> Result<Bytes, String> {
    let wrong = || "a number of GB, as 500 or 0.5".to_owned();
    let (units, _) = Usd::parse(text).map_err(|_| wrong())?;
    let bytes = units.units().checked_mul(1 << 30).map(|units| units / 1_000_000_000_000);
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).map(Bytes::new).ok_or_else(wrong)
}

/// 5 USD a TB of 2^40 bytes in most Regions, no statement less than 10 MB, failed ones included as far as they came; declaring a
/// table is free (<https://aws.amazon.com/athena/pricing/>, read 2026-11).
fn price(scanned: u64) -> String {
    let billed = u128::from(scanned.next_multiple_of(1 << 20).max(10 << 20));
    let hundredths_of_cents = (billed * 50_000).div_ceil(1 << 40);
    format!("{}.{:04} USD at 5 USD a TB", hundredths_of_cents / 10_000, hundredths_of_cents % 10_000)
}

fn gb(bytes: u64) -> String {
    let hundredths = (u128::from(bytes) * 100).div_ceil(u128::from(Bytes::PER_GB));
    format!("{}.{:02} GB", hundredths / 100, hundredths % 100)
}

#[derive(Debug)]
struct Reader(Arc<dyn Store>);

impl ReadAddress for Reader {
    fn read(&self, address: &str) -> Result<Vec<u8>, StoreError> {
        let lost = |why: &str| StoreError {
            trouble: StoreTrouble::Request,
            what: format!("{address}: {why}"),
            hint: Some("run the same command again".to_owned()),
        };
        let place = Address::parse(address).ok_or_else(|| lost("is no address"))?;
        let entry = self.0.find(&place.bucket, &place.key)?.ok_or_else(|| lost("is not there"))?;
        let size = usize::try_from(entry.size).map_err(|_| lost("is too large"))?;
        self.0.range(&entry, 0, size).map(|bytes| bytes.to_vec()).map_err(|error| lost(&error.to_string()))
    }
}

/// Asks Athena, and names what it wrote on stdout.
pub(super) fn act(
    args: &AthenaArgs,
    layers: &Layers,
    plan: &Plan,
    form: Form,
    (warnings, global, cancel): (&mut Warnings, &Global, &Cancel),
) -> Result<(), Exit> {
    let remote = Remote::new(args, layers, plan, form, cancel).map_err(|refusal| refused(&refusal))?;
    let made = make(plan, &remote.form, warnings).map_err(|failure| told(&failure))?;
    let say = |event: Event<'_>| {
        if global.quiet {
            return;
        }
        match event {
            Event::Estimated(bytes) => {
                note(&format!("Athena will read about {}, {}", gb(bytes.get()), price(bytes.get())));
            }
            Event::Kept(answer) => note(&format!("{} has the answer from before", answer.statement)),
            Event::Elsewhere(output) => note(&format!(
                "the workgroup writes its lists of files to {output}, which is read there (`natlens doctor --policy --athena \
                 --athena-output {output}`)"
            )),
            Event::Starts(what) => note(&format!("Athena: {what}")),
        }
    };
    let work = Work {
        target: remote.target.as_ref(),
        address: remote.address.clone(),
        unique: format!("{:016x}", RandomState::new().hash_one(0u8)),
        read: &remote.reader,
    };
    let question = question(made, &args.athena.database);
    let terms = Terms { most: args.athena.max_scan_gb, refresh: args.athena.refresh };
    let answer = athena::ask(&question, &remote.engine, &work, terms, &say).map_err(|failure| {
        error(&failure.to_string(), failure.hint().as_deref());
        exit_of(&failure)
    })?;
    if !global.quiet {
        note(&spent(&answer));
    }
    let output = args.output.as_deref();
    let at = format!("{}{}\n", remote.address, answer.folder);
    written(output.unwrap_or(Path::new("stdout")), write_data(&at, output))?;
    tell_gap(&answer, global)
}

/// Says where what was read is not what is listed. With less than that the roll-up lacks something.
fn tell_gap(answer: &Answer, global: &Global) -> Result<(), Exit> {
    let (read, listed) = (Bytes::new(answer.scanned), Bytes::new(answer.listed));
    let (what, hint) = match answer.reading {
        Reading::AsListed => return Ok(()),
        Reading::Less | Reading::FarLess => (
            format!(
                "Athena read {read} of about {listed} bytes that are listed: its tables do not see all of the flow logs"
            ),
            "give --partitions a day more on either side of its months, declare the tables again by `natlens export --ddl`, and ask with --refresh",
        ),
        Reading::More => (
            format!("Athena read {read} bytes, and about {listed} are listed: its tables see other objects, too"),
            "leave other days out by --partitions; what else lies in the tables' folders and is of the same flow logs was counted",
        ),
    };
    if !global.quiet {
        note(&format!("warning: {what}"));
        note(&format!("hint: {hint}"));
    }
    if answer.reading == Reading::More { Ok(()) } else { Err(Exit::Incomplete) }
}

fn spent(answer: &Answer) -> String {
    let Answer { statement, scanned, millis, files, .. } = answer;
    let seconds = millis.div_ceil(1000);
    format!("{statement} read {}, {}, in {seconds} s, and wrote {} files", gb(*scanned), price(*scanned), files.len())
}

struct Remote {
    engine: Athena,
    target: Arc<dyn Target>,
    address: String,
    reader: Reader,
    form: Form,
}

impl Remote {
    fn new(args: &AthenaArgs, layers: &Layers, plan: &Plan, form: Form, cancel: &Cancel) -> Result<Self, Refusal> {
        let work = args.athena.work.as_deref();
        let work = work.ok_or_else(|| usage("--engine athena needs --work", "name an s3://BUCKET/PREFIX/ of yours"))?;
        let address = Address::parse(work).ok_or_else(|| usage(&format!("{work}: is no address"), "see --work"))?;
        let flow_logs = &plan.inputs.flow_logs;
        let logs = match flow_logs.as_slice() {
            [one] if Address::parse(one).is_some() => format!("{}/", one.trim_end_matches('/')),
            _ => {
                let what = "Athena reads flow logs of one s3:// address";
                return Err(usage(what, "name it by --flow-logs, or by the bundle's own address"));
            }
        };
        let store = plan.store.clone().ok_or_else(|| usage("there is no bucket", "see --flow-logs"))?;
        let target = writer(&address, &args.input.aws, layers)?;
        let session = session(&args.input.aws, layers);
        let address = format!("{}/", work.trim_end_matches('/'));
        let place = Place {
            workgroup: args.athena.workgroup.clone(),
            database: args.athena.database.clone(),
            output: format!("{address}statements/"),
        };
        let form = Form { location: args.location.clone().unwrap_or(logs), ..form };
        let engine = Athena::new(session, place, cancel.clone());
        Ok(Self { engine, target, address, reader: Reader(store), form })
    }
}

/// The same logs in another database may be another table.
fn question(made: Made, database: &str) -> Question {
    let references = made.tables.into_iter().map(|table| Reference {
        name: table.name,
        columns: table
            .columns
            .iter()
            .map(|(name, kind)| Column {
                name,
                kind: match kind {
                    Kind::Text => ColumnKind::Text,
                    Kind::Number => ColumnKind::Number,
                },
            })
            .collect(),
        file: table.file,
    });
    Question {
        sql: made.sql,
        references: references.collect(),
        flow_logs: format!("{database}\n{}", made.flow_logs),
        scan: Scan { estimate: made.scan, text: made.text, columns: made.columns, most: made.most },
    }
}

fn exit_of(failure: &AthenaError) -> Exit {
    let of_aws = |error: &AwsError| match error.trouble {
        Trouble::Credentials | Trouble::Denied => Exit::Settings,
        Trouble::Remote => Exit::Remote,
        Trouble::NotFound | Trouble::Changed | Trouble::Request => Exit::Failed,
    };
    match failure {
        AthenaError::OverScan(_) | AthenaError::OverCutoff(..) => Exit::Limit,
        AthenaError::Undone(Undone::Aws(error)) | AthenaError::Aws(error) => of_aws(error),
        AthenaError::Work(error) => aws::exit_of(error.trouble),
        AthenaError::Undone(Undone::Interrupted(_)) => Exit::Interrupted,
        AthenaError::Undone(_)
        | AthenaError::Engine(_)
        | AthenaError::NotWhole { .. }
        | AthenaError::FarLess { .. } => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_priced_and_limits_are_read() {
        assert_eq!(price(0), "0.0001 USD at 5 USD a TB");
        assert_eq!(price(1 << 40), "5.0000 USD at 5 USD a TB");
        assert_eq!(price((1 << 40) + 1), "5.0001 USD at 5 USD a TB");
        assert_eq!((gb(0), gb(1), gb(3 << 29)), ("0.00 GB".to_owned(), "0.01 GB".to_owned(), "1.50 GB".to_owned()));
        assert_eq!(gigabytes("0.5"), Ok(Bytes::new(1 << 29)));
        assert_eq!(gigabytes("500"), Ok(Bytes::new(500 << 30)));
        assert!(
            gigabytes("-1").is_err() && gigabytes("many").is_err() && gigabytes("99999999999999999999999").is_err()
        );
    }
}
