//! The log on disks that crash, fail and run full: what was acknowledged is there, whatever happens.

use sync_protocol::ids::Position;

use super::tests::{LOG_ID, SMALL, create, payload};
use super::{Log, LogError, LogSizes, Opening, Record};
use crate::random::SeededRandom;
use crate::store::files::{Call, CrashMode, FakeDisk, Often};

/// What a user of the log was told, and what it must find again.
struct Told {
    records: Vec<Record>,
    /// Payloads whose outcome is unknown: behind the acknowledged ones, any first part of them may be there.
    unknown: Vec<Vec<u8>>,
}

impl Told {
    /// Compares with a log that was opened again, and takes over what turned out to be there.
    fn check(&mut self, mut opening: Opening) -> Log {
        let mut found = Vec::new();
        while let Some(record) = opening.next_record().unwrap() {
            found.push(record);
        }
        let acknowledged = self.records.len();
        assert!(found.len() >= acknowledged, "{} of {acknowledged} acknowledged entries are there", found.len());
        assert_eq!(found[..acknowledged], self.records[..]);
        for (record, payload) in found[acknowledged..].iter().zip(&self.unknown) {
            assert_eq!(&record.payload, payload);
        }
        assert!(found.len() <= acknowledged + self.unknown.len(), "an entry that nobody appended");
        let (log, reader, report) = opening.finish().unwrap();
        assert_eq!(report.head, Position(found.len() as u64));
        assert!(reader.iter_from(Position::START).map(Result::unwrap).eq(found.iter().cloned()));
        self.records = found;
        self.unknown.clear();
        log
    }

    /// Appends a random group; on failure nothing is acknowledged.
    fn append(&mut self, log: &mut Log, random: &mut SeededRandom) -> Result<(), LogError> {
        let next = self.records.len() as u64 + 1;
        let count = 1 + random.below(6);
        let payloads: Vec<_> = (0..count).map(|i| payload(next + i, random.below(400) as usize)).collect();
        match log.append_group(&payloads) {
            Ok(appended) => {
                for (appended, payload) in appended.into_iter().zip(payloads) {
                    self.records.push(Record { position: appended.position, chain: appended.chain, payload });
                }
                Ok(())
            }
            Err(error) => {
                self.unknown = payloads;
                Err(error)
            }
        }
    }
}

#[test]
fn what_was_acknowledged_survives_every_crash() {
    // Prevents the loss that this project exists to prevent: a receipt for an entry that a crash takes. Each seed lives
    // through many crashes of every mode, faults in writes and syncs (also during the start itself), and goes on.
    let sizes = LogSizes { segment_bytes: 12_000, step_bytes: 5_000 };
    let (mut torn, mut unknown_found, mut failures) = (0, 0, 0);
    for seed in 0..300 {
        let disk = FakeDisk::new(seed);
        let random = &mut SeededRandom::new(seed ^ 0xfeed);
        let (mut log, _) = Log::create(disk.shared(), LOG_ID, sizes, random).unwrap();
        let mut told = Told { records: Vec::new(), unknown: Vec::new() };
        for _ in 0..12 {
            let calls_before = random.below(16);
            match random.below(4) {
                0 => disk.fail(Call::Write, calls_before / 2, Often::ForEver),
                1 => disk.fail(Call::Sync, calls_before / 2, Often::ForEver),
                _ => disk.crash_inside(calls_before, CrashMode::ALL[random.below(4) as usize]),
            }
            while told.append(&mut log, random).is_ok() {}
            failures += 1;
            assert_eq!(log.append_group(&[payload(1, 1)]).unwrap_err().code(), "log-poisoned");
            drop(log);
            // Some machines fail several times before they stand.
            loop {
                disk.heal();
                disk.crash(CrashMode::ALL[random.below(4) as usize]);
                if random.below(3) > 0 {
                    break;
                }
                match random.below(3) {
                    0 => disk.fail(Call::Write, random.below(3), Often::Once),
                    1 => disk.fail(Call::Sync, random.below(3), Often::Once),
                    _ => disk.crash_inside(random.below(4), CrashMode::ALL[random.below(4) as usize]),
                }
                let _ = Log::open(disk.shared(), sizes);
            }
            let before = told.records.len();
            let opening = Opening::start(disk.shared(), sizes).unwrap();
            log = told.check(opening);
            unknown_found += told.records.len() - before;
            // What a start has read is durable from then on: it is served and answered.
            if random.below(2) == 0 {
                drop(log);
                disk.crash(CrashMode::ForgetUnsynced);
                let opening = Opening::start(disk.shared(), sizes).unwrap();
                log = told.check(opening);
            }
            torn += usize::from(before == told.records.len());
        }
    }
    assert!(failures == 3_600 && torn > 300 && unknown_found > 300, "{failures} {torn} {unknown_found}");
}

