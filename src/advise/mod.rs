//! Decisions: what to do about each client VPC and service, with its arithmetic. Pure; prices and traffic come in as values.

pub mod custom;
pub mod gateway;
pub mod input;
