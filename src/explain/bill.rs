//! The lines of the bill on a gateway, and what they add up to.

use super::working::{Expression, Quantity, Steps, Unit};
use crate::bill::kind::ChargeKind;
use crate::model::bill::LineClass;
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::reconcile::ledger::{Entry, Ledger};
use crate::report::NatGatewayRow;

const THE_BILL: &str = "the bill";

const DATA: [ChargeKind; 2] = [ChargeKind::NatBytes, ChargeKind::NatProvisionedBytes];
const HOURS: [ChargeKind; 2] = [ChargeKind::NatHours, ChargeKind::NatProvisionedHours];

/// Every entry as it was read: what enters the gateway's cost, what only tells where bytes went, and what is in no sum.
pub(super) fn entries(steps: &mut Steps, ledger: &Ledger) {
    let counts = |entry: &&Entry| matches!(entry.class, LineClass::Usage | LineClass::Discount);
    let understood = |entry: &&Entry| counts(entry) && entry.kind != ChargeKind::NotUnderstood;
    let (own, others): (Vec<&Entry>, Vec<&Entry>) =
        ledger.entries.iter().filter(understood).partition(|entry| entry.kind.is_nat());
    lines(steps, "Lines of the bill: what the gateway charges", &own);
    lines(steps, "Lines of the bill: charged beside it, in no sum of the gateway", &others);
    let apart: Vec<&Entry> = ledger.entries.iter().filter(|entry| !understood(entry)).collect();
    lines(steps, "Lines of the bill: apart, in no sum", &apart);
}

fn lines(steps: &mut Steps, title: &str, entries: &[&Entry]) {
    if entries.is_empty() {
        return;
    }
    steps.part(title);
    for entry in entries {
        let (name, meaning) = words(entry.kind);
        let (class, effect) = class(entry.class);
        steps.given(format!("{name}{class}: {meaning}{effect}"), values(entry), THE_BILL);
        if entry.cost.is_none() {
            steps.note("", "The bill has no cost on this basis: what rests on it is not known.");
        }
    }
}

/// Lines, quantity, bytes and cost.
pub(super) fn values(entry: &Entry) -> Vec<Quantity> {
    let mut values = vec![Quantity::count(entry.lines, Unit::Lines)];
    let unit = if entry.kind.is_bytes() { Unit::Gb } else { unit_of(entry.kind) };
    values.extend(entry.quantity.map(|quantity| Quantity::decimal(quantity, unit)));
    values.extend(entry.bytes.map(Quantity::bytes));
    values.extend(entry.cost.map(Quantity::money));
    values
}

/// The entries of a kind.
pub(super) fn of_kind(ledger: &Ledger, kind: ChargeKind) -> Vec<&Entry> {
    ledger.entries.iter().filter(|entry| entry.kind == kind).collect()
}

/// Cost, bytes and rate of the data, as the gateway's row has them.
pub(super) fn data(steps: &mut Steps, ledger: &Ledger, row: &NatGatewayRow) {
    let costs = of(ledger, &DATA).filter_map(|entry| entry.cost);
    total(steps, "data cost", costs.map(Quantity::money).collect(), row.data_usd.map(Quantity::money));
    let usage = of(ledger, &DATA).filter(|entry| entry.class == LineClass::Usage);
    let bytes = usage.filter_map(|entry| entry.bytes).map(Quantity::bytes).collect();
    total(steps, "billed bytes", bytes, row.billed_bytes.map(Quantity::bytes));
    rate(steps, row.data_usd, row.billed_bytes, row.usd_per_gb);
}

/// The price of a GB that was paid.
pub(super) fn rate(steps: &mut Steps, data: Option<Usd>, bytes: Option<Bytes>, rate: Option<Usd>) {
    let (Some(data), Some(bytes), Some(rate)) = (data, bytes, rate) else { return };
    let of = Expression::fraction(
        [Quantity::money(data).called("data cost"), Quantity::per_gb()],
        [Quantity::bytes(bytes).called("billed")],
    );
    steps.worked("rate", of, Quantity::decimal(rate, Unit::MoneyPerGb));
}

/// Cost of the hours and what an hour cost.
pub(super) fn hours(steps: &mut Steps, ledger: &Ledger, row: &NatGatewayRow) {
    let costs = of(ledger, &HOURS).filter_map(|entry| entry.cost);
    total(steps, "hours cost", costs.map(Quantity::money).collect(), row.hours_usd.map(Quantity::money));
    let usage = of(ledger, &HOURS[..1]).filter(|entry| entry.class == LineClass::Usage);
    let hours = usage.filter_map(|entry| entry.quantity).map(|hours| Quantity::decimal(hours, Unit::Hours)).collect();
    total(steps, "hours", hours, row.hours.map(|hours| Quantity::decimal(hours, Unit::Hours)));
    if let (Some(usd), Some(hours), Some(paid)) = (row.hours_usd, row.hours, ledger.usd_per_hour()) {
        let of =
            Expression::fraction([Quantity::money(usd).called("hours cost")], [Quantity::decimal(hours, Unit::Hours)]);
        steps.worked("price of an hour", of, Quantity::decimal(paid, Unit::MoneyPerHour));
    }
}

