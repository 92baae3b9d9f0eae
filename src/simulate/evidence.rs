//! What else AWS says about the same month: the bill, the gateways' metrics, the Resolver's query log.

use super::SimulateError;
use super::account::{Account, Owner};
use super::inventory::{attached, write_json};
use super::objects::{create_gz, finish_gz};
use super::options::Options;
use super::random::Rng;
use super::truth::Truth;
use crate::model::period::{DAY_SECONDS, Window, iso};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Columns of the bill, a selection of CUR 2.0 in its alphabetical order.
const COLUMNS: &[&str] = &[
    "bill_bill_type",
    "bill_billing_period_end_date",
    "bill_billing_period_start_date",
    "bill_payer_account_id",
    "identity_line_item_id",
    "line_item_currency_code",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_net_unblended_cost",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_unblended_cost",
    "line_item_unblended_rate",
    "line_item_usage_account_id",
    "line_item_usage_amount",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
    "line_item_usage_type",
    "pricing_public_on_demand_cost",
    "pricing_public_on_demand_rate",
    "pricing_unit",
    "product_product_family",
    "product_region_code",
];

/// A line of the bill before it is text.
struct Charge<'a> {
    product: &'static str,
    family: &'static str,
    operation: &'static str,
    usage_type: String,
    resource: &'a str,
    unit: &'static str,
    description: &'static str,
    /// Amount in 10^-10 of the unit, as the bill rounds it.
    amount: u128,
    /// Price of a unit in 10^-5 dollar.
    price: u64,
    day: i64,
}

/// An amount of bytes in 10^-10 GB of 2^30 bytes, half away from zero.
fn gigabytes(bytes: u64) -> u128 {
    (u128::from(bytes) * 10_000_000_000 + (1 << 29)) >> 30
}

/// `units` of 10^-`digits` as a decimal without trailing zeros.
fn decimal(units: u128, digits: u32) -> String {
    let one = 10u128.pow(digits);
    let width = usize::try_from(digits).unwrap_or(0);
    let text = format!("{}.{:0width$}", units / one, units % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn timestamp(second: i64) -> String {
    format!("{}.000Z", iso(second).trim_end_matches('Z'))
}

fn charges<'a>(account: &'a Account, truth: &Truth<'_>, names: &'a [String], month: Window) -> Vec<Charge<'a>> {
    let place = account.place;
    let hours = 24 * 10_000_000_000u128;
    let mut all = Vec::new();
    let days = usize::try_from((month.end - month.start) / DAY_SECONDS).unwrap_or(31);
    for index in 0..days {
        let day = month.start + i64::try_from(index).unwrap_or(0) * DAY_SECONDS;
        for (number, gateway) in account.gateways.iter().enumerate() {
            let of = truth.days[number][index];
            let kind = if gateway.regional { "RegionalNatGateway" } else { "NatGateway" };
            let zones = u128::try_from(gateway.public.len()).unwrap_or(1).max(1);
            let row = |usage: &str, unit, description, amount, price| Charge {
                product: "AmazonEC2",
                family: "NAT Gateway",
                operation: kind,
                usage_type: format!("{}{usage}", place.ec2_usage),
                resource: &names[number],
                unit,
                description,
                amount,
                price,
                day,
            };
            let amount = if gateway.regional { hours * zones } else { hours };
            all.push(row(&format!("{kind}-Hours"), "Hrs", "per NAT Gateway Hour", amount, place.nat_price));
            let billed = gigabytes(of.legs[0] + of.legs[2]);
            let per_gb = "per GB Data Processed by NAT Gateways";
            all.push(row(&format!("{kind}-Bytes"), "GB", per_gb, billed, place.nat_price));
            for (operation, bytes) in [("InterZone-In", of.cross_zone[0]), ("InterZone-Out", of.cross_zone[1])] {
                let transfer = row(
                    "DataTransfer-Regional-Bytes",
                    "GB",
                    "per GB - regional data transfer",
                    gigabytes(bytes),
                    1_000,
                );
                all.push(Charge { family: "Data Transfer", operation, ..transfer });
            }
        }
        vpc_charges(account, truth, names, (index, day), &mut all);
    }
    all.retain(|charge| charge.amount > 0);
    all
}

/// Endpoint and transit gateway rows of a day; the names follow those of the gateways.
fn vpc_charges<'a>(
    account: &'a Account,
    truth: &Truth<'_>,
    names: &'a [String],
    (index, day): (usize, i64),
    all: &mut Vec<Charge<'a>>,
) {
    let place = account.place;
    let hours = 24 * 10_000_000_000u128;
    let row = |usage: &str, operation, resource, unit, description, amount, price| Charge {
        product: "AmazonVPC",
        family: "VpcEndpoint",
        operation,
        usage_type: format!("{}{usage}", place.vpc_usage),
        resource,
        unit,
        description,
        amount,
        price,
        day,
    };
    let endpoint = &names[account.gateways.len()];
    let zones = account.interfaces.iter().filter(|i| i.owner == Owner::Endpoint).count();
    let amount = hours * u128::try_from(zones).unwrap_or(0);
    let per_hour = "per VPC Endpoint Hour";
    all.push(row("VpcEndpoint-Hours", "VpcEndpoint", endpoint, "Hrs", per_hour, amount, place.endpoint_hour_price));
    let moved: u64 = truth.days.iter().map(|days| days[index].transit[0] + days[index].transit[1]).sum();
    for (at, name) in names[account.gateways.len() + 1..].iter().enumerate() {
        let usage = "TransitGateway-Hours";
        let hourly = row(
            usage,
            "TransitGatewayVPC",
            name,
            "hour",
            "per Transit Gateway VPC Attachment",
            hours,
            place.attachment_hour_price,
        );
        all.push(Charge { family: "Transit Gateway", ..hourly });
        // The bytes are shown on the hub's attachment as a whole: which attachment pays for which direction is not simulated.
        if at == 0 && moved > 0 {
            let bytes = gigabytes(moved);
            let data = row(
                "TransitGateway-Bytes",
                "TransitGatewayVPC",
                name,
                "GigaBytes",
                "per GB Data Processed by Transit Gateway",
                bytes,
                2_000,
            );
            all.push(Charge { family: "Transit Gateway", ..data });
        }
    }
}

