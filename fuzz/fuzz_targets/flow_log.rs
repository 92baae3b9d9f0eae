//! Flow logs, with and without vector instructions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| natlens::sources::laws::flow_log(bytes));
