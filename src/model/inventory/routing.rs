//! Which way a subnet's traffic to an address goes: route tables compiled once, then a few binary searches a lookup.

use super::{
    Inventory, RouteDestination, RouteOrigin, RouteState, RouteTable, RouteTarget, TableRole, prefixes::Prefixes,
};
use crate::model::addr::{Addr, Cidr};
use std::collections::{BTreeMap, BTreeSet};

static LOCAL: RouteTarget = RouteTarget::Local;

/// A target with its precedence among routes for one block. The order of the variants is the order that AWS documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Candidate {
    Local,
    Written(RouteTarget),
    Listed(RouteTarget),
    Propagated(RouteTarget),
}

impl Candidate {
    fn target(&self) -> &RouteTarget {
        match self {
            Self::Local => &LOCAL,
            Self::Written(target) | Self::Listed(target) | Self::Propagated(target) => target,
        }
    }
}

/// Route tables ready for lookups.
#[derive(Clone, Debug, Default)]
pub(super) struct Routing {
    tables: BTreeMap<String, Prefixes<Candidate>>,
    table_of_subnet: BTreeMap<String, String>,
    main_of_vpc: BTreeMap<String, String>,
}

impl Inventory {
    pub(super) fn compile_routes(&mut self) {
        let mut routing = Routing::default();
        for table in self.route_tables.values() {
            for subnet in &table.subnets {
                routing.table_of_subnet.entry(subnet.clone()).or_insert_with(|| table.id.clone());
            }
            if let (TableRole::Main, Some(vpc)) = (table.role, &table.vpc) {
                routing.main_of_vpc.entry(vpc.clone()).or_insert_with(|| table.id.clone());
            }
            routing.tables.insert(table.id.clone(), self.compile(table));
        }
        self.routing = routing;
    }

    fn compile(&self, table: &RouteTable) -> Prefixes<Candidate> {
        // AWS adds the local routes itself; an output that lost them must not send local traffic to a gateway.
        let vpc = table.vpc.as_ref().and_then(|id| self.vpcs.get(id));
        let mut blocks: Vec<(Cidr, Candidate)> =
            vpc.into_iter().flat_map(|vpc| &vpc.cidrs).map(|cidr| (*cidr, Candidate::Local)).collect();
        for route in table.routes.iter().filter(|route| route.state != RouteState::Filtered) {
            let target = match route.state {
                RouteState::Blackhole => RouteTarget::Blackhole,
                _ => route.target.clone(),
            };
            match (&route.destination, route.origin) {
                (RouteDestination::Cidr(cidr), _) if target == RouteTarget::Local => {
                    blocks.push((*cidr, Candidate::Local));
                }
                (RouteDestination::Cidr(cidr), RouteOrigin::Written) => {
                    blocks.push((*cidr, Candidate::Written(target)));
                }
                (RouteDestination::Cidr(cidr), RouteOrigin::Propagated) => {
                    blocks.push((*cidr, Candidate::Propagated(target)));
                }
                (RouteDestination::PrefixList(list), _) => {
                    let cidrs = self.list_entries(list).unwrap_or_default();
                    blocks.extend(cidrs.iter().map(|cidr| (*cidr, Candidate::Listed(target.clone()))));
                }
            }
        }
        blocks.into_iter().collect()
    }

    /// The blocks of a prefix list: as collected, else as supplied by [`Inventory::set_fallback_entries`].
    pub fn list_entries(&self, list: &str) -> Option<&[Cidr]> {
        let collected = self.prefix_lists.get(list).and_then(|list| list.cidrs.as_deref());
        collected.or_else(|| self.fallback_entries.get(list).map(Vec::as_slice))
    }

