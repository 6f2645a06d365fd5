//! Courier: an exchange in two files that people carry, where no network comes.
//!
//! [`Event::Export`](super::Event) packs what is unsent, seals it to the hub and gives it as one part of a file, with the
//! request that would have gone over the network; [`Event::Take`](super::Event) reads the answer in a file that came back.
//! Parcels are those that the next sync would send: what comes over both roads is one parcel with one receipt. The file is
//! numbered, and the number stored, before it is given.
//!
//! An answer that was on its way for long is believed for its receipts only: what the hub has said since then stands. It is
//! read whole, feed and all, if nothing was heard of the hub between. It never shows that a hub has lost work: a hub that did
//! says so itself.
//!
//! Owns [`Series`]: the numbers, the key for replies, and what was asked for. Its row is one of the device's own; a device that
//! nobody unlocks has another outside the encryption ([`super::locked`]), with numbers and a key of its own.

use minicbor::{Decode, Encode};

use super::Device;
use super::event::Report;
use super::exchange::{Load, Sync, Waiting};
use super::rows::{Key, Rows};
use super::turn::Turn;
use crate::crypto::CryptoError;
use crate::ids::{ActorPrefix, ChangeHash, DocumentId, Hash, Salt};
use crate::limits::{COURIER_FEED_BYTES_MAX, COURIER_SENT_KEPT_MAX, SEALED_PARCEL_BYTES};
use crate::sealing::{SealingKey, SealingPublic};
use crate::wire::answer::{Answer, DocumentFate, Order, ParcelReceipt, Receipt, Rest, Run, WipeWhen};
use crate::wire::codec::{Message, Raw, from_cbor, read, to_cbor};
use crate::wire::courier::{Ask, CourierPart, Place, Reply, ReturnFile};
use crate::wire::exchange::ExchangeRequest;
use crate::wire::manifest::Manifest;
use crate::wire::parcel::{Contents, Parcel, SealedContents};

/// Draws of a key before its bytes are given up: one in four billion is none.
const KEY_DRAWS: usize = 8;

/// The courier files of one store.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Series {
    #[n(0)]
    id: Salt,
    /// The number of the last file.
    #[n(1)]
    number: u64,
    /// The hash of its part.
    #[n(2)]
    before: Option<Hash>,
    /// Opens replies: the secret key's 32 bytes.
    #[cbor(n(3), with = "minicbor::bytes")]
    secret: [u8; 32],
    /// The last files, oldest first.
    #[n(4)]
    asked: Vec<Asked>,
}

/// What one file asked for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Asked {
    #[n(0)]
    part: Hash,
    #[n(1)]
    cursor: Option<Raw>,
}

impl Series {
    /// A new one. `draw`: fresh random bytes with each call.
    pub(super) fn begin(draw: &mut dyn FnMut() -> [u8; 32]) -> Option<Self> {
        let mut id = [0; Salt::LEN];
        id.copy_from_slice(&draw()[..Salt::LEN]);
        let secret = (0..KEY_DRAWS).map(|_| draw()).find(|bytes| SealingKey::from_bytes(bytes).is_ok())?;
        Some(Self { id: Salt::new(id), number: 0, before: None, secret, asked: Vec::new() })
    }

    fn key(&self) -> Result<SealingKey, CryptoError> {
        SealingKey::from_bytes(&self.secret)
    }

    /// The next part of the series.
    pub(super) fn next(
        &mut self,
        place: &Place,
        parcels: Vec<Parcel>,
        request: ExchangeRequest,
        hub: &SealingPublic,
        draw: [u8; 32],
    ) -> Result<CourierPart, CryptoError> {
        let (lease, cursor) = (request.lease, request.cursor.clone());
        let (series, number, before, reply_to) = (self.id, self.number + 1, self.before, self.key()?.public());
        let ask = Ask { series, number, before, reply_to, request };
        let part = CourierPart::seal(place, lease, parcels, &ask, hub, draw)?;
        self.number = number;
        self.before = Some(part.hash());
        self.asked.push(Asked { part: part.hash(), cursor });
        if self.asked.len() > COURIER_SENT_KEPT_MAX {
            self.asked.remove(0);
        }
        Ok(part)
    }

