//! Which host names mean which service: the patterns of the table of endpoint services, what follows from them, and the
//! forms that no endpoint's private DNS is known to cover and that the table therefore does not hold.

use crate::model::region;
use crate::name::endpoints::table::{self, PrivateDns, Service, ServiceKind};

/// What a pattern means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) service: &'static str,
    pub(super) covered: bool,
    /// The Region of a name that has none in it.
    pub(super) home: Option<&'static str>,
    pub(super) keeps: Keeps,
}

/// What a `*` at the start of a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    Bucket,
    AccessPoint,
    Nothing,
}

/// The row of the table whose hosts are other people's sites, not a service of AWS that anybody's program calls: they are
/// named by their domain, like other third parties.
const SITES: &str = "cloudfront-distributions";

/// Further forms: service and pattern. None of them is covered by an interface endpoint, as far as is known.
///
/// S3: websites, FIPS, `s3-external-1` (Northern Virginia), the bare names of control and access points, zonal hosts in path
/// style and dual-stack (S3 user guide: endpoints, website endpoints, directory buckets). `IoT`: the data host of accounts from
/// before `-ats`; Greengrass's data host, which its endpoint, for the control plane only, does not take over. EC2, EMR and
/// Auto Scaling: general and `Region.service` names of the first years. IAM, Route 53, CloudFront: the other partitions, FIPS
/// and dual-stack. Transcribe and Batch put `fips` first.
const FURTHER: &[(&str, &str)] = &[
    ("s3", "*.s3-website-{r}.amazonaws.com"),
    ("s3", "*.s3-website.{r}.amazonaws.com"),
    ("s3", "s3-external-1.amazonaws.com"),
    ("s3", "*.s3-external-1.amazonaws.com"),
    ("s3", "s3-fips-{r}.amazonaws.com"),
    ("s3", "*.s3-fips-{r}.amazonaws.com"),
    ("s3", "s3-fips.dualstack.{r}.amazonaws.com"),
    ("s3", "*.s3-fips.dualstack.{r}.amazonaws.com"),
    ("s3", "*.s3-accesspoint-fips.dualstack.{r}.amazonaws.com"),
    ("s3", "*.s3-control-fips.dualstack.{r}.amazonaws.com"),
    ("s3", "s3-control.{r}.amazonaws.com"),
    ("s3", "s3-control.dualstack.{r}.amazonaws.com"),
    ("s3", "s3-accesspoint.{r}.amazonaws.com"),
    ("s3express", "s3express-*.{r}.amazonaws.com"),
    ("s3express", "s3express-*.dualstack.{r}.amazonaws.com"),
    ("s3express", "*.s3express-*.dualstack.{r}.amazonaws.com"),
    ("ecr.dkr", "*.dkr-ecr-fips.{r}.on.aws"),
    ("iot.data", "?.iot.{r}.amazonaws.com"),
    ("greengrass", "greengrass-ats.iot.{r}.amazonaws.com"),
    ("ec2", "ec2.amazonaws.com"),
    ("ec2", "{r}.ec2.amazonaws.com"),
    ("autoscaling", "autoscaling.amazonaws.com"),
    ("elasticmapreduce", "elasticmapreduce.amazonaws.com"),
    ("elasticmapreduce", "{r}.elasticmapreduce.amazonaws.com"),
    ("detective", "api.detective.{r}.amazonaws.com"),
    ("transcribe", "fips.transcribe.{r}.amazonaws.com"),
    ("batch", "fips.batch.{r}.amazonaws.com"),
    ("iam", "iam.{r}.amazonaws.com"),
    ("iam", "iam.us-gov.amazonaws.com"),
    ("iam", "iam-fips.amazonaws.com"),
    ("iam", "iam.global.api.aws"),
    ("route53", "route53.us-gov.amazonaws.com"),
    ("route53", "route53-fips.amazonaws.com"),
    ("route53", "route53.global.api.aws"),
    ("cloudfront", "cloudfront-fips.amazonaws.com"),
    ("cloudfront", "cloudfront.global.api.aws"),
    ("console", "{r}.console.aws.amazon.com"),
    ("signin", "{r}.signin.aws.amazon.com"),
];

/// Names without a Region that one Region stands behind: it signs for them, or they are from the time when there was no
/// other. `sts.amazonaws.com` is Northern Virginia's: since 2025 AWS answers it in the caller's own Region where it can, but
/// the name does not say so. `s3.amazonaws.com` is not here: a bucket behind it may lie anywhere; nor is
/// `elasticmapreduce.amazonaws.com`, behind which each account has its own default Region.
const HOMES: &[(&str, &str)] = &[
    ("sts.amazonaws.com", "us-east-1"),
    ("queue.amazonaws.com", "us-east-1"),
    ("ec2.amazonaws.com", "us-east-1"),
    ("autoscaling.amazonaws.com", "us-east-1"),
    ("s3-external-1.amazonaws.com", "us-east-1"),
    ("*.s3-external-1.amazonaws.com", "us-east-1"),
    ("iam.amazonaws.com", "us-east-1"),
    ("iam-fips.amazonaws.com", "us-east-1"),
    ("iam.global.api.aws", "us-east-1"),
    ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
    ("route53.amazonaws.com", "us-east-1"),
    ("route53-fips.amazonaws.com", "us-east-1"),
    ("route53.global.api.aws", "us-east-1"),
    ("route53.us-gov.amazonaws.com", "us-gov-west-1"),
    ("cloudfront.amazonaws.com", "us-east-1"),
    ("cloudfront-fips.amazonaws.com", "us-east-1"),
    ("cloudfront.global.api.aws", "us-east-1"),
    ("savingsplans.amazonaws.com", "us-east-1"),
];

