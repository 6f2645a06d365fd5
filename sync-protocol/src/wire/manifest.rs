//! Manifests: what a user's key signs when work leaves a device.
//!
//! A manifest names documents and commits to their changes without revealing them: after an erasure nothing of the
//! content can be guessed from it, and it still verifies. Counters are per (installation, user) and may have gaps.

use minicbor::{Decode, Encode};

use super::codec::Raw;
use super::digest::Digest;
use crate::crypto::{PublicKey, Purpose, hash};
use crate::ids::{
    CardToken, ChangeHash, Channel, DocumentId, Hash, InstallationId, LogId, Millis, Position, Salt, SiteCode, UserId,
};

/// What is signed, for [`Purpose::Manifest`], as CBOR.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Manifest {
    /// The device's store.
    #[n(0)]
    pub installation: InstallationId,
    /// The person who did the work.
    #[n(1)]
    pub user: UserId,
    /// Grows with every manifest of this user on this installation; gaps are allowed.
    #[n(2)]
    pub counter: u64,
    /// The hash of the manifest before, if any: the same counter twice shows a clone.
    #[n(3)]
    pub previous: Option<Hash>,
    /// The device's clock; decides nothing.
    #[n(4)]
    pub created: Millis,
    /// The site at which new documents of this parcel begin; one of the user's.
    #[n(5)]
    pub site: SiteCode,
    /// The documents, in the order of the parcel's contents.
    #[n(6)]
    pub documents: Vec<Named>,
    /// Commitments to the statements, in their order.
    #[n(7)]
    pub statements: Vec<Hash>,
}

/// One document of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Named {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// The code of its kind, see `documents::Kind`.
    #[n(1)]
    pub kind: u8,
    /// [`commitment`] to its changes.
    #[n(2)]
    pub commitment: Hash,
}

/// Hash over salt, document, kind, the hashes of the changes and, if there is one, the card token.
#[must_use]
pub fn commitment(
    salt: &Salt,
    document: DocumentId,
    kind: u8,
    changes: &[ChangeHash],
    card: Option<&CardToken>,
) -> Hash {
    let kind = [kind];
    let mut parts: Vec<&[u8]> = vec![salt.as_bytes(), document.as_bytes(), &kind];
    parts.extend(changes.iter().map(|change| change.as_bytes().as_slice()));
    // Hashes have 32 bytes, a token 12: which it is shows in the length.
    parts.extend(card.map(|token| token.as_bytes().as_slice()));
    hash(Purpose::Commitment, &parts)
}

/// The identity of a manifest: the hash over its signed bytes.
#[must_use]
pub fn manifest_hash(manifest: &Raw) -> Hash {
    hash(Purpose::Manifest, &[manifest.as_ref()])
}

/// What a device states beside its work.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Statement {
    /// What the device holds of a channel, from the hub or receipted by it, once it had read up to a position.
    #[n(0)]
    Held {
        /// Whose positions these are.
        #[n(0)]
        log: LogId,
        /// Read up to here.
        #[n(1)]
        position: Position,
        /// Which channel.
        #[n(2)]
        channel: Channel,
        /// The sum over its documents' changes.
        #[n(3)]
        digest: Digest,
    },
    /// This change's edits were written again as another change; the old one can no longer be approved.
    #[n(1)]
    Superseded {
        /// Which document.
        #[n(0)]
        document: DocumentId,
        /// The old change.
        #[n(1)]
        change: ChangeHash,
    },
    /// A document was shown on the device.
    #[n(2)]
    Read {
        /// Which document.
        #[n(0)]
        document: DocumentId,
        /// When last, by the device's clock; decides nothing.
        #[n(1)]
        at: Millis,
        /// How often since it was last stated.
        #[n(2)]
        times: u32,
    },
    /// The writer has this key's device before their eyes and vouches for it.
    #[n(3)]
    Vouched {
        /// The key of the lease that is, or will be, confirmed.
        #[n(0)]
        key: PublicKey,
    },
    /// The device is about to erase everything that it stores: the last that is heard of it.
    #[n(4)]
    WipeDone {
        /// By the device's clock; decides nothing.
        #[n(0)]
        at: Millis,
    },
}

/// A statement as it travels beside its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stated {
    /// Keeps the commitment from being guessed.
    #[n(0)]
    pub salt: Salt,
    /// CBOR of a [`Statement`]; kinds that are not known yet are kept unread.
    #[n(1)]
    pub statement: Raw,
}

impl Stated {
    /// The commitment that the manifest carries for it.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        hash(Purpose::Statement, &[self.salt.as_bytes(), self.statement.as_ref()])
    }
}
