//! The house rules that no lint can hold: who may import whom, who may name which crate, how long a file may be.

mod code;

use code::{blanked, is_word, paths, without_tests};
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// What a module may import besides itself: rows above its own only, so that no circle can be written down.
/// A file, and the target of an import, belong to the longest path here that leads to them.
const MODULES: &[(&str, &[&str])] = &[
    ("model", &[]),
    // A wish to end, from the signal to whoever has to tidy up.
    ("cancel", &[]),
    // What other crates' decoders panic with.
    ("guard", &[]),
    ("price", &["model"]),
    // The report as a value: what `diag`, `advise` and `sinks` share.
    ("report", &["model"]),
    ("diag", &["report"]),
    ("sources", &["model", "guard"]),
    // Two values that are read at the edge and looked up in the middle.
    ("sources::settings", &["model"]),
    ("sources::ip_ranges", &["model"]),
    ("count", &["model"]),
    // Which endpoints there are: what names a destination and what decides about it share this table.
    ("name::endpoints", &["model"]),
    // A host name alone becomes a service or an owner: no address, no log, no setting.
    ("name::hosts", &["model", "name::endpoints"]),
    // Names asked for, matched to counted bytes: knows nothing of what a name means.
    ("name::asked", &["model"]),
    ("name", &["model", "sources::ip_ranges", "sources::settings", "name::endpoints", "name::hosts", "name::asked"]),
    ("frames", &[]),
    ("bill", &["model"]),
    ("own", &["model", "sources::settings"]),
    ("attribute", &["model", "count", "name", "name::asked", "own", "frames", "sources::settings"]),
    ("reconcile", &["model", "price", "frames", "bill"]),
    ("advise", &["model", "price", "report", "name::endpoints"]),
    (
        "report::build",
        &["model", "report", "count", "name", "name::endpoints", "own", "frames", "attribute", "reconcile"],
    ),
    // Arithmetic of a report that exists: it may look at what the stages counted and added up, and runs none of them.
    ("explain", &["model", "price", "report", "count", "bill", "reconcile", "advise"]),
    // What was worked out once, in files: values in, the same values out. Asked and filled by `run`.
    ("cache", &["model", "guard", "report", "sources", "count"]),
    // Where files go: a folder here, or what `aws` makes of a bucket.
    ("target", &["sources"]),
    // The roll-up as SQL, the small tables that it joins, and its result as a rollup again.
    ("sql", &["model", "guard", "count"]),
    // A month as files that others read: rows in, bytes out. What a column says is said once, for files and DDL.
    ("export", &["model", "report", "sources", "target"]),
    // The live account: values out of requests. It knows nothing of what they are for.
    ("aws", &["model", "cancel", "sources", "target"]),
    // The roll-up by Amazon Athena: what is put where, which statement follows, what of its answer is believed.
    ("athena", &["model", "sources", "target", "aws"]),
    // What inputs and permissions are good for: values in, findings out.
    ("doctor", &["model", "report", "sources", "sources::settings", "aws"]),
    ("sinks", &["model", "report", "explain", "export", "doctor"]),
    // The account's answers as files: everything that reads them is elsewhere.
    ("collect", &["model", "sources", "target", "aws"]),
    // A second, independent account of the truth: it shares nothing with what it tests.
    ("simulate", &["model"]),
    (
        "run",
        &[
            "model",
            "price",
            "report",
            "diag",
            "sources",
            "sources::settings",
            "sources::ip_ranges",
            "count",
            "name::asked",
            "name",
            "own",
            "frames",
            "bill",
            "attribute",
            "reconcile",
            "advise",
            "report::build",
            "explain",
            "export",
            "cache",
            "sql",
            "aws",
            "doctor",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "report",
            "bill",
            "report::build",
            "explain",
            "export",
            "sources",
            "sources::settings",
            "cache",
            "target",
            "diag",
            "sql",
            "cancel",
            "aws",
            "athena",
            "doctor",
            "sinks",
            "collect",
            "simulate",
            "run",
        ],
    ),
    ("main", &["cancel", "guard", "cli"]),
];

