//! The VPCs' Resolver: what clients ask for before they talk, what their caches spare it, and the query logs that it writes
//! (`dns/`). Queries are written as they are made; memory depends on the account, not on their number.
//!
//! `files` writes objects, `query` writes a record, `asked` knows what a report must make of it all.

mod asked;
mod files;
mod options;
mod query;
#[cfg(test)]
mod tests;

pub use options::{DnsFormat, DnsOptions};

use super::SimulateError;
use super::account::Account;
use super::hosts::Hosts;
use super::objects::write_test_object;
use super::options::Options;
use super::random::{Rng, mix};
use super::traffic::{Conversation, Event};
use crate::model::addr::Addr;
use crate::model::period::{HOUR_SECONDS, Window};
use asked::{Asked, LOOK_BACK_HOURS, Sent};
use files::Files;
use query::Query;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Whoever the log shows as `srcaddr`.
#[derive(Clone, Copy, Debug)]
struct Asker {
    addr: Addr,
    vpc: usize,
    /// The client on whose instance it is.
    client: usize,
}

/// What an asker knows of an address.
#[derive(Clone, Copy, Debug)]
struct Cached {
    host: usize,
    until: i64,
}

/// How long clients keep an answer, by their habit: some honour the time to live, some keep connections for hours.
const KEPT_SECONDS: [u64; 4] = [300, 3_600, 6 * 3_600, 20 * 3_600];
/// How long the pods that resolve for a cluster keep an answer.
const CLUSTER_SECONDS: u64 = 1_800;
/// Seconds between a query and the conversation that it is for, at most.
const LEAD_SECONDS: u64 = 20;
/// Seconds after which nothing comes any more: a conversation begins up to a minute before its slot.
const LATE_SECONDS: i64 = 300;
/// Addresses of an answer, at most.
const ANSWERS: u64 = 4;

/// The Resolver of all VPCs.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    account: &'a Account,
    hosts: &'a Hosts,
    options: DnsOptions,
    month: Window,
    seed: u64,
    rng: Rng,
    files: Files<'a>,
    asked: Asked<'a>,
    /// Clients by their IPv4 address, then by their IPv6 address, then the pods that resolve for a cluster.
    askers: Vec<Asker>,
    /// By asker and destination.
    cache: Vec<Option<Cached>>,
    /// Whether subnets make IPv6 addresses of IPv4 ones: then who has no IPv6 does not ask for any.
    dns64: bool,
    /// The VPC whose queries nobody logs.
    unlogged: Option<usize>,
    slices: usize,
    due: u32,
    spoilt: u32,
}

impl<'a> Resolver<'a> {
    /// Writes under `root`, the folder `dns`.
    pub(super) fn new(account: &'a Account, hosts: &'a Hosts, options: &Options, root: &Path) -> Self {
        let mut askers = Vec::new();
        for (number, client) in account.clients.iter().enumerate() {
            askers.push(Asker { addr: client.addr, vpc: client.vpc, client: number });
        }
        for (number, client) in account.clients.iter().enumerate() {
            let addr = account.interfaces[client.interface].v6.unwrap_or(client.addr);
            askers.push(Asker { addr, vpc: client.vpc, client: number });
        }
        let pods = account.cluster.iter().flat_map(|cluster| &cluster.resolvers);
        askers.extend(pods.map(|&(client, addr)| Asker { addr, vpc: account.clients[client].vpc, client }));
        let slices = options.dns.dns_objects.unwrap_or_else(|| super::clock::days(options.month));
        Self {
            account,
            hosts,
            options: options.dns,
            month: options.month.window(),
            seed: options.seed,
            rng: Rng::new(options.seed, 5),
            files: Files::new(account, options.dns.dns_format, root.to_owned(), options.gzip_level, options.seed),
            asked: Asked::new(account, hosts, options, askers.len()),
            cache: vec![None; askers.len() * account.destinations.all.len()],
            askers,
            dns64: options.nat64,
            unlogged: account.clients.iter().map(|client| client.vpc).max().filter(|_| options.dns.dns_unlogged_vpc),
            slices: usize::try_from(slices).unwrap_or(usize::MAX),
            due: 0,
            spoilt: 0,
        }
    }

