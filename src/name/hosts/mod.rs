//! A host name becomes a service of AWS with its Region and bucket, or the domain of a third party. Nothing but the name is
//! looked at: whether it is the right name for an address is decided elsewhere.

mod domain;
mod forms;
pub mod partners;
mod trie;

use crate::model::region;
use crate::name::endpoints::table;
use forms::{Form, Keeps};
use partners::Partner;
use std::borrow::Cow;
use trie::{Found, Trie};

/// Bytes of the longest host name and of its longest label (RFC 1035, without the dot at the end).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The domain that interface endpoints have their own names in.
const ENDPOINT_NAMES: &str = ".vpce.";

/// The top-level domain that is AWS's own: `api.aws`, `on.aws`, `ecr.aws`.
const OWN_TOP: &str = "aws";

/// What a host name is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Nothing that can be told: no public host name.
    #[default]
    Nothing,
    /// A host of AWS or of one of its customers there (load balancers, databases, clusters, services newer than the table):
    /// which service is not known, so that the address says more than the name.
    Aws,
    /// The name in reports: a service's suffix, or `domain:<registrable domain>` of a third party.
    Named(String),
}

/// What a host name says. All empty for what is no host name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName {
    /// The service's endpoint suffix (`sqs`, `ecr.dkr`), as in [`table`]. `None` for third parties, for customers' hosts
    /// under AWS's domains, and for names of AWS that the table does not know.
    pub service: Option<&'static str>,
    /// The Region in the name, or the one that a name without Region stands for (`sts.amazonaws.com` is `us-east-1`).
    /// Hosts under AWS's domains have it even where the service is not known.
    pub region: Option<String>,
    /// The S3 bucket in the name; `accesspoint/<name>` where the name holds an access point in place of a bucket. Names in
    /// path style hold neither.
    pub bucket: Option<String>,
    /// What a bucket of AWS's own holds: `ECR image layers`.
    pub holds: Option<&'static str>,
    /// The interface endpoint whose own name this is (`vpce-0123…`): its traffic needs no other.
    pub endpoint_id: Option<String>,
    /// The registrable domain, hosting services taken whole: `datadoghq.com`, `amazonaws.com`, `cloudfront.net`.
    pub domain: Option<String>,
    /// Whether it is under a domain of AWS's endpoints.
    pub is_aws: bool,
    /// Whether clients that use this name would be taken over by an endpoint of the service without being changed: by its
    /// private DNS or, where it has none, a hosted zone made by hand (`IoT` data); by address at S3 and DynamoDB, always.
    /// A name that is known to be the service's, but not to be in private DNS, is not covered.
    pub covered: bool,
}

impl HostName {
    /// What the name is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match (self.service, &self.domain) {
            (Some(service), _) => Subject::Named(service.to_owned()),
            (None, Some(_)) if self.is_aws => Subject::Aws,
            (None, Some(domain)) => Subject::Named(format!("domain:{domain}")),
            (None, None) => Subject::Nothing,
        }
    }

    /// The third party behind the name, if it offers its service over `PrivateLink` itself.
    #[must_use]
    pub fn partner(&self) -> Option<&'static Partner> {
        self.domain.as_deref().filter(|_| self.service.is_none()).and_then(partners::find)
    }
}

/// Host names of AWS's services. Made once, asked often.
#[derive(Clone, Debug)]
pub struct HostTable {
    forms: Trie<Form>,
    /// First letters of Regions, domain elsewhere, domain there.
    partitions: Vec<(&'static str, &'static str, &'static str)>,
}

impl Default for HostTable {
    fn default() -> Self {
        Self::new()
    }
}

impl HostTable {
    /// From the built-in table of endpoint services.
    #[must_use]
    pub fn new() -> Self {
        let mut trie = Trie::new();
        for (pattern, form) in forms::all() {
            trie.insert(&pattern, form);
        }
        let partitions: Vec<_> = table::partition_domains().collect();
        for (_, common, own) in &partitions {
            trie.alias(common, own);
        }
        Self { forms: trie, partitions }
    }

    /// What a host name says, in any case, with or without a dot at its end. Any text may be given.
    #[must_use]
    pub fn name(&self, host: &str) -> HostName {
        let host = host.strip_suffix('.').unwrap_or(host);
        if !is_host_name(host) {
            return HostName::default();
        }
        let host = if host.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        let domain = domain::registrable(&host).filter(|domain| is_plain(domain)).map(str::to_owned);
        let found = self.service(&host).or_else(|| self.endpoint(&host));
        // Without a domain it is nobody's.
        let found = found.or_else(|| domain.is_some().then(|| self.other(&host))).unwrap_or_default();
        HostName { domain, is_aws: self.is_aws(&host), ..found }
    }

