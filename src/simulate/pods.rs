//! A Kubernetes cluster on the clients of one VPC: pods whose traffic leaves with their node's address, and the snapshot that
//! `kubectl get pods -A -o json` gives of them.

use super::account::Account;
use super::objects::task_id;
use super::random::mix;
use super::sums::Pair;
use crate::model::addr::Addr;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A pod.
#[derive(Clone, Debug)]
struct Pod {
    name: String,
    namespace: &'static str,
    app: &'static str,
    /// The client that is its node.
    client: usize,
    addr: Addr,
    /// Whether it has its node's address, not one of its own.
    on_host: bool,
}

/// The cluster.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) vpc: usize,
    /// The clients that are nodes.
    nodes: Vec<usize>,
    pods: Vec<Pod>,
    /// The pods that ask the VPC's Resolver for others: node and own address.
    pub(super) resolvers: Vec<(usize, Addr)>,
}

/// Namespaces and what runs in them.
const APPS: [(&str, &str); 4] =
    [("checkout", "checkout-api"), ("search", "search-indexer"), ("payments", "ledger"), ("data", "etl-worker")];
const SYSTEM: &str = "kube-system";
/// Long before the month.
const CREATED: &str = "2026-01-12T09:40:00Z";

/// Pods have addresses of their own block of the VPC, which no flow log of a NAT gateway shows.
pub(super) const POD_CIDR: &str = "100.64.0.0/16";

/// A cluster on all clients of the first client's VPC: a third of the nodes for one namespace each, the rest for several.
pub(super) fn cluster(account: &Account) -> Option<Cluster> {
    let vpc = account.clients.first()?.vpc;
    let nodes: Vec<usize> = (0..account.clients.len()).filter(|&client| account.clients[client].vpc == vpc).collect();
    let mut cluster = Cluster { vpc, nodes, pods: Vec::new(), resolvers: Vec::new() };
    for rank in 0..cluster.nodes.len() {
        let client = cluster.nodes[rank];
        if rank % 3 == 0 {
            let app = APPS[rank / 3 % APPS.len()];
            cluster.add(app, client, 2);
            continue;
        }
        let first = usize::try_from(mix(account.clients[client].addr.v4().unwrap_or(0).into()) % 4).unwrap_or(0);
        cluster.add(APPS[first], client, 1);
        cluster.add(APPS[(first + rank % 3) % APPS.len()], client, 2);
        cluster.add((SYSTEM, "aws-node"), client, 1);
        let node = cluster.pods.len() - 1;
        cluster.pods[node].addr = account.clients[client].addr;
        cluster.pods[node].on_host = true;
        if cluster.resolvers.len() < 2 {
            cluster.add((SYSTEM, "coredns"), client, 1);
            let addr = cluster.pods[cluster.pods.len() - 1].addr;
            cluster.resolvers.push((client, addr));
        }
    }
    Some(cluster)
}

impl Cluster {
    fn add(&mut self, (namespace, app): (&'static str, &'static str), client: usize, count: usize) {
        for _ in 0..count {
            let number = self.pods.len();
            let addr = Addr::from_v4(0x6440_0100 + u32::try_from(number).unwrap_or(0));
            let name = format!("{app}-{:08x}", mix(number as u64) & 0xffff_ffff);
            self.pods.push(Pod { name, namespace, app, client, addr, on_host: false });
        }
    }

    /// Which of the resolving pods asks for a node's pods; `None` where the node has a cache of its own, or is none.
    pub(super) fn resolver_of(&self, client: usize) -> Option<usize> {
        let rank = self.nodes.binary_search(&client).ok()?;
        (rank % 2 == 0 && !self.resolvers.is_empty()).then(|| rank / 2 % self.resolvers.len())
    }

    /// The namespaces that have pods on a node, the cluster's own upkeep apart.
    fn namespaces(&self, client: usize) -> BTreeSet<&'static str> {
        self.pods.iter().filter(|pod| pod.client == client && !pod.on_host).map(|pod| pod.namespace).collect()
    }

    /// Bytes of the nodes by namespace; null where the node has pods of several, so that nobody can know.
    pub(super) fn truth(&self, account: &Account, bytes: impl Fn(usize) -> Pair) -> Value {
        let mut sums: BTreeMap<Option<&str>, Pair> = BTreeMap::new();
        for &client in &self.nodes {
            let namespaces = self.namespaces(client);
            let only = namespaces.first().copied().filter(|_| namespaces.len() == 1);
            let (sum, pair) = (sums.entry(only).or_default(), bytes(client));
            *sum = [sum[0] + pair[0], sum[1] + pair[1]];
        }
        let vpc = &account.vpcs[self.vpc].id;
        let row = |(namespace, pair): (Option<&str>, Pair)| json!({"vpc_id": vpc, "namespace": namespace, "upload_bytes": pair[0], "download_bytes": pair[1]});
        sums.into_iter().map(row).collect()
    }

    /// `kubectl get pods -A -o json`.
    pub(super) fn described(&self, account: &Account) -> Value {
        let mut items: Vec<Value> = self.pods.iter().map(|pod| described(account, pod)).collect();
        // One that waits for a node has no address yet.
        items.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "etl-worker-waiting", "namespace": "data", "creationTimestamp": CREATED},
            "spec": {"containers": [{"name": "etl-worker"}]},
            "status": {"phase": "Pending", "qosClass": "BestEffort"},
        }));
        json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
    }
}

fn described(account: &Account, pod: &Pod) -> Value {
    let node = account.clients[pod.client].addr.to_string();
    let domain = match account.place.region {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    let (owner, kind) =
        if pod.on_host { (pod.app.to_owned(), "DaemonSet") } else { (format!("{}-7d9f", pod.app), "ReplicaSet") };
    let mut document = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": pod.namespace,
            "uid": task_id(pod.addr.v4().unwrap_or(0).into()),
            "creationTimestamp": CREATED,
            "labels": {"app.kubernetes.io/name": pod.app},
            "ownerReferences": [{"apiVersion": "apps/v1", "controller": true, "kind": kind, "name": owner}],
        },
        "spec": {
            "nodeName": format!("ip-{}.{domain}", node.replace('.', "-")),
            "serviceAccountName": pod.app,
            "containers": [{"name": pod.app, "image": format!("{}.dkr.ecr.{}.amazonaws.com/{}:1", account.id, account.place.region, pod.app)}],
        },
        "status": {
            "phase": "Running",
            "hostIP": node,
            "hostIPs": [{"ip": node}],
            "podIP": pod.addr.to_string(),
            "podIPs": [{"ip": pod.addr.to_string()}],
            "startTime": CREATED,
        },
    });
    if pod.on_host {
        document["spec"]["hostNetwork"] = json!(true);
    }
    document
}
