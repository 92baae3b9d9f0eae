//! A gateway: its bytes, its bill, and what it was for.

use super::FLOW_LOGS;
use super::bill;
use super::finding;
use super::traffic;
use super::trail::{GatewayTrail, Trail};
use super::working::{Expression, Quantity, Step, Steps, Term, Unit};
use crate::count::resolve::GatewayCount;
use crate::model::bytes::Bytes;
use crate::model::usd::Usd;
use crate::price::Item;
use crate::reconcile::split::Source;
use crate::report::{NatGatewayRow, Report};

pub(super) fn steps(row: &NatGatewayRow, report: &Report, trail: &Trail) -> Vec<Step> {
    let unknown = GatewayTrail::default();
    let known = trail.gateways.get(&row.nat_gateway_id).unwrap_or(&unknown);
    let mut steps = Steps::default();
    steps.part("Bytes");
    bytes(&mut steps, row, known.count.as_ref());
    steps.part("Records");
    records(&mut steps, known.count.as_ref(), report);
    if !matches!((known.source, &known.ledger), (Source::Bill, Some(_))) {
        steps.part("Cost");
    }
    cost(&mut steps, row, known, report, trail);
    steps.part("What the data was for");
    let own = traffic::pick(report, trail, |t| t.nat_gateway_id == row.nat_gateway_id);
    if own.is_empty() {
        steps.note("", "No traffic is attributed to it.");
    }
    traffic::tables(&mut steps, &own, false, report);
    if let (Source::Bill, Some(ledger)) = (known.source, &known.ledger) {
        steps.part("Hours");
        bill::hours(&mut steps, ledger, row);
        list_price(&mut steps, "list price of an hour", row, Item::NatGatewayHour, Unit::MoneyPerHour, trail);
        steps.part("Upper bound");
        bill::upper_bound(&mut steps, ledger);
    }
    finding::steps(&mut steps, row, report, trail);
    steps.0
}

fn bytes(steps: &mut Steps, row: &NatGatewayRow, count: Option<&GatewayCount>) {
    match (row.upload_bytes, row.download_bytes, row.observed_bytes) {
        (Some(up), Some(down), Some(observed)) => {
            let (up, down) = (Quantity::bytes(up).called("up"), Quantity::bytes(down).called("down"));
            steps.given("client to remote", vec![up], FLOW_LOGS);
            steps.given("remote to client", vec![down], FLOW_LOGS);
            steps.worked("observed", Expression::sum([up, down]), Quantity::bytes(observed));
        }
        _ => steps.note("observed", "No flow log covers it: its bytes are not known, which is not zero."),
    }
    if let (Some(count), Some(mirror), Some(unsolicited)) = (count, row.mirror_bytes, row.unsolicited_bytes) {
        other_side(steps, count, mirror, unsolicited);
    }
    if let Some(count) = count {
        if count.skipdata > 0 {
            steps.given("SKIPDATA, of unknown size", vec![Quantity::count(count.skipdata, Unit::Records)], FLOW_LOGS);
        }
        if count.undecided.records > 0 {
            let sum = count.undecided;
            let values = vec![Quantity::count(sum.records, Unit::Records), Quantity::bytes(Bytes::new(sum.bytes))];
            steps.given("not decided: in no sum", values, FLOW_LOGS);
        }
    }
    for (label, bytes, source) in
        [("metered", row.metered_bytes, "CloudWatch"), ("billed", row.billed_bytes, "the bill")]
    {
        if let Some(bytes) = bytes {
            steps.given(label, vec![Quantity::bytes(bytes)], source);
        }
    }
    if let (Some(observed), Some(billed), Some(coverage)) = (row.observed_bytes, row.billed_bytes, row.coverage) {
        let of = Expression::fraction(
            [Quantity::bytes(observed).called("observed")],
            [Quantity::bytes(billed).called("billed")],
        );
        steps.worked("coverage", of, Quantity::decimal(coverage, Unit::Plain));
    }
    if let Some(diagnosis) = &row.diagnosis {
        steps.note("diagnosis", diagnosis.clone());
    }
}

