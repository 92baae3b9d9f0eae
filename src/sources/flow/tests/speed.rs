//! How fast text is read; run on demand in release.

use super::*;
use std::time::Instant;

/// Counts, so that nothing is optimised away.
#[derive(Default)]
struct Summed {
    symbols: Symbols,
    bytes: u64,
    records: u64,
    egress: u64,
}

impl FlowSink for Summed {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn record(&mut self, record: &FlowRecord) {
        self.bytes = self.bytes.wrapping_add(record.bytes);
        self.records += 1;
        self.egress += u64::from(record.direction == Direction::Egress);
    }

    fn malformed(&mut self, _: u64, _: &'static str) {}
}

/// A log of 29 fields, version 5, as a busy gateway writes it.
fn log(records: u64) -> Vec<u8> {
    let mut text = Vec::new();
    let names: Vec<&str> = Field::ALL.iter().take(29).map(|field| field.name()).collect();
    writeln!(text, "{}", names.join(" ")).expect("memory");
    let mut seed = 88_172_645_463_325_252u64;
    for i in 0..records {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let (a, b, c) = (seed & 255, seed >> 8 & 255, seed >> 16 & 4095);
        let client = format!("10.0.{}.{}", b & 15, a);
        let remote = format!("52.{}.{}.{}", b & 31, a, c & 255);
        let eni = format!("eni-0abc{:013x}", c & 63);
        writeln!(text, "5 123456789012 {eni} {client} {remote} {} 443 6 {} {} {} {} ACCEPT OK vpc-0123456789abcdef0 subnet-0123456789abcde{:02x} i-0123456789abcd{:03x} 19 IPv4 {client} {remote} eu-west-1 euw1-az{} - - - S3 egress 8",
            1024 + c, c + 1, seed >> 44, 1_700_000_000 + i / 100, 1_700_000_060 + i / 100, c & 63, c & 511, 1 + (c & 1)).expect("memory");
    }
    text
}

#[test]
#[ignore = "a measurement"]
fn bench_text() {
    let text = log(1_000_000);
    let packed = gz(&text);
    for (name, bytes) in [("plain", &text), ("gzip", &packed)] {
        let object = Memory(bytes.clone());
        let mut best = u128::MAX;
        for _ in 0..4 {
            let (start, mut sink) = (Instant::now(), Summed::default());
            let source = SourceName::Prefix(String::new());
            read_bytes(&object, &source, &LayoutHints::default(), &mut sink).expect("read");
            best = best.min(start.elapsed().as_millis());
            assert_eq!((sink.records, sink.egress), (1_000_000, 1_000_000));
        }
        let mut err = io::stderr();
        writeln!(err, "{name}: 1 M records, {} MB text in {best} ms", text.len() / 1_000_000).expect("stderr");
    }
}
