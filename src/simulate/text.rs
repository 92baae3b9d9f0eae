//! One record as a line of text, without allocation.

use super::fields::{Context, Field, Value};
use super::rows::{Row, Status};
use crate::model::addr::Addr;
use std::io::Write;

/// Appends a number.
pub(super) fn push_number(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[at..]);
}

/// Appends an address.
pub(super) fn push_addr(line: &mut Vec<u8>, addr: Addr) {
    let Some(bits) = addr.v4() else {
        write!(line, "{addr}").expect("a vector takes all bytes");
        return;
    };
    for (at, octet) in bits.to_be_bytes().into_iter().enumerate() {
        if at > 0 {
            line.push(b'.');
        }
        push_number(line, octet.into());
    }
}

/// Appends a value as text.
pub(super) fn push_value(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::None => line.push(b'-'),
        Value::Text(text) => line.extend_from_slice(text.as_bytes()),
        Value::Addr(addr) => push_addr(line, addr),
        Value::Number(number) => push_number(line, number),
    }
}

/// Appends a record without a line end.
pub(super) fn push_record(line: &mut Vec<u8>, context: &Context<'_>, fields: &[Field], version: u32, row: &Row) {
    let malformed = row.status == Status::Malformed;
    let short = malformed && row.bytes % 2 == 1;
    for (at, &field) in fields.iter().enumerate() {
        if short && at == fields.len() / 3 {
            break;
        }
        if at > 0 {
            line.push(b' ');
        }
        if malformed && field == Field::Bytes {
            line.extend_from_slice(b"12x4");
        } else {
            push_value(line, context.value(field, row, version));
        }
    }
}

/// The header line, without a line end.
pub(super) fn header(fields: &[Field]) -> String {
    fields.iter().map(|f| f.name()).collect::<Vec<_>>().join(" ")
}

/// `LogFormat` as `describe-flow-logs` shows it.
pub(super) fn log_format(fields: &[Field]) -> String {
    fields.iter().map(|f| format!("${{{}}}", f.name())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(push: impl Fn(&mut Vec<u8>), expect: &str) {
        let mut line = Vec::new();
        push(&mut line);
        assert_eq!(String::from_utf8(line).unwrap(), expect);
    }

    #[test]
    fn numbers_and_addresses_are_written_as_rust_writes_them() {
        check(|l| push_number(l, 0), "0");
        check(|l| push_number(l, u64::MAX), &u64::MAX.to_string());
        check(|l| push_addr(l, Addr::from_v4(0x0a14_00ff)), "10.20.0.255");
        check(|l| push_addr(l, Addr::from_v6(1)), "::1");
    }
}
