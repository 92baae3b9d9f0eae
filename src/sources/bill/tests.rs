//! Whole bill files, made here, through the public reader.

use super::*;
use crate::model::bill::{BillLine, LineClass};
use crate::model::usd::Usd;
use crate::sources::objects::ObjectBytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

mod formats;
mod plans;
mod table;

/// Keeps what it gets as text.
#[derive(Default)]
pub(super) struct Kept {
    pub format: Option<BillFormat>,
    pub lines: Vec<String>,
    pub malformed: Vec<(u64, String)>,
    pub rounded: u64,
}

impl BillSink for Kept {
    fn format(&mut self, format: BillFormat) {
        assert_eq!(self.format.replace(format).unwrap_or(format), format);
    }

    fn line(&mut self, line: &BillLine<'_>) {
        self.rounded += u64::from(line.rounded);
        self.lines.push(table::shown(line));
    }

    fn malformed(&mut self, line: u64, why: &str, _: Option<&str>) {
        self.malformed.push((line, why.to_owned()));
    }
}

/// An object in memory.
struct Memory(Vec<u8>);

impl ObjectBytes for Memory {
    type Random = std::fs::File;

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }

    fn random(&self) -> io::Result<std::fs::File> {
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.0)?;
        Ok(file)
    }

    fn size(&self) -> u64 {
        u64::try_from(self.0.len()).expect("fits")
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<(BillFile, Kept), BillReadError> {
    let mut kept = Kept::default();
    read_bill_file(&Memory(bytes.to_vec()), Month::parse("2026-04"), &mut kept).map(|file| (file, kept))
}

/// The message of a file that is not read.
pub(super) fn refusal(bytes: &[u8]) -> String {
    read(bytes).map(|_| ()).expect_err("an error").to_string()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub(super) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, ::zip::write::SimpleFileOptions::default()).expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}
