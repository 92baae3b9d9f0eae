//! The sample's traffic by host, by bucket, and by client and service: each of them sums to it.

use super::{DATA, PROD, ZURICH, mb};
use crate::model::bytes::Bytes;
use crate::model::usd::{PricePerGb, Usd};
use crate::report::{ClientServiceRow, DestinationRow, TrafficRow};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Some hosts, and the rest of the traffic as `(other)`.
pub(super) fn destinations(traffic: &[TrafficRow], price: PricePerGb) -> Vec<DestinationRow> {
    let layers = "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com";
    let rows = vec![
        row(price, "artifacts.s3.us-east-1.amazonaws.com", Some("us-east-1"), (301_000, 3_000_117), None),
        row(price, layers, Some("us-east-1"), (2_044, 1_200_301), Some("ECR image layers")),
        row(price, "http-intake.logs.datadoghq.com", None, (150_113, 3_101), Some("offers PrivateLink")),
        row(price, "140.82.112.3", None, (9_004, 90_771), None),
        row(price, "@sum.example.com", None, (701, 12_005), None),
    ];
    with_rest(rows, "(other)", traffic.iter())
}

/// Some buckets; of the rest of S3's traffic nobody knows which.
pub(super) fn buckets(price: PricePerGb) -> Vec<DestinationRow> {
    let layers = "prod-us-east-1-starport-layer-bucket";
    vec![
        row(price, "artifacts", Some("us-east-1"), (301_000, 3_000_117), None),
        row(price, layers, Some("us-east-1"), (2_044, 1_200_301), Some("ECR image layers")),
    ]
}

fn row(
    price: PricePerGb,
    name: &str,
    region: Option<&str>,
    mbs: (u64, u64),
    note: Option<&'static str>,
) -> DestinationRow {
    DestinationRow {
        name: name.to_owned(),
        region: region.map(str::to_owned),
        upload_bytes: mb(mbs.0),
        download_bytes: mb(mbs.1),
        usd: Some(price.cost(mb(mbs.0) + mb(mbs.1))),
        note,
    }
}

fn with_rest<'a>(
    mut rows: Vec<DestinationRow>,
    name: &str,
    traffic: impl Iterator<Item = &'a TrafficRow> + Clone,
) -> Vec<DestinationRow> {
    let left = |all: Bytes, of: fn(&DestinationRow) -> Bytes| all.saturating_sub(rows.iter().map(of).sum());
    let usd: Option<Usd> = traffic.clone().map(|t| t.usd).sum();
    let rest = DestinationRow {
        name: name.to_owned(),
        region: None,
        upload_bytes: left(traffic.clone().map(|t| t.upload_bytes).sum(), |row| row.upload_bytes),
        download_bytes: left(traffic.map(|t| t.download_bytes).sum(), |row| row.download_bytes),
        usd: usd.map(|usd| usd - rows.iter().filter_map(|row| row.usd).sum()),
        note: None,
    };
    rows.push(rest);
    rows
}

/// VPCs of which some traffic was named by what was asked for.
pub(super) fn logged_vpcs(traffic: &[TrafficRow]) -> BTreeSet<String> {
    traffic.iter().filter(|row| row.evidence == "dns").filter_map(|row| row.vpc_id.clone()).collect()
}

/// Every row of the traffic, split over clients of its VPC.
pub(super) fn client_services(traffic: &[TrafficRow]) -> Vec<ClientServiceRow> {
    let mut rows: BTreeMap<(&str, &str, Option<&str>), ClientServiceRow> = BTreeMap::new();
    for (at, from) in traffic.iter().enumerate() {
        let weights = [[5, 3, 1, 4], [1, 7, 0, 2], [2, 2, 9, 0]][at % 3];
        let clients = clients_of(from);
        let parts = |all: Bytes| {
            let mut parts: Vec<u64> = clients.iter().zip(weights).map(|(_, w)| all.get() / 16 * w).collect();
            parts[0] += all.get() - parts.iter().sum::<u64>();
            parts
        };
        let (up, down) = (parts(from.upload_bytes), parts(from.download_bytes));
        let bytes: Vec<Bytes> = up.iter().zip(&down).map(|(up, down)| Bytes::new(up + down)).collect();
        let usd = from.usd.map(|usd| usd.apportion(&bytes).unwrap());
        for (i, (client, vpc)) in clients.iter().enumerate().filter(|(i, _)| bytes[*i] > Bytes::ZERO) {
            let key = (*client, from.service.as_str(), from.service_region.as_deref());
            let row = rows.entry(key).or_insert_with(|| ClientServiceRow {
                client: (*client).to_owned(),
                vpc_id: vpc.map(str::to_owned),
                service: from.service.clone(),
                service_region: from.service_region.clone(),
                upload_bytes: Bytes::ZERO,
                download_bytes: Bytes::ZERO,
                usd: Some(Usd::ZERO),
            });
            row.upload_bytes += Bytes::new(up[i]);
            row.download_bytes += Bytes::new(down[i]);
            row.usd = row.usd.zip(usd.as_ref()).map(|(sum, usd)| sum + usd[i]);
        }
    }
    in_order(rows.into_values().collect())
}

type Client = (&'static str, Option<&'static str>);

fn clients_of(row: &TrafficRow) -> Vec<Client> {
    match row.vpc_id.as_deref() {
        Some(DATA) if row.service == "logs" => vec![("(unknown)", None)],
        Some(DATA) => vec![("2600:1f18:1234:5600::1f", Some(DATA))],
        Some(ZURICH) => vec![("10.60.0.9", Some(ZURICH))],
        _ => {
            vec![("10.20.1.17", Some(PROD)), ("10.20.2.44", Some(PROD)), ("10.20.1.201", Some(PROD)), ("(other)", None)]
        }
    }
}

/// Clients by bytes, `(unknown)` and `(other)` last.
fn in_order(mut rows: Vec<ClientServiceRow>) -> Vec<ClientServiceRow> {
    let mut sums: BTreeMap<String, Bytes> = BTreeMap::new();
    for row in &rows {
        *sums.entry(row.client.clone()).or_default() += row.upload_bytes + row.download_bytes;
    }
    let class = |client: &str| ["(unknown)", "(other)"].iter().position(|&c| c == client).map_or(0, |at| at + 1);
    rows.sort_by_key(|row| (class(&row.client), Reverse(sums[&row.client]), row.client.clone()));
    rows
}
