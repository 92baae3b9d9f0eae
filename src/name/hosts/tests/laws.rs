//! What holds for every pattern of the table and for any text.

use super::TABLE;
use crate::model::region::REGIONS;
use crate::name::endpoints::table;
use crate::name::hosts::Subject;
use proptest::prelude::*;

/// Every pattern of the table, filled with each Region and the partition's domain, is its service's.
///
/// No two services have a pattern in common (a test of the table), and where two patterns fit the more exact one belongs to
/// the service whose own it is. The only exception is the row of CloudFront's distributions: sites of others.
#[test]
fn every_pattern_of_the_table_names_its_service_and_region() {
    let mut filled = 0;
    for service in table::all() {
        let regions = if service.regions.is_empty() { REGIONS.to_vec() } else { service.regions.clone() };
        for (host, region) in service.hosts.iter().flat_map(|host| regions.iter().map(move |region| (host, *region))) {
            let plain = host.strip_prefix('~').unwrap_or(host);
            let own = table::domains(region).find(|(common, _)| plain.ends_with(&format!(".{common}")));
            let own = own.map_or(plain.to_owned(), |(common, own)| {
                format!("{}{own}", plain.strip_suffix(common).expect("ends so"))
            });
            let name = own.replace("{r}", region).replace('*', "x1");
            let found = TABLE.name(&name);
            if service.suffix == "cloudfront-distributions" {
                assert_eq!(found.subject(), Subject::Named("domain:cloudfront.net".to_owned()));
                continue;
            }
            assert_eq!(found.service, Some(service.suffix), "{name}");
            if plain.contains("{r}") {
                assert_eq!(found.region.as_deref(), Some(region), "{name}");
            }
            let by_private_dns = matches!(service.private_dns, table::PrivateDns::Yes | table::PrivateDns::Manual);
            let expect = match service.kind {
                table::ServiceKind::Gateway => true,
                table::ServiceKind::Interface => by_private_dns && plain == *host,
                table::ServiceKind::Unreachable => false,
            };
            assert_eq!(found.covered, expect, "{name}");
            filled += 1;
        }
    }
    assert!(filled > 30_000, "{filled}");
}

/// Labels that patterns are made of, and others.
fn label() -> impl Strategy<Value = String> {
    let known = [
        "com",
        "cn",
        "eu",
        "aws",
        "amazonaws",
        "api",
        "amazonwebservices",
        "us-east-1",
        "cn-north-1",
        "s3",
        "dualstack",
        "vpce",
        "vpce-0a-b",
        "vpce-svc-1",
        "bucket",
        "sqs",
        "iot",
        "s3-us-west-2",
        "s3express-use1-az4",
        "dkr",
        "ecr",
        "queue",
        "",
        "é",
        "ecs-a-",
        "\u{0}",
    ];
    prop_oneof![
        8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[a-z0-9-]{1,8}",
        1 => ".{0,4}",
    ]
}

const AWS_DOMAINS: [&str; 5] =
    ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "amazonwebservices.com.cn", "amazonwebservices.eu"];

proptest! {
    #[test]
    fn any_text_has_an_honest_answer(labels in prop::collection::vec(label(), 0..10)) {
        let host = labels.join(".");
        let found = TABLE.name(&host);
        let is_aws = |domain: &str| AWS_DOMAINS.contains(&domain) || domain.strip_suffix("aws").is_some_and(|left| left.ends_with('.'));
        // A service or a Region is never read off a host that is not AWS's.
        if found.service.is_some() || found.region.is_some() || found.endpoint_id.is_some() {
            prop_assert!(found.domain.as_deref().is_some_and(is_aws), "{} {:?}", host, found);
        }
        prop_assert_eq!(found.subject() == Subject::Aws, found.is_aws && found.service.is_none() && found.domain.is_some());
        prop_assert!(found.service.is_some() || found.bucket.is_none() && !found.covered);
        if let Some(domain) = &found.domain {
            let lower = host.to_ascii_lowercase();
            prop_assert!(lower.strip_suffix('.').unwrap_or(&lower).ends_with(&**domain));
        }
    }

    #[test]
    fn case_and_a_dot_at_the_end_change_nothing(labels in prop::collection::vec(label(), 1..8)) {
        let host = labels.join(".");
        if !host.ends_with('.') {
            prop_assert_eq!(TABLE.name(&host), TABLE.name(&format!("{}.", host.to_ascii_uppercase())));
        }
    }

    #[test]
    fn any_bucket_is_kept(bucket in "[a-z0-9][a-z0-9.-]{1,40}[a-z0-9]") {
        prop_assume!(!bucket.contains(".."));
        for form in ["s3.us-east-1.amazonaws.com", "s3.dualstack.us-east-1.amazonaws.com", "s3-us-east-1.amazonaws.com"] {
            let found = TABLE.name(&format!("{bucket}.{form}"));
            prop_assert_eq!(found.service, Some("s3"));
            prop_assert_eq!(found.bucket.as_deref(), Some(&*bucket));
        }
    }
}

/// `cargo test --release --lib name::hosts -- --ignored --nocapture`: what a look-up of a name not seen before takes.
#[test]
#[ignore = "measures speed"]
fn ten_million_look_ups() {
    let forms = [
        "sqs.us-east-1.amazonaws.com",
        "bucket-{}.s3.eu-west-1.amazonaws.com",
        "{}.dkr.ecr.us-east-1.amazonaws.com",
        "unknown-{}.us-east-1.amazonaws.com",
        "d{}.cloudfront.net",
        "host{}.intake.datadoghq.com",
        "www.example{}.co.uk",
        "host-{}.Internal.Example.COM.",
    ];
    let names: Vec<String> = (0..100_000).map(|at| forms[at % forms.len()].replace("{}", &at.to_string())).collect();
    let start = std::time::Instant::now();
    let found = (0..100).flat_map(|_| &names).filter(|name| TABLE.name(name).service.is_some()).count();
    let took = start.elapsed().as_nanos() / 10_000_000;
    assert_eq!(found, 100 * 37_500);
    let limit = if cfg!(debug_assertions) { 20_000 } else { 1_000 };
    assert!(took < limit, "{took} ns for a look-up");
}
