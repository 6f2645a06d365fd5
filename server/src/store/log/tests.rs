//! The log on sound disks: what is appended is read, and what is not sound is refused exactly.

use std::sync::Arc;

use sync_protocol::ids::{LogId, Position};

use super::format::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::{Appended, Log, LogError, LogReader, LogSizes, Opening, RECORD_HEADER_BYTES, Record, next_chain};
use crate::limits::{LOG_ENTRY_BYTES_MAX, LOG_GROUP_BYTES_MAX};
use crate::random::SeededRandom;
use crate::store::files::{Disk, FakeDisk, RealDisk};

pub(super) const SMALL: LogSizes = LogSizes { segment_bytes: 1_000, step_bytes: 350 };
pub(super) const LOG_ID: LogId = LogId::new([7; 16]);

pub(super) fn create(disk: &FakeDisk) -> (Log, LogReader) {
    Log::create(disk.shared(), LOG_ID, SMALL, &mut SeededRandom::new(5)).unwrap()
}

pub(super) fn payload(number: u64, bytes: usize) -> Vec<u8> {
    number.to_be_bytes().into_iter().chain([7]).cycle().take(bytes).collect()
}

/// A log of so many groups of three entries, and what it should hold.
fn filled(disk: &FakeDisk, groups: u64) -> Vec<Record> {
    let (mut log, _) = create(disk);
    let mut records = Vec::new();
    for group in 0..groups {
        let payloads: Vec<_> = (0..3).map(|i| payload(group * 3 + i + 1, 40 + group as usize)).collect();
        let appended = log.append_group(&payloads).unwrap();
        for (Appended { position, chain }, payload) in appended.into_iter().zip(payloads) {
            records.push(Record { position, chain, payload });
        }
    }
    records
}

fn read_all(reader: &LogReader) -> Vec<Record> {
    reader.iter_from(Position::START).map(Result::unwrap).collect()
}

#[test]
fn what_was_appended_is_read_now_and_after_a_start() {
    // Prevents: entries that an answer names and that nobody finds again, over one segment or many.
    let disk = FakeDisk::new(1);
    let records = filled(&disk, 30);
    assert!(disk.list("log").unwrap().len() > 5);

    let mut opening = Opening::start(disk.shared(), SMALL).unwrap();
    assert_eq!(opening.log_id(), LOG_ID);
    let mut seen = Vec::new();
    while let Some(record) = opening.next_record().unwrap() {
        seen.push(record);
    }
    assert_eq!(seen, records);
    let (mut log, reader, report) = opening.finish().unwrap();
    assert_eq!((report.head, report.chain), reader.head());
    assert_eq!((report.head, report.torn_bytes_cut), (Position(90), 0));
    assert_eq!(read_all(&reader), records);
    assert_eq!(reader.read(Position(45)).unwrap(), records[44]);
    for wrong in [0, 91, u64::MAX] {
        assert_eq!(reader.read(Position(wrong)).unwrap_err().code(), "log-no-such-position");
    }

    let mut later = reader.iter_from(Position(91));
    assert!(later.next().is_none());
    let long = payload(91, 9_000);
    let appended = log.append_group(std::slice::from_ref(&long)).unwrap();
    assert_eq!(appended[0].chain, next_chain(&report.chain, Position(91), &long));
    assert_eq!(later.next().unwrap().unwrap().payload, long);
    assert_eq!(Log::open(disk.shared(), SMALL).unwrap().1.head(), reader.head());
}

#[test]
fn it_works_on_a_real_folder_with_the_real_sizes() {
    // Prevents: a log that only works on the fake disk.
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let sizes = LogSizes::default();
    let (mut log, reader) = Log::create(Arc::clone(&disk), LOG_ID, sizes, &mut SeededRandom::new(5)).unwrap();
    for number in 0..20 {
        log.append_group(&[payload(number, 300), payload(number, 10_000), Vec::new()]).unwrap();
    }
    let records = read_all(&reader);
    drop(log);
    let (_, reader, report) = Log::open(disk, sizes).unwrap();
    assert_eq!(read_all(&reader), records);
    assert_eq!((records.len(), report.head, report.torn_bytes_cut), (60, Position(60), 0));

    let reading = Arc::new(RealDisk::open_read_only(folder.path()).unwrap());
    let (reader, _) = Opening::start(reading, sizes).unwrap().finish_reading().unwrap();
    assert_eq!(read_all(&reader), records);
}

#[test]
fn a_log_is_not_begun_twice_nor_opened_where_there_is_none() {
    // Prevents: a start in the wrong folder that makes an empty hub, or empties a full one.
    let disk = FakeDisk::new(1);
    assert!(!Log::exists(&disk).unwrap());
    assert_eq!(Log::open(disk.shared(), SMALL).unwrap_err().code(), "log-missing");
    let records = filled(&disk, 2);
    assert!(Log::exists(&disk).unwrap());
    let again = Log::create(disk.shared(), LOG_ID, SMALL, &mut SeededRandom::new(6)).unwrap_err();
    assert_eq!(again.code(), "log-exists");
    assert_eq!(read_all(&Log::open(disk.shared(), SMALL).unwrap().1), records);
}

