//! What only a store on disk can do wrong: reopening, killed processes, damage.

use std::fs;
use std::path::Path;

use sync_protocol::ids::Position;
use tempfile::TempDir;

use super::super::conformance::{CASES, batch, channel, document, feed_row, history_row, id};
use super::super::{FeedKind, MemoryStore};
use super::*;

fn fresh() -> (TempDir, PathBuf) {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("documents");
    (parent, folder)
}

fn open_sound(folder: &Path) -> SledStore {
    let opened = SledStore::open(folder).unwrap();
    assert_eq!(opened.set_aside, None);
    opened.store
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn store_with(folder: &Path, batches: u64) -> SledStore {
    let store = open_sound(folder);
    for position in 1..=batches {
        store.commit(&busy_batch(position)).unwrap();
    }
    store
}

/// Rows of every table, of changing size.
fn busy_batch(position: u64) -> Batch {
    let number = u8::try_from(position % 11).unwrap();
    let fill = u8::try_from(position % 200).unwrap();
    let size = usize::try_from(position * 7_919 % 90_000).unwrap();
    let state = ChannelState { documents: position, ..ChannelState::default() };
    Batch {
        documents: vec![document(number, fill, size), document(number + 50, fill, 3_000)],
        history: vec![history_row(number, position, position, 0)],
        feed: vec![feed_row("site/GOG", position, number, FeedKind::Changes)],
        channels: vec![(channel("site/GOG"), state)],
        ..batch(position)
    }
}

/// Asserts that a store is as it was after so many of the busy batches, and returns how many.
fn assert_prefix(store: &SledStore, all: &MemoryStore) -> usize {
    let batches = store.applied_to().unwrap().map_or(0, |applied| applied.position.0);
    let batches = usize::try_from(batches).unwrap();
    let expected = all.at_prefix(batches);
    assert_eq!(expected.batches(), batches);
    let heads = store.documents_after(None, 1_000).unwrap();
    assert_eq!(heads, expected.documents_after(None, 1_000).unwrap());
    for head in heads {
        assert_eq!(store.document(head.document).unwrap(), expected.document(head.document).unwrap());
        let all_of = |store: &dyn DocumentStore| store.history(head.document, Position::START, Position(999), 999);
        assert_eq!(all_of(store).unwrap(), all_of(&expected).unwrap());
    }
    let feed = |store: &dyn DocumentStore| {
        store.feed(&channel("site/GOG"), Position::START.into(), Position(999), 999).unwrap()
    };
    assert_eq!(feed(store), feed(&expected));
    assert_eq!(store.channels().unwrap(), expected.channels().unwrap());
    batches
}

#[test]
fn it_does_what_every_store_does() {
    for (name, case) in CASES {
        eprintln!("{name}");
        let (_parent, folder) = fresh();
        case(&open_sound(&folder));
    }
}

#[test]
fn a_closed_store_is_found_again_and_large_forms_make_no_files_of_their_own() {
    let (_parent, folder) = fresh();
    let row = document(1, 9, limits::DOCUMENT_FORM_BYTES_MAX);
    let store = open_sound(&folder);
    for position in 1..=12 {
        let documents = (0..20).map(|number| document(number, 3, 60_000)).chain([row.clone()]).collect();
        store.commit(&Batch { documents, ..batch(position) }).unwrap();
    }
    drop(store);
    let store = open_sound(&folder);
    assert_eq!(store.applied_to().unwrap(), Some(batch(12).applied_to));
    assert!(store.document(id(1)).unwrap() == Some(row));
    // Such files are never synced by the engine.
    assert_eq!(fs::read_dir(folder.join("blobs")).unwrap().count(), 0);
}

#[test]
fn what_a_killed_process_leaves_is_some_whole_batches() {
    const BATCHES: u64 = 40;
    let (parent, folder) = fresh();
    let all = MemoryStore::new();
    for position in 1..=BATCHES {
        all.commit(&busy_batch(position)).unwrap();
    }
    let store = open_sound(&folder);
    let mut seen = vec![];
    for position in 1..=BATCHES {
        store.commit(&busy_batch(position)).unwrap();
        if position % 5 == 0 {
            let left = parent.path().join(format!("killed-{position}"));
            copy(&folder, &left);
            let opened = SledStore::open(&left).unwrap();
            let batches = assert_prefix(&opened.store, &all);
            assert!(opened.set_aside.is_none() || batches == 0);
            assert!(batches as u64 <= position);
            seen.push(batches);
        }
    }
    eprintln!("batches found after each kill: {seen:?}");
    assert!(seen.iter().any(|batches| *batches > 0), "something was written before the end: {seen:?}");
}

/// What a power cut may do to a file that was not synced.
fn damage(file: &Path, round: u64, at: u64) {
    let mut bytes = fs::read(file).unwrap();
    let at = usize::try_from(at).unwrap() % bytes.len();
    match round % 3 {
        0 => bytes.truncate(at),
        1 => bytes[at / 4_096 * 4_096..].iter_mut().take(4_096).for_each(|byte| *byte = 0),
        _ => bytes[at] ^= 0x40,
    }
    fs::write(file, bytes).unwrap();
}

#[test]
fn damaged_files_give_an_older_prefix_or_are_set_aside_and_no_panic_escapes() {
    const BATCHES: u64 = 60;
    let (parent, folder) = fresh();
    let all = MemoryStore::new();
    for position in 1..=BATCHES {
        all.commit(&busy_batch(position)).unwrap();
    }
    drop(store_with(&folder, BATCHES));
    let (mut reasons, mut prefixes) = (BTreeMap::<String, u32>::new(), 0);
    let mut random = 1_u64;
    for round in 0..60 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let left = parent.path().join("left");
        copy(&folder, &left);
        damage(&left.join("db"), round, random >> 33);
        let opened = SledStore::open(&left).unwrap();
        if let Some(aside) = &opened.set_aside {
            *reasons.entry(aside.reason.clone()).or_default() += 1;
            fs::remove_dir_all(&aside.folder).unwrap();
        }
        // What opens is one whole state, though the engine by itself may show rows of several.
        prefixes += u32::from(assert_prefix(&opened.store, &all) > 0);
        drop(opened.store);
        fs::remove_dir_all(&left).unwrap();
    }
    eprintln!("{prefixes} older states; set aside: {reasons:?}");
    assert!(prefixes > 0, "the damage leaves nothing to compare");
}

