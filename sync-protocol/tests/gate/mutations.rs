//! 20,000 mutated changes: no panic escapes, no document is left broken, and what is accepted is a legitimate change:
//! its document loads with the heads it should have, and every replica comes to the same from it in another order.
use std::collections::BTreeMap;
use std::sync::Once;

use super::support::*;
use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT, ReadDoc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_protocol::documents::{Edit, EntryId};
use sync_protocol::gate::{Code, StoredForm, Verdict, judge, trial_is_running};

/// Panics that the gate catches stay out of the output; all others are shown.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !trial_is_running() {
                before(info);
            }
        }));
    });
}

/// A document, an honest change to it that gets mutated, and another device's honest change.
struct Scene {
    stored: Option<StoredForm>,
    /// What `stored` was made from.
    base: Vec<Vec<u8>>,
    target: Vec<u8>,
    bystander: Vec<u8>,
}

fn scene(stored: Option<&[Vec<u8>]>, target: Vec<u8>, bystander: Vec<u8>) -> Scene {
    let base = stored.unwrap_or_default().to_vec();
    let mut form = None;
    for lease in [1, 2, 1, 2] {
        let judgement = judge(KIND, form.as_ref(), prefix(lease), &base);
        form = judgement.applied.map(|applied| applied.form).or(form);
    }
    let scene = Scene { stored: form, base, target, bystander };
    assert_eq!(judge_one(scene.stored.as_ref(), 1, &scene.target).0, Verdict::Applied);
    assert_eq!(judge_one(scene.stored.as_ref(), 2, &scene.bystander).0, Verdict::Applied);
    scene
}

/// Scenes of different shapes: small and rich changes, texts, lists, deletions, merges of two devices.
fn scenes() -> Vec<Scene> {
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

impl Scene {
    /// Judges mutated bytes; what must hold whatever comes of it.
    fn check(&self, mutated: &[u8], label: &str, found: &mut BTreeMap<&'static str, usize>) {
        let (verdict, form) = judge_one(self.stored.as_ref(), 1, mutated);
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
                let judgement = judge(KIND, self.stored.as_ref(), prefix(1), &parcel);
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
        let (verdict, after) = judge_one(Some(form), 2, &self.bystander);
        assert_eq!(verdict, Verdict::Applied, "{label}");
        let hub = Automerge::load(&after.unwrap().saved).unwrap();
        let mut replica = sync_protocol::documents::blank(KIND);
        for change in self.base.iter().chain([&self.bystander]) {
            replica.apply_changes([automerge::Change::try_from(&change[..]).unwrap()]).unwrap();
        }
        let mut plain = accepted.to_vec();
        if plain[8] == 2 {
            plain = automerge::Change::try_from(&plain[..]).unwrap().raw_bytes().to_vec();
        }
        replica.apply_changes([automerge::Change::try_from(&plain[..]).unwrap()]).unwrap();
        assert_eq!(heads(&replica), heads(&hub), "{label}");
        assert_eq!(json(&replica), json(&hub), "{label}");
        assert_eq!(json(&Automerge::load(&replica.save()).unwrap()), json(&hub), "{label}");

        // Somebody goes on working with it: at these heads, which forks the document and merges it again.
        let form = judge_one(Some(form), 2, &self.bystander).1.unwrap();
        let later = write(&mut replica, actor(2, 77), &[set("identity.called", "Fanta")]);
        assert_eq!(judge_one(Some(&form), 2, &later).0, Verdict::Applied, "{label}");
    }
}

fn heads(document: &Automerge) -> Vec<sync_protocol::ids::ChangeHash> {
    let mut heads: Vec<_> =
        document.get_heads().into_iter().map(|hash| sync_protocol::ids::ChangeHash::new(hash.0)).collect();
    heads.sort_unstable();
    heads
}

fn json(document: &Automerge) -> String {
    serde_json::to_string(&automerge::AutoSerde::from(document)).unwrap()
}

/// Bytes changed without any understanding: flips, replacements, cuts, insertions, copies within.
fn garble(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..4_u32) {
        if bytes.is_empty() {
            return;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..9_usize)).min(bytes.len());
        match random.random_range(0..9_u32) {
            0 | 1 => bytes[at] ^= 1 << random.random_range(0..8_u32),
            2 => bytes[at] = random.random(),
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, 0x7e, 2][random.random_range(0..7_usize)],
            4 => bytes[at] = bytes[at].wrapping_add(1),
            5 => drop(bytes.drain(at..end)),
            6 => bytes.insert(at, random.random()),
            7 => {
                let piece = bytes[at..end].to_vec();
                let to = random.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => bytes.truncate(bytes.len() - random.random_range(0..bytes.len().min(6))),
        }
    }
}

