//! The built-in table of services and their VPC endpoints: `data/endpoint-services.txt`, whose head explains its columns.
//!
//! Which endpoint services AWS has, and what they are called in each partition. Where they are offered, an account's own
//! list knows better ([`super::offer`]).

use crate::model::region;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const BUILT_IN: &str = include_str!("../../../data/endpoint-services.txt");

/// The form of a name that the table does not give.
const COMMON: &str = "com.amazonaws.{r}.{s}";

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(BUILT_IN));

/// The kind of endpoint that AWS has for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceKind {
    /// A gateway endpoint: routes, free of charge. There may be an interface endpoint beside it, which is not.
    Gateway,
    /// An interface endpoint.
    Interface,
    /// None reaches it.
    Unreachable,
}

/// Whether an interface endpoint can answer to the service's own host names inside its VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrivateDns {
    /// A setting of the endpoint.
    Yes,
    /// Only by a private hosted zone that the user makes.
    Manual,
    /// Not even so: each client would have to be given the endpoint's own name.
    No,
    /// Not known, or does not apply.
    Unknown,
}

/// A service of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What follows the Region in the endpoint service's name: `sqs`, `ecr.dkr`.
    pub suffix: &'static str,
    /// What reaches it.
    pub kind: ServiceKind,
    /// Form of the endpoint service's name: `{r}` is the Region, `{s}` the suffix, `{n}` a number that AWS gives each account.
    pub name: &'static str,
    /// Whether its host names can lead to an endpoint.
    pub private_dns: PrivateDns,
    /// Whether its endpoints take a policy; `None` is not known.
    pub policy: Option<bool>,
    /// The only Regions that offer it; empty is "not known, so any".
    pub regions: Vec<&'static str>,
    /// Private DNS also takes over public names of other customers, which then cannot be reached from the VPC.
    pub takes_public_names: bool,
    /// Host names in the commercial Regions: `{r}` is the Region, `*` one or more characters. After `~` stand names that mean
    /// the service, but that its endpoint's private DNS is not known to cover.
    pub hosts: Vec<&'static str>,
}

impl Service {
    /// The Region's own name of the endpoint service; `None` where it holds a number that only the account knows.
    #[must_use]
    pub fn full_name(&self, region: &str) -> Option<String> {
        let elsewhere = TABLE.names.get(&(region, self.suffix)).copied();
        // Gateway endpoints have names of the common form in every partition.
        let form = elsewhere.filter(|_| self.kind == ServiceKind::Interface).unwrap_or(self.name);
        (!form.contains("{n}")).then(|| form.replace("{r}", region).replace("{s}", self.suffix))
    }

    /// Whether a name as an account lists it, `com.amazonaws.us-east-1.sqs`, is this service's in that Region.
    #[must_use]
    pub fn is_named(&self, name: &str, region: &str) -> bool {
        if self.name.contains("{n}") {
            let number = region::service_suffix(name).and_then(|suffix| suffix.strip_prefix(self.suffix));
            return number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        }
        let in_region = region::of_service_name(name).is_none_or(|named| named == region);
        in_region && region::service_suffix(name) == Some(self.suffix)
            || self.full_name(region).is_some_and(|full| full == name)
    }
}

/// The service with this suffix.
#[must_use]
pub fn find(suffix: &str) -> Option<&'static Service> {
    let services = &TABLE.services;
    services.binary_search_by(|service| service.suffix.cmp(suffix)).ok().map(|at| &services[at])
}

/// All services, by suffix.
pub fn all() -> impl Iterator<Item = &'static Service> {
    TABLE.services.iter()
}

/// What host names end in where [`Service::hosts`] has another domain: `amazonaws.com` and `amazonaws.com.cn` for Beijing.
pub fn domains(region: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_region = TABLE.domains.iter().filter(move |(prefix, ..)| region.starts_with(prefix));
    of_region.map(|(_, common, own)| (*common, *own))
}

/// All of them: what names of Regions begin with, the domain elsewhere, the domain in those Regions.
pub fn partition_domains() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.domains.iter().copied()
}

#[derive(Debug, Default)]
struct Table {
    services: Vec<Service>,
    /// Form of the name by Region and suffix, where it is not the service's own.
    names: BTreeMap<(&'static str, &'static str), &'static str>,
    /// First letters of the Region, domain, domain there.
    domains: Vec<(&'static str, &'static str, &'static str)>,
}

impl Table {
    /// Lines that are not understood are left out; a test holds that the built-in text has none.
    fn parse(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&'static str> = line.split(' ').collect();
            match fields.as_slice() {
                ["domain", prefix, common, own] => table.domains.push((prefix, common, own)),
                ["name", region, form, suffixes] => {
                    table.names.extend(suffixes.split(',').map(|suffix| ((*region, suffix), *form)));
                }
                other => table.services.extend(service(other)),
            }
        }
        table.services.sort_by_key(|service| service.suffix);
        table
    }
}

