//! Giving back: how a device shows a hub which log it knows, and returns what that hub has lost.
//!
//! A hub may come back from an older copy of its folder, or exist twice. Its log then lacks entries for which devices
//! hold receipts. [`Marks`] show how much of the log both sides share; [`Return`] carries work of others that the device
//! was once fed, with the [`FeedProof`] that the hub itself had given it. What the device wrote itself goes back as
//! parcels. All of it is signed by the hub's key: what is not proves nothing and changes nothing. Checking is the hub's.

use minicbor::{Decode, Encode};

use super::answer::{Receipt, verify_receipt};
use super::codec::Raw;
use super::lease::{SignedError, SignedLease};
use crate::crypto::{PublicKey, Signature};
use crate::ids::{ChainTag, ChangeHash, Channel, DocumentId, Hash, LogId, Position, Salt};

/// A point of a log: two logs with the same mark are the same up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Mark {
    /// Which entry.
    #[n(0)]
    pub position: Position,
    /// The first bytes of the chain hash there.
    #[n(1)]
    pub tag: ChainTag,
}

/// What a device knows of the log, in answer to [`super::order::Order::ShowMarks`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Marks {
    /// The log of which the earlier marks are; the receipt says its own.
    #[n(0)]
    pub log: LogId,
    /// CBOR of the last [`Receipt`], as signed.
    #[n(1)]
    pub receipt: Raw,
    /// By the hub's key.
    #[n(2)]
    pub signature: Signature,
    /// Marks of earlier receipts, the latest first, further and further apart: at most `MARKS_MAX`.
    #[n(3)]
    pub earlier: Vec<Mark>,
}

impl Marks {
    /// The last receipt, if the hub signed it.
    ///
    /// # Errors
    /// [`SignedError`]: these marks then prove nothing.
    pub fn verify(&self, hub: &PublicKey) -> Result<Receipt, SignedError> {
        verify_receipt(&self.receipt, &self.signature, hub)
    }
}

/// Shows that the hub once fed something: the receipt of that answer, and what makes its leaves again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FeedProof {
    /// CBOR of the [`Receipt`], as signed; it names the hash of the leaves.
    #[n(0)]
    pub receipt: Raw,
    /// By the hub's key.
    #[n(1)]
    pub signature: Signature,
    /// From which the salts of the leaves come: `Rest::seed` of that answer.
    #[n(2)]
    pub seed: Salt,
    /// All leaves of that answer, in the order of its feed.
    #[n(3)]
    pub leaves: Vec<Hash>,
}

/// What one answer once fed and the hub lacks now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Return {
    /// That it was fed.
    #[n(0)]
    pub proof: FeedProof,
    /// The documents that go back, at most `RETURN_DOCUMENTS_MAX` in a request.
    #[n(1)]
    pub documents: Vec<Returned>,
    /// The leases of those who wrote it, as the hub once sent them.
    #[n(2)]
    pub authors: Vec<SignedLease>,
}

/// One document of a [`Return`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Returned {
    /// Which leaf of the proof: the place of the item in that answer's feed.
    #[n(0)]
    pub leaf: u32,
    /// Which document.
    #[n(1)]
    pub document: DocumentId,
    /// The code of its kind.
    #[n(2)]
    pub kind: u8,
    /// A channel through which the device had it.
    #[n(3)]
    pub channel: Channel,
    /// Every change that the item carried, in its order: with them the leaf is made again.
    #[n(4)]
    pub hashes: Vec<ChangeHash>,
    /// Those that go back: whole change chunks, each after those it depends on.
    #[n(5)]
    pub changes: Vec<Raw>,
}
