//! The remote hosts: real address ranges, the service behind each, its name in the DNS, how it is used.

use super::options::{Options, Scenario};
use super::places::{CLOUDFRONT, Place, THIRD_PARTIES};
use super::random::{Rng, Weights};
use crate::model::addr::{Addr, Cidr};
use std::collections::BTreeSet;

/// The shape of a host's conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Big replies.
    Download,
    /// Short requests and replies.
    Api,
    /// The client sends more than it gets.
    Upload,
}

/// A remote address.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    pub(super) addr: Addr,
    /// What `pkt-*-aws-service` says; `-` outside AWS.
    pub(super) label: &'static str,
    /// The service as the address alone tells it.
    pub(super) service: &'static str,
    pub(super) region: Option<&'static str>,
    /// The service as the queried name tells it.
    pub(super) name: String,
    /// The queried name, without the last dot; empty: nobody asks.
    pub(super) host: String,
    pub(super) usage: Use,
    /// Whether a gateway endpoint of the home Region would carry it.
    pub(super) endpoint: bool,
}

/// What lies beyond the gateway where the bill has a transfer row for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// Public addresses of EC2 in the same Region.
    PublicIp,
    /// Another Region.
    OtherRegion,
    /// `CloudFront`.
    CloudFront,
    /// Everything else outside AWS.
    Internet,
}

/// Number of the kinds of [`Beyond`].
pub(super) const BEYOND: usize = 4;

impl Destination {
    /// The transfer that the bill shows; none to AWS services of the same Region (`home`) and to private networks.
    pub(super) fn beyond(&self, home: &str) -> Option<Beyond> {
        match (self.label, self.service) {
            ("EC2", _) => Some(Beyond::PublicIp),
            ("CLOUDFRONT", _) => Some(Beyond::CloudFront),
            (_, "internet") => Some(Beyond::Internet),
            _ if self.region.is_some_and(|region| region != home) => Some(Beyond::OtherRegion),
            _ => None,
        }
    }

    /// Whether only a name, or a rule of the user's, tells which service it is.
    pub(super) fn is_nameless(&self) -> bool {
        self.label == "AMAZON"
    }
}

/// All remote hosts and how often each is visited.
#[derive(Clone, Debug)]
pub(super) struct Destinations {
    pub(super) all: Vec<Destination>,
    weights: Weights,
    /// Position of the first host behind the private NAT gateway.
    private_from: usize,
}

struct Group<'a> {
    label: &'static str,
    service: &'static str,
    region: Option<&'static str>,
    prefixes: &'a [&'static str],
    count: usize,
    weight: u64,
    usage: Use,
    endpoint: bool,
    names: Vec<(String, String)>,
}

/// Interface endpoint services whose addresses are AMAZON only: suffix, host pattern, weight, use.
const APIS: &[(&str, &str, u64, Use)] = &[
    ("ecr.dkr", "123456789012.dkr.ecr.{r}.amazonaws.com", 50, Use::Download),
    ("ecr.api", "api.ecr.{r}.amazonaws.com", 10, Use::Api),
    ("logs", "logs.{r}.amazonaws.com", 45, Use::Upload),
    ("monitoring", "monitoring.{r}.amazonaws.com", 15, Use::Upload),
    ("sts", "sts.{r}.amazonaws.com", 8, Use::Api),
    ("sqs", "sqs.{r}.amazonaws.com", 20, Use::Api),
    ("kms", "kms.{r}.amazonaws.com", 6, Use::Api),
    ("secretsmanager", "secretsmanager.{r}.amazonaws.com", 4, Use::Api),
];

/// An address of a block, its first and last ones left out.
pub(super) fn address_in(prefix: &str, rng: &mut Rng) -> Addr {
    let block = Cidr::parse(prefix).expect("the tables hold CIDR blocks");
    let size = u64::try_from(block.last().bits() - block.first().bits()).unwrap_or(u64::MAX);
    let offset = u128::from(rng.between(1, size.max(2)));
    Addr::from_v6(block.first().bits() + offset)
}

