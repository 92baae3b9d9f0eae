//! Which pods can have had an address when: from what snapshots of clusters show.
//!
//! With the VPC CNI a pod has an address of the VPC. Unless external SNAT is on, what it sends out of the VPC bears its node's
//! address instead (EKS user guide, "SNAT for pods"): then all pods of the node stand behind one address.

use super::span::{Span, exclusive};
use crate::model::addr::Addr;
use crate::model::inventory::Inventory;
use crate::model::kube::{Pod, PodSnapshot};
use crate::model::several::{SEVERAL, agree};
use std::collections::{BTreeMap, BTreeSet};

/// The namespace of what Kubernetes itself needs.
const SYSTEM: &str = "kube-system";

/// The VPC that a pod's node is in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Home {
    /// This one.
    Vpc(String),
    /// No described VPC holds the address.
    Unknown,
    /// Each of these holds it.
    OneOf(BTreeSet<String>),
}

/// A pod that can have had an address.
#[derive(Clone, Debug)]
pub(super) struct Claim<'a> {
    pub span: Span,
    pod: &'a Pod,
    /// Whether it may as well be a pod of another VPC with the same address.
    undecided: bool,
}

/// Pods by address.
#[derive(Debug, Default)]
pub(super) struct Pods<'a> {
    by_addr: BTreeMap<Addr, Vec<(Span, &'a Pod)>>,
    by_host: BTreeMap<Addr, Vec<(Span, &'a Pod)>>,
    homes: BTreeMap<Addr, Home>,
}

/// What the pods behind an address are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    /// The namespace of all of them.
    pub namespace: Option<String>,
    /// `namespace/workload` of all of them.
    pub name: Option<String>,
    /// `kind:namespace/workload` of all of them.
    pub workload: Option<String>,
}

