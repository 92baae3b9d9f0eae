//! How fast each stage is by itself: `cargo bench`, or `cargo bench -- ip-ranges` for some.
//!
//! Each bench has a throughput: bytes are those of the text behind any gzip, elements are what the bench's name says. The data
//! are simulated accounts, read from files that the page cache holds. What the stages cost together, beside other programs, is
//! `benches/compare.py`'s to say.

mod account;
mod bill;
mod dns;
mod flow;
mod names;
mod tables;

use criterion::Criterion;
use std::time::Duration;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    flow::all(&mut criterion);
    tables::all(&mut criterion);
    names::all(&mut criterion);
    bill::all(&mut criterion);
    dns::all(&mut criterion);
    criterion.final_summary();
}
