//! The browser tests (`tests/browser`, Playwright) as a part of `cargo test --workspace`: the real app in a real Chromium
//! against the real binary.
//!
//! Needs Node and npm; what they bring (Playwright, a Chromium where the system has none) comes from the lock file, by
//! `npm ci`, which the build has done. Nothing is retried. `SEGIN_CHROMIUM` names a browser. With `--test browser` alone
//! the binary is the one that was built last: `cargo build` before it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use segin_tests::process::binary;

/// Lines of a failed run that are shown: the summary stands at its end.
const LINES_MAX: usize = 400;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the workspace").to_path_buf()
}

/// Runs `npm test` in a package.
///
/// # Panics
/// With the end of what it said when it fails, or with what is missing.
fn npm_test(package: &str) {
    let installed = top().join("node_modules/.bin");
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let has_npm = Command::new(npm).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        has_npm.is_ok_and(|status| status.success()) && installed.is_dir(),
        "the tests in {package} need Node 20.19 or newer with npm (https://nodejs.org, or the packages 'nodejs' and 'npm' \
         of your system), and `npm ci` at the top of the repository, which `cargo build` does once Node is there"
    );
    let mut command = Command::new(npm);
    command.args(["test", "--workspace", package]).current_dir(top()).env("SEGIN_BIN", binary());
    let output = command.env("CI", "1").env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("npm runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES_MAX)..].join("\n");
    assert!(output.status.success(), "npm test --workspace {package} failed:\n{end}");
    // Shown with --nocapture.
    println!("{end}");
}

#[test]
fn the_app_in_a_real_browser_against_the_real_hub() {
    npm_test("tests/browser");
}
