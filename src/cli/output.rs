//! Where text goes: stdout or a file, whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes data to a file (atomically: a reader sees the old or the new text) or to stdout. A closed pipe is no error.
pub fn write_data(text: &str, to: Option<&Path>) -> io::Result<()> {
    match to {
        Some(path) => write_file(text, path),
        None => match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        },
    }
}

fn write_file(text: &str, path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666); // less the umask, as any other file
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Prints a note to stderr. A closed stderr is nobody's loss.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints an error as users read it: what, then one hint.
pub fn error(what: &str, hint: Option<&str>) {
    note(&format!("error: {what}"));
    if let Some(hint) = hint {
        note(&format!("hint: {hint}"));
    }
}
