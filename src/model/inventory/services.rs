//! Which endpoint services accounts were told of, Region by Region, and in which zones their endpoints can stand.

use super::{EndpointKind, Inventory};
use crate::model::region;
use std::collections::{BTreeMap, BTreeSet};

/// An endpoint service that AWS offers an account in a Region (`describe-vpc-endpoint-services`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfferedService {
    /// Its Region.
    pub region: String,
    /// `com.amazonaws.us-east-1.s3`; a customer's own is `com.amazonaws.vpce.us-east-1.vpce-svc-…`.
    pub name: String,
    /// The kind of its endpoints; a service that offers two stands here twice. `None` where the output only names it.
    pub kind: Option<EndpointKind>,
    /// The zones where its endpoints can stand, by id, sorted; empty where that is not said.
    pub az_ids: Vec<String>,
    /// The same by the name that they have in the account that asked, sorted.
    pub az_names: Vec<String>,
    /// Whether an endpoint can answer to the service's own host names.
    pub private_dns: Option<bool>,
    /// `VpcEndpointPolicySupported`.
    pub policy: Option<bool>,
}

/// The endpoint services of a Region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceList {
    /// By name, then kind. Where a kind is known, the service does not stand here without one too.
    pub services: Vec<OfferedService>,
    /// Whether what is not in it is not offered: `false` for the answer to a narrower question, or one that breaks off.
    pub is_whole: bool,
}

/// In which zones something can stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zones {
    /// Nothing is known against any.
    Any,
    /// In these zones, by id.
    Only(BTreeSet<String>),
    /// Not in these, by id; the others are possible.
    AllBut(BTreeSet<String>),
}

impl Zones {
    /// Whether it can stand in the zone with this id.
    #[must_use]
    pub fn holds(&self, az_id: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(ids) => ids.contains(az_id),
            Self::AllBut(ids) => !ids.contains(az_id),
        }
    }
}

impl Inventory {
    /// Sorts what was offered into lists; `whole` are the Regions that were listed completely.
    pub(super) fn list_services(&mut self, offered: Vec<OfferedService>, whole: &BTreeSet<String>) {
        let mut lists: BTreeMap<String, ServiceList> = BTreeMap::new();
        let distinct: BTreeSet<OfferedService> = offered.into_iter().collect();
        for service in distinct {
            let list = lists.entry(service.region.clone()).or_default();
            list.is_whole = whole.contains(&service.region);
            // What is only named sorts before what is described.
            if list.services.last().is_some_and(|last| last.name == service.name && last.kind.is_none()) {
                list.services.pop();
            }
            list.services.push(service);
        }
        self.service_lists = lists;
    }

    /// The endpoint services that accounts were told of in a Region; `None` where none asked.
    pub fn service_list(&self, region: &str) -> Option<&ServiceList> {
        self.service_lists.get(region)
    }

    /// The zones where endpoints of a listed service can stand.
    ///
    /// By id where the list has ids. Else by name: subnets and interfaces tell which id a name means. Accounts name zones
    /// differently and a list does not say whose names it has, so where the inventory's accounts disagree nothing is ruled out.
    pub fn zones_of(&self, service: &OfferedService) -> Zones {
        if !service.az_ids.is_empty() {
            return Zones::Only(service.az_ids.iter().cloned().collect());
        }
        let ids = self.zone_ids(&service.region);
        if service.az_names.is_empty() || ids.values().any(|ids| ids.len() > 1) {
            return Zones::Any;
        }
        let (mut listed, mut others) = (BTreeSet::new(), BTreeSet::new());
        for (name, ids) in &ids {
            let is_listed = service.az_names.iter().any(|listed| listed == name);
            let side = if is_listed { &mut listed } else { &mut others };
            side.extend(ids.iter().map(|&id| id.to_owned()));
        }
        let all_told = service.az_names.iter().all(|name| ids.contains_key(name.as_str()));
        if all_told { Zones::Only(listed) } else { Zones::AllBut(others) }
    }