fn service(fields: &[&'static str]) -> Option<Service> {
    let [suffix, kind, name, private_dns, policy, regions, caution, hosts] = *fields else { return None };
    Some(Service {
        suffix,
        kind: match kind {
            "gateway" => ServiceKind::Gateway,
            "interface" => ServiceKind::Interface,
            "none" => ServiceKind::Unreachable,
            _ => return None,
        },
        name: if name == "-" { COMMON } else { name },
        private_dns: match private_dns {
            "yes" => PrivateDns::Yes,
            "manual" => PrivateDns::Manual,
            "no" => PrivateDns::No,
            "-" => PrivateDns::Unknown,
            _ => return None,
        },
        policy: match policy {
            "yes" => Some(true),
            "no" => Some(false),
            "-" => None,
            _ => return None,
        },
        regions: list(regions),
        takes_public_names: match caution {
            "public-names" => true,
            "-" => false,
            _ => return None,
        },
        hosts: list(hosts),
    })
}

fn list(field: &'static str) -> Vec<&'static str> {
    if field == "-" { Vec::new() } else { field.split(',').collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_is_understood_and_every_service_stands_once() {
        let lines = BUILT_IN.lines().filter(|line| !line.starts_with('#'));
        let directives = TABLE.domains.len() + BUILT_IN.lines().filter(|line| line.starts_with("name ")).count();
        assert_eq!(lines.count(), TABLE.services.len() + directives);
        let suffixes: BTreeSet<&str> = all().map(|service| service.suffix).collect();
        assert_eq!(suffixes.len(), TABLE.services.len());
        assert!(TABLE.services.len() > 480 && suffixes.iter().all(|suffix| !suffix.is_empty()));
        let dangling: Vec<_> = TABLE.names.keys().filter(|(_, suffix)| find(suffix).is_none()).collect();
        assert!(dangling.is_empty(), "names of services that are not in the table: {dangling:?}");
    }

    #[test]
    fn hosts_are_patterns_of_host_names() {
        for service in all() {
            for host in &service.hosts {
                let plain = host.strip_prefix('~').unwrap_or(host).replace("{r}", "us-east-1").replace('*', "x");
                let label = |l: &str| {
                    let inner = l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                    !l.is_empty() && inner && !l.starts_with('-') && !l.ends_with('-')
                };
                assert!(plain.split('.').count() >= 3 && plain.split('.').all(label), "{}: {host}", service.suffix);
            }
        }
    }

    #[test]
    fn no_two_services_have_a_host_in_common() {
        let hosts: Vec<&str> = all().flat_map(|service| service.hosts.iter().copied()).collect();
        let distinct: BTreeSet<&str> = hosts.iter().map(|host| host.strip_prefix('~').unwrap_or(host)).collect();
        assert_eq!(distinct.len(), hosts.len());
    }

    fn check_name(suffix: &str, region: &str, expect: Option<&str>) {
        let service = find(suffix).unwrap_or_else(|| panic!("{suffix} is in the table"));
        assert_eq!(service.full_name(region).as_deref(), expect, "{suffix} in {region}");
        if let Some(name) = expect {
            assert!(service.is_named(name, region), "{name} is the name of {suffix}");
        }
    }

    #[test]
    fn full_names_have_the_form_of_their_partition() {
        for (suffix, region, expect) in [
            ("sqs", "us-east-1", "com.amazonaws.us-east-1.sqs"),
            ("ecr.dkr", "eu-west-1", "com.amazonaws.eu-west-1.ecr.dkr"),
            ("sqs", "us-gov-west-1", "com.amazonaws.us-gov-west-1.sqs"),
            ("sqs", "cn-north-1", "cn.com.amazonaws.cn-north-1.sqs"),
            ("athena", "cn-north-1", "cn.com.amazonaws.cn-north-1.athena"),
            ("kms", "cn-north-1", "com.amazonaws.cn-north-1.kms"),
            ("polly", "cn-northwest-1", "cn.com.amazonaws.cn-northwest-1.polly"),
            ("polly", "cn-north-1", "com.amazonaws.cn-north-1.polly"),
            ("transcribe", "cn-north-1", "cn.com.amazonaws.cn-north-1.transcribe.cn"),
            ("transcribe", "us-east-1", "com.amazonaws.us-east-1.transcribe"),
            // The gateway endpoint; the interface endpoint of China's S3 has the other form.
            ("s3", "cn-north-1", "com.amazonaws.cn-north-1.s3"),
            ("dynamodb", "eusc-de-east-1", "com.amazonaws.eusc-de-east-1.dynamodb"),
            ("ecr.api", "eusc-de-east-1", "eu.amazonaws.eusc-de-east-1.ecr.api"),
            ("sqs", "eusc-de-east-1", "com.amazonaws.eusc-de-east-1.sqs"),
            ("freetier", "us-east-1", "aws.api.us-east-1.freetier"),
            ("cassandra-streams", "us-east-1", "api.aws.us-east-1.cassandra-streams"),
            ("notebook", "us-east-2", "aws.sagemaker.us-east-2.notebook"),
            ("iam", "us-east-1", "com.amazonaws.iam"),
            ("codecatalyst", "us-west-2", "aws.api.global.codecatalyst"),
            ("route53globalresolver", "us-east-2", "aws.api.us-east-2.route53globalresolver"),
        ] {
            check_name(suffix, region, Some(expect));
        }
        check_name("timestream.ingest-cell", "us-east-1", None);
    }

    #[test]
    fn names_of_other_services_and_regions_are_told_apart() {
        let named = |suffix: &str, name: &str| find(suffix).is_some_and(|s| s.is_named(name, "us-east-1"));
        for (suffix, name, expect) in [
            ("sqs", "com.amazonaws.us-east-1.sqs", true),
            ("sqs", "com.amazonaws.us-east-1.sqs-fips", false),
            ("sqs", "com.amazonaws.us-west-2.sqs", false),
            ("sqs", "com.amazonaws.vpce.us-east-1.vpce-svc-1", false),
            ("sqs", "aws.api.us-east-1.sqs", true),
            ("iam", "com.amazonaws.iam", true),
            ("timestream.ingest-cell", "com.amazonaws.us-east-1.timestream.ingest-cell2", true),
            ("timestream.ingest-cell", "com.amazonaws.us-east-1.timestream.ingest-cell", false),
            ("timestream.ingest-cell", "com.amazonaws.us-east-1.timestream.ingest-cellx", false),
        ] {
            assert_eq!(named(suffix, name), expect, "{suffix} {name}");
        }
    }

    #[test]
    fn facts_that_decide_something_are_in_the_table() {
        let fact = |suffix| {
            let s = find(suffix).expect("in the table");
            (s.kind, s.private_dns, s.policy, s.takes_public_names)
        };
        assert_eq!(fact("sqs"), (ServiceKind::Interface, PrivateDns::Yes, Some(true), false));
        assert_eq!(fact("transfer.server"), (ServiceKind::Interface, PrivateDns::Yes, Some(false), false));
        assert_eq!(fact("execute-api"), (ServiceKind::Interface, PrivateDns::Yes, Some(true), true));
        assert_eq!(fact("iot.data"), (ServiceKind::Interface, PrivateDns::Manual, None, false));
        assert_eq!(fact("dynamodb-streams"), (ServiceKind::Interface, PrivateDns::No, None, false));
        assert_eq!(fact("ecr-public"), (ServiceKind::Unreachable, PrivateDns::Unknown, None, false));
        let gateways: Vec<_> = all().filter(|s| s.kind == ServiceKind::Gateway).map(|s| s.suffix).collect();
        assert_eq!(gateways, ["dynamodb", "s3", "s3express"]);
        assert_eq!(find("pricing.api").expect("there").regions, ["ap-south-1", "eu-central-1", "us-east-1"]);
        assert!(find("range:ec2").is_none() && find("").is_none() && find("domain").is_none());
    }

    #[test]
    fn host_names_have_the_domain_of_their_partition() {
        let of = |region| domains(region).collect::<Vec<_>>();
        assert_eq!(of("us-east-1"), []);
        assert_eq!(of("us-gov-west-1"), []);
        assert_eq!(
            of("cn-northwest-1"),
            [("amazonaws.com", "amazonaws.com.cn"), ("api.aws", "api.amazonwebservices.com.cn")]
        );
        assert_eq!(of("eusc-de-east-1"), [("amazonaws.com", "amazonaws.eu"), ("api.aws", "api.amazonwebservices.eu")]);
    }
}
