//! Amounts of memory, as people write them.

use std::fmt;
use std::str::FromStr;

/// Bytes of memory: `512MiB`, `2GiB`, or a plain number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory(u64);

const MIB: u64 = 1 << 20;
const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", MIB), ("GiB", 1 << 30), ("TiB", 1 << 40)];

impl Memory {
    /// This many bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Why a text is no amount of memory.
#[derive(Debug, thiserror::Error)]
#[error("write it in bytes, or as 512MiB or 2GiB")]
pub struct NotMemory;

impl FromStr for Memory {
    type Err = NotMemory;

    fn from_str(text: &str) -> Result<Self, NotMemory> {
        let text = text.trim();
        let in_unit = |(name, bytes): &(&str, u64)| Some((text.strip_suffix(name)?.trim_end(), *bytes));
        let (number, unit) = UNITS.iter().find_map(in_unit).unwrap_or((text, 1));
        let number: u64 = number.parse().map_err(|_| NotMemory)?;
        number.checked_mul(unit).filter(|bytes| *bytes > 0).map(Self).ok_or(NotMemory)
    }
}

impl fmt::Display for Memory {
    /// In whole MiB, rounded up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0.div_ceil(MIB))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        let read = |text: &str| text.parse::<Memory>().ok().map(Memory::bytes);
        let good = [("1", 1), ("300MiB", 300 << 20), ("2 GiB", 2 << 30), (" 64KiB ", 64 << 10), ("1TiB", 1 << 40)];
        for (text, bytes) in good {
            assert_eq!(read(text), Some(bytes), "{text}");
        }
        for text in ["", "0", "-1", "1.5GiB", "300MB", "MiB", "many", "99999999999TiB"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Memory::new((300 << 20) + 1).to_string(), "301 MiB");
    }
}
