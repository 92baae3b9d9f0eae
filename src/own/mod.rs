//! Whose an address is, hour by hour: the interface it belongs to, the instance, service or workload behind that, its tags and
//! its team. Pure; each client is looked up once, never once for a record.
//!
//! What was seen holds until something else is seen in its place. Where two owners can have had the address in one hour, a fact
//! on which they differ is [`SEVERAL`], never that of the first.

mod describe;
mod facts;
mod pods;
mod span;
mod teams;

pub use describe::{Belongs, ClientKind, belongs, instance_of};

use crate::model::addr::{Addr, Cidr};
use crate::model::inventory::Inventory;
use crate::model::period::HOUR_SECONDS;
use crate::model::several::SEVERAL;
use crate::sources::settings::Team;
use facts::Holder;
use pods::{Claim, Pods};
use span::{Span, exclusive};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a client in some hours. `None` is not known; a fact may be [`SEVERAL`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// `instance`, `pod`, `lambda`, …: see [`ClientKind`]; else the type of its interface, as AWS writes it.
    pub kind: Option<String>,
    /// What people call it: a Name tag, a function, `cluster/service`, `namespace/workload`.
    pub name: Option<String>,
    /// `i-…`: what it runs on.
    pub instance: Option<String>,
    /// The thing that makes such clients: `lambda:checkout`, `ecs:shop/web`, `deployment:pay/api`, `asg:workers`, …
    pub service_owner: Option<String>,
    /// Kubernetes namespace.
    pub namespace: Option<String>,
    /// Account of its interface, else of its VPC, else of the gateway.
    pub account: Option<String>,
    /// The first of the user's rules that holds, else its tag `team`.
    pub team: Option<String>,
    /// Those of its tags that were asked for.
    pub tags: BTreeMap<String, String>,
}

/// Which thing a tag of a flow log's records is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagOf {
    /// The network interface.
    Interface,
    /// The instance.
    Instance,
    /// Its Auto Scaling group.
    Group,
}

/// What the records of an interface say about its owner, over some hours. Fields of versions 3, 7 and 11.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// The VPC of the interface.
    pub vpc: Option<String>,
    /// Its account.
    pub account: Option<String>,
    /// The addresses that the interface has.
    pub addrs: Vec<Addr>,
    /// `instance-id`.
    pub instance: Option<String>,
    /// ECS cluster, by name.
    pub cluster: Option<String>,
    /// ECS service; a task may run without one.
    pub service: Option<String>,
    /// Family of the task definition.
    pub task_family: Option<String>,
    /// Tags: of what, key, value.
    pub tags: Vec<(TagOf, String, String)>,
    /// First hour since 1970 with such a record.
    pub first_hour: u32,
    /// Last hour with such a record.
    pub last_hour: u32,
}

/// Who asks: an address as a gateway sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client<'a> {
    /// Its VPC, where it is known.
    pub vpc: Option<&'a str>,
    /// Its address; a log may know none.
    pub addr: Option<Addr>,
    /// The account of the gateway.
    pub account: Option<&'a str>,
}

/// Tag by which teams are told where no rule is.
const TEAM: &str = "team";

/// Everything that tells whose an address is.
#[derive(Debug)]
pub struct Owners<'a> {
    inventory: &'a Inventory,
    pods: Pods<'a>,
    logs: Vec<LogFacts>,
    logs_at: BTreeMap<Addr, Vec<usize>>,
    teams: &'a [Team],
    tags: BTreeSet<String>,
}

/// All claims on one address.
struct Claims<'a> {
    holders: Vec<(Span, Holder<'a>)>,
    logs: Vec<(Span, &'a LogFacts)>,
    pods: Vec<Claim<'a>>,
    guests: Vec<Claim<'a>>,
}

impl<'a> Owners<'a> {
    /// From what was described, what the logs say themselves, and the user's rules; owners will have the `tags` of these keys.
    #[must_use]
    pub fn new(inventory: &'a Inventory, logs: Vec<LogFacts>, teams: &'a [Team], tags: BTreeSet<String>) -> Self {
        let mut logs_at: BTreeMap<Addr, Vec<usize>> = BTreeMap::new();
        for (at, facts) in logs.iter().enumerate() {
            for addr in &facts.addrs {
                logs_at.entry(*addr).or_default().push(at);
            }
        }
        Self { inventory, pods: Pods::new(inventory), logs, logs_at, teams, tags }
    }

    /// The owners of a client over time: each with the first hour since 1970 from which on it holds; the first from hour 0.
    #[must_use]
    pub fn over_time(&self, client: Client<'_>) -> Vec<(u32, Owner)> {
        let claims = self.claims(client);
        let spans = claims.holders.iter().map(|(span, _)| *span).chain(claims.logs.iter().map(|(span, _)| *span));
        let spans = spans.chain(claims.pods.iter().chain(&claims.guests).map(|claim| claim.span));
        let hours: BTreeSet<u32> = spans.flat_map(Span::edges).chain([0]).collect();
        let mut owners: Vec<(u32, Owner)> = Vec::new();
        for hour in hours {
            let owner = self.owner(client, &claims, hour);
            if owners.last().is_none_or(|(_, last)| *last != owner) {
                owners.push((hour, owner));
            }
        }
        owners
    }

    fn claims(&self, client: Client<'_>) -> Claims<'_> {
        let Some(addr) = client.addr else {
            return Claims { holders: Vec::new(), logs: Vec::new(), pods: Vec::new(), guests: Vec::new() };
        };
        let mut holders: Vec<(Span, Holder<'_>)> = Vec::new();
        if let Some(vpc) = client.vpc {
            let interfaces = self.inventory.interfaces_at(vpc, addr);
            holders.extend(interfaces.map(|i| (i.attached.map_or(Span::ALWAYS, Span::since), Holder::Interface(i))));
            let instances = self.inventory.instances_at(vpc, addr);
            holders.extend(instances.map(|instance| (Span::ALWAYS, Holder::Instance(instance))));
        }
        shorten(&mut holders);
        let found = self.logs_at.get(&addr).into_iter().flatten().map(|&at| &self.logs[at]);
        // Private addresses are used in many VPCs.
        let logs = found.filter(|facts| match (facts.vpc.as_deref(), client.vpc) {
            (Some(own), Some(asked)) => own == asked,
            (None, _) => true,
            (Some(_), None) => false,
        });
        let mut logs: Vec<(Span, &LogFacts)> = logs.map(|facts| (log_span(facts), facts)).collect();
        shorten(&mut logs);
        let (pods, guests) = (self.pods.at(client.vpc, addr), self.pods.hosted_at(client.vpc, addr));
        Claims { holders, logs, pods, guests }
    }
}

fn shorten<T>(claims: &mut [(Span, T)]) {
    let mut spans: Vec<Span> = claims.iter().map(|(span, _)| *span).collect();
    exclusive(&mut spans);
    for ((span, _), shortened) in claims.iter_mut().zip(spans) {
        *span = shortened;
    }
}

/// The gateway's records of a flow may start in another hour than the client's own.
fn log_span(facts: &LogFacts) -> Span {
    let (first, end) = (i64::from(facts.first_hour) * HOUR_SECONDS, (i64::from(facts.last_hour) + 1) * HOUR_SECONDS);
    Span { earliest: first - HOUR_SECONDS, sure: Some((first, end)), latest: end + HOUR_SECONDS }
}

/// The address of a block that holds one only.
#[must_use]
pub fn single(block: &Cidr) -> Option<Addr> {
    (block.first() == block.last()).then(|| block.first())
}

#[cfg(test)]
mod tests;
