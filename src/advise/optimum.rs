//! Where the endpoints of one service should stand: NAT, an endpoint of the VPC's own, or one that VPCs share. Exact.
//!
//! Money is in 10^-12 / 2^30 of the currency here, so that nothing is rounded before it is compared. At one price of a GB the
//! services of a Region do not depend on each other, and neither do hosts that no VPC can choose between. Inside such a group
//! every set of zones that an endpoint could have is tried; for given endpoints each VPC simply takes its cheapest way.

use std::collections::{BTreeMap, BTreeSet};

/// Zones as bits.
pub(super) type Zones = u64;

/// A VPC that could hold an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Host {
    /// What one zone costs over the period.
    pub(super) per_zone: i128,
    /// The endpoint that it has.
    pub(super) existing: Option<Existing>,
    /// Whether an endpoint can be created, or zones added to the one that it has.
    pub(super) can_grow: bool,
}

/// An endpoint that a host has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Existing {
    /// Its zones.
    pub(super) zones: Zones,
    /// Bytes through it.
    pub(super) bytes: u64,
    /// What its hours cost less what its bytes would cost through a NAT gateway; `None` where one of them is not known, or the
    /// VPC has no other way: then it stays.
    pub(super) saved_by_removal: Option<i128>,
}

/// Traffic of one VPC to the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    /// Bytes that cross a NAT gateway now.
    pub(super) bytes: u64,
    /// Zones that they come from.
    pub(super) zones: Zones,
    /// What is avoided at each host that it can use.
    pub(super) avoided: BTreeMap<usize, i128>,
    /// The host that is the VPC itself: an endpoint that exists there serves all its zones.
    pub(super) home: usize,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The host of each client; `None` stays with the NAT gateway.
    pub(super) host_of: Vec<Option<usize>>,
    /// Zones to pay at each host, those of an endpoint that it has apart.
    pub(super) zones: Vec<Zones>,
    /// Whether the endpoint that a host has goes.
    pub(super) removed: Vec<bool>,
    /// Hours and bytes at the price, less what is avoided and saved.
    pub(super) cost: i128,
}

/// Most combinations of endpoints that are tried at once: a group of hosts above it is decided host by host.
const MAX_COMBINATIONS: usize = 1 << 20;

/// A state that a host can be in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Has(Zones),
    Removed,
}

/// The cheapest plan if every GB through an endpoint costs the same: `price` in 10^-12 / 2^30 of the currency a byte.
pub(super) fn solve(hosts: &[Host], clients: &[Client], price: i128) -> Plan {
    let mut plan = Plan {
        host_of: vec![None; clients.len()],
        zones: vec![0; hosts.len()],
        removed: vec![false; hosts.len()],
        cost: 0,
    };
    for group in groups(hosts.len(), clients) {
        solve_group(hosts, clients, price, &group, &mut plan);
    }
    plan
}

