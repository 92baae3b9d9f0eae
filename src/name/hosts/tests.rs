//! Host names of every family and exception.

mod laws;

use super::*;
use std::sync::LazyLock;

static TABLE: LazyLock<HostTable> = LazyLock::new(HostTable::new);

/// Host name, service or domain (`(aws)`: AWS's, which service is not known), Region (`-` for none), whether an endpoint would
/// take it over.
type Case<'a> = (&'a str, &'a str, &'a str, bool);

fn check(cases: &[Case<'_>]) {
    for (host, label, region, covered) in cases {
        let found = TABLE.name(host);
        let subject = if *label == "(aws)" { Subject::Aws } else { Subject::Named((*label).to_owned()) };
        let got = (found.subject(), found.region.as_deref().unwrap_or("-"), found.covered);
        assert_eq!(got, (subject, *region, *covered), "{host}");
    }
}

#[test]
fn regional_names_in_every_partition() {
    check(&[
        ("sqs.us-east-1.amazonaws.com", "sqs", "us-east-1", true),
        ("logs.eu-west-1.amazonaws.com", "logs", "eu-west-1", true),
        ("logs.eu-west-1.api.aws", "logs", "eu-west-1", true),
        ("kms.us-gov-west-1.amazonaws.com", "kms", "us-gov-west-1", true),
        ("secretsmanager.ap-southeast-7.api.aws", "secretsmanager", "ap-southeast-7", true),
        ("sqs.cn-north-1.amazonaws.com.cn", "sqs", "cn-north-1", true),
        ("logs.cn-northwest-1.api.amazonwebservices.com.cn", "logs", "cn-northwest-1", true),
        ("sqs.eusc-de-east-1.amazonaws.eu", "sqs", "eusc-de-east-1", true),
        ("kms.eusc-de-east-1.api.amazonwebservices.eu", "kms", "eusc-de-east-1", true),
        // A Region newer than this program.
        ("sqs.eu-west-9.amazonaws.com", "sqs", "eu-west-9", true),
    ]);
}

#[test]
fn a_region_is_not_under_the_domain_of_another_partition() {
    check(&[
        ("sqs.cn-north-1.amazonaws.com", "(aws)", "cn-north-1", false),
        ("sqs.us-east-1.amazonaws.com.cn", "(aws)", "us-east-1", false),
        ("sqs.eusc-de-east-1.amazonaws.com.cn", "(aws)", "eusc-de-east-1", false),
        ("sqs.us-east-1.amazonaws.eu", "(aws)", "us-east-1", false),
    ]);
}

#[test]
fn dual_stack_and_fips_names_are_the_services_but_not_all_in_private_dns() {
    check(&[
        ("ssm.us-east-1.api.aws", "ssm", "us-east-1", true),
        ("sqs.us-east-1.api.aws", "sqs", "us-east-1", false),
        ("sts.us-east-1.api.aws", "sts", "us-east-1", false),
        ("sqs-fips.us-east-1.amazonaws.com", "sqs-fips", "us-east-1", true),
        ("kms-fips.us-east-1.api.aws", "kms-fips", "us-east-1", true),
        ("kinesis-fips.us-east-1.amazonaws.com", "kinesis-streams-fips", "us-east-1", true),
        // No endpoint service of their own.
        ("logs-fips.us-east-1.amazonaws.com", "logs", "us-east-1", false),
        ("monitoring-fips.us-east-1.amazonaws.com", "monitoring", "us-east-1", false),
        ("secretsmanager-fips.us-east-1.api.aws", "secretsmanager", "us-east-1", false),
        ("fips.transcribe.us-east-1.amazonaws.com", "transcribe", "us-east-1", false),
        // A gateway endpoint captures by address, the other names have no private DNS at all.
        ("dynamodb.us-east-1.api.aws", "dynamodb", "us-east-1", true),
        ("dynamodb-fips.us-east-1.amazonaws.com", "dynamodb-fips", "us-east-1", false),
        ("eks-auth.us-east-1.api.aws", "eks-auth", "us-east-1", true),
        ("eks-auth.us-east-1.amazonaws.com", "(aws)", "us-east-1", false),
    ]);
}

#[test]
fn names_that_differ_from_the_endpoint_service() {
    check(&[
        ("api.ecr.us-east-1.amazonaws.com", "ecr.api", "us-east-1", true),
        ("ecr.us-east-1.api.aws", "ecr.api", "us-east-1", true),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "ecr.dkr", "us-east-1", true),
        ("123456789012.dkr-ecr.us-east-1.on.aws", "ecr.dkr", "us-east-1", true),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr.dkr", "cn-north-1", true),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "ecr.dkr", "us-east-1", false),
        ("public.ecr.aws", "ecr-public", "-", false),
        ("api.ecr-public.us-east-1.amazonaws.com", "ecr-public.api", "us-east-1", true),
        ("kinesis.us-west-2.amazonaws.com", "kinesis-streams", "us-west-2", true),
        ("123456789012.data-kinesis.us-west-2.amazonaws.com", "kinesis-streams", "us-west-2", false),
        ("123456789012.control-kinesis.us-west-2.amazonaws.com", "kinesis-streams", "us-west-2", false),
        ("123456789012.data-kinesis.us-west-2.api.aws", "kinesis-streams", "us-west-2", false),
        ("firehose.us-west-2.amazonaws.com", "kinesis-firehose", "us-west-2", true),
        ("kinesisanalytics.us-west-2.amazonaws.com", "kinesisanalytics", "us-west-2", true),
        ("monitoring.us-east-1.amazonaws.com", "monitoring", "us-east-1", true),
        ("stream-logs.us-east-1.amazonaws.com", "logs", "us-east-1", false),
        ("email.us-east-1.amazonaws.com", "email", "us-east-1", true),
        ("email-smtp.us-east-1.amazonaws.com", "email-smtp", "us-east-1", true),
        ("ssm.us-east-1.amazonaws.com", "ssm", "us-east-1", true),
        ("ssmmessages.us-east-1.amazonaws.com", "ssmmessages", "us-east-1", true),
        ("ec2messages.us-east-1.amazonaws.com", "ec2messages", "us-east-1", true),
        ("ecs.us-east-1.amazonaws.com", "ecs", "us-east-1", true),
        ("ecs-a-12.us-east-1.amazonaws.com", "ecs-agent", "us-east-1", true),
        ("ecs-t-3.us-east-1.amazonaws.com", "ecs-telemetry", "us-east-1", true),
        ("api.sagemaker.us-east-1.amazonaws.com", "sagemaker.api", "us-east-1", true),
        ("runtime.sagemaker.us-east-1.amazonaws.com", "sagemaker.runtime", "us-east-1", true),
        ("cassandra.us-east-1.amazonaws.com", "cassandra", "us-east-1", true),
        ("ingest-cell2.timestream.us-east-1.amazonaws.com", "timestream.ingest-cell", "us-east-1", true),
        ("query-cell1.timestream.us-east-1.amazonaws.com", "timestream.query-cell", "us-east-1", true),
        ("api.pricing.us-east-1.amazonaws.com", "pricing.api", "us-east-1", true),
        ("abc.d.codeartifact.us-east-1.amazonaws.com", "codeartifact.repositories", "us-east-1", true),
        // Public APIs of others have such names too: the table says so, not the name.
        ("a1b2c3.execute-api.us-east-1.amazonaws.com", "execute-api", "us-east-1", true),
        ("x.studio.us-east-1.sagemaker.aws", "studio", "us-east-1", true),
        ("s-0123.server.transfer.us-east-1.amazonaws.com", "transfer.server", "us-east-1", true),
    ]);
}

