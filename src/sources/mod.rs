//! To be written.

pub mod ip_ranges;
pub mod settings;
