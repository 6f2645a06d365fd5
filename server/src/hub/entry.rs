//! Entries of the log: what the hub has decided, once and for ever.
//!
//! An entry holds hub time, every fate, the channels that were entered or left and what allowed it, so that rebuilding
//! never decides again. A parcel's entry is clear in what its manifest says and sealed, document by document, in what it
//! contains; so is a decision on held work, which brings the contents again under the document's own key, and what a
//! device gave back of others' work ([`super::returning`]). Every other
//! entry is a [fact](super::fact), sealed whole under the log key. Who builds them: `admission`, `deciding`; who reads
//! them: [`super::directory`], [`super::filing`], `feed`.

use minicbor::{Decode, Encode};
use sync_protocol::crypto::Signature;
use sync_protocol::ids::{ActorPrefix, CardToken, Channel, DocumentId, Hash, Millis, Position, Salt};
use sync_protocol::wire::answer::Run;
use sync_protocol::wire::codec::{CodecError, Raw, from_cbor, to_cbor};
use sync_protocol::wire::manifest::{Manifest, manifest_hash};

use super::fact::By;

/// First byte of an entry that can be read without a key.
const CLEAR: u8 = 0;
/// First byte of an entry under the log key.
const SEALED: u8 = 1;
/// First byte of a decision.
const DECISION: u8 = 2;
/// First byte of others' work that a device gave back.
const RETURNED: u8 = 3;

/// An entry as its first byte shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A parcel.
    Parcel(ParcelEntry),
    /// A decision on held work.
    Decision(DecisionEntry),
    /// Others' work that a device gave back.
    Returned(ReturnEntry),
    /// Anything else, under the log key: CBOR of a [`FactEntry`](super::fact::FactEntry) once opened.
    Sealed(Vec<u8>),
}

/// One document's work, wherever it stands.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Who brought it.
    pub lease: ActorPrefix,
    /// Who wrote it: the same, but for what was given back.
    pub authors: &'a [ActorPrefix],
    /// The manifest that committed to it, or what stands for it.
    pub manifest: Hash,
    /// What was decided about it.
    pub filed: &'a Filed,
}

/// What became of held work, in the end or for now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DecisionEntry {
    /// Hub time.
    #[n(0)]
    pub at: Millis,
    /// Who decided.
    #[n(1)]
    pub by: By,
    /// Why, for people; under the log key.
    #[n(2)]
    pub reason: Option<Raw>,
    /// In the order in which they were decided.
    #[n(3)]
    pub items: Vec<DecidedItem>,
}

/// A decision on the held work of one document of one parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DecidedItem {
    /// The entry that holds the work.
    #[n(0)]
    pub position: Position,
    /// Which document of it.
    #[n(1)]
    pub item: u16,
    /// Whose work.
    #[n(2)]
    pub lease: ActorPrefix,
    /// The manifest that committed to it.
    #[n(3)]
    pub manifest: Hash,
    /// Which document.
    #[n(4)]
    pub document: DocumentId,
    /// The code of its kind.
    #[n(5)]
    pub kind: u8,
    /// What was decided.
    #[n(6)]
    pub verdict: HeldVerdict,
    /// The fates of the held changes, in their order, and what follows from them.
    #[n(7)]
    pub filed: Filed,
    /// Who wrote it, where `lease` had only given it back.
    #[cbor(n(8), skip_if = "Vec::is_empty")]
    pub authors: Vec<ActorPrefix>,
}

/// Work of others that the hub had lost and a device gave back, as received and decided.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReturnEntry {
    /// Hub time of admission.
    #[n(0)]
    pub at: Millis,
    /// Who brought it.
    #[n(1)]
    pub lease: ActorPrefix,
    /// What proves it: CBOR of a [`KeptProof`] each, under the log key.
    #[n(2)]
    pub proofs: Vec<Raw>,
    /// One for each document.
    #[n(3)]
    pub items: Vec<ReturnedItem>,
}