#[test]
fn names_without_private_dns_or_with_one_made_by_hand() {
    check(&[
        ("dynamodb.us-east-1.amazonaws.com", "dynamodb", "us-east-1", true),
        ("123456789012.ddb.us-east-1.amazonaws.com", "dynamodb", "us-east-1", true),
        ("streams.dynamodb.us-east-1.amazonaws.com", "dynamodb-streams", "us-east-1", false),
        ("123456789012.streams-ddb.us-east-1.amazonaws.com", "dynamodb-streams", "us-east-1", false),
        ("a1b2c3-ats.iot.us-east-1.amazonaws.com", "iot.data", "us-east-1", true),
        ("data.iot.us-east-1.amazonaws.com", "iot.data", "us-east-1", true),
        ("a1b2c3.iot.us-east-1.amazonaws.com", "iot.data", "us-east-1", false),
        ("a1b2c3.credentials.iot.us-east-1.amazonaws.com", "iot.credentials", "us-east-1", true),
        ("iot.us-east-1.amazonaws.com", "iot.api", "us-east-1", true),
        ("data.tunneling.iot.us-east-1.amazonaws.com", "iot.tunneling.data", "us-east-1", true),
        ("greengrass-ats.iot.us-east-1.amazonaws.com", "greengrass", "us-east-1", false),
        ("a1.b2.iot.us-east-1.amazonaws.com", "(aws)", "us-east-1", false),
        ("a1.lns.lorawan.us-east-1.amazonaws.com", "lorawan.lns", "us-east-1", true),
        ("search-x.us-east-1.es.amazonaws.com", "opensearch-domains", "us-east-1", false),
        ("session.qldb.us-east-1.amazonaws.com", "qldb.session", "us-east-1", false),
    ]);
}

