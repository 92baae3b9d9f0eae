//! The Resolver's query logs.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| natlens::sources::laws::resolver_log(bytes));
