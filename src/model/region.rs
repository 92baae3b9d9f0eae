//! Which Region a thing is in, read off the names that AWS gives things. An unreadable name gives `None`, never a guess.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Every Region that AWS has published address ranges for: commercial, `GovCloud`, China, European Sovereign Cloud.
pub const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-south-1",
    "us-west-1",
    "us-west-2",
];

/// The parts of the world in Region names, with their letters in AZ ids.
const DIRECTIONS: &[(&str, &str)] = &[
    ("central", "c"),
    ("east", "e"),
    ("north", "n"),
    ("northeast", "ne"),
    ("northwest", "nw"),
    ("south", "s"),
    ("southeast", "se"),
    ("southwest", "sw"),
    ("west", "w"),
];

/// The code that AZ ids start with: `us-east-1` is `use1`, `us-gov-west-1` is `usgw1`, `ap-northeast-1` is `apne1`.
///
/// AWS forms it from the area, the initials of what stands between, and the number. `None` for what is no Region name.
#[must_use]
pub fn code(region: &str) -> Option<String> {
    let mut segments = region.split('-');
    let mut code = segments.next()?.to_owned();
    for segment in segments {
        if segment.bytes().all(|b| b.is_ascii_digit()) {
            code.push_str(segment);
        } else if let Some((_, letters)) = DIRECTIONS.iter().find(|(name, _)| *name == segment) {
            code.push_str(letters);
        } else {
            code.push(segment.chars().next()?);
        }
    }
    is_region_name(region).then_some(code)
}

/// Whether the text has the form of a Region name. A Region newer than [`REGIONS`] passes, a zone (`us-east-1a`) does not.
#[must_use]
pub fn is_region_name(text: &str) -> bool {
    prefix_region(text) == Some(text)
}

/// The Region of an AZ, Local Zone or Wavelength Zone name: `us-east-1a`, `us-west-2-lax-1a`, `us-east-1-wl1-bos-wlz-1`.
#[must_use]
pub fn of_az_name(zone: &str) -> Option<&str> {
    prefix_region(zone)
}

/// The Region of an AZ id (`use1-az1`), or of a Local Zone's (`usw2-lax1-az1`).
#[must_use]
pub fn of_az_id(zone: &str) -> Option<&'static str> {
    static BY_CODE: LazyLock<BTreeMap<String, &str>> =
        LazyLock::new(|| REGIONS.iter().rev().filter_map(|region| Some((code(region)?, *region))).collect());
    let (wanted, _) = zone.split_once('-')?;
    BY_CODE.get(wanted).copied()
}

/// Whether an AZ id is that of a Local Zone or a Wavelength Zone (`usw2-lax1-az1`, `use1-wl1-bos-wlz1`): those of AZs have two parts.
#[must_use]
pub fn is_edge_zone(az_id: &str) -> bool {
    az_id.split('-').count() > 2 && of_az_name(az_id).is_none()
}

