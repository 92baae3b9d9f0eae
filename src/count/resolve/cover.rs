//! The hours of which gateways' own records tell, and with them those of gateways that were put in another's place. Route tables are
//! those of the day on which they were described: they say nothing of the hours before the gateway was made to which they lead.

use super::GatewayCount;
use crate::count::rollup::Rollup;
use crate::count::routes::Routes;
use crate::count::vantage::hour_after;
use hashbrown::{HashMap, HashSet};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Cover {
    /// Gateway and hour.
    hours: HashSet<(u32, u32)>,
    /// Of a gateway the first hour in which it was there from the beginning, and those whose place it may have taken.
    replaced: HashMap<u32, (u32, Vec<u32>)>,
}

impl Cover {
    /// Of these hours. A gateway to which routes lead took the place of those in its VPC to which none leads any more.
    pub(super) fn of(
        hours: HashSet<(u32, u32)>,
        gateways: &[GatewayCount],
        rollup: &Rollup,
        routes: Routes<'_>,
    ) -> Self {
        let in_use = routes.gateways_in_use();
        let mut first: HashMap<u32, u32> = HashMap::new();
        for &(gateway, hour) in &hours {
            let known = first.entry(gateway).or_insert(hour);
            *known = (*known).min(hour);
        }
        let is_in_vpc = |count: &GatewayCount, vpc: &str| {
            let said = || Some(rollup.symbols.text(rollup.interfaces[count.interface? as usize].facts.vpc));
            match routes.vpc_of_gateway(&count.side.id).or_else(said).filter(|said| !said.is_empty()) {
                Some(known) => known == vpc,
                None => count.side.own.iter().any(|addr| routes.vpcs_at(*addr).contains(&vpc)),
            }
        };
        let replaced = |(at, count): (u32, &GatewayCount)| {
            let id = in_use.get(count.side.id.as_str())?;
            let (since, vpc) = (hour_after(routes.created(id)?), routes.vpc_of_gateway(id)?);
            let others = (0u32..).zip(gateways).filter(|(other, _)| first.get(other).is_some_and(|hour| *hour < since));
            let gone = others.filter(|(_, other)| !in_use.contains(other.side.id.as_str()) && is_in_vpc(other, vpc));
            let gone: Vec<u32> = gone.map(|(other, _)| other).collect();
            (!gone.is_empty()).then_some((at, (since, gone)))
        };
        let replaced = (0u32..).zip(gateways).filter_map(replaced).collect();
        Self { hours, replaced }
    }

    /// Whether own records tell of the hour: the gateway's, or before it was made those of one that may have been in its place.
    pub(super) fn tells(&self, gateway: u32, hour: u32) -> bool {
        let tells = |gateway: u32| self.hours.contains(&(gateway, hour));
        let before = self.replaced.get(&gateway).filter(|(since, _)| hour < *since);
        tells(gateway) || before.is_some_and(|(_, replaced)| replaced.iter().any(|gateway| tells(*gateway)))
    }
}
