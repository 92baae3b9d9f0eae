//! Where text goes: stdout or a file, whole or not at all.

use super::Exit;
use crate::sinks::visible;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file that is meant: `-` is stdout, as for most tools.
fn file(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| *path != Path::new("-"))
}

/// Writes data to a file (atomically: a reader sees the old or the new text) or to stdout, which `-` means, too. A closed pipe is no error.
pub fn write_data(text: &str, to: Option<&Path>) -> io::Result<()> {
    match file(to) {
        Some(path) => write_file(text.as_bytes(), path),
        None => match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        },
    }
}

/// Whether a path leads to something that is no file, a pipe or a device: it is written, and never replaced.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file())
}

/// Writes a file, atomically: a reader sees the old or the new content.
pub fn write_file(bytes: &[u8], path: &Path) -> io::Result<()> {
    if is_special(path) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    // What a link leads to is replaced, and the link stays.
    let place = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let path = place.as_path();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666); // less the umask, as any other file
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A file that only this run writes, until it is dropped. The system takes it back from a run that was killed.
#[derive(Debug)]
pub struct Claim {
    lock: PathBuf,
    _held: File,
}

impl Claim {
    /// Claims a file, or says that another run has. Where nothing can be claimed, writing will say why.
    pub fn take(output: Option<&Path>) -> Result<Option<Self>, Exit> {
        let Some((path, name)) = file(output).and_then(|path| Some((path, path.file_name()?))) else { return Ok(None) };
        if is_special(path) {
            return Ok(None);
        }
        let lock = path.with_file_name(format!(".{}.lock", name.to_string_lossy()));
        for _ in 0..8 {
            let Ok(held) = File::options().create(true).truncate(false).write(true).open(&lock) else {
                return Ok(None);
            };
            match held.try_lock() {
                // The run before may have removed it between the two.
                Ok(()) if is_at(&held, &lock) => return Ok(Some(Self { lock, _held: held })),
                Ok(()) => {}
                Err(TryLockError::Error(_)) => return Ok(None),
                Err(TryLockError::WouldBlock) => break,
            }
        }
        error(
            &format!("{}: another run is about to write it", path.display()),
            Some("wait for it, or name another file by -o"),
        );
        Err(Exit::Failed)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.lock);
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata().map(place), path.metadata().map(place)), (Ok(held), Ok(found)) if held == found)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Prints a note to stderr. A closed stderr is nobody's loss.
pub fn note(text: &str) {
    // Names of files and keys are other people's text.
    let text: Vec<String> = text.split('\n').map(visible).collect();
    let _ = writeln!(io::stderr().lock(), "{}", text.join("\n"));
}

/// Prints an error as users read it: what, then one hint.
pub fn error(what: &str, hint: Option<&str>) {
    note(&format!("error: {what}"));
    if let Some(hint) = hint {
        note(&format!("hint: {hint}"));
    }
}
