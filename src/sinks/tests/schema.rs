//! The JSON sink against the shipped schema, in both directions.

use super::super::{Format, Style, TableName, render, sample};
use crate::report::Report;
use crate::report::schema::JSON;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Parts of the contract that the report does not have yet.
const LATER: [&str; 0] = [];

fn schema() -> Value {
    serde_json::from_str(JSON).unwrap()
}

fn report(report: &Report) -> Value {
    serde_json::from_str(&render(report, Format::Json, TableName::default(), &Style::default())).unwrap()
}

/// A slow validator of the keywords that the schema uses; it refuses any other, so that none is ignored.
struct Validator {
    root: Value,
    errors: Vec<String>,
    seen: BTreeSet<String>,
}

impl Validator {
    fn run(value: &Value) -> Self {
        let root = schema();
        let mut validator = Self { root: root.clone(), errors: vec![], seen: BTreeSet::new() };
        validator.value(&root, value, "$");
        validator
    }

    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        for (keyword, rule) in schema.as_object().unwrap() {
            let holds = match keyword.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" | "properties" => true,
                "$ref" => {
                    let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    let target =
                        self.root["$defs"].get(name).unwrap_or_else(|| panic!("{name} is not defined")).clone();
                    self.value(&target, value, at);
                    true
                }
                "anyOf" => self.any_of(rule.as_array().unwrap(), value, at),
                "type" => has_type(rule.as_str().unwrap(), value),
                "const" => rule == value,
                "enum" => rule.as_array().unwrap().contains(value),
                "minimum" => value.as_u64().is_some_and(|v| v >= rule.as_u64().unwrap()),
                "maximum" => value.as_u64().is_some_and(|v| v <= rule.as_u64().unwrap()),
                "minLength" => value.as_str().is_none_or(|s| s.len() as u64 >= rule.as_u64().unwrap()),
                "pattern" => value.as_str().is_none_or(|s| matches(rule.as_str().unwrap(), s)),
                "items" => {
                    value.as_array().into_iter().flatten().for_each(|item| self.value(rule, item, &format!("{at}[]")));
                    true
                }
                "required" => rule.as_array().unwrap().iter().all(|k| value.get(k.as_str().unwrap()).is_some()),
                "additionalProperties" => self.object(schema, value, at),
                "propertyNames" => {
                    for key in value.as_object().into_iter().flat_map(Map::keys) {
                        self.value(rule, &json!(key), at);
                    }
                    true
                }
                other => panic!("the validator does not know {other}"),
            };
            if !holds {
                self.errors.push(format!("{at}: {keyword} {rule} refuses {value}"));
            }
        }
    }

    fn any_of(&mut self, rules: &[Value], value: &Value, at: &str) -> bool {
        let before = self.errors.len();
        for rule in rules {
            self.errors.truncate(before);
            self.value(rule, value, at);
            if self.errors.len() == before {
                return true;
            }
        }
        false
    }

    fn object(&mut self, schema: &Value, value: &Value, at: &str) -> bool {
        let more = &schema["additionalProperties"];
        let mut holds = true;
        for (key, member) in value.as_object().into_iter().flatten() {
            let rule = schema["properties"].get(key).unwrap_or(more);
            if *rule == json!(false) {
                holds = false;
            } else {
                self.seen.insert(format!("{at}.{key}"));
                self.value(rule, member, &format!("{at}.{key}"));
            }
        }
        holds
    }
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the validator does not know the type {other}"),
    }
}

fn digits(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())
}

fn matches(pattern: &str, s: &str) -> bool {
    match pattern {
        r"^-?\d+(\.\d+)?$" => {
            let (int, frac) = s.split_once('.').unwrap_or((s, "0"));
            digits(int.strip_prefix('-').unwrap_or(int)) && digits(frac)
        }
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$" => {
            let shape: String = s.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape == "0000-00-00T00:00:00Z"
        }
        r"^\d{12}$" => digits(s) && s.len() == 12,
        "^[A-Z]{3}$" => s.len() == 3 && s.bytes().all(|b| b.is_ascii_uppercase()),
        "^[a-z0-9]+(-[a-z0-9]+)*$" => {
            let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
            s.split('-').all(part)
        }
        "^tag:." => s.strip_prefix("tag:").is_some_and(|key| !key.is_empty()),
        other => panic!("the validator does not know the pattern {other}"),
    }
}

