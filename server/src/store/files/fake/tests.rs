//! The fake disk is as unkind as a disk.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Call, CrashMode, FakeDisk, Often};
use crate::limits::FAKE_PAGE_BYTES;
use crate::store::files::{Disk, DiskFile};

fn written(disk: &FakeDisk) -> Arc<dyn DiskFile> {
    let file = disk.create("a").unwrap();
    file.write_at(0, b"synced").unwrap();
    file.sync_data().unwrap();
    disk.sync_folder("").unwrap();
    file.write_at(6, b" and not").unwrap();
    file
}

#[test]
fn a_power_cut_takes_what_was_not_synced_and_a_killed_process_nothing() {
    // Prevents: a fake that is kinder than a disk, under which an early answer passes every test.
    let disk = FakeDisk::new(1);
    written(&disk);
    disk.crash(CrashMode::ProcessOnly);
    assert_eq!(disk.read("a").unwrap(), b"synced and not");
    disk.crash(CrashMode::ForgetUnsynced);
    assert_eq!(disk.read("a").unwrap(), b"synced");
}

#[test]
fn a_name_is_forgotten_until_its_folder_is_synced() {
    // Prevents: a segment that was never made durable by name, with acknowledged entries inside.
    let disk = FakeDisk::new(1);
    let file = disk.create("a").unwrap();
    file.write_at(0, b"x").unwrap();
    file.sync_data().unwrap();
    disk.crash(CrashMode::ForgetUnsynced);
    assert_eq!(disk.read("a").unwrap_err().code(), "disk-not-found");

    written(&disk);
    disk.remove("a").unwrap();
    disk.crash(CrashMode::ForgetUnsynced);
    assert_eq!(disk.read("a").unwrap(), b"synced");
}

#[test]
fn what_a_failed_sync_lost_stays_lost_after_a_later_sync() {
    // Prevents: a log that repeats a failed sync, is told that all is well, and acknowledges.
    for seed in 0..20 {
        let disk = FakeDisk::new(seed);
        let file = written(&disk);
        disk.fail(Call::Sync, 0, Often::Once);
        assert_eq!(file.sync_data().unwrap_err().code(), "disk-io");
        file.sync_data().unwrap();
        assert_eq!(disk.read("a").unwrap(), b"synced and not");
        disk.crash(CrashMode::ForgetUnsynced);
        if disk.read("a").unwrap() == b"synced" {
            return;
        }
    }
    panic!("a failed sync never lost anything");
}

#[test]
fn a_cut_ends_at_any_byte_and_pages_are_kept_at_random() {
    // Prevents: torn writes that are only ever whole or absent.
    let mut lengths = BTreeSet::new();
    let mut holes = 0;
    for seed in 0..200 {
        let disk = FakeDisk::new(seed);
        written(&disk);
        disk.crash(CrashMode::CutTail);
        lengths.insert(disk.read("a").unwrap().len());

        let disk = FakeDisk::new(seed);
        let file = written(&disk);
        file.write_at(0, &[1; 3 * FAKE_PAGE_BYTES]).unwrap();
        disk.crash(CrashMode::RandomPages);
        let bytes = disk.read("a").unwrap();
        holes += usize::from(bytes.len() == 3 * FAKE_PAGE_BYTES && bytes[FAKE_PAGE_BYTES] == 0);
    }
    assert_eq!(lengths, (6..=14).collect());
    assert!(holes > 0);
}

#[test]
fn a_handle_from_before_a_crash_is_dead() {
    // Prevents: a simulated hub that goes on writing after its own death.
    let disk = FakeDisk::new(1);
    let file = written(&disk);
    disk.crash(CrashMode::ProcessOnly);
    assert!(file.write_at(0, b"x").is_err() && file.sync_data().is_err());
    assert_eq!(disk.read("a").unwrap(), b"synced and not");
}

#[test]
fn faults_strike_at_the_call_they_name_and_are_counted() {
    // Prevents: fault tests that pass because nothing failed.
    let disk = FakeDisk::new(1);
    let file = written(&disk);
    disk.fail(Call::Write, 1, Often::Once);
    assert!(file.write_at(0, b"1").is_ok() && file.write_at(0, b"2").is_err() && file.write_at(0, b"3").is_ok());
    disk.fail(Call::Sync, 0, Often::ForEver);
    assert!(file.sync_data().is_err() && disk.sync_folder("").is_err());
    disk.heal();
    assert!(file.sync_data().is_ok());
    assert_eq!(disk.calls().syncs, 5);
    disk.limit_bytes(20);
    assert_eq!(file.write_at(14, &[0; 10]).unwrap_err().code(), "disk-full");
    assert_eq!(file.len().unwrap(), 20);
}
