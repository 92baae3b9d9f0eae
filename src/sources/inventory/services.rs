//! `describe-vpc-endpoint-services`: the one output whose pages say something as a whole, namely what is not offered.

use super::Standing;
use super::elements::PageReader;
use super::fields::{list, owned, required, shown, text, texts};
use super::json::{Json, Object};
use super::pages;
use crate::model::inventory::{EndpointKind, OfferedService};
use crate::model::region;
use crate::sources::pages::About;
use std::collections::{BTreeMap, BTreeSet};

/// The key of the services that are described.
pub(super) const DETAILS: &str = "ServiceDetails";
/// The key of the names of all services on the page.
pub(super) const NAMES: &str = "ServiceNames";

/// Services with a gateway endpoint: who lists these alone asked for the gateway type.
const GATEWAY_SERVICES: [&str; 3] = ["dynamodb", "s3", "s3express"];

/// What a file's pages listed for one Region.
#[derive(Debug, Default)]
pub(super) struct SeenList {
    names: BTreeSet<String>,
    /// The latest page said that more would follow.
    is_open: bool,
}

impl SeenList {
    /// Whether it looks like the answer to "which services are there" without a filter. One that lists a few services
    /// of several kinds cannot be told from a small Region's.
    fn is_whole(&self) -> bool {
        let is_gateway = |name: &str| region::service_suffix(name).is_some_and(|s| GATEWAY_SERVICES.contains(&s));
        !self.is_open && self.names.len() > 1 && !self.names.iter().all(|name| is_gateway(name))
    }
}

impl PageReader<'_> {
    /// Reads the services of a page, which is about one Region.
    ///
    /// Names without a Region belong to the Region that most of the page's services name. Services of other Regions come with
    /// `--service-regions`: only some can be reached from elsewhere, so they make no list of their Region.
    pub(super) fn service_page(&mut self, page: &Object<'_>) {
        for key in [DETAILS, NAMES] {
            if page.get(key).is_some_and(|value| value.as_list().is_none()) {
                self.warn(format!("`{key}` is not a list; ignored"));
            }
        }
        let elements = |key: &str| page.get(key).and_then(Json::as_list).unwrap_or(&[]);
        let mut offered: Vec<OfferedService> = Vec::new();
        for (index, element) in elements(DETAILS).iter().enumerate() {
            match described(element) {
                Ok(services) => offered.extend(services),
                Err(reason) => self.warn(format!("{DETAILS}[{index}]: {reason}; left out")),
            }
        }
        offered.extend(elements(NAMES).iter().filter_map(Json::as_str).map(str::trim).map(named));
        offered.retain(|service| !service.name.is_empty());
        let Some(main) = main_region(&offered) else {
            if let Some(first) = offered.first() {
                let name = shown(&first.name);
                self.warn(format!("{DETAILS}: no Region is told, `{name}` the first without; ignored"));
            }
            return;
        };
        self.seen(DETAILS, page, BTreeSet::from([About::Region(main.clone())]));
        let seen = self.seen_services.entry(main.clone()).or_default();
        seen.is_open = pages::goes_on(page);
        for mut service in offered {
            if service.region.is_empty() {
                service.region.clone_from(&main);
            }
            if service.region == main {
                seen.names.insert(service.name.clone());
            }
            let key = format!("{} {} {:?}", service.region, service.name, service.kind);
            let weight = service.az_ids.len() + service.az_names.len();
            self.draft.offered_services.offer(key, Standing::Usable, weight, service);
        }
    }

    /// After the last page of the file.
    pub(super) fn end(self) {
        let whole = self.seen_services.into_iter().filter(|(_, seen)| seen.is_whole());
        self.draft.whole_service_lists.extend(whole.map(|(region, _)| region));
    }
}

/// The Region that most of the services name, the smaller name of two that are named as often.
fn main_region(offered: &[OfferedService]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for service in offered.iter().filter(|service| !service.region.is_empty()) {
        *counts.entry(&service.region).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(region, _)| region.to_owned())
}

/// A service for each of its types; the Region is empty where neither a field nor the name tells it.
fn described(v: &Json<'_>) -> Result<Vec<OfferedService>, String> {
    let mut service = named(&required(v, "ServiceName")?);
    if let Some(region) = owned(v, "ServiceRegion") {
        service.region = region;
    }
    service.az_ids = texts(v, "AvailabilityZoneIds");
    service.az_names = texts(v, "AvailabilityZones");
    service.policy = v.get("VpcEndpointPolicySupported").and_then(Json::as_bool);
    let kinds: BTreeSet<EndpointKind> =
        list(v, "ServiceType").iter().filter_map(|t| text(t, "ServiceType")).map(kind).collect();
    let has_names = text(v, "PrivateDnsName").is_some() || !list(v, "PrivateDnsNames").is_empty();
    // A full description always has base names, and lacks private ones only where there are none; an extract may lack both.
    let is_full = !list(v, "BaseEndpointDnsNames").is_empty();
    let of_kind = |kind: EndpointKind| OfferedService {
        private_dns: (kind == EndpointKind::Interface && (has_names || is_full)).then_some(has_names),
        kind: Some(kind),
        ..service.clone()
    };
    Ok(if kinds.is_empty() { vec![service.clone()] } else { kinds.into_iter().map(of_kind).collect() })
}