    /// The time goes on to a slot of so many, which begins at this second.
    pub(super) fn enter(&mut self, slot: usize, slots: usize, second: i64) -> Result<(), SimulateError> {
        let slices = self.slices.min(slots);
        self.files.enter(u64::try_from(slot * slices / slots).unwrap_or(0), second)?;
        self.asked.settle_before(hour(second - LATE_SECONDS));
        // All are due a little before the end: somebody has to ask once more for the last of them to be written.
        let (at, all) = (u64::try_from(slot + 1).unwrap_or(0), u64::try_from(slots - slots / 10).unwrap_or(1).max(1));
        self.due = u32::try_from(u64::from(self.options.dns_malformed) * at.min(all) / all).unwrap_or(0);
        Ok(())
    }

    /// What a client asks for because of an event; now and then somebody asks for something else, too.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), SimulateError> {
        let (conversation, through) = match event {
            Event::Nat(conversation) => (conversation, true),
            Event::Gatewayed(conversation) => (conversation, false),
            Event::Local { .. } | Event::Stray { .. } => return Ok(()),
        };
        self.talk(conversation, through)?;
        if self.rng.one_in(6) { self.aside(conversation.start) } else { Ok(()) }
    }

    fn talk(&mut self, c: &Conversation, through: bool) -> Result<(), SimulateError> {
        let host = self.hosts.pick(c.destination, c.client, c.start, &mut self.rng);
        let asker = c.client + if c.nat64 { self.account.clients.len() } else { 0 };
        if through && self.month.contains(c.start) {
            let sent =
                Sent { gateway: c.gateway, client: c.client, destination: c.destination, asker, nat64: c.nat64, host };
            self.asked.send(hour(c.start), sent, c.up_bytes, c.down_bytes);
        }
        let Some(host) = host else { return Ok(()) };
        self.resolve(asker, host, c.destination, c.start)?;
        // Now and then it is to use another name of the same address, too.
        match self.hosts.other(c.destination, host, c.start) {
            Some(other) if self.rng.one_in(8) => self.resolve(asker, other, c.destination, c.start),
            _ => Ok(()),
        }
    }

    /// The queries for a host, unless the answer is known or the client asks somewhere else.
    fn resolve(&mut self, identity: usize, host: usize, to: usize, second: i64) -> Result<(), SimulateError> {
        let clients = self.account.clients.len();
        let (client, six) = (self.askers[identity].client, identity >= clients);
        let unlogged = self.unlogged == Some(self.askers[identity].vpc);
        if unlogged || self.hosts.is_missing(host, client, self.options.dns_missing) {
            return Ok(());
        }
        let for_others = self.account.cluster.as_ref().and_then(|cluster| cluster.resolver_of(client));
        let who = for_others.map_or(identity, |pod| 2 * clients + pod);
        let all = self.account.destinations.all.len();
        if self.cache[who * all + to].is_some_and(|known| known.host == host && known.until > second) {
            return Ok(());
        }
        let asked_at = second - i64::try_from(self.rng.below(LEAD_SECONDS)).unwrap_or(0);
        let count = usize::try_from(1 + self.rng.below(ANSWERS)).unwrap_or(1);
        let answers = self.hosts.answers(host, second, to, count);
        let kept = match for_others {
            Some(_) => CLUSTER_SECONDS,
            None => KEPT_SECONDS[usize::try_from(mix(self.seed ^ client as u64) % 4).unwrap_or(0)],
        };
        let until = asked_at + i64::try_from(kept).unwrap_or(0);
        for &destination in &answers {
            self.asked.ask(hour(asked_at), who, self.askers[who].vpc, destination, host);
            self.cache[who * all + destination] = Some(Cached { host, until });
        }
        let addrs: Vec<Addr> = answers.iter().map(|&at| self.account.destinations.all[at].addr).collect();
        if six {
            let made = addrs.iter().filter_map(|addr| addr.v4());
            let made: Vec<Addr> = made.map(|v4| Addr::from_v6(0x0064_ff9b << 96 | u128::from(v4))).collect();
            return self.ask(who, asked_at, Some(host), ("AAAA", "NOERROR"), &made);
        }
        self.ask(who, asked_at, Some(host), ("A", "NOERROR"), &addrs)?;
        // Most libraries ask for both kinds of address at once.
        if self.dns64 || client % 3 == 2 {
            return Ok(());
        }
        let own = Addr::from_v6(0x2600_9000 << 96 | u128::from(mix(self.seed ^ host as u64)));
        let own = if self.hosts.all[host].v6 { vec![own] } else { Vec::new() };
        self.ask(who, asked_at, Some(host), ("AAAA", "NOERROR"), &own)
    }

    /// What nothing follows from: a name that nobody talks to then, a name that is none, a reverse look-up, a private answer.
    fn aside(&mut self, second: i64) -> Result<(), SimulateError> {
        let client = self.account.client_weights.pick(&mut self.rng);
        let to = self.account.destinations.public(&mut self.rng);
        if self.unlogged == Some(self.askers[client].vpc) {
            return Ok(());
        }
        match self.rng.below(100) {
            0..55 => match self.hosts.pick(to, client, second, &mut self.rng) {
                Some(host) => self.resolve(client, host, to, second),
                None => Ok(()),
            },
            55..70 => match self.hosts.pick(to, client, second, &mut self.rng) {
                Some(host) => self.ask(client, second, Some(host), ("A", "NXDOMAIN"), &[]),
                None => Ok(()),
            },
            70..80 => self.ask(client, second, None, ("PTR", "NOERROR"), &[]),
            _ => self.ask_inside(client, second),
        }
    }

    /// A service that has an interface endpoint in the client's VPC.
    fn ask_inside(&mut self, client: usize, second: i64) -> Result<(), SimulateError> {
        let vpc = self.askers[client].vpc;
        let Some(inside) = self.hosts.inside.iter().find(|inside| inside.vpc == vpc) else { return Ok(()) };
        self.write(client, second, (&inside.name, &[]), ("A", "NOERROR"), &inside.addrs)
    }

    fn ask(
        &mut self,
        who: usize,
        second: i64,
        host: Option<usize>,
        kind: (&'static str, &'static str),
        addrs: &[Addr],
    ) -> Result<(), SimulateError> {
        let hosts = self.hosts;
        let mut name = match (host, kind.1) {
            // A search list puts the VPC's own domain behind every name first.
            (Some(host), "NXDOMAIN") => format!("{}.ec2.internal", hosts.all[host].name),
            (Some(host), _) => hosts.all[host].name.clone(),
            (None, _) => {
                let [a, b, c, d] = self.askers[who].addr.v4().unwrap_or(0).to_be_bytes();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
        };
        // Some resolvers ask in mixed case, so that answers are harder to forge.
        if self.rng.one_in(50) {
            name = name.to_ascii_uppercase();
        }
        let chain = host.filter(|_| kind.1 == "NOERROR").map_or(&[][..], |host| &hosts.all[host].chain);
        self.write(who, second, (&name, chain), kind, addrs)
    }

    fn write(
        &mut self,
        who: usize,
        second: i64,
        (name, chain): (&str, &[String]),
        (kind, rcode): (&'static str, &'static str),
        addrs: &[Addr],
    ) -> Result<(), SimulateError> {
        let (asker, account) = (self.askers[who], self.account);
        let mut line = Vec::with_capacity(512);
        let record = Query {
            account: &account.id,
            region: account.place.region,
            vpc: &account.vpcs[asker.vpc].id,
            second,
            name,
            kind,
            rcode,
            chain,
            addrs,
            client: asker.addr,
            port: self.rng.port(1_024, 65_535),
            instance: &account.clients[asker.client].instance,
        };
        query::push(&mut line, &record);
        self.files.write(asker.vpc, second, &line)?;
        while self.spoilt < self.due && self.files.has_records(asker.vpc) {
            let mut bad = line.clone();
            query::spoil(&mut bad, self.spoilt);
            self.files.write(asker.vpc, second, &bad)?;
            self.spoilt += 1;
        }
        Ok(())
    }

    /// Ends the files and gives the keys that `truth.json` has because of them.
    pub(super) fn finish(mut self, root: &Path) -> Result<Map<String, Value>, SimulateError> {
        self.files.close()?;
        self.asked.settle_before(i64::MAX);
        if self.options.dns_format == DnsFormat::Export {
            write_test_object(&root.join("exported/aws-logs-write-test"))?;
        }
        let mut parts: Map<String, Value> =
            self.asked.parts().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let about = json!({
            "format": super::truth::name(&self.options.dns_format),
            "objects": self.files.objects,
            "records": self.files.records,
            "malformed": self.spoilt,
            "missing_percent": self.options.dns_missing,
            "look_back_hours": LOOK_BACK_HOURS,
        });
        parts.insert("dns".to_owned(), about);
        Ok(parts)
    }
}

fn hour(second: i64) -> i64 {
    second.div_euclid(HOUR_SECONDS)
}
