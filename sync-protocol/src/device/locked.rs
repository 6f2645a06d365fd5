//! A locked device: what is sealed to the hub is sent by whoever holds it, without passphrase, key or token.
//!
//! For a shell that has the rows of [`Key::Sealed`](super::Key::Sealed), the lease's prefix and the hub's signing key, and
//! nothing else: one [`Locked`] for each user of the device. Pure, like everything here: [`Locked::request`] makes a frame
//! of what fits the link, [`Locked::answer`] reads what became of it, until no request is left. It pushes only: no cursor,
//! no wants, no decisions; of what the hub orders, it hears only that everything is to be erased at once. Rows are never changed or removed here: their
//! owner's device does so once it is told of its work itself, or the shell, when a second copy exists
//! ([`Locked::copied`]).

use std::collections::{BTreeMap, BTreeSet};

use super::courier::{Series, not_ours, part_of};
use super::event::Draw;
use crate::crypto::PublicKey;
use crate::ids::{ActorPrefix, Hash, Position};
use crate::limits::{COURIER_PARCELS_MAX, REQUEST_PARCELS_MAX};
use crate::sealing::SealingPublic;
use crate::wire::answer::{Answer, Fate, Order, ParcelReceipt, WipeWhen};
use crate::wire::codec::{Message, frame, from_cbor, read, to_cbor};
use crate::wire::courier::{CourierPart, Place};
use crate::wire::exchange::ExchangeRequest;
use crate::wire::parcel::Parcel;

/// What became of one sealed parcel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum SealedFate {
    /// The hub has all of it: applied, held for a person, known before, or erased. It need not be sent again.
    Kept {
        /// Where it stands in the log.
        position: Position,
    },
    /// Some of it must wait for other work, such as a colleague's: to be sent again after that.
    Waits,
    /// The hub does not take some or all of it: sending it again changes nothing, the unlocked device does better.
    Refused {
        /// The stable code.
        code: String,
        /// What was wrong.
        sentence: String,
    },
}

/// One user's sealed parcels, while the device is locked.
#[derive(Debug)]
pub struct Locked {
    lease: ActorPrefix,
    hub: PublicKey,
    /// Still to be sent, by counter.
    rows: BTreeMap<u64, (Parcel, usize)>,
    /// On their way.
    sent: BTreeMap<Hash, u64>,
    fates: BTreeMap<u64, SealedFate>,
    /// Rows that are no parcels.
    damaged: BTreeSet<u64>,
    copied_to: Position,
    to_be_erased: bool,
}

