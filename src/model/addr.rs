//! IP addresses as one ordered integer. Parses the text form of flow logs; never allocates.

use super::digits;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address; IPv4 is held as `::ffff:a.b.c.d`, so that both sort and hash as one 128-bit integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr(u128);

const V4_MAPPED: u128 = 0xffff_0000_0000;
const NAT64: u128 = 0x0064_ff9b << 96;

impl Addr {
    /// The unspecified address; stands for "no address" inside packed keys only.
    pub const NONE: Addr = Addr(0);

    /// An IPv4 address from its 32-bit value.
    #[must_use]
    pub const fn from_v4(bits: u32) -> Self {
        Self(V4_MAPPED | bits as u128)
    }

    /// An IPv6 address from its 128-bit value.
    #[must_use]
    pub const fn from_v6(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128-bit value (IPv4 mapped).
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The IPv4 value, if this is an IPv4 address.
    #[must_use]
    pub fn v4(self) -> Option<u32> {
        if self.0 >> 32 == V4_MAPPED >> 32 { u32::try_from(self.0 & 0xffff_ffff).ok() } else { None }
    }

    /// The IPv4 address inside a NAT64 address (`64:ff9b::/96`, RFC 6052), else the address itself.
    #[must_use]
    pub fn without_nat64(self) -> Self {
        if self.is_nat64() { Self(V4_MAPPED | (self.0 & 0xffff_ffff)) } else { self }
    }

    /// The NAT64 address that stands for an IPv4 address; `None` for IPv6.
    #[must_use]
    pub fn to_nat64(self) -> Option<Self> {
        self.v4().map(|v4| Self(NAT64 | u128::from(v4)))
    }

    /// Whether this is a NAT64 address (`64:ff9b::/96`).
    #[must_use]
    pub fn is_nat64(self) -> bool {
        self.0 & !0xffff_ffff == NAT64
    }

    /// Whether the address cannot be on the internet: RFC 1918, RFC 6598, RFC 2544, loopback, link-local, `fc00::/7`, unspecified, multicast.
    #[must_use]
    pub fn is_private(self) -> bool {
        if let Some(v4) = self.v4() {
            let [a, b, _, _] = v4.to_be_bytes();
            return match a {
                0 | 10 | 127 | 224.. => true,
                100 => (64..128).contains(&b),
                169 => b == 254,
                172 => (16..32).contains(&b),
                192 => b == 168,
                198 => b == 18 || b == 19,
                _ => false,
            };
        }
        let top = self.0 >> 120;
        self.0 <= 1 || top == 0xfc || top == 0xfd || top == 0xff || self.0 >> 118 == 0xfe80 >> 6
    }

    /// The text in which every address of a roll-up is written: IPv6 as eight groups of four digits, IPv4 as ever. Texts of IPv6 sort as
    /// the addresses do, and no engine has to find the longest run of zeros.
    #[must_use]
    pub fn spelled_out(self) -> String {
        if self.v4().is_some() {
            return self.to_string();
        }
        Ipv6Addr::from(self.0).segments().map(|group| format!("{group:04x}")).join(":")
    }

    /// Reads the text form (`10.0.0.1`, `2001:db8::1`). `None` for anything else.
    #[inline]
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        match digits::dotted(text) {
            Some(bits) => Some(Self::from_v4(bits)),
            None => parse_v6(text),
        }
    }

    /// As [`Addr::parse`], of an end of a flow: IPv4 written as IPv6 and `::` are none. What rolls up flow logs elsewhere must read the
    /// same, and no log has them.
    #[inline]
    #[must_use]
    pub fn parse_end(text: &[u8]) -> Option<Self> {
        match digits::dotted(text) {
            Some(bits) => Some(Self::from_v4(bits)),
            None => parse_v6(text).filter(|addr| addr.v4().is_none() && *addr != Self::NONE),
        }
    }
}

