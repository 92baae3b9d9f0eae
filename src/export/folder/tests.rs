//! Runs that end at every step: the month is the old or the new one, and the next run finishes it.

use super::super::manifest::Foreign;
use super::*;
use std::collections::BTreeMap;

/// A month with these files, each with its text.
fn month(month: &str, files: &[(&str, &str)]) -> (Manifest, Vec<Part>) {
    let parts: Vec<Part> = files
        .iter()
        .map(|(folder, text)| Part {
            table: "traffic",
            account: folder[folder.len() - 12..].to_owned(),
            path: format!("{folder}/month={month}/part-00000.parquet"),
            rows: 1,
            sums: BTreeMap::new(),
            sha256: sha256(text.as_bytes()),
            bytes: text.as_bytes().to_vec(),
        })
        .collect();
    (Manifest::of_test(month, &parts), parts)
}

/// Every file under a folder with its text, but for the lock.
fn all(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != LOCK) {
                let name = path.strip_prefix(root).expect("under it").display().to_string();
                found.insert(name, fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    found
}

/// What is there once a month is whole.
fn whole(months: &[&(Manifest, Vec<Part>)]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (manifest, parts) in months {
        files.insert(manifest.path(), manifest.to_json());
        for part in parts {
            files.insert(part.path.clone(), String::from_utf8(part.bytes.clone()).expect("a text"));
        }
    }
    files
}

// All of one account, whose rows of a month are replaced whole.
const ONE: &str = "traffic/account_id=111111111111";
const TWO: &str = "clients/account_id=111111111111";
const THREE: &str = "findings/account_id=111111111111";
const OTHER: &str = "traffic/account_id=222222222222";

fn put(root: &Path, (manifest, parts): &(Manifest, Vec<Part>)) {
    Folder::open(root).expect("opened").replace(manifest, parts).expect("replaced");
}

#[test]
fn a_run_that_ends_anywhere_leaves_the_old_month_or_the_new_one() {
    let other = month("2026-09", &[(ONE, "september")]);
    let old = month("2026-10", &[(ONE, "old one"), (TWO, "old two")]);
    let new = month("2026-10", &[(ONE, "new one"), (THREE, "new three")]);
    let next = month("2026-10", &[(TWO, "next two")]);
    let (mut last, mut seen) = (0, BTreeMap::new());
    for stop in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        put(root, &other);
        put(root, &old);
        let mut at = 0;
        let ended = Folder::open(root).expect("opened").steps(&new.0, &new.1, &mut |_| {
            at += 1;
            if at > stop { Err(io::Error::other("the process ends here")) } else { Ok(()) }
        });
        // Whatever is under a final name is whole, and of one of the two.
        let (was, is) = (whole(&[&other, &old]), whole(&[&other, &new]));
        for (file, text) in all(root).into_iter().filter(|(file, _)| !file.starts_with(OWN)) {
            assert!(was.get(&file) == Some(&text) || is.get(&file) == Some(&text), "step {stop}: {file}: {text}");
        }
        let manifest = fs::read_to_string(root.join(new.0.path())).expect("a manifest");
        let decided = root.join(OWN).join(COMMIT).exists() || manifest == new.0.to_json();
        drop(Folder::open(root).expect("opened"));
        assert_eq!(all(root), if decided { is } else { was }, "step {stop}");
        *seen.entry(decided).or_insert(0) += 1;
        put(root, &next);
        assert_eq!(all(root), whole(&[&other, &next]), "step {stop}");
        if ended.is_ok() {
            last = stop;
            break;
        }
    }
    // Two files and a manifest to write and to put in place, one to delete, and what stands between.
    assert!(last >= 10, "{last} steps");
    assert!(seen[&true] > 3 && seen[&false] > 3, "{seen:?}");
}

