//! The counting rules, one condition after the other.

use super::account::{Account, Gateway};
use super::records::Record;
use super::{Answer, Pair};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const UP: usize = 0;
const DOWN: usize = 1;
const HOUR: i64 = 3_600;

/// What one record is.
enum Meaning {
    /// A client's bytes through a gateway: gateway, client, remote, direction.
    Counted(String, Option<IpAddr>, Option<IpAddr>, usize),
    /// Bytes that are counted elsewhere; at a gateway itself, which leg.
    Mirror(Option<(String, u8)>),
    /// The private side of a log that does not say who really talked: the client's bytes, but not the gateway's.
    Private(String, IpAddr, usize),
    /// No NAT gateway saw it.
    NotNat,
}

/// Counts.
pub fn count(account: &Account, records: &[Record], from: i64, to: i64) -> Answer {
    let mut answer = Answer::default();
    let vantage = Vantage::new(account, records, from, to);
    let mut legs: BTreeMap<String, [u64; 5]> = BTreeMap::new();
    for record in records {
        let kind = match loose_kind(record, from, to) {
            Some(kind) => kind,
            None if !vantage.speaks(record) => "duplicate",
            None => match meaning(account, &vantage, record) {
                Meaning::Counted(gateway, client, remote, way) => {
                    add_counted(&mut answer, record, (gateway.clone(), client, remote, way));
                    // Only what the gateway itself sent on is compared with what it got.
                    if account.gateway_named(&record.owner()).is_some() {
                        let leg = if record.has_real_ends() { [1, 4][way] } else { [2, 3][way] };
                        legs.entry(gateway).or_default()[leg] += record.bytes();
                    }
                    "counted"
                }
                Meaning::Private(gateway, client, way) => {
                    answer.clients.entry((gateway.clone(), client.to_string())).or_default()[way] += record.bytes();
                    legs.entry(gateway).or_default()[[1, 4][way]] += record.bytes();
                    "mirror"
                }
                Meaning::Mirror(at) => {
                    if let Some((gateway, leg)) = at {
                        legs.entry(gateway).or_default()[usize::from(leg)] += record.bytes();
                    }
                    "mirror"
                }
                Meaning::NotNat => "not_nat",
            },
        };
        *answer.records.entry(kind).or_default() += 1;
        let bytes = if kind == "malformed" { 0 } else { record.bytes() };
        *answer.record_bytes.entry(kind).or_default() += bytes;
    }
    for (gateway, legs) in legs {
        let totals = answer.gateways.entry(gateway).or_default();
        totals.unsolicited = legs[3].saturating_sub(legs[4]);
        totals.mirror = legs[2] + legs[3] - totals.unsolicited;
        totals.own_records = true;
    }
    answer
}

fn add_counted(answer: &mut Answer, record: &Record, (gateway, client, remote, way): Counted) {
    let bytes = record.bytes();
    answer.gateways.entry(gateway.clone()).or_default().bytes[way] += bytes;
    let label = record.text(["pkt-dst-aws-service", "pkt-src-aws-service"][way]);
    let remote = remote.map(|remote| remote.to_string()).unwrap_or_default();
    let service = label.map_or(remote, str::to_owned);
    answer.services.entry((gateway.clone(), service)).or_default()[way] += bytes;
    if let Some(client) = client {
        let pair: &mut Pair = answer.clients.entry((gateway, client.to_string())).or_default();
        pair[way] += bytes;
    }
}

type Counted = (String, Option<IpAddr>, Option<IpAddr>, usize);

/// The kinds that a record has whatever else was read.
fn loose_kind(record: &Record, from: i64, to: i64) -> Option<&'static str> {
    if record.repeated {
        return Some("duplicate");
    }
    if record.is_malformed() {
        return Some("malformed");
    }
    if record.start().is_some_and(|start| !(from..to).contains(&start)) {
        return Some("out_of_window");
    }
    match record.text("log-status") {
        Some("NODATA") => Some("nodata"),
        Some("SKIPDATA") => Some("skipdata"),
        _ if record.text("action") == Some("REJECT") => Some("rejected"),
        _ => None,
    }
}

fn hour(record: &Record) -> i64 {
    record.start().unwrap_or(0).div_euclid(HOUR)
}

/// Who speaks for whom, hour by hour.
struct Vantage {
    /// The flow log chosen for an interface and hour: not knowing the real ends, its id.
    chosen: BTreeMap<(String, i64), (bool, String)>,
    /// Gateways and hours in which a record of their own starts.
    covered: BTreeSet<(String, i64)>,
    /// Gateway and address pairs to which the gateway sent something in the period.
    sent: BTreeSet<(String, IpAddr)>,
}

