//! One document's history as it happens or is replayed: steps with what went in and what came of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use automerge::{Automerge, Change};
use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use sync_protocol::documents::edit::heads;
use sync_protocol::documents::project::read;
use sync_protocol::documents::{Edit, EditError, Kind, apply, blank, constant_hashes};
use sync_protocol::ids::{Actor, ChangeHash, Millis};

pub struct World {
    pub kind: Kind,
    pub doc: Automerge,
    /// The change of each step; `None` where nothing was written.
    pub hashes: Vec<Option<ChangeHash>>,
    steps: Vec<Json>,
}

impl World {
    pub fn new(kind: Kind) -> Self {
        Self { kind, doc: blank(kind), hashes: vec![], steps: vec![] }
    }

    /// Heads as a file names them: steps, the blank document (none), or a hash that no step made.
    fn named(&self, shown: &[ChangeHash]) -> Vec<Json> {
        let step = |hash: &ChangeHash| self.hashes.iter().position(|known| known.as_ref() == Some(hash));
        let name = |hash: &ChangeHash| step(hash).map_or_else(|| json!(hash), |step| json!(step));
        shown.iter().filter(|hash| !constant_hashes(self.kind).contains(hash)).map(name).collect()
    }

    fn unnamed(&self, shown: &Json) -> Vec<ChangeHash> {
        let names = shown.as_array().unwrap();
        if names.is_empty() {
            return constant_hashes(self.kind).to_vec();
        }
        let hash = |name: &Json| match name.as_u64() {
            Some(step) => self.hashes[usize::try_from(step).unwrap()].unwrap(),
            None => name.as_str().unwrap().parse().unwrap(),
        };
        names.iter().map(hash).collect()
    }

    /// One call of `apply`.
    pub fn step(
        &mut self,
        shown: &[ChangeHash],
        actor: Actor,
        at: Millis,
        edits: &[Edit],
    ) -> Result<ChangeHash, EditError> {
        let mut step = json!({ "shown": self.named(shown), "actor": actor, "at": at, "edits": edits });
        let before = heads(&self.doc);
        let outcome = apply(&mut self.doc, self.kind, shown, actor, at, edits);
        match &outcome {
            Ok(committed) => step["hash"] = json!(committed.hash),
            Err(error) => {
                assert_eq!(heads(&self.doc), before, "a refused edit changes nothing");
                step["error"] = json!(error.code());
                if let EditError::Invalid(problem) = error {
                    step["problem"] = json!(problem.code);
                    step["path"] = json!(problem.path);
                }
            }
        }
        self.steps.push(step);
        let outcome = outcome.map(|committed| committed.hash);
        self.hashes.push(outcome.as_ref().ok().copied());
        outcome
    }

    /// A change that no typed edit makes.
    pub fn raw(&mut self, raw: &[u8]) {
        let change = Change::from_bytes(raw.to_vec()).unwrap();
        let hash = ChangeHash::new(change.hash().0);
        self.doc.apply_changes([change]).unwrap();
        assert!(heads(&self.doc).contains(&hash), "it waits for another");
        self.steps.push(json!({ "raw": HEXLOWER.encode(raw), "hash": hash }));
        self.hashes.push(Some(hash));
    }

    /// The history of a file, made again.
    pub fn replayed(file: &Json) -> Self {
        let mut world = Self::new(file["kind"].as_str().unwrap().parse().unwrap());
        for step in file["steps"].as_array().unwrap() {
            if let Some(raw) = step["raw"].as_str() {
                world.raw(&HEXLOWER.decode(raw.as_bytes()).unwrap());
                continue;
            }
            let edits: Vec<Edit> = serde_json::from_value(step["edits"].clone()).unwrap();
            let (actor, at) = (step["actor"].as_str().unwrap().parse().unwrap(), Millis(step["at"].as_i64().unwrap()));
            let _ = world.step(&world.unnamed(&step["shown"]), actor, at, &edits);
        }
        world
    }

    /// The file: a line for each step, then how the document reads.
    pub fn file(&self) -> String {
        let (projection, conflicts, problems) = read(self.kind, &self.doc).unwrap();
        let messages: BTreeSet<_> =
            problems.iter().map(|problem| (problem.code, &problem.message.fr, &problem.message.en)).collect();
        let summary = if self.kind == Kind::Case { json!(projection.summary()) } else { Json::Null };
        let mut text = format!("{{\"kind\":{},\"steps\":[", json!(self.kind));
        for (at, step) in self.steps.iter().enumerate() {
            write!(text, "{}\n{step}", if at == 0 { "" } else { "," }).unwrap();
        }
        write!(text, "],\n\"heads\":{}", json!(heads(&self.doc))).unwrap();
        let read = [
            ("projection", json!(projection)),
            ("conflicts", json!(conflicts)),
            ("problems", json!(problems.iter().map(|problem| (&problem.path, problem.code)).collect::<Vec<_>>())),
            ("messages", json!(messages)),
            ("summary", summary),
        ];
        for (key, value) in read {
            write!(text, ",\n\"{key}\":{value}").unwrap();
        }
        text + "}\n"
    }
}
