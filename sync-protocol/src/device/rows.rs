//! What a device stores: typed keys, CBOR values, in batches that are written whole or not at all.
//!
//! *Hot* rows are read once when the device is opened; *cold* rows are read when they are needed. Owns the byte forms
//! of both; a store need not understand them.

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::crypto::Signature;
use crate::ids::{ActorPrefix, CardToken, ChangeHash, Channel, DocumentId, Hash, Millis, Position};
use crate::wire::codec::{CodecError, Raw};
use crate::wire::digest::Digest;
use crate::wire::order::WipeWhen;

/// Tables from this one on are cold.
const COLD: u8 = 0x80;

/// The name of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Hot: who this device is.
    Identity,
    /// Hot: counters, cursor and what was last compared.
    Progress,
    /// Hot: the summary of one document.
    Entry(DocumentId),
    /// Hot: one change that is not applied at the hub yet.
    Work(u64),
    /// Hot: one parcel that was packed, by its counter.
    Parcel(u64),
    /// Hot: one change that was not accepted and is kept aside.
    Aside(u64),
    /// Hot: that a document was shown, as far as the hub was not told.
    Read(DocumentId),
    /// Hot: everything was erased by order. Then this is the only row.
    Wiped,
    /// Hot: an answer with a feed whose proof is kept, by its number.
    Fed(u64),
    /// Cold: a document in Automerge's saved form, own unsent work included.
    Copy(DocumentId),
    /// Cold: the typed edits of a work, to replay them.
    Edits(u64),
    /// Cold: the bytes of a parcel.
    ParcelBytes(u64),
    /// Cold: the hub's signed receipt for a parcel.
    Receipt(u64),
    /// Cold: the signed configuration.
    Configuration,
    /// Cold: the signed lease of an author, by its prefix.
    Lease(ActorPrefix),
    /// Cold: a row of the shell's own.
    Shell(Vec<u8>),
    /// Cold: CBOR of a parcel that is sealed to the hub, by its counter. Kept outside the user's encryption: whoever has
    /// the device can send it, only the hub can read it.
    Sealed(u64),
    /// Cold: the courier files that were made here, see `courier`.
    Courier,
    /// Cold: the hub's last receipt, signed: which log this device knows.
    LastReceipt,
    /// Cold: what proves the answer of this number.
    FedProof(u64),
    /// Cold: what that answer carried of a document.
    FedItems(u64, DocumentId),
}

