//! Courier files: an exchange for each part, from the file's bytes to those of the return file.
//!
//! [`open`] reads a file, opens every ask and vets every parcel before anything is done: what is refused is refused whole,
//! and nothing was changed. What there is to commit then goes to the writer like that of any exchange, in requests of the
//! usual size; [`answer`] makes the return file. A file that comes again is answered again and writes nothing. Files are
//! numbered by their device: which numbers have not come stands in the directory ([`super::directory`]) and in the reply.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use sync_protocol::crypto::CryptoError;
use sync_protocol::ids::{ActorPrefix, Hash, Millis, Position};
use sync_protocol::limits::{COURIER_FEED_BYTES_MAX, REQUEST_PARCELS_MAX};
use sync_protocol::wire::answer::{Fate, ParcelReceipt};
use sync_protocol::wire::courier::{
    Ask, CourierError, CourierFile, CourierPart, Reply, ReturnFile, ReturnPart, hub_tag,
};
use sync_protocol::wire::exchange::ExchangeRequest;
use thiserror::Error;
use utoipa::ToSchema;

use super::exchange::{self, Pending, Written};
use super::fact::{By, Fact};
use super::published::Shared;
use super::vet::{RequestError, VettedParcel};
use super::writer::{Fatal, Job};
use crate::limits::COURIER_WEIGHT_MAX;
use crate::random::{Random, draw};

/// Why a file is refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdmitError {
    /// The file, or a part of it.
    #[error(transparent)]
    Courier(#[from] CourierError),
    /// What a part carries.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl AdmitError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Courier(error) => error.code(),
            Self::Request(error) => error.code(),
        }
    }
}

/// A file that is accepted.
pub struct Opened {
    hash: Hash,
    /// Its parts, in its order.
    pub parts: Vec<OpenedPart>,
}

/// A part of it, vetted.
pub struct OpenedPart {
    part: CourierPart,
    ask: Ask,
    pending: Pending,
    /// What there is to commit, request by request.
    pub jobs: Vec<Vec<Job>>,
}

/// What became of a file, for whoever brought it. Counts are of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Admitted {
    /// One for each device and user that the file holds work of.
    pub parts: Vec<AdmittedPart>,
    /// The return file, in base64: to be carried back.
    pub return_file: String,
}

/// What became of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdmittedPart {
    /// The lease, by its prefix.
    pub lease: String,
    /// The device's letters on human codes.
    pub letters: String,
    /// The number of the file in the device's series.
    pub number: u64,
    /// Parcels.
    pub parcels: usize,
    /// In the documents, by this file or when the same parcel came before.
    pub applied: u64,
    /// There already, by other parcels.
    pub known: u64,
    /// Held for a person.
    pub held: u64,
    /// To be sent again after other work.
    pub waiting: u64,
    /// Of erased documents: not kept.
    pub erased: u64,
    /// Not taken.
    pub refused: u64,
    /// Parcels that were refused whole: code and sentence.
    pub refused_parcels: Vec<(String, String)>,
    /// Numbers of the series that have not come, as first and last of each run.
    pub missing: Vec<(u64, u64)>,
}

/// Reads, opens and vets a file.
///
/// # Errors
/// [`AdmitError`]: the file is refused whole.
pub fn open(shared: &Shared, bytes: &[u8], now: Millis) -> Result<Opened, AdmitError> {
    let (mut file, hash) = CourierFile::from_bytes(bytes)?;
    let sealing = shared.keyring.sealing_key().ok_or(CourierError::Hub)?;
    if file.hub != hub_tag(&shared.keyring.hub_key().public()) {
        return Err(CourierError::Hub.into());
    }
    let mut asks = Vec::with_capacity(file.parts.len());
    for (index, part) in file.parts.iter().enumerate() {
        let ask = part.open(&file.place(index), sealing)?;
        let twice = file.parts[..index].iter().any(|before| before.lease == part.lease);
        if twice || ask.reply_to.check().is_err() {
            return Err(CourierError::Inside(index, "no device writes it so".to_owned()).into());
        }
        asks.push(ask);
    }
    let mut parts = Vec::with_capacity(asks.len());
    let mut weight = 0;
    for (part, ask) in std::mem::take(&mut file.parts).into_iter().zip(asks) {
        let opened = vet(shared, part, ask, now, &mut weight)?;
        parts.push(opened);
    }
    Ok(Opened { hash, parts })
}

