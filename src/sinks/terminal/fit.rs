//! Making text fit a terminal: which columns leave, what is shortened, where lines break.

use crate::sinks::document::{Column, Grid};
use crate::sinks::human::{Numbers, visible};
use comfy_table::Table;
use std::cmp::Reverse;

/// Spaces between two columns.
pub(super) const GAP: u16 = 2;
/// Text columns are not shortened below this.
const LEAST: usize = 12;
/// Columns of this rank and above leave before any text is shortened: a whole id is worth more than they are.
const LEAVES_FIRST: u8 = 4;

/// A table's cells as they are printed, the total last.
pub(super) struct Texts {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    pub total: bool,
}

impl Texts {
    pub(super) fn new(grid: &Grid, numbers: &Numbers) -> Self {
        let total = grid.total_row();
        let has_total = total.is_some();
        let rows = grid.rows.iter().chain(&total).map(|r| r.cells.iter().map(|c| visible(&c.show(numbers))).collect());
        let rows = rows.collect();
        let mut columns = grid.columns.clone();
        for column in &mut columns {
            column.title = visible(&column.title);
        }
        Self { columns, rows, total: has_total }
    }

    /// Leaves out columns and shortens text until the table is no wider than `room`, or nothing more can be done.
    /// Returns the titles of the columns that left.
    pub(super) fn fit(&mut self, room: usize, ellipsis: &str) -> Vec<String> {
        let mut dropped = Vec::new();
        while self.needs(usize::MAX) > room && self.drop_column(LEAVES_FIRST, &mut dropped) {}
        while self.needs(LEAST) > room && self.drop_column(1, &mut dropped) {}
        self.shorten(room, ellipsis);
        dropped.reverse();
        dropped
    }

    fn widths(&self) -> Vec<usize> {
        let of_column = |i: usize| self.rows.iter().filter_map(|r| r.get(i)).map(|c| width(c)).max().unwrap_or(0);
        self.columns.iter().enumerate().map(|(i, c)| of_column(i).max(width(&c.title))).collect()
    }

    /// Width of the table when no text column is wider than `most`, or than its title.
    fn needs(&self, most: usize) -> usize {
        let gaps = usize::from(GAP) * self.columns.len().saturating_sub(1);
        let cells = self.widths().into_iter().zip(&self.columns);
        gaps + cells.map(|(w, c)| if c.is_numeric() { w } else { w.min(most.max(width(&c.title))) }).sum::<usize>()
    }

    fn drop_column(&mut self, least_rank: u8, dropped: &mut Vec<String>) -> bool {
        let ranked = self.columns.iter().enumerate().filter(|(_, c)| c.rank >= least_rank);
        let Some(at) = ranked.max_by_key(|(i, c)| (c.rank, *i)).map(|(i, _)| i) else { return false };
        dropped.push(self.columns.remove(at).title);
        for row in &mut self.rows {
            row.remove(at);
        }
        true
    }

    /// Shortens the widest text column until the table fits or every text column is at its least.
    fn shorten(&mut self, room: usize, ellipsis: &str) {
        let mut limits = self.widths();
        let gaps = usize::from(GAP) * self.columns.len().saturating_sub(1);
        while gaps + limits.iter().sum::<usize>() > room {
            let able = (0..limits.len())
                .filter(|&i| !self.columns[i].is_numeric() && limits[i] > LEAST.max(width(&self.columns[i].title)));
            let Some(widest) = able.max_by_key(|&i| (limits[i], Reverse(i))) else { break };
            limits[widest] -= 1;
        }
        for row in &mut self.rows {
            for (cell, &limit) in row.iter_mut().zip(&limits) {
                *cell = shortened(cell, limit, ellipsis);
            }
        }
    }
}

/// `text` in at most `limit` columns, its middle given up: both ends of an id tell more than its middle.
pub(in crate::sinks) fn shortened(text: &str, limit: usize, ellipsis: &str) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(width(ellipsis));
    let (mut head, mut tail) = (String::new(), Vec::new());
    let (mut front, mut back) = (text.chars(), text.chars().rev());
    let mut used = 0;
    loop {
        let from_front = used % 2 == 0 || head.is_empty();
        let Some(c) = (if from_front { front.next() } else { back.next() }) else { break };
        if width(&head) + tail.iter().map(|c: &char| width(&c.to_string())).sum::<usize>() + width(&c.to_string())
            > room
        {
            break;
        }
        if from_front {
            head.push(c);
        } else {
            tail.push(c);
        }
        used += 1;
    }
    head.push_str(ellipsis);
    head.extend(tail.into_iter().rev());
    head
}

/// Columns that a terminal needs for `text`.
pub(in crate::sinks) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let mut table = Table::new();
    table.add_row([text]);
    table.column_max_content_widths().first().map_or(0, |&w| usize::from(w))
}

/// Lines of at most `room` columns, broken at spaces; a longer word stays whole so that it can be copied.
pub(in crate::sinks) fn wrap(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(situation: &str, text: &str, limit: usize, expect: &str) {
        let short = shortened(text, limit, "…");
        assert_eq!(short, expect, "{situation}");
        assert!(width(&short) <= limit, "{situation}");
    }

    #[test]
    fn ids_lose_their_middle() {
        check("fits", "nat-0123", 8, "nat-0123");
        check("odd", "nat-0123456789abcdef0", 12, "nat-01…cdef0");
        check("wide letters", "東京東京東京", 7, "東京…京");
        check("hardly any room", "abc", 2, "a…");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", Some(7)), ["one two", "three"]);
        assert_eq!(wrap("a-very-long-word here", Some(5)), ["a-very-long-word", "here"]);
        assert_eq!(wrap("one two", None), ["one two"]);
    }
}
