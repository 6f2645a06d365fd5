//! Any bytes as a change to documents of several shapes: see `tests/src/fuzzing/gate.rs`.
#![no_main]

// The fuzzer ends at any panic; one that the gate catches in a trial is what it is there for.
libfuzzer_sys::fuzz_target!(
    init: segin_tests::adversary::quiet(),
    |bytes: &[u8]| segin_tests::fuzzing::gate(bytes)
);