#[test]
fn a_panic_at_open_sets_the_store_aside() {
    let (_parent, folder) = fresh();
    drop(store_with(&folder, 3));
    let opened = open::open_with(&folder, |_| panic!("as the engine does")).unwrap();
    let aside = opened.set_aside.unwrap();
    assert!(aside.reason.contains("as the engine does"), "{}", aside.reason);
    assert_eq!(opened.store.applied_to().unwrap(), None);
    assert_eq!(open_sound(&aside.folder).applied_to().unwrap(), Some(batch(3).applied_to), "nothing of it is removed");
}

#[test]
fn a_full_disk_at_open_is_no_damage() {
    let (_parent, folder) = fresh();
    drop(store_with(&folder, 3));
    let full = |_: &Path| Err(open::engine_error("open", sled::Error::Io(std::io::ErrorKind::StorageFull.into())));
    assert_eq!(open::open_with(&folder, full).err().unwrap().code(), "documents-io");
    assert_eq!(open_sound(&folder).applied_to().unwrap(), Some(batch(3).applied_to));
}

#[test]
fn garbage_is_set_aside_and_the_newest_kept() {
    let (parent, folder) = fresh();
    let beside = parent.path().join("log");
    fs::create_dir(&beside).unwrap();
    fs::write(parent.path().join("documents.damaged-x"), b"of someone else").unwrap();
    let mut asides = vec![];
    for round in 0..4 {
        drop(store_with(&folder, 3));
        fs::write(folder.join("conf"), noise(round)).unwrap();
        let opened = SledStore::open(&folder).unwrap();
        assert_eq!(opened.store.applied_to().unwrap(), None);
        opened.store.commit(&busy_batch(1)).unwrap();
        let aside = opened.set_aside.expect("noise is no store");
        assert!(aside.folder.is_dir() && !aside.reason.is_empty(), "{aside:?}");
        asides.push(aside.folder);
        drop(opened.store);
        fs::remove_dir_all(&folder).unwrap();
    }
    let kept: Vec<_> = asides.iter().filter(|folder| folder.exists()).collect();
    assert_eq!(kept, asides[4 - limits::DOCUMENT_DAMAGED_KEPT_MAX..].iter().collect::<Vec<_>>());
    assert!(beside.exists() && parent.path().join("documents.damaged-x").exists());
}

#[test]
fn garbage_in_place_of_the_rows_is_never_taken_for_rows() {
    for round in 0..8 {
        let (_parent, folder) = fresh();
        drop(store_with(&folder, 3));
        fs::write(folder.join("db"), noise(round)).unwrap();
        let snapshots = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let snapshots = snapshots.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap"));
        snapshots.for_each(|path| fs::write(path, noise(round + 1)).unwrap());
        // The engine takes some noise for an empty store, which the hub fills as well.
        let opened = SledStore::open(&folder).unwrap();
        assert_eq!(opened.store.applied_to().unwrap(), None);
        opened.store.commit(&busy_batch(1)).unwrap();
        assert!(opened.store.document(id(1)).unwrap().is_some());
    }
}

