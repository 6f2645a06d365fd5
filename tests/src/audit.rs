//! What a data folder holds, worked out from log and keyring alone, and compared with everything else.
//!
//! Opens folders of hubs that have ended.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use segin::hub::entry::{Entry, ParcelEntry};
use segin::hub::filing::open_form;
use segin::random::SystemRandom;
use segin::serve::folder::DOCUMENTS;
use segin::store::documents::{DocumentStore, SledStore};
use segin::store::files::{Disk, RealDisk};
use segin::store::keyring::{Keyring, MasterKey};
use segin::store::log::{LogReader, LogSizes, Opening};
use segin::verify::{Recomputed, compare_store, recompute};
use sync_protocol::ids::{ChangeHash, DocumentId, Hash, Position};
use sync_protocol::wire::manifest::manifest_hash;

/// An opened folder.
pub struct Audit {
    /// Opens what is sealed.
    pub keyring: Keyring,
    /// Every entry.
    pub log: LogReader,
    /// What follows from them.
    pub recomputed: Recomputed,
}

impl Audit {
    /// Works a folder out.
    ///
    /// # Panics
    /// When log or keyring cannot be read, or do not agree with themselves.
    #[must_use]
    pub fn of(data: &Path, master_key: &Path) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(data).expect("no hub has the folder"));
        let master = MasterKey::load(master_key).expect("the master key is there");
        let keyring = Keyring::open(Arc::clone(&disk), &master).expect("the keyring opens");
        let opening = Opening::start(disk, LogSizes::default()).expect("the log opens");
        let (_, log, _) = opening.finish().expect("the log is sound");
        let recomputed = recompute(&log, &keyring, &mut SystemRandom).expect("the log can be worked out");
        assert_eq!(recomputed.report.differences, [], "the log does not agree with itself");
        Self { keyring, log, recomputed }
    }

    /// Compares with the document store of the folder.
    ///
    /// # Panics
    /// When they differ.
    pub fn agrees_with_documents(&self, data: &Path) {
        let opened = SledStore::open(&data.join(DOCUMENTS)).expect("the document store opens");
        assert_eq!(opened.set_aside, None, "the document store was damaged");
        let differences = compare_store(&self.keyring, &*self.recomputed.store, &opened.store);
        assert_eq!(differences.expect("both are readable"), []);
    }

    /// The parcel at a position.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn parcel(&self, position: Position) -> ParcelEntry {
        let record = self.log.read(position).expect("the position exists");
        match Entry::from_bytes(&record.payload).expect("an entry is readable") {
            Entry::Parcel(entry) => entry,
            Entry::Sealed(_) | Entry::Decision(_) | Entry::Returned(_) => panic!("entry {position} is not a parcel"),
        }
    }

    /// The manifests of all parcels, in the order of the log.
    ///
    /// # Panics
    /// When an entry cannot be read.
    #[must_use]
    pub fn manifests(&self) -> Vec<Hash> {
        let mut manifests = Vec::new();
        for record in self.log.iter_from(Position(1)) {
            let record = record.expect("the log was checked");
            if let Entry::Parcel(entry) = Entry::from_bytes(&record.payload).expect("an entry is readable") {
                manifests.push(manifest_hash(&entry.manifest));
            }
        }
        manifests
    }

    /// The chain's hash at a position.
    ///
    /// # Panics
    /// When there is no such entry.
    #[must_use]
    pub fn chain(&self, position: Position) -> Hash {
        self.log.read(position).expect("the position exists").chain
    }

    /// The changes of a document; none when the log does not know it.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[must_use]
    pub fn changes(&self, document: DocumentId) -> BTreeSet<ChangeHash> {
        let row = self.recomputed.store.document(document).expect("a store in memory is readable");
        let form = row.map(|row| open_form(&self.keyring, &row).expect("the document opens").0);
        form.map(|form| form.history.hashes().iter().copied().collect()).unwrap_or_default()
    }

    /// The channels of a document; none when the log does not know it.
    ///
    /// # Panics
    /// When a store in memory cannot be read.
    #[must_use]
    pub fn channels(&self, document: DocumentId) -> Vec<String> {
        let row = self.recomputed.store.document(document).expect("a store in memory is readable");
        row.map(|row| row.channels.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }
}
