//! What was really sent: the sums that a report on the written files has to find.

use super::account::{Account, HUB};
use super::destinations::Beyond;
use super::options::{Options, Vantage};
use super::rows::{KIND_NAMES, KINDS, Kind};
use super::sums::{Pair, QUARTERS, Sums};
use super::traffic::Conversation;
use crate::model::period::{DAY_SECONDS, Window, iso, iso_day};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::ops::Range;

/// Length of a quarter of a day in seconds.
pub(super) const QUARTER_SECONDS: i64 = DAY_SECONDS / 4;

/// Days of a window of whole days.
pub(super) fn days(window: Window) -> usize {
    usize::try_from((window.end - window.start) / DAY_SECONDS).unwrap_or(31)
}

/// The accumulator; its size depends on the account, not on the number of records.
#[derive(Debug)]
pub(super) struct Truth<'a> {
    account: &'a Account,
    month: Window,
    /// By kind: records, bytes.
    kinds: [(u64, u64); KINDS],
    /// By gateway and quarter of a day of the month.
    quarters: Vec<Vec<Sums>>,
    /// Whether services without a name of their own go by the rules in natlens.toml.
    rules: bool,
    /// By gateway, subnet and destination, in one row each.
    spread: Vec<Pair>,
    /// By gateway and client.
    clients: Vec<Pair>,
    /// What gateway endpoints would take over, by VPC and service: nothing that went by NAT64.
    endpoints: BTreeMap<(usize, &'a str), u64>,
}

fn add(pair: &mut Pair, up: u64, down: u64) {
    pair[0] += up;
    pair[1] += down;
}

