//! The device's side as a state machine: an event goes in, effects come out.
//!
//! No clock, no randomness, no I/O: time and random bytes come with each event, storage and network are effects.
//! The contract with a shell is short:
//!
//! 1. Open with the hot rows of the store ([`Device::open`]), then hand in one [`Event`] at a time.
//! 2. Do the effects in their order, each to its end before the next. Answer `Load` and `Send` with an event.
//! 3. If a `Store` fails, do nothing after it: drop this device and open it again from its store.
//!
//! So nothing is sent before it is stored, and nothing is called receipted before the hub's signature was checked
//! and the fact stored. A device dropped at any moment and opened again goes on where its store says it was.
//!
//! *Saved means saved*: parcels are kept until the hub says that a second copy exists and given back to a hub that
//! lost them. *Idempotent*: a parcel travels again byte for byte until its receipt comes, a late or doubled answer is
//! passed over. *One exchange when nothing changed*, whatever the number of documents.
//!
//! Where: [`event`] and [`rows`] are the words; `record` turns edits into work, `pack` work into requests, `sealed` seals it
//! to the hub as well, `marks` sees which log answers, `receipt` reads fates, `decided` what people decided later,
//! `standing` what the hub orders, `feed` what came down, `replay` writes work again on the hub's document, `repair` mends
//! differences, `giving` gives back others' work, `stating` says what was read and vouched for, `courier` makes and takes files that are carried,
//! `neighbours` takes in what colleagues recorded on the same device, `ledger` keeps the sums,
//! [`view`] is what a screen reads, [`locked`] sends what is sealed while nobody has unlocked the device, `copy` is all that
//! touches Automerge.

mod copy;
mod courier;
mod decided;
mod enrol;
pub mod event;
mod exchange;
mod feed;
mod giving;
mod ledger;
pub mod locked;
mod marks;
mod neighbours;
mod pack;
mod progress;
mod receipt;
mod record;
mod repair;
mod replay;
pub mod rows;
mod sealed;
mod standing;
mod stating;
mod turn;
pub mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use event::{EditRequest, Effect, Endpoint, Event, Inputs, Neighbour, Report, Synced};
pub use progress::LeaseStanding;
pub use rows::{Aside, Entry, Key, ParcelInfo, RowError, Rows, Standing, Wiped, Work, WorkState, Write};

use self::exchange::{Sync, Waiting};
use self::progress::{Identity, Progress};
use self::rows::{FedInfo, Read};
use self::turn::Turn;
use crate::crypto::{PublicKey, SecretKey};
use crate::ids::{Actor, Channel, DocumentId, InstallationId, LogId, Millis, Position};
use crate::limits::DEVICE_EVENTS_WAITING_MAX;
use crate::sealing::SealingPublic;
use crate::wire::codec::{CodecError, from_cbor};
use crate::wire::digest::Digest;
use crate::wire::fingerprint::{Fingerprint, fingerprint};
use crate::wire::lease::Lease;
use crate::wire::parcel::Parcel;

/// One device's state, held in memory; everything in it can be read again from the store.
pub struct Device {
    identity: Option<Identity>,
    /// The lease and the key, checked when the device was opened or enrolled.
    session: Option<Session>,
    progress: Progress,
    entries: BTreeMap<DocumentId, Entry>,
    works: BTreeMap<u64, Work>,
    /// The works of each document, oldest first.
    works_of: BTreeMap<DocumentId, BTreeSet<u64>>,
    /// The open works of each sealed parcel, by its counter.
    sealed: BTreeMap<u64, BTreeSet<u64>>,
    /// Open works that are in no sealed parcel.
    to_seal: BTreeSet<u64>,
    parcels: BTreeMap<u64, ParcelInfo>,
    aside: BTreeMap<u64, Aside>,
    reads: BTreeMap<DocumentId, Read>,
    /// Answers with a feed whose proofs are kept.
    fed: BTreeMap<u64, FedInfo>,
    /// Everything was erased by order.
    wiped: Option<Wiped>,
    sums: BTreeMap<Channel, Digest>,
    sync: Option<Sync>,
    enrolling: Option<u32>,
    waiting: Option<Waiting>,
    later: VecDeque<Event>,
    number: u32,
    /// The parcel packed last, so that it need not be read back.
    packed: Option<(u64, Parcel)>,
}

/// What an enrolled device works with.
struct Session {
    lease: Lease,
    key: SecretKey,
    hub: PublicKey,
    /// Drawn when the device is opened, and afresh whenever it does not fit.
    actor: Actor,
}