/// Hosts that some client can choose between stand together.
fn groups(hosts: usize, clients: &[Client]) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..hosts).collect();
    for client in clients {
        if client.avoided.is_empty() {
            continue;
        }
        let first = client.home;
        for &other in client.avoided.keys() {
            let (from, to) = (group_of[other], group_of[first]);
            for group in &mut group_of {
                if *group == from {
                    *group = to;
                }
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (host, group) in group_of.into_iter().enumerate() {
        members.entry(group).or_default().push(host);
    }
    members.into_values().collect()
}

fn solve_group(hosts: &[Host], clients: &[Client], price: i128, group: &[usize], plan: &mut Plan) {
    let of_group: Vec<usize> =
        (0..clients.len()).filter(|&c| clients[c].avoided.keys().any(|host| group.contains(host))).collect();
    let mut states: Vec<Vec<State>> =
        group.iter().map(|&host| states(host, &hosts[host], &of_group, clients)).collect();
    // A VPC whose endpoint nobody else can use need not be combined with anything: its best state is its client's own choice.
    for (at, &host) in group.iter().enumerate() {
        let only_home = of_group.iter().all(|&c| clients[c].home == host || !clients[c].avoided.contains_key(&host));
        if only_home {
            keep_whole_or_none(&mut states[at]);
        }
    }
    let combinations = states.iter().try_fold(1usize, |n, states| n.checked_mul(states.len()));
    let mut search = Search { hosts, clients, price, group, of_group: &of_group, best: None };
    if combinations.is_some_and(|n| n <= MAX_COMBINATIONS) {
        search.all(&states, &mut Vec::new());
    } else {
        search.one_by_one(&states);
    }
    let Some((cost, chosen)) = search.best.take() else { return };
    plan.cost += cost;
    search.apply(&chosen, plan);
}

/// Of the zones of a host with a single client only none and all of them make sense.
fn keep_whole_or_none(states: &mut Vec<State>) {
    let all = states.iter().fold(0, |all, state| if let State::Has(zones) = state { all | zones } else { all });
    states.retain(|state| matches!(state, State::Removed) || *state == State::Has(0) || *state == State::Has(all));
}

/// Zones worth paying are unions of what its clients need; without anyone none.
fn states(host: usize, facts: &Host, of_group: &[usize], clients: &[Client]) -> Vec<State> {
    let has = facts.existing.map_or(0, |existing| existing.zones);
    let mut unions: BTreeSet<Zones> = [0].into();
    if facts.can_grow {
        for client in of_group.iter().map(|&c| &clients[c]).filter(|client| client.avoided.contains_key(&host)) {
            let needs = client.zones & !has;
            let more: Vec<Zones> = unions.iter().map(|zones| zones | needs).collect();
            unions.extend(more);
        }
    }
    let removable = facts.existing.and_then(|existing| existing.saved_by_removal).is_some();
    unions.into_iter().map(State::Has).chain(removable.then_some(State::Removed)).collect()
}

struct Search<'a> {
    hosts: &'a [Host],
    clients: &'a [Client],
    price: i128,
    group: &'a [usize],
    of_group: &'a [usize],
    best: Option<(i128, Vec<State>)>,
}

impl Search<'_> {
    /// Every combination, the first of equals wins: fewer zones, nothing removed.
    fn all(&mut self, states: &[Vec<State>], chosen: &mut Vec<State>) {
        let Some(next) = states.get(chosen.len()) else {
            let cost = self.cost(chosen);
            if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
                self.best = Some((cost, chosen.clone()));
            }
            return;
        };
        for &state in next {
            chosen.push(state);
            self.all(states, chosen);
            chosen.pop();
        }
    }

    /// Host after host, the others as they are, until nothing gets better. Not the optimum in general.
    fn one_by_one(&mut self, states: &[Vec<State>]) {
        let mut chosen = vec![State::Has(0); self.group.len()];
        let mut best = self.cost(&chosen);
        loop {
            let before = best;
            for at in 0..chosen.len() {
                for &state in &states[at] {
                    let old = std::mem::replace(&mut chosen[at], state);
                    let cost = self.cost(&chosen);
                    if cost < best {
                        best = cost;
                    } else {
                        chosen[at] = old;
                    }
                }
            }
            if best == before {
                self.best = Some((best, chosen));
                return;
            }
        }
    }

    fn cost(&self, chosen: &[State]) -> i128 {
        let of_hosts: i128 = self.group.iter().zip(chosen).map(|(&host, state)| self.host_cost(host, *state)).sum();
        let of_clients: i128 = self.of_group.iter().filter_map(|&c| self.way(c, chosen)).map(|(cost, _)| cost).sum();
        of_hosts + of_clients
    }

    fn host_cost(&self, host: usize, state: State) -> i128 {
        let facts = &self.hosts[host];
        match state {
            State::Has(zones) => facts.per_zone * i128::from(zones.count_ones()),
            State::Removed => facts.existing.map_or(0, |existing| {
                -existing.saved_by_removal.unwrap_or_default() - self.price * i128::from(existing.bytes)
            }),
        }
    }

    /// The cheapest host of a client, if one is no dearer than the NAT gateway: at home rather than elsewhere.
    ///
    /// A client whose own endpoint goes stays with the NAT gateway: its VPC has one verdict, and what the endpoint carried would
    /// not go to the NAT gateway if the service's names led elsewhere.
    fn way(&self, client: usize, chosen: &[State]) -> Option<(i128, usize)> {
        let client = &self.clients[client];
        let at_home = self.group.iter().zip(chosen).find(|(host, _)| **host == client.home).map(|(_, state)| *state);
        if at_home == Some(State::Removed) {
            return None;
        }
        let usable = self.group.iter().zip(chosen).filter_map(|(&host, state)| {
            let avoided = *client.avoided.get(&host)?;
            let State::Has(zones) = *state else { return None };
            let existing = self.hosts[host].existing;
            let has = existing.map_or(0, |existing| existing.zones) | zones;
            let serves = if host == client.home && existing.is_some() { true } else { client.zones & !has == 0 };
            let stands = existing.is_some() || zones != 0;
            (serves && stands).then(|| (self.price * i128::from(client.bytes) - avoided, host != client.home, host))
        });
        usable.min().filter(|(cost, ..)| *cost <= 0).map(|(cost, _, host)| (cost, host))
    }

    fn apply(&self, chosen: &[State], plan: &mut Plan) {
        for (&host, state) in self.group.iter().zip(chosen) {
            match *state {
                State::Has(zones) => plan.zones[host] = zones,
                State::Removed => plan.removed[host] = true,
            }
        }
        for &client in self.of_group {
            plan.host_of[client] = self.way(client, chosen).map(|(_, host)| host);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The cheapest cost over all assignments of clients to hosts and all removals, told by nothing but their definition.
    fn brute_force(hosts: &[Host], clients: &[Client], price: i128) -> i128 {
        let mut best = i128::MAX;
        let mut choice = vec![0usize; clients.len()];
        loop {
            for removals in 0..1u32 << hosts.len() {
                if let Some(cost) = cost_of(hosts, clients, price, &choice, removals) {
                    best = best.min(cost);
                }
            }
            let Some(at) = (0..choice.len()).find(|&at| choice[at] < hosts.len()) else { return best };
            choice[..at].fill(0);
            choice[at] += 1;
        }
    }

    /// `choice` is 0 for the NAT gateway, else a host and one.
    fn cost_of(hosts: &[Host], clients: &[Client], price: i128, choice: &[usize], removals: u32) -> Option<i128> {
        let mut cost = 0;
        for (number, host) in hosts.iter().enumerate() {
            let users = || clients.iter().zip(choice).filter(|(_, choice)| **choice == number + 1).map(|(c, _)| c);
            let needs = users().filter(|c| c.home != number || host.existing.is_none());
            let needs = needs.fold(0, |zones, client| zones | client.zones);
            if removals >> number & 1 == 1 {
                let existing = host.existing?;
                let elsewhere = clients.iter().zip(choice).any(|(c, choice)| c.home == number && *choice > 0);
                if elsewhere || users().next().is_some() {
                    return None;
                }
                cost -= existing.saved_by_removal? + price * i128::from(existing.bytes);
                continue;
            }
            let missing = needs & !host.existing.map_or(0, |existing| existing.zones);
            if missing != 0 && !host.can_grow {
                return None;
            }
            cost += host.per_zone * i128::from(missing.count_ones());
            for client in users() {
                cost += price * i128::from(client.bytes) - client.avoided.get(&number)?;
            }
        }
        Some(cost)
    }

    fn hosts() -> impl Strategy<Value = Vec<Host>> {
        let existing = (1u64..8, 0u64..50, proptest::option::of(-200i128..200))
            .prop_map(|(zones, bytes, saved_by_removal)| Existing { zones, bytes, saved_by_removal });
        let host = (0i128..60, proptest::option::of(existing), proptest::bool::weighted(0.8))
            .prop_map(|(per_zone, existing, can_grow)| Host { per_zone, existing, can_grow });
        proptest::collection::vec(host, 4)
    }

    fn clients() -> impl Strategy<Value = Vec<Client>> {
        let client = (1u64..30, 1u64..8, 0usize..4, proptest::collection::btree_map(0usize..4, 0i128..200, 0..4))
            .prop_map(|(bytes, zones, home, avoided)| Client { bytes, zones, avoided, home });
        proptest::collection::vec(client, 0..5).prop_map(|mut clients: Vec<Client>| {
            for (home, client) in clients.iter_mut().enumerate() {
                client.home = home % 4; // a VPC has one row per service
            }
            clients.truncate(4);
            clients
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn nothing_is_cheaper_than_the_plan(hosts in hosts(), clients in clients(), price in 0i128..6) {
            let plan = solve(&hosts, &clients, price);
            prop_assert_eq!(plan.cost, brute_force(&hosts, &clients, price));
            let choice: Vec<usize> = plan.host_of.iter().map(|host| host.map_or(0, |host| host + 1)).collect();
            let removals = plan.removed.iter().enumerate().map(|(at, gone)| u32::from(*gone) << at).sum();
            prop_assert_eq!(cost_of(&hosts, &clients, price, &choice, removals), Some(plan.cost));
        }
    }

    #[test]
    fn a_draw_creates_nothing_uses_what_exists_and_stays_at_home() {
        let host = |existing| Host { per_zone: 5, existing, can_grow: true };
        let client = Client { bytes: 10, zones: 1, avoided: [(0, 15), (1, 15)].into(), home: 1 };
        let plan = solve(&[host(None), host(None)], std::slice::from_ref(&client), 1);
        assert_eq!((plan.host_of, plan.cost), (vec![None], 0));
        let shared = Existing { zones: 1, bytes: 0, saved_by_removal: None };
        let plan = solve(&[host(Some(shared)), host(Some(shared))], &[client], 1);
        assert_eq!((plan.host_of, plan.cost), (vec![Some(1)], -5));
    }
}
