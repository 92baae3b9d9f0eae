//! XML of EC2 into the JSON that the AWS CLI prints for the same call. Nothing is left out, what is new included.

use super::names::{Kind, meaning};
use crate::aws::query::Element;
use serde_json::{Map, Value};

/// A page of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What it holds.
    pub values: Map<String, Value>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Reads the root of an answer.
pub(in crate::aws) fn page(root: &Element) -> Page {
    let next = root.child("nextToken").map(|token| token.text.clone()).filter(|token| !token.is_empty());
    let told = root.children.iter().filter(|child| !matches!(child.name.as_str(), "requestId" | "nextToken"));
    Page { values: object(&root.name, told), next }
}

fn object<'a>(within: &str, children: impl Iterator<Item = &'a Element>) -> Map<String, Value> {
    children
        .map(|child| {
            let (kind, key) = meaning(within, &child.name);
            (key, value(kind, child))
        })
        .collect()
}

fn value(kind: Kind, element: &Element) -> Value {
    let text = || Value::String(element.text.clone());
    match kind {
        Kind::List => list(element),
        Kind::Boolean => match element.text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => text(),
        },
        Kind::Integer => element.text.parse::<i64>().map_or_else(|_| text(), Value::from),
        // A list that the tables do not know yet.
        Kind::Other if is_list(element) => list(element),
        Kind::Other if element.children.is_empty() => text(),
        Kind::Structure | Kind::Other => Value::Object(object(&element.name, element.children.iter())),
    }
}

fn is_list(element: &Element) -> bool {
    !element.children.is_empty() && element.children.iter().all(|child| child.name == "item")
}

fn list(element: &Element) -> Value {
    let item = |item: &Element| {
        if item.children.is_empty() {
            Value::String(item.text.clone())
        } else {
            Value::Object(object(&element.name, item.children.iter()))
        }
    };
    Value::Array(element.children.iter().filter(|child| child.name == "item").map(item).collect())
}
