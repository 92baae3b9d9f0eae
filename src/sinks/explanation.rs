//! An explanation as text and as JSON. Text shows every operand exactly, so that anyone can check a line by hand; the amounts
//! that the report prints stand beside, after `~`.

mod table;

use super::Style;
use super::human::{self, Numbers, visible};
use super::terminal::{width, wrap};
use crate::explain::{Explanation, Expression, Quantity, Rounding, Step, Term, Unit, Working};
use crate::model::usd::{SCALE, Usd};
use std::fmt::Write as _;

/// Columns of text where no terminal sets a limit.
const WIDTH: usize = 120;
/// Labels up to here stand beside their line, longer ones above it.
const LABEL: usize = 28;

/// One object and a line end.
#[must_use]
pub fn render_json(explanation: &Explanation) -> String {
    let mut text =
        serde_json::to_string_pretty(explanation).expect("an explanation has text keys only and writes to memory");
    text.push('\n');
    text
}

/// Title, then a line for every step. Of the style only the width counts: the text is ASCII but for names.
#[must_use]
pub fn render_text(explanation: &Explanation, style: &Style) -> String {
    let page = Page {
        numbers: Numbers::new(&explanation.currency, largest(explanation)),
        currency: &explanation.currency,
        width: style.width.map_or(WIDTH, usize::from),
    };
    let title = visible(&explanation.title);
    let mut out = format!("{title}\n{}\n", "=".repeat(width(&title)));
    for step in &explanation.steps {
        page.step(&mut out, step);
    }
    push(&mut out, format_args!("\n{}\n", wrap(FOOTER, Some(page.width)).join("\n")));
    out
}

const FOOTER: &str = "Every number is exact; results have 12 decimals, rounded to the nearest. Parts of a split are rounded down, \
                      and up by one in the last place for the largest remainders, so that they sum to the whole. \
                      1 GB is 2^30 bytes.";

/// The most bytes of any line: the size that the unit of data is chosen for.
fn largest(explanation: &Explanation) -> i128 {
    let quantities = explanation.steps.iter().flat_map(|step| match &step.working {
        Working::Given { values } => values.clone(),
        Working::Worked { result, .. } => vec![*result],
        Working::Table { sums, .. } => sums.clone(),
        Working::Part | Working::Note { .. } => Vec::new(),
    });
    quantities.filter(|q| q.unit == Unit::Bytes).map(|q| q.amount.units() / SCALE).max().unwrap_or(0)
}

struct Page<'a> {
    numbers: Numbers,
    currency: &'a str,
    width: usize,
}