fn named(name: &str) -> OfferedService {
    OfferedService {
        region: region::of_service_name(name).unwrap_or_default().to_owned(),
        name: name.to_owned(),
        kind: None,
        az_ids: Vec::new(),
        az_names: Vec::new(),
        private_dns: None,
        policy: None,
    }
}

fn kind(text: &str) -> EndpointKind {
    match text {
        "Gateway" => EndpointKind::Gateway,
        "Interface" => EndpointKind::Interface,
        "GatewayLoadBalancer" => EndpointKind::GatewayLoadBalancer,
        other => EndpointKind::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InventoryDraft, read_document};
    use super::*;
    use crate::model::inventory::{Inventory, Zones};

    fn inventory(files: &[&str]) -> Inventory {
        let mut draft = InventoryDraft::default();
        for text in files {
            read_document("f.json", text.as_bytes(), &mut draft).expect("valid file");
        }
        assert_eq!(draft.warnings(), []);
        draft.finish()
    }

    /// Region, names with kinds, whether the list is whole.
    fn check(what: &str, files: &[&str], region: &str, expect: Option<(&[&str], bool)>) {
        let inventory = inventory(files);
        let list = inventory.service_list(region);
        let shown = list.map(|list| {
            let kind = |s: &OfferedService| s.kind.as_ref().map_or("?".to_owned(), |kind| format!("{kind:?}"));
            let names: Vec<String> = list.services.iter().map(|s| format!("{} {}", s.name, kind(s))).collect();
            (names, list.is_whole)
        });
        let expect = expect.map(|(names, whole)| (names.iter().map(|&n| n.to_owned()).collect(), whole));
        assert_eq!(shown, expect, "{what}");
    }

    const SQS: &str = r#"{"ServiceName": "com.amazonaws.us-east-1.sqs", "ServiceType": [{"ServiceType": "Interface"}],
        "AvailabilityZones": ["us-east-1b", "us-east-1a"], "BaseEndpointDnsNames": ["sqs.us-east-1.vpce.amazonaws.com"],
        "PrivateDnsName": "sqs.us-east-1.amazonaws.com", "VpcEndpointPolicySupported": true}"#;

    #[test]
    fn what_is_offered_is_read_with_its_facts() {
        let newer = r#"{"ServiceDetails": [
            {"ServiceName": "com.amazonaws.us-east-1.dynamodb", "ServiceType": [{"ServiceType": "Interface"}],
             "ServiceRegion": "us-east-1", "AvailabilityZoneIds": ["use1-az2", "use1-az1"],
             "BaseEndpointDnsNames": ["dynamodb.us-east-1.vpce.amazonaws.com"], "VpcEndpointPolicySupported": false},
            {"ServiceName": "com.amazonaws.us-east-1.logs", "ServiceType": [{"ServiceType": "Interface"}],
             "PrivateDnsNames": [{"PrivateDnsName": "logs.us-east-1.amazonaws.com"}]},
            {"ServiceName": "com.amazonaws.us-east-1.kms", "ServiceType": [{"ServiceType": "Interface"}]}]}"#;
        let inventory = inventory(&[&format!(r#"{{"ServiceDetails": [{SQS}]}}"#), newer]);
        let list = inventory.service_list("us-east-1").expect("listed");
        let facts: Vec<_> = list
            .services
            .iter()
            .map(|s| (s.name.rsplit('.').next().unwrap_or_default(), s.az_ids.len(), s.private_dns, s.policy))
            .collect();
        let expect = [
            ("dynamodb", 2, Some(false), Some(false)),
            ("kms", 0, None, None),
            ("logs", 0, Some(true), None),
            ("sqs", 0, Some(true), Some(true)),
        ];
        assert_eq!(facts, expect);
        assert_eq!(list.services[3].az_names, ["us-east-1a", "us-east-1b"]);
        assert!(matches!(inventory.zones_of(&list.services[0]), Zones::Only(ids) if ids.len() == 2));
    }

    #[test]
    fn a_list_is_whole_unless_something_tells_otherwise() {
        let names = |names: &[&str], token: &str| {
            let names: Vec<String> = names.iter().map(|n| format!("\"com.amazonaws.us-east-1.{n}\"")).collect();
            format!(r#"{{"ServiceNames": [{}]{token}}}"#, names.join(", "))
        };
        let more = r#", "NextToken": "x""#;
        let (kms, sqs) = ("com.amazonaws.us-east-1.kms ?", "com.amazonaws.us-east-1.sqs ?");
        let (s3, dynamodb) = ("com.amazonaws.us-east-1.s3 ?", "com.amazonaws.us-east-1.dynamodb ?");
        let both: &[&str] = &[kms, sqs];
        let east = "us-east-1";
        check("two services", &[&names(&["sqs", "kms"], "")], east, Some((both, true)));
        check("an empty token", &[&names(&["sqs", "kms"], r#", "NextToken": """#)], east, Some((both, true)));
        check("one service only", &[&names(&["sqs"], "")], east, Some((&[sqs], false)));
        check("gateways only", &[&names(&["s3", "dynamodb"], "")], east, Some((&[dynamodb, s3], false)));
        check("more to follow", &[&names(&["sqs", "kms"], more)], east, Some((both, false)));
        let pages = [names(&["kms"], more), names(&["sqs"], "")].concat();
        check("its last page follows", &[&pages], east, Some((both, true)));
        let (filtered, full) = (names(&["kms"], ""), names(&["kms", "sqs"], ""));
        check("another file is whole", &[&filtered, &full], east, Some((both, true)));
        check("another Region", &[&full], "us-east-2", None);
        check("nothing listed", &[r#"{"ServiceDetails": [], "ServiceNames": []}"#], east, None);
    }

    #[test]
    fn a_service_is_in_the_region_that_a_field_or_its_name_or_its_page_tells() {
        let interface = r#""ServiceType": [{"ServiceType": "Interface"}]"#;
        let page = format!(
            r#"{{"ServiceDetails": [{SQS},
                {{"ServiceName": "com.amazonaws.iam", {interface}}},
                {{"ServiceName": "com.amazonaws.us-east-1.s3", "ServiceType": [{{"ServiceType": "Gateway"}}]}},
                {{"ServiceName": "com.amazonaws.us-east-1.s3", {interface}}},
                {{"ServiceName": "aws.api.global.codecatalyst", "ServiceRegion": "us-west-2", {interface}}},
                {{"ServiceName": "com.amazonaws.us-west-2.s3", "ServiceRegion": "us-west-2", {interface}}}],
               "ServiceNames": ["com.amazonaws.us-east-1.sqs", "com.amazonaws.us-east-1.kms", "com.amazonaws.iam"]}}"#
        );
        let east: &[&str] = &[
            "com.amazonaws.iam Interface",
            "com.amazonaws.us-east-1.kms ?",
            "com.amazonaws.us-east-1.s3 Gateway",
            "com.amazonaws.us-east-1.s3 Interface",
            "com.amazonaws.us-east-1.sqs Interface",
        ];
        check("the page's own Region", &[&page], "us-east-1", Some((east, true)));
        let west: &[&str] = &["aws.api.global.codecatalyst Interface", "com.amazonaws.us-west-2.s3 Interface"];
        check("reached from elsewhere", &[&page], "us-west-2", Some((west, false)));
        let recorded =
            format!(r#"{{"status_code": 200, "data": {{"ServiceDetails": [{SQS}], "ResponseMetadata": {{}}}}}}"#);
        let sqs: &[&str] = &["com.amazonaws.us-east-1.sqs Interface"];
        check("a recording", &[&recorded], "us-east-1", Some((sqs, false)));
    }

    #[test]
    fn what_cannot_be_used_is_left_out_with_a_warning() {
        for (text, expect) in [
            (r#"{"ServiceDetails": {}}"#, "`ServiceDetails` is not a list"),
            (r#"{"ServiceNames": "x"}"#, "`ServiceNames` is not a list"),
            (r#"{"ServiceDetails": [{"ServiceType": []}]}"#, "ServiceDetails[0]: no `ServiceName`; left out"),
            (r#"{"ServiceDetails": [7]}"#, "ServiceDetails[0]: not an object; left out"),
            (r#"{"ServiceNames": ["com.amazonaws.iam"]}"#, "no Region is told, `com.amazonaws.iam`"),
        ] {
            let mut draft = InventoryDraft::default();
            read_document("f.json", text.as_bytes(), &mut draft).expect("valid JSON");
            let warnings = draft.warnings();
            assert!(warnings.len() == 1 && warnings[0].message.contains(expect), "{text}: {warnings:?}");
        }
    }
}
