//! The second copy: complete up to where it says, never over something else.

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_protocol::ids::{DocumentId, LogId, Position};

use super::Copier;
use crate::random::SeededRandom;
use crate::store::files::{Call, CrashMode, Disk, FakeDisk, Often, RealDisk};
use crate::store::keyring::{KeyOwner, Keyring, MasterKey};
use crate::store::log::{Log, LogReader, LogSizes, Record};

const SIZES: LogSizes = LogSizes { segment_bytes: 1_000, step_bytes: 350 };
const LOG_ID: LogId = LogId::new([7; 16]);

struct Hub {
    disk: FakeDisk,
    log: Log,
    reader: LogReader,
    keyring: Keyring,
    random: SeededRandom,
}

impl Hub {
    fn new(log_id: LogId) -> Self {
        let (disk, mut random) = (FakeDisk::new(1), SeededRandom::new(1));
        let keyring = Keyring::create(disk.shared(), &MasterKey::from_bytes([3; 32]), &mut random).unwrap();
        let (log, reader) = Log::create(disk.shared(), log_id, SIZES, &mut random).unwrap();
        Self { disk, log, reader, keyring, random }
    }

    fn append(&mut self, groups: u64) {
        for _ in 0..groups {
            let next = self.reader.head().0.0 + 1;
            let payloads: Vec<_> = (next..next + 3).map(|number| vec![number as u8; 50]).collect();
            self.log.append_group(&payloads).unwrap();
        }
    }

    fn copier(&mut self, target: &FakeDisk) -> Result<Copier, super::CopyError> {
        Copier::open(self.disk.shared(), self.reader.clone(), target.shared(), SIZES, &mut self.random)
    }
}

fn records(reader: &LogReader) -> Vec<Record> {
    reader.iter_from(Position::START).map(Result::unwrap).collect()
}

/// What somebody finds who opens the copy as a hub's folder.
fn restored(target: &FakeDisk) -> (Vec<Record>, Keyring) {
    let (_, reader, _) = Log::open(target.shared(), SIZES).unwrap();
    assert_eq!(reader.log_id(), LOG_ID);
    (records(&reader), Keyring::open(target.shared(), &MasterKey::from_bytes([3; 32])).unwrap())
}

#[test]
fn the_copy_opens_as_a_log_and_is_continued() {
    // Prevents: a second copy that turns out to be no log on the day when the first one is gone.
    let (mut hub, target) = (Hub::new(LOG_ID), FakeDisk::new(2));
    hub.append(10);
    let mut copier = hub.copier(&target).unwrap();
    assert_eq!(copier.copied_to(), Position::START);
    assert_eq!(copier.copy().unwrap(), Position(30));
    hub.append(5);
    assert_eq!(copier.copied_to(), Position(30));
    assert_eq!(copier.copy().unwrap(), Position(45));
    drop(copier);
    target.crash(CrashMode::ForgetUnsynced);

    let mut copier = hub.copier(&target).unwrap();
    assert_eq!(copier.copied_to(), Position(45));
    let before = target.calls();
    assert_eq!(copier.copy().unwrap(), Position(45));
    assert_eq!(target.calls().writes, before.writes, "nothing new writes nothing");
    hub.append(1);
    copier.copy().unwrap();
    assert_eq!(restored(&target).0, records(&hub.reader));
    assert_eq!(target.list("").unwrap(), ["keyring"]);
}

#[test]
fn the_copy_can_be_kept_in_a_real_folder() {
    // Prevents: a copy that only works on the fake disk.
    let mut hub = Hub::new(LOG_ID);
    hub.append(3);
    let folder = tempfile::tempdir().unwrap();
    let target: Arc<dyn Disk> = Arc::new(RealDisk::open(&folder.path().join("copy")).unwrap());
    let sizes = LogSizes::default();
    let (source, reader) = (hub.disk.shared(), hub.reader.clone());
    let mut copier = Copier::open(source, reader, Arc::clone(&target), sizes, &mut hub.random).unwrap();
    assert_eq!(copier.copy().unwrap(), Position(9));
    drop(copier);
    assert_eq!(records(&Log::open(target, sizes).unwrap().1), records(&hub.reader));
}

