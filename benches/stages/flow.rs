//! From flow log objects to rows: inflating, splitting and parsing, the fold of an object, the merge of folds.

use crate::account::Account;
use criterion::{BatchSize, Criterion, Throughput};
use natlens::count::fold::Fold;
use natlens::count::rollup::{Hints, Rollup};
use natlens::model::flow::{FlowRecord, FlowSink};
use natlens::model::symbols::Symbols;
use natlens::run::inputs::roles;
use natlens::simulate::{Fields, Format, Options};
use natlens::sources::flow::{LayoutHints, read_object};
use natlens::sources::objects::Object;
use std::hint::black_box;

const RECORDS: u64 = 200_000;

fn logs(format: Format, fields: Fields) -> Account {
    Account::new(|options: &mut Options| {
        (options.records, options.objects, options.clients) = (RECORDS, 1, 500);
        (options.format, options.fields, options.logs_only) = (format, fields, true);
    })
}

/// Takes records and keeps none.
#[derive(Default)]
struct Passed {
    symbols: Symbols,
}

impl FlowSink for Passed {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn record(&mut self, record: &FlowRecord) {
        black_box(record);
    }

    fn malformed(&mut self, _: u64, _: &'static str) {}
}

/// Keeps every record, with its texts as a fold has them.
struct Kept<'a> {
    fold: Fold<'a>,
    records: Vec<FlowRecord>,
}

impl FlowSink for Kept<'_> {
    fn symbols(&mut self) -> &mut Symbols {
        self.fold.symbols()
    }

    fn record(&mut self, record: &FlowRecord) {
        self.records.push(*record);
    }

    fn malformed(&mut self, _: u64, _: &'static str) {}
}

fn read(objects: &[Object]) -> (u64, u64) {
    let mut sums = (0, 0);
    for object in objects {
        let read =
            read_object(object, &LayoutHints::default(), &mut Passed::default()).expect("the object is readable");
        sums = (sums.0 + read.inflated_bytes, sums.1 + read.records);
    }
    sums
}

/// Objects to records. Text takes in line splitting, parsing and hashing; gz inflating as well; the difference is inflating.
fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    let forms = [
        ("text", Format::Text, Fields::Full, ".log"),
        ("gz", Format::TextGz, Fields::Full, ".log.gz"),
        ("gz-default", Format::DefaultGz, Fields::Default, ".log.gz"),
    ];
    for (name, format, fields, ending) in forms {
        let account = logs(format, fields);
        let objects = account.objects("flow-logs", ending);
        group.throughput(Throughput::Bytes(read(&objects).0));
        group.bench_function(name, |bencher| bencher.iter(|| read(&objects)));
    }
    for (name, format) in [("parquet-gzip", Format::Parquet), ("parquet-snappy", Format::ParquetSnappy)] {
        let account = logs(format, Fields::Full);
        let objects = account.objects("flow-logs", ".parquet");
        group.throughput(Throughput::Elements(read(&objects).1));
        group.bench_function(name, |bencher| bencher.iter(|| read(&objects)));
    }
    group.finish();
}

/// Records of one object into its fold, and that fold into a rollup.
fn counting(criterion: &mut Criterion) {
    let account = logs(Format::Text, Fields::Full);
    let loaded = account.load();
    let roles = roles(&loaded.inventory, &[]);
    let mut kept = Kept { fold: Fold::new(&roles, None), records: Vec::new() };
    let objects = account.objects("flow-logs", ".log");
    let largest = objects.iter().max_by_key(|object| object.size).expect("an object");
    read_object(largest, &LayoutHints::default(), &mut kept).expect("the object is readable");
    let Kept { fold: texts, records } = kept;
    let empty = || {
        let mut fold = Fold::new(&roles, None);
        fold.symbols = texts.symbols.clone();
        fold
    };
    let folded = |mut fold: Fold<'_>| {
        for record in &records {
            fold.record(record);
        }
        fold.rows.len()
    };
    let mut group = criterion.benchmark_group("count");
    group.throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("fold-records", |bencher| bencher.iter_batched(empty, folded, BatchSize::LargeInput));
    let mut fold = empty();
    for record in &records {
        fold.record(record);
    }
    group.throughput(Throughput::Elements(fold.rows.len() as u64));
    group.bench_function("merge-rows", |bencher| {
        bencher.iter(|| {
            let mut rollup = Rollup::default();
            let source = rollup.source("fl-0123456789abcdef0");
            rollup.merge(&fold, source, &Hints::default());
            rollup
        });
    });
    group.finish();
}

pub fn all(criterion: &mut Criterion) {
    reading(criterion);
    counting(criterion);
}
