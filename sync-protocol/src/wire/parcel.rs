//! Parcels: a manifest and its contents, the unit of custody; the same over HTTPS and in a courier file.
//!
//! Owns packing, signing and checking that a parcel is one piece: the signature fits the lease's key, the counts and
//! commitments fit the contents. Whether its changes are sound is the gate's question, whether its writer may write
//! there is the hub's.

use minicbor::{Decode, Encode};
use thiserror::Error;

use super::codec::{CodecError, Raw, from_cbor, to_cbor};
use super::lease::Lease;
use super::manifest::{Manifest, Stated, commitment, manifest_hash};
use crate::crypto::{CryptoError, Purpose, SecretKey, Signature};
use crate::ids::{CardToken, ChangeHash, Hash, Salt};
use crate::limits::{DOCUMENT_CHANGES_MAX, MANIFEST_DOCUMENTS_MAX, MANIFEST_STATEMENTS_MAX};
use crate::sealing::{SealingError, SealingKey, SealingPublic};

/// The changes of one document, beside its line in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Content {
    /// Keeps the commitment from being guessed.
    #[n(0)]
    pub salt: Salt,
    /// Whole Automerge change chunks, each after those it depends on.
    #[n(1)]
    pub changes: Vec<Raw>,
    /// The token of this case's card: issued with a new case, shown for one outside the writer's scope.
    #[n(2)]
    pub card: Option<CardToken>,
}

/// What travels beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Contents {
    /// Readable by whoever reads the message.
    #[n(0)]
    Plain {
        /// One for each document of the manifest.
        #[n(0)]
        documents: Vec<Content>,
        /// One for each statement.
        #[n(1)]
        statements: Vec<Stated>,
    },
    /// A [`SealedContents`], sealed to the hub's public key, see [`crate::sealing`]: whoever carries it cannot read it.
    #[n(1)]
    Sealed(#[n(0)] Raw),
}

/// What is sealed, as CBOR: the two lists of [`Contents::Plain`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SealedContents {
    /// One for each document of the manifest.
    #[n(0)]
    pub documents: Vec<Content>,
    /// One for each statement.
    #[n(1)]
    pub statements: Vec<Stated>,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Parcel {
    /// CBOR of a [`Manifest`], as signed.
    #[n(0)]
    pub manifest: Raw,
    /// By the lease's key, for [`Purpose::Manifest`].
    #[n(1)]
    pub signature: Signature,
    /// Documents and statements.
    #[n(2)]
    pub contents: Contents,
}

/// Why a parcel is not one piece of this lease's work. The whole parcel is refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParcelError {
    /// The manifest cannot be read.
    #[error("the manifest cannot be read: {0}")]
    Manifest(#[from] CodecError),
    /// Signed with another key, or changed.
    #[error("the manifest was not signed by this lease's key: {0}")]
    Signature(#[from] CryptoError),
    /// Another installation's or user's manifest.
    #[error("the manifest names another installation or user than the lease it came with")]
    Lease,
    /// Contents are missing, too many, or beyond a limit.
    #[error("the manifest and its contents do not fit: {0}")]
    Shape(&'static str),
    /// A statement differs from what was signed.
    #[error("statement {0} is not the one that the manifest commits to")]
    Statement(usize),
    /// Changes differ from what was signed: the parcel was damaged on its way, and its manifest says nothing of them.
    #[error("the changes of document {0} are not those that the manifest commits to; send the parcel again")]
    Contents(usize),
    /// Sealed, and whoever reads it has no key to open it with.
    #[error("sealed parcels are not accepted here; send it unsealed from the unlocked device")]
    Sealed,
    /// Sealed, but not as this hub can open it: for another one, or damaged on its way.
    #[error("the sealed contents cannot be opened: {0}; send the work from the unlocked device")]
    Opening(#[from] SealingError),
    /// Opened, but not readable.
    #[error("the sealed contents were opened and cannot be read: {0}; send the work from the unlocked device")]
    Inside(CodecError),
}

impl ParcelError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Manifest(_) => "parcel-manifest",
            Self::Signature(_) => "parcel-signature",
            Self::Lease => "parcel-lease",
            Self::Shape(_) => "parcel-shape",
            Self::Statement(_) => "parcel-statement",
            Self::Contents(_) => "parcel-contents",
            Self::Sealed => "parcel-sealed",
            Self::Opening(_) => "parcel-sealed-opening",
            Self::Inside(_) => "parcel-sealed-inside",
        }
    }
}

