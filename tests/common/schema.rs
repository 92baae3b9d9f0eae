//! Just enough of JSON Schema to hold a report against its own schema. An unknown keyword is an error, not a pass.

use serde_json::Value;

/// What is wrong with the value, by its place in the document.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, schema, value, "$", &mut faults);
    faults
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let holds = match keyword.as_str() {
            "$ref" => {
                let name = rule.as_str().and_then(|path| path.strip_prefix("#/$defs/")).expect("a local reference");
                assert!(root["$defs"][name].is_object(), "{name} is not defined");
                check(root, &root["$defs"][name], value, at, faults);
                true
            }
            "type" => of_type(rule, value),
            "const" => value == rule,
            "enum" => rule.as_array().expect("an array").contains(value),
            "anyOf" => rule.as_array().expect("an array").iter().any(|one| {
                let mut own = Vec::new();
                check(root, one, value, at, &mut own);
                own.is_empty()
            }),
            "minimum" => value.as_i64().is_none_or(|n| rule.as_i64().is_some_and(|least| least <= n)),
            "required" => value.as_object().is_none_or(|object| {
                rule.as_array()
                    .expect("an array")
                    .iter()
                    .all(|name| object.contains_key(name.as_str().expect("a name")))
            }),
            "properties" => {
                for (name, one) in rule.as_object().expect("an object") {
                    if let Some(field) = value.get(name) {
                        check(root, one, field, &format!("{at}.{name}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = |name: &str| schema["properties"].get(name).is_some();
                for (name, field) in value.as_object().into_iter().flatten().filter(|(name, _)| !known(name)) {
                    if rule.is_object() {
                        check(root, rule, field, &format!("{at}.{name}"), faults);
                    } else if *rule == Value::Bool(false) {
                        faults.push(format!("{at}.{name}: not in the schema"));
                    }
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}[{index}]"), faults);
                }
                true
            }
            // Said for readers, or about texts that other tests read.
            "$schema" | "$id" | "$defs" | "title" | "description" | "pattern" | "minLength" | "propertyNames"
            | "maximum" => true,
            other => panic!("{at}: the keyword {other} is not known here"),
        };
        if !holds {
            faults.push(format!("{at}: {value} breaks {keyword} {rule}"));
        }
    }
}

fn of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => panic!("a type that is not known here: {name}"),
    };
    rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is))
}