/// `billing/`: a CUR 2.0 export with its manifest.
pub(super) fn write_bill(
    account: &Account,
    truth: &Truth<'_>,
    options: &Options,
    folder: &Path,
) -> Result<(), SimulateError> {
    let month = options.month.window();
    let arn = |product: &str, rest: String| format!("arn:aws:{product}:{}:{}:{rest}", account.place.region, account.id);
    let mut names: Vec<String> = account.gateways.iter().map(|g| arn("ec2", format!("natgateway/{}", g.id))).collect();
    names.push(arn("ec2", format!("vpc-endpoint/{}", account.idle_endpoint)));
    names.extend(attached(account).map(|(id, _)| arn("ec2", format!("transit-gateway-attachment/{id}"))));
    let period = format!("BILLING_PERIOD={}", options.month);
    let key = format!("natlens/data/{period}/natlens-00001.csv.gz");
    let path = folder.join(&key);
    let mut gz = create_gz(&path, options.gzip_level)?;
    let io = |source| SimulateError::Io { path: path.clone(), source };
    writeln!(gz, "{}", COLUMNS.join(",")).map_err(io)?;
    for (number, charge) in charges(account, truth, &names, month).iter().enumerate() {
        let (price, cost) = (decimal(charge.price.into(), 5), decimal(charge.amount * u128::from(charge.price), 15));
        let id = &account.id;
        let (from, to) = (timestamp(charge.day), timestamp(charge.day + DAY_SECONDS));
        let columns = [
            "Anniversary".to_owned(),
            timestamp(month.end),
            timestamp(month.start),
            id.clone(),
            format!("{number:020}"),
            "USD".to_owned(),
            format!("\"${price} {}\"", charge.description),
            "Usage".to_owned(),
            String::new(),
            charge.operation.to_owned(),
            charge.product.to_owned(),
            charge.resource.to_owned(),
            cost.clone(),
            price.clone(),
            id.clone(),
            decimal(charge.amount, 10),
            to,
            from,
            charge.usage_type.clone(),
            cost,
            price,
            charge.unit.to_owned(),
            charge.family.to_owned(),
            account.place.region.to_owned(),
        ];
        writeln!(gz, "{}", columns.join(",")).map_err(io)?;
    }
    finish_gz(&path, gz)?;
    let columns: Vec<Value> = COLUMNS.iter().map(|name| json!({"name": name, "type": "string"})).collect();
    let manifest = json!({
        "exportArn": format!("arn:aws:bcm-data-exports:us-east-1:{}:export/natlens", account.id),
        "columns": columns,
        "dataFiles": [format!("s3://billing-{}/{key}", account.id)],
    });
    write_json(&folder.join(format!("natlens/metadata/{period}/natlens-Manifest.json")), &manifest)
}

/// `metrics/`: the byte counters of each gateway, daily sums, as `aws cloudwatch get-metric-data` prints them.
pub(super) fn write_metrics(
    account: &Account,
    truth: &Truth<'_>,
    month: Window,
    path: &Path,
) -> Result<(), SimulateError> {
    let metrics = ["BytesInFromSource", "BytesOutToDestination", "BytesInFromDestination", "BytesOutToSource"];
    let mut results = Vec::new();
    for (gateway, days) in account.gateways.iter().zip(&truth.days) {
        for (leg, metric) in metrics.iter().enumerate() {
            let stamps: Vec<String> = (0..days.len())
                .map(|d| iso(month.start + i64::try_from(d).unwrap_or(0) * DAY_SECONDS).replace('Z', "+00:00"))
                .collect();
            // A regional gateway has a series per zone; all of it is put into the first.
            let zone = if gateway.regional { format!(" {}", account.zone_name(0)) } else { String::new() };
            results.push(json!({
                "Id": format!("{}_{}", gateway.id.replace('-', "_"), metric.to_lowercase()),
                "Label": format!("{}{zone} {metric}", gateway.id),
                "Timestamps": stamps,
                "Values": days.iter().map(|d| d.legs[leg]).collect::<Vec<_>>(),
                "StatusCode": "Complete",
            }));
        }
    }
    write_json(path, &json!({"MetricDataResults": results, "Messages": []}))
}

/// `dns/`: every day one query per VPC and named address, from the day before the month on, an object per VPC and day.
pub(super) fn write_dns(account: &Account, options: &Options, folder: &Path) -> Result<(), SimulateError> {
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
            let mut gz = create_gz(&path, options.gzip_level)?;
            for number in 0..account.destinations.all.len() {
                if account.destinations.all[number].host.is_empty() {
                    continue;
                }
                let client = clients[rng.index(clients.len())];
                let second = midnight + i64::try_from(rng.below(300)).unwrap_or(0);
                let line = query(account, vpc_id, client, number, second, rng.port(1_024, 65_535));
                writeln!(gz, "{line}").map_err(|source| SimulateError::Io { path: path.clone(), source })?;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: u64, expect: &str) {
        assert_eq!(decimal(gigabytes(bytes), 10), expect, "{bytes}");
    }

    #[test]
    fn quantities_are_rounded_as_the_bill_rounds_them() {
        check(0, "0");
        check(1 << 30, "1");
        check(40, "0.0000000373");
        check(3 << 29, "1.5");
    }
}
