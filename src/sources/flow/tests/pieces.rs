//! Lines are the same wherever the stream breaks off one piece and begins the next.

use super::super::lines::Lines;
use super::super::text::{self, Before, End};
use super::*;
use std::io::BufRead;

/// Gives content in pieces of these lengths, over and over.
struct Pieces<'a> {
    left: &'a [u8],
    lens: &'a [usize],
    at: usize,
    /// Of the piece that is being given.
    rest: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("lines are read where they lie")
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest == 0 {
            self.rest = self.lens[self.at % self.lens.len()].min(self.left.len());
            self.at += 1;
        }
        Ok(&self.left[..self.rest])
    }

    fn consume(&mut self, len: usize) {
        self.left = &self.left[len..];
        self.rest -= len;
    }
}

type Found = Result<(Vec<String>, Vec<(u64, &'static str)>), String>;

fn read_in(content: &[u8], head: usize, lens: &[usize], end: End) -> Found {
    let layout = Layout::parse(HEADER).expect("a layout");
    let (mut lines, mut kept) = (Lines::new(Choice::certain(layout)), Kept::default());
    let (head, left) = content.split_at(head.min(content.len()));
    let mut pieces = Pieces { left, lens, at: 0, rest: 0 };
    text::read(head, &mut pieces, (Before::Nothing, end), &mut lines, &mut kept).map_err(|error| error.to_string())?;
    assert_eq!(lines.seen().records, (kept.rows.len() + kept.malformed.len()) as u64);
    Ok((kept.rows, kept.malformed))
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => Just(LEGS[0].to_owned()),
        3 => Just(LEGS[1].to_owned()),
        1 => Just(String::new()),
        1 => Just("x".to_owned()),
        1 => Just(format!("{}\r", LEGS[0])),
        1 => Just("y".repeat(text::MAX_LINE)),
        1 => Just("z".repeat(text::MAX_LINE + 1)),
    ];
    (prop::collection::vec(line, 0..12), any::<bool>()).prop_map(|(lines, ended)| {
        let mut text = lines.join("\n");
        if ended {
            text.push('\n');
        }
        text.into_bytes()
    })
}

proptest! {
    #[test]
    fn pieces_do_not_matter(content in lines(), head in 0usize..300, lens in prop::collection::vec(prop_oneof![1usize..200, 60_000usize..140_000], 1..6), sealed: bool) {
        let end = if sealed { End::Sealed } else { End::Open };
        let whole = read_in(&content, content.len(), &[1], end);
        prop_assert_eq!(read_in(&content, head, &lens, end), whole.clone());
        let in_two = read_in(&content, 0, &[content.len().max(1)], end);
        prop_assert_eq!(in_two, whole);
    }
}

#[test]
fn what_is_hashed_is_the_content() {
    for records in [0, 1, 3_000] {
        let text = format!("{HEADER}\n{}", format!("{}\n", LEGS[0]).repeat(records));
        for stored in [text.clone().into_bytes(), gz(text.as_bytes())] {
            let (outcome, kept) = read(&stored, &LayoutHints::default()).expect("a flow log");
            let expect = (xxhash_rust::xxh3::xxh3_128(text.as_bytes()), text.len() as u64);
            assert_eq!((outcome.content_hash, outcome.inflated_bytes), expect, "{records}");
            assert_eq!(kept.rows.len(), records);
        }
    }
}