#[cold]
fn parse_v6(text: &[u8]) -> Option<Addr> {
    if text.len() < 2 {
        return None;
    }
    let strict = || std::str::from_utf8(text).ok()?.parse().ok().map(|v6: Ipv6Addr| u128::from(v6));
    plain_v6(text).or_else(strict).map(Addr)
}

/// Groups of hex digits with at most one `::`, as logs have them. What is written in another way the standard library may read.
fn plain_v6(text: &[u8]) -> Option<u128> {
    let (mut bits, mut groups, mut group, mut digits) = (0u128, 0, 0, 0);
    let (mut rest, mut before_gap) = match text.strip_prefix(b"::") {
        Some(rest) => (rest, Some(0)),
        None => (text, None),
    };
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if let Some(digit) = char::from(byte).to_digit(16) {
            group = group << 4 | digit;
            digits += 1;
            if digits > 4 {
                return None;
            }
            continue;
        }
        if byte != b':' || digits == 0 || groups == 7 || rest.is_empty() {
            return None;
        }
        (bits, groups, group, digits) = (bits << 16 | u128::from(group), groups + 1, 0, 0);
        if let Some(behind) = rest.strip_prefix(b":") {
            if before_gap.replace(groups).is_some() {
                return None;
            }
            rest = behind;
        }
    }
    if digits > 0 {
        (bits, groups) = (bits << 16 | u128::from(group), groups + 1);
    }
    let Some(before) = before_gap else { return (groups == 8).then_some(bits) };
    if groups == 8 {
        return None;
    }
    let back = bits & ((1 << (16 * (groups - before))) - 1);
    let front = if before == 0 { 0 } else { (bits >> (16 * (groups - before))) << (128 - 16 * before) };
    Some(front | back)
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::from_v4(u32::from(v4)),
            IpAddr::V6(v6) => Self(u128::from(v6)),
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.v4() {
            Some(v4) => Ipv4Addr::from(v4).fmt(f),
            None => Ipv6Addr::from(self.0).fmt(f),
        }
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A CIDR block over [`Addr`]; IPv4 prefixes are held with 96 added to their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    first: Addr,
    len: u8,
}

