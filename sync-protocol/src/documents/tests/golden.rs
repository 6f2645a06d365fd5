//! The constants are for ever the same bytes: the golden files are what every site has. The tables of the schema and the words
//! of the merge rules stand in `vectors/schema.json`, from where other languages take them.
//!
//! `SEGIN_WRITE_VECTORS=1` writes that file anew.

#![allow(clippy::disallowed_methods, reason = "the test reads and writes the committed file; the crate does not")]

use std::path::PathBuf;

use data_encoding::HEXLOWER;
use serde_json::{Map, Value as Json, json};

use super::super::constant::generate;
use super::super::schema::case::{CONSENT_DECISIONS, OUTCOME_STEPS, OUTCOME_STOPS};
use super::super::schema::link::VERDICTS;
use super::super::schema::referral::{REFERRAL_STEPS, REFERRAL_STOPS};
use super::*;

/// Without what is false: a flag that is not named is not set.
fn compact(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            map.into_iter().filter(|(_, value)| *value != Json::Bool(false)).map(|(k, v)| (k, compact(v))).collect()
        }
        Json::Array(items) => items.into_iter().map(compact).collect(),
        other => other,
    }
}

fn schema_json() -> Json {
    let kind = |kind: Kind| {
        let constants: Vec<String> = constants(kind).iter().map(|constant| HEXLOWER.encode(&constant.bytes)).collect();
        (kind.name().to_owned(), json!({ "code": kind.code(), "constants": constants, "groups": schema::groups(kind) }))
    };
    let kinds: Map<String, Json> = Kind::ALL.map(kind).into_iter().collect();
    compact(json!({
        "version": schema::VERSION,
        "meta": schema::META,
        "common": schema::COMMON,
        "consent_decisions": CONSENT_DECISIONS,
        "outcome": { "steps": OUTCOME_STEPS, "stops": OUTCOME_STOPS },
        "referral": { "steps": REFERRAL_STEPS, "stops": REFERRAL_STOPS },
        "verdicts": VERDICTS,
        "kinds": kinds,
    }))
}

#[test]
fn the_schema_is_the_golden_file() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/schema.json");
    let text = serde_json::to_string_pretty(&schema_json()).unwrap() + "\n";
    if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(golden == text, "vectors/schema.json is not the schema: write it with SEGIN_WRITE_VECTORS=1");
}

#[test]
fn the_constants_are_the_golden_files() {
    for kind in Kind::ALL {
        let [constant] = constants(kind) else { panic!("{kind}: one schema version, one constant") };
        assert_eq!(constant.bytes, generate(kind), "{kind}: a constant never changes");
        assert_eq!(constant_hashes(kind), [constant.hash]);
        assert_eq!(edit::heads(&blank(kind)), [constant.hash]);
        assert_eq!(constant.version, schema::VERSION);
    }
}

#[test]
fn a_kind_keeps_its_number_and_name() {
    let known = Kind::ALL.map(|kind| (kind.code(), kind.name()));
    assert_eq!(known, [(1, "case"), (2, "movement"), (3, "household"), (4, "annex"), (5, "link"), (6, "referral")]);
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(minicbor::to_vec(kind).unwrap(), [kind.code()]);
    }
    assert_eq!((Kind::from_code(7), minicbor::decode::<Kind>(&[7]).is_err()), (None, true));
}