/// What was decided about one document that was given back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReturnedItem {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// The code of its kind.
    #[n(1)]
    pub kind: u8,
    /// Who wrote it, in the order in which they come first.
    #[n(2)]
    pub authors: Vec<ActorPrefix>,
    /// Stands for a manifest: the salted leaf over the changes that came back. The salt is with the contents.
    #[n(3)]
    pub manifest: Hash,
    /// Which of the entry's proofs.
    #[n(4)]
    pub proof: u16,
    /// Which leaf of it.
    #[n(5)]
    pub leaf: u32,
    /// The channel through which the device had it.
    #[n(6)]
    pub channel: Channel,
    /// The fates of its changes, and what follows from them.
    #[n(7)]
    pub filed: Filed,
}

/// What is kept of a `FeedProof`: without the seed, so that no leaf tells of contents that are erased.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeptProof {
    /// As signed.
    #[n(0)]
    pub receipt: Raw,
    /// By this hub's key.
    #[n(1)]
    pub signature: Signature,
    /// Of that answer's feed.
    #[n(2)]
    pub leaves: Vec<Hash>,
}

/// A decision on held work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum HeldVerdict {
    /// What it was held for is over: admitted as if it came now.
    #[n(0)]
    Retried,
    /// A person let it in.
    #[n(1)]
    Approved,
    /// A person did not.
    #[n(2)]
    Rejected,
}

/// Work of a device, as received and decided.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ParcelEntry {
    /// Hub time of admission.
    #[n(0)]
    pub at: Millis,
    /// Whose work.
    #[n(1)]
    pub lease: ActorPrefix,
    /// The manifest, as signed.
    #[n(2)]
    pub manifest: Raw,
    /// The user's signature over it.
    #[n(3)]
    pub signature: Signature,
    /// The statements (CBOR of a list of `Stated`), under the log key.
    #[n(4)]
    pub statements: Option<Raw>,
    /// One for each document of the manifest.
    #[n(5)]
    pub documents: Vec<Filed>,
}

/// What was decided about one document of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Filed {
    /// The fates of its changes, in order.
    #[n(0)]
    pub runs: Vec<Run>,
    /// What allowed it; none where nothing was applied.
    #[n(1)]
    pub allowed: Option<Allowed>,
    /// Channels that the document entered.
    #[n(2)]
    pub entered: Vec<Channel>,
    /// The wrapped key of a document that this entry creates.
    #[n(3)]
    pub new_key: Option<Raw>,
    /// CBOR of a [`Stored`] with the applied changes, under the document's key.
    #[n(4)]
    pub content: Option<Raw>,
    /// Work that waits for a person's decision, under a key of its own.
    #[n(5)]
    pub held: Option<HeldContent>,
    /// Hash of a card token that opens this document from now on.
    #[n(6)]
    pub card: Option<Hash>,
}

/// Held work.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HeldContent {
    /// Its own key, wrapped.
    #[n(0)]
    pub key: Raw,
    /// CBOR of a [`Stored`] with the held changes.
    #[n(1)]
    pub content: Raw,
}

/// Changes of a document as the log keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stored {
    /// The salt of the manifest's commitment.
    #[n(0)]
    pub salt: Salt,
    /// Whole change chunks, each behind those it builds on.
    #[n(1)]
    pub changes: Vec<Raw>,
    /// The card token that came with them; the manifest's commitment covers it.
    #[n(2)]
    pub card: Option<CardToken>,
}

/// Why a device might write to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Allowed {
    /// It began here, at a site of the user's.
    #[n(0)]
    Began,
    /// It is in the user's scope.
    #[n(1)]
    Scope,
    /// The parcel showed the token of its card.
    #[n(2)]
    Card,
    /// An annex that this lease began.
    #[n(3)]
    Writer,
    /// A person decided so.
    #[n(4)]
    Decided,
    /// The glass was broken.
    #[n(5)]
    BreakGlass,
}

