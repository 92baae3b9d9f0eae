//! Which service and Region an address belongs to by the published ranges of AWS. Pure; built once, then only read.

use super::prefixes::Intervals;
use crate::model::addr::{Addr, Cidr};
use crate::sources::ip_ranges::IpRanges;
use std::cmp::Reverse;

const S3: &str = "S3";
const DYNAMODB: &str = "DYNAMODB";
/// The label that nearly every AWS range also has; the least that can be said.
pub(super) const AMAZON: &str = "AMAZON";
/// Ranges of instances, and of the services and customers that run on them.
pub(super) const EC2: &str = "EC2";
const GLOBAL: &str = "GLOBAL";

/// What the published ranges say of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range<'a> {
    /// The most specific service label, as published (`EC2`, `CLOUDFRONT`).
    pub service: &'a str,
    /// Its Region; `None` for `GLOBAL`.
    pub region: Option<&'a str>,
    /// Whether S3 is among the services of the address.
    pub s3: bool,
    /// Whether DynamoDB is among the services of the address.
    pub dynamodb: bool,
    /// The Region that the S3 or DynamoDB range itself names; `None` when neither holds the address.
    pub gateway_region: Option<&'a str>,
}

/// The published ranges, ready to be asked.
#[derive(Clone, Debug)]
pub struct RangeTable {
    /// Service and Region by group number, in the order of [`IpRanges::groups`].
    groups: Vec<(String, Option<String>)>,
    answers: Intervals<Answer>,
}

/// Group numbers; the texts are found when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    label: u32,
    gateway: Option<u32>,
    s3: bool,
    dynamodb: bool,
}

/// What a label is worth: any service over EC2, EC2 over AMAZON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Amazon,
    Ec2,
    Service,
}

/// A group as the flattening sees it.
#[derive(Clone, Copy)]
struct Label {
    group: u32,
    rank: Rank,
    gateway: Option<Gateway>,
}

#[derive(Clone, Copy, PartialEq)]
enum Gateway {
    S3,
    DynamoDb,
}

impl RangeTable {
    /// Flattens published ranges.
    ///
    /// AWS lists a prefix under every service it serves, and under the one that uses another's addresses exclusively
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html>, "range overlaps"): so of all services around
    /// an address AMAZON gives way to any other, then EC2 does, then the longest prefix wins, then the first name.
    #[must_use]
    pub fn new(ranges: &IpRanges) -> Self {
        let mut groups = Vec::with_capacity(ranges.groups.len());
        let mut blocks = Vec::new();
        for (number, group) in (0u32..).zip(&ranges.groups) {
            let region = Some(group.region.clone()).filter(|region| region != GLOBAL);
            groups.push((group.service.clone(), region));
            let label = Label { group: number, rank: rank(&group.service), gateway: gateway(&group.service) };
            blocks.extend(group.cidrs.iter().map(|cidr| (*cidr, label)));
        }
        Self { groups, answers: Intervals::new(&blocks, answer) }
    }

    /// What is known of an address; `None` outside all published ranges.
    #[inline]
    #[must_use]
    pub fn get(&self, addr: Addr) -> Option<Range<'_>> {
        let answer = self.answers.get(addr)?;
        let (service, region) = self.group(answer.label)?;
        let gateway_region = answer.gateway.and_then(|group| self.group(group)?.1);
        Some(Range { service, region, s3: answer.s3, dynamodb: answer.dynamodb, gateway_region })
    }

    fn group(&self, number: u32) -> Option<(&str, Option<&str>)> {
        let (service, region) = self.groups.get(number as usize)?;
        Some((service, region.as_deref()))
    }
}

fn rank(service: &str) -> Rank {
    match service {
        AMAZON => Rank::Amazon,
        EC2 => Rank::Ec2,
        _ => Rank::Service,
    }
}