    fn asked(&self, part: Hash) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.part == part)
    }

    /// Opens the reply to one of these files; `None`: it is not to one of these.
    pub(super) fn open(&self, file: &ReturnFile, index: usize) -> Option<Result<Reply, String>> {
        let part = file.parts.get(index)?;
        self.asked(part.part)?;
        let key = self.key().map_err(|error| error.to_string());
        Some(key.and_then(|key| file.open(index, &key).map_err(|error| error.to_string())))
    }
}

/// The part of a return file that is for this lease.
///
/// # Errors
/// For the person: it is no return file, or of another device.
pub(super) fn part_of(bytes: &[u8], lease: ActorPrefix) -> Result<(ReturnFile, usize), String> {
    let file = ReturnFile::from_bytes(bytes).map_err(|error| error.to_string())?;
    let index = file.parts.iter().position(|part| part.lease == lease);
    Ok((file, index.ok_or_else(not_ours)?))
}

pub(super) fn not_ours() -> String {
    "the return file answers another device's courier file, or one of long ago: nothing of it was used".to_owned()
}

/// A return file, while the store is read.
pub(super) struct TakeJob {
    file: ReturnFile,
    index: usize,
    /// The series outside the encryption, if the file answers one of its files.
    outside: Option<Series>,
}

impl Device {
    pub(super) fn export(&mut self, place: Place, room: u32, turn: &mut Turn) {
        let enrolled = self.identity.as_ref().and_then(|identity| identity.enrolled.as_ref());
        let reason = if self.session.is_none() {
            "this device is not enrolled yet: enrol it with an invitation"
        } else if enrolled.is_none_or(|enrolled| enrolled.sealing.is_none()) {
            "the hub has told this device no key to seal to: it takes no courier files"
        } else if self.sync.is_some() || self.enrolling.is_some() {
            "the device is busy with the hub; please try again"
        } else {
            let replay = self.unsettled_documents();
            let budget = u32::try_from(SEALED_PARCEL_BYTES).unwrap_or(u32::MAX);
            self.sync = Some(Sync::of_file(budget, replay));
            let counters = self.pack_all(room, turn);
            let bytes = counters.iter().map(|counter| Key::ParcelBytes(*counter));
            turn.load(std::iter::once(Key::Courier).chain(bytes).collect());
            self.waiting = Some(Waiting::Export(place, counters));
            return;
        };
        turn.report(Report::NotExported { reason: reason.to_owned() });
    }

    pub(super) fn exported(&mut self, place: &Place, counters: &[u64], rows: &Rows, turn: &mut Turn) {
        let carried = self.carry(place, counters, rows, turn);
        self.sync = None;
        match carried {
            Ok((series, part)) => {
                turn.put(Key::Courier, to_cbor(&series));
                turn.carry(to_cbor(&part));
            }
            Err(reason) => turn.report(Report::NotExported { reason }),
        }
    }

    fn carry(
        &mut self,
        place: &Place,
        counters: &[u64],
        rows: &Rows,
        turn: &mut Turn,
    ) -> Result<(Series, CourierPart), String> {
        let none = || "the device has no key of the hub's: enrol it again".to_owned();
        let enrolled = self.identity.as_ref().and_then(|identity| identity.enrolled.as_ref());
        let hub = enrolled.and_then(|enrolled| enrolled.sealing).ok_or_else(none)?;
        let mut rows = rows.iter().map(|(_, bytes)| bytes.as_deref());
        let stored = rows.next().flatten().and_then(|bytes| from_cbor::<Series>(bytes).ok());
        let mut series = match stored {
            Some(series) => series,
            None => Series::begin(&mut || turn.draw.bytes()).ok_or_else(none)?,
        };
        let mut parcels = Vec::with_capacity(counters.len());
        for (counter, bytes) in counters.iter().zip(rows) {
            match bytes.and_then(|bytes| from_cbor::<Parcel>(bytes).ok()) {
                Some(parcel) => parcels.push(sealed(parcel, &hub, turn).map_err(|error| error.to_string())?),
                // Its bytes are gone: what of it is not receipted is packed again.
                None => self.unpack(*counter, turn),
            }
        }
        let mut request = self.next_request(Load::default()).ok_or_else(none)?;
        request.budget = COURIER_FEED_BYTES_MAX;
        let part = series.next(place, parcels, request, &hub, turn.draw.bytes());
        Ok((series, part.map_err(|error| error.to_string())?))
    }

