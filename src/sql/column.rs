//! Where each column of the result stands.

use super::COLUMNS;

const fn column(name: &str) -> usize {
    let mut at = 0;
    while at < COLUMNS.len() {
        if same(COLUMNS[at].0.as_bytes(), name.as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("no such column")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

macro_rules! columns {
    ($($name:ident $text:literal,)*) => { $(pub const $name: usize = column($text);)* };
}

columns! {
    KIND "kind", FLOW_LOG "flow_log", INTERFACE "interface", HOUR "hour", ACCOUNT "account_id", REGION "region", VPC "vpc_id",
    SUBNET "subnet_id", AZ "az_id", INSTANCE "instance_id", TYPE "interface_type", SENDER "sender", RECEIVER "receiver",
    SHOWN "shown", SENDER_LABEL "sender_label", RECEIVER_LABEL "receiver_label", NEXT_HOP "next_hop", SEEN_AS "seen",
    DIRECTION "direction", PORT "port", OWNER "owner", FIRST "first_at", LAST "last_at", RECORDS "records", BYTES "bytes",
    OTHER_RECORDS "other_records", OTHER_BYTES "other_bytes", NODATA "nodata", SKIPDATA "skipdata", HAS_PKT "has_pkt",
}
