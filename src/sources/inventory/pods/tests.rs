//! Hand-written output of `kubectl get pods`, shortened, through the reader of inventory files.

use crate::model::inventory::Inventory;
use crate::model::kube::{Pod, PodSnapshot};
use crate::model::period::{iso, parse_instant};
use crate::sources::inventory::{InventoryDraft, read_document};
use serde_json::{Value, json};

/// A running pod of a deployment.
fn api() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "api-7d9c8b6f5d-x2x4q", "namespace": "pay", "uid": "u-api", "creationTimestamp": "2026-10-02T08:00:00Z",
            "labels": {"app": "api", "pod-template-hash": "7d9c8b6f5d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d9c8b6f5d", "controller": true}]},
        "spec": {"nodeName": "ip-10-0-1-5.ec2.internal", "containers": [{"name": "api", "image": "x"}]},
        "status": {"phase": "Running", "hostIP": "10.0.1.5", "podIP": "10.0.1.77",
            "podIPs": [{"ip": "10.0.1.77"}, {"ip": "2001:db8::7"}], "startTime": "2026-10-02T08:00:05Z",
            "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-10-02T08:01:00Z"}],
            "containerStatuses": [{"name": "api", "state": {"running": {"startedAt": "2026-10-02T08:00:59Z"}}}]}})
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

fn read(name: &str, text: &str) -> (Inventory, Vec<String>) {
    let mut draft = InventoryDraft::default();
    read_document(name, text.as_bytes(), &mut draft).expect("JSON");
    let warnings = draft.warnings().into_iter().map(|warning| warning.message).collect();
    (draft.finish(), warnings)
}

fn snapshots(name: &str, documents: &[Value]) -> Vec<PodSnapshot> {
    let text: Vec<String> = documents.iter().map(Value::to_string).collect();
    let (inventory, warnings) = read(name, &text.join("\n"));
    assert_eq!(warnings, [""; 0]);
    inventory.pods().to_vec()
}

/// The one pod of a list with this one changed.
fn changed(change: impl Fn(&mut Value)) -> Pod {
    let mut pod = api();
    change(&mut pod);
    let snapshots = snapshots("pods.json", &[list(&[pod])]);
    snapshots[0].pods[0].clone()
}

#[test]
fn a_running_pod_has_its_addresses_since_its_start() {
    let pod = changed(|_| {});
    let addrs: Vec<String> = pod.addrs.iter().map(ToString::to_string).collect();
    assert_eq!(addrs, ["10.0.1.77", "2001:db8::7"]);
    assert_eq!((pod.namespace.as_str(), pod.key.as_str(), pod.host_network), ("pay", "u-api", false));
    assert_eq!(pod.host.map(|host| host.to_string()).as_deref(), Some("10.0.1.5"));
    assert_eq!((pod.start.map(iso).as_deref(), pod.end), (Some("2026-10-02T08:00:05Z"), None));
}

#[test]
fn a_workload_is_what_a_person_wrote() {
    let check = |situation: &str, kind: &str, name: &str, labels: Value, expect: (&str, &str)| {
        let pod = changed(|pod| {
            pod["metadata"]["labels"] = labels.clone();
            pod["metadata"]["ownerReferences"] =
                if kind.is_empty() { json!([]) } else { json!([{"kind": kind, "name": name}]) };
        });
        assert_eq!((pod.workload.kind.as_str(), pod.workload.name.as_str()), expect, "{situation}");
    };
    let hash = json!({"pod-template-hash": "abc"});
    check("by label", "ReplicaSet", "web-front-abc", hash.clone(), ("deployment", "web-front"));
    check("by the hash's form", "ReplicaSet", "web-7d9c8b6f5d", json!({}), ("deployment", "web"));
    check("a replica set of its own", "ReplicaSet", "web-blue", json!({}), ("replicaset", "web-blue"));
    check("a rollout", "ReplicaSet", "web-abc", json!({"rollouts-pod-template-hash": "abc"}), ("rollout", "web"));
    check("a stateful set", "StatefulSet", "db", json!({}), ("statefulset", "db"));
    check("a daemon set", "DaemonSet", "aws-node", json!({}), ("daemonset", "aws-node"));
    check("a job", "Job", "import-2026", json!({}), ("job", "import-2026"));
    check("a cron job's job", "Job", "backup-28390320", json!({}), ("cronjob", "backup"));
    check("a static pod", "Node", "ip-10-0-1-5", json!({}), ("pod", "api-7d9c8b6f5d-x2x4q"));
    check("nothing made it", "", "", hash, ("pod", "api-7d9c8b6f5d-x2x4q"));
}

