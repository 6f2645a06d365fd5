//! The keyring: what opens, what never opens again, and what a crash leaves.

use std::collections::BTreeSet;

use sync_protocol::ids::{DocumentId, Hash};

use super::{FILE, KeyOwner, Keyring, MasterKey, WrappedKey};
use crate::random::{Random, SeededRandom};
use crate::store::files::{Call, CrashMode, Disk, FakeDisk, Often};
use crate::store::seal::Key;

const MASTER: [u8; 32] = [3; 32];

fn master() -> MasterKey {
    MasterKey::from_bytes(MASTER)
}

fn document(number: u8) -> DocumentId {
    DocumentId::new([number; 16])
}

fn owner(number: u8) -> KeyOwner {
    KeyOwner::Document(document(number))
}

fn create(disk: &FakeDisk, random: &mut dyn Random) -> Keyring {
    Keyring::create(disk.shared(), &master(), random).unwrap()
}

fn open(disk: &FakeDisk) -> Keyring {
    Keyring::open(disk.shared(), &master()).unwrap()
}

/// Keys of documents 1 to 5, as the log would know them.
fn five(keyring: &Keyring, random: &mut dyn Random) -> (Vec<Key>, Vec<(KeyOwner, WrappedKey)>) {
    (1..=5)
        .map(|number| {
            let (key, wrapped) = keyring.new_document_key(random, document(number)).unwrap();
            (key, (owner(number), wrapped))
        })
        .unzip()
}

#[test]
fn a_keyring_opens_with_its_master_key_and_gives_the_same_keys() {
    // Prevents: a restart after which nothing that was stored can be read or signed for.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let keyring = create(&disk, random);
    let sealed = keyring.seal_entry(random, b"entry");
    let (key, wrapped) = keyring.new_document_key(random, document(1)).unwrap();
    let (held, wrapped_held) = keyring.new_held_key(random, Hash::new([9; 32]), document(1)).unwrap();
    assert_eq!(disk.calls().writes, 2, "a new key writes nothing");
    let public = keyring.hub_key().public();
    drop(keyring);

    disk.crash(CrashMode::ForgetUnsynced);
    let keyring = open(&disk);
    assert_eq!(keyring.hub_key().public(), public);
    assert_eq!(keyring.open_entry(&sealed).unwrap(), b"entry");
    let wrapped: WrappedKey = minicbor::decode(&minicbor::to_vec(wrapped).unwrap()).unwrap();
    assert_eq!(keyring.unwrap(owner(1), &wrapped).unwrap(), key);
    let held_owner = KeyOwner::Held { parcel: Hash::new([9; 32]), document: document(1) };
    assert_eq!(keyring.unwrap(held_owner, &wrapped_held).unwrap(), held);
    assert_eq!(Keyring::create(disk.shared(), &master(), random).unwrap_err().code(), "keyring-exists");
}

#[test]
fn a_keyring_of_an_earlier_version_gets_a_sealing_key_once_and_keeps_everything_else() {
    // Prevents: a hub that must be set up anew to open what devices seal, or that draws another key at every start, so
    // that what was sealed before opens no more.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let mut keyring = create(&disk, random);
    let drawn = keyring.sealing_key().unwrap().public();
    assert!(!keyring.complete(random).unwrap(), "a new one has it");
    let (key, wrapped) = keyring.new_document_key(random, document(1)).unwrap();
    keyring.rotate(random, &[(owner(1), wrapped)], &BTreeSet::new()).unwrap();
    assert_eq!(keyring.sealing_key().unwrap().public(), drawn, "a rotation keeps it");
    keyring.sealing_key = None;
    disk.replace(FILE, &super::format::to_bytes(&keyring, random)).unwrap();

    let before = disk.files();
    for mode in CrashMode::ALL {
        for nth in 0..6 {
            let disk = FakeDisk::from_files(7, &before);
            let mut keyring = open(&disk);
            assert!(keyring.sealing_key().is_none());
            disk.crash_inside(nth, mode);
            let completed = keyring.complete(random);
            disk.heal();
            disk.crash(mode);
            let mut after = open(&disk);
            assert_eq!(after.unwrap(owner(1), &wrapped).unwrap(), key);
            assert_eq!(after.hub_key().public(), keyring.hub_key().public());
            if completed.is_ok() {
                let public = keyring.sealing_key().unwrap().public();
                assert_eq!(after.sealing_key().unwrap().public(), public, "{mode:?}: it was told of");
            }
            after.complete(random).unwrap();
            assert!(!open(&disk).complete(random).unwrap());
        }
    }
}

