//! To be written.

pub mod inventory;
