//! Bills in zip archives: every file in one is a part, read as a stream.

use super::BillFound;
use super::error::{BillReadError, GZIP_MEMBER};
use super::text::{self, Origin};
use crate::model::bill::BillSink;
use crate::model::period::Month;
use crate::sources::stream::{GZIP, Hashing, PARQUET, peek};
use std::io::{self, BufReader, Cursor, Read, Seek};
use zip::ZipArchive;
use zip::result::ZipError;

/// Four bytes that start a zip archive, or end an empty one (PKWARE, APPNOTE).
pub(super) const MAGIC: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

const MEMBER: &str = "a file in the zip archive";
const BUFFER: usize = 128 << 10;
const HEAD: usize = 64 << 10;

/// Reads every file of an archive. What is hashed is what the files hold, one after the other.
pub(super) fn read<R: Read + Seek, S: BillSink>(
    file: R,
    month: Option<Month>,
    sink: &mut S,
) -> Result<(BillFound, (u128, u64)), BillReadError> {
    let mut archive = ZipArchive::new(BufReader::with_capacity(BUFFER, file)).map_err(error)?;
    let mut names = Vec::new();
    for at in 0..archive.len() {
        let name = archive.by_index_raw(at).map_err(error)?.name().map_err(error)?.into_owned();
        if !is_clutter(&name) {
            names.push((at, name));
        }
    }
    let mut contents = Vec::new();
    let mut found: Option<BillFound> = None;
    for (at, name) in &names {
        let member = if names.len() > 1 { name.as_str() } else { "" };
        let before = found.as_ref().map(|found| found.format);
        let origin = Origin { sealed: true, member, month, before };
        let (part, content) = read_member(archive.by_index(*at).map_err(error)?, name, origin, sink)?;
        contents.push(content);
        found = Some(part);
    }
    let found = found.ok_or_else(|| BillReadError::NotABill("the zip archive is empty".to_owned()))?;
    Ok((found, of_all(&contents)))
}

fn read_member<S: BillSink>(
    member: impl Read,
    name: &str,
    origin: Origin<'_>,
    sink: &mut S,
) -> Result<(BillFound, (u128, u64)), BillReadError> {
    let mut content = Hashing::new(member);
    let head = peek(&mut content, HEAD).map_err(|error| BillReadError::broken(MEMBER, &error))?;
    if let Some(what) = no_text(&head) {
        return Err(BillReadError::NotABill(format!("{name} in the zip archive is {what}")));
    }
    let part =
        text::read(Cursor::new(head).chain(&mut content), origin, sink).map_err(|error| in_archive(error, name))?;
    // A checksum fails at the end of its file: nothing may be left unread.
    io::copy(&mut content, &mut io::sink()).map_err(|error| BillReadError::broken(MEMBER, &error))?;
    Ok((part, content.finish()))
}

/// Of one file its own, so that an archive equals the file that it holds.
fn of_all(contents: &[(u128, u64)]) -> (u128, u64) {
    if let [one] = contents {
        return *one;
    }
    let bytes: Vec<u8> = contents.iter().flat_map(|(hash, _)| hash.to_le_bytes()).collect();
    (xxhash_rust::xxh3::xxh3_128(&bytes), contents.iter().map(|(_, length)| length).sum())
}

/// Folders, and what macOS puts beside the files.
fn is_clutter(name: &str) -> bool {
    name.ends_with('/')
        || name.starts_with("__MACOSX/")
        || name.rsplit('/').next().is_some_and(|file| file.starts_with('.'))
}

fn no_text(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(GZIP) {
        Some("compressed with gzip")
    } else if head.starts_with(PARQUET) {
        Some("a Parquet file")
    } else if MAGIC.iter().any(|magic| head.starts_with(magic)) {
        Some("a zip archive")
    } else {
        None
    }
}

/// Damage of the archive comes as an I/O error out of the text's stream.
fn in_archive(error: BillReadError, name: &str) -> BillReadError {
    match error {
        BillReadError::BrokenOff { part: GZIP_MEMBER, why } => BillReadError::broken(MEMBER, &why),
        BillReadError::NotABill(why) => BillReadError::NotABill(format!("{name} in the zip archive: {why}")),
        error => error,
    }
}

fn error(error: ZipError) -> BillReadError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => BillReadError::Io(error),
        ZipError::UnsupportedArchive(why) => {
            BillReadError::NotABill(format!("the zip archive cannot be unpacked: {why}"))
        }
        error => BillReadError::broken("the zip archive", &error),
    }
}
