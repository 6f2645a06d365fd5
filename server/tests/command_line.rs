//! The binary as a shell sees it: exit codes and one sentence.
//!
//! While this file exists `cargo test --workspace` builds the binary before it runs any test; the tests that run hubs
//! as processes (`tests/src/process.rs`) rely on that.

use std::process::Command;

fn segin(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_segin")).args(arguments).env_remove("SEGIN_TOKEN").output();
    let output = output.expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_version_is_the_packages() {
    let (code, said, _) = segin(&["--version"]);
    assert_eq!((code, said.trim()), (Some(0), concat!("segin ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn what_is_missing_is_said_in_one_line_with_a_code() {
    let (code, said, error) = segin(&["admin", "sites"]);
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(error.starts_with("segin: ") && error.ends_with("[token-required]\n"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
