//! Interface endpoints: hours in every AZ and a price per GB, against what the NAT gateway charges. Whether they pay depends on
//! all of a Region's endpoints together, because they fill the price tiers together.
//!
//! Existing endpoints fill the tiers first. What is taken away from them, and then what is added, is priced as a whole and shared
//! by bytes, so that the rows of a Region sum to what its bill changes by.

use super::input::{EndpointPrices, ExistingEndpoint, RegionCase, ServiceTraffic};
use super::optimum::{self, Client, Existing, Host, Plan, Zones};
use super::reason;
use super::tiers::BreakEven;
use super::weighing::{Weighed, Weighing};
use crate::model::bytes::Bytes;
use crate::model::inventory::Zones as Offered;
use crate::model::usd::Usd;
use crate::report::DecisionRow;
use std::collections::{BTreeMap, BTreeSet};

/// Decides about a Region's endpoints.
#[must_use]
pub fn decide(case: &RegionCase) -> Weighing {
    let services: BTreeSet<&str> = case
        .traffic
        .iter()
        .chain(&case.at_edge)
        .map(|traffic| traffic.service.as_str())
        .chain(case.endpoints.iter().map(|endpoint| endpoint.service.as_str()))
        .collect();
    let zones = ZoneTable::new(case);
    let problems: Vec<Problem<'_>> = services.into_iter().map(|service| Problem::new(case, service, &zones)).collect();
    let Some(prices) = &case.prices else {
        let rows = problems.iter().flat_map(|problem| problem.rows_without_prices(case)).map(Weighed::unpriced);
        let mut rows: Vec<Weighed> = rows.collect();
        add_edge_rows(case, &mut rows);
        return Weighing { rows, existing: existing_bytes(case), ..Weighing::default() };
    };
    let plans = cheapest(case, prices, &problems);
    rows(case, prices, &problems, &plans)
}

/// The plans of the line that is cheapest in all.
fn cheapest(case: &RegionCase, prices: &EndpointPrices, problems: &[Problem<'_>]) -> Vec<Plan> {
    let existing = i128::from(existing_bytes(case).get());
    let of_line = prices.gb.lines().map(|line| {
        let price = line.price.per_gb().units();
        let plans: Vec<Plan> = problems.iter().map(|p| optimum::solve(&p.hosts, &p.clients, price)).collect();
        let cost = line.once + price * existing + plans.iter().map(|plan| plan.cost).sum::<i128>();
        (cost, plans)
    });
    // The first of equals.
    let best = of_line.into_iter().reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.map(|(_, plans)| plans).unwrap_or_default()
}

fn existing_bytes(case: &RegionCase) -> Bytes {
    case.endpoints.iter().filter_map(|endpoint| endpoint.bytes).sum::<Bytes>() + case.other_bytes
}

/// AZ ids as bits; beyond 64 of them the last bit stands for all others.
struct ZoneTable(Vec<String>);

impl ZoneTable {
    fn new(case: &RegionCase) -> Self {
        let of_traffic = case.traffic.iter().flat_map(|traffic| &traffic.azs);
        let all: BTreeSet<&String> = of_traffic.chain(case.endpoints.iter().flat_map(|e| &e.azs)).collect();
        Self(all.into_iter().cloned().collect())
    }

    /// An AZ that nobody knows is one AZ.
    const UNKNOWN: Zones = 1 << 63;

    fn bits(&self, azs: &BTreeSet<String>) -> Zones {
        let bit = |az: &String| self.0.binary_search(az).map_or(Self::UNKNOWN, |at| 1 << at.min(62));
        if azs.is_empty() { Self::UNKNOWN } else { azs.iter().map(bit).fold(0, |all, bit| all | bit) }
    }
}

/// The traffic of one VPC to the service.
struct Demand<'a> {
    vpc: &'a str,
    azs: BTreeSet<String>,
    gateways: BTreeSet<&'a str>,
    bytes: Bytes,
    /// What an endpoint at home avoids; `None` where it is not known, and then nothing is decided.
    avoided: Option<Usd>,
    /// What a shared endpoint avoids, by hub.
    avoided_at: BTreeMap<&'a str, Usd>,
    /// Bytes that do not cross a transit gateway now.
    direct: Bytes,
}

