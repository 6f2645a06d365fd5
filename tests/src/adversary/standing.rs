//! How a hub stands, and what it has spent: what an attack may not change, and what it may cost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use segin::serve::folder::DOCUMENTS;
use serde_json::Value as Json;

use super::{Bound, Siege};
use crate::door::{get, token};
use crate::process::fingerprint;

/// Bytes that the derived files may grow by after an attack: what honest work before it has left to be written.
const DERIVED_BYTES_MAX: u64 = 1024 * 1024;

/// Everything that an attack could have changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Standing {
    /// Entries of the log, and its chain.
    position: u64,
    chain: String,
    /// Pieces of held work.
    held: u64,
    /// Every channel with its digest, documents and changes; sites, users, devices.
    counted: Json,
    /// The log's files, by their bytes.
    log: BTreeMap<PathBuf, u64>,
    /// The keyring, whole.
    keyring: Vec<u8>,
    /// Every other file with its size.
    files: BTreeMap<PathBuf, u64>,
    /// The bytes of the derived files, and their names. The store writes what it was given when it likes: what stands in
    /// them is compared by digest after each attack, and as a whole at the end.
    derived: (u64, BTreeSet<PathBuf>),
}

impl Standing {
    pub(super) fn of(siege: &Siege) -> Self {
        let said = get(siege.address(), "/v1/status", &token(siege.hub()));
        let mut status: Json = serde_json::from_str(&said.body).expect("the hub says how it stands");
        let number = |name: &str| status[name].as_u64().expect("a number");
        let (position, held) = (number("position"), number("held"));
        let chain = status["chain"].as_str().expect("a hash").to_owned();
        if let Some(status) = status.as_object_mut() {
            // What moves with the log or by itself.
            for moving in ["now", "read_model", "position", "chain", "held", "parcels"] {
                status.remove(moving);
            }
        }
        let data = &siege.house.options.data;
        let keyring = std::fs::read(data.join("keyring")).expect("the keyring is there");
        let log = fingerprint(&data.join("log"));
        let is_derived = |(path, _): &(PathBuf, u64)| path.starts_with(data.join(DOCUMENTS));
        let (derived, others): (Vec<_>, Vec<_>) = files(data).into_iter().partition(is_derived);
        let bytes = derived.iter().map(|(_, bytes)| bytes).sum();
        let derived = (bytes, derived.into_iter().map(|(path, _)| path).collect());
        Self { position, chain, held, counted: status, log, keyring, files: others.into_iter().collect(), derived }
    }

    /// Whether it is as before but for so many entries with so many pieces of held work.
    #[track_caller]
    pub(super) fn is_as(&self, before: &Self, entries: u64, held: u64, name: &str) {
        assert_eq!(self.counted, before.counted, "{name}: documents, digests or people are others");
        assert_eq!(self.position, before.position + entries, "{name}: entries of the log");
        assert_eq!(self.held, before.held + held, "{name}: held work");
        assert!(self.keyring == before.keyring, "{name}: the keyring was written");
        assert_eq!(self.files, before.files, "{name}: other files, or of another size");
        if entries == 0 {
            assert_eq!(self.chain, before.chain, "{name}: another chain");
            assert_eq!(self.log, before.log, "{name}: the log was written");
        }
        let (now, then) = (self.derived.0, before.derived.0);
        assert!(now <= then + DERIVED_BYTES_MAX, "{name}: derived files grew from {then} to {now} bytes");
        assert_eq!(self.derived.1, before.derived.1, "{name}: other derived files");
    }
}

/// Every file below a folder with its size.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is readable") {
            let entry = entry.expect("the entry is readable");
            match entry.metadata().expect("the entry is there") {
                it if it.is_dir() => folders.push(entry.path()),
                it => drop(found.insert(entry.path(), it.len())),
            }
        }
    }
    found
}

/// What the hub has counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    tried: u64,
    unpacked: u64,
    answered: u64,
}

impl Cost {
    pub(super) fn of(siege: &Siege) -> Self {
        let text = siege.metrics();
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|line| line.parse().ok()).unwrap_or_else(|| panic!("{name} is not counted"))
        };
        Self {
            tried: number("segin_operations_tried"),
            unpacked: number("segin_unpacked"),
            answered: number("segin_response_body_bytes_total"),
        }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            tried: self.tried - before.tried,
            unpacked: self.unpacked - before.unpacked,
            answered: self.answered - before.answered,
        }
    }

    pub(super) fn fits(&self, bound: &Bound) -> bool {
        self.tried <= bound.tried && self.unpacked <= bound.unpacked && self.answered <= bound.answered
    }
}
