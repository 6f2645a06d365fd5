//! One turn: what an event changed, gathered into one batch, and the effects that follow it.
//!
//! State in memory is changed at once and marked here; when the turn ends, each marked row is written as it then
//! stands, or deleted if it is gone. So memory and store cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::Encode;

use super::Device;
use super::event::{Draw, Effect, Endpoint, Inputs, Report};
use super::rows::{Key, Write};
use crate::ids::{DocumentId, Millis};
use crate::wire::codec::to_cbor;

/// The batch and the effects of one event.
pub(super) struct Turn {
    pub now: Millis,
    pub draw: Draw,
    changed: BTreeSet<Key>,
    cold: BTreeMap<Key, Option<Vec<u8>>>,
    after: Vec<Effect>,
    /// Everything is erased and these rows are stored instead.
    wiped: Option<Vec<Write>>,
}

impl Turn {
    pub(super) fn new(inputs: &Inputs) -> Self {
        Self {
            now: inputs.now,
            draw: Draw::new(inputs.seed),
            changed: BTreeSet::new(),
            cold: BTreeMap::new(),
            after: Vec::new(),
            wiped: None,
        }
    }

    /// Marks a hot row: it is written as it stands when the turn ends.
    pub(super) fn mark(&mut self, key: Key) {
        self.changed.insert(key);
    }

    /// Writes a cold row.
    pub(super) fn put(&mut self, key: Key, bytes: Vec<u8>) {
        self.cold.insert(key, Some(bytes));
    }

    /// Removes a cold row.
    pub(super) fn delete(&mut self, key: Key) {
        self.cold.insert(key, None);
    }

    pub(super) fn entry(&mut self, document: DocumentId) {
        self.mark(Key::Entry(document));
    }

    pub(super) fn progress(&mut self) {
        self.mark(Key::Progress);
    }

    pub(super) fn report(&mut self, report: Report) {
        self.after.push(Effect::Report(report));
    }

    pub(super) fn load(&mut self, keys: Vec<Key>) {
        self.after.push(Effect::Load(keys));
    }

    pub(super) fn send(&mut self, number: u32, to: Endpoint, bytes: Vec<u8>) {
        self.after.push(Effect::Send { number, to, bytes });
    }

    pub(super) fn carry(&mut self, part: Vec<u8>) {
        self.after.push(Effect::Carry(part));
    }

    /// Everything is erased; what this turn would have stored or sent is not.
    pub(super) fn wipe(&mut self, then: Vec<Write>) {
        self.wiped = Some(then);
        self.after.retain(|effect| matches!(effect, Effect::Report(_)));
    }

    /// The effects: the batch first, then the rest in its order.
    pub(super) fn finish(self, device: &Device) -> Vec<Effect> {
        if let Some(then) = self.wiped {
            return std::iter::once(Effect::Wipe(then)).chain(self.after).collect();
        }
        let hot = self.changed.into_iter().map(|key| match device.row(&key) {
            Some(bytes) => Write::Put(key, bytes),
            None => Write::Delete(key),
        });
        let cold = self.cold.into_iter().map(|(key, bytes)| match bytes {
            Some(bytes) => Write::Put(key, bytes),
            None => Write::Delete(key),
        });
        let batch: Vec<Write> = hot.chain(cold).collect();
        let store = (!batch.is_empty()).then_some(Effect::Store(batch));
        store.into_iter().chain(self.after).collect()
    }
}

impl Device {
    /// The bytes of a hot row as it stands.
    fn row(&self, key: &Key) -> Option<Vec<u8>> {
        fn some<T: Encode<()>>(value: Option<&T>) -> Option<Vec<u8>> {
            value.map(to_cbor)
        }
        match key {
            Key::Identity => some(self.identity.as_ref()),
            Key::Progress => some(Some(&self.progress)),
            Key::Entry(document) => some(self.entries.get(document)),
            Key::Work(sequence) => some(self.works.get(sequence)),
            Key::Parcel(counter) => some(self.parcels.get(counter)),
            Key::Aside(sequence) => some(self.aside.get(sequence)),
            Key::Read(document) => some(self.reads.get(document)),
            Key::Fed(number) => some(self.fed.get(number)),
            Key::Wiped => some(self.wiped.as_ref()),
            _ => None,
        }
    }
}