#[test]
fn what_finishes_a_month_may_end_anywhere_too() {
    let old = month("2026-10", &[(ONE, "old one"), (TWO, "old two")]);
    let new = month("2026-10", &[(ONE, "new one"), (THREE, "new three")]);
    for stop in 0..6 {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        put(root, &old);
        let end_at = |last: usize, folder: &Folder, finish: bool| {
            let mut at = 0;
            let mut step = |path: &Path| {
                at += usize::from(!path.starts_with(root.join(OWN).join(NEW)));
                if at > last { Err(io::Error::other("the process ends here")) } else { Ok(()) }
            };
            if finish { folder.finish(&mut step) } else { folder.steps(&new.0, &new.1, &mut step) }
        };
        // Right behind the decision, then some steps further.
        let opened = Folder::open(root).expect("opened");
        end_at(2, &opened, false).expect_err("it ends");
        let _ = end_at(stop, &opened, true);
        drop(opened);
        drop(Folder::open(root).expect("opened"));
        assert_eq!(all(root), whole(&[&new]), "{stop}");
    }
}

#[test]
fn what_is_not_ours_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    put(root, &month("2026-10", &[(ONE, "one"), (TWO, "two")]));
    let mine = root.join(format!("{TWO}/month=2026-10/notes.txt"));
    fs::write(&mine, "mine").expect("written");
    put(root, &month("2026-10", &[(ONE, "one")]));
    assert!(mine.exists() && !mine.with_file_name("part-00000.parquet").exists());
}

#[test]
fn a_month_that_cannot_be_finished_is_exported_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let (october, november) = (month("2026-10", &[(ONE, "new")]), month("2026-11", &[(ONE, "november")]));
    let mut at = 0;
    let opened = Folder::open(root).expect("opened");
    // Ends behind the decision, before the file is in place.
    opened
        .steps(&october.0, &october.1, &mut |_| {
            at += 1;
            if at > 4 { Err(io::Error::other("the process ends here")) } else { Ok(()) }
        })
        .expect_err("it ends");
    fs::remove_dir_all(root.join(OWN).join(NEW)).expect("somebody cleared up");
    drop(opened);
    let opened = Folder::open(root).expect("opened");
    assert_eq!(opened.found("2026-10").expect("read").cut, Cut::Known(Box::new(october.0.clone())));
    assert_eq!(opened.found("2026-11").expect("read").cut, Cut::None);
    let lost = opened.replace(&november.0, &november.1).expect_err("lost");
    drop(opened);
    assert!(matches!(&lost, FolderError::Lost { month, .. } if month == "2026-10"), "{lost}");
    put(root, &october);
    put(root, &november);
    assert_eq!(all(root), whole(&[&october, &november]));
}

#[test]
fn a_lost_month_is_known_to_be_lost_until_it_is_decided_anew() {
    let old = month("2026-10", &[(ONE, "old one"), (TWO, "old two")]);
    let lost = month("2026-10", &[(ONE, "lost one"), (THREE, "lost three")]);
    let (again, november) = (month("2026-10", &[(ONE, "again"), (TWO, "two")]), month("2026-11", &[(ONE, "november")]));
    let mut told = 0;
    for stop in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let cut = || Folder::open(root).expect("opened").found("2026-10").expect("read").cut;
        let end_at = |last: usize, (manifest, parts): &(Manifest, Vec<Part>)| {
            let opened = Folder::open(root).expect("opened");
            let mut at = 0;
            let ended = opened.steps(manifest, parts, &mut |_| {
                at += 1;
                if at > last { Err(io::Error::other("no room")) } else { Ok(()) }
            });
            // As `replace` does.
            if matches!(ended, Err(FolderError::Unchanged { .. })) {
                opened.clear().expect("cleared");
            }
            ended
        };
        put(root, &old);
        // One of two files is in place when it ends.
        end_at(6, &lost).expect_err("it ends");
        fs::remove_dir_all(root.join(OWN).join(NEW)).expect("somebody cleared up");
        assert_eq!(cut(), Cut::Known(Box::new(lost.0.clone())));
        let ended = end_at(stop, &again);
        if matches!(ended, Err(FolderError::Unchanged { .. })) {
            assert_eq!(cut(), Cut::Known(Box::new(lost.0.clone())), "step {stop}");
            let refused = Folder::open(root).expect("opened").replace(&november.0, &november.1);
            assert!(matches!(refused, Err(FolderError::Lost { .. })), "step {stop}: {refused:?}");
            told += 1;
        } else {
            assert_eq!(cut(), Cut::None, "step {stop}");
            assert_eq!(all(root), whole(&[&again]), "step {stop}");
        }
        put(root, &again);
        put(root, &november);
        assert_eq!(all(root), whole(&[&again, &november]), "step {stop}");
        if ended.is_ok() {
            break;
        }
    }
    assert_eq!(told, 5, "two files, the manifest, the record, its name");
}

