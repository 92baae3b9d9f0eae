//! What a report must say when it reads the query logs: the match of the contract, done by hand.
//!
//! A byte belongs to the names that its client asked for, else to those of anybody in the VPC, in the latest hour that has
//! any, its own included, up to 24 hours back. Bytes wait until their hour is over, because names that are asked for later in it
//! count too; so what is in memory depends on the account, not on the number of records.

use crate::simulate::account::Account;
use crate::simulate::destinations::Destination;
use crate::simulate::fields::Field;
use crate::simulate::hosts::{Hosts, UNKNOWN_AWS};
use crate::simulate::options::{Options, Vantage};
use crate::simulate::sums::Pair;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Hours before that of the bytes in which a name may have been asked for.
pub(super) const LOOK_BACK_HOURS: i64 = 24;

/// Bytes of an hour that wait for the names of that hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) gateway: usize,
    pub(super) client: usize,
    pub(super) destination: usize,
    /// The client's identity towards the Resolver's log, which is its address.
    pub(super) asker: usize,
    pub(super) nat64: bool,
    /// The host that it really was, whoever was asked.
    pub(super) host: Option<usize>,
}

#[derive(Debug, Default)]
struct Hour {
    /// Who, destination, host.
    asked: BTreeSet<(usize, usize, usize)>,
    sent: BTreeMap<Sent, Pair>,
}

/// The latest hour in which somebody asked for names of a destination, and the names.
#[derive(Debug)]
struct Latest {
    hour: i64,
    hosts: Vec<usize>,
}

/// A row of a report: gateway, VPC, zone, service, Region, evidence.
type Row<'a> = (usize, usize, usize, &'a str, Option<&'a str>, &'static str);

