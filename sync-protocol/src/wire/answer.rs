//! Answers: what the hub says after its fsync, signed.
//!
//! An answer is a [`Receipt`] (signed; kept by the device as proof) and the [`Rest`] (feed, cursor, orders), whose
//! hash the receipt carries. Owns fates, decisions and the salted leaves of what was fed; orders are in [`super::order`].

use minicbor::{Decode, Encode};

use super::codec::{CodecError, Raw};
use super::digest::Digest;
use super::lease::{SignedError, SignedLease};
pub use super::order::{Order, WipeWhen};
use crate::crypto::{PublicKey, Purpose, SecretKey, Signature, hash};
use crate::ids::{ActorPrefix, ChangeHash, Channel, DocumentId, Hash, LogId, Millis, Position, Salt};

/// What became of one or several changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Fate {
    /// In the document.
    #[n(0)]
    Applied,
    /// Was there already.
    #[n(1)]
    Duplicate,
    /// Kept at the hub; a person must decide. With a stable code.
    #[n(2)]
    Held(#[n(0)] String),
    /// Not kept: these changes must come first.
    #[n(3)]
    Waiting(#[n(0)] Vec<ChangeHash>),
    /// The document was erased; contents were not kept.
    #[n(4)]
    Erased,
    /// Not kept: not readable as this user's change. With a stable code and what was wrong, where.
    #[n(5)]
    Refused(#[n(0)] String, #[n(1)] String),
}

impl Fate {
    /// Whether the hub has the change, so that the device need not send it again.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        matches!(self, Self::Applied | Self::Duplicate | Self::Held(_) | Self::Erased)
    }
}

/// A number of changes in a row with one fate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// How many changes, in the order of the parcel.
    #[n(0)]
    pub count: u16,
    /// What became of them.
    #[n(1)]
    pub fate: Fate,
}

/// What became of one document of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DocumentFate {
    /// Its changes' fates; the counts add up to the number of changes sent.
    #[n(0)]
    pub runs: Vec<Run>,
    /// Channels of the user's scope that the document entered by this parcel.
    #[n(1)]
    pub entered: Vec<Channel>,
}

/// What became of one parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ParcelReceipt {
    /// The hash of its manifest.
    #[n(0)]
    pub manifest: Hash,
    /// Where it stands in the log, the same each time it is sent again; where nothing of it is new, the log's end at that
    /// moment. What was kept is for the fates to say. None: refused whole, not kept.
    #[n(1)]
    pub position: Option<Position>,
    /// One for each document; empty when the parcel was refused whole.
    #[n(2)]
    pub documents: Vec<DocumentFate>,
    /// Why it was refused whole: a stable code and a sentence.
    #[n(3)]
    pub refused: Option<(String, String)>,
}

/// What the hub signs, for [`Purpose::Receipt`], as CBOR.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// Which log.
    #[n(0)]
    pub log: LogId,
    /// Hub time.
    #[n(1)]
    pub at: Millis,
    /// Everything up to here was on disk, synced, when this was signed.
    #[n(2)]
    pub head: Position,
    /// The chain hash at `head`.
    #[n(3)]
    pub chain: Hash,
    /// Everything up to here exists a second time.
    #[n(4)]
    pub copied_to: Position,
    /// The parcels of the request, in its order.
    #[n(5)]
    pub parcels: Vec<ParcelReceipt>,
    /// [`leaves_hash`] over the feed, if there was one.
    #[n(6)]
    pub leaves: Option<Hash>,
    /// SHA-256 over the bytes of the rest.
    #[n(7)]
    pub rest: Hash,
    /// Whose request this answers: another device does not believe it.
    #[n(8)]
    pub lease: ActorPrefix,
}

