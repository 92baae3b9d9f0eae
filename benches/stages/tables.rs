//! The tables that every record goes through: addresses and texts into small numbers.

use crate::account::Random;
use criterion::{Criterion, Throughput};
use natlens::model::addr::Addr;
use natlens::model::addr_table::AddrTable;
use natlens::model::symbols::Symbols;
use std::hint::black_box;

/// Texts and addresses in each pass.
const MANY: u32 = 8192;

fn texts(random: &mut Random) -> Vec<Vec<u8>> {
    // As many interfaces as a busy object has; each record names one of them.
    (0..MANY).map(|_| format!("eni-{:017x}", random.below(64)).into_bytes()).collect()
}

fn addresses(random: &mut Random) -> Vec<Addr> {
    (0..MANY)
        .map(|_| {
            let host = u32::try_from(random.below(4096)).expect("small");
            Addr::from_v4(0x3400_0000 | (host * 4099))
        })
        .collect()
}

pub fn all(criterion: &mut Criterion) {
    let mut random = Random::default();
    let mut group = criterion.benchmark_group("tables");
    group.throughput(Throughput::Elements(u64::from(MANY)));
    let names = texts(&mut random);
    let mut symbols = Symbols::default();
    group.bench_function("symbols-intern", |bencher| {
        bencher.iter(|| {
            for name in &names {
                black_box(symbols.intern(black_box(name)));
            }
        });
    });
    let addrs = addresses(&mut random);
    let mut table = AddrTable::default();
    group.bench_function("addresses-intern", |bencher| {
        bencher.iter(|| {
            for &addr in &addrs {
                black_box(table.intern(black_box(addr)));
            }
        });
    });
    let written: Vec<String> = addrs.iter().map(ToString::to_string).collect();
    group.bench_function("addresses-parse", |bencher| {
        bencher.iter(|| {
            for text in &written {
                black_box(Addr::parse(black_box(text.as_bytes())));
            }
        });
    });
    group.finish();
}
