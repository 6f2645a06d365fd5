//! A locked device: whoever holds it sends what its user sealed to the hub, without the key file.
//!
//! What that takes stands outside the encryption: the [`Door`] (which lease, which hub, where) and the sealed parcels.
//! Which of them are sent and what became of them is `sync_protocol::device::locked`; nothing is removed here, the
//! unlocked device does that when the hub tells it of its work itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use minicbor::{Decode, Encode};
use serde::Serialize;
use sync_protocol::crypto::PublicKey;
use sync_protocol::device::Endpoint;
use sync_protocol::device::locked::{Locked, SealedFate};
use sync_protocol::ids::ActorPrefix;
use sync_protocol::sealing::SealingPublic;
use sync_protocol::wire::codec::{Raw, from_cbor};

use super::client::{Dial, HubClient, Traffic};
use super::session::{FieldError, measured};
use super::store::SqliteStore;
use crate::limits::FIELD_FIRST_BUDGET_BYTES;

/// What a locked device knows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Door {
    /// Whose parcels they are.
    #[n(0)]
    pub lease: ActorPrefix,
    /// The key that signs the hub's answers.
    #[n(1)]
    pub hub: PublicKey,
    /// The hub's address.
    #[n(2)]
    pub url: String,
    /// The certificate of the hub's authority, where it was given one: PEM.
    #[n(3)]
    pub authority: Option<Raw>,
    /// What courier files are sealed to; none where the device was enrolled before there were any.
    #[n(4)]
    pub sealing: Option<SealingPublic>,
}

/// What stands outside a store's encryption.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// CBOR of a [`Door`]; none before the device is enrolled.
    pub door: Option<Vec<u8>>,
    /// The sealed parcels, by counter.
    pub sealed: Vec<(u64, Vec<u8>)>,
    /// The row of the courier files that were made without the key file, if any were.
    pub series: Option<Vec<u8>>,
}

/// What became of sealed parcels.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SealedReport {
    /// How many the hub has, now or from before.
    pub kept: usize,
    /// Counters of those that must wait for other work, such as a colleague's: send again after that.
    pub waits: Vec<u64>,
    /// Those that the hub does not take.
    pub refused: Vec<RefusedParcel>,
    /// Counters of those that cannot be read here.
    pub damaged: Vec<u64>,
    /// Whether the hub orders everything on this device to be erased at once: its key file and its folder.
    pub to_be_erased: bool,
    /// What the link carried.
    pub traffic: Traffic,
}

/// A sealed parcel that the hub does not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedParcel {
    /// Its counter.
    pub counter: u64,
    /// The stable code.
    pub code: String,
    /// What was wrong.
    pub sentence: String,
}

/// Sends what is sealed in a folder. It may be repeated: what the hub has is not kept twice.
///
/// # Errors
/// [`FieldError`]: there is no device, it was never enrolled, or not everything could be sent.
pub async fn send_sealed(dir: &Path, dial: Arc<dyn Dial>) -> Result<SealedReport, FieldError> {
    let Outside { door, sealed, .. } = SqliteStore::outside(dir)?;
    let none = || FieldError::NotEnrolled("this device knows no hub that anything could be sealed to".to_owned());
    let door: Door = door.and_then(|door| from_cbor(&door).ok()).ok_or_else(none)?;
    let authority = door.authority.as_ref().map(AsRef::as_ref);
    let mut client = HubClient::trusting(&door.url, dial, authority)?;
    let mut locked = Locked::new(door.lease, door.hub, sealed);
    let mut budget = FIELD_FIRST_BUDGET_BYTES;
    while let Some(request) = locked.request(budget) {
        let before = client.traffic();
        let started = Instant::now();
        let answer = client.post(Endpoint::Exchange, request).await.map_err(|error| error.to_string());
        answer.and_then(|answer| locked.answer(&answer)).map_err(|reason| {
            let (sent, left) = (locked.fates().len(), locked.left());
            FieldError::SyncFailed(format!("{sent} sealed parcels were answered, {left} are left: {reason}"))
        })?;
        let carried = client.traffic().bytes_up - before.bytes_up;
        budget = measured(budget, carried, started.elapsed().as_millis());
    }
    Ok(report(&locked, client.traffic()))
}

fn report(locked: &Locked, traffic: Traffic) -> SealedReport {
    let mut report = SealedReport {
        damaged: locked.damaged().collect(),
        to_be_erased: locked.is_to_be_erased(),
        traffic,
        ..SealedReport::default()
    };
    for (counter, fate) in locked.fates() {
        match fate {
            SealedFate::Kept { .. } => report.kept += 1,
            SealedFate::Waits => report.waits.push(*counter),
            SealedFate::Refused { code, sentence } => {
                report.refused.push(refused_of(*counter, code, sentence));
            }
        }
    }
    report
}

/// In words.
pub(super) fn refused_of(counter: u64, code: &str, sentence: &str) -> RefusedParcel {
    RefusedParcel { counter, code: code.to_owned(), sentence: sentence.to_owned() }
}
