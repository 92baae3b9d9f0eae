//! What a destination is: by address, and by host name.

use crate::account::Random;
use criterion::{Criterion, Throughput};
use natlens::model::addr::{Addr, Cidr};
use natlens::name::ranges::RangeTable;
use natlens::name::{Clues, Namer};
use natlens::sources::ip_ranges::IpRanges;
use std::hint::black_box;

const ADDRESSES: usize = 16_384;

/// Half of them inside a published IPv4 block, each block as likely as any other; half anywhere.
fn addresses(ranges: &IpRanges) -> Vec<Addr> {
    let all = ranges.groups.iter().flat_map(|group| group.cidrs.iter().copied());
    let blocks: Vec<Cidr> = all.filter(|cidr| cidr.first().v4().is_some()).collect();
    let mut random = Random::default();
    (0..ADDRESSES)
        .map(|at| {
            let anywhere = u32::try_from(random.next() >> 32).expect("32 bits");
            if at % 2 == 0 {
                return Addr::from_v4(anywhere);
            }
            let block = blocks[random.below(blocks.len())];
            let (first, last) = (block.first().v4().expect("IPv4"), block.last().v4().expect("IPv4"));
            Addr::from_v4(first | (anywhere & (last - first)))
        })
        .collect()
}

pub fn all(criterion: &mut Criterion) {
    let ranges = IpRanges::built_in();
    let (table, addrs) = (RangeTable::new(&ranges), addresses(&ranges));
    let mut group = criterion.benchmark_group("ip-ranges");
    group.throughput(Throughput::Elements(ADDRESSES as u64));
    group.bench_function("lookup", |bencher| {
        bencher.iter(|| {
            for &addr in &addrs {
                black_box(table.get(black_box(addr)));
            }
        });
    });
    group.finish();
    let namer = Namer::new(&[], std::iter::empty::<(&str, &[Cidr], bool)>(), table);
    let mut group = criterion.benchmark_group("name");
    group.throughput(Throughput::Elements(ADDRESSES as u64));
    group.bench_function("by-address", |bencher| {
        bencher.iter(|| {
            for &addr in &addrs {
                black_box(namer.name(black_box(addr), Clues::of_label("-")));
            }
        });
    });
    let hosts: Vec<String> = HOSTS.iter().map(|host| (*host).to_owned()).collect();
    group.throughput(Throughput::Elements(hosts.len() as u64));
    group.bench_function("by-host", |bencher| {
        bencher.iter(|| {
            for host in &hosts {
                black_box(namer.meaning(black_box(host)));
            }
        });
    });
    group.finish();
}

/// What clients ask a Resolver for.
const HOSTS: [&str; 8] = [
    "sqs.us-east-1.amazonaws.com",
    "api.ecr.eu-west-1.amazonaws.com",
    "reports.s3.us-east-1.amazonaws.com",
    "0123456789ab.dkr.ecr.us-east-1.amazonaws.com",
    "github.com",
    "registry-1.docker.io",
    "vault.internal.example.co.uk",
    "d111111abcdef8.cloudfront.net",
];