/// Fields changed with understanding, so that much of it still reads.
fn tamper(parts: &mut Parts, other: &Parts, random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..3_u32) {
        let small = random.random_range(0..4_u64);
        let index = if parts.columns.is_empty() { 0 } else { random.random_range(0..parts.columns.len()) };
        match random.random_range(0..20_u32) {
            0 => parts.seq = parts.seq.wrapping_add(small).wrapping_sub(1),
            1 => parts.start_op = [parts.start_op + small, 1 << (8 * small), u64::MAX >> small, 0][small as usize],
            2 => parts.time = random.random(),
            3 => parts.message = vec![b'm'; random.random_range(0..1_100)],
            4 => parts.deps.truncate(small as usize),
            5 => parts.deps.push(random.random()),
            6 => parts.others.push(random.random::<[u8; 16]>().to_vec()),
            7 => parts.others = other.others.clone(),
            8 => drop(parts.others.pop()),
            9 => parts.footer = vec![1; small as usize],
            10 if !parts.columns.is_empty() => drop(parts.columns.remove(index)),
            11 => {
                // A column of another change in its place.
                if let Some((spec, data)) = other.columns.get(index) {
                    *parts.column(*spec) = data.clone();
                }
            }
            _ if !parts.columns.is_empty() => {
                let data = &mut parts.columns[index].1;
                match random.random_range(0..4_u32) {
                    // One value of a column a little up or down: mostly still a column of that length.
                    0 | 1 if !data.is_empty() => {
                        let at = random.random_range(0..data.len());
                        data[at] = data[at].wrapping_add([1, 2, 127, 126, 1][random.random_range(0..5_usize)]) & 0x7f;
                    }
                    2 if data.len() > 2 => {
                        let (a, b) = (random.random_range(0..data.len()), random.random_range(0..data.len()));
                        data.swap(a, b);
                    }
                    _ => garble(data, random),
                }
            }
            _ => {}
        }
    }
}

/// How many times more mutations than in an ordinary run: `SEGIN_MUTATIONS=50 cargo test --test gate_mutations`.
#[allow(clippy::disallowed_methods, reason = "a test may be told to run longer")]
fn times() -> usize {
    std::env::var("SEGIN_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Runs a number of mutations over all scenes; how often each thing came of it.
fn run(
    seed: u64,
    count: usize,
    mutate: impl Fn(&Scene, &Scene, &mut ChaCha8Rng) -> Vec<u8>,
) -> BTreeMap<&'static str, usize> {
    quiet();
    let count = count * times();
    let scenes = scenes();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut found = BTreeMap::new();
    for turn in 0..count {
        let scene = &scenes[turn % scenes.len()];
        let other = &scenes[random.random_range(0..scenes.len())];
        let mutated = mutate(scene, other, &mut random);
        scene.check(&mutated, &format!("seed {seed} turn {turn}"), &mut found);
    }
    assert_eq!(found.values().sum::<usize>(), count);
    println!("seed {seed}: {found:?}");
    found
}

#[test]
fn bytes_garbled_on_the_way() {
    let found = run(1, 4_000, |scene, _, random| {
        let mut bytes = scene.target.clone();
        garble(&mut bytes, random);
        bytes
    });
    assert!(found[Code::Checksum.as_str()] > 1_000);
    // Only what was garbled back into itself can pass.
    assert!(found.get("applied").copied().unwrap_or(0) < 60 * times());
}

#[test]
fn contents_garbled_and_the_checksum_repaired() {
    let found = run(2, 5_000, |scene, _, random| {
        let mut contents = Parts::of(&scene.target).contents();
        garble(&mut contents, random);
        chunk(1, &contents)
    });
    assert!(found["applied"] > 10 && !found.contains_key(Code::Checksum.as_str()));
}

#[test]
fn compressed_changes_garbled_inside_and_outside() {
    run(3, 2_000, |scene, _, random| {
        let mut contents = Parts::of(&scene.target).contents();
        if random.random_bool(0.5) {
            garble(&mut contents, random);
            return compressed(&contents);
        }
        let mut packed = deflate(&contents);
        garble(&mut packed, random);
        framed(2, checksum(1, &contents), &packed)
    });
}

fn tampered(seed: u64, count: usize) {
    let found = run(seed, count, |scene, other, random| {
        let mut parts = Parts::of(&scene.target);
        tamper(&mut parts, &Parts::of(&other.target), random);
        parts.bytes()
    });
    assert!(found["applied"] > 20 && found.len() > 15);
}

#[test]
fn fields_and_columns_tampered_with_first_part() {
    tampered(4, 3_000);
}

#[test]
fn fields_and_columns_tampered_with_second_part() {
    tampered(5, 3_000);
}

#[test]
fn columns_changed_by_one_value() {
    let found = run(6, 3_000, |scene, _, random| {
        let mut parts = Parts::of(&scene.target);
        let index = random.random_range(0..parts.columns.len());
        let data = &mut parts.columns[index].1;
        let at = random.random_range(0..data.len());
        data[at] = random.random_range(0..128_u8);
        parts.bytes()
    });
    assert!(found["applied"] > 20);
}
