//! Names a destination: an address and what the flow log says of it become a service, its Region and the evidence.
//! Pure: the tables are handed in, and the same address and label always get the same name.

pub mod asked;
pub mod endpoints;
pub mod hosts;
pub mod prefixes;
pub mod ranges;
mod rules;

pub use endpoints::{EndpointType, endpoint_type};
pub use hosts::{Subject, is_plain};
pub use prefixes::PrefixMap;
pub use ranges::RangeTable;

use crate::model::addr::{Addr, Cidr};
use crate::model::region;
use crate::sources::settings::Rule;
use asked::{Agree, Asked, Names};
use hosts::{HostName, HostTable};
use ranges::{AMAZON, EC2, Range};
use rules::Rules;
use std::collections::BTreeMap;

/// Where a name comes from, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The user's own rule.
    Rule,
    /// The entries of an AWS-managed prefix list: exactly what a gateway endpoint captures.
    PrefixList,
    /// The name that was asked for.
    Dns,
    /// `pkt-src-aws-service` or `pkt-dst-aws-service` of the flow log.
    FlowLog,
    /// The published address ranges.
    IpRanges,
    /// Nothing is known.
    None,
}

impl Evidence {
    /// The text in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::PrefixList => "prefix-list",
            Self::Dns => "dns",
            Self::FlowLog => "flow-log",
            Self::IpRanges => "ip-ranges",
            Self::None => "none",
        }
    }
}

/// What a destination is called, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// `s3`, `sqs`, `domain:<registrable domain>`, `range:<name>`, a rule's own name, `internet` or `private`.
    pub service: String,
    /// The AWS Region of the service; `None` is not known.
    pub region: Option<String>,
    /// What the name rests on.
    pub evidence: Evidence,
    /// Whether an endpoint of the service would take the traffic over: not where the name that was asked for is the service's,
    /// but in no endpoint's private DNS; nor where the address is in none of the blocks of the Region's prefix list; nor where
    /// clients reach the address by NAT64: their packets go to `64:ff9b::/96`, which is in no block of any gateway endpoint's list.
    /// Source: VPC user guide, DNS64 and NAT64.
    pub covered: bool,
}

/// What names that were asked for mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meaning {
    /// What they are about.
    pub subject: Subject,
    /// The Region in the name; `None` where names differ, and for third parties.
    pub region: Option<String>,
    /// Whether all names are in the private DNS of the service's endpoint.
    pub covered: bool,
}

impl Agree for Meaning {
    /// On the service: `sts.amazonaws.com` and `sts.us-west-2.amazonaws.com` may lead to one address, whose Region is its own.
    /// A name that tells nothing (`localhost`) contradicts none. Two hosts of AWS of which the service is not known agree on that;
    /// one of them beside a service's name may be another service's.
    fn agree(&self, other: &Self) -> Option<Self> {
        match (&self.subject, &other.subject) {
            (Subject::Nothing, _) => Some(other.clone()),
            (_, Subject::Nothing) => Some(self.clone()),
            (one, two) => (one == two).then(|| Self {
                subject: one.clone(),
                region: self.region.clone().filter(|_| self.region == other.region),
                covered: self.covered && other.covered,
            }),
        }
    }
}

/// What is known of a remote besides its address.
#[derive(Clone, Copy, Debug)]
pub struct Clues<'a> {
    /// `pkt-src-aws-service` or `pkt-dst-aws-service`, whichever is the remote's; empty or `-` where absent.
    pub label: &'a str,
    /// What Resolver logs say that its client asked for.
    pub asked: &'a Asked<Meaning>,
    /// The remote's port; 0 where it is not known.
    pub port: u16,
}

impl Clues<'_> {
    /// Only the flow log's own label.
    #[must_use]
    pub const fn of_label(label: &str) -> Clues<'_> {
        Clues { label, asked: &Asked::Nothing, port: 0 }
    }

    fn names(&self) -> Option<&Names> {
        match self.asked {
            Asked::Nothing => None,
            Asked::Service { names, .. } | Asked::Ambiguous { names, .. } => Some(names),
        }
    }
}

/// The services that a gateway endpoint captures by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Captured {
    DynamoDb,
    S3,
}

impl Captured {
    const fn as_str(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
        }
    }

    fn from_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "dynamodb" => Some(Self::DynamoDb),
            "s3" => Some(Self::S3),
            _ => None,
        }
    }
}