#[test]
fn a_wrapped_key_opens_for_its_owner_only() {
    // Prevents: a wrapped key moved to another document's entry, which then reads under it.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let keyring = create(&disk, random);
    let (_, wrapped) = keyring.new_document_key(random, document(1)).unwrap();
    let held = KeyOwner::Held { parcel: Hash::new([1; 32]), document: document(1) };
    for other in [owner(2), held] {
        assert_eq!(keyring.unwrap(other, &wrapped).unwrap_err().code(), "keyring-does-not-open");
    }
    let (disk, sealed) = (FakeDisk::new(2), keyring.seal_entry(random, b"x"));
    let other = create(&disk, random);
    assert_eq!(other.unwrap(owner(1), &wrapped).unwrap_err().code(), "keyring-does-not-open");
    assert_eq!(other.open_entry(&sealed).unwrap_err().code(), "keyring-does-not-open");
}

#[test]
fn a_wrong_master_key_damage_and_a_newer_version_are_told_apart() {
    // Prevents: "damaged" said for a wrong key file, upon which somebody restores an old keyring over the good one.
    let disk = FakeDisk::new(1);
    create(&disk, &mut SeededRandom::new(1));
    let before = disk.files();
    let wrong = Keyring::open(disk.shared(), &MasterKey::from_bytes([4; 32])).unwrap_err();
    assert_eq!(wrong.code(), "keyring-wrong-master-key");
    assert_eq!(Keyring::open(FakeDisk::new(1).shared(), &master()).unwrap_err().code(), "keyring-missing");

    let bytes = &before[FILE];
    for offset in 0..bytes.len() {
        let disk = FakeDisk::from_files(1, &before);
        assert!(disk.damage(FILE, offset, 1));
        let code = Keyring::open(disk.shared(), &master()).unwrap_err().code();
        // The lowest bit of version 1 gone is version 0, one of the others set is a newer one.
        let newer = (8..11).contains(&offset);
        assert_eq!(code, if newer { "keyring-newer-version" } else { "keyring-damaged" }, "byte {offset}");
    }
    for len in 0..bytes.len() {
        let disk = FakeDisk::new(1);
        disk.replace(FILE, &bytes[..len]).unwrap();
        assert_eq!(Keyring::open(disk.shared(), &master()).unwrap_err().code(), "keyring-damaged", "{len} bytes");
    }
    assert_eq!(disk.files(), before);
}

#[test]
fn an_erased_key_never_opens_again_and_the_others_do() {
    // Prevents: an erased person who can still be read, and an erasure that takes somebody else along.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let mut keyring = create(&disk, random);
    let (keys, mut known) = five(&keyring, random);
    let (_, held) = keyring.new_held_key(random, Hash::new([9; 32]), document(2)).unwrap();
    let held_owner = KeyOwner::Held { parcel: Hash::new([9; 32]), document: document(2) };
    known.push((held_owner, held));

    let rotated = keyring.erase(random, &known, document(2)).unwrap();
    assert_eq!((rotated.generation, rotated.kept, rotated.erased, rotated.erased_before), (2, 4, 2, 0));
    for keyring in [&keyring, &open(&disk)] {
        for (key, (owner, wrapped)) in keys.iter().zip(&known) {
            match keyring.unwrap(*owner, wrapped) {
                Ok(found) => assert!(&found == key && owner.document() != document(2)),
                Err(error) => assert!(error.code() == "keyring-erased" && owner.document() == document(2)),
            }
        }
        assert_eq!(keyring.unwrap(held_owner, &held).unwrap_err().code(), "keyring-erased");
    }

    // Over several generations, with keys that came in between, and erased again by a start that finds the entry.
    let (key, wrapped) = keyring.new_document_key(random, document(6)).unwrap();
    assert_eq!(wrapped.generation(), 2);
    known.push((owner(6), wrapped));
    let rotated = keyring.erase(random, &known, document(2)).unwrap();
    assert_eq!((rotated.kept, rotated.erased, rotated.erased_before), (5, 0, 2));
    // The file alone is enough for what it knows.
    let rotated = keyring.rotate(random, &[], &BTreeSet::from([document(1), document(3)])).unwrap();
    assert_eq!((rotated.generation, rotated.kept, rotated.erased), (4, 3, 2));
    let keyring = open(&disk);
    assert_eq!(keyring.unwrap(owner(6), &wrapped).unwrap(), key);
    for (number, opens) in [(1, false), (2, false), (3, false), (4, true), (5, true)] {
        let (owner, wrapped) = known[number - 1];
        assert_eq!(keyring.unwrap(owner, &wrapped).is_ok(), opens, "document {number}");
    }
}