/// Paths that only these modules may name: the rest of the crate does not know that they exist.
const HOMES: &[(&str, &[&str])] = &[
    ("polars", &["frames"]),
    ("polars_arrow", &["frames"]),
    ("arrow", &["sources", "frames", "simulate", "cache", "export", "sql"]),
    ("parquet", &["sources", "simulate", "cache", "export", "sql"]),
    // Reading is by `sources::inflate`, and its tests compare with this.
    ("flate2", &["sources", "simulate", "collect"]),
    ("crc32fast", &["sources"]),
    // Checksums that S3 keeps with objects.
    ("crc_fast", &["aws"]),
    ("sha2", &["model"]),
    // By hand, because an address that is taken for a URL loses keys with dots (docs/decisions.md).
    ("http", &["aws"]),
    ("http_body_util", &["aws"]),
    ("hyper", &["aws"]),
    ("hyper_rustls", &["aws"]),
    ("hyper_util", &["aws"]),
    ("csv_core", &["sources"]),
    ("zip", &["sources"]),
    ("psl", &["name::hosts"]),
    ("tempfile", &["sources", "cli", "cache", "target", "collect"]),
    ("rustix", &["export"]),
    ("walkdir", &["sources", "cache", "target", "collect"]),
    ("globset", &["sources"]),
    ("toml", &["sources"]),
    ("jiff", &["model"]),
    ("tokio", &["main", "aws"]),
    ("aws_config", &["aws"]),
    ("aws_runtime", &["aws"]),
    ("aws_types", &["aws"]),
    ("aws_credential_types", &["aws"]),
    ("aws_sigv4", &["aws"]),
    ("aws_sdk_athena", &["aws"]),
    ("aws_sdk_cloudwatch", &["aws"]),
    ("aws_sdk_costexplorer", &["aws"]),
    ("quick_xml", &["aws"]),
    ("futures_util", &["aws"]),
    ("bytes", &["aws", "sources", "sql"]),
    ("indicatif", &["cli"]),
    ("console", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("comfy_table", &["sinks"]),
    // Outside `cli` for the derives of enums and argument groups only.
    ("clap", &["cli", "main", "bill", "sinks", "simulate"]),
    // For generators under `examples/`: inside the crate every error has a type.
    ("anyhow", &[]),
    ("std::env", &["cli"]),
    ("std::fs", &["sources", "simulate", "run", "cli", "cache", "collect", "target", "export::folder"]),
];

/// Columns handed to Polars without copying, and vector instructions.
const UNSAFE_HOMES: [&str; 2] = ["src/frames/bridge.rs", "src/sources/simd.rs"];
const MAX_LINES: usize = 600;

/// A file of the crate.
struct Source {
    /// `/`-separated, from the crate's root.
    file: String,
    text: String,
}

impl Source {
    /// `sources::flow::text` for `src/sources/flow/text.rs`; `None` outside `src` and for the root of the library.
    fn module(&self) -> Option<String> {
        let path = self.file.strip_prefix("src/")?.strip_suffix(".rs")?;
        let path = path.strip_suffix("/mod").unwrap_or(path);
        (path != "lib").then(|| path.replace('/', "::"))
    }

    fn is_test(&self) -> bool {
        self.file.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    fn at(&self, offset: usize) -> String {
        format!("{}:{}", self.file, self.text[..offset].matches('\n').count() + 1)
    }
}

#[test]
fn imports_go_one_way() {
    holds(&imports);
}

#[test]
fn crates_stay_where_they_belong() {
    holds(&homes);
}

#[test]
fn unsafe_code_is_in_two_files() {
    holds(&unsafe_code);
}

#[test]
fn files_open_with_their_purpose() {
    holds(&purpose);
}

#[test]
fn files_fit_a_sitting() {
    holds(&length);
}

#[test]
fn the_table_of_modules_has_no_circle_and_no_dead_row() {
    let files: Vec<String> = sources().iter().filter_map(Source::module).collect();
    for (at, (module, may_import)) in MODULES.iter().enumerate() {
        let above: Vec<&str> = MODULES[..at].iter().map(|(name, _)| *name).collect();
        for target in *may_import {
            assert!(above.contains(target), "{module} may import {target}, which is not above it");
        }
        assert!(files.iter().any(|file| is_under(file, module)), "{module}: there is no such module");
    }
}

#[test]
fn the_page_on_architecture_shows_every_module() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    for (module, _) in MODULES.iter().filter(|(module, _)| !module.contains("::")) {
        let file = if *module == "main" { "main.rs".to_owned() } else { format!("{module}/") };
        let single = format!("{module}.rs");
        assert!(page.contains(&file) || page.contains(&single), "docs/architecture.md does not show {module}");
    }
}

#[test]
fn imports_that_break_the_order_are_found() {
    check(
        &imports,
        &[
            (
                "from above",
                "src/count/fold.rs",
                "//! x\n\nuse crate::report::Report;",
                &["src/count/fold.rs:3: count may not import report"],
            ),
            (
                "one of a group",
                "src/advise/a.rs",
                "use crate::{\n    model::usd::Usd,\n    run,\n};",
                &["src/advise/a.rs:3: advise may not import run"],
            ),
            (
                "inside an expression",
                "src/model/a.rs",
                "fn f() { crate::price::g() }",
                &["src/model/a.rs:1: model may not import price"],
            ),
            (
                "by way of super",
                "src/sinks/view/a.rs",
                "use super::super::super::run::report;",
                &["src/sinks/view/a.rs:1: sinks may not import run"],
            ),
            (
                "a part with its own row",
                "src/sinks/a.rs",
                "use crate::report::build::Builder;",
                &["src/sinks/a.rs:1: sinks may not import report::build"],
            ),
            ("past the command line", "src/main.rs", "use natlens::run;", &["src/main.rs:1: main may not import run"]),
            (
                "a module without a row",
                "src/cloud/mod.rs",
                "//! x",
                &["src/cloud/mod.rs:1: not in the table of modules"],
            ),
            (
                "of what has no row",
                "src/run/a.rs",
                "use crate::cloud::List;",
                &["src/run/a.rs:1: run may not import cloud"],
            ),
            ("from below and its own", "src/count/a.rs", "use crate::model::usd::Usd;\nuse super::fold::Fold;", &[]),
            ("visibility", "src/count/a.rs", "pub(in crate::count) fn f() {}\npub(super) fn g() {}", &[]),
            (
                "in comments and texts",
                "src/count/a.rs",
                "// crate::run\nconst A: (&str, char) = (\"crate::run //\", '\"');",
                &[],
            ),
            ("in tests at the end", "src/count/a.rs", "#[cfg(test)]\nmod tests {\n    use crate::run::report;\n}", &[]),
            ("in tests of their own", "src/count/tests.rs", "use crate::run::report;", &[]),
            (
                "after a lifetime",
                "src/count/a.rs",
                "fn f<'a>(_: &'a str) { crate::run::g() }",
                &["src/count/a.rs:1: count may not import run"],
            ),
        ],
    );
}

#[test]
fn other_breaches_are_found() {
    check(
        &homes,
        &[
            (
                "polars elsewhere",
                "src/count/a.rs",
                "fn f(_: polars::prelude::Series) {}",
                &["src/count/a.rs:1: count may not name polars"],
            ),
            (
                "files in the core",
                "src/count/a.rs",
                "use std::{fmt, fs::File};",
                &["src/count/a.rs:1: count may not name std::fs"],
            ),
            ("polars at home", "src/frames/a.rs", "use polars::prelude::Series;", &[]),
            ("a module called like a crate", "src/sinks/a.rs", "use super::console::Width;", &[]),
        ],
    );
    check(
        &unsafe_code,
        &[
            (
                "elsewhere",
                "src/model/a.rs",
                "fn f() {\n    unsafe { g() }\n}",
                &["src/model/a.rs:2: `unsafe` outside src/frames/bridge.rs and src/sources/simd.rs"],
            ),
            (
                "in tests",
                "tests/a.rs",
                "unsafe fn f() {}",
                &["tests/a.rs:1: `unsafe` outside src/frames/bridge.rs and src/sources/simd.rs"],
            ),
            (
                "the word only",
                "src/model/a.rs",
                "// unsafe\n#![deny(unsafe_code)]\nconst A: &str = r#\"\"unsafe\"#;",
                &[],
            ),
            ("at home", UNSAFE_HOMES[0], "unsafe fn f() {}", &[]),
        ],
    );
    check(
        &purpose,
        &[
            ("none", "src/model/a.rs", "use std::fmt;", &["src/model/a.rs:1: does not open with `//! `"]),
            ("said", "src/model/a.rs", "//! Bytes.", &[]),
        ],
    );
    check(
        &length,
        &[
            ("too long", "src/model/a.rs", &"//\n".repeat(MAX_LINES + 1), &["src/model/a.rs:601: over 600 lines"]),
            ("just not", "src/model/a.rs", &"//\n".repeat(MAX_LINES), &[]),
        ],
    );
}

/// What the case is, the file, its text, the breaches.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

fn check(rule: &dyn Fn(&Source) -> Vec<String>, cases: &[Case<'_>]) {
    for (what, file, text, breaches) in cases {
        let source = Source { file: (*file).to_owned(), text: (*text).to_owned() };
        assert_eq!(rule(&source), *breaches, "{what}");
    }
}

fn holds(rule: &dyn Fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > MODULES.len(), "the crate's files were not found");
    let breaches = sources.iter().flat_map(rule).fold(String::new(), |mut text, breach| {
        let _ = write!(text, "\n  {breach}");
        text
    });
    assert!(breaches.is_empty(), "{breaches}");
}

fn imports(source: &Source) -> Vec<String> {
    let Some(module) = source.module() else { return Vec::new() };
    let Some((row, may_import)) = row_of(&module) else {
        return vec![format!("{}:1: not in the table of modules", source.file)];
    };
    if source.is_test() {
        return Vec::new();
    }
    let code = without_tests(blanked(&source.text));
    let mut breaches = Vec::new();
    for (offset, path) in paths(&code) {
        let Some(target) = inside_crate(&path, &module) else { continue };
        let target_row = row_of(&target).map(|(name, _)| *name);
        let allowed = target_row.is_some_and(|name| name == *row || may_import.contains(&name));
        if !allowed {
            let name = target_row.unwrap_or_else(|| target.split("::").next().unwrap_or_default());
            breaches.push(format!("{}: {row} may not import {name}", source.at(offset)));
        }
    }
    breaches
}

fn homes(source: &Source) -> Vec<String> {
    let Some(module) = source.module().filter(|_| !source.is_test()) else { return Vec::new() };
    let code = without_tests(blanked(&source.text));
    let row = row_of(&module).map_or(module.as_str(), |(row, _)| row);
    let mut breaches = Vec::new();
    for (offset, path) in paths(&code) {
        for (name, homes) in HOMES {
            if is_under(&path, name) && !homes.iter().any(|home| is_under(&module, home)) {
                breaches.push(format!("{}: {row} may not name {name}", source.at(offset)));
            }
        }
    }
    breaches
}

fn unsafe_code(source: &Source) -> Vec<String> {
    if UNSAFE_HOMES.contains(&source.file.as_str()) {
        return Vec::new();
    }
    let code = blanked(&source.text);
    let words = code.match_indices("unsafe").filter(|(at, word)| {
        let after = code[at + word.len()..].chars().next();
        !code[..*at].ends_with(is_word) && !after.is_some_and(is_word)
    });
    let homes = UNSAFE_HOMES.join(" and ");
    words.map(|(at, _)| format!("{}: `unsafe` outside {homes}", source.at(at))).collect()
}

fn purpose(source: &Source) -> Vec<String> {
    let missing = (!source.text.starts_with("//! ")).then(|| format!("{}:1: does not open with `//! `", source.file));
    missing.into_iter().collect()
}

fn length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let over = (lines > MAX_LINES).then(|| format!("{}:{lines}: over {MAX_LINES} lines", source.file));
    over.into_iter().collect()
}

/// The longest row that leads to a module or an item.
fn row_of(path: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    MODULES.iter().filter(|(row, _)| is_under(path, row)).max_by_key(|(row, _)| row.len())
}

fn is_under(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Where a path leads inside the crate, from its root; `None` for other crates and for the root itself.
fn inside_crate(path: &str, module: &str) -> Option<String> {
    let mut segments: Vec<&str> = match path.split("::").next()? {
        "crate" | "natlens" => Vec::new(),
        "self" | "super" => module.split("::").collect(),
        _ => return None,
    };
    for segment in path.split("::") {
        match segment {
            "crate" | "natlens" | "self" => {}
            "super" => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    (!segments.is_empty()).then(|| segments.join("::"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "examples", "benches"] {
        walk(folder, &mut sources).expect("the crate's folders can be read");
    }
    sources
}

fn walk(folder: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    let entries = match fs::read_dir(root().join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let file = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&file, sources)?;
        } else if Path::new(&file).extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source { text: fs::read_to_string(entry.path())?, file });
        }
    }
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(())
}
