//! `dns/`: the Resolver's query log.

use super::SimulateError;
use super::account::Account;
use super::objects::{create_gz, finish_gz};
use super::options::Options;
use super::random::Rng;
use crate::model::period::{DAY_SECONDS, iso};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Every day one query per VPC and named address, from the day before the month on, an object per VPC and day.
pub(super) fn write(account: &Account, options: &Options, folder: &Path) -> Result<(), SimulateError> {
    let mut rng = Rng::new(options.seed, 5);
    let month = options.month.window();
    let days = (month.end - month.start) / DAY_SECONDS;
    for (vpc_index, vpc) in account.vpcs.iter().enumerate() {
        let clients: Vec<usize> = (0..account.clients.len()).filter(|&c| account.clients[c].vpc == vpc_index).collect();
        if clients.is_empty() {
            continue;
        }
        for day in -1..days {
            let midnight = month.start + day * DAY_SECONDS;
            let date = iso(midnight);
            let (year, in_year, in_month) = (&date[0..4], &date[5..7], &date[8..10]);
            let hash = super::random::mix(midnight.unsigned_abs() ^ options.seed) & 0xffff_ffff;
            let (id, vpc_id) = (&account.id, &vpc.id);
            let path = folder.join(format!(
                "AWSLogs/{id}/vpcdnsquerylogs/{vpc_id}/{year}/{in_year}/{in_month}/\
                 {vpc_id}_vpcdnsquerylogs_{id}_{year}{in_year}{in_month}T0000Z_{hash:08x}.log.gz"
            ));
            let mut lines = String::new();
            for number in 0..account.destinations.all.len() {
                if account.destinations.all[number].host.is_empty() {
                    continue;
                }
                let client = clients[rng.index(clients.len())];
                let second = midnight + i64::try_from(rng.below(300)).unwrap_or(0);
                lines += &query(account, vpc_id, client, number, second, rng.port(1_024, 65_535)).to_string();
                lines.push('\n');
            }
            let mut gz = create_gz(&path, options.gzip_level)?;
            gz.write_all(lines.as_bytes()).map_err(|source| SimulateError::Io { path: path.clone(), source })?;
            finish_gz(&path, gz)?;
        }
    }
    Ok(())
}

fn query(account: &Account, vpc_id: &str, client: usize, destination: usize, second: i64, port: u16) -> Value {
    let client = &account.clients[client];
    let remote = &account.destinations.all[destination];
    json!({
        "version": "1.100000",
        "account_id": account.id,
        "region": account.place.region,
        "vpc_id": vpc_id,
        "query_timestamp": iso(second),
        "query_name": format!("{}.", remote.host),
        "query_type": "A",
        "query_class": "IN",
        "rcode": "NOERROR",
        "answers": [{"Rdata": remote.addr.to_string(), "Type": "A", "Class": "IN"}],
        "srcaddr": client.addr.to_string(),
        "srcport": port.to_string(),
        "transport": "UDP",
        "srcids": {"instance": client.instance},
    })
}
