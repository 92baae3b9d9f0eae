//! One text record after another, from whatever carries them. The hot path: splits once, allocates nothing.

use super::about::{About, Abouts};
use super::detect;
use super::error::ReadError;
use super::hints::{Choice, fits, says_default};
use super::layout::{Field, FieldSet, Layout};
use super::owner;
use super::record::{self, Action, Cell, Cells, Status};
use super::split::{Fields, Split};
use crate::model::addr::Addr;
use crate::model::flow::{FlowRecord, FlowSink};
use crate::model::symbols::Sym;

/// Of how many layouts the records of an object are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layouts {
    /// All of one.
    #[default]
    One,
    /// A later header names other fields, or the same in another order; or records without a header are of several formats.
    Several,
}

/// What reading has found so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub records: u64,
    pub fields: FieldSet,
    pub assumed_accept: bool,
    pub assumed_ok: bool,
    /// Whether the layout was guessed.
    pub guessed: bool,
    /// Of how many layouts its lines are.
    pub layouts: Layouts,
    /// Lines that do not fit a layout that was guessed, and of the first its number and its fields.
    misfits: u64,
    misfit: Option<(u64, usize)>,
}

impl Seen {
    pub fn fields(&mut self, fields: FieldSet) {
        self.fields = self.fields.union(fields);
        self.assumed_accept |= !fields.contains(Field::Action);
        self.assumed_ok |= !fields.contains(Field::LogStatus);
    }

    /// With what another part of the object holds, before which stand so many lines.
    pub fn add(&mut self, part: Self, lines: u64) {
        let Self { records, fields, assumed_accept, assumed_ok, guessed, layouts, misfits, misfit } = part;
        self.guessed |= guessed;
        self.layouts = self.layouts.max(layouts);
        self.misfits += misfits;
        self.misfit = self.misfit.or(misfit.map(|(line, fields)| (lines + line, fields)));
        self.records += records;
        self.fields = self.fields.union(fields);
        self.assumed_accept |= assumed_accept;
        self.assumed_ok |= assumed_ok;
    }
}

/// Where a line stands: its number from 1, and whether a line end followed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub number: u64,
    pub ended: bool,
    /// Whether a container proves that the line is whole even so.
    pub sealed: bool,
}

/// Whether the last field of a line is whole by its own form, as far as that can be told: half a number is a number too.
#[cold]
fn is_closed(layout: &Layout, line: &[u8]) -> bool {
    let text = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    let digits = text.iter().all(u8::is_ascii_digit);
    let id = text.rsplit(|&byte| byte == b'-').next().unwrap_or_default();
    match layout.columns().last() {
        // Cut right behind a blank: the field is missing altogether.
        _ if text.is_empty() => false,
        _ if text == b"-" => true,
        Some(Some(Field::Bytes)) => false,
        Some(Some(Field::Start | Field::End)) => digits && matches!(text.len(), 10 | 13),
        Some(Some(Field::FlowDirection)) => text == b"ingress" || text == b"egress",
        Some(Some(Field::InterfaceId)) => matches!(id.len(), 8 | 17) || !id.iter().all(u8::is_ascii_hexdigit),
        _ => true,
    }
}

/// Reads lines with the layout that is in force.
#[derive(Debug)]
pub(super) struct Lines {
    fields: Fields,
    reader: Reader,
}

impl Lines {
    pub fn new(choice: Choice) -> Self {
        let mut seen = Seen { guessed: choice.guessed, ..Seen::default() };
        seen.fields(choice.layout.fields());
        let abouts = Abouts::new(&choice.layout);
        Self {
            fields: Fields::new(),
            reader: Reader { choice, abouts, seen, switches: 0, record: FlowRecord::NOTHING },
        }
    }

    /// What was found so far.
    pub const fn seen(&self) -> Seen {
        self.reader.seen
    }

    /// The same, to add to.
    pub const fn seen_mut(&mut self) -> &mut Seen {
        &mut self.reader.seen
    }

    /// After the last line: a layout that was guessed and that most lines do not fit is none.
    pub const fn end(&self) -> Result<(), ReadError> {
        let Seen { records, misfits, misfit, .. } = self.reader.seen;
        match misfit {
            Some((line, fields)) if misfits > records / 2 => Err(ReadError::NoLayout { line, fields }),
            _ => Ok(()),
        }
    }

