//! From attributed bytes and what each gateway's cost to the report's rows: sums, and splits that add up to the last digit.

pub use super::dimension::Dimension;
use super::dimension::TEAM;
use super::{ClientRow, ClientServiceRow, GroupRow, NatGatewayRow, TrafficRow};
use crate::attribute::{Attributed, Gateway, UNKNOWN, basis_key};
use crate::count::resolve::Basis;
use crate::frames::flows::{FrameError, GroupSum, Key, Keys};
use crate::model::addr::Addr;
use crate::model::bytes::Bytes;
use crate::model::inventory::Inventory;
use crate::model::period::{DAY_SECONDS, iso_day};
use crate::model::several::agree;
use crate::model::usd::Usd;
use crate::name::endpoints::EndpointType;
use crate::name::endpoints::offer::{endpoint_type_in, may_have_endpoint};
use crate::reconcile::split::GatewayCost;
use std::collections::{BTreeMap, BTreeSet};

mod destinations;
mod load;
mod matrix;
mod notes;

/// What others say of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// `CloudWatch`'s count.
    pub metered: Option<Bytes>,
    /// Why the sources disagree.
    pub diagnosis: Option<String>,
}

/// What a row of traffic does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// The records that its bytes come from.
    pub records: u64,
    /// The Region where an endpoint of its clients would stand.
    pub region: Option<String>,
    /// What an endpoint of its service would take over ([`crate::name::Named::covered`]).
    pub covered: Bytes,
    /// What other NAT gateways passed on, by their ids: bytes that each of them has in a row of its own, too, as far as it was logged.
    pub relayed: BTreeMap<String, Bytes>,
    /// Whether that is so if the Region that is not known is the other side's.
    pub may_be: bool,
}

/// Builds rows out of what was attributed and what it cost.
#[derive(Debug)]
pub struct Builder<'a> {
    attributed: &'a Attributed,
    inventory: &'a Inventory,
    /// In the order of the gateways.
    costs: &'a [GatewayCost],
}

impl<'a> Builder<'a> {
    /// Over these values.
    #[must_use]
    pub const fn new(attributed: &'a Attributed, inventory: &'a Inventory, costs: &'a [GatewayCost]) -> Self {
        Self { attributed, inventory, costs }
    }

    /// One row per gateway, by id; `witnesses` are in the order of the gateways.
    #[must_use]
    pub fn nat_gateways(&self, witnesses: Vec<Witness>) -> Vec<NatGatewayRow> {
        let row = |((gateway, cost), witness): ((&Gateway, &GatewayCost), Witness)| {
            let count = &gateway.count;
            let covered = |bytes: u64| observed(gateway).map(|_| Bytes::new(bytes));
            let itself = |bytes: u64| count.covered_itself.then(|| Bytes::new(bytes));
            NatGatewayRow {
                nat_gateway_id: count.side.id.clone(),
                name: gateway.name.clone(),
                account_id: gateway.account.clone(),
                region: gateway.region.clone(),
                vpc_id: gateway.vpc.clone(),
                az_id: gateway.az.clone(),
                upload_bytes: covered(count.upload),
                download_bytes: covered(count.download),
                observed_bytes: observed(gateway),
                mirror_bytes: itself(count.mirror()),
                unsolicited_bytes: itself(count.unsolicited()),
                metered_bytes: witness.metered,
                billed_bytes: cost.billed_bytes,
                coverage: cost.coverage,
                usd_per_gb: cost.usd_per_gb,
                data_usd: cost.data_usd,
                hours: cost.hours,
                hours_usd: cost.hours_usd,
                unobserved_usd: cost.unobserved,
                diagnosis: witness.diagnosis,
            }
        };
        let mut rows: Vec<NatGatewayRow> =
            self.attributed.gateways.iter().zip(self.costs).zip(witnesses).map(row).collect();
        rows.sort_by(|a, b| a.nat_gateway_id.cmp(&b.nat_gateway_id));
        rows
    }

    /// AZ ids of all clients of each gateway, by its id.
    pub fn client_azs(&self) -> Result<BTreeMap<String, BTreeSet<String>>, FrameError> {
        let mut azs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for sum in self.sums(&[Key::Gateway, Key::Place], Basis::Client)? {
            let id = &self.attributed.gateways[sum.keys[0] as usize].count.side.id;
            azs.entry(id.clone()).or_default().extend(self.attributed.places[sum.keys[1] as usize].az.clone());
        }
        Ok(azs)
    }

