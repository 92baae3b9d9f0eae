//! Numbers and text as people read them: separators, units, rounding half-even. The only place that rounds for display.

use crate::model::bytes::Bytes;
use crate::model::usd::{SCALE, Usd, div_half_even};
use std::fmt::Write as _;

/// What is printed for a value that is not known.
pub(super) const UNKNOWN: &str = "n/a";

/// How one report prints its numbers: every table in the same currency and the same unit of data.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    money_sign: String,
    unit: Unit,
}

/// A unit of data with the decimals that suit the report's size.
#[derive(Clone, Copy, Debug)]
struct Unit {
    name: &'static str,
    bytes: i128,
    decimals: u32,
}

const MB: Unit = Unit { name: "MB", bytes: 1 << 20, decimals: 2 };
const GB: i128 = 1 << 30;

impl Numbers {
    /// For a report in `currency` whose gateways carried `largest` bytes together.
    pub(super) fn new(currency: &str, largest: i128) -> Self {
        let unit = match largest {
            0 | GB.. if largest < 1_000 * GB => Unit { name: "GB", bytes: GB, decimals: 2 },
            GB.. => Unit { name: "GB", bytes: GB, decimals: 1 },
            _ => MB,
        };
        let money_sign = if currency == "USD" { "$".to_owned() } else { format!("{currency} ") };
        Self { money_sign, unit }
    }

    /// Name of the unit of [`Numbers::data`], for column titles.
    pub(super) fn unit(&self) -> &'static str {
        self.unit.name
    }

    /// Bytes in the report's unit, without its name.
    pub(super) fn data(&self, bytes: i128) -> String {
        in_unit(bytes, self.unit)
    }

    /// What [`Numbers::data`] prints, as an integer of its last decimal.
    pub(super) fn data_rounded(&self, bytes: i128) -> i128 {
        rounded(bytes, self.unit)
    }

    /// Bytes with a unit, smaller than the report's where the amount asks for it.
    pub(super) fn size(&self, bytes: i128) -> String {
        let unit = self.unit;
        if bytes == 0 || rounded(bytes, unit) >= 10i128.pow(unit.decimals) / 10 {
            return format!("{} {}", in_unit(bytes, unit), unit.name);
        }
        if rounded(bytes, MB) > 0 { format!("{} MB", in_unit(bytes, MB)) } else { format!("{} bytes", grouped(bytes)) }
    }

    /// Money to the cent; an amount that would show as nothing says so.
    pub(super) fn money(&self, amount: Usd) -> String {
        let sign = if amount.units() < 0 { "-" } else { "" };
        let cents = amount.cents();
        match (cents, amount.units()) {
            (0, 1..) => format!("<{}0.01", self.money_sign),
            (0, ..=-1) => format!(">-{}0.01", self.money_sign),
            _ => format!("{sign}{}{}", self.money_sign, decimal(cents, 2).trim_start_matches('-')),
        }
    }

    /// The price of one unit, with four significant digits at least.
    pub(super) fn unit_price(&self, price: Usd) -> String {
        let magnitude = i128::try_from(price.units().unsigned_abs()).unwrap_or(i128::MAX);
        let decimals =
            (2..12).find(|&d| magnitude >= 10i128.pow(15 - d)).unwrap_or(if magnitude == 0 { 2 } else { 12 });
        let shown = decimal(div_half_even(price.units(), SCALE / 10i128.pow(decimals)), decimals);
        let sign = if shown.starts_with('-') { "-" } else { "" };
        format!("{sign}{}{}", self.money_sign, shown.trim_start_matches('-'))
    }
}

/// A whole number with separators.
pub(super) fn grouped(n: i128) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in MB of 2^20, whatever the report's unit, without its name.
pub(super) fn megabytes(bytes: i128) -> String {
    in_unit(bytes, MB)
}

/// What [`megabytes`] prints, as an integer of its last decimal.
pub(super) fn megabytes_rounded(bytes: i128) -> i128 {
    rounded(bytes, MB)
}

