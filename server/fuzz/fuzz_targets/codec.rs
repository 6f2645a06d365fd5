//! Any bytes as every message that there is: see `tests/src/fuzzing/codec.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| segin_tests::fuzzing::codec(bytes));