impl Entry {
    /// Reads an entry's bytes.
    ///
    /// # Errors
    /// [`CodecError`] when they are not an entry of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        match bytes.split_first() {
            Some((&CLEAR, rest)) => Ok(Self::Parcel(from_cbor(rest)?)),
            Some((&SEALED, rest)) => Ok(Self::Sealed(rest.to_vec())),
            Some((&DECISION, rest)) => Ok(Self::Decision(from_cbor(rest)?)),
            Some((&RETURNED, rest)) => Ok(Self::Returned(from_cbor(rest)?)),
            _ => Err(CodecError::Body("an unknown kind of log entry".to_owned())),
        }
    }

    /// The bytes of a sealed entry.
    #[must_use]
    pub fn sealed_bytes(sealed: &[u8]) -> Vec<u8> {
        [&[SEALED], sealed].concat()
    }

    /// The documents of which it has work, each with the code of its kind, in the entry's order.
    ///
    /// # Errors
    /// [`CodecError`] when its manifest cannot be read.
    pub fn documents(&self) -> Result<Vec<(DocumentId, u8)>, CodecError> {
        Ok(match self {
            Self::Parcel(entry) => {
                entry.read_manifest()?.documents.iter().map(|named| (named.document, named.kind)).collect()
            }
            Self::Decision(entry) => entry.items.iter().map(|item| (item.document, item.kind)).collect(),
            Self::Returned(entry) => entry.items.iter().map(|item| (item.document, item.kind)).collect(),
            Self::Sealed(_) => Vec::new(),
        })
    }

    /// The work on one document of this entry; none where it is no work.
    #[must_use]
    pub fn work(&self, item: usize) -> Option<Work<'_>> {
        match self {
            Self::Parcel(entry) => entry.work(item),
            Self::Decision(entry) => {
                let item = entry.items.get(item)?;
                let own = std::slice::from_ref(&item.lease);
                let authors = if item.authors.is_empty() { own } else { &item.authors };
                Some(Work { lease: item.lease, authors, manifest: item.manifest, filed: &item.filed })
            }
            Self::Returned(entry) => {
                let item = entry.items.get(item)?;
                let (lease, manifest) = (entry.lease, item.manifest);
                Some(Work { lease, authors: &item.authors, manifest, filed: &item.filed })
            }
            Self::Sealed(_) => None,
        }
    }
}

impl DecisionEntry {
    /// The entry's bytes for the log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![DECISION];
        bytes.extend(to_cbor(self));
        bytes
    }
}

impl ReturnEntry {
    /// The entry's bytes for the log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![RETURNED];
        bytes.extend(to_cbor(self));
        bytes
    }
}

impl ParcelEntry {
    /// The entry's bytes for the log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![CLEAR];
        bytes.extend(to_cbor(self));
        bytes
    }

    /// The work on one of its documents.
    #[must_use]
    pub fn work(&self, item: usize) -> Option<Work<'_>> {
        let filed = self.documents.get(item)?;
        let authors = std::slice::from_ref(&self.lease);
        Some(Work { lease: self.lease, authors, manifest: manifest_hash(&self.manifest), filed })
    }

    /// The manifest, read.
    ///
    /// # Errors
    /// [`CodecError`] when it cannot be read.
    pub fn read_manifest(&self) -> Result<Manifest, CodecError> {
        self.manifest.read()
    }
}

impl Filed {
    /// Whether the entry that it stands in keeps something of it.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.content.is_some() || self.held.is_some()
    }

    /// Which of the sent changes were applied: (index, how many) of each run.
    pub fn applied_runs(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let mut from = 0u16;
        self.runs.iter().filter_map(move |run| {
            let at = from;
            from = from.saturating_add(run.count);
            matches!(run.fate, sync_protocol::wire::answer::Fate::Applied).then_some((at, run.count))
        })
    }
}

/// What a sealed content of a document is bound to: document, parcel, and whether it is held.
#[must_use]
pub fn content_binding(document: DocumentId, manifest: &Hash, held: bool) -> Vec<u8> {
    let part: &[u8] = if held { b"segin/1 held" } else { b"segin/1 content" };
    [part, document.as_bytes(), manifest.as_bytes()].concat()
}
