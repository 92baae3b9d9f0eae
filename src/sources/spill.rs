//! Distinct texts under keys, sorted, of any number in bounded memory: what does not fit goes to temporary files in sorted runs,
//! which are merged as they are read back. What comes out never depends on the order in which it went in, or on the limit.

use crate::model::symbols::{Sym, Symbols};
use hashbrown::HashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};

/// Runs of one level that are merged into one of the next: bounds the number of open files.
const FAN: usize = 32;
const FILE_BUFFER: usize = 64 << 10;
/// Bytes that a text takes beyond its own.
const TEXT_BYTES: usize = 48;
/// How often the entries of a run were merged before.
type Level = u32;

/// Collects entries, a key of `N` numbers and a text each.
#[derive(Debug)]
pub struct Sorter<const N: usize> {
    limit: usize,
    entries: HashSet<([u32; N], Sym)>,
    texts: Symbols,
    text_bytes: usize,
    runs: Vec<(Level, Run)>,
    failed: Option<io::Error>,
}

impl<const N: usize> Sorter<N> {
    /// Bytes that an entry takes in memory: in the table, which is never full, and once more while it is sorted.
    const ENTRY_BYTES: usize = 3 * (N + 1) * size_of::<u32>();

    /// Holds about `limit` bytes in memory.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (entries, texts, runs) = Default::default();
        Self { limit, entries, texts, text_bytes: 0, runs, failed: None }
    }

    /// Adds an entry; nothing changes if it is there already. The text is neither empty nor `-`, which stand for "absent".
    pub fn add(&mut self, key: [u32; N], text: &str) {
        let known = self.texts.len();
        let sym = self.texts.intern(text.as_bytes());
        if self.texts.len() > known {
            self.text_bytes += text.len() + TEXT_BYTES;
        }
        self.entries.insert((key, sym));
        if self.bytes() > self.limit && self.failed.is_none() {
            self.failed = self.spill().err();
        }
    }

    /// Adds all entries of another; its runs are taken over as they are.
    pub fn absorb(&mut self, other: Self) {
        self.failed = self.failed.take().or(other.failed);
        for (level, run) in other.runs {
            self.runs.push((level, run));
            if self.failed.is_none() {
                self.failed = self.compact().err();
            }
        }
        for (key, sym) in other.entries {
            self.add(key, other.texts.text(sym));
        }
    }

    /// Whether anything was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.runs.is_empty()
    }

    /// All entries, sorted by key, then text.
    pub fn finish(mut self) -> io::Result<Sorted<N>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let sources = self.runs.drain(..).map(|(_, run)| Source::File(run));
        let mut sources: Vec<Source<N>> = sources.collect();
        let (entries, texts) = self.take_sorted();
        sources.push(Source::Memory(entries.into_iter(), texts));
        Sorted::new(sources)
    }

    fn bytes(&self) -> usize {
        self.entries.len() * Self::ENTRY_BYTES + self.text_bytes
    }

    fn take_sorted(&mut self) -> (Vec<([u32; N], Sym)>, Symbols) {
        let texts = std::mem::take(&mut self.texts);
        self.text_bytes = 0;
        let mut by_text: Vec<u32> = (0..).take(texts.len()).collect();
        by_text.sort_unstable_by_key(|&raw| texts.text(Sym::from_raw(raw)));
        let mut rank = vec![0u32; by_text.len()];
        for (place, &raw) in (0..).zip(&by_text) {
            rank[raw as usize] = place;
        }
        let mut entries: Vec<([u32; N], Sym)> = std::mem::take(&mut self.entries).into_iter().collect();
        entries.sort_unstable_by_key(|(key, sym)| (*key, rank[sym.index()]));
        (entries, texts)
    }

    fn spill(&mut self) -> io::Result<()> {
        let (entries, texts) = self.take_sorted();
        let mut writer = RunWriter::new()?;
        for (key, sym) in &entries {
            writer.entry(key, texts.text(*sym).as_bytes())?;
        }
        self.runs.push((0, writer.finish()?));
        self.compact()
    }

    /// Merges runs where there are [`FAN`] of one level.
    fn compact(&mut self) -> io::Result<()> {
        let mut level = 0;
        while level <= self.runs.iter().map(|(level, _)| *level).max().unwrap_or(0) {
            if self.runs.iter().filter(|(of, _)| *of == level).count() >= FAN {
                let (these, others) = std::mem::take(&mut self.runs).into_iter().partition(|(of, _)| *of == level);
                self.runs = others;
                let these: Vec<(Level, Run)> = these;
                let mut merged = Sorted::<N>::new(these.into_iter().map(|(_, run)| Source::File(run)).collect())?;
                let mut writer = RunWriter::new()?;
                while let Some((key, text)) = merged.next()? {
                    writer.entry(key, text.as_bytes())?;
                }
                self.runs.push((level + 1, writer.finish()?));
            }
            level += 1;
        }
        Ok(())
    }
}

/// A sorted run in a file that has no name and goes with its handle.
#[derive(Debug)]
struct Run(BufReader<File>);

struct RunWriter(BufWriter<File>);

impl RunWriter {
    fn new() -> io::Result<Self> {
        Ok(Self(BufWriter::with_capacity(FILE_BUFFER, tempfile::tempfile()?)))
    }

    fn entry(&mut self, key: &[u32], text: &[u8]) -> io::Result<()> {
        for part in key {
            self.0.write_all(&part.to_le_bytes())?;
        }
        let len = u32::try_from(text.len()).map_err(io::Error::other)?;
        self.0.write_all(&len.to_le_bytes())?;
        self.0.write_all(text)
    }