impl<'a> Demand<'a> {
    fn new(vpc: &'a str, parts: &[&'a ServiceTraffic], case: &RegionCase) -> Self {
        let offered = parts.first().and_then(|part| case.offered_zones.get(&part.service)).unwrap_or(&Offered::Any);
        let mut azs: BTreeSet<String> = parts.iter().flat_map(|part| part.azs.iter().cloned()).collect();
        azs.retain(|az| offered.holds(az));
        // Where it cannot stand beside its clients, one AZ of those where it can.
        if let (true, Offered::Only(ids)) = (azs.is_empty(), offered) {
            azs.extend(ids.first().cloned());
        }
        let hubs: BTreeSet<&str> = parts.iter().filter_map(|part| part.hub.as_deref()).collect();
        let transit_gb = case.prices.as_ref().and_then(|prices| prices.transit_gb);
        // A shared endpoint is reached over the transit gateway, also by what did not cross one before.
        let of = |over_hub: bool| parts.iter().filter(move |part| part.hub.is_some() == over_hub);
        let again: Bytes = of(true).map(|part| part.relayed).sum();
        let direct = of(false).map(|part| part.bytes).sum::<Bytes>().saturating_sub(again);
        let elsewhere = || -> Option<Usd> {
            let kept: Option<Usd> = parts.iter().map(|part| Some(part.nat_usd? + part.cross_az_usd?)).sum();
            Some(kept? - transit_gb?.cost(direct))
        };
        let avoided_at = hubs.into_iter().filter_map(|hub| Some((hub, elsewhere()?))).collect();
        Self {
            vpc,
            azs,
            gateways: parts.iter().map(|part| part.nat_gateway_id.as_str()).collect(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
            avoided: parts.iter().map(|part| part.avoided()).sum(),
            avoided_at,
            direct,
        }
    }
}

/// One service of a Region.
struct Problem<'a> {
    service: &'a str,
    /// VPC of each host.
    vpcs: Vec<&'a str>,
    /// The endpoint of each host, several in one.
    existing: Vec<Option<ExistingEndpoint>>,
    hosts: Vec<Host>,
    demands: Vec<Demand<'a>>,
    /// The demands whose costs are known, in the order of `priced`.
    clients: Vec<Client>,
    priced: Vec<usize>,
}

const SCALE: i128 = Bytes::PER_GB as i128;

impl<'a> Problem<'a> {
    fn new(case: &'a RegionCase, service: &'a str, zones: &ZoneTable) -> Self {
        let mut parts: BTreeMap<&str, Vec<&ServiceTraffic>> = BTreeMap::new();
        for traffic in case.traffic.iter().filter(|t| t.service == service && t.bytes + t.relayed > Bytes::ZERO) {
            parts.entry(&traffic.vpc).or_default().push(traffic);
        }
        let demands: Vec<Demand<'_>> = parts.iter().map(|(vpc, parts)| Demand::new(vpc, parts, case)).collect();
        let merged = merged_endpoints(case, service);
        let mut vpcs: BTreeSet<&str> =
            demands.iter().flat_map(|d| d.avoided_at.keys().copied().chain([d.vpc])).collect();
        vpcs.extend(case.endpoints.iter().filter(|e| e.service == service).map(|e| e.vpc.as_str()));
        let vpcs: Vec<&str> = vpcs.into_iter().collect();
        let existing: Vec<Option<ExistingEndpoint>> = vpcs.iter().map(|&vpc| merged.get(vpc).cloned()).collect();
        let per_zone = case.prices.as_ref().map_or(0, |prices| prices.hour.many(case.hours).units() * SCALE);
        let host = |(vpc, existing): (&&str, &Option<ExistingEndpoint>)| Host {
            per_zone,
            existing: existing.as_ref().map(|endpoint| existing_facts(endpoint, zones)),
            can_grow: !case.unavailable.contains_key(&((*vpc).to_owned(), service.to_owned())),
        };
        let hosts = vpcs.iter().zip(&existing).map(host).collect();
        let at = |vpc: &str| vpcs.binary_search(&vpc).unwrap_or_default();
        let existing_at = |vpc: &str| merged.get(vpc);
        let mut problem = Self {
            service,
            hosts,
            existing,
            clients: Vec::new(),
            priced: Vec::new(),
            demands: Vec::new(),
            vpcs: Vec::new(),
        };
        for (number, demand) in demands.iter().enumerate() {
            let Some(own) = demand.avoided else { continue };
            // What the endpoint takes since is none of it, and nothing is left to do about what was.
            if existing_at(demand.vpc).is_some_and(|endpoint| endpoint.younger().is_some()) {
                continue;
            }
            let elsewhere = demand.avoided_at.iter().map(|(hub, usd)| (at(hub), usd.units() * SCALE));
            problem.clients.push(Client {
                bytes: demand.bytes.get(),
                zones: zones.bits(&demand.azs),
                avoided: elsewhere.chain([(at(demand.vpc), own.units() * SCALE)]).collect(),
                home: at(demand.vpc),
            });
            problem.priced.push(number);
        }
        problem.vpcs = vpcs;
        problem.demands = demands;
        problem
    }