impl Locked {
    /// From what a locked device has: the rows' counters and bytes, in any order.
    pub fn new(lease: ActorPrefix, hub: PublicKey, rows: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Self {
        let mut locked = Self {
            lease,
            hub,
            rows: BTreeMap::new(),
            sent: BTreeMap::new(),
            fates: BTreeMap::new(),
            damaged: BTreeSet::new(),
            copied_to: Position::START,
            to_be_erased: false,
        };
        for (counter, bytes) in rows {
            match from_cbor::<Parcel>(&bytes) {
                Ok(parcel) => drop(locked.rows.insert(counter, (parcel, bytes.len()))),
                Err(_) => drop(locked.damaged.insert(counter)),
            }
        }
        locked
    }

    /// The next request, oldest first, with as much as `budget` bytes carry: at least one parcel. A whole frame for
    /// `POST /v1/exchange`; `None` when everything was sent. What was on its way and got no answer is sent again.
    pub fn request(&mut self, budget: u32) -> Option<Vec<u8>> {
        let mut bytes = 0;
        let fits = |(_, (_, size)): &(&u64, &(Parcel, usize))| {
            let first = bytes == 0;
            bytes += size;
            first || bytes <= budget as usize
        };
        let chosen: Vec<(u64, Parcel)> = self
            .rows
            .iter()
            .take(REQUEST_PARCELS_MAX)
            .take_while(fits)
            .map(|(counter, (parcel, _))| (*counter, parcel.clone()))
            .collect();
        if chosen.is_empty() {
            return None;
        }
        self.sent = chosen.iter().map(|(counter, parcel)| (parcel.hash(), *counter)).collect();
        let request = self.pushing(chosen.into_iter().map(|(_, parcel)| parcel).collect());
        Some(frame(Message::ExchangeRequest, &request))
    }

    fn pushing(&self, parcels: Vec<Parcel>) -> ExchangeRequest {
        ExchangeRequest {
            lease: self.lease,
            token: None,
            cursor: None,
            parcels,
            budget: 0,
            wants: Vec::new(),
            repair: None,
            renewal: None,
            configuration: 0,
            decided_to: Position::START,
            marks: None,
            returns: Vec::new(),
            signed_lease: None,
        }
    }

    /// What is still to be sent as the next part of a courier file, the oldest first, with at most `room` bytes of parcels;
    /// and the row of the series, to be stored before the part is given away. `series`: that row, from the last time.
    /// `None` when nothing is to be sent. `seed`: 32 fresh random bytes.
    ///
    /// # Errors
    /// For the person, when the hub's key is none.
    pub fn export(
        &self,
        place: &Place,
        hub: &SealingPublic,
        series: Option<&[u8]>,
        room: u32,
        seed: [u8; 32],
    ) -> Result<Option<(CourierPart, Vec<u8>)>, String> {
        let mut bytes = 0;
        let fits = |(_, (_, size)): &(&u64, &(Parcel, usize))| {
            let first = bytes == 0;
            bytes += size;
            first || bytes <= room as usize
        };
        let chosen = self.rows.iter().take(COURIER_PARCELS_MAX).take_while(fits);
        let parcels: Vec<Parcel> = chosen.map(|(_, (parcel, _))| parcel.clone()).collect();
        if parcels.is_empty() {
            return Ok(None);
        }
        let mut draw = Draw::new(seed);
        let none = || "the hub's key is none: unlock this device once".to_owned();
        let stored = series.and_then(|bytes| from_cbor::<Series>(bytes).ok());
        let mut series = match stored {
            Some(series) => series,
            None => Series::begin(&mut || draw.bytes()).ok_or_else(none)?,
        };
        let part = series.next(place, parcels, self.pushing(Vec::new()), hub, draw.bytes());
        Ok(Some((part.map_err(|_| none())?, to_cbor(&series))))
    }

    /// Reads a return file as an answer to everything that is sealed; says which numbers of the series have not come to
    /// the hub, as first and last of each run. `series`: the row that [`Locked::export`] gave.
    ///
    /// # Errors
    /// For the person, when it is no answer to a file that was made here while the device was locked.
    pub fn take(&mut self, file: &[u8], series: &[u8]) -> Result<Vec<(u64, u64)>, String> {
        let (file, index) = part_of(file, self.lease)?;
        let series = from_cbor::<Series>(series).map_err(|error| error.to_string())?;
        let reply = series.open(&file, index).ok_or_else(not_ours)??;
        self.sent = self.rows.iter().map(|(counter, (parcel, _))| (parcel.hash(), *counter)).collect();
        self.answer(reply.answer.as_ref())?;
        Ok(reply.missing)
    }

    /// Reads the answer to the last request: what it names is not sent again, except what waits.
    ///
    /// # Errors
    /// For the person, when the hub did not sign it, it is for another lease, or it answers nothing of what was sent; then
    /// nothing of it was used and the request may be repeated.
    pub fn answer(&mut self, bytes: &[u8]) -> Result<(), String> {
        let answer: Answer = read(Message::Answer, bytes).map_err(|error| error.to_string())?;
        let (receipt, rest) = answer.open(&self.hub).map_err(|error| error.to_string())?;
        if receipt.lease != self.lease {
            return Err("the answer is for another device; nothing of it was used: please send again".to_owned());
        }
        let fates: Vec<(u64, SealedFate)> = receipt
            .parcels
            .iter()
            .filter_map(|parcel| Some((*self.sent.get(&parcel.manifest)?, fate(parcel))))
            .collect();
        if fates.is_empty() {
            return Err("the answer is about nothing that was sent: please send again".to_owned());
        }
        for (counter, fate) in fates {
            self.rows.remove(&counter);
            self.fates.insert(counter, fate);
        }
        self.sent.clear();
        self.copied_to = receipt.copied_to;
        self.to_be_erased = rest.orders.contains(&Order::Wipe { when: WipeWhen::AtOnce });
        Ok(())
    }

    /// What became of each parcel that the hub answered, by counter.
    #[must_use]
    pub fn fates(&self) -> &BTreeMap<u64, SealedFate> {
        &self.fates
    }

    /// How many are still to be sent.
    #[must_use]
    pub fn left(&self) -> usize {
        self.rows.len()
    }

    /// Counters of rows that cannot be read: damaged on the device. The others are sent all the same.
    pub fn damaged(&self) -> impl Iterator<Item = u64> + '_ {
        self.damaged.iter().copied()
    }

    /// Whether the hub's last answer orders everything of this user on the device to be erased at once: it is in wrong
    /// hands. A shell obeys without unlocking it.
    #[must_use]
    pub const fn is_to_be_erased(&self) -> bool {
        self.to_be_erased
    }

    /// Counters of what is kept at the hub and exists there a second time: these rows may be removed by a shell that knows
    /// that their owner will never unlock the device.
    pub fn copied(&self) -> impl Iterator<Item = u64> + '_ {
        self.fates.iter().filter_map(|(counter, fate)| match fate {
            SealedFate::Kept { position } if *position <= self.copied_to => Some(*counter),
            _ => None,
        })
    }
}

/// The worst of its changes' fates: what is refused comes before what waits, and that before what is kept.
fn fate(parcel: &ParcelReceipt) -> SealedFate {
    let refused =
        |code: &str, sentence: &str| SealedFate::Refused { code: code.to_owned(), sentence: sentence.to_owned() };
    if let Some((code, sentence)) = &parcel.refused {
        return refused(code, sentence);
    }
    let runs = || parcel.documents.iter().flat_map(|document| &document.runs);
    for run in runs() {
        if let Fate::Refused(code, sentence) = &run.fate {
            return refused(code, sentence);
        }
    }
    match parcel.position {
        Some(position) if runs().all(|run| run.fate.is_kept()) => SealedFate::Kept { position },
        _ => SealedFate::Waits,
    }
}
