//! An object that several threads read is as if one had read it.

use super::super::text::{self, Before, End, Helpers};
use super::*;
use crate::model::flow::Shared;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Threads that wait from some moment on.
struct Waiting {
    threads: usize,
    busy: AtomicUsize,
}

impl<'e> Helpers<'e> for Waiting {
    fn are_waiting(&self) -> bool {
        self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }

    fn call(&self, work: Arc<dyn Fn() + Send + Sync + 'e>) {
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| work());
            }
            work();
        });
    }
}

/// Takes parts only as far as it has room for their bytes, as a fold does.
#[derive(Default)]
struct Parts {
    kept: Kept,
    bytes: u64,
}

const ROOM: u64 = 1 << 40;

impl FlowSink for Parts {
    fn symbols(&mut self) -> &mut Symbols {
        self.kept.symbols()
    }

    fn record(&mut self, record: &FlowRecord) {
        assert_ne!(record.start, PANICS, "as the record wants it");
        if record.start == SLOW {
            std::thread::sleep(Duration::from_millis(20));
        }
        if record.bytes > ROOM - self.bytes {
            return self.kept.malformed(0, "too much");
        }
        self.bytes += record.bytes;
        self.kept.record(record);
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.kept.malformed(line, why);
    }
}

impl Shared for Parts {
    fn part(&mut self) -> Self {
        Self::default()
    }

    fn add(&mut self, part: Self, lines: u64) -> bool {
        if part.bytes > ROOM - self.bytes {
            return false;
        }
        self.bytes += part.bytes;
        self.kept.rows.extend(part.kept.rows);
        let place = |line: u64| if line == 0 { 0 } else { lines + line };
        self.kept.malformed.extend(part.kept.malformed.into_iter().map(|(line, why)| (place(line), why)));
        true
    }
}

/// Content in steps, and perhaps an error at its end.
struct Stream {
    content: Vec<u8>,
    at: usize,
    step: usize,
    fails: bool,
}

impl Read for Stream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("lines are read where they lie")
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.fails && self.at == self.content.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "damaged"));
        }
        Ok(&self.content[self.at..self.content.len().min(self.at + self.step)])
    }

    fn consume(&mut self, len: usize) {
        self.at += len;
    }
}

type Found = Result<(Vec<String>, Vec<(u64, &'static str)>, String, (u128, u64)), String>;

/// How an object is read.
#[derive(Clone, Debug)]
struct Way {
    head: usize,
    step: usize,
    block: usize,
    threads: usize,
    /// Pieces that are read before somebody waits.
    alone: usize,
}

fn choice(guessed: bool) -> Choice {
    if guessed {
        return Choice { layout: Layout::default_v2(), guessed, others: Vec::new() };
    }
    Choice::certain(Layout::parse(HEADER).expect("a layout"))
}

/// What one thread reads, or in this way several.
fn read_as(content: &[u8], end: End, fails: bool, guessed: bool, way: Option<&Way>) -> Found {
    let (head, rest) = content.split_at(way.map_or(0, |way| way.head).min(content.len()));
    let stream = Stream { content: rest.to_vec(), at: 0, step: way.map_or(usize::MAX / 2, |way| way.step), fails };
    let mut content = Hashing::new(Box::new(stream) as Inflated);
    let (form, mut lines, mut parts) = ((Before::Nothing, end), Lines::new(choice(guessed)), Parts::default());
    let read = match way {
        None => text::read(head, &mut content, form, &mut lines, &mut parts).map(|()| (content, lines.seen())),
        Some(Way { block, threads, alone, .. }) => {
            let waiting = Waiting { threads: *threads, busy: AtomicUsize::new(*alone) };
            text::read_shared(head, content, form, lines, &mut parts, (*block, &waiting))
        }
    };
    let (content, seen) = read.map_err(|error| format!("{error:?}"))?;
    Ok((parts.kept.rows, parts.kept.malformed, format!("{seen:?}"), content.finish()))
}

const OTHER_HEADER: &str = "interface-id start bytes srcaddr dstaddr";
const PANICS: i64 = 1_666_666_666;
const SLOW: i64 = 1_777_777_777;

fn contents() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        40 => Just(LEGS[0].to_owned()),
        25 => Just(LEGS[1].to_owned()),
        3 => Just(LEGS[0].replace("5001", &(ROOM / 3).to_string())),
        3 => Just(String::new()),
        3 => Just("x".to_owned()),
        3 => Just(format!("{}\r", LEGS[0])),
        2 => Just(HEADER.to_owned()),
        1 => Just(OTHER_HEADER.to_owned()),
        2 => Just("eni-2 1700000000 77 10.0.0.1 10.0.0.2".to_owned()),
        2 => Just(DEFAULT.to_owned()),
        1 => Just("y".repeat(text::MAX_LINE)),
        1 => Just("z".repeat(text::MAX_LINE + 1)),
    ];
    (prop::collection::vec(line, 0..120), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join("\n");
        if ended {
            text.push('\n');
        }
        text.into_bytes()
    })
}

