//! Whose bytes they are and what they were for: the client's VPC, AZ and owner, the service of the remote, the facts of the gateway.
//!
//! Each distinct client and remote is looked up once; the rows leave as a [`FlowFrame`] of indices into the tables kept here.

mod custom;
mod gateway;
mod owners;
mod place;
mod remote;

pub use gateway::Gateway;
pub use owners::OwnerRules;
pub use place::Place;
pub use remote::Destination;

use crate::count::fold::RowSum;
use crate::count::peers::Peers;
use crate::count::resolve::{Basis, Counted, CountedRow, Counts};
use crate::count::rollup::Rollup;
use crate::count::rows::Rows;
use crate::frames::flows::{FlowColumns, FlowFrame, FrameError, Keys};
use crate::model::addr::Addr;
use crate::model::custom::CustomFlow;
use crate::model::inventory::{Inventory, VpcEndpoint};
use crate::model::period::HOUR_SECONDS;
use crate::name::asked::{Answers, Requests, RequestsBuilder};
use crate::name::{Meaning, Named, Namer};
use crate::own::Owner;
use owners::{OwnerTable, owner_number};
use std::collections::{BTreeMap, BTreeSet};

/// [`FlowFrame`] value of a key that the row does not know.
pub const UNKNOWN: u32 = u32::MAX;

const HOURS_PER_DAY: u32 = 24;

/// How finely the report looks.
#[derive(Clone, Copy, Debug)]
pub struct Detail<'a> {
    /// What tells owners apart.
    pub owners: OwnerRules<'a>,
    /// Whether days are told apart: it makes up to thirty times as many rows of a month.
    pub days: bool,
}

/// Counted bytes with their client's place and their service.
#[derive(Debug)]
pub struct Attributed {
    /// NAT gateways by id.
    pub gateways: Vec<Gateway>,
    /// VPC and AZ of clients.
    pub places: Vec<Place>,
    /// Services.
    pub services: Vec<Named>,
    /// Where the bytes went, as closely as it is known.
    pub destinations: Vec<Destination>,
    /// Owners of clients, each in the hours in which it was one.
    pub owners: Vec<Owner>,
    /// Client addresses, by the frame's client key.
    pub clients: Vec<Addr>,
    /// The rows; keys index the tables above. Their day is [`UNKNOWN`] where days are not asked for.
    pub frame: FlowFrame,
    /// Traffic to customers' own services in another VPC, by key. What went through a gateway is in the frame too.
    pub custom: Vec<CustomFlow>,
    /// The first and the last hour in which anything was counted, by place and service: of places in VPCs with an endpoint that is
    /// younger than the first of all hours.
    pub hours: BTreeMap<(u32, u32), (u32, u32)>,
    /// Rows (and their bytes) whose client asked for names of several services, so that something else names them.
    pub ambiguous: RowSum,
}

/// Counted rows with their clients' places; what they were for is not known yet.
#[derive(Debug)]
pub struct Placed {
    counted: Counted,
    /// Place of each pair.
    of_pair: Vec<u32>,
    places: Vec<Place>,
}

/// Finds the place of every counted row's client.
#[must_use]
pub fn place(mut counted: Counted, rollup: &Rollup, inventory: &Inventory) -> Placed {
    let mut places = place::Places::new(&mut counted, rollup, inventory);
    let shared = places.shared_by_gateway(&counted);
    let of_pair = counted.rows.pairs().map(|Counts { pair, .. }| match pair.basis {
        Basis::Remote => shared[pair.gateway as usize],
        Basis::Pair | Basis::Client => places.of(pair.gateway, pair.client),
    });
    let of_pair = of_pair.collect();
    Placed { of_pair, places: places.into_table(), counted }
}

impl Placed {
    /// What Resolver logs can be asked: which name a row's client asked for, in the row's order.
    #[must_use]
    pub fn requests(&self, rollup: &Rollup, inventory: &Inventory, look_back: u32) -> Requests {
        let mut requests = RequestsBuilder::default();
        for vpc in inventory.vpcs() {
            let key = requests.vpc(Some(&vpc.id));
            requests.blocks(key, &vpc.cidrs);
        }
        for (counts, place) in self.counted.rows.pairs().zip(&self.of_pair) {
            let (pair, hours) = (counts.pair, counts.rows().map(|row| row.hour));
            if pair.basis == Basis::Client {
                requests.skip(hours.count());
                continue;
            }
            let vpc = requests.vpc(self.places[*place as usize].vpc.as_deref());
            let client = (!pair.client.is_none()).then(|| rollup.addrs.addr(pair.client));
            requests.push(rollup.addrs.addr(pair.remote), vpc, client, hours);
        }
        requests.build(look_back)
    }