#[test]
fn a_folder_that_is_no_copy_of_this_log_is_left_alone() {
    // Prevents: one hub's only copy overwritten by another hub, by an older state of the same one, or by its fork.
    let mut hub = Hub::new(LOG_ID);
    hub.append(4);
    let refused = |hub: &mut Hub, target: &FakeDisk| {
        let before = target.files();
        let error = hub.copier(target).unwrap_err();
        assert_eq!(target.files(), before);
        assert_eq!(target.calls().writes, 0);
        error.code()
    };

    let mut other = Hub::new(LogId::new([8; 16]));
    other.append(1);
    assert_eq!(refused(&mut hub, &FakeDisk::from_files(1, &other.disk.files())), "copy-other-log");

    let mut ahead = Hub::new(LOG_ID);
    ahead.append(5);
    assert_eq!(refused(&mut hub, &FakeDisk::from_files(1, &ahead.disk.files())), "copy-longer");

    let mut fork = Hub::new(LOG_ID);
    fork.log.append_group(&[b"another first entry"]).unwrap();
    assert_eq!(refused(&mut hub, &FakeDisk::from_files(1, &fork.disk.files())), "copy-differs");

    let mut keyring_only = other.disk.files();
    keyring_only.retain(|path, _| path == "keyring");
    assert_eq!(refused(&mut hub, &FakeDisk::from_files(1, &keyring_only)), "copy-not-a-copy");

    let damaged = FakeDisk::from_files(1, &hub.disk.files());
    assert!(damaged.damage("log/0000000001.seg", 100, 1));
    assert_eq!(refused(&mut hub, &damaged), "copy-failed");
}

#[test]
fn the_copys_keyring_knows_every_generation_that_its_entries_name() {
    // Prevents: a copy whose newest documents nobody can open, and one in which an erased person can be read.
    let (mut hub, target) = (Hub::new(LOG_ID), FakeDisk::new(2));
    let document = |number| DocumentId::new([number; 16]);
    let mut known = Vec::new();
    let mut copier = hub.copier(&target).unwrap();
    for number in 1..=6 {
        let (_, wrapped) = hub.keyring.new_document_key(&mut hub.random, document(number)).unwrap();
        known.push((KeyOwner::Document(document(number)), wrapped));
        hub.append(1);
        copier.copy().unwrap();
        if number == 3 {
            hub.keyring.erase(&mut hub.random, &known, document(2)).unwrap();
            copier.copy().unwrap();
        }
        let keyring = restored(&FakeDisk::from_files(3, &target.files())).1;
        assert_eq!(keyring.generation(), hub.keyring.generation());
        for (owner, wrapped) in &known {
            let is_erased = number >= 3 && owner.document() == document(2);
            assert_eq!(keyring.unwrap(*owner, wrapped).is_err(), is_erased);
        }
    }
    hub.keyring.rotate(&mut hub.random, &known, &BTreeSet::new()).unwrap();
}

#[test]
fn a_copy_that_fails_or_crashes_is_complete_up_to_where_it_said() {
    // Prevents: `copied_to` beyond what the stick holds, upon which devices delete the last copies.
    let (mut failed, mut resumed) = (0, 0);
    for seed in 0..200 {
        let (mut hub, target, random) = (Hub::new(LOG_ID), FakeDisk::new(seed), &mut SeededRandom::new(seed));
        let mut said = Position::START;
        // The generation in which each entry was written.
        let mut generations = Vec::new();
        for _ in 0..6 {
            match random.below(3) {
                0 => target.fail(Call::Write, random.below(10), Often::ForEver),
                1 => target.fail(Call::Sync, random.below(10), Often::ForEver),
                _ => target.limit_bytes(target.used_bytes() + random.below(3_000)),
            }
            match hub.copier(&target) {
                Err(error) => assert_eq!(error.code(), "copy-failed"),
                Ok(mut copier) => {
                    assert!(copier.copied_to() >= said);
                    for _ in 0..4 {
                        if random.below(3) == 0 {
                            hub.keyring.rotate(random, &[], &BTreeSet::new()).unwrap();
                        }
                        hub.append(1 + random.below(4));
                        generations.resize(hub.reader.head().0.0 as usize, hub.keyring.generation());
                        if let Err(error) = copier.copy() {
                            assert_eq!(error.code(), "copy-failed");
                            failed += 1;
                            break;
                        }
                        assert_eq!(copier.copied_to(), hub.reader.head().0);
                    }
                    said = copier.copied_to();
                }
            }
            target.heal();
            target.crash(CrashMode::ALL[random.below(4) as usize]);
            if said > Position::START {
                let (found, keyring) = restored(&target);
                assert!(generations[found.len() - 1] <= keyring.generation());
                assert!(found.len() as u64 >= said.0);
                assert_eq!(found[..], records(&hub.reader)[..found.len()]);
                resumed += 1;
            }
        }
        assert_eq!(hub.copier(&target).unwrap().copy().unwrap(), hub.reader.head().0);
        assert_eq!(restored(&target).0, records(&hub.reader));
    }
    assert!(failed > 300 && resumed > 300, "{failed} {resumed}");
}

#[test]
fn a_copy_without_its_keyring_counts_as_none() {
    // Prevents: a copy of ciphertext alone, told to devices as a place of safety.
    let (mut hub, target) = (Hub::new(LOG_ID), FakeDisk::new(2));
    hub.append(2);
    hub.copier(&target).unwrap().copy().unwrap();
    target.remove("keyring").unwrap();
    let mut copier = hub.copier(&target).unwrap();
    assert_eq!(copier.copied_to(), Position::START);
    assert_eq!(copier.copy().unwrap(), Position(6));
    assert_eq!(restored(&target).0.len(), 6);
}