    fn host_of(&self, vpc: &str) -> usize {
        self.vpcs.binary_search(&vpc).unwrap_or_default()
    }

    fn rows_without_prices<'s>(&'s self, case: &'s RegionCase) -> impl Iterator<Item = DecisionRow> + 's {
        self.demands.iter().map(|demand| unpriced(case, self, demand))
    }
}

/// The endpoints of each VPC as one: ids of the smallest, everything else added up. One that was created after the period counts only
/// where there is no other.
fn merged_endpoints(case: &RegionCase, service: &str) -> BTreeMap<String, ExistingEndpoint> {
    let mut merged: BTreeMap<String, ExistingEndpoint> = BTreeMap::new();
    let of_service = || case.endpoints.iter().filter(|endpoint| endpoint.service == service);
    let stood: BTreeSet<&str> = of_service()
        .filter(|endpoint| endpoint.created_after.is_none())
        .map(|endpoint| endpoint.vpc.as_str())
        .collect();
    for endpoint in of_service().filter(|e| e.created_after.is_none() || !stood.contains(e.vpc.as_str())) {
        let Some(known) = merged.get_mut(&endpoint.vpc) else {
            merged.insert(endpoint.vpc.clone(), endpoint.clone());
            continue;
        };
        let took_over = took_over(known, endpoint);
        known.id = known.id.clone().min(endpoint.id.clone());
        known.azs.extend(endpoint.azs.iter().cloned());
        known.bytes = known.bytes.zip(endpoint.bytes).map(|(a, b)| a + b);
        known.hours_usd = known.hours_usd.zip(endpoint.hours_usd).map(|(a, b)| a + b);
        known.data_usd = known.data_usd.zip(endpoint.data_usd).map(|(a, b)| a + b);
        known.private_dns = known.private_dns.max(endpoint.private_dns);
        known.managed |= endpoint.managed;
        known.took_over = took_over.as_ref().map(|(created, _)| *created);
        known.id = took_over.map_or_else(|| known.id.clone(), |(_, id)| id);
        if known.free_way != endpoint.free_way {
            (known.free_way, known.nat_per_gb) = (None, None);
        }
    }
    merged
}

/// When the first of two endpoints was made to which names lead, and its id: what crossed before the other one was made crossed beside an
/// older one, and one that names pass by takes nothing over.
fn took_over(one: &ExistingEndpoint, other: &ExistingEndpoint) -> Option<(i64, String)> {
    let of = |endpoint: &ExistingEndpoint| endpoint.took_over.map(|created| (created, endpoint.id.clone()));
    match [one, other].map(|endpoint| endpoint.private_dns == Some(false)) {
        [false, true] => of(one),
        [true, false] => of(other),
        _ => of(one).zip(of(other)).map(|(one, other)| one.min(other)),
    }
}

