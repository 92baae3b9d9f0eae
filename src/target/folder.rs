//! A folder of this machine. A file is written under another name, brought to disk, and then renamed.

use super::{LARGEST, Over, Target, is_name};
use crate::sources::objects::StoreError;
use crate::sources::objects::store::StoreTrouble;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// What files that are not whole yet begin with: nobody reads names with a dot.
const UNFINISHED: &str = ".natlens-";

/// A folder. It is made with the first file.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at this path.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        if is_name(name) {
            return Ok(self.root.join(name));
        }
        Err(failed(Path::new(name), &io::Error::other("is no name of a file")))
    }
}

fn failed(path: &Path, why: &io::Error) -> StoreError {
    StoreError { trouble: StoreTrouble::Request, what: format!("{}: {why}", path.display()), hint: None }
}

impl Target for Folder {
    fn shown(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in WalkDir::new(&self.root).min_depth(1) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.io_error().is_some_and(|why| why.kind() == io::ErrorKind::NotFound) => continue,
                Err(error) => {
                    return Err(failed(error.path().unwrap_or(&self.root), &io::Error::other(error.to_string())));
                }
            };
            let unfinished = entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
            let below = entry.path().strip_prefix(&self.root).ok().and_then(Path::to_str);
            let name = below.map(|below| below.replace(std::path::MAIN_SEPARATOR, "/"));
            names.extend(name.filter(|name| entry.file_type().is_file() && !unfinished && name.starts_with(prefix)));
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(name)?;
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    fn put(&self, name: &str, bytes: Vec<u8>, over: Over) -> Result<bool, StoreError> {
        let path = self.path(name)?;
        let at = |error: io::Error| failed(&path, &error);
        if bytes.len() > LARGEST {
            return Err(at(io::Error::other(format!("is larger than {LARGEST} bytes"))));
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666); // less the umask, as any other file
        #[cfg(unix)]
        builder.permissions(permissions);
        let mut file = builder.prefix(UNFINISHED).tempfile_in(folder).map_err(at)?;
        file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(at)?;
        let placed = match over {
            Over::Replace => file.persist(&path),
            Over::Keep => file.persist_noclobber(&path),
        };
        match placed {
            Ok(_) => sync(folder).map(|()| true),
            Err(error) if over == Over::Keep && error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(at(error.error)),
        }
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, &error)),
            _ => Ok(()),
        }
    }
}

/// Brings a rename to disk.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))
}

#[cfg(not(unix))]
fn sync(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_and_replaced_only_where_that_is_wanted() {
        let scratch = tempfile::tempdir().expect("a folder");
        let target = Folder::new(scratch.path().join("not/there/yet"));
        assert_eq!(target.names(""), Ok(Vec::new()));
        assert_eq!(target.read("a/b.csv"), Ok(None));
        let put = |name: &str, text: &str, over| target.put(name, text.as_bytes().to_vec(), over);
        assert_eq!(put("a/b.csv", "first", Over::Keep), Ok(true));
        assert_eq!(put("a/b.csv", "second", Over::Keep), Ok(false));
        assert_eq!(target.read("a/b.csv"), Ok(Some(b"first".to_vec())));
        assert_eq!(put("a/b.csv", "second", Over::Replace), Ok(true));
        assert_eq!(target.read("a/b.csv"), Ok(Some(b"second".to_vec())));
        assert_eq!(put("a/c", "", Over::Replace), Ok(true));
        assert_eq!(put("d", "", Over::Replace), Ok(true));
        // What another run is about to write is no file yet.
        fs::write(scratch.path().join("not/there/yet/a/.natlens-x"), "half").expect("written");
        assert_eq!(target.names(""), Ok(["a/b.csv", "a/c", "d"].map(str::to_owned).to_vec()));
        assert_eq!(target.names("a/b"), Ok(vec!["a/b.csv".to_owned()]));
        assert_eq!((target.delete("a/c"), target.delete("a/c")), (Ok(()), Ok(())));
        assert_eq!(target.names("a/"), Ok(vec!["a/b.csv".to_owned()]));
    }

    #[test]
    fn names_stay_below_the_folder() {
        let scratch = tempfile::tempdir().expect("a folder");
        let target = Folder::new(scratch.path().join("in"));
        for name in ["../out", "a/../../out", "/out", "a//b", "", "a/", ".", "a\\..\\b"] {
            assert!(target.put(name, Vec::new(), Over::Replace).is_err(), "{name}");
            assert!(target.read(name).is_err() && target.delete(name).is_err(), "{name}");
        }
        assert!(fs::read_dir(scratch.path()).expect("a folder").next().is_none());
    }
}
