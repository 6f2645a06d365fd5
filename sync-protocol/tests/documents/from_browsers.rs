//! What the library for browsers wrote, through the gate.

use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use sync_protocol::documents::Kind;
use sync_protocol::documents::edit::heads;
use sync_protocol::gate::{StoredForm, Verdict, judge};
use sync_protocol::ids::Actor;

use super::histories;

#[test]
fn histories_that_browsers_wrote_pass_the_gate_and_read_the_same() {
    let all = histories("histories-js");
    assert!(all.len() >= 12, "{} histories", all.len());
    for (name, text) in all {
        let file: Json = serde_json::from_str(&text).unwrap();
        let kind: Kind = file["kind"].as_str().unwrap().parse().unwrap();
        let mut stored: Option<StoredForm> = None;
        let mut reading = None;
        for (at, step) in file["steps"].as_array().unwrap().iter().enumerate() {
            let Some(raw) = step["raw"].as_str() else { continue };
            let actor: Actor = step["actor"].as_str().unwrap().parse().unwrap();
            let raw = HEXLOWER.decode(raw.as_bytes()).unwrap();
            let judgement = judge(kind, stored.as_ref(), actor.prefix(), &[raw]);
            assert_eq!(judgement.verdicts, [Verdict::Applied], "{name}, step {at}");
            assert_eq!(json!(judgement.hashes[0]), step["hash"], "{name}, step {at}");
            let applied = judgement.applied.unwrap();
            (stored, reading) = (Some(applied.form), Some(applied.reading));
        }
        let (stored, reading) = (stored.unwrap(), reading.unwrap());
        let document = automerge::Automerge::load(&stored.saved).unwrap();
        assert_eq!(json!(heads(&document)), file["heads"], "{name}");
        for (part, ours) in [("projection", json!(reading.projection)), ("conflicts", json!(reading.conflicts))] {
            assert!(ours == file[part], "{name}, {part}:\n{ours}\n{}", file[part]);
        }
        assert_eq!(reading.problems, [], "{name}");
    }
}
