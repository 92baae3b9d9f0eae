//! gzip streams, against flate2.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| natlens::sources::laws::gzip(bytes));
