//! What was really sent: the sums that a report on the written files has to find.

use super::account::Account;
use super::options::{Options, Vantage};
use super::rows::{KIND_NAMES, KINDS, Kind};
use super::traffic::Conversation;
use crate::model::period::{DAY_SECONDS, Window, iso, iso_day};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Bytes up and down.
pub(super) type Pair = [u64; 2];

/// Sums of a gateway and day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    /// Bytes of legs 1 to 4 (index 0 to 3); leg 3 includes the unsolicited bytes.
    pub(super) legs: [u64; 4],
    pub(super) unsolicited: u64,
    /// Bytes of clients in another zone than the gateway.
    pub(super) cross_zone: Pair,
    /// Bytes that also crossed the transit gateway.
    pub(super) transit: Pair,
}

/// The accumulator; its size depends on the account, not on the number of records.
#[derive(Debug)]
pub(super) struct Truth<'a> {
    account: &'a Account,
    month: Window,
    /// By kind: records, bytes.
    kinds: [(u64, u64); KINDS],
    /// By gateway and day of the month.
    pub(super) days: Vec<Vec<Day>>,
    /// By gateway, subnet and destination, in one row each.
    spread: Vec<Pair>,
    /// By gateway and client.
    clients: Vec<Pair>,
}

fn add(pair: &mut Pair, up: u64, down: u64) {
    pair[0] += up;
    pair[1] += down;
}

impl<'a> Truth<'a> {
    pub(super) fn new(account: &'a Account, month: Window) -> Self {
        let days = usize::try_from((month.end - month.start) / DAY_SECONDS).unwrap_or(31);
        let gateways = account.gateways.len();
        Self {
            account,
            month,
            kinds: [(0, 0); KINDS],
            days: vec![vec![Day::default(); days]; gateways],
            spread: vec![[0, 0]; gateways * account.subnets.len() * account.destinations.all.len()],
            clients: vec![[0, 0]; gateways * account.clients.len()],
        }
    }

    /// One written record.
    pub(super) fn record(&mut self, kind: Kind, bytes: u64) {
        let of = &mut self.kinds[kind as usize];
        of.0 += 1;
        of.1 += bytes;
    }

    /// Records written so far.
    pub(super) fn written(&self) -> u64 {
        self.kinds.iter().map(|k| k.0).sum()
    }

    fn day(&mut self, gateway: usize, start: i64) -> &mut Day {
        let day = usize::try_from((start - self.month.start) / DAY_SECONDS).unwrap_or(0);
        &mut self.days[gateway][day]
    }

    /// A conversation through a gateway that began inside the month.
    pub(super) fn conversation(&mut self, c: &Conversation) {
        let account = self.account;
        let client = &account.clients[c.client];
        let gateway = &account.gateways[c.gateway];
        let header = if c.nat64 { 20 } else { 0 };
        let (up, down) = (c.up_bytes, c.down_bytes);
        let crosses =
            !gateway.regional && client.transit.is_none() && account.subnets[gateway.subnet].zone != client.zone;
        let day = self.day(c.gateway, c.start);
        for (leg, bytes) in
            day.legs.iter_mut().zip([up, up - header * c.up_packets, down - header * c.down_packets, down])
        {
            *leg += bytes;
        }
        if crosses {
            add(&mut day.cross_zone, up, down);
        }
        if client.transit.is_some() {
            add(&mut day.transit, up, down);
        }
        let cell = (c.gateway * account.subnets.len() + client.subnet) * account.destinations.all.len() + c.destination;
        add(&mut self.spread[cell], up, down);
        add(&mut self.clients[c.gateway * account.clients.len() + c.client], up, down);
    }

    /// Bytes that arrived at a gateway unasked.
    pub(super) fn unsolicited(&mut self, gateway: usize, start: i64, bytes: u64) {
        let day = self.day(gateway, start);
        day.legs[2] += bytes;
        day.unsolicited += bytes;
    }

