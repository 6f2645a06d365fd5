//! Entries of the log: what the hub has decided, once and for ever.
//!
//! An entry holds hub time, every fate, the channels that were entered and what allowed it, so that rebuilding never
//! decides again. A parcel's entry is clear in what its manifest says and sealed, document by document, in what it
//! contains; every other entry is sealed whole under the log key. Who builds them: `admission`; who reads them:
//! [`super::directory`], [`super::filing`], `feed`.

use minicbor::{Decode, Encode};
use sync_protocol::crypto::{PublicKey, Signature};
use sync_protocol::ids::{
    ActorPrefix, CardToken, Channel, DocumentId, Hash, LogId, Millis, Position, Salt, SiteCode, UserId,
};
use sync_protocol::wire::answer::Run;
use sync_protocol::wire::codec::{CodecError, Raw, from_cbor, to_cbor};
use sync_protocol::wire::lease::SignedLease;
use sync_protocol::wire::manifest::Manifest;

/// First byte of an entry that can be read without a key.
const CLEAR: u8 = 0;
/// First byte of an entry under the log key.
const SEALED: u8 = 1;

/// An entry as its first byte shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A parcel.
    Parcel(ParcelEntry),
    /// Anything else, under the log key: CBOR of a [`FactEntry`] once opened.
    Sealed(Vec<u8>),
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
}

/// Something other than a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FactEntry {
    /// Hub time.
    #[n(0)]
    pub at: Millis,
    /// What.
    #[n(1)]
    pub fact: Fact,
}

/// What can be said in the log beside parcels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Fact {
    /// The first entry of a log.
    #[n(0)]
    Begun {
        /// Signs everything the hub says.
        #[n(0)]
        hub: PublicKey,
        /// The log that this one continues, and the last shared position.
        #[n(1)]
        parent: Option<(LogId, Position)>,
    },
    /// A site, new or renamed.
    #[n(1)]
    Site {
        /// Its code.
        #[n(0)]
        code: SiteCode,
        /// Its name.
        #[n(1)]
        name: String,
        /// Its region.
        #[n(2)]
        region: String,
    },
    /// A user, new or changed.
    #[n(2)]
    User {
        /// Who.
        #[n(0)]
        user: UserId,
        /// The name under which colleagues know the person.
        #[n(1)]
        name: String,
        /// The sites of the user's scope; the first is home.
        #[n(2)]
        sites: Vec<SiteCode>,
    },
    /// An invitation, as its hash.
    #[n(3)]
    Invited {
        /// Of the invitation.
        #[n(0)]
        invitation: Hash,
        /// For whom.
        #[n(1)]
        user: UserId,
        /// Not usable from then on.
        #[n(2)]
        expires: Millis,
    },
    /// A device was enrolled for a user.
    #[n(4)]
    Enrolled {
        /// By which invitation.
        #[n(0)]
        invitation: Hash,
        /// What the hub certified.
        #[n(1)]
        lease: SignedLease,
        /// Hash of the token it was given.
        #[n(2)]
        token: Hash,
    },
    /// A lease was given a new token; the one before is void.
    #[n(5)]
    TokenIssued {
        /// Which lease.
        #[n(0)]
        lease: ActorPrefix,
        /// Hash of the token.
        #[n(1)]
        token: Hash,
    },
    /// The signed configuration, new or changed.
    #[n(6)]
    Configured {
        /// Grows with every change.
        #[n(0)]
        version: u32,
        /// As devices get it.
        #[n(1)]
        signed: Raw,
    },
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
            _ => Err(CodecError::Body("an unknown kind of log entry".to_owned())),
        }
    }

    /// The bytes of a sealed entry.
    #[must_use]
    pub fn sealed_bytes(sealed: &[u8]) -> Vec<u8> {
        [&[SEALED], sealed].concat()
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

    /// The manifest, read.
    ///
    /// # Errors
    /// [`CodecError`] when it cannot be read.
    pub fn read_manifest(&self) -> Result<Manifest, CodecError> {
        self.manifest.read()
    }
}

impl Filed {
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
