//! The honest bytes that a fuzzer begins with, in the form in which each function takes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{Actor, ActorPrefix};

use super::log::{MASTER, SIZES};
use crate::parts::Parts;

/// A history of one document, as a library wrote it.
pub struct History {
    /// Its kind.
    pub kind: Kind,
    /// Whose change, and the change.
    pub changes: Vec<(ActorPrefix, Vec<u8>)>,
}

fn vectors(folder: &str) -> Vec<Json> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sync-protocol/vectors").join(folder);
    let files = std::fs::read_dir(folder).expect("the vectors are committed");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file is listed").path()).collect();
    paths.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("a vector is readable");
    paths.iter().map(|path| serde_json::from_str(&read(path)).expect("a vector is JSON")).collect()
}

fn history(file: &Json) -> History {
    let kind = file["kind"].as_str().and_then(|kind| kind.parse().ok()).expect("a history has a kind");
    let change = |step: &Json| {
        let raw = HEXLOWER.decode(step["raw"].as_str()?.as_bytes()).ok()?;
        let actor: Actor = step["actor"].as_str()?.parse().ok()?;
        Some((actor.prefix(), raw))
    };
    History { kind, changes: file["steps"].as_array().into_iter().flatten().filter_map(change).collect() }
}

/// What the library for browsers wrote.
#[must_use]
pub fn histories() -> Vec<History> {
    vectors("histories-js").iter().map(history).collect()
}

/// Every change of these histories and of those that this repository's crate wrote.
#[must_use]
pub fn changes() -> Vec<Vec<u8>> {
    let files = [vectors("histories"), vectors("histories-js")].concat();
    let changes = files.iter().map(history).flat_map(|history| history.changes);
    changes.map(|(_, change)| change).collect()
}

/// For [`super::codec()`]: every message of the vectors, as a frame and as CBOR.
#[must_use]
pub fn for_codec() -> Vec<Vec<u8>> {
    let files = vectors("wire");
    let texts = files.iter().filter_map(Json::as_object).flat_map(|file| file.values().filter_map(Json::as_str));
    texts.filter_map(|text| HEXLOWER.decode(text.as_bytes()).ok()).filter(|bytes| bytes.len() > 8).collect()
}

/// For [`super::gate()`]: a change in each form for each document that it is judged on.
#[must_use]
pub fn for_gate() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    // Three documents of each history, in this order.
    for (number, history) in histories().iter().enumerate() {
        let last = history.changes.len() - 1;
        let mut places = vec![0, last / 2, last];
        places.dedup();
        for (index, at) in places.into_iter().enumerate() {
            let which = u8::try_from((number * 3 + index) % 256).unwrap_or_default();
            let change = &history.changes[at].1;
            seeds.push([&[which, 0], &change[..]].concat());
            let contents = Parts::of(change).contents();
            seeds.extend([1, 2].map(|form| [&[which, form], &contents[..]].concat()));
        }
    }
    seeds
}

/// For [`super::log()`]: segments, patches, entries.
#[must_use]
pub fn for_log() -> Vec<Vec<u8>> {
    let files = log_files();
    let segments: Vec<&Vec<u8>> =
        files.iter().filter(|(name, _)| name.starts_with("log/")).map(|(_, file)| file).collect();
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for (number, segment) in segments.into_iter().enumerate() {
        let number = u8::try_from(number % 64).unwrap_or_default();
        seeds.push([&[number * 4], &segment[..]].concat());
        seeds.push(vec![1, number, 0, 90, 1]);
    }
    for entry in log_entries() {
        seeds.extend([2, 3].map(|how| [&[how], &entry[..]].concat()));
    }
    seeds
}

/// The files of a hub that has taken some work: log and keyring.
#[must_use]
pub(super) fn log_files() -> BTreeMap<String, Vec<u8>> {
    honest_log().0
}

fn log_entries() -> Vec<Vec<u8>> {
    honest_log().1
}

fn honest_log() -> (BTreeMap<String, Vec<u8>>, Vec<Vec<u8>>) {
    use segin::hub::opening::{self, Beginning};
    use segin::random::SeededRandom;
    use segin::store::files::FakeDisk;
    use segin::store::keyring::{Keyring, MasterKey};
    use segin::store::log::Log;
    use sync_protocol::ids::{Millis, Position};
    use sync_protocol::wire::codec::Raw;

    let disk = FakeDisk::new(1);
    let mut random = SeededRandom::new(1);
    let keyring =
        Keyring::create(disk.shared(), &MasterKey::from_bytes(MASTER), &mut random).expect("the disk is sound");
    let log_id = opening::new_log_id(&mut random);
    let (mut log, _) = Log::create(disk.shared(), log_id, SIZES, &mut random).expect("the disk is sound");
    let beginning = Beginning { configuration: (1, Raw(vec![0x80])), now: Millis(1_714_480_000_000) };
    opening::begin(&mut log, &keyring, &beginning, &mut random).expect("the disk is sound");
    // Entries of a hub that has worked, taken over as they stand: with their groups, across several segments.
    let entries = crate::adversary::plain::worked_entries();
    for group in entries.chunks(3) {
        log.append_group(group).expect("the disk is sound");
    }
    let head = log.reader().head().0;
    let all = (1..=head.0).filter_map(|at| log.reader().read(Position(at)).ok()).map(|record| record.payload);
    let all = all.collect();
    drop(log);
    (disk.files(), all)
}