/// Everything that names are made from.
#[derive(Clone, Debug)]
pub struct Namer {
    rules: Rules,
    /// Sorted.
    lists: Vec<(Captured, String)>,
    /// Of each list, whether all of its IPv4 and of its IPv6 blocks are known.
    whole: Vec<[bool; 2]>,
    list_map: PrefixMap<usize>,
    ranges: RangeTable,
    hosts: HostTable,
}

impl Namer {
    /// From the user's rules, the blocks of AWS-managed prefix lists by list name, and the published ranges. Beside the blocks
    /// stands whether they are all that the list has.
    ///
    /// Lists other than those of S3 and DynamoDB are left out: no gateway endpoint of natlens captures by them.
    #[must_use]
    pub fn new<'c, N: AsRef<str>>(
        rules: &[Rule],
        prefix_lists: impl IntoIterator<Item = (N, &'c [Cidr], bool)>,
        ranges: RangeTable,
    ) -> Self {
        let mut lists: BTreeMap<(Captured, String), (Vec<Cidr>, bool)> = BTreeMap::new();
        for (name, cidrs, is_whole) in prefix_lists {
            if let Some((captured, region)) = read_list_name(name.as_ref()) {
                let fresh = || (Vec::new(), true);
                let (blocks, all) = lists.entry((captured, region.to_owned())).or_insert_with(fresh);
                blocks.extend(cidrs);
                *all &= is_whole;
            }
        }
        let list_blocks: Vec<_> =
            lists.values().enumerate().flat_map(|(at, (cidrs, _))| cidrs.iter().map(move |cidr| (*cidr, at))).collect();
        // Each list is of one address family: of a family without a block nothing is known.
        let families = |(cidrs, all): &(Vec<Cidr>, bool)| {
            [true, false].map(|v4| *all && cidrs.iter().any(|cidr| cidr.first().v4().is_some() == v4))
        };
        Self {
            rules: Rules::new(rules),
            whole: lists.values().map(families).collect(),
            lists: lists.into_keys().collect(),
            list_map: PrefixMap::new(&list_blocks),
            ranges,
            hosts: HostTable::new(),
        }
    }

    /// What a host name says.
    #[must_use]
    pub fn host(&self, name: &str) -> HostName {
        self.hosts.name(name)
    }

    /// What a host name means to the question which service it is.
    #[must_use]
    pub fn meaning(&self, name: &str) -> Meaning {
        let host = self.hosts.name(name);
        Meaning { subject: host.subject(), covered: host.covered, region: host.region }
    }

    /// Names a remote address. NAT64 addresses are named by the IPv4 address inside.
    ///
    /// The order is: rule, S3 and DynamoDB by address (they are captured by address, whatever name was asked for), the names
    /// that were asked for where they agree, the flow log's label, the published ranges, the flow log's label if it is a
    /// generic one, nothing.
    #[must_use]
    pub fn name(&self, remote: Addr, clues: Clues<'_>) -> Named {
        let (is_nat64, remote) = (remote.is_nat64(), remote.without_nat64());
        let label = if clues.label == "-" { "" } else { clues.label };
        let range = self.ranges.get(remote);
        self.by_rule(remote, clues, range)
            .or_else(|| self.captured(remote, label, range))
            .or_else(|| by_dns(clues.asked, range))
            .or_else(|| by_label(label, range).filter(|_| !is_generic(label)))
            .or_else(|| by_range(range))
            .or_else(|| by_label(label, range))
            .map_or_else(
                || unknown(remote),
                |named| {
                    let named = self.as_captured(remote, with_region_asked_for(named, clues.asked));
                    let by_address = Captured::from_suffix(&named.service).is_some();
                    Named { covered: named.covered && !(by_address && is_nat64), ..named }
                },
            )
    }

    /// Whether all IPv4 blocks are known that a gateway endpoint of this Region captures for the service.
    #[must_use]
    pub fn knows_list_of(&self, service: &str, region: &str) -> bool {
        self.list_of(service, region).is_some_and(|at| self.whole[at][0])
    }

    fn list_of(&self, service: &str, region: &str) -> Option<usize> {
        let wanted = (Captured::from_suffix(service)?, region);
        self.lists.binary_search_by(|(captured, of)| (*captured, of.as_str()).cmp(&wanted)).ok()
    }

