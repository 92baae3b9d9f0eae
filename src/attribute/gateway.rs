//! What is known of a NAT gateway: the inventory's word first, then its records'.

use crate::count::resolve::GatewayCount;
use crate::count::rollup::Rollup;
use crate::model::inventory::Inventory;
use crate::model::region;

/// A NAT gateway with its facts.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// What was counted.
    pub count: GatewayCount,
    /// Name tag.
    pub name: Option<String>,
    /// Owner account.
    pub account: Option<String>,
    /// AWS Region.
    pub region: Option<String>,
    /// VPC.
    pub vpc: Option<String>,
    /// AZ id of a zonal gateway.
    pub az: Option<String>,
    /// First and last day with attributed bytes, days since 1970.
    pub days: Option<(u32, u32)>,
}

impl Gateway {
    /// The facts of a counted gateway.
    #[must_use]
    pub fn new(count: GatewayCount, rollup: &Rollup, inventory: &Inventory) -> Self {
        let facts = count.interface.map(|at| rollup.interfaces[at as usize].facts).unwrap_or_default();
        let of_client = count.client_interface.map(|at| rollup.interfaces[at as usize].facts).unwrap_or_default();
        let said = |sym| Some(rollup.symbols.text(sym)).filter(|text| !text.is_empty()).map(str::to_owned);
        let known = inventory.nat_gateways().find(|nat| nat.id == count.side.id);
        let own =
            |pick: fn(&crate::model::inventory::NatGateway) -> &Option<String>| known.and_then(|nat| pick(nat).clone());
        let vpc = own(|nat| &nat.vpc).or_else(|| said(facts.vpc));
        let az = own(|nat| &nat.az_id).or_else(|| if count.side.regional { None } else { said(facts.az) });
        let account = own(|nat| &nat.account).or_else(|| said(facts.account).filter(|a| a != "unknown"));
        let region = own(|nat| &nat.region)
            .or_else(|| vpc.as_deref().and_then(|vpc| inventory.region_of_vpc(vpc)).map(str::to_owned))
            .or_else(|| said(facts.region))
            .or_else(|| said(of_client.region))
            .or_else(|| az.as_deref().and_then(region::of_az_id).map(str::to_owned));
        Self { name: own(|nat| &nat.name), account, region, vpc, az, days: None, count }
    }
}
