//! Promises checked here: the rules of the house that no compiler keeps.
//!
//! - Every Rust file opens with `//!`, every TypeScript and Svelte file with a comment, and none is longer than can be
//!   read in one sitting.
//! - TypeScript is checked: nothing is `any`, no check is switched off. The app names no other host.
//! - Packages are named without the host that they came from.
//! - Nothing unfinished is left in the code.
//! - Layers stay apart: storage engines, Automerge and HTTP are named only where the layer's picture has them.
//! - Nothing names a path of someone's machine.
//! - A stable error code means one thing.
//! - Nothing large is committed; nothing new stands at the top of the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lines of a Rust file, at most; the aim is 400.
const LINES_MAX: usize = 500;
/// Lines of a TypeScript or Svelte file, at most.
const SCRIPT_LINES_MAX: usize = 400;
/// Files that may be longer, with their own limit and the reason.
const LONGER: &[(&str, usize, &str)] = &[
    ("sync-protocol/tests/gate_rules.rs", 900, "one list of cases, one for each rule, read by looking one up"),
    ("server/src/store/files/fake.rs", 700, "one disk with all its faults, small functions"),
];
/// Codes that several errors share because they mean the same, with that meaning.
const SHARED_CODES: &[(&str, &str)] = &[("defect", "a defect of this program, wherever it was met")];
/// Bytes of a committed file, at most: vectors and test data are small enough to be read by a person.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Folders at the top of the repository; the last three appear on use and are not committed.
const TOP: &[&str] = &["server", "sync-protocol", "tests", "target", "segin-data", "node_modules"];

/// A crate that may be named only under these paths (a prefix of a path, or what a file is called).
struct Layer {
    krate: &'static str,
    allowed: &'static [&'static str],
    /// Only files below are looked at; empty: all.
    within: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer { krate: "sled", allowed: &["server/src/store/documents/disk", "tests/"], within: &[] },
    Layer { krate: "rusqlite", allowed: &["server/src/store/read_model", "server/src/field/store"], within: &[] },
    Layer {
        krate: "automerge",
        allowed: &[
            "sync-protocol/src/documents/",
            "sync-protocol/src/gate/",
            "sync-protocol/src/device/",
            "sync-protocol/tests/",
            "server/src/bench",
            "tests/",
            "/testing.rs",
            "/tests.rs",
            "/tests/",
        ],
        within: &[],
    },
    Layer { krate: "axum", allowed: &[], within: &["server/src/store/", "server/src/hub/", "server/src/access/"] },
    Layer { krate: "hyper", allowed: &[], within: &["server/src/store/", "server/src/hub/", "server/src/access/"] },
    Layer { krate: "tokio", allowed: &[], within: &["sync-protocol/"] },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the workspace").to_path_buf()
}

/// Every file of the repository with its path from the top, `/` between the parts; what tools leave behind is not ours.
fn files() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository is readable") {
            let path = entry.expect("an entry is readable").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | "segin-data" | "node_modules" | "dist" | "results") {
                    folders.push(path);
                }
            } else if name != ".git" {
                let relative = path.strip_prefix(root()).expect("it stands below the top");
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                found.push((parts.join("/"), path));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "the repository was not found: {found:?}");
    found
}

fn rust_files() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter(|(name, _)| name.ends_with(".rs")).map(|(name, path)| {
        let text = std::fs::read_to_string(path).expect("a Rust file is text");
        (name, text)
    })
}

/// What is written for browsers, and the tests of it.
fn script_files() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter(|(name, _)| name.ends_with(".ts") || name.ends_with(".svelte")).map(|(name, path)| {
        let text = std::fs::read_to_string(path).expect("a script is text");
        (name, text)
    })
}

/// The lines that are code, with their numbers from 1; a module of tests at the end of a file is not.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code);
    code.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim().starts_with("//"))
}

/// All problems at once: who tidies up wants the whole list.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_rust_file_says_first_what_it_owns() {
    let problems: Vec<_> = rust_files()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(name, _)| format!("{name}: does not open with //!"))
        .collect();
    none(&problems);
}

#[test]
fn no_rust_file_is_too_long() {
    let limit =
        |name: &str| LONGER.iter().find(|(longer, ..)| *longer == name).map_or(LINES_MAX, |(_, lines, _)| *lines);
    let problems: Vec<_> = rust_files()
        .map(|(name, text)| (text.lines().count(), name))
        .filter(|(lines, name)| *lines > limit(name))
        .map(|(lines, name)| format!("{name}: {lines} lines, at most {}", limit(&name)))
        .collect();
    none(&problems);
}

#[test]
fn every_script_says_first_what_it_owns_and_is_short() {
    let mut problems = Vec::new();
    for (name, text) in script_files() {
        // Before a component's script only its marks may stand: text there would be shown.
        let inside =
            || text.starts_with("<script") && text.lines().nth(1).is_some_and(|it| it.trim().starts_with("/**"));
        let opens = match name.ends_with(".svelte") {
            true => text.starts_with("<!--") || inside(),
            false => text.starts_with("/**"),
        };
        if !opens {
            problems.push(format!("{name}: does not open with a comment that says what it owns"));
        }
        let lines = text.lines().count();
        let limit = LONGER.iter().find(|(longer, ..)| *longer == name).map_or(SCRIPT_LINES_MAX, |(_, lines, _)| *lines);
        if lines > limit {
            problems.push(format!("{name}: {lines} lines, at most {limit}"));
        }
    }
    none(&problems);
}

