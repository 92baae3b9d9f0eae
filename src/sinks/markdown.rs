//! The document as GitHub Markdown: short tables, the rest of a long one folded away. Names from outside cannot become markup.

use super::document::{Document, Grid, Section, Tone};
use super::human::{Numbers, visible};
use std::fmt::Write as _;

/// Rows of a table before the rest is folded.
const ROWS: usize = 10;

/// Headline, sections, footer.
pub(super) fn render(document: &Document) -> String {
    let mut out = format!("# {}\n\n", escape(&document.title));
    for fact in &document.facts {
        let strong = if fact.tone == Tone::Good { "**" } else { "" };
        push(&mut out, format_args!("- {}: {strong}{}{strong}\n", fact.label, escape(&fact.text)));
    }
    for section in &document.sections {
        push_section(&mut out, section, &document.numbers);
    }
    push(&mut out, format_args!("\n---\n{}\n", escape(&document.footer)));
    out
}

fn push_section(out: &mut String, section: &Section, numbers: &Numbers) {
    push(out, format_args!("\n## {}\n", escape(&section.title)));
    let mut notes = Vec::new();
    if let Some(grid) = &section.grid {
        notes = push_folded(out, grid, numbers);
    }
    if !section.items.is_empty() {
        out.push('\n');
    }
    for item in &section.items {
        // A list number is markup of ours; any other mark is text.
        let mark = if item.mark.ends_with('.') { item.mark.clone() } else { format!("- **{}**", item.mark) };
        push(out, format_args!("{mark} {}\n", escape(&item.text)));
        if let Some(hint) = &item.hint {
            push(out, format_args!("  - hint: {}\n", escape(hint)));
        }
    }
    notes.extend(section.notes.iter().cloned());
    for note in notes {
        push(out, format_args!("\n{}\n", escape(&note)));
    }
}

/// The table, folded where it is long, and the notes that belong to what is shown.
fn push_folded(out: &mut String, grid: &Grid, numbers: &Numbers) -> Vec<String> {
    let Some((first, others)) = grid.fold(ROWS) else {
        push_table(out, grid, numbers);
        return grid.footnotes(numbers);
    };
    push_table(out, &first, numbers);
    push(out, format_args!("\n<details><summary>{} more</summary>\n", others.rows.len()));
    push_table(out, &others, numbers);
    out.push_str("\n</details>\n");
    first.footnotes(numbers)
}

fn push_table(out: &mut String, grid: &Grid, numbers: &Numbers) {
    out.push('\n');
    push_row(out, grid.columns.iter().map(|c| escape(&c.title)));
    push_row(out, grid.columns.iter().map(|c| if c.is_numeric() { "---:" } else { "---" }.to_owned()));
    for row in &grid.rows {
        push_row(out, row.cells.iter().map(|c| escape(&c.show(numbers))));
    }
    if let Some(total) = grid.total_row() {
        let strong = |text: String| if text.is_empty() { text } else { format!("**{text}**") };
        push_row(out, total.cells.iter().map(|c| strong(escape(&c.show(numbers)))));
    }
}

fn push_row(out: &mut String, cells: impl Iterator<Item = String>) {
    for cell in cells {
        push(out, format_args!("| {cell} "));
    }
    out.push_str("|\n");
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

/// Text that stays text: no markup, no HTML, no mention of a user, no link.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // GitHub looks for mentions after entities are read, so that an entity alone would not stop one.
            '@' => out.push_str("@&#8203;"),
            _ => out.push(c),
        }
    }
    out.replace("://", ":&#8203;//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(situation: &str, text: &str, expect: &str) {
        assert_eq!(escape(text), expect, "{situation}");
    }

    #[test]
    fn names_cannot_become_markup() {
        check("a cell border", "a|b", "a\\|b");
        check("code", "`x`", "\\`x\\`");
        check("html", "<img src=x>", "&lt;img src=x&gt;");
        check("a mention", "ask @team", "ask @&#8203;team");
        check("a link", "[x](https://e)", "\\[x\\](https:&#8203;//e)");
        check("an entity", "&lt;", "&amp;lt;");
        check("a line end", "a\nb", "a\\\\u{a}b");
        check("plain", "nat-0abc.example 1.5", "nat-0abc.example 1.5");
    }
}
