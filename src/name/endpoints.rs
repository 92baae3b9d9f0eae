//! Which kind of VPC endpoint could carry the traffic to a service. Says nothing about whether it would pay.

/// The kind of VPC endpoint that could carry traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointType {
    /// A route to the service's prefix list, free of charge.
    Gateway,
    /// An interface with an hourly and a GB price.
    Interface,
    /// None that is known.
    None,
}

impl EndpointType {
    /// The text in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Interface => "interface",
            Self::None => "none",
        }
    }
}

/// The services with a gateway endpoint.
const GATEWAY: [&str; 2] = ["dynamodb", "s3"];

/// Suffixes of interface endpoint names (`com.amazonaws.<region>.<suffix>`) that are often on the far side of a NAT gateway.
/// Sorted.
const INTERFACE: [&str; 74] = [
    "acm-pca",
    "airflow.api",
    "airflow.env",
    "appconfig",
    "appconfigdata",
    "application-autoscaling",
    "aps-workspaces",
    "athena",
    "autoscaling",
    "backup",
    "batch",
    "bedrock",
    "bedrock-agent-runtime",
    "bedrock-runtime",
    "cassandra",
    "cloudformation",
    "cloudtrail",
    "codeartifact.api",
    "codeartifact.repositories",
    "codebuild",
    "codecommit",
    "codedeploy",
    "codepipeline",
    "cognito-idp",
    "comprehend",
    "config",
    "datasync",
    "ebs",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "elasticmapreduce",
    "email-smtp",
    "emr-containers",
    "events",
    "execute-api",
    "git-codecommit",
    "glue",
    "guardduty-data",
    "kafka",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lakeformation",
    "lambda",
    "logs",
    "monitoring",
    "organizations",
    "rds",
    "rds-data",
    "redshift-data",
    "rekognition",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "servicediscovery",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "textract",
    "transcribe",
    "translate",
    "xray",
];

/// The endpoint that could carry traffic from a gateway in `region` to `service` in `service_region`.
///
/// Endpoints reach their own Region only, so an unknown Region on either side is never taken for the same one.
/// Names of address ranges (`range:…`), third parties and `internet` have no endpoint.
#[must_use]
pub fn endpoint_type(service: &str, service_region: Option<&str>, region: Option<&str>) -> EndpointType {
    if service_region.is_none() || service_region != region {
        return EndpointType::None;
    }
    if GATEWAY.contains(&service) {
        EndpointType::Gateway
    } else if INTERFACE.binary_search(&service).is_ok() {
        EndpointType::Interface
    } else {
        EndpointType::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(service: &str, service_region: Option<&str>, region: Option<&str>, expect: EndpointType) {
        assert_eq!(endpoint_type(service, service_region, region), expect, "{service} {service_region:?} {region:?}");
    }

    #[test]
    fn only_the_same_known_region_has_an_endpoint() {
        let (here, there) = (Some("us-east-1"), Some("eu-west-1"));
        check("s3", here, here, EndpointType::Gateway);
        check("dynamodb", here, here, EndpointType::Gateway);
        check("s3", there, here, EndpointType::None);
        check("s3", None, here, EndpointType::None);
        check("s3", here, None, EndpointType::None);
        check("s3", None, None, EndpointType::None);
        check("ecr.dkr", here, here, EndpointType::Interface);
        check("ecr.dkr", None, here, EndpointType::None);
        check("sqs", there, here, EndpointType::None);
        for other in ["range:ec2", "range:amazon", "internet", "private", "partner-x", "S3", ""] {
            check(other, here, here, EndpointType::None);
        }
    }

    #[test]
    fn suffixes_are_sorted_and_none_is_a_gateway() {
        assert!(INTERFACE.is_sorted());
        assert!(INTERFACE.iter().all(|suffix| !GATEWAY.contains(suffix)));
    }
}