impl Device {
    /// Opens a device from the hot rows of its store, in any order. An empty store is a new device.
    ///
    /// # Errors
    /// [`RowError`] when a row cannot be read.
    pub fn open(rows: impl IntoIterator<Item = (Key, Vec<u8>)>, inputs: &Inputs) -> Result<Self, RowError> {
        let mut device = Self::empty();
        for (key, bytes) in rows {
            device.take(&key, &bytes).map_err(|error| RowError { key: table(&key).to_owned(), error })?;
        }
        for (sequence, work) in &device.works {
            device.works_of.entry(work.document).or_default().insert(*sequence);
        }
        device.note_sealed();
        device.add_up();
        device.start_session(inputs).map_err(|error| RowError { key: "identity".to_owned(), error })?;
        Ok(device)
    }

    /// Takes one event and says what must be done.
    pub fn handle(&mut self, event: Event, inputs: &Inputs) -> Vec<Effect> {
        let mut turn = Turn::new(inputs);
        if self.waiting.is_some() && !matches!(event, Event::Loaded(_)) {
            if self.later.len() < DEVICE_EVENTS_WAITING_MAX {
                self.later.push_back(event);
            } else {
                turn.report(Report::Busy);
            }
            return turn.finish(self);
        }
        self.dispatch(event, &mut turn);
        while self.waiting.is_none() {
            let Some(event) = self.later.pop_front() else { break };
            self.dispatch(event, &mut turn);
        }
        self.seal_work(&mut turn);
        turn.finish(self)
    }

