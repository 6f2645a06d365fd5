//! The request of an exchange: push first, pull by cursor, in one round trip.
//!
//! Owns [`ExchangeRequest`] and the proof that renews a token. The answer is in [`super::answer`].

use minicbor::{Decode, Encode};

use super::codec::Raw;
use super::digest::Digest;
use super::lease::SignedLease;
use super::parcel::Parcel;
use super::returning::{Marks, Return};
use crate::crypto::{CryptoError, PublicKey, Purpose, SecretKey, Signature};
use crate::ids::{ActorPrefix, Channel, DocumentId, LogId, Position, Salt};

/// `POST /v1/exchange`.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct ExchangeRequest {
    /// Whose request this is: the prefix of the lease. Every parcel must be of this lease.
    #[n(0)]
    pub lease: ActorPrefix,
    /// Opens the feed. Pushing needs none.
    #[n(1)]
    pub token: Option<Salt>,
    /// From the last answer, as it was. None: from the start.
    #[n(2)]
    pub cursor: Option<Raw>,
    /// Work, oldest first.
    #[n(3)]
    pub parcels: Vec<Parcel>,
    /// Bytes that the answer's feed should not exceed, before compression; 0: no feed wanted.
    #[n(4)]
    pub budget: u32,
    /// Documents wanted whole, whatever the cursor says; those out of scope are passed over.
    #[n(5)]
    pub wants: Vec<DocumentId>,
    /// A repair of one channel.
    #[n(6)]
    pub repair: Option<Repair>,
    /// The proof for the last challenge.
    #[n(7)]
    pub renewal: Option<Renewal>,
    /// The version of the configuration that the device has; 0: none.
    #[n(8)]
    pub configuration: u32,
    /// Up to which position the device knows the decisions on its held work, see `Rest::decided_to`.
    #[n(9)]
    pub decided_to: Position,
    /// What the device knows of the log: when the hub asked for it, or another log than before seems to answer.
    #[n(10)]
    pub marks: Option<Marks>,
    /// Others' work that the hub had fed and lacks now.
    #[cbor(n(11), skip_if = "Vec::is_empty", decode_with = "super::codec::list_or_nothing")]
    pub returns: Vec<Return>,
    /// The lease itself, when the hub said that it does not know it.
    #[n(12)]
    pub signed_lease: Option<SignedLease>,
}

impl std::fmt::Debug for ExchangeRequest {
    /// Without the token, which opens the feed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangeRequest")
            .field("lease", &self.lease)
            .field("token", &self.token.map(|_| "…"))
            .field("cursor", &self.cursor)
            .field("parcels", &self.parcels)
            .field("budget", &self.budget)
            .field("wants", &self.wants)
            .field("repair", &self.repair)
            .field("renewal", &self.renewal)
            .field("configuration", &self.configuration)
            .field("decided_to", &self.decided_to)
            .field("marks", &self.marks)
            .field("returns", &self.returns)
            .field("signed_lease", &self.signed_lease)
            .finish()
    }
}

/// The device's half of a repair: 256 sums, by the first byte of the document id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Repair {
    /// Which channel.
    #[n(0)]
    pub channel: Channel,
    /// `REPAIR_BUCKETS` sums.
    #[n(1)]
    pub buckets: Vec<Digest>,
}

/// Shows that the sender holds the lease's key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Renewal {
    /// As the hub gave it.
    #[n(0)]
    pub challenge: Salt,
    /// By the lease's key, for [`Purpose::Proof`].
    #[n(1)]
    pub signature: Signature,
}

fn renewal_message(log: LogId, lease: ActorPrefix, challenge: &Salt) -> Vec<u8> {
    [b"renew".as_slice(), log.as_bytes(), lease.as_bytes(), challenge.as_bytes()].concat()
}

impl Renewal {
    /// Answers a challenge.
    #[must_use]
    pub fn sign(log: LogId, lease: ActorPrefix, challenge: Salt, key: &SecretKey) -> Self {
        let signature = key.sign(Purpose::Proof, &renewal_message(log, lease, &challenge));
        Self { challenge, signature }
    }

    /// Checks the answer to a challenge.
    ///
    /// # Errors
    /// [`CryptoError`] when another key signed, or for another challenge, lease or log.
    pub fn verify(&self, log: LogId, lease: ActorPrefix, key: &PublicKey) -> Result<(), CryptoError> {
        key.verify(Purpose::Proof, &renewal_message(log, lease, &self.challenge), &self.signature)
    }
}
