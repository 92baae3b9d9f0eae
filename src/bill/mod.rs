//! The bill: which lines matter, what they say of each gateway, and what they cost on the chosen basis. Pure; files are read elsewhere.
//!
//! Enters: [`crate::model::bill::BillLine`], in any order and split over any files. Leaves: [`settle::Charges`], each dollar once.

pub mod fold;
pub mod kind;
pub mod settle;

mod codes;
#[cfg(test)]
mod tests;
