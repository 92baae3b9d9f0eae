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

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join("below").join(name);
    for (name, day) in [("old", 1), ("older", 0), ("new", 3), (".unfinished-old", 0), (".unfinished-new", 3)] {
        files::write(&path(name), &[b"12345", b"67890"]).expect("a file");
        let file = std::fs::File::options().append(true).open(path(name)).expect("the file");
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(day * 86_400)).expect("a time");
    }
    let day = 86_400_000_000_000_i128;
    files::used(&path("older"), 2 * day);
    files::sweep(folder.path(), 20, 3 * day);
    let left: Vec<&str> = [".unfinished-new", ".unfinished-old", "new", "old", "older"]
        .into_iter()
        .filter(|n| path(n).exists())
        .collect();
    assert_eq!(left, [".unfinished-new", "new", "older"]);
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
fn a_cache_that_cannot_write_says_so_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").expect("a file");
    let cache = Cache::new(place(&file));
    assert!(!cache.write(&file.join("x"), &[b"1"]) && !cache.write(&file.join("y"), &[b"2"]));
    let trouble = cache.close().expect("it failed");
    assert!(trouble.contains("a-file/x"), "{trouble}");
}
