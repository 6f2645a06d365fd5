//! Honest devices and the stories of the gate's tests. What rewrites a change is in [`super::parts`].

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, ObjType, ROOT};
use sync_protocol::documents::{Edit, EntryId, Kind, apply, blank};
use sync_protocol::gate::{Code, Judgement, StoredForm, Verdict, judge};
use sync_protocol::ids::{Actor, ActorPrefix, ChangeHash, Millis};

pub use super::parts::*;

/// The kind that most tests use.
pub const KIND: Kind = Kind::Case;

pub fn prefix(lease: u8) -> ActorPrefix {
    ActorPrefix::new([lease; 8])
}

pub fn actor(lease: u8, random: u8) -> Actor {
    Actor::from_parts(prefix(lease), [random; 8])
}

/// One replica that edits under one actor.
#[derive(Clone)]
pub struct Device {
    pub doc: Automerge,
}

impl Device {
    pub fn new(lease: u8, random: u8) -> Self {
        Self::of(KIND, lease, random)
    }

    /// Of another kind.
    pub fn of(kind: Kind, lease: u8, random: u8) -> Self {
        let actor = actor(lease, random);
        Self { doc: blank(kind).with_actor(ActorId::from(actor.as_bytes())) }
    }

    /// Makes one change; its plain bytes.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Transaction<'_>)) -> Vec<u8> {
        let mut transaction = self.doc.transaction();
        edit(&mut transaction);
        transaction.commit_with(CommitOptions::default().with_time(1_714_487_100_000));
        self.last()
    }

    /// Makes a change without operations; its plain bytes.
    pub fn empty(&mut self) -> Vec<u8> {
        self.doc.empty_commit(CommitOptions::default().with_time(1_714_487_100_000));
        self.last()
    }

    fn last(&self) -> Vec<u8> {
        self.doc.get_last_local_change().expect("something was committed").raw_bytes().to_vec()
    }

    pub fn put(&mut self, key: &str, value: &str) -> Vec<u8> {
        self.edit(|t| t.put(ROOT, key, value).unwrap())
    }

    /// Takes all that another replica has.
    pub fn merge(&mut self, other: &Device) {
        self.doc.merge(&mut other.doc.clone()).unwrap();
    }
}

/// A registration as a clerk enters it, in three changes: who, from where to where, what was given.
pub fn intake(doc: &mut Automerge, actor: Actor, n: u8) -> Vec<Vec<u8>> {
    let entry = |m: u8| EntryId::new([n, m, 0, 0, 0, 0, 0, 1]);
    let first = [
        set("identity.given", "Fatoumata"),
        set("identity.family", "Traoré"),
        set("identity.father", "Mamadou"),
        set("identity.mother", "Aïssata Koné"),
        set("identity.sex", "f"),
        set("birth.place", "Yélimané"),
        set("birth.nationality", "MLI"),
        set("card.site", "GOG"),
        add("documents", entry(1), &[("type", "nina"), ("number", "1234567")]),
    ];
    let second = [
        set("origin.region", "Kayes"),
        set("origin.cercle", "Nioro"),
        set("origin.village", "Gogui"),
        set("destination.village", "Niamakoro"),
        set("destination.with", "deux enfants"),
        set("profile.trade", "couturière"),
        Edit::Include { set: "languages".into(), member: "bam".into(), value: None },
        add("crossings", entry(2), &[("country", "MRT")]),
    ];
    let third = [
        add("assistance", entry(3), &[("kind", "food"), ("for", "person"), ("item", "repas")]),
        add("outcome", entry(4), &[("step", "present")]),
        add("notes", entry(5), &[("text", "Attend son frère depuis hier au poste.")]),
    ];
    [&first[..], &second, &third].map(|edits| write(doc, actor, edits)).into()
}

/// Makes one change of typed edits; its bytes.
pub fn write(doc: &mut Automerge, actor: Actor, edits: &[Edit]) -> Vec<u8> {
    let heads: Vec<_> = doc.get_heads().iter().map(|head| ChangeHash::new(head.0)).collect();
    apply(doc, KIND, &heads, actor, Millis(1_714_487_100_000), edits).unwrap().raw
}

