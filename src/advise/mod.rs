//! Decisions: what to do about each client VPC and service, with its arithmetic. Pure; prices and traffic come in as values.
//!
//! `case` sorts traffic and endpoints by what could be decided about them; `gateway` and `interface` decide by endpoint type;
//! `optimum` finds the cheapest places for one service, `tiers` prices the GB; `weighing`
//! keeps what the figures of a decision were made from; `findings` are about the gateways themselves.

pub mod case;
pub mod custom;
pub mod findings;
pub mod gateway;
pub mod input;
pub mod interface;
pub mod removals;
pub mod tiers;
pub mod weighing;

mod optimum;
mod reason;
#[cfg(test)]
mod tests;
mod words;

use crate::report::DecisionRow;
use std::cmp::Reverse;

/// Largest net saving first, then what has none; what is not known, last.
pub fn sort(rows: &mut [DecisionRow]) {
    rows.sort_by(|a, b| {
        let key = |r: &DecisionRow| (r.net_usd.is_none(), Reverse(r.net_usd), Reverse(r.bytes));
        let name = |r: &DecisionRow| (r.vpc_id.clone(), r.service.clone(), r.endpoint_type, r.action);
        key(a).cmp(&key(b)).then_with(|| name(a).cmp(&name(b)))
    });
}
