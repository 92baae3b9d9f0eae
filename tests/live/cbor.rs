//! As much CBOR as CloudWatch's protocol needs (RFC 8949), to and from JSON.

use serde_json::{Map, Value, json};

/// Reads one item. Tags are taken off.
pub fn decode(bytes: &[u8]) -> Value {
    let mut at = 0;
    item(bytes, &mut at).expect("an item")
}

fn item(bytes: &[u8], at: &mut usize) -> Option<Value> {
    let first = bytes[*at];
    *at += 1;
    if first == 0xff {
        return None;
    }
    let (major, info) = (first >> 5, first & 31);
    let indefinite = info == 31;
    let mut take = |length: usize| {
        let number = bytes[*at..*at + length].iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
        *at += length;
        number
    };
    let number = match info {
        24 => take(1),
        25 => take(2),
        26 => take(4),
        27 => take(8),
        small => u64::from(small),
    };
    let length = if indefinite { usize::MAX } else { usize::try_from(number).expect("a length") };
    Some(match major {
        0 => json!(number),
        1 => json!(-1 - i64::try_from(number).expect("a number")),
        2 | 3 => {
            let text = String::from_utf8(bytes[*at..*at + length].to_vec()).expect("text");
            *at += length;
            Value::String(text)
        }
        4 => Value::Array((0..length).map_while(|_| item(bytes, at)).collect()),
        5 => {
            let pair = |_| {
                let Some(Value::String(key)) = item(bytes, at) else { return None };
                Some((key, item(bytes, at).expect("a value")))
            };
            Value::Object((0..length).map_while(pair).collect::<Map<_, _>>())
        }
        6 => item(bytes, at)?,
        _ => match info {
            20 => json!(false),
            21 => json!(true),
            27 => serde_json::Number::from_f64(f64_of(number)).map_or(Value::Null, Value::Number),
            _ => Value::Null,
        },
    })
}

#[expect(clippy::disallowed_types, reason = "the protocol has them")]
fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// Writes a value; the integers in a list `Timestamps` are times.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, false, &mut out);
    out
}

fn head(major: u8, number: usize, out: &mut Vec<u8>) {
    out.push((major << 5) + 27);
    out.extend((number as u64).to_be_bytes());
}

fn write(value: &Value, times: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(flag) => out.push(0xf4 + u8::from(*flag)),
        Value::Number(number) => {
            if times {
                out.push(0xc1);
            }
            let number = number.as_u64().expect("a whole number");
            if times {
                head(0, usize::try_from(number).expect("a time"), out);
            } else {
                // Values are floating-point numbers in this protocol.
                out.push(0xfb);
                out.extend(bits_of(number).to_be_bytes());
            }
        }
        Value::String(text) => {
            head(3, text.len(), out);
            out.extend(text.bytes());
        }
        Value::Array(list) => {
            head(4, list.len(), out);
            for item in list {
                write(item, times, out);
            }
        }
        Value::Object(object) => {
            head(5, object.len(), out);
            for (key, value) in object {
                head(3, key.len(), out);
                out.extend(key.bytes());
                write(value, key == "Timestamps", out);
            }
        }
    }
}

#[expect(clippy::disallowed_types, clippy::cast_precision_loss, reason = "the protocol has them")]
fn bits_of(number: u64) -> u64 {
    (number as f64).to_bits()
}

#[test]
fn what_is_written_is_read() {
    let value = json!({"a": ["x", true, null], "Timestamps": [1_790_000_000], "b": {}});
    assert_eq!(decode(&encode(&value)), value);
    assert_eq!(decode(b"\xbf\x61a\x9f\x01\x20\xff\xff"), json!({"a": [1, -1]}));
}
