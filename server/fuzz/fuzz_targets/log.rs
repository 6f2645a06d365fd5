//! Any bytes as a log, as a part of one, as an entry in one: see `tests/src/fuzzing/log.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| segin_tests::fuzzing::log(bytes));
