//! A zip archive of one file, as CUR legacy delivers it. Source: PKWARE, APPNOTE 4.3 (local header, central directory, end).

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write};

/// Version 2.0, no flags, method 8 (deflate), and 1980-01-01 00:00 as the time of change.
const COMMON: [u8; 10] = [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0];

/// The archive's bytes.
pub(super) fn archive(name: &str, content: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content)?;
    let packed = encoder.finish()?;
    let mut crc = Crc::new();
    crc.update(content);
    let size = |bytes: usize| u32::try_from(bytes).map_err(|_| io::Error::other("larger than a plain zip can hold"));
    let mut shared = COMMON.to_vec();
    for number in [crc.sum(), size(packed.len())?, size(content.len())?, size(name.len())?] {
        shared.extend(number.to_le_bytes());
    }
    // The length of the name fills the four bytes; the last two are those of the extra field, of which there is none.
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(&shared);
    archive.extend(name.as_bytes());
    archive.extend(&packed);
    let directory = archive.len();
    archive.extend(b"PK\x01\x02\x14\x00");
    archive.extend(&shared);
    // No comment, first disk, no attributes, and where the local header is: at 0.
    archive.extend([0; 14]);
    archive.extend(name.as_bytes());
    let end = archive.len();
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    archive.extend(size(end - directory)?.to_le_bytes());
    archive.extend(size(directory)?.to_le_bytes());
    archive.extend([0; 2]);
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_went_in_comes_out() {
        let content = b"a,b\n1,2\n".repeat(100);
        let archive = archive("report-1.csv", &content, 6).unwrap();
        let at = |from: usize| u32::from_le_bytes(archive[from..from + 4].try_into().unwrap());
        let (packed, name) = (usize::try_from(at(18)).unwrap(), usize::from(archive[26]));
        let mut found = Vec::new();
        flate2::read::DeflateDecoder::new(&archive[30 + name..30 + name + packed]).read_to_end(&mut found).unwrap();
        assert_eq!(found, content);
        assert_eq!(&archive[30..30 + name], b"report-1.csv");
        let end = archive.len() - 22;
        assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
        let directory = usize::try_from(at(end + 16)).unwrap();
        assert_eq!(&archive[directory..directory + 4], b"PK\x01\x02");
        assert_eq!(directory, 30 + name + packed);
    }
}