#[test]
fn one_group_is_one_write_and_one_sync() {
    // Prevents: a sync for each entry (too slow to be used) or none (nothing is durable).
    let disk = FakeDisk::new(1);
    let sizes = LogSizes { segment_bytes: 1 << 20, step_bytes: 1 << 16 };
    let (mut log, _) = Log::create(disk.shared(), LOG_ID, sizes, &mut SeededRandom::new(5)).unwrap();
    let before = disk.calls();
    for _ in 0..10 {
        log.append_group(&vec![payload(1, 50); 20]).unwrap();
    }
    let empty: [Vec<u8>; 0] = [];
    assert!(log.append_group(&empty).unwrap().is_empty());
    let calls = disk.calls();
    assert_eq!((calls.writes - before.writes, calls.syncs - before.syncs), (10, 10));
    assert_eq!(calls.bytes_written - before.bytes_written, 200 * (50 + RECORD_HEADER_BYTES as u64));
}

#[test]
fn too_much_at_once_is_refused_and_changes_nothing() {
    // Prevents: one absurd request that ends the hub, or an entry that the next start calls damaged.
    let disk = FakeDisk::new(1);
    let (mut log, reader) = create(&disk);
    let many = vec![vec![0; LOG_ENTRY_BYTES_MAX]; LOG_GROUP_BYTES_MAX / LOG_ENTRY_BYTES_MAX];
    assert_eq!(log.append_group(&many).unwrap_err().code(), "log-too-large");
    assert_eq!(log.append_group(&[vec![0; LOG_ENTRY_BYTES_MAX + 1]]).unwrap_err().code(), "log-too-large");
    assert_eq!(log.append_group(&[vec![1; LOG_ENTRY_BYTES_MAX]]).unwrap()[0].position, Position(1));
    assert_eq!(reader.read(Position(1)).unwrap().payload.len(), LOG_ENTRY_BYTES_MAX);
    assert_eq!(Log::open(disk.shared(), SMALL).unwrap().2.head, Position(1));
}

#[test]
fn a_changed_byte_is_named_exactly_and_nothing_is_written() {
    // Prevents: damage that is cut like a torn tail, taking every acknowledged entry behind it along; and a start that
    // "repairs" it.
    let mut in_last_segment = 0;
    for groups in [6, 7, 8] {
        let sound = FakeDisk::new(1);
        let records = filled(&sound, groups);
        let files = sound.files();
        let last = files.keys().max().unwrap();
        // In the last segment, the last group cannot be told from a torn one: up to the group before it.
        let last_group = &records[records.len() - 3..];
        let last_group: usize = last_group.iter().map(|record| RECORD_HEADER_BYTES + record.payload.len()).sum();
        for (path, bytes) in &files {
            let used = bytes.iter().rposition(|&byte| byte != 0).unwrap() + 1;
            let end = if path == last { used - last_group } else { bytes.len() };
            for offset in 0..end {
                let disk = FakeDisk::from_files(1, &files);
                assert!(disk.damage(path, offset, 0x10));
                let before = disk.files();
                let error = Log::open(disk.shared(), SMALL).unwrap_err();
                match &error {
                    LogError::Damaged { file, offset: at, .. } if file == path => {
                        // Where the unreadable thing begins; the zeros at a segment's end are one.
                        let reach = if offset < used { RECORD_HEADER_BYTES + 60 } else { bytes.len() };
                        assert!((*at..*at + reach as u64).contains(&(offset as u64)), "{error}, byte {offset}");
                    }
                    LogError::NewerVersion { .. } => assert!((8..12).contains(&offset)),
                    other => panic!("{path}, byte {offset}: {other}"),
                }
                assert_eq!(disk.files(), before, "{path}, byte {offset}");
                assert_eq!(disk.calls().writes, 0);
                in_last_segment += usize::from(path == last && offset >= SEGMENT_HEADER_BYTES);
            }
        }
    }
    assert!(in_last_segment > 300);
}

