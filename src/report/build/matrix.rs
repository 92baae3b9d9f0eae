//! Clients against services: who used what, the largest of both, split so that all parts sum to what was attributed.

use super::load::Load;
use super::{Builder, ClientServiceRow, Share};
use crate::attribute::UNKNOWN;
use crate::count::resolve::Basis;
use crate::frames::flows::{FrameError, GroupSum, Key};
use crate::model::addr::Addr;
use crate::model::bytes::Bytes;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Address and VPC; `None` where the log tells services without clients.
type Client = Option<(Addr, Option<String>)>;
/// Service and its Region.
type Service = (String, Option<String>);

impl Builder<'_> {
    /// What the `top` largest clients used the `top` largest services for, the others of both as `(other)`; clients first, both by
    /// bytes. Rows sum to all attributed bytes and their cost: what a log without `pkt-*` tells of services is `(unknown)`'s.
    /// Empty where no log tells a pair. A client that did not use a service has no row.
    pub fn client_services(&self, top: usize) -> Result<Vec<ClientServiceRow>, FrameError> {
        let sums = self.sums(&[Key::Gateway, Key::Client, Key::Place, Key::Service], Basis::Remote)?;
        if sums.iter().all(|sum| sum.keys[1] == UNKNOWN) {
            return Ok(Vec::new());
        }
        let mut cells: BTreeMap<(Client, Service), Load> = BTreeMap::new();
        for Share { key, upload, download, usd, .. } in self.split_by(sums.iter().map(|sum| (self.ends(sum), sum))) {
            cells.entry(key).or_insert(Load::ZERO).add(Load { upload, download, usd });
        }
        let clients = largest(cells.iter().filter_map(|((client, _), load)| Some((client.as_ref()?, load))), top);
        let services = largest(cells.iter().map(|((_, service), load)| (service, load)), top);
        let (client_places, service_places) = (places(&clients), places(&services));
        let mut rows: BTreeMap<(usize, usize), Load> = BTreeMap::new();
        for ((client, service), load) in &cells {
            let client = match client {
                Some(client) => client_places.get(client).copied().unwrap_or(clients.len() + 1),
                None => clients.len(),
            };
            let service = service_places.get(service).copied().unwrap_or(services.len());
            rows.entry((client, service)).or_insert(Load::ZERO).add(*load);
        }
        let row = |((client, service), load): ((usize, usize), Load)| {
            let other = if client == clients.len() { "(unknown)" } else { "(other)" };
            let known = clients.get(client);
            let (service, service_region) =
                services.get(service).map_or_else(|| ("(other)".to_owned(), None), |&service| service.clone());
            ClientServiceRow {
                client: known.map_or_else(|| other.to_owned(), |(addr, _)| addr.to_string()),
                vpc_id: known.and_then(|(_, vpc)| vpc.clone()),
                service,
                service_region,
                upload_bytes: load.upload,
                download_bytes: load.download,
                usd: load.usd,
            }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Client and service of a sum by gateway, client, place and service.
    fn ends(&self, sum: &GroupSum) -> (Client, Service) {
        let [client, place, service] = [1, 2, 3].map(|at| sum.keys[at] as usize);
        let vpc = self.attributed.places.get(place).and_then(|place| place.vpc.clone());
        let client = self.attributed.clients.get(client).map(|addr| (*addr, vpc));
        let named = &self.attributed.services[service];
        (client, (named.service.clone(), named.region.clone()))
    }
}

/// The `top` keys with most bytes, the largest first; ties go to the lower key.
fn largest<'k, K: Ord>(cells: impl Iterator<Item = (&'k K, &'k Load)>, top: usize) -> Vec<&'k K> {
    let mut sums: BTreeMap<&K, Bytes> = BTreeMap::new();
    for (key, load) in cells {
        *sums.entry(key).or_default() += load.bytes();
    }
    let mut keys: Vec<(&K, Bytes)> = sums.into_iter().collect();
    keys.sort_by_key(|(_, bytes)| Reverse(*bytes));
    keys.into_iter().take(top).map(|(key, _)| key).collect()
}

/// Where each key stands.
fn places<'k, K: Ord>(keys: &[&'k K]) -> BTreeMap<&'k K, usize> {
    keys.iter().enumerate().map(|(at, key)| (*key, at)).collect()
}
