//! Sources: from listings and bytes to values. Every format is decided by content; what cannot be read is an error value.

pub mod bill;
mod codec;
pub mod dns;
pub mod flow;
mod inflate;
pub mod inventory;
pub mod ip_ranges;
#[cfg(any(test, feature = "laws"))]
pub mod laws;
pub mod metrics;
pub mod objects;
pub mod pages;
pub mod settings;
mod simd;
mod spare;
pub mod spill;
mod stream;
