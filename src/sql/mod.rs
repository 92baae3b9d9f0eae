//! The roll-up where flow logs outgrow one machine: one SQL text for every engine, the small tables that it joins, and the way of
//! its result back into [`crate::count::rollup::Rollup`], from which on everything is the code of the local path. Pure but for the
//! codec: text and bytes out, rows in.

mod address;
pub mod back;
mod column;
mod digest;
mod guide;
pub mod result;
pub mod scan;
pub mod table;
mod tables;
mod text;

pub use digest::inventory_digest;
pub use guide::Guide;
pub use tables::{Exception, ReferenceTable, reference_tables};
pub use text::{Below, Dialect, Emission, Source, SourceRefusal, is_read, is_table_name, render};

use crate::model::period::{DAY_SECONDS, HOUR_SECONDS};
use table::Kind;

/// The form of what is written here. Whoever changes what a row or its columns mean gives it the next number.
pub const FORM: i64 = 6;

/// How finely rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One row for all hours of a day that nothing tells apart.
    Day,
    /// One row an hour, which names by Resolver logs need.
    Hour,
}

impl Grain {
    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Day => DAY_SECONDS,
            Self::Hour => HOUR_SECONDS,
        }
    }

    /// The grain of so many seconds.
    #[must_use]
    pub const fn of_seconds(seconds: i64) -> Option<Self> {
        match seconds {
            DAY_SECONDS => Some(Self::Day),
            HOUR_SECONDS => Some(Self::Hour),
            _ => None,
        }
    }
}

/// The columns of the result, in the order in which the text selects them. `kind` says what a row is:
///
/// - `row`: collapsed ACCEPT records that may have used a gateway; `hour` is the first of the hours that it stands for. `records` and
///   `bytes` are along `sender` to `receiver`, `other_*` against it (leg 4 of a pair);
/// - `crossing`: what crossed from one VPC to another; `sender` asks, `receiver` serves at `port`; `other_*` came back;
/// - `hour`: all records of an interface in an hour under one flow log: `records` are accepted, `other_records` rejected; `first_at` and
///   `last_at` are seconds into the hour;
/// - `interface`: what records say of an interface; `sender` and `receiver` are the addresses that may be its own (`shown` is `any`
///   where no record tells);
/// - `word`: what records say of an owner, from the hour `first_at` to the hour `last_at`;
/// - `malformed`, `out_of_window`: records in no hour;
/// - `window`: one row: `hour` is [`FORM`], `port` the grain in seconds, `first_at` and `last_at` the window, `shown` the ports that were
///   kept for naming rules, joined by commas, `owner` tells the inventory from those that decide otherwise
///   ([`inventory_digest`]).
///
/// Texts that do not apply are `-`, numbers 0; nothing is null. Times are Unix seconds. IPv6 addresses are spelled out, eight groups of
/// four digits: that text is the same whoever wrote the log, and sorts as the addresses do.
pub const COLUMNS: [(&str, Kind); 30] = [
    ("kind", Kind::Text),
    ("flow_log", Kind::Text),
    ("interface", Kind::Text),
    ("hour", Kind::Number),
    ("account_id", Kind::Text),
    ("region", Kind::Text),
    ("vpc_id", Kind::Text),
    ("subnet_id", Kind::Text),
    ("az_id", Kind::Text),
    ("instance_id", Kind::Text),
    ("interface_type", Kind::Text),
    ("sender", Kind::Text),
    ("receiver", Kind::Text),
    ("shown", Kind::Text),
    ("sender_label", Kind::Text),
    ("receiver_label", Kind::Text),
    ("next_hop", Kind::Text),
    ("seen", Kind::Text),
    ("direction", Kind::Text),
    ("port", Kind::Number),
    ("owner", Kind::Text),
    ("first_at", Kind::Number),
    ("last_at", Kind::Number),
    ("records", Kind::Number),
    ("bytes", Kind::Number),
    ("other_records", Kind::Number),
    ("other_bytes", Kind::Number),
    ("nodata", Kind::Number),
    ("skipdata", Kind::Number),
    ("has_pkt", Kind::Number),
];