/// The match, hour by hour.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    account: &'a Account,
    hosts: &'a Hosts,
    /// Number of askers; VPCs are numbered after them.
    askers: usize,
    rules: bool,
    /// Whether the counted records have `pkt-dst-aws-service` (up) and `pkt-src-aws-service` (down).
    labels: [bool; 2],
    /// By gateway, where no record says who the client is: the VPC that all its clients share.
    blind: Option<Vec<Option<usize>>>,
    hours: BTreeMap<i64, Hour>,
    latest: BTreeMap<(usize, usize), Latest>,
    settled: u64,
    rows: BTreeMap<Row<'a>, Pair>,
    /// By gateway, service and Region, as it really was.
    real: BTreeMap<(usize, &'a str, Option<&'a str>), Pair>,
    buckets: BTreeMap<(String, Option<&'a str>), Pair>,
    /// By host, else service, else address.
    destinations: BTreeMap<(String, Option<&'a str>), Pair>,
    ambiguous: u64,
    /// Bytes that the match gives a name, and those among them whose name is not what they were.
    named: u64,
    wrong: u64,
}

impl<'a> Asked<'a> {
    pub(super) fn new(account: &'a Account, hosts: &'a Hosts, options: &Options, askers: usize) -> Self {
        let has = |field: Field| account.logs.iter().find(|log| !log.second).is_some_and(|l| l.fields.contains(&field));
        let is_blind = options.vantage != Vantage::Instance && !has(Field::PktSrcAddr);
        let shared = |gateway: usize| {
            let own = account.clients.iter().filter(|client| client.gateway == gateway);
            let vpcs: BTreeSet<usize> = own.map(|client| client.vpc).collect();
            vpcs.first().copied().filter(|_| vpcs.len() == 1)
        };
        Self {
            account,
            hosts,
            askers,
            rules: options.rules,
            labels: [has(Field::PktDstService), has(Field::PktSrcService)],
            blind: is_blind.then(|| (0..account.gateways.len()).map(shared).collect()),
            hours: BTreeMap::new(),
            latest: BTreeMap::new(),
            settled: 0,
            rows: BTreeMap::new(),
            real: BTreeMap::new(),
            buckets: BTreeMap::new(),
            destinations: BTreeMap::new(),
            ambiguous: 0,
            named: 0,
            wrong: 0,
        }
    }

    /// Somebody asked for a host, and this destination was among the answers.
    pub(super) fn ask(&mut self, hour: i64, asker: usize, vpc: usize, destination: usize, host: usize) {
        let of = self.hours.entry(hour).or_default();
        of.asked.insert((asker, destination, host));
        of.asked.insert((self.askers + vpc, destination, host));
    }

    /// Bytes through a gateway within the month.
    pub(super) fn send(&mut self, hour: i64, sent: Sent, up: u64, down: u64) {
        let pair = self.hours.entry(hour).or_default().sent.entry(sent).or_default();
        pair[0] += up;
        pair[1] += down;
    }

    /// Settles the hours before this one: nothing more comes for them.
    pub(super) fn settle_before(&mut self, hour: i64) {
        while let Some(first) = self.hours.first_entry().filter(|first| *first.key() < hour) {
            let (hour, of) = first.remove_entry();
            self.settle(hour, of);
        }
    }

    fn settle(&mut self, hour: i64, of: Hour) {
        for (who, destination, host) in of.asked {
            let latest = self.latest.entry((who, destination)).or_insert(Latest { hour, hosts: Vec::new() });
            if latest.hour < hour {
                *latest = Latest { hour, hosts: Vec::new() };
            }
            latest.hosts.push(host);
        }
        for (sent, pair) in of.sent {
            self.count(hour, &sent, pair);
        }
        self.settled += 1;
        if self.settled.is_multiple_of(24) {
            self.latest.retain(|_, latest| hour - latest.hour <= LOOK_BACK_HOURS);
        }
    }

    /// The names that count for some bytes; none at all: nobody asked.
    fn names(&self, hour: i64, sent: &Sent) -> Vec<usize> {
        let latest = |who: usize| {
            let found = self.latest.get(&(who, sent.destination));
            found.filter(|latest| hour - latest.hour <= LOOK_BACK_HOURS).map(|latest| latest.hosts.clone())
        };
        let found = match &self.blind {
            Some(shared) => shared[sent.gateway].and_then(|vpc| latest(self.askers + vpc)),
            None => latest(sent.asker).or_else(|| latest(self.askers + self.account.clients[sent.client].vpc)),
        };
        found.unwrap_or_default()
    }

    fn count(&mut self, hour: i64, sent: &Sent, pair: Pair) {
        let (account, hosts) = (self.account, self.hosts);
        let names = self.names(hour, sent);
        let client = &account.clients[sent.client];
        let remote = &account.destinations.all[sent.destination];
        let bytes = pair[0] + pair[1];
        let service = |host: &usize| hosts.all[*host].service.as_str();
        let real = sent.host.as_ref().map(service).filter(|&real| real != UNKNOWN_AWS).unwrap_or(remote.service);
        merge(self.real.entry((sent.gateway, real, region(real, remote))).or_default(), pair);
        if remote.label == "S3" {
            let told: BTreeSet<Option<&str>> = names.iter().map(|&host| hosts.all[host].bucket.as_deref()).collect();
            if let (1, Some(&Some(bucket))) = (told.len(), told.first()) {
                merge(self.buckets.entry((bucket.to_owned(), remote.region)).or_default(), pair);
            }
        }
        let mut services: Vec<&str> = names.iter().map(service).collect();
        services.sort_unstable();
        services.dedup();
        let by_address = (self.rules && remote.is_nameless()) || matches!(remote.label, "S3" | "DYNAMODB");
        if !by_address {
            match services[..] {
                [] | [UNKNOWN_AWS] => {}
                [one] => {
                    self.named += bytes;
                    self.wrong += if one == real { 0 } else { bytes };
                }
                _ => self.ambiguous += bytes,
            }
        }
        for (side, labelled) in self.labels.into_iter().enumerate() {
            let shown = labelled && !sent.nat64 && self.blind.is_none();
            let (service, evidence) = self.verdict(sent.destination, &services, shown);
            let region = region(service, remote);
            let row = (sent.gateway, client.vpc, client.zone, service, region, evidence);
            self.rows.entry(row).or_default()[side] += pair[side];
            let name = match names[..] {
                [host] if evidence != "rule" => hosts.all[host].name.clone(),
                _ if evidence == "none" || service.starts_with("range:") => remote.addr.to_string(),
                _ => service.to_owned(),
            };
            self.destinations.entry((name, region)).or_default()[side] += pair[side];
        }
    }

    /// Service and evidence in the contract's order; `shown`: whether the record has AWS's own label of the remote.
    fn verdict(&self, destination: usize, services: &[&'a str], shown: bool) -> (&'a str, &'static str) {
        let remote = &self.account.destinations.all[destination];
        let by_label = if shown { "flow-log" } else { "ip-ranges" };
        if self.rules && remote.is_nameless() {
            return (&remote.name, "rule");
        }
        // A gateway endpoint captures by address, and the inventory holds the home Region's prefix lists.
        match (remote.label, services) {
            ("S3" | "DYNAMODB", _) if remote.endpoint => (remote.service, "prefix-list"),
            ("S3" | "DYNAMODB", _) => (remote.service, by_label),
            (_, &[one]) if one != UNKNOWN_AWS => (one, "dns"),
            ("CLOUDFRONT", _) => (remote.service, by_label),
            // These labels say no more than the ranges do.
            ("AMAZON" | "EC2", _) => (remote.service, "ip-ranges"),
            _ => (remote.service, "none"),
        }
    }

    /// `traffic_by_dns` and what else follows from the names, as keys of `truth.json`.
    pub(super) fn parts(&self) -> [(&'static str, Value); 6] {
        let account = self.account;
        let traffic = self.rows.iter().filter(|(_, pair)| **pair != [0, 0]).map(|(row, pair)| {
            json!({
                "nat_gateway_id": account.gateways[row.0].id,
                "vpc_id": account.vpcs[row.1].id,
                "az_id": account.zone_id(row.2),
                "service": row.3,
                "service_region": row.4,
                "evidence": row.5,
                "upload_bytes": pair[0],
                "download_bytes": pair[1],
            })
        });
        let real = self.real.iter().map(|((gateway, service, region), pair)| {
            json!({
                "nat_gateway_id": account.gateways[*gateway].id,
                "service": service,
                "service_region": region,
                "upload_bytes": pair[0],
                "download_bytes": pair[1],
            })
        });
        [
            ("traffic_by_dns", traffic.collect()),
            ("names", real.collect()),
            ("buckets", by_name(&self.buckets)),
            ("destinations", by_name(&self.destinations)),
            ("dns_ambiguous_bytes", json!(self.ambiguous)),
            ("dns_named", json!({"bytes": self.named, "wrong_bytes": self.wrong})),
        ]
    }
}

fn by_name(sums: &BTreeMap<(String, Option<&str>), Pair>) -> Value {
    let row = |((name, region), pair): (&(String, Option<&str>), &Pair)| json!({"name": name, "region": region, "upload_bytes": pair[0], "download_bytes": pair[1]});
    sums.iter().filter(|(_, pair)| **pair != [0, 0]).map(row).collect()
}

/// The Region of a service is its address's. A third party has none, wherever its servers are.
fn region<'a>(service: &str, remote: &'a Destination) -> Option<&'a str> {
    remote.region.filter(|_| !service.starts_with("domain:"))
}

fn merge(sum: &mut Pair, pair: Pair) {
    sum[0] += pair[0];
    sum[1] += pair[1];
}
