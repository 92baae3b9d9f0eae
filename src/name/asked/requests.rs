//! What has to be known: remotes, VPCs, clients and hours of counted bytes, and what of the records can matter to them.

use super::Key;
use crate::model::addr::{Addr, Cidr};
use crate::model::packed;
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
    runs: Vec<Run>,
    hours: Vec<u8>,
    rows: u32,
}

/// Requests of rows that follow each other, of one remote, VPC and client: their hours are in [`Requests::hours_of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) key: [u32; 3],
    pub(super) first_row: u32,
    rows: u32,
    hours_at: usize,
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

    /// The requests of the next rows: which names led to `remote` for `client` of `vpc`, in each of `hours` (since 1970) or before.
    ///
    /// Without a client it asks for those of the VPC; without a VPC for those of the client in whatever VPC. NAT64 addresses
    /// stand for the IPv4 address inside.
    pub fn push(&mut self, remote: Addr, vpc: VpcKey, client: Option<Addr>, hours: impl Iterator<Item = u32>) {
        if client.is_none() && vpc.0 == 0 {
            return self.skip(hours.count());
        }
        let next = number(self.remotes.len());
        let remote = *self.remotes.entry(remote.without_nat64()).or_insert(next);
        let next = number(self.clients.len() + 1);
        let client = client.map_or(0, |client| *self.clients.entry(client).or_insert(next));
        let (first_row, hours_at) = (self.rows, self.hours.len());
        let mut last = 0;
        for hour in hours {
            packed::push(&mut self.hours, packed::step(last, hour));
            last = hour;
            self.skip(1);
        }
        let rows = self.rows - first_row;
        if rows > 0 {
            self.runs.push(Run { key: [remote, vpc.0, client], first_row, rows, hours_at });
        }
    }

    /// The next rows ask for nothing.
    pub fn skip(&mut self, rows: usize) {
        let rows = u32::try_from(rows).ok().and_then(|rows| self.rows.checked_add(rows));
        self.rows = rows.expect("fewer than 2^32 rows");
    }

    /// All requests, for records up to `look_back` hours before.
    #[must_use]
    pub fn build(mut self, look_back: u32) -> Requests {
        self.runs.sort_unstable();
        let (mut first_hour, mut last_hour) = (u32::MAX, 0);
        let mut hours: Vec<u32> = Vec::new();
        let (mut wanted, mut reached) = (HashMap::new(), HashSet::new());
        let mut spans: Vec<[u32; 2]> = Vec::new();
        for of_client in self.runs.chunk_by(|one, two| one.key == two.key) {
            let [remote, vpc, client] = of_client[0].key;
            hours.clear();
            hours.extend(of_client.iter().flat_map(|run| hours_of(run, &self.hours)));
            hours.sort_unstable();
            (first_hour, last_hour) = (first_hour.min(hours[0]), last_hour.max(hours[hours.len() - 1]));
            let start = spans.len();
            for &hour in &hours {
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
        Requests {
            look_back,
            remotes: self.remotes,
            clients: self.clients,
            vpcs: self.vpcs,
            vpc_ids,
            blocks: self.blocks,
            runs: self.runs,
            run_hours: self.hours,
            wanted,
            spans,
            reached,
            hours: (first_hour.saturating_sub(look_back), last_hour),
            rows: self.rows,
        }
    }
}

fn number(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 2^32 rows, so no more of anything in them")
}

fn hours_of(run: &Run, hours: &[u8]) -> impl Iterator<Item = u32> {
    let (mut rest, mut hour) = (&hours[run.hours_at..], 0);
    (0..run.rows).map(move |_| {
        hour = packed::stepped(hour, packed::take(&mut rest));
        hour
    })
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
    runs: Vec<Run>,
    run_hours: Vec<u8>,
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
        self.runs.is_empty()
    }

    /// Hours before that of the bytes that count.
    pub(super) const fn look_back(&self) -> u32 {
        self.look_back
    }

    pub(super) const fn rows(&self) -> u32 {
        self.rows
    }

    /// Requests by key, then row.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The hours of a run, by row.
    pub(super) fn hours_of(&self, run: &Run) -> impl Iterator<Item = u32> {
        hours_of(run, &self.run_hours)
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
