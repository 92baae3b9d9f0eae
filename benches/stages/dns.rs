//! Resolver query logs into queries.

use crate::account::Account;
use criterion::{Criterion, Throughput};
use natlens::model::dns::{Query, QuerySink};
use natlens::simulate::Options;
use natlens::sources::dns::read_bytes;
use natlens::sources::objects::Object;
use std::hint::black_box;

/// Takes queries and keeps none.
struct Passed;

impl QuerySink for Passed {
    fn query(&mut self, query: &Query<'_>) {
        black_box(query);
    }

    fn malformed(&mut self, _: u64, _: &'static str) {}
}

fn read(objects: &[Object]) -> u64 {
    objects.iter().map(|object| read_bytes(object, &mut Passed).expect("the log is readable").records).sum()
}

/// Elements are records.
pub fn all(criterion: &mut Criterion) {
    let account = Account::new(|options: &mut Options| (options.records, options.dns.dns_objects) = (200_000, Some(2)));
    let objects = account.objects("dns", ".log.gz");
    let mut group = criterion.benchmark_group("dns");
    group.throughput(Throughput::Elements(read(&objects)));
    group.bench_function("records-gz", |bencher| bencher.iter(|| read(&objects)));
    group.finish();
}
