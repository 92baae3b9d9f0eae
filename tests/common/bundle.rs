//! Bundles from the simulator, and what may happen to their objects on the way to a reader.

use super::common::{arg, natlens};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A bundle in a folder of its own, which goes away with it.
#[derive(Debug)]
pub struct Bundle {
    folder: tempfile::TempDir,
}

/// Numbers that follow from a seed (the `SplitMix64` sequence).
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ word >> 31) % limit as u64).expect("a number below a usize")
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// All files below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a readable folder") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Writes a file and its folders.
pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    std::fs::write(path, bytes).expect("a file can be written");
}

/// gzip.
pub fn deflated(content: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(content).expect("memory takes all bytes");
    gz.finish().expect("memory takes all bytes")
}

/// The content of a gzip file.
pub fn inflated(stored: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut content).expect("a whole gzip file");
    content
}

impl Bundle {
    /// A simulated account.
    pub fn simulate(options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("bundle");
        let mut args = vec!["simulate", "--logs-only", "--to", arg(&to)];
        args.extend(options.split_whitespace());
        let run = natlens(folder.path(), &args);
        assert_eq!(run.code, 0, "simulate {options}: {}", run.stderr);
        Self { folder }
    }

    /// Its folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    /// Its flow logs.
    pub fn logs(&self) -> PathBuf {
        self.path().join("flow-logs")
    }

    /// A copy with other flow logs: `change` takes each object's key below `flow-logs` and its content, and writes what
    /// it likes below the folder that it is given.
    pub fn changed(&self, mut change: impl FnMut(&str, &[u8], &Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("bundle");
        for path in files(&self.path()) {
            let below = path.strip_prefix(self.path()).expect("a file of the bundle");
            let bytes = std::fs::read(&path).expect("a readable file");
            match below.strip_prefix("flow-logs") {
                Ok(key) => change(arg(key), &bytes, &to.join("flow-logs")),
                Err(_) => write(&to.join(below), &bytes),
            }
        }
        Self { folder }
    }

    /// Text objects cut into parts, each with the header line, the lines in another order, under new names. A name keeps
    /// its `fl-` id: flow logs are told apart by it.
    pub fn split(&self, dice: &mut Dice) -> Self {
        self.changed(|key, bytes, to| {
            let content = if bytes.starts_with(&[0x1f, 0x8b]) { inflated(bytes) } else { bytes.to_vec() };
            let text = String::from_utf8(content).expect("text");
            let mut lines = text.lines();
            let header = lines.next().expect("a header");
            let mut lines: Vec<&str> = lines.collect();
            dice.shuffle(&mut lines);
            let (folder, name) = key.rsplit_once('/').expect("a folder");
            while !lines.is_empty() {
                let rest = lines.split_off((1 + dice.below(40)).min(lines.len()));
                let part = format!("{header}\n{}\n", lines.join("\n"));
                lines = rest;
                let stem = name.split('.').next().expect("a name");
                let stem = stem.rsplit_once('_').map_or(stem, |(stem, _)| stem);
                let new = format!("{folder}/{stem}_{:08x}", dice.below(1 << 31));
                match dice.below(3) {
                    // Content decides, not the name: gzip without the extension and text with it are both fine.
                    0 => write(&to.join(format!("{new}.log.gz")), part.as_bytes()),
                    1 => write(&to.join(format!("{new}.log")), &deflated(part.as_bytes())),
                    _ => {
                        let (first, second) = part.split_at(part.len() / 2);
                        let members = [deflated(first.as_bytes()), deflated(second.as_bytes())].concat();
                        write(&to.join(format!("{new}.log.gz")), &members);
                    }
                }
            }
        })
    }

    /// Every object under its own key, and some of them again: under another prefix with the same name, beside the first
    /// under a name without any id, or both, packed anew where it was gzip.
    pub fn delivered_again(&self, dice: &mut Dice) -> Self {
        self.changed(|key, bytes, to| {
            write(&to.join(key), bytes);
            let again = if bytes.starts_with(&[0x1f, 0x8b]) && dice.below(2) == 0 {
                deflated(&inflated(bytes))
            } else {
                bytes.to_vec()
            };
            let choice = dice.below(4);
            if choice & 1 == 1 {
                write(&to.join("0-again").join(key), &again);
            }
            if choice & 2 == 2 {
                write(&to.join(format!("00{choice}/copy-{}", dice.below(1 << 30))), &again);
            }
        })
    }

    /// Every object under the name that this makes of a number and the old name, in the folder where it was.
    pub fn renamed(&self, dice: &mut Dice, name: impl Fn(usize, &str) -> String) -> Self {
        self.changed(|key, bytes, to| {
            let (folder, old) = key.rsplit_once('/').expect("a folder");
            write(&to.join(folder).join(name(dice.below(1 << 31), old)), bytes);
        })
    }
}