pub fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.into(), value: value.into() }
}

pub fn add(group: &str, entry: EntryId, values: &[(&str, &str)]) -> Edit {
    let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    Edit::Add { group: group.into(), entry, values, at: None, from: None }
}

/// A change of many kinds of operation: nested containers, texts, lists, numbers, deletions.
pub fn rich(device: &mut Device, turn: i64) -> Vec<u8> {
    device.edit(|t| {
        let x = format!("x{turn}");
        let map = t.put_object(ROOT, &*x, ObjType::Map).unwrap();
        t.put(&map, "a", turn).unwrap();
        t.put(&map, "b", "Kadiatou").unwrap();
        t.put(&map, "c", 1.5).unwrap();
        t.put(&map, "d", automerge::ScalarValue::Timestamp(1_714_487_100_000 + turn)).unwrap();
        t.put(&map, "e", turn as u64).unwrap();
        t.put(&map, "f", ()).unwrap();
        t.put(&map, "g", true).unwrap();
        t.put(&map, "h", vec![1_u8, 2, 3]).unwrap();
        let text = t.put_object(&map, "t", ObjType::Text).unwrap();
        t.splice_text(&text, 0, 0, "une longue attente au poste").unwrap();
        t.splice_text(&text, 4, 6, "courte").unwrap();
        let list = t.put_object(&map, "l", ObjType::List).unwrap();
        for n in 0..5 {
            t.insert(&list, 0, n * turn).unwrap();
        }
        t.delete(&list, 2).unwrap();
        t.put(&map, "a", turn + 1).unwrap();
        t.delete(&map, "f").unwrap();
    })
}

pub fn judge_one(stored: Option<&StoredForm>, lease: u8, change: &[u8]) -> (Verdict, Option<StoredForm>) {
    judge_of(KIND, stored, prefix(lease), change)
}

pub fn judge_of(
    kind: Kind,
    stored: Option<&StoredForm>,
    prefix: ActorPrefix,
    change: &[u8],
) -> (Verdict, Option<StoredForm>) {
    let Judgement { mut verdicts, applied, .. } = judge(kind, stored, prefix, &[change.to_vec()]);
    (verdicts.remove(0), applied.map(|applied| applied.form))
}

/// A device, its first change applied, and its second one, which is honest and not applied yet.
pub struct Story {
    pub device: Device,
    pub stored: StoredForm,
    pub second: Vec<u8>,
}

pub fn story() -> Story {
    let mut device = Device::new(1, 1);
    let first = rich(&mut device, 1);
    let (verdict, stored) = judge_one(None, 1, &first);
    assert_eq!(verdict, Verdict::Applied);
    let second = device.edit(|t| {
        t.put(ROOT, "one", 1).unwrap();
        t.put(ROOT, "two", "deux").unwrap();
        let map = t.put_object(ROOT, "three", ObjType::Map).unwrap();
        t.put(&map, "four", 4).unwrap();
    });
    Story { device, stored: stored.unwrap(), second }
}

impl Story {
    pub fn judge(&self, change: &[u8]) -> Verdict {
        let (verdict, form) = judge_one(Some(&self.stored), 1, change);
        assert_eq!(form.is_some(), verdict == Verdict::Applied);
        verdict
    }

    /// The second change with something else in it.
    pub fn with(&self, change: impl FnOnce(&mut Parts)) -> Verdict {
        let mut parts = Parts::of(&self.second);
        change(&mut parts);
        self.judge(&parts.bytes())
    }
}

#[track_caller]
pub fn refused(verdict: Verdict, code: Code) {
    assert!(matches!(&verdict, Verdict::Refused(r) if r.code == code), "wanted {code}, found {verdict:?}");
}

#[track_caller]
pub fn held(verdict: Verdict, code: Code) {
    assert!(matches!(&verdict, Verdict::Held(r) if r.code == code), "wanted {code}, found {verdict:?}");
}

/// One operation that sets a key of the root to null, run-length encoded `count` times.
pub fn bomb(story: &Story, count: i64) -> Vec<u8> {
    let mut parts = Parts::of(&story.second);
    parts.columns = run_bomb(count);
    parts.bytes()
}
