//! The published address ranges of AWS: read from `ip-ranges.json` or from the compact form that ships with natlens.
//! Text in, a value out; never opens a file and never decides which service an address belongs to.
//!
//! The compact form is text, one line per service, Region and address family, so that an update is a readable diff:
//!
//! ```text
//! natlens-ip-ranges 1
//! sync-token 1787411825
//! create-date 2026-08-22-15-17-05
//! S3 us-east-1 4 <step>/<length> <step>/<length> ...
//! ```
//!
//! Blocks are sorted. A step is the distance (hexadecimal) from the previous block of the line, counted in blocks of the
//! present length; `length` is the prefix length as usually written.

use crate::model::addr::{Addr, Cidr};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const BUILT_IN: &str = include_str!("../../data/ip-ranges.txt");
const MAGIC: &str = "natlens-ip-ranges 1";
const V4_OFFSET: u8 = 96;

/// Address ranges by service and Region, as published at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpRanges {
    /// `syncToken` of the publication; goes into the report's provenance.
    pub sync_token: String,
    /// `createDate` of the publication, as written there (`YYYY-MM-DD-hh-mm-ss`, UTC).
    pub create_date: String,
    /// Sorted by service, then Region; no two with the same.
    pub groups: Vec<RangeGroup>,
}

/// The blocks of one service in one Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeGroup {
    /// The service label as published (`S3`, `EC2`, `AMAZON`).
    pub service: String,
    /// The Region as published; `GLOBAL` is not a Region but stands here.
    pub region: String,
    /// Sorted and distinct.
    pub cidrs: Vec<Cidr>,
}

/// Why address ranges were refused.
#[derive(Debug, thiserror::Error)]
pub enum IpRangesError {
    /// Not the JSON that AWS publishes.
    #[error("not an ip-ranges.json: {0}")]
    Json(#[from] serde_json::Error),
    /// Without it the report could not say which ranges it used.
    #[error("not an ip-ranges.json: `syncToken` is missing")]
    NoSyncToken,
    /// Nothing in it could be read.
    #[error("ip-ranges.json holds no usable prefix ({skipped} skipped)")]
    Empty {
        /// Entries that were left out.
        skipped: usize,
    },
    /// The compact form is broken.
    #[error("compact ip-ranges, line {line}: {what}")]
    Compact {
        /// Line, from 1.
        line: usize,
        /// What was expected there.
        what: &'static str,
    },
}

/// Entries of an `ip-ranges.json` that were left out because they could not be read. A warning, not an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedPrefixes {
    /// How many.
    pub count: usize,
    /// The first of them, as written.
    pub first: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    sync_token: Option<String>,
    create_date: Option<String>,
    #[serde(default)]
    prefixes: Vec<PublishedPrefix>,
    #[serde(default, rename = "ipv6_prefixes")]
    ipv6: Vec<PublishedPrefix>,
}

#[derive(Deserialize)]
struct PublishedPrefix {
    #[serde(alias = "ipv6_prefix")]
    ip_prefix: Option<String>,
    region: Option<String>,
    service: Option<String>,
}

impl IpRanges {
    /// The ranges that ship with natlens.
    ///
    /// # Panics
    /// Never: a test reads the embedded file.
    #[must_use]
    pub fn built_in() -> Self {
        Self::from_compact(BUILT_IN).expect("the built-in address ranges are valid")
    }

    /// Reads `ip-ranges.json` (<https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html>).
    ///
    /// Entries that make no sense are left out and counted. Unknown fields, services and Regions are accepted.
    pub fn from_json(json: &[u8]) -> Result<(Self, SkippedPrefixes), IpRangesError> {
        let published: Published = serde_json::from_slice(json)?;
        let sync_token = published.sync_token.filter(|token| is_word(token)).ok_or(IpRangesError::NoSyncToken)?;
        let create_date = published.create_date.filter(|date| is_word(date)).unwrap_or_else(|| "-".to_owned());
        let mut skipped = SkippedPrefixes::default();
        let mut groups: BTreeMap<(String, String), BTreeSet<Cidr>> = BTreeMap::new();
        for entry in published.prefixes.into_iter().chain(published.ipv6) {
            match read_entry(&entry) {
                Some((key, cidr)) => _ = groups.entry(key).or_default().insert(cidr),
                None => skipped.add(entry),
            }
        }
        if groups.is_empty() {
            return Err(IpRangesError::Empty { skipped: skipped.count });
        }
        let groups = groups
            .into_iter()
            .map(|((service, region), cidrs)| RangeGroup { service, region, cidrs: cidrs.into_iter().collect() })
            .collect();
        Ok((Self { sync_token, create_date, groups }, skipped))
    }