#[test]
fn scripts_are_checked_and_name_no_other_host() {
    let unchecked = [": any", "<any>", " as any", "@ts-ignore", "@ts-nocheck", "@ts-expect-error"];
    let mut problems = Vec::new();
    for (name, text) in script_files() {
        let code = text.lines().enumerate().filter(|(_, line)| {
            let line = line.trim();
            !["*", "//", "/*"].iter().any(|comment| line.starts_with(comment)) || line.contains("@ts-")
        });
        for (index, line) in code {
            let ends = |at: usize, mark: &str| !line[at + mark.len()..].starts_with(|c: char| c.is_alphanumeric());
            for mark in unchecked.iter().filter(|mark| line.match_indices(**mark).any(|(at, _)| ends(at, mark))) {
                problems.push(format!("{name}:{}: {}", index + 1, mark.trim()));
            }
            let other = |at: usize| !line[at..].starts_with("http://www.w3.org/");
            let hosts = ["http://", "https://"].iter().flat_map(|mark| line.match_indices(mark));
            if name.starts_with("server/web/src/") && hosts.map(|(at, _)| at).any(other) {
                problems.push(format!("{name}:{}: names a host: the app speaks with the hub alone", index + 1));
            }
        }
    }
    none(&problems);
}

#[test]
fn packages_are_named_without_the_host_that_they_came_from() {
    let marks = [
        concat!("\"resolved\": \"ht", "tp"),
        concat!("regis", "try.npm"),
        concat!("npm_", "token"),
        concat!("_auth", "Token"),
    ];
    let mut problems = Vec::new();
    for (name, path) in files() {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        for (index, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
                problems.push(format!("{name}:{}: {mark}", index + 1));
            }
        }
    }
    none(&problems);
}

#[test]
fn nothing_unfinished_is_left() {
    let marks = [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("d", "bg!("), concat!("FIX", "ME")];
    let mut problems = Vec::new();
    for (name, text) in rust_files() {
        for (index, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
                problems.push(format!("{name}:{}: {mark}", index + 1));
            }
        }
    }
    none(&problems);
}

#[test]
fn layers_name_only_what_they_may_know() {
    let mut problems = Vec::new();
    for (name, text) in rust_files() {
        for layer in LAYERS {
            let concerned = layer.within.is_empty() || layer.within.iter().any(|within| name.starts_with(within));
            let allowed =
                |place: &&str| if place.starts_with('/') { name.contains(*place) } else { name.starts_with(*place) };
            if !concerned || layer.allowed.iter().any(allowed) {
                continue;
            }
            for (number, _) in code_lines(&text).filter(|(_, line)| names(line, layer.krate)) {
                problems.push(format!("{name}:{number}: names {}, which this layer must not know", layer.krate));
            }
        }
    }
    none(&problems);
}

/// Whether a line of code names a crate: `krate::…` or `use krate;`.
fn names(line: &str, krate: &str) -> bool {
    let whole = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    let path = format!("{krate}::");
    line.match_indices(&path).any(|(at, _)| whole(at)) || line.trim() == format!("use {krate};")
}

#[test]
fn a_name_of_a_crate_is_told_from_its_namesakes() {
    for line in ["use sled::Db;", "    let db: sled::Db;", "use sled;", "fn f() -> Result<sled::Db, X> {"] {
        assert!(names(line, "sled"), "{line}");
    }
    for line in ["use unsled::Db;", "crate::sled::open()", "let sled = 1;", "my_sled::open()"] {
        assert!(!names(line, "sled"), "{line}");
    }
}

#[test]
fn nothing_names_a_path_of_a_machine() {
    let marks = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut problems = Vec::new();
    for (name, path) in files() {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        for (index, line) in text.lines().enumerate() {
            for mark in marks {
                let from_the_top = |(at, _): (usize, &str)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-$}/".contains(c))
                };
                if line.match_indices(mark).any(from_the_top) {
                    problems.push(format!("{name}:{}: names {mark}", index + 1));
                }
            }
        }
    }
    none(&problems);
}

#[test]
fn a_stable_code_means_one_thing() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in rust_files().filter(|(name, _)| name.contains("/src/")) {
        for body in bodies(&text, "fn code(&self) -> &'static str") {
            for code in literals(&body) {
                places.entry(code).or_default().push(name.clone());
            }
        }
    }
    assert!(places.len() > 10, "the codes were not found: {places:?}");
    let mut problems = Vec::new();
    for (code, files) in places {
        let shared = SHARED_CODES.iter().any(|(known, _)| *known == code);
        if files.len() > 1 && !shared {
            problems.push(format!("{code}: {}", files.join(", ")));
        }
        if !code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte)) {
            problems.push(format!("{code}: {}: codes are lower-case words", files.join(", ")));
        }
    }
    none(&problems);
}

/// The bodies of the functions that begin with this head.
fn bodies(text: &str, head: &str) -> Vec<String> {
    text.match_indices(head)
        .map(|(at, _)| {
            let mut depth = 0_i32;
            let from_head = text[at..].chars().skip_while(|c| *c != '{');
            let body = from_head.take_while(|c| {
                depth += i32::from(*c == '{') - i32::from(*c == '}');
                depth > 0
            });
            body.collect()
        })
        .collect()
}

/// What stands between quotation marks, each once.
fn literals(body: &str) -> std::collections::BTreeSet<String> {
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn nothing_large_is_committed() {
    let mut problems = Vec::new();
    for (name, path) in files() {
        let bytes = std::fs::metadata(path).expect("a file of the repository has a size").len();
        if bytes > FILE_BYTES_MAX {
            problems.push(format!("{name}: {bytes} bytes, at most {FILE_BYTES_MAX}"));
        }
    }
    none(&problems);
}

#[test]
fn nothing_new_stands_at_the_top() {
    let problems: Vec<_> = std::fs::read_dir(root())
        .expect("the top is readable")
        .map(|entry| entry.expect("an entry is readable"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .map(|name| format!("{name}/: folders at the top are {TOP:?}"))
        .collect();
    none(&problems);
}
