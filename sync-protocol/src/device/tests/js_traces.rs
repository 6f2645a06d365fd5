//! Traces that the TypeScript device left, replayed: both make the same of the same events, in this direction too. The
//! form is that of [`super::traces`]; `sync-protocol/js/test/device-recorded.test.ts` writes them.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::crypto::PublicKey;
use crate::wire::codec::Raw;
use crate::wire::enrolment::Invitation;

fn bytes(hex: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_str().unwrap().as_bytes()).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn list<T>(value: &Value, one: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(one).collect()
}

fn key(value: &Value) -> Key {
    Key::from_bytes(&bytes(value)).unwrap()
}

fn event(value: &Value) -> Event {
    let (name, what) = value.as_object().unwrap().iter().next().unwrap();
    match name.as_str() {
        "enrol" => Event::Enrol(Invitation::parse(what.as_str().unwrap()).unwrap()),
        "edit" => Event::Edit(list(what, request)),
        "sync" => Event::Sync { budget: number(&what["budget"]) },
        "answer" => {
            let (number, budget) = (number(&what["number"]), number(&what["budget"]));
            Event::Answer { number, bytes: bytes(&what["bytes"]), budget }
        }
        "failed" => Event::Failed { number: number(&what["number"]), reason: read(&what["reason"]) },
        "turned_away" => {
            let (code, reason) = (read(&what["code"]), read(&what["reason"]));
            Event::TurnedAway { number: number(&what["number"]), code, reason }
        }
        "shown" => Event::Shown(read(what)),
        "vouch" => Event::Vouch(PublicKey::new(bytes(what).try_into().unwrap())),
        "neighbours" => Event::Neighbours(list(what, neighbour)),
        "loaded" => Event::Loaded(list(what, |row| (key(&row[0]), (!row[1].is_null()).then(|| bytes(&row[1]))))),
        other => panic!("an event that is not known here: {other}"),
    }
}

fn request(value: &Value) -> EditRequest {
    EditRequest {
        tag: number(&value["tag"]),
        document: read(&value["document"]),
        new_id: read(&value["new_id"]),
        kind: read(&value["kind"]),
        shown: read(&value["shown"]),
        edits: read(&value["edits"]),
        card: read(&value["card"]),
        beside: Vec::new(),
    }
}

fn neighbour(value: &Value) -> Neighbour {
    Neighbour {
        document: read(&value["document"]),
        kind: read(&value["kind"]),
        code: read(&value["code"]),
        card: read(&value["card"]),
        changes: list(&value["changes"], |raw| Raw(bytes(raw))),
    }
}

fn replay(name: &str, lines: &str) {
    let mut store: BTreeMap<Key, Vec<u8>> = BTreeMap::new();
    let mut device = Device::open([], &Inputs { now: Millis(0), seed: [0; 32] }).unwrap();
    for (at, line) in lines.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        let inputs = Inputs { now: read(&line["now"]), seed: bytes(&line["seed"]).try_into().unwrap() };
        if line["event"] == "opened" {
            let hot = store.iter().filter(|(key, _)| key.is_hot()).map(|(key, bytes)| (key.clone(), bytes.clone()));
            device = Device::open(hot, &inputs).unwrap();
            continue;
        }
        let effects = device.handle(event(&line["event"]), &inputs);
        assert_eq!(super::traces::effects(&effects), line["effects"], "{name}, line {}", at + 1);
        for effect in effects {
            let batch = match effect {
                Effect::Store(batch) => batch,
                Effect::Wipe(then) => {
                    store.clear();
                    then
                }
                _ => continue,
            };
            for write in batch {
                match write {
                    Write::Put(key, bytes) => drop(store.insert(key, bytes)),
                    Write::Delete(key) => drop(store.remove(&key)),
                }
            }
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "golden files are read from disk, by the test only")]
fn what_the_typescript_device_went_through_goes_the_same_way_here() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/traces-js");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{} traces", files.len());
    for file in files {
        replay(&file.file_name().unwrap().to_string_lossy(), &std::fs::read_to_string(&file).unwrap());
    }
}