    /// How often the layout changed.
    pub const fn switches(&self) -> u64 {
        self.reader.switches
    }

    /// The layout that is in force.
    pub const fn choice(&self) -> &Choice {
        &self.reader.choice
    }

    /// From here on, another layout.
    pub fn switch(&mut self, choice: Choice) {
        self.reader.switch(choice);
    }

    /// Reads a line that is not split yet.
    pub fn line<S: FlowSink>(&mut self, line: &[u8], at: Place, sink: &mut S) -> Result<(), ReadError> {
        self.reader.line(self.fields.split(line), at, sink)
    }

    /// Reads a line that is split.
    #[inline]
    pub fn split_line<S: FlowSink>(&mut self, line: Split<'_>, at: Place, sink: &mut S) -> Result<(), ReadError> {
        self.reader.line(line, at, sink)
    }

    pub fn malformed<S: FlowSink>(&mut self, number: u64, why: &'static str, sink: &mut S) {
        self.reader.malformed(number, why, sink);
    }
}

#[derive(Debug)]
struct Reader {
    choice: Choice,
    abouts: Abouts,
    seen: Seen,
    switches: u64,
    /// The record at hand. One that is copied as a whole just after its fields were written one by one waits for all of them.
    record: FlowRecord,
}

impl Reader {
    fn switch(&mut self, choice: Choice) {
        if choice == self.choice {
            return;
        }
        self.switches += 1;
        self.seen.guessed |= choice.guessed;
        if choice.layout != self.choice.layout {
            self.seen.layouts = Layouts::Several;
        }
        self.seen.fields(choice.layout.fields());
        self.abouts = Abouts::new(&choice.layout);
        self.choice = choice;
    }

    #[expect(clippy::inline_always, reason = "else where the line is split is handed over in memory")]
    #[inline(always)]
    fn line<S: FlowSink>(&mut self, line: Split<'_>, at: Place, sink: &mut S) -> Result<(), ReadError> {
        match read(line, &self.choice.layout, &mut self.abouts, sink, &mut self.record) {
            Ok(()) if !self.choice.guessed || says_default(line.line()) => {
                if !at.ended && !at.sealed && !is_closed(&self.choice.layout, line.line()) {
                    let why = "its last field may be cut, and no line end follows it".to_owned();
                    return Err(ReadError::BrokenOff { part: "the last line", why });
                }
                self.seen.records += 1;
                sink.record(&self.record);
                Ok(())
            }
            other => self.line_apart(line.line(), at, other.err().unwrap_or("not of the default format"), sink),
        }
    }

    /// Everything that is no record of the layout in force: blank, a header, a record of another format, or bad.
    #[cold]
    fn line_apart<S: FlowSink>(
        &mut self,
        line: &[u8],
        at: Place,
        why: &'static str,
        sink: &mut S,
    ) -> Result<(), ReadError> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if let Some(layout) = detect::header(line) {
            self.switch(Choice::certain(layout?));
            return Ok(());
        }
        if let Some(single) = single_spaced(line)
            && (!self.choice.guessed || says_default(&single))
            && let split = Fields::new().split(&single)
            && read(split, &self.choice.layout, &mut self.abouts, sink, &mut self.record).is_ok()
        {
            self.seen.records += 1;
            sink.record(&self.record);
            return Ok(());
        }
        let mut others = self.choice.others.iter().filter(|layout| fits(layout, line));
        if let (Some(layout), None) = (others.next(), others.next())
            && read(Fields::new().split(line), layout, &mut Abouts::new(layout), sink, &mut self.record).is_ok()
        {
            self.seen.fields(layout.fields());
            self.seen.layouts = Layouts::Several;
            self.seen.records += 1;
            sink.record(&self.record);
            return Ok(());
        }
        if !at.ended {
            return Err(ReadError::BrokenOff { part: "the last line", why: why.to_owned() });
        }
        if self.choice.guessed {
            self.seen.misfits += 1;
            self.seen.misfit.get_or_insert_with(|| (at.number, line.split(|&byte| byte == b' ').count()));
        }
        self.malformed(at.number, why, sink);
        Ok(())
    }

    fn malformed<S: FlowSink>(&mut self, number: u64, why: &'static str, sink: &mut S) {
        self.seen.records += 1;
        sink.malformed(number, why);
    }
}