/// The most that endpoints could take: what has no transfer line beside it.
pub(super) fn upper_bound(steps: &mut Steps, ledger: &Ledger) {
    let (Some(bytes), Some(residual), Some(data), Some(bound)) =
        (ledger.bytes(), ledger.residual_bytes(), ledger.data_usd(), ledger.upper_bound_usd())
    else {
        return;
    };
    let elsewhere = bytes.saturating_sub(residual);
    let of = Expression::difference(
        Quantity::bytes(bytes).called("billed"),
        [Quantity::bytes(elsewhere).called("with a transfer line")],
    );
    steps.worked("bytes without a transfer line", of, Quantity::bytes(residual));
    if bytes > Bytes::ZERO {
        let of = Expression::fraction(
            [Quantity::money(data).called("data cost"), Quantity::bytes(residual)],
            [Quantity::bytes(bytes).called("billed")],
        );
        steps.split("upper bound", of, Quantity::money(bound));
    }
    steps.note("", "A bound and not a saving: only bytes to AWS services of the same Region have no transfer line.");
}

/// Usage and discounts: what enters a gateway's cost.
fn of<'a>(ledger: &'a Ledger, kinds: &'a [ChargeKind]) -> impl Iterator<Item = &'a Entry> {
    let counts = |entry: &&Entry| matches!(entry.class, LineClass::Usage | LineClass::Discount);
    ledger.entries.iter().filter(counts).filter(|entry| kinds.contains(&entry.kind))
}

/// The sum of several entries; of one entry only that it is this one.
fn total(steps: &mut Steps, label: &str, parts: Vec<Quantity>, result: Option<Quantity>) {
    match (result, parts.as_slice()) {
        (None, _) => steps.note(label, "Not known: a line of the bill does not say."),
        (Some(result), [] | [_]) => steps.given(label, vec![result], THE_BILL),
        (Some(result), _) => steps.worked(label, Expression::sum(parts), result),
    }
}

fn unit_of(kind: ChargeKind) -> Unit {
    match kind {
        // Gbps-hours, and what nobody understands.
        ChargeKind::NatProvisionedHours | ChargeKind::NotUnderstood => Unit::Plain,
        _ => Unit::Hours,
    }
}

/// What the class adds to the name, and what it means for the sums.
fn class(class: LineClass) -> (&'static str, &'static str) {
    match class {
        LineClass::Usage => ("", ""),
        LineClass::Discount => (", discount", ", less its discount"),
        LineClass::Credit => (", credit", "; a credit lowers no gateway's cost"),
        LineClass::Refund => (", refund", "; a refund or correction lowers no gateway's cost"),
        LineClass::Tax => (", tax", "; tax raises no gateway's cost"),
        LineClass::Other => (", no usage", "; a line that is no usage"),
    }
}

/// The usage type without its Region code (for transfer, where to), and what it measures.
fn words(kind: ChargeKind) -> (&'static str, &'static str) {
    match kind {
        ChargeKind::NatHours => ("NatGateway-Hours", "hours that the gateway stood"),
        ChargeKind::NatBytes => ("NatGateway-Bytes", "data processed, both directions"),
        ChargeKind::NatProvisionedHours => ("NatGateway-Prvd-Gbps", "Gbps-hours of provisioned bandwidth"),
        ChargeKind::NatProvisionedBytes => ("NatGateway-Prvd-Bytes", "data processed on provisioned bandwidth"),
        ChargeKind::EndpointHours => ("VpcEndpoint-Hours", "hours of interface endpoints, each AZ"),
        ChargeKind::EndpointBytes => ("VpcEndpoint-Bytes", "data through interface endpoints"),
        ChargeKind::GwlbEndpointHours => ("VpcEndpoint-GWLBE-Hours", "hours of Gateway Load Balancer endpoints"),
        ChargeKind::GwlbEndpointBytes => ("VpcEndpoint-GWLBE-Bytes", "data through Gateway Load Balancer endpoints"),
        ChargeKind::ResourceEndpointHours => ("VpcResourceConsumer-Hours", "hours of resource endpoints"),
        ChargeKind::ResourceEndpointBytes => ("VpcResourceConsumer-Bytes", "data through resource endpoints"),
        ChargeKind::TransitHours => ("TransitGateway-Hours", "hours of attachments"),
        ChargeKind::TransitBytes => ("TransitGateway-Bytes", "data sent into a transit gateway"),
        ChargeKind::InterZone => ("DataTransfer-Regional-Bytes", "data between AZs"),
        ChargeKind::PublicIp => ("PublicIP transfer", "data to and from public addresses of the Region"),
        ChargeKind::Internet => ("Internet transfer", "data to and from the internet"),
        ChargeKind::InterRegion => ("Region transfer", "data to and from other Regions"),
        ChargeKind::PublicIpv4InUse => ("PublicIPv4:InUseAddress", "hours of addresses in use"),
        ChargeKind::PublicIpv4Idle => ("PublicIPv4:IdleAddress", "hours of idle addresses"),
        ChargeKind::NotUnderstood => ("not understood", "a usage type that natlens does not know, on this gateway"),
    }
}
