//! Vetting: everything about a request that needs no document and no order.
//!
//! Runs beside the writer, on as many requests at once as there are workers: decoding, the lease, signatures, opening
//! what was sealed to the hub (from here on it is a parcel like any other), counts, each change's bytes and commitments.
//! What it refuses never reaches the writer.

use sync_protocol::crypto::{PublicKey, Signature};
use sync_protocol::gate::{self, Code, InspectedChange, Rejection};
use sync_protocol::ids::{ActorPrefix, Hash, Millis};
use sync_protocol::limits::{
    MARKS_MAX, REPAIR_BUCKETS, REQUEST_PARCELS_MAX, RETURN_DOCUMENTS_MAX, WANTS_DOCUMENTS_MAX,
};
use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::codec::{self, CodecError, Message, Raw};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::parcel::{OpenedParcel, Parcel, ParcelError};
use thiserror::Error;

use super::published::{Shared, Spent};
use super::returning::{VettedReturns, vet_returns};
use crate::limits::{CHANGE_WEIGHT_MIN, DOCUMENT_WEIGHT, REQUEST_WEIGHT_MAX};

/// Why a request gets no answer of the hub but an error. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Not a message of this protocol.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The lease was never issued by this hub.
    #[error("this hub has issued no lease with prefix {0}: enrol the device with a new invitation")]
    LeaseUnknown(ActorPrefix),
    /// A limit of the request is exceeded.
    #[error("the request has {found} {what}, at most {max} are accepted: send the rest in further requests")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are accepted.
        max: usize,
    },
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Codec(error) => error.code(),
            Self::LeaseUnknown(_) => "lease-unknown",
            Self::TooMany { .. } => "request-too-many",
        }
    }
}

/// A parcel that is one piece of its lease's work.
#[derive(Debug)]
pub struct VettedParcel {
    /// Manifest, contents, statements.
    pub opened: OpenedParcel,
    /// The manifest as signed.
    pub manifest: Raw,
    /// The signature.
    pub signature: Signature,
    /// For each document: its changes, looked at one by one. The manifest commits to all of them.
    pub changes: Vec<Vec<Result<InspectedChange, Rejection>>>,
}

/// A vetted request.
#[derive(Debug)]
pub struct Vetted {
    /// The request without its parcels.
    pub request: ExchangeRequest,
    /// The lease's key.
    pub key: PublicKey,
    /// Whether the token is this lease's and in force.
    pub token_fits: bool,
    /// Its parcels, or why one was refused whole.
    pub parcels: Vec<Result<VettedParcel, (Hash, ParcelError)>>,
    /// What it gives back of others' work.
    pub returns: VettedReturns,
    /// The lease, which this hub had signed and does not know.
    pub readmitted: Option<SignedLease>,
}

/// Vets a request's bytes.
///
/// # Errors
/// [`RequestError`]: the whole request is refused.
pub fn vet(bytes: &[u8], shared: &Shared, now: Millis) -> Result<Vetted, RequestError> {
    let body = codec::unframe(Message::ExchangeRequest, bytes)?;
    shared.spent.unpacked(body.len());
    vet_request(codec::from_cbor(&body)?, shared, now)
}

