//! Traffic of one VPC to a customer's own service in another: what leaves through a NAT gateway for a public address of a thing
//! in a known VPC, and what crosses without a gateway.

use super::Place;
use crate::count::crossing::Crossings;
use crate::count::peers::Peers;
use crate::count::resolve::CountedPair;
use crate::model::addr::Addr;
use crate::model::bytes::Bytes;
use crate::model::custom::{CustomFlow, CustomKey, CustomPath};
use std::collections::BTreeMap;

/// Sums by key, as rows come.
pub(super) struct Flows<'a> {
    peers: &'a Peers,
    sums: BTreeMap<CustomKey, [Bytes; 2]>,
}

impl<'a> Flows<'a> {
    pub(super) const fn new(peers: &'a Peers) -> Self {
        Self { peers, sums: BTreeMap::new() }
    }

    /// What crosses without a gateway.
    pub(super) fn add_crossings(&mut self, crossings: &Crossings) {
        for flow in &crossings.flows {
            self.add_to(flow.key.clone(), [flow.upload, flow.download]);
        }
    }

    /// Adds the sums of another.
    pub(super) fn take(&mut self, other: Self) {
        for (key, bytes) in other.sums {
            self.add_to(key, bytes);
        }
    }

    /// A pair's bytes through a gateway, up and down; nothing where its remote is in no other known VPC than its client.
    pub(super) fn add(&mut self, pair: &CountedPair, bytes: [u64; 2], gateway: &str, (remote, client): (Addr, &Place)) {
        let Some(peer) = self.peers.public(remote) else { return };
        let Some(client_vpc) = client.vpc.clone().filter(|vpc| *vpc != peer.vpc) else { return };
        let key = CustomKey {
            client_vpc,
            client_az: client.az.clone(),
            peer_vpc: peer.vpc.clone(),
            peer_az: peer.az.clone(),
            peer: remote.without_nat64(),
            port: Some(pair.port).filter(|port| *port > 0),
            path: CustomPath::Nat { gateway: gateway.to_owned() },
        };
        self.add_to(key, bytes.map(Bytes::new));
    }

    fn add_to(&mut self, key: CustomKey, bytes: [Bytes; 2]) {
        for (sum, more) in self.sums.entry(key).or_default().iter_mut().zip(bytes) {
            *sum += more;
        }
    }

    pub(super) fn finish(self) -> Vec<CustomFlow> {
        self.sums.into_iter().map(|(key, [upload, download])| CustomFlow { key, upload, download }).collect()
    }
}