    /// `outside`: the row of a locked device's series, if the shell has one.
    pub(super) fn take_return(&mut self, bytes: &[u8], outside: Option<&[u8]>, turn: &mut Turn) {
        let Some(lease) = self.lease().map(|lease| lease.prefix) else {
            let reason = "this device is not enrolled yet: enrol it with an invitation".to_owned();
            turn.report(Report::CourierRefused { reason });
            return;
        };
        if self.sync.is_some() || self.enrolling.is_some() {
            let reason = "the device is busy with the hub; please try again".to_owned();
            turn.report(Report::CourierRefused { reason });
            return;
        }
        match part_of(bytes, lease) {
            Ok((file, index)) => {
                let outside = outside.and_then(|bytes| from_cbor::<Series>(bytes).ok());
                let outside = outside.filter(|series| series.asked(file.parts[index].part).is_some());
                let mut keys = vec![Key::Courier];
                if outside.is_some() {
                    keys.extend(self.sealed.keys().map(|counter| Key::Sealed(*counter)));
                }
                turn.load(keys);
                self.waiting = Some(Waiting::Take(Box::new(TakeJob { file, index, outside })));
            }
            Err(reason) => turn.report(Report::CourierRefused { reason }),
        }
    }

    pub(super) fn taken(&mut self, job: &TakeJob, rows: &Rows, turn: &mut Turn) {
        if let Err(reason) = self.read_return(job, rows, turn) {
            self.sync = None;
            turn.report(Report::CourierRefused { reason });
        }
    }

    fn read_return(&mut self, job: &TakeJob, rows: &Rows, turn: &mut Turn) -> Result<(), String> {
        let own = rows.first().and_then(|(_, bytes)| bytes.as_deref());
        let own = own.and_then(|bytes| from_cbor::<Series>(bytes).ok());
        let series = job.outside.as_ref().or(own.as_ref()).ok_or_else(not_ours)?;
        let reply = series.open(&job.file, job.index).ok_or_else(not_ours)??;
        let asked = series.asked(job.file.parts[job.index].part).ok_or_else(not_ours)?;
        let answer: Answer = read(Message::Answer, reply.answer.as_ref()).map_err(|error| error.to_string())?;
        let hub = *self.hub().ok_or("not enrolled")?;
        let (receipt, rest) = answer.open(&hub).map_err(|error| error.to_string())?;
        if self.lease().is_none_or(|lease| lease.prefix != receipt.lease) {
            return Err(not_ours());
        }
        let other_log = self.log() != Some(receipt.log);
        let passed = !other_log && receipt.head < self.progress.head;
        let whole = job.outside.is_none() && !passed && asked.cursor == self.progress.cursor;
        let old = self.progress.synced_at.is_some_and(|known| receipt.at <= known);
        if other_log && (old || !whole) {
            return Err("the hub has gone on with another log: sync once, or export again".to_owned());
        }
        self.sync = Some(Sync::of_file(COURIER_FEED_BYTES_MAX, self.unsettled_documents()));
        if !reply.missing.is_empty() {
            turn.report(Report::CourierMissing { numbers: reply.missing.clone() });
        }
        if whole {
            let bytes = reply.answer.as_ref();
            return self.take_answer(bytes, COURIER_FEED_BYTES_MAX, turn);
        }
        self.take_passed(&receipt, &answer, &rest, passed, turn)?;
        if job.outside.is_some() {
            self.take_sealed_receipts(&receipt, &rows[1..], turn);
        }
        self.go_on(turn);
        Ok(())
    }

