//! Explanations read back: every equation of the JSON form is worked out anew, in integers and by cross-multiplication.

use super::common::natlens;
use serde_json::Value;
use std::path::Path;

/// A decimal text as an integer and its number of decimals, without zeros at the end.
fn decimal(quantity: &Value) -> (i128, u32) {
    let text = quantity["amount"].as_str().expect("an amount");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    (format!("{whole}{part}").parse().expect("a decimal"), u32::try_from(part.len()).expect("few digits"))
}

/// A number at `places` decimals.
fn at(places: u32, (integer, own): (i128, u32)) -> i128 {
    integer.checked_mul(10i128.pow(places - own)).unwrap_or_else(|| panic!("{integer} at {places} places"))
}

/// The elements of a list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// A product as integer and decimals.
fn product(factors: &[Value]) -> (i128, u32) {
    factors
        .iter()
        .map(decimal)
        .fold((1, 0), |(n, places), (f, more)| (n.checked_mul(f).expect("in range"), places + more))
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// Whether the sum of products over the divisors is the result, rounded as said.
fn fraction(over: &[&[Value]], under: &[Value], result: &Value, rounding: &str) -> bool {
    let products: Vec<(i128, u32)> = over.iter().map(|factors| product(factors)).collect();
    let places = products.iter().map(|(_, places)| *places).max().unwrap_or(0);
    let n: i128 = products.into_iter().map(|product| at(places, product)).sum();
    let (d, places_d) = product(under);
    // n / 10^places against result x d / 10^(12 + places_d): both over one power of ten.
    let common = gcd(n, d).max(1);
    let (n, d) = (n / common, d / common);
    let result = at(12, decimal(result));
    let (up, down) = (12 + places_d, places);
    let shift = up.min(down);
    let pow = |places: u32| 10i128.checked_pow(places).expect("in range");
    let left = n.checked_mul(pow(up - shift)).expect("in range");
    let unit = d.checked_mul(pow(down - shift)).expect("in range").abs();
    let right = result.checked_mul(unit).expect("in range") * d.signum();
    let off = (left - right).abs();
    match rounding {
        "exact" => off == 0,
        "half-even" => 2 * off <= unit,
        "largest-remainder" => off < unit,
        other => panic!("{other}"),
    }
}

/// Whether an expression gives its result.
fn holds(expression: &Value, result: &Value, rounding: &str) -> bool {
    if let Some(terms) = expression.get("sum") {
        let sign = |term: &Value| if term["minus"] == true { -1 } else { 1 };
        let sum: i128 = list(terms).iter().map(|term| sign(term) * at(12, decimal(term))).sum();
        return sum == at(12, decimal(result)) && rounding == "exact";
    }
    if let Some(parts) = expression.get("fraction") {
        return fraction(&[list(&parts["over"])], list(&parts["under"]), result, rounding);
    }
    let parts = &expression["products"];
    let sum: Vec<&[Value]> = list(&parts["sum"]).iter().map(list).collect();
    fraction(&sum, list(&parts["under"]), result, rounding)
}

/// Every row by the rule, or as near as its rounding allows, and the sums of the columns.
fn check_table(step: &Value) {
    let rows = list(&step["rows"]);
    if let Some(rule) = step.get("rule") {
        for row in rows {
            let values = list(&row["values"]);
            let own = values.iter().find(|value| value["unit"] == rule["of"]).expect("the rule's own number");
            let over: Vec<Value> = list(&rule["over"]).iter().chain([own]).cloned().collect();
            let result = values.last().expect("a result");
            let rounding = rule["rounding"].as_str().expect("a text");
            assert!(fraction(&[&over], list(&rule["under"]), result, rounding), "{row} by {rule}");
        }
    }
    for (column, sum) in list(&step["sums"]).iter().enumerate() {
        let all: i128 = rows.iter().map(|row| at(12, decimal(&row["values"][column]))).sum();
        assert_eq!(all, at(12, decimal(sum)), "column {column} of {step}");
    }
}

/// An explanation, worked out anew. Returns how many lines stand on the report's word alone.
pub fn check(explanation: &Value) -> usize {
    for step in list(&explanation["steps"]) {
        match step["kind"].as_str() {
            Some("worked") => {
                let rounding = step["rounding"].as_str().expect("a text");
                assert!(holds(&step["expression"], &step["result"], rounding), "{step}");
            }
            Some("table") => check_table(step),
            _ => {}
        }
    }
    list(&explanation["steps"]).iter().filter(|step| step["source"] == "the report").count()
}

/// The JSON form of a subject that exists.
pub fn explained(folder: &Path, bundle: &str, subject: &str, more: &[&str]) -> Value {
    let run = natlens(folder, &[&["explain", bundle, subject, "--format", "json"], more].concat());
    assert_eq!(run.code, 0, "{subject}: {}", run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON on stdout")
}