/// The group of a Local Zone or a Wavelength Zone of this Region, by the zone's id: `us-west-2-lax-1`, `us-east-1-wl1`. `None` for AZs.
#[must_use]
pub fn edge_group(region: &str, az_id: &str) -> Option<String> {
    let place = az_id.split('-').nth(1).filter(|_| is_edge_zone(az_id))?;
    let (name, number) = place.split_at(place.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    Some(match name {
        "wl" => format!("{region}-wl{number}"),
        _ => format!("{region}-{name}-{number}"),
    })
}

/// The Region field of an ARN; `None` where it is empty (S3 buckets, IAM).
#[must_use]
pub fn of_arn(arn: &str) -> Option<&str> {
    let mut fields = arn.split(':');
    let is_arn = fields.next() == Some("arn");
    fields.nth(2).filter(|region| is_arn && is_region_name(region))
}

/// The Region inside an endpoint's service name or a prefix list's name: `com.amazonaws.us-east-1.s3`.
#[must_use]
pub fn of_service_name(name: &str) -> Option<&str> {
    name.split('.').find(|part| is_region_name(part))
}

/// What follows the Region in an endpoint's service name: `s3`, `ecr.dkr`. `None` for names without a Region,
/// and for services that customers offer (`com.amazonaws.vpce.us-east-1.vpce-svc-1`).
#[must_use]
pub fn service_suffix(name: &str) -> Option<&str> {
    let region = of_service_name(name)?;
    let (before, suffix) = name.split_once(&format!(".{region}."))?;
    (!suffix.is_empty() && before.rsplit('.').next() != Some("vpce")).then_some(suffix)
}

/// The Region name that the text begins with, if the text is that name alone or a zone of that Region.
fn prefix_region(text: &str) -> Option<&str> {
    let mut at = 0;
    let mut previous = "";
    for (position, segment) in text.split('-').enumerate() {
        let digits = segment.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let rest = &segment[digits..];
            let zone_letter = rest.is_empty() || rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_lowercase());
            let named = position >= 2 && DIRECTIONS.iter().any(|(name, _)| *name == previous);
            return (named && digits <= 2 && zone_letter).then(|| &text[..at + digits]);
        }
        let word = (2..=9).contains(&segment.len()) && segment.bytes().all(|b| b.is_ascii_lowercase());
        if !word {
            return None;
        }
        previous = segment;
        at += segment.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: fn(&str) -> Option<&str>, cases: &[(&str, Option<&str>)]) {
        for (text, expect) in cases {
            assert_eq!(read(text), *expect, "{text}");
        }
    }

    #[test]
    fn zones_name_their_region() {
        check(
            of_az_name,
            &[
                ("us-east-1a", Some("us-east-1")),
                ("us-gov-west-1b", Some("us-gov-west-1")),
                ("eusc-de-east-1a", Some("eusc-de-east-1")),
                ("us-west-2-lax-1a", Some("us-west-2")),
                ("us-east-1-wl1-bos-wlz-1", Some("us-east-1")),
                ("cn-northwest-1c", Some("cn-northwest-1")),
                ("xx-south-12a", Some("xx-south-12")),
                ("us-east-1ab", None),
                ("us-east", None),
                ("my-cluster-1a", None),
                ("east-1a", None),
                ("1a", None),
                ("", None),
                ("é-east-1", None),
            ],
        );
        check(
            of_az_id,
            &[
                ("use1-az1", Some("us-east-1")),
                ("usgw1-az2", Some("us-gov-west-1")),
                ("apne1-az4", Some("ap-northeast-1")),
                ("aps1-az1", Some("ap-south-1")),
                ("apse1-az1", Some("ap-southeast-1")),
                ("cnnw1-az1", Some("cn-northwest-1")),
                ("usw2-lax1-az1", Some("us-west-2")),
                ("zzz9-az1", None),
                ("use1", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn zones_at_the_edge_have_a_group() {
        for (region, zone, expect) in [
            ("us-west-2", "usw2-lax1-az1", Some("us-west-2-lax-1")),
            ("us-west-2", "usw2-phx2-az1", Some("us-west-2-phx-2")),
            ("us-east-1", "use1-wl1-bos-wlz1", Some("us-east-1-wl1")),
            ("us-east-1", "use1-az1", None),
            ("us-east-1", "us-east-1a", None),
            ("us-east-1", "", None),
        ] {
            assert_eq!(edge_group(region, zone).as_deref(), expect, "{zone}");
        }
    }

    #[test]
    fn names_and_arns_name_their_region() {
        check(
            of_service_name,
            &[
                ("com.amazonaws.us-east-1.s3", Some("us-east-1")),
                ("cn.com.amazonaws.cn-north-1.ec2", Some("cn-north-1")),
                ("com.amazonaws.vpce.us-east-1.vpce-svc-1", Some("us-east-1")),
                ("com.amazonaws.s3-global.accesspoint", None),
            ],
        );
        check(
            of_arn,
            &[
                ("arn:aws:ec2:us-east-2:1:subnet/subnet-1", Some("us-east-2")),
                ("arn:aws:s3:::bucket", None),
                ("urn:aws:ec2:us-east-2:1:x", None),
                ("arn", None),
            ],
        );
        check(
            service_suffix,
            &[
                ("com.amazonaws.us-east-1.s3", Some("s3")),
                ("com.amazonaws.us-east-1.ecr.dkr", Some("ecr.dkr")),
                ("com.amazonaws.vpce.us-east-1.vpce-svc-1", None),
                ("s3", None),
            ],
        );
    }

    #[test]
    fn codes_are_distinct_and_come_from_region_names() {
        let codes: std::collections::BTreeSet<_> = REGIONS.iter().filter_map(|region| code(region)).collect();
        assert_eq!(codes.len(), REGIONS.len());
        assert_eq!(code("us-east-1a"), None);
    }
}