    /// Where the traffic of a subnet to an address goes, by the most specific route of its table.
    ///
    /// `None` if no route holds the address or no table of the subnet is known. A route whose target is gone gives
    /// [`RouteTarget::Blackhole`]: its traffic is dropped, it does not fall back to a wider route.
    pub fn route(&self, subnet: &str, addr: Addr) -> Option<&RouteTarget> {
        if let Some(table) = self.table_id_of_subnet(subnet) {
            return self.routing.tables.get(table)?.best(addr).map(Candidate::target);
        }
        let vpc = self.vpcs.get(self.subnets.get(subnet)?.vpc.as_ref()?)?;
        vpc.cidrs.iter().any(|cidr| cidr.contains(addr)).then_some(&LOCAL)
    }

    /// As [`Inventory::route`], as if there were no gateway endpoints.
    pub fn route_past_gateway_endpoints(&self, subnet: &str, addr: Addr) -> Option<&RouteTarget> {
        let table = self.routing.tables.get(self.table_id_of_subnet(subnet)?)?;
        let is_endpoint = |route: &&Candidate| matches!(route, Candidate::Listed(RouteTarget::VpcEndpoint(_)));
        Some(table.all(addr).find(|route| !is_endpoint(route))?.target())
    }

    /// The table that a subnet uses: the one associated with it, else its VPC's main table.
    pub fn route_table_of_subnet(&self, subnet: &str) -> Option<&RouteTable> {
        self.route_tables.get(self.table_id_of_subnet(subnet)?)
    }

    fn table_id_of_subnet(&self, subnet: &str) -> Option<&String> {
        self.routing.table_of_subnet.get(subnet).or_else(|| {
            let vpc = self.subnets.get(subnet)?.vpc.as_ref()?;
            self.routing.main_of_vpc.get(vpc)
        })
    }

    /// Id and, where known, name of every prefix list that a route in force uses and whose blocks are not known:
    /// lookups do not see these routes.
    pub fn prefix_list_routes_without_entries(&self) -> Vec<(&str, Option<&str>)> {
        let routes = self.route_tables.values().flat_map(|table| &table.routes);
        let used = routes.filter(|route| route.state != RouteState::Filtered).filter_map(|r| match &r.destination {
            RouteDestination::PrefixList(list) => Some(list.as_str()),
            RouteDestination::Cidr(_) => None,
        });
        let unknown: BTreeSet<&str> = used.filter(|list| self.list_entries(list).is_none()).collect();
        let name = |id| self.prefix_lists.get(id).and_then(|list| list.name.as_deref());
        unknown.into_iter().map(|id| (id, name(id))).collect()
    }

    /// Table and prefix list of every route in force whose blocks are not known, in tables that also lead to a NAT gateway
    /// or by this very route: whether a flow takes it or the gateway's route nobody can tell.
    pub fn unknown_routes(&self) -> Vec<(&str, &str)> {
        let leads_to_a_gateway =
            |table: &&RouteTable| table.routes.iter().any(|route| matches!(route.target, RouteTarget::NatGateway(_)));
        let tables = self.route_tables.values().filter(leads_to_a_gateway);
        let routes = tables.flat_map(|table| table.routes.iter().map(move |route| (table.id.as_str(), route)));
        let unknown = routes.filter_map(|(table, route)| match (&route.destination, route.state) {
            (_, RouteState::Filtered) | (RouteDestination::Cidr(_), _) => None,
            (RouteDestination::PrefixList(list), _) => {
                self.list_entries(list).is_none().then_some((table, list.as_str()))
            }
        });
        unknown.collect()
    }

    /// Supplies blocks for the lists of [`Inventory::prefix_list_routes_without_entries`] by list name
    /// (`com.amazonaws.us-east-1.s3`). An empty answer leaves a list unknown; collected blocks are never replaced.
    pub fn set_fallback_entries(&mut self, entries: impl Fn(&str) -> Vec<Cidr>) {
        let unknown = self.prefix_list_routes_without_entries();
        let named = unknown.into_iter().filter_map(|(id, name)| Some((id.to_owned(), entries(name?))));
        let found: Vec<(String, Vec<Cidr>)> = named.filter(|(_, cidrs)| !cidrs.is_empty()).collect();
        self.fallback_entries.extend(found);
        self.compile_routes();
    }
}
