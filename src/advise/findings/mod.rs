//! Findings on gateways themselves: what they cost beside the bytes that an endpoint could take. Values in, rows out.
//!
//! Rows can be acted on together: what they save is the sum of their dollars, no gateway's hours are in two of them, and none
//! counts a dollar that a decision avoids already.

mod plan;
mod reasons;

use crate::model::bytes::Bytes;
use crate::model::inventory::{Availability, Connectivity, TableUse};
use crate::model::usd::Usd;
use crate::report::FindingRow;
use plan::{Crossing, Fate, Plan, Target};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What is known of one gateway over the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayFacts {
    /// `nat-…`; each once.
    pub id: String,
    /// The `Name` tag.
    pub name: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// The AZ id of a zonal gateway.
    pub az: Option<String>,
    /// Zonal or regional: only zonal ones stand beside each other and have traffic from other zones.
    pub availability: Availability,
    /// Public or private: one cannot stand in for the other.
    pub connectivity: Connectivity,
    /// Deleted by now, or known to the bill alone: there is nothing to do about it.
    pub gone: bool,
    /// Both directions, as attributed from flow logs; `None` where no log covers it.
    pub attributed: Option<Bytes>,
    /// Both directions, as billed; `None` where no bill names it.
    pub billed: Option<Bytes>,
    /// Both directions, as `CloudWatch` counted them.
    pub metered: Option<Bytes>,
    /// What keeps the counts from being the whole.
    pub doubts: Doubts,
    /// Until when the bill tells of it, where records go on after that.
    pub billed_until: Option<i64>,
    /// Whether a bill that names no gateway holds bytes of its account and Region that no log explains: any may be its own.
    pub shared_gap: bool,
    /// Whether it is to take what an endpoint that is recommended to go has carried.
    pub takes_over: bool,
    /// Inbound that nobody asked for: billed, but no client's.
    pub unsolicited: Bytes,
    /// What its hours cost in the period; `None` where they have no price.
    pub hours_usd: Option<Usd>,
    /// What its public addresses cost in the period; not asked for at a private gateway.
    pub public_ipv4_usd: Option<Usd>,
    /// What the hours and the address of one more zonal gateway of its kind would cost in its Region over the period.
    pub new_gateway_hours_usd: Option<Usd>,
    /// The route tables that lead to it ([`crate::model::inventory::Inventory::tables_leading_to`]), by id.
    pub tables: Vec<TableUse>,
}

/// What keeps the counts of a gateway from being the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// AWS dropped records of it (SKIPDATA): what was attributed is too little, by nobody knows how much.
    pub dropped: bool,
    /// The bill has no byte of it, but lines that say otherwise or that nobody can understand or read: it does not say that none crossed.
    pub on_bill: bool,
}

impl GatewayFacts {
    /// What deleting it saves: hours and addresses.
    fn keep_usd(&self) -> Option<Usd> {
        Some(self.hours_usd? + self.addresses_usd()?)
    }

    /// What its public addresses cost; a private gateway has none.
    fn addresses_usd(&self) -> Option<Usd> {
        match self.connectivity {
            Connectivity::Public => self.public_ipv4_usd,
            Connectivity::Private => Some(Usd::ZERO),
        }
    }

    /// Nothing crossed it: logs, bill and `CloudWatch`, as far as they tell of it, hold no byte of the whole period. If neither logs nor
    /// bill do, it is not known.
    fn is_idle(&self) -> bool {
        let whole_bill = self.billed.is_some() && self.billed_until.is_none();
        let logs = self.attributed.is_some() && (!self.doubts.dropped || whole_bill || self.metered.is_some());
        let seen = [self.attributed, self.witness()].into_iter().flatten().any(|bytes| bytes > Bytes::ZERO);
        (logs || whole_bill) && !seen && !self.doubts.on_bill && !self.may_have_more() && !self.takes_over
    }

    /// What it carried by another count than the logs': the bill's or `CloudWatch`'s, whichever is more.
    fn witness(&self) -> Option<Bytes> {
        self.billed.max(self.metered)
    }

    /// Whether bytes that no log explains may be its own, as nothing says whose they are.
    fn may_have_more(&self) -> bool {
        self.billed.is_none() && self.shared_gap
    }

    /// What it carried, as far as anything says.
    fn carried(&self) -> Option<Bytes> {
        self.attributed.max(self.witness())
    }

    /// Whether bill or `CloudWatch` hold bytes that the logs do not, beyond unsolicited inbound and one percent, or whether there may be
    /// such bytes and no count that tells.
    fn is_underobserved(&self) -> bool {
        let explained = self.attributed.unwrap_or_default() + self.unsolicited;
        let more = self.witness().map_or(self.doubts.dropped, |witness| is_gap(witness, explained));
        more || self.doubts.on_bill || self.may_have_more()
    }
}

/// Whether a count holds more than another one explains, by over one percent.
#[must_use]
pub fn is_gap(whole: Bytes, explained: Bytes) -> bool {
    u128::from(whole.saturating_sub(explained).get()) * 100 > u128::from(whole.get())
}

/// Traffic of one place that no recommended decision (create, fix, share) takes off a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftTraffic {
    /// The gateway.
    pub nat_gateway_id: String,
    /// The clients' VPC.
    pub vpc: Option<String>,
    /// The clients' AZ id.
    pub az: Option<String>,
    /// Both directions.
    pub bytes: Bytes,
    /// What crossing to the gateway's zone costs for them: each direction on both sides. Looked at only where they cross;
    /// `None` where that has no price.
    pub cross_az_usd: Option<Usd>,
}