fn gateway(service: &str) -> Option<Gateway> {
    match service {
        S3 => Some(Gateway::S3),
        DYNAMODB => Some(Gateway::DynamoDb),
        _ => None,
    }
}

fn answer(open: &[(Cidr, Label)]) -> Answer {
    let has = |gateway| open.iter().any(|(_, label)| label.gateway == Some(gateway));
    // Groups are numbered by name, so the smaller number is the first name.
    let value = |(cidr, label): &&(Cidr, Label)| (label.rank, cidr.len128(), Reverse(label.group));
    let best = |(_, label): &(Cidr, Label)| label.group;
    let gateways = open.iter().filter(|(_, label)| label.gateway.is_some());
    Answer {
        label: open.iter().max_by_key(value).map_or(u32::MAX, best),
        gateway: gateways.max_by_key(value).map(best),
        s3: has(Gateway::S3),
        dynamodb: has(Gateway::DynamoDb),
    }
}

#[cfg(test)]
mod tests {
    use super::super::prefixes::tests::{any_blocks, edges};
    use super::*;
    use crate::sources::ip_ranges::RangeGroup;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::io::Write as _;

    type Flags = (bool, bool);

    fn table(rows: &[(&str, &str, Cidr)]) -> IpRanges {
        let mut groups: BTreeMap<(&str, &str), BTreeSet<Cidr>> = BTreeMap::new();
        for &(service, region, cidr) in rows {
            groups.entry((service, region)).or_default().insert(cidr);
        }
        let group = |((service, region), cidrs): ((&str, &str), BTreeSet<Cidr>)| RangeGroup {
            service: service.to_owned(),
            region: region.to_owned(),
            cidrs: cidrs.into_iter().collect(),
        };
        IpRanges { sync_token: "1".into(), create_date: "2".into(), groups: groups.into_iter().map(group).collect() }
    }

    fn check(rows: &[(&str, &str, &str)], addr: &str, expect: Option<(&str, Option<&str>, Flags)>) {
        let parsed: Vec<_> = rows.iter().map(|&(s, r, c)| (s, r, Cidr::parse(c).expect("a block"))).collect();
        let table = RangeTable::new(&table(&parsed));
        let found = table.get(Addr::parse(addr.as_bytes()).expect("an address"));
        assert_eq!(found.map(|r| (r.service, r.region, (r.s3, r.dynamodb))), expect, "{addr} in {rows:?}");
    }

    #[test]
    fn the_most_specific_service_wins_over_the_longest_prefix() {
        let rows = [
            ("AMAZON", "us-east-1", "3.0.0.0/24"),
            ("EC2", "us-east-1", "3.0.0.0/16"),
            ("S3", "us-east-1", "3.0.0.0/15"),
            ("AMAZON", "GLOBAL", "13.0.0.0/8"),
            ("CLOUDFRONT", "GLOBAL", "13.1.0.0/16"),
            ("ROUTE53", "eu-west-1", "13.1.1.0/24"),
            ("CLOUDFRONT_ORIGIN_FACING", "GLOBAL", "13.1.0.0/16"),
        ];
        check(&rows, "3.0.0.1", Some(("S3", Some("us-east-1"), (true, false))));
        check(&rows, "13.2.0.0", Some(("AMAZON", None, (false, false))));
        check(&rows, "13.1.2.0", Some(("CLOUDFRONT", None, (false, false))));
        check(&rows, "13.1.1.1", Some(("ROUTE53", Some("eu-west-1"), (false, false))));
        check(&rows, "14.0.0.0", None);
        check(
            &[("EC2", "r-1", "3.0.0.0/8"), ("AMAZON", "r-1", "3.0.0.0/16")],
            "3.0.0.0",
            Some(("EC2", Some("r-1"), (false, false))),
        );
    }