    /// What still holds of an answer although the hub was heard since.
    fn take_passed(
        &mut self,
        receipt: &Receipt,
        answer: &Answer,
        rest: &Rest,
        passed: bool,
        turn: &mut Turn,
    ) -> Result<(), String> {
        if !passed && rest.orders.contains(&Order::Wipe { when: WipeWhen::AtOnce }) {
            self.wipe(WipeWhen::AtOnce, turn);
            return Ok(());
        }
        self.take_receipts(receipt, answer, true, turn)
    }

    /// The receipts of what was sent sealed, while nobody had unlocked the device.
    fn take_sealed_receipts(&mut self, receipt: &Receipt, rows: &[(Key, Option<Vec<u8>>)], turn: &mut Turn) {
        for (key, bytes) in rows {
            let Key::Sealed(counter) = key else { continue };
            let Some(parcel) = bytes.as_ref().and_then(|bytes| from_cbor::<Parcel>(bytes).ok()) else { continue };
            let manifest = parcel.hash();
            let Some(told) = receipt.parcels.iter().find(|told| told.manifest == manifest) else { continue };
            if let Ok(manifest) = parcel.manifest.read::<Manifest>() {
                self.take_sealed_receipt(*counter, &manifest, told, turn);
            }
        }
    }

    fn take_sealed_receipt(&mut self, counter: u64, manifest: &Manifest, told: &ParcelReceipt, turn: &mut Turn) {
        // Refused whole: the unlocked device sends its work otherwise.
        let Some(position) = told.position.filter(|_| told.refused.is_none()) else { return };
        let mut applied = 0;
        for (named, fate) in manifest.documents.iter().zip(&told.documents) {
            let changes = self.sealed_changes(counter, named.document);
            if let Some(fate) = fitting(fate, changes.len()) {
                applied += self.take_fate(named.document, &changes, &fate, turn);
            }
        }
        if let Some(sync) = &mut self.sync {
            sync.done.receipted += applied;
        }
        turn.report(Report::Receipted { changes: applied, position });
    }

    /// The open changes of a document that are in this sealed parcel, in its order.
    fn sealed_changes(&self, counter: u64, document: DocumentId) -> Vec<ChangeHash> {
        let of_parcel = self.works_of(document).filter(|work| work.sealed == Some(counter));
        of_parcel.map(|work| work.hash).collect()
    }
}

/// The fates for so many changes that are still open: all of them, or where some were settled since, one for all.
fn fitting(fate: &DocumentFate, open: usize) -> Option<DocumentFate> {
    let all: usize = fate.runs.iter().map(|run| usize::from(run.count)).sum();
    if open == 0 {
        return None;
    }
    if all == open {
        return Some(fate.clone());
    }
    let first = fate.runs.first()?;
    let same = fate.runs.iter().all(|run| run.fate == first.fate) && open < all;
    let run = Run { count: u16::try_from(open).ok()?, fate: first.fate.clone() };
    same.then(|| DocumentFate { runs: vec![run], entered: fate.entered.clone() })
}

/// The same parcel as nobody can read it on the way.
fn sealed(parcel: Parcel, hub: &SealingPublic, turn: &mut Turn) -> Result<Parcel, CryptoError> {
    let manifest = parcel.hash();
    let Contents::Plain { documents, statements } = parcel.contents else { return Ok(parcel) };
    let contents = to_cbor(&SealedContents { documents, statements });
    let sealed = Raw(hub.seal(&contents, &manifest, turn.draw.bytes())?);
    Ok(Parcel { contents: Contents::Sealed(sealed), ..parcel })
}
