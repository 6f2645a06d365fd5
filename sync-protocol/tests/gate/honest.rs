//! What honest clients write passes the gate, in every causal order.
use std::collections::BTreeSet;

use super::support::*;
use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ReadDoc};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_protocol::gate::{History, StoredForm, Verdict, inspect, judge};

#[test]
fn a_first_change_and_what_follows_is_applied() {
    let mut device = Device::new(1, 1);
    let first = rich(&mut device, 1);
    let second = rich(&mut device, 2);
    let judgement = judge(KIND, None, prefix(1), std::slice::from_ref(&first));
    assert_eq!(judgement.verdicts, [Verdict::Applied]);
    let applied = judgement.applied.unwrap();
    assert_eq!(applied.new_hashes, [judgement.hashes[0].unwrap()]);
    let judgement = judge(KIND, Some(&applied.form), prefix(1), &[second, first]);
    assert_eq!(judgement.verdicts, [Verdict::Applied, Verdict::Duplicate]);
    let form = judgement.applied.unwrap().form;
    assert_eq!(form.history.heads().len(), 1);
    assert_eq!(automerge::Automerge::load(&form.saved).unwrap().get_heads(), device.doc.get_heads());
}

#[test]
fn a_change_without_operations_and_a_compressed_one_are_applied() {
    let mut device = Device::new(1, 1);
    let changes = vec![
        device.empty(),
        compressed(&Parts::of(&rich(&mut device, 1)).contents()),
        device.empty(),
        device.edit(|t| t.put(ROOT, "a", 1).unwrap()),
    ];
    let judgement = judge(KIND, None, prefix(1), &changes);
    assert_eq!(judgement.verdicts, vec![Verdict::Applied; 4]);
}

#[test]
fn a_note_of_the_longest_kind_is_applied_and_so_is_replacing_it() {
    let mut device = Device::new(1, 1);
    let mut text = ROOT;
    let long = "abcdefghij".repeat(2_048);
    let note = device.edit(|t| {
        text = t.put_object(ROOT, "note", ObjType::Text).unwrap();
        t.splice_text(&text, 0, 0, &long).unwrap();
    });
    let replaced = device.edit(|t| t.splice_text(&text, 0, 20_480, &long.to_uppercase()).unwrap());
    let judgement = judge(KIND, None, prefix(1), &[note, replaced]);
    assert_eq!(judgement.verdicts, [Verdict::Applied, Verdict::Applied]);
}

#[test]
fn nothing_to_judge_changes_nothing() {
    let judgement = judge(KIND, None, prefix(1), &[]);
    assert!(judgement.applied.is_none() && judgement.verdicts.is_empty());
}

#[test]
fn typed_work_of_two_sites_on_one_case_is_applied_whichever_comes_first() {
    let (mut gogui, mut kayes) = (Device::new(1, 1), Device::new(2, 2));
    let one = intake(&mut gogui.doc, actor(1, 1), 1);
    let two = intake(&mut kayes.doc, actor(2, 2), 2);
    kayes.merge(&gogui);
    let after = write(&mut kayes.doc, actor(2, 2), &[set("identity.called", "Fanta")]);
    let two = [two, vec![after]].concat();
    let readings = [1, 2].map(|first| {
        let (mut form, mut reading) = (None, None);
        for lease in [first, 3 - first, first] {
            let judgement = judge(KIND, form.as_ref(), prefix(lease), if lease == 1 { &one } else { &two });
            let fine = |verdict: &Verdict| !matches!(verdict, Verdict::Held(_) | Verdict::Refused(_));
            assert!(judgement.verdicts.iter().all(fine), "{:?}", judgement.verdicts);
            if let Some(applied) = judgement.applied {
                (form, reading) = (Some(applied.form), Some(applied.reading));
            }
        }
        assert_eq!(form.unwrap().history.len(), 1 + 3 + 4);
        reading.unwrap()
    });
    assert_eq!(readings[0], readings[1]);
    assert!(readings[0].problems.is_empty(), "{:?}", readings[0].problems);
    assert_eq!(readings[0].projection.text("identity.called"), Some("Fanta"));
    assert_eq!(readings[0].projection.text("origin.village"), Some("Gogui"));
}

/// One random edit of a document that may have been edited by others in the same places.
fn edit(device: &mut Device, random: &mut ChaCha8Rng) {
    let seed = random.random_range(0..8_u32);
    let key = format!("k{}", random.random_range(0..6_u32));
    let place: u32 = random.random();
    device.edit(|t| match seed {
        0 => drop(t.put_object(ROOT, &*key, ObjType::Map).unwrap()),
        1 => drop(t.put_object(ROOT, &*key, ObjType::Text).unwrap()),
        2 if t.get(ROOT, &*key).unwrap().is_some() => t.delete(ROOT, &*key).unwrap(),
        3 => t.put(ROOT, &*key, i64::from(place)).unwrap(),
        _ => match t.get(ROOT, &*key).unwrap() {
            Some((automerge::Value::Object(ObjType::Map), id)) => {
                t.put(&id, format!("m{}", place % 4), "Sékou").unwrap();
                if place.is_multiple_of(5) {
                    let list = t.put_object(&id, "list", ObjType::List).unwrap();
                    t.insert(&list, 0, 1.25).unwrap();
                    t.insert_object(&list, 0, ObjType::Map).unwrap();
                }
            }
            Some((automerge::Value::Object(ObjType::Text), id)) => {
                let length = t.length(&id);
                let at = place as usize % (length + 1);
                let delete = (length - at).min(2) as isize;
                t.splice_text(&id, at, delete, "né à Kayes").unwrap();
            }
            _ => t.put(ROOT, &*key, i64::from(place)).unwrap(),
        },
    });
}