/// The line without surplus spaces, if it has any: AWS's own examples do, and a record's fields are never empty.
fn single_spaced(line: &[u8]) -> Option<Vec<u8>> {
    let surplus = memchr::memmem::find(line, b"  ").is_some() || line.starts_with(b" ") || line.ends_with(b" ");
    let words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    surplus.then(|| words.collect::<Vec<_>>().join(&b' '))
}

/// Whether two texts are the same; those of addresses are compared as two words, which is less than calling a function.
#[inline]
fn same(one: &[u8], two: &[u8]) -> bool {
    if one.len() != two.len() || one.len() > 16 {
        return one == two;
    }
    match (one.first_chunk::<8>(), two.first_chunk::<8>()) {
        (Some(first), Some(of_two)) => first == of_two && one.last_chunk::<8>() == two.last_chunk::<8>(),
        _ => one == two,
    }
}

/// Makes the record what the line says; of no use where it says none.
#[expect(clippy::inline_always, reason = "what a line says is many values, and not to be moved")]
#[inline(always)]
fn read<S: FlowSink>(
    line: Split<'_>,
    layout: &Layout,
    abouts: &mut Abouts,
    sink: &mut S,
    record: &mut FlowRecord,
) -> Result<(), &'static str> {
    if line.len() != layout.width() {
        return Err("not as many fields as the header or format names");
    }
    let text = |field: Field| layout.column(field).map_or(&b""[..], |column| line.get(column));
    let (src, dst) = (text(Field::SrcAddr), text(Field::DstAddr));
    let (src_cell, dst_cell) = (record::addr(src), record::addr(dst));
    // Most packets were not rewritten: the same text needs no second reading.
    let packet_addr = |packet: &[u8]| -> Cell<Addr> {
        if same(packet, src) {
            src_cell
        } else if same(packet, dst) {
            dst_cell
        } else {
            record::addr(packet)
        }
    };
    let number = |field: Field| -> Cell<u64> {
        layout.column(field).map_or(Cell::Absent, |column| record::number_behind(line.get(column), line.until(column)))
    };
    let has = layout.fields();
    let cells = Cells {
        action: if has.contains(Field::Action) { record::action(text(Field::Action)) } else { Action::Accept },
        status: if has.contains(Field::LogStatus) { record::status(text(Field::LogStatus)) } else { Status::Ok },
        start: number(Field::Start),
        bytes: number(Field::Bytes),
        src: src_cell,
        dst: dst_cell,
        pkt_src: packet_addr(text(Field::PktSrcAddr)),
        pkt_dst: packet_addr(text(Field::PktDstAddr)),
        has_pkt: has.contains(Field::PktSrcAddr) && has.contains(Field::PktDstAddr),
    };
    let core = cells.judge()?;
    record.owner = if has.meets(owner::FIELDS) {
        owner::intern(sink.symbols(), layout, |column| line.get(column))
    } else {
        Sym::NONE
    };
    let About { interface, resource, facts, ports } = abouts.of(layout, line, sink);
    (record.interface, record.resource, record.facts) = (interface, resource, facts);
    let port = |field: Field| if ports { record::port(text(field)) } else { None };
    (record.src_port, record.dst_port) = (port(Field::SrcPort), port(Field::DstPort));
    (record.start, record.bytes, record.verdict) = (core.start, core.bytes, core.verdict);
    (record.src, record.dst) = (core.src, core.dst);
    (record.pkt_src, record.pkt_dst) = (core.pkt_src, core.pkt_dst);
    record.direction = record::direction(text(Field::FlowDirection));
    let symbols = sink.symbols();
    let mut symbol = |field: Field| -> Sym { symbols.intern(text(field)) };
    record.src_service = symbol(Field::PktSrcService);
    record.dst_service = symbol(Field::PktDstService);
    record.next_hop_kind = symbol(Field::NextHopInterfaceType);
    record.next_hop = symbol(Field::NextHopInterfaceId);
    Ok(())
}