fn check(situation: &str, change: impl Fn(&mut Value), accepted: bool) {
    let mut value = report(&sample::full());
    change(&mut value);
    let errors = Validator::run(&value).errors;
    assert_eq!(errors.is_empty(), accepted, "{situation}: {errors:?}");
}

#[test]
fn reports_are_valid() {
    for sample in sample::all() {
        let errors = Validator::run(&report(&sample)).errors;
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn what_breaks_the_contract_is_refused() {
    check("as it is", |_| {}, true);
    check("an unknown field", |r| r["extra"] = json!(1), false);
    check("an unknown field inside", |r| r["traffic"][0]["extra"] = json!(1), false);
    check("a missing field", |r| drop(r["summary"].as_object_mut().unwrap().remove("coverage")), false);
    check("money as a number", |r| r["traffic"][0]["usd"] = json!(1), false);
    check("money with an exponent", |r| r["traffic"][0]["usd"] = json!("1e3"), false);
    check("bytes as text", |r| r["traffic"][0]["upload_bytes"] = json!("1"), false);
    check("negative bytes", |r| r["traffic"][0]["upload_bytes"] = json!(-1), false);
    check("bytes that cannot be null", |r| r["traffic"][0]["upload_bytes"] = json!(null), false);
    check("an unknown endpoint", |r| r["traffic"][0]["endpoint"] = json!("both"), false);
    check("an unknown evidence", |r| r["traffic"][0]["evidence"] = json!("guess"), false);
    check("an unknown action", |r| r["decisions"][0]["action"] = json!("buy"), false);
    check("a time with a zone", |r| r["period"]["start"] = json!("2026-10-01T00:00:00+02:00"), false);
    check("an account as a short number", |r| r["nat_gateways"][0]["account_id"] = json!("123"), false);
    check("an unknown dimension", |r| r["groups"][0]["by"]["moon"] = json!("x"), false);
    check("a tag without a key", |r| r["groups"][0]["by"]["tag:"] = json!("x"), false);
    check("a tag", |r| r["groups"][0]["by"]["tag:Cost Center"] = json!(null), true);
    check("a dimension of owners", |r| r["groups"][0]["by"]["service-owner"] = json!("lambda:x"), true);
    check("another version", |r| r["schema"] = json!("natlens.report/2"), false);
    check("no groups", |r| drop(r.as_object_mut().unwrap().remove("groups")), true);
    check("a later part", |r| r["buckets"] = json!([]), true);
}

#[test]
fn nothing_is_described_that_no_report_has() {
    let seen = Validator::run(&report(&sample::full())).seen;
    let mut described = BTreeSet::new();
    describe(&schema(), &schema(), "$", &mut described);
    let unseen: Vec<&String> = described.difference(&seen).filter(|path| !is_later(path)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

fn is_later(path: &str) -> bool {
    path.split(['.', '[', ']']).any(|part| LATER.contains(&part))
}

/// The paths of all properties below `rule`.
fn describe(root: &Value, rule: &Value, at: &str, paths: &mut BTreeSet<String>) {
    if let Some(name) = rule["$ref"].as_str() {
        describe(root, &root["$defs"][name.strip_prefix("#/$defs/").unwrap()], at, paths);
    }
    for option in rule["anyOf"].as_array().into_iter().flatten() {
        describe(root, option, at, paths);
    }
    if rule.get("items").is_some() {
        describe(root, &rule["items"], &format!("{at}[]"), paths);
    }
    for (key, property) in rule["properties"].as_object().into_iter().flatten() {
        let path = format!("{at}.{key}");
        describe(root, property, &path, paths);
        paths.insert(path);
    }
}