fn groups(place: &Place, scenario: Scenario) -> Vec<Group<'_>> {
    let r = place.region;
    let other = place.other.place();
    let buckets = |region: &str, names: &[&str]| {
        names.iter().map(|b| ("s3".to_owned(), format!("{b}.s3.{region}.amazonaws.com"))).collect()
    };
    let layers = format!("prod-{r}-starport-layer-bucket");
    let plain = |label, service, region, prefixes, count, weight, usage| Group {
        label,
        service,
        region,
        prefixes,
        count,
        weight,
        usage,
        endpoint: false,
        names: Vec::new(),
    };
    let mut all = vec![
        Group {
            endpoint: true,
            names: buckets(r, &["shop-media", "data-lake", &layers, "ml-features"]),
            ..plain("S3", "s3", Some(r), &place.s3[..8], 48, 380, Use::Download)
        },
        Group {
            names: buckets(other.region, &["backup-copy", "partner-drop"]),
            ..plain("S3", "s3", Some(other.region), &other.s3[..2], 10, 40, Use::Upload)
        },
        Group {
            endpoint: true,
            names: vec![("dynamodb".to_owned(), format!("dynamodb.{r}.amazonaws.com"))],
            ..plain("DYNAMODB", "dynamodb", Some(r), &place.dynamodb[..2], 16, 110, Use::Api)
        },
        plain("EC2", "range:ec2", Some(r), place.ec2, 24, 50, Use::Download),
        plain("CLOUDFRONT", "range:cloudfront", None, CLOUDFRONT, 16, 60, Use::Download),
    ];
    for &(name, host, weight, usage) in APIS {
        // The sample's application logs are worth an endpoint in the larger VPCs; in the others nothing is.
        let chatty = scenario == Scenario::Sample && name == "logs";
        let weight = if chatty { 8 * weight } else { weight };
        all.push(Group {
            names: vec![(name.to_owned(), host.replace("{r}", r))],
            ..plain("AMAZON", "range:amazon", Some(r), place.amazon, 4, weight, usage)
        });
    }
    for (rank, (name, host, prefix)) in THIRD_PARTIES.iter().enumerate() {
        let weight = 80 / (1 + u64::try_from(rank).unwrap_or(0));
        all.push(Group {
            names: vec![((*name).to_owned(), (*host).to_owned())],
            ..plain("-", "internet", None, std::slice::from_ref(prefix), 5, weight, Use::Download)
        });
    }
    all
}

impl Destinations {
    pub(super) fn new(options: &Options, place: &Place) -> Self {
        let mut rng = Rng::new(options.seed, 1);
        let (mut all, mut weights) = (Vec::new(), Vec::new());
        let mut taken = BTreeSet::new();
        for group in groups(place, options.scenario) {
            let zipf = Weights::zipf(group.count);
            for k in 0..group.count {
                let mut addr = address_in(group.prefixes[k % group.prefixes.len()], &mut rng);
                while !taken.insert(addr) {
                    addr = address_in(group.prefixes[k % group.prefixes.len()], &mut rng);
                }
                let (name, host) = match group.names.len() {
                    0 => (group.service.to_owned(), String::new()),
                    n => group.names[k % n].clone(),
                };
                weights.push((zipf.before(k + 1) - zipf.before(k)) * group.weight * 1_000 / zipf.total());
                all.push(Destination {
                    addr,
                    label: group.label,
                    service: group.service,
                    region: group.region,
                    name,
                    host,
                    usage: group.usage,
                    endpoint: group.endpoint,
                });
            }
        }
        let private_from = all.len();
        for k in 1..=4u32 {
            all.push(Destination {
                addr: Addr::from_v4(0x0ac8_0a00 + k),
                label: "-",
                service: "private",
                region: None,
                name: "private".to_owned(),
                host: String::new(),
                usage: Use::Api,
                endpoint: false,
            });
        }
        Self { all, weights: Weights::new(weights.into_iter()), private_from }
    }

    /// A host on the internet, by popularity.
    pub(super) fn public(&self, rng: &mut Rng) -> usize {
        self.weights.pick(rng)
    }

    /// A host of the office network behind the private NAT gateway (`10.200.10.0/24`).
    pub(super) fn private(&self, rng: &mut Rng) -> usize {
        self.private_from + rng.index(self.all.len() - self.private_from)
    }
}