    /// The lease, once enrolled.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.session.as_ref().map(|session| &session.lease)
    }

    /// The hub's key, once enrolled.
    #[must_use]
    pub fn hub(&self) -> Option<&PublicKey> {
        self.session.as_ref().map(|session| &session.hub)
    }

    /// The key to which work is sealed, once a hub has told one.
    #[must_use]
    pub fn sealing(&self) -> Option<SealingPublic> {
        self.identity.as_ref()?.enrolled.as_ref()?.sealing
    }

    /// The hub's log, once enrolled.
    #[must_use]
    pub fn log(&self) -> Option<LogId> {
        Some(self.identity.as_ref()?.enrolled.as_ref()?.log)
    }

    /// The installation, once an invitation was tried.
    #[must_use]
    pub fn installation(&self) -> Option<InstallationId> {
        self.identity.as_ref().map(|identity| identity.installation)
    }

    /// The summary of one document.
    #[must_use]
    pub fn entry(&self, document: DocumentId) -> Option<&Entry> {
        self.entries.get(&document)
    }

    /// Every document that the device knows, by id.
    pub fn entries(&self) -> impl Iterator<Item = (DocumentId, &Entry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// Changes that are not applied at the hub yet, oldest first.
    pub fn works(&self) -> impl Iterator<Item = &Work> {
        self.works.values()
    }

    /// Changes that are not applied at the hub yet, of one document.
    pub fn works_of(&self, document: DocumentId) -> impl Iterator<Item = &Work> {
        self.works_of.get(&document).into_iter().flatten().filter_map(|sequence| self.works.get(sequence))
    }

    /// Changes that were not accepted and are kept aside, oldest first.
    pub fn aside(&self) -> impl Iterator<Item = &Aside> {
        self.aside.values()
    }

    /// Parcels that are kept, by counter: those without a receipt, and those without a second copy.
    pub fn parcels(&self) -> impl Iterator<Item = (u64, &ParcelInfo)> {
        self.parcels.iter().map(|(counter, info)| (*counter, info))
    }

    /// What the device holds of each channel, from the hub or receipted by it.
    #[must_use]
    pub fn sums(&self) -> &BTreeMap<Channel, Digest> {
        &self.sums
    }

    /// Hub time of the last answer.
    #[must_use]
    pub fn synced_at(&self) -> Option<Millis> {
        self.progress.synced_at
    }

    /// The highest position that a receipt named, and up to where a second copy exists.
    #[must_use]
    pub fn head(&self) -> (Position, Position) {
        (self.progress.head, self.progress.copied_to)
    }

    /// The counter of the last manifest.
    #[must_use]
    pub fn counter(&self) -> u64 {
        self.progress.counter
    }

    /// How the lease stands at the hub, as far as this device was told.
    #[must_use]
    pub fn standing(&self) -> LeaseStanding {
        self.progress.standing
    }

    /// What people compare to know this device: the fingerprint of its key, once enrolled.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.lease().map(|lease| fingerprint(&lease.key))
    }

    /// Up to which position the decisions on held work are known.
    #[must_use]
    pub fn decided_to(&self) -> Position {
        self.progress.decided_to
    }

    /// Documents that were shown and of which the hub was not told.
    #[must_use]
    pub fn reads_untold(&self) -> usize {
        self.reads.len()
    }

    /// Keys vouched for of which the hub was not told.
    #[must_use]
    pub fn vouches_untold(&self) -> usize {
        self.progress.vouches.len()
    }

    /// Whether everything here will be erased once the hub has all of it.
    #[must_use]
    pub fn is_wipe_ordered(&self) -> bool {
        self.progress.wipe.is_some()
    }

    /// When and how everything was erased by order, if it was.
    #[must_use]
    pub fn wiped(&self) -> Option<Wiped> {
        self.wiped
    }

    /// Whether an exchange or an enrolment is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.sync.is_some() || self.enrolling.is_some() || self.waiting.is_some()
    }

    fn empty() -> Self {
        Self {
            identity: None,
            session: None,
            progress: Progress::default(),
            entries: BTreeMap::new(),
            works: BTreeMap::new(),
            works_of: BTreeMap::new(),
            sealed: BTreeMap::new(),
            to_seal: BTreeSet::new(),
            parcels: BTreeMap::new(),
            aside: BTreeMap::new(),
            reads: BTreeMap::new(),
            fed: BTreeMap::new(),
            wiped: None,
            sums: BTreeMap::new(),
            sync: None,
            enrolling: None,
            waiting: None,
            later: VecDeque::new(),
            number: 0,
            packed: None,
        }
    }

    fn take(&mut self, key: &Key, bytes: &[u8]) -> Result<(), CodecError> {
        match key {
            Key::Identity => self.identity = Some(from_cbor(bytes)?),
            Key::Progress => self.progress = from_cbor(bytes)?,
            Key::Entry(document) => drop(self.entries.insert(*document, from_cbor(bytes)?)),
            Key::Work(sequence) => drop(self.works.insert(*sequence, from_cbor(bytes)?)),
            Key::Parcel(counter) => drop(self.parcels.insert(*counter, from_cbor(bytes)?)),
            Key::Aside(sequence) => drop(self.aside.insert(*sequence, from_cbor(bytes)?)),
            Key::Read(document) => drop(self.reads.insert(*document, from_cbor(bytes)?)),
            Key::Fed(number) => drop(self.fed.insert(*number, from_cbor(bytes)?)),
            Key::Wiped => self.wiped = Some(from_cbor(bytes)?),
            // Cold rows are no part of the state in memory.
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, event: Event, turn: &mut Turn) {
        if self.wiped.is_some() {
            self.say_erased(event, turn);
            return;
        }
        match event {
            Event::Enrol(invitation) => self.enrol(&invitation, turn),
            Event::Edit(requests) => self.edit(requests, turn),
            Event::Sync { budget } => self.sync_now(budget, turn),
            Event::Answer { number, bytes, budget } => self.answer(number, &bytes, budget, turn),
            Event::Failed { number, reason } => self.failed(number, reason, turn),
            Event::TurnedAway { number, code, reason } => self.turned_away(number, &code, reason, turn),
            Event::Shown(documents) => self.shown(&documents, turn),
            Event::Vouch(key) => self.vouch(key, turn),
            Event::Neighbours(neighbours) => self.neighbours(neighbours, turn),
            Event::Export { place, room } => self.export(place, room, turn),
            Event::Take { file, outside } => self.take_return(&file, outside.as_deref(), turn),
            Event::Loaded(rows) => self.loaded(rows, turn),
        }
    }
}

/// The table of a key, for messages: names no document.
fn table(key: &Key) -> &'static str {
    match key {
        Key::Identity => "identity",
        Key::Progress => "progress",
        Key::Entry(_) => "entry",
        Key::Work(_) => "work",
        Key::Parcel(_) => "parcel",
        Key::Aside(_) => "aside",
        Key::Read(_) => "read",
        Key::Wiped => "wiped",
        Key::Copy(_) => "copy",
        Key::Edits(_) => "edits",
        Key::ParcelBytes(_) => "parcel bytes",
        Key::Receipt(_) => "receipt",
        Key::Configuration => "configuration",
        Key::Lease(_) => "lease",
        Key::Shell(_) => "shell",
        Key::Sealed(_) => "sealed",
        Key::Courier => "courier",
        Key::LastReceipt => "last receipt",
        Key::Fed(_) => "fed",
        Key::FedProof(_) => "fed proof",
        Key::FedItems(..) => "fed items",
    }
}

#[cfg(test)]
mod tests;
