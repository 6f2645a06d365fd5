//! Who a device is and how far it has come: the two rows that there is one of.

use minicbor::{Decode, Encode};

use crate::crypto::PublicKey;
use crate::ids::{Channel, DocumentId, Hash, InstallationId, LogId, Millis, Position, Salt, SiteCode};
use crate::sealing::SealingPublic;
use crate::wire::codec::Raw;
use crate::wire::digest::Digest;
use crate::wire::lease::SignedLease;
use crate::wire::returning::Mark;

/// Who this device is.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct Identity {
    #[n(0)]
    pub installation: InstallationId,
    /// The secret key's 32 bytes; the store seals them.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub secret: [u8; 32],
    /// Set once the hub has answered.
    #[n(2)]
    pub enrolled: Option<Enrolled>,
}

#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct Enrolled {
    #[n(0)]
    pub lease: SignedLease,
    #[n(1)]
    pub token: Option<Salt>,
    #[n(2)]
    pub hub: PublicKey,
    #[n(3)]
    pub log: LogId,
    /// What is recorded is sealed to it as well; none: a hub that opens nothing sealed.
    #[n(4)]
    pub sealing: Option<SealingPublic>,
}

/// What moves with every edit or exchange.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(super) struct Progress {
    /// The counter of the last manifest; moves before anything is sent.
    #[n(0)]
    pub counter: u64,
    #[n(1)]
    pub previous: Option<Hash>,
    /// The last number given to a work.
    #[n(2)]
    pub sequence: u64,
    /// The last counter of a human code.
    #[n(3)]
    pub code: u32,
    #[n(4)]
    pub cursor: Option<Raw>,
    /// The highest head that a receipt named.
    #[n(5)]
    pub head: Position,
    /// Up to where the last complete feed had been read.
    #[n(6)]
    pub read_to: Position,
    /// What the device then held of each channel.
    #[n(7)]
    pub held: Vec<(Channel, Digest)>,
    /// To be proved in the next request.
    #[n(8)]
    pub challenge: Option<Salt>,
    /// Documents to ask for whole.
    #[n(9)]
    pub wants: Vec<DocumentId>,
    /// The version of the configuration that is stored.
    #[n(10)]
    pub configuration: u32,
    /// Hub time of the last answer.
    #[n(11)]
    pub synced_at: Option<Millis>,
    /// Up to where the hub said that a second copy exists.
    #[n(12)]
    pub copied_to: Position,
    /// Up to which position the decisions on held work are known.
    #[cbor(n(13), default)]
    pub decided_to: Position,
    /// How the lease stands, as the last answer said.
    #[cbor(n(14), default)]
    pub standing: LeaseStanding,
    /// Keys to vouch for that the hub was not told of.
    #[cbor(n(15), default)]
    pub vouches: Vec<Vouch>,
    /// Set while everything is to be erased once it is receipted.
    #[n(16)]
    pub wipe: Option<PendingWipe>,
    /// Where new documents begin, once the user no longer works at the lease's site.
    #[n(17)]
    pub site: Option<SiteCode>,
    /// Receipts of parcels with a lower counter are no longer kept.
    #[cbor(n(18), default)]
    pub receipts_from: u64,
    /// Points of the log that receipts named, oldest first, further and further apart: at most `MARKS_MAX`.
    #[cbor(n(19), skip_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Documents of which the hub lacks something, to be looked at what of it goes back.
    #[cbor(n(20), skip_if = "Vec::is_empty")]
    pub returns: Vec<DocumentId>,
}

/// How the lease stands at the hub, as far as this device was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum LeaseStanding {
    /// Work is applied, the feed is open.
    #[n(0)]
    #[default]
    Active,
    /// Waits to be confirmed: work is sent and held, nothing is read.
    #[n(1)]
    Pending,
    /// Revoked: work is sent and held for a person to judge, nothing is read.
    #[n(2)]
    Revoked,
}

/// A key that the user vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Vouch {
    #[n(0)]
    pub key: PublicKey,
    /// The parcel that states it and has no receipt yet.
    #[n(1)]
    pub parcel: Option<u64>,
}

/// An order to erase everything once it is receipted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct PendingWipe {
    /// The parcel that says so.
    #[n(0)]
    pub parcel: Option<u64>,
    /// Whether the hub has it.
    #[n(1)]
    pub told: bool,
}