    #[test]
    fn s3_is_seen_under_a_more_specific_service() {
        let rows = [("S3", "us-east-1", "3.0.0.0/15"), ("EBS", "GLOBAL", "3.0.0.0/24")];
        check(&rows, "3.0.0.1", Some(("EBS", None, (true, false))));
        let parsed: Vec<_> = rows.iter().map(|&(s, r, c)| (s, r, Cidr::parse(c).expect("a block"))).collect();
        let table = RangeTable::new(&table(&parsed));
        let range = table.get(Addr::parse(b"3.0.0.1").expect("an address")).expect("published");
        assert_eq!(range.gateway_region, Some("us-east-1"));
    }

    /// The rule as it is told: collect, drop AMAZON, drop EC2, longest prefix, first name.
    fn scan<'a>(rows: &[(&'a str, &'a str, Cidr)], addr: Addr) -> Option<(&'a str, Option<&'a str>, Flags)> {
        let mut around: Vec<_> = rows.iter().filter(|(_, _, cidr)| cidr.contains(addr)).copied().collect();
        let has = |around: &[(&str, &str, Cidr)], name| around.iter().any(|(service, ..)| *service == name);
        let flags = (has(&around, "S3"), has(&around, "DYNAMODB"));
        for generic in ["AMAZON", "EC2"] {
            if around.iter().any(|(service, ..)| *service != generic) {
                around.retain(|(service, ..)| *service != generic);
            }
        }
        around.sort_by_key(|&(service, region, cidr)| (Reverse(cidr.len128()), service, region));
        around.first().map(|&(service, region, _)| (service, Some(region).filter(|r| *r != "GLOBAL"), flags))
    }

    proptest! {
        #[test]
        fn the_table_answers_like_a_scan(cidrs in any_blocks(), labels in proptest::collection::vec((0usize..6, 0usize..3), 40)) {
            const SERVICES: [&str; 6] = ["AMAZON", "EC2", "S3", "DYNAMODB", "EBS", "ROUTE53"];
            const REGIONS: [&str; 3] = ["us-east-1", "GLOBAL", "eu-west-1"];
            let rows: Vec<_> = cidrs.iter().zip(&labels).map(|(cidr, &(s, r))| (SERVICES[s], REGIONS[r], *cidr)).collect();
            let table = RangeTable::new(&table(&rows));
            for addr in edges(&cidrs) {
                let found = table.get(addr).map(|r| (r.service, r.region, (r.s3, r.dynamodb)));
                prop_assert_eq!(found, scan(&rows, addr), "{}", addr);
            }
        }
    }

    #[test]
    fn the_built_in_table_answers_like_a_scan_everywhere() {
        let ranges = IpRanges::built_in();
        let rows: Vec<_> = ranges
            .groups
            .iter()
            .flat_map(|g| g.cidrs.iter().map(|c| (g.service.as_str(), g.region.as_str(), *c)))
            .collect();
        let table = RangeTable::new(&ranges);
        for (_, _, cidr) in rows.iter().step_by(101) {
            for addr in [cidr.first(), cidr.last()] {
                let found = table.get(addr).map(|r| (r.service, r.region, (r.s3, r.dynamodb)));
                assert_eq!(found, scan(&rows, addr), "{addr}");
            }
        }
    }

    #[test]
    #[ignore = "a measurement: cargo test --release --lib name::ranges -- --ignored --nocapture"]
    fn build_and_lookup_are_fast() {
        let ranges = IpRanges::built_in();
        let started = std::time::Instant::now();
        let table = RangeTable::new(&ranges);
        let built = started.elapsed();
        let mut state = 1u32;
        let started = std::time::Instant::now();
        let mut found = 0u32;
        for _ in 0..10_000_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            found += u32::from(table.get(Addr::from_v4(state)).is_some());
        }
        let looked_up = started.elapsed();
        writeln!(std::io::stderr(), "built in {built:?}, 10 M lookups in {looked_up:?}, {found} found")
            .expect("stderr");
        assert!(built.as_millis() < 20 && looked_up.as_millis() < 500);
    }
}