impl<'a> Pods<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut pods = Self::default();
        let snapshots = inventory.pods();
        let clusters = clusters(snapshots);
        let mut sights: BTreeMap<&str, Vec<(usize, &'a Pod)>> = BTreeMap::new();
        for (at, snapshot) in snapshots.iter().enumerate() {
            for pod in &snapshot.pods {
                sights.entry(pod.key.as_str()).or_default().push((at, pod));
            }
        }
        for sights in sights.values() {
            let own = |pod: &Pod, addr: Addr| !shares_host(pod) && pod.addrs.contains(&addr);
            let addrs: BTreeSet<Addr> = sights.iter().flat_map(|(_, pod)| pod.addrs.iter().copied()).collect();
            for addr in addrs {
                let found = span(snapshots, &clusters, sights, |pod| own(pod, addr));
                pods.by_addr.entry(addr).or_default().extend(found);
            }
            let hosts: BTreeSet<Addr> = sights.iter().filter_map(|(_, pod)| pod.host).collect();
            for host in hosts {
                let found = span(snapshots, &clusters, sights, |pod| pod.host == Some(host));
                pods.by_host.entry(host).or_default().extend(found);
            }
        }
        let places = snapshots.iter().flat_map(|snapshot| &snapshot.pods).filter_map(place);
        pods.homes = places.map(|addr| (addr, home(inventory, addr))).collect();
        pods
    }

    /// The pods that had the address as their own, one after the other.
    pub(super) fn at(&self, vpc: Option<&str>, addr: Addr) -> Vec<Claim<'a>> {
        let mut claims = self.claims(self.by_addr.get(&addr), vpc);
        let mut spans: Vec<Span> = claims.iter().map(|claim| claim.span).collect();
        exclusive(&mut spans);
        for (claim, span) in claims.iter_mut().zip(spans) {
            claim.span = span;
        }
        claims
    }

    /// The pods on the node that has the address, at the same time.
    pub(super) fn hosted_at(&self, vpc: Option<&str>, addr: Addr) -> Vec<Claim<'a>> {
        self.claims(self.by_host.get(&addr), vpc)
    }

    fn claims(&self, found: Option<&Vec<(Span, &'a Pod)>>, vpc: Option<&str>) -> Vec<Claim<'a>> {
        let claim = |&(span, pod): &(Span, &'a Pod)| {
            let home = place(pod).and_then(|addr| self.homes.get(&addr));
            let undecided = match (home.unwrap_or(&Home::Unknown), vpc) {
                (Home::Unknown, _) => false,
                (Home::Vpc(home), Some(vpc)) if home == vpc => false,
                (Home::OneOf(homes), Some(vpc)) if homes.contains(vpc) => true,
                // Private addresses are used in many VPCs: where the client's is not known, the pod may be another's.
                _ => return None,
            };
            Some(Claim { span, pod, undecided })
        };
        found.into_iter().flatten().filter_map(claim).collect()
    }
}

/// What is behind an address in an hour, of claims that all hold then; `None` without any.
pub(super) fn behind(claims: &[&Claim<'_>]) -> Option<Behind> {
    let guests: Vec<&&Claim<'_>> = claims.iter().filter(|claim| !is_upkeep(claim.pod)).collect();
    let counted = if guests.is_empty() { claims.iter().collect() } else { guests };
    if counted.is_empty() {
        return None;
    }
    let one = |text: fn(&Pod) -> String| {
        if counted.iter().any(|claim| claim.undecided) {
            return Some(SEVERAL.to_owned());
        }
        let texts: BTreeSet<String> = counted.iter().map(|claim| text(claim.pod)).collect();
        agree(texts.iter().map(|text| Some(text.as_str())))
    };
    Some(Behind {
        namespace: one(|pod| pod.namespace.clone()),
        name: one(|pod| format!("{}/{}", pod.namespace, pod.workload.name)),
        workload: one(|pod| format!("{}:{}/{}", pod.workload.kind, pod.namespace, pod.workload.name)),
    })
}

/// What the cluster runs on every node for itself (network plugin, proxy); it speaks where there is nothing else. Somebody's own
/// pod on the node's network (an ingress, an agent) may have sent the bytes as well as any other.
fn is_upkeep(pod: &Pod) -> bool {
    pod.namespace == SYSTEM && shares_host(pod)
}

fn shares_host(pod: &Pod) -> bool {
    pod.host_network || pod.addrs.is_empty() || pod.host.is_some_and(|host| pod.addrs.contains(&host))
}

/// The address by which a pod's VPC is found: its node's, else its own.
fn place(pod: &Pod) -> Option<Addr> {
    pod.host.or_else(|| pod.addrs.first().copied())
}

fn home(inventory: &Inventory, addr: Addr) -> Home {
    let holding: BTreeSet<String> = inventory.vpcs_containing(addr).into_iter().map(|vpc| vpc.id.clone()).collect();
    let used = holding.iter().filter(|vpc| inventory.interface_at(vpc, addr).is_some()).cloned();
    let used: BTreeSet<String> = used.collect();
    let mut homes = if used.is_empty() { holding } else { used };
    match homes.len() {
        0 => Home::Unknown,
        1 => homes.pop_first().map_or(Home::Unknown, Home::Vpc),
        _ => Home::OneOf(homes),
    }
}

/// A number for each snapshot, the same for those of one cluster: a pod that two of them show is in one cluster.
fn clusters(snapshots: &[PodSnapshot]) -> Vec<usize> {
    let mut cluster: Vec<usize> = (0..snapshots.len()).collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, snapshot) in snapshots.iter().enumerate() {
        for pod in &snapshot.pods {
            let first = *seen.entry(pod.key.as_str()).or_insert(at);
            let (one, other) = (cluster[first], cluster[at]);
            if one != other {
                cluster
                    .iter_mut()
                    .filter(|number| **number == one.max(other))
                    .for_each(|number| *number = one.min(other));
            }
        }
    }
    cluster
}

/// When a pod, whose sights are given in time's order, was as `is` says.
fn span<'a>(
    snapshots: &[PodSnapshot],
    clusters: &[usize],
    sights: &[(usize, &'a Pod)],
    is: impl Fn(&Pod) -> bool,
) -> Option<(Span, &'a Pod)> {
    let (first, _) = *sights.iter().find(|(_, pod)| is(pod))?;
    let (last, pod) = *sights.iter().rev().find(|(_, pod)| is(pod))?;
    let otherwise_before = sights.iter().rev().find(|(at, pod)| *at < first && !is(pod));
    // A list of one namespace says nothing about the pods of the others.
    let speaks = |at: &usize| {
        clusters[*at] == clusters[last] && snapshots[*at].pods.iter().any(|other| other.namespace == pod.namespace)
    };
    let missing_before = (0..first).rev().find(speaks).map(|at| snapshots[at].earliest);
    let missing_after = (last + 1..snapshots.len()).find(speaks).and_then(|at| snapshots[at].latest);
    let earliest = match (otherwise_before, pod.start) {
        (Some((at, _)), _) => snapshots[*at].earliest,
        (None, Some(start)) => start,
        (None, None) => missing_before.unwrap_or(i64::MIN),
    };
    let end = sights.iter().filter_map(|(_, pod)| pod.end).min().unwrap_or(i64::MAX);
    let latest = end.min(missing_after.unwrap_or(i64::MAX));
    let started = pod.start.filter(|_| otherwise_before.is_none());
    let from = started.unwrap_or(snapshots[first].earliest).max(earliest);
    let to = snapshots[last].earliest.min(latest).max(from);
    Some((Span { earliest, sure: (from > i64::MIN).then_some((from, to)), latest }, pod))
}