#[test]
fn names_without_a_region_and_of_the_first_years() {
    check(&[
        ("sts.amazonaws.com", "sts", "us-east-1", false),
        ("sts.us-east-1.amazonaws.com", "sts", "us-east-1", true),
        ("queue.amazonaws.com", "sqs", "us-east-1", false),
        ("eu-west-1.queue.amazonaws.com", "sqs", "eu-west-1", false),
        ("cn-north-1.queue.amazonaws.com.cn", "sqs", "cn-north-1", false),
        ("us-west-2.elasticmapreduce.amazonaws.com", "elasticmapreduce", "us-west-2", false),
        ("elasticmapreduce.amazonaws.com", "elasticmapreduce", "-", false),
        ("ec2.amazonaws.com", "ec2", "us-east-1", false),
        ("iam.amazonaws.com", "iam", "us-east-1", true),
        ("iam.us-gov.amazonaws.com", "iam", "us-gov-west-1", false),
        ("iam.cn-north-1.amazonaws.com.cn", "iam", "cn-north-1", false),
        ("route53.amazonaws.com", "route53", "us-east-1", true),
        // Which Region stands behind China's is not known.
        ("route53.amazonaws.com.cn", "route53", "-", true),
        ("cloudfront.amazonaws.com", "cloudfront", "us-east-1", true),
        ("eu-west-1.console.aws.amazon.com", "console", "eu-west-1", false),
        ("x.console.aws.amazon.com", "console", "-", true),
        ("route53globalresolver.us-east-2.api.aws", "route53globalresolver", "us-east-2", true),
    ]);
}

/// Host name, Region, bucket.
fn check_bucket(service: &str, cases: &[(&str, &str, &str)]) {
    for (host, region, bucket) in cases {
        let found = TABLE.name(host);
        let got = (found.region.as_deref().unwrap_or("-"), found.bucket.as_deref().unwrap_or("-"));
        assert_eq!((found.service, got), (Some(service), (*region, *bucket)), "{host}");
    }
}

