//! Honest devices, and a small encoder that rewrites any field of a change and repairs its checksum.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, ObjType, ROOT};
use sha2::{Digest, Sha256};
use sync_protocol::documents::{Edit, EntryId, Kind, apply, blank};
use sync_protocol::gate::{Code, Judgement, StoredForm, Verdict, judge};
use sync_protocol::ids::{Actor, ActorPrefix, ChangeHash, Millis};

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
        let actor = actor(lease, random);
        Self { doc: blank(KIND).with_actor(ActorId::from(actor.as_bytes())) }
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
    let Judgement { mut verdicts, applied, .. } = judge(KIND, stored, prefix(lease), &[change.to_vec()]);
    (verdicts.remove(0), applied.map(|applied| applied.form))
}

pub fn uleb(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn sleb(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn read_uleb(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

fn read_sleb(bytes: &mut &[u8]) -> i64 {
    let (mut value, mut shift) = (0_i64, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= i64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return if shift < 64 && byte & 0x40 != 0 { value | (-1 << shift) } else { value };
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    taken
}

/// A change taken apart.
#[derive(Debug, Clone)]
pub struct Parts {
    pub deps: Vec<[u8; 32]>,
    pub actor: Vec<u8>,
    pub seq: u64,
    pub start_op: u64,
    pub time: i64,
    pub message: Vec<u8>,
    pub others: Vec<Vec<u8>>,
    pub columns: Vec<(u64, Vec<u8>)>,
    pub footer: Vec<u8>,
}

/// Column specifications by name.
pub mod column {
    pub const OBJECT_ACTOR: u64 = 1;
    pub const OBJECT_COUNTER: u64 = 2;
    pub const KEY_ACTOR: u64 = 17;
    pub const KEY_TEXT: u64 = 21;
    pub const INSERT: u64 = 52;
    pub const ACTION: u64 = 66;
    pub const VALUE_META: u64 = 86;
    pub const VALUE: u64 = 87;
    pub const PRED_COUNT: u64 = 112;
    pub const PRED_ACTOR: u64 = 113;
    pub const PRED_COUNTER: u64 = 115;
}

impl Parts {
    /// Takes an honest plain change apart.
    pub fn of(raw: &[u8]) -> Self {
        let mut rest = &raw[9..];
        let len = read_uleb(&mut rest) as usize;
        assert_eq!(rest.len(), len);
        let b = &mut rest;
        let deps = (0..read_uleb(b)).map(|_| take(b, 32).try_into().unwrap()).collect();
        let bytes = |b: &mut &[u8]| {
            let len = read_uleb(b) as usize;
            take(b, len).to_vec()
        };
        let actor = bytes(b);
        let (seq, start_op, time) = (read_uleb(b), read_uleb(b), read_sleb(b));
        let message = bytes(b);
        let others = (0..read_uleb(b)).map(|_| bytes(b)).collect();
        let list: Vec<_> = (0..read_uleb(b)).map(|_| (read_uleb(b), read_uleb(b) as usize)).collect();
        let columns = list.into_iter().map(|(spec, len)| (spec, take(b, len).to_vec())).collect();
        Self { deps, actor, seq, start_op, time, message, others, columns, footer: b.to_vec() }
    }

    pub fn column(&mut self, spec: u64) -> &mut Vec<u8> {
        if !self.columns.iter().any(|(s, _)| *s == spec) {
            self.columns.push((spec, Vec::new()));
            self.columns.sort_by_key(|(s, _)| *s);
        }
        &mut self.columns.iter_mut().find(|(s, _)| *s == spec).unwrap().1
    }

    pub fn with(mut self, spec: u64, bytes: &[u8]) -> Self {
        *self.column(spec) = bytes.to_vec();
        self
    }

    pub fn without(mut self, spec: u64) -> Self {
        self.columns.retain(|(s, _)| *s != spec);
        self
    }

    pub fn contents(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let bytes = |out: &mut Vec<u8>, bytes: &[u8]| {
            uleb(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        };
        uleb(&mut out, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| out.extend_from_slice(dep));
        bytes(&mut out, &self.actor);
        uleb(&mut out, self.seq);
        uleb(&mut out, self.start_op);
        sleb(&mut out, self.time);
        bytes(&mut out, &self.message);
        uleb(&mut out, self.others.len() as u64);
        self.others.iter().for_each(|other| bytes(&mut out, other));
        uleb(&mut out, self.columns.len() as u64);
        for (spec, data) in &self.columns {
            uleb(&mut out, *spec);
            uleb(&mut out, data.len() as u64);
        }
        self.columns.iter().for_each(|(_, data)| out.extend_from_slice(data));
        out.extend_from_slice(&self.footer);
        out
    }

    /// Puts it together again, with the right checksum.
    pub fn bytes(&self) -> Vec<u8> {
        chunk(1, &self.contents())
    }
}

/// The checksum of a chunk of this kind.
pub fn checksum(kind: u8, contents: &[u8]) -> [u8; 4] {
    let mut head = vec![kind];
    uleb(&mut head, contents.len() as u64);
    let hash: [u8; 32] = Sha256::new().chain_update(&head).chain_update(contents).finalize().into();
    hash[..4].try_into().unwrap()
}

/// A chunk of any kind around any contents, with the right checksum.
pub fn chunk(kind: u8, contents: &[u8]) -> Vec<u8> {
    framed(kind, checksum(kind, contents), contents)
}

/// A compressed change around contents, with the right checksum.
pub fn compressed(contents: &[u8]) -> Vec<u8> {
    framed(2, checksum(1, contents), &deflate(contents))
}

pub fn framed(kind: u8, checksum: [u8; 4], contents: &[u8]) -> Vec<u8> {
    let mut out = vec![0x85, 0x6f, 0x4a, 0x83];
    out.extend_from_slice(&checksum);
    out.push(kind);
    uleb(&mut out, contents.len() as u64);
    out.extend_from_slice(contents);
    out
}

pub fn deflate(contents: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
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
    let mut run = Vec::new();
    sleb(&mut run, count);
    let with = |value: &[u8]| [&run[..], value].concat();
    let mut flags = Vec::new();
    uleb(&mut flags, count as u64);
    let mut parts = Parts::of(&story.second);
    parts.columns = vec![
        (column::KEY_TEXT, with(&[1, b'k'])),
        (column::INSERT, flags),
        (column::ACTION, with(&[1])),
        (column::VALUE_META, with(&[0])),
        (column::PRED_COUNT, with(&[0])),
    ];
    parts.bytes()
}
