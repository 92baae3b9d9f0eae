//! What the rows of the bill add up to: the `billing` part of truth.json, exact, from the rows as they are written.

use super::amount::{DIGITS, bytes, decimal};
use super::line::{Class, Line, What};
use super::options::{BillFormat, BillOptions};
use crate::simulate::account::Account;
use crate::simulate::truth::{Truth, days, name};
use serde_json::{Value, json};

/// Digits after the point of money in truth.json: the scale of reports.
const MONEY_DIGITS: u32 = 12;
/// Units of 10^-12 in one of 10^-10.
const FINER: i128 = 10_i128.pow(MONEY_DIGITS - DIGITS);

/// Sums over rows: amounts and costs in 10^-10, bytes whole.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    lines: u64,
    amount: i128,
    bytes: i128,
    unblended: i128,
    net: i128,
    list: Option<i128>,
}

/// Which rows are added up.
type Takes<'a> = &'a dyn Fn(&Line) -> bool;

fn sum(lines: &[Line], takes: Takes<'_>) -> Sum {
    let mut sum = Sum { list: Some(0), ..Sum::default() };
    for line in lines.iter().filter(|line| takes(line)) {
        sum.lines += 1;
        sum.amount += line.amount;
        sum.bytes += bytes(line.amount);
        sum.unblended += line.costs.unblended;
        // Without discounts the bill has no net costs, and what was charged stands in for them.
        sum.net += line.costs.net.unwrap_or(line.costs.unblended);
        sum.list = sum.list.zip(line.costs.list).map(|(a, b)| a + b);
    }
    sum
}

fn money(cost: i128) -> String {
    decimal(cost * FINER, MONEY_DIGITS)
}

impl Sum {
    fn usd(&self) -> Value {
        json!({"net": money(self.net), "unblended": money(self.unblended), "list": self.list.map(money)})
    }

    fn hours(&self) -> String {
        decimal(self.amount, DIGITS)
    }
}

/// Usage of one kind; of one gateway or endpoint, or of all.
fn usage(lines: &[Line], what: What, of: Option<usize>) -> Sum {
    sum(lines, &|line| line.class == Class::Usage && line.item.what == what && (of.is_none() || line.of == of))
}

/// The `billing` part. `lines` are the rows of the newest version; `deleted` is the gateway that only they know.
pub(super) fn json(
    account: &Account,
    truth: &Truth<'_>,
    options: &BillOptions,
    lines: &[Line],
    deleted: Option<&str>,
) -> Value {
    let names_resources = options.bill_format != BillFormat::CostExplorer;
    let all = |what| usage(lines, what, None);
    let apart = |class: Class| sum(lines, &|line| line.class == class).usd();
    let unknown = all(What::Unknown);
    json!({
        "format": name(&options.bill_format),
        "parts": options.bill_parts,
        "versions": options.bill_versions,
        "currency": "USD",
        "lines": lines.len(),
        "names_resources": names_resources,
        // FOCUS and Cost Explorer always have a net cost; CUR only where there are discounts.
        "has_net": options.discount.is_some() || !options.bill_format.is_cur(),
        "nat_gateways": if names_resources { gateways(account, truth, lines, deleted) } else { Vec::new() },
        "endpoints": if names_resources { endpoints(account, truth, lines) } else { Vec::new() },
        "totals": totals(lines, names_resources),
        "apart": {
            "credits_usd": apart(Class::Credit),
            "refunds_usd": apart(Class::Refund),
            "tax_usd": apart(Class::Tax),
            "discounts_usd": apart(Class::EdpDiscount),
        },
        "not_understood": {"lines": unknown.lines, "usd": unknown.usd()},
    })
}

fn totals(lines: &[Line], names_resources: bool) -> Value {
    let all = |what| usage(lines, what, None);
    // Without resources nobody can tell a gateway's transfer from that of everything else.
    let transfer = |what| names_resources.then(|| all(what));
    json!({
        "billed_bytes": count(all(What::NatBytes).bytes),
        "data_usd": all(What::NatBytes).usd(),
        "hours": all(What::NatHours).hours(),
        "hours_usd": all(What::NatHours).usd(),
        "cross_zone_bytes": transfer(What::CrossZone).map(|sum| count(sum.bytes)),
        "cross_zone_usd": transfer(What::CrossZone).map(|sum| sum.usd()),
        "transfer_bytes": transfer(What::Transfer).map(|sum| count(sum.bytes)),
        "endpoint_hours": all(What::EndpointHours).hours(),
        "endpoint_hours_usd": all(What::EndpointHours).usd(),
        "endpoint_bytes": count(all(What::EndpointBytes).bytes),
        "endpoint_data_usd": all(What::EndpointBytes).usd(),
        "transit_hours": all(What::TransitHours).hours(),
        "transit_hours_usd": all(What::TransitHours).usd(),
        "transit_bytes": count(all(What::TransitBytes).bytes),
        "transit_data_usd": all(What::TransitBytes).usd(),
        "public_ipv4_hours": all(What::PublicIpv4).hours(),
        "public_ipv4_usd": all(What::PublicIpv4).usd(),
    })
}

fn gateways(account: &Account, truth: &Truth<'_>, lines: &[Line], deleted: Option<&str>) -> Vec<Value> {
    let known = account.gateways.iter().map(|gateway| gateway.id.as_str());
    let rows = known.map(|id| (id, false)).chain(deleted.map(|id| (id, true))).enumerate();
    rows.map(|(number, (id, deleted))| {
        let of = |what| usage(lines, what, Some(number));
        let (data, hours) = (of(What::NatBytes), of(What::NatHours));
        json!({
            "nat_gateway_id": id,
            "deleted": deleted,
            "region": account.place.region,
            "account_id": account.id,
            "billed_bytes": count(data.bytes),
            "data_usd": data.usd(),
            "hours": hours.hours(),
            "hours_usd": hours.usd(),
            "cross_zone_bytes": count(of(What::CrossZone).bytes),
            "cross_zone_usd": of(What::CrossZone).usd(),
            "transfer_bytes": count(of(What::Transfer).bytes),
            "metered_bytes": (!deleted).then(|| truth.whole(number).billed()),
        })
    })
    .collect()
}

fn endpoints(account: &Account, truth: &Truth<'_>, lines: &[Line]) -> Vec<Value> {
    let rows = account.endpoints.iter().enumerate();
    rows.map(|(number, endpoint)| {
        let of = |what| usage(lines, what, Some(number));
        let (data, hours) = (of(What::EndpointBytes), of(What::EndpointHours));
        let month = truth.month();
        json!({
            "endpoint_id": endpoint.id,
            "service": endpoint.service,
            "vpc_id": account.vpcs[endpoint.vpc].id,
            "bytes": count(data.bytes),
            "data_usd": data.usd(),
            "hours": hours.hours(),
            "hours_usd": hours.usd(),
            "metered_bytes": (0..days(month)).map(|day| endpoint.of_day(month, day)).sum::<u64>(),
        })
    })
    .collect()
}

fn count(bytes: i128) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}
