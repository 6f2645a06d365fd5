//! Promises checked here: what is written for browsers keeps its own promises.
//!
//! - The tests of `sync-protocol/js` are green: golden bytes, traces and histories of the Rust crate give the same there.
//! - The worked example of its README enrols two people at a real hub, records, syncs, gets receipts, reads.
//! - The tests of `server/web` are green.
//!
//! They run in Node, with the packages that `package-lock.json` names; missing or older ones are installed first
//! (`npm ci`). Without Node this fails and says what to install. What Vitest had to say is shown when it fails.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use segin_tests::console::Console;
use serde_json::json;

/// What to do where Node is missing. As server/build.rs wants it: the oldest Node with which Vite runs.
const INSTALL: &str = "Install Node 20.19 or later with npm (https://nodejs.org, or the packages 'nodejs' and 'npm' of \
                       your system) and run `cargo test --workspace` again.";
/// Lines of Vitest that are shown when it fails: its summary stands at the end.
const LINES_SHOWN: usize = 200;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the workspace").to_path_buf()
}

fn npm() -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(top()).env("CI", "1").env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    npm
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}. {INSTALL}"))
}

/// The end of what a command said.
fn said(output: &Output) -> String {
    let all = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    let lines: Vec<&str> = all.lines().collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
}

/// Whether Node is there and new enough, else why not.
fn node() -> Result<(), String> {
    let version = Command::new("node").arg("--version").output().map_err(|_| "Node is missing".to_owned())?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    match fits(&version) {
        true => Ok(()),
        false => Err(format!("Node {version} is too old or of an odd version")),
    }
}

/// As Vite says: 20.19 or later, 22.12 or later, anything above.
fn fits(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(20), Some(minor)) => minor >= 19,
        (Some(22), Some(minor)) => minor >= 12,
        (Some(major), Some(_)) => major > 22,
        _ => false,
    }
}

/// Installs packages where there are none, or older ones than the lock file names. One at a time.
fn install() {
    let lock_file = top().join("package-lock.json");
    let lock = File::open(&lock_file).expect("the lock file is there");
    lock.lock().expect("the lock file can be locked");
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    // What npm writes last, or server/build.rs after it.
    let installed = ["node_modules/.package-lock.json", "node_modules/.segin-installed"]
        .iter()
        .filter_map(|mark| changed(&top().join(mark)))
        .max();
    if installed < changed(&lock_file) {
        let output = run(npm().args(["ci", "--include=dev", "--no-audit", "--no-fund"]));
        assert!(output.status.success(), "npm ci failed: is there a way to the registry?\n{}", said(&output));
    }
}

/// Runs the tests of a package, those of `file` alone if it is given, and says what they said.
fn tests_of(workspace: &str, file: Option<&str>, environment: &[(&str, String)]) -> String {
    node().unwrap_or_else(|reason| panic!("{reason}: the tests of {workspace} run in it. {INSTALL}"));
    install();
    let mut command = npm();
    command.args(["test", "--workspace", workspace, "--"]).args(file).envs(environment.iter().cloned());
    let output = run(&mut command);
    assert!(output.status.success(), "tests of {workspace} failed ({}):\n{}", output.status, said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A package whose tests were not found would be green, too.
fn ran(words: &str) -> bool {
    let summary = words.lines().find(|line| line.trim_start().starts_with("Tests "));
    summary.is_some_and(|line| line.contains(" passed"))
}

#[test]
fn the_protocol_in_typescript_is_that_of_the_rust_crate() {
    let words = tests_of("sync-protocol/js", None, &[]);
    assert!(ran(&words), "no tests ran:\n{words}");
}

#[test]
fn the_field_app_keeps_its_promises() {
    let words = tests_of("server/web", None, &[]);
    assert!(ran(&words), "no tests ran:\n{words}");
}

#[test]
fn the_worked_example_speaks_with_a_real_hub() {
    let console = Console::new();
    let invitations = ["Awa Diarra", "Binta Keita"].map(|name| {
        let user = console.setup("POST", "/v1/admin/users", &json!({"name": name, "sites": ["GOG"]})).json();
        let invited = json!({"user": user["user"], "confirmed": true});
        let invited = console.setup("POST", "/v1/admin/invitations", &invited).json();
        invited["invitation"].as_str().expect("the hub gives an invitation").to_owned()
    });
    let hub = [("SEGIN_HUB", format!("http://{}", console.address())), ("SEGIN_INVITATIONS", invitations.join(" "))];
    let words = tests_of("sync-protocol/js", Some("test/example.test.ts"), &hub);
    assert!(ran(&words) && !words.contains("skipped"), "the example was not tried:\n{words}");
}

#[test]
fn a_node_that_is_too_old_is_told_apart() {
    for new_enough in ["v20.19.0", "v20.20.2", "v22.12.1", "v24.0.0"] {
        assert!(fits(new_enough), "{new_enough}");
    }
    for too_old in ["", "v18.20.1", "v20.18.3", "v21.7.0", "v22.11.0", "node"] {
        assert!(!fits(too_old), "{too_old}");
    }
}
