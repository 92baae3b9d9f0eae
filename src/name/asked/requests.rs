//! What has to be known: remotes, VPCs, clients and hours of counted bytes, and what of the records can matter to them.

use super::Key;
use crate::model::addr::{Addr, Cidr};
use hashbrown::{HashMap, HashSet};
use std::ops::Range;

/// Hours before that of the bytes in which a name may have been asked for: one day.
pub const DEFAULT_LOOK_BACK: u32 = 24;

/// A VPC as a number; 0 is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct VpcKey(u32);

/// Collects requests: one per row, in the order of the rows.
#[derive(Debug, Default)]
pub struct RequestsBuilder {
    remotes: HashMap<Addr, u32>,
    clients: HashMap<Addr, u32>,
    vpcs: HashMap<String, u32>,
    blocks: Vec<Vec<Cidr>>,
    keyed: Vec<(Key, u32)>,
    rows: u32,
}

impl RequestsBuilder {
    /// The key of a VPC; `None` is not known. VPCs without any request are given one too, so that private answers in them count.
    pub fn vpc(&mut self, id: Option<&str>) -> VpcKey {
        let Some(id) = id else { return VpcKey(0) };
        let next = number(self.vpcs.len() + 1);
        VpcKey(*self.vpcs.entry_ref(id).or_insert(next))
    }

    /// The address blocks of a VPC: what lies in them is private, also where the internet uses it too.
    pub fn blocks(&mut self, vpc: VpcKey, cidrs: &[Cidr]) {
        let at = vpc.0 as usize;
        if self.blocks.len() <= at {
            self.blocks.resize(at + 1, Vec::new());
        }
        self.blocks[at].extend_from_slice(cidrs);
    }

    /// The request of the next row: which names led to `remote` for `client` of `vpc`, in `hour` (since 1970) or before.
    ///
    /// Without a client it asks for those of the VPC; without a VPC for those of the client in whatever VPC. NAT64 addresses
    /// stand for the IPv4 address inside.
    pub fn push(&mut self, remote: Addr, vpc: VpcKey, client: Option<Addr>, hour: u32) {
        let row = self.rows;
        self.skip();
        if client.is_none() && vpc.0 == 0 {
            return;
        }
        let next = number(self.remotes.len());
        let remote = *self.remotes.entry(remote.without_nat64()).or_insert(next);
        let next = number(self.clients.len() + 1);
        let client = client.map_or(0, |client| *self.clients.entry(client).or_insert(next));
        self.keyed.push(([remote, vpc.0, client, hour], row));
    }

    /// The next row asks for nothing.
    pub fn skip(&mut self) {
        self.rows = self.rows.checked_add(1).expect("fewer than 2^32 rows");
    }

    /// All requests, for records up to `look_back` hours before.
    #[must_use]
    pub fn build(mut self, look_back: u32) -> Requests {
        self.keyed.sort_unstable();
        let (mut wanted, mut reached) = (HashMap::new(), HashSet::new());
        let mut spans: Vec<[u32; 2]> = Vec::new();
        for of_client in self.keyed.chunk_by(|(one, _), (two, _)| one[..3] == two[..3]) {
            let [remote, vpc, client, _] = of_client[0].0;
            let start = spans.len();
            for [.., hour] in of_client.iter().map(|(key, _)| *key) {
                let first = hour.saturating_sub(look_back);
                match spans[start..].last_mut() {
                    Some([_, last]) if first <= last.saturating_add(1) => *last = hour,
                    _ => spans.push([first, hour]),
                }
            }
            wanted.insert([remote, vpc, client], start..spans.len());
            reached.insert([remote, vpc]);
        }
        let mut vpc_ids = vec![String::new(); self.vpcs.len() + 1];
        for (id, &at) in &self.vpcs {
            vpc_ids[at as usize].clone_from(id);
        }
        self.blocks.resize(vpc_ids.len(), Vec::new());
        let hours = self.keyed.iter().map(|(key, _)| key[3]);
        let hours = hours.fold((u32::MAX, 0), |(first, last), hour| (first.min(hour), last.max(hour)));
        Requests {
            look_back,
            remotes: self.remotes,
            clients: self.clients,
            vpcs: self.vpcs,
            vpc_ids,
            blocks: self.blocks,
            keyed: self.keyed,
            wanted,
            spans,
            reached,
            hours: (hours.0.saturating_sub(look_back), hours.1),
            rows: self.rows,
        }
    }
}

fn number(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 2^32 rows, so no more of anything in them")
}

/// All requests, sorted.
#[derive(Debug)]
pub struct Requests {
    look_back: u32,
    remotes: HashMap<Addr, u32>,
    clients: HashMap<Addr, u32>,
    vpcs: HashMap<String, u32>,
    vpc_ids: Vec<String>,
    blocks: Vec<Vec<Cidr>>,
    keyed: Vec<(Key, u32)>,
    /// By remote, VPC and client: where in `spans` the hours are in which a record can matter. Neither grows with the requests
    /// of a pair that talks all day, so that both stay in the caches of the processor.
    wanted: HashMap<[u32; 3], Range<usize>>,
    /// First and last hour, in order.
    spans: Vec<[u32; 2]>,
    /// Remotes that anyone of a VPC talked to.
    reached: HashSet<[u32; 2]>,
    hours: (u32, u32),
    rows: u32,
}

impl Requests {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }

    /// Hours before that of the bytes that count.
    pub(super) const fn look_back(&self) -> u32 {
        self.look_back
    }

    pub(super) const fn rows(&self) -> u32 {
        self.rows
    }

    /// Requests by key, with their rows.
    pub(super) fn keyed(&self) -> &[(Key, u32)] {
        &self.keyed
    }

    /// Whether a record of this hour can matter.
    pub(super) fn covers(&self, hour: u32) -> bool {
        (self.hours.0..=self.hours.1).contains(&hour)
    }

    pub(super) fn remote(&self, addr: Addr) -> Option<u32> {
        self.remotes.get(&addr).copied()
    }

    /// 0 for an address that no request has as its client.
    pub(super) fn client(&self, addr: Option<Addr>) -> u32 {
        addr.and_then(|addr| self.clients.get(&addr)).copied().unwrap_or(0)
    }

    /// 0 for a VPC that was never named.
    pub(super) fn vpc(&self, id: &str) -> u32 {
        self.vpcs.get(id).copied().unwrap_or(0)
    }

    /// The id of a VPC by its number.
    #[must_use]
    pub fn vpc_id(&self, vpc: u32) -> &str {
        &self.vpc_ids[vpc as usize]
    }

    /// Whether an address is one that a VPC keeps to itself.
    pub(super) fn is_private(&self, vpc: u32, addr: Addr) -> bool {
        addr.is_private() || self.blocks[vpc as usize].iter().any(|block| block.contains(addr))
    }

    /// Whether anyone of the VPC talked to the remote.
    pub(super) fn wants_vpc(&self, remote: u32, vpc: u32) -> bool {
        self.reached.contains(&[remote, vpc])
    }

    /// Whether the client of the VPC talked to the remote in this hour or within the look-back after it.
    pub(super) fn wants_client(&self, [remote, vpc, client, hour]: Key) -> bool {
        let Some(spans) = self.wanted.get(&[remote, vpc, client]) else { return false };
        self.spans[spans.clone()].iter().any(|&[first, last]| (first..=last).contains(&hour))
    }
}