fn ways() -> impl Strategy<Value = Way> {
    let step = prop_oneof![1usize..300, 60_000usize..140_000];
    (0usize..300, step, 1usize..2000, 0usize..5, 0usize..20).prop_map(|(head, step, block, threads, alone)| Way {
        head,
        step,
        block,
        threads,
        alone,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn all_is_as_if_one_thread_had_read_it(content in contents(), way in ways(), sealed: bool, fails: bool, guessed in prop::bool::weighted(0.2)) {
        let end = if sealed { End::Sealed } else { End::Open };
        let alone = read_as(&content, end, fails, guessed, None);
        let shared = read_as(&content, end, fails, guessed, Some(&way));
        // Of what is hashed nothing but the head is missing on both sides.
        let without_hash = |found: Found| found.map(|(rows, malformed, seen, _)| (rows, malformed, seen));
        if way.head == 0 {
            prop_assert_eq!(&shared, &alone);
        }
        prop_assert_eq!(without_hash(shared), without_hash(alone));
    }
}

fn way(threads: usize) -> Way {
    Way { head: 0, step: 4_000, block: 1_000, threads, alone: 3 }
}

#[test]
fn lines_keep_their_numbers_and_what_is_broken_gives_the_same_error() {
    let mut lines: Vec<String> = (0..5_000).map(|n| LEGS[n % 2].to_owned()).collect();
    for bad in [99, 2_500, 4_999] {
        lines[bad] = "no record".to_owned();
    }
    let text = lines.join("\n") + "\n";
    let check = |situation: &str, content: &str, fails: bool, guessed: bool, expect: Result<&[u64], &str>| {
        for threads in [0, 1, 4] {
            let found = read_as(content.as_bytes(), End::Open, fails, guessed, Some(&way(threads)));
            let alone = read_as(content.as_bytes(), End::Open, fails, guessed, None);
            assert_eq!(found, alone, "{situation}, {threads} helpers");
            match (found, expect) {
                (Ok((rows, malformed, ..)), Ok(expect)) => {
                    assert_eq!(malformed.iter().map(|(line, _)| *line).collect::<Vec<_>>(), expect, "{situation}");
                    assert_eq!(rows.len() + expect.len(), 5_000, "{situation}");
                }
                (Err(error), Err(expect)) => assert!(error.contains(expect), "{situation}: {error}"),
                (found, _) => panic!("{situation}: {found:?}"),
            }
        }
    };
    check("whole", &text, false, false, Ok(&[100, 2_501, 5_000]));
    check("the stream breaks off", &text, true, false, Err("damaged"));
    check("cut within a line", &text[..text.len() - 30], false, false, Err("the last line"));
    let default = format!("{DEFAULT}\n");
    let mixed = |before: usize, bad: usize| {
        [default.repeat(before), "a b c\n".repeat(bad), default.repeat(5_000 - before - bad)].concat()
    };
    check("one line is of another form", &mixed(3_000, 1), false, true, Ok(&[3_001]));
    check("and then the stream breaks off", &mixed(3_000, 1), true, true, Err("damaged"));
    check("so are most", &mixed(1_200, 2_501), false, true, Err("line: 1201, fields: 3"));
}

#[test]
fn a_layout_holds_for_what_follows_whoever_took_that_before() {
    // Blocks behind the header are read by others while its own block is still being read.
    let records = |line: &str, count| format!("{line}\n").repeat(count);
    let slow = LEGS[0].replace("1700000000", &SLOW.to_string());
    let other = "eni-2 1700000000 77 10.0.0.1 10.0.0.2";
    let parts = [
        records(LEGS[0], 100),
        records(&slow, 1),
        records(OTHER_HEADER, 1),
        records(other, 500),
        records("bad", 1),
        records(&other.replace("1700000000", &SLOW.to_string()), 1),
        records(HEADER, 2),
        records(LEGS[1], 500),
        records("bad", 1),
    ];
    let content = parts.concat();
    let alone = read_as(content.as_bytes(), End::Open, false, false, None);
    let (rows, malformed, ..) = alone.clone().expect("two logs in one");
    assert_eq!((rows.len(), malformed.iter().map(|(line, _)| *line).collect::<Vec<_>>()), (1_102, vec![603, 1_107]));
    for threads in [1, 4] {
        assert_eq!(
            read_as(content.as_bytes(), End::Open, false, false, Some(&way(threads))),
            alone,
            "{threads} helpers"
        );
    }
}

#[test]
fn a_panic_of_whoever_helps_reaches_the_reader() {
    let content = format!("{}\n", LEGS[0]).repeat(500) + &LEGS[0].replace("1700000000", &PANICS.to_string()) + "\n";
    let read = std::panic::catch_unwind(|| read_as(content.as_bytes(), End::Open, false, false, Some(&way(3))));
    assert!(read.is_err());
}
