//! Names of public services that led to private addresses: an endpoint is there already, and works.

use super::PrivateKey;
use super::requests::Requests;
use crate::model::addr::Addr;
use std::collections::BTreeMap;

/// A public service's name that led to a private address in a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateAnswer {
    /// VPC id.
    pub vpc: String,
    /// The name that was asked for.
    pub name: String,
    /// Where it led.
    pub addr: Addr,
    /// First hour (since 1970) in which it did.
    pub first_hour: u32,
    /// Last hour.
    pub last_hour: u32,
    /// In how many hours.
    pub hours: u32,
}

/// Private answers, collected from sorted entries.
#[derive(Debug)]
pub struct PrivateAnswers<'a> {
    requests: &'a Requests,
    limit: usize,
    group: Option<(u32, Addr)>,
    names: BTreeMap<String, (u32, u32, u32)>,
    found: Vec<PrivateAnswer>,
    left_out: u64,
}

impl<'a> PrivateAnswers<'a> {
    /// Keeps at most `limit` of them: the first by VPC, address and name.
    #[must_use]
    pub const fn new(requests: &'a Requests, limit: usize) -> Self {
        Self { requests, limit, group: None, names: BTreeMap::new(), found: Vec::new(), left_out: 0 }
    }

    /// The next entry, in the order of keys, then names.
    pub fn entry(&mut self, &[vpc, a, b, c, d, hour]: &PrivateKey, name: &str) {
        let bits = [a, b, c, d].into_iter().fold(0, |bits, part| bits << 32 | u128::from(part));
        let group = (vpc, Addr::from_v6(bits));
        if self.group != Some(group) {
            self.settle();
            self.group = Some(group);
        }
        if let Some((_, last, hours)) = self.names.get_mut(name) {
            *last = hour;
            *hours += 1;
        } else if self.found.len() + self.names.len() < self.limit {
            self.names.insert(name.to_owned(), (hour, hour, 1));
        } else {
            self.left_out += 1;
        }
    }

    fn settle(&mut self) {
        let Some((vpc, addr)) = self.group else { return };
        for (name, (first_hour, last_hour, hours)) in std::mem::take(&mut self.names) {
            let vpc = self.requests.vpc_id(vpc).to_owned();
            self.found.push(PrivateAnswer { vpc, name, addr, first_hour, last_hour, hours });
        }
    }

    /// All of them by VPC id, address and name, and how many (name, hour)s did not fit.
    #[must_use]
    pub fn finish(mut self) -> (Vec<PrivateAnswer>, u64) {
        self.settle();
        self.found.sort_by(|a, b| (&a.vpc, a.addr, &a.name).cmp(&(&b.vpc, b.addr, &b.name)));
        (self.found, self.left_out)
    }
}
