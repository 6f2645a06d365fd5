//! One suite for both stores, and what only the one on disk must do.

use sync_protocol::ids::DocumentId;
use tempfile::TempDir;

use super::*;
use crate::random::SeededRandom;

fn copy(n: u8) -> Key {
    Key::Copy(DocumentId::new([n; 16]))
}

fn suite(store: &mut dyn FieldStore) {
    store.write(&[Write::Put(Key::Progress, b"p1".to_vec()), Write::Put(copy(1), b"c1".to_vec())]).unwrap();
    store.write(&[Write::Put(Key::Progress, b"p2".to_vec()), Write::Delete(copy(2))]).unwrap();
    assert_eq!(store.load(&copy(1)).unwrap().as_deref(), Some(b"c1".as_slice()));
    assert_eq!(store.load(&copy(2)).unwrap(), None);
    assert_eq!(store.hot_rows().unwrap(), [(Key::Progress, b"p2".to_vec())]);
    store.write(&[Write::Delete(copy(1))]).unwrap();
    assert_eq!(store.load(&copy(1)).unwrap(), None);
}

fn disk() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(&dir.path().join("d"), &dir.path().join("key")).unwrap();
    (dir, store)
}

#[test]
fn both_stores_do_the_same() {
    suite(&mut MemoryFieldStore::new());
    suite(&mut disk().1);
}

#[test]
fn a_crash_forgets_what_was_not_synced_only() {
    let mut store = MemoryFieldStore::new();
    store.write(&[Write::Put(copy(1), vec![1])]).unwrap();
    store.acknowledge_early(true);
    store.write(&[Write::Put(copy(2), vec![2])]).unwrap();
    assert_eq!(store.len(), 2);
    store.crash();
    assert_eq!(store.load(&copy(1)).unwrap(), Some(vec![1]));
    assert_eq!(store.load(&copy(2)).unwrap(), None);
}

#[test]
fn what_was_written_is_there_after_opening_again_and_not_readable_on_disk() {
    let (dir, mut store) = disk();
    store.write(&[Write::Put(copy(1), b"Fatoumata of the folder".to_vec())]).unwrap();
    drop(store);
    let folder = dir.path().join("d");
    for file in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"Fatoumata"));
        assert!(!bytes.windows(16).any(|part| part == [1; 16]));
    }
    let mut store = SqliteStore::open(&folder, &dir.path().join("key")).unwrap();
    assert_eq!(store.load(&copy(1)).unwrap().as_deref(), Some(b"Fatoumata of the folder".as_slice()));
}

#[test]
fn an_erased_store_is_gone_with_its_key_says_so_and_takes_no_other_key_with_it() {
    use sync_protocol::device::Wiped;
    use sync_protocol::ids::Millis;
    use sync_protocol::wire::answer::WipeWhen;
    use sync_protocol::wire::codec::to_cbor;

    let then = Wiped { at: Millis(1_714_488_300_000), when: WipeWhen::AtOnce };
    let row = (Key::Wiped, to_cbor(&then));
    let rows = [Write::Put(row.0.clone(), row.1.clone())];
    let mut memory = MemoryFieldStore::new();
    let (dir, mut store) = disk();
    let (folder, key) = (dir.path().join("d"), dir.path().join("key"));
    for store in [&mut store as &mut dyn FieldStore, &mut memory] {
        store.write(&[Write::Put(copy(1), b"Fatoumata".to_vec())]).unwrap();
        store.wipe(&rows).unwrap();
        assert_eq!(store.load(&copy(1)).unwrap(), None);
        assert_eq!(store.hot_rows().unwrap(), std::slice::from_ref(&row));
    }
    drop(store);
    assert!(!key.exists());
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["wiped"]);
    // A crash had left the files; the key that is given now is another device's.
    create_key_file(&key, &mut SeededRandom::new(1)).unwrap();
    std::fs::write(folder.join("device.sqlite-wal"), "left").unwrap();
    for opened in [SqliteStore::open(&folder, &key), SqliteStore::create(&folder, &key)] {
        assert!(matches!(opened, Err(StoreError::Wiped(wiped)) if wiped == then));
    }
    assert!(key.exists() && !folder.join("device.sqlite-wal").exists());
}

#[test]
fn an_erasing_that_was_cut_off_after_its_mark_is_finished_at_the_next_start() {
    let (dir, store) = disk();
    let (folder, key) = (dir.path().join("d"), dir.path().join("key"));
    let (kept_file, kept_key) = (std::fs::read(folder.join("device.sqlite")).unwrap(), std::fs::read(&key).unwrap());
    let mut store = store;
    let then = sync_protocol::device::Wiped {
        at: sync_protocol::ids::Millis(5),
        when: sync_protocol::wire::answer::WipeWhen::AfterReceipts,
    };
    store.wipe(&[Write::Put(Key::Wiped, sync_protocol::wire::codec::to_cbor(&then))]).unwrap();
    drop(store);
    std::fs::write(folder.join("device.sqlite"), kept_file).unwrap();
    std::fs::write(&key, kept_key).unwrap();
    assert!(matches!(SqliteStore::open(&folder, &key), Err(StoreError::Wiped(_))));
    assert!(!key.exists() && !folder.join("device.sqlite").exists());
}

#[test]
fn a_store_that_cannot_be_used_says_why_and_stays_as_it_is() {
    let (dir, store) = disk();
    let (folder, key) = (dir.path().join("d"), dir.path().join("key"));
    assert!(matches!(SqliteStore::open(&folder, &key), Err(StoreError::InUse)));
    drop(store);
    assert!(matches!(SqliteStore::create(&folder, &key), Err(StoreError::Exists(_))));
    assert!(matches!(SqliteStore::open(&dir.path().join("none"), &key), Err(StoreError::Missing(_))));
    let other = dir.path().join("other");
    create_key_file(&other, &mut SeededRandom::new(1)).unwrap();
    assert!(matches!(SqliteStore::open(&folder, &other), Err(StoreError::WrongKey)));
    assert!(matches!(SqliteStore::open(&folder, &dir.path().join("no")), Err(StoreError::KeyFile { .. })));
    std::fs::write(&other, "something else").unwrap();
    assert!(matches!(SqliteStore::open(&folder, &other), Err(StoreError::KeyFile { .. })));

    let file = folder.join("device.sqlite");
    let good = std::fs::read(&file).unwrap();
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(SqliteStore::open(&folder, &key), Err(StoreError::Newer { found: 99, known: 1 })));
    let garbage = vec![7; 8192];
    std::fs::write(&file, &garbage).unwrap();
    assert!(matches!(SqliteStore::open(&folder, &key), Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), garbage, "nothing was overwritten");
    std::fs::write(&file, good).unwrap();
    assert!(SqliteStore::open(&folder, &key).is_ok());
}