    /// The ids that each zone name of a Region has among the inventory's accounts.
    fn zone_ids(&self, region: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let subnets = self.subnets.values().map(|s| (s.az_name.as_deref(), s.az_id.as_deref()));
        let interfaces = self.interfaces.values().map(|i| (i.az_name.as_deref(), i.az_id.as_deref()));
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, id) in subnets.chain(interfaces) {
            if let (Some(name), Some(id)) = (name, id)
                && region::of_az_name(name) == Some(region)
            {
                ids.entry(name).or_default().insert(id);
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inventory::{InventoryParts, Subnet};

    fn offered(name: &str, kind: Option<EndpointKind>) -> OfferedService {
        OfferedService {
            region: "us-east-1".to_owned(),
            name: name.to_owned(),
            kind,
            az_ids: Vec::new(),
            az_names: Vec::new(),
            private_dns: None,
            policy: None,
        }
    }

    fn inventory(zones: &[(&str, &str)], offered: Vec<OfferedService>) -> Inventory {
        let subnet = |(index, (name, id)): (usize, &(&str, &str))| Subnet {
            id: format!("subnet-{index}"),
            vpc: None,
            az_name: Some((*name).to_owned()),
            az_id: Some((*id).to_owned()),
            cidrs: Vec::new(),
            name: None,
            owner: None,
            region: None,
        };
        let subnets = zones.iter().enumerate().map(subnet).collect();
        Inventory::new(InventoryParts { subnets, offered_services: offered, ..InventoryParts::default() })
    }

    #[test]
    fn a_described_service_does_not_stand_there_unnamed_too() {
        let interface = Some(EndpointKind::Interface);
        let services = vec![
            offered("b", None),
            offered("a", interface.clone()),
            offered("a", None),
            offered("a", Some(EndpointKind::Gateway)),
            offered("b", None),
        ];
        let inventory = inventory(&[], services);
        let list = inventory.service_list("us-east-1").expect("listed");
        let names: Vec<_> = list.services.iter().map(|s| (s.name.as_str(), s.kind.clone())).collect();
        assert_eq!(names, [("a", Some(EndpointKind::Gateway)), ("a", interface), ("b", None)]);
        assert!(!list.is_whole && inventory.service_list("us-east-2").is_none());
    }

    /// What the list says of zones, which zones the subnets know, then which ids can and cannot hold an endpoint.
    fn check(what: &str, ids: &[&str], names: &[&str], subnets: &[(&str, &str)], can: &[&str], cannot: &[&str]) {
        let mut service = offered("a", Some(EndpointKind::Interface));
        service.az_ids = ids.iter().map(|&id| id.to_owned()).collect();
        service.az_names = names.iter().map(|&name| name.to_owned()).collect();
        let zones = inventory(subnets, Vec::new()).zones_of(&service);
        assert!(can.iter().all(|id| zones.holds(id)), "{what}: {zones:?} lacks one of {can:?}");
        assert!(!cannot.iter().any(|id| zones.holds(id)), "{what}: {zones:?} holds one of {cannot:?}");
    }

    #[test]
    fn zones_are_ruled_out_by_id_or_by_the_names_that_subnets_explain() {
        let (a, b, other) = (("us-east-1a", "use1-az4"), ("us-east-1b", "use1-az6"), ("us-west-2a", "usw2-az1"));
        check("nothing said", &[], &[], &[a], &["use1-az4", "use1-az1"], &[]);
        check("ids win over names", &["use1-az1"], &["us-east-1a"], &[a], &["use1-az1"], &["use1-az4"]);
        check("every name explained", &[], &["us-east-1a"], &[a, b], &["use1-az4"], &["use1-az6", "use1-az1"]);
        check(
            "a name nobody knows",
            &[],
            &["us-east-1a", "us-east-1c"],
            &[a, b],
            &["use1-az4", "use1-az1"],
            &["use1-az6"],
        );
        check("no subnets", &[], &["us-east-1a"], &[], &["use1-az1"], &[]);
        check("another Region's subnets", &[], &["us-east-1a"], &[other], &["use1-az1"], &[]);
        let swapped = ("us-east-1a", "use1-az6");
        check("accounts that disagree", &[], &["us-east-1a"], &[a, b, swapped], &["use1-az4", "use1-az6"], &[]);
    }
}