#[test]
fn another_accounts_files_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let (first, other) = (month("2026-10", &[(ONE, "one"), (TWO, "two")]), month("2026-10", &[(OTHER, "other")]));
    put(root, &first);
    put(root, &other);
    let mut expect = whole(&[&first, &other]);
    assert_eq!(all(root), expect);
    // The account itself may lose what it had.
    let less = month("2026-10", &[(ONE, "less")]);
    put(root, &less);
    expect = whole(&[&other, &less]);
    assert_eq!(all(root), expect);
}

#[test]
fn a_record_that_is_not_understood_is_an_error_and_nothing_is_touched() {
    let (october, _) = month("2026-10", &[(ONE, "new")]);
    let json = october.to_json();
    let path = october.files().next().expect("a file").path.clone();
    for (situation, text, expect) in [
        ("cut off", json[..json.len() / 2].to_owned(), "it is no manifest"),
        (
            "of another version",
            json.replace("natlens.export/1", "natlens.export/2"),
            "it has the form \"natlens.export/2\"",
        ),
        ("something else", "[]".to_owned(), "it has the form \"\""),
        ("a file elsewhere", json.replace(&path, "../outside"), "it names \"../outside\""),
        ("an absolute path", json.replace(&path, "/tmp/outside"), "it names \"/tmp/outside\""),
        ("another's file", json.replace(&path, "notes.txt"), "it names \"notes.txt\""),
        ("another month's", json.replace(&path, &path.replace("-10", "-09")), "it names "),
        ("no month", json.replace("2026-10\",", "../../x\","), "it names \"../../x\""),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("dataset");
        put(&root, &month("2026-10", &[(ONE, "old"), (TWO, "two")]));
        let new = root.join(OWN).join(NEW);
        fs::create_dir_all(&new).expect("made");
        fs::write(new.join("../outside"), "new").expect("written");
        fs::write(root.join(OWN).join(COMMIT), &text).expect("written");
        let before = all(folder.path());
        let found = Folder::open(&root).expect_err(situation);
        let is_foreign = matches!(&found, FolderError::Foreign { path, .. } if path.ends_with("_natlens/commit.json"));
        assert!(is_foreign && found.to_string().contains(expect), "{situation}: {found}");
        assert_eq!(all(folder.path()), before, "{situation}");
    }
}

#[test]
fn a_month_of_another_version_is_told_before_it_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = Folder::open(folder.path()).expect("opened");
    assert_eq!(opened.found("2026-10").expect("nothing"), Found::default());
    fs::write(folder.path().join(OWN).join("month=2026-10.json"), "{\"schema\": \"natlens.export/9\"}")
        .expect("written");
    let found = opened.found("2026-10").expect_err("another version");
    assert!(matches!(found, FolderError::Foreign { why: Foreign::Schema(_), .. }), "{found}");
}

#[test]
fn two_runs_refuse_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Folder::open(folder.path()).expect("opened");
    assert!(matches!(Folder::open(folder.path()), Err(FolderError::Busy(_))));
    drop(first);
    assert!(Folder::open(folder.path()).is_ok());
}
