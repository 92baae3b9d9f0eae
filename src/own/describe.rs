//! What an interface belongs to, by the description that AWS services write on the interfaces that they make.
//!
//! No page of AWS lists all of them; each form names where it is documented, or by whom it is relied on (c7n is Cloud
//! Custodian, which has read such descriptions in many accounts).

use crate::model::inventory::NetworkInterface;

macro_rules! kinds {
    ($($variant:ident $name:literal,)*) => {
        /// What a client is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ClientKind {
            $(#[doc = concat!("`", $name, "` in reports.")] $variant,)*
        }

        impl ClientKind {
            /// The text in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    Instance "instance", Pod "pod", Ecs "ecs", Lambda "lambda", LoadBalancer "load-balancer", Rds "rds", Efs "efs", Eks "eks",
    ElastiCache "elasticache", Dms "dms", Redshift "redshift", CodeBuild "codebuild", Glue "glue", Msk "msk",
    SageMaker "sagemaker", Directory "directory", WorkSpaces "workspaces", ApiGateway "api-gateway",
    CodeConnections "codeconnections", Dax "dax", OpenSearch "opensearch", Firehose "firehose", Emr "emr",
    CloudHsm "cloudhsm", DataSync "datasync", QuickSight "quicksight", TransitGateway "transit-gateway",
    VpcEndpoint "vpc-endpoint", NatGateway "nat-gateway",
}

/// What an interface belongs to: the kind, and the name of the one, where the description says it.
pub type Belongs<'a> = (ClientKind, Option<&'a str>);

/// How a description begins, what it means, and how the owner's name is taken from the rest.
type Form = (&'static str, ClientKind, fn(&str) -> &str);

const FORMS: &[Form] = {
    use ClientKind as K;
    &[
        // Lambda developer guide, "Giving Lambda functions access to resources in a VPC": the function, then a UUID.
        ("AWS Lambda VPC ENI-", K::Lambda, without_uuid),
        // Before 2019 a UUID alone. Source: c7n.
        ("AWS Lambda VPC ENI: ", K::Lambda, nothing),
        // Amazon Aurora and RDS alike. Source: RDS user guide, "Working with a DB instance in a VPC"; c7n.
        ("RDSNetworkInterface", K::Rds, nothing),
        ("Network interface for DBProxy ", K::Rds, whole),
        // Elastic Load Balancing: user guides of each type, "find the network interfaces of a load balancer".
        ("ELB app/", K::LoadBalancer, first_part),
        ("ELB net/", K::LoadBalancer, first_part),
        ("ELB gwy/", K::LoadBalancer, first_part),
        ("ELB ", K::LoadBalancer, whole),
        // EFS user guide, mount targets: the file system, then the mount target in brackets.
        ("EFS mount target for ", K::Efs, first_word),
        // EKS user guide, "network requirements": the control plane's interfaces, named after the cluster.
        ("Amazon EKS ", K::Eks, whole),
        // Security groups for pods: one pod's own interface. Source: EKS best practices guide, `aws-k8s-branch-eni`.
        ("aws-k8s-branch-eni", K::Pod, nothing),
        ("ElastiCache ", K::ElastiCache, whole),            // c7n
        ("ElastiCache+", K::ElastiCache, whole),            // c7n, serverless caches
        ("DMSNetworkInterface", K::Dms, nothing),           // the Terraform AWS provider waits for it by this text
        ("RedshiftNetworkInterface", K::Redshift, nothing), // c7n
        // Glue developer guide, connections: the job's role is all that it tells.
        ("Attached to Glue using role: ", K::Glue, last_part),
        ("AWS CodeBuild", K::CodeBuild, nothing),
        ("CodeBuild ", K::CodeBuild, whole),
        // MSK developer guide, port information: the cluster's ARN.
        ("Amazon MSK network interface for cluster ", K::Msk, cluster_of_arn),
        ("[DO NOT DELETE] ENI managed by SageMaker", K::SageMaker, nothing),
        (
            "[Do not delete] Network Interface created to access resources in your VPC for SageMaker Notebook Instance ",
            K::SageMaker,
            last_part,
        ),
        ("AWS created network interface for directory ", K::Directory, first_word), // c7n
        ("Created By Amazon Workspaces for AWS Account ID ", K::WorkSpaces, nothing),
        ("ENI managed by APIGateway", K::ApiGateway, nothing), // c7n
        ("AWS CodeStar Connections", K::CodeConnections, nothing), // c7n
        ("DAX ", K::Dax, last_word),                           // c7n
        ("ES ", K::OpenSearch, whole), // OpenSearch Service developer guide, VPC support: "ES <domain>"
        ("Amazon Kinesis Firehose - ", K::Firehose, first_word),
        ("AWS ElasticMapReduce", K::Emr, nothing),            // c7n
        ("CloudHSM Managed Interface", K::CloudHsm, nothing), // c7n
        ("CloudHsm ENI ", K::CloudHsm, last_word),            // c7n
        ("datasync ", K::DataSync, whole),
        ("Network Interface for Transit Gateway Attachment ", K::TransitGateway, whole), // c7n
        ("VPC Endpoint Interface ", K::VpcEndpoint, whole),                              // VPC user guide
        ("Interface for NAT Gateway ", K::NatGateway, whole),                            // VPC user guide
    ]
};

/// Types that say what the interface belongs to. Source: EC2 API reference, `NetworkInterface.interfaceType`.
const TYPES: &[(&str, ClientKind)] = &[
    ("lambda", ClientKind::Lambda),
    ("load_balancer", ClientKind::LoadBalancer),
    ("network_load_balancer", ClientKind::LoadBalancer),
    ("gateway_load_balancer", ClientKind::LoadBalancer),
    ("efs", ClientKind::Efs),
    ("api_gateway_managed", ClientKind::ApiGateway),
    ("aws_codestar_connections_managed", ClientKind::CodeConnections),
    ("quicksight", ClientKind::QuickSight),
    ("branch", ClientKind::Pod),
    ("transit_gateway", ClientKind::TransitGateway),
    ("vpc_endpoint", ClientKind::VpcEndpoint),
    ("gateway_load_balancer_endpoint", ClientKind::VpcEndpoint),
    ("nat_gateway", ClientKind::NatGateway),
    ("natGateway", ClientKind::NatGateway),
];

/// How the VPC CNI describes the further interfaces of a node: the instance's id follows. Source: amazon-vpc-cni-k8s.
const NODE: &str = "aws-K8S-";

/// What an interface belongs to; `None` where neither its description, nor its type, nor an attachment tells.
#[must_use]
pub fn belongs(interface: &NetworkInterface) -> Option<Belongs<'_>> {
    let description = interface.description.as_deref().unwrap_or_default();
    if let Some(task) = by_arn(description) {
        return Some(task);
    }
    if let Some(instance) = instance_of(interface) {
        return Some((ClientKind::Instance, Some(instance)));
    }
    let by_type = || {
        let known = TYPES.iter().find(|(kind, _)| interface.kind.as_deref() == Some(*kind));
        known.map(|(_, kind)| (*kind, None))
    };
    by_description(description).or_else(by_type)
}

/// The instance that an interface belongs to. One of a service's own is attached to an instance that no customer sees.
#[must_use]
pub fn instance_of(interface: &NetworkInterface) -> Option<&str> {
    let described = || interface.description.as_deref()?.strip_prefix(NODE).filter(|id| id.starts_with("i-"));
    interface.instance.as_deref().filter(|id| id.starts_with("i-")).or_else(described)
}

fn by_description(description: &str) -> Option<Belongs<'_>> {
    let matching = FORMS.iter().find_map(|(start, kind, name)| Some((*kind, name(description.strip_prefix(start)?))));
    matching.map(|(kind, name)| (kind, Some(name.trim()).filter(|name| !name.is_empty())))
}

