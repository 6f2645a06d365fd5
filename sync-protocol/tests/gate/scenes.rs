//! What is mutated: documents of every kind, an honest change to each, and what must hold whatever comes of it.
//!
//! Written by this crate, and by the library for browsers (`vectors/histories-js`).

#![allow(clippy::disallowed_methods, reason = "the test reads the committed histories; the crate does not")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT, ReadDoc};
use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sync_protocol::documents::{Edit, EntryId, Kind, blank};
use sync_protocol::gate::{StoredForm, Verdict, judge};
use sync_protocol::ids::{Actor, ActorPrefix, ChangeHash};

use super::support::*;

/// The lease of whoever writes beside: no history has it.
const OTHER: u8 = 2;

/// A document, an honest change to it that gets mutated, and another device's honest change.
pub struct Scene {
    kind: Kind,
    /// Whose change it is.
    prefix: ActorPrefix,
    stored: Option<StoredForm>,
    /// What `stored` was made from.
    base: Vec<Vec<u8>>,
    pub target: Vec<u8>,
    bystander: Vec<u8>,
}

fn scene(stored: Option<&[Vec<u8>]>, target: Vec<u8>, bystander: Vec<u8>) -> Scene {
    let base = stored.unwrap_or_default().to_vec();
    let mut form = None;
    for lease in [1, 2, 1, 2] {
        let judgement = judge(KIND, form.as_ref(), prefix(lease), &base);
        form = judgement.applied.map(|applied| applied.form).or(form);
    }
    let scene = Scene { kind: KIND, prefix: prefix(1), stored: form, base, target, bystander };
    scene.is_honest();
    scene
}

/// Scenes of different shapes: small and rich changes, texts, lists, deletions, merges of two devices.
pub fn made_here() -> Vec<Scene> {
    let mut scenes = Vec::new();
    let bystander = || Device::new(2, 9).put("bystander", "1");
    scenes.push(scene(None, Device::new(1, 1).put("k", "v"), bystander()));
    scenes.push(scene(None, rich(&mut Device::new(1, 1), 1), bystander()));

    let mut device = Device::new(1, 1);
    let base = vec![rich(&mut device, 1), device.put("k", "v")];
    scenes.push(scene(Some(&base), rich(&mut device, 2), bystander()));

    // Two devices in the same places, then one that has seen both edits texts, lists, maps and conflicts.
    let (mut one, mut two) = (Device::new(1, 1), Device::new(2, 2));
    let mut base = vec![rich(&mut one, 1), two.put("x1", "other"), two.put("k", "2")];
    two.merge(&one);
    base.push(two.edit(|t| {
        let (_, map) = t.get(ROOT, "x1").unwrap().unwrap();
        t.put(ROOT, "k", 3).unwrap();
        t.put_object(ROOT, "y", ObjType::Map).unwrap();
        drop(map);
    }));
    base.push(one.put("k", "1"));
    one.merge(&two);
    let target = one.edit(|t| {
        let map = t.get_all(ROOT, "x1").unwrap().into_iter().find(|(value, _)| value.is_object()).unwrap().1;
        let text = t.get(&map, "t").unwrap().unwrap().1;
        let list = t.get(&map, "l").unwrap().unwrap().1;
        let y = t.get(ROOT, "y").unwrap().unwrap().1;
        t.put(ROOT, "k", 4).unwrap();
        t.splice_text(&text, 3, 5, "ça").unwrap();
        t.insert(&list, 1, 7).unwrap();
        t.delete(&list, 0).unwrap();
        t.put(&list, 1, "seven").unwrap();
        let deeper = t.put_object(&y, "z", ObjType::List).unwrap();
        t.insert_object(&deeper, 0, ObjType::Map).unwrap();
        t.delete(ROOT, "x1").unwrap();
    });
    scenes.push(scene(Some(&base), target, two.put("after", "1")));

    // Registrations as clerks enter them: a new case, its last change, an edit of a case that another site knows too.
    let mut case = Device::new(1, 1);
    let intake_one = intake(&mut case.doc, actor(1, 1), 1);
    let mut elsewhere = Device::new(2, 2);
    let intake_two = intake(&mut elsewhere.doc, actor(2, 2), 2);
    scenes.push(scene(None, intake_one[0].clone(), intake_two[0].clone()));
    scenes.push(scene(Some(&intake_one[..2]), intake_one[2].clone(), intake_two[0].clone()));
    let both: Vec<_> = intake_one.iter().chain(&intake_two).cloned().collect();
    case.merge(&elsewhere);
    let entry = EntryId::new([1, 3, 0, 0, 0, 0, 0, 1]);
    let edits = [
        set("identity.given", "Fanta"),
        Edit::Void { group: "assistance".into(), entry, reason: "noté deux fois".into(), to: None },
        Edit::Exclude { set: "languages".into(), member: "bam".into() },
    ];
    let target = write(&mut case.doc, actor(1, 1), &edits);
    scenes.push(scene(Some(&both), target, write(&mut elsewhere.doc, actor(2, 2), &[set("identity.sex", "m")])));
    scenes
}

