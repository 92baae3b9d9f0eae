//! Where files lie, links resolved.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::DirEntry;

/// The canonical path, or the path itself where there is none.
pub(super) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The canonical path of a file. Many files lie in one folder, whose path they share.
#[derive(Clone, Debug)]
pub(super) enum Canonical {
    /// Under its own name in this folder.
    In(Arc<Path>),
    /// This path.
    Is(PathBuf),
}

impl Canonical {
    /// The canonical path of the file at `path`.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        match (self, path.file_name()) {
            (Self::In(folder), Some(name)) => folder.join(name),
            (Self::In(folder), None) => folder.to_path_buf(),
            (Self::Is(canonical), _) => canonical.clone(),
        }
    }
}

/// The canonical paths of files, folder by folder: the system looks at every part of a path that it is asked for.
#[derive(Debug, Default)]
pub(super) struct Places {
    last: Option<(PathBuf, Arc<Path>)>,
}

impl Places {
    pub(super) fn of(&mut self, entry: &DirEntry) -> Canonical {
        let path = entry.path();
        let folder = path.parent().filter(|folder| !entry.path_is_symlink() && !folder.as_os_str().is_empty());
        let Some(folder) = folder else { return Canonical::Is(canonical(path)) };
        // As texts: comparing paths takes them apart.
        let is_last = |last: &&(PathBuf, Arc<Path>)| last.0.as_os_str() == folder.as_os_str();
        if let Some((_, canonical)) = self.last.as_ref().filter(is_last) {
            return Canonical::In(Arc::clone(canonical));
        }
        let canonical: Arc<Path> = canonical(folder).into();
        self.last = Some((folder.to_owned(), Arc::clone(&canonical)));
        Canonical::In(canonical)
    }
}
