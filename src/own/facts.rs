//! From who can have had an address in an hour to what is known of the client: every fact by itself.

use super::describe::{ClientKind, belongs, instance_of};
use super::pods::{Behind, behind};
use super::teams::{self, Asked};
use super::{Claims, Client, LogFacts, Owner, Owners, SEVERAL, TEAM, TagOf};
use crate::model::inventory::{Instance, Inventory, NetworkInterface};
use crate::model::several::agree;
use std::collections::BTreeSet;

/// What an address belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder<'a> {
    Interface(&'a NetworkInterface),
    /// An instance whose interfaces nobody listed.
    Instance(&'a Instance),
}

/// The group that launched an instance. Source: EC2 Auto Scaling user guide, "Tag Auto Scaling groups and instances".
const GROUP_TAG: &str = "aws:autoscaling:groupName";

impl<'a> Holder<'a> {
    fn instance(self) -> Option<&'a str> {
        match self {
            Holder::Interface(interface) => instance_of(interface),
            Holder::Instance(instance) => Some(&instance.id),
        }
    }

    fn belongs(self) -> Option<(ClientKind, Option<&'a str>)> {
        match self {
            Holder::Interface(interface) => belongs(interface),
            Holder::Instance(instance) => Some((ClientKind::Instance, Some(&instance.id))),
        }
    }

    fn kind(self) -> Option<String> {
        let own_type = || match self {
            Holder::Interface(interface) => interface.kind.clone(),
            Holder::Instance(_) => None,
        };
        self.belongs().map(|(kind, _)| kind.as_str().to_owned()).or_else(own_type)
    }

    fn name(self, inventory: &Inventory) -> Option<String> {
        let of_tag = |id: &str| inventory.tags(id).get("Name").cloned();
        let (own, description) = match self {
            Holder::Interface(interface) => (interface.name.clone(), interface.description.clone()),
            Holder::Instance(_) => (None, None),
        };
        match self.belongs() {
            Some((ClientKind::Instance, Some(instance))) => {
                of_tag(instance).or(own).or_else(|| Some(instance.to_owned()))
            }
            Some((_, Some(name))) => Some(name.to_owned()),
            _ => own.or(description),
        }
    }

    fn service_owner(self, inventory: &Inventory) -> Option<String> {
        let kind_and_name = |kind: ClientKind, name: Option<&str>| match name {
            Some(name) => format!("{}:{name}", kind.as_str()),
            None => kind.as_str().to_owned(),
        };
        match self.belongs()? {
            (ClientKind::Instance, Some(instance)) => {
                inventory.tags(instance).get(GROUP_TAG).map(|group| format!("asg:{group}"))
            }
            // Whose the pod's own interface is, only the cluster can tell.
            (ClientKind::Instance | ClientKind::Pod, _) => None,
            (kind, name) => Some(kind_and_name(kind, name)),
        }
    }

    fn account(self) -> Option<&'a str> {
        match self {
            Holder::Interface(interface) => interface.owner.as_deref(),
            Holder::Instance(_) => None,
        }
    }

    fn subnet(self) -> Option<&'a str> {
        match self {
            Holder::Interface(interface) => interface.subnet.as_deref(),
            Holder::Instance(_) => None,
        }
    }

    fn id(self) -> Option<&'a str> {
        match self {
            Holder::Interface(interface) => Some(&interface.id),
            Holder::Instance(_) => None,
        }
    }
}

/// What holds in one hour.
struct Now<'a> {
    holders: Vec<Holder<'a>>,
    logs: Vec<&'a LogFacts>,
    pod: Option<Behind>,
    guests: Option<Behind>,
}

/// One fact out of texts: see [`agree`].
fn one(texts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let texts: BTreeSet<Option<String>> = texts.into_iter().collect();
    agree(texts.iter().map(Option::as_deref))
}

/// As [`one`], where absent is "not said": a log may say less in its first hour than later.
fn said(texts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    one(texts.into_iter().flatten().map(Some))
}