#[test]
fn a_group_torn_over_pages_is_cut_and_not_called_damage() {
    // Prevents: a hub that refuses to start after an ordinary power cut, because of the unacknowledged group the disk
    // had kept the end and not the beginning.
    let sizes = LogSizes { segment_bytes: 1 << 20, step_bytes: 1 << 17 };
    let (mut torn, mut kept) = (0, 0);
    for seed in 0..200 {
        let disk = FakeDisk::new(seed);
        let (mut log, _) = Log::create(disk.shared(), LOG_ID, sizes, &mut SeededRandom::new(seed)).unwrap();
        log.append_group(&[payload(1, 100)]).unwrap();
        disk.crash_inside(1, CrashMode::RandomPages);
        let group: Vec<_> = (2..60).map(|number| payload(number, 900)).collect();
        assert_eq!(log.append_group(&group).unwrap_err().code(), "disk-io");
        let (_, _, report) = Log::open(disk.shared(), sizes).unwrap();
        assert!((1..=59).contains(&report.head.0));
        torn += usize::from(report.torn_bytes_cut > 10_000);
        kept += usize::from(report.head > Position(1));
    }
    assert!(torn > 100 && kept > 50, "{torn} {kept}");
}

#[test]
fn a_failed_sync_is_not_believed_when_a_later_one_succeeds() {
    // Prevents: an operating system that forgot what it failed to write, a start that reads it from memory, and answers
    // that count on it.
    for seed in 0..50 {
        let disk = FakeDisk::new(seed);
        let (mut log, _) = create(&disk);
        disk.fail(Call::Sync, 0, Often::Once);
        assert!(log.append_group(&[payload(1, 900)]).is_err());
        disk.crash(CrashMode::ProcessOnly);
        let (_, reader, report) = Log::open(disk.shared(), SMALL).unwrap();
        assert_eq!(report.head, Position(1));
        let record = reader.read(Position(1)).unwrap();
        disk.crash(CrashMode::ForgetUnsynced);
        assert_eq!(Log::open(disk.shared(), SMALL).unwrap().1.read(Position(1)).unwrap(), record);
    }
}

#[test]
fn every_single_call_may_fail() {
    // Prevents: one unchecked result somewhere between write, sync, new segment and folder sync.
    for call in [Call::Write, Call::Sync, Call::Read] {
        let mut reached = 0;
        for nth in 0.. {
            let disk = FakeDisk::new(nth);
            let random = &mut SeededRandom::new(3);
            let (mut log, _) = create(&disk);
            let mut told = Told { records: Vec::new(), unknown: Vec::new() };
            disk.fail(call, nth, Often::Once);
            let failed = (0..12).any(|_| told.append(&mut log, random).is_err());
            if !failed {
                break;
            }
            reached += 1;
            assert_eq!(log.append_group(&[payload(1, 1)]).unwrap_err().code(), "log-poisoned");
            disk.crash(CrashMode::ALL[nth as usize % 4]);
            told.check(Opening::start(disk.shared(), SMALL).unwrap());
        }
        assert!(reached > 2, "{call:?} failed at {reached} places");
    }
}

#[test]
fn a_start_may_fail_at_every_call_and_the_next_one_finds_the_same() {
    // Prevents: a start that cuts something and then fails, so that the next one sees damage.
    for call in [Call::Write, Call::Sync, Call::Read] {
        for nth in 0..40 {
            let disk = FakeDisk::new(nth);
            let random = &mut SeededRandom::new(nth);
            let (mut log, _) = create(&disk);
            let mut told = Told { records: Vec::new(), unknown: Vec::new() };
            disk.fail(Call::Sync, 12, Often::Once);
            while told.append(&mut log, random).is_ok() {}
            disk.crash(CrashMode::CutTail);
            disk.fail(call, nth, Often::Once);
            let opened = Opening::start(disk.shared(), SMALL).and_then(Opening::finish);
            disk.crash(CrashMode::RandomPages);
            disk.heal();
            if let Ok((_, _, report)) = opened {
                assert!(report.head.0 >= told.records.len() as u64);
            }
            told.check(Opening::start(disk.shared(), SMALL).unwrap());
        }
    }
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    // Prevents: a hub that acknowledges into a full disk, or cannot start again on one.
    for room in 0..300 {
        let disk = FakeDisk::new(room);
        let random = &mut SeededRandom::new(room);
        let (mut log, _) = create(&disk);
        let mut told = Told { records: Vec::new(), unknown: Vec::new() };
        told.append(&mut log, random).unwrap();
        disk.limit_bytes(disk.used_bytes() + room * 17);
        let error = loop {
            if let Err(error) = told.append(&mut log, random) {
                break error;
            }
        };
        assert_eq!(error.code(), "log-disk-full");
        assert_eq!(log.append_group(&[payload(1, 1)]).unwrap_err().code(), "log-poisoned");
        disk.crash(CrashMode::ALL[room as usize % 4]);
        // Still full: it starts all the same, and reads.
        let mut log = told.check(Opening::start(disk.shared(), SMALL).unwrap());
        disk.heal();
        told.append(&mut log, random).unwrap();
    }
}

#[test]
fn a_log_that_is_being_begun_is_there_or_not() {
    // Prevents: a crash during the very first start that leaves a folder which neither opens nor can be begun.
    for call in [Call::Write, Call::Sync] {
        for nth in 0..6 {
            for mode in CrashMode::ALL {
                let disk = FakeDisk::new(nth);
                disk.fail(call, nth, Often::Once);
                let created = Log::create(disk.shared(), LOG_ID, SMALL, &mut SeededRandom::new(1)).is_ok();
                disk.heal();
                disk.crash(mode);
                let exists = Log::exists(&disk).unwrap();
                assert!(exists || !created);
                if exists {
                    assert_eq!(Log::open(disk.shared(), SMALL).unwrap().2.head, Position::START);
                } else {
                    create(&disk);
                }
            }
        }
    }
}