#[test]
fn a_pod_that_is_done_no_longer_has_its_address() {
    let end = |situation: &str, change: &dyn Fn(&mut Value), expect: Option<&str>| {
        assert_eq!(changed(change).end.map(iso).as_deref(), expect, "{situation}");
    };
    let done = |pod: &mut Value| {
        pod["status"]["phase"] = json!("Succeeded");
        pod["status"]["containerStatuses"] = json!([
            {"state": {"terminated": {"startedAt": "2026-10-02T08:00:59Z", "finishedAt": "2026-10-02T09:00:00Z"}}},
            {"state": {"terminated": {"finishedAt": "2026-10-02T10:00:00Z"}}}]);
    };
    end("running", &|_| {}, None);
    end("its last container ended", &done, Some("2026-10-02T10:00:00Z"));
    end(
        "evicted, without containers",
        &|pod| {
            pod["status"]["phase"] = json!("Failed");
            pod["status"]["containerStatuses"] = json!([]);
        },
        Some("2026-10-02T08:01:00Z"),
    );
    end(
        "to be deleted",
        &|pod| pod["metadata"]["deletionTimestamp"] = json!("2026-10-02T11:00:00Z"),
        Some("2026-10-02T11:00:00Z"),
    );
    end(
        "a container that restarted",
        &|pod| {
            pod["status"]["containerStatuses"] =
                json!([{"state": {"terminated": {"finishedAt": "2026-10-02T09:00:00Z"}}}]);
        },
        None,
    );
}

#[test]
fn what_was_not_said_stays_unknown() {
    let pod = changed(|pod| {
        for key in ["uid", "creationTimestamp", "namespace", "labels", "ownerReferences"] {
            pod["metadata"].as_object_mut().expect("an object").remove(key);
        }
        pod["status"] = json!({"podIP": "10.0.1.77"});
        pod["spec"] = json!({"hostNetwork": true});
    });
    assert_eq!((pod.namespace.as_str(), pod.start, pod.host, pod.host_network), ("default", None, None, true));
    let waiting = json!({"kind": "Pod", "metadata": {"name": "x"}, "status": {"phase": "Pending"}});
    assert_eq!(snapshots("pods.json", &[list(&[waiting])]), [], "without an address");
}

#[test]
fn a_snapshot_is_dated_by_its_name_else_by_what_it_shows() {
    let check = |name: &str, earliest: &str, latest: Option<&str>| {
        let found = &snapshots(name, &[list(&[api()])])[0];
        let second = |text: &str| parse_instant(text).expect("a time");
        assert_eq!((found.earliest, found.latest), (second(earliest), latest.map(second)), "{name}");
    };
    check("pods.json", "2026-10-02T08:01:00Z", None);
    check("inventory/pods-2026-10-05T12:30:00Z.json", "2026-10-05T12:30:00Z", Some("2026-10-05T12:30:01Z"));
    check("pods_20261005-1230.json", "2026-10-05T12:30:00Z", Some("2026-10-05T12:31:00Z"));
    check("pods-20261005T123000Z.json", "2026-10-05T12:30:00Z", Some("2026-10-05T12:30:01Z"));
    check("pods-2026-10-05.json", "2026-10-05", Some("2026-10-06"));
    check("2026-10-05/prod.json", "2026-10-05", Some("2026-10-06"));
    check("pods-2026-10-02.json", "2026-10-02T08:01:00Z", Some("2026-10-03"));
    check("pods-1790812800123.json", "2026-10-02T08:01:00Z", None);
    check("pods-2026-13-05.json", "2026-10-02T08:01:00Z", None);
}

#[test]
fn every_shape_of_output_is_known_by_its_content() {
    let single = || snapshots("pods.json", &[list(&[api()])]);
    let mut other = api();
    other["metadata"]["uid"] = json!("u-other");
    let mut bare = api();
    bare.as_object_mut().expect("an object").remove("kind");
    let of_api = json!({"apiVersion": "v1", "kind": "PodList", "items": [bare]});
    assert_eq!(snapshots("pods.json", &[of_api]), single(), "the API's own list");
    assert_eq!(snapshots("pods.json", &[api()]), single(), "one pod");
    assert_eq!(snapshots("pods.json", &[json!([api()])]), single(), "an array");
    assert_eq!(snapshots("pods.json", &[api(), other.clone()])[0].pods.len(), 2, "pods one after the other");
    assert_eq!(snapshots("pods.json", &[list(&[api()]), list(&[other])]).len(), 2, "two lists");
    let service = json!({"kind": "Service", "metadata": {"name": "api"}});
    let (inventory, warnings) = read("pods.json", &list(&[api(), service]).to_string());
    assert_eq!((inventory.pods().len(), warnings), (1, vec!["1 objects that are no pods; left out".to_owned()]));
    let (inventory, warnings) = read("pods.json", &list(&[json!({"metadata": {"name": 7}})]).to_string());
    assert!(inventory.pods().is_empty() && warnings.len() == 1, "a list of something else: {warnings:?}");
    let (inventory, warnings) =
        read("vpcs.json", r#"{"Vpcs": [{"VpcId": "vpc-1", "Tags": [{"Key": "\"apiVersion\"", "Value": "x"}]}]}"#);
    assert_eq!((inventory.vpcs().count(), warnings.len()), (1, 0), "a description with such a word");
}
