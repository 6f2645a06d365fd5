//! Promises checked here:
//!
//! - The histories under `vectors/histories/` are written again to the same changes, and read to the same projection,
//!   conflicts, problems and line of the list; edits that were refused are refused with the same code. Programs in other
//!   languages replay the same files.
//! - The histories under `vectors/histories-js/`, which the library for browsers wrote, pass the gate, keep their hashes,
//!   and read the same here.
//!
//! `SEGIN_WRITE_VECTORS=1` writes `vectors/histories/` anew from seeds.

#![allow(clippy::disallowed_methods, reason = "the test reads and writes the committed files; the crate does not")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod from_browsers;
mod generate;
mod strange;
mod values;
mod world;

use std::path::PathBuf;

use serde_json::Value as Json;
use sync_protocol::documents::Kind;
use world::World;

/// Histories of each kind: all together stay a megabyte.
const SEEDS: u64 = 11;

/// Histories besides of the kinds about which merge rules say most, of those groups alone.
const RULED_SEEDS: u64 = 5;

/// Bytes of one file, and of all: small enough to be read by a person and cloned by everybody.
const FILE_BYTES_MAX: usize = 60 * 1024;
const ALL_BYTES_MAX: usize = 1_500 * 1024;

fn vectors(directory: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(directory)
}

/// Every history of a directory, by name.
fn histories(directory: &str) -> Vec<(String, String)> {
    let files = std::fs::read_dir(vectors(directory)).expect("the histories are committed");
    let mut found: Vec<(String, String)> = files
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

fn write_all() {
    let directory = vectors("histories");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    for kind in Kind::ALL {
        let ruled = if matches!(kind, Kind::Case | Kind::Referral) { RULED_SEEDS } else { 0 };
        for seed in 0..SEEDS + ruled {
            let world = generate::history(kind, seed);
            std::fs::write(directory.join(format!("{kind}-{seed:02}.json")), world.file()).unwrap();
        }
        std::fs::write(directory.join(format!("{kind}-strange.json")), strange::history(kind).file()).unwrap();
    }
}

#[test]
fn every_history_is_written_and_read_again_as_it_was() {
    if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() {
        write_all();
    }
    let all = histories("histories");
    assert!(all.len() >= 60, "{} histories", all.len());
    let total: usize = all.iter().map(|(_, text)| text.len()).sum();
    assert!(total < ALL_BYTES_MAX, "{total} bytes");
    for (name, text) in &all {
        assert!(text.len() < FILE_BYTES_MAX, "{name}: {} bytes", text.len());
        let file: Json = serde_json::from_str(text).unwrap();
        let again = World::replayed(&file).file();
        assert!(
            *text == again,
            "{name}: not as it was; SEGIN_WRITE_VECTORS=1 writes it anew, a diff shows what changed"
        );
    }
    holds_every_kind_of_edit_and_refusal(&all.into_iter().map(|(_, text)| text).collect::<String>());
}

fn holds_every_kind_of_edit_and_refusal(all: &str) {
    for edit in ["set", "add", "amend", "rewrite", "void", "decide", "include", "exclude"] {
        assert!(all.contains(&format!(r#""edit":"{edit}""#)), "no edit '{edit}'");
    }
    let refusals =
        ["nothing-changed", "invalid", "once", "no-entry", "entry-exists", "unknown-heads", "actor-not-at-heads"];
    for code in refusals.into_iter().chain(["empty", "no-group"]) {
        assert!(all.contains(&format!(r#""error":"edit-{code}""#)), "no refusal '{code}'");
    }
    for problem in ["value", "unknown", "required", "not_late"] {
        assert!(all.contains(&format!(r#""problem":"{problem}""#)), "no problem '{problem}'");
    }
    for word in
        ["disputed", "voided", "beside_a_stop", "copied_from", "happened", "not_asked", "entry_twice", "text_object"]
    {
        assert!(all.contains(&format!(r#""{word}""#)), "no '{word}'");
    }
}
