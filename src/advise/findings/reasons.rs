//! The sentence of each finding: what was found, and what to do.

use super::GatewayFacts;
use super::plan::{Crossing, Fate, Plan, Target};
use crate::model::bytes::Bytes;
use crate::model::inventory::Connectivity;
use crate::model::period::iso_day;
use std::collections::BTreeSet;

/// Why a gateway can be deleted; `tables` are those that lead to it.
pub(super) fn deletion(plan: &Plan<'_>, gateway: &GatewayFacts, tables: &[String]) -> String {
    let (name, release) = (shown(gateway), release(gateway));
    let routes = match tables {
        [] => String::new(),
        some => format!(" after taking it out of {}", list(some)),
    };
    let brought = plan.would_bring(&gateway.id);
    let unless = match brought.as_slice() {
        [] => String::new(),
        from => format!("; or keep it for the clients that now cross zones to {}", list(from)),
    };
    let found = match plan.fate(&gateway.id) {
        Fate::Idle => format!("no byte crossed {name} in the period: delete it{release}{routes}{unless}"),
        Fate::Redundant { stayer } => redundant(plan, gateway, stayer, tables),
        Fate::Removable => {
            let merged = match plan.merged_into(&gateway.id).as_slice() {
                [] => String::new(),
                from => format!(", and of {} that comes to it,", list(from)),
            };
            let found = if gateway.attributed == Some(Bytes::ZERO) && merged.is_empty() {
                format!("nothing that a client asked for crossed {name}: delete it")
            } else {
                format!("the recommended endpoints take all traffic of {name}{merged}: delete it once they are in use")
            };
            format!("{found}{release}{routes}{unless}")
        }
        Fate::Stays => String::new(),
    };
    if gateway.hours_usd.is_none() {
        return format!(
            "{found}; what its hours cost is not known: the bill has no cost of them or does not know it, or there is no price"
        );
    }
    // Where the bill names no gateway, hours are those of the period.
    match gateway.billed_until.filter(|_| gateway.billed.is_some()) {
        Some(until) => {
            format!("{found}; the bill ends on {}, and of its hours only those are counted", iso_day(until - 1))
        }
        None => found,
    }
}

fn redundant(plan: &Plan<'_>, gateway: &GatewayFacts, stayer: &str, tables: &[String]) -> String {
    let (name, release) = (shown(gateway), release(gateway));
    let stays = plan.gateway(stayer);
    let of_stayer = stays.and_then(GatewayFacts::carried);
    let carries = match gateway.carried() {
        None => format!("and what {} carries is not known", gateway.id),
        carried if of_stayer == carried => "which carries as much".to_owned(),
        Some(_) => "which carries more".to_owned(),
    };
    let (vpc, az) = (gateway.vpc.as_deref().unwrap_or_default(), gateway.az.as_deref().unwrap_or_default());
    let routes = match tables {
        [] => "the routes that lead to it".to_owned(),
        some => list(some),
    };
    let stays = stays.map_or_else(|| stayer.to_owned(), shown);
    format!(
        "{name} stands in {az} of {vpc} beside {stays}, {carries}: point {routes} to {stayer} and delete it{release}, unless it is \
         there on purpose: for more than 55,000 connections at a time to one destination, or for addresses of its own"
    )
}

/// Why clients of other zones had better use another gateway.
pub(super) fn crossing(gateway: &GatewayFacts, parts: &[Crossing<'_>]) -> String {
    let zones: Vec<&str> = parts.iter().map(|part| part.az).collect();
    let (name, az) = (shown(gateway), gateway.az.as_deref().unwrap_or_default());
    let todo: Vec<String> = parts.iter().map(|part| instead(gateway, part)).collect();
    format!(
        "clients in {} cross to {name} in {az} and pay for it in both directions on both sides: {}",
        list(&zones),
        todo.join("; ")
    )
}

fn instead(gateway: &GatewayFacts, part: &Crossing<'_>) -> String {
    let az = part.az;
    let used = gateway.tables.iter().filter(|table| table.az_ids.contains(az));
    let (mut tables, mut shared) = (Vec::new(), BTreeSet::new());
    for table in used {
        tables.push(table.route_table_id.as_str());
        if table.az_ids.len() > 1 {
            shared.insert(table.route_table_id.as_str());
        }
    }
    let routes = if tables.is_empty() { format!("the routes of the subnets in {az}") } else { list(&tables) };
    let own = if shared.is_empty() {
        String::new()
    } else {
        let shared: Vec<&str> = shared.into_iter().collect();
        format!(
            " (give the subnets in {az} a route table of their own first: {} serves other zones too)",
            list(&shared)
        )
    };
    match part.target {
        Target::Standing(id) => format!("point {routes} to {id} in {az}{own}"),
        Target::Kept(id) => format!(
            "point {routes} to {id} in {az}{own} and keep that one, whose hours are taken off here as its own finding counts them"
        ),
        Target::New => {
            format!("create a NAT gateway in {az}, whose cost is taken off here, and point {routes} to it{own}")
        }
    }
}

fn release(gateway: &GatewayFacts) -> &'static str {
    match gateway.connectivity {
        Connectivity::Public => " and release its addresses",
        Connectivity::Private => "",
    }
}

fn shown(gateway: &GatewayFacts) -> String {
    match &gateway.name {
        Some(name) => format!("{} ({name})", gateway.id),
        None => gateway.id.clone(),
    }
}

fn list(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
