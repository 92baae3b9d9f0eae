//! `kubectl get pods -A -o json` output as pods at a time. Field names and meanings: the Kubernetes API reference, Pod.
//!
//! Only the fields that are needed leave the text: a cluster's output is large. What was not said stays unknown.

use super::{InventoryDraft, InventoryWarning};
use crate::model::addr::Addr;
use crate::model::kube::{Pod, PodSnapshot, Workload};
use crate::model::period::{DAY_SECONDS, parse_instant};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A document of the output: a list, or one pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    kind: Option<String>,
    api_version: Option<String>,
    items: Vec<PodText>,
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodText {
    kind: Option<String>,
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    uid: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    creation_timestamp: Option<String>,
    deletion_timestamp: Option<String>,
    labels: Labels,
    owner_references: Vec<OwnerReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Labels {
    #[serde(rename = "pod-template-hash")]
    of_deployment: Option<String>,
    /// Argo Rollouts, which stand in a deployment's place.
    #[serde(rename = "rollouts-pod-template-hash")]
    of_rollout: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OwnerReference {
    kind: String,
    name: String,
    controller: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    host_network: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: Option<String>,
    #[serde(rename = "hostIP")]
    host_ip: Option<String>,
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    #[serde(rename = "podIPs")]
    pod_ips: Vec<Ip>,
    start_time: Option<String>,
    conditions: Vec<Condition>,
    container_statuses: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ip {
    ip: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    last_transition_time: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    running: Option<Times>,
    terminated: Option<Times>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Times {
    started_at: Option<String>,
    finished_at: Option<String>,
}

/// Takes the pods of a file; `false` where it is no output of `kubectl get pods`, and nothing was taken.
pub(super) fn read(name: &str, text: &str, into: &mut InventoryDraft) -> bool {
    if memchr::memmem::find(text.as_bytes(), b"\"apiVersion\"").is_none() {
        return false;
    }
    let mut warn = |message: String| into.warnings.insert(InventoryWarning { file: name.to_owned(), message });
    let documents = match documents(text) {
        Ok(documents) => documents,
        Err(error) if error.is_data() && text.trim_start().starts_with('{') => {
            warn(format!("the output of kubectl cannot be read: {error}; left out"));
            return true;
        }
        // Whoever reads it next says what is wrong with it.
        Err(_) => return false,
    };
    let is_kubectl = |document: &Document| {
        let kind = document.kind.as_deref().unwrap_or_default();
        document.api_version.is_some() && (kind == "Pod" || kind.ends_with("List"))
    };
    if documents.is_empty() || !documents.iter().all(is_kubectl) {
        return false;
    }
    let (singles, lists): (Vec<Document>, Vec<Document>) =
        documents.into_iter().partition(|document| document.kind.as_deref() == Some("Pod"));
    let single = |d: Document| PodText { kind: d.kind, metadata: d.metadata, spec: d.spec, status: d.status };
    let mut snapshots: Vec<Vec<PodText>> = lists.into_iter().map(|list| list.items).collect();
    snapshots.extend((!singles.is_empty()).then(|| singles.into_iter().map(single).collect()));
    let said = time_in_name(name);
    // One name cannot date several lists; each was taken at or after the newest thing that it shows.
    let said = if snapshots.len() == 1 { said } else { said.map(|(_, latest)| (i64::MIN, latest)) };
    for pods in snapshots {
        let others = pods.iter().filter(|pod| pod.kind.as_deref().is_some_and(|kind| kind != "Pod")).count();
        if others > 0 {
            warn(format!("{others} objects that are no pods; left out"));
        }
        into.pods.extend(snapshot(&pods, said));
    }
    true
}

fn documents(text: &str) -> Result<Vec<Document>, serde_json::Error> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    serde_json::Deserializer::from_str(text).into_iter().collect()
}

/// The pods of one list; nothing where it tells neither a time nor a pod.
fn snapshot(texts: &[PodText], said: Option<(i64, i64)>) -> Option<PodSnapshot> {
    let pods: BTreeSet<Pod> =
        texts.iter().filter(|pod| pod.kind.as_deref().is_none_or(|kind| kind == "Pod")).filter_map(pod).collect();
    let newest = texts.iter().flat_map(events).max();
    let earliest = newest.max(said.map(|(earliest, _)| earliest)).unwrap_or(i64::MIN);
    let latest = said.map(|(_, latest)| latest.max(earliest));
    (!pods.is_empty()).then(|| PodSnapshot { earliest, latest, pods: pods.into_iter().collect() })
}

fn time(text: Option<&String>) -> Option<i64> {
    parse_instant(text?)
}

/// Everything that had happened when the snapshot was taken. When a pod is to be deleted may lie ahead.
fn events(pod: &PodText) -> impl Iterator<Item = i64> {
    let (metadata, status) = (&pod.metadata, &pod.status);
    let containers =
        status.container_statuses.iter().flat_map(|c| [c.state.running.as_ref(), c.state.terminated.as_ref()]);
    let of_containers = containers.flatten().flat_map(|times| [times.started_at.as_ref(), times.finished_at.as_ref()]);
    let of_conditions = status.conditions.iter().map(|condition| condition.last_transition_time.as_ref());
    let own = [metadata.creation_timestamp.as_ref(), status.start_time.as_ref()];
    own.into_iter().chain(of_containers).chain(of_conditions).filter_map(time)
}

/// A pod that runs or ran somewhere; one that waits for a node has no address yet.
fn pod(text: &PodText) -> Option<Pod> {
    let (metadata, status) = (&text.metadata, &text.status);
    let name = metadata.name.clone().filter(|name| !name.is_empty())?;
    let namespace = metadata.namespace.clone().unwrap_or_else(|| "default".to_owned());
    let ip = |text: Option<&String>| Addr::parse(text?.trim().as_bytes());
    let own = status.pod_ips.iter().map(|held| held.ip.as_ref()).chain([status.pod_ip.as_ref()]);
    let addrs: BTreeSet<Addr> = own.filter_map(ip).collect();
    let host = ip(status.host_ip.as_ref());
    if addrs.is_empty() && host.is_none() {
        return None;
    }
    let start = time(status.start_time.as_ref()).or_else(|| time(metadata.creation_timestamp.as_ref()));
    let key = metadata.uid.clone().unwrap_or_else(|| format!("{namespace}/{name} {}", start.unwrap_or_default()));
    Some(Pod {
        key,
        workload: workload(&name, metadata),
        namespace,
        host_network: text.spec.host_network,
        host,
        addrs: addrs.into_iter().collect(),
        start,
        end: end(text),
    })
}

/// A pod that is done keeps its address in the output, though another may have it by now.
fn end(pod: &PodText) -> Option<i64> {
    let deleted = time(pod.metadata.deletion_timestamp.as_ref());
    let is_done = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let finished =
        pod.status.container_statuses.iter().filter_map(|c| time(c.state.terminated.as_ref()?.finished_at.as_ref()));
    let changed = pod.status.conditions.iter().filter_map(|condition| time(condition.last_transition_time.as_ref()));
    let done = if is_done { finished.max().or_else(|| changed.max()) } else { None };
    match (deleted, done) {
        (Some(deleted), Some(done)) => Some(deleted.min(done)),
        (deleted, done) => deleted.or(done),
    }
}

/// What made the pod. A replica set stands for its deployment, a cron job's job for the cron job.
fn workload(name: &str, metadata: &Metadata) -> Workload {
    let references = &metadata.owner_references;
    let owner = references.iter().find(|owner| owner.controller).or_else(|| references.first());
    let of = |kind: &str, name: &str| Workload { kind: kind.to_ascii_lowercase(), name: name.to_owned() };
    // A static pod is owned by its node.
    let Some(owner) = owner.filter(|owner| !owner.name.is_empty() && owner.kind != "Node") else {
        return of("pod", name);
    };
    let cut = owner.name.rsplit_once('-');
    match (owner.kind.as_str(), cut) {
        ("ReplicaSet", Some((before, hash))) => {
            let labels = &metadata.labels;
            let is = |label: &Option<String>| label.as_deref() == Some(hash);
            if is(&labels.of_rollout) {
                of("Rollout", before)
            } else if is(&labels.of_deployment) || is_hash(hash) {
                of("Deployment", before)
            } else {
                of("ReplicaSet", &owner.name)
            }
        }
        // The minutes since 1970 for which the cron job started it.
        ("Job", Some((before, minutes))) if minutes.len() >= 8 && minutes.bytes().all(|b| b.is_ascii_digit()) => {
            of("CronJob", before)
        }
        (kind, _) => of(kind, &owner.name),
    }
}

/// Whether a text is a hash as Kubernetes writes them. Source: k8s.io/apimachinery, `rand.SafeEncodeString`.
fn is_hash(text: &str) -> bool {
    (8..=10).contains(&text.len()) && text.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
}

/// The span in which a file of this name was taken: `2026-10-05T12:00:00Z`, `20261005-1200` or a day, in the file's own name,
/// else in its folders'. UTC.
fn time_in_name(name: &str) -> Option<(i64, i64)> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    [base, name].into_iter().find_map(|text| {
        let mut starts = (0..text.len()).filter(|&at| {
            let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
            !before.is_some_and(u8::is_ascii_digit)
        });
        starts.find_map(|at| time_at(text.as_bytes().get(at..)?))
    })
}

/// The time with which a text begins.
fn time_at(text: &[u8]) -> Option<(i64, i64)> {
    let mut rest = text;
    let mut parts = Vec::new();
    for width in [4, 2, 2, 2, 2, 2] {
        let after = match rest.first() {
            Some(b'-' | b':' | b'_' | b'T' | b't' | b'.' | b' ') if !parts.is_empty() => rest.get(1..)?,
            _ => rest,
        };
        let Some(digits) = after.get(..width).filter(|digits| digits.iter().all(u8::is_ascii_digit)) else { break };
        parts.push(std::str::from_utf8(digits).ok()?);
        rest = after.get(width..)?;
    }
    // A longer number is something else.
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let second = |time: String| parse_instant(&time);
    match parts[..] {
        [year, month, day] | [year, month, day, _] => {
            let start = second(format!("{year}-{month}-{day}"))?;
            Some((start, start + DAY_SECONDS))
        }
        [year, month, day, hour, minute] => {
            let start = second(format!("{year}-{month}-{day}T{hour}:{minute}:00Z"))?;
            Some((start, start + 60))
        }
        [year, month, day, hour, minute, seconds] => {
            let start = second(format!("{year}-{month}-{day}T{hour}:{minute}:{seconds}Z"))?;
            Some((start, start + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