/// Vets a request, however it came.
///
/// # Errors
/// As [`vet`].
pub fn vet_request(mut request: ExchangeRequest, shared: &Shared, now: Millis) -> Result<Vetted, RequestError> {
    let at_most = |what, found, max| {
        if found > max { Err(RequestError::TooMany { what, found, max }) } else { Ok(()) }
    };
    at_most("parcels", request.parcels.len(), REQUEST_PARCELS_MAX)?;
    at_most("wanted documents", request.wants.len(), WANTS_DOCUMENTS_MAX)?;
    if let Some(repair) = &request.repair {
        at_most("repair buckets", repair.buckets.len(), REPAIR_BUCKETS)?;
    }
    if let Some(marks) = &request.marks {
        at_most("marks", marks.earlier.len(), MARKS_MAX)?;
    }
    let returned = request.returns.iter().map(|returned| returned.documents.len()).sum();
    at_most("returned documents", returned, RETURN_DOCUMENTS_MAX)?;
    // Copied, so that the writer never waits for signatures being checked here; without the lease's counters, of which
    // there is one for each parcel that it ever sent.
    let lease = shared.directory().leases.get(&request.lease).map(|state| state.lease.clone());
    let (lease, readmitted) = match lease {
        Some(lease) => (lease, None),
        None => {
            // Only this hub's key makes leases: one that it does not know it has lost.
            let signed = request.signed_lease.take().ok_or(RequestError::LeaseUnknown(request.lease))?;
            let lease = signed.verify(&shared.keyring.hub_key().public()).ok();
            let lease = lease.filter(|lease| lease.prefix == request.lease);
            (lease.ok_or(RequestError::LeaseUnknown(request.lease))?, Some(signed))
        }
    };
    let token_fits = request.token.as_ref().is_some_and(|token| shared.opens(request.lease, token, now));
    let mut room = Room { taken: 0, spent: &shared.spent };
    let mut parcels = Vec::with_capacity(request.parcels.len());
    for parcel in std::mem::take(&mut request.parcels) {
        let hash = parcel.hash();
        parcels
            .push(vet_parcel(parcel, &lease, shared.keyring.sealing_key(), &mut room)?.map_err(|error| (hash, error)));
    }
    let hub = shared.keyring.hub_key().public();
    // Taken from who has a token or proves the key for one: for nobody else are its proofs looked at.
    let may_return = token_fits || request.renewal.is_some();
    let returns = std::mem::take(&mut request.returns).into_iter().filter(|_| may_return).collect();
    let returns = vet_returns(returns, &hub, request.lease, &mut room)?;
    Ok(Vetted { request, key: lease.key, token_fits, parcels, returns, readmitted })
}

/// What a request weighs unpacked: a change may be deflated within a message that is deflated itself, so that some
/// kilobytes on the wire are gigabytes here.
pub(super) struct Room<'a> {
    taken: usize,
    spent: &'a Spent,
}

impl Room<'_> {
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), RequestError> {
        self.taken += bytes;
        self.spent.unpacked(bytes);
        let (what, found, max) = ("bytes of work when unpacked", self.taken, REQUEST_WEIGHT_MAX);
        if found > max { Err(RequestError::TooMany { what, found, max }) } else { Ok(()) }
    }
}

/// What one inspected change weighs: at least what saying its fate takes.
pub(super) fn change_weight(change: &Result<InspectedChange, Rejection>) -> usize {
    change.as_ref().map_or(0, |change| change.raw.len()).max(CHANGE_WEIGHT_MIN)
}

/// What is beside the changes.
fn frame_weight(manifest: &Raw, opened: &OpenedParcel) -> usize {
    let statements = opened.statements.iter().map(|stated| stated.statement.0.len() + CHANGE_WEIGHT_MIN);
    manifest.0.len() + opened.documents.len() * DOCUMENT_WEIGHT + statements.sum::<usize>()
}

impl VettedParcel {
    /// Bytes that it takes in the log, at most.
    #[must_use]
    pub fn weight(&self) -> usize {
        let changes = self.changes.iter().flatten().map(change_weight);
        frame_weight(&self.manifest, &self.opened) + changes.sum::<usize>()
    }
}

fn vet_parcel(
    parcel: Parcel,
    lease: &Lease,
    sealing: Option<&SealingKey>,
    room: &mut Room<'_>,
) -> Result<Result<VettedParcel, ParcelError>, RequestError> {
    let (manifest, signature) = (parcel.manifest.clone(), parcel.signature);
    let opened = match parcel.open(lease, sealing) {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    room.take(frame_weight(&manifest, &opened))?;
    let mut changes = Vec::with_capacity(opened.documents.len());
    for (index, content) in opened.documents.iter().enumerate() {
        let mut inspected = Vec::with_capacity(content.changes.len());
        for raw in &content.changes {
            let change = gate::inspect(raw.as_ref());
            room.take(change_weight(&change))?;
            inspected.push(change);
        }
        let hash_of = |(raw, change): (&Raw, &Result<InspectedChange, Rejection>)| match change {
            Ok(change) => change.hash,
            Err(_) => gate::change_hash(raw.as_ref()),
        };
        let hashes: Vec<_> = content.changes.iter().zip(&inspected).map(hash_of).collect();
        // What stands before the hashed bytes of a change is under no signature: it shows here only.
        let damaged = |change: &Result<InspectedChange, Rejection>| matches!(change, Err(rejection) if matches!(rejection.code, Code::Magic | Code::Checksum));
        // Not kept: the whole parcel may still come, and gets its own fates then.
        if inspected.iter().any(damaged) || !opened.commits_to(index, &hashes) {
            return Ok(Err(ParcelError::Contents(index)));
        }
        changes.push(inspected);
    }
    Ok(Ok(VettedParcel { opened, manifest, signature, changes }))
}
