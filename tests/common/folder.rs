//! A user's folder, file by file.

use std::path::Path;

/// Writes one file below the folder, and the folders on its way.
pub fn put(folder: &Path, key: &str, bytes: &(impl AsRef<[u8]> + ?Sized)) {
    let path = folder.join(key);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    std::fs::write(path, bytes).expect("a file can be written");
}
