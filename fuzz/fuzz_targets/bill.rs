//! Bills in CSV and the other forms.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| natlens::sources::laws::bill(bytes));
