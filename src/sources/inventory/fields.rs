//! Fields of JSON values, forgivingly: what is missing or of another type is `None`, never an error.

use super::json::Json;
use crate::model::period::parse_instant;
use std::collections::BTreeSet;

/// An element's own id, or why the element cannot be used.
pub(super) fn required(v: &Json<'_>, key: &str) -> Result<String, String> {
    if v.as_object().is_none() {
        return Err("not an object".to_owned());
    }
    owned(v, key).ok_or_else(|| format!("no `{key}`"))
}

/// A text field; empty is "not said".
pub(super) fn text<'v>(v: &'v Json<'_>, key: &str) -> Option<&'v str> {
    v.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// As [`text`], to keep.
pub(super) fn owned(v: &Json<'_>, key: &str) -> Option<String> {
    text(v, key).map(str::to_owned)
}

/// As [`text`], in lower case: SDKs differ in the case of states.
pub(super) fn lower(v: &Json<'_>, key: &str) -> Option<String> {
    text(v, key).map(str::to_ascii_lowercase)
}

/// A time field, Unix seconds.
pub(super) fn instant(v: &Json<'_>, key: &str) -> Option<i64> {
    parse_instant(text(v, key)?)
}

/// A list field; empty where there is none.
pub(super) fn list<'v>(v: &'v Json<'v>, key: &str) -> &'v [Json<'v>] {
    v.get(key).and_then(Json::as_list).unwrap_or(&[])
}

/// The texts of a list, sorted, each once.
pub(super) fn texts(v: &Json<'_>, key: &str) -> Vec<String> {
    let found: BTreeSet<String> = list(v, key).iter().filter_map(Json::as_str).map(str::to_owned).collect();
    found.into_iter().collect()
}

/// The value of the `Name` tag.
pub(super) fn name_tag(v: &Json<'_>) -> Option<String> {
    let tags = list(v, "Tags").iter().chain(list(v, "TagSet"));
    tags.filter(|tag| text(tag, "Key") == Some("Name")).find_map(|tag| owned(tag, "Value"))
}

/// Foreign text for a message: one line, no control characters, short.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
