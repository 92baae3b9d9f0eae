//! Bytes to records: what AWS writes, read from wherever it lies. Knows formats; counts and prices nothing.

pub mod flow;
pub mod objects;
