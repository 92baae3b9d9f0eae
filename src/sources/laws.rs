//! What has to hold for any bytes at all, whatever they claim to be: tried by `cargo test` on a kept corpus and on what is near it,
//! and by `fuzz/` on whatever it finds. Nobody calls it but those two.

use super::bill::read_bill_file;
use super::dns;
use super::flow::{self, LayoutHints};
use super::inflate::GzReader;
use super::objects::{ObjectBytes, SourceName};
use super::simd::portably;
use crate::model::bill::{BillFormat, BillLine, BillSink};
use crate::model::dns::{Query, QuerySink};
use crate::model::flow::{FlowRecord, FlowSink};
use crate::model::period::Month;
use crate::model::symbols::Symbols;
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read, Write};

/// Steps in which an object comes, in bytes.
const STEPS: [usize; 2] = [7, 1000];
/// Most bytes that are inflated.
const MOST: usize = 1 << 20;

/// gzip: what our reader makes of it is what zlib makes of it, in whatever steps it comes.
pub fn gzip(stored: &[u8]) {
    let mut content = Vec::new();
    let theirs = flate2::bufread::MultiGzDecoder::new(stored).take(most() + 1).read_to_end(&mut content);
    if content.len() > MOST {
        return;
    }
    let theirs = theirs.ok().map(|_| content);
    for step in STEPS {
        assert!(ours(stored, step) == theirs, "{stored:?}");
    }
}

/// A deflate stream without a checksum, which would hide from every mutation what the blocks are: zlib takes the same ones, and
/// they hold the same.
pub fn deflate(body: &[u8]) {
    let mut raw = flate2::Decompress::new(false);
    let mut content = Vec::with_capacity(MOST);
    let status = raw.decompress_vec(body, &mut content, flate2::FlushDecompress::Finish);
    let ended = matches!(status, Ok(flate2::Status::StreamEnd));
    if !ended && content.len() == MOST {
        return;
    }
    let used = if ended { usize::try_from(raw.total_in()).unwrap_or(body.len()) } else { body.len() };
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let sums = [crc32fast::hash(&content), length].map(u32::to_le_bytes).concat();
    let stored = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff", &body[..used], &sums].concat();
    let theirs = ended.then_some(content);
    for step in STEPS {
        let ours = ours(&stored, step);
        // What zlib calls cut may be ended by the sums, and then those are missing.
        assert!(ours == theirs, "{body:?}");
    }
}

/// Flow logs: with and without vector instructions and in whatever steps, the same records, or the same refusal.
pub fn flow_log(bytes: &[u8]) {
    let read = |step| {
        let (source, mut kept) = (SourceName::Prefix(String::new()), Kept::default());
        let outcome = flow::read_bytes(&Steps(bytes, step), &source, &LayoutHints::default(), &mut kept);
        told(outcome, kept)
    };
    let whole = read(usize::MAX);
    assert_eq!(portably(|| read(usize::MAX)), whole);
    for step in STEPS {
        assert_eq!(read(step), whole, "in steps of {step}");
    }
}

/// Resolver query logs: in whatever steps, the same queries, or the same refusal.
pub fn resolver_log(bytes: &[u8]) {
    let read = |step| {
        let mut kept = Kept::default();
        let outcome = dns::read_bytes(&Steps(bytes, step), &mut kept);
        told(outcome, kept)
    };
    let whole = read(usize::MAX);
    for step in STEPS {
        assert_eq!(read(step), whole, "in steps of {step}");
    }
}

/// Bills: in whatever steps, the same lines, or the same refusal.
pub fn bill(bytes: &[u8]) {
    let read = |step| {
        let mut kept = Kept::default();
        let file = read_bill_file(&Steps(bytes, step), Month::parse("2026-04"), &mut kept);
        told(file, kept)
    };
    let whole = read(usize::MAX);
    for step in STEPS {
        assert_eq!(read(step), whole, "in steps of {step}");
    }
}

fn most() -> u64 {
    u64::try_from(MOST).unwrap_or(u64::MAX)
}

fn ours(stored: &[u8], step: usize) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    GzReader::new(Dribble(stored, step)).take(most() + 1).read_to_end(&mut content).ok()?;
    Some(content)
}