impl Cidr {
    /// Reads `10.0.0.0/8` or `2001:db8::/32`; host bits are cleared, a bare address is a host block. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (addr, len) = match text.split_once('/') {
            Some((addr, len)) => (addr, Some(len.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let addr = Addr::parse(addr.as_bytes())?;
        let (offset, width) = if addr.v4().is_some() { (96, 32) } else { (0, 128) };
        let len = len.unwrap_or(width);
        (len <= width).then(|| Self::new(addr, len + offset))
    }

    /// A block from any address in it and its length in 128-bit terms.
    #[must_use]
    pub fn new(addr: Addr, len: u8) -> Self {
        Self { first: Addr(addr.0 & Self::mask(len)), len }
    }

    const fn mask(len: u8) -> u128 {
        if len == 0 { 0 } else { u128::MAX << (128 - len as u32) }
    }

    /// The lowest address.
    #[must_use]
    pub const fn first(self) -> Addr {
        self.first
    }

    /// The highest address.
    #[must_use]
    pub const fn last(self) -> Addr {
        Addr(self.first.0 | !Self::mask(self.len))
    }

    /// Prefix length in 128-bit terms: the larger, the more specific.
    #[must_use]
    pub const fn len128(self) -> u8 {
        self.len
    }

    /// Whether the address lies in the block. `0.0.0.0/0` holds every IPv4 address and no IPv6 address, `::/0` only IPv6.
    #[must_use]
    pub fn contains(self, addr: Addr) -> bool {
        if self.len < 96 && addr.v4().is_some() {
            return false;
        }
        addr.0 & Self::mask(self.len) == self.first.0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = if self.first.v4().is_some() && self.len >= 96 { self.len - 96 } else { self.len };
        write!(f, "{}/{len}", self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(Addr::parse(text.as_bytes()).map(|a| a.to_string()).as_deref(), expect, "{text}");
    }

    #[test]
    fn addresses_are_read_as_written() {
        check("10.0.1.5", Some("10.0.1.5"));
        check("255.255.255.255", Some("255.255.255.255"));
        check("2001:db8::1", Some("2001:db8::1"));
        check("64:ff9b::cb00:7105", Some("64:ff9b::cb00:7105"));
        for bad in ["", "-", "10.0.0", "10.0.0.256", "10.0.0.1.2", "1000.0.0.1", "10..0.1", "10.0.0.1 ", "abc"] {
            check(bad, None);
        }
    }

    proptest! {
        #[test]
        fn ipv6_is_what_the_standard_library_says(bits: [u16; 8], zeros: u8, text in "[0-9a-f:.]{0,42}", cut in 0usize..40, put in "[:0-9a-fA-F.g%]{0,3}") {
            let groups: Vec<u16> = bits.iter().enumerate().map(|(at, bits)| if zeros >> at & 1 == 1 { 0 } else { *bits }).collect();
            let groups: [u16; 8] = groups.try_into().expect("eight");
            let written = Ipv6Addr::from(groups).to_string();
            let mut changed = written.clone();
            changed.insert_str(cut.min(changed.len()), &put);
            for text in [text, written, changed] {
                let expect = text.parse().ok().map(|v6: Ipv6Addr| Addr(u128::from(v6)));
                prop_assert_eq!(parse_v6(text.as_bytes()), expect, "{}", text);
            }
        }
    }

    #[test]
    fn blocks_hold_their_own_family_only() {
        let any_v4 = Cidr::parse("0.0.0.0/0").expect("valid");
        let any_v6 = Cidr::parse("::/0").expect("valid");
        let v4 = Addr::parse(b"8.8.8.8").expect("valid");
        let v6 = Addr::parse(b"2001:db8::1").expect("valid");
        assert!(any_v4.contains(v4) && !any_v4.contains(v6));
        assert!(any_v6.contains(v6) && !any_v6.contains(v4));
        assert_eq!(Cidr::parse("10.1.2.3/16").expect("valid").to_string(), "10.1.0.0/16");
        assert_eq!(Cidr::parse("10.0.0.0/33"), None);
    }

    #[test]
    fn nat64_decodes_to_the_remote() {
        let a = Addr::parse(b"64:ff9b::cb00:7105").expect("valid");
        assert_eq!(a.without_nat64().to_string(), "203.0.113.5");
    }

    #[test]
    fn ends_of_flows_are_themselves() {
        for (text, expect) in [
            ("10.0.1.5", Some("10.0.1.5")),
            ("64:ff9b::192.0.2.1", Some("64:ff9b::c000:201")),
            ("::ffff:1.2.3.4", None),
            ("::ffff:102:304", None),
            ("::", None),
            ("-", None),
        ] {
            let found = Addr::parse_end(text.as_bytes()).map(|addr| addr.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn spelled_out_all_groups_have_four_digits() {
        for (text, expect) in [
            ("10.0.0.1", "10.0.0.1"),
            ("64:ff9b::192.0.2.1", "0064:ff9b:0000:0000:0000:0000:c000:0201"),
            ("2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"),
        ] {
            let addr = Addr::parse(text.as_bytes()).expect("valid");
            assert_eq!(addr.spelled_out(), expect, "{text}");
            assert_eq!(Addr::parse(expect.as_bytes()), Some(addr), "{text}");
        }
    }

    #[test]
    fn private_space() {
        for (text, expect) in [
            ("10.0.0.1", true),
            ("100.64.0.1", true),
            ("100.24.1.1", false),
            ("172.15.0.1", false),
            ("172.31.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2600::1", false),
        ] {
            assert_eq!(Addr::parse(text.as_bytes()).expect("valid").is_private(), expect, "{text}");
        }
    }
}
