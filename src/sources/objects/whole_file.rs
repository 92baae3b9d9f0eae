//! A local file from its first byte to its last.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A file of a known size. It is not asked once more after its last byte: of a hundred thousand small files that costs more than
/// taking off their gzip.
#[derive(Debug)]
pub(super) struct WholeFile<R = File> {
    inner: R,
    /// Bytes of its size that were not read yet.
    left: u64,
    /// Whether it gave less than there was room for, which a file does at its end only.
    ended: bool,
}

impl WholeFile {
    /// Opens it.
    pub(super) fn open(path: &Path, size: u64) -> io::Result<Self> {
        Ok(Self { inner: File::open(path)?, left: size, ended: false })
    }
}

impl<R: Read> Read for WholeFile<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended && self.left == 0 {
            return Ok(0);
        }
        let len = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(len as u64);
        self.ended = len < buffer.len();
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts how often it is asked.
    struct Asked<'a>(&'a [u8], usize);

    impl Read for Asked<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            self.0.read(buffer)
        }
    }

    #[test]
    fn all_bytes_come_whatever_size_was_said() {
        let check = |situation: &str, content: &[u8], size: u64, room: usize, asked: usize| {
            let mut file = WholeFile { inner: Asked(content, 0), left: size, ended: false };
            let (mut all, mut buffer) = (Vec::new(), vec![0; room]);
            loop {
                let len = file.read(&mut buffer).expect("memory can be read");
                if len == 0 {
                    break;
                }
                all.extend_from_slice(&buffer[..len]);
            }
            assert_eq!((all.as_slice(), file.inner.1), (content, asked), "{situation}");
        };
        check("as it was", b"twelve bytes", 12, 100, 1);
        check("in pieces", b"twelve bytes", 12, 5, 3);
        check("pieces that fit", b"twelve bytes", 12, 6, 3);
        check("grown", b"twelve bytes", 7, 5, 3);
        check("grown, and read at once", b"twelve bytes", 7, 100, 1);
        check("cut", b"twelve bytes", 20, 100, 2);
        check("empty", b"", 0, 100, 1);
    }
}
