//! The driver: does what the state machine says on a store, and hands out what is for the network and the person.
//!
//! Synchronous and without a clock of its own, so that the simulation drives the same code. After a failed write the
//! device in memory is dropped and opened again from the store, which alone knows what is true.

use sync_protocol::device::{Device, Effect, Endpoint, Event, Inputs, Key, Report, RowError, Rows};
use sync_protocol::ids::Millis;
use thiserror::Error;

use super::store::{FieldStore, StoreError};
use crate::limits::FIELD_LOADS_PER_EVENT_MAX;
use crate::random::{Random, draw};

/// A request to be posted; its answer comes back as [`Event::Answer`], [`Event::TurnedAway`] or [`Event::Failed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// To match the answer.
    pub number: u32,
    /// Where to.
    pub to: Endpoint,
    /// The body.
    pub bytes: Vec<u8>,
}

/// What one event led to.
#[derive(Debug, Default)]
pub struct Step {
    /// To be posted; at most one at a time is under way.
    pub outgoing: Option<Outgoing>,
    /// CBOR of a part of a courier file.
    pub carried: Option<Vec<u8>>,
    /// For the person.
    pub reports: Vec<Report>,
}

/// Why an event had no effect.
#[derive(Debug, Error)]
pub enum DriverError {
    /// The store failed; the device was opened again from it, or must be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds something that cannot be read.
    #[error(transparent)]
    Row(#[from] RowError),
}

/// A device and its store.
pub struct Driver<S> {
    device: Device,
    store: S,
    random: Box<dyn Random>,
}

impl<S: FieldStore> Driver<S> {
    /// Opens a device from its store.
    ///
    /// # Errors
    /// [`DriverError`].
    pub fn open(mut store: S, mut random: Box<dyn Random>, now: Millis) -> Result<Self, DriverError> {
        let inputs = Inputs { now, seed: draw(&mut *random) };
        let device = Device::open(store.hot_rows()?, &inputs)?;
        Ok(Self { device, store, random })
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The store.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// The store alone, as after a restart.
    #[must_use]
    pub fn into_store(self) -> S {
        self.store
    }

    /// Hands in an event and does what follows, up to the network.
    ///
    /// # Errors
    /// [`DriverError`]: nothing that was not stored has happened, and the device was opened again.
    pub fn handle(&mut self, event: Event, now: Millis) -> Result<Step, DriverError> {
        let mut step = Step::default();
        let mut next = Some(event);
        for _ in 0..FIELD_LOADS_PER_EVENT_MAX {
            let Some(event) = next.take() else { break };
            let inputs = Inputs { now, seed: draw(&mut *self.random) };
            for effect in self.device.handle(event, &inputs) {
                match effect {
                    Effect::Store(batch) => {
                        if let Err(error) = self.store.write(&batch) {
                            self.reopen(now)?;
                            return Err(error.into());
                        }
                    }
                    Effect::Load(keys) => match self.load(keys) {
                        Ok(rows) => next = Some(Event::Loaded(rows)),
                        Err(error) => {
                            self.reopen(now)?;
                            return Err(error.into());
                        }
                    },
                    Effect::Send { number, to, bytes } => step.outgoing = Some(Outgoing { number, to, bytes }),
                    Effect::Carry(part) => step.carried = Some(part),
                    Effect::Wipe(then) => {
                        if let Err(error) = self.store.wipe(&then) {
                            self.reopen(now)?;
                            return Err(error.into());
                        }
                    }
                    Effect::Report(report) => step.reports.push(report),
                }
            }
        }
        Ok(step)
    }

    fn load(&mut self, keys: Vec<Key>) -> Result<Rows, StoreError> {
        keys.into_iter().map(|key| self.store.load(&key).map(|row| (key, row))).collect()
    }

    fn reopen(&mut self, now: Millis) -> Result<(), DriverError> {
        let inputs = Inputs { now, seed: draw(&mut *self.random) };
        self.device = Device::open(self.store.hot_rows()?, &inputs)?;
        Ok(())
    }
}