/// Vets a part as so many requests of the usual size; the last one asks what the device asks.
fn vet(
    shared: &Shared,
    part: CourierPart,
    ask: Ask,
    now: Millis,
    weight: &mut usize,
) -> Result<OpenedPart, RequestError> {
    let mut chunks: Vec<_> = part.parcels.chunks(REQUEST_PARCELS_MAX).map(<[_]>::to_vec).collect();
    let last = chunks.pop().unwrap_or_default();
    let mut jobs = Vec::with_capacity(chunks.len() + 1);
    let mut before: Option<Pending> = None;
    let pushes = chunks.into_iter().map(|parcels| ExchangeRequest { parcels, ..pushing(part.lease) });
    for request in pushes.chain([ExchangeRequest { parcels: last, ..ask.request.clone() }]) {
        let (pending, own) = exchange::receive_request(shared, request, now)?;
        *weight += own.iter().map(unpacked).sum::<usize>();
        if *weight > COURIER_WEIGHT_MAX {
            let (what, found, max) = ("bytes of work when unpacked", *weight, COURIER_WEIGHT_MAX);
            return Err(RequestError::TooMany { what, found, max });
        }
        jobs.push(own);
        before = Some(match before {
            Some(before) => before.then(pending),
            None => pending,
        });
    }
    let pending = before.ok_or(RequestError::LeaseUnknown(part.lease))?;
    Ok(OpenedPart { part, ask, pending, jobs })
}

/// Bytes of work in a job.
fn unpacked(job: &Job) -> usize {
    match job {
        Job::Parcels { parcels, .. } => parcels.iter().flatten().map(VettedParcel::weight).sum(),
        Job::Returns { returns, .. } => returns.weight(),
        _ => 0,
    }
}

/// A request that sends parcels and asks for nothing.
fn pushing(lease: ActorPrefix) -> ExchangeRequest {
    ExchangeRequest {
        lease,
        token: None,
        cursor: None,
        parcels: Vec::new(),
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

impl OpenedPart {
    /// The lease, if the part proved that it is its own.
    #[must_use]
    pub fn proved(&self) -> Option<ActorPrefix> {
        self.pending.proved()
    }

    /// That this number of the series has come, if that is news and the part is the lease's own.
    #[must_use]
    pub fn news(&self, shared: &Shared) -> Option<Job> {
        let (lease, Ask { series, number, .. }) = (self.proved()?, &self.ask);
        let news = shared.directory().couriers.is_news(lease, *series, *number);
        let fact = Fact::Couriered { lease, series: *series, number: *number, part: self.part.hash() };
        news.then_some(Job::Fact(fact, By::Lease(lease)))
    }

    fn told(&self, shared: &Shared, receipts: &[ParcelReceipt]) -> AdmittedPart {
        let directory = shared.directory();
        let lease = self.part.lease;
        let letters = directory.leases.get(&lease).map(|state| state.lease.letters.clone()).unwrap_or_default();
        let mut told = AdmittedPart {
            lease: lease.to_string(),
            letters,
            number: self.ask.number,
            parcels: receipts.len(),
            missing: directory.couriers.missing(lease, self.ask.series),
            refused_parcels: receipts.iter().filter_map(|receipt| receipt.refused.clone()).collect(),
            ..AdmittedPart::default()
        };
        for run in receipts.iter().flat_map(|receipt| &receipt.documents).flat_map(|document| &document.runs) {
            let count = match &run.fate {
                Fate::Applied => &mut told.applied,
                Fate::Duplicate => &mut told.known,
                Fate::Held(_) => &mut told.held,
                Fate::Waiting(_) => &mut told.waiting,
                Fate::Erased => &mut told.erased,
                Fate::Refused(..) => &mut told.refused,
            };
            *count += u64::from(run.count);
        }
        told
    }
}

/// Makes the return file, after the writer is done. `written`: for each part, in their order.
///
/// # Errors
/// [`Fatal`] when store, log or keyring cannot be read.
pub fn answer(
    shared: &Shared,
    opened: &Opened,
    written: Vec<Written>,
    now: Millis,
    random: &mut dyn Random,
) -> Result<Admitted, Fatal> {
    let (mut parts, mut told) = (Vec::new(), Vec::new());
    let mut room = COURIER_FEED_BYTES_MAX;
    let of = opened.parts.len();
    for (index, (part, written)) in opened.parts.iter().zip(written).enumerate() {
        let of_part = part.told(shared, &written.receipts);
        let pending = part.pending.within(room);
        let answer = exchange::answer(shared, &pending, written, now, random)?;
        room = room.saturating_sub(u32::try_from(answer.len()).unwrap_or(u32::MAX));
        let reply = Reply { number: part.ask.number, missing: of_part.missing.clone(), answer: answer.into() };
        let at = (&opened.hash, index, of);
        let sealed = ReturnPart::seal(at, &part.part, &reply, &part.ask.reply_to, draw(random));
        parts.push(sealed.map_err(|error: CryptoError| {
            Fatal::Entry(sync_protocol::wire::codec::CodecError::Body(error.to_string()))
        })?);
        told.push(of_part);
    }
    let file = ReturnFile { courier: opened.hash, parts };
    Ok(Admitted { parts: told, return_file: BASE64.encode(&file.to_bytes()) })
}
