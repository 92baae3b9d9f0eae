//! The rows of a month's bill: what the gateways, endpoints and the transit gateway cost, and what stands beside it.

use super::amount::{ONE, gigabytes};
use super::line::{Class, Costs, Item, Line, Prices, What};
use crate::model::period::{HOUR_SECONDS, Window};
use crate::simulate::account::Account;
use crate::simulate::destinations::Beyond;
use crate::simulate::endpoints::ENDPOINT_ZONES;
use crate::simulate::inventory::{attached, derived};
use crate::simulate::options::Options;
use crate::simulate::random::Rng;
use crate::simulate::sums::{Pair, QUARTERS, Sums};
use crate::simulate::truth::{QUARTER_SECONDS, Truth, days};

/// Hours of a quarter of a day.
const QUARTER_HOURS: i128 = 6;

/// How a day is cut into rows, in quarters. Real exports cut some days at odd hours: nobody may expect one row per day.
fn spans(day: usize) -> &'static [(usize, usize)] {
    match day % 7 {
        3 => &[(0, 3), (3, QUARTERS)],
        5 => &[(0, 1), (1, QUARTERS)],
        _ => &[(0, QUARTERS)],
    }
}

/// Everything that rows are made from.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    account: &'a Account,
    truth: &'a Truth<'a>,
    options: &'a Options,
    month: Window,
    prices: Prices,
    lines: Vec<Line>,
}

/// The ARN of something in the account.
pub(super) fn arn(account: &Account, rest: &str) -> String {
    format!("arn:aws:ec2:{}:{}:{rest}", account.place.region, account.id)
}

/// The rows of the month, by time. The gateway that only the bill knows has the number after the account's last one.
pub(super) fn all(account: &Account, truth: &Truth<'_>, options: &Options, deleted: Option<&str>) -> Vec<Line> {
    let month = options.month.window();
    let mut rows = Rows { account, truth, options, month, prices: Prices(account.place), lines: Vec::new() };
    for day in 0..days(month) {
        for &(from, to) in spans(day) {
            for gateway in 0..account.gateways.len() {
                rows.gateway(gateway, day, (from, to));
            }
            rows.vpc_products(day, (from, to));
        }
        rows.others(day);
    }
    if let Some(id) = deleted {
        rows.deleted(account.gateways.len(), &arn(account, &format!("natgateway/{id}")));
    }
    rows.apart();
    rows.lines.sort_by_key(|line| line.start);
    rows.lines
}