    /// Bytes and cost by gateway, client place and service, by key; beside each row what it does not say.
    pub fn traffic(&self) -> Result<(Vec<TrafficRow>, Vec<Behind>), FrameError> {
        let with_behind = |Keyed { keys, row, records, covered, relayed }: Keyed| {
            let region = keys.first().and_then(|keys| self.client_region(keys[0], keys[1]));
            let may_be = may_have_endpoint(&row.service, region.or(row.service_region.as_deref()), self.inventory);
            let region = region.map(str::to_owned);
            (row, Behind { records, region, covered, relayed, may_be: covered > Bytes::ZERO && may_be })
        };
        Ok(self.keyed_traffic()?.into_iter().map(with_behind).unzip())
    }

    /// The Region where an endpoint of a gateway's clients in a place would stand: the client's VPC may be in another one than a
    /// hub's gateway.
    fn client_region(&self, gateway: u32, place: u32) -> Option<&str> {
        let gateway = &self.attributed.gateways[gateway as usize];
        match self.attributed.places[place as usize].vpc.as_deref() {
            None => gateway.region.as_deref(),
            Some(vpc) => self
                .inventory
                .region_of_vpc(vpc)
                .or_else(|| gateway.region.as_deref().filter(|_| gateway.vpc.as_deref() == Some(vpc))),
        }
    }

    /// The rows of [`Builder::traffic`] day by day, in days since 1970: the days of a row sum to its bytes and to its cost. For rows that
    /// were attributed by day.
    pub fn traffic_by_day(&self) -> Result<Vec<(u32, TrafficRow)>, FrameError> {
        let mut days: BTreeMap<Keys, Vec<(u32, Bytes, Bytes)>> = BTreeMap::new();
        for mut sum in self.sums(&[Key::Gateway, Key::Place, Key::Service, Key::Day], Basis::Remote)? {
            let day = std::mem::take(&mut sum.keys[3]);
            days.entry(sum.keys).or_default().push((day, Bytes::new(sum.upload), Bytes::new(sum.download)));
        }
        let mut rows = Vec::new();
        for Keyed { keys, row, .. } in self.keyed_traffic()? {
            let mut of_row: BTreeMap<u32, (Bytes, Bytes)> = BTreeMap::new();
            for (day, upload, download) in keys.iter().filter_map(|keys| days.remove(keys)).flatten() {
                let sums = of_row.entry(day).or_default();
                *sums = (sums.0 + upload, sums.1 + download);
            }
            let weights: Vec<Bytes> = of_row.values().map(|(upload, download)| *upload + *download).collect();
            // Records without bytes cost nothing.
            let shares = row.usd.map(|usd| usd.apportion(&weights).unwrap_or_else(|| vec![Usd::ZERO; weights.len()]));
            for (at, (day, (upload_bytes, download_bytes))) in of_row.into_iter().enumerate() {
                let usd = shares.as_ref().and_then(|shares| shares.get(at)).copied();
                rows.push((day, TrafficRow { upload_bytes, download_bytes, usd, ..row.clone() }));
            }
        }
        Ok(rows)
    }

    /// The rows of [`Builder::traffic`] with their keys in the frame.
    fn keyed_traffic(&self) -> Result<Vec<Keyed>, FrameError> {
        let sums = self.sums(&[Key::Gateway, Key::Place, Key::Service], Basis::Remote)?;
        let keyed = |sum: GroupSum| {
            let [gateway, place, service, ..] = sum.keys;
            let region = self.client_region(gateway, place);
            let place = &self.attributed.places[place as usize];
            let named = &self.attributed.services[service as usize];
            let endpoint = if named.covered {
                endpoint_type_in(&named.service, named.region.as_deref(), region, self.inventory)
            } else {
                EndpointType::None
            };
            let row = TrafficRow {
                nat_gateway_id: self.attributed.gateways[gateway as usize].count.side.id.clone(),
                vpc_id: place.vpc.clone(),
                az_id: place.az.clone(),
                service: named.service.clone(),
                service_region: named.region.clone(),
                endpoint: endpoint.as_str(),
                evidence: named.evidence.as_str(),
                upload_bytes: Bytes::new(sum.upload),
                download_bytes: Bytes::new(sum.download),
                usd: None,
            };
            let bytes = row.upload_bytes + row.download_bytes;
            let relayed = place.relay.iter().map(|relay| (relay.clone(), bytes)).collect();
            let covered = if named.covered { bytes } else { Bytes::ZERO };
            Keyed { keys: vec![sum.keys], row, records: sum.records, covered, relayed }
        };
        let mut rows: Vec<Keyed> = sums.into_iter().map(keyed).collect();
        // Sorted by what the reader sees: ties of the split go to the lower sorted key.
        rows.sort_by(|a, b| traffic_key(&a.row).cmp(&traffic_key(&b.row)));
        // What an endpoint would take over and what it would not look alike where there can be none.
        rows.dedup_by(|again, kept| {
            let same = traffic_key(&again.row) == traffic_key(&kept.row);
            if same {
                kept.keys.append(&mut again.keys);
                kept.row.upload_bytes += again.row.upload_bytes;
                kept.row.download_bytes += again.row.download_bytes;
                kept.records += again.records;
                kept.covered += again.covered;
                for (relay, bytes) in std::mem::take(&mut again.relayed) {
                    *kept.relayed.entry(relay).or_default() += bytes;
                }
            }
            same
        });
        let gateway = |keyed: &Keyed| keyed.keys.first().map_or(0, |keys| keys[0] as usize);
        let weights: Vec<(usize, Bytes)> =
            rows.iter().map(|keyed| (gateway(keyed), keyed.row.upload_bytes + keyed.row.download_bytes)).collect();
        for (keyed, usd) in rows.iter_mut().zip(self.split(&weights)) {
            keyed.row.usd = usd;
        }
        Ok(rows)
    }