/// A parcel whose signature, counts and statements fit. Commitments to changes are checked with
/// [`OpenedParcel::commits_to`], once the changes' hashes are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedParcel {
    /// The identity of the parcel.
    pub hash: Hash,
    /// The manifest.
    pub manifest: Manifest,
    /// One for each of the manifest's documents.
    pub documents: Vec<Content>,
    /// One for each of the manifest's statements.
    pub statements: Vec<Stated>,
}

impl Parcel {
    /// Signs a manifest and puts its contents beside it.
    #[must_use]
    pub fn sign(manifest: &Manifest, documents: Vec<Content>, statements: Vec<Stated>, key: &SecretKey) -> Self {
        let manifest = Raw::of(manifest);
        let signature = key.sign(Purpose::Manifest, manifest.as_ref());
        Self { manifest, signature, contents: Contents::Plain { documents, statements } }
    }

    /// Signs a manifest and seals its contents to the hub. `draw`: 32 fresh random bytes, used for nothing else.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the hub's key is none.
    pub fn seal(
        manifest: &Manifest,
        contents: &SealedContents,
        key: &SecretKey,
        hub: &SealingPublic,
        draw: [u8; 32],
    ) -> Result<Self, CryptoError> {
        let manifest = Raw::of(manifest);
        let signature = key.sign(Purpose::Manifest, manifest.as_ref());
        let sealed = hub.seal(&to_cbor(contents), &manifest_hash(&manifest), draw)?;
        Ok(Self { manifest, signature, contents: Contents::Sealed(Raw(sealed)) })
    }

    /// The identity of this parcel: the hash of its manifest.
    #[must_use]
    pub fn hash(&self) -> Hash {
        manifest_hash(&self.manifest)
    }

    /// Checks that this is one piece of the lease's work. `sealing`: the key for sealed contents, at the hub.
    ///
    /// # Errors
    /// [`ParcelError`]; the whole parcel is then refused, and nothing was changed.
    pub fn open(self, lease: &Lease, sealing: Option<&SealingKey>) -> Result<OpenedParcel, ParcelError> {
        lease.key.verify(Purpose::Manifest, self.manifest.as_ref(), &self.signature)?;
        let manifest: Manifest = self.manifest.read()?;
        if manifest.installation != lease.installation || manifest.user != lease.user {
            return Err(ParcelError::Lease);
        }
        let hash = manifest_hash(&self.manifest);
        let (documents, statements) = match self.contents {
            Contents::Plain { documents, statements } => (documents, statements),
            Contents::Sealed(sealed) => {
                let bytes = sealing.ok_or(ParcelError::Sealed)?.open(sealed.as_ref(), &hash)?;
                let SealedContents { documents, statements } = from_cbor(&bytes).map_err(ParcelError::Inside)?;
                (documents, statements)
            }
        };
        let opened = OpenedParcel { hash, manifest, documents, statements };
        opened.fits()?;
        Ok(opened)
    }
}

impl OpenedParcel {
    /// Whether the manifest commits to these changes of its `index`th document.
    #[must_use]
    pub fn commits_to(&self, index: usize, changes: &[ChangeHash]) -> bool {
        match (self.manifest.documents.get(index), self.documents.get(index)) {
            (Some(named), Some(content)) => {
                commitment(&content.salt, named.document, named.kind, changes, content.card.as_ref())
                    == named.commitment
            }
            _ => false,
        }
    }

    fn fits(&self) -> Result<(), ParcelError> {
        let wrong = |what| Err(ParcelError::Shape(what));
        if self.documents.len() != self.manifest.documents.len() {
            return wrong("another number of documents than the manifest names");
        }
        if self.statements.len() != self.manifest.statements.len() {
            return wrong("another number of statements than the manifest names");
        }
        if self.documents.len() > MANIFEST_DOCUMENTS_MAX {
            return wrong("more documents than one manifest may name");
        }
        if self.statements.len() > MANIFEST_STATEMENTS_MAX {
            return wrong("more statements than one manifest may carry");
        }
        if self.documents.iter().any(|content| content.changes.len() > DOCUMENT_CHANGES_MAX) {
            return wrong("more changes of one document than one parcel may carry");
        }
        let mut named: Vec<_> = self.manifest.documents.iter().map(|named| named.document).collect();
        named.sort_unstable();
        if named.windows(2).any(|pair| pair[0] == pair[1]) {
            return wrong("a document is named twice");
        }
        let mut pairs = self.statements.iter().zip(&self.manifest.statements);
        match pairs.position(|(stated, committed)| stated.commitment() != *committed) {
            Some(index) => Err(ParcelError::Statement(index)),
            None => Ok(()),
        }
    }
}