/// The same bytes on the gateway's other side, which are in no sum.
fn other_side(steps: &mut Steps, count: &GatewayCount, mirror: Bytes, unsolicited: Bytes) {
    let [_, leg_2, leg_3, leg_4] = count.legs.map(|bytes| Quantity::bytes(Bytes::new(bytes)));
    let [leg_2, leg_3, leg_4] = [leg_2.called("leg 2"), leg_3.called("leg 3"), leg_4.called("leg 4")];
    if count.legs[2] >= count.legs[3] {
        steps.worked("unsolicited", Expression::difference(leg_3, [leg_4]), Quantity::bytes(unsolicited));
    } else {
        steps.given("unsolicited: leg 3 is no more than leg 4", vec![leg_3, leg_4], FLOW_LOGS);
    }
    let unsolicited = Term::less(Quantity::bytes(unsolicited).called("unsolicited"));
    let of = Expression::Sum(vec![Term::plus(leg_2), Term::plus(leg_3), unsolicited]);
    steps.worked("mirror: in no sum", of, Quantity::bytes(mirror));
}

/// The records that were counted at the gateway, and what became of all that were read.
fn records(steps: &mut Steps, count: Option<&GatewayCount>, report: &Report) {
    if let Some(count) = count {
        let of = [
            (count.records.pairs, "of legs 1 and 4"),
            (count.records.public_side, "of the public side"),
            (count.records.clients, "of the clients' interfaces"),
        ];
        let of = of.into_iter().filter(|(n, _)| *n > 0);
        let of: Vec<Quantity> = of.map(|(n, what)| Quantity::count(n, Unit::Records).called(what)).collect();
        let all = Quantity::count(count.records.all(), Unit::Records);
        match of.as_slice() {
            [] => steps.given("counted at it", vec![all], FLOW_LOGS),
            [one] => steps.given("counted at it", vec![*one], FLOW_LOGS),
            _ => steps.worked("counted at it", Expression::sum(of), all),
        }
    }
    let r = &report.records;
    let kinds = [
        (r.counted, "counted"),
        (r.mirror, "mirror"),
        (r.not_nat, "not NAT"),
        (r.rejected, "rejected"),
        (r.nodata, "nodata"),
        (r.skipdata, "skipdata"),
        (r.malformed, "malformed"),
        (r.out_of_window, "out of window"),
        (r.duplicate, "duplicate"),
    ];
    let kinds = kinds.into_iter().filter(|(n, _)| *n > 0);
    let of = kinds.map(|(n, what)| Quantity::count(n, Unit::Records).called(what));
    if r.read > 0 {
        steps.worked("read, of all interfaces", Expression::sum(of), Quantity::count(r.read, Unit::Records));
    }
}

fn cost(steps: &mut Steps, row: &NatGatewayRow, known: &GatewayTrail, report: &Report, trail: &Trail) {
    match (known.source, &known.ledger) {
        (Source::Bill, Some(ledger)) => {
            bill::entries(steps, ledger);
            steps.part("Cost");
            bill::data(steps, ledger, row);
            list_price(steps, "list price of a GB", row, Item::NatGatewayGb, Unit::MoneyPerGb, trail);
            unobserved(steps, row);
        }
        (Source::Pool, Some(ledger)) => pool(steps, row, ledger, report, trail),
        (Source::NotOnBill, _) => steps.note("cost", "There is a bill, and it does not know this gateway."),
        (Source::List, _) if row.data_usd.is_none() => at_list(steps, row, report, trail),
        _ => steps.note("cost", "Where it comes from is not known."),
    }
}

fn list_price(steps: &mut Steps, label: &str, row: &NatGatewayRow, item: Item, unit: Unit, trail: &Trail) {
    if let Some(price) = trail.own_price(row, item) {
        steps.given(label, vec![Quantity::decimal(price.usd, unit)], price.source);
    }
}