    /// The `top` largest clients by bytes, one row per client and VPC, then one `(other)` row.
    pub fn clients(&self, top: usize) -> Result<Vec<ClientRow>, FrameError> {
        Ok(self.owned_clients(top)?.into_iter().map(|(row, _)| row).collect())
    }

    /// All clients, each with its account, where all of its owners have the same.
    pub fn clients_with_accounts(&self) -> Result<Vec<(ClientRow, Option<String>)>, FrameError> {
        let account = |owners: BTreeSet<u32>| {
            agree(owners.iter().map(|&at| self.attributed.owners[at as usize].account.as_deref()))
        };
        Ok(self.owned_clients(usize::MAX)?.into_iter().map(|(row, owners)| (row, account(owners))).collect())
    }

    /// The rows of [`Builder::clients`] with their owners.
    fn owned_clients(&self, top: usize) -> Result<Vec<(ClientRow, BTreeSet<u32>)>, FrameError> {
        let sums = self.sums(&[Key::Gateway, Key::Client, Key::Place, Key::Owner], Basis::Client)?;
        let mut owners: BTreeMap<(Option<Addr>, Option<String>), BTreeSet<u32>> = BTreeMap::new();
        let mut seen = Vec::with_capacity(sums.len());
        for sum in &sums {
            let vpc = self.attributed.places[sum.keys[2] as usize].vpc.clone();
            let client = (self.attributed.clients.get(sum.keys[1] as usize).copied(), vpc);
            owners.entry(client.clone()).or_default().insert(sum.keys[3]);
            seen.push((client, sum));
        }
        let mut rows: BTreeMap<(Option<Addr>, Option<String>), ClientRow> = BTreeMap::new();
        for Share { gateway, key: (client, vpc), upload, download, usd, .. } in self.split_by(seen.into_iter()) {
            let row = rows.entry((client, vpc.clone())).or_insert_with(|| ClientRow {
                client: client.map_or_else(|| "(unknown)".to_owned(), |client| client.to_string()),
                kind: None,
                name: None,
                vpc_id: vpc,
                nat_gateway_ids: Vec::new(),
                upload_bytes: Bytes::ZERO,
                download_bytes: Bytes::ZERO,
                usd: Some(Usd::ZERO),
            });
            let id = &self.attributed.gateways[gateway].count.side.id;
            add_client(row, std::slice::from_ref(id), upload, download, usd);
        }
        let mut rows: Vec<ClientRow> = rows.into_values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.upload_bytes + row.download_bytes));
        let rest = rows.split_off(rows.len().min(top));
        let with_owners = |mut row: ClientRow| {
            let client = (Addr::parse(row.client.as_bytes()), row.vpc_id.clone());
            let ids = owners.remove(&client).unwrap_or_default();
            let owners = ids.iter().map(|&at| &self.attributed.owners[at as usize]);
            row.kind = agree(owners.clone().map(|owner| owner.kind.as_deref()));
            row.name = agree(owners.map(|owner| owner.name.as_deref()));
            (row, ids)
        };
        let mut rows: Vec<(ClientRow, BTreeSet<u32>)> = rows.into_iter().map(with_owners).collect();
        if let Some(first) = rest.first() {
            let mut other = ClientRow { client: "(other)".to_owned(), vpc_id: None, ..first.clone() };
            for row in &rest[1..] {
                add_client(&mut other, &row.nat_gateway_ids, row.upload_bytes, row.download_bytes, row.usd);
            }
            rows.push((other, BTreeSet::new()));
        }
        Ok(rows)
    }

    /// Bytes and cost by any dimensions, by key; beside each row the records that its bytes come from.
    pub fn groups(&self, by: &[Dimension]) -> Result<(Vec<GroupRow>, Vec<u64>), FrameError> {
        let wants = |d: Dimension| by.contains(&d);
        let place = [Dimension::Vpc, Dimension::Az].into_iter().any(wants);
        let owner = by.iter().any(Dimension::is_of_owner);
        let mut keys = vec![Key::Gateway];
        keys.extend(place.then_some(Key::Place));
        keys.extend(wants(Dimension::Service).then_some(Key::Service));
        keys.extend(wants(Dimension::Client).then_some(Key::Client));
        keys.extend(wants(Dimension::Day).then_some(Key::Day));
        keys.extend(owner.then_some(Key::Owner));
        // Without pkt-* the log knows clients or services, never both: the question decides which side answers.
        let by_client = (place || owner || wants(Dimension::Client)) && !wants(Dimension::Service);
        let sums = self.sums(&keys, if by_client { Basis::Client } else { Basis::Remote })?;
        let seen = sums.iter().map(|sum| {
            let value = |key: Key| keys.iter().position(|&k| k == key).map_or(UNKNOWN, |at| sum.keys[at]);
            let by: BTreeMap<String, Option<String>> =
                by.iter().map(|d| (d.name(), self.dimension(d, &value))).collect();
            (by, sum)
        });
        let mut rows: BTreeMap<BTreeMap<String, Option<String>>, (GroupRow, u64)> = BTreeMap::new();
        for Share { key: by, upload, download, records, usd, .. } in self.split_by(seen) {
            let fresh = GroupRow {
                by: by.clone(),
                upload_bytes: Bytes::ZERO,
                download_bytes: Bytes::ZERO,
                usd: Some(Usd::ZERO),
            };
            let (row, all) = rows.entry(by).or_insert((fresh, 0));
            row.upload_bytes += upload;
            row.download_bytes += download;
            row.usd = row.usd.zip(usd).map(|(a, b)| a + b);
            *all += records;
        }
        Ok(rows.into_values().unzip())
    }

    fn dimension(&self, dimension: &Dimension, value: &impl Fn(Key) -> u32) -> Option<String> {
        let gateway = &self.attributed.gateways[value(Key::Gateway) as usize];
        let place = self.attributed.places.get(value(Key::Place) as usize);
        let owner = self.attributed.owners.get(value(Key::Owner) as usize);
        match dimension {
            Dimension::Nat => Some(gateway.count.side.id.clone()),
            Dimension::Region => gateway.region.clone(),
            Dimension::Vpc => place.and_then(|place| place.vpc.clone()),
            Dimension::Az => place.and_then(|place| place.az.clone()),
            Dimension::Service => self.attributed.services.get(value(Key::Service) as usize).map(|s| s.service.clone()),
            Dimension::Client => (value(Key::Client) != UNKNOWN).then(|| self.client(value(Key::Client))),
            Dimension::Day => (value(Key::Day) != UNKNOWN).then(|| iso_day(i64::from(value(Key::Day)) * DAY_SECONDS)),
            Dimension::Account => owner?.account.clone(),
            Dimension::Instance => owner?.instance.clone(),
            Dimension::ServiceOwner => owner?.service_owner.clone(),
            Dimension::Namespace => owner?.namespace.clone(),
            Dimension::Team => owner?.team.clone(),
            Dimension::Tag(key) if key == TEAM => owner?.team.clone(),
            Dimension::Tag(key) => owner?.tags.get(key).cloned(),
        }
    }

    /// Sums by `keys` (the gateway first) of pairs and of one side of the logs that know no pairs, sorted by them.
    fn sums(&self, keys: &[Key], side: Basis) -> Result<Vec<GroupSum>, FrameError> {
        let with_basis: Vec<Key> = keys.iter().copied().chain([Key::Basis]).collect();
        let mut sums = self.attributed.frame.sums(&with_basis)?;
        let wanted = [Basis::Pair, side].map(basis_key);
        sums.retain_mut(|sum| wanted.contains(&std::mem::take(&mut sum.keys[keys.len()])));
        // What only the basis told apart stands side by side.
        sums.dedup_by(|sum, kept| {
            let same = sum.keys == kept.keys;
            if same {
                kept.upload += sum.upload;
                kept.download += sum.download;
                kept.records += sum.records;
            }
            same
        });
        Ok(sums)
    }

    /// Sums by gateway and by what the reader sees of them, each with its share of the gateway's cost. Sorted before they are
    /// split, so that what is left over goes to the lower key, however the frame numbered it.
    fn split_by<'s, K: Ord>(&self, seen: impl Iterator<Item = (K, &'s GroupSum)>) -> Vec<Share<K>> {
        let share = |(key, sum): (K, &GroupSum)| Share {
            gateway: sum.keys[0] as usize,
            key,
            upload: Bytes::new(sum.upload),
            download: Bytes::new(sum.download),
            records: sum.records,
            usd: None,
        };
        let mut shares: Vec<Share<K>> = seen.map(share).collect();
        shares.sort_by(|a, b| (a.gateway, &a.key).cmp(&(b.gateway, &b.key)));
        shares.dedup_by(|share, kept| {
            let same = (share.gateway, &share.key) == (kept.gateway, &kept.key);
            if same {
                kept.upload += share.upload;
                kept.download += share.download;
                kept.records += share.records;
            }
            same
        });
        let weights: Vec<_> = shares.iter().map(|share| (share.gateway, share.upload + share.download)).collect();
        for (share, usd) in shares.iter_mut().zip(self.split(&weights)) {
            share.usd = usd;
        }
        shares
    }

    /// Splits each gateway's cost over its rows, in their order, so that the parts sum to it.
    fn split(&self, rows: &[(usize, Bytes)]) -> Vec<Option<Usd>> {
        let mut by_gateway: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, (gateway, _)) in rows.iter().enumerate() {
            by_gateway.entry(*gateway).or_default().push(at);
        }
        let mut parts = vec![None; rows.len()];
        for (gateway, members) in by_gateway {
            let Some(cost) = self.costs[gateway].attributed else { continue };
            let weights: Vec<Bytes> = members.iter().map(|&at| rows[at].1).collect();
            // Nothing to split by: records without bytes cost nothing.
            let shares = cost.apportion(&weights).unwrap_or_else(|| vec![Usd::ZERO; members.len()]);
            for (at, share) in members.into_iter().zip(shares) {
                parts[at] = Some(share);
            }
        }
        parts
    }

    fn client(&self, key: u32) -> String {
        self.attributed.clients.get(key as usize).map_or_else(|| "(unknown)".to_owned(), ToString::to_string)
    }
}

