//! A device of the simulation: the product's state machine over a store in memory, which can die at any effect.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use sync_protocol::device::{
    Device, Effect, Endpoint, Entry, Event, Inputs, Key, ParcelInfo, Report, Work, WorkState, Write,
};
use sync_protocol::documents::{self, Kind};
use sync_protocol::ids::{ActorPrefix, ChangeHash, DocumentId, Millis, SiteCode};
use sync_protocol::wire::codec::from_cbor;

use super::dice::Dice;
use super::mutation::Mutation;
use super::promise::{Broken, Check, Promise};
use super::sealed::Door;

/// What a device's store holds.
pub type Rows = BTreeMap<Key, Vec<u8>>;

/// What a turn brought.
#[derive(Default)]
pub struct Turned {
    /// What the person was told.
    pub reports: Vec<Report>,
    /// What was sent.
    pub sent: Vec<(u32, Endpoint, Vec<u8>)>,
    /// Changes that became work, by the bytes that were stored.
    pub works: Vec<Work>,
}

/// A device with its store.
pub struct Phone {
    /// Its number.
    pub name: usize,
    /// Whose it is.
    pub user: usize,
    /// None while it is off.
    pub device: Option<Device>,
    /// Its store.
    pub rows: Rows,
    /// Grows with every start: answers to an earlier life do not arrive.
    pub life: u64,
    /// The request on its way.
    pub waiting: Option<u32>,
    /// What is on the screen: documents with the heads that were shown.
    pub screens: BTreeMap<DocumentId, Vec<ChangeHash>>,
    /// How wrong its clock is, in milliseconds.
    pub skew_ms: i64,
    /// The site of its lease, once enrolled.
    pub site: Option<SiteCode>,
    /// A second store of the same lease exists.
    pub is_cloned: bool,
    /// Nobody had confirmed it when it was enrolled.
    pub is_unconfirmed: bool,
    /// It was reported lost: what it had not sent is lost with it.
    pub is_lost: bool,
    /// Its key is lost: what is sealed to the hub, and this, is all that anybody can read of it.
    pub door: Option<Door>,
    /// Sealed parcels of such a device that the hub has.
    pub kept_sealed: BTreeSet<u64>,
    dice: Dice,
    mutation: Option<Mutation>,
    before_last: Rows,
}

impl Phone {
    /// A new device, off.
    #[must_use]
    pub fn new(name: usize, user: usize, skew_ms: i64, dice: Dice, mutation: Option<Mutation>) -> Self {
        Self {
            name,
            user,
            device: None,
            rows: Rows::new(),
            life: 0,
            waiting: None,
            screens: BTreeMap::new(),
            skew_ms,
            site: None,
            is_cloned: false,
            is_unconfirmed: false,
            is_lost: false,
            door: None,
            kept_sealed: BTreeSet::new(),
            dice,
            mutation,
            before_last: Rows::new(),
        }
    }

    fn inputs(&mut self, now: Millis) -> Inputs {
        Inputs { now: now.plus(self.skew_ms), seed: self.dice.bytes() }
    }

    /// Switches it on, from its store.
    ///
    /// # Errors
    /// [`Broken`] when its own rows cannot be read.
    pub fn open(&mut self, now: Millis) -> Check {
        if self.mutation == Some(Mutation::ForgetOutboxOnReceiptlessRestart) {
            self.forget_what_was_sent();
        }
        let hot: Vec<_> =
            self.rows.iter().filter(|(key, _)| key.is_hot()).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut inputs = self.inputs(now);
        if self.mutation == Some(Mutation::ReuseActorAfterRestore) {
            inputs.seed = [7; 32];
        }
        let device = Device::open(hot, &inputs).map_err(|error| {
            Broken::new(Promise::NothingDropped, format!("device {} does not open: {error}", self.name))
        })?;
        self.site = device.lease().map(|lease| lease.site.clone());
        self.device = Some(device);
        self.life += 1;
        self.waiting = None;
        self.screens.clear();
        Ok(())
    }

    /// Whether it has erased itself.
    #[must_use]
    pub fn is_wiped(&self) -> bool {
        self.rows.contains_key(&Key::Wiped)
    }

    /// Dies between two turns.
    pub fn die(&mut self) {
        self.device = None;
        if self.mutation == Some(Mutation::RecordBeforeSync) {
            self.rows = self.before_last.clone();
        }
    }

    /// The lease's prefix, once enrolled.
    #[must_use]
    pub fn prefix(&self) -> Option<ActorPrefix> {
        self.device.as_ref()?.lease().map(|lease| lease.prefix)
    }