/// AWS's own buckets: what their names begin and end with around the Region, and what they hold (ECR user guide on interface
/// endpoints; Systems Manager user guide on buckets of the agent; Amazon Linux and `CodeDeploy` user guides). Bucket names are
/// unique in a partition, so nobody else can have them.
const OWN_BUCKETS: &[(&str, &str, &str)] = &[
    ("prod-", "-starport-layer-bucket", "ECR image layers"),
    ("al2023-repos-", "-de612dc2", "Amazon Linux packages"),
    ("amazonlinux-2-repos-", "", "Amazon Linux packages"),
    ("amazon-ssm-", "", "SSM Agent"),
    ("amazon-ssm-packages-", "", "SSM Agent"),
    ("aws-ssm-", "", "SSM Agent"),
    ("aws-ssm-distributor-file-", "", "SSM Agent"),
    ("aws-ssm-document-attachments-", "", "SSM Agent"),
    ("aws-windows-downloads-", "", "SSM Agent"),
    ("aws-patchmanager-macos-", "", "SSM patch baselines"),
    ("patch-baseline-snapshot-", "", "SSM patch baselines"),
    ("", "-birdwatcher-prod", "SSM Agent"),
    ("aws-codedeploy-", "", "CodeDeploy agent"),
];

/// All patterns with their meaning. Of two equal patterns the first is meant.
///
/// What is derived follows AWS's general forms: `service.Region.api.aws` is the dual-stack name, `service-fips` the FIPS name.
/// Where the table has a service for such a name of its own (`sqs-fips`), that one is meant; where it has none, the name is
/// still the service's, but private DNS does not answer to it.
pub(super) fn all() -> Vec<(String, Form)> {
    let mut forms: Vec<(String, Form)> = Vec::new();
    for service in table::all().filter(|service| service.suffix != SITES) {
        for host in &service.hosts {
            let plain = host.strip_prefix('~').unwrap_or(host);
            forms.push((own_region(plain), form(service, plain, plain == *host)));
        }
    }
    for (suffix, pattern) in FURTHER {
        forms.extend(table::find(suffix).map(|service| ((*pattern).to_owned(), form(service, pattern, false))));
    }
    for derive in [dual_stack, fips] {
        let derived: Vec<_> =
            forms.iter().filter_map(|(pattern, known)| Some((derive(pattern)?, uncovered(*known)))).collect();
        forms.extend(derived);
    }
    forms
}

/// What one of AWS's own buckets holds.
pub(super) fn own_bucket(bucket: &str) -> Option<&'static str> {
    let is_own = |(before, after): (&str, &str)| {
        let inner = bucket.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        inner.is_some_and(region::is_region_name)
    };
    OWN_BUCKETS.iter().find(|(before, after, _)| is_own((before, after))).map(|(.., holds)| *holds)
}

fn form(service: &Service, pattern: &str, in_private_dns: bool) -> Form {
    let covered = match (service.kind, service.private_dns) {
        (ServiceKind::Gateway, _) => true,
        (ServiceKind::Interface, PrivateDns::Yes | PrivateDns::Manual) => in_private_dns,
        (ServiceKind::Interface, PrivateDns::No | PrivateDns::Unknown) | (ServiceKind::Unreachable, _) => false,
    };
    let home = HOMES.iter().find(|(name, _)| *name == pattern).map(|(_, region)| *region);
    Form { service: service.suffix, covered, home, keeps: keeps(service.suffix, pattern) }
}

fn keeps(suffix: &str, pattern: &str) -> Keeps {
    let Some(after) = pattern.strip_prefix("*.") else { return Keeps::Nothing };
    match suffix {
        "s3" if after.starts_with("s3-control") => Keeps::Nothing,
        "s3" if after.starts_with("s3-accesspoint") => Keeps::AccessPoint,
        "s3-global.accesspoint" => Keeps::AccessPoint,
        "s3" | "s3-accelerate" | "s3express" => Keeps::Bucket,
        _ => Keeps::Nothing,
    }
}

/// A Region that a pattern names is read like any other: the only one that has the service today may not stay so.
fn own_region(pattern: &str) -> String {
    let labels = pattern.split('.').map(|label| if region::is_region_name(label) { "{r}" } else { label });
    labels.collect::<Vec<_>>().join(".")
}

/// Gateway endpoints capture by address, under whatever name.
fn uncovered(form: Form) -> Form {
    let is_gateway = table::find(form.service).is_some_and(|service| service.kind == ServiceKind::Gateway);
    Form { covered: is_gateway && form.covered, ..form }
}

fn dual_stack(pattern: &str) -> Option<String> {
    pattern.strip_suffix(".{r}.amazonaws.com").map(|before| format!("{before}.{{r}}.api.aws"))
}

fn fips(pattern: &str) -> Option<String> {
    let (before, domain) = pattern.split_once(".{r}.").filter(|(_, d)| matches!(*d, "amazonaws.com" | "api.aws"))?;
    let service = before.rsplit('.').next()?;
    let has_form = service.contains("fips") || service.contains('*') || service == "?" || service == "dualstack";
    (!has_form && !before.contains("fips")).then(|| format!("{before}-fips.{{r}}.{domain}"))
}
