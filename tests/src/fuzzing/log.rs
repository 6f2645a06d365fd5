//! Any bytes as a log, as a part of one, as an entry in one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use segin::hub::entry::Entry;
use segin::hub::fact::FactEntry;
use segin::hub::opening::Folding;
use segin::store::files::{Disk, FakeDisk};
use segin::store::keyring::{Keyring, MasterKey};
use segin::store::log::{Log, LogError, LogSizes, Opening, next_chain};
use sync_protocol::ids::{Hash, Position};
use sync_protocol::wire::codec::from_cbor;

use super::seeds;

/// The master key of the seeds' hub.
pub(super) const MASTER: [u8; 32] = [7; 32];
/// Small segments: a log of a few entries has several.
pub(super) const SIZES: LogSizes = LogSizes { segment_bytes: 2 * 1024, step_bytes: 512 };

/// An honest log and its keyring.
fn honest() -> &'static BTreeMap<String, Vec<u8>> {
    static HONEST: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    HONEST.get_or_init(seeds::log_files)
}

/// Opens a log: the first byte says what the rest is. A segment in the place of an honest one (0), bytes written over an
/// honest log (1: two bytes of place, one of value), the payload of a further entry (2), an entry alone (3).
///
/// # Panics
/// When opening panics, hands out what is not chained, or does not find again what it has accepted.
pub fn log(bytes: &[u8]) {
    let [how, rest @ ..] = bytes else { return };
    let mut files = honest().clone();
    let segments: Vec<String> = files.keys().filter(|name| name.starts_with("log/")).cloned().collect();
    match how % 4 {
        0 => {
            let name = &segments[usize::from(how / 4) % segments.len()];
            files.insert(name.clone(), rest.to_vec());
        }
        1 => {
            for patch in rest.chunks_exact(4) {
                let name = &segments[usize::from(patch[0]) % segments.len()];
                let at = usize::from(u16::from_be_bytes([patch[1], patch[2]]));
                if let Some(byte) = files.get_mut(name).and_then(|file| file.get_mut(at)) {
                    *byte = patch[3];
                }
            }
        }
        2 => {
            let disk = FakeDisk::from_files(1, &files).shared();
            let (mut log, _, _) = Log::open(Arc::clone(&disk), SIZES).expect("an honest log opens");
            log.append_group(&[rest, b"", rest]).expect("small entries are taken");
            drop(log);
            assert!(open(disk).is_ok(), "what was appended is found again");
            return;
        }
        _ => {
            entry(rest);
            return;
        }
    }
    let disk = FakeDisk::from_files(1, &files).shared();
    if open(Arc::clone(&disk)).is_ok() {
        let (_, _, report) = Log::open(Arc::clone(&disk), SIZES).expect("what was opened opens again");
        assert_eq!(report.torn_bytes_cut, 0, "it was cut before");
    }
}

/// An entry by itself: read or refused, and never two ways.
fn entry(bytes: &[u8]) {
    let _ = from_cbor::<FactEntry>(bytes);
    let Ok(entry) = Entry::from_bytes(bytes) else { return };
    let _ = (0..4).filter(|item| entry.work(*item).is_some()).count();
    if let Entry::Parcel(parcel) = &entry {
        let _ = parcel.read_manifest();
        let _ = parcel.documents.iter().flat_map(|filed| filed.applied_runs()).count();
    }
}

/// Reads every entry, folds it as a start does, and opens the log for writing.
fn open(disk: Arc<dyn Disk>) -> Result<(), LogError> {
    let master = MasterKey::from_bytes(MASTER);
    let keyring = Keyring::open(Arc::clone(&disk), &master).expect("the keyring is honest");
    let mut opening = Opening::start(disk, SIZES)?;
    let mut folding = Some(Folding::new(opening.log_id(), &keyring));
    let (mut position, mut chain) = (Position::START, None::<Hash>);
    while let Some(record) = opening.next_record()? {
        assert_eq!(record.position, position.next(), "entries come one by one");
        if let Some(before) = chain {
            assert_eq!(record.chain, next_chain(&before, record.position, &record.payload), "the chain fits");
        }
        (position, chain) = (record.position, Some(record.chain));
        // What cannot be folded ends the start with an error; nothing after it is looked at.
        let folded = folding.as_mut().is_some_and(|folding| folding.fold(record.position, &record.payload).is_ok());
        if !folded {
            folding = None;
        }
    }
    let (_, reader, report) = opening.finish()?;
    assert_eq!(report.head, position);
    for at in 1..=position.0 {
        assert!(reader.read(Position(at)).is_ok(), "entry {at} is read again");
    }
    Ok(())
}