/// An exact decimal with one decimal place, for GB that are no bytes, and for hours.
pub(super) fn quantity(value: Usd) -> String {
    let tenths = quantity_rounded(value);
    if tenths == 0 && value.units() > 0 { "<0.1".to_owned() } else { decimal(tenths, 1) }
}

/// What [`quantity`] prints, as an integer of its last decimal.
pub(super) fn quantity_rounded(value: Usd) -> i128 {
    div_half_even(value.units(), SCALE / 10)
}

/// `part` of `whole` in tenths of a percent; `None` where there is no whole.
fn permille(part: i128, whole: i128) -> Option<i128> {
    (whole > 0).then(|| div_half_even(part.saturating_mul(1_000), whole))
}

/// `part` of `whole` in percent.
pub(super) fn percent(part: i128, whole: i128) -> String {
    match permille(part, whole) {
        None => UNKNOWN.to_owned(),
        Some(0) if part > 0 => "<0.1%".to_owned(),
        Some(tenths) => format!("{}%", decimal(tenths, 1)),
    }
}

/// `1 gateway`, `2 gateways`.
pub(super) fn plural(n: usize, one: &str, many: &str) -> String {
    let count = grouped(i128::try_from(n).unwrap_or(i128::MAX));
    format!("{count} {}", if n == 1 { one } else { many })
}

/// The bytes of `b` as a summand.
pub(super) fn int(b: Bytes) -> i128 {
    i128::from(b.get())
}

/// The span as a month where it is one, else as two times; both are UTC.
pub(super) fn period(start: &str, end: &str) -> String {
    let whole_month = || {
        let (from, to) = (start.strip_suffix("-01T00:00:00Z")?, end.strip_suffix("-01T00:00:00Z")?);
        let ((year, month), (next_year, next)) = (year_month(from)?, year_month(to)?);
        (next_year * 12 + next == year * 12 + month + 1).then_some(())?;
        Some(format!("{} {year}", MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?))
    };
    whole_month().unwrap_or_else(|| format!("{} to {} UTC", moment(start), moment(end)))
}

/// An ISO time as `YYYY-MM-DD HH:MM`, without the time of day at midnight.
pub(super) fn moment(iso: &str) -> String {
    let Some((day, time)) = iso.trim_end_matches('Z').split_once('T') else { return iso.to_owned() };
    if time == "00:00:00" {
        return day.to_owned();
    }
    format!("{day} {}", time.strip_suffix(":00").unwrap_or(time))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn year_month(text: &str) -> Option<(i64, i64)> {
    let (year, month) = text.split_once('-')?;
    Some((i64::from(year.parse::<u16>().ok()?), i64::from(month.parse::<u8>().ok()?)))
}

/// Text from outside, made harmless on a terminal: what would move the cursor, hide or reorder letters is spelled out.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) {
            // Writing to a String does not fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn rounded(bytes: i128, unit: Unit) -> i128 {
    div_half_even(bytes.saturating_mul(10i128.pow(unit.decimals)), unit.bytes)
}

fn in_unit(bytes: i128, unit: Unit) -> String {
    match rounded(bytes, unit) {
        0 if bytes > 0 => format!("<{}", decimal(1, unit.decimals)),
        shown => decimal(shown, unit.decimals),
    }
}

