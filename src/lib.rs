//! natlens says what every NAT gateway dollar was spent on, and which VPC endpoints would pay.
//!
//! The folders are the pipeline, in order:
//! `sources` (bytes to records) -> `count` (every NAT byte once) -> `name` and `attribute` (which service, whose bytes; into
//! Polars `frames`) -> `bill`, `reconcile` and `price` (whose dollars) -> `advise` (decisions) -> `report` (the answer as a value)
//! -> `explain` (the arithmetic of a number) and `export` (its rows as a dataset) -> `sinks` (the answer as text).
//! `aws` reads the live account where inputs are there; `target` is where files go. `run` is the only module that knows all of them;
//! `model` holds the values they exchange.
//!
//! Three promises, each held by tests: every byte once, every dollar accounted for, missing is not zero.

pub mod model;

pub mod diag;

pub mod cancel;

pub mod guard;

pub mod sources;

pub mod bill;

pub mod count;

pub mod frames;

pub mod name;

pub mod own;

pub mod attribute;

pub mod price;

pub mod reconcile;

pub mod advise;

pub mod report;

pub mod explain;

pub mod export;

pub mod cache;

pub mod sql;

pub mod target;

pub mod aws;

pub mod athena;

pub mod doctor;

pub mod sinks;

pub mod collect;

pub mod simulate;

pub mod run;

pub mod cli;