impl Page<'_> {
    fn step(&self, out: &mut String, step: &Step) {
        let label = visible(&step.label);
        let text = match &step.working {
            Working::Part => {
                push(out, format_args!("\n{label}\n"));
                return;
            }
            Working::Note { text } => visible(text),
            Working::Given { values } => self.given(values, &step.source),
            Working::Worked { expression, rounding, result } => self.worked(expression, *rounding, result),
            Working::Table { rule, .. } => {
                let rule = rule.as_ref().map(|rule| self.rule(rule)).unwrap_or_default();
                let source =
                    if step.source.is_empty() { String::new() } else { format!("[{}]", visible(&step.source)) };
                [rule, source].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
            }
        };
        let above = width(&label) > LABEL;
        let indent = if label.is_empty() || above { 4 } else { LABEL + 4 };
        if above {
            push(out, format_args!("  {label}\n"));
        }
        for (i, line) in wrap(&text, Some(self.width.saturating_sub(indent).max(20))).iter().enumerate() {
            let lead = if i == 0 && indent > 4 { format!("  {label}") } else { String::new() };
            let gap = " ".repeat(indent.saturating_sub(width(&lead)));
            push(out, format_args!("{lead}{gap}{line}\n"));
        }
        if let Working::Table { rule, rows, sums } = &step.working {
            self.table(out, &self.lines(rule.as_ref(), rows, sums));
        }
    }

    fn given(&self, values: &[Quantity], source: &str) -> String {
        let alone = values.len() == 1;
        let shown: Vec<String> = values
            .iter()
            .map(|q| {
                let about = self.about(q).filter(|_| alone || q.unit == Unit::Money);
                format!("{}{}", self.exact(q), about.map(|about| format!(" (~{about})")).unwrap_or_default())
            })
            .collect();
        let source = if source.is_empty() { String::new() } else { format!(" [{}]", visible(source)) };
        format!("{}{source}", shown.join(", "))
    }

    fn worked(&self, expression: &Expression, rounding: Rounding, result: &Quantity) -> String {
        let about = self.about(result).map(|about| format!(" (~{about})")).unwrap_or_default();
        let how = if rounding == Rounding::LargestRemainder { ", by largest remainder" } else { "" };
        format!("{}{about}{how}", self.equation(expression, result))
    }

    /// Operands and result, exactly.
    fn equation(&self, expression: &Expression, result: &Quantity) -> String {
        let mut operands: Vec<(&str, Quantity)> = Vec::new();
        match expression {
            Expression::Products { sum, under } => return self.products(sum, under, result),
            Expression::Sum(terms) => operands.extend(terms.iter().enumerate().map(|(i, term)| signed(i, term))),
            Expression::Fraction { over, under } => {
                operands.extend(over.iter().map(|quantity| ("x", *quantity)));
                operands.extend(under.iter().map(|quantity| ("/", *quantity)));
            }
        }
        let mut text = String::new();
        for (sign, quantity) in &operands {
            let sign = if text.is_empty() { String::new() } else { format!(" {sign} ") };
            push(&mut text, format_args!("{sign}{}", self.exact(quantity)));
        }
        format!("{text} = {}", self.exact(result))
    }

    /// `a x b = c`, `a x b + c x d = e`, `(a x b + c x d) / e = f`.
    fn products(&self, sum: &[Vec<Quantity>], under: &[Quantity], result: &Quantity) -> String {
        let exact = |quantities: &[Quantity], between: &str| {
            quantities.iter().map(|q| self.exact(q)).collect::<Vec<_>>().join(between)
        };
        let products: Vec<String> = sum.iter().map(|factors| exact(factors, " x ")).collect();
        let brackets = products.len() > 1 && !under.is_empty();
        let (open, close) = if brackets { ("(", ")") } else { ("", "") };
        let over = if under.is_empty() { String::new() } else { format!(" / {}", exact(under, " / ")) };
        format!("{open}{}{close}{over} = {}", products.join(" + "), self.exact(result))
    }

    /// All digits, with the unit and the word for it.
    fn exact(&self, q: &Quantity) -> String {
        let amount = digits(q.amount);
        let one = q.amount.units() == SCALE;
        let text = match q.unit {
            Unit::Bytes if one => format!("{amount} byte"),
            Unit::Bytes => format!("{amount} bytes"),
            Unit::BytesPerGb => format!("{amount} bytes per GB"),
            Unit::Gb => format!("{amount} GB"),
            Unit::Money => self.money(q.amount),
            Unit::MoneyPerGb => format!("{} per GB", self.money(q.amount)),
            Unit::MoneyPerHour => format!("{} per hour", self.money(q.amount)),
            Unit::Hours if one => format!("{amount} hour"),
            Unit::Hours => format!("{amount} hours"),
            Unit::Azs if one => format!("{amount} AZ"),
            Unit::Azs => format!("{amount} AZs"),
            Unit::Records if one => format!("{amount} record"),
            Unit::Records => format!("{amount} records"),
            Unit::Lines if one => format!("{amount} line"),
            Unit::Lines => format!("{amount} lines"),
            Unit::Plain => amount,
        };
        if q.what.is_empty() { text } else { format!("{text} {}", q.what) }
    }

    fn money(&self, usd: Usd) -> String {
        let amount = digits(usd);
        let (sign, amount) = amount.strip_prefix('-').map_or(("", amount.as_str()), |amount| ("-", amount));
        let currency = if self.currency == "USD" { "$".to_owned() } else { format!("{} ", self.currency) };
        format!("{sign}{currency}{amount}")
    }

    /// The amount as the report prints it; `None` where that says no less or no more.
    fn about(&self, q: &Quantity) -> Option<String> {
        let text = match q.unit {
            Unit::Bytes if q.amount.units() >= SCALE << 20 => self.numbers.size(q.amount.units() / SCALE),
            Unit::Money if q.amount.units() % (SCALE / 100) != 0 => self.numbers.money(q.amount),
            Unit::MoneyPerGb | Unit::MoneyPerHour if q.amount.units() % (SCALE / 100_000) != 0 => {
                self.numbers.unit_price(q.amount)
            }
            Unit::Gb if q.amount.units() % (SCALE / 10) != 0 => format!("{} GB", human::quantity(q.amount)),
            Unit::Plain if q.amount.units() % SCALE != 0 => human::percent(q.amount.units(), SCALE),
            _ => return None,
        };
        Some(text)
    }
}

/// A summand with its sign; a discount among summands is taken away.
fn signed(place: usize, term: &Term) -> (&'static str, Quantity) {
    let quantity = term.quantity;
    match quantity.amount.units().checked_neg() {
        Some(less @ 1..) if place > 0 && !term.minus => ("-", Quantity { amount: Usd::from_units(less), ..quantity }),
        _ => (if term.minus { "-" } else { "+" }, quantity),
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

/// The exact decimal with separators.
fn digits(amount: Usd) -> String {
    let text = amount.to_string();
    let (int, frac) = text.split_once('.').map_or((text.as_str(), None), |(int, frac)| (int, Some(frac)));
    let magnitude = int.trim_start_matches('-');
    let grouped = magnitude.parse().map_or_else(|_| magnitude.to_owned(), human::grouped);
    let sign = if int.starts_with('-') { "-" } else { "" };
    frac.map_or_else(|| format!("{sign}{grouped}"), |frac| format!("{sign}{grouped}.{frac}"))
}

#[cfg(test)]
mod tests;
