//! From a bill's files to sums by kind, resource and day. Elements are lines.

use crate::account::Account;
use criterion::{Criterion, Throughput};
use natlens::bill::fold::BillFold;
use natlens::model::bill::{BillFormat, BillLine, BillSink};
use natlens::simulate::{BillFormat as Written, Options};
use natlens::sources::bill::read_bill_file;
use natlens::sources::objects::Object;
use std::hint::black_box;

/// Takes lines and keeps none.
#[derive(Default)]
struct Passed {
    lines: u64,
}

impl BillSink for Passed {
    fn format(&mut self, _: BillFormat) {}

    fn line(&mut self, line: &BillLine<'_>) {
        black_box(line);
        self.lines += 1;
    }

    fn malformed(&mut self, _: u64, _: &str, _: Option<&str>) {}
}

fn read(objects: &[Object], sink: &mut impl BillSink) {
    for object in objects {
        read_bill_file(object, None, sink).expect("the bill is readable");
    }
}

pub fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bill");
    let forms = [
        ("cur-csv-gz", Written::CurLegacy, ".csv.gz"),
        ("cur-2-csv-gz", Written::Cur2, ".csv.gz"),
        ("cur-2-parquet", Written::Cur2Parquet, ".parquet"),
        ("focus-csv-gz", Written::Focus12, ".csv.gz"),
    ];
    for (name, format, ending) in forms {
        let account = Account::new(|options: &mut Options| options.bill.bill_format = format);
        let objects = account.objects("billing", ending);
        let mut passed = Passed::default();
        read(&objects, &mut passed);
        group.throughput(Throughput::Elements(passed.lines));
        group.bench_function(name, |bencher| bencher.iter(|| read(&objects, &mut Passed::default())));
        if format == Written::CurLegacy {
            group.bench_function("cur-csv-gz-folded", |bencher| {
                bencher.iter(|| read(&objects, &mut BillFold::new(BillFormat::CurLegacy, None)));
            });
        }
    }
    group.finish();
}