fn at_list(steps: &mut Steps, row: &NatGatewayRow, report: &Report, trail: &Trail) {
    let Some(price) = trail.own_price(row, Item::NatGatewayGb) else {
        steps.note("cost", "There is no bill, and no list price of a GB where it stands is known.");
        return;
    };
    let rate = Quantity::decimal(price.usd, Unit::MoneyPerGb);
    steps.given("list price of a GB", vec![rate], price.source);
    if let (Some(observed), Some(usd)) = (row.observed_bytes, attributed(row, report)) {
        let of = Expression::fraction([Quantity::bytes(observed).called("observed"), rate], [Quantity::per_gb()]);
        steps.worked("cost of what was observed", of, Quantity::money(usd));
    }
}

/// What the logs explain of the data cost, and what they do not.
fn unobserved(steps: &mut Steps, row: &NatGatewayRow) {
    let (Some(data), Some(billed), Some(unobserved)) = (row.data_usd, row.billed_bytes, row.unobserved_usd) else {
        return;
    };
    let observed = row.observed_bytes.unwrap_or_default();
    if observed > billed {
        steps.note("", "The logs hold more than the bill: the split is scaled to the bill, and nothing is unobserved.");
    } else if billed > Bytes::ZERO {
        let rest = Quantity::bytes(billed.saturating_sub(observed)).called("unobserved");
        let (billed, observed) =
            (Quantity::bytes(billed).called("billed"), Quantity::bytes(observed).called("observed"));
        steps.worked("unobserved bytes", Expression::difference(billed, [observed]), rest);
        let of = Expression::fraction([Quantity::money(data).called("data cost"), rest], [billed]);
        steps.split("unobserved", of, Quantity::money(unobserved));
    }
    let of = Expression::difference(
        Quantity::money(data).called("data cost"),
        [Quantity::money(unobserved).called("unobserved")],
    );
    steps.worked("attributed", of, Quantity::money(data - unobserved));
}

/// A bill that names no gateway: its lines are shared by all gateways of the account and Region that it does not name.
fn pool(
    steps: &mut Steps,
    row: &NatGatewayRow,
    ledger: &crate::reconcile::ledger::Ledger,
    report: &Report,
    trail: &Trail,
) {
    let place = |text: &Option<String>| text.clone().unwrap_or_else(|| "all".to_owned());
    let (account, region) = (place(&ledger.account), place(&ledger.region));
    steps.note(
        "",
        format!("The bill names no gateway: its lines for account {account}, Region {region} are shared by bytes."),
    );
    bill::entries(steps, ledger);
    steps.part("Share of the cost");
    let (data, billed) = (ledger.data_usd(), ledger.bytes());
    bill::rate(steps, data, billed, row.usd_per_gb);
    let shares = |other: &&NatGatewayRow| {
        trail
            .gateways
            .get(&other.nat_gateway_id)
            .is_some_and(|known| known.source == Source::Pool && known.ledger.as_ref() == Some(ledger))
    };
    let members = report.nat_gateways.iter().filter(shares);
    let observed: Bytes = members.filter_map(|other| other.observed_bytes).sum();
    let (Some(data), Some(billed), Some(own), Some(usd)) = (data, billed, row.observed_bytes, attributed(row, report))
    else {
        return;
    };
    // Logs that hold more than the bill are scaled to it.
    let (whole, what) = if observed > billed { (observed, "observed by all") } else { (billed, "billed") };
    if whole > Bytes::ZERO {
        let of = Expression::fraction(
            [Quantity::money(data).called("data cost"), Quantity::bytes(own).called("observed")],
            [Quantity::bytes(whole).called(what)],
        );
        steps.split("attributed", of, Quantity::money(usd));
    }
}

/// Cost of what the logs hold of a gateway; `None` where a part has no price.
pub(super) fn attributed(row: &NatGatewayRow, report: &Report) -> Option<Usd> {
    match (row.data_usd, row.unobserved_usd) {
        (Some(data), Some(unobserved)) => Some(data - unobserved),
        _ => report.traffic.iter().filter(|t| t.nat_gateway_id == row.nat_gateway_id).map(|t| t.usd).sum(),
    }
}

/// A sum; one part that is all of it is no sum.
pub(super) fn sum(steps: &mut Steps, label: &str, parts: Vec<Quantity>, result: Quantity) {
    match parts.as_slice() {
        [one] if one.amount == result.amount => steps.given(label, vec![result], ""),
        [..] => steps.worked(label, Expression::sum(parts), result),
    }
}