impl Rows<'_> {
    fn seconds(&self, day: usize, (from, to): (usize, usize)) -> (i64, i64) {
        let at =
            |quarter: usize| self.month.start + i64::try_from(QUARTERS * day + quarter).unwrap_or(0) * QUARTER_SECONDS;
        (at(from), at(to))
    }

    /// Usage, where there is any, and the discount on it.
    fn push(&mut self, item: Item, of: Option<usize>, resource: &str, amount: i128, span: (i64, i64)) {
        if amount == 0 {
            return;
        }
        let discount = self.options.bill.discount;
        let line = Line { of, ..Line::usage(item, resource, amount, discount, span) };
        let named = of.is_some() && line.item.what != What::Unknown;
        if let Some(net) = line.costs.net.filter(|_| named && self.options.bill.bill_format.is_cur()) {
            // The usage row's net cost holds the discount already, so the discount's own net cost is 0.
            let costs = Costs { unblended: net - line.costs.unblended, net: Some(0), list: None };
            self.lines.push(Line { class: Class::EdpDiscount, costs, ..line.clone() });
        }
        self.lines.push(line);
    }

    fn gateway(&mut self, number: usize, day: usize, (from, to): (usize, usize)) {
        let gateway = &self.account.gateways[number];
        let resource = arn(self.account, &format!("natgateway/{}", gateway.id));
        let (span, sums) = (self.seconds(day, (from, to)), self.truth.between(number, day, from..to));
        let zones = if gateway.regional { gateway.public.len() } else { 1 };
        let hours = i128::try_from((to - from) * zones).unwrap_or(0) * QUARTER_HOURS * ONE;
        let prices = self.prices;
        self.push(prices.nat(What::NatHours, gateway.regional), Some(number), &resource, hours, span);
        let data = prices.nat(What::NatBytes, gateway.regional);
        self.push(data, Some(number), &resource, gigabytes(sums.billed()), span);
        for (item, bytes) in transfers(prices, &sums) {
            self.push(item, Some(number), &resource, gigabytes(bytes), span);
        }
        let addresses: Vec<String> = gateway.public.iter().map(ToString::to_string).collect();
        for address in addresses {
            // A regional gateway's addresses are on no interface.
            let rest = if gateway.regional {
                format!("elastic-ip/{}", derived("eipalloc-", &address))
            } else {
                format!("network-interface/{}", self.account.interfaces[gateway.interface].id)
            };
            let amount = i128::try_from(to - from).unwrap_or(0) * QUARTER_HOURS * ONE;
            self.push(prices.public_ipv4(), None, &arn(self.account, &rest), amount, span);
        }
    }

    fn vpc_products(&mut self, day: usize, (from, to): (usize, usize)) {
        let (account, prices, span) = (self.account, self.prices, self.seconds(day, (from, to)));
        let hours = i128::try_from(to - from).unwrap_or(0) * QUARTER_HOURS * ONE;
        for (number, endpoint) in account.endpoints.iter().enumerate() {
            let resource = arn(account, &format!("vpc-endpoint/{}", endpoint.id));
            let of_zones = hours * i128::try_from(ENDPOINT_ZONES).unwrap_or(0);
            let bytes: u64 = (from..to).map(|quarter| endpoint.bytes(self.month, day, quarter)).sum();
            self.push(prices.endpoint(What::EndpointHours), Some(number), &resource, of_zones, span);
            self.push(prices.endpoint(What::EndpointBytes), Some(number), &resource, gigabytes(bytes), span);
        }
        for (at, (id, _)) in attached(account).enumerate() {
            let resource = arn(account, &format!("transit-gateway-attachment/{id}"));
            let gateways = 0..account.gateways.len();
            let bytes: u64 = gateways.map(|g| self.truth.between(g, day, from..to).transit[at]).sum();
            self.push(prices.transit(What::TransitHours), None, &resource, hours, span);
            self.push(prices.transit(What::TransitBytes), None, &resource, gigabytes(bytes), span);
        }
    }

    /// Rows that have nothing to do with NAT gateways, the far end of zone crossings among them.
    fn others(&mut self, day: usize) {
        let span = self.seconds(day, (0, QUARTERS));
        let Some(client) = self.account.clients.first() else { return };
        let gateways = 0..self.account.gateways.len();
        let crossed: u64 = gateways.map(|g| self.truth.between(g, day, 0..QUARTERS).cross_zone[1]).sum();
        let amounts = [24 * ONE, gigabytes(crossed), 37 * ONE];
        let instance = arn(self.account, &format!("instance/{}", client.instance));
        let resources = [instance.as_str(), client.instance.as_str(), "shop-media"];
        for ((item, amount), resource) in self.prices.others().into_iter().zip(amounts).zip(resources) {
            self.push(item, None, resource, amount, span);
        }
    }

    /// A gateway that was deleted on the tenth day: the last of its hours is a part of a day.
    fn deleted(&mut self, number: usize, resource: &str) {
        let mut rng = Rng::new(self.options.seed, 7);
        let prices = self.prices;
        for day in 0..10 {
            let (start, end) = self.seconds(day, (0, QUARTERS));
            let hours = if day == 9 { 5 } else { 24 };
            let span = (start, end.min(start + hours * HOUR_SECONDS));
            self.push(prices.nat(What::NatHours, false), Some(number), resource, i128::from(hours) * ONE, span);
            let bytes = rng.between(1 << 30, 9 << 30);
            self.push(prices.nat(What::NatBytes, false), Some(number), resource, gigabytes(bytes), span);
        }
    }

    /// Rows that are no usage, and the one that nobody understands.
    fn apart(&mut self) {
        let (month, prices) = ((self.month.start, self.month.end), self.prices);
        let Some(gateway) = self.account.gateways.first() else { return };
        let resource = arn(self.account, &format!("natgateway/{}", gateway.id));
        if self.options.bill.unknown_bill_rows {
            let (start, _) = self.seconds(11, (0, QUARTERS));
            self.push(prices.unknown(), Some(0), &resource, 71 * ONE + 3, (start, start + HOUR_SECONDS));
        }
        let net = |cost: i128| self.options.bill.discount.map(|_| cost);
        let apart = |class, item: Item, resource: &str, amount, cost| Line {
            class,
            costs: Costs { unblended: cost, net: net(cost), list: None },
            start: month.0,
            end: month.1,
            ..Line::usage(item, resource, amount, None, month)
        };
        // A credit repeats the usage type of what it pays for, and has neither an amount nor a resource.
        let credits = [
            (prices.nat(What::NatBytes, gateway.regional), -61 * ONE / 10),
            (prices.nat(What::NatHours, gateway.regional), -3 * ONE),
            (prices.endpoint(What::EndpointHours), -ONE / 4),
        ];
        let mut lines: Vec<Line> =
            credits.into_iter().map(|(item, cost)| apart(Class::Credit, item, "", 0, cost)).collect();
        let refunded = prices.nat(What::NatBytes, gateway.regional);
        lines.push(apart(Class::Refund, refunded, &resource, 12 * ONE, -54 * ONE / 100).of(0));
        lines.push(apart(Class::Tax, prices.taxed(), "", ONE, 19 * ONE / 2));
        self.lines.extend(lines);
    }
}

/// What a gateway's bytes cost besides the gateway.
fn transfers(prices: Prices, sums: &Sums) -> Vec<(Item, u64)> {
    let beyond = |beyond: Beyond| -> Pair { sums.beyond[beyond as usize] };
    let mut items = vec![
        (prices.regional_transfer(What::CrossZone, "InterZone-In"), sums.cross_zone[0]),
        (prices.regional_transfer(What::CrossZone, "InterZone-Out"), sums.cross_zone[1]),
        (prices.regional_transfer(What::Transfer, "PublicIP-Out"), beyond(Beyond::PublicIp)[0]),
        (prices.regional_transfer(What::Transfer, "PublicIP-In"), beyond(Beyond::PublicIp)[1]),
    ];
    for (at, out) in [(0, true), (1, false)] {
        items.push((prices.internet(out), beyond(Beyond::Internet)[at]));
        items.push((prices.cloudfront(out), beyond(Beyond::CloudFront)[at]));
        items.push((prices.other_region(out), beyond(Beyond::OtherRegion)[at]));
    }
    items
}

/// The id of a gateway that only the bill knows.
pub(super) fn deleted_gateway(options: &Options) -> Option<String> {
    options.bill.deleted_gateway.then(|| Rng::new(options.seed, 8).id("nat-"))
}