/// Several devices of several leases that edit and merge at random; all their changes.
fn many_devices(seed: u64) -> (Vec<Vec<u8>>, Vec<automerge::ChangeHash>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut devices: Vec<_> = (1..=4).map(|n| Device::new(n, n)).collect();
    for _ in 0..24 {
        let (one, other) = (random.random_range(0..4), random.random_range(0..4));
        if random.random_bool(0.35) {
            let other = devices[other].clone();
            devices[one].merge(&other);
        } else if random.random_bool(0.05) {
            devices[one].empty();
        } else {
            edit(&mut devices[one], &mut random);
        }
    }
    let mut all = devices[0].clone();
    devices[1..].iter().for_each(|device| all.merge(device));
    let known: BTreeSet<_> = sync_protocol::documents::blank(KIND).get_heads().into_iter().collect();
    let changes = all.doc.get_changes(&[]).into_iter().filter(|change| !known.contains(&change.hash()));
    (changes.map(|change| change.raw_bytes().to_vec()).collect(), all.doc.get_heads())
}

/// Sends the changes in this order, in parcels of one lease each, again and again until none waits.
fn send(changes: &[Vec<u8>], together: usize) -> StoredForm {
    let mut stored: Option<StoredForm> = None;
    let mut open: Vec<Vec<u8>> = changes.to_vec();
    while !open.is_empty() {
        let before = open.len();
        let mut waiting = Vec::new();
        for parcel in open.chunks(together) {
            for lease in 1..=4 {
                let of_lease = |change: &&Vec<u8>| inspect(change).unwrap().actor.prefix() == prefix(lease);
                let mine: Vec<_> = parcel.iter().filter(of_lease).cloned().collect();
                let judgement = judge(KIND, stored.as_ref(), prefix(lease), &mine);
                for (change, verdict) in mine.into_iter().zip(judgement.verdicts) {
                    match verdict {
                        Verdict::Applied => {}
                        Verdict::Waiting(_) => waiting.push(change),
                        other => panic!("an honest change was turned away: {other:?}"),
                    }
                }
                stored = judgement.applied.map(|applied| applied.form).or(stored);
            }
        }
        assert!(waiting.len() < before, "no progress");
        open = waiting;
    }
    stored.unwrap()
}

#[test]
fn what_several_devices_write_is_applied_in_every_order() {
    for seed in 0..30 {
        let (mut changes, heads) = many_devices(seed);
        let mut random = ChaCha8Rng::seed_from_u64(1_000 + seed);
        let mut values = BTreeSet::new();
        for together in [1, 4, 100] {
            changes.shuffle(&mut random);
            let form = send(&changes, together);
            let document = automerge::Automerge::load(&form.saved).unwrap();
            assert_eq!(document.get_heads(), heads, "seed {seed}");
            values.insert(serde_json::to_string(&automerge::AutoSerde::from(&document)).unwrap());
            let stored = minicbor::to_vec(&form).unwrap();
            assert_eq!(minicbor::decode::<StoredForm>(&stored).unwrap(), form);
        }
        assert_eq!(values.len(), 1, "seed {seed}: the order made a difference");
    }
}

#[test]
fn the_history_is_small_and_reads_back() {
    let (changes, _) = many_devices(5);
    let form = send(&changes, 1);
    let bytes = minicbor::to_vec(&form.history).unwrap();
    assert!(bytes.len() < 42 * form.history.len() + 100, "{} bytes for {}", bytes.len(), form.history.len());
    assert_eq!(minicbor::decode::<History>(&bytes).unwrap(), form.history);
    let mut heads = form.history.heads();
    let document = automerge::Automerge::load(&form.saved).unwrap();
    assert_eq!(heads.len(), document.get_heads().len());
    heads.retain(|head| !document.get_heads().iter().any(|other| other.0 == *head.as_bytes()));
    assert!(heads.is_empty());
    let most = document.get_changes(&[]).iter().map(automerge::Change::max_op).max().unwrap();
    assert_eq!(form.history.max_op(), most);
}

#[test]
fn a_damaged_history_is_not_read() {
    let bytes = minicbor::to_vec(send(&many_devices(3).0, 100).history).unwrap();
    for end in 0..bytes.len() {
        assert!(minicbor::decode::<History>(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..2_000 {
        let mut bytes = bytes.clone();
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
        // Whatever it says, it does not panic.
        let _ = minicbor::decode::<History>(&bytes);
    }
}