/// The second receipt: what a person decided on work of this lease that the hub had held. Signed as a part of the rest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Decided {
    /// Where the decision stands in the log.
    #[n(0)]
    pub position: Position,
    /// The parcel that brought the work.
    #[n(1)]
    pub manifest: Hash,
    /// Which document.
    #[n(2)]
    pub document: DocumentId,
    /// The fates of `changes`; the counts add up to their number. Rejected: refused with [`DECIDED_REJECTED`].
    #[n(3)]
    pub runs: Vec<Run>,
    /// The changes that were decided, in the parcel's order.
    #[n(4)]
    pub changes: Vec<ChangeHash>,
    /// Channels of the user's scope that the document entered by this decision.
    #[n(5)]
    pub entered: Vec<Channel>,
}

/// The code of a fate that a person's rejection is.
pub const DECIDED_REJECTED: &str = "decided-rejected";

/// Changes of one document that the user may see.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FeedItem {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// The code of its kind.
    #[n(1)]
    pub kind: u8,
    /// Index into [`Rest::channels`]: the channel through which it came.
    #[n(2)]
    pub channel: u8,
    /// What happened.
    #[n(3)]
    pub what: FeedWhat,
    /// Whole change chunks, each after those it depends on.
    #[n(4)]
    pub changes: Vec<Raw>,
}

/// Why a feed item was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FeedWhat {
    /// New changes of a document that the channel holds.
    #[n(0)]
    Changes,
    /// The document entered the channel; it comes whole.
    #[n(1)]
    Entered,
    /// The document left the channel; nothing of it follows.
    #[n(2)]
    Left,
}

/// The second part of an answer.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Rest {
    /// The channels of the user's scope. Empty: the feed is not open to this request (no token).
    #[n(0)]
    pub channels: Vec<Channel>,
    /// From which the salts of the leaves come, see [`leaf_salt`].
    #[n(1)]
    pub seed: Option<Salt>,
    /// What the user may see and this request's cursor had not covered.
    #[n(2)]
    pub feed: Vec<FeedItem>,
    /// To send next time, as it is.
    #[n(3)]
    pub cursor: Option<Raw>,
    /// Whether more follows at once.
    #[n(4)]
    pub more: bool,
    /// When nothing more follows: the digest of each of `channels`, in their order.
    #[n(5)]
    pub digests: Vec<Digest>,
    /// The leases of the feed's authors.
    #[n(6)]
    pub leases: Vec<SignedLease>,
    /// What the device is asked to do; orders that this version does not know are passed over.
    #[cbor(n(7), decode_with = "super::order::known_orders")]
    pub orders: Vec<Order>,
    /// A new token, in answer to a renewal.
    #[n(8)]
    pub token: Option<Salt>,
    /// A newer configuration than the request named.
    #[n(9)]
    pub configuration: Option<Raw>,
    /// The position that the cursor stands for in every channel, once nothing more follows.
    #[n(10)]
    pub position: Option<Position>,
    /// What a repair asked for, see `exchange::Repair`.
    #[n(11)]
    pub repair: Option<RepairAnswer>,
    /// Decisions on work of this lease after the request's `decided_to`, by position.
    #[n(12)]
    pub decided: Vec<Decided>,
    /// Up to which position all such decisions are now told; none: nothing new was looked at.
    #[n(13)]
    pub decided_to: Option<Position>,
    /// In answer to marks: up to where both know the same log. What was receipted beyond it is not here.
    #[n(14)]
    pub shared: Option<Position>,
    /// What became of the documents that the request returned, in its order.
    #[cbor(n(15), skip_if = "Vec::is_empty", decode_with = "super::codec::list_or_nothing")]
    pub returned: Vec<DocumentFate>,
}

impl std::fmt::Debug for Rest {
    /// Without the token, which opens the feed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rest")
            .field("channels", &self.channels)
            .field("feed", &self.feed)
            .field("more", &self.more)
            .field("digests", &self.digests)
            .field("orders", &self.orders)
            .field("token", &self.token.map(|_| "…"))
            .field("position", &self.position)
            .field("repair", &self.repair)
            .field("decided", &self.decided)
            .field("decided_to", &self.decided_to)
            .field("shared", &self.shared)
            .field("returned", &self.returned)
            .finish_non_exhaustive()
    }
}