#[test]
fn s3_in_every_form() {
    check_bucket(
        "s3",
        &[
            ("my-bucket.s3.us-east-1.amazonaws.com", "us-east-1", "my-bucket"),
            ("my.own.bucket.s3.us-east-1.amazonaws.com", "us-east-1", "my.own.bucket"),
            ("s3.s3.us-east-1.amazonaws.com", "us-east-1", "s3"),
            ("eu-west-1.s3.us-east-1.amazonaws.com", "us-east-1", "eu-west-1"),
            ("s3.us-east-1.amazonaws.com", "us-east-1", "-"),
            ("b.s3.dualstack.us-east-1.amazonaws.com", "us-east-1", "b"),
            ("s3.dualstack.us-east-1.amazonaws.com", "us-east-1", "-"),
            ("dualstack.s3.us-east-1.amazonaws.com", "us-east-1", "dualstack"),
            ("b.s3-fips.us-east-1.amazonaws.com", "us-east-1", "b"),
            ("b.s3-fips.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1", "b"),
            ("s3-us-west-2.amazonaws.com", "us-west-2", "-"),
            ("b.s3-us-west-2.amazonaws.com", "us-west-2", "b"),
            ("s3-fips-us-gov-west-1.amazonaws.com", "us-gov-west-1", "-"),
            ("b.s3-external-1.amazonaws.com", "us-east-1", "b"),
            // The bucket may lie anywhere.
            ("s3.amazonaws.com", "-", "-"),
            ("my-bucket.s3.amazonaws.com", "-", "my-bucket"),
            ("us-west-2.s3.amazonaws.com", "-", "us-west-2"),
            ("b.s3.cn-north-1.amazonaws.com.cn", "cn-north-1", "b"),
            ("b.s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "b"),
            ("b.s3-website-us-east-1.amazonaws.com", "us-east-1", "b"),
            ("www.example.com.s3-website.eu-central-1.amazonaws.com", "eu-central-1", "www.example.com"),
            ("ap-123456789012.s3-accesspoint.us-east-1.amazonaws.com", "us-east-1", "accesspoint/ap-123456789012"),
            ("ap-1.s3-accesspoint.dualstack.us-east-1.amazonaws.com", "us-east-1", "accesspoint/ap-1"),
            ("ap-1.s3-accesspoint-fips.us-east-1.amazonaws.com", "us-east-1", "accesspoint/ap-1"),
            ("123456789012.s3-control.us-east-1.amazonaws.com", "us-east-1", "-"),
            ("MY-BUCKET.S3.US-EAST-1.AMAZONAWS.COM.", "us-east-1", "my-bucket"),
        ],
    );
    check_bucket(
        "s3-accelerate",
        &[
            ("b.s3-accelerate.amazonaws.com", "-", "b"),
            ("b.s3-accelerate.dualstack.amazonaws.com", "-", "b"),
            ("s3-accelerate.amazonaws.com", "-", "-"),
        ],
    );
    check_bucket(
        "s3express",
        &[
            (
                "bucket--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com",
                "us-east-1",
                "bucket--use1-az4--x-s3",
            ),
            (
                "b--use1-az4--x-s3.s3express-use1-az4.dualstack.us-east-1.amazonaws.com",
                "us-east-1",
                "b--use1-az4--x-s3",
            ),
            ("s3express-control.us-east-1.amazonaws.com", "us-east-1", "-"),
            ("s3express-use1-az4.us-east-1.amazonaws.com", "us-east-1", "-"),
        ],
    );
    check_bucket(
        "s3-global.accesspoint",
        &[("mfz.mrap.accesspoint.s3-global.amazonaws.com", "-", "accesspoint/mfz.mrap")],
    );
    check(&[
        ("b.s3.us-east-1.amazonaws.com", "s3", "us-east-1", true),
        ("b.s3.amazonaws.com", "s3", "-", true),
        ("b.s3-accelerate.amazonaws.com", "s3-accelerate", "-", false),
        ("s3-outposts.us-east-1.amazonaws.com", "s3-outposts", "us-east-1", true),
        ("s3tables.us-east-1.amazonaws.com", "s3tables", "us-east-1", true),
        ("s3-nonsense.us-east-1.amazonaws.com", "(aws)", "us-east-1", false),
        ("b.s3.us-east-1.example.com", "domain:example.com", "-", false),
    ]);
}

#[test]
fn buckets_of_aws_say_what_they_hold() {
    let holds = |host: &str| {
        let found = TABLE.name(host);
        (found.service, found.holds)
    };
    for (bucket, expect) in [
        ("prod-us-east-1-starport-layer-bucket", Some("ECR image layers")),
        ("al2023-repos-us-east-1-de612dc2", Some("Amazon Linux packages")),
        ("aws-ssm-eu-west-1", Some("SSM Agent")),
        ("us-east-1-birdwatcher-prod", Some("SSM Agent")),
        ("patch-baseline-snapshot-us-east-1", Some("SSM patch baselines")),
        ("prod-starport-layer-bucket", None),
        ("my-prod-us-east-1-starport-layer-bucket", None),
        ("aws-ssm-scripts", None),
    ] {
        assert_eq!(holds(&format!("{bucket}.s3.us-east-1.amazonaws.com")), (Some("s3"), expect), "{bucket}");
    }
    assert_eq!(holds("s3.us-east-1.amazonaws.com"), (Some("s3"), None));
}

#[test]
fn names_of_interface_endpoints() {
    let id = "vpce-0a1b2c3d4e5f60718";
    for (host, service, bucket) in [
        ("{id}-abcdefgh.sqs.us-east-1.vpce.amazonaws.com", Some("sqs"), None),
        ("{id}-abcdefgh-us-east-1a.sqs.us-east-1.vpce.amazonaws.com", Some("sqs"), None),
        ("{id}-abcdefgh.api.ecr.us-east-1.vpce.amazonaws.com", Some("ecr.api"), None),
        ("{id}-abcdefgh.dkr.ecr.us-east-1.vpce.amazonaws.com", Some("ecr.dkr"), None),
        ("{id}-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com", Some("execute-api"), None),
        ("bucket.{id}-abcdefgh.s3.us-east-1.vpce.amazonaws.com", Some("s3"), None),
        ("my.own.bucket.{id}-abcdefgh.s3.us-east-1.vpce.amazonaws.com", Some("s3"), Some("my.own")),
        ("ap-1.accesspoint.{id}-abcdefgh.s3.us-east-1.vpce.amazonaws.com", Some("s3"), Some("accesspoint/ap-1")),
        ("control.{id}-abcdefgh.s3.us-east-1.vpce.amazonaws.com", Some("s3"), None),
        ("{id}-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com", None, None),
        ("{id}-abcdefgh.unheard-of.us-east-1.vpce.amazonaws.com", None, None),
    ] {
        let found = TABLE.name(&host.replace("{id}", id));
        assert_eq!(found.endpoint_id.as_deref(), Some(id), "{host}");
        assert_eq!((found.service, found.bucket.as_deref(), found.covered), (service, bucket, false), "{host}");
        assert_eq!((found.region.as_deref(), found.domain.as_deref()), (Some("us-east-1"), Some("amazonaws.com")));
    }
    let china = TABLE.name(&format!("{id}-x.sqs.cn-north-1.vpce.amazonaws.com.cn"));
    assert_eq!((china.service, china.region.as_deref()), (Some("sqs"), Some("cn-north-1")));
    assert_eq!(TABLE.name("vpce-svc-0123.us-east-1.vpce.amazonaws.com").endpoint_id, None);
    assert_eq!(TABLE.name(&format!("{id}.sqs.us-east-1.vpce.example.com")).endpoint_id, None);
}

#[test]
fn an_unknown_name_of_aws_is_no_service() {
    check(&[
        ("something.us-east-1.amazonaws.com", "(aws)", "us-east-1", false),
        ("x.sqs.us-east-1.amazonaws.com", "(aws)", "us-east-1", false),
        ("sqs.us-east-1a.amazonaws.com", "(aws)", "-", false),
        ("sqs.amazonaws.com", "(aws)", "-", false),
        ("us-east-1.amazonaws.com", "(aws)", "us-east-1", false),
        ("amazonaws.com", "(aws)", "-", false),
        ("something.us-east-1.api.aws", "(aws)", "us-east-1", false),
        ("something.cn-north-1.amazonaws.com.cn", "(aws)", "cn-north-1", false),
        ("db.abc.us-east-1.rds.amazonaws.com", "(aws)", "us-east-1", false),
        ("app-1.eu-west-1.elb.amazonaws.com", "(aws)", "eu-west-1", false),
        ("ABC.gr7.us-east-1.eks.amazonaws.com", "(aws)", "us-east-1", false),
        ("ec2-198-51-100-7.us-west-2.compute.amazonaws.com", "(aws)", "us-west-2", false),
        ("fn.lambda-url.us-east-1.on.aws", "(aws)", "us-east-1", false),
        ("sqs.us-east-1.amazonaws.com.example.com", "domain:example.com", "-", false),
        ("sqs.us-east-1.notamazonaws.com", "domain:notamazonaws.com", "-", false),
    ]);
}

#[test]
fn third_parties_are_their_domain() {
    check(&[
        ("intake.logs.datadoghq.com", "domain:datadoghq.com", "-", false),
        ("www.example.co.uk", "domain:example.co.uk", "-", false),
        ("d111111abcdef8.cloudfront.net", "domain:cloudfront.net", "-", false),
        ("someone.github.io", "domain:github.io", "-", false),
        ("x.blob.core.windows.net", "domain:windows.net", "-", false),
        ("us-east-1.example.com", "domain:example.com", "-", false),
        ("WWW.Example.COM.", "domain:example.com", "-", false),
        ("xn--bcher-kva.example.com", "domain:example.com", "-", false),
    ]);
    let partner = |host: &str| TABLE.name(host).partner().map(|partner| partner.offered_by);
    assert_eq!(partner("intake.logs.datadoghq.com"), Some("Datadog"));
    assert_eq!(partner("x.us-east-1.snowflakecomputing.com"), Some("Snowflake"));
    assert_eq!(partner("www.example.com"), None);
    assert_eq!(partner("sqs.us-east-1.amazonaws.com"), None);
}

#[test]
fn what_is_no_host_name_says_nothing() {
    let long_label = format!("{}.s3.us-east-1.amazonaws.com", "a".repeat(64));
    let long_name = format!("{}s3.us-east-1.amazonaws.com", "a.".repeat(200));
    let nothing = [
        "",
        ".",
        "..",
        "a..b.com",
        ".example.com",
        "example.com..",
        "192.0.2.1",
        "localhost",
        "com",
        "2001:db8::1",
        ":.us-east-1.aws",
    ];
    for host in nothing.into_iter().chain([&*long_label, &*long_name]) {
        assert_eq!(TABLE.name(host), HostName::default(), "{host}");
    }
    // What could do harm in a report is not carried into it; the service is no less known.
    let odd = TABLE.name("=cmd|' .s3.us-east-1.amazonaws.com");
    assert_eq!((odd.service, odd.bucket), (Some("s3"), None));
    assert_eq!(TABLE.name("a.exa\nmple.com").subject(), Subject::Nothing);
    assert_eq!(TABLE.name("us-east-1.\0.aws").region, None);
    assert_eq!(TABLE.name("bücher.de").subject(), Subject::Named("domain:bücher.de".to_owned()));
    // Longest that is allowed.
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.com", &label[..57]);
    assert_eq!(longest.len(), 253);
    assert_eq!(TABLE.name(&longest).domain, Some(format!("{}.com", &label[..57])));
}
