//! How fast records are read; run on demand in release.

use super::*;
use std::time::Instant;

/// Counts, so that nothing is optimised away.
#[derive(Default)]
struct Summed {
    records: u64,
    answers: usize,
    names: usize,
    seconds: i64,
}

impl QuerySink for Summed {
    fn query(&mut self, query: &Query<'_>) {
        self.records += 1;
        self.answers += query.addrs.len();
        self.names += query.name.len();
        self.seconds = self.seconds.wrapping_add(query.second);
    }

    fn malformed(&mut self, _: u64, _: &'static str) {}
}

/// A log as a busy VPC writes it: CNAME chains of two, every second query for AAAA without an answer.
fn log(records: u64) -> Vec<String> {
    let mut seed = 88_172_645_463_325_252u64;
    let next = |seed: &mut u64| {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        *seed
    };
    (0..records)
        .map(|i| {
            let bits = next(&mut seed);
            let (client, name, addr) = (bits & 4095, bits >> 12 & 1023, bits >> 24 & 0xffff);
            let (kind, answers) = if i % 2 == 0 {
                let (a, b) = (addr >> 8, addr & 255);
                ("A", format!(r#"{{"Rdata":"edge-{name}.eu-west-1.elb.amazonaws.com.","Type":"CNAME","Class":"IN"}},{{"Rdata":"52.94.{a}.{b}","Type":"A","Class":"IN"}},{{"Rdata":"52.95.{b}.{a}","Type":"A","Class":"IN"}}"#))
            } else {
                ("AAAA", String::new())
            };
            let (minute, second) = (i / 60 % 60, i % 60);
            format!(
                r#"{{"version":"1.100000","account_id":"123456789012","region":"eu-west-1","vpc_id":"vpc-0123456789abcdef0","query_timestamp":"2026-10-01T13:{minute:02}:{second:02}Z","query_name":"service-{name}.eu-west-1.amazonaws.com.","query_type":"{kind}","query_class":"IN","rcode":"NOERROR","answers":[{answers}],"srcaddr":"10.0.{}.{}","srcport":"{}","transport":"UDP","srcids":{{"instance":"i-0123456789abcd{:03x}"}}}}"#,
                client >> 8, client & 255, 1024 + (bits >> 40 & 0x7fff), client
            )
        })
        .collect()
}

#[test]
#[ignore = "a measurement"]
fn bench_records() {
    const RECORDS: u64 = 400_000;
    let records = log(RECORDS);
    let lines = records.join("\n") + "\n";
    let events: Vec<String> = records.iter().map(|record| format!(r#"{{"message":{}}}"#, quoted(record))).collect();
    let forms = [
        ("lines", lines.clone().into_bytes()),
        ("lines, gzip", gz(lines.as_bytes())),
        ("without line ends", records.concat().into_bytes()),
        ("CloudWatch JSON", format!("{{\"events\":[{}]}}", events.join(",")).into_bytes()),
    ];
    for (form, bytes) in forms {
        let mut best = u128::MAX;
        for _ in 0..4 {
            let (start, mut sink) = (Instant::now(), Summed::default());
            read_bytes(&Memory(&bytes), &mut sink).expect("read");
            best = best.min(start.elapsed().as_nanos());
            assert_eq!((sink.records, sink.answers as u64), (RECORDS, RECORDS));
        }
        let each = best / u128::from(RECORDS);
        writeln!(io::stderr(), "{form}: {each} ns a record of {} bytes", bytes.len() as u64 / RECORDS).expect("stderr");
    }
}