impl Owners<'_> {
    /// What is known of a client in an hour.
    pub(super) fn owner(&self, client: Client<'_>, claims: &Claims<'_>, hour: u32) -> Owner {
        let at_pods = |claims: &[super::Claim<'_>]| {
            let now: Vec<_> = claims.iter().filter(|claim| claim.span.touches(hour)).collect();
            behind(&now)
        };
        let now = Now {
            holders: claims.holders.iter().filter(|(span, _)| span.touches(hour)).map(|(_, holder)| *holder).collect(),
            logs: claims.logs.iter().filter(|(span, _)| span.touches(hour)).map(|(_, facts)| *facts).collect(),
            pod: at_pods(&claims.pods),
            guests: at_pods(&claims.guests),
        };
        let of_holders =
            |fact: &dyn Fn(Holder<'_>) -> Option<String>| one(now.holders.iter().map(|holder| fact(*holder)));
        let instance = of_holders(&|holder| holder.instance().map(str::to_owned));
        let instance = instance.or_else(|| said(now.logs.iter().map(|facts| facts.instance.clone())));
        let task = said(now.logs.iter().map(|facts| task(facts)));
        let of_vpc = || client.vpc.and_then(|vpc| self.inventory.vpc(vpc)?.owner.clone());
        let account = of_holders(&|holder| holder.account().map(str::to_owned))
            .or_else(|| said(now.logs.iter().map(|facts| facts.account.clone())))
            .or_else(of_vpc)
            .or_else(|| client.account.map(str::to_owned));
        let namespace = now.pod.as_ref().or(now.guests.as_ref()).and_then(|pods| pods.namespace.clone());
        let tag = |key: &str| self.tag(client, &now, key);
        let asked =
            Asked { addr: client.addr, vpc: client.vpc, account: account.as_deref(), namespace: namespace.as_deref() };
        let team = teams::team(self.teams, asked, tag).map(str::to_owned).or_else(|| tag(TEAM));
        Owner {
            kind: kind(&now, task.as_deref(), instance.as_deref()),
            name: self.name(&now, task.as_deref(), instance.as_deref()),
            service_owner: self.service_owner(&now, task.as_deref()),
            tags: self.tags.iter().filter_map(|key| Some((key.clone(), tag(key)?))).collect(),
            instance,
            namespace,
            account,
            team,
        }
    }

    fn name(&self, now: &Now<'_>, task: Option<&str>, instance: Option<&str>) -> Option<String> {
        if let Some(pod) = &now.pod {
            return pod.name.clone();
        }
        let by_instance = || {
            let id = instance.filter(|id| *id != SEVERAL)?;
            Some(self.inventory.tags(id).get("Name").cloned().unwrap_or_else(|| id.to_owned()))
        };
        let of_holders = || one(now.holders.iter().map(|holder| holder.name(self.inventory)));
        task.map(str::to_owned).or_else(of_holders).or_else(by_instance)
    }

    fn service_owner(&self, now: &Now<'_>, task: Option<&str>) -> Option<String> {
        let of_pods = now.pod.as_ref().or(now.guests.as_ref()).and_then(|pods| pods.workload.clone());
        let of_task = || task.map(|task| if task == SEVERAL { task.to_owned() } else { format!("ecs:{task}") });
        of_pods.or_else(of_task).or_else(|| one(now.holders.iter().map(|holder| holder.service_owner(self.inventory))))
    }

    /// A tag of the client: of its interface, else its instance, else its Auto Scaling group, else its subnet, else its VPC. The
    /// log's own word, which is of the hour, goes before what was described at another time.
    fn tag(&self, client: Client<'_>, now: &Now<'_>, key: &str) -> Option<String> {
        let logged = |of: TagOf| {
            let tags = now.logs.iter().flat_map(|facts| &facts.tags);
            said(tags.filter(|(what, name, _)| *what == of && name == key).map(|(.., value)| Some(value.clone())))
        };
        let of_id = |id: Option<&str>| id.and_then(|id| self.inventory.tags(id).get(key).cloned());
        let of_ids = |ids: &[Option<&str>]| one(ids.iter().map(|id| of_id(*id)));
        let holders = || now.holders.iter();
        let interfaces: Vec<_> = holders().map(|holder| holder.id()).collect();
        let instances: Vec<_> = holders().map(|holder| holder.instance()).collect();
        let subnets: Vec<_> = holders().map(|holder| holder.subnet()).collect();
        let of_logged_instance = || said(now.logs.iter().map(|facts| of_id(facts.instance.as_deref())));
        let of_subnet = || {
            let subnet = client.vpc.zip(client.addr).and_then(|(vpc, addr)| self.inventory.subnet_of(vpc, addr));
            of_ids(&subnets).or_else(|| of_id(subnet.map(|subnet| subnet.id.as_str())))
        };
        logged(TagOf::Interface)
            .or_else(|| of_ids(&interfaces))
            .or_else(|| logged(TagOf::Instance))
            .or_else(|| of_ids(&instances))
            .or_else(of_logged_instance)
            .or_else(|| logged(TagOf::Group))
            .or_else(of_subnet)
            .or_else(|| of_id(client.vpc))
    }
}

/// `cluster/service`; of a task without a service `cluster/family`.
fn task(facts: &LogFacts) -> Option<String> {
    let runs = facts.service.as_ref().or(facts.task_family.as_ref());
    match (&facts.cluster, runs) {
        (Some(cluster), Some(runs)) => Some(format!("{cluster}/{runs}")),
        (None, Some(only)) | (Some(only), None) => Some(only.clone()),
        (None, None) => None,
    }
}

fn kind(now: &Now<'_>, task: Option<&str>, instance: Option<&str>) -> Option<String> {
    let own = || match (&now.pod, task) {
        (Some(_), _) => Some(ClientKind::Pod),
        (None, Some(_)) => Some(ClientKind::Ecs),
        (None, None) => None,
    };
    let by_instance = || instance.map(|_| ClientKind::Instance.as_str().to_owned());
    let of_holders = || one(now.holders.iter().map(|holder| holder.kind()));
    own().map(|kind| kind.as_str().to_owned()).or_else(of_holders).or_else(by_instance)
}