impl Key {
    /// Its bytes: a table and what it is within it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (table, rest): (u8, &[u8]) = match self {
            Self::Identity => (0x01, &[]),
            Self::Progress => (0x02, &[]),
            Self::Entry(id) => (0x03, id.as_bytes()),
            Self::Work(n) => (0x04, &n.to_be_bytes()),
            Self::Parcel(n) => (0x05, &n.to_be_bytes()),
            Self::Aside(n) => (0x06, &n.to_be_bytes()),
            Self::Read(id) => (0x07, id.as_bytes()),
            Self::Wiped => (0x08, &[]),
            Self::Fed(n) => (0x09, &n.to_be_bytes()),
            Self::Copy(id) => (0x81, id.as_bytes()),
            Self::Edits(n) => (0x82, &n.to_be_bytes()),
            Self::ParcelBytes(n) => (0x83, &n.to_be_bytes()),
            Self::Receipt(n) => (0x84, &n.to_be_bytes()),
            Self::Configuration => (0x85, &[]),
            Self::Lease(prefix) => (0x86, prefix.as_bytes()),
            Self::Shell(bytes) => (0x87, bytes),
            Self::Sealed(n) => (0x88, &n.to_be_bytes()),
            Self::Courier => (0x89, &[]),
            Self::LastReceipt => (0x8a, &[]),
            Self::FedProof(n) => (0x8b, &n.to_be_bytes()),
            Self::FedItems(n, id) => (0x8c, &[&n.to_be_bytes()[..], id.as_bytes()].concat()),
        };
        [&[table], rest].concat()
    }

    /// Reads its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (table, rest) = bytes.split_first()?;
        let number = || rest.try_into().ok().map(u64::from_be_bytes);
        Some(match table {
            0x01 if rest.is_empty() => Self::Identity,
            0x02 if rest.is_empty() => Self::Progress,
            0x03 => Self::Entry(DocumentId::from_slice(rest)?),
            0x04 => Self::Work(number()?),
            0x05 => Self::Parcel(number()?),
            0x06 => Self::Aside(number()?),
            0x07 => Self::Read(DocumentId::from_slice(rest)?),
            0x08 if rest.is_empty() => Self::Wiped,
            0x09 => Self::Fed(number()?),
            0x81 => Self::Copy(DocumentId::from_slice(rest)?),
            0x82 => Self::Edits(number()?),
            0x83 => Self::ParcelBytes(number()?),
            0x84 => Self::Receipt(number()?),
            0x85 if rest.is_empty() => Self::Configuration,
            0x86 => Self::Lease(ActorPrefix::from_slice(rest)?),
            0x87 => Self::Shell(rest.to_vec()),
            0x88 => Self::Sealed(number()?),
            0x89 if rest.is_empty() => Self::Courier,
            0x8a if rest.is_empty() => Self::LastReceipt,
            0x8b => Self::FedProof(number()?),
            0x8c => {
                let (number, id) = rest.split_at_checked(8)?;
                Self::FedItems(u64::from_be_bytes(number.try_into().ok()?), DocumentId::from_slice(id)?)
            }
            _ => return None,
        })
    }

    /// Whether it is read when the device is opened.
    #[must_use]
    pub fn is_hot(&self) -> bool {
        self.to_bytes()[0] < COLD
    }
}

/// Rows as they were read; none where there is no such row.
pub type Rows = Vec<(Key, Option<Vec<u8>>)>;

/// One line of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Store or replace.
    Put(Key, Vec<u8>),
    /// Remove; nothing to do when it is not there.
    Delete(Key),
}

/// A stored row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the device's store holds a row that cannot be read ({key}): {error}")]
pub struct RowError {
    /// Which table.
    pub key: String,
    /// What is wrong.
    pub error: CodecError,
}

/// That a document was shown.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Read {
    /// When last.
    #[n(0)]
    pub at: Millis,
    /// How often, as far as no receipt covers it.
    #[n(1)]
    pub times: u32,
    /// The parcel that states it and has no receipt yet, and how often it says.
    #[n(2)]
    pub packed: Option<(u64, u32)>,
}

/// The only row of a store that was erased by order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Wiped {
    /// By the device's clock.
    #[n(0)]
    pub at: Millis,
    /// Whether the hub had ordered it at once; else everything had been receipted.
    #[n(1)]
    pub when: WipeWhen,
}

/// Where a document stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Standing {
    /// Readable here.
    #[n(0)]
    #[default]
    Open,
    /// An annex that is at the hub and no longer readable here.
    #[n(1)]
    Closed,
    /// Erased by decision.
    #[n(2)]
    Erased,
}

/// The summary of one document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// The code of its kind.
    #[n(0)]
    pub kind: u8,
    /// Channels of the user's scope that hold it.
    #[n(1)]
    pub channels: Vec<Channel>,
    /// The sum over its changes that the hub has.
    #[n(2)]
    pub sum: Digest,
    /// Changes of the copy that the hub is not known to have applied.
    #[n(3)]
    pub uncounted: Vec<ChangeHash>,
    /// The card token, as issued or scanned here.
    #[n(4)]
    pub card: Option<CardToken>,
    /// The human code, as given here.
    #[n(5)]
    pub code: Option<String>,
    /// Where it stands.
    #[n(6)]
    pub standing: Standing,
    /// Of `uncounted`, what a colleague recorded on this device: it is on its way to the hub from there.
    #[cbor(n(7), default)]
    pub neighbours: Vec<ChangeHash>,
}

