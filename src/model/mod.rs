//! The values that the stages exchange: addresses, bytes, dollars, periods, flow records, inventory. No I/O, no frames.

pub mod account;
pub mod addr;
pub mod addr_table;
pub mod bill;
pub mod bytes;
pub mod custom;
pub mod digits;
pub mod dns;
pub mod export_task;
pub mod flow;
pub mod inventory;
pub mod kube;
pub mod memory;
pub mod metrics;
pub mod packed;
pub mod period;
pub mod records;
pub mod region;
pub mod service;
pub mod several;
pub mod sha256;
pub mod symbols;
pub mod usd;
