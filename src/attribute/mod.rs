//! Whose bytes they are and what they were for: the client's VPC and AZ, the service of the remote, the facts of the gateway.
//!
//! Each distinct client and remote is looked up once; the rows leave as a [`FlowFrame`] of indices into the tables kept here.

mod custom;
mod gateway;
mod place;

pub use gateway::Gateway;
pub use place::Place;

use crate::count::peers::Peers;
use crate::count::resolve::{Basis, Counted};
use crate::count::rollup::Rollup;
use crate::frames::flows::{FlowColumns, FlowFrame, FrameError};
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::custom::CustomFlow;
use crate::model::inventory::Inventory;
use crate::name::{Named, Namer};
use hashbrown::HashMap;

/// [`FlowFrame`] value of a key that the row does not know.
pub const UNKNOWN: u32 = u32::MAX;

const HOURS_PER_DAY: u32 = 24;

/// Counted bytes with their client's place and their service.
#[derive(Debug)]
pub struct Attributed {
    /// NAT gateways by id.
    pub gateways: Vec<Gateway>,
    /// VPC and AZ of clients.
    pub places: Vec<Place>,
    /// Services.
    pub services: Vec<Named>,
    /// Client addresses, by the frame's client key.
    pub clients: Vec<Addr>,
    /// The rows; keys index the tables above.
    pub frame: FlowFrame,
    /// Traffic to customers' own services in another VPC, by key. What went through a gateway is in the frame too.
    pub custom: Vec<CustomFlow>,
}

/// Attributes every counted row. `peers` are those that the rows were counted with.
pub fn attribute(
    mut counted: Counted,
    rollup: &Rollup,
    inventory: &Inventory,
    namer: &Namer,
    peers: &Peers,
) -> Result<Attributed, FrameError> {
    let mut places = place::Places::new(&mut counted, rollup, inventory);
    let shared = places.shared_by_gateway(&counted);
    let mut services = Services { namer, known: HashMap::new(), named: Vec::new(), index: HashMap::new() };
    let mut custom = custom::Flows::new(peers, &counted.crossings);
    let mut columns = FlowColumns::with_capacity(counted.rows.len());
    for row in &counted.rows {
        let place = match row.basis {
            Basis::Remote => shared[row.gateway as usize],
            Basis::Pair | Basis::Client => places.of(row.gateway, row.client),
        };
        let service = match row.basis {
            Basis::Client => UNKNOWN,
            Basis::Pair | Basis::Remote => services.of(rollup, row.remote, row.label),
        };
        if row.basis != Basis::Client {
            let gateway = &counted.gateways[row.gateway as usize].side.id;
            custom.add(row, gateway, rollup.addrs.addr(row.remote), places.place(place));
        }
        let client = if row.client.is_none() { UNKNOWN } else { row.client.raw() };
        let keys = [row.gateway, row.hour / HOURS_PER_DAY, client, place, service, basis_key(row.basis)];
        columns.push(keys, row.upload, row.download, row.records);
    }
    let places = places.into_table();
    let gateways = counted.gateways.into_iter().map(|count| Gateway::new(count, rollup, inventory)).collect();
    let clients = rollup.addrs.addrs().to_vec();
    let (frame, custom) = (FlowFrame::new(columns)?, custom.finish());
    Ok(Attributed { gateways, places, services: services.named, clients, frame, custom })
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

struct Services<'a> {
    namer: &'a Namer,
    known: HashMap<(AddrId, crate::model::symbols::Sym), u32>,
    named: Vec<Named>,
    index: HashMap<Named, u32>,
}

impl Services<'_> {
    fn of(&mut self, rollup: &Rollup, remote: AddrId, label: crate::model::symbols::Sym) -> u32 {
        if let Some(&service) = self.known.get(&(remote, label)) {
            return service;
        }
        let named = self.namer.name(rollup.addrs.addr(remote), rollup.symbols.text(label));
        let next = u32::try_from(self.named.len()).expect("fewer than 2^32 services");
        let service = *self.index.entry_ref(&named).or_insert(next);
        if service == next {
            self.named.push(named);
        }
        self.known.insert((remote, label), service);
        service
    }
}