/// A scene of each change that the library for browsers wrote, on what was there when it came.
pub fn made_in_browsers() -> Vec<Scene> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/histories-js");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut scenes = Vec::new();
    for file in files {
        let history: Json = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let kind: Kind = history["kind"].as_str().unwrap().parse().unwrap();
        let bystander = Device::of(kind, OTHER, 9).put("bystander", "1");
        let (mut stored, mut base) = (None, Vec::new());
        for step in history["steps"].as_array().unwrap() {
            let Some(raw) = step["raw"].as_str() else { continue };
            let target = HEXLOWER.decode(raw.as_bytes()).unwrap();
            let prefix = step["actor"].as_str().unwrap().parse::<Actor>().unwrap().prefix();
            let (base_now, bystander) = (base.clone(), bystander.clone());
            let scene = Scene { kind, prefix, stored, base: base_now, target: target.clone(), bystander };
            stored = scene.is_honest();
            base.push(target);
            scenes.push(scene);
        }
    }
    scenes
}

impl Scene {
    fn judge(&self, stored: Option<&StoredForm>, change: &[u8]) -> (Verdict, Option<StoredForm>) {
        judge_of(self.kind, stored, self.prefix, change)
    }

    fn judge_other(&self, stored: Option<&StoredForm>, change: &[u8]) -> (Verdict, Option<StoredForm>) {
        judge_of(self.kind, stored, prefix(OTHER), change)
    }

    /// What nobody has touched passes; the document with it.
    fn is_honest(&self) -> Option<StoredForm> {
        assert_eq!(self.judge_other(self.stored.as_ref(), &self.bystander).0, Verdict::Applied);
        let (verdict, form) = self.judge(self.stored.as_ref(), &self.target);
        assert_eq!(verdict, Verdict::Applied);
        form
    }

    /// Judges mutated bytes; what must hold whatever comes of it.
    pub fn check(&self, mutated: &[u8], label: &str, found: &mut BTreeMap<&'static str, usize>) {
        let (verdict, form) = self.judge(self.stored.as_ref(), mutated);
        let name = match &verdict {
            Verdict::Applied => "applied",
            Verdict::Duplicate => "duplicate",
            Verdict::Waiting(_) => "waiting",
            Verdict::Held(rejection) | Verdict::Refused(rejection) => rejection.code.as_str(),
        };
        *found.entry(name).or_default() += 1;
        assert_eq!(form.is_some(), verdict == Verdict::Applied, "{label}");
        match form {
            Some(form) => self.legitimate(mutated, &form, label),
            // Every so often: the honest one still passes after it, in the same parcel.
            None if found.values().sum::<usize>().is_multiple_of(20) => {
                let parcel = [mutated.to_vec(), self.target.clone()];
                let judgement = judge(self.kind, self.stored.as_ref(), self.prefix, &parcel);
                assert_eq!(judgement.verdicts[1], Verdict::Applied, "{label}");
                assert_eq!(judgement.verdicts[0], verdict, "{label}");
            }
            None => {}
        }
    }

    fn legitimate(&self, accepted: &[u8], form: &StoredForm, label: &str) {
        let document = Automerge::load(&form.saved).unwrap_or_else(|e| panic!("{label}: cannot be loaded: {e}"));
        assert_eq!(heads(&document), form.history.heads(), "{label}");
        assert_eq!(heads(&Automerge::load(&document.save()).unwrap()), form.history.heads(), "{label}");

        // An honest change passes afterwards, and an honest replica that has it already takes the mutated one.
        let (verdict, after) = self.judge_other(Some(form), &self.bystander);
        assert_eq!(verdict, Verdict::Applied, "{label}");
        let after = after.unwrap();
        let hub = Automerge::load(&after.saved).unwrap();
        let mut replica = Device { doc: blank(self.kind).with_actor(actor(OTHER, 77).as_bytes().as_slice().into()) };
        for change in self.base.iter().chain([&self.bystander]) {
            replica.doc.apply_changes([automerge::Change::try_from(&change[..]).unwrap()]).unwrap();
        }
        let mut plain = accepted.to_vec();
        if plain[8] == 2 {
            plain = automerge::Change::try_from(&plain[..]).unwrap().raw_bytes().to_vec();
        }
        replica.doc.apply_changes([automerge::Change::try_from(&plain[..]).unwrap()]).unwrap();
        assert_eq!(heads(&replica.doc), heads(&hub), "{label}");
        assert_eq!(json(&replica.doc), json(&hub), "{label}");
        assert_eq!(json(&Automerge::load(&replica.doc.save()).unwrap()), json(&hub), "{label}");

        // Somebody goes on working with it: at these heads, which forks the document and merges it again.
        let later = match self.kind {
            Kind::Case => write(&mut replica.doc, actor(OTHER, 77), &[set("identity.called", "Fanta")]),
            _ => replica.put("later", "1"),
        };
        assert_eq!(self.judge_other(Some(&after), &later).0, Verdict::Applied, "{label}");
    }
}

fn heads(document: &Automerge) -> Vec<ChangeHash> {
    let mut heads: Vec<_> = document.get_heads().into_iter().map(|hash| ChangeHash::new(hash.0)).collect();
    heads.sort_unstable();
    heads
}

fn json(document: &Automerge) -> String {
    serde_json::to_string(&automerge::AutoSerde::from(document)).unwrap()
}