fn existing_facts(endpoint: &ExistingEndpoint, zones: &ZoneTable) -> Existing {
    let ends = endpoint
        .hours_usd
        // One that has just taken its traffic over shows nothing yet of a whole period.
        .filter(|_| !endpoint.managed && endpoint.took_over.is_none())
        .map(|hours| (hours + endpoint.data_usd.unwrap_or_default()).units() * SCALE);
    Existing {
        zones: if endpoint.azs.is_empty() { 0 } else { zones.bits(&endpoint.azs) },
        // What the bill says of them is no matter of the tiers.
        bytes: if endpoint.data_usd.is_some() { 0 } else { endpoint.bytes.unwrap_or_default().get() },
        saved_by_removal: nat_exact(endpoint).zip(ends).map(|(nat, ends)| ends - nat),
    }
}

/// What its bytes would cost without it, in 10^-12 / 2^30 of the currency: nothing for none, whatever a GB costs.
fn nat_exact(endpoint: &ExistingEndpoint) -> Option<i128> {
    match endpoint.bytes? {
        Bytes::ZERO => Some(0),
        bytes => Some(endpoint.nat_per_gb?.exact_cost(bytes)),
    }
}

/// A row in the making: its share of the Region's data cost is known when all rows are.
struct Draft {
    weighed: Weighed,
    /// Bytes that come to the endpoints, or that leave them.
    moves: Moves,
}

enum Moves {
    In,
    Out,
    /// Out, at what the bill says that they cost.
    OutAt(Usd),
    Stay,
}

fn rows(case: &RegionCase, prices: &EndpointPrices, problems: &[Problem<'_>], plans: &[Plan]) -> Weighing {
    let of = |(problem, plan): (&Problem<'_>, &Plan)| {
        let gone = problem.existing.iter().zip(&plan.removed).filter(|(_, removed)| **removed);
        gone.filter_map(|(endpoint, _)| endpoint.clone()).collect::<Vec<ExistingEndpoint>>()
    };
    let removed: Vec<ExistingEndpoint> = problems.iter().zip(plans).flat_map(of).collect();
    let all = existing_bytes(case);
    let kept = all.saturating_sub(removed.iter().filter_map(|endpoint| endpoint.bytes).sum());
    let gone = removed.iter().filter(|e| e.data_usd.is_none()).filter_map(|endpoint| endpoint.bytes).sum();
    let writer = Writer { case, prices, kept };
    let mut drafts: Vec<Draft> =
        problems.iter().zip(plans).flat_map(|(problem, plan)| writer.drafts(problem, plan)).collect();
    let moved: Bytes = drafts.iter().filter(|d| matches!(d.moves, Moves::In)).map(|d| d.weighed.row.bytes).sum();
    let moved_usd = prices.gb.cost(kept, moved);
    share_data_cost(&mut drafts, |moves| matches!(moves, Moves::In), moved_usd);
    let removed_usd = prices.gb.cost(kept, gone);
    share_data_cost(&mut drafts, |moves| matches!(moves, Moves::Out), -removed_usd);
    let beyond = kept + moved;
    let finished = drafts.into_iter().map(|mut draft| {
        let row = &mut draft.weighed.row;
        match draft.moves {
            Moves::Stay if row.endpoint_hours_usd.is_some() => {
                row.endpoint_data_usd = Some(prices.gb.cost(beyond, row.bytes));
            }
            Moves::OutAt(usd) => row.endpoint_data_usd = Some(-usd),
            _ => {}
        }
        row.net_usd = net(row);
        if matches!(row.action, "create" | "fix" | "share") && row.net_usd.is_some_and(|net| net < Usd::ZERO) {
            row.reason += reason::FOR_THE_TIER;
        }
        writer.add_zones_that_pay(&mut draft.weighed);
        draft.weighed
    });
    let mut rows: Vec<Weighed> = finished.collect();
    add_edge_rows(case, &mut rows);
    Weighing { rows, existing: all, kept, moved, moved_usd, gone, removed_usd }
}

fn net(row: &DecisionRow) -> Option<Usd> {
    Some(row.avoided_usd? - row.endpoint_hours_usd? - row.endpoint_data_usd?)
}

fn share_data_cost(drafts: &mut [Draft], takes: impl Fn(&Moves) -> bool, cost: Usd) {
    let mut members: Vec<&mut DecisionRow> =
        drafts.iter_mut().filter(|draft| takes(&draft.moves)).map(|draft| &mut draft.weighed.row).collect();
    let weights: Vec<Bytes> = members.iter().map(|row| row.bytes).collect();
    let parts = cost.apportion(&weights).unwrap_or_else(|| vec![Usd::ZERO; weights.len()]);
    for (row, part) in members.iter_mut().zip(parts) {
        row.endpoint_data_usd = Some(part);
    }
}

/// What all rows of a Region need.
struct Writer<'a> {
    case: &'a RegionCase,
    prices: &'a EndpointPrices,
    /// Bytes of the endpoints that stay.
    kept: Bytes,
}