fn noise(seed: u32) -> Vec<u8> {
    (0..200_000_u32).map(|at| (at.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn damage_met_while_running_is_remembered_for_the_next_start() {
    let (_parent, folder) = fresh();
    let store = store_with(&folder, 3);
    let error = store.guarded::<()>(|_| panic!("as the engine does")).unwrap_err();
    assert_eq!(error.code(), "documents-damaged");
    assert_eq!(store.document(id(1)).unwrap_err().code(), "documents-damaged", "it stays so");
    drop(store);
    let opened = SledStore::open(&folder).unwrap();
    assert!(opened.set_aside.unwrap().reason.contains("as the engine does"));
    assert_eq!(opened.store.applied_to().unwrap(), None);
    drop(opened.store);
    open_sound(&folder);
}

#[test]
fn rows_that_were_not_committed_together_are_set_aside() {
    let tampered: [fn(&sled::Db) -> Option<sled::IVec>; 3] = [
        |db| db.insert(rows::piece_key(rows::FORMS, Position(1), id(1), 0), b"older").unwrap(),
        |db| db.remove(rows::channel_key(&channel("site/GOG"))).unwrap(),
        |db| db.remove(rows::STATE_KEY).unwrap(),
    ];
    for tamper in tampered {
        let (_parent, folder) = fresh();
        let store = store_with(&folder, 3);
        assert!(store.guarded(|db| Ok(tamper(db))).unwrap().is_some(), "there was something to change");
        drop(store);
        let opened = SledStore::open(&folder).unwrap();
        assert!(opened.set_aside.unwrap().reason.contains("committed together"));
        assert_eq!(opened.store.applied_to().unwrap(), None);
    }
}

#[test]
fn a_store_that_does_not_fit_the_log_is_set_aside_on_demand() {
    let (_parent, folder) = fresh();
    drop(store_with(&folder, 3));
    let opened = SledStore::open_fresh(&folder, "another log").unwrap();
    assert_eq!(opened.set_aside.as_ref().unwrap().reason, "another log");
    assert_eq!(opened.store.documents_after(None, 10).unwrap(), vec![]);
    let aside = open_sound(&opened.set_aside.unwrap().folder);
    assert_eq!(aside.applied_to().unwrap(), Some(batch(3).applied_to));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (_parent, folder) = fresh();
    let store = store_with(&folder, 3);
    let newer = (rows::FORMAT + 1).to_be_bytes();
    let insert = |db: &sled::Db| {
        db.insert(rows::FORMAT_KEY, &newer).unwrap();
        Ok(())
    };
    store.guarded(insert).unwrap();
    drop(store);
    let error = SledStore::open(&folder).err().unwrap();
    assert_eq!(error.code(), "documents-newer-version");
    assert!(error.to_string().contains(&format!("format {}", rows::FORMAT + 1)), "{error}");
    let error = SledStore::open(&folder).err().unwrap();
    assert_eq!(error.code(), "documents-newer-version", "still there");
}

#[test]
fn a_store_in_use_is_refused_and_left_alone() {
    let (_parent, folder) = fresh();
    let store = store_with(&folder, 3);
    assert_eq!(SledStore::open(&folder).err().unwrap().code(), "documents-in-use");
    assert!(store.document(id(1)).unwrap().is_some());
}

#[test]
fn a_file_where_the_folder_should_be_is_an_error_of_the_file_system() {
    let (_parent, folder) = fresh();
    fs::write(&folder, b"a file").unwrap();
    assert_eq!(SledStore::open(&folder).err().unwrap().code(), "documents-io");
    assert_eq!(fs::read(&folder).unwrap(), b"a file");
}

#[test]
fn a_store_that_has_failed_once_says_so_without_being_asked_for_anything() {
    let (_parent, folder) = fresh();
    let store = store_with(&folder, 1);
    assert!(store.usable().is_ok());
    let full = || StoreError::Io { action: "read".to_owned(), source: std::io::Error::other("no room") };
    let failed: Result<(), StoreError> = store.guarded(|_| Err(full()));
    assert!(failed.is_err());
    assert!(store.usable().unwrap_err().to_string().contains("could not read: no room"));

    let (_parent, folder) = fresh();
    let store = store_with(&folder, 1);
    assert!(store.guarded::<()>(|_| panic!("a defect of the engine")).is_err());
    assert!(store.usable().unwrap_err().to_string().contains("a defect of the engine"));
}