    /// Reads the compact form.
    pub fn from_compact(text: &str) -> Result<Self, IpRangesError> {
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let mut header = |prefix: &str, what| match lines.next() {
            Some((_, line)) if line.starts_with(prefix) => Ok(line[prefix.len()..].trim().to_owned()),
            Some((line, _)) => Err(IpRangesError::Compact { line, what }),
            None => Err(IpRangesError::Compact { line: 1, what }),
        };
        header(MAGIC, "expected `natlens-ip-ranges 1`")?;
        let sync_token = header("sync-token ", "expected `sync-token`")?;
        let create_date = header("create-date ", "expected `create-date`")?;
        let mut groups: Vec<RangeGroup> = Vec::new();
        for (line, text) in lines {
            let group = read_line(text).map_err(|what| IpRangesError::Compact { line, what })?;
            match groups.last_mut() {
                Some(last) if last.service == group.service && last.region == group.region => {
                    last.cidrs.extend(group.cidrs);
                }
                _ => groups.push(group),
            }
        }
        for group in &mut groups {
            group.cidrs.sort_unstable();
        }
        Ok(Self { sync_token, create_date, groups })
    }

    /// Writes the compact form; equal ranges give equal text.
    #[must_use]
    pub fn to_compact(&self) -> String {
        let mut out = format!("{MAGIC}\nsync-token {}\ncreate-date {}\n", self.sync_token, self.create_date);
        for group in &self.groups {
            let (v4, v6): (Vec<Cidr>, Vec<Cidr>) = group.cidrs.iter().partition(|cidr| is_v4(**cidr));
            for (family, cidrs) in [(Family::V4, v4), (Family::V6, v6)] {
                if !cidrs.is_empty() {
                    write_line(&mut out, group, family, &cidrs);
                }
            }
        }
        out
    }
}

impl SkippedPrefixes {
    fn add(&mut self, entry: PublishedPrefix) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(entry.ip_prefix.unwrap_or_else(|| "(no prefix)".to_owned()));
        }
    }
}

fn read_entry(entry: &PublishedPrefix) -> Option<((String, String), Cidr)> {
    let cidr = Cidr::parse(entry.ip_prefix.as_deref()?)?;
    let [service, region] = [&entry.service, &entry.region].map(|word| word.clone().filter(|w| is_word(w)));
    Some(((service?, region?), cidr))
}

/// Words are separated by spaces in the compact form, so they must hold none.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[derive(Clone, Copy, PartialEq)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// What is added to a written prefix length to get [`Cidr::len128`].
    const fn offset(self) -> u8 {
        match self {
            Self::V4 => V4_OFFSET,
            Self::V6 => 0,
        }
    }

    const fn digit(self) -> char {
        match self {
            Self::V4 => '4',
            Self::V6 => '6',
        }
    }

    fn addr(self, bits: u128) -> Option<Addr> {
        match self {
            Self::V4 => u32::try_from(bits).ok().map(Addr::from_v4),
            Self::V6 => Some(Addr::from_v6(bits)),
        }
    }
}

/// The value of an address in its own family.
fn written_bits(addr: Addr) -> u128 {
    addr.v4().map_or(addr.bits(), u128::from)
}

fn is_v4(cidr: Cidr) -> bool {
    cidr.len128() >= V4_OFFSET && cidr.first().v4().is_some()
}

fn write_line(out: &mut String, group: &RangeGroup, family: Family, cidrs: &[Cidr]) {
    let mut write = || -> std::fmt::Result {
        write!(out, "{} {} {}", group.service, group.region, family.digit())?;
        let mut previous = 0;
        for cidr in cidrs {
            let first = written_bits(cidr.first());
            let shift = u32::from(128 - cidr.len128());
            let step = shift_right(first, shift) - shift_right(previous, shift);
            write!(out, " {step:x}/{}", cidr.len128() - family.offset())?;
            previous = first;
        }
        writeln!(out)
    };
    write().expect("writing to a String does not fail");
}