/// What became of a work so far.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum WorkState {
    /// Stored here, not sent.
    #[n(0)]
    Local,
    /// In the parcel of this counter, whose receipt has not come.
    #[n(1)]
    Packed(#[n(0)] u64),
    /// At the hub, for a person to decide who may: later changes hang on it.
    #[n(2)]
    HeldWho(#[n(0)] String),
    /// At the hub, for a person to decide what it says: the rest is replayed without it.
    #[n(3)]
    HeldWhat(#[n(0)] String),
    /// Not accepted.
    #[n(4)]
    Refused(#[n(0)] String, #[n(1)] String),
}

/// One change that is not applied at the hub yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Work {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// The change.
    #[n(1)]
    pub hash: ChangeHash,
    /// Its bytes.
    #[n(2)]
    pub raw: Raw,
    /// What became of it so far.
    #[n(3)]
    pub state: WorkState,
    /// How often its edits were written again.
    #[n(4)]
    pub replays: u8,
    /// The counter of the sealed parcel that it is in, see [`Key::Sealed`].
    #[n(5)]
    pub sealed: Option<u64>,
    /// In how many syncs the hub said that it must wait for what a colleague recorded on this device.
    #[cbor(n(6), default)]
    pub waits: u8,
}

/// The typed edits of a work.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct EditsRow {
    #[n(0)]
    pub shown: Vec<ChangeHash>,
    /// JSON of the list of edits.
    #[n(1)]
    pub edits: Raw,
    #[n(2)]
    pub at: Millis,
}

/// A parcel that was packed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ParcelInfo {
    /// The hash of its manifest.
    #[n(0)]
    pub manifest: Hash,
    /// Bytes of the parcel.
    #[n(1)]
    pub bytes: u32,
    /// Its documents and their changes, in its order.
    #[n(2)]
    pub documents: Vec<(DocumentId, Vec<ChangeHash>)>,
    /// Where it stands in the log; none: no receipt yet.
    #[n(3)]
    pub position: Option<Position>,
    /// To be given back to a hub that lost it.
    #[n(4)]
    pub again: bool,
    /// Rows of [`Key::Aside`] whose superseding it states.
    #[n(5)]
    pub states: Vec<u64>,
}

/// An answer with a feed whose proof is kept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FedInfo {
    /// Up to where the log was on disk then.
    #[n(0)]
    pub head: Position,
    /// Bytes of its cold rows.
    #[n(1)]
    pub bytes: u32,
    /// The documents of which it proves something.
    #[n(2)]
    pub documents: Vec<DocumentId>,
    /// Of a log that the hub's of today does not reach: no second copy covers it.
    #[n(3)]
    pub beyond: bool,
}

/// One item of such a feed: its leaf proves these changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct FedItem {
    /// Its place in the feed.
    #[n(0)]
    pub leaf: u32,
    /// The code of its kind.
    #[n(1)]
    pub kind: u8,
    /// Through which it came.
    #[n(2)]
    pub channel: Channel,
    /// Its changes.
    #[n(3)]
    pub hashes: Vec<ChangeHash>,
}

/// A change that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Aside {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// The change.
    #[n(1)]
    pub hash: ChangeHash,
    /// Its bytes.
    #[n(2)]
    pub raw: Raw,
    /// The stable code.
    #[n(3)]
    pub code: String,
    /// What was wrong.
    #[n(4)]
    pub sentence: String,
    /// The change in which the same edits were written again; none: they wait for a person.
    #[n(5)]
    pub superseded_by: Option<ChangeHash>,
    /// Whether the hub was told.
    #[n(6)]
    pub told: bool,
}

/// A receipt as it is kept: verify it with `wire::answer::verify_receipt`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeptReceipt {
    /// CBOR of the receipt, as signed.
    #[n(0)]
    pub receipt: Raw,
    /// The hub's.
    #[n(1)]
    pub signature: Signature,
}