/// The hub's half of a repair.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct RepairAnswer {
    /// Index into [`Rest::channels`].
    #[n(0)]
    pub channel: u8,
    /// Of the buckets that differ: every document of the channel and its sum.
    #[n(1)]
    pub documents: Vec<(DocumentId, Digest)>,
    /// Which buckets differ; bucket = first byte of the document id.
    #[n(2)]
    pub buckets: Vec<u8>,
}

/// An answer as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Answer {
    /// CBOR of a [`Receipt`], as signed.
    #[n(0)]
    pub receipt: Raw,
    /// By the hub's key.
    #[n(1)]
    pub signature: Signature,
    /// CBOR of a [`Rest`].
    #[n(2)]
    pub rest: Raw,
}

/// Why an answer was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The receipt is not the hub's.
    #[error("the answer is not signed by the hub that this device was enrolled at")]
    Signature,
    /// Signed, but not readable.
    #[error("the answer cannot be read: {0}")]
    Codec(#[from] CodecError),
    /// The rest is not the one that was signed.
    #[error("a part of the answer is not the one that the hub signed")]
    Rest,
}

impl Answer {
    /// Signs an answer; sets the receipt's hash over the rest and the feed's leaves.
    #[must_use]
    pub fn sign(mut receipt: Receipt, rest: &Rest, leaves: Option<Hash>, hub: &SecretKey) -> Self {
        let rest = Raw::of(rest);
        receipt.rest = hash(Purpose::Receipt, &[rest.as_ref()]);
        receipt.leaves = leaves;
        let receipt = Raw::of(&receipt);
        let signature = hub.sign(Purpose::Receipt, receipt.as_ref());
        Self { receipt, signature, rest }
    }

    /// The two parts, if the hub signed them.
    ///
    /// # Errors
    /// [`AnswerError`]; nothing of the answer may then be used.
    pub fn open(&self, hub: &PublicKey) -> Result<(Receipt, Rest), AnswerError> {
        let receipt = verify_receipt(&self.receipt, &self.signature, hub).map_err(|error| match error {
            SignedError::Signature(_) => AnswerError::Signature,
            SignedError::Codec(error) => AnswerError::Codec(error),
        })?;
        if hash(Purpose::Receipt, &[self.rest.as_ref()]) != receipt.rest {
            return Err(AnswerError::Rest);
        }
        Ok((receipt, self.rest.read()?))
    }
}

/// Reads a receipt kept earlier, without the rest of its answer.
///
/// # Errors
/// [`SignedError`] when the hub did not sign it.
pub fn verify_receipt(receipt: &Raw, signature: &Signature, hub: &PublicKey) -> Result<Receipt, SignedError> {
    hub.verify(Purpose::Receipt, receipt.as_ref(), signature)?;
    Ok(receipt.read()?)
}

/// The salt of the `index`th leaf of an answer.
#[must_use]
pub fn leaf_salt(seed: &Salt, index: u32) -> Salt {
    let full = hash(Purpose::Leaf, &[seed.as_bytes(), &index.to_be_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&full.as_bytes()[..16]);
    Salt::new(bytes)
}

/// The leaf of one fed item: proves, with its salt, that the hub once fed these changes.
#[must_use]
pub fn leaf(salt: &Salt, document: DocumentId, kind: u8, changes: &[ChangeHash]) -> Hash {
    let kind = [kind];
    let mut parts: Vec<&[u8]> = vec![salt.as_bytes(), document.as_bytes(), &kind];
    parts.extend(changes.iter().map(|change| change.as_bytes().as_slice()));
    hash(Purpose::Leaf, &parts)
}

/// All leaves of an answer together, as the receipt carries them.
#[must_use]
pub fn leaves_hash(leaves: &[Hash]) -> Hash {
    let parts: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.as_bytes().as_slice()).collect();
    hash(Purpose::Leaves, &parts)
}