/// ECS writes the ARN of the attachment on a task's interface, also on an instance's (ECS developer guide, task networking with
/// `awsvpc`); `CodeBuild` may write a project's.
fn by_arn(description: &str) -> Option<Belongs<'_>> {
    let mut parts = description.strip_prefix("arn:aws")?.split(':').skip(1);
    let (service, resource) = (parts.next()?, parts.nth(2)?);
    match service {
        "ecs" if resource.starts_with("attachment/") => Some((ClientKind::Ecs, None)),
        "codebuild" => Some((ClientKind::CodeBuild, resource.split('/').nth(1))),
        _ => None,
    }
}

fn nothing(_: &str) -> &'static str {
    ""
}

fn whole(rest: &str) -> &str {
    rest
}

fn first_part(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}

fn last_part(rest: &str) -> &str {
    rest.rsplit('/').next().unwrap_or_default()
}

fn first_word(rest: &str) -> &str {
    rest.split_whitespace().next().unwrap_or_default().trim_end_matches('.')
}

fn last_word(rest: &str) -> &str {
    rest.split_whitespace().next_back().unwrap_or_default()
}

fn cluster_of_arn(rest: &str) -> &str {
    rest.split(":cluster/").nth(1).map_or("", first_part)
}

/// `checkout-30bb1fd5-e726-4d80-9ff2-52fd62cd548c` is of `checkout`.
fn without_uuid(rest: &str) -> &str {
    const UUID: [usize; 5] = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = rest.rsplitn(6, '-').collect();
    let is_uuid = parts.len() == 6
        && parts[..5]
            .iter()
            .rev()
            .zip(UUID)
            .all(|(part, len)| part.len() == len && part.bytes().all(|b| b.is_ascii_hexdigit()));
    if is_uuid { parts[5] } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inventory::Inventory;
    use crate::sources::inventory::{InventoryDraft, read_document};

    fn interface(kind: &str, description: &str, instance: &str) -> Inventory {
        let attachment = if instance.is_empty() { String::new() } else { format!(r#""InstanceId": "{instance}""#) };
        let text = format!(
            r#"{{"NetworkInterfaces": [{{"NetworkInterfaceId": "eni-1", "InterfaceType": "{kind}",
                "Description": "{description}", "Attachment": {{{attachment}}}}}]}}"#
        );
        let mut draft = InventoryDraft::default();
        read_document("f.json", text.as_bytes(), &mut draft).expect("valid");
        draft.finish()
    }

    fn check(kind: &str, description: &str, instance: &str, expect: Option<(&str, Option<&str>)>) {
        let inventory = interface(kind, description, instance);
        let found = belongs(inventory.interface("eni-1").expect("described"));
        assert_eq!(found.map(|(kind, name)| (kind.as_str(), name)), expect, "{kind} {description} {instance}");
    }

    #[test]
    fn descriptions_of_aws_services_name_the_owner() {
        let plain = |description: &str, kind: &str, name: &str| {
            check("interface", description, "", Some((kind, Some(name).filter(|name| !name.is_empty()))));
        };
        plain("AWS Lambda VPC ENI-check_out-v2-30bb1fd5-e726-4d80-9ff2-52fd62cd548c", "lambda", "check_out-v2");
        plain("AWS Lambda VPC ENI-checkout", "lambda", "checkout");
        plain("AWS Lambda VPC ENI: 30bb1fd5-e726-4d80-9ff2-52fd62cd548c", "lambda", "");
        plain("RDSNetworkInterface", "rds", "");
        plain("Network interface for DBProxy orders", "rds", "orders");
        plain("ELB app/shop/65132a64d3888e29", "load-balancer", "shop");
        plain("ELB net/test-lb/725b996cb6be8fba", "load-balancer", "test-lb");
        plain("ELB gwy/fw/1", "load-balancer", "fw");
        plain("ELB classic-one", "load-balancer", "classic-one");
        plain("EFS mount target for fs-0f4fc699 (fsmt-0abb47f2)", "efs", "fs-0f4fc699");
        plain("Amazon EKS prod", "eks", "prod");
        plain("aws-k8s-branch-eni", "pod", "");
        plain("ElastiCache sessions-001", "elasticache", "sessions-001");
        plain("ElastiCache+carts", "elasticache", "carts");
        plain("DMSNetworkInterface", "dms", "");
        plain("RedshiftNetworkInterface", "redshift", "");
        plain("Attached to Glue using role: arn:aws:iam::111122223333:role/etl", "glue", "etl");
        plain("arn:aws:codebuild:us-east-1:111122223333:project/web", "codebuild", "web");
        plain("AWS CodeBuild network interface", "codebuild", "");
        plain(
            "Amazon MSK network interface for cluster arn:aws:kafka:us-east-1:111122223333:cluster/events/0a-1",
            "msk",
            "events",
        );
        plain("[DO NOT DELETE] ENI managed by SageMaker for Studio Domain (d-1)", "sagemaker", "");
        plain("AWS created network interface for directory d-9067a1.", "directory", "d-9067a1");
        plain("ENI managed by APIGateway", "api-gateway", "");
        plain("DAX hot", "dax", "hot");
        plain("ES search", "opensearch", "search");
        plain("AWS ElasticMapReduce", "emr", "");
        plain("CloudHsm ENI hsm-1", "cloudhsm", "hsm-1");
        plain("VPC Endpoint Interface vpce-083c683a", "vpc-endpoint", "vpce-083c683a");
        plain("Interface for NAT Gateway nat-07ab4846", "nat-gateway", "nat-07ab4846");
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            plain(&format!("arn:{partition}:ecs:us-east-1:111122223333:attachment/9812f5e5-8c97"), "ecs", "");
        }
    }

    #[test]
    fn an_attachment_outranks_what_people_write() {
        let instance = |description: &str| check("interface", description, "i-1", Some(("instance", Some("i-1"))));
        instance("Primary network interface");
        instance("ES backup interface");
        instance("");
        check("interface", "aws-K8S-i-0aaa", "", Some(("instance", Some("i-0aaa"))));
        check("trunk", "aws-k8s-trunk-eni", "i-1", Some(("instance", Some("i-1"))));
        let task = "arn:aws:ecs:us-east-1:111122223333:attachment/9812f5e5";
        check("interface", task, "i-1", Some(("ecs", None)));
    }

    #[test]
    fn a_type_tells_where_nothing_else_does() {
        check("lambda", "", "", Some(("lambda", None)));
        check("network_load_balancer", "", "", Some(("load-balancer", None)));
        check("branch", "", "", Some(("pod", None)));
        check("interface", "my network interface", "", None);
        check("interface", "arn:aws", "", None);
        check("interface", "arn:aws:ecs", "", None);
    }
}
