//! Pods of a Kubernetes cluster as `kubectl get pods` shows them at one time. Plain values; what follows from them is elsewhere.

use super::addr::Addr;

/// What made a pod: the thing that a person has written and would look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Lower case: `deployment`, `statefulset`, `daemonset`, `job`, `cronjob`, …; `pod` for one that nothing made.
    pub kind: String,
    /// Its name in the namespace.
    pub name: String,
}

/// A pod in a snapshot. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pod {
    /// What tells it from every other pod, also from an earlier one of its name: the `uid`, else name and start.
    pub key: String,
    /// Namespace.
    pub namespace: String,
    /// What made it.
    pub workload: Workload,
    /// Its node's address (`status.hostIP`).
    pub host: Option<Addr>,
    /// Its own addresses, sorted; those of a pod on the host's network are the host's.
    pub addrs: Vec<Addr>,
    /// `spec.hostNetwork`: it has no address of its own.
    pub host_network: bool,
    /// `status.startTime`, else `metadata.creationTimestamp`: no address was its own before.
    pub start: Option<i64>,
    /// When its addresses went: its last container ended, or it was to be deleted by then.
    pub end: Option<i64>,
}

/// The pods of one cluster at one time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodSnapshot {
    /// The earliest time at which it can have been taken: the file name's, or the newest event in it.
    pub earliest: i64,
    /// The latest time, where the file's name says it.
    pub latest: Option<i64>,
    /// The pods, sorted.
    pub pods: Vec<Pod>,
}
