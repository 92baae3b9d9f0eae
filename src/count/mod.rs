//! Counting: every byte that a NAT gateway processed, exactly once, whatever the log's format, vantage or delivery.
//!
//! `fold` collapses one object, `rollup` all of them; `vantage` chooses who speaks for an interface in an hour, `infer` finds
//! gateways that nobody told us of, `legs` knows the four records of a conversation, `routes` what left by a gateway, and
//! `resolve` puts it together. `peers` and `crossing` find what one VPC sends to services in another, beside the count and
//! without touching it. Nothing here knows files, frames, services of AWS or prices.

mod blocks;
pub mod counted;
pub mod crossing;
pub mod fold;
pub mod hours;
pub mod infer;
pub mod legs;
pub mod peers;
pub mod resolve;
pub mod roles;
pub mod rollup;
pub mod routes;
pub mod rows;
pub mod vantage;
pub mod words;

#[cfg(test)]
mod tests;
