//! Golden outputs: what a person sees, character by character. `NATLENS_UPDATE_GOLDEN=1` rewrites them.

use super::*;
use std::path::PathBuf;

mod schema;

fn check(name: &str, report: &Report, format: Format, style: &Style) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/sinks/golden").join(name);
    let got = render(report, format, TableName::default(), style);
    if std::env::var_os("NATLENS_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expect, "{name} differs; it is now:\n{got}");
}

fn narrow() -> Style {
    Style { width: Some(100), ..Style::default() }
}

#[test]
fn tables_look_as_agreed() {
    check("full.txt", &sample::full(), Format::Table, &Style { top: 5, ..Style::default() });
    check("billed.txt", &sample::billed(), Format::Table, &Style { verbosity: 1, ..Style::default() });
    check("empty.txt", &sample::empty(), Format::Table, &Style::default());
    check("narrow.txt", &sample::full(), Format::Table, &narrow());
    check("ascii.txt", &sample::full(), Format::Table, &Style { unicode: false, verbosity: -1, ..narrow() });
    check("colour.txt", &sample::full(), Format::Table, &Style { color: true, ..Style::default() });
}

#[test]
fn markdown_looks_as_agreed() {
    let mut long = sample::full();
    long.clients = (0..14)
        .map(|i| {
            let mut client = long.clients[i % 4].clone();
            client.client = format!("10.20.3.{i}");
            client
        })
        .collect();
    check("full.md", &long, Format::Markdown, &Style::default());
}

#[test]
fn json_looks_as_agreed() {
    check("full.json", &sample::full(), Format::Json, &Style::default());
}

fn without_colour(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split("\u{1b}[").enumerate() {
        out.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    out
}

#[test]
fn colour_adds_nothing() {
    let report = sample::full();
    let plain = render(&report, Format::Table, TableName::default(), &Style::default());
    let coloured = render(&report, Format::Table, TableName::default(), &Style { color: true, ..Style::default() });
    assert_eq!(without_colour(&coloured), plain);
    assert_ne!(coloured, plain);
    assert!(!plain.contains('\u{1b}'), "a name reached the terminal as it came");
}

#[test]
fn ascii_style_is_ascii() {
    for report in [sample::full(), sample::billed(), sample::empty()] {
        let text = render(&report, Format::Table, TableName::default(), &Style { unicode: false, ..narrow() });
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn terminals_are_wide_enough() {
    for width in [80, 100, 120, 160, 200] {
        for report in [sample::full(), sample::billed(), sample::empty()] {
            let style = Style { width: Some(width), ..Style::default() };
            let text = render(&report, Format::Table, TableName::default(), &style);
            let longest = text.lines().max_by_key(|l| l.chars().count()).unwrap();
            assert!(longest.chars().count() <= usize::from(width), "{width}: {longest}");
        }
    }
}

#[test]
fn every_width_is_drawn() {
    for width in 0..40 {
        let style = Style { width: Some(width), top: 1, ..Style::default() };
        assert!(!render(&sample::full(), Format::Table, TableName::default(), &style).is_empty());
    }
}

#[test]
fn top_keeps_the_sum() {
    let report = sample::full();
    let total = |top| {
        let text = render(&report, Format::Table, TableName::default(), &Style { top, ..Style::default() });
        let services = text.split("\nServices\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
        let line = services.lines().find(|l| l.contains("otal ") && !l.contains("Total GB")).unwrap();
        (line.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), services.lines().count())
    };
    let ((all, long), (some, short)) = (total(0), total(2));
    assert_eq!(all, some);
    assert!(short < long);
}

#[test]
fn absurd_amounts_are_drawn() {
    let mut report = sample::full();
    for row in &mut report.traffic {
        row.upload_bytes = crate::model::bytes::Bytes::new(u64::MAX);
        row.usd = Some(crate::model::usd::Usd::from_units(i128::MAX));
    }
    report.summary.net_saving_usd = crate::model::usd::Usd::from_units(i128::MIN);
    report.summary.attributed_usd = Some(crate::model::usd::Usd::from_units(1));
    for format in Format::value_variants() {
        assert!(!render(&report, *format, TableName::Traffic, &Style::default()).is_empty());
    }
}

#[test]
fn names_are_read_in_both_spellings() {
    assert_eq!("nat-gateways".parse(), Ok(TableName::NatGateways));
    assert_eq!("nat_gateways".parse(), Ok(TableName::NatGateways));
    assert_eq!("markdown".parse(), Ok(Format::Markdown));
    let error = "yaml".parse::<Format>().unwrap_err().to_string();
    assert_eq!(error, "`yaml` is none of table, json, csv, markdown");
}