    /// A host of a service that the table knows.
    fn service(&self, host: &str) -> Option<HostName> {
        let Found { value: form, region, rest } = self.forms.find(host)?;
        let own = self.own_domain(host);
        let region = match (region, own) {
            (Some(region), _) if !self.is_in_partition(host, region) => return None,
            (Some(region), _) => Some(region),
            (None, None) => form.home,
            (None, Some(_)) => None,
        };
        let bucket = match form.keeps {
            Keeps::Bucket => Some(rest.to_owned()),
            Keeps::AccessPoint => Some(format!("accesspoint/{rest}")),
            Keeps::Nothing => None,
        };
        Some(HostName {
            service: Some(form.service),
            region: region.map(str::to_owned),
            holds: bucket.as_deref().and_then(forms::own_bucket),
            bucket: bucket.filter(|_| is_plain(rest)),
            covered: form.covered,
            ..HostName::default()
        })
    }

    /// An interface endpoint's own name: `vpce-0123-abcd.sqs.us-east-1.vpce.amazonaws.com`, with a zone after the second part
    /// or not, and for S3 `bucket`, `accesspoint` or `control` before it. Behind `vpce-svc-…` is a customer's service.
    fn endpoint(&self, host: &str) -> Option<HostName> {
        let (inside, domain) = host.split_once(ENDPOINT_NAMES).filter(|(_, domain)| self.is_common_or_own(domain))?;
        let (left, region) = inside.rsplit_once('.').filter(|(_, region)| region::is_region_name(region))?;
        let labels: Vec<&str> = left.split('.').collect();
        let at = labels.iter().position(|label| label.starts_with("vpce-") && !label.starts_with("vpce-svc-"))?;
        let id: Vec<&str> = labels[at].split('-').take(2).collect();
        let prefix = labels[at + 1..].join(".");
        // `*.dkr.ecr` has a label before it in public, none here.
        let public = [format!("{prefix}.{region}.{domain}"), format!("x.{prefix}.{region}.{domain}")];
        let service = public.iter().find_map(|name| self.service(name)?.service);
        let before = labels[..at].join(".");
        let bucket = match before.rsplit_once('.') {
            Some((name, "bucket")) => Some(name.to_owned()),
            Some((name, "accesspoint")) => Some(format!("accesspoint/{name}")),
            _ => None,
        };
        Some(HostName {
            service,
            region: Some(region.to_owned()),
            bucket: bucket.filter(|_| service == Some("s3") && is_plain(&before)),
            endpoint_id: Some(id.join("-")).filter(|id| is_plain(id)),
            ..HostName::default()
        })
    }

    /// A third party's host, or one of AWS that is not known: never a service.
    fn other(&self, host: &str) -> HostName {
        let region = host.rsplit('.').find(|label| region::is_region_name(label)).filter(|_| self.is_aws(host));
        HostName { region: region.map(str::to_owned), ..HostName::default() }
    }

    fn is_aws(&self, host: &str) -> bool {
        let under_one = |(_, common, own): &(_, &str, &str)| is_under(host, common) || is_under(host, own);
        is_under(host, OWN_TOP) || self.partitions.iter().any(under_one)
    }

    /// The partition's own domain that the host is under; `None` under the domains of all others.
    fn own_domain(&self, host: &str) -> Option<&'static str> {
        self.partitions.iter().map(|(.., own)| *own).find(|own| is_under(host, own))
    }

    /// Whether names of the Region have the domain that the host is under: a Region of China is not under `amazonaws.com`.
    fn is_in_partition(&self, host: &str, region: &str) -> bool {
        self.partitions.iter().all(|(prefix, common, own)| {
            let there = region.starts_with(prefix);
            !(there && is_under(host, common) || !there && is_under(host, own))
        })
    }

    fn is_common_or_own(&self, domain: &str) -> bool {
        self.partitions.iter().any(|(_, common, own)| domain == *common || domain == *own)
    }
}

fn is_host_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && !text.contains(':')
        && text.split('.').all(|label| !label.is_empty() && label.len() <= LONGEST_LABEL)
}

/// Whether a host is the domain or below it.
pub(super) fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a host name, or a part of one, can stand in a report: letters and digits of any script, and what names are joined with.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

#[cfg(test)]
mod tests;
