//! Whose bytes they are and what they were for: the client's VPC, AZ and owner, the service of the remote, the facts of the gateway.
//!
//! Each distinct client and remote is looked up once; the rows leave as a [`FlowFrame`] of indices into the tables kept here.

mod custom;
mod gateway;
mod owners;
mod place;
mod remote;
mod share;
mod table;

pub use gateway::Gateway;
pub use owners::OwnerRules;
pub use place::Place;
pub use remote::Destination;

use crate::count::fold::RowSum;
use crate::count::peers::Peers;
use crate::count::resolve::{Basis, Counted, Counts};
use crate::count::rollup::Rollup;
use crate::frames::flows::{FlowColumns, FlowFrame, FrameError};
use crate::model::addr::Addr;
use crate::model::custom::CustomFlow;
use crate::model::inventory::{Inventory, VpcEndpoint};
use crate::model::period::HOUR_SECONDS;
use crate::name::asked::{Answers, Requests, RequestsBuilder};
use crate::name::{Meaning, Named, Namer};
use crate::own::Owner;
use share::{Pairs, Share};
use std::collections::{BTreeMap, BTreeSet};

/// [`FlowFrame`] value of a key that the row does not know.
pub const UNKNOWN: u32 = u32::MAX;

/// How finely the report looks.
#[derive(Clone, Copy, Debug)]
pub struct Detail<'a> {
    /// What tells owners apart.
    pub owners: OwnerRules<'a>,
    /// Whether days are told apart: it makes up to thirty times as many rows of a month.
    pub days: bool,
}

/// What rows are named by.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// The texts and addresses that the rows point to.
    pub rollup: &'a Rollup,
    /// The account.
    pub inventory: &'a Inventory,
    /// Names of addresses.
    pub namer: &'a Namer,
    /// The answers to [`Placed::requests`], where anybody was asked.
    pub answers: Option<&'a Answers<Meaning>>,
    /// The peers that the rows were counted with.
    pub peers: &'a Peers,
    /// How finely.
    pub detail: Detail<'a>,
    /// On so many threads, at least 1; what is named does not depend on it.
    pub threads: usize,
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

    /// Names what every row was for.
    pub fn name(self, by: &Naming<'_>) -> Result<Attributed, FrameError> {
        let Self { mut counted, of_pair, places } = self;
        let Naming { rollup, inventory, .. } = *by;
        let gateways = std::mem::take(&mut counted.gateways);
        let mut gateways: Vec<Gateway> =
            gateways.into_iter().map(|count| Gateway::new(count, rollup, inventory)).collect();
        let owners = owners::all(rollup, inventory, by.detail.owners);
        let young = young(&counted, &places, inventory);
        let all = Pairs { counted: &counted, of_pair: &of_pair, places: &places, gateways: &gateways, young: &young };
        let named = share::name(&all, by, &owners);
        let Share { sums, remotes, owners, mut custom, hours, ambiguous, days } = named;
        drop((of_pair, young));
        for (gateway, days) in gateways.iter_mut().zip(days) {
            gateway.days = days;
        }
        custom.add_crossings(&counted.crossings);
        drop(counted);
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