    /// The non-zero cells as (gateway, subnet, destination, bytes).
    fn cells(&self) -> impl Iterator<Item = (usize, usize, usize, Pair)> {
        let (destinations, subnets) = (self.account.destinations.all.len(), self.account.subnets.len());
        self.spread.iter().enumerate().filter(|(_, pair)| **pair != [0, 0]).map(move |(cell, pair)| {
            let place = cell / destinations;
            (place / subnets, place % subnets, cell % destinations, *pair)
        })
    }

    /// `truth.json`.
    pub(super) fn json(&self, options: &Options, objects: u64) -> Value {
        json!({
            "schema": "natlens.truth/1",
            "seed": options.seed,
            "month": options.month.to_string(),
            "period": {"start": iso(self.month.start), "end": iso(self.month.end)},
            "region": self.account.place.region,
            "vantage": name(&options.vantage),
            "fields": name(&options.fields),
            "format": name(&options.format),
            "objects": objects,
            "nat_gateways": self.gateways(),
            "traffic": self.traffic(),
            "names": self.names(),
            "clients": self.client_rows(),
            "days": self.day_rows(),
            "decisions": self.decisions(),
            "records": self.kind_rows(options, |k| k.0),
            "record_bytes": self.kind_rows(options, |k| k.1),
        })
    }

    fn gateways(&self) -> Vec<Value> {
        let rows = self.account.gateways.iter().zip(&self.days).enumerate();
        rows.map(|(index, (gateway, days))| {
            let leg = |k: usize| days.iter().map(|d| d.legs[k]).sum::<u64>();
            let unsolicited = leg(2).saturating_sub(leg(3));
            json!({
                "nat_gateway_id": gateway.id,
                "name": gateway.name,
                "vpc_id": self.account.vpcs[gateway.vpc].id,
                "logged": !self.account.interfaces[gateway.interface].logs.is_empty(),
                "idle": Some(index) == self.account.idle,
                "upload_bytes": leg(0),
                "download_bytes": leg(3),
                "mirror_bytes": leg(1) + leg(2) - unsolicited,
                "unsolicited_bytes": unsolicited,
                "sent_unsolicited_bytes": days.iter().map(|d| d.unsolicited).sum::<u64>(),
                "billed_bytes": leg(0) + leg(2),
            })
        })
        .collect()
    }

    /// By gateway, client VPC and zone, service as the address tells it, and Region.
    fn traffic(&self) -> Vec<Value> {
        let mut rows: BTreeMap<_, Pair> = BTreeMap::new();
        for (gateway, subnet, destination, pair) in self.cells() {
            let remote = &self.account.destinations.all[destination];
            let subnet = &self.account.subnets[subnet];
            let key = (gateway, subnet.vpc, subnet.zone, remote.service, remote.region);
            add(rows.entry(key).or_default(), pair[0], pair[1]);
        }
        let row = |((gateway, vpc, zone, service, region), pair): ((usize, usize, usize, &str, Option<&str>), Pair)| {
            json!({
                "nat_gateway_id": self.account.gateways[gateway].id,
                "vpc_id": self.account.vpcs[vpc].id,
                "az_id": self.account.zone_id(zone),
                "service": service,
                "service_region": region,
                "upload_bytes": pair[0],
                "download_bytes": pair[1],
            })
        };
        rows.into_iter().map(row).collect()
    }

    /// By gateway and service as the queried name tells it.
    fn names(&self) -> Vec<Value> {
        let mut rows: BTreeMap<_, Pair> = BTreeMap::new();
        for (gateway, _, destination, pair) in self.cells() {
            let remote = &self.account.destinations.all[destination];
            add(rows.entry((gateway, remote.name.as_str(), remote.region)).or_default(), pair[0], pair[1]);
        }
        let row = |((gateway, service, region), pair): ((usize, &str, Option<&str>), Pair)| {
            json!({
                "nat_gateway_id": self.account.gateways[gateway].id,
                "service": service,
                "service_region": region,
                "upload_bytes": pair[0],
                "download_bytes": pair[1],
            })
        };
        rows.into_iter().map(row).collect()
    }

