//! From how many GB on something pays, price tier by price tier.

use crate::advise::tiers::{BreakEven, TierGain};
use crate::explain::working::{Expression, Quantity, Steps, Unit};
use crate::model::usd::Usd;

/// `worth` is what a GB is worth, `price` what its price is of, `result` the report's GB.
pub(in crate::explain) fn steps(
    steps: &mut Steps,
    found: &BreakEven,
    worth: Quantity,
    price: &'static str,
    result: Option<Usd>,
) {
    if found.gb != result {
        if let Some(gb) = result {
            steps.given("break-even", vec![Quantity::decimal(gb, Unit::Gb)], "the report");
        }
        return;
    }
    for (at, tier) in found.tiers.iter().enumerate() {
        let rate = Quantity::decimal(tier.price, Unit::MoneyPerGb).called(price);
        let gain = Quantity::decimal(tier.gain, Unit::MoneyPerGb).called("saved");
        let label = if at == 0 { "a GB saves" } else { "a GB of the next tier saves" };
        steps.worked(label, Expression::difference(worth, [rate]), gain);
        if let Some(next) = found.tiers.get(at + 1) {
            whole(steps, tier, next, gain);
        }
    }
    match (found.gb, found.tiers.last()) {
        (Some(Usd::ZERO), _) => steps.note("break-even", "No hours are to be outweighed: it pays from the first byte."),
        (Some(gb), Some(last)) => reached(steps, last, gb),
        (None, _) => steps.note("break-even", "No month has so many GB that it would pay."),
        (Some(_), None) => {}
    }
}

/// A tier that all of is not enough.
fn whole(steps: &mut Steps, tier: &TierGain, next: &TierGain, gain: Quantity) {
    let (Some(room), Some(room_gb), Some(won)) = (tier.room, tier.room_gb(), tier.whole()) else { return };
    let room_gb = Quantity::decimal(room_gb, Unit::Gb);
    steps.worked("room in that tier", Expression::fraction([Quantity::bytes(room)], [Quantity::per_gb()]), room_gb);
    let won = Quantity::money(won).called("saved");
    steps.worked("saved there", Expression::fraction([Quantity::bytes(room), gain], [Quantity::per_gb()]), won);
    let left = Quantity::money(tier.left).called("to outweigh");
    steps.worked(
        "left to outweigh",
        Expression::difference(left, [won]),
        Quantity::money(next.left).called("to outweigh"),
    );
}

fn reached(steps: &mut Steps, last: &TierGain, gb: Usd) {
    let Some(more) = last.more() else { return };
    let left = Quantity::money(last.left).called(if last.gb == Usd::ZERO { "hours" } else { "to outweigh" });
    let gain = Quantity::decimal(last.gain, Unit::MoneyPerGb).called("saved");
    let more = Quantity::decimal(more, Unit::Gb);
    let result = Quantity::decimal(gb, Unit::Gb);
    if last.gb == Usd::ZERO {
        steps.worked("break-even", Expression::fraction([left], [gain]), result);
        return;
    }
    steps.worked("GB of that tier", Expression::fraction([left], [gain]), more);
    let before = Quantity::decimal(last.gb, Unit::Gb).called("of the tiers before");
    steps.worked("break-even", Expression::sum([before, more]), result);
}
