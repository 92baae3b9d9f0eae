//! What tells whose an address is: `describe-instances`, `describe-tags`, and the tags that any description carries.

use super::elements::PageReader;
use super::fields::{list, lower, owned, required, text};
use super::json::Json;
use super::{Standing, push_new};
use crate::model::inventory::Instance;
use std::collections::BTreeMap;

impl PageReader<'_> {
    /// An element of `Reservations`: the instances that were launched together.
    pub(super) fn reservation(&mut self, v: &Json<'_>) -> Result<(), String> {
        if v.as_object().is_none() {
            return Err("not an object".to_owned());
        }
        let owner = owned(v, "OwnerId");
        for instance in list(v, "Instances") {
            self.instance(instance, owner.as_deref())?;
        }
        Ok(())
    }

    /// An instance; `owner` is the account of its reservation.
    pub(super) fn instance(&mut self, v: &Json<'_>, owner: Option<&str>) -> Result<(), String> {
        let id = required(v, "InstanceId")?;
        self.tags_of(&id, v);
        let mut interfaces = Vec::new();
        for told in list(v, "NetworkInterfaces") {
            let mut interface = self.read_interface(told)?;
            interface.instance = Some(id.clone());
            interface.owner = interface.owner.or_else(|| owner.map(str::to_owned));
            let zone = v.get("Placement");
            interface.az_name = interface.az_name.or_else(|| zone.and_then(|zone| owned(zone, "AvailabilityZone")));
            interface.az_id = interface.az_id.or_else(|| zone.and_then(|zone| owned(zone, "AvailabilityZoneId")));
            interfaces.push(interface);
        }
        let mut addrs = Vec::new();
        for key in ["PrivateIpAddress", "Ipv6Address"] {
            let addr = self.cidr(text(v, key));
            push_new(&mut addrs, addr);
        }
        let state = v.get("State").and_then(|state| lower(state, "Name"));
        let weight = interfaces.len() + addrs.len();
        let instance = Instance { id: id.clone(), vpc: owned(v, "VpcId"), addrs, interfaces };
        self.draft.instances.offer(id, Standing::of(state.as_deref()), weight, instance);
        Ok(())
    }

    /// An element of `describe-tags` output.
    pub(super) fn tag(&mut self, v: &Json<'_>) -> Result<(), String> {
        let resource = required(v, "ResourceId")?;
        self.keep_tag(&resource, v);
        Ok(())
    }

    /// Keeps the tags of a described thing.
    pub(super) fn tags_of(&mut self, id: &str, v: &Json<'_>) {
        for tag in list(v, "Tags").iter().chain(list(v, "TagSet")) {
            self.keep_tag(id, tag);
        }
    }

    /// A tag without a value says nothing.
    fn keep_tag(&mut self, id: &str, tag: &Json<'_>) {
        if let (Some(key), Some(value)) = (owned(tag, "Key"), owned(tag, "Value")) {
            let keys = self.draft.tags.entry(id.to_owned()).or_default();
            keys.entry(key).or_default().insert(value);
        }
    }
}

/// Which tag key each tag field of a flow log's records holds. Source: EC2 API, `TagFieldSpecificationResponse`.
pub(super) fn tag_fields(v: &Json<'_>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for specification in list(v, "TagFieldSpecifications") {
        let field = match text(specification, "ResourceType") {
            Some("instance") => "instance-tag",
            Some("network-interface") => "interface-tag",
            Some("auto-scaling-group") => "asg-tag",
            _ => continue,
        };
        // The first key goes into the field without a number, in the order in which they were given.
        let keys = list(specification, "TagKeys").iter().filter_map(Json::as_str);
        for (key, number) in keys.zip(["", "-2"]) {
            fields.insert(format!("{field}{number}"), key.to_owned());
        }
    }
    fields
}