    fn finish(self) -> io::Result<Run> {
        let mut file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Run(BufReader::with_capacity(FILE_BUFFER, file)))
    }
}

impl Run {
    /// The next entry into `key` and `text`; `false` at the end.
    fn read(&mut self, key: &mut [u32], text: &mut Vec<u8>) -> io::Result<bool> {
        if self.0.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut word = [0; 4];
        for part in key {
            self.0.read_exact(&mut word)?;
            *part = u32::from_le_bytes(word);
        }
        self.0.read_exact(&mut word)?;
        text.resize(u32::from_le_bytes(word) as usize, 0);
        self.0.read_exact(text)?;
        Ok(true)
    }
}

#[derive(Debug)]
enum Source<const N: usize> {
    File(Run),
    Memory(std::vec::IntoIter<([u32; N], Sym)>, Symbols),
}

/// The next entry of a source; ordered by key, then text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head<const N: usize> {
    key: [u32; N],
    text: Vec<u8>,
    source: usize,
}

/// Distinct entries in order.
#[derive(Debug)]
pub struct Sorted<const N: usize> {
    sources: Vec<Source<N>>,
    heads: BinaryHeap<Reverse<Head<N>>>,
    last: Option<Head<N>>,
}

impl<const N: usize> Sorted<N> {
    fn new(sources: Vec<Source<N>>) -> io::Result<Self> {
        let count = sources.len();
        let mut sorted = Self { sources, heads: BinaryHeap::with_capacity(count), last: None };
        for source in 0..count {
            sorted.advance(Head { key: [0; N], text: Vec::new(), source })?;
        }
        Ok(sorted)
    }

    /// Puts the next entry of the head's source in its place.
    fn advance(&mut self, mut head: Head<N>) -> io::Result<()> {
        let more = match &mut self.sources[head.source] {
            Source::File(run) => run.read(&mut head.key, &mut head.text)?,
            Source::Memory(entries, texts) => entries.next().is_some_and(|(key, sym)| {
                head.key = key;
                head.text.clear();
                head.text.extend_from_slice(texts.text(sym).as_bytes());
                true
            }),
        };
        if more {
            self.heads.push(Reverse(head));
        }
        Ok(())
    }

    /// The next entry.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed, which an iterator cannot do")]
    pub fn next(&mut self) -> io::Result<Option<(&[u32; N], &str)>> {
        loop {
            let Some(Reverse(head)) = self.heads.pop() else { return Ok(None) };
            let is_new = self.last.as_ref().is_none_or(|last| (last.key, &last.text) != (head.key, &head.text));
            if !is_new {
                self.advance(head)?;
                continue;
            }
            // The last one's memory serves for the next.
            let mut next = self.last.take().unwrap_or_else(|| head.clone());
            next.source = head.source;
            let last = self.last.insert(head);
            let found = std::str::from_utf8(&last.text).map(|_| ()).map_err(io::Error::other);
            self.advance(next)?;
            found?;
            break;
        }
        let last = self.last.as_ref().map(|last| (&last.key, std::str::from_utf8(&last.text).unwrap_or_default()));
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    type Entry = ([u32; 2], String);

    fn all(sorter: Sorter<2>) -> Vec<Entry> {
        let mut merged = sorter.finish().expect("temporary files");
        let mut entries = Vec::new();
        while let Some((key, text)) = merged.next().expect("temporary files") {
            entries.push((*key, text.to_owned()));
        }
        entries
    }

    fn sorter(entries: &[Entry], limit: usize) -> Sorter<2> {
        let mut sorter = Sorter::new(limit);
        for (key, text) in entries {
            sorter.add(*key, text);
        }
        sorter
    }

    #[test]
    fn runs_are_few_however_many_there_were() {
        let entries: Vec<Entry> = (0..5_000u32).map(|n| ([n % 7, n / 7], format!("t{n}"))).collect();
        let sorter = sorter(&entries, 0);
        assert!(sorter.runs.len() < 3 * FAN, "{} runs", sorter.runs.len());
        assert!(sorter.entries.is_empty() && !sorter.is_empty());
        assert_eq!(all(sorter).len(), entries.len());
        assert!(Sorter::<2>::new(0).is_empty());
        assert_eq!(all(Sorter::new(0)), []);
    }

    #[test]
    fn memory_stays_near_the_limit() {
        let mut sorter = Sorter::<4>::new(1 << 20);
        for n in 0..200_000u32 {
            sorter.add([n, n, n, n], &format!("name-{n}.example.com"));
            assert!(sorter.bytes() <= 1 << 20);
        }
        assert!(sorter.runs.len() > 5);
    }

    proptest! {
        #[test]
        fn neither_order_nor_limit_nor_parts_change_what_comes_out(
            entries in proptest::collection::vec(([0u32..4, 0u32..4], "[a-c]{1,3}|é"), 0..200),
            cut in 0usize..200,
            limits in [0usize..4_000, 0usize..4_000],
        ) {
            let expect: Vec<Entry> = entries.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
            prop_assert_eq!(&all(sorter(&entries, limits[0])), &expect);
            let reversed: Vec<Entry> = entries.iter().rev().cloned().collect();
            let (a, b) = reversed.split_at(cut.min(reversed.len()));
            let mut parts = sorter(a, limits[1]);
            parts.absorb(sorter(b, limits[0]));
            prop_assert_eq!(&all(parts), &expect);
        }
    }
}