fn shift_right(bits: u128, shift: u32) -> u128 {
    bits.checked_shr(shift).unwrap_or(0)
}

fn read_line(text: &str) -> Result<RangeGroup, &'static str> {
    let mut words = text.split(' ');
    let (Some(service), Some(region), Some(family)) = (words.next(), words.next(), words.next()) else {
        return Err("expected a service, a Region and a family");
    };
    let family = match family {
        "4" => Family::V4,
        "6" => Family::V6,
        _ => return Err("the family is neither 4 nor 6"),
    };
    let mut cidrs = Vec::new();
    let mut previous = 0;
    for word in words {
        let cidr = read_block(word, family, previous).ok_or("not a block of the form step/length")?;
        previous = written_bits(cidr.first());
        cidrs.push(cidr);
    }
    Ok(RangeGroup { service: service.to_owned(), region: region.to_owned(), cidrs })
}

fn read_block(word: &str, family: Family, previous: u128) -> Option<Cidr> {
    let (step, len) = word.split_once('/')?;
    let step = u128::from_str_radix(step, 16).ok()?;
    let len = len.parse::<u8>().ok()?.checked_add(family.offset()).filter(|&len| len <= 128)?;
    let shift = u32::from(128 - len);
    let block = shift_right(previous, shift).checked_add(step)?;
    let first = if block == 0 { 0 } else { block.checked_mul(1u128.checked_shl(shift)?)? };
    Some(Cidr::new(family.addr(first)?, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: &str = r#"{"syncToken": "17", "createDate": "2026-08-22-15-17-05", "future": [1],
        "prefixes": [
            {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"},
            {"ip_prefix": "3.4.0.0/16", "region": "us-east-1", "service": "AMAZON"},
            {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "AMAZON"},
            {"ip_prefix": "3.5.0.0/16", "region": "us-east-1", "service": "AMAZON"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2600:1f00::/24", "region": "GLOBAL", "service": "AMAZON"}]}"#;

    fn check(json: &str, expect: Result<(usize, usize), &str>) {
        let found = IpRanges::from_json(json.as_bytes());
        let found = found.map(|(r, s)| (r.groups.iter().map(|g| g.cidrs.len()).sum::<usize>(), s.count));
        match (found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{json}"),
            (Err(found), Err(expect)) => assert!(found.to_string().contains(expect), "{json}: {found}"),
            (found, expect) => panic!("{json}: {found:?}, expected {expect:?}"),
        }
    }

    fn with_prefix(entry: &str) -> String {
        let good = r#"{"ip_prefix": "1.0.0.0/8", "region": "r-1", "service": "S3"}"#;
        format!(r#"{{"syncToken": "1", "prefixes": [{good}, {entry}]}}"#)
    }

    #[test]
    fn published_ranges_are_read_or_refused() {
        check(SMALL, Ok((5, 0)));
        check(
            &with_prefix(
                r#"{"ip_prefix": "1.0.0.0/8", "region": "r-1", "service": "S3", "network_border_group": "x"}"#,
            ),
            Ok((1, 0)),
        );
        check(&with_prefix(r#"{"ip_prefix": "1.0.0.0/33", "region": "r-1", "service": "S3"}"#), Ok((1, 1)));
        check(&with_prefix(r#"{"ip_prefix": "2600::/129", "region": "r-1", "service": "S3"}"#), Ok((1, 1)));
        check(&with_prefix(r#"{"ip_prefix": "one", "region": "r-1", "service": "S3"}"#), Ok((1, 1)));
        check(&with_prefix(r#"{"ip_prefix": "2.0.0.0/8", "region": "r-1"}"#), Ok((1, 1)));
        check(&with_prefix(r#"{"ip_prefix": "2.0.0.0/8", "region": "r 1", "service": "S3"}"#), Ok((1, 1)));
        check(r#"{"syncToken": "1", "prefixes": [{}]}"#, Err("no usable prefix (1 skipped)"));
        check(r#"{"syncToken": "1"}"#, Err("no usable prefix"));
        check(r#"{"prefixes": []}"#, Err("`syncToken` is missing"));
        check("not json", Err("not an ip-ranges.json"));
        check("", Err("not an ip-ranges.json"));
        check("[]", Err("not an ip-ranges.json"));
    }

    #[test]
    fn the_compact_form_is_what_its_description_says() {
        let (ranges, _) = IpRanges::from_json(SMALL.as_bytes()).expect("valid");
        let expect = "natlens-ip-ranges 1\nsync-token 17\ncreate-date 2026-08-22-15-17-05\n\
            AMAZON GLOBAL 6 26001f/24\nAMAZON us-east-1 4 304/16 1/16 0/19\nS3 us-east-1 4 1828/19\n";
        assert_eq!(ranges.to_compact(), expect);
        assert_eq!(IpRanges::from_compact(expect).expect("valid"), ranges);
    }

    fn check_broken(text: &str, expect: &str) {
        let error = IpRanges::from_compact(text).expect_err("broken");
        assert_eq!(error.to_string(), format!("compact ip-ranges, {expect}"), "{text:?}");
    }

    #[test]
    fn a_broken_compact_form_is_refused_by_line() {
        let head = "natlens-ip-ranges 1\nsync-token 1\ncreate-date 2\n";
        check_broken("", "line 1: expected `natlens-ip-ranges 1`");
        check_broken("natlens-ip-ranges 1\nsync 1", "line 2: expected `sync-token`");
        check_broken(&format!("{head}S3 r"), "line 4: expected a service, a Region and a family");
        check_broken(&format!("{head}S3 r 5 1/8"), "line 4: the family is neither 4 nor 6");
        for block in ["1", "x/8", "1/33", "100/8", "ffffffffffffffffffffffffffffffff/8"] {
            check_broken(&format!("{head}S3 r 4 {block}"), "line 4: not a block of the form step/length");
        }
        for block in ["1/129", "ffffffffffffffffffffffffffffffff/8", "2/1"] {
            check_broken(&format!("{head}S3 r 6 {block}"), "line 4: not a block of the form step/length");
        }
    }

    #[test]
    fn the_built_in_ranges_are_small_whole_and_dated() {
        let ranges = IpRanges::built_in();
        assert_eq!(ranges.sync_token, "1787411825");
        assert_eq!(ranges.create_date, "2026-08-22-15-17-05");
        assert_eq!(ranges.groups.len(), 703);
        assert!(BUILT_IN.len() < 250_000);
        assert_eq!(ranges.to_compact(), BUILT_IN);
        assert!(ranges.groups.is_sorted_by_key(|g| (&g.service, &g.region)));
        assert!(ranges.groups.iter().all(|g| g.cidrs.is_sorted()));
    }

    fn any_cidr() -> impl Strategy<Value = Cidr> {
        let v4 = (any::<u32>(), V4_OFFSET..=128).prop_map(|(bits, len)| Cidr::new(Addr::from_v4(bits), len));
        let v6 = (any::<u128>(), 0u8..=128).prop_map(|(bits, len)| Cidr::new(Addr::from_v6(bits), len));
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn the_compact_form_loses_nothing(entries in proptest::collection::vec((any_cidr(), 0..3u8, 0..3u8), 1..60)) {
            let rows: Vec<_> = entries.iter().map(|(cidr, service, region)| {
                serde_json::json!({"ip_prefix": cidr.to_string(), "region": format!("r-{region}"), "service": format!("S{service}")})
            }).collect();
            let json = serde_json::json!({"syncToken": "1", "createDate": "2", "prefixes": rows}).to_string();
            let (ranges, skipped) = IpRanges::from_json(json.as_bytes()).expect("valid");
            prop_assert_eq!(skipped.count, 0);
            prop_assert_eq!(&IpRanges::from_compact(&ranges.to_compact()).expect("valid"), &ranges);
            let distinct: BTreeSet<_> = entries.into_iter().collect();
            prop_assert_eq!(ranges.groups.iter().map(|g| g.cidrs.len()).sum::<usize>(), distinct.len());
        }

        #[test]
        fn no_text_makes_it_panic(text in "(natlens-ip-ranges 1\nsync-token 1\ncreate-date 2\n)?(S3 r [46]( [0-9a-f]{1,33}/[0-9]{1,3})*\n){0,3}.{0,20}") {
            let _ = IpRanges::from_compact(&text);
            let _ = IpRanges::from_json(text.as_bytes());
        }
    }
}