/// `n` of the last of `decimals` places, with separators.
fn decimal(n: i128, decimals: u32) -> String {
    let scale = 10u128.pow(decimals);
    let (int, frac) = (n.unsigned_abs() / scale, n.unsigned_abs() % scale);
    let sign = if n < 0 { "-" } else { "" };
    let places = usize::try_from(decimals).unwrap_or(0);
    let int = grouped(i128::try_from(int).unwrap_or(i128::MAX));
    if places == 0 { format!("{sign}{int}") } else { format!("{sign}{int}.{frac:0places$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap().0
    }

    fn check<T: AsRef<str>>(situation: &str, got: T, expect: &str) {
        assert_eq!(got.as_ref(), expect, "{situation}");
    }

    #[test]
    fn money_never_looks_like_nothing() {
        let n = Numbers::new("USD", 0);
        check("thousands", n.money(usd("1234567.891")), "$1,234,567.89");
        check("a credit", n.money(usd("-3.1")), "-$3.10");
        check("tie to even", n.money(usd("0.125")), "$0.12");
        check("tiny", n.money(usd("0.000001")), "<$0.01");
        check("tiny credit", n.money(usd("-0.004")), ">-$0.01");
        check("nothing", n.money(Usd::ZERO), "$0.00");
        check("another currency", Numbers::new("CNY", 0).money(usd("-7.5")), "-CNY 7.50");
        check("the largest", n.money(Usd::from_units(i128::MIN)), "-$170,141,183,460,469,231,731,687,303.72");
    }

    #[test]
    fn unit_prices_keep_four_digits() {
        let n = Numbers::new("USD", 0);
        check("list", n.unit_price(usd("0.045")), "$0.04500");
        check("blended", n.unit_price(usd("0.0419876543")), "$0.04199");
        check("above one", n.unit_price(usd("12.3456")), "$12.35");
        check("tiny", n.unit_price(usd("0.0000001234")), "$0.0000001234");
        check("a discount", n.unit_price(usd("-0.01")), "-$0.01000");
        check("free", n.unit_price(Usd::ZERO), "$0.00");
    }

    #[test]
    fn data_is_in_one_unit_per_report() {
        let small = Numbers::new("USD", 5 << 20);
        check("a small report", small.data(3 << 19), "1.50");
        check("a small report's unit", small.unit(), "MB");
        let usual = Numbers::new("USD", 900 << 30);
        check("two decimals", usual.data(3 << 29), "1.50");
        check("tiny", usual.data(1), "<0.01");
        check("none", usual.data(0), "0.00");
        let large = Numbers::new("USD", 5_000 << 30);
        check("separators", large.data(1_234 << 30), "1,234.0");
        check("in a sentence", large.size(1_234 << 30), "1,234.0 GB");
        check("small in a sentence", large.size(5 << 20), "5.00 MB");
        check("tiny in a sentence", large.size(1_500), "1,500 bytes");
        check("none in a sentence", large.size(0), "0.0 GB");
        check("an empty report", Numbers::new("USD", 0).unit(), "GB");
    }

    #[test]
    fn parts_of_a_whole() {
        check("third", percent(1, 3), "33.3%");
        check("tiny", percent(1, 1 << 60), "<0.1%");
        check("no whole", percent(0, 0), "n/a");
        check("loss", percent(-1, 4), "-25.0%");
        check("quantity", quantity(usd("1204.449")), "1,204.4");
        check("grouped", grouped(-1_234_567), "-1,234,567");
    }

    #[test]
    fn spans_of_time() {
        check("a month", period("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"), "October 2026");
        check("december", period("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"), "December 2026");
        check("two months", period("2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z"), "2026-10-01 to 2026-12-01 UTC");
        check(
            "hours",
            period("2026-10-01T06:00:00Z", "2026-10-02T00:00:01Z"),
            "2026-10-01 06:00 to 2026-10-02 00:00:01 UTC",
        );
        check("no time at all", period("x", "-01T00:00:00Z"), "x to -01 UTC");
        check("month zero", period("2026-00-01T00:00:00Z", "2026-01-01T00:00:00Z"), "2026-00-01 to 2026-01-01 UTC");
    }

    #[test]
    fn names_cannot_drive_a_terminal() {
        check("escape", visible("a\u{1b}[31mred\r\n"), "a\\u{1b}[31mred\\u{d}\\u{a}");
        check("right to left", visible("x\u{202e}y"), "x\\u{202e}y");
        check("plain letters", visible("Größe 東京"), "Größe 東京");
    }
}
