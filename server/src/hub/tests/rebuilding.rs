//! Whatever number of threads applies the log again, the documents are the same, and so is what is said of a fault.

use super::*;
use crate::hub::opening::OpenError;
use crate::hub::rebuilding::catch_up;
use crate::limits::CATCH_UP_ENTRIES;
use crate::store::documents::AppliedTo;
use crate::verify::compare_store;

/// Documents that are edited in turn, so that each batch goes on where the one before left them.
const CASES: u8 = 24;

/// A hub whose log is longer than a batch.
fn busy_hub() -> TestHub {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    for number in 0..CATCH_UP_ENTRIES + 60 {
        let case = DocumentId::new([(number % usize::from(CASES)) as u8; 16]);
        let change = gogui.name(case, &format!("Awa {number}"));
        let parcel = gogui.parcel(case, &[change], None);
        gogui.sync(&mut hub, vec![parcel]);
    }
    hub
}

fn rebuilt(hub: &TestHub, after: Position, workers: usize) -> (MemoryStore, Result<u64, OpenError>) {
    let store = MemoryStore::new();
    let shared = &hub.shared;
    let random = &mut SeededRandom::new(3);
    let done = catch_up(&shared.log, &shared.keyring, &store, after, random, workers);
    (store, done)
}

#[test]
fn any_number_of_workers_rebuilds_the_same_documents() {
    let hub = busy_hub();
    let head = hub.shared.log.head();
    for workers in [0, 1, 3] {
        let (store, done) = rebuilt(&hub, Position::START, workers);
        assert_eq!(done.unwrap(), head.0.0, "{workers} workers");
        let applied_to = AppliedTo { log_id: hub.shared.log.log_id(), position: head.0, chain: head.1 };
        assert_eq!(store.applied_to().unwrap(), Some(applied_to));
        let differences = compare_store(&hub.shared.keyring, &*hub.store, &store).unwrap();
        assert!(differences.is_empty(), "{workers} workers: {differences:?}");
        for number in 0..CASES {
            let case = DocumentId::new([number; 16]);
            let rows = |store: &MemoryStore| store.history(case, Position::START, head.0, 1_000).unwrap();
            assert_eq!(rows(&store), rows(&hub.store), "{workers} workers");
        }
    }
}

#[test]
fn a_fault_is_told_at_the_same_entry_whoever_meets_it() {
    let hub = busy_hub();
    let said = |workers| rebuilt(&hub, Position(20), workers).1.unwrap_err().to_string();
    let alone = said(0);
    assert!(alone.contains("its first entry is missing"), "{alone}");
    assert_eq!(said(3), alone);
}