#[test]
fn bytes_that_are_gone_from_the_middle_are_named() {
    // Prevents: a lost or shortened segment, or a zeroed page, that looks like a shorter log.
    let sound = FakeDisk::new(1);
    filled(&sound, 12);
    let files = sound.files();
    let names: Vec<_> = files.keys().cloned().collect();
    assert!(names.len() > 3);
    let refused = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        let error = Log::open(FakeDisk::from_files(1, files).shared(), SMALL).unwrap_err();
        assert_eq!(error.code(), "log-damaged");
        error.to_string()
    };

    let mut without = files.clone();
    without.remove(&names[1]);
    assert!(refused(&without).contains("log/0000000002.seg, byte 0, entry 0: the file is missing"));

    let mut short = files.clone();
    short.get_mut(&names[1]).unwrap().truncate(300);
    assert!(refused(&short).contains("the file ends inside it"));
    short.get_mut(&names[1]).unwrap().truncate(20);
    assert!(refused(&short).contains("its header is cut"));

    let mut emptied = files.clone();
    emptied.get_mut(&names[1]).unwrap()[SEGMENT_HEADER_BYTES..].fill(0);
    assert!(refused(&emptied).contains("entries before it are missing"));

    let mut exchanged = files.clone();
    exchanged.insert(names[1].clone(), files[&names[2]].clone());
    assert!(refused(&exchanged).contains("number of another segment"));

    let other = FakeDisk::new(2);
    Log::create(other.shared(), LogId::new([8; 16]), SMALL, &mut SeededRandom::new(9)).unwrap();
    let mut mixed = other.files();
    mixed.insert(names[1].clone(), files[&names[1]].clone());
    assert!(refused(&mixed).contains("a segment of another log"));
}

#[test]
fn an_entry_exchanged_with_its_checksum_breaks_the_chain() {
    // Prevents: somebody with access to the disk who rewrites history and mends the checksum.
    let disk = FakeDisk::new(1);
    filled(&disk, 3);
    let mut files = disk.files();
    let bytes = files.get_mut("log/0000000001.seg").unwrap();
    let header = SegmentHeader::decode(bytes, 1, Position(1)).unwrap();
    let mut forged = Vec::new();
    let chain = format::first_chain(LOG_ID);
    let chain = next_chain(&chain, Position(1), &payload(1, 40));
    format::put_record(&mut forged, header.salt, Position(1), 0, &chain, &payload(99, 40));
    bytes[SEGMENT_HEADER_BYTES..][..forged.len()].copy_from_slice(&forged);
    let error = Log::open(FakeDisk::from_files(1, &files).shared(), SMALL).unwrap_err().to_string();
    assert!(error.contains("byte 84, entry 1: the chain does not fit"), "{error}");
}

#[test]
fn a_newer_format_is_left_alone() {
    // Prevents: an old program that opens a new program's folder and damages it.
    let disk = FakeDisk::new(1);
    filled(&disk, 1);
    assert!(disk.damage("log/0000000001.seg", 11, 1 ^ 2));
    let before = disk.files();
    let error = Log::open(disk.shared(), SMALL).unwrap_err();
    assert_eq!(error.code(), "log-newer-version");
    assert!(error.to_string().contains("format 2, this version knows up to 1"), "{error}");
    assert_eq!(disk.files(), before);
}

#[test]
fn an_entry_inside_a_payload_is_not_taken_for_one() {
    // Prevents: a device that sends bytes which look like later entries, so that a torn write of them stops the hub.
    let disk = FakeDisk::new(1);
    let (mut log, _) = create(&disk);
    log.append_group(&[payload(1, 40)]).unwrap();
    let mut planted = Vec::new();
    format::put_record(&mut planted, [0; 8], Position(3), 0, &format::first_chain(LOG_ID), b"planted");
    log.append_group(&[planted.clone()]).unwrap();
    drop(log);
    let at = SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES + 40;
    assert!(disk.damage("log/0000000001.seg", at + 20, 1));
    let report = Log::open(disk.shared(), SMALL).unwrap().2;
    assert_eq!(report.head, Position(1));
    assert_eq!(report.torn_bytes_cut, (RECORD_HEADER_BYTES + planted.len()) as u64);
}

#[test]
fn the_form_on_disk_stays_the_same() {
    // Prevents: a new version that cannot read the logs of an old one, or that makes another chain of the same entries.
    let disk = FakeDisk::new(1);
    let (mut log, _) = create(&disk);
    log.append_group(&[b"one".to_vec(), b"two".to_vec()]).unwrap();
    let bytes = &disk.files()["log/0000000001.seg"][..SEGMENT_HEADER_BYTES + 2 * (RECORD_HEADER_BYTES + 3)];
    assert_eq!(data_encoding::HEXLOWER.encode(bytes), GOLDEN);
}

const GOLDEN: &str = concat!(
    "534547494e4c4f47000000010000000107070707070707070707070707070707d0e07fa043cc609c0000000000000001",
    "22d2cd10f69738a25a9af4dbbaeed601602a18318515f7cc00d7fa5df2375c58e5fa6689000000033b21ada500000000",
    "000000010000000094052a0ea682da65a6cbae8b002a956698b2b841644506dca2061a140ac1f37d6f6e6500000003a1",
    "c07fe000000000000000020000000133e31a7ee5916aae132d56f0228c79f6f55b925e4002577175c9e9130df55a8574",
    "776f",
);