impl Writer<'_> {
    fn drafts(&self, problem: &Problem<'_>, plan: &Plan) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let mut host_of: Vec<Option<usize>> = vec![None; problem.demands.len()];
        for (client, &demand) in problem.priced.iter().enumerate() {
            host_of[demand] = plan.host_of[client];
        }
        for (host, _) in problem.vpcs.iter().enumerate() {
            let members: Vec<&Demand<'_>> =
                problem.demands.iter().zip(&host_of).filter(|(_, at)| **at == Some(host)).map(|(d, _)| d).collect();
            drafts.extend(self.members(problem, host, &members, plan.zones[host]));
            if let (true, Some(endpoint)) = (plan.removed[host], &problem.existing[host]) {
                drafts.push(self.removal(problem.service, endpoint));
            }
        }
        for (demand, host) in problem.demands.iter().zip(&host_of) {
            // A removed endpoint's row is the service's verdict in that VPC.
            if host.is_none() && !plan.removed[problem.host_of(demand.vpc)] {
                drafts.push(self.keep(problem, demand));
            }
        }
        drafts
    }

    /// The rows of the VPCs that use the endpoint of one host.
    fn members(&self, problem: &Problem<'_>, host: usize, members: &[&Demand<'_>], zones: Zones) -> Vec<Draft> {
        let weights: Vec<Bytes> = members.iter().map(|demand| demand.bytes).collect();
        let whole = self.prices.hour.many(self.case.hours).many(zones.count_ones().into());
        let hours = whole.apportion(&weights).unwrap_or_else(|| vec![Usd::ZERO; members.len()]);
        let sharing: Bytes = weights.into_iter().sum();
        let at = problem.vpcs[host];
        let existing = problem.existing[host].as_ref();
        members
            .iter()
            .zip(hours)
            .map(|(demand, hours)| {
                let at_home = demand.vpc == at;
                let shared = !at_home || members.len() > 1 && existing.is_none();
                let action = if shared {
                    "share"
                } else if existing.is_some() {
                    "fix"
                } else {
                    "create"
                };
                let reason = match action {
                    "share" => reason::share(
                        self.case,
                        problem.service,
                        (demand.vpc, &demand.azs),
                        at,
                        existing,
                        members.len(),
                    ),
                    "fix" => {
                        reason::fix(self.case, problem.service, demand.vpc, existing, &demand.gateways, &demand.azs)
                    }
                    _ => reason::create(self.case, problem.service, demand.vpc, &demand.gateways, &demand.azs),
                };
                let avoided = if at_home { demand.avoided } else { demand.avoided_at.get(at).copied() };
                let row = DecisionRow {
                    action,
                    endpoint_id: existing.map(|endpoint| endpoint.id.clone()),
                    endpoint_vpc_id: shared.then(|| at.to_owned()),
                    az_ids: demand.azs.iter().cloned().collect(),
                    bytes: demand.bytes,
                    avoided_usd: avoided,
                    endpoint_hours_usd: Some(hours),
                    break_even_gb: self.break_even(avoided, demand.bytes, hours),
                    reason,
                    ..self.row(problem.service, demand.vpc)
                };
                let azs = zones.count_ones().into();
                let newly_transit = if at_home { Bytes::ZERO } else { demand.direct };
                let weighed = Weighed { newly_transit, ..Weighed::new(row, azs, whole, sharing) };
                Draft { weighed, moves: Moves::In }
            })
            .collect()
    }

    fn removal(&self, service: &str, endpoint: &ExistingEndpoint) -> Draft {
        let bytes = endpoint.bytes.unwrap_or_default();
        let nat = endpoint.nat_per_gb.map_or(Usd::ZERO, |price| price.cost(bytes));
        let hours = endpoint.hours_usd.unwrap_or_default();
        let row = DecisionRow {
            action: "remove",
            endpoint_id: Some(endpoint.id.clone()),
            az_ids: endpoint.azs.iter().cloned().collect(),
            bytes,
            avoided_usd: Some(-nat),
            endpoint_hours_usd: Some(-hours),
            break_even_gb: self.break_even_of(endpoint, hours),
            reason: reason::remove(self.case, service, endpoint),
            ..self.row(service, &endpoint.vpc)
        };
        let azs = endpoint.azs.len() as u64;
        let weighed = Weighed { billed_data_usd: endpoint.data_usd, ..Weighed::new(row, azs, hours, bytes) };
        Draft { weighed, moves: endpoint.data_usd.map_or(Moves::Out, Moves::OutAt) }
    }

    /// From how many GB on an endpoint that exists would pay, at what a GB of it cost.
    fn break_even_of(&self, endpoint: &ExistingEndpoint, hours: Usd) -> Option<Usd> {
        let nat = endpoint.nat_per_gb?.per_gb();
        match endpoint.data_usd.zip(endpoint.bytes).and_then(|(usd, bytes)| usd.per_gb_of(bytes)) {
            Some(paid) => BreakEven::at(paid, hours, nat).gb,
            None => self.prices.gb.break_even_gb(self.kept, hours, nat),
        }
    }

    /// Traffic that stays: with the figures of the endpoint that it was weighed against.
    fn keep(&self, problem: &Problem<'_>, demand: &Demand<'_>) -> Draft {
        let existing = problem.existing[problem.host_of(demand.vpc)].as_ref();
        let why_not = self.case.unavailable.get(&(demand.vpc.to_owned(), problem.service.to_owned()));
        let blank = self.row(problem.service, demand.vpc);
        let weighed = match (demand.avoided, why_not) {
            (None, _) => Weighed::unpriced(unpriced(self.case, problem, demand)),
            (Some(avoided), Some(why_not)) if existing.is_none() => {
                let reason = reason::unavailable(self.case, problem.service, demand.vpc, why_not);
                Weighed::unpriced(DecisionRow { avoided_usd: Some(avoided), reason, ..blank })
            }
            (Some(avoided), _) => {
                let younger = existing.filter(|endpoint| endpoint.younger().is_some());
                let zones = if existing.is_some() && younger.is_none() { 0 } else { demand.azs.len().max(1) };
                let reason = match younger {
                    Some(endpoint) => {
                        reason::younger(self.case, problem.service, demand.vpc, endpoint, &demand.gateways)
                    }
                    None => reason::keep(self.case, problem.service, demand.vpc, &demand.gateways, zones),
                };
                let hours = self.prices.hour.many(self.case.hours).many(zones as u64);
                let row = DecisionRow {
                    avoided_usd: Some(avoided),
                    endpoint_hours_usd: Some(hours),
                    break_even_gb: self.break_even(Some(avoided), demand.bytes, hours),
                    reason,
                    ..blank
                };
                Weighed::new(row, zones as u64, hours, demand.bytes)
            }
        };
        let row = DecisionRow {
            endpoint_id: existing.map(|endpoint| endpoint.id.clone()),
            az_ids: demand.azs.iter().cloned().collect(),
            bytes: demand.bytes,
            ..weighed.row
        };
        Draft { weighed: Weighed { row, ..weighed }, moves: Moves::Stay }
    }

    fn break_even(&self, avoided: Option<Usd>, bytes: Bytes, hours: Usd) -> Option<Usd> {
        self.prices.gb.break_even_gb(self.kept, hours, avoided?.per_gb_of(bytes)?)
    }

    /// An endpoint serves clients of every AZ of its VPC, so new AZs are never needed; they are still recommended, and paid for,
    /// where the saving outweighs them: traffic then stays inside its AZ.
    fn add_zones_that_pay(&self, weighed: &mut Weighed) {
        let row = &mut weighed.row;
        let of_row = |e: &&ExistingEndpoint| e.vpc == row.vpc_id && e.service == row.service;
        let azs: BTreeSet<&String> = self.case.endpoints.iter().filter(of_row).flat_map(|e| &e.azs).collect();
        let missing = row.az_ids.iter().filter(|az| !azs.contains(az)).count();
        let hours = self.prices.hour.many(self.case.hours).many(missing as u64);
        let pays = row.net_usd.is_some_and(|net| net >= hours);
        let may = !self.case.unavailable.contains_key(&(row.vpc_id.clone(), row.service.clone()));
        if row.action == "fix" && row.endpoint_hours_usd == Some(Usd::ZERO) && missing > 0 && pays && may {
            row.reason += "; its hours here are those of an interface in each AZ that sends and has none";
            row.endpoint_hours_usd = Some(hours);
            row.break_even_gb = self.break_even(row.avoided_usd, row.bytes, hours);
            row.net_usd = net(row);
            (weighed.azs, weighed.hours_usd, weighed.sharing) = (missing as u64, hours, row.bytes);
        }
    }

    fn row(&self, service: &str, vpc: &str) -> DecisionRow {
        blank(self.case, service, vpc)
    }
}

