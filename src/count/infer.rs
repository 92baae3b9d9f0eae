//! NAT gateways that the inventory does not know, inferred from the records where that is certain: by `resource-id`, by
//! `interface-type`, or because an interface shows all four legs of a conversation.

use super::fold::{RowKey, Seen};
use super::legs::Shape;
use super::roles::{NatSide, Role, Roles};
use super::rollup::Rollup;
use super::vantage::Vantage;
use crate::model::addr::Addr;
use crate::model::addr_table::AddrId;
use crate::model::flow::Direction;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;

/// Gateways found in the records: the interface index and what is known of its addresses, by interface index.
#[must_use]
pub fn infer(rollup: &Rollup, vantage: &Vantage, roles: &Roles) -> Vec<(u32, NatSide)> {
    let rows = rows_of_candidates(rollup, vantage);
    let mut found = Vec::new();
    for (at, interface) in (0u32..).zip(&rollup.interfaces) {
        if interface.role != Role::Unknown || interface.name.is_none() {
            continue;
        }
        let id = rollup.symbols.text(interface.name);
        let none = Vec::new();
        let rows = rows.get(&at).unwrap_or(&none);
        let kind = rollup.symbols.text(interface.facts.kind);
        let regional = id.starts_with("nat-");
        let side = if regional {
            Some(NatSide { public: public_of_regional(rollup, rows, roles), regional, ..NatSide::default() })
        } else if kind == "nat_gateway" {
            Some(NatSide { own: own_addresses(rollup, rows, roles), ..NatSide::default() })
        } else if !rollup.symbols.text(interface.facts.instance).is_empty() {
            None // A NAT instance shows the same four legs.
        } else {
            four_legs(rollup, rows, roles).map(|own| NatSide { own, ..NatSide::default() })
        };
        found.extend(side.map(|side| (at, NatSide { id: id.to_owned(), ..side })));
    }
    found
}

fn rows_of_candidates(rollup: &Rollup, vantage: &Vantage) -> HashMap<u32, Vec<RowKey>> {
    // Only an interface that shows its own address in place of others, or says what it is, can be one.
    let mut candidates: HashSet<u32> = HashSet::new();
    for ((key, _), _) in rollup.rows.iter() {
        let raw_shown = matches!(key.seen, Seen::Raw(Shape::DstShown | Shape::SrcShown));
        let interface = &rollup.interfaces[key.interface as usize];
        if interface.role == Role::Unknown
            && (raw_shown
                || rollup.symbols.text(interface.facts.kind) == "nat_gateway"
                || rollup.symbols.text(interface.name).starts_with("nat-"))
        {
            candidates.insert(key.interface);
        }
    }
    let mut rows: HashMap<u32, Vec<RowKey>> = HashMap::new();
    for ((key, source), mut hours) in rollup.rows.iter() {
        if candidates.contains(&key.interface) && hours.any(|hour| vantage.speaks(key.interface, hour, *source)) {
            rows.entry(key.interface).or_default().push(*key);
        }
    }
    rows
}

/// The gateway's own addresses if one conversation shows all four legs; `None` otherwise.
fn four_legs(rollup: &Rollup, rows: &[RowKey], roles: &Roles) -> Option<Vec<Addr>> {
    let of = |shape| -> HashSet<(AddrId, AddrId)> {
        rows.iter().filter(|r| r.seen == Seen::Raw(shape)).map(|r| (r.from, r.to)).collect()
    };
    let (dst_shown, src_shown, plain) = (of(Shape::DstShown), of(Shape::SrcShown), of(Shape::Plain));
    // On a secondary address legs 2 and 3 show the primary instead of being plain.
    let behind_secondary: HashSet<AddrId> = src_shown
        .iter()
        .filter(|(near, far)| is_secondary(rollup, roles, *near, *far) && dst_shown.contains(&(*far, *near)))
        .map(|&(_, far)| far)
        .collect();
    let certain = rows.iter().filter(|r| r.seen == Seen::Raw(Shape::DstShown)).any(|leg1| {
        let (client, remote, nat) = (leg1.from, leg1.to, leg1.shown);
        let plain_pair = plain.contains(&(nat, remote)) && plain.contains(&(remote, nat));
        src_shown.contains(&(remote, client)) && (plain_pair || behind_secondary.contains(&remote))
    });
    certain.then(|| own_addresses(rollup, rows, roles))
}

fn is_secondary(rollup: &Rollup, roles: &Roles, near: AddrId, far: AddrId) -> bool {
    roles.is_local(rollup.addrs.addr(near)) && !roles.is_local(rollup.addrs.addr(far))
}

/// Addresses that the interface shows as its own, its secondary ones, and for a log without `pkt-*` the one in every row.
fn own_addresses(rollup: &Rollup, rows: &[RowKey], roles: &Roles) -> Vec<Addr> {
    let mut own: BTreeSet<Addr> = BTreeSet::new();
    for row in rows {
        match row.seen {
            Seen::Raw(Shape::DstShown) => {
                own.insert(rollup.addrs.addr(row.shown));
                if is_secondary(rollup, roles, row.to, row.from) {
                    own.insert(rollup.addrs.addr(row.to));
                }
            }
            Seen::Raw(Shape::SrcShown) => {
                own.insert(rollup.addrs.addr(row.shown));
                if is_secondary(rollup, roles, row.from, row.to) {
                    own.insert(rollup.addrs.addr(row.from));
                }
            }
            _ => {}
        }
    }
    if own.is_empty() {
        own.extend(common_address(rollup, rows));
    }
    own.into_iter().collect()
}

fn common_address(rollup: &Rollup, rows: &[RowKey]) -> Option<Addr> {
    let first = rows.first()?;
    let common: Vec<Addr> = [first.from, first.to]
        .into_iter()
        .filter(|&id| rows.iter().all(|r| r.from == id || r.to == id))
        .map(|id| rollup.addrs.addr(id))
        .filter(|addr| addr.is_private())
        .collect();
    match common[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// Public addresses of a regional gateway: what talks to the clients' remotes without being one itself.
fn public_of_regional(rollup: &Rollup, rows: &[RowKey], roles: &Roles) -> Vec<Addr> {
    let nat64 = |id: AddrId| rollup.addrs.addr(id).is_nat64();
    let outside = |id: AddrId| !roles.is_local(rollup.addrs.addr(id));
    let remotes: HashSet<Addr> = rows
        .iter()
        .filter_map(|r| match (outside(r.from), outside(r.to)) {
            (false, true) => Some(r.to),
            (true, false) => Some(r.from),
            _ if nat64(r.to) => Some(r.to),
            _ if nat64(r.from) => Some(r.from),
            _ => None,
        })
        .map(|id| rollup.addrs.addr(id).without_nat64())
        .collect();
    let mut public = BTreeSet::new();
    for row in rows.iter().filter(|r| outside(r.from) && outside(r.to) && !nat64(r.from) && !nat64(r.to)) {
        let (from, to) = (rollup.addrs.addr(row.from), rollup.addrs.addr(row.to));
        match (remotes.contains(&from), remotes.contains(&to), row.direction) {
            (false, true, _) | (false, false, Direction::Egress) => public.insert(from),
            (true, false, _) | (false, false, Direction::Ingress) => public.insert(to),
            _ => false,
        };
    }
    public.into_iter().collect()
}
