//! One large object read by several threads: whoever is free takes the next block of whole lines out of the stream and reads it into a
//! part of its own; parts are added in the order of their blocks, so that all is as if one thread had read it.
//!
//! A block is read with the layout that was in force when it was taken. Where that turns out to be another by the time it is added,
//! and wherever a block is anything but plain records, it is read once more in its place, as one thread would.

use super::{Form, MAX_LINE, Text};
use crate::model::flow::Shared;
use crate::sources::flow::error::ReadError;
use crate::sources::flow::lines::{Lines, Seen};
use crate::sources::spare::Lent;
use crate::sources::stream::{Hashing, Inflated};
use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of a block, about: with its part it stays in the second cache level.
pub(in crate::sources::flow) const BLOCK: usize = 512 << 10;
/// Blocks that may wait for one before them. Memory is bounded by these and one for each thread.
const MOST: usize = 8;

/// Threads that may have nothing else to do.
pub trait Helpers<'e> {
    /// Whether any of them waits.
    fn are_waiting(&self) -> bool;
    /// Calls `work` on this thread, and until it returns here on each that waits. It returns when there is nothing left to take.
    fn call(&self, work: Arc<dyn Fn() + Send + Sync + 'e>);
}

/// As [`super::read`], alone until somebody waits; gives the content back when all of it was read.
pub(in crate::sources::flow) fn read<'e, S: Shared + 'e>(
    head: &[u8],
    mut content: Hashing<Inflated>,
    form: Form,
    mut lines: Lines,
    sink: &mut S,
    (block, helpers): (usize, &impl Helpers<'e>),
) -> Result<(Hashing<Inflated>, Seen), ReadError> {
    let mut text = Text::new(form, &mut lines, sink);
    text.head(head)?;
    if text.pieces(&mut content, || helpers.are_waiting())? {
        text.last_line()?;
        lines.end()?;
        return Ok((content, lines.seen()));
    }
    let (number, begun) = (text.number, text.begun);
    let alone = sink.part();
    let object = Arc::new(Object {
        form,
        blocks: Mutex::new(Blocks { content: Some(content), is_ended: false, block, begun, next: 0 }),
        all: Mutex::new(All {
            sink: std::mem::replace(sink, alone),
            lines,
            number,
            next: 0,
            waiting: BTreeMap::new(),
            spare: Vec::new(),
            ended: None,
        }),
        moved: Condvar::new(),
    });
    let work = Arc::clone(&object);
    helpers.call(Arc::new(move || work.read()));
    object.finish(sink)
}

/// An object that is being read.
struct Object<S> {
    form: Form,
    /// Locked while a block is inflated.
    blocks: Mutex<Blocks>,
    all: Mutex<All<S>>,
    /// A block was added, or it is all over.
    moved: Condvar,
}

/// The text that was not taken.
struct Blocks {
    /// `None` once it was given back.
    content: Option<Hashing<Inflated>>,
    is_ended: bool,
    /// Bytes of a block, at least.
    block: usize,
    /// What lies behind the last line end.
    begun: Vec<u8>,
    next: usize,
}

/// A block of the text.
struct Block {
    number: usize,
    text: Vec<u8>,
    /// Of the last one, why there is no more.
    last: Option<Result<(), ReadError>>,
}

/// What was read.
struct All<S> {
    sink: S,
    lines: Lines,
    /// Lines so far.
    number: u64,
    /// The block that is added next, and those behind it that were read already.
    next: usize,
    waiting: BTreeMap<usize, (Block, Option<Part<S>>)>,
    /// Room for texts of blocks.
    spare: Vec<Vec<u8>>,
    ended: Option<Ended>,
}

/// How it ended.
enum Ended {
    Read(Result<(), ReadError>),
    /// A thread panicked with this.
    Lost(Box<dyn Any + Send>),
    /// Whoever asked knows.
    Told,
}

/// What is in a block, where it is nothing but records of one layout.
struct Part<S> {
    sink: S,
    seen: Seen,
    lines: u64,
    /// How often the layout had changed when it was taken.
    switches: u64,
}

impl<S: Shared> Object<S> {
    /// Reads blocks as long as there are any.
    fn read(&self) {
        let blocks = AssertUnwindSafe(|| while self.block() {});
        if let Err(panic) = catch_unwind(blocks) {
            self.all().ended = Some(Ended::Lost(panic));
            self.moved.notify_all();
        }
    }

    /// Reads a block, if there is one.
    fn block(&self) -> bool {
        let (choice, switches, sink, text) = {
            let mut all = self.all();
            while all.ended.is_none() && all.waiting.len() >= MOST {
                all = self.wait(all);
            }
            if all.ended.is_some() {
                return false;
            }
            (all.lines.choice().clone(), all.lines.switches(), all.sink.part(), all.spare.pop().unwrap_or_default())
        };
        let Some(block) = self.blocks().take(text) else { return false };
        let part = if block.last.is_some() { None } else { self.part(&block.text, Lines::new(choice), switches, sink) };
        let mut all = self.all();
        all.waiting.insert(block.number, (block, part));
        all.add(self.form);
        self.moved.notify_all();
        true
    }

    fn part(&self, block: &[u8], mut lines: Lines, switches: u64, mut sink: S) -> Option<Part<S>> {
        let mut text = Text::new(self.form, &mut lines, &mut sink);
        text.piece(block, &mut Lent::take()).ok()?;
        let number = text.number;
        (lines.switches() == 0).then_some(Part { sink, seen: lines.seen(), lines: number, switches })
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> MutexGuard<'_, All<S>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, all: MutexGuard<'g, All<S>>) -> MutexGuard<'g, All<S>> {
        self.moved.wait(all).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for whoever still reads a block, and gives what was read to `sink`.
    fn finish(&self, sink: &mut S) -> Result<(Hashing<Inflated>, Seen), ReadError> {
        let mut all = self.all();
        while all.ended.is_none() {
            all = self.wait(all);
        }
        match all.ended.replace(Ended::Told) {
            Some(Ended::Read(read)) => {
                read?;
                all.lines.end()?;
                std::mem::swap(&mut all.sink, sink);
                let content = self.blocks().content.take().expect("given back once");
                Ok((content, all.lines.seen()))
            }
            Some(Ended::Lost(panic)) => resume_unwind(panic),
            Some(Ended::Told) | None => unreachable!("asked once, when it is over"),
        }
    }
}

impl Blocks {
    /// Takes the next block into this room.
    fn take(&mut self, mut text: Vec<u8>) -> Option<Block> {
        let content = self.content.as_mut().filter(|_| !self.is_ended)?;
        let number = self.next;
        text.append(&mut self.begun);
        self.next += 1;
        let last = loop {
            match content.fill_buf() {
                Ok([]) => break Ok(()),
                Ok(piece) => {
                    text.extend_from_slice(piece);
                    let len = piece.len();
                    content.consume(len);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(ReadError::from_stream(error)),
            }
            if text.len() >= self.block {
                if let Some(end) = memchr::memrchr(b'\n', &text) {
                    self.begun.extend_from_slice(&text[end + 1..]);
                    text.truncate(end + 1);
                    return Some(Block { number, text, last: None });
                }
                // A line that is too long however long it is.
                text.truncate(MAX_LINE + 1);
            }
        };
        self.is_ended = true;
        Some(Block { number, text, last: Some(last) })
    }
}

impl<S: Shared> All<S> {
    /// Adds all blocks that can be.
    fn add(&mut self, form: Form) {
        while self.ended.is_none()
            && let Some((block, part)) = self.waiting.remove(&self.next)
        {
            self.next += 1;
            let Block { text: mut room, last, .. } = block;
            if let Some(Part { sink, seen, lines, switches }) = part
                && switches == self.lines.switches()
                && self.sink.add(sink, self.number)
            {
                self.lines.seen_mut().add(seen, self.number);
                self.number += lines;
                room.clear();
                self.spare.push(room);
                continue;
            }
            let mut text = Text { number: self.number, ..Text::new(form, &mut self.lines, &mut self.sink) };
            let mut read = text.piece(&room, &mut Lent::take());
            if let (Ok(()), Some(Ok(()))) = (&read, &last) {
                read = text.last_line();
            }
            self.number = text.number;
            self.ended = match (read, last) {
                (Err(error), _) => Some(Ended::Read(Err(error))),
                (Ok(()), last) => last.map(Ended::Read),
            };
        }
    }
}
