//! Where files lie, links resolved.

use std::path::{Path, PathBuf};
use walkdir::DirEntry;

/// The canonical path, or the path itself where there is none.
pub(super) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The canonical paths of files, folder by folder: the system looks at every part of a path that it is asked for.
#[derive(Debug, Default)]
pub(super) struct Places {
    folder: PathBuf,
    canonical: PathBuf,
}

impl Places {
    pub(super) fn of(&mut self, entry: &DirEntry) -> PathBuf {
        let path = entry.path();
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return canonical(path) };
        if entry.path_is_symlink() || folder.as_os_str().is_empty() {
            return canonical(path);
        }
        if self.folder.as_os_str() != folder.as_os_str() {
            *self = Self { folder: folder.to_owned(), canonical: canonical(folder) };
        }
        self.canonical.join(name)
    }
}