impl<'a> Truth<'a> {
    pub(super) fn new(account: &'a Account, options: &Options) -> Self {
        let month = options.month.window();
        let gateways = account.gateways.len();
        Self {
            account,
            month,
            kinds: [(0, 0); KINDS],
            quarters: vec![vec![Sums::default(); QUARTERS * days(month)]; gateways],
            rules: options.rules,
            spread: vec![[0, 0]; gateways * account.subnets.len() * account.destinations.all.len()],
            clients: vec![[0, 0]; gateways * account.clients.len()],
            endpoints: BTreeMap::new(),
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

    fn quarter(&mut self, gateway: usize, start: i64) -> &mut Sums {
        let quarter = usize::try_from((start - self.month.start) / QUARTER_SECONDS).unwrap_or(0);
        &mut self.quarters[gateway][quarter]
    }

    /// What a gateway did between two quarters of a day of the month, both from 0.
    pub(super) fn between(&self, gateway: usize, day: usize, quarters: Range<usize>) -> Sums {
        let first = QUARTERS * day;
        self.quarters[gateway][first + quarters.start..first + quarters.end].iter().sum()
    }

    /// The month that is simulated.
    pub(super) const fn month(&self) -> Window {
        self.month
    }

    /// What a gateway did in the month.
    pub(super) fn whole(&self, gateway: usize) -> Sums {
        self.quarters[gateway].iter().sum()
    }

    /// What a gateway did, day by day.
    pub(super) fn daily(&self, gateway: usize) -> impl Iterator<Item = Sums> {
        self.quarters[gateway].chunks(QUARTERS).map(|day| day.iter().sum())
    }

    /// Bytes that the gateways processed, counted once.
    pub(super) fn nat_bytes(&self) -> u64 {
        self.quarters.iter().flatten().map(|sums| sums.legs[0] + sums.legs[3]).sum()
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
        let legs = [up, up - header * c.up_packets, down - header * c.down_packets, down];
        let beyond = account.destinations.all[c.destination].beyond(account.place.region);
        let sums = self.quarter(c.gateway, c.start);
        for (leg, bytes) in legs.into_iter().enumerate() {
            sums.legs[leg] += bytes;
            if gateway.regional {
                sums.zones[client.zone][leg] += bytes;
            }
        }
        if crosses {
            add(&mut sums.cross_zone, up, down);
        }
        if client.transit.is_some() {
            // Who sends pays: the spoke on the way up, the hub on the way down.
            sums.transit[client.vpc - HUB] += up;
            sums.transit[0] += down;
        }
        if let Some(beyond) = beyond {
            add(&mut sums.beyond[beyond as usize], legs[1], legs[2]);
        }
        let cell = (c.gateway * account.subnets.len() + client.subnet) * account.destinations.all.len() + c.destination;
        add(&mut self.spread[cell], up, down);
        let remote = &account.destinations.all[c.destination];
        if remote.endpoint && !c.nat64 {
            *self.endpoints.entry((account.subnets[client.subnet].vpc, remote.service)).or_default() += up + down;
        }
        add(&mut self.clients[c.gateway * account.clients.len() + c.client], up, down);
    }

    /// Bytes that arrived at a gateway unasked.
    pub(super) fn unsolicited(&mut self, gateway: usize, start: i64, bytes: u64) {
        let regional = self.account.gateways[gateway].regional;
        let sums = self.quarter(gateway, start);
        sums.legs[2] += bytes;
        sums.unsolicited += bytes;
        sums.beyond[Beyond::Internet as usize][1] += bytes;
        if regional {
            sums.zones[0][2] += bytes;
        }
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
    ///
    /// `billing` is what the bill's rows add up to, null without a bill; `named` what follows from the query logs, key by key.
    pub(super) fn json(&self, options: &Options, objects: u64, billing: &Value, named: Map<String, Value>) -> Value {
        let mut truth = json!({
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
            "billing": billing,
            "records": self.kind_rows(options, |k| k.0),
            "record_bytes": self.kind_rows(options, |k| k.1),
        });
        if let Some(cluster) = &self.account.cluster {
            truth["namespaces"] = cluster.truth(self.account, |client| self.of_client(client));
        }
        for (key, value) in named {
            truth[key] = value;
        }
        truth
    }

    /// Bytes of a client through all gateways.
    fn of_client(&self, client: usize) -> Pair {
        let mut sum = [0, 0];
        for pair in self.clients.iter().skip(client).step_by(self.account.clients.len()) {
            add(&mut sum, pair[0], pair[1]);
        }
        sum
    }

    fn gateways(&self) -> Vec<Value> {
        let rows = self.account.gateways.iter().enumerate();
        rows.map(|(index, gateway)| {
            let sums = self.whole(index);
            let leg = |k: usize| sums.legs[k];
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
                "sent_unsolicited_bytes": sums.unsolicited,
                "billed_bytes": sums.billed(),
            })
        })
        .collect()
    }

    /// By gateway, client VPC and zone, service as the address or the user's rule tells it, and Region.
    fn traffic(&self) -> Vec<Value> {
        let mut rows: BTreeMap<_, (bool, Pair)> = BTreeMap::new();
        for (gateway, subnet, destination, pair) in self.cells() {
            let remote = &self.account.destinations.all[destination];
            let subnet = &self.account.subnets[subnet];
            let ruled = self.rules && remote.is_nameless();
            let service = if ruled { remote.name.as_str() } else { remote.service };
            let row = rows.entry((gateway, subnet.vpc, subnet.zone, service, remote.region)).or_default();
            row.0 = ruled;
            add(&mut row.1, pair[0], pair[1]);
        }
        let mut all = Vec::new();
        for ((gateway, vpc, zone, service, region), (ruled, pair)) in rows {
            let mut row = json!({
                "nat_gateway_id": self.account.gateways[gateway].id,
                "vpc_id": self.account.vpcs[vpc].id,
                "az_id": self.account.zone_id(zone),
                "service": service,
                "service_region": region,
                "upload_bytes": pair[0],
                "download_bytes": pair[1],
            });
            if ruled {
                row["evidence"] = json!("rule");
            }
            all.push(row);
        }
        all
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
        for (index, gateway) in self.account.gateways.iter().enumerate() {
            let mut second = self.month.start;
            for day in self.daily(index) {
                rows.push(json!({
                    "nat_gateway_id": gateway.id,
                    "day": iso_day(second),
                    "upload_bytes": day.legs[0],
                    "download_bytes": day.legs[3],
                    "billed_bytes": day.billed(),
                }));
                second += DAY_SECONDS;
            }
        }
        rows
    }

    /// Gateway endpoints that would take traffic: `fix` where the VPC has one that misses these clients.
    fn decisions(&self) -> Vec<Value> {
        let row = |(&(vpc, service), bytes): (&(usize, &str), &u64)| {
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
        self.endpoints.iter().map(row).collect()
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
pub(super) fn name(option: &impl clap::ValueEnum) -> String {
    option.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}
