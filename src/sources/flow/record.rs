//! The rules that make fields a record, the same for every format. Sees values, never bytes of a file.

use crate::model::addr::Addr;
use crate::model::digits;
use crate::model::flow::{Direction, MAX_RECORD_BYTES, Verdict};

/// One value of a record: `-` or null, readable, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<T> {
    Absent,
    Value(T),
    Bad,
}

/// `action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Accept,
    Reject,
    Absent,
    Other,
}

/// `log-status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    NoData,
    SkipData,
    Other,
}

/// The values that decide what a record is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    pub action: Action,
    pub status: Status,
    pub start: Cell<u64>,
    pub bytes: Cell<u64>,
    pub src: Cell<Addr>,
    pub dst: Cell<Addr>,
    pub pkt_src: Cell<Addr>,
    pub pkt_dst: Cell<Addr>,
    /// Whether the log has both `pkt-*` addresses. With one alone no record tells who talks to whom.
    pub has_pkt: bool,
}

/// The values of a well-formed record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    pub verdict: Verdict,
    pub start: i64,
    pub bytes: u64,
    pub src: Addr,
    pub dst: Addr,
    pub pkt_src: Option<Addr>,
    pub pkt_dst: Option<Addr>,
}

/// Above this, `start` is in milliseconds: as seconds it would be past the year 5000.
const MAX_SECONDS: u64 = 100_000_000_000;

/// The last second of the last hour that 32 bits number.
const LAST_SECOND: u64 = (u32::MAX as u64 + 1) * 3_600 - 1;

impl Cells {
    /// A record, or why it is none.
    #[expect(clippy::inline_always, reason = "the values are many, and not to be moved")]
    #[inline(always)]
    pub fn judge(self) -> Result<Core, &'static str> {
        let start = match self.start {
            Cell::Value(start) if start > MAX_SECONDS => start / 1000,
            Cell::Value(start) => start,
            Cell::Absent | Cell::Bad => return Err("start is not a number"),
        };
        let in_range = i64::try_from(start).ok().filter(|_| start <= LAST_SECOND);
        let start = in_range.ok_or("start is out of range")?;
        let (pkt_src, pkt_dst) = match (self.pkt_src, self.pkt_dst) {
            (Cell::Bad, _) => return Err("pkt-srcaddr is not an address"),
            (_, Cell::Bad) => return Err("pkt-dstaddr is not an address"),
            // A `-` beside the interface's view says nothing else than that view.
            (src, dst) if self.has_pkt => (src.value().or(self.src.value()), dst.value().or(self.dst.value())),
            _ => (None, None),
        };
        if let (Cell::Value(src), Cell::Value(dst), Cell::Value(bytes), Action::Accept, Status::Ok) =
            (self.src, self.dst, self.bytes, self.action, self.status)
            && bytes <= MAX_RECORD_BYTES
        {
            return Ok(Core { verdict: Verdict::Accept, start, bytes, src, dst, pkt_src, pkt_dst });
        }
        self.judge_rest(start, pkt_src, pkt_dst)
    }

    #[cold]
    fn judge_rest(self, start: i64, pkt_src: Option<Addr>, pkt_dst: Option<Addr>) -> Result<Core, &'static str> {
        let verdict = match (self.status, self.action) {
            (Status::Other, _) => return Err("log-status is none of OK, NODATA, SKIPDATA"),
            (_, Action::Other) => return Err("action is none of ACCEPT, REJECT, -"),
            (Status::NoData, _) => Verdict::NoData,
            (Status::SkipData, _) => Verdict::SkipData,
            (Status::Ok, _) if self.src == Cell::Bad => return Err("srcaddr is not an address"),
            (Status::Ok, _) if self.dst == Cell::Bad => return Err("dstaddr is not an address"),
            // No byte of it is counted: engines that read numbers cannot tell bytes that are none from `-`.
            (Status::Ok, Action::Reject) => Verdict::Reject,
            (Status::Ok, Action::Absent) => return Err("action is missing"),
            (Status::Ok, Action::Accept) if !matches!(self.bytes, Cell::Absent) => {
                return Err("bytes is not a number, or more than a record can hold");
            }
            (Status::Ok, Action::Accept) => return Err("an accepted record without an address or bytes"),
        };
        // NODATA and SKIPDATA stand for no flow of their own: nothing in them may be summed or attributed.
        let flow = verdict == Verdict::Reject;
        let addr = |cell: Cell<Addr>| cell.value().filter(|_| flow).unwrap_or(Addr::NONE);
        let bytes = self.bytes.value().filter(|bytes| flow && *bytes <= MAX_RECORD_BYTES).unwrap_or(0);
        Ok(Core { verdict, start, bytes, src: addr(self.src), dst: addr(self.dst), pkt_src, pkt_dst })
    }
}