    /// Names what every row was for. `answers` are those to [`Placed::requests`], `peers` those that the rows were counted with.
    pub fn name(
        self,
        rollup: &Rollup,
        inventory: &Inventory,
        namer: &Namer,
        answers: Option<&Answers<Meaning>>,
        peers: &Peers,
        detail: Detail<'_>,
    ) -> Result<Attributed, FrameError> {
        let Self { mut counted, of_pair, places } = self;
        let gateways = std::mem::take(&mut counted.gateways);
        let mut gateways: Vec<Gateway> =
            gateways.into_iter().map(|count| Gateway::new(count, rollup, inventory)).collect();
        let mut owners = OwnerTable::new(rollup, inventory, detail.owners);
        let mut remotes = remote::Remotes::new(namer, rollup, answers);
        let mut custom = custom::Flows::new(peers, &counted.crossings);
        // A frame has a row for each distinct key and not one for each hour and address.
        let mut sums: Rows<Keys, [u64; 3]> = Rows::default();
        sums.reserve(counted.rows.pair_count());
        let mut at = 0;
        let mut ambiguous = RowSum::default();
        let (young, mut hours) = (young(&counted, &places, inventory), BTreeMap::new());
        // Asked for in an hour, and told apart by day.
        let by_hour = answers.is_some() || detail.days;
        for (counts, &place) in counted.rows.pairs().zip(&of_pair) {
            let (pair, all) = (counts.pair, counts.sums);
            let gateway = &gateways[pair.gateway as usize];
            let owners = owners.of(pair, (place, &places[place as usize]), gateway);
            let client = if pair.client.is_none() { UNKNOWN } else { pair.client.raw() };
            let days = gateway.days.unwrap_or((u32::MAX, 0));
            let days = (days.0.min(all.first / HOURS_PER_DAY), days.1.max(all.last / HOURS_PER_DAY));
            let (upload, download, records) = (all.upload, all.download, all.records);
            let whole = CountedRow { pair: *pair, hour: all.first, upload, download, records };
            let by_hour = by_hour || owner_number(owners, all.first) != owner_number(owners, all.last);
            let (rows, whole) = if by_hour { (Some(counts.rows()), None) } else { (None, Some(whole)) };
            // Of the row before, and what is known by it.
            let mut known: Option<(u32, remote::Remote)> = None;
            for row in rows.into_iter().flatten().chain(whole) {
                let (mut service, mut destination) = (UNKNOWN, UNKNOWN);
                if pair.basis != Basis::Client {
                    let answer = remotes.answer(at);
                    let same = known.filter(|(before, _)| *before == answer);
                    let (_, remote) = *known.insert(same.unwrap_or_else(|| (answer, remotes.of(pair, answer))));
                    (service, destination) = (remote.service, remote.destination);
                    if young[place as usize] {
                        let (first, last) = hours.entry((place, service)).or_insert((u32::MAX, 0));
                        *first = row.hour.min(*first);
                        *last = (*last).max(if by_hour { row.hour } else { all.last });
                    }
                    if remote.is_ambiguous {
                        ambiguous.records += 1;
                        ambiguous.bytes += row.upload + row.download;
                    }
                }
                let (_, owner) = owners[owner_number(owners, row.hour)];
                let day = if detail.days { row.hour / HOURS_PER_DAY } else { UNKNOWN };
                let keys = [pair.gateway, day, client, place, service, basis_key(pair.basis), destination, owner];
                let [upload, download, records] = sums.of(keys);
                *upload += row.upload;
                *download += row.download;
                *records += row.records;
                at += 1;
            }
            if pair.basis != Basis::Client {
                let ends = (rollup.addrs.addr(pair.remote), &places[place as usize]);
                custom.add(pair, [upload, download], &gateway.count.side.id, ends);
            }
            gateways[pair.gateway as usize].days = Some(days);
        }
        let clients = rollup.addrs.addrs().to_vec();
        let mut columns = FlowColumns::with_capacity(sums.len());
        for (keys, &[upload, download, records]) in sums.iter() {
            columns.push(*keys, upload, download, records);
        }
        drop(sums);
        let (frame, custom) = (FlowFrame::new(columns)?, custom.finish());
        let (services, destinations) = remotes.into_tables();
        let owners = owners.into_table();
        Ok(Attributed { gateways, places, services, destinations, owners, clients, frame, custom, hours, ambiguous })
    }
}

/// For each place whether its VPC has an endpoint that was created after the first hour.
fn young(counted: &Counted, places: &[Place], inventory: &Inventory) -> Vec<bool> {
    let first = counted.rows.pairs().map(|counts| counts.sums.first).min().unwrap_or(u32::MAX);
    let first = i64::from(first) * HOUR_SECONDS;
    let is_young = |endpoint: &&VpcEndpoint| endpoint.created.is_some_and(|created| created > first);
    let vpcs: BTreeSet<&str> = inventory.endpoints().filter(is_young).filter_map(|e| e.vpc.as_deref()).collect();
    places.iter().map(|place| place.vpc.as_deref().is_some_and(|vpc| vpcs.contains(vpc))).collect()
}

/// A basis as a frame key.
#[must_use]
pub const fn basis_key(basis: Basis) -> u32 {
    match basis {
        Basis::Pair => 0,
        Basis::Remote => 1,
        Basis::Client => 2,
    }
}