    /// Hands in an event and does what follows, but for the network. With a fuse the device dies at that effect.
    pub fn give(&mut self, event: Event, now: Millis, mut fuse: Option<usize>) -> Turned {
        let mut turned = Turned::default();
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let inputs = self.inputs(now);
            let Some(device) = &mut self.device else { return turned };
            for effect in device.handle(event, &inputs) {
                let dies = fuse == Some(0);
                fuse = fuse.map(|left| left.saturating_sub(1));
                if dies {
                    // In the middle of a batch: it is there whole or not at all.
                    if let Effect::Store(batch) = effect
                        && self.dice.percent(50)
                    {
                        self.store(batch, &mut turned);
                    }
                    self.die();
                    return turned;
                }
                match effect {
                    Effect::Store(batch) => self.store(batch, &mut turned),
                    Effect::Load(keys) => {
                        let rows = keys.into_iter().map(|key| (key.clone(), self.rows.get(&key).cloned()));
                        next = Some(Event::Loaded(rows.collect()));
                    }
                    Effect::Send { number, to, bytes } => {
                        self.waiting = Some(number);
                        turned.sent.push((number, to, bytes));
                    }
                    Effect::Wipe(then) => {
                        self.rows.clear();
                        self.store(then, &mut turned);
                    }
                    // Nobody in the simulation carries files.
                    Effect::Carry(_) => {}
                    Effect::Report(report) => turned.reports.push(report),
                }
            }
        }
        let site = self.device.as_ref().and_then(|device| device.lease()).map(|lease| lease.site.clone());
        self.site = site.or(self.site.take());
        if self.mutation == Some(Mutation::DropOnScopeLoss)
            && turned.reports.iter().any(|report| matches!(report, Report::ChannelClosed { .. }))
        {
            self.drop_what_is_out_of_scope();
        }
        turned
    }

    fn store(&mut self, batch: Vec<Write>, turned: &mut Turned) {
        if self.mutation == Some(Mutation::RecordBeforeSync) {
            self.before_last = self.rows.clone();
        }
        for write in batch {
            match write {
                Write::Put(key, bytes) => {
                    if matches!(key, Key::Work(_))
                        && let Ok(work) = from_cbor::<Work>(&bytes)
                    {
                        turned.works.push(work);
                    }
                    self.rows.insert(key, bytes);
                }
                Write::Delete(key) => drop(self.rows.remove(&key)),
            }
        }
    }

    /// A document as this device holds it.
    ///
    /// # Errors
    /// [`Broken`] when the stored copy cannot be read.
    pub fn copy(&self, document: DocumentId) -> Check<Option<Automerge>> {
        let Some(bytes) = self.rows.get(&Key::Copy(document)) else { return Ok(None) };
        let doc = Automerge::load(bytes).map_err(|error| {
            Broken::new(Promise::NothingDropped, format!("device {}: a copy does not load: {error}", self.name))
        })?;
        Ok(Some(doc))
    }

    /// The heads of a document as this device holds it.
    ///
    /// # Errors
    /// As [`Phone::copy`].
    pub fn heads(&self, document: DocumentId) -> Check<Option<Vec<ChangeHash>>> {
        Ok(self.copy(document)?.map(|doc| documents::edit::heads(&doc)))
    }

    /// The changes of a document that stand behind these heads, and the heads themselves.
    ///
    /// # Errors
    /// As [`Phone::copy`].
    pub fn seen(&self, document: DocumentId, heads: &[ChangeHash]) -> Check<BTreeSet<ChangeHash>> {
        let Some(doc) = self.copy(document)? else { return Ok(BTreeSet::new()) };
        let heads: Vec<_> = heads.iter().map(|head| automerge::ChangeHash(*head.as_bytes())).collect();
        let Ok(fork) = doc.fork_at(&heads) else { return Ok(BTreeSet::new()) };
        Ok(fork.get_changes_meta(&[]).iter().map(|meta| ChangeHash::new(meta.hash.0)).collect())
    }

    /// The documents of a kind that can be opened on it.
    #[must_use]
    pub fn readable(&self, kind: Option<Kind>) -> Vec<(DocumentId, Kind)> {
        let entries = self.device.iter().flat_map(Device::entries);
        let known = entries.filter_map(|(id, entry)| Some((id, Kind::from_code(entry.kind)?)));
        let wanted = known.filter(|(_, found)| kind.is_none_or(|kind| kind == *found));
        wanted.filter(|(id, _)| self.rows.contains_key(&Key::Copy(*id))).collect()
    }

    fn stored<T: for<'b> minicbor::Decode<'b, ()>>(&self) -> Vec<(Key, T)> {
        self.rows.iter().filter_map(|(key, bytes)| Some((key.clone(), from_cbor(bytes).ok()?))).collect()
    }

    fn forget_what_was_sent(&mut self) {
        for (key, work) in self.stored::<Work>() {
            if let (Key::Work(sequence), WorkState::Packed(_)) = (&key, work.state) {
                self.rows.remove(&Key::Edits(*sequence));
                self.rows.remove(&key);
            }
        }
        for (key, parcel) in self.stored::<ParcelInfo>() {
            if let (Key::Parcel(counter), None) = (&key, parcel.position) {
                self.rows.remove(&Key::ParcelBytes(*counter));
                self.rows.remove(&key);
            }
        }
    }

    fn drop_what_is_out_of_scope(&mut self) {
        let outside: Vec<DocumentId> = self
            .stored::<Entry>()
            .into_iter()
            .filter_map(|(key, entry)| match key {
                Key::Entry(id) if entry.channels.is_empty() => Some(id),
                _ => None,
            })
            .collect();
        for (key, work) in self.stored::<Work>() {
            if let Key::Work(sequence) = key
                && outside.contains(&work.document)
            {
                self.rows.remove(&Key::Work(sequence));
                self.rows.remove(&Key::Edits(sequence));
            }
        }
        for (key, parcel) in self.stored::<ParcelInfo>() {
            if let (Key::Parcel(counter), None) = (&key, parcel.position) {
                self.rows.remove(&Key::ParcelBytes(*counter));
                self.rows.remove(&key);
            }
        }
        self.device = None;
    }
}
