//! Makes the built-in address ranges from any `ip-ranges.json`:
//! `cargo run --example make_ip_ranges -- ip-ranges.json > data/ip-ranges.txt`

use anyhow::Context as _;
use natlens::sources::ip_ranges::IpRanges;
use std::io::Write as _;

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("usage: make_ip_ranges ip-ranges.json > data/ip-ranges.txt")?;
    let json = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (ranges, skipped) = IpRanges::from_json(&json).with_context(|| path.display().to_string())?;
    anyhow::ensure!(
        skipped.count == 0,
        "{} prefixes are not understood, the first is {:?}",
        skipped.count,
        skipped.first
    );
    std::io::stdout().write_all(ranges.to_compact().as_bytes()).context("cannot write")
}