/// What a finding's saving is made from, for `explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingParts {
    /// A gateway goes: its hours and, at a public one, its addresses.
    Deletion {
        /// Cost of the hours.
        hours: Option<Usd>,
        /// Cost of the addresses; not asked for at a private gateway.
        addresses: Option<Usd>,
    },
    /// Clients of some AZs had better use another gateway.
    Crossing(Vec<CrossingParts>),
}

/// Clients of one AZ that cross to a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossingParts {
    /// The clients' AZ id.
    pub az: String,
    /// What crossing costs them: the sum of their [`LeftTraffic::cross_az_usd`].
    pub charge: Option<Usd>,
    /// Their bytes.
    pub bytes: Bytes,
    /// The gateway that would cost something to use instead.
    pub instead: Instead,
    /// What that costs.
    pub cost: Usd,
    /// Bytes of all gateways' clients in that AZ, who share the cost by bytes.
    pub sharing: Bytes,
    /// Their share of the cost.
    pub share: Usd,
}

/// The gateway that clients had better use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// One that stays anyway, at no cost.
    Standing(String),
    /// One with a finding of its own, which would have to be kept.
    Kept(String),
    /// One that has to be made.
    New,
}

/// All findings: largest saving first, those without a figure last, then by gateway and kind.
///
/// - `idle`: no attributed, billed or metered byte, and nothing on a bill that may be one. Saves its hours and public addresses, as do the next two.
/// - `redundant`: another gateway of its kind in its VPC and zone carries more (of equals the smaller id stays).
/// - `removable`: the recommended decisions take all that was attributed to it, and to those merged into it, and neither bill nor
///   `CloudWatch` holds anything else, nor may dropped records.
/// - `cross-az`: clients of its own VPC come from another zone. If a gateway stands there, another route saves the crossing;
///   else a new gateway does, less its cost, where that pays. A gateway there that is to go for another reason is kept for
///   this instead if that pays; its hours, which its own finding counts, are taken off here.
///
/// A gateway that is gone has no finding. Clients behind a transit gateway cross zones free of charge.
#[must_use]
pub fn find(gateways: &[GatewayFacts], left: &[LeftTraffic]) -> Vec<(FindingRow, FindingParts)> {
    let plan = Plan::new(gateways, left);
    let mut rows: Vec<(FindingRow, FindingParts)> = Vec::new();
    for gateway in plan.gateways() {
        let crossing = plan.crossing_of(&gateway.id);
        let zones: BTreeSet<&str> = crossing.iter().map(|part| part.az).collect();
        let kind = match plan.fate(&gateway.id) {
            Fate::Stays => None,
            Fate::Idle => Some("idle"),
            Fate::Redundant { .. } => Some("redundant"),
            Fate::Removable => Some("removable"),
        };
        if let Some(kind) = kind {
            // What the cross-az finding sends elsewhere is not sent to the gateway that stays.
            let stays = |table: &&TableUse| {
                table.az_ids.is_empty() || table.az_ids.iter().any(|az| !zones.contains(az.as_str()))
            };
            let tables = ids(gateway.tables.iter().filter(stays));
            let parts = FindingParts::Deletion { hours: gateway.hours_usd, addresses: gateway.addresses_usd() };
            let reason = reasons::deletion(&plan, gateway, &tables);
            rows.push((row(kind, gateway, gateway.keep_usd(), reason, tables), parts));
        }
        if !crossing.is_empty() {
            let tables =
                ids(gateway.tables.iter().filter(|table| table.az_ids.iter().any(|az| zones.contains(az.as_str()))));
            let usd = crossing.iter().map(|part| part.saving).sum::<Option<Usd>>();
            let parts = FindingParts::Crossing(crossing.iter().map(Crossing::parts).collect());
            rows.push((row("cross-az", gateway, usd, reasons::crossing(gateway, &crossing), tables), parts));
        }
    }
    rows.sort_by(|(a, _), (b, _)| {
        let key = |r: &FindingRow| (r.usd.is_none(), Reverse(r.usd));
        key(a).cmp(&key(b)).then_with(|| (&a.nat_gateway_id, a.kind).cmp(&(&b.nat_gateway_id, b.kind)))
    });
    rows
}

fn ids<'a>(tables: impl Iterator<Item = &'a TableUse>) -> Vec<String> {
    let ids: BTreeSet<&String> = tables.map(|table| &table.route_table_id).collect();
    ids.into_iter().cloned().collect()
}

fn row(
    kind: &'static str,
    gateway: &GatewayFacts,
    usd: Option<Usd>,
    reason: String,
    route_table_ids: Vec<String>,
) -> FindingRow {
    FindingRow { kind, nat_gateway_id: gateway.id.clone(), route_table_ids, usd, reason }
}

impl Crossing<'_> {
    fn parts(&self) -> CrossingParts {
        let instead = match self.target {
            Target::Standing(id) => Instead::Standing(id.to_owned()),
            Target::Kept(id) => Instead::Kept(id.to_owned()),
            Target::New => Instead::New,
        };
        CrossingParts {
            az: self.az.to_owned(),
            charge: self.charge,
            bytes: self.bytes,
            instead,
            cost: self.cost,
            sharing: self.sharing,
            share: self.share,
        }
    }
}

#[cfg(test)]
mod tests;
