//! Files of a cache: written whole under their final name, readable by their owner only, few enough. Knows no content.

use crate::sources::objects::since_1970;
use hashbrown::HashSet;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use walkdir::WalkDir;
use xxhash_rust::xxh3::xxh3_128;

/// What a file of a cache is, in its first 16 bytes, the version of its form included.
pub(super) type Magic = &'static [u8; 16];

const HEADER: usize = 48;
const HOUR: i128 = 3_600_000_000_000;
/// What a small entry counts for: files cost more than their bytes, and a cache of nothing but small ones has to end, too.
const LEAST: u64 = 1 << 18;
/// What a file that is being written is called.
const UNFINISHED: &str = ".natlens-unfinished-";
/// The folders of entries, and what their files end with.
pub(super) const REPORTS: &str = "reports";
pub(super) const ROLLUP: &str = "rollup";
const KINDS: [&str; 3] = ["json", "objects", "parquet"];

/// What stands before a body: magic, key, checksum.
pub(super) fn header(magic: Magic, key: u128, body: &[u8]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..16].copy_from_slice(magic);
    header[16..32].copy_from_slice(&key.to_le_bytes());
    header[32..].copy_from_slice(&xxh3_128(body).to_le_bytes());
    header
}

/// The body of a file that is what it was asked to be, and whole.
pub(super) fn body(magic: Magic, key: u128, file: &[u8]) -> Option<&[u8]> {
    let (found, body) = file.split_at_checked(HEADER)?;
    (found == header(magic, key, body)).then_some(body)
}

/// Opens an entry: a file, for a pipe of its name would be waited for without end.
pub(super) fn open(path: &Path) -> io::Result<File> {
    open_with(File::options().read(true), path)
}

fn open_with(options: &fs::OpenOptions, path: &Path) -> io::Result<File> {
    if path.metadata()?.is_file() { options.open(path) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// All of an entry.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or_default());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file from its parts, whole or not at all. Addresses are nobody else's business.
pub(super) fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    // The owner's alone: 0600 is what temporary files get.
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

/// Whether files can be written in a folder, found out by beginning one.
pub(super) fn can_write(folder: &Path) -> io::Result<()> {
    private_folder(folder)?;
    tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map(drop)
}

/// The entry that a file belongs to: files that differ in their last extension only are useless without each other.
pub(super) fn entry(path: &Path) -> PathBuf {
    path.with_extension("")
}

fn private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Notes that an entry was used, so that it is not the next to go.
pub(super) fn used(path: &Path, now: i128) {
    let Ok(file) = open_with(File::options().append(true), path) else { return };
    let last = file.metadata().and_then(|metadata| metadata.modified()).ok().and_then(since_1970);
    if last.is_some_and(|last| last + HOUR > now) {
        return;
    }
    let now = u64::try_from(now).ok().and_then(|now| UNIX_EPOCH.checked_add(Duration::from_nanos(now)));
    // An entry that nobody may touch is used all the same.
    let _ = now.map(|now: SystemTime| file.set_modified(now));
}

/// Whether a file can be nobody else's: a hash for a name. Whoever names a folder of his own as the cache keeps all that is in it.
fn is_entry(file: &Path) -> bool {
    let (stem, kind) =
        (file.file_stem().and_then(|stem| stem.to_str()), file.extension().and_then(|kind| kind.to_str()));
    let is_hash = |stem: &str| stem.len() == 32 && stem.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    stem.is_some_and(is_hash) && kind.is_some_and(|kind| KINDS.contains(&kind))
}

/// Every file below a cache that it wrote, and whether it was left unfinished.
fn own(folder: &Path) -> impl Iterator<Item = (bool, PathBuf)> {
    // At the top there is only what was begun there.
    let places = [(folder.to_owned(), 1), (folder.join(REPORTS), 1), (folder.join(ROLLUP), 2)];
    let files = places.into_iter().enumerate().flat_map(|(at, (place, depth))| {
        let walk = WalkDir::new(place).min_depth(1).max_depth(depth).sort_by_file_name().into_iter().flatten();
        walk.filter(|file| file.file_type().is_file()).map(move |file| (at > 0, file.into_path()))
    });
    files.filter_map(|(below, file)| {
        let unfinished = file.file_name()?.to_string_lossy().starts_with(UNFINISHED);
        (unfinished || (below && is_entry(&file))).then_some((unfinished, file))
    })
}

/// Removes what crashed runs left, and while its entries hold more than `limit` bytes the one that was not used for longest,
/// with all its files. What is `needed` stays, and so does whatever else is in the folder.
pub(super) fn sweep(folder: &Path, limit: u64, now: i128, needed: &HashSet<PathBuf>) {
    // By entry: when one of its files was last used, its bytes, the files.
    let mut entries: BTreeMap<PathBuf, (i128, u64, Vec<PathBuf>)> = BTreeMap::new();
    for (unfinished, file) in own(folder) {
        let Ok(metadata) = file.metadata() else { continue };
        let Some(last) = metadata.modified().ok().and_then(since_1970) else { continue };
        if unfinished && last + 24 * HOUR < now {
            let _ = fs::remove_file(file);
        } else if !unfinished {
            let (used, bytes, files) = entries.entry(entry(&file)).or_insert((i128::MIN, 0, Vec::new()));
            *used = last.max(*used);
            *bytes += metadata.len();
            files.push(file);
        }
    }
    let size = |bytes: u64| bytes.max(LEAST);
    let mut held: u64 = entries.values().map(|(_, bytes, _)| size(*bytes)).sum();
    let mut by_use: Vec<_> = entries.into_iter().filter(|(entry, _)| !needed.contains(entry)).collect();
    by_use.sort_by_key(|(_, (used, ..))| *used);
    for (_, (_, bytes, files)) in by_use {
        if held <= limit {
            return;
        }
        for file in files {
            // Somebody else may have been faster.
            let _ = fs::remove_file(file);
        }
        held -= size(bytes);
    }
}
