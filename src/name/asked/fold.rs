//! Records into entries: the few things of them that some request can use.

use super::requests::Requests;
use super::{Key, PrivateKey};
use crate::model::addr::Addr;
use crate::model::dns::{Query, QuerySink};
use crate::model::period::HOUR_SECONDS;
use std::collections::BTreeSet;

/// Where entries go. They are a set: the same one again, in whatever order, says nothing new.
pub trait Entries {
    /// Someone asked for a name that led to a remote.
    fn asked(&mut self, key: Key, name: &str);
    /// A public service's name led to a private address.
    fn private(&mut self, key: PrivateKey, name: &str);
}

/// Records by what became of them. All but `malformed` are ordinary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All records, malformed ones included.
    pub records: u64,
    /// Not readable as a record.
    pub malformed: u64,
    /// An answer other than NOERROR, or none with an address: NXDOMAIN, a name without IPv6, PTR, ...
    pub without_address: u64,
    /// Outside the hours of the requests and their look-back.
    pub outside: u64,
    /// Led to an address that a client talked to.
    pub used: u64,
}

impl Counts {
    /// Adds another object's.
    pub const fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.malformed += other.malformed;
        self.without_address += other.without_address;
        self.outside += other.outside;
        self.used += other.used;
    }
}

const SAMPLES: usize = 3;

/// The records of one object on their way to entries.
pub struct Fold<'a, E> {
    requests: &'a Requests,
    is_public: &'a (dyn Fn(&str) -> bool + Sync),
    /// Where entries go.
    pub entries: E,
    /// What there was.
    pub counts: Counts,
    /// The first malformed records: line and why.
    pub malformed_samples: Vec<(u64, &'static str)>,
    /// VPCs of the requests whose queries are here.
    pub logged: BTreeSet<u32>,
    /// VPC of the last record: mostly that of the next.
    vpc: (String, u32),
}

impl<E: std::fmt::Debug> std::fmt::Debug for Fold<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fold").field("entries", &self.entries).field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl<'a, E> Fold<'a, E> {
    /// Keeps what `requests` can use, and private answers for names of which `is_public` says that they are a public service's.
    #[must_use]
    pub fn new(requests: &'a Requests, is_public: &'a (dyn Fn(&str) -> bool + Sync), entries: E) -> Self {
        let (counts, malformed_samples, logged, vpc) = Default::default();
        Self { requests, is_public, entries, counts, malformed_samples, logged, vpc }
    }

    fn vpc(&mut self, id: &str) -> u32 {
        if self.vpc.0 != id {
            id.clone_into(&mut self.vpc.0);
            self.vpc.1 = self.requests.vpc(id);
            self.logged.extend((self.vpc.1 != 0).then_some(self.vpc.1));
        }
        self.vpc.1
    }
}

impl<E: Entries> QuerySink for Fold<'_, E> {
    fn query(&mut self, query: &Query<'_>) {
        self.counts.records += 1;
        if !query.has_address() {
            self.counts.without_address += 1;
            return;
        }
        let hour = u32::try_from(query.second.div_euclid(HOUR_SECONDS)).ok();
        let Some(hour) = hour.filter(|&hour| self.requests.covers(hour)) else {
            self.counts.outside += 1;
            return;
        };
        let vpc = self.vpc(query.vpc);
        let client = self.requests.client(query.client);
        let mut public = None;
        let mut used = false;
        for addr in query.addrs.iter().map(|addr| addr.without_nat64()) {
            if vpc != 0
                && self.requests.is_private(vpc, addr)
                && *public.get_or_insert_with(|| (self.is_public)(query.name))
            {
                self.entries.private(private_key(vpc, addr, hour), query.name);
            }
            let Some(remote) = self.requests.remote(addr) else { continue };
            let mut keep = |key: Key| {
                used = true;
                self.entries.asked(key, query.name);
            };
            if vpc != 0 && self.requests.wants_vpc(remote, vpc) {
                keep([remote, vpc, 0, hour]);
                if client != 0 && self.requests.wants_client([remote, vpc, client, hour]) {
                    keep([remote, vpc, client, hour]);
                }
            }
            // Bytes of this client in a VPC that nobody knows.
            if client != 0 && self.requests.wants_client([remote, 0, client, hour]) {
                keep([remote, 0, client, hour]);
            }
        }
        self.counts.used += u64::from(used);
    }

    fn malformed(&mut self, line: u64, why: &'static str) {
        self.counts.records += 1;
        self.counts.malformed += 1;
        if self.malformed_samples.len() < SAMPLES {
            self.malformed_samples.push((line, why));
        }
    }
}

fn private_key(vpc: u32, addr: Addr, hour: u32) -> PrivateKey {
    let bits = addr.bits();
    let part = |shift: u32| u32::try_from(bits >> shift & u128::from(u32::MAX)).unwrap_or(0);
    [vpc, part(96), part(64), part(32), part(0), hour]
}