impl Vantage {
    fn new(account: &Account, records: &[Record], from: i64, to: i64) -> Self {
        let usable = |r: &&Record| {
            !r.repeated && !r.is_malformed() && r.start().is_some_and(|start| (from..to).contains(&start))
        };
        let accepted = |r: &&Record| usable(r) && loose_kind(r, from, to).is_none();
        // Whether a flow log says the real ends of an interface in an hour is asked of all its records there.
        let mut knows: BTreeMap<(String, i64, String), bool> = BTreeMap::new();
        for record in records.iter().filter(accepted) {
            *knows.entry((record.owner(), hour(record), record.source.clone())).or_default() |= record.has_real_ends();
        }
        let mut chosen: BTreeMap<(String, i64), (bool, String)> = BTreeMap::new();
        for ((owner, hour, source), knows) in knows {
            let candidate = (!knows, source);
            let best = chosen.entry((owner, hour)).or_insert_with(|| candidate.clone());
            if candidate < *best {
                *best = candidate;
            }
        }
        let speaking: BTreeSet<&str> = records.iter().filter(accepted).map(|r| r.source.as_str()).collect();
        let mut covered = BTreeSet::new();
        for record in records.iter().filter(usable).filter(|r| speaking.contains(r.source.as_str())) {
            if let Some(gateway) = account.gateway_named(&record.owner()) {
                covered.insert((gateway.id.clone(), hour(record)));
            }
        }
        let mut vantage = Self { chosen, covered, sent: BTreeSet::new() };
        for record in records.iter().filter(accepted).filter(|r| vantage.speaks(r)).collect::<Vec<_>>() {
            if let Some(gateway) = account.gateway_named(&record.owner())
                && let (Some(src), Some(dst)) = (record.address("srcaddr"), record.address("dstaddr"))
                && gateway.inside.contains(&src)
            {
                vantage.sent.insert((gateway.id.clone(), dst));
            }
        }
        vantage
    }

    fn speaks(&self, record: &Record) -> bool {
        self.chosen.get(&(record.owner(), hour(record))).is_some_and(|(_, source)| *source == record.source)
    }
}

fn meaning(account: &Account, vantage: &Vantage, record: &Record) -> Meaning {
    let owner = record.owner();
    match account.gateway_named(&owner) {
        Some(gateway) if gateway.regional => at_regional(account, gateway, record),
        Some(gateway) if record.has_real_ends() => at_zonal(gateway, record),
        Some(gateway) => without_real_ends(account, vantage, gateway, record),
        None => at_instance(account, vantage, &owner, record),
    }
}

fn at_zonal(gateway: &Gateway, record: &Record) -> Meaning {
    let own = |field: &str| record.address(field).is_some_and(|address| gateway.inside.contains(&address));
    let (src, dst) = (record.address("pkt-srcaddr"), record.address("pkt-dstaddr"));
    let id = gateway.id.clone();
    if own("dstaddr") && !own("pkt-dstaddr") {
        return Meaning::Counted(id, src, dst, UP);
    }
    if own("srcaddr") && !own("pkt-srcaddr") {
        return Meaning::Counted(id, dst, src, DOWN);
    }
    match (own("srcaddr"), own("dstaddr")) {
        (true, false) => Meaning::Mirror(Some((id, 2))),
        (false, true) => Meaning::Mirror(Some((id, 3))),
        _ => Meaning::NotNat,
    }
}

fn at_regional(account: &Account, gateway: &Gateway, record: &Record) -> Meaning {
    let (Some(src), Some(dst)) = (record.address("srcaddr"), record.address("dstaddr")) else { return Meaning::NotNat };
    let id = gateway.id.clone();
    if gateway.outside.contains(&src) {
        Meaning::Mirror(Some((id, 2)))
    } else if gateway.outside.contains(&dst) {
        Meaning::Mirror(Some((id, 3)))
    } else if account.in_a_vpc(src) {
        Meaning::Counted(id, Some(src), Some(dst), UP)
    } else if account.in_a_vpc(dst) {
        Meaning::Counted(id, Some(dst), Some(src), DOWN)
    } else {
        Meaning::NotNat
    }
}

/// A gateway's log that shows only its own address and one other: services from the public side, clients from the private.
fn without_real_ends(account: &Account, vantage: &Vantage, gateway: &Gateway, record: &Record) -> Meaning {
    let (Some(src), Some(dst)) = (record.address("srcaddr"), record.address("dstaddr")) else { return Meaning::NotNat };
    let id = gateway.id.clone();
    let (other, out) = match (gateway.inside.contains(&src), gateway.inside.contains(&dst)) {
        (true, false) => (dst, true),
        (false, true) => (src, false),
        _ => return Meaning::NotNat,
    };
    if account.in_a_vpc(other) {
        return Meaning::Private(id, other, if out { DOWN } else { UP });
    }
    if out {
        return Meaning::Counted(id, None, Some(other), UP);
    }
    if vantage.sent.contains(&(id.clone(), other)) {
        return Meaning::Counted(id, None, Some(other), DOWN);
    }
    Meaning::Mirror(Some((id, 3)))
}

fn at_instance(account: &Account, vantage: &Vantage, owner: &str, record: &Record) -> Meaning {
    let end = |real: &str, shown: &str| record.address(real).or_else(|| record.address(shown));
    let (Some(src), Some(dst)) = (end("pkt-srcaddr", "srcaddr"), end("pkt-dstaddr", "dstaddr")) else {
        return Meaning::NotNat;
    };
    if !account.is_instance(owner) {
        return Meaning::NotNat;
    }
    let (client, remote, way) = match (account.owns(owner, src), account.owns(owner, dst)) {
        (true, false) => (src, dst, UP),
        (false, true) => (dst, src, DOWN),
        _ => return Meaning::NotNat,
    };
    let gateway = match record.text("next-hop-interface-type") {
        Some("nat_gateway" | "regional_nat_gateway") => record
            .text("next-hop-interface-id")
            .and_then(|next| account.gateway_named(next))
            .or_else(|| account.route(owner, remote)),
        Some(_) => None,
        None => account.route(owner, remote),
    };
    match gateway {
        None => Meaning::NotNat,
        Some(gateway) if vantage.covered.contains(&(gateway.id.clone(), hour(record))) => Meaning::Mirror(None),
        Some(gateway) => Meaning::Counted(gateway.id.clone(), Some(client), Some(remote), way),
    }
}
