//! JSON whose texts stay where they lie in the file: describe output repeats a few keys thousands of times.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json<'t> {
    Null,
    Bool(bool),
    /// Nothing that is needed is a number.
    Number,
    Text(Cow<'t, str>),
    List(Vec<Json<'t>>),
    Object(Object<'t>),
}

/// An object's fields as they were written. Of a key that is there twice the last counts, as it does for most readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object<'t>(Vec<(Cow<'t, str>, Json<'t>)>);

impl<'t> Object<'t> {
    pub fn get(&self, key: &str) -> Option<&Json<'t>> {
        self.0.iter().rfind(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_ref())
    }
}

impl<'t> Json<'t> {
    /// A field of an object.
    pub fn get(&self, key: &str) -> Option<&Json<'t>> {
        self.as_object()?.get(key)
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(said) = self { Some(*said) } else { None }
    }

    pub fn as_list(&self) -> Option<&[Json<'t>]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    pub const fn as_object(&self) -> Option<&Object<'t>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, said: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(said))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Json::Number)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Json::Number)
    }

    #[expect(clippy::disallowed_types, reason = "the parser's own signature; what it says is not looked at")]
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Json::Number)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            fields.push((key, value));
        }
        Ok(Json::Object(Object(fields)))
    }
}

struct Key<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(AnyKey)
    }
}

struct AnyKey;

impl<'de> Visitor<'de> for AnyKey {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The same value by the library's own type, which keeps one value of each key.
    fn same(ours: &Json<'_>, other: &Value) -> bool {
        match (ours, other) {
            (Json::Null, Value::Null) | (Json::Number, Value::Number(_)) => true,
            (Json::Bool(ours), Value::Bool(other)) => ours == other,
            (Json::Text(ours), Value::String(other)) => ours == other,
            (Json::List(ours), Value::Array(other)) => {
                ours.len() == other.len() && ours.iter().zip(other).all(|(ours, other)| same(ours, other))
            }
            (Json::Object(ours), Value::Object(other)) => {
                ours.keys().all(|key| other.contains_key(key))
                    && other.iter().all(|(key, other)| ours.get(key).is_some_and(|ours| same(ours, other)))
            }
            _ => false,
        }
    }

    #[test]
    fn values_are_those_of_the_library() {
        for text in [
            r#"{"Vpcs": [{"VpcId": "vpc-1", "IsDefault": false, "Count": 1, "Low": -2, "Share": 1.5e3, "Gone": null}]}"#,
            r#"{"key": 1, "k\u0065y": "with \"quotes\" and a line\nbreak", "other": [], "key": {"key": {}}}"#,
            r#"["plain", "\u00e9", "é", [[[true]]], 18446744073709551615]"#,
        ] {
            let other: Value = serde_json::from_str(text).expect("JSON");
            let ours: Json<'_> = serde_json::from_str(text).expect("JSON");
            assert!(same(&ours, &other), "{ours:?}");
        }
        for text in ["", "{", r#"{"a": }"#, r#"{"a": 1,}"#, "{1: 2}", "1e999", "nul", r#""\ud800""#, &"[".repeat(200)] {
            let said = |error: Option<serde_json::Error>| error.map(|error| error.to_string());
            let ours = said(serde_json::from_str::<Json<'_>>(text).err());
            assert!(ours.is_some(), "{text}");
            assert_eq!(ours, said(serde_json::from_str::<Value>(text).err()), "{text}");
        }
    }
}
