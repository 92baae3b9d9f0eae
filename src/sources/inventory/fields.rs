//! Fields of JSON values, forgivingly: what is missing or of another type is `None`, never an error.

use crate::model::period::parse_instant;
use serde_json::Value;
use std::collections::BTreeSet;

/// An element's own id, or why the element cannot be used.
pub(super) fn required(v: &Value, key: &str) -> Result<String, String> {
    if !v.is_object() {
        return Err("not an object".to_owned());
    }
    owned(v, key).ok_or_else(|| format!("no `{key}`"))
}

/// A text field; empty is "not said".
pub(super) fn text<'v>(v: &'v Value, key: &str) -> Option<&'v str> {
    v.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// As [`text`], to keep.
pub(super) fn owned(v: &Value, key: &str) -> Option<String> {
    text(v, key).map(str::to_owned)
}

/// As [`text`], in lower case: SDKs differ in the case of states.
pub(super) fn lower(v: &Value, key: &str) -> Option<String> {
    text(v, key).map(str::to_ascii_lowercase)
}

/// A time field, Unix seconds.
pub(super) fn instant(v: &Value, key: &str) -> Option<i64> {
    parse_instant(text(v, key)?)
}

/// A list field; empty where there is none.
pub(super) fn list<'v>(v: &'v Value, key: &str) -> &'v [Value] {
    v.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a list, sorted, each once.
pub(super) fn texts(v: &Value, key: &str) -> Vec<String> {
    let found: BTreeSet<String> = list(v, key).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    found.into_iter().collect()
}

/// The value of the `Name` tag.
pub(super) fn name_tag(v: &Value) -> Option<String> {
    let tags = list(v, "Tags").iter().chain(list(v, "TagSet"));
    tags.filter(|tag| text(tag, "Key") == Some("Name")).find_map(|tag| owned(tag, "Value"))
}

/// Foreign text for a message: one line, no control characters, short.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