/// What a reader gave, as text; after a refusal what the sink got counts for nothing.
fn told<T: Debug, E: Debug>(outcome: Result<T, E>, kept: Kept) -> Vec<String> {
    match outcome {
        Ok(outcome) => [vec![format!("{outcome:?}")], kept.rows].concat(),
        Err(error) => vec![format!("{error:?}")],
    }
}

/// Everything that a reader says, as text.
#[derive(Default)]
struct Kept {
    symbols: Symbols,
    rows: Vec<String>,
}

impl FlowSink for Kept {
    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn record(&mut self, record: &FlowRecord) {
        let texts = [record.interface, record.resource, record.owner].map(|sym| self.symbols.text(sym).to_owned());
        self.rows.push(format!("{record:?} {texts:?}"));
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.rows.push(format!("{line}: {why}"));
    }
}

impl QuerySink for Kept {
    fn query(&mut self, query: &Query<'_>) {
        self.rows.push(format!("{query:?}"));
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.rows.push(format!("{line}: {why}"));
    }
}

impl BillSink for Kept {
    fn format(&mut self, format: BillFormat) {
        self.rows.push(format!("{format:?}"));
    }

    fn line(&mut self, line: &BillLine<'_>) {
        self.rows.push(format!("{line:?}"));
    }

    fn malformed(&mut self, line: u64, why: &str, resource: Option<&str>) {
        self.rows.push(format!("{line}: {why} {resource:?}"));
    }
}

/// An object in memory that comes in steps.
struct Steps<'a>(&'a [u8], usize);

impl ObjectBytes for Steps<'_> {
    type Random = File;

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Dribble(io::Cursor::new(self.0.to_vec()), self.1)))
    }

    fn random(&self) -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        file.write_all(self.0)?;
        Ok(file)
    }

    fn size(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }
}

/// Gives at most so many bytes at a time.
struct Dribble<R>(R, usize);

impl<R: Read> Read for Dribble<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.1);
        self.0.read(&mut buffer[..len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::panic::catch_unwind;
    use std::path::Path;

    type Law = fn(&[u8]);

    const LAWS: [(&str, Law); 5] =
        [("gzip", gzip), ("deflate", deflate), ("flow_log", flow_log), ("resolver_log", resolver_log), ("bill", bill)];

    /// The kept corpus: a folder for each law.
    fn corpus() -> Vec<(String, Law, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
        let mut all = Vec::new();
        for (name, law) in LAWS {
            for file in std::fs::read_dir(folder.join(name)).expect("a folder of the corpus") {
                let path = file.expect("a file").path();
                all.push((path.display().to_string(), law, std::fs::read(&path).expect("a file")));
            }
        }
        all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        all
    }

    #[test]
    fn the_laws_hold_for_the_corpus() {
        let all = corpus();
        assert!(all.len() >= 4 * LAWS.len(), "{}", all.len());
        let is_broken = |(_, law, bytes): &(String, Law, Vec<u8>)| catch_unwind(|| law(bytes)).is_err();
        let broken: Vec<String> = all.into_iter().filter(is_broken).map(|(name, ..)| name).collect();
        assert_eq!(broken, [""; 0], "what each broke stands above");
    }

    /// A change of a file: at a place, so many bytes are replaced by others, which a file of text may contain.
    fn change() -> impl Strategy<Value = (Index, usize, Vec<u8>)> {
        let some = prop_oneof![any::<u8>(), Just(b' '), Just(b'\n'), Just(b'-'), Just(b'"'), Just(b','), b'0'..=b'9'];
        (any::<Index>(), 0usize..80, prop::collection::vec(some, 0..4))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]

        #[test]
        fn the_laws_hold_near_the_corpus(which: Index, changes in prop::collection::vec(change(), 1..4), twice: bool) {
            let all = corpus();
            let (_, law, bytes) = which.get(&all);
            let mut changed = if twice { bytes.repeat(2) } else { bytes.clone() };
            for (at, len, put) in changes {
                let at = at.index(changed.len() + 1);
                let end = changed.len().min(at + len);
                changed.splice(at..end, put);
            }
            law(&changed);
        }
    }
}