/// Bytes that are attributed to a gateway; `None` where no log covers it, or where nothing could be told of its records: that
/// is not zero.
#[must_use]
pub fn observed(gateway: &Gateway) -> Option<Bytes> {
    let count = &gateway.count;
    let bytes = Bytes::new(count.upload) + Bytes::new(count.download);
    (count.covered && (count.undecided.bytes == 0 || bytes > Bytes::ZERO)).then_some(bytes)
}

/// What one gateway's bytes of one key are, and their share of its cost.
struct Share<K> {
    /// Index of the gateway.
    gateway: usize,
    key: K,
    upload: Bytes,
    download: Bytes,
    /// The records that they come from.
    records: u64,
    usd: Option<Usd>,
}

fn add_client(row: &mut ClientRow, gateways: &[String], upload: Bytes, download: Bytes, usd: Option<Usd>) {
    row.upload_bytes += upload;
    row.download_bytes += download;
    row.usd = row.usd.zip(usd).map(|(a, b)| a + b);
    row.nat_gateway_ids.extend_from_slice(gateways);
    row.nat_gateway_ids.sort();
    row.nat_gateway_ids.dedup();
}

/// A row of traffic with its keys in the frame: several where nothing that a reader sees tells them apart.
struct Keyed {
    keys: Vec<Keys>,
    row: TrafficRow,
    /// The records that its bytes come from.
    records: u64,
    /// See [`Behind::covered`].
    covered: Bytes,
    /// See [`Behind::relayed`].
    relayed: BTreeMap<String, Bytes>,
}

fn traffic_key(row: &TrafficRow) -> impl Ord + '_ {
    (&row.nat_gateway_id, &row.vpc_id, &row.az_id, &row.service, &row.service_region, row.evidence, row.endpoint)
}
