//! The document as plain text with ruled tables, for a terminal or a mail. Colour is decoration: the text without it says the same.

use super::Style;
use super::document::{Column, Document, Fact, Grid, Item, Section, Tone};
use super::human::{Numbers, visible};
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

mod fit;

pub(super) use fit::{shortened, width, wrap};

const INDENT: usize = 2;

/// Headline, sections, footer.
pub(super) fn render(document: &Document, style: &Style) -> String {
    let mut page = Page { out: String::new(), style, room: style.width.map(|w| usize::from(w).saturating_sub(INDENT)) };
    page.line(0, &visible(&document.title));
    page.rule(0, document.title.len());
    page.facts(&document.facts);
    for section in &document.sections {
        page.section(section, &document.numbers);
    }
    page.blank();
    page.wrapped(0, "", &visible(&document.footer), Tone::Plain);
    page.out
}

/// Columns of running text where no terminal sets a limit.
const PROSE: usize = 118;

struct Page<'a> {
    out: String,
    style: &'a Style,
    room: Option<usize>,
}

impl Page<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
        self.blank();
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn rule(&mut self, indent: usize, length: usize) {
        let rule = if self.style.unicode { "─" } else { "-" };
        self.line(indent, &rule.repeat(length));
    }

    /// Text from outside, harmless, and without the one sign of ours that plain ASCII does not have.
    fn text(&self, raw: &str) -> String {
        let text = visible(raw);
        if self.style.unicode { text } else { text.replace('…', "...") }
    }

    fn paint(&self, text: &str, tone: Tone) -> String {
        match tone {
            Tone::Good if self.style.color => format!("\u{1b}[32m{text}\u{1b}[0m"),
            Tone::Warn if self.style.color => format!("\u{1b}[33m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    /// `mark` and the text, continued below the text's own start where the terminal, or a readable line, ends.
    fn wrapped(&mut self, indent: usize, mark: &str, text: &str, tone: Tone) {
        let hang = if mark.is_empty() { 0 } else { fit::width(mark) + 1 };
        let room = self.room.unwrap_or(PROSE).saturating_sub(indent + hang).max(20);
        for (i, part) in fit::wrap(text, Some(room)).iter().enumerate() {
            let lead = if i == 0 { format!("{mark:hang$}") } else { " ".repeat(hang) };
            self.line(indent, &format!("{}{part}", if i == 0 { self.paint(&lead, tone) } else { lead }));
        }
    }

    fn facts(&mut self, facts: &[Fact]) {
        let label_width = facts.iter().map(|f| f.label.len()).max().unwrap_or(0) + 2;
        let room = self.room.unwrap_or(PROSE).saturating_sub(label_width).max(20);
        for fact in facts {
            for (i, part) in fit::wrap(&self.text(&fact.text), Some(room)).iter().enumerate() {
                let label = if i == 0 { fact.label } else { "" };
                let text = format!("{label:label_width$}{}", self.paint(part, fact.tone));
                self.line(INDENT, &text);
            }
        }
    }

    fn section(&mut self, section: &Section, numbers: &Numbers) {
        self.blank();
        self.line(0, &visible(&section.title));
        let mut notes = Vec::new();
        if let Some(grid) = &section.grid {
            notes.extend(self.grid(grid, numbers));
        }
        if section.grid.is_some() && !section.items.is_empty() {
            self.blank();
        }
        for item in &section.items {
            self.item(item);
        }
        notes.extend(section.notes.iter().cloned());
        for note in notes {
            self.wrapped(INDENT, "", &self.text(&note), Tone::Plain);
        }
    }

    fn item(&mut self, item: &Item) {
        self.wrapped(INDENT, &item.mark, &self.text(&item.text), item.tone);
        if let Some(hint) = &item.hint {
            self.wrapped(INDENT * 2, "hint:", &self.text(hint), Tone::Plain);
        }
    }

    /// Draws the table and returns the notes that belong to it.
    fn grid(&mut self, grid: &Grid, numbers: &Numbers) -> Vec<String> {
        let mut texts = fit::Texts::new(grid, numbers);
        let ellipsis = if self.style.unicode { "…" } else { "..." };
        let dropped = self.room.map_or_else(Vec::new, |room| texts.fit(room, ellipsis));
        let mut lines: Vec<String> =
            ruled(&texts, self.style.unicode).lines().map(|l| l.trim_end().to_owned()).collect();
        if self.style.color && texts.columns.last().is_some_and(Column::is_dim) {
            dim_last_cells(&mut lines, &texts.rows);
        }
        if texts.total && lines.len() > 2 {
            lines.insert(lines.len() - 1, lines[1].clone());
        }
        for line in &lines {
            self.line(INDENT, line);
        }
        let mut shown = grid.clone();
        shown.keep_columns(&grid.columns.iter().map(|c| !dropped.contains(&c.title)).collect::<Vec<_>>());
        let mut notes = shown.footnotes(numbers);
        if !dropped.is_empty() {
            notes.push(format!("Not shown at this width: {}.", dropped.join(", ")));
        }
        notes
    }
}

fn ruled(texts: &fit::Texts, unicode: bool) -> Table {
    let rule = if unicode { '─' } else { '-' };
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(rule)));
    table.set_header(texts.columns.iter().map(|c| c.title.as_str()));
    for row in &texts.rows {
        table.add_row(row.iter().map(String::as_str));
    }
    let last = texts.columns.len().saturating_sub(1);
    for (i, (column, of)) in table.column_iter_mut().zip(&texts.columns).enumerate() {
        column.set_padding((0, if i == last { 0 } else { fit::GAP }));
        column.set_cell_alignment(alignment(of));
    }
    table
}

fn alignment(column: &Column) -> CellAlignment {
    if column.is_numeric() { CellAlignment::Right } else { CellAlignment::Left }
}

fn dim_last_cells(lines: &mut [String], rows: &[Vec<String>]) {
    for (line, row) in lines.iter_mut().skip(2).zip(rows) {
        let Some(cell) = row.last().filter(|c| !c.is_empty()) else { continue };
        if let Some(rest) = line.strip_suffix(cell.as_str()) {
            *line = format!("{rest}\u{1b}[2m{cell}\u{1b}[0m");
        }
    }
}