impl<T> Cell<T> {
    #[inline]
    pub(super) fn value(self) -> Option<T> {
        match self {
            Cell::Value(value) => Some(value),
            Cell::Absent | Cell::Bad => None,
        }
    }
}

/// Reads an address or `-`.
#[inline]
pub(super) fn addr(text: &[u8]) -> Cell<Addr> {
    // First, because a log without such a field says it of every record.
    if is_absent(text) {
        return Cell::Absent;
    }
    Addr::parse_end(text).map_or(Cell::Bad, Cell::Value)
}

/// Reads an unsigned number or `-`. Signs, overflow and anything else are bad.
#[inline]
pub(super) fn number(text: &[u8]) -> Cell<u64> {
    match digits::number(text) {
        Some(value) => Cell::Value(value),
        None if is_absent(text) => Cell::Absent,
        None => long_number(text),
    }
}

/// As [`number`], of a text whose last bytes are those, with what stands before it.
#[inline]
pub(super) fn number_behind(text: &[u8], bytes: Option<&[u8; 16]>) -> Cell<u64> {
    match bytes.and_then(|bytes| digits::last(bytes, text.len())) {
        Some(value) => Cell::Value(value),
        None => number(text),
    }
}

/// Reads a port. What is none says nothing: no record is refused for it.
#[inline]
pub(super) fn port(text: &[u8]) -> Option<u16> {
    if text.len() > 5 {
        return None;
    }
    digits::number(text).and_then(|value| u16::try_from(value).ok())
}

/// A number of more than 16 digits, or none.
#[cold]
fn long_number(text: &[u8]) -> Cell<u64> {
    let digits = text.iter().try_fold(0u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { value.checked_mul(10)?.checked_add(u64::from(digit)) }
    });
    digits.map_or(Cell::Bad, Cell::Value)
}

#[inline]
fn is_absent(text: &[u8]) -> bool {
    text == b"-" || text.is_empty()
}

/// Reads `action`.
#[inline]
pub(super) fn action(text: &[u8]) -> Action {
    match text {
        b"ACCEPT" => Action::Accept,
        b"REJECT" => Action::Reject,
        b"-" => Action::Absent,
        _ => Action::Other,
    }
}

/// Reads `log-status`.
#[inline]
pub(super) fn status(text: &[u8]) -> Status {
    match text {
        b"OK" => Status::Ok,
        b"NODATA" => Status::NoData,
        b"SKIPDATA" => Status::SkipData,
        _ => Status::Other,
    }
}

/// Reads `flow-direction`; words of the future are unknown.
#[inline]
pub(super) fn direction(text: &[u8]) -> Direction {
    match text {
        b"ingress" => Direction::Ingress,
        b"egress" => Direction::Egress,
        _ => Direction::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Cell<u64>) {
        assert_eq!(number(text.as_bytes()), expect, "{text}");
    }

    #[test]
    fn numbers_are_exact_or_bad() {
        check("0", Cell::Value(0));
        check("4249", Cell::Value(4249));
        check("18446744073709551615", Cell::Value(u64::MAX));
        check("00000000000000000000042", Cell::Value(42));
        check("-", Cell::Absent);
        for bad in ["-1", "18446744073709551616", "1.5", "1e3", " 1", "12345678901234567890123", "+1", "x"] {
            check(bad, Cell::Bad);
        }
    }

    #[test]
    fn ports_are_exact_or_not_said() {
        for (text, expect) in [
            ("0", Some(0)),
            ("443", Some(443)),
            ("65535", Some(65_535)),
            ("65536", None),
            ("99999", None),
            ("100000", None),
            ("-", None),
            ("", None),
            ("44x", None),
            ("-1", None),
            (" 1", None),
        ] {
            assert_eq!(port(text.as_bytes()), expect, "{text}");
        }
    }
}