    fn client_rows(&self) -> Vec<Value> {
        let count = self.account.clients.len();
        let rows = self.clients.iter().enumerate().filter(|(_, pair)| **pair != [0, 0]);
        rows.map(|(cell, pair)| {
            let (gateway, client) = (&self.account.gateways[cell / count], &self.account.clients[cell % count]);
            let mut row = Map::new();
            row.insert("nat_gateway_id".into(), json!(gateway.id));
            row.insert("client".into(), json!(client.addr.to_string()));
            if let Some(v6) = self.account.interfaces[client.interface].v6 {
                row.insert("client_v6".into(), json!(v6.to_string()));
            }
            row.insert("vpc_id".into(), json!(self.account.vpcs[client.vpc].id));
            row.insert("az_id".into(), json!(self.account.zone_id(client.zone)));
            row.insert("upload_bytes".into(), json!(pair[0]));
            row.insert("download_bytes".into(), json!(pair[1]));
            Value::Object(row)
        })
        .collect()
    }

    fn day_rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for (gateway, days) in self.account.gateways.iter().zip(&self.days) {
            let mut second = self.month.start;
            for day in days {
                rows.push(json!({
                    "nat_gateway_id": gateway.id,
                    "day": iso_day(second),
                    "upload_bytes": day.legs[0],
                    "download_bytes": day.legs[3],
                    "billed_bytes": day.legs[0] + day.legs[2],
                }));
                second += DAY_SECONDS;
            }
        }
        rows
    }

    /// Gateway endpoints that would take traffic: `fix` where the VPC has one that misses these clients.
    fn decisions(&self) -> Vec<Value> {
        let mut rows: BTreeMap<(usize, &str), u64> = BTreeMap::new();
        for (_, subnet, destination, pair) in self.cells() {
            let remote = &self.account.destinations.all[destination];
            if remote.endpoint {
                *rows.entry((self.account.subnets[subnet].vpc, remote.service)).or_default() += pair[0] + pair[1];
            }
        }
        let row = |((vpc, service), bytes): ((usize, &str), u64)| {
            let exists = vpc == super::account::SHOP && service == "s3";
            json!({
                "action": if exists { "fix" } else { "create" },
                "endpoint_type": "gateway",
                "service": service,
                "vpc_id": self.account.vpcs[vpc].id,
                "endpoint_id": exists.then_some(&self.account.s3_endpoint),
                "region": self.account.place.region,
                "bytes": bytes,
            })
        };
        rows.into_iter().map(row).collect()
    }

    /// The kinds, and what they are to a report: `counted` and `mirror`; `transit` is either mirror or not NAT traffic.
    fn kind_rows(&self, options: &Options, value: impl Fn(&(u64, u64)) -> u64) -> Value {
        let mut rows = Map::new();
        for (name, kind) in KIND_NAMES.iter().zip(&self.kinds) {
            rows.insert((*name).to_owned(), json!(value(kind)));
        }
        let of = |kind: Kind| value(&self.kinds[kind as usize]);
        let instance = of(Kind::Instance);
        let alone = options.vantage == Vantage::Instance;
        let counted = of(Kind::Leg1) + of(Kind::Leg4) + if alone { instance } else { 0 };
        let mirror = of(Kind::Leg2) + of(Kind::Leg3) + if alone { 0 } else { instance };
        rows.insert("counted".to_owned(), json!(counted));
        rows.insert("mirror".to_owned(), json!(mirror));
        rows.insert("read".to_owned(), json!(self.kinds.iter().map(&value).sum::<u64>()));
        Value::Object(rows)
    }
}

/// An option's name on the command line.
fn name(option: &impl clap::ValueEnum) -> String {
    option.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}
