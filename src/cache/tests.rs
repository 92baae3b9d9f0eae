//! Keys, entries that were damaged, and the size of the cache.

use super::*;
use std::time::Duration;

fn place(folder: &Path) -> Place {
    Place { folder: folder.to_owned(), program: "natlens 1".to_owned(), now: 0 }
}

#[test]
fn keys_tell_lists_of_parts_apart() {
    let here = place(Path::new("x"));
    let key = |parts: &[&str]| Key::of(&here, parts);
    assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
    assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    assert_ne!(key(&["ab"]), key(&["ab", ""]));
    let other = Place { program: "natlens 2".to_owned(), ..here.clone() };
    assert_ne!(key(&["ab"]), Key::of(&other, &["ab"]));
}

#[test]
fn a_file_is_taken_only_if_it_is_what_was_asked_for() {
    let magic = b"natlens test  01";
    let mut file = files::header(magic, 7, b"body").to_vec();
    file.extend(b"body");
    assert_eq!(files::body(magic, 7, &file), Some(b"body".as_slice()));
    assert_eq!(files::body(magic, 8, &file), None, "another key");
    assert_eq!(files::body(b"natlens test  02", 7, &file), None, "another form");
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 4;
        assert_eq!(files::body(magic, 7, &damaged), None, "byte {at}");
        assert_eq!(files::body(magic, 7, &file[..at]), None, "cut at {at}");
    }
}

/// Files of ten bytes with these names below a folder, last used on these days.
fn filled(folder: &Path, files: &[(String, u64)]) {
    for (name, day) in files {
        files::write(&folder.join(name), &[b"12345", b"67890"]).expect("a file");
        let file = std::fs::File::options().append(true).open(folder.join(name)).expect("the file");
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(day * 86_400)).expect("a time");
    }
}

const DAY: i128 = 86_400_000_000_000;

#[test]
fn what_was_not_used_for_longest_goes_first_and_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let pack = |number: u32, kind: &str| format!("rollup/{:032x}/{number:032x}.{kind}", 7);
    let report = |number: u32| format!("reports/{number:032x}.json");
    let [needed, older, unused] = [1, 2, 3].map(|number| [pack(number, "objects"), pack(number, "parquet")]);
    let [new, old] = [4, 5].map(report);
    let unfinished =
        [".natlens-unfinished-a", "reports/.natlens-unfinished-b", &format!("rollup/{:032x}/.natlens-unfinished-c", 7)];
    let mut all: Vec<(String, u64)> =
        [&needed, &older, &unused].into_iter().flatten().map(|name| (name.clone(), 0)).collect();
    all.extend([(new.clone(), 3), (old, 1)]);
    all.extend(unfinished.map(|name| (name.to_owned(), 0)));
    all.push(("reports/.natlens-unfinished-new".to_owned(), 3));
    filled(folder.path(), &all);
    files::used(&folder.path().join(&older[1]), 2 * DAY);
    let left = |limit: u64| -> Vec<&str> {
        let needed = HashSet::from_iter([files::entry(&folder.path().join(&needed[0]))]);
        files::sweep(folder.path(), limit, 3 * DAY, &needed);
        all.iter().map(|(name, _)| name.as_str()).filter(|name| folder.path().join(name).exists()).collect()
    };
    let begun = "reports/.natlens-unfinished-new";
    // Each counts for 256 KiB, however small.
    assert_eq!(left(3 << 18), [&needed[0], &needed[1], &older[0], &older[1], &new, begun], "used by one file");
    assert_eq!(left(0), [&needed[0], &needed[1], begun], "what is needed stays");
}

#[test]
fn what_is_not_the_caches_own_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let hash = format!("{:032x}", 9);
    let others = [
        format!("{hash}.json"),
        format!("photos/{hash}.parquet"),
        format!("reports/deeper/{hash}.json"),
        format!("rollup/{hash}/deeper/{hash}.parquet"),
        "reports/march.json".to_owned(),
        format!("reports/{}.json", hash.to_uppercase().replace('0', "F")),
        format!("reports/{hash}.txt"),
        "rollup/data.parquet".to_owned(),
        ".unfinished-novel".to_owned(),
        "target/debug/deps/liba.rlib".to_owned(),
    ];
    filled(folder.path(), &others.clone().map(|name| (name, 0)));
    files::sweep(folder.path(), 0, 400 * DAY, &HashSet::new());
    let gone: Vec<_> = others.iter().filter(|name| !folder.path().join(name).exists()).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn what_one_run_needs_is_never_more_than_the_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::with_limit(place(folder.path()), 100);
    cache.need(&folder.path().join("a.parquet"), 60);
    assert!(cache.has_room(40) && !cache.has_room(41));
    assert!(cache.write(&folder.path().join("b"), &[&[0; 30], &[0; 5]]));
    assert!(cache.has_room(5) && !cache.has_room(6), "what was written is needed, too");
    assert_eq!(cache.close(), None);
    assert!(folder.path().join("b").exists(), "although it counts for more than the limit");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_a_cache() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("natlens/reports/x");
    files::write(&path, &[b"addresses"]).expect("a file");
    let mode = |path: &Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    let below = [path.as_path(), path.parent().expect("a folder"), &folder.path().join("natlens")].map(mode);
    assert_eq!(below, [0o600, 0o700, 0o700]);
}

#[test]
fn a_cache_that_cannot_write_says_so_once_and_stops_trying() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").expect("a file");
    let cache = Cache::new(place(&file));
    assert!(!cache.can_keep() && !cache.write(&file.join("x"), &[b"1"]));
    let trouble = cache.close().expect("it failed");
    assert!(trouble.contains("a-file: "), "{trouble}");
    let cache = Cache::new(place(folder.path()));
    assert!(cache.can_keep());
    let below = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(below, 1, "trying leaves nothing");
    assert!(!cache.write(&file.join("x"), &[b"1"]), "below a file");
    assert!(!cache.can_keep() && !cache.write(&folder.path().join("y"), &[b"2"]));
    let trouble = cache.close().expect("it failed");
    assert!(trouble.contains("a-file/x: "), "{trouble}");
}