    /// A gateway endpoint captures the blocks of its Region's list and nothing else, whatever else calls an address S3.
    fn as_captured(&self, remote: Addr, named: Named) -> Named {
        let list = named.region.as_deref().and_then(|region| self.list_of(&named.service, region));
        let is_outside = list.is_some_and(|at| {
            self.whole[at][usize::from(remote.v4().is_none())] && self.list_map.get(remote) != Some(at)
        });
        Named { covered: named.covered && !is_outside, ..named }
    }

    /// A rule without a Region leaves that to what else is known, if it names a service that has endpoints.
    fn by_rule(&self, remote: Addr, clues: Clues<'_>, range: Option<Range<'_>>) -> Option<Named> {
        let rule = self.rules.find(remote, clues.names(), clues.port)?;
        let of_list = || self.list_with(remote).map(|(_, region)| region);
        let of_address = || of_list().or_else(|| regional(range)).filter(|_| has_endpoints(&rule.name));
        Some(named(&rule.name, rule.region.as_deref().or_else(of_address), Evidence::Rule))
    }

    /// The prefix list that holds an address: its service and its Region.
    fn list_with(&self, remote: Addr) -> Option<(Captured, &str)> {
        let (captured, region) = self.lists.get(self.list_map.get(remote)?)?;
        Some((*captured, region))
    }

    fn captured(&self, remote: Addr, label: &str, range: Option<Range<'_>>) -> Option<Named> {
        if let Some((captured, region)) = self.list_with(remote) {
            return Some(named(captured.as_str(), Some(region), Evidence::PrefixList));
        }
        if let Some(captured) = Captured::from_suffix(&label.to_ascii_lowercase()) {
            return Some(named(captured.as_str(), region_of(range), Evidence::FlowLog));
        }
        let range = range.filter(|range| range.s3 || range.dynamodb)?;
        let captured = if range.s3 { Captured::S3 } else { Captured::DynamoDb };
        Some(named(captured.as_str(), range.gateway_region, Evidence::IpRanges))
    }
}

/// Reads `com.amazonaws.<region>.<suffix>`, with or without a prefix for the partition.
fn read_list_name(name: &str) -> Option<(Captured, &str)> {
    let (_, rest) = name.split_once("amazonaws.")?;
    let (region, suffix) = rest.split_once('.')?;
    let captured = Captured::from_suffix(suffix.strip_prefix("ipv6.").unwrap_or(suffix))?;
    (!region.is_empty()).then_some((captured, region))
}

fn is_generic(label: &str) -> bool {
    label.eq_ignore_ascii_case(AMAZON) || label.eq_ignore_ascii_case(EC2)
}

/// The Region is the address's, else the name's. A third party has none, wherever its servers are.
fn by_dns(asked: &Asked<Meaning>, range: Option<Range<'_>>) -> Option<Named> {
    let Asked::Service { key, .. } = asked else { return None };
    let Subject::Named(label) = &key.subject else { return None };
    let of_address = regional(range);
    let region = if label.starts_with("domain:") { None } else { of_address.or(key.region.as_deref()) };
    // By name alone S3 and DynamoDB are not where a gateway endpoint would capture them.
    let by_address = Captured::from_suffix(label).is_some();
    let covered = !by_address && key.covered;
    Some(Named { covered, ..named(label, region, Evidence::Dns) })
}

/// What no published range gives a Region has that of the name that was asked for, if the name is about it: of a service named by
/// the flow log's label the service's own host, of AWS's addresses any host of AWS.
fn with_region_asked_for(named: Named, asked: &Asked<Meaning>) -> Named {
    let Asked::Service { key, .. } = asked else { return named };
    let is_about = match &key.subject {
        Subject::Nothing => false,
        Subject::Aws => named.service.starts_with("range:"),
        Subject::Named(service) => *service == named.service,
    };
    let is_own_name = named.evidence == Evidence::Rule && !has_endpoints(&named.service);
    if named.region.is_some() || is_own_name || !is_about {
        return named;
    }
    Named { region: key.region.clone(), ..named }
}

/// The label has no Region, the address has one: no published prefix lies in two Regions.
fn by_label(label: &str, range: Option<Range<'_>>) -> Option<Named> {
    (!label.is_empty()).then(|| named(&range_name(label), region_of(range), Evidence::FlowLog))
}

fn by_range(range: Option<Range<'_>>) -> Option<Named> {
    range.map(|range| named(&range_name(range.service), range.region, Evidence::IpRanges))
}