#[test]
fn the_old_file_is_overwritten() {
    // Prevents: the destroyed generation read back from the free blocks of the disk.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let mut keyring = create(&disk, random);
    let old = disk.open(FILE).unwrap();
    keyring.rotate(random, &[], &BTreeSet::new()).unwrap();
    let mut bytes = vec![1; old.len().unwrap() as usize];
    old.read_at(0, &mut bytes).unwrap();
    assert!(!bytes.is_empty() && bytes.iter().all(|&byte| byte == 0));
}

#[test]
fn an_old_keyring_beside_a_newer_log_is_told_and_not_called_erased() {
    // Prevents: a restored old keyring, under which half the register looks erased, and a hub that then makes it so.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let mut keyring = create(&disk, random);
    let old = disk.files();
    keyring.rotate(random, &[], &BTreeSet::new()).unwrap();
    let (_, wrapped) = keyring.new_document_key(random, document(1)).unwrap();
    let mut restored = open(&FakeDisk::from_files(1, &old));
    assert_eq!(restored.unwrap(owner(1), &wrapped).unwrap_err().code(), "keyring-older-than-log");
    let refused = restored.erase(random, &[(owner(1), wrapped)], document(2)).unwrap_err();
    assert_eq!(refused.code(), "keyring-older-than-log");
    assert_eq!(restored.generation(), 1);
}

#[test]
fn a_rotation_that_crashes_leaves_the_old_keyring_or_the_new_one() {
    // Prevents: a crash in the middle of an erasure that takes every key of the register, or brings the erased one back
    // after it was reported as erased.
    let (mut old, mut new, mut done) = (0, 0, 0);
    for seed in 0..8 {
        for nth in 0..8 {
            for mode in CrashMode::ALL {
                for fault in [None, Some(Call::Write), Some(Call::Sync)] {
                    let (disk, random) = (FakeDisk::new(seed), &mut SeededRandom::new(1));
                    let mut keyring = create(&disk, random);
                    let (keys, known) = five(&keyring, random);
                    match fault {
                        None => disk.crash_inside(nth, mode),
                        Some(call) => disk.fail(call, nth, Often::Once),
                    }
                    let erased = keyring.erase(random, &known, document(2));
                    if erased.is_err() {
                        let refused = keyring.new_document_key(random, document(7)).unwrap_err();
                        assert_eq!(refused.code(), "keyring-poisoned");
                        let refused = keyring.erase(random, &known, document(2)).unwrap_err();
                        assert_eq!(refused.code(), "keyring-poisoned");
                    }
                    disk.heal();
                    disk.crash(mode);

                    let mut keyring = open(&disk);
                    assert_eq!(disk.list("").unwrap(), [FILE]);
                    let is_new = keyring.generation() == 2;
                    assert!(is_new || erased.is_err());
                    done += usize::from(erased.is_ok());
                    if is_new {
                        new += 1
                    } else {
                        old += 1
                    }
                    for (number, (owner, wrapped)) in known.iter().enumerate() {
                        match keyring.unwrap(*owner, wrapped) {
                            Ok(key) => assert!(key == keys[number] && (number != 1 || !is_new)),
                            Err(error) => assert!(error.code() == "keyring-erased" && number == 1 && is_new),
                        }
                    }
                    // The start finishes what was begun, and what it found is durable.
                    disk.crash(CrashMode::ForgetUnsynced);
                    assert_eq!(open(&disk).generation(), keyring.generation());
                    keyring = open(&disk);
                    keyring.erase(random, &known, document(2)).unwrap();
                    assert_eq!(keyring.unwrap(owner(2), &known[1].1).unwrap_err().code(), "keyring-erased");
                    assert_eq!(keyring.unwrap(owner(3), &known[2].1).unwrap(), keys[2]);
                }
            }
        }
    }
    assert!(old > 50 && new > done && done > 50, "{old} {new} {done}");
}

#[test]
fn nothing_secret_is_printed() {
    // Prevents: keys in logs and error reports.
    let (disk, random) = (FakeDisk::new(1), &mut SeededRandom::new(1));
    let keyring = create(&disk, random);
    let (key, _) = keyring.new_document_key(random, document(1)).unwrap();
    assert_eq!(
        format!("{keyring:?} {key:?} {:?}", master()),
        "Keyring { generation: 1, keys: 0 } Key(…) MasterKey(Key(…))"
    );
}