fn blank(case: &RegionCase, service: &str, vpc: &str) -> DecisionRow {
    DecisionRow {
        action: "keep-nat",
        endpoint_type: "interface",
        service: service.to_owned(),
        endpoint_service_name: case.service_names.get(service).cloned().unwrap_or_default(),
        endpoint_id: None,
        endpoint_vpc_id: None,
        region: case.region.clone(),
        vpc_id: vpc.to_owned(),
        az_ids: Vec::new(),
        bytes: Bytes::ZERO,
        avoided_usd: None,
        endpoint_hours_usd: None,
        endpoint_data_usd: None,
        net_usd: None,
        break_even_gb: None,
        reason: String::new(),
    }
}

/// Traffic of Local Zones: nothing is decided about it; a row that its VPC has for the service anyway says that it is not in there.
fn add_edge_rows(case: &RegionCase, rows: &mut Vec<Weighed>) {
    let mut at_edge: BTreeMap<(&str, &str), Vec<&ServiceTraffic>> = BTreeMap::new();
    for traffic in case.at_edge.iter().filter(|traffic| traffic.bytes + traffic.relayed > Bytes::ZERO) {
        at_edge.entry((&traffic.vpc, &traffic.service)).or_default().push(traffic);
    }
    for ((vpc, service), parts) in at_edge {
        if let Some(weighed) = rows.iter_mut().find(|w| w.row.vpc_id == vpc && w.row.service == service) {
            weighed.row.reason += reason::EDGE_BESIDE;
            continue;
        }
        rows.push(Weighed::unpriced(DecisionRow {
            bytes: parts.iter().map(|part| part.bytes).sum(),
            avoided_usd: parts.iter().map(|part| part.avoided()).sum(),
            reason: reason::edge(case, service, vpc),
            ..blank(case, service, vpc)
        }));
    }
}

/// What has no price is not decided: it stays where it is, without a figure.
fn unpriced(case: &RegionCase, problem: &Problem<'_>, demand: &Demand<'_>) -> DecisionRow {
    let existing = problem.existing[problem.host_of(demand.vpc)].as_ref();
    DecisionRow {
        endpoint_id: existing.map(|endpoint| endpoint.id.clone()),
        az_ids: demand.azs.iter().cloned().collect(),
        bytes: demand.bytes,
        avoided_usd: demand.avoided,
        reason: reason::unpriced(case, problem.service, demand.vpc, demand.avoided.is_some()),
        ..blank(case, problem.service, demand.vpc)
    }
}
