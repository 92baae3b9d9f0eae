//! The bill against the flow logs: what each gateway was charged, which part of it is explained, and why not all.
//!
//! `ledger` adds up charges by gateway, `split` ties observed bytes to them so that the parts sum to the bill, `diagnosis` says
//! in words why sources disagree. Pure.

pub mod diagnosis;
pub mod ledger;
pub mod split;