fn region_of(range: Option<Range<'_>>) -> Option<&str> {
    range.and_then(|range| range.gateway_region.or(range.region))
}

/// Likewise, if it is one where endpoints can stand.
fn regional(range: Option<Range<'_>>) -> Option<&str> {
    region_of(range).filter(|region| region::is_region_name(region))
}

fn has_endpoints(service: &str) -> bool {
    endpoints::table::find(service).is_some()
}

fn range_name(label: &str) -> String {
    format!("range:{}", label.to_ascii_lowercase())
}

fn unknown(remote: Addr) -> Named {
    named(if remote.is_private() { "private" } else { "internet" }, None, Evidence::None)
}

fn named(service: &str, region: Option<&str>, evidence: Evidence) -> Named {
    Named { service: service.to_owned(), region: region.map(str::to_owned), evidence, covered: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::ip_ranges::IpRanges;

    fn namer() -> Namer {
        let cidr = |text: &str| [Cidr::parse(text).expect("a block")];
        let rule = |block, name: &str, region: Option<&str>| Rule {
            cidr: Some(cidr(block)[0]),
            host: None,
            port: None,
            name: name.to_owned(),
            region: region.map(str::to_owned),
        };
        let rules = [
            rule("203.0.113.0/24", "Partner X", None),
            rule("203.0.113.7/32", "sqs", Some("us-east-1")),
            rule("52.216.0.0/30", "my bucket", Some("us-east-1")),
            rule("203.0.113.0/24", "too late", None),
            rule("52.94.24.16/28", "dynamodb", None),
            rule("3.5.1.16/28", "sqs", None),
            rule("3.5.1.32/28", "s3", None),
            rule("3.5.1.48/28", "Partner Y", None),
        ];
        let lists = [
            ("com.amazonaws.us-east-1.s3", cidr("52.216.0.0/15")),
            ("com.amazonaws.eu-west-1.dynamodb", cidr("52.94.24.0/24")),
            ("cn.com.amazonaws.cn-north-1.s3", cidr("54.222.0.0/24")),
            ("com.amazonaws.us-east-1.ipv6.s3", cidr("2600:1fa0::/32")),
            ("com.amazonaws.global.cloudfront.origin-facing", cidr("13.0.0.0/8")),
            ("my own list.s3", cidr("8.8.8.0/24")),
            ("com.amazonaws.us-east-2.dynamodb", cidr("52.119.226.0/24")),
        ];
        let lists = lists.iter().map(|(name, cidrs)| (*name, &cidrs[..], !name.contains("us-east-2")));

        let json = r#"{"syncToken": "1", "prefixes": [
            {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "S3"},
            {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "EC2"},
            {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "AMAZON"},
            {"ip_prefix": "52.119.224.0/20", "region": "us-east-2", "service": "DYNAMODB"},
            {"ip_prefix": "13.32.0.0/15", "region": "GLOBAL", "service": "CLOUDFRONT"},
            {"ip_prefix": "13.32.0.0/15", "region": "GLOBAL", "service": "AMAZON"},
            {"ip_prefix": "52.94.0.0/22", "region": "eu-west-1", "service": "AMAZON"},
            {"ip_prefix": "2600:1f00::/24", "region": "us-east-1", "service": "EC2"}]}"#;
        let (ranges, _) = IpRanges::from_json(json.as_bytes()).expect("valid");
        Namer::new(&rules, lists, RangeTable::new(&ranges))
    }

    fn check(remote: &str, label: &str, expect: (&str, &str, &str)) {
        let found = namer().name(Addr::parse(remote.as_bytes()).expect("an address"), Clues::of_label(label));
        let region = found.region.as_deref().unwrap_or("?");
        assert_eq!((found.service.as_str(), region, found.evidence.as_str()), expect, "{remote} `{label}`");
    }

    #[test]
    fn a_rule_without_a_region_has_that_of_the_address_where_endpoints_are_concerned() {
        check("52.94.24.17", "-", ("dynamodb", "eu-west-1", "rule"));
        check("3.5.1.17", "-", ("sqs", "us-east-1", "rule"));
        check("3.5.1.33", "-", ("s3", "us-east-1", "rule"));
        check("3.5.1.49", "-", ("Partner Y", "?", "rule"));
        check("203.0.113.8", "-", ("Partner X", "?", "rule"));
    }

    #[test]
    fn a_gateway_endpoint_takes_over_its_list_and_nothing_else() {
        let namer = namer();
        let covered = |remote: &str, label: &str| {
            namer.name(Addr::parse(remote.as_bytes()).expect("an address"), Clues::of_label(label)).covered
        };
        for (remote, label, expect, why) in [
            ("52.216.0.9", "S3", true, "in the list"),
            ("3.5.0.1", "-", false, "S3 by its range, not in the Region's list"),
            ("3.5.0.1", "S3", false, "likewise by its label"),
            ("64:ff9b::305:1", "S3", false, "likewise behind NAT64"),
            ("3.5.1.33", "-", false, "likewise by a rule"),
            ("52.94.24.17", "-", true, "by a rule, and in the list"),
            ("2600:1f00::1", "S3", false, "likewise by the list of IPv6"),
            ("52.94.0.1", "S3", true, "a Region whose list is not known"),
            ("52.119.231.1", "-", true, "pages of the list are missing"),
            ("9.9.9.9", "S3", true, "no Region"),
            ("3.5.1.17", "-", true, "another service"),
        ] {
            assert_eq!(covered(remote, label), expect, "{why}: {remote} `{label}`");
        }
        let knows = |service: &str, region: &str| namer.knows_list_of(service, region);
        assert!(knows("s3", "us-east-1") && knows("s3", "cn-north-1") && knows("dynamodb", "eu-west-1"));
        assert!(!knows("dynamodb", "us-east-1") && !knows("sqs", "us-east-1") && !knows("dynamodb", "us-east-2"));
    }

    #[test]
    fn names_agree_on_a_service_and_lose_the_region_that_they_do_not_share() {
        let namer = namer();
        let subject = |meaning: &Meaning| match &meaning.subject {
            Subject::Nothing => "-".to_owned(),
            Subject::Aws => "(aws)".to_owned(),
            Subject::Named(label) => label.clone(),
        };
        let check = |names: &[&str], expect: Option<(&str, Option<&str>, bool)>| {
            for turn in 0..names.len() {
                let mut told = names[turn..].iter().chain(&names[..turn]).map(|name| namer.meaning(name));
                let first = told.next().expect("a name");
                let all = told.try_fold(first, |all, next| all.agree(&next));
                let all = all.as_ref().map(|m| (subject(m), m.region.as_deref(), m.covered));
                let expect = expect.map(|(subject, region, covered)| (subject.to_owned(), region, covered));
                assert_eq!(all, expect, "{names:?} from {turn}");
            }
        };
        let (east, west) = ("sts.us-east-1.amazonaws.com", "sts.us-west-2.amazonaws.com");
        check(&[west], Some(("sts", Some("us-west-2"), true)));
        check(&[east, west, east], Some(("sts", None, true)));
        check(&["sts.amazonaws.com", east], Some(("sts", Some("us-east-1"), false)));
        check(&[west, "sqs.us-west-2.amazonaws.com"], None);
        check(&[west, "example.com"], None);
        // What tells nothing contradicts nothing.
        check(&["localhost", west, ""], Some(("sts", Some("us-west-2"), true)));
        check(&["localhost", ""], Some(("-", None, false)));
        // Which service it is, is not known: perhaps another.
        let (balancer, cluster) = ("a.us-west-2.elb.amazonaws.com", "b.gr7.us-west-2.eks.amazonaws.com");
        check(&[balancer, cluster], Some(("(aws)", Some("us-west-2"), false)));
        check(&[balancer, "a.us-east-1.elb.amazonaws.com"], Some(("(aws)", None, false)));
        check(&[balancer, west], None);
        check(&[balancer, "example.com"], None);
    }

    #[test]
    fn a_rule_comes_before_everything() {
        check("203.0.113.1", "", ("Partner X", "?", "rule"));
        check("203.0.113.1", "S3", ("Partner X", "?", "rule"));
        check("203.0.113.7", "", ("sqs", "us-east-1", "rule"));
        check("52.216.0.1", "S3", ("my bucket", "us-east-1", "rule"));
    }

    #[test]
    fn s3_and_dynamodb_are_named_by_address() {
        check("52.217.1.1", "", ("s3", "us-east-1", "prefix-list"));
        check("52.217.1.1", "EC2", ("s3", "us-east-1", "prefix-list"));
        check("52.94.24.1", "DYNAMODB", ("dynamodb", "eu-west-1", "prefix-list"));
        check("54.222.0.1", "", ("s3", "cn-north-1", "prefix-list"));
        check("2600:1fa0::1", "", ("s3", "us-east-1", "prefix-list"));
        check("3.5.0.1", "S3", ("s3", "us-east-1", "flow-log"));
        check("3.5.0.1", "", ("s3", "us-east-1", "ip-ranges"));
        check("3.5.0.1", "AMAZON", ("s3", "us-east-1", "ip-ranges"));
        check("3.5.0.1", "CLOUDFRONT", ("s3", "us-east-1", "ip-ranges"));
        check("52.119.224.1", "EC2", ("dynamodb", "us-east-2", "ip-ranges"));
        check("52.94.0.1", "DYNAMODB", ("dynamodb", "eu-west-1", "flow-log"));
        check("9.9.9.9", "S3", ("s3", "?", "flow-log"));
        check("8.8.8.8", "", ("internet", "?", "none"));
    }

    #[test]
    fn other_services_are_named_by_range() {
        check("13.32.0.1", "", ("range:cloudfront", "?", "ip-ranges"));
        check("13.32.0.1", "AMAZON", ("range:cloudfront", "?", "ip-ranges"));
        check("52.94.0.1", "API_GATEWAY", ("range:api_gateway", "eu-west-1", "flow-log"));
        check("52.94.0.1", "EC2", ("range:amazon", "eu-west-1", "ip-ranges"));
        check("9.9.9.9", "EC2", ("range:ec2", "?", "flow-log"));
        check("9.9.9.9", "AMAZON", ("range:amazon", "?", "flow-log"));
        check("9.9.9.9", "SOMETHING_NEW", ("range:something_new", "?", "flow-log"));
        check("2600:1f18::1", "", ("range:ec2", "us-east-1", "ip-ranges"));
    }

    /// The Region that no range tells is that of the name, if the name is about the same thing.
    #[test]
    fn a_region_that_no_range_tells_is_the_names() {
        let namer = namer();
        for (remote, label, host, expect) in [
            ("9.9.9.9", "S3", "b.s3.us-east-1.amazonaws.com", ("s3", "us-east-1", "flow-log")),
            ("9.9.9.9", "DYNAMODB", "dynamodb.eu-west-1.amazonaws.com", ("dynamodb", "eu-west-1", "flow-log")),
            ("9.9.9.9", "S3", "sqs.us-east-1.amazonaws.com", ("s3", "?", "flow-log")),
            ("9.9.9.9", "S3", "example.com", ("s3", "?", "flow-log")),
            ("3.5.0.1", "S3", "b.s3.eu-west-1.amazonaws.com", ("s3", "us-east-1", "flow-log")),
            ("9.9.9.9", "AMAZON", "a.us-west-2.elb.amazonaws.com", ("range:amazon", "us-west-2", "flow-log")),
            ("9.9.9.9", "", "a.us-west-2.elb.amazonaws.com", ("internet", "?", "none")),
            ("52.94.0.1", "", "a.us-west-2.elb.amazonaws.com", ("range:amazon", "eu-west-1", "ip-ranges")),
            ("203.0.113.1", "", "a.us-west-2.elb.amazonaws.com", ("Partner X", "?", "rule")),
        ] {
            let (key, by) = (namer.meaning(host), asked::AskedBy::Client);
            let asked = Asked::Service { key, by, names: Names::default() };
            let remote = Addr::parse(remote.as_bytes()).expect("an address");
            let found = namer.name(remote, Clues { asked: &asked, ..Clues::of_label(label) });
            let region = found.region.as_deref().unwrap_or("?");
            assert_eq!((&*found.service, region, found.evidence.as_str()), expect, "{remote} {label} {host}");
        }
    }

    #[test]
    fn nat64_is_named_by_the_address_inside() {
        check("64:ff9b::3.5.0.1", "", ("s3", "us-east-1", "ip-ranges"));
        check("64:ff9b::203.0.113.1", "", ("Partner X", "?", "rule"));
        check("64:ff9b::10.0.0.1", "", ("private", "?", "none"));
    }

    #[test]
    fn what_nobody_knows_is_internet_or_private() {
        check("9.9.9.9", "", ("internet", "?", "none"));
        check("9.9.9.9", "-", ("internet", "?", "none"));
        check("10.0.0.1", "", ("private", "?", "none"));
        check("fd00::1", "", ("private", "?", "none"));
    }
}
